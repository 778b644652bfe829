"""report settlement: how far merchants are paid, how long it took, what is held and owed."""

from __future__ import annotations

from typing import Any

import pytest
import test_settlements as paying
import towns
from test_settlements import LATER, LIN, MEI

from vouchercli.rules import payment_days
from vouchercli.rules.payment_days import Waited
from vouchercli.store import by_columns, dues

SHOPS = (
    "merchant_no,name,size,account_name,account_no,bank\n"
    "M1,one,小型,合成一店,6228480000000000011,合成银行\n"
    "M2,two,微型,合成二店,6228480000000000029,合成银行\n"
    "M3,three,,,,\n"
)


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Of Friday 27 March M1 is paid 20.00 on Monday, M2 10.00 on 6 April; 10.00 of M1 are held; M3
    has no account. Then M2's payment is given back.
    """

    def build() -> None:
        paying.build(voucher)
        towns.write("sized.csv", SHOPS)
        voucher("merchant", "import", "sized.csv", *MEI)
        paying.spend(voucher)
        paying.sign(voucher, "2020-03-27")
        hold(voucher, "--transaction", "T2", "--reason", "serial_twice")
        paying.settle(voucher, "2020-03-27")
        paying.send(voucher, 1)
        paying.hear(voucher, "S1-1,paid,20.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-04-06,B2,,")
        paying.pay(voucher, "back.csv", "R4 C1 4 M2 2020-03-28 12:00 T4")
        paying.sign(voucher, "2020-03-28")
        paying.settle(voucher, "2020-03-28")

    once("report settlement", build)
    return voucher


def hold(voucher: Any, *args: str) -> None:
    voucher("settlement", "hold", *args, "--evidence", "list 3", *MEI, *LATER)


def asked(town: Any, *args: str, now: str = "2020-04-10 09:00") -> Any:
    return town("report", "settlement", *args, "-o", "json", "--now", now).data


def by(rows: list[dict[str, Any]], key: str, *names: str) -> dict[Any, tuple[Any, ...]]:
    return {row[key]: tuple(row[name] for name in names) for row in rows}


def test_what_was_booked_is_paid_held_owed_or_open(town: Any) -> None:
    found = asked(town)
    assert found["settled_up_to"] == "2020-03-28"
    assert found["by_round"] == [
        {
            "funder": "treasury",
            "round": "r1",
            "booked_fen": 4000,
            "paid_fen": 3000,
            "held_fen": 1000,
            "in_settlement_fen": 0,
            "not_settled_fen": 1000,
            "debts_fen": 1000,
            "repaid_fen": 0,
            "written_off_fen": 0,
        }
    ]
    adds_up(found)
    books(town, found)


def adds_up(found: dict[str, Any]) -> None:
    for row in [*found["by_round"], found["total"]]:
        less = ("debts_fen", "repaid_fen", "written_off_fen")
        plus = ("paid_fen", "held_fen", "in_settlement_fen", "not_settled_fen")
        whole = sum(row[key] for key in plus) - sum(row[key] for key in less)
        assert row["booked_fen"] == whole, row


def books(town: Any, found: dict[str, Any]) -> None:
    """The same in the ledger."""
    money, total = paying.money(town), found["total"]
    assert total["paid_fen"] == money.get("paid", 0)
    assert total["held_fen"] == money.get("held", 0)
    assert total["repaid_fen"] == -money.get("clawed_back", 0)
    assert total["written_off_fen"] == -money.get("written_off", 0)
    left = total["in_settlement_fen"] + total["not_settled_fen"] - total["debts_fen"]
    assert left == money.get("payable", 0)


def test_days_to_payment_by_the_size_of_merchants(town: Any) -> None:
    rows = by(
        asked(town)["days_to_payment"],
        "size",
        *("merchants", "amount_fen", "least_days", "most_days", "mean_days", "next_day", "week"),
    )
    assert rows == {
        "小型": (1, 2000, 3, 3, "3.00", "1.0000", "1.0000"),  # Friday to Monday
        "微型": (1, 1000, 10, 10, "10.00", "0.0000", "0.0000"),
    }
    whole = asked(town)["days_to_payment_in_all"]
    assert (whole["mean_days"], whole["mean_days_of_dues"]) == ("5.33", "6.50")
    assert (whole["median_days"], whole["median_days_of_dues"]) == (3, 3)
    assert (whole["next_day"], whole["next_day_of_dues"]) == ("0.6667", "0.5000")


def test_days_to_payment_of_a_span(town: Any) -> None:
    rows = asked(town, "--since", "2020-03-31", "--until", "2020-04-06")["days_to_payment"]
    assert [row["size"] for row in rows] == ["微型"]
    assert asked(town, "--until", "2020-03-29")["days_to_payment"] == []


def test_holds_by_reason(town: Any) -> None:
    assert by(asked(town)["held"], "reason", "holds", "payments", "amount_fen", "days") == {
        "serial_twice": (1, 1, 1000, 11)
    }
    hold(town, "--merchant", "M3", "--reason", "account_missing")
    found = asked(town)
    assert by(found["held"], "reason", "holds", "payments", "amount_fen") == {
        "serial_twice": (1, 1, 1000),
        "account_missing": (1, 0, 1000),
    }
    assert found["held_in_all"]["amount_fen"] == found["total"]["held_fen"] == 2000
    books(town, found)


def test_what_is_not_paid_and_what_is_owed_have_their_age(town: Any) -> None:
    found = asked(town)
    ages = ("merchants", "amount_fen", "days_7_fen", "days_30_fen", "days_90_fen", "older_fen")
    assert by(found["unpaid"], "reason", *ages) == {
        "serial_twice": (1, 1000, 0, 1000, 0, 0),
        "no_account": (1, 1000, 0, 1000, 0, 0),
    }
    assert by(found["debts"], "age", "merchants", "amount_fen", "since_on") == {
        "8-30": (1, 1000, "2020-03-28")
    }
    later = asked(town, now="2020-07-01 09:00")
    assert by(later["unpaid"], "reason", "older_fen")["no_account"] == (1000,)
    assert [row["age"] for row in later["debts"]] == ["91+"]


def test_it_says_what_the_lists_say(town: Any) -> None:
    found = asked(town)
    listed = town("settlement", "unpaid", "-o", "json", *LATER).data["unpaid"]
    sums: dict[str, int] = {}
    for each in listed:
        sums[each["reason"]] = sums.get(each["reason"], 0) + each["amount_fen"]
    assert sums.pop("owes") == -found["debts_in_all"]["amount_fen"]
    assert sums == {row["reason"]: row["amount_fen"] for row in found["unpaid"]}
    debts = town("settlement", "debts", "-o", "json", *LATER).data["debts"]
    assert sum(each["amount_fen"] for each in debts) == found["debts_in_all"]["amount_fen"]


def test_debts_that_are_paid_back_or_given_up(town: Any) -> None:
    back = ("settlement", "repaid", "M2", "4", "--reference", "B9", "--actor", "wu", *LATER)
    town(*back)
    town(
        *("settlement", "write-off", "M2", "--note", "closed", "--evidence", "register"),
        *MEI,
        *LATER,
    )
    number = str(town("todo", "-o", "json", *LATER).data["waiting"][0]["name"])
    town("settlement", "approve", "--write-off", number, *LIN, *LATER)
    found = asked(town)
    assert (found["total"]["repaid_fen"], found["total"]["written_off_fen"]) == (400, 600)
    assert found["debts"] == []
    adds_up(found)
    books(town, found)


def test_what_is_on_its_way_to_the_bank(town: Any) -> None:
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    paying.settle(town, "2020-03-28")
    found = asked(town)
    assert by(found["unpaid"], "reason", "amount_fen")["in_settlement"] == (1000,)
    assert found["total"]["in_settlement_fen"] == 1000
    adds_up(found)
    books(town, found)


def test_only_some_rounds_and_funders(town: Any) -> None:
    assert asked(town, "--round", "r1")["by_round"] == asked(town)["by_round"]
    assert asked(town, "--round", "r1")["held"] == asked(town)["held"]
    town("report", "settlement", "--round", "nowhere", expect=3)
    town("report", "settlement", "--funder", "nobody", expect=2)
    assert asked(town, "--funder", "treasury")["by_round"] == asked(town)["by_round"]


def test_what_was_set_apart_and_paid_later_has_its_own_days(town: Any) -> None:
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    number = paying.settle(town, "2020-03-28").data["settlements"][0]["settlement"]
    paying.send(town, number, "later-pay.csv")
    paying.hear(town, f"S{number}-1,paid,10.00,2020-04-07,B3,,", name="later.csv")
    rows = by(
        asked(town)["days_to_payment"], "size", "dues", "amount_fen", "least_days", "most_days"
    )
    assert rows["小型"] == (2, 3000, 3, 11)


def test_each_day_keeps_its_age_where_several_are_settled_together(voucher: Any, here: Any) -> None:
    paying.build(voucher)
    paying.spend(voucher)
    paying.pay(voucher, "more.csv", "T7 C2 1 M2 2020-03-29 12:00", "T8 C2 2 M2 2020-03-27 12:00")
    paying.sign(voucher, "2020-03-27")
    paying.pay(voucher, "late.csv", "T9 C3 1 M2 2020-03-27 13:00")  # booked on the 28th
    for day in ("2020-03-28", "2020-03-29"):
        paying.sign(voucher, day)
    hold = ("settlement", "hold", "--merchant", "M2", "--reason", "other", "--evidence", "call")
    voucher(*hold, *paying.LIN, *paying.LATER)
    paying.settle(voucher, "2020-03-29")
    told = "SELECT amount_fen, after_day, up_to FROM dues WHERE merchant_id = 2 ORDER BY due_id"
    assert towns.ask(".", told) == [
        (2000, 20200326, 20200327),
        (1000, 20200327, 20200328),
        (1000, 20200328, 20200329),
    ]
    [held] = [
        each
        for each in voucher("settlement", "unpaid", "-o", "json", *paying.LATER).data["unpaid"]
        if each["merchant_no"] == "M2"
    ]
    assert (held["since_on"], held["amount_fen"]) == ("2020-03-27", 4000)
    paying.send(voucher, 1)
    paying.hear(voucher, "S1-1,paid,30.00,2020-03-30,B1,,")
    assert "longer" not in voucher("report", "settlement").out
    voucher("check")


@pytest.mark.parametrize(("many", "together"), [(by_columns.MANY, 0), (0, 2), (0, dues.TOGETHER)])
def test_very_many_facts_of_several_days_are_one_due_and_it_is_told(
    voucher: Any, here: Any, monkeypatch: pytest.MonkeyPatch, many: int, together: int
) -> None:
    """By rows and by columns alike, however many columns are counted at once."""
    monkeypatch.setattr(dues, "DAY_BY_DAY", 0)
    monkeypatch.setattr(dues, "TOGETHER", together)
    monkeypatch.setattr(by_columns, "MANY", many)
    paying.build(voucher)
    paying.spend(voucher)
    paying.pay(voucher, "more.csv", "T7 C2 1 M2 2020-03-29 12:00")
    for day in ("2020-03-27", "2020-03-28", "2020-03-29"):
        paying.sign(voucher, day)
    paying.settle(voucher, "2020-03-29")
    paying.send(voucher, 1)
    paying.hear(voucher, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,20.00,2020-03-30,B2,,")
    said = voucher("report", "settlement").out
    assert "the first waited up to 2 days longer" in " ".join(said.split())
    assert asked(voucher)["days_to_payment_in_all"]["most_days"] == 1
    voucher("check")


def test_without_settlements_it_says_what_is_next(voucher: Any, here: Any) -> None:
    paying.build(voucher)
    ran = voucher("report", "settlement")
    assert "voucher settlement run --up-to DAY" in ran.err
    assert "尚未结算" in voucher("report", "settlement", "--lang", "zh").err


def test_the_law_of_days() -> None:
    waited = [Waited(1, 3, 100, True), Waited(7, 1, 100, False), Waited(8, 1, 200, False)]
    assert payment_days.add_up(waited) == ("6.00", 7, "0.2500", "0.5000")
    assert payment_days.add_up(waited, lambda each: each.dues) == ("3.60", 1, "0.6000", "0.8000")
    assert payment_days.add_up([]) == (None, None, None, None)
    bands = [payment_days.age_band(days) for days in (0, 7, 8, 30, 31, 90, 91)]
    assert bands == [0, 0, 1, 1, 2, 2, 3]
