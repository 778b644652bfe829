"""From where on a value is out of the ordinary, by what is ordinary among merchants like it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Segment = tuple[str, str, str]  # industry, district, size; '' in each: all of them


class Base(NamedTuple):
    """Whom a merchant is compared with: the segment, and the values of its members."""

    segment: Segment
    values: Sequence[float]


def quartile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the ordered values lies, between two of them in proportion
    (Hyndman and Fan 1996, type 7).
    """
    place = (len(values) - 1) * part
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def far_fence(values: Sequence[float], times: float) -> float:
    """Third quartile and so many times the distance between the quartiles (Tukey 1977: 3 for the
    far fence). `values` are in order.
    """
    first, third = quartile(values, 0.25), quartile(values, 0.75)
    return third + times * (third - first)


def widths(segment: Segment) -> tuple[Segment, ...]:
    """The segment, and wider ones: without the district, the industry alone, everybody."""
    industry, _, size = segment
    return segment, (industry, "", size), (industry, "", ""), ("", "", "")


def bases(values: Mapping[int, float], segments: Mapping[int, Segment]) -> dict[Segment, list[int]]:
    """The members of each segment and of each wider one."""
    own: dict[Segment, list[int]] = {}
    for merchant in values:
        own.setdefault(segments[merchant], []).append(merchant)
    members: dict[Segment, list[int]] = {}
    for segment, merchants in own.items():
        for each in dict.fromkeys(widths(segment)):
            members.setdefault(each, []).extend(merchants)
    return members


def bases_of(segment: Segment, members: Mapping[Segment, list[int]], least: int) -> list[Segment]:
    """The segment and the wider ones that have at least so many members, the narrowest first."""
    return [each for each in widths(segment) if len(members.get(each, ())) >= least]


def base_of(segment: Segment, members: Mapping[Segment, list[int]], least: int) -> Segment | None:
    """The narrowest segment with at least so many members; None: there are too few in all."""
    return next(iter(bases_of(segment, members, least)), None)


def tail(count: int, expected: float) -> float:
    """How likely at least `count` is where `expected` come by chance (Poisson)."""
    if count <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if count <= expected:
        return 1.0  # nothing out of the ordinary
    term = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
    whole, place = 0.0, count
    while term > whole * 1e-12:
        whole += term
        place += 1
        term *= expected / place
    return min(whole, 1.0)
