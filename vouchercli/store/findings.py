"""Scans for abuse and their findings: a merchant, the reasons, and the rows that they rest on,
frozen by digest. Nothing of it is ever changed or removed.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.risk import ABOUT_PEOPLE
from vouchercli.store import typed
from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vouchercli.session import Session
    from vouchercli.store.risk_facts import Span


class Scan(NamedTuple):
    """A look at a programme's payments up to `as_of_at` (UTC seconds) and `last_redemption_id`;
    `terms` the thresholds, `looked` what each rule looked at; `sha256` of all that it found.
    """

    scan: int
    as_of_at: int
    last_redemption_id: int
    sealed_day: int | None
    payments: int
    merchants: int
    amount_fen: int
    rules_sha256: str
    terms: dict[str, Any]
    looked: list[dict[str, Any]]
    sha256: str
    made_by: str
    os_user: str
    made_at: int
    findings: int
    candidates: int


class Finding(NamedTuple):
    """A merchant that a scan points at, or (`resident`, a token that stands for them) residents who
    are one person: by which rules, and what is at stake in fen.
    """

    finding: int
    scan: int
    merchant_id: int | None
    merchant_no: str | None
    name: str | None
    district: str | None
    industry: str | None
    size: str | None
    resident: bytes | None
    residents: int | None
    is_candidate: bool
    payments: int
    amount_fen: int
    rows_sha256: str
    rules: tuple[str, ...]


class Reason(NamedTuple):
    """Why: what a rule measured (`value`) and the `fence` that it went beyond, as decimal strings;
    `base` whom it was compared with, `counts` what the value is made of.
    """

    rule: str
    value: str
    fence: str
    base: str
    base_n: int
    counts: dict[str, Any]


class Evidence(NamedTuple):
    """A payment that a finding rests on, as it stands now; `sha256` is that of what it was when it
    was found (see `digest`), `is_same` whether it still says the same. None: it was reversed.
    """

    redemption_id: int
    rules: str
    sha256: str
    transaction_no: str | None
    paid_at: int | None
    base_fen: int | None
    subsidy_fen: int | None
    claim_no: str | None
    coupon_no: int | None
    resident: bytes | None

    @property
    def is_same(self) -> bool:
        """Whether the payment still says what it said."""
        return self.sha256 == digest(self[3:-1])


class New(NamedTuple):
    """What is found of a merchant or of a person, before it is written: `rows` is redemption ->
    rules.
    """

    merchant_id: int | None
    resident: bytes | None
    is_candidate: bool
    reasons: tuple[Reason, ...]
    rows: Mapping[int, tuple[str, ...]]


class Frozen(NamedTuple):
    """The same with the digest of each row, that of all of them, and what is at stake in fen."""

    found: New
    rows: list[tuple[int, str]]
    rows_sha256: str
    amount_fen: int


ADD_SCAN = """
INSERT INTO scans (programme_id, as_of_at, last_redemption_id, sealed_day, payments, merchants,
    amount_fen, rules_sha256, terms, looked, sha256, made_by, os_user, made_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING scan_id
"""
ADD = """
INSERT INTO findings (scan_id, merchant_id, resident, is_candidate, payments, amount_fen,
    rows_sha256)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING finding_id
"""
ADD_REASON = "INSERT INTO finding_reasons VALUES (?, ?, ?, ?, ?, ?, ?)"
ADD_ROW = "INSERT INTO finding_rows VALUES (?, ?, ?, ?)"
SCANS = """
SELECT s.scan_id, s.as_of_at, s.last_redemption_id, s.sealed_day, s.payments, s.merchants,
    s.amount_fen, s.rules_sha256, s.terms, s.looked, s.sha256, s.made_by, s.os_user, s.made_at,
    (SELECT count(*) FROM findings f WHERE f.scan_id = s.scan_id) AS findings,
    (SELECT count(*) FROM findings f WHERE f.scan_id = s.scan_id AND f.is_candidate) AS candidates
FROM scans s WHERE s.programme_id = :programme_id AND ifnull(s.scan_id = :scan, 1)
"""
SCAN_LIST = Listing(lambda *row: _scan(row), SCANS, "s.scan_id DESC")
HAS_LOST = """
SELECT EXISTS (SELECT 1 FROM json_each(?) j WHERE j.value NOT IN (SELECT merchant_id
    FROM merchants))
"""
LAST_SCAN = "SELECT max(scan_id) FROM scans WHERE programme_id = ?"
FINDINGS = """
SELECT f.finding_id, f.scan_id, f.merchant_id, m.merchant_no, m.name, m.district, m.industry,
    m.size, f.resident, (SELECT r.counts ->> 'residents' FROM finding_reasons r
        WHERE r.finding_id = f.finding_id AND f.resident IS NOT NULL LIMIT 1) AS residents,
    f.is_candidate, f.payments, f.amount_fen, f.rows_sha256,
    (SELECT group_concat(rule, ',') FROM (SELECT r.rule FROM finding_reasons r
        WHERE r.finding_id = f.finding_id ORDER BY r.rule)) AS rules
FROM findings f JOIN scans s USING (scan_id) LEFT JOIN merchants m USING (merchant_id)
WHERE s.programme_id = :programme_id AND ifnull(f.finding_id = :finding, 1)
    AND ifnull(f.scan_id = :scan, 1) AND (:merchant IS NULL OR m.merchant_no = :merchant)
    AND (:all_of_them OR f.is_candidate)
"""
LIST = Listing(
    lambda *row: _finding(row),
    FINDINGS,
    "f.scan_id DESC, f.is_candidate DESC, f.amount_fen DESC, f.finding_id",
    names_columns=True,
)
TERMS = """
SELECT s.terms FROM findings f JOIN scans s USING (scan_id) WHERE f.finding_id = ?
"""
REASONS = """
SELECT rule, value, fence, base, base_n, counts FROM finding_reasons
WHERE finding_id = ? ORDER BY rule
"""
ROWS = """
SELECT e.redemption_id, e.rules, e.sha256, f.transaction_no, f.paid_at, f.base_fen, f.subsidy_fen,
    c.claim_no, f.coupon_no, c.resident
FROM finding_rows e LEFT JOIN redemption_facts f USING (redemption_id)
    LEFT JOIN claims c ON c.claim_id = f.claim_id
WHERE e.finding_id = :finding
"""
ROW_LIST = Listing(Evidence, ROWS, "f.paid_at, e.redemption_id")
# What is frozen of a payment. Not the resident's token, which another key makes anew: the claim
# says whose it is.
FACT = """
SELECT f.transaction_no, f.paid_at, f.base_fen, f.subsidy_fen, c.claim_no, f.coupon_no
FROM redemption_facts f JOIN claims c USING (claim_id) WHERE f.redemption_id = ?
"""
# What its refunds, as they came in up to the scan's last row and moment, gave back (0 or less).
GIVEN_BACK = """
SELECT CAST(ifnull(sum(s.after_fen - s.before_fen), 0) AS BIGINT)
FROM redemptions x JOIN splits s USING (split_id) WHERE x.refund_of = ?
    AND x.redemption_id <= ? AND x.paid_at <= ?
"""


def digest(fact: Sequence[Any]) -> str:
    """SHA-256 of a payment: transaction, time, base, subsidy, claim and coupon, as a JSON list."""
    return sha256(json.dumps([*fact], ensure_ascii=False).encode()).hexdigest()


def of_rows(rows: Iterable[tuple[int, str]]) -> str:
    """SHA-256 of rows of evidence: the digests of their payments, in the order of their rows."""
    lines = (f"{row} {each}\n" for row, each in sorted(rows))
    return sha256("".join(lines).encode()).hexdigest()


def add_scan(
    session: Session,
    programme_id: int,
    scan: Mapping[str, Any],
    frozen: Sequence[Frozen],
) -> int:
    """Write a scan with its findings; its number. `scan` has the fields of `Scan` that say what was
    looked at.
    """
    db = session.db
    whole = sha256()
    for each, _, rows_digest, amount in frozen:
        reasons = [reason._asdict() for reason in each.reasons]
        told = [each.merchant_id, each.is_candidate, amount, rows_digest, reasons]
        whole.update(json.dumps(told, sort_keys=True).encode())
    number = typed.number(
        db,
        ADD_SCAN,
        (
            programme_id,
            *(scan[key] for key in ("as_of_at", "last_redemption_id", "sealed_day", "payments")),
            *(scan[key] for key in ("merchants", "amount_fen", "rules_sha256")),
            json.dumps(scan["terms"], sort_keys=True),
            json.dumps(scan["looked"], sort_keys=True),
            whole.hexdigest(),
            session.actor,
            session.os_user,
            session.now,
        ),
    )
    for each, rows, rows_digest, amount in frozen:
        counted = (int(each.is_candidate), len(rows), amount, rows_digest)
        finding = typed.number(db, ADD, (number, each.merchant_id, each.resident, *counted))
        db.executemany(
            ADD_REASON,
            [
                (finding, *reason[:5], json.dumps(reason.counts, sort_keys=True))
                for reason in each.reasons
            ],
        )
        db.executemany(
            ADD_ROW, [(finding, row, ",".join(each.rows[row]), said) for row, said in rows]
        )
    return number


def freeze(db: sqlite3.Connection, found: Iterable[New], span: Span) -> list[Frozen]:
    """Findings with the digests of their rows as these stand; at stake is what the vouchers paid,
    less their refunds.
    """
    return [_freeze(db, each, (span.last_redemption_id, span.as_of_at)) for each in found]


def _freeze(db: sqlite3.Connection, found: New, upto: tuple[int, int]) -> Frozen:
    rows, amount = [], 0
    for row in sorted(found.rows):
        fact = tuple(db.execute(FACT, (row,)).fetchone())
        rows.append((row, digest(fact)))
        amount += fact[3] + db.execute(GIVEN_BACK, (row, *upto)).fetchone()[0]
    return Frozen(found, rows, of_rows(rows), amount)


def has_lost_merchants(db: sqlite3.Connection, frozen: Iterable[Frozen]) -> bool:
    """Whether a merchant of these findings is no longer there."""
    merchants = {each.found.merchant_id for each in frozen} - {None}
    return bool(typed.number(db, HAS_LOST, (json.dumps([*merchants]),)))


def _scan(row: Sequence[Any]) -> Scan:
    scan = Scan(*row)
    return scan._replace(terms=json.loads(row[8]), looked=json.loads(row[9]))


def _finding(row: Sequence[Any]) -> Finding:
    finding = Finding(*row)
    return finding._replace(is_candidate=bool(row[10]), rules=tuple(str(row[14]).split(",")))


def scans(db: sqlite3.Connection, programme_id: int) -> Listed:
    """The scans of a programme, the newest first."""
    return SCAN_LIST.of(db, programme_id=programme_id, scan=None)


def scan(db: sqlite3.Connection, programme_id: int, number: int) -> Scan | None:
    """One scan of a programme; None: there is no such scan."""
    found = SCAN_LIST.rows(db, 1, programme_id=programme_id, scan=number)
    only: Scan | None = next(found, None)
    return only


def last_scan(db: sqlite3.Connection, programme_id: int) -> int | None:
    """The number of the last scan of a programme; None: there is none."""
    number: int | None = db.execute(LAST_SCAN, (programme_id,)).fetchone()[0]
    return number


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    scan: int | None = None,
    finding: int | None = None,
    merchant: str | None = None,
    all_of_them: bool = True,
) -> Listed:
    """The findings of a programme (of one scan, of one merchant, candidates only): those of the
    newest scan first, candidates before others, then by what is at stake.
    """
    return LIST.of(
        db,
        programme_id=programme_id,
        scan=scan,
        finding=finding,
        merchant=merchant,
        all_of_them=all_of_them,
    )


def find(db: sqlite3.Connection, programme_id: int, finding: int) -> Finding | None:
    """One finding of a programme; None: there is no such finding."""
    only: Finding | None = next(listed(db, programme_id, finding=finding).rows(1), None)
    return only


# Who made payments that rules about people rest on, the one with most at stake first; how often and
# where each paid in all.
PEOPLE = """
SELECT c.resident, count(*) AS payments,
    CAST(sum(f.subsidy_fen) AS BIGINT) AS amount_fen,
    count(DISTINCT f.merchant_id) AS merchants,
    (SELECT count(*) FROM claims k JOIN redemptions x ON x.voucher BETWEEN k.claim_id * 1024
        AND k.claim_id * 1024 + 1023 WHERE k.resident = c.resident AND x.refund_of IS NULL)
        AS paid_in_all
FROM finding_rows e JOIN redemption_facts f USING (redemption_id)
    JOIN claims c ON c.claim_id = f.claim_id
WHERE e.finding_id = :finding AND EXISTS (SELECT 1 FROM json_each(:rules) j
    WHERE instr(',' || e.rules || ',', ',' || j.value || ','))
GROUP BY c.resident ORDER BY amount_fen DESC, c.resident
"""


class Person(NamedTuple):
    """A resident of a finding: its payments there and at how many merchants, what their vouchers
    paid (fen), and how many payments it made in all.
    """

    resident: bytes
    payments: int
    amount_fen: int
    merchants: int
    paid_in_all: int


def residents(db: sqlite3.Connection, finding: int) -> list[Person]:
    """The residents whom the rules about people found there; of other findings nobody."""
    asked = {"finding": finding, "rules": json.dumps(ABOUT_PEOPLE)}
    return typed.rows(db, Person, PEOPLE, asked)


CANDIDATES = """
SELECT m.merchant_no FROM findings f JOIN merchants m USING (merchant_id)
WHERE f.scan_id = ? AND f.is_candidate
"""


def candidates(db: sqlite3.Connection, scan: int) -> set[str]:
    """The numbers of the merchants that a scan makes candidates for a case."""
    return {number for (number,) in typed.tuples(db, CANDIDATES, (scan,))}


def terms(db: sqlite3.Connection, finding: int) -> dict[str, Any]:
    """The thresholds of the scan that found it; of no finding (0) none."""
    kept = next(iter(typed.column(db, TERMS, (finding,))), "{}")
    told: dict[str, Any] = json.loads(kept)
    return told


def reasons(db: sqlite3.Connection, finding: int) -> list[Reason]:
    """Why a merchant was found."""
    rows = typed.rows(db, Reason, REASONS, (finding,))
    return [each._replace(counts=json.loads(str(each.counts))) for each in rows]


def evidence(db: sqlite3.Connection, finding: int) -> Listed:
    """The rows that a finding rests on, in the order of their time."""
    return ROW_LIST.of(db, finding=finding)


def all_rows(db: sqlite3.Connection, finding: int) -> Iterator[Evidence]:
    """The same, all of them."""
    return evidence(db, finding).rows(None)
