"""Who belongs together in a round: `rules.persons` kept up to date as applications come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import persons as law
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

PERSON = "SELECT person FROM persons WHERE round_id = ? AND resident = ?"
MOVE = "UPDATE persons SET person = ? WHERE round_id = ? AND person = ?"
ADD = (
    "INSERT INTO persons (round_id, resident, person) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
    " person = excluded.person"
)
FORGET = "DELETE FROM persons WHERE round_id = ?"
RESIDENTS = "SELECT resident FROM persons WHERE round_id = ? AND person = ?"
ALL = "SELECT resident, person FROM persons WHERE round_id = ?"


def join(db: sqlite3.Connection, round_id: int, links: Iterable[tuple[bytes, bytes]]) -> None:
    """Make one person of every two residents that are linked, and of all that were joined to either
    before.
    """
    pairs = list(links)
    known = {resident: person_of(db, round_id, resident) for pair in pairs for resident in pair}
    now = law.join([*pairs, *known.items()])
    for person in {*known.values()}:
        if now[person] != person:
            db.execute(MOVE, (now[person], round_id, person))
    db.executemany(ADD, [(round_id, resident, person) for resident, person in now.items()])


def forget(db: sqlite3.Connection, round_id: int) -> None:
    """Nobody of the round belongs together any more: it is about to be found anew."""
    db.execute(FORGET, (round_id,))


def person_of(db: sqlite3.Connection, round_id: int, resident: bytes) -> bytes:
    """The person that the resident is in this round: itself when nothing joins it to another."""
    row = db.execute(PERSON, (round_id, resident)).fetchone()
    return bytes(row["person"]) if row else resident


def residents_of(db: sqlite3.Connection, round_id: int, person: bytes) -> list[bytes]:
    """All residents that are that person in this round."""
    return typed.column(db, RESIDENTS, (round_id, person)) or [person]


def all_joined(db: sqlite3.Connection, round_id: int) -> dict[bytes, bytes]:
    """resident -> person for every resident of the round who is joined to another."""
    return dict(typed.tuples(db, ALL, (round_id,)))
