"""Amendments of a round under way: pause and resume, top-up, another opening or closing, an end
before its time.

One person proposes, others approve with `round approve`; only then it takes effect, its money
committed in the same transaction. A pause alone takes effect at once. What was granted is never
touched.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import commitments, drafts
from vouchercli.ops.rounds import rounds as ops
from vouchercli.ops.rounds.lookup import Found, found, require
from vouchercli.ops.setup import staff
from vouchercli.result import Problem, Word, say
from vouchercli.rules import amendments as law
from vouchercli.rules import money, times
from vouchercli.rules import staff as people
from vouchercli.rules.staff import Hand
from vouchercli.store import amendments, audit, draws, rounds
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.result import Outcome
    from vouchercli.session import Session

# ---------------------------------------------------------------- at once


def pause_round(session: Session, code: str, note: str = "") -> Outcome:
    """Let no claim count from now on. Takes effect at once, by any maker or checker: it spends
    nothing and can wait for nobody.
    """
    with writing(session) as db:
        it = found(session, code)
        require("pause", it.row)
        staff.require_staff(session, it.programme)
        round_id, before, after = it.row["round_id"], {"state": "open"}, {"state": "paused"}
        number = amendments.add(session, round_id, "pause", before, after, note, is_effective=True)
        amendments.begin_pause(db, round_id, session.now)
        rounds.set_state(db, round_id, "paused")
        audit.note(
            session, "round.pause", code, amendment=number, before=before, after=after, note=note
        )
        return ops.told(
            session,
            code,
            say(
                "paused {round}: no claim made from {at} on counts",
                round=code,
                at=times.shown(session.now, it.row["time_zone"]),
            ),
            say(
                "next: voucher round resume {round}, then by a second person: voucher round approve"
                " {round}",
                round=code,
            ),
        )


# ---------------------------------------------------------------- proposed


def resume_round(session: Session, code: str, note: str = "") -> Outcome:
    """Propose that claims count again; they do from the moment of the approval."""
    with writing(session):
        it = _proposable(session, code, "resume")
        return _proposed(session, it, "resume", {"state": "paused"}, {"state": "open"}, note)


def top_up_round(session: Session, code: str, packs: int, note: str = "") -> Outcome:
    """Propose `packs` more; approval commits their money. A fund that would be short now is a
    warning here.
    """
    with writing(session) as db:
        it = _proposable(session, code, "top-up")
        total = it.row["packs"] + packs
        if total * it.row["pack_value_fen"] > money.MAX_FEN:
            raise VoucherError(
                "round_too_large",
                "{packs:,} packs of {value} yuan are more than any budget",
                hint="look at --packs again",
                packs=total,
                value=money.grouped(it.row["pack_value_fen"]),
            )
        _refuse_drawn(db, it)
        _check_platform(it, {"packs": total})
        short = tuple(
            Problem(
                "fund_short",
                "{funder} is short of {missing} yuan: the top-up cannot be approved",
                level="warning",
                hint=(
                    "fewer packs, or raise the fund's amount in the programme's file and load it"
                    " again"
                ),
                params={"funder": funder, "missing": money.grouped(missing)},
            )
            for funder, missing in commitments.missing(db, it, packs).items()
        )
        return _proposed(
            session,
            it,
            "top-up",
            {"packs": it.row["packs"]},
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
            "say what to move: --opens-at, --closes-at or both",
            hint="voucher round reschedule --help",
        )
    with writing(session) as db:
        it = _proposable(session, code, "reschedule")
        said = {"opens_at": opens_at, "closes_at": closes_at}
        after = {key: at for key, at in said.items() if at is not None and at != it.row[key]}
        if not after:
            return ops.told(
                session,
                code,
                say("round {round} has these terms already; nothing was changed", round=code),
            )
        _check_window(session, db, it, after)
        return _proposed(
            session, it, "reschedule", {key: it.row[key] for key in after}, after, note
        )


def propose_closing(session: Session, code: str, note: str) -> Outcome:
    """Propose that claiming ends before its time; it does at the moment of the approval. Joins the
    caller's transaction.
    """
    it = _proposable(session, code, "close")
    return _proposed(session, it, "close", {"state": it.row["state"]}, {"state": "closed"}, note)


def _proposable(session: Session, code: str, deed: str) -> Found:
    """The round, when its state allows the amendment and no other one waits. Raises `wrong_state`,
    `amendment_waiting`.
    """
    it = found(session, code)
    require(deed, it.row)
    staff.require_itself(session, it.programme)
    if (waiting := amendments.waiting(session.db, it.row["round_id"])) is not None:
        raise VoucherError(
            "amendment_waiting",
            "an amendment of round {round} ({kind}), proposed by {actor}, still waits for approval",
            hint=(
                "voucher round approve {round} --actor NAME, or voucher round reject {round} --note"
                " WHY --actor NAME"
            ),
            kind=Word(waiting["kind"]),
            round=code,
            actor=waiting["proposed_by"],
        )
    return it


def _proposed(
    session: Session,
    it: Found,
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    note: str,
    *,
    problems: tuple[Problem, ...] = (),
) -> Outcome:
    code = it.row["round"]
    number = amendments.add(session, it.row["round_id"], kind, before, after, note)
    audit.note(
        session,
        "amendment.propose",
        code,
        amendment=number,
        kind=kind,
        before=before,
        after=after,
        note=note,
    )
    checkers = it.checkers_for(after.get("packs", it.row["packs"]))
    return ops.told(
        session,
        code,
        say(
            "proposed for {round}: {kind}; checkers needed: {checkers}",
            kind=Word(kind),
            round=code,
            checkers=checkers,
        ),
        say(
            "next: voucher round approve {round} --actor NAME, by someone other than {authors}",
            round=code,
            authors=session.actor,
        ),
        problems=problems,
    )


# ---------------------------------------------------------------- approved or rejected


def approve(session: Session, it: Found, waiting: sqlite3.Row) -> Outcome:
    """Approve what waits, in the caller's transaction. The last approval needed lets it take
    effect: it is judged again by what stands now, and `fund_short` refuses a top-up whose money is
    gone.
    """
    db, row, code, kind = session.db, it.row, it.row["round"], waiting["kind"]
    require(kind, row)
    before, after = json.loads(waiting["before"]), json.loads(waiting["after"])
    author = Hand(waiting["proposed_by"], waiting["os_user"])
    staff.require_other_eyes(
        session, it.programme, code, [author], amendments.approvers(db, waiting["amendment_id"])
    )
    amendments.add_verdict(session, waiting["amendment_id"], "approve")
    given, needed = (
        len(amendments.approvers(db, waiting["amendment_id"])),
        it.checkers_for(after.get("packs", row["packs"])),
    )
    about = {
        "amendment": waiting["amendment_id"],
        "kind": kind,
        "approvals": given,
        "needed": needed,
    }
    if given < needed:
        audit.note(
            session,
            "amendment.approve",
            code,
            **about,
            before={"amendment": "proposed"},
            after={"amendment": "proposed"},
        )
        return ops.told(
            session,
            code,
            say(
                "approved the amendment of {round} ({given} of {needed} checkers); one more person"
                " must approve",
                round=code,
                given=given,
                needed=needed,
            ),
        )
    if kind == "close":
        audit.note(
            session,
            "amendment.approve",
            code,
            **about,
            before={"amendment": "proposed"},
            after={"amendment": "effective"},
        )
        return ops.end_claiming(session, it, waiting["amendment_id"])
    committed = _take_effect(session, it, kind, before, after)
    amendments.end(db, waiting["amendment_id"], "effective", before, session.now)
    audit.note(
        session,
        "amendment.approve",
        code,
        **about,
        before=before,
        after=after | ({"committed": committed} if committed else {}),
    )
    return _effective(session, code, kind, after, committed)


def _take_effect(
    session: Session, it: Found, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, int]:
    """Change the round; gives what was committed for it, funder -> fen."""
    db, round_id = session.db, it.row["round_id"]
    if kind == "top-up":
        packs = after["packs"] - before["packs"]
        _refuse_drawn(db, it)
        _check_platform(it, after)
        committed = commitments.commit(session, it, packs, "round.top-up")
        amendments.add_packs(db, round_id, packs)
        return committed
    if kind == "resume":
        amendments.end_pause(db, round_id, session.now)
        rounds.set_state(db, round_id, "open")
    else:
        _check_window(session, db, it, after)
        amendments.move(db, round_id, after.get("opens_at"), after.get("closes_at"))
    return {}


def _effective(
    session: Session, code: str, kind: str, after: dict[str, Any], committed: dict[str, int]
) -> Outcome:
    row = found(session, code).row
    opens_at, closes_at = (
        times.shown(row[key], row["time_zone"]) for key in ("opens_at", "closes_at")
    )
    if kind == "top-up":
        return ops.told(
            session,
            code,
            say(
                "topped up {round} to {packs:,} packs: {amount} yuan more committed",
                round=code,
                packs=after["packs"],
                amount=money.grouped(sum(committed.values())),
            ),
        )
    if kind == "resume":
        over = Problem(
            "round_over",
            "round {round} was to close at {closes_at}: only claims from before then still count",
            hint="voucher round close {round}",
            level="warning",
            params={"round": code, "closes_at": closes_at},
        )
        return ops.told(
            session,
            code,
            say(
                "resumed {round}: claims count again until {closes_at}",
                round=code,
                closes_at=closes_at,
            ),
            problems=(over,) if session.now >= row["closes_at"] else (),
        )
    return ops.told(
        session,
        code,
        say(
            "rescheduled {round}: claims count from {opens_at} to {closes_at}",
            round=code,
            opens_at=opens_at,
            closes_at=closes_at,
        ),
    )


def reject(session: Session, it: Found, waiting: sqlite3.Row, note: str) -> Outcome:
    """Turn down what waits, in the caller's transaction: a checker, or who proposed it and thinks
    better of it.
    """
    code = it.row["round"]
    if not people.same_person(session.actor, waiting["proposed_by"]):
        staff.require_checker(session, it.programme)
    staff.require_itself(session, it.programme)
    amendments.add_verdict(session, waiting["amendment_id"], "reject", note)
    amendments.end(
        session.db, waiting["amendment_id"], "declined", json.loads(waiting["before"]), session.now
    )
    audit.note(
        session,
        "amendment.reject",
        code,
        amendment=waiting["amendment_id"],
        kind=waiting["kind"],
        before={"amendment": "proposed"},
        after={"amendment": "declined"},
        note=note,
    )
    return ops.told(
        session,
        code,
        say(
            "rejected the amendment of {round} ({kind}); the round stands as it was",
            round=code,
            kind=Word(waiting["kind"]),
        ),
    )


# ---------------------------------------------------------------- times


def _check_window(
    session: Session, db: sqlite3.Connection, it: Found, after: dict[str, Any]
) -> None:
    """Raise unless the round may still move to these times, now as much as when they were
    proposed.
    """
    row, zone = it.row, it.row["time_zone"]
    last = rounds.last_claimed_at(db, row["round_id"])
    standing = law.RoundWindow(row["state"], row["opens_at"], row["closes_at"], last)
    hindrance = law.hindrance(standing, after.get("opens_at"), after.get("closes_at"), session.now)
    if hindrance == "already_open":
        raise VoucherError(
            "already_open",
            "round {round} is {state}: its opening cannot be moved any more",
            hint="voucher round reschedule {round} --closes-at TIME",
            round=row["round"],
            state=Word(row["state"]),
        )
    if hindrance == "time_past":
        past = min(after.values())
        raise VoucherError(
            "time_past",
            "{at} is not ahead: it is {now}, and nobody could keep to it",
            hint="propose a time to come",
            at=times.shown(past, zone),
            now=times.shown(session.now, zone),
        )
    if hindrance == "closes_before_claims" and last is not None:
        raise VoucherError(
            "closes_before_claims",
            "a pack was claimed at {at}: the round cannot close before",
            hint="propose a later --closes-at",
            at=times.shown(last, zone),
        )
    announced = amendments.registration_closes_at(db, row["round_id"])
    if announced is not None and announced > after.get("opens_at", row["opens_at"]):
        raise VoucherError(
            "registration_closes_late",
            "registration would close at {closes_at}, after the round opens at {opens_at}",
            hint="propose a later --opens-at",
            closes_at=times.shown(announced, zone),
            opens_at=times.shown(after["opens_at"], zone),
        )
    terms = {
        key: after.get(key, row[key]) for key in ("opens_at", "closes_at", "registration_opens_at")
    }
    drafts.check_times(it.programme, it.template, terms)
    _check_platform(it, after)


def _refuse_drawn(db: sqlite3.Connection, it: Found) -> None:
    """Raise `round_drawn`: everybody knows by now who would be next, so whoever adds packs would
    choose who gets them.
    """
    row = draws.found(db, it.row["round_id"])
    if row is not None and row["drawn_at"] is not None:
        raise VoucherError(
            "round_drawn",
            "round {round} was drawn on {at}: who would be next is known, so no packs are added"
            " to it",
            hint="a lottery of its own: voucher round copy {round} NEW --packs N --opens-at TIME",
            round=it.row["round"],
            at=times.shown(row["drawn_at"], it.row["time_zone"]),
        )


def _check_platform(it: Found, after: dict[str, Any]) -> None:
    """Raise `platform_limits` when the round's platform would not take it so: the order that
    replaces the last one could not go out.
    """
    if it.row["platform"]:
        # reads YAML: only where there is a platform
        from vouchercli.ops.rounds import (
            issuance_orders,
        )

        keys = ("platform", "packs", "opens_at", "closes_at", "per_resident")
        issuance_orders.refuse_unfit(
            it.programme, it.template, {key: it.row[key] for key in keys} | after
        )
