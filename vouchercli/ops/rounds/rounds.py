"""Rounds: list, show, open, cancel. Drafting is in drafts.py, approving in approvals.py, closing in
closings.py, foreseeing in plans.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import allocation_tables, commitments, tables
from vouchercli.ops.rounds.lookup import found, require
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import money, times
from vouchercli.rules import rounds as law
from vouchercli.store import amendments, audit, programmes, rounds
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import Found
    from vouchercli.result import Message
    from vouchercli.session import Session


def told(
    session: Session, code: str, *says: Message, problems: tuple[Problem, ...] = ()
) -> Outcome:
    """The answer of every deed: the round as it now stands, and what to do next."""
    return Outcome(
        data=tables.described(session.db, found(session, code)), says=says, problems=problems
    )


# ---------------------------------------------------------------- reading


def list_rounds(session: Session) -> Outcome:
    """Every round of the programme by its opening, cancelled ones too."""
    programme = programmes.current(session.db, session.programme)
    rows = rounds.listed(session.db, programme["programme_id"])
    says = (
        ()
        if rows
        else (
            say(
                "no round yet; next: voucher round create CODE --template T --packs N --opens-at"
                " TIME"
            ),
        )
    )
    data = {"programme": programme["programme"], "rounds": [tables.line(row) for row in rows]}
    return Outcome(data=data, tables=(tables.listed(programme, rows),), says=says)


def show_round(session: Session, code: str) -> Outcome:
    """One round: its terms, its money by funder, its approvals, its amendments, what was
    claimed.
    """
    it = found(session, code)
    parts = (
        tables.terms(session.db, it),
        tables.money_by_funder(session.db, it),
        tables.verdicts(session.db, it),
        tables.amendments(session.db, it),
        allocation_tables.runs(session.db, it.row),
    )
    return Outcome(
        data=tables.described(session.db, it), tables=tuple(table for table in parts if table.rows)
    )


# ---------------------------------------------------------------- deeds


def open_round(session: Session, code: str, *, is_sure: bool = False) -> Outcome:
    """Let claims in. Before its time only when `is_sure` (no claim before `opens_at` counts even
    then).
    """
    with writing(session) as db:
        it = found(session, code)
        row, zone = it.row, it.row["time_zone"]
        require("open", row)
        opens_at, closes_at = (
            times.shown(row["opens_at"], zone),
            times.shown(row["closes_at"], zone),
        )
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
                now=times.shown(session.now, zone),
            )
        rounds.set_state(db, row["round_id"], "open")
        amendments.void(db, row["round_id"], session.now, only_opening=True)
        audit.note(
            session, "round.open", code, before={"state": "approved"}, after={"state": "open"}
        )
        over = Problem(
            "round_over",
            "round {round} was to close at {closes_at}: only claims from before then still count",
            hint="voucher round close {round}",
            level="warning",
            params={"round": code, "closes_at": closes_at},
        )
        return told(
            session,
            code,
            say(
                "opened {round}: claims count from {opens_at} to {closes_at}",
                round=code,
                opens_at=opens_at,
                closes_at=closes_at,
            ),
            say("next: voucher claim import FILE, then voucher round close {round}", round=code),
            problems=(over,) if session.now >= row["closes_at"] else (),
        )


def end_claiming(session: Session, it: Found, number: int | None = None) -> Outcome:
    """Claiming ends at its time, or now when that is sooner; never before the last claim that is
    in. Joins the caller's transaction.

    `number`: the approved amendment that it rests on; without one, an earlier end stands in the
    history by itself.
    """
    db, row, code = session.db, it.row, it.row["round"]
    earliest = max(
        session.now, row["opens_at"] + 1, (rounds.last_claimed_at(db, row["round_id"]) or 0) + 1
    )
    closes_at = min(row["closes_at"], earliest)
    before, after = {"closes_at": row["closes_at"]}, {"closes_at": closes_at}
    if number is not None:
        amendments.end(db, number, "effective", before, session.now, after=after)
    amendments.void(db, row["round_id"], session.now)
    if closes_at < row["closes_at"]:
        rounds.close_at(db, row["round_id"], closes_at)
        if number is None:
            amendments.add(session, row["round_id"], "close", before, after, "", is_effective=True)
    rounds.set_state(db, row["round_id"], "closed")
    audit.note(
        session,
        "round.close",
        code,
        before={"state": row["state"], "closes_at": row["closes_at"]},
        after={"state": "closed", "closes_at": closes_at},
    )
    return told(
        session,
        code,
        say(
            "closed {round}: {claimed:,} of {packs:,} packs claimed",
            round=code,
            claimed=row["claimed"],
            packs=row["packs"],
        ),
        say(
            "claims from before {closes_at} may still be imported",
            closes_at=times.shown(closes_at, row["time_zone"]),
        ),
        say("next: voucher report rounds"),
    )


def cancel_round(session: Session, code: str) -> Outcome:
    """Give a round up and release its money. Raises `round_has_claims` once a pack is claimed."""
    with writing(session) as db:
        it = found(session, code)
        row = it.row
        require("cancel", row)
        if row["claimed"]:
            raise VoucherError(
                "round_has_claims",
                "{claimed:,} packs of round {round} are claimed: it can be closed, not cancelled",
                hint=(
                    "voucher round close {round}"
                    if law.is_possible("close", row["state"])
                    else "voucher round show {round}"
                ),
                claimed=row["claimed"],
                round=code,
            )
        amendments.void(db, row["round_id"], session.now)
        released = commitments.release(session, row, "round.cancel")
        rounds.set_state(db, row["round_id"], "cancelled")
        audit.note(
            session,
            "round.cancel",
            code,
            before={"state": row["state"], "committed": released},
            after={"state": "cancelled"},
        )
        return told(
            session,
            code,
            say(
                "cancelled {round}; {amount} yuan are uncommitted again",
                round=code,
                amount=money.grouped(sum(released.values())),
            ),
            problems=orders_out(session, it, "tell the platform that it must not issue this round"),
        )


def orders_out(session: Session, it: Found, hint: str) -> tuple[Problem, ...]:
    """A warning, with what to do, when a platform has been told to issue the round as it was."""
    if not it.row["platform"]:
        return ()
    from vouchercli.ops.rounds import issuance_orders  # reads YAML: only where there is a platform

    return issuance_orders.superseded(session.db, it.row, hint)
