"""Two languages: every English template has a Chinese one with the same placeholders, and each is
given what fills it.
"""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pkgutil import iter_modules

from source import modules, none_of, sample, text_of
from templates import Template, everywhere, of, placeholders

import vouchercli.cli.zh
from vouchercli.cli.language import catalogue

# characters, or at least full-width signs
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# sentences of Typer that main() translates
TYPERS_OWN = {
    "Arguments",
    "Options",
    "Show this message and exit.",
}


def untranslated(templates: list[Template], chinese: dict[str, str]) -> list[str]:
    """Templates without a Chinese entry."""
    return sorted(
        {
            f"{each.where}: {each.text}"
            for each in templates
            if each.needs_chinese and each.text not in chinese
        }
    )


def unlike(chinese: dict[str, str]) -> list[str]:
    """Entries whose placeholders differ, or that are not Chinese at all."""
    wrong = [
        english for english, text in chinese.items() if placeholders(english) != placeholders(text)
    ]
    return wrong + [
        english for english, text in chinese.items() if not CHINESE.search(text) and text != english
    ]


def unfilled(templates: list[Template]) -> list[str]:
    """Templates with a placeholder that the call does not give: they would fail when they are
    shown.
    """
    return [
        f"{each.where}: {each.text} lacks {sorted(each.placeholders - each.given)}"
        for each in templates
        if each.given is not None and each.placeholders - each.given
    ]


def strings() -> set[str]:
    """Every string constant of the code outside the catalogue; docstrings as they are shown."""
    found: set[str] = set()
    for module in modules():
        if ".zh" in module.name:
            continue
        for node in ast.walk(module.tree):
            if (text := text_of(node)) is not None:
                found |= {text, " ".join(text.split())}
    return found


def test_every_sentence_has_its_chinese() -> None:
    assert none_of(untranslated(everywhere(), catalogue()))


def test_a_sentence_without_chinese_is_found() -> None:
    bad = (
        'raise VoucherError("x", "round {round} is not there", hint="look again", round=1)\nCOLUMN'
        ' = Column("k", "Heading")\nsay("done")'
    )
    assert [each.split(": ")[1] for each in untranslated(of(sample(bad)), {})] == [
        "look again",
        "round {round} is not there",
        "Heading",
        "done",
    ]
    command = (
        '@command(app, "x")\ndef x(call, y: Annotated[str, typer.Option(help="Which.")]):\n   '
        ' """Do it."""'
    )
    assert len(untranslated(of(sample(command, "vouchercli.cli.sample")), {})) == 2


def test_a_command_as_a_way_out_needs_no_chinese() -> None:
    assert (
        untranslated(of(sample('raise Busy("x", "{a}", hint="voucher round show {round}")')), {})
        == []
    )


def test_both_languages_fill_the_same_places() -> None:
    assert none_of(unlike(catalogue()))


def test_a_different_placeholder_is_found() -> None:
    assert unlike({"there is no round {round}": "没有第 {name} 期"}) == [
        "there is no round {round}"
    ]
    assert unlike({"Rounds": "Rondes"}) == ["Rounds"]


def test_every_placeholder_is_given() -> None:
    assert none_of(unfilled(everywhere()))


def test_a_placeholder_without_a_value_is_found() -> None:
    assert unfilled(
        of(sample('raise VoucherError("x", "no {round}", hint="see {other}", round=1)'))
    )
    assert unfilled(of(sample('p = Problem("x", "no {round}", params={"state": 1})')))
    assert unfilled(of(sample('raise VoucherError("x", "no {round}", **given)'))) == []


def test_no_chinese_entry_is_left_over() -> None:
    known = strings()
    assert none_of(sorted(english for english in catalogue() if english not in known | TYPERS_OWN))


def test_a_sentence_is_translated_one_way() -> None:
    seen: dict[str, str] = {}
    twice = []
    for module in iter_modules(vouchercli.cli.zh.__path__):
        for english, text in import_module(f"vouchercli.cli.zh.{module.name}").TEXT.items():
            if seen.setdefault(english, text) != text:
                twice.append(f"{english}: {seen[english]} / {text}")
    assert none_of(twice)
