"""Whether facts are as they were written: each block of rows by its digest, all of them by the line
of the log that named them last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import fact_digests, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    Breach = tuple[str, str, str]

KEPT = "SELECT block, digest FROM fact_digests WHERE facts = ? AND level = ? ORDER BY block"
SAID = """
SELECT 'audit ' || audit_id, json_extract(detail, '$.facts') FROM audit
WHERE json_type(detail, '$.facts') = 'text' ORDER BY audit_id DESC LIMIT 1
"""
IMPORTING = "SELECT EXISTS (SELECT 1 FROM batches WHERE state = 'importing')"


def facts_as_written(db: sqlite3.Connection) -> list[Breach]:
    """Blocks of claims, redemptions and refunds that are not what their digests say; ids as they
    are in the tables.
    """
    breaches: list[Breach] = []
    for facts in fact_digests.NUMBERS:
        level = dict(fact_digests.made(db, facts, -fact_digests.END))
        breaches += _unlike(db, facts, 0, level)
        for above in range(1, fact_digests.LEVELS):
            level = fact_digests.above(level)
            breaches += _unlike(db, facts, above, level)
    return breaches


def _unlike(db: sqlite3.Connection, facts: str, level: int, made: dict[int, bytes]) -> list[Breach]:
    kept = dict(typed.tuples(db, KEPT, (facts, level)))
    bits = fact_digests.BITS * (level + 1)
    return [
        (
            f"{facts} {block << bits}-{((block + 1) << bits) - 1}",
            _short(kept.get(block)),
            _short(made.get(block)),
        )
        for block in sorted({*kept, *made})
        if kept.get(block) != made.get(block)
    ]


def _short(digest: bytes | None) -> str:
    return "nothing" if digest is None else digest.hex()[:12]


def facts_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """The digest of all facts beside the last one that the log names. While an import is under way
    the log has not caught up.
    """
    said = db.execute(SAID).fetchone()
    if said is None or typed.number(db, IMPORTING):
        return []
    line, digest = said
    found = fact_digests.root(db)
    return [] if digest == found else [(f"facts of {line}", digest[:12], found[:12])]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "facts_as_written": facts_as_written,
    "facts_as_logged": facts_as_logged,
}
