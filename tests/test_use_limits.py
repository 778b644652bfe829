"""Limits of use: vouchers and yuan of a resident over all merchants or at one, yuan of a merchant,
by day, week, month or in all; by rows and in chunks, with refunds, late files, undo and retry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.rules.limits import always
from vouchercli.rules.uses import Use, Uses, cap

Town = Callable[..., Any]
CLAIMS = "".join(
    f"{name}{number},{code},{name},2020-03-27 1{number}:00\n"
    for name in ("ann", "bob")
    for number, code in enumerate(("g1", "g2", "g3", "a1"), 1)
)


@pytest.fixture(params=["whole", "chunks"])
def town(
    voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Town:
    """Ann and Bob hold ann1 to ann3 of 20 yuan (kind general) and ann4 of 100 (kind appliance)."""

    def build(**limits: Any) -> Any:
        once(f"use limits: {limits}", lambda: lay_down(limits))
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-30 09:00")
        monkeypatch.setattr(by_columns, "BYTES", 0)
        if request.param == "chunks":
            monkeypatch.setattr(chunks, "ROWS", 1)
        return voucher

    def lay_down(limits: dict[str, Any]) -> None:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        packs = (
            towns.pack("ap", towns.coupon("100", "500"), kind="appliance"),
            towns.pack("gen", towns.coupon("20", "50"), kind="general"),
        )
        document = towns.programme(
            staff={"chen": "maker", "lin": "checker"},
            limits={"packs_per_resident_per_round": 1} | limits,
        )
        towns.build(voucher, document, *packs, merchants="merchant_no,name\nM1,one\nM2,two\n")
        for code in ("g1", "g2", "g3", "a1"):
            template = {"a": "ap", "g": "gen"}[code[0]]
            options = ("--platform", "alipay")
            towns.make_round(voucher, code, *options, template=template, state="open", maker="chen")
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-30 09:00")
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + CLAIMS))

    return build


def pays(voucher: Any, *rows: str, name: str = "p.csv") -> list[str]:
    """Import payments `NO claim merchant day time yuan`, and refunds of all of one (`R1 ... of`);
    the numbers that are refused for the limit.
    """
    lines = []
    for row in rows:
        number, claim, merchant, at, yuan, *of = row.split()
        kind = "refund" if of else "pay"
        moment = f"2020-{at.replace('T', ' ')}"
        lines.append(f"{number},{kind},{claim},1,{merchant},{moment},1000,0,{yuan},{''.join(of)}\n")
    path = towns.write(name, towns.PAYMENTS + "".join(lines))
    data = voucher("redemption", "import", path, "-o", "json", expect=None).data
    return rejected(voucher, data["batch"])


def rejected(voucher: Any, batch: int) -> list[str]:
    rejects = voucher("batch", "rejects", str(batch), "-o", "json").data["rejects"]
    assert {each["reason"] for each in rejects} <= {"over_use_limit"}
    return [each["cells"][0] for each in rejects]


FOUR = ("1 ann1 M1 03-28T10:00 20", "2 ann2 M2 03-28T11:00 20", "3 ann3 M1 03-29T10:00 20")
ALL = (*FOUR, "4 ann4 M1 04-02T10:00 100")


@pytest.mark.parametrize(
    ("limits", "over"),
    [
        ({"vouchers_per_resident": 3}, ["4"]),
        ({"vouchers_per_resident": {"per": "day", "at_most": 1}}, ["2"]),
        ({"vouchers_per_resident": {"per": "week", "at_most": 2}}, ["3"]),
        ({"vouchers_per_resident": {"per": "month", "at_most": 2}}, ["3"]),
        ({"vouchers_per_resident": {"at_most": 2, "of": "general"}}, ["3"]),
        ({"vouchers_per_resident": {"at_most": 2, "except": ["appliance"]}}, ["3"]),
        ({"vouchers_per_resident": [{"per": "day", "at_most": 1}, {"at_most": 2}]}, ["2", "4"]),
        ({"vouchers_per_merchant": 2}, ["4"]),
        ({"vouchers_per_merchant": {"per": "month", "at_most": 1}}, ["3"]),
        ({"subsidy_per_resident": "60.00"}, ["4"]),
        ({"subsidy_per_resident": {"at_most": "140.00", "except": "general"}}, []),
        ({"subsidy_per_resident": {"per": "month", "at_most": "59.99"}}, ["3", "4"]),
        ({"subsidy_per_merchant": {"at_most": "40.00"}}, ["4"]),
        ({"subsidy_per_merchant": {"per": "day", "at_most": "20.00"}}, ["4"]),
        ({"subsidy_per_merchant": {"per": "month", "at_most": "30.00"}}, ["3", "4"]),
        ({"budget": {"per": "day", "at_most": "120.00"}}, []),
        ({"budget": {"per": "week", "at_most": "40.00"}}, ["3", "4"]),
        ({"budget": {"per": "month", "at_most": "40.00", "of": "general"}}, ["3"]),
        ({"budget": {"at_most": "80.00", "except": "appliance"}}, []),
    ],
)
def test_what_has_no_room_is_refused(town: Town, limits: dict[str, Any], over: list[str]) -> None:
    voucher = town(**limits)
    assert pays(voucher, *ALL) == over
    assert pays(voucher, "5 bob1 M2 04-02T10:00 20", name="b.csv") == []  # another resident
    voucher("check")
    shown = voucher("programme", "show", "-o", "json").data["limits"]
    (key,) = limits
    assert shown[key]


def test_the_words_say_which_limit(town: Town) -> None:
    voucher = town(
        vouchers_per_merchant={"per": "month", "at_most": 1}, subsidy_per_resident="100.00"
    )
    pays(voucher, *ALL)
    batch = voucher("batch", "list", "-o", "json").data["batches"][0]["batch"]
    said = voucher("batch", "rejects", str(batch), "-o", "csv").out
    assert "already used 1 vouchers at this merchant of that month, the most allowed" in said
    assert "would have used more than 100.00 yuan" in said


def test_a_refund_gives_the_room_back_from_its_second_on(town: Town) -> None:
    voucher = town(subsidy_per_resident="40.00")
    assert pays(
        voucher,
        "1 ann1 M1 03-28T10:00 20",
        "2 ann2 M1 03-28T11:00 20",
        "3 ann3 M1 03-28T11:30 20",
        "9 ann1 M1 03-28T12:00 20 1",
        "5 ann3 M1 03-28T13:00 20",
    ) == ["3"]
    voucher("check")


@pytest.mark.parametrize("per", ["day", "week", "month", "programme"])
def test_a_refund_gives_a_merchant_no_room_before_its_second(town: Town, per: str) -> None:
    voucher = town(subsidy_per_merchant={"per": per, "at_most": "40.00"})
    assert pays(voucher, "1 ann1 M1 04-02T10:00 20", "2 ann2 M1 04-02T11:00 20") == []
    assert pays(voucher, "9 ann1 M1 04-02T13:00 20 1", name="r.csv") == []
    # at noon both were in use; at two one of them is
    late = ("3 bob1 M1 04-02T12:00 20", "5 bob2 M1 04-02T14:00 20")
    assert pays(voucher, *late, name="late.csv") == ["3"]
    (batch,) = [
        each["batch"]
        for each in voucher("batch", "list", "-o", "json").data["batches"]
        if each["file"].endswith("late.csv")
    ]
    voucher("batch", "retry", str(batch), expect=4)
    assert rejected(voucher, batch) == ["3"]
    voucher("check")


def test_a_late_payment_needs_room_beside_what_stands_later(town: Town) -> None:
    voucher = town(vouchers_per_resident=2)
    assert pays(voucher, "2 ann2 M1 03-28T11:00 20", "3 ann3 M1 03-29T11:00 20") == []
    assert pays(voucher, "1 ann1 M1 03-27T20:00 20", name="late.csv") == ["1"]
    assert pays(voucher, "9 ann2 M1 03-28T12:00 20 2", name="r.csv") == []
    # at every second one of the later two is in use, so there is room for one more
    (late,) = [
        each["batch"]
        for each in voucher("batch", "list", "-o", "json").data["batches"]
        if each["rejected"]
    ]
    voucher("batch", "retry", str(late))
    assert rejected(voucher, late) == []
    voucher("check")


SPANS = {
    "day": ("03-29T09:00", "03-29T10:00", "03-29T11:00"),
    "week": ("03-30T09:00", "03-30T10:00", "03-31T11:00"),
    "month": ("04-02T09:00", "04-02T10:00", "04-03T10:00"),
}


@pytest.mark.parametrize("files", ["one file", "a file each"])
@pytest.mark.parametrize("per", SPANS)
@pytest.mark.parametrize("key", ["subsidy_per_merchant", "budget"])
def test_a_later_refund_gives_back_of_the_span_in_which_was_paid(
    town: Town, key: str, per: str, files: str
) -> None:
    voucher = town(**{key: {"per": per, "at_most": "20.00"}})
    refunded, second, third = SPANS[per]
    rows = (
        "1 ann1 M1 03-28T10:00 20",
        f"9 ann1 M1 {refunded} 20 1",
        f"2 ann2 M1 {second} 20",
        f"3 bob1 M1 {third} 20",
    )
    batches = [rows] if files == "one file" else [(row,) for row in rows]
    over = [
        number
        for place, batch in enumerate(batches)
        for number in pays(voucher, *batch, name=f"{place}.csv")
    ]
    assert over == ["3"]
    voucher("check")


@pytest.mark.parametrize("key", ["subsidy_per_merchant", "budget"])
@pytest.mark.parametrize("per", SPANS)
def test_before_a_later_refund_there_is_no_room(town: Town, per: str, key: str) -> None:
    voucher = town(**{key: {"per": per, "at_most": "20.00"}})
    refunded = SPANS[per][0]
    assert pays(voucher, "1 ann1 M1 03-28T10:00 20", f"9 ann1 M1 {refunded} 20 1") == []
    assert pays(voucher, "2 bob1 M1 03-28T12:00 20", name="late.csv") == ["2"]
    voucher("check")


def test_a_budget_a_day_is_used_up_by_whoever_comes_first(town: Town) -> None:
    voucher = town(budget={"per": "day", "at_most": "50.00"})
    rows = ("1 ann1 M1 03-28T10:00 20", "2 bob1 M2 03-28T11:00 20", "3 bob2 M1 03-28T12:00 20")
    assert pays(voucher, *rows, "4 bob3 M1 03-29T08:00 20") == ["3"]
    assert pays(voucher, "5 ann2 M2 03-28T23:00 20", name="b.csv") == ["5"]
    assert pays(voucher, "6 ann2 M2 03-28T09:00 20", name="c.csv") == ["6"]  # what stands stays
    latest = voucher("batch", "list", "-o", "json").data["batches"][0]["batch"]
    (row,) = voucher("batch", "rejects", str(latest), "-o", "json").data["rejects"]
    assert "all together would have used more than 50.00 yuan of that day" in row["explanation"]
    shown = voucher("programme", "show", "--lang", "zh").out
    assert "用券总预算" in shown
    voucher("check")


def test_undo_gives_the_room_back_and_retry_takes_it(town: Town) -> None:
    voucher = town(vouchers_per_merchant={"per": "programme", "at_most": 1})
    assert pays(voucher, "1 ann1 M1 03-28T10:00 20") == []
    assert pays(voucher, "2 ann2 M1 03-28T11:00 20", name="b.csv") == ["2"]
    first, second = (
        each["batch"]
        for each in reversed(voucher("batch", "list", "-o", "json").data["batches"][:2])
    )
    voucher("batch", "undo", str(first), "--note", "wrong file")
    voucher("batch", "retry", str(second))
    assert rejected(voucher, second) == []
    voucher("check")


def test_undoing_a_refund_names_what_stands_beyond_a_limit(town: Town) -> None:
    voucher = town(vouchers_per_resident=1, subsidy_per_merchant="100.00")
    assert pays(voucher, "1 ann1 M1 03-28T10:00 20", "5 bob1 M1 03-28T10:00 20") == []
    assert pays(voucher, "9 ann1 M1 03-28T12:00 20 1", name="r.csv") == []
    assert pays(voucher, "8 bob1 M1 03-28T12:00 20 5", name="s.csv") == []
    assert pays(voucher, "2 ann2 M1 03-28T13:00 20", name="b.csv") == []
    latest = voucher("batch", "list", "-o", "json").data["batches"]
    of_bob, of_ann = (each["batch"] for each in latest[1:3])
    assert "stands though" not in voucher("batch", "undo", str(of_bob), "--note", "wrong").err
    ran = voucher("batch", "undo", str(of_ann), "--note", "wrong", "-o", "json")
    (problem,) = ran.json["problems"]
    assert problem["code"] == "not_lawful_now" and "payment 2," in str(problem)
    voucher("check")


def test_reversing_a_refund_names_what_stands_beyond_a_limit(town: Town) -> None:
    voucher = town(vouchers_per_resident=1)
    assert pays(voucher, "1 ann1 M1 03-28T10:00 20", "9 ann1 M1 03-28T12:00 20 1") == []
    assert pays(voucher, "2 ann2 M1 03-28T13:00 20", name="b.csv") == []
    how = ("--kind", "refund", "--reverse", "--note", "never came", "--evidence", "letter 7")
    ran = voucher("redemption", "correct", "9", *how, "--actor", "chen", "-o", "json")
    number = str(ran.data["correction"])
    ran = voucher("correction", "approve", number, "--actor", "lin")
    assert "payment 2, 2020-03-28 13:00" in ran.err and "would refuse it now" in ran.err
    voucher("check")


def test_the_till_says_it_before(town: Town) -> None:
    voucher = town(vouchers_per_resident=1)
    pays(voucher, "1 ann1 M1 03-28T10:00 20")
    ran = voucher(
        "redemption",
        "check",
        "--claim",
        "ann2",
        "--merchant",
        "M1",
        "--amount",
        "100",
        "--at",
        "2020-03-29 10:00",
        "-o",
        "json",
        expect=None,
    )
    assert ran.data["reason"] == "over_use_limit"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"vouchers_per_resident": 0}, "bad_amount"),
        ({"vouchers_per_resident": {"per": "year", "at_most": 1}}, "not_a_choice"),
        ({"vouchers_per_resident": {"per": "day"}}, "missing_key"),
        ({"subsidy_per_resident": {"at_most": "ten"}}, "bad_amount"),
        ({"subsidy_per_merchant": {"at_most": "1", "of": "a", "except": "b"}}, "of_and_except"),
        ({"subsidy_per_merchant": [{"at_most": "1"}, {"at_most": "2"}]}, "named_twice"),
    ],
)
def test_a_wrong_limit_is_named(voucher: Any, limits: dict[str, Any], code: str) -> None:
    voucher("init")
    path = towns.write("p.yaml", towns.programme(limits=limits))
    assert f"[{code}]" in voucher("programme", "load", path, expect=3).err


def test_a_limit_that_holds_from_before_names_what_stands_beyond_it(town: Town) -> None:
    voucher = town()
    pays(voucher, *ALL)
    more = {"vouchers_per_resident": 3, "from": "2020-03-01"}
    document = towns.programme(
        staff={"chen": "maker", "lin": "checker"},
        limits={"packs_per_resident_per_round": 1} | more,
    )
    path = towns.write("q.yaml", document)
    voucher("programme", "load", path, "--note", "as announced", "--actor", "chen")
    ran = voucher("programme", "approve", "--actor", "lin")
    assert "stands though vouchers_per_resident:programme would refuse it now" in ran.err


# ---------------------------------------------------------------- the law by itself


def test_the_most_that_is_used_from_a_second_on_is_what_counts() -> None:
    each = cap("vouchers_per_resident:programme")
    assert each is not None
    uses = Uses([(each, always(2))], {}, towns.ZONE)

    def use(number: str, at: int, sign: int = 1) -> Use:
        return Use((int(number), 1), number, b"ann", 1, 1, at, at, sign, 0)

    uses.add(use("1", 10))
    uses.add(use("2", 30))
    assert uses.reached(use("3", 20)) == each
    uses.add(use("1", 10, -1)._replace(at=30))  # in the second of the payment: behind it
    assert uses.reached(use("3", 20)) == each
    uses.forget((2, 1), "2")
    assert uses.reached(use("3", 20)) is None
    uses.add(use("3", 20))
    assert uses.reached(use("4", 25)) == each
    assert uses.reached(use("4", 31)) is None
