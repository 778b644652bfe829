"""Clauses of a notice that nobody can judge from files (where a buyer stood, what was in the bag):
declared in words under `not_enforced`, shown with every plan and report, never silently dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.documents import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence


def cautions(not_enforced: Sequence[str]) -> tuple[Fault, ...]:
    """A warning for each clause, at its place in the document."""
    return tuple(
        Fault(
            ("not_enforced", place),
            "not_enforced",
            "declared, not judged here: {offending}",
            "",
            {"offending": clause},
        )
        for place, clause in enumerate(not_enforced)
    )


def in_one_line(not_enforced: Sequence[str]) -> str:
    """The clauses as one text, each once, in their order."""
    return "; ".join(dict.fromkeys(not_enforced))
