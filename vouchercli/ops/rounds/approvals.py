"""Four eyes: hand a round in, approve it as somebody else, or send it back. The last approval
commits the money.

`round approve` and `round reject` speak to whatever waits: the round that was handed in, or an
amendment of it (see amendment_verdicts.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.rounds import (
    amendment_verdicts,
    amendments,
    approved,
    commitments,
    drafts,
    replacements,
    tables,
)
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import changing, look_up, require
from vouchercli.ops.setup import desk, scope_words, staff
from vouchercli.result import Word, say
from vouchercli.rules import money
from vouchercli.store import authors, proposals
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message, Outcome
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


def submit_round(session: Session, code: str) -> Outcome:
    """Hand a draft in for approval; the money is not touched."""
    with writing(session):
        current = amendments.look_up_proposable(session, code, "submit")
        drafts.check_funding(current.programme, current.template)
        row = current.row
        proposals.add(
            session,
            current.subject,
            proposals.APPROVAL,
            {"state": "draft"},
            {"state": "approved", "revision": row["revision"]},
            amount_fen=row["packs"] * row["pack_value_fen"],
        )
        current.become("submitted", "round.submit", revision=row["revision"])
        makers = [*authors.first_and_last(current.db, current.round_id), staff.hand(session)]
        return round_commands.answer_with_round(
            current,
            say(
                "submitted {round}; checkers needed: {checkers}",
                round=code,
                checkers=current.checkers,
            ),
            say(
                "next: voucher round show {round}, then voucher round approve {round} --actor NAME,"
                " by someone other than {authors}",
                round=code,
                authors=", ".join(dict.fromkeys(each.actor for each in makers)),
            ),
            problems=(
                *commitments.warn_of_missing_money(current),
                *scope_words.warn(current.db, current.template),
            ),
        )


def describe_waiting(session: Session, code: str) -> Message | None:
    """What somebody is about to approve, in a sentence; None when nothing waits."""
    current = look_up(session, code)
    waiting = proposals.waiting(session.db, current.subject)
    if waiting is None:
        return None
    if waiting.kind != proposals.APPROVAL:
        return say(
            "{round}, {kind}: {change}",
            round=code,
            kind=Word(waiting.kind),
            change=tables.describe_change(current, waiting) or waiting.note,
        )
    return say(
        "{round}: {packs:,} packs of {template}, {quota} yuan at most; claims count from {opens_at}"
        " to {closes_at}",
        round=code,
        packs=current.row["packs"],
        template=current.row["pinned"],
        quota=money.grouped(current.row["quota_fen"]),
        opens_at=current.local_time("opens_at"),
        closes_at=current.local_time("closes_at"),
    )


def approve_round(session: Session, code: str) -> Outcome:
    """Approve what waits: what was handed in, or an amendment. Raises as `desk.approve`."""
    with changing(session, code) as current:
        waiting = proposals.waiting(current.db, current.subject)
        if waiting is None or waiting.kind == proposals.APPROVAL:
            require("approve", current)
            assert waiting is not None  # what is submitted waits
            replacements.refuse_apart(current)
            return _approve(current, waiting)
        return amendment_verdicts.approve(current, waiting)


def _approve(current: RoundAtHand, waiting: Proposal) -> Outcome:
    """The last approval needed commits the largest liability of every funder with a fund, and
    raises `fund_short` when one cannot cover it; the list of the round's residents is frozen with
    it.
    """
    session, row, code = current.session, current.row, current.code
    makers = authors.first_and_last(current.db, current.round_id)
    given, needed = desk.approve(session, current.programme, waiting, code, makers)
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
            problems=commitments.warn_of_missing_money(current),
        )
    committed = approved.take_effect(current, waiting, about)
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
    """Turn down what waits. A round goes back to draft with the reason; approvals given so far are
    void.
    """
    with changing(session, code) as current:
        waiting = proposals.waiting(current.db, current.subject)
        if waiting is None or waiting.kind == proposals.APPROVAL:
            require("reject", current)
            assert waiting is not None  # what is submitted waits
            desk.decline(session, current.programme, waiting, note)
            current.become("draft", "round.reject", revision=current.row["revision"], note=note)
            return round_commands.answer_with_round(
                current,
                say("sent {round} back to its maker: {note}", round=code, note=note),
                say(
                    "next: voucher round edit {round}, then voucher round submit {round}",
                    round=code,
                ),
            )
        return amendment_verdicts.reject(current, waiting, note)
