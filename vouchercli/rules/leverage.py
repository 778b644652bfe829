"""Every published ratio, defined once: gross G, own-spend N, floor, the redemption rates, and what
a total is.

Source of the formulas: the programme papers gathered in the project's facts ("Formulas"). Leverage
has no legal definition, so each figure says its base: all three are per fen of *public* subsidy, or
(floor) of the least that the vouchers' own rules ask for it.
"""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import money, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# What a report can be grouped by; the calendar ones are worked out here from the local day.
GROUPINGS = (
    "round",
    "family",
    "template",
    "coupon",
    "day",
    "week",
    "month",
    "district",
    "industry",
    "size",
    "brand",
    "designated_size",
    "merchant",
    "platform",
    "channel",
)
CALENDAR = ("day", "week", "month")
FEW = 30  # of fewer payments or packs a ratio hangs on single ones (the rule of thumb of samples)
WITH_RATES = ("round", "family", "template")  # only these have claims of their own to be a rate of


class Sums(NamedTuple):  # a light class: made a hundred thousand times by a report on merchants
    """Sums over redemptions, net of refunds: amounts in fen, `vouchers` payments that stand.

    `paid_fen` is what the vouchers paid (every funder's share, never the match); `public_fen` and
    `platform_fen` its parts; `match_fen` what merchants gave (match and merchant-kind shares);
    `floor_fen` is the sum of the least bases for the subsidies that were brought, less what was
    refunded of them; `face_fen` the denominations (the cap, for a percentage) of the vouchers that
    are spent; `stays_fen` public subsidy that stays on sales that are gone, in none of the others.
    """

    vouchers: int = 0
    base_fen: int = 0
    paid_fen: int = 0
    public_fen: int = 0
    platform_fen: int = 0
    match_fen: int = 0
    floor_fen: int = 0
    face_fen: int = 0
    stays_fen: int = 0

    def __add__(self, other: Sums) -> Sums:  # type: ignore[override] # not a tuple behind a tuple
        """Pooled: sum over sum, never the mean of ratios."""
        return Sums(*map(add, self, other))

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was counted."""
        return self == NOTHING

    @property
    def own_fen(self) -> int:
        """What consumers paid themselves: base - public - platform - match, in fen."""
        return self.base_fen - self.given_fen

    @property
    def given_fen(self) -> int:
        """What whoever gave anything gave: public + platform + match, in fen."""
        return self.public_fen + self.platform_fen + self.match_fen

    @property
    def gross(self) -> str | None:
        """G = base / public subsidy, to 2 decimals, half up. Order value, not new consumption. None
        where base or subsidy is not above 0: a group of refunds alone has no ratio.
        """
        return self._per_public_yuan(self.base_fen)

    @property
    def own_spend(self) -> str | None:
        """N = own / public subsidy; G - 1 when only the government pays. None where G is."""
        return self._per_public_yuan(self.own_fen)

    def _per_public_yuan(self, fen: int) -> str | None:
        has_ratio = self.base_fen > 0 and self.public_fen > 0
        return money.ratio(fen, self.public_fen) if has_ratio else None

    @property
    def floor(self) -> str | None:
        """The least that G can be by the vouchers' own rules: least bases / public subsidy. The
        least base of a payment is its threshold, or for a percentage its base up to the least that
        reaches the cap; it shrinks with what is refunded. None where G is.
        """
        return self._per_public_yuan(self.floor_fen)

    @property
    def all_funders(self) -> str | None:
        """A = base / (public + platform + match): order value per yuan of whoever gave it. None
        where nobody gave anything, or base is not above 0.
        """
        has_ratio = self.base_fen > 0 and self.given_fen > 0
        return money.ratio(self.base_fen, self.given_fen) if has_ratio else None

    @property
    def gross_of_floor(self) -> str | None:
        """G / floor: how far orders go beyond what the rules ask for. None where one of them is."""
        has_both = self.gross is not None and self.floor_fen > 0
        return money.ratio(self.base_fen, self.floor_fen) if has_both else None


NOTHING = Sums()


class Claimed(NamedTuple):
    """What was claimed: packs, their vouchers, and their face in fen (percentages at their cap)."""

    packs: int = 0
    vouchers: int = 0
    face_fen: int = 0

    def __add__(self, other: Claimed) -> Claimed:  # type: ignore[override]
        """Pooled."""
        return Claimed(*map(add, self, other))


def pooled(sums: Iterable[Sums]) -> Sums:
    """The total of several groups: sum over sum."""
    every = list(sums)
    return Sums(*map(sum, zip(*every, strict=True))) if every else NOTHING


def rate(part: int, whole: int) -> str | None:
    """A share of 1 with 4 decimals, half up: (351, 500) -> "0.7020"; None when there is nothing to
    be a share of, or less than nothing to share.
    """
    return money.ratio(part, whole, 4) if whole > 0 and part >= 0 else None


def used_of_claimed(sums: Sums, claimed: Claimed) -> str | None:
    """Redemption rate by count: vouchers used / vouchers claimed."""
    return rate(sums.vouchers, claimed.vouchers)


def paid_of_claimed(sums: Sums, claimed: Claimed) -> str | None:
    """Redemption rate by amount: what the vouchers paid / face of the vouchers claimed."""
    return rate(sums.paid_fen, claimed.face_fen)


def paid_of_quota(sums: Sums, quota_fen: int) -> str | None:
    """Redemption rate of the issue: what the vouchers paid / packs x pack value, claimed or not."""
    return rate(sums.paid_fen, quota_fen)


# ---------------------------------------------------------------- groups and their order


def calendar_key(by: str, day: int) -> str:
    """The group of a local day (yyyymmdd): `2020-03-27`, its ISO week `2020-W13`, or its month
    `2020-03`.
    """
    return {"day": times.day_text, "week": times.week_of, "month": times.month_of}[by](day)


def grouped(by: str, rows: Iterable[tuple[str, Sums]]) -> dict[str, Sums]:
    """Sums by key, pooled where keys meet (a week's days); groups in which nothing was counted are
    left out.
    """
    parts: dict[str, list[Sums]] = {}
    for key, sums in rows:
        parts.setdefault(calendar_key(by, int(key)) if by in CALENDAR else key, []).append(sums)
    groups = {key: each[0] if len(each) == 1 else pooled(each) for key, each in parts.items()}
    return {key: sums for key, sums in groups.items() if not sums.is_empty}


Keys = tuple[str, ...]  # of one grouping, or of two


def in_order(by: str, keys: Iterable[str], opening: Mapping[str, int]) -> list[str]:
    """Keys as they are listed: rounds and families by opening, coupons by their numbers, everything
    else by its text, blank last.
    """
    return sorted(keys, key=lambda key: _rank(by, key, opening))


def all_in_order(by: Keys, keys: Iterable[Keys], opening: Mapping[str, int]) -> list[Keys]:
    """The same of two groupings: by the first, then by the second."""
    if len(by) == 1:  # plain: there may be a hundred thousand
        return sorted(keys, key=lambda key: _rank(by[0], key[0], opening))
    return sorted(
        keys, key=lambda key: [_rank(*each, opening) for each in zip(by, key, strict=True)]
    )


def _rank(by: str, key: str, opening: Mapping[str, int]) -> Any:
    if by in ("round", "family"):
        return opening.get(key, 0), key
    return (_numbers(key), key) if by == "coupon" else (key == "", key)


def _numbers(coupon: str) -> tuple[int, ...]:
    """40-10 -> (4000, 1000), 2000-10% -> (200000, 1000): so that 40-10 stands before 100-20."""
    return tuple(money.parse_yuan(part) for part in coupon.rstrip("%").split("-"))


FINE = 10**12


def fine_ratio(part: int, whole: int) -> int:
    """A ratio to sort by, fine enough to tell any two apart; what has none comes last."""
    return part * FINE // whole if part > 0 and whole > 0 else -1


# ---------------------------------------------------------------- the window of a report


Span = tuple[int, int]  # [from, until) in UTC seconds


class Window(NamedTuple):
    """A span of time cut into what kept totals answer and what they cannot.

    `first_day` to `last_day` (yyyymmdd, both included; empty when first > last) are whole local
    days, answered from totals; `partial` are the half-open spans [from, until) in UTC seconds at
    either end, answered from facts.
    """

    first_day: int
    last_day: int
    partial: tuple[Span, ...] = ()


LAST_DAY = 99_999_999


def window(since: int | None, as_of: int | None, zone: str) -> Window:
    """The window `since <= paid_at <= as_of` (UTC seconds, None: open) in whole local days and what
    is left over.
    """
    first, last, cuts = _whole_units(since, as_of, LAST_DAY, lambda at: _day(at, zone))
    return Window(first, last, tuple(cut.span for cut in cuts))


class Cut(NamedTuple):
    """A local month (yyyymm) of which only a part counts: `span` [from, until) in UTC seconds,
    `rest` the month without it.

    What counts are the facts of the span, or the month's kept totals less the facts of the rest.
    """

    month: int
    span: Span
    rest: tuple[Span, ...]


class Months(NamedTuple):
    """A span of time for totals kept by month: `first` to `last` (yyyymm, both included; empty when
    first > last) count whole, `cuts` in part.
    """

    first: int
    last: int
    cuts: tuple[Cut, ...] = ()


LAST_MONTH = 999_999


def months(since: int | None, as_of: int | None, zone: str) -> Months:
    """The span `since <= paid_at <= as_of` (UTC seconds, None: open) in whole local months and what
    is cut off from others.
    """
    return Months(*_whole_units(since, as_of, LAST_MONTH, lambda at: _month(at, zone)))


def _day(at: int, zone: str) -> tuple[int, Span]:
    """The local day (yyyymmdd) of a moment and its UTC seconds [first, end)."""
    day = times.day_of(at, zone)
    return day, times.day_bounds(day, zone)


def _month(at: int, zone: str) -> tuple[int, Span]:
    """The local month (yyyymm) of a moment and its UTC seconds [first, end)."""
    month = times.day_of(at, zone) // 100
    return month, (times.day_bounds(month * 100 + 1, zone)[0], times.month_end(at, zone))


def _whole_units(
    since: int | None, as_of: int | None, last: int, unit: Callable[[int], tuple[int, Span]]
) -> tuple[int, int, tuple[Cut, ...]]:
    """The first and the last day or month that lies wholly in `since <= at <= as_of`, and those of
    which only a part does; `last` when the end is open.
    """
    first, start, end = 0, since, None if as_of is None else as_of + 1
    cuts: list[Cut] = []

    def cut(key: int, begins: int, ends: int) -> None:
        span = (
            begins if start is None else max(start, begins),
            ends if end is None else min(end, ends),
        )
        rest = (begins, span[0]), (span[1], ends)
        cuts.append(Cut(key, span, tuple(part for part in rest if part[0] < part[1])))

    if start is not None and end is not None and start >= end:
        return 1, 0, ()
    if start is not None:
        first, (begins, ends) = unit(start)
        if start > begins:
            cut(first, begins, ends)
            first = unit(ends)[0]
    if end is not None:
        last, (begins, ends) = unit(end - 1)
        if end < ends:
            if start is None or start <= begins:  # else both ends lie in one
                cut(last, begins, ends)
            last = unit(begins - 1)[0]
    return first, last, tuple(cuts)
