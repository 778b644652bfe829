"""Limits change, and claims and payments are judged by those that were in force when they were
made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns
from vouchercli.rules import limits, times
from vouchercli.rules.limits import Timeline

PACKS = {"packs_per_resident_per_round": 1}
Town = Callable[..., Any]


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Two rounds of packs with five vouchers each; chen makes, lin checks."""

    def build(**most: int) -> Any:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        towns.build(
            voucher,
            towns.programme(
                staff={"chen": "maker", "lin": "checker"}, limits=PACKS | most, unused="pool"
            ),
            towns.pack("pack", towns.coupon("10", "40", 5), validity={"days_after_claim": 60}),
            merchants="merchant_no,name\nM1,one\n",
        )
        for code in ("r1", "r2", "r3"):
            towns.make_round(voucher, code, state="open", closes="2020-05-01", maker="chen")
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
        return voucher

    return build


def claims(voucher: Any, name: str, *rows: str, expect: int | None = 0) -> Any:
    towns.write(name, towns.CLAIMS + "".join(f"{row}\n" for row in rows))
    return voucher("claim", "import", name, "-o", "json", expect=expect).data


def pays(voucher: Any, name: str, *rows: str, expect: int | None = 0) -> Any:
    lines = "".join(
        f"{no},pay,{voucher_},M1,{at},50,0,10,\n" for no, voucher_, at in map(str.split, rows)
    )
    towns.write(name, towns.PAYMENTS + lines)
    return voucher("redemption", "import", name, "-o", "json", expect=expect).data


def limit(voucher: Any, when: str, monkeypatch: pytest.MonkeyPatch, **most: Any) -> None:
    """Another limit, approved at that moment."""
    with monkeypatch.context() as patch:
        patch.setenv("VOUCHER_NOW", when)
        towns.change(voucher, maker="chen", limits=PACKS | most)


def paid(*numbers: str) -> list[str]:
    return [row[0] for row in towns.ask(".", "SELECT transaction_no FROM redemptions ORDER BY 1")]


@pytest.mark.parametrize("is_large", [False, True])
def test_a_late_payment_is_held_to_the_limit_of_its_day(
    town: Town, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    voucher = town(vouchers_per_merchant_per_day=3)
    claims(voucher, "c.csv", "C1,r1,ann,2020-03-27 09:00")
    limit(voucher, "2020-04-10 15:00", monkeypatch, vouchers_per_merchant_per_day=1)
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    # three on the 9th, and on the 10th, the day of the approval, still three
    data = pays(
        voucher,
        "p.csv",
        *(f"T{n} C1,{n} 2020-04-{10:02d}T1{n}:00:00" for n in (1, 2, 3)),
    )
    assert data["accepted"] == 3
    # from the next midnight on it is one
    data = pays(voucher, "q.csv", "T4 C1,4 2020-04-11T10:00", "T5 C1,5 2020-04-11T11:00", expect=4)
    assert (data["accepted"], data["reasons"]) == (1, {"over_limit": 1})
    voucher("check")


def test_a_retry_takes_nothing_away_under_a_limit_that_came_later(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town(vouchers_per_merchant_per_day=3)
    claims(voucher, "c.csv", "C1,r1,ann,2020-03-27 09:00")
    lines = "".join(
        f"T{n},pay,C1,{n},M1,2020-04-02 1{n}:00,{'39' if n == 4 else '100'},0,10,\n"
        for n in (1, 2, 3, 4)
    )
    towns.write("p.csv", towns.PAYMENTS + lines)
    batch = voucher("redemption", "import", "p.csv", "-o", "json", expect=4).data["batch"]
    limit(voucher, "2020-04-11 09:00", monkeypatch, vouchers_per_merchant_per_day=1)
    told = voucher("batch", "retry", str(batch), expect=4)
    assert paid() == ["T1", "T2", "T3"]
    assert "1 rows read = 0 accepted + 0 duplicate + 1 rejected" in told.out + told.err


def test_claims_are_held_to_the_limit_of_their_moment(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town(packs_per_resident=3)
    claims(voucher, "a.csv", "A1,r1,ann,2020-03-28 09:00", "A2,r2,ann,2020-03-28 09:01")
    rejected = claims(voucher, "x.csv", "X1,none,ann,2020-03-28 10:00", expect=4)
    limit(voucher, "2020-04-10 09:00", monkeypatch, packs_per_resident=1)
    voucher("batch", "retry", str(rejected["batch"]), expect=4)
    standing = "SELECT claim_no FROM claims ORDER BY 1"
    assert towns.ask(".", standing) == [("A1",), ("A2",)]
    late = claims(voucher, "b.csv", "A3,r3,ann,2020-04-10 08:59:59")
    assert late["accepted"] == 1
    after = claims(
        voucher, "d.csv", "B1,r1,bob,2020-04-09 09:00", "B2,r2,bob,2020-04-10 09:00", expect=4
    )
    assert (after["accepted"], after["reasons"]) == (1, {"resident_limit": 1})
    voucher("check")


def test_a_limit_may_hold_from_a_named_moment(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    voucher = town(packs_per_resident=3)
    limit(
        voucher, "2020-04-01 09:00", monkeypatch, **{"packs_per_resident": 1, "from": "2020-04-05"}
    )
    rows = (
        "A1,r1,ann,2020-04-04 09:00",
        "A2,r2,ann,2020-04-04 23:59:59",
        "A3,r3,ann,2020-04-05 00:00",
    )
    data = claims(voucher, "a.csv", *rows, expect=4)
    assert (data["accepted"], data["reasons"]) == (2, {"resident_limit": 1})


def test_limits_from_before_now_need_a_note_and_say_what_stands(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town(vouchers_per_merchant_per_day=3)
    claims(voucher, "c.csv", "C1,r1,ann,2020-03-27 09:00")
    pays(voucher, "p.csv", *(f"T{n} C1,{n} 2020-04-05T1{n}:00:00" for n in (1, 2)))
    most = PACKS | {"vouchers_per_merchant_per_day": 1, "from": "2020-04-05"}
    document = towns.programme(
        staff={"chen": "maker", "lin": "checker"}, limits=most, unused="pool"
    )
    load = ("programme", "load", towns.write("p.yaml", document), "--actor", "chen")
    assert "note_needed" in voucher(*load, expect=3).err
    voucher(*load, "--note", "the notice of 3 April")
    ran = voucher("programme", "approve", "--actor", "lin", "-o", "json")
    assert [problem["code"] for problem in ran.json["problems"]] == ["not_lawful_now"]
    assert paid() == ["T1", "T2"]
    late = pays(voucher, "q.csv", "T3 C1,3 2020-04-05T19:00:00", expect=4)
    assert late["reasons"] == {"over_limit": 1}
    # the day before has the limit of that day
    assert (
        pays(voucher, "s.csv", *(f"T{n} C1,{n} 2020-04-04T1{n}:00:00" for n in (3, 4)))["accepted"]
        == 2
    )


def test_a_from_that_is_corrected_moves_limits_that_stay_as_they_are(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town(vouchers_per_merchant_per_day=1)
    claims(voucher, "c.csv", "C1,r1,ann,2020-03-27 09:00")
    limit(voucher, "2020-04-10 15:00", monkeypatch, vouchers_per_merchant_per_day=2)
    rows = (f"T{n} C1,{n} 2020-04-05T1{n}:00:00" for n in (1, 2))
    batch = pays(voucher, "p.csv", *rows, expect=4)["batch"]
    most = PACKS | {"vouchers_per_merchant_per_day": 2, "from": "2020-04-05"}
    document = towns.programme(
        staff={"chen": "maker", "lin": "checker"}, limits=most, unused="pool"
    )
    voucher("programme", "load", towns.write("p.yaml", document), "--actor", "chen", "--note", "so")
    voucher("programme", "approve", "--actor", "lin")
    shown = voucher("programme", "show", "-o", "json").data["limits"]
    assert shown["from_at"] == "2020-04-05T00:00:00+08:00"
    again = voucher("batch", "retry", str(batch), "-o", "json").data
    assert (again["accepted"], again["rejected"]) == (1, 0)
    assert paid() == ["T1", "T2"]


def test_claims_beyond_a_corrected_limit_are_listed_and_none_is_left_out_unsaid(
    town: Town,
) -> None:
    voucher = town()
    for code, day in (("r1", "03-31"), ("r2", "04-01")):
        claims(voucher, f"{code}.csv", *(f"{code}-{n},{code},res{n},2020-{day}" for n in range(10)))
    days = ["04-02"] * 5 + ["04-06"] * 5  # the 6th is in the next week
    claims(voucher, "r3.csv", *(f"r3-{n},r3,res{n},2020-{day}" for n, day in enumerate(days)))
    most = PACKS | {"packs_per_resident_per_week": 1, "from": "2020-03-30"}
    document = towns.programme(
        staff={"chen": "maker", "lin": "checker"}, limits=most, unused="pool"
    )
    voucher("programme", "load", towns.write("p.yaml", document), "--actor", "chen", "--note", "so")
    ran = voucher("programme", "approve", "--actor", "lin", "-o", "json")
    told = [problem["message"] for problem in ran.json["problems"]]
    assert (len(told), told[-1]) == (11, "5 more stand beyond the limits of now")
    assert told[0] == (
        "claim r2-0, 2020-04-01 00:00:00, stands though packs_per_resident_per_week would refuse it"
        " now"
    )


# ---------------------------------------------------------------- the law

DAY = times.parse("2020-04-08 00:00", towns.ZONE)  # a Wednesday
MONDAY = times.parse("2020-04-13 00:00", towns.ZONE)


@pytest.mark.parametrize(
    ("name", "at", "begins"),
    [
        (limits.PER_PROGRAMME, DAY + 5, DAY + 5),
        (limits.PER_VISIT, DAY, DAY),
        (limits.PER_VISIT, DAY + 1, DAY + 86_400),
        (limits.PER_VISIT, DAY - 1, DAY),
        (limits.PER_WEEK, DAY, MONDAY),
        (limits.PER_WEEK, MONDAY, MONDAY),
        (limits.PER_WEEK, MONDAY - 1, MONDAY),
        (limits.PER_WEEK, MONDAY + 1, MONDAY + 7 * 86_400),
    ],
)
def test_no_day_and_no_week_has_two_limits(name: str, at: int, begins: int) -> None:
    assert limits.begins(name, at, towns.ZONE) == begins


def test_the_first_known_limit_holds_from_the_beginning() -> None:
    steps = Timeline(((0, 3), (100, 1), (200, None)))
    assert [steps.at(at) for at in (-9, 0, 99, 100, 199, 200, 999)] == [3, 3, 3, 1, 1, None, None]
    assert Timeline(((50, 2),)).at(0) == 2
    assert steps.holds_since(None, 200) and not steps.holds_since(None, 199)
    assert steps.holds_since(1, 150) is False and limits.always(1).holds_since(1, 0)
    assert not limits.NEVER.is_set and steps.is_set and limits.always(1).is_set
