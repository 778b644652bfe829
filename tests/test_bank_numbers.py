"""The number of a bank in the payment system (行号): a registry brings it, the bank's file has it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import test_accounts
import test_settlements as paying
import towns

from vouchercli.rules import accounts as law

HEAD = "merchant_no,name,account_name,account_no,bank,联行号\n"
ICBC, CCB = "102100099996", "105100000017"
ROWS = {
    "M1": f"M1,one,合成一店,6228480000000000011,合成银行,{ICBC}\n",
    "M2": f"M2,two,合成二店,6228480000000000029,合成银行,{CCB}\n",
    "M3": "M3,three,,,,\n",
}
DIGITS = "the number of a bank has 12 digits: write it in full, or leave it blank"
DEMANDING = """bank: demanding
payment:
  form: csv
  columns:
    编号: transfer_no
    户名: name
    账号: account_no
    行号: bank_no
    金额: amount
"""


def bring(voucher: Any, name: str, *rows: str, **ran: Any) -> Any:
    towns.write(name, HEAD + "".join(rows))
    args = ("merchant", "import", name, "-o", "json", *paying.MEI, *paying.LATER)
    return voucher(*args, **ran)


def bank_no(voucher: Any, merchant: str) -> str:
    return str(voucher("merchant", "show", merchant, "-o", "json").data["bank_no"])


def rejected(ran: Any) -> list[tuple[str, str]]:
    """(place, what is wrong) of the rows that were refused."""
    return [(each["where"], each["message"]) for each in ran.json["problems"]]


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """M1 and M2 wait for the bank's file."""

    def all_of_it() -> None:
        paying.build(voucher)
        paying.spend(voucher)
        paying.sign(voucher, "2020-03-27")
        paying.settle(voucher, "2020-03-27")
        paying.decide(voucher, 1)
        towns.write("demanding.yaml", DEMANDING)

    once("bank numbers", all_of_it)
    return voucher


# ---------------------------------------------------------------- the law

# head offices of large banks, city banks, rural banks and banks of others' countries
PUBLISHED = (
    *(ICBC, CCB, "104100000004", "103100000026", "308584000013", "301290000007"),
    *("313205057830", "313331000014", "315456000105", "316331000018", "403100000004"),
    *("402332010004", "402871099996", "314653000011", "595100000007", "597100000014"),
)


def test_the_check_digit_is_that_of_published_numbers() -> None:
    assert [law.bank_check_digit(number) for number in PUBLISHED] == [
        number[-1] for number in PUBLISHED
    ]


@pytest.mark.parametrize(
    "text", ["10210009999", "1021000999961", "10210009999X", "１０２１０００９９９９６"]
)
def test_only_twelve_plain_digits_are_a_number(text: str) -> None:
    assert not law.is_bank_no(text)
    assert law.is_bank_no(ICBC)


# ---------------------------------------------------------------- the registry


def test_a_registry_brings_the_number_and_an_undo_takes_it_back(town: Any) -> None:
    first = bring(town, "first.csv", *ROWS.values()).data
    assert (first["changed"], first["accounts_changed"]) == (2, 0)  # a first number
    assert (bank_no(town, "M1"), bank_no(town, "M3")) == (ICBC, "")
    town("batch", "undo", "4", "--yes", *paying.MEI, *paying.LATER)
    assert (bank_no(town, "M1"), bank_no(town, "M2")) == ("", "")
    town("check")
    bring(town, "first-again.csv", *ROWS.values())
    spelt = ROWS["M1"].replace(ICBC, "１０２-1000 99996")
    assert bring(town, "again.csv", spelt).data["duplicate"] == 1
    assert "行号" in town("merchant", "show", "M1", "--lang", "zh").out
    towns.write("without.csv", paying.SHOPS)  # without the column it stays
    town("merchant", "import", "without.csv", *paying.MEI, *paying.LATER)
    assert bank_no(town, "M1") == ICBC
    town("check")


def test_what_is_no_number_is_refused_with_its_line_and_column(town: Any) -> None:
    rows = (
        ROWS["M1"].replace(ICBC, "1021"),
        "N1,new,新店,6228480000000000045,合成银行,10210009999X\n",
        "N2,new,新店,6228480000000000052,合成银行,6228480000000000052\n",
        ROWS["M2"],
    )
    ran = bring(town, "bad.csv", *rows, expect=4)
    assert rejected(ran) == [
        ("bad.csv:2", f"联行号: 1021: {DIGITS}"),
        ("bad.csv:3", f"联行号: 10210009999X: {DIGITS}"),
        ("bad.csv:4", f"联行号: ***************0052: {DIGITS}"),
    ]
    assert (ran.data["accepted"], bank_no(town, "M2"), bank_no(town, "M1")) == (1, CCB, "")
    shown = town("batch", "rejects", str(ran.data["batch"]), "-o", "csv", "--lang", "zh").out
    assert "6228480000000000052" not in shown
    assert "1021" in shown


def test_a_wrong_check_digit_is_told_of_new_and_of_known_merchants(town: Any) -> None:
    wrong = (
        ROWS["M1"].replace(ICBC, "102100099995"),
        "N1,new,新店,6228480000000000045,合成银行,105100000011\n",
    )
    ran = bring(town, "doubtful.csv", *wrong)
    assert [(each["where"], each["code"]) for each in ran.json["problems"]] == [
        ("doubtful.csv:2", "bank_no_check_digit"),
        ("doubtful.csv:3", "bank_no_check_digit"),
    ]
    assert "last digit should be 6" in ran.json["problems"][0]["message"]
    assert bank_no(town, "N1") == "105100000011"


def test_another_bank_is_another_account(town: Any) -> None:
    bring(town, "first.csv", *ROWS.values())
    ran = bring(town, "second.csv", ROWS["M1"].replace(ICBC, CCB))
    assert ran.data["accounts_changed"] == 1
    [hold] = town("settlement", "holds", *test_accounts.TOLD).data["holds"]
    assert hold["evidence"] == (
        f"batch 5, second.csv:2: ***************0011 {ICBC} > ***************0011 {CCB}"
    )
    assert "[own_account]" in test_accounts.let_go(town, 1, "mei", expect=3).err
    town("batch", "undo", "5", "--yes", *paying.LIN, *paying.LATER)
    assert test_accounts.held(town) == []
    bring(town, "blank.csv", ROWS["M1"].replace(ICBC, ""))  # taken away, then another
    assert bring(town, "third.csv", ROWS["M1"].replace(ICBC, CCB)).data["accounts_changed"] == 1
    # of a merchant that is held
    assert bring(town, "back.csv", ROWS["M1"]).data["accounts_changed"] == 1
    bring(town, "other.csv", ROWS["M1"].replace("0011", "0111"))
    assert len(test_accounts.held(town)) == 1
    town("check")


# ---------------------------------------------------------------- the bank's file


def export(voucher: Any, bank: str, path: str, **ran: Any) -> Any:
    args = ("settlement", "export", "1", "--bank", bank, "--to", path)
    return voucher(*args, *paying.WU, *paying.LATER, **ran)


def test_the_payment_file_has_the_number(town: Any) -> None:
    bring(town, "first.csv", *ROWS.values())
    export(town, "demanding.yaml", "pay.csv")
    rows = [*csv.DictReader(Path("pay.csv").read_text("utf-8-sig").splitlines())]
    assert [each["行号"] for each in rows] == [ICBC, CCB]


def test_the_message_has_the_number_under_cnaps(town: Any) -> None:
    bring(town, "first.csv", ROWS["M1"])
    export(town, "iso20022", "pay.xml")
    text = Path("pay.xml").read_text("utf-8")
    assert text.count("<MmbId>") == 1  # M2 has none: its bank goes by name
    assert f"<Cd>CNAPS</Cd></ClrSysId><MmbId>{ICBC}</MmbId>" in text


def test_a_bank_that_demands_the_number_is_told_who_lacks_it(town: Any) -> None:
    bring(town, "first.csv", ROWS["M1"])
    refused = export(town, "demanding.yaml", "pay.csv", expect=3)
    assert "[bank_no_missing]" in refused.err
    assert "1 payees have no number of their bank (bank_no)" in refused.err
    assert "--merchant M2 --reason account_missing" in refused.err
    assert not Path("pay.csv").exists()
    hold = ("settlement", "hold", "--merchant", "M2", "--reason", "account_missing")
    town(*hold, "--evidence", "no number of its bank", *paying.LIN, *paying.LATER)
    export(town, "demanding.yaml", "pay.csv")
    assert ICBC in Path("pay.csv").read_text("utf-8-sig")
    assert paying.unpaid(town)["M2", "account_missing"] == 1000


# ---------------------------------------------------------------- programmes that come later


def load_later(voucher: Any, code: str = "later", **ran: Any) -> Any:
    document = json.loads(Path("programme.yaml").read_text("utf-8")) | {"programme": code}
    towns.write(f"{code}.yaml", json.dumps(document))
    args = ("programme", "load", f"{code}.yaml")
    return voucher(*args, *paying.MEI, *paying.LATER, **ran)


def holds_of(voucher: Any, code: str) -> list[tuple[str, str]]:
    rows = voucher("settlement", "holds", "--programme", code, *test_accounts.TOLD).data["holds"]
    return [(each["merchant_no"], each["evidence"]) for each in rows]


def test_a_programme_that_comes_later_holds_whom_nobody_has_looked_at(town: Any) -> None:
    bring(town, "other.csv", ROWS["M1"].replace("0011", "0111"))
    assert "[accounts_unseen]" in load_later(town).err
    evidence = "batch 4, other.csv:2: ***************0011 > ***************0111"
    assert holds_of(town, "later") == [("M1", evidence)]
    for actor, code in (("mei", 3), ("lin", 0)):
        args = ("settlement", "release", "2", "--note", "asked", "--actor", actor)
        town(*args, "--programme", "later", *paying.LATER, expect=code)
    town("check", "--programme", "later")
    load_later(town, "third")  # it stands in the first programme
    assert holds_of(town, "third") == [("M1", evidence)]
    town("batch", "undo", "4", "--yes", *paying.LIN, *paying.LATER)
    assert [holds_of(town, code) for code in ("town", "third")] == [[], []]
    back = [("M1", "batch 4, other.csv: ***************0111 > ***************0011")]
    assert holds_of(town, "later") == back  # where somebody had let it be paid
    load_later(town, "fourth")
    assert holds_of(town, "fourth") == back


def test_accounts_that_changed_before_there_was_a_programme_are_held_in_the_first(
    voucher: Any,
) -> None:
    voucher("init")
    bring(voucher, "first.csv", *ROWS.values())
    for name, row in (
        ("gone.csv", ROWS["M1"].replace("6228480000000000011", "")),
        ("other.csv", ROWS["M1"].replace("0011", "0111")),
    ):
        assert bring(voucher, name, row).data["accounts_changed"] == 0
    bring(voucher, "name.csv", ROWS["M1"].replace("0011", "0111").replace("one", "uno"))
    staff = [{"name": name, "roles": [role]} for name, role in paying.STAFF.items()]
    towns.write("programme.yaml", towns.programme() | {"staff": staff})
    load_later(voucher)
    evidence = "batch 3, other.csv: ***************0011 > ***************0111"
    assert holds_of(voucher, "later") == [("M1", evidence)]
    args = ("settlement", "release", "1", "--note", "asked", "--actor", "lin")
    voucher(*args, "--programme", "later", *paying.LATER)
    load_later(voucher, "second")  # somebody has looked
    assert holds_of(voucher, "second") == []
    voucher("check", "--programme", "later")


def test_a_bank_that_changed_before_there_was_a_programme_is_another_account_too(
    voucher: Any,
) -> None:
    voucher("init")
    bring(voucher, "first.csv", *ROWS.values())
    bring(voucher, "gone.csv", ROWS["M1"].replace(ICBC, ""))
    bring(voucher, "other.csv", ROWS["M1"].replace(ICBC, CCB))
    towns.write("programme.yaml", towns.programme())
    load_later(voucher)
    account = "***************0011"
    evidence = f"batch 3, other.csv: {account} {ICBC} > {account} {CCB}"
    assert holds_of(voucher, "later") == [("M1", evidence)]
