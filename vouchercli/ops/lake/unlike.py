"""What makes cities of a lake unlike, so that some figures of them are compared with care, or not
at all: other months, other vouchers, other rules, another way of giving packs out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.lake.asking import ZONE
from vouchercli.result import say
from vouchercli.rules import leverage, times
from vouchercli.store import lake_queries as sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from vouchercli.ops.lake.asking import Lake
    from vouchercli.ops.lake.folders import Found
    from vouchercli.result import Message

    Row = dict[str, Any]
    Chosen = Mapping[str, Sequence[Row]]  # the rounds of each that is compared

# How soon packs go depends on how they are given out.
OF_ONE_MODE = ("claim_rate", "sell_out_seconds")


def left_out(chosen: Chosen) -> Sequence[str]:
    """The figures that cannot be compared."""
    return OF_ONE_MODE if _is_unlike(_modes(chosen)) else ()


def what_differs(lake: Lake, chosen: Chosen) -> Iterator[Message]:
    """What is not the same of those that are compared, and what is left out for it."""
    yield from _other_days(lake, chosen)
    yield from _other_vouchers(lake, chosen)
    yield from _other_rules(lake, chosen)
    modes = _modes(chosen)
    if _is_unlike(modes):
        yield say(
            "Left out, since packs were given out in different ways ({modes}): the claim rate, and"
            " the time to sold out.",
            modes=_listed(modes),
        )
    yield say("Left out, since no lake has it: what was written off, and the days to payment.")


def other_rules(programmes: Iterable[Found]) -> list[str]:
    """The names of the rules that programmes do not have alike, of those whose rules are known."""
    laws = [each.manifest.terms for each in programmes if each.manifest.terms]
    names = dict.fromkeys(name for law in laws for name in law)
    return [name for name in names if len({law.get(name) for law in laws}) > 1]


def unknown_rules(programmes: Iterable[Found]) -> Iterator[Message]:
    """Say of which programmes the rules are not known."""
    names = sorted({each.name for each in programmes if not each.manifest.terms})
    if names:
        yield say(
            "The rules of {programmes} are not known: an older program wrote them.",
            programmes=", ".join(names),
        )


def _modes(chosen: Chosen) -> dict[str, str]:
    return {name: "/".join(sorted({row["mode"] for row in rows})) for name, rows in chosen.items()}


def _is_unlike(said: Mapping[str, str]) -> bool:
    return len({*said.values()}) > 1


def _listed(said: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in said.items())


def _programmes(lake: Lake, rows: Sequence[Row]) -> list[Found]:
    """The programmes whose rounds these are."""
    whose = {(row["city"], row["programme"]) for row in rows}
    return [each for each in lake.counted if (each.manifest.city, each.manifest.programme) in whose]


def _other_days(lake: Lake, chosen: Chosen) -> Iterator[Message]:
    """Say that they opened, or are known, up to other days."""

    def each(day: Callable[[Sequence[Row]], int]) -> dict[str, str]:
        return {name: times.day_text(day(rows)) for name, rows in chosen.items()}

    opened = each(lambda rows: min(times.day_of(row["opens_at"], ZONE) for row in rows))
    known = each(lambda rows: max(each.manifest.day for each in _programmes(lake, rows)))
    if _is_unlike(opened):
        yield say("They opened on different days: {days}.", days=_listed(opened))
    if _is_unlike(known):
        yield say(
            "They are known up to different days: {days}; --as-of names one for all.",
            days=_listed(known),
        )


def _other_vouchers(lake: Lake, chosen: Chosen) -> Iterator[Message]:
    """Say that the vouchers that were used are not the same."""
    coupons = lake.ask(sql.ALL_COUPONS)
    used: dict[str, list[str]] = {}
    for name, rows in chosen.items():
        whose = {(row["city"], row["programme"], row["code"]) for row in rows}
        used[name] = leverage.in_order(
            "coupon", {row[3] for row in coupons if row[:3] in whose}, {}
        )
    if len({tuple(each) for each in used.values()}) > 1:
        yield say(
            "Their vouchers differ: {vouchers}.",
            vouchers="; ".join(f"{name} {', '.join(each)}" for name, each in used.items()),
        )


def _other_rules(lake: Lake, chosen: Chosen) -> Iterator[Message]:
    """Say which rules were not the same, and what each has."""
    of = {name: _programmes(lake, rows) for name, rows in chosen.items()}
    yield from unknown_rules(each for some in of.values() for each in some)
    for rule in other_rules(each for some in of.values() for each in some):
        said = {
            name: "/".join(sorted({each.manifest.terms.get(rule, "-") for each in some}))
            for name, some in of.items()
            if all(each.manifest.terms for each in some)
        }
        yield say("Their rules differ: {rule}: {said}.", rule=rule, said=_listed(said))
