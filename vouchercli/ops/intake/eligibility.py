"""Eligibility lists: who belongs to which group of a programme comes in, and is listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists, residents
from vouchercli.ops.intake import by_columns, importing, list_changes
from vouchercli.ops.intake.kinds import Intake, Kind, Typed, Unfit
from vouchercli.ops.intake.staging import DAMAGED, find_fault, warner_of_residents
from vouchercli.result import SHOWN, Column, Outcome, Table, Word, say
from vouchercli.store import eligibility, identities, programmes
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.ops.intake.kinds import Chunk
    from vouchercli.session import Session
    from vouchercli.store.duplicates import Stay


def _typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """(resident, group, district) as text -> (token, group, district)."""
    ring = identities.load_ring(intake.session.path, intake.db)

    def type_row(values: tuple[str, ...]) -> Typed:
        resident, group, district = values
        if not resident:
            return Unfit("bad_row", {"column": "resident"})
        if fault := find_fault(resident):
            return fault
        try:
            return (identities.token(ring, resident), group, district)
        except ValueError:
            return DAMAGED

    return type_row


def _judge(intake: Intake) -> None:
    eligibility.judge(intake.db, intake.programme_id)


def _accept(intake: Intake) -> dict[str, Any]:
    """Put the fit rows on the list; who needs a second person waits, and stands in the summary."""
    waiting = list_changes.hold(intake)
    eligibility.accept(
        intake.db,
        intake.batch_id,
        intake.programme_id,
        intake.options.get("listed_at", intake.session.now),
    )
    return waiting


def _undo(session: Session, batch_id: int) -> list[Stay]:
    stay = eligibility.undo(session.db, batch_id)
    list_changes.withdraw(session, batch_id)
    return stay


def _by_columns(intake: Intake, done_line: int) -> Iterator[Chunk] | None:
    if done_line or not by_columns.goes_by_columns(intake):
        return None
    # everyday files never wait for the libraries behind it
    from vouchercli.ops.intake.by_columns.eligibility import chunks

    return chunks(intake)


KIND = Kind(
    name="eligibility",
    needs_programme=True,
    create=eligibility.CREATE_INCOMING,
    add=eligibility.ADD_INCOMING,
    width=eligibility.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=_undo,
    warnings=warner_of_residents(0),
    propose_undo=list_changes.propose_undo,
    by_columns=_by_columns,
)


def import_eligibility(session: Session, file: str, **options: Any) -> Outcome:
    """Take in an eligibility list (see `importing.take_in`). `note`: why, which is asked where
    approved rounds rest on the list (see list_changes.py). Raises `note_needed`.
    """
    outcome = importing.take_in(session, KIND, file, **options)
    says = list_changes.tell(outcome.data, is_dry=session.dry_run)
    return replace(outcome, says=(*outcome.says, *says))


GROUPS = (
    Column("group", "Group", blank="(not stated)"),
    Column("residents", "Residents", "int"),
    Column("waiting", "Waiting", "int", optional=True),
)
COLUMNS = (
    Column("resident", "Resident", "token"),
    Column("group", "Group", blank="(not stated)"),
    Column("district", "District"),
    Column("listed_at", "Listed at", "time"),
    Column("batch", "Batch", "int"),
)
WAITS = Column("waits", "Waits for", "word", where=SHOWN)


def list_eligibility(
    session: Session, *, group: str | None, resident: str | None, limit: int | None
) -> Outcome:
    """The groups with their numbers of residents; of one group, or of one resident, the lines of
    the list.
    """
    programme = programmes.current(session.db, session.programme)
    groups = eligibility.groups(session.db, programme["programme_id"])
    if group is None and resident is None:
        none = say("no eligibility list yet; next: voucher eligibility import FILE")
        table = Table(say("Eligible residents"), GROUPS, (), key="groups")
        outcome = lists.show(table, of_rows(groups), limit)
        return replace(outcome, data={"residents": []}, says=() if groups else (none,))
    listed = eligibility.listed(
        session.db,
        programme["programme_id"],
        group=group,
        resident=residents.asked(session, resident),
    )
    zone = programme["time_zone"]
    nobody_waits = not any(each.waiting for each in groups)
    columns = (*COLUMNS, replace(WAITS, optional=nobody_waits))
    table = Table(say("Eligible residents"), columns, (), zone=zone, key="residents")
    data = {"groups": [each._asdict() for each in groups]}
    return replace(lists.show(table, listed, limit, _describe), data=data)


def _describe(line: eligibility.EligibilityLine) -> dict[str, Any]:
    waits = Word("a second person") if line.listed_at is None else None
    return {**line._asdict(), "waits": waits}
