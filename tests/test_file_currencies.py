"""The column of a file that says in which currency its amounts are: no profile names it, and it is
believed all the same. All data is synthetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.formats.tables import currencies
from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,subsidy"
YUAN = ("CNY", "cny", "RMB", "人民币", "￥", "156", "", "-", "ＣＮＹ")
YUAN += ("人民币(CNY)", "RMB-人民币", "人民币元", "本位币", "01", "001", "10")
OTHERS = ("USD", "HKD", "CNH", "美元", "港币", "344", "$", "CNY USD", "840", "CNY/$")


@pytest.mark.parametrize("cell", YUAN)
def test_yuan_is_known_however_it_is_written(cell: str) -> None:
    assert currencies.is_yuan(cell)


@pytest.mark.parametrize("cell", OTHERS)
def test_nothing_else_is_yuan(cell: str) -> None:
    assert not currencies.is_yuan(cell)


@pytest.mark.parametrize("bytes_", [0, 1 << 40])
@pytest.mark.parametrize("name", ["currency", "币种", "货币种类"])
def test_a_row_in_another_currency_is_rejected(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch, name: str, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    voucher = city()
    words = ("CNY", "USD", "人民币", "港币", "")
    rows = "".join(
        f"T{at},pay,C1,{at},M1,2020-03-28 12:0{at}:00,100.00,10.00,{word}\n"
        for at, word in enumerate(words, 1)
    )
    (here / "p.csv").write_text(f"{HEAD},{name}\n{rows}", "utf-8")
    ran = voucher("redemption", "import", "p.csv", expect=4)
    assert f"p.csv:3: error: {name}: USD: the amounts of this row are in another" in ran.err
    assert f"p.csv:5: error: {name}: 港币" in ran.err
    assert "columns not used" not in ran.err
    paid = voucher("redemption", "list", "-o", "json").data["redemptions"]
    assert "T2" not in {row["transaction_no"] for row in paid}
    assert "T4" not in {row["transaction_no"] for row in paid}
    assert {"T1"} <= {row["transaction_no"] for row in paid}


def test_a_bill_in_another_currency_agrees_with_nothing(city: Any, here: Path) -> None:
    voucher = city()
    rows = "T1,pay,M1,2020-03-28 12:01:00,10.00,USD\n"
    (here / "b.csv").write_text(f"transaction_no,kind,merchant_no,paid_at,amount,ccy\n{rows}")
    data = voucher("reconcile", "run", "b.csv", "-o", "json", expect=4).data
    assert data["reasons"] == {"bad_amount": 1}


def test_a_bill_whose_encoding_is_guessed_is_read_again_by_its_own_command(
    city: Any, here: Path
) -> None:
    voucher = city()
    head = "transaction_no,kind,merchant_no,paid_at,amount,status\n"
    row = "T1,pay,M1,2020-03-28 12:01:00,10.00,成功\n"
    (here / "b.csv").write_bytes((head + row).encode("gb18030"))
    ran = voucher("reconcile", "run", "b.csv", expect=None)
    assert "voucher reconcile run b.csv --encoding" in ran.err


def test_an_answer_of_a_bank_in_another_currency_is_refused(city: Any, here: Path) -> None:
    voucher = city()
    towns.write("a.csv", "transfer_no,status,amount,currency\nS1-1,paid,10.00,USD\n")
    said = ("settlement", "paid", "a.csv", "--bank", "voucher", "-o", "json")
    ran = voucher(*said, expect=3)
    assert ran.json["problems"][0]["code"] == "bad_bank_rows"
