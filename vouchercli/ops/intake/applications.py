"""Applications: files of those who applied for a round come in, and are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.intake.importing import take_in
from vouchercli.ops.intake.kinds import Desk, Kind, Typed, Unfit
from vouchercli.ops.intake.retries import settle
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import times
from vouchercli.store import application_reopening, applications, identities, programmes

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.session import Session

NEEDED = ("application_no", "round", "resident", "applied_at")


def _typist(desk: Desk) -> Callable[[tuple[str, ...]], Typed]:
    """The file's texts -> (application_no, round, token, applied_at, group, district, device,
    mobile, card, account): the last four tokens or None.
    """
    key, clock = identities.load_key(desk.session.path), times.Reader(desk.zone)

    def typed(values: tuple[str, ...]) -> Typed:
        application_no, round_, resident, written, group, district, *given = values
        for column, value in zip(NEEDED, values[:4], strict=True):
            if not value:
                return Unfit("bad_row", {"column": column})
        try:
            applied_at, _ = clock.read(written)
        except ValueError:
            return Unfit("bad_time", {"column": "applied_at", "value": written})
        try:
            tokens = [
                identities.token(key, value) if value else None for value in (resident, *given)
            ]
        except ValueError:
            return Unfit("bad_row", {"problem": "the resident's token is damaged"})
        return (application_no, round_, tokens[0], applied_at, group, district, *tokens[1:])

    return typed


def _judge(desk: Desk) -> None:
    assert desk.programme is not None
    applications.judge(desk.db, desk.programme["programme_id"])


def _accept(desk: Desk) -> dict[str, Any]:
    applications.accept(desk.db, desk.batch_id)
    return {}


def _reopen(desk: Desk, only: int | None) -> None:
    """At the end of an import, of its own batch only: what others brought, or a retry finds,
    stands.
    """
    if only is not None:
        application_reopening.reopen(desk.db, desk.programme_id, only)


WAITING = ("application_reused",)  # what another application can lift

KIND = Kind(
    name="applications",
    needs_programme=True,
    create=applications.CREATE_INCOMING,
    add=applications.ADD_INCOMING,
    width=applications.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=lambda session, batch_id: applications.undo(session.db, batch_id),
    settle=settle,
    reopen=_reopen,
    waiting=WAITING,
)


def import_applications(session: Session, file: str, **options: Any) -> Outcome:
    """Take in a file of applications; see `ops.intake.importing.take_in`."""
    return take_in(session, KIND, file, **options)


COLUMNS = (
    Column("application_no", "Application"),
    Column("round", "Round"),
    Column("resident", "Resident", "token"),
    Column("applied_at", "Applied at", "time"),
    Column("group", "Group"),
    Column("district", "District"),
    Column("person", "Person", "token"),
    Column("claim_no", "Claim", blank="-"),
    Column("batch", "Batch", "int"),
)


def list_applications(
    session: Session,
    *,
    round_: str | None,
    application_no: str | None,
    resident: str | None,
    limit: int,
) -> Outcome:
    """Applications in the order of arrival, by round, number or resident; with the claim that each
    was granted, if it was.
    """
    programme = programmes.current(session.db, session.programme)
    rows = applications.listed(
        session.db,
        programme["programme_id"],
        round=round_,
        application_no=application_no,
        resident=identities.asked(session.path, resident),
        limit=limit + 1,
    )
    table = Table(
        say("Applications"), COLUMNS, rows, zone=programme["time_zone"], key="applications"
    )
    more = say("more than {limit}: add --limit, --round or --application", limit=limit)
    return lists.first(table, limit, more)
