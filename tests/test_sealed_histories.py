"""Histories of several desks, as in test_interleaved.py, with days that are sealed in between: what is
sealed never changes, whatever comes, is judged again or undone; each day has what was booked on it.

Set SEALED to try more histories; the slow tests try more of them.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interleaved import BY_COLUMNS, BY_ROWS, POLICIES, TRIED, Desks, Town, rows_of
from test_interleaved import DRAWN as ROWS

from vouchercli.errors import VoucherError
from vouchercli.ops.money import days
from vouchercli.rules import times
from vouchercli.store import day_proofs
from vouchercli.store import days as store

FIRST = date(2020, 3, 27)
MANY = int(os.environ.get("SEALED", "0"))
SEALED_NUMBERS = """
SELECT f.transaction_no, f.kind FROM redemption_facts f, last_seals x
WHERE f.redemption_id <= x.last_redemption_id AND f.day <= x.day
"""
BOOKED = """
SELECT g.booked_on, sum(CASE WHEN g.to_account = 'payable' THEN g.amount_fen ELSE -g.amount_fen END)
FROM postings g WHERE 'payable' IN (g.from_account, g.to_account) GROUP BY g.booked_on
"""
# What the funders share of the rows of a day that were written by its seal, and of those of days
# before it that were written after the seal before.
SHARED = """
SELECT ifnull(sum(p.amount_fen), 0) FROM redemptions f JOIN split_parts p USING (split_id)
WHERE f.redemption_id <= ?3 AND (f.day = ?1 OR f.day < ?1 AND f.redemption_id > ?2)
"""


def histories(longest: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """As in test_interleaved.py, with steps that seal the days up to one, counted from the first."""
    file = st.integers(0, 3)
    go = st.tuples(st.just("go"), file, st.sampled_from([0, 0, 1, 2]))
    steps = st.one_of(
        go,
        go,
        st.tuples(st.sampled_from(["retry", "undo"]), file),
        st.tuples(st.just("seal"), st.integers(0, 4)),
    )
    return st.tuples(
        st.lists(ROWS, min_size=2, max_size=longest).map(rows_of),
        st.lists(st.lists(st.integers(0, longest), min_size=1, max_size=8), min_size=2, max_size=4),
        st.lists(steps, min_size=3, max_size=longest),
    )


class Sealer(Desks):
    """Desks whose days are sealed: what each seal covered must stand for good."""

    shared = SHARED
    sealed: dict[Any, int]
    said: dict[int, Any]  # of each sealed day what was said when it was first seen

    def seal(self, number: int) -> None:
        last = times.as_day(FIRST + timedelta(days=number))
        days.close_day(self.session._replace(actor="mei"), last)
        facts = self.facts()
        numbers = self.ask(SEALED_NUMBERS)
        self.sealed = {
            fact: batch for fact, batch in facts.items() if (fact.number, fact.kind) in numbers
        }

    def stands(self) -> None:
        """The sealed rows stand as they were, with their batches; seals are what the facts give; the
        days' subsidies are what was posted on them.
        """
        self.books_hold()
        facts = self.facts()
        for fact, batch in self.sealed.items():
            assert facts.get(fact) == batch, fact
        assert day_proofs.breaches(self.session.db) == []
        now = {day.day: day for day in store.in_order(self.session.db, 1)}
        self.said = now | self.said
        assert self.said == now
        posted, before = dict(self.ask(BOOKED)), 0
        for day in store.in_order(self.session.db, 1):
            (shared,) = self.ask(self.shared, day.day, before, day.last_redemption_id)
            assert (posted.get(day.day, 0),) == shared, day
            before = day.last_redemption_id


def seals_hold(town: Town, history: tuple[Any, ...]) -> None:
    rows, files, steps = history
    with TemporaryDirectory() as folder:
        desks = Sealer(Path(folder, "a"), town)
        desks.sealed, desks.said = {}, {}
        with closing(desks.session.db):
            for file, places in enumerate(files):
                desks.write(file, [rows[each] if each < len(rows) else None for each in places])
            for verb, drawn, *more in steps:
                try:
                    number = drawn if verb == "seal" else drawn % len(files)
                    getattr(desks, verb)(number, *more)
                except VoucherError:  # nothing to retry, something rests on it, or it is sealed
                    assert not desks.session.db.in_transaction
                desks.stands()
            for file in range(len(files)):
                if desks.batch(file):
                    desks.go(file, 0)
                    desks.stands()
                    desks.retry(file)
                    desks.stands()
            desks.seal(20)
            desks.stands()


@settings(TRIED, max_examples=MANY or 3)
@given(history=histories(9))
def test_what_is_sealed_stands_whatever_comes(history: Any) -> None:
    seals_hold(Town("full_restores"), history)


@pytest.mark.slow
@settings(TRIED, max_examples=MANY or 300)
@given(
    policy=st.sampled_from([*POLICIES]),
    limit=st.sampled_from([None, 1]),
    lines=st.integers(2, 4),
    bytes_=st.sampled_from([BY_ROWS, BY_COLUMNS]),
    history=histories(14),
)
def test_long_sealed_histories(
    policy: str, limit: int | None, lines: int, bytes_: int, history: Any
) -> None:
    seals_hold(Town(policy, limit, lines, bytes_), history)
