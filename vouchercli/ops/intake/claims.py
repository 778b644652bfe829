"""Claims: files of granted packs come in, and are listed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.intake import by_columns
from vouchercli.ops.intake.importing import take_in
from vouchercli.ops.intake.kinds import Desk, Kind, Typed, Unfit
from vouchercli.ops.intake.retries import settle
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import limits as limits_law
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.store import claim_reopening, claims, identities, programmes, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.ops.intake.kinds import Chunk
    from vouchercli.session import Session


def _typist(desk: Desk) -> Callable[[tuple[str, ...]], Typed]:
    """(claim_no, round, resident, claimed_at) as text -> (claim_no, round, token, claimed_at)."""
    key, clock = identities.load_key(desk.session.path), times.Reader(desk.zone)

    def typed(values: tuple[str, ...]) -> Typed:
        claim_no, round_, resident, written = values
        for column, value in (
            ("claim_no", claim_no),
            ("round", round_),
            ("resident", resident),
            ("claimed_at", written),
        ):
            if not value:
                return Unfit("bad_row", {"column": column})
        try:
            claimed_at, _ = clock.read(written)
        except ValueError:
            return Unfit("bad_time", {"column": "claimed_at", "value": written})
        try:
            token = identities.token(key, resident)
        except ValueError:
            return Unfit("bad_row", {"problem": "the resident's token is damaged"})
        return (claim_no, round_, token, claimed_at)

    return typed


def _judge(desk: Desk) -> None:
    assert desk.programme is not None
    limits = limits_law.of_programme(programmes.value(desk.programme))
    claims.judge(desk.db, desk.programme_id, limits, desk.zone)


def _accept(desk: Desk) -> dict[str, Any]:
    assert desk.programme is not None
    rounds = claims.templates_of_rounds(desk.db, desk.programme["programme_id"])
    packs = {row["round_id"]: templates.value(row) for row in rounds}

    @cache
    def expires_at(round_id: int, claimed_at: int) -> int:
        return template_rules.expires_at(packs[round_id], claimed_at, desk.zone)

    gone = claim_reopening.withdraw(desk.db)
    claims.accept(desk.db, expires_at)
    return {"gave_way": gone} if gone else {}


def _reopen(desk: Desk, only: int | None) -> None:
    assert desk.programme is not None
    limits = limits_law.of_programme(programmes.value(desk.programme))
    claim_reopening.reopen(
        desk.db, desk.programme_id, only, is_beyond=limits.looks_beyond_the_round
    )


def _by_columns(desk: Desk, done: int) -> Iterator[Chunk] | None:
    if not by_columns.goes_by_columns(desk):
        return None
    # everyday files never wait for the libraries behind it
    from vouchercli.ops.intake.by_columns.claims import chunks

    return chunks(desk, done)


WAITING = ("claim_reused", "over_quota", "resident_limit")  # what another claim can lift

KIND = Kind(
    name="claims",
    needs_programme=True,
    create=claims.CREATE_INCOMING,
    add=claims.ADD_INCOMING,
    width=claims.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=lambda session, batch_id: claims.undo(session.db, batch_id),
    settle=settle,
    reopen=_reopen,
    waiting=WAITING,
    by_columns=_by_columns,
)


def import_claims(session: Session, file: str, **options: Any) -> Outcome:
    """Take in a file of claims; see `ops.intake.importing.take_in`."""
    return take_in(session, KIND, file, **options)


COLUMNS = (
    Column("claim_no", "Claim"),
    Column("round", "Round"),
    Column("resident", "Resident", "token"),
    Column("claimed_at", "Claimed at", "time"),
    Column("expires_at", "Expires at", "time"),
    Column("used", "Used", "int"),
    Column("coupons", "Vouchers", "int"),
    Column("batch", "Batch", "int"),
)


def list_claims(
    session: Session, *, round_: str | None, claim_no: str | None, resident: str | None, limit: int
) -> Outcome:
    """Claims, oldest first, by round, number or resident (an identity, turned into its token before
    it is looked for).
    """
    programme = programmes.current(session.db, session.programme)
    rows = claims.listed(
        session.db,
        programme["programme_id"],
        round=round_,
        claim_no=claim_no,
        resident=identities.asked(session.path, resident),
        limit=limit + 1,
    )
    table = Table(say("Claims"), COLUMNS, rows, zone=programme["time_zone"], key="claims")
    more = say("more than {limit}: add --limit, --round or --claim", limit=limit)
    return lists.first(table, limit, more)
