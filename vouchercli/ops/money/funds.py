"""Funds: what funders give, move between them and have back, and where all of it stands.

What a fund was given and had back stands in the programme's document, so a change of it is a change
of the programme: it waits for others where theirs do, and `programme approve` lets it take effect.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.ops.setup import programmes as setup
from vouchercli.result import JSON, Column, Outcome, Table, say
from vouchercli.rules import money
from vouchercli.rules import programmes as rules
from vouchercli.store import ledger, programmes, rounds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session

AMOUNTS = (
    Column("appropriated_fen", "appropriated", "fen"),
    Column("uncommitted_fen", "uncommitted", "fen", blank="-"),
    Column("committed_fen", "committed", "fen"),
    Column("outstanding_fen", "outstanding", "fen"),
    Column("payable_fen", "payable", "fen"),
    Column("held_fen", where=JSON),
    Column("paid_fen", "paid", "fen"),
    Column("clawed_back_fen", where=JSON),
    Column("written_off_fen", where=JSON),
    Column("returned_fen", "returned", "fen"),
)
FUNDS = (Column("funder", "funder"), Column("kind", where=JSON), *AMOUNTS)
ROUNDS = (
    Column("round", "round"),
    Column("funder", "funder"),
    *(each for each in AMOUNTS if each.key not in ("appropriated_fen", "uncommitted_fen")),
)


# ---------------------------------------------------------------- given, moved, had back


def appropriate(session: Session, funder: str, amount_fen: int, note: str = "") -> Outcome:
    """Give a fund so much more. Raises `unknown_funder`, `no_fund`."""
    return _change(session, "fund appropriate", {funder: ("amount", amount_fen)}, note)


def transfer(session: Session, giver: str, taker: str, amount_fen: int, note: str = "") -> Outcome:
    """Move uncommitted money from one funder's fund to another's. Raises `unknown_funder`,
    `no_fund`, `fund_short`, `same_fund`.
    """
    if giver == taker:
        raise VoucherError(
            "same_fund",
            "{funder} cannot give to itself",
            hint="voucher fund show",
            funder=giver,
        )
    _require_uncommitted(session, giver, amount_fen)
    moved = {giver: ("amount", -amount_fen), taker: ("amount", amount_fen)}
    return _change(session, "fund transfer", moved, note)


def give_back(session: Session, funder: str, amount_fen: int, note: str = "") -> Outcome:
    """Give uncommitted money back to the funder, out of the programme. Raises `unknown_funder`,
    `no_fund`, `fund_short`.
    """
    _require_uncommitted(session, funder, amount_fen)
    return _change(session, "fund return", {funder: ("returned", amount_fen)}, note)


def _change(
    session: Session, command: str, more: Mapping[str, tuple[str, int]], note: str
) -> Outcome:
    """Put forward the programme with other amounts of its funds (key, fen more)."""
    row = programmes.current(session.db, session.programme)
    before = programmes.value(row)
    document = copy.deepcopy(programmes.document(row))
    for funder, (key, fen) in more.items():
        _find_fund(session.db, before, row["programme_id"], funder)
        fund = document["funders"][funder]
        fund[key] = money.yuan(money.parse_yuan(fund.get(key, "0")) + fen)
    after, faults = rules.read(document)
    assert after is not None, faults
    name = ", ".join(f"{funder} {key} {money.yuan(fen)}" for funder, (key, fen) in more.items())
    put_forward = yamls.Document(document, name, {(): ((1, 1), (1, 1))})
    return setup.change_programme(session, after, put_forward, note, command)


def _find_fund(db: sqlite3.Connection, programme: Programme, programme_id: int, funder: str) -> int:
    """The funder_id of a fund that is watched. Raises `unknown_funder`, `no_fund`."""
    for each in programmes.funders(db, programme_id):
        if each["funder"] == funder and each["amount_fen"] is not None:
            return int(each["funder_id"])
        if each["funder"] == funder:
            raise VoucherError(
                "no_fund",
                "{funder} has no fund of its own: it pays what is spent",
                hint="voucher fund show",
                funder=funder,
            )
    raise VoucherError(
        "unknown_funder",
        "programme {programme} has no funder {funder}",
        hint="voucher fund show",
        programme=programme.programme,
        funder=funder,
    )


def _require_uncommitted(session: Session, funder: str, amount_fen: int) -> None:
    row = programmes.current(session.db, session.programme)
    fund = _find_fund(session.db, programmes.value(row), row["programme_id"], funder)
    available = ledger.balance(session.db, fund, "uncommitted")
    if available < amount_fen:
        raise ledger.short(session.db, fund, amount_fen, hint="voucher fund show")


# ---------------------------------------------------------------- shown


def show(session: Session, funder: str | None) -> Outcome:
    """Where the money of each funder stands, in all and by round. Raises `unknown_funder`."""
    db = session.db
    row = programmes.current(db, session.programme)
    programme_id = row["programme_id"]
    funders = [
        each
        for each in programmes.funders(db, programme_id)
        if funder is None or each["funder"] == funder
    ]
    if not funders and funder is not None:
        _find_fund(db, programmes.value(row), programme_id, funder)
    codes = rounds.codes_by_id(db, programme_id)
    of_rounds = tuple(
        {"round": code, "funder": each["funder"], **_amounts(held)}
        for round_id, code in codes.items()
        for each in funders
        if any(held := ledger.balances(db, each["funder_id"], round_id))
    )
    funds = tuple(
        {
            "funder": each["funder"],
            "kind": each["kind"],
            **_amounts(ledger.balances(db, each["funder_id"])),
            **({"uncommitted_fen": None} if each["amount_fen"] is None else {}),
        }
        for each in funders
    )
    title = say("Funds of {programme}", programme=row["programme"])
    return Outcome(
        tables=(
            Table(title, FUNDS, funds, key="funders"),
            Table(say("Money of rounds"), ROUNDS, of_rounds, key="rounds", optional=True),
        )
    )


def _amounts(stands: ledger.Balances) -> dict[str, Any]:
    amounts = {f"{account}_fen": fen for account, fen in stands._asdict().items()}
    return amounts | {"appropriated_fen": -stands.appropriated}
