"""What plans and reports say of clauses that nobody judges, and of what files do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Word, say
from vouchercli.rules import money
from vouchercli.rules.clauses import in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.result import Message
    from vouchercli.store.details import Unverified


def say_not_enforced(clauses: Sequence[str]) -> tuple[Message, ...]:
    """Name the declared clauses, if there are any."""
    if not clauses:
        return ()
    return (say("Declared, not judged here: {clauses}.", clauses=in_one_line(clauses)),)


def say_unverified(unverified: Iterable[Unverified]) -> tuple[Message, ...]:
    """Name each condition that was not judged because files do not say it, with what was paid."""
    return tuple(
        say(
            "Not verified, for the files do not say it: {key}: {rows} payments, {amount} yuan.",
            key=Word(each.key),
            rows=each.rows,
            amount=money.grouped(each.paid_fen),
        )
        for each in unverified
    )
