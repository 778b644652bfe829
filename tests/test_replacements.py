"""Another card pack takes the place of what is left of a round, on one approval (round replace)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS, PAYMENTS, ask

from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Voucher = Callable[..., Any]

STAFF = {"mei": "maker", "lin": "maker checker", "zhao": "checker"}
OPEN = "2020-03-27 08:00"
DECIDED = "2020-03-28 12:00"


@pytest.fixture
def town(voucher: Voucher) -> Callable[..., Voucher]:
    """r1 has 10 packs of 20 yuan, of which 3 are claimed; a pack of `small` is worth 5 yuan."""

    def build(amount: str = "200.00", *options: str, **programme: Any) -> Voucher:
        towns.build(
            voucher,
            towns.programme(
                funds={"treasury": amount},
                staff=STAFF,
                clock={"jump": "900 days"},
                **{"unused": "pool"} | programme,
            ),
            towns.pack("pack", towns.coupon("10", "40", 2)),
            towns.pack("small", towns.coupon("5", "10")),
            merchants="merchant_no,name\nM1,面馆\n",
        )
        towns.make_round(
            voucher,
            "r1",
            *options,
            state="open",
            closes="2020-04-10 08:00",
            checkers=("lin", "zhao") if programme.get("one_checker_up_to") else ("lin",),
        )
        claim(voucher, "c.csv", *(f"C{n},r1,res{n},{OPEN}:0{n}" for n in (1, 2, 3)), expect=None)
        return voucher

    return build


def claim(voucher: Voucher, name: str, *rows: str, now: str = DECIDED, **ran: Any) -> Any:
    file = towns.write(name, CLAIMS + "".join(f"{row}\n" for row in rows))
    return voucher("claim", "import", file, "-o", "json", "--now", now, **ran)


def replace(voucher: Voucher, *options: str, **ran: Any) -> Any:
    words = ("--template", "small", "--note", "too dear", "--actor", "mei", "--now", DECIDED)
    return voucher("round", "replace", "r1", *words, *options, **ran)


def approve(voucher: Voucher, actor: str = "lin", code: str = "r1", **ran: Any) -> Any:
    return voucher("round", "approve", code, "--actor", actor, "--now", DECIDED, **ran)


def rounds(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, "SELECT round, state, packs, claimed, released FROM rounds ORDER BY round_id")


def money(here: Path) -> tuple[Any, ...]:
    """Yuan that r1 holds, that its sibling holds, and that none holds."""
    held = "sum(committed_fen + outstanding_fen + payable_fen) / 100"
    return ask(
        here,
        f"SELECT (SELECT {held} FROM balances WHERE round_id = 1), (SELECT {held} FROM balances"
        " WHERE round_id = 2), (SELECT sum(uncommitted_fen) / 100 FROM balances)",
    )[0]


def test_one_approval_closes_the_round_and_opens_its_sibling(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town()
    proposed = replace(voucher)
    assert "proposed for r1: replace; checkers needed: 1" in proposed.err
    assert "fund_short" not in proposed.err
    assert rounds(here)[1] == ("r1-b", "submitted", 28, 0, 0)  # 140 yuan are left
    assert money(here) == (200, None, 0)
    waiting = voucher("todo", "-o", "json", "--now", DECIDED).data["waiting"]
    assert [(each["name"], each["kind"], each["next"]) for each in waiting] == [
        ("r1", "replace", "voucher round approve r1 --actor lin")
    ]
    assert "[not_a_checker]" in approve(voucher, "mei", expect=3).err
    said = approve(voucher).err.splitlines()
    assert said[0] == "replaced r1 by r1-b: 28 packs of small@1, 140.00 yuan at most"
    assert rounds(here) == [("r1", "closed", 10, 3, 7), ("r1-b", "open", 28, 0, 0)]
    assert money(here) == (60, 140, 0)
    shown = voucher("round", "show", "r1", "-o", "json").data["amendments"]
    assert [(each["kind"], each["state"]) for each in shown] == [
        ("replace", "effective"),
        ("close", "effective"),
    ]
    assert "更换卡包" in voucher("round", "show", "r1", "--lang", "zh").out
    assert "r1 → r1-b" in voucher("round", "show", "r1").out
    sibling = voucher("round", "show", "r1-b", "-o", "json").data
    assert (sibling["opens_at"], sibling["closes_at"]) == (
        "2020-03-28T12:00:00+08:00",
        "2020-04-10T08:00:00+08:00",
    )
    voucher("check")
    voucher("schedule", "tick", "--now", "2020-03-29 00:30")
    assert money(here) == (60, 140, 0)
    voucher("check")


@pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["by columns", "by rows"])
def test_who_holds_a_pack_of_the_one_has_none_of_the_other(
    town: Callable[..., Voucher], monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    voucher = town(limits={"packs_per_resident_per_round": 1})
    replace(voucher)
    approve(voucher)
    rows = [f"D{n},r1-b,res{n},2020-03-28 13:00:0{n}" for n in (3, 4, 5)]
    ran = claim(voucher, "d.csv", *rows, now="2020-03-29 09:00", expect=4)
    assert ran.data["reasons"] == {"resident_limit": 1}
    assert ran.data["accepted"] == 2
    ran = claim(
        voucher, "e.csv", "E1,r1-b,res4,2020-03-28 14:00:00", now="2020-03-29 10:00", expect=4
    )
    assert ran.data["reasons"] == {"resident_limit": 1}
    assert "round r1, round r1-b" in voucher("batch", "rejects", "3", "-o", "json").out
    voucher("check")


def test_a_late_claim_of_the_closed_round_takes_its_seat_and_money_back(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town("220.00")
    replace(voucher)
    approve(voucher)
    assert money(here) == (60, 140, 20)
    rows = (f"F1,r1,res7,{OPEN}:30", "F2,r1,res8,2020-03-28 12:30:00", f"F3,r1,res9,{OPEN}:40")
    ran = claim(voucher, "f.csv", *rows, now="2020-03-29 09:00", expect=4)
    assert ran.data["reasons"] == {"after_closing": 1, "funds_released": 1}
    assert money(here) == (80, 140, 0)
    voucher("check")
    voucher("batch", "undo", "3", "--yes", "--now", "2020-03-29 10:00")
    voucher("check")


def test_both_verdicts_are_given_on_the_sibling_too(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town(one_checker_up_to="100.00")
    replace(voucher, "--code", "r9", "--packs", "28")
    assert "(1 of 2 checkers)" in approve(voucher).err
    assert rounds(here) == [("r1", "open", 10, 3, 0), ("r9", "submitted", 28, 0, 0)]
    assert "[replacement_waiting]" in approve(voucher, "zhao", "r9", expect=3).err
    voucher("check")
    approve(voucher, "zhao")
    assert rounds(here) == [("r1", "closed", 10, 3, 7), ("r9", "open", 28, 0, 0)]
    assert money(here) == (60, 140, 0)
    voucher("check")
    assert [
        each["actor"] for each in voucher("round", "show", "r9", "-o", "json").data["approvals"]
    ] == ["mei", "lin", "zhao"]


def test_a_replacement_that_is_turned_down_leaves_nothing_behind(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town()
    replace(voucher)
    voucher("round", "reject", "r1", "--note", "no", "--actor", "lin", "--now", DECIDED)
    assert rounds(here) == [("r1", "open", 10, 3, 0), ("r1-b", "cancelled", 28, 0, 0)]
    assert voucher("todo", "-o", "json", "--now", DECIDED).data["waiting"] == []
    voucher("check")
    replace(voucher)
    assert rounds(here)[2][0] == "r1-c"


def test_what_the_fund_lacks_is_refused_whole(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town()
    assert "[fund_short]" in replace(voucher, "--packs", "29").err
    before = rounds(here), money(here)
    assert "[fund_short]" in approve(voucher, expect=3).err
    assert (rounds(here), money(here)) == before
    voucher("check")


def test_a_sibling_that_went_its_own_way_stops_it(town: Callable[..., Voucher]) -> None:
    voucher = town()
    replace(voucher)
    words = ("round", "edit", "r1-b", "--packs", "9", "--actor", "mei", "--now", DECIDED)
    voucher(*words)
    assert "[sibling_changed]" in approve(voucher, expect=3).err


def test_only_what_is_left_of_a_first_come_round_is_replaced(town: Callable[..., Voucher]) -> None:
    voucher = town("200.00", "--mode", "targeted")
    assert "[not_first_come]" in replace(voucher, expect=3).err
    assert (
        "[note_needed]"
        in voucher(
            *("round", "replace", "r1", "--template", "small", "--actor", "mei", "--now", DECIDED),
            expect=3,
        ).err
    )


def test_nothing_is_replaced_after_the_closing(town: Callable[..., Voucher]) -> None:
    voucher = town()
    words = ("--template", "small", "--note", "x", "--actor", "mei", "--now", "2020-04-10 08:00")
    ran = voucher("round", "replace", "r1", *words, expect=3)
    assert "[nothing_to_replace]" in ran.err


def test_a_rehearsed_replacement_changes_nothing(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town()
    replace(voucher, "--dry-run")
    assert len(rounds(here)) == 1
    replace(voucher)
    before = rounds(here), money(here)
    words = ("--actor", "lin", "--now", DECIDED, "--dry-run")
    assert "replaced r1" in voucher("round", "approve", "r1", *words).err
    assert (rounds(here), money(here)) == before


def test_payments_with_both_packs_are_paid_by_their_own_terms(
    town: Callable[..., Voucher],
) -> None:
    voucher = town()
    replace(voucher)
    approve(voucher)
    claim(voucher, "d.csv", "D4,r1-b,res4,2020-03-28 13:00:00", now="2020-03-28 14:00")
    rows = (
        "T1,pay,C1,1,M1,2020-03-28 15:00:00,50,0,10,",
        "T2,pay,D4,1,M1,2020-03-28 15:01:00,12,0,5,",
    )
    file = towns.write("p.csv", PAYMENTS + "".join(f"{row}\n" for row in rows))
    voucher("redemption", "import", file, "--now", "2020-03-29 09:00")
    paid = voucher("redemption", "list", "-o", "json").data["redemptions"]
    assert [each["subsidy_fen"] for each in paid] == [1000, 500]
    voucher("check")
