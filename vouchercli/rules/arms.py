"""The law of two arms: the winners of one draw are shared out between two rounds, so that what a
face value does can be measured later. docs/lottery.md says it byte for byte.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import draws

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.rules.draws import Entrant

DIGITS = 12  # of the hash that says where the sharing begins: enough for any number of places


class Arm(NamedTuple):
    """One of the two rounds: how many places it had, and who won in it, in the order in which they
    were shared out.
    """

    round: str
    places: int
    winners: tuple[str, ...] = ()


class Arms(NamedTuple):
    """Both arms, and within what the winners are shared out evenly: district, group, both, or
    nothing.
    """

    within: tuple[str, ...]
    rounds: tuple[Arm, Arm]


def offset(seed: str, places: int) -> int:
    """Where the sharing begins, from 0 to places - 1: by chance, so that every winner has the same
    chance of an arm.
    """
    return int(draws.sha256(f"{seed}:arms")[:DIGITS], 16) % places


def share_out(
    winners: Iterable[str], entrants: Iterable[Entrant], seed: str, arms: Arms
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The winners of each arm, by the effective seed of the draw.

    They stand in a line, by what they are shared out within, then by their tickets. After so many
    of them the first arm has so many: (they * its places + offset) // all places. Of any part of
    the line it so has its share to within one, and never more than its places.
    """
    won, places = {*winners}, [each.places for each in arms.rounds]
    line = sorted(
        (
            (tuple(getattr(each, key) for key in arms.within), draws.ticket(seed, each[0]), each[0])
            for each in entrants
            if each[0] in won
        ),
    )
    start, whole = offset(seed, sum(places)), sum(places)
    steps = pairwise((n * places[0] + start) // whole for n in range(len(line) + 1))
    is_first = [later > before for before, later in steps]
    first, second = (
        tuple(no for (_, _, no), mine in zip(line, is_first, strict=True) if mine is which)
        for which in (True, False)
    )
    return first, second


def read_within(text: str) -> tuple[str, ...]:
    """`district`, `group`, `district,group` or nothing, in the order of the list. Raises
    `ValueError`.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(set(words)) < len(words) or not set(words) <= set(draws.DIMENSIONS):
        raise ValueError(text)
    return tuple(key for key in draws.DIMENSIONS if key in words)


def columns(strata: Sequence[draws.Stratum], within: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns of the published list: the application, and only what the draw goes by."""
    shown = {*draws.columns(strata), *within}
    return ("application_no", *(key for key in draws.DIMENSIONS if key in shown))
