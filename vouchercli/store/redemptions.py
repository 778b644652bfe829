"""Payments and refunds as facts: written for the fit rows that `store.judging` leaves, taken back,
listed.
"""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import (
    batches,
    booked,
    duplicates,
    fact_digests,
    merchant_runs,
    redemption_picks,
    totals,
    transaction_numbers,
    typed,
    used_claims,
)
from vouchercli.store.lists import Listed, Listing, merged, span

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.store.duplicates import Stay

NEW_SPLITS = """
SELECT DISTINCT j.round_id, j.before_fen, j.after_fen, j.stays FROM judged j
LEFT JOIN splits s ON s.round_id = j.round_id AND s.before_fen = j.before_fen
    AND s.after_fen = j.after_fen AND s.stays = j.stays
WHERE j.reason IS NULL AND s.split_id IS NULL ORDER BY 1, 2, 3, 4
"""
SPLIT_ID = (
    "SELECT split_id FROM splits WHERE round_id = ? AND before_fen = ? AND after_fen = ? AND stays"
    " = ?"
)
LAST_SPLIT = "SELECT coalesce(max(split_id), 0) FROM splits"
ADD_SPLIT = """
INSERT INTO splits (split_id, round_id, before_fen, after_fen, stays, public_fen, platform_fen,
    match_fen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_SPLIT_PART = "INSERT INTO split_parts (split_id, funder_id, amount_fen) VALUES (?, ?, ?)"

# use_no follows time among rows that are written together (`rules.vouchers.in_time_order`): what
# does not has come too late. Refunds are written in that order too: each leaves no more subsidy
# than sale, but only behind those before it.
ACCEPT = """
INSERT INTO redemptions (redemption_id, transaction_no, voucher, use_no, merchant_id, segment_id,
    channel, paid_at, day, base_fen, merchant_discount_fen, split_id, line, refund_of)
SELECT :after + j.row_no, j.transaction_no, j.voucher,
    j.use_no + (SELECT coalesce(max(use_no), 0) FROM redemptions u
                WHERE u.voucher = j.voucher AND u.redemption_id <= :after),
    j.merchant_id, j.segment_id, CASE j.channel WHEN 'offline' THEN 1 WHEN 'online' THEN 2 ELSE 0
        END, j.paid_at, j.day,
    CASE j.kind WHEN 'pay' THEN j.base_fen ELSE -j.base_fen END,
    CASE j.kind WHEN 'pay' THEN j.merchant_discount_fen ELSE -j.merchant_discount_fen END,
    s.split_id, j.line, p.redemption_id
FROM accepted j
JOIN splits s ON s.round_id = j.round_id AND s.before_fen = j.before_fen
    AND s.after_fen = j.after_fen AND s.stays = j.stays
LEFT JOIN redemptions p ON j.kind = 'refund' AND p.voucher = j.voucher
    AND p.transaction_no = j.refund_of AND p.refund_of IS NULL
WHERE j.kind = :kind
ORDER BY iif(j.kind = 'refund', j.use_no, 0), j.row_no
"""
CLEAR_ACCEPTED = "DROP TABLE IF EXISTS temp.accepted"
# The fit rows in the order of their ids: those of a batch together, its payments first.
CREATE_ACCEPTED = """
CREATE TEMP TABLE accepted AS
SELECT *, row_number() OVER (ORDER BY batch_id, kind, place) AS row_no,
    row_number() OVER (PARTITION BY voucher ORDER BY paid_at, kind, transaction_no, place) AS use_no
FROM judged WHERE reason IS NULL
"""
ACCEPT_REFUNDS = """
INSERT INTO refunds (redemption_id, vouchers, spent, floor_fen)
SELECT :after + row_no, vouchers, spent, floor_fen FROM accepted WHERE kind = 'refund'
"""
ACCEPT_DETAILS = """
INSERT INTO redemption_details (redemption_id, details)
SELECT :after + row_no, details FROM accepted WHERE details IS NOT NULL AND details <> '{}'
"""
ACCEPTED = "SELECT batch_id, count(*) FROM accepted GROUP BY batch_id ORDER BY batch_id"

# A row of another batch on the same voucher at the same time or later, or a refund of this batch's
# payment. Of two refunds of one payment the one that was judged last rests on what the other left,
# whenever they were made.
STANDS_ON = """
SELECT l.batch_id, count(DISTINCT l.redemption_id) AS later
FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN redemption_facts l ON l.voucher = f.voucher AND l.redemption_id <> f.redemption_id
    AND CASE WHEN l.refund_of = f.refund_of THEN l.use_no > f.use_no
        ELSE l.paid_at >= f.paid_at OR ifnull(l.refund_of = f.redemption_id, 0) END
WHERE n.batch_id = ?1 AND l.batch_id <> ?1 GROUP BY l.batch_id ORDER BY l.batch_id
"""
CLEAR_LEAVING = "DROP TABLE IF EXISTS temp.leaving"
CREATE_LEAVING = "CREATE TEMP TABLE leaving (redemption_id INTEGER PRIMARY KEY)"
ALL_LEAVE = """
INSERT INTO leaving
SELECT f.redemption_id FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.batch_id = ?
"""
LEAVING_BLOCKS = "SELECT DISTINCT redemption_id >> 6 FROM leaving"
DELETE_LEAVING = (
    "DELETE FROM redemptions WHERE redemption_id IN (SELECT redemption_id FROM leaving)"
)


class Line(NamedTuple):
    """A payment or refund as lists show it, of a refund the amounts negative; its local day and the
    one on which it is booked (yyyymmdd). One that was reversed is there twice: as it came, and as
    its reversal. `correction` reversed it, or entered it anew.
    """

    transaction_no: str
    kind: str
    claim_no: str
    coupon_no: int
    coupon: str
    round: str
    merchant_no: str
    name: str
    paid_at: int
    base_fen: int
    merchant_discount_fen: int
    subsidy_fen: int
    public_fen: int
    platform_fen: int
    match_fen: int
    refund_of: str | None
    stays_fen: int
    batch: int
    redemption_id: int
    correction: int | None
    day: int
    booked_on: int

    @property
    def booked_late(self) -> int | None:
        """The day on which it is booked, where that is another than its own."""
        return None if self.booked_on == self.day else self.booked_on


LIST = f"""
SELECT x.transaction_no, x.kind, c.claim_no, x.coupon_no, k.coupon, r.round, m.merchant_no, m.name,
    x.paid_at, x.base_fen,
    x.merchant_discount_fen, x.subsidy_fen, x.public_fen, x.platform_fen, x.match_fen,
        p.transaction_no AS refund_of, x.stays_fen, x.batch_id,
    x.redemption_id,
    (SELECT b.correction_id FROM correction_batches b WHERE b.batch_id = x.batch_id), x.day,
    {booked.on("x.day", "x.redemption_id", "last_redemption_id")}
FROM redemption_facts x
CROSS JOIN claims c ON c.claim_id = x.claim_id
CROSS JOIN rounds r ON r.round_id = c.round_id
CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = x.coupon_no
CROSS JOIN merchants m ON m.merchant_id = x.merchant_id
LEFT JOIN redemptions p ON p.redemption_id = x.refund_of
WHERE r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
    AND ifnull(c.claim_no = :claim_no, 1)
  AND ifnull(m.merchant_no = :merchant_no, 1) AND ifnull(x.transaction_no = :transaction_no, 1)
    AND x.stays >= :stays AND x.paid_at BETWEEN :since AND :until
"""
ORDER = "x.paid_at, x.redemption_id"
# What was reversed: as it came, then its reversal. Its claim is that of its correction, whatever
# has become of it since.
REVERSAL = "reversal"
REVERSED = f"""
SELECT v.transaction_no, iif(w.sign = 1, iif(v.refund_of IS NULL, 'pay', 'refund'), '{REVERSAL}'),
    v.claim_no, v.coupon_no, k.coupon, r.round, m.merchant_no, m.name, v.paid_at,
    w.sign * v.base_fen, w.sign * v.merchant_discount_fen, w.sign * (s.after_fen - s.before_fen),
    w.sign * s.public_fen, w.sign * s.platform_fen, w.sign * s.match_fen,
    nullif(v.refund_of_no, ''), -w.sign * s.stays * s.public_fen, v.batch_id, v.redemption_id,
    v.correction_id, v.day,
    iif(w.sign = 1, {booked.on("v.day", "v.redemption_id", "last_redemption_id")}, v.booked_on)
FROM (SELECT x.*, voucher % 1024 AS coupon_no, json_extract(p.before, '$.claim_no') AS claim_no
    FROM reversed_redemptions x JOIN proposals p ON p.proposal_id = x.correction_id) v
CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) w
JOIN splits s ON s.split_id = v.split_id
JOIN rounds r ON r.round_id = s.round_id
JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = v.coupon_no
JOIN merchants m ON m.merchant_id = v.merchant_id
WHERE r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
    AND ifnull(v.claim_no = :claim_no, 1)
  AND ifnull(m.merchant_no = :merchant_no, 1) AND ifnull(v.transaction_no = :transaction_no, 1)
    AND s.stays >= :stays AND v.paid_at BETWEEN :since AND :until
"""
LIST_OF_REVERSED = Listing(Line, REVERSED, "v.paid_at, v.redemption_id, w.sign DESC")
ARE_REVERSED = "SELECT EXISTS (SELECT 1 FROM reversed_redemptions)"
LIST_OF_ALL = Listing(Line, LIST, ORDER)
LIST_OF_CLAIM = Listing(
    Line,
    LIST
    + """AND x.voucher BETWEEN (SELECT claim_id * 1024 FROM claims WHERE claim_no = :claim_no)
    AND (SELECT claim_id * 1024 + 1023 FROM claims WHERE claim_no = :claim_no)""",
    ORDER,
)
LIST_OF_NUMBER = Listing(
    Line, LIST + "AND x.redemption_id IN (SELECT redemption_id FROM standing_numbers)", ORDER
)
LIST_OF_SOME = Listing(
    Line, LIST + "AND x.redemption_id IN (SELECT value FROM json_each(:ids))", ORDER
)


def accept(db: sqlite3.Connection, parts: Callable[[int, int], Split]) -> None:
    """Write the fit rows as facts, payments before refunds, and add them to the totals.

    `parts(round_id, amount_fen)` is the law's split of a subsidy: it is asked once for each new
    amount.
    """
    add_splits(db, [*map(tuple, db.execute(NEW_SPLITS))], parts)
    after = transaction_numbers.last_id(db)
    db.execute(CLEAR_ACCEPTED)
    db.execute(CREATE_ACCEPTED)
    for kind in ("pay", "refund"):
        db.execute(ACCEPT, {"kind": kind, "after": after})
    db.execute(ACCEPT_REFUNDS, {"after": after})
    db.execute(ACCEPT_DETAILS, {"after": after})
    transaction_numbers.keep_written(db, after, typed.tuples(db, ACCEPTED))
    merchant_runs.keep_written(db, after)
    totals.add_written(db, after)
    used_claims.add_written(db, after)
    for facts in ("redemptions", "refunds"):
        fact_digests.add_written(db, facts, after + 1)


class Split(NamedTuple):
    """Who pays one subsidy, in fen: by kind, and by funder_id (public and platform shares and the
    match; `matched_by`: of an amount the match alone).
    """

    public_fen: int
    platform_fen: int
    match_fen: int
    by_funder: dict[int, int]
    matched_by: dict[int, int]


# (round_id, fen of the subsidy that were kept before, fen that are kept after, 1 where the
# difference stays with the merchant)
Change = tuple[int, int, int, int]


def split_of(change: Change, parts: Callable[[int, int], Split]) -> Split:
    """A refund changes each funder from its part of what was kept before to its part of what is
    kept after; where the difference stays with the merchant, only the match changes.
    """
    round_id, before_fen, after_fen, stays = change
    before, after = parts(round_id, before_fen), parts(round_id, after_fen)
    given = "matched_by" if stays else "by_funder"
    old, new = getattr(before, given), getattr(after, given)
    return Split(
        after.public_fen - before.public_fen,
        after.platform_fen - before.platform_fen,
        after.match_fen - before.match_fen,
        {funder: fen - old[funder] for funder, fen in sorted(new.items())},
        {},
    )


def add_splits(
    db: sqlite3.Connection, changes: list[Change], parts: Callable[[int, int], Split]
) -> list[tuple[int, Split]]:
    """Keep new splits; returns each with its number."""
    first = typed.number(db, LAST_SPLIT) + 1
    splits = [split_of(change, parts) for change in changes]
    known = list(enumerate(splits, first))
    db.executemany(
        ADD_SPLIT,
        [
            (number, *change, *split[:3])
            for change, (number, split) in zip(changes, known, strict=True)
        ],
    )
    db.executemany(
        ADD_SPLIT_PART,
        [(number, *part) for number, split in known for part in split.by_funder.items()],
    )
    return known


def splits(
    db: sqlite3.Connection, changes: list[Change], parts: Callable[[int, int], Split]
) -> dict[Change, tuple[int, Split]]:
    """(split_id, split) of each change; new ones are kept."""
    known = {
        change: (int(row[0]), split_of(change, parts))
        for change in changes
        if (row := db.execute(SPLIT_ID, change).fetchone())
    }
    new = [change for change in changes if change not in known]
    return known | dict(zip(new, add_splits(db, new, parts), strict=True))


def undo(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Take a batch's rows away again, but for those that other files brought too, which these have
    now. Raises `VoucherError` when later rows of other batches stand on its vouchers.
    """
    stay = duplicates.hand_over(db, "redemptions", batch_id)
    batches.refuse_built_upon(db, batch_id, STANDS_ON)
    expect_leaving(db)
    db.execute(ALL_LEAVE, (batch_id,))
    take_out(db)
    transaction_numbers.drop_empty(db)
    return stay


def expect_leaving(db: sqlite3.Connection) -> None:
    """An empty temp.leaving (redemption_id)."""
    db.execute(CLEAR_LEAVING)
    db.execute(CREATE_LEAVING)


def take_out(db: sqlite3.Connection) -> None:
    """Delete the facts of temp.leaving and what they made of the totals."""
    totals.take_leaving(db)
    totals.drop_empty(db)
    claims = used_claims.leaving(db)
    with fact_digests.changing(db, "redemptions", "refunds", of=LEAVING_BLOCKS):
        db.execute(DELETE_LEAVING)
    used_claims.recount(db, claims)


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    without_sale: bool = False,
    since: int | None = None,
    until: int | None = None,
    **wanted: str | None,
) -> Listed:
    """Redemptions (`Line`) of a programme by round, claim_no, merchant_no, transaction_no, paid
    from `since` to `until` (UTC seconds; None: any), oldest first; `without_sale`: only refunds
    whose subsidy stays.
    """
    asked: dict[str, Any] = {
        "programme_id": programme_id,
        "open_on": booked.open_on(db, programme_id),
        "stays": int(without_sale),
        **wanted,
    }
    asked |= span(since, until)
    standing = _standing(db, asked, without_sale=without_sale)
    if not typed.number(db, ARE_REVERSED):
        return standing
    parts = (standing, LIST_OF_REVERSED.of(db, **asked))
    return merged(parts, attrgetter("paid_at", "redemption_id"))


def _standing(db: sqlite3.Connection, asked: dict[str, Any], *, without_sale: bool) -> Listed:
    """Those that are in force."""
    if number := asked["transaction_no"]:
        transaction_numbers.find_standing(db, [number])
        return LIST_OF_NUMBER.of(db, **asked)
    if asked["claim_no"]:
        return LIST_OF_CLAIM.of(db, **asked)
    rounds = redemption_picks.rounds_of(db, asked["programme_id"], asked["round"])
    of_span = {"since": asked["since"], "until": asked["until"]}
    picked = redemption_picks.Picked(
        db, rounds, asked["merchant_no"], of_span, without_sale=without_sale
    )

    def rows(most: int | None) -> Iterator[Line]:
        if most is None and not picked.is_narrow:
            return LIST_OF_ALL.rows(db, None, **asked)
        return LIST_OF_SOME.rows(db, None, **asked, ids=json.dumps(picked.first(most)))

    return Listed(rows, picked.count)
