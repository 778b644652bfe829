"""The facts of a file from before the ledger had them: posted once, when it is upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.commitments import pack_parts
from vouchercli.store import fact_digests, ledger, templates, typed

if TYPE_CHECKING:
    import sqlite3

WHY = "upgrade"
ROUNDS = """
SELECT r.round_id, r.programme_id, r.packs, t.document
FROM rounds r JOIN templates t USING (template_id)
WHERE r.state NOT IN ('draft', 'submitted', 'cancelled') ORDER BY r.round_id
"""
FUNDERS = "SELECT funder, funder_id, amount_fen IS NOT NULL FROM funders WHERE programme_id = ?"
LAST_AT = "SELECT ifnull(max(at), 0) FROM audit"
CLAIMS = """
INSERT INTO moves
SELECT p.funder_id, t.round_id, t.day, 'committed', 'outstanding', t.claims * p.amount_fen
FROM claim_totals t JOIN pack_parts p USING (round_id) WHERE t.round_id = ?
"""
PAYMENTS = """
INSERT INTO moves
SELECT funder_id, round_id, day, 'outstanding', 'payable', amount_fen
FROM funder_totals WHERE round_id = ? ORDER BY amount_fen
"""
LOOK_AGAIN = "UPDATE releases SET marker = ''"


def post_all(db: sqlite3.Connection) -> None:
    """Post what each round has promised of funders without a fund to watch, and what its claims
    and payments moved. The clock looks at each round again: what it released of vouchers that have
    expired was not told from its unclaimed packs.
    """
    at = typed.number(db, LAST_AT)
    for round_id, programme_id, packs, document in typed.tuples(db, ROUNDS):
        funders = {name: rest for name, *rest in typed.tuples(db, FUNDERS, (programme_id,))}
        parts = pack_parts(templates.read(document))
        ledger.keep_pack(db, round_id, ((funders[name][0], fen) for name, fen in parts))
        for name, fen in parts:
            funder_id, is_watched = funders[name]
            if not is_watched:
                way = ("appropriated", "committed", packs * fen)
                ledger.post(db, funder_id, round_id, *way, WHY, at)
        with ledger.booking(db, programme_id, WHY, at, None):
            db.execute(CLAIMS, (round_id,))
            db.execute(PAYMENTS, (round_id,))
    db.execute(LOOK_AGAIN)
    fact_digests.count_all(db)
