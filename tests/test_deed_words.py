"""The log reads in words: every deed that the program can write, and what it changed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vouchercli.cli.language import catalogue
from vouchercli.rules import deeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

CODE = Path(__file__).resolve().parents[1] / "vouchercli"
FILES = (".md", ".py", ".yaml", ".json")  # names that look like deeds
DEED = re.compile(r"[a-z]+\.[a-z_-]+")
WRITES = {"note", "become", "add"}  # the functions that write a line


def constants(tree: ast.Module) -> dict[str, str]:
    """The names that stand for a text in one file."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            one = (node.targets[0], node.value)
            several = [each.elts for each in one if isinstance(each, ast.Tuple)]
            for name, value in zip(*several, strict=False) if len(several) == 2 else (one,):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                    found[name.id] = str(value.value)
    return found


def written() -> Iterator[tuple[str, str]]:
    """Where each deed is written, and its code; what is filled in at run time is `*`."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in CODE.rglob("*.py")}
    named: dict[str, set[str]] = {}
    for tree in trees.values():
        for name, text in constants(tree).items():
            named.setdefault(name, set()).add(text)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in WRITES:
                for code in (code for each in node.args for code in texts_of(each, named)):
                    if DEED.fullmatch(code.replace("*", "x")) and not code.endswith(FILES):
                        yield f"{path.name}:{node.lineno}", code


def called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def texts_of(node: ast.expr, named: dict[str, set[str]]) -> set[str]:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.JoinedStr):
        return {
            "".join(each.value if isinstance(each, ast.Constant) else "*" for each in node.values)
        }
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return named.get(name, set())


def known(code: str) -> bool:
    """Whether a deed has words; of one that is made at run time, for each noun it can have."""
    noun, _, act = code.partition(".")
    if noun != "*":
        return deeds.in_words(code) is not None
    return act in deeds.ACTS or any(each.endswith(f".{act}") for each in deeds.DEEDS)


def test_every_deed_that_is_written_has_words() -> None:
    found = [*written()]
    codes = {code for _, code in found}
    assert len(codes) > 50 and {"day.sign", "*.import", "check.all", "key.rotate"} <= codes
    assert [f"{where}: {code}" for where, code in found if not known(code)] == []


def test_a_deed_without_words_is_found() -> None:
    assert not known("round.forget") and not known("*.forget")


def test_every_deed_and_name_has_its_chinese() -> None:
    texts = {*deeds.DEEDS.values(), *deeds.ACTS.values(), *deeds.FILES.values()}
    texts |= set(deeds.NAMES.values())
    assert texts - set(catalogue()) == set()


def test_every_file_deed_names_its_file() -> None:
    said = deeds.in_words("claims.retry")
    assert said and said.params["file"] == "claims file"
    assert deeds.in_words("claims.eat") is None and deeds.in_words("nothing.import") is None


@pytest.mark.parametrize(("lang", "first"), [("en", "round opened"), ("zh", "开放期次")])
def test_words_come_before_the_code_in_every_form_for_people(
    city: Callable[..., Callable[..., Ran]], tmp_path: Path, lang: str, first: str
) -> None:
    town = city()
    wanted = f"{first} round.open" if lang == "zh" else f"{first} (round.open)"
    for form in ("md", "html", "txt"):
        file = tmp_path / f"log.{form}"
        town("audit", "log", "--about", "r1", "--lang", lang, "-O", str(file))
        assert wanted in " ".join(file.read_text("utf-8").split())
    assert ",round.open," in town("audit", "log", "--about", "r1", "--lang", lang, "-o", "csv").out


def test_changes_are_in_yuan_local_time_counts_and_words(
    city: Callable[..., Callable[..., Ran]],
) -> None:
    town = city()
    shown = town("audit", "log", "--about", "r1", "--lang", "zh", "-o", "csv").out.splitlines()
    created, approved = (
        next(x for x in shown if f"round.{verb}" in x) for verb in ("create", "approve")
    )
    assert "开领时间：2020-03-27 08:00:00" in created and "券模板：pack@1" in created
    assert "状态：草稿" in created and "发放方式：先到先得" in created
    assert "状态：待审批 → 已批准；已占用额度：treasury 4,300.00 元" in approved
    imported = town("audit", "log", "--deed", "claims", "-o", "csv").out
    assert "rows read: " in imported and "accepted: " in imported and "sha256" not in imported


def test_a_correction_says_what_it_corrects(city: Callable[..., Callable[..., Ran]]) -> None:
    town = city()
    town("merchant", "suspend", "M1", "--reason", "停业整顿", "--actor", "mei")
    line = town("audit", "log", "--deed", "merchant", "--lang", "zh", "-o", "csv").out
    assert "状态：正常 → 暂停" in line and "理由：停业整顿" in line and "从：" in line
