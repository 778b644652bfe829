"""Clauses of a notice that nobody can judge from files (where a buyer stood, what was in the bag):
declared in words under `not_enforced`, shown with every plan and report, never silently dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.documents import Fault
from vouchercli.result import Clauses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.rules.values import Node


def read(node: Node) -> tuple[str, ...]:
    """The clauses of a document; a dash without a text counts as not written."""
    return tuple(text for text in node.texts() if text)


def cautions(not_enforced: Sequence[str]) -> tuple[Fault, ...]:
    """A warning for each clause, where the document lists them."""
    return tuple(
        Fault(
            ("not_enforced",),
            "not_enforced",
            "declared, not judged here: {offending}",
            "",
            {"offending": clause},
        )
        for clause in not_enforced
    )


def in_one_line(not_enforced: Sequence[str]) -> Clauses:
    """The clauses as one text, each once, in their order."""
    return Clauses("; ".join(dict.fromkeys(not_enforced)))
