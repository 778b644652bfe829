"""A bill beside what stands here, in tables of the moment: which rows agree is summed by day,
every other row is read one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.reconciling import Ours, Sums, Theirs
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.rules.breaks import Tolerances

CREATE_INCOMING = """
CREATE TEMP TABLE incoming_bills (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    transaction_no TEXT, kind TEXT, merchant_no TEXT, paid_at INTEGER, day INTEGER, fen INTEGER,
        refund_of TEXT, status TEXT, said_fen INTEGER, is_settled INTEGER
)
"""
ADD_INCOMING = """
INSERT INTO incoming_bills (place, batch_id, line, cells, reason, detail, transaction_no, kind,
    merchant_no, paid_at, day, fen, refund_of, status, said_fen, is_settled)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
"""
TYPED_COLUMNS = 10
DAYS = "SELECT min(day), max(day) FROM incoming_bills WHERE reason IS NULL"

CLEAR = (
    "DROP TABLE IF EXISTS temp.their_rows",
    "DROP TABLE IF EXISTS temp.our_rows",
    "DROP TABLE IF EXISTS temp.taken_rows",
)
THEIR_ROWS = """
CREATE TEMP TABLE their_rows AS
SELECT line, transaction_no, kind, merchant_no, day, fen, refund_of, status, said_fen, is_settled,
    row_number() OVER (PARTITION BY transaction_no, kind ORDER BY place) AS nth, paid_at
FROM incoming_bills WHERE reason IS NULL
"""
INDEX_THEIRS = "CREATE INDEX temp.their_numbers ON their_rows (transaction_no, kind)"
CREATE_OURS = """
CREATE TEMP TABLE our_rows (transaction_no TEXT, kind TEXT, merchant_id INTEGER, merchant_no TEXT,
    day INTEGER, fen INTEGER, refund_of TEXT, platform_no TEXT)
"""
OUR_COLUMNS = """
INSERT INTO our_rows
SELECT f.transaction_no, iif(f.refund_of IS NULL, 'pay', 'refund'), f.merchant_id, m.merchant_no,
    f.day, s.after_fen - s.before_fen, ifnull(p.transaction_no, ''),
    m.platform_no
"""
OUR_ROWS = f"""
{OUR_COLUMNS}
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    CROSS JOIN splits s ON s.split_id = f.split_id
    JOIN merchants m ON m.merchant_id = f.merchant_id
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
WHERE n.last_paid_at >= :begins_at AND n.first_paid_at < :ends_at
    AND f.day BETWEEN :first_on AND :last_on
    AND s.round_id IN (SELECT r.round_id FROM rounds r WHERE r.programme_id = :programme_id
        AND ifnull(r.round_id = :round_id, 1))
"""
# Those that columns did not find to agree (`reconciling_columns.leave`).
LEFT_ROWS = f"""
{OUR_COLUMNS}
FROM left_rows n CROSS JOIN redemptions f ON f.redemption_id = n.redemption_id
    CROSS JOIN splits s ON s.split_id = f.split_id
    JOIN merchants m ON m.merchant_id = f.merchant_id
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
"""
INDEX_OURS = "CREATE INDEX temp.our_numbers ON our_rows (transaction_no, kind)"
CREATE_TAKEN = """
CREATE TEMP TABLE taken_rows (transaction_no TEXT, kind TEXT, PRIMARY KEY (transaction_no, kind))
"""
ADD_TAKEN = "INSERT OR IGNORE INTO taken_rows VALUES (?, ?)"
# Both rows are on one day that the run covers, and nothing about them differs.
AGREES = """
t.day = o.day AND t.day BETWEEN :first_on AND :last_on AND NOT :adds AND t.is_settled
AND abs(t.fen - o.fen) <= :amount_fen AND t.merchant_no IN ('', o.merchant_no, o.platform_no)
AND NOT EXISTS (SELECT 1 FROM taken_rows k
    WHERE k.transaction_no = o.transaction_no AND k.kind = o.kind)
"""
PAIRED = """
FROM their_rows t CROSS JOIN our_rows o
    ON o.transaction_no = t.transaction_no AND o.kind = t.kind
WHERE t.nth = 1
"""
AGREED = f"""
SELECT t.day, count(*), sum(t.fen), count(*), sum(o.fen) {PAIRED} AND {AGREES} GROUP BY t.day
"""
OF_THEIRS = """t.line, t.transaction_no, t.kind, t.merchant_no, t.day, t.fen, t.refund_of, t.status,
    t.said_fen, t.is_settled, t.nth, t.paid_at"""
OF_OURS = "o.transaction_no, o.kind, o.merchant_id, o.merchant_no, o.day, o.fen, o.refund_of"
PAIRS = f"SELECT {OF_THEIRS}, {OF_OURS} {PAIRED} AND NOT ({AGREES}) ORDER BY t.line"
LONE_THEIRS = f"""
SELECT {OF_THEIRS} FROM their_rows t WHERE t.nth = 1 AND NOT EXISTS (SELECT 1 FROM our_rows o
    WHERE o.transaction_no = t.transaction_no AND o.kind = t.kind) ORDER BY t.line
"""
LONE_OURS = f"""
SELECT {OF_OURS} FROM our_rows o
WHERE o.day BETWEEN :first_on AND :last_on AND NOT :adds AND NOT EXISTS (SELECT 1 FROM their_rows t
    WHERE t.transaction_no = o.transaction_no AND t.kind = o.kind)
ORDER BY o.day, o.transaction_no, o.kind
"""
TWINS = f"SELECT {OF_THEIRS} FROM their_rows t WHERE t.nth > 1 ORDER BY t.line"
THEIR_SUMS = """
SELECT day, count(*), sum(fen), 0, 0 FROM their_rows WHERE day BETWEEN :first_on AND :last_on
    AND NOT :adds GROUP BY day
"""
OUR_SUMS = """
SELECT day, 0, 0, count(*), sum(fen) FROM our_rows WHERE day BETWEEN :first_on AND :last_on
    AND NOT :adds GROUP BY day
"""
MARK = "UPDATE incoming_bills SET reason = ?, detail = ? WHERE line = ?"
WIDTH = len(Theirs._fields)


class Span(NamedTuple):
    """What is held against the bill: the rounds (None: all) of a programme, the days that it covers
    (yyyymmdd), the days that are looked through and their bounds in UTC seconds; `adds`: it covers
    none.
    """

    programme_id: int
    round_id: int | None
    first_on: int
    last_on: int
    look_from: int
    look_to: int
    begins_at: int
    ends_at: int
    adds: bool
    allowed: Tolerances


class Rows(NamedTuple):
    """What does not plainly agree, and the sums by day of what does, of theirs and of ours."""

    pairs: list[tuple[Theirs, Ours]]
    lone_theirs: list[Theirs]
    lone_ours: list[Ours]
    twins: list[Theirs]
    agreed: dict[int, Sums]
    totals: dict[int, Sums]


def days(db: sqlite3.Connection) -> tuple[int, int] | None:
    """The first and the last day of the fit rows of a bill; None: it has none."""
    first, last = typed.tuples(db, DAYS)[0]
    return None if first is None else (first, last)


def gather(
    db: sqlite3.Connection,
    span: Span,
    taken: Iterable[tuple[str, str]],
    proved: dict[int, Sums] | None = None,
) -> Rows:
    """Lay the staged bill and our rows of its days beside each other; `taken` are rows of ours that
    other bills show. `proved` are the sums of rows of both sides that agree, by day, and were
    neither staged nor left (`reconciling_columns.leave`); None: all rows are looked at here.
    """
    for statement in (*CLEAR, THEIR_ROWS, INDEX_THEIRS, CREATE_OURS, CREATE_TAKEN):
        db.execute(statement)
    if proved is None:
        db.execute(
            OUR_ROWS,
            {
                "programme_id": span.programme_id,
                "round_id": span.round_id,
                "first_on": span.look_from,
                "last_on": span.look_to,
                "begins_at": span.begins_at,
                "ends_at": span.ends_at,
            },
        )
    else:
        db.execute(LEFT_ROWS)
    db.execute(INDEX_OURS)
    db.executemany(ADD_TAKEN, taken)
    asked = {
        "first_on": span.first_on,
        "last_on": span.last_on,
        "adds": span.adds,
        "amount_fen": span.allowed.amount_fen,
    }
    days_asked = {key: asked[key] for key in ("first_on", "last_on", "adds")}
    more = [(day, *sums) for day, sums in (proved or {}).items()]
    rows = Rows(
        [
            (Theirs._make(row[:WIDTH]), Ours._make(row[WIDTH:]))
            for row in typed.tuples(db, PAIRS, asked)
        ],
        typed.rows(db, Theirs, LONE_THEIRS),
        typed.rows(db, Ours, LONE_OURS, days_asked),
        typed.rows(db, Theirs, TWINS),
        _sums(typed.tuples(db, AGREED, asked), more),
        _sums(
            typed.tuples(db, THEIR_SUMS, days_asked), typed.tuples(db, OUR_SUMS, days_asked), more
        ),
    )
    for statement in CLEAR:
        db.execute(statement)
    return rows


def _sums(*parts: Sequence[tuple[int, ...]]) -> dict[int, Sums]:
    sums: dict[int, Sums] = {}
    for part in parts:
        for day, *counts in part:
            sums[day] = sums.get(day, Sums()) + Sums(*counts)
    return sums


def mark(db: sqlite3.Connection, reasons: Iterable[tuple[str, str, int]]) -> None:
    """Refuse rows of the bill, or call them duplicates: (code, detail as JSON, line)."""
    db.executemany(MARK, reasons)
