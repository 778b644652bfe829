"""`voucher schedule tick`: what is due is done once, in order, each deed by itself; late ticks end
where punctual ones do.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from processes import forked, started
from towns import CLAIMS, CLOSES, OPENS, PAYMENTS, ask

from vouchercli.ops.schedule import jobs
from vouchercli.rules import schedule as law
from vouchercli.store import schedule as store

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran, Start

    Voucher = Callable[..., Ran]

PROGRAMME = towns.programme(
    limits={"packs_per_resident_per_round": 1}, unused="next_round", clock={"jump": "90 days"}
)
PACK = towns.pack("pack", towns.coupon("10.00", "40.00", 2))
MERCHANTS = "merchant_no,name\nM1,面馆\n"
# a round that waits for its opening
approve_round = partial(towns.make_round, closes=CLOSES)


@pytest.fixture
def town(voucher: Voucher, once: Once) -> Voucher:
    """A programme with a pack of two 40-10 coupons."""
    once("schedule", lambda: towns.build(voucher, PROGRAMME, PACK, merchants=MERCHANTS))
    return voucher


def tick(voucher: Voucher, now: str, *options: str, expect: int = 0) -> list[tuple[str, str, str]]:
    """What a tick at `now` did: (deed, of what, result)."""
    ran = voucher("schedule", "tick", "--now", now, "-o", "json", *options, expect=expect)
    return [(each["deed"], each["subject"], each["result"]) for each in ran.data["deeds"]]


def land(here: Path, place: str, text: str, age: int = 60, at: str = "") -> Path:
    """A file in the inbox that was last changed `age` seconds ago, or `at` that hour."""
    path = here / "inbox" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    changed_at = towns.at(at) if at else towns.at(towns.MACHINE) - age
    os.utime(path, (changed_at, changed_at))
    return path


# ---------------------------------------------------------------- rounds


def test_nothing_due_is_silent(town: Voucher, here: Path) -> None:
    ran = town("schedule", "tick")
    assert (ran.out, ran.err) == ("", "")
    assert ask(here, "SELECT ticks, failed, last_deed_at FROM heartbeat") == [(1, 0, None)]
    assert town("schedule", "tick", "-o", "json").data["deeds"] == []


def test_without_a_database_it_is_refused(voucher: Voucher) -> None:
    assert "[no_database]" in voucher("schedule", "tick", expect=3).err
    assert "[no_database]" in voucher("schedule", "show", expect=3).err


def test_a_round_opens_and_closes_at_its_time_and_once(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    assert tick(town, "2020-03-27 07:59:59") == []
    assert tick(town, "2020-03-27 08:00") == [("open", "r1", "done")]
    assert tick(town, "2020-03-27 08:00") == []
    assert tick(town, "2020-03-29 07:59") == []
    assert tick(town, "2020-03-29 08:02") == [("close", "r1", "done"), ("release", "r1", "done")]
    assert tick(town, "2020-03-29 08:02") == []
    assert ask(here, "SELECT deed, done_at - due_at FROM deeds ORDER BY deed_id") == [
        ("open", 0),
        ("close", 120),
    ]
    assert ask(here, "SELECT ticks, most_late FROM heartbeat") == [(6, 120)]


def test_after_a_long_pause_all_is_done_in_one_tick(town: Voucher) -> None:
    approve_round(town, "r1")
    approve_round(town, "r2", opens="2020-03-27 09:00")
    jobs = tick(town, "2020-05-01")
    assert jobs[:4] == [
        ("open", "r1", "done"),
        ("open", "r2", "done"),
        ("close", "r1", "done"),
        ("close", "r2", "done"),
    ]
    assert [each["state"] for each in town("round", "list", "-o", "json").data["rounds"]] == [
        "closed",
        "closed",
    ]


def test_a_round_opened_by_hand_is_closed_by_the_clock(town: Voucher) -> None:
    approve_round(town, "r1")
    town("round", "open", "r1", "--now", OPENS, "--actor", "mei")
    assert tick(town, "2020-03-29 08:00")[0] == ("close", "r1", "done")


def test_a_round_that_is_not_approved_is_called_for_and_never_opened(town: Voucher) -> None:
    towns.draft(town, "r1", closes=CLOSES)
    assert tick(town, "2020-03-26 07:59") == []
    ran = town("schedule", "tick", "--now", "2020-03-26 08:00")
    assert "round r1 opens at 2020-03-27 08:00:00 and is not approved yet [round_waits]" in ran.err
    assert tick(town, "2020-03-26 09:00") == []
    assert "should have opened at" in town("schedule", "tick", "--now", "2020-03-27 08:01").err
    assert tick(town, "2020-03-27 08:02") == []
    assert town("round", "show", "r1", "-o", "json").data["state"] == "draft"


def test_an_amendment_that_waits_is_called_for_once(town: Voucher) -> None:
    approve_round(town, "r1")
    tick(town, OPENS)
    town("round", "top-up", "r1", "--packs", "5", "--actor", "mei", "--now", OPENS)
    assert (
        "waits for approval [amendment_waits]"
        in town("schedule", "tick", "--now", "2020-03-27 08:01").err
    )
    assert tick(town, "2020-03-27 08:02") == []


def test_a_draw_that_waits_for_its_public_text_is_called_for_once(town: Voucher) -> None:
    approve_round(town, "lot", "--mode", "lottery", "--registration-opens", "2020-03-25")
    town("draw", "commit", "lot", "--public-source", "the state lottery of 26 March")
    assert tick(town, OPENS) == [("open", "lot", "done"), ("remind", "lot", "done")]
    assert tick(town, "2020-03-27 08:01") == []


def test_a_round_whose_draw_failed_is_not_closed(town: Voucher, here: Path) -> None:
    """A late tick draws and closes; what stands where the certificate goes stops the draw."""
    approve_round(town, "lot", "--mode", "lottery", "--registration-opens", "2020-03-25")
    town("draw", "commit", "lot")
    rows = "application_no,round,resident,applied_at\nA1,lot,res,2020-03-26 09:00:00\n"
    towns.write("applications.csv", rows)
    town("application", "import", "applications.csv", "--actor", "mei", "--now", "2020-03-26 10:00")
    certificate = here / "draws/town-lot-certificate.json"
    certificate.parent.mkdir()
    certificate.write_text("{}", "utf-8")
    after = "2020-03-29 09:00"
    assert tick(town, after, expect=4) == [("open", "lot", "done"), ("draw", "lot", "failed")]
    assert tick(town, after, expect=4) == [("draw", "lot", "failed")]
    certificate.unlink()
    done = tick(town, after)
    assert done[:2] == [("draw", "lot", "done"), ("close", "lot", "done")]
    assert town("round", "show", "lot", "-o", "json").data["claimed"] == 1


def test_a_lottery_without_a_committed_seed_is_not_opened_and_told_with_every_tick(
    town: Voucher,
) -> None:
    approve_round(town, "lot", "--mode", "lottery", "--registration-opens", "2020-03-25")
    ran = town("schedule", "tick", "--now", "2020-03-27 08:01", expect=4)
    assert "[registration_over]" in ran.err and "[draw_not_committed]" in ran.err
    assert tick(town, "2020-03-27 08:02", expect=4) == [
        ("commit", "lot", "failed"),
        ("open", "lot", "failed"),
    ]
    town(
        "round",
        "reschedule",
        "lot",
        "--opens-at",
        "2020-03-28 08:00",
        "--actor",
        "mei",
        "--now",
        "2020-03-27 08:03",
    )
    town("round", "approve", "lot", "--actor", "lin", "--now", "2020-03-27 08:03")
    assert tick(town, "2020-03-27 08:04") == [("commit", "lot", "done")]
    # nobody has applied
    assert tick(town, "2020-03-28 08:00", expect=4) == [
        ("open", "lot", "done"),
        ("draw", "lot", "failed"),
    ]


def test_of_two_programmes_each_round_is_done_in_its_own(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    village = PROGRAMME | {"programme": "village", "time_zone": "Asia/Tokyo"}
    town("programme", "load", towns.write("other.yaml", village))
    towns.make_round(town, "v1", packs=5, everywhere=("--programme", "village"))
    assert tick(town, "2020-03-27 07:00") == [("open", "v1", "done")]  # eight o'clock of Tokyo
    assert tick(town, "2020-03-27 08:00", "--programme", "village") == []
    assert tick(town, "2020-03-27 08:00") == [("open", "r1", "done")]
    assert "[unknown_programme]" in town("schedule", "tick", "--programme", "nowhere", expect=3).err
    shown = town("schedule", "show", "--now", "2020-03-20 09:00")
    assert "town (Asia/Shanghai)" in shown.out and "village (Asia/Tokyo)" in shown.out


def test_another_tick_at_work_is_busy_at_once(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    with store.hold_clock(here / "voucher.db"):
        started = time.monotonic()
        ran = town("schedule", "tick", "--now", OPENS, expect=75)
        assert time.monotonic() - started < 5
    assert "another tick is running" in ran.err and "[tick_running]" in ran.err
    assert tick(town, OPENS) == [("open", "r1", "done")]


def test_a_writer_that_is_not_a_tick_is_waited_for_and_then_busy(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve_round(town, "r1")
    monkeypatch.setattr("vouchercli.store.db.BUSY_TIMEOUT_MS", 1)
    with closing(sqlite3.connect(here / "voucher.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "[busy]" in town("schedule", "tick", "--now", OPENS, expect=75).err
    assert tick(town, OPENS) == [("open", "r1", "done")]


def test_a_dry_run_tells_all_and_writes_nothing(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "alipay")
    file = land(
        here, "alipay/claims/c.csv", CLAIMS + "C1,p1,330102199001010012,2020-03-27 08:00:01\n"
    )
    before = state(here)
    jobs = tick(town, "2020-05-01", "--dry-run", "--log-file", "log")
    assert [job for job, _, _ in jobs] == ["open", "close", "import", "release"]
    assert (state(here), file.exists()) == (before, True)
    assert (
        not (here / "outbox").exists()
        and not (here / "log").exists()
        and ask(here, "SELECT * FROM heartbeat") == []
    )
    assert tick(town, "2020-05-01") == jobs


def test_each_deed_is_a_line_of_json_in_the_log(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    assert tick(town, "2020-03-27 07:00", "--log-file", "log") == []
    assert not (here / "log").exists()
    tick(town, "2020-03-27 08:01", "--log-file", "log")
    tick(town, CLOSES, "--log-file", "log")
    lines = [json.loads(line) for line in (here / "log").read_text("utf-8").splitlines()]
    assert [(line["deed"], line["subject"], line["late_seconds"]) for line in lines] == [
        ("open", "r1", 60),
        ("close", "r1", 0),
        ("release", "r1", None),
    ]
    assert lines[0]["at"] == "2020-03-27T08:01:00+08:00" and lines[0]["result"] == "done"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
def test_a_full_disk_under_the_log_stops_no_deed(town: Voucher) -> None:
    approve_round(town, "r1")
    approve_round(town, "r2")
    ran = town("schedule", "tick", "--now", OPENS, "--log-file", "/dev/full", expect=4)
    assert ran.err.count("the disk is full [unwritable_log]") == 1
    assert town("round", "show", "r1", "-o", "json").data["state"] == "open"


def test_what_another_process_has_done_is_not_done_again(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    with towns.session(here / "voucher.db", now=towns.at(OPENS)) as session:
        (due,) = law.list_due("open", jobs.list_scheduled(session), session.now)
        assert jobs.do_job(session, due) is not None
        assert jobs.do_job(session, due) is None
    assert ask(here, "SELECT state FROM rounds") == [("open",)]


def test_a_tick_that_cannot_hold_its_lock_does_nothing(town: Voucher) -> None:
    approve_round(town, "r1")
    towns.write("voucher.db-tick", "no lock " * 100)
    ran = town("schedule", "tick", "--now", OPENS, expect=3)
    assert "voucher.db-tick" in ran.err and "[not_a_database]" in ran.err
    assert town("round", "show", "r1", "-o", "json").data["state"] == "approved"


def test_a_deed_that_cannot_be_done_stops_no_other(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "alipay")
    approve_round(town, "r1", opens="2020-03-27 09:00")
    (here / "outbox").write_text("in the way")
    assert tick(town, "2020-03-27 09:00", expect=4) == [
        ("open", "p1", "done"),
        ("open", "r1", "done"),
        ("order", "p1", "done"),
        ("write", "p1", "failed"),
    ]
    assert ask(here, "SELECT failed FROM heartbeat") == [(1,)]
    assert "[tick_failed]" in town("doctor", "--now", "2020-03-27 09:01").err
    (here / "outbox").unlink()
    assert tick(town, "2020-03-27 09:02") == [("write", "p1", "done")]
    assert [path.suffix for path in sorted((here / "outbox/alipay").iterdir())] == [".csv", ".json"]


def test_the_doctor_hears_when_the_heart_stops(town: Voucher) -> None:
    assert "no tick yet" in town("doctor").out
    tick(town, OPENS)
    assert "[tick_late]" not in town("doctor", "--now", "2020-03-27 08:10").err
    assert (
        "the last tick was at 2020-03-27 08:00:00, 60 minutes ago"
        in town("doctor", "--now", "2020-03-27 09:00").err
    )


def test_show_tells_what_comes_next_and_what_it_waits_for(town: Voucher) -> None:
    assert "no job is planned" in town("schedule", "show").err
    approve_round(town, "r1")
    towns.draft(town, "r2", packs=1, opens="2020-03-28 08:00")
    jobs = town("schedule", "show", "-o", "json").data["deeds"]
    assert [(each["deed"], each["round"], each["due_at"], each["waits_for"]) for each in jobs] == [
        ("open", "r1", "2020-03-27T08:00:00+08:00", None),
        ("open", "r2", "2020-03-28T08:00:00+08:00", "submission and approval"),
        ("close", "r1", "2020-03-29T08:00:00+08:00", None),
        ("close", "r2", "2020-04-04T08:00:00+08:00", "submission and approval"),
    ]
    late = town("schedule", "show", "--now", "2020-03-27 08:30", "-o", "json").data["deeds"]
    assert late[0]["waits_for"] == "the next tick"
    assert "审批" in town("schedule", "show", "--lang", "zh").out


# ---------------------------------------------------------------- inbox


def test_files_are_taken_in_as_they_came_and_put_away_with_their_summary(
    town: Voucher, here: Path
) -> None:
    approve_round(town, "r1")
    tick(town, OPENS)
    land(
        here,
        "wechat/redemptions/a.csv",
        PAYMENTS + "T1,pay,C1,1,M1,2020-03-28 12:00,40,0,10,\n",
        age=40,
    )
    land(
        here,
        "wechat/claims/z.csv",
        CLAIMS + "C1,r1,330102199001010012,2020-03-27 08:00:01\n",
        age=50,
    )
    assert tick(town, "2020-03-28 13:00") == [
        ("import", "wechat/claims/z.csv", "done"),
        ("import", "wechat/redemptions/a.csv", "done"),
    ]
    done = here / "inbox/wechat/redemptions/done"
    summary = json.loads((done / "a.csv.json").read_text("utf-8"))
    assert (done / "a.csv").exists() and not (here / "inbox/wechat/redemptions/a.csv").exists()
    assert (
        summary["status"],
        summary["data"]["accepted"],
        summary["platform"],
        summary["kind"],
    ) == ("ok", 1, "wechat", "redemptions")
    assert tick(town, "2020-03-28 13:01") == []


def test_a_file_that_may_still_grow_is_left(town: Voucher, here: Path) -> None:
    text = CLAIMS + "C1,r1,330102199001010012,2020-03-27 08:00:01\n"
    land(here, "wechat/claims/new.csv", text, age=0)
    for name in (".hidden.csv", "b.csv.part", "c.csv.tmp", "d.csv~"):
        land(here, f"wechat/claims/{name}", text)
    assert tick(town, OPENS) == []
    assert len(list((here / "inbox/wechat/claims").iterdir())) == 5


def test_a_file_that_is_refused_goes_to_failed_and_stops_nobody(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    land(here, "wechat/claims/bad.csv", "what,ever\n1,2\n", age=90)
    land(here, "wechat/claims/good.csv", CLAIMS + "C1,r1,330102199001010012,2020-03-27 08:00:01\n")
    ran = town("schedule", "tick", "--now", OPENS, expect=4)
    assert "[unknown_layout]" in ran.err
    failed = json.loads((here / "inbox/wechat/claims/failed/bad.csv.json").read_text("utf-8"))
    assert (failed["status"], failed["problems"][0]["code"]) == ("refused", "unknown_layout")
    assert (here / "inbox/wechat/claims/done/good.csv").exists()
    assert tick(town, OPENS) == []


def test_rejected_rows_are_told_and_the_file_is_done(town: Voucher, here: Path) -> None:
    land(
        here, "wechat/claims/a.csv", CLAIMS + "C1,nothing,330102199001010012,2020-03-27 08:00:01\n"
    )
    ran = town("schedule", "tick", "--now", OPENS, expect=4)
    assert (
        "1 of 1 rows were rejected [rows_rejected]" in ran.err and "voucher batch show 2" in ran.err
    )
    assert (here / "inbox/wechat/claims/done/a.csv").exists()


def test_an_earlier_file_of_the_same_name_stays(town: Voucher, here: Path) -> None:
    for number in (1, 2):
        land(here, "city/merchants/daily.csv", f"merchant_no,name\nM{number},店\n")
        tick(town, OPENS)
    assert sorted(path.name for path in (here / "inbox/city/merchants/done").iterdir()) == [
        "daily-2.csv",
        "daily-2.csv.json",
        "daily.csv",
        "daily.csv.json",
    ]


def test_a_file_in_no_folder_of_a_kind_is_said_once(town: Voucher, here: Path) -> None:
    land(here, "wechat/clams/a.csv", CLAIMS)
    land(here, "b.csv", CLAIMS)
    assert town("schedule", "tick", "--now", OPENS).err.count("[stray_file]") == 2
    assert tick(town, OPENS) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_stops_nobody(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    closed = land(here, "wechat/claims/a.csv", CLAIMS).parent
    closed.chmod(0)
    assert tick(town, OPENS, expect=4) == [
        ("open", "r1", "done"),
        ("import", "wechat/claims", "failed"),
    ]
    closed.chmod(0o700)


def test_a_summary_that_a_killed_tick_left_is_kept(town: Voucher, here: Path) -> None:
    text = "merchant_no,name\nM7,店\n"
    land(here, "city/merchants/a.csv", text)
    tick(town, OPENS)
    done = here / "inbox/city/merchants/done"
    # as if the kill had come before the move
    (done / "a.csv").rename(here / "inbox/city/merchants/a.csv")
    assert tick(town, OPENS) == [("import", "city/merchants/a.csv", "done")]
    assert json.loads((done / "a.csv.json").read_text("utf-8"))["data"]["accepted"] == 1


def test_an_inbox_that_was_named_must_be_there(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    ran = town("schedule", "tick", "--now", OPENS, "--inbox", "elsewhere", expect=4)
    assert "there is no folder elsewhere [no_inbox]" in ran.err
    assert town("round", "show", "r1", "-o", "json").data["state"] == "open"
    (here / "elsewhere/x/merchants").mkdir(parents=True)
    assert tick(town, OPENS, "--inbox", "elsewhere") == []


def test_with_several_programmes_a_folder_names_the_one(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    tick(town, OPENS)
    town("programme", "load", "hangzhou-2020")  # of which the clock seals days
    text = CLAIMS + "C1,r1,330102199001010012,2020-03-27 08:00:00\n"
    waits = land(here, "wechat/claims/a.csv", text, age=90)
    land(here, "town/wechat/claims/b.csv", text)
    assert tick(town, OPENS, expect=4) == [
        ("import", "wechat/claims/a.csv", "failed"),
        ("import", "town/wechat/claims/b.csv", "done"),
        ("seal", "2020-03-25", "done"),
        ("check", "voucher.db", "done"),
    ]
    assert waits.exists()  # not its fault
    assert tick(town, OPENS, "--programme", "town") == [("import", "wechat/claims/a.csv", "done")]


# ---------------------------------------- late, skipped, killed: the same state

# Who ran when, in how many steps money moved, and what goes by running numbers (`check` proves it).
NOT_STATE = {"heartbeat", "audit", "postings", "used_claims", "fact_digests"}
CLOCKS = {
    "imported_at",
    "at",
    "entered_at",
    "posted_at",
    "done_at",
    "ordered_at",
    "written_at",
    "looked_at",
    "expired_by",
    "committed_at",
    "drawn_at",
    "published_at",
    "file",
    "strata_fixed_at",
    "granted_at",
    "listed_at",
    "document",
    "certificate",
    "next_at",
}
IDS = {
    "voucher",
    "batch_id",
    "claim_id",
    "deed_id",
    "split_id",
    "application_id",
    "redemption_id",
    "order_id",
    "eligibility_id",
    "refund_of",
    "line",
}
TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) <> '_' ORDER BY"
    " name"
)
BALANCES = """
SELECT funder_id, round_id, account, sum(amount) FROM (
    SELECT funder_id, round_id, to_account AS account, amount_fen AS amount FROM postings
    UNION ALL SELECT funder_id, round_id, from_account, -amount_fen FROM postings
) GROUP BY funder_id, round_id, account HAVING sum(amount) <> 0 ORDER BY 1, 2, 3
"""


def state(folder: Path) -> list[str]:
    """What is true: every row but clocks and running numbers, money as balances; who was reminded
    and how many runs an allocation took are left out.
    """
    with closing(sqlite3.connect(folder / "voucher.db")) as db:
        lines = [f"balance {row}" for row in db.execute(BALANCES)]
        for (table,) in db.execute(TABLES).fetchall():
            if table not in NOT_STATE:
                names = [
                    row[1]
                    for row in db.execute(f'PRAGMA table_info("{table}")')
                    if row[1] not in CLOCKS | IDS
                ]
                lines += sorted(
                    f"{table} {row}"
                    for row in db.execute(f'SELECT {", ".join(names)} FROM "{table}"')
                )
    return [line for line in lines if not line.startswith(("deeds ('remind'", "deeds ('allocate'"))]


APPLICATIONS = "application_no,round,resident,applied_at\n"
# (when it lands, where, what)
FILES = (
    (
        "2020-03-26 12:00",
        "app/applications/early.csv",
        APPLICATIONS + "".join(f"L{n},lot,res{n},2020-03-26 10:0{n}:00\n" for n in range(6)),
    ),
    (
        "2020-03-26 13:00",
        "city/eligibility/list.csv",
        "resident,group\n" + "".join(f"res{n},poor\n" for n in range(3)),
    ),
    (
        "2020-03-27 08:30",
        "app/applications/first.csv",
        APPLICATIONS + "".join(f"F{n},first,res{n},2020-03-27 08:0{n}:00\n" for n in range(4)),
    ),
    (
        "2020-03-27 09:30",
        "app/applications/then.csv",
        APPLICATIONS + "".join(f"G{n},first,more{n},2020-03-27 09:0{n}:00\n" for n in range(4)),
    ),
    (
        "2020-03-27 20:00",
        "alipay/claims/one.csv",
        CLAIMS + "".join(f"A{n},plat,res{n},2020-03-27 08:00:0{n}\n" for n in range(5)),
    ),
    (
        "2020-03-28 20:00",
        "alipay/redemptions/one.csv",
        PAYMENTS
        + "".join(f"T{n},pay,A{n},1,M1,2020-03-28 1{n}:00:00,45,0,10,\n" for n in range(4)),
    ),
    (
        "2020-04-02 20:00",
        "alipay/redemptions/two.csv",
        PAYMENTS + "R1,refund,A1,1,M1,2020-03-29 12:00,45,0,10,T1\nT9,pay,A2,2,M1,2020-04-02"
        " 12:00,40,0,10,\n",
    ),
    (
        "2020-04-05 20:00",
        "alipay/redemptions/late.csv",
        PAYMENTS + "T8,pay,A3,2,M1,2020-04-03 07:59,40,0,10,\n",
    ),
)
HOURS = [
    f"2020-{month}-{day:02d} {hour:02d}:00"
    for month, days in (("03", range(26, 32)), ("04", range(1, 9)))
    for day in days
    for hour in (1, 9, 17, 22)
]


@pytest.fixture
def full_town(town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A round of every mode, approved: by arrival, by lot, by list, and by a platform."""
    # the lottery's seed: one chance for all
    monkeypatch.setattr("secrets.token_bytes", lambda size: bytes(range(size)))
    approve_round(town, "first", packs=5)
    approve_round(
        town, "lot", "--mode", "lottery", "--registration-opens", "2020-03-26 08:00", packs=3
    )
    approve_round(town, "list", "--mode", "targeted", "--group", "poor", packs=9)
    approve_round(town, "plat", "--platform", "alipay", packs=4)
    return town


def live_through(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, skips: Callable[[], bool]
) -> list[str]:
    """The state after a fortnight in which ticks are skipped as `skips` says; files land at their
    hours whatever happens.
    """
    world = here / "world"
    shutil.copytree(here, world, ignore=shutil.ignore_patterns("world"))
    monkeypatch.chdir(world)
    waiting = list(FILES)
    for hour in HOURS:
        while waiting and waiting[0][0] <= hour:
            land(world, waiting[0][1], waiting[0][2], at=waiting[0][0])
            waiting.pop(0)
        if not skips() or hour in (
            HOURS[0],
            HOURS[-1],
        ):  # a seed that is not committed in time is a person's matter
            voucher("schedule", "tick", "--now", hour, expect=None)
    end_state = state(world)
    assert voucher("check").code == 0
    monkeypatch.chdir(here)
    shutil.rmtree(world)
    return end_state


@pytest.mark.slow
def test_late_and_skipped_ticks_end_where_punctual_ones_do(
    full_town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for orders: a tick that comes when a round is over writes none."""
    chance = random.Random(7)

    def live(skips: Callable[[], bool]) -> list[str]:
        lines = live_through(full_town, here, monkeypatch, skips)
        return [each for each in lines if not each.startswith(("deeds ('order'", "issuance_ord"))]

    punctual = live(lambda: False)
    for code in ("first-", "lot-", "list-", "A"):
        assert any(line.startswith(f"claims ('{code}") for line in punctual)
    for share in (0.5, 1.0):
        assert live(lambda share=share: chance.random() < share) == punctual  # type: ignore[misc]


TICK = ("schedule", "tick", "--now")


def killed_ticks(town: Voucher, here: Path, kills: int, start: Start) -> int:
    """Ticks killed at chance moments, then one undisturbed: the state must be that of one
    undisturbed tick.
    """
    approve_round(town, "r1", packs=2000)
    approve_round(town, "p1", "--platform", "wechat", packs=5)
    rows = "".join(
        f"K{n},r1,res{n},2020-03-27 08:{n // 60 % 60:02d}:{n % 60:02d}\n" for n in range(2000)
    )
    land(here, "wechat/claims/a.csv", CLAIMS + rows, age=90)
    land(
        here,
        "wechat/redemptions/b.csv",
        PAYMENTS
        + "".join(f"T{n},pay,K{n},1,M1,2020-03-28 12:00:00,45,0,10,\n" for n in range(2000)),
    )
    worlds = [here / f"world{number}" for number in range(kills + 2)]
    for world in worlds:
        shutil.copytree(here, world, ignore=shutil.ignore_patterns("world*"))
    length, caught = min(calm(world, start) for world in worlds[:2]), 0
    expected, chance = state(worlds[0]), random.Random(5)
    for world in worlds[2:]:
        child = start(world, *TICK, "2020-05-01")
        try:
            child.wait(chance.uniform(0.1, 0.8) * length)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            caught += 1
        assert start(world, *TICK, "2020-05-01").wait() == 0
        assert state(world) == expected
        assert files(world) == files(worlds[0])
    return caught


def calm(world: Path, start: Start) -> float:
    """How many seconds an undisturbed tick takes there."""
    began = time.monotonic()
    assert start(world, *TICK, "2020-05-01").wait() == 0
    return time.monotonic() - began


def files(world: Path) -> list[str]:
    """What lies in inbox and outbox."""
    return sorted(
        str(path.relative_to(world))
        for place in ("inbox", "outbox")
        for path in (world / place).rglob("*")
        if path.is_file()
    )


@pytest.mark.slow
def test_a_killed_tick_is_finished_by_the_next(town: Voucher, here: Path) -> None:
    assert killed_ticks(town, here, 3, forked) > 0


@pytest.mark.slow
def test_many_killed_ticks_are_finished_by_the_next(town: Voucher, here: Path) -> None:
    assert killed_ticks(town, here, int(os.environ.get("CRASH_KILLS", "60")), started) > 0


def test_many_ticks_at_once_do_each_deed_once(town: Voucher, here: Path, start: Start) -> None:
    for number in range(5):
        approve_round(town, f"r{number}")
    children = [start(here, *TICK, OPENS) for _ in range(4)]
    codes = [child.wait() for child in children]
    assert set(codes) <= {0, 75} and 0 in codes
    assert ask(
        here, "SELECT count(*), count(DISTINCT round_id) FROM deeds WHERE deed = 'open'"
    ) == [(5, 5)]
    assert ask(here, "SELECT count(*) FROM audit WHERE deed = 'round.open'") == [(5,)]


# ---------------------------------------------------------------- the law


def make_scheduled(**changed: Any) -> law.Scheduled:
    usual: dict[str, Any] = {
        "round_id": 1,
        "programme": "town",
        "round": "r1",
        "zone": "Asia/Shanghai",
        "state": "approved",
        "mode": "fcfs",
        "platform": "",
        "revision": 1,
        "opens_at": 100_000,
        "closes_at": 200_000,
        "approved_at": 50_000,
    }
    return law.Scheduled(**usual | changed)


@pytest.mark.parametrize(
    ("changed", "coming"),
    [
        ({}, ["open", "close"]),
        ({"state": "open"}, ["close"]),
        ({"state": "paused"}, ["close"]),
        ({"state": "closed"}, []),
        ({"state": "cancelled"}, []),
        ({"platform": "wechat"}, ["open", "order", "close"]),
        ({"platform": "wechat", "state": "open", "is_ordered": True}, ["close"]),
        ({"mode": "lottery"}, ["commit", "open", "draw", "close"]),
        ({"mode": "lottery", "seed_committed": True, "waits_for_text": True}, ["open", "close"]),
        ({"mode": "lottery", "platform": "wechat"}, ["open", "order", "close"]),
        ({"to_allocate": "3"}, ["open", "allocate", "close"]),
    ],
)
def test_what_is_still_to_come_of_a_round(changed: dict[str, Any], coming: list[str]) -> None:
    assert [each.job for each in law.list_jobs(make_scheduled(**changed))] == coming


def test_a_commitment_is_due_as_soon_as_the_round_is_approved() -> None:
    lottery = make_scheduled(mode="lottery", registration_closes_at=None)
    assert [each.due_at for each in law.list_due("commit", [lottery], 50_000)] == [50_000]
    assert law.list_due("open", [lottery], 99_999) == []
    assert [
        each.due_at
        for each in law.list_due("draw", [make_scheduled(mode="lottery", state="open")], 100_000)
    ] == [100_000]


def test_a_round_is_called_for_a_day_before_and_at_its_opening() -> None:
    waiting = make_scheduled(state="submitted", approved_at=None)
    keys = [
        [each.key for each in law.list_reminders([waiting], now)]
        for now in (13_599, 13_600, 100_000, 200_000)
    ]
    assert keys == [[], ["submitted 1 soon"], ["submitted 1 late"], []]
