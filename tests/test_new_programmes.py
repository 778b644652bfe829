"""`voucher programme new`: from the answers of a clerk to two files that load."""

from __future__ import annotations

import re
import shlex
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.formats.configs import yamls
from vouchercli.formats.written import commented_yaml
from vouchercli.formats.written.commented_yaml import Section
from vouchercli.ops.setup import notice_answers
from vouchercli.ops.setup.notice_questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

NEW = ("programme", "new", "x-2026")
ANSWERS = {
    "name": ["某县消费券"],
    "issuer": ["某县商务局"],
    "fund": ["treasury=50万"],
    "voucher": ["5x40-10"],
    "validity": ["days=7", "from=day_after_claim"],
    "refunds": ["voucher.partial=forfeits", "money.partial=returns"],
    "unused": ["treasury"],
}


def options(**more: list[str]) -> list[str]:
    """The answers as options."""
    given = ANSWERS | {key.replace("_", "-"): value for key, value in more.items()}
    return [word for key, values in given.items() for each in values for word in (f"--{key}", each)]


def documents() -> tuple[Any, Any]:
    """What the two files say."""
    return tuple(
        yaml.safe_load(Path(name).read_text("utf-8"))
        for name in ("x-2026.yaml", "x-2026-pack.yaml")
    )


def load(voucher: Voucher) -> None:
    voucher("init")
    voucher("programme", "load", "x-2026.yaml")
    voucher("template", "check", "x-2026-pack.yaml")
    voucher("template", "add", "x-2026-pack.yaml")


def test_answers_make_a_programme_that_loads(voucher: Voucher) -> None:
    ran = voucher(
        *NEW,
        *options(
            limits=["packs_per_resident=3"],
            staff=["wang=maker", "zhao=checker+finance"],
            scope=["channel=offline", "industries=餐饮,零售", "hours=10:00-22:00"],
            not_enforced=["no tobacco"],
            source=["notice 12 of 2026"],
        ),
    )
    assert "next: voucher programme load x-2026.yaml" in ran.err
    programme, template = documents()
    assert programme["funders"] == {"treasury": {"kind": "public", "amount": "500000.00"}}
    assert programme["limits"] == {
        "packs_per_resident_per_round": 1,
        "vouchers_per_payment": 1,
        "packs_per_resident": 3,
    }
    assert programme["refunds"] == {
        "voucher": {"partial": "forfeits"},
        "money": {"partial": "returns"},
    }
    assert programme["staff"][1] == {"name": "zhao", "roles": ["checker", "finance"]}
    assert template["coupons"] == [
        {"count": 5, "kind": "amount_off", "denomination": "10.00", "threshold": "40.00"}
    ]
    assert template["validity"] == {"days": 7, "from": "day_after_claim"}
    assert template["scope"] == {
        "channel": "offline",
        "industries": ["餐饮", "零售"],
        "hours": ["10:00-22:00"],
    }
    assert template["funding"] == {"treasury": "100%"}
    load(voucher)
    assert (
        "no tobacco"
        in voucher("template", "check", "x-2026-pack.yaml").out + voucher("programme", "show").out
    )


def test_the_first_round_is_a_command_to_be_pasted(voucher: Voucher) -> None:
    terms = {"packs": ["2万"], "opens_at": ["2026-05-01 10:00"], "closes_at": ["2026-05-20"]}
    command = voucher(*NEW, *options(**terms), "-o", "json").data["round"]
    for name in ("x-2026.yaml", "x-2026-pack.yaml"):
        assert f"#   {command}\n" in Path(name).read_text("utf-8")
    load(voucher)
    made = voucher(*shlex.split(command)[1:], "-o", "json").data
    assert made["packs"] == 20_000
    assert (made["opens_at"], made["closes_at"]) == (
        "2026-05-01T10:00:00+08:00",
        "2026-05-21T00:00:00+08:00",
    )


def test_what_the_notice_does_not_say_of_the_round_is_left_open(voucher: Voucher) -> None:
    ran = voucher(*NEW, *options(packs=["800份"]), "-o", "json")
    assert ran.data["round"].endswith('--packs 800 --opens-at "TIME" --closes-at "TIME"')


def test_a_file_is_never_written_over(voucher: Voucher) -> None:
    Path("x-2026-pack.yaml").write_text("mine")
    ran = voucher(*NEW, *options(), expect=3)
    assert "x-2026-pack.yaml is already there [file_exists]" in ran.err
    assert not Path("x-2026.yaml").exists()
    assert Path("x-2026-pack.yaml").read_text() == "mine"


def test_a_rehearsal_writes_nothing(voucher: Voucher, here: Path) -> None:
    data = voucher(*NEW, *options(), "--dry-run", "-o", "json").data
    assert data["written"] is False and not [*here.iterdir()]


def test_without_a_terminal_nobody_is_asked(voucher: Voucher, here: Path) -> None:
    ran = voucher(*NEW, "--name", "某县消费券", expect=2)
    assert (
        "--issuer, --fund, --voucher, --validity, --refunds, --unused [missing_answers]" in ran.err
    )
    assert not [*here.iterdir()]


@pytest.mark.parametrize(
    ("option", "answer", "code", "place"),
    [
        ("fund", "treasury=much", "bad_answer", "--fund"),
        ("fund", "treasury:state=5", "not_a_choice", "--fund"),
        ("voucher", "40", "bad_answer", "--voucher"),
        ("voucher", "2000-10%", "bad_answer", "--voucher"),
        ("validity", "weeks=1", "one_validity", "--validity"),
        ("refunds", "maybe", "not_a_choice", "--refunds"),
        ("unused", "away", "not_a_choice", "--unused"),
        ("limits", "packs_per_household=1", "unknown_key", "--limits"),
        ("packs", "many", "bad_answer", "--packs"),
        ("packs", "2.5", "bad_answer", "--packs"),
        ("opens-at", "2026-02-30", "bad_answer", "--opens-at"),
        ("staff", "wang", "bad_answer", "--staff"),
        ("staff", "wang=boss", "not_a_choice", "--staff"),
        ("share", "bank=100%", "unknown_funder", "--share"),
        ("share", "treasury=50%", "shares_not_whole", "--share"),
        ("name", "13800000005", "identity_in_yaml", "--name"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named_by_its_option(
    voucher: Voucher, here: Path, option: str, answer: str, code: str, place: str
) -> None:
    ran = voucher(*NEW, *options(**{option: [answer]}), "-o", "json", expect=2)
    found = {(each["code"], each["where"]) for each in ran.json["problems"]}
    assert (code, place) in found
    assert not [*here.iterdir()]


def test_a_bad_code_is_named(voucher: Voucher) -> None:
    ran = voucher("programme", "new", "x/../y", *options(), expect=2)
    assert "CODE: error: x/../y cannot be a short name [bad_code]" in ran.err


def test_several_funders_say_how_they_share(voucher: Voucher) -> None:
    fund = ["treasury=500000", "bank:platform=100000", "merchant:merchant"]
    refused = voucher(*NEW, *options(fund=fund), "-o", "json", expect=2)
    (problem,) = refused.json["problems"]
    assert problem["code"] == "missing_answers" and problem["message"].endswith(": --share")
    shared = options(fund=fund, share=["treasury=90%", "bank=10"], match=["merchant=50%"])
    voucher(*NEW, *shared)
    assert documents()[1]["funding"] == {"treasury": "90%", "bank": "10%"}
    assert documents()[1]["match"] == {"merchant": "50%"}
    load(voucher)


def test_a_shipped_programme_and_template_answer_the_rest(voucher: Voucher) -> None:
    voucher(
        *NEW,
        *("--like", "county-example", "--pack", "county-lunch"),
        *("--name", "某县消费券", "--issuer", "某县商务局", "--voucher", "满50减10"),
    )
    programme, template = documents()
    assert (
        programme["unused"] == "treasury"
        and programme["limits"]["vouchers_per_merchant_per_day"] == 1
    )
    assert not {"staff", "published", "declared", "source"} & programme.keys()
    assert template["scope"]["hours"] == ["10:30-14:30"]
    assert template["coupons"][0]["denomination"] == "10.00"
    load(voucher)
    unknown = voucher(*NEW, "--like", "nowhere", expect=3)
    assert "[unknown_config]" in unknown.err


def test_the_comments_are_in_both_languages(voucher: Voucher) -> None:
    voucher(*NEW, *options(), "--lang", "zh")
    text = Path("x-2026.yaml").read_text("utf-8")
    comments = [line for line in text.splitlines() if re.match("# [^ ]", line)]
    is_chinese = [any(letter >= "\u4e00" for letter in line) for line in comments]
    assert len(comments) > 10 and is_chinese == [False, True] * (len(comments) // 2)
    assert text.count("#   voucher programme load x-2026.yaml") == 1
    load(voucher)


def test_at_a_terminal_it_asks_until_it_can_be_used(
    voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    typed = {
        "issuer": ["", "某县商务局"],  # what is needed is asked again
        "fund": ["treasury=much", "treasury=50万元；bank:platform=1000"],
        "share": ["", "treasury=60%;bank=40%"],  # several funders must say it
        "voucher": ["满100减20; 2x40-10"],
        "validity": ["until=2026-05-31"],
        "refunds": ["forfeits"],
        "unused": ["pool"],
    }
    lines = [
        line
        for question in QUESTIONS
        if question.option != "name"
        for line in typed.get(question.option, [""])
    ]
    monkeypatch.setattr(sys, "stdin", Terminal("\n".join(lines) + "\n"))
    ran = voucher(*NEW, "--name", "某县消费券")
    assert "treasury=much is not written as it must be" in ran.err
    programme, template = documents()
    assert programme["funders"]["bank"] == {"kind": "platform", "amount": "1000.00"}
    assert [each["threshold"] for each in template["coupons"]] == ["100.00", "40.00"]
    assert str(template["validity"]["until"]) == "2026-05-31"
    load(voucher)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("50", "50.00"),
        ("1,234.5", "1234.50"),
        ("50万", "500000.00"),
        ("1.5亿元", "150000000.00"),
        ("１２３", "123.00"),
    ],
)
def test_amounts_are_read_as_notices_write_them(written: str, expected: str) -> None:
    assert notice_answers.amount(written) == expected


@pytest.mark.parametrize("written", ["none", "-5", "0.123", "1e3", "万"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=written):
        notice_answers.amount(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("40-10", (1, "10.00", "40.00")),
        ("10-40", (1, "10.00", "40.00")),
        ("5x40-10", (5, "10.00", "40.00")),
        ("满100减20", (1, "20.00", "100.00")),
        ("3×满100减20", (3, "20.00", "100.00")),
    ],
)
def test_vouchers_are_read_as_notices_write_them(
    written: str, expected: tuple[int, str, str]
) -> None:
    (found,) = notice_answers.coupons([written])
    assert (found["count"], found["denomination"], found["threshold"]) == expected


LETTERS = st.characters(exclude_categories=["C", "Z"]) | st.just(" ")  # in one line
WORDS = st.text(LETTERS, min_size=1, max_size=8).filter(lambda text: text.strip() == text)
VALUES = st.recursive(
    WORDS | st.integers(0, 10**9) | st.booleans(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(WORDS, inner, min_size=1, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES, min_size=1))
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    sections = [Section(key, value, ["why"]) for key, value in document.items()]
    text = commented_yaml.text(["head"], sections)
    assert yamls.parse(text, "x").value == document
