"""Digests of facts: of each 256 rows, of each 256 of these digests, and so on, so that an edit is
found, and one row that comes or goes costs a few hundred rows, not all of them.

Whoever changes facts says so twice: `hold` before, `renew` after. What did not hold before is not
renewed, so that no lawful change hides an edit.
"""

from __future__ import annotations

import sys
from array import array
from contextlib import contextmanager
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, Any

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    Blocks = set[int]

BITS = 8
LEVELS = 3
WORD = 8
NONE = -1  # in place of a payment's refund_of
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
}
TEXTS = {"claims": ("claim_no", "resident"), "redemptions": ("transaction_no",), "refunds": ()}
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
}
FIRST_LAST = {
    "claims": "SELECT min(claim_id), max(claim_id) FROM claims",
    "redemptions": "SELECT min(redemption_id), max(redemption_id) FROM redemptions",
    "refunds": "SELECT min(redemption_id), max(redemption_id) FROM refunds",
}
KEPT = """
SELECT block, digest FROM fact_digests WHERE facts = ? AND level = ? AND block BETWEEN ? AND ?
ORDER BY block
"""
PUT = "INSERT OR REPLACE INTO fact_digests (facts, level, block, digest) VALUES (?, ?, ?, ?)"
DROP = "DELETE FROM fact_digests WHERE facts = ? AND level = ? AND block = ?"
TOP = "SELECT facts, block, digest FROM fact_digests WHERE level = 2 ORDER BY facts, block"
IS_UNSAID = "SELECT EXISTS (SELECT 1 FROM fact_digests_said WHERE NOT is_said)"
SAY = "UPDATE fact_digests_said SET is_said = ? WHERE is_said <> ?"
END = 1 << 62


# ---------------------------------------------------------------- digests of rows


def of_rows(numbers: Sequence[bytes], texts: Sequence[tuple[bytes, Sequence[str]]]) -> bytes:
    """The digest of rows by their columns: whole numbers as eight bytes each (little-endian), then
    of each column of texts their lengths, and the texts with line breaks between them.
    """
    digest = blake2b(digest_size=32)
    for each in numbers:
        digest.update(each)
    for lengths, some in texts:
        digest.update(lengths)
        digest.update("\n".join(some).encode("utf-8", "surrogatepass"))
    return digest.digest()


def words(numbers: Iterable[int]) -> bytes:
    """Whole numbers as eight bytes each, little-endian."""
    row = array("q", numbers)
    if sys.byteorder == "big":
        row.byteswap()
    return row.tobytes()


def _words(column: Any) -> bytes:
    return column if isinstance(column, bytes) else words(column)


def _of_facts(rows: Sequence[tuple[Any, ...]], width: int) -> bytes:
    """The digest of rows as they stand in the file; what no column can hold has one too."""
    columns = [*zip(*rows, strict=True)]
    try:
        numbers = [words(each) for each in columns[:width]]
        return of_rows(numbers, [(words(map(len, each)), each) for each in columns[width:]])
    except (TypeError, OverflowError, AttributeError):
        return blake2b(repr(rows).encode("utf-8", "replace"), digest_size=32, key=b"odd").digest()


def made(
    db: sqlite3.Connection, facts: str, first: int, last: int = END
) -> Iterator[tuple[int, bytes]]:
    """(block, digest) of the facts with these ids."""
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(ROWS[facts], (first, last))
    width = len(NUMBERS[facts])
    block = 0
    rows: list[tuple[Any, ...]] = []
    for row in cursor:
        if row[0] >> BITS != block:
            if rows:
                yield block, _of_facts(rows, width)
            block, rows = row[0] >> BITS, []
        rows.append(row)
    if rows:
        yield block, _of_facts(rows, width)


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
    if made_now := dict(made(db, facts, first_id)):
        begun = first_id >> BITS
        if first_id & ((1 << BITS) - 1):
            made_now.pop(begun, None)
            _put(db, facts, made_now)
            renew(db, facts, hold(db, facts, [begun], first_id))
        else:
            _put(db, facts, made_now)


def add_columns(
    db: sqlite3.Connection, facts: str, first_id: int, count: int, columns: dict[str, Any]
) -> None:
    """The same of facts that were given by columns: whole numbers (or their eight bytes each), texts
    and tokens as lists. Only of the block that was begun before are the facts read again.
    """
    numbers = [_words(columns[name]) for name in NUMBERS[facts]]
    texts = [(words(map(len, columns[name])), columns[name]) for name in TEXTS[facts]]
    begun = first_id >> BITS
    made_now: dict[int, bytes | None] = {}
    for block in range(begun, ((first_id + count - 1) >> BITS) + 1):
        start = max((block << BITS) - first_id, 0)
        end = min(((block + 1) << BITS) - first_id, count)
        made_now[block] = of_rows(
            [each[start * WORD : end * WORD] for each in numbers],
            [(lengths[start * WORD : end * WORD], each[start:end]) for lengths, each in texts],
        )
    if first_id & ((1 << BITS) - 1):
        made_now.pop(begun)
        _put(db, facts, made_now)
        renew(db, facts, hold(db, facts, [begun], first_id))
    else:
        _put(db, facts, made_now)


@contextmanager
def changing(db: sqlite3.Connection, *kinds: str, of: str, **values: Any) -> Iterator[None]:
    """While facts change: `of` names their blocks as they are before."""
    blocks = typed.column(db, of, values)
    held = {facts: hold(db, facts, blocks) for facts in kinds}
    yield
    for facts, some in held.items():
        renew(db, facts, some)


def count_all(db: sqlite3.Connection) -> None:
    """Keep the digests of all facts, of a file from before these were kept."""
    for facts in NUMBERS:
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
    return blake2b(words(blocks) + b"".join(digests), digest_size=32).digest()


# ---------------------------------------------------------------- said in the log


def unsaid(db: sqlite3.Connection) -> str | None:
    """The digest of all facts, once, when facts have changed since the last line of the log; the
    caller says it in the line that it writes.
    """
    if not typed.number(db, IS_UNSAID):
        return None
    db.execute(SAY, (1, 1))
    return root(db)


def root(db: sqlite3.Connection) -> str:
    """The digest of all facts, as kept."""
    digest = blake2b(digest_size=32)
    for facts, block, each in typed.tuples(db, TOP):
        digest.update(f"{facts} {block} {each.hex()}\n".encode())
    return digest.hexdigest()
