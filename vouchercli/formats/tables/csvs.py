"""CSV records with the line where each begins. A record that parses strictly (RFC 4180) is
believed, whatever stands in its cells; where the quote marks do not fit together, every line of
that place is given back as a `BrokenRow`, and reading goes on behind it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TAIL = re.compile(r"\t+(?=[,;\r\n]|\Z)")  # a TAB behind every value: no delimiter
SAMPLE = 1 << 16
MAX_CELL = 1 << 20
SHOWN = 1000  # characters kept of a line that is one endless cell
# Lines behind a quote mark that nothing closes: no remark has so many that all look like rows.
REACH = 50
NO_WIDTHS: frozenset[int] = frozenset()
IN, OUT = "in", "out"  # where a line stands: within a quoted cell, or at the beginning of a record


class LongRow(list[str]):
    """A record over several lines; `lines` are those behind its first, as they stand."""

    def __init__(self, cells: Iterable[str], lines: tuple[str, ...]) -> None:
        super().__init__(cells)
        self.lines = lines


class BrokenRow(list[str]):
    """The cells of a line in a place, from line `first` to `last`, where the quote marks do not
    fit together. `is_open`: nothing closes the quote mark in its first line.
    """

    def __init__(
        self, cells: Iterable[str], first: int = 0, last: int = 0, *, is_open: bool = True
    ) -> None:
        super().__init__(cells)
        self.first, self.last, self.is_open = first, last, is_open


def rows(
    open_bytes: Callable[[], BinaryIO],
    encoding: str,
    delimiter: str,
    after: int = 0,
    widths: frozenset[int] = NO_WIDTHS,
) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of every record behind line `after`; line 1 is the first. Cells are as
    they stand, marks included, without the blanks before them. `widths`: how many cells a row may
    have, where that is known.
    """
    csv.field_size_limit(MAX_CELL)
    with open_bytes() as raw, io.TextIOWrapper(raw, codec_of(encoding), newline="") as text:
        yield from records(islice(text, after, None), delimiter, after + 1, widths)


def groups(
    open_bytes: Callable[[], BinaryIO], encoding: str, delimiter: str, after: int, at_once: int
) -> Iterator[tuple[int, list[list[str]]]]:
    """(first line, cells of `at_once` lines) behind line `after`, for as long as each line is a
    record by itself; no cells where that ends before the file does.
    """
    csv.field_size_limit(MAX_CELL)
    with open_bytes() as raw, io.TextIOWrapper(raw, codec_of(encoding), newline="") as text:
        lines, first = islice(text, after, None), after + 1
        while some := [*islice(lines, at_once)]:
            try:
                found = [*_reader(some, delimiter, is_strict=True)]
            except csv.Error:
                found = []
            if len(found) != len(some):
                yield first, []
                return
            yield first, found
            first += len(some)


def delimiter_of(open_bytes: Callable[[], BinaryIO], encoding: str) -> str:
    """Comma, unless there are more TABs, semicolons or upright strokes at the beginning of the
    file: what is taken where no header tells.
    """
    with open_bytes() as raw:
        sample = raw.read(SAMPLE).decode(codec_of(encoding), "ignore")
    return max(",", "\t", ";", "|", key=TAIL.sub("", sample).count)


def codec_of(encoding: str) -> str:
    """The codec that leaves out the byte order mark of UTF-8."""
    return "utf-8-sig" if encoding == "utf-8" else encoding


def records(
    lines: Iterable[str], delimiter: str, first: int = 1, widths: frozenset[int] = NO_WIDTHS
) -> Iterator[tuple[int, list[str]]]:
    """The records of `lines`, whose first has the number `first`."""
    lines = iter(lines)
    marks = _marks(delimiter)
    pending: list[str] = []  # lines of the record that is being read
    reader = _reader(_pass_on(lines, pending, []), delimiter, is_strict=True)
    try:  # as fast as can be, for as long as nothing is odd
        for row in reader:
            if len(pending) == 1:
                yield first, row
            elif bool(widths) and len(row) not in widths and marks.hold_row(pending, widths):
                break
            else:
                yield first, LongRow(row, tuple(pending[1:]))
            first += len(pending)
            pending.clear()
        else:
            return
    except csv.Error:
        pass
    yield from _with_care(_Ahead(pending, lines), marks, first, widths)


def _reader(
    lines: Iterable[str], delimiter: str, *, is_strict: bool = False
) -> Iterator[list[str]]:
    """The reader of CSV. Blanks behind a delimiter are none of the cell: `a, "b, c"` is two."""
    has_blanks = delimiter != " "
    return csv.reader(lines, delimiter=delimiter, strict=is_strict, skipinitialspace=has_blanks)


def _with_care(
    ahead: _Ahead, marks: _Marks, first: int, widths: frozenset[int]
) -> Iterator[tuple[int, list[str]]]:
    """The records of a file in which some place is damaged, or marks stand behind quoted cells."""
    delimiter = marks.delimiter
    while True:  # once, and again after each damaged place
        pending: list[str] = []
        ended: list[bool] = []
        reader = _reader(_pass_on(ahead, pending, ended), delimiter)
        try:
            for row in reader:
                if len(pending) == 1:
                    if '"' in pending[0] and (ended or not marks.is_whole(pending[0])):
                        break
                    yield first, row
                elif ended or _is_swallowed(pending, len(row), marks, widths):
                    break
                else:
                    yield first, LongRow(row, tuple(pending[1:]))
                first += len(pending)
                pending.clear()
            else:
                return
        except csv.Error:  # a cell longer than any cell: an unclosed quote
            pass
        ahead.give_back(pending)
        place = _damaged_place(ahead, marks)
        last, is_open = first + len(place) - 1, _stays_open(place[0], delimiter)
        for number, line in enumerate(place, first):
            if line.strip():
                cells = cells_of(line, delimiter)
                yield number, BrokenRow(cells, first, last, is_open=is_open)
        first = last + 1


class _Ahead:
    """Lines that can be looked at before they are taken."""

    def __init__(self, seen: list[str], lines: Iterator[str]) -> None:
        self._lines, self._seen = lines, deque(seen)

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self._seen.popleft() if self._seen else next(self._lines, None)
            if line is None:
                return
            yield line

    def give_back(self, lines: list[str]) -> None:
        self._seen.extendleft(reversed(lines))

    def look(self) -> Iterator[str]:
        """The coming lines, which stay."""
        at = 0
        while True:
            if at == len(self._seen):
                line = next(self._lines, None)
                if line is None:
                    return
                self._seen.append(line)
            yield self._seen[at]
            at += 1

    def take(self, count: int) -> list[str]:
        return [self._seen.popleft() for _ in range(count)]


def _pass_on(lines: Iterable[str], pending: list[str], ended: list[bool]) -> Iterator[str]:
    """Pass the lines on and note them; fill `ended` when the reader asks for more than there
    is.
    """
    for line in lines:
        pending.append(line)
        yield line
    if pending:  # in the middle of a record
        ended.append(True)


class _Marks(NamedTuple):
    """How the quote marks of a line may fit together."""

    delimiter: str
    whole: re.Pattern[str]  # a record from its beginning to its end
    opening: re.Pattern[str]  # a record that a quoted cell continues on the next line
    closing: re.Pattern[str]  # the end of a quoted cell, and the rest of its record
    inner: re.Pattern[str]  # within a quoted cell from its beginning to its end

    def is_whole(self, line: str) -> bool:
        """Whether the line by itself is a well-formed record."""
        return self.whole.fullmatch(line) is not None

    def is_row(self, line: str, widths: frozenset[int]) -> bool:
        """Whether it could be a row of the file by itself."""
        return self.is_whole(line) and len(cells_of(line, self.delimiter)) in widths

    def hold_row(self, lines: list[str], widths: frozenset[int]) -> bool:
        """Whether a line behind the first could be a row by itself."""
        return any(self.is_row(line, widths) for line in lines[1:])


@lru_cache(maxsize=64)
def _marks(delimiter: str) -> _Marks:
    """The grammar of a line. `"398…"<TAB>,` is well-formed: payment exports write it so. A quote
    mark inside a cell that does not begin with one is text; `, "b"` begins with one.
    """
    mark, blanks, text, cell = _grammar(delimiter)
    before = _before(delimiter)
    rest = rf"(?:{mark}{cell})*+"
    end = r"(?:\r\n|\r|\n)?"
    return _Marks(
        delimiter,
        re.compile(cell + rest + end),
        re.compile(rf'(?:{cell}{mark})*?{before}"{text}'),
        re.compile(rf'{text}"{blanks}{rest}{end}'),
        re.compile(rf'{text}(?:"{blanks}{mark}(?:{cell}{mark})*?{before}"{text})?'),
    )


def _grammar(delimiter: str) -> tuple[str, str, str, str]:
    """The parts of `_marks`: delimiter, what may stand behind a quoted cell, its text, a cell."""
    mark = re.escape(delimiter)
    blanks = "[ ]*+" if delimiter == "\t" else "[\t ]*+"
    text, before = r'(?:[^"]|"")*+', _before(delimiter)
    return mark, blanks, text, rf'(?:{before}"{text}"{blanks}|(?!{before}")[^{mark}\r\n]*+)'


def _before(delimiter: str) -> str:
    """The blanks that may stand before a quoted cell."""
    return "" if delimiter == " " else "[ ]*+"


def whole_line(delimiter: str) -> re.Pattern[bytes]:
    """A well-formed record of one line, without its end, as bytes of UTF-8."""
    mark, _, _, cell = _grammar(delimiter)
    return re.compile(rf"{cell}(?:{mark}{cell})*+".encode())


def _is_swallowed(lines: list[str], cells: int, marks: _Marks, widths: frozenset[int]) -> bool:
    """Whether a record over several lines is none: it is not well quoted; or it has not the width
    of the file's rows, and lines inside it have.
    """
    if not marks.is_whole("".join(lines)):
        return True
    return bool(widths) and cells not in widths and marks.hold_row(lines, widths)


def _damaged_place(ahead: _Ahead, marks: _Marks) -> list[str]:
    """The lines that cannot be told apart, taken from the coming ones. Behind the first it is not
    known whether a line stands within its cell, or begins a record: the place goes on until both
    readings agree on what follows, or the first is refuted.
    """
    coming = ahead.look()
    is_open = _stays_open(next(coming), marks.delimiter)
    within, outside = {IN}, {OUT}  # where the next line may stand, by either reading
    count, size = 1, 0
    for line in coming:
        size += len(line)
        if size > MAX_CELL or (not is_open and count > REACH):
            break
        count += 1
        if '"' not in line:
            continue
        within, outside = _behind(line, within, marks), _behind(line, outside, marks)
        if not (within or outside):  # this line is the next damaged one
            return ahead.take(min(count - 1, REACH + 1) if is_open else 1)
        if within | outside == {OUT}:
            if within:
                return ahead.take(count)
            break  # what closed the cell by chance opens another one
    return ahead.take(min(count, REACH + 1) if is_open else 1)


def _behind(line: str, states: set[str], marks: _Marks) -> set[str]:
    """Where the line behind this one may stand; nowhere when this one cannot stand so."""
    found = set()
    if OUT in states:
        if marks.is_whole(line):
            found.add(OUT)
        if marks.opening.fullmatch(line):
            found.add(IN)
    if IN in states:
        if marks.closing.fullmatch(line):
            found.add(OUT)
        if marks.inner.fullmatch(line):
            found.add(IN)
    return found


def _stays_open(line: str, delimiter: str) -> bool:
    """Whether a reader of CSV would read on behind this line."""
    pending: list[str] = []
    ended: list[bool] = []
    try:
        next(_reader(_pass_on(iter([line]), pending, ended), delimiter), None)
    except csv.Error:
        return True
    return bool(ended)


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line by itself."""
    try:
        return next(_reader([line], delimiter), [])
    except csv.Error:
        return BrokenRow([line[:SHOWN] + "…"])
