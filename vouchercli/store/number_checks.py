"""Whether redemptions are found by their numbers and merchants: what each run keeps of its rows is
what they have, and no number stands twice.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vouchercli.store import breaches, merchant_runs, open_rows, transaction_numbers, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.store.breaches import Breach

# No number stands twice in its kind (an import looks at its own when it ends).
NUMBERS_ONCE = """
SELECT f.transaction_no AS subject, 1 AS expected, count(*) AS found
FROM temp.open_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.is_open AND n.batch_id NOT IN (SELECT batch_id FROM batches WHERE state = 'importing')
GROUP BY f.transaction_no, f.refund_of IS NULL HAVING count(*) > 1
"""
OPEN_NUMBERS = """
SELECT f.transaction_no, f.refund_of IS NULL
FROM temp.open_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.is_open AND n.batch_id NOT IN (SELECT batch_id FROM batches WHERE state = 'importing')
"""
CLOSED = "SELECT first_id FROM temp.open_runs WHERE NOT is_open"
HOLDER = """
SELECT transaction_no, refund_of IS NULL FROM redemptions WHERE redemption_id = ?1
    AND (SELECT batch_id FROM redemption_runs WHERE first_id <= ?1 ORDER BY first_id DESC LIMIT 1)
        NOT IN (SELECT batch_id FROM batches WHERE state = 'importing')
"""
# Of open runs their rows and those behind them, of closed ones those behind them alone: a row
# belongs to the run that begins last before it.
STRETCHES = f"""
SELECT n.first_id, CASE WHEN n.is_open THEN n.first_id ELSE n.last_id + 1 END, n.next_id - 1
FROM temp.open_runs n
WHERE n.is_open OR EXISTS (SELECT 1 FROM redemptions f
    WHERE f.redemption_id > n.last_id AND f.redemption_id < n.next_id)
UNION ALL
SELECT {open_rows.LEAST}, {open_rows.LEAST}, ifnull((SELECT min(first_id) FROM redemption_runs) - 1,
    {open_rows.MOST})
ORDER BY 1
"""
KEYS = "SELECT keys FROM redemption_runs WHERE first_id = ?"
NUMBERS = """
SELECT redemption_id, transaction_no FROM redemptions WHERE redemption_id BETWEEN ? AND ?
ORDER BY redemption_id
"""
OPEN_MERCHANTS = """
SELECT n.first_id, n.last_id, m.merchants FROM temp.open_runs n CROSS JOIN merchant_runs m
    USING (first_id) WHERE n.is_open ORDER BY n.first_id
"""


def numbers_once(db: sqlite3.Connection) -> list[Breach]:
    """Numbers that stand twice in their kind, at least once on an open row."""
    with open_rows.laid_out(db) as is_partial:
        found = breaches.rows(db, NUMBERS_ONCE)
        return found + ([*_numbers_closed_too(db)] if is_partial else [])


def _numbers_closed_too(db: sqlite3.Connection) -> Iterator[Breach]:
    """Numbers of open rows that a closed row has too, found by the keys of the closed runs."""
    numbers = {tuple(each) for each in typed.tuples(db, OPEN_NUMBERS)}
    closed = {*typed.column(db, CLOSED)}
    keys = {transaction_numbers.key(number) for number, _ in numbers}
    for redemption_id in transaction_numbers.likely_holders(db, keys, closed):
        for number, is_payment in typed.tuples(db, HOLDER, (redemption_id,)):
            if (number, is_payment) in numbers:
                yield number, "1", "2"


def numbers_once_anywhere(db: sqlite3.Connection) -> list[Breach]:
    """Numbers that stand twice in their kind on whatever rows, found by their keys, which must be
    right (`numbers_in_runs`).
    """
    twice = Counter(
        (number, is_payment)
        for redemption_id in transaction_numbers.twins(db)
        for number, is_payment in typed.tuples(db, HOLDER, (redemption_id,))
    )
    return [(number, "1", str(count)) for (number, _), count in twice.items() if count > 1]


def numbers_in_runs(db: sqlite3.Connection) -> list[Breach]:
    """Every transaction number can be found again: its key stands in its place of a run."""
    with open_rows.laid_out(db):
        return [
            (number, _octets(made), _octets(kept))
            for first_id, first, last in typed.tuples(db, STRETCHES)
            for number, made, kept in misnumbered(db, first_id, (first, last))
        ]


def misnumbered(
    db: sqlite3.Connection, first_id: int, span: tuple[int, int]
) -> Iterator[tuple[str, int, int | None]]:
    """(transaction_no, its key, the one that is kept) of the rows of a span where they differ, with
    the keys of the run that begins at `first_id`.
    """
    rows = typed.tuples(db, NUMBERS, span)
    if not rows:
        return
    ids, numbers = zip(*rows, strict=True)
    made = transaction_numbers.keys(numbers)
    kept = transaction_numbers.keys_of(b"".join(typed.column(db, KEYS, (first_id,))))
    start = ids[0] - first_id
    if ids[-1] - ids[0] + 1 == len(ids) and kept[start : start + len(ids)] == made:
        return
    for redemption_id, number, key in zip(ids, numbers, made, strict=True):
        place = redemption_id - first_id
        found = kept[place] if place < len(kept) else None
        if found != key:
            yield number, key, found


def _octets(key: int | None) -> str:
    return "" if key is None else key.to_bytes(4, "little").hex().upper()


def merchants_in_runs(db: sqlite3.Connection) -> list[Breach]:
    """Every redemption can be found by its merchant: it stands in its place of a run."""
    with open_rows.laid_out(db):
        return [
            (number, str(merchant_id), str(named))
            for first_id, last_id, octets in typed.tuples(db, OPEN_MERCHANTS)
            for number, merchant_id, named in merchant_runs.misplaced(
                db, (first_id, last_id), octets
            )
        ]
