"""The reports of an audit package: as CSV, and as a workbook in each language."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.effect.reports import report as report_effect
from vouchercli.ops.reports.final_statement import report_final
from vouchercli.ops.reports.funds import report_funds
from vouchercli.ops.reports.leverage import report_leverage
from vouchercli.ops.reports.merchants import report_merchants
from vouchercli.ops.reports.rejects import report_rejects
from vouchercli.ops.reports.rounds import report_rounds
from vouchercli.ops.settlements.reports import report_settlement
from vouchercli.rules import times
from vouchercli.store import programmes

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.formats.written.packages import Package
    from vouchercli.result import Outcome
    from vouchercli.session import Session


class Span(NamedTuple):
    """From when to when (UTC seconds, both included; None: open)."""

    since: int | None
    until: int | None


def _leverage(by: str) -> Callable[[Session, Span], Outcome]:
    def report(session: Session, span: Span) -> Outcome:
        return report_leverage(
            session, by=by, since=span.since, as_of=span.until, with_funders=True
        )

    return report


def _settlement(session: Session, span: Span) -> Outcome:
    zone = programmes.current(session.db, session.programme)["time_zone"]
    first, last = (None if each is None else times.day_of(each, zone) for each in span)
    return report_settlement(session, since=first, until=last)


REPORTS: dict[str, Callable[[Session, Span], Outcome]] = {
    "leverage": _leverage("round"),
    "redemptions_by_day": _leverage("round,day"),
    "rounds": lambda session, span: report_rounds(session, as_of=span.until),
    "funds": lambda session, span: report_funds(session, as_of=span.until),
    "settlement": _settlement,
    "final": lambda session, span: report_final(session, as_of=span.until),
    "merchants": lambda session, span: report_merchants(
        session, since=span.since, as_of=span.until, top=0
    ),
    "effect": lambda session, span: report_effect(session, (), span.until),
    "rejects": lambda session, span: report_rejects(session, since=span.since, until=span.until),
}
FORMS = (("csv", "en", "csv"), ("xlsx", "en", "en.xlsx"), ("xlsx", "zh", "zh.xlsx"))


def write(
    session: Session,
    since: int | None,
    until: int | None,
    render: Callable[[Outcome, str, str], bytes],
    package: Package,
) -> None:
    """Write every report of what was paid in the span."""
    for name, report in REPORTS.items():
        if name == "effect" and find_spec("numpy") is None:  # some machines have none
            continue
        outcome = report(session, Span(since, until))
        for form, language, ending in FORMS:
            package.write(f"reports/{name}.{ending}", render(outcome, form, language))
