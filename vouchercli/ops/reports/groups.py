"""report districts, report industries: what merchants of each were paid; one of them alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError, closest
from vouchercli.ops.reports import engine, leverage
from vouchercli.ops.reports import merchants as of_merchants
from vouchercli.ops.reports.figures import merchants_by_key
from vouchercli.ops.reports.gathered import NO_MERCHANTS
from vouchercli.ops.reports.merchants import TakingPart, taking_part
from vouchercli.ops.reports.scope import note_later, scope_of
from vouchercli.ops.reports.spans import Title, titled
from vouchercli.ops.reports.specs import Question
from vouchercli.result import Outcome, Word, say
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.ops.reports.specs import Answer
    from vouchercli.result import Message, Table
    from vouchercli.session import Session
    from vouchercli.store.merchant_counts import Merchants


class Group(NamedTuple):
    """The merchants of one district, industry or size (`by`); the `name` is blank where the
    registry says nothing.
    """

    by: str
    name: str


KINDS = {"district": Word("District"), "industry": Word("Industry"), "size": Word("Size")}
PLURALS = {"district": "districts", "industry": "industries"}
NOT_STATED = Word("(not stated)")
OF_ONE = Title(
    "{kind} {name}: {programme}, all known at {now}", "{kind} {name}: {programme}, as of {as_of}"
)
OF_ALL = Title("{kind}: {programme}, all known at {now}", "{kind}: {programme}, as of {as_of}")
FIRST = 20  # merchants that are listed


def _with_merchants(session: Session, answer: Answer) -> tuple[Table, ...]:
    """What stands beside the leverage of groups: also their merchants, paid or not."""
    taking = taking_part(session, answer.scope)
    cuts = {each.key: each for each in of_merchants.tables_of(answer.scope, taking, 1)}
    counts = replace(cuts[f"by_{answer.by[0]}"], key="merchants")
    return (*leverage.SPEC.beside(session, answer), counts)


SIDE_BY_SIDE = leverage.SPEC._replace(beside=_with_merchants)


def report_groups(
    session: Session,
    by: str,
    name: str | None = None,
    *,
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
) -> Outcome:
    """The districts or industries (`by`) side by side, with their merchants; or the one of that
    name by itself. Raises `VoucherError` unknown_group, and as `scope_of`.
    """
    if name is None:
        return engine.report(session, SIDE_BY_SIDE, Question((by,), only, since, as_of))
    with reading(session):
        scope = scope_of(session, only, since, as_of)
        taking = taking_part(session, scope)
        parts = by_group(taking, by)
        group = Group(by, name)
        days = days_by_name(session, scope, by).get(name, [])
        merchants = merchants_by_name(session, scope, by).get(name, NO_MERCHANTS)
        if name not in parts and not days:
            raise _unknown(group, parts)
        shown = tables_of(scope, group, parts.get(name, TakingPart({}, [])), days, merchants)
        later = note_later(session, scope)
    data = {**scope.about(), "rounds": scope.codes(), by: name}
    return Outcome(data, shown, later)


def by_group(taking: TakingPart, by: str) -> dict[str, TakingPart]:
    """The merchants by district, industry or size, as the registry has it now."""
    parts: dict[str, TakingPart] = {}
    for no, each in taking.listed.items():
        parts.setdefault(getattr(each, by), TakingPart({}, [])).listed[no] = each
    for row in taking.paid:
        parts[getattr(taking.listed[row[0]], by)].paid.append(row)
    return parts


def tables_of(
    scope: Scope,
    group: Group,
    taking: TakingPart,
    days: Sequence[store.Group],
    merchants: Merchants,
) -> tuple[Table, ...]:
    """What its merchants were paid by round and week, out of its `days`, and how many were paid;
    its merchants now.
    """
    paid = [(scope.rounds[at].round, sums) for at, _, sums in days]
    rounds = leverage.table_of("round", scope, paid, merchants)
    weeks = leverage.table_of("week", scope, ((day, sums) for _, day, sums in days))
    summary, *rest = of_merchants.tables_of(scope, taking, FIRST)
    return (
        replace(
            rounds,
            title=title(scope, KINDS[group.by], group.name or NOT_STATED),
            key="by_round",
            total_key="total",
        ),
        replace(
            weeks, title=say("By week"), key="by_week", total_key="", notes=(), bars="base_fen"
        ),
        replace(summary, title=say("Its merchants")),
        *(each for each in rest if each.key != f"by_{group.by}"),
    )


def title(scope: Scope, kind: Word, name: str) -> Message:
    """What a page about one round, district, industry or size is called; without a name, about
    all.
    """
    return titled(scope, OF_ONE if name else OF_ALL, kind=kind, name=name)


def days_by_name(session: Session, scope: Scope, by: str) -> dict[str, list[store.Group]]:
    """What merchants of each district, industry or size were paid in the scope, by round and
    day.
    """
    found = store.days_of_groups(session.db, by, scope.window, scope.zone)
    kept = {
        name: [each for each in days if each.round_id in scope.rounds]
        for name, days in found.items()
    }
    return {name: days for name, days in kept.items() if days}


def merchants_by_name(session: Session, scope: Scope, by: str) -> dict[str, Merchants]:
    """How many merchants of each district, industry or size were paid, as they were then."""
    return {name: found for (name,), found in merchants_by_key(session, (by,), scope)[0].items()}


def _unknown(group: Group, parts: dict[str, TakingPart]) -> VoucherError:
    near = closest(group.name, [*parts])
    return VoucherError(
        "unknown_group",
        "no merchant is of {kind} {name}; did you mean {near}?"
        if near
        else "no merchant is of {kind} {name}",
        hint="see them all: voucher report {report}",
        kind=Word(group.by),
        name=group.name,
        near=near,
        report=PLURALS[group.by],
    )
