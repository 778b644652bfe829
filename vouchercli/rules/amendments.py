"""The law of amendments: what may still change in a round that is approved or under way. None
touches what was granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HAS_ENDED = ("closed", "settled", "archived")


@dataclass(frozen=True)
class RoundWindow:
    """A round as it stands: its state, its window, the last claim that is in (None: none yet)."""

    state: str
    opens_at: int
    closes_at: int
    last_claimed_at: int | None


def hindrance(
    round_: RoundWindow, opens_at: int | None, closes_at: int | None, now: int
) -> str | None:
    """Why the window cannot move to these times (None: it stays there), or None. Whoever learns of
    a new time must still be able to keep to it, so it lies ahead; and no claim that is in may fall
    out of the window.
    """
    if opens_at is not None and round_.state != "approved":
        return "already_open"
    if any(at is not None and at <= now for at in (opens_at, closes_at)):
        return "time_past"
    if (
        closes_at is not None
        and round_.last_claimed_at is not None
        and closes_at <= round_.last_claimed_at
    ):
        return "closes_before_claims"
    return None


def is_paused(at: int, pauses: Iterable[tuple[int, int | None]]) -> bool:
    """Whether `at` lies in one of the pauses [from_at, until_at); until_at None: until further
    notice.
    """
    return any(
        from_at <= at and (until_at is None or at < until_at) for from_at, until_at in pauses
    )


def rolled_in(unused_fen: int, value_fen: int) -> int:
    """How many packs of that value the unused money of a round pays for, rounded down: never more
    money than there was.
    """
    return unused_fen // value_fen
