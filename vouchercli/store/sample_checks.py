"""Whether the samples are those that the log names, and what was drawn is what it sealed."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

DRAWN = """
SELECT s.sample_id, s.seed, s.items_sha256, s.size, i.number
FROM samples s LEFT JOIN sample_items i USING (sample_id) ORDER BY s.sample_id, i.item
"""
LOGGED = """
SELECT detail ->> 'sample', detail ->> 'seed', detail ->> 'items_sha256' FROM audit
WHERE deed = 'audit.sample' ORDER BY audit_id
"""
# The method, the size and the list of all stand in an earlier line.
STATED = """
SELECT 'sample ' || s.sample_id AS subject, s.size || ' of ' || s.population_sha256 AS expected,
    'never stated' AS found
FROM samples s WHERE NOT EXISTS (SELECT 1 FROM audit p WHERE p.deed = 'audit.plan'
    AND ifnull(p.detail ->> 'method', 'items') = s.method
    AND p.detail ->> 'size' = s.size AND p.detail ->> 'population_sha256' = s.population_sha256)
"""
RESULTS = """
WITH logged AS (SELECT detail ->> 'sample' AS sample_id, sum(detail ->> 'results') AS results
        FROM audit WHERE deed = 'audit.results' GROUP BY 1),
    kept AS (SELECT sample_id, count(*) AS results FROM sample_results GROUP BY 1)
SELECT 'sample ' || s.sample_id || ' results' AS subject, ifnull(l.results, 0) AS expected,
    ifnull(k.results, 0) AS found
FROM samples s LEFT JOIN logged l USING (sample_id) LEFT JOIN kept k USING (sample_id)
WHERE ifnull(l.results, 0) <> ifnull(k.results, 0)
"""


def samples_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Samples, and how many results each has, against their lines in the log: seed, size, and the
    digest of the numbers that were drawn, in their order.
    """
    logged = {number: tuple(said) for number, *said in typed.tuples(db, LOGGED)}
    drawn: dict[int, tuple[str, str, int, list[str]]] = {}
    for sample, seed, digest, size, number in typed.tuples(db, DRAWN):
        items = drawn.setdefault(sample, (seed, digest, size, []))[3]
        items += [] if number is None else [number]
    found: list[Breach] = []
    for sample in sorted({*logged, *drawn}):
        said, kept = logged.get(sample), drawn.get(sample)
        for what, want, have in _compared(said, kept):
            if want != have:
                found.append((f"sample {sample}{what}", str(want), str(have)))
    found += [
        (subject, str(want), str(have))
        for statement in (STATED, RESULTS)
        for subject, want, have in typed.tuples(db, statement)
    ]
    return found


def _compared(
    said: tuple[str, ...] | None, kept: tuple[str, str, int, list[str]] | None
) -> list[tuple[str, object, object]]:
    """What a line of the log and a sample say of each thing."""
    if said is None or kept is None:
        return [("", "in the log" if said else "not in the log", "kept" if kept else "not kept")]
    seed, digest, size, numbers = kept
    of_numbers = sha256("".join(f"{each}\n" for each in numbers).encode()).hexdigest()
    return [
        (" seed", said[0], seed),
        (" items", said[1], digest),
        (" numbers", said[1], of_numbers),
        (" drawn", size, len(numbers)),
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "samples_as_logged": samples_as_logged,
}
