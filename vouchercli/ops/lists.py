"""Lists: the first rows of what was asked for, and a word when there are more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.result import Outcome

if TYPE_CHECKING:
    from vouchercli.result import Message, Table


def first(table: Table, limit: int, more: Message) -> Outcome:
    """At most `limit` rows of `table`, which holds one more where there is one; then `more` says
    how to see others.
    """
    says = (more,) if len(table.rows) > limit else ()
    return Outcome(tables=(replace(table, rows=table.rows[:limit]),), says=says)
