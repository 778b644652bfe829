"""What figures of reports are grouped by: the heading of each dimension, and whose word it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, closest
from vouchercli.result import Column, Word
from vouchercli.rules import leverage as law

if TYPE_CHECKING:
    from collections.abc import Collection

By = tuple[str, ...]  # dimensions: one, or two
Key = tuple[str, ...]  # a key of each


class Dimension(NamedTuple):
    """The column of its keys, and what they say."""

    column: Column
    meaning: str


DIMENSIONS = {
    "round": Dimension(
        Column("key", "Round", page="round"), Word("the round whose voucher was used")
    ),
    "family": Dimension(
        Column("key", "Family"),
        Word("rounds that were drafted together: one for each face or platform"),
    ),
    "template": Dimension(Column("key", "Template"), Word("the card pack of the round")),
    "coupon": Dimension(
        Column("key", "Coupon"), Word("the coupon of the pack, as 40-10: 10 off from 40")
    ),
    "day": Dimension(Column("key", "Day"), Word("the local day of the payment")),
    "week": Dimension(Column("key", "Week"), Word("its calendar week, Monday to Sunday")),
    "month": Dimension(Column("key", "Month"), Word("its calendar month")),
    "district": Dimension(
        Column("key", "District", blank="(not stated)", page="district"),
        Word("the merchant's district when it was paid, by the registry"),
    ),
    "industry": Dimension(
        Column("key", "Industry", blank="(not stated)", page="industry"),
        Word("the merchant's industry when it was paid, by the registry"),
    ),
    "size": Dimension(
        Column("key", "Size", blank="(not stated)", page="size"),
        Word("the merchant's size when it was paid, by the registry"),
    ),
    "brand": Dimension(
        Column("key", "Brand", blank="(not stated)"),
        Word("the merchant's brand when it was paid, by the registry"),
    ),
    "designated_size": Dimension(
        Column("key", "Designated size", "word", blank="(not stated)"),
        Word(
            "whether the merchant was above or below designated size when it was paid, by the"
            " registry"
        ),
    ),
    "merchant": Dimension(Column("key", "Merchant"), Word("the merchant")),
    "platform": Dimension(
        Column("key", "Platform", blank="(issued here)"), Word("the platform that issues the round")
    ),
    "channel": Dimension(
        Column("key", "Channel", blank="(not stated)"),
        Word("how it was paid: offline or online, by the platform's file"),
    ),
}
assert tuple(DIMENSIONS) == law.GROUPINGS
# Of lakes alone: where a city's figures belong.
PLACES = {
    "city": Dimension(Column("key", "City"), Word("the city, by its code in GB/T 2260")),
    "province": Dimension(Column("key", "Province"), Word("its province, by its code")),
}
BRIDGED = {
    "county": Dimension(
        Column("key", "County", blank="(no match)"),
        Word("the merchant's district by its code in GB/T 2260"),
    ),
    "section": Dimension(
        Column("key", "Section", blank="(no match)"),
        Word("the merchant's industry by its section in GB/T 4754"),
    ),
}
OF_LAKES = PLACES | BRIDGED
NAMED = frozenset(("merchant", "county", *PLACES))  # a code or number that has a name too
# Of one report alone; `--by` does not know them.
OWN = {
    "distance": Column("distance", "Above the threshold", shown="word"),
    "weeks": Column("weeks", "Weeks"),
    "city": Column("city", "City"),
    "province": Column("province", "Province"),
}
KEYS = ("key", "second_key")  # where rows have them


def key_columns(by: By) -> tuple[Column, ...]:
    """The columns of the keys: of the second dimension under a name of its own."""
    named = zip(by, KEYS, strict=False)
    every = DIMENSIONS | OF_LAKES
    return tuple(replace(every[each].column, key=key) for each, key in named)


def own_columns(by: By) -> tuple[Column, ...]:
    """The same of a report that has its own dimensions: under their names."""
    every = {name: each.column for name, each in DIMENSIONS.items()} | OWN
    named = zip(by, KEYS, strict=False)
    return tuple(replace(every[each], key=each, source=key) for each, key in named)


def key_column(by: str, key: str = "") -> Column:
    """The column of one dimension, in rows that have it under `key` (else its own name)."""
    return replace(DIMENSIONS[by].column, key=key or by)


def has_claims(by: By) -> bool:
    """Whether the keys have claims of their own to be a rate of."""
    return len(by) == 1 and by[0] in (*law.WITH_RATES, *PLACES)


def is_by_time(by: By) -> bool:
    """Whether what stands in a row goes on in the next."""
    return len(by) == 1 and by[0] in law.CALENDAR


def asked_for(by: str, known: Collection[str] = tuple(DIMENSIONS)) -> By:
    """The one or two dimensions of `--by`, of those that are `known`. Raises `UsageFault`."""
    asked = tuple(part.strip() for part in by.replace("，", ",").split(","))
    for each in asked:
        if each not in known:
            raise _unknown(each, known)
    if len(asked) > 2:
        raise UsageFault(
            "too_many_groupings",
            "a report is grouped by one or two things, not by {count}",
            hint="write --by {by}",
            count=len(asked),
            by=",".join(asked[:2]),
        )
    if len({*asked}) < len(asked) or len({*asked} & {*law.CALENDAR}) > 1:
        raise UsageFault(
            "same_grouping",
            "{by} say the same of a payment twice",
            hint="write --by {first}",
            by=Word(", ".join(asked)),
            first=asked[0],
        )
    return asked


def _unknown(by: str, known: Collection[str]) -> UsageFault:
    near = closest(by, [*known])
    return UsageFault(
        "unknown_grouping",
        "there is no report by {by}; did you mean {near}?"
        if near
        else "there is no report by {by}",
        hint="choose one of: {known}",
        by=by,
        near=near,
        known=", ".join(known),
    )
