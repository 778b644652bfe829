"""How a round is shown: the answer in JSON, and the tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.rounds import allocation_tables, amendment_tables, commitments
from vouchercli.result import Column, Table, Word, say
from vouchercli.rules import money, staff, times
from vouchercli.rules import rounds as law
from vouchercli.store import amendments as store
from vouchercli.store import approvals

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import Found

LIST = (
    Column("round", "round"),
    Column("state", "state", "word"),
    Column("template", "template"),
    Column("packs", "packs", "int"),
    Column("claimed", "claimed", "int"),
    Column("opens_at", "opens", "time"),
    Column("closes_at", "closes", "time"),
)


def listed(programme: sqlite3.Row, rows: list[sqlite3.Row]) -> Table:
    """All rounds of a programme."""
    lines = tuple({**dict(row), "template": f"{row['template']}@{row['version']}"} for row in rows)
    return Table(
        say("Rounds of {programme}", programme=programme["programme"]),
        LIST,
        lines,
        zone=programme["time_zone"],
    )


def line(row: sqlite3.Row) -> dict[str, Any]:
    """One round of the list as JSON shows it."""
    same = ("round", "state", "template", "version", "mode", "packs", "claimed", "platform")
    return {key: row[key] for key in same} | {
        "group": row["resident_group"],
        "quota_fen": row["packs"] * row["pack_value_fen"],
        "opens_at": times.iso(row["opens_at"], row["time_zone"]),
        "closes_at": times.iso(row["closes_at"], row["time_zone"]),
    }


def described(db: sqlite3.Connection, it: Found) -> dict[str, Any]:
    """A round as JSON shows it: the answer of `round show` and of every deed on a round."""
    row, zone = it.row, it.row["time_zone"]
    same = ("round", "programme", "state", "template", "version", "mode", "packs", "pack_value_fen")
    registration = row["registration_opens_at"]
    return {key: row[key] for key in same} | {
        "quota_fen": it.quota_fen,
        "opens_at": times.iso(row["opens_at"], zone),
        "closes_at": times.iso(row["closes_at"], zone),
        "registration_opens_at": None if registration is None else times.iso(registration, zone),
        "platform": row["platform"],
        "group": row["resident_group"],
        "per_resident": row["per_resident"],
        "revision": row["revision"],
        "created_by": row["created_by"],
        "edited_by": row["edited_by"],
        "claimed": row["claimed"],
        "checkers_needed": it.checkers,
        "liability": [
            {"funder": funder, "amount_fen": amount}
            for funder, amount in law.liability(row["packs"], it.template)
        ],
        "committed": [
            {"funder": funder, "amount_fen": amount}
            for funder, amount in commitments.standing(db, row).items()
        ],
        "approvals": [
            {key: each[key] for key in ("revision", "verdict", "actor", "os_user", "note")}
            | {"at": times.iso(each["at"], zone)}
            for each in approvals.history(db, row["round_id"])
        ],
        "same_login": _doubles(db, it),
        "amendments": amendment_tables.described(db, it),
        "rolled_in": _rolled_in(db, it),
        **allocation_tables.described(db, row),
    }


def _rolled_in(db: sqlite3.Connection, it: Found) -> dict[str, Any] | None:
    """What the round took over from an earlier one; None when nothing."""
    found = store.rolled_in(db, it.row["round_id"])
    if found is None:
        return None
    return {
        "round": found["source"],
        "unclaimed": found["unclaimed"],
        "expired_fen": found["expired_fen"],
        "packs": found["packs"],
        "amount_fen": found["packs"] * it.row["pack_value_fen"],
    }


def _doubles(db: sqlite3.Connection, it: Found) -> list[dict[str, Any]]:
    """Approvals of what now lies there, given under a login that made it or approved it under
    another name too.
    """
    hands = approvals.authors(db, it.row["round_id"])
    found = []
    for approver in approvals.approvers(db, it.row["round_id"]):
        found += [
            {"actor": approver.actor, "os_user": approver.os_user, "also": name}
            for name in staff.doubles(approver, hands)
        ]
        hands.append(approver)
    return found


def terms(db: sqlite3.Connection, it: Found) -> Table:
    """What the round is, line by line; what was not said is left out."""
    row, zone = it.row, it.row["time_zone"]
    registration = row["registration_opens_at"]
    facts = {
        "template": f"{row['template']}@{row['version']}",
        "packs": (
            f"{row['packs']:,} x {money.grouped(row['pack_value_fen'])} ="
            f" {money.grouped(it.quota_fen)}"
        ),
        "claimed": f"{row['claimed']:,}",
        "rolled in": (
            f"{rolled['packs']:,} ({rolled['round']})" if (rolled := _rolled_in(db, it)) else None
        ),
        "per resident": str(row["per_resident"]),
        "registration opens": None if registration is None else times.shown(registration, zone),
        "opens": times.shown(row["opens_at"], zone),
        "closes": times.shown(row["closes_at"], zone),
        "platform": row["platform"] or None,
        "group": row["resident_group"] or None,
        "revision": str(row["revision"]),
        "created by": row["created_by"],
        "edited by": row["edited_by"],
        "checkers needed": str(it.checkers),
    }
    return Table(
        say(
            "Round {round}: {state}, {mode}",
            round=row["round"],
            state=Word(row["state"]),
            mode=Word(row["mode"]),
        ),
        (Column("what", "what", "word"), Column("value", "value")),
        tuple({"what": what, "value": value} for what, value in facts.items() if value is not None),
    )


def money_by_funder(db: sqlite3.Connection, it: Found) -> Table:
    """What each funder can have to pay at most, and what it has committed."""
    standing = commitments.standing(db, it.row)
    rows = tuple(
        {"funder": funder, "liability_fen": amount, "committed_fen": standing.get(funder)}
        for funder, amount in law.liability(it.row["packs"], it.template)
    )
    columns = (
        Column("funder", "funder"),
        Column("liability_fen", "largest liability", "fen"),
        Column("committed_fen", "committed", "fen"),
    )
    return Table(say("Money by funder"), columns, rows)


def verdicts(db: sqlite3.Connection, it: Found) -> Table:
    """Who submitted, approved or rejected it, and when."""
    columns = (
        Column("at", "at", "time"),
        Column("verdict", "verdict", "word"),
        Column("actor", "by"),
        Column("os_user", "login"),
        Column("revision", "revision", "int"),
        Column("note", "note"),
    )
    rows = tuple(dict(row) for row in approvals.history(db, it.row["round_id"]))
    notes = tuple(
        say(
            "{actor} approved under {login}, a login that was also used as {also}: both names may"
            " be one person.",
            actor=each["actor"],
            login=each["os_user"],
            also=each["also"],
        )
        for each in _doubles(db, it)
    )
    return Table(say("Approvals"), columns, rows, notes=notes, zone=it.row["time_zone"])


def amendments(db: sqlite3.Connection, it: Found) -> Table:
    """What was changed, or is to be changed, since it was approved."""
    return amendment_tables.table(db, it)
