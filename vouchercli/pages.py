"""What a page holds, whatever form it takes: tables with their notes, what it is about, what its
words mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

Shape = Literal["text", "int", "yuan", "ratio", "rate", "change"]


class Cell(NamedTuple):
    """A value as people read it, and the number that it is (None: no number). A rate or a
    change is a share of 1, an amount is in yuan. Of a workbook numbers have no text. In a site,
    `href` is the page that tells more of it ('': none).
    """

    text: str
    number: int | Decimal | None = None
    href: str = ""


class Heading(NamedTuple):
    """The heading of a column, and what its values are."""

    text: str
    shape: Shape = "text"

    @property
    def is_number(self) -> bool:
        """Whether its values stand to the right."""
        return self.shape != "text"


class Bars(NamedTuple):
    """A picture of a grid: a bar for each row, as long as the number of one of its columns."""

    label_at: int
    value_at: int


@dataclass(frozen=True)
class Grid:
    """A table: rows under headings; with `has_total` the last row is their total."""

    title: str
    headings: tuple[Heading, ...]
    rows: Sequence[list[Cell]]
    has_total: bool = False
    notes: tuple[str, ...] = ()
    bars: Bars | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is sentences: one column without a heading."""
        return len(self.headings) == 1 and not self.headings[0].text

    @property
    def body(self) -> Sequence[list[Cell]]:
        """The rows without the total."""
        return self.rows[:-1] if self.has_total else self.rows


class Words(NamedTuple):
    """The few words that forms add by themselves, in the reader's language."""

    about: str
    meanings: str
    notes: str
    nothing: str


@dataclass(frozen=True)
class Page:
    """A page in a language (`zh` or `en`): what it is `about` (label and value), its grids, what
    its words mean (word and meaning), and what is said beside them.
    """

    language: str
    title: str
    about: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    meanings: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    words: Words


class SearchWords(NamedTuple):
    """What the search of a site says; `found` and `reading` have {shown}, {count}, {read} and
    {parts} for the page to fill in."""

    label: str
    found: str
    nothing: str
    reading: str
    no_script: str


class Frame(NamedTuple):
    """What stands around a page of a site: `links` (label and file) to its other pages, and the
    search, whose rows lie in so many `parts` under these `headings`.
    """

    skip: str
    links: tuple[tuple[str, str], ...]
    search: SearchWords
    headings: tuple[Heading, ...]
    parts: int
