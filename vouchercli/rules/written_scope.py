"""The scope of a pack, or of one of its vouchers, as a template's document writes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.rules import grades, scope
from vouchercli.rules.scope import Goods, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vouchercli.rules.values import Node

OF_PACK = ("registration", "serial", "per_class")  # what no voucher has of its own
OF_GOODS = ("goods", "exclude_goods", "units", "delivered_to", "not_beside")


def read(node: Node) -> Scope:
    """The scope of a pack."""
    part = node.fields((*scope.OF_ONE, *OF_GOODS, *OF_PACK, "any_of"))
    registration = part["registration"].choice(scope.REGISTRATIONS, "required")
    where = replace(_whole(part, registration), serial=part["serial"].choice((scope.ONCE,), ""))
    return replace(where, goods=_goods(part["goods"], part["per_class"]))


def read_own(node: Node, pack: Scope) -> Scope | None:
    """The scope of one voucher, which holds beside that of its pack; None: it has none."""
    if node.is_missing:
        return None
    part = node.fields((*scope.OF_ONE, *OF_GOODS, "any_of"))
    own = replace(_whole(part, pack.registration), goods=_goods(part["goods"]))
    for each in own.goods:
        if each.per_resident is not None:
            part["goods"].fault(
                "counted_by_pack",
                "how many pieces of {goods} a resident may have is counted over the pack",
                "write per_resident under the goods of the pack's scope",
                goods=each.name,
            )
    for key in scope.find_apart(pack, own):
        part[key].fault(
            "scopes_apart",
            "nothing is in this scope and in the scope of the pack ({key}): the voucher could"
            " never be used",
            "a coupon's scope narrows the pack's: write what both have, or leave it out of the"
            " pack's",
            key=key,
        )
    return own


def _whole(part: Mapping[str, Node], registration: str) -> Scope:
    return replace(
        _one_scope(part),
        registration=registration,
        exclude_goods=frozenset(part["exclude_goods"].codes()),
        units=part["units"].whole() or None,
        delivered_to=frozenset(part["delivered_to"].codes()),
        not_beside=frozenset(each.choice(scope.AMOUNTS) for each in part["not_beside"].items()),
        any_of=tuple(
            replace(_one_scope(each.fields(scope.OF_ONE)), registration=registration)
            for each in part["any_of"].items(2)
        ),
    )


def _one_scope(part: Mapping[str, Node]) -> Scope:
    """Places, channel and hours of a scope, or of one of `any_of`."""
    by_weekday = isinstance(part["hours"].value, dict)
    if by_weekday and not part["weekdays"].is_missing:
        part["weekdays"].fault(
            "idle_key",
            "weekdays stand under hours already",
            'leave it out, and write each weekday there: {{mon-fri: "17:00-22:00", sat-sun:'
            " all_day}}",
        )
    days: set[int] = set()
    for item in part["weekdays"].items():
        try:
            days.add(scope.parse_weekday(item.value))
        except ValueError:
            item.fault(
                "bad_weekday",
                "{offending} is not a weekday",
                "write mon, tue, wed, thu, fri, sat or sun",
            )
    return Scope(
        channel=part["channel"].choice(scope.CHANNELS, "any"),
        districts=frozenset(part["districts"].codes()),
        industries=frozenset(part["industries"].codes()),
        sizes=frozenset(part["sizes"].codes()),
        merchants=frozenset(part["merchants"].codes()),
        exclude=frozenset(part["exclude"].codes()),
        hours=() if by_weekday else _hours(part["hours"].items()),
        weekdays=frozenset(days),
        weekday_hours=_weekday_hours(part["hours"]) if by_weekday else (),
    )


def _hours(items: Iterable[Node]) -> tuple[tuple[int, int], ...]:
    """Spans of a day: "10:00-22:00"."""
    spans: list[tuple[int, int]] = []
    for item in items:
        try:
            spans.append(scope.parse_hours(str(item.value)))
        except ValueError:
            item.fault(
                "bad_hours", "{offending} are not hours of a day", 'write them like "10:00-22:00"'
            )
    return tuple(spans)


def _weekday_hours(node: Node) -> tuple[tuple[int, int, int], ...]:
    """Hours by weekday: {mon-thu: "17:00-22:00", sat: ["10:00-14:00", "18:00-02:00"], sun:
    all_day}.
    """
    found: set[tuple[int, int, int]] = set()
    for key, value in node.entries(1):
        spans = (
            (scope.WHOLE_DAY,)
            if value.value == "all_day"
            else _hours(value.items(1) if isinstance(value.value, list) else [value])
        )
        try:
            days = scope.parse_weekdays(key)
        except ValueError:
            value.fault(
                "bad_weekday",
                "{offending} is not a weekday",
                "write mon, mon-thu, or mon, wed",
                at_key=True,
                offending=key,
            )
            days = ()
        found |= {(day, *span) for day in days for span in spans}
    return tuple(sorted(found))


def _goods(node: Node, per_class: Node | None = None) -> tuple[Goods, ...]:
    """The classes of goods of a list, or of a map with what each asks: `{tv: {grade: "<=2"}}`;
    `per_class`: how many pieces of each one resident may have, where a class does not say it.
    """
    most = None if per_class is None else per_class.whole() or None
    if per_class is not None and most and node.is_missing:
        per_class.fault(
            "idle_key",
            "per_class counts the pieces of the classes under goods, and there are none",
            "write goods: [CLASS, CLASS] beside it",
        )
    if not isinstance(node.value, dict):
        return tuple(Goods(name, per_resident=most) for name in node.codes())
    return tuple(_class(name, each, most) for name, each in node.entries())


def _class(name: str, node: Node, most: int | None) -> Goods:
    part = node.fields(("grade", "per_resident"))
    return Goods(name, _bound(part["grade"]), part["per_resident"].whole() or most)


def _bound(node: Node) -> str:
    """What a class asks of a grade, as `Goods.grade` has it."""
    if isinstance(node.value, list):
        return ", ".join(grades.even(word) for word in node.codes())
    text = node.text()
    limit = grades.BOUND.fullmatch(text)
    if limit:
        return limit[1] + str(int(limit[2]))
    if text[:1] in ("<", ">", "="):
        node.fault(
            "bad_grade",
            "{offending} is no bound of a grade",
            'write it like "<=2", or the grades one by one: [1, 2]',
        )
    return grades.even(text)
