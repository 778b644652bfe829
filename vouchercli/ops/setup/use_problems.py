"""What stands though a limit of use would refuse it now, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Problem, Word
from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.store.use_limits import Beyond


def warn_of(name: str, payments: Iterable[Beyond], zone: str) -> list[Problem]:
    """A warning of each payment that stands beyond the limit of that name."""
    return [
        Problem(
            "not_lawful_now",
            "payment {number}, {paid_at}, stands though {limit} would refuse it now",
            level="warning",
            params={
                "number": each.transaction_no,
                "paid_at": times.shown(each.paid_at, zone),
                "limit": Word(name),
            },
        )
        for each in payments
    ]


def rest_of(count: int) -> list[Problem]:
    """How many more are not shown."""
    if count <= 0:
        return []
    return [
        Problem(
            "not_lawful_now",
            "{count} more stand beyond the limits of now",
            level="warning",
            params={"count": count},
        )
    ]
