"""What a rule found at a merchant, and whom it compared it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.rules.fences import Segment

    Array = np.ndarray[Any, Any]


class Peers(NamedTuple):
    """Merchants that are compared with each other, by their places: what was `counted` at each,
    and `of` how much.
    """

    base: Segment
    places: Array
    counted: Array
    of: Array


class Found(NamedTuple):
    """Its value, the fence, whom it was compared with, the counts behind it, and the payments
    (places of rows) that it rests on.
    """

    value: float
    fence: float
    peers: Peers
    counts: dict[str, Any]
    rows: Array

    @property
    def base(self) -> Segment:
        """Whom it was compared with."""
        return self.peers.base

    @property
    def base_n(self) -> int:
        """How many merchants these are; 0: nobody."""
        return len(self.peers.places)


NOTHING = np.zeros(0, np.int64)
NOBODY = Peers(("", "", ""), NOTHING, NOTHING, NOTHING)  # the rule compares with no other merchant
ALL = NOBODY.base


def among_all(base: Segment, members: Sequence[int], counted: Array, of: Array) -> Peers:
    """The members of a base, by what was counted at every merchant."""
    places = np.sort(np.array(members, np.int64))
    return Peers(base, places, counted[places], of[places])


class NotLooked(VoucherError):
    """A rule for which the data are missing, or the merchants too few."""
