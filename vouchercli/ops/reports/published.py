"""What others published of a programme, beside ours where it is of the same moment and rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.dimensions import has_claims
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.measures import columns
from vouchercli.ops.reports.spans import moment
from vouchercli.result import JSON, SCREEN, SHOWN, Column, Table, only, say
from vouchercli.rules import leverage as law
from vouchercli.rules.leverage import Sums
from vouchercli.store import programmes

if TYPE_CHECKING:
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.ops.reports.specs import Answer
    from vouchercli.rules.published import Published
    from vouchercli.session import Session

    Rows = list[dict[str, Any]]

FIGURES = (*columns("subsidy_fen", "base_fen", "gross"), Column("source", "Source"))
# What JSON has besides.
MORE = only(
    JSON,
    "what",
    Column("as_of", "", "time", source="as_of_at"),
    "rounds",
    "issued_fen",
    Column("own_spend", source="own"),
    "ours",
)


def beside(session: Session, answer: Answer) -> tuple[Table, ...]:
    """The published figures that fit what is asked; for people only beside keys that have claims
    of their own.
    """
    figures = _fitting(session, answer.scope)
    return (_table(answer, figures),)


def _table(answer: Answer, figures: Rows) -> Table:
    scope = answer.scope
    shown = (
        Column("about", "About", where=SHOWN),
        *FIGURES[:-1],
        Column("ours_gross", "Our G", "ratio", optional=True, where=SHOWN),
        FIGURES[-1],
    )
    rows = tuple(
        figure
        | {"about": _about(figure, scope.zone), "ours_gross": (figure["ours"] or {}).get("gross")}
        for figure in figures
    )
    notes = [say("Printed by others, not computed here and never added to our figures.")]
    if answer.gathered.groups and not any(figure["ours"] for figure in figures):
        notes.append(say("To see ours beside one of them, give its moment with --as-of."))
    return Table(
        say("Published figures"),
        (*(shown if has_claims(answer.by) else only(JSON, *FIGURES)), *MORE),
        rows,
        notes=tuple(notes),
        zone=scope.zone,
        where=(*SCREEN, *JSON),
        key="published",
        optional=True,
    )


def _about(figure: dict[str, Any], zone: str) -> str:
    """`2020-04-06 16:00, hz-1 + hz-2`, or what the source says it is about."""
    when = moment(figure["as_of_at"], zone) if figure["as_of_at"] is not None else ""
    about = " + ".join(figure["rounds"]) or figure["what"]
    return ", ".join(part for part in (when, about) if part)


def _fitting(session: Session, scope: Scope) -> Rows:
    """The published figures that fit: of this very moment if there are any, else all up to it; of
    rounds in the scope.
    """
    if scope.since is not None or scope.known is not None:  # what is published changes
        return []
    fitting = [
        figure
        for figure in programmes.published(session.db, scope.programme["programme_id"])
        if (scope.is_all or (figure.rounds and set(figure.rounds) <= {*scope.codes()}))
        and (
            scope.as_of is None
            or (figure.as_of_at is not None and figure.as_of_at - 1 <= scope.as_of)
        )
    ]
    same = [figure for figure in fitting if _is_of(figure, scope.as_of)]
    by_round = sums_by_key(session, "round", scope) if same else {}
    return [_figure(scope, figure, by_round) for figure in same or fitting]


def _is_of(figure: Published, as_of: int | None) -> bool:
    """Whether both are of one moment; a day's 24:00 and its last second are the same."""
    return (
        as_of is not None and figure.as_of_at is not None and as_of <= figure.as_of_at <= as_of + 1
    )


def _figure(scope: Scope, figure: Published, by_round: dict[str, Sums]) -> dict[str, Any]:
    our_figures = None
    if _is_of(figure, scope.as_of) and set(figure.rounds) <= {*scope.codes()}:
        sums = law.pooled(by_round.get(code, Sums()) for code in figure.rounds or by_round)
        our_figures = {
            "subsidy_fen": sums.public_fen,
            "base_fen": sums.base_fen,
            "gross": sums.gross,
            "own_spend": sums.own_spend,
        }
    return {**figure._asdict(), "rounds": list(figure.rounds), "ours": our_figures}
