"""What merchants owe: more was taken back of them than they are owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import audit, dues, ledger, typed
from vouchercli.store.dues import Due
from vouchercli.store.lists import Listed, Listing
from vouchercli.store.settlements import IS_HELD

if TYPE_CHECKING:
    import sqlite3


class Debt(NamedTuple):
    """What a merchant owes a funder, in fen, since the day (yyyymmdd) up to which the first amount
    was taken back that stands open.
    """

    merchant_id: int
    merchant_no: str
    name: str
    funder_id: int
    funder: str
    amount_fen: int
    since_on: int


ALL = """
SELECT d.merchant_id, m.merchant_no, m.name, d.funder_id, f.funder,
    -CAST(sum(d.amount_fen) AS BIGINT) AS amount_fen,
    min(iif(d.amount_fen < 0, d.up_to, NULL)) AS since_on
FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id AND d.transfer_id IS NULL
    CROSS JOIN merchants m ON m.merchant_id = d.merchant_id
WHERE f.programme_id = :programme_id AND ifnull(m.merchant_no = :merchant, 1)
    AND ifnull(f.funder = :funder, 1)
GROUP BY d.merchant_id, d.funder_id HAVING sum(d.amount_fen) < 0
"""
# What a merchant is owed, is not held and is on no way to it.
OWED = f"""
SELECT d.merchant_id, m.merchant_no, m.name, d.funder_id, f.funder,
    CAST(sum(d.amount_fen) AS BIGINT) AS amount_fen, min(d.up_to) AS since_on
FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id AND d.transfer_id IS NULL
    CROSS JOIN merchants m ON m.merchant_id = d.merchant_id
WHERE f.programme_id = :programme_id AND m.merchant_no = :merchant
    AND ifnull(f.funder = :funder, 1) AND NOT {IS_HELD}
GROUP BY d.merchant_id, d.funder_id HAVING sum(d.amount_fen) > 0
ORDER BY f.funder
"""
LIST = Listing(Debt, ALL, "since_on, m.merchant_no, f.funder", names_columns=True)
BY_ROUND = """
SELECT round_id, CAST(sum(amount_fen) AS BIGINT), max(up_to) FROM dues
WHERE merchant_id = ? AND funder_id = ? AND transfer_id IS NULL
GROUP BY 1 ORDER BY 2, 1
"""
# When the same was noted before: the log keeps the reference of each amount that came in.
NOTED = """
SELECT a.at FROM audit a WHERE a.subject = :merchant AND a.deed = 'settlement.repaid'
    AND json_extract(a.detail, '$.funder') = :funder
    AND json_extract(a.detail, '$.amount_fen') = :amount_fen
    AND json_extract(a.detail, '$.reference') = :reference
    AND ifnull(json_extract(a.detail, '$.programme'), :programme) = :programme
ORDER BY a.audit_id LIMIT 1
"""
ACCOUNTS = {"repaid": "clawed_back", "written_off": "written_off"}


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    merchant: str | None = None,
    funder: str | None = None,
) -> Listed:
    """The debts of a programme, the oldest first."""
    return LIST.of(db, programme_id=programme_id, merchant=merchant, funder=funder)


def owed(
    db: sqlite3.Connection, programme_id: int, merchant: str, funder: str | None
) -> list[Debt]:
    """What a merchant is owed and could be paid, by funder; `since_on`: the first of its days."""
    asked = {"programme_id": programme_id, "merchant": merchant, "funder": funder}
    return typed.rows(db, Debt, OWED, asked)


def do_without(db: sqlite3.Connection, owed: Debt, fen: int, why: str, at: int) -> None:
    """So much of what a merchant is owed is given up, for it can never be paid: it is taken off the
    rounds in which most is owed, and posted. `fen` is at most what is owed.
    """
    rest, by_round = fen, typed.tuples(db, BY_ROUND, (owed.merchant_id, owed.funder_id))
    for round_id, balance_fen, up_to in reversed(by_round):
        part = min(rest, max(0, balance_fen))
        if part == 0:
            continue
        rest -= part
        due = Due(owed.funder_id, round_id, owed.merchant_id, -part)
        dues.add(db, "written_off", due, up_to)
        ledger.post(db, owed.funder_id, round_id, "payable", "written_off", part, why, at)


def noted_at(
    db: sqlite3.Connection, programme: str, debt: Debt, amount_fen: int, reference: str
) -> int | None:
    """When so much was noted as paid back with that reference (UTC seconds); None: it was not."""
    asked = {
        "programme": programme,
        "merchant": debt.merchant_no,
        "funder": debt.funder,
        "amount_fen": amount_fen,
        "reference": audit.as_logged({"reference": reference})["reference"],
    }
    return next(iter(typed.column(db, NOTED, asked)), None)


def settle(db: sqlite3.Connection, debt: Debt, fen: int, kind: str, why: str, at: int) -> None:
    """So much of a debt was `repaid`, or is `written_off`: it is taken off the rounds in which the
    merchant owes most, and posted. `fen` is at most the debt.
    """
    rest = fen
    for round_id, balance_fen, up_to in typed.tuples(
        db, BY_ROUND, (debt.merchant_id, debt.funder_id)
    ):
        part = min(rest, max(0, -balance_fen))
        if part == 0:
            continue
        rest -= part
        dues.add(db, kind, Due(debt.funder_id, round_id, debt.merchant_id, part), up_to)
        ledger.post(db, debt.funder_id, round_id, ACCOUNTS[kind], "payable", part, why, at)
