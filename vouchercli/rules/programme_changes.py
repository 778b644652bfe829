"""What may change in a programme while it runs, and what stands in the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Fault
from vouchercli.rules import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vouchercli.documents import Path
    from vouchercli.rules.programmes import Funder, Programme


# What binds besides the funders.
BINDING = attrgetter(
    *("time_zone", "currency", "limits", "refunds", "books", "clock", "unused"),
    "unused_after_days",
    *("staff", "approvals", "logins", "settlement", "sanctions"),
)


@dataclass(frozen=True)
class InUse:
    """What already stands on a programme: `promised` funders have approved rounds, `paying` ones
    postings or facts; `uncommitted_fen` is what each watched funder can still give back.
    """

    has_claims: bool = False
    has_redemptions: bool = False
    promised: frozenset[str] = frozenset()
    paying: frozenset[str] = frozenset()
    uncommitted_fen: Mapping[str, int] = field(default_factory=dict)


def obstacles(before: Programme, after: Programme, in_use: InUse) -> tuple[Fault, ...]:
    """Why `after` cannot take the place of `before`: a change that would break what already stands
    on it.
    """
    return tuple(_obstacles(before, after, in_use))


def _obstacles(before: Programme, after: Programme, in_use: InUse) -> Iterator[Fault]:
    if before.time_zone != after.time_zone and in_use.has_claims:
        yield Fault(
            ("time_zone",),
            "time_zone_in_use",
            "the time zone cannot change once claims are in",
            "load it as a programme with another code",
        )
    if before.refunds != after.refunds and in_use.has_redemptions:
        yield Fault(
            ("refunds",),
            "refunds_in_use",
            "the refund policy cannot change once redemptions are in",
            "keep refunds: {before}, or load it as a programme with another code",
            {"before": _text(before.refunds.document)},
        )
    kept = {funder.funder: funder for funder in after.funders}
    for funder in before.funders:
        yield from _funder_obstacles(funder, kept.get(funder.funder), in_use)


def is_about_staff(before: Programme, after: Programme) -> bool:
    """Whether who may check, or how many must, would change; nothing is at stake while no staff was
    listed.
    """
    who = attrgetter("staff", "approvals", "logins")
    return bool(before.staff) and who(before) != who(after)


def is_binding(before: Programme, after: Programme) -> bool:
    """Whether money, what a resident gets, or who decides would change; names, sources, calendars
    and what others printed do not bind.
    """
    return _bound(before) != _bound(after)


def _bound(programme: Programme) -> tuple[object, ...]:
    funders = [
        (funder.funder, funder.kind, funder.amount_fen, funder.returned_fen)
        for funder in programme.funders
    ]
    return funders, BINDING(programme)


def stake_fen(before: Programme, after: Programme) -> int:
    """What says how many must approve: all funds together, as they are or as they would be. Small
    raises do not slip below a band.
    """
    return max(
        sum(funder.amount_fen or 0 for funder in programme.funders) for programme in (before, after)
    )


def differences(
    before: Any, after: Any, path: str = ""
) -> list[tuple[str, str | None, str | None]]:
    """(key, before, after) of every entry in which two documents differ, as text; None: it is not
    there. Lists are one entry.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        keys = dict.fromkeys((*before, *after))
        return [
            each
            for key in keys
            for each in differences(
                before.get(key), after.get(key), f"{path}.{key}" if path else str(key)
            )
        ]
    return [] if before == after else [(path, _text(before), _text(after))]


def _text(value: Any) -> str | None:
    return (
        value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )


def _funder_obstacles(before: Funder, after: Funder | None, in_use: InUse) -> Iterator[Fault]:
    path: Path = ("funders", before.funder)
    name = {"funder": before.funder}
    is_promised = before.funder in in_use.promised
    is_used = is_promised or before.funder in in_use.paying
    lowered = _left_fen(before) - (_left_fen(after) if after else 0)
    free = in_use.uncommitted_fen.get(before.funder, 0)
    if after is None:
        if is_used:
            yield Fault(
                path[:1],
                "funder_in_use",
                "funder {funder} cannot be taken out: its fund or its rounds are in the books",
                'keep it with amount: "0.00"',
                name,
            )
    elif after.kind != before.kind and is_used:
        yield Fault(
            (*path, "kind"),
            "funder_in_use",
            "funder {funder} cannot change its kind: its fund or its rounds are in the books",
            "add a funder with another name",
            name,
        )
    elif (after.amount_fen is None) != (before.amount_fen is None) and is_promised:
        yield Fault(
            (*path, "amount"),
            "funder_in_use",
            "funder {funder} has approved rounds: its amount can be neither added nor removed",
            "leave the amount as it was, or cancel the rounds first",
            name,
        )
    elif lowered > max(free, 0):  # a fund cannot give back what is committed already
        yield Fault(
            (*path, "amount"),
            "fund_committed",
            "the fund of {funder} cannot be lowered by {lowered} yuan: only {free} are uncommitted",
            'write at least "{least}", or cancel rounds first',
            {
                **name,
                "lowered": money.yuan(lowered),
                "free": money.yuan(free),
                "least": money.yuan(before.given_fen - free),
            },
        )


def _left_fen(funder: Funder) -> int:
    """What its fund was given and did not get back."""
    return funder.given_fen - funder.returned_fen
