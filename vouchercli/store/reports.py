"""What the reports read: sums from the kept totals for whole days, from facts only for the cut-off
ends of a window.

The SQL keeps to the portable subset: integers only, every SUM cast to BIGINT, local days stored at
intake, a total ORDER BY over NOT NULL keys. Weeks, months and every ratio are made in
rules.leverage from these integers.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import times
from vouchercli.rules.leverage import CALENDAR, GROUPINGS, Sums
from vouchercli.store import known_facts, pieces, totals, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence

    from vouchercli.rules.leverage import Months, Window
    from vouchercli.store.pieces import Piece

    Row = sqlite3.Row


class Round(NamedTuple):
    """A round, and what its template says of a pack."""

    round_id: int
    round: str
    state: str
    packs: int
    per_resident: int
    opens_at: int
    platform: str
    template: str
    coupons: int
    pack_value_fen: int
    mode: str
    family: str  # of a round by itself its code


ROUNDS = """
SELECT r.round_id, r.round, r.state, r.packs, r.per_resident, r.opens_at, r.platform, m.template,
    m.coupons, m.pack_value_fen, r.mode, CASE r.family WHEN '' THEN r.round ELSE r.family END
FROM rounds r JOIN templates m ON m.template_id = r.template_id
WHERE r.programme_id = ? ORDER BY r.opens_at, r.round_id
"""


def rounds_of(db: sqlite3.Connection, programme_id: int) -> list[Round]:
    """Every round of the programme by opening."""
    return typed.rows(db, Round, ROUNDS, (programme_id,))


# ---------------------------------------------------------------- redemptions by round and key


class Group(NamedTuple):
    """The sums of one key in one round."""

    round_id: int
    key: str
    sums: Sums


SUMS = """
    CAST(sum(t.vouchers) AS BIGINT) AS vouchers, CAST(sum(t.base_fen) AS BIGINT) AS base_fen,
    CAST(sum(t.subsidy_fen) AS BIGINT) AS paid_fen, CAST(sum(t.public_fen) AS BIGINT) AS public_fen,
    CAST(sum(t.platform_fen) AS BIGINT) AS platform_fen,
    CAST(sum(t.match_fen) AS BIGINT) AS match_fen,
    CAST(sum(t.floor_fen) AS BIGINT) AS floor_fen, CAST(sum(t.face_fen) AS BIGINT) AS face_fen,
    CAST(sum(t.stays_fen) AS BIGINT) AS stays_fen
"""
KEPT_SUMS = ", ".join("t." + name for name in totals.SUMMED)
OF_DAYS = f"""
SELECT t.round_id, t.day, t.key, t.second_key, {KEPT_SUMS} FROM group_totals t
WHERE t.grouping = :grouping AND t.day BETWEEN :first_day AND :last_day
"""
# as SUMS names them
TOLD = (
    "vouchers",
    "base_fen",
    "paid_fen",
    "public_fen",
    "platform_fen",
    "match_fen",
    "floor_fen",
    "face_fen",
    "stays_fen",
)
# Facts of a span of time, out of the runs that overlap it. The local day is the reader's to say:
# such a span lies within one.
FACTS = """
    SELECT f.round_id, :day AS day, f.coupon, f.segment_id, f.channel, f.merchant_id, f.split_id,
        f.vouchers, f.base_fen, f.subsidy_fen,
        f.public_fen, f.platform_fen, f.match_fen, f.floor_fen, f.face_fen, f.stays_fen
    FROM redemption_runs n CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id
        AND n.last_id
    WHERE n.first_paid_at < :until_at AND n.last_paid_at >= :from_at AND f.paid_at >= :from_at
        AND f.paid_at < :until_at
"""
SEGMENT = "JOIN segments s ON s.segment_id = t.segment_id"
# grouping -> (the key of a fact, the table that has it); what is true of a whole round is left to
# the reader
KEYS = {
    "coupon": ("t.coupon", ""),
    "day": ("t.day", ""),
    "week": ("t.day", ""),
    "month": ("t.day", ""),
    "district": ("s.district", SEGMENT),
    "industry": ("s.industry", SEGMENT),
    "size": ("s.size", SEGMENT),
    "brand": ("s.brand", SEGMENT),
    "designated_size": ("s.designated_size", SEGMENT),
    "channel": ("t.channel", ""),
    "merchant": ("h.merchant_no", "JOIN merchants h ON h.merchant_id = t.merchant_id"),
}
OF_A_ROUND = ("round", "family", "template", "platform")
BLANK = "''"


def _statement(source: str, key: str, condition: str) -> str:
    """Sums by round and key, put together from the constants here."""
    keys = "t.round_id" if key == BLANK else "t.round_id, " + key
    return " ".join(
        (
            "SELECT t.round_id,",
            key,
            "AS key,",
            SUMS,
            "FROM",
            source,
            "WHERE",
            condition,
            "GROUP BY",
            keys,
            "ORDER BY",
            keys,
        )
    )


def _from_totals(by: str) -> str:
    kept = by if by in totals.KEYS else "round"
    key = "t.day" if by in CALENDAR else "t.key"
    return _statement("group_totals t", key, "t.grouping = '" + kept + "' AND " + WHOLE_DAYS)


def _from_facts(by: str) -> str:
    key, table = KEYS.get(by, (BLANK, ""))
    return _statement("(" + FACTS + ") t " + table, key, "t.round_id > 0")


WHOLE_DAYS = "t.day BETWEEN :first_day AND :last_day"
KEPT_BY_MONTH = ("brand", "designated_size", "merchant")  # the groupings in merchant_totals alone
KEPT_BY_DAY = tuple(by for by in GROUPINGS if by not in KEPT_BY_MONTH)  # those in group_totals
FROM_TOTALS = {by: _from_totals(by) for by in KEPT_BY_DAY}
FROM_FACTS = {by: _from_facts(by) for by in KEPT_BY_DAY}


def redemption_sums(db: sqlite3.Connection, by: str, window: Window, zone: str) -> list[Group]:
    """Sums over the window by round and key (of `KEPT_BY_DAY`), of every programme; for week and
    month the key is the day (yyyymmdd), for round, family, template and platform it is blank.
    """
    return [
        Group(row[0], str(row[1]), Sums._make(row[2:]))
        for row in both(db, window, zone, FROM_TOTALS[by], FROM_FACTS[by])
    ]


def day_sums(db: sqlite3.Connection, grouping: str, window: Window, zone: str) -> Iterator[Row]:
    """(round_id, day as yyyymmdd, key, second key, sums) over the window, by a grouping that is
    kept by day (`totals.GROUPINGS`).
    """
    found = [KEYS[each] for each in totals.GROUPINGS[grouping]]
    keys = (*(key for key, _ in found), BLANK, BLANK)
    tables = dict.fromkeys(table for _, table in found)
    selected = ("SELECT t.round_id, t.day,", keys[0], ",", keys[1], ",", SUMS, "FROM (", FACTS)
    partial = " ".join((*selected, ") t", *tables, "GROUP BY 1, 2, 3, 4"))
    return both(db, window, zone, OF_DAYS, partial, grouping)


def days_of_groups(
    db: sqlite3.Connection, by: str, window: Window, zone: str
) -> dict[str, list[Group]]:
    """Sums over the window of each district, industry or size (`by`) that merchants had when they
    were paid: by round and day (the key, yyyymmdd).
    """
    days: dict[str, list[Group]] = {}
    for round_id, day, key, _, *sums in day_sums(db, by, window, zone):
        days.setdefault(key, []).append(Group(round_id, str(day), Sums._make(sums)))
    return days


def both(
    db: sqlite3.Connection, window: Window, zone: str, whole: str, partial: str, grouping: str = ""
) -> Iterator[Row]:
    """Rows of the whole days, then of the cut-off ends."""
    if window.first_day <= window.last_day:
        days = {"first_day": window.first_day, "last_day": window.last_day, "grouping": grouping}
        yield from db.execute(whole, days)
    for from_at, until_at in window.partial:
        yield from db.execute(
            partial, {"from_at": from_at, "until_at": until_at, "day": times.day_of(from_at, zone)}
        )


# ---------------------------------------- by merchant: totals by month, the cut months from facts


SIGNED = {
    1: ", ".join(totals.SUMMED),
    -1: ", ".join(f"-{name} AS {name}" for name in totals.SUMMED),
}
PAID_BETWEEN = """
FROM (SELECT ? AS from_at, ? AS until_at) s CROSS JOIN redemption_runs n
    ON n.first_paid_at < s.until_at AND n.last_paid_at >= s.from_at
CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    AND f.paid_at >= s.from_at AND f.paid_at < s.until_at
"""
# How a piece of a span is read: by its source and whether it is added or taken off.
READ = {
    (source, sign): f"SELECT merchant_id, round_id, segment_id, {SIGNED[sign]} {rows}"
    for source, rows in {
        "totals": "FROM merchant_totals WHERE month BETWEEN ? AND ?",
        "sums": "FROM merchant_sums WHERE month BETWEEN ? AND ?",
        "facts": PAID_BETWEEN,
        "late": known_facts.LATE + " AND f.day BETWEEN ? AND ?",
        "reversed": known_facts.REVERSED + " AND f.day BETWEEN ? AND ?",
    }.items()
    for sign in SIGNED
}
IS_SOMETHING = " OR ".join("sum(t." + name + ") <> 0" for name in totals.SUMMED)
# Out of `[rows]`, totals of merchants in their order: nothing is sorted.
NAMED = f"""
SELECT h.merchant_no, h.name, {", ".join("p." + name for name in TOLD)}
FROM (SELECT t.merchant_id, {SUMS} FROM [rows] GROUP BY t.merchant_id HAVING {IS_SOMETHING}) p
JOIN merchants h ON h.merchant_id = p.merchant_id
"""
AMOUNTS = """
SELECT CAST(sum(t.public_fen) AS BIGINT) FROM [rows]
GROUP BY t.merchant_id HAVING sum(t.vouchers) > 0
"""
COUPONS = """
SELECT r.round_id, k.coupon_no, k.coupon FROM rounds r JOIN coupons k USING (template_id)
"""
PERCENTAGES = """
SELECT r.round_id, k.coupon FROM rounds r JOIN coupons k USING (template_id)
WHERE k.kind = 'percent_off' ORDER BY k.coupon
"""
NUMBERS = "SELECT merchant_id, merchant_no FROM merchants"
ALL_ROUNDS = "SELECT count(*) FROM rounds"


def by_merchant(
    db: sqlite3.Connection,
    rounds: Sequence[int],
    months: Months,
    zone: str,
) -> list[tuple[str, str, Sums]]:
    """(merchant_no, name, sums) of every merchant with anything in the span, pooled over `rounds`
    (ids), by number. Of some of them: `paid_merchants`.
    """
    parts = pieces.of_months(db, months, zone)
    if not parts or not rounds:
        return []
    rows = sorted(_of_merchants(db, NAMED, rounds, parts), key=itemgetter(0))
    return [(row[0], row[1], Sums._make(row[2:])) for row in rows]


def paid_to_merchants(
    db: sqlite3.Connection, rounds: Sequence[int], months: Months, zone: str
) -> list[int]:
    """What public funders paid to each merchant with a payment that stands, in fen, pooled over
    `rounds` (ids).
    """
    parts = pieces.of_months(db, months, zone)
    if not parts or not rounds:
        return []
    return [fen for (fen,) in _of_merchants(db, AMOUNTS, rounds, parts)]


def _of_merchants(
    db: sqlite3.Connection, statement: str, rounds: Sequence[int], parts: Sequence[Piece]
) -> list[tuple[Any, ...]]:
    return typed.tuples(db, *of_merchants(db, statement, rounds, parts))


def of_merchants(
    db: sqlite3.Connection, statement: str, rounds: Sequence[int], parts: Sequence[Piece]
) -> tuple[str, tuple[int, ...]]:
    """A statement about the totals of merchants (`[rows]`), of the rounds, and its parameters."""
    source = " UNION ALL ".join(READ[piece.source, piece.sign] for piece in parts)
    parameters = [end for piece in parts for end in piece.span]
    chosen = () if is_every_round(db, rounds) else tuple(rounds)
    some = "WHERE t.round_id IN (" + ", ".join("?" * len(chosen)) + ")" if chosen else ""
    of_rounds = " ".join(("(", source, ") t", some))
    return statement.replace("[rows]", of_rounds), (*parameters, *chosen)


def is_every_round(db: sqlite3.Connection, rounds: Collection[int]) -> bool:
    """Whether these (ids) are all rounds of the file."""
    return len(rounds) == typed.number(db, ALL_ROUNDS)


def coupons(db: sqlite3.Connection) -> dict[tuple[int, int], str]:
    """The coupons of every round as they are named (40-10), by round_id and coupon_no."""
    return {(row[0], row[1]): row[2] for row in typed.tuples(db, COUPONS)}


def percentages(db: sqlite3.Connection, round_ids: Collection[int]) -> tuple[str, ...]:
    """The names of coupons of these rounds whose subsidy is a share of the order (200-10%)."""
    found = typed.tuples(db, PERCENTAGES)
    return (*dict.fromkeys(name for round_id, name in found if round_id in round_ids),)


def merchant_numbers(db: sqlite3.Connection) -> dict[int, str]:
    """The numbers of all merchants, by id."""
    return dict(typed.tuples(db, NUMBERS))


class Listed(NamedTuple):
    """A merchant as the registry has it now; `is_registered`: it is listed, and was not only added
    because a voucher's scope takes any merchant.
    """

    merchant_no: str
    name: str
    size: str
    district: str
    industry: str
    is_registered: int


REGISTERED = "SELECT count(*) FROM merchants WHERE is_registered"
LISTED = """
SELECT merchant_no, name, size, district, industry, is_registered FROM merchants
ORDER BY merchant_no
"""


def listed_merchants(db: sqlite3.Connection) -> dict[str, Listed]:
    """Every merchant, by number."""
    return {row.merchant_no: row for row in typed.rows(db, Listed, LISTED)}


def registered(db: sqlite3.Connection) -> int:
    """How many merchants the registry lists."""
    return typed.number(db, REGISTERED)


# ---------------------------------------------------------------- public funders one by one


class Share(NamedTuple):
    """What one public funder paid for a key in a round, in fen."""

    round_id: int
    key: str
    funder: str
    amount_fen: int


# With money of its own by a day, where one is given.
FUNDERS = """
SELECT funder FROM funders f WHERE programme_id = ?1 AND kind = 'public' AND (?2 IS NULL OR EXISTS (
    SELECT 1 FROM postings g WHERE g.funder_id = f.funder_id AND g.booked_on <= ?2))
ORDER BY position, funder_id
"""
BY_FUNDER = "JOIN funders f ON f.funder_id = t.funder_id AND f.kind = 'public'"
PARTS = (
    "(SELECT y.*, p.funder_id, p.amount_fen FROM ("
    + FACTS
    + ") y JOIN split_parts p ON p.split_id = y.split_id)"
)
KEPT_BY_FUNDER = (*OF_A_ROUND, "day", "week", "month")  # the groupings in funder_totals


def _funder_statement(source: str, by: str, condition: str) -> str:
    """Amounts by round, key and public funder."""
    key = "t.day" if by in CALENDAR else BLANK
    amount = "CAST(sum(t.amount_fen) AS BIGINT) AS amount_fen"
    return " ".join(
        (
            "SELECT t.round_id,",
            key,
            "AS key, f.funder,",
            amount,
            "FROM",
            source,
            "t",
            BY_FUNDER,
            "WHERE",
            condition,
            "GROUP BY t.round_id, 2, f.funder ORDER BY t.round_id, 2, f.funder",
        )
    )


FUNDED_TOTALS = {by: _funder_statement("funder_totals", by, WHOLE_DAYS) for by in KEPT_BY_FUNDER}
FUNDED_FACTS = {by: _funder_statement(PARTS, by, "t.round_id > 0") for by in KEPT_BY_FUNDER}


def public_funders(
    db: sqlite3.Connection, programme_id: int, known_on: int | None = None
) -> list[str]:
    """The programme's public funders, in the order of its file; those that it had on a day
    (yyyymmdd).
    """
    return [row[0] for row in db.execute(FUNDERS, (programme_id, known_on))]


def funder_shares(db: sqlite3.Connection, by: str, window: Window, zone: str) -> list[Share]:
    """What each public funder paid over the window, by round and a key that totals know: what is
    true of a whole round (blank), or the day. For any other key: `pair_sums.shares`.
    """
    return [
        Share(row[0], str(row[1]), *row[2:])
        for row in both(db, window, zone, FUNDED_TOTALS[by], FUNDED_FACTS[by])
    ]


# ---------------------------------------------------------------- booked later than a day

# What was booked after a day for days up to it: when the last posting was made.
BOOKED_LATER = """
SELECT ifnull(max(g.posted_at), 0) FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = ?1 AND g.day <= ?2 AND (g.from_account = 'outstanding'
        OR g.to_account = 'outstanding')
    AND CASE WHEN ?3 THEN g.booked_on > ?2 ELSE g.posted_at > ?4 END
"""
LAST_DAY = "SELECT ifnull(max(day), 0) FROM group_totals WHERE grouping = 'round'"
NAMES_BEFORE = """
SELECT m.merchant_no, json_extract(c.before, '$.name') FROM merchant_changes c
JOIN batches b USING (batch_id) JOIN merchants m USING (merchant_id)
WHERE b.imported_at > ? AND json_type(iif(c.before = '', '{}', c.before), '$.name') = 'text'
ORDER BY c.batch_id DESC
"""


def booked_later(
    db: sqlite3.Connection, programme_id: int, day: int, after: int, *, is_sealed: bool
) -> int:
    """When the last claim, payment or correction of days up to `day` (yyyymmdd) was booked that
    was not known then: after that day where it `is_sealed`, else after a moment (UTC seconds); 0:
    all was known.
    """
    asked = (programme_id, day, is_sealed, after)
    return typed.number(db, BOOKED_LATER, asked)


def last_day(db: sqlite3.Connection) -> int:
    """The last local day (yyyymmdd) that has payments or refunds; 0 without any."""
    return typed.number(db, LAST_DAY)


def names_at(db: sqlite3.Connection, at: int) -> dict[str, str]:
    """The names that merchants had at a moment (UTC seconds), of those whose name changed since."""
    return dict(db.execute(NAMES_BEFORE, (at,)).fetchall())
