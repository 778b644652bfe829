"""A replacement takes effect: the round is closed, the money of its packs that are left is free,
and its sibling with another card pack is approved and opened, all with one approval.

The sibling is a round of its own that its maker handed in; until then it waits for the verdict on
the replacement. Who holds a pack of the one holds it under the limit of the other
(`store.replacements`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import approved, commitments
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.ops.setup import desk
from vouchercli.result import Word, say
from vouchercli.rules import money
from vouchercli.store import amendments, authors, proposals, take_backs
from vouchercli.store import replacements as store

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Outcome
    from vouchercli.store.proposals import Proposal


def count_left(current: RoundAtHand) -> int:
    """The packs of a round that are neither claimed nor without money. Raises unless it is first
    come, first served, has some, and its closing lies ahead.
    """
    row = current.row
    if row["mode"] != "fcfs":
        raise VoucherError(
            "not_first_come",
            "round {round} is {mode}: only packs that anybody may claim are replaced by others",
            hint="voucher round copy {round} NEW --template CODE --opens-at TIME",
            round=current.code,
            mode=Word(row["mode"]),
        )
    left = int(row["packs"] - row["claimed"] - row["released"])
    if not left or current.now >= row["closes_at"]:
        raise VoucherError(
            "nothing_to_replace",
            "round {round} closes at {closes_at} and has {left:,} packs left: there is nothing to"
            " replace",
            hint="voucher round copy {round} NEW --template CODE --opens-at TIME",
            round=current.code,
            closes_at=current.local_end(row["closes_at"]),
            left=left,
        )
    return left


def refuse_apart(current: RoundAtHand) -> None:
    """Raise `replacement_waiting` when the round is to replace another one: both are approved
    together.
    """
    replaced = store.waiting_for(current.db, current.round_id)
    if replaced is not None:
        raise VoucherError(
            "replacement_waiting",
            "round {round} is to replace {replaced}: one approval decides both",
            hint="voucher round approve {replaced} --actor NAME",
            round=current.code,
            replaced=replaced,
        )


def approve_sibling(current: RoundAtHand, waiting: Proposal, *, is_enough: bool) -> None:
    """Say the same verdict on the sibling. Raises `sibling_changed` when it waits no more."""
    sibling = look_up(current.session, waiting.after["sibling"])
    handed_in = proposals.waiting(sibling.db, sibling.subject)
    if handed_in is None or sibling.row["state"] != "submitted":
        raise VoucherError(
            "sibling_changed",
            "{sibling}, which was to replace {round}, is {state}",
            hint="voucher round reject {round} --note WHY",
            sibling=sibling.code,
            round=current.code,
            state=Word(sibling.row["state"]),
        )
    makers = authors.first_and_last(sibling.db, sibling.round_id)
    given, needed = desk.approve(
        sibling.session, sibling.programme, handed_in, sibling.code, makers
    )
    about = {"revision": sibling.row["revision"], "approvals": given, "needed": needed}
    if not is_enough:
        sibling.become("submitted", "round.approve", **about)
        return
    _free(current)
    approved.take_effect(sibling, handed_in, about)
    amendments.move(sibling.db, sibling.round_id, current.now, None)
    opened = look_up(current.session, sibling.code)
    opened.become(
        "open",
        "round.open",
        {"opens_at": sibling.row["opens_at"]},
        {"opens_at": current.now},
    )


def _free(current: RoundAtHand) -> None:
    """The packs that are left give up their seats and their money; a late file of claims from
    before takes both back, as long as the fund has it.
    """
    left = count_left(current)
    commitments.give_back(current, left, "round.replace")
    take_backs.give_up_seats(current.db, current.round_id, left)


def replace(current: RoundAtHand, waiting: Proposal) -> Outcome:
    """End claiming of the round whose sibling is open by now, in the caller's transaction."""
    proposals.end(current.db, waiting, "effective", current.now)
    round_commands.end_claiming(look_up(current.session, current.code))
    sibling = look_up(current.session, waiting.after["sibling"])
    about = {"round": current.code, "sibling": sibling.code}
    return round_commands.answer_with_round(
        current,
        say(
            "replaced {round} by {sibling}: {packs:,} packs of {template}, {quota} yuan at most",
            packs=sibling.row["packs"],
            template=sibling.row["pinned"],
            quota=money.grouped(sibling.row["quota_fen"]),
            **about,
        ),
        say(
            "claims of {sibling} count from {opens_at} to {closes_at}; those of {round} from before"
            " may still be imported",
            opens_at=sibling.local_time("opens_at"),
            closes_at=sibling.local_time("closes_at"),
            **about,
        ),
        problems=round_commands.warn_of_orders_out(
            current, "tell the platform that it must not issue this round any more"
        ),
    )


def reject(current: RoundAtHand, waiting: Proposal) -> None:
    """Give the sibling up with the replacement that was turned down, unless it went its own way."""
    sibling = look_up(current.session, waiting.after["sibling"])
    if sibling.row["state"] == "submitted":
        proposals.void(sibling.db, sibling.subject, sibling.now)
        sibling.become("cancelled", "round.cancel", note=waiting.note)
