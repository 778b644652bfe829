"""What a rule found at a merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    import numpy as np

    from vouchercli.rules.fences import Segment


class Found(NamedTuple):
    """Its value, the fence, whom it was compared with, the counts behind it, and the payments
    (places of rows) that it rests on.
    """

    value: float
    fence: float
    base: Segment
    base_n: int
    counts: dict[str, Any]
    rows: np.ndarray[Any, Any]


ALL = ("", "", "")  # compared with everybody, or with nobody


class NotLooked(VoucherError):
    """A rule for which the data are missing, or the merchants too few."""
