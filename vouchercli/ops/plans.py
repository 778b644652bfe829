"""What a round would mean before anybody approves it: money, dates, merchants, and what the city's own past rounds came to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from vouchercli.ops.one_round import Found, found
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import leverage, money, scope, times
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.rules.leverage import Claimed, Sums
from vouchercli.rules.merchants import Merchant
from vouchercli.store import ledger, programmes, rounds

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.templates import Template
    from vouchercli.store.db import Session


def plan_round(session: Session, code: str) -> Outcome:
    """Foresee a round; nothing is written and nothing is guessed: without past rounds there are no expected figures."""
    db = session.db
    it = found(session, code)
    row, zone = it.row, it.row["time_zone"]
    liability = _liability(db, it)
    overlapping = _overlapping(db, row)
    merchants = _merchants(db, it.template, row["opens_at"])
    expected = _expected(db, session.now)
    data = {
        **{key: row[key] for key in ("round", "programme", "state", "packs", "pack_value_fen")},
        "quota_fen": it.quota_fen, "checkers_needed": it.checkers, "liability": liability, "match_fen": _match_fen(it),
        "opens_at": times.iso(row["opens_at"], zone), "opens_on": law.weekday(times.day_of(row["opens_at"], zone)),
        "closes_at": times.iso(row["closes_at"], zone), "overlapping": [other["round"] for other in overlapping],
        "merchants": {"total": sum(merchants.values()), "districts": [{"district": k, "merchants": n} for k, n in merchants.items()]},
        "expected": expected,
    }
    tables = [_liability_table(it, liability), _dates_table(it, overlapping)]
    tables += [_merchants_table(merchants)] if merchants else []
    tables += [_expected_table(expected)] if expected else []
    says = [] if merchants else [say("no merchant of the registry may take it yet; next: voucher merchant import FILE")]
    says += [] if expected else [say("no round has closed yet: there is nothing to expect figures from")]
    return Outcome(data=data, tables=tuple(tables), says=tuple(says), problems=_shortfalls(liability))


# ---------------------------------------------------------------- money


def _liability(db: sqlite3.Connection, it: Found) -> list[dict[str, Any]]:
    """By funder: the most it can have to pay, and its uncommitted money without and with this round; None: no fund to watch."""
    funders = {row["funder"]: row for row in programmes.funders(db, it.row["programme_id"])}
    parts = []
    for funder, amount in law.liability(it.row["packs"], it.template):
        left = None
        if funder in funders and funders[funder]["amount_fen"] is not None:
            funder_id = funders[funder]["funder_id"]
            left = ledger.balance(db, funder_id, "uncommitted") + ledger.balance(db, funder_id, "committed", it.row["round_id"])
        after = None if left is None else left - amount
        parts.append({"funder": funder, "liability_fen": amount, "left_fen": left, "left_after_fen": after})
    return parts


def _match_fen(it: Found) -> int:
    """The most that merchants can have to add as their match."""
    return int(it.row["packs"]) * packs_law.match_liability_fen(it.template)


def _shortfalls(liability: list[dict[str, Any]]) -> tuple[Problem, ...]:
    """A warning for each fund that would run short if the round were approved now."""
    return tuple(
        Problem("fund_short", "{funder} is short of {missing} yuan: the round cannot be approved", level="warning",
                hint="fewer packs, or raise the fund's amount in the programme's file and load it again",
                params={"funder": part["funder"], "missing": money.grouped(-part["left_after_fen"])})
        for part in liability if (part["left_after_fen"] or 0) < 0
    )


def _liability_table(it: Found, liability: list[dict[str, Any]]) -> Table:
    columns = (
        Column("funder", "funder"), Column("liability_fen", "largest liability", "fen"), Column("left_fen", "uncommitted", "fen"),
        Column("left_after_fen", "left after", "fen"),
    )
    return Table(
        say("Plan of {round}: {packs:,} packs, {quota} yuan at most, checkers needed: {checkers}", round=it.row["round"],
            packs=it.row["packs"], quota=money.grouped(it.quota_fen), checkers=it.checkers),
        columns, tuple(liability),
        notes=(
            *([say("Merchants add {match} yuan at most as their match.", match=money.grouped(match))] if (match := _match_fen(it)) else []),
            *([say("A funder without an amount pays as it goes: its fund is not watched.")]
              if any(part["left_fen"] is None for part in liability) else []),
        ),
    )


# ---------------------------------------------------------------- dates


def _overlapping(db: sqlite3.Connection, row: sqlite3.Row) -> list[sqlite3.Row]:
    """The other rounds that take claims at the same time."""
    span = (row["opens_at"], row["closes_at"])
    return [
        other for other in rounds.listed(db, row["programme_id"])
        if other["round_id"] != row["round_id"] and other["state"] != "cancelled"
        and law.overlaps(span, (other["opens_at"], other["closes_at"]))
    ]


def _dates_table(it: Found, overlapping: list[sqlite3.Row]) -> Table:
    zone = it.row["time_zone"]
    columns = (
        Column("round", "round"), Column("state", "state", "word"), Column("opens_at", "opens", "time"),
        Column("weekday", "weekday", "word"), Column("closes_at", "closes", "time"),
    )
    rows = tuple(
        {**dict(each), "weekday": law.weekday(times.day_of(each["opens_at"], zone))} for each in (it.row, *overlapping)
    )
    return Table(say("Dates; other rounds at the same time: {count}", count=len(overlapping)), columns, rows, zone=zone)


# ---------------------------------------------------------------- merchants


def _merchants(db: sqlite3.Connection, template: Template, at: int) -> dict[str, int]:
    """district -> merchants that the scope covers and that are not suspended when the round opens."""
    standing = (
        Merchant(row["merchant_no"], row["district"], row["industry"], row["size"], bool(row["is_registered"]))
        for row in rounds.merchants_at(db, at)
    )
    return dict(sorted(Counter(each.district for each in standing if scope.covers(template.scope, each)).items()))


def _merchants_table(merchants: dict[str, int]) -> Table:
    columns = (Column("district", "district", blank="(not stated)"), Column("merchants", "merchants", "int"))
    rows = tuple({"district": district, "merchants": count} for district, count in merchants.items())
    return Table(say("Merchants that may take it, not suspended at the opening"), columns, rows, {"merchants": sum(merchants.values())})


# ---------------------------------------------------------------- what past rounds came to


def _expected(db: sqlite3.Connection, now: int) -> dict[str, Any] | None:
    """Pooled figures of the city's closed rounds, each with the number of rounds it rests on; None without any.

    Redemption counts only rounds whose vouchers have all expired: an unfinished one would make it too low.
    """
    past = rounds.past(db)
    if not past:
        return None
    finished = [row for row in past if row["last_expires_at"] <= now]
    sold_out = [row["last_claimed_at"] - row["opens_at"] for row in past if row["claimed"] == row["packs"]]
    return {
        "rounds": len(past),
        "claim_rate": leverage.rate(sum(row["claimed"] for row in past), sum(row["packs"] for row in past)),
        "sold_out_rounds": len(sold_out),
        "fastest_sell_out_seconds": min(sold_out, default=None),
        "slowest_sell_out_seconds": max(sold_out, default=None),
        "finished_rounds": len(finished),
        "used_of_claimed": leverage.used_of_claimed(
            Sums(vouchers=sum(row["used"] for row in finished)), Claimed(vouchers=sum(row["vouchers"] for row in finished))),
    }


def _expected_table(expected: dict[str, Any]) -> Table:
    columns = (
        Column("rounds", "rounds", "int"), Column("claim_rate", "claimed of packs", "rate"), Column("sold_out_rounds", "sold out", "int"),
        Column("fastest_sell_out_seconds", "fastest (s)", "int"), Column("slowest_sell_out_seconds", "slowest (s)", "int"),
        Column("finished_rounds", "expired rounds", "int"), Column("used_of_claimed", "used of claimed", "rate"),
    )
    return Table(say("What the city's own closed rounds came to (pooled)"), columns, (expected,))
