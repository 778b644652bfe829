"""What banks answered: every file, and every answer in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import settlements as law
from vouchercli.store import typed

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
    amount_fen, paid_on, reference, reason_code, reason, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
TRANSFERS = """
SELECT t.transfer_no, t.transfer_id, t.settlement_id, t.state, t.amount_fen, t.reference
FROM json_each(?) w CROSS JOIN transfers t ON t.transfer_no = w.value
JOIN settlements s USING (settlement_id) WHERE s.programme_id = ?
"""
OF_SETTLEMENT = """
SELECT transfer_no, transfer_id, settlement_id, state, amount_fen, reference
FROM transfers WHERE settlement_id = ? ORDER BY transfer_id
"""
COME_TO = """
UPDATE transfers SET state = ?, paid_on = ifnull(paid_on, ?), reference = ?, reason = ?,
    answered_at = ?
WHERE transfer_id = ?
"""
OF_TRANSFERS = """
SELECT a.transfer_no, b.file, a.at_line, a.status, a.outcome, a.reference, a.reason_code, a.reason,
    b.read_at
FROM bank_answers a JOIN bank_files b USING (bank_file_id) JOIN transfers t USING (transfer_id)
WHERE t.settlement_id = ? ORDER BY a.bank_file_id, a.place
"""


class Sent(NamedTuple):
    """A transfer that a bank may answer, in fen."""

    transfer_no: str
    transfer_id: int
    settlement: int
    state: str
    amount_fen: int
    reference: str

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
    outcome: str


def is_known(db: sqlite3.Connection, programme_id: int, sha256: str) -> tuple[str, int] | None:
    """The name of a file that was read before, and when (UTC seconds); None: it was not."""
    found = typed.tuples(db, KNOWN, (programme_id, sha256))
    return (found[0][0], found[0][1]) if found else None


def transfers(db: sqlite3.Connection, programme_id: int, numbers: Iterable[str]) -> dict[str, Sent]:
    """The transfers of a programme with these numbers, by number."""

    asked = (json.dumps(sorted(set(numbers)), ensure_ascii=False), programme_id)
    return {each.transfer_no: each for each in typed.rows(db, Sent, TRANSFERS, asked)}


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
