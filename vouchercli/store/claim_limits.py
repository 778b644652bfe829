"""Limits of the week, of the programme and of joined persons: they tie rounds together, so claims
go one at a time through `rules.claims` here. Where only the round's own limit counts,
`store.claims` judges by set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import claims as law
from vouchercli.rules import limits as limits_law
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.limits import Limits

ARE_JOINED = """
SELECT EXISTS (SELECT 1 FROM persons WHERE round_id IN (SELECT DISTINCT round_id
    FROM incoming_claims WHERE reason IS NULL))
"""
ROUNDS = (
    "SELECT round_id, round, state, mode, opens_at, closes_at, packs, claimed, per_resident FROM"
    " rounds WHERE programme_id = ?"
)
IN_TIME = """
SELECT place, claim_no, round, resident, claimed_at FROM incoming_claims WHERE reason IS NULL
    ORDER BY claimed_at, claim_no
"""
JOINED = """
SELECT DISTINCT i.round, i.resident, q.resident AS other FROM incoming_claims i
CROSS JOIN persons p ON p.round_id = i.round_id AND p.resident = i.resident
CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person
WHERE i.reason IS NULL ORDER BY q.resident
"""
HELD = """
SELECT r.round, c.resident, c.claimed_at, c.pack_no FROM (
    SELECT resident FROM incoming_claims WHERE reason IS NULL
    UNION
    SELECT q.resident FROM incoming_claims i CROSS JOIN persons p ON p.round_id = i.round_id
        AND p.resident = i.resident
    CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person WHERE i.reason IS NULL
) AS w CROSS JOIN claims c ON c.resident = w.resident CROSS JOIN rounds r ON r.round_id = c.round_id
WHERE r.programme_id = ?
"""
RULE = "UPDATE incoming_claims SET reason = ?, met = ?, pack_no = ? WHERE place = ?"

Numbers = dict[tuple[str, bytes], int]  # (round, resident) -> the number of the last pack


def are_joined(db: sqlite3.Connection) -> bool:
    """Whether residents of a round with fit rows are one person with others there."""
    return bool(typed.number(db, ARE_JOINED))


def judge(db: sqlite3.Connection, programme_id: int, limits: Limits, zone: str) -> None:
    """Hold the fit rows against quotas and limits, in the order of time."""
    rounds, granted = _rounds(db, programme_id, limits)
    numbers = _learn(db, programme_id, limits, zone, granted)
    rulings: list[tuple[str | None, str | None, int, int]] = []
    for place, claim_no, round_, resident, claimed_at in db.execute(IN_TIME).fetchall():
        met = law.limit_met(
            law.Claim(place, claim_no, round_, resident, claimed_at), rounds[round_], granted, zone
        )
        if met is None:
            numbers[(round_, resident)] = numbers.get((round_, resident), 0) + 1
        rulings.append((law.refusal(met), met, numbers.get((round_, resident), 0), place))
    db.executemany(RULE, rulings)


def _rounds(
    db: sqlite3.Connection, programme_id: int, limits: Limits
) -> tuple[dict[str, law.Round], law.Granted]:
    """The programme's rounds as the law knows them, and the packs that are gone."""
    rounds, granted = {}, law.Granted()
    for row in db.execute(ROUNDS, (programme_id,)):
        own = limits_law.of_round(
            row["mode"], row["per_resident"], limits.per_week, limits.per_programme
        )
        rounds[row["round"]] = law.Round(
            row["state"], row["opens_at"], row["closes_at"], row["packs"], own
        )
        granted.packs[row["round"]] = row["claimed"]
    return rounds, granted


def _learn(
    db: sqlite3.Connection, programme_id: int, limits: Limits, zone: str, granted: law.Granted
) -> Numbers:
    """Who is one person with whom, and what they all hold; the last pack_no of each."""
    for row in db.execute(JOINED):
        key = (row["round"], row["resident"])
        granted.persons[key] = (*granted.persons.get(key, ()), row["other"])
    numbers: Numbers = {}
    for round_, resident, claimed_at, pack_no in db.execute(HELD, (programme_id,)):
        granted.hold(
            round_,
            resident,
            limits.week(claimed_at, zone),
        )
        numbers[(round_, resident)] = max(pack_no, numbers.get((round_, resident), 0))
    return numbers
