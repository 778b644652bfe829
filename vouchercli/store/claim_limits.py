"""Limits of the week, of the programme and of joined persons: they tie rounds together, so claims
go one at a time through `rules.claims` here. Where only the round's own limit counts,
`store.claims` judges by set.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.rules import claims as law
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.limits import LimitsInTime

ARE_JOINED = """
SELECT EXISTS (SELECT 1 FROM persons WHERE round_id IN (SELECT DISTINCT round_id
    FROM incoming_claims WHERE reason IS NULL))
"""
ROUNDS = """
SELECT round, per_resident, claimed, state, opens_at, closes_at, packs FROM rounds
WHERE programme_id = ?
"""
IN_TIME = """
SELECT place, claim_no, round, resident, claimed_at, stands FROM incoming_claims
WHERE reason IS NULL ORDER BY claimed_at, stands DESC, claim_no
"""
JOINED = """
SELECT DISTINCT i.round, i.resident, q.resident AS other FROM incoming_claims i
CROSS JOIN persons p ON p.round_id = i.round_id AND p.resident = i.resident
CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person
WHERE i.reason IS NULL ORDER BY q.resident
"""
HELD = """
SELECT r.programme_id, r.round, c.resident, c.claimed_at, c.pack_no FROM (
    SELECT resident FROM incoming_claims WHERE reason IS NULL
    UNION
    SELECT q.resident FROM incoming_claims i CROSS JOIN persons p ON p.round_id = i.round_id
        AND p.resident = i.resident
    CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person WHERE i.reason IS NULL
) AS w CROSS JOIN claims c ON c.resident = w.resident CROSS JOIN rounds r ON r.round_id = c.round_id
WHERE r.programme_id IN (SELECT value FROM json_each(?))
"""
RULE = "UPDATE incoming_claims SET reason = ?, met = ?, pack_no = ? WHERE place = ?"

Numbers = Counter[tuple[str, bytes]]  # (round, resident) -> the number of the last pack


def are_joined(db: sqlite3.Connection) -> bool:
    """Whether residents of a round with fit rows are one person with others there."""
    return bool(typed.number(db, ARE_JOINED))


def judge(db: sqlite3.Connection, programme_id: int, limits: LimitsInTime, zone: str) -> None:
    """Hold the fit rows against quotas and limits, in the order of time."""
    rounds, granted = _rounds(db, programme_id, limits)
    numbers = _learn(db, programme_id, limits, zone, granted)
    rulings: list[tuple[str | None, str | None, int, int]] = []
    rows = [
        law.Claim(place, claim_no, round_, resident, at, stands=bool(stands))
        for place, claim_no, round_, resident, at, stands in db.execute(IN_TIME).fetchall()
    ]
    for claim, met in zip(rows, law.judge_limits(rows, rounds, granted, zone), strict=True):
        numbers[claim.round, claim.resident] += met is None
        last = numbers[claim.round, claim.resident]
        rulings.append((law.refusal(met), met, last, claim.line))
    db.executemany(RULE, rulings)


def _rounds(
    db: sqlite3.Connection, programme_id: int, limits: LimitsInTime
) -> tuple[dict[str, law.ClaimRound], law.GrantedPacks]:
    """The programme's rounds as the law knows them, and the packs that are gone."""
    rounds, granted = {}, law.GrantedPacks()
    for code, each, claimed, state, opens_at, closes_at, packs in db.execute(
        ROUNDS, (programme_id,)
    ):
        own = replace(limits, per_round=each)
        rounds[code] = law.ClaimRound(state, opens_at, closes_at, packs, own)
        granted.packs[code] = claimed
    return rounds, granted


def _learn(
    db: sqlite3.Connection,
    programme_id: int,
    limits: LimitsInTime,
    zone: str,
    granted: law.GrantedPacks,
) -> Numbers:
    """Who is one person with whom, and what they all hold; the last pack_no of each."""
    for round_, resident, other in db.execute(JOINED):
        granted.persons.setdefault((round_, resident), []).append(other)
    numbers: Numbers = Counter()
    counted = json.dumps([programme_id, *(other for other, _ in limits.across)])
    for programme, round_, resident, claimed_at, pack_no in db.execute(HELD, (counted,)):
        week = limits.week(claimed_at, zone)
        if programme != programme_id:
            granted.elsewhere.hold(programme, resident, week)
            continue
        granted.hold(round_, resident, week)
        numbers[round_, resident] = max(pack_no, numbers[round_, resident])
    return numbers
