"""Payment files and answers of banks: what is written is what the order says, what is read is what
the file says, and whatever is wrong refuses the whole file with its line. All data is synthetic.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
import python_calamine
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.errors import VoucherError
from vouchercli.formats.banks import answers, elements, money, pain001, payment_files
from vouchercli.formats.configs import banks
from vouchercli.transfers import AnswerFile, Payer, PaymentOrder, Transfer, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASES = Path(__file__).parent / "cases" / "banks"
JUDGES = Path(f"{sys.prefix}-judges", "bin", "python")
PAYER = Payer("杭州市商务局", "12020201010101010", "中国工商银行杭州分行", "102331002015")
OURS = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


def transfer(number: int, **changed: object) -> Transfer:
    """A payment of a synthetic order."""
    made = Transfer(
        f"T-{number}", f"杭州面馆{number}号", f"62220812020000{number:05}", "中国建设银行杭州分行",
        "105331000012", 100 * number + 1, "消费券资金",
    )  # fmt: skip
    return made._replace(**changed)


def order(*transfers: Transfer) -> PaymentOrder:
    """A synthetic order."""
    return PaymentOrder("ORDER-1", 1_775_000_000, 20260401, PAYER, list(transfers))


def written(path: Path, made: PaymentOrder, bank: str) -> bytes:
    """The payment file for a shipped profile."""
    payment_files.write(path, made, banks.load(bank))
    return path.read_bytes()


def read(name: str, bank: str | None = None) -> AnswerFile:
    """A case, read."""
    return answers.read(CASES / name, banks.load(bank) if bank else None)


def refused(path: Path, bank: str | None = None) -> VoucherError:
    """How a file is refused."""
    with pytest.raises(VoucherError) as caught:
        answers.read(path, banks.load(bank) if bank else None)
    assert caught.value.hint
    return caught.value


def short(file: AnswerFile) -> list[tuple[object, ...]]:
    """What matters of the answers: line, transfer, status, fen, day, reference, reason."""
    return [
        (int(each.where.split(":")[1]), each.transfer_no, each.status, each.amount_fen, each.paid_on,
         each.reference, each.reason_code)
        for each in file.answers
    ]  # fmt: skip


# ---------------------------------------------------------------- pain.001


def test_a_payment_file_holds_what_the_order_says(tmp_path: Path) -> None:
    some = [transfer(1, name="面馆 & <茶>"), transfer(2, bank_no=""), transfer(3, purpose="")]
    content = written(tmp_path / "x.xml", order(*some), "iso20022")
    root = ElementTree.fromstring(content)
    head, payment = root[0].find(f"{OURS}GrpHdr"), root[0].find(f"{OURS}PmtInf")
    assert head is not None and payment is not None
    assert [each.text for each in head[:4]] == ["ORDER-1", "2026-03-31T23:33:20Z", "3", "6.03"]
    assert payment.findtext(f"{OURS}ReqdExctnDt/{OURS}Dt") == "2026-04-01"
    assert payment.findtext(f".//{OURS}DbtrAcct//{OURS}Othr/{OURS}Id") == PAYER.account_no
    found = payment.findall(f"{OURS}CdtTrfTxInf")
    assert [read_back(each) for each in found] == some


def read_back(element: ElementTree.Element) -> Transfer:
    """A transfer as the file has it."""

    def text(path: str) -> str:
        return element.findtext("/".join(f"{OURS}{part}" for part in path.split("/"))) or ""

    amount = element.find(f"{OURS}Amt/{OURS}InstdAmt")
    assert amount is not None and amount.get("Ccy") == "CNY" and amount.text
    assert text("PmtId/InstrId") == text("PmtId/EndToEndId")
    member = text("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    assert text("CdtrAgt/FinInstnId/ClrSysMmbId/ClrSysId/Cd") == ("CNAPS" if member else "")
    return Transfer(
        text("PmtId/EndToEndId"),
        text("Cdtr/Nm"),
        text("CdtrAcct/Id/Othr/Id"),
        text("CdtrAgt/FinInstnId/Nm"),
        member,
        money.fen(amount.text),
        text("RmtInf/Ustrd"),
    )


NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"]),
    min_size=1,
    max_size=40,
)
TRANSFERS = st.builds(
    Transfer,
    transfer_no=st.text("ABC0123456789-", min_size=1, max_size=35),
    name=NAMES,
    account_no=st.text("0123456789", min_size=1, max_size=34),
    bank=NAMES,
    bank_no=st.from_regex(r"([0-9]{12})?", fullmatch=True).filter(str.isascii),
    amount_fen=st.integers(1, 10**14),
    purpose=NAMES | st.just(""),
)


@given(st.lists(TRANSFERS, min_size=1, max_size=5, unique_by=lambda each: each.transfer_no))
def test_every_transfer_that_is_written_is_read_back(some: list[Transfer]) -> None:
    root = ElementTree.fromstring(b"".join(pain001.pieces(order(*some))))
    assert [read_back(each) for each in root.iter(f"{OURS}CdtTrfTxInf")] == some
    assert root.findtext(f".//{OURS}CtrlSum") == money.yuan(sum(each.amount_fen for each in some))


@given(st.lists(TRANSFERS, min_size=1, max_size=5, unique_by=lambda each: each.transfer_no))
def test_every_transfer_of_a_table_is_read_back(some: list[Transfer]) -> None:
    bank = banks.load("voucher")
    assert bank.table is not None
    from vouchercli.formats.banks import payment_tables

    content = b"".join(payment_tables.pieces(order(*some), bank.table)).decode("utf-8-sig")
    rows = [*csv.DictReader(io.StringIO(content, newline=""))]
    made = [
        Transfer(
            row["transfer_no"].removeprefix("'"), row["name"].removeprefix("'"), row["account_no"],
            row["bank"].removeprefix("'"), row["bank_no"], money.fen(row["amount"]),
            row["purpose"].removeprefix("'"),
        )
        for row in rows
    ]  # fmt: skip
    assert made == [_without_mark(each) for each in some]


def _without_mark(made: Transfer) -> Transfer:
    """The same, where a text begins with the very mark that disarms."""
    return made._replace(
        name=made.name.removeprefix("'"),
        bank=made.bank.removeprefix("'"),
        purpose=made.purpose.removeprefix("'"),
    )


@pytest.mark.parametrize("bank", ["iso20022", "voucher", "icbc-batch"])
def test_the_same_order_gives_the_same_bytes(tmp_path: Path, bank: str) -> None:
    made = order(*(transfer(number) for number in range(1, 60)))
    first = payment_files.write(tmp_path / "a", made, banks.load(bank))
    assert payment_files.write(tmp_path / "b", made, banks.load(bank)) == first
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    total = sum(each.amount_fen for each in made.transfers)
    assert first == (Written(59, total), sha256(content).hexdigest())


def test_amounts_are_exact() -> None:
    for text, fen in {
        "1": 100,
        "1.2": 120,
        "1.23000": 123,
        "+0.01": 1,
        "9" * 15 + ".99": 10**17 - 1,
    }.items():
        assert money.fen(text) == fen
    for text in ("", "1.", ".5", "1.001", "1e3", "-1", "1,2", "١", "9" * 17, "NaN"):
        with pytest.raises(ValueError):
            money.fen(text)
    assert [money.yuan(fen) for fen in (0, 1, 100, 123456)] == ["0.00", "0.01", "1.00", "1234.56"]


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "a long name": ({"name": "字" * 141}, "name of the payee: it has 141 characters, 140"),
    "a long number": ({"transfer_no": "T" * 36}, "number of the transfer: it has 36"),
    "a long purpose": ({"purpose": "x" * 141}, "purpose: it has 141 characters"),
    "no name": ({"name": " "}, "name of the payee: it is missing"),
    "no account": ({"account_no": ""}, "account of the payee: it is missing"),
    "a control character": ({"name": "面\x0b馆"}, "character U+000B cannot be written"),
    "a line break": ({"purpose": "a\nb"}, "character U+000A cannot be written"),
    "half a character": ({"name": "a\ud800"}, "character U+D800 cannot be written"),
    "a hidden mark": ({"account_no": "622\u200b1"}, "character U+200B cannot be written"),
    "a bank number of letters": (
        {"bank_no": "ICBCCNBJ"},
        "bank number of the payee: it must be 12",
    ),
    "an Arabic digit": ({"bank_no": "10533100001٢"}, "bank number of the payee: it must be 12"),
    "nothing": ({"amount_fen": 0}, "its amount must be more than 0"),
    "less than nothing": ({"amount_fen": -1}, "its amount must be more than 0"),
    "too much": ({"amount_fen": 10**15}, "its amount must be more than 0"),
    "a blank before it": ({"name": " 面馆"}, "it begins or ends with a blank"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_written_is_refused_and_nothing_is(tmp_path: Path, fault: str) -> None:
    changed, said = FAULTS[fault]
    for bank in ("iso20022", "voucher", "icbc-batch"):
        with pytest.raises(VoucherError) as caught:
            written(tmp_path / "x", order(transfer(1), transfer(2, **changed)), bank)
        if bank == "iso20022":
            assert caught.value.code == "bad_payment_order"
            assert any(said in each.text.format(**each.params) for each in caught.value.problems)
    assert list(tmp_path.iterdir()) == []


def test_faults_of_the_order_itself_are_refused(tmp_path: Path) -> None:
    made = order(transfer(1))
    for wrong in (
        made._replace(order_no=""),
        made._replace(order_no="x" * 36),
        made._replace(payer=PAYER._replace(name="")),
        made._replace(payer=PAYER._replace(bank_no="1")),
        made._replace(transfers=[]),
        made._replace(transfers=[transfer(1), transfer(1)]),
    ):
        with pytest.raises(VoucherError) as caught:
            written(tmp_path / "x", wrong, "iso20022")
        assert [each.code for each in caught.value.problems] == ["bad_transfer"]
    with pytest.raises(TypeError):
        written(tmp_path / "x", made._replace(transfers=iter([transfer(1)])), "iso20022")


def test_no_account_number_stands_in_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(VoucherError) as caught:
        written(tmp_path / "x", order(transfer(1, account_no="6222081202" * 4)), "iso20022")
    assert "6222081202" not in repr((str(caught.value), caught.value.problems))


# ---------------------------------------------------------------- tables for banks


def test_the_workbook_has_the_columns_of_the_template_and_texts_for_numbers(tmp_path: Path) -> None:
    made = order(transfer(1, account_no="0012345678901234567", name="=1+1面馆"), transfer(2))
    written(tmp_path / "x.xlsx", made, "icbc-batch")
    book = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "x.xlsx"))
    head, first, second = book.get_sheet_by_name("批量支付").to_python()
    assert head[:4] == ["币种", "日期", "明细标志", "顺序号"] and len(head) == 19
    row = dict(zip(head, first, strict=True))
    assert row["收款账号"] == "0012345678901234567"
    assert row["收款账号名称"] == "=1+1面馆"
    assert (row["金额"], row["日期"], row["自定义序号"]) == (1.01, "20260401", "T-1")
    assert (row["币种"], row["顺序号"], row["收款账号省份"]) == ("RMB", "1", "")
    assert dict(zip(head, second, strict=True))["金额"] == 2.01


def test_more_transfers_than_the_bank_takes_are_refused(tmp_path: Path) -> None:
    made = order(*(transfer(number) for number in range(1, 1002)))
    with pytest.raises(VoucherError) as caught:
        written(tmp_path / "x.xlsx", made, "icbc-batch")
    assert caught.value.code == "too_many_transfers"


PROFILE = """
bank: other
payment:
  form: csv
  encoding: {encoding}
  delimiter: "|"
  unit: fen
  days: yyyy-mm-dd
  header: none
  above: [[{{value: 总笔数}}, count, {{value: 总金额}}, sum]]
  below: [[{{value: END}}, pay_on]]
  columns:
    号: transfer_no
    户名: {{field: name, most_bytes: 12}}
    账号: account_no
    金额: amount
"""


def other(tmp_path: Path, text: str) -> banks.Bank:
    (tmp_path / "other.yaml").write_text(text, "utf-8")
    return banks.load(tmp_path / "other.yaml")


def test_a_profile_says_heads_feet_units_and_encoding(tmp_path: Path) -> None:
    bank = other(tmp_path, PROFILE.format(encoding="gb18030"))
    made = order(transfer(1, name="=面馆"), transfer(2, name="老 面馆"))
    payment_files.write(tmp_path / "x.csv", made, bank)
    assert (tmp_path / "x.csv").read_bytes().decode("gb18030") == (
        "总笔数|2|总金额|302\r\n"
        "T-1|'=面馆|6222081202000000001|101\r\n"
        "T-2|老 面馆|6222081202000000002|201\r\n"
        "END|2026-04-01\r\n"
    )
    with pytest.raises(VoucherError) as caught:
        payment_files.check(order(transfer(1, name="七个字的面馆吗")), bank)
    assert "it has 14 bytes, 12 are allowed" in str(caught.value.problems[0].text).format(
        **caught.value.problems[0].params
    )


def test_what_the_encoding_does_not_have_is_refused(tmp_path: Path) -> None:
    bank = other(tmp_path, PROFILE.format(encoding="big5"))
    with pytest.raises(VoucherError) as caught:
        payment_files.check(order(transfer(1, name="饺子馆😀")), bank)
    assert "U+" in caught.value.problems[0].params["code"]


@pytest.mark.parametrize("name", banks.names())
def test_every_shipped_profile_is_read(name: str) -> None:
    bank = banks.load(name)
    assert bank.bank == name and bank.name["zh"] and bank.suffix in (".csv", ".xlsx", ".xml")
    assert (bank.table is None) == (bank.form == "pain.001")


WRONG = {
    "bank: x\npayment: {form: csv, columns: {a: transfer_no}}": "missing_field",
    "bank: x\npayment: {form: pain.001, most_rows: 3}": "misplaced_key",
    "bank: x\npayment: {form: csv}": "missing_key",
    "bank: x\npayment: {form: fax}": "not_a_choice",
    "bank: X Y\npayment: {form: pain.001}": "wrong_form",
    "bank: x\npayment: {form: pain.001}\nanswers: {columns: {transfer_no: a}}": "missing_field",
    "bank: x\npayment: {form: pain.001}\nanswers: {columns: {transfer_no: a, status: b, name: c}}":
        "unknown_field",
    "bank: x\npayment: {form: pain.001}\nanswers: {refunds: positive, columns: {transfer_no: a, status: b}}":
        "misplaced_key",
    "bank: x\npayment: {form: xlsx, delimiter: ';', columns: {a: transfer_no, b: name, c: account_no, d: amount}}":
        "misplaced_key",
    "bank: x\npayment: {form: csv, delimiter: 'ab', columns: {a: transfer_no, b: name, c: account_no, d: amount}}":
        "bad_delimiter",
    "bank: x\npayment: {form: csv, columns: {a: transfer_no, b: name, c: account_no, d: {field: amount, value: x}}}":
        "unclear_origin",
    "bank: x\npayment: {form: csv, columns: {a: transfer_no, b: name, c: account_no, d: amount, e: {value: x, most: 3}}}":
        "misplaced_key",
    "bank: x\npayment: {form: xlsx, sheet: 'a/b', columns: {a: transfer_no, b: name, c: account_no, d: amount}}":
        "wrong_form",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_faulty_profile_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(VoucherError) as caught:
        other(tmp_path, text + "\n")
    assert WRONG[text] in [each.code for each in caught.value.problems]
    assert all(each.where.count(":") == 2 for each in caught.value.problems)


# ---------------------------------------------------------------- answers


def test_a_status_report_of_one_bank() -> None:
    file = read("pain002_a.xml")
    assert file[2:7] == ("SYNTHETIC-A/20260401-PSR/1", "ORDER-1", 5, 1505, None)
    assert short(file) == [
        (26, "T-1", "accepted", 101, None, "A-0001", "NARR"),
        (38, "T-2", "accepted", None, None, "", ""),
        (42, "T-3", "rejected", None, None, "", "AC01"),
    ]
    assert file.answers[2].reason == "收款账号 ***0003 不存在 请核对户名"
    assert file.of_orders == ()


def test_a_status_report_of_another_bank_in_gbk() -> None:
    file = read("pain002_b.xml")
    assert short(file) == [(16, "T-1", "paid", None, 20260401, "B-77", "")]
    (whole,) = file.of_orders
    assert whole[1:5] == ("ORDER-1", "accepted", 5, 1505)
    assert (whole.reason, whole.said, whole.is_repeat) == ("已受理", "ACSP", False)
    assert file.made_at == 1_775_008_800


def test_statements_of_two_banks() -> None:
    one, two = read("camt053_a.xml"), read("camt053_b.xml")
    assert short(one) == [
        (19, "T-1", "paid", 101, 20260401, "A-0001", ""),
        (23, "T-2", "paid", 201, 20260401, "A-0002", ""),
        (37, "T-5", "accepted", 501, None, "", ""),
    ]
    assert (one.others, one.others_fen, one.problems) == (1, 52, ())
    assert short(two) == [(20, "T-1", "returned", 101, 20260407, "B-RTR-1", "AC04")]
    assert two.answers[0].reason == "账户已销户"
    assert [each[1:6] for each in two.of_orders] == [("ORDER-2", "paid", 12, 5700, 20260407)]
    assert (two.others, two.others_fen, two.problems) == (1, -5000, ())
    assert one.accounts == two.accounts == (PAYER.account_no,)


def test_notifications_of_two_banks() -> None:
    assert short(read("camt054_a.xml")) == [
        (12, "T-1", "paid", 101, 20260401, "A-0001", ""),
        (17, "T-2", "paid", 201, 20260401, "A-0002", ""),
    ]
    assert short(read("camt054_b.xml")) == [
        (13, "T-4", "paid", 401, 20260403, "", ""),
        (14, "T-2", "returned", 201, 20260403, "", "B012"),
        (23, "T-5", "returned", 501, 20260403, "B-RVS-5", ""),
    ]


def test_the_same_booking_has_the_same_number_in_a_notification_and_a_statement() -> None:
    told = {each.transfer_no: each.entry_no for each in read("camt054_a.xml").answers}
    booked = {each.transfer_no: each.entry_no for each in read("camt053_a.xml").answers}
    assert told == {number: booked[number] for number in told}


def test_tables_of_answers_are_read_by_the_profile_of_the_bank(tmp_path: Path) -> None:
    assert short(read("icbc_batch.csv", "icbc-batch")) == [
        (2, "T-1", "paid", 101, 20260401, "LS001", ""),
        (3, "T-2", "accepted", 201, None, "", ""),
        (4, "T-3", "rejected", 301, None, "", ""),
        (5, "T-4", "returned", 401, 20260403, "LS004", ""),
    ]
    file = read("icbc_batch.csv", "icbc-batch")
    assert file.answers[2].reason == "收款账号 ***0003 户名不符"
    assert [each.said for each in file.answers] == ["交易成功", "处理中", "交易失败", "退汇"]
    assert short(read("voucher.csv", "voucher")) == [
        (2, "T-1", "paid", 101, 20260401, "R1", ""),
        (3, "T-2", "rejected", 201, None, "", "AC01"),
    ]
    book = xlsxwriter.Workbook(str(tmp_path / "x.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["自定义序号", "处理状态", "金额", "日期"])
    sheet.write_row(1, 0, ["T-1", "处理成功", 1.01, "2026年4月1日"])
    book.close()
    found = answers.read(tmp_path / "x.xlsx", banks.load("icbc-batch"))
    assert short(found) == [(2, "T-1", "paid", 101, 20260401, "", "")]


def test_an_answer_in_a_zip_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.write(CASES / "camt054_a.xml", "n.xml")
    assert len(answers.read(tmp_path / "x.zip").answers) == 2


# ---------------------------------------------------------------- damaged, doubled, strange


def changed(tmp_path: Path, name: str, old: str, new: str, count: int = 1) -> Path:
    """A case with one place changed."""
    text = (CASES / name).read_text("utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, count), "utf-8")
    return path


TX = "<ns2:TxSts>ACSP</ns2:TxSts>"
DAMAGE = [
    ("pain002_a.xml", TX, "<ns2:TxSts>ACXX</ns2:TxSts>", "unknown_bank_status", 28),
    ("pain002_a.xml", TX, "<ns2:TxSts>BLCK</ns2:TxSts>", "unknown_bank_status", 28),
    ("pain002_a.xml", "PART<", "WELL<", "unknown_bank_status", 14),
    ("pain002_a.xml", ">T-2<", ">T-1<", "bank_answer_twice", 38),
    ("pain002_a.xml", ">T-2<", ">NOTPROVIDED<", "bank_value_missing", 38),
    ("pain002_a.xml", 'Ccy="CNY">1.01', 'Ccy="EUR">1.01', "bank_currency", 35),
    ("pain002_a.xml", ">1.01<", ">1.015<", "bad_bank_value", 35),
    ("pain002_a.xml", ">1.01<", ">1,01<", "bad_bank_value", 35),
    ("pain002_a.xml", ">1.01<", ">-1.01<", "bad_bank_value", 35),
    ("pain002_a.xml", ">2</ns2:DtldNbOfTxs>", ">3</ns2:DtldNbOfTxs>", "bank_sums_differ", 15),
    ("pain002_a.xml", ">2</ns2:DtldNbOfTxs>", ">two</ns2:DtldNbOfTxs>", "bad_bank_value", 16),
    ("pain002_a.xml", ">pain.001.001.09<", ">pain.008.001.08<", "bank_other_original", 9),
    ("pain002_a.xml", ">5</ns2:OrgnlNbOfTxs>", ">5.5</ns2:OrgnlNbOfTxs>", "bad_bank_value", 12),
    ("pain002_a.xml", "2026-04-01T11:40:48", "2026-04-31T11:40:48", "bad_bank_value", 7),
    ("camt053_a.xml", ">3.02<", ">3.03<", "bank_sums_differ", 12),
    ("camt053_a.xml", "<NbOfTxs>2<", "<NbOfTxs>3<", "bank_sums_differ", 18),
    ("camt053_a.xml", "<Sts>BOOK<", "<Sts>BOKE<", "unknown_bank_status", 12),
    ("camt053_a.xml", "<CdtDbtInd>DBIT<", "<CdtDbtInd>DEBT<", "bank_value_missing", 12),
    ("camt053_a.xml", "<Sts>BOOK</Sts>", "", "bank_value_missing", 12),
    ("camt053_a.xml", '<Amt Ccy="CNY">3.02</Amt>', "", "bank_value_missing", 12),
    ("camt053_a.xml", '<Amt Ccy="CNY">1000.00</Amt>', "", "bank_value_missing", 10),
    ("camt053_a.xml", "2026-04-01T20:00:00+08:00", "this evening", "bad_bank_value", 5),
    ("pain002_a.xml", "OrgnlGrpInfAndSts>", "OrgnlGrp>", "bank_value_missing", 4),
    ("camt053_a.xml", "<BookgDt><Dt>2026-04-01<", "<BookgDt><Dt>2026-02-30<", "bad_bank_value", 14),
    ("camt053_b.xml", "<NbOfNtries>3<", "<NbOfNtries>4<", "bank_sums_differ", 12),
    ("camt053_b.xml", "<Sum>108.01<", "<Sum>108.02<", "bank_sums_differ", 12),
    ("camt053_b.xml", "<Sum>57.00<", "<Sum>57.01<", "bank_sums_differ", 14),
    ("camt054_a.xml", ">T-2<", ">T-1<", "", 0),
    ("camt054_a.xml", "BkToCstmrDbtCdtNtfctn", "BkToCstmrAcctRpt", "unknown_bank_message", 4),
    ("camt054_a.xml", "<Document ", "<Envelope ", "bad_bank_xml", 21),
]


@pytest.mark.parametrize(("name", "old", "new", "code", "line"), DAMAGE)
def test_what_is_not_understood_refuses_the_whole_file_with_its_line(
    tmp_path: Path, name: str, old: str, new: str, code: str, line: int
) -> None:
    is_pair = old.startswith(("BkToCstmr", "Orgnl"))  # an element's beginning and end
    path = changed(tmp_path, name, old, new, 2 if is_pair else 1)
    if not code:  # two references: it was paid twice, which the settlement has to see
        assert [each.transfer_no for each in answers.read(path).answers] == ["T-1", "T-1"]
        return
    error = refused(path)
    assert (error.code, int(error.where.split(":")[1])) == (code, line)


def test_a_booking_that_stands_in_a_statement_twice_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, "camt054_a.xml", ">T-2<", ">T-1<")
    path.write_text(path.read_text("utf-8").replace("A-0002", "A-0001"), "utf-8")
    error = refused(path)
    assert (error.code, error.params["transfer_no"]) == ("bank_answer_twice", "T-1")
    assert (error.where, error.params["first"]) == (f"{path}:17:19", f"{path}:12:19")


def test_an_entry_that_books_nothing_or_not_yet_pays_nobody(tmp_path: Path) -> None:
    told = changed(tmp_path, "camt054_a.xml", "<Sts>BOOK<", "<Sts>INFO<", 2)
    assert answers.read(told).answers == ()
    back = "<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>{}<"
    path = changed(tmp_path, "camt053_b.xml", back.format("BOOK"), back.format("PDNG"))
    assert answers.read(path).answers == ()


def test_a_transaction_without_a_status_has_that_of_its_order(tmp_path: Path) -> None:
    text = (CASES / "pain002_b.xml").read_bytes().replace(b"<TxSts>ACSC</TxSts>", b"")
    (tmp_path / "x.xml").write_bytes(text)
    file = answers.read(tmp_path / "x.xml")
    assert (file.answers, [each.status for each in file.of_orders]) == ((), ["accepted"])


def test_charges_in_an_entry_make_it_more_than_its_transactions(tmp_path: Path) -> None:
    text = "<NtryDtls>\n          <Btch>"
    charges = "<Chrgs><TtlChrgsAndTaxAmt Ccy='CNY'>0.01</TtlChrgsAndTaxAmt></Chrgs>"
    path = changed(tmp_path, "camt053_a.xml", text, charges + text)
    path.write_text(path.read_text("utf-8").replace(">3.02<", ">3.03<"), "utf-8")
    assert [each.amount_fen for each in answers.read(path).answers] == [101, 201, 501]


@pytest.mark.parametrize("name", ["pain002_a.xml", "camt053_b.xml", "camt054_b.xml"])
def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path, name: str) -> None:
    whole = (CASES / name).read_bytes().rstrip()
    for end in range(1, len(whole), 53):
        (tmp_path / "x.xml").write_bytes(whole[:end])
        error = refused(tmp_path / "x.xml")
        assert error.code in ("bad_bank_xml", "bank_profile_needed")


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<Document><CstmrPmtStsRpt>&b;</CstmrPmtStsRpt></Document>"
)
OUTSIDE = (
    '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<Document><CstmrPmtStsRpt>&x;</CstmrPmtStsRpt></Document>"
)
DEEP = "<Document><CstmrPmtStsRpt>" + "<a>" * 100
LONG = "<Document><CstmrPmtStsRpt>" + "x" * 200_000
BROKEN = {
    "entities": LAUGHS,
    "a file": OUTSIDE,
    "depth": DEEP,
    "length": LONG,
    "two files": (CASES / "camt054_a.xml").read_text("utf-8") * 2,
    "an unknown entity": "<Document><CstmrPmtStsRpt>&b;</CstmrPmtStsRpt></Document>",
    "an unknown prefix": "<a:Document/>",
    "no encoding": '<?xml version="1.0" encoding="x-latin-9-of-ours"?><Document/>',
    "another encoding": '<?xml version="1.0" encoding="utf-16"?><Document/>',
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_sound_message_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.xml").write_text(BROKEN[name], "utf-8")
    error = refused(tmp_path / "x.xml")
    assert error.code == "bad_bank_xml"
    assert int(error.where.split(":")[-1]) >= 1


def test_a_message_that_is_not_in_its_encoding_is_refused(tmp_path: Path) -> None:
    content = (CASES / "pain002_b.xml").read_bytes()
    (tmp_path / "x.xml").write_bytes(content.replace("已受理".encode("gbk"), b"\x81\x20\xff"))
    assert refused(tmp_path / "x.xml").code == "bad_bank_xml"
    (tmp_path / "x.xml").write_bytes(content.replace(b"GBK", b"UTF-8"))
    assert refused(tmp_path / "x.xml").code == "bad_bank_xml"


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig", "big5"])
def test_messages_of_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = (CASES / "camt053_a.xml").read_text("utf-8").replace("手续费", "費")
    named = encoding.removesuffix("-sig")
    (tmp_path / "x.xml").write_bytes(text.replace("UTF-8", named, 1).encode(encoding))
    assert short(answers.read(tmp_path / "x.xml")) == short(read("camt053_a.xml"))


def test_a_missing_entry_is_a_warning_and_the_others_are_used(tmp_path: Path) -> None:
    path = changed(tmp_path, "camt053_a.xml", ">996.46<", ">991.45<")
    file = answers.read(path)
    (problem,) = file.problems
    assert (problem.code, problem.level) == ("bank_statement_gap", "warning")
    assert (problem.params["closing"], problem.params["expected"]) == ("991.45", "996.46")
    assert len(file.answers) == 3


def test_a_page_of_several_is_not_held_to_the_sums_of_all(tmp_path: Path) -> None:
    page = "<Id>B-7</Id><StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>"
    path = changed(tmp_path, "camt053_b.xml", "<Id>B-7</Id>", page)
    path.write_text(path.read_text("utf-8").replace("<NbOfNtries>3<", "<NbOfNtries>9<"), "utf-8")
    assert len(answers.read(path).answers) == 1


def test_a_return_without_its_number_is_a_warning(tmp_path: Path) -> None:
    one = "<InstrId>T-1</InstrId><EndToEndId>T-1</EndToEndId>"
    file = answers.read(changed(tmp_path, "camt053_b.xml", one, "<TxId>77</TxId>"))
    assert ([each.code for each in file.problems], file.answers) == (["bank_return_unnamed"], ())


def test_a_group_that_is_rejected_is_an_answer_for_its_order(tmp_path: Path) -> None:
    text = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr>'
        "<MsgId>M</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>ORDER-1</OrgnlMsgId>"
        "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>"
        "</OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    )
    for code, is_repeat in (("FF01", False), ("DUPL", True), ("AM05", True)):
        (tmp_path / "x.xml").write_text(text.format(code=code))
        (whole,) = answers.read(tmp_path / "x.xml").of_orders
        assert whole[1:3] == ("ORDER-1", "rejected")
        assert (whole.reason_code, whole.is_repeat) == (code, is_repeat)
    (tmp_path / "x.xml").write_text(text.replace("RJCT", "PART"))
    assert refused(tmp_path / "x.xml").code == "no_bank_answers"


ROWS = "transfer_no,status,amount,paid_on\n"
TABLES = {
    "T-1,settled,1.00,2026-04-01\n": ("unknown_bank_status", 2),
    "T-1,paid,1.00,2026-04-01\nT-1,paid,1.00,2026-04-01\n": ("bank_answer_twice", 3),
    "T-1,paid,1.005,2026-04-01\n": ("bad_bank_rows", 2),
    "T-1,paid,1.00,2026-02-30\n": ("bad_bank_rows", 2),
    "T-1,paid,1.00\n": ("bad_bank_rows", 2),
    ",paid,1.00,2026-04-01\n": ("bad_bank_rows", 2),
    "1.23E+15,paid,1.00,2026-04-01\n": ("bad_bank_rows", 2),
    "": ("no_bank_answers", 1),
}


@pytest.mark.parametrize("rows", TABLES)
def test_a_table_that_is_not_understood_is_refused_with_its_line(tmp_path: Path, rows: str) -> None:
    (tmp_path / "x.csv").write_text(ROWS + rows, "utf-8")
    error = refused(tmp_path / "x.csv", "voucher")
    code, line = TABLES[rows]
    assert error.code == code
    where = error.problems[0].where if error.problems else error.where
    assert where.endswith(f"x.csv:{line}")


def test_a_table_of_other_columns_or_without_a_profile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert refused(tmp_path / "x.csv", "voucher").code == "unknown_bank_layout"
    assert refused(tmp_path / "x.csv").code == "bank_profile_needed"
    assert refused(tmp_path / "x.csv", "iso20022").code == "bank_profile_needed"
    assert refused(tmp_path / "none.csv").code == "no_such_file"


MESSAGES = [path.read_bytes() for path in sorted(CASES.iterdir())]


@given(
    st.sampled_from(MESSAGES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12)), max_size=4),
)
def test_whatever_comes_is_read_or_refused(content: bytes, changes: list[Any]) -> None:
    """Bytes that are exchanged, taken out or put in make no traceback."""
    for share, length, new in changes:
        at = int(share * len(content))
        content = content[:at] + new + content[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(content)
        try:
            file = answers.read(path, banks.load("icbc-batch"))
        except VoucherError as error:
            assert error.hint or error.problems
            return
    assert file.answers or file.of_orders or file.kind in ("camt.053", "camt.054")
    for each in file.answers:
        assert each.transfer_no and (each.amount_fen is None or each.amount_fen >= 0)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("bank", ["iso20022", "voucher", "icbc-batch"])
def test_a_payment_file_is_for_its_owner_alone(tmp_path: Path, bank: str) -> None:
    payment_files.write(tmp_path / "x", order(transfer(1)), banks.load(bank))
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- large files


def test_a_large_table_is_written_in_pieces(tmp_path: Path) -> None:
    made = PaymentOrder("ORDER-1", 0, 20260401, PAYER, Many(2500))
    payment_files.write(tmp_path / "x.csv", made, banks.load("voucher"))
    rows = (tmp_path / "x.csv").read_text("utf-8-sig").splitlines()
    assert len(rows) == 2501 and rows[-1].startswith("T-2500,")


class Many:
    """So many synthetic transfers, made anew each time they are gone through."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[Transfer]:
        return (transfer(number) for number in range(1, self._count + 1))


def test_a_large_order_is_written_in_pieces() -> None:
    made = PaymentOrder("ORDER-1", 0, 20260401, PAYER, Many(5000))
    sizes = [len(piece) for piece in pain001.pieces(made)]
    assert len(sizes) == 12 and max(sizes) < 500_000


def test_a_large_entry_is_read_without_a_tree_of_it(tmp_path: Path) -> None:
    seen: list[int] = []
    one = "<TxDtls><Refs><EndToEndId>T</EndToEndId></Refs></TxDtls>"
    text = f"<Document><M><Ntry><NtryDtls>{one * 3000}</NtryDtls></Ntry></M></Document>"
    (tmp_path / "x.xml").write_text(text)

    def found(element: elements.Element) -> None:
        seen.append(len(element.inside))

    with (tmp_path / "x.xml").open("rb") as stream:
        root = elements.read(stream, "x", ("TxDtls", "Ntry"), found)
    assert seen == [1] * 3001
    assert root.inside[0].inside == []


SCHEMAS = {
    "pain.001 (sepaxml)": ("sepaxml", "schemas/pain.001.001.09.xsd"),
    "pain.001 (pain001)": ("pain001", "templates/pain.001.001.09/pain.001.001.09.xsd"),
    "pain.002.001.03": ("pain001", "pain002/schemas/pain.002.001.03.xsd"),
    "pain.002.001.12": ("pain001", "pain002/schemas/pain.002.001.12.xsd"),
}


@pytest.fixture(scope="module")
def judge() -> Callable[[str, Path], list[str]]:
    """What a published schema says against a file."""
    etree = pytest.importorskip("lxml.etree")
    find = "import sys, importlib.util as u; s = u.find_spec(sys.argv[1]); print(s.submodule_search_locations[0] if s else '')"

    def errors(name: str, path: Path) -> list[str]:
        package, inside = SCHEMAS[name]
        if not JUDGES.exists():
            pytest.skip("without the judges (make test-slow)")
        place = subprocess.run(
            [JUDGES, "-c", find, package], capture_output=True, text=True, check=True
        )
        if not place.stdout.strip():
            pytest.skip(f"without {package}")
        schema = etree.XMLSchema(etree.parse(str(Path(place.stdout.strip(), inside))))
        schema.validate(etree.parse(str(path), etree.XMLParser(huge_tree=True)))
        return [str(each) for each in schema.error_log][:5]

    return errors


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3, 100_000])
@pytest.mark.parametrize("name", ["pain.001 (sepaxml)", "pain.001 (pain001)"])
def test_payment_files_are_valid_by_the_published_schema(
    tmp_path: Path, judge: Callable[[str, Path], list[str]], count: int, name: str
) -> None:
    made = PaymentOrder("ORDER-1", 1_775_000_000, 20260401, PAYER, Many(count))
    payment_files.write(tmp_path / "x.xml", made, banks.load("iso20022"))
    assert judge(name, tmp_path / "x.xml") == []
    text = (tmp_path / "x.xml").read_text("utf-8")
    (tmp_path / "y.xml").write_text(text.replace("CtrlSum>", "CtrlSumme>", 2), "utf-8")
    assert judge(name, tmp_path / "y.xml")


@pytest.mark.slow
def test_the_status_reports_of_the_cases_are_valid(
    judge: Callable[[str, Path], list[str]],
) -> None:
    assert judge("pain.002.001.03", CASES / "pain002_a.xml") == []
    assert judge("pain.002.001.12", CASES / "pain002_b.xml") == []
    assert judge("pain.002.001.12", CASES / "pain002_a.xml")


HEADER = (
    '<h:AppHdr xmlns:h="urn:iso:std:iso:20022:tech:xsd:head.001.001.02">'
    "<h:MsgDefIdr>any</h:MsgDefIdr></h:AppHdr>"
)


def enveloped(tmp_path: Path, name: str, *, copies: int = 1) -> Path:
    """A message of `cases/banks` in the envelope in which many banks send it."""
    text = (CASES / name).read_text("utf-8")
    begin, _, body = text.partition("?>")
    path = tmp_path / f"enveloped-{name}"
    path.write_text(f"{begin}?><x:Envelope xmlns:x='urn:x'>{HEADER}{body * copies}</x:Envelope>")
    return path


@pytest.mark.parametrize("name", ["pain002_a.xml", "camt053_a.xml", "camt054_b.xml"])
def test_a_message_in_an_envelope_is_the_message(tmp_path: Path, name: str) -> None:
    plain, inside = answers.read(CASES / name), answers.read(enveloped(tmp_path, name))
    numbers = [[each[1:] for each in file.answers] for file in (plain, inside)]
    assert numbers[0] == numbers[1]
    assert plain.kind == inside.kind


def test_an_envelope_with_two_messages_is_refused(tmp_path: Path) -> None:
    error = refused(enveloped(tmp_path, "pain002_a.xml", copies=2))
    assert error.code == "bad_bank_xml"
    assert "two messages" in str(error)


def test_an_envelope_without_a_message_is_none(tmp_path: Path) -> None:
    path = tmp_path / "empty.xml"
    path.write_text(f"<Envelope>{HEADER}</Envelope>")
    error = refused(path)
    assert error.code == "unknown_bank_message"
    assert "Envelope/AppHdr" in str(error)
