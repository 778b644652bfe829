"""What the reports read: sums from the kept totals for whole days, from facts only for the cut-off ends of a window.

The SQL keeps to the portable subset: integers only, every SUM cast to BIGINT, local days stored at intake, a total
ORDER BY over NOT NULL keys. Weeks, months and every ratio are made in rules.leverage from these integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.leverage import GROUPINGS, Sums

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.rules.leverage import Window

    Row = sqlite3.Row

ROUNDS = """
SELECT r.round_id, r.round, r.state, r.packs, r.per_resident, r.opens_at, r.platform, m.template, m.coupons, m.pack_value_fen
FROM rounds r JOIN templates m ON m.template_id = r.template_id
WHERE r.programme_id = ? ORDER BY r.opens_at, r.round_id
"""


def rounds_of(db: sqlite3.Connection, programme_id: int) -> list[Row]:
    """Every round of the programme by opening, with what its template says of a pack."""
    return db.execute(ROUNDS, (programme_id,)).fetchall()


# ---------------------------------------------------------------- redemptions by round and key


class Group(NamedTuple):
    """The sums of one key in one round."""

    round_id: int
    key: str
    sums: Sums


SUMS = """
    CAST(sum(t.vouchers) AS BIGINT) AS vouchers, CAST(sum(t.base_fen) AS BIGINT) AS base_fen,
    CAST(sum(t.subsidy_fen) AS BIGINT) AS paid_fen, CAST(sum(t.public_fen) AS BIGINT) AS public_fen,
    CAST(sum(t.platform_fen) AS BIGINT) AS platform_fen, CAST(sum(t.match_fen) AS BIGINT) AS match_fen,
    CAST(sum(t.floor_fen) AS BIGINT) AS floor_fen, CAST(sum(t.face_fen) AS BIGINT) AS face_fen
"""
# Facts of a span of time, shaped like a row of the totals. CROSS JOIN keeps SQLite on the index by paid_at.
FACTS = """
    SELECT c.round_id, x.day, k.coupon, x.segment_id, x.channel, x.merchant_id, x.split_id, x.vouchers, x.base_fen, x.subsidy_fen,
        x.public_fen, x.platform_fen, x.match_fen, x.vouchers * k.threshold_fen AS floor_fen, x.vouchers * k.denomination_fen AS face_fen
    FROM redemption_facts x CROSS JOIN claims c ON c.claim_id = x.claim_id CROSS JOIN rounds r ON r.round_id = c.round_id
        CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = x.coupon_no
    WHERE x.paid_at >= :from_at AND x.paid_at < :until_at
"""
SEGMENT = "JOIN segments s ON s.segment_id = t.segment_id"
KEYS = {  # grouping -> (the key, the table that has it); what is true of a whole round is left to the reader
    "coupon": ("t.coupon", ""),
    "day": ("t.day", ""),
    "week": ("t.day", ""),
    "month": ("t.day", ""),
    "district": ("s.district", SEGMENT),
    "industry": ("s.industry", SEGMENT),
    "size": ("s.size", SEGMENT),
    "channel": ("t.channel", ""),
    "merchant": ("h.merchant_no", "JOIN merchants h ON h.merchant_id = t.merchant_id"),
}
OF_A_ROUND = ("round", "template", "platform")


def _statement(what: str, source: str, by: str, condition: str) -> str:
    """Sums by round and key, put together from the constants here. By round alone there is no key: nothing to sort."""
    if by in OF_A_ROUND:
        return " ".join((
            "SELECT t.round_id, '' AS key,", what, "FROM", source, "t WHERE", condition, "GROUP BY t.round_id ORDER BY t.round_id",
        ))
    key, table = KEYS[by]
    return " ".join((
        "SELECT t.round_id,", key, "AS key,", what, "FROM", source, "t", table, "WHERE", condition,
        "GROUP BY t.round_id,", key, "ORDER BY t.round_id,", key,
    ))


WHOLE_DAYS = "t.day BETWEEN :first_day AND :last_day"
FROM_TOTALS = {by: _statement(SUMS, "merchant_totals" if by == "merchant" else "day_totals", by, WHOLE_DAYS) for by in GROUPINGS}
FROM_FACTS = {by: _statement(SUMS, "(" + FACTS + ")", by, "t.round_id > 0") for by in GROUPINGS}


def redeemed(db: sqlite3.Connection, by: str, window: Window) -> list[Group]:
    """Sums over the window by round and key, of every programme; for week and month the key is the day (yyyymmdd),
    for round, template and platform it is blank."""
    return [Group(row[0], str(row[1]), Sums(*row[2:])) for row in _both(db, window, FROM_TOTALS[by], FROM_FACTS[by])]


def _both(db: sqlite3.Connection, window: Window, whole: str, partial: str) -> Iterator[Row]:
    """Rows of the whole days, then of the cut-off ends."""
    if window.first_day <= window.last_day:
        yield from db.execute(whole, {"first_day": window.first_day, "last_day": window.last_day})
    for from_at, until_at in window.partial:
        yield from db.execute(partial, {"from_at": from_at, "until_at": until_at})


NAMES = "SELECT merchant_no, name FROM merchants ORDER BY merchant_no"


def merchant_names(db: sqlite3.Connection) -> dict[str, str]:
    """Every merchant's name by its number."""
    return dict(db.execute(NAMES).fetchall())


# ---------------------------------------------------------------- public funders one by one


class Share(NamedTuple):
    """What one public funder paid for a key in a round, in fen."""

    round_id: int
    key: str
    funder: str
    amount_fen: int


FUNDERS = "SELECT funder FROM funders WHERE programme_id = ? AND kind = 'public' ORDER BY position, funder_id"
AMOUNT = "f.funder, CAST(sum(t.amount_fen) AS BIGINT) AS amount_fen"
BY_FUNDER = "JOIN funders f ON f.funder_id = t.funder_id AND f.kind = 'public'"
PARTS = "(SELECT y.*, p.funder_id, p.amount_fen FROM (" + FACTS + ") y JOIN split_parts p ON p.split_id = y.split_id)"
KEPT_BY_FUNDER = (*OF_A_ROUND, "day", "week", "month")  # what funder_totals can tell


def _funder_statement(source: str, by: str, condition: str) -> str:
    """Amounts by round, key and public funder."""
    key, table = KEYS.get(by, ("''", ""))
    return " ".join((
        "SELECT t.round_id,", key, "AS key,", AMOUNT, "FROM", source, "t", BY_FUNDER, table, "WHERE", condition,
        "GROUP BY t.round_id, 2, f.funder ORDER BY t.round_id, 2, f.funder",
    ))


FUNDED_TOTALS = {by: _funder_statement("funder_totals", by, WHOLE_DAYS) for by in KEPT_BY_FUNDER}
FUNDED_FACTS = {by: _funder_statement(PARTS, by, "t.round_id > 0") for by in GROUPINGS}


def public_funders(db: sqlite3.Connection, programme_id: int) -> list[str]:
    """The programme's public funders, in the order of its file."""
    return [row[0] for row in db.execute(FUNDERS, (programme_id,))]


def funded(db: sqlite3.Connection, by: str, window: Window, span: tuple[int, int]) -> list[Share]:
    """What each public funder paid over the window, by round and key. Totals know it by round and day; for any other
    key every fact of `span` [from, until) is read."""
    if by in KEPT_BY_FUNDER:
        return [Share(row[0], str(row[1]), *row[2:]) for row in _both(db, window, FUNDED_TOTALS[by], FUNDED_FACTS[by])]
    return [Share(*row) for row in db.execute(FUNDED_FACTS[by], {"from_at": span[0], "until_at": span[1]})]


# ---------------------------------------------------------------- claims

CLAIMED_DAYS = """
SELECT t.round_id, CAST(sum(t.claims) AS BIGINT) AS claims FROM claim_totals t
WHERE t.day BETWEEN :first_day AND :last_day GROUP BY t.round_id ORDER BY t.round_id
"""
CLAIMED_SPAN = """
SELECT r.round_id, count(*) AS claims FROM rounds r CROSS JOIN claims c ON c.round_id = r.round_id
WHERE c.claimed_at >= :from_at AND c.claimed_at < :until_at GROUP BY r.round_id ORDER BY r.round_id
"""


def claimed(db: sqlite3.Connection, window: Window) -> dict[int, int]:
    """Packs claimed in the window, by round."""
    packs: dict[int, int] = {}
    for round_id, count in _both(db, window, CLAIMED_DAYS, CLAIMED_SPAN):
        packs[round_id] = packs.get(round_id, 0) + count
    return packs


LAST_CLAIM = "SELECT max(claimed_at) FROM claims WHERE round_id = ? AND claimed_at <= ?"
CLAIMERS = "SELECT count(DISTINCT resident) FROM claims WHERE round_id = ? AND claimed_at <= ?"
UNEXPIRED = "SELECT count(*) FROM claims WHERE round_id = :round_id AND claimed_at <= :as_of AND expires_at > :at"
# The face that was used of claims that can still be used; the claims lead, each finds its redemptions by its key.
USED_UNEXPIRED = """
SELECT CAST(coalesce(sum(x.vouchers * k.denomination_fen), 0) AS BIGINT) AS face_fen
FROM claims c CROSS JOIN rounds r ON r.round_id = c.round_id CROSS JOIN redemptions x ON x.claim_id = c.claim_id
    CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = x.coupon_no
WHERE c.round_id = :round_id AND c.claimed_at <= :as_of AND c.expires_at > :at AND x.paid_at <= :as_of
"""
# `+` keeps SQLite from walking the voucher index and fetching every row at random: sorting the claims is three times as
# fast. Where a resident may claim once, a claim is a person and nothing need be told apart.
USERS = """
SELECT c.round_id, CAST(sum(CASE WHEN r.per_resident = 1 THEN 1 ELSE 0 END) AS BIGINT)
    + count(DISTINCT CASE WHEN r.per_resident > 1 THEN c.resident END) AS users
FROM (SELECT +claim_id AS claim_id FROM redemptions WHERE +paid_at <= :as_of GROUP BY +claim_id HAVING sum(vouchers) > 0) u
    JOIN claims c ON c.claim_id = u.claim_id JOIN rounds r ON r.round_id = c.round_id
GROUP BY c.round_id ORDER BY c.round_id
"""


def last_claim(db: sqlite3.Connection, round_id: int, as_of: int) -> int:
    """When the last claim up to `as_of` was made (UTC seconds): of a round that is sold out, when it sold out."""
    return int(db.execute(LAST_CLAIM, (round_id, as_of)).fetchone()[0])


def claimers(db: sqlite3.Connection, round_id: int, as_of: int) -> int:
    """Different residents who had claimed by `as_of`."""
    return int(db.execute(CLAIMERS, (round_id, as_of)).fetchone()[0])


def users(db: sqlite3.Connection, as_of: int) -> dict[int, int]:
    """Different residents with a voucher that stood used at `as_of`, by round."""
    return dict(db.execute(USERS, {"as_of": as_of}).fetchall())


def unexpired(db: sqlite3.Connection, round_id: int, as_of: int, at: int) -> int:
    """How many of the claims made by `as_of` can still be used at `at`."""
    return int(db.execute(UNEXPIRED, {"round_id": round_id, "as_of": as_of, "at": at}).fetchone()[0])


def used_unexpired(db: sqlite3.Connection, round_id: int, as_of: int, at: int) -> int:
    """The face in fen that was used by `as_of` of the claims that can still be used at `at`."""
    return int(db.execute(USED_UNEXPIRED, {"round_id": round_id, "as_of": as_of, "at": at}).fetchone()[0])


# ---------------------------------------------------------------- rejected claims

BREACHES = """
SELECT json_extract(j.detail, '$.round') AS round, count(*) AS breaches
FROM batches b CROSS JOIN rejects j ON j.batch_id = b.batch_id
WHERE b.kind = 'claims' AND b.programme_id = ? AND b.state = 'done'
    AND j.reason IN ('over_quota', 'resident_limit', 'before_opening', 'after_closing', 'round_paused', 'not_eligible')
    AND json_extract(j.detail, '$.round') IS NOT NULL AND ifnull(json_extract(j.detail, '$.claimed_at') <= ?, 1)
GROUP BY 1 ORDER BY 1
"""


def breaches(db: sqlite3.Connection, programme_id: int, as_of: int) -> dict[str, int]:
    """Rejected claim rows up to `as_of` that broke the rules of issue, by the round they name."""
    return dict(db.execute(BREACHES, (programme_id, as_of)).fetchall())
