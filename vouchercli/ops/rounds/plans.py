"""What a round would mean before anybody approves it: money here; dates, people and past rounds in
the plan_ files beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.rounds import plan_dates, plan_past, plan_people
from vouchercli.ops.rounds.lookup import Found, found
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import money, times
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.store import ledger, programmes
from vouchercli.store.db import reading

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session


def plan_round(session: Session, code: str) -> Outcome:
    """Foresee a round; nothing is written and nothing is guessed: without past rounds there are no
    expected figures.
    """
    with reading(session) as db:
        it = found(session, code)
        liability, dates, days = _liability(db, it), plan_dates.dates(it), plan_dates.days(it)
        others, residents = plan_dates.overlapping(db, it.row), plan_people.residents(db, it)
        merchants = plan_people.merchants(db, it.template, it.row["opens_at"])
        expected = plan_past.expected(it, plan_past.found(db, it, session.now))
    data = _terms(it) | {
        "liability": liability,
        "overlapping": [other["round"] for other in others],
        "dates": dates,
        "days": days,
        "residents": residents,
        "merchants": merchants,
        "expected": expected,
    }
    tables = (
        _liability_table(it, liability),
        *plan_dates.tables(it, dates, days, others),
        *([plan_people.residents_table(residents)] if residents["eligible"] else []),
        *(plan_people.merchants_tables(merchants) if merchants["total"] else ()),
        *(plan_past.tables(it, expected) if expected else ()),
    )
    says = (
        *(
            []
            if residents["is_limited"]
            else [say("no list limits who may have a pack of {round}", round=code)]
        ),
        *(
            []
            if merchants["total"]
            else [
                say(
                    "no merchant of the registry may take it yet; next: voucher merchant import"
                    " FILE"
                )
            ]
        ),
        *(
            []
            if expected
            else [say("no round has closed yet: there is nothing to expect figures from")]
        ),
    )
    return Outcome(
        data, tables, says, (*_shortfalls(liability), *plan_people.unequal(it, residents))
    )


def _terms(it: Found) -> dict[str, Any]:
    row, zone = it.row, it.row["time_zone"]
    return {
        key: row[key] for key in ("round", "programme", "state", "mode", "packs", "pack_value_fen")
    } | {
        "quota_fen": it.quota_fen,
        "checkers_needed": it.checkers,
        "match_fen": _match_fen(it),
        "opens_at": times.iso(row["opens_at"], zone),
        "opens_on": law.weekday(times.day_of(row["opens_at"], zone)),
        "closes_at": times.iso(row["closes_at"], zone),
    }


# ---------------------------------------------------------------- money


def _liability(db: sqlite3.Connection, it: Found) -> list[dict[str, Any]]:
    """By funder: the most it can have to pay, and its uncommitted money without and with this
    round; None: no fund to watch.
    """
    funders = {row["funder"]: row for row in programmes.funders(db, it.row["programme_id"])}
    parts = []
    for funder, amount in law.liability(it.row["packs"], it.template):
        left = None
        if funder in funders and funders[funder]["amount_fen"] is not None:
            funder_id = funders[funder]["funder_id"]
            left = ledger.balance(db, funder_id, "uncommitted") + ledger.balance(
                db, funder_id, "committed", it.row["round_id"]
            )
        after = None if left is None else left - amount
        parts.append(
            {"funder": funder, "liability_fen": amount, "left_fen": left, "left_after_fen": after}
        )
    return parts


def _match_fen(it: Found) -> int:
    """The most that merchants can have to add as their match."""
    return int(it.row["packs"]) * packs_law.match_liability_fen(it.template)


def _shortfalls(liability: list[dict[str, Any]]) -> tuple[Problem, ...]:
    """A warning for each fund that would run short if the round were approved now."""
    return tuple(
        Problem(
            "fund_short",
            "{funder} is short of {missing} yuan: the round cannot be approved",
            level="warning",
            hint=(
                "fewer packs, or raise the fund's amount in the programme's file and load it again"
            ),
            params={"funder": part["funder"], "missing": money.grouped(-part["left_after_fen"])},
        )
        for part in liability
        if (part["left_after_fen"] or 0) < 0
    )


def _liability_table(it: Found, liability: list[dict[str, Any]]) -> Table:
    columns = (
        Column("funder", "funder"),
        Column("liability_fen", "largest liability", "fen"),
        Column("left_fen", "uncommitted", "fen"),
        Column("left_after_fen", "left after", "fen"),
    )
    return Table(
        say(
            "Plan of {round}: {packs:,} packs, {quota} yuan at most, checkers needed: {checkers}",
            round=it.row["round"],
            packs=it.row["packs"],
            quota=money.grouped(it.quota_fen),
            checkers=it.checkers,
        ),
        columns,
        tuple(liability),
        notes=(
            *(
                [
                    say(
                        "Merchants add {match} yuan at most as their match.",
                        match=money.grouped(match),
                    )
                ]
                if (match := _match_fen(it))
                else []
            ),
            *(
                [say("A funder without an amount pays as it goes: its fund is not watched.")]
                if any(part["left_fen"] is None for part in liability)
                else []
            ),
        ),
    )
