"""Cases: who is looked into and why, the rows of evidence as they stood, and what came of it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.staff import Hand
from vouchercli.store import transaction_numbers, typed
from vouchercli.store.lists import ALWAYS, Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.session import Session


class Case(NamedTuple):
    """A case about a merchant, or (`merchant_id` None) about so many residents; moments in UTC
    seconds, `said_on` as yyyymmdd; `at_stake_fen`: what the vouchers of its `lines` rows of
    evidence paid, less their refunds, when they were added.
    """

    case: int
    programme_id: int
    merchant_id: int | None
    merchant_no: str | None
    name: str | None
    residents: int
    source: str
    finding: int | None
    reason: str
    words: str
    complainant: str
    said_on: int | None
    holding: str
    owner: str
    state: str
    outcome: str
    opened_by: str
    os_user: str
    opened_at: int
    closed_by: str | None
    closed_note: str
    closed_at: int | None
    lines: int
    at_stake_fen: int
    sanctions: str

    @property
    def subject(self) -> str:
        """What it is about: `merchant` or `residents`."""
        return "residents" if self.merchant_id is None else "merchant"


class Line(NamedTuple):
    """A row of evidence: `line` is what it said when it was added (JSON)."""

    place: int
    redemption_id: int
    transaction_no: str
    line: str
    sha256: str
    amount_fen: int
    added_by: str
    added_at: int


class Note(NamedTuple):
    """A note, a visit, or who took the case over."""

    place: int
    kind: str
    on_day: int
    who: str
    words: str
    actor: str
    at: int


class Sanction(NamedTuple):
    """What was decided; a suspension holds from `from_at` on."""

    place: int
    sanction: str
    from_at: int
    amount_fen: int
    decided_at: int


class Kept(NamedTuple):
    """A hold of a case: `transaction_no` None: all that the merchant is owed."""

    hold: int
    is_ours: int
    is_merchant: int
    held_by: str
    os_user: str
    released_at: int | None


ALL = """
SELECT c.case_id, c.programme_id, c.merchant_id, m.merchant_no, m.name,
    (SELECT count(*) FROM case_residents k WHERE k.case_id = c.case_id) AS residents,
    c.source, c.finding_id,
    c.reason, c.words, c.complainant, c.said_on, c.holding, c.owner, c.state, c.outcome,
    c.opened_by, c.os_user, c.opened_at, c.closed_by, c.closed_note, c.closed_at,
    (SELECT count(*) FROM case_lines l WHERE l.case_id = c.case_id) AS lines,
    (SELECT CAST(ifnull(sum(amount_fen), 0) AS BIGINT) FROM case_lines l
        WHERE l.case_id = c.case_id) AS at_stake_fen,
    ifnull((SELECT group_concat(sanction, ', ') FROM (SELECT sanction FROM case_sanctions s
        WHERE s.case_id = c.case_id ORDER BY place)), '') AS sanctions
FROM cases c LEFT JOIN merchants m USING (merchant_id)
WHERE c.programme_id = :programme_id AND ifnull(c.case_id = :case, 1)
    AND (:merchant IS NULL OR m.merchant_no = :merchant)
    AND (:resident IS NULL OR EXISTS (SELECT 1 FROM case_residents k
        WHERE k.case_id = c.case_id AND k.resident = :resident)) AND ifnull(c.state = :state, 1)
    AND ifnull(c.reason = :reason, 1) AND ifnull(c.owner = :owner, 1)
    AND ifnull(c.source = :source, 1)
"""
LIST = Listing(Case, ALL, "c.case_id DESC")
ADD = """
INSERT INTO cases (programme_id, merchant_id, source, finding_id, reason, words, complainant,
    said_on, holding, owner, state, opened_by, os_user, opened_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?) RETURNING case_id
"""
ANY = ("merchant", "resident", "state", "reason", "owner", "source")


def listed(db: sqlite3.Connection, programme_id: int, **wanted: Any) -> Listed:
    """The cases of a programme by `merchant`, `resident` (token), `state`, `reason`, `owner`,
    `source` (None: any), the newest first.
    """
    return LIST.of(db, programme_id=programme_id, case=None, **(dict.fromkeys(ANY) | wanted))


def named(db: sqlite3.Connection, programme_id: int, case: int) -> Case | None:
    """The case with that number."""
    asked = {"programme_id": programme_id, "case": case, **dict.fromkeys(ANY)}
    return next(LIST.rows(db, 1, **asked), None)


def add(session: Session, values: Sequence[Any]) -> int:
    """Open a case of (programme_id, merchant_id, source, finding, reason, words, complainant,
    said_on, holding, owner); gives its number.
    """
    hand = (session.actor, session.os_user, session.now)
    return typed.number(session.db, ADD, (*values, *hand))


OPENER = "SELECT opened_by, os_user FROM cases WHERE case_id = ?"


IS_KNOWN = """
SELECT EXISTS (SELECT 1 FROM claims WHERE resident = :resident)
    OR EXISTS (SELECT 1 FROM applications WHERE resident = :resident)
    OR EXISTS (SELECT 1 FROM programmes p JOIN eligibility e USING (programme_id)
        WHERE e.resident = :resident)
"""
ADD_RESIDENT = "INSERT INTO case_residents (case_id, place, resident) VALUES (?, ?, ?)"
# The rows of evidence of a case with who paid, though the payment or its claim was reversed since;
# NULL: the file that brought it was undone.
PAID = """
WITH vouchers AS (
    SELECT l.case_id, l.place, l.redemption_id, l.transaction_no, l.line, l.amount_fen,
        ifnull((SELECT f.voucher FROM redemptions f WHERE f.redemption_id = l.redemption_id),
            (SELECT f.voucher FROM reversed_redemptions f
                WHERE f.redemption_id = l.redemption_id)) / 1024 AS claim_id
    FROM case_lines l WHERE l.case_id = :case),
paid AS MATERIALIZED (
    SELECT v.*, ifnull((SELECT c.resident FROM claims c WHERE c.claim_id = v.claim_id),
        (SELECT c.resident FROM reversed_claims c WHERE c.claim_id = v.claim_id)) AS resident
    FROM vouchers v)
"""
# The exclusion that holds, else the next one.
EXCLUSION = """
(SELECT {} FROM exclusions x WHERE x.resident = k.resident AND x.programme_id = d.programme_id
    AND (x.until_at IS NULL OR x.until_at > max(:now, x.from_at)) ORDER BY x.from_at LIMIT 1)
"""
RESIDENTS = f"""
{PAID}
SELECT k.resident, count(l.place) AS payments,
    CAST(ifnull(sum(l.amount_fen), 0) AS BIGINT) AS amount_fen,
    count(DISTINCT l.line ->> 'merchant_no') AS merchants,
    {EXCLUSION.format("x.from_at")} AS excluded_at, {EXCLUSION.format("x.until_at")} AS excluded_to
FROM case_residents k JOIN cases d USING (case_id)
    LEFT JOIN paid l ON l.resident = k.resident
WHERE k.case_id = :case GROUP BY k.place ORDER BY k.place
"""


class Resident(NamedTuple):
    """A resident whom a case is about, with its rows of evidence: how many, what is at stake (fen),
    at how many merchants; from when on (UTC seconds) it is excluded from packs, None: it is not,
    and up to when, None: until further notice.
    """

    resident: bytes
    payments: int
    amount_fen: int
    merchants: int
    excluded_at: int | None
    excluded_to: int | None


def is_known(db: sqlite3.Connection, token: bytes) -> bool:
    """Whether a resident has claimed or applied, or is on a list."""
    return bool(typed.number(db, IS_KNOWN, {"resident": token}))


def add_residents(db: sqlite3.Connection, case: int, tokens: Iterable[bytes]) -> None:
    """Say whom a new case is about."""
    db.executemany(ADD_RESIDENT, ((case, place, each) for place, each in enumerate(tokens, 1)))


def residents(db: sqlite3.Connection, case: int, now: int) -> list[Resident]:
    """Whom a case is about, excluded or not at a moment (UTC seconds); nobody where it is about a
    merchant.
    """
    return typed.rows(db, Resident, RESIDENTS, {"case": case, "now": now})


def opener(db: sqlite3.Connection, case: int) -> Hand:
    """Who opened a case that is there."""
    return typed.rows(db, Hand, OPENER, (case,))[0]


# ---------------------------------------------------------------- evidence

# A payment that stands, as it is frozen: no resident's token, which a new key would wrap.
BACK = """
(SELECT CAST(ifnull(sum(y.after_fen - y.before_fen), 0) AS BIGINT)
    FROM redemptions x JOIN splits y USING (split_id) WHERE x.refund_of = f.redemption_id)
"""
FIELDS = f"""
SELECT f.redemption_id, f.transaction_no, json_object('transaction_no', f.transaction_no,
        'claim_no', c.claim_no, 'coupon_no', f.coupon_no, 'coupon', f.coupon, 'round', r.round,
        'merchant_no', m.merchant_no, 'channel', f.channel, 'paid_at', f.paid_at, 'day', f.day,
        'base_fen', f.base_fen, 'merchant_discount_fen', f.merchant_discount_fen,
        'subsidy_fen', f.subsidy_fen, 'public_fen', f.public_fen, 'platform_fen', f.platform_fen,
        'match_fen', f.match_fen, 'refunded_fen', -{BACK}, 'batch', f.batch_id,
        'file_sha256', i.sha256, 'line', f.line),
    f.subsidy_fen + {BACK}, f.merchant_id, c.resident
"""
BESIDE = """
    CROSS JOIN claims c ON c.claim_id = f.claim_id
    CROSS JOIN rounds r ON r.round_id = f.round_id
    CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
    CROSS JOIN batches i ON i.batch_id = f.batch_id
"""
OF_NUMBERS = f"""
{FIELDS}
FROM temp.standing_numbers n CROSS JOIN redemption_facts f ON f.redemption_id = n.redemption_id
{BESIDE}
WHERE n.kind = 'pay' AND r.programme_id = :programme_id
ORDER BY f.paid_at, f.redemption_id
"""
OF_SPAN = f"""
{FIELDS}
FROM redemption_runs n CROSS JOIN redemption_facts f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
{BESIDE}
WHERE n.last_paid_at >= :since AND n.first_paid_at <= :until
    AND f.merchant_id = :merchant_id AND f.refund_of IS NULL
    AND f.paid_at BETWEEN :since AND :until AND r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
ORDER BY f.paid_at, f.redemption_id
"""
OF_RESIDENTS = f"""
{FIELDS}
FROM claims c CROSS JOIN redemption_facts f
    ON f.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
    CROSS JOIN rounds r ON r.round_id = f.round_id
    CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
    CROSS JOIN batches i ON i.batch_id = f.batch_id
WHERE c.resident = :resident AND f.refund_of IS NULL
    AND f.paid_at BETWEEN :since AND :until AND r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
ORDER BY f.paid_at, f.redemption_id
"""
OF_FINDING = f"""
{FIELDS}
FROM finding_rows n CROSS JOIN redemption_facts f ON f.redemption_id = n.redemption_id
{BESIDE}
WHERE n.finding_id = :finding AND f.refund_of IS NULL AND r.programme_id = :programme_id
ORDER BY f.paid_at, f.redemption_id
"""
# On the same subject: the merchant, or its residents.
SAME_FINDING = """
SELECT min(case_id) FROM cases WHERE finding_id = ? AND (merchant_id IS NULL) = ?
"""
ADD_LINE = """
INSERT INTO case_lines (case_id, place, redemption_id, transaction_no, line, sha256, amount_fen,
    added_by, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LINES = """
SELECT place, redemption_id, transaction_no, line, sha256, amount_fen, added_by, added_at
FROM case_lines WHERE case_id = :case
"""
LINE_LIST = Listing(Line, LINES, "place")


class Row(NamedTuple):
    """A payment that stands, as it would be frozen."""

    redemption_id: int
    transaction_no: str
    line: str
    amount_fen: int
    merchant_id: int
    resident: bytes


def of_numbers(db: sqlite3.Connection, programme_id: int, numbers: Iterable[str]) -> list[Row]:
    """The payments that stand with these numbers."""
    wanted = {*numbers}
    transaction_numbers.find_standing(db, wanted)
    found = typed.rows(db, Row, OF_NUMBERS, {"programme_id": programme_id})
    return [row for row in found if row.transaction_no in wanted]


def of_span(
    db: sqlite3.Connection,
    programme_id: int,
    merchant_id: int,
    since: int | None,
    until: int | None,
    round_: str | None,
) -> list[Row]:
    """The payments at a merchant that stand, from one moment up to another (UTC seconds)."""
    asked = {
        "programme_id": programme_id,
        "merchant_id": merchant_id,
        "since": -ALWAYS if since is None else since,
        "until": ALWAYS if until is None else until,
        "round": round_,
    }
    return typed.rows(db, Row, OF_SPAN, asked)


def of_residents(
    db: sqlite3.Connection,
    programme_id: int,
    tokens: Iterable[bytes],
    since: int | None,
    until: int | None,
    round_: str | None,
) -> list[Row]:
    """The payments of residents that stand, from one moment up to another (UTC seconds)."""
    asked = {
        "programme_id": programme_id,
        "since": -ALWAYS if since is None else since,
        "until": ALWAYS if until is None else until,
        "round": round_,
    }
    return [
        row
        for token in tokens
        for row in typed.rows(db, Row, OF_RESIDENTS, asked | {"resident": token})
    ]


def of_finding(db: sqlite3.Connection, programme_id: int, finding: int) -> list[Row]:
    """The payments that a finding rests on and that stand."""
    return typed.rows(db, Row, OF_FINDING, {"programme_id": programme_id, "finding": finding})


def of_same_finding(db: sqlite3.Connection, finding: int, *, of_residents: bool) -> int | None:
    """The first case on that subject that a finding opened; None: there is none."""
    found = db.execute(SAME_FINDING, (finding, of_residents)).fetchone()[0]
    return None if found is None else int(found)


def lines(db: sqlite3.Connection, case: int) -> Listed:
    """The rows of evidence of a case, in the order in which they were added."""
    return LINE_LIST.of(db, case=case)


def add_lines(session: Session, case: int, rows: Iterable[Row]) -> list[Row]:
    """Freeze rows as evidence; gives those that were not there before."""
    db = session.db
    there = [*lines(db, case).rows(None)]
    known = {each.redemption_id for each in there}
    new = [*{row.redemption_id: row for row in rows if row.redemption_id not in known}.values()]
    db.executemany(
        ADD_LINE,
        (
            (case, place, *row[:3], digest(row.line), row.amount_fen, session.actor, session.now)
            for place, row in enumerate(new, start=len(there) + 1)
        ),
    )
    return new


def digest(text: str) -> str:
    """SHA-256 of what a row says, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(rows: Iterable[Line]) -> str:
    """SHA-256 of rows of evidence together: of their digests, a line each."""
    return digest("".join(f"{row.sha256}\n" for row in rows))


def said(line: Line) -> dict[str, Any]:
    """What a row said when it was added."""
    read: dict[str, Any] = json.loads(line.line)
    return read


# Who made each payment, as a number within the case (the first one is 1: no token leaves), and the
# rules of the finding that rest on it.
BEHIND = f"""
{PAID}
SELECT l.place, iif(l.resident IS NULL, NULL, min(l.place) OVER (PARTITION BY l.resident)) AS first,
    ifnull(r.rules, '')
FROM paid l JOIN cases k USING (case_id)
    LEFT JOIN finding_rows r ON r.finding_id = k.finding_id AND r.redemption_id = l.redemption_id
ORDER BY l.place
"""


class Behind(NamedTuple):
    """The payer of a row of evidence, by a number within the case (None: its file was undone), and
    the rules that rest on it.
    """

    payer: int | None
    rules: str


def behind(db: sqlite3.Connection, case: int) -> dict[int, Behind]:
    """The same of each row, by its place."""
    rows = typed.tuples(db, BEHIND, {"case": case})
    firsts = sorted({first for _, first, _ in rows if first is not None})
    numbers = {first: number for number, first in enumerate(firsts, 1)}
    return {place: Behind(numbers.get(first), rules) for place, first, rules in rows}


# Behind each row its resident, and at how many merchants that one paid, how often, in all rounds.
TOKENS = f"""
{PAID}
SELECT l.transaction_no, l.line ->> 'claim_no', l.resident,
    (SELECT count(*) FROM claims k JOIN redemptions f ON f.voucher BETWEEN k.claim_id * 1024
        AND k.claim_id * 1024 + 1023 WHERE k.resident = l.resident AND f.refund_of IS NULL),
    (SELECT count(DISTINCT f.merchant_id) FROM claims k JOIN redemptions f ON f.voucher BETWEEN
        k.claim_id * 1024 AND k.claim_id * 1024 + 1023
        WHERE k.resident = l.resident AND f.refund_of IS NULL)
FROM paid l ORDER BY l.place
"""


def tokens(db: sqlite3.Connection, case: int) -> list[tuple[str, str, bytes | None, int, int]]:
    """(transaction number, claim number, resident's token, how many payments of it stand, at how
    many merchants) of the rows of evidence; no token where the file of the row was undone.
    """
    return typed.tuples(db, TOKENS, {"case": case})


# ---------------------------------------------------------------- notes, holds, sanctions

ADD_NOTE = """
INSERT INTO case_notes (case_id, place, kind, on_day, who, words, actor, os_user, at)
SELECT :case, 1 + (SELECT count(*) FROM case_notes WHERE case_id = :case), :kind, :on_day, :who,
    :words, :actor, :os_user, :at
"""
NOTES = """
SELECT place, kind, on_day, who, words, actor, at FROM case_notes WHERE case_id = ? ORDER BY place
"""
SET_OWNER = "UPDATE cases SET owner = ? WHERE case_id = ?"
ADD_HOLD = "INSERT OR IGNORE INTO case_holds (case_id, hold_id, is_ours) VALUES (?, ?, ?)"
HOLDS = """
SELECT h.hold_id, k.is_ours, h.redemption_id IS NULL, h.held_by, h.os_user, h.released_at
FROM case_holds k JOIN holds h USING (hold_id) WHERE k.case_id = ? ORDER BY h.hold_id
"""
# Another case that is not closed needs the hold too.
NEEDED = """
SELECT min(c.case_id) FROM case_holds k JOIN cases c USING (case_id)
WHERE k.hold_id = ? AND c.state <> 'closed' AND c.case_id <> ?
"""
IS_OURS = "SELECT EXISTS (SELECT 1 FROM case_holds WHERE hold_id = ? AND is_ours)"
ADD_SANCTION = """
INSERT INTO case_sanctions (case_id, place, sanction, from_at, amount_fen, proposal_id, decided_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
SANCTIONS = """
SELECT place, sanction, from_at, amount_fen, decided_at FROM case_sanctions
WHERE case_id = ? ORDER BY place
"""
# Of other cases on the same merchant, or on one of the same residents, whatever the programme.
COUNTS = """
SELECT s.sanction, count(*) FROM case_sanctions s JOIN cases c USING (case_id)
    JOIN cases own ON own.case_id = :case
WHERE c.case_id <> :case AND (c.merchant_id = own.merchant_id OR own.merchant_id IS NULL
    AND EXISTS (SELECT 1 FROM case_residents k JOIN case_residents o USING (resident)
        WHERE k.case_id = c.case_id AND o.case_id = :case)) GROUP BY 1
"""
EXCLUDED = """
SELECT c.case_id, s.from_at FROM case_sanctions s JOIN cases c USING (case_id)
WHERE c.merchant_id = ? AND s.sanction = 'exclusion' ORDER BY s.decided_at DESC LIMIT 1
"""
DECIDE = "UPDATE cases SET state = 'decided', outcome = 'founded' WHERE case_id = ?"
CLOSE = """
UPDATE cases SET state = 'closed', outcome = iif(outcome = '', 'unfounded', outcome),
    closed_by = ?, closed_note = ?, closed_at = ? WHERE case_id = ?
"""
ADD_CORRECTION = "INSERT INTO case_corrections (correction_id, case_id) VALUES (?, ?)"
CORRECTIONS = """
SELECT k.correction_id, v.transaction_no, iif(v.refund_of IS NULL, 'pay', 'refund'), v.booked_on,
    s.after_fen - s.before_fen
FROM case_corrections k JOIN reversed_redemptions v USING (correction_id)
    JOIN splits s USING (split_id)
WHERE k.case_id = ? ORDER BY k.correction_id
"""


class Reversal(NamedTuple):
    """A row that a claw-back reversed, the day on which that is booked, and its subsidy (fen)."""

    correction: int
    transaction_no: str
    kind: str
    booked_on: int
    subsidy_fen: int


def add_note(session: Session, case: int, kind: str, on_day: int, who: str, words: str) -> None:
    """Keep a note, a visit, or who took it over."""
    said = {"case": case, "kind": kind, "on_day": on_day, "who": who, "words": words}
    hand = {"actor": session.actor, "os_user": session.os_user, "at": session.now}
    session.db.execute(ADD_NOTE, said | hand)


def set_owner(db: sqlite3.Connection, case: int, owner: str) -> None:
    """Somebody else works on it from now on."""
    db.execute(SET_OWNER, (owner, case))


def notes(db: sqlite3.Connection, case: int) -> list[Note]:
    """The notes of a case, the first one first."""
    return typed.rows(db, Note, NOTES, (case,))


def add_hold(db: sqlite3.Connection, case: int, hold: int, *, is_ours: bool) -> None:
    """A hold stands while the case is open."""
    db.execute(ADD_HOLD, (case, hold, is_ours))


def holds(db: sqlite3.Connection, case: int) -> list[Kept]:
    """The holds of a case."""
    return typed.rows(db, Kept, HOLDS, (case,))


def needed_by(db: sqlite3.Connection, hold: int, case: int = 0) -> int | None:
    """Another case that is not closed and needs the hold; None: there is none."""
    found = db.execute(NEEDED, (hold, case)).fetchone()[0]
    return None if found is None else int(found)


def is_of_cases(db: sqlite3.Connection, hold: int) -> bool:
    """Whether a case made the hold."""
    return bool(typed.number(db, IS_OURS, (hold,)))


def add_sanction(
    session: Session, case: int, place: int, sanction: str, from_at: int, fen: int, proposal: int
) -> None:
    """Two people have decided it."""
    values = (case, place, sanction, from_at, fen, proposal, session.now)
    session.db.execute(ADD_SANCTION, values)


def sanctions(db: sqlite3.Connection, case: int) -> list[Sanction]:
    """What was decided, in its order."""
    return typed.rows(db, Sanction, SANCTIONS, (case,))


def counts(db: sqlite3.Connection, case: int) -> dict[str, int]:
    """How many of each sanction its merchant, or its residents, had by other cases."""
    return dict(typed.tuples(db, COUNTS, {"case": case}))


def excluded(db: sqlite3.Connection, merchant_id: int) -> tuple[int, int] | None:
    """The last case that excluded a merchant for good, and from when (UTC seconds); None: none
    did.
    """
    return next(iter(typed.tuples(db, EXCLUDED, (merchant_id,))), None)


def decide(db: sqlite3.Connection, case: int) -> None:
    """What was proposed is decided."""
    db.execute(DECIDE, (case,))


def close(session: Session, case: int, note: str) -> None:
    """It is over: without a decision nothing was found."""
    session.db.execute(CLOSE, (session.actor, note, session.now, case))


def add_correction(db: sqlite3.Connection, case: int, correction: int) -> None:
    """A claw-back reversed a row by this correction."""
    db.execute(ADD_CORRECTION, (correction, case))


def reversals(db: sqlite3.Connection, case: int) -> list[Reversal]:
    """What a claw-back reversed."""
    return typed.rows(db, Reversal, CORRECTIONS, (case,))


DEEDS = """
SELECT at, actor, deed, ifnull(json_extract(detail, '$.note'), '') FROM audit
WHERE deed GLOB 'case.*' AND json_extract(detail, '$.case') = ? ORDER BY audit_id
"""


class Deed(NamedTuple):
    """A line of the log on a case."""

    at: int
    actor: str
    deed: str
    note: str


def deeds(db: sqlite3.Connection, case: int) -> list[Deed]:
    """What the log says of a case."""
    return typed.rows(db, Deed, DEEDS, (case,))
