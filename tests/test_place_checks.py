"""What `check` recomputes of where and when a voucher was used, of refunds and of committed money."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import towns
from conftest import CLAIMS, MERCHANTS
from memory import copied
from test_redemptions import take_in
from test_tampering import found_in, tamper

from vouchercli.rules import scope, times
from vouchercli.rules.merchants import Merchant
from vouchercli.store import place_checks, templates
from vouchercli.store.place_checks import CHANNELS

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


# Scopes of a pack and of one of its vouchers: by place, number, channel and hour, apart and joined.
JOINED: dict[str, dict[str, Any]] = {
    "numbers": {"merchants": ["M1", "M3"], "channel": "offline"},
    "excluded": {"exclude": ["M3", "零售"], "hours": ["09:00-22:00"]},
    "one of several": {"any_of": [{"districts": ["西湖区"]}, {"merchants": ["M2"]}]},
    "several with hours": {
        "any_of": [{"merchants": ["M1"], "hours": ["08:00-12:00"]}, {"channel": "online"}]
    },
}


@pytest.mark.parametrize("given", JOINED.values(), ids=JOINED)
def test_kinds_of_places_are_judged_as_each_payment_is(voucher: Any, given: dict[str, Any]) -> None:
    programme = towns.programme(funds={"treasury": "1000000.00"})
    towns.build(voucher, programme, towns.pack("pack", scope=given))
    towns.make_round(voucher, "r1", closes="2020-03-28 08:00", state="open")
    shops = ("M1,a,西湖区,餐饮", "M2,b,上城区,零售", "M3,c,上城区,餐饮")
    towns.write("shops.csv", "merchant_no,name,district,industry\n" + "\n".join(shops) + "\n")
    voucher("merchant", "import", "shops.csv")
    with closing(sqlite3.connect("voucher.db")) as db:
        db.row_factory = sqlite3.Row
        pack = templates.read(db.execute("SELECT document FROM templates").fetchone()[0])
        judge = place_checks.make_judge(db, {1: (pack, "Asia/Shanghai")}, [1])
        merchants = db.execute(
            "SELECT m.merchant_id, m.merchant_no, s.* FROM merchants m JOIN segments s USING"
            " (segment_id)"
        ).fetchall()
    day = 1_585_238_400  # 2020-03-27 00:00 in Shanghai
    seen = set()
    for shop, channel, hour in product(merchants, (0, 1, 2), range(24)):
        at = day + hour * 3600
        about = Merchant(shop["merchant_no"], shop["district"], shop["industry"], shop["size"])
        clock = times.clock_of(at, "Asia/Shanghai")
        lawful = scope.find_broken(pack.scope_of(1), about, CHANNELS[channel], clock) is None
        assert judge(1, 1, channel, at, shop["merchant_id"], shop["segment_id"]) is not lawful
        seen.add(lawful)
    assert seen == {True, False}


def test_money_that_follows_top_ups_and_lowers_is_no_breach(city: Any, here: Path) -> None:
    voucher = city()
    voucher("round", "top-up", "r1", "--packs", "5", "--actor", "chen", expect=0)
    voucher("round", "approve", "r1", "--actor", "li", expect=None)
    with closing(sqlite3.connect(here / "voucher.db")) as file, closing(copied(file)) as db:
        assert found_in(db) == {}
        tamper(db, "UPDATE rounds SET packs = packs + 1")
        assert "committed_by_packs" in found_in(db)
