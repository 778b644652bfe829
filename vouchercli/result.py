"""What an operation returns: an `Outcome` made of plain values; `cli.show` is the only place that
renders one.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vouchercli import identities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


Status = Literal["ok", "partial", "failed", "refused"]
Kind = Literal[
    "text",
    "word",
    "sentence",
    "code",
    "deed",
    "entry",
    "int",
    "fen",
    "ratio",
    "rate",
    "change",
    "time",
    "end",
    "span",
    "date",
    "token",
    "figure",
]


class Word(str):
    """A value that is itself a word of ours (a state, a unit) and so is translated inside a
    sentence.
    """

    __slots__ = ()


class Clauses(str):
    """Texts that stand side by side, semicolons between them: each language has its own."""

    __slots__ = ()


class Amount(int):
    """An amount in fen inside a sentence: people read it in the unit of its size, programs
    exactly.
    """

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Exact yuan, grouped by thousands."""
        sign = "-" if self < 0 else ""
        return f"{sign}{abs(self) // 100:,}.{abs(self) % 100:02d}"


class Figure(NamedTuple):
    """A value that brings its own kind: of a column whose rows are of different kinds."""

    kind: Kind
    value: Any


NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
REFUSALS = {
    errno.EACCES: Word("permission denied"),
    errno.EPERM: Word("permission denied"),
    errno.EROFS: Word("the file system is read-only"),
    errno.ENOENT: Word("no such file or folder"),
    errno.ENOTDIR: Word("a part of its path is a file"),
    errno.EISDIR: Word("it is a folder"),
    errno.ENAMETOOLONG: Word("its name is too long"),
    errno.ENOSPC: Word("the disk is full"),
    errno.EDQUOT: Word("the disk is full"),
}


def because(error: OSError) -> str:
    """Why the machine refuses a file: in words that are translated, else as the machine says it."""
    return REFUSALS.get(error.errno or 0) or error.strerror or str(error)


@dataclass(frozen=True)
class Message:
    """A sentence for a person: an English `str.format` template and its values (Chinese is found by
    the template). A value that holds a person's identity loses it.
    """

    text: str
    params: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", identities.hide_values(self.params))

    def __str__(self) -> str:
        """The sentence in English, also where it stands inside another one."""
        return self.text.format(**self.params)


def say(text: str, /, **params: Any) -> Message:
    """A `Message`, short to write."""
    return Message(text, params)


@dataclass(frozen=True)
class Problem:
    """One fault in data, a value: it is collected and counted, never raised.

    `where` is `file:line`, `file:line:column` or ''; `level` is "error" (a rejected row, a failed
    check) or "warning". `programme` is named in its hint; None: the one that the command named.
    Values that hold a person's identity lose it.
    """

    code: str
    text: str
    where: str = ""
    hint: str = ""
    level: Literal["error", "warning"] = "error"
    params: dict[str, Any] = field(default_factory=dict)
    programme: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", identities.hide_values(self.params))
        object.__setattr__(self, "where", identities.hide(self.where))


Rendering = Literal["table", "csv", "json"]
SHOWN: tuple[Rendering, ...] = ("table", "csv")  # to people and spreadsheets, not to programs
DATA: tuple[Rendering, ...] = ("csv", "json")  # to spreadsheets and programs: too much for a screen
JSON: tuple[Rendering, ...] = ("json",)
SCREEN: tuple[Rendering, ...] = ("table",)
CSV: tuple[Rendering, ...] = ("csv",)
EVERYWHERE: tuple[Rendering, ...] = ("table", "csv", "json")


@dataclass(frozen=True)
class Column:
    """A column of a table. `key` names it in JSON and CSV; `label` is its English heading
    (translated when shown).

    `kind` says what the values are and so how each rendering writes them: text, word (one of ours,
    translated for people), sentence (a `Message`; JSON has it in English), int, fen (integer fen:
    JSON has it under `key`, CSV has yuan under `*_yuan`), ratio (decimal string such as "13.24"),
    rate (decimal string, a share of 1 such as "0.7020", shown as 70.2 %), change (the same of what
    is more, shown as +70.2 %), time (UTC epoch seconds),
    end (the same; midnight is 24:00 of the day before), span (a length in seconds), date (integer
    yyyymmdd), token (the bytes of a resident's keyed token), figure (a `Figure`),
    code (a reason code: Chinese readers see its words before it), deed (an action of the log: its
    words, then its code), entry (a key or a value of a
    template's file: Chinese readers see words instead). None is shown as an en
    dash, a list with commas between its items (semicolons between `Message`s).

    A row has the value under `source`, or under `key` when that is empty; `shown` is where a row
    has what people and spreadsheets read instead. `where` names the renderings that have the
    column. For a person's table only: `blank` is what an empty text reads as ("(not stated)"); an
    `optional` column is left out when all its values are 0 or None. The label of a `verbatim`
    column is data (a funder's code), never translated. `page`: its values have pages of this kind
    in a site (`report site`). `meaning`: what its values mean, of which pages tell.
    """

    key: str
    label: str = ""
    kind: Kind = "text"
    blank: str = ""
    optional: bool = False
    where: tuple[Rendering, ...] = EVERYWHERE
    verbatim: bool = False
    source: str = ""
    shown: str = ""
    page: str = ""
    meaning: str = ""

    def values(self, rows: Sequence[Row]) -> list[Any]:
        """What each row has for this column, for a program; None where it has nothing."""
        return _values(rows, self.source or self.key)

    def shown_values(self, rows: Sequence[Row]) -> list[Any]:
        """The same for people and spreadsheets."""
        return _values(rows, self.shown or self.source or self.key)

    def of(self, row: Row) -> Any:
        """What people and spreadsheets read of one row."""
        return self.shown_values([row])[0]


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    return [row.get(name) if isinstance(row, dict) else getattr(row, name, None) for row in rows]


def only(
    where: tuple[Rendering, ...], *columns: Column | str, kind: Kind = "text"
) -> tuple[Column, ...]:
    """The columns (of some the keys are enough, all of one kind), in these renderings only."""
    return tuple(
        replace(each, where=where)
        if isinstance(each, Column)
        else Column(each, kind=kind, where=where)
        for each in columns
    )


MOST_COUNTED = 10_000  # rows of a list that are not shown: nobody waits for the count of more
Row = Any  # a dictionary, or an object with attributes: a NamedTuple of the store, a rule's value


@dataclass(frozen=True)
class Table:
    """Rows under columns, for every rendering alike: Rich, CSV, JSON.

    `rows` and `total` give a value for each column. `key` is the name under which JSON has the
    rows, as a list of objects; `residents.districts` is a list in the object `residents`; a table
    without a key is not in JSON. With `is_record` the table has one row: JSON has an object instead
    of a list (with the key "" its fields stand beside the other data), a person sees a line for
    each column.

    `bars` is the key of a column of which pages show a picture: a bar for each row. `where` names
    the renderings that have the table. `total_key` is the name under which JSON has
    the total; without rows nobody else sees one. What repeats or explains another table for a
    person is for the `SCREEN` alone, not for CSV. An `optional` table without rows is for JSON
    alone. `rest`: rows of a long list behind
    `rows`, each read once, as it is shown.
    """

    title: Message
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    total: dict[str, Any] | None = None
    notes: tuple[Message, ...] = ()
    zone: str = "Asia/Shanghai"
    key: str | None = None
    is_record: bool = False
    total_key: str = ""
    optional: bool = False
    where: tuple[Rendering, ...] = EVERYWHERE
    bars: str = ""
    rest: Iterable[Row] = ()

    def read(self) -> Table:
        """The same with all rows at hand."""
        return replace(self, rows=[*self.rows, *self.rest], rest=())

    @property
    def lines(self) -> list[Row]:
        """The rows and, below them, their total."""
        return [*self.rows, *([self.total] if self.total and self.rows else ())]

    def is_in(self, rendering: Rendering) -> bool:
        """Whether people or spreadsheets see anything of it."""
        if self.optional and not self.rows:
            return False
        has_columns = any(rendering in column.where for column in self.columns)
        return has_columns and rendering in self.where


@dataclass(frozen=True)
class Outcome:
    """All that an operation gives back.

    JSON answers `data` together with the tables that have a key (`ops.answers`). `data` holds what
    no table shows (only str, int, bool, None, list and dict; money as `*_fen`, ratios as decimal
    strings, times as ISO-8601 with offset). `tables` go to stdout, `says` (what was done, what to
    do next) to stderr. `status`: ok -> exit 0, partial -> 4 (rejects kept), failed -> 5 (a check
    failed), refused -> 3. Of a list, `left` is how many rows were asked for and are not shown. A
    `document` (a YAML text, the bytes of a workbook) goes to stdout as it is, but not beside JSON.
    """

    data: Any = None
    tables: tuple[Table, ...] = ()
    says: tuple[Message, ...] = ()
    problems: tuple[Problem, ...] = ()
    status: Status = "ok"
    left: int | None = None
    document: str | bytes | None = None
