"""Amendments of a round under way: pause and resume, more or fewer packs, another opening or
closing, an end before its time, a later end of its vouchers, and going on after a closing by
mistake. To cancel one: cancellations.py.

One person proposes, others approve with `round approve`; only then it takes effect, its money moved
in the same transaction (amendment_verdicts.py). A pause alone takes effect at once. What was
granted is never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import amendment_checks as checks
from vouchercli.ops.rounds import commitments, drafts, prolongations, reopenings
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import RoundAtHand, changing, look_up, require
from vouchercli.result import Word, say
from vouchercli.rules import staff as people
from vouchercli.store import amendments, proposals
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.result import Outcome, Problem
    from vouchercli.session import Session

# ---------------------------------------------------------------- effective at once


def pause_round(session: Session, code: str, note: str = "") -> Outcome:
    """Let no claim count from now on. Takes effect at once, by any maker or checker: it spends
    nothing, and it is urgent.
    """
    with changing(session, code) as current:
        require("pause", current)
        states = ({"state": "open"}, {"state": "paused"})
        number = proposals.add(
            session, current.subject, "pause", *states, note=note, is_effective=True
        )
        amendments.begin_pause(current.db, current.round_id, current.now)
        current.become("paused", "round.pause", amendment=number, note=note)
        return round_commands.answer_with_round(
            current,
            say(
                "paused {round}: no claim made from {at} on counts",
                round=code,
                at=current.local_time(current.now),
            ),
            say(
                "next: voucher round resume {round}, then by a second person: voucher round approve"
                " {round}",
                round=code,
            ),
        )


# ---------------------------------------------------------------- proposals


def resume_round(session: Session, code: str, note: str = "") -> Outcome:
    """Propose that claims count again; they do from the moment of the approval."""
    with writing(session):
        current = look_up_proposable(session, code, "resume")
        return propose(current, "resume", {"state": "paused"}, {"state": "open"}, note)


def top_up_round(session: Session, code: str, packs: int, note: str = "") -> Outcome:
    """Propose `packs` more; approval commits their money. A fund that would be short now is a
    warning here. A closed round takes only what its platform gave out beyond its packs.
    """
    with writing(session):
        current = look_up_proposable(session, code, "top-up")
        total = current.row["packs"] + packs
        drafts.check_amount(total, current.row["pack_value_fen"])
        checks.check_topped_up(current, packs)
        if current.row["state"] == "closed":
            again = "voucher round top-up {round} --packs {packs} --note WHY"
            checks.require_note(current, note, hint=again, packs=packs)
        short = commitments.warn_of_short_funds(
            commitments.read_missing(current, packs), is_top_up=True
        )
        return propose(
            current,
            "top-up",
            {"packs": current.row["packs"]},
            {"packs": total},
            note,
            problems=short,
        )


def reduce_round(session: Session, code: str, packs: int, note: str = "") -> Outcome:
    """Propose `packs` fewer, of those that nobody has claimed; approval gives their money back."""
    with writing(session):
        current = look_up_proposable(session, code, "reduce")
        checks.check_reduced(current, packs)
        again = "voucher round reduce {round} --packs {packs} --note WHY"
        checks.require_note(current, note, hint=again, packs=packs)
        before, after = {"packs": current.row["packs"]}, {"packs": current.row["packs"] - packs}
        return propose(current, "reduce", before, after, note)


def reschedule_round(
    session: Session,
    code: str,
    *,
    opens_at: int | None = None,
    closes_at: int | None = None,
    note: str = "",
) -> Outcome:
    """Propose another opening (before it opens) or closing (before it closes); times in UTC
    seconds, None: as it is.
    """
    if opens_at is None and closes_at is None:
        raise UsageFault(
            "nothing_to_edit",
            "name the time to change: --opens-at, --closes-at or both",
            hint="voucher round reschedule --help",
        )
    with writing(session):
        current = look_up_proposable(session, code, "reschedule")
        wanted = {"opens_at": opens_at, "closes_at": closes_at}
        after = {key: at for key, at in wanted.items() if at is not None and at != current.row[key]}
        if not after:
            return round_commands.answer_with_round(
                current,
                say("round {round} has these terms already; nothing was changed", round=code),
            )
        checks.check_window(current, after)
        return propose(current, "reschedule", {key: current.row[key] for key in after}, after, note)


def close_round(session: Session, code: str, *, is_sure: bool = False, note: str = "") -> Outcome:
    """End claiming: when its time has come or its packs are gone, by anyone. Before that only when
    `is_sure`, and then it is a proposal; claiming ends at the moment of its approval.
    """
    with changing(session, code) as current:
        row = current.row
        require("close", current)
        left = row["packs"] - row["claimed"]
        if session.now >= row["closes_at"] or not left:
            return round_commands.end_claiming(current)
        if is_sure:
            before, after = {"state": row["state"]}, {"state": "closed"}
            return propose(look_up_proposable(session, code, "close"), "close", before, after, note)
        raise VoucherError(
            "too_early",
            "round {round} closes at {closes_at} and has {left:,} packs left; it is {now} now",
            hint=(
                "wait, or propose to end it for good: voucher round close {round} --yes (a second"
                " person approves it)"
            ),
            round=code,
            closes_at=current.local_time("closes_at"),
            left=left,
            now=current.local_time(current.now),
        )


def reopen_round(
    session: Session, code: str, *, closes_at: int | None = None, note: str = ""
) -> Outcome:
    """Propose that a round which was closed by mistake goes on until `closes_at` (UTC seconds;
    None: until the closing that it had). Money that is gone by now is a warning here.
    """
    with writing(session):
        current = look_up_proposable(session, code, "reopen")
        if current.row["state"] == "settled":
            return _reopen_settled(current, closes_at, note)
        after = {"state": "open", "closes_at": reopenings.choose_closing(current, closes_at)}
        checks.check_window(current, {"closes_at": after["closes_at"]})
        before = {"state": "closed", "closes_at": current.row["closes_at"]}
        short = reopenings.warn_of_missing(current)
        return propose(current, "reopen", before, after, note, problems=short)


def _reopen_settled(current: RoundAtHand, closes_at: int | None, note: str) -> Outcome:
    """Propose that a settled round is closed again, so that it takes late files."""
    if closes_at is not None:
        raise UsageFault(
            "settled_stays_closed",
            "round {round} is settled: reopened it takes late files, and no new claims",
            hint="leave --closes-at out",
            round=current.code,
        )
    checks.require_note(current, note, hint="voucher round reopen {round} --note WHY")
    return propose(current, "reopen", {"state": "settled"}, {"state": "closed"}, note)


def extend_round(session: Session, code: str, until: int, note: str = "") -> Outcome:
    """Propose that all vouchers of the round end at `until` (UTC seconds) at the earliest, also
    those that have expired by now. Money that is gone by now is a warning here.
    """
    with writing(session):
        current = look_up_proposable(session, code, "extend")
        prolongations.check(current, until)
        again = "voucher round extend {round} --until TIME --note WHY"
        checks.require_note(current, note, hint=again)
        before = {"vouchers_until_at": current.ends_at(current.row["opens_at"])}
        short = prolongations.warn_of_missing(current, until)
        return propose(
            current, "extend", before, {"vouchers_until_at": until}, note, problems=short
        )


def look_up_proposable(session: Session, code: str, action: str) -> RoundAtHand:
    """Look up the round; its state must allow the amendment and no other one may wait. Raises
    `wrong_state`, `amendment_waiting`.
    """
    current = look_up(session, code)
    require(action, current)
    if (waiting := proposals.waiting(session.db, current.subject)) is not None:
        raise VoucherError(
            "amendment_waiting",
            "an amendment of round {round} ({kind}), proposed by {actor}, still waits for approval",
            hint=(
                "voucher round approve {round} --actor NAME, or voucher round reject {round} --note"
                " WHY --actor NAME"
            ),
            kind=Word(waiting.kind),
            round=code,
            actor=waiting.proposed_by,
        )
    return current


def propose(
    current: RoundAtHand,
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    note: str,
    *,
    at_stake_fen: int = 0,
    problems: tuple[Problem, ...] = (),
) -> Outcome:
    """Keep the amendment until others approve it; says how many must. `at_stake_fen`: what else it
    promises.
    """
    code, row = current.code, current.row
    # The most that is promised, before or after: fewer packs are no smaller matter.
    amount_fen = max(after.get("packs", 0), row["packs"]) * row["pack_value_fen"]
    amount_fen = max(amount_fen, at_stake_fen)
    number = proposals.add(
        current.session, current.subject, kind, before, after, amount_fen=amount_fen, note=note
    )
    about = {"amendment": number, "kind": kind, "note": note}
    current.note("amendment.propose", before=before, after=after, **about)
    checkers = people.checkers_needed(amount_fen, current.programme.approvals)
    return round_commands.answer_with_round(
        current,
        say(
            "proposed for {round}: {kind}; checkers needed: {checkers}",
            kind=Word(kind),
            round=code,
            checkers=checkers,
        ),
        say(
            "next: voucher round show {round}, then voucher round approve {round} --actor NAME,"
            " by someone other than {authors}",
            round=code,
            authors=current.session.actor,
        ),
        problems=problems,
    )
