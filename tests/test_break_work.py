"""The life of a break: who looks after it, how two people resolve it, how a run ends it, and what is
suggested. All bills are synthetic.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
import towns
from test_reconcile import DAY, HEAD, breaks, run
from test_settlements import LATER, LIN, MEI, WU, build, pay, sign, spend

from vouchercli.ops.reconciling import candidates
from vouchercli.rules import breaks as law

JSON = ("-o", "json")
WHY = ("--note", "paid on a test account", "--evidence", "letter 2020-17")


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Five payments on 27 March, and a bill that lacks T5 and shows X9 and T2 with 9.50."""

    def all_of_it() -> None:
        build(voucher)
        spend(voucher)
        rows = (DAY[0], "T2,pay,M1,2020-03-27 10:02,9.50,,", *DAY[2:4])
        run(voucher, (*rows, "X9,pay,合成三店,2020-03-27 10:05:40,10,,"))

    once("break-work", all_of_it)
    return voucher


MISSING_HERE = 2


def do(town: Any, *args: str, expect: int | None = 0, who: tuple[str, str] = MEI) -> Any:
    return town("reconcile", *args, *JSON, *who, *LATER, expect=expect)


def code(ran: Any) -> str:
    return str(ran.json["problems"][0]["code"])


def shown(town: Any, number: int) -> dict[str, Any]:
    data: dict[str, Any] = do(town, "show", str(number)).data
    return data


def test_a_break_is_given_to_somebody_and_two_people_resolve_it(town: Any) -> None:
    done = do(town, "assign", "1", "2", "3", "--to", "wu", "--note", "ask the platform").data
    assert (done["breaks"], done["owner"]) == ([1, 2, 3], "wu")
    do(town, "assign", "1", "2", "--to", "wu")  # again: nothing more is noted
    assert (shown(town, 1)["owner"], len(shown(town, 1)["log"])) == ("wu", 1)
    (line,) = town("audit", "log", "--deed", "reconcile.assign", *JSON).data["lines"]
    assert (line["about"], line["detail"]["breaks"]) == ("1-3", [[1, 3]])  # one line of the log
    mine = do(town, "breaks", "--owner", "wu", "--state", "open").data["breaks"]
    assert [each["break"] for each in mine] == [1, 2, 3]
    assert do(town, "breaks", "--owner", "-").data["breaks"] == []
    waits = do(town, "resolve", "1", "--explained", *WHY).data
    assert (waits["state"], waits["amount_fen"]) == ("proposed", 50)
    assert do(town, "show", "1").data["waits"] is True
    todo = {row["name"]: row for row in town("todo", *JSON, *LATER).data["waiting"]}
    assert todo["1"]["next"] == "voucher reconcile approve 1 --actor lin"
    assert (todo["wu"]["who"], todo["wu"]["amount_fen"]) == ("wu", 2_000)
    assert todo["wu"]["next"] == "voucher reconcile breaks --state open --owner wu"
    assert code(do(town, "resolve", "1", "--explained", *WHY, expect=3)) == "resolution_waits"
    assert code(do(town, "approve", "1", expect=3)) == "not_a_checker"
    assert do(town, "approve", "1", who=LIN).data["resolved"] == [1]
    found = shown(town, 1)
    assert (found["state"], found["resolution"], found["resolved_by"]) == (
        "resolved",
        "explained",
        "lin",
    )
    assert (found["note"], found["evidence"]) == (WHY[1], WHY[3])
    assert [each["deed"] for each in found["log"]] == [
        "reconcile.assign",
        "reconcile.resolve",
        "reconcile.approve",
    ]
    assert code(do(town, "assign", "1", "--to", "wu", expect=3)) == "break_is"
    assert code(do(town, "approve", "1", expect=3, who=LIN)) == "no_resolution_waits"
    told = do(town, "report").data["total"]
    assert (told["open"], told["resolved"], told["waits"]) == (2, 1, 0)
    town("check")


def test_what_is_turned_down_stays_open_and_several_go_together(town: Any) -> None:
    told = town("reconcile", "resolve", "1", "2", "3", "--explained", *WHY, *MEI, *LATER).err
    assert "voucher reconcile approve 1 2 3 --actor NAME" in told
    assert do(town, "report").data["total"]["waits"] == 3
    assert "waits" in town("reconcile", "breaks", *LATER).out
    assert code(do(town, "reject", "1", "--note", " ", expect=2, who=LIN)) == "note_needed"
    assert do(town, "reject", "2", "--note", "ask first", who=LIN).data["state"] == "declined"
    assert code(do(town, "approve", "1", "2", expect=3, who=LIN)) == "no_resolution_waits"
    assert do(town, "approve", "1", "3", "1", who=LIN).data["resolved"] == [1, 3]
    assert [each[0] for each in breaks(town, "--state", "open")] == ["missing_here"]
    town("check")


def test_a_correction_or_a_posting_that_was_made_resolves_a_break(town: Any) -> None:
    refused = {
        ("--posting", "99"): (3, "unknown_posting"),
        ("--correction", "99"): (3, "unknown_correction"),
        (): (2, "which_resolution"),
        ("--posting", "1", "--explained"): (2, "which_resolution"),
        ("--explained", "--note", "x"): (2, "note_needed"),
    }
    for args, (exit_code, name) in refused.items():
        ran = do(town, "resolve", "1", *args, expect=exit_code)
        assert code(ran) == name, args
    of_row = ("--reverse", "--note", "wrong", "--evidence", "bill", *JSON, *MEI, *LATER)
    made = town("redemption", "correct", "T5", *of_row).data["correction"]
    assert code(do(town, "resolve", "3", "--correction", str(made), expect=3)) == (
        "correction_not_made"
    )
    town("correction", "approve", str(made), *LIN, *LATER)
    assert code(do(town, "resolve", "1", "--correction", str(made), expect=3)) == (
        "other_correction"
    )
    do(town, "resolve", "3", "--correction", str(made))
    told = do(town, "resolve", "2", "--posting", "1", expect=3)
    assert code(told) == "posting_of_other_amount"
    assert "posting 1 moved 1,000,000.00 yuan, but 10.00 yuan are at stake in break 2" in str(
        told.json["problems"][0]["message"]
    )
    posting = town("ledger", "show", *JSON).data["postings"][-1]
    assert (posting["amount_fen"], posting["why"]) == (1_000, "redemptions.correct")
    of_it = ("--posting", str(posting["posting"]), "--evidence", "account book")
    assert code(do(town, "resolve", "1", "2", *of_it, expect=3)) == "posting_of_other_amount"
    do(town, "resolve", "2", *of_it)
    do(town, "approve", "2", "3", who=LIN)
    assert shown(town, 3)["evidence"] == f"correction {made}"
    assert shown(town, 2)["evidence"] == f"posting {posting['posting']}; account book"
    again = run(town, (*DAY[:4], "X9,pay,合成三店,2020-03-27 10:05:40,10,,"), name="new.csv")
    assert (again.data["cleared"], again.data["standing"]) == (2, 1)
    assert (shown(town, 3)["state"], shown(town, 3)["cleared_run"]) == ("resolved", 2)
    town("check")


def test_open_breaks_of_a_kind_are_given_to_somebody_at_once(town: Any) -> None:
    given = {
        (): (2, "which_breaks"),
        ("1", "--type", "amount"): (2, "which_breaks"),
        ("--type", "late"): (2, "unknown_break_type"),
        ("--round", "r9"): (3, "unknown_round"),
        ("--older-than", "4"): (3, "no_such_breaks"),
    }
    for args, (exit_code, name) in given.items():
        assert code(do(town, "assign", *args, "--to", "wu", expect=exit_code)) == name, args
    do(town, "resolve", "1", "--explained", *WHY)
    do(town, "approve", "1", who=LIN)
    assert do(town, "assign", "--older-than", "3", "--to", "wu").data["breaks"] == [2, 3]
    assert do(town, "assign", "--owner", "wu", "--type", "missing_here", "--to", "lin").data[
        "breaks"
    ] == [2]
    rows = {row["owner"]: row for row in do(town, "report").data["by_owner"]}
    assert [*rows] == ["lin", "wu"]
    assert (rows["wu"]["open"], rows["wu"]["off_fen"], rows["wu"]["days_3"]) == (1, 1_000, 1)
    assert do(town, "breaks", "--round", "r1").data["breaks"] == []  # the bill is of all rounds


MANY = 14


@pytest.fixture
def many(town: Any) -> Any:
    """The same with fourteen rows of 10.00 more that only the bill has: breaks 4 to 17."""
    more = [f"Y{n},pay,M3,2020-03-27 11:{n},10,,\n" for n in range(10, 10 + MANY)]
    towns.write("many.csv", HEAD + "".join(more))
    town("reconcile", "run", "many.csv", "--adds", *MEI, *LATER)
    return town


def log_of(town: Any, number: int, deed: str) -> list[Any]:
    """The spans of the lines of the log that are about the break."""
    lines = town("audit", "log", "--about", str(number), "--deed", deed, *JSON).data["lines"]
    return [each["detail"].get("breaks") for each in lines]


def test_many_are_proposed_and_decided_in_one_step(many: Any) -> None:
    of_kind = ("--type", "missing_here", "--owner", "-", "--older-than", "1")
    tried = do(many, "resolve", *of_kind, "--explained", *WHY, "--dry-run").data
    assert (tried["amount_fen"], tried["total"]["breaks"]) == (MANY * 1_000 + 1_000, MANY + 1)
    assert tried["by_type"][0]["their_fen"] == MANY * 1_000 + 1_000
    assert do(many, "report").data["total"]["waits"] == 0
    told = many("reconcile", "resolve", *of_kind, "--explained", *WHY, *MEI, *LATER)
    assert "15 breaks: explained write-off, 150.00 yuan at stake" in told.err
    assert "voucher reconcile approve --with 2 --actor NAME" in told.err
    do(many, "resolve", "1", "--explained", *WHY)  # on its own, and not with the others
    todo = {row["name"]: row for row in many("todo", *JSON, *LATER).data["waiting"]}
    assert (todo["2"]["proposals"], todo["2"]["amount_fen"]) == (15, 15_000)
    assert todo["2"]["next"] == "voucher reconcile approve --with 2 --actor lin"
    assert todo["1"]["next"] == "voucher reconcile approve 1 --actor lin"
    assert len(do(many, "breaks", "--with", "9").data["breaks"]) == MANY + 1
    assert len(do(many, "breaks", "--state", "waiting").data["breaks"]) == MANY + 2
    assert "15 breaks were proposed together" in many("reconcile", "show", "9", *LATER).err
    assert code(do(many, "approve", "--with", "9", expect=3)) == "not_a_checker"
    do(many, "approve", "5", who=LIN)  # one of them is decided alone
    assert do(many, "reject", "7", "--note", "ask first", who=LIN).data["breaks"] == [7]
    done = do(many, "approve", "--with", "5", who=LIN).data
    assert (len(done["resolved"]), done["total"]["at_stake_fen"]) == (MANY - 1, 13_000)
    assert [shown(many, number)["state"] for number in (1, 7, 17)] == ["open", "open", "resolved"]
    assert [each["deed"] for each in shown(many, 9)["log"]] == [
        "reconcile.resolve",
        "reconcile.approve",
    ]
    many("check")


def test_a_break_is_found_in_the_log_by_its_number_also_within_a_span(many: Any) -> None:
    do(many, "assign", "--merchant", "M3", "--to", "wu")
    do(many, "resolve", "--owner", "wu", "--type", "missing_here", "--explained", *WHY)
    do(many, "reject", "--owner", "wu", "--note", "ask first", who=LIN)
    assert log_of(many, 12, "reconcile") == [[[4, 17]], [[4, 17]], [[3, 17]]]
    assert log_of(many, 3, "reconcile") == [[[3, 17]]]
    assert (log_of(many, 1, "reconcile"), log_of(many, 18, "reconcile")) == ([], [])
    told = many("audit", "log", "--about", "12", "--lang", "zh").out
    assert "负责人：wu" in told.replace("\n", "") and "差异处理：查明销账" in told
    assert [each["deed"] for each in shown(many, 12)["log"]] == [
        "reconcile.assign",
        "reconcile.resolve",
        "reconcile.reject",
    ]


def test_what_was_turned_down_together_is_proposed_together_again(many: Any) -> None:
    do(many, "resolve", "--type", "missing_here", "--explained", *WHY)
    do(many, "reject", "--with", "4", "--note", "ask first", who=LIN)
    assert code(do(many, "approve", "--with", "4", expect=3, who=LIN)) == "no_such_breaks"
    again = do(many, "resolve", "--with", "4", "--explained", *WHY).data
    assert len(again["breaks"]) == MANY + 1
    assert len(do(many, "approve", "--type", "missing_here", who=LIN).data["resolved"]) == MANY + 1
    many("check")


def test_breaks_that_are_meant_by_what_they_are_like_are_refused_by_name(many: Any) -> None:
    given = {
        (): (2, "which_breaks"),
        ("1", "--type", "amount"): (2, "which_breaks"),
        ("--type", "late"): (2, "unknown_break_type"),
        ("--round", "r9"): (3, "unknown_round"),
        ("--with", "99"): (3, "unknown_break"),
        ("--with", "1"): (3, "nothing_proposed"),
        ("--type", "amount"): (3, "no_such_breaks"),
    }
    for args, (exit_code, name) in given.items():
        for verb in (("approve",), ("reject", "--note", "no")):
            ran = do(many, *verb, *args, expect=exit_code, who=LIN)
            assert code(ran) == name, (verb, args)
    do(many, "resolve", "--type", "amount", "--explained", *WHY)  # what waits is not meant again
    ran = do(many, "resolve", "--type", "amount", "--explained", *WHY, expect=3)
    assert code(ran) == "no_such_breaks"


def test_many_small_breaks_in_one_step_need_the_eyes_of_their_sum(voucher: Any) -> None:
    build(
        voucher,
        checkers=("lin", "zhao"),
        approvals=[{"up_to": "15.00", "checkers": 1}, {"checkers": 2}],
    )
    spend(voucher)
    run(voucher, DAY[:3])
    do(voucher, "resolve", "--type", "missing_there", "--explained", *WHY)
    first = do(voucher, "approve", "--with", "1", who=LIN).data
    assert (first["proposed"], first["given"], first["needed"]) == ([1, 2], 1, 2)
    (todo,) = [row for row in voucher("todo", *JSON, *LATER).data["waiting"] if row["given"]]
    assert (todo["amount_fen"], todo["needed"], todo["who"]) == (2_000, 2, "zhao")
    assert code(do(voucher, "approve", "--with", "1", expect=3, who=LIN)) == "already_approved"
    assert do(voucher, "approve", "1", who=("--actor", "zhao")).data["resolved"] == [1]
    assert do(voucher, "approve", "--with", "1", who=("--actor", "zhao")).data["resolved"] == [2]
    voucher("check")


def test_many_that_wait_hold_up_the_end_once(many: Any) -> None:
    do(many, "resolve", "--type", "missing_here", "--explained", *WHY)
    ran = many("programme", "close", *JSON, *WU, *LATER, expect=3)
    (waits,) = [each for each in ran.json["problems"] if each["code"] == "proposal_waits"]
    assert waits["hint"] == "voucher reconcile approve --with 2 --actor NAME"
    assert "15 resolutions of breaks wait" in waits["message"]


def test_a_list_of_breaks_fits_a_terminal_beside_long_numbers(town: Any) -> None:
    long = DAY[0].replace("T1,", f"{10**27},")
    run(town, (long, *DAY[1:]), name="long.csv")
    shown_list = town("reconcile", "breaks", "--type", "missing_here", *LATER).out
    assert str(10**27) in shown_list and "No.:" not in shown_list
    assert max(map(len, shown_list.splitlines())) <= 80


def test_a_later_run_ends_a_break_and_what_waits_on_it_and_one_comes_again(town: Any) -> None:
    do(town, "resolve", "1", "--explained", *WHY)
    whole = run(town, DAY, name="whole.csv").data
    assert (whole["cleared"], whole["came_again"]) == (3, 0)
    assert (shown(town, 1)["state"], shown(town, 1)["waits"]) == ("cleared", False)
    ran = town("reconcile", "run", "bill.csv", *MEI, *LATER)
    assert "3 of the new ones came again" in ran.err + ran.out
    assert (shown(town, 4)["earlier"], shown(town, 1)["earlier"]) == (1, None)
    assert "it came again" in town("reconcile", "show", "4", *LATER).err
    listed = town("audit", "log", *JSON, *LATER).data
    assert any(each["deed"] == "reconcile.resolve" for each in listed["lines"])
    town("check")


def test_people_who_may_not_and_names_that_nobody_has_are_refused(town: Any) -> None:
    assert code(do(town, "assign", "1", "--to", "nobody", expect=3)) == "unknown_owner"
    assert code(do(town, "assign", "1", "--to", " ", expect=2)) == "owner_needed"
    assert code(do(town, "assign", "1", "99", "--to", "wu", expect=3)) == "unknown_break"
    assert shown(town, 1)["owner"] == ""  # all of them or none
    stranger = ("--actor", "stranger")
    assert code(do(town, "assign", "1", "--to", "wu", expect=3, who=stranger)) == "not_staff"
    do(town, "resolve", "1", "--explained", *WHY, who=LIN)
    assert code(do(town, "approve", "1", expect=3, who=LIN)) == "own_change"
    batch = shown(town, 1)["batch"]
    ran = town("batch", "undo", str(batch), "--yes", *JSON, *MEI, *LATER, expect=3)
    assert code(ran) == "breaks_handled"
    do(town, "resolve", "2", "--explained", *WHY, "--dry-run")
    assert shown(town, 2)["waits"] is False


def test_a_large_sum_needs_two_checkers(voucher: Any) -> None:
    build(
        voucher,
        checkers=("lin", "zhao"),
        approvals=[{"up_to": "1.00", "checkers": 1}, {"checkers": 2}],
    )
    spend(voucher)
    run(voucher, DAY[:4])
    do(voucher, "resolve", "1", "--explained", *WHY)
    first = do(voucher, "approve", "1", who=LIN).data
    assert (first["proposed"], first["given"], first["needed"]) == ([1], 1, 2)
    assert do(voucher, "approve", "1", who=("--actor", "zhao")).data["resolved"] == [1]
    assert shown(voucher, 1)["resolved_by"] == "lin, zhao"
    voucher("check")


def test_breaks_are_found_by_their_age_and_hold_up_the_end(town: Any) -> None:
    old = do(town, "breaks", "--age", "3", "--until", "2020-03-30").data["breaks"]
    assert len(old) == 3
    assert do(town, "breaks", "--age", "4").data["breaks"] == []
    ran = town("programme", "close", *JSON, *WU, *LATER, expect=3)
    hint = next(each["hint"] for each in ran.json["problems"] if each["code"] == "breaks_open")
    assert "voucher reconcile resolve 1 --explained" in hint
    do(town, "resolve", "1", "--explained", *WHY)
    ran = town("programme", "close", *JSON, *WU, *LATER, expect=3)
    hints = [each["hint"] for each in ran.json["problems"]]
    assert "voucher reconcile approve 1 --actor NAME" in hints
    assert "voucher reconcile assign 2 3 --to NAME" in town("todo", *LATER).err
    do(town, "assign", "2", "--to", "wu")
    assert "for wu: voucher reconcile show 2" in town("todo", *LATER).err


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE breaks SET state = 'resolved', resolved_at = 1, resolution = 'explained'",
        "UPDATE breaks SET state = 'open', resolved_at = NULL",
    ],
)
def test_the_check_finds_a_break_that_nobody_decided(town: Any, statement: str) -> None:
    do(town, "resolve", "1", "--explained", *WHY)
    do(town, "approve", "1", who=LIN)
    towns.by_hand(".", statement)
    assert "breaks_as_decided" in town("check", expect=5).err


def test_the_check_finds_an_approval_of_many_that_the_log_lacks(many: Any) -> None:
    do(many, "resolve", "--type", "missing_here", "--explained", *WHY)
    do(many, "approve", "--with", "4", who=LIN)
    many("check")
    towns.by_hand(
        ".",
        "DROP TRIGGER audit_never_changes",
        "UPDATE audit SET detail = replace(detail, '[4,17]', '[4,16]')"
        " WHERE deed = 'reconcile.approve'",
    )
    assert "break 17: expected approved, found no line" in many("check", expect=5).err


def test_what_may_be_the_same_is_suggested_by_minute_and_name(town: Any) -> None:
    pay(town, "more.csv", "T6 C2 1 M2 2020-03-27 10:05", "T7 C2 2 M3 2020-03-27 12:00")
    run(town, (*DAY[:4], "X9,pay,合成（三）店,2020-03-27 10:05:40,10,,"), name="new.csv")
    found = {each[1] for each in breaks(town, "--state", "open")}
    assert found == {"T5", "T6", "T7", "X9"}
    number = next(
        each["break"]
        for each in do(town, "breaks", "--type", "missing_here", "--state", "open").data["breaks"]
    )
    likely = shown(town, number)["candidates"]
    assert [(e["transaction_no"], e["is_same_minute"], e["seconds_apart"]) for e in likely] == [
        ("T5", True, 40),
        ("T6", True, 40),
    ]  # T7 has the same amount, and nothing else
    assert shown(town, number)["detail"]["their_at"] == "2020-03-27T10:05:40+08:00"
    other = next(
        each["break"]
        for each in do(town, "breaks", "--type", "missing_there", "--state", "open").data["breaks"]
    )
    assert [e["transaction_no"] for e in shown(town, other)["candidates"]] == ["X9"]
    assert len(breaks(town, "--state", "open")) == 4  # nothing was taken


def test_a_name_where_a_number_belongs_suggests_merchants(town: Any) -> None:
    names = "merchant_no,name\nM1,合成一店\nM2,知味观（湖滨店）\nM3,合成三店\n"
    towns.write("names.csv", names)
    town("merchant", "import", "names.csv", *MEI, *LATER)
    run(town, (*DAY[:4], "X8,pay,知味观湖滨店,2020-03-27 10:05,10,,"), name="new.csv")
    found = do(town, "breaks", "--type", "missing_here", "--state", "open").data["breaks"]
    told = shown(town, found[0]["break"])
    assert [(e["merchant_no"], e["alike"]) for e in told["merchant_candidates"]] == [("M2", 100)]
    assert [(e["transaction_no"], e["alike"] < 75) for e in told["candidates"]] == [("T5", True)]


def test_without_the_library_of_likeness_nothing_is_compared(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    candidates.comparison.cache_clear()
    try:
        assert [each["alike"] for each in shown(town, MISSING_HERE)["candidates"]] == [None]
    finally:
        candidates.comparison.cache_clear()


def test_the_library_of_likeness_is_loaded_only_when_asked_for(town: Any) -> None:
    loaded = {name for name in sys.modules if name.startswith("rapidfuzz")}
    for name in loaded:
        del sys.modules[name]
    town("reconcile", "breaks", *LATER)
    assert not any(name.startswith("rapidfuzz") for name in sys.modules)


def test_a_settlement_is_verified_when_its_breaks_are_resolved(town: Any) -> None:
    sign(town, "2020-03-27")
    settle = ("settlement", "run", "--up-to", "2020-03-27", *MEI, *LATER)
    town(*settle)
    verify = ("settlement", "verify", "1", "--reconciled", *JSON, *MEI, *LATER)
    assert code(town(*verify, expect=3)) == "not_reconciled"
    do(town, "resolve", "1", "2", "3", "--explained", *WHY)
    do(town, "approve", "1", "2", "3", who=LIN)
    assert town(*verify).data["runs"] == [1]


def test_of_many_breaks_their_number_is_said(town: Any) -> None:
    more = [f"Y{n},pay,M3,2020-03-27 11:{n},10,,\n" for n in range(10, 22)]
    towns.write("many.csv", HEAD + "".join(more))
    town("reconcile", "run", "many.csv", *MEI, *LATER)
    some = [each["break"] for each in do(town, "breaks", "--state", "open").data["breaks"]]
    listed = "voucher reconcile breaks --state open --owner -"
    assert listed in town("todo", *LATER).err
    told = town("reconcile", "assign", *map(str, some), "--to", "wu", *MEI, *LATER)
    assert f"wu looks after {len(some)} breaks" in told.err


def test_numbers_are_noted_as_spans() -> None:
    assert law.spans([7, 3, 1, 2, 2]) == [(1, 3), (7, 7)]
    assert law.named(law.spans([1, 2, 3, 7])) == "1-3 7"
    assert law.named(law.spans(range(1, 20, 2))) == "1 3 5 7 9 ..."
