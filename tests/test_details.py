"""What only some files say of a payment: goods, grade, pieces, place of delivery (rules/details.py)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from test_tampering import tamper

from vouchercli.ops.intake import by_columns
from vouchercli.ops.setup import configs
from vouchercli.rules import details, money, packs, subsidy, templates
from vouchercli.rules.scope import Goods, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    from vouchercli.rules.coupons import Coupon

GREEN = Scope(
    goods=(Goods("laptop", "<=2"), Goods("tv", "1, 2"), Goods("phone")),
    exclude_goods=frozenset({"card"}),
    units=1,
    delivered_to=frozenset({"Beijing"}),
)
SCOPE = {
    "goods": {"laptop": {"grade": "<=2"}, "tv": {"grade": [1, 2]}, "phone": {}},
    "exclude_goods": ["card"],
    "units": 1,
    "delivered_to": ["Beijing"],
}
HEADER = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,subsidy,refund_of"
WHOLE = f"{HEADER},goods,grade,units,delivered_to\n"


# ---------------------------------------------------------------- the law


@pytest.mark.parametrize(
    ("said", "code", "missing"),
    [
        ({}, None, ("goods", "grade", "units", "delivered_to")),
        ({"goods": "phone"}, None, ("units", "delivered_to")),
        ({"goods": "laptop"}, None, ("grade", "units", "delivered_to")),
        ({"goods": "laptop", "grade": "2"}, None, ("units", "delivered_to")),
        ({"goods": "laptop", "grade": "3"}, "other_grade", ("units", "delivered_to")),
        ({"goods": "laptop", "grade": "good"}, "other_grade", ("units", "delivered_to")),
        ({"goods": "tv", "grade": "1"}, None, ("units", "delivered_to")),
        ({"goods": "tv", "grade": "3"}, "other_grade", ("units", "delivered_to")),
        ({"goods": "card"}, "other_goods", ("units", "delivered_to")),
        ({"goods": "sofa"}, "other_goods", ("units", "delivered_to")),
        ({"goods": "phone", "units": "1", "delivered_to": "Beijing"}, None, ()),
        ({"goods": "phone", "units": "2", "delivered_to": "Beijing"}, "too_many_units", ()),
        ({"goods": "phone", "units": "1", "delivered_to": "Hebei"}, "delivered_elsewhere", ()),
    ],
)
def test_a_row_is_held_to_what_it_says(
    said: dict[str, str], code: str | None, missing: tuple[str, ...]
) -> None:
    broken = details.find_broken(GREEN, None, said)
    assert (broken[0] if broken else None) == code
    assert details.unverified(GREEN, None, said) == missing


@pytest.mark.parametrize(
    ("text", "grade"),
    [("1", "1"), ("1级", "1"), ("一级", "1"), ("Grade 2", "2"), ("02", "2"), ("AAA", "AAA")],
)
def test_a_grade_is_one_however_it_is_written(text: str, grade: str) -> None:
    assert details.read({"grade": text}) == {"grade": grade}


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "100000"])
def test_pieces_are_a_whole_number(text: str) -> None:
    with pytest.raises(details.DetailError):
        details.read({"units": text})


@given(st.dictionaries(st.sampled_from(details.NAMES), st.text("12ab", min_size=1, max_size=1)))
def test_nothing_is_asked_where_a_scope_asks_nothing(said: dict[str, str]) -> None:
    assert details.find_broken(Scope(), None, said) is None
    assert details.unverified(Scope(), None, said) == ()


def test_a_template_says_it_and_older_ones_keep_their_digest() -> None:
    template, faults = templates.read(towns.pack(scope=SCOPE))
    assert template is not None, faults
    assert template.scope == GREEN
    fields = packs.described(template)
    assert fields["scope.goods"] == "laptop (grade <=2), tv (grade 1, 2), phone"
    assert fields["scope.exclude_goods"] == "card"
    assert fields["scope.units"] == "1"
    assert fields["scope.delivered_to"] == "Beijing"
    plain = templates.read(towns.pack())[0]
    assert plain is not None
    assert configs.digest(plain).startswith("bae40e5686b28387")


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ({"goods": {"tv": {"grade": "<two"}}}, "bad_grade"),
        ({"goods": {"tv": {"colour": "red"}}}, "unknown_key"),
        ({"goods": "tv"}, "wrong_type"),
        ({"goods": ["tv", "tv"]}, "named_twice"),
        ({"units": 0}, "bad_number"),
    ],
)
def test_a_wrong_key_is_a_fault(scope: dict[str, Any], code: str) -> None:
    template, faults = templates.read(towns.pack(scope=scope))
    assert template is None
    assert [each.code for each in faults] == [code]


GRADED = {
    "kind": "percent_off",
    "threshold": "0.01",
    "cap": "2000.00",
    "rates": {"grade 1": "20", "2级": {"percent": "15", "cap": "1500.00"}},
}
HALF = {"kind": "percent_off", "percent": "50", "threshold": "0.01", "cap": "10.00"}
DINING = HALF | {"cap_per": "diner", "most_diners": 20}


BY_CLASS = GRADED | {
    "rates_by": "goods",
    "rates": {"phone": {"percent": "15", "cap": "500.00"}, "fridge": "20"},
}


def coupon(line: dict[str, Any]) -> Coupon:
    template, faults = templates.read(towns.pack("pack", line))
    assert template is not None, faults
    return template.coupons[0]


@pytest.mark.parametrize(
    ("line", "base", "said", "pays"),
    [
        (GRADED, "9000.00", {"grade": "2"}, "1350.00"),
        (GRADED, "12000.00", {"grade": "2"}, "1500.00"),
        (GRADED, "9000.00", {"grade": "1"}, "1800.00"),
        (GRADED, "12000.00", {"grade": "1"}, "2000.00"),
        (GRADED, "9000.00", {}, "1350.00"),
        (GRADED, "12000.00", {}, "1500.00"),
        (BY_CLASS, "5999.00", {"goods": "phone"}, "500.00"),
        (BY_CLASS, "1000.00", {"goods": "phone"}, "150.00"),
        (BY_CLASS, "9000.00", {"goods": "fridge"}, "1800.00"),
        (BY_CLASS, "9000.00", {}, "500.00"),
        (DINING, "80.00", {"diners": "4"}, "40.00"),
        (DINING, "50.00", {"diners": "2"}, "20.00"),
        (DINING, "12.00", {"diners": "1"}, "6.00"),
        (DINING, "80.00", {}, "10.00"),
        (DINING, "9999.00", {"diners": "99"}, "200.00"),
    ],
)
def test_a_voucher_pays_no_more_than_the_row_proves(
    line: dict[str, Any], base: str, said: dict[str, str], pays: str
) -> None:
    paid = subsidy.of_coupon(coupon(line), money.parse_yuan(base), said)
    assert money.yuan(paid) == pays


def test_what_a_pack_can_cost_is_the_most() -> None:
    assert coupon(GRADED).denomination_fen == 200_000
    assert coupon(GRADED).percent_bp == 2_000
    assert coupon(DINING).denomination_fen == 20_000


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (GRADED | {"percent": "15"}, "idle_key"),
        (GRADED | {"cap": "1000.00"}, "cap_above_cap"),
        (GRADED | {"rates": {"1": "120"}}, "more_than_the_price"),
        (GRADED | {"rates": {"1": "no"}}, "bad_percent"),
        (HALF | {"cap_per": "diner"}, "most_diners_needed"),
        (HALF | {"cap_per": "table", "most_diners": 4}, "not_a_choice"),
        (HALF | {"most_diners": 4}, "idle_key"),
        (HALF | {"rates_by": "goods"}, "idle_key"),
        (GRADED | {"rates_by": "shop"}, "not_a_choice"),
        (GRADED | {"cap_per": "diner", "most_diners": 4}, "idle_key"),
    ],
)
def test_a_wrong_rate_is_a_fault(line: dict[str, Any], code: str) -> None:
    template, faults = templates.read(towns.pack("pack", line))
    assert template is None
    assert [each.code for each in faults] == [code]


# ---------------------------------------------------------------- files


@pytest.fixture(params=["rows", "columns"])
def town(
    voucher: Callable[..., Ran],
    once: Any,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Callable[..., Ran]:
    def build() -> None:
        towns.build(
            voucher,
            towns.programme(staff={"mei": "maker", "lin": "checker"}),
            towns.pack("green", towns.coupon("100", "1000", 5), scope=SCOPE),
            towns.pack("plain", towns.coupon("10", "40", 5)),
            merchants="merchant_no,name\nM1,Shop\n",
        )
        for code in ("green", "plain"):
            towns.make_round(voucher, code, template=code, state="open")
        claims = "".join(
            f"{code[0].upper()}{n},{code},resident{n},2020-03-27 10:00:00\n"
            for code in ("green", "plain")
            for n in range(1, 6)
        )
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + claims))

    once("details", build)
    monkeypatch.setattr(by_columns, "BYTES", 0 if request.param == "columns" else 1 << 40)
    return voucher


def row(
    number: str, said: str = "", *, claim: str = "G1", coupon: int = 1, amount: int = 1000
) -> str:
    subsidy = 100 if claim[0] == "G" else 10
    return f"{number},pay,{claim},{coupon},M1,2020-03-28 10:00:00,{amount},{subsidy},,{said}\n"


def refund(number: str, of: str, *, claim: str = "G1", coupon: int = 1, day: int = 29) -> str:
    return f"{number},refund,{claim},{coupon},M1,2020-03-{day} 10:00:00,1000,100,{of},,,,\n"


def take(voucher: Callable[..., Ran], name: str, text: str) -> Ran:
    ran = voucher("redemption", "import", towns.write(name, text), "-o", "json", expect=None)
    assert ran.code in (0, 4), ran.err
    return ran


ROWS = (
    row("T1", "laptop,2,1,Beijing")
    + row("T2", "tv,3级,1,Beijing", coupon=2)
    + row("T3", "sofa,,1,Beijing", coupon=3)
    + row("T4", "phone,,2,Beijing", coupon=4)
    + row("T5", "phone,,1,Hebei", coupon=5)
    + row("T6", "card,,1,Beijing", claim="G2")
    + row("T7", ",,,", claim="G2", coupon=2)
    + row("T8", "laptop,,,", claim="G2", coupon=3)
    + row("T9", "card,9,7,Mars", claim="P1", amount=40)
)
REASONS = {
    "other_grade": 1,
    "other_goods": 2,
    "too_many_units": 1,
    "delivered_elsewhere": 1,
}
UNVERIFIED = [
    {"key": "goods", "rows": 1, "paid_fen": 10_000},
    {"key": "grade", "rows": 2, "paid_fen": 20_000},
    {"key": "units", "rows": 2, "paid_fen": 20_000},
    {"key": "delivered_to", "rows": 2, "paid_fen": 20_000},
]


def stored(voucher: Callable[..., Ran]) -> dict[str, dict[str, str]]:
    found = towns.ask(
        ".",
        "SELECT transaction_no, details FROM redemption_details JOIN redemptions"
        " USING (redemption_id) ORDER BY 1",
    )
    return {number: json.loads(text) for number, text in found}


def test_a_file_is_held_to_what_it_says(town: Callable[..., Ran]) -> None:
    ran = take(town, "day.csv", WHOLE + ROWS)
    assert ran.data["reasons"] == REASONS
    assert ran.data["unverified"] == UNVERIFIED
    assert stored(town) == {
        "T1": {"goods": "laptop", "grade": "2", "units": "1", "delivered_to": "Beijing"},
        "T8": {"goods": "laptop"},
    }
    shown = town("batch", "show", "3", "-o", "json").data
    assert shown["unverified"] == UNVERIFIED
    said = town("batch", "show", "3").err
    assert "goods: 1 payments, 100.00 yuan" in " ".join(said.split())
    for report in ("leverage", "rounds"):
        assert town("report", report, "-o", "json").data["unverified"] == UNVERIFIED
        one = town("report", report, "--round", "plain", "-o", "json").data
        assert one["unverified"] == []
    assert "Not verified" in town("report", "rounds").out
    assert "未能核验" in town("report", "leverage", "--lang", "zh").out
    town("check")


def test_a_reject_says_what_is_wrong(town: Callable[..., Ran]) -> None:
    take(town, "day.csv", WHOLE + ROWS)
    rejects = town("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert [each["explanation"] for each in rejects] == [
        "grade 3 of tv is not 1, 2",
        "sofa is not among the goods that the voucher is for: laptop, tv, phone",
        "2 pieces in one order; the voucher is for at most 1",
        "delivered to Hebei; the voucher is for Beijing",
        "card is not among the goods that the voucher is for",
    ]


def test_what_is_no_number_of_pieces_is_a_bad_row(town: Callable[..., Ran]) -> None:
    ran = take(town, "day.csv", WHOLE + row("T1", "laptop,2,many,Beijing"))
    assert ran.data["reasons"] == {"bad_row": 1}


def test_a_file_without_the_columns_is_unverified(town: Callable[..., Ran]) -> None:
    text = HEADER + "\n" + row("T1").rstrip(",\n") + ",\n"
    ran = take(town, "day.csv", text)
    assert ran.data["accepted"] == 1
    assert [each["key"] for each in ran.data["unverified"]] == [
        "goods",
        "grade",
        "units",
        "delivered_to",
    ]
    assert stored(town) == {}
    town("check")


def test_refunds_take_their_money_off(town: Callable[..., Ran]) -> None:
    take(town, "day.csv", WHOLE + row("T1", ",,,") + row("T2", ",,,", coupon=2))
    take(town, "back.csv", WHOLE + refund("F1", "T1"))
    found = town("report", "leverage", "-o", "json").data["unverified"]
    assert found[0] == {"key": "goods", "rows": 2, "paid_fen": 10_000}
    town("check")


def test_details_come_and_go_with_their_row(town: Callable[..., Ran]) -> None:
    take(town, "day.csv", WHOLE + row("T1", "laptop,2,1,Beijing"))
    town("batch", "undo", "3", "--yes")
    assert stored(town) == {}
    take(town, "again.csv", WHOLE + row("T1", "laptop,1,1,Beijing") + row("T2", "x", coupon=2))
    assert stored(town)["T1"]["grade"] == "1"
    town("check")


def test_a_row_that_is_judged_again_keeps_what_it_said(town: Callable[..., Ran]) -> None:
    """T1 stands; an earlier row of its voucher takes its place, and gives it back when undone."""
    take(town, "day.csv", WHOLE + row("T1", "laptop,2,1,Beijing"))
    early = row("T0", "phone,,1,Beijing").replace("03-28 10", "03-28 09")
    take(town, "early.csv", WHOLE + early)
    town("batch", "retry", "4", "--yes")
    assert [*stored(town)] == ["T0"]
    town("batch", "undo", "4", "--yes")
    town("batch", "retry", "3", "--yes")
    assert stored(town) == {
        "T1": {"goods": "laptop", "grade": "2", "units": "1", "delivered_to": "Beijing"}
    }
    town("check")


def test_a_row_that_goes_over_to_another_file_keeps_what_it_said(town: Callable[..., Ran]) -> None:
    text = WHOLE + row("T1", "laptop,2,1,Beijing")
    take(town, "day.csv", text)
    take(town, "twice.csv", text + row("T2", "phone,,1,Beijing", coupon=2))
    town("batch", "undo", "3", "--yes")
    assert [*stored(town)] == ["T1", "T2"]
    assert stored(town)["T1"]["goods"] == "laptop"
    town("check")


def test_a_corrected_row_keeps_what_it_said(town: Callable[..., Ran]) -> None:
    take(town, "day.csv", WHOLE + row("T1", "laptop,2,1,Beijing"))
    who = ("--note", "typing", "--evidence", "till roll", "--now", towns.LATER)
    asked = ("--amount", "1200", *who, "--actor", "mei", "-o", "json")
    number = town("redemption", "correct", "T1", *asked).data["correction"]
    town("correction", "approve", str(number), "--actor", "lin", "--now", towns.LATER)
    assert stored(town)["T1"]["goods"] == "laptop"
    assert towns.ask(".", "SELECT json_extract(details, '$.grade') FROM reversed_redemptions") == [
        ("2",)
    ]
    town("check")


@pytest.fixture
def shops(town: Callable[..., Ran], once: Any) -> Callable[..., Ran]:
    """The town with vouchers that pay by grade, and by diners."""

    def build() -> None:
        for code, line in (("graded", GRADED), ("dining", DINING)):
            town("template", "add", towns.write(f"{code}.yaml", towns.pack(code, line)))
            towns.make_round(town, code, template=code, state="open")
        claims = "".join(
            f"{code[0].upper()}{n}{n},{code},person{n},2020-03-27 10:00:00\n"
            for code in ("graded", "dining")
            for n in range(1, 6)
        )
        town("claim", "import", towns.write("more.csv", towns.CLAIMS + claims))

    once("shops", build)
    return town


SOLD = f"{HEADER},grade,diners\n"


def sold(number: str, claim: str, amount: int, subsidy: str, said: str) -> str:
    return f"{number},pay,{claim},1,M1,2020-03-28 10:00:00,{amount},{subsidy},,{said}\n"


def at_the_till(town: Callable[..., Ran], claim: str, amount: str, *said: str) -> Any:
    at = ("--at", "2020-03-28 10:00", "-o", "json")
    words = ("--claim", claim, "--merchant", "M1", "--amount", amount, *said)
    return town("redemption", "check", *words, *at, expect=None).data


@pytest.mark.parametrize(
    ("said", "paid_fen", "reason"),
    [
        (("--grade", "1级"), 180_000, None),
        (("--grade", "2"), 135_000, None),
        ((), 135_000, None),  # no more than is proved
        (("--grade", "3"), 0, "other_grade"),
    ],
)
def test_the_till_is_told_what_is_bought(
    shops: Callable[..., Ran], said: tuple[str, ...], paid_fen: int, reason: str | None
) -> None:
    held = at_the_till(shops, "G11", "9000", *said)
    assert (held["subsidy_fen"], held["reason"]) == (paid_fen, reason)
    words = ("--template", "graded", "--amount", "9000", *said, "-o", "json")
    unclaimed = shops("redemption", "check", *words, expect=None).data
    assert (unclaimed["subsidy_fen"], unclaimed["reason"]) == (paid_fen, reason)


def test_what_the_till_is_told_is_read_as_a_cell_is(shops: Callable[..., Ran]) -> None:
    assert at_the_till(shops, "D11", "80", "--diners", "4")["subsidy_fen"] == 4_000
    words = ("--template", "dining", "--amount", "80", "--diners", "none")
    refused = shops("redemption", "check", *words, expect=2).err
    assert "--diners: none: write a whole number above 0 [bad_detail]" in refused


def test_rates_and_caps_by_what_the_file_says(shops: Callable[..., Ran]) -> None:
    rows = (
        sold("S1", "G11", 9000, "1350.00", "2级,")
        + sold("S2", "G22", 9000, "1800.00", "1,")
        + sold("S3", "G33", 9000, "1350.00", ",")
        + sold("S4", "G44", 9000, "1800.00", ",")
        + sold("S5", "G55", 9000, "1350.00", "3,")
        + sold("S6", "D11", 80, "40.00", ",4")
        + sold("S7", "D22", 80, "10.00", ",")
        + sold("S8", "D33", 80, "40.00", ",")
    )
    ran = take(shops, "sold.csv", SOLD + rows)
    assert ran.data["reasons"] == {"other_grade": 1, "subsidy_mismatch": 2}
    assert ran.data["unverified"] == [
        {"key": "grade", "rows": 1, "paid_fen": 135_000},
        {"key": "diners", "rows": 1, "paid_fen": 1_000},
    ]
    rejects = shops("batch", "rejects", str(ran.data["batch"]), "-o", "json").data["rejects"]
    assert [each["explanation"] for each in rejects] == [
        "the file says the voucher paid 1800.00; by the rules it pays 1350.00",
        "grade 3 is none of those that the voucher pays for: 1, 2",
        "the file says the voucher paid 40.00; by the rules it pays 10.00",
    ]
    shops("check")
    with closing(sqlite3.connect("voucher.db")) as db:
        tamper(db, 'UPDATE redemption_details SET details = \'{"grade": "1"}\'')
    assert "payments_by_law" in shops("check", "-o", "json", expect=5).out


def test_a_template_says_what_it_pays(shops: Callable[..., Ran]) -> None:
    shown = " ".join(shops("template", "show", "graded").out.split())
    assert "grade 2 pays 15%, at most 1,500.00 yuan: 1,350.00 on 9,000.00 yuan." in shown
    shown = " ".join(shops("template", "show", "dining").out.split())
    assert "4 diners pay 80.00 yuan and get 40.00." in shown
    assert "未载明等级" in shops("template", "show", "graded", "--lang", "zh").out.replace("\n", "")


def test_nothing_is_paid_beside_it(voucher: Callable[..., Ran]) -> None:
    scope = {"not_beside": ["stored_value", "platform_discount"]}
    pack = towns.pack("alone", towns.coupon("10", "40"), scope=scope)
    towns.build(voucher, towns.programme(), pack, merchants="merchant_no,name\nM1,店\n")
    towns.make_round(voucher, "r1", template="alone", packs=6, state="open")
    claims = "".join(f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(6))
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
    at = "1,M1,2020-03-28 10:00:00,40,0,10,"
    rows = (
        f"T1,pay,C0,{at},0,0.00\n"
        f"T2,pay,C1,{at},5.5,\n"
        f"T3,pay,C2,{at},,0.01\n"
        f"T4,pay,C3,{at},,0\n"
        f"T5,pay,C4,{at},-1,\n"
        f"T6,pay,C5,{at},much,\n"
    )
    header = towns.PAYMENTS.strip() + ",储值卡支付,平台优惠（元）\n"
    ran = take(voucher, "sold.csv", header + rows)
    assert ran.data["reasons"] == {"not_beside": 2, "bad_row": 2}
    assert ran.data["unverified"] == [{"key": "stored_value", "rows": 1, "paid_fen": 1_000}]
    rejects = voucher("batch", "rejects", str(ran.data["batch"]), "-o", "json").data["rejects"]
    assert "5.50 yuan of it are stored_value" in rejects[0]["explanation"]
    words = ("--template", "alone", "--amount", "80", "--stored-value", "3", "-o", "json")
    assert voucher("redemption", "check", *words, expect=None).data["reason"] == "not_beside"
    words = ("batch", "rejects", str(ran.data["batch"]), "--lang", "zh", "-o", "csv")
    chinese = voucher(*words).out
    assert "其中 5.50 元为储值卡支付" in chinese
    voucher("check")


def test_rates_by_class_of_goods(voucher: Callable[..., Ran]) -> None:
    shops = "merchant_no,name\nM1,店\n"
    towns.build(voucher, towns.programme(), towns.pack("classes", BY_CLASS), merchants=shops)
    towns.make_round(voucher, "r1", template="classes", packs=4, state="open")
    claims = "".join(f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(4))
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
    at = "1,M1,2020-03-28 10:00:00,9000,0"
    rows = (
        f"T1,pay,C0,{at},500.00,,phone\n"
        f"T2,pay,C1,{at},1800.00,,fridge\n"
        f"T3,pay,C2,{at},500.00,,\n"
        f"T4,pay,C3,{at},500.00,,sofa\n"
    )
    ran = take(voucher, "sold.csv", towns.PAYMENTS.strip() + ",goods\n" + rows)
    assert ran.data["reasons"] == {"other_goods": 1}
    assert ran.data["unverified"] == [{"key": "goods", "rows": 1, "paid_fen": 50_000}]
    shown = " ".join(voucher("template", "show", "classes").out.split())
    assert "phone pays 15%, at most 500.00 yuan: 500.00 on 9,000.00 yuan." in shown
    assert "Another class is refused" in shown
    voucher("check")


def test_what_a_row_said_of_its_goods_is_corrected(town: Callable[..., Ran]) -> None:
    take(town, "day.csv", WHOLE + row("T1", "laptop,2,1,Beijing"))
    who = ("--actor", "mei", "--now", towns.LATER, "-o", "json")
    why = ("--note", "read wrong", "--evidence", "slip 1", *who)
    refused = town("redemption", "correct", "T1", "--goods", "sofa", *why, expect=3)
    assert "correction_refused" in refused.out
    refused = town("redemption", "correct", "T1", "--diners", "2", *why, expect=2)
    assert "nobody_asks" in refused.out
    refused = town("redemption", "correct", "T1", "--units", "none", *why, expect=3)
    assert "correction_refused" in refused.out
    number = town("redemption", "correct", "T1", "--goods", "tv", *why).data["correction"]
    town("correction", "approve", str(number), "--actor", "lin", "--now", towns.LATER)
    assert stored(town)["T1"]["goods"] == "tv"
    town("check")


# ---------------------------------------------------------------- what somebody changed


@pytest.mark.parametrize(
    ("edit", "check"),
    [
        ('UPDATE redemption_details SET details = \'{"goods": "tv"}\'', "facts_as_written"),
        ('UPDATE redemption_details SET details = \'{"goods": "sofa"}\'', "scope_by_law"),
        ('UPDATE redemption_details SET details = \'{"diners": "2"}\'', "scope_by_law"),
        ("DELETE FROM redemption_details", "facts_as_written"),
        ("INSERT INTO redemption_details VALUES (99, '{}')", "references"),
    ],
)
def test_what_somebody_changed_is_found(town: Callable[..., Ran], edit: str, check: str) -> None:
    take(town, "day.csv", WHOLE + row("T1", "laptop,2,1,Beijing"))
    with closing(sqlite3.connect("voucher.db")) as db:
        tamper(db, edit)
    ran = town("check", "-o", "json", expect=5)
    assert check in ran.out


def test_by_usual_means_nothing_can_be_changed(town: Callable[..., Ran]) -> None:
    take(town, "day.csv", WHOLE + row("T1", "laptop,2,1,Beijing"))
    for edit in (
        "UPDATE redemption_details SET details = '{}'",
        "DELETE FROM redemption_details",
        "INSERT INTO redemption_details VALUES (99, '{}')",
    ):
        with pytest.raises(Exception, match="details"):
            towns.by_hand(".", edit)
