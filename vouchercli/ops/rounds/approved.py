"""What the last approval of a round does: its money is committed, the list of its residents is
frozen with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.rounds import approved_lists, commitments
from vouchercli.store import proposals

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.store.proposals import Proposal


def take_effect(current: RoundAtHand, waiting: Proposal, about: dict[str, Any]) -> dict[str, int]:
    """Approve a round that was handed in; gives what is committed to it, funder -> fen. Raises
    `fund_short`. Joins the caller's transaction.
    """
    committed = commitments.commit(current, current.row["packs"], "round.approve")
    frozen = approved_lists.freeze(current)
    proposals.end(current.db, waiting, "effective", current.now, after={**waiting.after, **frozen})
    after = {"committed": committed, **frozen}
    current.become("approved", "round.approve", after=after, **about)
    return committed
