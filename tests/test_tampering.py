"""A file that somebody changed by SQL: each edit is named by the check that must find it. Whoever
edits takes the triggers away first and puts them back afterwards, as somebody with full rights can.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns
from memory import copied
from test_redemptions import take_in

from vouchercli.ops.proof import invariants
from vouchercli.store import checks
from vouchercli.store.db import legibly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = (
    "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,5,10,",
    "T2,pay,C2,4,M2,2020-03-28 09:00:00,4000,0,400,",
    "R1,refund,C1,1,M1,2020-03-28 10:00:00,20,0,4.44,T1",
)
TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
RISE = "UPDATE balances SET {0}_fen = {0}_fen {1} WHERE {0}_fen <> 0"
# What is edited: the statements, and the check that must name it.
EDITS: dict[str, tuple[str, str]] = {
    # ---------------------------------------------------------------- the log
    "every line deleted": ("DELETE FROM audit", "log_is_there"),
    "a line deleted": ("DELETE FROM audit WHERE audit_id = 4", "audit_chain"),
    "text that is not UTF-8": (
        "UPDATE audit SET detail = cast(x'7bff7d' AS TEXT) WHERE audit_id = 3",
        "audit_chain",
    ),
    # ---------------------------------------------------------------- the schema
    "a trigger more": (
        "CREATE TRIGGER t AFTER INSERT ON claims BEGIN UPDATE seats SET free = 9; END",
        "schema_as_shipped",
    ),
    "an index less": ("DROP INDEX redemptions_by_voucher", "schema_as_shipped"),
    "an index that is unique no more": (
        "DROP INDEX batches_once; CREATE INDEX batches_once ON batches (kind)",
        "schema_as_shipped",
    ),
    "a view of another text": (
        "DROP VIEW merchant_sums; CREATE VIEW merchant_sums AS SELECT * FROM merchant_totals",
        "schema_as_shipped",
    ),
    "a table less": ("DROP TABLE verdicts", "schema_as_shipped"),
    # ---------------------------------------------------------------- postings
    "a commitment raised": (
        "UPDATE postings SET amount_fen = amount_fen + 1 WHERE why = 'round.approve';"
        f"{RISE.format('committed', '+ 1')}; {RISE.format('uncommitted', '- 1')}",
        "committed_as_logged",
    ),
    "a commitment forged": (
        "INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, day,"
        " booked_on, posted_at) SELECT funder_id, round_id, from_account, to_account, 100, why, day,"
        " booked_on, posted_at FROM postings WHERE why = 'round.approve'"
        " AND from_account = 'uncommitted';"
        f"{RISE.format('committed', '+ 100')}; {RISE.format('uncommitted', '- 100')}",
        "committed_as_logged",
    ),
    "a commitment for another reason": (
        "UPDATE postings SET why = 'gift' WHERE why = 'round.approve'",
        "committed_as_logged",
    ),
    "a fund and its appropriation raised": (
        "UPDATE funders SET amount_fen = amount_fen + 1 WHERE amount_fen > 0;"
        "UPDATE postings SET amount_fen = amount_fen + 1 WHERE from_account = 'appropriated';"
        f"{RISE.format('uncommitted', '+ 1')}; {RISE.format('appropriated', '- 1')}",
        "documents_followed",
    ),
    "a posting of another moment": (
        "UPDATE postings SET posted_at = posted_at + 1",
        "postings_in_their_moment",
    ),
    # ---------------------------------------------------------------- facts
    "claims that last 100 days longer": (
        "UPDATE claims SET expires_at = expires_at + 8640000",
        "expiry_by_law",
    ),
    "a claim of a moment later": (
        "UPDATE claims SET claimed_at = claimed_at + 60 WHERE claim_id = 3",
        "expiry_by_law",
    ),
    "a payment with another voucher": (
        "UPDATE redemptions SET voucher = voucher + 1 WHERE transaction_no = 'T2'",
        "payments_by_law",
    ),
    "a payment below its threshold": (
        "UPDATE redemptions SET base_fen = 1001 WHERE transaction_no = 'T1'",
        "payments_by_law",
    ),
    "a split between others": (
        "UPDATE splits SET public_fen = public_fen - 1, match_fen = match_fen + 1"
        " WHERE before_fen = 0",
        "splits_by_law",
    ),
    "a refund that takes back one fen less": (
        "UPDATE splits SET after_fen = after_fen + 1 WHERE before_fen > 0",
        "refunds_in_turn",
    ),
    "packs that nobody paid for": ("UPDATE rounds SET packs = packs + 1", "committed_by_packs"),
    # ---------------------------------------------------------------- rounds and documents
    "packs +1000": ("UPDATE rounds SET packs = packs + 1000", "rounds_as_logged"),
    "a later end": ("UPDATE rounds SET closes_at = closes_at + 1", "rounds_as_logged"),
    "a round that is closed": ("UPDATE rounds SET state = 'closed'", "rounds_as_logged"),
    "another maker": ("UPDATE rounds SET created_by = 'eve'", "rounds_as_logged"),
    "a coupon of more": (
        "UPDATE coupons SET denomination_fen = denomination_fen + 1 WHERE coupon_no = 1",
        "documents_followed",
    ),
    "a template's document": (
        "UPDATE templates SET document = replace(document, '\"10.00\"', '\"11.00\"')",
        "documents_as_digested",
    ),
    "a programme's limits": (
        "UPDATE programmes SET document = json_set(document,"
        " '$.limits.packs_per_resident_per_round', 9)",
        "documents_as_logged",
    ),
    "a document that is none": ("UPDATE templates SET document = 'x'", "documents_as_digested"),
    # ---------------------------------------------------------------- approvals
    "an approval deleted": ("DELETE FROM verdicts", "verdicts_as_logged"),
    "an approver renamed": ("UPDATE verdicts SET actor = 'eve'", "verdicts_as_logged"),
    "an approval forged": (
        "INSERT INTO verdicts (proposal_id, verdict, actor, os_user, note, at, entered_at)"
        " SELECT proposal_id, verdict, 'eve', os_user, note, at, entered_at FROM verdicts",
        "verdicts_as_logged",
    ),
    "a proposal of somebody else": (
        "UPDATE proposals SET proposed_by = 'eve'",
        "proposals_as_logged",
    ),
    "a proposal forged": (
        "INSERT INTO proposals (subject, subject_id, kind, state, before, after, amount_fen, note,"
        " evidence, proposed_by, os_user, proposed_at, entered_at, ended_at) SELECT subject,"
        " subject_id, 'top-up', 'effective', '{}', '{}', 0, '', '', 'eve', os_user, proposed_at,"
        " entered_at, ended_at FROM proposals",
        "proposals_as_logged",
    ),
    # ---------------------------------------------------------------- merchants
    "a bank account": (
        "UPDATE merchants SET account_no = '6222' WHERE merchant_no = 'M1'",
        "merchants_as_added",
    ),
    "a merchant's name": (
        "UPDATE merchants SET name = 'Eve' WHERE merchant_no = 'M1'",
        "merchants_as_added",
    ),
    "a merchant's district": (
        "UPDATE merchants SET district = 'elsewhere' WHERE merchant_no = 'M1'",
        "merchants_as_added",
    ),
    "a suspension deleted": ("DELETE FROM suspensions", "suspensions_as_logged"),
    "a suspension moved": (
        "UPDATE suspensions SET from_at = from_at + 86400",
        "suspensions_as_logged",
    ),
    "a suspension ended": (
        "UPDATE suspensions SET until_at = from_at + 60",
        "suspensions_as_logged",
    ),
    # ---------------------------------------------------------------- batches
    "a file's digest": (
        "UPDATE batches SET sha256 = hex(zeroblob(32)) WHERE batch_id = 3",
        "batches_as_logged",
    ),
    "a file's name": ("UPDATE batches SET file = 'x.csv' WHERE batch_id = 3", "batches_as_logged"),
    "who imported a file": (
        "UPDATE batches SET actor = 'eve' WHERE batch_id = 3",
        "batches_as_logged",
    ),
    "a duplicate more": (
        "UPDATE batches SET read = read + 1, duplicate = duplicate + 1 WHERE batch_id = 3",
        "batches_as_logged",
    ),
    "a huge number": (
        "UPDATE claims SET claimed_at = 9223372036854775807 WHERE claim_id = 3",
        "expiry_by_law",
    ),
    "an order that nobody gave": (
        "INSERT INTO issuance_orders (round_id, number, terms_sha256, document, sheet, ordered_at)"
        " SELECT round_id, 1, '', '{}', '', 1 FROM rounds",
        "orders_as_logged",
    ),
    # ---------------------------------------------------------------- draws
    "a draw committed to nothing": (
        "INSERT INTO draws (round_id, seed_sha256, sealed_seed, public_source, committed_by,"
        " committed_at) SELECT round_id, hex(zeroblob(32)), zeroblob(32), '', 'eve', 1 FROM rounds",
        "draws_as_logged",
    ),
}
TOWN: list[sqlite3.Connection] = []


@pytest.fixture
def town(city: Any, here: Path) -> Iterator[sqlite3.Connection]:
    """A copy in memory of a town with a round, claims, three rows and a suspension."""
    if not TOWN:
        voucher = city("pro_rata")
        take_in(voucher, here, *ROWS, expect=0)
        voucher("merchant", "suspend", "M2", "--reason", "closed", "--yes", expect=0)
        with closing(sqlite3.connect(here / "voucher.db")) as file:
            TOWN.append(copied(file))
    with closing(copied(TOWN[0])) as db:
        yield db


def found_in(db: sqlite3.Connection) -> dict[str, list[tuple[str, str, str]]]:
    with legibly(db):
        answers = {name: checks.find(each, db) for name, each in invariants.CHECKS.items()}
    return {name: breaches for name, breaches in answers.items() if breaches}


def tamper(db: sqlite3.Connection, statements: str) -> None:
    """Edit as somebody who knows the schema: what guards it is away for the moment."""
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA ignore_check_constraints = ON")
    guards = db.execute(TRIGGERS).fetchall()
    for name, _ in guards:
        db.execute(f"DROP TRIGGER {name}")
    db.executescript(statements)
    for name, text in guards:
        if name not in [row[0] for row in db.execute(TRIGGERS)]:
            db.execute(text)


def test_a_file_that_nobody_edited_passes(town: sqlite3.Connection) -> None:
    assert found_in(town) == {}


@pytest.mark.parametrize("edit", towns.sampled(EDITS))
def test_an_edit_is_named_by_its_check(town: sqlite3.Connection, edit: tuple[str, str]) -> None:
    statements, name = edit
    tamper(town, statements)
    assert name in found_in(town)


@pytest.mark.parametrize("trigger", ["audit_never_changes", "claims_take_a_seat", "draws_stand"])
def test_a_guard_without_teeth_is_named(town: sqlite3.Connection, trigger: str) -> None:
    table = {"audit_never_changes": "audit", "claims_take_a_seat": "claims"}.get(trigger, "draws")
    town.executescript(
        f"DROP TRIGGER {trigger};"
        f"CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} BEGIN SELECT 1; END"
    )
    assert found_in(town) == {
        "schema_as_shipped": [(f"trigger {trigger}", "as shipped", "another text")]
    }
    town.execute(f"DROP TRIGGER {trigger}")
    assert found_in(town) == {
        "schema_as_shipped": [(f"trigger {trigger}", "as shipped", "missing")]
    }


def test_an_emptied_log_fails_both_commands(city: Any, here: Path) -> None:
    voucher = city()
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        tamper(
            db, "DELETE FROM audit; CREATE TRIGGER more AFTER INSERT ON audit BEGIN SELECT 1; END"
        )
    ran = voucher("audit", "verify", "-o", "json", expect=5)
    assert [each["code"] for each in ran.json["problems"]] == ["audit_guard_changed", "audit_empty"]
    failed = [
        row["check"]
        for row in voucher("check", "-o", "json", expect=5).data["checks"]
        if row["state"] == "failed"
    ]
    assert {"schema_as_shipped", "log_is_there"} <= set(failed)


def test_what_cannot_be_read_is_a_breach_and_no_traceback(city: Any, here: Path) -> None:
    voucher = city()
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        tamper(
            db,
            "UPDATE audit SET detail = cast(x'7bff7d' AS TEXT) WHERE audit_id = 3;"
            "UPDATE claims SET claim_no = cast(x'ff' AS TEXT) WHERE claim_id = 1;"
            "UPDATE templates SET document = cast(x'ff' AS TEXT); DROP TABLE suspensions",
        )
    ran = voucher("audit", "verify", "-o", "json", expect=5)
    assert ran.data["breaks"][0] == {"code": "audit_edited", "line": 3}
    assert "Traceback" not in voucher("check", expect=5).err
    assert "7b" not in voucher("audit", "log", "-o", "json", expect=0).err


def test_an_import_that_is_not_done_is_named(city: Any, here: Path) -> None:
    voucher = city()
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        tamper(db, "UPDATE batches SET state = 'importing' WHERE kind = 'claims'")
    assert "batch 2 is not done" in voucher("check", expect=0).err


HEADER = "merchant_no,name,district,industry,size,account_no"
OLD, NEW = "M1,Tea House,Xihu,catering,small,6200", "M1,Tea House,Xihu,catering,small,6201"
OTHER = "M2,Book Shop,Xihu,retail,small,6300"


def registry(voucher: Any, here: Path, name: str, *rows: str) -> None:
    (here / name).write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    voucher("merchant", "import", name, expect=0)


def test_what_a_registry_added_is_proved_through_changes_and_undos(
    voucher: Any, here: Path
) -> None:
    voucher("init")
    registry(voucher, here, "a.csv", OLD, OTHER)
    registry(voucher, here, "b.csv", NEW, OTHER, "M3,Noodles,Xihu,catering,small,6400")
    voucher("check", expect=0)
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        whole = copied(db)
    for edit, breaches in (
        ("UPDATE merchants SET account_no = '9' WHERE merchant_no = 'M2'", ["batch 1"]),
        ("UPDATE merchants SET account_no = '9' WHERE merchant_no = 'M3'", ["batch 2"]),
        ("UPDATE merchant_changes SET before = replace(before, '***|', '**|')", ["batch 1"]),
        ("DELETE FROM added_merchants WHERE batch_id = 2", ["batch 2"]),
        (
            "UPDATE merchants SET is_registered = 0 WHERE merchant_no = 'M3'",
            ["M3"],  # nobody registered it, and it has a name
        ),
    ):
        with closing(copied(whole)) as db:
            tamper(db, edit)
            named = [subject for subject, _, _ in found_in(db)["merchants_as_added"]]
            assert named == breaches, edit
    whole.close()
    voucher("batch", "undo", "2", expect=0)
    voucher("check", expect=0)
    registry(voucher, here, "c.csv", OLD, OTHER, "M4,Noodles,Xihu,catering,small,6400")
    voucher("batch", "undo", "1", expect=0)  # its merchants are the later file's from now on
    voucher("check", expect=0)
