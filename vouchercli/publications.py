"""What is published for everybody: tables of sums, each documented in Chinese and English, whatever
kind of file they go into.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# text; count: a whole number; yuan: an amount, in the rows integer fen; ratio and rate (a share of
# 1): decimal strings; day: `2020-03-27`; time: `2020-03-27 08:00:00`, local
Shape = Literal["text", "count", "yuan", "ratio", "rate", "day", "time"]


class Both(NamedTuple):
    """A text in Chinese and in English."""

    zh: str
    en: str

    def __str__(self) -> str:
        """Both together, as a reader sees them who may know one of them."""
        return self.zh if self.zh == self.en else f"{self.zh} · {self.en}"


@dataclass(frozen=True)
class Field:
    """A column: its name in files, its heading, what it means, and the words for its codes."""

    name: str
    shape: Shape
    title: Both
    meaning: Both
    words: dict[str, Both] = field(default_factory=dict)


class OpenTable(NamedTuple):
    """Rows (None: not there, or not shown) under fields; the fields of its `key` name a row."""

    name: str
    title: Both
    meaning: Both
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Publication(NamedTuple):
    """The tables of a programme, and what is to be known of all of them."""

    code: str
    title: Both
    meaning: Both
    tables: tuple[OpenTable, ...]

    def words(self) -> Iterator[tuple[str, str, Both]]:
        """Every code with its words: (field, code, words), each once."""
        known = {
            (each.name, code): words
            for table in self.tables
            for each in table.fields
            for code, words in each.words.items()
        }
        for (name, code), words in sorted(known.items()):
            yield name, code, words
