"""How evenly money is spread over many: the share of the first, Gini, the Lorenz curve. Source:
Lorenz 1905, Gini 1914, as every statistics office counts them; all from whole fen.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from vouchercli.rules import leverage

if TYPE_CHECKING:
    from collections.abc import Sequence

TENTHS = 10


def ordered(amounts: Sequence[int]) -> list[int]:
    """The amounts from the smallest to the largest; what is less than nothing counts as nothing."""
    return sorted(max(each, 0) for each in amounts)


def gini(ascending: Sequence[int]) -> str | None:
    """Gini's coefficient of amounts in order, 4 decimals: 0 where all have the same, near 1 where
    one has all; None where nobody has anything.

    G = (2 sum(i x_i) / (n sum(x))) - (n + 1) / n, with i from 1.
    """
    count, total = len(ascending), sum(ascending)
    if not total:
        return None
    weighted = sum(place * each for place, each in enumerate(ascending, 1))
    return leverage.rate(2 * weighted - (count + 1) * total, count * total)


def share_of_first(ascending: Sequence[int], per_thousand: int) -> str | None:
    """The share of the sum that the largest so many per thousand (at least one) have, 4
    decimals.
    """
    count = max(1, -(-len(ascending) * per_thousand // 1000))
    return leverage.rate(sum(ascending[-count:]), sum(ascending))


def lorenz(ascending: Sequence[int]) -> list[tuple[int, str | None]]:
    """The Lorenz curve in tenths: (of the smallest so many tenths, their share of the sum)."""
    sums, count = [0, *accumulate(ascending)], len(ascending)
    return [
        (tenth, leverage.rate(sums[count * tenth // TENTHS], sums[-1]))
        for tenth in range(1, TENTHS + 1)
    ]
