"""Plans of effect, the cells that platforms sent, answers of surveys."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.effects import Key, Moments
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.rules.effects import Plan
    from vouchercli.session import Session

ADD_PLAN = f"INSERT INTO effect_plans VALUES (NULL{', ?' * 6})"
PLAN = """
SELECT terms, sha256, sealed_by, sealed_at FROM effect_plans WHERE round_id = ?
ORDER BY plan_id DESC LIMIT 1
"""
KNOWN = """
SELECT file, imported_at FROM effect_files WHERE programme_id = ? AND kind = ? AND sha256 = ?
"""
ADD_FILE = f"INSERT INTO effect_files VALUES (NULL{', ?' * 9}) RETURNING file_id"
ADD_CELL = f"INSERT INTO effect_cells VALUES (?{', ?' * 16})"
ADD_ANSWER = f"INSERT INTO survey_answers VALUES (?{', ?' * 9})"
NEWEST = """
SELECT f.file_id, f.file, f.sha256, f.source, f.imported_at FROM effect_files f
WHERE f.file_id = (SELECT max(file_id) FROM {table} WHERE round_id = ?)
"""
NEWEST_CELLS = NEWEST.format(table="effect_cells")
NEWEST_ANSWERS = NEWEST.format(table="survey_answers")
CELLS = """
SELECT r.round, c.arm, c.arrival, c.week, c.stratum, c.n, c.y, c.yy, c.s, c.ss, c.sy, c.x, c.xx,
    c.xy, c.xs
FROM effect_cells c JOIN rounds r USING (round_id) WHERE c.round_id = ? AND c.file_id = ?
ORDER BY c.line
"""
ANSWERS = """
SELECT stratum, weight, answers, used_fen, ordinary_fen, voucher_fen, own_fen FROM survey_answers
WHERE round_id = ? AND file_id = ? ORDER BY line
"""
WITH_ANY = """
SELECT round_id FROM effect_plans UNION SELECT round_id FROM effect_cells
UNION SELECT round_id FROM survey_answers
"""


ROWS_OF = {
    "cells": "SELECT * FROM effect_cells WHERE file_id = ? ORDER BY line",
    "survey": "SELECT * FROM survey_answers WHERE file_id = ? ORDER BY line",
}


class Sealed(NamedTuple):
    """A plan as it was sealed."""

    terms: str
    sha256: str
    sealed_by: str
    sealed_at: int


class File(NamedTuple):
    """A file that somebody sent."""

    file_id: int
    file: str
    sha256: str
    source: str
    imported_at: int


class Answer(NamedTuple):
    """An answer, or sums of several; amounts in fen."""

    stratum: str
    weight: str
    answers: int
    used_fen: int
    ordinary_fen: int
    voucher_fen: int
    own_fen: int


def seal(session: Session, round_id: int, plan: Plan) -> None:
    """Keep a plan."""
    hand = (session.actor, session.os_user, session.now)
    session.db.execute(ADD_PLAN, (round_id, plan.text, plan.sha256, *hand))


def sealed(db: sqlite3.Connection, round_id: int) -> Sealed | None:
    """The plan that counts of a round: the last one before it opened."""
    return typed.row(db, Sealed, PLAN, (round_id,))


def known(
    db: sqlite3.Connection, programme_id: int, kind: str, sha256: str
) -> tuple[str, int] | None:
    """The name and the moment under which a file came in before."""
    return next(iter(typed.tuples(db, KNOWN, (programme_id, kind, sha256))), None)


def add_file(session: Session, programme_id: int, kind: str, *about: Any) -> int:
    """Keep that a file came in (name, digest, source, lines); gives its number."""
    hand = (session.actor, session.os_user, session.now)
    return typed.number(session.db, ADD_FILE, (programme_id, kind, *about, *hand))


def add_cells(
    db: sqlite3.Connection, file_id: int, cells: Iterable[tuple[int, int, Key, Moments]]
) -> None:
    """Keep cells: (line, round, key, moments)."""
    db.executemany(
        ADD_CELL,
        (
            (file_id, line, round_id, *key[1:], of.n, *(str(each) for each in of[1:]))
            for line, round_id, key, of in cells
        ),
    )


def add_answers(db: sqlite3.Connection, file_id: int, answers: Iterable[tuple[Any, ...]]) -> None:
    """Keep answers: (line, round, stratum, weight, answers, four amounts in fen)."""
    db.executemany(ADD_ANSWER, ((file_id, *each) for each in answers))


def digest(db: sqlite3.Connection, file_id: int, kind: str) -> str:
    """The SHA-256 of a file's rows as they are kept."""
    rows = typed.tuples(db, ROWS_OF[kind], (file_id,))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def newest_cells(db: sqlite3.Connection, round_id: int) -> File | None:
    """The file of cells that counts of a round."""
    return typed.row(db, File, NEWEST_CELLS, (round_id,))


def newest_answers(db: sqlite3.Connection, round_id: int) -> File | None:
    """The survey that counts of a round."""
    return typed.row(db, File, NEWEST_ANSWERS, (round_id,))


def cells(db: sqlite3.Connection, round_id: int) -> dict[Key, Moments]:
    """The cells of a round, of the file that counts."""
    file = newest_cells(db, round_id)
    rows = typed.tuples(db, CELLS, (round_id, file.file_id)) if file else []
    return {Key(*row[:5]): Moments(row[5], *map(Decimal, row[6:])) for row in rows}


def answers(db: sqlite3.Connection, round_id: int) -> list[Answer]:
    """The answers of the survey that counts of a round."""
    file = newest_answers(db, round_id)
    return typed.rows(db, Answer, ANSWERS, (round_id, file.file_id)) if file else []


def with_any(db: sqlite3.Connection) -> set[int]:
    """The rounds of which there is a plan, or anything that was sent."""
    return {*typed.column(db, WITH_ANY)}
