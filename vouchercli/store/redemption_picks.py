"""Which redemptions a list begins with: found in the narrow table, run by run in the order of
time, before anything else is known of them. What a list shows is read for these alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.result import MOST_COUNTED
from vouchercli.store import merchant_runs, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

ROUNDS = """
SELECT round_id FROM rounds WHERE programme_id = :programme_id AND (:round IS NULL
    OR :round IN (round, nullif(family, '')))
"""
ALL_ROUNDS = "SELECT count(*) FROM rounds"
MERCHANT = "SELECT merchant_id FROM merchants WHERE merchant_no = ?"
# No payment is older than the first claim of its round.
FIRST_CLAIM = """
SELECT min((SELECT min(claimed_at) FROM claims c WHERE c.round_id = value)) FROM json_each(?)
"""
RUNS = """
SELECT first_id, last_id, first_paid_at FROM redemption_runs
WHERE last_paid_at >= ? AND first_paid_at <= ?
ORDER BY first_paid_at, first_id
"""
OF_ROUNDS = """
    AND f.paid_at BETWEEN :since AND :until
    AND (:is_any_round OR f.split_id IN (SELECT s.split_id FROM json_each(:rounds) r
        CROSS JOIN splits s ON s.round_id = r.value))
"""
IN_ORDER = "ORDER BY f.paid_at, f.redemption_id LIMIT :most"
PICK = "SELECT f.redemption_id, f.paid_at FROM redemptions f WHERE "
IN_RUN = "f.redemption_id BETWEEN :first_id AND :last_id"
AMONG = "f.redemption_id IN (SELECT value FROM json_each(:ids))"
IN_RUN_IN_ORDER = PICK + IN_RUN + OF_ROUNDS + IN_ORDER
AMONG_IN_ORDER = PICK + AMONG + OF_ROUNDS + IN_ORDER
COUNT_IN_RUN, COUNT_AMONG = (
    "SELECT count(*) FROM (" + PICK + where + OF_ROUNDS + "LIMIT :most)"
    for where in (IN_RUN, AMONG)
)
# Refunds whose subsidy stays: few, and found by the index of refunds.
WITHOUT_SALE = (
    PICK
    + """f.refund_of IS NOT NULL AND f.split_id IN (SELECT split_id FROM splits WHERE stays = 1)
    AND (:merchant_id IS NULL OR f.merchant_id = :merchant_id)
"""
    + OF_ROUNDS
    + IN_ORDER
)

Place = tuple[int, int]  # (paid_at, redemption_id)


def rounds_of(db: sqlite3.Connection, programme_id: int, code: str | None) -> list[int]:
    """The rounds (ids) of a programme, of that code alone when one is given."""
    return typed.column(db, ROUNDS, {"programme_id": programme_id, "round": code})


class Picked:
    """The redemptions of some rounds, at one merchant when its number is given; `without_sale`:
    only refunds whose subsidy stays; `within` a span of time (`lists.span`). `is_narrow`: it is not
    worth while to read all others.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        rounds: list[int],
        merchant_no: str | None,
        within: dict[str, int],
        *,
        without_sale: bool,
    ) -> None:
        self._db, self._without_sale = db, without_sale
        self._merchant: int | None = None
        self._is_nothing = False
        self._at_merchant: dict[tuple[int, int], str] = {}  # by run: picked first, counted then
        if merchant_no is not None:
            self._merchant = next(iter(typed.column(db, MERCHANT, (merchant_no,))), None)
            self._is_nothing = self._merchant is None
        self.is_narrow = merchant_no is not None or without_sale
        self._asked: dict[str, Any] = {
            "rounds": json.dumps(rounds),
            "is_any_round": len(rounds) == typed.number(db, ALL_ROUNDS),
            **within,
        }

    def first(self, most: int | None) -> list[int]:
        """The ids of the oldest (None: of all), in no order."""
        limit = -1 if most is None else most
        if self._without_sale:
            return [] if self._is_nothing else [place[1] for place in self._refunds(limit)]
        found: list[Place] = []
        for run, first_paid_at in self._runs():
            if len(found) == most and found[-1][0] < first_paid_at:
                break  # no later run has an older one
            found = sorted([*found, *self._of_run(run, limit)])[:most]
        return [place[1] for place in found]

    def count(self) -> int:
        """How many there are, at most MOST_COUNTED."""
        if self._without_sale:
            return len(self.first(MOST_COUNTED))
        count = 0
        for run, _ in self._runs():
            if count >= MOST_COUNTED:
                break
            statement, asked = self._in_run(run, (COUNT_IN_RUN, COUNT_AMONG))
            count += typed.number(self._db, statement, {**asked, "most": MOST_COUNTED - count})
        return count

    def _refunds(self, most: int) -> list[Place]:
        asked = {**self._asked, "merchant_id": self._merchant, "most": most}
        return _places(self._db, WITHOUT_SALE, asked)

    def _runs(self) -> Iterator[tuple[tuple[int, int], int]]:
        """The runs (first and last id) that may hold one, and the time of their first row."""
        first_claim = None if self._is_nothing else self._since()
        if first_claim is not None:
            span = (max(first_claim, self._asked["since"]), self._asked["until"])
            for first_id, last_id, first_paid_at in self._db.execute(RUNS, span).fetchall():
                yield (first_id, last_id), first_paid_at

    def _since(self) -> int | None:
        """From when on the rounds have claims; None: they have none."""
        (since,) = self._db.execute(FIRST_CLAIM, (self._asked["rounds"],)).fetchone()
        return None if since is None else int(since)

    def _of_run(self, run: tuple[int, int], most: int) -> list[Place]:
        statement, asked = self._in_run(run, (IN_RUN_IN_ORDER, AMONG_IN_ORDER))
        return _places(self._db, statement, {**asked, "most": most})

    def _in_run(
        self, run: tuple[int, int], statements: tuple[str, str]
    ) -> tuple[str, dict[str, Any]]:
        """The statement for rows of a run, or for those at the merchant, with what it asks."""
        if self._merchant is None:
            return statements[0], {**self._asked, "first_id": run[0], "last_id": run[1]}
        if run not in self._at_merchant:
            ids = merchant_runs.places(self._db, run, self._merchant)
            self._at_merchant[run] = json.dumps(ids)
        return statements[1], {**self._asked, "ids": self._at_merchant[run]}


def _places(db: sqlite3.Connection, statement: str, asked: dict[str, Any]) -> list[Place]:
    return [(paid_at, redemption_id) for redemption_id, paid_at in db.execute(statement, asked)]
