"""Which breaks a command means: by their numbers, by what they are like, or those that were
proposed together.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import lists
from vouchercli.ops.reconciling.lookup import TYPE_WORDS, Current, look_up, look_up_all
from vouchercli.result import Column, Table, Word, say
from vouchercli.rules import breaks as law
from vouchercli.rules import times
from vouchercli.store import breaks as store
from vouchercli.store import programmes, proposals, rounds
from vouchercli.store.breaks import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.session import Session

__all__ = ["OPEN", "UNDECIDED", "WAITING", "Asked", "Choice", "choose", "settle", "summarize"]

ALWAYS = 99_991_231
OPEN = Asked(state="open")
UNDECIDED = Asked(state="open", waits=False)
WAITING = Asked(state="open", waits=True)
BY_TYPE = (
    Column("type", "Break", "word", shown="type_word"),
    Column("breaks", "How many", "int"),
    Column("our_fen", "Ours", "fen"),
    Column("their_fen", "Theirs", "fen"),
    Column("difference_fen", "Difference", "fen"),
    Column("at_stake_fen", "At stake", "fen"),
)


class Choice(NamedTuple):
    """Breaks by their numbers; else by what they are like, their age in days, and the break with
    which they were proposed.
    """

    numbers: Sequence[int] = ()
    asked: Asked = Asked()
    age: int | None = None
    together: int | None = None

    @property
    def is_by_likeness(self) -> bool:
        """Whether it says what they are like, not which they are."""
        return (self.asked, self.age, self.together) != (Asked(), None, None)


def choose(session: Session, choice: Choice, among: Asked) -> list[Current]:
    """The breaks that are meant, each once: those with the numbers, or all `among` that are so.
    Raises `which_breaks`, `unknown_break`, `no_such_breaks`, and as `settle`.
    """
    if bool(choice.numbers) == choice.is_by_likeness:
        raise UsageFault(
            "which_breaks",
            "name breaks by their numbers, or say which are meant: --type, --merchant, --round,"
            " --older-than ...",
            hint="voucher reconcile breaks --state open",
        )
    if choice.numbers:
        return look_up_all(session, [*dict.fromkeys(choice.numbers)])
    row = programmes.current(session.db, session.programme)
    wanted = choice.asked._replace(state=among.state, waits=among.waits)
    asked = settle(session, choice._replace(asked=wanted))
    programme = programmes.value(row)
    found = store.listed(session.db, row["programme_id"], asked).rows(None)
    if not (chosen := [Current(row, programme, each) for each in found]):
        raise VoucherError(
            "no_such_breaks",
            "no break that waits for approval is like that: nothing is decided"
            if among.waits
            else "no open break is like that: nothing is done",
            hint="voucher reconcile breaks --state waiting"
            if among.waits
            else "voucher reconcile breaks --state open",
        )
    return chosen


def settle(session: Session, choice: Choice) -> Asked:
    """What a list is asked for, its age as a day. Raises `unknown_break_type`, `unknown_state`,
    `unknown_round`, `unknown_break`, `nothing_proposed`.
    """
    row = programmes.current(session.db, session.programme)
    asked = choice.asked
    _require_known(asked)
    if asked.round is not None:
        rounds.named(session.db, row["programme_id"], asked.round)
    if asked.state == "waiting":
        asked = asked._replace(state="open", waits=True)
    if choice.age is not None:
        today = times.as_date(times.day_of(session.now, row["time_zone"]))
        latest = times.as_day(today - timedelta(choice.age))
        asked = asked._replace(until=min(asked.until or ALWAYS, latest))
    if choice.together is None:
        return asked
    return asked._replace(step=_find_step(session, choice.together))


def _require_known(asked: Asked) -> None:
    if asked.type is not None and asked.type not in law.TYPES:
        raise UsageFault(
            "unknown_break_type",
            "there is no type of break {given}",
            hint="choose one of: {known}",
            given=asked.type,
            known=", ".join(law.TYPES),
        )
    lists.require_state(asked.state, (*law.STATES, "waiting"))


def _find_step(session: Session, number: int) -> int:
    """The step in which a resolution of that break was proposed last. Raises `unknown_break`,
    `nothing_proposed`.
    """
    last = proposals.last_of(session.db, look_up(session, number).subject)
    if last is None:
        raise VoucherError(
            "nothing_proposed",
            "no resolution of break {number} was proposed",
            hint="voucher reconcile show {number}",
            number=number,
        )
    return last.step.first


def summarize(choice: Choice, chosen: Sequence[Current]) -> tuple[Table, ...]:
    """How many breaks of each type are meant, and which sums, where they were not named."""
    if not choice.is_by_likeness:
        return ()
    found = [each.found for each in chosen]
    rows = [
        {"type": kind, "type_word": TYPE_WORDS[kind], **_add_up(some)}
        for kind in law.TYPES
        if (some := [each for each in found if each.type == kind])
    ]
    total = {"type": Word("total"), "type_word": Word("total"), **_add_up(found)}
    title = say("Breaks that are meant, by type")
    return (Table(title, BY_TYPE, rows, total, key="by_type", total_key="total"),)


def _add_up(some: Sequence[store.Break]) -> dict[str, Any]:
    return {
        "breaks": len(some),
        "our_fen": sum(each.our_fen for each in some),
        "their_fen": sum(each.their_fen for each in some),
        "difference_fen": sum(each.difference_fen for each in some),
        "at_stake_fen": sum(law.at_stake(each.our_fen, each.their_fen) for each in some),
    }
