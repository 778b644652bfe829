"""A platform's file as our own fields: `Reading.records` streams the rows.

Nothing is ever silently left out: every row under the header comes as a `Record` (perhaps with a
fault), or is counted in `ignored` because the profile says that it is not ours, or is the footer,
whose counts and totals are then compared.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import (
    FIELDS_OF,
    JOINING,
    KEYS,
    PARTS_OF_PERSONAL,
    PERSONAL,
    WITH_REFUNDS,
)
from vouchercli.formats.tables import (
    csvs,
    currencies,
    footers,
    headers,
    line_texts,
    readers,
    sheets,
    surplus,
)
from vouchercli.formats.tables.cells import EDGE, Number, column_key, column_keys, id_text
from vouchercli.formats.tables.csvs import BrokenRow, LongRow, cells_of
from vouchercli.formats.tables.nothing import DAMAGED, is_error, is_nothing
from vouchercli.formats.tables.origins import Cell, Key, parts_of, places_of
from vouchercli.formats.tables.plans import Plan
from vouchercli.formats.tables.readers import RowFault
from vouchercli.result import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vouchercli.formats.tables.headers import Header
    from vouchercli.formats.tables.sources import Source

ANY_TEXT = ("device", "account")  # fields of persons that no row is refused for
SAMPLE = 100  # rows that show what the keys of a file look like
SEPARATOR = "\x1f"  # between cells that are looked at together: no identity goes over it
LINE_END = re.compile(r"\r\n|\r|\n")


class Record(NamedTuple):
    """One row: its first line in the file, its cells as they came, and `FIELDS_OF[kind]` as cleaned
    text, or its fault; `kept` is the JSON of a row that was accepted once and is kept by our own
    fields. `holds_rows`: the first and last line of a row one of whose cells holds lines that
    could be rows.
    """

    line: int
    cells: tuple[str, ...]
    values: tuple[str, ...]
    fault: Problem | None = None
    kept: str | None = None
    holds_rows: tuple[int, int] | None = None


class Reading:
    """A file whose header is known. `read` (rows given as records) and `ignored` (rows that are not
    ours) count while `records()` runs; when it ends without raising, the file's own counts and
    totals have been found right. `filters`: places of columns, and whether a row is left out for
    what its cell there says; `watched`: the columns that some check sums, and where they stand;
    `currency`: where the column stands that says in which currency the amounts are, if it does;
    `share_read()`: the part of the file that has been read, 0 to 1 (None: not known); `numbers`:
    where a sheet holds numbers in columns of codes, and their names;
    `usual_widths`: how many digits most numbers of a key have, where they have nothing but digits.
    """

    def __init__(self, source: Source, header: Header, *, kept_width: int | None = None) -> None:
        self.profile = header.profile
        self.name, self.sha256, self.encoding = source.name, source.sha256, source.encoding
        self.text, self.delimiter = source.text, header.part.delimiter
        self._lines = (
            None
            if source.text is None
            else line_texts.LineText(source.text, source.encoding, self.delimiter)
        )
        self.share_read, self.hidden_sheets = source.share, source.hidden
        self.is_guess = source.is_guess and not any(
            name and not name.isascii() for name in header.names
        )
        self.header = header.names[:kept_width]
        # more than the header's when every row has one blank cell behind its last
        self.width = len(self.header)
        self._headers = (header, *header.more)
        self.sheets = tuple(each.part.name for each in self._headers) if header.more else ()
        self.read = self.ignored = 0
        self._header_row = header
        self.plan = plan = Plan(self.profile, self.header)
        self._keys = [column_key(name) for name in self.header]
        used = headers.in_use(self.profile, set(self._keys)) | column_keys(headers.REJECT_COLUMNS)
        self.currency = currencies.place_of(self.profile.kind, self._keys, used)
        self.extra = tuple(
            identities.hide(name)
            for at, (name, key) in enumerate(zip(self.header, self._keys, strict=True))
            if name and key not in used and at != self.currency
        )
        self.identities = self._identity_positions()
        # of persons' columns from which the profile takes a part, or words
        self._persons = {
            part.place: readers.reader_of(part)
            for part in plan.parts
            if isinstance(part, Cell)
            and part.place in self.identities
            and (part.spec.pattern or part.spec.words)
        }
        # what stands in these is kept as a token, whatever it is
        self._unjudged = {
            self.position(field)
            for field in ANY_TEXT
            if field in FIELDS_OF[self.profile.kind] and self.has(field)
        }
        self.usual_widths: dict[str, int] = {}
        self._kept = {
            place
            for field in KEYS[self.profile.kind]
            if not self.is_composed(field)
            for part in parts_of(plan.origins[field])
            for place in places_of(part)
        } - set(self.identities)
        self._free = [
            at
            for at in range(len(self.header))
            if at not in self._kept and at not in self.identities
        ]
        is_whole = not header.is_our_export
        self._footer = re.compile(self.profile.footer) if self.profile.footer and is_whole else None
        self._checks = self.profile.checks if is_whole else ()
        summed = {column for check in self.profile.checks for column in check.sums.values()}
        self.watched = {
            name: place for name in summed if (place := plan.position(name)) is not None
        }
        self.filters = [
            (place, _filter(re.compile(rule.like), is_only=is_only))
            for rules, is_only in ((self.profile.skip, False), (self.profile.only, True))
            for rule in rules
            if (place := plan.position(rule.column)) is not None
        ]
        # rejects are kept with their blank cells filled
        self._downward = plan.downward if is_whole else set()
        self._above: dict[int, str] = {}
        self.numbers: dict[int, str] = {}
        wide = self.width + 1
        if is_whole and surplus.is_the_layout(self.rows(), wide, plan.amounts, self.is_special):
            self.width = wide

    def records(self, after: int = 0) -> Iterator[Record]:
        """Every row of ours, in the order of the file (of a text of lines that stand for
        themselves: those behind line `after`). Raises `VoucherError` at the end:
        footer_mismatch, file_cut_off, data_after_footer; so take them inside one transaction.
        """
        self.read = self.ignored = 0
        for number in range(len(self._headers)):
            yield from self._records_of(number, after)

    def _records_of(self, number: int, after: int) -> Iterator[Record]:
        """The rows of one sheet, or of the file; its last lines are compared with them alone."""
        plan = self.plan
        self._above = {}
        tally = footers.Tally(has_comma=self.profile.has_decimal_comma)
        # no row is counted apart or left out
        is_simple = not (
            self._checks
            or self.filters
            or self.currency is not None
            or self.profile.kind in WITH_REFUNDS
            or any(map(self.is_composed, plan.origins))  # one of its parts may be blank
        )
        footer: list[str] = []
        for line, row in self._watched(self._rows_of(number, after)):
            cleaned = plan.clean_row(row)
            is_long = row.__class__ is LongRow
            if is_simple and cleaned is not None and not (footer or is_long):
                self.read += 1
                try:
                    yield Record(line, tuple(row), plan.clean_values(cleaned, ""))
                except RowFault as fault:
                    yield self._faulty(line, row, fault)
                continue
            result = self._read_row(line, row, cleaned, footer)
            if result is None:
                continue
            record, kind = result
            if self._checks:
                tally.add(line, kind, row, self.watched)
            if record is None:
                self.ignored += 1
            else:
                self.read += 1
                yield record
        self.compare(tally, footer, number)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) of everything below the header, as it stands; of several sheets one behind
        the other, their columns in the order of the first.
        """
        for number in range(len(self._headers)):
            yield from self._rows_of(number)

    def _rows_of(self, number: int, after: int = 0) -> Iterator[tuple[int, list[str]]]:
        header = self._headers[number]
        names = [column_key(name) for name in header.names]
        places = headers.places_of(self._keys, names) if number else None
        widths = frozenset({len(self.header), self.width, header.width})
        has_surplus = self.width > len(self.header)
        for line, cells in header.part.rows(max(header.last_line, after), widths):
            if line <= header.line:
                continue
            row = self._without_surplus(cells) if has_surplus else cells
            if places is not None:
                padded = [*row, *[""] * (len(names) - len(row))]
                # what stands under no name makes the row wider than the header
                beyond = [cell for cell in padded[len(names) :] if cell.strip(EDGE)]
                row = [padded[at] if at is not None else "" for at in places] + beyond
            yield line + number * sheets.SHEET, row

    def _watched(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """The same rows; of a sheet, `numbers` takes the columns of codes that hold numbers."""
        if self.text is not None:
            yield from rows
            return
        codes = self.plan.codes
        for line, row in rows:
            for place in codes:
                if place < len(row) and type(row[place]) is Number:
                    self.numbers[place] = self.header[place]
            yield line, row

    def _without_surplus(self, row: list[str]) -> list[str]:
        """The row without the blank cell that every row of the file has behind its last."""
        width = len(self.header)
        if len(row) == self.width > width and not isinstance(row, BrokenRow):
            return LongRow(row[:width], row.lines) if isinstance(row, LongRow) else row[:width]
        return row

    def compare(self, tally: footers.Tally, footer: list[str], number: int = 0) -> None:
        """Compare the counted rows with the counts and sums that the file, or its sheet `number`,
        announces. Raises `VoucherError`: file_cut_off, footer_mismatch.
        """
        profile = self.profile
        if self._footer and profile.footer_is_required and not footer:
            raise VoucherError(
                "file_cut_off",
                "{file} lacks its closing lines ({footer}): it is cut off",
                where=self.name,
                hint="fetch the file again; nothing was imported",
                file=self.name,
                footer=profile.footer,
            )
        announced = "\n".join((self._headers[number].preamble, *footer))
        footers.compare(self._checks, tally, announced, self.name)

    def check(self) -> None:
        """Read the whole file once, keeping nothing. Raises `VoucherError` when its last lines
        refuse it.
        """
        for _ in self.records():
            pass

    @property
    def height(self) -> int:
        """How many rows the sheet has that the file is; 0: it is a text, or several sheets."""
        return 0 if self.text or len(self._headers) > 1 else self._header_row.part.height

    def as_lines(self) -> line_texts.LineText | None:
        """The file as a text of one line a row: a sheet is written out as one when this is asked
        first. None for several sheets, and a sheet that cannot be written so.
        """
        if self._lines is None and self.height:
            header = self._header_row
            found = line_texts.of_sheet(
                header.part.rows(header.last_line),
                self.name,
                header_line=header.line,
                width=self.width,
                full_width=header.width,
                codes=self.plan.codes,
            )
            if found is not None:
                self._lines, places = found
                self.share_read = self._lines.text.share
                self.numbers |= {place: self.header[place] for place in sorted(places)}
        return self._lines

    @property
    def header_line(self) -> int:
        """The line of the header; the rows are below it."""
        return self._header_row.line

    def is_special(self, cell: str) -> bool:
        """Whether a row whose first cell is this one may be a footer, or the header once more."""
        text = cell.strip(EDGE)
        return (
            not text
            or self.plan.is_header([cell])
            or (self._footer is not None and self._footer.search(text) is not None)
        )

    def read_row(
        self, line: int, row: list[str], footer: list[str]
    ) -> tuple[Record | None, str] | None:
        """One row by itself as a record (None: not ours), and whether it is a payment or a refund
        ('' when that is not clear), as `records` sees it behind the lines of `footer`; None for a
        blank row and for one of the footer, which is added there. Raises `VoucherError`
        data_after_footer.
        """
        row = self._without_surplus(row)
        return self._read_row(line, row, self.plan.clean_row(row), footer)

    def _read_row(
        self, line: int, row: list[str], cleaned: list[str] | None, footer: list[str]
    ) -> tuple[Record | None, str] | None:
        if cleaned is None:
            if footer or self._is_footer(row):
                self._add_to_footer(footer, line, row)
                return None
            if not any(cell.strip(EDGE) for cell in row):
                return None
            self._fill_down(row)
        elif footer:
            raise self.rows_follow(line)
        return self._record(line, row, cleaned)

    @property
    def may_be_cut(self) -> bool:
        """Whether rows may be kept before all are read: not when the file's last lines can refuse
        it as a whole.
        """
        return not (self._footer or self._checks)

    @property
    def is_of_single_lines(self) -> bool:
        """Whether it is a text each of whose lines stands for itself: none is the footer, compared
        with others, left out or filled from above.
        """
        return bool(
            self.text
            and self.delimiter
            and self.may_be_cut
            and self.width == len(self.header)
            and not (self._downward or self.filters or self.profile.kind in WITH_REFUNDS)
            and self.currency is None
            and not any(map(self.is_composed, self.plan.origins))
        )

    def groups(self, at_once: int) -> Iterator[tuple[int, list[list[str]]]]:
        """(first line, cells of so many lines) of a text of single lines; see `csvs.groups`."""
        assert self.text is not None
        behind = self._header_row.last_line
        return csvs.groups(self.text.open, self.encoding, self.delimiter, behind, at_once)

    def has_lines(self, more_than: int) -> bool:
        """Whether it is a text of more than so many lines."""
        if self.text is None:
            return False
        with self.text.open() as stream:
            return any(islice(stream, more_than, None))

    def has(self, field: str) -> bool:
        """Whether the file says anything about this field of `FIELDS_OF[kind]`; what it leaves out
        is not a blank.
        """
        return self.plan.has(field)

    def is_composed(self, field: str) -> bool:
        """Whether a field is made of several columns, names and addresses: it is no number."""
        return isinstance(self.plan.origins[field], Key)

    def position(self, field: str) -> int | None:
        """Where the column stands that one of our fields is read from; None when there is none, or
        several.
        """
        if field == "kind" and self.profile.kind in WITH_REFUNDS:
            return self.plan.position(*self.profile.kind_rule.columns)
        spec = self.profile.fields.get(field)
        return self.plan.position(*spec.columns) if spec else None

    def column(self, field: str) -> str:
        """The file's own name of the column that one of our fields is read from (ours, when it is
        made of several).
        """
        position = self.position(field)
        return field if position is None else self.header[position]

    def learn(self) -> list[Record]:
        """Look at the first rows, for `usual_widths`; returns them."""
        sample: list[Record] = []
        with suppress(VoucherError):  # what its end says is said when it is read
            sample.extend(islice(self.records(), SAMPLE))
        whole = [record.values for record in sample if record.fault is None]
        for field in KEYS[self.profile.kind]:
            place = FIELDS_OF[self.profile.kind].index(field)
            widths = Counter(
                len(values[place]) if values[place].isdecimal() else 0
                for values in whole
                if values[place]
            )
            width, rows = widths.most_common(1)[0] if widths else (0, 0)
            if width and 2 * rows > widths.total():
                self.usual_widths[field] = width
        return sample

    def masked(
        self,
        cells: Sequence[str],
        mask: Callable[[str], str],
        mask_any: Callable[[str], str] | None = None,
        *,
        is_in_place: bool,
    ) -> tuple[str, ...]:
        """The cells of a row with every identity put through `mask` (blank ones stay; devices and
        accounts, which may be any text, through `mask_any`): what stands
        in a person's column, and what looks like an identity anywhere else. Keys keep their numbers
        in a row whose cells are in their places. In a row whose cells have shifted, everything from
        the first person's column on may be an identity, and so may a cell that has swallowed a
        line.
        """
        width = len(self.header)
        if len(cells) == width:
            persons: set[int] = set(self.identities)
        elif self.identities:
            first = min(self.identities)
            persons = {at for at, cell in enumerate(cells) if at >= first or "\n" in cell}
        else:
            persons = set()
        looked_at = self._free if is_in_place and len(cells) == width else range(len(cells))
        is_doubtful = identities.SUSPECT.search(SEPARATOR.join([cells[at] for at in looked_at]))
        if not persons and not is_doubtful:
            return tuple(cells)
        masked = list(cells)
        for at in looked_at if is_doubtful else ():
            masked[at] = mask_found(cells[at], mask)
        for at in persons:
            is_read = at in self._persons and len(cells) == width
            if text := self._person(at, cells[at]) if is_read else id_text(cells[at]):
                masked[at] = (mask_any if mask_any and at in self._unjudged else mask)(text)
        return tuple(masked)

    def _person(self, place: int, cell: str) -> str:
        """Who stands in a cell of a person's column, by the profile's pattern and words; what they
        do not fit is nobody, and would be one once it is masked.
        """
        try:
            return self._persons[place](cell)
        except RowFault:
            text = id_text(cell)
            return text if is_nothing(text) or is_error(text) else DAMAGED

    def _record(
        self, line: int, row: list[str], cleaned: list[str] | None
    ) -> tuple[Record | None, str]:
        kind, plan, whole = "", self.plan, row
        try:
            if cleaned is None:
                row = self._trim(row)
                self._refuse_damaged(row)
            cells = row if cleaned is None else cleaned
            kind = plan.kind(cells)
            if self.filters and any(is_left_out(cells[at]) for at, is_left_out in self.filters):
                return None, kind
            if self.currency is not None:
                currencies.refuse_other(self.header[self.currency], cells[self.currency])
            make = plan.values if cleaned is None else plan.clean_values
            record = Record(line, tuple(row), make(cells, kind))
            if isinstance(whole, LongRow):
                record = record._replace(holds_rows=self._lines_like_rows(line, whole))
            return record, kind
        except RowFault as fault:
            return self._faulty(line, row, fault), kind

    def _faulty(self, line: int, row: list[str], fault: RowFault) -> Record:
        blank = ("",) * len(FIELDS_OF[self.profile.kind])
        # what no header is wide enough for is counted in the fault, but not kept cell by cell
        kept = row if len(row) <= headers.MAX_COLUMNS else [*row[: headers.MAX_COLUMNS], "…"]
        return Record(line, tuple(kept), blank, self._without_identity(fault.problem))

    def _lines_like_rows(self, line: int, row: LongRow) -> tuple[int, int] | None:
        """The first and last line of a row when a line of its cells could be a row of the file: it
        has the width, and a number in the column of numbers.
        """
        has_number = self.plan.has_number
        inside = [text for cell in row if not cell.isprintable() for text in cell.splitlines()]
        for text in (*row.lines, *inside):
            cells = cells_of(text, self.delimiter or ",")  # rejects are kept without it
            if len(cells) == self.width and has_number(cells):
                return line, line + len(row.lines)
        return None

    def _trim(self, row: list[str]) -> list[str]:
        """The row without the blank cells under the blank end of the header. A row that is longer
        than the header's is left alone: a comma inside an amount has shifted it, and its last cell
        is blank because the last column mostly is.
        """
        width = len(self.header)
        is_padded = width < len(row) == self._header_row.width and not any(
            cell.strip(EDGE) for cell in row[width:]
        )
        return row[:width] if is_padded and not isinstance(row, BrokenRow) else row

    def _refuse_damaged(self, row: list[str]) -> None:
        """Raises `RowFault` when the row is broken, has another width than the header, or is the
        header once more.
        """
        width = len(self.header)
        if isinstance(row, BrokenRow):
            raise RowFault(quote_problem(row))
        is_blank = len(row) == width + 1 and not row[-1].strip(EDGE)
        if is_blank and not surplus.may_be_cut(row, self.plan.amounts):
            raise RowFault(
                Problem(
                    "bad_row",
                    "one more cell than the header, the last is blank: one comma too many",
                )
            )
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

    def _is_footer(self, row: list[str]) -> bool:
        return (
            self._footer is not None
            and bool(row)
            and self._footer.search(row[0].strip(EDGE) or headers.row_text(row).lstrip(","))
            is not None
        )

    def _fill_down(self, row: list[str]) -> None:
        """Give the blank cells of merged columns what stands above them, and remember what now
        stands there.
        """
        for at in self._downward:
            if at < len(row) and not isinstance(row, BrokenRow):
                row[at] = self._above[at] = (
                    row[at] if row[at].strip(EDGE) else self._above.get(at, "")
                )

    def _add_to_footer(self, footer: list[str], line: int, row: list[str]) -> None:
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
        those of `identities:`, for all but merchants every column known by such a name, and unused
        ones whose name says so in part.
        """
        named = [*self.profile.identities, *(PERSONAL if self.profile.kind != "merchants" else ())]
        spec = self.profile.fields.get("resident")
        resident = column_keys((*spec.columns, *spec.join)) if spec else set()
        for name in JOINING:  # an account may look like anything
            if name in self.profile.fields:
                named += self.profile.fields[name].columns
        keys = column_keys(named)
        keys = keys - resident if self.profile.is_opaque else keys | resident
        used = {place for part in self.plan.parts for place in places_of(part)}
        return tuple(
            at
            for at, key in enumerate(self._keys)
            if key in keys or (at not in used and any(part in key for part in PARTS_OF_PERSONAL))
        )

    def _without_identity(self, problem: Problem) -> Problem:
        """The problem; an identity that it is about is hidden."""
        hidden = {self._keys[at] for at in self.identities}
        value = problem.params.get("value", "")
        if not value or column_key(problem.params["column"]) not in hidden:
            return problem
        if is_nothing(value) or is_error(value):
            return problem
        return replace(problem, params=problem.params | {"value": identities.HIDDEN})


def mask_found(text: str, mask: Callable[[str], str]) -> str:
    """A text with each identity in it put through `mask`, as the reader would have cleaned it."""
    return identities.mask(text, lambda found: mask(id_text(found)))


def as_read(cells: Any, detail: dict[str, Any], *, is_text: bool) -> Any:
    """The cells of a reject as they were read: a line of a damaged place stays one, whatever it
    looks like by itself, and a row over several lines of a text is one.
    """
    if not isinstance(cells, list):
        return cells
    if "last_line" in detail:
        return BrokenRow(cells, detail["first_line"], detail["last_line"])
    behind = [text for cell in cells for text in LINE_END.split(cell)[1:]]
    return LongRow(cells, tuple(behind)) if is_text and behind else cells


def quote_problem(row: BrokenRow) -> Problem:
    """What is said of a line whose quote marks do not fit together."""
    params = {"first_line": row.first, "last_line": row.last}
    if row.is_open and row.first == row.last:
        return Problem("bad_row", "a quote mark in this line is never closed", params=params)
    if row.first == row.last:
        text = (
            "the quote marks in this line do not fit together: one that stands inside a cell is"
            " written twice, and the last one closes the cell"
        )
        return Problem("bad_row", text, params=params)
    text = (
        "the quote marks in lines {first_line} to {last_line} do not fit together: nobody can tell"
        " which of these lines are rows"
    )
    return Problem("bad_row", text, params=params)


def _filter(pattern: re.Pattern[str], *, is_only: bool) -> Callable[[str], bool]:
    return lambda cell: (pattern.search(id_text(cell)) is None) == is_only
