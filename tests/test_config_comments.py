"""Every YAML that is shipped, or that the program writes, is documentation in two languages: every
comment has both.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Voucher = Callable[..., Any]

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
FILES = sorted(CONFIGS.rglob("*.yaml"))
CHINESE, ENGLISH = re.compile("[\u4e00-\u9fff]{2}"), re.compile(r"[a-z]{3,} [a-z]|[a-z]{5,}", re.I)
BEHIND = re.compile(r"\s#\s(?P<said>.*)$")


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Each comment with its line: lines that stand together are one, and so is what stands behind a
    line of YAML with the lines that go on below it in the same column. What explains an example
    inside a comment is a comment too.
    """
    yield from _of(text)
    examples = (line[1:] if line.startswith("#") else "" for line in text.splitlines())
    yield from _of("\n".join(examples))


def _of(text: str) -> Iterator[tuple[int, str]]:
    block: list[str] = []
    start = column = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        behind = BEHIND.search(line)
        is_alone = line.lstrip().startswith("#")
        at = cell_len(line[: line.index("#")]) if is_alone else -1
        if block and not (is_alone and at == column):
            yield start, "\n".join(block)
            block = []
        if is_alone:
            start, column = (start if block else number), at
            block.append(line.lstrip("# "))
        elif behind:
            start, column = number, cell_len(line[: behind.start() + 1])
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


@pytest.mark.parametrize("kind", ["claims", "merchants"])
def test_a_guessed_profile_is_commented_in_both_languages(voucher: Voucher, kind: str) -> None:
    file = Path("strange.csv")
    file.write_text("领取人;店名;时间;金额;x\n甲乙丙丁;面馆;03/04/2020 10:00;1,5;\n", "utf-8")
    text = voucher("profile", "guess", str(file), "--kind", kind).out
    assert len([*comments(text)]) > 3
    assert one_sided(text) == []


def test_a_comment_in_one_language_is_found() -> None:
    text = "# only English here\na: 1  # 只有中文\n\n# in both languages\n# 两种语言\nb: 2  # the second · 第二行\n"
    assert one_sided(text) == ["1: only English here", "2: 只有中文"]


def test_a_comment_of_an_example_inside_a_comment_is_found() -> None:
    example = "# How it is written: · 写法：\n#   unit: yuan   # or fen, in {}\n#                # whole numbers\n"
    assert one_sided(example.format("this case")) == ["2: or fen, in this case\nwhole numbers"]
    assert one_sided(example.format("分，整数")) == []
