"""A stand-in clock is said, kept in order and never ahead of now; a rehearsal is known as one."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import towns
from towns import CLAIMS, PAYMENTS, ask

Voucher = Callable[..., Any]
STAFF = {"mei": "maker", "lin": "checker", "zhao": "checker"}
PACK = towns.pack("pack", towns.coupon("10", "40", 2))
AHEAD = "2026-12-24 09:00"  # the machine of tests stands on 27 November


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    """A round r1 that was drafted, submitted and approved on 20 March at 9."""

    def build() -> None:
        towns.build(
            voucher, towns.programme(staff=STAFF), PACK, merchants="merchant_no,name\nM1,面馆\n"
        )
        towns.make_round(voucher, "r1")

    once("stand-in clocks", build)
    return voucher


def claims(*rows: str) -> str:
    return towns.write("claims.csv", CLAIMS + "".join(f"{row}\n" for row in rows))


# ---------------------------------------------------------------- said


def test_who_writes_under_a_stand_in_clock_is_told_once(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ("--now", "2020-03-27 08:00")
    assert town("round", "open", "r1", "--actor", "mei", *at).clock == (
        "acting as if it were 2020-03-27 08:00:00 (--now); the log keeps both times"
    )
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-28 08:00")
    paused = town("round", "pause", "r1", "--actor", "mei", "--lang", "zh")
    assert paused.clock == "按 2020-03-28 08:00:00 办理（VOUCHER_NOW）；日志同时记录两个时间"
    answered = town("round", "resume", "r1", "--actor", "mei", "-o", "json")
    assert (answered.json["stand_in"], answered.json["acted_at"]) == (
        "VOUCHER_NOW",
        "2020-03-28T08:00:00+08:00",
    )
    assert answered.clock == ""


def test_who_reads_or_uses_the_machines_clock_is_told_nothing(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert town("round", "show", "r1", "--now", "2020-03-27 08:00").clock == ""
    assert town("schedule", "tick", "--now", "2020-03-20 10:00").clock == ""  # nothing is due
    monkeypatch.delenv("VOUCHER_NOW")
    assert town("round", "open", "r1", "--actor", "mei").clock == ""
    assert "acted_at" not in town("round", "pause", "r1", "--actor", "mei", "-o", "json").json


# ---------------------------------------------------------------- in order


@pytest.mark.parametrize(("now", "code"), [("2020-03-20 08:59:59", 3), ("2020-03-20 09:00", 0)])
def test_no_clock_goes_before_the_last_deed_on_the_round(
    town: Voucher, here: Path, now: str, code: int
) -> None:
    edit = ("round", "edit", "r1", "--packs", "3")
    ran = town(*edit, "--now", now, "--actor", "mei", expect=code)
    assert ask(here, "SELECT state FROM rounds") == [("approved" if code else "draft",)]
    assert ("[clock_before]" in ran.err) is bool(code)
    if code:
        assert ran.err.splitlines() == [
            "error: 2020-03-20 08:59:59 (--now) is before the last action on r1, at"
            " 2020-03-20 09:00:00 [clock_before]",
            '  next: give a later time: --now "2020-03-20 09:00:00"; voucher audit log --about r1',
        ]


def test_nor_before_the_proposal_that_it_approves(town: Voucher, here: Path) -> None:
    town("round", "top-up", "r1", "--packs", "1", "--actor", "mei", "--now", "2020-03-22 09:00")
    by = ("round", "approve", "r1", "--actor", "lin", "--now")
    assert "clock_before" in town(*by, "2020-03-21 09:00", expect=3).err
    assert ask(here, "SELECT packs FROM rounds") == [(10,)]
    town(*by, "2020-03-22 09:00")
    assert ask(here, "SELECT packs FROM rounds") == [(11,)]


def test_nor_before_the_import_of_the_batch(town: Voucher, here: Path) -> None:
    town("round", "open", "r1", "--actor", "mei", "--now", "2020-03-27 08:00")
    file = claims("C1,r1,ann,2020-03-27 09:00:00", "C2,none,bob,2020-03-27 09:00:00")
    town("claim", "import", file, "--now", "2020-03-28 09:00", expect=4)
    for verb in ("retry", "undo"):
        ran = town("batch", verb, "2", "--yes", "--now", "2020-03-28 08:59", expect=3)
        assert "is before the last action on claims.csv" in ran.err
    assert ask(here, "SELECT claim_no FROM claims") == [("C1",)]
    # another file of that name is another batch
    file = claims("C3,r1,cid,2020-03-27 09:00:00")
    town("claim", "import", file, "--now", "2020-03-27 10:00")
    town("batch", "undo", "2", "--yes", "--now", "2020-03-28 09:00")
    assert ask(here, "SELECT claim_no FROM claims") == [("C3",)]


def test_a_round_of_the_same_code_in_another_programme_has_its_own_order(town: Voucher) -> None:
    town("programme", "load", towns.write("other.yaml", towns.programme("other")))
    early = ("--now", "2020-03-19 09:00", "--programme", "other")
    towns.draft(town, "r1", *early)
    town("round", "submit", "r1", "--actor", "mei", *early)
    first = ("round", "edit", "r1", "--packs", "3", "--actor", "mei", "--now", "2020-03-19 10:00")
    assert "clock_before" in town(*first, "--programme", "town", expect=3).err
    town(*first, "--programme", "other")


def test_a_machine_whose_clock_was_set_back_may_go_on(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town("round", "open", "r1", "--actor", "mei", "--now", "2026-11-27 09:00")
    monkeypatch.delenv("VOUCHER_NOW")
    monkeypatch.setattr(towns, "MACHINE", "2026-11-26 09:00")
    town("round", "pause", "r1", "--actor", "mei")
    assert ask(here, "SELECT state FROM rounds") == [("paused",)]


# ---------------------------------------------------------------- never ahead


def test_nothing_is_done_ahead_of_its_time(town: Voucher, here: Path) -> None:
    before = ask(here, "SELECT count(*) FROM audit")
    ran = town("round", "open", "r1", "--actor", "mei", "--now", AHEAD, expect=3)
    assert ran.err.splitlines() == [
        "error: 2026-12-24 09:00:00 (--now) is later than now, 2026-11-27 09:00:00: nothing is"
        " done ahead of its time [clock_ahead]",
        "  next: leave --now out, add --dry-run, or rehearse in a file of its own: voucher init"
        " --rehearsal --db rehearsal.db",
    ]
    file = claims("C1,r1,ann,2020-03-27 09:00:00")
    for words in (
        ("claim", "import", file),
        ("merchant", "suspend", "M1", "--reason", "fraud", "--actor", "mei"),
        ("schedule", "tick"),
    ):
        assert "[clock_ahead]" in town(*words, "--now", AHEAD, expect=3).err
    assert ask(here, "SELECT count(*) FROM audit") == before
    assert ask(here, "SELECT count(*) FROM heartbeat") == [(0,)]
    assert ask(here, "SELECT count(*) FROM batches WHERE kind = 'claims'") == [(0,)]


def test_who_reads_or_tries_may_look_ahead(town: Voucher, here: Path) -> None:
    town("round", "show", "r1", "--now", AHEAD)
    town("report", "rounds", "--now", AHEAD)
    tick = ("schedule", "tick", "--now", AHEAD, "--dry-run", "-o", "json")
    deeds = [(each["deed"], each["subject"]) for each in town(*tick).data["deeds"]]
    assert deeds == [("open", "r1"), ("close", "r1"), ("release", "r1")]
    assert ask(here, "SELECT state FROM rounds") == [("approved",)]


# ---------------------------------------------------------------- both times


def test_the_log_and_the_round_show_both_times(town: Voucher) -> None:
    town("round", "open", "r1", "--actor", "mei", "--now", "2020-03-27 08:00")
    town("round", "pause", "r1", "--actor", "mei", "--now", "2020-03-27 09:00")
    data = town("round", "show", "r1", "-o", "json").data
    assert [(row["at"][:16], row["entered_at"][:16]) for row in data["approvals"]] == [
        ("2020-03-20T09:00", "2026-11-27T09:00"),
        ("2020-03-20T09:00", "2026-11-27T09:00"),
    ]
    assert data["amendments"][0]["entered_at"] == "2026-11-27T09:00:00+08:00"
    assert town("round", "show", "r1").out.count("2026-11-27 09:00") == 3
    assert "2026-11-27 09:00" in town("audit", "log", "--about", "r1").out
    assert "录入时间" in town("audit", "log", "--about", "r1", "--lang", "zh").out


def test_one_time_is_enough_where_both_are_one(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOUCHER_NOW")
    monkeypatch.setattr(towns, "MACHINE", "2026-11-27 09:01")
    town("round", "open", "r1", "--actor", "mei", "--now", "2026-11-27 09:00:01")
    town("round", "pause", "r1", "--actor", "mei")
    log = town("audit", "log", "--since", "2026-01-01")
    assert "2026-11-27 09:00:01" in log.out
    assert "ntered" not in log.out


# ---------------------------------------------------------------- rehearsals


@pytest.fixture
def rehearsal(voucher: Voucher) -> Voucher:
    """A file for rehearsals with a programme and the approved round r1 of Christmas, on wechat."""
    voucher("init", "--rehearsal")
    voucher("programme", "load", towns.write("programme.yaml", towns.programme(staff=STAFF)))
    voucher("template", "add", towns.write("pack.yaml", PACK))
    merchants = towns.write("merchants.csv", "merchant_no,name\nM1,面馆\n")
    voucher("merchant", "import", merchants)
    at = ("--now", "2026-12-20 09:00")
    towns.make_round(
        voucher, "r1", "--platform", "wechat", opens=AHEAD, closes="2026-12-26", everywhere=at
    )
    return voucher


def test_a_rehearsal_plays_what_has_not_come(rehearsal: Voucher, here: Path) -> None:
    rehearsal("schedule", "tick", "--now", AHEAD)
    file = claims("C1,r1,ann,2026-12-24 09:00:00", "C2,r1,bob,2026-12-24 09:00:01")
    data = rehearsal("claim", "import", file, "--now", AHEAD, "-o", "json", expect=4).data
    assert data["reasons"] == {"in_future": 1}
    paid = towns.write("p.csv", PAYMENTS + "T1,pay,C1,1,M1,2026-12-24 12:00:00,50,0,10,\n")
    rehearsal("redemption", "import", paid, "--now", "2026-12-24 13:00")
    # the clock of the tick is believed as far as in any file
    far = rehearsal("schedule", "tick", "--now", "2027-02-01 09:00", expect=3)
    assert "[clock_jumped]" in far.err
    rehearsal("schedule", "tick", "--now", "2027-01-05 09:00")
    assert ask(here, "SELECT state, claimed FROM rounds") == [("closed", 2)]
    rehearsal("check")


def test_whatever_comes_out_of_a_rehearsal_says_so(rehearsal: Voucher, here: Path) -> None:
    rehearsal("schedule", "tick", "--now", AHEAD)
    report = ("report", "rounds", "--now", AHEAD)
    assert rehearsal(*report).out.splitlines()[0] == "REHEARSAL: nothing here is real"
    chinese = rehearsal(*report, "--lang", "zh").out
    assert chinese.splitlines()[0] == "演练：以下均非真实数据"
    rows = list(csv.DictReader(io.StringIO(rehearsal(*report, "-o", "csv").out)))
    assert rows[0]["rehearsal"] == "yes"
    assert rehearsal(*report, "-o", "json").json["rehearsal"] is True
    folder = here / "outbox/wechat"
    order = json.loads((folder / "town-r1-order-1.json").read_text("utf-8"))
    assert (order["rehearsal"], order["order_no"]) == (True, "REHEARSAL-town-r1-1")
    sheet = (folder / "town-r1-order-1.csv").read_text("utf-8")
    assert "REHEARSAL-town-r1-1-1" in sheet


def test_a_draw_that_is_rehearsed_has_a_certificate_that_says_so(rehearsal: Voucher) -> None:
    at = ("--now", "2026-12-20 09:00")
    lottery = ("--mode", "lottery", "--registration-opens", "2026-12-20")
    towns.make_round(
        rehearsal, "l1", *lottery, packs=1, opens=AHEAD, closes="2026-12-26", everywhere=at
    )
    rehearsal("draw", "commit", "l1", *at)
    rows = "application_no,round,resident,applied_at\nA1,l1,ann,2026-12-21 09:00:00\n"
    rehearsal("application", "import", towns.write("a.csv", rows), "--now", "2026-12-22 09:00")
    rehearsal("round", "open", "l1", "--actor", "mei", "--now", AHEAD)
    rehearsal("draw", "run", "l1", "--to", "out", "--now", AHEAD)
    document = json.loads(Path("out/REHEARSAL-town-l1-certificate.json").read_text("utf-8"))
    assert document["rehearsal"] is True
    printed = Path("out/REHEARSAL-town-l1-certificate.txt").read_text("utf-8")
    assert printed.splitlines()[2] == "演练，非真实摇号 REHEARSAL: no real draw"
    files = ("out/REHEARSAL-town-l1-certificate.json", "--entrants")
    ran = rehearsal("draw", "verify", *files, "out/REHEARSAL-town-l1-entrants.csv")
    assert "the draw of l1 is verified" in ran.err


def test_a_file_with_work_in_it_becomes_no_rehearsal(town: Voucher, here: Path) -> None:
    refused = town("init", "--rehearsal", expect=3)
    assert "[not_a_rehearsal]" in refused.err
    with pytest.raises(sqlite3.IntegrityError, match="becomes no rehearsal"):
        towns.by_hand(here, "INSERT INTO rehearsals VALUES (1)")
    assert town("round", "list").out.startswith("Rounds of town")


def test_a_file_without_a_deed_may_become_one_and_stays_it(voucher: Voucher, here: Path) -> None:
    voucher("init")
    assert "it is for rehearsals" in voucher("init", "--rehearsal").err
    assert "nothing was changed" in voucher("init", "--rehearsal").err
    with pytest.raises(sqlite3.IntegrityError, match="a rehearsal stays one"):
        towns.by_hand(here, "DELETE FROM rehearsals")
    assert voucher("round", "list", "-o", "json", expect=3).json["status"] == "refused"
