"""Eligibility lists: who belongs to which group of a programme comes in, and is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.intake.importing import take_in
from vouchercli.ops.intake.staging import Desk, Kind, Typed, Unfit
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import times
from vouchercli.store import eligibility, identities, programmes

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.store.db import Session


def _typist(desk: Desk) -> Callable[[tuple[str, ...]], Typed]:
    """(resident, group, district) as text -> (token, group, district)."""
    key = identities.load_key(desk.session.path)

    def typed(values: tuple[str, ...]) -> Typed:
        resident, group, district = values
        if not resident:
            return Unfit("bad_row", {"column": "resident"})
        try:
            return (identities.token(key, resident), group, district)
        except ValueError:
            return Unfit("bad_row", {"problem": "the resident's token is damaged"})

    return typed


def _judge(desk: Desk) -> None:
    assert desk.programme is not None
    eligibility.judge(desk.db, desk.programme["programme_id"])


def _accept(desk: Desk) -> dict[str, Any]:
    assert desk.programme is not None
    eligibility.accept(
        desk.db,
        desk.batch_id,
        desk.programme["programme_id"],
        desk.options.get("listed_at", desk.session.now),
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


def import_eligibility(session: Session, file: str, **options: Any) -> Outcome:
    """Take in an eligibility list; see `ops.intake.importing.take_in`."""
    return take_in(session, KIND, file, **options)


GROUPS = (Column("group", "Group", blank="(not stated)"), Column("residents", "Residents", "int"))
COLUMNS = (
    Column("resident", "Resident"),
    Column("group", "Group", blank="(not stated)"),
    Column("district", "District"),
    Column("listed_at", "Listed at", "time"),
    Column("batch", "Batch", "int"),
)


def list_eligibility(
    session: Session, *, group: str | None, resident: str | None, limit: int
) -> Outcome:
    """The groups with their numbers of residents; of one group, or of one resident, the lines of
    the list.
    """
    programme = programmes.current(session.db, session.programme)
    programme_id, zone = programme["programme_id"], programme["time_zone"]
    groups = tuple(dict(row) for row in eligibility.groups(session.db, programme_id))
    if group is None and resident is None:
        says = (
            ()
            if groups
            else (say("no eligibility list yet; next: voucher eligibility import FILE"),)
        )
        table = Table(say("Eligible residents"), GROUPS, groups)
        return Outcome(data={"groups": list(groups), "residents": []}, tables=(table,), says=says)
    token = identities.token(identities.load_key(session.path), resident) if resident else None
    rows = eligibility.listed(
        session.db, programme_id, group=group, resident=token, limit=limit + 1
    )
    cells = tuple(
        {
            "resident": identities.shown(row["resident"]),
            "group": row["resident_group"],
            "district": row["district"],
            "listed_at": row["listed_at"],
            "batch": row["batch_id"],
        }
        for row in rows[:limit]
    )
    data = [{**row, "listed_at": times.iso(row["listed_at"], zone)} for row in cells]
    says = (
        (say("more than {limit}: add --limit or --resident", limit=limit),)
        if len(rows) > limit
        else ()
    )
    tables = (Table(say("Eligible residents"), COLUMNS, cells, zone=zone),)
    return Outcome(data={"groups": list(groups), "residents": data}, tables=tables, says=says)
