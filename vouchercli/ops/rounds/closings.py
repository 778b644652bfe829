"""Close a round: when its time has come or its packs are gone, by anyone; before that by two
people, as any amendment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import amendments, rounds
from vouchercli.ops.rounds.lookup import found, require
from vouchercli.rules import times
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.result import Outcome
    from vouchercli.session import Session


def close_round(session: Session, code: str, *, is_sure: bool = False, note: str = "") -> Outcome:
    """End claiming. Before `closes_at`, with packs left, only when `is_sure`, and then it is a
    proposal that others approve.
    """
    with writing(session):
        it = found(session, code)
        row, zone = it.row, it.row["time_zone"]
        require("close", row)
        left = row["packs"] - row["claimed"]
        if session.now >= row["closes_at"] or not left:
            return rounds.end_claiming(session, it)
        if is_sure:
            return amendments.propose_closing(session, code, note)
        raise VoucherError(
            "too_early",
            "round {round} closes at {closes_at} and has {left:,} packs left; it is {now} now",
            hint=(
                "wait, or propose to end it for good: voucher round close {round} --yes (a second"
                " person approves it)"
            ),
            round=code,
            closes_at=times.shown(row["closes_at"], zone),
            left=left,
            now=times.shown(session.now, zone),
        )
