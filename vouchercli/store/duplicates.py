"""Rows whose fact another file had brought already: where they stand, and which fact each of them
is. When the file of the fact is undone, the fact stays and belongs to the first of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import batches, bulk_insert, fact_digests, handed_redemptions, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

ADD = "INSERT OR REPLACE INTO duplicates (batch_id, line, of_batch, of_line)"
# The fact that an incoming duplicate row is, by kind of file.
STANDING = {
    "claims": """
SELECT i.batch_id, i.line, f.batch_id AS fact_batch, f.line AS fact_line
FROM incoming_claims i CROSS JOIN claims f ON f.claim_no = i.claim_no AND f.round_id = i.round_id
    AND f.resident = i.resident AND f.claimed_at = i.claimed_at
WHERE i.reason = 'duplicate'
""",
    "redemptions": """
SELECT i.batch_id, i.line, f.batch_id AS fact_batch, f.line AS fact_line
FROM judged i CROSS JOIN redemption_facts f ON f.voucher = i.voucher
    AND f.transaction_no = i.transaction_no AND (f.refund_of IS NULL) = (i.kind = 'pay')
    AND f.merchant_id = i.merchant_id AND f.paid_at = i.paid_at AND abs(f.base_fen) = i.base_fen
    AND abs(f.merchant_discount_fen) = i.merchant_discount_fen
WHERE i.reason = 'duplicate'
""",
    "applications": """
SELECT i.batch_id, i.line, f.batch_id AS fact_batch, f.line AS fact_line
FROM incoming_applications i CROSS JOIN applications f ON f.round_id = i.round_id
    AND f.application_no = i.application_no AND f.resident = i.resident
    AND f.applied_at = i.applied_at
WHERE i.reason = 'duplicate'
""",
    "eligibility": """
SELECT i.batch_id, i.line, f.batch_id AS fact_batch, f.line AS fact_line
FROM incoming_eligibility i CROSS JOIN batches b ON b.batch_id = i.batch_id
CROSS JOIN eligibility f ON f.programme_id = b.programme_id AND f.resident = i.resident
    AND f.resident_group = i.resident_group
WHERE i.reason = 'duplicate'
""",
    "series": """
SELECT i.batch_id, i.line, f.batch_id AS fact_batch, f.line AS fact_line
FROM incoming_series i CROSS JOIN standing_series f ON f.measure = i.measure
    AND f.source = i.source AND f.grain = i.grain AND f.first_on = i.first_on
    AND f.last_on = i.last_on AND f.industry = i.industry AND f.district = i.district
    AND f.brand = i.brand AND f.value = i.value
WHERE i.reason = 'duplicate'
""",
}
# What a row says of its fact, behind its line, and where a fact stands that says the same.
SAID = {
    "claims": ("line", "claim_no", "round_id", "resident", "claimed_at"),
    "redemptions": (
        "line",
        "voucher",
        "transaction_no",
        "merchant_id",
        "paid_at",
        "base_fen",
        "merchant_discount_fen",
        "subsidy_fen",
    ),
    "applications": ("line", "round_id", "application_no", "resident", "applied_at"),
}
IS_SAID = {
    "claims": """
SELECT batch_id, line FROM claims
WHERE claim_no = ? AND round_id = ? AND resident = ? AND claimed_at = ?
""",
    "redemptions": """
SELECT batch_id, line FROM redemption_facts WHERE voucher = ? AND transaction_no = ?
    AND merchant_id = ? AND paid_at = ?
    AND base_fen = ? AND merchant_discount_fen = ? AND subsidy_fen = ? AND kind = 'pay'
""",
    "applications": """
SELECT batch_id, line FROM applications
WHERE round_id = ? AND application_no = ? AND resident = ? AND applied_at = ?
""",
}
NOTE = {kind: f"{ADD} {each} AND f.batch_id <> i.batch_id" for kind, each in STANDING.items()}

# ---------------------------------------------------------------- facts that gave way

CLEAR_LOST = "DROP TABLE IF EXISTS temp.lost"
CREATE_LOST = """
CREATE TEMP TABLE lost (batch_id INTEGER, line INTEGER, reason TEXT, detail TEXT, cells TEXT,
    PRIMARY KEY (batch_id, line)) WITHOUT ROWID
"""
# Behind the first `staged` rows are facts that were judged again.
LOST = """
INSERT INTO lost SELECT batch_id, line, reason, detail, cells FROM incoming
WHERE NOT place BETWEEN 1 AND ? AND reason IS NOT NULL
"""
ARE_LOST = "SELECT EXISTS (SELECT 1 FROM lost)"
CLEAR_LEFT = "DROP TABLE IF EXISTS temp.left_behind"
LEFT = """
CREATE TEMP TABLE left_behind AS
SELECT d.batch_id, d.line, d.of_batch, d.of_line, l.reason, l.detail, l.cells,
    row_number() OVER (PARTITION BY d.batch_id, d.of_batch, d.of_line ORDER BY d.line) AS nth
FROM duplicates d CROSS JOIN lost l ON l.batch_id = d.of_batch AND l.line = d.of_line
"""
# A fact that is the same as another one now: its duplicates are that one's.
LEAD_ON = {
    kind: f"""
{ADD}
SELECT e.batch_id, e.line, s.fact_batch, s.fact_line
FROM left_behind e JOIN ({each}) AS s ON s.batch_id = e.of_batch AND s.line = e.of_line
WHERE e.reason = 'duplicate' AND e.batch_id <> s.fact_batch
"""
    for kind, each in STANDING.items()
}
# A fact that was refused: nothing stands that its duplicates could be, so they are refused like it.
REFUSE = """
INSERT INTO rejects (batch_id, line, reason, detail, cells)
SELECT batch_id, line, reason, detail, cells FROM left_behind
WHERE reason <> 'duplicate' AND nth = 1 ORDER BY batch_id, line
"""
REFUSED_BLOCKS = """
SELECT DISTINCT ((batch_id << 30) + (line >> 6)) >> 6 FROM left_behind
WHERE reason <> 'duplicate' AND nth = 1
"""
REFUSED = """
SELECT batch_id, count(*) FROM left_behind WHERE reason <> 'duplicate' AND nth = 1
GROUP BY batch_id ORDER BY batch_id
"""
FORGET_LEFT = """
DELETE FROM duplicates WHERE (batch_id, line, of_batch, of_line) IN (
    SELECT batch_id, line, of_batch, of_line FROM left_behind)
"""
FORGET_OWN = "DELETE FROM duplicates WHERE batch_id = of_batch"

# ---------------------------------------------------------------- undo

CLEAR_HEIRS = "DROP TABLE IF EXISTS temp.heirs"
CREATE_HEIRS = """
CREATE TEMP TABLE heirs (line INTEGER PRIMARY KEY, batch_id INTEGER, heir_line INTEGER)
"""
# The first row that also brought a fact of the batch: of the first file, and there the first line.
FIND_HEIRS = """
INSERT INTO heirs
SELECT of_line, min((batch_id << 40) + line) >> 40,
    min((batch_id << 40) + line) & ((1 << 40) - 1)
FROM duplicates WHERE of_batch = ? GROUP BY of_line
"""
ARE_HEIRS = "SELECT EXISTS (SELECT 1 FROM heirs)"
MOVE = {
    kind: f"""
UPDATE {kind} SET
    line = (SELECT h.heir_line FROM heirs h WHERE h.line = {kind}.line),
    batch_id = (SELECT h.batch_id FROM heirs h WHERE h.line = {kind}.line)
WHERE batch_id = ?1 AND line IN (SELECT line FROM heirs)
"""
    for kind in STANDING
    if kind != "redemptions"  # whose batch is that of their run
}
MOVING_BLOCKS = {
    kind: f"""
SELECT DISTINCT {key} >> 6 FROM {kind}
WHERE batch_id = :batch_id AND line IN (SELECT line FROM heirs)
"""
    for kind, key in (
        ("claims", "claim_id"),
        ("applications", "application_id"),
        ("eligibility", "eligibility_id"),
        ("series", "series_id"),
    )
}
# What had left the store by another way than its file has no heir.
DROP_IDLE = {
    kind: f"DELETE FROM heirs WHERE line NOT IN (SELECT line FROM {kind} WHERE batch_id = ?)"
    for kind in MOVE
} | {
    "redemptions": """
DELETE FROM heirs WHERE line NOT IN (
    SELECT f.line FROM redemption_runs n CROSS JOIN redemptions f
        ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE n.batch_id = ?)
"""
}
MOVE_WARNINGS = """
UPDATE OR REPLACE warnings SET
    line = (SELECT h.heir_line FROM heirs h WHERE h.line = warnings.line),
    batch_id = (SELECT h.batch_id FROM heirs h WHERE h.line = warnings.line)
WHERE batch_id = ?1 AND line IN (SELECT line FROM heirs)
"""
MOVE_MENDED = """
UPDATE OR IGNORE mended_rejects SET
    line = (SELECT h.heir_line FROM heirs h WHERE h.line = mended_rejects.line),
    batch_id = (SELECT h.batch_id FROM heirs h WHERE h.line = mended_rejects.line)
WHERE batch_id = ?1 AND line IN (SELECT line FROM heirs)
"""
REPOINT = """
UPDATE duplicates SET
    of_batch = (SELECT h.batch_id FROM heirs h WHERE h.line = duplicates.of_line),
    of_line = (SELECT h.heir_line FROM heirs h WHERE h.line = duplicates.of_line)
WHERE of_batch = ?1 AND of_line IN (SELECT line FROM heirs)
"""
FORGET = "DELETE FROM duplicates WHERE batch_id = ?1 OR of_batch = ?1"
BY_HEIR = """
SELECT h.batch_id, b.file, count(*) FROM heirs h JOIN batches b USING (batch_id)
GROUP BY h.batch_id ORDER BY h.batch_id
"""
COUNT_SHARED = "SELECT count(DISTINCT of_line) FROM duplicates WHERE of_batch = ?"


class Stay(NamedTuple):
    """So many facts of an undone file stay: this file brought them too."""

    batch: int
    file: str
    rows: int


def add(db: sqlite3.Connection, batch_id: int, rows: Sequence[tuple[int, int, int]]) -> None:
    """Keep duplicate rows of a batch: (line, batch of the fact, its line there)."""
    others = [(batch_id, *row) for row in rows if row[1] != batch_id]
    if others:
        bulk_insert.put(db, ADD, "(?, ?, ?, ?)", [*zip(*others, strict=True)])


def add_said(
    db: sqlite3.Connection, kind: str, batch_id: int, rows: Iterable[tuple[Any, ...]]
) -> set[int]:
    """Keep those of the rows (`SAID`) of a batch whose fact stands already, alike in everything.
    Gives their lines, also of the applications that live claims brought and no file.
    """
    facts = {
        line: (fact[0], fact[1])
        for line, *content in rows
        if (fact := db.execute(IS_SAID[kind], content).fetchone()) is not None
    }
    of_files = [(line, *facts[line]) for line in sorted(facts) if facts[line][0] is not None]
    add(db, batch_id, of_files)
    return {*facts}


def note(db: sqlite3.Connection, kind: str) -> None:
    """Keep the incoming rows that are duplicates of facts of other files, once the fit ones have
    been written. (Of registries see `store.registries`.)
    """
    if kind in NOTE:
        db.execute(NOTE[kind])


def follow(db: sqlite3.Connection, kind: str, staged: int) -> None:
    """After `note`: the duplicates of facts that were judged again, behind the first `staged`
    incoming rows, and gave way: they are refused like these, in their own batches, or are
    duplicates of what took their place.
    """
    if kind not in LEAD_ON:
        return
    expect_lost(db)
    db.execute(LOST, (staged,))
    if not typed.number(db, ARE_LOST):
        return
    find_left(db)
    db.execute(LEAD_ON[kind])
    refuse_left(db)


def expect_lost(db: sqlite3.Connection) -> None:
    """An empty temp.lost (batch_id, line, reason, detail, cells)."""
    db.execute(CLEAR_LOST)
    db.execute(CREATE_LOST)


def find_left(db: sqlite3.Connection) -> None:
    """Move the duplicates of the facts of temp.lost to temp.left_behind."""
    for statement in (CLEAR_LEFT, LEFT, FORGET_LEFT):
        db.execute(statement)


def refuse_left(db: sqlite3.Connection) -> None:
    """Refuse those of temp.left_behind whose fact was refused, each in its own batch; of several
    in one file the first.
    """
    with fact_digests.changing(db, "rejects", of=REFUSED_BLOCKS):
        db.execute(REFUSE)
    for batch_id, rows in typed.tuples(db, REFUSED):
        batches.move(db, batch_id, accepted=0, duplicate=-rows, rejected=rows)


def count_shared(db: sqlite3.Connection, batch_id: int) -> int:
    """How many facts of a batch other files have brought too."""
    return typed.number(db, COUNT_SHARED, (batch_id,))


def hand_over(db: sqlite3.Connection, kind: str, batch_id: int) -> list[Stay]:
    """Before a batch is undone: its facts that other files have brought too are theirs from now
    on, and counted there as accepted. Gives these files; nothing of the batch is a duplicate any
    more.
    """
    stay: list[Stay] = []
    db.execute(CLEAR_HEIRS)
    db.execute(CREATE_HEIRS)
    db.execute(FIND_HEIRS, (batch_id,))
    if typed.number(db, ARE_HEIRS):
        db.execute(DROP_IDLE[kind], (batch_id,))
        if kind == "redemptions":
            handed_redemptions.move(db, batch_id)
        else:
            with fact_digests.changing(db, kind, of=MOVING_BLOCKS[kind], batch_id=batch_id):
                db.execute(MOVE[kind], (batch_id,))
        for statement in (MOVE_WARNINGS, MOVE_MENDED, REPOINT):
            db.execute(statement, (batch_id,))
        db.execute(FORGET_OWN)
        stay = typed.rows(db, Stay, BY_HEIR)
        for each in stay:
            batches.move(db, each.batch, accepted=each.rows, duplicate=-each.rows, rejected=0)
    db.execute(FORGET, (batch_id,))
    return stay
