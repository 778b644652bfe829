"""The average order with a voucher, and without one where a source counts all turnover and all
orders: the tables of `report orders`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import cautions
from vouchercli.ops.reports.baselines import coarsest
from vouchercli.ops.reports.cautions import FEW_ORDERS, SAYS_LITTLE
from vouchercli.ops.reports.measures import Found, columns
from vouchercli.result import SHOWN, Column, Table, Word, say
from vouchercli.rules import leverage as law
from vouchercli.rules import money
from vouchercli.store import reports as store
from vouchercli.store import series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.rules.leverage import Sums, Window
    from vouchercli.rules.periods import Period
    from vouchercli.session import Session
    from vouchercli.store.series import Series

ALL = "all"
BY = (ALL, "industry", "district")
KINDS = {
    ALL: Word("all together"),
    "industry": Word("industry"),
    "district": Word("district"),
}
COLUMNS = (
    Column("by", "Grouping", "word", where=SHOWN, source="kind"),
    Column("by", where=("json",)),
    Column("key", "Name"),
    Column("source", "Source", optional=True),
    Column("first_on", "From", "date", optional=True),
    Column("last_on", "Until", "date", optional=True),
    Column("redemptions", "Orders with", "int"),
    *columns("base_fen"),
    Column("average_fen", "Average with", "fen"),
    Column("orders_without", "Orders without", "int"),
    Column("turnover_without_fen", "Turnover without", "fen"),
    Column("average_without_fen", "Average without", "fen"),
    SAYS_LITTLE,
)
GROUP = (Column("kind"), Column("key"))  # by what a row is named


class Days(NamedTuple):
    """The report's span of time, and the days (yyyymmdd) of its first and last payment."""

    window: Window
    first_used: int
    last_used: int

    def hold(self, period: Period) -> bool:
        """Whether a period lies wholly in the span and vouchers were in use then. What a source
        says of a span of its own is left out: two of them may overlap.
        """
        is_inside = (
            self.window.first_day <= period.first_on <= period.last_on <= self.window.last_day
        )
        is_used = period.first_on <= self.last_used and self.first_used <= period.last_on
        return is_inside and is_used and period.grain != "span"


class Average(NamedTuple):
    """Orders with a voucher of the rounds, by `by` and `key`; on the days of a source's figures
    those without one (None: not known).
    """

    by: str
    key: str
    sums: Sums
    source: str = ""
    first_on: int | None = None
    last_on: int | None = None
    orders_without: int | None = None
    turnover_without_fen: int | None = None
    is_less: bool = False  # the source counts less than was paid with vouchers


def averages(session: Session, scope: Scope) -> list[Average]:
    """The average of all payments; then of each source that gives turnover and orders of the same
    periods, of all together, by industry and by district.
    """
    by_day = {ALL: {"": _days(session, scope)}}
    total = law.pooled(sums for _, sums in by_day[ALL][""])
    found = [Average(ALL, "", total)]
    if not total.vouchers or not series.are_there(session.db):
        return found
    used = [day for day, _ in by_day[ALL][""]]
    days = Days(scope.window, min(used), max(used))
    for by in BY:
        if by != ALL:
            groups = store.days_of_groups(session.db, by, scope.window, scope.zone)
            by_day[by] = {
                key: [(int(each.key), each.sums) for each in some if each.round_id in scope.rounds]
                for key, some in groups.items()
            }
        found += _beside(session, by, days, by_day[by])
    return found


ByDay = list[tuple[int, "Sums"]]  # (yyyymmdd, sums)


def _days(session: Session, scope: Scope) -> ByDay:
    groups = store.redemption_sums(session.db, "day", scope.window, scope.zone)
    return [(int(each.key), each.sums) for each in groups if each.round_id in scope.rounds]


def _beside(session: Session, by: str, days: Days, by_day: dict[str, ByDay]) -> Iterator[Average]:
    """What sources say of the periods that count, less what was paid with vouchers."""
    every = {
        (each.measure, each.source, each.grain): each
        for each in coarsest(series.listed(session.db), by)
    }
    for (measure, source, grain), orders in every.items():
        turnover = every.get(("turnover", source, grain))
        if measure != "orders" or turnover is None:
            continue
        fen_of, count_of = (_figures(session, each, by, days) for each in (turnover, orders))
        for key in sorted(fen_of.keys() & count_of.keys() & by_day.keys()):
            if fen_of[key].keys() & count_of[key].keys():
                yield _less(by, key, source, by_day[key], fen_of[key], count_of[key])


def _figures(session: Session, each: Series, by: str, days: Days) -> dict[str, dict[Period, int]]:
    """The figures of the periods that count, by key."""
    found = series.figures(session.db, each, by, days.window.last_day)
    return {
        key: {period: value for period, value in some.items() if days.hold(period)}
        for key, some in found.items()
    }


def _less(
    by: str,
    key: str,
    source: str,
    by_day: ByDay,
    fen_of: dict[Period, int],
    count_of: dict[Period, int],
) -> Average:
    """The orders of the periods that both figures are of, with a voucher and without one."""
    periods = fen_of.keys() & count_of.keys()
    sums = law.pooled(
        each
        for day, each in by_day
        if any(period.first_on <= day <= period.last_on for period in periods)
    )
    turnover = sum(fen_of[each] for each in periods) - sums.base_fen
    orders = sum(count_of[each] for each in periods) - sums.vouchers
    is_less = turnover < 0 or orders < 0
    return Average(
        by,
        key,
        sums,
        source,
        min(each.first_on for each in periods),
        max(each.last_on for each in periods),
        None if is_less else orders,
        None if is_less else turnover,
        is_less,
    )


def tables(scope: Scope, found: list[Average]) -> tuple[Table, ...]:
    """The averages as a table, and what they cannot say."""
    notes = [
        say("Average with = base / payments with a voucher of these rounds, net of refunds."),
    ]
    if any(each.source for each in found):
        notes.append(
            say(
                "Without: the source's turnover and orders of the same days, less those with a"
                " voucher. A source may count other shops and other amounts: a comparison, not an"
                " effect."
            )
        )
    else:
        notes.append(
            say(
                "The average order without a voucher is not known: it needs turnover and orders of"
                " all shops from one source: voucher series import FILE"
            )
        )
    if any(each.is_less for each in found):
        notes.append(
            say(
                "Where a source counts less than was paid with vouchers it does not cover the same"
                " shops: nothing is said of orders without."
            )
        )
    rows = [_row(each) for each in found]
    notes += cautions.sentences((FEW_ORDERS,), GROUP, rows, rows[0])
    return (
        Table(
            say("Average order"), COLUMNS, rows, notes=tuple(notes), zone=scope.zone, key="averages"
        ),
    )


def _row(each: Average) -> dict[str, Any]:
    sums = each.sums
    return {
        **each._asdict(),
        "kind": KINDS[each.by],
        "redemptions": sums.vouchers,
        "base_fen": sums.base_fen,
        "average_fen": _average(sums.base_fen, sums.vouchers),
        "average_without_fen": _average(each.turnover_without_fen, each.orders_without),
        "says_little": cautions.codes((FEW_ORDERS,), Found(sums, whole=sums)),
    }


def _average(fen: int | None, count: int | None) -> int | None:
    """Rounded half up to the fen; None of nothing."""
    if fen is None or count is None or count <= 0 or fen < 0:
        return None
    return money.half_up(fen, count)
