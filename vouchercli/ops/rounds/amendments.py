"""Amendments of a round under way: pause and resume, top-up, another opening or closing, an end
before its time, and going on after a closing by mistake.

One person proposes, others approve with `round approve`; only then it takes effect, its money
committed in the same transaction. A pause alone takes effect at once. What was granted is never
touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import commitments, drafts, reopenings
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import RoundAtHand, changing, look_up, require
from vouchercli.ops.setup import desk
from vouchercli.result import Problem, Word, say
from vouchercli.rules import amendments as law
from vouchercli.rules import money
from vouchercli.rules import staff as people
from vouchercli.store import amendments, draws, proposals, rounds
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.result import Outcome
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal

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
        current = _look_up_proposable(session, code, "resume")
        return _propose(current, "resume", {"state": "paused"}, {"state": "open"}, note)


def top_up_round(session: Session, code: str, packs: int, note: str = "") -> Outcome:
    """Propose `packs` more; approval commits their money. A fund that would be short now is a
    warning here.
    """
    with writing(session):
        current = _look_up_proposable(session, code, "top-up")
        total = current.row["packs"] + packs
        drafts.check_amount(total, current.row["pack_value_fen"])
        _refuse_drawn(current)
        drafts.refuse_published(current)
        _check_platform(current, {"packs": total})
        short = commitments.warn_of_short_funds(
            commitments.read_missing(current, packs), is_top_up=True
        )
        return _propose(
            current,
            "top-up",
            {"packs": current.row["packs"]},
            {"packs": total},
            note,
            problems=short,
        )


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
        current = _look_up_proposable(session, code, "reschedule")
        wanted = {"opens_at": opens_at, "closes_at": closes_at}
        after = {key: at for key, at in wanted.items() if at is not None and at != current.row[key]}
        if not after:
            return round_commands.answer_with_round(
                current,
                say("round {round} has these terms already; nothing was changed", round=code),
            )
        _check_window(current, after)
        return _propose(
            current, "reschedule", {key: current.row[key] for key in after}, after, note
        )


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
            return _propose(
                _look_up_proposable(session, code, "close"), "close", before, after, note
            )
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
        current = _look_up_proposable(session, code, "reopen")
        after = {"state": "open", "closes_at": reopenings.choose_closing(current, closes_at)}
        _check_window(current, {"closes_at": after["closes_at"]})
        before = {"state": "closed", "closes_at": current.row["closes_at"]}
        short = reopenings.warn_of_missing(current)
        return _propose(current, "reopen", before, after, note, problems=short)


def _look_up_proposable(session: Session, code: str, action: str) -> RoundAtHand:
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


def _propose(
    current: RoundAtHand,
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    note: str,
    *,
    problems: tuple[Problem, ...] = (),
) -> Outcome:
    code, row = current.code, current.row
    amount_fen = after.get("packs", row["packs"]) * row["pack_value_fen"]
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
            "next: voucher round approve {round} --actor NAME, by someone other than {authors}",
            round=code,
            authors=current.session.actor,
        ),
        problems=problems,
    )


# ---------------------------------------------------------------- approval and rejection


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
    if kind == "close":
        current.note("amendment.approve", **about, before=waits, after={"amendment": "effective"})
        return round_commands.end_claiming(current, waiting)
    committed = _take_effect(current, kind, before, after)
    proposals.end(current.db, waiting, "effective", current.now)
    current.note(
        "amendment.approve",
        **about,
        before=before,
        after=after | ({"committed": committed} if committed else {}),
    )
    return _answer_effective(current, kind, after, committed)


def _take_effect(
    current: RoundAtHand, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, int]:
    """Change the round; gives what was committed for it, funder -> fen."""
    db, round_id = current.db, current.round_id
    if kind == "top-up":
        packs = after["packs"] - before["packs"]
        _refuse_drawn(current)
        drafts.refuse_published(current)
        _check_platform(current, after)
        committed = commitments.commit(current, packs, "round.top-up")
        amendments.add_packs(db, round_id, packs)
        return committed
    if kind == "resume":
        amendments.end_pause(db, round_id, current.now)
        rounds.set_state(db, round_id, "open")
    elif kind == "reopen":
        _check_window(current, {"closes_at": after["closes_at"]})
        return reopenings.reopen(current, after["closes_at"])
    else:
        _check_window(current, after)
        amendments.move(db, round_id, after.get("opens_at"), after.get("closes_at"))
    return {}


def _answer_effective(
    current: RoundAtHand, kind: str, after: dict[str, Any], committed: dict[str, int]
) -> Outcome:
    current = look_up(current.session, current.code)
    if kind == "top-up":
        message = say(
            "topped up {round} to {packs:,} packs: {amount} yuan more committed",
            round=current.code,
            packs=after["packs"],
            amount=money.grouped(sum(committed.values())),
        )
    elif kind == "resume":
        message = say(
            "resumed {round}: claims count again until {closes_at}",
            round=current.code,
            closes_at=current.local_time("closes_at"),
        )
    elif kind == "reopen":
        message = say(
            "reopened {round}: claims count again until {closes_at}, {amount} yuan are committed"
            " again",
            round=current.code,
            closes_at=current.local_time("closes_at"),
            amount=money.grouped(sum(committed.values())),
        )
    else:
        message = say(
            "rescheduled {round}: claims count from {opens_at} to {closes_at}",
            round=current.code,
            opens_at=current.local_time("opens_at"),
            closes_at=current.local_time("closes_at"),
        )
    return round_commands.answer_with_round(
        current, message, problems=round_commands.warn_if_over(current) if kind == "resume" else ()
    )


def reject(current: RoundAtHand, waiting: Proposal, note: str) -> Outcome:
    """Reject what waits, in the caller's transaction. A checker may do this, and so may the
    person who proposed it.
    """
    code = current.code
    desk.decline(current.session, current.programme, waiting, note)
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


# ---------------------------------------------------------------- times


def _check_window(current: RoundAtHand, after: dict[str, Any]) -> None:
    """Raise unless the round may still move to these times, now as much as when they were
    proposed.
    """
    row, last = current.row, rounds.last_claimed_at(current.db, current.round_id)
    window = law.RoundWindow(row["state"], row["opens_at"], row["closes_at"], last)
    hindrance = law.hindrance(window, after.get("opens_at"), after.get("closes_at"), current.now)
    if hindrance == "already_open":
        raise VoucherError(
            "already_open",
            "round {round} is {state}: its opening cannot be moved any more",
            hint="voucher round reschedule {round} --closes-at TIME",
            round=current.code,
            state=Word(row["state"]),
        )
    if hindrance == "time_past":
        past = min(after.values())
        raise VoucherError(
            "time_past",
            "{at} is not in the future: it is {now} now",
            hint="propose a time in the future",
            at=current.local_time(past),
            now=current.local_time(current.now),
        )
    if hindrance == "closes_before_claims" and last is not None:
        raise VoucherError(
            "closes_before_claims",
            "a pack was claimed at {at}: the round cannot close before that",
            hint="propose a later --closes-at",
            at=current.local_time(last),
        )
    announced = amendments.registration_closes_at(current.db, current.round_id)
    if announced is not None and announced > after.get("opens_at", row["opens_at"]):
        raise VoucherError(
            "registration_closes_late",
            "registration would close at {closes_at}, after the round opens at {opens_at}",
            hint="propose a later --opens-at",
            closes_at=current.local_time(announced),
            opens_at=current.local_time(after["opens_at"]),
        )
    terms = {
        key: after.get(key, row[key]) for key in ("opens_at", "closes_at", "registration_opens_at")
    }
    drafts.check_times(current.programme, current.template, terms)
    _check_platform(current, after)


def _refuse_drawn(current: RoundAtHand) -> None:
    """Raise `round_drawn` after the draw: the order of the tickets is public, so adding packs
    would choose who gets them.
    """
    draw = draws.kept(current.db, current.round_id)
    if draw is not None and draw.drawn_at is not None:
        raise VoucherError(
            "round_drawn",
            "round {round} was drawn on {at}: no packs can be added, because it is known who"
            " would be next",
            hint="hold another lottery: voucher round copy {round} NEW --packs N --opens-at TIME",
            round=current.code,
            at=current.local_time(draw.drawn_at),
        )


def _check_platform(current: RoundAtHand, after: dict[str, Any]) -> None:
    """Raise `platform_limits` when the platform would not take the order that replaces the last
    one.
    """
    drafts.check_platform(current.programme, current.template, dict(current.row) | after)
