"""The rounds of families, as files of claims call them: by the family, with a face, a platform or
both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.families import Named, face_of
from vouchercli.store import templates, typed

if TYPE_CHECKING:
    import sqlite3

MEMBERS = """
SELECT r.family, r.round, r.platform, t.document FROM rounds r JOIN templates t USING (template_id)
WHERE r.programme_id = ? AND r.family <> '' AND r.state <> 'cancelled' ORDER BY r.round_id
"""


def members(db: sqlite3.Connection, programme_id: int) -> list[Named]:
    """Every round of every family of a programme."""
    return [
        Named(family, face_of(templates.read(document)), platform, round_)
        for family, round_, platform, document in typed.tuples(db, MEMBERS, (programme_id,))
    ]
