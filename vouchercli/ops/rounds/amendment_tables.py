"""How amendments of a round are shown: what stood before, what stands after, who wanted it, who
approved.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Table, Word, say
from vouchercli.rules import staff, times
from vouchercli.rules.staff import Hand
from vouchercli.store import amendments

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import Found

STATES = {
    "proposed": Word("proposed"),
    "effective": Word("effective"),
    "declined": Word("declined"),
    "void": Word("void"),
}
COLUMNS = (
    Column("amendment", "no.", "int"),
    Column("kind", "amendment", "word"),
    Column("state", "state", "word"),
    Column("change", "change"),
    Column("by", "by"),
    Column("at", "at", "time"),
    Column("ended_at", "effective or ended", "time"),
    Column("checkers", "checked by"),
    Column("note", "note"),
)


def described(db: sqlite3.Connection, it: Found) -> list[dict[str, Any]]:
    """Every amendment of the round as JSON shows it, the first one first."""
    zone = it.row["time_zone"]
    return [
        {
            "amendment": row["amendment_id"],
            "kind": row["kind"],
            "state": row["state"],
            "before": _shown(row["before"], zone, times.iso),
            "after": _shown(row["after"], zone, times.iso),
            "note": row["note"],
            "proposed_by": row["proposed_by"],
            "os_user": row["os_user"],
            "proposed_at": times.iso(row["proposed_at"], zone),
            "ended_at": None if row["ended_at"] is None else times.iso(row["ended_at"], zone),
            "verdicts": [
                {key: each[key] for key in ("verdict", "actor", "os_user", "note")}
                | {"at": times.iso(each["at"], zone)}
                for each in amendments.verdicts(db, row["amendment_id"])
            ],
            "same_login": _doubles(db, row),
        }
        for row in amendments.history(db, it.row["round_id"])
    ]


def table(db: sqlite3.Connection, it: Found) -> Table:
    """The same for people."""
    zone = it.row["time_zone"]
    rows = tuple(
        {
            **dict(row),
            "amendment": row["amendment_id"],
            "by": row["proposed_by"],
            "at": row["proposed_at"],
            "change": _change(row, zone),
            "state": STATES[row["state"]],
            "checkers": ", ".join(each["actor"] for each in said),
            "note": "; ".join(each["note"] for each in (row, *said) if each["note"]),
        }
        for row in amendments.history(db, it.row["round_id"])
        for said in [amendments.verdicts(db, row["amendment_id"])]
    )
    notes = tuple(
        say(
            "{actor} approved under {login}, a login that was also used as {also}: both names may"
            " be one person.",
            actor=each["actor"],
            login=each["os_user"],
            also=each["also"],
        )
        for row in amendments.history(db, it.row["round_id"])
        for each in _doubles(db, row)
    )
    return Table(say("Amendments"), COLUMNS, rows, notes=notes, zone=zone)


def _doubles(db: sqlite3.Connection, row: sqlite3.Row) -> list[dict[str, Any]]:
    """Approvals given under a login that proposed it, or approved it, under another name too."""
    hands = [Hand(row["proposed_by"], row["os_user"])]
    found = []
    for approver in amendments.approvers(db, row["amendment_id"]):
        found += [
            {"actor": approver.actor, "os_user": approver.os_user, "also": name}
            for name in staff.doubles(approver, hands)
        ]
        hands.append(approver)
    return found


def _shown(text: str, zone: str, moment: Any) -> dict[str, Any]:
    return {
        key: moment(value, zone) if key.endswith("_at") else value
        for key, value in json.loads(text).items()
    }


def _change(row: sqlite3.Row, zone: str) -> str:
    """`10 → 15`, the old and the new value of each term; a pause, or a closing that waits, says no
    more than its name.
    """
    if "state" in json.loads(row["after"]):
        return ""
    before, after = (_shown(row[which], zone, times.shown) for which in ("before", "after"))
    return "; ".join(f"{before[key]} → {after[key]}" for key in after)
