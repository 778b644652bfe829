"""The payments of a scan, in the order of merchant and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.risk.columns import Payments
    from vouchercli.rules.risk import Terms

    Array = np.ndarray[Any, Any]

HOUR, DAY = 3_600, 86_400
THURSDAY = 3  # 1970-01-01, Monday is 0


class Look:
    """The payments of a scan, in the order of merchant and time, with what several rules need."""

    def __init__(
        self,
        payments: Payments,
        terms: Terms,
        offset: int,
        serials: Sequence[tuple[int, int]] = (),
        has_identities: bool = False,
    ) -> None:
        """`offset`: seconds between UTC and local time; `serials`: payments whose piece was handed
        in again, and how often.
        """
        self.all, self.terms = payments, terms
        self.serials, self.has_identities = serials, has_identities
        self.merchants = len(payments.merchants)
        self.segments = {
            place: (each.industry, each.district, each.size)
            for place, each in enumerate(payments.merchants)
        }
        self.order = np.lexsort((payments.paid_at, payments.place))
        self.place = payments.place[self.order]
        self.count = np.bincount(payments.place, minlength=self.merchants)
        self.starts = np.concatenate(([0], np.cumsum(self.count)))
        local = payments.paid_at[self.order] + offset
        self.hour = local % DAY // HOUR
        self.weekday = (local // DAY + THURSDAY) % 7
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

    def everything(self) -> Array:
        """A mask that has every payment."""
        return np.ones(self.all.size, bool)
