"""The clock is believed only so far: rows later than now wait until their time has come, and a tick
whose clock has jumped does nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS, PAYMENTS, ask

from vouchercli.ops.intake import by_columns
from vouchercli.rules import clocks, programmes, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

PACK = towns.pack("pack", towns.coupon("10.00", "40.00", 3), validity={"until": "2021-12-31"})
NOW = "2020-03-28 09:00"
COMING = "claim_no,round,resident,claimed_at\n" + "".join(
    f"{claim_no},r1,res{claim_no},{at}\n"
    for claim_no, at in (
        ("C1", "2020-03-27 09:00:00"),
        ("C2", "2020-03-28 09:00:00"),
        ("C3", "2020-03-28 09:00:01"),
        ("C4", "2020-05-01 09:00:00"),
    )
)


@pytest.fixture
def town(voucher: Voucher, once: Once) -> Voucher:
    """An open round r1 of ten packs that can be claimed until June, and a merchant."""

    def build() -> None:
        towns.build(voucher, towns.programme(), PACK, merchants="merchant_no,name\nM1,面馆\n")
        towns.make_round(voucher, "r1", closes="2020-06-30", state="open")

    once("clocks", build)
    return voucher


def pay(number: str, claim_no: str, at: str, kind: str = "pay", of: str = "") -> str:
    return f"{number},{kind},{claim_no},1,M1,{at},50.00,0,10.00,{of}\n"


def bring(voucher: Voucher, kind: str, text: str, now: str, expect: int = 0) -> dict[str, Any]:
    """What an import at `now` answers."""
    file = towns.write(f"{kind}-{len([*Path().iterdir()])}.csv", text)
    data: dict[str, Any] = voucher(
        kind, "import", file, "--now", now, "-o", "json", expect=expect
    ).data
    return data


# ---------------------------------------------------------------- rows later than now


@pytest.mark.parametrize("bytes_", [1 << 40, 0])
def test_a_claim_later_than_now_is_rejected_by_rows_and_by_columns(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    if not bytes_:
        pytest.importorskip("polars")
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    data = bring(town, "claim", COMING, NOW, expect=4)
    assert (data["accepted"], data["reasons"]) == (2, {"in_future": 2})
    assert ask(here, "SELECT claim_no FROM claims") == [("C1",), ("C2",)]
    assert ask(here, "SELECT claimed FROM rounds") == [(2,)]


@pytest.mark.parametrize("bytes_", [1 << 40, 0])
def test_a_payment_and_a_refund_later_than_now_are_rejected_by_rows_and_by_columns(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    bring(town, "claim", COMING, "2020-03-28 10:00", expect=4)
    if not bytes_:
        pytest.importorskip("polars")
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    rows = (
        pay("T1", "C1", "2020-03-28 09:00:00")
        + pay("T2", "C2", "2021-03-28 12:00:00")
        + pay("T3", "C3", "2020-03-28 23:00:00")
        + pay("F1", "C1", "2020-03-28 11:00:00", "refund", "T1")
    )
    data = bring(town, "redemption", PAYMENTS + rows, "2020-03-28 10:30", expect=4)
    assert (data["accepted"], data["reasons"]) == (1, {"in_future": 3})
    leverage = town("report", "leverage", "-o", "json", "--now", NOW).data["total"]
    assert (leverage["redemptions"], leverage["base_fen"]) == (1, 5000)
    town("check")


def test_an_application_later_than_now_is_rejected(town: Voucher) -> None:
    header = "application_no,round,resident,applied_at\n"
    rows = "A1,r1,ann,2020-03-28 09:00:00\nA2,r1,bob,2020-03-28 09:00:01\n"
    data = bring(town, "application", header + rows, NOW, expect=4)
    assert (data["accepted"], data["reasons"]) == (1, {"in_future": 1})


def test_what_rests_on_rows_of_tomorrow_waits_with_them(town: Voucher, here: Path) -> None:
    """A claim of tomorrow, in a round that opens tomorrow, its payment and the refund of that: all
    of it comes in, in whatever order the files came.
    """
    towns.make_round(town, "r2", opens="2020-03-29 08:00", closes="2020-06-30")
    later = PAYMENTS + pay("T1", "C1", "2020-03-29 10:00:00")
    later += pay("F1", "C1", "2020-03-29 11:00:00", "refund", "T1")
    assert bring(town, "redemption", later, NOW, expect=4)["reasons"] == {"in_future": 2}
    rows = "C1,r2,ann,2020-03-29 09:00:00\nC2,nowhere,bob,2020-03-29 09:00:00\n"
    assert bring(town, "claim", CLAIMS + rows, NOW, expect=4)["reasons"] == {"in_future": 2}
    town("schedule", "tick", "--now", "2020-03-29 12:00", "-o", "json", expect=4)
    assert ask(here, "SELECT claim_no FROM claims") == [("C1",)]
    assert ask(here, "SELECT transaction_no FROM redemptions ORDER BY 1") == [("F1",), ("T1",)]
    # what fits no rule when its time has come is told then, and waits no more
    rejects = town("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert [each["reason"] for each in rejects] == ["unknown_round"]
    assert town("schedule", "tick", "--now", "2020-03-29 12:01", "-o", "json").data["deeds"] == []
    town("check")


def test_the_tick_takes_in_each_row_when_its_time_has_come(town: Voucher, here: Path) -> None:
    bring(town, "claim", COMING, NOW, expect=4)

    def tick(now: str) -> list[tuple[str, str]]:
        ran = town("schedule", "tick", "--now", now, "-o", "json")
        return [(each["deed"], each["result"]) for each in ran.data["deeds"]]

    assert tick(NOW) == []
    assert tick("2020-03-28 09:00:01") == [("retry", "done")]
    assert tick("2020-03-28 09:01") == []
    assert ask(here, "SELECT claim_no FROM claims WHERE claim_no > 'C2'") == [("C3",)]
    tick("2020-04-10")
    tick("2020-04-24")
    assert tick("2020-05-01 09:00") == [("retry", "done")]
    assert ask(here, "SELECT accepted, rejected FROM batches WHERE kind = 'claims'") == [(4, 0)]
    assert ask(here, "SELECT claimed FROM rounds") == [(4,)]
    town("check")


def test_a_row_that_meets_another_rule_when_its_time_comes_stays_a_reject(town: Voucher) -> None:
    bring(town, "claim", COMING, "2020-03-28 10:00", expect=4)
    bring(town, "redemption", PAYMENTS + pay("T1", "C1", "2020-03-28 12:00"), NOW, expect=4)
    bring(town, "redemption", PAYMENTS + pay("T2", "C1", "2020-03-28 11:00"), "2020-03-28 11:30")
    ran = town("schedule", "tick", "--now", "2020-03-28 12:00", "-o", "json", expect=4)
    assert [(each["deed"], each["result"]) for each in ran.data["deeds"]] == [("retry", "partial")]
    assert town("schedule", "tick", "--now", "2020-03-28 12:01", "-o", "json").data["deeds"] == []
    shown = town("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert [row["reason"] for row in shown] == ["already_redeemed"]


def test_a_programme_may_allow_for_clocks_that_differ(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme(clock={"ahead": "5 minutes"}), PACK)
    towns.make_round(voucher, "r1", closes="2020-06-30", state="open")
    rows = "C1,r1,ann,2020-03-28 09:05:00\nC2,r1,bob,2020-03-28 09:05:01\n"
    data = bring(voucher, "claim", CLAIMS + rows, NOW, expect=4)
    assert (data["accepted"], data["reasons"]) == (1, {"in_future": 1})
    assert "5 minutes" in voucher("programme", "show").out


def test_the_reject_says_how_far_rows_are_taken(town: Voucher) -> None:
    bring(town, "claim", COMING, NOW, expect=4)
    shown = town("batch", "rejects", "2", "-o", "json").data["rejects"]
    assert shown[0]["explanation"] == (
        "claimed at 2020-03-28 09:00:01, later than now: rows up to 2020-03-28 09:00:00 are taken,"
        " the tick takes this one when its time has come"
    )
    assert "晚于当前" in town("batch", "rejects", "2", "--lang", "zh").out


def test_a_check_at_the_till_may_ask_about_tomorrow(town: Voucher) -> None:
    bring(town, "claim", COMING, "2020-03-28 10:00", expect=4)
    order = ("--claim", "C1", "--amount", "50", "--merchant", "M1", "--at", "2020-12-01 12:00")
    assert "accepted" in town("redemption", "check", *order, "--now", NOW).err


# ---------------------------------------------------------------- a clock that jumps

FAR = "2021-03-28 09:00"


def test_a_tick_whose_clock_jumps_does_nothing_and_says_why(town: Voucher, here: Path) -> None:
    town("schedule", "tick", "--now", NOW)
    before = ask(here, "SELECT state, claimed FROM rounds")
    ran = town("schedule", "tick", "--now", FAR, "--log-file", "log", expect=3)
    assert "more than 15 days before [clock_jumped]" in ran.err
    assert "相差超过 15 天" in town("schedule", "tick", "--now", FAR, "--lang", "zh", expect=3).err
    assert ask(here, "SELECT state, claimed FROM rounds") == before
    line = json.loads((here / "log").read_text("utf-8").splitlines()[-1])
    assert (line["deed"], line["result"], line["code"]) == ("tick", "failed", "clock_jumped")
    assert "[clock_jumped]" in town("doctor", "--now", NOW, expect=None).err
    town("schedule", "tick", "--now", "2020-03-28 09:05")
    assert "[clock_jumped]" not in town("doctor", "--now", "2020-03-28 09:05", expect=None).err


def test_a_person_says_that_the_clock_is_right_and_the_tick_catches_up(
    town: Voucher, here: Path
) -> None:
    town("schedule", "tick", "--now", NOW)
    town("schedule", "tick", "--now", FAR, expect=3)
    town("schedule", "tick", "--now", FAR, "--clock-is-right", "--actor", "mei")
    assert ask(here, "SELECT state FROM rounds") == [("closed",)]
    logged = ask(here, "SELECT actor FROM audit WHERE deed = 'schedule.clock-is-right'")
    assert logged == [("mei",)]
    town("schedule", "tick", "--now", "2021-03-28 09:05")
    town("schedule", "tick", "--now", "2021-03-28 09:06", "--clock-is-right")
    assert len(ask(here, "SELECT 1 FROM audit WHERE deed = 'schedule.clock-is-right'")) == 1


def test_a_stranger_does_not_say_that_the_clock_is_right(voucher: Voucher, here: Path) -> None:
    towns.build(voucher, towns.programme(staff={"mei": "maker", "lin": "checker"}), PACK)
    voucher("schedule", "tick", "--now", NOW)
    right = ("schedule", "tick", "--now", FAR, "--clock-is-right")
    assert "[not_staff]" in voucher(*right, "--actor", "mallory", expect=3).err
    assert ask(here, "SELECT beat_at FROM heartbeat") == [(towns.at(NOW),)]
    voucher(*right, "--actor", "mei")
    assert ask(here, "SELECT beat_at FROM heartbeat") == [(towns.at(FAR),)]


def test_the_first_tick_of_a_file_never_jumps(town: Voucher, here: Path) -> None:
    town("schedule", "tick", "--now", FAR)
    assert ask(here, "SELECT state FROM rounds") == [("closed",)]


@pytest.mark.parametrize(
    ("clock", "now", "code"),
    [
        ({}, "2020-04-12 09:00", 0),
        ({}, "2020-04-12 09:00:01", 3),
        ({"jump": "2 days"}, "2020-03-30 09:00:01", 3),
        ({"jump": "2 days"}, "2020-03-30 09:00", 0),
    ],
)
def test_the_programme_says_how_far_a_clock_is_believed(
    voucher: Voucher, clock: dict[str, str], now: str, code: int
) -> None:
    towns.build(voucher, towns.programme(clock=clock), PACK)
    voucher("schedule", "tick", "--now", NOW)
    codes = [
        voucher("schedule", "tick", "--now", now, *dry, expect=None).code
        for dry in ((), ("--dry-run",))
    ]
    assert codes == [code, code]


# ---------------------------------------------------------------- the document


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("5 minutes", 300), ("1 hour", 3600), ("90 seconds", 90), (" 0  minutes ", 0)],
)
def test_a_length_of_time_is_read(written: str, seconds: int) -> None:
    document = towns.programme(clock={"ahead": written, "jump": "3 days"})
    programme, faults = programmes.read(document)
    assert programme is not None and faults == ()
    assert programme.clock == clocks.Clock(seconds, 3 * 86_400)
    assert programmes.read(document | {"clock": programme.clock.document})[0] == programme


@pytest.mark.parametrize(
    ("clock", "code"),
    [
        ({"ahead": "5"}, "bad_length"),
        ({"ahead": "61 minutes"}, "too_long"),
        ({"jump": "a week"}, "bad_length"),
        ({"jump": 15}, "bad_length"),
        ({"ahaed": "5 minutes"}, "unknown_key"),
    ],
)
def test_a_length_of_time_that_is_none_is_a_fault(clock: dict[str, Any], code: str) -> None:
    programme, faults = programmes.read(towns.programme(clock=clock))
    assert programme is None and [fault.code for fault in faults] == [code]


# ---------------------------------------------------------------- the hour that is there twice


def test_an_hour_that_is_there_twice_is_shown_with_its_offset() -> None:
    zone = "Europe/Amsterdam"
    shown = [
        times.shown(times.parse(f"2026-10-25T{clock}", zone), zone)
        for clock in ("01:59:59+02:00", "02:30+02:00", "02:30+01:00", "03:00+01:00")
    ]
    assert shown == [
        "2026-10-25 01:59:59",
        "2026-10-25 02:30:00+02:00",
        "2026-10-25 02:30:00+01:00",
        "2026-10-25 03:00:00",
    ]
    assert times.shown(times.parse("2026-03-29 03:30", zone), zone) == "2026-03-29 03:30:00"
    assert [times.parse(text, zone) for text in shown[1:3]] == [1792888200, 1792891800]
