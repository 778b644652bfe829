"""report forecasts: what was said of rounds before they opened, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.forecasting import figures, past_rounds, settling_days
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.result import JSON, SHOWN, Column, Figure, Outcome, Table, Word, say
from vouchercli.rules import forecasts as law
from vouchercli.rules import leverage
from vouchercli.rules.forecasts import Next, Replay
from vouchercli.store import forecasts, plans, programmes, rounds
from vouchercli.store.db import reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from vouchercli.session import Session
    from vouchercli.store.forecasts import Kept

    Row = dict[str, Any]

# Why a forecast is not in the shares of hits.
NOT_COUNTED = {
    "": Word("yes"),
    "replaced": Word("a later one does"),
    "other_terms": Word("terms changed"),
    "after_opening": Word("entered too late"),
    "no_chance": Word("no chance said"),
    "not_known_yet": Word("not yet"),
}
HITS = {True: Word("within"), False: Word("not within"), None: Word("not yet")}
ABOUT = (
    Column("round", "round"),
    Column("line", "log line", "int"),
    Column("what", "what", "word", where=SHOWN),
)
FORECASTS = (
    *ABOUT,
    Column("low_shown", "lowest", "figure", where=SHOWN),
    Column("high_shown", "highest", "figure", where=SHOWN),
    Column("came_shown", "came", "figure", where=SHOWN),
    Column("hit_said", "range", "word", where=SHOWN),
    Column("counts_said", "counts", "word", where=SHOWN),
)
FOR_PROGRAMS = (
    *(Column(key) for key in ("round", "line")),
    Column("made_at", kind="time"),
    *(
        Column(key)
        for key in ("actor", "figure", "rounds", "chance", "low", "high", "came", "hit", "why_not")
    ),
)
SHARES = (
    Column("what", "what", "word", where=SHOWN),
    Column("figure", where=JSON),
    Column("forecasts", "forecasts", "int"),
    Column("hits", "within", "int"),
    Column("share", "share within", "rate"),
    Column("said", "share that was said", "rate"),
)


def report_forecasts(session: Session, *, only: Sequence[str] = ()) -> Outcome:
    """Every forecast of the programme's rounds (or of some) beside what came; of each round the
    last one before its opening counts. Raises `unknown_round`.
    """
    with reading(session):
        programme = programmes.current(session.db, session.programme)
        for code in only:
            rounds.named(session.db, programme["programme_id"], code)
        kept = [
            each
            for each in forecasts.kept(session.db, programme["programme_id"])
            if not only or each.round in only
        ]
        rows = [
            row
            for code in dict.fromkeys(each.round for each in kept)
            for row in _of_round(session, [each for each in kept if each.round == code])
        ]
    title = say("Forecasts and what came: {programme}", programme=programme["programme"])
    notes = (
        say(
            "Of each round its last forecast before the opening counts, under the terms that it"
            " had; vouchers and money are known when the last voucher has ended."
        ),
    )
    zone = programme["time_zone"]
    return Outcome(
        {"programme": programme["programme"]},
        (
            Table(title, FORECASTS, rows, notes=notes, zone=zone, where=SHOWN),
            Table(title, FOR_PROGRAMS, rows, zone=zone, key="forecasts", where=JSON),
            _tabulate_shares(rows),
        ),
        says=() if rows else (say("no forecast yet; next: voucher round rehearse CODE"),),
    )


def _tabulate_shares(rows: list[Row]) -> Table:
    scored = [
        {"what": each.label, "figure": each.key, **_score(_counted(rows, each.key))}
        for each in figures.FIGURES
    ]
    every = [pair for each in figures.FIGURES for pair in _counted(rows, each.key)]
    return Table(
        say("Share within the range, against what was said"),
        SHARES,
        [row for row in scored if row["forecasts"]],
        {"what": Word("total"), "figure": None, **_score(every)},
        notes=(
            say(
                "Figures of one round go together: many of one round are no more proof than a few."
            ),
        ),
        key="shares",
        total_key="shares_total",
    )


def _counted(rows: list[Row], figure: str) -> list[tuple[int, bool]]:
    return [
        (row["rounds"], row["hit"])
        for row in rows
        if row["figure"] == figure and row["why_not"] == ""
    ]


def _score(scored: list[tuple[int, bool]]) -> Row:
    found = law.score(scored)
    said, share = found.expected, found.share
    return {
        "forecasts": found.forecasts,
        "hits": found.hits,
        "share": None if share is None else leverage.rate(share.numerator, share.denominator),
        "said": None if said is None else leverage.rate(said.numerator, said.denominator),
    }


# ---------------------------------------------------------------- one round


def _of_round(session: Session, kept: list[Kept]) -> Iterator[Row]:
    """The rows of all forecasts of one round."""
    current = look_up(session, kept[0].round)
    row = current.row
    came = _came(session.db, session.now, row, settling_days.of_round(current))
    before = [each for each in kept if each.at < row["opens_at"]]
    last = before[-1].line if before else None
    for each in kept:
        said = each.said
        is_same = all(said[key] == row[key] for key in ("mode", "packs")) and (
            said["template"] == row["pinned"]
        )
        is_late = each.at >= row["opens_at"] or (
            each.entered_at >= row["opens_at"] and not session.is_rehearsal
        )
        why_not = (
            "after_opening"
            if is_late
            else "replaced"
            if each.line != last
            else ""
            if is_same
            else "other_terms"
        )
        for key in figures.BY_KEY:
            found = said["figures"].get(key)
            if found is not None:
                yield _row(each, key, found, came.get(key), why_not)


def _row(kept: Kept, key: str, found: Row, came: int | None, why_not: str) -> Row:
    hit = None if came is None else found["low"] <= came <= found["high"]
    if not why_not and law.chance(found["rounds"]) is None:
        why_not = "no_chance"
    elif not why_not and hit is None:
        why_not = "not_known_yet"
    figure = figures.BY_KEY[key]
    return {
        "round": kept.round,
        "line": kept.line,
        "made_at": kept.at,
        "actor": kept.actor,
        "what": figure.label,
        "figure": key,
        "rounds": found["rounds"],
        "chance": figures.chance_of(found["rounds"]),
        "low": found["low"],
        "high": found["high"],
        "came": came,
        "hit": hit,
        "why_not": why_not,
        "low_shown": Figure(figure.kind, found["low"]),
        "high_shown": Figure(figure.kind, found["high"]),
        "came_shown": Figure(figure.kind, came),
        "hit_said": HITS[hit],
        "counts_said": NOT_COUNTED[why_not],
    }


def _came(
    db: sqlite3.Connection, now: int, row: sqlite3.Row, paid_on: figures.PaidOn
) -> dict[str, int]:
    """What came of a round, by figure: what is final by now. It is the round in its own place."""
    found = next((each for each in plans.past(db, 0) if each.round_id == row["round_id"]), None)
    if found is None:
        return {}
    past = past_rounds.replayed(db, found, forecasts.terms(db)[found.round_id], now)
    own = Next(found.mode, found.packs, past.window, past.coupons, past.face_fen)
    said = figures.said_by(Replay(past, own), paid_on)
    return {
        figure.key: said[figure.key].low
        for figure in figures.of_mode(found.mode)
        if past.is_over or not figure.is_late
    }
