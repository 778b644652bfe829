"""Claims by set: `rules.claims` applied to a whole file, and the facts that come of it."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import claims as law
from vouchercli.rules import times
from vouchercli.rules.claim_limits import LimitsInTime, said
from vouchercli.store import (
    batches,
    booked,
    claim_limits,
    days,
    duplicates,
    fact_digests,
    programmes,
    prolongations,
    sql_functions,
    typed,
)
from vouchercli.store.conditions import (
    excluded_from,
    is_eligible,
    is_paused,
    is_winner,
    states_ends,
)
from vouchercli.store.lists import ROUNDS_WANTED, Listing, merged, span

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.duplicates import Stay
    from vouchercli.store.lists import Listed

CREATE_INCOMING = """
CREATE TEMP TABLE incoming_claims (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    claim_no TEXT, round TEXT, resident BLOB, claimed_at INTEGER,
    application_no TEXT,  -- as a platform names a winner; the resident is then its applicant
    ends_at INTEGER,  -- where the platform states the end of the vouchers; else NULL
    round_id INTEGER, pack_no INTEGER,
    met TEXT,         -- what was reached: the number, the round's limit, the name of another limit
    -- of a fact that is judged again: it had passed its own ladder, and keeps its id when it stays;
    -- `stands`: it was accepted at another time than the others
    claim_id INTEGER, stands INTEGER DEFAULT 0
)
"""
ADD_INCOMING = """
INSERT INTO incoming_claims (place, batch_id, line, cells, reason, detail, claim_no, round,
    resident, claimed_at, application_no, ends_at)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
"""
TYPED_COLUMNS = 6

INDEX_INCOMING = """
CREATE INDEX IF NOT EXISTS temp.incoming_claims_by_no ON incoming_claims (claim_no)
"""

FIND_ROUND = """
UPDATE incoming_claims SET round_id = (
    SELECT round_id FROM rounds WHERE programme_id = :programme_id AND round = incoming_claims.round
)
"""

# The row stands in the store already.
MARK_STANDING = """
UPDATE incoming_claims AS i SET reason = 'duplicate'
FROM claims c
WHERE i.reason IS NULL AND c.claim_no = i.claim_no
  AND c.round_id = i.round_id AND c.resident = i.resident AND c.claimed_at = i.claimed_at
  AND ifnull(i.ends_at, c.expires_at) = c.expires_at
"""

# Or it stood, was wrong and was reversed; only a correction brings it back.
MARK_REVERSED = """
UPDATE incoming_claims AS i SET reason = 'duplicate'
FROM reversed_claims v
WHERE i.reason IS NULL AND i.claim_id IS NULL AND v.claim_no = i.claim_no
  AND v.round_id = i.round_id AND v.resident = i.resident AND v.claimed_at = i.claimed_at
  AND ifnull(i.ends_at, v.expires_at) = v.expires_at
  AND i.batch_id NOT IN (SELECT batch_id FROM correction_batches)
"""

# Or it stands, and lies among the rows to be judged again: it is that row once more, not another
# use of its number. Where that one gives way, REFUSE_REPEATS refuses both.
MARK_REPEATS = """
UPDATE incoming_claims AS i SET reason = 'duplicate'
FROM incoming_claims s
WHERE i.reason IS NULL AND NOT i.stands AND s.stands AND s.claim_no = i.claim_no
  AND s.round_id = i.round_id AND s.resident = i.resident AND s.claimed_at = i.claimed_at
  AND s.ends_at IS i.ends_at
"""

JUDGE_EACH = f"""
WITH senders AS MATERIALIZED (
    -- what platform a batch is said to come from, by every name that its rounds know it by
    SELECT b.batch_id, names.value AS platform
    FROM batches b, json_each(b.options, '$.platforms') AS names
    WHERE b.batch_id IN (SELECT batch_id FROM incoming_claims)
)
UPDATE incoming_claims AS i SET reason = j.reason
FROM (
    SELECT place, {law.CLAIMS.sql()} AS reason
    FROM (
        SELECT w.place, w.claimed_at, r.round_id, r.state, r.opens_at, r.closes_at,
            r.platform <> '' AND w.batch_id IN (SELECT batch_id FROM senders)
                AND (w.batch_id, r.platform) NOT IN (SELECT batch_id, platform FROM senders)
                AS is_of_other_platform,
            {is_paused("r", "w.claimed_at")} AS is_paused,
            {is_eligible("r", "w.resident", "w.claimed_at")} AS is_eligible,
            {is_winner("r", "w.resident", "w.application_no")} AS is_winner,
            :latest_at AS latest_at
        FROM incoming_claims w LEFT JOIN rounds r ON r.round_id = w.round_id
        WHERE w.reason IS NULL AND w.claim_id IS NULL
    )
) AS j
WHERE j.place = i.place AND j.reason IS NOT NULL
"""

# Two rows of one number and second that differ are both refused; beside one that stands, the one
# that comes: nobody can tell which is right.
JUDGE_CONFLICTS = """
UPDATE incoming_claims AS i SET reason = 'conflicting_row'
WHERE i.reason IS NULL AND NOT i.stands AND (
    EXISTS (SELECT 1 FROM incoming_claims o WHERE o.claim_no = i.claim_no
        AND o.claimed_at = i.claimed_at AND (o.reason IS NULL OR o.reason = 'conflicting_row')
        AND ((o.round_id, o.resident) <> (i.round_id, i.resident) OR o.ends_at IS NOT i.ends_at))
    OR EXISTS (SELECT 1 FROM claims c WHERE c.claim_no = i.claim_no
        AND c.claimed_at = i.claimed_at AND ((c.round_id, c.resident) <> (i.round_id, i.resident)
            OR c.expires_at <> i.ends_at)))
"""

# The same row again, which stands beside it, is a duplicate. A number that stands is reused; so is
# one with an earlier lawful row here (met: 'number'), as long as that row gets its pack. What
# stands with a number and is judged again holds it only then (rules.claims.judge_limits).
JUDGE_NUMBERS = """
UPDATE incoming_claims AS i SET met = CASE WHEN NOT u.is_again AND NOT u.stands THEN 'number' END,
    reason = CASE WHEN u.is_again THEN 'duplicate' ELSE 'claim_reused' END
FROM (
    SELECT place, row_number() OVER w AS use_no,
        EXISTS (SELECT 1 FROM claims c WHERE c.claim_no = incoming_claims.claim_no) AS stands,
        lag(round) OVER w = round AND lag(resident) OVER w = resident
            AND lag(claimed_at) OVER w = claimed_at AND lag(ends_at) OVER w IS ends_at AS is_again
    FROM incoming_claims WHERE reason IS NULL AND NOT stands
    WINDOW w AS (PARTITION BY claim_no ORDER BY claimed_at, round, resident, place)
) AS u
WHERE u.place = i.place AND (u.use_no > 1 OR u.stands)
"""

# rules.claims.limit_met where only the round's own limit counts, for each resident alone: `nth`
# counts the resident's packs, `before` the packs that others took first.
JUDGE_LIMITS = """
UPDATE incoming_claims AS i
SET pack_no = q.pack_no,
    reason = CASE WHEN q.claimed + q.before >= q.packs THEN 'over_quota'
        WHEN q.nth > q.per_resident THEN 'resident_limit' END
FROM (
    SELECT place, nth, pack_no, per_resident, packs, claimed,
        coalesce(sum(nth <= per_resident) OVER (
            PARTITION BY round_id ORDER BY claimed_at, claim_no ROWS BETWEEN UNBOUNDED PRECEDING
                AND 1 PRECEDING
        ), 0) AS before
    FROM (
        SELECT w.place, w.claim_no, w.round_id, w.claimed_at, r.packs, r.claimed,
            r.per_resident,
            w.rank + (SELECT count(*) FROM claims c WHERE c.resident = w.resident
                AND c.round_id = w.round_id) AS nth,
            w.rank + (SELECT ifnull(max(pack_no), 0) FROM claims c WHERE c.resident = w.resident
                AND c.round_id = w.round_id) AS pack_no
        FROM (
            SELECT place, claim_no, round_id, resident, claimed_at,
                row_number() OVER (PARTITION BY round_id, resident ORDER BY claimed_at,
                    claim_no) AS rank
            FROM incoming_claims WHERE reason IS NULL
        ) AS w
        JOIN rounds r ON r.round_id = w.round_id
    )
) AS q
WHERE q.place = i.place
"""

# A number whose first rows got no pack is free for the next one: then the rows of all numbers and
# limits go one at a time.
IS_NUMBER_FREE = """
SELECT EXISTS (SELECT 1 FROM incoming_claims i WHERE i.met = 'number' AND NOT EXISTS (SELECT 1
    FROM incoming_claims u WHERE u.claim_no = i.claim_no AND u.reason IS NULL))
"""
OPEN_AGAIN = """
UPDATE incoming_claims SET reason = NULL, met = NULL
WHERE met = 'number' OR reason IN ('over_quota', 'resident_limit')
"""

# A row that repeats a refused one of another file is refused like it: it is a duplicate of nothing
# that stands, and is not lost when that file is undone.
REFUSE_REPEATS = """
UPDATE incoming_claims AS i SET reason = f.reason, met = f.met
FROM incoming_claims f
WHERE i.reason = 'duplicate' AND f.claim_no = i.claim_no AND f.round = i.round
    AND f.resident = i.resident AND f.claimed_at = i.claimed_at AND f.ends_at IS i.ends_at
    AND f.reason <> 'duplicate'
    AND f.batch_id <> i.batch_id
"""
# The values that the explanation of a reject is made of (json_patch drops those that are not
# known).
EXPLAIN = f"""
UPDATE incoming_claims AS i SET detail = (
    SELECT json_patch(json_patch('{{}}', json_object(
        'claim_no', i.claim_no, 'round', i.round, 'claimed_at', i.claimed_at, 'state', r.state,
        'latest_at', CASE i.reason WHEN 'in_future' THEN :latest_at END,
        'opens_at', r.opens_at, 'closes_at', r.closes_at, 'packs', r.packs,
        'limit', r.per_resident, 'group',
            nullif(r.resident_group, ''),
        'excluded_at', CASE i.reason WHEN 'not_eligible'
            THEN {excluded_from("r.programme_id", "i.resident", "i.claimed_at")} END,
        'application_no', CASE i.reason WHEN 'not_a_winner' THEN nullif(i.application_no, '') END,
        'missing_fen', json_extract(i.detail, '$.missing_fen'),
        'platform', CASE i.reason WHEN 'wrong_platform' THEN r.platform END,
        'sender', CASE i.reason WHEN 'wrong_platform' THEN (SELECT json_extract(b.options,
            '$.platform') FROM batches b WHERE b.batch_id = i.batch_id) END)),
        CASE WHEN i.reason = 'resident_limit' AND i.met <> 'round' THEN said(i.met, i.claimed_at)
            ELSE '{{}}' END)
    FROM (SELECT 1) LEFT JOIN rounds r ON r.round_id = i.round_id
)
WHERE reason IS NOT NULL AND reason <> 'duplicate' AND claim_no IS NOT NULL
"""

# A judgement is taken back, but for the rows that nobody can pay.
TAKE_BACK = """
UPDATE incoming_claims SET reason = NULL, met = NULL, detail = '{}'
WHERE reason <> 'funds_released' AND claim_no IS NOT NULL
"""
ANY_STANDS = "SELECT EXISTS (SELECT 1 FROM incoming_claims WHERE stands)"

ACCEPT = """
INSERT INTO claims (claim_id, claim_no, round_id, resident, pack_no, claimed_at, expires_at,
    batch_id, line)
SELECT ifnull(claim_id, :first_id - 1 + row_number() OVER (PARTITION BY claim_id IS NULL
    ORDER BY place)), claim_no, round_id, resident, pack_no, claimed_at,
    ifnull(ends_at, expires_at(round_id, claimed_at)), batch_id, line
FROM incoming_claims WHERE reason IS NULL ORDER BY place
"""

# Behind the claims that come back with their ids too.
NEXT_ID = f"""
SELECT max(({days.NEXT_CLAIM_ID}), ifnull(max(claim_id), 0) + 1) FROM incoming_claims
"""
# Of claims that were judged again and stay.
RETURNING_BLOCKS = """
SELECT DISTINCT claim_id >> 6 FROM incoming_claims WHERE reason IS NULL AND claim_id IS NOT NULL
"""


def as_fields(claim: str, round_: str) -> str:
    """A claim (of a table by that name) by our own fields, as JSON: SQL."""
    return f"""json_patch(json_object('claim_no', {claim}.claim_no, 'round', {round_}.round,
        'resident', 'token:' || lower(hex({claim}.resident)),
        'claimed_at', strftime('%Y-%m-%dT%H:%M:%SZ', {claim}.claimed_at, 'unixepoch')),
        CASE WHEN {states_ends(round_)} THEN json_object('expires_at',
            strftime('%Y-%m-%dT%H:%M:%SZ', {claim}.expires_at, 'unixepoch')) ELSE '{{}}' END)"""


CLEAR_COUNTED = "DROP TABLE IF EXISTS temp.counted_claims"
COUNT_ACCEPTED, COUNT_LEAVING = (
    f"""
CREATE TEMP TABLE counted_claims AS
SELECT r.round_id, local_day(c.claimed_at, p.time_zone) AS day, :sign * count(*) AS claims
FROM {claims} JOIN rounds r USING (round_id) JOIN programmes p USING (programme_id) {which}
GROUP BY r.round_id, day ORDER BY r.round_id, day
"""
    for claims, which in (
        ("incoming_claims c", "WHERE c.reason IS NULL"),
        ("leaving_claims CROSS JOIN claims c USING (claim_id)", ""),
    )
)
ADD_ROUNDS = """
UPDATE rounds SET claimed = claimed + n.claims FROM (SELECT round_id, sum(claims) AS claims
    FROM counted_claims GROUP BY round_id) AS n
WHERE n.round_id = rounds.round_id
"""
POOL = "ON CONFLICT DO UPDATE SET claims = claims + excluded.claims"
ADD_DAYS, ADD_DAY = (
    f"INSERT INTO claim_totals (round_id, day, claims) {days} {POOL}"
    for days in ("SELECT round_id, day, claims FROM counted_claims WHERE true", "VALUES (?, ?, ?)")
)
DROP_EMPTY_DAYS = "DELETE FROM claim_totals WHERE claims = 0"

CLEAR_LEAVING = "DROP TABLE IF EXISTS temp.leaving_claims"
CREATE_LEAVING = "CREATE TEMP TABLE leaving_claims (claim_id INTEGER PRIMARY KEY)"
ALL_LEAVE = "INSERT INTO leaving_claims SELECT claim_id FROM claims WHERE batch_id = ?"
ONE_LEAVES = "INSERT INTO leaving_claims VALUES (?)"
LEAVING_BLOCKS = "SELECT DISTINCT claim_id >> 6 FROM leaving_claims"
DELETE_LEAVING = "DELETE FROM claims WHERE claim_id IN (SELECT claim_id FROM leaving_claims)"
# Those of them whose money was released when they expired: their seats go with it.
LEAVING_RELEASED = """
SELECT count(*), c.round_id FROM leaving_claims JOIN claims c USING (claim_id)
    JOIN releases x ON x.round_id = c.round_id AND c.expires_at <= x.expired_by
GROUP BY c.round_id ORDER BY c.round_id
"""
# The same of those that stood and gave way to the rows just judged.
GIVEN_WAY_RELEASED = """
SELECT count(*), i.round_id FROM incoming_claims i JOIN releases x ON x.round_id = i.round_id
WHERE i.claim_id IS NOT NULL AND i.reason IS NOT NULL
    AND ifnull(i.ends_at, expires_at(i.round_id, i.claimed_at)) <= x.expired_by
GROUP BY i.round_id ORDER BY i.round_id
"""
GIVE_UP_SEATS = (
    "UPDATE rounds SET released = released + min(?, packs - released - claimed) WHERE round_id = ?"
)

STANDS_ON = """
SELECT r.batch_id, count(*) AS later FROM claims c CROSS JOIN redemption_facts r
    ON r.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
WHERE c.batch_id = ? GROUP BY r.batch_id ORDER BY r.batch_id
"""

ROUNDS_AND_TEMPLATES = """
SELECT r.round_id, r.round, r.opens_at, t.document FROM rounds r
    JOIN templates t ON t.template_id = r.template_id
    WHERE r.programme_id = ?
"""

TEMPLATE_OF = """
SELECT t.* FROM claims c JOIN rounds r ON r.round_id = c.round_id JOIN templates t
    ON t.template_id = r.template_id
WHERE r.programme_id = ? AND c.claim_no = ?
"""


class ClaimLine(NamedTuple):
    """A claim as lists show it: `used` of its `coupons` vouchers are paid and stand. `correction`
    reversed it (`is_reversed`), or entered it anew. Its local day and the one on which it is booked
    (yyyymmdd).
    """

    claim_no: str
    round: str
    resident: bytes
    claimed_at: int
    expires_at: int
    used: int
    coupons: int
    batch: int
    correction: int | None
    is_reversed: int
    day: int
    booked_on: int

    @property
    def booked_late(self) -> int | None:
        """The day on which it is booked, where that is another than its own."""
        return None if self.booked_on == self.day else self.booked_on


OWN_DAY = "local_day(c.claimed_at, :zone)"
SELECT_LINES = f"""
SELECT c.claim_no, r.round, c.resident, c.claimed_at, {prolongations.ENDS_AT},
    (SELECT coalesce(sum(vouchers), 0) FROM redemption_facts x
        WHERE x.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023),
    t.coupons, c.batch_id,
    (SELECT b.correction_id FROM correction_batches b WHERE b.batch_id = c.batch_id), 0,
    {OWN_DAY}, {booked.on(OWN_DAY, "c.claim_id", "last_claim_id")}
FROM claims c CROSS JOIN rounds r ON r.round_id = c.round_id CROSS JOIN templates t
    ON t.template_id = r.template_id
WHERE r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
    AND ifnull(c.claim_no = :claim_no, 1)
  AND ifnull(c.resident = :resident, 1) AND c.claimed_at BETWEEN :since AND :until
"""
ORDER = "c.claimed_at, c.claim_no"
LIST_OF_NUMBER, LIST_OF_RESIDENT, LIST_OF_ROUND = (
    Listing(ClaimLine, SELECT_LINES + which, ORDER)
    for which in (
        "AND c.claim_no = :claim_no",
        "AND c.resident = :resident",
        "AND c.round_id = :round_id",
    )
)


REVERSED_LINES = f"""
SELECT c.claim_no, r.round, c.resident, c.claimed_at, {prolongations.ENDS_AT}, 0, t.coupons,
    c.batch_id, c.correction_id, 1, {OWN_DAY}, {booked.on(OWN_DAY, "c.claim_id", "last_claim_id")}
FROM reversed_claims c CROSS JOIN rounds r ON r.round_id = c.round_id CROSS JOIN templates t
    ON t.template_id = r.template_id
WHERE r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
    AND ifnull(c.claim_no = :claim_no, 1)
  AND ifnull(c.resident = :resident, 1) AND c.claimed_at BETWEEN :since AND :until
"""
LIST_OF_REVERSED = Listing(ClaimLine, REVERSED_LINES, ORDER)
NO_LIMITS = LimitsInTime()


def judge(
    db: sqlite3.Connection,
    programme_id: int,
    limits: LimitsInTime = NO_LIMITS,
    zone: str = times.HOME_ZONE,
    latest_at: int | None = None,
) -> None:
    """Give every incoming row its reason: 'duplicate', a reject code, or NULL for the fit ones.
    `limits` are those of the programme, whose weeks are weeks in `zone`; no row may be later than
    `latest_at` (None: whenever it is).
    """
    db.execute(INDEX_INCOMING)
    db.execute(FIND_ROUND, {"programme_id": programme_id})
    db.execute(MARK_STANDING)
    db.execute(MARK_REVERSED)
    db.execute(MARK_REPEATS)
    db.execute(JUDGE_EACH, {"latest_at": latest_at})
    db.execute(JUDGE_CONFLICTS)
    db.execute(JUDGE_NUMBERS)
    _judge_limits(db, programme_id, limits, zone)
    db.execute(REFUSE_REPEATS)
    sql_functions.register(
        db, said=lambda met, at: json.dumps(said(met, limits.timeline(met).at(at)))
    )
    db.execute(EXPLAIN, {"latest_at": latest_at})


def _judge_limits(
    db: sqlite3.Connection, programme_id: int, limits: LimitsInTime, zone: str
) -> None:
    """Give packs by set where that is the same as one at a time."""
    is_beside_standing = typed.number(db, ANY_STANDS)
    if not (limits.looks_beyond_the_round or is_beside_standing or claim_limits.are_joined(db)):
        db.execute(JUDGE_LIMITS)
        if not typed.number(db, IS_NUMBER_FREE):
            return
    db.execute(OPEN_AGAIN)
    claim_limits.judge(db, programme_id, limits, zone)


def judge_again(
    db: sqlite3.Connection,
    programme_id: int,
    limits: LimitsInTime,
    zone: str,
    latest_at: int | None,
) -> None:
    """Judge all rows once more, without those that are held because their money is gone: what gave
    way to one of them stands.
    """
    db.execute(TAKE_BACK)
    judge(db, programme_id, limits, zone, latest_at)


def accept(db: sqlite3.Connection, expires_at: Callable[[int, int], int]) -> None:
    """Count the fit rows on their rounds and days, then write them as claims. `expires_at(round_id,
    claimed_at)` is the law. A pack that stood, whose money was released and that gave way leaves no
    free seat.
    """
    db.create_function("expires_at", 2, expires_at, deterministic=True)
    _count(db, COUNT_ACCEPTED, 1)
    _keep_count(db)
    first_id = typed.number(db, NEXT_ID)
    with fact_digests.changing(db, "claims", of=RETURNING_BLOCKS):
        db.execute(ACCEPT, {"first_id": first_id})
    fact_digests.add_written(db, "claims", first_id)
    db.executemany(GIVE_UP_SEATS, typed.tuples(db, GIVEN_WAY_RELEASED))


# Of a round that is sold out, the rows of a batch that came later than every claim; not those whose
# number stands: they are refused for it, or both for saying different things of one second.
SOLD_OUT_FOR = """
WITH sold_out AS MATERIALIZED (
    SELECT round, (SELECT max(claimed_at) FROM claims AS c WHERE c.round_id = r.round_id) AS last_at
    FROM rounds AS r WHERE claimed >= packs
        AND programme_id = (SELECT programme_id FROM batches WHERE batch_id = ?1))
SELECT j.line FROM rejects AS j CROSS JOIN sold_out AS s ON s.round = j.detail ->> 'round'
WHERE j.batch_id = ?1 AND j.reason = 'over_quota' AND j.detail ->> 'claimed_at' > s.last_at
    AND NOT EXISTS (SELECT 1 FROM claims AS c WHERE c.claim_no = j.detail ->> 'claim_no')
"""


def sold_out_for(db: sqlite3.Connection, batch_id: int) -> frozenset[int]:
    """The lines of a batch's rejects for which there was no pack, and is none, whatever other rows
    of the file are.
    """
    return frozenset(typed.column(db, SOLD_OUT_FOR, (batch_id,)))


def undo(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Take a batch's claims away again, but for those that other files brought too, which these
    have now; a pack whose money was released leaves no free seat. Raises `VoucherError` when
    redemptions stand on them.
    """
    stay = duplicates.hand_over(db, "claims", batch_id)
    batches.refuse_built_upon(db, batch_id, STANDS_ON)
    expect_leaving(db)
    db.execute(ALL_LEAVE, (batch_id,))
    _take_out_with_seats(db)
    return stay


def take_out_one(db: sqlite3.Connection, claim_id: int) -> None:
    """Take one claim out of those in force."""
    expect_leaving(db)
    db.execute(ONE_LEAVES, (claim_id,))
    _take_out_with_seats(db)


def _take_out_with_seats(db: sqlite3.Connection) -> None:
    """`take_out`; a pack whose money was released leaves no free seat."""
    released = typed.tuples(db, LEAVING_RELEASED)
    take_out(db)
    db.executemany(GIVE_UP_SEATS, released)


def expect_leaving(db: sqlite3.Connection) -> None:
    """An empty temp.leaving_claims (claim_id)."""
    db.execute(CLEAR_LEAVING)
    db.execute(CREATE_LEAVING)


def take_out(db: sqlite3.Connection) -> None:
    """Delete the claims of temp.leaving_claims, and count them no more."""
    _count(db, COUNT_LEAVING, -1)
    with fact_digests.changing(db, "claims", of=LEAVING_BLOCKS):
        db.execute(DELETE_LEAVING)
    _keep_count(db)


def _count(db: sqlite3.Connection, statement: str, sign: int) -> None:
    """Count the claims of `statement` by round and day, as many more or as many less."""
    sql_functions.register(db, local_day=times.local_day)
    db.execute(CLEAR_COUNTED)
    db.execute(statement, {"sign": sign})


def _keep_count(db: sqlite3.Connection) -> None:
    """Add what was counted to the rounds and days: before its claims are written, after they are
    deleted (`seats`).
    """
    for add in (ADD_ROUNDS, ADD_DAYS, DROP_EMPTY_DAYS):
        db.execute(add)


def templates_of_rounds(db: sqlite3.Connection, programme_id: int) -> list[sqlite3.Row]:
    """(round_id, opens_at, document of its template) for every round of the programme."""
    return db.execute(ROUNDS_AND_TEMPLATES, (programme_id,)).fetchall()


def template_of(db: sqlite3.Connection, programme_id: int, claim_no: str) -> sqlite3.Row | None:
    """The template of a claim's pack; None when there is no such claim."""
    row: sqlite3.Row | None = db.execute(TEMPLATE_OF, (programme_id, claim_no)).fetchone()
    return row


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    since: int | None = None,
    until: int | None = None,
    **wanted: Any,
) -> Listed:
    """Claims (`ClaimLine`) of a programme by round, claim_no or resident token, claimed from
    `since` to `until` (UTC seconds; None: any), oldest first.
    """
    sql_functions.register(db, local_day=times.local_day)
    asked = {
        "programme_id": programme_id,
        "zone": programmes.by_id(db, programme_id)["time_zone"],
        "open_on": booked.open_on(db, programme_id),
        **span(since, until),
        **wanted,
    }
    reversed_ = LIST_OF_REVERSED.of(db, **asked)
    if wanted["claim_no"] is not None:
        parts = [LIST_OF_NUMBER.of(db, **asked)]
    elif wanted["resident"] is not None:
        parts = [LIST_OF_RESIDENT.of(db, **asked)]
    else:
        rounds = typed.column(db, ROUNDS_WANTED, asked)
        parts = [LIST_OF_ROUND.of(db, **asked, round_id=round_id) for round_id in rounds]
    return merged([reversed_, *parts], attrgetter("claimed_at", "claim_no"))
