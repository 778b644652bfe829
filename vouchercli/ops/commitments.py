"""What an approved round holds of each fund: committed when it is approved, released when it is edited or cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import rounds as law
from vouchercli.store import ledger, programmes

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.one_round import Found
    from vouchercli.store.db import Session


def commit(session: Session, it: Found) -> dict[str, int]:
    """Move the round's largest liability from uncommitted to committed, funder by funder; gives funder -> fen.

    A funder without a fund of its own has nothing to watch and is left out. Raises `fund_short`.
    """
    parts = dict(law.liability(it.row["packs"], it.template))
    watched = [row for row in _funders(session.db, it.row) if row["funder"] in parts]
    for row in watched:
        ledger.post(session.db, row["funder_id"], it.row["round_id"], "uncommitted", "committed", parts[row["funder"]],
                    "round.approve", session.now)
    return {row["funder"]: parts[row["funder"]] for row in watched}


def release(session: Session, row: sqlite3.Row, why: str) -> dict[str, int]:
    """Move everything the round still holds back to uncommitted; gives funder -> fen."""
    held = standing(session.db, row)
    for funder in _funders(session.db, row):
        ledger.post(session.db, funder["funder_id"], row["round_id"], "committed", "uncommitted", held.get(funder["funder"], 0),
                    why, session.now)
    return held


def standing(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, int]:
    """What the round holds now: funder -> fen, in the programme's order, funders that hold nothing left out."""
    amounts = {each["funder"]: ledger.balance(db, each["funder_id"], "committed", row["round_id"]) for each in _funders(db, row)}
    return {funder: amount for funder, amount in amounts.items() if amount}


def _funders(db: sqlite3.Connection, row: sqlite3.Row) -> list[sqlite3.Row]:
    """The programme's funders that have a fund to watch."""
    return [each for each in programmes.funders(db, row["programme_id"]) if each["amount_fen"] is not None]
