"""The rows that no seal covers, laid out for the checks as temporary views; what is sealed is
proved by its seal.

A run of redemptions is closed when the seal of its programme covers all that it may hold; whatever
lies in no closed run is open, also rows that are in no run at all. So more is open than must be,
never less; what a seal covers exactly is said by `open_rounds`.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from traceback import clear_frames
from typing import TYPE_CHECKING, Any

from vouchercli.store import totals, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AT_ONCE = 10_000
NEVER = -(10**10)  # before every day and moment
LEAST, MOST = -(2**63), 2**63 - 1  # of all ids

IS_LAID_OUT = "SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'open_spans')"
IS_SEALED = "SELECT EXISTS (SELECT 1 FROM last_seals)"
# Up to where each round is sealed; its totals are proved by every key after `proved_after`.
ROUNDS = f"""
CREATE TEMP TABLE open_rounds AS
SELECT r.round_id, r.programme_id, ifnull(x.day, {NEVER}) AS day, ifnull(x.ends_at, {NEVER})
    AS ends_at, ifnull(x.last_claim_id, {LEAST}) AS last_claim_id,
    ifnull(x.last_redemption_id, {LEAST}) AS last_redemption_id,
    ifnull(x.day, {NEVER}) AS proved_after
FROM rounds r LEFT JOIN last_seals x ON x.programme_id = r.programme_id AND [is_partial]
"""
KEYS = "CREATE UNIQUE INDEX temp.open_rounds_by_id ON open_rounds (round_id)"
# A run that reaches into the next one is never closed: it would hide the other's rows.
RUNS = """
CREATE TEMP TABLE open_runs AS
SELECT n.first_id, n.last_id, n.batch_id, n.next_id, NOT ([is_partial]
    AND n.last_id <= ifnull(x.last_redemption_id, n.last_id - 1)
    AND n.last_paid_at < ifnull(x.ends_at, n.last_paid_at) AND n.last_id < n.next_id) AS is_open
FROM (SELECT first_id, last_id, batch_id, last_paid_at,
        lead(first_id, 1, 9223372036854775807) OVER (ORDER BY first_id) AS next_id
    FROM redemption_runs) n
LEFT JOIN batches b ON b.batch_id = n.batch_id
LEFT JOIN last_seals x ON x.programme_id = b.programme_id
ORDER BY n.first_id
"""
SPANS = f"""
CREATE TEMP TABLE open_spans AS
SELECT * FROM (
    SELECT max(last_id) OVER (ORDER BY first_id) + 1 AS first_id,
        lead(first_id, 1, {MOST}) OVER (ORDER BY first_id) - 1 AS last_id
    FROM temp.open_runs WHERE NOT is_open
    UNION ALL
    SELECT {LEAST}, ifnull((SELECT min(first_id) FROM temp.open_runs WHERE NOT is_open), {MOST}) - 1
) WHERE first_id <= last_id ORDER BY first_id
"""
CLAIM_IDS = """
CREATE TEMP TABLE open_claim_ids AS
SELECT c.claim_id FROM claims c LEFT JOIN temp.open_rounds o ON o.round_id = c.round_id
WHERE o.round_id IS NULL OR c.claim_id > o.last_claim_id OR c.claimed_at >= o.ends_at
ORDER BY c.claim_id
"""
BETWEEN = "ON f.redemption_id BETWEEN n.first_id AND n.last_id"
# What has open rows, all of it: a view's name, its text where some rows are closed, and where none
# is.
VIEWS = {
    "open_redemptions": (
        f"SELECT f.* FROM temp.open_spans n CROSS JOIN main.redemptions f {BETWEEN}",
        "SELECT * FROM main.redemptions",
    ),
    "open_facts": (
        f"SELECT f.* FROM temp.open_spans n CROSS JOIN main.redemption_facts f {BETWEEN}",
        "SELECT * FROM main.redemption_facts",
    ),
    "open_refunds": (
        "SELECT * FROM temp.open_redemptions WHERE refund_of IS NOT NULL",
        "SELECT * FROM main.redemptions WHERE refund_of IS NOT NULL",
    ),
    "open_voucher_facts": (
        # what was reversed has left its voucher to the others, sealed or not
        "SELECT f.* FROM (SELECT voucher FROM temp.open_redemptions"
        " UNION SELECT voucher FROM main.reversed_redemptions) u"
        " CROSS JOIN main.redemption_facts f ON f.voucher = u.voucher",
        "SELECT * FROM main.redemption_facts",
    ),
    "open_claims": (
        "SELECT c.* FROM temp.open_claim_ids i CROSS JOIN main.claims c ON c.claim_id = i.claim_id",
        "SELECT * FROM main.claims",
    ),
    "open_holder_claims": (
        "SELECT c.* FROM (SELECT DISTINCT resident FROM temp.open_claims) u"
        " CROSS JOIN main.claims c ON c.resident = u.resident",
        "SELECT * FROM main.claims",
    ),
    "open_batches": (
        "SELECT b.batch_id FROM main.batches b WHERE b.kind <> 'redemptions' AND b.batch_id IN"
        " (SELECT batch_id FROM temp.open_claims)"
        " OR b.kind = 'redemptions' AND b.batch_id NOT IN (SELECT batch_id FROM temp.open_runs)"
        " UNION SELECT batch_id FROM temp.open_runs WHERE is_open",
        "SELECT batch_id FROM main.batches",
    ),
}
# What the rows of sealed days come to, in the shape of what totals are made from; nothing, unless
# all of them are read (`sealed_sums`).
SEALED = {
    "sealed_groups": "round_id, day, coupon, channel, segment_id, " + ", ".join(totals.SUMMED),
    "sealed_merchants": "round_id, month, merchant_id, segment_id, " + ", ".join(totals.SUMMED),
    "sealed_splits": "split_id, day, facts",
    "sealed_claims": "round_id, day, claims",
}
MAKE_SEALED = [f"CREATE TEMP TABLE {name} ({columns})" for name, columns in SEALED.items()]
ADD_SEALED = {
    name: f"INSERT INTO temp.{name} VALUES ({', '.join('?' * (columns.count(',') + 1))})"
    for name, columns in SEALED.items()
}
MAKE_VIEWS, MAKE_VIEWS_OF_ALL = (
    [f"CREATE TEMP VIEW {name} AS {texts[place]}" for name, texts in VIEWS.items()]
    for place in (0, 1)
)
COUNT_ALL_BATCHES = (
    "DROP VIEW temp.open_batches",
    f"CREATE TEMP VIEW open_batches AS {VIEWS['open_batches'][1]}",
)
PROVE_ALL_KEYS = f"UPDATE temp.open_rounds SET proved_after = {NEVER}"
CLEAR = [f"DROP VIEW IF EXISTS temp.{name}" for name in reversed(VIEWS)] + [
    f"DROP TABLE IF EXISTS temp.{name}"
    for name in (*SEALED, "open_claim_ids", "open_spans", "open_runs", "open_rounds")
]
OF_NOTHING = (
    "CREATE TEMP TABLE open_rounds (round_id, programme_id, day, ends_at, last_claim_id,"
    " last_redemption_id, proved_after)",
    "CREATE TEMP TABLE open_runs (first_id, last_id, batch_id, next_id, is_open)",
    SPANS,
    *MAKE_VIEWS_OF_ALL,
    *MAKE_SEALED,
)


@contextmanager
def laid_out(db: sqlite3.Connection, *, all_rows: bool = False) -> Iterator[bool]:
    """Whether some rows are closed; meanwhile `temp.open_...` say which rows are not. `all_rows`:
    as if no day were sealed. What is laid out already stays as it is.
    """
    if typed.number(db, IS_LAID_OUT):
        yield is_partial(db)
        return
    with able_to_write(db):
        _lay_out(db, all_rows=all_rows)
    try:
        yield is_partial(db)
    except Exception as error:
        clear_frames(error.__traceback__)  # what was reading there would keep its tables
        raise
    finally:
        with able_to_write(db):
            _run(db, CLEAR)


def prove_all_keys(db: sqlite3.Connection, sums: dict[str, Any]) -> None:
    """From here on totals are proved by every key, of sealed days too: their rows come to `sums`,
    by the tables of `SEALED` lists of rows, or arrays (`tolist`).
    """
    with able_to_write(db):
        db.execute(PROVE_ALL_KEYS)
        for name, rows in sums.items():
            db.executemany(ADD_SEALED[name], _each(rows))


def _each(rows: Any) -> Iterator[Any]:
    """The rows, of an array some at a time: a number of Python takes four times its room."""
    for begin in range(0, len(rows), AT_ONCE):
        some = rows[begin : begin + AT_ONCE]
        yield from some if isinstance(some, list) else some.tolist()


def count_all_batches(db: sqlite3.Connection) -> None:
    """From here on every batch is counted, also where no row of it is open."""
    with able_to_write(db):
        _run(db, COUNT_ALL_BATCHES)


def is_partial(db: sqlite3.Connection) -> bool:
    """Whether some rows are closed."""
    return bool(typed.number(db, "SELECT EXISTS (SELECT 1 FROM temp.open_runs WHERE NOT is_open)"))


def _lay_out(db: sqlite3.Connection, *, all_rows: bool) -> None:
    """Lay the tables and views out; where somebody has taken tables away, all that is left is
    open.
    """
    try:
        is_sealed = not all_rows and bool(typed.number(db, IS_SEALED))
        made = (ROUNDS, KEYS, RUNS, SPANS)
        _run(db, (each.replace("[is_partial]", str(int(is_sealed))) for each in made))
        _run(db, (CLAIM_IDS, *MAKE_VIEWS) if is_sealed else MAKE_VIEWS_OF_ALL)
        _run(db, MAKE_SEALED)
    except sqlite3.OperationalError:
        _run(db, (*CLEAR, *OF_NOTHING))


def _run(db: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        db.execute(statement)


@contextmanager
def able_to_write(db: sqlite3.Connection) -> Iterator[None]:
    """Temporary tables, also in a connection that writes nothing."""
    before = typed.number(db, "PRAGMA query_only")
    db.execute("PRAGMA query_only = OFF")
    try:
        yield
    finally:
        db.execute(f"PRAGMA query_only = {before:d}")
