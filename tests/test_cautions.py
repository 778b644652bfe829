"""Where a figure says little, every report of it says so: as codes and in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.cli.language import t
from vouchercli.ops.reports import cautions, engine, leverage
from vouchercli.ops.reports.dimensions import key_columns
from vouchercli.ops.reports.gathered import Gathered
from vouchercli.ops.reports.measures import Found
from vouchercli.ops.reports.specs import Answer
from vouchercli.rules.leverage import FEW, Claimed, Sums
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.ops.reports.dimensions import By

EVERY = leverage.SPEC.cautions
SHOPS = (
    "merchant_no,name,district,industry\n"
    "M1,one,east,food\nM2,two,east,food\nM3,three,west,food\nM4,four,,shops\n"
)


def of(payments: int, merchants: int = 9, packs: int | None = None) -> Found:
    claimed = None if packs is None else Claimed(packs, packs, packs)
    return Found(Sums(payments, 100, public_fen=10), claimed, Merchants(merchants))


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (of(0, 0), []),
        (of(1, 2), ["few_payments"]),
        (of(FEW - 1, 1), ["few_payments", "one_merchant"]),
        (of(FEW, 2), []),
        (of(FEW, 1), ["one_merchant"]),
        (of(FEW, packs=0), []),
        (of(FEW, packs=1), ["few_packs"]),
        (of(FEW, packs=FEW), []),
        (of(-1, 0), []),
    ],
)
def test_a_key_says_why_it_says_little(found: Found, codes: list[str]) -> None:
    assert cautions.codes(EVERY, found) == codes


def test_by_merchant_one_merchant_is_no_fault() -> None:
    assert said({("M1",): of(40, 1), ("M2",): of(50, 1)}, ("merchant",)) == []
    assert said({("M1", "2020-03"): of(40, 1)}, ("merchant", "month")) == []


def said(groups: dict[tuple[str, ...], Found], by: By = ("district",)) -> list[str]:
    """What the engine says below a table of these rows and their total."""
    total = Found(
        Sums(sum(each.sums.vouchers for each in groups.values())),
        merchants=Merchants(max(each.merchants.paid for each in groups.values())),
    )
    scope: Any = None  # no row is made of it
    answer = Answer(by, scope, Gathered(groups, total), frozenset())
    rows, in_all = engine.rows(leverage.SPEC, answer)
    told = cautions.sentences(EVERY, key_columns(by), rows, in_all)
    return [t(each.text, each.params) for each in told]


def test_rows_of_few_payments_are_named() -> None:
    assert said({("east",): of(40), ("west",): of(50)}) == []
    assert said({("east",): of(40), ("",): of(3, 1)}) == [
        "Ratios of fewer than 30 payments say little: (not stated)."
    ]
    assert said({(str(n),): of(20) for n in range(7)}) == [
        "Ratios of fewer than 30 payments say little: 0, 1, 2, 3, 4, (+2)."
    ]
    assert said(
        {("east", "2020-03"): of(40), ("west", "2020-04"): of(9)}, ("district", "month")
    ) == ["Ratios of fewer than 30 payments say little: west / 2020-04."]


def test_of_few_in_all_every_row_says_little() -> None:
    assert said({("east",): of(20), ("west",): of(3)}) == [
        "Ratios of fewer than 30 payments say little: all of these."
    ]
    assert said({("east",): of(20, 1), ("west",): of(30, 1)}) == [
        "Ratios of fewer than 30 payments say little: east.",
        "Of one merchant alone, so no figure of its kind: all of these.",
    ]


def test_a_row_is_named_once() -> None:
    assert said({("east",): of(20, 1), ("west",): of(50, 1), ("south",): of(50)}) == [
        "Ratios of fewer than 30 payments say little: east.",
        "Of one merchant alone, so no figure of its kind: west.",
    ]


def test_what_is_said_is_said_in_chinese() -> None:
    told = cautions.sentences(
        EVERY,
        key_columns(("designated_size",)),
        [{"key": "above", "says_little": ["few_payments"]}],
        {"key": "total", "says_little": []},
    )
    from vouchercli.cli.language import speak

    speak("zh")
    try:
        assert [t(each.text, each.params) for each in told] == [
            "不足 30 笔支付的比率参考意义有限：限上。"
        ]
    finally:
        speak("en")


# ---------------------------------------------------------------- the reports that say it


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Of a pack of 40-10 and of 10 % off: 35 payments in the east, 2 in the west."""

    def build() -> None:
        towns.build(
            voucher,
            towns.programme(unused="pool"),
            towns.pack(
                "pack",
                towns.coupon("10", "40"),
                {
                    "kind": "percent_off",
                    "percent": "10",
                    "threshold": "200",
                    "cap": "40",
                    "count": 1,
                },
                validity={"days_after_claim": 9},
            ),
            merchants=SHOPS,
        )
        towns.make_round(voucher, "r1", packs=40, state="open", closes=towns.CLOSES)
        rows = "".join(f"C{n},r1,P{n},2020-03-27 09:00:{n:02}\n" for n in range(1, 38))
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))
        shops = [*("M1", "M2") * 17, "M1", "M3", "M3"]
        lines = "".join(
            f"T{n},pay,C{n},1,{shop},2020-03-28 10:00,{40 + n},0,10,\n"
            for n, shop in enumerate(shops, 1)
        )
        voucher("redemption", "import", towns.write("pay.csv", towns.PAYMENTS + lines))

    once("cautions", build)
    return voucher


def codes(voucher: Any, *asked: str) -> dict[str, list[str]]:
    told = voucher("report", *asked, "-o", "json").data
    rows = [*told["rows"], *([told["total"]] if "total" in told else [])]
    return {row.get("key") or row["round"]: row["says_little"] for row in rows}


def text(voucher: Any, *asked: str) -> str:
    return " ".join(voucher("report", *asked).out.split())


def test_leverage_and_districts_say_it_in_every_form(town: Any, here: Path) -> None:
    wanted = {"east": [], "west": ["few_payments", "one_merchant"], "total": []}
    assert codes(town, "leverage", "--by", "district") == wanted
    assert codes(town, "districts") == wanted
    for form in ("table", "html", "md"):
        for asked in (("leverage", "--by", "district"), ("districts",)):
            page = text(town, *asked, "-o", form)
            assert "fewer than 30 payments say little: west." in page
            assert "A percentage off fixes G" in page
    rows = town("report", "leverage", "--by", "district", "-o", "csv").out.splitlines()
    assert rows[0].endswith(",says_little")
    assert [row.endswith('"few_payments, one_merchant"') for row in rows[1:]] == [
        False,
        True,
        False,
    ]


def test_of_two_dimensions_and_so_far_it_is_said_too(town: Any) -> None:
    both = town("report", "leverage", "--by", "district,day", "-o", "json").data["rows"]
    assert [row["says_little"] for row in both] == [[], ["few_payments", "one_merchant"]]
    assert codes(town, "leverage", "--by", "day", "--cumulative")["2020-03-28"] == []
    assert codes(town, "leverage", "--by", "merchant")["M3"] == ["few_payments"]


def test_one_district_says_it_of_its_rounds_and_weeks(town: Any) -> None:
    told = town("report", "districts", "west", "-o", "json").data
    assert told["by_round"][0]["says_little"] == ["few_payments"]
    assert told["total"]["says_little"] == ["few_payments", "one_merchant"]
    page = text(town, "districts", "west")
    assert "fewer than 30 payments say little: all of these" in page
    assert "one merchant alone, so no figure of its kind: all of these" in page
    assert "say little" not in text(town, "districts", "east")


def test_rates_of_few_packs_say_little(town: Any) -> None:
    assert codes(town, "rounds") == {"r1": []}
    assert "say little" not in text(town, "rounds")
    early = "2020-03-27 09:00:05"
    assert codes(town, "rounds", "--as-of", early) == {"r1": ["few_packs"]}
    assert "fewer than 30 packs claimed say little" in text(town, "rounds", "--as-of", early)


def test_the_brief_says_what_says_little(town: Any) -> None:
    assert "say little" not in text(town, "brief")
    assert "A percentage off fixes G until its cap is reached" in text(town, "brief")
    early = text(town, "brief", "--as-of", "2020-03-27 09:00:05")
    assert "fewer than 30 packs claimed say little" in early


def test_the_bulletin_says_it_of_the_day_and_of_its_groups(town: Any) -> None:
    told = town("report", "bulletin", "--day", "2020-03-28", "-o", "json").data
    assert [row["says_little"] for row in told["figures"]] == [[], []]
    assert [(row["key"], row["says_little"]) for row in told["by_district"]] == [
        ("east", []),
        ("west", ["few_payments"]),
    ]
    more = "N1,pay,C1,2,M1,2020-03-29 11:00,200,0,20,\n"
    town("redemption", "import", towns.write("more.csv", towns.PAYMENTS + more))
    told = town("report", "bulletin", "--day", "2020-03-29", "-o", "json").data
    assert [row["says_little"] for row in told["figures"]] == [["few_payments"], []]
    east = told["by_district"][0]
    assert (east["day_says_little"], east["says_little"]) == (["few_payments"], [])
    page = text(town, "bulletin", "--day", "2020-03-29")
    assert "fewer than 30 payments say little: on the day." in page
    assert "fewer than 30 payments say little: west." in page


def test_a_figure_that_is_explained_says_it_too(town: Any) -> None:
    def little(*asked: str) -> tuple[list[str], bool]:
        told = town("report", "explain", *asked, "-o", "json").data["says_little"]
        return told, "say little: all of these" in text(town, "explain", *asked)

    assert little("leverage") == ([], False)
    assert little("merchant", "--merchant", "M3") == (["few_payments"], True)
    assert little("used", "--as-of", "2020-03-27 09:00:05") == (["few_packs"], True)


def test_subjects_that_are_compared_say_it_too(town: Any) -> None:
    told = town("report", "compare", "r1", "town", "-o", "json").data["subjects"]
    assert [each["says_little"] for each in told] == [[], []]
    early = ("--as-of", "2020-03-27 09:00:05")
    told = town("report", "compare", "r1", "town", *early, "-o", "json").data["subjects"]
    assert [each["says_little"] for each in told] == [["few_packs"], ["few_packs"]]
    page = text(town, "compare", "r1", "town", *early)
    assert "fewer than 30 packs claimed say little: r1, town." in page


def test_shares_of_few_orders_say_little(town: Any) -> None:
    told = town("report", "orders", "-o", "json").data
    every = [row["says_little"] for name in ("rows", "averages") for row in told[name]]
    assert every == [[]] * 9
    assert "say little" not in text(town, "orders")
    back = "".join(
        f"B{n},refund,C{n},1,{shop},2020-03-29 10:00,{40 + n},0,10,T{n}\n"
        for n, shop in enumerate(["M1", "M2"] * 4, 1)
    )
    town("redemption", "import", towns.write("back.csv", towns.PAYMENTS + back), expect=None)
    told = town("report", "orders", "-o", "json").data
    assert told["averages"][0]["says_little"] == ["few_payments"]
    assert told["rows"][0]["says_little"] == ["few_payments"]
    assert text(town, "orders").count("fewer than 30 orders say little: all of these") == 2
