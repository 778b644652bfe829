"""What the brief says of series: turnover, orders and open shops beside the year before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.reports.baselines import Compared, Line, compare, span_of
from vouchercli.ops.reports.phrases import signed_percent, yuan
from vouchercli.result import Message, Word, say
from vouchercli.rules import series as law
from vouchercli.rules import times
from vouchercli.store import series as store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session

MOST_NAMED = 3  # industries of a series, the largest first
TEXTS = {
    "turnover": (
        "By {source}, turnover of {name} from {first} to {last} was {value} yuan, {change} on the"
        " year before."
    ),
    "orders": (
        "By {source}, {name} had {value} orders from {first} to {last}, {change} on the year"
        " before."
    ),
    "shops": (
        "By {source}, {value} shops of {name} were open from {first} to {last}, {above} on the year"
        " before ({change})."
    ),
}


def of_brief(session: Session, scope: Scope) -> list[Compared]:
    """The series of the days on which vouchers were used: of everything together, then by
    industry.
    """
    if not (scope.rounds and store.are_there(session.db)):
        return []
    span = span_of(session, scope)
    return [each for by in ("all", "industry") for each in compare(session, scope, by, span)]


def sentences(every: list[Compared]) -> Iterator[Message]:
    """What may take the vouchers, and what may not, beside the year before."""
    told = False
    for each in every:
        lines = [line for line in each.lines if line.is_inside and line.beside.year_change]
        lines.sort(key=lambda line: -line.beside.now.value)
        yield from (_sentence(each, line) for line in lines[:MOST_NAMED])
        outside = each.outside.year_change if each.outside else None
        if lines and outside is not None:
            yield say(
                "What cannot take the vouchers changed by {change} in the same figures.",
                change=signed_percent(outside),
            )
        told = told or bool(lines)
    if told:
        yield say("That is a comparison, not the effect of the vouchers.")


def _sentence(each: Compared, line: Line) -> Message:
    """What a series says of an industry, or of everything together; of a part of its periods where
    the year before has no more.
    """
    measure, found = each.series.measure, line.beside
    now, before = (some.level(measure) or 0 for some in (found.paired, found.year_before))
    first, last = found.paired.span
    return Message(
        TEXTS[measure],
        {
            "source": each.series.source,
            "name": line.key or Word("all industries together"),
            "first": times.day_text(first),
            "last": times.day_text(last),
            "value": yuan(now) if measure == law.MONEY else f"{now:,}",
            "above": f"{now - before:+,}",
            "change": signed_percent(found.year_change),
        },
    )
