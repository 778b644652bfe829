"""When vouchers can be used: the ends that notices write, by rows and by columns."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from test_tampering import tamper

from vouchercli.ops.intake import by_columns
from vouchercli.rules import packs, templates

if TYPE_CHECKING:
    from vouchercli.documents import Fault

ZONE = towns.ZONE
CLAIMED = "2020-03-27 10:00"


def pack(**validity: Any) -> dict[str, Any]:
    return towns.pack("pack", towns.coupon("10", "40"), validity=validity)


def read(**validity: Any) -> templates.Template:
    template, faults = templates.read(pack(**validity))
    assert template is not None, faults
    return template


def faults(**validity: Any) -> list[tuple[tuple[Any, ...], str]]:
    found: tuple[Fault, ...] = templates.read(pack(**validity))[1]
    return [(each.path, each.code) for each in found]


@pytest.mark.parametrize(
    ("validity", "usable", "ends"),
    [
        ({"days_after_claim": 7}, CLAIMED, "2020-04-03 10:00"),
        ({"hours_after_claim": 48}, CLAIMED, "2020-03-29 10:00"),
        ({"days": 7}, CLAIMED, "2020-04-02 24:00"),
        ({"days": 7, "from": "claim"}, CLAIMED, "2020-04-02 24:00"),
        ({"days": 7, "from": "day_after_claim"}, CLAIMED, "2020-04-03 24:00"),
        ({"days": 1}, CLAIMED, "2020-03-27 24:00"),
        ({"until": "2020-04-30"}, CLAIMED, "2020-04-30 24:00"),
        ({"calendar_month": True}, CLAIMED, "2020-03-31 24:00"),
        (
            {"hours_after_claim": 48, "no_later_than": "2020-03-28 20:00"},
            CLAIMED,
            "2020-03-28 20:00",
        ),
        ({"days": 7, "no_later_than": "2020-05-01"}, CLAIMED, "2020-04-02 24:00"),
        ({"days": 7, "not_before": "day_after_claim"}, "2020-03-28 00:00", "2020-04-02 24:00"),
        (
            {"until": "2020-07-31", "not_before": "2020-06-09 18:00"},
            "2020-06-09 18:00",
            "2020-07-31 24:00",
        ),
        ({"days": 7, "not_before": "2020-03-01"}, CLAIMED, "2020-04-02 24:00"),
    ],
)
def test_a_voucher_can_be_used_from_when_until_when(
    validity: dict[str, Any], usable: str, ends: str
) -> None:
    template, at = read(**validity), towns.at(CLAIMED)
    assert templates.usable_at(template, at, ZONE) == towns.at(usable)
    assert templates.expires_at(template, at, ZONE) == towns.at(ends)


@pytest.mark.parametrize(
    ("opened", "days", "ends"),
    [
        ("2020-03-25 09:00", 7, "2020-03-31 24:00"),
        ("2020-03-27 10:00", 1, "2020-03-27 24:00"),
        ("2020-03-26 23:59:59", 2, "2020-03-27 24:00"),
    ],
)
def test_days_from_the_opening_end_together(opened: str, days: int, ends: str) -> None:
    template = templates.of_round(read(**{"days": days, "from": "opening"}), towns.at(opened))
    for claimed in (opened, CLAIMED):
        assert templates.expires_at(template, towns.at(claimed), ZONE) == towns.at(ends)
    moved = templates.of_round(template, towns.at(opened) + 86_400)
    assert templates.expires_at(moved, towns.at(CLAIMED), ZONE) == towns.at(ends) + 86_400


@given(
    at=st.integers(1_585_200_000, 1_585_200_000 + 400 * 86_400),
    days=st.integers(1, 40),
    counted=st.sampled_from(["claim", "day_after_claim"]),
)
def test_calendar_days_end_at_midnight_whatever_the_hour(at: int, days: int, counted: str) -> None:
    template = read(**{"days": days, "from": counted})
    ends = templates.expires_at(template, at, "Asia/Shanghai")
    assert (ends + 8 * 3_600) % 86_400 == 0
    first = (at + 8 * 3_600) // 86_400 + (counted == "day_after_claim")
    assert (ends + 8 * 3_600) // 86_400 - first == days


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        ({"days": 3, "until": "2020-05-01"}, [(("validity",), "one_validity")]),
        ({"no_later_than": "2020-05-01"}, [(("validity",), "one_validity")]),
        ({"hours_after_claim": 3, "from": "claim"}, [(("validity", "from"), "idle_key")]),
        (
            {"until": "2020-05-01", "no_later_than": "2020-05-02"},
            [(("validity", "no_later_than"), "idle_key")],
        ),
        ({"days": 3, "from": "noon"}, [(("validity", "from"), "not_a_choice")]),
        ({"days": 3, "not_before": "soon"}, [(("validity", "not_before"), "bad_time")]),
        ({"hours_after_claim": 0}, [(("validity", "hours_after_claim"), "bad_number")]),
    ],
)
def test_a_validity_that_says_two_things_is_refused(
    validity: dict[str, Any], expected: list[Any]
) -> None:
    assert faults(**validity) == expected


@pytest.mark.parametrize("bytes_", [1 << 40, 1])
def test_files_are_held_to_it_by_rows_and_by_columns(
    voucher: Any, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    towns.build(
        voucher,
        towns.programme(),
        pack(**{"days": 2, "not_before": "day_after_claim"}),
        merchants="merchant_no,name\nM1,one\n",
    )
    towns.make_round(voucher, "r1", packs=9, state="open", closes=towns.CLOSES)
    rows = "".join(f"C{n},r1,P{n},2020-03-27 10:0{n}\n" for n in range(1, 5))
    towns.write("c.csv", towns.CLAIMS + rows)
    voucher("claim", "import", "c.csv")
    times = (
        "2020-03-27 23:59:59",
        "2020-03-28 00:00:00",
        "2020-03-28 23:59:59",
        "2020-03-29 00:00:00",
    )
    rows = "".join(f"T{n},pay,C{n},1,M1,{at},50,0,10,\n" for n, at in enumerate(times, start=1))
    towns.write("p.csv", towns.PAYMENTS + rows)
    done = voucher("redemption", "import", "p.csv", "-o", "json", expect=4).data
    assert done["reasons"] == {"not_yet_valid": 1, "expired": 1}
    (early, late) = voucher("batch", "rejects", str(done["batch"]), "-o", "json").data["rejects"]
    assert early["explanation"].endswith("can be used from 2020-03-28 00:00:00 on")
    assert late["reason"] == "expired"
    voucher("check", "--law")


@pytest.mark.parametrize("bytes_", [1 << 40, 1])
def test_files_are_held_to_the_end_from_the_opening(
    voucher: Any, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    """By rows and by columns: two rounds of one template, of which one opens a day later."""
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    towns.build(
        voucher,
        towns.programme(),
        pack(**{"days": 2, "from": "opening"}),
        merchants="merchant_no,name\nM1,one\n",
    )
    for code, opens in (("r1", "2020-03-27 08:00"), ("r2", "2020-03-28 08:00")):
        towns.make_round(voucher, code, packs=9, state="approved", opens=opens)
        voucher("round", "open", code, "--actor", "lin", "--now", opens)
    rows = "C1,r1,P1,2020-03-28 23:00\nC2,r2,P2,2020-03-28 23:00\n"
    towns.write("c.csv", "claim_no,round,resident,claimed_at\n" + rows)
    voucher("claim", "import", "c.csv")
    ends = [row[0] for row in towns.ask(".", "SELECT expires_at FROM claims ORDER BY claim_no")]
    assert ends == [towns.at("2020-03-28 24:00"), towns.at("2020-03-29 24:00")]
    rows = "".join(f"T{n},pay,C{n},1,M1,2020-03-29 00:00:00,50,0,10,\n" for n in (1, 2))
    towns.write("p.csv", towns.PAYMENTS + rows)
    done = voucher("redemption", "import", "p.csv", "-o", "json", expect=4).data
    assert (done["reasons"], done["accepted"]) == ({"expired": 1}, 1)
    voucher("check", "--law")


def test_the_end_follows_an_opening_that_is_moved(voucher: Any) -> None:
    validity = {"days": 2, "from": "opening"}
    towns.build(
        voucher, towns.programme(), pack(**validity), merchants="merchant_no,name\nM1,one\n"
    )
    opens = "2020-03-28 08:00"
    late = ("r1", "--closes-at", "2020-03-30", "--opens-at", opens, "--packs", "3")
    made = voucher("round", "create", *late, "--template", "pack", "-o", "json", expect=3)
    assert made.json["problems"][0]["code"] == "closes_after_validity"
    towns.make_round(voucher, "r1", packs=3, opens=opens, closes="2020-03-29 20:00")
    shown = voucher("round", "show", "r1", "-o", "json").data
    assert shown["vouchers_end_at"].startswith("2020-03-30T00:00")
    moved = ("r1", "--opens-at", "2020-03-29 08:00", "--note", "the hall is not ready")
    voucher("round", "reschedule", *moved, "--actor", "mei")
    voucher("round", "approve", "r1", "--actor", "lin")
    shown = voucher("round", "show", "r1", "-o", "json").data
    assert shown["vouchers_end_at"].startswith("2020-03-31T00:00")


def test_an_edit_that_makes_a_payment_too_early_is_found(voucher: Any) -> None:
    test_files_are_held_to_it_by_rows_and_by_columns(voucher, pytest.MonkeyPatch(), 1 << 40)
    with closing(sqlite3.connect("voucher.db")) as db:
        tamper(db, "UPDATE redemptions SET paid_at = paid_at - 43200 WHERE transaction_no = 'T2'")
        db.commit()
    found = voucher("check", "-o", "json", expect=5).out
    assert "payments_from_their_day" in found


def test_a_round_ends_when_its_vouchers_do(voucher: Any) -> None:
    validity = {"hours_after_claim": 48, "no_later_than": "2020-03-29"}
    towns.build(
        voucher, towns.programme(), pack(**validity), merchants="merchant_no,name\nM1,one\n"
    )
    made = voucher(
        "round", "create", "r1", "--template", "pack", "--packs", "3", "--opens-at", towns.OPENS,
        "--closes-at", "2020-03-30", "-o", "json", expect=3,
    )  # fmt: skip
    assert made.json["problems"][0]["code"] == "closes_after_validity"


@pytest.mark.parametrize(
    ("validity", "zh", "en"),
    [
        ({"days": 7}, "领取当日为第 1 日", "the day of claim is the first"),
        ({"hours_after_claim": 24}, "领取后 24 小时", "24 hours after the claim"),
        ({"calendar_month": True}, "领取当月月末", "the end of the month of the claim"),
        (
            {"days": 30, "from": "opening"},
            "2020-03-25 10:00:00 开领的期次",
            "until 2020-04-23 24:00:00",
        ),
    ],
)
def test_template_show_says_what_it_means_with_an_example(
    voucher: Any, validity: dict[str, Any], zh: str, en: str
) -> None:
    towns.build(
        voucher, towns.programme(), pack(**validity), merchants="merchant_no,name\nM1,one\n"
    )
    english, chinese = (
        voucher("template", "show", "pack", "--lang", each).out for each in ("en", "zh")
    )
    english = " ".join(english.split())
    assert en in english and "claimed at 2020-03-27 10:00:00" in english
    assert zh in chinese


def test_what_it_means_is_said_of_every_end() -> None:
    for validity in (
        {"days_after_claim": 1},
        {"days": 1, "from": "day_after_claim"},
        {"until": "2020-05-01"},
    ):
        text, params = packs.validity_in_words(read(**validity).validity)
        assert text.format(**params).startswith("Valid ")


@pytest.mark.parametrize(
    ("end", "codes"),
    [
        ("2020-03-31 23:59:59", ["last_second_left_out"]),
        ("2020-03-31T23:59:59+08:00", ["last_second_left_out"]),
        ("2020-03-31 23:59", ["last_second_left_out"]),
        ("2020-03-31 23:59:58", []),
        ("2020-03-31 24:00", []),
        ("2020-03-31", []),
    ],
)
@pytest.mark.parametrize("key", ["until", "no_later_than"])
def test_an_end_that_leaves_the_last_second_of_its_day_out_is_warned_of(
    key: str, end: str, codes: list[str]
) -> None:
    template = read(**{key: end} | ({"days_after_claim": 3} if key == "no_later_than" else {}))
    notes = packs.cautions(template, templates.kinds_by_name(template))
    assert [each.code for each in notes] == codes
    assert all(each.path == ("validity", key) for each in notes)


def create(voucher: Any, closes: str, **validity: Any) -> Any:
    """A round from 27 March 2020, 08:00, of vouchers with that validity."""
    towns.build(
        voucher, towns.programme(), pack(**validity), merchants="merchant_no,name\nM1,one\n"
    )
    asked = ("r1", "--template", "pack", "--packs", "3", "--opens-at", "2020-03-27 08:00")
    asked += ("--platform", "alipay") if "by" in validity else ()
    return voucher("round", "create", *asked, "--closes-at", closes, "-o", "json", expect=None)


@pytest.mark.parametrize(
    ("validity", "closes"),
    [
        ({"until": "2020-03-29", "not_before": "2020-03-30"}, "2020-03-28"),
        ({"days": 1, "not_before": "day_after_claim"}, "2020-03-29"),
        ({"hours_after_claim": 3, "not_before": "day_after_claim"}, "2020-03-27 20:00"),
        (
            {"by": "platform", "no_later_than": "2020-03-29", "not_before": "2020-03-30"},
            "2020-03-28",
        ),
    ],
)
def test_no_round_gives_out_vouchers_that_end_before_they_begin(
    voucher: Any, validity: dict[str, Any], closes: str
) -> None:
    made = create(voucher, closes, **validity)
    assert made.code == 3
    assert made.json["problems"][0]["code"] == "never_usable"


@pytest.mark.parametrize(
    ("validity", "closes"),
    [
        ({"until": "2020-03-29", "not_before": "day_after_claim"}, "2020-03-29"),
        ({"hours_after_claim": 20, "not_before": "day_after_claim"}, "2020-03-29"),
        ({"days_after_claim": 2, "not_before": "2020-03-29 08:00"}, "2020-03-29"),
        ({"calendar_month": True, "not_before": "day_after_claim"}, "2020-04-02"),
        ({"days": 2, "from": "opening", "not_before": "day_after_claim"}, "2020-03-28"),
    ],
)
def test_the_plan_says_of_which_claims_vouchers_end_before_they_begin(
    voucher: Any, validity: dict[str, Any], closes: str
) -> None:
    assert create(voucher, closes, **validity).code == 0
    assert "could be used from" in voucher("round", "plan", "r1").out
    assert "失效：请提前结束领取" in voucher("round", "plan", "r1", "--lang", "zh").out.replace(
        "\n", ""
    )


@pytest.mark.parametrize(
    ("validity", "closes"),
    [
        ({"until": "2020-03-29", "not_before": "day_after_claim"}, "2020-03-28"),
        ({"days": 2, "not_before": "day_after_claim"}, "2020-03-29"),
        ({"hours_after_claim": 24, "not_before": "day_after_claim"}, "2020-03-29"),
        ({"hours_after_claim": 17, "not_before": "day_after_claim"}, "2020-03-27 20:00"),
        ({"days_after_claim": 2, "not_before": "2020-03-29 07:59"}, "2020-03-29"),
        ({"calendar_month": True, "not_before": "day_after_claim"}, "2020-03-30"),
    ],
)
def test_vouchers_that_can_be_used_for_a_second_are_given_out(
    voucher: Any, validity: dict[str, Any], closes: str
) -> None:
    assert create(voucher, closes, **validity).code == 0
    assert "could be used from" not in voucher("round", "plan", "r1").out


@pytest.mark.parametrize(
    ("validity", "codes"),
    [
        ({"until": "2020-03-29", "not_before": "2020-03-30"}, ["never_usable"]),
        ({"until": "2020-03-29 10:00", "not_before": "2020-03-29 10:00"}, ["never_usable"]),
        ({"days": 1, "not_before": "day_after_claim"}, ["never_usable"]),
        ({"days": 1, "from": "day_after_claim", "not_before": "day_after_claim"}, []),
        ({"until": "2020-03-29", "not_before": "2020-03-29"}, []),
    ],
)
def test_a_template_warns_of_vouchers_that_can_never_be_used(
    validity: dict[str, Any], codes: list[str]
) -> None:
    template = read(**validity)
    notes = packs.cautions(template, templates.kinds_by_name(template))
    assert [each.code for each in notes] == codes
