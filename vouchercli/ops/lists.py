"""Lists: the first rows of what was asked for, and a word when there are more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.result import Outcome
from vouchercli.store import identities, programmes

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.result import Message, Table
    from vouchercli.session import Session


def first(table: Table, limit: int, more: Message) -> Outcome:
    """At most `limit` rows of `table`, which holds one more where there is one; then `more` says
    how to see others.
    """
    says = (more,) if len(table.rows) > limit else ()
    return Outcome(tables=(replace(table, rows=table.rows[:limit]),), says=says)


def of_programme(
    session: Session,
    table: Table,
    listed: Callable[..., list[Any]],
    more: Message,
    *,
    limit: int,
    **wanted: str | None,
) -> Outcome:
    """The rows that `listed` gives of the programme at hand, in `table`; a `resident` is asked for
    by identity, and looked for by token.
    """
    programme = programmes.current(session.db, session.programme)
    asked: dict[str, Any] = dict(wanted)
    if "resident" in wanted:
        asked["resident"] = identities.asked(session.path, wanted["resident"])
    rows = listed(session.db, programme["programme_id"], limit=limit + 1, **asked)
    return first(replace(table, rows=rows, zone=programme["time_zone"]), limit, more)
