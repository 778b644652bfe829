"""Four eyes, whatever door one tries: no command, file or clock lets one person commit money
alone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import OPENS, write

from vouchercli.rules import programmes as programme_rules
from vouchercli.rules import staff as law
from vouchercli.rules import times
from vouchercli.rules.staff import Hand
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

NOON = "2020-03-27 12:00"
PROGRAMME = towns.programme(
    "city",
    funds={"treasury": "2000.00"},
    staff={"chen": "maker", "lin": "maker checker", "zhao": "checker", "qian": "finance"},
    one_checker_up_to="1000.00",
)
CLAIMS = (
    "claim_no,round,resident,claimed_at\nC1,r1,a,2020-03-27 09:00:00\nC2,r1,b,2020-03-27 09:00:01\n"
)


@pytest.fixture(autouse=True)
def actor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not named is chen, the maker."""
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")


@pytest.fixture
def city(voucher: Voucher, once: Once) -> Voucher:
    """A programme with staff, a pack, and r1, made and handed in by lin, who is a checker too."""

    def build() -> None:
        Path("claims.csv").write_text(CLAIMS, "utf-8")
        towns.build(voucher, PROGRAMME, towns.pack())
        towns.make_round(voucher, "r1", maker="lin", state="submitted")

    once("four eyes", build)
    return voucher


@pytest.fixture
def opened(city: Voucher, once: Once, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """... approved by zhao, open, at noon."""

    def build() -> None:
        city("round", "approve", "r1", "--actor", "zhao")
        city("round", "open", "r1", "--actor", "chen", "--now", OPENS)

    once("four eyes, open", build)
    monkeypatch.setenv("VOUCHER_NOW", NOON)
    return city


def read_refusal(voucher: Voucher, *words: str) -> str:
    return str(voucher(*words, "-o", "json", expect=3).json["problems"][0]["code"])


def read_committed(voucher: Voucher) -> int:
    return int(voucher("programme", "show", "-o", "json").data["funders"][0]["committed_fen"])


# ---------------------------------------------------------------- every door


def test_one_person_cannot_approve_what_they_made_by_any_deed(city: Voucher) -> None:
    assert read_refusal(city, "round", "approve", "r1", "--actor", "lin") == "own_round"
    city("round", "edit", "r1", "--packs", "11", "--actor", "zhao")
    city("round", "submit", "r1", "--actor", "chen")
    assert read_refusal(city, "round", "approve", "r1", "--actor", "lin") == "own_round"  # made it
    # both checkers have had a hand in it: another one must come on the staff
    refused = city("round", "approve", "r1", "--actor", "zhao", expect=3).err
    assert "then load it: - {name: NAME, roles: [checker]}" in refused
    # edited it last
    assert read_refusal(city, "round", "approve", "r1", "--actor", "zhao") == "own_round"
    assert read_refusal(city, "round", "approve", "r1", "--actor", "qian") == "not_a_checker"
    assert (
        read_refusal(city, "round", "approve", "r1") == "not_a_checker"
    )  # the login, without --actor
    assert read_committed(city) == 0


def test_a_copy_belongs_to_who_copied_it(city: Voucher) -> None:
    city("round", "copy", "r1", "r2", "--opens-at", "2020-04-03 08:00", "--actor", "zhao")
    city("round", "submit", "r2", "--actor", "chen")
    assert read_refusal(city, "round", "approve", "r2", "--actor", "zhao") == "own_round"
    assert (
        city("round", "approve", "r2", "--actor", "lin", "-o", "json").data["state"] == "approved"
    )


def test_an_edit_after_the_approval_voids_it_and_frees_the_money(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    assert read_committed(city) == 500_00
    city("round", "edit", "r1", "--packs", "40", "--actor", "lin")
    assert read_committed(city) == 0
    assert read_refusal(city, "round", "open", "r1", "--yes") == "wrong_state"
    assert read_refusal(city, "round", "approve", "r1", "--actor", "zhao") == "wrong_state"
    city("round", "submit", "r1", "--actor", "lin")
    # 2000 yuan: two must
    assert (
        city("round", "approve", "r1", "--actor", "zhao", "-o", "json").data["state"] == "submitted"
    )


@pytest.mark.parametrize(
    "proposal",
    [
        ["top-up", "--packs", "5"],
        ["reschedule", "--closes-at", "2020-03-30"],
        ["resume"],
        ["close", "--yes"],
    ],
)
def test_no_amendment_takes_effect_by_its_proposer(opened: Voucher, proposal: list[str]) -> None:
    if proposal == ["resume"]:
        opened("round", "pause", "r1", "--actor", "lin")
    before = opened("round", "show", "r1", "-o", "json").data
    opened("round", proposal[0], "r1", *proposal[1:], "--actor", "lin")
    for name in ("lin", "LIN", " lin "):
        assert read_refusal(opened, "round", "approve", "r1", "--actor", name) == "own_round"
    assert read_refusal(opened, "round", "approve", "r1", "--actor", "chen") == "not_a_checker"
    after = opened("round", "show", "r1", "-o", "json").data
    assert {key: after[key] for key in after if key != "amendments"} == {
        key: before[key] for key in before if key != "amendments"
    }
    assert read_committed(opened) == 500_00
    opened("round", "approve", "r1", "--actor", "zhao")
    assert (
        opened("round", "show", "r1", "-o", "json").data["amendments"][-1]["state"] == "effective"
    )


def test_an_edit_is_no_way_round_an_amendment(opened: Voucher) -> None:
    for options in (["--packs", "20"], ["--closes-at", "2020-05-01"], ["--template", "pack"]):
        assert (
            read_refusal(opened, "round", "edit", "r1", *options, "--actor", "lin") == "wrong_state"
        )
    assert read_committed(opened) == 500_00


def test_files_and_retries_open_nothing(city: Voucher) -> None:
    assert city("claim", "import", "claims.csv", "--now", NOON, "-o", "json", expect=4).data[
        "reasons"
    ] == {"round_not_open": 2}
    assert city("batch", "retry", "1", "--now", NOON, "-o", "json", expect=4).data["accepted"] == 0
    assert read_refusal(city, "round", "open", "r1", "--now", OPENS) == "wrong_state"
    assert (city("round", "show", "r1", "-o", "json").data["state"], read_committed(city)) == (
        "submitted",
        0,
    )


def test_the_clock_approves_nothing(city: Voucher) -> None:
    city("schedule", "tick", "--now", NOON)
    assert (city("round", "show", "r1", "-o", "json").data["state"], read_committed(city)) == (
        "submitted",
        0,
    )
    city("round", "approve", "r1", "--actor", "zhao")
    city("schedule", "tick", "--now", NOON)
    city("round", "top-up", "r1", "--packs", "5", "--actor", "lin", "--now", NOON)
    city("schedule", "tick", "--now", "2020-03-27 13:00")
    data = city("round", "show", "r1", "-o", "json").data
    assert (data["state"], data["packs"], data["amendments"][0]["state"]) == (
        "open",
        10,
        "proposed",
    )
    city("round", "pause", "r1", "--actor", "lin", "--now", "2020-03-27 14:00")
    city("schedule", "tick", "--now", "2020-03-27 15:00")
    assert city("round", "show", "r1", "-o", "json").data["state"] == "paused"
    city("schedule", "tick", "--now", "2020-04-04")
    data = city("round", "show", "r1", "-o", "json").data
    assert (data["state"], data["packs"], data["amendments"][0]["state"]) == ("closed", 10, "void")


def test_a_programme_file_gives_nobody_the_right_to_check(city: Voucher) -> None:
    mine = {**PROGRAMME, "staff": [*PROGRAMME["staff"], {"name": "friend", "roles": ["checker"]}]}
    for change in (
        mine,
        {**PROGRAMME, "approvals": [{"checkers": 1}]},
        {**PROGRAMME, "logins": "personal"},
        {**PROGRAMME, "staff": []},
    ):
        ran = city("programme", "load", write("mine.yaml", change), "--actor", "chen", expect=3)
        assert ran.err.splitlines()[0].endswith("[staff_change]")
    assert read_refusal(city, "round", "approve", "r1", "--actor", "friend") == "not_a_checker"
    city("programme", "load", write("mine.yaml", mine), "--actor", "zhao")
    assert (
        city("round", "approve", "r1", "--actor", "friend", "-o", "json").data["state"]
        == "approved"
    )


RICHER = {**PROGRAMME, "funders": {"treasury": {"kind": "public", "amount": "3000.00"}}}


def read_uncommitted(voucher: Voucher) -> int:
    return int(voucher("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"])


def test_while_no_round_is_approved_a_fund_grows_by_one_person(city: Voucher) -> None:
    city("programme", "load", write("richer.yaml", RICHER))
    assert read_uncommitted(city) == 3000_00


@pytest.mark.parametrize(
    "change",
    [
        {"funders": RICHER["funders"]},
        {"limits": {"packs_per_resident_per_round": 2}},
        {"refunds": "forfeits"},
        {"unused": "treasury"},
        {"unused_after_days": 3},
        {"approvals": [{"checkers": 1}]},
        {"logins": "personal"},
        {"staff": [*PROGRAMME["staff"], {"name": "friend", "roles": ["checker"]}]},
        {"funders": {**PROGRAMME["funders"], "district": {"kind": "public", "amount": "1.00"}}},
    ],
)
def test_what_is_about_money_or_people_waits_for_others_once_a_round_is_approved(
    city: Voucher, change: dict[str, Any]
) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    before = city("programme", "show", "-o", "json").data
    file = write("mine.yaml", {**PROGRAMME, **change})
    told = city("programme", "load", file, "--actor", "lin", "-o", "json").data
    assert (told["result"], told["change"]["checkers_needed"]) == ("waiting", 2)
    # again: nothing more
    assert (
        city("programme", "load", file, "--actor", "zhao", "-o", "json").data["result"] == "waiting"
    )
    for name in ("lin", " LIN "):
        assert read_refusal(city, "programme", "approve", "--actor", name) == "own_change"
    for name in ("chen", "qian", "friend"):
        assert read_refusal(city, "programme", "approve", "--actor", name) == "not_a_checker"
    city("programme", "approve", "--actor", "zhao")
    assert read_refusal(city, "programme", "approve", "--actor", "zhao") == "already_approved"
    city("schedule", "tick", "--now", NOON)
    after = city("programme", "show", "-o", "json").data
    assert after.pop("waiting")["approvals"][0]["actor"] == "zhao"
    assert after == {key: value for key, value in before.items() if key != "waiting"}
    city("programme", "reject", "--note", "no", "--actor", "lin")
    assert read_refusal(city, "programme", "approve", "--actor", "zhao") == "nothing_waits"


def test_the_last_approval_raises_the_fund(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    city("programme", "load", write("richer.yaml", RICHER), "--actor", "chen")
    assert (
        "2,000.00" in city("programme", "show").out
        and "3,000.00" in city("programme", "show", "--lang", "zh").out
    )
    assert city("programme", "approve", "--actor", "lin", "-o", "json").data["result"] == "waiting"
    assert read_uncommitted(city) == 1500_00
    assert city("programme", "approve", "--actor", "zhao", "-o", "json").data["result"] == "changed"
    assert read_uncommitted(city) == 2500_00
    lines = city("audit", "log", "--about", "city", "-o", "json").data["lines"]
    assert [line["deed"] for line in lines] == [
        "programme.approve",
        "programme.approve",
        "programme.propose",
        "programme.load",
    ]
    assert (
        lines[0]["before"]["funders"]["treasury"]["amount"],
        lines[0]["after"]["funders"]["treasury"]["amount"],
    ) == ("2000.00", "3000.00")
    city("check")


def test_one_change_waits_at_a_time_and_is_judged_again_at_its_approval(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    poorer = {**PROGRAMME, "funders": {"treasury": {"kind": "public", "amount": "600.00"}}}
    city("programme", "load", write("poorer.yaml", poorer), "--actor", "chen")
    assert (
        read_refusal(city, "programme", "load", write("richer.yaml", RICHER), "--actor", "chen")
        == "change_waiting"
    )
    towns.make_round(city, "r2", maker="chen")  # now 1000 yuan are committed
    city("programme", "approve", "--actor", "lin")
    assert read_refusal(city, "programme", "approve", "--actor", "zhao") == "programme_in_use"
    assert (
        read_refusal(city, "programme", "reject", "--note", "no", "--actor", "qian") == "not_staff"
    )
    # who proposed it may take it back
    city("programme", "reject", "--note", "no", "--actor", "chen")
    assert read_uncommitted(city) == 1000_00


def test_names_and_published_figures_change_at_once(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    city(
        "programme",
        "load",
        write("named.yaml", {**PROGRAMME, "name": {"zh": "本市", "en": "This city"}}),
        "--actor",
        "chen",
    )
    assert city("programme", "show", "-o", "json").data["name"]["en"] == "This city"


def test_the_clock_reminds_once_of_a_change_that_waits(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    city("programme", "load", write("richer.yaml", RICHER), "--actor", "chen")
    city("round", "top-up", "r1", "--packs", "1", "--actor", "chen")
    ran = city("schedule", "tick", "-o", "json")
    assert [(each["code"], each["hint"]) for each in ran.json["problems"]] == [
        ("change_waits", "voucher programme show city"),
        ("amendment_waits", "voucher round show r1"),
    ]
    assert city("schedule", "tick", "-o", "json").data["deeds"] == []


def test_packs_of_a_round_under_way_are_given_free_again_only_on_purpose(opened: Voucher) -> None:
    opened("claim", "import", "claims.csv")
    ran = opened("batch", "undo", "1", expect=3)
    assert ran.err.splitlines() == [
        (
            "error: batch 1 granted packs of r1, which are still open: after undoing it they could be granted again"
            " [undo_of_open_round]"
        ),
        "  next: to undo it all the same: voucher batch undo 1 --yes",
    ]
    opened("round", "pause", "r1", "--actor", "chen")
    assert read_refusal(opened, "batch", "undo", "1") == "undo_of_open_round"
    opened("batch", "undo", "1", "--dry-run")
    assert opened("round", "show", "r1", "-o", "json").data["claimed"] == 2
    opened("batch", "undo", "1", "--yes")
    assert opened("round", "show", "r1", "-o", "json").data["claimed"] == 0


def test_a_batch_of_a_closed_round_is_undone_without_a_question(opened: Voucher) -> None:
    opened("claim", "import", "claims.csv")
    opened("round", "close", "r1", "--now", "2020-04-05")
    opened("batch", "undo", "1")
    assert opened("round", "show", "r1", "-o", "json").data["claimed"] == 0


# ---------------------------------------------------------------- names and logins


def test_both_the_name_and_the_login_are_kept(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    data = city("round", "show", "r1", "-o", "json").data
    login = store.os_user()
    assert [(each["actor"], each["os_user"]) for each in data["approvals"]] == [
        ("lin", login),
        ("zhao", login),
    ]
    assert data["same_login"] == [{"actor": "zhao", "os_user": login, "also": "lin"}]
    assert "both names may be" in city("round", "show", "r1").out
    assert "同一人" in city("round", "show", "r1", "--lang", "zh").out


def personal(voucher: Voucher, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Logins are personal from now on; gives `logged_in`."""
    staff = [
        *PROGRAMME["staff"][:2],
        {"name": "zhao", "roles": ["checker"], "login": "u1007"},
        {"name": "wu", "roles": ["checker"]},
    ]
    voucher(
        "programme",
        "load",
        write("personal.yaml", {**PROGRAMME, "staff": staff, "logins": "personal"}),
        "--actor",
        "zhao",
    )
    return logged_in(voucher, monkeypatch)


def logged_in(voucher: Voucher, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """A function that runs a command under a login, `name@login` with --actor."""
    monkeypatch.delenv("VOUCHER_ACTOR", raising=False)

    def run(who: str, *words: str, expect: int = 0) -> Ran:
        name, _, login = who.partition("@")
        monkeypatch.setattr(store, "os_user", lambda: login or name)
        return voucher(*words, *(["--actor", name] if login else []), "-o", "json", expect=expect)

    return run


def test_where_logins_are_personal_a_name_is_used_under_its_own_login_only(
    city: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = personal(city, monkeypatch)
    terms = ("--template", "pack", "--packs", "5", "--opens-at", OPENS)
    assert read_code(run("chen@lin", "round", "create", "r2", *terms, expect=3)) == "wrong_login"
    run("chen", "round", "create", "r2", *terms)
    assert (
        read_code(run("lin@chen", "round", "edit", "r2", "--packs", "6", expect=3)) == "wrong_login"
    )
    assert read_code(run("lin@chen", "round", "submit", "r2", expect=3)) == "wrong_login"
    run("chen", "round", "submit", "r2")
    assert read_code(run("lin@chen", "round", "approve", "r2", expect=3)) == "wrong_login"
    assert (
        read_code(run("lin@chen", "round", "reject", "r2", "--note", "x", expect=3))
        == "wrong_login"
    )
    assert read_code(run("zhao", "round", "approve", "r2", expect=3)) == "wrong_login"
    assert run("zhao@u1007", "round", "approve", "r2").data["same_login"] == []


def read_code(ran: Ran) -> str:
    return str(ran.json["problems"][0]["code"])


def test_where_logins_are_personal_a_second_name_is_no_second_person(
    city: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = logged_in(city, monkeypatch)
    # while logins were shared, wu's was used in the name of chen
    terms = ("--template", "pack", "--packs", "5", "--opens-at", OPENS)
    run("chen@wu", "round", "create", "r2", *terms)
    run("chen@wu", "round", "submit", "r2")
    run = personal(city, monkeypatch)
    ran = run("wu", "round", "approve", "r2", expect=3)
    assert read_code(ran) == "same_login"
    assert (
        ran.json["problems"][0]["message"]
        == "wu uses wu, the login of chen: where logins are personal, both count as one person"
    )
    run("lin", "round", "approve", "r2")
    assert read_code(run("temp@wu", "round", "cancel", "r2", expect=3)) == "not_staff"
    assert (
        read_code(
            run("wu@chen", "round", "reschedule", "r2", "--closes-at", "2020-05-01", expect=3)
        )
        == "wrong_login"
    )


def test_where_logins_are_personal_a_copy_keeps_the_login_too(
    city: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = logged_in(city, monkeypatch)
    run("chen@wu", "round", "copy", "r1", "r2", "--opens-at", "2020-04-03 08:00")
    run = personal(city, monkeypatch)
    run("chen", "round", "submit", "r2")
    assert read_code(run("wu", "round", "approve", "r2", expect=3)) == "same_login"


def test_a_round_of_an_older_file_has_no_logins_and_keeps_its_names(
    city: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    towns.by_hand(".", "DELETE FROM authors")
    run = personal(city, monkeypatch)
    assert read_code(run("lin", "round", "approve", "r1", expect=3)) == "own_round"
    assert run("wu", "round", "approve", "r1").data["state"] == "approved"


# ---------------------------------------------------------------- the law by itself


def programme(**more: Any) -> programme_rules.Programme:
    read, faults = programme_rules.read({**PROGRAMME, **more})
    assert read is not None, faults
    return read


def test_a_login_counts_only_where_logins_are_personal() -> None:
    maker, checker = Hand("chen", "office"), Hand("lin", "office")
    assert law.objection(checker, programme(), [maker], []) is None
    assert law.objection(checker, programme(logins="personal"), [maker], []) == "own_work"
    assert (
        law.objection(checker, programme(logins="personal"), [Hand("chen", "")], [maker])
        == "already_approved"
    )


def test_the_other_names_of_a_login_are_found() -> None:
    assert law.doubles(
        Hand("lin", "pc"),
        [Hand("chen", "pc"), Hand("LIN", "pc"), Hand("wu", "other"), Hand("chen", "pc")],
    ) == ["chen"]


@pytest.mark.parametrize(
    ("change", "path", "fault"),
    [
        ({"logins": "private"}, ("logins",), "not_a_choice"),
        (
            {
                "staff": [
                    {"name": "a", "roles": [], "login": "x"},
                    {"name": "b", "roles": [], "login": "x"},
                ]
            },
            ("staff", 1, "login"),
            "named_twice",
        ),
    ],
)
def test_faults_of_the_staff_are_named(
    change: dict[str, Any], path: tuple[Any, ...], fault: str
) -> None:
    _, faults = programme_rules.read({**PROGRAMME, **change})
    assert [(each.path, each.code) for each in faults] == [(path, fault)]


def test_a_rejected_change_keeps_who_rejected_it_and_why(city: Voucher) -> None:
    city("round", "approve", "r1", "--actor", "zhao")
    city("programme", "load", write("richer.yaml", RICHER), "--actor", "chen")
    city("programme", "reject", "--note", "the council said no", "--actor", "lin", "--now", NOON)
    with closing(sqlite3.connect("voucher.db")) as db:
        verdicts = db.execute(
            "SELECT verdict, actor, note, at FROM verdicts WHERE proposal_id > 1"
        ).fetchall()
        ends = db.execute("SELECT state, ended_at FROM proposals WHERE kind = 'change'").fetchall()
    at = times.parse(NOON, "Asia/Shanghai")
    assert verdicts == [("reject", "lin", "the council said no", at)]
    assert ends == [("declined", at)]
    (line,) = city("audit", "log", "--deed", "programme.reject", "-o", "json").data["lines"]
    assert (line["actor"], line["detail"]["note"]) == ("lin", "the council said no")
