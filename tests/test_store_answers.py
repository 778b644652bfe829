"""What the store answers to each question about rounds, on a few rows laid down by hand beside rows
of another round and another programme that must not count.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import test_allocations
import towns
from memory import copied
from test_allocations import DAY

from vouchercli.errors import VoucherError
from vouchercli.rules import limits
from vouchercli.rules import programmes as programme_rules
from vouchercli.rules.draws import Entrant
from vouchercli.rules.leverage import Sums
from vouchercli.rules.merchants import Merchant
from vouchercli.rules.scope import Scope
from vouchercli.store import (
    allocations,
    amendments,
    applications,
    batches,
    claim_limits,
    draws,
    duplicates,
    eligibility,
    grants,
    ledger,
    merchants,
    persons,
    plans,
    programmes,
    proposals,
    proved_claims,
    proved_redemptions,
    redemptions,
    releases,
    reopening,
    schedule,
    suspensions,
    totals,
    transaction_numbers,
)
from vouchercli.store import limits as store_limits
from vouchercli.store.db import writing, zone
from vouchercli.store.proposals import Subject
from vouchercli.store.reopening import Moved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.session import Session

A, B, C, D = (bytes([letter]) * 16 for letter in b"abcd")
START = towns.at(towns.OPENS)
ADD_ROUND = """
INSERT INTO rounds (round_id, programme_id, round, template_id, state, mode, packs, opens_at,
    closes_at, resident_group, per_resident, created_by, edited_by, created_at)
VALUES (3, 2, 'v', 2, 'open', 'fcfs', 9, ?, ?, '', 1, '', '', 0)
"""
# of the other programme: a pack of one coupon
ADD_TEMPLATE = """
INSERT INTO templates SELECT 2, template, 2, digest, document, 900, 4000, 1, 0 FROM templates
"""
ADD_COUPON = "INSERT INTO coupons VALUES (2, 1, 'other', 'amount_off', 900, 4000, NULL, 4000, NULL)"
ADD_BATCH = """
INSERT INTO batches (batch_id, kind, programme_id, file, sha256, profile, profile_json, encoding,
    header, state, read, accepted, duplicate, rejected, warnings, actor, imported_at)
VALUES (?1, ?2, ?3, '', ?1, ?2, '', '', '[]', 'done', 9, 9, 0, 0, 0, '', 0)
"""
PAYMENT = """
INSERT INTO redemptions VALUES (?, ?, 1024 * ? + 1, ?, ?, 1, 0, ?, 20200327, 1, 0, ?, 1, ?)
"""


def add(db: sqlite3.Connection, table: str, **values: Any) -> None:
    marks = ",".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({','.join(values)}) VALUES ({marks})", tuple(values.values()))


def lay_down() -> Session:
    """Round r (1) and an earlier round (2) of one programme, round v (3) of another; batches of
    files (1) and of granting (2).
    """
    session = test_allocations.world({})
    document = towns.programme("other")
    programme, faults = programme_rules.read(document)
    assert programme, faults
    assert programmes.save(session.db, programme, document, "", 0) == 2
    for statement in (ADD_TEMPLATE, ADD_COUPON):
        session.db.execute(statement)
    session.db.execute(ADD_ROUND, (START - DAY, START + DAY))
    for batch, kind in ((1, "applications"), (2, "allocation")):
        session.db.execute(ADD_BATCH, (batch, kind, 1))
    towns.book(session.db)
    return session


@pytest.fixture(scope="module")
def built() -> Session:
    return lay_down()


@pytest.fixture
def session(built: Session) -> Session:
    return built._replace(db=copied(built.db), now=START, entered_at=START)


@pytest.fixture
def db(session: Session) -> sqlite3.Connection:
    return session.db


def claim(
    db: sqlite3.Connection, number: int, round_id: int, resident: bytes, at: int, **other: Any
) -> None:
    assert grants.take(db, round_id, 1)
    values = {"claim_id": number, "claim_no": f"C{number}", "round_id": round_id}
    values |= {"resident": resident, "pack_no": number, "claimed_at": at}
    add(db, "claims", **values | {"expires_at": at + DAY, "batch_id": 1, "line": number} | other)


def apply(
    db: sqlite3.Connection, number: int, round_id: int, resident: bytes, at: int, **other: Any
) -> None:
    values = {"application_id": number, "application_no": f"A{number}", "round_id": round_id}
    add(db, "applications", **values | {"resident": resident, "applied_at": at, "line": 1} | other)


def kept_duplicates(db: sqlite3.Connection) -> list[tuple[int, ...]]:
    return [tuple(row) for row in db.execute("SELECT * FROM duplicates ORDER BY line")]


def enlist(db: sqlite3.Connection, number: int, resident: bytes, group: str, **other: Any) -> None:
    values = {"eligibility_id": number, "programme_id": 1, "resident": resident}
    values |= {"resident_group": group, "listed_at": START + number, "batch_id": 1, "line": 1}
    add(db, "eligibility", **values | other)


# ---------------------------------------------------------------- who is granted a pack


def test_applications_come_in_the_order_of_arrival_with_what_the_law_asks(
    db: sqlite3.Connection,
) -> None:
    db.execute(
        "UPDATE rounds SET resident_group = 'medics', closes_at = ? WHERE round_id = 1",
        (START + 50,),
    )
    for number, resident, at in ((4, A, START - 5), (3, B, START + 10), (2, C, START + 10)):
        apply(db, number, 1, resident, at)
    apply(db, 5, 1, D, START + 49)
    apply(db, 6, 1, D, START + 50)  # the closing
    apply(db, 7, 2, D, START)
    enlist(db, 1, B, "medics")
    enlist(db, 2, C, "poor")
    enlist(db, 3, D, "medics", programme_id=2)
    add(db, "persons", round_id=1, resident=C, person=A)
    add(db, "persons", round_id=2, resident=B, person=A)
    add(db, "pauses", round_id=1, from_at=START + 10, until_at=START + 11)
    add(db, "pauses", round_id=1, from_at=START + 49, until_at=None)
    add(db, "pauses", round_id=2, from_at=0, until_at=None)
    results = [tuple(vars(entry).values()) for entry in allocations.applications(db, 1, START)]
    assert results == [
        (4, A, A, START, False, False),
        (2, C, A, START + 10, False, True),
        (3, B, B, START + 10, True, True),
        (5, D, D, START + 49, False, True),
    ]
    row = db.execute("SELECT * FROM rounds WHERE round_id = 1").fetchone()
    assert allocations.count(db, row) == 4
    assert allocations.arrival(db, 3) == (START + 10, "A3")


def test_who_is_on_the_list_is_asked_once_and_in_its_order(db: sqlite3.Connection) -> None:
    db.execute(
        "UPDATE rounds SET opens_at = ?, closes_at = ? WHERE round_id = 1", (START + 2, START + 5)
    )
    lines = [(1, B, "poor"), (2, A, "medics"), (3, B, "medics"), (4, C, "poor"), (9, D, "poor")]
    for number, resident, group in lines:
        enlist(db, number, resident, group)
    enlist(db, 10, b"e" * 16, "poor", programme_id=2)
    claim(db, 1, 1, C, START)
    claim(db, 2, 2, A, START)

    def listed(group: str | None) -> list[tuple[Any, ...]]:
        results = [
            (each.entry_id, each.resident, each.claimed_at)
            for each in allocations.listed(db, 1, group, START)
        ]
        assert allocations.count_listed(db, 1, group, START) == len(results)
        return results

    # claimed at the opening, or when it came on the list, but before the closing
    assert listed(None) == [(1, B, START + 2), (2, A, START + 2), (9, D, START + 4)]
    assert listed("medics") == [(2, A, START + 2), (3, B, START + 3)]
    db.execute("UPDATE rounds SET resident_group = 'medics' WHERE round_id = 1")
    assert listed(None) == [(2, A, START + 2), (3, B, START + 3)]
    assert listed("poor") == []


def test_packs_are_counted_by_person_round_and_programme(db: sqlite3.Connection) -> None:
    claim(db, 1, 1, A, START)
    claim(db, 2, 1, C, START + 1, batch_id=2)
    claim(db, 3, 2, A, START - DAY, batch_id=2)
    claim(db, 4, 3, A, START, batch_id=2)
    claim(db, 5, 1, B, START + 2, batch_id=2, line=0)  # a live claim
    add(db, "persons", round_id=1, resident=C, person=A)
    add(db, "persons", round_id=2, resident=B, person=A)
    assert allocations.held_in_round(db, 1) == {A: 2, B: 1}
    assert allocations.granted_before(db, 1) == {2}
    row = db.execute("SELECT * FROM rounds WHERE round_id = 1").fetchone()
    terms = claim_limits.terms(db, 1, towns.limited(), towns.ZONE)
    packs = claim_limits.packs_of(db, 1, [A], towns.limited(), terms)
    assert sorted(pack.claimed_at for pack in packs) == [START - DAY, START]
    assert not allocations.is_plain(db, row)
    db.execute("DELETE FROM persons")
    assert allocations.is_plain(db, row)


@pytest.mark.parametrize(
    ("change", "is_plain"),
    [
        ("UPDATE rounds SET packs = 3", True),
        ("UPDATE rounds SET per_resident = 2", False),
        ("UPDATE rounds SET resident_group = 'medics'", False),
        ("INSERT INTO pauses VALUES (1, 1, 0, 1)", False),
        ("INSERT INTO pauses VALUES (1, 2, 0, 1)", True),  # another round's
        ("INSERT INTO persons VALUES (2, x'62', x'61')", True),
    ],
)
def test_the_plain_case_is_one_pack_each_without_list_pause_and_persons(
    db: sqlite3.Connection, change: str, is_plain: bool
) -> None:
    db.execute(change)
    row = db.execute("SELECT * FROM rounds WHERE round_id = 1").fetchone()
    assert allocations.is_plain(db, row) is is_plain


def test_the_last_arrival_is_that_of_its_round_up_to_a_second(db: sqlite3.Connection) -> None:
    runs = [(3, 1, 100, "A1"), (4, 1, 200, "A2"), (5, 1, 200, "A3"), (6, 1, None, None)]
    for batch, round_id, at, number in (*runs, (7, 2, 300, "B1")):
        db.execute(ADD_BATCH, (batch, "allocation", 1))
        values = {"batch_id": batch, "round_id": round_id, "granted_at": batch, "granted": 1}
        add(db, "allocations", **values, last_applied_at=at, last_application_no=number)

    def last(*until: int) -> tuple[Any, ...] | None:
        row = allocations.last_arrival(db, 1, *until)
        return row and tuple(row)

    assert last() == (200, "A3")
    assert (last(200), last(199), last(100), last(99)) == (
        (200, "A3"),
        (100, "A1"),
        (100, "A1"),
        None,
    )
    assert [run.batch for run in allocations.history(db, 1)] == [3, 4, 5, 6]
    assert grants.runs(db, 1) == 4


# ---------------------------------------------------------------- persons and draws


def test_residents_that_are_linked_become_one_person_of_their_round(db: sqlite3.Connection) -> None:
    persons.join(db, 1, [(D, C)])
    persons.join(db, 2, [(D, A)])
    assert persons.all_joined(db, 1) == {C: C, D: C}
    persons.join(db, 1, [(D, B)])
    assert persons.all_joined(db, 1) == {B: B, C: B, D: B}
    assert (persons.person_of(db, 1, D), persons.person_of(db, 2, D)) == (B, A)
    assert persons.person_of(db, 1, A) == A
    assert sorted(persons.residents_of(db, 1, B)) == [B, C, D]
    assert persons.residents_of(db, 1, A) == [A]
    persons.forget(db, 1)
    assert persons.all_joined(db, 1) == {}
    assert persons.all_joined(db, 2) == {A: A, D: A}


def test_entrants_are_persons_by_their_smallest_number(db: sqlite3.Connection) -> None:
    db.execute("UPDATE rounds SET resident_group = 'medics' WHERE round_id = 1")
    for number, resident, district in ((5, A, "x"), (3, B, "y"), (4, C, "y"), (2, D, "")):
        apply(db, number, 1, resident, START, district=district, resident_group="g")
    apply(db, 1, 2, A, START)
    add(db, "persons", round_id=1, resident=C, person=A)
    add(db, "persons", round_id=1, resident=A, person=A)
    add(db, "persons", round_id=2, resident=B, person=A)
    enlist(db, 1, C, "medics")
    enlist(db, 2, B, "poor")
    enlist(db, 3, D, "medics", programme_id=2)
    assert list(draws.entrants(db, 1)) == [
        Entrant("A2", "", "g"),
        Entrant("A3", "y", "g"),
        Entrant("A4", "y", "g"),
    ]
    results = [
        (no, e.entry_id, e.resident, e.person, e.claimed_at, bool(e.is_eligible))
        for no, e in draws.entries(db, 1, 7, 7)
    ]
    assert results == [
        ("A2", 2, D, D, 7, False),
        ("A3", 3, B, B, 7, False),
        ("A4", 4, C, A, 7, True),
    ]
    assert draws.applications(db, 1) == 4
    assert list(draws.applicants(db, 1, ["A5", "A2", "A1"])) == [(A, 5), (D, 2)]
    entries = [draws.entry_of(db, 1, number) for number in ("A5", "A4", "A3", "A1")]
    assert entries == ["A4", "A4", "A3", None]


# ---------------------------------------------------------------- what a plan rests on


def test_a_plan_counts_residents_by_group_and_district(db: sqlite3.Connection) -> None:
    lines = [(1, A, "poor", "x"), (2, A, "medics", "x"), (3, B, "poor", "y"), (4, C, "medics", "")]
    for number, resident, group, district in lines:
        enlist(db, number, resident, group, district=district)
    enlist(db, 5, D, "poor", programme_id=2)
    assert plans.residents(db, 1, "") == (3, [("", 1), ("x", 1), ("y", 1)])
    assert plans.residents(db, 1, "medics") == (2, [("", 1), ("x", 1)])
    assert plans.residents(db, 2, "medics") == (0, [])


def test_a_plan_looks_at_closed_rounds_that_were_claimed_from(db: sqlite3.Connection) -> None:
    claim(db, 1, 2, A, START - 8 * DAY)
    claim(db, 2, 2, B, START - 7 * DAY, expires_at=START)
    claim(db, 3, 3, A, START - DAY)
    assert plans.past(db, 1) == []
    db.execute("UPDATE rounds SET state = 'closed'")
    (earlier, other) = plans.past(db, 1)  # round r itself is asked about
    assert (earlier.round, earlier.programme, earlier.pinned) == ("earlier", "p", "t@1")
    assert (earlier.claimed, earlier.packs, earlier.vouchers, earlier.face_fen) == (
        2,
        99,
        2 * 3,
        2 * (1001 + 1001 + 500),
    )
    assert (earlier.last_claimed_at, earlier.last_expires_at) == (START - 7 * DAY, START)
    assert (other.round, other.programme, other.claimed) == ("v", "other", 1)
    assert [each.round for each in plans.past(db, 2)] == ["v"]  # nothing was claimed of r
    for state in ("settled", "archived", "cancelled"):
        db.execute("UPDATE rounds SET state = ? WHERE round_id = 3", (state,))
        assert len(plans.past(db, 1)) == (1 if state == "cancelled" else 2)


def test_a_plan_adds_up_the_days_of_each_round(db: sqlite3.Connection) -> None:
    for grouping, round_id, day in (
        ("round", 1, 1),
        ("round", 1, 2),
        ("round", 2, 1),
        ("size", 1, 1),
    ):
        figures = range(10, 100, 10) if day == 1 else range(1, 10)
        values = ", ".join(map(str, figures))
        db.execute(
            f"INSERT INTO group_totals VALUES ('{grouping}', {round_id}, {day}, '', '', {values})"
        )
    assert plans.sums(db) == {
        1: Sums(11, 22, 33, 44, 55, 66, 77, 88, 99),
        2: Sums(10, 20, 30, 40, 50, 60, 70, 80, 90),
    }


@pytest.mark.parametrize(
    ("at", "numbers"),
    [(9, ["M1", "M2"]), (10, ["M1"]), (19, ["M1"]), (20, ["M1", "M2"]), (30, ["M2"])],
)
def test_a_plan_leaves_out_who_is_suspended_then(
    db: sqlite3.Connection, at: int, numbers: list[str]
) -> None:
    shops(db)
    suspend = "INSERT INTO suspensions (merchant_id, from_at, until_at, reason, actor) VALUES"
    db.execute(f"{suspend} (2, 10, 20, '', ''), (1, 30, NULL, '', '')")
    results = list(plans.merchants_at(db, Scope(exclude=frozenset({"M3"})), at))
    assert results == [Merchant(number) for number in numbers]


def shops(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO segments VALUES (1, '', '', '', '', '')")
    for number in (1, 2, 3):
        values = {"merchant_id": number, "merchant_no": f"M{number}", "segment_id": 1}
        add(db, "merchants", **values, added_at=0, changed_at=0)


# ---------------------------------------------------------------- unused money


def test_unused_money_is_looked_for_in_rounds_that_may_hold_some(db: sqlite3.Connection) -> None:
    def codes(*asked: Any) -> list[str]:
        return [each.round for each in releases.rounds(db, *asked)]

    assert codes(None) == ["earlier", "v", "r"]  # by opening
    assert codes("p") == ["earlier", "r"]
    assert codes("p", 1) == ["r"]
    assert codes("other", 1) == []
    for state, is_in in (
        ("paused", True),
        ("closed", True),
        ("approved", False),
        ("settled", False),
    ):
        db.execute("UPDATE rounds SET state = ? WHERE round_id = 1", (state,))
        assert ("r" in codes("p")) is is_in
    db.execute("UPDATE rounds SET state = 'open'")
    (held,) = releases.rounds(db, None, 1)
    assert (held.packs, held.claimed, held.marker, held.next_at, held.released) == (
        4,
        0,
        None,
        None,
        0,
    )
    for marker, next_at in (("x", None), ("y", 7)):
        releases.looked(db, round_id=1, marker=marker, at=5, next_at=next_at, expired_by=3)
    (held,) = releases.rounds(db, None, 1)
    assert (held.marker, held.next_at, held.released) == ("y", 7, 0)


def test_what_was_paid_is_told_from_what_the_living_claims_took(db: sqlite3.Connection) -> None:
    claim(db, 1, 1, A, START, expires_at=100)
    claim(db, 2, 1, B, START, expires_at=200)
    claim(db, 3, 2, B, START, expires_at=300)
    db.execute("INSERT INTO splits VALUES (1, 1, 0, 10, 10, 0, 0, 0), (2, 2, 0, 20, 20, 0, 0, 0)")
    db.execute("INSERT INTO split_parts VALUES (1, 1, 7), (1, 2, 3), (2, 1, 20)")
    for number, of_claim, split in ((1, 1, 1), (2, 2, 1), (3, 3, 2)):
        db.execute(PAYMENT, (number, f"T{number}", of_claim, number, 1, START, split, None))
    db.execute(
        "INSERT INTO funder_totals VALUES (1, 1, 1, 5), (1, 2, 1, 9), (1, 1, 2, 6), (2, 1, 1, 20)"
    )
    assert releases.paid(db, 1) == {"city": 14, "district": 6}
    assert releases.paid_by_alive(db, 1, 99) == {"city": 14, "district": 6}
    assert releases.paid_by_alive(db, 1, 100) == {"city": 7, "district": 3}
    assert releases.paid_by_alive(db, 1, 200) == {}
    assert [releases.alive(db, 1, at) for at in (99, 100, 199, 200)] == [2, 1, 1, 0]
    assert (releases.last_expiry(db, 1), releases.last_expiry(db, 3)) == (200, None)


# ---------------------------------------------------------------- amendments


ONE, OTHER = Subject("round", 1), Subject("round", 2)


def test_what_still_waits_is_void_when_the_round_moves_on(session: Session) -> None:
    db = session.db
    db.executescript("DELETE FROM verdicts; DELETE FROM proposals")
    opening = proposals.add(session, ONE, "reschedule", {}, {"opens_at": 5}, note="why")
    other = proposals.add(session, OTHER, "top-up", {"packs": 1}, {"packs": 2}, amount_fen=7)
    for subject in (ONE, OTHER):
        proposals.void(db, subject, 9, only_opening=True)
    states = [[each.state for each in proposals.history(db, subject)] for subject in (ONE, OTHER)]
    assert states == [["void"], ["proposed"]]
    waiting = proposals.waiting(db, OTHER)
    assert waiting is not None
    assert (waiting.proposal, waiting.before, waiting.after) == (other, {"packs": 1}, {"packs": 2})
    assert (waiting.amount_fen, waiting.kind, waiting.author) == (7, "top-up", ("tester", "tester"))
    assert proposals.waiting(db, ONE) is None
    assert proposals.waiting(db, Subject("programme", 2)) is None
    proposals.end(db, waiting, "effective", 10, before={"packs": 3})
    proposals.void(db, OTHER, 11)
    (ended,) = proposals.history(db, OTHER)
    assert (ended.state, ended.before, ended.after, ended.ended_at) == (
        "effective",
        {"packs": 3},
        {"packs": 2},
        10,
    )
    proposals.add(session, OTHER, "close", {}, {}, is_effective=True)
    proposals.end(db, proposals.history(db, OTHER)[1], "effective", 12, after={"closes_at": 4})
    last = proposals.history(db, OTHER)[1]
    assert (last.before, last.after, last.ended_at) == ({}, {"closes_at": 4}, 12)
    (first,) = proposals.history(db, ONE)
    assert (first.proposal, first.note, first.evidence) == (opening, "why", "")


def test_verdicts_are_kept_with_who_and_why(session: Session) -> None:
    number = proposals.add(session, ONE, "top-up", {}, {})
    other = proposals.add(session, OTHER, "top-up", {}, {})
    proposals.add_verdict(session, number, "reject", "too much")
    proposals.add_verdict(session, number, "approve")
    proposals.add_verdict(session, other, "approve")
    results = [tuple(each) for each in proposals.verdicts(session.db, number)]
    assert results == [
        ("reject", "tester", "tester", "too much", START, START),
        ("approve", "tester", "tester", "", START, START),
    ]
    assert len(proposals.approvers(session.db, number)) == 1


def test_terms_move_only_where_something_is_said(db: sqlite3.Connection) -> None:
    amendments.add_packs(db, 1, 3)
    amendments.move(db, 1, None, START + 7)
    amendments.move(db, 2, START - 8 * DAY, None)
    rows = db.execute("SELECT packs, opens_at, closes_at FROM rounds ORDER BY round_id")
    assert list(map(tuple, rows))[:2] == [
        (7, START, START + 7),
        (99, START - 8 * DAY, START + 10 * DAY),
    ]
    for round_id, at in ((1, 10), (2, 11)):
        amendments.begin_pause(db, round_id, at)
    amendments.end_pause(db, 1, 9)  # a clock that was set back makes no pause of less than nothing
    amendments.end_pause(db, 1, 30)
    amendments.begin_pause(db, 1, 40)
    amendments.end_pause(db, 1, 50)
    rows = db.execute("SELECT round_id, from_at, until_at FROM pauses ORDER BY pause_id")
    assert list(map(tuple, rows)) == [(1, 10, 10), (2, 11, None), (1, 40, 50)]


def test_what_a_round_took_over_is_known_from_both_ends(db: sqlite3.Connection) -> None:
    amendments.roll_in(db, 1, 2, 5, 1_500, 6)
    amendments.roll_in(db, 3, 2, 0, 700, 1)
    pack_fen = 1001 + 1001 + 500
    assert amendments.rolled_in(db, 1) == ("earlier", 5, 1_500, 6, 6 * pack_fen)
    assert amendments.rolled_in(db, 2) is None
    assert amendments.rolled_in(db, 3) == ("earlier", 0, 700, 1, 900)
    assert amendments.rolled_out(db, 2) == ("v", 2_200)
    assert amendments.rolled_out(db, 1) == (None, 0)
    db.execute("UPDATE rounds SET state = 'cancelled' WHERE round_id = 3")
    assert amendments.rolled_out(db, 2) == ("r", 1_500)
    amendments.forget_roll_in(db, 1)
    assert amendments.rolled_in(db, 1) is None
    assert amendments.rolled_out(db, 2) == (None, 0)


def test_rounds_under_way_are_those_a_batch_gave_packs_of(db: sqlite3.Connection) -> None:
    claim(db, 1, 1, A, START)
    claim(db, 2, 2, A, START)
    claim(db, 3, 3, A, START, batch_id=2)
    assert amendments.rounds_under_way(db, 1) == ["earlier", "r"]
    db.execute("UPDATE rounds SET state = 'paused' WHERE round_id = 1")
    db.execute("UPDATE rounds SET state = 'closed' WHERE round_id = 2")
    assert amendments.rounds_under_way(db, 1) == ["r"]
    assert amendments.rounds_under_way(db, 2) == ["v"]


# ---------------------------------------------------------------- claims


def test_rounds_that_are_not_for_all_say_whom_they_are_for(db: sqlite3.Connection) -> None:
    rows = ((1, A, "medics"), (2, A, "poor"), (3, B, "poor"))
    for number, resident, group in rows:
        enlist(db, number, resident, group)
    enlist(db, 4, C, "medics", programme_id=2)
    assert proved_claims.listed(db, 1) == {}
    db.execute("UPDATE rounds SET mode = 'targeted' WHERE round_id = 1")
    db.execute("UPDATE rounds SET resident_group = 'medics' WHERE round_id <> 1")
    listed = proved_claims.listed(db, 1)
    assert {round_id: sorted(residents) for round_id, residents in listed.items()} == {
        1: [A, B],  # each once
        2: [A],
    }
    assert proved_claims.listed(db, 2) == {3: [C]}


def test_rounds_are_asked_for_their_persons_and_pauses(db: sqlite3.Connection) -> None:
    persons.join(db, 1, [(A, B)])
    persons.join(db, 3, [(A, B)])
    assert (proved_claims.joined(db, 1), proved_claims.joined(db, 2)) == ({1}, {3})
    for round_id, from_at, until_at in ((1, 5, 7), (2, 6, None), (3, 8, 9)):
        add(db, "pauses", round_id=round_id, from_at=from_at, until_at=until_at)
    assert sorted(proved_claims.pauses(db, 1)) == [(1, 5, 7), (2, 6, None)]
    assert proved_claims.pauses(db, 2) == [(3, 8, 9)]
    assert [proved_claims.room(db, round_id) for round_id in (1, 2, 3)] == [4, 99, 9]
    assert proved_claims.next_id(db) == 1
    claim(db, 7, 1, A, START)
    assert (proved_claims.room(db, 1), proved_claims.next_id(db)) == (3, 8)


def test_a_claim_is_a_duplicate_of_one_that_is_alike_in_everything(db: sqlite3.Connection) -> None:
    claim(db, 1, 1, A, START)
    claim(db, 2, 2, B, START)
    rows = (
        (11, "C1", 1, A, START),
        (12, "C2", 1, A, START),
        (13, "C1", 2, A, START),
        (14, "C1", 1, B, START),
        (15, "C1", 1, A, START + 1),
        (16, "C2", 2, B, START),
    )
    assert duplicates.add_said(db, "claims", 2, rows) == {11, 16}
    assert kept_duplicates(db) == [(2, 11, 1, 1), (2, 16, 1, 2)]


def test_an_application_of_a_live_claim_is_of_no_file(db: sqlite3.Connection) -> None:
    apply(db, 1, 1, A, START, batch_id=1, line=5)
    apply(db, 2, 1, B, START)
    rows = ((11, 1, "A1", A, START), (12, 1, "A2", B, START), (13, 1, "A1", A, START + 1))
    assert duplicates.add_said(db, "applications", 2, rows) == {11, 12}
    assert kept_duplicates(db) == [(2, 11, 1, 5)]


def test_packs_of_the_week_and_the_programme_keep_a_claim_out(db: sqlite3.Connection) -> None:
    week = (START, START + 7 * DAY)
    for number, round_id, resident, at in (
        (1, 1, A, START - 1),
        (2, 1, B, START),
        (3, 1, C, START + 7 * DAY - 1),
        (4, 1, D, START + 7 * DAY),
        (5, 3, D, START - 1),
    ):
        claim(db, number, round_id, resident, at)

    def kept_out(per_week: int | None = None, per_programme: int | None = None) -> list[int]:
        limits = towns.limited(1, per_week, per_programme)
        with_week = ([week[0]] * 4, [week[1]] * 4)
        numbers, residents = ["N1", "N2", "N3", "N4"], [A, B, C, D]
        times_ = ([START + DAY] * 4, [START + 9 * DAY] * 4)
        columns = [numbers, [2] * 4, residents, *times_, [2, 3, 4, 5]]
        proved_claims.count(db, [(2, 20200328, 4)])
        places = proved_claims.add(db, 1, 11, columns, is_one_each=True, within=(limits, with_week))
        written = db.execute(
            "SELECT claim_id, claim_no, pack_no FROM claims WHERE claim_id > 10 ORDER BY 1"
        )
        assert list(map(tuple, written)) == [
            (11 + place, f"N{place + 1}", 1) for place in range(4) if place not in places
        ]
        db.execute("DELETE FROM claims WHERE claim_id > 10")
        proved_claims.count(db, [(2, 20200328, -4)])
        return places

    assert kept_out(per_week=1) == [1, 2]
    assert kept_out(per_week=2) == []
    assert kept_out(per_programme=1) == [0, 1, 2, 3]
    assert kept_out(per_programme=2) == [3]
    assert kept_out(per_week=1, per_programme=2) == [1, 2, 3]


@pytest.mark.parametrize("is_one_each", [False, True])
def test_a_first_pack_is_written_where_none_stands(
    db: sqlite3.Connection, is_one_each: bool
) -> None:
    claim(db, 1, 1, A, START, pack_no=1)
    claim(db, 2, 1, B, START, pack_no=2)  # the first is gone
    claim(db, 3, 3, C, START)
    residents = [A, B, C, D] if not is_one_each else [A, C, D]
    rows = len(residents)
    codes = [f"N{number}" for number in range(1, rows + 1)]
    moments = ([START + 1] * rows, [START + 2] * rows)
    lines = [*range(2, rows + 2)]
    db.execute("UPDATE rounds SET packs = 9")
    proved_claims.count(db, [(1, 20200327, rows)])
    columns = [codes, [1] * rows, residents, *moments, lines]
    places = proved_claims.add(db, 2, 11, columns, is_one_each=is_one_each)
    assert places == ([0] if is_one_each else [0, 1])
    written = db.execute(
        "SELECT claim_no, resident, pack_no, claimed_at, expires_at, batch_id, line FROM claims"
        " WHERE claim_id > 10 ORDER BY claim_id"
    )
    assert list(map(tuple, written)) == [
        (codes[place], residents[place], 1, START + 1, START + 2, 2, lines[place])
        for place in range(len(places), rows)
    ]


def test_an_application_shows_the_pack_that_was_granted_for_it(db: sqlite3.Connection) -> None:
    for number, resident in ((7, A), (8, B), (9, C)):
        apply(db, number, 1, resident, START)
    claim(db, 1, 1, A, START, line=7)  # the seventh line of a file
    claim(db, 2, 1, B, START, line=8, batch_id=2)
    claim(db, 3, 2, C, START, line=9, batch_id=2)  # of another round
    wanted = dict.fromkeys(("round", "application_no", "resident"))
    listed = applications.listed(db, 1, **wanted).rows(9)
    assert [(each.application_no, each.claim_no) for each in listed] == [
        ("A7", None),
        ("A8", "C2"),
        ("A9", None),
    ]


# ---------------------------------------------------------------- what stands on what


def refused(undo: Any, db: sqlite3.Connection, batch_id: int) -> str | None:
    """Why a file is not undone; None when it is."""
    try:
        undo(db, batch_id)
    except VoucherError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("mode", "group", "batch", "line", "is_stood_on"),
    [
        ("targeted", "", 2, 1, True),  # the pack of this line
        ("targeted", "", 2, 2, False),  # of another line
        ("fcfs", "", 2, 1, False),  # for everybody
        ("fcfs", "medics", 2, 2, True),
        ("fcfs", "poor", 2, 2, False),
        ("fcfs", "medics", 1, 1, True),  # granted by a platform
        ("fcfs", "poor", 1, 1, False),
        ("fcfs", "", 1, 1, False),
        ("targeted", "", 1, 1, True),
        ("targeted", "poor", 1, 1, False),
    ],
)
def test_packs_stand_on_the_list_that_made_their_residents_eligible(
    db: sqlite3.Connection, mode: str, group: str, batch: int, line: int, is_stood_on: bool
) -> None:
    db.execute(ADD_BATCH, (3, "eligibility", 1))
    enlist(db, 1, A, "medics", batch_id=3)
    enlist(db, 2, B, "medics", batch_id=1)
    enlist(db, 3, A, "medics", programme_id=2, batch_id=3)
    for number, round_id, resident in ((7, 1, A), (8, 1, B), (9, 3, C)):
        values = {"batch_id": batch, "line": line if resident == A else 5}
        claim(db, number, round_id, resident, START, **values)
    db.execute("UPDATE rounds SET mode = ?, resident_group = ? WHERE round_id = 1", (mode, group))
    why = refused(eligibility.undo, db, 3)
    assert why == (
        f"batch 3 cannot be undone: packs were granted for 1 of its rows (batches {batch})"
        if is_stood_on
        else None
    )
    listed = [row[0] for row in db.execute("SELECT eligibility_id FROM eligibility ORDER BY 1")]
    assert listed == ([1, 2, 3] if is_stood_on else [2])


def test_packs_of_another_programme_do_not_stand_on_a_list(db: sqlite3.Connection) -> None:
    db.execute("UPDATE rounds SET mode = 'targeted'")
    db.execute(ADD_BATCH, (3, "eligibility", 1))
    enlist(db, 1, A, "medics", batch_id=3)
    claim(db, 7, 3, A, START)
    assert refused(eligibility.undo, db, 3) is None


def test_a_list_that_another_list_repeats_may_go(db: sqlite3.Connection) -> None:
    db.execute("UPDATE rounds SET mode = 'targeted' WHERE round_id = 1")
    db.execute(ADD_BATCH, (3, "eligibility", 1))
    enlist(db, 1, A, "medics", batch_id=3)
    enlist(db, 2, A, "poor", batch_id=3)
    enlist(db, 3, A, "medics", batch_id=1, programme_id=2)
    enlist(db, 4, B, "poor", batch_id=1)
    claim(db, 7, 1, A, START)
    assert refused(eligibility.undo, db, 3) == (
        "batch 3 cannot be undone: packs were granted for 1 of its rows (batches 1)"
    )
    enlist(db, 5, A, "old", batch_id=1)
    assert refused(eligibility.undo, db, 3) is None


def test_a_list_is_asked_by_group_and_resident(db: sqlite3.Connection) -> None:
    rows = ((1, B, "poor"), (2, A, "medics"), (3, A, "poor"))
    for number, resident, group in rows:
        enlist(db, number, resident, group)
    enlist(db, 4, C, "poor", programme_id=2)
    listed = {
        asked: [
            (line.resident, line.group)
            for line in eligibility.listed(db, 1, group=asked[0], resident=asked[1]).rows(asked[2])
        ]
        for asked in ((None, None, 9), (None, None, 2), ("poor", None, 9), ("poor", A, 9))
    }
    assert list(listed.values()) == [
        [(B, "poor"), (A, "medics"), (A, "poor")],
        [(B, "poor"), (A, "medics")],
        [(B, "poor"), (A, "poor")],
        [(A, "poor")],
    ]
    asked = ((1, A, None), (1, A, "medics"), (1, B, "medics"), (1, C, None), (2, C, "poor"))
    assert [eligibility.is_listed(db, *each) for each in asked] == [True, True, False, False, True]


def test_later_payments_stand_on_the_first_of_their_voucher(db: sqlite3.Connection) -> None:
    for number in (3, 4, 5):
        db.execute(ADD_BATCH, (number, "redemptions", 1))
    pay(db, 1, batch_id=3)
    pay(db, 2, batch_id=4, transaction_no="T2", coupon_no=2, paid_at=START + 5)
    pay(db, 3, batch_id=4, transaction_no="T3", claim_id=2)
    assert refused(redemptions.undo, copied(db), 3) is None
    pay(db, 4, batch_id=5, transaction_no="T4", use_no=2, paid_at=START - 1)  # an earlier row
    assert refused(redemptions.undo, copied(db), 3) is None
    pay(db, 5, batch_id=3, transaction_no="T5", use_no=3, paid_at=START + 9)  # its own row
    assert refused(redemptions.undo, copied(db), 3) is None
    later = {"batch_id": 5, "use_no": 4}
    pay(db, 6, **later, transaction_no="T6", paid_at=START)
    assert refused(redemptions.undo, copied(db), 3) == (
        "batch 3 cannot be undone: 1 later rows depend on it (batches 5)"
    )
    db.execute("DELETE FROM redemptions WHERE redemption_id = 6")
    pay(db, 6, **later, transaction_no="T6", paid_at=START - 1, refund_of=1)
    pay(db, 7, **later | {"use_no": 5, "batch_id": 4}, transaction_no="T7", paid_at=START)
    assert refused(redemptions.undo, copied(db), 3) == (
        "batch 3 cannot be undone: 2 later rows depend on it (batches 4, 5)"
    )


def test_a_merchant_that_a_file_of_payments_added_goes_when_nothing_knows_it(
    db: sqlite3.Connection,
) -> None:
    db.execute(ADD_BATCH, (3, "redemptions", 1))
    shops(db)
    assert merchants.add_unregistered(db, 1, ["N1", "M1", "N2", "N3", "N4", "N5"], 7) == 5
    assert merchants.add_unregistered(db, 3, ["N1", "N6"], 8) == 1
    ids = dict(db.execute("SELECT merchant_no, merchant_id FROM merchants"))
    assert [
        (change.batch, change.before, change.after) for change in merchants.changes(db, ids["N1"])
    ] == [(1, "", "")]
    suspensions.begin(db, ids["N2"], 9, "", "")
    pay(db, 1, merchant_id=ids["N3"])
    db.execute("UPDATE merchants SET is_registered = 1 WHERE merchant_no = 'N4'")
    values = {"batch_id": 3, "merchant_id": ids["N5"], "before": "{}", "after": "{}"}
    add(db, "merchant_changes", **values)
    assert merchants.forget_unregistered(db, 1) == 1
    assert sorted(merchants.numbers(db)) == ["M1", "M2", "M3", "N2", "N3", "N4", "N5", "N6"]
    assert merchants.changes(db, ids["N1"]) == []
    assert len(merchants.changes(db, ids["N6"])) == 1


# ---------------------------------------------------------------- merchants and programmes


def test_merchants_are_searched_by_every_condition(db: sqlite3.Connection) -> None:
    shops(db)
    names = ("district", "industry", "size", "brand", "designated_size")
    about = {name: name[0] for name in names} | {"is_registered": 0}
    for column, value in about.items():
        db.execute(f"UPDATE merchants SET {column} = ? WHERE merchant_id > 1", (value,))
    db.execute("UPDATE merchants SET name = 'a%b', address = 'c_d' WHERE merchant_id = 2")
    db.execute("UPDATE merchants SET uscc = 'e\\f', platform_no = 'P' WHERE merchant_id = 3")
    suspensions.begin(db, 3, 10, "", "")
    suspensions.end(db, 3, 20)

    def found(at: int = 0, search: str | None = None, **wanted: Any) -> list[str]:
        every = dict.fromkeys((*names, "registered")) | {"suspended": False}
        rows = merchants.search_for(db, at, search, **every | wanted)
        assert rows.size() == len([*rows.rows(None)])
        return [merchant.merchant_no for merchant in rows.rows(None)]

    assert found() == ["M1", "M2", "M3"]
    for name in names:
        assert (found(**{name: name[0]}), found(**{name: "x"})) == (["M2", "M3"], [])
    assert (found(registered=0), found(registered=1)) == (["M2", "M3"], ["M1"])
    searched = {"m": ["M1", "M2", "M3"], "2": ["M2"], "a%": ["M2"], "c_": ["M2"], "e\\": ["M3"]}
    assert {text: found(search=text) for text in searched} == searched
    assert (found(search="%"), found(search="_"), found(search="2", size="x")) == (
        ["M2"],
        ["M2"],
        [],
    )
    assert [found(at, suspended=True) for at in (9, 10, 19, 20)] == [[], ["M3"], ["M3"], []]
    assert [found(at) for at in (9, 10)] == [["M1", "M2", "M3"]] * 2

    def called(no: str) -> str | None:
        merchant = merchants.named(db, no, 0)
        return merchant and merchant.merchant_no

    assert [called(no) for no in ("M2", "P", "", "x")] == ["M2", "M3", None, None]
    db.execute("UPDATE merchants SET platform_no = 'P' WHERE merchant_id = 1")
    assert called("P") is None  # two of them: nobody knows which
    db.execute("UPDATE merchants SET platform_no = 'M2' WHERE merchant_id = 1")
    assert called("M2") == "M2"


def test_what_a_merchant_took_is_summed_by_round(db: sqlite3.Connection) -> None:
    columns = "vouchers, base_fen, public_fen, platform_fen, match_fen"
    for round_id, month, merchant, factor in (
        (1, 202003, 1, 1),
        (1, 202004, 1, 10),
        (2, 202003, 1, 100),
        (3, 202003, 1, 1_000),
        (1, 202003, 2, 7),
    ):
        names = ("round_id", "month", "merchant_id", "segment_id", *totals.SUMMED)
        sums = [(place + 1) * factor for place, _ in enumerate(totals.SUMMED)]
        add(
            db,
            "merchant_totals",
            **dict(zip(names, (round_id, month, merchant, 1, *sums), strict=True)),
        )
    weights = [totals.SUMMED.index(name) + 1 for name in columns.split(", ")]
    assert [tuple(total) for total in merchants.totals(db, 1)] == [
        ("other", "v", *(1_000 * weight for weight in weights)),
        ("p", "earlier", *(100 * weight for weight in weights)),
        ("p", "r", *(11 * weight for weight in weights)),
    ]


def test_a_programme_is_rested_on_by_rounds_that_were_approved(session: Session) -> None:
    db = session.db
    assert [programmes.is_rested_on(db, number) for number in (1, 2, 3)] == [True] * 2 + [False]
    for state in ("draft", "submitted", "cancelled"):
        db.execute("UPDATE rounds SET state = ? WHERE programme_id = 2", (state,))
        assert not programmes.is_rested_on(db, 2)


def test_a_change_of_a_programme_waits_until_it_ends(session: Session) -> None:
    db = session.db
    second = proposals.add(
        session._replace(now=START + 9), Subject("programme", 2), "change", {}, {"a": "二"}
    )
    first = proposals.add(session, Subject("programme", 1), "change", {}, {}, evidence="file.yaml")
    waiting = proposals.waiting(db, Subject("programme", 2))
    assert waiting and (waiting.proposal, waiting.after) == (second, {"a": "二"})
    assert [each.proposal for each in proposals.all_waiting(db)] == [first, second]  # the oldest
    proposals.add_verdict(session, first, "approve")
    proposals.add_verdict(session._replace(actor="lin"), first, "approve", "well")
    proposals.add_verdict(session, first, "reject")
    proposals.add_verdict(session, second, "approve")
    assert [hand.actor for hand in proposals.approvers(db, first)] == [session.actor, "lin"]
    proposals.end(db, proposals.all_waiting(db)[0], "effective", 9)
    assert [each.proposal for each in proposals.all_waiting(db)] == [second]
    assert proposals.waiting(db, Subject("programme", 1)) is None


# ---------------------------------------------------------------- batches


@pytest.fixture
def files(db: sqlite3.Connection) -> sqlite3.Connection:
    """Batch 1 of applications, 2 of packs granted here; 3 to 8 of redemptions: 4 is under way, 5 was
    undone, 6 is of another programme, 7 of another kind, 8 of the whole city.
    """
    for number, kind, programme in (
        (3, "redemptions", 1),
        (4, "redemptions", 1),
        (5, "redemptions", 1),
        (6, "redemptions", 2),
        (7, "claims", 1),
        (8, "redemptions", None),
        (9, "redemptions", 1),
    ):
        db.execute(ADD_BATCH, (number, kind, programme))
    for number, state in ((4, "importing"), (5, "undone")):
        db.execute("UPDATE batches SET state = ? WHERE batch_id = ?", (state, number))
    for number in range(1, 10):
        for line, reason in ((2, "unknown_claim"), (3, "expired")):
            add(db, "rejects", batch_id=number, line=line, reason=reason, detail="{}", cells="[]")
    return db


def numbers_of(found: Iterable[batches.Batch]) -> list[int]:
    return [batch.batch for batch in found]


def test_files_whose_rejects_may_be_tried_again_are_done_and_of_one_kind(
    files: sqlite3.Connection,
) -> None:
    of_programme, of_city = batches.named(files, 9), batches.named(files, 8)
    assert numbers_of(batches.with_waiting(files, of_programme, ("unknown_claim",))) == [3]
    assert numbers_of(batches.with_waiting(files, of_programme, ("bad_time",))) == []
    files.execute("DELETE FROM rejects WHERE batch_id = 3 AND reason = 'unknown_claim'")
    assert numbers_of(batches.with_waiting(files, of_programme, ("unknown_claim",))) == []
    assert numbers_of(batches.with_waiting(files, of_programme, ("bad_time", "expired"))) == [3]
    assert numbers_of(batches.with_waiting(files, of_city, ("expired",))) == []
    files.execute("UPDATE batches SET programme_id = NULL WHERE batch_id IN (3, 9)")
    assert numbers_of(batches.with_waiting(files, of_city, ("expired",))) == [3, 9]


def test_files_are_listed_newest_first_with_those_of_the_city(files: sqlite3.Connection) -> None:
    def listed(kind: str | None, programme: str | None, limit: int = 99) -> list[int]:
        return numbers_of(batches.listed(files, kind=kind, programme=programme).rows(limit))

    assert listed(None, None) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert listed("redemptions", None) == [9, 8, 6, 5, 4, 3]
    assert listed("redemptions", "p") == [9, 8, 5, 4, 3]
    assert listed(None, "other", 1) == [8]
    assert listed("claims", "other") == []


def test_a_file_is_known_until_it_is_undone(files: sqlite3.Connection) -> None:
    def standing(number: int, kind: str = "redemptions", programme: int | None = 1) -> Any:
        batch = batches.standing(files, kind, programme, str(number))
        return batch and batch.batch

    assert [standing(number) for number in (3, 4, 5, 6, 8)] == [3, 4, None, None, None]
    assert (standing(3, "claims"), standing(8, programme=None)) == (None, 8)
    unfinished = {
        (kind, programme): batches.unfinished(files, kind, programme)
        for kind in ("redemptions", "claims")
        for programme in (1, 2)
    }
    assert {asked: found for asked, found in unfinished.items() if found} == {("redemptions", 1): 4}
    assert batches.last_of_profile(files, "redemptions", "redemptions") == 9
    files.execute("UPDATE batches SET state = 'undone' WHERE batch_id = 9")
    assert batches.last_of_profile(files, "redemptions", "redemptions") == 8
    assert batches.last_of_profile(files, "redemptions", "claims") is None


def test_rejects_are_shown_by_line_and_by_reason(files: sqlite3.Connection) -> None:
    add(files, "rejects", batch_id=3, line=1, reason="expired", detail="{}", cells="[1]")
    for line, reason in ((9, "b"), (7, "b"), (7, "a"), (8, "c")):
        add(files, "warnings", batch_id=3, line=line, reason=reason)
    add(files, "warnings", batch_id=9, line=1, reason="a")

    def lines(refusals: Iterable[batches.Refusal]) -> list[tuple[int, str]]:
        return [(refusal.line, refusal.reason) for refusal in refusals]

    rejected, warned = batches.first(files, 3, 2)
    assert lines(rejected) == [(1, "expired"), (2, "unknown_claim")]
    assert lines(warned) == [(7, "a"), (7, "b")]
    assert lines(batches.rejects(files, 3)) == [*lines(rejected), (3, "expired")]
    assert lines(batches.rejects(files, 3, ("expired", "x"))) == [(1, "expired"), (3, "expired")]
    assert lines(batches.rejects(files, 3, ())) == []
    reasons = [(each.what, each.reason, each.line, each.rows) for each in batches.reasons(files, 3)]
    assert reasons == [
        ("rejected", "expired", 1, 2),
        ("rejected", "unknown_claim", 2, 1),
        (batches.WARNED, "b", 7, 2),
        (batches.WARNED, "a", 7, 1),
        (batches.WARNED, "c", 8, 1),
    ]
    batches.forget_rejects(files, [(3, 2), (9, 3)])
    assert lines(batches.rejects(files, 3)) == [(1, "expired"), (3, "expired")]
    assert lines(batches.rejects(files, 9)) == [(2, "unknown_claim")]
    batches.mark_undone(files, 3)
    left = {
        table: [
            row[0] for row in files.execute(f"SELECT DISTINCT batch_id FROM {table} ORDER BY 1")
        ]
        for table in ("rejects", "warnings")
    }
    assert left == {"rejects": [1, 2, 4, 5, 6, 7, 8, 9], "warnings": [9]}
    assert (batches.named(files, 3).state, batches.named(files, 9).state) == ("undone", "done")


def test_the_counts_of_a_file_grow_and_move(files: sqlite3.Connection) -> None:
    def counts(number: int) -> tuple[int, ...]:
        batch = batches.named(files, number)
        return (*batch[batch._fields.index("read") :][:5], batch.last_line)

    files.execute("UPDATE batches SET last_line = 1")
    chunk = {"read": 7, "accepted": 4, "duplicate": 2, "rejected": 1, "warnings": 3}
    batches.add(files, 3, last_line=8, **chunk)
    assert counts(3) == (16, 13, 2, 1, 3, 8)
    add(files, "warnings", batch_id=3, line=5, reason="a")
    batches.move(files, 3, accepted=2, duplicate=1, rejected=-3)
    assert counts(3) == (16, 15, 3, -2, 1, 8)
    assert counts(9) == (9, 9, 0, 0, 0, 1)
    batches.finish(files, 4)
    assert batches.unfinished(files, "redemptions", 1) is None
    assert batches.named(files, 5).state == "undone"


def test_the_zone_is_that_of_the_programme_or_of_the_first(db: sqlite3.Connection) -> None:
    db.execute("UPDATE programmes SET time_zone = 'Asia/Urumqi' WHERE programme_id = 2")
    asked = (None, "p", "other", "none of them")
    assert [zone(db, programme) for programme in asked] == [
        "Asia/Shanghai",
        "Asia/Shanghai",
        "Asia/Urumqi",
        "Asia/Shanghai",
    ]
    db.execute("UPDATE programmes SET time_zone = 'Asia/Kathmandu' WHERE programme_id = 1")
    assert zone(db, None) == "Asia/Kathmandu"


def test_a_step_that_fails_is_undone_by_itself(session: Session) -> None:
    step = session._replace(joins=True)

    def note(code: str) -> None:
        ledger.post(session.db, 1, None, "appropriated", "uncommitted", 1, code, 0)

    with writing(session):
        with writing(step):
            note("first")
        with pytest.raises(ValueError, match="stop"), writing(step):
            note("second")
            raise ValueError("stop")
        note("third")
    kept = session.db.execute("SELECT why FROM postings WHERE funder_id = 1 ORDER BY posting_id")
    assert [row["why"] for row in kept][-2:] == ["first", "third"]
    assert not session.db.in_transaction


# ---------------------------------------------------------------- the schedule


def scheduled(db: sqlite3.Connection, round_id: int = 1) -> Any:
    ((round_, _),) = schedule.list_rounds(db, None, round_id)
    return round_


def test_the_clock_sees_the_rounds_that_may_have_jobs(db: sqlite3.Connection) -> None:
    def codes(*asked: Any) -> list[str]:
        return [round_.round for round_, _ in schedule.list_rounds(db, *asked)]

    assert codes(None) == ["earlier", "v", "r"]
    assert codes("p") == ["earlier", "r"]
    assert codes("other", 1) == []
    for state in ("draft", "submitted", "approved", "open", "paused", "closed", "cancelled"):
        db.execute("UPDATE rounds SET state = ? WHERE round_id = 1", (state,))
        assert ("r" in codes("p")) is (state not in ("closed", "cancelled"))


def test_the_clock_knows_approvals_of_the_revision_that_stands(db: sqlite3.Connection) -> None:
    db.executescript("DELETE FROM verdicts; DELETE FROM proposals")
    ended = [(1, 1, "effective", 10), (1, 2, "effective", 20), (1, 2, "effective", 25)]
    ended += [(1, 2, "declined", 30), (1, 2, "void", 31), (2, 2, "effective", 40)]
    for round_id, revision, state, at in ended:
        about = {"subject": "round", "subject_id": round_id, "kind": "approval", "state": state}
        said = dict.fromkeys(("note", "evidence", "proposed_by", "os_user"), "")
        after = f'{{"revision": {revision}}}'
        times = {"proposed_at": 0, "entered_at": 0, "ended_at": at}
        add(db, "proposals", **about, before="{}", after=after, amount_fen=0, **said, **times)
    db.execute("UPDATE rounds SET revision = 2, state = 'approved'")
    assert scheduled(db).approved_at == 25
    db.execute("UPDATE rounds SET revision = 1")
    assert scheduled(db).approved_at == 10
    for state in ("draft", "submitted"):
        db.execute("UPDATE rounds SET state = ?", (state,))
        assert scheduled(db).approved_at is None


def test_the_clock_knows_what_there_is_to_allocate(db: sqlite3.Connection) -> None:
    assert scheduled(db).to_allocate == ""
    enlist(db, 1, A, "poor")
    assert scheduled(db).to_allocate == ""  # a round that one applies for
    apply(db, 1, 1, A, START)
    assert scheduled(db).to_allocate == "1 9 4"  # last file, rows accepted, packs
    db.execute(ADD_BATCH, (3, "eligibility", 1))
    db.execute(ADD_BATCH, (4, "eligibility", 2))
    db.execute(ADD_BATCH, (5, "claims", 1))
    assert scheduled(db).to_allocate == "3 18 4"
    db.execute("UPDATE batches SET state = 'undone' WHERE batch_id = 3")
    assert scheduled(db).to_allocate == "1 9 4"
    assert grants.take(db, 1, 4)
    assert scheduled(db).to_allocate == ""  # nothing is left
    assert scheduled(db, 2).to_allocate == ""  # nobody applied there
    db.execute("UPDATE rounds SET mode = 'targeted'")
    assert scheduled(db, 2).to_allocate == "1 9 99"
    assert scheduled(db, 3).to_allocate == ""  # no list of its programme


def test_the_clock_knows_amendments_and_orders(session: Session) -> None:
    db = session.db
    for kind, is_effective in (("reduce", True), ("pause", True), ("reschedule", False)):
        proposals.add(session, ONE, kind, {}, {}, is_effective=is_effective)
    db.execute("UPDATE proposals SET ended_at = 99 WHERE kind = 'pause'")
    db.execute("UPDATE proposals SET ended_at = 50 WHERE kind = 'reduce'")
    for number, terms in ((1, "x"), (2, "y")):
        values = {"round_id": 1, "number": number, "terms_sha256": terms, "document": ""}
        add(db, "issuance_orders", **values, sheet="", ordered_at=0)
    ((round_, terms),) = schedule.list_rounds(db, None, 1)
    assert round_.amended_at == 50
    assert (terms, round_.was_ordered) == ("y", True)
    ((other, terms),) = schedule.list_rounds(db, None, 2)
    assert (other.amended_at, terms, other.was_ordered) == (0, "", False)


def test_a_job_is_done_once_for_its_round_and_key(db: sqlite3.Connection) -> None:
    assert schedule.note_done(db, "open", 1, "", 10, 15)
    assert not schedule.note_done(db, "open", 1, "", 10, 16)
    assert schedule.note_done(db, "remind", None, "x", 20, 15)  # not before it is done
    asked = [("open", 1, ""), ("open", 2, ""), ("open", 1, "x"), ("close", 1, "")]
    asked += [("remind", None, "x"), ("remind", 1, "x")]
    assert [schedule.is_done(db, *each) for each in asked] == [
        True,
        False,
        False,
        False,
        True,
        False,
    ]
    rows = db.execute("SELECT due_at, done_at FROM deeds ORDER BY deed_id")
    assert list(map(tuple, rows)) == [(10, 15), (15, 15)]


def test_the_heart_keeps_its_longest_gap_and_its_latest_job(db: sqlite3.Connection) -> None:
    assert schedule.read_heartbeat(db) is None
    for at, late in ((100, None), (160, 7), (400, 3), (460, None)):
        values = {"at": at, "entered_at": at, "host": f"h{at}", "os_user": "u", "failed": at % 7}
        schedule.note_beat(db, **values, deed_at=late and at, late=late)
    assert schedule.read_heartbeat(db) == (460, 3, 4, "h460", "u", 460 % 7, 7, 240, None)
    assert db.execute("SELECT last_deed_at FROM heartbeat").fetchone()[0] == 400


# ---------------------------------------------------------------- suspensions


def test_a_suspension_ends_where_it_is_ended_and_not_before_it_began(
    db: sqlite3.Connection,
) -> None:
    shops(db)
    suspensions.begin(db, 1, 10, "first", "mei")
    suspensions.begin(db, 2, 15, "other", "mei")
    assert suspensions.overlapping(db, 1, 5) is not None
    suspensions.end(db, 1, 20)
    assert suspensions.overlapping(db, 1, 19) is not None
    assert suspensions.overlapping(db, 1, 20) is None
    assert suspensions.standing(db, 1) is None
    suspensions.begin(db, 1, 30, "second", "mei")
    suspensions.end(db, 1, 25)  # taken back before it began: it never was
    results = [
        (each.from_at, each.until_at, each.reason) for each in suspensions.of_merchant(db, 1)
    ]
    assert results == [(10, 20, "first"), (30, 30, "second")]
    assert suspensions.overlapping(db, 1, 21) is None
    standing = suspensions.standing(db, 2)
    assert standing is not None and standing.until_at is None


def test_the_missing_are_suspended_once_and_reinstated_when_they_come_back(
    db: sqlite3.Connection,
) -> None:
    shops(db)
    suspensions.begin(db, 1, 10, "by hand", "mei")
    suspensions.begin(db, 2, 50, "from later on", "mei")
    suspensions.end(db, 2, 60)

    def missing(batch: int, at: int) -> int:
        return suspensions.begin_missing(db, batch, [1, 2, 3], at=at, reason="gone", actor="mei")

    assert missing(1, 20) == 2
    assert missing(2, 21) == 0
    db.execute("CREATE TEMP TABLE incoming_merchants (merchant_no TEXT, reason TEXT)")
    db.execute(
        "INSERT INTO incoming_merchants VALUES ('M1', NULL), ('M2', 'duplicate'), ('M3', 'bad_row')"
    )
    assert suspensions.end_returned(db, 2, 30) == 1  # M1 was suspended by hand, M3 is not read
    spans = "SELECT merchant_id, from_at, until_at, ended_by FROM suspensions ORDER BY 1, 2"
    after = [(1, 10, None, None), (2, 20, 30, 2), (2, 50, 60, None), (3, 20, None, None)]
    assert list(map(tuple, db.execute(spans))) == after
    suspensions.take_back(db, 2)
    assert tuple(db.execute(spans).fetchall()[1]) == (2, 20, None, None)
    suspensions.take_back(db, 1)
    assert [row[0] for row in db.execute(spans)] == [1, 2]


def test_payments_are_counted_from_the_second_of_a_suspension(db: sqlite3.Connection) -> None:
    shops(db)
    rows = [(1, 1, 100, None), (2, 1, 200, None), (3, 1, 300, 1), (4, 2, 400, None)]
    for number, merchant, at, refund_of in rows:
        db.execute(PAYMENT, (number, f"T{number}", number, 1, merchant, at, 1, refund_of))
    transaction_numbers.keep_written(db, 0, [(1, len(rows))])
    assert [suspensions.paid_since(db, 1, at) for at in (100, 101, 200, 201)] == [2, 1, 1, 0]


# ---------------------------------------------------------------- numbers and money


def test_a_run_holds_numbers_of_one_batch_without_a_gap(db: sqlite3.Connection) -> None:
    for number, at in ((1, 50), (2, 40), (3, 60), (5, 70), (6, 65)):
        db.execute(PAYMENT, (number, f"T{number}", number, 1, 1, at, 1, None))
    transaction_numbers.keep_written(db, 1, [(1, 3), (2, 1)])
    runs = db.execute(
        "SELECT first_id, last_id, batch_id, first_paid_at, last_paid_at, length(keys)"
        " FROM redemption_runs"
    )
    assert list(map(tuple, runs)) == [
        (2, 3, 1, 40, 60, 8),
        (5, 5, 1, 70, 70, 4),
        (6, 6, 2, 65, 65, 4),
    ]
    assert transaction_numbers.last_id(db) == 6
    db.execute("DELETE FROM redemptions WHERE redemption_id IN (2, 3, 5)")
    transaction_numbers.drop_empty(db)
    assert [row[0] for row in db.execute("SELECT first_id FROM redemption_runs")] == [6]


@pytest.mark.parametrize("long_run", [0, 1 << 40])
def test_a_number_is_known_by_its_key_whatever_its_last_bits(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, long_run: int
) -> None:
    pytest.importorskip("numpy")
    monkeypatch.setattr(transaction_numbers, "LONG_RUN", long_run)
    numbers = ("16777215", "33554431", "16777216", "0", "x")  # 2**24 - 1, 2**25 - 1, 2**24
    for number, text in enumerate(numbers, 1):
        db.execute(PAYMENT, (number, text, number, 1, 1, 0, 1, None))
    transaction_numbers.keep_written(db, 0, [(1, len(numbers))])
    for number, text in enumerate(numbers, 1):
        transaction_numbers.find_standing(db, [text, "none of them"])
        assert [row[0] for row in db.execute("SELECT redemption_id FROM standing_numbers")] == [
            number
        ]
    assert transaction_numbers.key("9994294967295") == 2**32 - 1
    assert transaction_numbers.key("4294967296") == 0


SOLE = (1024 + 1, "T1", 1, 4_500, START)
FACT = {
    "transaction_no": "T1",
    "claim_id": 1,
    "coupon_no": 1,
    "use_no": 1,
    "merchant_id": 1,
    "segment_id": 1,
    "channel": 0,
    "paid_at": START,
    "day": 20200327,
    "base_fen": 4_500,
    "merchant_discount_fen": 5,
    "split_id": 1,
    "refund_of": None,
    "line": 1,
}


def pay(db: sqlite3.Connection, number: int, **other: Any) -> None:
    if number == 1:
        amounts = {"before_fen": 0, "after_fen": 1_000, "public_fen": 1_000}
        amounts |= {"platform_fen": 0, "match_fen": 0, "stays": 0}
        add(db, "splits", split_id=1, round_id=1, **amounts)
    values = FACT | other
    voucher = 1024 * values.pop("claim_id") + values.pop("coupon_no")
    undone = {name: values.pop(name, 0) for name in ("vouchers", "spent", "floor_fen")}
    batch_id, at = values.pop("batch_id", 1), values["paid_at"]
    add(db, "redemptions", redemption_id=number, voucher=voucher, **values)
    if values["refund_of"]:
        add(db, "refunds", redemption_id=number, **undone)
    db.execute("DELETE FROM redemption_runs WHERE first_id = ?", (number,))
    keys = transaction_numbers.key(values["transaction_no"]).to_bytes(4, "little")
    transaction_numbers.keep(db, batch_id, number, keys, (at, at))


@pytest.mark.parametrize(
    ("place", "value", "answer"),
    [
        (0, 2 * 1024 + 1, (3, 1_000)),  # that voucher has a payment of the same number
        (0, 1024 + 2, (2, 1_000)),
        (0, 1024 + 3, None),
        (1, "T2", None),
        (2, 2, None),
        (3, 4_501, None),
        (4, START - 1, None),
        (4, START, (1, 1_000)),
        (4, START + 1, (1, 1_000)),
    ],
)
def test_a_refund_finds_the_payment_that_is_alone_on_its_voucher(
    db: sqlite3.Connection, place: int, value: Any, answer: Any
) -> None:
    pay(db, 1)
    pay(db, 2, coupon_no=2)
    pay(db, 3, claim_id=2)
    asked = [*SOLE]
    asked[place] = value
    assert proved_redemptions.sole_payment(db, tuple(asked)) == answer
    pay(db, 4, use_no=2, transaction_no="R1", refund_of=1)
    pay(db, 5, use_no=2, claim_id=2, transaction_no="T5")
    pay(db, 6, use_no=2, coupon_no=2, transaction_no="T6")
    assert proved_redemptions.sole_payment(db, tuple(asked)) is None


SAID = (1024 + 1, "T1", 1, START, 4_500, 5, 1_000)
OTHERS = (3 * 1024 + 1, "T2", 2, START + 1, 4_501, 6, 999)


def test_a_payment_is_a_duplicate_of_one_that_is_alike_in_everything(
    db: sqlite3.Connection,
) -> None:
    pay(db, 1)
    pay(db, 2, claim_id=2)
    pay(db, 3, claim_id=2, use_no=2, transaction_no="R1", refund_of=2)
    rows = [(place, *SAID[:place], other, *SAID[place + 1 :]) for place, other in enumerate(OTHERS)]
    rows += [(20, *SAID), (21, 2 * 1024 + 1, *SAID[1:])]
    rows += [(22, 2 * 1024 + 1, "R1", *SAID[2:])]
    assert duplicates.add_said(db, "redemptions", 2, rows) == {20, 21}
    assert kept_duplicates(db) == [(2, 20, 1, 1), (2, 21, 1, 1)]


def test_visits_are_the_payments_of_a_span_of_time(db: sqlite3.Connection) -> None:
    claim(db, 1, 1, A, START)
    claim(db, 2, 1, B, START)
    for number, claim_id, merchant_id, at, refund_of in (
        (1, 1, 1, 100, None),
        (2, 2, 2, 200, None),
        (3, 1, 1, 150, 1),
        (5, 1, 3, 300, None),
    ):
        also: dict[str, Any] = {"merchant_id": merchant_id, "paid_at": at, "refund_of": refund_of}
        pay(db, number, claim_id=claim_id, use_no=number, transaction_no=f"T{number}", **also)
    first, second, third = ((A, 1, 20200327), (B, 2, 20200327), (A, 3, 20200327))
    spans = {
        (0, 100): [],
        (0, 101): [first],
        (100, 200): [first],
        (101, 201): [second],
        (101, 300): [second],
        (200, 301): [second, third],
        (201, 300): [],
        (300, 400): [third],
        (301, 400): [],
    }
    assert {span: proved_redemptions.visits(db, *span, [1]) for span in spans} == spans
    assert proved_redemptions.visits(db, 0, 400, [2]) == []
    since = {1: [first, second, third], 2: [second, third], 3: [third], 5: [third], 6: []}
    assert {number: proved_redemptions.visits_since(db, number) for number in since} == since


def test_visits_over_the_limit_of_their_day_are_found_by_day_and_shop(
    db: sqlite3.Connection,
) -> None:
    shops(db)
    for number, resident in enumerate((A, A, B, C), 1):
        claim(db, number, 1 if number != 2 else 2, resident, START)
    db.execute("DELETE FROM limit_steps")
    on_27 = START - 8 * 3_600  # midnight
    for name, at, most in (("week", 0, 9), (limits.PER_VISIT, 0, 2), (limits.PER_VISIT, on_27, 1)):
        add(db, "limit_steps", programme_id=1, name=name, from_at=at, most=most)
    add(db, "limit_steps", programme_id=2, name=limits.PER_VISIT, from_at=0, most=1)
    uses = (
        # of A at M2 on the 28th, with packs of two rounds, and at M1 on the 29th, with one
        (1, 1, 1, 2, 28, None),
        (2, 2, 1, 2, 28, None),
        (3, 1, 2, 1, 29, None),
        (4, 1, 1, 1, 29, None),
        # of B one voucher, returned and used again; and of another day
        (5, 3, 1, 1, 28, None),
        (6, 3, 1, 1, 28, 5),
        (7, 3, 1, 1, 28, None),
        (8, 3, 2, 1, 29, None),
        # of C at another shop each, on the day of M1
        (9, 4, 1, 1, 29, None),
        (10, 4, 2, 2, 29, None),
        # of B two on the 26th, when two were allowed
        (11, 3, 1, 3, 26, None),
        (12, 3, 2, 3, 26, None),
    )
    for number, claim_id, coupon_no, shop, day, refund_of in uses:
        also: dict[str, Any] = {"merchant_id": shop, "refund_of": refund_of, "use_no": number}
        also |= {"paid_at": START + (day - 27) * DAY, "day": 20200300 + day}
        number_ = {"transaction_no": f"T{number:02}", "coupon_no": coupon_no}
        pay(db, number, claim_id=claim_id, **number_, **also)
    found = store_limits.crowded_visits(db, 1, 0, towns.ZONE)
    assert found == [("M2", 20200328, 2, "T02"), ("M1", 20200329, 2, "T04")]
    at_29 = START + 2 * DAY
    assert store_limits.crowded_visits(db, 1, at_29, towns.ZONE) == found[1:]
    assert store_limits.crowded_visits(db, 1, at_29 + 1, towns.ZONE) == []
    assert store_limits.crowded_visits(db, 2, 0, towns.ZONE) == []


def test_only_the_first_payment_of_a_voucher_is_written(db: sqlite3.Connection) -> None:
    pay(db, 1, claim_id=2)
    pay(db, 2, claim_id=2, coupon_no=2)
    assert proved_redemptions.next_id(db) == 3
    rows = [
        {"claim_id": 1, "coupon_no": 2, "line": 2},
        {"claim_id": 2, "coupon_no": 1, "line": 3},
        {"claim_id": 2, "coupon_no": 3, "line": 4},
        {"claim_id": 2, "coupon_no": 2, "line": 5},
    ]
    for row in rows:
        row["voucher"] = 1024 * row["claim_id"] + row["coupon_no"]
    columns = [[(FACT | row)[name] for row in rows] for name in proved_redemptions.COLUMNS]
    assert proved_redemptions.add(db, 3, columns) == [4, 6]
    written = "SELECT redemption_id, claim_id, coupon_no, use_no, line FROM redemptions"
    assert list(map(tuple, db.execute(written + " WHERE redemption_id > 2 ORDER BY 1"))) == [
        (3, 1, 2, 1, 2),
        (5, 2, 3, 1, 4),
    ]
    back = {"before_fen": 1_000, "after_fen": 0, "public_fen": -1_000}
    back |= {"platform_fen": 0, "match_fen": 0, "stays": 0}
    add(db, "splits", split_id=2, round_id=1, **back)
    refund = FACT | {"transaction_no": "R3", "voucher": 1024 + 2, "payment_id": 3, "line": 9}
    refund |= {"base_fen": -FACT["base_fen"], "split_id": 2}
    refund |= {"vouchers": -1, "spent": -1, "floor_fen": -4_000}
    columns, undone = (
        [[refund[name]] for name in names]
        for names in (proved_redemptions.REFUND_COLUMNS, proved_redemptions.UNDONE_COLUMNS)
    )
    proved_redemptions.add_refunds(db, 7, columns, undone)
    last = "SELECT redemption_id, claim_id, coupon_no, use_no, refund_of FROM redemptions"
    assert tuple(db.execute(last + " WHERE line = 9").fetchone()) == (7, 1, 2, 2, 3)
    assert [*map(tuple, db.execute("SELECT * FROM refunds"))] == [(7, -1, -1, -4_000)]
    db.execute("DELETE FROM redemptions WHERE line = 9")
    assert db.execute("SELECT count(*) FROM refunds").fetchone()[0] == 0


def test_merchants_that_were_ever_suspended_are_left_to_the_judge(db: sqlite3.Connection) -> None:
    shops(db)
    add(db, "merchants", merchant_id=4, merchant_no="M\n4", segment_id=1, added_at=0, changed_at=0)
    db.execute("UPDATE merchants SET platform_no = 'P' WHERE merchant_id <> 3")
    db.execute("UPDATE merchants SET is_registered = 0 WHERE merchant_id = 3")
    assert proved_redemptions.merchants(db) == ("1,2,3", "M1\nM2\nM3", "1,1,1", "1,1,0")
    assert proved_redemptions.platform_numbers(db) == [("P", "M1")]
    suspensions.begin(db, 2, 100, "", "")
    suspensions.end(db, 2, 101)
    assert proved_redemptions.merchants(db) == ("1,3", "M1\nM3", "1,1", "1,0")


def test_claims_of_a_round_are_read_as_columns(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, round_id, at in ((1, 1, 10), (2, 2, 20), (4, 1, 30), (5, 1, 40), (7, 2, 50)):
        claim(db, number, round_id, bytes([number]) * 16, at)
    db.execute("UPDATE claims SET claim_no = 'C' || char(10) WHERE claim_id = 5")

    def texts(number: int, at: int) -> tuple[str, ...]:
        return str(number), f"C{number}", f"0{number}" * 8, str(at), str(at + DAY)

    both = ("1,4", "C1\nC4", "01" * 8 + "04" * 8, "10,30", f"{DAY + 10},{DAY + 30}")
    assert list(proved_redemptions.claims(db, 1)) == [both]
    assert list(proved_redemptions.claims(db, 3)) == []
    monkeypatch.setattr(proved_redemptions, "CLAIMS_AT_ONCE", 1)
    assert list(proved_redemptions.claims(db, 1)) == [texts(1, 10), texts(4, 30)]
    assert list(proved_redemptions.claims(db, 2)) == [texts(2, 20), texts(7, 50)]


def test_a_split_is_that_of_its_round_and_of_both_amounts(db: sqlite3.Connection) -> None:
    def parts(round_id: int, amount_fen: int) -> redemptions.Split:
        match_fen = amount_fen * round_id // 10
        return redemptions.Split(amount_fen, 0, match_fen, {1: amount_fen}, {2: match_fen})

    changes = [
        *[(1, 0, 1_000, 0), (2, 0, 1_000, 0), (1, 400, 1_000, 0), (1, 0, 400, 0)],
        *[(1, 1_000, 0, 0), (1, 1_000, 0, 1)],  # back to the funders, or staying: only the match
    ]
    for _ in range(2):  # what is known keeps its number
        for number, change in enumerate(changes, 1):
            assert redemptions.splits(db, [change], parts)[change][0] == number
    kept = db.execute("SELECT split_id, public_fen, match_fen FROM splits ORDER BY split_id")
    assert list(map(tuple, kept)) == [
        (1, 1_000, 100),
        (2, 1_000, 200),
        (3, 600, 60),
        (4, 400, 40),
        (5, -1_000, -100),
        (6, -1_000, -100),
    ]
    shares = db.execute("SELECT funder_id, amount_fen FROM split_parts ORDER BY split_id")
    assert list(map(tuple, shares)) == [
        *((1, amount) for amount in (1_000, 1_000, 600, 400, -1_000)),
        (2, -100),
    ]


@pytest.mark.parametrize("accounts", [("uncommitted", "elsewhere"), ("elsewhere", "uncommitted")])
def test_money_moves_between_accounts_of_the_ledger_only(
    db: sqlite3.Connection, accounts: tuple[str, str]
) -> None:
    with pytest.raises(AssertionError, match="elsewhere"):
        ledger.post(db, 1, None, *accounts, 100, "test", 0)


def fund(db: sqlite3.Connection) -> None:
    """A funder (9) who has given nothing yet."""
    add(db, "funders", funder_id=9, programme_id=1, funder="fund", kind="public", position=9)


def test_only_a_short_fund_is_called_short(db: sqlite3.Connection) -> None:
    fund(db)
    ledger.post(db, 9, None, "appropriated", "uncommitted", 100, "fund", 0)
    ledger.post(db, 9, 1, "uncommitted", "committed", 100, "r", 0)
    with pytest.raises(VoucherError) as refused:
        ledger.post(db, 9, 1, "uncommitted", "committed", 1, "r", 0)
    assert refused.value.code == "fund_short"
    for accounts, amount in ((("committed", "committed"), 1), (("committed", "uncommitted"), -1)):
        with pytest.raises(sqlite3.IntegrityError):
            ledger.post(db, 9, 1, *accounts, amount, "r", 0)
    assert [ledger.balance(db, 9, name) for name in ("uncommitted", "committed")] == [0, 100]


def test_the_balance_of_a_round_is_its_own(db: sqlite3.Connection) -> None:
    fund(db)
    before = ledger.last(db)
    ledger.post(db, 9, None, "appropriated", "uncommitted", 1_000, "fund", 0)
    ledger.post(db, 9, 1, "uncommitted", "committed", 300, "r", 0)
    ledger.post(db, 9, 2, "uncommitted", "committed", 200, "earlier", 0)
    ledger.post(db, 9, 1, "committed", "uncommitted", 50, "r", 0)
    ledger.post(db, 2, None, "appropriated", "uncommitted", 7, "another funder", 0)
    ledger.post(db, 9, 1, "committed", "uncommitted", 0, "nothing", 0)
    accounts = ("appropriated", "uncommitted", "committed")
    assert [ledger.balance(db, 9, account) for account in accounts] == [-1_000, 550, 450]
    assert [ledger.balance(db, 9, "committed", number) for number in (1, 2, 3)] == [250, 200, 0]
    assert ledger.last(db) == before + 5


# ---------------------------------------------------------------- what gave way


JUDGED = """
CREATE TABLE judged (place, batch_id, line, transaction_no, kind, reason, merchant_no, subsidy_fen,
    claim_id, coupon_no, refund_of, paid_at, stands)
"""


def test_what_gives_way_is_worth_what_its_refunds_left_and_goes_to_the_last_before_it() -> None:
    db = sqlite3.connect(":memory:")
    db.execute(JUDGED)
    gone = "already_redeemed"
    rows = (
        (1, 4, 2, "T1", "pay", gone, "M1", 1000, 7, 1, "", 100, 1),
        (2, 4, 3, "F1", "refund", gone, "M1", 300, 7, 1, "T1", 120, 1),
        (3, 5, 2, "F2", "refund", gone, "M1", 40, 7, 1, "T1", 130, 0),  # never stood
        (4, 4, 4, "F3", "refund", None, "M1", 500, 7, 1, "T0", 50, 1),  # of another payment
        (5, 4, 5, "F1", "refund", None, "M1", 60, 8, 1, "T1", 50, 1),  # on another voucher
        (6, 5, 3, "T2", "pay", None, "M2", 1000, 7, 1, "", 80, 0),
        (7, 5, 4, "T3", "pay", None, "M3", 1000, 7, 1, "", 90, 0),
        (8, 5, 5, "T4", "pay", None, "M4", 1000, 7, 1, "", 110, 0),  # later
        (9, 4, 6, "T5", "pay", None, "M5", 1000, 7, 1, "", 95, 1),  # stood before
        (10, 4, 7, "T6", "pay", "transaction_reused", "M1", 900, 9, 1, "", 200, 1),
        (11, 5, 6, "T6", "pay", None, "M6", 900, 9, 2, "", 200, 0),  # with its number
    )
    marks = ",".join("?" * len(rows[0]))
    db.executemany(f"INSERT INTO judged VALUES ({marks})", rows)
    assert reopening.moved(db) == [
        Moved(4, 2, "T1", "pay", gone, "M1", "M3", 700, 5, 4),
        Moved(4, 3, "F1", "refund", gone, "M1", "", 0, None, None),
        Moved(4, 7, "T6", "pay", "transaction_reused", "M1", "M6", 900, 5, 6),
    ]


@pytest.mark.parametrize(
    ("kind", "to", "amount_fen", "is_so"),
    [
        ("pay", "M2", 1, True),
        ("pay", "", 1, True),
        ("pay", "M1", 1, False),
        ("pay", "M2", 0, False),
        ("refund", "M2", 1, False),
    ],
)
def test_money_moves_where_a_merchant_loses_what_it_was_paid(
    kind: str, to: str, amount_fen: int, is_so: bool
) -> None:
    moved = Moved(1, 2, "T1", kind, "already_redeemed", "M1", to, amount_fen, None, None)
    assert moved.moves_money is is_so
