"""Series beside the year before and the weeks before, and what may take vouchers beside what may
not: what the page `report series` and the brief are made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.rules import series as law
from vouchercli.rules import times
from vouchercli.store import claims, templates
from vouchercli.store import series as store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.rules.periods import Period
    from vouchercli.rules.series import Beside
    from vouchercli.session import Session
    from vouchercli.store.series import Series


GROUPINGS = (*law.DIMENSIONS, "all")


class Span(NamedTuple):
    """The local days that figures are asked of (yyyymmdd, both included)."""

    first_on: int
    last_on: int


class Line(NamedTuple):
    """An industry, district or brand: whether its merchants may take the vouchers, and its figures
    beside others.
    """

    key: str
    is_inside: bool
    beside: Beside


class Compared(NamedTuple):
    """A series by industry, district or brand; those inside together, and those outside (None: of
    one side there is none).
    """

    series: Series
    lines: list[Line]
    inside: Beside | None
    outside: Beside | None

    @property
    def is_money(self) -> bool:
        """Whether its figures are fen."""
        return self.series.measure == law.MONEY

    @property
    def days(self) -> Span:
        """The days of the figures that are compared."""
        spans = [each.beside.now.span for each in self.lines]
        return Span(min(first for first, _ in spans), max(last for _, last in spans))


def compare(
    session: Session, scope: Scope, by: str, span: Span, against: Sequence[str] = ()
) -> Iterator[Compared]:
    """Each series that is cut so, with the figures that touch a span, beside the same periods of
    the year before and the four weeks before. Outside are those that no round's voucher may be used
    at, or those of `against`.
    """
    until = _last_day(scope)
    inside = _Inside(session, scope, by, against)
    for series in coarsest(store.listed(session.db), by):
        figures = store.figures(session.db, series, by, until)
        sides: dict[bool, list[dict[Period, int]]] = {True: [], False: []}
        lines = []
        for key, some in figures.items():
            found = law.beside(some, *span)
            if found.now.periods:
                lines.append(Line(key, inside(key), found))
                sides[inside(key)].append(some)
        if lines:
            yield Compared(
                series,
                lines,
                *(
                    law.beside(law.pooled(sides[side]), *span) if sides[side] else None
                    for side in (True, False)
                ),
            )


def coarsest(every: list[Series], by: str) -> Iterator[Series]:
    """Of each measure, source and length of period the series that names `by` and as little else as
    can be: what a source gives by industry and by industry and district is not counted twice.
    """
    bit = 0 if by == "all" else 1 << law.DIMENSIONS.index(by)
    best: dict[tuple[str, str, str], Series] = {}
    for each in every:
        key = each.measure, each.source, each.grain
        if (each.cut & bit or each.cut == bit) and (
            key not in best or _names(each) < _names(best[key])
        ):
            best[key] = each
    yield from best.values()


def _names(series: Series) -> int:
    return series.cut.bit_count()


class _Inside:
    """Whether merchants of an industry or a district may take vouchers of the rounds; while there
    is none, all of them.
    """

    def __init__(self, session: Session, scope: Scope, by: str, against: Sequence[str]) -> None:
        kept = {
            row["round_id"]: templates.value(row)
            for row in claims.templates_of_rounds(session.db, scope.programme["programme_id"])
            if row["round_id"] in scope.rounds
        }
        self._by, self._against = by, against
        self._scopes = [
            template.scope_of(coupon.coupon_no)
            for template in kept.values()
            for coupon in template.coupons
        ]

    def __call__(self, key: str) -> bool:
        if self._against:
            return key not in self._against
        return not self._scopes or any(law.may_use(each, self._by, key) for each in self._scopes)


def _last_day(scope: Scope) -> int:
    """The last day that a figure may be of."""
    at = scope.now if scope.as_of is None else scope.as_of
    return times.day_of(at, scope.zone)


def span_of(
    session: Session, scope: Scope, since: int | None = None, until: int | None = None
) -> Span:
    """The days that are asked for; else those on which vouchers of the rounds were used; before
    that, from the first opening on. Raises `UsageFault` when there is no round either.
    """
    used = [int(day.replace("-", "")) for day in sums_by_key(session, "day", scope)]
    opened = [times.day_of(each.opens_at, scope.zone) for each in scope.rounds.values()]
    days = used or opened
    if not days and (since is None or until is None):
        raise UsageFault(
            "no_span",
            "the programme has no round yet: say of which days",
            hint="voucher report series --since DAY --until DAY",
        )
    first, last = (None if at is None else times.day_of(at, scope.zone) for at in (since, until))
    begins = min(days) if first is None else first
    return Span(begins, max(begins, max(days) if last is None else last))
