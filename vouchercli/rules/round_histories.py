"""How a round stood at a moment: its terms of today, without the changes that the log has of later
moments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def undo_changes(
    terms: Mapping[str, Any], changes: Iterable[Mapping[str, Any] | None]
) -> dict[str, Any]:
    """The terms of a round before some changes. Each change is what it replaced, the newest first;
    the line that made the round replaced nothing (None). What is no term (`committed`) is left
    aside.
    """
    earlier = dict(terms)
    for replaced in changes:
        earlier |= {name: old for name, old in (replaced or {}).items() if name in earlier}
    return earlier


def state_of_late_entry(closes_at: int, as_of: int) -> str:
    """The state at `as_of` of a round that was entered later although packs of it had been claimed
    by then. The log does not go back so far: it was open until its closing.
    """
    return "open" if as_of < closes_at else "closed"
