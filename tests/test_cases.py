"""Cases: who is looked into, on what evidence, what is held meanwhile, what two people decide, and
what that does to the money.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_settlements import (
    DROPPED,
    LATER,
    LIN,
    MEI,
    WU,
    build,
    hear,
    money,
    pay,
    send,
    settle,
    sign,
    spend,
    town,
    unpaid,
)

from vouchercli.rules import cases as law

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["town"]
ZHAO = ("--actor", "zhao")
OPEN = ("case", "open", "--merchant", "M1", "--reason", "brushing", "--note", "same phones")
T1_T2 = ("--transaction", "T1", "--transaction", "T2")


def done(voucher: Any, *args: str, by: tuple[str, str] = MEI, now: tuple[str, str] = LATER) -> Any:
    return voucher(*args, "-o", "json", *by, *now).data


def refused(voucher: Any, *args: str, by: tuple[str, str] = MEI, expect: int = 3) -> str:
    """The code of the refusal."""
    ran = voucher(*args, "-o", "json", *by, *LATER, expect=expect)
    return str(ran.json["problems"][0]["code"])


def shown(voucher: Any, number: int = 1) -> Any:
    return voucher("case", "show", str(number), "-o", "json").data


def opened(voucher: Any, *more: str) -> Any:
    return done(voucher, *OPEN, *(more or T1_T2))


def decided(voucher: Any, *sanctions: str, number: int = 1) -> Any:
    chosen = [word for each in sanctions for word in ("--sanction", each)]
    done(voucher, "case", "decide", str(number), *chosen, "--note", "nothing was sold")
    return done(voucher, "case", "approve", str(number), by=LIN)


def closed(voucher: Any, number: int = 1, by: tuple[str, str] = LIN) -> Any:
    return done(voucher, "case", "close", str(number), "--note", "told in writing", by=by)


# ---------------------------------------------------------------- opened


def test_a_case_freezes_its_rows_and_holds_what_they_pay(town: Any) -> None:
    answer = opened(town)
    assert (answer["case"], answer["payments"], answer["amount_fen"]) == (1, 2, 2000)
    assert (answer["holds"], answer["held_fen"], answer["paid_already"]) == (2, 2000, 0)
    case = shown(town)
    assert (case["state"], case["owner"], case["at_stake_fen"]) == ("open", "mei", 2000)
    assert [each["transaction_no"] for each in case["evidence"]] == ["T1", "T2"]
    digests = "".join(f"{each['sha256']}\n" for each in case["evidence"])
    assert case["evidence_sha256"] == hashlib.sha256(digests.encode()).hexdigest()
    assert case["next_step"] == "warning"
    settle(town, "2020-03-27")
    assert unpaid(town)["M1", "under_inquiry"] == 2000
    town("check")


def test_rows_are_added_once_each(town: Any) -> None:
    opened(town)
    added = done(town, "case", "add", "1", "--since", "2020-03-27", "--until", "2020-03-27")
    assert (added["payments"], added["rows"], added["holds"]) == (1, 3, 1)
    again = done(town, "case", "add", "1", "--round", "r1")
    assert (again["payments"], again["rows"], again["sha256"]) == (0, 3, added["sha256"])
    town("check")


def test_a_complaint_opens_a_case_that_holds_nothing(town: Any) -> None:
    told = ("--complaint", "--from", "a resident", "--on", "2020-03-29", "--owner", "lin")
    done(town, *OPEN, *told)
    case = shown(town)
    assert (case["source"], case["complainant"], case["said_on"]) == (
        "complaint",
        "a resident",
        "2020-03-29",
    )
    assert (case["owner"], case["holds"], case["evidence_sha256"]) == ("lin", [], "")


def test_nobodys_number_stays_in_the_words_of_a_case(town: Any, here: Path) -> None:
    done(town, *OPEN[:-1], "call 13812345678")
    done(town, "case", "note", "1", "he said 13812345678")
    with closing(sqlite3.connect("voucher.db")) as db:
        dump = "\n".join(db.iterdump())
    assert "same phones" not in dump and "he said" in dump
    assert "13812345678" not in dump


def test_lists_are_cut_down(town: Any) -> None:
    opened(town)
    other = ("--merchant", "M2", "--reason", "other", "--note", "x", "--owner", "wu")
    done(town, "case", "open", *other, "--complaint", "--from", "x", "--on", "2020-03-28")

    def listed(*args: str) -> list[int]:
        rows = town("case", "list", *args, "-o", "json").data["cases"]
        return [each["case"] for each in rows]

    assert listed() == [2, 1]
    assert listed("--merchant", "M1") == listed("--reason", "brushing") == [1]
    assert listed("--owner", "wu") == listed("--complaints") == [2]
    assert listed("--state", "closed") == []
    assert "no case is open" in town("case", "list", "--state", "closed").err


def test_the_whole_merchant_or_nothing_may_be_held(town: Any) -> None:
    assert opened(town, "--hold", "none", *T1_T2)["holds"] == 0
    assert opened(town, "--hold", "merchant")["holds"] == 1
    settle(town, "2020-03-27")
    assert unpaid(town)["M1", "under_inquiry"] == 3000
    assert shown(town, 2)["holds"][0]["transaction_no"] is None


def test_what_is_paid_already_is_not_held_and_said(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    ran = town(*OPEN, *T1_T2, *MEI, *LATER)
    assert "2 of these payments were paid to the merchant already" in ran.err
    assert shown(town)["holds"] == []


def test_a_dry_run_opens_nothing(town: Any) -> None:
    town(*OPEN, *T1_T2, "--dry-run", *MEI, *LATER)
    assert town("case", "list", "-o", "json").data["cases"] == []


COMPLAINT = ("--complaint", "--from", "x")
REFUSED = {
    "unknown_case_reason": ("case", "open", "--merchant", "M1", "--reason", "x", "--note", "y"),
    "words_needed": (*OPEN[:-1], " "),
    "unknown_holding": (*OPEN, "--hold", "all"),
    "no_complaint": (*OPEN, "--from", "x"),
    "complaint_needs": (*OPEN, "--complaint", "--from", "x"),
    "in_future": (*OPEN, *COMPLAINT, "--on", "2020-04-30"),
    "numbers_or_span": (*OPEN, *T1_T2, "--round", "r1"),
    "nothing_picked": ("case", "add", "1"),
    "unknown_state": ("case", "list", "--state", "x"),
    "sanctions_needed": ("case", "decide", "1", "--note", "x"),
    "unknown_sanction": ("case", "decide", "1", "--sanction", "x", "--note", "x"),
    "one_step": (
        *("case", "decide", "1", "--sanction", "warning", "--sanction", "exclusion"),
        *("--note", "x"),
    ),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_said_wrongly_is_refused_in_words(town: Any, code: str) -> None:
    opened(town)
    assert refused(town, *REFUSED[code], expect=2) == code


UNDONE: dict[str, tuple[str, ...]] = {
    "unknown_merchant": ("case", "open", "--merchant", "M9", "--reason", "other", "--note", "x"),
    "unknown_transaction": (*OPEN, "--transaction", "T9"),
    "not_at_merchant": (*OPEN, "--transaction", "T4"),
    "unknown_case": ("case", "show", "9"),
    "no_decision_waits": ("case", "reject", "1", "--note", "x"),
    "own_case": ("case", "close", "1", "--note", "x"),
    "hold_of_case": ("settlement", "release", "1", "--note", "x"),
}


@pytest.mark.parametrize("code", UNDONE)
def test_what_cannot_be_done_is_refused(town: Any, code: str) -> None:
    opened(town)
    assert refused(town, *UNDONE[code]) == code


@pytest.mark.parametrize("verb", ["add", "note", "visit", "decide", "approve", "close", "export"])
def test_a_case_that_is_not_there_is_refused(town: Any, verb: str) -> None:
    more = {
        "add": ("--transaction", "T1"),
        "note": ("x",),
        "visit": ("--on", "2020-03-28", "--who", "x", "--seen", "y"),
        "decide": ("--sanction", "warning", "--note", "x"),
        "close": ("--note", "x"),
        "export": ("pack",),
    }
    assert refused(town, "case", verb, "9", *more.get(verb, ()), by=LIN) == "unknown_case"


# ---------------------------------------------------------------- worked on


def test_notes_visits_and_owners_are_kept(town: Any) -> None:
    opened(town)
    done(town, "case", "note", "1", "asked for till rolls")
    done(town, "case", "note", "1", "to lin", "--owner", "lin")
    seen = ("--on", "2020-03-29", "--who", "mei, wu", "--seen", "no till")
    done(town, "case", "visit", "1", *seen, by=WU)
    case = shown(town)
    assert [(each["kind"], each["words"]) for each in case["notes"]] == [
        ("note", "asked for till rolls"),
        ("owner", "to lin"),
        ("visit", "no till"),
    ]
    assert case["owner"] == "lin"
    future = ("--on", "2020-04-29", "--who", "x", "--seen", "y")
    assert refused(town, "case", "visit", "1", *future, expect=2) == "in_future"
    decided(town, "warning")
    assert refused(town, "case", "add", "1", "--transaction", "T3") == "case_is"
    town("check")


# ---------------------------------------------------------------- closed without a finding


def test_a_case_without_a_finding_lets_its_payments_go(town: Any) -> None:
    opened(town)
    assert closed(town)["outcome"] == "unfounded"
    case = shown(town)
    assert (case["state"], case["closed_by"]) == ("closed", "lin")
    assert all(each["released_by"] == "lin" for each in case["holds"])
    assert refused(town, "case", "close", "1", "--note", "x", by=LIN) == "case_is"
    settle(town, "2020-03-27")
    assert ("M1", "under_inquiry") not in unpaid(town)
    town("check")


def test_a_hold_of_somebody_else_outlives_the_case(town: Any) -> None:
    by_hand = ("settlement", "hold", "--transaction", "T1", "--reason", "disputed")
    done(town, *by_hand, "--evidence", "call", by=ZHAO)
    assert opened(town)["holds"] == 1
    answer = closed(town)
    assert answer["released"] == 1
    held = town("settlement", "holds", "-o", "json").data["holds"]
    assert [each["transaction_no"] for each in held] == ["T1"]
    town("check")


def test_a_hold_that_two_cases_need_ends_with_the_last(town: Any) -> None:
    opened(town)
    opened(town, "--transaction", "T2", "--transaction", "T3")
    assert closed(town)["released"] == 1
    assert refused(town, "settlement", "release", "2", "--note", "x", by=LIN) == "hold_of_case"
    assert closed(town, 2)["released"] == 2
    town("check")


# ---------------------------------------------------------------- decided


def test_a_warning_is_counted_and_the_next_step_suggested(town: Any) -> None:
    opened(town)
    answer = decided(town, "police", "warning")
    assert answer["sanctions"] == ["warning", "police"]
    assert closed(town)["outcome"] == "founded"
    opened(town, "--transaction", "T3")
    case = shown(town, 2)
    assert (case["before"]["warning"], case["before"]["police"]) == (1, 1)
    assert case["next_step"] == "suspension"
    assert "warning (1), handed to the police (1)" in town("case", "show", "2").out.replace(
        ";", ","
    )
    town("check")


def test_the_ladder_is_that_of_the_programme() -> None:
    ladder = ("warning", "warning", "exclusion")
    steps = [law.suggest(ladder, {"warning": count}).next for count in range(5)]
    assert steps == ["warning", "warning", "exclusion", "exclusion", "exclusion"]
    assert law.suggest((), {"claw_back": 3, "police": 1}).next == "warning"
    assert law.suggest((), {"warning": 1, "suspension": 1}).next == "exclusion"


def test_a_programme_says_its_ladder(voucher: Any) -> None:
    build(voucher, sanctions=["exclusion"])
    done(voucher, *OPEN)
    assert shown(voucher)["next_step"] == "exclusion"
    document = towns.programme(sanctions=["warning", "fine"])
    ran = voucher("programme", "load", towns.write("bad.yaml", document), expect=3)
    assert "fine" in ran.err


def test_who_opened_or_proposed_does_not_approve(town: Any) -> None:
    done(town, *OPEN, *T1_T2, by=LIN)
    word = ("case", "decide", "1", "--sanction", "warning", "--note", "x")
    done(town, *word, by=ZHAO)
    assert refused(town, *word) == "decision_waits"
    assert refused(town, "case", "approve", "1", by=LIN) == "own_change"
    assert refused(town, "case", "approve", "1", by=ZHAO) == "own_change"
    assert refused(town, "case", "approve", "1", by=MEI) == "not_a_checker"
    waits = town("todo", "-o", "json", *LATER).data["waiting"][0]
    assert (waits["kind"], waits["who"], waits["next"]) == ("sanctions", "", "")
    done(town, "case", "reject", "1", "--note", "ask the platform", by=LIN)
    assert shown(town)["state"] == "open"
    town("check")


def test_above_a_band_two_checkers_approve(voucher: Any) -> None:
    bands = [{"up_to": "15.00", "checkers": 1}, {"checkers": 2}]
    build(voucher, checkers=("lin", "zhao"), approvals=bands)
    spend(voucher)
    opened(voucher)
    first = decided(voucher, "suspension")
    assert (first["state"], first["given"], first["needed"]) == ("proposed", 1, 2)
    assert "case approve 1 --actor NAME" in voucher("case", "show", "1").err
    assert done(voucher, "case", "approve", "1", by=ZHAO)["state"] == "decided"


def test_a_suspension_holds_from_its_moment(town: Any) -> None:
    opened(town)
    word = ("case", "decide", "1", "--sanction", "suspension", "--note", "x")
    done(town, *word, "--from", "2020-03-28 12:00")
    assert done(town, "case", "approve", "1", by=LIN)["suspended"] is True
    said = pay(
        town, "p.csv", "T6 C2 1 M1 2020-03-28 11:00", "T7 C2 2 M1 2020-03-28 13:00", expect=4
    )
    assert said.data["reasons"] == {"merchant_suspended": 1}
    opened(town, "--transaction", "T3")
    ran = decided(town, "exclusion", number=2)
    assert ran["suspended"] is False
    back = town("merchant", "reinstate", "M1", "-o", "json", *MEI, *LATER).json
    assert [each["code"] for each in back["problems"]] == ["excluded_before"]
    assert "case 2" in back["problems"][0]["message"] and back["problems"][0]["level"] == "warning"
    town("merchant", "suspend", "M1", "--note", "stays out", *MEI, *LATER)
    town("check")


def test_a_claw_back_of_what_is_not_paid_pays_nothing(town: Any) -> None:
    opened(town)
    settle(town, "2020-03-27")
    answer = decided(town, "claw_back")
    assert (answer["claw_back_fen"], answer["payments"]) == (2000, 2)
    assert refused(town, "case", "close", "1", "--note", "x", by=LIN) == "claw_back_not_settled"
    town("check")
    sign(town, "2020-03-28")
    settle(town, "2020-03-28")
    assert closed(town)["released_fen"] == 1000  # T3 alone
    settle(town, "2020-03-28")
    town("check")
    paid = town("settlement", "show", "2", "-o", "json").data["transfers"]
    assert [(each["merchant_no"], each["amount_fen"]) for each in paid] == [("M1", 1000)]
    kinds = [(each["transaction_no"], each["kind"]) for each in shown(town)["reversals"]]
    assert kinds == [("T1", "pay"), ("T2", "pay")]


def test_a_claw_back_of_what_was_paid_is_netted_as_a_debt(town: Any) -> None:
    settle(town, "2020-03-27")
    send(town, 1)
    hear(town, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,paid,10.00,2020-03-30,B2,,")
    opened(town)
    decided(town, "claw_back")
    sign(town, "2020-03-28")
    settle(town, "2020-03-28")
    closed(town)
    debts = town("settlement", "debts", "-o", "json", *LATER).data["debts"]
    assert [(each["merchant_no"], each["amount_fen"]) for each in debts] == [("M1", 2000)]
    assert money(town)["paid"] == 4000
    town("check")


def test_what_was_clawed_back_does_not_come_again(town: Any) -> None:
    opened(town)
    decided(town, "claw_back")
    again = pay(town, "again.csv", "T1 C1 1 M1 2020-03-27 10:01", expect=None)
    assert again.data["accepted"] == 0
    listed = town("correction", "list", "-o", "json").data["corrections"]
    assert {each["evidence"] for each in listed} == {"case 1"}


def test_a_claw_back_takes_refunds_with_their_payment(voucher: Any) -> None:
    build(voucher, refunds="pro_rata")
    spend(voucher)
    rows = "R1,refund,C1,1,M1,2020-03-28 11:00,25,0,5,T1\n"
    towns.write("back.csv", towns.PAYMENTS + rows)
    voucher("redemption", "import", "back.csv", *MEI, *LATER)
    done(voucher, *OPEN, *T1_T2)
    stake = shown(voucher)["at_stake_fen"]
    assert 1000 < stake < 2000
    assert decided(voucher, "claw_back")["claw_back_fen"] == stake
    assert ("R1", "refund") in [
        (each["transaction_no"], each["kind"]) for each in shown(voucher)["reversals"]
    ]
    voucher("check")


def test_a_claw_back_needs_money_and_no_open_correction(town: Any) -> None:
    opened(town)
    word = ("case", "decide", "2", "--sanction", "claw_back", "--note", "x")
    opened(town, "--hold", "none")
    assert refused(town, *word) == "nothing_to_claw_back"
    correct = ("redemption", "correct", "T1", "--reverse", "--note", "x", "--evidence", "y")
    done(town, *correct)
    word = ("case", "decide", "1", "--sanction", "claw_back", "--note", "x")
    assert refused(town, *word) == "correction_waits_already"


# ---------------------------------------------------------------- written


def test_the_pack_proves_itself_and_names_no_resident(town: Any, here: Path) -> None:
    opened(town)
    done(town, "case", "note", "1", "asked")
    answer = done(town, "case", "export", "1", "pack")
    assert "residents.csv" not in answer["files"]
    for line in (here / "pack" / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((here / "pack" / name).read_bytes()).hexdigest() == digest
    rows = (here / "pack" / "evidence.jsonl").read_text("utf-8").splitlines()
    kept = [each["sha256"] for each in shown(town)["evidence"]]
    assert [hashlib.sha256(row.encode()).hexdigest() for row in rows] == kept
    page = (here / "pack" / "case.html").read_text("utf-8")
    assert "same phones" in page and "token:" not in page and "6228480000000000011" not in page
    done(town, "case", "export", "1", "pack", "--for-platform")
    residents = (here / "pack" / "residents.csv").read_text("utf-8").splitlines()
    assert residents[0] == "transaction_no,claim_no,resident,payments,merchants"
    assert "token:" in residents[1] and residents[1].split(",")[3:] == ["5", "3"]
    (here / "pack" / "mine.txt").write_text("x", "utf-8")
    assert refused(town, "case", "export", "1", "pack") == "folder_in_use"
    town("check")


def test_the_pack_is_written_in_chinese_and_not_in_a_dry_run(town: Any, here: Path) -> None:
    opened(town)
    town("case", "export", "1", "none", "--dry-run", *MEI, *LATER)
    assert not (here / "none").exists()
    town("case", "export", "1", "zh", "--lang", "zh", *MEI, *LATER)
    assert "核查事项 1" in (here / "zh" / "case.html").read_text("utf-8")


# ---------------------------------------------------------------- proved

SPOILED = {
    "evidence_as_frozen": (
        ("case_lines_never_change",),
        "UPDATE case_lines SET line = json_set(line, '$.base_fen', 1)",
    ),
    "cases_hold": ((), "UPDATE holds SET released_by = 'lin', released_at = 1 WHERE hold_id = 1"),
    "cases_as_decided": (
        ("case_sanctions_never_change",),
        "UPDATE case_sanctions SET amount_fen = 1 WHERE sanction = 'claw_back'",
    ),
    "cases_as_logged": (
        ("case_notes_never_change",),
        "UPDATE case_notes SET words = 'nothing was asked'",
    ),
}
MORE_EVIDENCE = {
    "a row that nobody logged": (
        ("case_lines_never_change",),
        "INSERT INTO case_lines SELECT 1, 3, 99, 'T9', line, sha256, 0, 'mei', 1 FROM case_lines"
        " WHERE case_id = 1 AND place = 1",
    ),
    "a row that never stood so": (
        ("case_lines_never_change",),
        "UPDATE case_lines SET line = json_set(line, '$.subsidy_fen', 1), sha256 = 'x'",
    ),
}


def spoil(triggers: Iterable[str], statement: str) -> None:
    with closing(sqlite3.connect("voucher.db")) as db:
        for trigger in triggers:
            db.execute(DROPPED(trigger))
        db.execute(statement)
        db.commit()


def breached(voucher: Any) -> set[str]:
    found = voucher("check", "-o", "json", expect=5).data["checks"]
    return {each["check"] for each in found if each["breaches"]}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_changed_behind_the_program_is_found(town: Any, name: str) -> None:
    opened(town)
    done(town, "case", "note", "1", "asked")
    decided(town, "claw_back")
    spoil(*SPOILED[name])
    assert name in breached(town)


@pytest.mark.parametrize("name", MORE_EVIDENCE)
def test_evidence_that_was_not_frozen_so_is_found(town: Any, name: str) -> None:
    opened(town)
    spoil(*MORE_EVIDENCE[name])
    assert "evidence_as_frozen" in breached(town)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases SET reason = 'other'",
        "DELETE FROM case_lines",
        "UPDATE case_notes SET words = 'x'",
        "DELETE FROM case_holds",
        "DELETE FROM cases",
    ],
)
def test_what_stands_of_a_case_never_changes(town: Any, statement: str) -> None:
    opened(town)
    done(town, "case", "note", "1", "asked")
    with closing(sqlite3.connect("voucher.db")) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(statement)
