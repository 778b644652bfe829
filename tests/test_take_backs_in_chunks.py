"""Late files in chunks: what a refund gave back is not spent before its file ends; and whatever a
round lacks, an import ends.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import towns

from vouchercli.errors import Stopped
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake.redemptions import import_redemptions

SHOPS = "merchant_no,name\nM1,one\n"
Town = Callable[..., Any]
PAY = "T{0},pay,r1-{0},1,M1,2020-03-28 09:00:{0:02d},50,0,10,\n"
PART = "{0},refund,r1-{1},1,M1,2020-03-28 1{2}:00,{3},0,{4},T{1}\n"
REUSED = PART.format("R1", 1, 0, "12.50", "2.50")  # its number stands
EARLIER, LATER = "2020-04-10 09:00", "2020-04-12 09:00"


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """r1 has four claims of one 40-10; r1-0 and r1-1 were paid with, and R1 gave 2.50 of r1-0
    back. Files come in chunks of two rows.
    """

    def build(amount: str = "100.00", days: int = 7) -> Any:
        towns.build(
            voucher,
            towns.programme(funds={"treasury": amount}, unused="pool", clock={"jump": "90 days"}),
            towns.pack("pack", towns.coupon("10", "40"), validity={"days_after_claim": days}),
            towns.pack("small", towns.coupon("2.50", "10"), validity={"days_after_claim": days}),
            merchants=SHOPS,
        )
        towns.make_round(voucher, "r1", packs=10, state="open", closes=towns.CLOSES)
        rows = "".join(f"r1-{n},r1,res{n},2020-03-27 09:00:{n:02d}\n" for n in range(4))
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))
        take_in(voucher, "one.csv", PAY.format(0), PAY.format(1))
        take_in(voucher, "back.csv", PART.format("R1", 0, 0, "12.50", "2.50"))
        monkeypatch.setattr(chunks, "LINES", 3)
        return voucher

    return build


def take_in(voucher: Any, name: str, *rows: str, expect: int = 0) -> dict[str, Any]:
    towns.write(name, towns.PAYMENTS + "".join(rows))
    ran = voucher("redemption", "import", name, "-o", "json", expect=expect)
    data: dict[str, Any] = ran.data
    return data


class Halt:
    """Stops an import after its first chunk."""

    is_stopped = False

    def read(self, rows: int) -> None:
        pass

    idle = is_awaited = lambda self: False

    def committed(self, share: float | None) -> None:
        self.is_stopped = True


def stop(name: str, *rows: str, now: str = EARLIER) -> None:
    """An import that is stopped after its first chunk."""
    towns.write(name, towns.PAYMENTS + "".join(rows))
    with towns.session(Path("voucher.db"), now=towns.at(now)) as one, pytest.raises(Stopped):
        import_redemptions(one, name, watch=Halt())


def tick(voucher: Any, now: str) -> None:
    voucher("schedule", "tick", "--now", now, expect=None)


def promise(voucher: Any, code: str, packs: int, template: str = "pack@1") -> None:
    """Another round is promised the money."""
    terms: dict[str, Any] = {"opens": "2020-05-11 08:00", "closes": "2020-05-20 08:00"}
    towns.make_round(voucher, code, packs=packs, template=template, **terms)


def numbers() -> list[str]:
    """What stands."""
    found = towns.ask(".", "SELECT transaction_no FROM redemptions ORDER BY redemption_id")
    return [row[0] for row in found]


def balance(account: str) -> int:
    return int(towns.ask(".", f"SELECT sum({account}_fen) FROM balances")[0][0])


def test_a_refund_pays_for_nothing_before_its_file_ends(town: Town) -> None:
    """7.50 are left: T2 would be paid with them and with the 2.50 of the refund."""
    voucher = town()
    tick(voucher, EARLIER)
    promise(voucher, "r2", 7)
    promise(voucher, "r3", 2, "small@1")
    assert balance("uncommitted") == 750
    late = take_in(voucher, "late.csv", REUSED, PAY.format(2), PAY.format(0), expect=4)
    assert late["reasons"] == {"funds_released": 1, "transaction_reused": 1}
    voucher("check")


def test_a_refund_pays_for_others_when_its_file_ends(town: Town) -> None:
    voucher = town()
    tick(voucher, EARLIER)
    promise(voucher, "r2", 7)
    promise(voucher, "r3", 2, "small@1")
    own = PART.format("R2", 1, 0, "12.50", "2.50")
    late = take_in(voucher, "late.csv", own, PAY.format(2), PAY.format(2))
    assert (late["accepted"], late["duplicate"]) == (2, 1)
    assert (balance("uncommitted"), balance("outstanding")) == (0, 0)
    voucher("check")


@pytest.mark.parametrize("first", ["2020-03-28 20:00", EARLIER])
def test_what_a_refund_gave_back_is_not_released_before_its_file_ends(
    town: Town, first: str
) -> None:
    """Whether its voucher expired before its file came, or while it was under way."""
    voucher = town()
    tick(voucher, first)
    stop("late.csv", REUSED, PAY.format(0), PAY.format(2), now=first)
    tick(voucher, LATER)
    promise(voucher, "r2", 8)
    promise(voucher, "r3", 1, "small@1")
    assert (balance("uncommitted"), balance("outstanding")) == (0, 250)
    late = take_in(voucher, "late.csv", REUSED, PAY.format(0), PAY.format(2), expect=4)
    assert late["reasons"] == {"funds_released": 1, "transaction_reused": 1}
    assert (balance("uncommitted"), balance("outstanding"), balance("payable")) == (0, 0, 1750)
    tick(voucher, LATER)
    voucher("check")


def test_what_a_refund_gave_back_is_released_when_its_file_has_ended(town: Town) -> None:
    voucher = town()
    tick(voucher, EARLIER)
    rows = (PART.format("R2", 1, 0, "12.50", "2.50"), PAY.format(0), PAY.format(1))
    stop("late.csv", *rows)
    tick(voucher, LATER)
    assert balance("outstanding") == 250
    take_in(voucher, "late.csv", *rows)
    tick(voucher, LATER)
    assert (balance("outstanding"), balance("uncommitted")) == (0, 10_000 - 1_500)
    voucher("check")


def test_a_refund_that_would_displace_one_that_gave_back_more_waits_for_money(town: Town) -> None:
    """An earlier R1 gives 1.00 back, the one that stands 2.50, which went to others."""
    voucher = town()
    tick(voucher, EARLIER)
    promise(voucher, "r2", 8)
    promise(voucher, "r3", 1, "small@1")
    earlier = "R1,refund,r1-1,1,M1,2020-03-28 09:30:00,5,0,1,T1\n"
    late = take_in(voucher, "late.csv", earlier, expect=4)
    assert late["reasons"] == {"transaction_reused": 1}
    again = voucher("batch", "retry", str(late["batch"]), "--yes", "-o", "json", expect=4).data
    assert (again["reasons"], again["moved"]) == ({"funds_released": 1}, [])
    assert numbers() == ["T0", "T1", "R1"]
    voucher("check")
    funds = {"treasury": {"kind": "public", "amount": "200.00"}}
    towns.change(voucher, funders=funds)
    again = voucher("batch", "retry", str(late["batch"]), "--yes", "-o", "json").data
    assert [each["reason"] for each in again["moved"]] == ["transaction_reused"]
    voucher("check")


@pytest.mark.parametrize("is_large", [False, True])
def test_payments_of_a_round_that_an_undo_left_short_wait_for_money(
    town: Town, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    """r1-0 and r1-1 expire, and the rest of their money goes to r2; then R1 is undone, and the
    2.50 that it had given back are those of r1-8, which is alive.
    """
    if is_large:
        pytest.importorskip("polars")
    voucher = town()
    more = "r1-8,r1,res8,2020-03-29 07:00:08\nr1-9,r1,res9,2020-03-29 07:00:09\n"
    voucher("claim", "import", towns.write("more.csv", towns.CLAIMS + more))
    tick(voucher, "2020-04-04 09:00")
    assert (balance("payable"), balance("outstanding")) == (1750, 2000)
    promise(voucher, "r2", 6)
    promise(voucher, "r3", 1, "small@1")
    assert balance("uncommitted") == 0
    voucher("batch", "undo", "4", "--yes")
    assert (balance("payable"), balance("outstanding")) == (2000, 1750)
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    rows = (PAY.format(number).replace("03-28", "03-30") for number in (8, 9))
    late = take_in(voucher, "late.csv", *rows, expect=4)
    assert (late["accepted"], late["reasons"]) == (1, {"funds_released": 1})
    assert numbers() == ["T0", "T1", "T8"]
    voucher("check")


def test_columns_know_payments_that_come_again_when_their_round_has_paid_all(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("polars")
    voucher = town()
    tick(voucher, "2020-03-29 09:00")  # claiming is over: six packs give up their money
    take_in(voucher, "rest.csv", PAY.format(2), PAY.format(3))
    assert balance("outstanding") == 250
    monkeypatch.setattr(by_columns, "BYTES", 0)
    again = take_in(voucher, "again.csv", *(PAY.format(number) for number in range(4)))
    assert (again["accepted"], again["duplicate"]) == (0, 4)
    voucher("check")
