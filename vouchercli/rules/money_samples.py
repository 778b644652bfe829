"""The law of a spot check by money: monetary unit sampling. Each yuan has the same chance to be
drawn, so that large items are looked at sooner than small ones.

How many: the smallest n for which R(k) <= n x margin, where k = n x expected, rounded up, and R is
the factor of Poisson. Items of an interval (all the money / n) or more are all looked at; of the
rest as many are drawn as intervals go into it.

What it says of all: the bound of Stringer. Of each item that is wrong the tainting counts, the part
of its amount that was paid too much. Sources: AICPA Audit Guide, Audit Sampling, chapter 6 and
appendix C (factors of Poisson); K. W. Stringer 1963, Practical Aspects of Statistical Sampling in
Auditing; S. E. Fienberg, J. Neter, R. A. Leitch 1977 (JASA 72); that the bound keeps its confidence
in all that was tried, and is too large rather than too small: J. Neter, H. S. Kim, L. E. Graham
1984 (Auditing 4).
"""

from __future__ import annotations

import hashlib
from math import ceil, exp, sqrt
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.samples import MOST, WHOLE, Drawn, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vouchercli.rules.samples import Terms

CERTAIN = "certain"  # in place of a ticket


class Cut(NamedTuple):
    """How the money is cut: `certain` items of at least `least_fen` are all looked at (of those of
    just that amount the first `equal`); of the rest, `rest_fen` in all, so many are `drawn`.
    """

    certain: int
    least_fen: int
    equal: int
    rest_fen: int
    drawn: int

    @property
    def size(self) -> int:
        """How many are looked at."""
        return self.certain + self.drawn

    @property
    def interval_fen(self) -> int:
        """How much money stands behind each item that is drawn, rounded up."""
        return -(-self.rest_fen // self.drawn) if self.drawn else 0


def factor(wrong: int, confidence_bp: int) -> float:
    """The factor of Poisson: the mean under which at most so many are found with a chance of
    1 - confidence.
    """
    risk = (WHOLE - confidence_bp) / WHOLE
    low, high = 0.0, wrong + 50.0 + 10 * sqrt(wrong)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, middle) > risk else (low, middle)
    return high


def _at_most(found: int, mean: float) -> float:
    term = total = exp(-mean)
    for k in range(1, found + 1):
        term *= mean / k
        total += term
    return total


def plan(terms: Terms) -> Plan | None:
    """How many units of money are drawn, and how many of them may be wholly wrong; None: more than
    MOST.
    """
    margin, expected = terms.margin_bp / WHOLE, terms.expected_bp / WHOLE
    allowed, needed = 0, factor(0, terms.confidence_bp)
    for size in range(1, MOST + 1):
        if ceil(size * expected) > allowed:
            allowed = ceil(size * expected)
            needed = factor(allowed, terms.confidence_bp)
        if needed <= size * margin:
            return Plan(size, allowed)
    return None


def cut(population_fen: int, largest: Sequence[int], size: int) -> Cut:
    """How the money is cut for so many units; `largest` are the amounts of the largest `size`
    items, the largest first: no others can be as large as an interval.
    """
    certain, rest, drawn = 0, population_fen, size
    while certain < len(largest) and rest > 0:
        drawn = max(-(-rest * size // population_fen), 1)
        if largest[certain] <= rest // drawn:
            break
        rest -= largest[certain]
        certain += 1
    if not rest:
        drawn = 0
    least = largest[certain - 1] if certain else 0
    return Cut(certain, least, largest[:certain].count(least), rest, drawn)


def draw(seed: str, population: Iterable[tuple[str, int]], of: Cut) -> list[Drawn]:
    """Of (number, fen) those drawn: first the certain ones, the largest first, then the others in
    their order. The yuan are counted through in the order of the list; the first that is drawn is
    SHA-256 of the seed, as a number, modulo the rest, by the number of intervals; then one in each.
    The `ticket` is the fen that was hit.
    """
    points = _points(seed, of)
    point = next(points, None)
    certain: list[tuple[str, int]] = []
    drawn: list[Drawn] = []
    equal, before = of.equal, 0
    for number, fen in population:
        if of.certain and (fen > of.least_fen or (fen == of.least_fen and equal)):
            equal -= fen == of.least_fen
            certain.append((number, fen))
            continue
        if point is not None and point < before + fen:
            drawn.append(Drawn(str(point), number, fen))
            point = next(points, None)
        before += max(fen, 0)
    first = sorted(certain, key=itemgetter(1), reverse=True)
    return [*(Drawn(CERTAIN, number, fen) for number, fen in first), *drawn]


def _points(seed: str, of: Cut) -> Iterator[int]:
    start = int(hashlib.sha256(seed.encode()).hexdigest(), 16) % max(of.rest_fen, 1)
    return ((start + each * of.rest_fen) // of.drawn for each in range(of.drawn))


class Said(NamedTuple):
    """What was paid too much in all, in fen: as the drawn say (less than 0: too little), at most
    with the confidence; what was paid too little among the drawn; the taintings, the largest first.
    """

    estimate_fen: int
    upper_fen: int
    under_fen: int
    taintings: tuple[float, ...]


def evaluate(
    certain: Iterable[tuple[int, int]],
    drawn: Iterable[tuple[int, int]],
    of: Cut,
    confidence_bp: int,
) -> Said:
    """The same of items as (paid, right) in fen: what is certain counts as it was found."""
    known, rows = [*certain], [*drawn]
    over = [max(paid - right, 0) / paid for paid, right in rows]
    taintings = tuple(sorted((each for each in over if each), reverse=True))
    interval = of.rest_fen / of.drawn if of.drawn else 0.0
    factors = [factor(each, confidence_bp) for each in range(len(taintings) + 1)]
    bound = factors[0] + sum(
        (after - before) * tainting
        for before, after, tainting in zip(factors, factors[1:], taintings, strict=False)
    )
    found = sum(paid - right for paid, right in known)
    return Said(
        round(interval * sum((paid - right) / paid for paid, right in rows)) + found,
        min(ceil(interval * bound), of.rest_fen) + max(found, 0),
        sum(max(right - paid, 0) for paid, right in (*known, *rows)),
        taintings,
    )
