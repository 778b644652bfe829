"""Two languages: every English template has a Chinese one with the same placeholders, and each is
given what fills it.
"""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pkgutil import iter_modules

from source import Module, modules, none_of, sample, text_of
from templates import Template, composed, everywhere, of, pages, placeholders, said_by_page

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

# sentences that are put together in the code, and why no reader needs them in another language
LOG = "the subject of a line of the log, by which it is found"
ONCE = "by which the schedule knows that it has said something already"
SHELL = "a command"
BOOK = "a plain-text ledger"
KEPT = {
    "batch {}": LOG,
    "line {}": LOG,
    "proposal {}": ONCE,
    "seal behind batch {}": ONCE,
    "stray {}": ONCE,
    "refused {}": ONCE,
    "umask 077 && cd {}": SHELL,
    "round submit {}": SHELL,
    "fund appropriate {} {}": SHELL,
    "fund transfer {} {} {}": SHELL,
    "fund return {} {}": SHELL,
    "\n{} balance {}  {} ~ 0 {}\n": BOOK,
    "\n{} open {} {}\n": BOOK,
    "case {}": "what a hold, a suspension or a reversal rests on: kept, and part of proofs",
    "case {}: {}": "why a hold ends: kept with it",
    "correction {}": "in place of a file's name",
    "allocation {} {}": "what a digest is made of",
    "batch {} line {} {}": "a mark in a file of rejects, read back by the program",
    "batch {}:{}": "a place, as file:line is",
    "coupons {}": "the name of a field; cli.keys shows it in both languages",
    " (grade {})": "a part of a field; cli.keys shows it in both languages",
    "column {}": "a column without a name, in a file that is commented in both languages",
    "{}; without it: {}": "the English half of a page of docs/topics.md",
    "no longer in registry {} (batch {})": "a reason, kept as it was written that day",
    "    WHEN {} THEN '{}'": "SQL",
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
        found |= strings_of(module)
    return found


def strings_of(module: Module) -> set[str]:
    """Those of one module; the pieces of an f-string are none, what is called inside it is."""
    pieces = {
        id(each)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr)
        for each in node.values
    }
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if id(node) not in pieces and (text := text_of(node)) is not None:
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


def test_no_sentence_is_put_together_in_the_code() -> None:
    # without SQL, and the demo, whose story is a list of commands
    read = [each for each in modules() if each.room != "store" and ".demo." not in each.name]
    found = [each for module in read for each in composed(module)]
    assert none_of([f"{where}: {text}" for where, text in found if text not in KEPT])


def test_every_exception_to_it_is_still_there() -> None:
    texts = {text for module in modules() for _, text in composed(module)}
    assert none_of(sorted(set(KEPT) - texts))


def test_a_sentence_that_an_f_string_puts_together_is_found() -> None:
    bad = (
        'why = f"line {n} has no end"\nsay(f"Round {code}")\nsay("Rounds of " + code)\n'
        'raise VoucherError("x", f"no round {code}")\nraise ValueError(f"no such day {n}")\n'
        'key = f"{name}_fen"\nhow = f"voucher round show {code}"\nboth = f"two words 两词 {n}"'
    )
    assert [text for _, text in composed(sample(bad))] == [
        "line {} has no end",
        "Round {}",
        "no round {}",
        "Round ",
        "Rounds of ",
        "no round ",
    ]


def test_a_sentence_called_inside_an_f_string_needs_its_chinese_and_its_pieces_count_for_nothing() -> (
    None
):
    code = sample("""write(f"about {t('Usage: ')}{name}")""")
    assert [each.split(":", 2)[2].strip() for each in untranslated(of(code), {})] == ["Usage:"]
    assert strings_of(code) == {"Usage: ", "Usage:"}


def test_a_page_says_no_words_of_its_own() -> None:
    assert "page.html.jinja" in pages()
    assert none_of(
        [f"{name}: {said}" for name, text in pages().items() for said in said_by_page(text)]
    )


def test_words_of_a_page_are_found() -> None:
    page = (
        '<style>h1 { color: red }</style><h1 class="wide">{{ page.title }}</h1><p>Total {{ n }}</p>'
        """{% if n %}<img alt="A bar">{% endif %}{{ 'None yet' if not n }}<i lang="{{ 'zh-CN' if z }}"></i>"""
    )
    assert said_by_page(page) == ["Total", "A bar", "None yet"]
