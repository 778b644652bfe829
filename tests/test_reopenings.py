"""A round that was closed by mistake goes on, with its packs and its money, when two people say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS, PAYMENTS, ask

if TYPE_CHECKING:
    from pathlib import Path

Voucher = Callable[..., Any]
STAFF = {"mei": "maker", "lin": "maker checker", "zhao": "checker"}
OPEN = "2020-03-27 08:00"
CLOSED = "2020-03-28 09:00"  # by mistake: it was to last until 10 April
LATER = "2020-03-28 12:00"


@pytest.fixture
def closed(voucher: Voucher) -> Callable[..., Voucher]:
    """r1 has 10 packs of 20 yuan, of which 3 are claimed; it was closed on the 28th, and the tick
    has released its 140 yuan.
    """

    def build(amount: str = "200.00", unused: str = "pool") -> Voucher:
        towns.build(
            voucher,
            towns.programme(
                funds={"treasury": amount}, staff=STAFF, unused=unused, clock={"jump": "900 days"}
            ),
            towns.pack("pack", towns.coupon("10", "40", 2)),
            merchants="merchant_no,name\nM1,面馆\n",
        )
        towns.make_round(voucher, "r1", state="open", closes="2020-04-10 08:00")
        claim(voucher, 3, OPEN)
        return voucher

    return build


def claim(voucher: Voucher, last: int, at: str, first: int = 1, **ran: Any) -> dict[str, int]:
    rows = "".join(f"C{n},r1,res{n},{at}:{n:02d}\n" for n in range(first, last + 1))
    file = towns.write(f"claims{first}.csv", CLAIMS + rows)
    imported = voucher("claim", "import", file, "-o", "json", "--now", "2020-04-01 09:00", **ran)
    return dict(imported.data["reasons"])


def close(voucher: Voucher) -> None:
    note = ("--now", CLOSED, "--note", "thought it was r0")
    voucher("round", "close", "r1", "--yes", "--actor", "mei", *note)
    voucher("round", "approve", "r1", "--actor", "lin", "--now", CLOSED)
    voucher("schedule", "tick", "--now", CLOSED)


def reopen(voucher: Voucher, *options: str, now: str = LATER, **ran: Any) -> Any:
    return voucher("round", "reopen", "r1", "--actor", "mei", *options, "--now", now, **ran)


def approve(voucher: Voucher, actor: str = "lin", now: str = LATER, **ran: Any) -> Any:
    return voucher("round", "approve", "r1", "--actor", actor, "--now", now, **ran)


def stands(here: Path) -> tuple[Any, ...]:
    """The round's state, claimed and released packs; yuan that rounds hold and that none holds."""
    held = "committed_fen + outstanding_fen + payable_fen"
    kept = ", ".join(
        f"(SELECT sum({fen}) / 100 FROM balances)" for fen in (held, "uncommitted_fen")
    )
    return ask(here, f"SELECT state, claimed, released, {kept} FROM rounds WHERE round = 'r1'")[0]


def test_a_closed_round_goes_on_with_its_packs_and_its_money(
    closed: Callable[..., Voucher], here: Path
) -> None:
    voucher = closed()
    close(voucher)
    assert stands(here) == ("closed", 3, 7, 60, 140)
    assert claim(voucher, 4, "2020-03-28 10:00", 4, expect=4) == {"after_closing": 1}
    proposed = reopen(voucher, "--note", "closed in place of r0")
    assert "proposed for r1: reopen; checkers needed: 1" in proposed.err
    assert stands(here) == ("closed", 3, 7, 60, 140)
    assert "[not_a_checker]" in approve(voucher, "mei", expect=3).err
    assert approve(voucher).err.splitlines()[0] == (
        "reopened r1: claims count again until 2020-04-10 08:00:00, 140.00 yuan are committed again"
    )
    assert stands(here) == ("open", 3, 0, 200, 0)
    assert claim(voucher, 10, "2020-03-29 10:00", 5) == {}
    voucher("batch", "retry", "3", "--now", "2020-04-01 10:00")
    assert stands(here) == ("open", 10, 0, 200, 0)
    voucher("check")
    voucher("schedule", "tick", "--now", "2020-04-10 08:00")
    assert stands(here)[0] == "closed"
    voucher("check")


def test_the_way_back_is_in_the_round_and_the_log(closed: Callable[..., Voucher]) -> None:
    voucher = closed()
    close(voucher)
    reopen(voucher, "--note", "closed in place of r0")
    waiting = voucher("todo", "-o", "json").data["waiting"]
    assert [(row["kind"], row["next"]) for row in waiting] == [
        ("reopen", "voucher round approve r1 --actor lin")
    ]
    approve(voucher)
    last = voucher("round", "show", "r1", "-o", "json").data["amendments"][-1]
    assert (last["kind"], last["state"], last["note"]) == (
        "reopen",
        "effective",
        "closed in place of r0",
    )
    assert last["after"] == {"state": "open", "closes_at": "2020-04-10T08:00:00+08:00"}
    line = voucher("audit", "log", "--deed", "amendment.approve", "-o", "json").data["lines"][0]
    assert (line["before"]["state"], line["after"]["state"]) == ("closed", "open")
    as_of = ("report", "rounds", "-o", "json", "--now", "2020-04-01 09:00", "--as-of")
    states = [voucher(*as_of, at).data["rows"][0]["state"] for at in (CLOSED, LATER)]
    assert states == ["closed", "open"]
    assert "重新开放" in voucher("round", "show", "r1", "--lang", "zh").out


def test_a_machine_that_woke_in_another_year_is_put_right(
    closed: Callable[..., Voucher], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick in 2021 closed the round, expired its vouchers and gave all its money back."""
    voucher = closed(unused="treasury")
    monkeypatch.delenv("VOUCHER_NOW")
    monkeypatch.setattr(towns, "MACHINE", "2021-03-28 09:00")
    voucher("schedule", "tick")
    assert stands(here) == ("closed", 3, 7, 0, 0)
    monkeypatch.setattr(towns, "MACHINE", LATER)
    voucher("round", "reopen", "r1", "--actor", "mei")
    voucher("round", "approve", "r1", "--actor", "lin")
    assert stands(here) == ("open", 3, 0, 200, 0)
    paid = towns.write("paid.csv", PAYMENTS + "T1,pay,C1,1,M1,2020-03-28 11:00:00,50,0,10,\n")
    voucher("redemption", "import", paid)
    voucher("schedule", "tick")
    assert stands(here) == ("open", 3, 0, 200, 0)
    voucher("check")


def test_money_that_is_promised_elsewhere_is_not_taken_back(
    closed: Callable[..., Voucher], here: Path
) -> None:
    voucher = closed()
    close(voucher)
    towns.make_round(voucher, "r2", packs=2, opens="2020-04-02", everywhere=("--now", CLOSED))
    before = stands(here)
    warned = reopen(voucher)
    assert (
        "warning: treasury is short of 40.00 yuan that r1 gave up: it cannot be reopened now"
        " [fund_short]" in warned.err
    )
    refused = approve(voucher, expect=3)
    assert "error: treasury is short of 40.00 yuan that r1 gave up" in refused.err
    assert stands(here) == before
    voucher("round", "cancel", "r2", "--note", "x", "--actor", "mei", "--now", LATER)
    voucher("round", "approve", "r2", "--actor", "lin", "--now", LATER)
    approve(voucher)
    assert stands(here) == ("open", 3, 0, 200, 0)
    voucher("check")


def test_a_closing_that_has_passed_needs_another(
    closed: Callable[..., Voucher], here: Path
) -> None:
    voucher = closed()
    voucher("schedule", "tick", "--now", "2020-04-10 08:00")
    refused = reopen(voucher, now="2020-04-10 09:00", expect=3)
    assert refused.err.splitlines() == [
        "error: round r1 was to close at 2020-04-10 08:00:00, and it is 2020-04-10 09:00:00 now"
        " [closing_passed]",
        "  next: voucher round reopen r1 --closes-at TIME",
    ]
    past = reopen(voucher, "--closes-at", "2020-04-09", now="2020-04-10 09:00", expect=3)
    assert "[time_past]" in past.err
    reopen(voucher, "--closes-at", "2020-04-12", now="2020-04-10 09:00")
    approve(voucher, now="2020-04-10 10:00")
    assert ask(here, "SELECT state, closes_at FROM rounds") == [
        ("open", towns.at("2020-04-13 00:00"))
    ]


def test_one_person_alone_cannot_reopen_a_round(closed: Callable[..., Voucher], here: Path) -> None:
    voucher = closed()
    close(voucher)
    voucher("round", "reopen", "r1", "--actor", "lin", "--now", LATER)
    assert "[own_round]" in approve(voucher, "lin", expect=3).err
    assert stands(here)[0] == "closed"
    approve(voucher, "zhao")
    assert stands(here)[0] == "open"


def test_only_a_closed_round_is_reopened(closed: Callable[..., Voucher]) -> None:
    voucher = closed()
    assert "[wrong_state]" in reopen(voucher, expect=3).err
    close(voucher)
    reopen(voucher)
    assert "[amendment_waiting]" in reopen(voucher, expect=3).err
    voucher("round", "reject", "r1", "--note", "it is over", "--actor", "lin", "--now", LATER)
    assert voucher("round", "show", "r1", "-o", "json").data["state"] == "closed"


def test_a_round_that_was_paused_goes_on_unpaused(
    closed: Callable[..., Voucher], here: Path
) -> None:
    voucher = closed()
    voucher("round", "pause", "r1", "--actor", "mei", "--now", "2020-03-28 08:00")
    close(voucher)
    reopen(voucher)
    approve(voucher)
    assert claim(voucher, 4, "2020-03-28 13:00", 4) == {}
    assert claim(voucher, 5, "2020-03-28 11:00", 5, expect=4) == {"round_paused": 1}
    assert ask(here, "SELECT until_at FROM pauses") == [(towns.at(LATER),)]
