"""What plans and reports say of clauses that nobody judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import say
from vouchercli.rules.clauses import in_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Message


def say_not_enforced(clauses: Sequence[str]) -> tuple[Message, ...]:
    """Name the declared clauses, if there are any."""
    if not clauses:
        return ()
    return (say("Declared, not judged here: {clauses}.", clauses=in_one_line(clauses)),)
