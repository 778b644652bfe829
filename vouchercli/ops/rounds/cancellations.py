"""Cancel a round that nobody has claimed from: a draft by one person, what was ever approved by
two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import amendment_checks as checks
from vouchercli.ops.rounds import amendments, arms, commitments
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import changing, require
from vouchercli.result import say
from vouchercli.rules import money
from vouchercli.rules import rounds as law
from vouchercli.store import proposals

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message, Outcome
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


def cancel_round(session: Session, code: str, note: str = "") -> Outcome:
    """Give a round up: at once before its first approval, later as a proposal with a note, also
    when it was edited since. Raises `round_has_claims` once a pack is claimed.
    """
    with changing(session, code) as current:
        state = current.row["state"]
        require("cancel", current)
        arms.refuse_cancelling(current)
        _refuse_claimed(
            current,
            "voucher round close {round}"
            if law.is_possible("close", state)
            else "voucher round show {round}",
        )
        if not proposals.was_approved(current.db, current.subject):
            return give_up(current, note=note)
        checks.require_note(current, note, hint="voucher round cancel {round} --note WHY")
        return amendments.propose(
            amendments.look_up_proposable(session, code, "cancel"),
            "cancel",
            {"state": state},
            {"state": "cancelled"},
            note,
        )


def give_up(current: RoundAtHand, waiting: Proposal | None = None, note: str = "") -> Outcome:
    """Cancel it and release its money, in the caller's transaction. `waiting`: the approved
    proposal that it rests on; packs may have been claimed meanwhile.
    """
    about: dict[str, Any] = {"note": note} if note else {}
    if waiting is not None:
        _refuse_claimed(current, "voucher round reject {round} --note WHY")
        proposals.end(current.db, waiting, "effective", current.now)
        about = {"note": waiting.note}
    proposals.void(current.db, current.subject, current.now)
    released = commitments.release(current, "round.cancel")
    current.become("cancelled", "round.cancel", {"committed": released}, **about)
    return round_commands.answer_with_round(
        current,
        _say_cancelled(current, sum(released.values())),
        problems=round_commands.warn_of_orders_out(
            current, "tell the platform that it must not issue this round"
        ),
    )


def _say_cancelled(current: RoundAtHand, released_fen: int) -> Message:
    """Say that it is cancelled, and what money is free again, where any was set aside."""
    if not released_fen:
        return say("cancelled {round}", round=current.code)
    return say(
        "cancelled {round}; {amount} yuan are uncommitted again",
        round=current.code,
        amount=money.grouped(released_fen),
    )


def _refuse_claimed(current: RoundAtHand, hint: str) -> None:
    if current.row["claimed"]:
        raise VoucherError(
            "round_has_claims",
            "{claimed:,} packs of round {round} are claimed: it can be closed, not cancelled",
            hint=hint,
            claimed=current.row["claimed"],
            round=current.code,
        )
