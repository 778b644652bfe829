"""Lists: the first rows of what was asked for and how many others there are, or all of them, read
as they are shown.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.ops import residents
from vouchercli.result import DATA, MOST_COUNTED, SCREEN, Column, Outcome
from vouchercli.store import programmes, rounds

# On which day a fact is booked; a person sees it where it is not the fact's own.
BOOKED_ON = (
    Column("booked_on", "booked on", "date", where=DATA),
    Column("late", "booked on", "date", source="booked_late", optional=True, where=SCREEN),
)
READ_AHEAD = 1  # to know whether there is any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from vouchercli.result import Row, Table
    from vouchercli.session import Session
    from vouchercli.store.lists import Listed


def show(
    table: Table, listed: Listed, limit: int | None, describe: Callable[[Any], Row] | None = None
) -> Outcome:
    """`table` with at most `limit` of the rows (None: all), each as `describe` makes it."""
    found = listed.rows(None if limit is None else limit + 1)
    rows = map(describe, found) if describe else found
    first = [*islice(rows, READ_AHEAD if limit is None else limit)]
    if limit is None:
        return Outcome(tables=(replace(table, rows=first, rest=rows),), left=0)
    size = len(first) if next(rows, None) is None else listed.size()
    left = size if size >= MOST_COUNTED else size - len(first)
    return Outcome(tables=(replace(table, rows=first),), left=left)


def of_programme(
    session: Session,
    table: Table,
    listed: Callable[..., Listed],
    *,
    limit: int | None,
    **wanted: Any,
) -> Outcome:
    """The rows that `listed` gives of the programme at hand, in `table`; a `resident` is asked for
    by identity, and looked for by token. Raises `unknown_round`.
    """
    programme = programmes.current(session.db, session.programme)
    asked: dict[str, Any] = dict(wanted)
    if "resident" in wanted:
        asked["resident"] = residents.asked(session, wanted["resident"])
    if wanted.get("round") is not None:
        rounds.require(session.db, programme["programme_id"], wanted["round"])
    found = listed(session.db, programme["programme_id"], **asked)
    return show(replace(table, zone=programme["time_zone"]), found, limit)


def require_state(state: str | None, known: Collection[str]) -> None:
    """Only a state that there is may be asked for. Raises `unknown_state`."""
    if state is not None and state not in known:
        raise UsageFault(
            "unknown_state",
            "there is no state {state}",
            hint="choose one of: {known}",
            state=state,
            known=", ".join(known),
        )
