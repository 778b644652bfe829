"""docs/glossary.md decides the Chinese of every term: the catalogue follows it, and no retired word
is left anywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from source import ROOT, Module, called, calls, modules, none_of, sample, text_of

from vouchercli.cli.language import catalogue
from vouchercli.ops.reports import leverage, published, rounds
from vouchercli.ops.reports.dimensions import DIMENSIONS
from vouchercli.ops.reports.measures import MEASURES
from vouchercli.rules import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = (*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md")))
LABEL = re.compile(r"`([^`]+)`")
CHINESE = re.compile("[\u4e00-\u9fff]")
RETIRED = "## Retired words"


class Term(NamedTuple):
    """One row: the term in both languages, and the labels under which the program shows it."""

    english: str
    chinese: str
    labels: tuple[str, ...]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without headings and rules."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("|") and not line.startswith("|---") and not after.startswith("|---")
    ]


def terms(text: str) -> list[Term]:
    """The terms of the page."""
    return [
        Term(english, chinese, tuple(LABEL.findall(labels)))
        for english, chinese, labels, *_ in rows(text.partition(RETIRED)[0])
    ]


def retired(text: str) -> list[str]:
    """The words that may not be used any more."""
    return [word for word, _ in rows(text.partition(RETIRED)[2])]


def unlike(glossary: Iterable[Term], chinese: Mapping[str, str]) -> list[str]:
    """Labels that the catalogue lacks or says in other words."""
    return [
        f"{label}: {chinese.get(label)}, in the glossary {term.chinese}"
        for term in glossary
        for label in term.labels
        if chinese.get(label) != term.chinese
    ]


def decided_twice(glossary: Iterable[Term]) -> list[str]:
    """Terms and labels that stand in two rows, and Chinese that two terms share."""
    seen: set[str] = set()
    twice = []
    for term in glossary:
        for name in (f"term {term.english}", f"中文 {term.chinese}", *term.labels):
            if name in seen:
                twice.append(name)
            seen.add(name)
    return twice


def left(words: Iterable[str], texts: Mapping[str, str]) -> list[str]:
    """Retired words that a text still uses."""
    return [f"{where}: {word}" for where, text in texts.items() for word in words if word in text]


def headings() -> set[str]:
    """The English headings of the reports that the engine makes."""
    parts = [part for spec in (leverage.SPEC, rounds.SPEC) for part in spec.parts]
    columns = [*published.FIGURES, *(column for part in parts for column in part.columns)]
    dimensions = {each.column.label for each in DIMENSIONS.values()}
    return (
        dimensions | {each.measure for each in MEASURES} | {each.label for each in columns} - {""}
    )


def told_again(module: Module) -> list[str]:
    """Columns that a module writes by hand though they are a measure's."""
    same = {(each.key, each.measure) for each in MEASURES}
    return [
        f"{module.name}:{call.lineno}: {text_of(call.args[0])}"
        for call in calls(module.tree)
        if called(call) == "Column" and tuple(map(text_of, call.args[:2])) in same
    ]


def texts() -> dict[str, str]:
    """All Chinese of the program and of its pages; the glossary without its retired words."""
    pages = {page.name: page.read_text("utf-8").partition(RETIRED)[0] for page in PAGES}
    return pages | {f"catalogue, {english}": text for english, text in catalogue().items()}


def test_the_catalogue_says_what_the_glossary_decides() -> None:
    glossary = terms(GLOSSARY.read_text("utf-8"))
    assert len(glossary) > 100
    assert none_of(unlike(glossary, catalogue()))


def test_another_word_in_the_catalogue_is_found() -> None:
    glossary = terms("| round | 期次 | `Round` | one issue | |")
    assert unlike(glossary, {"Round": "分期"}) == ["Round: 分期, in the glossary 期次"]
    assert unlike(glossary, {}) == ["Round: None, in the glossary 期次"]
    assert unlike(glossary, {"Round": "期次"}) == []


def test_a_term_is_decided_once() -> None:
    assert none_of(decided_twice(terms(GLOSSARY.read_text("utf-8"))))


def test_a_term_that_is_decided_twice_is_found() -> None:
    page = "| round | 期次 | `Round` | | |\n| issue | 期次 | `Round` | | |\n| round | 期 | – | | |"
    assert decided_twice(terms(page)) == ["中文 期次", "Round", "term round"]


def test_no_retired_word_is_used() -> None:
    words = retired(GLOSSARY.read_text("utf-8"))
    assert len(words) > 20 and all(CHINESE.search(word) for word in words)
    assert none_of(left(words, texts()))


def test_a_retired_word_is_found() -> None:
    page = f"{RETIRED}\n\n| retired | instead |\n|---|---|\n| 令牌 | 脱敏代码 |\n"
    assert retired(page) == ["令牌"]
    assert left(retired(page), {"README.md": "居民以令牌显示", "x": "脱敏代码"}) == [
        "README.md: 令牌"
    ]


def test_every_heading_of_a_report_is_in_the_glossary() -> None:
    known = {label for term in terms(GLOSSARY.read_text("utf-8")) for label in term.labels}
    assert none_of(sorted(headings() - known))
    assert {"G", "N", "Subsidy", "District", "By count"} <= headings()


def test_a_measure_has_its_column_from_the_catalogue() -> None:
    reports = [each for each in modules() if each.name.startswith("vouchercli.ops.reports.")]
    assert len(reports) > 20
    assert none_of([found for module in reports for found in told_again(module)])


def test_a_measure_that_is_told_again_is_found() -> None:
    again = 'A = (Column("gross", "G", "ratio"), Column("gross", "Day: G", "ratio"))'
    assert told_again(sample(again)) == ["vouchercli.ops.sample:1: gross"]


def test_every_reason_code_has_its_chinese() -> None:
    assert none_of(sorted(set(reasons.EXPLANATIONS) - set(catalogue())))
    assert CHINESE.search(catalogue()["below_threshold"])
