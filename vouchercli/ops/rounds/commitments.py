"""Commit the money of a round when it or its top-up is approved; release it when the round is
edited, lowered or cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Problem
from vouchercli.rules import money
from vouchercli.rules import rounds as law
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import ledger, programmes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from vouchercli.ops.rounds.lookup import RoundAtHand


def commit(current: RoundAtHand, packs: int, why: str) -> dict[str, int]:
    """Move the largest liability of so many packs from uncommitted to committed, funder by funder;
    gives funder -> fen.

    A funder without a fund of its own has nothing to watch and is left out. Raises `fund_short`.
    """
    return _move(current, packs, why, "uncommitted", "committed")


def give_back(current: RoundAtHand, packs: int, why: str) -> dict[str, int]:
    """Move what was committed for so many packs back to uncommitted; gives funder -> fen."""
    return _move(current, packs, why, "committed", "uncommitted")


def _move(current: RoundAtHand, packs: int, why: str, out_of: str, into: str) -> dict[str, int]:
    """Move it for every funder; gives those that have a fund to watch. What the others promise
    comes from nowhere but their word (appropriated).
    """
    db, round_id, funds = current.db, current.round_id, dict(_list_funds(current))
    parts = pack_parts(current.template)
    ids = {each["funder"]: each["funder_id"] for each in _list_funders(current)}
    ledger.keep_pack(db, round_id, ((ids[funder], fen) for funder, fen in parts))
    for funder, fen in parts:
        way = (out_of, into) if funder in funds else (_unwatched(out_of), _unwatched(into))
        ledger.post(db, ids[funder], round_id, *way, packs * fen, why, current.now)
    return {funder: packs * fen for funder, fen in parts if funder in funds}


def _unwatched(account: str) -> str:
    """Where the money of a funder without a fund of its own stands before it is committed."""
    return "appropriated" if account == "uncommitted" else account


def read_missing(current: RoundAtHand, packs: int) -> dict[str, int]:
    """Read what each watched fund lacks to pay so many packs, in fen; funds that have enough are
    left out.
    """
    parts = dict(law.liability(packs, current.template))
    lacks = {
        funder: parts[funder] - ledger.balance(current.db, fund, "uncommitted")
        for funder, fund in _list_funds(current)
        if funder in parts
    }
    return {funder: lack for funder, lack in lacks.items() if lack > 0}


def warn_of_short_funds(
    lacks: Mapping[str, int], *, is_top_up: bool = False
) -> tuple[Problem, ...]:
    """Warn of each fund that lacks money (fen) for a round or its top-up."""
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


def warn_of_missing_money(current: RoundAtHand) -> tuple[Problem, ...]:
    """Warn of each fund that could not pay the round, long before somebody approves it."""
    return warn_of_short_funds(read_missing(current, current.row["packs"]))


def release(current: RoundAtHand, why: str) -> dict[str, int]:
    """Move everything the round still holds back to uncommitted; gives funder -> fen."""
    held = read_held(current)
    for each in _list_funders(current):
        out_of = "appropriated" if each["amount_fen"] is None else "uncommitted"
        fen = ledger.balance(current.db, each["funder_id"], "committed", current.round_id)
        way = ("committed", out_of, fen)
        ledger.post(current.db, each["funder_id"], current.round_id, *way, why, current.now)
    return held


def read_held(current: RoundAtHand) -> dict[str, int]:
    """Read what the round holds now: funder -> fen, in the programme's order; funders that hold
    nothing are left out.
    """
    amounts = {
        funder: ledger.balances(current.db, fund, current.round_id).of_rounds
        for funder, fund in _list_funds(current)
    }
    return {funder: amount for funder, amount in amounts.items() if amount}


def _list_funders(current: RoundAtHand) -> list[sqlite3.Row]:
    return programmes.funders(current.db, current.row["programme_id"])


def _list_funds(current: RoundAtHand) -> Iterable[tuple[str, int]]:
    return list_funds(current.db, current.row["programme_id"]).items()


def list_funds(db: sqlite3.Connection, programme_id: int) -> dict[str, int]:
    """List the funders of a programme that have a fund to watch: funder -> funder_id."""
    return {
        each["funder"]: each["funder_id"]
        for each in programmes.funders(db, programme_id)
        if each["amount_fen"] is not None
    }
