"""What an approved round holds of each fund: committed when it or its top-up is approved, released
when it is edited or cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import rounds as law
from vouchercli.store import ledger, programmes

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import Found
    from vouchercli.session import Session


def commit(session: Session, it: Found, packs: int, why: str) -> dict[str, int]:
    """Move the largest liability of so many packs from uncommitted to committed, funder by funder;
    gives funder -> fen.

    A funder without a fund of its own has nothing to watch and is left out. Raises `fund_short`.
    """
    parts = dict(law.liability(packs, it.template))
    watched = [row for row in funds(session.db, it.row) if row["funder"] in parts]
    for row in watched:
        ledger.post(
            session.db,
            row["funder_id"],
            it.row["round_id"],
            "uncommitted",
            "committed",
            parts[row["funder"]],
            why,
            session.now,
        )
    return {row["funder"]: parts[row["funder"]] for row in watched}


def missing(db: sqlite3.Connection, it: Found, packs: int) -> dict[str, int]:
    """What each watched fund lacks to pay so many packs, in fen; funds that have enough are left
    out.
    """
    parts = dict(law.liability(packs, it.template))
    lacks = {
        row["funder"]: (
            parts.get(row["funder"], 0) - ledger.balance(db, row["funder_id"], "uncommitted")
        )
        for row in funds(db, it.row)
    }
    return {funder: lack for funder, lack in lacks.items() if lack > 0 and funder in parts}


def release(session: Session, row: sqlite3.Row, why: str) -> dict[str, int]:
    """Move everything the round still holds back to uncommitted; gives funder -> fen."""
    held = standing(session.db, row)
    for funder in funds(session.db, row):
        ledger.post(
            session.db,
            funder["funder_id"],
            row["round_id"],
            "committed",
            "uncommitted",
            held.get(funder["funder"], 0),
            why,
            session.now,
        )
    return held


def standing(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, int]:
    """What the round holds now: funder -> fen, in the programme's order, funders that hold nothing
    left out.
    """
    amounts = {
        each["funder"]: ledger.balance(db, each["funder_id"], "committed", row["round_id"])
        for each in funds(db, row)
    }
    return {funder: amount for funder, amount in amounts.items() if amount}


def funds(db: sqlite3.Connection, row: sqlite3.Row) -> list[sqlite3.Row]:
    """The programme's funders that have a fund to watch."""
    return [
        each
        for each in programmes.funders(db, row["programme_id"])
        if each["amount_fen"] is not None
    ]
