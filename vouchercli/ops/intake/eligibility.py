"""Eligibility lists: who belongs to which group of a programme comes in, and is listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.intake.importing import importer
from vouchercli.ops.intake.kinds import Intake, Kind, Typed, Unfit
from vouchercli.ops.intake.staging import DAMAGED
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.store import eligibility, identities, programmes
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.session import Session


def _typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """(resident, group, district) as text -> (token, group, district)."""
    key = identities.load_key(intake.session.path)

    def type_row(values: tuple[str, ...]) -> Typed:
        resident, group, district = values
        if not resident:
            return Unfit("bad_row", {"column": "resident"})
        try:
            return (identities.token(key, resident), group, district)
        except ValueError:
            return DAMAGED

    return type_row


def _judge(intake: Intake) -> None:
    eligibility.judge(intake.db, intake.programme_id)


def _accept(intake: Intake) -> dict[str, Any]:
    eligibility.accept(
        intake.db,
        intake.batch_id,
        intake.programme_id,
        intake.options.get("listed_at", intake.session.now),
    )
    return {}


KIND = Kind(
    name="eligibility",
    needs_programme=True,
    create=eligibility.CREATE_INCOMING,
    add=eligibility.ADD_INCOMING,
    width=eligibility.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=lambda session, batch_id: eligibility.undo(session.db, batch_id),
)

import_eligibility = importer(KIND)


GROUPS = (Column("group", "Group", blank="(not stated)"), Column("residents", "Residents", "int"))
COLUMNS = (
    Column("resident", "Resident", "token"),
    Column("group", "Group", blank="(not stated)"),
    Column("district", "District"),
    Column("listed_at", "Listed at", "time"),
    Column("batch", "Batch", "int"),
)


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
        resident=identities.asked(session.path, resident),
    )
    zone = programme["time_zone"]
    table = Table(say("Eligible residents"), COLUMNS, (), zone=zone, key="residents")
    data = {"groups": [each._asdict() for each in groups]}
    return replace(lists.show(table, listed, limit), data=data)
