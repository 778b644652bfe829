"""Redemptions through the front door: the ladder of reasons, timelines, refunds, one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from towns import PAYMENTS as HEADER
from towns import by_hand

if TYPE_CHECKING:
    from pathlib import Path

City = Any
PAY = "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,5,10,\n"


def take_in(
    voucher: Any, here: Path, *rows: str, name: str = "r.csv", expect: int | None = None
) -> Any:
    """Import the rows as one file; the summary."""
    (here / name).write_text(HEADER + "".join(row.rstrip("\n") + "\n" for row in rows), "utf-8")
    return voucher("redemption", "import", name, "-o", "json", expect=expect).data


def total(voucher: Any) -> dict[str, Any]:
    return voucher("report", "leverage", "-o", "json").data["total"]


def test_a_payment_counts_with_its_price_after_merchant_discounts(city: City, here: Path) -> None:
    voucher = city()
    data = take_in(voucher, here, PAY, expect=0)
    assert (data["read"], data["accepted"]) == (1, 1)
    found = total(voucher)
    assert (found["redemptions"], found["base_fen"], found["subsidy_fen"]) == (1, 4500, 1000)
    assert (found["own_fen"], found["gross"]) == (3500, "4.50")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("T,pay,C9,1,M1,2020-03-27 09:00:00,50,0,10,", "unknown_claim"),
        ("T,pay,C1,9,M1,2020-03-27 09:00:00,50,0,10,", "unknown_coupon"),
        ("T,pay,C1,1,M9,2020-03-27 09:00:00,50,0,10,", "unknown_merchant"),
        ("T,pay,C1,1,M1,2020-03-27 08:00:00,50,0,10,", "not_yet_valid"),
        ("T,pay,C1,1,M1,2020-04-03 08:00:01,50,0,10,", "expired"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,40,0.01,10,", "below_threshold"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,50,0,9.99,", "subsidy_mismatch"),
        ("T,pay,C1,4,M1,2020-03-27 09:00:00,1999.99,0,199.99,", "below_threshold"),
        ("T,refund,C1,1,M1,2020-03-27 09:00:00,50,0,10,T0", "refund_without_payment"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,5000分,0,10,", "bad_amount"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,-50,0,10,", "bad_amount"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,50,60,10,", "bad_amount"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,0,0,0,", "bad_amount"),
        ("T,pay,C1,1,M1,2020-03-27 09:00:00,NaN,0,10,", "bad_amount"),
        ("T,pay,C1,1,M1,27/03/2020,50,0,10,", "bad_time"),
        ("T,pay,C1,one,M1,2020-03-27 09:00:00,50,0,10,", "bad_row"),
        ("T,sale,C1,1,M1,2020-03-27 09:00:00,50,0,10,", "bad_row"),
        (",pay,C1,1,M1,2020-03-27 09:00:00,50,0,10,", "bad_row"),
        ("T,refund,C1,1,M1,2020-03-27 09:00:00,50,0,10,", "bad_row"),
        (
            "T,pay,C1,1,M1,2020-03-27 09:00:00,1,250.00,0,10,",
            "bad_row",
        ),  # a thousands comma has shifted the cells
        ("R,refund,C1,1,M1,2020-03-27 09:00:00,1,250.00,0,10,T1", "bad_row"),
    ],
)
def test_an_unlawful_row_is_rejected_with_its_reason(
    city: City, here: Path, row: str, reason: str
) -> None:
    data = take_in(city(), here, row, expect=4)
    assert (data["read"], data["accepted"], data["rejected"], data["reasons"]) == (
        1,
        0,
        1,
        {reason: 1},
    )


@pytest.mark.parametrize(
    ("base", "subsidy"), [("2000", "200"), ("3638", "363.80"), ("4000", "400"), ("9000", "400")]
)
def test_a_percentage_pays_up_to_its_cap(city: City, here: Path, base: str, subsidy: str) -> None:
    assert (
        take_in(city(), here, f"T,pay,C1,4,M1,2020-03-27 09:00:00,{base},0,{subsidy},", expect=0)[
            "accepted"
        ]
        == 1
    )


def test_a_suspended_merchant_takes_no_payment_from_then_on(city: City, here: Path) -> None:
    voucher = city()
    voucher("merchant", "suspend", "M1", "--from", "2020-03-27 09:30", "--reason", "cash-out")
    data = take_in(voucher, here, PAY, "T2,pay,C1,2,M1,2020-03-27 09:30:00,50,0,10,", expect=4)
    assert data["reasons"] == {"merchant_suspended": 1}


def test_pay_refund_and_pay_again_is_lawful_and_a_second_payment_is_not(
    city: City, here: Path
) -> None:
    voucher = city()
    refund = "R1,refund,C1,1,M1,2020-03-27 10:00:00,50,5,10,T1"
    again = "T2,pay,C1,1,M2,2020-03-27 11:00:00,45,0,10,"
    twice = "T3,pay,C1,1,M2,2020-03-27 12:00:00,45,0,10,"
    # whatever the order of the lines
    data = take_in(voucher, here, twice, again, refund, PAY, expect=4)
    assert (data["accepted"], data["reasons"]) == (3, {"already_redeemed": 1})
    assert total(voucher)["redemptions"] == 1
    voucher("check")


def test_a_late_payment_is_refused_with_its_refund_where_a_later_payment_stands(
    city: City, here: Path
) -> None:
    voucher = city()
    take_in(voucher, here, "T2,pay,C1,1,M2,2020-03-27 11:00:00,45,0,10,", name="one.csv", expect=0)
    refund = "R1,refund,C1,1,M1,2020-03-27 10:00:00,50,5,0,T1"  # nothing goes back
    data = take_in(voucher, here, PAY, refund, expect=4)
    assert data["reasons"] == {"already_redeemed": 1, "refund_without_payment": 1}
    voucher("check")


def test_a_refund_that_stands_is_held_to_the_payment_that_takes_the_place_of_its_own(
    city: City, here: Path
) -> None:
    """R1 gave 10.00 x 15 / 60 back; of the earlier T1 that is 10.00 x 15 / 50."""
    voucher = city()
    take_in(voucher, here, "T1,pay,C1,1,M1,2020-03-27 11:00:00,60,0,10,", name="one.csv", expect=0)
    refund = "R1,refund,C1,1,M1,2020-03-27 12:00:00,15,0,2.50,T1"
    take_in(voucher, here, refund, name="back.csv", expect=0)
    late = take_in(voucher, here, "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,0,10,", expect=4)
    again = voucher("batch", "retry", str(late["batch"]), "--yes", "-o", "json").data
    assert [each["reason"] for each in again["moved"]] == ["already_redeemed", "subsidy_mismatch"]
    found = total(voucher)
    assert (found["base_fen"], found["subsidy_fen"]) == (5000, 1000)
    voucher("check")


def test_a_refund_whose_payment_comes_later_is_taken_in_by_retry(city: City, here: Path) -> None:
    voucher = city()
    first = take_in(
        voucher,
        here,
        "R1,refund,C1,1,M1,2020-03-27 10:00:00,50,5,10,T1",
        name="refunds.csv",
        expect=4,
    )
    take_in(voucher, here, PAY, name="payments.csv", expect=0)
    data = voucher("batch", "retry", str(first["batch"]), "-o", "json").data
    assert (data["accepted"], data["rejected"]) == (1, 0)
    assert total(voucher)["redemptions"] == 0


REFUNDS = {
    # (policy, refund row) -> (accepted or reject reason, subsidy kept in fen, base left in fen,
    # whether the voucher can be used again)
    ("full_restores", "R,refund,C1,1,M1,2020-03-28 10:00:00,45,0,10,T1"): (None, 0, 0, True),
    ("full_restores", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,4.44,T1"): (
        None,
        556,
        2500,
        False,
    ),
    ("full_restores", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,0,T1"): (
        "subsidy_mismatch",
        1000,
        4500,
        False,
    ),
    ("full_restores", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,9999,T1"): (
        "subsidy_mismatch",
        1000,
        4500,
        False,
    ),
    ("full_restores", "R,refund,C1,1,M1,2020-04-10 10:00:00,45,0,10,T1"): (None, 0, 0, False),
    ("restores_once", "R,refund,C1,1,M1,2020-03-28 10:00:00,45,0,10,T1"): (None, 0, 0, True),
    ("restores_once", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,0,T1"): (
        "partial_refund",
        1000,
        4500,
        False,
    ),
    ("forfeits", "R,refund,C1,1,M1,2020-03-28 10:00:00,45,0,10,T1"): (None, 0, 0, False),
    ("forfeits", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,4.44,T1"): (None, 556, 2500, False),
    ("pro_rata", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,4.44,T1"): (None, 556, 2500, False),
    ("pro_rata", "R,refund,C1,1,M1,2020-03-28 10:00:00,45,0,10,T1"): (None, 0, 0, False),
    ("pro_rata", "R,refund,C1,1,M1,2020-03-28 10:00:00,20,0,4.45,T1"): (
        "subsidy_mismatch",
        1000,
        4500,
        False,
    ),
    ("full_restores", "R,refund,C1,1,M1,2020-03-28 10:00:00,45.01,0,10,T1"): (
        "refund_too_large",
        1000,
        4500,
        False,
    ),
    ("full_restores", "R,refund,C1,1,M2,2020-03-28 10:00:00,45,0,10,T1"): (
        "refund_without_payment",
        1000,
        4500,
        False,
    ),
}


@pytest.mark.parametrize(("policy", "refund"), REFUNDS)
def test_each_policy_treats_a_refund_as_it_says(
    city: City, here: Path, policy: str, refund: str
) -> None:
    reason, kept, left, is_free = REFUNDS[(policy, refund)]
    voucher = city(policy)
    take_in(voucher, here, PAY, name="pay.csv", expect=0)
    data = take_in(voucher, here, refund, name="refund.csv")
    assert data["reasons"] == ({reason: 1} if reason else {})
    is_forfeit = reason is None and not is_free and policy == "full_restores"
    assert data["warning_reasons"] == ({"refund_forfeits": 1} if is_forfeit else {})
    found = total(voucher)
    assert (found["subsidy_fen"], found["base_fen"]) == (kept, left)
    again = take_in(voucher, here, "T9,pay,C1,1,M1,2020-03-29 09:00:00,40,0,10,", name="again.csv")
    assert again["reasons"] == ({} if is_free else {"already_redeemed": 1})
    voucher("check")


def test_restores_once_frees_a_voucher_only_once(city: City, here: Path) -> None:
    voucher = city("restores_once")
    take_in(
        voucher,
        here,
        PAY,
        "R1,refund,C1,1,M1,2020-03-27 10:00:00,45,0,10,T1",
        "T2,pay,C1,1,M1,2020-03-28 09:00:00,40,0,10,",
        "R2,refund,C1,1,M1,2020-03-28 10:00:00,40,0,10,T2",
        expect=0,
    )
    again = take_in(
        voucher, here, "T3,pay,C1,1,M1,2020-03-29 09:00:00,40,0,10,", name="again.csv", expect=4
    )
    assert again["reasons"] == {"already_redeemed": 1}


def test_more_vouchers_a_day_at_one_merchant_than_allowed_are_over_limit(
    city: City, here: Path
) -> None:
    rows = [f"T{n},pay,C1,{n},M1,2020-03-27 09:0{n}:00,50,0,10," for n in (1, 2, 3)]
    data = take_in(city(), here, *rows, "T4,pay,C1,3,M2,2020-03-27 09:09:00,50,0,10,", expect=4)
    assert (data["accepted"], data["reasons"]) == (3, {"over_limit": 1})


def test_a_number_on_another_voucher_is_reused_and_the_same_row_is_a_duplicate(
    city: City, here: Path
) -> None:
    voucher = city()
    data = take_in(voucher, here, PAY, PAY, "T1,pay,C2,1,M1,2020-03-27 09:30:00,50,0,10,", expect=4)
    assert (data["accepted"], data["duplicate"], data["reasons"]) == (
        1,
        1,
        {"transaction_reused": 1},
    )
    later = take_in(
        voucher,
        here,
        PAY,
        "T1,pay,C3,1,M1,2020-03-27 09:30:00,50,0,10,",
        name="later.csv",
        expect=4,
    )
    assert (later["accepted"], later["duplicate"], later["reasons"]) == (
        0,
        1,
        {"transaction_reused": 1},
    )


def test_a_row_that_differs_in_one_value_from_what_stands_is_no_duplicate(
    city: City, here: Path
) -> None:
    """Of T1 the shop, of T2 the amount, of T3 the discount, of T4 the second; T5 is as it was. Of R1
    the amount, of R2 the payment.
    """
    voucher = city()
    stands = [
        f"T{n},pay,C{1 + n % 3},{1 + n // 3},M{1 + n // 7},2020-03-27 09:0{n}:00,50,5,10,"
        for n in range(1, 8)
    ]
    stands += ["R1,refund,C1,3,M1,2020-03-27 10:00:00,45,0,10,T6"]
    stands += ["R2,refund,C2,3,M2,2020-03-27 10:00:00,45,0,10,T7"]
    first = take_in(voucher, here, *stands)
    assert (first["accepted"], first["reasons"]) == (9, {})
    data = take_in(
        voucher,
        here,
        stands[0].replace("M1", "M2"),
        stands[1].replace(",50,5,", ",51,5,"),
        stands[2].replace(",50,5,", ",51,6,"),
        stands[3].replace(":00,", ":01,"),
        stands[4],
        stands[7].replace(",45,", ",44,"),
        stands[8].replace(",T7", ",T6"),
        name="again.csv",
    )
    assert (data["accepted"], data["duplicate"]) == (0, 1)
    assert data["reasons"] == {
        "conflicting_row": 3,
        "already_redeemed": 1,
        "transaction_reused": 2,
    }


def test_a_row_that_stands_with_another_subsidy_is_no_duplicate(city: City, here: Path) -> None:
    voucher = city()
    take_in(voucher, here, PAY, name="pay.csv", expect=0)
    other = take_in(voucher, here, PAY.replace(",10,", ",9,"), name="other.csv", expect=4)
    assert (other["duplicate"], other["reasons"]) == (0, {"subsidy_mismatch": 1})


def test_a_batch_that_a_later_refund_stands_on_cannot_be_undone_before_it(
    city: City, here: Path
) -> None:
    voucher = city()
    first = take_in(voucher, here, PAY, name="pay.csv", expect=0)["batch"]
    second = take_in(
        voucher,
        here,
        "R1,refund,C1,1,M1,2020-03-27 10:00:00,45,0,10,T1",
        name="refund.csv",
        expect=0,
    )["batch"]
    ran = voucher("batch", "undo", str(first), "--yes", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "batch_built_upon"
    voucher("batch", "undo", str(second), "--yes")
    voucher("batch", "undo", str(first), "--yes")
    assert total(voucher)["redemptions"] == 0
    voucher("check")


def test_a_file_with_no_redemption_is_fine(city: City, here: Path) -> None:
    data = take_in(city(), here, expect=0)
    assert (data["read"], data["accepted"]) == (0, 0)


def test_an_unknown_layout_is_refused_with_the_columns_found(city: City, here: Path) -> None:
    (here / "odd.csv").write_text("a,b,c\n1,2,3\n", "utf-8")
    ran = city()("redemption", "import", "odd.csv", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "unknown_layout"
    assert "a, b, c" in ran.out


def test_redemptions_are_listed_with_their_amounts(city: City, here: Path) -> None:
    voucher = city()
    take_in(voucher, here, PAY, expect=0)
    rows = voucher("redemption", "list", "--claim", "C1", "-o", "json").data["redemptions"]
    assert [
        (row["transaction_no"], row["base_fen"], row["subsidy_fen"], row["paid_at"]) for row in rows
    ] == [("T1", 4500, 1000, "2020-03-27T09:00:00+08:00")]
    assert voucher("redemption", "list", "--merchant", "M2", "-o", "json").data["redemptions"] == []


def test_redemptions_of_several_files_are_listed_by_time_whichever_came_first(
    city: City, here: Path
) -> None:
    voucher = city()
    take_in(
        voucher,
        here,
        "T5,pay,C1,2,M1,2020-03-29 09:00:00,50,0,10,",
        "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,0,10,",
        name="a.csv",
    )
    take_in(
        voucher,
        here,
        "T3,pay,C1,3,M2,2020-03-28 09:00:00,50,0,10,",
        "R1,refund,C1,1,M1,2020-03-28 08:00:00,50,0,10,T1",
        name="b.csv",
    )
    take_in(voucher, here, "T2,pay,C1,4,M1,2020-03-28 07:00:00,4000,0,400,", name="c.csv")

    def listed(*asked: str) -> list[str]:
        return [
            row["transaction_no"]
            for row in voucher("redemption", "list", *asked, "-o", "json").data["redemptions"]
        ]

    assert listed() == ["T1", "T2", "R1", "T3", "T5"]
    assert [listed("--limit", str(limit)) for limit in (1, 2, 4)] == [
        ["T1"],
        ["T1", "T2"],
        ["T1", "T2", "R1", "T3"],
    ]
    assert listed("--merchant", "M1", "--limit", "3") == ["T1", "T2", "R1"]
    assert listed("--transaction", "R1") == ["R1"]


@pytest.mark.parametrize(
    ("spoiled", "checks"),
    [
        ("UPDATE redemption_runs SET keys = zeroblob(4)", ["numbers_in_runs"]),
        ("DELETE FROM redemption_runs", ["batches_have_their_facts", "numbers_in_runs"]),
        ("UPDATE redemption_runs SET last_paid_at = last_paid_at - 1", ["times_in_runs"]),
    ],
)
def test_a_spoiled_run_is_found(city: City, here: Path, spoiled: str, checks: list[str]) -> None:
    voucher = city()
    take_in(voucher, here, PAY, expect=0)
    voucher("check")
    by_hand(here, spoiled)
    failed = [
        row["check"]
        for row in voucher("check", "-o", "json", expect=5).data["checks"]
        if row["state"] == "failed"
    ]
    assert failed == checks


def test_listing_redemptions_without_a_programme_says_what_to_load(voucher: Any) -> None:
    voucher("init")
    ran = voucher("redemption", "list", expect=3)
    assert "voucher programme list --shipped" in ran.err and ran.out == ""


# ---------------------------------------------------------------- one order


def test_an_order_is_checked_against_a_claims_voucher(city: City, here: Path) -> None:
    voucher = city()
    asked = (
        "redemption",
        "check",
        "--claim",
        "C1",
        "--merchant",
        "M1",
        "--at",
        "2020-03-28 12:00",
        "-o",
        "json",
    )
    data = voucher(*asked, "--coupon", "2", "--amount", "50", "--discount", "5").data
    assert (
        data["subsidy_fen"],
        data["own_fen"],
        data["merchant_receives_fen"],
        data["reason"],
    ) == (1000, 3500, 4500, None)
    best = voucher(*asked, "--amount", "3638").data
    assert (best["coupon_no"], best["subsidy_fen"]) == (4, 36380)


def test_a_refused_order_says_which_rule_and_writes_nothing(city: City, here: Path) -> None:
    voucher = city()
    take_in(voucher, here, PAY, expect=0)
    asked = (
        "redemption",
        "check",
        "--claim",
        "C1",
        "--coupon",
        "1",
        "--merchant",
        "M1",
        "--amount",
        "45",
        "-o",
        "json",
    )
    assert (
        voucher(*asked, "--at", "2020-03-28 12:00", expect=5).data["reason"] == "already_redeemed"
    )
    assert voucher(*asked, "--at", "2020-04-28 12:00", expect=5).data["reason"] == "expired"
    assert len(voucher("redemption", "list", "-o", "json").data["redemptions"]) == 1


def test_an_order_needs_one_voucher(city: City) -> None:
    assert (
        city()("redemption", "check", "--amount", "45", "-o", "json", expect=2).json["problems"][0][
            "code"
        ]
        == "claim_or_template"
    )


def test_a_voucher_that_is_used_names_the_payment_that_has_it(city: City, here: Path) -> None:
    voucher = city()
    refund = "F1,refund,C1,1,M1,2020-03-27 10:00:00,50,5,10,T1\n"
    second = PAY.replace("T1", "T2").replace("09:00", "11:00")
    take_in(voucher, here, PAY, refund, second, expect=0)
    third = take_in(voucher, here, PAY.replace("T1", "T3").replace("09:00", "12:00"), name="s.csv")
    (reject,) = voucher("batch", "rejects", str(third["batch"]), "-o", "json").data["rejects"]
    assert reject["explanation"] == "the voucher is already used in T2"
