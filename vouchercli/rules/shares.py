"""Who pays which part of a subsidy, and what merchants add to it."""

from __future__ import annotations

from dataclasses import dataclass

from vouchercli.rules import money

WHOLE_BP = 10_000


@dataclass(frozen=True)
class Share:
    """A funder's part in basis points; of a match, `most_fen` is the most of one payment (None: no
    end).
    """

    funder: str
    bp: int
    most_fen: int | None = None


def match(subsidy_fen: int, share: Share | None) -> int:
    """What the merchant adds, in fen: m x subsidy, half up, up to the cap of the match (None: it
    adds nothing).
    """
    if share is None:
        return 0
    matched = money.half_up(subsidy_fen * share.bp, WHOLE_BP)
    return matched if share.most_fen is None else min(matched, share.most_fen)
