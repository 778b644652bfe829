"""`round settle`: a round of which nothing can move any more is settled, and takes nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.ending.open_things import Subject, list_open
from vouchercli.ops.rounds import families, releases
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import look_up, require
from vouchercli.result import Column, Outcome, Problem, Table, Word, say
from vouchercli.store import open_things, programmes
from vouchercli.store import rounds as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.session import Session

ROUNDS = (
    Column("round", "Round"),
    Column("state", "State", "word"),
    Column("open", "Still open", "int"),
    Column("reasons", where=("json",)),
)


def settle(session: Session, code: str | None, *, is_every: bool) -> Outcome:
    """Settle a round, a family of rounds, or every one. Raises `round_or_all`."""
    if is_every == (code is not None):
        raise UsageFault("round_or_all", "name a round by its code, or --all")
    if code is None:
        return settle_all(session)
    return families.each(session, code, settle_round)


def settle_round(session: Session, code: str) -> Outcome:
    """Settle a closed round: its unused money is given up where that is due, and it takes nothing
    more. Raises `wrong_state`, `round_not_done` with all that is open.
    """
    with writing(session):
        current = look_up(session, code)
        require("settle", current)
        _settle(current)
        return round_commands.answer_with_round(
            look_up(session, code),
            say("settled {round}: it takes nothing more", round=code),
            say("when all rounds are settled: voucher programme close"),
        )


def settle_all(session: Session) -> Outcome:
    """Settle every closed round of which nothing is open, each in its own transaction; what is open
    of the others is said (exit 4). Raises `nothing_to_settle`, and `round_not_done` where none can
    be settled.
    """
    row = programmes.current(session.db, session.programme)
    every = store.listed(session.db, row["programme_id"])
    codes = [each["round"] for each in every if each["state"] == "closed"]
    if not codes:
        raise VoucherError(
            "nothing_to_settle",
            "no round of {programme} is closed and not settled",
            hint="voucher round list",
            programme=row["programme"],
        )
    refused: dict[str, VoucherError] = {}
    for code in codes:
        try:
            settle_round(session, code)
        except VoucherError as error:
            if error.code != "round_not_done":
                raise
            refused[code] = error
    if len(refused) == len(codes):
        problems = tuple(each for error in refused.values() for each in error.as_problems())
        raise VoucherError(
            "round_not_done",
            "none of {count} rounds can be settled yet",
            hint="go on with the first: {first}",
            problems=problems,
            count=len(codes),
            first=", ".join(refused),
        )
    return _answer(codes, refused)


def _answer(codes: list[str], refused: dict[str, VoucherError]) -> Outcome:
    def open_of(code: str) -> tuple[Problem, ...]:
        return refused[code].problems if code in refused else ()

    rows: list[dict[str, Any]] = [
        {
            "round": code,
            "state": Word("closed" if code in refused else "settled"),
            "open": len(open_of(code)),
            "reasons": [each.code for each in open_of(code)],
        }
        for code in codes
    ]
    message = say(
        "settled {count} rounds, {left} have something open",
        count=len(codes) - len(refused),
        left=len(refused),
    )
    following = say("next: voucher programme close")
    return Outcome(
        tables=(Table(say("Rounds settled"), ROUNDS, rows, key="rounds"),),
        says=(message,) if refused else (message, following),
        problems=tuple(each for error in refused.values() for each in error.as_problems()),
        status="partial" if refused else "ok",
    )


def _settle(current: RoundAtHand) -> None:
    session, db = current.session, current.db
    programme_id = current.row["programme_id"]
    released = releases.release_unused(session._replace(joins=True), current.round_id)
    open_things.even_out(db, programme_id, session.now)
    row = programmes.by_id(db, programme_id)
    subject = Subject(session, row, current.programme, current.code, current.round_id)
    found = (*(released.problems if released else ()), *list_open(subject))
    if found:
        raise VoucherError(
            "round_not_done",
            "round {round} cannot be settled yet: {count} things are open",
            hint="do what each of them says, then: voucher round settle {round}",
            problems=found,
            round=current.code,
            count=len(found),
        )
    current.become("settled", "round.settle")
