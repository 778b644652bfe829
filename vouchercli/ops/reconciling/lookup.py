"""The break that is meant, and the words for what breaks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Word
from vouchercli.store import breaks as store
from vouchercli.store import programmes

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session
    from vouchercli.store.breaks import Break

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
    "open": Word("open"),
    "resolved": Word("resolved"),
    "cleared": Word("no longer stands"),
}


def look_up(session: Session, number: int) -> tuple[sqlite3.Row, Break]:
    """The break with that number, and its programme. Raises `unknown_break`."""
    row = programmes.current(session.db, session.programme)
    found = store.named(session.db, row["programme_id"], number)
    if found is None:
        raise VoucherError(
            "unknown_break",
            "there is no break {number}",
            hint="voucher reconcile breaks",
            number=number,
        )
    return row, found
