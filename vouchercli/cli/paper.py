"""An answer as a page: its tables, what it is about and what its words mean, in the reader's
language.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from vouchercli import __version__
from vouchercli.cli.cleaning import clean, clean_line
from vouchercli.cli.language import language, t
from vouchercli.cli.units import EXACT, asked, with_unit
from vouchercli.cli.values import as_lines, has_figures_of_money, in_unit, label, pretty
from vouchercli.ops import papers
from vouchercli.pages import Bars, Cell, Frame, Grid, Heading, Page, SearchWords, Words
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from vouchercli.ops.reports.site import Language
    from vouchercli.pages import Shape
    from vouchercli.result import Column, Outcome, Rendering, Table
    from vouchercli.session import Session

    Hrefs = Mapping[str, Mapping[str, str]]  # kind of page -> value -> file

PAGES = ("html", "md", "docx", "xlsx")
SHAPES: dict[str, Shape] = {
    "int": "int",
    "fen": "yuan",
    "ratio": "ratio",
    "rate": "rate",
    "change": "change",
}


def _in_unit(fen: int) -> Decimal:
    """An amount as the number that is shown."""
    unit = asked() or EXACT
    return Decimal(unit.scaled(fen)).scaleb(-unit.digits)


NUMBERS: dict[str, Callable[[Any], int | Decimal]] = {
    "int": int,
    "fen": _in_unit,
    "ratio": Decimal,
    "rate": Decimal,
    "change": Decimal,
}
NO_NUMBER = Cell("")
AT_A_TIME = 1_000  # rows
MOST_ROUNDS = 20  # that are named one by one


def render(form: str, outcome: Outcome, notes: Sequence[str]) -> str | bytes:
    """The answer in one of `PAGES`; `notes` are what is said beside its tables."""
    return papers.render(form, page_of(outcome, notes, "csv" if form == "xlsx" else "table"))


def page_of(
    outcome: Outcome,
    notes: Sequence[str],
    rendering: Rendering,
    hrefs: Hrefs = MappingProxyType({}),
) -> Page:
    """The page: of a workbook the tables are those of spreadsheets, else those of a screen. In a
    site its values lead to their pages (`hrefs`).
    """
    tables = [table for table in outcome.tables if table.is_in(rendering)]
    title = clean_line(t(tables[0].title.text, tables[0].title.params)) if tables else ""
    shown = [column for table in tables for column in _columns(table, rendering)]
    meanings = {label(each): t(each.meaning) for each in shown if each.meaning}
    return Page(
        language(),
        title,
        tuple(_about(outcome.data)),
        tuple(_grid(table, rendering, hrefs) for table in tables),
        tuple(meanings.items()),
        tuple(map(clean, notes)),
        Words(t("About this page"), t("What the words mean"), t("Notes"), t("(none)")),
    )


def reads_of(session: Session) -> Language:
    """How the pages of a site read in the language at hand."""
    from vouchercli.ops.reports.site import Language  # of one report alone

    mark = [t("REHEARSAL: nothing here is real")] if session.is_rehearsal else []

    def page(answer: Outcome, hrefs: Hrefs) -> Page:
        said = [t(each.text, each.params) for each in answer.says]
        return page_of(answer, [*mark, *said], "table", hrefs)

    def frame(parts: int, headings: Sequence[Heading], links: Iterable[tuple[str, str]]) -> Frame:
        # the page fills these in
        filled = {each: f"{{{each}}}" for each in ("shown", "count", "read", "parts")}
        search = SearchWords(
            t("Search merchants by number, name, size, district or industry, and all pages"),
            t("{shown} of {count} found", filled),
            t("Nothing found."),
            t("{count} found so far; {read} of {parts} parts read", filled),
            t("To search, allow scripts; the pages of merchants list all of them."),
        )
        return Frame(t("To the contents"), tuple(links), search, tuple(headings), parts)

    return Language(language(), t, page, frame)


def _columns(table: Table, rendering: Rendering) -> list[Column]:
    """The columns that a reader sees; of a screen without those that hold nothing."""
    return [
        column
        for column in table.columns
        if rendering in column.where
        and not (column.optional and rendering == "table" and not any(column.values(table.lines)))
    ]


def _grid(table: Table, rendering: Rendering, hrefs: Hrefs) -> Grid:
    if unit := asked():
        table = in_unit(table, unit)
    if table.is_record:
        table = as_lines(table)
    columns = _columns(table, rendering)
    lines = table.lines
    fill = _numbers if rendering == "csv" else _cells  # a spreadsheet writes numbers by itself
    shown = [column.shown_values(lines) for column in columns]
    fills = [partial(fill, column, table.zone) for column in columns]
    rows: Sequence[list[Cell]] = _Rows(fills, shown, len(lines))
    if rendering != "csv":  # a workbook leads nowhere, and may be long
        by_column = [
            _leading(hrefs.get(column.page, {}), column.values(lines), cells(values))
            for column, cells, values in zip(columns, fills, shown, strict=True)
        ]
        rows = [*map(list, zip(*by_column, strict=True))]
    keys = [column.key for column in columns]
    bars = Bars(0, keys.index(table.bars)) if table.bars in keys else None
    return Grid(
        clean_line(t(table.title.text, table.title.params)),
        tuple(Heading(_head(column), SHAPES.get(column.kind, "text")) for column in columns),
        rows,
        bool(table.total and table.rows),
        (*_unit_of_figures(table), *(clean(t(note.text, note.params)) for note in table.notes)),
        bars,
    )


def _leading(hrefs: Mapping[str, str], values: Sequence[Any], cells: list[Cell]) -> list[Cell]:
    """The cells, each with the page of its value (a total has none)."""
    if not hrefs:
        return cells
    return [
        cell if isinstance(value, Word) else cell._replace(href=hrefs.get(value, ""))
        for value, cell in zip(values, cells, strict=True)
    ]


def _unit_of_figures(table: Table) -> Iterator[str]:
    """The unit of amounts that no heading says."""
    if has_figures_of_money(table):
        yield t("Amounts in {unit}.", {"unit": Word((asked() or EXACT).name)})


class _Rows(Sequence["list[Cell]"]):
    """Rows whose cells are made as they are read: of a hundred thousand they would take ten times
    the room of their values. For each column: how cells are made of values, and these.
    """

    def __init__(
        self,
        fills: Sequence[Callable[[Sequence[Any]], list[Cell]]],
        by_column: Sequence[Sequence[Any]],
        count: int,
    ) -> None:
        self._fills, self._by_column, self._count = fills, by_column, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[Cell]]:
        for start in range(0, self._count, AT_A_TIME):
            cells = [
                fill(values[start : start + AT_A_TIME])
                for fill, values in zip(self._fills, self._by_column, strict=True)
            ]
            yield from map(list, zip(*cells, strict=True))

    @overload
    def __getitem__(self, place: int) -> list[Cell]: ...
    @overload
    def __getitem__(self, place: slice) -> _Rows: ...
    def __getitem__(self, place: int | slice) -> list[Cell] | _Rows:
        if isinstance(place, slice):
            wanted = [values[place] for values in self._by_column]
            return _Rows(self._fills, wanted, len(range(*place.indices(self._count))))
        both = zip(self._fills, self._by_column, strict=True)
        return [fill([values[place]])[0] for fill, values in both]


def _head(column: Column) -> str:
    """The heading, of money with its unit: no unit stands in the cells."""
    words = label(column)
    return with_unit(words, asked() or EXACT) if column.kind == "fen" else words


def _cells(column: Column, zone: str, values: Sequence[Any]) -> list[Cell]:
    number = NUMBERS.get(column.kind)
    return [
        Cell(
            clean_line(pretty(column, value, zone, asked() or EXACT)),
            None if number is None or value is None else number(value),
        )
        for value in values
    ]


def _numbers(column: Column, zone: str, values: Sequence[Any]) -> list[Cell]:
    """The same without the text of numbers: of a hundred thousand rows nobody reads it."""
    number = NUMBERS.get(column.kind)
    if number is None:
        cells = _cells(column, zone, values)
        return [
            NO_NUMBER if value is None else cell for cell, value in zip(cells, values, strict=True)
        ]
    return [NO_NUMBER if value is None else Cell("", number(value)) for value in values]


ABOUT = {
    "programme": Word("Programme"),
    "as_of": Word("As of"),
    "known_at": Word("All known at"),
    "known_on": Word("As known on"),
    "since": Word("From"),
    "rounds": Word("Rounds asked for"),
}


def _about(data: Any) -> Iterator[tuple[str, str]]:
    """What the answer is about, by what it says of it to programs."""
    given = data if isinstance(data, dict) else {}
    for key, words in ABOUT.items():
        value = given.get(key)
        if key == "rounds" and isinstance(value, list):
            few = ", ".join(value) if len(value) <= MOST_ROUNDS else f"{len(value):,}"
            yield t(words), clean_line(few)
        elif isinstance(value, str):
            yield t(words), clean_line(value.replace("T", " ")[:19])
    yield t("Made by"), f"voucher {__version__}"
