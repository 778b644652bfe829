"""The pages of a site: the tables of the reports, each about one thing."""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.reports import groups, leverage, merchant_tables, merchants, rounds
from vouchercli.ops.reports.dimensions import key_column
from vouchercli.ops.reports.gathered import NO_MERCHANTS
from vouchercli.ops.reports.groups import Group
from vouchercli.ops.reports.merchants import TakingPart, taking_part
from vouchercli.ops.reports.scope import go_back, note_later, scope_of
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import leverage as law
from vouchercli.rules.leverage import NOTHING
from vouchercli.store import reports as store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message, Row
    from vouchercli.session import Session

GROUPS = ("district", "industry", "size")
PLURALS = {
    "round": Word("All rounds"),
    "district": Word("All districts"),
    "industry": Word("All industries"),
    "size": Word("All sizes"),
}
FILES = {"round": "rounds", "district": "districts", "industry": "industries", "size": "sizes"}
BY_IN_A_ROUND = ("day", "coupon", "channel")
MOST_ROWS = 250  # of a table: a page stays under 300 kB
PAGE_BYTES = 250_000  # of a list of merchants, its frame not counted
ROW_BYTES = 400  # of one of them: its tags and numbers
NAMED = re.compile(r"[a-z0-9][a-z0-9_-]*")
LISTED = (
    *merchant_tables.MERCHANT,
    *map(key_column, GROUPS),
    *(each for each in merchant_tables.FIGURES if each.key != "share"),
)
CONTENTS = (
    Column("first_no", "From merchant", page="list"),
    Column("last_no", "To merchant"),
    Column("merchants", "Merchants", "int"),
)


class Sheet(NamedTuple):
    """A page of the site: its file, what kind it is of, the name of what it is about ('': of all),
    and what it shows. Of a `list` of merchants the number, else 0.
    """

    file: str
    kind: str
    name: str
    shown: Outcome
    list: int = 0


class Plan(NamedTuple):
    """What a site is made of: what merchants got, also by district, industry and size, and on which
    days; the sums of each round by day, coupon and channel; the numbers of the merchants of each
    list; and the files of rounds, groups and lists (`hrefs`).
    """

    scope: Scope
    rounds: list[Row]
    sums: dict[str, list[store.Group]]
    days: dict[str, dict[str, list[store.Group]]]
    taking: TakingPart
    parts: dict[str, dict[str, TakingPart]]
    lists: list[list[str]]
    hrefs: dict[str, dict[str, str]]


def plan(session: Session, only: Sequence[str], as_of: int | None) -> Plan:
    """What the site is made of, within a snapshot. Raises as `scope_of`."""
    scope = scope_of(session, only, None, as_of)
    if as_of is not None:
        scope = go_back(session, scope, as_of)
    rows = rounds.rows_of(session, scope)
    taking = taking_part(session, scope)
    parts = {by: groups.by_group(taking, by) for by in GROUPS}
    # each asked once: of a cut-off day every question reads its facts
    sums = {
        by: store.redemption_sums(session.db, by, scope.window, scope.zone) for by in BY_IN_A_ROUND
    }
    days = {by: groups.days_by_name(session, scope, by) for by in GROUPS}
    names = {by: {*parts[by], *days[by]} for by in GROUPS}
    lists = [*_lists(taking)]
    hrefs = {
        "round": {row["round"]: _file("round", row["round"]) for row in rows},
        **{by: {name: _file(by, name) for name in sorted(names[by])} for by in GROUPS},
        "list": {numbers[0]: f"merchants-{at}.html" for at, numbers in enumerate(lists, 1)},
    }
    return Plan(scope, rows, sums, days, taking, parts, lists, hrefs)


def _file(kind: str, name: str) -> str:
    """The name of a page's file: small letters, digits and dashes, the same in every site."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{kind}-{name if NAMED.fullmatch(name) else digest}.html"


def _lists(taking: TakingPart) -> Iterator[list[str]]:
    """The merchants by number, so many a page that none is too large."""
    numbers: list[str] = []
    size = 0
    for no, each in taking.listed.items():
        texts = (no, each.name, *(getattr(each, by) for by in GROUPS))
        row_size = ROW_BYTES + sum(len(html.escape(text).encode()) for text in texts)
        if numbers and size + row_size > PAGE_BYTES:
            yield numbers
            numbers, size = [], 0
        numbers.append(no)
        size += row_size
    if numbers:
        yield numbers


def sheets(session: Session, plan: Plan) -> Iterator[Sheet]:
    """The pages, one made after the other."""
    yield _overview(session, plan)
    yield _page(
        plan, "rounds.html", PLURALS["round"], "", rounds.tables_of(plan.scope, plan.rounds)
    )
    counts = {each.key: each for each in merchants.tables_of(plan.scope, plan.taking, 1)}
    for by in GROUPS:
        beside = replace(counts[f"by_{by}"], title=say("Their merchants"))
        figures = _leverage(session, plan.scope, by)
        yield _page(plan, f"{FILES[by]}.html", PLURALS[by], "", (*figures, beside))
    for round_id, each in plan.scope.rounds.items():
        yield _round(session, plan, round_id, each.round)
    for by in GROUPS:
        paid = groups.merchants_by_name(session, plan.scope, by)
        for name, file in plan.hrefs[by].items():
            part = plan.parts[by].get(name, TakingPart({}, []))
            days = plan.days[by].get(name, [])
            merchants_paid = paid.get(name, NO_MERCHANTS)
            shown = groups.tables_of(plan.scope, Group(by, name), part, days, merchants_paid)
            yield _page(plan, file, groups.KINDS[by], name or groups.NOT_STATED, shown)
    yield _contents(plan)
    yield from _pages_of_merchants(plan)


def _overview(session: Session, plan: Plan) -> Sheet:
    scope = plan.scope
    figures, *more = _leverage(session, scope, "round")
    cuts = {f"by_{by}" for by in GROUPS}
    of_merchants = merchants.tables_of(scope, plan.taking, groups.FIRST)
    first = replace(figures, title=groups.title(scope, Word("Overview"), ""))
    rest = (each for each in of_merchants if each.key not in cuts)
    shown = (first, *more, *rest)
    says = note_later(session, scope)
    return _page(plan, "index.html", Word("Overview"), "", shown, says)


def _round(session: Session, plan: Plan, round_id: int, code: str) -> Sheet:
    """A round: how it was taken up and used, by day, coupon and channel, and its merchants."""
    scope = scope_of(session, [code], None, plan.scope.as_of)
    scope = scope._replace(rounds={round_id: plan.scope.rounds[round_id]})
    row = next(each for each in plan.rounds if each["round"] == code)
    title = groups.title(scope, Word("Round"), code)
    _, issue, use = rounds.tables_of(scope, [row])
    paid = store.by_merchant(session.db, [round_id], scope.months, scope.zone)
    shown = (
        replace(issue, title=title),
        use,
        *(
            leverage.table_of(by, scope, ((key, sums) for at, key, sums in every if at == round_id))
            for by, every in plan.sums.items()
        ),
        *merchants.tables_of(scope, TakingPart(plan.taking.listed, paid), groups.FIRST),
    )
    return _page(plan, plan.hrefs["round"][code], Word("Round"), code, shown)


def _contents(plan: Plan) -> Sheet:
    """The page that leads to the lists of merchants."""
    rows = [
        {"first_no": numbers[0], "last_no": numbers[-1], "merchants": len(numbers)}
        for numbers in plan.lists
    ]
    table = Table(groups.title(plan.scope, Word("Merchant list"), ""), CONTENTS, rows)
    return _page(plan, "merchants.html", Word("Merchant list"), "", (table,))


def _pages_of_merchants(plan: Plan) -> Iterator[Sheet]:
    """All merchants of the registry by number, with what they got."""
    paid = {no: sums for no, _, sums in plan.taking.paid}
    total = law.pooled(paid.values())
    for at, numbers in enumerate(plan.lists, 1):
        rows = [
            merchants.row_of(no, each.name, paid.get(no, NOTHING), total)
            | {by: getattr(each, by) for by in GROUPS}
            for no in numbers
            for each in (plan.taking.listed[no],)
        ]
        span = f"{numbers[0]} – {numbers[-1]}"
        file = plan.hrefs["list"][numbers[0]]
        page = _page(plan, file, Word("Merchant list"), span, (list_of(plan, span, rows),))
        yield page._replace(list=at)


def list_of(plan: Plan, span: str, rows: list[Row]) -> Table:
    """A list of merchants; what is searched has its columns."""
    return Table(groups.title(plan.scope, Word("Merchant list"), span), LISTED, rows)


def _leverage(session: Session, scope: Scope, by: str) -> tuple[Table, ...]:
    only = [] if scope.is_all else scope.codes()
    return leverage.report_leverage(session, by=by, only=only, as_of=scope.as_of).tables


def _page(
    plan: Plan,
    file: str,
    kind: str,
    name: str,
    shown: Sequence[Table],
    says: tuple[Message, ...] = (),
) -> Sheet:
    """A page, with what is said of several tables under the first of them alone."""
    tables: list[Table] = []
    told: list[Message] = []
    for each in map(_cut, shown):
        tables.append(replace(each, notes=tuple(note for note in each.notes if note not in told)))
        told += each.notes
    return Sheet(file, kind, name, Outcome(plan.scope.about(), tuple(tables), says))


def _cut(table: Table) -> Table:
    """A table of which a page has room for the first rows only, with a note where it is longer."""
    if len(table.rows) <= MOST_ROWS or table.columns == LISTED:
        return table
    note = say("{shown} of {count} rows", shown=MOST_ROWS, count=len(table.rows))
    return replace(table, rows=table.rows[:MOST_ROWS], notes=(note, *table.notes))
