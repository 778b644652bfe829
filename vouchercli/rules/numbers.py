"""The law of numbers of applications: a number belongs to the first row that uses it lawfully. (A
claim's number belongs to the first that gets a pack: `rules.claims`.)
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Number = TypeVar("Number")
Content = tuple[object, ...]  # what makes two rows of one number the same row


class NumbersInUse(Generic[Number]):
    """Whose each number is: of the rows that stand in the store, and of those judged so far."""

    def __init__(self, standing: Mapping[Number, Content]) -> None:
        self._standing = dict(standing)
        self._used: defaultdict[Number, set[Content]] = defaultdict(set)

    def stands(self, number: Number, content: Content) -> bool:
        """Whether that very row stands in the store already."""
        return self._standing.get(number) == content

    def use(self, number: Number, content: Content, reused: str) -> str | None:
        """None when the number is free for this row, else the reason: the same row again is a
        duplicate, whatever became of the first; the number itself is the first one's (`reused`).
        """
        used = self._used[number]
        if content in used:
            return "duplicate"
        used.add(content)
        return reused if len(used) > 1 or number in self._standing else None
