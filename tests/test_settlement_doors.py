"""What people may say of a settlement, a debt or a write-off, what they are refused, and what
waits for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_settlements import (
    HOLD,
    LATER,
    LIN,
    MEI,
    WU,
    build,
    decide,
    hear,
    paid_and_refunded,
    pay,
    send,
    settle,
    sign,
    spend,
    town,
)

from vouchercli.rules import settlements as law
from vouchercli.store import by_columns

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["town"]
ZHAO = ("--actor", "zhao")


def refused(voucher: Any, *args: str, expect: int = 3) -> list[str]:
    """The codes of the refusal."""
    ran = voucher(*args, "-o", "json", expect=expect)
    return [each["code"] for each in ran.json["problems"]]


def waiting(voucher: Any, now: tuple[str, str] = LATER) -> list[tuple[str, str]]:
    """(what waits, the command that goes on)."""
    rows = voucher("todo", "-o", "json", *now).data["waiting"]
    return [(each["kind"], each["next"]) for each in rows]


# ---------------------------------------------------------------- what waits, and for whom


def test_each_step_of_a_settlement_waits_with_its_command(town: Any) -> None:
    settle(town, "2020-03-27")
    (kind, verify), *_ = waiting(town)
    assert kind == "verification" and verify.startswith("voucher settlement verify 1 --note")
    town("settlement", "verify", "1", "--note", "agrees", *MEI, *LATER)
    assert any("settlement approve 1" in command for _, command in waiting(town))
    town("settlement", "approve", "1", *LIN, *LATER)
    assert [kind for kind, _ in waiting(town)] == ["payment file"]
    town("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    assert ("the bank's answer", "voucher settlement paid FILE --actor wu") in waiting(town)


def test_the_public_list_is_asked_for_before_the_payment_file(voucher: Any, here: Path) -> None:
    build(voucher, settlement={"by": "merchant", "every": "day", "notice_days": 3})
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    decide(voucher, 1)
    assert any("settlement notice 1" in command for _, command in waiting(voucher))


def test_an_old_debt_is_called_for(town: Any) -> None:
    paid_and_refunded(town)
    settle(town, "2020-03-28")
    assert "debt" not in [kind for kind, _ in waiting(town)]
    old = ("--now", "2020-05-04 09:00")
    assert ("debt", "voucher settlement statement M2") in waiting(town, old)


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    "args",
    [
        ("settlement", "verify", "1", "--note", " ", *MEI),
        ("settlement", "reject", "1", "--note", " ", *LIN),
        ("settlement", "reject", "--write-off", "1", "--note", " ", *LIN),
        ("settlement", "write-off", "M2", "--note", "closed", "--evidence", " ", *MEI),
        ("settlement", "repaid", "M2", "1", "--reference", " ", *WU),
        ("settlement", "approve", *LIN),
        ("settlement", "approve", "1", "--write-off", "1", *LIN),
    ],
)
def test_a_verdict_says_why_and_of_what(town: Any, args: tuple[str, ...]) -> None:
    settle(town, "2020-03-27")
    assert refused(town, *args, *LATER, expect=2)[0] in (
        "note_needed",
        "reference_needed",
        "settlement_or_write_off",
    )


def test_a_settlement_of_which_nothing_is_left_is_not_verified(town: Any) -> None:
    settle(town, "2020-03-27", "--merchant", "M1")
    town(*HOLD, "--merchant", "M1", "--reason", "disputed")
    verify = ("settlement", "verify", "1", "--note", "agrees", *MEI, *LATER)
    assert refused(town, *verify) == ["nothing_to_pay"]


def test_what_two_have_decided_only_a_checker_undoes(town: Any) -> None:
    settle(town, "2020-03-27")
    decide(town, 1)
    undo = ("settlement", "reject", "1", "--note", "wrong account")
    assert refused(town, *undo, *MEI, *LATER) == ["not_a_checker"]
    town(*undo, *ZHAO, *LATER)
    assert town("settlement", "show", "1", "-o", "json").data["state"] == "rejected"


def test_amounts_above_their_band_need_two_checkers(voucher: Any, here: Path) -> None:
    bands = [{"up_to": "5.00", "checkers": 1}, {"checkers": 2}]
    build(voucher, checkers=("lin", "zhao"), approvals=bands)
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    voucher("settlement", "verify", "1", "--note", "agrees", *MEI, *LATER)
    approve = ("settlement", "approve", "1", "-o", "json", *LATER)
    first = voucher(*approve, *LIN).data
    assert (first["state"], first["given"], first["needed"]) == ("verified", 1, 2)
    assert voucher(*approve, *ZHAO).data["state"] == "approved"
    voucher("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    owe(voucher)
    voucher(*GIVE_UP, *MEI, *LATER)
    number = str(voucher("todo", "-o", "json", *LATER).data["waiting"][0]["name"])
    approve = ("settlement", "approve", "--write-off", number, "-o", "json", *LATER)
    assert voucher(*approve, *LIN).data["state"] == "proposed"
    given_up = voucher(*approve, *ZHAO).data
    assert (given_up["state"], given_up["amount_fen"]) == ("effective", 1000)
    voucher("check")


GIVE_UP = ("settlement", "write-off", "M2", "--note", "closed", "--evidence", "register")


def owe(voucher: Any) -> None:
    """The bank pays both; then M2's only payment is given back."""
    hear(voucher, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    pay(voucher, "back.csv", "R4 C1 4 M2 2020-03-28 12:00 T4")
    sign(voucher, "2020-03-28")
    settle(voucher, "2020-03-28")


def test_a_write_off_that_is_not_there_is_said(town: Any) -> None:
    assert refused(town, "settlement", "approve", "--write-off", "9", *LIN, *LATER) == [
        "unknown_write_off"
    ]


def test_nothing_is_exported_of_a_settlement_whose_payees_were_all_held(town: Any) -> None:
    settle(town, "2020-03-27", "--merchant", "M1")
    decide(town, 1)
    town(*HOLD, "--merchant", "M1", "--reason", "disputed")
    export = ("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    assert refused(town, *export) == ["nothing_to_pay"]


def test_an_account_that_changed_since_the_export_gives_another_file(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    towns.write(
        "again.csv",
        "merchant_no,name,account_name,account_no,bank\n"
        "M1,one,合成一店,6228480000000000037,合成银行\n",
    )
    town("merchant", "import", "again.csv", *MEI, *LATER)
    export = ("settlement", "export", "1", "--bank", "voucher", "--to", "p2.csv", *WU, *LATER)
    assert refused(town, *export) == ["file_differs"]


def test_a_later_scan_of_the_same_number_keeps_no_late_entry_out(town: Any) -> None:
    settle(town, "2020-03-27")
    town("risk", "scan", *MEI, "--now", "2020-04-05 10:00")
    decide(town, 1)
    assert town("settlement", "show", "1", "-o", "json").data["state"] == "approved"
    town("check")


def test_two_commands_to_choose_from_are_chinese_for_chinese_readers(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    close = ("programme", "close", *MEI, "--now", "2020-06-30 10:00", "--lang", "zh")
    err = town(*close, expect=3).err
    assert "，或 voucher settlement paid --settlement 1" in err and ", or " not in err


# ---------------------------------------------------------------- what is owed, by both ways


def test_many_payments_are_added_up_by_columns_as_few_are_by_rows(town: Any) -> None:
    by_rows = settle(town, "2020-03-27", "--dry-run").data
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_columns, "MANY", 0)
        assert settle(town, "2020-03-27", "--dry-run").data == by_rows
        paid_and_refunded(town)
        town("check")
    town("check")


# ---------------------------------------------------------------- periods


@pytest.mark.parametrize(
    ("every", "first", "last", "over"),
    [
        ("day", 20200327, 20200330, 20200330),
        ("day", 20200331, 20200330, None),
        ("week", 20200327, 20200330, 20200329),  # a Monday: the week ended the day before
        ("week", 20200327, 20200329, 20200329),
        ("four_weeks", 20200301, 20200401, 20200328),
        ("four_weeks", 20200301, 20200425, 20200425),
        ("end", 20200301, 20200425, None),
    ],
)
def test_a_period_is_over_on_its_last_day(
    every: str, first: int, last: int, over: int | None
) -> None:
    assert law.last_of_period(law.Terms(every=every), first, last) == over
