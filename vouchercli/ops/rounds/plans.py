"""Foresee a round before its approval: the money here; dates, people and past rounds in the
plan_ files beside it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from vouchercli.ops.answers import dated
from vouchercli.ops.clauses import say_not_enforced
from vouchercli.ops.rounds import commitments, plan_dates, plan_past, plan_people
from vouchercli.ops.rounds.lookup import RoundAtHand, look_up
from vouchercli.ops.setup import scope_words
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import money, times
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.store import clauses, ledger
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.session import Session

LIABILITY = (
    Column("funder", "funder"),
    Column("liability_fen", "largest liability", "fen"),
    Column("left_fen", "uncommitted", "fen"),
    Column("left_after_fen", "left after", "fen"),
)


def plan_round(session: Session, code: str) -> Outcome:
    """Foresee a round; nothing is written and nothing is guessed: without past rounds there are no
    expected figures.
    """
    with reading(session):
        current = look_up(session, code)
        liability, others = list_liability([current]), plan_dates.list_overlapping(current)
        residents, districts = plan_people.count_residents(current)
        shops = plan_people.count_merchants(current)
        past = plan_past.list_past(current)
        declared = clauses.not_enforced(
            current.db, current.row["programme_id"], (current.round_id,)
        )
    days, expected = plan_dates.count_days(current), plan_past.estimate(current, past)
    data = _describe_terms(current) | {
        "overlapping": [other["round"] for other in others],
        "days": days,
        "residents": residents,
        "merchants": {"total": shops.total(), "cells": plan_people.list_cells(shops)},
        "expected": expected,
        "not_enforced": [*declared],
    }
    tables = (
        _tabulate_liability(current, liability, declared),
        *plan_dates.tabulate_dates(current, days, others),
        plan_people.tabulate_residents(residents, districts),
        *plan_people.tabulate_merchants(shops),
        *(plan_past.tabulate_past(current, past, expected) if expected else ()),
    )
    nothing_to_say = (
        (
            residents["is_limited"],
            say("any resident may claim a pack of {round}: no list limits it", round=code),
        ),
        (
            shops,
            say("no merchant of the registry may take it yet; next: voucher merchant import FILE"),
        ),
        (expected, say("no round has closed yet: there are no past figures to estimate from")),
    )
    return Outcome(
        data,
        tables,
        tuple(said for is_there, said in nothing_to_say if not is_there),
        (
            *warn_of_short_funds(liability),
            *scope_words.warn(current.db, current.template),
            *_warn_of_refunds(current),
            *plan_people.warn_if_unequal(current, residents),
        ),
    )


def _warn_of_refunds(current: RoundAtHand) -> tuple[Problem, ...]:
    """Warn when the voucher is over in the second of its payment, and the money of late refunds
    stays.
    """
    is_at_once = current.template.validity.is_at_once
    if not (is_at_once and current.programme.refunds.money.late == "stays"):
        return ()
    return (
        Problem(
            "refunds_come_late",
            "every refund of {round} comes after its voucher's end: its money stays with the"
            " merchant",
            level="warning",
            hint="write refunds: {{money: {{late: returns}}}} in the programme",
            params={"round": current.code},
        ),
    )


def _describe_terms(current: RoundAtHand) -> dict[str, Any]:
    row = current.row
    same = ("round", "programme", "state", "mode", "packs", "pack_value_fen", "quota_fen")
    terms = {key: row[key] for key in (*same, "opens_at", "closes_at")} | {
        "checkers_needed": current.checkers,
        "match_fen": _sum_match(current),
        "opens_on": law.weekday(times.day_of(row["opens_at"], current.zone)),
    }
    return dated(terms, current.zone)


# ---------------------------------------------------------------- money


def list_liability(rounds: Sequence[RoundAtHand]) -> list[dict[str, Any]]:
    """List by funder the most it can have to pay for these rounds of a programme together, and its
    uncommitted money without and with them; None: no fund to watch.
    """
    db, funds = rounds[0].db, commitments.list_funds(rounds[0].db, rounds[0].row["programme_id"])
    amounts: Counter[str] = Counter()
    for each in rounds:
        amounts.update(dict(law.liability(each.row["packs"], each.template)))
    parts: list[dict[str, Any]] = []
    for funder, amount in amounts.items():
        part = {"funder": funder, "liability_fen": amount, "left_fen": None, "left_after_fen": None}
        if funder in funds:
            fund = funds[funder]
            held = sum(ledger.balances(db, fund, each.round_id).of_rounds for each in rounds)
            left = ledger.balance(db, fund, "uncommitted") + held
            part |= {"left_fen": left, "left_after_fen": left - amount}
        parts.append(part)
    return parts


def warn_of_short_funds(liability: list[dict[str, Any]]) -> tuple[Problem, ...]:
    """Warn of the funds that have less than is planned with."""
    lacks = {
        row["funder"]: -row["left_after_fen"] for row in liability if row["left_fen"] is not None
    }
    return commitments.warn_of_short_funds(
        {funder: lack for funder, lack in lacks.items() if lack > 0}
    )


def _sum_match(current: RoundAtHand) -> int:
    """Sum the most that merchants can have to add as their match."""
    return int(current.row["packs"]) * packs_law.match_liability_fen(current.template)


def _tabulate_liability(
    current: RoundAtHand, liability: list[dict[str, Any]], declared: tuple[str, ...]
) -> Table:
    notes = []
    if match := _sum_match(current):
        notes.append(
            say("Merchants add {match} yuan at most as their match.", match=money.grouped(match))
        )
    if any(part["left_fen"] is None for part in liability):
        notes.append(say("A funder without an amount pays what is spent: its fund has no limit."))
    notes.extend(say_not_enforced(declared))
    title = say(
        "Plan of {round}: {packs:,} packs, {quota} yuan at most, checkers needed: {checkers}",
        round=current.row["round"],
        packs=current.row["packs"],
        quota=money.grouped(current.row["quota_fen"]),
        checkers=current.checkers,
    )
    return Table(title, LIABILITY, liability, notes=tuple(notes), key="liability")
