"""Clauses that programme and templates declare as judged by nobody, from the documents kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

NOT_ENFORCED = """
WITH declared AS (
    SELECT 0 AS part, c.key AS place, c.value AS clause
    FROM programmes p, json_each(p.document, '$.not_enforced') c WHERE p.programme_id = :programme
    UNION ALL
    SELECT r.template_id, c.key, c.value
    FROM json_each(:rounds) chosen JOIN rounds r ON r.round_id = chosen.value
        JOIN templates m USING (template_id), json_each(m.document, '$.not_enforced') c
)
SELECT clause FROM declared GROUP BY clause ORDER BY min(part * 1000000 + place)
"""


def not_enforced(
    db: sqlite3.Connection, programme_id: int, rounds: Iterable[int]
) -> tuple[str, ...]:
    """The clauses that the programme and the templates of the rounds declare as judged by nobody,
    each once.
    """
    about = {"programme": programme_id, "rounds": json.dumps([*rounds])}
    return tuple(row["clause"] for row in db.execute(NOT_ENFORCED, about))
