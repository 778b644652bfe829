"""Four eyes: hand a round in, approve it as somebody else, or send it back. The last approval
commits the money.

`round approve` and `round reject` speak to whatever waits: the round that was handed in, or an
amendment of it (see amendments.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.rounds import amendments, commitments, drafts
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import changing, require
from vouchercli.ops.setup import staff
from vouchercli.result import say
from vouchercli.rules import money
from vouchercli.store import amendments as store
from vouchercli.store import approvals

if TYPE_CHECKING:
    from vouchercli.result import Outcome
    from vouchercli.session import Session


def submit_round(session: Session, code: str) -> Outcome:
    """Hand a draft in for approval; the money is not touched."""
    with changing(session, code) as current:
        require("submit", current)
        staff.require_itself(session, current.programme)
        drafts.check_funding(current.programme, current.template)
        approvals.add(session, current.round_id, current.row["revision"], "submit")
        current.become("submitted", "round.submit", revision=current.row["revision"])
        return round_commands.answer_with_round(
            current,
            say(
                "submitted {round}; checkers needed: {checkers}",
                round=code,
                checkers=current.checkers,
            ),
            say(
                "next: voucher round approve {round} --actor NAME, by someone other than {authors}",
                round=code,
                authors=", ".join(
                    dict.fromkeys(
                        author.actor for author in approvals.authors(current.db, current.round_id)
                    )
                ),
            ),
        )


def approve_round(session: Session, code: str) -> Outcome:
    """Approve what was handed in. Raises as `staff.require_other_eyes`; the last approval needed
    commits the largest liability of every funder with a fund, and raises `fund_short` when one
    cannot cover it.
    """
    with changing(session, code) as current:
        row = current.row
        if (waiting := store.waiting(current.db, current.round_id)) is not None:
            return amendments.approve(current, waiting)
        require("approve", current)
        hands = (
            approvals.authors(current.db, current.round_id),
            approvals.approvers(current.db, current.round_id),
        )
        staff.require_other_eyes(session, current.programme, code, *hands)
        approvals.add(session, current.round_id, row["revision"], "approve")
        given, needed = len(approvals.approvers(current.db, current.round_id)), current.checkers
        about = {"revision": row["revision"], "approvals": given, "needed": needed}
        if given < needed:
            current.become("submitted", "round.approve", **about)
            return round_commands.answer_with_round(
                current,
                say(
                    "approved {round} ({given} of {needed} checkers); one more person must approve",
                    round=code,
                    given=given,
                    needed=needed,
                ),
            )
        committed = commitments.commit(current, row["packs"], "round.approve")
        current.become("approved", "round.approve", after={"committed": committed}, **about)
        return round_commands.answer_with_round(
            current,
            (
                say(
                    "approved {round}: {amount} yuan committed",
                    round=code,
                    amount=money.grouped(sum(committed.values())),
                )
                if committed
                else say(
                    "approved {round}: none of its funders has a limited fund, so nothing was"
                    " committed",
                    round=code,
                )
            ),
            say("next: voucher round open {round}", round=code),
        )


def reject_round(session: Session, code: str, note: str) -> Outcome:
    """Send the round back to draft with the reason; approvals given so far are void."""
    with changing(session, code) as current:
        if (waiting := store.waiting(current.db, current.round_id)) is not None:
            return amendments.reject(current, waiting, note)
        require("reject", current)
        staff.require_checker(session, current.programme)
        approvals.add(session, current.round_id, current.row["revision"], "reject", note)
        current.become("draft", "round.reject", revision=current.row["revision"], note=note)
        return round_commands.answer_with_round(
            current,
            say("sent {round} back to its maker: {note}", round=code, note=note),
            say("next: voucher round edit {round}, then voucher round submit {round}", round=code),
        )
