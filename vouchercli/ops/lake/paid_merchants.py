"""What merchants of a lake were paid: of a hundred thousand a city those that a report shows, and
all of them together. Memory holds the rows that are shown, and while they are gathered one city's.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.gathered import NO_MERCHANTS, Gathered
from vouchercli.ops.reports.measures import BY_KEY, Found
from vouchercli.rules import lake as rules
from vouchercli.rules.leverage import NOTHING, Claimed, Sums
from vouchercli.store import lake_merchants as sql
from vouchercli.store import lake_queries
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from vouchercli.ops.lake.asking import Lake
    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.gathered import First

    Row = Sequence[Any]

TOLD = len(rules.SUMS)


def gathered(
    lake: Lake, claimed: Mapping[Key, Claimed] | None, needs: Collection[str], first: First
) -> Gathered:
    """Payments by merchant, those that are shown, with what was claimed in all (None: it is no part
    of it). The funders one by one are not among them.
    """
    found = sizes(lake) if "merchants" in needs else ()
    count, total, merchants = _in_all(lake, found)
    groups: dict[Key, Found] = {
        (f"{city}/{number}",): Found(
            Sums._make(row[:TOLD]), None, Merchants._make(row[TOLD:]), total
        )
        for city, number, *row in _first(lake, found, first)
    }
    in_all = None if claimed is None else sum(claimed.values(), Claimed())
    in_total = Found(total, in_all, merchants, total)
    return Gathered(groups, in_total, _no_name, more=count - len(groups))


def _no_name(key: Key) -> dict[str, Any]:
    """No lake has the names of merchants."""
    return {"name": ""}


def sizes(lake: Lake) -> list[str]:
    """The sizes of merchants that there are."""
    return [row[0] for row in lake.ask(lake_queries.SIZES)]


def added(merchants: Merchants, more: Row) -> Merchants:
    """Those of another city are others."""
    return Merchants(*(a + b for a, b in zip(merchants, more, strict=True)))


def counts(lake: Lake, by: By) -> Iterator[tuple[str, Row, Row]]:
    """(city, keys, merchants paid, of stated size and small)."""
    for city, *row in lake.ask_apart(sql.counts(by, sizes(lake))):
        yield city, row[:2], row[2:]


def _in_all(lake: Lake, found: Sequence[str]) -> tuple[int, Sums, Merchants]:
    """How many merchants have anything, their sums, and how many count."""
    count, total, merchants = 0, NOTHING, NO_MERCHANTS
    for _, number, *row in lake.ask_apart(sql.in_all(found)):
        count += number
        total += Sums._make(row[:TOLD])
        merchants = added(merchants, row[TOLD:])
    return count, total, merchants


def _first(lake: Lake, found: Sequence[str], first: First) -> list[Row]:
    """The rows that are shown, in their order. What SQL sorts by, each city cuts to them; ratios
    are sorted here, and of each city as many stay.
    """
    order, is_of_sql = first.order, first.order in (None, *sql.ORDERS)
    text = sql.first(found, *(first if is_of_sql else (None, 0)))
    size = BY_KEY[order].size if order else None

    def rank(row: Row) -> Any:
        largest = -size(Found(Sums._make(row[2 : 2 + TOLD]))) if size else 0
        return largest, row[0], row[1]

    rows = lake.ask_apart(text)
    return nsmallest(first.limit, rows, key=rank) if first.limit else sorted(rows, key=rank)
