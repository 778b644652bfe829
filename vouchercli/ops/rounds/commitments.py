"""What an approved round holds of each fund: committed when it or its top-up is approved, released
when it is edited or cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Problem
from vouchercli.rules import money
from vouchercli.rules import rounds as law
from vouchercli.store import ledger, programmes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.ops.rounds.lookup import Found
    from vouchercli.store.db import Session


def commit(session: Session, it: Found, packs: int, why: str) -> dict[str, int]:
    """Move the largest liability of so many packs from uncommitted to committed, funder by funder;
    gives funder -> fen.

    A funder without a fund of its own has nothing to watch and is left out. Raises `fund_short`.
    """
    parts = dict(law.liability(packs, it.template))
    db, row = session.db, it.row
    watched = {
        funder: fund for funder, fund in funds(db, row["programme_id"]).items() if funder in parts
    }
    for funder, fund in watched.items():
        way = ("uncommitted", "committed", parts[funder])
        ledger.post(db, fund, row["round_id"], *way, why, session.now)
    return {funder: parts[funder] for funder in watched}


def missing(db: sqlite3.Connection, it: Found, packs: int) -> dict[str, int]:
    """What each watched fund lacks to pay so many packs, in fen; funds that have enough are left
    out.
    """
    parts = dict(law.liability(packs, it.template))
    lacks = {
        funder: parts[funder] - ledger.balance(db, fund, "uncommitted")
        for funder, fund in funds(db, it.row["programme_id"]).items()
        if funder in parts
    }
    return {funder: lack for funder, lack in lacks.items() if lack > 0}


def short(lacks: Mapping[str, int], *, is_top_up: bool = False) -> tuple[Problem, ...]:
    """A warning for each fund that lacks money (fen) for a round or its top-up."""
    return tuple(
        Problem(
            "fund_short",
            "{funder} is short of {missing} yuan: the top-up cannot be approved"
            if is_top_up
            else "{funder} is short of {missing} yuan: the round cannot be approved",
            level="warning",
            hint=(
                "fewer packs, or raise the fund's amount in the programme's file and load it again"
            ),
            params={"funder": funder, "missing": money.grouped(missing)},
        )
        for funder, missing in lacks.items()
    )


def release(session: Session, row: sqlite3.Row, why: str) -> dict[str, int]:
    """Move everything the round still holds back to uncommitted; gives funder -> fen."""
    db, held = session.db, standing(session.db, row)
    for funder, fund in funds(db, row["programme_id"]).items():
        way = ("committed", "uncommitted", held.get(funder, 0))
        ledger.post(db, fund, row["round_id"], *way, why, session.now)
    return held


def standing(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, int]:
    """What the round holds now: funder -> fen, in the programme's order, funders that hold nothing
    left out.
    """
    amounts = {
        funder: ledger.balance(db, fund, "committed", row["round_id"])
        for funder, fund in funds(db, row["programme_id"]).items()
    }
    return {funder: amount for funder, amount in amounts.items() if amount}


def funds(db: sqlite3.Connection, programme_id: int) -> dict[str, int]:
    """A programme's funders that have a fund to watch: funder -> funder_id."""
    return {
        each["funder"]: each["funder_id"]
        for each in programmes.funders(db, programme_id)
        if each["amount_fen"] is not None
    }
