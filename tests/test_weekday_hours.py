"""Other hours on other weekdays: rows, columns and `check` judge them alike."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import towns
from test_tampering import tamper

from vouchercli.ops.intake import by_columns

PACK = towns.pack(
    "pack",
    towns.coupon("10", "40"),
    scope={"hours": {"mon-thu": "17:00-22:00", "fri": "18:00-02:00", "sat-sun": "all_day"}},
)
PAID = {  # 27 March 2020 is a Friday
    "2020-03-27 17:59:59": False,
    "2020-03-27 18:00:00": True,
    "2020-03-28 01:59:59": True,
    "2020-03-29 23:59:59": True,
    "2020-03-30 00:00:00": False,
    "2020-03-30 17:00:00": True,
    "2020-03-30 22:00:00": False,
}


@pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["columns", "rows"])
def test_a_payment_keeps_the_hours_of_its_weekday(
    voucher: Any, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    towns.build(voucher, towns.programme(), PACK, merchants="merchant_no,name\nM1,one\n")
    towns.make_round(voucher, "r1", packs=9, state="open")
    rows = [f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(len(PAID))]
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(rows)))
    rows = [f"T{at},pay,C{at},1,M1,{paid},40,0,10,\n" for at, paid in enumerate(PAID)]
    voucher("redemption", "import", towns.write("p.csv", towns.PAYMENTS + "".join(rows)), expect=4)
    stands = voucher("redemption", "list", "-o", "json").data["redemptions"]
    lawful = {f"T{at}" for at, is_open in enumerate(PAID.values()) if is_open}
    assert {row["transaction_no"] for row in stands} == lawful
    rejects = voucher("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert {each["reason"] for each in rejects} == {"out_of_scope"}
    assert "Monday 22:00 is not in hours mon-thu: 17:00-22:00" in rejects[-1]["explanation"]
    voucher("check", "--law")


def test_check_finds_a_payment_outside_the_hours_of_its_weekday(voucher: Any) -> None:
    test_a_payment_keeps_the_hours_of_its_weekday(voucher, pytest.MonkeyPatch(), 1 << 40)
    with closing(sqlite3.connect("voucher.db")) as db:
        tamper(db, "UPDATE redemptions SET paid_at = paid_at - 60 WHERE transaction_no = 'T1'")
        db.commit()
    ran = voucher("check", "-o", "json", expect=5)
    assert "scope_by_law" in {each["check"] for each in ran.data["checks"] if each["breaches"]}
