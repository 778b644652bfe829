"""Claims, applications and payments laid down by hand: which of them are judged again when others
come that may take their place, and how lists show them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import towns
from memory import copied
from test_allocations import DAY
from test_store_answers import (
    ADD_BATCH,
    START,
    A,
    B,
    C,
    D,
    add,
    apply,
    claim,
    enlist,
    lay_down,
    pay,
    shops,
)

from vouchercli.errors import VoucherError
from vouchercli.store import (
    application_reopening,
    applications,
    claim_reopening,
    claims,
    incoming,
    judging,
    persons,
    proved_redemptions,
    redemptions,
    reopening,
    totals,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


@pytest.fixture(scope="module")
def built() -> sqlite3.Connection:
    """Rounds r (1) and earlier (2) of a programme, v (3) of another; batches 1 to 3, of which 2
    granted packs here.
    """
    db = lay_down().db
    db.execute(ADD_BATCH, (3, "claims", 1))
    return db


@pytest.fixture
def db(built: sqlite3.Connection) -> sqlite3.Connection:
    return copied(built)


# ---------------------------------------------------------------- claims


def come(db: sqlite3.Connection, *rows: tuple[str, str, bytes, int], reason: Any = None) -> None:
    """Rows of claims that come in: claim_no, round, resident, claimed_at."""
    db.execute(claims.CREATE_INCOMING)
    for place, row in enumerate(rows, 1):
        db.execute(claims.ADD_INCOMING, (place, 1, place, "[]", reason, "{}", *row, "", None))


def staged(db: sqlite3.Connection) -> list[int]:
    """The claims that are judged again; the rest stands."""
    again = db.execute("SELECT claim_id FROM incoming_claims WHERE claim_id > 0 ORDER BY 1")
    numbers = [row[0] for row in again]
    assert not {row[0] for row in db.execute("SELECT claim_id FROM claims")} & {*numbers}
    return numbers


@pytest.mark.parametrize(
    ("is_beyond", "reason", "again"),
    [(False, None, [1, 5]), (True, None, [1, 2, 5]), (True, "bad_time", [])],
)  # of the own batch: its rows come together
def test_a_claim_is_judged_again_with_its_number_and_its_resident(
    db: sqlite3.Connection, is_beyond: bool, reason: str | None, again: list[int]
) -> None:
    db.execute("UPDATE rounds SET packs = 99")
    for number, round_id, resident in ((1, 1, A), (2, 2, A), (3, 3, A), (4, 1, B), (5, 2, D)):
        claim(db, number, round_id, resident, START)
    come(db, ("new", "r", A, START + 5), ("C5", "r", C, START + 5), reason=reason)
    claim_reopening.reopen(db, 1, 1, is_beyond=is_beyond)
    assert staged(db) == again


@pytest.mark.parametrize("is_beyond", [False, True])
def test_a_claim_that_stands_is_judged_again_with_its_number_alone(
    db: sqlite3.Connection, is_beyond: bool
) -> None:
    db.execute("UPDATE rounds SET packs = 99")
    persons.join(db, 1, [(A, B)])
    for number, round_id, resident in ((1, 1, A), (2, 2, A), (3, 1, B), (5, 2, D)):
        claim(db, number, round_id, resident, START)
    come(db, ("new", "r", A, START + 5), ("C5", "r", C, START + 5))
    claim_reopening.reopen(db, 1, None, is_beyond=is_beyond)
    assert staged(db) == [5]
    assert db.execute("SELECT sum(stands) FROM incoming_claims").fetchone()[0] == 1


@pytest.mark.parametrize(("is_beyond", "again"), [(False, [1, 2, 7]), (True, [1, 2, 4, 5, 6, 7])])
def test_claims_of_one_person_are_judged_again_together(
    db: sqlite3.Connection, is_beyond: bool, again: list[int]
) -> None:
    db.execute("UPDATE rounds SET packs = 99")
    persons.join(db, 1, [(A, B)])
    persons.join(db, 2, [(A, C)])  # in the other round A is one with C
    rows = ((1, 1, A), (2, 1, B), (3, 1, D), (4, 2, A), (5, 2, B), (6, 2, C), (8, 2, D))
    for number, round_id, resident in rows:
        claim(db, number, round_id, resident, START)
    claim(db, 7, 1, B, START + 1)
    claim(db, 9, 1, A, START + 1, batch_id=2)  # granted here
    come(db, ("new", "r", A, START + 5))
    claim_reopening.reopen(db, 1, 1, is_beyond=is_beyond)
    assert staged(db) == again


# the last of the round's own are 4 and 2; 3 was granted here
FULL = ((1, START + 10, 1), (2, START + 20, 1), (3, START + 30, 2), (4, START + 40, 3))


@pytest.mark.parametrize(
    ("packs", "only", "again"),
    [
        (7, None, []),  # there is room for all
        (6, None, [2, 4]),  # two of the three are earlier than the last
        (4, None, [2, 4]),
        (4, 1, [2]),  # one is earlier than the last of the first file
        (4, 3, [4]),
    ],
)
def test_the_last_of_a_full_round_are_judged_again_with_earlier_ones(
    db: sqlite3.Connection, packs: int, only: int | None, again: list[int]
) -> None:
    db.execute("UPDATE rounds SET packs = ? WHERE round_id = 1", (packs,))
    for number, at, batch in FULL:
        claim(db, number, 1, bytes([number]) * 16, at, batch_id=batch)
    claim(db, 5, 2, B, START + 50)
    come(
        db,
        ("X1", "r", A, START + 15),
        ("C39", "r", B, START + 40),  # before C4 by its number
        ("C41", "r", C, START + 40),
        ("X4", "earlier", D, START),
    )
    claim_reopening.reopen(db, 1, only, is_beyond=False)
    assert staged(db) == again


def test_a_claim_that_is_judged_again_says_what_its_file_said(db: sqlite3.Connection) -> None:
    claim(db, 1, 1, A, START, line=7, batch_id=3)
    claim(db, 2, 1, B, START + 1, line=5, batch_id=3)
    claim(db, 3, 1, C, START + 1, line=9, batch_id=1)
    come(db, *((f"C{number}", "r", A, START + 9) for number in (1, 2, 3)))
    claim_reopening.reopen(db, 1, None, is_beyond=False)
    rows = db.execute(
        "SELECT place, batch_id, line, claim_no, round, resident, claimed_at, round_id, claim_id"
        " FROM incoming_claims WHERE claim_id > 0 ORDER BY place"
    )
    assert list(map(tuple, rows)) == [
        (-3, 1, 9, "C3", "r", C, START + 1, 1, 3),
        (-2, 3, 5, "C2", "r", B, START + 1, 1, 2),
        (-1, 3, 7, "C1", "r", A, START, 1, 1),
    ]
    (cells,) = db.execute("SELECT cells FROM incoming_claims WHERE claim_id = 2").fetchone()
    assert json.loads(cells) == {
        "claim_no": "C2",
        "round": "r",
        "resident": f"token:{B.hex()}",
        "claimed_at": "2020-03-27T00:00:01Z",
    }


REPEATS = (  # number, file, reason, at; and what becomes of the reason
    (("N1", 1, "refused", 5), "refused"),
    (("N1", 2, "duplicate", 5), "refused"),
    (("N1", 3, "duplicate", 5), "refused"),
    (("N1", 1, "duplicate", 5), "duplicate"),  # of its own file's row
    (("N1", 2, "duplicate", 6), "duplicate"),  # of another second
    (("N1", 2, None, 5), None),
    (("N2", 2, "duplicate", 5), "refused"),
    (("N2", 3, "duplicate", 5), "refused"),
    (("N2", 1, "refused", 5), "refused"),
    (("N3", 2, "duplicate", 5), "duplicate"),
    (("N3", 1, None, 5), None),
    (("N3", 3, "duplicate", 5), "duplicate"),
)


@pytest.mark.parametrize(
    ("create", "statement", "table", "number", "at"),
    [
        (
            claims.CREATE_INCOMING,
            claims.REFUSE_REPEATS,
            "incoming_claims",
            "claim_no",
            "claimed_at",
        ),
        (
            applications.CREATE_INCOMING,
            applications.REFUSE_REPEATS,
            "incoming_applications",
            "application_no",
            "applied_at",
        ),
    ],
)
def test_a_row_that_repeats_a_refused_one_of_another_file_is_refused(
    db: sqlite3.Connection, create: str, statement: str, table: str, number: str, at: str
) -> None:
    db.execute(create)
    for place, ((code, batch, reason, second), _) in enumerate(REPEATS, 1):
        values = {number: code, "batch_id": batch, "reason": reason, at: second}
        add(db, table, place=place, line=place, round="r", resident=A, **values)
    for place, other in enumerate(({"round": "earlier"}, {"resident": B}), 20):
        values = {"round": "r", "resident": A, number: "N1", at: 5} | other
        add(db, table, place=place, batch_id=2, reason="duplicate", **values)
    db.execute(statement)
    reasons = [row[0] for row in db.execute(f"SELECT reason FROM {table} ORDER BY place")]
    assert reasons == [*(reason for _, reason in REPEATS), "duplicate", "duplicate"]


# ---------------------------------------------------------------- applications

PUBLISHED = {"published_at": START, "entrants_sha256": "e" * 64, "strata": "[]"}
DRAWN = {"round_id": 1, "seed_sha256": "s" * 64, "sealed_seed": b"s" * 32, "public_source": ""}
DRAWN |= {"committed_by": "", "committed_at": 0, "strata_fixed_at": 0}


@pytest.mark.parametrize("is_published", [False, True])
def test_an_application_is_judged_again_with_its_number(
    db: sqlite3.Connection, is_published: bool
) -> None:
    for number, round_id, code, batch in (
        (1, 1, "N1", 1),
        (2, 1, "N2", 1),
        (3, 2, "N1", 1),
        (4, 1, "N4", 1),
        (5, 1, "N5", 1),
        (6, 1, "N6", 3),  # of another file
        (7, 1, "N7", 1),
        (8, 1, "N8", 1),
    ):
        resident = bytes([number]) * 16
        apply(db, number, round_id, resident, START, application_no=code, batch_id=batch)
    claim(db, 1, 1, bytes([4]) * 16, START, line=4, batch_id=2)  # it has its pack
    claim(db, 2, 1, bytes([5]) * 16, START, line=5)  # the fifth line of a file
    claim(db, 3, 1, bytes([7]) * 16, START, line=8, batch_id=2)  # for another application
    claim(db, 4, 2, bytes([8]) * 16, START, line=8, batch_id=2)  # of another round
    db.execute(applications.CREATE_INCOMING)
    for place, code in enumerate(("N1", "N2", "N4", "N5", "N6", "N7", "N8"), 1):
        values = {"place": place, "round": "r", "application_no": code}
        reason = "bad_time" if code == "N2" else None
        add(db, "incoming_applications", **values, reason=reason)
    published = PUBLISHED if is_published else dict.fromkeys(PUBLISHED)
    also = {"strata_fixed_at": 0 if is_published else None}
    add(db, "draws", **DRAWN | also | published)
    application_reopening.reopen(db, 1, 1)
    again = db.execute("SELECT application_id FROM incoming_applications ORDER BY 1")
    numbers = [row[0] for row in again if row[0]]
    assert numbers == ([] if is_published else [1, 5, 7, 8])
    rest = [row[0] for row in db.execute("SELECT application_id FROM applications ORDER BY 1")]
    assert rest == [number for number in range(1, 9) if number not in numbers]


@pytest.mark.parametrize(
    ("at", "reasons"),
    [
        (START + 1, {"old": None, "new": "application_reused"}),
        (START - 1, {"old": "application_reused", "new": None}),
    ],
)  # the number is the first one's
def test_an_application_that_was_accepted_is_asked_about_its_number_alone(
    db: sqlite3.Connection, at: int, reasons: dict[str, str | None]
) -> None:
    """Its list, or the times of its round, may have changed since."""
    db.execute("UPDATE rounds SET registration_opens_at = ? WHERE round_id = 1", (START - 9,))
    db.execute("UPDATE rounds SET resident_group = 'medics' WHERE round_id = 1")
    apply(db, 1, 1, A, START, application_no="N1", batch_id=1)  # A is on no list any more
    enlist(db, 1, B, "medics")
    db.execute(applications.CREATE_INCOMING)
    new = {"round": "r", "application_no": "N1", "resident": B, "applied_at": at}
    add(db, "incoming_applications", place=1, batch_id=1, line=2, **new)
    application_reopening.reopen(db, 1, 1)
    applications.judge(db, 1)
    told = db.execute("SELECT application_id, reason FROM incoming_applications").fetchall()
    assert {"old" if number else "new": reason for number, reason in told} == reasons


def test_applications_are_taken_back_unless_a_pack_or_a_published_list_stands_on_them(
    db: sqlite3.Connection,
) -> None:
    for number, round_id, batch in ((1, 1, 1), (2, 2, 1), (3, 2, 3)):
        apply(db, number, round_id, A, START, batch_id=batch)
        identity = {"round_id": round_id, "kind": "device", "token": bytes([number]) * 16}
        add(db, "application_identities", application_id=number, **identity)
    claim(db, 7, 1, A, START, line=1)  # the first line of a file
    claim(db, 8, 1, A, START, line=2, batch_id=2)  # the pack of another round's line
    claim(db, 9, 2, B, START, line=2, batch_id=2)  # of another resident

    def undone(db: sqlite3.Connection) -> str | list[int]:
        try:
            applications.undo(db, 1)
        except VoucherError as refused:
            return refused.code
        tables = ("applications", "application_identities")
        left = [
            [row[0] for row in db.execute(f"SELECT application_id FROM {table}")]
            for table in tables
        ]
        assert left[0] == left[1]
        return left[0]

    assert undone(copied(db)) == [3]
    granted = copied(db)
    claim(granted, 10, 2, A, START, line=2, batch_id=2)
    assert undone(granted) == "batch_built_upon"
    add(db, "draws", **DRAWN | PUBLISHED | {"round_id": 2})
    assert undone(copied(db)) == "entrants_stand"
    db.execute("DELETE FROM applications WHERE application_id = 2")
    db.execute("DELETE FROM application_identities WHERE application_id = 2")
    assert undone(db) == [3]  # the published list is not theirs


# ---------------------------------------------------------------- payments and refunds

# redemption_id, claim_id, coupon_no, use_no, number, merchant, seconds, refund_of, batch
FACTS = (
    (1, 1, 1, 1, "T1", 1, 0, None, 1),
    (2, 1, 2, 1, "T2", 2, 1, None, 1),
    (3, 1, 2, 2, "R2", 2, DAY, 2, 1),
    (4, 2, 1, 1, "T4", 1, 2, None, 1),
    (5, 2, 2, 1, "T5", 1, DAY, None, 1),
    (6, 3, 1, 1, "T6", 1, 3, None, 1),
    (7, 4, 1, 1, "T7", 1, 4, None, 1),
    (8, 3, 2, 1, "T8", 3, 5, None, 3),
    (9, 3, 2, 2, "R8", 3, 6, 8, 1),
)
# the resident A holds C1 of r, C2 of the earlier round and C4 of another programme; B holds C3
CLAIMS = ((1, 1, A), (2, 2, A), (3, 1, B), (4, 3, A))


@pytest.fixture
def facts(db: sqlite3.Connection) -> sqlite3.Connection:
    """The claims and their payments, of which the merchant M1 is P to a platform."""
    shops(db)
    db.execute("UPDATE merchants SET platform_no = 'P' WHERE merchant_id = 1")
    for number in range(2, 6):
        db.execute(
            "INSERT OR IGNORE INTO coupons SELECT template_id, ?, coupon, kind, denomination_fen,"
            " threshold_fen, percent_bp, full_base_fen, most_base_fen FROM coupons WHERE coupon_no = 1 AND template_id = 1",
            (number,),
        )
    towns.endow(db)
    for number, round_id, resident in CLAIMS:
        claim(db, number, round_id, resident, START - DAY)
    amounts = {"before_fen": 1_000, "after_fen": 0, "public_fen": -1_000}
    add(db, "splits", split_id=2, round_id=1, **amounts, platform_fen=0, match_fen=0, stays=0)
    amounts = {"before_fen": 0, "after_fen": 1_000, "public_fen": 1_000}
    for round_id in (2, 3):
        values = {**amounts, "platform_fen": 0, "match_fen": 0, "stays": 0}
        add(db, "splits", split_id=10 + round_id, round_id=round_id, **values)
    rounds = {number: round_id for number, round_id, _ in CLAIMS}
    for number, claim_id, coupon, use, code, merchant, seconds, refund_of, batch in FACTS:
        put(
            db,
            number,
            claim_id=claim_id,
            coupon_no=coupon,
            use_no=use,
            transaction_no=code,
            merchant_id=merchant,
            paid_at=START + seconds,
            day=20200327 + seconds // DAY,
            refund_of=refund_of,
            batch_id=batch,
            line=number,
            **({} if rounds[claim_id] == 1 else {"split_id": 10 + rounds[claim_id]}),
        )
    keep(db)
    return db


def put(db: sqlite3.Connection, number: int, **values: Any) -> None:
    is_payment = values["refund_of"] is None
    sign = 1 if is_payment else -1
    amounts = {"base_fen": sign * 4_500, "merchant_discount_fen": sign * 5, "split_id": 1}
    if not is_payment:
        amounts |= {"split_id": 2, "vouchers": -1, "spent": -1, "floor_fen": -4_000}
    pay(db, number, **amounts | values)


def keep(db: sqlite3.Connection) -> None:
    """The totals of the facts, as an import keeps them."""
    for split_id, amount in ((1, 1_000), (2, -1_000), (12, 1_000), (13, 1_000)):
        add(db, "split_parts", split_id=split_id, funder_id=1, amount_fen=amount)
    totals.add_written(db, 0)


def row(kind: str, claim_no: str, coupon_no: int, **other: Any) -> dict[str, Any]:
    """A row that comes in: a payment or refund of a voucher at M3."""
    values = {"transaction_no": "new", "kind": kind, "claim_no": claim_no, "coupon_no": coupon_no}
    return (
        values | {"merchant_no": "M3", "platform_no": "", "day": 20200327, "reason": None} | other
    )


def again(
    db: sqlite3.Connection, *rows: dict[str, Any], known: Sequence[str] = (), **asked: Any
) -> list[str]:
    """The numbers of the facts that are judged again with these rows; the rest stands."""
    db.execute(judging.CREATE_INCOMING)
    db.execute(incoming.CREATE_FREED)
    for place, values in enumerate(rows, 1):
        add(db, "incoming_redemptions", place=place, **values)
    usual = {
        "only": None,
        "has_visits": False,
        "has_uses": False,
        "has_serials": False,
        "says_subsidy": True,
    }
    reopening.reopen(db, 1, **usual | asked)
    numbers = [
        each[0]
        for each in db.execute(
            "SELECT transaction_no FROM incoming_redemptions WHERE place > ?", (len(rows),)
        )
    ]
    rest = {each[0] for each in db.execute("SELECT transaction_no FROM redemptions")}
    assert rest == {*known, *(fact[4] for fact in FACTS)} - {*numbers}
    return sorted(numbers)


AT_1, AT_2, AT_P = ({"merchant_no": "M1"}, {"merchant_no": "M2"}, {"platform_no": "P"})
NOWHERE: dict[str, Any] = {"merchant_no": "", "platform_no": ""}


@pytest.mark.parametrize(
    ("come", "asked", "numbers"),
    [
        # the facts of its voucher
        (row("pay", "C1", 1), {}, ["T1"]),
        (row("pay", "C1", 2), {}, ["R2", "T2"]),
        (row("refund", "C1", 2), {}, ["R2", "T2"]),
        (row("pay", "C1", 1, reason="bad_time"), {}, []),
        (row("pay", "C4", 1), {}, []),  # another programme
        (row("pay", "C3", 2), {}, ["R8", "T8"]),
        (row("pay", "C3", 2), {"only": 1}, ["R8"]),
        (row("pay", "C3", 2), {"only": 3}, ["R8", "T8"]),
        # those with its number, of its kind, and what stands on their vouchers
        (row("pay", "C1", 3, transaction_no="T6"), {}, ["T6"]),
        (row("refund", "C1", 3, transaction_no="T6"), {}, []),
        (row("refund", "C1", 3, transaction_no="R2"), {}, ["R2", "T2"]),
        (row("pay", "C1", 3, transaction_no="T7"), {}, []),
        (row("pay", "C1", 3, transaction_no="T6", reason="bad_time"), {}, []),
        # the payments of its resident at the same merchant on the same day
        (row("pay", "C1", 3, **AT_1), {}, []),
        (row("pay", "C1", 3, **AT_1), {"has_visits": True, "only": 1}, ["T1", "T4"]),
        (row("pay", "C1", 3, **NOWHERE | AT_P), {"has_visits": True, "only": 1}, ["T1", "T4"]),
        (row("pay", "C1", 3, **AT_1, day=20200328), {"has_visits": True, "only": 1}, ["T5"]),
        (row("pay", "C1", 3, **AT_2), {"has_visits": True, "only": 1}, ["R2", "T2"]),
        (row("pay", "C1", 3, **AT_2, day=20200328), {"has_visits": True, "only": 1}, []),
        (row("pay", "C3", 3, **AT_1), {"has_visits": True, "only": 1}, ["T6"]),
        (row("pay", "C3", 3, **NOWHERE), {"has_visits": True, "only": 1}, []),
        (row("refund", "C1", 3, **AT_1), {"has_visits": True, "only": 1}, []),
        (row("pay", "C1", 3, **AT_1, reason="bad_time"), {"has_visits": True, "only": 1}, []),
    ],
)
def test_facts_are_judged_again_with_a_row_of_their_voucher_number_or_visit(
    facts: sqlite3.Connection, come: dict[str, Any], asked: dict[str, Any], numbers: list[str]
) -> None:
    assert again(facts, come, **asked) == numbers


@pytest.mark.parametrize(
    ("refunds", "numbers"),
    [
        ([("R6", 3)], []),  # in the second of its payment
        ([("R6", 9), ("R7", 9)], []),
        ([("R7", 9), ("R6", 9)], ["R6", "R7", "T6"]),  # of one second, by their numbers
        ([("R7", 9), ("R6", 8)], ["R6", "R7", "T6"]),
    ],
)
def test_a_refund_that_was_overtaken_is_judged_again(
    facts: sqlite3.Connection, refunds: list[tuple[str, int]], numbers: list[str]
) -> None:
    nothing = dict.fromkeys(
        ("before_fen", "after_fen", "public_fen", "platform_fen", "match_fen"), 0
    )
    add(facts, "splits", split_id=3, round_id=1, **nothing, stays=0)
    # of two refunds each takes half of the sale, and the first all of its subsidy
    part = {"base_fen": -4_500 // len(refunds), "floor_fen": -4_000 // len(refunds)}
    for use, (code, seconds) in enumerate(refunds, 2):
        values: dict[str, Any] = {"refund_of": 6, "paid_at": START + seconds, "use_no": use}
        values |= part | {"split_id": min(use, 3)}
        put(facts, 10 + use, claim_id=3, transaction_no=code, line=10 + use, **values)
    totals.add_written(facts, 9)
    judged = again(facts, row("pay", "C1", 3, reason="bad_time"), known=[*dict(refunds)])
    assert judged == numbers


STAYS = {"public_fen": -1_000, "platform_fen": 0, "match_fen": 0, "stays": 1}


def test_a_fact_that_is_judged_again_says_what_its_file_said(facts: sqlite3.Connection) -> None:
    for line in (3, 1):
        add(facts, "warnings", batch_id=1, line=line, reason="other", detail="{}")
    # of a refund that left its money where it was the file said nothing
    add(facts, "splits", split_id=3, round_id=1, before_fen=1_000, after_fen=0, **STAYS)
    facts.execute("UPDATE redemptions SET split_id = 3 WHERE redemption_id = 3")
    assert again(facts, row("pay", "C1", 2), row("pay", "C3", 2)) == ["R2", "R8", "T2", "T8"]
    columns = "place, batch_id, line, kind, claim_no, coupon_no, merchant_no, platform_no, paid_at"
    columns += ", day, base_fen, merchant_discount_fen, subsidy_fen, refund_of, segment_id"
    rows = facts.execute(f"SELECT {columns} FROM incoming_redemptions WHERE place > 2")
    assert list(map(tuple, rows)) == [
        (3, 1, 2, "pay", "C1", 2, "M2", "", START + 1, 20200327, 4_500, 5, 1_000, "", 1),
        (4, 1, 3, "refund", "C1", 2, "M2", "", START + DAY, 20200328, 4_500, 5, 0, "T2", 1),
        (5, 1, 9, "refund", "C3", 2, "M3", "", START + 6, 20200327, 4_500, 5, 1_000, "T8", 1),
        (6, 3, 8, "pay", "C3", 2, "M3", "", START + 5, 20200327, 4_500, 5, 1_000, "", 1),
    ]
    (cells,) = facts.execute("SELECT cells FROM incoming_redemptions WHERE place = 4").fetchone()
    assert json.loads(cells) == {
        "transaction_no": "R2",
        "kind": "refund",
        "claim_no": "C1",
        "coupon_no": "2",
        "merchant_no": "M2",
        "platform_no": "",
        "paid_at": "2020-03-28T00:00:00Z",
        "order_amount": "45.05",
        "merchant_discount": "0.05",
        "subsidy": "0.00",
        "refund_of": "T2",
        "channel": "",
    }
    warned = facts.execute("SELECT line, reason FROM warnings")
    assert list(map(tuple, warned)) == [(1, "other")]
    left = "SELECT ifnull(sum(vouchers), 0), ifnull(sum(base_fen), 0) FROM merchant_totals"
    assert tuple(facts.execute(left + " WHERE merchant_id > 1").fetchone()) == (0, 0)
    assert tuple(facts.execute(left + " WHERE merchant_id = 1").fetchone()) == (5, 22_500)


# ---------------------------------------------------------------- lists

ANY = dict.fromkeys(("round", "claim_no", "merchant_no", "transaction_no"))
OF_ONE = ["T1", "T2", "T4", "T6", "T8", "R8", "R2", "T5"]  # the programme's, oldest first


def listed(db: sqlite3.Connection, limit: int | None = 99, **wanted: str) -> list[str]:
    lines = redemptions.listed(db, 1, **ANY | wanted).rows(limit)
    return [line.transaction_no for line in lines]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, OF_ONE),
        ({"round": "r"}, ["T1", "T2", "T6", "T8", "R8", "R2"]),
        ({"round": "earlier"}, ["T4", "T5"]),
        ({"merchant_no": "M2"}, ["T2", "R2"]),
        ({"merchant_no": "M1", "round": "r"}, ["T1", "T6"]),
        ({"claim_no": "C3"}, ["T6", "T8", "R8"]),
        ({"claim_no": "C3", "merchant_no": "M1"}, ["T6"]),
        ({"claim_no": "C3", "round": "earlier"}, []),
        ({"claim_no": "C4"}, []),  # of another programme
        ({"transaction_no": "T2"}, ["T2"]),
        ({"transaction_no": "T2", "claim_no": "C1"}, ["T2"]),
        ({"transaction_no": "T2", "claim_no": "C3"}, []),
        ({"transaction_no": "T7"}, []),
    ],
)
def test_payments_are_listed_by_what_is_asked(
    facts: sqlite3.Connection, wanted: dict[str, str], numbers: list[str]
) -> None:
    assert listed(facts, **wanted) == listed(facts, None, **wanted) == numbers
    assert redemptions.listed(facts, 1, **ANY | wanted).size() == len(numbers)
    assert listed(facts, 2, **wanted) == numbers[:2]


def test_the_oldest_payments_are_listed_first_whenever_they_came(
    facts: sqlite3.Connection,
) -> None:
    for number, seconds in ((10, -5), (12, 2), (14, DAY + 1)):
        values: dict[str, Any] = {"paid_at": START + seconds, "use_no": number, "refund_of": None}
        put(facts, number, transaction_no=f"T{number}", line=number, **values)
    wanted = ["T10", "T1", "T2", "T4", "T12", "T6", "T8", "R8", "R2", "T5", "T14"]
    assert [listed(facts, limit) for limit in range(1, 12)] == [
        wanted[:limit] for limit in range(1, 12)
    ]


def test_a_refund_is_listed_with_its_payment_and_negative_amounts(
    facts: sqlite3.Connection,
) -> None:
    (line,) = redemptions.listed(facts, 1, **ANY | {"transaction_no": "R2"}).rows(9)
    shown = line._asdict()
    assert shown == {
        "transaction_no": "R2",
        "kind": "refund",
        "claim_no": "C1",
        "coupon_no": 2,
        "coupon": "40-10.01",
        "round": "r",
        "merchant_no": "M2",
        "name": "",
        "paid_at": START + DAY,
        "base_fen": -4_500,
        "merchant_discount_fen": -5,
        "subsidy_fen": -1_000,
        "public_fen": -1_000,
        "platform_fen": 0,
        "match_fen": 0,
        "stays_fen": 0,
        "refund_of": "T2",
        "batch": 1,
        "redemption_id": 3,
        "correction": None,
        "day": 20200328,
        "booked_on": 20200328,
    }


def test_a_payment_is_listed_under_the_coupon_of_its_own_round(
    facts: sqlite3.Connection,
) -> None:
    (line,) = redemptions.listed(facts, 2, **ANY).rows(9)
    assert (line.transaction_no, line.round, line.coupon) == ("T7", "v", "other")
    assert {row[:3] for row in proved_redemptions.coupons(facts, 2)} == {(3, 1, "other")}
    numbers = [row[:2] for row in proved_redemptions.coupons(facts, 1)]
    assert numbers == [(round_id, number) for round_id in (1, 2) for number in range(1, 6)]
    assert [row["round"] for row in proved_redemptions.rounds(facts, 1)] == ["r", "earlier"]
    assert [row["round"] for row in proved_redemptions.rounds(facts, 2)] == ["v"]


def test_claims_are_listed_oldest_first_with_what_was_used_of_them(
    facts: sqlite3.Connection,
) -> None:
    facts.execute("UPDATE claims SET claimed_at = claimed_at - 1 WHERE claim_id = 3")
    used = {"C3": 1, "C1": 1, "C2": 2}  # a voucher that was refunded is not used

    def of(limit: int = 9, **wanted: Any) -> dict[str, int]:
        asked = dict.fromkeys(("round", "claim_no", "resident")) | wanted
        return {line[0]: line[5] for line in claims.listed(facts, 1, **asked).rows(limit)}

    assert list(of().items()) == list(used.items())
    assert [*of(2)] == ["C3", "C1"]
    assert [*of(round="r")] == ["C3", "C1"]
    assert [*of(resident=A)] == ["C1", "C2"]
    assert [*of(claim_no="C2")] == ["C2"]
    assert [*of(claim_no="C2", round="r")] == [*of(claim_no="C4")] == []
    every = dict.fromkeys(("round", "claim_no", "resident"))
    (other,) = claims.listed(facts, 2, **every).rows(9)
    assert (other.claim_no, other.round, other.used, other.coupons) == ("C4", "v", 1, 1)


def test_applications_are_listed_in_the_order_of_arrival(db: sqlite3.Connection) -> None:
    rows = ((1, 1, A, 5), (2, 1, B, 4), (3, 2, A, 3), (4, 3, A, 2), (5, 1, C, 4))
    for number, round_id, resident, at in rows:
        apply(db, number, round_id, resident, at)
    persons.join(db, 1, [(A, B)])

    def of(limit: int = 9, **wanted: Any) -> dict[str, bytes | None]:
        asked = dict.fromkeys(("round", "application_no", "resident")) | wanted
        lines = applications.listed(db, 1, **asked)
        return {line.application_no: line.person for line in lines.rows(limit)}

    assert list(of().items()) == [("A3", None), ("A2", A), ("A5", None), ("A1", A)]
    assert [*of(2)] == ["A3", "A2"]
    assert [*of(round="r")] == ["A2", "A5", "A1"]
    assert [*of(resident=A)] == ["A3", "A1"]
    assert [*of(resident=A, round="r")] == [*of(application_no="A1")] == ["A1"]
    assert of(application_no="A4") == {}
