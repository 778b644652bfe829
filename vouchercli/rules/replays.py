"""What a log of changes says stands: the `after` of each line laid upon the ones before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Change = tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]


def replay(
    changes: Iterable[Change], columns: Iterable[str]
) -> tuple[dict[str, Any], list[tuple[str, str, Any, Any]]]:
    """(what stands, where the chain does not hold) of (line, before, after) in their order: a
    `before` that is not what stood until then is (line, column, stood, before).
    """
    kept = frozenset(columns)
    known: dict[str, Any] = {}
    broken: list[tuple[str, str, Any, Any]] = []
    for line, before, after in changes:
        for column in kept.intersection(before or ()):
            if column in known and known[column] != (before or {})[column]:
                broken.append((line, column, known[column], (before or {})[column]))
        known.update({column: (after or {})[column] for column in kept.intersection(after or ())})
    return known, broken
