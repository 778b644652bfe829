"""Approve or reject the amendment that waits on a round. The last approval needed lets it take
effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import amendment_checks as checks
from vouchercli.ops.rounds import (
    cancellations,
    commitments,
    over_issues,
    prolongations,
    reopenings,
    replacements,
)
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import look_up, require
from vouchercli.ops.setup import desk
from vouchercli.result import Word, say
from vouchercli.rules import money
from vouchercli.rules import rounds as law
from vouchercli.store import amendments, proposals, rounds

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message, Outcome, Problem
    from vouchercli.store.proposals import Proposal


def approve(current: RoundAtHand, waiting: Proposal) -> Outcome:
    """Approve what waits, in the caller's transaction. The last approval needed lets it take
    effect: it is judged again by what stands now, and `fund_short` refuses a top-up whose money is
    gone.
    """
    code, kind, before, after = current.code, waiting.kind, waiting.before, waiting.after
    require(kind, current)
    approved = desk.approve(current.session, current.programme, waiting, code)
    given, needed = approved
    about = {"amendment": waiting.proposal, "kind": kind, "approvals": given, "needed": needed}
    waits = {"amendment": "proposed"}
    if kind == "replace":
        replacements.approve_sibling(current, waiting, is_enough=approved.is_enough)
    if not approved.is_enough:
        current.note("amendment.approve", **about, before=waits, after=waits)
        return round_commands.answer_with_round(
            current,
            say(
                "approved the amendment of {round} ({given} of {needed} checkers); one more person"
                " must approve",
                round=code,
                given=given,
                needed=needed,
            ),
        )
    if kind in ENDINGS:
        current.note("amendment.approve", **about, before=waits, after={"amendment": "effective"})
        return ENDINGS[kind](current, waiting)
    try:
        moved = _take_effect(current, waiting)
    except VoucherError as error:
        raise _stand_in_the_way(error, code) from error
    proposals.end(current.db, waiting, "effective", current.now)
    if kind == "reduce":
        before = before | {"committed": moved}
    elif moved:
        after = after | {"committed": moved}
    current.note("amendment.approve", **about, before=before, after=after)
    return _answer_effective(current, kind, moved)


def _stand_in_the_way(error: VoucherError, code: str) -> VoucherError:
    """What fits no more must be turned down before anything else is proposed; money alone may
    still come.
    """
    if error.code != "fund_short":
        error.hint, error.params["round"] = "voucher round reject {round} --note WHY", code
    return error


def _take_effect(current: RoundAtHand, waiting: Proposal) -> dict[str, int]:
    """Change the round; gives what was committed for it, or is uncommitted again, funder -> fen."""
    db, round_id, kind, after = current.db, current.round_id, waiting.kind, waiting.after
    if kind in ("top-up", "reduce"):
        packs = after["packs"] - waiting.before["packs"]
        if kind == "reduce":
            checks.check_reduced(current, -packs)
            moved = commitments.give_back(current, -packs, "round.lower")
        else:
            checks.check_topped_up(current, packs)
            if current.row["state"] == "closed":
                return over_issues.accept(current, packs)
            moved = commitments.commit(current, packs, "round.top-up")
        amendments.add_packs(db, round_id, packs)
        return moved
    if kind == "resume":
        amendments.end_pause(db, round_id, current.now)
        rounds.set_state(db, round_id, "open")
    elif kind == "reopen" and after["state"] == "closed":
        rounds.set_state(db, round_id, "closed")
    elif kind == "reopen":
        checks.check_window(current, {"closes_at": after["closes_at"]})
        return reopenings.reopen(current, after["closes_at"])
    elif kind == "extend":
        return prolongations.extend(current, waiting.proposal, after["vouchers_until_at"])
    else:
        checks.check_window(current, after)
        amendments.move(db, round_id, after.get("opens_at"), after.get("closes_at"))
    return {}


def _answer_effective(current: RoundAtHand, kind: str, moved: dict[str, int]) -> Outcome:
    current = look_up(current.session, current.code)
    about = {
        "round": current.code,
        "packs": current.row["packs"],
        "amount": money.grouped(sum(moved.values())),
        "opens_at": current.local_time("opens_at"),
        "closes_at": current.local_time("closes_at"),
        "until": current.local_end(current.ends_at(current.row["opens_at"])),
    }
    message = {
        "reduce": say(
            "reduced {round} to {packs:,} packs: {amount} yuan are uncommitted again", **about
        ),
        "top-up": say(
            "topped up {round} to {packs:,} packs: {amount} yuan more committed", **about
        ),
        "resume": say("resumed {round}: claims count again until {closes_at}", **about),
        "reopen": say(
            "{round} is settled no more: it takes late files; then: voucher round settle {round}",
            **about,
        )
        if current.row["state"] == "closed"
        else say(
            "reopened {round}: claims count again until {closes_at}, {amount} yuan are committed"
            " again",
            **about,
        ),
        "reschedule": say(
            "rescheduled {round}: claims count from {opens_at} to {closes_at}", **about
        ),
        "extend": say(
            "prolonged {round}: no voucher of it ends before {until}, {amount} yuan are committed"
            " again",
            **about,
        )
        if moved
        else say("prolonged {round}: no voucher of it ends before {until}", **about),
    }[kind]
    retries = _name_retries(current, kind)
    return round_commands.answer_with_round(
        current, message, *retries, problems=_warn(current, kind)
    )


def _name_retries(current: RoundAtHand, kind: str) -> list[Message]:
    if kind == "extend":
        return prolongations.name_retries(current)
    is_over = kind == "top-up" and current.row["state"] == "closed"
    return over_issues.name_retries(current) if is_over else []


def _warn(current: RoundAtHand, kind: str) -> tuple[Problem, ...]:
    if kind == "resume":
        return round_commands.warn_if_over(current)
    if kind == "reduce":
        return round_commands.warn_of_orders_out(
            current,
            "voucher round order {round}, or wait: the next tick orders so many"
            if law.is_possible("order", current.row["state"])
            else "tell {platform}; the next order goes out once the round is resumed",
        )
    return ()


# These end the round: they write its history themselves.
ENDINGS = {
    "close": round_commands.end_claiming,
    "cancel": cancellations.give_up,
    "replace": replacements.replace,
}


def reject(current: RoundAtHand, waiting: Proposal, note: str) -> Outcome:
    """Reject what waits, in the caller's transaction. A checker may do this, and so may the
    person who proposed it.
    """
    code = current.code
    desk.decline(current.session, current.programme, waiting, note)
    if waiting.kind == "replace":
        replacements.reject(current, waiting)
    current.note(
        "amendment.reject",
        amendment=waiting.proposal,
        kind=waiting.kind,
        before={"amendment": "proposed"},
        after={"amendment": "declined"},
        note=note,
    )
    return round_commands.answer_with_round(
        current,
        say(
            "rejected the amendment of {round} ({kind}); the round is unchanged",
            round=code,
            kind=Word(waiting.kind),
        ),
    )
