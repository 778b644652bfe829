"""Whether sealed days are what was sealed, each behind the day before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import days as law
from vouchercli.store import days, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator

    from vouchercli.store.breaches import Breach
    from vouchercli.store.days import Day

PROGRAMMES = "SELECT programme_id, programme, time_zone FROM programmes ORDER BY programme_id"
SIGNED = """
SELECT p.programme || ' ' || g.day || ' signature', ifnull(d.sha256, ''), g.sha256
FROM day_signatures g LEFT JOIN days d USING (programme_id, day) JOIN programmes p
    USING (programme_id)
WHERE d.sha256 IS NOT g.sha256
"""
# Up to where a programme is sealed, as the guards of its rows know it, beside its last day.
LAST_SEALS = """
SELECT p.programme || ' last seal', d.day || ' ' || d.ends_at || ' ' || d.last_claim_id || ' '
        || d.last_redemption_id AS expected,
    x.day || ' ' || x.ends_at || ' ' || x.last_claim_id || ' ' || x.last_redemption_id AS found
FROM programmes p LEFT JOIN last_seals x USING (programme_id) LEFT JOIN days d
    ON d.programme_id = p.programme_id
    AND d.day = (SELECT max(day) FROM days WHERE programme_id = p.programme_id)
WHERE expected IS NOT found
"""


class Sealed(NamedTuple):
    """A sealed day of a programme, the day's span, and the seal of the day before it."""

    programme: str
    day: Day
    span: days.Span
    previous: str

    @property
    def rows(self) -> int:
        """How many claims, payments and refunds it has."""
        return self.day.claims + self.day.payments + self.day.refunds


def sealed(
    db: sqlite3.Connection, programme_id: int, programme: str, asked: Collection[int] | None = None
) -> Iterator[Sealed]:
    """The sealed days (of those `asked` for, None: all) in their order."""
    previous, before = "", (0, 0)
    for day in [*days.in_order(db, programme_id)]:
        if asked is None or day.day in asked:
            times = (day.begins_at, day.ends_at)
            span = days.Span(programme_id, day.day, *times, *before, *day.last_ids)
            yield Sealed(programme, day, span, previous)
        previous, before = day.sha256, day.last_ids


def seal_of(each: Sealed, found: law.Sums) -> str | None:
    """The seal that the facts of a day give; None: it is what was sealed."""
    day = each.day
    made = law.seal(each.previous, each.programme, day.day, day.last_ids, found)
    if (made, each.previous, found) == (day.sha256, day.previous_sha256, day.sums):
        return None
    return made


def damaged(
    db: sqlite3.Connection, programme_id: int, programme: str, asked: Collection[int] | None = None
) -> Iterator[tuple[Day, str]]:
    """The days (of those `asked` for, None: of all) that are not what was sealed, or do not follow
    the day before, each with the seal that its facts give.
    """
    for each in sealed(db, programme_id, programme, asked):
        made = seal_of(each, days.sum_up(db, each.span))
        if made is not None:
            yield each.day, made


def damaged_of(read: Iterable[tuple[Sealed, law.Sums]]) -> Iterator[tuple[Sealed, str]]:
    """As `damaged`, of days and what their facts come to."""
    for each, found in read:
        made = seal_of(each, found)
        if made is not None:
            yield each, made


# ---------------------------------------------------------------- the chain of the seals


def chain_breaches(db: sqlite3.Connection) -> list[Breach]:
    """Seals that do not follow the seal before, or are not those of their counts and sums;
    signatures of other seals. No fact is read.
    """
    found: list[Breach] = []
    for programme_id, programme, _ in typed.tuples(db, PROGRAMMES):
        ends_at = None
        for each in sealed(db, programme_id, programme):
            day = each.day
            made = law.seal(each.previous, programme, day.day, day.last_ids, day.sums)
            if made != day.sha256 or each.previous != day.previous_sha256:
                found.append((f"{programme} {day.day}", day.sha256[:12], made[:12]))
            if ends_at not in (None, day.begins_at):
                found.append((f"{programme} {day.day} begins", str(ends_at), str(day.begins_at)))
            ends_at = day.ends_at
    for statement in (SIGNED, LAST_SEALS):
        found += [(a, str(b)[:60], str(c)[:60]) for a, b, c in typed.tuples(db, statement)]
    return found


def breaches_of(read: Iterable[tuple[Sealed, law.Sums]]) -> list[Breach]:
    """The days that are not what was sealed, of days and what their facts come to."""
    return [
        (f"{each.programme} {each.day.day}", each.day.sha256[:12], made[:12])
        for each, made in damaged_of(read)
    ]


def breaches(db: sqlite3.Connection) -> list[Breach]:
    """All that is wrong with sealed days, every one of them read here."""
    found = chain_breaches(db)
    for programme_id, programme, _ in typed.tuples(db, PROGRAMMES):
        every = sealed(db, programme_id, programme)
        found += breaches_of((each, days.sum_up(db, each.span)) for each in every)
    return [*dict.fromkeys(found)]
