"""The law of series: what is counted and in which units, and how figures are held beside those of
the year before and of the weeks before. A comparison is not an effect.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.result import Word
from vouchercli.rules import periods
from vouchercli.rules.money import half_up
from vouchercli.rules.scope import PLURALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vouchercli.rules.periods import Period
    from vouchercli.rules.scope import Scope

    Figures = Mapping[Period, int]

# measure -> how it is called in files
MEASURES: dict[str, tuple[str, ...]] = {
    Word("turnover"): ("营业额", "销售额", "零售额", "营业收入", "交易额", "流水", "sales"),
    Word("orders"): ("订单数", "订单量", "订单", "交易笔数", "笔数"),
    Word("shops"): ("营业店铺数", "开业店铺数", "营业商户数", "营业门店数", "open_shops", "店铺数"),
}
MONEY = "turnover"
STOCKS = ("shops",)  # of several periods they are a mean, not a sum
# unit -> how many fen, or how many of what is counted
OF_MONEY = {
    "": 100,
    "yuan": 100,
    "元": 100,
    "fen": 1,
    "分": 1,
    "千元": 100_000,
    "万元": 1_000_000,
    "百万元": 100_000_000,
    "亿元": 10_000_000_000,
}
OF_COUNTS = {
    **dict.fromkeys(("", "1", "count", "个", "家", "单", "笔", "件"), 1),
    **dict.fromkeys(("千", "千家", "千单", "千笔"), 1_000),
    **dict.fromkeys(("万", "万个", "万家", "万单", "万笔", "万件"), 10_000),
}
DIMENSIONS = ("industry", "district", "brand")
WEEKS_BEFORE = 4
MOST = 10**17  # more is a slip of the keyboard
NUMBER = re.compile(r"\d+(\.\d+)?")


def measure_of(text: str) -> str:
    """The measure that a file calls so. Raises `ValueError`."""
    name = unicodedata.normalize("NFKC", text).casefold()
    for measure, names in MEASURES.items():
        if name == measure or name in names:
            return measure
    raise ValueError(f"not a measure: {text}")


def units_of(measure: str) -> dict[str, int]:
    """The units in which it may be given."""
    return OF_MONEY if measure == MONEY else OF_COUNTS


def value_of(measure: str, text: str, unit: str) -> int:
    """A figure as fen, or as a count. Raises `ValueError` when it is no such number, is less than
    nothing, or has a part of a fen.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"not a figure in its unit: {text}")
    try:
        value = Decimal(text) * units_of(measure)[unit]
    except InvalidOperation as error:
        raise ValueError(f"not a figure in its unit: {text}") from error
    if value != int(value) or value > MOST:
        raise ValueError(f"not a figure in its unit: {text}")
    return int(value)


# ---------------------------------------------------------------- beside one another


class Sum(NamedTuple):
    """Figures together: of how many periods and days, and the first and the last of these
    (yyyymmdd; 0: there is none).
    """

    value: int
    periods: int
    days: int
    span: tuple[int, int]

    def level(self, measure: str) -> int | None:
        """What stands for all of them: their sum, of a stock their mean."""
        if not self.periods:
            return None
        return half_up(self.value, self.periods) if measure in STOCKS else self.value


class Beside(NamedTuple):
    """Figures of a span: all of them; those that have a figure of the year before, and these; and
    those of the weeks before the span.
    """

    now: Sum
    paired: Sum
    year_before: Sum
    weeks_before: Sum

    @property
    def year_change(self) -> str | None:
        """By how much they are above the year before, as a share of it."""
        return change(self.paired.value, self.year_before.value)

    def weeks_change(self, measure: str) -> str | None:
        """By how much a day, or of a stock a period, is above the weeks before."""
        now, then = self.now, self.weeks_before
        if measure in STOCKS:
            return change(now.value * then.periods, then.value * now.periods)
        return change(now.value * then.days, then.value * now.days)


def beside(figures: Figures, first_on: int, last_on: int) -> Beside:
    """The figures whose period touches these days (yyyymmdd), beside the same periods of the year
    before, and beside the four weeks that end before the first of them.
    """
    now = [each for each in figures if periods.touches(each, first_on, last_on)]
    then = {each: periods.year_before(each) for each in now}
    paired = [each for each, before in then.items() if before in figures]
    begins_on = min((each.first_on for each in now), default=first_on)
    span = periods.days_before(begins_on, 7 * WEEKS_BEFORE)
    weeks = [each for each in figures if each.last_on < begins_on and periods.touches(each, *span)]
    return Beside(
        _sum(figures, now),
        _sum(figures, paired),
        _sum(figures, [before for each in paired if (before := then[each]) is not None]),
        _sum(figures, weeks),
    )


def _sum(figures: Figures, some: list[Period]) -> Sum:
    return Sum(
        sum(figures[each] for each in some),
        len(some),
        sum(each.days for each in some),
        (min(each.first_on for each in some), max(each.last_on for each in some))
        if some
        else (0, 0),
    )


def pooled(parts: Iterable[Figures]) -> dict[Period, int]:
    """The sums over several industries, of the periods in which each of them has a figure."""
    every = [*parts]
    common = set.intersection(*(set(each) for each in every)) if every else set()
    return {period: sum(each[period] for each in every) for period in sorted(common)}


def change(now: int, before: int) -> str | None:
    """By how much `now` is above `before`, as a share of it: (240, 100) -> "1.4000"; None without a
    base.
    """
    if before <= 0:
        return None
    return _share(half_up((now - before) * 10_000, before))


def points(one: str | None, other: str | None) -> str | None:
    """How far a change lies above another one."""
    if one is None or other is None:
        return None
    return _share(_scaled(one) - _scaled(other))


def _scaled(share: str) -> int:
    return int(share.replace(".", ""))


def _share(scaled: int) -> str:
    sign, scaled = ("-", -scaled) if scaled < 0 else ("", scaled)
    return f"{sign}{scaled // 10_000}.{scaled % 10_000:04d}"


# ---------------------------------------------------------------- in the programme, or outside


def may_use(scope: Scope, by: str, name: str) -> bool:
    """Whether merchants of that industry or district may take vouchers of a scope."""
    if by not in PLURALS:
        return True
    allowed = getattr(scope, PLURALS[by])
    if (allowed and name not in allowed) or name in scope.exclude:
        return False
    if scope.any_of and not any(may_use(each, by, name) for each in scope.any_of):
        return False
    return scope.also is None or may_use(scope.also, by, name)
