"""Who comes on a list, or leaves it, after a round was approved for it: a note and a second
person.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from collections.abc import Callable

STAFF = {"chen": "maker checker", "lin": "checker", "wu": "checker"}
OPEN = "2020-03-27 09:00"
LISTED = "resident,group\n13800000001,low\n13800000002,low\n"
ONE_MORE = "resident,group\n13800000002,low\n13800000009,low\n"
WHY = ("--note", "forgotten", "--actor", "chen")
Town = Any


@pytest.fixture
def build(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Town]:
    """A list of two residents of the group low (batch 1), and a round approved for it."""

    def town(*options: str, staff: bool = True, state: str = "approved", packs: int = 5) -> Town:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        people = {"staff": STAFF, "one_checker_up_to": "100.00"} if staff else {}
        towns.build(voucher, towns.programme(**people), towns.pack())
        voucher("eligibility", "import", towns.write("list.csv", LISTED))
        chosen = options or ("--mode", "targeted", "--group", "low")
        towns.make_round(
            voucher,
            "r1",
            *chosen,
            packs=packs,
            state=state,
            closes=towns.CLOSES,
            maker="chen",
            checkers=["lin", "wu"] if staff else ["lin"],
        )
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 09:00")
        return voucher

    return town


def add(voucher: Town, text: str = ONE_MORE, *options: str, expect: int = 0) -> Any:
    """Import more residents; what the command did."""
    file = towns.write("more.csv", text)
    return voucher("eligibility", "import", file, *(options or WHY), "-o", "json", expect=expect)


def on_list() -> int:
    return len(towns.ask(".", "SELECT 1 FROM eligibility"))


def holders() -> int:
    return len(towns.ask(".", "SELECT 1 FROM claims"))


# ---------------------------------------------------------------- the digest


def test_the_list_is_frozen_with_the_approval(build: Any) -> None:
    voucher = build()
    tokens = [row[0] for row in towns.ask(".", "SELECT resident FROM eligibility")]
    sha256 = hashlib.sha256(b"".join(sorted(tokens))).hexdigest()
    frozen = {"residents": 2, "sha256": sha256}
    shown = voucher("round", "show", "r1", "-o", "json").data["list"]
    assert shown == {**frozen, "now": frozen, "is_as_approved": True, "changes": []}
    line = voucher("audit", "log", "--deed", "round.approve", "-o", "json").data["lines"][0]
    assert line["after"]["list"] == frozen
    assert "the one approved" in voucher("round", "show", "r1").out
    add(voucher)
    assert voucher("round", "show", "r1", "-o", "json").data["list"]["is_as_approved"]
    voucher("eligibility", "approve", "2", "--actor", "lin")
    shown = voucher("round", "show", "r1", "-o", "json").data["list"]
    assert (shown["residents"], shown["now"]["residents"]) == (2, 3)
    assert not shown["is_as_approved"]
    assert shown["changes"] == [
        {"batch": 2, "kind": "listing", "proposed_by": "chen", "approved_by": ["lin"]}
    ]
    told = "3: not the one approved any more; since then: batch 2 (lin)"
    assert told in voucher("round", "show", "r1").out


def test_a_round_for_all_and_a_draft_have_no_list(build: Any) -> None:
    voucher = build("--mode", "fcfs")
    assert voucher("round", "show", "r1", "-o", "json").data["list"] is None
    voucher("round", "edit", "r1", "--packs", "6", "--actor", "chen")
    towns.draft(voucher, "r2", "--mode", "targeted", maker="chen")
    assert voucher("round", "show", "r2", "-o", "json").data["list"] is None


# ---------------------------------------------------------------- onto the list


def test_who_is_added_after_the_approval_waits_for_a_second_person(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = build()
    refused = add(voucher, ONE_MORE, "--actor", "chen", expect=3)
    assert "note_needed" in refused.out
    assert not towns.ask(".", "SELECT 1 FROM batches WHERE file = 'more.csv'")
    data = add(voucher).data
    assert (data["read"], data["accepted"], data["duplicate"]) == (2, 1, 1)
    waiting = {
        "batch": 2,
        "kind": "listing",
        "state": "proposed",
        "residents": 1,
        "rounds": ["r1"],
        "amount_fen": 5_000,
        "note": "forgotten",
        "proposed_by": "chen",
    }
    assert data["listing"] == waiting
    assert on_list() == 2
    todo = voucher("todo", "-o", "json").data["waiting"][0]
    assert (todo["kind"], todo["who"], todo["amount_fen"]) == ("listing", "lin, wu", 5_000)
    assert todo["next"] == "voucher eligibility approve 2 --actor lin"
    groups = voucher("eligibility", "list", "-o", "json").data["groups"]
    assert groups == [{"group": "low", "residents": 2, "waiting": 1}]
    lines = voucher("eligibility", "list", "--group", "low", "-o", "csv").out.splitlines()
    assert lines[0].endswith(",waits")
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["", "", "a second person"]
    # nobody grants him a pack
    monkeypatch.setenv("VOUCHER_NOW", OPEN)
    ticked = voucher("schedule", "tick", expect=None)
    assert holders() == 2
    assert ticked.err.count("[list_change_waits]") == 1
    assert "list_change_waits" not in voucher("schedule", "tick", expect=None).err
    assert "not_eligible" in voucher("claim", "grant", "r1", "13800000009", expect=3).err
    # not by his own approval
    own = voucher("eligibility", "approve", "2", "--actor", "chen", expect=3)
    assert "own_change" in own.err
    approved = voucher("eligibility", "approve", "2", "--actor", "lin", "-o", "json").data
    assert (approved["state"], approved["residents"]) == ("effective", 1)
    assert (
        "no_list_change_waits"
        in voucher("eligibility", "approve", "2", "--actor", "lin", expect=3).err
    )
    voucher("schedule", "tick")
    assert holders() == 3
    at = towns.at(OPEN)
    last = "SELECT claimed_at FROM claims ORDER BY claim_id DESC LIMIT 1"
    assert towns.ask(".", last) == [(at,)]  # listed when it was approved
    deeds = [row[0] for row in towns.ask(".", "SELECT deed FROM audit")]
    assert {"eligibility.propose", "eligibility.listed"} <= {*deeds}
    voucher("check")


def test_who_is_turned_down_never_comes_on_the_list_by_that_file(build: Any) -> None:
    voucher = build(state="open")
    add(voucher)
    voucher("eligibility", "reject", "2", "--note", "not of the group", "--actor", "wu")
    again = voucher("eligibility", "reject", "2", "--note", "no", "--actor", "wu", expect=3)
    assert "no_list_change_waits" in again.err
    assert "repeats" in add(voucher).data
    voucher("batch", "retry", "2", expect=None)
    assert towns.ask(".", "SELECT count(*) FROM listings") == [(0,)]
    assert on_list() == 2
    voucher("round", "allocate", "r1", "--now", OPEN)
    assert holders() == 2
    # by a file that is taken back and comes again it is asked anew
    voucher("batch", "undo", "2", "--yes")
    assert add(voucher).data["listing"]["batch"] == 4
    voucher("eligibility", "approve", "4", "--actor", "wu")
    assert on_list() == 3


@pytest.mark.parametrize("mode", ["fcfs", "lottery", "targeted"])
def test_a_round_of_any_mode_for_a_group_rests_on_its_list_alone(build: Any, mode: str) -> None:
    registers = ("--registration-opens", "2020-03-26 08:00") if mode == "lottery" else ()
    voucher = build("--mode", mode, "--group", "low", *registers)
    other = "resident,group\n13800000008,medics\n"
    data = add(voucher, other + "13800000009,low\n").data
    assert (data["accepted"], data["listing"]["residents"]) == (2, 1)
    assert on_list() == 3
    assert "listing" not in add(voucher, other.replace("8,", "7,"), "--actor", "chen").data


def test_a_targeted_round_without_a_group_rests_on_every_group(build: Any) -> None:
    voucher = build("--mode", "targeted")
    assert add(voucher, "resident,group\n13800000008,medics\n").data["listing"]["residents"] == 1


@pytest.mark.parametrize("is_large", [False, True])
def test_claims_in_a_file_of_who_waits_are_not_eligible(
    build: Any, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 0 if is_large else 1 << 30)
    voucher = build("--group", "low", state="open")
    add(voucher)
    plan = voucher("round", "plan", "r1", "-o", "json").data["residents"]
    assert plan["eligible"] == 2
    rows = f"{towns.CLAIMS}C1,r1,13800000009,2020-03-27 08:30:00\n"
    file = towns.write("claims.csv", rows)
    data = voucher("claim", "import", file, "-o", "json", "--now", OPEN, expect=4).data
    assert data["reasons"] == {"not_eligible": 1}
    voucher("eligibility", "approve", "2", "--actor", "lin", "--now", OPEN)
    retry = ("batch", "retry", str(data["batch"]), "-o", "json", "--now", OPEN)
    assert voucher(*retry).data["accepted"] == 1


def test_the_bands_say_how_many_must_approve_and_weigh_later_rounds(build: Any) -> None:
    voucher = build()
    rows = "".join(f"138000001{n:02d},low\n" for n in range(2))
    data = add(voucher, f"resident,group\n{rows}").data["listing"]
    assert data["amount_fen"] == 10_000  # one checker would do
    towns.make_round(voucher, "r2", "--group", "low", packs=1, maker="chen", checkers=["lin"])
    first = voucher("eligibility", "approve", "2", "--actor", "lin", "-o", "json").data
    assert (first["state"], on_list()) == ("proposed", 2)
    twice = voucher("eligibility", "approve", "2", "--actor", "lin", expect=3)
    assert "already_approved" in twice.err
    voucher("eligibility", "approve", "2", "--actor", "wu")
    assert on_list() == 4


def test_files_of_the_inbox_wait_with_their_folder_as_author(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = build()
    path = Path("inbox/city/eligibility/more.csv")
    path.parent.mkdir(parents=True)
    path.write_text(ONE_MORE, "utf-8")
    os.utime(path, (towns.at(OPEN) - 60,) * 2)
    monkeypatch.setenv("VOUCHER_NOW", OPEN)
    voucher("schedule", "tick")
    row = voucher("todo", "-o", "json").data["waiting"][0]
    assert (row["by"], row["note"], row["who"]) == (
        "inbox/city/eligibility",
        "more.csv",
        "chen, lin, wu",
    )
    assert holders() == 2
    voucher("eligibility", "approve", row["name"], "--actor", "lin")
    voucher("schedule", "tick")
    assert holders() == 3


def test_a_closed_round_is_rested_on_while_it_can_grant(build: Any) -> None:
    voucher = build(state="open", packs=3)
    voucher("round", "allocate", "r1", "--now", OPEN)
    voucher("round", "close", "r1", "--actor", "chen", "--now", "2020-03-29 09:00")
    late = ("--now", "2020-03-29 09:00")
    assert "note_needed" in add(voucher, ONE_MORE, "--actor", "chen", *late, expect=3).out
    add(voucher, ONE_MORE, *WHY, *late)
    voucher("eligibility", "approve", "3", "--actor", "lin", *late)
    voucher("round", "allocate", "r1", *late)
    assert holders() == 3  # the last pack: nothing can be granted any more
    data = add(voucher, ONE_MORE.replace("9,", "8,"), "--actor", "chen", *late).data
    assert "listing" not in data


@pytest.mark.parametrize("state", ["draft", "submitted"])
def test_without_an_approval_a_list_changes_at_once(build: Any, state: str) -> None:
    voucher = build(state=state)
    assert "listing" not in add(voucher, ONE_MORE, "--actor", "chen").data
    assert on_list() == 3


def test_the_first_of_two_approvals_is_for_the_list_as_it_was(build: Any) -> None:
    voucher = build(state="submitted")
    voucher("round", "approve", "r1", "--actor", "lin")
    assert add(voucher).data["listing"]["rounds"] == ["r1"]
    voucher("round", "reject", "r1", "--note", "fewer packs", "--actor", "wu")
    data = add(voucher, ONE_MORE.replace("9,", "8,"), "--actor", "chen").data
    assert "listing" not in data


def test_what_is_at_stake_is_weighed_again_and_shown_so(build: Any) -> None:
    """One resident in one round of packs of 50 yuan, then in three: 150 yuan need two checkers."""
    voucher = build()
    add(voucher)
    (row,) = voucher("todo", "-o", "json").data["waiting"]
    assert (row["amount_fen"], row["needed"]) == (5_000, 1)
    for code in ("r2", "r3"):
        towns.make_round(
            voucher, code, "--mode", "targeted", "--group", "low", maker="chen",
            closes=towns.CLOSES, checkers=["lin", "wu"],
        )  # fmt: skip
    (row,) = voucher("todo", "-o", "json").data["waiting"]
    assert (row["amount_fen"], row["needed"]) == (15_000, 2)
    for checker in ("lin", "wu"):
        voucher("eligibility", "approve", "2", "--actor", checker)
    # r3 was approved after the change was proposed, and says who approved it all the same
    changes = voucher("round", "show", "r3", "-o", "json").data["list"]["changes"]
    assert [each["approved_by"] for each in changes] == [["lin", "wu"]]


def test_a_batch_is_not_undone_before_the_last_word_on_it(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = build()
    add(voucher)
    voucher("eligibility", "approve", "2", "--actor", "lin", "--now", "2020-03-26 12:00")
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 11:00")
    undo = ("batch", "undo", "2", "--yes", "--note", "a slip", "--actor", "chen")
    assert "[clock_before]" in voucher(*undo, expect=3).err


def test_after_a_cancellation_a_list_changes_at_once(build: Any) -> None:
    voucher = build()
    voucher("round", "cancel", "r1", "--note", "no money", "--actor", "chen")
    for checker in ("lin", "wu"):
        voucher("round", "approve", "r1", "--actor", checker)
    add(voucher, ONE_MORE, "--actor", "chen")
    assert on_list() == 3


def test_without_staff_a_list_changes_at_once(build: Any) -> None:
    voucher = build(staff=False)
    add(voucher, ONE_MORE, "--actor", "chen")
    voucher("batch", "undo", "2", "--yes")
    assert on_list() == 2


def test_a_dry_run_says_who_would_wait(build: Any) -> None:
    voucher = build()
    file = towns.write("more.csv", ONE_MORE)
    ran = voucher("eligibility", "import", file, *WHY, "--dry-run")
    assert "1 residents would wait for a second person" in ran.err
    assert towns.ask(".", "SELECT count(*) FROM listings") == [(0,)]


# ---------------------------------------------------------------- off the list


def test_who_leaves_a_list_after_the_approval_waits_for_a_second_person(build: Any) -> None:
    voucher = build()
    undo = ("batch", "undo", "1", "--yes", "--actor", "chen")
    assert "note_needed" in voucher(*undo, expect=3).err
    data = voucher(*undo, "--note", "moved away", "-o", "json").data
    assert (data["undone"], data["delisting"]["residents"]) == (0, 2)
    assert data["delisting"]["amount_fen"] == 10_000
    assert on_list() == 2
    assert voucher("todo", "-o", "json").data["waiting"][0]["kind"] == "delisting"
    assert "own_change" in voucher("eligibility", "approve", "1", "--actor", "chen", expect=3).err
    voucher("eligibility", "reject", "1", "--note", "they did not", "--actor", "lin")
    assert on_list() == 2
    voucher(*undo, "--note", "they did")
    voucher("eligibility", "approve", "1", "--actor", "lin")
    assert on_list() == 0
    assert voucher("batch", "show", "1", "-o", "json").data["state"] == "undone"
    assert towns.ask(".", "SELECT count(*) FROM audit WHERE deed = 'eligibility.delisted'") == [
        (1,)
    ]


def test_who_has_a_pack_stays_on_the_list_whoever_approves(build: Any) -> None:
    voucher = build(state="open")
    undo = ("batch", "undo", "1", "--yes", "--note", "moved away", "--actor", "chen")
    voucher(*undo)
    voucher("round", "allocate", "r1", "--now", OPEN)
    late = voucher("eligibility", "approve", "1", "--actor", "lin", expect=3)
    assert "batch_built_upon" in late.err
    voucher("eligibility", "reject", "1", "--note", "packs are out", "--actor", "lin")
    assert "batch_built_upon" in voucher(*undo, expect=3).err
    assert holders() == 2


def test_a_file_that_is_taken_back_waits_no_more(build: Any) -> None:
    voucher = build()
    add(voucher)
    voucher("batch", "undo", "2", "--yes", "--actor", "chen")
    assert voucher("todo", "-o", "json").data["waiting"] == []
    assert (
        "no_list_change_waits"
        in voucher("eligibility", "approve", "2", "--actor", "lin", expect=3).err
    )
    assert "unknown_batch" in voucher("eligibility", "approve", "9", "--actor", "lin", expect=3).err
    assert on_list() == 2


# ---------------------------------------------------------------- single residents leave


def remove(voucher: Town, *words: str, expect: int = 0) -> Any:
    return voucher("eligibility", "remove", *words, "-o", "json", expect=expect)


def test_one_resident_leaves_when_a_second_person_approves(build: Any) -> None:
    voucher = build("--group", "low", state="open")
    assert "note_needed" in remove(voucher, "13800000001", "--actor", "chen", expect=3).out
    (change,) = remove(voucher, "13800000001", *WHY).data["changes"]
    assert (change["state"], change["residents"], change["rounds"]) == ("proposed", 1, ["r1"])
    assert (change["lines"], change["amount_fen"]) == ([2], 5_000)  # a pack of 50 yuan
    # until then they are on it; another of the same file waits its turn
    voucher("claim", "grant", "r1", "13800000001", "--now", OPEN)
    assert "list_change_waiting" in remove(voucher, "13800000002", *WHY, expect=3).out
    assert "own_change" in voucher("eligibility", "approve", "1", "--actor", "chen", expect=3).err
    voucher("eligibility", "approve", "1", "--actor", "lin", "--now", OPEN)
    assert (on_list(), holders()) == (1, 1)  # what was granted stays
    left = voucher("eligibility", "list", "-o", "json").data["groups"]
    assert [(each["group"], each["residents"]) for each in left] == [("low", 1)]
    (change,) = remove(voucher, "13800000002", *WHY, "--now", OPEN).data["changes"]
    voucher("eligibility", "reject", "1", "--note", "no", "--actor", "wu", "--now", OPEN)
    assert on_list() == 1
    voucher("check")


def test_a_list_that_nothing_rests_on_is_left_at_once_and_joined_again(voucher: Any) -> None:
    towns.build(voucher, towns.programme(staff=STAFF), towns.pack())
    both = LISTED + "13800000001,medics\n"
    voucher("eligibility", "import", towns.write("list.csv", both), "--actor", "chen")
    shown = voucher("eligibility", "list", "--resident", "13800000001", "-o", "json").data
    token = shown["residents"][0]["resident"]
    data = remove(voucher, token, "--group", "low", "--actor", "chen").data["changes"]
    assert [(each["state"], each["residents"]) for each in data] == [("effective", 1)]
    assert on_list() == 2
    remove(voucher, "13800000001", "13800000002", "--actor", "chen")
    assert on_list() == 0
    refused = remove(voucher, "13800000001", "--actor", "chen", expect=3)
    assert "not_listed" in refused.out and "13800000001" not in refused.out
    add(voucher)
    assert on_list() == 2
    deeds = [row[0] for row in towns.ask(".", "SELECT deed FROM audit WHERE deed LIKE 'elig%'")]
    assert deeds == ["eligibility.import", *["eligibility.delisted"] * 2, "eligibility.import"]


def test_a_damaged_token_is_named_so(build: Any) -> None:
    voucher = build()
    for words in (("remove",), ("list", "--resident")):
        refused = voucher("eligibility", *words, "token:zz", *WHY[2:], expect=3)
        assert "bad_resident" in refused.err


# ---------------------------------------------------------------- on several lists


def test_who_is_on_another_list_too_stays_when_the_first_one_is_undone(build: Any) -> None:
    voucher = build()
    add(voucher)  # resident 2 is on both, resident 9 waits
    voucher("eligibility", "approve", "2", "--actor", "lin")
    ran = voucher("batch", "undo", "1", *WHY, "--yes", "-o", "json")
    assert ran.data["delisting"]["residents"] == 1  # resident 1 alone would leave
    voucher("eligibility", "approve", "1", "--actor", "lin")
    assert towns.ask(".", "SELECT batch_id, line FROM eligibility ORDER BY 2") == [(2, 2), (2, 3)]
    counted = "SELECT state, accepted, duplicate FROM batches ORDER BY batch_id"
    assert towns.ask(".", counted) == [("undone", 2, 0), ("done", 2, 0)]


def test_nobody_is_asked_where_nobody_leaves(build: Any) -> None:
    voucher = build()
    add(voucher, LISTED + "13800000009,low\n")
    said = voucher("batch", "undo", "1", "--yes", "--actor", "chen").err
    assert "batch 1 is undone: 0 rows of list.csv were removed" in said
    assert on_list() == 2


def test_of_two_files_that_wait_the_second_one_has_a_duplicate(build: Any) -> None:
    voucher = build()
    add(voucher)
    more = towns.write("again.csv", ONE_MORE + "\n")
    voucher("eligibility", "import", more, *WHY)
    for batch in ("2", "3"):
        voucher("eligibility", "approve", batch, "--actor", "lin")
    counted = "SELECT accepted, duplicate FROM batches ORDER BY batch_id"
    assert towns.ask(".", counted) == [(2, 0), (1, 1), (0, 2)]
    voucher("batch", "undo", "2", "--yes", "--actor", "chen")
    assert towns.ask(".", counted) == [(2, 0), (1, 1), (1, 1)]
    assert on_list() == 3


def test_a_list_that_rounds_rest_on_is_not_read_anew_by_one_person(build: Any) -> None:
    voucher = build()
    anew = ("eligibility", "import", "list.csv", "--encoding", "gb18030", *WHY)
    ran = voucher(*anew, expect=3)
    assert "[other_reading]" in ran.err
    assert 'next: voucher batch undo 1 --note "WHY", then import it again' in ran.err
    assert on_list() == 2
