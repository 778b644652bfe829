"""What late rows need of money that was released: seats of rounds that are closed, payments on
vouchers that have given up theirs, and unclaimed packs of open rounds.
"""

from __future__ import annotations

from collections import Counter
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


class FitRow(NamedTuple):
    """A fit payment or refund; `stands`: it was accepted at another time and is judged again."""

    place: int
    kind: str
    batch_id: int
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


FIT_ROW = """
SELECT j.place, j.kind, j.batch_id, j.round_id, j.claim_id, j.coupon_no, j.paid_at, j.before_fen,
    j.after_fen, j.stays, j.stands
"""
LATE_ROWS = f"""{FIT_ROW}
FROM releases x JOIN judged j ON j.round_id = x.round_id
WHERE j.reason IS NULL AND j.expires_at <= x.expired_by
ORDER BY j.place
"""
ROWS_OF_ROUND = (
    f"{FIT_ROW} FROM judged j WHERE j.reason IS NULL AND j.round_id = ? ORDER BY j.place"
)
CHANGES = """
SELECT round_id, before_fen, after_fen, stays, count(*) FROM judged
WHERE reason IS NULL AND round_id = ? GROUP BY 1, 2, 3, 4
"""
GROSS = """
SELECT round_id, sum(max(after_fen - before_fen, 0)) FROM judged WHERE reason IS NULL GROUP BY 1
"""
HOLD = """
UPDATE incoming_redemptions SET reason = 'funds_released', detail = json_object('missing_fen', ?)
WHERE place = ?
"""
# The last refund that took the number or the sale of one that stood.
DISPLACING = """
SELECT x.place
FROM judged j JOIN judged x ON x.transaction_no = j.transaction_no OR x.voucher = j.voucher
WHERE j.round_id = ? AND j.kind = 'refund' AND j.stands AND j.reason IS NOT NULL
    AND x.kind = 'refund' AND x.reason IS NULL AND NOT x.stands
ORDER BY x.paid_at DESC, x.place DESC LIMIT 1
"""


def late_rows(db: sqlite3.Connection) -> list[FitRow]:
    """The fit rows of temp.judged on vouchers that have given up their money."""
    return typed.rows(db, FitRow, LATE_ROWS)


def rows_of(db: sqlite3.Connection, round_id: int) -> list[FitRow]:
    """All fit rows of temp.judged of a round."""
    return typed.rows(db, FitRow, ROWS_OF_ROUND, (round_id,))


def changes(db: sqlite3.Connection, round_id: int) -> list[tuple[Change, int]]:
    """What the fit rows of temp.judged change of the subsidy of a round, and how many do."""
    return [(row[:4], row[4]) for row in typed.tuples(db, CHANGES, (round_id,))]


def gross(db: sqlite3.Connection) -> dict[int, int]:
    """The subsidy of the fit payments in temp.judged, in fen by round_id."""
    return dict(typed.tuples(db, GROSS))


def displacing(db: sqlite3.Connection, round_id: int) -> int | None:
    """The place of the last refund that takes the place of one that stood, of a round."""
    return next(iter(typed.column(db, DISPLACING, (round_id,))), None)


def hold(db: sqlite3.Connection, rows: Iterable[tuple[int, int]]) -> None:
    """Hold rows that nobody can pay now: (fen that each needs, its place)."""
    db.executemany(HOLD, rows)


# What the refunds of files under way gave back on vouchers that have given up their money (or
# expired by then): a refund may be refused yet, when its file ends. Claims of a round expire in the
# order in which they were made, so its first one says whether any has.
UNDER_WAY, UNDER_WAY_OF = (
    f"""
WITH late AS MATERIALIZED ({late})
SELECT b.batch_id, c.round_id, p.funder_id, -CAST(sum(p.amount_fen) AS BIGINT)
FROM batches b CROSS JOIN redemption_runs n USING (batch_id)
CROSS JOIN refunds t ON t.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN redemptions f USING (redemption_id) CROSS JOIN claims c USING (claim_id)
CROSS JOIN late x ON x.round_id = c.round_id AND c.expires_at <= x.expired_by
CROSS JOIN split_parts p ON p.split_id = f.split_id
WHERE b.state = 'importing' AND b.kind = 'redemptions' AND EXISTS (SELECT 1 FROM late)
GROUP BY 1, 2, 3
"""
    for late in (
        """
SELECT x.round_id, x.expired_by FROM releases x JOIN rounds r USING (round_id)
WHERE r.programme_id = ? AND x.expired_by >= (SELECT c.expires_at FROM claims c
    INDEXED BY claims_by_round WHERE c.round_id = x.round_id ORDER BY c.claimed_at LIMIT 1)
""",
        "SELECT ? AS round_id, ? AS expired_by",
    )
)


def under_way(db: sqlite3.Connection, programme_id: int) -> list[tuple[int, int, int, int]]:
    """(batch_id, round_id, funder_id, fen) that refunds of files under way gave back on vouchers
    that have given up their money.
    """
    return typed.tuples(db, UNDER_WAY, (programme_id,))


def under_way_of(db: sqlite3.Connection, round_id: int, expired_by: int) -> dict[int, int]:
    """The same of one round, by funder_id, on vouchers that expired by then."""
    given_back: Counter[int] = Counter()
    for _, _, funder_id, fen in typed.tuples(db, UNDER_WAY_OF, (round_id, expired_by)):
        given_back[funder_id] += fen
    return given_back


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
