"""What a plan rests on: who is on the eligibility list, what earlier rounds came to, the merchants
of a scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import scope
from vouchercli.rules.leverage import Sums
from vouchercli.rules.merchants import Merchant
from vouchercli.store import prolongations

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.rules.scope import Scope

RESIDENTS = """
SELECT count(DISTINCT resident) FROM eligibility WHERE programme_id = :programme_id
    AND (:group = '' OR resident_group = :group)
"""
RESIDENTS_BY_DISTRICT = """
SELECT district, count(DISTINCT resident) AS residents FROM eligibility
WHERE programme_id = :programme_id AND (:group = '' OR resident_group = :group)
GROUP BY district ORDER BY district
"""
APPLICATIONS = "SELECT count(*) FROM applications WHERE round_id = ?"
# A later claim never expires earlier: the last one says when the last voucher of the round is over.
PAST = f"""
SELECT r.round_id, r.round, p.programme, p.time_zone, t.template, t.template || '@' || t.version,
    r.mode, r.packs, r.claimed, r.opens_at,
    r.claimed * t.coupons AS vouchers, r.claimed * t.pack_value_fen AS face_fen,
    (SELECT c.claimed_at FROM claims c WHERE c.round_id = r.round_id ORDER BY c.claimed_at DESC
        LIMIT 1) AS last_claimed_at,
    (SELECT {prolongations.ENDS_AT} FROM claims c WHERE c.round_id = r.round_id
        ORDER BY c.claimed_at DESC LIMIT 1) AS last_expires_at
FROM rounds r JOIN templates t USING (template_id) JOIN programmes p USING (programme_id)
WHERE r.state IN ('closed', 'settled', 'archived') AND r.claimed > 0 AND r.round_id <> ?
ORDER BY r.opens_at, r.round_id
"""
SUMS = """
SELECT round_id, sum(vouchers) AS vouchers, sum(base_fen) AS base_fen,
    sum(subsidy_fen) AS paid_fen, sum(public_fen) AS public_fen,
    sum(platform_fen) AS platform_fen, sum(match_fen) AS match_fen, sum(floor_fen) AS floor_fen,
        sum(face_fen) AS face_fen, sum(stays_fen) AS stays_fen
FROM group_totals WHERE grouping = 'round' GROUP BY round_id
"""


class District(NamedTuple):
    """How many residents of a district are on the list."""

    district: str
    residents: int


def residents(db: sqlite3.Connection, programme_id: int, group: str) -> tuple[int, list[District]]:
    """How many residents are on the programme's list for a group ('' = any), and how many by
    district.
    """
    wanted = {"programme_id": programme_id, "group": group}
    return (
        int(db.execute(RESIDENTS, wanted).fetchone()[0]),
        [*map(District._make, db.execute(RESIDENTS_BY_DISTRICT, wanted))],
    )


def applications(db: sqlite3.Connection, round_id: int) -> int:
    """How many applications a round has by now."""
    return int(db.execute(APPLICATIONS, (round_id,)).fetchone()[0])


class PastRound(NamedTuple):
    """A closed round: what was claimed of it, its `vouchers` and their face (fen), its last claim
    and when the last of its vouchers is over.
    """

    round_id: int
    round: str
    programme: str
    time_zone: str
    template: str
    pinned: str
    mode: str
    packs: int
    claimed: int
    opens_at: int
    vouchers: int
    face_fen: int
    last_claimed_at: int
    last_expires_at: int


def past(db: sqlite3.Connection, but_round_id: int) -> list[PastRound]:
    """Every other closed round of the city that was claimed from, of all its programmes, by
    opening.
    """
    return [*map(PastRound._make, db.execute(PAST, (but_round_id,)))]


def sums(db: sqlite3.Connection) -> dict[int, Sums]:
    """What was redeemed of each round, net of refunds; a round that nothing was redeemed of is left
    out.
    """
    return {
        row["round_id"]: Sums(**{key: row[key] for key in row.keys() if key != "round_id"})  # noqa: SIM118
        for row in db.execute(SUMS)
    }


ELIGIBLE = """
SELECT merchant_no, district, industry, size, is_registered FROM merchants
WHERE merchant_id NOT IN (SELECT merchant_id FROM suspensions WHERE from_at <= :at
    AND (until_at IS NULL OR :at < until_at))
ORDER BY district, merchant_no
"""


def merchants_at(db: sqlite3.Connection, where: Scope, at: int) -> Iterator[Merchant]:
    """The merchants that a scope covers and that are not suspended at that second."""
    standing = (Merchant(*row) for row in db.execute(ELIGIBLE, {"at": at}))
    return (each for each in standing if scope.covers(where, each))
