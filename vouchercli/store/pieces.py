"""What a span of time is made up of where totals are kept by month: whole months, and what is added
to them or taken off. Whoever sums says how a piece is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vouchercli.rules import times
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.rules.leverage import Cut, Months

Span = tuple[int, int]
Source = Literal["totals", "sums", "facts", "late", "reversed"]

VOUCHERS_BY_DAY = """
SELECT day, CAST(sum(abs(vouchers)) AS BIGINT) AS vouchers FROM group_totals
    WHERE grouping = 'round' GROUP BY day ORDER BY day
"""
IS_COUNTING = "SELECT EXISTS (SELECT 1 FROM uncounted_runs)"


class Piece(NamedTuple):
    """A part of the span, added (`sign` 1) or taken off (-1).

    `span`: of `totals`, and of `sums` (with what a running import has not added to the totals yet),
    months [yyyymm, yyyymm]; of `facts` UTC seconds [from, until); of what was booked `late` and was
    `reversed` since (within `known_facts.as_known`) days [yyyymmdd, yyyymmdd].
    """

    source: Source
    span: Span
    sign: int = 1


def of_months(
    db: sqlite3.Connection, months: Months, zone: str, known: Span | None = None
) -> list[Piece]:
    """The pieces of the months. `known`: within `known_facts.as_known`, the first and last day."""
    kept: Source = "sums" if typed.number(db, IS_COUNTING) else "totals"
    whole = (months.first, months.last)
    pieces = [Piece(kept, whole)] if months.first <= months.last else []
    by_day = dict(db.execute(VOUCHERS_BY_DAY).fetchall()) if months.cuts else {}
    for cut in months.cuts:
        pieces += _of_cut(cut, kept, by_day, zone)
    return [*pieces, *_of_known(known)]


def of_facts(span: Span, known: Span | None = None) -> list[Piece]:
    """The pieces of a span [from, until) of UTC seconds that no total tells."""
    return [Piece("facts", span), *_of_known(known)]


def _of_known(days: Span | None) -> list[Piece]:
    return [] if days is None else [Piece("late", days, -1), Piece("reversed", days)]


def _of_cut(cut: Cut, kept: Source, by_day: dict[int, int], zone: str) -> list[Piece]:
    """The facts that count, or the whole month less the facts that do not: whichever are fewer."""
    if _facts(by_day, (cut.span,), zone) <= _facts(by_day, cut.rest, zone):
        return [Piece("facts", cut.span)]
    month = (cut.month, cut.month)
    return [Piece(kept, month), *(Piece("facts", span, -1) for span in cut.rest)]


def _facts(by_day: dict[int, int], spans: Sequence[Span], zone: str) -> int:
    """About how many facts lie in the spans."""
    days = [
        (times.day_of(from_at, zone), times.day_of(until_at - 1, zone))
        for from_at, until_at in spans
    ]
    return sum(
        count for day, count in by_day.items() if any(first <= day <= last for first, last in days)
    )
