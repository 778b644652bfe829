"""What a face or a threshold does, as the city's own draws with two arms have shown."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Table, Word, say
from vouchercli.rules import elasticities as law
from vouchercli.rules.elasticities import Arm
from vouchercli.store import forecasts, plans

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.elasticities import Elasticity
    from vouchercli.store.forecasts import Drawn, Terms

FACE, THRESHOLD, BOTH = "face", "threshold", "both"
VARIED = {
    FACE: Word("face"),
    THRESHOLD: Word("threshold"),
    BOTH: Word("face and threshold"),
}
OUTCOMES = {
    "used": Word("vouchers used"),
    "base_fen": Word("order amounts"),
    "own_fen": Word("own payments"),
}
SHOWN = (
    Column("draw", "draw"),
    Column("arms", "arms"),
    Column("varied", "what differed", "word", shown="varied_said"),
    Column("outcome", "what came", "word", shown="outcome_said"),
    Column("elasticity", "percent by one percent"),
    Column("low", "95 %, from"),
    Column("high", "to"),
)


def list_shown(db: sqlite3.Connection, at: int) -> list[dict[str, Any]]:
    """What each draw with two arms has shown of each outcome, the last draw last; only of arms
    whose vouchers have all ended by `at`.
    """
    over = {each.round_id for each in plans.past(db, 0) if each.last_expires_at <= at}
    terms = forecasts.terms(db)
    rows: list[dict[str, Any]] = []
    for lead, arms in groupby(forecasts.arms(db), attrgetter("lead")):
        pair = [*arms]
        if len(pair) == 2 and all(each.round_id in over for each in pair):
            rows.extend(_compare(db, lead, pair, terms))
    return rows


def _compare(
    db: sqlite3.Connection, lead: str, pair: list[Drawn], terms: dict[int, Terms]
) -> list[dict[str, Any]]:
    packs = [terms[each.round_id] for each in pair]
    varied = _varied(*packs)
    if varied is None:
        return []
    doses = [each.floor_spend_fen if varied == THRESHOLD else each.pack_value_fen for each in packs]
    sums = [forecasts.of_winners(db, each.round_id) for each in pair]
    squares = {"used": "used_squares", "base_fen": "base_squares", "own_fen": "own_squares"}
    return [
        _row(
            lead,
            pair,
            varied,
            outcome,
            law.elasticity(
                *(
                    Arm(
                        dose,
                        each.winners,
                        getattr(found, outcome),
                        getattr(found, squares[outcome]),
                    )
                    for dose, each, found in zip(doses, pair, sums, strict=True)
                )
            ),
        )
        for outcome in OUTCOMES
    ]


def _varied(one: Terms, other: Terms) -> str | None:
    """What differs between two packs: the face of a pack, what must be spent, or both."""
    is_face = one.pack_value_fen != other.pack_value_fen
    is_threshold = one.floor_spend_fen != other.floor_spend_fen
    if is_face:
        return BOTH if is_threshold else FACE
    return THRESHOLD if is_threshold else None


def _row(
    lead: str, pair: list[Drawn], varied: str, outcome: str, found: Elasticity | None
) -> dict[str, Any]:
    return {
        "draw": lead,
        "arms": " / ".join(each.round for each in pair),
        "varied": varied,
        "varied_said": VARIED[varied],
        "outcome": outcome,
        "outcome_said": OUTCOMES[outcome],
        "elasticity": found.point if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
    }


def tabulate(rows: list[dict[str, Any]]) -> Table:
    """Tabulate what the draws have shown."""
    return Table(
        say("What the city's own draws with two arms have shown"),
        SHOWN,
        rows,
        notes=(
            say(
                "By winner, also those who claimed nothing: chance alone decided who is in which"
                " arm. Of the change that was drawn, not beyond it."
            ),
        ),
        key="elasticities",
        optional=True,
    )
