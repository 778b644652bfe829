"""The law of a survey of additional spending: extra by voucher and extra of own money, per yuan of
vouchers used, as cities of Japan ask for it. What people say they did is no comparison.
"""

from __future__ import annotations

from collections import Counter
from math import ceil, sqrt
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.result import Word
from vouchercli.rules import money
from vouchercli.rules.intervals import Z_95, t_95

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

FEWEST = 2  # answers of a stratum that have a variance
LEAST_ANSWERS = 30  # of fewer the interval is too short: a ratio of sums is not yet normal
REASONS = {
    "printed": Word("printed sums do not show how answers differ"),
    "few_answers": Word("fewer than 30 answers"),
    "single_answer": Word("a stratum has a single answer"),
}


class Said(NamedTuple):
    """An answer, or printed sums of several; `weight` is how many people it stands for."""

    stratum: str
    weight: Fraction
    answers: int
    used_fen: int
    ordinary_fen: int
    voucher_fen: int
    own_fen: int


def answers_for(margin: float, people: int) -> int:
    """How many answers of so many people tell a share of them, whatever it is, to within the margin
    (of 1) 95 times in 100 (W. G. Cochran, Sampling Techniques, 4.4: half of them, the hardest).
    """
    of_many = Z_95**2 / (4 * margin**2)
    return min(people, ceil(of_many / (1 + (of_many - 1) / people)))


def answers_like(answers: int, half: float, margin: float, people: int) -> int:
    """How many answers would tell the share of money to within the margin, if they differ as much
    as so many did whose interval has that half width.
    """
    return min(people, ceil(answers * (half / margin) ** 2))


def asked_for(answers: int, share_bp: int) -> int:
    """How many must be asked where that share of them (basis points) answers."""
    return -(-answers * 10_000 // share_bp)


class Surveyed(NamedTuple):
    """What a survey says: sums as weighted (fen), additional spending as a share of what was used,
    and its 95 % interval, or (`no_interval`) why there is none.
    """

    answers: int
    used_fen: int
    ordinary_fen: int
    voucher_fen: int
    own_fen: int
    effect: str
    low: str | None
    high: str | None
    no_interval: str | None


def additional(every: Iterable[Said]) -> Surveyed:
    """(B + C) / D of the weighted answers: a ratio of sums, its variance by linearisation within
    strata (W. G. Cochran, Sampling Techniques, 6.13), by Student's t with as many degrees of
    freedom as there are answers more than strata.
    """
    said = [*every]
    sums = [
        money.half_up(part.numerator, part.denominator)
        for part in (
            sum((each.weight * getattr(each, name) for each in said), start=said[0].weight * 0)
            for name in ("used_fen", "ordinary_fen", "voucher_fen", "own_fen")
        )
    ]
    used, ordinary, voucher, own = sums
    share = (voucher + own) / used
    why_not = _why_no_interval(said)
    low, high = None, None
    if why_not is None:
        half = _half(said, share, used)
        low, high = f"{max(share - half, 0.0):.4f}", f"{share + half:.4f}"
    return Surveyed(
        sum(each.answers for each in said),
        used,
        ordinary,
        voucher,
        own,
        str(money.ratio(voucher + own, used, 4)),
        low,
        high,
        why_not,
    )


def _why_no_interval(said: list[Said]) -> str | None:
    """Why answers have no interval; None: they have one."""
    if any(each.answers > 1 for each in said):
        return "printed"
    if len(said) < LEAST_ANSWERS:
        return "few_answers"
    fewest = min(Counter(each.stratum for each in said).values())
    return "single_answer" if fewest < FEWEST else None


def _half(said: list[Said], share: float, used: int) -> float:
    """Half the width of the interval."""
    strata: dict[str, list[float]] = {}
    for each in said:
        off = float(each.weight) * (each.voucher_fen + each.own_fen - share * each.used_fen)
        strata.setdefault(each.stratum, []).append(off)
    variance = 0.0
    for offs in strata.values():
        middle, n = sum(offs) / len(offs), len(offs)
        variance += n / (n - 1) * sum((off - middle) ** 2 for off in offs)
    return t_95(len(said) - len(strata)) * sqrt(variance) / used
