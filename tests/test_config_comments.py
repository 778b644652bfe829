"""Shipped programmes and templates are documentation in two languages: every comment has both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
FILES = sorted([*CONFIGS.glob("programmes/*.yaml"), *CONFIGS.glob("templates/*.yaml")])
CHINESE, ENGLISH = re.compile("[\u4e00-\u9fff]{2}"), re.compile(r"[a-z]{3,} [a-z]|[a-z]{5,}", re.I)
BEHIND = re.compile(r"\s#\s(?P<said>.*)$")


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Each comment with its line: lines that stand together are one, and so is what stands behind a
    line of YAML with the lines that go on below it in the same column.
    """
    block: list[str] = []
    start = column = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        behind = BEHIND.search(line)
        is_alone = line.lstrip().startswith("#")
        at = line.index("#") if is_alone else -1
        if block and not (is_alone and at == column):
            yield start, "\n".join(block)
            block = []
        if is_alone:
            start, column = (start if block else number), at
            block.append(line.lstrip("# "))
        elif behind:
            start, column = number, behind.start() + 1
            block.append(behind["said"])


def one_sided(text: str) -> list[str]:
    """Comments in one language only."""
    return [
        f"{number}: {said[:60]}"
        for number, said in comments(text)
        if not (CHINESE.search(said) and ENGLISH.search(said))
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_comment_of_a_shipped_file_is_in_both_languages(file: Path) -> None:
    text = file.read_text("utf-8")
    assert [*comments(text)]
    assert one_sided(text) == []


def test_a_comment_in_one_language_is_found() -> None:
    text = "# only English here\na: 1  # 只有中文\n\n# in both languages\n# 两种语言\nb: 2  # the second · 第二行\n"
    assert one_sided(text) == ["1: only English here", "2: 只有中文"]
