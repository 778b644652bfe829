"""Single rows that were wrong: reversed and entered anew by two people, also behind a sealed day."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import towns
from test_days import claims, close, days, payments, town, why

__all__ = ["town"]  # the fixture

PAPERS = ("--note", "the till was read wrong", "--evidence", "receipt-17")
NOW = ("--now", "2020-06-30 12:00")
MEI, LIN = ("--actor", "mei"), ("--actor", "lin")


def correct(voucher: Any, noun: str, number: str, *how: str, **ran: Any) -> Any:
    return voucher(noun, "correct", number, *how, *PAPERS, "-o", "json", *MEI, *NOW, **ran)


def approve(voucher: Any, number: int, **ran: Any) -> Any:
    return voucher("correction", "approve", str(number), "-o", "json", *LIN, *NOW, **ran)


def settle(voucher: Any, noun: str, number: str, *how: str) -> Any:
    """Propose a correction and approve it."""
    return approve(voucher, correct(voucher, noun, number, *how).data["correction"])


def listed(voucher: Any) -> list[dict[str, Any]]:
    return list(voucher("redemption", "list", "-o", "json").data["redemptions"])


def figures(voucher: Any) -> list[tuple[str, int, int]]:
    """(day, base, subsidy) of the report by day."""
    rows = voucher("report", "leverage", "--by", "day", "-o", "json").data["rows"]
    return [(row["key"], row["base_fen"], row["subsidy_fen"]) for row in rows]


def moved(deed: str) -> int:
    """What was posted for a deed, in fen."""
    (fen,) = towns.ask(".", "SELECT ifnull(sum(amount_fen), 0) FROM postings WHERE why = ?", deed)[
        0
    ]
    return int(fen)


@pytest.fixture
def paid(town: Any, once: Any) -> Any:
    """Two claims of 27 March; T1 paid 50 yuan with the first voucher of C1 that day, and the day is
    sealed.
    """

    def build() -> None:
        claims(town, "c.csv", "C1 P1 2020-03-27 09:00", "C2 P2 2020-03-27 09:01")
        payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00")
        close(town, "2020-03-27")

    once("corrections", build)
    return town


def test_a_wrong_amount_is_reversed_and_entered_anew_on_the_open_day(paid: Any) -> None:
    before = days(paid)
    proposed = correct(paid, "redemption", "T1", "--amount", "70")
    assert proposed.data["reversed"] == 1
    assert figures(paid) == [("2020-03-27", 5000, 1000)]  # nothing has happened yet
    done = approve(paid, proposed.data["correction"])
    assert done.data["state"] == "effective"
    assert figures(paid) == [("2020-03-27", 7000, 1000)]
    assert days(paid) == before
    paid("day", "verify")
    paid("check")
    close(paid, "2020-03-28")
    day = days(paid)["2020-03-28"]
    assert (day["payments"], day["reversals"], day["base_fen"], day["subsidy_fen"]) == (
        1,
        1,
        2000,
        0,
    )
    paid("check")


def test_both_rows_stand_in_the_list_with_what_links_them(paid: Any) -> None:
    done = settle(paid, "redemption", "T1", "--amount", "70")
    number = done.data["correction"]
    rows = [
        (row["kind"], row["base_fen"], row["subsidy_fen"], row["batch"], row["correction"])
        for row in listed(paid)
    ]
    assert rows == [
        ("pay", 5000, 1000, 3, number),
        ("reversal", -5000, -1000, 3, number),
        ("pay", 7000, 1000, 4, number),
    ]
    shown = paid("correction", "show", str(number), "-o", "json").data
    assert [
        (row["batch"], row["line"], row["anew_batch"], row["anew_line"]) for row in shown["rows"]
    ] == [(3, 2, 4, 1)]
    assert (shown["proposed_by"], shown["approved_by"]) == ("mei", "lin")
    assert paid("redemption", "list", "--transaction", "T1", "-o", "json").data["more"] is False
    assert "70.00" in paid("redemption", "list").out


def test_a_row_that_should_not_be_there_is_only_reversed_and_comes_by_no_file_again(
    paid: Any,
) -> None:
    settle(paid, "redemption", "T1", "--reverse")
    assert figures(paid) == []
    again = payments(paid, "again.csv", "T1 C1 1 2020-03-27 10:00", "T2 C2 1 2020-03-28 10:00")
    assert (again.data["accepted"], again.data["duplicate"]) == (1, 1)
    other = payments(
        paid, "other.csv", "T1 C1 1 2020-03-27 12:00"
    )  # says something else: it counts
    assert other.data["accepted"] == 1
    paid("check")


def test_nobody_corrects_alone_or_without_saying_why(paid: Any) -> None:
    silent = paid(
        "redemption", "correct", "T1", "--amount", "70", "--note", " ", "--evidence", "x", *MEI, *NOW,
        "-o", "json", expect=2,
    )  # fmt: skip
    assert why(silent) == "note_needed"
    number = correct(paid, "redemption", "T1", "--amount", "70").data["correction"]
    own = paid("correction", "approve", str(number), *MEI, *NOW, "-o", "json", expect=3)
    assert why(own) == "not_a_checker"
    twice = correct(paid, "redemption", "T1", "--amount", "80", expect=3)
    assert why(twice) == "correction_waits_already"
    waiting = paid("todo", "-o", "json").data["waiting"]
    assert [row["next"] for row in waiting if row["kind"] == "correction"] == [
        f"voucher correction approve {number} --actor lin"
    ]
    paid("correction", "reject", str(number), "--note", "the till was right", *LIN, *NOW)
    assert figures(paid) == [("2020-03-27", 5000, 1000)]
    assert why(approve(paid, number, expect=3)) == "no_correction_waits"
    states = paid("correction", "list", "-o", "json").data["corrections"]
    assert [(row["correction"], row["state"]) for row in states] == [(number, "declined")]
    paid("check")


def test_what_the_rules_refuse_is_refused_when_it_is_proposed(paid: Any) -> None:
    refused = correct(paid, "redemption", "T1", "--amount", "30", expect=3)
    assert why(refused) == "correction_refused"
    (reason,) = refused.json["problems"][1:]
    assert (reason["code"], reason["where"]) == ("below_threshold", "T1")
    same = correct(paid, "redemption", "T1", "--amount", "50", expect=2)
    assert why(same) == "nothing_to_correct"
    unknown = correct(paid, "redemption", "T9", "--amount", "50", expect=3)
    assert why(unknown) == "unknown_transaction"
    assert why(approve(paid, 99, expect=3)) == "unknown_correction"
    paid("check")


def test_its_refunds_follow_a_corrected_payment(paid: Any) -> None:
    payments(paid, "r.csv", "R1 C1 1 2020-03-28 11:00 T1")
    close(paid, "2020-03-28")
    before = days(paid)
    held = correct(paid, "redemption", "T1", "--reverse", expect=3)
    assert why(held) == "rests_on_it"
    done = settle(paid, "redemption", "T1", "--number", "T7")
    assert done.data["reversed"] == 2
    assert figures(paid) == [("2020-03-27", 5000, 1000), ("2020-03-28", -5000, -1000)]
    rows = {(row["transaction_no"], row["kind"], row["refund_of"]) for row in listed(paid)}
    assert ("R1", "refund", "T7") in rows
    assert ("T7", "pay", None) in rows
    settle(paid, "redemption", "R1", "--kind", "refund", "--reverse")
    assert figures(paid) == [("2020-03-27", 5000, 1000)]
    assert days(paid) == before
    paid("day", "verify")
    paid("check")
    close(paid, "2020-03-29")
    paid("check")


def test_a_full_refund_and_the_next_use_follow_a_corrected_payment(paid: Any) -> None:
    payments(paid, "r.csv", "R1 C1 1 2020-03-28 11:00 T1", "T3 C1 1 2020-03-28 12:00")
    close(paid, "2020-03-28")
    done = settle(paid, "redemption", "T1", "--amount", "70", "--merchant", "M2")
    assert done.data["reversed"] == 3
    rows = {
        (row["transaction_no"], row["kind"]): (row["merchant_no"], row["base_fen"])
        for row in listed(paid)
        if row["batch"] == done.data["batches"][0]
    }
    assert rows == {
        ("T1", "pay"): ("M2", 7000),
        ("R1", "refund"): ("M2", -7000),
        ("T3", "pay"): ("M1", 5000),
    }
    assert figures(paid) == [("2020-03-27", 7000, 1000), ("2020-03-28", -2000, 0)]
    paid("check", "--all")


@pytest.fixture
def late_pair(paid: Any) -> Any:
    """In front of T1 of the same voucher, T0 was paid and given back: both came late."""
    payments(paid, "late.csv", "T0 C1 1 2020-03-27 09:10", "R0 C1 1 2020-03-27 09:30 T0")
    close(paid, "2020-03-28")
    return paid


def test_a_refund_is_not_reversed_under_a_later_payment_that_came_before_it(late_pair: Any) -> None:
    """T1 holds the voucher only because R0 lets it go: without it two payments would stand."""
    ran = correct(late_pair, "redemption", "R0", "--kind", "refund", "--reverse", expect=3)
    assert why(ran) == "correction_refused"
    assert "already_redeemed" in ran.out
    assert settle(late_pair, "redemption", "T1", "--reverse").data["reversed"] == 3
    assert settle(late_pair, "redemption", "R0", "--kind", "refund", "--reverse")
    assert figures(late_pair) == [("2020-03-27", 5000, 1000)]
    late_pair("check", "--all")


def test_a_voucher_that_a_reversal_left_in_use_twice_is_found(late_pair: Any) -> None:
    settle(late_pair, "redemption", "T1", "--amount", "70")
    close(late_pair, "2020-03-29")  # nothing of the voucher is open
    late_pair("check")
    with closing(sqlite3.connect("voucher.db", isolation_level=None)) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE refunds SET spent = 0")
    assert "no_voucher_redeemed_twice: C1/1" in late_pair("check", expect=5).err


def test_what_displaces_a_sealed_row_comes_in_when_two_people_reverse_it(paid: Any) -> None:
    late = payments(paid, "late.csv", "T0 C1 1 2020-03-27 09:30", expect=4)
    assert late.data["reasons"] == {"displaces_sealed": 1}
    done = settle(paid, "redemption", "T1", "--reverse")
    assert done.data["waiting_batches"] == [4]
    retried = paid("batch", "retry", "4", "-o", "json", *MEI, *NOW)
    assert retried.data["accepted"] == 1
    assert [row["transaction_no"] for row in listed(paid) if row["kind"] == "pay"] == ["T0", "T1"]
    paid("check")


def test_a_claim_is_corrected_with_what_was_paid_with_it(paid: Any) -> None:
    before = days(paid)
    held = correct(paid, "claim", "C1", "--reverse", expect=3)
    assert why(held) == "rests_on_it"
    done = settle(paid, "claim", "C1", "--claimed-at", "2020-03-27 08:30")
    assert (done.data["reversed"], done.data["batches"]) == (2, [4, 5])
    rows = paid("claim", "list", "-o", "json").data["claims"]
    assert [(row["claim_no"], row["is_reversed"], row["used"]) for row in rows] == [
        ("C1", 0, 1),
        ("C1", 1, 0),
        ("C2", 0, 0),
    ]
    assert figures(paid) == [("2020-03-27", 5000, 1000)]
    assert days(paid) == before
    paid("day", "verify")
    paid("check")
    again = claims(paid, "again.csv", "C1 P1 2020-03-27 09:00", "C3 P3 2020-03-28 09:00")
    assert (again.data["accepted"], again.data["duplicate"]) == (1, 1)
    close(paid, "2020-03-29")
    paid("check")


def test_a_claim_that_should_not_be_there_gives_its_pack_back(paid: Any) -> None:
    settle(paid, "claim", "C2", "--reverse")
    claims(paid, "more.csv", "C3 P3 2020-03-28 09:00", "C4 P4 2020-03-28 09:01")
    assert paid("round", "show", "r1", "-o", "json").data["claimed"] == 3
    paid("check")


def test_a_corrected_batch_is_not_undone_and_a_correction_is_corrected_again(paid: Any) -> None:
    settle(paid, "redemption", "T1", "--amount", "70")
    payments(paid, "t2.csv", "T2 C2 1 2020-03-30 10:00")
    settle(paid, "redemption", "T2", "--amount", "60")  # on an open day
    for batch in ("5", "6"):
        refused = paid("batch", "undo", batch, "-o", "json", *MEI, *NOW, expect=3)
        assert why(refused) == "batch_corrected"
    settle(paid, "redemption", "T1", "--amount", "50")
    assert figures(paid) == [("2020-03-27", 5000, 1000), ("2020-03-30", 6000, 1000)]
    paid("check")


def test_nothing_that_was_reversed_can_be_changed(paid: Any) -> None:
    settle(paid, "redemption", "T1", "--amount", "70")
    settle(paid, "claim", "C2", "--reverse")
    for statement in (
        "UPDATE reversed_redemptions SET base_fen = 1",
        "DELETE FROM reversed_redemptions",
        "UPDATE reversed_claims SET claimed_at = 1",
        "DELETE FROM reversed_claims",
        "DELETE FROM corrections",
        "UPDATE correction_batches SET correction_id = 1",
    ):
        with closing(sqlite3.connect("voucher.db")) as db, pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)


@pytest.mark.parametrize(
    ("trigger", "statement"),
    [
        ("reversed_redemptions_never_change", "UPDATE reversed_redemptions SET base_fen = 1"),
        ("reversed_redemptions_never_change", "UPDATE reversed_redemptions SET anew_line = 9"),
        ("reversed_claims_never_change", "UPDATE reversed_claims SET claimed_at = claimed_at - 1"),
        ("corrections_never_vanish", "DELETE FROM corrections"),
    ],
)
def test_an_edit_of_what_was_reversed_is_found(paid: Any, trigger: str, statement: str) -> None:
    settle(paid, "redemption", "T1", "--amount", "70")
    settle(paid, "claim", "C2", "--reverse")
    with closing(sqlite3.connect("voucher.db")) as db:
        (text,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,)).fetchone()
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)
        db.execute(text)
        db.commit()
    failed = paid("check", "-o", "json", expect=5)
    assert "corrections_as_logged" in failed.out


def test_another_proposal_than_was_logged_is_found(paid: Any) -> None:
    correct(paid, "redemption", "T1", "--amount", "70")
    paid("check")
    with closing(sqlite3.connect("voucher.db")) as db:
        db.execute("UPDATE proposals SET after = replace(after, '70.00', '90.00')")
        db.commit()
    assert "proposals_as_logged" in paid("check", "-o", "json", expect=5).out


def test_a_new_key_wraps_the_tokens_of_reversed_claims(paid: Any) -> None:
    settle(paid, "claim", "C2", "--reverse")
    paid("key", "rotate", "--note", "yearly", "--yes", *LIN, *NOW)
    paid("check")
    paid("day", "verify")
    again = claims(paid, "again.csv", "C2 P2 2020-03-27 09:01")
    assert again.data["duplicate"] == 1


def test_the_clock_reminds_once_of_what_waits(paid: Any) -> None:
    number = correct(paid, "redemption", "T1", "--amount", "70").data["correction"]
    ticks = [paid("schedule", "tick", "--now", f"2020-06-30 13:0{n}", expect=None) for n in (0, 1)]
    said = [f"correction {number} of a row" in tick.out + tick.err for tick in ticks]
    assert said == [True, False]


def test_a_dry_run_changes_nothing(paid: Any) -> None:
    correct(paid, "redemption", "T1", "--amount", "70", "--dry-run")
    assert paid("correction", "list", "-o", "json").data["corrections"] == []
    number = correct(paid, "redemption", "T1", "--amount", "70").data["correction"]
    paid("correction", "approve", str(number), "--dry-run", *LIN, *NOW)
    assert figures(paid) == [("2020-03-27", 5000, 1000)]
    assert paid("correction", "list", "-o", "json").data["corrections"][0]["state"] == "proposed"


def test_it_reads_in_chinese(paid: Any) -> None:
    number = settle(
        paid, "redemption", "T1", "--amount", "70", "--paid-at", "2020-03-27 11:30"
    ).data["correction"]
    shown = paid("correction", "show", str(number), "--lang", "zh").out
    for words in ("订单金额", "50.00", "70.00", "2020-03-27 11:30:00", "已冲正", "冲正记账日"):
        assert words in shown
    assert "冲正" in paid("redemption", "list", "--lang", "zh").out
    paid("check")


def test_a_list_of_no_programme_is_refused(paid: Any) -> None:
    refused = paid("correction", "list", "--programme", "none", "-o", "json", expect=3)
    assert why(refused) == "unknown_programme"


def test_the_money_of_a_reversed_refund_comes_back_from_where_it_was_released(paid: Any) -> None:
    """Its voucher had expired, and given up what the refund had left it."""
    payments(paid, "r.csv", "R1 C1 1 2020-03-28 11:00 T1")
    paid("schedule", "tick", "--now", "2020-06-30 11:00", expect=None)
    assert moved("round.take_back") == 0
    settle(paid, "redemption", "R1", "--kind", "refund", "--reverse")
    assert figures(paid) == [("2020-03-27", 5000, 1000)]
    assert moved("round.take_back") == 1000
    paid("check")
    paid("schedule", "tick", "--now", "2020-06-30 13:00", expect=None)
    paid("check")


def test_a_refund_is_not_reversed_when_its_money_is_promised_elsewhere(paid: Any) -> None:
    payments(paid, "r.csv", "R1 C1 1 2020-03-28 11:00 T1")
    paid("schedule", "tick", "--now", "2020-06-30 11:00", expect=None)
    (free,) = towns.ask(".", "SELECT max(uncommitted_fen) FROM balances")[0]
    opens = {"opens": "2020-07-01 10:00", "closes": "2020-07-03 10:00"}
    towns.make_round(paid, "r2", packs=free // 2000, **opens)
    refused = correct(paid, "redemption", "R1", "--kind", "refund", "--reverse", expect=3)
    assert why(refused) == "fund_short"
    paid("check")


def test_as_much_is_at_stake_as_a_refund_gave_back(paid: Any) -> None:
    """Also where another refund stays behind it."""
    lines = [
        f"R{n},refund,C1,1,M1,2020-03-28 1{n}:00,10,0,2,T1\n" for n in (1, 2)
    ]  # a fifth of the payment each
    towns.write("r.csv", towns.PAYMENTS + "".join(lines))
    paid("redemption", "import", "r.csv", *MEI)
    settle(paid, "redemption", "R1", "--kind", "refund", "--reverse")
    assert figures(paid) == [("2020-03-27", 5000, 1000), ("2020-03-28", -1000, -200)]
    (correction,) = paid("correction", "list", "-o", "json").data["corrections"]
    assert correction["amount_fen"] == 400
    paid("check")


def test_a_refund_follows_its_payment_to_the_right_merchant(paid: Any) -> None:
    payments(paid, "r.csv", "R1 C1 1 2020-03-28 11:00 T1")
    settle(paid, "redemption", "T1", "--merchant", "M2")
    rows = {(row["transaction_no"], row["merchant_no"], row["base_fen"]) for row in listed(paid)}
    assert {("T1", "M2", 5000), ("R1", "M2", -5000)} <= rows
    paid("check")


def test_a_wrong_row_comes_by_no_file_again_when_its_claim_was_corrected_or_is_gone(
    paid: Any,
) -> None:
    settle(paid, "redemption", "T1", "--reverse")
    settle(paid, "claim", "C1", "--claimed-at", "2020-03-27 08:30")
    again = payments(paid, "again.csv", "T1 C1 1 2020-03-27 10:00", "T2 C2 1 2020-03-28 10:00")
    assert (again.data["accepted"], again.data["duplicate"]) == (1, 1)
    settle(paid, "claim", "C1", "--reverse")
    more = payments(paid, "more.csv", "T1 C1 1 2020-03-27 10:00", "T3 C2 2 2020-03-28 10:00")
    assert (more.data["accepted"], more.data["duplicate"]) == (1, 1)
    paid("check")


def test_what_was_reversed_stays_in_the_lists_when_its_claim_is_taken_back(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00")
    settle(town, "redemption", "T1", "--reverse")
    before, corrected = listed(town), town("correction", "list", "-o", "json").data
    town("batch", "undo", "2", "--yes", *MEI, *NOW)
    assert listed(town) == before
    assert town("correction", "list", "-o", "json").data == corrected
    town("check")


def test_a_correction_is_turned_down_when_its_claim_was_taken_back(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    number = correct(town, "claim", "C1", "--reverse").data["correction"]
    town("batch", "undo", "2", "--yes", *MEI, *NOW)
    assert why(approve(town, number, expect=3)) == "unknown_claim_no"
    town("correction", "reject", str(number), "--note", "it is gone", *LIN, *NOW)
    (row,) = town("correction", "list", "-o", "json").data["corrections"]
    assert (row["correction"], row["state"]) == (number, "declined")
    town("check")


def test_a_correction_of_a_claim_waits_for_its_second_person_over_a_new_key(paid: Any) -> None:
    proposed = correct(paid, "claim", "C1", "--claimed-at", "2020-03-27 08:30")
    whose = correct(paid, "claim", "C2", "--resident", "token:" + "0" * 32).data["correction"]
    paid("key", "rotate", "--note", "yearly", "--yes", *LIN, *NOW)
    assert approve(paid, proposed.data["correction"]).data["state"] == "effective"
    assert why(approve(paid, whose, expect=3)) == "correction_outdated"  # that token is no more
    again = claims(paid, "again.csv", "C1 P1 2020-03-27 09:00", "C3 P1 2020-03-28 09:00", expect=4)
    assert (again.data["accepted"], again.data["duplicate"]) == (0, 1)
    assert again.data["reasons"] == {"resident_limit": 1}
    paid("check")
