"""Unused money: unclaimed packs are released when claiming is over, vouchers when they expire; late
files take it back.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from test_schedule import MERCHANTS, PACK, approve_round, tick
from towns import CLAIMS, PAYMENTS, ZONE, ask, at

from vouchercli.rules import releases as law

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    Voucher = Callable[..., Ran]


@pytest.fixture
def town(voucher: Voucher) -> Callable[..., Voucher]:
    """`town(unused, days)`: round r1 of ten packs at 20 yuan, open, three of them claimed, one
    voucher used.
    """

    def build(unused: str = "pool", days: int = 0, amount: str = "1000.00") -> Voucher:
        programme = towns.programme(
            funds={"treasury": amount},
            limits={"packs_per_resident_per_round": 1},
            unused=unused,
            unused_after_days=days,
            clock={"jump": "90 days"},
        )
        towns.build(voucher, programme, PACK, merchants=MERCHANTS)
        rows = "".join(f"C{n},r1,res{n},2020-03-27 08:00:0{n}\n" for n in range(3))
        towns.write("claims.csv", CLAIMS + rows)
        towns.write("paid.csv", PAYMENTS + payment("T1", "C0", 1))
        approve_round(voucher, "r1")
        tick(voucher, "2020-03-27 08:00")
        voucher("claim", "import", "claims.csv")
        voucher("redemption", "import", "paid.csv")
        return voucher

    return build


def payment(number: str, claim: str, coupon: int, at: str = "2020-03-28 12:00:00") -> str:
    return f"{number},pay,{claim},{coupon},M1,{at},45,0,10,\n"


def money(here: Path) -> dict[str, int]:
    """Account -> yuan."""
    rows = ask(
        here,
        """SELECT account, sum(fen) / 100 FROM (
            SELECT to_account AS account, amount_fen AS fen FROM postings UNION ALL SELECT from_account, -amount_fen FROM postings
        ) GROUP BY account HAVING sum(fen) <> 0""",
    )
    return dict(rows)


def test_unclaimed_packs_are_released_at_the_closing_and_vouchers_when_they_expire(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town()
    assert tick(voucher, "2020-03-29 07:59") == []
    # seven packs unclaimed; three claimed, of which one voucher has paid 10
    spent = {"appropriated": -1000, "payable": 10}
    assert money(here) == spent | {"committed": 140, "outstanding": 50, "uncommitted": 800}
    assert tick(voucher, "2020-03-29 08:00") == [("close", "r1", "done"), ("release", "r1", "done")]
    # what is left of three packs may still be used
    assert money(here) == spent | {"outstanding": 50, "uncommitted": 940}
    assert tick(voucher, "2020-04-03 08:00:01") == []
    assert tick(voucher, "2020-04-03 08:00:02") == [("release", "r1", "done")]
    assert money(here) == spent | {"uncommitted": 990}
    assert tick(voucher, "2020-04-30") == []
    assert voucher("check").code == 0


def test_what_the_policy_sends_back_leaves_the_programme(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town("treasury")
    ran = voucher("schedule", "tick", "--now", "2020-04-30")
    assert "returned 190.00 yuan" in " ".join(ran.out.split())
    assert money(here) == {
        "appropriated": -1000,
        "payable": 10,
        "returned": 190,
        "uncommitted": 800,
    }


def test_money_waits_for_late_files_as_long_as_the_programme_says(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town("pool", 3)
    assert tick(voucher, "2020-04-01 07:59") == [("close", "r1", "done")]
    assert tick(voucher, "2020-04-01 08:00") == [("release", "r1", "done")]
    assert tick(voucher, "2020-04-06 08:00:01") == []
    assert tick(voucher, "2020-04-06 08:00:02") == [("release", "r1", "done")]
    assert money(here) == {"appropriated": -1000, "payable": 10, "uncommitted": 990}


@pytest.mark.parametrize("unused", ["pool", "treasury"])
def test_a_late_file_takes_its_money_back_and_an_undo_gives_it_again(
    town: Callable[..., Voucher], here: Path, unused: str
) -> None:
    voucher = town(unused)
    tick(voucher, "2020-04-30")
    before = money(here)
    (here / "late.csv").write_text(
        PAYMENTS + payment("T2", "C1", 1) + payment("T3", "C1", 2), "utf-8"
    )
    batch = voucher("redemption", "import", "late.csv", "-o", "json").data["batch"]
    late = money(here)  # T2 and T3 pay 10 each from what was released
    assert (late["payable"], "outstanding" in late, "committed" in late) == (30, False, False)
    assert voucher("check").code == 0
    assert tick(voucher, "2020-04-30 09:00") == []
    voucher("batch", "undo", str(batch), "--yes")
    assert tick(voucher, "2020-04-30 09:01") == [("release", "r1", "done")]
    assert money(here) == before


def test_a_late_payment_and_a_refund_of_as_much_leave_nothing_behind(
    town: Callable[..., Voucher], here: Path
) -> None:
    """What was paid in all is as before; what came back from the refund is not in use."""
    voucher = town()
    tick(voucher, "2020-04-30")
    before = money(here)
    refund = "R1,refund,C0,1,M1,2020-03-28 13:00:00,45,0,10,T1\n"
    for name, row in (("late.csv", payment("T2", "C1", 1)), ("back.csv", refund)):
        towns.write(name, PAYMENTS + row)
        voucher("redemption", "import", name)
    assert money(here) != before
    assert tick(voucher, "2020-04-30 09:00") == [("release", "r1", "done")]
    assert money(here) == before
    assert tick(voucher, "2020-04-30 09:01") == []


def test_what_a_late_payment_lacks_is_waited_for(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town(amount="200.00")
    tick(voucher, "2020-04-30")
    approve_round(voucher, "r2", packs=9, opens="2020-05-01 08:00", closes="2020-05-02 08:00")
    (here / "late.csv").write_text(
        PAYMENTS + payment("T2", "C1", 1) + payment("T3", "C1", 2), "utf-8"
    )
    ran = voucher("redemption", "import", "late.csv", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (1, {"funds_released": 1})
    assert money(here).get("uncommitted") is None
    assert tick(voucher, "2020-04-30 09:01") == []
    richer = towns.programme(funds={"treasury": "300.00"})
    towns.change(voucher, funders=richer["funders"])
    voucher("batch", "retry", str(ran.data["batch"]))
    assert (money(here)["uncommitted"], voucher("check").code) == (90, 0)


def test_vouchers_that_expire_while_a_round_is_open_are_released_day_by_day(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town()
    towns.make_round(voucher, "long", packs=5, closes="2020-05-01")
    tick(voucher, "2020-03-27 08:00")
    (here / "more.csv").write_text(
        CLAIMS
        + "D1,long,res1,2020-03-27 09:00\nD2,long,res2,2020-03-28 09:00\nD3,long,res3,2020-04-20\n",
        "utf-8",
    )
    voucher("claim", "import", "more.csv")
    held = []
    for now in (
        "2020-04-03 09:00",
        "2020-04-04 00:00",
        "2020-04-04 08:00",
        "2020-04-05 00:00",
        "2020-04-27 00:00",
    ):
        tick(voucher, now)
        held.append(
            ask(
                here,
                "SELECT (committed_fen + outstanding_fen) / 100 FROM balances"
                " JOIN rounds USING (round_id) WHERE round = 'long'",
            )[0][0]
        )
    assert held == [100, 80, 80, 60, 40]
    assert voucher("check").code == 0


# ---------------------------------------------------------------- the law


@given(
    packs=st.integers(1, 50),
    claimed=st.integers(0, 50),
    alive=st.integers(0, 50),
    paid=st.integers(0, 50),
    is_closed=st.booleans(),
)
def test_a_round_never_holds_more_than_it_was_given_nor_less_than_it_can_owe(
    packs: int,
    claimed: int,
    alive: int,
    paid: int,
    is_closed: bool,
) -> None:
    claimed, alive = min(packs, claimed), min(packs, claimed, alive)
    paid = min(paid, alive * 20)
    holding = law.Holding(packs, claimed, is_closed, 100, 200)
    kept = law.kept(holding, 150, alive, {"treasury": 20}, {"treasury": paid}, {})["treasury"]
    unclaimed = 0 if is_closed else (packs - claimed) * 20
    assert kept == (unclaimed, alive * 20 - paid) and sum(kept) + paid <= packs * 20


# What the round has above what it must hold, of packs and of vouchers; how much goes to the pool
# in all (negative: comes from there); and how it goes.
@pytest.mark.parametrize(
    ("surplus", "moved", "ways"),
    [
        ((0, 0), 0, []),
        ((7, 0), 7, [("committed", "pool", 7)]),
        ((0, 5), 5, [("outstanding", "pool", 5)]),
        ((7, 5), 12, [("outstanding", "pool", 5), ("committed", "pool", 7)]),
        # what one lacks comes from the other first
        ((7, -5), 2, [("committed", "outstanding", 5), ("committed", "pool", 2)]),
        ((-5, 7), 2, [("outstanding", "committed", 5), ("outstanding", "pool", 2)]),
        ((5, -5), 0, [("committed", "outstanding", 5)]),
        # then from the pool, vouchers before packs
        ((3, -5), -2, [("committed", "outstanding", 3), ("pool", "outstanding", 2)]),
        ((-5, 3), -2, [("outstanding", "committed", 3), ("pool", "committed", 2)]),
        ((-4, -6), -10, [("pool", "outstanding", 6), ("pool", "committed", 4)]),
        # the pool has less than is missing
        ((-4, -6), -7, [("pool", "outstanding", 6), ("pool", "committed", 1)]),
        ((-4, -6), -5, [("pool", "outstanding", 5)]),
        ((-4, -6), 0, []),
        ((3, -5), 0, [("committed", "outstanding", 3)]),
        ((3, -5), -1, [("committed", "outstanding", 3), ("pool", "outstanding", 1)]),
    ],
)
def test_money_goes_the_shortest_way(
    surplus: tuple[int, int], moved: int, ways: list[tuple[str, str, int]]
) -> None:
    assert law.ways(law.Kept(*surplus), moved, "pool") == ways


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2020-04-02 12:00", "2020-04-03 00:00"),
        ("2020-04-03 12:00", "2020-04-03 18:00"),
        ("2020-04-03 18:00", None),
    ],
)
def test_the_next_look_is_a_midnight_then_the_last_expiry_then_never(
    now: str, expected: str | None
) -> None:
    holding = law.Holding(10, 5, False, at("2020-03-29 00:00"), at("2020-04-03 18:00"))
    alive = 5 if now < "2020-04-03 18:00" else 0
    assert law.next_look(holding, at(now), alive, 0, ZONE) == (at(expected) if expected else None)


def test_the_next_look_waits_as_many_days_as_the_programme_says() -> None:
    holding: Any = law.Holding(10, 0, True, at("2020-03-29 08:00"), None)
    assert law.next_look(holding, at("2020-03-28 08:00"), 0, 3, ZONE) == at("2020-04-01 08:00")


# ---------------------------------------------------------------- out again in the same round


def test_expired_packs_are_out_again_in_the_same_round_while_it_is_open(
    town_of_a_week: Voucher, here: Path
) -> None:
    """Three packs of two vouchers at 10 yuan expire; one voucher was used: 50 yuan buy two packs,
    and 10 yuan are uncommitted.
    """
    voucher = town_of_a_week
    assert tick(voucher, "2020-04-03 23:00") == [("release", "r1", "done")]
    assert ask(here, "SELECT packs, claimed FROM rounds") == [(5, 3)]
    left = {"appropriated": -1000, "payable": 10}
    assert money(here) == left | {"committed": 40, "uncommitted": 950}
    assert voucher("check").code == 0
    # they can be claimed, and no more than they
    rows = "".join(f"D{n},r1,new{n},2020-04-04 08:00:0{n}\n" for n in range(3))
    towns.write("again.csv", CLAIMS + rows)
    data = voucher("claim", "import", "again.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["rejected"]) == (2, 1)
    assert voucher("check").code == 0
    # claiming is over: nothing is out again
    assert ("close", "r1", "done") in tick(voucher, "2020-04-10 08:00")
    tick(voucher, "2020-04-20 08:00")
    assert ask(here, "SELECT packs FROM rounds") == [(5,)]
    assert money(here) == left | {"uncommitted": 990}
    assert voucher("check").code == 0


def test_packs_that_are_out_again_are_said_and_logged(town_of_a_week: Voucher, here: Path) -> None:
    said = " ".join(town_of_a_week("schedule", "tick", "--now", "2020-04-03 23:00").out.split())
    assert "that r1 did not use: 2 packs are out again" in said
    ((detail,),) = ask(here, "SELECT detail FROM audit WHERE deed = 'round.reissue'")
    line = json.loads(detail)
    assert (line["before"], line["after"]["packs"]) == ({"packs": 3}, 5)
    with sqlite3.connect(here / "voucher.db") as db:  # what the log does not say is found
        db.execute("UPDATE rounds SET packs = 6")
    found = town_of_a_week("check", expect=5).err
    assert "committed_by_packs" in found
    assert "rounds_as_logged" in found


@pytest.fixture
def town_of_a_week(voucher: Voucher) -> Voucher:
    """Round r1 of three packs for two weeks, all claimed, one voucher of six used; `unused:
    same_round`.
    """
    programme = towns.programme(
        funds={"treasury": "1000.00"}, unused="same_round", clock={"jump": "90 days"}
    )
    towns.build(voucher, programme, PACK, merchants=MERCHANTS)
    rows = "".join(f"C{n},r1,res{n},2020-03-27 08:00:0{n}\n" for n in range(3))
    towns.write("claims.csv", CLAIMS + rows)
    towns.write("paid.csv", PAYMENTS + payment("T1", "C0", 1))
    approve_round(voucher, "r1", packs=3, closes="2020-04-10 08:00")
    tick(voucher, "2020-03-27 08:00")
    voucher("claim", "import", "claims.csv")
    voucher("redemption", "import", "paid.csv")
    return voucher


@pytest.mark.parametrize(
    ("pack", "moved", "packs"),
    [
        ({"city": 10, "bank": 5}, {"city": 35, "bank": 10}, 2),
        ({"city": 10, "bank": 5}, {"city": 35}, 0),
        ({"city": 10}, {"city": -30}, 0),
        ({}, {}, 0),
    ],
)
def test_released_money_buys_whole_packs_of_every_funder(
    pack: dict[str, int], moved: dict[str, int], packs: int
) -> None:
    assert law.packs_again(pack, moved) == packs
