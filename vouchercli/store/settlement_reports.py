"""What settlements came to: how much of what was booked is paid, how long it took, what is held."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed
from vouchercli.store.unpaid import PAYEES

if TYPE_CHECKING:
    import sqlite3


class Sums(NamedTuple):
    """What was booked of a funder's money for a round, and what has become of it (fen)."""

    funder_id: int
    round_id: int
    booked_fen: int
    paid_fen: int
    repaid_fen: int
    written_off_fen: int


class Unpaid(NamedTuple):
    """What a merchant is owed of a funder for a round and has not got (fen; negative: it owes),
    since the first of its days (yyyymmdd), and since the first on which something was taken back.
    It is held by a hold, on its way to the bank (`is_sent`), or neither.
    """

    funder_id: int
    merchant_id: int
    round_id: int
    hold_id: int | None
    is_sent: int
    has_account: int
    amount_fen: int
    since_on: int
    taken_back_on: int | None


class Paid(NamedTuple):
    """What merchants of a size were owed for the days behind one up to another, and were paid on a
    third (yyyymmdd), as so many dues; in fen.
    """

    size: str
    after_day: int
    up_to: int
    paid_on: int
    dues: int
    amount_fen: int
    taken_back_fen: int


class Held(NamedTuple):
    """A hold that stands: on a merchant, or on one payment of it; `held_on` as yyyymmdd."""

    hold_id: int
    reason: str
    merchant_id: int
    is_payment: int
    held_on: int


SUMS = """
SELECT d.funder_id, d.round_id,
    CAST(sum(iif(d.kind = 'booked', d.amount_fen, 0)) AS BIGINT),
    CAST(sum(iif(t.state = 'paid', d.amount_fen, 0)) AS BIGINT),
    CAST(sum(iif(d.kind = 'repaid', d.amount_fen, 0)) AS BIGINT),
    CAST(sum(iif(d.kind = 'written_off', d.amount_fen, 0)) AS BIGINT)
FROM dues d LEFT JOIN transfers t USING (transfer_id)
WHERE d.funder_id IN (SELECT value FROM json_each(:funders))
GROUP BY 1, 2
"""
UNPAID = f"""
WITH {PAYEES}
SELECT d.funder_id, d.merchant_id, d.round_id, iif(d.transfer_id IS NOT NULL, NULL, coalesce(
        (SELECT h.hold_id FROM holds h WHERE h.hold_id = d.hold_id AND h.released_at IS NULL),
        (SELECT h.hold_id FROM holds h WHERE h.merchant_id = d.merchant_id
            AND h.redemption_id IS NULL AND h.released_at IS NULL
            AND h.programme_id = :programme_id ORDER BY h.hold_id LIMIT 1),
        (SELECT h.hold_id FROM holds h WHERE h.merchant_id = y.payee_id
            AND h.reason = 'account_changed' AND h.redemption_id IS NULL AND h.released_at IS NULL
            AND h.programme_id = :programme_id))) AS hold_id,
    d.transfer_id IS NOT NULL AS is_sent, p.account_no <> '',
    CAST(sum(d.amount_fen) AS BIGINT), min(d.up_to), min(iif(d.amount_fen < 0, d.up_to, NULL))
FROM dues d LEFT JOIN transfers t USING (transfer_id) LEFT JOIN payees y ON y.round_id = d.round_id
    JOIN merchants p ON p.merchant_id = ifnull(y.payee_id, d.merchant_id)
WHERE d.funder_id IN (SELECT value FROM json_each(:funders)) AND ifnull(t.state <> 'paid', 1)
GROUP BY d.funder_id, d.merchant_id, d.round_id, 4, 5
"""
# What was set apart is taken out of the due that it was a part of.
UP_TO = """
iif(d.kind = 'held' AND d.amount_fen < 0, ifnull((
    SELECT b.up_to FROM dues b WHERE b.merchant_id = d.merchant_id AND b.funder_id = d.funder_id
        AND b.round_id = d.round_id AND b.kind = 'booked' AND d.up_to > b.after_day
        AND d.up_to <= b.up_to), d.up_to), d.up_to)
"""
OF_PAID = """
FROM transfers t CROSS JOIN dues d ON d.transfer_id = t.transfer_id
    CROSS JOIN merchants m ON m.merchant_id = d.merchant_id
WHERE t.state = 'paid' AND t.paid_on BETWEEN :since AND :until
    AND d.funder_id IN (SELECT value FROM json_each(:funders))
    AND d.round_id IN (SELECT value FROM json_each(:rounds))
"""
PAID = f"""
SELECT size, min(after_day), up_to, paid_on, sum(fen > 0), CAST(sum(max(fen, 0)) AS BIGINT),
    CAST(sum(max(-fen, 0)) AS BIGINT)
FROM (
    SELECT m.size AS size, {UP_TO} AS up_to, t.paid_on AS paid_on, sum(d.amount_fen) AS fen,
        min(iif(d.kind = 'booked', d.after_day, d.up_to - 1)) AS after_day
    {OF_PAID} GROUP BY t.transfer_id, d.merchant_id, d.funder_id, d.round_id, 2
) GROUP BY 1, 3, 4
"""
MERCHANTS = f"SELECT m.size, count(DISTINCT d.merchant_id) {OF_PAID} GROUP BY 1"
# The first sealed day on which something was redeemed.
FIRST = "SELECT min(day) FROM days WHERE programme_id = ? AND payments > 0"
HOLDS = """
SELECT hold_id, reason, merchant_id, redemption_id IS NOT NULL, held_on FROM holds
WHERE programme_id = ? AND released_at IS NULL ORDER BY hold_id
"""


class Asked(NamedTuple):
    """What is asked: of these funders and rounds, paid on days of a span (yyyymmdd)."""

    programme_id: int
    funder_ids: tuple[int, ...]
    round_ids: tuple[int, ...]
    since: int = 0
    until: int = 99_999_999

    @property
    def parameters(self) -> dict[str, int | str]:
        """As the statements have them."""
        return {
            "programme_id": self.programme_id,
            "funders": json.dumps(self.funder_ids),
            "rounds": json.dumps(self.round_ids),
            "since": self.since,
            "until": self.until,
        }


def sums(db: sqlite3.Connection, asked: Asked) -> list[Sums]:
    """What was booked, paid, paid back and given up, by funder and round."""
    return typed.rows(db, Sums, SUMS, asked.parameters)


def unpaid(db: sqlite3.Connection, asked: Asked) -> list[Unpaid]:
    """What is not paid, of all rounds: what a merchant owes for one it is owed for another."""
    return typed.rows(db, Unpaid, UNPAID, asked.parameters)


def paid(db: sqlite3.Connection, asked: Asked) -> list[Paid]:
    """What was paid by size of the merchants (as the registry has it now), day and day of payment;
    what was taken back with it stands beside it.
    """
    return typed.rows(db, Paid, PAID, asked.parameters)


def merchants_paid(db: sqlite3.Connection, asked: Asked) -> dict[str, int]:
    """How many merchants were paid, by size."""
    return dict(typed.tuples(db, MERCHANTS, asked.parameters))


def standing_holds(db: sqlite3.Connection, programme_id: int) -> list[Held]:
    """The holds that stand."""
    return typed.rows(db, Held, HOLDS, (programme_id,))


def first_day(db: sqlite3.Connection, programme_id: int) -> int | None:
    """The first sealed day (yyyymmdd) on which something was redeemed; None: there is none."""
    day: int | None = db.execute(FIRST, (programme_id,)).fetchone()[0]
    return day
