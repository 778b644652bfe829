"""Lists: what was asked for, read one row after the other in its order, and counted."""

from __future__ import annotations

import heapq
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.result import MOST_COUNTED
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

# What a list of one round after the other goes through.
ROUNDS_WANTED = """
SELECT round_id FROM rounds WHERE programme_id = :programme_id
    AND ifnull(:round IN (round, nullif(family, '')), :round IS NULL)
"""
ANY_ROW = "SELECT 1"
COUNT, AT_MOST = "SELECT count(*)", "LIMIT :most"


ALWAYS = 1 << 62  # UTC seconds: no row is further away


def span(since: int | None, until: int | None) -> dict[str, int]:
    """The parameters of a span of time, both ends included (None: open)."""
    return {
        "since": -ALWAYS if since is None else since,
        "until": ALWAYS if until is None else until,
    }


class Listed(NamedTuple):
    """Rows that were asked for and are not read yet: `rows(most)` gives so many of them in their
    order (None: all), `size()` how many there are (MOST_COUNTED: so many or more).
    """

    rows: Callable[[int | None], Iterator[Any]]
    size: Callable[[], int]


def of_rows(rows: Sequence[Any]) -> Listed:
    """The same of a few rows that are read already."""
    return Listed(lambda most: iter(rows[:most]), lambda: len(rows))


def joined(first: Listed, then: Listed) -> Listed:
    """The rows of both, one list behind the other."""
    return Listed(
        lambda most: islice(chain(first.rows(most), then.rows(most)), most),
        lambda: min(first.size() + then.size(), MOST_COUNTED),
    )


def merged(parts: Sequence[Listed], key: Callable[[Any], Any]) -> Listed:
    """The rows of lists that are each in the order of `key`, as one list in that order."""
    return Listed(
        lambda most: islice(heapq.merge(*(part.rows(most) for part in parts), key=key), most),
        lambda: min(sum(part.size() for part in parts), MOST_COUNTED),
    )


class Listing:
    """The statement of a list without its order, its order, and what it makes of a row. Its rows
    are counted without their columns, unless its conditions name one of these.
    """

    def __init__(
        self, kind: Callable[..., Any], select: str, order: str, *, names_columns: bool = False
    ) -> None:
        self._kind = kind
        # made once, at the top of a module, of constants
        self._rows = "\n".join((select, "ORDER BY", order, AT_MOST))
        _, start, rest = select.partition("\nFROM ")
        counted = "".join((ANY_ROW, start, rest)) if start and not names_columns else select
        self._count = "\n".join((COUNT, "FROM (", counted, AT_MOST, ")"))

    def rows(self, db: sqlite3.Connection, most: int | None, **asked: Any) -> Iterator[Any]:
        """At most so many rows (None: all), read as they are asked for."""
        found = db.execute(self._rows, {**asked, "most": -1 if most is None else most})
        return (self._kind(*row) for row in found)

    def count(self, db: sqlite3.Connection, **asked: Any) -> int:
        """How many rows there are, at most MOST_COUNTED."""
        return typed.number(db, self._count, {**asked, "most": MOST_COUNTED})

    def of(self, db: sqlite3.Connection, **asked: Any) -> Listed:
        """What is asked for."""
        return Listed(lambda most: self.rows(db, most, **asked), lambda: self.count(db, **asked))
