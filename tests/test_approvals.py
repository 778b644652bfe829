"""Four eyes and the funds: who may approve, how many must, what is committed, and that no order of
commands over-spends.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import amendments, approvals, cancellations, drafts, rounds
from vouchercli.rules import audit, staff
from vouchercli.rules import rounds as law
from vouchercli.rules.programmes import Approval
from vouchercli.session import Session
from vouchercli.store import db, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

PROGRAMME = towns.programme(
    "city",
    funds={"treasury": "1000.00", "district": "600.00", "app": "platform"},
    staff={"chen": "maker", "lin": "checker", "wu": "maker checker", "zhao": "checker"},
    one_checker_up_to="500.00",
)
# 50 yuan a pack: 30 of the treasury, 15 of the district, 5 of the app
PACK = towns.pack(funding={"treasury": "60%", "district": "30%", "app": "10%"})


@pytest.fixture
def city(voucher: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """Three funders, two of them with a fund; one checker up to 500 yuan, two above."""
    once("approvals", lambda: towns.build(voucher, PROGRAMME, PACK))
    return voucher


def submitted(
    voucher: Callable[..., Ran], code: str = "r1", packs: int = 10, maker: str = "chen"
) -> None:
    towns.make_round(voucher, code, packs=packs, maker=maker, state="submitted")


def by(voucher: Callable[..., Ran], actor: str, verb: str, *rest: str, expect: int = 0) -> Ran:
    return voucher("round", verb, "r1", *rest, "--actor", actor, "-o", "json", expect=expect)


def read_code(ran: Ran) -> str:
    return str(ran.json["problems"][0]["code"])


def read_committed(voucher: Callable[..., Ran]) -> list[tuple[int | None, int | None]]:
    """(uncommitted, committed) of each funder."""
    return [
        (fund["uncommitted_fen"], fund["committed_fen"])
        for fund in voucher("programme", "show", "-o", "json").data["funders"]
    ]


# ---------------------------------------------------------------- submit, approve, reject


def test_a_second_person_approves_and_every_fund_is_committed(city: Callable[..., Ran]) -> None:
    submitted(city)
    data = by(city, "lin", "approve").data
    assert data["state"] == "approved"
    assert data["committed"] == [
        {"funder": "treasury", "amount_fen": 300_00},
        {"funder": "district", "amount_fen": 150_00},
    ]
    assert [part["amount_fen"] for part in data["liability"]] == [300_00, 150_00, 50_00]
    assert read_committed(city) == [(700_00, 300_00), (450_00, 150_00), (None, None)]


def test_submitting_says_who_comes_next(city: Callable[..., Ran]) -> None:
    towns.draft(city, "r1", packs=20, maker="chen")
    ran = city("round", "submit", "r1", "--actor", "wu")
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "submitted r1; checkers needed: 2",
        "next: voucher round show r1, then voucher round approve r1 --actor NAME, by someone other than chen, wu",
    ]
    assert read_code(by(city, "chen", "submit", expect=3)) == "wrong_state"


@pytest.mark.parametrize("actor", ["chen", "root", "LIN x"])
def test_only_a_checker_of_the_staff_approves_or_rejects(
    city: Callable[..., Ran], actor: str
) -> None:
    submitted(city, maker="wu")
    assert read_code(by(city, actor, "approve", expect=3)) == "not_a_checker"
    refusal = "not_a_checker" if actor == "chen" else "not_staff"
    assert read_code(by(city, actor, "reject", "--note", "no", expect=3)) == refusal
    assert city("round", "show", "r1", "-o", "json").data["state"] == "submitted"


@pytest.mark.parametrize("name", ["wu", "WU", " wu ", "ｗｕ"])
def test_nobody_approves_what_they_made_however_they_write_their_name(
    city: Callable[..., Ran], name: str
) -> None:
    submitted(city, maker="wu")
    assert read_code(by(city, name, "approve", expect=3)) == "own_round"


def test_who_only_edited_or_only_submitted_does_not_approve_either(
    city: Callable[..., Ran],
) -> None:
    towns.draft(city, "r1", maker="chen")
    by(city, "wu", "edit", "--packs", "9")
    by(city, "zhao", "submit")
    assert read_code(by(city, "wu", "approve", expect=3)) == "own_round"
    assert read_code(by(city, "zhao", "approve", expect=3)) == "own_round"
    assert by(city, "lin", "approve").data["state"] == "approved"


def test_a_large_round_needs_two_different_checkers(city: Callable[..., Ran]) -> None:
    submitted(city, packs=11)
    ran = by(city, "lin", "approve")
    assert (ran.data["state"], ran.data["committed"], ran.data["checkers_needed"]) == (
        "submitted",
        [],
        2,
    )
    assert read_code(by(city, "lin", "approve", expect=3)) == "already_approved"
    assert by(city, "zhao", "approve").data["state"] == "approved"


def test_a_rejection_goes_back_with_its_note_and_voids_what_was_approved(
    city: Callable[..., Ran],
) -> None:
    submitted(city, packs=11)
    by(city, "lin", "approve")
    data = by(city, "zhao", "reject", "--note", "clashes with the fair").data
    assert data["state"] == "draft"
    assert data["approvals"][-1]["note"] == "clashes with the fair"
    by(city, "chen", "submit")
    assert by(city, "zhao", "approve").data["state"] == "submitted"
    assert by(city, "lin", "approve").data["state"] == "approved"


def test_a_rejection_needs_its_reason(city: Callable[..., Ran]) -> None:
    submitted(city)
    ran = city("round", "reject", "r1", "--actor", "lin", expect=2)
    assert "--note" in ran.err


def test_an_edit_voids_what_was_approved(city: Callable[..., Ran]) -> None:
    submitted(city, packs=11)
    by(city, "lin", "approve")
    by(city, "chen", "edit", "--packs", "12")
    assert read_code(by(city, "zhao", "approve", expect=3)) == "wrong_state"
    by(city, "chen", "submit")
    assert by(city, "zhao", "approve").data["state"] == "submitted"


def test_without_staff_any_second_person_approves(voucher: Callable[..., Ran]) -> None:
    without = {key: value for key, value in PROGRAMME.items() if key not in ("staff", "approvals")}
    towns.build(voucher, without, PACK)
    submitted(voucher)
    assert read_code(by(voucher, "chen", "approve", expect=3)) == "own_round"
    assert by(voucher, "anybody", "approve").data["state"] == "approved"


def test_a_draft_cannot_be_approved_or_rejected(city: Callable[..., Ran]) -> None:
    towns.draft(city, "r1", maker="chen")
    for words in (["approve"], ["reject", "--note", "x"]):
        ran = city("round", words[0], "r1", *words[1:], "--actor", "lin", expect=3)
        assert ran.out == ""
        assert "[wrong_state]" in ran.err
        assert "next: voucher round submit r1" in ran.err


# ---------------------------------------------------------------- money


def test_a_short_fund_refuses_the_approval_and_changes_nothing(city: Callable[..., Ran]) -> None:
    submitted(city, packs=41)  # the treasury's 1230 yuan of 1000; the district's 615 of 600
    by(city, "lin", "approve")
    before = city("round", "show", "r1", "-o", "json").data
    ran = city("round", "approve", "r1", "--actor", "zhao", expect=3)
    assert ran.out == ""
    assert ran.err.startswith(
        "error: treasury has 1,000.00 yuan uncommitted; 1,230.00 yuan are needed, 230.00 yuan are missing"
        " [fund_short]"
    )
    assert city("round", "show", "r1", "-o", "json").data == before
    assert read_committed(city) == [(1000_00, 0), (600_00, 0), (None, None)]


def test_the_last_yuan_of_a_fund_can_be_committed(city: Callable[..., Ran]) -> None:
    submitted(city, packs=33)
    by(city, "lin", "approve")
    assert by(city, "zhao", "approve").data["state"] == "approved"
    assert read_committed(city)[0] == (10_00, 990_00)


def test_two_processes_cannot_commit_the_same_money(city: Callable[..., Ran]) -> None:
    for name in ("r1", "r2"):  # 720 yuan of the treasury's 1000 each
        submitted(city, name, packs=24)
        city("round", "approve", name, "--actor", "lin")
    approve = [
        sys.executable,
        "-c",
        "from vouchercli.cli.main import run; run()",
        "round",
        "approve",
        "--actor",
        "zhao",
    ]
    both = [
        subprocess.Popen([*approve, name], stderr=subprocess.PIPE, text=True)
        for name in ("r1", "r2")
    ]
    said = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 3]
    assert sum("[fund_short]" in text for text in said) == 1
    assert read_committed(city)[0] == (280_00, 720_00)


def test_where_no_fund_is_watched_nothing_is_committed(city: Callable[..., Ran]) -> None:
    app_pack = towns.pack("app-pack", funding={"app": "100%"})
    city("template", "add", towns.write("app.yaml", app_pack))
    towns.draft(city, "r1", template="app-pack", packs=9, maker="chen")
    by(city, "chen", "submit")
    ran = city("round", "approve", "r1", "--actor", "lin")
    assert (
        ran.err.splitlines()[0]
        == "approved r1: none of its funders has a limited fund, so nothing was committed"
    )
    assert read_committed(city) == [(1000_00, 0), (600_00, 0), (None, None)]


def test_a_dry_run_approves_nothing(city: Callable[..., Ran]) -> None:
    submitted(city)
    assert by(city, "lin", "approve", "--dry-run").data["state"] == "approved"
    assert city("round", "show", "r1", "-o", "json").data["state"] == "submitted"
    assert read_committed(city)[0] == (1000_00, 0)


def test_every_deed_leaves_one_line(city: Callable[..., Ran]) -> None:
    submitted(city)
    by(city, "lin", "reject", "--note", "x")
    by(city, "chen", "submit")
    by(city, "lin", "approve")
    connection = db.open_db(Path("voucher.db"))
    lines = [
        (row["deed"], row["actor"])
        for row in connection.execute("SELECT deed, actor FROM audit WHERE deed LIKE 'round.%'")
    ]
    connection.close()
    assert lines == [
        ("round.create", "chen"),
        ("round.submit", "chen"),
        ("round.reject", "lin"),
        ("round.submit", "chen"),
        ("round.approve", "lin"),
    ]


def test_an_approval_that_suffices_by_now_takes_effect(city: Callable[..., Ran]) -> None:
    """Two checkers were needed and lin has approved; then the bands ask for one."""
    submitted(city, packs=11)
    by(city, "lin", "approve")
    towns.change(city, maker="lin", checkers=(), approvals=[{"checkers": 1}])
    (waits,) = city("todo", "-o", "json").data["waiting"]
    assert (waits["given"], waits["needed"], waits["who"]) == (1, 1, "lin, wu, zhao")
    assert read_code(by(city, "chen", "approve", expect=3)) == "not_a_checker"
    data = by(city, "lin", "approve").data
    assert data["state"] == "approved"
    said = [(each["verdict"], each["actor"]) for each in data["approvals"]]
    assert said == [("submit", "chen"), ("approve", "lin")]


@pytest.mark.parametrize(("amount_fen", "needed"), [(1, 1), (500_00, 1), (500_01, 2), (10**12, 3)])
def test_the_band_that_holds_the_amount_says_how_many_check(amount_fen: int, needed: int) -> None:
    bands = (Approval(500_00, 1), Approval(900_00, 2), Approval(1000_00, 3))
    assert staff.checkers_needed(amount_fen, bands) == needed


def test_without_bands_one_checker_is_enough() -> None:
    assert staff.checkers_needed(10**12, ()) == 1


# ---------------------------------------------------------------- any order of commands

ACTORS = ("chen", "lin", "wu", "stranger")
CODES = tuple("abcdefgh")
OPENS_AT = 1_585_267_200
HOLDING = ("approved", "open", "paused", "closed")
REFUSALS = {
    "wrong_state",
    "own_round",
    "not_a_checker",
    "already_approved",
    "fund_short",
    "round_exists",
    "unknown_round",
    "too_early",
    "round_has_claims",
    "not_staff",
    "amendment_waiting",
    "time_past",
}
UNDER_WAY = ("approved", "open", "paused")
AMENDING = ("top-up", "reduce", "resume", "reschedule", "close", "cancel")


class Bureau(RuleBasedStateMachine):
    """A small world in which anybody tries anything; what is refused must leave everything as it
    was.
    """

    @initialize()
    def found_city(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.db = towns.in_folder(
            self.folder, "bureau", towns.OPENS, lambda v: towns.build(v, PROGRAMME, PACK)
        ).db
        self.db.execute("PRAGMA synchronous = OFF")
        self.states: dict[str, str] = {}

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.folder)

    def session(self, actor: str, *, dry_run: bool = False) -> Session:
        return Session(
            db=self.db,
            path=self.folder / "v.db",
            now=OPENS_AT,
            actor=actor,
            os_user="os",
            entered_at=OPENS_AT,
            dry_run=dry_run,
        )

    def attempt(
        self, verb: str, actor: str, code: str, do: Callable[[Session], Any], dry_run: bool
    ) -> None:
        """Try a command; whatever is refused or only rehearsed changes nothing."""
        before = self.memory()
        try:
            do(self.session(actor, dry_run=dry_run))
        except VoucherError as error:
            assert error.code in REFUSALS, error.code
            assert self.memory() == before
            return
        if dry_run:
            assert self.memory() == before
        else:
            self.follow(verb, code)

    def memory(self) -> list[tuple[Any, ...]]:
        tables = (
            "SELECT * FROM rounds",
            "SELECT * FROM proposals",
            "SELECT * FROM verdicts",
            "SELECT * FROM postings",
            "SELECT * FROM audit",
            "SELECT * FROM pauses",
        )
        return [tuple(row) for statement in tables for row in self.db.execute(statement)]

    def follow(self, verb: str, code: str) -> None:
        """The new state is one that the law allows after the old one."""
        new = self.db.execute("SELECT state FROM rounds WHERE round = ?", (code,)).fetchone()[
            "state"
        ]
        old = self.states.get(code)
        if verb == "create":
            assert (old, new) == (None, "draft")
        else:
            assert old is not None
            is_amendment = verb in ("approve", "reject") and old in (*UNDER_WAY, "closed")
            assert law.is_possible(verb, old) or is_amendment
            assert (
                new == law.ACTIONS[verb].end
                or (verb in ("approve", "reject", "edit", *AMENDING) and new == old)
                or (
                    is_amendment
                    and (
                        (old, new) in (("paused", "open"), ("open", "closed"), ("paused", "closed"))
                        or new == "cancelled"
                    )
                )
            )
        self.states[code] = new

    @rule(
        actor=st.sampled_from(ACTORS),
        code=st.sampled_from(CODES),
        packs=st.integers(1, 25),
        dry_run=st.booleans(),
    )
    def create(self, actor: str, code: str, packs: int, dry_run: bool) -> None:
        self.attempt(
            "create",
            actor,
            code,
            lambda session: drafts.create_round(session, code, terms(packs, "pack")),
            dry_run,
        )

    @rule(
        actor=st.sampled_from(ACTORS),
        code=st.sampled_from(CODES),
        packs=st.integers(1, 25),
        dry_run=st.booleans(),
    )
    def edit(self, actor: str, code: str, packs: int, dry_run: bool) -> None:
        self.attempt(
            "edit",
            actor,
            code,
            lambda session: drafts.edit_round(session, code, terms(packs)),
            dry_run,
        )

    @rule(actor=st.sampled_from(ACTORS), code=st.sampled_from(CODES))
    def submit(self, actor: str, code: str) -> None:
        self.attempt(
            "submit", actor, code, lambda session: approvals.submit_round(session, code), False
        )

    @rule(actor=st.sampled_from(ACTORS), code=st.sampled_from(CODES), dry_run=st.booleans())
    def approve(self, actor: str, code: str, dry_run: bool) -> None:
        self.attempt(
            "approve", actor, code, lambda session: approvals.approve_round(session, code), dry_run
        )

    @rule(
        maker=st.sampled_from(("chen", "wu")),
        code=st.sampled_from(CODES),
        packs=st.integers(1, 25),
        actors=st.lists(st.sampled_from(("lin", "wu", "zhao")), max_size=4),
    )
    def hand_in(self, maker: str, code: str, packs: int, actors: list[str]) -> None:
        """Make or change a round, hand it in, let some approve: the deeper states are reached
        often.
        """
        (self.edit if code in self.states else self.create)(maker, code, packs, False)
        self.submit(maker, code)
        for actor in actors:
            self.approve(actor, code, False)

    @rule(actor=st.sampled_from(ACTORS), code=st.sampled_from(CODES))
    def reject(self, actor: str, code: str) -> None:
        self.attempt(
            "reject",
            actor,
            code,
            lambda session: approvals.reject_round(session, code, "no"),
            False,
        )

    @rule(code=st.sampled_from(CODES), is_sure=st.booleans())
    def open_or_close(self, code: str, is_sure: bool) -> None:
        verb, do = (
            ("open", rounds.open_round)
            if self.states.get(code) == "approved"
            else ("close", amendments.close_round)
        )
        self.attempt(verb, "chen", code, lambda session: do(session, code, is_sure=is_sure), False)

    @rule(
        actor=st.sampled_from(ACTORS),
        code=st.sampled_from(CODES),
        packs=st.integers(1, 12),
        dry_run=st.booleans(),
    )
    def top_up(self, actor: str, code: str, packs: int, dry_run: bool) -> None:
        self.attempt(
            "top-up",
            actor,
            code,
            lambda session: amendments.top_up_round(session, code, packs),
            dry_run,
        )

    @rule(
        proposer=st.sampled_from(("chen", "wu")),
        code=st.sampled_from(CODES),
        packs=st.integers(1, 12),
        actors=st.lists(st.sampled_from(("lin", "wu", "zhao")), min_size=1, max_size=4),
    )
    def amend(self, proposer: str, code: str, packs: int, actors: list[str]) -> None:
        """Bring a round as far as it goes and top it up: money and approvals of both are reached
        often.
        """
        self.hand_in("chen", code, packs, ["lin", "zhao"])
        self.top_up(proposer, code, packs, False)
        for actor in actors:
            self.approve(actor, code, False)

    @rule(actor=st.sampled_from(ACTORS), code=st.sampled_from(CODES))
    def pause_or_resume(self, actor: str, code: str) -> None:
        verb, do = (
            ("resume", amendments.resume_round)
            if self.states.get(code) == "paused"
            else ("pause", amendments.pause_round)
        )
        self.attempt(verb, actor, code, lambda session: do(session, code), False)

    @rule(actor=st.sampled_from(ACTORS), code=st.sampled_from(CODES), days=st.integers(0, 3))
    def reschedule(self, actor: str, code: str, days: int) -> None:
        closes_at = OPENS_AT + days * 86_400
        self.attempt(
            "reschedule",
            actor,
            code,
            lambda session: amendments.reschedule_round(session, code, closes_at=closes_at),
            False,
        )

    @rule(code=st.sampled_from(CODES))
    def claim(self, code: str) -> None:
        if self.states.get(code) == "open":
            self.db.execute(
                "UPDATE rounds SET claimed = claimed + 1 WHERE round = ? AND claimed < packs",
                (code,),
            )

    @rule(
        actor=st.sampled_from(ACTORS),
        code=st.sampled_from(CODES),
        packs=st.integers(1, 12),
        checkers=st.lists(st.sampled_from(("lin", "wu", "zhao")), max_size=3),
    )
    def reduce(self, actor: str, code: str, packs: int, checkers: list[str]) -> None:
        self.attempt(
            "reduce",
            actor,
            code,
            lambda session: amendments.reduce_round(session, code, packs, "few come"),
            False,
        )
        for checker in checkers:
            self.approve(checker, code, False)

    @rule(
        code=st.sampled_from(CODES),
        dry_run=st.booleans(),
        checkers=st.lists(st.sampled_from(("lin", "wu", "zhao")), max_size=3),
    )
    def cancel(self, code: str, dry_run: bool, checkers: list[str]) -> None:
        self.attempt(
            "cancel",
            "chen",
            code,
            lambda session: cancellations.cancel_round(session, code, "no money"),
            dry_run,
        )
        for checker in checkers:
            self.approve(checker, code, False)

    @invariant()
    def money_is_held_by_exactly_the_approved_rounds(self) -> None:
        held = sum(
            row["packs"]
            for row in self.db.execute("SELECT packs, state FROM rounds")
            if row["state"] in HOLDING
        )
        funders = {
            row["funder"]: row["funder_id"]
            for row in self.db.execute("SELECT funder, funder_id FROM funders")
        }
        for funder, fund_fen, part_fen in (
            ("treasury", 1000_00, 30_00),
            ("district", 600_00, 15_00),
        ):
            uncommitted = ledger.balance(self.db, funders[funder], "uncommitted")
            assert ledger.balance(self.db, funders[funder], "committed") == held * part_fen
            assert uncommitted + held * part_fen == fund_fen
            assert uncommitted >= 0

    @invariant()
    def what_holds_money_was_approved_by_enough_others(self) -> None:
        for row in self.db.execute("SELECT * FROM rounds").fetchall():
            if row["state"] in HOLDING:
                lines = self.db.execute(
                    "SELECT v.actor FROM verdicts v JOIN proposals p USING (proposal_id)"
                    " WHERE p.subject = 'round' AND p.subject_id = ? AND p.kind = 'approval'"
                    " AND p.state = 'effective' AND p.after ->> 'revision' = ?"
                    " AND v.verdict = 'approve'",
                    (row["round_id"], row["revision"]),
                )
                checkers = {line["actor"] for line in lines} - {row["created_by"], row["edited_by"]}
                assert checkers <= {"lin", "wu", "zhao"}
                assert len(checkers) >= (
                    1 if row["packs"] - self.count_topped_up(row["round_id"]) <= 10 else 2
                )

    def count_topped_up(self, round_id: int) -> int:
        """Packs that came by amendments, each approved by enough others."""
        total = 0
        for row in self.db.execute(
            "SELECT * FROM proposals WHERE subject = 'round' AND subject_id = ?"
            " AND kind <> 'approval' AND state = 'effective'",
            (round_id,),
        ).fetchall():
            lines = self.db.execute(
                "SELECT actor FROM verdicts WHERE proposal_id = ? AND verdict = 'approve'",
                (row["proposal_id"],),
            )
            checkers = {line["actor"] for line in lines} - {row["proposed_by"]}
            before, after = json.loads(row["before"]), json.loads(row["after"])
            packs = after.get("packs", 0) - before.get("packs", 0)
            total += packs
            is_sold_out = self.db.execute(
                "SELECT claimed = packs FROM rounds WHERE round_id = ?", (round_id,)
            ).fetchone()[0]
            if row["kind"] in AMENDING and not (row["kind"] == "close" and is_sold_out):
                assert checkers <= {"lin", "wu", "zhao"}
                assert len(checkers) >= (2 if after.get("packs", 0) > 10 else 1)
        return total

    @invariant()
    def the_log_is_one_chain(self) -> None:
        previous = ""
        for row in self.db.execute("SELECT * FROM audit ORDER BY audit_id"):
            fields = (
                row["at"],
                row["entered_at"],
                row["actor"],
                row["os_user"],
                row["deed"],
                row["subject"],
                row["detail"],
            )
            assert (row["previous_hash"], row["hash"]) == (previous, audit.digest(previous, fields))
            previous = row["hash"]


def terms(packs: int, template: str | None = None) -> dict[str, Any]:
    """The options of a round, most of them not said."""
    unsaid = dict.fromkeys(
        ("closes_at", "mode", "platform", "group", "per_resident", "registration_opens_at")
    )
    return {
        **unsaid,
        "template": template,
        "packs": packs,
        "opens_at": OPENS_AT if template else None,
    }


TestBureau = Bureau.TestCase
TestBureau.settings = settings(
    max_examples=10,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
