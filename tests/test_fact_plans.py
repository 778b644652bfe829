"""How SQLite finds facts: by their voucher or their id, never by looking through all of them or by
an index made for one question. Timings cannot be held by a test; plans can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.store import (
    claims,
    duplicates,
    incoming,
    judging,
    proved_redemptions,
    redemptions,
    releases,
    reopening,
    totals,
    transaction_numbers,
    uptake,
    use_limits,
    used_claims,
)
from vouchercli.store import db as store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

LAW = (
    "lawful_subsidy",
    "is_in_scope",
    "used_channel",
    "kept_details",
    "broken_detail",
    "usable_at",
    "visit_limit",
    "counts",
    "use_said",
    "yuan",
)
STATEMENTS = {
    "judge": judging.JUDGE.split(" AS\n", 1)[1],
    "shared": judging.CONTEST_SHARED,
    "visits": judging.CONTEST_VISITS,
    "standing payments": judging.STANDING_PAYMENTS,
    "standing refunds": judging.STANDING_REFUNDS,
    "standing numbers": judging.STANDING_NUMBERS,
    "standing visits": judging.STANDING_VISITS,
    "used by residents": use_limits.OF_RESIDENTS,
    "paid in a span": use_limits.OF_SPAN,
    "refunded in other months": use_limits.OF_OTHER_MONTHS,
    "explain": judging.EXPLAIN,
    "holder": judging.NAME_HOLDER,
    "same voucher": reopening.SAME_VOUCHER,
    "same visit": reopening.SAME_VISIT,
    "same resident": reopening.SAME_RESIDENT,
    "same number": reopening.SAME_NUMBER,
    "overtaken": reopening.OVERTAKEN,
    "of others": reopening.OF_OTHERS,
    "companions": reopening.COMPANIONS,
    "stage": reopening.STAGE,
    "accept": redemptions.ACCEPT,
    "stands on": redemptions.STANDS_ON,
    "all leave": redemptions.ALL_LEAVE,
    "sole payment": proved_redemptions.SOLE_PAYMENT,
    **{f"the same of {kind}": statement for kind, statement in duplicates.IS_SAID.items()},
    "alive": releases.PAID_BY_ALIVE,
    "unexpired": uptake.USED_UNEXPIRED,
    "claims undone": claims.STANDS_ON,
    "merchants": totals.COUNT,
    "used: written": used_claims.PAID,
    "used: refunded": used_claims.REFUNDED,
    "used: counted anew": used_claims.FACTS,
    "used: on a part of a day": used_claims.IN_SPAN,
    "used: at a moment": used_claims.STOOD,
    "first and last claim": uptake.SPAN_OF_CLAIMS,
    "claims that can be used": uptake.UNEXPIRED,
}


@pytest.fixture
def db(city: Any, here: Path) -> sqlite3.Connection:
    """A file with the temporary tables of an import."""
    city()
    db = store.open_db(here / "voucher.db")
    for name in LAW:
        db.create_function(name, -1, lambda *_: 1)
    db.execute(judging.CREATE_INCOMING)
    db.execute(judging.JUDGE, {"programme_id": 1, "latest_at": 0})
    db.execute(redemptions.CREATE_ACCEPTED)
    db.execute(incoming.CREATE_FREED)
    db.execute(used_claims.CREATE)
    redemptions.expect_leaving(db)
    transaction_numbers.expect_none(db)
    return db


# Few rows that a statement may look through: all refunds, the runs that are not counted yet.
FEW = {
    "overtaken": "USING INDEX redemptions_by_payment",
    "merchants": "SCAN u",
    "used: counted anew": "SCAN u",
}
FACTS = re.compile(r"SCAN (f|o|l|x|p|u|b|redemptions|redemption_facts|claims|applications)\b")


def plan(db: sqlite3.Connection, statement: str) -> list[str]:
    """The steps of SQLite's plan."""
    named = dict.fromkeys(re.findall(r":(\w+)", statement), 0)
    numbered = [int(number) for number in re.findall(r"\?(\d+)", statement)]
    plain = (0,) * (max(numbered) if numbered else statement.count("?"))
    steps = db.execute(f"EXPLAIN QUERY PLAN {statement}", named or plain)
    return [step["detail"] for step in steps]


@pytest.mark.parametrize("name", STATEMENTS)
def test_facts_are_found_by_their_voucher_or_their_id(db: sqlite3.Connection, name: str) -> None:
    steps = plan(db, STATEMENTS[name])
    assert steps and not [step for step in steps if "AUTOMATIC" in step]
    scans = [step for step in steps if FACTS.match(step)]
    assert not [step for step in scans if FEW.get(name, "nothing") not in step]


def test_claims_that_can_be_used_are_counted_by_the_index_alone(db: sqlite3.Connection) -> None:
    for statement in (uptake.UNEXPIRED, uptake.UNEXPIRED_FOR_SURE, uptake.SPAN_OF_CLAIMS):
        steps = [step for step in plan(db, statement) if "claims" in step]
        assert steps and all("COVERING INDEX claims_by_round" in step for step in steps)


def test_a_plan_that_looks_through_all_facts_is_known(db: sqlite3.Connection) -> None:
    steps = plan(db, "SELECT 1 FROM redemptions f WHERE f.claim_id = ?")
    assert [bool(FACTS.match(step)) for step in steps] == [True]
