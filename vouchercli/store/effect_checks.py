"""Whether plans of effect are what was sealed, and cells and answers what came in, by the log."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vouchercli.store import effects, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

PLANS = """
SELECT r.round, e.terms, e.sha256, e.sealed_at FROM effect_plans e JOIN rounds r USING (round_id)
ORDER BY e.plan_id
"""
SEALED = """
SELECT subject, json_extract(detail, '$.after'), at FROM audit WHERE deed = 'effect.plan'
ORDER BY audit_id
"""
FILES = "SELECT file_id, kind, sha256 FROM effect_files ORDER BY file_id"
CAME_IN = """
SELECT json_extract(detail, '$.sha256'), json_extract(detail, '$.rows_sha256') FROM audit
WHERE deed IN ('effect.cells', 'effect.survey')
"""


def plans_as_sealed(db: sqlite3.Connection) -> list[Breach]:
    """Plans whose text is not the one whose digest the log has, or of whose sealing it has no line;
    lines without a plan.
    """
    kept = typed.tuples(db, PLANS)
    said = typed.tuples(db, SEALED)
    breaches: list[Breach] = [
        (round_, sha256[:12], found[:12])
        for round_, terms, sha256, _ in kept
        if (found := hashlib.sha256(terms.encode()).hexdigest()) != sha256
    ]
    plans = {(round_, sha256, at) for round_, _, sha256, at in kept}
    breaches += [(each[0], str(each[1])[:12], "no line") for each in sorted(plans - {*said})]
    gone = [each for each in said if each not in plans]
    return breaches + [(each[0], str(each[1])[:12], "no plan") for each in gone]


def effects_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Files of cells and of surveys whose rows are not those that came in."""
    said = dict(typed.tuples(db, CAME_IN))
    files = typed.tuples(db, FILES)
    breaches: list[Breach] = [
        (f"{kind} {sha256[:12]}", "as it came in", found[:12])
        for file_id, kind, sha256 in files
        if (found := effects.digest(db, file_id, kind)) != said.get(sha256)
    ]
    gone = {*said} - {sha256 for _, _, sha256 in files}
    return breaches + [(str(each)[:12], "as it came in", "no file") for each in sorted(gone)]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "plans_as_sealed": plans_as_sealed,
    "effects_as_logged": effects_as_logged,
}
