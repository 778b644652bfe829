"""The law of a lottery: the seed, the tickets, who wins. docs/lottery.md says it byte for byte, for
another language.

Every hash is SHA-256 over UTF-8 text, written as 64 lower-case hexadecimal digits; the seed is such
a text itself.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# what a stratum may be made of, in the order of the entrants' list
DIMENSIONS = (
    "district",
    "group",
)
NEEDS_QUOTES = re.compile('[,"\r\n]')
FIRST = itemgetter(0)
PIECE = 10_000  # lines


class Entrant(NamedTuple):
    """One line of the published list: an application, what it is counted under, and no person."""

    application_no: str
    district: str = ""
    group: str = ""


@dataclass(frozen=True)
class Stratum:
    """So many places are kept for the entrants of a district, a group, or both ('' = any)."""

    quota: int
    district: str = ""
    group: str = ""

    def holds(self, district: str, group: str) -> bool:
        """Whether an entrant of that district and group belongs to it."""
        return self.district in ("", district) and self.group in ("", group)


@dataclass(frozen=True)
class Part:
    """What became of one stratum, or of the places that were left: its winners in the order of
    their tickets.

    `entrants` are those who could still win in it; `last_ticket` is the largest ticket that won.
    """

    entrants: int
    winners: tuple[str, ...]
    last_ticket: str | None


@dataclass(frozen=True)
class Drawn:
    """The result: a part for each stratum, in their order, and the rest."""

    parts: tuple[Part, ...]
    rest: Part

    @property
    def winners(self) -> tuple[str, ...]:
        """Every winning application, in the order in which they won."""
        return tuple(no for part in (*self.parts, self.rest) for no in part.winners)


# ---------------------------------------------------------------- seed and tickets


def sha256(text: str) -> str:
    """SHA-256 of a text as the program and the notary write it: `printf %s TEXT | sha256sum`."""
    return hashlib.sha256(text.encode()).hexdigest()


def effective_seed(seed: str, public_randomness: str | None) -> str:
    """The seed that makes the tickets: the committed one, or with a public text
    SHA-256(seed:text).
    """
    return seed if public_randomness is None else sha256(f"{seed}:{public_randomness}")


def ticket(seed: str, application_no: str) -> str:
    """SHA-256(seed:application); the smallest win."""
    return sha256(f"{seed}:{application_no}")


def tickets(seed: str, entrants: Iterable[Entrant]) -> list[tuple[str, Entrant]]:
    """Every entrant with its ticket, the smallest first; equal tickets (none was ever seen) by
    application number.
    """
    start = hashlib.sha256(f"{seed}:".encode())

    def hashed(application_no: str) -> str:
        each = start.copy()  # the seed is hashed once for all
        each.update(application_no.encode())
        return each.hexdigest()

    order = [(hashed(entrant[0]), entrant) for entrant in sorted(entrants, key=FIRST)]
    order.sort(key=FIRST)
    return order


# ---------------------------------------------------------------- who wins


def draw(
    entrants: Iterable[Entrant], seed: str, places: int, strata: Sequence[Stratum] = ()
) -> Drawn:
    """The winners of `places`, by the effective seed.

    The strata come first, in their order: each takes the smallest tickets among its entrants who
    have not won yet, up to its quota. All places that are left, with those that a stratum could not
    fill, go to all who have not won, by the same tickets.
    """
    order = tickets(seed, entrants)
    lines = _lines_of(order, strata)
    won: dict[str, Entrant] = {}
    parts = tuple(
        _part(each, stratum.quota, won, stratum)
        for each, stratum in zip(lines, strata, strict=True)
    )
    return Drawn(parts, _part(order, places - len(won), won, Stratum(0)))


def _lines_of(
    order: list[tuple[str, Entrant]], strata: Sequence[Stratum]
) -> list[list[tuple[str, Entrant]]]:
    """For each stratum its entrants, in the order of their tickets."""
    lines: list[list[tuple[str, Entrant]]] = [[] for _ in strata]
    known: dict[
        tuple[str, ...], list[list[tuple[str, Entrant]]]
    ] = {}  # asked once for each district and group
    for each in order if strata else ():
        kind = each[1][1:]
        if kind not in known:
            known[kind] = [
                mine for mine, stratum in zip(lines, strata, strict=True) if stratum.holds(*kind)
            ]
        for mine in known[kind]:
            mine.append(each)
    return lines


def _part(
    line: list[tuple[str, Entrant]], quota: int, won: dict[str, Entrant], whose: Stratum
) -> Part:
    """The first `quota` of a line who have not won yet; they are added to `won`. `whose` line it
    is, to count who has left it.
    """
    gone = Counter(entrant[1:] for entrant in won.values())
    left = len(line) - sum(count for kind, count in gone.items() if whose.holds(*kind))
    winners = list(islice((each for each in line if each[1][0] not in won), quota))
    won.update((entrant[0], entrant) for _, entrant in winners)
    return Part(
        left, tuple(entrant[0] for _, entrant in winners), winners[-1][0] if winners else None
    )


# ---------------------------------------------------------------- strata and the list


def stratum(text: str) -> Stratum:
    """`district=余杭区:1000` or `district=余杭区,group=low-income:50`. Raises `ValueError`."""
    where, _, quota = text.rpartition(":")
    pairs = [pair.partition("=") for pair in where.split(",")]
    words = {key.strip(): value.strip() for key, _, value in pairs}
    is_fit = set(words) <= set(DIMENSIONS) and all(words.values()) and len(words) == len(pairs)
    if not is_fit or not (quota.strip().isascii() and quota.strip().isdigit() and int(quota) > 0):
        raise ValueError(f"not a stratum: {text}")
    return Stratum(int(quota), **words)


def twice(strata: Sequence[Stratum]) -> Stratum | None:
    """The first stratum that was named before, or None."""
    seen: set[tuple[str, str]] = set()
    for each in strata:
        if (each.district, each.group) in seen:
            return each
        seen.add((each.district, each.group))
    return None


def named(each: Stratum) -> str:
    """How a person reads a stratum: `district=余杭区, group=low-income`."""
    return ", ".join(f"{key}={value}" for key in DIMENSIONS if (value := getattr(each, key)))


# What the list can show of an entrant.
CELLS = {
    ("application_no",): itemgetter(slice(1)),
    ("application_no", "district"): itemgetter(0, 1),
    ("application_no", "group"): itemgetter(0, 2),
    ("application_no", "district", "group"): itemgetter(0, 1, 2),
}


def columns(strata: Sequence[Stratum]) -> tuple[str, ...]:
    """The columns of the published list: the application, and only what a stratum is made of."""
    return (
        "application_no",
        *(key for key in DIMENSIONS if any(getattr(each, key) for each in strata)),
    )


def line(values: Iterable[str]) -> str:
    """One line of the list, with its end: RFC 4180, quotes only where they are needed, a bare line
    feed.
    """
    return (
        ",".join(
            f'"{value.replace(chr(34), chr(34) * 2)}"' if NEEDS_QUOTES.search(value) else value
            for value in values
        )
        + "\n"
    )


def listed(entrants: Iterable[Entrant], shown: Sequence[str]) -> Iterator[bytes]:
    """The list as it is published, in pieces of many lines: the header, then the entrants as they
    come (by application number).
    """
    yield line(shown).encode()
    rest = iter(entrants)
    while piece := list(islice(rest, PIECE)):
        yield _lines(list(map(CELLS[tuple(shown)], piece))).encode()


def _lines(rows: list[tuple[str, ...]]) -> str:
    """Many lines at once: plainly where nothing in them needs quotation marks."""
    text = "\n".join(map(",".join, rows)) + "\n"
    is_plain = (
        '"' not in text
        and "\r" not in text
        and text.count("\n") == len(rows)
        and text.count(",") == len(rows) * (len(rows[0]) - 1)
    )
    return text if is_plain else "".join(map(line, rows))


def digest(lines: Iterable[bytes]) -> str:
    """SHA-256 of a list's bytes."""
    whole = hashlib.sha256()
    for each in lines:
        whole.update(each)
    return whole.hexdigest()


def registration_closes_at(opens_at: int, own: int | None) -> int:
    """When nobody can apply any more: when the round opens, or earlier when the draw says so."""
    return opens_at if own is None else min(opens_at, own)
