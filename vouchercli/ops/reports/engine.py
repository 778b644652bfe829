"""The engine of reports: from a spec to its tables.

What the measures of a spec need is gathered from the store by key, sorted, cut to the rows that are
asked for, and made into rows, once for all tables.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.ops.reports import cautions
from vouchercli.ops.reports.dimensions import NAMED, is_by_time, key_columns, own_columns
from vouchercli.ops.reports.gathered import First
from vouchercli.ops.reports.measures import BY_KEY, MEASURES
from vouchercli.ops.reports.scope import go_back, note_later, scope_of
from vouchercli.ops.reports.spans import titled
from vouchercli.ops.reports.specs import EACH_FUNDER, NEEDS, Answer
from vouchercli.result import Message, Outcome, Table, Word, say
from vouchercli.rules import times
from vouchercli.store.db import reading
from vouchercli.store.known_facts import as_known

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.gathered import Gathered
    from vouchercli.ops.reports.measures import Found
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.ops.reports.specs import Part, Question, Spec
    from vouchercli.result import Column
    from vouchercli.session import Session

    Row = dict[str, Any]


def report(session: Session, spec: Spec, asked: Question) -> Outcome:
    """The answer to a question. Raises `UsageFault` for an order there is not, for sums so far of
    what does not follow in time, and as `scope_of`.
    """
    by = spec.by or asked.by
    require(spec, by, asked)
    with reading(session):
        scope = scope_of(session, asked.only, asked.since, asked.as_of, asked.known_on)
        with as_known(session.db, scope.known):
            if spec.goes_back and scope.as_of is not None:
                scope = go_back(session, scope, scope.as_of)
            answer = answered(spec, asked, scope, lambda *what: spec.gather(session, scope, *what))
        beside = spec.beside(session, answer)
        later = note_later(session, scope)
    data = scope.about() | ({} if spec.by else {"by": ",".join(by)})
    data |= {
        "since": None if scope.since is None else times.iso(scope.since, scope.zone),
        "rounds": scope.codes(),
    }
    return Outcome(data, (*tables(spec, answer), *beside), (*says(spec, answer), *later))


def answered(
    spec: Spec,
    asked: Question,
    scope: Scope,
    gather: Callable[[By, Collection[str], First], Gathered],
) -> Answer:
    """The answer before it is worded, of what `gather` gives for the dimensions, the needs of the
    columns and the rows that are shown.
    """
    by = spec.by or asked.by
    needs = frozenset(_needs(spec, by, asked))
    first = First(_measured(asked.sort), asked.limit)
    found = gather(by, needs, first)
    known = needs if found.funders else needs - {"funders"}
    return Answer(by, scope, _sorted(found, first.order), known, asked.limit)


def require(spec: Spec, by: By, asked: Question) -> None:
    """Raises `UsageFault` not_by_time, unknown_sort."""
    if asked.cumulative and not is_by_time(by):
        raise UsageFault(
            "not_by_time",
            "sums so far are of days, weeks or months, not of {by}",
            hint="add --by day",
            by=Word(", ".join(by)),
        )
    names = [key.removesuffix("_fen") for key in spec.sorts]
    if asked.sort is not None and asked.sort not in names:
        raise UsageFault(
            "unknown_sort",
            "rows cannot be sorted by {sort}",
            hint="choose one of: {known}",
            sort=asked.sort,
            known=", ".join(names),
        )


def _needs(spec: Spec, by: By, asked: Question) -> Iterator[str]:
    """What must be gathered: whatever the columns are made of and the question does not leave
    out.
    """
    left_out = {
        "so_far": not asked.cumulative,
        "funders": not asked.with_funders,
        "names": not NAMED & {*by},
    }
    every = {_need(column) for part in spec.parts for column in part.columns}
    yield from (each for each in every if not left_out.get(each, False))
    if asked.since is None:
        yield "all_claims"


def _need(column: Column) -> str:
    measure = BY_KEY.get(column.key)
    return measure.needs if measure else NEEDS.get(column.key, "")


def _measured(sort: str | None) -> str | None:
    """The key of the measure that is called so."""
    return sort if sort is None or sort in BY_KEY else sort + "_fen"


def _sorted(found: Gathered, order: str | None) -> Gathered:
    """The largest first; equal ones stay in their order."""
    if order is None:
        return found
    size = BY_KEY[order].size
    ordered = sorted(found.groups.items(), key=lambda each: size(each[1]), reverse=True)
    return found._replace(groups=dict(ordered))


def says(spec: Spec, answer: Answer) -> tuple[Message, ...]:
    """Remarks beside the figures: that there are none, or more than are shown; and its own."""
    count, total = answer.rows, answer.gathered.total
    if not count:
        return (spec.none(answer.scope),)
    more = say("{shown} of {count} rows; --limit 0 shows all", shown=answer.shown, count=count)
    return (*((more,) if answer.shown < count else ()), *(spec.says(total) if total else ()))


# ---------------------------------------------------------------- rows and tables


def tables(spec: Spec, answer: Answer) -> tuple[Table, ...]:
    """The tables of a report, all of the same rows."""
    return worded(spec, answer, *rows(spec, answer))


def rows(spec: Spec, answer: Answer) -> tuple[list[Row], Row | None]:
    """The rows that are shown, and their total."""
    keys = {column.key for part in spec.parts for column in part.columns}
    made = [
        (each.key, each.of, each.needs)
        for each in MEASURES
        if each.key in keys and each.needs in answer.needs and each.of is not None
    ]
    doubts = [each for each in spec.cautions if each.fits(answer.by)]
    groups, total, about, *_ = answer.gathered

    # plain: a report has a hundred thousand of them
    def row(key: Key, found: Found) -> Row:
        values: Row = {"key": key[0]} if len(key) == 1 else {"key": key[0], "second_key": key[1]}
        for name, of, _ in made:
            values[name] = of(found)
        values.update(about(key))
        values.update(_funded(answer, key))
        if spec.cautions:
            values["says_little"] = cautions.codes(doubts, found)
        return values

    shown = [row(*each) for each in islice(groups.items(), answer.limit or None)]
    if total is None:
        return shown, None
    in_all: Row = {"key": Word("total"), **dict.fromkeys(("second_key",)[: len(answer.by) - 1])}
    in_all |= {name: of(total) for name, of, needs in made if needs != "so_far"}
    in_all |= _funded(answer, None)
    if spec.cautions:
        in_all["says_little"] = cautions.codes(doubts, total)
    return shown, in_all


def _funded(answer: Answer, key: Key | None) -> Row:
    """What each public funder paid under a key (None: in all)."""
    funders, shares = answer.gathered.funders, answer.gathered.shares
    if not funders:
        return {}
    parts = shares.values() if key is None else [shares[key]]
    paid = {name: sum(part[name] for part in parts) for name in funders}
    return {"funders": paid, **{EACH_FUNDER.key + name: fen for name, fen in paid.items()}}


def worded(spec: Spec, answer: Answer, rows: Sequence[Row], total: Row | None) -> tuple[Table, ...]:
    """The tables of rows that are there."""
    title = titled(answer.scope, spec.title, by=Word(", ".join(answer.by)))
    return tuple(
        _table(spec, part, answer, rows, total, title)
        for part in spec.parts
        if part.needs in ("", *answer.needs) and (rows or not part.is_optional)
    )


def _table(
    spec: Spec, part: Part, answer: Answer, rows: Sequence[Row], total: Row | None, title: Message
) -> Table:
    fits, hidden = part.fits(answer.by), part.hides(answer.scope)
    keys = own_columns(spec.by) if spec.by else key_columns(answer.by if fits else ("round",))
    shown = [each for each in rows if each["key"] not in hidden] if fits else [total or {}]
    in_all = total if fits and part.has_total else None
    notes = (*_notes(part, answer.scope), *cautions.sentences(part.cautions, keys, shown, in_all))
    return Table(
        part.title or title,
        (*keys, *_columns(part, answer)),
        shown,
        in_all,
        notes=notes if rows or part.is_explained else (),
        zone=answer.scope.zone,
        where=part.where,
        key=part.key,
        total_key=part.total_key,
        bars=part.bars if len(answer.by) == 1 else "",
    )


def _columns(part: Part, answer: Answer) -> Iterator[Column]:
    """The columns that the question asks for, one for each funder."""
    for column in part.columns:
        if column.key == EACH_FUNDER.key:
            for name in answer.gathered.funders:
                yield replace(column, key=column.key + name, label=name)
        elif _need(column) in ("", *answer.needs):
            yield column


def _notes(part: Part, scope: Scope) -> Iterator[Message]:
    for note in part.notes:
        yield from (note,) if isinstance(note, Message) else note(scope)
