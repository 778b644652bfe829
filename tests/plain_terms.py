"""What the terms of a programme mean, read a second time, plainly: scopes, coupons and validities by
their YAML alone. It shares no code with the program; amounts in fen, times as local ones. Who holds
what, and what was paid, is in `plain_law`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

Document = dict[str, Any]
Row = dict[str, str]
DAY = timedelta(days=1)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
END_OF_TIME = datetime(9999, 1, 1)
BESIDE = ("stored_value", "platform_discount")


def fen(text: object) -> int:
    """Yuan as a document or a file writes them."""
    whole, _, part = str(text or "0").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def bp(text: object) -> int:
    """A percentage in basis points."""
    return fen(str(text).removesuffix("%"))


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def moment(text: str) -> datetime:
    """A local time; a bare date is its midnight."""
    return datetime.fromisoformat(text)


def end(text: str) -> datetime:
    """An end: a bare date means the whole of it."""
    return moment(text) + (DAY if len(text) == 10 else timedelta())


def midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0)


def next_month(at: datetime) -> datetime:
    return (midnight(at).replace(day=1) + 32 * DAY).replace(day=1)


def span_of(per: str, at: datetime) -> object:
    """The day, week, month or programme in which something counts."""
    if per == "day":
        return at.date()
    if per == "week":
        return at.isocalendar()[:2]
    return (at.year, at.month) if per == "month" else None


def listed(value: Any) -> list[Any]:
    """A value that is alone, or several."""
    return [] if value is None else value if isinstance(value, list) else [value]


# ---------------------------------------------------------------- scopes


def in_hours(scope: Document, at: datetime) -> bool:
    """Whether a payment is in the weekdays and hours; hours over midnight are those of the day on
    which they began.
    """
    return any(
        _in_hours_of(scope, WEEK[day.weekday()], int((at - day).total_seconds()) // 60)
        for day in (midnight(at), midnight(at) - DAY)
    )


def _in_hours_of(scope: Document, weekday: str, minute: int) -> bool:
    hours = scope.get("hours")
    if isinstance(hours, dict):
        spans = [span for days, span in hours.items() if weekday in days_named(days)]
    elif weekday in (scope.get("weekdays") or WEEK):
        spans = [hours or "all_day"]
    else:
        spans = []
    return any(
        start <= minute < stop
        for each in spans
        for text in listed(each)
        for start, stop in [span_minutes(text)]
    )


def days_named(text: str) -> list[str]:
    """`mon, wed` or `fri-mon`."""
    days = []
    for part in str(text).split(","):
        first, _, last = part.strip().partition("-")
        at = WEEK.index(first)
        days.append(WEEK[at])
        while last and WEEK[at] != last:
            at = (at + 1) % 7
            days.append(WEEK[at])
    return days


def span_minutes(text: str) -> tuple[int, int]:
    if text == "all_day":
        return 0, 1440
    start, stop = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return start, stop if stop > start else stop + 1440


def holds(scope: Document, merchant: Row, channel: str, at: datetime) -> bool:
    """Place, trade, channel, weekday and hour of one scope, without `any_of`."""
    about = (merchant["merchant_no"], merchant["district"], merchant["industry"], merchant["size"])
    keys = ("merchants", "districts", "industries", "sizes")
    return (
        not any(each in (scope.get("exclude") or ()) for each in about)
        and all(
            not scope.get(key) or each in scope[key] for key, each in zip(keys, about, strict=True)
        )
        and scope.get("channel", "any") in ("any", channel or scope.get("channel"))
        and in_hours(scope, at)
    )


def covers(scope: Document, merchant: Row, channel: str, at: datetime) -> bool:
    parts = scope.get("any_of")
    return holds(scope, merchant, channel, at) and (
        not parts or any(holds(part, merchant, channel, at) for part in parts)
    )


def grade(text: object) -> str:
    """`grade 1`, `1级` and `一级` are 1."""
    word = str(text).strip()
    found = re.fullmatch(r"(?:grade )?(\d+)级?|([一二三四五])级?", word)
    if not found:
        return word
    return found[1].lstrip("0") if found[1] else str("一二三四五".index(found[2]) + 1)


def keeps(bound: Any, said: str) -> bool:
    if isinstance(bound, list):
        return said in [grade(each) for each in bound]
    found = re.fullmatch(r"(<=|>=|<|>)(\d+)", str(bound))
    if not found:
        return said == grade(bound)
    number, most = int(said) if said.isdigit() else None, int(found[2])
    return (
        number is not None
        and {
            "<=": number <= most,
            ">=": number >= most,
            "<": number < most,
            ">": number > most,
        }[found[1]]
    )


def classes(scope: Document) -> dict[str, Document]:
    """The classes of goods of a scope, with what each asks."""
    goods = scope.get("goods")
    return goods if isinstance(goods, dict) else {name: {} for name in goods or ()}


def goods_fault(scope: Document, row: Row) -> str | None:
    """What the row says of its goods that the scope does not allow; nothing said, nothing broken."""
    word, named = row.get("goods"), classes(scope)
    if word and (word in (scope.get("exclude_goods") or ()) or (named and word not in named)):
        return "other_goods"
    bound = named.get(word or "", {}).get("grade")
    if bound is not None and row.get("grade") and not keeps(bound, grade(row["grade"])):
        return "other_grade"
    if scope.get("units") and row.get("units") and int(row["units"]) > scope["units"]:
        return "too_many_units"
    place = row.get("delivered_to")
    if place and scope.get("delivered_to") and place not in scope["delivered_to"]:
        return "delivered_elsewhere"
    beside = [name for name in scope.get("not_beside") or () if fen(row.get(name))]
    return "not_beside" if beside else None


# ---------------------------------------------------------------- coupons


def vouchers_of(template: Document) -> list[Document]:
    """The vouchers of a pack, a line for each."""
    return [line for line in template["coupons"] for _ in range(line.get("count", 1))]


def threshold(coupon: Document) -> int:
    said = coupon["threshold"]
    if said == "one_fen":
        return fen(coupon["denomination"]) + 1
    if str(said).endswith("x"):
        return fen(coupon["denomination"]) * int(said[:-1])
    return fen(said)


def most_base(coupon: Document) -> int | None:
    if "below" in coupon:
        return fen(coupon["below"]) - 1
    return fen(coupon["max_order"]) if "max_order" in coupon else None


def rates(coupon: Document) -> dict[str, tuple[int, int]]:
    """Word of a grade or a class -> basis points and cap."""
    found = {}
    by_grade = coupon.get("rates_by", "grade") == "grade"
    for word, each in coupon.get("rates", {}).items():
        percent, cap = (
            (each["percent"], each.get("cap")) if isinstance(each, dict) else (each, None)
        )
        found[grade(word) if by_grade else word] = bp(percent), fen(cap or coupon["cap"])
    return found


def said_word(coupon: Document, row: Row) -> str:
    """What the row says by which the rates go."""
    by = coupon.get("rates_by", "grade")
    word = row.get(by) or ""
    return grade(word) if word and by == "grade" else word


def gives(coupon: Document, base: int, row: Row) -> int:
    """What the voucher pays on a base that it is for."""
    if coupon["kind"] == "amount_off":
        return fen(coupon["denomination"])
    if each := rates(coupon):
        word = said_word(coupon, row)
        which = [each[word]] if word in each else [*each.values()]
        return min(min(cap, half_up(base * share, 10_000)) for share, cap in which)
    cap = fen(coupon["cap"])
    if "cap_per" in coupon:
        cap *= min(int(row.get("diners") or 1), coupon["most_diners"])
    return min(cap, half_up(base * bp(coupon["percent"]), 10_000))


def face(template: Document) -> int:
    """The most that a pack can pay."""
    return sum(
        fen(each["denomination"])
        if each["kind"] == "amount_off"
        else max([cap for _, cap in rates(each).values()] or [fen(each["cap"])])
        * each.get("most_diners", 1)
        for each in vouchers_of(template)
    )


def ends_at(validity: Any, claimed_at: datetime, opened_at: datetime, stated: str) -> datetime:
    """The first second at which a voucher is no longer valid."""
    if validity == "at_once":
        return claimed_at + timedelta(seconds=1)
    if validity == "calendar_month":
        return next_month(claimed_at)
    if "until" in validity:
        found = end(validity["until"])
    elif "days_after_claim" in validity:
        found = claimed_at + validity["days_after_claim"] * DAY
    elif "hours_after_claim" in validity:
        found = claimed_at + timedelta(hours=validity["hours_after_claim"])
    elif "by" in validity:
        found = end(stated)
    elif "calendar_month" in validity:
        found = next_month(claimed_at)
    else:
        start = opened_at if validity.get("from") == "opening" else claimed_at
        skipped = validity.get("from") == "day_after_claim"
        found = midnight(start) + (validity["days"] + skipped) * DAY
    last = validity.get("no_later_than")
    return min(found, end(last)) if last else found


def usable_from(validity: Any, claimed_at: datetime) -> datetime:
    said = validity.get("not_before") if isinstance(validity, dict) else None
    if said == "day_after_claim":
        return midnight(claimed_at) + DAY
    return max(claimed_at, moment(said)) if said else claimed_at
