"""A later end for vouchers that are out: proposed by one, approved by another (round extend)."""

from __future__ import annotations

import json
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
UNTIL = "2020-04-30"
DECIDED = "2020-04-10 12:00"  # vouchers of 27 March ended on 3 April


@pytest.fixture
def town(voucher: Voucher) -> Callable[..., Voucher]:
    """r1 has 10 packs of 20 yuan, valid for 7 days; 3 are claimed on 27 March."""

    def build(amount: str = "200.00", unused: str = "pool", **programme: Any) -> Voucher:
        towns.build(
            voucher,
            towns.programme(
                funds={"treasury": amount},
                staff=STAFF,
                unused=unused,
                clock={"jump": "900 days"},
                **programme,
            ),
            towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 7}),
            merchants="merchant_no,name\nM1,面馆\n",
        )
        towns.make_round(voucher, "r1", state="open", closes="2020-03-28 08:00")
        rows = "".join(f"C{n},r1,res{n},{OPEN}:0{n}\n" for n in (1, 2, 3))
        voucher("claim", "import", towns.write("c.csv", CLAIMS + rows), "--now", "2020-03-28 09:00")
        return voucher

    return build


def extend(voucher: Voucher, until: str = UNTIL, now: str = DECIDED, **ran: Any) -> Any:
    words = ("--until", until, "--note", "rain", "--actor", "mei")
    return voucher("round", "extend", "r1", *words, "--now", now, **ran)


def approve(voucher: Voucher, now: str = DECIDED, **ran: Any) -> Any:
    return voucher("round", "approve", "r1", "--actor", "lin", "--now", now, **ran)


def pay(voucher: Voucher, name: str, *rows: str, now: str = "2020-06-01 09:00", **ran: Any) -> Any:
    file = towns.write(name, PAYMENTS + "".join(f"{row}\n" for row in rows))
    return voucher("redemption", "import", file, "-o", "json", "--now", now, **ran)


def row(number: str, claim: str, at: str, coupon: int = 1) -> str:
    return f"{number},pay,{claim},{coupon},M1,{at},50,0,10,"


def refund(number: str, claim: str, at: str, of: str) -> str:
    return f"{number},refund,{claim},1,M1,{at},50,0,10,{of}"


def stands(here: Path) -> tuple[Any, ...]:
    """Yuan that rounds hold and that none holds."""
    held = "committed_fen + outstanding_fen + payable_fen"
    sums = (f"(SELECT sum({fen}) / 100 FROM balances)" for fen in (held, "uncommitted_fen"))
    return ask(here, f"SELECT {', '.join(sums)}")[0]


BOTH_WAYS = pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["by columns", "by rows"])


@BOTH_WAYS
def test_payments_that_were_expired_are_taken_in_by_a_retry(
    town: Callable[..., Voucher], monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    voucher = town()
    late = pay(voucher, "p.csv", row("T1", "C1", "2020-04-05 10:00:00"), expect=4)
    assert late.data["reasons"] == {"expired": 1}
    proposed = extend(voucher)
    assert "proposed for r1: extend; checkers needed: 1" in proposed.err
    assert "[not_a_checker]" in voucher("round", "approve", "r1", "--actor", "mei", expect=3).err
    approved = approve(voucher).err.splitlines()
    assert approved[0] == "prolonged r1: no voucher of it ends before 2020-04-30 24:00:00"
    assert approved[1] == "next: voucher batch retry 3 takes in what was rejected expired"
    voucher("batch", "retry", "3", "--now", "2020-06-01 10:00")
    voucher("check")
    rows = (row("T2", "C2", "2020-04-30 23:59:59"), row("T3", "C3", "2020-05-01 00:00:00"))
    last = pay(voucher, "q.csv", *rows, expect=4)
    assert last.data["reasons"] == {"expired": 1}
    explained = voucher("batch", "rejects", "4").out
    assert "2020-04-30 24:00:00" in explained
    voucher("check")


def test_what_waits_and_what_was_decided_is_shown(town: Callable[..., Voucher]) -> None:
    voucher = town()
    extend(voucher)
    waiting = voucher("todo", "-o", "json", "--now", DECIDED).data["waiting"]
    assert [(each["kind"], each["next"]) for each in waiting] == [
        ("extend", "voucher round approve r1 --actor lin")
    ]
    approve(voucher)
    shown = voucher("round", "show", "r1", "-o", "json").data
    assert shown["vouchers_until_at"] == "2020-05-01T00:00:00+08:00"
    last = shown["amendments"][-1]
    assert last["before"] == {"vouchers_until_at": "2020-04-03T08:00:00+08:00"}
    assert last["after"] == {"vouchers_until_at": "2020-05-01T00:00:00+08:00"}
    assert "2020-04-30 24:00" in voucher("round", "show", "r1").out
    assert "延长券有效期" in voucher("round", "show", "r1", "--lang", "zh").out
    claims = voucher("claim", "list", "-o", "json").data["claims"]
    assert {each["expires_at"] for each in claims} == {"2020-05-01T00:00:00+08:00"}
    line = voucher("audit", "log", "--deed", "amendment.approve", "-o", "json").data["lines"][0]
    assert line["after"]["vouchers_until_at"] == 1588262400
    assert "2020-04-30" in voucher("round", "plan", "r1", "--now", DECIDED).out


@pytest.mark.parametrize(
    ("until", "code"),
    [("2020-04-01", "time_past"), ("2020-04-10 12:00", "time_past"), (UNTIL, "ends_later_already")],
)
def test_an_end_that_is_not_later_is_refused(
    town: Callable[..., Voucher], until: str, code: str
) -> None:
    voucher = town()
    if code == "ends_later_already":
        extend(voucher)
        approve(voucher)
    assert f"[{code}]" in extend(voucher, until, expect=3).err


def test_nobody_prolongs_without_a_reason_or_a_round_that_is_not_out(
    town: Callable[..., Voucher],
) -> None:
    voucher = town("220.00")
    words = ("round", "extend", "r1", "--until", UNTIL, "--actor", "mei", "--now", DECIDED)
    assert "[note_needed]" in voucher(*words, expect=3).err
    towns.make_round(voucher, "r2", packs=1, opens="2020-04-20", state="approved")
    words = ("--until", UNTIL, "--note", "x", "--actor", "mei", "--now", DECIDED)
    assert "[wrong_state]" in voucher("round", "extend", "r2", *words, expect=3).err


def test_released_money_is_taken_back_once(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town()
    pay(voucher, "p.csv", row("T1", "C1", "2020-04-01 10:00:00"), now="2020-04-02 09:00")
    voucher("schedule", "tick", "--now", DECIDED)
    assert stands(here) == (10, 190)
    extend(voucher)
    said = approve(voucher).err.splitlines()[0]
    assert said.endswith("50.00 yuan are committed again")
    assert stands(here) == (60, 140)
    voucher("schedule", "tick", "--now", "2020-04-20 12:00")
    assert stands(here) == (60, 140)
    voucher("check")
    pay(voucher, "q.csv", row("T2", "C1", "2020-04-09 10:00:00", 2), now="2020-04-21 09:00")
    voucher("schedule", "tick", "--now", "2020-05-01 00:00")
    assert stands(here) == (20, 180)
    voucher("check")


def test_money_that_is_promised_elsewhere_leaves_expired_vouchers_expired(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town()
    voucher("schedule", "tick", "--now", DECIDED)
    towns.make_round(voucher, "r2", packs=8, opens="2020-05-02", everywhere=("--now", DECIDED))
    warned = extend(voucher)
    assert "[fund_short]" in warned.err and "20.00" in warned.err
    assert "[fund_short]" in approve(voucher, expect=3).err
    assert ask(here, "SELECT count(*) FROM prolongations") == [(0,)]
    late = pay(voucher, "p.csv", row("T1", "C1", "2020-04-05 10:00:00"), expect=4)
    assert late.data["reasons"] == {"expired": 1}
    voucher("check")
    voucher("round", "cancel", "r2", "--note", "x", "--actor", "mei", "--now", DECIDED)
    voucher("round", "approve", "r2", "--actor", "lin", "--now", DECIDED)
    approve(voucher)
    assert stands(here) == (60, 140)


def test_a_claim_of_a_late_file_has_the_later_end_too(
    town: Callable[..., Voucher], here: Path
) -> None:
    voucher = town()
    extend(voucher)
    approve(voucher)
    voucher("schedule", "tick", "--now", "2020-04-11 12:00")
    rows = CLAIMS + f"C4,r1,res4,{OPEN}:04\n"
    voucher("claim", "import", towns.write("c4.csv", rows), "--now", "2020-04-12 09:00")
    voucher("schedule", "tick", "--now", "2020-04-12 12:00")
    paid = pay(voucher, "p.csv", row("T1", "C4", "2020-04-12 10:00:00"), now="2020-04-13 12:00")
    assert paid.data["reasons"] == {}
    voucher("check")
    voucher("batch", "undo", "4", "--yes", "--now", "2020-04-14 09:00")
    voucher("schedule", "tick", "--now", "2020-04-14 12:00")
    voucher("check")
    voucher("schedule", "tick", "--now", "2020-05-02 12:00")
    assert stands(here) == (0, 200)
    voucher("check")


@BOTH_WAYS
@pytest.mark.parametrize("decided", [False, True])
def test_a_refund_is_late_by_the_end_that_stood_when_it_was_made(
    town: Callable[..., Voucher],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    bytes_: int,
    *,
    decided: bool,
) -> None:
    """What was right when it was judged stays right, whichever file comes first."""
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    voucher = town(refunds={"voucher": {"full": "restores", "late": "forfeits"}})
    rows = [
        row("T1", "C1", "2020-04-01 10:00:00"),
        refund("F1", "C1", "2020-04-05 10:00:00", "T1"),  # late, by the end that stood then
        row("T2", "C2", "2020-04-01 10:00:00"),
        refund("F2", "C2", "2020-04-20 10:00:00", "T2"),  # in time, by the one that was decided
    ]
    if not decided:
        pay(voucher, "p.csv", *rows[:3], now="2020-04-06 09:00")
    extend(voucher)
    approve(voucher)
    pay(voucher, "p.csv" if decided else "q.csv", *(rows if decided else rows[3:]))
    spent = dict(
        ask(here, "SELECT transaction_no, spent FROM redemption_facts WHERE kind = 'refund'")
    )
    assert spent == {"F1": 0, "F2": -1}
    voucher("check")


def test_reports_know_the_later_end_from_when_it_was_decided(town: Callable[..., Voucher]) -> None:
    voucher = town()
    extend(voucher)
    approve(voucher)
    now = ("report", "rounds", "-o", "json", "--now", "2020-04-20 12:00")
    figures = [
        (each["outstanding_fen"], each["expired_fen"])
        for at in ((), ("--as-of", "2020-04-05 12:00"), ("--as-of", "2020-04-12 12:00"))
        for each in voucher(*now, *at).data["rows"]
    ]
    assert figures == [(6000, 0), (0, 6000), (6000, 0)]


def test_a_report_known_on_a_sealed_day_knows_no_end_that_came_later(
    town: Callable[..., Voucher],
) -> None:
    voucher = town()
    pay(voucher, "p.csv", row("T1", "C1", "2020-04-01 10:00:00"), now="2020-04-02 09:00")
    voucher("day", "close", "2020-04-05", "--actor", "lin", "--now", "2020-04-06 09:00")
    extend(voucher)
    approve(voucher)
    late = pay(voucher, "q.csv", row("T2", "C1", "2020-04-05 10:00:00", 2))
    assert late.data["reasons"] == {}
    known = ("report", "rounds", "-o", "json", "--known-on", "2020-04-05")
    (then,) = voucher(*known, "--now", "2020-06-01 10:00").data["rows"]
    assert (then["outstanding_fen"], then["expired_fen"]) == (0, 5000)
    voucher("day", "verify", "--now", "2020-06-01 10:00")
    voucher("check")


def test_a_rehearsed_approval_changes_nothing(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town()
    voucher("schedule", "tick", "--now", DECIDED)
    extend(voucher)
    words = ("--actor", "lin", "--now", DECIDED, "--dry-run")
    assert "prolonged r1" in voucher("round", "approve", "r1", *words).err
    assert ask(here, "SELECT count(*) FROM prolongations") == [(0,)]
    assert stands(here) == (0, 200)


def test_the_next_claim_waits_for_a_pack_that_is_valid_again(town: Callable[..., Voucher]) -> None:
    """Until it was decided the pack had expired; what was granted then stands."""
    voucher = town(
        "600.00",
        limits={"packs_per_resident_per_round": 1, "next_claim": "after_redeemed_or_expired"},
    )
    terms = {"opens": "2020-04-04", "closes": "2020-05-08 08:00", "state": "open"}
    towns.make_round(voucher, "r2", packs=10, everywhere=("--now", "2020-04-03 09:00"), **terms)
    extend(voucher)
    approve(voucher)
    rows = ("D1,r2,res1,2020-04-06 08:00:00", "D2,r2,res2,2020-04-11 08:00:00")
    file = towns.write("d.csv", CLAIMS + "".join(f"{each}\n" for each in rows))
    ran = voucher("claim", "import", file, "-o", "json", "--now", "2020-04-12 09:00", expect=4)
    assert ran.data["reasons"] == {"resident_limit": 1}
    assert ran.data["accepted"] == 1
    voucher("check")


def test_a_second_later_end_follows_the_first(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town()
    for until in ("2020-04-20", UNTIL):
        extend(voucher, until)
        approve(voucher)
    assert ask(here, "SELECT count(*), max(until_at) FROM prolongations") == [(2, 1588262400)]
    paid = pay(voucher, "p.csv", row("T1", "C1", "2020-04-30 10:00:00"))
    assert paid.data["reasons"] == {}
    voucher("check")


def test_a_later_end_by_hand_is_noticed(town: Callable[..., Voucher], here: Path) -> None:
    voucher = town()
    extend(voucher)
    approve(voucher)
    towns.by_hand(here, "INSERT INTO prolongations VALUES (1, 99, 1586491200, 1589472000)")
    found = json.loads(voucher("check", "-o", "json", expect=5).out)
    assert "prolonged_as_logged" in json.dumps(found)
