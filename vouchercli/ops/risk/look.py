"""The payments of a scan, in the order of merchant and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.ops.risk.columns import Payments
    from vouchercli.rules.risk import Terms
    from vouchercli.store.risk_given import Price, Turnover

    Array = np.ndarray[Any, Any]

HOUR, DAY = 3_600, 86_400
THURSDAY = 3  # 1970-01-01, Monday is 0


class Given(NamedTuple):
    """What only some files say: payments whose piece was handed in again, and how often; whether
    applications name identities; turnover before; prices of goods, and the payments behind one;
    payments that were made online.
    """

    serials: Sequence[tuple[int, int]] = ()
    has_identities: bool = False
    turnovers: Sequence[Turnover] = ()
    prices: Sequence[Price] = ()
    sold: Callable[[Price], Sequence[int]] = lambda _: ()
    online: Sequence[int] | Array = ()


class Look:
    """The payments of a scan, in the order of merchant and time, with what several rules need."""

    def __init__(
        self,
        payments: Payments,
        terms: Terms,
        offset: int,
        given: Given = Given(),  # noqa: B008 - it never changes
    ) -> None:
        """`offset`: seconds between UTC and local time."""
        self.all, self.terms, self.given = payments, terms, given
        self.known: dict[str, tuple[int, int]] = {}  # rules that know some merchants, of how many
        self.merchants = len(payments.merchants)
        self.segments = {
            place: (each.industry, each.district, each.size)
            for place, each in enumerate(payments.merchants)
        }
        self.order = np.lexsort((payments.paid_at, payments.place))
        self.place = payments.place[self.order]
        self.count = np.bincount(payments.place, minlength=self.merchants)
        self.starts = np.concatenate(([0], np.cumsum(self.count)))
        self.local = payments.paid_at[self.order] + offset
        self.hour = self.local % DAY // HOUR
        self.weekday = (self.local // DAY + THURSDAY) % 7
        self.enough = self.count >= terms["least_payments"]

    def column(self, name: str) -> Array:
        """A column in the order of merchant and time."""
        column: Array = getattr(self.all, name)[self.order]
        return column

    def per_merchant(self, mask: Array) -> Array:
        """How many of the payments that the mask has, by merchant."""
        return np.bincount(self.place[mask], minlength=self.merchants)

    def rows(self, place: int, mask: Array) -> Array:
        """The merchant's payments that the mask has."""
        span = slice(int(self.starts[place]), int(self.starts[place + 1]))
        rows: Array = self.order[span][mask[span]]
        return rows

    def span(self, place: int) -> Array:
        """The merchant's payments, as places in the order of merchant and time."""
        return np.arange(self.starts[place], self.starts[place + 1])

    def everything(self) -> Array:
        """A mask that has every payment."""
        return np.ones(self.all.size, bool)
