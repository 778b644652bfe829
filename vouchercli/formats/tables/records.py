"""A platform's file as our own fields: `Reading.records` streams the rows.

Nothing is ever silently left out: every row under the header comes as a `Record` (perhaps with a
fault), or is counted in `ignored` because the profile says that it is not ours, or is the footer,
whose counts and totals are then compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import FIELDS, PERSONAL
from vouchercli.formats.tables import footers, headers
from vouchercli.formats.tables.cells import EDGE, column_key, id_text
from vouchercli.formats.tables.columns import Plan
from vouchercli.formats.tables.csvs import BrokenRow
from vouchercli.formats.tables.readers import RowFault
from vouchercli.result import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vouchercli.formats.tables.headers import Header
    from vouchercli.formats.tables.sources import Source

HIDDEN = "***"
PIECE = 1 << 20


class Record(NamedTuple):
    """One row: its first line in the file, its cells as they came, and `FIELDS[kind]` as cleaned
    text, or its fault; `kept` is the JSON of a row that was accepted once and is kept by our own
    fields.
    """

    line: int
    cells: tuple[str, ...]
    values: tuple[str, ...]
    fault: Problem | None = None
    kept: str | None = None


class Reading:
    """A file whose header is known. `read` (rows given as records) and `ignored` (rows that are not
    ours) count while `records()` runs; when it ends without raising, the file's own counts and
    totals have been found right.
    """

    def __init__(self, source: Source, header: Header, *, kept_width: int | None = None) -> None:
        self.profile = header.profile
        self.name, self.sha256, self.encoding = source.name, source.sha256, source.encoding
        self.header = header.names[:kept_width]
        self.read = 0
        self.ignored = 0
        self._found, self._share, self.text, self.delimiter = (
            header,
            source.share,
            source.text,
            source.delimiter,
        )
        self.plan = Plan(self.profile, self.header)
        self._keys = [column_key(name) for name in self.header]
        used = headers.in_use(self.profile, set(self._keys)) | {
            column_key(name) for name in headers.REJECT_COLUMNS
        }
        self.extra = tuple(
            name
            for name, key in zip(self.header, self._keys, strict=True)
            if name and key not in used
        )
        self.identities = self._identity_positions()
        is_whole = not header.is_our_export
        self._ends = re.compile(self.profile.footer) if self.profile.footer and is_whole else None
        self._checks = bool(self.profile.checks) and is_whole
        self._filters = [
            (position, re.compile(one.like), is_only)
            for filters, is_only in ((self.profile.skip, False), (self.profile.only, True))
            for one in filters
            if (position := self.plan.position(one.column)) is not None
        ]

    def records(self) -> Iterator[Record]:
        """Every row of ours, in the order of the file. Raises `VoucherError` at the end:
        footer_mismatch, file_cut_off, data_after_footer; so take them inside one transaction.
        """
        profile, plan = self.profile, self.plan
        self.read = self.ignored = 0
        ends, checks, tally, watched = self._ends, self._checks, footers.Tally(), self.watched
        # no row is counted apart or left out
        is_simple = not (checks or self._filters) and profile.kind != "redemptions"
        footer: list[str] = []
        above: dict[int, str] = {}
        # rejects are kept with their cells filled
        downward = () if self._found.is_our_export else plan.downward
        for line, row in self._found.part.rows():
            if line <= self._found.line:
                continue
            cleaned = plan.plain(row)
            if cleaned is None:
                if footer or _is_footer(ends, row):
                    self._take_footer(footer, line, row)
                    continue
                if not any(cell.strip(EDGE) for cell in row):
                    continue
                _fill_down(row, above, downward)
            elif footer:
                raise self.rows_follow(line)
            elif is_simple:
                self.read += 1
                yield Record(line, tuple(row), plan.quick_values(cleaned, ""))
                continue
            record, kind = self._record(line, row, cleaned)
            if checks:
                tally.add(line, kind, row, watched)
            if record is None:
                self.ignored += 1
            else:
                self.read += 1
                yield record
        self.compare(tally, footer)

    def compare(self, tally: footers.Tally, footer: list[str]) -> None:
        """Hold the rows that were counted against what the file says of itself. Raises
        `VoucherError`: file_cut_off, footer_mismatch.
        """
        profile = self.profile
        if self._ends and profile.footer_is_required and not footer:
            raise VoucherError(
                "file_cut_off",
                "{file} lacks its closing lines ({footer}): it is cut off",
                where=self.name,
                hint="fetch the file again; nothing was imported",
                file=self.name,
                footer=profile.footer,
            )
        if self._checks:
            footers.compare(profile, tally, "\n".join((self._found.preamble, *footer)), self.name)

    def check(self) -> None:
        """Read the whole file once, keeping nothing. Raises `VoucherError` when its last lines
        refuse it.
        """
        for _ in self.records():
            pass

    @property
    def watched(self) -> dict[str, int]:
        """The columns that some check sums, and where they stand."""
        return footers.watched(self.profile, self.plan)

    @property
    def header_line(self) -> int:
        """The line of the header; the rows stand under it."""
        return self._found.line

    def kind_of(self, text: str) -> str:
        """pay or refund, as the frames of large files have it (`columnar`); '' for anything
        else.
        """
        return text if text in ("pay", "refund") else ""

    def kind_in(self, place: int, cell: str) -> str:
        """pay or refund, of a row with that cell in the column that tells; '' when it has no
        meaning.
        """
        try:
            return self.plan.kind([cell if at == place else "" for at in range(len(self.header))])
        except RowFault:
            return ""

    @property
    def filters(self) -> dict[int, Callable[[str], bool]]:
        """Places of columns, and whether a row is left out for what its cell there says."""

        def rule(pattern: re.Pattern[str], *, is_only: bool) -> Callable[[str], bool]:
            return lambda cell: (pattern.search(id_text(cell)) is None) == is_only

        return {at: rule(pattern, is_only=is_only) for at, pattern, is_only in self._filters}

    def is_special(self, cell: str) -> bool:
        """Whether a row whose first cell is this one may be a footer, or the header once more."""
        text = cell.strip(EDGE)
        return (
            not text
            or self.plan.is_header([cell])
            or (self._ends is not None and self._ends.search(text) is not None)
        )

    def taken(
        self, line: int, row: list[str], footer: list[str]
    ) -> tuple[Record | None, str] | None:
        """One row by itself, and whether it is a payment or a refund, as `records` sees it behind
        the lines of `footer`; None for a blank row and for one of the footer, which is added there.
        Raises `VoucherError` data_after_footer.
        """
        cleaned = self.plan.plain(row)
        if cleaned is None and (footer or _is_footer(self._ends, row)):
            self._take_footer(footer, line, row)
            return None
        if footer:
            raise self.rows_follow(line)
        if cleaned is None and not any(cell.strip(EDGE) for cell in row):
            return None
        return self._record(line, row, cleaned)

    def record(self, line: int, row: list[str]) -> Record | None:
        """One row by itself, as `records` gives it; None for a blank row and for one that is not
        ours.
        """
        cleaned = self.plan.plain(row)
        if cleaned is None and not any(cell.strip(EDGE) for cell in row):
            return None
        return self._record(line, row, cleaned)[0]

    @property
    def may_be_cut(self) -> bool:
        """Whether rows may be kept before all are read: not when the file's last lines can refuse
        it as a whole.
        """
        return not (self._ends or self._checks)

    def has_lines(self, more_than: int) -> bool:
        """Whether it is a text of more than so many lines."""
        if self.text is None:
            return False
        with self.text.open() as stream:
            found = 0
            while found <= more_than and (piece := stream.read(PIECE)):
                found += piece.count(b"\n")
        return found > more_than

    def share_read(self) -> float | None:
        """How much of the file lies behind, 0 to 1; None when that is not known."""
        return self._share()

    def has(self, field: str) -> bool:
        """Whether the file says anything about this field of `FIELDS[kind]`; what it leaves out is
        not a blank.
        """
        return self.plan.has(field)

    def position(self, field: str) -> int | None:
        """Where the column stands that one of our fields is read from; None when there is none, or
        several.
        """
        if field == "kind" and self.profile.kind == "redemptions":
            return self.plan.position(*self.profile.kind_rule.columns)
        spec = self.profile.fields.get(field)
        return self.plan.position(*spec.columns) if spec else None

    def column(self, field: str) -> str:
        """The file's own name of the column that one of our fields is read from (ours, when it is
        made of several).
        """
        position = self.position(field)
        return field if position is None else self.header[position]

    def masked(self, cells: Sequence[str], mask: Callable[[str], str]) -> tuple[str, ...]:
        """The cells of a row with every identity put through `mask` (blank ones stay). In a row
        whose cells have shifted, everything from the first identity on may be one, and so may a
        cell that has swallowed a line.
        """
        if not self.identities:
            return tuple(cells)
        if len(cells) == len(self.header):
            places = set(self.identities)
        else:
            places = {
                at for at, cell in enumerate(cells) if at >= min(self.identities) or "\n" in cell
            }
        return tuple(
            mask(text) if at in places and (text := id_text(cell)) else cell
            for at, cell in enumerate(cells)
        )

    def _record(
        self, line: int, row: list[str], cleaned: list[str] | None
    ) -> tuple[Record | None, str]:
        """The record of a row (None: not ours) and whether it is a payment or a refund ('' when
        that cannot be told).
        """
        kind, plan = "", self.plan
        try:
            if cleaned is not None:
                kind = plan.kind(cleaned)
                if self._filters and self._is_ignored(cleaned):
                    return None, kind
                return Record(line, tuple(row), plan.quick_values(cleaned, kind)), kind
            row = self._trimmed(row)
            self._refuse_damaged(row)
            kind = plan.kind(row)
            if self._is_ignored(row):
                return None, kind
            return Record(line, tuple(row), plan.values(row, kind)), kind
        except RowFault as fault:
            return (
                Record(
                    line,
                    tuple(row),
                    ("",) * len(FIELDS[self.profile.kind]),
                    self._unnamed(fault.problem),
                ),
                kind,
            )

    def _trimmed(self, row: list[str]) -> list[str]:
        """The row without the blank cells under the blank end of the header. A row that is longer
        than the header's is left alone: a comma inside an amount has shifted it, and its last cell
        is blank because the last column mostly is.
        """
        width = len(self.header)
        is_padded = width < len(row) == self._found.width and not any(
            cell.strip(EDGE) for cell in row[width:]
        )
        return row[:width] if is_padded and not isinstance(row, BrokenRow) else row

    def _refuse_damaged(self, row: list[str]) -> None:
        """Raises `RowFault` when the row is broken, has another width than the header, or is the
        header once more.
        """
        width = len(self.header)
        if isinstance(row, BrokenRow):
            raise RowFault(Problem("bad_row", "a quote mark in this line is never closed"))
        if len(row) != width:
            raise RowFault(
                Problem(
                    "bad_row",
                    "the row has {cells} cells, the header {columns}: a comma inside an amount, or"
                    " the row is cut off",
                    params={"cells": len(row), "columns": width},
                )
            )
        if column_key(row[0]) == self._keys[0] and [column_key(cell) for cell in row] == self._keys:
            raise RowFault(Problem("bad_row", "this is the header once more"))

    def _is_ignored(self, row: Sequence[str]) -> bool:
        return any(
            (pattern.search(id_text(row[at])) is None) == is_only
            for at, pattern, is_only in self._filters
        )

    def _take_footer(self, footer: list[str], line: int, row: list[str]) -> None:
        text = headers.row_text(row)
        filled = sum(1 for cell in row if cell.strip(EDGE))
        if len(footer) >= footers.MAX_ROWS or (
            len(row) == len(self.header) and filled > max(3, len(row) * 0.6)
        ):
            raise self.rows_follow(line)
        if text:
            footer.append(text)

    def rows_follow(self, line: int) -> VoucherError:
        """The refusal of a file that has rows behind its last lines."""
        return VoucherError(
            "data_after_footer",
            "{file} has more rows after its closing lines: two files seem to be joined",
            hint="split it into its files; nothing was imported",
            where=f"{self.name}:{line}",
            file=self.name,
        )

    def _identity_positions(self) -> tuple[int, ...]:
        """The columns that hold people: the resident's (unless the platform's number is opaque),
        those of `identities:`, and for claims and redemptions every column known by such a name.
        """
        named = [*self.profile.identities, *(PERSONAL if self.profile.kind != "merchants" else ())]
        resident = self.profile.fields.get("resident")
        own = [*resident.columns, *resident.join] if resident else []
        keys = {column_key(name) for name in named} | {column_key(name) for name in own}
        if self.profile.is_opaque:
            keys -= {column_key(name) for name in own}
        return tuple(at for at, key in enumerate(self._keys) if key in keys)

    def _unnamed(self, problem: Problem) -> Problem:
        """The problem with its place, and without the identity when it is about one."""
        params = dict(problem.params)
        if "value" in params and column_key(str(params.get("column", ""))) in {
            self._keys[at] for at in self.identities
        }:
            params["value"] = HIDDEN
        return Problem(
            problem.code, problem.text, problem.where, problem.hint, problem.level, params
        )


def _is_footer(ends: re.Pattern[str] | None, row: list[str]) -> bool:
    return (
        ends is not None
        and bool(row)
        and ends.search(row[0].strip(EDGE) or headers.row_text(row).lstrip(",")) is not None
    )


def _fill_down(row: list[str], above: dict[int, str], downward: Iterable[int]) -> None:
    """Give the blank cells of those columns what stands above them, and remember what now stands
    there.
    """
    for at in downward:
        if at < len(row) and not isinstance(row, BrokenRow):
            row[at] = above[at] = row[at] if row[at].strip(EDGE) else above.get(at, "")
