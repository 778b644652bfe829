"""voucher help: whatever a person calls it is found, in Chinese and English."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import EVERY_COMMAND

from vouchercli.formats import manuals
from vouchercli.ops.setup import topics as found
from vouchercli.rules.reasons import EXPLANATIONS

Voucher = Callable[..., Any]
DOCS = Path(__file__).resolve().parents[1] / "docs"


def names(answer: Any) -> list[str]:
    return [each["topic"] for each in answer["data"]["topics"]]


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        (("开轮次",), "Open a round"),
        (("OPEN", "a", "Round"), "Open a round"),
        (("导入",), "Import files"),
        (("over_quota",), "over_quota"),
        (("VOUCHER_DB",), "VOUCHER_DB"),
        (("voucher_db",), "VOUCHER_DB"),
        (("核销记录文件",), "Redemptions file"),
        (("杠杆率下限",), "floor"),
        (("ｔｏｐ－ｕｐ",), "Change a round under way"),
        (("round", "create", "-o", "json"), "round create"),
    ],
)
def test_a_topic_is_found_by_what_people_call_it(
    voucher: Voucher, words: tuple[str, ...], topic: str
) -> None:
    assert topic in names(voucher("help", *words, "-o", "json").json)


def test_without_a_topic_tasks_and_kinds_are_listed_in_the_language(voucher: Voucher) -> None:
    chinese, english = (voucher("help", "--lang", lang).out for lang in ("zh", "en"))
    assert "开放期次" in chinese and "voucher round create 代码" in chinese
    assert "voucher help 错误代码" not in english and "voucher help codes" in english
    assert "Open a round" in english and "开" not in english


@pytest.mark.parametrize("kind", found.KINDS)
def test_a_whole_kind_is_listed_under_each_of_its_names(voucher: Voucher, kind: str) -> None:
    wanted = [each.name for each in found.topics() if each.kind == kind]
    assert len(wanted) > 5
    for name in found.SHELVES[kind]:
        assert names(voucher("help", name, "-o", "json").json) == wanted


def test_the_page_of_a_code_says_what_to_do_and_which_rule_it_is(voucher: Voucher) -> None:
    out = voucher("help", "below_threshold").out
    assert "what to do  " in out and "voucher law show below_threshold" in out
    assert "未达" in voucher("help", "below_threshold", "--lang", "zh").out


def test_a_word_inside_texts_lists_those_that_have_it_the_named_first(voucher: Voucher) -> None:
    given = names(voucher("help", "seed", "digest", "-o", "json").json)
    assert {"commit to a seed", "Draw lots"} <= set(given)
    rows = voucher("help", "folder", "-o", "json").json["data"]["topics"]
    is_named = ["folder" in each["topic"].lower() for each in rows]
    assert len(set(is_named)) == 2 and is_named == sorted(is_named, reverse=True)
    shown = voucher("help", "folder", "--limit", "2")
    assert "more rows are not shown" in shown.err


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("over_qota", "over_quota"),
        ("开放期伙", "开放期次"),
        ("roud list", "round list"),
        ("核消", "核销"),
    ],
)
def test_a_mistyped_word_is_refused_with_near_ones(voucher: Voucher, word: str, near: str) -> None:
    refused = voucher("help", word, expect=2)
    assert near in refused.err and "[unknown_topic]" in refused.err


def test_a_word_that_is_like_nothing_is_refused_without_a_guess(voucher: Voucher) -> None:
    refused = voucher("help", "ζζζζ", expect=2)
    assert "did you mean" not in refused.err and "voucher help" in refused.err


def test_it_needs_no_database_and_makes_none(
    voucher: Voucher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    voucher("help", "over_quota", "--db", "none.db")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("form", ["csv", "jsonl", "html", "md", "docx", "xlsx"])
def test_a_page_has_every_form(voucher: Voucher, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"topic.{form}"
    voucher("help", "对账", "-O", str(file))
    assert file.stat().st_size > 100


# ---------------------------------------------------------------- the pages behind it


def test_every_reason_and_every_command_is_a_topic() -> None:
    by_kind = {
        kind: {each.name for each in found.topics() if each.kind == kind} for kind in found.KINDS
    }
    assert set(EXPLANATIONS) <= by_kind[found.CODE]
    assert by_kind[found.COMMAND] >= EVERY_COMMAND - {"round lower"}  # hidden


def test_every_topic_says_what_it_is_in_both_languages_and_is_named_once() -> None:
    for topic in found.topics():
        if topic.kind != found.TERM:
            assert topic.meaning and manuals.is_chinese(topic.meaning_zh), topic.name
        assert topic.name_zh or topic.kind not in (found.TASK, found.FILE, found.TERM), topic.name
    given = [(each.kind, each.name, each.todo) for each in found.topics()]
    assert len(given) == len(set(given))


def test_the_commands_of_tasks_are_commands() -> None:
    for topic in found.topics():
        if topic.kind in (found.TASK, found.FILE):
            assert topic.commands
            for command in topic.commands:
                _, *words = shlex.split(command)
                known = [" ".join(words[:length]) for length in (1, 2)]
                assert EVERY_COMMAND.intersection(known), command


def slug(heading: str) -> str:
    """The address of a heading, as it is made of it on the web."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_where_to_read_on_is_there() -> None:
    for topic in found.topics():
        for link in topic.read:
            page, _, anchor = link.partition("#")
            text = (DOCS / page).read_text("utf-8")
            anchors = {slug(each) for each in re.findall(r"(?m)^#+ (.+)$", text)}
            assert not anchor or anchor in anchors, link


def test_a_term_is_explained_in_the_language_with_its_unit(voucher: Voucher) -> None:
    chinese = voucher("help", "核销率（按金额）", "--lang", "zh").out
    assert "同上，单独出现时" in chinese and "券面抵扣额 ÷ 已领面额" in chinese
    assert "face paid" not in chinese
    english = voucher("help", "核销率（按金额）", "--lang", "en").out
    assert "face paid / face claimed" in english and "券面" not in english


def test_every_term_has_its_meaning_and_unit_in_both_languages_or_in_none() -> None:
    terms = [each for each in found.topics() if each.kind == found.TERM]
    assert len(terms) > 200
    for each in terms:
        assert bool(each.meaning) == bool(each.meaning_zh), each.name
        assert bool(each.formula) == bool(each.formula_zh), each.name
        for text in filter(None, (each.meaning_zh, each.formula_zh)):
            assert manuals.is_chinese(text) or not re.search("[A-Za-z]{2}", text), each.name
        assert not manuals.is_chinese(each.formula), each.name


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_term_is_found_by_either_of_its_names_whatever_the_language(
    voucher: Voucher, lang: str
) -> None:
    for name in ("gross leverage G", "杠杆率（毛）", "claim rate", "领取率"):
        given = voucher("help", name, "--lang", lang, "-o", "json").json
        assert {"gross leverage G", "claim rate"} & set(names(given))
