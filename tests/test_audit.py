"""The log: it says who did what, and any line that was edited, taken out, put in or moved is
found.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import audit as law

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

UNGUARDED = "DROP TRIGGER audit_never_changes; DROP TRIGGER audit_never_vanishes;"
GUARDED = """
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_never_vanishes BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""


@pytest.fixture
def town(city: Callable[..., Callable[..., Ran]]) -> Callable[..., Ran]:
    """The small town: its building left lines 1 to 8."""
    return city()


def tamper(script: str) -> None:
    """Work on the log by hand, as one would who can write to the file; the guards are put back
    afterwards.
    """
    db = sqlite3.connect("voucher.db")
    db.executescript(UNGUARDED + script + GUARDED)
    db.close()


def found(voucher: Callable[..., Ran], *options: str) -> list[tuple[str, int]]:
    ran = voucher("audit", "verify", *options, "-o", "json", expect=5)
    assert ran.json["status"] == "failed"
    return [(each["code"], each["line"]) for each in ran.data["breaks"]]


def head(voucher: Callable[..., Ran]) -> str:
    return str(voucher("audit", "head", "-o", "json").data["head"])


# ---------------------------------------------------------------- log


def test_every_deed_is_a_line_with_before_and_after(town: Callable[..., Ran]) -> None:
    lines = town("audit", "log", "-o", "json").data["lines"]
    assert [line["deed"] for line in reversed(lines)] == [
        "programme.load",
        "template.add",
        "round.create",
        "round.submit",
        "round.approve",
        "round.open",
        "merchants.import",
        "claims.import",
    ]
    approved = next(line for line in lines if line["deed"] == "round.approve")
    assert (
        approved["actor"],
        approved["about"],
        approved["before"]["state"],
        approved["after"]["state"],
    ) == ("lin", "r1", "submitted", "approved")
    assert approved["after"]["committed"] == {"treasury": 430_000}
    assert approved["at"] == "2020-03-20T09:00:00+08:00"
    assert approved["entered_at"] > approved["at"]


def test_a_note_stands_in_the_file_as_it_was_written(town: Callable[..., Ran]) -> None:
    town("merchant", "suspend", "M1", "--reason", "停业整顿", "--actor", "mei")
    ((detail,),) = towns.ask(".", "SELECT detail FROM audit WHERE deed LIKE 'merchant.%'")
    assert '"reason":"停业整顿"' in detail


def test_lines_are_found_by_who_what_when_and_about(town: Callable[..., Ran]) -> None:
    def deeds(*filters: str) -> list[str]:
        return [line["deed"] for line in town("audit", "log", *filters, "-o", "json").data["lines"]]

    assert deeds("--actor", "lin") == ["round.approve"]
    assert deeds("--about", "r1") == ["round.open", "round.approve", "round.submit", "round.create"]
    assert deeds("--deed", "round.submit") == ["round.submit"]
    assert deeds("--deed", "round", "--limit", "2") == ["round.open", "round.approve"]
    assert deeds("--deed", "roun") == []
    assert deeds("--since", "2020-03-27") == ["claims.import", "round.open"]
    assert "round.open" not in deeds("--until", "2020-03-26")
    assert "round.submit" in deeds("--since", "2020-03-20", "--until", "2020-03-20")


def test_the_log_reads_well(town: Callable[..., Ran]) -> None:
    ran = town("audit", "log", "--about", "r1", "-o", "csv")
    number, at, entered, by, *_ = ran.out.splitlines()[1].split(",")
    assert (number, at, by) == ("6", "2020-03-27T08:00:00+08:00", "mei")
    assert entered == "2026-11-27T09:00:00+08:00"
    assert ran.out.splitlines()[1].endswith(",round.open,r1,state: approved → open")
    assert "操作日志" in town("audit", "log", "--lang", "zh").out
    ran = town("audit", "log", "--limit", "1")
    assert ran.err.splitlines() == [
        "7 more rows are not shown; all of them: voucher audit log -o csv"
    ]
    assert town("audit", "log", "--about", "nothing").err.splitlines() == [
        "no line of the log matches"
    ]


def test_a_window_that_ends_before_it_begins_is_refused(town: Callable[..., Ran]) -> None:
    ran = town(
        "audit", "log", "--since", "2020-03-28", "--until", "2020-03-27", "-o", "json", expect=2
    )
    assert ran.json["problems"][0]["code"] == "empty_window"


def test_a_line_says_which_programme_was_meant(town: Callable[..., Ran]) -> None:
    town("programme", "load", "hangzhou-2009")
    town("round", "close", "r1", "--now", "2020-04-01", "--programme", "town")
    line = town("audit", "log", "--deed", "round.close", "-o", "json").data["lines"][0]
    assert line["detail"]["programme"] == "town"


# ---------------------------------------------------------------- head and verify


def test_an_untouched_log_holds(town: Callable[..., Ran]) -> None:
    noted = head(town)
    town("round", "close", "r1", "--now", "2020-04-01")
    for form in (noted, noted.partition(":")[2], noted.upper()):
        data = town("audit", "verify", "--head", form, "-o", "json").data
        assert (data["lines"], data["breaks"]) == (9, [])
    assert town("audit", "verify", "--head", noted).err.splitlines() == [
        "all 9 lines are intact, and the noted head is among them",
        "lines since the latest noted head: 1",
    ]
    assert "only a head noted elsewhere" in town("audit", "verify").err
    ran = town("audit", "head")
    assert ran.err.splitlines() == [
        f"write it down elsewhere; later: voucher audit verify --head {head(town)}"
    ]


def test_an_empty_log_has_no_head(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    assert voucher("audit", "head", "-o", "json").data == {"lines": 0, "head": None, "at": None}
    assert voucher("audit", "verify", "-o", "json").data["lines"] == 0


def test_without_a_file_there_is_no_head(voucher: Callable[..., Ran]) -> None:
    assert "[no_database]" in voucher("audit", "head", expect=3).err


@pytest.mark.parametrize("text", ["latest", "8:abc", "x" * 64, f"eight:{'0' * 64}"])
def test_what_is_no_head_is_a_usage_error(town: Callable[..., Ran], text: str) -> None:
    assert (
        town("audit", "verify", "--head", text, "-o", "json", expect=2).json["problems"][0]["code"]
        == "bad_head"
    )


FIELDS = {
    "at": "at + 1",
    "entered_at": "entered_at - 60",
    "actor": "'mei'",
    "os_user": "'somebody else'",
    "deed": "'round.reject'",
    "subject": "'r2'",
    "detail": "json_set(detail, '$.after.state', 'draft')",
}


@pytest.mark.parametrize("column", FIELDS)
def test_an_edited_line_is_found_whatever_was_edited(town: Callable[..., Ran], column: str) -> None:
    tamper(f"UPDATE audit SET {column} = {FIELDS[column]} WHERE audit_id = 5;")
    assert found(town) == [("audit_edited", 5)]
    ran = town("audit", "verify", expect=5)
    assert ran.err.splitlines()[0].startswith(
        "audit:5: error: line 5 was changed after it was written"
    )


def test_an_edited_line_that_was_sealed_again_is_found_at_the_next(
    town: Callable[..., Ran],
) -> None:
    reseal(5, "mei")
    assert found(town) == [("audit_gap", 6)]


def reseal(number: int, actor: str) -> None:
    """Edit one line and give it a seal that fits."""
    db = sqlite3.connect("voucher.db")
    db.row_factory = sqlite3.Row
    db.executescript(UNGUARDED)
    row = db.execute("SELECT * FROM audit WHERE audit_id = ?", (number,)).fetchone()
    fields = (
        row["at"],
        row["entered_at"],
        actor,
        row["os_user"],
        row["deed"],
        row["subject"],
        row["detail"],
    )
    db.execute(
        "UPDATE audit SET actor = ?, hash = ? WHERE audit_id = ?",
        (actor, law.digest(row["previous_hash"], fields), number),
    )
    db.commit()
    db.executescript(GUARDED)
    db.close()


def test_a_log_forged_from_a_line_to_its_end_is_found_by_a_noted_head(
    town: Callable[..., Ran],
) -> None:
    noted = head(town)
    for number in range(5, 9):
        tamper(
            "UPDATE audit SET previous_hash = (SELECT hash FROM audit WHERE audit_id ="
            f" {number - 1}) WHERE audit_id = {number};"
        )
        reseal(number, "mei")
    town("audit", "verify")
    assert found(town, "--head", noted) == [("audit_head_missing", 8)]


@pytest.mark.parametrize("line", [1, 4, 7])
def test_a_line_that_was_taken_out_is_found(town: Callable[..., Ran], line: int) -> None:
    tamper(f"DELETE FROM audit WHERE audit_id = {line};")
    assert found(town) == [("audit_gap", line + 1)]


def test_taking_a_line_out_and_numbering_anew_is_found(town: Callable[..., Ran]) -> None:
    tamper(
        "DELETE FROM audit WHERE audit_id = 4; UPDATE audit SET audit_id = audit_id - 1 WHERE"
        " audit_id > 4;"
    )
    assert found(town) == [("audit_gap", 4)]


def test_numbers_that_jump_are_found(town: Callable[..., Ran]) -> None:
    tamper("UPDATE audit SET audit_id = audit_id + 10 WHERE audit_id > 6;")
    assert found(town) == [("audit_gap", 17)]


def test_lines_that_changed_places_are_found(town: Callable[..., Ran]) -> None:
    tamper(
        "UPDATE audit SET audit_id = 99 WHERE audit_id = 4; UPDATE audit SET audit_id = 4 WHERE"
        " audit_id = 5;UPDATE audit SET audit_id = 5 WHERE audit_id = 99;"
    )
    assert found(town) == [("audit_gap", 4), ("audit_gap", 5), ("audit_gap", 6)]


INSERTED = """
INSERT INTO audit SELECT {number}, at, entered_at, 'ghost', os_user, deed, subject, detail,
    {previous}, '{hash}'
FROM audit WHERE audit_id = 3;
"""


@pytest.mark.parametrize("number", [0, 100])
def test_a_line_that_was_put_in_is_found(town: Callable[..., Ran], number: int) -> None:
    tamper(INSERTED.format(number=number, previous="hash", hash="f" * 64))
    assert ("audit_gap", number) in found(town)
    assert ("audit_edited", number) in found(town)


def test_a_line_put_in_between_is_found(town: Callable[..., Ran]) -> None:
    tamper(
        "UPDATE audit SET audit_id = audit_id + 100 WHERE audit_id > 3; UPDATE audit SET audit_id ="
        " audit_id - 99 WHERE audit_id > 100;"
        + INSERTED.format(number=4, previous="hash", hash="f" * 64)
    )
    assert found(town) == [("audit_edited", 4), ("audit_gap", 5)]


@pytest.mark.parametrize("noted_as", ["number and digest", "digest"])
def test_a_tail_that_was_cut_off_is_found_only_by_a_noted_head(
    town: Callable[..., Ran], noted_as: str
) -> None:
    noted = head(town) if noted_as == "number and digest" else head(town).partition(":")[2]
    tamper("DELETE FROM audit WHERE audit_id > 6;")
    town("audit", "verify")
    assert [code for code, _ in found(town, "--head", noted)] == ["audit_head_missing"]


def test_a_head_under_another_number_is_not_the_head(town: Callable[..., Ran]) -> None:
    seal = head(town).partition(":")[2]
    assert found(town, "--head", f"7:{seal}") == [("audit_head_missing", 7)]


def test_a_guard_that_is_gone_is_found(town: Callable[..., Ran]) -> None:
    db = sqlite3.connect("voucher.db")
    db.executescript("DROP TRIGGER postings_move_balances")
    db.close()
    ran = town("audit", "verify", expect=5)
    assert "error: the trigger postings_move_balances is missing" in ran.err


def test_a_line_that_cannot_be_read_is_still_shown(town: Callable[..., Ran]) -> None:
    tamper("UPDATE audit SET detail = 'scrawl' WHERE audit_id = 5;")
    assert town("audit", "log", "--deed", "round.approve", "-o", "json").data["lines"][0][
        "detail"
    ] == {"unreadable": "scrawl"}
    assert "audit_chain" in town("check", expect=5).err


def test_the_log_itself_refuses_to_be_changed(town: Callable[..., Ran]) -> None:
    town("audit", "verify")
    db = sqlite3.connect("voucher.db")
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


# ---------------------------------------------------------------- the law by itself

TEXTS = st.text(max_size=8)
SOME = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    min_size=2,
    max_size=6,
)


def chained(all_fields: list[Any]) -> list[law.Line]:
    lines: list[law.Line] = []
    for number, fields in enumerate(all_fields, 1):
        previous = lines[-1].hash if lines else ""
        lines.append(law.Line(number, fields, previous, law.digest(previous, fields)))
    return lines


@given(SOME, st.data())
def test_no_change_of_a_chain_goes_unseen(some: list[Any], data: st.DataObject) -> None:
    lines = chained(some)
    assert list(law.breaks(lines)) == []
    place = data.draw(st.integers(0, len(lines) - 2))
    other = data.draw(st.integers(place + 1, len(lines) - 1))
    swapped = lines.copy()
    swapped[place], swapped[other] = swapped[other], swapped[place]
    assert list(law.breaks(swapped))
    assert list(law.breaks(lines[:place] + lines[place + 1 :]))
    assert list(law.breaks([*lines[:place], lines[other], *lines[place:]]))
    fields = list(lines[place].fields)
    fields[2] += "x"
    edited = law.Line(
        lines[place].number, tuple(fields), lines[place].previous_hash, lines[place].hash
    )  # type: ignore[arg-type]
    assert [
        (each.line, each.what) for each in law.breaks([*lines[:place], edited, *lines[place + 1 :]])
    ] == [(place + 1, "edited")]


def test_what_a_deed_changed_is_told_in_short() -> None:
    assert law.changes(
        {"state": "open", "packs": 10}, {"state": "open", "packs": 12, "note": "x"}
    ) == [("packs", 10, 12), ("note", None, "x")]
    assert law.changes(None, {"state": "draft"}) == [("state", None, "draft")]
    assert law.shorten({"a": "b" * 80}).endswith("…")
