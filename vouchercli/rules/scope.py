"""Where, when and at whose till a voucher may be used: the scope of a template."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from vouchercli.result import Clauses, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.rules.merchants import Merchant

CHANNELS = ("offline", "online", "any")
REGISTRATIONS = ("open", "required")
WEEKDAYS: dict[str, int] = {
    Word("mon"): 1,
    Word("tue"): 2,
    Word("wed"): 3,
    Word("thu"): 4,
    Word("fri"): 5,
    Word("sat"): 6,
    Word("sun"): 7,
}
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PLURALS = {"district": "districts", "industry": "industries", "size": "sizes"}
ONCE = "once"
AMOUNTS = ("stored_value", "platform_discount")  # what a payment was made with, or beside, in yuan
MINUTES_A_DAY = 24 * 60
WHOLE_DAY = (0, MINUTES_A_DAY)
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class Goods:
    """A class of goods that a voucher is for; `grade`: the bound that its grade keeps ("<=2"), or
    the grades that it may have, commas between them ('': any); `per_resident`: how many pieces of
    it one resident may have with vouchers of the programme (None: any number).
    """

    name: str
    grade: str = ""
    per_resident: int | None = None


@dataclass(frozen=True)
class Scope:
    """An empty set sets no limit; filled ones all hold at once.

    `merchants` are the only numbers allowed; `exclude` names merchant numbers, districts,
    industries or sizes that never are. `hours` are half-open minutes from the midnight of the local
    day on which they begin, beyond 1440 in the night after it; `weekdays` 1 (Monday) to 7. What is
    bought (`goods`, `exclude_goods`), at most how many pieces of it (`units`), where it goes
    (`delivered_to`), which piece it is (`serial`) and what may not be paid beside it (`not_beside`)
    is judged where a row says it: `rules.details`.

    In place of `hours` and `weekdays`, `weekday_hours` are spans of one weekday each: the weekday,
    and from which to which minute.

    Of the scopes of `any_of` one must hold too, as a whole: its place, channel and hours. `also`
    holds beside all of it: what one voucher of the pack has of its own.
    """

    channel: str = "any"
    districts: frozenset[str] = frozenset()
    industries: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()
    merchants: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    hours: tuple[tuple[int, int], ...] = ()
    weekdays: frozenset[int] = frozenset()
    registration: str = "required"
    goods: tuple[Goods, ...] = ()
    exclude_goods: frozenset[str] = frozenset()
    units: int | None = None
    delivered_to: frozenset[str] = frozenset()
    serial: str = ""  # ONCE: each piece is used once in all rounds
    any_of: tuple[Scope, ...] = ()
    weekday_hours: tuple[tuple[int, int, int], ...] = ()
    also: Scope | None = None
    not_beside: frozenset[str] = frozenset()

    @property
    def is_timed(self) -> bool:
        """Whether it asks for a weekday or an hour."""
        return bool(self.hours or self.weekdays or self.weekday_hours)


def parse_hours(text: str) -> tuple[int, int]:
    """ "10:00-22:00" -> (600, 1320); "22:00-02:00" ends on the next day: (1320, 1560). Raises
    `ValueError`.
    """
    match = HOURS.fullmatch(text.strip())
    if not match:
        raise ValueError(f"not hours like 10:00-22:00: {text}")
    hour, minute, last_hour, last_minute = map(int, match.groups())
    start, end = hour * 60 + minute, last_hour * 60 + last_minute
    if (
        start >= MINUTES_A_DAY
        or end > MINUTES_A_DAY
        or minute > 59
        or last_minute > 59
        or start == end
    ):
        raise ValueError(f"not hours of one day: {text}")
    return start, end if start < end else end + MINUTES_A_DAY


def parse_weekday(text: str | int) -> int:
    """`mon` ... `sun`, or 1 (Monday) ... 7. Raises `ValueError`."""
    day = WEEKDAYS.get(str(text).strip().lower()[:3]) or (
        int(text) if str(text).strip().isdigit() else 0
    )
    if not 1 <= day <= 7:
        raise ValueError(f"not a weekday: {text}")
    return day


def parse_weekdays(text: str | int) -> tuple[int, ...]:
    """`mon`, `mon-thu`, `fri-mon` (over the week's end) or `mon, wed`. Raises `ValueError`."""
    days: list[int] = []
    for part in str(text).split(","):
        first, dash, last = part.partition("-")
        start = parse_weekday(first)
        end = parse_weekday(last) if dash else start
        days += [(start - 1 + step) % 7 + 1 for step in range((end - start) % 7 + 1)]
    return tuple(days)


WORDS = ("districts", "industries", "sizes", "merchants", "exclude")


IN_COMMON = ("districts", "industries", "sizes", "merchants", "weekdays", "delivered_to")

# What each scope of `any_of` may say.
OF_ONE = (
    "channel",
    "districts",
    "industries",
    "sizes",
    "merchants",
    "exclude",
    "hours",
    "weekdays",
)


def own(scope: Scope) -> Scope:
    """What of a scope holds whatever `any_of` and `also` say."""
    return replace(scope, any_of=(), also=None)


def each_alone(scope: Scope) -> tuple[tuple[Scope, ...], ...]:
    """The scope as groups of simple ones: of each group one must hold."""
    groups = ((own(scope),), *((scope.any_of,) if scope.any_of else ()))
    return groups + (each_alone(scope.also) if scope.also else ())


def find_apart(pack: Scope, other: Scope) -> list[str]:
    """The keys by which two scopes have nothing in common."""
    sets: dict[str, tuple[frozenset[Any], ...]] = {
        key: (getattr(pack, key), getattr(other, key)) for key in IN_COMMON
    }
    sets["goods"] = tuple(frozenset(each.name for each in one.goods) for one in (pack, other))
    apart = [key for key, (one, two) in sets.items() if one and two and one.isdisjoint(two)]
    return apart + ["channel"] * (not has_channel(pack, other.channel.replace("any", "")))


def words(scope: Scope) -> dict[str, frozenset[str]]:
    """The words by which it names merchants, by key."""
    return {
        key: frozenset().union(*(getattr(each, key) for each in (scope, *scope.any_of)))
        for key in WORDS
    }


def covers(scope: Scope, merchant: Merchant) -> bool:
    """Whether the voucher may be used at that merchant, over some channel at some hour."""
    return find_broken(scope, merchant, "", None) is None


def has_channel(scope: Scope, channel: str) -> bool:
    """Whether the voucher may be used over that channel, beside what `any_of` says; a payment that
    states none ('') is not held against anyone.
    """
    return scope.channel == "any" or channel in ("", scope.channel)


def used_channel(scope: Scope, channel: str) -> str:
    """The channel a payment states, else the only one its voucher is for, else ''."""
    for group in () if channel else each_alone(scope):
        only = {each.channel for each in group}
        if len(only) == 1 and only != {"any"}:
            return only.pop()
    return channel


def is_hour(scope: Scope, minute: int, weekday: int) -> bool:
    """Whether the voucher may be used at that local minute of the day (0..1439) on that weekday (1
    = Monday). Hours over midnight belong to the day on which they began.
    """
    return any(
        not scope.weekdays or day in scope.weekdays
        for day in _days_in_hours(scope, minute, weekday)
    )


def _hours_of(scope: Scope, weekday: int) -> tuple[tuple[int, int], ...]:
    """The spans that begin on a weekday, whether it is one of `weekdays` or not."""
    if scope.weekday_hours:
        return tuple((start, end) for day, start, end in scope.weekday_hours if day == weekday)
    return scope.hours or (WHOLE_DAY,)


def _days_in_hours(scope: Scope, minute: int, weekday: int) -> list[int]:
    """The weekdays to whose hours that minute belongs: this one, the one before, both or none."""
    candidates = ((weekday, minute), (weekday - 1 or 7, minute + MINUTES_A_DAY))
    return [
        day
        for day, at in candidates
        if any(start <= at < end for start, end in _hours_of(scope, day))
    ]


def find_broken(
    scope: Scope, merchant: Merchant | None, channel: str, clock: tuple[int, int] | None
) -> dict[str, str] | None:
    """The first condition of the scope that a payment breaks, as the values that explain it
    (`rules.reasons`, out_of_scope); None when it keeps them all. `clock`: its local minute of the
    day and its weekday. A merchant or clock that is None is not asked. Without a channel it keeps
    the scope if it does over one of them.
    """
    broken = [
        _find_broken_over(scope, merchant, each, clock)
        for each in possible_channels(scope, channel)
    ]
    return None if None in broken else broken[0]


def possible_channels(scope: Scope, channel: str) -> tuple[str, ...]:
    """Over which channels a payment may have been made that states this one: of several scopes the
    same one must do for all.
    """
    is_simple = not scope.any_of and scope.also is None
    return (channel,) if channel or is_simple else CHANNELS[:2]


def _find_broken_over(
    scope: Scope, merchant: Merchant | None, channel: str, clock: tuple[int, int] | None
) -> dict[str, str] | None:
    for group in each_alone(scope):
        each = [_find_broken_alone(one, merchant, channel, clock) for one in group]
        if None not in each:
            return each[0]
    return None


def _find_broken_alone(
    scope: Scope, merchant: Merchant | None, channel: str, clock: tuple[int, int] | None
) -> dict[str, str] | None:
    """The same of a scope without `any_of` and `also`."""
    place = None if merchant is None else _find_broken_place(scope, merchant)
    if place is not None:
        return place
    if not has_channel(scope, channel):
        return {"used_channel": channel, "only_channel": scope.channel}
    return None if clock is None else _find_broken_time(scope, *clock)


def _find_broken_time(scope: Scope, minute: int, weekday: int) -> dict[str, str] | None:
    """What of a local minute and weekday the scope does not allow: the night it belongs to, the
    weekday or the hour.
    """
    if is_hour(scope, minute, weekday):
        return None
    days = _days_in_hours(scope, minute, weekday)
    if days and weekday not in days:
        return {"night": WEEKDAY_NAMES[days[0] - 1], "weekdays": format_weekdays(scope)}
    if days or (scope.weekdays and weekday not in scope.weekdays):
        return {"weekday": WEEKDAY_NAMES[weekday - 1], "weekdays": format_weekdays(scope)}
    if scope.weekday_hours:
        hour_of = {"weekday": WEEKDAY_NAMES[weekday - 1], "hour": format_minute(minute)}
        return hour_of | {"hours": format_hours(scope)}
    return {"hour": format_minute(minute), "hours": format_hours(scope)}


def _find_broken_place(scope: Scope, merchant: Merchant) -> dict[str, str] | None:
    """The first condition of the scope that the merchant does not meet."""
    if not (merchant.is_registered or registration_open(scope)):
        return {"unregistered": merchant.merchant_no}
    about = (merchant.merchant_no, merchant.district, merchant.industry, merchant.size)
    if excluded := [each for each in about if each in scope.exclude]:
        return {"excluded": excluded[0]}
    if scope.merchants and merchant.merchant_no not in scope.merchants:
        return {"other_merchant": merchant.merchant_no, "merchants": str(len(scope.merchants))}
    for value, kind, only in (
        (merchant.district, "district", scope.districts),
        (merchant.industry, "industry", scope.industries),
        (merchant.size, "size", scope.sizes),
    ):
        if only and value not in only:
            known = {kind: value} if value else {}
            return known | {PLURALS[kind]: ", ".join(sorted(only))}
    return None


def format_weekdays(scope: Scope) -> str:
    """The weekdays as a template writes them: `mon, fri`."""
    names = {number: name for name, number in WEEKDAYS.items()}
    return ", ".join(names[number] for number in sorted(scope.weekdays))


def format_hours(scope: Scope) -> str:
    """The hours as a template writes them: `10:00-22:00`; by weekday, with those of equal hours
    together: `mon-thu: 17:00-22:00; sat-sun: 00:00-24:00`.
    """
    if not scope.weekday_hours:
        return _format_spans(scope.hours)
    names = {number: name for name, number in WEEKDAYS.items()}
    texts = []
    for text, run in groupby(WEEKDAYS.values(), lambda day: _format_spans(_hours_of(scope, day))):
        days = [*run]
        named = names[days[0]] if len(days) == 1 else f"{names[days[0]]}-{names[days[-1]]}"
        texts += [f"{named}: {text}"] if text else []
    return Clauses("; ".join(texts))


def _format_spans(spans: Iterable[tuple[int, int]]) -> str:
    return ", ".join(
        f"{format_minute(start)}-{format_minute(end - MINUTES_A_DAY * (end > MINUTES_A_DAY))}"
        for start, end in spans
    )


def format_minute(minute: int) -> str:
    """A minute of the day: 599 -> `09:59`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def registration_open(scope: Scope) -> bool:
    """Whether any merchant number is taken, and added as unregistered, instead of being
    rejected.
    """
    return scope.registration == "open"
