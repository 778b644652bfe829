"""Programmes, their funders and published figures as they are kept: the document as loaded, beside
what SQL asks for.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError, closest
from vouchercli.rules.published import Published
from vouchercli.store import ledger, typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.programme_changes import InUse  # needed only when a programme is loaded
    from vouchercli.rules.programmes import Programme

    Row = sqlite3.Row

NAMED = "SELECT * FROM programmes WHERE programme = ?"
ALL = """
SELECT p.*, EXISTS (SELECT 1 FROM funders f WHERE f.programme_id = p.programme_id) AS has_funders
FROM programmes p ORDER BY programme_id
"""
FUNDERS = "SELECT * FROM funders WHERE programme_id = ? ORDER BY position"
RESTED_ON = """
SELECT EXISTS (SELECT 1 FROM rounds WHERE programme_id = ? AND state NOT IN ('draft', 'submitted',
    'cancelled'))
"""
PUBLISHED = """
SELECT what, as_of_at, rounds, issued_fen, subsidy_fen, base_fen, gross, own, source, lost_fen,
    days_to_payment
FROM published_figures WHERE programme_id = ? ORDER BY position
"""


def current(db: sqlite3.Connection, programme: str | None) -> Row:
    """The programme that is meant. Raises `no_programme`, `unknown_programme`,
    `which_programme`.
    """
    row = meant(db, programme)
    if row is not None:
        return row
    rows = all_loaded(db)
    if not rows:
        raise VoucherError(
            "no_programme",
            "no programme is loaded yet",
            hint="voucher programme list --shipped",
        )
    known = [each["programme"] for each in _with_funders(rows) or rows]
    raise VoucherError(
        "which_programme",
        "this file holds several programmes: {known}",
        hint="voucher programme use {first}, or add --programme {first} to the command",
        known=", ".join(known),
        first=known[0],
    )


def meant(db: sqlite3.Connection, programme: str | None) -> Row | None:
    """The programme of that code; without a code the current one, else the only one with funders
    (nothing is done with published figures alone), else the only one; None when nothing says
    which. Raises `unknown_programme`.
    """
    rows = all_loaded(db)
    if rows and programme is not None:
        return named(db, programme)
    chosen = [row for row in rows if row["is_current"]]
    return next((each[0] for each in (chosen, _with_funders(rows), rows) if len(each) == 1), None)


def to_name(db: sqlite3.Connection, programme: str) -> str | None:
    """The code, where a command must name it to mean that programme; None where it goes without."""
    row = meant(db, None)
    return None if row is not None and row["programme"] == programme else programme


def chosen(db: sqlite3.Connection, programme: str | None) -> Row:
    """The programme that is meant, else the first one with funders: where any of them will do."""
    rows = all_loaded(db)
    return meant(db, programme) or (_with_funders(rows) or rows)[0]


def _with_funders(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["has_funders"]]


def named(db: sqlite3.Connection, programme: str) -> Row:
    """The programme of that code. Raises `unknown_programme` with the nearest code."""
    row = find(db, programme)
    if row is not None:
        return row
    near = closest(programme, [each["programme"] for each in all_loaded(db)])
    raise VoucherError(
        "unknown_programme",
        "no programme {programme} is loaded; did you mean {near}?"
        if near
        else "no programme {programme} is loaded",
        hint="voucher programme list",
        programme=programme,
        near=near,
    )


def find(db: sqlite3.Connection, programme: str) -> Row | None:
    """The programme of that code, or None."""
    row: Row | None = db.execute(NAMED, (programme,)).fetchone()
    return row


def all_loaded(db: sqlite3.Connection) -> list[Row]:
    """Every programme of the file, in the order of loading."""
    return db.execute(ALL).fetchall()


def value(row: Row) -> Programme:
    """The programme as the rules know it."""
    return _read(row["document"])


def is_rested_on(db: sqlite3.Connection, programme_id: int) -> bool:
    """Whether a round of the programme was approved and not cancelled: money is promised by its
    rules.
    """
    return bool(typed.number(db, RESTED_ON, (programme_id,)))


def of_document(document: Any) -> Programme:
    """The programme that a document says, which had no fault when it was read."""
    return _read(json.dumps(document, ensure_ascii=False))


@lru_cache(maxsize=16)
def _read(text: str) -> Programme:
    # loaded only for those who ask for the whole of it: a report does not
    from vouchercli.rules import programmes as rules

    programme, faults = rules.read(json.loads(text))
    assert programme is not None, faults  # it had no fault when it was loaded
    return programme


def published(db: sqlite3.Connection, programme_id: int) -> tuple[Published, ...]:
    """What others printed about it, in the order of its file."""
    return tuple(
        Published(what, as_of_at, tuple(json.loads(rounds)), *figures)
        for what, as_of_at, rounds, *figures in db.execute(PUBLISHED, (programme_id,))
    )


def document(row: Row) -> Any:
    """The programme as its file said it."""
    return json.loads(row["document"])


def funders(db: sqlite3.Connection, programme_id: int) -> list[Row]:
    """Its funders in the order of its file: funder_id, funder, kind, position, amount_fen."""
    return db.execute(FUNDERS, (programme_id,)).fetchall()


# ---------------------------------------------------------------- writing

PUT_BACK = "UPDATE programmes SET is_current = 0 WHERE is_current"
PUT_FIRST = "UPDATE programmes SET is_current = 1 WHERE programme_id = ?"
SAVE = """
INSERT INTO programmes (programme, digest, document, time_zone, loaded_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (programme) DO UPDATE SET
    digest = excluded.digest, document = excluded.document, time_zone = excluded.time_zone,
        loaded_at = excluded.loaded_at
RETURNING programme_id
"""
SAVE_FUNDER = """
INSERT INTO funders (programme_id, funder, kind, position, amount_fen) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (programme_id, funder) DO UPDATE SET kind = excluded.kind,
    position = excluded.position, amount_fen = excluded.amount_fen
RETURNING funder_id
"""
DROP_FUNDER = "DELETE FROM funders WHERE programme_id = ? AND funder = ?"
DROP_PUBLISHED = "DELETE FROM published_figures WHERE programme_id = ?"
SAVE_PUBLISHED = "INSERT INTO published_figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def save(db: sqlite3.Connection, programme: Programme, document: Any, digest: str, at: int) -> int:
    """Keep the programme, its funders and published figures; gives the programme_id. What a
    change may not touch: `rules.programme_changes.obstacles`.
    """
    text = json.dumps(document, ensure_ascii=False)
    programme_id = typed.number(
        db, SAVE, (programme.programme, digest, text, programme.time_zone, at)
    )
    kept = [funder.funder for funder in programme.funders]
    for row in funders(db, programme_id):
        if row["funder"] not in kept:
            db.execute(DROP_FUNDER, (programme_id, row["funder"]))
    for position, funder in enumerate(programme.funders):
        db.execute(
            SAVE_FUNDER, (programme_id, funder.funder, funder.kind, position, funder.amount_fen)
        ).fetchone()
    db.execute(DROP_PUBLISHED, (programme_id,))
    db.executemany(
        SAVE_PUBLISHED,
        [
            (programme_id, position, what, as_of_at, json.dumps(rounds), *figures)
            for position, (what, as_of_at, rounds, *figures) in enumerate(programme.published)
        ],
    )
    return programme_id


def use(db: sqlite3.Connection, programme_id: int) -> None:
    """Make it the one that is meant when none is named."""
    db.execute(PUT_BACK)
    db.execute(PUT_FIRST, (programme_id,))


# ---------------------------------------------------------------- what depends on it

HAS_CLAIMS = (
    "SELECT EXISTS (SELECT 1 FROM claims JOIN rounds USING (round_id) WHERE programme_id = ?)"
)
HAS_REDEMPTIONS = """
SELECT EXISTS (SELECT 1 FROM redemptions JOIN claims USING (claim_id) JOIN rounds USING (round_id)
    WHERE programme_id = ?)
"""
PAYING = """
SELECT funder FROM funders f WHERE programme_id = ? AND (
    EXISTS (SELECT 1 FROM postings p WHERE p.funder_id = f.funder_id)
    OR EXISTS (SELECT 1 FROM split_parts s WHERE s.funder_id = f.funder_id)
)
"""
PROMISED = """
SELECT DISTINCT part.key FROM rounds JOIN templates USING (template_id), json_tree(document) part
WHERE programme_id = ? AND state NOT IN ('draft', 'submitted', 'cancelled')
    AND part.path IN ('$.funding', '$.match')
"""


def in_use(db: sqlite3.Connection, programme_id: int) -> InUse:
    """What already depends on the programme, so that it cannot be changed."""
    from vouchercli.rules.programme_changes import InUse  # needed only when a programme is loaded

    return InUse(
        has_claims=bool(typed.number(db, HAS_CLAIMS, (programme_id,))),
        has_redemptions=bool(typed.number(db, HAS_REDEMPTIONS, (programme_id,))),
        promised=frozenset(row[0] for row in db.execute(PROMISED, (programme_id,))),
        paying=frozenset(row[0] for row in db.execute(PAYING, (programme_id,))),
        uncommitted_fen={
            row["funder"]: ledger.balance(db, row["funder_id"], "uncommitted")
            for row in funders(db, programme_id)
        },
    )


BY_ID = "SELECT * FROM programmes WHERE programme_id = ?"


def by_id(db: sqlite3.Connection, programme_id: int) -> Row:
    """The programme of that id (from a row that refers to it)."""
    row: Row = db.execute(BY_ID, (programme_id,)).fetchone()
    return row
