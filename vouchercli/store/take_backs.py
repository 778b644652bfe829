"""What late rows need of money that was released: seats of rounds that are closed, payments on
vouchers that have given up theirs, and unclaimed packs of open rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.store.redemptions import Change


class Crowded(NamedTuple):
    """A round with fewer seats than fit claims wait for: `needed` more, of packs that gave up
    theirs.
    """

    round_id: int
    round: str
    document: str
    needed: int


CROWDED = """
SELECT r.round_id, r.round, t.document, n.claims - (r.packs - r.released - r.claimed)
FROM (SELECT round_id, count(*) AS claims FROM incoming_claims WHERE reason IS NULL
    GROUP BY round_id) AS n
JOIN rounds r USING (round_id) JOIN templates t USING (template_id)
WHERE r.programme_id = ? AND r.released > 0 AND n.claims > r.packs - r.released - r.claimed
ORDER BY r.opens_at, r.round_id
"""
TAKE_SEATS = "UPDATE rounds SET released = released - ? WHERE round_id = ?"
GIVE_UP_SEATS = "UPDATE rounds SET released = released + ? WHERE round_id = ?"
REFUSE_LAST = """
UPDATE incoming_claims SET reason = 'funds_released', detail = json_object('missing_fen', :missing)
WHERE place IN (SELECT place FROM incoming_claims WHERE reason IS NULL AND round_id = :round_id
    AND claim_id IS NULL ORDER BY claimed_at DESC, claim_no DESC LIMIT :short)
"""


def crowded(db: sqlite3.Connection, programme_id: int) -> list[Crowded]:
    """The rounds whose fit claims need seats that were given up, by opening."""
    return typed.rows(db, Crowded, CROWDED, (programme_id,))


def take_seats(db: sqlite3.Connection, round_id: int, packs: int) -> None:
    """So many packs have their money again."""
    db.execute(TAKE_SEATS, (packs, round_id))


def give_up_seats(db: sqlite3.Connection, round_id: int, packs: int) -> None:
    """So many unclaimed packs have no money any more."""
    db.execute(GIVE_UP_SEATS, (packs, round_id))


def refuse_last_claims(db: sqlite3.Connection, round_id: int, short: int, missing_fen: int) -> None:
    """Refuse the `short` last fit claims of a round, each of which needs so much."""
    asked = {"round_id": round_id, "short": short, "missing": missing_fen}
    db.execute(REFUSE_LAST, asked)


class LateRow(NamedTuple):
    """A fit payment or refund on a voucher that has given up its money; `stands`: it was accepted
    at another time and is judged again.
    """

    place: int
    kind: str
    round_id: int
    claim_id: int
    coupon_no: int
    paid_at: int
    before_fen: int
    after_fen: int
    stays: int
    stands: int

    @property
    def voucher(self) -> tuple[int, int]:
        """The voucher it is on."""
        return self.claim_id, self.coupon_no

    @property
    def change(self) -> Change:
        """What it changes of the subsidy of its round."""
        return self.round_id, self.before_fen, self.after_fen, self.stays


LATE_ROWS = """
SELECT j.place, j.kind, j.round_id, j.claim_id, j.coupon_no, j.paid_at, j.before_fen, j.after_fen,
    j.stays, j.stands
FROM releases x JOIN judged j ON j.round_id = x.round_id
WHERE j.reason IS NULL AND j.expires_at <= x.expired_by
ORDER BY j.place
"""
HOLD = """
UPDATE incoming_redemptions SET reason = 'funds_released', detail = json_object('missing_fen', ?)
WHERE place = ?
"""


def late_rows(db: sqlite3.Connection) -> list[LateRow]:
    """The fit rows of temp.judged on vouchers that have given up their money."""
    return typed.rows(db, LateRow, LATE_ROWS)


def hold_payments(db: sqlite3.Connection, rows: Iterable[LateRow]) -> None:
    """Hold payments that nobody can pay now."""
    db.executemany(HOLD, [(row.after_fen - row.before_fen, row.place) for row in rows])


MISSING = """
SELECT count(*), ifnull(sum(json_extract(detail, '$.missing_fen')), 0) FROM rejects
WHERE batch_id = ? AND reason = 'funds_released'
"""
GIVEN_UP = """
SELECT subject, sum(json_extract(detail, '$.packs')) FROM audit
WHERE deed = 'round.give_up' AND json_extract(detail, '$.batch') = ? GROUP BY subject ORDER BY 1
"""


def missing(db: sqlite3.Connection, batch_id: int) -> tuple[int, int]:
    """(how many rows of a batch wait for money, how much they need in fen)."""
    rows, fen = db.execute(MISSING, (batch_id,)).fetchone()
    return rows, fen


def given_up(db: sqlite3.Connection, batch_id: int) -> dict[str, int]:
    """The unclaimed packs of open rounds that gave up their money for rows of a batch, by round."""
    return dict(db.execute(GIVEN_UP, (batch_id,)).fetchall())


class Spare(NamedTuple):
    """An open round with unclaimed packs that have their money."""

    round_id: int
    round: str
    document: str
    packs: int


SPARE = """
SELECT r.round_id, r.round, t.document, r.packs - r.released - r.claimed
FROM rounds r JOIN templates t USING (template_id)
WHERE r.programme_id = ? AND r.round_id <> ? AND r.state IN ('open', 'paused')
    AND r.claimed + r.released < r.packs
ORDER BY r.closes_at DESC, r.round_id DESC
"""


def spare_packs(db: sqlite3.Connection, programme_id: int, but: int) -> list[Spare]:
    """The open rounds of a programme with unclaimed packs, the last to close first; without the
    round `but`.
    """
    return typed.rows(db, Spare, SPARE, (programme_id, but))
