"""A closed programme takes nothing more: every door that writes asks here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Message, say
from vouchercli.rules import times
from vouchercli.store import endings

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store import programmes


def require_open(db: sqlite3.Connection, row: programmes.Row) -> None:
    """Raise `programme_closed` where the programme has ended."""
    closing = endings.closing(db, row["programme_id"])
    if closing is not None:
        raise VoucherError(
            "programme_closed",
            "programme {programme} was closed on {day}: it takes nothing more",
            hint="voucher report funds --final",
            programme=row["programme"],
            day=times.day_text(closing.closed_on),
        )


def closed_on(db: sqlite3.Connection, row: programmes.Row) -> int | None:
    """The day (yyyymmdd) on which the programme was closed; None: it goes on."""
    closing = endings.closing(db, row["programme_id"])
    return None if closing is None else closing.closed_on


def say_closed(db: sqlite3.Connection, row: programmes.Row) -> tuple[Message, ...]:
    """That the programme is closed, where it is."""
    day = closed_on(db, row)
    if day is None:
        return ()
    return (
        say(
            "{programme} was closed on {day}: it takes nothing more",
            programme=row["programme"],
            day=times.day_text(day),
        ),
    )
