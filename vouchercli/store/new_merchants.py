"""Merchants of a registry file that nobody knew: written as they stream. All its other rows are in
`store.registries`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.store import bulk_insert, registries, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

LAST_ID = "SELECT ifnull(max(merchant_id), 0) FROM merchants"
IS_KNOWN = "SELECT 1 FROM merchants WHERE merchant_no = ?"
# Those that a registered merchant may take the place of (`registries.ADOPTED`).
ADOPTABLE = "SELECT platform_no FROM merchants WHERE NOT is_registered AND platform_no <> ''"
ADD = """
INSERT INTO merchants (merchant_no, name, uscc, district, industry, size, brand,
    designated_size, address, phone, platform_no, account_name, account_no, bank, bank_no,
                       registry, is_registered, segment_id, added_at, changed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
ON CONFLICT (merchant_no) DO NOTHING
"""
# The same of rows by columns: only what they have; the registry and the moment are those of all.
ADD_COLUMNS = "INSERT INTO merchants (registry, is_registered, added_at, changed_at, {columns})"
ROW = "(?1, 1, ?2, ?2, {places})"
ONCE = "ON CONFLICT (merchant_no) DO NOTHING"
COLUMNS = (
    "segment_id",
    "merchant_no",
    "name",
    "uscc",
    "district",
    "industry",
    "size",
    "brand",
    "designated_size",
    "address",
    "phone",
    "platform_no",
    "account_name",
    "account_no",
    "bank",
    "bank_no",
)
KNOWN = "SELECT 1 FROM merchants WHERE merchant_no IN (SELECT value FROM json_each(?)) LIMIT 1"
ADDED = "SELECT merchant_no FROM merchants WHERE merchant_id > ? ORDER BY merchant_id LIMIT ?"
NOTE = """
INSERT INTO merchant_changes (batch_id, merchant_id, before, after)
SELECT ?1, merchant_id, '', '' FROM merchants WHERE merchant_id > ?2 ORDER BY merchant_id
"""
WARN = "INSERT OR REPLACE INTO warnings (batch_id, line, reason, detail) VALUES (?, ?, ?, ?)"

# A column that the file does not have is NULL in all of its rows, and blank in the merchants that
# it added; so is a spreadsheet's error.
REPEATED = f"""
SELECT i.place, m.merchant_id, {registries.is_same("m")} AS is_same
FROM incoming_merchants AS i CROSS JOIN merchants AS m USING (merchant_no)
WHERE m.merchant_id > ? AND i.reason IS NULL
"""
SET_DUPLICATE = "UPDATE incoming_merchants SET reason = 'duplicate' WHERE place = ?"
SET_CONFLICTING = """
UPDATE incoming_merchants
SET reason = 'conflicting_row', detail = json_object('merchant_no', merchant_no, 'first_line', ?2)
WHERE place = ?1
"""


def last_id(db: sqlite3.Connection) -> int:
    """The merchant_id that was given last."""
    return typed.number(db, LAST_ID)


def is_known(db: sqlite3.Connection, merchant_no: str) -> bool:
    """Whether a merchant has this number."""
    return db.execute(IS_KNOWN, (merchant_no,)).fetchone() is not None


def adoptable(db: sqlite3.Connection) -> set[str]:
    """The platform's numbers of merchants that nobody registered."""
    return {*typed.column(db, ADOPTABLE)}


def add(db: sqlite3.Connection, after_id: int, rows: Sequence[tuple[Any, ...]]) -> list[bool]:
    """Add merchants in this order with the next ids behind `after_id`, the last one given; says of
    each whether it was new.
    """
    before = db.total_changes
    db.executemany(ADD, rows)
    added = db.total_changes - before
    return [True] * added if added == len(rows) else _are_new(db, after_id, [r[0] for r in rows])


def add_columns(
    db: sqlite3.Connection,
    after_id: int,
    registry: str,
    at: int,
    columns: Sequence[Sequence[Any]],
) -> list[bool]:
    """The same of merchants given by `COLUMNS`."""
    filled = {name: each for name, each in zip(COLUMNS, columns, strict=True) if any(each)}
    statement = ADD_COLUMNS.format(columns=", ".join(filled))
    row = ROW.format(places=", ".join("?" * len(filled)))
    numbers = columns[COLUMNS.index("merchant_no")]
    same = (registry, at)
    before = db.total_changes
    short = bulk_insert.put(db, statement, row, [*filled.values()], ONCE, same=same)
    if db.total_changes == before:  # a registry that comes again
        return [False] * len(numbers)
    is_new = [True] * len(numbers)
    for some in short:  # those behind are the merchants behind these
        last_id = after_id + sum(is_new[: some.start])
        is_new[some.start : some.stop] = _are_new(db, last_id, numbers[some.start : some.stop])
    return is_new


def _are_new(db: sqlite3.Connection, after_id: int, numbers: Sequence[str]) -> list[bool]:
    """Of each number whether its merchant is one of those behind `after_id`, in their order."""
    new = iter(typed.column(db, ADDED, (after_id, len(numbers))))
    flags, next_no = [], next(new, None)
    for number in numbers:
        flags.append(number == next_no)
        if number == next_no:
            next_no = next(new, None)
    return flags


def is_one_known(db: sqlite3.Connection, merchant_nos: Iterable[str]) -> bool:
    """Whether one of the numbers is a merchant's."""
    return db.execute(KNOWN, (json.dumps([*merchant_nos]),)).fetchone() is not None


def note(db: sqlite3.Connection, batch_id: int, after_id: int) -> None:
    """Note that a batch has added the merchants behind `after_id`."""
    db.execute(NOTE, (batch_id, after_id))


def warn(db: sqlite3.Connection, warnings: Iterable[tuple[int, int, str, str]]) -> None:
    """Keep warnings (batch_id, line, code, detail as JSON) of merchants that were added."""
    db.executemany(WARN, warnings)


def judge_repeated(
    db: sqlite3.Connection,
    after_id: int,
    lines: Sequence[int],
    *,
    fold: Callable[[str], str] | None = None,
) -> None:
    """Set the reason of the staged rows that repeat a merchant behind `after_id`, of which `lines`
    are the lines one by one: 'duplicate', or 'conflicting_row' when its values differ, also once
    they are folded.
    """
    registries.compare_by(db, fold)
    for row in db.execute(REPEATED, (after_id,)).fetchall():
        if row["is_same"]:
            db.execute(SET_DUPLICATE, (row["place"],))
        else:
            db.execute(SET_CONFLICTING, (row["place"], lines[row["merchant_id"] - after_id - 1]))
