"""How far `check` reaches into what is sealed: open rows and a seventh of the days, every day with
`--all`, every row by law with `--law`; what somebody edits behind the guards is found.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from memory import copied
from test_days import MEI, claims, close, payments, sign, town
from test_tampering import tamper

from vouchercli.ops.proof import proving
from vouchercli.ops.proof.proving import Reach
from vouchercli.rules import days as law
from vouchercli.store import open_rows, side_readers
from vouchercli.store.db import legibly

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["town"]
NOW = towns.at("2020-06-30 12:00")
Found = dict[str, list[tuple[str, str, str]]]


@pytest.fixture
def sealed(town: Any, once: Any) -> Any:
    """Payments of four days, of which three are sealed; a late row, an undone refund, a row of an
    open day that was there before the seal. T1, T2, R1 (1 to 3), T5 (4), T3, T4 (5, 6), R5 (7).
    """

    def build() -> None:
        claims(town, "c.csv", "C1 P1 2020-03-27 09:00", "C2 P2 2020-03-28 09:00")
        payments(
            town,
            "p.csv",
            "T1 C1 1 2020-03-27 10:00",
            "T2 C1 2 2020-03-28 10:00",
            "R1 C1 1 2020-03-28 11:00 T1",
        )
        payments(town, "early.csv", "T5 C2 2 2020-03-30 10:00")
        close(town, "2020-03-28")
        payments(town, "late.csv", "T3 C2 1 2020-03-28 12:00", "T4 C1 1 2020-03-30 12:00")
        close(town, "2020-03-29")
        payments(town, "later.csv", "R5 C2 2 2020-03-30 18:00 T5")
        sign(town, "2020-03-28")

    once("reach", build)
    return town


@pytest.fixture
def file(sealed: Any) -> Iterator[sqlite3.Connection]:
    """A copy of its file in memory."""
    with closing(sqlite3.connect("voucher.db")) as db:
        copy = copied(db)
    with closing(copy):
        yield copy


def found_in(db: sqlite3.Connection, reach: Reach, now: int = NOW) -> Found:
    with legibly(db):
        breaches = proving.prove(db, reach, now).breaches
    return {name: some for name, some in breaches.items() if some}


def by_columns(db: sqlite3.Connection) -> Found:
    """What the columns of sealed days and the open rows show, in this process."""
    with legibly(db), open_rows.laid_out(db):
        days = proving.list_sealed(db)
        orders = side_readers.shared_out(2, days, adds_up=True, db=db)
        answers = [side_readers.carry_out(db, each) for each in orders]
        open_rows.count_all_batches(db)
        found = {name: check(db) for name, check in proving.BY_COLUMNS.items()}
        found |= {
            name: proving.CHECKS[name](db)
            for name in ("batches_have_their_facts", "totals_as_sealed", "totals_alike")
        }
        found = proving.joined(found, proving.join(db, answers))
    return {name: some for name, some in found.items() if some}


@pytest.mark.parametrize("reach", Reach)
def test_nothing_is_found_where_nobody_edited(file: sqlite3.Connection, reach: Reach) -> None:
    assert found_in(file, reach) == {}
    assert by_columns(file) == {}


def test_each_sealed_day_is_read_within_a_week() -> None:
    for day in law.each_day(20200220, 20200410):
        turns = [today for today in law.each_day(20210301, 20210307) if law.is_in_turn(day, today)]
        assert len(turns) == 1
    in_turn = [day for day in law.each_day(20200302, 20200419) if law.is_in_turn(day, 20210301)]
    assert len(in_turn) == 7
    assert len({law.times.as_date(day).weekday() for day in in_turn}) == 7


def test_the_answer_says_how_many_days_were_read(sealed: Any) -> None:
    ran = sealed("check", "-o", "json", "--now", "2020-06-30 12:00")
    assert (ran.data["reach"], ran.data["sealed_days"]) == ("open", 10)
    assert 1 <= ran.data["days_read"] <= 2
    assert "voucher check --all" in sealed("check", "--now", "2020-06-30 12:00").err
    whole = sealed("check", "--all", "-o", "json")
    assert (whole.data["reach"], whole.data["days_read"]) == ("all", 10)
    assert sealed("check", "--law", "-o", "json").data["reach"] == "law"


# ---------------------------------------------------------------- edits behind the guards

FACTS = {
    "a payment's base": "UPDATE redemptions SET base_fen = base_fen + 1 WHERE redemption_id = 2",
    "a payment's merchant": "UPDATE redemptions SET merchant_id = 2 WHERE redemption_id = 2",
    "a payment's line": "UPDATE redemptions SET line = 9 WHERE redemption_id = 2",
    "a payment gone": "DELETE FROM redemptions WHERE redemption_id = 2",
    "what a refund gives back": "UPDATE refunds SET spent = -1 - spent WHERE redemption_id = 3",
    "a claim's expiry": "UPDATE claims SET expires_at = expires_at + 1 WHERE claim_id = 1",
    "a claim gone": "DELETE FROM claims WHERE claim_id = 2",
    "a posting": "UPDATE postings SET amount_fen = amount_fen + 1 WHERE booked_on = 20200328",
    "a posting forged": "INSERT INTO postings (funder_id, round_id, from_account, to_account,"
    " amount_fen, why, day, booked_on, posted_at) SELECT funder_id, round_id, from_account,"
    " to_account, 1, why, day, booked_on, posted_at FROM postings WHERE booked_on = 20200327 LIMIT 1",
    "a seal's sums": "UPDATE days SET subsidy_fen = 5 WHERE day = 20200327",
    "a seal": "UPDATE days SET sha256 = hex(zeroblob(32)) WHERE day = 20200327",
    "a seal's seal before": "UPDATE days SET previous_sha256 = '' WHERE day = 20200327",
    "a seal gone": "DELETE FROM days WHERE day = 20200325",
    "the last seal gone": "DELETE FROM days WHERE day = 20200329",
    "the split of a sealed payment": "UPDATE splits SET public_fen = public_fen - 1 WHERE split_id = 1",
}
TOTALS = {
    "claims by day": ("UPDATE claim_totals SET claims = claims + 1", "claim_totals"),
    "a coupon's total": (
        "UPDATE group_totals SET base_fen = base_fen + 1 WHERE grouping = 'coupon'"
        " AND day = 20200327",
        "group_totals",
    ),
    "a total moved to another key": (
        "UPDATE group_totals SET key = 'x' WHERE grouping = 'industry' AND day = 20200327",
        "group_totals",
    ),
    "merchants' totals exchanged": (
        "UPDATE merchant_totals SET merchant_id = 2 WHERE merchant_id = 1",
        "merchant_totals",
    ),
    "funders' totals moved to another day": (
        "UPDATE funder_totals SET day = 20200326 WHERE day = 20200327",
        "funder_totals",
    ),
    "a claim used": ("UPDATE used_claims SET claims = x'06' WHERE day = 20200328", "claims_used"),
    "a key of a number": (
        "UPDATE redemption_runs SET keys = cast(x'01000000' || substr(keys, 5) AS BLOB)"
        " WHERE first_id = 1",
        "numbers_in_runs",
    ),
    "a merchant in a run": (
        "UPDATE merchant_runs SET merchants = cast(x'07000000' || substr(merchants, 5) AS BLOB)"
        " WHERE first_id = 1",
        "merchants_in_runs",
    ),
    "the time of a run": (
        "UPDATE redemption_runs SET first_paid_at = last_paid_at WHERE first_id = 1",
        "times_in_runs",
    ),
    "the resident of a claim": (
        "UPDATE claims SET resident = zeroblob(16) WHERE claim_id = 1",
        "facts_as_written",
    ),
    "a digest of claims": (
        "UPDATE fact_digests SET digest = zeroblob(32) WHERE facts = 'claims' AND level = 0",
        "facts_as_written",
    ),
    "a number twice": (
        "UPDATE redemptions SET transaction_no = 'T1' WHERE redemption_id = 2;"
        " UPDATE redemption_runs SET keys = cast(substr(keys, 1, 4) || substr(keys, 1, 4)"
        " || substr(keys, 9) AS BLOB) WHERE first_id = 1",
        "numbers_once",
    ),
    "rows of a batch": (
        "UPDATE batches SET accepted = accepted + 1, read = read + 1 WHERE kind = 'redemptions'"
        " AND batch_id = 3",
        "batches_have_their_facts",
    ),
}


@pytest.mark.parametrize("edit", FACTS)
def test_an_edit_of_what_is_sealed_is_found(file: sqlite3.Connection, edit: str) -> None:
    tamper(file, FACTS[edit])
    assert "days_as_sealed" in found_in(file, Reach.ALL), edit
    assert "days_as_sealed" in found_in(file, Reach.LAW), edit
    assert "days_as_sealed" in by_columns(file), edit


@pytest.mark.parametrize("edit", TOTALS)
def test_an_edit_of_what_is_kept_of_sealed_days_is_found(
    file: sqlite3.Connection, edit: str
) -> None:
    statements, name = TOTALS[edit]
    tamper(file, statements)
    for found in (found_in(file, Reach.ALL), found_in(file, Reach.LAW), by_columns(file)):
        assert name in found, edit


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE days SET subsidy_fen = 5 WHERE day = 20200327",
        "UPDATE days SET previous_sha256 = '' WHERE day = 20200327",
        "DELETE FROM days WHERE day = 20200325",
        "DELETE FROM days WHERE day = 20200329",
        "UPDATE day_signatures SET sha256 = '' WHERE day = 20200327",
        "UPDATE last_seals SET last_redemption_id = last_redemption_id + 9",
        "UPDATE last_seals SET ends_at = ends_at + 86400",
    ],
)
def test_the_chain_is_proved_every_time(file: sqlite3.Connection, edit: str) -> None:
    tamper(file, edit)
    assert "days_as_sealed" in found_in(file, Reach.OPEN)


@pytest.mark.parametrize(
    ("edit", "check"),
    [
        ("UPDATE claim_totals SET claims = claims + 1", "totals_as_sealed"),
        (
            "UPDATE group_totals SET base_fen = base_fen + 1 WHERE day = 20200327",
            "totals_as_sealed",
        ),
        ("UPDATE group_totals SET subsidy_fen = 0 WHERE grouping = 'size'", "totals_as_sealed"),
        ("UPDATE merchant_totals SET base_fen = base_fen + 1", "totals_as_sealed"),
        ("UPDATE group_totals SET vouchers = 7 WHERE grouping = 'size'", "totals_alike"),
        ("UPDATE group_totals SET key = 'x' WHERE day = 20200330", "group_totals"),
        ("UPDATE merchant_totals SET floor_fen = 1", "totals_alike"),
        ("UPDATE funder_totals SET amount_fen = 1 WHERE day = 20200327", "totals_alike"),
        ("DELETE FROM funder_totals WHERE day = 20200330", "funder_totals"),
    ],
)
def test_totals_are_proved_every_time(file: sqlite3.Connection, edit: str, check: str) -> None:
    tamper(file, edit)
    assert check in found_in(file, Reach.OPEN)


OPEN_ROWS = {
    "UPDATE redemptions SET base_fen = 3999 WHERE redemption_id = 4": "payments_by_law",
    "UPDATE redemptions SET merchant_id = 2 WHERE redemption_id = 4": "facts_as_written",
    "UPDATE redemptions SET merchant_id = 9 WHERE redemption_id = 4": "references",
    "UPDATE redemptions SET voucher = 9 * 1024 + 1 WHERE redemption_id = 4": "references",
    "UPDATE redemptions SET transaction_no = 'T1' WHERE redemption_id = 4": "numbers_once",
    "UPDATE redemptions SET paid_at = paid_at + 86400 * 30 WHERE redemption_id = 4": "times_in_runs",
    "UPDATE redemption_runs SET keys = zeroblob(16)": "numbers_in_runs",
    "UPDATE refunds SET spent = 5 WHERE redemption_id = 7": "no_voucher_redeemed_twice",
    "UPDATE redemptions SET base_fen = -9000 WHERE redemption_id = 7": "refunds_within_payments",
    "DELETE FROM redemptions WHERE redemption_id = 4": "batches_have_their_facts",
    "UPDATE splits SET round_id = 9 WHERE before_fen > 0": "facts_follow_their_split",
    "INSERT INTO redemptions SELECT redemption_id + 90, 'X', voucher, 9, merchant_id, segment_id,"
    " channel, paid_at, day, base_fen, merchant_discount_fen, split_id, line, NULL FROM redemptions"
    " WHERE redemption_id = 4": "numbers_in_runs",
}


@pytest.mark.parametrize("edit", OPEN_ROWS)
def test_open_rows_are_proved_every_time(file: sqlite3.Connection, edit: str) -> None:
    tamper(file, edit)
    assert OPEN_ROWS[edit] in found_in(file, Reach.OPEN)


def test_a_row_cannot_be_hidden_in_a_closed_run(file: sqlite3.Connection) -> None:
    """The run of the open rows is made to look closed: what it hides is missed in the totals."""
    tamper(file, "UPDATE redemption_runs SET last_paid_at = first_paid_at")
    found = found_in(file, Reach.OPEN)
    assert {"group_totals", "funder_totals"} <= found.keys()


def test_without_sealed_days_every_row_is_open(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00")
    with closing(sqlite3.connect("voucher.db")) as db, closing(copied(db)) as copy:
        tamper(copy, "UPDATE redemptions SET base_fen = 3999")
        assert found_in(copy, Reach.OPEN).keys() == found_in(copy, Reach.LAW).keys()
        assert "payments_by_law" in found_in(copy, Reach.OPEN)


# ---------------------------------------------------------------- other processes


@pytest.fixture
def large(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same file, as if it were large enough for other processes."""
    monkeypatch.setattr(side_readers, "MANY_ROWS", 0)
    return sealed


def test_a_large_file_is_read_by_other_processes(large: Any) -> None:
    for reach in ((), ("--all",), ("--law",)):
        large("check", *reach)
    assert large("day", "verify", "-o", "json").data["days"] == 10


def test_what_other_processes_find_is_named(large: Any) -> None:
    with closing(sqlite3.connect("voucher.db")) as db:
        db.isolation_level = None
        tamper(
            db,
            f"{FACTS['a payment' + chr(39) + 's base']}; {TOTALS['a claim used'][0]};"
            f"{TOTALS['the resident of a claim'][0]}",
        )
    ran = large("check", "--all", "-o", "json", expect=5)
    failed = {each["check"] for each in ran.data["checks"] if each["state"] == "failed"}
    assert {"days_as_sealed", "claims_used", "facts_as_written", "group_totals"} <= failed
    assert "[day_damaged]" in large("day", "verify", expect=5).err


def test_text_that_is_not_utf8_is_a_breach(large: Any) -> None:
    with closing(sqlite3.connect("voucher.db")) as db:
        db.isolation_level = None
        tamper(
            db,
            "UPDATE redemptions SET transaction_no = cast(x'ff' AS TEXT) WHERE redemption_id = 1",
        )
    ran = large("check", "--all", "-o", "json", expect=5)
    failed = {each["check"] for each in ran.data["checks"] if each["state"] == "failed"}
    assert "days_as_sealed" in failed
    assert "[day_damaged]" in large("day", "verify", expect=5).err


# ---------------------------------------------------------------- by the clock


def checks_of(voucher: Any, now: str, **ran: Any) -> list[tuple[str, str]]:
    ran = voucher("schedule", "tick", "-o", "json", "--now", now, **ran)
    return [
        (each["result"], each["message"]) for each in ran.data["deeds"] if each["deed"] == "check"
    ]


def test_the_clock_reads_all_sealed_days_once_a_night(sealed: Any) -> None:
    passed = [("done", "all checks passed; 10 sealed days were read")]
    assert checks_of(sealed, "2020-07-01 01:00") == passed
    assert checks_of(sealed, "2020-07-01 01:30") == []
    assert checks_of(sealed, "2020-07-01 02:00") == passed
    assert checks_of(sealed, "2020-07-02 01:59") == []
    Path("backups.yaml").write_text("hour: 1\n")
    assert checks_of(sealed, "2020-07-02 01:59") == passed
    said = json.loads(towns.ask(".", "SELECT detail FROM audit WHERE deed = 'check.all'")[-1][0])
    head = sealed("audit", "head", "-o", "json").data["days"][0]["head"]
    assert said == {"failed": [], "days": {"town": head}}
    assert "Nightly check" in sealed("doctor", "--now", "2020-07-02 03:00").out


def test_what_the_clock_finds_at_night_is_said_once_and_by_doctor(sealed: Any) -> None:
    with closing(sqlite3.connect("voucher.db")) as db:
        db.isolation_level = None
        tamper(db, "UPDATE redemptions SET line = 9 WHERE redemption_id = 2")
    ((result, _),) = checks_of(sealed, "2020-07-01 03:00", expect=4)
    assert result == "failed"
    assert checks_of(sealed, "2020-07-01 03:05") == []
    assert "[night_check_failed]" in sealed("doctor", "--now", "2020-07-01 04:00", expect=5).err


def test_no_night_where_no_day_is_sealed(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    assert checks_of(town, "2020-03-27 12:00") == []


# ---------------------------------------------------------------- the head of the days


def test_the_head_of_the_days_is_noted_and_found_again(sealed: Any) -> None:
    first = sealed("audit", "head", "-o", "json").data["days"]
    assert [(each["programme"], each["day"]) for each in first] == [("town", "2020-03-29")]
    head = first[0]["head"]
    close(sealed, "2020-03-30")
    assert sealed("audit", "head", "-o", "json").data["days"][0]["head"] != head
    assert (
        "the noted seals are among the sealed days: 1"
        in sealed("audit", "verify", "--head", head).err
    )
    wrong = f"2020-03-28:{head[11:]}"
    ran = sealed("audit", "verify", "--head", wrong, "-o", "json", expect=5)
    assert [each["code"] for each in ran.json["problems"]] == ["day_head_missing"]
    ran = sealed("audit", "witness", head, "--actor", "wu", "-o", "json", expect=2)
    assert [each["code"] for each in ran.json["problems"]] == ["bad_head"]


def test_heads_of_days_are_shipped_with_the_head_of_the_log(sealed: Any) -> None:
    Path("witness.yaml").write_text("file: heads.jsonl\n")
    sealed("schedule", "tick", "--now", "2020-07-01 03:00")
    line = json.loads(Path("heads.jsonl").read_text())
    assert line["days"]["town"].startswith("2020-03-29:")
    sealed("audit", "verify", "--heads", "heads.jsonl")
    Path("heads.jsonl").write_text(
        json.dumps({**line, "days": {"town": f"2020-03-29:{'0' * 64}"}}) + "\n"
    )
    assert "[day_head_missing]" in sealed("audit", "verify", "--heads", "heads.jsonl", expect=5).err


def test_a_head_of_days_alone_may_stand_in_a_file(sealed: Any) -> None:
    head = sealed("audit", "head", "-o", "json").data["days"][0]["head"]
    Path("heads.txt").write_text(f"{head}\n")
    assert "among the sealed days: 1" in sealed("audit", "verify", "--heads", "heads.txt", *MEI).err
