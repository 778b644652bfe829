"""Rounds that replace others: which waits for which, and which count together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.limits import PER_PROGRAMME, Timeline
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

OF = """
FROM proposals p CROSS JOIN rounds r ON r.round_id = p.subject_id
    CROSS JOIN rounds s ON s.programme_id = r.programme_id AND s.round = p.after ->> 'sibling'
WHERE p.subject = 'round' AND p.kind = 'replace'
"""
WAITING_FOR = f"SELECT r.round {OF} AND p.state = 'proposed' AND s.round_id = ?"
EFFECTIVE = f"""
SELECT r.round, s.round, r.per_resident, p.ended_at {OF} AND p.state = 'effective'
    AND r.programme_id = ? ORDER BY p.ended_at, p.proposal_id
"""


def word(round_: str) -> str:
    """What limits call one round by; no template and no kind is called so."""
    return f"round {round_}"


def waiting_for(db: sqlite3.Connection, round_id: int) -> str | None:
    """The round which this one is to replace when two people say so; None: it replaces none."""
    return next(iter(typed.column(db, WAITING_FOR, (round_id,))), None)


def timelines(db: sqlite3.Connection, programme_id: int) -> dict[str, Timeline]:
    """How many packs a resident may have of the rounds that replaced one another, together: as
    many as of the first one, since the last one opened; by the name of a limit of those rounds.
    """
    lines: dict[str, list[str]] = {}
    together: dict[str, Timeline] = {}
    for round_, sibling, most, at in typed.tuples(db, EFFECTIVE, (programme_id,)):
        lines[sibling] = [*lines.get(round_, [word(round_)]), word(sibling)]
        name = f"{PER_PROGRAMME}:{','.join(lines[sibling])}"
        together[name] = Timeline(((0, None), (at, most)))
    return together
