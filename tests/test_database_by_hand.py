"""What the database itself keeps and refuses, whoever writes: rows at the border of each of its
conditions, laid down by hand.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns
from memory import copied
from test_store_answers import A, B, add, apply, claim, lay_down, pay, shops

from vouchercli.store import totals

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAWN = {"seed_sha256": "s" * 64, "sealed_seed": b"s" * 32, "public_source": ""}
DRAWN |= {"committed_by": "", "committed_at": 0}


@pytest.fixture(scope="module")
def built() -> sqlite3.Connection:
    """A row in each table that has conditions."""
    db = lay_down().db
    shops(db)
    claim(db, 1, 1, A, 0)
    apply(db, 1, 1, A, 0)
    pay(db, 1)
    by_round = {"round_id": 1}
    add(db, "application_identities", **by_round, kind="card", token=A, application_id=1)
    add(db, "persons", **by_round, resident=B, person=A)
    add(db, "allocations", **by_round, batch_id=2, granted_at=0, granted=9)
    add(db, "suspensions", merchant_id=1, from_at=5, reason="", actor="")
    order = {"terms_sha256": "", "document": "", "sheet": "", "ordered_at": 0}
    add(db, "issuance_orders", **by_round, number=1, **order)
    add(db, "deeds", **by_round, deed="open", due_at=5, done_at=5)
    beat = {"host": "", "os_user": "", "failed": 0, "most_late": 0, "longest_gap": 0}
    add(db, "heartbeat", only=1, ticks=1, beat_at=0, entered_at=0, **beat)
    db.execute("UPDATE proposals SET state = 'proposed', ended_at = NULL WHERE proposal_id = 1")
    add(db, "pauses", **by_round, from_at=5)
    add(db, "roll_ins", **by_round, from_round_id=2, unclaimed=1, packs=1)
    add(db, "draws", **by_round, **DRAWN)
    sums = dict.fromkeys(totals.SUMMED, 0)
    add(db, "group_totals", **by_round, grouping="round", day=27, key="", **sums)
    return db


@pytest.fixture
def db(built: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    built.execute("BEGIN")
    yield built
    built.rollback()


TEXT_64 = "'" + "e" * 64 + "'"
TEXT_63 = "'" + "e" * 63 + "'"


@pytest.mark.parametrize(
    ("table", "taken", "refused"),
    [
        ("funders", "amount_fen = 0", "amount_fen = -1"),
        ("funders", "kind = 'platform'", "kind = 'private'"),
        ("templates", "version = version + 8", "version = version - 8"),
        ("templates", "pack_value_fen = 1", "pack_value_fen = 0"),
        ("templates", "floor_spend_fen = 0", "floor_spend_fen = -1"),
        ("templates", "coupons = 1", "coupons = 0"),
        ("coupons", "coupon_no = coupon_no + 9", "coupon_no = coupon_no - 5"),
        ("coupons", "denomination_fen = 1", "denomination_fen = 0"),
        ("coupons", "threshold_fen = 0", "threshold_fen = -1"),
        ("coupons", "percent_bp = 1", "percent_bp = 0"),
        ("coupons", "percent_bp = 10000", "percent_bp = 10001"),
        ("coupons", "full_base_fen = threshold_fen", "full_base_fen = threshold_fen - 1"),
        ("coupons", "kind = 'percent_off'", "kind = 'gift'"),
        ("rounds", "packs = 1, claimed = 1", "packs = 0, claimed = 0"),
        ("rounds", "packs = 4, claimed = 3, released = 1", "packs = 4, claimed = 3, released = 2"),
        ("rounds", "released = 0", "released = -1"),
        ("rounds", "per_resident = 1", "per_resident = 0"),
        ("rounds", "closes_at = opens_at + 1", "closes_at = opens_at"),
        ("rounds", "state = 'settled'", "state = 'over'"),
        ("rounds", "mode = 'lottery'", "mode = 'chance'"),
        ("splits", "before_fen = 0", "before_fen = -1"),
        ("splits", "after_fen = 0", "after_fen = -1"),
        ("splits", "stays = 1", "stays = 2"),
        ("batches", "read = 11, rejected = 2", "read = 11, rejected = 3"),
        ("batches", "state = 'undone', read = 0", "state = 'importing', read = 0"),
        ("batches", "kind = kind", "kind = 'other'"),
        ("batches", "state = 'importing'", "state = 'open'"),
        ("group_totals", "grouping = 'size'", "grouping = 'colour'"),
        ("merchants", "is_registered = 0", "is_registered = 2"),
        ("suspensions", "until_at = 5", "until_at = 4"),
        ("application_identities", "kind = 'account'", "kind = 'name'"),
        ("persons", "person = resident", "person = x'ff'"),
        ("allocations", "granted = 1", "granted = 0"),
        ("issuance_orders", "number = 1", "number = 0"),
        ("deeds", "deed = 'remind'", "deed = 'forget'"),
        ("deeds", "done_at = due_at", "done_at = due_at - 1"),
        ("heartbeat", "only = 1", "only = 2"),
        ("proposals", "subject = 'claim'", "subject = 'batch'"),
        ("proposals", "kind = 'top-up'", "kind = 'cut'"),
        ("proposals", "state = 'void', ended_at = 1", "state = 'void'"),
        ("proposals", "ended_at = NULL", "ended_at = 1"),
        ("proposals", "state = 'effective', ended_at = 1", "state = 'open', ended_at = 1"),
        ("proposals", "amount_fen = 0", "amount_fen = -1"),
        ("verdicts", "verdict = 'reject'", "verdict = 'submit'"),
        ("pauses", "until_at = 5", "until_at = 4"),
        ("roll_ins", "unclaimed = 0", "unclaimed = -1"),
        ("roll_ins", "expired_fen = 0", "expired_fen = -1"),
        ("roll_ins", "packs = 1", "packs = 0"),
        ("draws", "strata = '[]', strata_fixed_at = 1", "strata = '[]'"),
        (
            "draws",
            f"strata = '', strata_fixed_at = 1, entrants_sha256 = {TEXT_64}, published_at = 1",
            f"strata = '', strata_fixed_at = 1, entrants_sha256 = {TEXT_63}, published_at = 1",
        ),
        (
            "draws",
            f"strata = '', strata_fixed_at = 1, entrants_sha256 = {TEXT_64}, published_at = 1,"
            " drawn_at = 1, certificate = ''",
            f"entrants_sha256 = {TEXT_64}, published_at = 1",
        ),
        ("draws", "strata = NULL", "strata = '', strata_fixed_at = 1, published_at = 1"),
        ("draws", "strata = NULL", "drawn_at = 1, certificate = ''"),
        ("draws", "strata = NULL", "certificate = ''"),
    ],
)
def test_the_database_takes_a_row_at_the_border_and_refuses_the_next(
    db: sqlite3.Connection, table: str, taken: str, refused: str
) -> None:
    keys = {"coupons": "template_id"} | dict.fromkeys(
        ("application_identities", "persons", "group_totals"), "round_id"
    )
    one = (
        f"WHERE {keys.get(table, 'rowid')} = (SELECT min({keys.get(table, 'rowid')}) FROM {table})"
    )
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        db.execute(f"UPDATE {table} SET {refused} {one}")
    assert db.execute(f"UPDATE {table} SET {taken} {one}").rowcount > 0


@pytest.mark.parametrize("short", [{"seed_sha256": "s" * 63}, {"sealed_seed": b"s" * 31}])
def test_a_draw_without_its_whole_seed_is_refused(
    db: sqlite3.Connection, short: dict[str, Any]
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        add(db, "draws", round_id=2, **DRAWN | short)
    add(db, "draws", round_id=2, **DRAWN)


POST = """
INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, day, booked_on,
    posted_at)
VALUES (1, 1, ?, ?, ?, '', 0, 0, 0)
"""


@pytest.mark.parametrize(
    ("accounts", "fen"), [(("uncommitted", "committed"), 0), (("committed", "committed"), 1)]
)
def test_a_posting_moves_something_to_another_account(
    db: sqlite3.Connection, accounts: tuple[str, str], fen: int
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        db.execute(POST, (*accounts, fen))
    db.execute(POST, ("appropriated", "uncommitted", 1))


@pytest.mark.parametrize("statement", ["UPDATE postings SET why = ''", "DELETE FROM postings"])
def test_a_posting_stands(db: sqlite3.Connection, statement: str) -> None:
    db.execute(POST, ("appropriated", "uncommitted", 1))
    with pytest.raises(sqlite3.IntegrityError, match="postings are append-only"):
        db.execute(statement)


def test_what_waits_or_stands_is_there_once(db: sqlite3.Connection) -> None:
    again = (
        ("proposals", "proposal_id"),
        ("deeds", "deed_id"),
        ("batches", "batch_id"),
        ("applications", "application_id"),
        ("issuance_orders", "order_id"),
        ("splits", "split_id"),
        ("redemptions", "redemption_id"),
        ("rounds", "round_id"),
        ("funders", "funder_id"),
    )
    for table, key in again:
        row = dict(db.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()) | {key: 99}
        for generated in ("claim_id", "coupon_no") if table == "redemptions" else ():
            del row[generated]
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE constraint failed"):
            add(db, table, **row)
    # what has ended does not wait, and what was undone may come again
    for table, ended in (
        ("proposals", "state = 'void', ended_at = 1"),
        ("batches", "state = 'undone'"),
    ):
        row = dict(db.execute(f"SELECT * FROM {table} LIMIT 1").fetchone())
        db.execute(f"UPDATE {table} SET {ended}")
        add(db, table, **row | {dict(again)[table]: 99})


# ---------------------------------------------------------------- what follows by itself


def stands(db: sqlite3.Connection) -> dict[tuple[int, int], dict[str, int]]:
    """(funder, round) -> account -> fen; what is empty is left out."""
    rows = [dict(row) for row in db.execute("SELECT * FROM balances")]
    return {
        (row.pop("funder_id"), row.pop("round_id")): {
            account.removesuffix("_fen"): fen for account, fen in row.items() if fen
        }
        for row in rows
    }


def two_funds(built: sqlite3.Connection) -> sqlite3.Connection:
    """Funders 1 and 8 have 900 fen committed to each of the rounds 1 and 2."""
    db = copied(built)
    db.execute("INSERT INTO funders SELECT 8, 1, 'bank', kind, 2, 900 FROM funders LIMIT 1")
    db.execute("DELETE FROM funder_totals")
    db.execute("DELETE FROM balances")
    db.execute("DELETE FROM pack_parts")
    for funder_id in (1, 8):
        for round_id in (1, 2):
            db.execute(
                "INSERT INTO balances (funder_id, round_id, committed_fen) VALUES (?, ?, 900)",
                (funder_id, round_id),
            )
    return db


def test_what_is_payable_follows_the_totals_of_its_funder_and_round(
    built: sqlite3.Connection,
) -> None:
    db = two_funds(built)
    for funder_id, round_id, day, fen in ((1, 1, 27, 100), (1, 1, 28, 20), (8, 1, 27, 3)):
        db.execute("INSERT INTO funder_totals VALUES (?, ?, ?, ?)", (round_id, day, funder_id, fen))
    db.execute("INSERT INTO funder_totals VALUES (2, 27, 1, 7)")

    def payable() -> list[int]:
        own = [(1, 1), (8, 1), (1, 2), (8, 2)]
        accounts = [stands(db)[each] for each in own]
        assert [each["committed"] for each in accounts] == [900] * 4
        assert all(each.get("outstanding", 0) == -each.get("payable", 0) for each in accounts)
        return [each.get("payable", 0) for each in accounts]

    assert payable() == [120, 3, 7, 0]
    one = "WHERE round_id = 1 AND funder_id = 1 AND day = 27"
    db.execute(f"UPDATE funder_totals SET amount_fen = 60 {one}")
    assert payable() == [80, 3, 7, 0]
    db.execute(f"UPDATE funder_totals SET amount_fen = 60 {one}")  # nothing moves
    db.execute(f"DELETE FROM funder_totals {one}")
    assert payable() == [20, 3, 7, 0]
    posted = db.execute(
        "SELECT from_account, to_account, amount_fen FROM postings WHERE day = 27 AND funder_id = 1"
        " AND round_id = 1 AND why = 'by hand' ORDER BY posting_id DESC LIMIT 3"
    )
    assert [tuple(row) for row in posted] == [
        ("payable", "outstanding", 60),
        ("payable", "outstanding", 40),
        ("outstanding", "payable", 100),
    ]


def test_what_is_outstanding_follows_the_claims_of_its_round(built: sqlite3.Connection) -> None:
    """A pack of round 1 costs 30 fen of funder 1 and 5 of funder 8; one of round 2 costs 11."""
    db = two_funds(built)
    db.execute("DELETE FROM claim_totals")
    db.execute("DELETE FROM pack_parts")
    db.execute("INSERT INTO pack_parts VALUES (1, 1, 30), (1, 8, 5), (2, 1, 11)")

    def outstanding() -> list[tuple[int, int]]:
        accounts = [stands(db)[each] for each in ((1, 1), (8, 1), (1, 2))]
        return [(each["committed"], each.get("outstanding", 0)) for each in accounts]

    db.execute("INSERT INTO claim_totals VALUES (1, 27, 4), (2, 27, 1)")
    assert outstanding() == [(780, 120), (880, 20), (889, 11)]
    db.execute("UPDATE claim_totals SET claims = 6 WHERE round_id = 1")
    assert outstanding() == [(720, 180), (870, 30), (889, 11)]
    db.execute("UPDATE claim_totals SET claims = 1 WHERE round_id = 1")
    assert outstanding() == [(870, 30), (895, 5), (889, 11)]
    db.execute("DELETE FROM claim_totals")
    assert outstanding() == [(900, 0), (900, 0), (900, 0)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO claim_totals VALUES (1, 26, 1)",
        "UPDATE claim_totals SET claims = claims + 1",
        "DELETE FROM claim_totals",
        "INSERT INTO funder_totals VALUES (1, 26, 1, 5)",
        "UPDATE funder_totals SET amount_fen = amount_fen + 1",
        "DELETE FROM funder_totals",
    ],
)
def test_facts_that_nobody_books_are_not_counted(built: sqlite3.Connection, statement: str) -> None:
    db = two_funds(built)
    db.execute("DELETE FROM claim_totals")
    db.execute("INSERT INTO pack_parts VALUES (1, 1, 30)")
    db.execute("INSERT INTO claim_totals VALUES (1, 27, 1)")
    db.execute("INSERT INTO funder_totals VALUES (1, 27, 1, 9)")
    db.execute("DELETE FROM booking")
    with pytest.raises(sqlite3.IntegrityError, match="facts are counted that nobody books"):
        db.execute(statement)
    towns.book(db)
    db.execute(statement)


def test_money_moves_between_the_accounts_of_its_funder_and_round(
    built: sqlite3.Connection,
) -> None:
    db = copied(built)
    db.execute("DELETE FROM balances")
    for accounts, fen in (
        (("appropriated", "uncommitted"), 100),
        (("uncommitted", "committed"), 70),
        (("committed", "returned"), 20),
        (("committed", "uncommitted"), 5),
        (("committed", "outstanding"), 30),
        (("outstanding", "payable"), 25),
        (("payable", "held"), 6),
        (("payable", "paid"), 12),
        (("payable", "clawed_back"), 1),
        (("payable", "written_off"), 2),
    ):
        db.execute(POST, (*accounts, fen))
    assert stands(db) == {
        (1, 0): {"appropriated": -100, "uncommitted": 35},
        (1, 1): {
            "committed": 15,
            "outstanding": 5,
            "payable": 4,
            "held": 6,
            "paid": 12,
            "clawed_back": 1,
            "written_off": 2,
            "returned": 20,
        },
    }


def test_seats_are_counted_before_they_are_taken(built: sqlite3.Connection) -> None:
    db = copied(built)

    def free() -> list[int]:
        return [row[0] for row in db.execute("SELECT free FROM seats ORDER BY round_id")]

    before = free()
    db.execute("UPDATE rounds SET claimed = claimed + 2 WHERE round_id = 1")
    assert free() == [before[0] + 2, *before[1:]]
    claim(db, 2, 1, B, 0)  # counts its own
    assert free() == [before[0] + 2, *before[1:]]
    db.execute("DELETE FROM claims WHERE claim_id = 2")
    assert free() == [before[0] + 3, *before[1:]]
    db.execute("UPDATE rounds SET claimed = claimed - 3 WHERE round_id = 1")
    assert free() == before
