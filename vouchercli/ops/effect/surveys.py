"""What people say they spent more: the survey of a round, beside what comparisons give."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from vouchercli.result import JSON, SHOWN, Column, Table, only, say
from vouchercli.rules import surveys as law
from vouchercli.store import effects as store

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import RoundAtHand

SURVEY = (
    Column("answers", "Answers", "int"),
    Column("used_fen", "Vouchers used", "fen"),
    Column("ordinary_fen", "Ordinary", "fen"),
    Column("voucher_fen", "Extra by voucher", "fen"),
    Column("own_fen", "Extra of own money", "fen"),
    Column("effect", "Extra of used", "rate"),
    Column("low", "from", "rate"),
    Column("high", "to", "rate"),
    Column("no_interval_words", "Why no interval", "word", optional=True, where=SHOWN),
    *only(JSON, "no_interval"),
    Column("source", "Source"),
    *only(JSON, "file", "sha256"),
)


NOTES = (
    say(
        "What people say of themselves: (extra by voucher + extra of own money) / vouchers"
        " used. It is no comparison with people without vouchers."
    ),
)


def of_round(db: sqlite3.Connection, round_id: int) -> law.Surveyed:
    """What the survey of a round says."""
    return law.additional(
        law.Said(each.stratum, Fraction(each.weight), *each[2:])
        for each in store.answers(db, round_id)
    )


def table_of(db: sqlite3.Connection, current: RoundAtHand) -> tuple[Table, ...]:
    """The survey of a round as a table; nothing where there is none."""
    file = store.newest_answers(db, current.round_id)
    if file is None:
        return ()
    said = of_round(db, current.round_id)
    row = said._asdict() | {"source": file.source, "file": file.file, "sha256": file.sha256}
    row["no_interval_words"] = law.REASONS[said.no_interval] if said.no_interval else None
    return (
        Table(
            say("Survey on {round}", round=current.code),
            SURVEY,
            [row],
            notes=NOTES,
            key="survey",
            is_record=True,
        ),
    )
