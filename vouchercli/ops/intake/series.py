"""Series: figures of a statistics office or of a platform to compare with, period by period."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.intake import importing
from vouchercli.ops.intake.kinds import Intake, Kind, Typed, Unfit
from vouchercli.result import JSON, SHOWN, Column, Outcome, Table, Word, say
from vouchercli.rules import periods, times
from vouchercli.rules import series as law
from vouchercli.store import batches
from vouchercli.store import series as store
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.rules.periods import Period
    from vouchercli.session import Session
    from vouchercli.store.duplicates import Stay

NO_SOURCE = Word("nobody is named as its source: a column source, or --source NAME")
NO_MEASURE = Word("it is none of turnover, orders and shops")
NO_PERIOD = Word("it is no period such as 2020-03-27, 2020-W13, 2020-03 or 2020-01/2020-02")
HIDDEN_DAY = Word(
    "its cell shows a month and holds another day than the 1st: write the month as text, 2020-03"
)
NOT_OVER = Word("it is not over yet")
NO_UNIT = Word("it is no unit of this measure")
NO_VALUE = Word("it is no number from 0 on that is whole in fen, or as a count")


class _Wrong(Exception):
    """A cell that cannot be used; `unfit` says why."""

    def __init__(self, column: str, value: str, problem: Word, code: str = "bad_row") -> None:
        super().__init__(problem)
        about = {"column": column, "value": value, "problem": problem}
        self.unfit = Unfit(code, about) if value else Unfit("bad_row", {"column": column})


def _typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """(measure, period, industry, district, brand, value, unit, source) as text -> (measure, grain,
    first day, last day, industry, district, brand, source, value in fen or as a count).
    """
    usual, today = _usual_source(intake), times.day_of(intake.session.now, intake.zone)

    def type_row(values: tuple[str, ...]) -> Typed:
        measure, period, industry, district, brand, value, unit, source = values
        if not (source or usual):
            return Unfit("bad_row", {"problem": NO_SOURCE})
        try:
            counted, span = _measure(measure), _period(period, today)
            amount = _value(counted, value, unit)
        except _Wrong as wrong:
            return wrong.unfit
        return (counted, *span, industry, district, brand, source or usual, amount)

    return type_row


def _measure(text: str) -> str:
    try:
        return law.measure_of(text)
    except ValueError:
        raise _Wrong("measure", text, NO_MEASURE) from None


def _period(text: str, today: int) -> Period:
    try:
        period = periods.parse(text)
    except ValueError:
        why = HIDDEN_DAY if text.endswith(" 0:00") else NO_PERIOD
        raise _Wrong("period", text, why, "bad_time") from None
    if period.last_on > today:
        raise _Wrong("period", text, NOT_OVER, "bad_time")
    return period


def _value(measure: str, text: str, unit: str) -> int:
    if unit not in law.units_of(measure):
        raise _Wrong("unit", unit, NO_UNIT)
    try:
        return law.value_of(measure, text, unit)
    except ValueError:
        raise _Wrong("value", text, NO_VALUE, "bad_amount") from None


def _usual_source(intake: Intake) -> str:
    """The source of rows that name none: what the command said, also when its rejects are judged
    again.
    """
    if intake.batch_id:
        kept = json.loads(batches.named(intake.db, intake.batch_id).options)
        return str(kept.get("source") or "")
    return str(intake.options.get("source") or "")


def _judge(intake: Intake) -> None:
    store.judge(intake.db, may_revise=bool(intake.options.get("may_revise")))


def _accept(intake: Intake) -> dict[str, Any]:
    return {"revised": store.accept(intake.db)}


def _undo(session: Session, batch_id: int) -> list[Stay]:
    return store.undo(session.db, batch_id)


KIND = Kind(
    name="series",
    needs_programme=False,
    create=store.CREATE_INCOMING,
    add=store.ADD_INCOMING,
    width=store.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=_undo,
)


def import_series(
    session: Session,
    file: str,
    *,
    source: str | None = None,
    may_revise: bool = False,
    **options: Any,
) -> Outcome:
    """Take in a file of series (see `importing.take_in`). `source` is who says the figures of rows
    that do not name it. A figure that stands with another value is rejected, unless the file
    `may_revise` it: then the new value stands, and the earlier one again when the file is undone.
    """
    kept = {"source": source, "may_revise": may_revise}
    outcome = importing.take_in(session, KIND, file, kept=kept, **options)
    revised = outcome.data.get("revised")
    if not revised:
        return outcome
    told = say("{count} figures take the place of others that stood", count=revised)
    return replace(outcome, says=(*outcome.says, told))


LISTED = (
    Column("measure", "Measure", "word"),
    Column("source", "Source"),
    Column("grain", "Period", "word"),
    Column("cuts", "Cut by", where=SHOWN),
    Column("by", where=JSON),
    Column("first_on", "From", "date"),
    Column("last_on", "To", "date"),
    Column("figures", "Figures", "int"),
    Column("industries", "Industries", "int", optional=True),
    Column("districts", "Districts", "int", optional=True),
    Column("brands", "Brands", "int", optional=True),
)


def list_series(session: Session, *, limit: int | None) -> Outcome:
    """The series that stand: what they count, who says so, in which periods and cuts."""
    found = store.listed(session.db)
    table = Table(say("Series"), LISTED, (), key="series")
    outcome = lists.show(table, of_rows(found), limit, _describe)
    none = say("no series yet; next: voucher series import FILE --source NAME")
    return replace(outcome, says=() if found else (none,))


def _describe(each: store.Series) -> dict[str, Any]:
    by = [name for place, name in enumerate(law.DIMENSIONS) if each.cut >> place & 1]
    return {
        **each._asdict(),
        "by": by,
        "cuts": [Word(name) for name in by] or [Word("all together")],
    }
