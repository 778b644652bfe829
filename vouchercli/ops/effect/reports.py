"""effect report: what was paid, what was bought with it, and what of that was new, round by round.
G is never called new consumption: the effect stands beside it with its interval, or as bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.effect import estimating, surveys
from vouchercli.ops.effect.words import EFFECT
from vouchercli.ops.reports import engine
from vouchercli.ops.reports.gathered import Gathered
from vouchercli.ops.reports.measures import Found, columns
from vouchercli.ops.reports.spans import Title, span_notes
from vouchercli.ops.reports.specs import Part, Question, Spec
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.result import JSON, SHOWN, Column, Table, only, say
from vouchercli.rules import leverage as law
from vouchercli.rules.literature import FOUND
from vouchercli.store import effects as kept
from vouchercli.store import reports as store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vouchercli.ops.effect.words import Row
    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.gathered import First
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.ops.reports.specs import Answer
    from vouchercli.result import Message, Outcome
    from vouchercli.session import Session


def report(session: Session, rounds: Sequence[str], as_of: int | None) -> Outcome:
    """Each round that has a plan, cells or a survey (or those that are named), a row a window."""
    return engine.report(session, SPEC, Question(only=rounds, as_of=as_of))


def gather(
    session: Session, scope: Scope, by: By, needs: Collection[str], first: First
) -> Gathered:
    """The payments of each round, and its effect by window."""
    del by, needs, first
    redeemed = store.redemption_sums(session.db, "round", scope.window, scope.zone)
    sums = law.grouped("round", ((str(group.round_id), group.sums) for group in redeemed))
    known = kept.with_any(session.db)
    groups: dict[Key, Found] = {}
    told: dict[Key, Row] = {}
    for round_id, each in scope.rounds.items():
        if scope.is_all and round_id not in known:
            continue
        found = estimating.of_round(session, look_up(session, each.round))
        for row in found.rows:
            if not row["leads"]:
                continue
            key = each.round, str(row["weeks"])
            groups[key] = Found(sums.get(str(round_id), law.NOTHING))
            told[key] = row | {"follows_plan": estimating.follows(found)}
    return Gathered(groups, about=told.__getitem__)


def _none(scope: Scope) -> Message:
    del scope
    return say("no round has a plan or cells yet; next: voucher effect plan ROUND")


def _beside(session: Session, answer: Answer) -> tuple[Table, ...]:
    """The surveys of these rounds, and what papers found."""
    codes = dict.fromkeys(key[0] for key in answer.gathered.groups)
    found = [
        (code, table)
        for code in codes
        for table in surveys.table_of(session.db, look_up(session, code))
    ]
    rows = [{"round": code, **table.rows[0]} for code, table in found]
    return (
        Table(
            say("Surveys"),
            (Column("round", "Round"), *surveys.SURVEY),
            rows,
            notes=surveys.NOTES if found else (),
            key="surveys",
            optional=True,
        ),
        Table(
            say("What papers found elsewhere: context, never this programme's effect"),
            (
                Column("source", "Source"),
                Column("found", "For each yuan of subsidy", "word"),
                Column("method", "Method", "word", blank="(not stated)"),
            ),
            [each._asdict() for each in FOUND],
            key="literature",
        ),
    )


SPEC = Spec(
    title=Title(
        now="Effect: {programme}, all known at {now}",
        as_of="Effect: {programme}, payments as of {as_of}",
        known="Effect: {programme}, payments as of {as_of}, as known on {day}",
    ),
    by=("round", "weeks"),
    gather=gather,
    none=_none,
    beside=_beside,
    parts=(
        Part(
            (
                *columns("gross", "own_spend", "floor"),
                *EFFECT,
                Column("method_words", "Method", "word", where=SHOWN),
                *only(JSON, "comparison", "itt", "itt_low", "itt_high", "subsidy"),
                Column("follows_plan", "By its plan", "word"),
            ),
            notes=(
                span_notes,
                say(
                    "G = base / subsidy; N = own spending / subsidy; floor: the least that G can be"
                    " by the rules. None of them says what was new: I does, from `from` to `to` in"
                    " 95 of 100 cases, or as bounds."
                ),
            ),
            key="rows",
            has_total=False,
        ),
    ),
)
