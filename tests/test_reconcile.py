"""A bill is held against what stands here: what agrees is counted by day, what does not has a name.
All bills of these tests are synthetic.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_settlements import LATER, MEI, build, hear, pay, send, settle, sign, spend

from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = "transaction_no,kind,merchant_no,paid_at,amount,refund_of,status\n"
DAY = (
    "T1,pay,M1,2020-03-27 10:01,10,,",
    "T2,pay,M1,2020-03-27 10:02,10,,",
    "T3,pay,M1,2020-03-27 10:03,10,,",
    "T4,pay,M2,2020-03-27 10:04,10,,",
    "T5,pay,M3,2020-03-27 10:05,10,,",
)


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Five payments on 27 March."""

    def all_of_it() -> None:
        build(voucher)
        spend(voucher)

    once("reconcile", all_of_it)
    return voucher


def run(voucher: Any, rows: Iterable[str], *args: str, name: str = "bill.csv", **ran: Any) -> Any:
    towns.write(name, HEAD + "".join(f"{row}\n" for row in rows))
    return voucher("reconcile", "run", name, "-o", "json", *MEI, *LATER, *args, **ran)


def test_a_bill_that_agrees_has_no_break(town: Any) -> None:
    answer = run(town, DAY).data
    assert (answer["agreed"], answer["agreed_fen"], answer["breaks"]) == (5, 5_000, {})
    assert (answer["read"], answer["accepted"], answer["first_on"]) == (5, 5, "2020-03-27")
    town("check")


def breaks(voucher: Any, *args: str) -> list[tuple[str, str, int, int]]:
    """(type, number, ours, theirs) of what does not agree."""
    found = voucher("reconcile", "breaks", "-o", "json", *LATER, *args).data["breaks"]
    return [
        (each["type"], each["transaction_no"], each["our_fen"], each["their_fen"]) for each in found
    ]


def test_every_kind_of_break_has_its_name_and_the_days_add_up(town: Any) -> None:
    rows = (
        "T1,pay,M1,2020-03-27 10:01,10,,",
        "T1,pay,M1,2020-03-27 10:01,10,,",
        "T2,pay,M1,2020-03-27 10:02,9.50,,",
        "T3,pay,M2,2020-03-27 10:03,10,,",
        "T4,pay,M2,2020-03-27 10:04,10,,closed",
        "X9,pay,M3,2020-03-27 10:05,10,,",
    )
    answer = run(town, rows).data
    assert answer["breaks"] == {
        "missing_here": 1,
        "missing_there": 1,
        "amount": 1,
        "merchant": 1,
        "duplicate": 1,
        "status": 1,
    }
    assert breaks(town) == [
        ("amount", "T2", 1_000, 950),
        ("merchant", "T3", 1_000, 1_000),
        ("status", "T4", 1_000, 0),
        ("missing_here", "X9", 0, 1_000),
        ("missing_there", "T5", 1_000, 0),
        ("duplicate", "T1", 0, 1_000),
    ]
    town("check")


WITHIN = ("T1,pay,M1,2020-03-27 10:01,9.99,,", "T2,pay,M1,2020-03-28 10:02,10.01,,")
BEYOND = ("T3,pay,M1,2020-03-27 10:03,9.98,,", "T4,pay,M2,2020-03-29 10:04,10,,")


@pytest.mark.parametrize("is_large", [False, True])
def test_what_may_differ_only_the_programme_says(
    voucher: Any, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_large:  # by columns
        monkeypatch.setattr(by_columns, "is_large", lambda _: True)
    build(voucher, reconciliation={"amount": "0.01", "days": 1})
    spend(voucher)
    days = ("--since", "2020-03-27", "--until", "2020-03-29")
    answer = run(voucher, (*WITHIN, *BEYOND, DAY[4]), *days).data
    assert (answer["agreed"], answer["breaks"]) == (3, {"amount": 1, "date": 1})
    assert breaks(voucher) == [("amount", "T3", 1_000, 998), ("date", "T4", 1_000, 1_000)]
    voucher("check")


def test_without_a_word_of_the_programme_nothing_may_differ(town: Any) -> None:
    days = ("--since", "2020-03-27", "--until", "2020-03-29")
    answer = run(town, (*WITHIN, *BEYOND, DAY[4]), *days).data
    assert (answer["agreed"], answer["breaks"]) == (1, {"amount": 3, "date": 1})
    town("check")


def test_what_comes_later_clears_a_break_and_the_same_file_again_says_so(town: Any) -> None:
    late = "T6,pay,M2,2020-03-27 12:00,10,,"
    assert run(town, (*DAY, late)).data["breaks"] == {"missing_here": 1}
    again = run(town, (*DAY, late))
    assert again.data["run"] is None
    pay(town, "late.csv", "T6 C2 1 M2 2020-03-27 12:00")
    cleared = run(town, (*DAY, late)).data
    assert (cleared["run"], cleared["cleared"], cleared["breaks"]) == (2, 1, {})
    assert breaks(town, "--state", "open") == []
    shown = town("reconcile", "show", "1", "-o", "json").data
    assert (shown["state"], shown["cleared_run"]) == ("cleared", 2)
    town("check")


def test_a_day_that_ends_at_another_hour_makes_no_two_breaks(town: Any) -> None:
    pay(town, "late.csv", "T6 C2 1 M2 2020-03-27 23:30", "T7 C2 2 M2 2020-03-28 09:00")
    first = run(town, DAY, "--since", "2020-03-27", "--until", "2020-03-27").data
    assert first["breaks"] == {"missing_there": 1}
    rows = ("T6,pay,M2,2020-03-27 23:30,10,,", "T7,pay,M2,2020-03-28 09:00,10,,")
    then = run(town, rows, "--since", "2020-03-28", "--until", "2020-03-28", name="next.csv").data
    assert (then["breaks"], then["cleared"], then["rejected"]) == ({}, 1, 0)
    assert breaks(town, "--state", "open") == []
    town("check")


def test_an_undone_bill_takes_its_breaks_with_it(town: Any) -> None:
    batch = run(town, DAY[:4]).data["batch"]
    town("batch", "undo", str(batch), "--yes", *MEI, *LATER)
    assert breaks(town) == []
    town("check")


def test_the_report_says_which_days_were_held_against_a_bill(town: Any) -> None:
    pay(town, "next.csv", "T6 C2 1 M2 2020-03-28 12:00")
    run(town, DAY[:4])
    told = town("reconcile", "report", "-o", "json", *LATER).data
    assert [each["held"] for each in told["by_day"]] == ["yes", "no"]
    assert (told["held_fen"], told["our_fen"], told["total"]["open"]) == (5_000, 6_000, 1)
    assert (told["by_type"][0]["type"], told["by_type"][0]["days_3"]) == ("missing_there", 1)
    pay(town, "late.csv", "T7 C2 2 M2 2020-03-27 12:00")
    told = town("reconcile", "report", "--round", "r1", "-o", "json", *LATER).data
    assert [each["held"] for each in told["by_day"]] == ["no", "no"]
    told = town("reconcile", "report", "--until", "2020-03-27", "-o", "json", *LATER).data
    assert [each["held"] for each in told["by_day"]] == ["changed"]
    assert "run FILE" in town("reconcile", "report", *LATER).err
    for form in ("csv", "html", "md", "docx", "xlsx"):
        town("reconcile", "report", "-O", f"page.{form}", *LATER)
        assert Path(f"page.{form}").stat().st_size, form
    refused = town("reconcile", "report", "--round", "r9", *LATER, expect=3)
    assert "r9" in refused.err


def test_a_bill_by_merchant_and_day_is_held_against_sums(town: Any) -> None:
    head = "merchant_no,paid_on,amount,payments\n"
    rows = (
        "M1,2020-03-27,30,3\nM1,2020-03-27,30,3\nM2,2020-03-27,9,1\nM9,2020-03-27,1,1\nM1,x,1,1\n"
    )
    towns.write("days.csv", head + rows)
    answer = town("reconcile", "run", "days.csv", "-o", "json", *MEI, *LATER, expect=4).data
    assert (answer["kind"], answer["agreed"], answer["agreed_fen"]) == ("day_bills", 1, 3_000)
    found = town("reconcile", "breaks", "-o", "json", *LATER).data["breaks"]
    assert [(e["type"], e["merchant_no"], e["our_fen"], e["their_fen"]) for e in found] == [
        ("duplicate", "M1", 0, 3_000),
        ("amount", "M2", 1_000, 900),
        ("missing_there", "M3", 1_000, 0),
        ("missing_here", "M9", 0, 100),
    ]
    town("check")


STATEMENT = "statement_no,merchant_no,paid_on,amount,reference\n"


@pytest.fixture
def paid(town: Any) -> Any:
    """M1 was paid 30 yuan in two transfers, M2 10 yuan; M3 has no account."""
    sign(town, "2020-03-27")
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    return town


@pytest.mark.parametrize(
    ("rows", "breaks_found"),
    [
        ("A1,M1,2020-03-30,30,S1-1\nA2,M2,2020-03-30,10,\n", {}),
        ("A1,M1,2020-03-30,20,\nA2,M1,2020-03-30,10,\nA3,M2,2020-03-30,10,\n", {}),
        ("A1,M1,2020-03-30,29,S1-1\n", {"missing_there": 1, "amount": 1}),
        ("A1,M1,2020-03-30,29,\nA2,M1,2020-03-30,2,\n", {"missing_there": 1, "split": 1}),
        ("A1,M1,2020-03-30,29,\nA2,M2,2020-03-30,10,\n", {"amount": 1}),
        ("A1,M2,2020-03-30,30,S1-1\nA2,M2,2020-03-30,10,\n", {"merchant": 1}),
        (
            "A1,M1,2020-03-30,30,S1-1\nA1,M1,2020-03-30,30,S1-1\nA2,M2,2020-03-30,10,\n"
            "A3,M3,2020-03-30,10,\n",
            {"missing_here": 1, "duplicate": 1},
        ),
        ("A1,M1,2020-03-29,30,S1-1\nA2,M2,2020-03-30,10,\n", {"date": 1}),
    ],
)
def test_a_statement_is_held_against_transfers(
    paid: Any, rows: str, breaks_found: dict[str, int]
) -> None:
    towns.write("statement.csv", STATEMENT + rows)
    answer = paid("reconcile", "run", "statement.csv", "-o", "json", *MEI, *LATER).data
    assert answer["breaks"] == breaks_found
    paid("check")


def test_what_may_differ_of_sums_and_statements_only_the_programme_says(voucher: Any) -> None:
    build(voucher, reconciliation={"amount": "0.01", "days": 1})
    spend(voucher)
    sums = "M1,2020-03-27,29.99,3\nM2,2020-03-27,9.98,1\nM3,2020-03-27,10,1\n"
    towns.write("days.csv", "merchant_no,paid_on,amount,payments\n" + sums)
    held = ("-o", "json", *MEI, *LATER)
    answer = voucher("reconcile", "run", "days.csv", *held).data
    assert (answer["agreed"], answer["breaks"]) == (2, {"amount": 1})
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    send(voucher, 1)
    hear(voucher, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    credits_ = "A1,M1,2020-03-29,30.01,S1-1\nA2,M2,2020-03-30,9.98,S1-2\n"
    towns.write("statement.csv", STATEMENT + credits_)
    answer = voucher("reconcile", "run", "statement.csv", *held).data
    assert (answer["agreed"], answer["breaks"]) == (1, {"amount": 1})
    voucher("check")


def test_a_credit_of_a_transfer_that_the_bank_refused_is_a_break(town: Any) -> None:
    sign(town, "2020-03-27")
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,rejected,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    towns.write("statement.csv", STATEMENT + "A1,M1,2020-03-30,30,S1-1\nA2,M2,2020-03-30,-1,\n")
    answer = town("reconcile", "run", "statement.csv", "-o", "json", *MEI, *LATER, expect=4).data
    assert answer["breaks"]["status"] == 1
    town("check")


def test_a_settlement_is_verified_by_the_runs_of_its_days(town: Any) -> None:
    sign(town, "2020-03-27")
    settle(town, "2020-03-27")
    verify = ("settlement", "verify", "1", "--reconciled", "-o", "json", *MEI, *LATER)
    assert town(*verify, expect=3).json["problems"][0]["code"] == "not_reconciled"
    batch = run(town, DAY[:4]).data["batch"]
    assert "open breaks" in town(*verify, expect=3).json["problems"][0]["message"]
    town("batch", "undo", str(batch), "--yes", *MEI, *LATER)
    batch = run(town, DAY, name="whole.csv").data["batch"]
    verified = town(*verify).data
    shown = town("settlement", "show", "1", "-o", "json", *LATER).data
    assert verified["runs"] == shown["runs"] == [1]
    assert shown["note"].endswith(": 1")
    refused = town(*("batch", "undo", str(batch), "--yes", "-o", "json", *MEI, *LATER), expect=3)
    assert refused.json["problems"][0]["code"] == "run_verified"
    town("check")


def test_a_verified_settlement_needs_a_note_or_runs(town: Any) -> None:
    sign(town, "2020-03-27")
    settle(town, "2020-03-27")
    ran = town("settlement", "verify", "1", "-o", "json", *MEI, *LATER, expect=2)
    assert ran.json["problems"][0]["code"] == "note_needed"


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        ("days_reconciled", "UPDATE reconciled_days SET agreed_our_fen = agreed_our_fen + 1"),
        ("days_reconciled", "UPDATE reconciled_days SET their_rows = their_rows + 1"),
        ("breaks_add_up", "UPDATE break_parts SET our_fen = our_fen + 1"),
        ("breaks_add_up", "UPDATE reconciliations SET opened = 9"),
    ],
)
def test_the_checks_of_reconciliation_find_a_change(town: Any, check: str, statement: str) -> None:
    run(town, DAY[:4])
    towns.by_hand(".", statement)
    assert check in town("check", expect=5).err


def test_what_is_asked_wrongly_is_refused(town: Any) -> None:
    run(town, DAY[:4])
    wrong = {
        ("breaks", "--type", "x"): (2, "unknown_break_type"),
        ("breaks", "--state", "x"): (2, "unknown_state"),
        ("show",): (2, "break_or_run"),
        ("show", "99"): (3, "unknown_break"),
        ("show", "--run", "99"): (3, "unknown_run"),
        ("run", "bill.csv", "--adds", "--since", "2020-03-27"): (2, "adds_alone"),
        ("run", "bill.csv", "--since", "2020-03-28", "--until", "2020-03-27"): (2, "empty_window"),
        ("run", "bill.csv", "--profile", "instant"): (3, "wrong_kind"),
    }
    for args, (code, name) in wrong.items():
        ran = town("reconcile", *args, "-o", "json", *MEI, *LATER, expect=None)
        assert (ran.code, ran.json["problems"][0]["code"]) == (code, name), args
    shown = town("reconcile", "show", "--run", "1", "-o", "json", *LATER).data
    assert (shown["opened"], len(shown["breaks"])) == (1, 1)
    ran = town("batch", "retry", str(shown["batch"]), "-o", "json", *MEI, *LATER, expect=3)
    assert ran.json["problems"][0]["code"] == "bill_again"


def test_bad_rows_of_a_bill_are_kept_with_their_reasons(town: Any) -> None:
    rows = (
        "T1,maybe,M1,2020-03-27 10:01,10,,",
        "T1,pay,M1,2020-03-27 10:01,ten,,",
        "T1,pay,M1,2020-03-27 10:01,-10,,",
        "T1,pay,M1,2020-13-27 10:01,10,,",
        "T1,pay,M1,2021-03-27 10:01,10,,",
        *DAY,
    )
    answer = run(town, rows, expect=4).data
    assert (answer["accepted"], answer["rejected"], answer["breaks"]) == (5, 5, {})
    assert answer["reasons"] == {"bad_row": 1, "bad_amount": 2, "bad_time": 2}


def test_rows_that_come_to_days_that_stand_take_nobody_s_place(town: Any) -> None:
    pay(town, "next.csv", "T6 C2 1 M2 2020-03-27 12:00")
    run(town, DAY[:4])
    assert len(breaks(town, "--state", "open")) == 2
    rows = ("T5,pay,M3,2020-03-27 10:05,10,,", "T1,pay,M1,2020-03-27 10:01,10,,")
    more = ("X1,pay,M3,2020-03-27 10:05,10,,", "X2,pay,M3,2020-03-29 10:05,10,,")
    answer = run(town, (*rows, *more), "--adds", name="more.csv", expect=4).data
    assert (answer["accepted"], answer["duplicate"], answer["rejected"]) == (2, 1, 1)
    assert breaks(town, "--state", "open") == [
        ("missing_there", "T6", 1_000, 0),
        ("missing_here", "X1", 0, 1_000),
    ]
    town("check")


def test_a_dry_run_keeps_nothing(town: Any) -> None:
    assert run(town, DAY[:4], "--dry-run").data["breaks"] == {"missing_there": 1}
    assert breaks(town) == []
    assert run(town, DAY[:4]).data["run"] == 1


def test_what_people_resolved_stays_resolved(town: Any) -> None:
    run(town, DAY[:4])
    towns.by_hand(
        ".", "UPDATE breaks SET state = 'resolved', resolved_at = 1, resolution = 'explained'"
    )
    pay(town, "next.csv", "T6 C2 1 M2 2020-03-28 12:00")
    again = run(town, DAY[:4])
    assert (again.data["standing"], again.data["still_resolved"]) == (1, 1)
    assert breaks(town, "--state", "open") == []


WECHAT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)


def wechat(*rows: tuple[str, str, str, str]) -> str:
    """A synthetic trade bill of these (shop, number, state, voucher)."""
    lines = [WECHAT]
    for shop, number, state, voucher in rows:
        cells = ["2020-03-27 10:01:00", "wx", shop, "0", "", number, "o", "u", "JSAPI", state]
        cells += ["OTHERS", "CNY", "40.00", voucher, "0", "0", "0.00", "0.00", "", "", "meal"]
        lines.append(",".join(f"`{cell}" for cell in (*cells, "", "0.0", "0.6%", "50", "0", "")))
    sums = ["`" + text for text in (str(len(rows)), "0", "0", "0", "0", "0", "0")]
    return "\n".join((*lines, SUMS, ",".join(sums))) + "\n"


def test_a_trade_bill_of_wechat_is_a_bill(town: Any) -> None:
    shops = dict(zip(("T1", "T2", "T3", "T4", "T5"), ("M1", "M1", "M1", "M2", "M3"), strict=True))
    rows = [(shop, number, "SUCCESS", "10.00") for number, shop in shops.items()]
    towns.write("wechat.csv", wechat(*rows, ("M1", "W9", "SUCCESS", "0.00")))
    answer = town("reconcile", "run", "wechat.csv", "-o", "json", *MEI, *LATER).data
    assert (answer["profile"], answer["breaks"]) == ("wechat-trade-bill", {})
    assert (answer["agreed"], answer["agreed_fen"]) == (6, 5_000)
    cut = wechat(*rows).replace("`5,", "`7,")
    ran = town(
        *("reconcile", "run", towns.write("cut.csv", cut), "-o", "json", *MEI, *LATER), expect=3
    )
    assert ran.json["problems"][0]["code"] == "footer_mismatch"


def test_what_may_be_the_same_payment_is_suggested_and_never_taken(town: Any) -> None:
    run(town, (*DAY[:4], "X5,pay,M3,2020-03-27 10:05,10,,"))
    found = town("reconcile", "breaks", "-o", "json", *LATER).data["breaks"]
    number = next(each["break"] for each in found if each["type"] == "missing_here")
    shown = town("reconcile", "show", str(number), "-o", "json", *LATER).data
    assert [(each["transaction_no"], each["is_same_merchant"]) for each in shown["candidates"]] == [
        ("T5", True)
    ]
    assert len(breaks(town, "--state", "open")) == 2
