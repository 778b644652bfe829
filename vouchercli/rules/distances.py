"""How far an order lies above the threshold of its voucher.

Where buyers fill an order up until the voucher pays, orders bunch at the threshold and a little
above it; where they would have bought anyway, hardly any lie there by chance.
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple


class Distance(NamedTuple):
    """Orders of up to so much above the threshold: `fen`, or `percent` of the threshold."""

    code: str
    fen: int = 0
    percent: int = 0

    def most(self, threshold_fen: int) -> int:
        """The largest such order in fen."""
        return threshold_fen + self.fen + threshold_fen * self.percent // 100


# An order counts in the first of these that it fits.
DISTANCES = (
    Distance("at"),
    Distance("within_1_yuan", fen=100),
    Distance("within_5_percent", percent=5),
    Distance("within_10_percent", percent=10),
    Distance("within_20_percent", percent=20),
    Distance("within_50_percent", percent=50),
    Distance("within_100_percent", percent=100),
)
CODES = (*(each.code for each in DISTANCES), "more")


def edges(threshold_fen: int) -> tuple[int, ...]:
    """The largest order (fen) of each of `DISTANCES`, or of the one before where that is larger:
    an order is in place n of `CODES` when n edges are below it.
    """
    return (*accumulate((each.most(threshold_fen) for each in DISTANCES), max),)
