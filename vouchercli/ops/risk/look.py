"""The payments of a scan, in the order of merchant and time, with what several rules need."""

from __future__ import annotations

from functools import cached_property
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
        self.place = payments.place
        self.count = np.bincount(payments.place, minlength=self.merchants)
        self.starts = np.concatenate(([0], np.cumsum(self.count)))
        self.enough = self.count >= terms["least_payments"]
        self._offset = offset

    @property
    def local(self) -> Array:
        """Local seconds."""
        local: Array = self.all.paid_at + self._offset
        return local

    @cached_property
    def hour(self) -> Array:
        """The hour of the day."""
        return (self.local % DAY // HOUR).astype(np.int8)

    def column(self, name: str) -> Array:
        """A column of the payments."""
        column: Array = getattr(self.all, name)
        return column

    def per_merchant(self, mask: Array) -> Array:
        """How many of the payments that the mask has, by merchant."""
        return np.bincount(self.place[mask], minlength=self.merchants)

    def rows(self, place: int, mask: Array) -> Array:
        """The merchant's payments that the mask has."""
        span = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return np.flatnonzero(mask[span]) + span.start

    def span(self, place: int) -> Array:
        """All of the merchant's payments."""
        return np.arange(self.starts[place], self.starts[place + 1])

    def everything(self) -> Array:
        """A mask that has every payment."""
        return np.ones(self.all.size, bool)
