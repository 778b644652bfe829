"""Limits beyond the number of packs of a round, and joined persons: they tie rounds together, so
claims go one at a time through `rules.claims` here. Where only the round's own limit counts,
`store.claims` judges by set.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import claims as law
from vouchercli.rules import templates as template_rules
from vouchercli.rules.claim_limits import Pack, Terms, reached
from vouchercli.rules.limits import AGAIN, FACE
from vouchercli.store import limits as timelines
from vouchercli.store import prolongations, replacements, templates, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.rules.claim_limits import LimitsInTime

ARE_JOINED = """
SELECT EXISTS (SELECT 1 FROM persons WHERE round_id IN (SELECT DISTINCT round_id
    FROM incoming_claims WHERE reason IS NULL))
"""
ROUNDS = """
SELECT round_id, round, per_resident, claimed, state, opens_at, closes_at, packs FROM rounds
WHERE programme_id = ?
"""
TERMS = """
SELECT r.round_id, r.programme_id, r.round, r.family, t.template,
    trim(ifnull(t.document ->> '$.kind', '')), t.pack_value_fen, t.coupons, t.document,
    r.opens_at
FROM rounds r JOIN templates t USING (template_id)
WHERE r.programme_id IN (SELECT value FROM json_each(?))
"""
IN_TIME = """
SELECT place, claim_no, round, resident, claimed_at, stands, ends_at, claim_id FROM incoming_claims
WHERE reason IS NULL ORDER BY claimed_at, stands DESC, claim_no
"""
JOINED = """
SELECT DISTINCT i.round, i.resident, q.resident AS other FROM incoming_claims i
CROSS JOIN persons p ON p.round_id = i.round_id AND p.resident = i.resident
CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person
WHERE i.reason IS NULL ORDER BY q.resident
"""
HELD = """
SELECT c.claim_id, c.round_id, r.round, c.resident, c.claimed_at, c.expires_at, c.pack_no FROM (
    SELECT resident FROM incoming_claims WHERE reason IS NULL
    UNION
    SELECT q.resident FROM incoming_claims i CROSS JOIN persons p ON p.round_id = i.round_id
        AND p.resident = i.resident
    CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person WHERE i.reason IS NULL
) AS w CROSS JOIN claims c ON c.resident = w.resident CROSS JOIN rounds r ON r.round_id = c.round_id
WHERE r.programme_id IN (SELECT value FROM json_each(?))
"""
HELD_BY = """
SELECT c.claim_id, c.round_id, r.round, c.resident, c.claimed_at, c.expires_at, c.pack_no
FROM claims c JOIN rounds r ON r.round_id = c.round_id
WHERE c.resident = ? AND r.programme_id IN (SELECT value FROM json_each(?))
"""
# What was paid with a pack, and what refunds gave back of it.
USES = """
SELECT w.value, f.paid_at, f.voucher, CASE WHEN f.refund_of IS NULL THEN 1 ELSE b.spent END
FROM json_each(?) w CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN w.value * 1024 AND w.value * 1024 + 1023
LEFT JOIN refunds b ON b.redemption_id = f.redemption_id
"""
RULE = "UPDATE incoming_claims SET reason = ?, met = ?, pack_no = ? WHERE place = ?"

Numbers = Counter[tuple[str, bytes]]  # (round, resident) -> the number of the last pack
Uses = dict[int, tuple[tuple[int, int, int], ...]]  # claim_id -> `Pack.uses`


class HeldClaim(NamedTuple):
    """A claim that stands, as limits see it."""

    claim_id: int
    round_id: int
    round: str
    resident: bytes
    claimed_at: int
    expires_at: int
    pack_no: int


def are_joined(db: sqlite3.Connection) -> bool:
    """Whether residents of a round with fit rows are one person with others there."""
    return bool(typed.number(db, ARE_JOINED))


def judge(db: sqlite3.Connection, programme_id: int, limits: LimitsInTime, zone: str) -> None:
    """Hold the fit rows against quotas and limits, in the order of time."""
    known = terms(db, programme_id, limits, zone)
    rounds, granted = _rounds(db, programme_id, limits, known)
    numbers = _learn(db, programme_id, limits, known, granted)
    rulings: list[tuple[str | None, str | None, int, int]] = []
    rows = _rows(db, limits)
    for claim, met in zip(rows, law.judge_limits(rows, rounds, granted, zone), strict=True):
        numbers[claim.round, claim.resident] += met is None
        last = numbers[claim.round, claim.resident]
        rulings.append((law.refusal(met), met, last, claim.line))
    db.executemany(RULE, rulings)


def _rows(db: sqlite3.Connection, limits: LimitsInTime) -> list[law.Claim]:
    """The fit rows; what stands among them with what was paid with it."""
    rows = typed.tuples(db, IN_TIME)
    uses = _uses(db, limits, (row[-1] for row in rows if row[-1] is not None))
    return [
        law.Claim(
            place,
            no,
            round_,
            resident,
            at,
            stands=bool(stands),
            uses=uses.get(claim_id, ()),
            ends_at=ends_at,
        )
        for place, no, round_, resident, at, stands, ends_at, claim_id in rows
    ]


def _rounds(
    db: sqlite3.Connection, programme_id: int, limits: LimitsInTime, known: dict[int, Terms]
) -> tuple[dict[str, law.ClaimRound], law.GrantedPacks]:
    """The programme's rounds as the law knows them, and the packs that are gone."""
    rounds, granted = {}, law.GrantedPacks()
    for round_id, code, each, claimed, state, opens_at, closes_at, packs in db.execute(
        ROUNDS, (programme_id,)
    ):
        own = replace(limits, per_round=each)
        rounds[code] = law.ClaimRound(state, opens_at, closes_at, packs, own, terms=known[round_id])
        granted.packs[code] = claimed
    return rounds, granted


def _learn(
    db: sqlite3.Connection,
    programme_id: int,
    limits: LimitsInTime,
    known: dict[int, Terms],
    granted: law.GrantedPacks,
) -> Numbers:
    """Who is one person with whom, and what they all hold; the last pack_no of each."""
    for round_, resident, other in db.execute(JOINED):
        granted.persons.setdefault((round_, resident), []).append(other)
    numbers: Numbers = Counter()
    held = typed.rows(db, HeldClaim, HELD, (_counted(programme_id, limits),))
    for claim, pack in zip(held, _packs(db, held, limits, known), strict=True):
        granted.held[claim.resident].append(pack)
        if pack.terms.programme == programme_id:
            last = numbers[claim.round, claim.resident]
            numbers[claim.round, claim.resident] = max(claim.pack_no, last)
    return numbers


def _counted(programme_id: int, limits: LimitsInTime) -> str:
    """The programmes whose packs ever counted, as JSON."""
    return json.dumps([programme_id, *(other for other, _ in limits.across)])


def terms(
    db: sqlite3.Connection, programme_id: int, limits: LimitsInTime, zone: str
) -> dict[int, Terms]:
    """What limits ask of each round, by round_id, of every programme whose packs ever counted. When
    packs expire is asked only where it matters.
    """
    known: dict[int, Terms] = {}
    later: dict[int, list[tuple[int, int]]] = {}
    for each in prolongations.every(db) if limits.asks_for_uses else ():
        later.setdefault(each.round_id, []).append((each.from_at, each.until_at))
    counted = (_counted(programme_id, limits),)
    for round_id, programme, *named, face_fen, coupons, document, opens_at in typed.tuples(
        db, TERMS, counted
    ):
        words = frozenset(filter(None, (*named, replacements.word(named[0]))))
        known[round_id] = Terms(programme, words, face_fen, coupons)
        if limits.asks_for_uses:
            pack = template_rules.of_round(templates.read(document), opens_at)
            ends = partial(template_rules.expires_at, pack, zone=zone)
            known[round_id] = known[round_id]._replace(
                expires_at=ends, later_ends=tuple(later.get(round_id, ()))
            )
    return known


WORDS = """
SELECT r.round FROM rounds r JOIN programmes p USING (programme_id) WHERE p.programme = :programme
UNION SELECT r.family FROM rounds r JOIN programmes p USING (programme_id)
WHERE p.programme = :programme AND r.family <> ''
UNION SELECT template FROM templates
UNION SELECT trim(document ->> '$.kind') FROM templates WHERE document ->> '$.kind' IS NOT NULL
"""


def words(db: sqlite3.Connection, programme: str) -> set[str]:
    """What limits of a programme may call rounds: by their codes, families, templates and kinds."""
    return {row[0] for row in db.execute(WORDS, {"programme": programme})}


def packs_of(
    db: sqlite3.Connection,
    programme_id: int,
    residents: Iterable[bytes],
    limits: LimitsInTime,
    known: dict[int, Terms],
) -> list[Pack]:
    """The packs that these residents hold, of all programmes that ever counted."""
    counted = _counted(programme_id, limits)
    held = [
        each
        for resident in residents
        for each in typed.rows(db, HeldClaim, HELD_BY, (resident, counted))
    ]
    return _packs(db, held, limits, known)


def _packs(
    db: sqlite3.Connection, held: list[HeldClaim], limits: LimitsInTime, known: dict[int, Terms]
) -> list[Pack]:
    uses = _uses(db, limits, (each.claim_id for each in held))
    return [
        Pack(
            each.round,
            each.claimed_at,
            known[each.round_id],
            each.expires_at,
            uses.get(each.claim_id, ()),
        )
        for each in held
    ]


def _uses(db: sqlite3.Connection, limits: LimitsInTime, claim_ids: Iterable[int]) -> Uses:
    """What was paid with these claims, where limits ask for it."""
    if not limits.asks_for_uses:
        return {}
    uses: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for claim_id, *use in typed.tuples(db, USES, (json.dumps([*claim_ids]),)):
        uses[claim_id].append((use[0], use[1], use[2]))
    return {claim_id: tuple(each) for claim_id, each in uses.items()}


# ---------------------------------------------------------------- what stands beyond a limit

# All that persons hold who have a claim since then and, but for a limit of face, more than one.
HELD_SINCE = """
SELECT c.claim_id, c.round_id, r.round, c.resident, c.claimed_at, c.expires_at, c.pack_no,
    c.claim_no
FROM claims c JOIN rounds r ON r.round_id = c.round_id
WHERE r.programme_id IN (SELECT value FROM json_each(:counted)) AND c.resident IN (
    SELECT resident FROM claims GROUP BY resident
    HAVING (count(*) > 1 OR :is_alone) AND max(claimed_at) >= :from_at)
ORDER BY c.resident, c.claimed_at, c.claim_no
"""
MOST = "SELECT round_id, per_resident FROM rounds WHERE programme_id = ?"


class ExtraClaim(NamedTuple):
    """A claim beyond a limit of one resident."""

    claim_no: str
    claimed_at: int


def extra_claims(
    db: sqlite3.Connection, programme_id: int, name: str, from_at: int, zone: str
) -> list[ExtraClaim]:
    """The claims since `from_at` that stand and that the limit of that name would refuse now, for
    what their residents held before.
    """
    limits = timelines.of_programme(db, programme_id).only(name)
    known, most = (
        terms(db, programme_id, limits, zone),
        dict(typed.tuples(db, MOST, (programme_id,))),
    )
    asked = {
        "counted": _counted(programme_id, limits),
        "is_alone": name.startswith(FACE),
        "from_at": from_at,
    }
    rows = typed.tuples(db, HELD_SINCE, asked)
    claims = [HeldClaim(*row[:-1]) for row in rows]
    held: defaultdict[bytes, list[Pack]] = defaultdict(list)
    found: list[ExtraClaim] = []
    for claim, pack, row in zip(claims, _packs(db, claims, limits, known), rows, strict=True):
        own = limits
        if name == AGAIN and claim.round_id in most:
            own = replace(limits, per_round=most[claim.round_id])
        is_asked = pack.terms.programme == programme_id and pack.claimed_at >= from_at
        if is_asked and reached(own, pack, held[claim.resident], zone):
            found.append(ExtraClaim(row[-1], claim.claimed_at))
        held[claim.resident].append(pack)
    return sorted(found, key=lambda each: (each.claimed_at, each.claim_no))
