"""A later end for the vouchers of a round that are out, also for those that have expired already:
they take back the money that they gave up, as long as the balances have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import amendment_checks as checks
from vouchercli.ops.rounds import releases
from vouchercli.result import Problem, say
from vouchercli.rules import money
from vouchercli.rules import rounds as law
from vouchercli.store import prolongations as store

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message


def check(current: RoundAtHand, until: int) -> None:
    """Raise unless `until` (UTC seconds) lies ahead and is later than the first vouchers of the
    round end, and its platform, if it is to be told, takes such an order.
    """
    if until <= current.now:
        raise VoucherError(
            "time_past",
            "{at} is not in the future: it is {now} now",
            hint="propose a time in the future",
            at=current.local_end(until),
            now=current.local_time(current.now),
        )
    ends_at = current.ends_at(current.row["opens_at"])
    if until <= ends_at:
        raise VoucherError(
            "ends_later_already",
            "no voucher of round {round} ends before {ends_at}: {until} is not later",
            hint="voucher round extend {round} --until TIME, with a later time",
            round=current.code,
            ends_at=current.local_end(ends_at),
            until=current.local_end(until),
        )
    if law.is_possible("order", current.row["state"]):
        checks.check_platform(current, {"vouchers_until_at": until})


def warn_of_missing(current: RoundAtHand, until: int) -> tuple[Problem, ...]:
    """Warn of each funder that has not enough left of what expired vouchers gave up."""
    return tuple(
        Problem(
            "fund_short",
            "{funder} is short of {missing} yuan that expired vouchers of {round} gave up: they"
            " cannot be prolonged now",
            level="warning",
            hint="raise the fund's amount in the programme's file and load it again, or:"
            " voucher round reduce ANOTHER --packs N --note WHY",
            params={
                "funder": funder,
                "missing": money.grouped(missing),
                "round": current.code,
            },
        )
        for funder, missing in releases.find_missing(current, prolonged_until=until).items()
    )


def extend(current: RoundAtHand, proposal: int, until: int) -> dict[str, int]:
    """Let all vouchers of the round end at `until` at the earliest; gives what is committed to it
    again for those that had expired, funder -> fen. Raises `fund_short` when that is promised
    elsewhere: what was given up is not promised twice. Joins the caller's transaction.
    """
    check(current, until)
    for problem in warn_of_missing(current, until):
        raise VoucherError(
            "fund_short",
            "{funder} is short of {missing} yuan that expired vouchers of {round} gave up: they"
            " cannot be prolonged now",
            hint=problem.hint,
            **problem.params,
        )
    store.add(current.db, current.round_id, proposal, current.now, until)
    return releases.take_back(current)


def name_retries(current: RoundAtHand) -> list[Message]:
    """Name the batches with payments that came too late before: they may be judged again."""
    batches = store.batches_of_expired(current.db, current.row["programme_id"], current.round_id)
    return [
        say("next: voucher batch retry {batch} takes in what was rejected expired", batch=batch)
        for batch in batches
    ]
