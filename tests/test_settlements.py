"""Merchants are paid: what is owed for signed days, who decides, what the bank says, what comes
back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.settlements import answer_lists, judged_answers
from vouchercli.rules import settlements as law

if TYPE_CHECKING:
    from collections.abc import Callable

SHOPS = (
    "merchant_no,name,account_name,account_no,bank\n"
    "M1,one,合成一店,6228480000000000011,合成银行\n"
    "M2,two,合成二店,6228480000000000029,合成银行\n"
    "M3,three,,,\n"
)
STAFF = {"mei": "maker", "lin": "checker", "zhao": "checker", "wu": "finance"}
MEI, LIN, WU = ("--actor", "mei"), ("--actor", "lin"), ("--actor", "wu")
LATER = ("--now", "2020-03-30 10:00")
EVIDENCE = ("--evidence", "call", *MEI, *LATER)
HEAR = ("settlement", "paid", "--bank", "voucher", "-o", "json", *WU, *LATER)
ANSWER = "transfer_no,status,amount,paid_on,reference,reason_code,reason\n"
PAYERS = 'treasury: {name: 合成财政局, account_no: "9999990000000000001", bank: 合成银行}\n'


def build(
    voucher: Any,
    settlement: dict[str, Any] | None = None,
    checkers: tuple[str, ...] = ("lin",),
    **more: Any,
) -> None:
    """Round r1 of 40-10 vouchers, which `checkers` approve; nothing is paid yet."""
    terms = {"settlement": settlement} if settlement else {}
    towns.build(
        voucher,
        towns.programme(staff=STAFF, clock={"jump": "90 days"}, **terms, **more),
        towns.pack("pack", towns.coupon("10", "40", 5), validity={"days_after_claim": 30}),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES, checkers=checkers)
    Path("payers.yaml").write_text(PAYERS, "utf-8")


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Three claims; on 27 March M1 took three vouchers, M2 one and M3 one; the day is signed."""

    def all_of_it() -> None:
        build(voucher)
        spend(voucher)
        sign(voucher, "2020-03-27")

    once("settlements", all_of_it)
    return voucher


def spend(voucher: Any) -> None:
    claims = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in (1, 2, 3)]
    towns.write("claims.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")
    paid = (("T1", 1, "M1"), ("T2", 2, "M1"), ("T3", 3, "M1"), ("T4", 4, "M2"), ("T5", 5, "M3"))
    pay(
        voucher,
        "day-27.csv",
        *(f"{no} C1 {coupon} {at} 2020-03-27 10:0{coupon}" for no, coupon, at in paid),
    )


def pay(voucher: Any, name: str, *rows: str, **ran: Any) -> Any:
    """Rows: `T1 C1 1 M1 2020-03-27 10:00`; `R1 C1 1 M1 2020-03-28 11:00 T1` gives it back."""
    lines = []
    for each in rows:
        no, claim, coupon, shop, day, hour, *of = each.split(" ")
        kind = "refund" if of else "pay"
        lines.append(f"{no},{kind},{claim},{coupon},{shop},{day} {hour},50,0,10,{''.join(of)}\n")
    towns.write(name, towns.PAYMENTS + "".join(lines))
    return voucher("redemption", "import", name, "-o", "json", *MEI, *LATER, **ran)


def sign(voucher: Any, day: str, now: str = "2020-03-30 09:00") -> None:
    voucher("day", "close", day, *MEI, "--now", now)
    voucher("day", "sign", day, *WU, "--now", now)


def settle(voucher: Any, up_to: str, *args: str, expect: int | None = 0) -> Any:
    return voucher(
        *("settlement", "run", "--up-to", up_to, "-o", "json", *MEI, *LATER, *args), expect=expect
    )


def decide(voucher: Any, number: int) -> None:
    voucher("settlement", "verify", str(number), "--note", "agrees", *MEI, *LATER)
    voucher("settlement", "approve", str(number), *LIN, *LATER)


def send(voucher: Any, number: int, name: str = "pay.csv") -> str:
    decide(voucher, number)
    voucher("settlement", "export", str(number), "--bank", "voucher", "--to", name, *WU, *LATER)
    return Path(name).read_text("utf-8-sig")


def hear(voucher: Any, *rows: str, name: str = "answer.csv", **ran: Any) -> Any:
    """Rows: `S1-1,paid,30.00,2020-03-30,B1,,`; the bank's file has its mark before the number."""
    towns.write(name, ANSWER + "".join(f"{mark(row)}{row}\n" for row in rows))
    return voucher(*HEAR, name, **ran)


def mark(number: str, path: str = "voucher.db") -> str:
    """What stands at the bank before the number of an order or transfer (`S1-1`)."""
    with closing(sqlite3.connect(path)) as db:
        asked = "SELECT order_mark FROM settlements WHERE settlement_id = ?"
        found = db.execute(
            asked, (number.split(",", maxsplit=1)[0].lstrip("RS").split("-")[0],)
        ).fetchone()
    return found[0] if found else ""


def transfers(voucher: Any, number: int) -> dict[str, tuple[str, str, int]]:
    """transfer -> (payee, state, fen)."""
    shown = voucher("settlement", "show", str(number), "-o", "json").data
    return {
        each["transfer_no"]: (each["merchant_no"], each["state"], each["amount_fen"])
        for each in shown["transfers"]
    }


def money(voucher: Any) -> dict[str, int]:
    """What stands on the accounts of r1, those with nothing left out."""
    rounds = voucher("fund", "show", "-o", "json").data["rounds"]
    row = next(each for each in rounds if each["round"] == "r1")
    names = ("payable", "held", "paid", "clawed_back", "written_off")
    return {name: row[f"{name}_fen"] for name in names if row[f"{name}_fen"]}


def unpaid(voucher: Any) -> dict[tuple[str, str], int]:
    rows = voucher("settlement", "unpaid", "-o", "json", *LATER).data["unpaid"]
    return {(each["merchant_no"], each["reason"]): each["amount_fen"] for each in rows}


@pytest.mark.parametrize("verb", ["list", "holds", "unpaid", "debts"])
def test_without_a_programme_nothing_is_listed(voucher: Any, here: Path, verb: str) -> None:
    voucher("init")
    refused = voucher("settlement", verb, "-o", "json", expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["no_programme"]


# ---------------------------------------------------------------- what is owed


def test_signed_days_are_settled_once_by_payee(town: Any) -> None:
    first = settle(town, "2020-03-27")
    assert first.data["settlements"] == [
        {"settlement": 1, "funder": "treasury", "transfers": 2, "amount_fen": 4000}
    ]
    assert first.data["left"] == [
        {"funder": "treasury", "reason": "no_account", "payees": 1, "amount_fen": 1000}
    ]
    again = settle(town, "2020-03-27")
    assert again.data["settlements"] == []
    assert transfers(town, 1) == {"S1-1": ("M1", "planned", 3000), "S1-2": ("M2", "planned", 1000)}
    town("check")


def test_only_signed_days_are_paid(town: Any) -> None:
    refused = settle(town, "2020-03-28", expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["no_signed_day"]
    town("settlement", "show", "1", expect=3)
    assert town("settlement", "list", "-o", "json").data["settlements"] == []


def test_what_comes_late_is_paid_with_the_day_on_which_it_is_booked(town: Any) -> None:
    settle(town, "2020-03-27")
    pay(town, "late.csv", "T6 C2 1 M2 2020-03-27 12:00")
    assert settle(town, "2020-03-27").data["settlements"] == []
    sign(town, "2020-03-28")
    made = settle(town, "2020-03-28").data["settlements"]
    assert [each["amount_fen"] for each in made] == [1000]
    assert transfers(town, 2) == {"S2-1": ("M2", "planned", 1000)}
    town("check")


def test_one_merchant_one_round_one_funder(town: Any) -> None:
    made = settle(town, "2020-03-27", "--merchant", "M2", "--round", "r1").data["settlements"]
    assert [each["amount_fen"] for each in made] == [1000]
    rest = settle(town, "2020-03-27", "--funder", "treasury").data["settlements"]
    assert [each["amount_fen"] for each in rest] == [3000]
    settle(town, "2020-03-27", "--funder", "nobody", expect=2)
    settle(town, "2020-03-27", "--merchant", "M9", expect=3)
    town("check")


def test_a_rehearsed_run_writes_nothing(town: Any) -> None:
    assert settle(town, "2020-03-27", "--dry-run").data["settlements"]
    assert town("settlement", "list", "-o", "json").data["settlements"] == []


# ---------------------------------------------------------------- who decides


def test_who_made_it_does_not_approve_it(town: Any) -> None:
    town("settlement", "run", "--up-to", "2020-03-27", *LIN, *LATER)
    town("settlement", "approve", "1", *LIN, *LATER, expect=3)  # a draft
    town("settlement", "verify", "1", "--note", "agrees", *MEI, *LATER)
    assert "own_change" in town("settlement", "approve", "1", *LIN, *LATER, expect=3).err
    town("settlement", "approve", "1", *MEI, *LATER, expect=3)
    town("settlement", "approve", "1", "--actor", "zhao", *LATER)
    town("settlement", "approve", "1", "--actor", "zhao", *LATER, expect=3)


def test_what_is_turned_down_is_owed_again(town: Any) -> None:
    settle(town, "2020-03-27")
    town("settlement", "verify", "1", "--note", "agrees", *MEI, *LATER)
    assert [each["kind"] for each in town("todo", "-o", "json").data["waiting"]] == ["payment"]
    town("settlement", "reject", "1", "--note", "not this week", *LIN, *LATER)
    assert {state for _, state, _ in transfers(town, 1).values()} == {"dropped"}
    made = settle(town, "2020-03-27").data["settlements"]
    assert [(each["settlement"], each["amount_fen"]) for each in made] == [(2, 4000)]
    town("settlement", "reject", "1", "--note", "again", *LIN, *LATER, expect=3)
    town("check")


def test_a_settlement_goes_its_way_to_the_bank_and_back(town: Any) -> None:
    settle(town, "2020-03-27")
    text = send(town, 1)
    assert "6228480000000000011,合成一店,合成银行,,30.00" in text
    assert town("settlement", "list", "-o", "json").data["settlements"][0]["state"] == "exported"
    heard = hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    assert heard.data["paid"] == 2 and heard.data["refused"] == 0
    assert heard.data["settlements"] == [{"settlement": 1, "state": "closed"}]
    assert money(town) == {"payable": 1000, "paid": 4000}
    assert unpaid(town) == {("M3", "no_account"): 1000}
    town("check")


def test_the_same_file_is_exported_again_and_no_other(town: Any) -> None:
    settle(town, "2020-03-27")
    first = send(town, 1)
    export = ("settlement", "export", "1", "--bank", "voucher", *WU)
    town(*export, "--to", "again.csv", "--now", "2020-03-31 10:00")
    assert Path("again.csv").read_text("utf-8-sig") == first
    town(*export, "--to", "pay.csv", *LATER)  # it is the same
    Path("other.csv").write_text("something else", "utf-8")
    assert "other.csv" in town(*export, "--to", "other.csv", *LATER, expect=3).err
    assert Path("other.csv").read_text("utf-8") == "something else"
    assert not [*Path().glob(".other.csv*")]
    hear(town, "S1-1,accepted,30.00,,,,")
    town(*export, "--to", "late.csv", *LATER, expect=3)
    assert not Path("late.csv").exists()


def test_a_bank_that_takes_few_rows_gets_several_files(town: Any) -> None:
    settle(town, "2020-03-27")
    decide(town, 1)
    profile = "bank: small\npayment:\n  form: csv\n  most_rows: 1\n  columns: {no: transfer_no, payee: name, account: account_no, sum: amount}\n"
    towns.write("small.yaml", profile)
    export = ("settlement", "export", "1", "--bank", "small.yaml", "--to", "pay.csv", *WU, *LATER)
    assert town(*export, "-o", "json").data["files"] == ["pay-1.csv", "pay-2.csv"]
    texts = [Path(f"pay-{part}.csv").read_text("utf-8-sig").splitlines() for part in (1, 2)]
    assert [[row.split(",")[0] for row in text] for text in texts] == [
        ["no", f"{mark('S1')}S1-1"],
        ["no", f"{mark('S1')}S1-2"],
    ]
    town(*export)  # the same files are there
    Path("pay-2.csv").write_text("something else", "utf-8")
    Path("pay-1.csv").unlink()
    town(*export, expect=3)
    assert not Path("pay-1.csv").exists()
    town("check")


def test_what_a_killed_export_left_beside_its_file_is_in_nobodys_way(town: Any) -> None:
    settle(town, "2020-03-27")
    first = send(town, 1)
    gone, mine = Path(".pay-9.xml.secret.999999999.part"), Path(f".x.secret.{os.getpid()}.part")
    gone.write_text("half of it", "utf-8")
    mine.write_text("half of it", "utf-8")
    export = ("settlement", "export", "1", "--bank", "voucher", *WU, *LATER)
    town(*export, "--to", "pay.csv")
    town(*export, "--to", "again.csv")
    assert (
        Path("pay.csv").read_text("utf-8-sig") == first == Path("again.csv").read_text("utf-8-sig")
    )
    assert (gone.exists(), mine.exists()) == (False, True)


@pytest.mark.parametrize(("form", "most"), [("pain.001", 0), ("csv", 1), ("xlsx", 1)])
def test_an_export_that_was_killed_goes_on_on_a_later_day(town: Any, form: str, most: int) -> None:
    settle(town, "2020-03-27")
    decide(town, 1)
    columns = "{no: transfer_no, payee: name, account: account_no, sum: amount, day: pay_on}"
    table = f"\n  most_rows: {most}\n  columns: {columns}" if most else ""
    Path("bank.yaml").write_text(f"bank: some\npayment:\n  form: {form}{table}\n", "utf-8")
    shutil.copy("voucher.db", "before.db")
    export = ("settlement", "export", "1", "--bank", "bank.yaml", "--to", "pay.out", "-o", "json")
    first = town(*export, *WU, "--now", "2020-03-31 10:00").data
    kept = {each: Path(each).read_bytes() for each in first["files"]}
    shutil.copy("before.db", "voucher.db")  # killed behind its file, before it was noted
    for each in first["files"][1:]:
        Path(each).unlink()
    again = town(*export, *WU, "--now", "2020-04-03 10:00").data
    assert (again["pay_on"], again["sha256"]) == ("2020-03-31", first["sha256"])
    assert {each: Path(each).read_bytes() for each in first["files"]} == kept


def test_without_a_payer_nothing_is_written(town: Any) -> None:
    settle(town, "2020-03-27")
    decide(town, 1)
    Path("payers.yaml").unlink()
    export = ("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    assert "payer_missing" in town(*export, expect=3).err
    assert not Path("pay.csv").exists()
    assert town("settlement", "list", "-o", "json").data["settlements"][0]["state"] == "approved"


# ---------------------------------------------------------------- what the bank says


def test_what_the_bank_rejects_is_owed_again_with_its_reason(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    heard = hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,rejected,,,,AC04,account closed")
    assert heard.data["settlements"] == [{"settlement": 1, "state": "paid"}]
    assert unpaid(town) == {("M2", "not_settled"): 1000, ("M3", "no_account"): 1000}
    shown = town("settlement", "show", "1", "-o", "json").data["transfers"][1]
    assert (shown["state"], shown["reason"]) == ("rejected", "account closed")
    assert settle(town, "2020-03-27").data["settlements"][0]["amount_fen"] == 1000
    town("check")


def test_what_is_returned_later_is_owed_again(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    hear(town, "S1-2,returned,10.00,2020-03-31,B3,AC01,", name="later.csv")
    assert money(town) == {"payable": 2000, "paid": 3000}
    assert unpaid(town)["M2", "not_settled"] == 1000
    town("check")


def state(voucher: Any, number: int = 1) -> str:
    return str(voucher("settlement", "show", str(number), "-o", "json").data["state"])


def test_a_settlement_is_closed_when_a_later_one_has_paid_what_came_back(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,rejected,,,,AC04,account closed", "S1-2,paid,10.00,2020-03-30,B2,,")
    hear(town, "S1-2,returned,10.00,2020-03-31,B3,AC01,", name="back.csv")
    settle(town, "2020-03-27", "--merchant", "M1")
    send(town, 2, "pay-2.csv")
    hear(town, "S2-1,paid,30.00,2020-03-30,B4,,", name="2.csv")
    assert (state(town), state(town, 2)) == ("paid", "closed")
    town("settlement", "hold", "--merchant", "M2", "--reason", "disputed", *EVIDENCE)
    settle(town, "2020-03-27")
    assert state(town) == "paid"  # what is held is owed
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    settle(town, "2020-03-27")
    send(town, 3, "pay-3.csv")
    heard = hear(town, "S3-1,paid,10.00,2020-03-30,B5,,", name="3.csv").data
    states = {each["settlement"]: each["state"] for each in heard["settlements"]}
    assert states == {1: "closed", 3: "closed"}
    deeds = [row["deed"] for row in town("audit", "log", "-o", "json").data["lines"]]
    assert deeds.count("settlement.close") == 1
    town("check")


def test_a_settlement_is_closed_when_what_came_back_was_given_back_since(town: Any) -> None:
    settle(town, "2020-03-27", "--merchant", "M2")
    send(town, 1)
    hear(town, "S1-1,rejected,,,,AC04,account closed")
    pay(town, "back.csv", "R4 C1 4 M2 2020-03-28 12:00 T4")
    sign(town, "2020-03-28")
    settle(town, "2020-03-28", "--merchant", "M2")
    assert state(town) == "closed"
    town("check")


def test_an_answer_that_cannot_be_true_changes_nothing(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    heard = hear(
        town,
        "S1-1,paid,30.01,2020-03-30,B1,,",  # a fen off
        "S9-1,paid,30.00,2020-03-30,B1,,",  # of nobody
        "S1-2,returned,10.00,2020-03-30,B2,,",  # it was not paid
        expect=4,
    )
    assert heard.data["refused"] == 3 and heard.data["paid"] == 0
    codes = [(each["code"], each["where"].rpartition("/")[2]) for each in heard.json["problems"]]
    assert codes == [
        ("amount_differs", "answer.csv:2"),
        ("unknown_transfer", "answer.csv:3"),
        ("not_paid_yet", "answer.csv:4"),
    ]
    assert money(town) == {"payable": 5000}
    town("check")


def test_a_day_on_which_a_bank_cannot_have_paid_is_told(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    rows = ("S1-1,paid,30.00,2020-02-29,B1,,", "S1-2,paid,10.00,2021-03-30,B2,,")
    heard = hear(town, *rows)
    assert heard.data["paid"] == 2  # what the bank says of the money stands
    told = [(each["code"], each["where"].rpartition("/")[2]) for each in heard.json["problems"]]
    assert told == [("before_sent", "answer.csv:2"), ("still_to_come", "answer.csv:3")]
    assert hear(town, *rows, name="again.csv").json["problems"] == []
    town("check")


def test_what_banks_said_is_listed_with_what_became_of_it(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,accepted,30.00,,,,", "S1-2,paid,10.01,2020-03-30,B2,,", expect=4)
    hear(town, "S1-1,accepted,30.00,,,,", "S7-1,paid,1.00,,B9,,", name="later.csv", expect=4)
    town("settlement", "paid", "--settlement", "1", "--reference", "B1", *WU, *LATER)

    def listed(*args: str) -> list[tuple[Any, ...]]:
        rows = town("settlement", "answers", "-o", "json", *args).data["answers"]
        return [(row["at_line"], row["merchant_no"], row["outcome"]) for row in rows]

    assert listed() == [
        ("-", "M1", "taken"),
        ("-", "M2", "taken"),
        ("later.csv:2", "M1", "heard_before"),
        ("later.csv:3", None, "unknown_transfer"),
        ("answer.csv:2", "M1", "taken"),
        ("answer.csv:3", "M2", "amount_differs"),
    ]
    refused = [("later.csv:3", None, "unknown_transfer"), ("answer.csv:3", "M2", "amount_differs")]
    assert listed("--refused") == refused
    assert listed("--refused", "--settlement", "1") == refused[1:]
    assert listed("--file", "./later.csv", "--refused") == refused[:1]
    shown = town("settlement", "answers", "--file", "answer.csv", "-o", "csv").out
    assert "answer.csv:3" in shown and "another amount" in shown
    town("settlement", "answers", "-O", "answers.xlsx")
    assert Path("answers.xlsx").stat().st_size > 0
    assert "金额不符" in town("settlement", "answers", "--lang", "zh").out
    unknown = town("settlement", "answers", "--file", "other.csv", "-o", "json", expect=3)
    assert [each["code"] for each in unknown.json["problems"]] == ["unknown_bank_file"]
    town("settlement", "answers", "--settlement", "9", expect=3)


@pytest.mark.parametrize("said", sorted(answer_lists.OUTCOMES.keys() - answer_lists.FINE))
def test_every_refusal_has_a_word(said: str) -> None:
    assert judged_answers.problem_of(said, "answer.csv:2", {}).code == said


ORDER_REJECTED = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>B-1</MsgId><CreDtTm>2020-03-30T09:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>S1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>
</CstmrPmtStsRpt></Document>
"""


def test_what_a_bank_says_of_an_order_holds_for_each_of_its_transfers(town: Any) -> None:
    settle(town, "2020-03-27")
    paid = ("settlement", "paid", "-o", "json", *WU, *LATER)
    rejected = ORDER_REJECTED.replace("S1", f"{mark('S1')}S1")
    towns.write("early.xml", rejected)
    early = town(*paid, "early.xml", expect=4)
    assert [each["code"] for each in early.json["problems"]] == ["never_sent"]
    send(town, 1)
    towns.write("later.xml", rejected.replace("B-1", "B-2"))
    heard = town(*paid, "later.xml").data
    assert (heard["rejected"], heard["settlements"]) == (2, [{"settlement": 1, "state": "paid"}])
    assert unpaid(town)["M1", "not_settled"] == 3000
    town("check")


@pytest.mark.parametrize(
    ("programme", "loaded_at", "expected"),
    [
        ("hangzhou-2020", 0, "HANGZHOU-XJR3-"),
        ("hangzhou-2020", 1, "HANGZHOU-HMYA-"),
        ("hangzhou-2021", 0, "HANGZHOU-CXGT-"),
        ("五一", 0, "TX4D-"),
    ],
)
def test_no_other_programme_or_database_gives_the_bank_the_same_number(
    programme: str, loaded_at: int, expected: str
) -> None:
    assert law.order_mark(programme, loaded_at) == expected
    assert len(f"{expected}RS123456789-123456789") <= 35  # of pain.001
    known = law.TRANSFER_NO.fullmatch(f"{expected}RS12-3")
    assert known is not None
    assert (known["mark"], known["own"]) == (expected, "RS12-3")


def test_the_bank_is_told_numbers_with_a_mark_and_people_go_on_with_short_ones(town: Any) -> None:
    settle(town, "2020-03-27")
    rows = send(town, 1).splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == [f"{mark('S1')}S1-1", f"{mark('S1')}S1-2"]
    shown = town("settlement", "show", "1", "-o", "json").data
    assert shown["order_no"] == f"{mark('S1')}S1"
    assert [each["transfer_no"] for each in shown["transfers"]] == ["S1-1", "S1-2"]
    short = town(*HEAR, towns.write("short.csv", ANSWER + "S1-1,paid,30.00,,B1,,\n"), expect=4)
    assert [each["code"] for each in short.json["problems"]] == ["unknown_transfer"]
    paid = ("settlement", "paid", "--settlement", "1", "--reference", "B1", *WU, *LATER)
    town(*paid, "--transfer", f"{mark('S1')}S1-2")
    town(*paid, "--transfer", "S1-1")
    town("check")


def test_a_settlement_of_before_keeps_its_numbers(town: Any) -> None:
    settle(town, "2020-03-27")
    with closing(sqlite3.connect("voucher.db")) as db, db:  # as an older version has left it
        db.execute("DROP TRIGGER settlements_keep_their_numbers")
        db.execute("UPDATE settlements SET order_mark = ''")
    assert send(town, 1).splitlines()[1].startswith("S1-1,")
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    assert town("settlement", "show", "1", "-o", "json").data["state"] == "closed"


STATEMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>N-1</MsgId><CreDtTm>2020-03-30T18:00:00</CreDtTm></GrpHdr>
<Ntfctn><Id>N-1</Id><Acct><Id><Othr><Id>9999990000000000001</Id></Othr></Id></Acct>{}</Ntfctn>
</BkToCstmrDbtCdtNtfctn></Document>
"""
ENTRY = """<Ntry><Amt Ccy="CNY">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2020-03-30</Dt></BookgDt><AcctSvcrRef>{0}</AcctSvcrRef>
<BkTxCd><Prtry><Cd>T</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>{0}</EndToEndId></Refs>
<Amt Ccy="CNY">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls></NtryDtls></Ntry>"""


def test_what_another_programme_is_paid_from_the_account_is_none_of_ours(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    ours = f"{mark('S1')}S1-1"
    numbers = (ours, "OTHER-0000-S1-1", "RENT-7", ours.replace("S1-1", "S8-1"))
    entries = "".join(ENTRY.format(each) for each in numbers)
    heard = town(*HEAR, towns.write("note.xml", STATEMENT.format(entries)), expect=4)
    assert (heard.data["paid"], heard.data["refused"]) == (1, 1)
    assert [each["code"] for each in heard.json["problems"]] == ["unknown_transfer"]
    town("check")


def entry(number: str, **changes: str) -> str:
    """A booking of 30.00 yuan with that number, changed: `DBIT="CRDT"`."""
    text = ENTRY.format(number)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def tell(voucher: Any, name: str, *entries: str, expect: int = 0, account: str = "") -> Any:
    """A notification of the account with these bookings."""
    text = STATEMENT.format("".join(entries))
    text = text.replace("9999990000000000001", account or "9999990000000000001")
    return voucher(*HEAR, towns.write(name, text), expect=expect)


def test_a_return_that_is_heard_before_its_payment_waits_for_it(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    ours = f"{mark('S1')}S1-1"
    back = entry(
        ours, DBIT="CRDT", **{"<Prtry><Cd>T</Cd></Prtry>": RETURNED, "SvcrRef>": "SvcrRef>X"}
    )
    early = tell(town, "back.xml", back, expect=4)
    assert [each["code"] for each in early.json["problems"]] == ["not_paid_yet"]
    heard = tell(town, "paid.xml", entry(ours)).data
    assert (heard["paid"], heard["returned"]) == (1, 1)
    assert transfers(town, 1)["S1-1"][1] == "returned"
    assert unpaid(town)["M1", "not_settled"] == 3000
    assert tell(town, "back.xml", back).data["again"]
    town("check")


RETURNED = "<Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn>"


def test_a_statement_of_another_account_is_told_once_and_what_it_paid_stands(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    tell(town, "of-others.xml", entry("RENT-1"), account="8888880000000000009")
    ours = f"{mark('S1')}S1-1"
    second = entry(f"{mark('S1')}S1-2", **{"30.00": "10.00"})
    told = tell(town, "other.xml", entry(ours), second, account="8888880000000000009")
    assert told.data["paid"] == 2
    assert [each["code"] for each in told.json["problems"]] == ["bank_other_account"]
    assert "0000000000009" not in told.out + told.err
    assert transfers(town, 1)["S1-1"][1] == "paid"


def test_a_statement_of_our_account_is_known_however_it_is_written(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    spaced = tell(town, "spaced.xml", entry(f"{mark('S1')}S1-1"), account="9999 9900 0000 0000 001")
    assert spaced.json["problems"] == [] and transfers(town, 1)["S1-1"][1] == "paid"
    iban = STATEMENT.format(entry(f"{mark('S1')}S1-2", **{"30.00": "10.00"}))
    other = "<IBAN>NL00MOCK0000000091</IBAN>"
    iban = iban.replace("<Othr><Id>9999990000000000001</Id></Othr>", other)
    town(*HEAR, towns.write("iban.xml", iban))


def test_the_currency_of_others_is_no_matter_of_ours(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    ours, dollars = f"{mark('S1')}S1-1", {"CNY": "USD"}
    refused = tell(town, "dollars.xml", entry("RENT-7"), entry(ours, **dollars), expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["bank_currency"]
    heard = tell(town, "rent.xml", entry("RENT-7", **dollars), entry(ours)).data
    assert (heard["paid"], heard["refused"]) == (1, 0)


def test_money_that_comes_in_with_our_number_is_told(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    ours = f"{mark('S1')}S1-1"
    credit = entry(ours, DBIT="CRDT", **{"SvcrRef>": "SvcrRef>X"})
    told = tell(town, "paid.xml", entry(ours), credit, entry("RENT-7", DBIT="CRDT"), expect=4)
    assert [each["code"] for each in told.json["problems"]] == ["credit_unexplained"]
    assert transfers(town, 1)["S1-1"][1] == "paid"


WHOLE = """<Ntry><Amt Ccy="CNY">40.00</Amt><CdtDbtInd>{}</CdtDbtInd>{}<Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2020-03-30</Dt></BookgDt><NtryDtls><Btch><PmtInfId>{}</PmtInfId></Btch></NtryDtls></Ntry>"""
REVERSAL = "<RvslInd>true</RvslInd>"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_order_that_came_back_as_one_sum_is_owed_again(
    town: Any, order: tuple[int, int]
) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    ours = f"{mark('S1')}S1"
    entries = (WHOLE.format("DBIT", "", ours), WHOLE.format("CRDT", REVERSAL, ours))
    for at in order:
        tell(town, f"{at}.xml", entries[at], expect=4 if at and order[0] else 0)
    assert {state for _, state, _ in transfers(town, 1).values()} == {"returned"}
    assert unpaid(town)["M1", "not_settled"] == 3000
    town("check")


def test_an_order_of_others_in_a_statement_is_left_alone(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    heard = tell(town, "note.xml", WHOLE.format("DBIT", "", "OTHER-0000-S1")).data
    assert (heard["paid"], heard["refused"]) == (0, 0)
    credit = WHOLE.format("CRDT", "", f"{mark('S1')}S1")
    told = tell(town, "credit.xml", credit, expect=4)
    assert {each["code"] for each in told.json["problems"]} == {"credit_unexplained"}


def test_the_same_answer_is_heard_once(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    row = "S1-1,paid,30.00,2020-03-30,B1,,"
    hear(town, row)
    assert hear(town, row, name="copy.csv").data["again"] is True
    heard = hear(town, row, "S1-2,paid,10.00,2020-03-30,B2,,", name="more.csv")
    assert (heard.data["paid"], heard.data["heard_before"]) == (1, 1)
    assert money(town) == {"payable": 1000, "paid": 4000}
    town("check")


def test_without_a_file_a_receipt_is_noted(town: Any) -> None:
    settle(town, "2020-03-27")
    note = ("settlement", "paid", "--settlement", "1", *WU, *LATER)
    town(*note, "--reference", "B1", expect=3)  # a draft
    send(town, 1)
    town(*note, expect=2)  # no reference
    town(*note, "--reference", "B1", "--transfer", "S1-2")
    town(*note, "--reference", "B1", "--transfer", "S1-2", expect=3)
    town(*note, "--reference", "B2", "--on", "2020-03-31")
    shown = town("settlement", "show", "1", "-o", "json").data["transfers"]
    assert [(each["paid_on"], each["reference"]) for each in shown] == [
        ("2020-03-31", "B2"),
        ("2020-03-30", "B1"),
    ]
    town("settlement", "paid", *WU, *LATER, expect=2)  # neither
    town("check")


# ---------------------------------------------------------------- holds


def test_a_merchant_is_held_and_released_by_another(town: Any) -> None:
    hold = ("settlement", "hold", "--merchant", "M1", "--evidence", "letter 1", *MEI, *LATER)
    town(*hold, "--reason", "nonsense", expect=2)
    town(*hold, "--reason", "under_inquiry")
    town(*hold, "--reason", "under_inquiry", expect=3)
    made = settle(town, "2020-03-27")
    assert [each["amount_fen"] for each in made.data["settlements"]] == [1000]
    assert money(town) == {"payable": 2000, "held": 3000}
    assert unpaid(town)["M1", "under_inquiry"] == 3000
    town("settlement", "release", "1", "--note", "fine", *MEI, *LATER, expect=3)
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER, expect=3)
    assert money(town) == {"payable": 5000}
    assert [e["amount_fen"] for e in settle(town, "2020-03-27").data["settlements"]] == [3000]
    town("check")


def test_one_payment_is_held_and_the_rest_is_paid(town: Any) -> None:
    hold = ("settlement", "hold", "--reason", "serial_twice", "--evidence", "list 3", *MEI, *LATER)
    town(*hold, "--transaction", "T9", expect=3)
    town(*hold, expect=2)
    town(*hold, "--transaction", "T2")
    assert settle(town, "2020-03-27").data["settlements"][0]["amount_fen"] == 3000
    held = town("settlement", "holds", "-o", "json").data["holds"]
    assert [(each["transaction_no"], each["amount_fen"]) for each in held] == [("T2", 1000)]
    assert money(town) == {"payable": 4000, "held": 1000}
    send(town, 1)
    hear(town, "S1-1,paid,20.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    refused = town(*hold, "--transaction", "T1", expect=3)
    assert "paid_already" in refused.err
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    assert transfers(town, settle(town, "2020-03-27").data["settlements"][0]["settlement"]) == {
        "S2-1": ("M1", "planned", 1000)
    }
    town("check")


def test_a_hold_takes_the_merchant_out_of_what_the_bank_has_not(town: Any) -> None:
    settle(town, "2020-03-27")
    decide(town, 1)
    town(
        *["settlement", "hold", "--merchant", "M1", "--reason", "disputed", "--evidence", "call"],
        *MEI,
        *LATER,
    )
    assert transfers(town, 1)["S1-1"] == ("M1", "dropped", 3000)
    export = ("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    assert "10.00 yuan" in town(*export).err
    assert "合成一店" not in Path("pay.csv").read_text("utf-8-sig")
    town("check")


HOLD = ("settlement", "hold", "--evidence", "list 3", *MEI, *LATER)


def test_a_payment_is_set_apart_once(town: Any) -> None:
    town(*HOLD, "--transaction", "T2", "--reason", "serial_twice")
    town(*HOLD, "--transaction", "T2", "--reason", "disputed", expect=3)
    settle(town, "2020-03-27")
    assert transfers(town, 1)["S1-1"] == ("M1", "planned", 2000)
    town("check")


def test_a_payment_that_was_given_back_is_not_held(town: Any) -> None:
    pay(town, "back.csv", "R4 C1 4 M2 2020-03-28 12:00 T4")
    refused = town(*HOLD, "--transaction", "T4", "--reason", "disputed", expect=3)
    assert "unknown_transaction" in refused.err
    town("check")


def test_a_payment_that_was_released_and_is_not_paid_yet_is_held_again(town: Any) -> None:
    town(*HOLD, "--transaction", "T2", "--reason", "disputed")
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,20.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    town("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    town(*HOLD, "--transaction", "T2", "--reason", "disputed")
    assert money(town) == {"payable": 1000, "held": 1000, "paid": 3000}
    town("settlement", "release", "2", "--note", "fine", *LIN, *LATER)
    settle(town, "2020-03-27")
    send(town, 2, "pay-2.csv")
    refused = town(*HOLD, "--transaction", "T2", "--reason", "disputed", expect=3)
    assert "paid_already" in refused.err
    town("check")


def hold_list(voucher: Any, *rows: str, name: str = "holds.csv", **ran: Any) -> Any:
    head = "transaction_no,merchant_no,reason,evidence,note,date\n"
    towns.write(name, head + "".join(f"{row}\n" for row in rows))
    return voucher("settlement", "hold", "--file", name, "-o", "json", *MEI, *LATER, **ran)


def test_a_list_holds_payments_and_merchants_at_once(town: Any) -> None:
    rows = (
        "T2,,serial_twice,list 3,,2020-03-28",
        "T1,M1,缺少发票,list 3,asked,",
        ",M2,other,letter,,",
    )
    made = hold_list(town, *rows).data
    assert (made["rows"], made["held_before"], made["total"]["amount_fen"]) == (3, 0, 2000)
    assert {each["reason"]: each["amount_fen"] for each in made["by_reason"]} == {
        "serial_twice": 1000,
        "invoice_missing": 1000,
        "other": 0,  # nothing of its days was settled yet
    }
    assert settle(town, "2020-03-27").data["settlements"][0]["amount_fen"] == 1000
    assert money(town) == {"payable": 2000, "held": 3000}
    held = town("settlement", "holds", "-o", "json").data["holds"]
    assert {(each["transaction_no"], each["held_on"], each["amount_fen"]) for each in held} == {
        ("T2", "2020-03-28", 1000),
        ("T1", "2020-03-30", 1000),
        (None, "2020-03-30", 1000),
    }
    town("check")


def test_the_same_list_again_holds_nothing_more(town: Any) -> None:
    row = "T2,,serial_twice,list 3,,2020-03-28"
    assert hold_list(town, row, row).data["held_before"] == 1
    other = "T2,,disputed,call,,"  # it is set apart once
    again = hold_list(town, row, ",M2,disputed,call,,", other, name="again.csv").data
    assert (again["held_before"], again["total"]["holds"]) == (2, 1)
    assert len(town("settlement", "holds", "-o", "json").data["holds"]) == 2
    town("check")


def test_a_list_takes_merchants_out_of_what_the_bank_has_not(town: Any) -> None:
    settle(town, "2020-03-27")
    assert hold_list(town, "T1,,disputed,call,,").data["dropped_from"] == [1]
    assert transfers(town, 1)["S1-1"] == ("M1", "dropped", 3000)
    town("check")


def test_a_list_with_faults_holds_nothing_and_says_each(town: Any) -> None:
    faulty = (
        "T2,,serial_twice,list 3,,",
        "T9,,serial_twice,list 3,,",
        "T1,M2,serial_twice,list 3,,",
        ",,serial_twice,list 3,,",
        ",M9,serial_twice,list 3,,",
        "T1,,nonsense,list 3,,",
        "T1,,other,,,",
        "T1,,other,list 3,,2020-02-30",
        "T1,,other,list 3,,2020-04-30",
        "T4,,other,list 3,,",
    )
    pay(town, "back.csv", "R4 C1 4 M2 2020-03-28 12:00 T4")
    refused = hold_list(town, *faulty, expect=3)
    assert [(each["code"], each["where"]) for each in refused.json["problems"][1:]] == [
        ("bad_row", "holds.csv:8"),
        ("unknown_transaction", "holds.csv:3"),
        ("other_merchant", "holds.csv:4"),
        ("merchant_or_payment", "holds.csv:5"),
        ("unknown_merchant", "holds.csv:6"),
        ("unknown_reason", "holds.csv:7"),
        ("bad_time", "holds.csv:9"),
        ("in_future", "holds.csv:10"),
        ("unknown_transaction", "holds.csv:11"),
    ]
    assert town("settlement", "holds", "-o", "json").data["holds"] == []
    settle(town, "2020-03-27")
    send(town, 1)
    assert "paid_already" in hold_list(town, "T1,,other,list 3,,", expect=3).out
    town("check")


def test_a_list_stands_alone_and_has_its_columns(town: Any) -> None:
    hold = ("settlement", "hold", *MEI, *LATER)
    assert "reason_needed" in town(*hold, "--merchant", "M1", "--evidence", "x", expect=2).err
    assert "file_alone" in town(*hold, "--file", "holds.csv", "--note", "x", expect=2).err
    towns.write("holds.csv", "shop,why\nM1,other\n")
    assert "unknown_hold_layout" in town(*hold, "--file", "holds.csv", expect=3).err
    assert "no_holds" in hold_list(town, expect=3).out


def release_list(voucher: Any, *rows: str, actor: tuple[str, str] = LIN, **ran: Any) -> Any:
    towns.write("releases.csv", "hold,note\n" + "".join(f"{row}\n" for row in rows))
    command = ("settlement", "release", "--file", "releases.csv", "-o", "json", *actor, *LATER)
    return voucher(*command, *ran.pop("more", ()), **ran)


def test_a_list_lets_holds_go_at_once(town: Any) -> None:
    hold_list(town, "T2,,serial_twice,list 3,,", ",M2,other,letter,,", ",M3,disputed,call,,")
    settle(town, "2020-03-27")
    assert money(town) == {"payable": 2000, "held": 3000}
    let = release_list(town, "1,seen", "2,", "2,", more=("--note", "letter 9")).data
    assert (let["rows"], let["released"], let["released_before"]) == (3, [1, 2], 1)
    assert let["amount_fen"] == 2000
    assert money(town) == {"payable": 4000, "held": 1000}
    holds = town("settlement", "holds", "--all", "-o", "json").data["holds"]
    assert {each["hold"]: each["release_note"] for each in holds} == {
        1: "seen",
        2: "letter 9",
        3: "",
    }
    again = release_list(town, "1,seen").data
    assert (again["released"], again["released_before"], again["amount_fen"]) == ([], 1, 0)
    log = town("audit", "log", "--deed", "settlement.release", "-o", "json").data["lines"]
    assert [each["detail"]["file"] for each in log] == ["releases.csv:3", "releases.csv:2"]
    town("check")


def test_a_merchant_that_is_held_for_two_reasons_waits_for_both(town: Any) -> None:
    hold_list(town, ",M2,other,letter,,", ",M2,disputed,call,,")
    settle(town, "2020-03-27")
    assert release_list(town, "1,seen").data["amount_fen"] == 0
    assert release_list(town, "2,seen").data["amount_fen"] == 1000
    town("check")


def test_a_list_of_releases_with_faults_lets_nothing_go(town: Any) -> None:
    hold_list(town, "T2,,serial_twice,list 3,,", ",M2,other,letter,,")
    refused = release_list(town, "1,seen", "9,seen", "x,seen", "2,", ",seen", expect=3)
    assert [(each["code"], each["where"]) for each in refused.json["problems"]] == [
        ("bad_release_rows", "releases.csv"),
        ("bad_row", "releases.csv:6"),
        ("unknown_hold", "releases.csv:3"),
        ("unknown_hold", "releases.csv:4"),
        ("note_needed", "releases.csv:5"),
    ]
    own = release_list(town, "1,seen", actor=MEI, expect=3)
    assert [each["code"] for each in own.json["problems"]] == ["bad_release_rows", "own_hold"]
    assert len(town("settlement", "holds", "-o", "json").data["holds"]) == 2
    assert "no_releases" in release_list(town, expect=3).out
    towns.write("holds.csv", "which,why\n1,seen\n")
    file = ("settlement", "release", "--file", "holds.csv", *LIN, *LATER)
    assert "unknown_release_layout" in town(*file, expect=3).err
    assert "hold_or_file" in town(*file, "1", expect=2).err
    town("check")


# ---------------------------------------------------------------- after payment


def paid_and_refunded(town: Any) -> None:
    """M1 and M2 are paid; then M2's only payment is given back."""
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    pay(town, "back.csv", "R4 C1 4 M2 2020-03-28 12:00 T4")
    sign(town, "2020-03-28")


def test_a_refund_after_payment_is_netted_from_the_next_settlement(town: Any) -> None:
    paid_and_refunded(town)
    pay(town, "more.csv", "T7 C2 1 M2 2020-03-29 12:00", "T8 C2 2 M2 2020-03-29 12:01")
    sign(town, "2020-03-29")
    made = settle(town, "2020-03-29").data["settlements"]
    assert [each["amount_fen"] for each in made] == [1000]
    assert town("settlement", "debts", "-o", "json", *LATER).data["debts"] == []
    town("check")


def test_what_nothing_covers_is_a_debt_that_is_paid_back_or_given_up(town: Any) -> None:
    paid_and_refunded(town)
    assert settle(town, "2020-03-28").data["left"][0]["reason"] == "owes"
    debts = town("settlement", "debts", "-o", "json", "--now", "2020-04-02 09:00").data["debts"]
    assert [(d["merchant_no"], d["amount_fen"], d["days"]) for d in debts] == [("M2", 1000, 5)]
    back = ("settlement", "repaid", "M2", "--reference", "B9", *WU, *LATER)
    town(*back[:3], "10.01", *back[3:], expect=3)
    town(*back[:3], "4", *back[3:])
    assert "[repaid_already]" in town(*back[:3], "4", *back[3:], expect=3).err  # as after a kill
    assert money(town) == {"paid": 4000, "clawed_back": -400, "payable": 400}
    give_up = ("settlement", "write-off", "M2", "--note", "closed", "--evidence", "register")
    town(*give_up, *MEI, *LATER)
    town(*give_up, *MEI, *LATER, expect=3)
    number = str(town("todo", "-o", "json", *LATER).data["waiting"][0]["name"])
    approve = ("settlement", "approve", "--write-off", number)
    town(*approve, *MEI, *LATER, expect=3)
    town(*approve, *LIN, *LATER)
    town(*approve, *LIN, *LATER, expect=3)
    assert money(town) == {"payable": 1000, "paid": 4000, "clawed_back": -400, "written_off": -600}
    town(*give_up, *MEI, *LATER, expect=3)  # nothing is owed any more
    town("check")


def test_a_file_of_which_a_payment_is_held_is_not_undone(town: Any) -> None:
    batch = str(pay(town, "late.csv", "T9 C2 1 M1 2020-03-28 10:00").data["batch"])
    town(*HOLD, "--transaction", "T9", "--reason", "serial_twice")
    refused = town("batch", "undo", batch, "--yes", *MEI, *LATER, expect=3)
    assert "[batch_held]" in refused.err
    town("settlement", "release", "1", "--note", "it is fine", *LIN, *LATER)
    town("batch", "undo", batch, "--yes", *MEI, *LATER, expect=3)
    town("check")


def test_a_merchant_that_is_held_pays_its_debt_back(town: Any) -> None:
    paid_and_refunded(town)
    settle(town, "2020-03-28")
    town(*HOLD, "--merchant", "M2", "--reason", "disputed")
    town("settlement", "repaid", "M2", "4", "--reference", "B9", *WU, *LATER)
    assert money(town) == {"paid": 4000, "clawed_back": -400, "payable": 1000, "held": -600}
    town(*["settlement", "write-off", "M2", "--note", "closed", "--evidence", "none"], *MEI, *LATER)
    number = str(town("todo", "-o", "json", *LATER).data["waiting"][0]["name"])
    town("settlement", "approve", "--write-off", number, *LIN, *LATER)
    town("check")


def test_a_debt_larger_than_what_is_owed_is_no_fault_of_the_books(town: Any) -> None:
    settle(town, "2020-03-27", "--merchant", "M1")
    send(town, 1)
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,")
    rows = [
        f"R{n} C1 {n} {shop} 2020-03-28 12:0{n} T{n}"
        for n, shop in enumerate(("M1", "M1", "M1", "M2", "M3"), 1)
    ]
    pay(town, "back.csv", *rows)
    assert money(town) == {"payable": -3000, "paid": 3000}
    town("check")


def test_a_write_off_that_is_turned_down_leaves_the_debt(town: Any) -> None:
    paid_and_refunded(town)
    settle(town, "2020-03-28")
    town(*["settlement", "write-off", "M2", "--note", "closed", "--evidence", "none"], *MEI, *LATER)
    number = str(town("todo", "-o", "json", *LATER).data["waiting"][0]["name"])
    town("settlement", "reject", "--write-off", number, "--note", "it is open", *LIN, *LATER)
    assert len(town("settlement", "debts", "-o", "json", *LATER).data["debts"]) == 1
    town("settlement", "repaid", "M1", "1", "--reference", "B1", *WU, *LATER, expect=3)


# ---------------------------------------------------------------- as the programme says


def test_the_public_list_stands_before_the_payment(voucher: Any, here: Path) -> None:
    build(voucher, {"by": "merchant", "notice_days": 2})
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    voucher("settlement", "notice", "1", *MEI, *LATER, expect=3)
    decide(voucher, 1)
    export = ("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU)
    assert "notice_needed" in voucher(*export, *LATER, expect=3).err
    listed = voucher("settlement", "notice", "1", *MEI, *LATER, "-o", "json").data
    assert listed["pay_from"] == "2020-04-02" and len(listed["payees"]) == 2
    assert "notice_stands" in voucher(*export, "--now", "2020-04-01 23:59", expect=3).err
    voucher(*export, "--now", "2020-04-02 00:00")


def test_days_cool_off_before_they_are_settled(voucher: Any, here: Path) -> None:
    build(voucher, {"cooling_off_days": 3})
    spend(voucher)
    sign(voucher, "2020-03-27")
    run = ("settlement", "run", "--up-to", "2020-03-27", *MEI)
    assert "too_warm" in voucher(*run, "--now", "2020-03-30 23:59", expect=3).err
    voucher(*run, "--now", "2020-03-31 00:00")


def test_a_new_account_is_tried_with_a_small_payment(voucher: Any, here: Path) -> None:
    build(voucher, {"first_payment": "1.00"})
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    assert {fen for _, _, fen in transfers(voucher, 1).values()} == {100}
    send(voucher, 1)
    hear(voucher, "S1-1,paid,1.00,2020-03-30,B1,,", "S1-2,rejected,,,,AC01,wrong number")
    settle(voucher, "2020-03-27")
    assert transfers(voucher, 2) == {
        "S2-1": ("M1", "planned", 2900),
        "S2-2": ("M2", "planned", 100),
    }
    voucher("check")


ANOTHER = "6228480000000000987"  # synthetic, as all others are


def move(voucher: Any, account: str = ANOTHER, name: str = "moved.csv") -> None:
    """M1 has its money elsewhere from now on, and a second person has looked at it."""
    row = f"M1,one,合成一店,{account},合成银行\n"
    towns.write(name, "merchant_no,name,account_name,account_no,bank\n" + row)
    voucher("merchant", "import", name, *MEI, *LATER)
    holds = voucher("settlement", "holds", "--reason", "account_changed", "-o", "json").data
    for each in holds["holds"]:
        release = ("settlement", "release", str(each["hold"]), "--note", "asked", *LIN, *LATER)
        voucher(*release)


def test_an_account_is_tried_anew_when_it_changes(voucher: Any, here: Path) -> None:
    build(voucher, {"first_payment": "1.00"})
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    send(voucher, 1)
    hear(voucher, "S1-1,paid,1.00,2020-03-30,B1,,", "S1-2,paid,1.00,2020-03-30,B2,,")
    move(voucher)
    settle(voucher, "2020-03-27")
    tried = {"S2-1": ("M1", "planned", 100), "S2-2": ("M2", "planned", 900)}
    assert transfers(voucher, 2) == tried
    voucher("key", "rotate", "--reason", "a copy was lost", *LIN, *LATER)  # tokens are others now
    send(voucher, 2, "pay-2.csv")
    hear(voucher, "S2-1,paid,1.00,2020-03-30,B3,,", name="b.csv")
    settle(voucher, "2020-03-27")
    assert transfers(voucher, 3) == {"S3-1": ("M1", "planned", 2800)}
    voucher("check")


def test_an_account_that_changed_since_the_run_is_tried_before_it_is_paid(
    voucher: Any, here: Path
) -> None:
    build(voucher)
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27", "--first-payment", "1.00")
    send(voucher, 1)
    hear(voucher, "S1-1,paid,1.00,2020-03-30,B1,,", "S1-2,paid,1.00,2020-03-30,B2,,")
    settle(voucher, "2020-03-27", "--first-payment", "1.00")
    decide(voucher, 2)
    with closing(sqlite3.connect("voucher.db")) as db, db:  # as of a change before it was held
        db.execute("UPDATE transfers SET account_token = zeroblob(16) WHERE transfer_no = 'S2-1'")
        db.execute("UPDATE transfers SET account_token = zeroblob(16) WHERE transfer_no = 'S1-1'")
    export = ("settlement", "export", "2", "--bank", "voucher", "--to", "pay-2.csv", *WU, *LATER)
    said = voucher(*export, "-o", "json").json["problems"]
    assert [each["code"] for each in said] == ["left_account_changed"]
    assert said[0]["message"].startswith("1 payees of settlement 2")
    assert "6228480000000000011" not in Path("pay-2.csv").read_text("utf-8-sig")
    shown = voucher("settlement", "show", "2", "--state", "dropped", "-o", "json").data
    assert [each["reason"] for each in shown["transfers"]] == ["account_changed"]
    settle(voucher, "2020-03-27", "--first-payment", "1.00")
    assert transfers(voucher, 3) == {"S3-1": ("M1", "planned", 100)}
    voucher("check")


def test_without_a_trial_a_changed_account_is_paid(town: Any) -> None:
    move(town)
    settle(town, "2020-03-27")
    decide(town, 1)
    export = ("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    assert town(*export, "-o", "json").data["transfers"] == 2
    assert ANOTHER in Path("pay.csv").read_text("utf-8-sig")
    town("check")


def test_a_new_account_is_tried_once(voucher: Any, here: Path) -> None:
    build(voucher, {"first_payment": "1.00"})
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    again = settle(voucher, "2020-03-27")
    assert again.data["settlements"] == []
    assert {"funder": "treasury", "reason": "first_waits", "payees": 2, "amount_fen": 3800} in (
        again.data["left"]
    )
    send(voucher, 1)
    assert settle(voucher, "2020-03-27").data["settlements"] == []
    hear(voucher, "S1-1,paid,1.00,2020-03-30,B1,,", "S1-2,paid,1.00,2020-03-30,B2,,")
    assert settle(voucher, "2020-03-27").data["settlements"][0]["amount_fen"] == 3800
    voucher("check")


def test_the_end_of_a_programme_needs_an_audit(voucher: Any, here: Path) -> None:
    build(voucher, {"pattern": "end_of_programme"})
    spend(voucher)
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")
    verify = ("settlement", "verify", "1", "--note", "looked", *MEI, *LATER)
    assert "audit_needed" in voucher(*verify, expect=2).err
    voucher(*verify, "--evidence", "report 7")


def test_platforms_that_advance_are_paid_one_sum(voucher: Any, here: Path) -> None:
    advance(voucher)
    assert transfers(voucher, 1) == {"S1-1": ("M2", "planned", 4000)}
    voucher("check")


def advance(voucher: Any) -> None:
    """M2 is the platform that has paid M1 (T3), M2 (T1, T4) and M3 (T2); settlement 1 pays it."""
    build(voucher, {"by": "platform", "payees": {"alipay": "M2"}})
    towns.make_round(
        voucher, "r2", "--platform", "alipay", packs=3, state="open", closes=towns.CLOSES
    )
    claims = [f"D{n},r2,P{n},2020-03-27 09:00\n" for n in (1, 2)]
    towns.write("claims.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")
    pay(voucher, "p.csv", *(f"T{n} D1 {n} M{1 + n % 3} 2020-03-27 10:0{n}" for n in (1, 2, 3, 4)))
    sign(voucher, "2020-03-27")
    settle(voucher, "2020-03-27")


HOLD_M3 = ("settlement", "hold", "--merchant", "M3", "--reason", "disputed", "--evidence", "call")


def test_a_hold_on_one_merchant_leaves_the_others_in_their_platforms_transfer(
    voucher: Any, here: Path
) -> None:
    advance(voucher)
    decide(voucher, 1)
    assert voucher(*HOLD_M3, *MEI, *LATER, "-o", "json").data["dropped_from"] == [1]
    assert transfers(voucher, 1) == {
        "S1-1": ("M2", "dropped", 4000),
        "S1-2": ("M2", "planned", 3000),
    }
    voucher("check")
    hold_list(voucher, "T3,,serial_twice,list 3,,")
    assert transfers(voucher, 1)["S1-3"] == ("M2", "planned", 2000)
    (shown,) = voucher("settlement", "list", "-o", "json").data["settlements"]
    assert (shown["transfers"], shown["planned_fen"], shown["back_fen"]) == (1, 4000, 2000)
    voucher("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv", *WU, *LATER)
    hear(voucher, "S1-3,paid,20.00,2020-03-30,B1,,")
    (shown,) = voucher("settlement", "list", "-o", "json").data["settlements"]
    assert (shown["state"], shown["paid_fen"], shown["back_fen"]) == ("closed", 2000, 2000)
    voucher("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    assert settle(voucher, "2020-03-27").data["settlements"][0]["amount_fen"] == 1000
    voucher("check")


def test_who_is_paid_through_a_platform_needs_no_account(voucher: Any, here: Path) -> None:
    """M3 has none: what is said is of the account of its payee, M2."""
    advance(voucher)
    voucher(*HOLD_M3, *MEI, *LATER)
    voucher("settlement", "release", "1", "--note", "fine", *LIN, *LATER)
    assert unpaid(voucher)["M3", "not_settled"] == 1000
    assert ("M3", "no_account") not in unpaid(voucher)
    report = voucher("report", "settlement", "-o", "json", *LATER).data
    assert "no_account" not in {each["reason"] for each in report["unpaid"]}


def test_a_hold_on_who_owes_makes_no_transfer_larger(voucher: Any, here: Path) -> None:
    advance(voucher)
    send(voucher, 1)
    hear(voucher, "S1-1,paid,40.00,2020-03-30,B1,,")
    pay(
        voucher,
        "28.csv",
        "R2 D1 2 M3 2020-03-28 11:00 T2",
        "T5 D2 1 M1 2020-03-28 11:00",
        "T6 D2 2 M1 2020-03-28 11:10",
    )
    sign(voucher, "2020-03-28")
    settle(voucher, "2020-03-28")
    assert transfers(voucher, 2) == {"S2-1": ("M2", "planned", 1000)}
    voucher(*HOLD_M3, *MEI, *LATER)
    assert transfers(voucher, 2) == {"S2-1": ("M2", "dropped", 1000)}
    assert settle(voucher, "2020-03-28").data["settlements"][0]["amount_fen"] == 2000
    voucher("check")


def test_the_clock_settles_on_working_days_what_is_over(voucher: Any, here: Path) -> None:
    build(voucher, {"every": "day"})
    spend(voucher)
    sign(voucher, "2020-03-27", now="2020-03-28 09:00")
    voucher("schedule", "tick", "--now", "2020-03-29 20:00", "--clock-is-right")  # a Sunday
    assert voucher("settlement", "list", "-o", "json").data["settlements"] == []
    voucher("schedule", "tick", "--now", "2020-03-30 08:00")
    made = voucher("settlement", "list", "-o", "json").data["settlements"]
    assert [(each["made_by"], each["planned_fen"]) for each in made] == [("clock", 4000)]
    voucher("check")
    voucher("schedule", "tick", "--now", "2020-03-30 08:05")
    assert len(voucher("settlement", "list", "-o", "json").data["settlements"]) == 1
    decide(voucher, 1)  # the clock is nobody's other pair of eyes
    voucher("check")


def test_a_run_for_one_merchant_leaves_the_others_to_the_clock(voucher: Any, here: Path) -> None:
    build(voucher, {"every": "day"})
    spend(voucher)
    sign(voucher, "2020-03-27", now="2020-03-28 09:00")
    run = ("settlement", "run", "--up-to", "2020-03-27", *MEI, "--now", "2020-03-30 07:00")
    voucher(*run, "--merchant", "M2")
    for minute in ("08:00", "08:05"):
        voucher("schedule", "tick", "--now", f"2020-03-30 {minute}")
        made = voucher("settlement", "list", "-o", "json").data["settlements"]
        said = [(each["made_by"], each["planned_fen"]) for each in made]
        assert said == [("clock", 3000), ("mei", 1000)]
    voucher(
        "settlement", "reject", "2", "--note", "not this week", *LIN, "--now", "2020-03-30 09:00"
    )
    voucher("schedule", "tick", "--now", "2020-03-30 09:05")  # what was turned down waits
    assert len(voucher("settlement", "list", "-o", "json").data["settlements"]) == 2
    voucher("check")


@pytest.mark.parametrize(
    ("settlement", "code"),
    [
        ({"by": "platform", "pattern": "prefund"}, "pattern_of_another"),
        ({"payees": {"alipay": "M1"}}, "payees_of_no_advance"),
        ({"every": "fortnight"}, "not_a_choice"),
        ({"first_payment": "1.001"}, "bad_amount"),
    ],
)
def test_a_faulty_settlement_is_said_with_its_place(
    voucher: Any, here: Path, settlement: dict[str, Any], code: str
) -> None:
    towns.write("p.yaml", towns.programme(settlement=settlement))
    refused = voucher("init") and voucher("programme", "load", "p.yaml", "-o", "json", expect=3)
    assert code in [each["code"] for each in refused.json["problems"]]


# ---------------------------------------------------------------- the file itself


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dues SET amount_fen = 1",
        "DELETE FROM dues",
        "UPDATE transfers SET amount_fen = 1",
        "UPDATE transfers SET state = 'planned' WHERE state = 'paid'",
        "UPDATE dues SET transfer_id = NULL WHERE transfer_id IS NOT NULL",
        "UPDATE dues SET transfer_id = 2 WHERE transfer_id = 1",
        "DELETE FROM transfers",
        "DELETE FROM holds",
        "DELETE FROM bank_answers",
        "UPDATE bank_answers SET status = 'rejected'",
        "INSERT INTO taken_days VALUES (1, 20200401, 1, 1)",
    ],
)
def test_the_database_itself_keeps_what_was_paid(town: Any, statement: str) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    town(
        *["settlement", "hold", "--merchant", "M3", "--reason", "disputed", "--evidence", "call"],
        *MEI,
        *LATER,
    )
    with closing(sqlite3.connect("voucher.db")) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(statement)


DROPPED: Callable[[str], str] = "DROP TRIGGER {}".format
TAMPER = {
    "dues_as_booked": (["dues_stand"], "UPDATE dues SET amount_fen = amount_fen + 1"),
    "transfers_as_due": (["transfers_stand"], "UPDATE transfers SET amount_fen = amount_fen + 1"),
    "paid_as_posted": (["dues_stand"], "UPDATE dues SET amount_fen = amount_fen + 1"),
    "paid_as_approved": ([], "UPDATE proposals SET state = 'void' WHERE subject = 'settlement'"),
    "paid_as_answered": (
        ["bank_answers_never_change"],
        "UPDATE bank_answers SET outcome = 'contradicts'",
    ),
    "settlements_as_logged": ([], "UPDATE settlements SET file_sha256 = 'x'"),
    "dues_set_apart": (
        ["dues_never_vanish"],
        "DELETE FROM dues WHERE kind = 'held' AND hold_id IS NULL",
    ),
}


@pytest.mark.parametrize("name", TAMPER)
def test_what_is_changed_behind_the_program_is_found(town: Any, name: str) -> None:
    town(
        *[
            "settlement",
            "hold",
            "--transaction",
            "T2",
            "--reason",
            "disputed",
            "--evidence",
            "call",
        ],
        *MEI,
        *LATER,
    )
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,20.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    town("check")
    triggers, statement = TAMPER[name]
    with closing(sqlite3.connect("voucher.db")) as db:
        for trigger in triggers:
            db.execute(DROPPED(trigger))
        db.execute(statement)
        db.commit()
    found = town("check", "-o", "json", expect=5).data["checks"]
    assert name in {each["check"] for each in found if each["breaches"]}
