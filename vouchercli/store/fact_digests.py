"""Digests of facts: of each 64 rows, of each 64 of these digests, and so on, so that an edit is
found, and one row that comes or goes costs a few dozen rows, not all of them.

Whoever changes facts says so twice: `hold` before, `renew` after. What did not hold before is not
renewed, so that no lawful change hides an edit.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    Blocks = set[int]

BITS = 6
LEVELS = 4
PLACES = 1 << BITS
WORD = 8
NONE = -1  # in place of a payment's refund_of
NOWHERE = -(1 << 62)  # in place of a cell's arrival
# The columns of each kind in their order: whole numbers first, then texts (and tokens).
NUMBERS = {
    "claims": ("claim_id", "round_id", "pack_no", "claimed_at", "expires_at", "batch_id", "line"),
    "redemptions": (
        "redemption_id",
        "voucher",
        "use_no",
        "merchant_id",
        "segment_id",
        "channel",
        "paid_at",
        "day",
        "base_fen",
        "merchant_discount_fen",
        "split_id",
        "line",
        "refund_of",
    ),
    "refunds": ("redemption_id", "vouchers", "spent", "floor_fen"),
    "applications": ("application_id", "round_id", "applied_at", "batch_id", "line"),
    "eligibility": ("eligibility_id", "programme_id", "listed_at", "batch_id", "line"),
    "series": ("series_id", "first_on", "last_on", "value", "batch_id", "line"),
    "effect_cells": ("cell_id", "round_id", "arrival", "week", "n", "batch_id", "line"),
    "survey_answers": (
        "answer_id",
        "round_id",
        "answers",
        "used_fen",
        "ordinary_fen",
        "voucher_fen",
        "own_fen",
        "batch_id",
        "line",
    ),
    "rejects": ("place", "batch_id", "line"),
    "postings": (
        "posting_id",
        "funder_id",
        "round_id",
        "amount_fen",
        "batch_id",
        "day",
        "booked_on",
        "posted_at",
    ),
}
TEXTS = {
    "claims": ("claim_no", "resident"),
    "redemptions": ("transaction_no",),
    "refunds": (),
    "applications": ("application_no", "resident", "resident_group", "district"),
    "eligibility": ("resident", "resident_group", "district"),
    "series": ("measure", "grain", "industry", "district", "brand", "source"),
    "effect_cells": ("arm", "stratum", "y", "yy", "s", "ss", "sy", "x", "xx", "xy", "xs"),
    "survey_answers": ("stratum", "weight"),
    "rejects": ("reason", "detail", "cells"),
    "postings": ("from_account", "to_account", "why"),
}
SINCE = ("series", "effect_cells", "survey_answers")  # in no file from before digests were kept
ROWS = {
    "claims": """
SELECT claim_id, round_id, pack_no, claimed_at, expires_at, batch_id, line, claim_no,
    lower(hex(resident))
FROM claims WHERE claim_id BETWEEN ? AND ? ORDER BY claim_id
""",
    "redemptions": """
SELECT redemption_id, voucher, use_no, merchant_id, segment_id, channel, paid_at, day, base_fen,
    merchant_discount_fen, split_id, line, ifnull(refund_of, -1), transaction_no
FROM redemptions WHERE redemption_id BETWEEN ? AND ? ORDER BY redemption_id
""",
    "refunds": """
SELECT redemption_id, vouchers, spent, floor_fen
FROM refunds WHERE redemption_id BETWEEN ? AND ? ORDER BY redemption_id
""",
    "applications": """
SELECT application_id, round_id, applied_at, ifnull(batch_id, -1), line, application_no,
    lower(hex(resident)), resident_group, district
FROM applications WHERE application_id BETWEEN ? AND ? ORDER BY application_id
""",
    "eligibility": """
SELECT eligibility_id, programme_id, listed_at, batch_id, line, lower(hex(resident)),
    resident_group, district
FROM eligibility WHERE eligibility_id BETWEEN ? AND ? ORDER BY eligibility_id
""",
    "series": """
SELECT series_id, first_on, last_on, value, batch_id, line, measure, grain, industry, district,
    brand, source
FROM series WHERE series_id BETWEEN ? AND ? ORDER BY series_id
""",
    "effect_cells": f"""
SELECT cell_id, round_id, ifnull(arrival, {NOWHERE}), week, n, batch_id, line, arm, stratum, y, yy,
    s, ss, sy, x, xx, xy, xs
FROM effect_cells WHERE cell_id BETWEEN ? AND ? ORDER BY cell_id
""",
    "survey_answers": """
SELECT answer_id, round_id, answers, used_fen, ordinary_fen, voucher_fen, own_fen, batch_id, line,
    stratum, weight
FROM survey_answers WHERE answer_id BETWEEN ? AND ? ORDER BY answer_id
""",
    "postings": """
SELECT posting_id, funder_id, ifnull(round_id, -1), amount_fen, ifnull(batch_id, -1), day,
    booked_on, posted_at, from_account, to_account, why
FROM postings WHERE posting_id BETWEEN ? AND ? ORDER BY posting_id
""",
    # 64 lines are a place, so that a block of 64 places has the rejects of 4,096 lines
    "rejects": """
SELECT (batch_id << 30) + (line >> 6), batch_id, line, reason, detail, cells
FROM rejects
WHERE (batch_id, line) >= (?1 >> 30, (?1 & 1073741823) << 6)
    AND (batch_id, line) <= (?2 >> 30, ((?2 & 1073741823) << 6) + 63)
ORDER BY batch_id, line
""",
}
# Redemptions of which a file said more (`redemption_details`): it stands behind the number.
DETAILED = """
SELECT redemption_id, voucher, use_no, merchant_id, segment_id, channel, paid_at, day, base_fen,
    merchant_discount_fen, split_id, line, ifnull(refund_of, -1), transaction_no
        || ifnull((SELECT char(31) || d.details FROM redemption_details d
            WHERE d.redemption_id = f.redemption_id), '')
FROM redemptions f WHERE redemption_id BETWEEN ? AND ? ORDER BY redemption_id
"""
# A file that is being upgraded may not have the table yet.
CAN_HAVE_DETAILS = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'redemption_details')"
HAS_DETAILS = "SELECT EXISTS (SELECT 1 FROM redemption_details WHERE redemption_id BETWEEN ? AND ?)"
LAST = {
    "claims": "SELECT ifnull(max(claim_id), 0) FROM claims",
    "redemptions": "SELECT ifnull(max(redemption_id), 0) FROM redemptions",
    "refunds": "SELECT ifnull(max(redemption_id), 0) FROM refunds",
    "applications": "SELECT ifnull(max(application_id), 0) FROM applications",
    "eligibility": "SELECT ifnull(max(eligibility_id), 0) FROM eligibility",
    "series": "SELECT ifnull(max(series_id), 0) FROM series",
    "effect_cells": "SELECT ifnull(max(cell_id), 0) FROM effect_cells",
    "survey_answers": "SELECT ifnull(max(answer_id), 0) FROM survey_answers",
    "postings": "SELECT ifnull(max(posting_id), 0) FROM postings",
}
KEPT = """
SELECT block, digest FROM fact_digests WHERE facts = ? AND level = ? AND block BETWEEN ? AND ?
ORDER BY block
"""
PUT = "INSERT OR REPLACE INTO fact_digests (facts, level, block, digest) VALUES (?, ?, ?, ?)"
DROP = "DELETE FROM fact_digests WHERE facts = ? AND level = ? AND block = ?"
TOP = "SELECT facts, block, digest FROM fact_digests WHERE level = 3 ORDER BY facts, block"
IS_COUNTED = "SELECT EXISTS (SELECT 1 FROM fact_digests WHERE facts <> 'postings')"
IS_UNSAID = "SELECT EXISTS (SELECT 1 FROM fact_digests_said WHERE NOT is_said)"
SAY = "UPDATE fact_digests_said SET is_said = ? WHERE is_said <> ?"
END = 1 << 62


# ---------------------------------------------------------------- digests of rows


def of_rows(numbers: bytes | memoryview, texts: Sequence[Sequence[str]]) -> bytes:
    """The digest of rows: of each row its whole numbers and the lengths of its texts, eight bytes
    each (little-endian), then each column of texts with line breaks between them.
    """
    digest = sha256(numbers)
    for some in texts:
        digest.update("\n".join(some).encode("utf-8", "surrogatepass"))
    return digest.digest()


def words(numbers: Iterable[int]) -> bytes:
    """Whole numbers as eight bytes each, little-endian."""
    row = array("q", numbers)
    if sys.byteorder == "big":
        row.byteswap()
    return row.tobytes()


def of_facts(rows: Sequence[tuple[Any, ...]], width: int) -> bytes:
    """The digest of rows as they stand in the file; what no column can hold has one too."""
    return of_columns([*zip(*rows, strict=True)], width)


def of_columns(columns: Sequence[Sequence[Any]], width: int) -> bytes:
    """The same of rows that are given by columns."""
    try:
        texts = columns[width:]
        lengths = ([*map(len, each)] for each in texts)
        return of_rows(by_rows([*columns[:width], *lengths]), texts)
    except (TypeError, OverflowError, AttributeError):
        rows = [*zip(*columns, strict=True)]
        return sha256(b"odd" + repr(rows).encode("utf-8", "replace")).digest()


def by_rows(columns: Sequence[Sequence[int]]) -> bytes | memoryview:
    """Columns of whole numbers as rows of eight bytes each, little-endian."""
    count = len(columns)
    numbers = array("q", bytes(WORD * count * len(columns[0]))) if columns else array("q")
    for place, column in enumerate(columns):
        numbers[place::count] = array("q", column)
    if sys.byteorder == "big":
        numbers.byteswap()
    return memoryview(numbers).cast("B")


def made(
    db: sqlite3.Connection, facts: str, first: int, last: int = END
) -> Iterator[tuple[int, bytes]]:
    """(block, digest) of the facts with these ids."""
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(_statement(db, facts, first, last), (first, last))
    width = len(NUMBERS[facts])
    block = 0
    rows: list[tuple[Any, ...]] = []
    for row in cursor:
        if row[0] >> BITS != block:
            if rows:
                yield block, of_facts(rows, width)
            block, rows = row[0] >> BITS, []
        rows.append(row)
    if rows:
        yield block, of_facts(rows, width)


def _statement(db: sqlite3.Connection, facts: str, first: int, last: int) -> str:
    """What reads the facts with these ids."""
    is_detailed = (
        facts == "redemptions"
        and typed.number(db, CAN_HAVE_DETAILS)
        and typed.number(db, HAS_DETAILS, (first, last))
    )
    return DETAILED if is_detailed else ROWS[facts]


def _of_block(db: sqlite3.Connection, facts: str, block: int, before: int = END) -> bytes | None:
    last = min(before, (block + 1) << BITS) - 1
    return next((digest for _, digest in made(db, facts, block << BITS, last)), None)


# ---------------------------------------------------------------- kept with the facts


def hold(db: sqlite3.Connection, facts: str, blocks: Iterable[int], before: int = END) -> Blocks:
    """Before facts of these blocks change: those of the blocks that are still what they were
    written as. `before`: of facts with smaller ids, where others have been written already.
    """
    return {
        block
        for block in {*blocks}
        if _of_block(db, facts, block, before) == _kept(db, facts, block)
    }


def renew(db: sqlite3.Connection, facts: str, blocks: Iterable[int]) -> None:
    """After facts of these blocks have changed: keep the digests that they have now."""
    _put(db, facts, {block: _of_block(db, facts, block) for block in blocks})


def add_written(db: sqlite3.Connection, facts: str, first_id: int) -> None:
    """Keep the digests of the facts from `first_id` on, which have been written just now."""
    last = typed.number(db, LAST[facts])
    if last >= first_id:
        _put_behind(db, facts, first_id, dict(made(db, facts, first_id)))


def add_columns(
    db: sqlite3.Connection,
    facts: str,
    ids: Sequence[int],
    numbers: bytes | memoryview,
    texts: Sequence[Sequence[str]],
) -> None:
    """The same of facts that were given by columns, in the order of their ids; `numbers` and
    `texts` as `of_rows` has them. Only of the block that was begun before are the facts read again.
    """
    width = WORD * (len(NUMBERS[facts]) + len(TEXTS[facts]))
    made_now: dict[int, bytes | None] = {}
    start = 0
    while start < len(ids):
        block = ids[start] >> BITS
        end = bisect_left(ids, (block + 1) << BITS, start, min(start + PLACES, len(ids)))
        made_now[block] = of_rows(
            numbers[start * width : end * width], [each[start:end] for each in texts]
        )
        start = end
    if ids:
        _put_behind(db, facts, ids[0], made_now)


def _put_behind(
    db: sqlite3.Connection, facts: str, first_id: int, digests: dict[int, bytes | None]
) -> None:
    """Keep the digests of new facts; what stands before them in their first block must hold."""
    begun = first_id >> BITS
    is_begun = _of_block(db, facts, begun, first_id) is not None
    if is_begun or _kept(db, facts, begun) is not None:
        digests.pop(begun, None)
        _put(db, facts, digests)
        renew(db, facts, hold(db, facts, [begun], first_id))
    else:
        _put(db, facts, digests)


def place(batch_id: int, line: int) -> int:
    """The block of a reject."""
    return ((batch_id << 30) + (line >> 6)) >> BITS


@contextmanager
def changing(db: sqlite3.Connection, *kinds: str, of: str, **values: Any) -> Iterator[None]:
    """While facts change: `of` names their blocks as they are before."""
    blocks = typed.column(db, of, values)
    held = {facts: hold(db, facts, blocks) for facts in kinds}
    yield
    for facts, some in held.items():
        renew(db, facts, some)


@contextmanager
def changing_all(db: sqlite3.Connection, *kinds: str) -> Iterator[None]:
    """While all facts of these kinds change; what did not hold before is not renewed."""
    held = {facts: _all_held(db, facts) for facts in kinds}
    yield
    for facts, blocks in held.items():
        renewed = {block: each for block, each in made(db, facts, -END) if block in blocks}
        _put(db, facts, renewed)


def _all_held(db: sqlite3.Connection, facts: str) -> Blocks:
    kept = dict(typed.tuples(db, KEPT, (facts, 0, -END, END)))
    return {block for block, digest in made(db, facts, -END) if kept.get(block) == digest}


def count_all(db: sqlite3.Connection) -> None:
    """Keep the digests of all facts in a file from before these were kept, else those of postings
    alone, which have more columns now.
    """
    every = [facts for facts in NUMBERS if facts not in SINCE]
    for facts in ("postings",) if typed.number(db, IS_COUNTED) else every:
        _put(db, facts, dict(made(db, facts, -END)))


def count_effects(db: sqlite3.Connection) -> None:
    """Keep the digests of cells and answers that came in before these were kept."""
    for facts in ("effect_cells", "survey_answers"):
        _put(db, facts, dict(made(db, facts, -END)))


def _kept(db: sqlite3.Connection, facts: str, block: int) -> bytes | None:
    return next((digest for _, digest in typed.tuples(db, KEPT, (facts, 0, block, block))), None)


def _put(db: sqlite3.Connection, facts: str, digests: dict[int, Any], level: int = 0) -> None:
    """Keep digests by block (None: nothing is left of it), and what follows above them."""
    if not digests:
        return
    gone = [(facts, level, block) for block, digest in digests.items() if digest is None]
    there = [(facts, level, block, each) for block, each in digests.items() if each is not None]
    db.executemany(DROP, gone)
    db.executemany(PUT, there)
    if level + 1 < LEVELS:
        above = sorted({block >> BITS for block in digests})
        _put(db, facts, {block: _of_digests(db, facts, level, block) for block in above}, level + 1)
    else:
        db.execute(SAY, (0, 0))


def _of_digests(db: sqlite3.Connection, facts: str, level: int, above: int) -> bytes | None:
    span = (above << BITS, ((above + 1) << BITS) - 1)
    rows = typed.tuples(db, KEPT, (facts, level, *span))
    return _over(rows) if rows else None


def above(level: dict[int, bytes]) -> dict[int, bytes]:
    """The digests above these digests, by block."""
    return {
        block: _over(list(some))
        for block, some in groupby(sorted(level.items()), lambda each: each[0] >> BITS)
    }


def _over(rows: Iterable[tuple[int, bytes]]) -> bytes:
    blocks, digests = zip(*rows, strict=True)
    return sha256(words(blocks) + b"".join(digests)).digest()


# ---------------------------------------------------------------- said in the log


def unsaid(db: sqlite3.Connection) -> str | None:
    """The digest of all facts, once, when facts have changed since the last line of the log; the
    caller says it in the line that it writes.
    """
    if not typed.number(db, IS_UNSAID):
        return None
    db.execute(SAY, (1, 1))
    return root(db)


def root_of(db: sqlite3.Connection, facts: str) -> str:
    """The digest of all facts of a kind, as kept."""
    digest = sha256()
    for kind, block, each in typed.tuples(db, TOP):
        if kind == facts:
            digest.update(f"{block} {each.hex()}\n".encode())
    return digest.hexdigest()


def root(db: sqlite3.Connection) -> str:
    """The digest of all facts, as kept."""
    digest = sha256()
    for facts, block, each in typed.tuples(db, TOP):
        digest.update(f"{facts} {block} {each.hex()}\n".encode())
    return digest.hexdigest()
