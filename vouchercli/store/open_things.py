"""What is open still of a round, or of a whole programme: what stands between it and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import correction_lists, dues, ledger, prolongations, typed
from vouchercli.store.dues import Due
from vouchercli.store.settlements import IS_HELD

if TYPE_CHECKING:
    import sqlite3

# The round that is meant; NULL: every round of the programme.
OF_ROUND = "r.programme_id = :programme_id AND ifnull(r.round_id = :round_id, 1)"
ALIVE = f"""
SELECT count(*), max({prolongations.ENDS_AT}) FROM claims c
WHERE c.round_id = :round_id AND {prolongations.ENDS_AT} > :at
"""
# Claims and redemptions that were not there when a day was sealed, or are of a later one.
REDEEMED_AFTER = f"""
SELECT count(*), max(f.day)
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    CROSS JOIN splits s USING (split_id) CROSS JOIN rounds r USING (round_id)
WHERE (n.last_id > :last_id OR n.last_paid_at >= :ends_at)
    AND NOT (f.day <= :day AND f.redemption_id <= :last_id) AND {OF_ROUND}
"""
CLAIMED_AFTER = f"""
SELECT count(*), max(c.claimed_at) FROM rounds r CROSS JOIN claims c USING (round_id)
WHERE (c.claimed_at >= :ends_at OR c.claim_id > :last_id) AND {OF_ROUND}
"""
# Reversals are booked on a day of their own.
REVERSED_AFTER = f"""
SELECT count(*), max(v.booked_on) FROM reversed_redemptions v
    CROSS JOIN splits s USING (split_id) CROSS JOIN rounds r USING (round_id)
WHERE v.booked_on > :day AND {OF_ROUND}
"""
SEALED = """
SELECT day, last_claim_id, last_redemption_id, ends_at FROM days WHERE programme_id = :programme_id
    AND (NOT :signed OR day < ifnull((SELECT min(u.day) FROM days u
        LEFT JOIN day_signatures v USING (programme_id, day)
        WHERE u.programme_id = :programme_id AND v.day IS NULL), 99999999))
ORDER BY day DESC LIMIT 1
"""
TAKEN = """
SELECT d.day, d.last_claim_id, d.last_redemption_id, d.ends_at
FROM taken_days t JOIN days d USING (programme_id, day)
WHERE t.programme_id = :programme_id ORDER BY t.day DESC LIMIT 1
"""
PROPOSED = f"""
SELECT p.proposal_id, p.subject, CASE p.subject WHEN 'round' THEN r.round ELSE p.proposal_id END
FROM proposals p LEFT JOIN rounds r ON r.round_id = CASE p.subject WHEN 'round' THEN p.subject_id
    WHEN 'claim' THEN (SELECT round_id FROM claims WHERE claim_id = p.subject_id)
    WHEN 'redemption' THEN (SELECT s.round_id FROM redemptions f JOIN splits s USING (split_id)
        WHERE f.redemption_id = p.subject_id) END
WHERE p.state = 'proposed' AND p.subject IN ('round', 'claim', 'redemption') AND {OF_ROUND}
ORDER BY p.proposal_id
"""
# What merchants are owed of the public funders, or owe, of rounds: what is held apart.
OWED = f"""
SELECT f.funder_id, f.funder, m.merchant_id, m.merchant_no, m.account_no <> '' AS has_account,
    {IS_HELD} AS is_held, CAST(sum(d.amount_fen) AS BIGINT) AS amount_fen, max(d.up_to) AS up_to
FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id AND d.transfer_id IS NULL
    CROSS JOIN rounds r ON r.round_id = d.round_id
    CROSS JOIN merchants m ON m.merchant_id = d.merchant_id
WHERE f.programme_id = :programme_id AND f.kind = 'public' AND {OF_ROUND}
GROUP BY f.funder_id, m.merchant_id, is_held HAVING sum(d.amount_fen) <> 0
ORDER BY f.funder_id, m.merchant_no, is_held
"""
HOLDS = f"""
SELECT h.hold_id, m.merchant_no FROM holds h JOIN merchants m USING (merchant_id)
WHERE h.programme_id = :programme_id AND h.released_at IS NULL AND (:round_id IS NULL
    OR EXISTS (SELECT 1 FROM dues d JOIN funders f USING (funder_id)
        WHERE d.merchant_id = h.merchant_id AND d.round_id = :round_id AND d.transfer_id IS NULL
            AND d.amount_fen <> 0 AND f.kind = 'public' AND {IS_HELD}))
ORDER BY h.hold_id
"""
# Settlements that the bank has not answered to the end, or that nobody has sent.
UNDER_WAY = """
SELECT s.settlement_id, s.state, s.notice_days > 0 AND s.noticed_at IS NULL,
    CAST(sum(t.amount_fen) AS BIGINT)
FROM settlements s JOIN transfers t USING (settlement_id)
WHERE s.programme_id = :programme_id AND s.state NOT IN ('rejected', 'closed')
    AND t.state IN ('planned', 'sent', 'accepted') AND (:round_id IS NULL OR EXISTS (
        SELECT 1 FROM dues d WHERE d.transfer_id = t.transfer_id AND d.round_id = :round_id))
GROUP BY s.settlement_id ORDER BY s.settlement_id
"""
ROUNDS = """
SELECT round, state, claimed FROM rounds
WHERE programme_id = ? AND state NOT IN ('settled', 'archived', 'cancelled')
ORDER BY opens_at, round_id
"""
# Proposals of a programme that belong to no round: its changes, lists, payments, write-offs. Of
# those that were made together the first one that waits (SQLite gives the other columns of the
# least) and how many.
OTHERS_PROPOSED = """
SELECT min(p.proposal_id), p.subject, CASE p.subject WHEN 'programme' THEN m.programme
    WHEN 'round' THEN (SELECT r.round FROM rounds r WHERE r.round_id = p.subject_id)
    WHEN 'list' THEN p.subject_id WHEN 'break' THEN p.subject_id
    WHEN 'case' THEN p.subject_id ELSE p.proposal_id END, count(*)
FROM proposals p JOIN programmes m ON m.programme_id = :programme_id
WHERE p.state = 'proposed' AND p.proposal_id IS NOT :own AND CASE p.subject
    WHEN 'programme' THEN p.subject_id = :programme_id
    WHEN 'list' THEN (SELECT b.programme_id FROM batches b WHERE b.batch_id = p.subject_id)
        = :programme_id
    WHEN 'debt' THEN p.after ->> 'programme' = m.programme
    WHEN 'round' THEN (SELECT r.programme_id FROM rounds r WHERE r.round_id = p.subject_id)
        = :programme_id
    WHEN 'case' THEN (SELECT c.programme_id FROM cases c WHERE c.case_id = p.subject_id)
        = :programme_id
    WHEN 'break' THEN (SELECT b.programme_id FROM breaks b WHERE b.break_id = p.subject_id)
        = :programme_id
    WHEN 'settlement' THEN 0 WHEN 'registry' THEN 0
    ELSE [of_correction] = :programme_id END
GROUP BY ifnull(p.after ->> '$.together.first', p.proposal_id)
ORDER BY 1
""".replace("[of_correction]", f"({correction_lists.PROGRAMME_OF})")
BATCHES = """
SELECT batch_id FROM batches WHERE state = 'importing' AND programme_id = ? ORDER BY batch_id
"""
BREAKS = """
SELECT count(*), ifnull(min(break_id), 0),
    CAST(ifnull(sum(abs(their_fen - our_fen)), 0) AS BIGINT)
FROM breaks WHERE programme_id = ? AND state = 'open'
"""
CASES = """
SELECT c.case_id, m.merchant_no FROM cases c LEFT JOIN merchants m USING (merchant_id)
WHERE c.programme_id = ? AND c.state <> 'closed' ORDER BY c.case_id
"""
UNEVEN = f"""
SELECT d.funder_id, d.round_id, d.merchant_id, CAST(sum(d.amount_fen) AS BIGINT) AS amount_fen,
    max(d.up_to) AS up_to
FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id AND d.transfer_id IS NULL
WHERE f.programme_id = ? AND NOT {IS_HELD} AND EXISTS (SELECT 1 FROM dues o
    WHERE o.merchant_id = d.merchant_id AND o.funder_id = d.funder_id AND o.transfer_id IS NULL
        AND o.amount_fen < 0)
GROUP BY d.funder_id, d.merchant_id, d.round_id HAVING sum(d.amount_fen) <> 0
ORDER BY d.funder_id, d.merchant_id, d.round_id
"""
SETTLED_OF = """
SELECT DISTINCT r.round FROM json_each(?) t CROSS JOIN dues d ON d.transfer_id = t.value
    JOIN rounds r USING (round_id) JOIN funders f USING (funder_id)
WHERE r.state = 'settled' AND f.kind = 'public' ORDER BY r.opens_at, r.round_id
"""
SETTLED_BY_CLAIM = """
SELECT r.round FROM claims c JOIN rounds r USING (round_id)
WHERE c.claim_no = ? AND r.state IN ('settled', 'archived')
"""


class Seal(NamedTuple):
    """A sealed day (yyyymmdd; 0: before all), what was written last when it was sealed, and its end
    (UTC seconds).
    """

    day: int
    last_claim_id: int
    last_redemption_id: int
    ends_at: int


BEFORE_ALL = Seal(0, 0, 0, -(1 << 62))


class Proposed(NamedTuple):
    """What waits for a second person: its number, subject, and the name that a command takes; how
    many of those wait that were proposed together.
    """

    proposal: int
    subject: str
    name: str
    waiting: int = 1


class Owed(NamedTuple):
    """What a merchant is owed of a funder (fen; negative: it owes) for days up to one."""

    funder_id: int
    funder: str
    merchant_id: int
    merchant_no: str
    has_account: int
    is_held: int
    amount_fen: int
    up_to: int


class UnderWay(NamedTuple):
    """A settlement that is not paid: its state, whether its public list must be put up first, and
    what is to be paid (fen).
    """

    settlement: int
    state: str
    needs_notice: int
    amount_fen: int


class Round(NamedTuple):
    """A round that is neither settled nor cancelled."""

    round: str
    state: str
    claimed: int


class Asked(NamedTuple):
    """A programme, or one round of it."""

    programme_id: int
    round_id: int | None = None


def alive(db: sqlite3.Connection, round_id: int, at: int) -> tuple[int, int]:
    """How many packs of a round have vouchers that end after a moment, and when the last do (0:
    none).
    """
    count, last = typed.tuples(db, ALIVE, {"round_id": round_id, "at": at})[0]
    return count, last or 0


def sealed(db: sqlite3.Connection, programme_id: int, *, signed: bool) -> Seal:
    """The last sealed day; `signed`: that is signed, with all before it."""
    return (
        typed.row(db, Seal, SEALED, {"programme_id": programme_id, "signed": signed}) or BEFORE_ALL
    )


def taken(db: sqlite3.Connection, programme_id: int) -> Seal:
    """The last day whose dues were taken up."""
    return typed.row(db, Seal, TAKEN, {"programme_id": programme_id}) or BEFORE_ALL


def redeemed_after(db: sqlite3.Connection, asked: Asked, seal: Seal) -> tuple[int, int]:
    """How many payments, refunds and reversals are not booked by a sealed day, and the last of
    their days (yyyymmdd; 0: none).
    """
    about = {**asked._asdict(), "day": seal.day, "last_id": seal.last_redemption_id}
    about["ends_at"] = seal.ends_at
    found = [typed.tuples(db, each, about)[0] for each in (REDEEMED_AFTER, REVERSED_AFTER)]
    return sum(count for count, _ in found), max(last or 0 for _, last in found)


def claimed_after(db: sqlite3.Connection, asked: Asked, seal: Seal) -> tuple[int, int | None]:
    """The same of claims, with the moment of the last one (UTC seconds; None: there is none)."""
    about = {**asked._asdict(), "last_id": seal.last_claim_id, "ends_at": seal.ends_at}
    count, last = typed.tuples(db, CLAIMED_AFTER, about)[0]
    return count, last


def proposed(db: sqlite3.Connection, asked: Asked) -> list[Proposed]:
    """What waits on a round, or on its claims and redemptions."""
    return typed.rows(db, Proposed, PROPOSED, asked._asdict())


def all_proposed(db: sqlite3.Connection, programme_id: int, own: int | None) -> list[Proposed]:
    """All that waits of a programme, but for the proposal `own` and for settlements, which stand
    among what is under way.
    """
    return typed.rows(db, Proposed, OTHERS_PROPOSED, {"programme_id": programme_id, "own": own})


def owed(db: sqlite3.Connection, asked: Asked) -> list[Owed]:
    """What merchants are owed, or owe, of the public funders."""
    return typed.rows(db, Owed, OWED, asked._asdict())


def holds(db: sqlite3.Connection, asked: Asked) -> list[tuple[int, str]]:
    """Holds that stand, and their merchants; of a round those that keep something of it back."""
    return [(row[0], row[1]) for row in typed.tuples(db, HOLDS, asked._asdict())]


def under_way(db: sqlite3.Connection, asked: Asked) -> list[UnderWay]:
    """Settlements on their way."""
    return typed.rows(db, UnderWay, UNDER_WAY, asked._asdict())


def rounds(db: sqlite3.Connection, programme_id: int) -> list[Round]:
    """Rounds that are neither settled nor cancelled."""
    return typed.rows(db, Round, ROUNDS, (programme_id,))


def batches(db: sqlite3.Connection, programme_id: int) -> list[int]:
    """Files of the programme whose import is not done."""
    return typed.column(db, BATCHES, (programme_id,))


def open_breaks(db: sqlite3.Connection, programme_id: int) -> tuple[int, int, int]:
    """How many breaks are open, the number of the first (0: none), and how far their sides are
    apart (fen).
    """
    count, first, fen = typed.tuples(db, BREAKS, (programme_id,))[0]
    return count, first, fen


def open_cases(db: sqlite3.Connection, programme_id: int) -> list[tuple[int, str]]:
    """Cases that are not closed, and their merchants."""
    return typed.tuples(db, CASES, (programme_id,))


def settled_of(db: sqlite3.Connection, transfer_ids: list[int]) -> list[str]:
    """Settled rounds of which some transfers pay public money."""
    return typed.column(db, SETTLED_OF, (str(transfer_ids),))


def settled_by_claim(db: sqlite3.Connection, claim_no: str) -> str | None:
    """The round of a claim, if it is settled."""
    return next(iter(typed.column(db, SETTLED_BY_CLAIM, (claim_no,))), None)


def even_out(db: sqlite3.Connection, programme_id: int, at: int) -> int:
    """Set what merchants owe for one round against what they are owed for another, of the same
    funder, in the caller's transaction; gives how many dues that made. What each is owed in all
    stays.
    """
    together: dict[tuple[int, int], list[tuple[Due, int]]] = {}
    for row in typed.tuples(db, UNEVEN, (programme_id,)):
        due = Due(*row[:4])
        together.setdefault((due.funder_id, due.merchant_id), []).append((due, row[4]))
    made = 0
    for each in together.values():
        owed = sum(due.amount_fen for due, _ in each if due.amount_fen > 0)
        owing = -sum(due.amount_fen for due, _ in each if due.amount_fen < 0)
        left = {1: min(owed, owing), -1: min(owed, owing)}
        for due, up_to in each:
            sign = 1 if due.amount_fen > 0 else -1
            part = min(abs(due.amount_fen), left[sign])
            left[sign] -= part
            if part:
                made += 1
                _even(db, due, sign * part, up_to, at)
    return made


def _even(db: sqlite3.Connection, due: Due, fen: int, up_to: int, at: int) -> None:
    """So much of it is set against another round: paid back there, taken from here."""
    dues.add(db, "repaid", due._replace(amount_fen=-fen), up_to)
    way = ("payable", "clawed_back") if fen > 0 else ("clawed_back", "payable")
    ledger.post(db, due.funder_id, due.round_id, *way, abs(fen), "settlement.offset", at)
