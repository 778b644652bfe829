"""The daily bulletin: each running round beside the one that opened before it, at the same hour of
the same day of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.scope import face_of
from vouchercli.result import JSON, SHOWN, Column, Figure, Table, Word, only, say
from vouchercli.rules import bulletins as law
from vouchercli.rules import leverage, times
from vouchercli.rules import series as changes
from vouchercli.store import uptake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Kind
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.reports import Round

# What is compared: on the day, then in all.
FIGURES: dict[str, tuple[Word, Kind]] = {
    "day_claimed": (Word("Day: claimed"), "int"),
    "claimed": (Word("Claimed"), "int"),
    "claim_rate": (Word("Claim rate"), "rate"),
    "day_redemptions": (Word("Day: redemptions"), "int"),
    "redemptions": (Word("Redemptions"), "int"),
    "used_of_claimed": (Word("Used of claimed"), "rate"),
    "subsidy_fen": (Word("Subsidy"), "fen"),
    "gross": (Word("G"), "ratio"),
}
COUNTED: tuple[Kind, ...] = ("int", "fen")  # their change is a share
COLUMNS = (
    Column("round", "Round"),
    Column("before", "Round before"),
    Column("figure", "Figure", "word"),
    Column("now", "Up to now", "figure"),
    Column("then", "At that hour", "figure"),
    Column("change", "Change", "change"),
)


class Moment(NamedTuple):
    """A round up to a moment, and from the beginning of that moment's day (UTC seconds)."""

    about: Round
    first_at: int
    until_at: int


def beside_before(session: Session, scope: Scope, first_at: int, end: int) -> list[dict[str, Any]]:
    """Each running round up to `end`, of a day that begins at `first_at`, beside the round before
    at the same hour: as many days after its opening day.
    """
    every = [*scope.rounds.values()]
    rows = []
    for each in every:
        earlier = _before(each, every)
        if earlier is None or each.state not in law.RUNNING:
            continue
        opened = (times.day_of(about.opens_at, scope.zone) for about in (each, earlier))
        one, other = (times.as_date(day) for day in opened)
        days = (one - other).days
        then = (times.add_days(at, -days, scope.zone) for at in (first_at, end))
        now = _figures(session, scope, Moment(each, first_at, end))
        before = _figures(session, scope, Moment(earlier, *then))
        rows.append(
            {
                "round": each.round,
                "before": earlier.round,
                **now,
                **{f"before_{key}": value for key, value in before.items()},
            }
        )
    return rows


def _before(about: Round, every: Sequence[Round]) -> Round | None:
    """The last round that opened earlier; of several at once the one of the same card pack."""
    earlier = [each for each in every if each.opens_at < about.opens_at]
    return max(
        earlier, key=lambda each: (each.opens_at, each.template == about.template), default=None
    )


def _figures(session: Session, scope: Scope, moment: Moment) -> dict[str, Any]:
    """What was claimed and used of a round by a moment, and on its day."""
    about = moment.about
    so_far = scope._replace(since=None, as_of=moment.until_at - 1, rounds={about.round_id: about})
    of_day = so_far._replace(since=moment.first_at)
    packs, day_packs = (_claimed(session, each, about) for each in (so_far, of_day))
    sums, day_sums = (_paid(session, each, about) for each in (so_far, of_day))
    return {
        "age_seconds": moment.until_at - about.opens_at,
        "day_claimed": day_packs,
        "claimed": packs,
        "claim_rate": leverage.rate(packs, about.packs),
        "day_redemptions": day_sums.vouchers,
        "redemptions": sums.vouchers,
        "used_of_claimed": leverage.used_of_claimed(sums, face_of(about, packs)),
        "subsidy_fen": sums.public_fen,
        "gross": sums.gross,
    }


def _claimed(session: Session, scope: Scope, about: Round) -> int:
    return uptake.claimed_packs(session.db, scope.window, scope.zone).get(about.round_id, 0)


def _paid(session: Session, scope: Scope, about: Round) -> Sums:
    return sums_by_key(session, "round", scope).get(about.round, leverage.Sums())


# ---------------------------------------------------------------- how it reads


def tables(rows: list[dict[str, Any]]) -> tuple[Table, ...]:
    """For people a line for each figure; for programs an object for each round."""
    keys = [*(rows[0] if rows else ())]
    title = say("Beside the round before, at the same hour of its day")
    note = say(
        "At that hour: as many days after the opening day of the round before, at the same hour."
    )
    lines = [*_lines(rows)]
    return (
        Table(title, COLUMNS, lines, notes=(note,), optional=True, where=SHOWN),
        Table(title, only(JSON, *keys), rows, key="beside_before", where=JSON),
    )


def _lines(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for key, (words, kind) in FIGURES.items():
            now, then = row[key], row[f"before_{key}"]
            yield {
                "round": row["round"],
                "before": row["before"],
                "figure": words,
                "now": Figure(kind, now),
                "then": Figure(kind, then),
                "change": changes.change(now, then) if kind in COUNTED else None,
            }
