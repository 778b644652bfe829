"""The pages of docs/ that the program reads itself: sections under headings, rows of tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.configs import locate

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADING = re.compile(r"^(#{2,3}) (.+)$")
FENCE = "```"
CHINESE = re.compile("[\u4e00-\u9fff]")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Section(NamedTuple):
    """What stands under a heading: `chapter` is the heading of the second level, `title` the one
    of the third ("" before the first of a chapter).
    """

    chapter: str
    title: str
    lines: tuple[str, ...]

    @property
    def rows(self) -> Iterator[list[str]]:
        """The cells of each row of its tables, without headings."""
        for line, after in zip(self.lines, (*self.lines[1:], ""), strict=True):
            if line.startswith("|") and not line.startswith("|--") and not after.startswith("|--"):
                yield [cell.strip() for cell in line.strip("|").split("|")]

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of its blocks of code."""
        return tuple(line for line, is_code in self._marked() if is_code)

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """Its texts, without code and tables."""
        return tuple(
            line
            for line, is_code in self._marked()
            if line and not is_code and not line.startswith("|")
        )

    def _marked(self) -> Iterator[tuple[str, bool]]:
        is_code = False
        for line in self.lines:
            if line.startswith(FENCE):
                is_code = not is_code
            else:
                yield line, is_code


def sections(name: str) -> Iterator[Section]:
    """The sections of a page that came with the program, by its path within docs/."""
    chapter = title = ""
    lines: list[str] = []
    is_code = False
    for line in page(name).splitlines():
        is_code ^= line.startswith(FENCE)
        heading = None if is_code else HEADING.match(line)
        if not heading:
            lines.append(line)
            continue
        yield Section(chapter, title, tuple(lines))
        is_chapter = heading[1] == "##"
        chapter, title = (heading[2], "") if is_chapter else (chapter, heading[2])
        lines = []
    yield Section(chapter, title, tuple(lines))


def page(name: str) -> str:
    """The text of a page: inside the package (a wheel), or beside it (a checkout)."""
    return (locate.shipped().parent / "docs" / name).read_text("utf-8")


def both(heading: str) -> tuple[str, str]:
    """A heading in two languages, apart: `Draw lots 摇号` -> Draw lots, 摇号."""
    chinese = CHINESE.search(heading)
    at = chinese.start() if chinese else len(heading)
    return heading[:at].strip(), heading[at:].strip()


def links(text: str) -> tuple[str, ...]:
    """The addresses of a text's links."""
    return tuple(LINK.findall(text))


def is_chinese(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return bool(CHINESE.search(text))
