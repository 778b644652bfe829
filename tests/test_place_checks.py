"""What `check` recomputes of where and when a voucher was used, of refunds and of committed money."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns
from conftest import CLAIMS, MERCHANTS
from memory import copied
from test_redemptions import take_in
from test_tampering import found_in, tamper

if TYPE_CHECKING:
    from pathlib import Path

SCOPES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a merchant elsewhere": (
        {"districts": ["西湖区"]},
        "UPDATE redemptions SET merchant_id = 2, segment_id = (SELECT segment_id FROM merchants"
        " WHERE merchant_id = 2)",
        "district 上城区, districts 西湖区",
    ),
    "a segment of another district": (
        {"districts": ["西湖区"]},
        "UPDATE redemptions SET segment_id = (SELECT segment_id FROM merchants"
        " WHERE merchant_id = 2)",
        "district 上城区, districts 西湖区",
    ),
    "a merchant that is excluded": (
        {"exclude": ["M2"]},
        "UPDATE redemptions SET merchant_id = 2",
        "excluded M2",
    ),
    "an hour at night": (
        {"hours": ["09:00-22:00"]},
        "UPDATE redemptions SET paid_at = paid_at - 1800",
        "hour 08:30, hours 09:00-22:00",
    ),
    "another channel": (
        {"channel": "offline"},
        "UPDATE redemptions SET channel = 2",
        "used_channel online, only_channel offline",
    ),
}


@pytest.mark.parametrize(("scope", "edit", "words"), SCOPES.values(), ids=SCOPES)
def test_a_payment_out_of_its_scope_is_named(
    voucher: Any, here: Path, scope: dict[str, Any], edit: str, words: str
) -> None:
    programme = towns.programme(funds={"treasury": "1000000.00"})
    towns.build(voucher, programme, towns.pack("pack", scope=scope))
    towns.make_round(voucher, "r1", closes="2020-03-28 08:00", state="open")
    voucher("merchant", "import", towns.write("merchants.csv", MERCHANTS))
    voucher("claim", "import", towns.write("claims.csv", CLAIMS))
    take_in(voucher, here, "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,0,10,", expect=0)
    # a move of the merchant after the payment is not held against it
    moved = MERCHANTS.replace("西湖区", "滨江区").replace("面馆", "新面馆")
    voucher("merchant", "import", towns.write("moved.csv", moved), expect=None)
    with closing(sqlite3.connect(here / "voucher.db")) as file, closing(copied(file)) as db:
        assert found_in(db) == {}
        tamper(db, edit)
        assert found_in(db)["scope_by_law"] == [("T1", "in scope of r1", words)]


def test_money_that_follows_top_ups_and_lowers_is_no_breach(city: Any, here: Path) -> None:
    voucher = city()
    voucher("round", "top-up", "r1", "--packs", "5", "--actor", "chen", expect=0)
    voucher("round", "approve", "r1", "--actor", "li", expect=None)
    with closing(sqlite3.connect(here / "voucher.db")) as file, closing(copied(file)) as db:
        assert found_in(db) == {}
        tamper(db, "UPDATE rounds SET packs = packs + 1")
        assert "committed_by_packs" in found_in(db)
