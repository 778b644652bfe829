"""What goes to a platform whose account has changed is held in the ledger too: posted once, when a
file from before is upgraded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import settlements, typed

if TYPE_CHECKING:
    import sqlite3

WHY = "upgrade"
PROGRAMMES = """
SELECT DISTINCT p.programme_id FROM holds h JOIN programmes p USING (programme_id)
    CROSS JOIN json_each(p.document, '$.settlement.payees') j
    JOIN merchants y ON y.merchant_id = h.merchant_id AND y.merchant_no = CAST(j.value AS TEXT)
WHERE h.reason = 'account_changed' AND h.released_at IS NULL AND h.redemption_id IS NULL
"""
LAST_AT = "SELECT ifnull(max(at), 0) FROM audit"


def post_all(db: sqlite3.Connection) -> None:
    """Post it in every programme that has such a hold."""
    at = typed.number(db, LAST_AT)
    for programme_id in typed.column(db, PROGRAMMES):
        settlements.post_held(db, programme_id, WHY, at)
