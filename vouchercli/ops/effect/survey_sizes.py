"""effect survey-size: how many people a survey must ask, so that what it says is sure enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops import amounts
from vouchercli.ops.effect import surveys
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.result import JSON, SHOWN, Column, Outcome, Table, Word, say
from vouchercli.rules import surveys as law
from vouchercli.store import effects as store
from vouchercli.store import rounds
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.session import Session

    Row = dict[str, Any]

SIZES = (
    Column("figure_words", "What is to be known", "word", where=SHOWN),
    Column("figure", where=JSON),
    Column("answers", "Answers", "int"),
    Column("asked", "To be asked", "int"),
)
FIGURES = {
    "people": Word("a share of people"),
    "money": Word("extra of used"),
}
WHOLE = 10_000  # basis points


def size(session: Session, code: str, margin: str, answering: str) -> Outcome:
    """How many of a round's people must answer, and be asked, for a margin (per cent, either way,
    95 times in 100) where a share of those asked answers. Raises `bad_percentage`.
    """
    margin_bp = amounts.read_percent("--margin", margin, 1, 5_000)
    answering_bp = amounts.read_percent("--answering", answering, 1, WHOLE)
    with reading(session):
        current = look_up(session, code)
        claimed = store.claimed(session.db, current.round_id)
        people = claimed or current.row["packs"]
        like, earlier = _earlier(session, current)
    needed = {"people": law.answers_for(margin_bp / WHOLE, people)}
    if earlier is not None:
        half = float(earlier.high or 0) - float(earlier.effect)
        needed["money"] = law.answers_like(earlier.answers, half, margin_bp / WHOLE, people)
    rows: list[Row] = [
        {
            "figure": figure,
            "figure_words": FIGURES[figure],
            "answers": answers,
            "asked": law.asked_for(answers, answering_bp),
        }
        for figure, answers in needed.items()
    ]
    data = {
        "round": current.code,
        "people": people,
        "have_claims": bool(claimed),
        "margin_bp": margin_bp,
        "answering_bp": answering_bp,
        "like": like,
    }
    title = say(
        "Survey on {round}: to within {margin} points, 95 times in 100",
        round=current.code,
        margin=amounts.percent(margin_bp),
    )
    notes = (*_notes(data), *_say_too_few(rows, people))
    return Outcome(data, (Table(title, SIZES, rows, notes=notes, key="sizes"),), says=(_next(),))


def _earlier(session: Session, current: RoundAtHand) -> tuple[str | None, law.Surveyed | None]:
    """The newest survey with an interval, of this round before others of the programme."""
    programme_id = current.row["programme_id"]
    codes = rounds.codes_by_id(session.db, programme_id)
    every = store.with_answers(session.db, programme_id)
    for round_id in sorted(every, key=lambda each: each != current.round_id):
        said = surveys.of_round(session.db, round_id)
        if said.high is not None:
            return codes[round_id], said
    return None, None


def _notes(data: Row) -> Iterator[Message]:
    if data["have_claims"]:
        yield say("{people:,} people have claims of {round}.", **_of(data, "people", "round"))
    else:
        yield say(
            "No claims yet: {people:,} packs are as many people at most.", people=data["people"]
        )
    yield say(
        "Of those asked {answering} % answer. Whoever does not may think otherwise: no number of"
        " answers mends that.",
        answering=amounts.percent(data["answering_bp"]),
    )
    if data["like"]:
        yield say("Extra of used: if answers differ as those on {round} do.", round=data["like"])
    else:
        yield say(
            "How sure the share of money will be is not known before a first survey: its interval"
            " says it."
        )


def _of(data: Row, *names: str) -> Row:
    return {name: data[name] for name in names}


def _say_too_few(rows: list[Row], people: int) -> Iterator[Message]:
    if any(each["asked"] > people for each in rows):
        yield say("More than there are: ask everybody, and expect a wider margin.")


def _next() -> Message:
    return say("next: voucher effect blank --survey --to survey.xlsx")
