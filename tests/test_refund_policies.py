"""What a refund does to voucher, money, floor and reports, by whole commands and by figures worked
out by hand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import towns
import yaml

from vouchercli.ops.intake import by_columns
from vouchercli.rules.leverage import Sums
from vouchercli.rules.refunds import USUAL, Answers, RefundPolicy

GOLDEN: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases/golden.yaml").read_text("utf-8")
)
SHOPS = "merchant_no,name\nM1,one\nM2,two\n"
PUBLIC = {"treasury": "1000000.00"}
HALF = {"treasury": "1000000.00", "wallet": "platform", "merchant": "merchant"}
STAYS = {
    "voucher": {"full": "restores", "late": "forfeits", "partial": "forfeits"},
    "money": {"full": "returns", "late": "stays", "partial": "stays"},
}
POLICIES = {
    **{name: name for name in ("full_restores", "restores_once", "forfeits", "pro_rata")},
    "stays": STAYS,
}

Town = Callable[..., Any]


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """An open round of one pack under a refund policy, its pack claimed by one resident."""

    def build(
        policy: Any, *coupons: dict[str, Any], funds: Any = None, funding: Any = None, **more: Any
    ) -> Any:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        programme = towns.programme(
            funds=funds or PUBLIC, refunds=policy, unused="pool", **more.pop("programme", {})
        )
        pack = towns.pack("pack", *coupons, funding=funding or {"treasury": "100%"}, **more)
        towns.build(voucher, programme, pack, merchants=SHOPS)
        towns.make_round(voucher, "r1", packs=2, state="open")
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 08:00")
        towns.write("claims.csv", towns.CLAIMS + "C1,r1,ann,2020-03-27 09:00:00\n")
        voucher("claim", "import", "claims.csv")
        return voucher

    return build


def take_in(voucher: Any, *rows: str, name: str = "f.csv", expect: int = 0) -> dict[str, Any]:
    towns.write(name, "\n".join((towns.PAYMENTS.strip(), *rows, "")))
    data: dict[str, Any] = voucher("redemption", "import", name, "-o", "json", expect=expect).data
    return data


def total(voucher: Any, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = voucher("report", "leverage", *options, "-o", "json").data["total"]
    return found


def money_of(voucher: Any) -> tuple[int, int, int]:
    """(base, subsidy kept, subsidy that stays without a sale) in fen."""
    figures = total(voucher)
    voucher("check")
    return figures["base_fen"], figures["subsidy_fen"], figures["stays_fen"]


THREE_HUNDRED = towns.coupon("40", "300", 3)
PAY = "T{0},pay,C1,{0},M1,2020-03-28 12:00:00,300,0,40,"
LATE = "F{0},refund,C1,{0},M1,2020-04-10 12:00:00,300,0,{1},T{0}"
PART = "F{0},refund,C1,{0},M1,2020-03-29 12:00:00,290,0,{1},T{0}"


@pytest.mark.parametrize("policy", ["full_restores", "restores_once", "forfeits", "pro_rata"])
def test_a_late_full_refund_leaves_no_subsidy_on_a_sale_that_is_gone(
    town: Town, policy: str
) -> None:
    voucher = town(policy, THREE_HUNDRED)
    take_in(voucher, PAY.format(1), LATE.format(1, "40"))
    assert money_of(voucher) == (0, 0, 0)
    # the voucher is not given back all the same
    again = take_in(voucher, "T9,pay,C1,1,M1,2020-04-02 12:00:00,300,0,40,", name="g.csv", expect=4)
    assert again["reasons"] == {"already_redeemed": 1}


def test_a_voucher_that_was_given_back_once_is_proved_in_the_order_of_its_refunds(
    town: Town,
) -> None:
    """The payment that was given back comes after the one whose refund forfeits the voucher."""
    voucher = town("restores_once", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), name="one.csv")
    take_in(
        voucher,
        "T8,pay,C1,1,M1,2020-03-28 09:00:00,300,0,40,",
        "F8,refund,C1,1,M1,2020-03-28 10:00:00,300,0,40,T8",
        "F1,refund,C1,1,M1,2020-03-28 13:00:00,300,0,40,T1",
    )
    assert money_of(voucher) == (0, 0, 0)
    again = take_in(voucher, "T9,pay,C1,1,M1,2020-03-29 12:00:00,300,0,40,", name="g.csv", expect=4)
    assert again["reasons"] == {"already_redeemed": 1}


@pytest.mark.parametrize("policy", towns.sampled(POLICIES, 3))
@pytest.mark.parametrize(("row", "stated"), [(LATE, "39.99"), (LATE, "20"), (PART, "9999")])
def test_a_refund_that_states_another_subsidy_is_refused(
    town: Town, policy: Any, row: str, stated: str
) -> None:
    voucher = town(policy, THREE_HUNDRED)
    data = take_in(voucher, PAY.format(1), row.format(1, stated), expect=4)
    is_whole_only = policy == "restores_once" and row == PART
    reason = "partial_refund" if is_whole_only else "subsidy_mismatch"
    assert data["reasons"] == {reason: 1}
    assert money_of(voucher) == (30_000, 4_000, 0)


def test_published_refund_rules_come_out(town: Town) -> None:
    late, part = GOLDEN["late_refund"]["full_late"], GOLDEN["late_refund"]["partial_290"]
    luohu = {"voucher": {"partial": "forfeits"}, "money": {"partial": "returns"}}
    voucher = town(luohu, THREE_HUNDRED)
    rows = (
        PAY.format(1),
        PART.format(1, part["luohu_returns"]["returned"]),
        PAY.format(2),
        LATE.format(2, late["returned"]),
    )
    take_in(voucher, *rows)
    assert total(voucher)["own_fen"] == 1_000  # 10.00 of the first, nothing of the second
    assert part["luohu_returns"]["own"] == "10.00" and late["own"] == "0.00"
    voucher("check")


def test_a_refund_in_part_returns_its_share_in_zhuhai(town: Town) -> None:
    zhuhai = GOLDEN["late_refund"]["partial_290"]["zhuhai_pro_rata"]
    voucher = town("pro_rata", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), PART.format(1, zhuhai["returned"]))
    assert (total(voucher)["own_fen"], zhuhai["own"]) == (867, "8.67")
    voucher("check")


def test_three_payments_of_120_keep_what_the_published_sum_says(town: Town) -> None:
    voucher = town("full_restores", towns.coupon("20", "100", 3))
    take_in(
        voucher,
        "T1,pay,C1,1,M1,2020-03-28 09:00:00,120,0,20,",
        "F1,refund,C1,1,M1,2020-03-28 10:00:00,120,0,20,T1",
        "T4,pay,C1,1,M1,2020-03-28 11:00:00,120,0,20,",
        "T2,pay,C1,2,M1,2020-03-28 09:00:00,120,0,20,",
        "F2,refund,C1,2,M1,2020-04-10 10:00:00,120,0,20,T2",
        "T3,pay,C1,3,M1,2020-03-28 09:00:00,120,0,20,",
        "F3,refund,C1,3,M1,2020-03-28 10:00:00,30,0,5,T3",
    )
    kept = GOLDEN["late_refund"]["three_payments_of_120_with_100_20"]["kept_under_full_restores"]
    assert money_of(voucher) == (21_000, 3_500, 0)
    assert kept == "35.00"
    assert total(voucher)["floor"] == "5.00"  # (100 + 75) / 35


# ---------------------------------------------------------------- money that stays


def test_money_that_stays_stands_apart_from_every_ratio(town: Town) -> None:
    voucher = town(STAYS, THREE_HUNDRED, funds=HALF, funding={"treasury": "50%", "wallet": "50%"})
    take_in(
        voucher,
        PAY.format(1),
        LATE.format(1, "0"),
        PAY.format(2),
        PART.format(2, "0"),
        PAY.format(3),
    )
    # kept: 40.00 on 300.00 and 1.33 on 10.00, half of each is public; 40.00 and 38.67 stay
    figures = total(voucher)
    assert (figures["base_fen"], figures["subsidy_fen"], figures["stays_fen"]) == (
        31_000,
        2_067,
        3_933,
    )
    assert figures["own_fen"] == 31_000 - 4_133
    assert (figures["gross"], figures["floor"]) == ("15.00", "15.00")
    voucher("check")
    # the funders have paid it all the same
    assert towns.ask(".", "SELECT sum(amount_fen) FROM funder_totals") == [(12_000,)]
    ran = voucher("report", "leverage")
    told = " ".join((ran.out + ran.err).split())
    assert "Without" in told and "39.33 yuan of subsidy stay on orders" in told
    listed = voucher("redemption", "list", "--without-sale", "-o", "json").data["redemptions"]
    assert [(row["transaction_no"], row["stays_fen"]) for row in listed] == [
        ("F2", 1_933),
        ("F1", 2_000),
    ]
    batch = voucher("batch", "show", "3", "-o", "json").data
    assert batch["warning_reasons"] == {"subsidy_stays": 2}


def test_nothing_stands_apart_where_nothing_stays(town: Town) -> None:
    voucher = town("full_restores", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), LATE.format(1, "40"), PAY.format(2))
    assert "Without a sale" not in voucher("report", "leverage").out
    assert "Without a sale" not in voucher("report", "rounds").out


def test_an_undo_takes_back_what_stays(town: Town) -> None:
    voucher = town(STAYS, THREE_HUNDRED)
    take_in(voucher, PAY.format(1))
    data = take_in(voucher, LATE.format(1, "0"), name="g.csv")
    assert money_of(voucher) == (0, 0, 4_000)
    voucher("batch", "undo", str(data["batch"]), "--yes")
    assert money_of(voucher) == (30_000, 4_000, 0)


def test_refunds_judged_again_state_what_they_stated(town: Town) -> None:
    """A retry brings the standing refund before the judge once more, with an earlier one."""
    voucher = town(STAYS, THREE_HUNDRED)
    part = "F2,refund,C1,1,M1,2020-03-29 12:00:00,30,0,0,T1"
    first = take_in(voucher, part, name="e.csv", expect=4)
    take_in(voucher, PAY.format(1), "F3,refund,C1,1,M1,2020-03-30 12:00:00,60,0,0,T1", name="g.csv")
    voucher("batch", "retry", str(first["batch"]))
    assert money_of(voucher) == (21_000, 2_800, 1_200)


# ---------------------------------------------------------------- the database's own law


@pytest.mark.parametrize("is_large", [False, True])
def test_refunds_may_stand_in_any_order_of_lines(
    town: Town, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    returns = {"money": {"partial": "returns"}}
    voucher = town(returns, towns.coupon("40", "100"))
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    data = take_in(
        voucher,
        "F2,refund,C1,1,M1,2020-03-29 12:00:00,70,0,0,T1",
        "F1,refund,C1,1,M1,2020-03-28 13:00:00,20,0,40,T1",
        "T1,pay,C1,1,M1,2020-03-28 12:00:00,100,0,40,",
    )
    assert data["accepted"] == 3
    assert money_of(voucher) == (1000, 0, 0)


def test_the_database_refuses_a_refund_that_leaves_more_subsidy_than_sale(town: Town) -> None:
    voucher = town("full_restores", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), PART.format(1, "38.67"))
    with closing(sqlite3.connect("voucher.db")) as db:
        # of 10.00 with 1.33 of subsidy a refund that gives nothing back may take 8.67
        db.execute("INSERT INTO splits VALUES (99, 1, 133, 133, 0, 0, 0, 0)")
        for number, fen, is_refused in ((98, -867, False), (99, -1, True)):
            db.execute(
                "INSERT INTO redemptions SELECT ?1, 'F' || ?1, voucher, ?1, merchant_id,"
                " segment_id, channel, paid_at, day, ?2, 0, 99, ?1, refund_of"
                " FROM redemptions WHERE refund_of IS NOT NULL LIMIT 1",
                (number, fen),
            )
            undone = "INSERT INTO refunds VALUES (?, 0, 0, 0)"
            if is_refused:
                with pytest.raises(sqlite3.IntegrityError, match="subsidy without a sale"):
                    db.execute(undone, (number,))
            else:
                db.execute(undone, (number,))


@pytest.mark.parametrize("fen", [-1, 3_999])
def test_check_finds_own_money_below_nothing(town: Town, fen: int) -> None:
    voucher = town("full_restores", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), PAY.format(2), PART.format(2, "38.67"))
    towns.by_hand(".", f"UPDATE redemptions SET base_fen = {fen} WHERE transaction_no = 'T1'")
    found = voucher("check", "-o", "json", expect=5).data["checks"]
    failed = {each["check"] for each in found if each["breaches"]}
    assert "own_not_negative" in failed


# ---------------------------------------------------------------- floors


def test_the_floor_of_a_percentage_that_is_shared(town: Town) -> None:
    shares = {"treasury": "50%", "wallet": "30%", "merchant": "20%"}
    percent = {
        "count": 3,
        "kind": "percent_off",
        "percent": "10",
        "threshold": "2000",
        "cap": "400",
    }
    voucher = town("full_restores", percent, funds=HALF, funding=shares)
    take_in(
        voucher,
        "T1,pay,C1,1,M1,2020-03-28 09:00:00,2000,0,200,",
        "T2,pay,C1,2,M1,2020-03-28 10:00:00,3638,0,363.80,",
        "T3,pay,C1,3,M1,2020-03-28 11:00:00,9000,0,400,",
    )
    golden, figures = GOLDEN["floors"][0], total(voucher)
    assert (figures["gross"], figures["floor"]) == (golden["gross"], golden["floor"])
    assert figures["subsidy_fen"] == 48_190
    checked = voucher("template", "check", "pack", "-o", "json")
    assert checked.data["floor"] == "20.00"
    notes = {each["code"]: each["message"] for each in checked.json["problems"]}
    assert "20.00" in notes["gross_by_construction"]
    voucher("check")


def test_the_floor_of_a_pack_of_both_kinds(town: Town) -> None:
    percent = {"count": 1, "kind": "percent_off", "percent": "50", "threshold": "500", "cap": "500"}
    voucher = town("full_restores", towns.coupon("10", "100"), percent)
    take_in(
        voucher,
        "T1,pay,C1,1,M1,2020-03-28 09:00:00,100,0,10,",
        "T2,pay,C1,2,M1,2020-03-28 10:00:00,1000,0,500,",
    )
    golden, figures = GOLDEN["floors"][1], total(voucher)
    assert (figures["gross"], figures["floor"]) == (golden["gross"], golden["floor"])


def test_the_floor_is_not_above_g_after_a_refund_in_part(town: Town) -> None:
    voucher = town("full_restores", towns.coupon("40", "300", 3))
    take_in(
        voucher,
        "T1,pay,C1,1,M1,2020-03-28 12:00:00,300.01,0,40,",
        "F1,refund,C1,1,M1,2020-03-29 12:00:00,100,0,13.33,T1",
    )
    # 300.00 x 200.01 / 300.01 = 200.003: rounded down
    assert towns.ask(".", "SELECT sum(floor_fen) FROM redemption_facts") == [(20_000,)]
    figures = total(voucher)
    assert Sums(1, 20_001, 2_667, 2_667, floor_fen=20_000).floor == figures["floor"] == "7.50"


# ---------------------------------------------------------------- where the voucher went


@pytest.mark.parametrize(
    ("policy", "outstanding", "expired"),
    # four vouchers of 10.00: one refunded in full in time, one used
    [
        ("full_restores", 3_000, 3_000),
        ("restores_once", 3_000, 3_000),
        ("forfeits", 2_000, 2_000),
        ("pro_rata", 2_000, 2_000),
    ],
)
def test_a_voucher_that_is_spent_is_not_outstanding(
    town: Town, policy: str, outstanding: int, expired: int
) -> None:
    voucher = town(policy, towns.coupon("10", "40", 4))
    take_in(
        voucher,
        "T1,pay,C1,1,M1,2020-03-28 12:00:00,100,0,10,",
        "F1,refund,C1,1,M1,2020-03-29 12:00:00,100,0,10,T1",
        "T2,pay,C1,2,M1,2020-03-28 12:00:00,100,0,10,",
    )

    def left(as_of: str) -> tuple[int, int]:
        (row,) = voucher("report", "rounds", "--as-of", as_of, "-o", "json").data["rows"]
        return row["outstanding_fen"], row["expired_fen"]

    assert left("2020-03-31 09:00") == (outstanding, 0)
    assert left("2020-04-15 09:00") == (0, expired)


# ---------------------------------------------------------------- how it is written


def test_a_policy_may_be_written_out(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    written = {"voucher": {"late": "refused"}, "money": {"partial": "stays"}}
    towns.build(voucher, towns.programme(refunds=written))
    shown = voucher("programme", "show", "-o", "json").data["refunds"]
    assert shown == {
        "voucher": {"full": "restores", "late": "refused", "partial": "forfeits"},
        "money": {"full": "returns", "late": "returns", "partial": "stays"},
    }
    page = voucher("programme", "show").out
    assert "stays with the merchant" in page and "such a refund is refused" in page
    assert "an assumption" not in page
    assert "留在商户" in voucher("programme", "show", "--lang", "zh").out


def test_a_preset_says_that_its_money_is_assumed(
    voucher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    towns.build(voucher, towns.programme(refunds="restores_once"))
    assert voucher("programme", "show", "-o", "json").data["refunds"] == "restores_once"
    page = " ".join(voucher("programme", "show").out.split())
    assert "what restores_once says of it is an assumption" in page


@pytest.mark.parametrize(
    ("written", "offending"),
    [
        ({"voucher": {"full": "returns"}}, "returns"),
        ({"money": {"late": "restores"}}, "restores"),
        ({"vouchers": {}}, "vouchers"),
        ({"money": {"always": "stays"}}, "always"),
        ("half_restores", "half_restores"),
    ],
)
def test_a_policy_with_a_slip_is_refused(
    voucher: Any, monkeypatch: pytest.MonkeyPatch, written: Any, offending: str
) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    voucher("init")
    towns.write("p.yaml", towns.programme(refunds=written))
    ran = voucher("programme", "load", "p.yaml", expect=3)
    assert offending in ran.err and "p.yaml:" in ran.err


def test_the_written_out_preset_is_the_same_policy(town: Town) -> None:
    voucher = town("full_restores", THREE_HUNDRED)
    take_in(voucher, PAY.format(1))
    full_restores = {
        "voucher": {"full": "restores", "late": "forfeits", "partial": "forfeits"},
        "money": {"full": "returns", "late": "returns", "partial": "pro_rata"},
    }
    document = towns.programme(funds=PUBLIC, refunds=full_restores, unused="pool")
    voucher("programme", "load", towns.write("p.yaml", document))
    document["refunds"]["money"]["late"] = "stays"
    refused = voucher("programme", "load", towns.write("p.yaml", document), expect=3)
    assert "refunds_in_use" in refused.err or "refund policy cannot change" in refused.err


@pytest.mark.parametrize(
    ("voucher", "money", "answers"),
    [
        ("restores", "returns", (True, True)),
        ("restores_once", "pro_rata", (True, True)),
        ("forfeits", "returns", (True, False)),
        ("refused", "returns", (False, False)),
        ("restores", "stays", (False, True)),
        ("restores", "refused", (False, True)),
    ],
)
def test_columns_prove_full_refunds_only_where_they_are_lawful_and_return_all(
    voucher: str, money: str, answers: tuple[bool, bool]
) -> None:
    pytest.importorskip("polars")
    from vouchercli.ops.intake.by_columns import refunds as by_columns

    policy = RefundPolicy(
        USUAL.voucher._replace(full=voucher), Answers(money, "returns", "pro_rata")
    )
    assert (by_columns.returns_all(policy), by_columns.gives_back(policy)) == answers
