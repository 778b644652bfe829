"""The two arms of a lottery: the round that people apply for, and the one drawn with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

ARM_OF = "SELECT round FROM rounds WHERE lead_id = ? AND state <> 'cancelled'"
OTHER_OF = """
SELECT o.round FROM rounds r JOIN rounds o ON o.round_id = r.lead_id
    OR (o.lead_id = r.round_id AND o.state <> 'cancelled')
WHERE r.round_id = ?
"""
LEAD_OF = "SELECT round FROM rounds WHERE round_id = ?"
FIX_WITHIN = "UPDATE draws SET arms_within = ? WHERE round_id = ?"
# Who is one person among those who applied is one person in the arm too.
JOIN = """
INSERT INTO persons (round_id, resident, person)
SELECT ?, resident, person FROM persons WHERE round_id = ?
"""


def arm_of(db: sqlite3.Connection, round_id: int) -> str | None:
    """The code of the round that is drawn together with this one; None: there is none."""
    return next(iter(typed.column(db, ARM_OF, (round_id,))), None)


def other_of(db: sqlite3.Connection, round_id: int) -> str | None:
    """The code of the other arm, whichever of the two this is; None: it is drawn alone."""
    return next(iter(typed.column(db, OTHER_OF, (round_id,))), None)


def code_of(db: sqlite3.Connection, round_id: int) -> str:
    """The code of a round."""
    return str(typed.column(db, LEAD_OF, (round_id,))[0])


def fix_within(db: sqlite3.Connection, round_id: int, within: str) -> None:
    """Say for good within what the winners are shared out."""
    db.execute(FIX_WITHIN, (within, round_id))


def join_persons(db: sqlite3.Connection, arm_id: int, lead_id: int) -> None:
    """Know in the arm who is one person: claims of its packs are judged by that."""
    db.execute(JOIN, (arm_id, lead_id))
