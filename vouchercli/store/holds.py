"""Holds: who is not paid for now, why, on what evidence, and who let it go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import dues, transaction_numbers, typed
from vouchercli.store.dues import Due
from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.session import Session


class Hold(NamedTuple):
    """A hold on a merchant, or on one payment at it (`transaction_no`; None: all that it is owed).
    `held_on` is the date of the evidence (yyyymmdd), moments are UTC seconds; `amount_fen` is what
    it holds back now.
    """

    hold: int
    merchant_no: str
    name: str
    transaction_no: str | None
    reason: str
    evidence: str
    note: str
    held_on: int
    held_by: str
    os_user: str
    held_at: int
    released_by: str | None
    release_note: str
    released_at: int | None
    amount_fen: int
    merchant_id: int
    redemption_id: int | None


ALL = """
SELECT h.hold_id, m.merchant_no, m.name, ifnull(
        (SELECT transaction_no FROM redemptions r WHERE r.redemption_id = h.redemption_id),
        (SELECT transaction_no FROM reversed_redemptions r
            WHERE r.redemption_id = h.redemption_id)) AS transaction_no,
    h.reason, h.evidence, h.note, h.held_on, h.held_by, h.os_user, h.held_at, h.released_by,
    h.release_note, h.released_at, iif(h.released_at IS NOT NULL, 0, (
        SELECT CAST(ifnull(sum(d.amount_fen), 0) AS BIGINT) FROM dues d
        JOIN funders f USING (funder_id)
        WHERE d.merchant_id = h.merchant_id AND d.transfer_id IS NULL
            AND f.programme_id = h.programme_id
            AND iif(h.redemption_id IS NULL, 1, d.hold_id = h.hold_id)) + iif(
        h.reason = 'account_changed' AND h.redemption_id IS NULL, (
            SELECT CAST(ifnull(sum(d.amount_fen), 0) AS BIGINT)
            FROM programmes p CROSS JOIN json_each(p.document, '$.settlement.payees') j
                CROSS JOIN rounds r ON r.programme_id = p.programme_id AND r.platform = j.key
                JOIN funders f ON f.programme_id = p.programme_id
                JOIN dues d ON d.funder_id = f.funder_id AND d.transfer_id IS NULL
                    AND d.round_id = r.round_id
            WHERE p.programme_id = h.programme_id AND CAST(j.value AS TEXT) = m.merchant_no
                AND d.merchant_id <> h.merchant_id), 0)) AS amount_fen,
    h.merchant_id, h.redemption_id
FROM holds h JOIN merchants m USING (merchant_id)
WHERE h.programme_id = :programme_id AND ifnull(h.hold_id = :hold, 1)
    AND ifnull(m.merchant_no = :merchant, 1) AND ifnull(h.reason = :reason, 1)
    AND (:also_released OR h.released_at IS NULL)
"""
LIST = Listing(Hold, ALL, "h.hold_id DESC", names_columns=True)
ADD = """
INSERT INTO holds (programme_id, merchant_id, redemption_id, reason, evidence, note, held_on,
    held_by, os_user, held_at, batch_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING hold_id
"""
RELEASE = """
UPDATE holds SET released_by = ?, released_at = ?, release_note = ? WHERE hold_id = ?
"""
# With its refunds: what is still kept of it.
PARTS = """
SELECT p.funder_id, s.round_id, CAST(sum(p.amount_fen) AS BIGINT)
FROM redemptions f JOIN splits s USING (split_id) JOIN split_parts p USING (split_id)
JOIN funders n USING (funder_id)
WHERE (f.redemption_id = :redemption_id OR f.refund_of = :redemption_id) AND n.kind <> 'merchant'
GROUP BY 1, 2 HAVING sum(p.amount_fen) <> 0
"""
# The due of a day (yyyymmdd) on which the payment was booked, and the transfer that paid it; of one
# that was held before, the due that was set apart for it last.
PAID_WITH = """
SELECT t.transfer_no, t.settlement_id FROM dues d JOIN transfers t USING (transfer_id)
WHERE d.merchant_id = :merchant_id AND d.round_id = :round_id AND ifnull(d.hold_id = (
        SELECT max(hold_id) FROM holds WHERE redemption_id = :redemption_id),
    d.kind = 'booked' AND d.after_day < :booked_on AND d.up_to >= :booked_on AND NOT EXISTS (
        SELECT 1 FROM holds WHERE redemption_id = :redemption_id))
    AND t.state IN ('sent', 'accepted', 'paid')
LIMIT 1
"""
BOOKED_ON = """
SELECT min(d.day) FROM days d WHERE d.programme_id = :programme_id AND d.day >= :day
    AND d.last_redemption_id >= :redemption_id
"""
# Of payments that hold one of the numbers that are asked for.
OF_NUMBERS = """
SELECT f.transaction_no, f.redemption_id, f.merchant_id, f.day
FROM temp.standing_numbers s CROSS JOIN redemption_facts f ON f.redemption_id = s.redemption_id
JOIN rounds r USING (round_id) WHERE s.kind = 'pay' AND r.programme_id = ?
"""
# What of a merchant is held by nothing else: the first of several holds holds it.
HELD_NOW = """
SELECT h.hold_id, CAST(ifnull(sum(d.amount_fen), 0) AS BIGINT)
FROM json_each(?) j JOIN holds h ON h.hold_id = j.value
    JOIN dues d ON d.merchant_id = h.merchant_id AND d.transfer_id IS NULL
    JOIN funders f ON f.funder_id = d.funder_id AND f.programme_id = h.programme_id
WHERE h.hold_id = (SELECT o.hold_id FROM holds o WHERE o.merchant_id = h.merchant_id
        AND o.programme_id = h.programme_id AND o.redemption_id IS NULL
        AND o.released_at IS NULL ORDER BY o.hold_id LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM holds p WHERE p.hold_id = d.hold_id AND p.released_at IS NULL)
GROUP BY 1
"""
# A payment of a batch that is held, or was: what was set apart for it stays.
OF_BATCH = """
SELECT h.hold_id, f.transaction_no FROM holds h JOIN redemption_facts f USING (redemption_id)
WHERE f.batch_id = ? ORDER BY h.hold_id LIMIT 1
"""
ALL_STANDING = """
SELECT merchant_id, redemption_id, iif(redemption_id IS NULL, reason, ''), hold_id FROM holds
WHERE programme_id = ? AND released_at IS NULL
"""


class Payment(NamedTuple):
    """A payment: its merchant and its local day (yyyymmdd)."""

    redemption_id: int
    merchant_id: int
    day: int


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    hold: int | None = None,
    merchant: str | None = None,
    reason: str | None = None,
    also_released: bool = True,
) -> Listed:
    """The holds of a programme, the newest first."""
    return LIST.of(
        db,
        programme_id=programme_id,
        hold=hold,
        merchant=merchant,
        reason=reason,
        also_released=also_released,
    )


def named(db: sqlite3.Connection, programme_id: int, hold: int) -> Hold | None:
    """The hold with that number."""
    return next(listed(db, programme_id, hold=hold).rows(1), None)


def payments(
    db: sqlite3.Connection, programme_id: int, numbers: Iterable[str]
) -> dict[str, Payment]:
    """The payments with these numbers that stand, of which something is kept."""
    wanted = {*numbers}
    transaction_numbers.find_standing(db, wanted)
    found = typed.tuples(db, OF_NUMBERS, (programme_id,))
    return {
        number: Payment(*rest)
        for number, *rest in found
        if number in wanted and typed.tuples(db, PARTS, {"redemption_id": rest[0]})
    }


def all_standing(
    db: sqlite3.Connection, programme_id: int
) -> dict[tuple[int, int | None, str], int]:
    """The holds that stand, by (merchant, payment, '') or (merchant, None, reason)."""
    return {tuple(key): hold for *key, hold in typed.tuples(db, ALL_STANDING, (programme_id,))}


def of_batch(db: sqlite3.Connection, batch_id: int) -> tuple[int, str] | None:
    """(hold, number) of a payment of that batch which is held, or was; None: there is none."""
    found = typed.tuples(db, OF_BATCH, (batch_id,))
    return (found[0][0], found[0][1]) if found else None


def held_now(db: sqlite3.Connection, hold_ids: Sequence[int]) -> dict[int, int]:
    """What each of these holds on merchants holds back now, in fen."""
    return dict(typed.tuples(db, HELD_NOW, (str([*hold_ids]),)))


def paid_with(db: sqlite3.Connection, programme_id: int, of: Payment) -> tuple[str, int] | None:
    """The transfer (number, settlement) by which a payment is paid, or about to be; None: none."""
    asked = {"programme_id": programme_id, **of._asdict()}
    booked_on = db.execute(BOOKED_ON, asked).fetchone()[0]
    if booked_on is None:
        return None
    for _, round_id, _ in typed.tuples(db, PARTS, asked):
        found = typed.tuples(db, PAID_WITH, {**asked, "booked_on": booked_on, "round_id": round_id})
        if found:
            return found[0][0], found[0][1]
    return None


def add(
    session: Session,
    programme_id: int,
    merchant_id: int,
    redemption_id: int | None,
    reason: str,
    evidence: str,
    note: str,
    held_on: int,
    *,
    batch: int | None = None,
) -> int:
    """Hold back what a merchant is owed, or one payment of it; gives the hold's number. `batch`:
    the file that is the reason (None: a person sets it).
    """
    hand = (session.actor, session.os_user, session.now)
    about = (reason, evidence, note, held_on)
    values = (programme_id, merchant_id, redemption_id, *about, *hand, batch)
    return typed.number(session.db, ADD, values)


def set_apart(
    db: sqlite3.Connection, programme_id: int, hold: int, of: Payment, open_on: int
) -> int:
    """Set a payment apart from what else its merchant is owed, on the day on which it is booked
    (else the open one, yyyymmdd); gives what that is, in fen.
    """
    asked = {"programme_id": programme_id, **of._asdict()}
    up_to = db.execute(BOOKED_ON, asked).fetchone()[0] or max(of.day, open_on)
    parts = typed.tuples(db, PARTS, asked)
    for funder_id, round_id, fen in parts:
        part = Due(funder_id, round_id, of.merchant_id, fen)
        dues.add(db, "held", part, up_to, hold_id=hold)
        dues.add(db, "held", part._replace(amount_fen=-fen), up_to)
    return sum(fen for _, _, fen in parts)


def release(session: Session, hold: int, note: str) -> None:
    """Let it go: what it held is paid by the next settlement."""
    session.db.execute(RELEASE, (session.actor, session.now, note, hold))
