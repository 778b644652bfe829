"""Rounds: list, show, open, end. Drafting is in drafts.py, approving in approvals.py, closing
before its time in amendments.py, cancelling in cancellations.py, foreseeing in plans.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops import lists
from vouchercli.ops.rounds import tables
from vouchercli.ops.rounds.lookup import changing, look_up, require
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import money, staff
from vouchercli.rules import rounds as law
from vouchercli.store import programmes, proposals, rounds, submissions
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


def answer_with_round(
    current: RoundAtHand, *says: Message, problems: tuple[Problem, ...] = ()
) -> Outcome:
    """Answer a command with the round as it now stands, and say what to do next."""
    latest = look_up(current.session, current.code)
    return Outcome(
        tables=tables.describe_round(latest, is_shown=False), says=says, problems=problems
    )


# ---------------------------------------------------------------- reading


def list_rounds(session: Session, state: str | None, limit: int | None) -> Outcome:
    """List the rounds of the programme by their opening, including cancelled ones; `state`: only
    those in it.
    """
    lists.require_state(state, law.STATES)
    programme = programmes.current(session.db, session.programme)
    every = rounds.listed(session.db, programme["programme_id"])
    rows = [row for row in every if state in (None, row["state"])]
    outcome = lists.show(tables.tabulate_rounds(programme), of_rows(rows), limit, dict)
    data = {"programme": programme["programme"]}
    return replace(outcome, data=data, says=() if every else (_say_none(programme),))


def _say_none(programme: Any) -> Message:
    """Say how to have a first round, or that a programme without funders has none."""
    if programmes.value(programme).funders:
        return say(
            "no round yet; next: voucher round create CODE --template T --packs N --opens-at TIME"
        )
    return say(
        "programme {programme} has published figures only and holds no rounds; next: voucher"
        " programme list --shipped",
        programme=programme["programme"],
    )


def show_round(session: Session, code: str) -> Outcome:
    """Show one round: its terms, its money by funder, its approvals, its amendments and its
    claims. Warns of rounds that together with it would need more checkers.
    """
    current = look_up(session, code)
    return Outcome(
        tables=tables.describe_round(current, is_shown=True), problems=_warn_of_split(current)
    )


def _warn_of_split(current: RoundAtHand) -> tuple[Problem, ...]:
    row, bands = current.row, current.programme.approvals
    handed_in = submissions.of_template(current.db, row["programme_id"], row["template"])
    own = handed_in.pop(current.round_id, None)
    others = staff.split_under_band(own, handed_in.values(), bands) if own else []
    if not own or not others:
        return ()
    amount_fen = sum(each.amount_fen for each in (own, *others))
    return (
        Problem(
            "split_to_stay_under_band",
            "{round} and {others} come from the same people within seven days: together they are"
            " {amount} yuan, for which {needed} checkers must approve; each by itself needs fewer",
            hint="voucher round show {first}",
            level="warning",
            params={
                "round": current.code,
                "others": ", ".join(each.round for each in others),
                "amount": money.grouped(amount_fen),
                "needed": staff.checkers_needed(amount_fen, bands),
                "first": others[0].round,
            },
        ),
    )


# ---------------------------------------------------------------- actions


def open_round(session: Session, code: str, *, is_sure: bool = False) -> Outcome:
    """Let claims in. Before its time only when `is_sure` (no claim before `opens_at` counts even
    then).
    """
    with changing(session, code) as current:
        row, opens_at = current.row, current.local_time("opens_at")
        require("open", current)
        if session.now < row["opens_at"] and not is_sure:
            raise VoucherError(
                "too_early",
                "round {round} opens at {opens_at}; it is {now} now",
                hint=(
                    "wait, or add --yes (claims still count from {opens_at}); "
                    "to advance it: voucher round reschedule {round} --opens-at TIME"
                ),
                round=code,
                opens_at=opens_at,
                now=current.local_time(current.now),
            )
        current.become("open", "round.open")
        proposals.void(current.db, current.subject, current.now, only_opening=True)
        return answer_with_round(
            current,
            say(
                "opened {round}: claims count from {opens_at} to {closes_at}",
                round=code,
                opens_at=opens_at,
                closes_at=current.local_time("closes_at"),
            ),
            say("next: voucher claim import FILE, then voucher round close {round}", round=code),
            problems=warn_if_over(current),
        )


def warn_if_over(current: RoundAtHand) -> tuple[Problem, ...]:
    """Warn when the round is open although its closing time has passed."""
    if current.now < current.row["closes_at"]:
        return ()
    return (
        Problem(
            "round_over",
            "round {round} should have closed at {closes_at}: only claims made before that still"
            " count",
            hint="voucher round close {round}",
            level="warning",
            params={"round": current.code, "closes_at": current.local_time("closes_at")},
        ),
    )


def end_claiming(current: RoundAtHand, waiting: Proposal | None = None) -> Outcome:
    """End claiming at its time, or now when that is sooner, but never before the last claim that is
    in. Joins the caller's transaction.

    `waiting`: the approved amendment that it rests on; without one, an earlier end stands in the
    history by itself.
    """
    db, row, round_id = current.db, current.row, current.round_id
    last = rounds.last_claimed_at(db, round_id) or 0
    earliest = max(current.now, row["opens_at"] + 1, last + 1)
    closes_at = min(row["closes_at"], earliest)
    before, after = {"closes_at": row["closes_at"]}, {"closes_at": closes_at}
    if waiting is not None:
        proposals.end(db, waiting, "effective", current.now, before=before, after=after)
    proposals.void(db, current.subject, current.now)
    if closes_at < row["closes_at"]:
        rounds.close_at(db, round_id, closes_at)
        if waiting is None:
            proposals.add(
                current.session, current.subject, "close", before, after, is_effective=True
            )
    current.become("closed", "round.close", before, after)
    return answer_with_round(
        current,
        say(
            "closed {round}: {claimed:,} of {packs:,} packs claimed",
            round=current.code,
            claimed=row["claimed"],
            packs=row["packs"],
        ),
        say(
            "claims from before {closes_at} may still be imported",
            closes_at=current.local_end(closes_at),
        ),
        say("next: voucher report rounds"),
    )


def warn_of_orders_out(current: RoundAtHand, hint: str) -> tuple[Problem, ...]:
    """Warn, with what to do, when the platform holds an order for the round as it was before."""
    if not current.row["platform"]:
        return ()
    from vouchercli.ops.rounds import issuance_orders  # reads YAML: only where there is a platform

    return issuance_orders.warn_of_standing_order(current, hint)
