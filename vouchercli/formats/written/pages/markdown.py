"""A page as Markdown (GitHub's tables)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.pages import Grid, Page

MARKS = re.compile(r"([\\`*_|<>#\[\]])")


def render(page: Page) -> str:
    """The text."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield f"# {_plain(page.title)}"
    yield ""
    yield from (f"- {_plain(label)}: {_plain(value)}" for label, value in page.about)
    for grid in page.grids:
        yield from ("", f"## {_plain(grid.title)}", "", *_grid(grid, page.words.nothing))
    if page.meanings:
        yield from ("", f"## {_plain(page.words.meanings)}", "")
        yield from (f"- **{_plain(word)}**: {_plain(said)}" for word, said in page.meanings)
    if page.notes:
        yield from ("", f"## {_plain(page.words.notes)}", "")
        yield from (f"- {_plain(note)}" for note in page.notes)


def _grid(grid: Grid, nothing: str) -> Iterator[str]:
    if grid.is_text:
        yield from (f"{_plain(row[0].text)}\n" for row in grid.rows)
    elif grid.rows:
        yield _row([heading.text for heading in grid.headings])
        yield _row(["---:" if heading.is_number else "---" for heading in grid.headings], "{}")
        bold = len(grid.rows) - 1 if grid.has_total else None
        for place, row in enumerate(grid.rows):
            yield _row([cell.text for cell in row], "**{}**" if place == bold else "{}")
    else:
        yield nothing
    yield from (f"\n{_plain(note)}" for note in grid.notes)


def _row(cells: list[str], form: str = "{}") -> str:
    texts = (form.format(_plain(cell)) if cell.strip() else "" for cell in cells)
    return f"| {' | '.join(texts)} |"


def _plain(text: str) -> str:
    """Text that stays as it is: no sign of it is a mark, and it stays on its line."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))
