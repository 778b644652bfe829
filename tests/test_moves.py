"""What a retry says of facts that stood and gave way: from whom to whom, and how much money."""

from __future__ import annotations

from typing import Any

import pytest
import towns

PAYMENT = "{0},pay,{1},1,{2},2020-03-28 {3}:00,100,0,10,"
REFUND = "{0},refund,{1},1,{2},2020-03-28 {3}:00,{4},0,{5},{6}"


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A full round of three packs, claimed by ann, bob and cat in turn."""
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    towns.build(
        voucher,
        towns.programme(),
        towns.pack(),
        merchants="merchant_no,name\nM1,one\nM2,two\n",
    )
    towns.make_round(voucher, "r1", state="open", packs=3)
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-01 08:00")
    came = (
        "C1,r1,ann,2020-03-27 09:01",
        "C2,r1,bob,2020-03-27 09:02",
        "C3,r1,cat,2020-03-27 09:03",
    )
    bring(voucher, "claim", "c.csv", towns.CLAIMS, *came)
    return voucher


def bring(voucher: Any, kind: str, name: str, head: str, *rows: str, expect: int = 0) -> str:
    """Import rows as a file; the number of its batch."""
    towns.write(name, head + "".join(f"{row}\n" for row in rows))
    return str(voucher(kind, "import", name, "-o", "json", expect=expect).data["batch"])


def test_only_what_refunds_left_of_a_payment_moves(town: Any) -> None:
    stood = (
        PAYMENT.format("T1", "C1", "M1", "10:00"),
        REFUND.format("F1", "C1", "M1", "11:00", 100, 10, "T1"),
        PAYMENT.format("T2", "C1", "M1", "12:00"),
        REFUND.format("F2", "C1", "M1", "13:00", 40, 4, "T2"),
    )
    bring(town, "redemption", "p.csv", towns.PAYMENTS, *stood)
    earlier = PAYMENT.format("E1", "C1", "M2", "09:00")
    batch = bring(town, "redemption", "e.csv", towns.PAYMENTS, earlier, expect=4)
    told = town("batch", "retry", batch, expect=3).err
    assert "would take 6.00 yuan from 1 payments that stand" in told
    assert "6.00 yuan of T2 would go from M1 to M2" in told and "T1" not in told
    moved = town("batch", "retry", batch, "--yes", "-o", "json").data["moved"]
    assert [(each["what"], each["amount_fen"]) for each in moved] == [
        ("T1", 0),
        ("F1", 0),
        ("T2", 600),
        ("F2", 0),
    ]


def test_each_claim_that_loses_its_seat_is_named_with_the_one_that_takes_it(town: Any) -> None:
    paid = (
        PAYMENT.format("T1", "C3", "M1", "10:00"),
        REFUND.format("F1", "C3", "M1", "11:00", 40, 4, "T1"),
        PAYMENT.format("T2", "C2", "M2", "10:00"),
        REFUND.format("F2", "C2", "M2", "11:00", 100, 10, "T2"),
    )
    bring(town, "redemption", "p.csv", towns.PAYMENTS, *paid)
    early = ("A1,r1,dan,2020-03-27 08:59", "A2,r1,eve,2020-03-27 08:58")
    batch = bring(town, "claim", "a.csv", towns.CLAIMS, *early, expect=4)
    told = town("batch", "retry", batch, expect=3).err
    assert "would take 6.00 yuan from 1 payments that stand" in told
    moved = town("batch", "retry", batch, "--yes", "-o", "json").data["moved"]
    claims = [each for each in moved if each["kind"] == "claim"]
    assert [(each["what"], each["by_line"]) for each in claims] == [("C2", 3), ("C3", 2)]
    assert len({each["to"] for each in claims}) == 2
    town("check")
