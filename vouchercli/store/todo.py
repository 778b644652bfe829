"""What waits for a person: proposals, drafts that nobody has handed in, days to seal and sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import correction_lists, typed

if TYPE_CHECKING:
    import sqlite3

# Corrections of merchants belong to no programme: the registry is everybody's. Those of single rows
# go by their own number.
SUBJECTS = f"""
SELECT p.proposal_id, m.programme_id, r.round_id,
    CASE p.subject WHEN 'round' THEN r.round WHEN 'programme' THEN m.programme
        WHEN 'claim' THEN p.proposal_id WHEN 'redemption' THEN p.proposal_id
        WHEN 'debt' THEN p.proposal_id ELSE p.subject_id END
FROM proposals p LEFT JOIN rounds r ON p.subject = 'round' AND r.round_id = p.subject_id
LEFT JOIN batches b ON p.subject = 'list' AND b.batch_id = p.subject_id
LEFT JOIN settlements s ON p.subject = 'settlement' AND s.settlement_id = p.subject_id
LEFT JOIN cases k ON p.subject = 'case' AND k.case_id = p.subject_id
LEFT JOIN programmes m ON m.programme_id = CASE p.subject WHEN 'round' THEN r.programme_id
    WHEN 'programme' THEN p.subject_id WHEN 'list' THEN b.programme_id
    WHEN 'registry' THEN NULL WHEN 'settlement' THEN s.programme_id WHEN 'case' THEN k.programme_id
    WHEN 'break' THEN (SELECT programme_id FROM breaks WHERE break_id = p.subject_id)
    WHEN 'debt' THEN (SELECT programme_id FROM programmes WHERE programme = p.after ->> 'programme')
    ELSE {correction_lists.PROGRAMME_OF} END
WHERE p.state = 'proposed'
"""
DRAFTS = """
SELECT r.round, r.programme_id, r.edited_by, a.at, r.packs * t.pack_value_fen
FROM rounds r JOIN templates t USING (template_id)
    JOIN authors a ON a.round_id = r.round_id AND a.revision = r.revision
WHERE r.state = 'draft' AND NOT EXISTS (SELECT 1 FROM proposals p
    WHERE p.state = 'proposed' AND p.subject = 'round' AND p.subject_id = r.round_id)
ORDER BY a.at, r.round_id
"""
UNSIGNED = """
SELECT d.day, d.sealed_by, d.sealed_at, d.subsidy_fen
FROM days d LEFT JOIN day_signatures s USING (programme_id, day)
WHERE d.programme_id = ? AND s.day IS NULL ORDER BY d.day
"""
# Settlements that wait for a person, but not for an approval; and debts of merchants by their age.
SETTLEMENTS = """
SELECT s.settlement_id, s.state, ifnull(s.exported_at, s.made_at), s.planned_fen, s.made_by,
    s.notice_days > 0 AND s.noticed_at IS NULL
FROM settlements s
WHERE s.programme_id = ? AND s.state IN ('draft', 'approved', 'exported') ORDER BY s.settlement_id
"""
# Closed rounds of which the clock has nothing more to release and merchants have nothing to come.
ENDED_ROUNDS = """
SELECT r.round, x.looked_at FROM rounds r JOIN releases x USING (round_id)
WHERE r.programme_id = ? AND r.state = 'closed' AND x.next_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM balances b JOIN funders f USING (funder_id)
    WHERE b.round_id = r.round_id AND f.kind = 'public' AND (b.payable_fen, b.held_fen,
        iif(f.amount_fen IS NULL, 0, b.committed_fen + b.outstanding_fen)) <> (0, 0, 0))
ORDER BY r.opens_at, r.round_id
"""
# When the last round of a programme was over, all of whose rounds are settled or cancelled.
ENDED = """
SELECT max(r.closes_at) FROM rounds r WHERE r.programme_id = :programme_id
    AND NOT EXISTS (SELECT 1 FROM closings WHERE programme_id = :programme_id)
    AND NOT EXISTS (SELECT 1 FROM proposals WHERE state = 'proposed' AND subject = 'programme'
        AND subject_id = :programme_id)
HAVING count(*) FILTER (WHERE r.state IN ('settled', 'archived')) > 0
    AND count(*) = count(*) FILTER (WHERE r.state IN ('settled', 'archived', 'cancelled'))
"""
# Samples of which items have no result yet.
SAMPLES = """
SELECT s.sample_id, s.drawn_by, s.drawn_at,
    (SELECT sum(i.amount_fen) FROM sample_items i WHERE i.sample_id = s.sample_id)
FROM samples s
WHERE s.programme_id = ? AND s.size > (SELECT count(DISTINCT r.item) FROM sample_results r
    WHERE r.sample_id = s.sample_id)
ORDER BY s.sample_id
"""
# Merchants whose account has changed, and the first of their holds.
CHANGED_ACCOUNTS = """
SELECT count(*), min(hold_id), min(held_at), min(held_by), max(held_by)
FROM holds WHERE programme_id = ? AND reason = 'account_changed' AND released_at IS NULL
    AND redemption_id IS NULL
HAVING count(*) > 0
"""
IS_SEALED = "SELECT EXISTS (SELECT 1 FROM last_seals WHERE programme_id = ?)"
# What is booked from now on is booked behind the last day that is sealed.
OPEN_WITH_FILES = """
SELECT DISTINCT g.booked_on FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = :programme_id AND g.batch_id IS NOT NULL AND g.booked_on <= :last
    AND g.booked_on > ifnull((SELECT day FROM last_seals WHERE programme_id = :programme_id), 0)
ORDER BY 1
"""


class Subject(NamedTuple):
    """What a proposal is about: the programme (None: all of them), the round if it is one, and the
    name that a command takes.
    """

    proposal: int
    programme_id: int | None
    round_id: int | None
    name: str


class Draft(NamedTuple):
    """A round that is a draft since `edited_at` (UTC seconds), last edited by `edited_by`."""

    round: str
    programme_id: int
    edited_by: str
    edited_at: int
    amount_fen: int


class Unsigned(NamedTuple):
    """A sealed day (yyyymmdd) that nobody has signed, sealed at a moment (UTC seconds), and the
    subsidy that was booked on it.
    """

    day: int
    sealed_by: str
    sealed_at: int
    subsidy_fen: int


class Settlement(NamedTuple):
    """A settlement that waits for a person since a moment (UTC seconds); `needs_notice`: its public
    list was not put up.
    """

    settlement: int
    state: str
    since: int
    amount_fen: int
    made_by: str
    needs_notice: int


class Sample(NamedTuple):
    """A sample that waits for results since it was drawn (UTC seconds), and what was paid for its
    items.
    """

    sample: int
    drawn_by: str
    drawn_at: int
    amount_fen: int


class ChangedAccounts(NamedTuple):
    """How many merchants wait because their account has changed, since a moment (UTC seconds);
    `hold`: the first of their holds. Who holds them: two names, the same where it is one.
    """

    merchants: int
    hold: int
    since: int
    first_by: str
    last_by: str


def changed_accounts(db: sqlite3.Connection, programme_id: int) -> ChangedAccounts | None:
    """The merchants of a programme whose account nobody has looked at since it changed; None:
    there are none.
    """
    return typed.row(db, ChangedAccounts, CHANGED_ACCOUNTS, (programme_id,))


def samples(db: sqlite3.Connection, programme_id: int) -> list[Sample]:
    """The samples of a programme that wait for results."""
    return typed.rows(db, Sample, SAMPLES, (programme_id,))


def settlements(db: sqlite3.Connection, programme_id: int) -> list[Settlement]:
    """The settlements of a programme that wait to be verified, exported or answered."""
    return typed.rows(db, Settlement, SETTLEMENTS, (programme_id,))


def ended_rounds(db: sqlite3.Connection, programme_id: int) -> list[tuple[str, int]]:
    """Closed rounds that can be settled, by all that is known of their money, and since when (UTC
    seconds).
    """
    return [(row[0], row[1]) for row in typed.tuples(db, ENDED_ROUNDS, (programme_id,))]


def ended(db: sqlite3.Connection, programme_id: int) -> int | None:
    """Since when (UTC seconds) a programme can be closed, for all its rounds are settled; None: it
    goes on, or somebody has proposed something.
    """
    return next(iter(typed.column(db, ENDED, {"programme_id": programme_id})), None)


def subjects(db: sqlite3.Connection) -> dict[int, Subject]:
    """What each waiting proposal is about, by its number."""
    return {each.proposal: each for each in typed.rows(db, Subject, SUBJECTS)}


def drafts(db: sqlite3.Connection) -> list[Draft]:
    """The drafts of every programme on which nothing waits, the oldest first."""
    return typed.rows(db, Draft, DRAFTS)


def unsigned_days(db: sqlite3.Connection, programme_id: int) -> list[Unsigned]:
    """The sealed days of a programme that nobody has signed, the first one first."""
    return typed.rows(db, Unsigned, UNSIGNED, (programme_id,))


def is_sealed(db: sqlite3.Connection, programme_id: int) -> bool:
    """Whether a programme has sealed days."""
    return bool(typed.number(db, IS_SEALED, (programme_id,)))


def open_days(db: sqlite3.Connection, programme_id: int, last: int) -> list[int]:
    """The open days (yyyymmdd) up to `last` on which files are booked, the first one first."""
    return typed.column(db, OPEN_WITH_FILES, {"programme_id": programme_id, "last": last})
