"""The span of a report in words: what it is called, and the notes that say what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.clauses import say_not_enforced, say_unverified
from vouchercli.result import say
from vouchercli.rules import times

if TYPE_CHECKING:
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message


class Title(NamedTuple):
    """What a report is called that tells all that is known {now}, what was so {as_of} a moment, and
    what was known of it on a sealed {day}.
    """

    now: str
    as_of: str
    known: str = ""


def titled(scope: Scope, title: Title, **about: Any) -> Message:
    """The title that fits the scope, of its {programme}; `about` is what else it names."""
    about |= {"programme": scope.code}
    if scope.as_of is None:
        return say(title.now, **about, now=times.shown(scope.now, scope.zone)[:16])
    about |= {"as_of": moment(scope.as_of, scope.zone)}
    if scope.known is None:
        return say(title.as_of, **about)
    return say(title.known, **about, day=times.day_text(scope.known.day))


def moment(at: int, zone: str) -> str:
    """UTC seconds as a report writes a cut-off: `2020-04-16` (to its last second), `2020-04-16
    24:00`, `2020-04-02 16:00`.
    """
    text = times.shown(at, zone)
    if text.endswith("23:59:59"):
        return text[:10]
    return (
        times.shown(at - 1, zone)[:11] + "24:00"
        if text.endswith("00:00:00")
        else text.removesuffix(":00")
    )


def span_notes(scope: Scope) -> list[Message]:
    """Which rounds and which span of time a report is about, where not all."""
    notes = []
    if not scope.is_all:
        notes.append(say("Only rounds: {rounds}.", rounds=", ".join(scope.codes())))
    if scope.since is not None:
        since = times.shown(scope.since, scope.zone).removesuffix(":00")
        notes.append(say("Only what was paid at {since} or later.", since=since))
    return notes


def limits_of_sight(scope: Scope) -> tuple[Message, ...]:
    """What nobody judges, and what the files did not show."""
    return (*say_not_enforced(scope.not_enforced), *say_unverified(scope.unverified))
