"""A settlement is closed when each of its lines was paid: by itself, by a later one after it came
back, or when nothing is owed any more of what came back (paid back, given up, taken back since).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import audit
from vouchercli.store import settlements as store

if TYPE_CHECKING:
    from vouchercli.session import Session


def close_explained(session: Session, programme_id: int) -> list[int]:
    """Close what the bank has answered and is explained by now, in the caller's transaction; gives
    the settlements.
    """
    closed = store.close_explained(session.db, programme_id)
    for settlement in closed:
        audit.note(session, "settlement.close", str(settlement))
    return closed
