"""Histories of several desks with sealed days in which two people correct rows: nothing sealed
changes, every row that was reversed stays, and every report says again what was known on each day.

Set CORRECTED to try more histories; the slow tests try more of them.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import towns
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interleaved import BY_COLUMNS, BY_ROWS, POLICIES, TRIED, Town
from test_sealed_histories import SEALED_NUMBERS, Sealer, histories

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import corrections
from vouchercli.ops.proof.check import check_all
from vouchercli.ops.proof.proving import Reach
from vouchercli.ops.reports.leverage import report_leverage
from vouchercli.ops.reports.rounds import report_rounds
from vouchercli.rules import times
from vouchercli.store import correction_checks, day_proofs
from vouchercli.store import days as store

MANY = int(os.environ.get("CORRECTED", "0"))
GROUPINGS = ("round", "day", "coupon", "merchant", "district")
# What stands, and what was reversed: no row that ever came is lost.
EVER = """
SELECT transaction_no, kind, paid_at, base_fen, 0 FROM redemption_facts
UNION ALL
SELECT v.transaction_no, iif(v.refund_of IS NULL, 'pay', 'refund'), v.paid_at, v.base_fen, 1
FROM reversed_redemptions v
"""
# As in test_sealed_histories.py, with the rows that were reversed since, less the reversals that are
# booked on the day.
SHARED = """
WITH ever AS (
    SELECT redemption_id, day, split_id FROM redemptions
    UNION ALL SELECT redemption_id, day, split_id FROM reversed_redemptions
)
SELECT (SELECT ifnull(sum(p.amount_fen), 0) FROM ever f JOIN split_parts p USING (split_id)
        WHERE f.redemption_id <= ?3 AND (f.day = ?1 OR f.day < ?1 AND f.redemption_id > ?2))
    - (SELECT ifnull(sum(p.amount_fen), 0) FROM reversed_redemptions v
        JOIN split_parts p USING (split_id) WHERE v.booked_on = ?1)
"""
REVERSED = "SELECT redemption_id FROM reversed_redemptions"
CORRECTIONS = st.tuples(
    st.just("correct"),
    st.integers(0, 9),
    st.sampled_from(["amount", "amount", "time", "shop", "number", "reverse", "claim", "no claim"]),
    st.integers(1, 9),
)


def corrected(longest: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Histories with sealed days, and corrections put in between."""
    return st.tuples(
        histories(longest),
        st.lists(st.tuples(st.integers(0, longest), CORRECTIONS), min_size=1, max_size=longest),
    ).map(_mixed)


def _mixed(drawn: tuple[Any, Any]) -> tuple[Any, ...]:
    (rows, files, steps), more = drawn
    mixed = [*steps]
    for place, step in more:
        mixed.insert(min(place, len(mixed)), step)
    return rows, files, mixed


class Corrector(Sealer):
    """Desks whose rows two people correct; what was known on a sealed day is asked again."""

    shared = SHARED
    known: dict[int, Any]
    reversed: set[int]

    def correct(self, place: int, what: str, how: int) -> None:
        facts = sorted(self.facts())
        if not facts:
            return
        fact = facts[place % len(facts)]
        proposed = self._propose(fact, what, how)
        correction = (proposed.data or {})["correction"]
        corrections.approve(self.session._replace(actor="lin", os_user="lin"), correction)

    def _propose(self, fact: Any, what: str, how: int) -> Any:
        said = {"note": "wrong", "evidence": "receipt"}
        mei = self.session._replace(actor="mei", os_user="mei")
        if "claim" in what:
            at = times.iso(towns.at("2020-03-27 08:00") + how * 60, "UTC")
            changes = {"is_reversed": True} if what == "no claim" else {"claimed_at": at}
            return corrections.correct_claim(mei, fact.claim, **said, **changes)
        changes = {
            "amount": {"order_amount": f"{45 + how}.00"},
            "time": {"paid_at": times.iso(fact.paid_at + (how - 5) * 3600, "UTC")},
            "shop": {"merchant_no": "M2"},
            "number": {"transaction_no": f"X{how}"},
            "reverse": {"is_reversed": True},
        }[what]
        return corrections.correct_redemption(mei, fact.number, fact.kind, **said, **changes)

    def seal(self, number: int) -> None:
        super().seal(number)
        last = store.last(self.session.db, 1)
        if last is not None and last.day not in self.known:
            self.known[last.day] = self.seen(as_of=last.ends_at - 1)

    def seen(self, **how: int) -> Any:
        """What reports say."""
        rows = []
        for by in GROUPINGS:
            shown = report_leverage(self.session, by=by, **how).tables[0]
            rows.append([{**row, "name": ""} for row in (*shown.rows, shown.total)])
        rounds = report_rounds(self.session, **how).tables[0].rows
        return rows, [{**row, "breaches": None} for row in rounds]

    def stands(self) -> None:
        """As `Sealer.stands`, but that a sealed row may be reversed; and what was known on each
        sealed day is known again.
        """
        self.sealed = {fact: batch for fact, batch in self.facts().items() if self._is_sealed(fact)}
        super().stands()
        for check in correction_checks.CHECKS.values():
            assert check(self.session.db) == []
        reversed_ = {row[0] for row in self.ask(REVERSED)}
        assert self.reversed <= reversed_
        self.reversed = reversed_
        for day, said in self.known.items():
            assert self.seen(known_on=day) == said, day

    def _is_sealed(self, fact: Any) -> bool:
        return (fact.number, fact.kind) in self.ask(SEALED_NUMBERS)


def corrections_hold(town: Town, history: tuple[Any, ...]) -> None:
    rows, files, steps = history
    with TemporaryDirectory() as folder:
        desks = Corrector(Path(folder, "a"), town)
        desks.sealed, desks.said, desks.known, desks.reversed = {}, {}, {}, set()
        with closing(desks.session.db):
            for file, places in enumerate(files):
                desks.write(file, [rows[each] if each < len(rows) else None for each in places])
            for verb, drawn, *more in steps:
                number = drawn % len(files) if verb in ("go", "retry", "undo") else drawn
                before = desks.ask(EVER)
                try:
                    getattr(desks, verb)(number, *more)
                except VoucherError:  # refused: nothing has changed
                    assert not desks.session.db.in_transaction
                    assert desks.ask(EVER) == before
                desks.stands()
            for file in range(len(files)):
                if desks.batch(file):
                    desks.go(file, 0)
                    desks.retry(file)
                    desks.stands()
            desks.seal(20)
            desks.stands()
            assert day_proofs.breaches(desks.session.db) == []
            for reach in Reach:
                assert check_all(desks.session, reach).problems == ()


@settings(TRIED, max_examples=MANY or 3)
@given(history=corrected(8))
def test_whatever_is_corrected_what_was_known_stays(history: Any) -> None:
    corrections_hold(Town("full_restores"), history)


@pytest.mark.slow
@settings(TRIED, max_examples=MANY or 200)
@given(
    policy=st.sampled_from([*POLICIES]),
    limit=st.sampled_from([None, 1]),
    lines=st.integers(2, 4),
    bytes_=st.sampled_from([BY_ROWS, BY_COLUMNS]),
    history=corrected(12),
)
def test_long_corrected_histories(
    policy: str, limit: int | None, lines: int, bytes_: int, history: Any
) -> None:
    corrections_hold(Town(policy, limit, lines, bytes_), history)
