"""One deed of the clock: done in one transaction with the note that it is done; what became of
it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vouchercli.errors import Busy, VoucherError
from vouchercli.ops.rounds import issuance_orders
from vouchercli.ops.rounds.lookup import found
from vouchercli.result import Message, Outcome, Problem, Word
from vouchercli.rules import schedule as law
from vouchercli.rules import times
from vouchercli.rules.schedule import Due, Scheduled
from vouchercli.store import schedule as store
from vouchercli.store.db import busy_or_refused, refused_by_machine, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.session import Session


# What each deed is called in a table.
WORDS = {
    "commit": Word("commit to a seed"),
    "open": Word("open"),
    "draw": Word("draw lots"),
    "allocate": Word("allocate"),
    "order": Word("order"),
    "close": Word("close claiming"),
    "import": Word("import"),
    "write": Word("write"),
    "release": Word("release"),
    "remind": Word("remind"),
}
RESULTS = {"done": Word("done"), "partial": Word("partial"), "failed": Word("failed")}


@dataclass(frozen=True)
class Done:
    """What became of one deed: an `outcome`, or the `error` that kept it from being done (the rest
    of the tick goes on).

    `subject` is the round or the file; `due_at` None: files and money are not due at a second.
    """

    deed: str
    subject: str
    zone: str
    programme: str | None = None
    due_at: int | None = None
    outcome: Outcome | None = None
    error: VoucherError | None = None

    @property
    def result(self) -> str:
        """done, partial (rejects are kept) or failed."""
        if self.outcome is None:
            return "failed"
        return "partial" if self.outcome.status == "partial" else "done"


def attempted(session: Session, blank: Done, work: Callable[[], Outcome | None]) -> Done | None:
    """`blank` with what `work` came to; None when there was nothing to do after all. Raises `Busy`:
    then all else waits too.
    """
    try:
        outcome = work()
    except Busy:
        raise
    except VoucherError as error:
        return replace(blank, error=error)
    except sqlite3.DatabaseError as error:
        refused = busy_or_refused(error, session.path)
        if isinstance(refused, Busy):
            raise refused from error
        return replace(blank, error=refused)
    except OSError as error:
        return replace(blank, error=refused_by_machine(error, session.path))
    return None if outcome is None else replace(blank, outcome=outcome)


# ---------------------------------------------------------------- what the clock looks at


def scheduled(session: Session, round_id: int | None = None) -> list[Scheduled]:
    """The rounds that something may still be due of; with `round_id` that one, whatever its
    programme.
    """
    rows = store.rounds(session.db, None if round_id else session.programme, round_id)
    return [_scheduled(session, row) for row in rows]


def _scheduled(session: Session, row: sqlite3.Row) -> Scheduled:
    to_allocate = _to_allocate(row)
    if to_allocate and store.is_done(session.db, "allocate", row["round_id"], to_allocate):
        to_allocate = ""
    return Scheduled(
        round_id=row["round_id"],
        programme=row["programme"],
        round=row["round"],
        zone=row["time_zone"],
        state=row["state"],
        mode=row["mode"],
        platform=row["platform"],
        revision=row["revision"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        approved_at=None if row["state"] in law.WAITING else row["approved_at"],
        registration_closes_at=row["registration_closes_at"],
        seed_committed=row["committed_at"] is not None,
        drawn=row["drawn_at"] is not None,
        waits_for_text=bool(row["public_source"]),
        amendment=(
            None if row["amendment_id"] is None else (row["amendment_id"], row["proposed_at"])
        ),
        to_allocate=to_allocate,
        is_ordered=bool(row["platform"] and row["ordered_sha256"])
        and row["ordered_sha256"] == _terms(session, row),
        was_ordered=row["ordered_sha256"] is not None,
        lead=_lead(row["platform"]),
        amended_at=row["amended_at"] or 0,
    )


def _lead(platform: str) -> int:
    """How long before the opening the platform wants its order (seconds). A faulty profile is told
    by the deeds that need it.
    """
    try:
        return issuance_orders.lead_of(platform)
    except VoucherError:
        return 0


def _terms(session: Session, row: sqlite3.Row) -> str:
    return issuance_orders.terms_sha256(
        found(session._replace(programme=row["programme"]), row["round"])
    )


def _to_allocate(row: sqlite3.Row) -> str:
    """What there is to allocate, '' for nothing: it changes when a file came, was retried or
    undone, and when packs were added.
    """
    asks = row["has_applications"] if row["mode"] == "fcfs" else row["has_eligible"]
    return f"{row['asked']} {row['packs']}" if asks and row["claimed"] < row["packs"] else ""


# ---------------------------------------------------------------- rounds


def _open(session: Session, due: Due) -> Outcome:
    from vouchercli.ops.rounds import rounds

    it = found(session, due.round.round)
    if due.round.mode == "lottery" and due.round.is_local and not due.round.seed_committed:
        raise VoucherError(
            "draw_not_committed",
            "round {round} has no committed seed: once open it could never be drawn",
            hint=(
                "voucher round reschedule {round} --opens-at TIME, then voucher draw commit {round}"
            ),
            round=due.round.round,
        )
    issuance_orders.refuse_unfit(it.programme, it.template, it.row)
    return rounds.open_round(session, due.round.round)


def _close(session: Session, due: Due) -> Outcome:
    from vouchercli.ops.rounds import closings

    return closings.close_round(session, due.round.round)


def _commit(session: Session, due: Due) -> Outcome:
    from vouchercli.ops.lottery import draws

    return draws.commit_seed(session, due.round.round)


def _draw(session: Session, due: Due) -> Outcome:
    """The winners' packs count from the moment the draw was due: a late tick takes nothing from
    their validity but its lateness.
    """
    from vouchercli.ops.lottery import draws

    return draws.draw(session, due.round.round, at=due.due_at)


def _allocate(session: Session, due: Due) -> Outcome:
    from vouchercli.ops.granting import allocations

    return allocations.allocate(session, due.round.round)


def _order(session: Session, due: Due) -> Outcome:
    return issuance_orders.order_round(session, due.round.round)


PERFORM: dict[str, Callable[[Session, Due], Outcome]] = {
    "commit": _commit,
    "open": _open,
    "draw": _draw,
    "allocate": _allocate,
    "order": _order,
    "close": _close,
}


def do(session: Session, due: Due) -> Outcome | None:
    """Do a deed and note it, all in one transaction; None when it is not due any more: somebody was
    quicker.
    """
    it = due.round
    with writing(session) as db:
        now = law.list_due(due.job, scheduled(session, it.round_id), session.now)
        if not any(each.key == due.key for each in now):
            return None
        store.did(db, due.job, it.round_id, due.key or str(it.revision), due.due_at, session.now)
        return PERFORM[due.job](session._replace(joins=True, programme=it.programme), due)


def remind(session: Session, due: Due) -> Outcome | None:
    """Say once what a round waits for that only a person can do."""
    it = due.round
    with writing(session) as db:
        if not store.did(db, "remind", it.round_id, due.key, due.due_at, session.now):
            return None
    waits = _waits(due, session.now)
    return Outcome(
        data={"round": it.round}, problems=(waits,), says=(Message(waits.text, waits.params),)
    )


def remind_of_change(session: Session, row: sqlite3.Row) -> Outcome | None:
    """Say once that a change of a programme waits for a second person."""
    with writing(session) as db:
        if not store.did(
            db, "remind", None, f"change {row['change_id']}", row["proposed_at"], session.now
        ):
            return None
    waits = Problem(
        "change_waits",
        "a change of programme {programme}, proposed at {at}, waits for approval",
        level="warning",
        hint="voucher programme show {programme}",
        params={
            "programme": row["programme"],
            "at": times.shown(row["proposed_at"], row["time_zone"]),
        },
    )
    return Outcome(
        data={"programme": row["programme"]},
        problems=(waits,),
        says=(Message(waits.text, waits.params),),
    )


def _waits(due: Due, now: int) -> Problem:
    it = due.round
    about = {"round": it.round, "opens_at": times.shown(it.opens_at, it.zone)}
    if due.key.startswith("amendment"):
        return Problem(
            "amendment_waits",
            "an amendment of {round}, proposed at {at}, waits for approval",
            level="warning",
            hint="voucher round show {round}",
            params={"round": it.round, "at": times.shown(due.due_at, it.zone)},
        )
    if it.state not in law.WAITING:
        return Problem(
            "draw_waits",
            "the draw of {round} waits for its public text",
            level="warning",
            hint="voucher draw run {round} --public-randomness TEXT",
            params={"round": it.round},
        )
    if now >= it.opens_at:
        return Problem(
            "round_waits",
            "round {round} should have opened at {opens_at} and is not approved",
            level="warning",
            hint="voucher round show {round}",
            params=about,
        )
    return Problem(
        "round_waits",
        "round {round} opens at {opens_at} and is not approved yet",
        level="warning",
        hint="voucher round show {round}",
        params=about,
    )
