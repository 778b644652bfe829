"""report fairness: who could have packs, who claimed and won, by group and district."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.measures import columns
from vouchercli.ops.reports.scope import note_later, scope_of
from vouchercli.ops.reports.spans import span_notes
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import intervals, leverage, money, times
from vouchercli.store import fairness as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.fairness import Drawn, Eligible, Often

FIGURES = (
    Column("eligible", "Eligible", "int"),
    Column("claimers", "Who claimed", "int"),
    Column("claim_rate", "Of the eligible", "rate"),
    Column("packs", "Packs", "int"),
    *columns("subsidy_fen"),
    Column("each_fen", "For each eligible", "fen"),
)
BY_GROUP = (Column("key", "Group", blank="(not stated)"), *FIGURES)
BY_DISTRICT = (Column("key", "District", blank="(not stated)"), *FIGURES)
DRAWS = (
    Column("round", "Round"),
    Column("district", "District", blank="(not stated)"),
    Column("applicants", "Applicants", "int"),
    Column("winners", "Winners", "int"),
    Column("win_rate", "Won", "rate"),
    Column("low", "95 % from", "rate"),
    Column("high", "95 % to", "rate"),
    Column("is_like_all", "As in the whole round", "word"),
)


def report_fairness(
    session: Session, *, only: Sequence[str] = (), as_of: int | None = None
) -> Outcome:
    """What residents who may have packs claimed and got, by group and district; the chances of
    applicants in lotteries by district; who tried often and never won. Up to a moment (UTC seconds;
    None: all that is known). Raises as `scope_of`.
    """
    with reading(session):
        scope = scope_of(session, only, None, as_of)
        until = times.END_OF_TIME if as_of is None else as_of
        asked = (session.db, scope.programme["programme_id"], [*scope.rounds], until)
        groups, districts = store.by_group(*asked), store.by_district(*asked)
        drawn, often = store.drawn(*asked), store.often(*asked)
        later = note_later(session, scope)
    title = say("Fairness: {programme}", programme=scope.code)
    notes = (
        *span_notes(scope),
        say("Residents are those of the eligibility lists; one of several groups counts in each."),
    )
    tables = (
        Table(title, BY_GROUP, [*map(row_of, groups)], notes=notes, key="by_group"),
        Table(
            say("By the district of residents"),
            BY_DISTRICT,
            [*map(row_of, districts)],
            key="by_district",
            optional=True,
            bars="claim_rate",
        ),
        Table(
            say("Chances in lotteries"),
            DRAWS,
            chances_of(drawn, whole_of(drawn)),
            key="lotteries",
            optional=True,
            notes=(
                say(
                    "95 %: Wilson's interval. Of twenty districts one lies outside by chance alone."
                ),
            ),
        ),
    )
    data = {
        **scope.about(),
        "rounds": scope.codes(),
        "tried_often": often.applicants,
        "never_won": often.never,
    }
    return Outcome(data, tables, (*_say_often(often), *later))


def row_of(of_key: Eligible) -> dict[str, Any]:
    """The row of a group or district."""
    return {
        **of_key._asdict(),
        "claim_rate": leverage.rate(of_key.claimers, of_key.eligible),
        "each_fen": money.half_up(of_key.subsidy_fen, of_key.eligible),
    }


def whole_of(drawn: list[Drawn]) -> dict[str, tuple[int, int]]:
    """Winners and applicants of each round."""
    whole: dict[str, tuple[int, int]] = {}
    for each in drawn:
        winners, applicants = whole.get(each.round, (0, 0))
        whole[each.round] = winners + each.winners, applicants + each.applicants
    return whole


def chances_of(
    drawn: Sequence[Drawn], whole: Mapping[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    """The chance of each district beside that of its whole round."""
    rows = []
    for each in drawn:
        winners, applicants = whole[each.round]
        interval = intervals.wilson(each.winners, each.applicants)
        assert interval is not None  # nobody applied from nowhere
        is_like = intervals.holds(interval, winners, applicants)
        rows.append(
            {
                **each._asdict(),
                "win_rate": leverage.rate(each.winners, each.applicants),
                **interval._asdict(),
                "is_like_all": "yes" if is_like else "no",
            }
        )
    return rows


def _say_often(often: Often) -> tuple[Message, ...]:
    if not often.applicants:
        return ()
    return (
        say(
            "{never:,} of {applicants:,} residents who applied in two rounds or more never got a"
            " pack",
            never=often.never,
            applicants=often.applicants,
        ),
    )
