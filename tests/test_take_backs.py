"""Money that was released and is asked for by late files: taken back once, never promised twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.store import corrections, incoming, reopening

SHOPS = "merchant_no,name\nM1,one\n"
Town = Callable[..., Any]
NO_MONEY = "the 10.00 yuan that it needs were released and are promised elsewhere"


@pytest.fixture
def town(voucher: Any, once: Any) -> Town:
    """A programme with its fund; r1 has 10 packs of one 40-10, open for two days."""

    def build(amount: str = "200.00", unused: str = "pool", days: int = 7) -> Any:
        once(f"take backs: {amount}, {unused}, {days}", lambda: lay_down(amount, unused, days))
        return voucher

    def lay_down(amount: str, unused: str, days: int) -> None:
        towns.build(
            voucher,
            towns.programme(funds={"treasury": amount}, unused=unused, clock={"jump": "90 days"}),
            towns.pack("pack", towns.coupon("10", "40"), validity={"days_after_claim": days}),
            merchants=SHOPS,
        )
        towns.make_round(voucher, "r1", packs=10, state="open", closes=towns.CLOSES)

    return build


def claims(voucher: Any, code: str, numbers: Any, at: str = "2020-03-27 09:00", **ran: Any) -> Any:
    rows = "".join(f"{code}-{n},{code},{code}-res{n},{at}:{n:02d}\n" for n in numbers)
    name = towns.write(f"{code}-{numbers[0]}.csv", towns.CLAIMS + rows)
    return voucher("claim", "import", name, "-o", "json", **ran)


def payments(voucher: Any, *numbers: str, at: str = "2020-03-28 09:00", **ran: Any) -> Any:
    rows = "".join(
        f"T{no},pay,{no},1,M1,{at}:{place:02d},50,0,10,\n" for place, no in enumerate(numbers)
    )
    name = towns.write(f"pay-{numbers[0]}.csv", towns.PAYMENTS + rows)
    return voucher("redemption", "import", name, "-o", "json", **ran)


def explanations(voucher: Any, ran: Any) -> set[str]:
    """What the rejects of an import say."""
    rejects = voucher("batch", "rejects", str(ran.data["batch"]), "-o", "json").data["rejects"]
    return {each["explanation"] for each in rejects}


def tick(voucher: Any, now: str) -> None:
    voucher("schedule", "tick", "--now", now, expect=None)


HELD = "committed_fen + outstanding_fen + payable_fen"


def balances(account: str) -> int:
    """Yuan on an account; held: all that rounds hold."""
    fen = HELD if account == "held" else f"{account}_fen"
    return int(towns.ask(".", f"SELECT ifnull(sum({fen}), 0) FROM balances")[0][0]) // 100


def seats(code: str) -> tuple[int, int]:
    """(claimed, released) packs."""
    return towns.ask(".", "SELECT claimed, released FROM rounds WHERE round = ?", code)[0]  # type: ignore[return-value]


def test_what_the_next_round_has_is_not_claimed_again(town: Town) -> None:
    voucher = town()
    claims(voucher, "r1", range(5))
    tick(voucher, "2020-03-29 09:00")
    assert (seats("r1"), balances("uncommitted")) == ((5, 5), 150)
    towns.make_round(voucher, "r2", packs=15, state="open", opens="2020-03-30 08:00")
    claims(voucher, "r2", range(15), at="2020-03-30 09:00")
    late = claims(voucher, "r1", range(5, 10), expect=4)
    assert (late.data["accepted"], late.data["reasons"]) == (0, {"funds_released": 5})
    assert explanations(voucher, late) == {NO_MONEY}
    again = voucher("batch", "retry", str(late.data["batch"]), expect=4)
    assert "5 rows wait for 50.00 yuan" in again.err
    assert explanations(voucher, late) == {NO_MONEY}
    payments(voucher, *(f"r1-{n}" for n in range(5)))
    payments(voucher, *(f"r2-{n}" for n in range(15)), at="2020-03-31 09:00")
    total = voucher("report", "leverage", "-o", "json").data["total"]
    assert total["subsidy_fen"] == 20_000
    voucher("check")


def test_late_claims_take_their_seats_back_as_far_as_there_is_money(town: Town) -> None:
    voucher = town("130.00")
    claims(voucher, "r1", range(5))
    tick(voucher, "2020-03-29 09:00")
    towns.make_round(voucher, "r2", packs=6, state="open", opens="2020-03-30 08:00")
    assert balances("uncommitted") == 20
    late = claims(voucher, "r1", range(5, 10), expect=4)
    assert (late.data["accepted"], late.data["reasons"]) == (2, {"funds_released": 3})
    # the first to come have theirs
    assert [row[0] for row in towns.ask(".", "SELECT claim_no FROM claims ORDER BY 1")][5:] == [
        "r1-5",
        "r1-6",
    ]
    assert (seats("r1"), balances("uncommitted")) == ((7, 3), 0)
    voucher("check")
    towns.change(voucher, funders={"treasury": {"kind": "public", "amount": "200.00"}})
    again = voucher("batch", "retry", str(late.data["batch"]), "-o", "json").data
    assert (again["accepted"], again["rejected"]) == (3, 0)
    assert (seats("r1"), balances("uncommitted")) == ((10, 0), 40)
    voucher("check")


@pytest.mark.parametrize("unused", ["pool", "next_round", "treasury"])
def test_a_late_payment_takes_back_what_it_pays(town: Town, unused: str) -> None:
    voucher = town(unused=unused)
    claims(voucher, "r1", range(3))
    tick(voucher, "2020-04-10 09:00")
    assert balances("held") == 0
    late = payments(voucher, "r1-0", "r1-2")
    assert late.data["accepted"] == 2
    assert balances("held") == 20
    assert balances("returned" if unused == "treasury" else "uncommitted") in (80, 180)
    voucher("check")


def test_a_late_payment_takes_unclaimed_packs_of_an_open_round(town: Town) -> None:
    voucher = town("100.00")
    claims(voucher, "r1", range(3))
    tick(voucher, "2020-04-10 09:00")
    towns.make_round(
        voucher, "r2", packs=10, state="open", opens="2020-04-11 08:00", closes="2020-04-20 08:00"
    )
    claims(voucher, "r2", range(8), at="2020-04-11 09:00")
    assert balances("uncommitted") == 0
    rows = payments(voucher, "r1-0", "r1-1", "r1-2", expect=4)
    assert (rows.data["accepted"], rows.data["reasons"]) == (2, {"funds_released": 1})
    assert explanations(voucher, rows) == {NO_MONEY}
    assert (seats("r2"), balances("uncommitted")) == ((8, 2), 0)
    voucher("check")
    shown = voucher("batch", "show", str(rows.data["batch"]))
    assert "funds_released" in shown.out
    more = claims(voucher, "r2", range(8, 10), at="2020-04-12 09:00", expect=4)
    assert more.data["reasons"] == {"funds_released": 2}
    voucher("check")


def test_the_import_names_the_round_that_gave_up_packs(town: Town) -> None:
    voucher = town("100.00")
    claims(voucher, "r1", range(3))
    tick(voucher, "2020-04-10 09:00")
    for code, packs, closes in (("r2", 9, "2020-04-20 08:00"), ("last", 1, "2020-04-21 08:00")):
        terms: dict[str, Any] = {"opens": "2020-04-11 08:00", "closes": closes}
        towns.make_round(voucher, code, packs=packs, state="open", **terms)
    for number, code in ((0, "last"), (1, "r2")):  # the last to close has no more to give
        row = f"T{number},pay,r1-{number},1,M1,2020-03-28 09:00,50,0,10,\n"
        ran = voucher("redemption", "import", towns.write("late.csv", towns.PAYMENTS + row))
        said = [line for line in ran.err.splitlines() if "unclaimed packs" in line]
        assert said == [f"1 unclaimed packs of {code} gave up their money for late payments"]
    assert "released" in voucher("round", "show", "r2", "-o", "json").out


def test_the_last_round_to_close_gives_up_packs_first_and_no_other_without_need(
    town: Town,
) -> None:
    voucher = town("100.00")
    claims(voucher, "r1", range(4))
    tick(voucher, "2020-04-10 09:00")
    for code, packs, closes in (("r2", 8, "2020-04-20 08:00"), ("r3", 2, "2020-04-21 08:00")):
        terms: dict[str, Any] = {"opens": "2020-04-11 08:00", "closes": closes}
        towns.make_round(voucher, code, packs=packs, state="open", **terms)
    given = (
        "SELECT subject, json_extract(detail, '$.packs') FROM audit WHERE deed = 'round.give_up'"
    )
    payments(voucher, "r1-0")
    assert (seats("r2"), seats("r3")) == ((0, 0), (0, 1))
    assert towns.ask(".", given) == [("r3", 1)]
    payments(voucher, "r1-1", "r1-2", "r1-3", at="2020-03-28 10:00")
    assert (seats("r2"), seats("r3"), balances("uncommitted")) == ((0, 2), (0, 2), 0)
    assert towns.ask(".", given) == [("r3", 1), ("r3", 1), ("r2", 2)]
    voucher("check")


def test_a_refund_of_a_held_payment_is_held_with_it(town: Town) -> None:
    voucher = town("100.00")
    claims(voucher, "r1", range(2))
    tick(voucher, "2020-04-10 09:00")
    towns.make_round(voucher, "r2", packs=10, opens="2020-04-11 08:00")
    rows = (
        "T1,pay,r1-0,1,M1,2020-03-28 09:00,50,0,10,\n"
        "T2,pay,r1-1,1,M1,2020-03-28 09:00,50,0,10,\n"
        "F2,refund,r1-1,1,M1,2020-03-28 10:00,50,0,10,T2\n"
    )
    towns.write("late.csv", towns.PAYMENTS + rows)
    ran = voucher("redemption", "import", "late.csv", "-o", "json", expect=4)
    # what is paid and refunded needs nothing; T1 needs 10.00 that nobody has
    assert ran.data["reasons"] == {"funds_released": 1}
    assert [row[0] for row in towns.ask(".", "SELECT transaction_no FROM redemptions")] == [
        "T2",
        "F2",
    ]
    voucher("check")


def test_what_is_paid_and_refunded_on_another_day_needs_no_money(town: Town) -> None:
    """All money of r1 is released and committed to r2; totals are kept by day."""
    voucher = town("100.00")
    claims(voucher, "r1", range(2))
    tick(voucher, "2020-04-10 09:00")
    towns.make_round(voucher, "r2", packs=10, opens="2020-04-11 08:00")
    rows = (
        "T2,pay,r1-1,1,M1,2020-03-28 09:00,50,0,10,\n"
        "F2,refund,r1-1,1,M1,2020-03-29 10:00,50,0,10,T2\n"
    )
    towns.write("late.csv", towns.PAYMENTS + rows)
    assert voucher("redemption", "import", "late.csv", "-o", "json").data["accepted"] == 2
    assert balances("held") == 100
    voucher("check")


# T0 stands on r1-0, paid at 14:00 with money that was taken back; r2 has all the rest
@pytest.mark.parametrize(
    ("rows", "accepted", "stands"),
    [
        # what T0 had goes to the earlier payment: nothing is taken from anybody
        ("T9,pay,r1-0,1,M1,2020-03-28 09:00,50,0,10,\n", 1, ["T9"]),
        # nobody can pay both: what gave way to one that is held stands
        (
            "T9,pay,r1-0,1,M1,2020-03-28 09:00,50,0,10,\n"
            "T8,pay,r1-1,1,M1,2020-03-28 08:00,50,0,10,\n",
            0,
            ["T0"],
        ),
    ],
)
def test_an_earlier_late_payment_has_the_money_of_the_one_that_gives_way(
    town: Town, rows: str, accepted: int, stands: list[str]
) -> None:
    voucher = town("100.00")
    claims(voucher, "r1", range(2))
    tick(voucher, "2020-04-10 09:00")
    towns.write("one.csv", towns.PAYMENTS + "T0,pay,r1-0,1,M1,2020-03-28 14:00,50,0,10,\n")
    voucher("redemption", "import", "one.csv")
    towns.make_round(voucher, "r2", packs=9, opens="2020-04-11 08:00")
    assert (balances("held"), balances("uncommitted")) == (100, 0)
    towns.write("earlier.csv", towns.PAYMENTS + rows)
    late = voucher("redemption", "import", "earlier.csv", "-o", "json", expect=4).data
    for _ in range(2):  # and a second retry changes nothing
        voucher("batch", "retry", str(late["batch"]), "--yes", expect=None)
        numbers = towns.ask(".", "SELECT transaction_no FROM redemptions ORDER BY 1")
        assert [row[0] for row in numbers] == stands
        assert (balances("held"), balances("uncommitted")) == (100, 0)
        voucher("check")
    shown = voucher("batch", "show", str(late["batch"]), "-o", "json").data
    assert shown["accepted"] == accepted


def test_a_claim_that_gave_way_to_one_that_is_held_stands(town: Town) -> None:
    """r1-1 has the only pack of r1 with money; an earlier r1-1 and a still earlier r1-5 come."""
    voucher = town("100.00")
    claims(voucher, "r1", [1])
    tick(voucher, "2020-03-29 09:00")
    towns.make_round(voucher, "r2", packs=9, opens="2020-03-30 08:00")
    assert (seats("r1"), balances("uncommitted")) == ((1, 9), 0)
    rows = "r1-1,r1,other,2020-03-27 08:30\nr1-5,r1,fifth,2020-03-27 08:10\n"
    towns.write("late.csv", towns.CLAIMS + rows)
    late = voucher("claim", "import", "late.csv", "-o", "json", expect=4).data
    assert late["reasons"] == {"claim_reused": 1, "funds_released": 1}
    again = voucher("batch", "retry", str(late["batch"]), "--yes", "-o", "json", expect=4).data
    assert (again["accepted"], again["moved"]) == (0, [])
    stands = towns.ask(".", "SELECT claim_no, line, batch_id FROM claims")
    assert stands == [("r1-1", 2, late["batch"] - 1)]
    assert (seats("r1"), balances("held")) == ((1, 9), 100)
    voucher("check")


@pytest.mark.parametrize("now", ["2020-04-10 09:00", "2020-04-03 09:00:02"])
@pytest.mark.parametrize("is_large", [False, True])
def test_columns_leave_vouchers_without_money_to_the_judge(
    town: Town, monkeypatch: pytest.MonkeyPatch, is_large: bool, now: str
) -> None:
    """Also in the second in which the last one, the third, expires."""
    pytest.importorskip("polars")
    voucher = town("100.00")
    claims(voucher, "r1", range(3))
    tick(voucher, now)
    towns.make_round(voucher, "r2", packs=9, opens="2020-04-11 08:00")
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    late = payments(voucher, "r1-0", "r1-1", "r1-2", expect=4)
    assert (late.data["accepted"], late.data["reasons"]) == (1, {"funds_released": 2})
    voucher("check")


def test_the_database_refuses_money_that_is_not_there(town: Town) -> None:
    voucher = town()
    claims(voucher, "r1", range(3))
    payments(voucher, "r1-0")
    post = (
        "INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, day,"
        " booked_on, posted_at) VALUES (1, 1, ?, ?, ?, 'by hand', 0, 0, 0)"
    )
    with closing(sqlite3.connect("voucher.db")) as db:
        for way in (
            ("uncommitted", "committed", 10_001),
            ("committed", "uncommitted", 9_001),  # 10.00 of the 100.00 are spent
            ("returned", "committed", 1),
        ):
            with pytest.raises(sqlite3.IntegrityError, match="fund_short"):
                db.execute(post, way)
        with pytest.raises(sqlite3.IntegrityError, match="fund_short"):
            towns.book(db)
            db.execute("UPDATE funder_totals SET amount_fen = 10001")
        db.execute(post, ("committed", "uncommitted", 9_000))


def test_an_undo_that_nobody_can_pay_is_refused_in_words(town: Town) -> None:
    voucher = town("100.00")
    claims(voucher, "r1", range(1))
    payments(voucher, "r1-0")
    towns.write("back.csv", towns.PAYMENTS + "F1,refund,r1-0,1,M1,2020-03-28 10:00,50,0,10,Tr1-0\n")
    batch = voucher("redemption", "import", "back.csv", "-o", "json").data["batch"]
    tick(voucher, "2020-04-10 09:00")
    refused = voucher("batch", "undo", str(batch), "--yes", expect=3)
    assert "its money was released since" in refused.err
    voucher("check")


@pytest.mark.parametrize("now", ["2020-03-29 07:00", "2020-03-28 08:30:00"])
def test_an_undone_claim_whose_money_was_released_leaves_no_free_seat(town: Town, now: str) -> None:
    """One of ten packs is claimed, expires while the round is open, and its file is undone: its
    10.00 went to r2, so nobody else can claim that pack. Also where the clock ran in the second of
    its expiry.
    """
    voucher = town("100.00", days=1)
    first = claims(voucher, "r1", range(1), at="2020-03-27 08:30").data["batch"]
    tick(voucher, now)
    assert (seats("r1"), balances("held"), balances("uncommitted")) == ((1, 0), 90, 10)
    towns.make_round(voucher, "r2", packs=1, opens="2020-04-11 08:00")
    voucher("batch", "undo", str(first), "--yes")
    assert seats("r1") == (0, 1)
    others = claims(voucher, "r1", range(1, 11), at="2020-03-29 07:30", expect=4)
    assert (others.data["accepted"], others.data["reasons"]) == (9, {"funds_released": 1})
    assert (seats("r1"), balances("held")) == ((9, 1), 100)
    voucher("check")


def test_check_finds_balances_that_are_not_what_was_posted(town: Town) -> None:
    voucher = town()
    towns.by_hand(".", "UPDATE balances SET committed_fen = committed_fen + 1 WHERE round_id = 1")
    found = voucher("check", "-o", "json", expect=5).data["checks"]
    assert "balances" in {each["check"] for each in found if each["breaches"]}


def test_a_refund_that_is_refused_in_the_end_has_its_money_taken_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1 stands for T0. Another R1, in the first chunk of a late file, gives 2.50 of T1 back; at its
    end it is refused, and T1 is paid as before.
    """
    voucher = town("200.00")
    claims(voucher, "r1", range(3))
    payments(voucher, "r1-0", "r1-1")
    refund = "R1,refund,{},1,M1,2020-03-28 10:00,12.50,0,2.50,{}\n"
    towns.write("one.csv", towns.PAYMENTS + refund.format("r1-0", "Tr1-0"))
    voucher("redemption", "import", "one.csv")
    tick(voucher, "2020-04-10 09:00")
    monkeypatch.setattr(chunks, "LINES", 3)
    rows = refund.format("r1-1", "Tr1-1") + "T2,pay,r1-2,1,M1,2020-03-28 09:00,50,0,10,\n" * 2
    towns.write("late.csv", towns.PAYMENTS + rows)
    late = voucher("redemption", "import", "late.csv", "-o", "json", expect=4).data
    assert (late["accepted"], late["reasons"]) == (1, {"transaction_reused": 1})
    spent = towns.ask(".", "SELECT sum(payable_fen) FROM balances")
    assert (spent, balances("held")) == ([(2750,)], 27)
    voucher("check")


def test_what_facts_and_reversals_leave_to_one_round_is_added_up() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(incoming.CREATE_FREED)
        corrections.give_freed(db, [(1, 2, 700)])  # a reversal's
        corrections.give_freed(db, [(1, 2, 0), (1, 3, 5)])  # what then left for it
        assert reopening.freed(db) == {(1, 2): 700, (1, 3): 5}
