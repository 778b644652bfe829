"""report series: turnover, orders and open shops beside the year before, the weeks before, and what
lies outside the programme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.reports.baselines import GROUPINGS, Compared, compare, span_of
from vouchercli.ops.reports.dimensions import key_column
from vouchercli.ops.reports.scope import scope_of
from vouchercli.result import JSON, SHOWN, Column, Outcome, Table, Word, only, say
from vouchercli.rules import series as law
from vouchercli.rules import times
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.result import Kind, Message
    from vouchercli.rules.series import Beside
    from vouchercli.session import Session

OTHERS = {"brand": Column("key", "Brand"), "all": Column("key", "All", blank="all together")}
INSIDE, OUTSIDE = Word("may take vouchers"), Word("outside")
PLACE = Column("place", "Programme", "word", where=SHOWN)
CHANGES = (
    Column("year_change", "On the year before", "change"),
    Column("weeks_change", "On the 4 weeks before", "change"),
    Column("beside_outside", "Beside those outside", "change"),
)
SIDES = (
    Column("measure", "Measure", "word"),
    Column("source", "Source"),
    Column("grain", "Period", "word"),
    Column("inside", "May take vouchers", "int"),
    Column("inside_change", "Their change on the year before", "change"),
    Column("outside", "Outside", "int"),
    Column("outside_change", "Change of those outside", "change"),
    Column("difference", "Beside those outside", "change"),
)
TITLES = {
    "turnover": "Turnover from {first} to {last}, {source}, each figure of a {grain}",
    "orders": "Orders from {first} to {last}, {source}, each figure of a {grain}",
    "shops": "Open shops from {first} to {last}, {source}, each figure of a {grain}",
}
LABELS = {"turnover": "Turnover", "orders": "Orders", "shops": "Open shops"}
NOT_AN_EFFECT = say(
    "A comparison, not the effect of the vouchers: what would have been without them is not known"
    " from it."
)
HOW = say(
    "On the year before: of the same periods, of weeks 52 weeks earlier. On the 4 weeks before: a"
    " day, of shops a period. Beside those outside: how far the change on the year before lies"
    " above that of all that cannot take vouchers together."
)


def report_series(
    session: Session,
    *,
    by: str = "industry",
    only_rounds: Sequence[str] = (),
    since: int | None = None,
    until: int | None = None,
    as_of: int | None = None,
    against: Sequence[str] = (),
) -> Outcome:
    """The series that are cut by industry, district or brand, or not (`all`), in the days on which
    vouchers of the rounds were used, or from `since` to `until` (UTC seconds), as known at `as_of`.
    Raises as `scope_of`, `no_such_figures`, and `UsageFault` for another cut, or when no span is
    known.
    """
    if by not in GROUPINGS:
        raise UsageFault(
            "unknown_grouping",
            "there is no report by {by}",
            hint="choose one of: {known}",
            by=by,
            known=", ".join(GROUPINGS),
        )
    with reading(session):
        scope = scope_of(session, only_rounds, None, as_of)
        span = span_of(session, scope, since, until)
        every = [*compare(session, scope, by, span, against)]
    _require(against, {line.key for each in every for line in each.lines})
    about = {
        **scope.about(),
        "rounds": scope.codes(),
        "by": by,
        "first_on": times.day_text(span.first_on),
        "last_on": times.day_text(span.last_on),
        "against": [*against],
    }
    none = say("no series by {by} has a figure in this span: voucher series list", by=Word(by))
    return Outcome(about, (*_tables(by, every), _sides(by, every)), says=() if every else (none,))


def _require(against: Sequence[str], known: set[str]) -> None:
    """Refuse to compare with what no series has a figure of."""
    for name in against:
        if name not in known:
            raise VoucherError(
                "no_such_figures",
                "no series has a figure of {name} in this span",
                hint="choose one of: {known}" if known else "voucher series list",
                name=name,
                known=", ".join(sorted(known)),
            )


def _tables(by: str, every: list[Compared]) -> Iterator[Table]:
    """A table for people of each series, and one list of all for programs."""
    rows = []
    for each in every:
        kind: Kind = "fen" if each.is_money else "int"
        suffix = "_fen" if each.is_money else ""
        some = [_row(each, line.key, line.beside, is_inside=line.is_inside) for line in each.lines]
        some.sort(key=lambda row: -int(row[f"value{suffix}"] or 0))
        rows += some
        yield Table(
            _title(each),
            (
                OTHERS[by] if by in OTHERS else key_column(by, "key"),
                PLACE,
                Column(f"value{suffix}", LABELS[each.series.measure], kind),
                Column(f"year_before{suffix}", "Year before", kind),
                Column(f"above{suffix}", "Above it", kind),
                *CHANGES,
            ),
            some,
            notes=(NOT_AN_EFFECT, HOW, *_missing(each)),
            bars=f"value{suffix}",
            where=SHOWN,
        )
    columns = only(JSON, *ROW)
    yield Table(say("Series"), columns, rows, key="rows", where=JSON)


ROW = (
    *("measure", "source", "grain", "key", "is_inside", "first_on", "last_on", "periods", "paired"),
    *("value_fen", "value", "year_before_fen", "year_before", "above_fen", "above"),
    *("year_change", "weeks_change", "beside_outside"),
)


def _title(each: Compared) -> Message:
    return say(
        TITLES[each.series.measure],
        first=times.day_text(each.days.first_on),
        last=times.day_text(each.days.last_on),
        source=each.series.source,
        grain=Word(each.series.grain),
    )


def _row(each: Compared, key: str, found: Beside, *, is_inside: bool) -> dict[str, Any]:
    measure = each.series.measure
    now, paired, before = (
        some.level(measure) for some in (found.now, found.paired, found.year_before)
    )
    amounts = {
        "value": now,
        "year_before": before,
        "above": None if paired is None or before is None else paired - before,
    }
    outside = each.outside.year_change if each.outside else None
    return {
        **{name: getattr(each.series, name) for name in ("measure", "source", "grain")},
        "key": key,
        "is_inside": is_inside,
        "place": INSIDE if is_inside else OUTSIDE,
        "first_on": times.day_text(found.now.span[0]),
        "last_on": times.day_text(found.now.span[1]),
        "periods": found.now.periods,
        "paired": found.paired.periods,
        **{f"{name}_fen" if each.is_money else name: value for name, value in amounts.items()},
        "year_change": found.year_change,
        "weeks_change": found.weeks_change(measure),
        "beside_outside": law.points(found.year_change, outside) if is_inside else None,
    }


def _missing(each: Compared) -> Iterator[Message]:
    """Where the year before has fewer figures than this one."""
    found = [line.beside for line in each.lines]
    lacking = sum(some.now.periods - some.paired.periods for some in found)
    if lacking:
        yield say(
            "{count} of {all} figures have none of the year before: they count in no change on it.",
            count=lacking,
            all=sum(some.now.periods for some in found),
        )


def _sides(by: str, every: list[Compared]) -> Table:
    """What may take vouchers beside what may not, a line for each series that has both."""
    rows = [
        {
            **{name: getattr(each.series, name) for name in ("measure", "source", "grain")},
            "inside": sum(line.is_inside for line in each.lines),
            "inside_change": each.inside.year_change,
            "outside": sum(not line.is_inside for line in each.lines),
            "outside_change": each.outside.year_change,
            "difference": law.points(each.inside.year_change, each.outside.year_change),
        }
        for each in every
        if each.inside and each.outside
    ]
    return Table(
        say("What may take vouchers beside what may not"),
        SIDES,
        rows,
        notes=(NOT_AN_EFFECT,),
        key="beside_outside",
        optional=True,
    )
