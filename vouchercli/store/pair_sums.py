"""Sums of payments by two groupings at once, or by one that no total is kept of by day.

Whatever is kept by day comes from those totals, by one of its keys or two. Merchants, brands and
designated sizes, alone or beside a round, a month or a district, come from the totals by merchant;
beside a day, a coupon or a channel they are added up from the payments themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.leverage import CALENDAR, Sums
from vouchercli.store import known_facts, pieces, reports, totals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.rules.leverage import Months, Window
    from vouchercli.store.pieces import Piece, Span

    Pair = tuple[str, ...]  # of one or two


class Cell(NamedTuple):
    """The sums of one round under its keys: of a grouping by time the day (yyyymmdd), of what is
    true of a whole round blank, for the reader to say.
    """

    round_id: int
    keys: Pair
    sums: Sums


class Asked(NamedTuple):
    """A span of time in the three ways in which it can be read."""

    window: Window
    months: Months
    span: Span
    zone: str
    known: Span | None = None  # within `known_facts.as_known`: the first and last day


NOT_OF_MONTHS = frozenset(("day", "week", "coupon", "channel"))
KEPT = """
SELECT round_id, month * 100 + 1 AS day, '' AS coupon, '' AS channel, segment_id, merchant_id,
"""
FACT = "SELECT f.round_id, f.day, f.coupon, f.channel, f.segment_id, f.merchant_id, "
OF_FACTS = {1: ", ".join(f"f.{name}" for name in totals.SUMMED)}
OF_FACTS[-1] = ", ".join(f"-f.{name} AS {name}" for name in totals.SUMMED)
PAID = """
FROM redemption_runs n CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id
    AND n.last_id
WHERE n.first_paid_at < ?2 AND n.last_paid_at >= ?1 AND f.paid_at >= ?1 AND f.paid_at < ?2
"""
DAYS = "AND f.day BETWEEN ?1 AND ?2"
READ = {
    (source, sign): begin + sums[sign] + rows
    for source, begin, sums, rows in (
        ("totals", KEPT, reports.SIGNED, " FROM merchant_totals WHERE month BETWEEN ?1 AND ?2"),
        ("sums", KEPT, reports.SIGNED, " FROM merchant_sums WHERE month BETWEEN ?1 AND ?2"),
        ("facts", FACT, OF_FACTS, PAID),
        ("late", FACT, OF_FACTS, known_facts.LATE + DAYS),
        ("reversed", FACT, OF_FACTS, known_facts.REVERSED + DAYS),
    )
    for sign in (1, -1)
}


def cells(db: sqlite3.Connection, by: Pair, asked: Asked) -> Iterable[Cell]:
    """The sums over the span by round and keys, of every programme; a cell may come in parts."""
    named = {each for each in by if each not in (*reports.OF_A_ROUND, *CALENDAR)}
    if named <= {*totals.KEYS}:
        yield from _of_days(db, by, asked)
        return
    parts = (
        pieces.of_facts(asked.span, asked.known)
        if NOT_OF_MONTHS & {*by}
        else pieces.of_months(db, asked.months, asked.zone, asked.known)
    )
    for piece in parts:
        for round_id, *row in db.execute(_statement(by, piece), piece.span):
            keys, sums = row[: len(by)], row[len(by) :]
            yield Cell(round_id, tuple(map(str, keys)), Sums._make(sums))


def _of_days(db: sqlite3.Connection, by: Pair, asked: Asked) -> Iterable[Cell]:
    kept = [each for each in totals.KEYS if each in by]
    grouping = ",".join(kept) or "round"
    for round_id, day, *found in reports.day_sums(db, grouping, asked.window, asked.zone):
        key_of = dict(zip(kept, found[:2], strict=False))
        keys = [str(day) if each in CALENDAR else key_of.get(each, "") for each in by]
        yield Cell(round_id, tuple(keys), Sums._make(found[2:]))


def _statement(by: Pair, piece: Piece) -> str:
    """Sums by round and keys of one piece, put together from constants."""
    found = [reports.KEYS.get(each, (reports.BLANK, "")) for each in by]
    keys = ["t.round_id", *(key for key, _ in found)]
    tables = dict.fromkeys(table for _, table in found)
    return " ".join(
        (
            "SELECT",
            ", ".join(keys),
            ",",
            reports.SUMS,
            "FROM (",
            READ[piece.source, piece.sign],
            ") t",
            " ".join(tables),
            "GROUP BY",
            ", ".join(key for key in keys if key != reports.BLANK),
        )
    )


# ---------------------------------------------------------------- public funders one by one

SHARES = """
SELECT f.round_id, f.day, f.coupon, f.channel, f.segment_id, f.merchant_id, p.funder_id,
    [sign]p.amount_fen AS amount_fen
FROM (SELECT f.* [rows]) f JOIN split_parts p ON p.split_id = f.split_id
"""
FUNDED = {
    (source, sign): SHARES.replace("[rows]", rows).replace("[sign]", "-" if sign < 0 else "")
    for source, rows in (
        ("facts", PAID),
        ("late", known_facts.LATE + DAYS),
        ("reversed", known_facts.REVERSED + DAYS),
    )
    for sign in (1, -1)
}


class Share(NamedTuple):
    """What one public funder paid in a round under one key or two, in fen."""

    round_id: int
    keys: tuple[str, ...]
    funder: str
    amount_fen: int


def shares(db: sqlite3.Connection, by: tuple[str, ...], asked: Asked) -> Iterable[Share]:
    """What each public funder paid over the span, by round and all keys: from the payments."""
    found = [reports.KEYS.get(each, (reports.BLANK, "")) for each in by]
    keys = ["t.round_id", *(key for key, _ in found), "f.funder"]
    tables = dict.fromkeys(table for _, table in found)
    grouped = ", ".join(key for key in keys if key != reports.BLANK)
    for piece in pieces.of_facts(asked.span, asked.known):
        source = ("FROM (", FUNDED[piece.source, piece.sign], ") t", reports.BY_FUNDER, *tables)
        amount = "CAST(sum(t.amount_fen) AS BIGINT)"
        parts = ("SELECT", ", ".join((*keys, amount)), *source, "GROUP BY", grouped)
        for round_id, *found_keys, funder, fen in db.execute(" ".join(parts), piece.span):
            yield Share(round_id, tuple(map(str, found_keys)), funder, fen)
