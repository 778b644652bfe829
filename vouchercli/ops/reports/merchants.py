"""report merchants: who takes part, who is paid, and how evenly the money is spread."""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import merchant_tables as tables
from vouchercli.ops.reports.measures import Found, figures
from vouchercli.ops.reports.scope import note_later, scope_of
from vouchercli.result import Outcome, Word, say
from vouchercli.rules import concentration as law
from vouchercli.rules import leverage
from vouchercli.store import paid_merchants
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message, Table
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.reports import Listed

    Paid = list[tuple[str, str, Sums]]

NOT_LISTED = Word("(not in the registry)")
PER_THOUSAND = (10, 100)  # the first hundredth, the first tenth


def report_merchants(
    session: Session,
    *,
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
    top: int = 20,
    inactive: int = 0,
) -> Outcome:
    """The merchants of the registry and what they got in `since <= paid_at <= as_of` (UTC seconds,
    None: open): the `top` first (0: all), so many without a payment (0: none of them), counts and
    sums by size, district and industry, and how evenly it is spread. Raises as `scope_of`.
    """
    with reading(session):
        scope = scope_of(session, only, since, as_of)
        with paid_merchants.pooled(session.db, [*scope.rounds], scope.months, scope.zone):
            known = _asked(session.db, top)
            count, silent = paid_merchants.without(session.db, inactive)
        later = note_later(session, scope)
    shown = tables_of_known(scope, known, [each._asdict() for each in silent])
    data = {**scope.about(), "rounds": scope.codes()}
    return Outcome(data, shown, (*_say_more(count, inactive), *later))


class TakingPart(NamedTuple):
    """The merchants of the registry by number, and what those got who got anything."""

    listed: dict[str, Listed]
    paid: Paid

    def with_payments(self) -> set[str]:
        """The numbers of those with a payment that stands."""
        return {no for no, _, sums in self.paid if sums.vouchers > 0}


def taking_part(session: Session, scope: Scope) -> TakingPart:
    """The merchants, and what they got in the scope."""
    paid = store.by_merchant(session.db, list(scope.rounds), scope.months, scope.zone)
    return TakingPart(store.listed_merchants(session.db), paid)


def tables_of(
    scope: Scope, taking: TakingPart, top: int, silent: Sequence[dict[str, Any]] = ()
) -> tuple[Table, ...]:
    """The tables of the report, with the `top` first (0: all)."""
    paid = taking.paid
    amounts = [sums.public_fen for _, _, sums in paid if sums.vouchers > 0]
    ordered = nsmallest(top or len(paid), paid, key=lambda each: (-each[2].public_fen, each[0]))
    return tables_of_known(scope, Known(_cells(taking), amounts, ordered), silent)


class Known(NamedTuple):
    """What the tables are made of: the merchants that are alike, what each with a payment that
    stands got, and those that got most, from the most.
    """

    cells: Mapping[Alike, Cell]
    amounts: list[int]
    first: Paid


def _asked(db: sqlite3.Connection, top: int) -> Known:
    """The same of all merchants, of whom only the `top` first (0: all) are fetched; within
    `paid_merchants.pooled`.
    """
    cells = {
        (each.is_registered, each.says): Cell(each.registered, each.with_payments, each.sums)
        for each in paid_merchants.alike(db)
    }
    first = paid_merchants.first(db, "subsidy_fen", top)
    return Known(cells, paid_merchants.amounts(db), [each[:3] for each in first])


def tables_of_known(
    scope: Scope, known: Known, silent: Sequence[dict[str, Any]]
) -> tuple[Table, ...]:
    """The tables of what is known of all merchants."""
    amounts, cells = law.ordered(known.amounts), known.cells
    total = leverage.pooled(cell.sums for cell in cells.values())
    return tables.merchants(
        scope,
        _summary(cells, amounts),
        {by: _by(at, cells, total) for at, by in enumerate(tables.CUTS)},
        [row_of(*each, total) for each in known.first],
        law.lorenz(amounts) if amounts else [],
        silent,
    )


def _summary(cells: Mapping[Alike, Cell], amounts: list[int]) -> dict[str, Any]:
    """The counts, and how evenly the subsidy is spread over those with payments."""
    first, tenth = (law.share_of_first(amounts, each) if amounts else None for each in PER_THOUSAND)
    registered = sum(cell.registered for cell in cells.values())
    active = sum(cell.with_payments for (is_listed, _), cell in cells.items() if is_listed)
    return {
        "registered": registered,
        "with_payments": len(amounts),
        "not_registered": len(amounts) - active,
        "share_with_payments": leverage.rate(active, registered),
        "subsidy_fen": sum(amounts),
        "share_of_first_hundredth": first,
        "share_of_first_tenth": tenth,
        "gini": law.gini(amounts),
    }


class Cell(NamedTuple):
    """Merchants alike in all `tables.CUTS`: how many the registry lists, how many have a payment
    that stands, and what all of them got.
    """

    registered: int
    with_payments: int
    sums: Sums


# Whether the registry lists them, and what it says of them now in each of `tables.CUTS`.
Alike = tuple[bool, tuple[str, ...]]
CUTS_OF = attrgetter(*tables.CUTS)
UNKNOWN: Alike = (False, ("",) * len(tables.CUTS))


def _cells(taking: TakingPart) -> dict[Alike, Cell]:
    """The merchants, those who are alike together: a few hundred cells of a hundred thousand."""
    listed, paid = taking
    known = {no: (True, CUTS_OF(each)) for no, each in listed.items() if each.is_registered}
    registered = Counter(known.values())
    every: dict[Alike, list[Sums]] = {}
    for no, _, sums in paid:
        every.setdefault(known.get(no, UNKNOWN), []).append(sums)
    return {
        alike: Cell(
            registered[alike],
            sum(sums.vouchers > 0 for sums in every.get(alike, ())),
            leverage.pooled(every.get(alike, ())),
        )
        for alike in {**registered, **every}
    }


def _by(cut: int, cells: Mapping[Alike, Cell], total: Sums) -> list[dict[str, Any]]:
    """Merchants of the registry and with payments, and what these got, by what the registry says of
    them now in one of `tables.CUTS`; then those it says nothing of, then those that it does not
    list. `total` is of all.
    """
    groups: dict[tuple[bool, str], list[Cell]] = {}
    for (is_listed, says), cell in cells.items():
        groups.setdefault((is_listed, says[cut]), []).append(cell)
    rows = []
    for key in sorted(groups, key=lambda each: (not each[0], each[1] == "", each)):
        rows.append(
            {
                "key": key[1],
                "is_registered": key[0],
                "shown_key": key[1] if key[0] else NOT_LISTED,
                "registered": sum(cell.registered for cell in groups[key]),
                "with_payments": sum(cell.with_payments for cell in groups[key]),
                **_figures(leverage.pooled(cell.sums for cell in groups[key]), total),
            }
        )
    return rows


def row_of(no: str, name: str, sums: Sums, total: Sums) -> dict[str, Any]:
    """A merchant's row; `total` is of all."""
    return {
        "merchant_no": no,
        "name": name,
        **_figures(sums, total),
    }


def _figures(sums: Sums, total: Sums) -> dict[str, Any]:
    return figures(Found(sums, whole=total), tables.MEASURED)


def _say_more(silent: int, shown: int) -> tuple[Message, ...]:
    if silent <= shown:
        return ()
    return (say("{count:,} merchants have no payment; --inactive N lists them", count=silent),)
