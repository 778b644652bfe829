"""Merchants change, and payments are judged by what was in force when they were made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns

HEADER = "merchant_no,name,district,industry,size,platform_no\n"
SHOP = "M1,one,{district},food,small,{platform}\n"
Town = Callable[..., Any]


def at(day: int, hour: int = 9) -> str:
    return f"2020-04-{day:02d} {hour:02d}:00"


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A round whose vouchers are for shops in east; the shop M1 was in east when it was first
    known, and nine packs are claimed.
    """

    def build(*, staff: bool = True, platform: str = "") -> Any:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        people = {"staff": {"chen": "maker checker", "lin": "checker"}} if staff else {}
        towns.build(
            voucher,
            towns.programme(unused="pool", **people),
            towns.pack(
                "pack",
                towns.coupon("10", "40"),
                scope={"districts": ["east"]},
                validity={"days_after_claim": 60},
            ),
        )
        maker, checker = ("chen", "lin") if staff else ("mei", "lin")
        towns.make_round(
            voucher,
            "r1",
            packs=9,
            state="open",
            closes="2020-05-01",
            maker=maker,
            checkers=[checker],
        )
        monkeypatch.setenv("VOUCHER_NOW", at(1))
        rows = "".join(f"C{n},r1,res{n},2020-03-28 09:00:0{n}\n" for n in range(9))
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))
        registry(voucher, "east", platform=platform)
        return voucher

    return build


def registry(
    voucher: Any, district: str, *options: str, platform: str = "", **ran: Any
) -> dict[str, Any]:
    name = f"shops-{district}-{platform}-{len(options)}.csv"
    towns.write(name, HEADER + SHOP.format(district=district, platform=platform))
    data: dict[str, Any] = voucher("merchant", "import", name, *options, "-o", "json", **ran).data
    return data


def pay(voucher: Any, claim: int, when: str, expect: int | None = 0, number: str = "M1") -> Any:
    is_ours = number == "M1"
    header = towns.PAYMENTS if is_ours else towns.PAYMENTS.replace("merchant_no", "platform_no")
    row = f"T{claim},pay,C{claim},1,{number},{when},50,0,10,\n"
    towns.write(f"pay{claim}.csv", header + row)
    return voucher("redemption", "import", f"pay{claim}.csv", "-o", "json", expect=expect).data


def test_the_first_known_version_holds_from_the_beginning(town: Town) -> None:
    voucher = town()
    assert pay(voucher, 0, "2020-03-28 12:00")["accepted"] == 1


@pytest.mark.parametrize("is_large", [False, True])
def test_a_late_payment_is_judged_by_the_shop_as_it_was(
    town: Town, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    voucher = town()
    registry(voucher, "west", "--now", at(12))
    monkeypatch.setenv("VOUCHER_NOW", at(20))
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    assert pay(voucher, 1, at(11))["accepted"] == 1
    assert pay(voucher, 2, "2020-04-12 08:59:59")["accepted"] == 1
    assert pay(voucher, 3, "2020-04-12 09:00:00", expect=4)["reasons"] == {"out_of_scope": 1}
    # and counts where the shop was
    rows = voucher("report", "leverage", "--by", "district", "-o", "json").data["rows"]
    assert [(row["key"], row["redemptions"]) for row in rows] == [("east", 2)]
    voucher("check")


def test_a_retry_judges_by_the_shop_as_it_was(town: Town) -> None:
    voucher = town()
    assert pay(voucher, 1, at(5))["accepted"] == 1
    below = towns.PAYMENTS + f"T9,pay,C1,1,M1,{at(5, 10)},39,0,10,\n"
    towns.write("below.csv", below)
    batch = voucher("redemption", "import", "below.csv", "-o", "json", expect=4).data["batch"]
    registry(voucher, "west", "--now", at(12))
    voucher("batch", "retry", str(batch), "--now", at(13), expect=4)
    assert towns.ask(".", "SELECT transaction_no FROM redemptions") == [("T1",)]


def test_a_change_may_hold_from_a_later_moment(town: Town) -> None:
    voucher = town()
    registry(voucher, "west", "--from", at(20), "--now", at(12))
    assert pay(voucher, 1, at(19))["accepted"] == 1
    assert pay(voucher, 2, at(20), expect=4)["reasons"] == {"out_of_scope": 1}


def test_what_holds_from_before_now_needs_a_note_and_a_second_person(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town()
    monkeypatch.setenv("VOUCHER_NOW", at(12))
    before = [pay(voucher, 1, at(3)), pay(voucher, 2, at(8))]
    assert [data["accepted"] for data in before] == [1, 1]
    towns.write("west.csv", HEADER + SHOP.format(district="west", platform=""))
    told = ("merchant", "import", "west.csv", "--from", at(5), "--actor", "chen")
    assert "note_needed" in voucher(*told, expect=3).err
    ran = voucher(*told, "--note", "moved on the 5th", "-o", "json")
    batch = str(ran.data["batch"])
    assert ran.data["correction"]["state"] == "proposed"
    # until then it holds from now
    assert pay(voucher, 3, at(7))["accepted"] == 1
    assert "own_change" in voucher("merchant", "approve", batch, "--actor", "chen", expect=3).err
    approved = voucher("merchant", "approve", batch, "--actor", "lin", "-o", "json")
    standing = [row["transaction_no"] for row in approved.data["standing"]]
    assert (approved.data["state"], standing) == ("effective", ["T3", "T2"])
    codes = [problem["code"] for problem in approved.json["problems"]]
    assert codes == ["not_lawful_now"] * 2
    # what comes now is judged by it, what stands stays
    assert pay(voucher, 4, at(7), expect=4)["reasons"] == {"out_of_scope": 1}
    assert pay(voucher, 5, at(4))["accepted"] == 1
    assert len(towns.ask(".", "SELECT 1 FROM redemptions")) == 4
    assert (
        "no_correction_waits"
        in voucher("merchant", "approve", batch, "--actor", "lin", expect=3).err
    )
    shown = voucher("merchant", "show", "M1", "-o", "json").data["pasts"]
    assert [(row["until_at"], row["district"]) for row in shown] == [
        ("2020-04-05T09:00:00+08:00", "east")
    ]
    deeds = {row[0] for row in towns.ask(".", "SELECT deed FROM audit")}
    assert {"merchant.correct", "merchant.corrected"} <= deeds
    voucher("check")


def test_a_correction_may_be_turned_down(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    voucher = town()
    monkeypatch.setenv("VOUCHER_NOW", at(12))
    options = ("--from", at(5), "--note", "moved", "--actor", "chen")
    batch = str(registry(voucher, "west", *options)["batch"])
    voucher("merchant", "reject", batch, "--note", "it moved today", "--actor", "lin")
    refused = voucher("merchant", "reject", batch, "--note", "again", "--actor", "lin", expect=3)
    assert "no_correction_waits" in refused.err
    assert pay(voucher, 1, at(7))["accepted"] == 1
    assert pay(voucher, 2, at(12), expect=4)["reasons"] == {"out_of_scope": 1}


def test_a_correction_waits_for_as_many_checkers_as_the_first_band_says(
    voucher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    staff = {"chen": "maker", "lin": "checker", "wu": "checker"}
    programme = towns.programme(staff=staff, approvals=[{"checkers": 2}])
    shop = HEADER + SHOP.format(district="east", platform="")
    towns.build(voucher, programme, towns.pack(), merchants=shop)
    monkeypatch.setenv("VOUCHER_NOW", at(12))
    options = ("--from", at(5), "--note", "moved", "--actor", "chen")
    batch = str(registry(voucher, "west", *options)["batch"])
    states = [
        voucher("merchant", "approve", batch, "--actor", name, "-o", "json").data["state"]
        for name in ("lin", "wu")
    ]
    assert states == ["proposed", "effective"]


def test_without_staff_a_correction_holds_at_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town(staff=False)
    monkeypatch.setenv("VOUCHER_NOW", at(12))
    data = registry(voucher, "west", "--from", at(5), "--note", "moved on the 5th")
    assert data["correction"]["state"] == "effective"
    assert pay(voucher, 1, at(7), expect=4)["reasons"] == {"out_of_scope": 1}


def test_what_was_blank_is_what_is_known_first(town: Town) -> None:
    voucher = town(platform="")
    registry(voucher, "east", "--now", at(12), platform="P7")
    assert pay(voucher, 1, at(5), number="P7")["accepted"] == 1


def test_a_platform_number_is_the_shops_that_had_it(town: Town) -> None:
    voucher = town(platform="P7")
    rows = SHOP.format(district="east", platform="P8") + "M2,two,west,food,small,P7\n"
    towns.write("moved.csv", HEADER + rows)
    voucher("merchant", "import", "moved.csv", "--now", at(12))
    # P7 was M1's, in east, and is M2's, in west
    assert pay(voucher, 1, at(5), number="P7")["accepted"] == 1
    assert pay(voucher, 2, at(13), number="P7", expect=4)["reasons"] == {"out_of_scope": 1}
    assert pay(voucher, 3, at(13), number="P8")["accepted"] == 1
    ran = voucher(
        *("redemption", "check", "--claim", "C4", "--merchant", "P7", "--amount", "50"),
        *("--at", at(5), "-o", "json"),
    )
    assert ran.data["reason"] is None


def test_an_undo_puts_back_what_the_shop_was(town: Town) -> None:
    voucher = town()
    first = registry(voucher, "west", "--now", at(12))
    second = registry(voucher, "north", "--now", at(14))
    pasts = "SELECT until_at, segment_id FROM merchant_pasts ORDER BY 1"
    assert len(towns.ask(".", pasts)) == 2
    voucher("batch", "undo", str(second["batch"]), "--yes")
    assert len(towns.ask(".", pasts)) == 1
    voucher("batch", "undo", str(first["batch"]), "--yes")
    assert towns.ask(".", pasts) == []
    assert pay(voucher, 1, at(20))["accepted"] == 1


def test_the_same_registry_again_changes_nothing(town: Town) -> None:
    voucher = town()
    registry(voucher, "west", "--now", at(12))
    towns.write("again.csv", HEADER + SHOP.format(district="west", platform="") + "M2,two,,,,\n")
    data = voucher(
        *("merchant", "import", "again.csv", "--from", at(20), "--now", at(13), "-o", "json")
    ).data
    assert (data["added"], data["changed"], data["duplicate"]) == (1, 0, 1)
    assert len(towns.ask(".", "SELECT 1 FROM merchant_pasts")) == 1
