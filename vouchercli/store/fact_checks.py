"""Whether facts are as they were written: each block of rows by its digest, all of them by the line
of the log that named them last.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from vouchercli.store import fact_digests, open_rows, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

KEPT = "SELECT block, digest FROM fact_digests WHERE facts = ? AND level = ? ORDER BY block"
SAID = """
SELECT 'audit ' || audit_id, json_extract(detail, '$.facts') FROM audit
WHERE json_type(detail, '$.facts') = 'text' ORDER BY audit_id DESC LIMIT 1
"""
OPEN_REDEMPTIONS = f"""
SELECT max(first_id, {-fact_digests.END}), min(last_id, {fact_digests.END}) FROM temp.open_spans
ORDER BY first_id
"""
# Claims come in no runs: those that are open, and all behind the last one that a seal knows.
OPEN_CLAIMS = f"""
SELECT claim_id, claim_id FROM temp.open_claim_ids
UNION SELECT ifnull(max(last_claim_id), 0) + 1, {fact_digests.END} FROM last_seals
ORDER BY 1
"""
OPEN = {
    "claims": OPEN_CLAIMS,
    "redemptions": OPEN_REDEMPTIONS,
    "refunds": OPEN_REDEMPTIONS,
}
IMPORTING = "SELECT EXISTS (SELECT 1 FROM batches WHERE state = 'importing')"


def facts_as_written(db: sqlite3.Connection) -> list[Breach]:
    """Blocks of open claims, redemptions and refunds, and of all other facts, that are not what
    their digests say; ids as they are in the tables.
    """
    breaches: list[Breach] = []
    with open_rows.laid_out(db) as is_partial:
        for facts in fact_digests.NUMBERS:
            asked = open_spans(db, facts) if is_partial else [(-fact_digests.END, fact_digests.END)]
            breaches += unlike(db, facts, asked)
    return breaches


def facts_as_written_but_claims(db: sqlite3.Connection) -> list[Breach]:
    """The same without the claims, whose digests are taken as they are kept."""
    breaches: list[Breach] = []
    for facts in fact_digests.NUMBERS:
        breaches += unlike(db, facts, [] if facts == "claims" else open_spans(db, facts))
    return breaches


def unlike(db: sqlite3.Connection, facts: str, spans: list[tuple[int, int]]) -> list[Breach]:
    """Blocks that are not what their digests say. Facts are read in these spans of ids, which begin
    and end with a block; the digests of others are taken as they are kept.
    """
    bits = fact_digests.BITS
    blocks = [(first >> bits, last >> bits) for first, last in spans]
    kept = dict(typed.tuples(db, KEPT, (facts, 0)))
    level = {block: each for block, each in kept.items() if not _is_within(block, blocks)}
    for span in spans:
        level.update(fact_digests.made(db, facts, *span))
    breaches = _unlike(db, facts, 0, level)
    for above in range(1, fact_digests.LEVELS):
        level = fact_digests.above(level)
        breaches += _unlike(db, facts, above, level)
    return breaches


def _is_within(block: int, spans: list[tuple[int, int]]) -> bool:
    at = bisect_right(spans, (block, fact_digests.END)) - 1
    return at >= 0 and block <= spans[at][1]


def open_spans(db: sqlite3.Connection, facts: str) -> list[tuple[int, int]]:
    """The blocks of facts that no seal covers, as spans of ids in their order."""
    if facts not in OPEN:
        return [(-fact_digests.END, fact_digests.END)]
    bits = fact_digests.BITS
    spans: list[tuple[int, int]] = []
    for first, last in typed.tuples(db, OPEN[facts]):
        begin, end = first >> bits << bits, (last >> bits << bits) + (1 << bits) - 1
        if spans and begin <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans


def _unlike(db: sqlite3.Connection, facts: str, level: int, made: dict[int, bytes]) -> list[Breach]:
    return differing(facts, level, dict(typed.tuples(db, KEPT, (facts, level))), made)


def differing(
    facts: str, level: int, kept: dict[int, bytes], made: dict[int, bytes]
) -> list[Breach]:
    """The blocks of a level whose digests are others than those that the facts make."""
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
