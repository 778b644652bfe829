"""What banks answered: every file, and every answer in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import settlements as law
from vouchercli.store import typed
from vouchercli.store.lists import Listed, Listing
from vouchercli.transfers import Answer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.session import Session

KNOWN = """
SELECT file, read_at FROM bank_files WHERE programme_id = ? AND sha256 = ?
"""
ADD_FILE = """
INSERT INTO bank_files (programme_id, file, sha256, kind, message_no, actor, read_at)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING bank_file_id
"""
ADD_ANSWER = """
INSERT INTO bank_answers (bank_file_id, place, at_line, transfer_no, transfer_id, status,
    amount_fen, paid_on, reference, reason_code, reason, entry_no, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
TRANSFERS = """
SELECT s.order_mark || t.transfer_no, t.transfer_id, t.settlement_id, t.state, t.amount_fen,
    t.reference, t.transfer_no, s.exported_at, f.funder
FROM json_each(?) w CROSS JOIN transfers t ON t.transfer_no = w.value
JOIN settlements s USING (settlement_id) JOIN funders f USING (funder_id) WHERE s.programme_id = ?
"""
OF_SETTLEMENT = """
SELECT s.order_mark || t.transfer_no, t.transfer_id, t.settlement_id, t.state, t.amount_fen,
    t.reference, t.transfer_no, s.exported_at, f.funder
FROM transfers t JOIN settlements s USING (settlement_id) JOIN funders f USING (funder_id)
WHERE t.settlement_id = ? ORDER BY t.transfer_id
"""
MARKS = "SELECT DISTINCT order_mark FROM settlements WHERE programme_id = ?"
COME_TO = """
UPDATE transfers SET state = ?, paid_on = ifnull(paid_on, ?), reference = ?, reason = ?,
    answered_at = ?
WHERE transfer_id = ?
"""
# The bookings by which transfers were paid, of statements of the account alone.
BOOKED = """
SELECT s.order_mark || t.transfer_no, a.entry_no FROM json_each(?) w
CROSS JOIN transfers t ON t.transfer_no = w.value
JOIN settlements s USING (settlement_id)
CROSS JOIN bank_answers a ON a.transfer_id = t.transfer_id JOIN bank_files b USING (bank_file_id)
WHERE a.status = 'paid' AND a.entry_no <> '' AND b.kind GLOB 'camt.*'
"""


# What a bank said of these transfers too early: they came back, before we heard that they had left.
# `contradicts`: as it was kept until there was a word for it.
TOO_EARLY = """
SELECT a.at_line, a.transfer_no, a.status, a.amount_fen, a.paid_on, a.reference, a.reason_code,
    a.reason, a.entry_no, '' AS said
FROM json_each(?) w CROSS JOIN bank_answers a ON a.transfer_id = w.value
WHERE a.status = 'returned' AND a.outcome IN ('not_paid_yet', 'contradicts')
ORDER BY a.bank_file_id, a.place
"""


ALL = """
SELECT b.file, b.kind, b.read_at, b.actor, a.at_line, a.transfer_no, t.settlement_id AS settlement,
    m.merchant_no, a.status, a.amount_fen, a.paid_on, a.reference, a.reason_code, a.reason,
    a.outcome
FROM bank_files b JOIN bank_answers a USING (bank_file_id)
    LEFT JOIN transfers t USING (transfer_id) LEFT JOIN merchants m ON m.merchant_id = t.payee_id
WHERE b.programme_id = :programme_id AND ifnull(b.file = :file, 1)
    AND ifnull(t.settlement_id = :settlement, :settlement IS NULL)
    AND (NOT :refused OR a.outcome NOT IN ('taken', 'heard_before', 'of_others'))
"""
HAS_FILE = "SELECT EXISTS (SELECT 1 FROM bank_files WHERE programme_id = ? AND file = ?)"


class Said(NamedTuple):
    """An answer as it was kept, and the file in which it stood; amounts in fen, moments in UTC
    seconds, days as yyyymmdd. `outcome`: as of `Kept`, or `of_others`.
    """

    file: str
    kind: str
    read_at: int
    actor: str
    at_line: str
    transfer_no: str
    settlement: int | None
    merchant_no: str | None
    status: str
    amount_fen: int | None
    paid_on: int | None
    reference: str
    reason_code: str
    reason: str
    outcome: str


LIST = Listing(Said, ALL, "b.bank_file_id DESC, a.place", names_columns=True)


class Sent(NamedTuple):
    """A transfer that a bank may answer, in fen. `transfer_no`: as the bank knows it, `own_no`: as
    we do; `sent_at`: when its payment file was written (UTC seconds); `funder`: who pays.
    """

    transfer_no: str
    transfer_id: int
    settlement: int
    state: str
    amount_fen: int
    reference: str
    own_no: str
    sent_at: int | None
    funder: str

    @property
    def heard(self) -> law.Heard:
        """As the law knows it."""
        return law.Heard(self.state, self.amount_fen, self.reference)


class Kept(NamedTuple):
    """An answer as it is kept: where it stood, what it said, what became of it (`taken`,
    `heard_before`, or why it was refused).
    """

    where: str
    transfer_no: str
    transfer_id: int | None
    status: str
    amount_fen: int | None
    paid_on: int | None
    reference: str
    reason_code: str
    reason: str
    entry_no: str
    outcome: str


def is_known(db: sqlite3.Connection, programme_id: int, sha256: str) -> tuple[str, int] | None:
    """The name of a file that was read before, and when (UTC seconds); None: it was not."""
    found = typed.tuples(db, KNOWN, (programme_id, sha256))
    return (found[0][0], found[0][1]) if found else None


def transfers(db: sqlite3.Connection, programme_id: int, numbers: Iterable[str]) -> dict[str, Sent]:
    """The transfers of a programme with these numbers, as the bank knows them, by number."""
    asked = {*numbers}
    found = typed.rows(db, Sent, TRANSFERS, (_own(asked), programme_id))
    return {each.transfer_no: each for each in found if each.transfer_no in asked}


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    settlement: int | None = None,
    file: str | None = None,
    refused: bool = False,
) -> Listed:
    """What banks said, the newest file first, each as its lines stand."""
    asked = {"settlement": settlement, "file": file, "refused": refused}
    return LIST.of(db, programme_id=programme_id, **asked)


def has_file(db: sqlite3.Connection, programme_id: int, file: str) -> bool:
    """Whether a file of that name was read."""
    return bool(typed.number(db, HAS_FILE, (programme_id, file)))


def marks(db: sqlite3.Connection, programme_id: int) -> set[str]:
    """What stands before the numbers of a programme's transfers ('': nothing)."""
    return {*typed.column(db, MARKS, (programme_id,))}


def _own(numbers: Iterable[str]) -> str:
    """What we call transfers that the bank knows by these numbers, as JSON."""
    found = map(law.TRANSFER_NO.fullmatch, numbers)
    return json.dumps(sorted({each["own"] for each in found if each}))


def booked(db: sqlite3.Connection, numbers: Iterable[str]) -> dict[str, set[str]]:
    """transfer -> the bookings by which statements of the account say that it was paid."""
    found: dict[str, set[str]] = {}
    for number, entry_no in typed.tuples(db, BOOKED, (_own(numbers),)):
        found.setdefault(number, set()).add(entry_no)
    return found


def too_early(db: sqlite3.Connection, transfer_ids: Iterable[int]) -> list[Answer]:
    """The answers by which these transfers came back, heard before that they were paid, the oldest
    first.
    """
    found = typed.tuples(db, TOO_EARLY, (json.dumps([*transfer_ids]),))
    return [Answer(*each) for each in found]


def of_settlement(db: sqlite3.Connection, settlement: int) -> list[Sent]:
    """The transfers of a settlement."""
    return typed.rows(db, Sent, OF_SETTLEMENT, (settlement,))


def keep(
    session: Session,
    programme_id: int,
    file: str,
    sha256: str,
    kind: str,
    message_no: str,
    answers: Sequence[Kept],
) -> int:
    """Keep a file and all that it said; gives its number."""
    about = (programme_id, file, sha256, kind, message_no, session.actor, session.now)
    number = typed.number(session.db, ADD_FILE, about)
    session.db.executemany(
        ADD_ANSWER, ((number, place, *each) for place, each in enumerate(answers, start=1))
    )
    return number


def come_to(
    db: sqlite3.Connection,
    changes: Iterable[tuple[int, str, int | None, str, str]],
    at: int,
) -> None:
    """Set (transfer, state, day on which it was paid, the bank's reference, reason)."""
    db.executemany(
        COME_TO,
        (
            (state, paid_on, reference, reason, at, transfer_id)
            for transfer_id, state, paid_on, reference, reason in changes
        ),
    )
