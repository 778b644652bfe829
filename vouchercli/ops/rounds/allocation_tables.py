"""How the granting of a round is shown: when it sold out, the last arrival that got a pack, every
run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Table, say
from vouchercli.rules import times
from vouchercli.store import allocations, rounds

if TYPE_CHECKING:
    import sqlite3

COUNTS = ("granted", "resident_limit", "not_eligible", "round_paused", "sold_out")
COLUMNS = (
    Column("batch", "Batch", "int"),
    Column("granted_at", "at", "time"),
    Column("granted", "granted", "int"),
    Column("resident_limit", "over the limit", "int", optional=True),
    Column("not_eligible", "not on the list", "int", optional=True),
    Column("round_paused", "while paused", "int", optional=True),
    Column("sold_out", "came too late", "int"),
    Column("last_applied_at", "last arrival", "time"),
    Column("last_application_no", "its number"),
)


def last_of(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """The last arrival that got a pack, for JSON; None where nothing was granted by arrival."""
    last = allocations.last_arrival(db, row["round_id"])
    return {
        "last_application_no": last and last["last_application_no"],
        "last_applied_at": last and times.iso(last["last_applied_at"], row["time_zone"]),
    }


def sold_out_at(db: sqlite3.Connection, row: sqlite3.Row) -> int | None:
    """When the round's last pack was claimed (UTC seconds); None while some are left."""
    return rounds.last_claimed_at(db, row["round_id"]) if row["claimed"] == row["packs"] else None


def described(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """What `round show` says of the granting, for JSON."""
    zone, at = row["time_zone"], sold_out_at(db, row)
    runs = [
        {
            "batch": each["batch_id"],
            "granted_at": times.iso(each["granted_at"], zone),
            **{count: each[count] for count in COUNTS},
        }
        for each in allocations.history(db, row["round_id"])
    ]
    return {
        "sold_out_at": None if at is None else times.iso(at, zone),
        **last_of(db, row),
        "allocations": runs,
    }


def runs(db: sqlite3.Connection, row: sqlite3.Row) -> Table:
    """Every run of granting the round has had."""
    found = tuple(
        {**dict(each), "batch": each["batch_id"]}
        for each in allocations.history(db, row["round_id"])
    )
    return Table(say("Packs granted here"), COLUMNS, found, zone=row["time_zone"])
