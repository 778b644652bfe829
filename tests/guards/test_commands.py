"""Every command explains itself in both languages, with an example, and stands in
docs/operating.md, docs/finance.md, docs/audit.md, docs/risk.md, docs/cases.md, docs/effect.md,
docs/rehearsal.md or docs/figures.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import typer
from conftest import EVERY_COMMAND, one_sided
from source import ROOT, none_of

from vouchercli.cli import language
from vouchercli.cli import main as front
from vouchercli.cli.language import STAND_INS
from vouchercli.cli.nouns import NOUNS
from vouchercli.cli.options import command

if TYPE_CHECKING:
    from collections.abc import Iterator

CHINESE = re.compile("[\u4e00-\u9fff]")


def leaves(prefix: str, found: Any) -> Iterator[tuple[str, Any]]:
    """Every command under a noun: its words and the command."""
    children = getattr(found, "commands", {})
    if not children:
        yield prefix, found
    for name, child in children.items():
        yield from leaves(f"{prefix} {name}", child)


def every_command() -> dict[str, Any]:
    """`round create` -> its command, in the language chosen."""
    root: Any = front._root()
    return {
        path: each for noun in NOUNS for path, each in leaves(noun, root.get_command(None, noun))
    }


def silent(path: str, found: Any) -> list[str]:
    """What a command does not say: help, an example of itself, the help of its options."""
    wrong = [] if (found.help or "").strip() else [f"{path} has no help"]
    if not re.fullmatch(rf"Examples?: voucher {path}\b.*", found.epilog or ""):
        wrong.append(f"{path} has no example of itself in its epilog")
    mute = [
        each for each in found.params if not getattr(each, "help", None) and each.name != "help"
    ]
    return wrong + [f"{path} {each.opts[0]} has no help" for each in mute]


def english_left(path: str, found: Any) -> list[str]:
    """What stays English when Chinese is spoken."""
    told = {path: found.help or ""} | {
        f"{path} {each.opts[0]}": each.help for each in found.params if getattr(each, "help", None)
    }
    return [
        f"{where}: {text}"
        for where, text in told.items()
        if not CHINESE.search(text) and not where.endswith("--help")
    ]


@pytest.fixture
def chinese() -> Iterator[None]:
    language.speak("zh")
    yield
    language.speak("en")


def test_the_commands_are_those_of_the_design() -> None:
    assert set(every_command()) == EVERY_COMMAND


def test_every_command_explains_itself_with_an_example() -> None:
    assert none_of(
        [complaint for path, found in every_command().items() for complaint in silent(path, found)]
    )


def test_every_command_explains_itself_in_chinese(chinese: None) -> None:
    assert none_of(
        [
            complaint
            for path, found in every_command().items()
            for complaint in english_left(path, found)
        ]
    )


def test_a_command_that_says_nothing_is_found() -> None:
    app = typer.Typer(rich_markup_mode=None)

    @command(app, "mute", epilog="Example: voucher other")
    def mute(call: Any, code: str) -> Any:
        raise AssertionError(call, code)

    app.registered_commands[0].callback.show_options()  # type: ignore[union-attr]
    found = typer.main.get_command(app)
    assert silent("mute", found)[:2] == [
        "mute has no help",
        "mute has no example of itself in its epilog",
    ]
    assert english_left("mute", found)


def undocumented(page: str, paths: list[str]) -> list[str]:
    """Commands that no console line of the page runs."""
    lines = "\n".join(line for line in page.splitlines() if line.lstrip().startswith("$ "))
    return [path for path in paths if not re.search(rf"\bvoucher {path}\b", lines)]


def untranslated(path: str, each: Any) -> list[str]:
    """The stand-ins for values (`--round CODE`) that a Chinese page would show in English."""
    metavars = [str(parameter.metavar or parameter.name) for parameter in each.params]
    words = {word for metavar in metavars for word in re.findall(r"\b[A-Z]{2,}\b", metavar)}
    return [f"{path}: {word} is no stand-in of cli/language.py" for word in words - {*STAND_INS}]


def test_every_stand_in_of_a_value_has_its_chinese() -> None:
    assert none_of(
        [each for path, one in every_command().items() for each in untranslated(path, one)]
    )


def test_a_stand_in_without_chinese_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    show = every_command()["law show"]
    monkeypatch.setattr(show.params[0], "metavar", "[RUNG]")
    assert untranslated("law show", show) == ["law show: RUNG is no stand-in of cli/language.py"]


def test_every_command_is_run_in_a_guide() -> None:
    pages = [
        (ROOT / "docs" / name).read_text("utf-8")
        for name in (
            "operating.md",
            "finance.md",
            "audit.md",
            "risk.md",
            "cases.md",
            "effect.md",
            "rehearsal.md",
            "figures.md",
            "province.md",
        )
    ]
    told = [path for path, found in every_command().items() if not found.hidden]
    assert none_of(undocumented("\n".join(pages), told))


def test_an_undocumented_command_is_found() -> None:
    assert undocumented(
        "voucher round open\n$ voucher round close hz-1", ["round open", "round close"]
    ) == ["round open"]


def test_a_command_tested_on_one_side_is_found() -> None:
    ran = {("check", True), ("round open", False), ("init", True), ("init", False)}
    assert one_sided(ran, {"check", "round open", "init"}) == [
        "check: no test in which it is refused",
        "round open: no test in which it works",
    ]
