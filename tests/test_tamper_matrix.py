"""The edits by SQL that once nothing noticed, one by one, each with the check that names it now: a
person with full rights takes the triggers away, edits totals with the facts, and puts all back.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import towns
from memory import copied
from test_redemptions import take_in
from test_tampering import ROWS, found_in, tamper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPENS = ("--now", "2020-03-27 08:00")
LATER = ("--now", "2020-03-30 12:00")
APPLICATIONS = "application_no,round,resident,applied_at,group,device\n" + "".join(
    f"A{n},l1,residen{n},2020-03-2{n} 12:00:00,,{device}\n"
    for n, device in ((1, "d1"), (2, "d1"), (3, "d2"), (4, ""))
)
BAD = ("T8,pay,C9,1,M1,2020-03-27 09:00:00,50,5,10,", "T9,pay,C2,2,M1,2020-03-27 09:00:00,1,0,10,")
# Totals that follow a payment which somebody moved to another merchant or made larger.
TOTALS = """
UPDATE merchant_totals SET base_fen = base_fen + 100 WHERE merchant_id = 1;
UPDATE group_totals SET base_fen = base_fen + 100
"""
RISE = "UPDATE balances SET {0}_fen = {0}_fen {1} WHERE {0}_fen <> 0"
FORGED_CLAIM = """
INSERT INTO claims (claim_no, round_id, resident, pack_no, claimed_at, expires_at, batch_id, line)
SELECT 'C99', round_id, randomblob(16), 1, claimed_at, expires_at, batch_id, 99 FROM claims
WHERE claim_id = 1;
UPDATE rounds SET claimed = claimed + 1 WHERE round_id = 1;
UPDATE claim_totals SET claims = claims + 1 WHERE round_id = 1;
UPDATE batches SET accepted = accepted + 1, read = read + 1 WHERE batch_id = 2
"""
FACTS = "facts_as_written"
EDITS: dict[str, tuple[str, str]] = {
    # ---------------------------------------------------------------- the log (2)
    "a guard that does nothing": (
        "DROP TRIGGER IF EXISTS audit_never_changes; CREATE TRIGGER audit_never_changes"
        " BEFORE UPDATE ON audit BEGIN SELECT 1; END",
        "schema_as_shipped",
    ),
    # ---------------------------------------------------------------- postings (6)
    "a commitment raised": (
        "UPDATE postings SET amount_fen = amount_fen + 1 WHERE why = 'round.approve';"
        f"{RISE.format('committed', '+ 1')}; {RISE.format('uncommitted', '- 1')}",
        "committed_as_logged",
    ),
    "the last posting deleted with what it moved": (
        "UPDATE balances SET outstanding_fen = outstanding_fen + p.amount_fen, payable_fen ="
        " payable_fen - p.amount_fen FROM (SELECT * FROM postings ORDER BY posting_id DESC LIMIT 1) p"
        " WHERE balances.funder_id = p.funder_id AND balances.round_id = p.round_id"
        " AND p.to_account = 'payable';"
        "DELETE FROM postings WHERE posting_id = (SELECT max(posting_id) FROM postings)",
        FACTS,
    ),
    "a commitment forged": (
        "INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, day,"
        " booked_on, posted_at) SELECT funder_id, round_id, from_account, to_account, 100, why, day,"
        " booked_on, posted_at FROM postings WHERE why = 'round.approve'"
        " AND from_account = 'uncommitted';"
        f"{RISE.format('committed', '+ 100')}; {RISE.format('uncommitted', '- 100')}",
        "committed_as_logged",
    ),
    "a fund raised with its appropriation": (
        "UPDATE funders SET amount_fen = amount_fen + 1 WHERE amount_fen > 0;"
        "UPDATE postings SET amount_fen = amount_fen + 1 WHERE from_account = 'appropriated';"
        f"{RISE.format('uncommitted', '+ 1')}; {RISE.format('appropriated', '- 1')}",
        "documents_followed",
    ),
    "why money moved": (
        "UPDATE postings SET why = 'gift' WHERE why = 'round.approve'",
        "committed_as_logged",
    ),
    "when money moved": (
        "UPDATE postings SET posted_at = posted_at + 1",
        "postings_in_their_moment",
    ),
    # ---------------------------------------------------------------- redemptions (7)
    "a payment of another merchant, with totals": (
        "UPDATE redemptions SET merchant_id = 3 - merchant_id",
        FACTS,
    ),
    "a larger base, with totals": (
        f"UPDATE redemptions SET base_fen = base_fen + 100 WHERE transaction_no = 'T1'; {TOTALS}",
        FACTS,
    ),
    "a number with its key": (
        "UPDATE redemptions SET transaction_no = '11' WHERE transaction_no = 'T1'; UPDATE"
        " redemption_runs SET keys = cast(x'0B000000' || substr(keys, 5) AS BLOB) WHERE first_id = 1",
        FACTS,
    ),
    "a payment an hour later": (
        "UPDATE redemptions SET paid_at = paid_at + 1 WHERE transaction_no = 'T1'",
        FACTS,
    ),
    "another voucher of the same value": (
        "UPDATE redemptions SET voucher = voucher + 1 WHERE refund_of = 1 OR redemption_id = 1",
        FACTS,
    ),
    "a merchant discount": (
        "UPDATE redemptions SET merchant_discount_fen = merchant_discount_fen + 1",
        FACTS,
    ),
    "a line": ("UPDATE redemptions SET line = line + 10", FACTS),
    "a refund that others share": (
        "UPDATE splits SET public_fen = public_fen - 1, match_fen = match_fen + 1"
        " WHERE before_fen > 0; UPDATE split_parts SET amount_fen = amount_fen + 1"
        " WHERE split_id IN (SELECT split_id FROM splits WHERE before_fen > 0)",
        "splits_by_law",
    ),
    "what a refund gives back": ("UPDATE refunds SET spent = -1 - spent", FACTS),
    # ---------------------------------------------------------------- claims (6)
    "a claim of somebody else": (
        "UPDATE claims SET resident = zeroblob(16) WHERE claim_id = 1",
        FACTS,
    ),
    "a claim a minute later, with its expiry": (
        "UPDATE claims SET claimed_at = claimed_at + 60, expires_at = expires_at + 60"
        " WHERE claim_id = 3",
        FACTS,
    ),
    "100 days more": ("UPDATE claims SET expires_at = expires_at + 8640000", "expiry_by_law"),
    "another claim number": ("UPDATE claims SET claim_no = 'X' WHERE claim_id = 1", FACTS),
    "a claim forged, seat, total and batch with it": (FORGED_CLAIM, FACTS),
    "a winner exchanged for a loser": (
        "UPDATE claims SET resident = (SELECT resident FROM applications a WHERE resident NOT IN"
        " (SELECT resident FROM claims)) WHERE claim_id = (SELECT max(claim_id) FROM claims)",
        "winners_have_packs",
    ),
    # ---------------------------------------------------------------- rounds and documents (8)
    "packs +1000": ("UPDATE rounds SET packs = packs + 1000", "rounds_as_logged"),
    "another family": (
        "UPDATE rounds SET family = 'f'",
        "rounds_as_logged",
    ),
    "a later end": ("UPDATE rounds SET closes_at = closes_at + 1", "rounds_as_logged"),
    "open again": ("UPDATE rounds SET state = 'paused'", "rounds_as_logged"),
    "another maker": ("UPDATE rounds SET created_by = 'eve'", "rounds_as_logged"),
    "a denomination": (
        "UPDATE coupons SET denomination_fen = denomination_fen + 1 WHERE coupon_no = 1",
        "documents_followed",
    ),
    "a template's document": (
        "UPDATE templates SET document = replace(document, '\"10.00\"', '\"11.00\"')",
        "documents_as_digested",
    ),
    "staff": (
        "UPDATE programmes SET document = json_set(document, '$.staff', json('[]'), '$.name', 'x')",
        "documents_as_logged",
    ),
    "limits": (
        "UPDATE programmes SET document = json_set(document,"
        " '$.limits.packs_per_resident_per_round', 9)",
        "documents_as_logged",
    ),
    "a limit over time": ("UPDATE limit_steps SET most = 99", "limits_as_documented"),
    # ---------------------------------------------------------------- approvals (4)
    "an approval deleted": ("DELETE FROM verdicts", "verdicts_as_logged"),
    "an approval forged": (
        "INSERT INTO verdicts (proposal_id, verdict, actor, os_user, note, at, entered_at)"
        " SELECT proposal_id, verdict, 'eve', os_user, note, at, entered_at FROM verdicts",
        "verdicts_as_logged",
    ),
    "an approver renamed": ("UPDATE verdicts SET actor = 'eve'", "verdicts_as_logged"),
    "what was proposed": (
        "UPDATE proposals SET after = json_set(after, '$.packs', 9) WHERE kind = 'top-up'",
        "proposals_as_logged",
    ),
    # ---------------------------------------------------------------- merchants (5)
    "a bank account": (
        "UPDATE merchants SET account_no = '6222' WHERE merchant_no = 'M1'",
        "merchants_as_added",
    ),
    "a merchant's name": (
        "UPDATE merchants SET name = 'Eve' WHERE merchant_no = 'M1'",
        "merchants_as_added",
    ),
    "a district": (
        "UPDATE merchants SET district = 'elsewhere' WHERE merchant_no = 'M1'",
        "merchants_as_added",
    ),
    "a suspension deleted": ("DELETE FROM suspensions", "suspensions_as_logged"),
    "a suspension moved": (
        "UPDATE suspensions SET from_at = from_at + 86400",
        "suspensions_as_logged",
    ),
    # ---------------------------------------------------------------- rejects and batches (10)
    "a reject deleted with its count": (
        "DELETE FROM rejects WHERE reason = 'unknown_claim'; UPDATE batches SET rejected ="
        " rejected - 1, duplicate = duplicate + 1 WHERE kind = 'redemptions'",
        FACTS,
    ),
    "rejects exchanged": (
        "UPDATE rejects SET line = -line; UPDATE rejects SET line = 11 + line",
        FACTS,
    ),
    "cells that a retry accepts": (
        "UPDATE rejects SET cells = replace(cells, 'C9', 'C3')",
        FACTS,
    ),
    "a reason": ("UPDATE rejects SET reason = 'expired'", FACTS),
    "a file's digest": (
        "UPDATE batches SET sha256 = hex(zeroblob(32)) WHERE kind = 'redemptions'",
        "batches_as_logged",
    ),
    "a file's name": ("UPDATE batches SET file = 'x.csv'", "batches_as_logged"),
    "who imported": ("UPDATE batches SET actor = 'eve'", "batches_as_logged"),
    "a profile": ("UPDATE batches SET profile = 'x'", "readings_as_logged"),
    "a profile's columns": (
        "UPDATE batches SET profile_json = replace(profile_json, 'pay', 'yap')",
        "readings_as_logged",
    ),
    "counts +1 and +1": (
        "UPDATE batches SET read = read + 1, duplicate = duplicate + 1",
        "batches_as_logged",
    ),
    # ---------------------------------------------------------------- draws (4)
    "a seed": ("UPDATE draws SET seed_sha256 = hex(zeroblob(32))", "draws_as_logged"),
    "a public source": ("UPDATE draws SET public_source = 'x'", "draws_as_logged"),
    "an application deleted after the draw": (
        "DELETE FROM applications WHERE application_id = 4",
        FACTS,
    ),
    "an application of somebody else after the draw": (
        "UPDATE applications SET resident = zeroblob(16) WHERE application_id = 4",
        FACTS,
    ),
    # ---------------------------------------------------------------- beside them (8)
    "a group": ("UPDATE eligibility SET resident_group = 'y'", FACTS),
    "a line of a list": (
        "INSERT INTO eligibility (programme_id, resident, resident_group, listed_at, batch_id,"
        " line) SELECT programme_id, zeroblob(16), resident_group, listed_at, batch_id, 99"
        " FROM eligibility LIMIT 1",
        FACTS,
    ),
    "an order that nobody gave": (
        "INSERT INTO issuance_orders (round_id, number, terms_sha256, document, sheet, ordered_at)"
        " SELECT round_id, 1, '', '{}', '', 1 FROM rounds",
        "orders_as_logged",
    ),
    "a job of another moment": (
        "UPDATE deeds SET done_at = done_at + 1 WHERE deed = 'close'",
        "jobs_as_logged",
    ),
    "two persons out of one": ("DELETE FROM persons", "persons_by_identities"),
    "an identity of another device": (
        "UPDATE application_identities SET token = randomblob(16)",
        "persons_by_identities",
    ),
    # ---------------------------------------------------------------- the schema (6)
    "a trigger that diverts payments": (
        "CREATE TRIGGER t AFTER INSERT ON redemptions BEGIN UPDATE redemptions SET merchant_id = 1"
        " WHERE redemption_id = NEW.redemption_id; END",
        "schema_as_shipped",
    ),
    "an index dropped": ("DROP INDEX batches_once", "schema_as_shipped"),
    "an index that is unique no more": (
        "DROP INDEX batches_once; CREATE INDEX batches_once ON batches (kind)",
        "schema_as_shipped",
    ),
    "seats that nobody takes": (
        "CREATE TRIGGER claims_take_a_seat AFTER INSERT ON claims BEGIN SELECT 1; END",
        "schema_as_shipped",
    ),
    "seats that nobody counts": (
        "CREATE TRIGGER seats_are_counted AFTER UPDATE ON rounds BEGIN SELECT 1; END",
        "schema_as_shipped",
    ),
    "draws that do not stand": (
        "CREATE TRIGGER draws_stand BEFORE UPDATE ON draws BEGIN SELECT 1; END",
        "schema_as_shipped",
    ),
}
TOWN: list[sqlite3.Connection] = []


@pytest.fixture
def town(city: Any, here: Path) -> Iterator[sqlite3.Connection]:
    """A copy in memory of a town with all that can be edited: claims, payments, rejects, a
    suspension, a drawn lottery, a list, a top-up, jobs that the clock has done.
    """
    if not TOWN:
        _build(city("pro_rata"), here)
        with closing(sqlite3.connect(here / "voucher.db")) as file:
            TOWN.append(copied(file))
    with closing(copied(TOWN[0])) as db:
        yield db


def _build(voucher: Any, here: Path) -> None:
    take_in(voucher, here, *ROWS, *BAD, expect=4)
    voucher("merchant", "suspend", "M2", "--reason", "closed", "--yes", expect=0)
    (here / "list.csv").write_text("resident,group\nresiden1,x\n", "utf-8")
    voucher("eligibility", "import", "list.csv", expect=0)
    lottery = ("l1", "--mode", "lottery", "--registration-opens", "2020-03-20")
    towns.make_round(voucher, *lottery, packs=2, closes="2020-03-29 08:00")
    (here / "a.csv").write_text(APPLICATIONS, "utf-8")
    voucher("draw", "commit", "l1", expect=0)
    voucher("application", "import", "a.csv", "--now", "2020-03-26 08:00", expect=0)
    voucher("round", "top-up", "r1", "--packs", "1", "--actor", "chen", expect=0)
    voucher("schedule", "tick", *OPENS, expect=None)
    voucher("schedule", "tick", *LATER, expect=None)


def test_the_whole_town_passes(town: sqlite3.Connection) -> None:
    assert found_in(town) == {}
    assert town.execute("SELECT count(*) FROM draws WHERE certificate <> ''").fetchone()[0] == 1
    assert town.execute("SELECT count(*) > 1 FROM deeds").fetchone()[0] == 1


@pytest.mark.parametrize("edit", towns.sampled(EDITS, 12))
def test_an_edit_that_once_nothing_noticed_is_named(
    town: sqlite3.Connection, edit: tuple[str, str]
) -> None:
    statements, name = edit
    before = town.total_changes
    tamper(town, statements)
    assert town.total_changes > before or "TRIGGER" in statements or "INDEX" in statements
    assert name in found_in(town)


# ---------------------------------------------------------------- nothing ends in a traceback

VALUES: tuple[Any, ...] = (
    *(None, -1, 0, 1.5, 2**63 - 1, -(2**63), "", "x", "é" * 1000, "{}", "[]", "null", "3"),
    *('{"after": 3}', '{"after": {"committed": []}}', b"", b"\xff" * 16, "cast(x'ff7b' AS TEXT)"),
)
TABLES = """
SELECT name FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> '_sqlite_migrations' ORDER BY name
"""
LAXER = {
    "STRICT, WITHOUT ROWID": "WITHOUT ROWID",
    ") STRICT": ")",
    **{f"{kind} NOT NULL": kind for kind in ("TEXT", "INTEGER", "BLOB")},
}
LOOSEN = """
UPDATE sqlite_schema SET sql = replace(sql, ?, ?)
WHERE type = 'table' AND name NOT LIKE 'sqlite%'
"""


def loosen(db: sqlite3.Connection) -> None:
    """Let every column hold whatever it is given."""
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA ignore_check_constraints = ON")
    for name, _ in db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"):
        db.execute(f"DROP TRIGGER {name}")
    db.execute("PRAGMA writable_schema = ON")
    for law, laxer in LAXER.items():
        db.execute(LOOSEN, (law, laxer))
    db.execute("PRAGMA writable_schema = RESET")


def spoil(db: sqlite3.Connection, chance: random.Random) -> str:
    """Put some value in some cell; what was done."""
    tables = [row[0] for row in db.execute(TABLES)]
    table = chance.choice(
        [each for each in tables if db.execute(f"SELECT 1 FROM {each}").fetchone()]
    )
    column = chance.choice([row[1] for row in db.execute(f"PRAGMA table_info({table})")])
    value = chance.choice(VALUES)
    is_text = isinstance(value, str) and value.startswith("cast(")
    change = f"UPDATE OR IGNORE {table} SET {column} = {value if is_text else '?'}"
    where = "" if chance.random() < 0.3 else f" WHERE {column} = (SELECT {column} FROM {table})"
    with suppress(sqlite3.IntegrityError):  # the key of a row is a whole number, whatever it says
        db.execute(change + where, () if is_text else (value,))
    return f"{change}{where}: {value!r}"


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.slow] if n else []) for n in range(60)]
)
def test_whatever_stands_in_a_cell_the_checks_answer(
    town: sqlite3.Connection, voucher: Any, here: Path, seed: int
) -> None:
    chance = random.Random(seed)
    loosen(town)
    done = [spoil(town, chance) for _ in range(chance.choice((1, 1, 2, 5)))]
    town.commit()
    with closing(sqlite3.connect(here / "spoiled.db")) as file:
        town.backup(file)
    for command in (("check",), ("audit", "verify")):
        ran = voucher(*command, "--db", "spoiled.db", expect=None)
        assert "Traceback" not in ran.err, done
        assert ran.code in (0, 3, 5), (done, ran.err)
    assert found_in(town), done
