"""Rounds of one template that were handed in, with who made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.staff import Hand, Submission
from vouchercli.store import authors

if TYPE_CHECKING:
    import sqlite3

# Every version of the template; a round that is a draft again, or cancelled, asks for no money.
OF_TEMPLATE = """
SELECT r.round_id, r.round, p.proposed_by, p.os_user, p.proposed_at, r.opens_at,
    r.packs * t.pack_value_fen AS amount_fen
FROM rounds r JOIN templates t USING (template_id) JOIN proposals p ON p.proposal_id = (
    SELECT max(proposal_id) FROM proposals
    WHERE subject = 'round' AND subject_id = r.round_id AND kind = 'approval')
WHERE r.programme_id = ? AND t.template = ? AND r.state NOT IN ('draft', 'cancelled')
ORDER BY r.opens_at, r.round_id
"""


def of_template(db: sqlite3.Connection, programme_id: int, template: str) -> dict[int, Submission]:
    """The rounds of a programme that were handed in for one template, by their key."""
    return {
        row["round_id"]: Submission(
            row["round"],
            [
                *authors.first_and_last(db, row["round_id"]),
                Hand(row["proposed_by"], row["os_user"]),
            ],
            row["proposed_at"],
            row["opens_at"],
            row["amount_fen"],
        )
        for row in db.execute(OF_TEMPLATE, (programme_id, template)).fetchall()
    }
