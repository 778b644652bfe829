"""Days that are sealed and signed: by the tick or by hand, by people who may and by some who may not; and
what the city remembers of each: what was said of it, and which rows it covers.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import listed
from listed import Key, key
from small_city import BEGINNING, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    import deeds
    from city_model import Row
    from life import Life

FIRST = shown(BEGINNING)[:10]  # the funds were given on it
SIGNATURE = ("state", "signed_by", "signed_at", "note")
CAME_FIRST = """
SELECT r.transaction_no, iif(r.refund_of IS NULL, 'pay', 'refund') FROM redemptions r, last_seals x
    WHERE r.redemption_id <= x.last_redemption_id
UNION ALL
SELECT c.claim_no, r.round FROM claims c JOIN rounds r USING (round_id), last_seals x
    WHERE c.claim_id <= x.last_claim_id
"""
MAKER, CHECKER, FINANCE = "mei", "lin", ("wu", "han")


@dataclass
class Covered:
    """A row that is sealed: on which day, behind how many others, and whose batch has it."""

    day: str
    place: int
    batch: int | None


@dataclass
class Seals:
    """What `day list` said of each sealed day when it was first seen, and the rows on them."""

    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[Key, Covered] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)  # what reports said when it was sealed

    @property
    def last(self) -> str:
        """The last sealed day; '' when there is none."""
        return max(self.said, default="")

    @property
    def first_open(self) -> str:
        return following(self.last) if self.said else ""

    def unsigned(self, until: str) -> list[dict[str, Any]]:
        return [
            each
            for day, each in sorted(self.said.items())
            if day <= until and each["signed_by"] is None
        ]

    def signed_until(self, until: str) -> str:
        """The last day up to one that is signed with all before it; '' when there is none."""
        last = ""
        for day, each in sorted(self.said.items()):
            if each["signed_by"] is None or day > until:
                break
            last = day
        return last

    def of_rows(self, rows: Iterable[Row]) -> dict[Row, int]:
        """Those of the rows that are sealed, by the order of their seals."""
        return {row: self.rows[key(row)].place for row in rows if key(row) in self.rows}


def following(day: str, days: int = 1) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def weekday(day: str) -> int:
    """Monday is 0."""
    return date.fromisoformat(day).weekday()


def count_late(life: Life) -> int:
    """Rows that are sealed on another day than their own."""
    return sum(each.day > own[-1][:10] for own, each in life.seals.rows.items())


# ---------------------------------------------------------------- looked at


def look(life: Life, stood: set[Key] | None = None) -> None:
    """A tick or a person may have sealed days: those that were sealed are as they were, and what
    stands now is covered by the new ones. `stood`: what stood before a race of a seal and a file;
    of the rest the database says what came first.
    """
    seals, answers = life.seals, list_days(life)
    for day, before in seals.said.items():
        life.agree(f"what was sealed of {day}", *map(json.dumps, (before, answers.get(day))))
    new = sorted({*answers} - {*seals.said})
    if not new:
        return
    first = seals.first_open or FIRST
    life.agree("days that were sealed", [following(first, at) for at in range(len(new))], new)
    before, today = seals.first_open, shown(life.city.now)[:10]
    life.agree("days that are sealed and not over", [], [day for day in new if day >= today])
    seals.said.update((day, answers[day]) for day in new)
    life.agree("the seal before", *_chain(seals, new))
    came_first = set() if stood is None else _came_first()
    for each, batch in listed.batches(life).items():
        own = each[-1][:10]
        is_in_time = stood is None or each in stood or each[:2] in came_first
        if own <= seals.last and each not in seals.rows and is_in_time:
            day = max(own, before)
            seals.rows[each] = Covered(day, len(seals.said), batch)
    for gone in life.corrections.gone:
        own = key(gone.row)[-1][:10]
        if gone.covered is None and own <= seals.last:
            gone.covered = Covered(max(own, before), len(seals.said), gone.batch)


def _came_first() -> set[Key]:
    """(Number, kind or round) of the rows that were written before the last seal."""
    with closing(sqlite3.connect("voucher.db")) as db:
        return {*db.execute(CAME_FIRST)}


def _chain(seals: Seals, days: list[str]) -> tuple[list[str], list[str]]:
    before = [seals.said.get(following(day, -1), {"sha256": ""})["sha256"] for day in days]
    return before, [seals.said[day]["previous_sha256"] for day in days]


def list_days(life: Life) -> dict[str, dict[str, Any]]:
    said = life.do("day", "list", "-o", "json", "--limit", "0").data["days"]
    return {each["day"]: each for each in said}


def must_be_sealed(life: Life) -> str:
    """The last day that a tick has sealed by now, when no file is coming in; '' when there is none,
    or days are closed by hand only.
    """
    if life.city.close_after is None:
        return ""
    day = following(shown(life.city.now)[:10], -1 - life.city.close_after)
    return day if day >= FIRST else ""


def was_sealed(life: Life) -> None:
    """A tick was at work: what was due is sealed."""
    if not any(file.is_cut for file in life.city.files):
        due = must_be_sealed(life)
        life.agree("the last sealed day", max(life.seals.last, due), life.seals.last)


# ---------------------------------------------------------------- by hand


def close(life: Life) -> None:
    """Somebody seals the days up to one of the last, perhaps one that is not over."""
    chance, today = life.chance, shown(life.city.now)[:10]
    day = following(today, chance.choice((0, -1, -1, -1, -2, -3)))
    if day < FIRST:
        return
    actor = chance.choice((MAKER, CHECKER, *FINANCE))
    is_cut = any(file.is_cut for file in life.city.files)
    is_new = day > life.seals.last
    codes = (3,) if day == today else (0, 3) if is_cut and is_new else (0,)
    words, before = ("day", "close", day, "--actor", actor), life.seals.last
    ran = life.do(*words, codes=codes, trouble=life.trouble())
    remember(life, before)
    if ran.code:
        expected = "[day_not_over]" if day == today else "[import_unfinished]"
        life.agree("why a day is not sealed", True, expected in ran.err)
    else:
        life.agree("the last sealed day", True, life.seals.last >= day)


def sign(life: Life) -> None:
    """Somebody signs the days up to one of the last: not who sealed one of them, nobody but finance
    where there is a staff, and no day that is open.
    """
    chance, seals = life.chance, life.seals
    day = following(shown(life.city.now)[:10], chance.choice((0, -1, -1, -2, -2, -3)))
    actor = chance.choice((MAKER, *FINANCE, *FINANCE))
    unsigned = seals.unsigned(day)
    words = ("day", "sign", day, "--actor", actor, "--note", "agrees with the bill")
    why = ""
    if life.city.has_staff and actor not in FINANCE:
        why = "[not_finance]"
    elif day not in seals.said:
        why = "[day_open]"
    elif any(each["sealed_by"] == actor for each in unsigned):
        why = "[own_seal]"
    ran = life.do(*words, codes=(3,) if why else (0,), trouble=life.trouble())
    _remember_signatures(life, [] if why else unsigned, actor)
    life.agree(f"why {day} is not signed by {actor}", why, why if why in ran.err else ran.err)


def sign_by(life: Life, day: str, actor: str) -> None:
    """Finance signs all up to a sealed day; it has sealed none of them itself."""
    unsigned = life.seals.unsigned(day)
    words = ("day", "sign", day, "--actor", actor, "--note", "agrees with the bill")
    life.do(*words, trouble=life.trouble())
    _remember_signatures(life, unsigned, actor)


def _remember_signatures(life: Life, signed: list[dict[str, Any]], actor: str) -> None:
    """They are all that has changed."""
    answers = list_days(life)
    for before in signed:
        after = answers[before["day"]]
        life.agree("who has signed", ("signed", actor), (after["state"], after["signed_by"]))
        before.update((name, after[name]) for name in SIGNATURE)
    look(life)


def race(life: Life) -> None:
    """Two people and the clock seal the same days at once: one of them does."""
    day = following(shown(life.city.now)[:10], -1)
    if day < FIRST or any(file.is_cut for file in life.city.files):
        return
    close_day = ("day", "close", day, "--actor")
    life.race(("schedule", "tick"), (*close_day, "wu"), (*close_day, "lin"), codes=(0, 4))
    look(life)
    life.agree("the last sealed day", True, life.seals.last >= day)


def remember(life: Life, before: str) -> None:
    """What reports say of all up to the last day when it was sealed just now."""
    if life.seals.last > before:
        last = life.seals.last
        life.seals.known[last] = _reports(life, "--as-of", f"{last} 23:59:59")


def _reports(life: Life, *when: str) -> list[Any]:
    said = []
    for by in ("round", "day", "merchant"):
        report = life.do("report", "leverage", "--by", by, *when, "-o", "json").data
        said.append([{**row, "name": ""} for row in (*report["rows"], report["total"])])
    return said


def agree_on_what_was_known(life: Life) -> None:
    """Whatever came or was corrected since."""
    known = life.seals.known
    for day in life.chance.sample(sorted(known), min(2, len(known))):
        life.count("days known again")
        life.agree(f"what was known on {day}", known[day], _reports(life, "--known-on", day))


def verify(life: Life) -> None:
    """Every seal is proved, and one is shown as it is listed."""
    verified: deeds.Ran = life.do("day", "verify", "-o", "json")
    life.agree("days that are proved", len(life.seals.said), verified.data["days"])
    if life.seals.said:
        day = life.chance.choice(sorted(life.seals.said))
        shown_day = life.do("day", "show", day, "-o", "json").data
        life.agree(f"{day} as it is shown", life.seals.said[day], shown_day)
