"""What lies between a programme and its merchants, put together by merchant: what was redeemed, by
round and the day on which it is booked; what was paid of it; what stands open, and why.

One merchant is read by the places of its redemptions, many (a range of their ids) in one pass over
all facts.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.accounts import masked
from vouchercli.store import days, debts, dues, merchant_runs, typed, unpaid

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.store.debts import Debt

FUNDERS = """
SELECT funder_id, funder FROM funders WHERE programme_id = ? AND kind = 'public'
ORDER BY position, funder_id
"""
SEALED = "SELECT day, last_redemption_id FROM days WHERE programme_id = ? ORDER BY day"
# What vouchers paid by split: the public funders' parts; a split without any counts too.
SPLITS = """
SELECT s.split_id, r.round, p.funder_id, p.amount_fen
FROM rounds r JOIN splits s USING (round_id)
LEFT JOIN split_parts p ON p.split_id = s.split_id AND p.funder_id IN (
    SELECT funder_id FROM funders WHERE kind = 'public')
WHERE r.programme_id = ?
"""
COLUMNS = "merchant_id, split_id, day, redemption_id, base_fen, refund_of IS NOT NULL"
OF_MANY = f"SELECT {COLUMNS} FROM redemptions WHERE merchant_id BETWEEN :first AND :last"
RUNS = "SELECT first_id, last_id FROM redemption_runs ORDER BY first_id"
OF_ONE = f"""
SELECT {COLUMNS} FROM redemptions
WHERE redemption_id IN (SELECT value FROM json_each(:ids)) AND merchant_id = :merchant_id
"""
REVERSED = f"""
SELECT {COLUMNS}, booked_on FROM reversed_redemptions
WHERE merchant_id BETWEEN :first AND :last
"""
MERCHANTS = """
SELECT merchant_id, merchant_no, name, account_name, account_no, bank FROM merchants
WHERE merchant_id BETWEEN :first AND :last ORDER BY merchant_id
"""
CONCERNED = """
SELECT merchant_id FROM merchant_totals t JOIN rounds USING (round_id)
    WHERE programme_id = :programme_id
UNION SELECT merchant_id FROM reversed_redemptions
UNION SELECT merchant_id FROM dues JOIN funders USING (funder_id)
    WHERE programme_id = :programme_id
ORDER BY 1
"""
IN_SETTLEMENT = """
SELECT d.merchant_id FROM transfers t CROSS JOIN dues d ON d.transfer_id = t.transfer_id
    WHERE t.settlement_id = :settlement
UNION SELECT payee_id FROM transfers WHERE settlement_id = :settlement
ORDER BY 1
"""
# A merchant's part of each transfer; of one that came back, whose dues stand open again, all of it.
TRANSFERS = """
SELECT d.merchant_id, t.settlement_id, t.transfer_no, p.merchant_no, d.funder_id,
    CAST(sum(d.amount_fen) AS BIGINT), t.state, t.paid_on, t.reference, t.reason, s.made_at
FROM dues d CROSS JOIN transfers t USING (transfer_id) CROSS JOIN settlements s
    USING (settlement_id) CROSS JOIN merchants p ON p.merchant_id = t.payee_id
WHERE d.merchant_id BETWEEN :first AND :last AND s.programme_id = :programme_id
GROUP BY d.merchant_id, t.transfer_id
UNION ALL
SELECT t.payee_id, t.settlement_id, t.transfer_no, p.merchant_no, s.funder_id, t.amount_fen,
    t.state, t.paid_on, t.reference, t.reason, s.made_at
FROM transfers t CROSS JOIN settlements s USING (settlement_id)
    CROSS JOIN merchants p ON p.merchant_id = t.payee_id
WHERE t.payee_id BETWEEN :first AND :last AND s.programme_id = :programme_id
    AND t.state IN ('rejected', 'returned', 'dropped')
ORDER BY 1, 2, 3
"""
# What was paid back or given up, with the day of the deed: each has one posting of its own, in the
# same order.
CREDITS = """
SELECT d.merchant_id, d.funder_id, d.kind, d.amount_fen, p.day
FROM (
    SELECT merchant_id, funder_id, round_id, kind, amount_fen,
        row_number() OVER (PARTITION BY funder_id, round_id, kind ORDER BY due_id) AS nth
    FROM dues WHERE kind IN ('repaid', 'written_off')
) d JOIN (
    SELECT funder_id, round_id, substr(why, 12) AS why, day,
        row_number() OVER (PARTITION BY funder_id, round_id, why ORDER BY posting_id) AS nth
    FROM postings WHERE why IN ('settlement.repaid', 'settlement.write_off')
) p ON p.funder_id = d.funder_id AND p.round_id = d.round_id AND p.nth = d.nth
    AND p.why = iif(d.kind = 'repaid', 'repaid', 'write_off')
JOIN funders f ON f.funder_id = d.funder_id AND f.programme_id = :programme_id
WHERE d.merchant_id BETWEEN :first AND :last
ORDER BY d.merchant_id, p.day
"""
# By what it is known that nothing has changed since: the log (its lines on statements apart) and
# the last of what is written without a line of its own.
STATE = """
SELECT (SELECT hash FROM audit WHERE deed <> 'settlement.statements'
        ORDER BY audit_id DESC LIMIT 1),
    (SELECT ifnull(max(redemption_id), 0) FROM redemptions),
    (SELECT ifnull(max(due_id), 0) FROM dues)
"""


class Period(NamedTuple):
    """Days (yyyymmdd) of a statement, both included, of a programme in its time zone."""

    programme_id: int
    since: int
    until: int


class Merchant(NamedTuple):
    """Whom a statement is for. `account` is its number masked."""

    merchant_id: int
    merchant_no: str
    name: str
    account_name: str
    account: str
    bank: str


class Redeemed(NamedTuple):
    """What was booked of a round on a day (yyyymmdd), refunds and reversals taken off: payments,
    refunds, base and what each public funder pays (fen, by its id).
    """

    round: str
    booked_on: int
    payments: int
    refunds: int
    base_fen: int
    public_fen: dict[int, int]


class Settled(NamedTuple):
    """A merchant's part of a transfer, in fen. `made_at` is UTC seconds, `paid_on` yyyymmdd."""

    settlement: int
    transfer_no: str
    payee_no: str
    funder_id: int
    amount_fen: int
    state: str
    paid_on: int | None
    reference: str
    reason: str
    made_at: int


class Credit(NamedTuple):
    """What a merchant paid back (`repaid`), or what was given up (`written_off`), and when."""

    funder_id: int
    kind: str
    amount_fen: int
    on: int


class Balance(NamedTuple):
    """What a merchant is owed of a funder, in fen: closing = opening + booked - paid + repaid +
    written off.
    """

    funder_id: int
    opening_fen: int
    booked_fen: int
    paid_fen: int
    repaid_fen: int
    written_off_fen: int
    closing_fen: int


class Statement(NamedTuple):
    """All of one merchant; `unpaid` is what stands open now, of days that were settled, and
    `unsettled` by funder what is booked on later days.
    """

    merchant: Merchant
    redeemed: list[Redeemed]
    settled: list[Settled]
    credits: list[Credit]
    balances: list[Balance]
    unpaid: list[unpaid.Unpaid]
    unsettled: dict[int, int]
    debts: list[Debt]


class _Counts:
    """What is added up of a round and a day."""

    __slots__ = ("base_fen", "payments", "public_fen", "refunds")

    def __init__(self) -> None:
        self.payments = self.refunds = self.base_fen = 0
        self.public_fen: dict[int, int] = defaultdict(int)


# ---------------------------------------------------------------- which


def funders(db: sqlite3.Connection, programme_id: int) -> dict[int, str]:
    """The public funders of a programme: id -> code."""
    return dict(typed.tuples(db, FUNDERS, (programme_id,)))


def concerned(db: sqlite3.Connection, programme_id: int, settlement: int | None) -> list[int]:
    """The merchants that have anything in a programme, or in one of its settlements."""
    if settlement is not None:
        return typed.column(db, IN_SETTLEMENT, {"settlement": settlement})
    return typed.column(db, CONCERNED, {"programme_id": programme_id})


def state(db: sqlite3.Connection) -> list[Any]:
    """What changes whenever a statement may."""
    return [*db.execute(STATE).fetchone()]


def of_one(db: sqlite3.Connection, period: Period, merchant_id: int) -> Statement:
    """The statement of one merchant."""
    runs = typed.tuples(db, RUNS)
    ids = [each for run in runs for each in merchant_runs.places(db, run, merchant_id)]
    facts = typed.tuples(db, OF_ONE, {"ids": json.dumps(ids), "merchant_id": merchant_id})
    return next(_read(db, period, merchant_id, merchant_id, facts))


def of_many(db: sqlite3.Connection, period: Period, first: int, last: int) -> Iterator[Statement]:
    """The statements of the merchants of a range of ids, in its order; also of those that have
    nothing.
    """
    cursor = db.cursor()
    cursor.row_factory = None
    facts = cursor.execute(OF_MANY, {"first": first, "last": last})
    yield from _read(db, period, first, last, facts)


# ---------------------------------------------------------------- put together


def _read(
    db: sqlite3.Connection,
    period: Period,
    first: int,
    last: int,
    facts: Iterable[tuple[Any, ...]],
) -> Iterator[Statement]:
    asked = {"first": first, "last": last, "programme_id": period.programme_id}
    known = funders(db, period.programme_id)
    kept = typed.tuples(db, MERCHANTS, asked)
    only = kept[0][1] if first == last and kept else None
    sums = _add_up(db, period, facts, typed.tuples(db, REVERSED, asked))
    settled = _by_merchant(typed.tuples(db, TRANSFERS, asked), Settled)
    credits = _by_merchant(typed.tuples(db, CREDITS, asked), Credit)
    open_ = _by_number(unpaid.listed(db, period.programme_id, only).rows(None), kept)
    owing = _by_number(debts.listed(db, period.programme_id, only).rows(None), kept)
    taken = dues.taken(db, period.programme_id).day
    for merchant_id, no, name, account_name, account, bank in kept:
        merchant = Merchant(merchant_id, no, name, account_name, masked(account), bank)
        rows = sums.pop(merchant_id, {})
        transfers, given = settled.get(merchant_id, []), credits.get(merchant_id, [])
        yield Statement(
            merchant,
            [
                Redeemed(round_, day, c.payments, c.refunds, c.base_fen, c.public_fen)
                for (round_, day), c in sorted(rows.items())
                if period.since <= day <= period.until
            ],
            transfers,
            given,
            [_balance(funder_id, period, rows, transfers, given) for funder_id in known],
            open_.get(no, []),
            {
                funder_id: sum(c.public_fen[funder_id] for (_, on), c in rows.items() if on > taken)
                for funder_id in known
            },
            owing.get(no, []),
        )


def _add_up(
    db: sqlite3.Connection,
    period: Period,
    facts: Iterable[tuple[Any, ...]],
    reversed_: Iterable[tuple[Any, ...]],
) -> dict[int, dict[tuple[str, int], _Counts]]:
    """By merchant, then by round and the day on which it is booked."""
    splits: dict[int, tuple[str, list[tuple[int, int]]]] = {}
    for split_id, round_, funder_id, fen in typed.tuples(db, SPLITS, (period.programme_id,)):
        parts = splits.setdefault(split_id, (round_, []))[1]
        if fen:
            parts.append((funder_id, fen))
    sealed = typed.tuples(db, SEALED, (period.programme_id,))
    on, last_ids = [day for day, _ in sealed], [last_id for _, last_id in sealed]
    open_on = days.open_on(db, period.programme_id)
    sums: dict[int, dict[tuple[str, int], _Counts]] = defaultdict(lambda: defaultdict(_Counts))

    def add(fact: tuple[Any, ...], sign: int, booked_on: int) -> None:
        merchant_id, split_id, _, _, base_fen, is_refund = fact[:6]
        if split_id not in splits:
            return  # another programme's
        round_, parts = splits[split_id]
        counts = sums[merchant_id][round_, booked_on]
        if is_refund:
            counts.refunds += sign
        else:
            counts.payments += sign
        counts.base_fen += sign * base_fen
        for funder_id, fen in parts:
            counts.public_fen[funder_id] += sign * fen

    def book(day: int, number: int) -> int:
        place = max(bisect_left(on, day), bisect_left(last_ids, number))
        return on[place] if place < len(on) else max(day, open_on)

    for fact in facts:
        add(fact, 1, book(fact[2], fact[3]))
    for fact in reversed_:
        add(fact, 1, book(fact[2], fact[3]))
        add(fact, -1, fact[6])
    return sums


def _balance(
    funder_id: int,
    period: Period,
    rows: dict[tuple[str, int], _Counts],
    settled: list[Settled],
    credits: list[Credit],
) -> Balance:
    def within(moved: Iterable[tuple[int, int]]) -> tuple[int, int]:
        """What was moved before the period, and in it."""
        before = inside = 0
        for on, fen in moved:
            if on < period.since:
                before += fen
            elif on <= period.until:
                inside += fen
        return before, inside

    booked = within((on, c.public_fen[funder_id]) for (_, on), c in rows.items())
    paid = within(
        (each.paid_on or 0, each.amount_fen)
        for each in settled
        if each.state == "paid" and each.funder_id == funder_id
    )
    given = {
        kind: within(
            (each.on, each.amount_fen)
            for each in credits
            if each.kind == kind and each.funder_id == funder_id
        )
        for kind in ("repaid", "written_off")
    }
    repaid, written_off = given["repaid"], given["written_off"]
    opening = booked[0] - paid[0] + repaid[0] + written_off[0]
    closing = opening + booked[1] - paid[1] + repaid[1] + written_off[1]
    return Balance(funder_id, opening, booked[1], paid[1], repaid[1], written_off[1], closing)


def _by_merchant(rows: Iterable[tuple[Any, ...]], kind: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for merchant_id, *values in rows:
        found[merchant_id].append(kind(*values))
    return found


def _by_number(rows: Iterable[Any], kept: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Rows of lists, by the number of the merchants that are wanted."""
    wanted = {each[1] for each in kept}
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if row.merchant_no in wanted:
            found[row.merchant_no].append(row)
    return found
