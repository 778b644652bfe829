"""The law of one voucher's life, with amounts worked out by hand: what each refund returns, and the
seconds at which a voucher is free again.
"""

from __future__ import annotations

from typing import Any

import pytest

from vouchercli.rules import limits, refunds, vouchers
from vouchercli.rules.refunds import Answers, RefundPolicy
from vouchercli.rules.vouchers import Ruling, StandingFacts, Transaction

FIRST_PAY = 1_000_000  # a second of UTC; the voucher expires at second EXPIRES_AT
EXPIRES_AT = 2_000_000
DUPLICATE = Ruling("duplicate")
PAID = Ruling(after_fen=1000, vouchers=1, spent=1)
LEAST = 4000  # the threshold of the payments
# what a full refund of 45.00 with 10.00 does where the voucher is given back, and where it is not
FREED = Ruling(before_fen=1000, vouchers=-1, spent=-1, floor_fen=-LEAST)
UNDONE = FREED._replace(spent=0)
FORFEITS = "refund_forfeits"


def pay(number: str, at: int, base: int = 4500, **other: Any) -> Transaction:
    return row("pay", number, at, base, other.pop("subsidy", 1000), **other)


def refund(
    number: str, at: int, of: str, base: int, subsidy: int | None, **other: Any
) -> Transaction:
    return row("refund", number, at, base, subsidy, refund_of=of, **other)


def row(
    kind: Any, number: str, at: int, base: int, subsidy: int | None, **other: Any
) -> Transaction:
    values: dict[str, Any] = {
        "line": 0,
        "claim_no": "C1",
        "claim_id": 1,
        "coupon_no": 1,
        "resident": b"r1",
        "merchant_id": 1,
        "merchant_no": "M1",
        "day": 20200327,
        "merchant_discount_fen": 0,
        "least_base_fen": LEAST,
        "refund_of": "",
        "expires_at": EXPIRES_AT,
        "stands": False,
        "batch_id": 1,
    }
    return Transaction(
        **values | other,
        transaction_no=number,
        kind=kind,
        paid_at=at,
        base_fen=base,
        subsidy_fen=subsidy,
    )


def rule(policy: Any, *rows: Transaction, limit: int | None = None) -> list[Ruling]:
    """The rulings on the rows of one file, in the order in which they are given."""
    return rule_on(nothing_under(policy, limit), *rows)


def nothing_under(policy: str | RefundPolicy, limit: int | None = None) -> StandingFacts:
    named = refunds.PRESETS[policy] if isinstance(policy, str) else policy
    return StandingFacts(named, limits.always(limit))


def rule_on(standing: StandingFacts, *rows: Transaction) -> list[Ruling]:
    lines = [each._replace(line=number) for number, each in enumerate(rows, 1)]
    return [ruling for _, ruling in sorted(vouchers.judge(standing, lines).items())]


# ---------------------------------------------------------------- what a refund returns


def mismatch(returns_fen: int) -> Ruling:
    return Ruling("subsidy_mismatch", returns_fen=returns_fen)


@pytest.mark.parametrize("policy", ["pro_rata", "full_restores", "forfeits"])
@pytest.mark.parametrize(
    ("second", "ruling"),
    [
        # 10.00 in all, 4.44 are back: 5.56 are left, and the payment counts no more; of the least
        # base of 40.00, 40 x 25 / 45 = 22.22 were left
        (556, Ruling(before_fen=556, vouchers=-1, floor_fen=-2222)),
        (None, Ruling(before_fen=556, vouchers=-1, floor_fen=-2222)),
        (555, mismatch(556)),
        (1444, mismatch(556)),  # 10.00 + 4.44
        (1000, mismatch(556)),
        (0, mismatch(556)),
    ],
)
def test_a_second_refund_in_part_returns_what_the_first_left(
    policy: str, second: int | None, ruling: Ruling
) -> None:
    warning = FORFEITS if policy == "full_restores" else None
    assert rule(
        policy,
        pay("T1", FIRST_PAY, 4500, subsidy=1000),
        refund("R1", FIRST_PAY + 1, "T1", 2000, 444),  # 10.00 x 20 / 45 = 4.444...
        refund("R2", FIRST_PAY + 2, "T1", 2500, second),
    ) == [
        PAID,
        Ruling(before_fen=1000, after_fen=556, floor_fen=2222 - LEAST, warning=warning),
        ruling._replace(warning=None if ruling.reason else warning),
    ]


def test_refunds_in_three_parts_return_the_cumulated_share_each_time() -> None:
    # 10.00 on 30.00, back by 10.00 each: 3.33, then 6.67 - 3.33, then 10.00 - 6.67; the least base
    # of 20.00 falls to 13.33, 6.66, nothing
    assert rule(
        "pro_rata",
        pay("T1", FIRST_PAY, 3000, subsidy=1000, least_base_fen=2000),
        refund("R1", FIRST_PAY + 1, "T1", 1000, 333),
        refund("R2", FIRST_PAY + 2, "T1", 1000, 334),
        refund("R3", FIRST_PAY + 3, "T1", 1000, 333),
    )[1:] == [
        Ruling(before_fen=1000, after_fen=667, floor_fen=-667),
        Ruling(before_fen=667, after_fen=333, floor_fen=-667),
        Ruling(before_fen=333, vouchers=-1, floor_fen=-666),
    ]


@pytest.mark.parametrize(
    ("base", "reason"), [(2500, None), (2501, "refund_too_large"), (4500, "refund_too_large")]
)
def test_no_more_is_refunded_than_is_left_of_the_payment(base: int, reason: str | None) -> None:
    assert [
        ruling.reason
        for ruling in rule(
            "forfeits",
            pay("T1", FIRST_PAY),
            refund("R1", FIRST_PAY + 1, "T1", 2000, None),
            refund("R2", FIRST_PAY + 2, "T1", base, None),
        )
    ] == [None, None, reason]


IN_PART = Ruling(before_fen=1000, after_fen=500, floor_fen=-2000)


@pytest.mark.parametrize(
    ("policy", "base", "subsidy", "ruling"),
    [
        ("full_restores", 4500, 1000, FREED),
        ("full_restores", 4500, 999, mismatch(1000)),
        ("full_restores", 4500, 0, mismatch(1000)),
        ("full_restores", 2250, 500, IN_PART._replace(warning=FORFEITS)),
        ("full_restores", 2250, 0, mismatch(500)),
        ("restores_once", 4500, 1000, FREED),
        ("restores_once", 4499, 0, Ruling("partial_refund")),
        ("restores_once", 4499, 1000, Ruling("partial_refund")),
        ("forfeits", 4500, 1000, UNDONE),
        ("forfeits", 4500, 0, mismatch(1000)),
        ("forfeits", 2250, 500, IN_PART),
        ("pro_rata", 4500, 1000, UNDONE),
        ("pro_rata", 2250, 500, IN_PART),
        # 0.22 fen; 4000 x 4499 / 4500 = 3999.1
        ("pro_rata", 1, 0, Ruling(before_fen=1000, after_fen=1000, floor_fen=-1)),
        # 0.67 fen; 3997.3
        ("pro_rata", 3, 1, Ruling(before_fen=1000, after_fen=999, floor_fen=-3)),
        ("pro_rata", 4500, 0, mismatch(1000)),
    ],
)
def test_a_refund_returns_what_its_policy_says(
    policy: str, base: int, subsidy: int, ruling: Ruling
) -> None:
    assert (
        rule(policy, pay("T1", FIRST_PAY), refund("R1", FIRST_PAY + 1, "T1", base, subsidy))[1]
        == ruling
    )


def test_a_refund_restores_until_the_last_second_of_the_voucher() -> None:
    in_time, late = (
        rule("full_restores", pay("T1", FIRST_PAY), refund("R1", at, "T1", 4500, 1000))[1]
        for at in (EXPIRES_AT - 1, EXPIRES_AT)
    )
    assert in_time == FREED
    # the money goes back all the same: no subsidy without a sale
    assert late == UNDONE._replace(warning=FORFEITS)


CASES = {"full": (1, 4500), "late": (EXPIRES_AT, 4500), "partial": (1, 2250)}


def answers(case: str, answer: str, others: str) -> Answers:
    return Answers(**dict.fromkeys(CASES, others) | {case: answer})


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("money", "kept", "stays", "stated"),
    [
        ("returns", 0, False, 1000),
        ("pro_rata", None, False, None),
        ("stays", None, True, 0),
    ],
)
@pytest.mark.parametrize(
    ("voucher", "spent"), [("restores", -1), ("restores_once", -1), ("forfeits", 0)]
)
def test_each_case_has_its_own_two_answers(
    case: str,
    money: str,
    kept: int | None,
    stays: bool,
    stated: int | None,
    voucher: str,
    spent: int,
) -> None:
    at, base = CASES[case]
    policy = RefundPolicy(
        answers(case, voucher, "refused"),
        answers(case, money, "refused"),
    )
    half = case == "partial"
    after = (500 if half else 0) if kept is None else kept
    paid, ruling = rule(
        policy,
        pay("T1", FIRST_PAY),
        refund("R1", max(at, FIRST_PAY + 1), "T1", base, stated),
    )
    assert paid == PAID
    assert ruling == Ruling(
        before_fen=1000,
        after_fen=after,
        stays=stays,
        vouchers=0 if half else -1,
        spent=spent,
        floor_fen=-2000 if half else -4000,
        warning="subsidy_stays" if stays else None if spent else ruling.warning,
    )


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("refused", ["voucher", "money"])
def test_a_case_that_either_answer_refuses_is_refused(case: str, refused: str) -> None:
    at, base = CASES[case]
    of_voucher, of_money = (
        answers(case, "refused", usual) if name == refused else Answers(usual, usual, usual)
        for name, usual in (("voucher", "forfeits"), ("money", "returns"))
    )
    rulings = rule(
        RefundPolicy(of_voucher, of_money),
        pay("T1", FIRST_PAY),
        refund("R1", max(at, FIRST_PAY + 1), "T1", base, None),
    )
    assert rulings[1] == Ruling(f"{case}_refund")


def test_money_that_stays_is_the_share_of_what_was_refunded() -> None:
    stays = RefundPolicy(
        Answers("forfeits", "forfeits", "forfeits"), Answers("stays", "stays", "stays")
    )
    rulings = rule(
        stays,
        pay("T1", FIRST_PAY, 30000, subsidy=4000, least_base_fen=30000),
        refund("R1", FIRST_PAY + 1, "T1", 29000, 0),
        refund("R2", FIRST_PAY + 2, "T1", 1000, 0),
    )
    # 40.00 x 290 / 300 = 38.67 are without a sale, 1.33 are left on the 10.00 that are left
    assert rulings[1:] == [
        Ruling(None, 4000, 133, True, 0, 0, -29000, "subsidy_stays"),
        Ruling(None, 133, 0, True, -1, 0, -1000, "subsidy_stays"),
    ]


def test_a_voucher_that_a_refund_in_part_gave_back_is_used_again() -> None:
    gives_back = RefundPolicy(
        Answers("restores", "restores", "restores"), Answers("returns", "returns", "returns")
    )
    rulings = rule(
        gives_back,
        pay("T1", FIRST_PAY),
        refund("R1", FIRST_PAY + 1, "T1", 100, 1000),
        pay("T2", FIRST_PAY + 2),
        refund("R2", FIRST_PAY + 3, "T1", 100, 0),
    )
    assert [each.reason for each in rulings] == [None] * 4
    assert [each.spent for each in rulings] == [1, -1, 1, 0]
    assert [each.after_fen for each in rulings] == [1000, 0, 1000, 0]


def test_what_cost_nothing_returns_nothing() -> None:
    # a payment of 0.00 cannot be divided by, and is refunded once
    assert rule(
        "pro_rata",
        pay("T1", FIRST_PAY, 0, subsidy=0, least_base_fen=0),
        refund("R1", FIRST_PAY + 1, "T1", 0, 0),
        refund("R2", FIRST_PAY + 2, "T1", 0, 0),
    ) == [
        Ruling(vouchers=1, spent=1),
        Ruling(vouchers=-1, floor_fen=0),
        Ruling("refund_too_large"),
    ]


def test_a_voucher_is_restored_once_only_where_the_policy_says_so() -> None:
    rows = (
        pay("T1", FIRST_PAY),
        refund("R1", FIRST_PAY + 1, "T1", 4500, 1000),
        pay("T2", FIRST_PAY + 2),
        refund("R2", FIRST_PAY + 3, "T2", 4500, 1000),
        pay("T3", FIRST_PAY + 4),
    )
    assert [each.reason for each in rule("full_restores", *rows)] == [None] * 5
    assert rule("restores_once", *rows)[3:] == [
        UNDONE._replace(warning=FORFEITS),
        Ruling("already_redeemed"),
    ]


# ---------------------------------------------------------------- whose refund it is


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"paid_at": FIRST_PAY}, None),  # the same second
        ({"paid_at": FIRST_PAY - 1}, "refund_without_payment"),
        ({"refund_of": "T2"}, "refund_without_payment"),
        ({"merchant_id": 2}, "refund_without_payment"),
        ({"coupon_no": 2}, "refund_without_payment"),
        ({"claim_id": 2}, "refund_without_payment"),
        ({"transaction_no": "T1"}, None),  # a refund's number is not a payment's
    ],
)
def test_a_refund_belongs_to_its_payment(change: dict[str, Any], reason: str | None) -> None:
    own = refund("R1", FIRST_PAY + 1, "T1", 4500, 1000)._replace(**change)
    assert rule("full_restores", pay("T1", FIRST_PAY), own)[1].reason == reason


def test_a_number_is_used_once_for_payments_and_once_for_refunds() -> None:
    rulings = rule(
        "full_restores",
        pay("T1", FIRST_PAY),
        pay("T1", FIRST_PAY + 5, coupon_no=2),
        pay("T2", FIRST_PAY + 5, coupon_no=3),
        refund("R1", FIRST_PAY + 6, "T1", 4500, 1000),
        refund("R1", FIRST_PAY + 7, "T2", 4500, 1000, coupon_no=3),
        refund("R2", FIRST_PAY + 8, "T2", 4500, 1000, coupon_no=3),
    )
    assert [each.reason for each in rulings] == [
        None,
        "transaction_reused",
        None,
        None,
        "transaction_reused",
        None,
    ]


# ---------------------------------------------------------------- when a voucher is free


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (FIRST_PAY, "already_redeemed"),
        (FIRST_PAY + 10, "already_redeemed"),  # the second of the refund
        (FIRST_PAY + 11, None),
        (FIRST_PAY - 1, "already_redeemed"),  # it would run into the payment that stands
    ],
)
def test_a_voucher_is_free_from_the_second_after_its_refund(at: int, reason: str | None) -> None:
    standing = nothing_under("full_restores")
    rule_on(standing, pay("T1", FIRST_PAY), refund("R1", FIRST_PAY + 10, "T1", 4500, 1000))
    assert rule_on(standing, pay("T2", at))[0].reason == reason


@pytest.mark.parametrize(
    ("policy", "of_refund", "reasons"),
    [
        ("full_restores", {}, [None, None]),
        ("restores_once", {}, [None, None]),
        ("full_restores", {"at": 1}, [None, None]),  # the second of its payment
        ("full_restores", {"at": 9}, [None, None]),  # the second before the later use
        ("full_restores", {"at": 10}, ["already_redeemed", "refund_without_payment"]),
        ("full_restores", {"base": 4499}, ["already_redeemed", "refund_without_payment"]),
        ("full_restores", {"coupon_no": 2}, ["already_redeemed", "refund_without_payment"]),
        ("forfeits", {}, ["already_redeemed", "refund_without_payment"]),
        ("pro_rata", {}, ["already_redeemed", "refund_without_payment"]),
        # its refund would be refused, and the voucher be in use twice
        ("full_restores", {"subsidy": 999}, ["already_redeemed", "refund_without_payment"]),
        ("full_restores", {"merchant_id": 2}, ["already_redeemed", "refund_without_payment"]),
    ],
)
def test_a_late_payment_stands_before_a_later_use_with_its_own_full_refund(
    policy: Any, of_refund: dict[str, int], reasons: list[str | None]
) -> None:
    change = {"at": 5, "base": 4500, "subsidy": 1000, **of_refund}
    at, amounts = FIRST_PAY + change.pop("at"), (change.pop("base"), change.pop("subsidy"))
    standing = nothing_under(policy)
    rule_on(standing, pay("T9", FIRST_PAY + 10))
    rulings = rule_on(
        standing,
        pay("T1", FIRST_PAY + 1),
        refund("R1", at, "T1", *amounts, **change),
    )
    assert [each.reason for each in rulings] == reasons


def test_of_several_refunds_it_is_the_one_that_gives_the_voucher_back() -> None:
    """A refund in part, which the policy refuses, does not hide the full one behind it."""
    standing = nothing_under("restores_once")
    rule_on(standing, pay("T9", FIRST_PAY + 10))
    rulings = rule_on(
        standing,
        pay("T1", FIRST_PAY + 1),
        refund("R1", FIRST_PAY + 3, "T1", 2000, 444),
        refund("R2", FIRST_PAY + 5, "T1", 4500, 1000),
    )
    assert [each.reason for each in rulings] == [None, "partial_refund", None]


def test_a_late_payment_whose_refund_loses_its_number_does_not_run_into_a_later_use() -> None:
    """Without T1, which would have had the number first, another payment has it."""
    standing = nothing_under("full_restores")
    rule_on(standing, pay("T9", FIRST_PAY + 10), pay("T3", FIRST_PAY, coupon_no=3))
    rulings = rule_on(
        standing,
        pay("T1", FIRST_PAY + 1),
        refund("R1", FIRST_PAY + 5, "T1", 4500, 1000),
        refund("R1", FIRST_PAY + 4, "T3", 4500, 1000, coupon_no=3),
        pay("T1", FIRST_PAY + 2, coupon_no=2),
    )
    reasons = [each.reason for each in rulings]
    assert reasons == ["already_redeemed", "transaction_reused", None, None]
    assert [each.transaction_no for each in standing.payments[1, 1]] == ["T9"]


def test_a_late_payment_without_a_refund_does_not_run_into_a_later_use() -> None:
    standing = nothing_under("full_restores")
    rule_on(standing, pay("T9", FIRST_PAY + 10))
    assert rule_on(standing, pay("T1", FIRST_PAY + 1)) == [Ruling("already_redeemed")]


# ---------------------------------------------------------------- the day's limit


@pytest.mark.parametrize(
    ("limit", "reasons"),
    [
        (None, [None, None, None]),
        (1, [None, "over_limit", "over_limit"]),
        (2, [None, None, "over_limit"]),
        (3, [None, None, None]),
    ],
)
def test_so_many_vouchers_of_a_resident_go_to_a_merchant_in_a_day(
    limit: int | None, reasons: list[str | None]
) -> None:
    rows = [pay(f"T{n}", FIRST_PAY + n, coupon_no=n) for n in (1, 2, 3)]
    assert [each.reason for each in rule("forfeits", *rows, limit=limit)] == reasons


@pytest.mark.parametrize("other", [{"merchant_id": 2}, {"day": 20200328}, {"resident": b"r2"}])
def test_another_merchant_day_or_resident_has_a_limit_of_its_own(other: dict[str, Any]) -> None:
    rows = [pay("T1", FIRST_PAY), pay("T2", FIRST_PAY + 1, coupon_no=2, **other)]
    assert [each.reason for each in rule("forfeits", *rows, limit=1)] == [None, None]


def test_a_voucher_that_was_refunded_and_used_again_counts_once_in_the_limit() -> None:
    rows = [
        pay("T1", FIRST_PAY),
        refund("R1", FIRST_PAY + 1, "T1", 4500, 1000),
        pay("T2", FIRST_PAY + 2),
    ]
    assert [each.reason for each in rule("full_restores", *rows, limit=1)] == [None] * 3


# ---------------------------------------------------------------- rows that are alike


@pytest.mark.parametrize(
    ("change", "ruling"),
    [
        ({}, DUPLICATE),
        ({"day": 20200328}, DUPLICATE),
        ({"paid_at": FIRST_PAY + 1}, Ruling("already_redeemed")),
        ({"transaction_no": "T2"}, Ruling("already_redeemed")),
        ({"coupon_no": 2}, Ruling("transaction_reused")),
    ],
)
def test_a_row_is_the_same_only_when_it_says_the_same(
    change: dict[str, Any], ruling: Ruling
) -> None:
    one = pay("T1", FIRST_PAY)
    assert rule("forfeits", one, one._replace(**change)) == [
        PAID,
        ruling,
    ]


def test_in_one_second_payments_come_before_refunds_and_smaller_numbers_first() -> None:
    a_refund = refund("A1", FIRST_PAY, "T1", 4500, 1000)
    second, first = pay("T2", FIRST_PAY), pay("T1", FIRST_PAY)
    assert [each.reason for each in rule("full_restores", a_refund, second, first)] == [
        None,
        "already_redeemed",
        None,
    ]


@pytest.mark.parametrize(
    "change",
    [{"base_fen": 4501}, {"subsidy_fen": 1001}, {"merchant_discount_fen": 1}, {"merchant_id": 2}],
)
def test_two_rows_of_one_number_and_second_that_differ_are_both_refused(
    change: dict[str, Any],
) -> None:
    one = pay("T1", FIRST_PAY)
    other = one._replace(**change)
    assert rule("forfeits", one, other) == [Ruling("conflicting_row")] * 2
    # beside one that stands, only the one that comes
    standing = nothing_under("forfeits")
    assert rule_on(standing, one) == [PAID]
    assert rule_on(standing, other) == [Ruling("conflicting_row")]
    assert rule("forfeits", other, one._replace(stands=True)) == [Ruling("conflicting_row"), PAID]


def test_two_refunds_of_one_number_and_second_that_differ_are_both_refused() -> None:
    rows = [refund("R1", FIRST_PAY + 1, "T1", base, None) for base in (2000, 1000)]
    rulings = rule("pro_rata", pay("T1", FIRST_PAY), *rows)
    assert [each.reason for each in rulings] == [None, "conflicting_row", "conflicting_row"]


def test_what_stands_gives_way_to_an_earlier_row_of_its_voucher_or_number_alone() -> None:
    stands = pay("T5", FIRST_PAY + 5, stands=True)
    for row, reasons in (
        (pay("T1", FIRST_PAY), [None, "already_redeemed"]),
        (pay("T1", FIRST_PAY + 5), ["already_redeemed", None]),  # of the same second
        (pay("T5", FIRST_PAY, coupon_no=2, merchant_id=2), [None, "transaction_reused"]),
        (pay("T5", FIRST_PAY + 5, coupon_no=2, merchant_id=2), ["transaction_reused", None]),
        (pay("T1", FIRST_PAY, coupon_no=2), ["over_limit", None]),  # under a limit it stays
    ):
        assert [each.reason for each in rule("forfeits", row, stands, limit=1)] == reasons, row


def test_a_limit_is_that_of_the_day() -> None:
    step = FIRST_PAY + 100
    standing = StandingFacts(
        refunds.PRESETS["forfeits"], limits.Timeline(((0, 2), (step, 1), (step + 100, None)))
    )
    rows = [
        pay(f"T{day}{n}", FIRST_PAY + 100 * day + n, coupon_no=10 * day + n, day=day)
        for day in range(3)
        for n in (1, 2, 3)
    ]
    reasons = [each.reason for each in rule_on(standing, *rows)]
    assert reasons == [None, None, "over_limit"] + [None, "over_limit", "over_limit"] + [None] * 3


def test_a_refund_that_stands_keeps_what_it_returned() -> None:
    # 10.00 on 30.00: by themselves the later third is 3.34, beside an earlier one 3.33 + 3.34
    rows = [
        pay("T1", FIRST_PAY, 3000, subsidy=1000, stands=True),
        refund("R2", FIRST_PAY + 9, "T1", 1000, 333, stands=True),
        refund("R1", FIRST_PAY + 1, "T1", 1000, 333),
    ]
    _, later, earlier = rule("pro_rata", *rows)
    assert (earlier.before_fen, earlier.after_fen) == (1000, 667)
    assert (later.before_fen, later.after_fen) == (667, 334)


def test_a_row_is_not_the_duplicate_of_another_files_refused_row() -> None:
    rows = [pay("T1", FIRST_PAY, stands=True), pay("T2", FIRST_PAY + 1), pay("T2", FIRST_PAY + 1)]
    own = [each.reason for each in rule("forfeits", *rows)]
    assert own == [None, "already_redeemed", "duplicate"]
    rows[2] = rows[2]._replace(batch_id=2)
    assert [each.reason for each in rule("forfeits", *rows)] == [None] + ["already_redeemed"] * 2


@pytest.mark.parametrize("subsidy", [None, 1000])
def test_a_refund_of_a_file_without_subsidies_repeats_the_one_that_stands(
    subsidy: int | None,
) -> None:
    rows = [
        pay("T1", FIRST_PAY, stands=True),
        refund("R1", FIRST_PAY + 1, "T1", 4500, 1000, stands=True),
        refund("R1", FIRST_PAY + 1, "T1", 4500, subsidy, batch_id=2),
    ]
    assert rule("full_restores", *rows) == [PAID, FREED, DUPLICATE]


def test_a_payment_before_a_later_use_goes_by_the_refund_of_its_own_voucher() -> None:
    """The number T1 stands on two vouchers, and both were refunded."""
    standing = nothing_under("full_restores")
    rule_on(standing, pay("T9", FIRST_PAY + 10))
    rows = (
        pay("T1", FIRST_PAY + 1),
        refund("R2", FIRST_PAY + 3, "T1", 4500, 1000, coupon_no=2),
        refund("R1", FIRST_PAY + 5, "T1", 4500, 1000),
    )
    assert [each.reason for each in rule_on(standing, *rows)] == [
        None,
        "refund_without_payment",
        None,
    ]
