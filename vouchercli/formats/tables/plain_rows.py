"""Rows that need no cleaning, many at a time and by columns; all others come as records, as if the
file were read row by row. For texts of names and numbers, too small to load what reads `columnar`.
"""

from __future__ import annotations

from itertools import compress, islice
from operator import not_
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.tables.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.formats.tables.records import Reading


class Group(NamedTuple):
    """Some consecutive rows: those that are plain, by their `lines` and cells, and our fields of
    them, one by one; beside them only rows that are faulty. Where another one is among them, all
    of them are `records`.
    """

    lines: list[int]
    rows: list[list[str]]
    columns: list[Sequence[str]]
    records: list[Record]

    @property
    def last(self) -> int:
        """The line of the last row; 0: there is none."""
        return max([*self.lines[-1:], *(record.line for record in self.records[-1:])], default=0)

    def record(self, place: int) -> Record:
        """One of the plain rows as a record."""
        values = tuple([column[place] for column in self.columns])
        return Record(self.lines[place], tuple(self.rows[place]), values)

    def plain_records(self) -> list[Record]:
        """The plain rows as records."""
        return [*map(Record, self.lines, map(tuple, self.rows), zip(*self.columns, strict=True))]

    def all_records(self) -> list[Record]:
        """All rows as records, in the order of the file."""
        return sorted([*self.plain_records(), *self.records], key=lambda record: record.line)


def groups(reading: Reading, at_once: int) -> Iterator[Group]:
    """Every row of ours in the order of the file, so many at a time. Raises what
    `Reading.records` does.
    """
    behind = 0
    if reading.is_of_single_lines:
        for first, rows in reading.groups(at_once):
            if not rows:
                behind = first - 1
                break
            yield _group(reading, first, rows)
        else:
            return
    records = reading.records(behind)
    while some := [*islice(records, at_once)]:
        yield Group([], [], [], some)


def _group(reading: Reading, first: int, rows: list[list[str]]) -> Group:
    lines, plan = range(first, first + len(rows)), reading.plan
    is_clean = plan.are_clean(rows)
    odd = _read(reading, compress(zip(lines, rows, strict=True), map(not_, is_clean)))
    if all(record.fault for record in odd):
        plain = [*compress(rows, is_clean)]
        columns = plan.clean_columns(plain)
        if columns:
            return Group([*compress(lines, is_clean)], plain, columns, odd)
    return Group([], [], [], _read(reading, zip(lines, rows, strict=True)))


def _read(reading: Reading, rows: Iterator[tuple[int, list[str]]]) -> list[Record]:
    found = (reading.read_row(line, row, []) for line, row in rows)
    return [record for record, _ in filter(None, found) if record]
