"""The limits of a programme over time: what was in force when a pack was claimed or a voucher paid
with.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import limits as law
from vouchercli.rules import times
from vouchercli.rules.claim_limits import NEXT, LimitsInTime, limits_in_time
from vouchercli.rules.limits import Timeline
from vouchercli.rules.uses import USES, kept_name
from vouchercli.store import replacements, sql_functions, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.rules.programmes import Limits

STEPS = """
SELECT name, from_at, most FROM limit_steps WHERE programme_id = ? ORDER BY name, from_at
"""
FORGET_LATER = "DELETE FROM limit_steps WHERE programme_id = ? AND name = ? AND from_at >= ?"
ADD = "INSERT INTO limit_steps (programme_id, name, from_at, most) VALUES (?, ?, ?, ?)"
# What comes to be kept later was not limited before.
BEGIN = """
INSERT OR IGNORE INTO limit_steps (programme_id, name, from_at, most) VALUES (?, ?, 0, NULL)
"""


def change(
    db: sqlite3.Connection,
    programme_id: int,
    before: Limits | None,
    after: Limits,
    at: int,
    zone: str,
) -> dict[str, int]:
    """Keep the limits of a changed file from `at` on (`rules.limits.begins`), in place of all that
    was to hold later; the first known ones (`before` None) hold from the beginning. Gives those
    that do not hold already, and from when they do.
    """
    changed: dict[str, int] = {}
    was, now = kept(before) if before else {}, kept(after)
    for name in {**was, **now} if before != after else ():
        most = now.get(name)
        begins = 0 if before is None else law.begins(name, at, zone)
        if before is not None:
            db.execute(BEGIN, (programme_id, name))
            if timeline(db, programme_id, name).holds_since(most, begins):
                continue
        db.execute(FORGET_LATER, (programme_id, name, begins))
        db.execute(ADD, (programme_id, name, begins, most))
        changed[name] = begins
    return changed


def kept(limits: Limits) -> dict[str, int | None]:
    """What is kept over time of the limits, by name."""
    steps: dict[str, int | None] = dict.fromkeys(law.KEPT)
    for name in (law.PER_VISIT, *law.PACKS):
        most = getattr(limits, name)
        if isinstance(most, int):
            steps[name] = most
        elif most:
            steps |= {f"{name}:{word}": number for word, number in most}
    steps |= {f"{law.ONE_OF}:{','.join(sorted(words))}": 1 for words in limits.one_of}
    steps |= {f"{law.FACE}:{span}": fen for span, fen in limits.face_per_resident}
    steps |= {
        f"{law.NEXT_CLAIM}:{word}".rstrip(":"): NEXT[rule] for word, rule in limits.next_claim
    }
    steps |= {kept_name(key, term): term.most for key in USES for term in getattr(limits, key)}
    if limits.again_after_expiry is not None:
        steps[law.AGAIN] = limits.again_after_expiry
    return steps | {f"{law.ACROSS}{code}": 1 for code in limits.across}


# Visits on which more vouchers were used than the limit of their day allows.
CROWDED_VISITS = """
SELECT m.merchant_no, f.day, count(DISTINCT f.claim_id || '/' || f.coupon_no) AS used,
    max(f.transaction_no)
FROM redemption_runs n CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id
    AND n.last_id
JOIN rounds r ON r.round_id = f.round_id JOIN claims c ON c.claim_id = f.claim_id
    JOIN merchants m ON m.merchant_id = f.merchant_id
WHERE n.last_paid_at >= :from_at AND f.paid_at >= :from_at AND f.kind = 'pay'
    AND counts(f.round_id, f.day)
GROUP BY c.resident, f.merchant_id, f.day
HAVING used > visit_limit(f.day) AND max(r.programme_id = :programme_id)
ORDER BY f.day, m.merchant_no
"""
PROGRAMMES_OF_ROUNDS = "SELECT round_id, programme_id FROM rounds"
FAMILIES = "SELECT DISTINCT family FROM rounds WHERE programme_id = ? AND one_of"
OTHERS = """
SELECT DISTINCT p.programme_id, s.name FROM limit_steps s
JOIN programmes p ON s.name = 'across:' || p.programme WHERE s.programme_id = ?
"""


class Visit(NamedTuple):
    """More vouchers of one resident at one merchant on one day than its limit; `transaction_no` is
    one of them.
    """

    merchant_no: str
    day: int
    vouchers: int
    transaction_no: str


def crowded_visits(
    db: sqlite3.Connection, programme_id: int, from_at: int, zone: str
) -> list[Visit]:
    """What stands since `from_at` and would be over the limit of visits now."""
    teach_visits(db, programme_id, zone)
    asked = {"programme_id": programme_id, "from_at": from_at}
    return typed.rows(db, Visit, CROWDED_VISITS, asked)


def timeline(db: sqlite3.Connection, programme_id: int, name: str) -> Timeline:
    """One limit of a programme over time."""
    return timelines(db, programme_id).get(name, Timeline())


def visits(db: sqlite3.Connection, programme_id: int) -> Timeline:
    """How many vouchers one resident may use at one merchant on one local day."""
    return timeline(db, programme_id, law.PER_VISIT)


def teach_visits(db: sqlite3.Connection, programme_id: int, zone: str) -> None:
    """Register, for the visits of a local day, visit_limit(day) and counts(round_id, day): whether
    vouchers of that round count under it.
    """
    limit, counts = visits(db, programme_id), _counts(db, programme_id)
    start = cache(lambda day: times.day_bounds(day, zone)[0])
    sql_functions.register(
        db,
        visit_limit=cache(lambda day: limit.at(start(day))),
        counts=cache(lambda round_id, day: counts(round_id, start(day))),
    )


def _counts(db: sqlite3.Connection, programme_id: int) -> Callable[[int, int], bool]:
    """Whether what is of a round counts under the programme's limits, at a moment."""
    together = counted_together(db, programme_id)
    programme_of = dict(typed.tuples(db, PROGRAMMES_OF_ROUNDS))
    return lambda round_id, moment: programme_of[round_id] in together(moment)


def counted_together(db: sqlite3.Connection, programme_id: int) -> Callable[[int], tuple[int, ...]]:
    """The programmes whose vouchers and packs count under this one's limits, at a moment: itself,
    and those that its `limits: {across: ...}` names.
    """
    others = _others(db, programme_id)

    def at(moment: int) -> tuple[int, ...]:
        counted = (other_id for other_id, steps in others if steps.at(moment) is not None)
        return (programme_id, *counted)

    return at


def _others(db: sqlite3.Connection, programme_id: int) -> tuple[tuple[int, Timeline], ...]:
    """The programmes that its limits ever named, each with when they did (not None)."""
    return tuple(
        (other_id, timeline(db, programme_id, name))
        for other_id, name in typed.tuples(db, OTHERS, (programme_id,))
    )


def timelines(db: sqlite3.Connection, programme_id: int) -> dict[str, Timeline]:
    """Every limit of a programme over time, by name."""
    steps: dict[str, list[tuple[int, int | None]]] = {}
    for name, from_at, most in typed.tuples(db, STEPS, (programme_id,)):
        steps.setdefault(name, []).append((from_at, most))
    return {name: Timeline(tuple(each)) for name, each in steps.items()}


def _families(db: sqlite3.Connection, programme_id: int) -> list[str]:
    """The families of which a person has one pack."""
    return typed.column(db, FAMILIES, (programme_id,))


def of_programme(db: sqlite3.Connection, programme_id: int, per_round: int = 1) -> LimitsInTime:
    """How many packs one person may have, with what the round at hand allows."""
    of_families = {f"{law.ONE_OF}:{each}": law.always(1) for each in _families(db, programme_id)}
    steps = of_families | timelines(db, programme_id) | replacements.timelines(db, programme_id)
    return limits_in_time(per_round, steps, _others(db, programme_id))
