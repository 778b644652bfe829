"""The tick does one job in one transaction, records it as done in the same transaction, and
reports the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import Busy, VoucherError
from vouchercli.ops.granting import allocations
from vouchercli.ops.lottery import draws
from vouchercli.ops.rounds import amendments, issuance_orders, rounds
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.ops.sessions import refuse_anything
from vouchercli.result import Outcome, Problem, Word
from vouchercli.rules import schedule as law
from vouchercli.store import schedule as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.rules.schedule import Due, Scheduled
    from vouchercli.session import Session


# The name of each job in a table.
JOB_WORDS = {
    "tick": Word("tick"),
    "commit": Word("commit to a seed"),
    "open": Word("open"),
    "draw": Word("draw lots"),
    "allocate": Word("allocate"),
    "order": Word("order"),
    "close": Word("close claiming"),
    "import": Word("import"),
    "retry": Word("judge again"),
    "write": Word("write"),
    "release": Word("release"),
    "seal": Word("seal days"),
    "settle": Word("settle signed days"),
    "remind": Word("remind"),
    "ship": Word("ship the head"),
    "backup": Word("back up"),
    "check": Word("check"),
}


@dataclass(frozen=True)
class Done:
    """The result of one job: an `outcome`, or the `error` that stopped it (the rest of the tick
    goes on).

    `subject` is the round or the file; `due_at` None: files and money are not due at a second;
    `done_at`: when it was begun, by the tick's clock or, of what is quick, by the clock of then.
    """

    job: str
    subject: str
    zone: str
    programme: str | None = None
    due_at: int | None = None
    outcome: Outcome | None = None
    error: VoucherError | None = None
    done_at: int | None = None

    @property
    def late(self) -> int | None:
        """How many seconds after it was due it was done; None: it is not due at a second."""
        if self.due_at is None or self.done_at is None:
            return None
        return self.done_at - self.due_at

    def problems(self, where: str = "") -> tuple[Problem, ...]:
        """The warnings of the outcome; or the refusal, placed at `where` when it names no place,
        with the faults that it gathers.
        """
        if self.error is not None:
            return self.error.as_problems(where)
        return self.outcome.problems if self.outcome else ()

    @property
    def result(self) -> str:
        """done, partial (rejects are kept) or failed."""
        if self.outcome is None:
            return "failed"
        return "partial" if self.outcome.status == "partial" else "done"


def attempt(
    session: Session, blank: Done, work: Callable[..., Outcome | None], *args: Any
) -> Done | None:
    """Run `work` (with a session and its arguments) and put its result into `blank`; None when
    there was nothing to do. Whatever it fails with is its error. Raises `Busy`: then all other
    jobs wait too.
    """
    blank = replace(blank, done_at=session.now)
    try:
        outcome = work(session, *args)
    except Busy:
        raise
    except VoucherError as error:
        return replace(blank, error=error)
    except Exception as error:  # whatever it is, the other jobs go on
        refused = refuse_anything(error, session.path)
        if isinstance(refused, Busy):
            raise refused from error
        return replace(blank, error=refused)
    return None if outcome is None else replace(blank, outcome=outcome)


# ---------------------------------------------------------------- which rounds may have jobs


def list_scheduled(session: Session, round_id: int | None = None) -> list[Scheduled]:
    """List the rounds that may still have jobs; with `round_id` only that one, whatever its
    programme.
    """
    rows = store.list_rounds(session.db, None if round_id else session.programme, round_id)
    return [_complete(session, round_, ordered) for round_, ordered in rows]


def _complete(session: Session, round_: Scheduled, ordered: str) -> Scheduled:
    """Complete a round with what its row does not hold: whether it is allocated, and ordered,
    with its present terms.
    """
    asked = round_.to_allocate
    is_done = asked and store.is_done(session.db, "allocate", round_.round_id, asked)
    return replace(
        round_,
        to_allocate="" if is_done else asked,
        is_ordered=bool(round_.platform and ordered) and ordered == _digest_terms(session, round_),
        lead=_read_lead(round_.platform),
    )


def _read_lead(platform: str) -> int:
    """Read how many seconds before the opening the platform wants its order. Jobs that need a
    faulty profile report it.
    """
    try:
        return issuance_orders.read_lead(platform)
    except VoucherError:
        return 0


def _digest_terms(session: Session, round_: Scheduled) -> str:
    return issuance_orders.digest_terms(
        look_up(session._replace(programme=round_.programme), round_.round)
    )


# ---------------------------------------------------------------- rounds


PERFORM: dict[str, Callable[[Session, str], Outcome]] = {
    "commit": draws.commit_seed,
    "open": rounds.open_round,
    "allocate": allocations.allocate,
    "order": issuance_orders.order_round,
    "close": amendments.close_round,
}


def do_job(session: Session, due: Due) -> Outcome | None:
    """Do a job and record it as done in one transaction; None when it is no longer due, because
    another process has done it.
    """
    round_ = due.round
    with writing(session) as db:
        due_now = law.list_due(due.job, list_scheduled(session, round_.round_id), session.now)
        if not any(each.key == due.key for each in due_now):
            return None
        store.note_done(
            db, due.job, round_.round_id, due.key or str(round_.revision), due.due_at, session.now
        )
        inner = session._replace(joins=True, programme=round_.programme)
        if due.job == "draw":
            # The winners' packs count from the moment the draw was due, even when the tick is late.
            return draws.draw(inner, round_.round, at=due.due_at)
        if due.job == "open":
            _require_ready(inner, round_)
        outcome = PERFORM[due.job](inner, round_.round)
        if due.job == "open":  # a round that is over is closed by the same tick
            shown = (replace(each, hint="voucher round show {round}") for each in outcome.problems)
            outcome = replace(outcome, problems=tuple(shown))
        if due.job == "close" and round_.platform and not round_.was_ordered:
            return replace(outcome, problems=(*outcome.problems, _warn_of_no_order(round_)))
        return outcome


def _warn_of_no_order(round_: Scheduled) -> Problem:
    """Warn that a platform round is over before any tick came to order it."""
    return Problem(
        "never_ordered",
        "round {round} is over and was never ordered from {platform}: no order is written any more",
        level="warning",
        hint="ask {platform} what it issued; voucher schedule status says how late the tick is",
        params={"round": round_.round, "platform": round_.platform},
    )


def _require_ready(session: Session, round_: Scheduled) -> None:
    """Refuse to open a lottery that could never be drawn, or a round that its platform does not
    take. Raises `draw_not_committed`, `platform_limits`.
    """
    if round_.is_drawn_here and not round_.seed_committed:
        raise VoucherError(
            "draw_not_committed",
            "round {round} has no seed: it could not be drawn after its opening",
            hint=(
                "voucher round reschedule {round} --opens-at TIME, then voucher draw commit {round}"
            ),
            round=round_.round,
        )
    current = look_up(session, round_.round)
    issuance_orders.refuse_unfit(current.programme, current.template, current.row)
