"""Days that are sealed and signed, and what was booked on one."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vouchercli.errors import VoucherError
from vouchercli.rules import days as law
from vouchercli.rules import times
from vouchercli.store import fact_digests, transaction_numbers, typed
from vouchercli.store.fact_digests import NONE
from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.session import Session

    Row = tuple[Any, ...]
    Columns = list[Row]

# The first claim_id that is free: one that a sealed day may have is never given again.
NEXT_CLAIM_ID = """
SELECT max((SELECT coalesce(max(claim_id), 0) FROM claims),
    (SELECT coalesce(max(last_claim_id), 0) FROM last_seals),
    (SELECT coalesce(max(claim_id), 0) FROM reversed_claims)) + 1
"""
LAST_SEALED = "SELECT day FROM last_seals WHERE programme_id = ?"
FIRST_DAY = """
SELECT min(day) FROM (
    SELECT min(t.day) AS day FROM claim_totals t JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id
    UNION ALL
    SELECT min(t.day) FROM group_totals t JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id
    UNION ALL
    SELECT min(g.booked_on) FROM postings g JOIN funders f USING (funder_id)
    WHERE f.programme_id = :programme_id
)
"""
IMPORTING = """
SELECT batch_id FROM batches WHERE state = 'importing' AND kind IN ('claims', 'redemptions')
    AND programme_id = ? ORDER BY batch_id
"""
COLUMNS = """d.day, d.begins_at, d.ends_at, d.last_claim_id, d.last_redemption_id, d.claims,
    d.payments, d.refunds, d.reversals, d.base_fen, d.subsidy_fen, d.postings, d.posted_fen,
    d.facts_sha256, d.previous_sha256, d.sha256, d.sealed_by, d.sealed_at, s.signed_by, s.signed_at,
    s.note"""
ALL = f"""
SELECT {COLUMNS}
FROM days d LEFT JOIN day_signatures s USING (programme_id, day)
WHERE d.programme_id = :programme_id"""
ADD = f"""
INSERT INTO days (programme_id, day, begins_at, ends_at, last_claim_id, last_redemption_id,
    {", ".join(law.Sums._fields)}, previous_sha256, sha256, sealed_by, sealed_at)
VALUES ({", ".join("?" * 19)})
"""
SIGN = "INSERT INTO day_signatures VALUES (?, ?, ?, ?, ?, ?, ?)"


class Day(NamedTuple):
    """A day (yyyymmdd) that is sealed; times in UTC seconds, amounts in fen; who signed it, None
    where nobody has.
    """

    day: int
    begins_at: int
    ends_at: int
    last_claim_id: int
    last_redemption_id: int
    claims: int
    payments: int
    refunds: int
    reversals: int
    base_fen: int
    subsidy_fen: int
    postings: int
    posted_fen: int
    facts_sha256: str
    previous_sha256: str
    sha256: str
    sealed_by: str
    sealed_at: int
    signed_by: str | None
    signed_at: int | None
    note: str | None

    @property
    def last_ids(self) -> tuple[int, int]:
        """The last claim and redemption that were written by then."""
        return self.last_claim_id, self.last_redemption_id

    @property
    def sums(self) -> law.Sums:
        """What was booked on it."""
        return law.Sums(*self[5:14])


IS_SEAL = "SELECT EXISTS (SELECT 1 FROM days WHERE day = ? AND sha256 = ?)"
HEADS = """
SELECT p.programme, max(d.day), d.sha256 FROM days d JOIN programmes p USING (programme_id)
GROUP BY d.programme_id ORDER BY d.programme_id
"""
LIST = Listing(Day, ALL, "d.day DESC")
OF_DAY = f"{ALL} AND d.day = :day"
IN_ORDER = f"{ALL} ORDER BY d.day"
LAST = f"{ALL} ORDER BY d.day DESC LIMIT 1"


# ---------------------------------------------------------------- which days


def open_on(db: sqlite3.Connection, programme_id: int) -> int:
    """The first local day of a programme that is open (yyyymmdd); 0: every day is."""
    last = typed.column(db, LAST_SEALED, (programme_id,))
    return law.following(last[0]) if last else 0


def first_day(db: sqlite3.Connection, programme_id: int) -> int | None:
    """The first day on which anything is booked; None: nothing is."""
    day: int | None = db.execute(FIRST_DAY, {"programme_id": programme_id}).fetchone()[0]
    return day


def importing(db: sqlite3.Connection, programme_id: int) -> list[int]:
    """The batches of claims and redemptions that are not done yet."""
    return typed.column(db, IMPORTING, (programme_id,))


def listed(db: sqlite3.Connection, programme_id: int) -> Listed:
    """The days (`Day`) that are sealed, the newest first."""
    return LIST.of(db, programme_id=programme_id)


def in_order(db: sqlite3.Connection, programme_id: int) -> Iterator[Day]:
    """The same, the first one first."""
    return (Day(*row) for row in db.execute(IN_ORDER, {"programme_id": programme_id}))


def named(db: sqlite3.Connection, programme_id: int, day: int) -> Day | None:
    """A sealed day; None: it is open."""
    return typed.row(db, Day, OF_DAY, {"programme_id": programme_id, "day": day})


def open_day(db: sqlite3.Connection, programme_id: int, day: int) -> VoucherError:
    """The refusal of a day that is not sealed."""
    before = last(db, programme_id)
    return VoucherError(
        "day_open",
        "{day} is not sealed; the last sealed day is {last}",
        hint="voucher day close {day}",
        day=times.day_text(day),
        last=times.day_text(before.day) if before else "-",
    )


def last(db: sqlite3.Connection, programme_id: int) -> Day | None:
    """The last day that is sealed."""
    return typed.row(db, Day, LAST, {"programme_id": programme_id})


def is_seal(db: sqlite3.Connection, day: int, seal: str) -> bool:
    """Whether a day of some programme has that seal."""
    return bool(typed.number(db, IS_SEAL, (day, seal)))


def heads(db: sqlite3.Connection) -> list[tuple[str, int, str]]:
    """(programme, last sealed day, its seal) of every programme that has sealed days."""
    return typed.tuples(db, HEADS)


def last_ids(db: sqlite3.Connection) -> tuple[int, int]:
    """The last claim_id and redemption_id that were given."""
    return typed.number(db, NEXT_CLAIM_ID) - 1, transaction_numbers.last_id(db)


# ---------------------------------------------------------------- what is booked on one


class Span(NamedTuple):
    """A day of a programme (yyyymmdd), its bounds (UTC seconds), and the last claim and redemption
    of the seal before it and of its own.
    """

    programme_id: int
    day: int
    begins_at: int
    ends_at: int
    after_claim: int
    after_redemption: int
    last_claim: int
    last_redemption: int


# Of each kind first the day's own rows, then what came later of days before it, each in an order in
# which they are found (`+` keeps SQLite on that way), and how many of their columns are whole
# numbers. Tokens are left out: a new key wraps them.
CLAIM = """
SELECT c.claim_id, c.round_id, c.pack_no, c.claimed_at, c.expires_at, c.batch_id, c.line, c.claim_no
"""
OWN_CLAIMS = f"""
{CLAIM}
FROM rounds r CROSS JOIN claims c INDEXED BY claims_by_round ON c.round_id = r.round_id
    AND c.claimed_at >= :begins_at AND c.claimed_at < :ends_at
WHERE r.programme_id = :programme_id AND c.claim_id <= :last_claim
ORDER BY r.round, c.claimed_at, c.claim_id
"""
LATE_CLAIMS = f"""
{CLAIM}
FROM claims c
WHERE c.claim_id > :after_claim AND c.claim_id <= :last_claim AND +c.claimed_at < :begins_at
    AND +c.round_id IN (SELECT round_id FROM rounds WHERE programme_id = :programme_id)
ORDER BY c.claim_id
"""
CLAIM_NUMBERS = 7
SPLITS = """
SELECT s.split_id, s.round_id, s.before_fen, s.after_fen, s.public_fen, s.platform_fen, s.match_fen,
    s.stays
FROM splits s JOIN rounds r USING (round_id) WHERE r.programme_id = :programme_id
"""
REDEMPTION = """
SELECT f.redemption_id, f.voucher, f.use_no, f.merchant_id, f.segment_id, f.channel, f.paid_at,
    f.day, f.base_fen, f.merchant_discount_fen, f.line, f.split_id, ifnull(f.refund_of, -1),
    n.batch_id, f.transaction_no || ifnull((SELECT char(31) || d.details
        FROM redemption_details d WHERE d.redemption_id = f.redemption_id), ''),
    CASE WHEN f.refund_of IS NULL THEN '' ELSE
        (SELECT b.vouchers || ',' || b.spent || ',' || b.floor_fen FROM refunds b
            WHERE b.redemption_id = f.redemption_id) END
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE f.split_id IN (SELECT s.split_id FROM splits s JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id) AND f.redemption_id <= :last_redemption
"""
OWN_REDEMPTIONS = f"""{REDEMPTION}
    AND n.last_paid_at >= :begins_at AND n.first_paid_at < :ends_at AND +f.day = :day
ORDER BY n.first_id, f.redemption_id
"""
LATE_REDEMPTIONS = f"""{REDEMPTION}
    AND n.last_id > :after_redemption AND n.first_paid_at < :begins_at
    AND f.redemption_id > :after_redemption AND f.day < :day
ORDER BY n.first_id, f.redemption_id
"""
REDEMPTION_NUMBERS = 14
BASE, SPLIT, REFUND_OF = 8, 11, 12  # their places
# The same of rows that stood then and were reversed since: a sealed day has them for good.
REVERSED_CLAIM = """
SELECT v.claim_id, v.round_id, v.pack_no, v.claimed_at, v.expires_at, v.batch_id, v.line, v.claim_no
FROM reversed_claims v JOIN rounds r ON r.round_id = v.round_id
WHERE r.programme_id = :programme_id AND v.claim_id <= :last_claim
"""
REVERSED_REDEMPTION = """
SELECT v.redemption_id, v.voucher, v.use_no, v.merchant_id, v.segment_id, v.channel, v.paid_at,
    v.day, v.base_fen, v.merchant_discount_fen, v.line, v.split_id, ifnull(v.refund_of, -1),
    v.batch_id, v.transaction_no || ifnull(char(31) || v.details, ''),
    CASE WHEN v.refund_of IS NULL THEN '' ELSE
        v.vouchers || ',' || v.spent || ',' || v.floor_fen END
FROM reversed_redemptions v
WHERE v.split_id IN (SELECT s.split_id FROM splits s JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id) AND v.redemption_id <= :last_redemption
"""
ALSO = {
    OWN_CLAIMS: f"""{REVERSED_CLAIM}
    AND v.claimed_at >= :begins_at AND v.claimed_at < :ends_at
ORDER BY r.round, v.claimed_at, v.claim_id
""",
    LATE_CLAIMS: f"""{REVERSED_CLAIM}
    AND v.claim_id > :after_claim AND v.claimed_at < :begins_at
ORDER BY v.claim_id
""",
    OWN_REDEMPTIONS: f"""{REVERSED_REDEMPTION} AND v.day = :day ORDER BY v.redemption_id""",
    LATE_REDEMPTIONS: f"""{REVERSED_REDEMPTION}
    AND v.redemption_id > :after_redemption AND v.day < :day
ORDER BY v.redemption_id
""",
}
# Reversals that are booked on the day, of claims first: what was reversed, by which correction, and
# where it was entered anew.
REVERSALS = """
SELECT 0, v.claim_id, v.correction_id, ifnull(v.anew_batch_id, -1), ifnull(v.anew_line, -1), 0, -1
FROM reversed_claims v JOIN rounds r ON r.round_id = v.round_id
WHERE r.programme_id = :programme_id AND v.booked_on = :day
UNION ALL
SELECT 1, v.redemption_id, v.correction_id, ifnull(v.anew_batch_id, -1), ifnull(v.anew_line, -1),
    v.base_fen, v.split_id
FROM reversed_redemptions v JOIN splits s USING (split_id) JOIN rounds r USING (round_id)
WHERE r.programme_id = :programme_id AND v.booked_on = :day
ORDER BY 1, 2
"""
REVERSAL_NUMBERS = 7
REVERSED_BASE, REVERSED_SPLIT = 5, 6  # their places
CODES = "SELECT round_id, round FROM rounds"
POSTINGS = """
SELECT g.posting_id, g.funder_id, ifnull(g.round_id, -1), g.amount_fen, ifnull(g.batch_id, -1),
    g.day, g.booked_on, g.posted_at, g.from_account, g.to_account, g.why
FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = :programme_id AND g.booked_on = :day ORDER BY g.posting_id
"""
POSTING_NUMBERS = 8
AMOUNT = 3
AT_ONCE = 4_096  # rows that go into the digest together


class Taker(Protocol):
    """Takes the rows of a day as they are read, by columns."""

    def claims(self, columns: Columns) -> None:
        """Claims as `CLAIM` has them."""

    def redemptions(self, columns: Columns) -> None:
        """Payments and refunds as `REDEMPTION` has them."""


def sum_up(db: sqlite3.Connection, span: Span, taker: Taker | None = None) -> law.Sums:
    """What is booked on a day, read row by row; `taker` takes the rows too."""
    asked = span._asdict()
    digest = sha256()
    claims = payments = refunds = reversals = base_fen = postings = posted_fen = 0
    used: Counter[int] = Counter()
    for statement in (OWN_CLAIMS, LATE_CLAIMS):
        for columns, standing in _columns(db, statement, asked, CLAIM_NUMBERS, digest):
            claims += len(columns[0])
            if taker is not None and standing:
                taker.claims(standing)
    for statement in (OWN_REDEMPTIONS, LATE_REDEMPTIONS):
        for columns, standing in _columns(db, statement, asked, REDEMPTION_NUMBERS, digest):
            paid = columns[REFUND_OF].count(NONE)
            payments, refunds = payments + paid, refunds + len(columns[0]) - paid
            base_fen += sum(columns[BASE])
            used.update(columns[SPLIT])
            if taker is not None and standing:
                taker.redemptions(standing)
    for columns, _ in _columns(db, REVERSALS, asked, REVERSAL_NUMBERS, digest):
        reversals += len(columns[0])
        base_fen -= sum(columns[REVERSED_BASE])
        used.subtract(each for each in columns[REVERSED_SPLIT] if each != NONE)
    cursor = db.cursor()
    cursor.row_factory = None
    splits = {row[0]: row for row in cursor.execute(SPLITS, asked)} if used else {}
    digest.update(fact_digests.of_facts([splits[each] for each in sorted(used)], 8))
    subsidy_fen = sum(times * (splits[each][3] - splits[each][2]) for each, times in used.items())
    for columns, _ in _columns(db, POSTINGS, asked, POSTING_NUMBERS, digest):
        postings += len(columns[0])
        posted_fen += sum(columns[AMOUNT])
    counts = (claims, payments, refunds, reversals)
    return law.Sums(*counts, base_fen, subsidy_fen, postings, posted_fen, digest.hexdigest())


def _columns(
    db: sqlite3.Connection, statement: str, asked: dict[str, Any], numbers: int, digest: Any
) -> Iterator[tuple[Columns, Columns]]:
    """Some rows at a time, by columns, and the same without those that were reversed since; the
    digest of each such lot goes into that of the day.
    """
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(statement, asked)
    also = typed.tuples(db, ALSO[statement], asked) if statement in ALSO else []
    reversed_ = {row[0] for row in also}
    rows = iter(_in_order(db, statement, cursor, also) if also else cursor)
    while some := [*islice(rows, AT_ONCE)]:
        columns = [*zip(*some, strict=True)]
        digest.update(fact_digests.of_columns(columns, numbers))
        standing = [row for row in some if row[0] not in reversed_] if also else some
        yield columns, columns if len(standing) == len(some) else [*zip(*standing, strict=True)]
    digest.update(b"-")


def _in_order(
    db: sqlite3.Connection, statement: str, rows: Iterable[Row], also: Iterable[Row]
) -> Iterator[Row]:
    """The rows of a statement with those that were reversed since, in their places."""
    if statement != OWN_CLAIMS:
        return merge(rows, also, key=itemgetter(0))
    codes = dict(typed.tuples(db, CODES))
    return merge(rows, also, key=lambda row: (codes[row[1]], row[3], row[0]))


# ---------------------------------------------------------------- sealed and signed


def add(session: Session, span: Span, previous: str, sums: law.Sums, seal: str) -> None:
    """Seal a day."""
    values = (
        *(span.programme_id, span.day, span.begins_at, span.ends_at),
        *(span.last_claim, span.last_redemption),
        *sums,
        *(previous, seal, session.actor, session.now),
    )
    session.db.execute(ADD, values)


def sign(session: Session, programme_id: int, day: Day, note: str) -> None:
    """Sign a sealed day."""
    who = (session.actor, session.os_user, note, session.now)
    session.db.execute(SIGN, (programme_id, day.day, day.sha256, *who))
