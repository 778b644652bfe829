"""report rounds --as-of: each round in the state and with the packs that it had at that moment."""

from __future__ import annotations

from typing import Any

import pytest
import towns

STAFF = {"mei": "maker", "lin": "checker"}
# r1: drafted on the 20th, ten packs; six from an edit on the 21st; approved on the 22nd; open on
# the 27th at 8:00, paused from noon to 13:00, topped up to nine at 14:00, closed on the 28th
HISTORY = (
    ("2020-03-20 09:00", "create r1 --template pack --packs 10 --closes-at 2020-03-29", "mei"),
    ("2020-03-21 09:00", "edit r1 --packs 6", "mei"),
    ("2020-03-21 10:00", "submit r1", "mei"),
    ("2020-03-22 09:00", "approve r1", "lin"),
    ("2020-03-23 09:00", "create r2 --template pack --packs 5 --closes-at 2020-03-31", "mei"),
    ("2020-03-23 10:00", "submit r2", "mei"),
    ("2020-03-23 11:00", "reject r2 --note why", "lin"),
    ("2020-03-24 09:00", "cancel r2", "mei"),
    ("2020-03-27 08:00", "open r1", "mei"),
    ("2020-03-27 12:00", "pause r1", "mei"),
    ("2020-03-27 12:30", "resume r1", "mei"),
    ("2020-03-27 13:00", "approve r1", "lin"),
    ("2020-03-27 13:30", "top-up r1 --packs 3", "mei"),
    ("2020-03-27 14:00", "approve r1", "lin"),
    ("2020-03-28 08:00", "close r1 --yes", "mei"),
    ("2020-03-28 09:00", "approve r1", "lin"),
)
OPENINGS = {"r1": towns.OPENS, "r2": "2020-03-30 08:00"}


@pytest.fixture
def town(voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two rounds with the HISTORY, and three claims of r1 made at 9:00, 10:00 and 15:00."""

    def build() -> None:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-20 08:00")
        towns.build(voucher, towns.programme(staff=STAFF), towns.pack())
        for moment, words, actor in HISTORY:
            verb, code, *options = words.split()
            if verb == "create":
                options += ["--opens-at", OPENINGS[code]]
            voucher("round", verb, code, *options, "--actor", actor, "--now", moment)
        rows = "".join(f"C{hour},r1,res{hour},2020-03-27 {hour}:00:00\n" for hour in (10, 11, 15))
        towns.write("claims.csv", towns.CLAIMS + rows)
        voucher("claim", "import", "claims.csv", "--now", "2020-03-29 09:00")

    once("round histories", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
    return voucher


def rows(voucher: Any, *options: str) -> dict[str, dict[str, Any]]:
    answered = voucher("report", "rounds", *options, "-o", "json").data["rows"]
    return {row["round"]: row for row in answered}


@pytest.mark.parametrize(
    ("as_of", "state", "packs", "claimed"),
    [
        ("2020-03-20 09:00", "draft", 10, 0),
        ("2020-03-21 08:59:59", "draft", 10, 0),
        ("2020-03-21 09:00", "draft", 6, 0),
        ("2020-03-21 10:00", "submitted", 6, 0),
        ("2020-03-22 08:59:59", "submitted", 6, 0),
        ("2020-03-22 09:00", "approved", 6, 0),
        ("2020-03-27 07:59:59", "approved", 6, 0),
        ("2020-03-27 08:00", "open", 6, 0),
        ("2020-03-27 12:00", "paused", 6, 2),
        ("2020-03-27 12:30", "paused", 6, 2),  # a proposal changes nothing
        ("2020-03-27 13:00", "open", 6, 2),
        ("2020-03-27 13:30", "open", 6, 2),
        ("2020-03-27 14:00", "open", 9, 2),
        ("2020-03-28 08:59:59", "open", 9, 3),
        ("2020-03-28 09:00", "closed", 9, 3),
        ("2020-04-30", "closed", 9, 3),
    ],
)
def test_a_round_is_shown_as_it_stood_at_the_moment(
    town: Any, as_of: str, state: str, packs: int, claimed: int
) -> None:
    row = rows(town, "--as-of", as_of)["r1"]
    assert (row["state"], row["packs"], row["claimed"]) == (state, packs, claimed)
    assert row["quota_fen"] == packs * 5000
    assert row["claim_rate"] == {(6, 2): "0.3333", (9, 2): "0.2222", (9, 3): "0.3333"}.get(
        (packs, claimed), "0.0000"
    )


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2020-03-23 08:59:59", None),
        ("2020-03-23 09:00", "draft"),
        ("2020-03-23 10:00", "submitted"),
        ("2020-03-23 11:00", "draft"),
        ("2020-03-24 08:59:59", "draft"),
        ("2020-03-24 09:00", "cancelled"),
        ("2020-04-30", "cancelled"),
    ],
)
def test_a_round_that_was_not_made_yet_is_not_listed(
    town: Any, as_of: str, state: str | None
) -> None:
    shown = rows(town, "--as-of", as_of)
    assert (shown["r2"]["state"] if "r2" in shown else None) == state
    assert "r1" in shown


def test_without_a_moment_the_rounds_are_as_they_are_now(town: Any) -> None:
    shown = rows(town)
    assert {code: (row["state"], row["packs"]) for code, row in shown.items()} == {
        "r1": ("closed", 9),
        "r2": ("cancelled", 5),
    }
    assert rows(town, "--as-of", "2020-04-20 09:00") == shown


def test_nothing_stands_before_the_first_round(town: Any) -> None:
    ran = town("report", "rounds", "--as-of", "2020-03-20 08:59:59")
    assert "there was no round yet at 2020-03-20 08:59:59" in ran.out + ran.err
    ran = town("report", "rounds", "--as-of", "2020-03-20 08:59:59", "--lang", "zh")
    assert "2020-03-20 08:59:59 时尚无期次" in ran.out + ran.err
    assert rows(town, "--round", "r2", "--as-of", "2020-03-22") == {}


def test_the_table_says_the_state_of_the_moment(town: Any) -> None:
    options = ("--as-of", "2020-03-27 12:10")
    assert " paused " in town("report", "rounds", *options).out
    assert "暂停" in town("report", "rounds", *options, "--lang", "zh").out
    assert "closed" not in town("report", "rounds", *options).out


def test_the_same_file_and_moment_give_the_same_bytes(town: Any) -> None:
    options = ("report", "rounds", "--as-of", "2020-03-27 14:00", "-o", "csv")
    first = town(*options, "--now", "2020-04-01").out
    assert first == town(*options, "--now", "2021-01-01").out
    towns.draft(town, "r3", opens="2021-03-01 08:00")
    town("round", "copy", "r1", "r4", "--opens-at", "2021-02-01 08:00", "--actor", "mei")
    assert first == town(*options).out


def test_times_that_moved_later_are_those_of_the_moment(town: Any) -> None:
    """The closing is no column; the opening is, and its order."""
    towns.draft(town, "r3", opens="2020-05-01 08:00", packs=4)
    edit = ("--opens-at", "2020-06-01 08:00", "--actor", "mei", "--now", "2020-04-21 09:00")
    town("round", "edit", "r3", "--closes-at", "2020-06-03", *edit)
    before, after = (rows(town, "--as-of", f"2020-04-2{day} 12:00")["r3"] for day in (0, 1))
    assert before["opens_at"] == "2020-05-01T08:00:00+08:00"
    assert after["opens_at"] == "2020-06-01T08:00:00+08:00"


def test_a_draft_has_the_pack_that_it_had(town: Any) -> None:
    towns.draft(town, "r3", opens="2020-05-01 08:00", packs=4)
    town("template", "add", towns.write("big.yaml", towns.pack("big", towns.coupon("20", "40"))))
    options = ("--template", "big", "--actor", "mei", "--now", "2020-04-21 09:00")
    town("round", "edit", "r3", *options)
    before, after = (rows(town, "--as-of", f"2020-04-2{day} 12:00")["r3"] for day in (0, 1))
    assert (before["template"], before["quota_fen"]) == ("pack", 20_000)
    assert (after["template"], after["quota_fen"]) == ("big", 8_000)


def test_a_round_entered_late_is_there_from_its_first_claim_on(voucher: Any, once: Any) -> None:
    """An old programme is often entered without --now; its claims must not leave the report."""

    def build() -> None:
        towns.build(voucher, towns.programme(staff=STAFF), towns.pack())
        towns.make_round(voucher, "r1", closes=towns.CLOSES)
        towns.draft(voucher, "r2")
        voucher("round", "open", "r1", "--actor", "mei")
        towns.write("claims.csv", towns.CLAIMS + "C1,r1,res1,2020-03-27 09:00:00\n")
        voucher("claim", "import", "claims.csv")
        voucher("round", "close", "r1", "--actor", "mei")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
        once("rounds entered late", build)
    states = {
        as_of: {code: row["state"] for code, row in rows(voucher, "--as-of", as_of).items()}
        for as_of in ("2020-03-27 08:59:59", "2020-03-27 09:00", "2020-03-29 08:00", "2020-04-21")
    }
    assert states == {
        "2020-03-27 08:59:59": {},
        "2020-03-27 09:00": {"r1": "open"},
        "2020-03-29 08:00": {"r1": "closed"},
        "2020-04-21": {"r1": "closed", "r2": "draft"},
    }


def test_rounds_of_one_code_in_two_programmes_are_told_apart(town: Any) -> None:
    """The lines of the first programme name none: it was alone in the file."""
    other = towns.programme("other", staff=STAFF)
    town("programme", "load", towns.write("other.yaml", other), "--now", "2020-03-27 12:15")
    of_other = ("--programme", "other")
    towns.draft(town, "r1", *of_other, "--now", "2020-03-27 12:20", packs=7)
    later = ("--now", "2020-03-27 14:30", "--actor", "mei")
    town("round", "submit", "r1", *of_other, *later)
    as_of = ("--as-of", "2020-03-27 12:40")
    first = rows(town, "--programme", "town", *as_of)["r1"]
    second = rows(town, *of_other, *as_of)["r1"]
    assert (first["state"], first["packs"]) == ("paused", 6)
    assert (second["state"], second["packs"]) == ("draft", 7)
    assert rows(town, *of_other)["r1"]["state"] == "submitted"
