"""The facts behind a figure, by the file that brought them and by how their subsidy is shared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import times
from vouchercli.store import by_columns, merchant_runs, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

KEY = "f.split_id * 2 + (f.refund_of IS NOT NULL)"  # how a subsidy is shared, and of what
OF_FILE = f"""
SELECT {KEY}, count(*), CAST(sum(f.base_fen) AS BIGINT)
FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.batch_id = :batch_id AND n.last_paid_at >= :since AND n.first_paid_at <= :until
"""
# Of each run all keys and all bases, each in one text: to add up ten million of them takes half as
# long as to sort them.
OF_RUNS = f"""
SELECT group_concat({KEY}), group_concat(f.base_fen)
FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.batch_id = :batch_id AND n.last_paid_at >= :since AND n.first_paid_at <= :until
"""
IN_SPAN = " AND f.paid_at BETWEEN :since AND :until"
OF_ROUNDS = " AND f.split_id IN (SELECT value FROM json_each(:splits))"
AT_MERCHANT = " AND f.redemption_id IN (SELECT value FROM json_each(:ids))"
BY_KEY = " GROUP BY 1"
BY_RUN = " GROUP BY n.first_id"
BATCHES = """
SELECT DISTINCT n.batch_id FROM redemption_runs n JOIN batches b USING (batch_id)
WHERE ifnull(b.programme_id, :programme_id) = :programme_id ORDER BY n.batch_id
"""
RUNS = "SELECT first_id, last_id FROM redemption_runs WHERE batch_id = ?"
# No payment is earlier than the claim whose voucher it uses.
FIRST_CLAIM = """
SELECT min((SELECT min(c.claimed_at) FROM claims c WHERE c.round_id = r.value))
FROM json_each(?) r
"""
SPLITS = """
SELECT split_id, round_id, after_fen - before_fen, public_fen, platform_fen, match_fen
FROM splits WHERE round_id IN (SELECT value FROM json_each(?))
"""
CLAIMS = """
SELECT c.batch_id, c.round_id, count(*), min(c.claimed_at), max(c.claimed_at) FROM claims c
WHERE c.round_id IN (SELECT value FROM json_each(:rounds)) AND c.claimed_at <= :until
GROUP BY 1, 2 ORDER BY 1, 2
"""
POSTINGS = """
SELECT f.funder, g.from_account, g.to_account, g.why, g.batch_id, count(*),
    CAST(sum(g.amount_fen) AS BIGINT)
FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = :programme_id AND g.round_id IN (SELECT value FROM json_each(:rounds))
    AND (g.from_account IN (SELECT value FROM json_each(:accounts)))
        <> (g.to_account IN (SELECT value FROM json_each(:accounts)))
GROUP BY f.position, f.funder, g.batch_id, g.why, g.from_account, g.to_account
ORDER BY f.position, f.funder, min(g.posting_id)
"""
UNDONE = """
SELECT CAST(ifnull(sum(b.vouchers), 0) AS BIGINT)
FROM refunds b CROSS JOIN redemptions f USING (redemption_id)
WHERE f.split_id IN (SELECT value FROM json_each(:splits)) AND f.paid_at BETWEEN :since AND :until
"""
FILES = "SELECT batch_id, file FROM batches"


class Part(NamedTuple):
    """Payments, or refunds, of one file whose subsidy is shared in one way: how many, and sums over
    them in fen (of refunds negative).
    """

    batch: int
    round_id: int
    is_refund: int
    rows: int
    base_fen: int
    subsidy_fen: int  # of one of them, and so are its parts
    public_fen: int
    platform_fen: int
    match_fen: int


class Claims(NamedTuple):
    """Packs of a round that one file brought, or that were granted here: how many, and when the
    first and the last were claimed (UTC seconds).
    """

    batch: int
    round_id: int
    packs: int
    first_at: int
    last_at: int


class Moved(NamedTuple):
    """What postings of one kind moved of a funder's money, in fen."""

    funder: str
    from_account: str
    to_account: str
    why: str
    batch: int | None
    postings: int
    amount_fen: int


class Asked(NamedTuple):
    """Which payments: of these rounds (all of the programme: `is_all`), in a span (UTC seconds,
    both included; None: open), at one merchant (its id; None: at any).
    """

    programme_id: int
    rounds: list[int]
    is_all: bool = True
    since: int | None = None
    until: int | None = None
    merchant: int | None = None


def parts(db: sqlite3.Connection, asked: Asked) -> list[Part]:
    """What was paid with vouchers: the facts are read, no total is asked. Where rounds are named,
    runs of payments before their first claim are left out.
    """
    splits = {row[0]: row[1:] for row in typed.tuples(db, SPLITS, (json.dumps(asked.rounds),))}
    values = _values(db, asked, [*splits])
    conditions = (
        "" if asked.since is None and asked.until is None else IN_SPAN,
        "" if asked.is_all else OF_ROUNDS,
        "" if asked.merchant is None else AT_MERCHANT,
    )
    has_columns = asked.merchant is None and by_columns.are_worth_it(db)
    found = []
    for batch in typed.column(db, BATCHES, {"programme_id": asked.programme_id}):
        told = values | {"batch_id": batch}
        if asked.merchant is not None:
            told["ids"] = json.dumps(_at_merchant(db, batch, asked.merchant))
        sums = (
            _added(db.execute("".join((OF_RUNS, *conditions, BY_RUN)), told))
            if has_columns
            else typed.tuples(db, "".join((OF_FILE, *conditions, BY_KEY)), told)
        )
        for key, rows, base_fen in sums:
            if key // 2 in splits:
                round_id, *amounts = splits[key // 2]
                found.append(Part(batch, round_id, key % 2, rows, base_fen, *amounts))
    return found


def _added(runs: Iterable[tuple[str, str]]) -> Iterator[tuple[int, int, int]]:
    """(key, rows, sum of bases) of texts of keys and of bases, by key."""
    import numpy as np

    rows, fen = np.empty(0, np.int64), np.empty(0, np.int64)
    for keys, bases in runs:
        numbers, base = (np.fromstring(text, np.int64, sep=",") for text in (keys, bases))
        size = max(len(rows), int(numbers.max()) + 1)
        rows.resize(size, refcheck=False)
        fen.resize(size, refcheck=False)
        rows += np.bincount(numbers, minlength=size)
        np.add.at(fen, numbers, base)
    for key in np.flatnonzero(rows).tolist():
        yield key, int(rows[key]), int(fen[key])


def _values(db: sqlite3.Connection, asked: Asked, splits: list[int]) -> dict[str, Any]:
    since = -times.END_OF_TIME if asked.since is None else asked.since
    if not asked.is_all:
        first = typed.column(db, FIRST_CLAIM, (json.dumps(asked.rounds),))[0]
        since = max(since, times.END_OF_TIME if first is None else first)
    until = times.END_OF_TIME if asked.until is None else asked.until
    return {"since": since, "until": until, "splits": json.dumps(splits)}


def _at_merchant(db: sqlite3.Connection, batch: int, merchant: int) -> list[int]:
    """The payments of a file that may be at the merchant (ids)."""
    return [
        each
        for run in typed.tuples(db, RUNS, (batch,))
        for each in merchant_runs.places(db, run, merchant)
    ]


def undone(db: sqlite3.Connection, asked: Asked) -> int:
    """The vouchers of payments that refunds undid, as a number below 0."""
    splits = [row[0] for row in typed.tuples(db, SPLITS, (json.dumps(asked.rounds),))]
    return typed.number(db, UNDONE, _values(db, asked, splits))


def claims(db: sqlite3.Connection, rounds: Iterable[int], until: int | None) -> list[Claims]:
    """Packs of the rounds by what brought them, up to a moment (UTC seconds; None: all)."""
    asked = {
        "rounds": json.dumps([*rounds]),
        "until": times.END_OF_TIME if until is None else until,
    }
    return typed.rows(db, Claims, CLAIMS, asked)


def moved(
    db: sqlite3.Connection, programme_id: int, rounds: Iterable[int], accounts: Iterable[str]
) -> list[Moved]:
    """What postings of the rounds brought to some accounts, or took from them, by funder, file and
    reason; what moves among these accounts is left out.
    """
    asked = {
        "programme_id": programme_id,
        "rounds": json.dumps([*rounds]),
        "accounts": json.dumps([*accounts]),
    }
    return typed.rows(db, Moved, POSTINGS, asked)


def files(db: sqlite3.Connection) -> dict[int, str]:
    """The names of files, by batch."""
    return {row[0]: row[1] for row in typed.tuples(db, FILES)}
