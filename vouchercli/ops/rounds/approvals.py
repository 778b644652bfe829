"""Four eyes: hand a round in, approve it as somebody else, or send it back. The last approval
commits the money.

`round approve` and `round reject` speak to whatever waits: the round that was handed in, or an
amendment of it (see amendments.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.rounds import amendments, commitments, drafts
from vouchercli.ops.rounds import rounds as ops
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
    with changing(session, code) as it:
        require("submit", it)
        staff.require_itself(session, it.programme)
        drafts.check_funding(it.programme, it.template)
        approvals.add(session, it.round_id, it.row["revision"], "submit")
        it.become("submitted", "round.submit", revision=it.row["revision"])
        return ops.told(
            it,
            say("submitted {round}; checkers needed: {checkers}", round=code, checkers=it.checkers),
            say(
                "next: voucher round approve {round} --actor NAME, by someone other than {authors}",
                round=code,
                authors=", ".join(
                    dict.fromkeys(author.actor for author in approvals.authors(it.db, it.round_id))
                ),
            ),
        )


def approve_round(session: Session, code: str) -> Outcome:
    """Approve what was handed in. Raises as `staff.require_other_eyes`; the last approval needed
    commits the largest liability of every funder with a fund, and raises `fund_short` when one
    cannot cover it.
    """
    with changing(session, code) as it:
        row = it.row
        if (waiting := store.waiting(it.db, it.round_id)) is not None:
            return amendments.approve(it, waiting)
        require("approve", it)
        hands = approvals.authors(it.db, it.round_id), approvals.approvers(it.db, it.round_id)
        staff.require_other_eyes(session, it.programme, code, *hands)
        approvals.add(session, it.round_id, row["revision"], "approve")
        given, needed = len(approvals.approvers(it.db, it.round_id)), it.checkers
        about = {"revision": row["revision"], "approvals": given, "needed": needed}
        if given < needed:
            it.become("submitted", "round.approve", **about)
            return ops.told(
                it,
                say(
                    "approved {round} ({given} of {needed} checkers); one more person must approve",
                    round=code,
                    given=given,
                    needed=needed,
                ),
            )
        committed = commitments.commit(it, row["packs"], "round.approve")
        it.become("approved", "round.approve", after={"committed": committed}, **about)
        return ops.told(
            it,
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
    with changing(session, code) as it:
        if (waiting := store.waiting(it.db, it.round_id)) is not None:
            return amendments.reject(it, waiting, note)
        require("reject", it)
        staff.require_checker(session, it.programme)
        approvals.add(session, it.round_id, it.row["revision"], "reject", note)
        it.become("draft", "round.reject", revision=it.row["revision"], note=note)
        return ops.told(
            it,
            say("sent {round} back to its maker: {note}", round=code, note=note),
            say("next: voucher round edit {round}, then voucher round submit {round}", round=code),
        )
