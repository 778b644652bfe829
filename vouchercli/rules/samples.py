"""The law of a spot check: how many are drawn, which, and what the drawn say of all.

How many: attribute sampling with an upper limit. So many are drawn that, were more of the
population wrong than the margin allows, so few wrong ones as are allowed would be found with a
chance of at most 1 - confidence. The chance is the hypergeometric one: what is drawn is not put
back. Of a large population the numbers are those of AICPA Audit Guide, Audit Sampling, appendix A,
table A-1 and A-2 (95 %, margin 5 %: 59 where none is expected, 93 where 1 % is).

Which: those with the smallest SHA-256 of `seed:number`, as in a lottery (docs/lottery.md).

What it says of all: exact limits, which hold whatever the true number is. Sources: C. J. Clopper,
E. S. Pearson 1934 (Biometrika 26); for what is not put back J. P. Buonaccorsi 1987 (The American
Statistician 41), T. Wright 1991. Money: the ratio estimate, W. G. Cochran, Sampling Techniques,
3rd ed. 1977, 6.3 to 6.6; that its interval deceives where few are wrong: J. Neter, J. K. Loebbecke
1975, Behavior of Major Statistical Estimators in Sampling Accounting Populations.
"""

from __future__ import annotations

import hashlib
import heapq
from math import comb, exp, inf, lgamma, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WHOLE = 10_000  # basis points
MOST = 3_000  # drawn: nobody looks at more one by one
FEW_WRONG = 20  # of fewer an interval of money would deceive
FAULTS = (
    "not_found",
    "amount_wrong",
    "twice",
    "not_entitled",
    "document_missing",
    "brushing",
    "cash_out",
    "other",
)


class Terms(NamedTuple):
    """What a sample must show, in basis points: at most `margin` of all are wrong, with that
    confidence; so many are expected to be.
    """

    confidence_bp: int
    margin_bp: int
    expected_bp: int


class Plan(NamedTuple):
    """How many are drawn, and how many of them may be wrong so that the margin is kept."""

    size: int
    allowed: int


def tolerable(population: int, margin_bp: int) -> int:
    """The largest number of wrong ones that the margin allows."""
    return population * margin_bp // WHOLE


def plan(population: int, terms: Terms) -> Plan | None:
    """The smallest sample that shows it, though so many are wrong as are expected; None: it would
    be larger than MOST.
    """
    too_many = tolerable(population, terms.margin_bp) + 1
    allowed, chance = 0, 0.0  # log of the chance that none is found
    risk = (WHOLE - terms.confidence_bp) / WHOLE
    for size in range(1, min(population - 1, MOST) + 1):
        right = population - too_many - size + 1
        chance = chance + log(right / (population - size + 1)) if right > 0 else -inf
        if _found_at_most(allowed, size, too_many, population, chance) > risk:
            continue
        if size * terms.expected_bp <= allowed * WHOLE and _is_rare(
            allowed, size, too_many, population, WHOLE - terms.confidence_bp
        ):
            return Plan(size, allowed)
        allowed += size * terms.expected_bp > allowed * WHOLE
    if population <= MOST:
        return Plan(population, too_many - 1)
    return None


def _found_at_most(found: int, size: int, wrong: int, population: int, none: float) -> float:
    """The chance that at most `found` of the wrong are among those drawn; `none`: the log of the
    chance that none is.
    """
    if none == -inf:
        least = size - (population - wrong)
        return 0.0 if found < least else 1.0  # few of few: the exact sum decides
    total, term = exp(none), none
    for k in range(min(found, wrong, size)):
        rest = population - wrong - size + k + 1
        term += log((wrong - k) * (size - k) / ((k + 1) * rest))
        total += exp(term)
    return total


def _is_rare(found: int, size: int, wrong: int, population: int, risk_bp: int) -> bool:
    """Whether the chance to find at most `found` is no more than the risk: in whole numbers."""
    return _ways(0, found, size, wrong, population) * WHOLE <= risk_bp * comb(population, size)


def _ways(first: int, last: int, size: int, wrong: int, population: int) -> int:
    """In how many ways a sample holds `first` to `last` of the wrong."""
    right = population - wrong
    k, last = max(first, size - right, 0), min(last, wrong, size)
    if k > last:
        return 0
    ways = total = comb(wrong, k) * comb(right, size - k)
    while k < last:  # from one number of wrong ones to the next
        ways = ways * ((wrong - k) * (size - k)) // ((k + 1) * (right - size + k + 1))
        total += ways
        k += 1
    return total


# ---------------------------------------------------------------- which are drawn


def ticket(seed: str, number: str) -> str:
    """SHA-256 of `seed:number`, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()


class Drawn(NamedTuple):
    """What was drawn by its ticket, and its amount in fen."""

    ticket: str
    number: str
    amount_fen: int


def drawn(seed: str, population: Iterable[tuple[str, int]], size: int) -> list[Drawn]:
    """Of (number, fen) those drawn, the smallest ticket first; no more are in memory."""
    return heapq.nsmallest(size, (Drawn(ticket(seed, each), each, fen) for each, fen in population))


# ---------------------------------------------------------------- what they say of all


class Limits(NamedTuple):
    """How many of the population are wrong: at most `upper` (one-sided), from `low` to `high`
    (two-sided), each with the confidence.
    """

    upper: int
    low: int
    high: int


def limits(wrong: int, size: int, population: int, confidence_bp: int) -> Limits:
    """What so many wrong ones among those drawn say of all."""
    risk = WHOLE - confidence_bp
    return Limits(
        _most(wrong, size, population, risk, 1),
        _least(wrong, size, population, risk),
        _most(wrong, size, population, risk, 2),
    )


def _most(found: int, size: int, population: int, risk_bp: int, sides: int) -> int:
    """The largest number of wrong ones under which so few are found with a chance of more than the
    risk (of one side of so many).
    """
    all_ways = comb(population, size) * risk_bp
    low, high = found, population - (size - found)
    while low < high:
        middle = (low + high + 1) // 2
        if _ways(0, found, size, middle, population) * WHOLE * sides > all_ways:
            low = middle
        else:
            high = middle - 1
    return low


def _least(found: int, size: int, population: int, risk_bp: int) -> int:
    """The smallest number of wrong ones under which so many are found with a chance of more than
    half the risk.
    """
    every = comb(population, size)
    low, high = found, population - (size - found)
    while low < high:
        middle = (low + high) // 2
        fewer = _ways(0, found - 1, size, middle, population) if found else 0
        if (every - fewer) * WHOLE * 2 > every * risk_bp:
            high = middle
        else:
            low = middle + 1
    return low


class Money(NamedTuple):
    """What was paid too much in all (fen; less than 0: too little), by the ratio estimate, and the
    bounds of its interval; None where so few are wrong that these would deceive.
    """

    estimate_fen: int
    low_fen: int | None
    high_fen: int | None


def money(
    items: Sequence[tuple[int, int]],
    population: int,
    population_fen: int,
    confidence_bp: int,
) -> Money | None:
    """The same of items as (paid, right) in fen; None where nothing was paid for any of them."""
    paid = sum(each for each, _ in items)
    if not paid:
        return None
    over = [each - right for each, right in items]
    ratio = sum(over) / paid
    estimate = round(ratio * population_fen)
    count = len(items)
    if sum(each != 0 for each in over) < FEW_WRONG and count < population:
        return Money(estimate, None, None)
    squares = sum((each - ratio * of) ** 2 for each, (of, _) in zip(over, items, strict=True))
    spread = sqrt(squares / (count - 1) / count * (1 - count / population)) if count > 1 else 0.0
    z = NormalDist().inv_cdf(1 - (WHOLE - confidence_bp) / WHOLE / 2)
    half = round(z * population * spread)
    return Money(estimate, estimate - half, estimate + half)


class Bounds(NamedTuple):
    """A share, and from where to where it may be with the confidence (two-sided)."""

    share: float
    low: float
    high: float


def sure_money(
    over_fen: int, wrong: int, most: int, unseen_fen: Iterable[int], population_fen: int
) -> Bounds:
    """What share of the money is wrong, whatever the amounts: at least what was found; at most that
    and all of the largest ones that were not drawn, `most` wrong ones in all. The share itself is
    what was found, of all: the ratio estimate stands beside it.
    """
    rest = sum(heapq.nlargest(max(most - wrong, 0), unseen_fen))
    over = max(over_fen, 0)
    high = min(over + rest, population_fen)
    return Bounds(over / population_fen, over / population_fen, high / population_fen)


def share_bounds(found: int, size: int, confidence_bp: int) -> Bounds:
    """The share of all of which `found` among `size` are a part: exact limits after Clopper and
    Pearson 1934. Of what is drawn without putting back they are on the safe side.
    """
    risk = (WHOLE - confidence_bp) / WHOLE / 2
    low = 0.0 if not found else _solve(lambda p: 1 - _at_most(found - 1, size, p) < risk)
    high = 1.0 if found == size else _solve(lambda p: _at_most(found, size, p) > risk)
    return Bounds(found / size, low, high)


def _at_most(found: int, size: int, share: float) -> float:
    """The chance of at most so many (binomial)."""
    if not 0 < share < 1:
        return float(share <= 0)
    whole = lgamma(size + 1)
    return sum(
        exp(
            whole
            - lgamma(k + 1)
            - lgamma(size - k + 1)
            + k * log(share)
            + (size - k) * log(1 - share)
        )
        for k in range(found + 1)
    )


def _solve(is_below: Callable[[float], bool]) -> float:
    """The largest share for which it is so."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return low
