"""Brands of merchants, and whether an enterprise is above or below designated size (限上, 限下)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import towns

HEADER = "商户编号,商户名称,区县,行业,规模,品牌,是否限上\n"
SHOPS = HEADER + (
    "M1,联华庆春店,上城区,零售,大型,世纪联华,是\n"
    "M2,联华古墩店,西湖区,零售,大型,世纪联华,是\n"
    "M3,老马面馆,西湖区,餐饮,微型,,否\n"
    "M4,楼下小店,西湖区,零售,个体,,\n"
)


@pytest.fixture
def town(voucher: Any) -> Any:
    """Four shops, two of them of one chain, and payments on 27, 28 and 30 March."""
    towns.build(
        voucher,
        towns.programme(unused="pool"),
        towns.pack("pack", towns.coupon("10", "40", 4), validity={"days_after_claim": 9}),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=6, state="open", closes=towns.CLOSES)
    rows = "".join(f"C{n},r1,P{n},2020-03-27 09:00:0{n}\n" for n in range(1, 6))
    voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))
    lines = [
        f"T{n},pay,C{n},1,{shop},2020-03-{day} 10:00,{base},0,10,\n"
        for n, (shop, day, base) in enumerate(
            [("M1", 27, 50), ("M2", 28, 60), ("M3", 28, 45), ("M4", 28, 40), ("M1", 30, 80)], 1
        )
    ]
    voucher("redemption", "import", towns.write("pay.csv", towns.PAYMENTS + "".join(lines)))
    return voucher


def figures(voucher: Any, *how: str) -> list[tuple[Any, ...]]:
    rows = voucher("report", "leverage", *how, "-o", "json").data["rows"]
    names = ("key", "second_key", "redemptions", "base_fen", "merchants")
    return [tuple(row[name] for name in names if name in row) for row in rows]


def test_the_sales_of_a_chain_are_one_command(town: Any) -> None:
    assert figures(town, "--by", "brand") == [("世纪联华", 3, 19_000, 2), ("", 2, 8_500, 2)]
    three_days = ("--since", "2020-03-27", "--until", "2020-03-29")
    assert figures(town, "--by", "brand", *three_days)[0] == ("世纪联华", 2, 11_000, 2)
    assert figures(town, "--by", "brand,day", *three_days)[:2] == [
        ("世纪联华", "2020-03-27", 1, 5_000, 1),
        ("世纪联华", "2020-03-28", 1, 6_000, 1),
    ]
    assert figures(town, "--by", "brand,district") == [
        ("世纪联华", "上城区", 2, 13_000, 1),
        ("世纪联华", "西湖区", 1, 6_000, 1),
        ("", "西湖区", 2, 8_500, 2),
    ]


def test_above_and_below_designated_size_are_groups(town: Any) -> None:
    by_size = figures(town, "--by", "designated_size")
    assert by_size == [("above", 3, 19_000, 2), ("below", 1, 4_500, 1), ("", 1, 4_000, 1)]
    shown = town("report", "leverage", "--by", "designated_size", "--lang", "zh").out
    assert [word for word in ("限上 ", "限下 ", "（未注明）") if word not in shown] == []
    shown = town("report", "leverage", "--by", "brand", "--funders").out
    assert "(not stated)" in shown
    assert "世纪联华" in shown


def test_what_says_little_is_said(town: Any) -> None:
    rows = town("report", "leverage", "--by", "brand", "-o", "json").data
    assert [row["says_little"] for row in rows["rows"]] == [["few_payments"]] * 2
    by_size = town("report", "leverage", "--by", "designated_size", "-o", "json").data
    assert by_size["rows"][1]["says_little"] == ["few_payments", "one_merchant"]
    assert "fewer than 30 payments say little: all of these" in town("report", "leverage").out


def test_a_registry_without_brands_states_none(voucher: Any) -> None:
    towns.build(
        voucher,
        towns.programme(unused="pool"),
        towns.pack("pack", towns.coupon("10", "40"), validity={"days_after_claim": 9}),
        merchants="merchant_no,name\nM1,one\n",
    )
    shown = voucher("merchant", "list").out
    assert "Brand" not in shown
    assert "Designated size" not in shown
    assert "Brand" not in voucher("merchant", "show", "M1", "-o", "csv").out.splitlines()[0]


def test_what_is_counted_is_what_the_registry_said_when_it_was_paid(town: Any) -> None:
    changed = SHOPS.replace(
        "M1,联华庆春店,上城区,零售,大型,世纪联华,是", "M1,物美庆春店,上城区,零售,大型,物美,否"
    )
    town("merchant", "import", towns.write("later.csv", changed))
    assert figures(town, "--by", "brand")[0] == ("世纪联华", 3, 19_000, 2)
    town("redemption", "import", towns.write("more.csv", towns.PAYMENTS + (
        "T9,pay,C5,2,M1,2020-04-02 10:00,70,0,10,\n"
    )), "--now", "2020-04-03 08:00")  # fmt: skip
    later = figures(town, "--by", "brand", "--now", "2020-04-04 08:00")
    assert ("世纪联华", 3, 19_000, 2) in later
    assert ("物美", 1, 7_000, 1) in later
    shown = town("merchant", "show", "M1", "-o", "json").data
    assert (shown["brand"], shown["designated_size"]) == ("物美", "below")
    assert (shown["pasts"][0]["brand"], shown["pasts"][0]["designated_size"]) == (
        "世纪联华",
        "above",
    )
    fields = {row["field"]: (row["before"], row["after"]) for row in shown["changes"]}
    assert fields["brand"] == ("世纪联华", "物美")
    assert fields["designated_size"] == ("above", "below")
    assert town("check", expect=0).code == 0


def test_a_file_without_the_columns_leaves_them(town: Any) -> None:
    rows = "merchant_no,name\nM1,联华庆春店\nM2,联华新店\n"
    town("merchant", "import", towns.write("names.csv", rows))
    listed = town("merchant", "list", "--brand", "世纪联华", "-o", "json").data["merchants"]
    assert [(each["merchant_no"], each["name"]) for each in listed] == [
        ("M1", "联华庆春店"), ("M2", "联华新店"),
    ]  # fmt: skip
    for said in ("below", "限下"):
        below = town("merchant", "list", "--designated-size", said, "-o", "json").data["merchants"]
        assert [each["merchant_no"] for each in below] == ["M3"]


def test_an_undone_registry_gives_the_brand_back(town: Any) -> None:
    changed = SHOPS.replace(
        "M4,楼下小店,西湖区,零售,个体,,", "M4,楼下小店,西湖区,零售,个体,物美,否"
    )
    batch = town("merchant", "import", towns.write("later.csv", changed), "-o", "json").data[
        "batch"
    ]
    assert town("merchant", "show", "M4", "-o", "json").data["brand"] == "物美"
    town("batch", "undo", str(batch), "--note", "wrong file", "--yes")
    shown = town("merchant", "show", "M4", "-o", "json").data
    assert (shown["brand"], shown["designated_size"]) == ("", "")
    town("check")


def test_what_was_stated_is_proved(town: Any, tmp_path: Path) -> None:
    for change in ("brand = '物美'", "designated_size = 'below'"):
        towns.by_hand(Path(), f"UPDATE merchants SET {change} WHERE merchant_no = 'M2'")
        failed = town("check", "-o", "json", expect=5).data
        assert "merchants_as_added" in json.dumps(failed)


def test_a_guessed_profile_says_what_the_words_mean(town: Any) -> None:
    rows = "店号,店名,连锁名称,是否规上\n" + "".join(
        f"S{n},店{n},{'物美' if n % 2 else ''},{'是' if n % 3 else '否'}\n" for n in range(9)
    )
    guessed = town("profile", "guess", towns.write("odd.csv", rows)).out
    assert "brand: 连锁名称" in guessed
    assert "designated_size: {column: 是否规上, words: " in guessed
    assert "是: above" in guessed


def test_the_blank_form_has_the_columns(town: Any) -> None:
    town("merchant", "blank", "--to", "blank.csv")
    header = Path("blank.csv").read_text("utf-8-sig").splitlines()[0]
    assert "brand" in header
    assert "designated_size" in header
