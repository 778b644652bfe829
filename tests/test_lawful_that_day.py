"""`check` asks of every payment where its merchant stood that day, and follows the refunds of each
payment: what was lawful passes however the town changed since, and an edit by SQL is named, also
when totals and digests were made anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns
from memory import copied
from test_merchants_in_time import Town, at, pay, registry
from test_merchants_in_time import town as shops
from test_refund_policies import LATE, PART, PAY, POLICIES, THREE_HUNDRED, take_in
from test_refund_policies import town as till
from test_tampering import found_in, tamper

from vouchercli.ops.intake import by_columns
from vouchercli.store import fact_digests, refund_checks

if TYPE_CHECKING:
    from pathlib import Path

shop_town, refund_town = shops, till


def found(here: Path, statements: str = "", *, again: bool = False) -> set[str]:
    """The checks that fail after such an edit; `again`: the digests are made anew."""
    with closing(sqlite3.connect(here / "voucher.db")) as file, closing(copied(file)) as db:
        if statements:
            before = db.total_changes
            tamper(db, statements)
            assert db.total_changes > before
        if again:
            db.execute("DELETE FROM fact_digests")
            fact_digests.count_all(db)
        return {*found_in(db)}


@pytest.fixture
def moved(shop_town: Town, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A town whose shop M1 was in east, in west from the 12th to the 16th, and in east again; it
    was suspended on the 18th and is reinstated on the 20th, each time with a payment before.
    """
    voucher = shop_town(staff=False)
    pay(voucher, 1, at(5))
    registry(voucher, "west", "--now", at(12))
    monkeypatch.setenv("VOUCHER_NOW", at(13))
    pay(voucher, 2, at(11))
    registry(voucher, "east", "--now", at(16), platform="P1")
    monkeypatch.setenv("VOUCHER_NOW", at(17))
    pay(voucher, 3, at(16, 10))
    pay(voucher, 0, at(13), expect=4)
    for day, deed, more in ((18, "suspend", ("--reason", "closed")), (20, "reinstate", ())):
        monkeypatch.setenv("VOUCHER_NOW", at(day))
        voucher("merchant", deed, "M1", *more, "--yes")
    monkeypatch.setenv("VOUCHER_NOW", at(21))
    pay(voucher, 4, at(17, 12))
    pay(voucher, 5, at(20, 10))
    pay(voucher, 6, at(19), expect=4)
    return voucher


@pytest.mark.parametrize("is_large", [False, True])
def test_a_town_that_changed_passes(
    request: pytest.FixtureRequest, here: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    request.getfixturevalue("moved")
    assert found(here) == set()


MOVES = {
    "made while the shop was in west": (
        f"UPDATE redemptions SET paid_at = {towns.at(at(14))} WHERE transaction_no = 'T3';"
        f"UPDATE redemption_runs SET first_paid_at = 0, last_paid_at = {towns.at(at(30))}"
    ),
    "made while it was suspended": (
        f"UPDATE redemptions SET paid_at = {towns.at(at(19))} WHERE transaction_no = 'T5';"
        f"UPDATE redemption_runs SET first_paid_at = 0, last_paid_at = {towns.at(at(30))}"
    ),
}


@pytest.mark.parametrize("edit", MOVES)
@pytest.mark.parametrize("again", [False, True])
def test_a_payment_of_another_moment_is_named(
    moved: Any, here: Path, edit: str, again: bool
) -> None:
    digests = "facts_as_logged" if again else "facts_as_written"
    assert found(here, MOVES[edit], again=again) == {"merchants_of_the_day", digests}


def test_a_payment_at_a_shop_of_another_segment_is_named(moved: Any, here: Path) -> None:
    edit = (
        "INSERT INTO merchants (merchant_no, district, industry, size, segment_id, added_at,"
        " changed_at) SELECT 'M9', 'west', 'food', 'small', (SELECT segment_id FROM segments"
        " WHERE district = 'west'), added_at, changed_at FROM merchants;"
        "UPDATE redemptions SET merchant_id = (SELECT max(merchant_id) FROM merchants)"
        " WHERE transaction_no = 'T1'"
    )
    names = found(here, edit)
    assert "merchants_of_the_day" in names
    assert "scope_by_law" not in names  # it kept the segment, which is in scope


def test_a_payment_at_a_shop_that_no_registry_lists_is_named(moved: Any, here: Path) -> None:
    edit = (
        "INSERT INTO merchants (merchant_no, district, industry, size, is_registered, segment_id,"
        " added_at, changed_at) SELECT 'M9', district, industry, size, 0, segment_id, added_at,"
        " changed_at FROM merchants;"
        "UPDATE redemptions SET merchant_id = (SELECT max(merchant_id) FROM merchants)"
        " WHERE transaction_no = 'T1'"
    )
    assert "merchants_of_the_day" in found(here, edit)


def test_what_stood_before_a_correction_or_a_suspension_stays(
    shop_town: Town, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = shop_town(staff=False)
    monkeypatch.setenv("VOUCHER_NOW", at(10))
    pay(voucher, 1, at(9))
    monkeypatch.setenv("VOUCHER_NOW", at(12))
    from_then = ("--from", at(8), "--note", "it had moved")
    registry(voucher, "west", *from_then)
    pay(voucher, 2, at(9, 10), expect=4)
    voucher("merchant", "suspend", "M1", "--reason", "x", "--from", at(7), "--yes")
    assert found(here) == set()


def test_what_is_handed_over_when_a_file_is_undone_stays(
    shop_town: Town, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = shop_town(staff=False)
    monkeypatch.setenv("VOUCHER_NOW", at(10))
    first = pay(voucher, 1, at(9))
    voucher("merchant", "suspend", "M1", "--reason", "x", "--from", at(8), "--yes")
    row = f"T1,pay,C1,1,M1,{at(9)},50,0,10,\nT7,pay,C7,1,M1,{at(7)},50,0,10,\n"
    towns.write("both.csv", towns.PAYMENTS + row)
    voucher("redemption", "import", "both.csv")
    voucher("batch", "undo", str(first["batch"]), "--yes")
    assert found(here) == set()


def test_a_payment_that_a_retry_accepts_after_a_suspension_ended_passes(
    shop_town: Town, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = shop_town(staff=False)
    monkeypatch.setenv("VOUCHER_NOW", at(10))
    voucher("merchant", "suspend", "M1", "--reason", "x", "--from", at(8), "--yes")
    batch = pay(voucher, 1, at(9), expect=4)["batch"]
    voucher("merchant", "reinstate", "M1", "--from", at(8), "--yes")
    voucher("batch", "retry", str(batch))
    assert found(here) == set()


# ---------------------------------------------------------------- refunds

Till = Callable[..., Any]
QUARTER = "F1{0},refund,C1,1,M1,2020-03-{0} 12:00:00,75,0,10,T1"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("is_large", [False, True])
def test_refunds_of_every_policy_pass(
    refund_town: Till, here: Path, monkeypatch: pytest.MonkeyPatch, policy: str, is_large: bool
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    voucher = refund_town(POLICIES[policy], THREE_HUNDRED)
    whole = "F1,refund,C1,1,M1,2020-03-29 12:00:00,300,0,40,T1"
    again = (
        "T9,pay,C1,1,M1,2020-03-30 12:00:00,300,0,40,",
        "F9,refund,C1,1,M1,2020-03-31 12:00:00,300,0,40,T9",
    )
    take_in(voucher, PAY.format(1), whole, name="a.csv")
    take_in(voucher, *again, name="b.csv", expect=None)
    for n, row in ((2, LATE), (3, PART)):  # of the subsidies the one that the policy returns
        for fen in ("40", "38.67", "0"):
            take_in(voucher, PAY.format(n), row.format(n, fen), name=f"{n}-{fen}.csv", expect=None)
    assert found(here) == set()


def test_refunds_that_come_in_another_order_pass_and_go_in_the_order_they_were_judged(
    refund_town: Till, here: Path
) -> None:
    voucher = refund_town("pro_rata", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), name="a.csv")
    second = take_in(voucher, QUARTER.format(30), name="b.csv")
    first = take_in(voucher, QUARTER.format(29), QUARTER.format(31), name="c.csv")
    assert found(here) == set()
    refused = voucher("batch", "undo", str(second["batch"]), "--yes", expect=None)
    assert "batch_built_upon" in refused.err
    voucher("batch", "undo", str(first["batch"]), "--yes")
    voucher("batch", "undo", str(second["batch"]), "--yes")
    assert found(here) == set()


def test_a_refund_is_not_undone_from_below_one_that_was_judged_with_what_it_left(
    refund_town: Till, here: Path
) -> None:
    voucher = refund_town("pro_rata", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), name="a.csv")
    later = take_in(voucher, QUARTER.format(30), name="b.csv")
    take_in(voucher, "F9,refund,C1,1,M1,2020-03-29 12:00:00,225,0,30,T1", name="c.csv")
    refused = voucher("batch", "undo", str(later["batch"]), "--yes", expect=None)
    assert "batch_built_upon" in refused.err
    assert found(here) == set()


def test_refunds_that_were_judged_again_are_undone_from_the_last_one_on(
    refund_town: Till, here: Path
) -> None:
    voucher = refund_town("pro_rata", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), name="a.csv")
    later = take_in(voucher, QUARTER.format(30), name="b.csv")
    bad = QUARTER.format(31).replace("C1", "C9")
    earlier = take_in(voucher, QUARTER.format(29), bad, name="c.csv", expect=4)
    voucher("batch", "retry", str(earlier["batch"]), expect=None)
    assert found(here) == set()
    order = [
        number
        for (number,) in towns.ask(here, "SELECT transaction_no FROM redemptions ORDER BY use_no")
    ]
    undo = {"F130": later, "F129": earlier}
    refused = voucher("batch", "undo", str(undo[order[1]]["batch"]), "--yes", expect=None)
    assert "batch_built_upon" in refused.err
    voucher("batch", "undo", str(undo[order[2]]["batch"]), "--yes")
    assert found(here) == set()


REFUND_EDITS = {
    "a payment that is undone twice": "UPDATE refunds SET vouchers = -1",
    "a voucher that is freed by a part": "UPDATE refunds SET spent = -1 WHERE floor_fen < 0",
    "a floor that stays": "UPDATE refunds SET floor_fen = floor_fen + 1",
    "what the first of several takes back, and the next one leaves": (
        "INSERT INTO splits (round_id, before_fen, after_fen, public_fen, platform_fen, match_fen,"
        " stays) VALUES (1, 4000, 3500, -500, 0, 0, 0), (1, 3500, 2000, -1500, 0, 0, 0);"
        "INSERT INTO split_parts SELECT split_id, 1, public_fen FROM splits WHERE 3500 IN"
        " (before_fen, after_fen);"
        "UPDATE redemptions SET split_id = (SELECT split_id FROM splits WHERE after_fen = 3500)"
        " WHERE transaction_no = 'F129';"
        "UPDATE redemptions SET split_id = (SELECT split_id FROM splits WHERE before_fen = 3500)"
        " WHERE transaction_no = 'F130'"
    ),
    "what was kept before": (
        "UPDATE redemptions SET split_id = (SELECT split_id FROM redemptions"
        " WHERE transaction_no = 'F129') WHERE transaction_no = 'F130'"
    ),
}


@pytest.mark.parametrize("edit", REFUND_EDITS)
@pytest.mark.parametrize("again", [False, True])
def test_a_refund_that_says_otherwise_is_named(
    refund_town: Till, here: Path, edit: str, again: bool
) -> None:
    voucher = refund_town("pro_rata", THREE_HUNDRED)
    rows = (QUARTER.format(day) for day in (29, 30, 31))
    take_in(voucher, PAY.format(1), *rows)
    assert found(here) == set()
    names = found(here, REFUND_EDITS[edit], again=again)
    assert "refunds_in_turn" in names
    assert ("facts_as_written" in names) is not again


ONE_FEN_LESS = "UPDATE splits SET after_fen = after_fen + 1 WHERE before_fen > 0"


def test_the_only_refund_of_a_payment_is_held_to_its_policy_also_after_a_retry(
    refund_town: Till, here: Path
) -> None:
    voucher = refund_town("pro_rata", THREE_HUNDRED)
    take_in(voucher, PAY.format(1), QUARTER.format(29))
    bad = take_in(voucher, QUARTER.format(31).replace("C1", "C9"), name="bad.csv", expect=4)
    voucher("batch", "retry", str(bad["batch"]), expect=None)
    assert found(here) == set()
    assert "refunds_in_turn" in found(here, ONE_FEN_LESS, again=True)


def test_a_refund_that_the_policy_refuses_is_named(refund_town: Till, here: Path) -> None:
    voucher = refund_town({"voucher": {"late": "refused"}}, THREE_HUNDRED)
    take_in(voucher, PAY.format(1), "F1,refund,C1,1,M1,2020-03-29 12:00:00,300,0,40,T1")
    assert found(here) == set()
    with closing(sqlite3.connect(here / "voucher.db")) as file, closing(copied(file)) as db:
        tamper(db, "UPDATE redemptions SET paid_at = paid_at + 8640000 WHERE refund_of > 0")
        ((number, expected, _),) = refund_checks.refunds_in_turn(db)
    assert (number, expected) == ("F1", "refused")
