"""Rows of bills by merchant and day, and of statements, on their way in; and what stands beside
them: what was redeemed by merchant and day, and the transfers of settlements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.reconciling import Ours, Theirs
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store.reconciling import Span

HEAD = """place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
    detail TEXT DEFAULT '{}', number TEXT, merchant_no TEXT, day INTEGER, fen INTEGER, said TEXT"""
CREATE = {
    "day_bills": f"CREATE TEMP TABLE incoming_day_bills ({HEAD})",
    "statements": f"CREATE TEMP TABLE incoming_statements ({HEAD})",
}
ADD = {
    "day_bills": "INSERT INTO incoming_day_bills VALUES (?,?,?,?,?,?,?,?,?,?,?)",
    "statements": "INSERT INTO incoming_statements VALUES (?,?,?,?,?,?,?,?,?,?,?)",
}
TYPED_COLUMNS = 5
DAYS = {
    "day_bills": "SELECT min(day), max(day) FROM incoming_day_bills WHERE reason IS NULL",
    "statements": "SELECT min(day), max(day) FROM incoming_statements WHERE reason IS NULL",
}
THEIRS = {
    "day_bills": """
SELECT line, number, 'day', merchant_no, day, fen, said, '', fen FROM incoming_day_bills
WHERE reason IS NULL ORDER BY line
""",
    "statements": """
SELECT line, number, 'transfer', merchant_no, day, fen, said, '', fen FROM incoming_statements
WHERE reason IS NULL ORDER BY line
""",
}
REDEEMED = """
SELECT '', 'day', f.merchant_id, m.merchant_no, f.day, sum(s.after_fen - s.before_fen), ''
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    CROSS JOIN splits s ON s.split_id = f.split_id
    JOIN merchants m ON m.merchant_id = f.merchant_id
WHERE n.last_paid_at >= :begins_at AND n.first_paid_at < :ends_at
    AND f.day BETWEEN :first_on AND :last_on
    AND s.round_id IN (SELECT r.round_id FROM rounds r WHERE r.programme_id = :programme_id
        AND ifnull(r.round_id = :round_id, 1))
GROUP BY f.merchant_id, f.day
"""
TRANSFERS = """
SELECT t.transfer_no, 'transfer', t.payee_id, m.merchant_no, ifnull(t.paid_on, s.pay_on),
    t.amount_fen, t.state
FROM transfers t JOIN settlements s USING (settlement_id)
    JOIN merchants m ON m.merchant_id = t.payee_id
WHERE s.programme_id = :programme_id AND s.exported_at IS NOT NULL
    AND ifnull(t.paid_on, s.pay_on) BETWEEN :look_from AND :look_to
ORDER BY t.transfer_no
"""
MARK = {
    "day_bills": "UPDATE incoming_day_bills SET reason = ?, detail = ? WHERE line = ?",
    "statements": "UPDATE incoming_statements SET reason = ?, detail = ? WHERE line = ?",
}


def days(db: sqlite3.Connection, kind: str) -> tuple[int, int] | None:
    """The first and the last day of the fit rows; None: there is none."""
    first, last = typed.tuples(db, DAYS[kind])[0]
    return None if first is None else (first, last)


def theirs(db: sqlite3.Connection, kind: str) -> list[Theirs]:
    """The fit rows of the file."""
    return typed.rows(db, Theirs, THEIRS[kind])


def ours(db: sqlite3.Connection, kind: str, span: Span) -> list[Ours]:
    """What was redeemed by merchant and day, or the transfers that a bank was sent."""
    if kind == "day_bills":
        asked = {
            "programme_id": span.programme_id,
            "round_id": span.round_id,
            "first_on": span.first_on,
            "last_on": span.last_on,
            "begins_at": span.begins_at,
            "ends_at": span.ends_at,
        }
        return typed.rows(db, Ours, REDEEMED, asked)
    asked = {
        "programme_id": span.programme_id,
        "look_from": span.look_from,
        "look_to": span.look_to,
    }
    return typed.rows(db, Ours, TRANSFERS, asked)


def mark(db: sqlite3.Connection, kind: str, reasons: list[tuple[str, str, int]]) -> None:
    """Refuse rows, or call them duplicates: (code, detail as JSON, line)."""
    db.executemany(MARK[kind], reasons)
