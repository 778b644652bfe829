"""A round that was closed by mistake goes on: it takes its seats and its money back from where they
went, as long as the balances have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import releases
from vouchercli.result import Problem
from vouchercli.rules import money
from vouchercli.store import amendments, proposals, rounds, take_backs

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand


def choose_closing(current: RoundAtHand, wanted: int | None) -> int:
    """The closing that is wanted, else the one that the round had before it was closed. Raises
    `closing_passed` when that lies behind us.
    """
    closes_at = _read_earlier_closing(current) if wanted is None else wanted
    if wanted is None and closes_at <= current.now:
        raise VoucherError(
            "closing_passed",
            "round {round} was to close at {closes_at}, and it is {now} now",
            hint="voucher round reopen {round} --closes-at TIME",
            round=current.code,
            closes_at=current.local_end(closes_at),
            now=current.local_time(current.now),
        )
    return closes_at


def _read_earlier_closing(current: RoundAtHand) -> int:
    """When the round would close, had nobody closed it."""
    history = proposals.history(current.db, current.subject)
    last = next(
        (
            each
            for each in reversed(history)
            if each.state == "effective" and each.kind in ("close", "reopen", "reschedule")
        ),
        None,
    )
    is_early = last is not None and last.kind == "close"
    return int(last.before["closes_at"] if last and is_early else current.row["closes_at"])


def warn_of_missing(current: RoundAtHand) -> tuple[Problem, ...]:
    """Warn of each funder that has not enough left of what the round gave up."""
    return tuple(
        Problem(
            "fund_short",
            "{funder} is short of {missing} yuan that {round} gave up: it cannot be reopened now",
            level="warning",
            hint="raise the fund's amount in the programme's file and load it again, or:"
            " voucher round copy {round} NEW --opens-at TIME",
            params={
                "funder": funder,
                "missing": money.grouped(missing),
                "round": current.code,
            },
        )
        for funder, missing in releases.find_missing(current, state="open", released=0).items()
    )


def reopen(current: RoundAtHand, closes_at: int) -> dict[str, int]:
    """Open the round again until `closes_at`, with all its packs; gives what is committed to it
    again, funder -> fen. Raises `fund_short` when what it gave up is promised elsewhere. Joins the
    caller's transaction.
    """
    db, round_id = current.db, current.round_id
    for problem in warn_of_missing(current):
        raise VoucherError(
            "fund_short",
            "{funder} is short of {missing} yuan that {round} gave up: it cannot be reopened now",
            hint=problem.hint,
            **problem.params,
        )
    take_backs.take_seats(db, round_id, current.row["released"])
    amendments.end_pause(db, round_id, current.now)
    amendments.move(db, round_id, None, closes_at)
    rounds.set_state(db, round_id, "open")
    return releases.take_back(current)
