"""The break that is meant, and the words for what breaks are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.result import Word, say
from vouchercli.store import breaks as store
from vouchercli.store import programmes, proposals
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.result import Message
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.breaks import Break

NAMED_AT_MOST = 10
TYPE_WORDS = {
    "missing_here": Word("missing here"),
    "missing_there": Word("missing there"),
    "amount": Word("other amount"),
    "merchant": Word("other merchant"),
    "date": Word("other day"),
    "duplicate": Word("shown twice"),
    "status": Word("not settled there"),
    "split": Word("parts do not add up"),
    "displaces_sealed": Word("displaces what is sealed"),
}
STATE_WORDS = {
    "open": Word("still open"),
    "resolved": Word("resolved"),
    "cleared": Word("no longer stands"),
}


RESOLUTION_WORDS = {
    "": Word(""),
    "posting": Word("posting"),
    "correction": Word("correction"),
    "explained": Word("explained write-off"),
}


class Current(NamedTuple):
    """A break and the programme that it belongs to."""

    row: sqlite3.Row
    programme: Programme
    found: Break

    @property
    def number(self) -> int:
        """Its number."""
        return self.found.number

    @property
    def subject(self) -> Subject:
        """What proposals on it are about."""
        return Subject(proposals.BREAK, self.number)


def look_up(session: Session, number: int) -> Current:
    """The break with that number, and its programme. Raises `unknown_break`."""
    return look_up_all(session, [number])[0]


def look_up_all(session: Session, numbers: Sequence[int]) -> list[Current]:
    """Each of these breaks in its place, and its programme. Raises `unknown_break`."""
    row = programmes.current(session.db, session.programme)
    found = {each.number: each for each in store.numbered(session.db, row["programme_id"], numbers)}
    for number in numbers:
        if number not in found:
            raise VoucherError(
                "unknown_break",
                "there is no break {number}",
                hint="voucher reconcile breaks",
                number=number,
            )
    programme = programmes.value(row)
    return [Current(row, programme, found[number]) for number in numbers]


def require_open(current: Current) -> None:
    """Raises `break_is`."""
    if current.found.state != "open":
        raise VoucherError(
            "break_is",
            "break {number} needs nothing any more: {state}",
            hint="voucher reconcile show {number}",
            number=current.number,
            state=STATE_WORDS[current.found.state],
        )


def to_name(numbers: Sequence[int]) -> tuple[str, ...]:
    """How a command names them: by their numbers; many that were proposed together by one."""
    if len(numbers) > NAMED_AT_MOST:
        return ("--with", str(numbers[0]))
    return tuple(map(str, numbers))


def in_words(numbers: Sequence[int]) -> Message:
    """One break by its number, or several by theirs; of many how many they are."""
    if len(numbers) == 1:
        return say("break {number}", number=numbers[0])
    if len(numbers) > NAMED_AT_MOST:
        return say("{count:,} breaks", count=len(numbers))
    return say("breaks {numbers}", numbers=", ".join(map(str, numbers)))
