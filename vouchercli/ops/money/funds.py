"""Funds: what funders give, move between them and have back, and where all of it stands.

What a fund was given and had back stands in the programme's document, so a change of it is a change
of the programme: it waits for others where theirs do, and `programme approve` lets it take effect.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.ops import amounts
from vouchercli.ops.setup import programmes as setup
from vouchercli.result import DATA, JSON, SCREEN, Column, Outcome, Table, only, say
from vouchercli.rules import money
from vouchercli.rules import programmes as rules
from vouchercli.store import ledger, programmes, rounds
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.result import Message
    from vouchercli.session import Session

ACCOUNTS = (
    Column("committed_fen", "committed (unclaimed)", "fen"),
    Column("outstanding_fen", "outstanding", "fen"),
    Column("payable_fen", "payable", "fen"),
    Column("held_fen", "held", "fen", optional=True),
    Column("paid_fen", "paid", "fen"),
    Column("clawed_back_fen", "clawed back", "fen", optional=True),
    Column("written_off_fen", "written off", "fen", optional=True),
)
FUNDS = (
    Column("funder", "funder"),
    Column("kind", where=JSON),
    Column("appropriated_fen", "appropriated", "fen"),
    Column("uncommitted_fen", "uncommitted", "fen"),
    Column("of_rounds_fen", "committed", "fen", where=SCREEN),
    *only(DATA, *ACCOUNTS),
    Column("returned_fen", "returned", "fen"),
)
ROUNDS = (
    Column("round", "round"),
    Column("funder", "funder"),
    *ACCOUNTS,
    Column("returned_fen", "returned", "fen", optional=True),
)


# ---------------------------------------------------------------- given, moved, had back


def appropriate(session: Session, funder: str, amount_fen: int, note: str = "") -> Outcome:
    """Give a fund so much more. Raises `unknown_funder`, `no_fund`."""
    with writing(session):
        free = _read_uncommitted(session, funder) + amount_fen
        said = say(
            "appropriated {amount} yuan of {funder}; uncommitted now: {free} yuan",
            funder=funder,
            amount=money.grouped(amount_fen),
            free=money.grouped(free),
        )
        command = f"fund appropriate {funder} {money.yuan(amount_fen)}"
        return _change(session, command, {funder: ("amount", amount_fen)}, note, said)


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
    with writing(session):
        left = _require_uncommitted(session, giver, amount_fen)
        free = _read_uncommitted(session, taker) + amount_fen
        said = say(
            "moved {amount} yuan from {giver} to {taker}; uncommitted now: {giver} {left} yuan,"
            " {taker} {free} yuan",
            giver=giver,
            taker=taker,
            amount=money.grouped(amount_fen),
            left=money.grouped(left),
            free=money.grouped(free),
        )
        moved = {giver: ("amount", -amount_fen), taker: ("amount", amount_fen)}
        command = f"fund transfer {giver} {taker} {money.yuan(amount_fen)}"
        return _change(session, command, moved, note, said)


def give_back(session: Session, funder: str, amount_fen: int, note: str = "") -> Outcome:
    """Give uncommitted money back to the funder, out of the programme. Raises `unknown_funder`,
    `no_fund`, `fund_short`.
    """
    with writing(session):
        left = _require_uncommitted(session, funder, amount_fen)
        said = say(
            "returned {amount} yuan to {funder}; uncommitted now: {left} yuan",
            funder=funder,
            amount=money.grouped(amount_fen),
            left=money.grouped(left),
        )
        command = f"fund return {funder} {money.yuan(amount_fen)}"
        return _change(session, command, {funder: ("returned", amount_fen)}, note, said)


def _change(
    session: Session,
    command: str,
    more: Mapping[str, tuple[str, int]],
    note: str,
    said: Message,
) -> Outcome:
    """Put forward the programme with other amounts of its funds (key, fen more), in the caller's
    transaction. `command` stands in the log as what it came from; `said` is what is done if nobody
    must approve.
    """
    row = programmes.current(session.db, session.programme)
    document = copy.deepcopy(programmes.document(row))
    for funder, (key, fen) in more.items():
        fund = document["funders"][funder]
        fund[key] = money.yuan(money.parse_yuan(fund.get(key, "0")) + fen)
    after, _ = rules.read(document)
    if after is None:  # the sum is more than any fund can be
        amount = max(fen for _, fen in more.values())
        raise amounts.not_an_amount("YUAN", money.yuan(amount))
    inner = session._replace(joins=True)
    put_forward = yamls.Document(document, command, {(): ((1, 1), (1, 1))})
    door = " ".join(command.split()[:2])
    outcome = setup.change_programme(inner, after, put_forward, note, door)
    if outcome.data["result"] != "changed":
        return outcome
    following = () if session.dry_run else (say("next: voucher fund show"),)
    return replace(outcome, says=(said, *following))


def _read_uncommitted(session: Session, funder: str) -> int:
    """What a fund that is watched has free, in fen. Raises `unknown_funder`, `no_fund`."""
    row = programmes.current(session.db, session.programme)
    fund = _find_fund(session.db, row, funder)
    return ledger.balance(session.db, fund, "uncommitted")


def _require_uncommitted(session: Session, funder: str, amount_fen: int) -> int:
    """What a fund keeps free when so much has left it, in fen. Raises `fund_short` too."""
    available = _read_uncommitted(session, funder)
    if available < amount_fen:
        row = programmes.current(session.db, session.programme)
        fund = _find_fund(session.db, row, funder)
        raise ledger.short(session.db, fund, amount_fen, hint="voucher fund show")
    return available - amount_fen


def _find_fund(db: sqlite3.Connection, row: programmes.Row, funder: str) -> int:
    """The funder_id of a fund that is watched. Raises `unknown_funder`, `no_fund`."""
    fund = _list_funders(db, row, funder)[0]
    if fund["amount_fen"] is None:
        raise VoucherError(
            "no_fund",
            "{funder} has no fund of its own: it pays what is spent",
            hint="voucher fund show",
            funder=funder,
        )
    return int(fund["funder_id"])


def _list_funders(
    db: sqlite3.Connection, row: programmes.Row, funder: str | None
) -> list[programmes.Row]:
    """All funders of a programme, or this one. Raises `unknown_funder`."""
    every = programmes.funders(db, row["programme_id"])
    found = [each for each in every if funder in (None, each["funder"])]
    if funder is not None and not found:
        raise VoucherError(
            "unknown_funder",
            "programme {programme} has no funder {funder}",
            hint="voucher fund show",
            programme=row["programme"],
            funder=funder,
        )
    return found


# ---------------------------------------------------------------- shown


def show(session: Session, funder: str | None) -> Outcome:
    """Where the money of each funder stands, in all and by round. Raises `unknown_funder`."""
    db = session.db
    row = programmes.current(db, session.programme)
    funders = _list_funders(db, row, funder)
    codes = rounds.codes_by_id(db, row["programme_id"])
    of_rounds = tuple(
        {"round": code, "funder": each["funder"], **_amounts(stands)}
        for round_id, code in codes.items()
        for each in funders
        if any(stands := ledger.balances(db, each["funder_id"], round_id))
    )
    unwatched = say(
        "A funder without a fund of its own (–) has given what it promised to approved rounds."
    )
    funds = Table(
        say("Funds of {programme}", programme=row["programme"]),
        FUNDS,
        tuple(_describe(db, each) for each in funders),
        notes=(unwatched,) if any(each["amount_fen"] is None for each in funders) else (),
        key="funders",
    )
    rest = Table(say("Money of rounds"), ROUNDS, of_rounds, key="rounds", optional=True)
    return Outcome(tables=(funds, rest))


def _describe(db: sqlite3.Connection, funder: programmes.Row) -> dict[str, Any]:
    stands = ledger.balances(db, funder["funder_id"])
    fund = {"funder": funder["funder"], "kind": funder["kind"], **_amounts(stands)}
    if funder["amount_fen"] is None:  # nothing to choose from
        fund["uncommitted_fen"] = None
    return fund | {"of_rounds_fen": stands.of_rounds}


def _amounts(stands: ledger.Balances) -> dict[str, Any]:
    """Every account, `appropriated` as what was given."""
    stand = {f"{account}_fen": fen for account, fen in stands._asdict().items()}
    return stand | {"appropriated_fen": -stands.appropriated}
