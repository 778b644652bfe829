"""Who is owed money of days that were taken up and has not got it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3


class Unpaid(NamedTuple):
    """What a merchant is owed of a funder (fen) and has not got, since the first of its days
    (yyyymmdd). `reason`: that of a hold, `no_account` (of whom
    it goes to: the platform's), `owes` (less is owed than was taken back),
    `in_settlement` (it is on its way) or `not_settled`.
    """

    merchant_no: str
    name: str
    funder: str
    amount_fen: int
    reason: str
    since_on: int


# Whom the dues of rounds of a platform go to, as the programme names them.
PAYEES = """
payees AS MATERIALIZED (
    SELECT r.round_id, y.merchant_id AS payee_id
    FROM programmes p CROSS JOIN json_each(p.document, '$.settlement.payees') j
        JOIN rounds r ON r.programme_id = p.programme_id AND r.platform = j.key
        JOIN merchants y ON y.merchant_no = CAST(j.value AS TEXT)
    WHERE p.programme_id = :programme_id
)"""
# What is held for a reason stands apart; of the rest the first reason that holds is said.
ALL = f"""
WITH {PAYEES}, open AS MATERIALIZED (
    SELECT d.merchant_id, d.funder_id, d.amount_fen, d.up_to,
        ifnull(y.payee_id, d.merchant_id) AS payee_id, coalesce(
            (SELECT h.reason FROM holds h WHERE h.hold_id = d.hold_id AND h.released_at IS NULL),
            (SELECT h.reason FROM holds h WHERE h.merchant_id = d.merchant_id
                AND h.redemption_id IS NULL AND h.released_at IS NULL
                AND h.programme_id = f.programme_id ORDER BY h.hold_id LIMIT 1),
            (SELECT h.reason FROM holds h WHERE h.merchant_id = y.payee_id
                AND h.reason = 'account_changed' AND h.redemption_id IS NULL
                AND h.released_at IS NULL AND h.programme_id = f.programme_id)) AS hold,
        d.transfer_id IS NOT NULL AS is_sent
    FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id
        LEFT JOIN transfers t USING (transfer_id) LEFT JOIN payees y ON y.round_id = d.round_id
    WHERE f.programme_id = :programme_id AND f.kind = 'public' AND ifnull(t.state <> 'paid', 1)
)
SELECT m.merchant_no, m.name, f.funder, CAST(sum(o.amount_fen) AS BIGINT) AS amount_fen,
    CASE WHEN o.is_sent THEN 'in_settlement' WHEN o.hold IS NOT NULL THEN o.hold
        WHEN sum(o.amount_fen) < 0 THEN 'owes' WHEN p.account_no = '' THEN 'no_account'
        ELSE 'not_settled' END AS reason,
    min(o.up_to) AS since_on
FROM open o JOIN merchants m USING (merchant_id) JOIN merchants p ON p.merchant_id = o.payee_id
    JOIN funders f USING (funder_id)
WHERE ifnull(m.merchant_no = :merchant, 1)
GROUP BY o.merchant_id, o.funder_id, o.is_sent, o.hold, o.payee_id
HAVING sum(o.amount_fen) <> 0
"""
LIST = Listing(Unpaid, ALL, "since_on, m.merchant_no, f.funder, amount_fen", names_columns=True)


def listed(db: sqlite3.Connection, programme_id: int, merchant: str | None = None) -> Listed:
    """What is not paid, the longest waiting first."""
    return LIST.of(db, programme_id=programme_id, merchant=merchant)
