"""Published tables as an SQLite file of their own: the tables as programs want them, and over each
a view in Chinese and one in English, with words for codes. No BLOB, no epoch seconds, no fen.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.publications import Field, OpenTable, Publication

TYPES = {"count": "INTEGER", "yuan": "REAL", "ratio": "REAL", "rate": "REAL"}
WORDS = """
CREATE TABLE words (field TEXT, code TEXT, zh TEXT, en TEXT, PRIMARY KEY (field, code)) STRICT
"""
WORD = """
coalesce((SELECT w.{language} FROM words w WHERE w.field = {field} AND w.code = t.{column}),
    t.{column})
"""


def written(publication: Publication) -> bytes:
    """The file, the same for the same tables."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute(WORDS)
        db.executemany(
            "INSERT INTO words VALUES (?, ?, ?, ?)",
            ((name, code, *words) for name, code, words in publication.words()),
        )
        for table in publication.tables:
            _write(db, table)
        return db.serialize()


def _write(db: sqlite3.Connection, table: OpenTable) -> None:
    columns = [" ".join((_name(each.name), TYPES.get(each.shape, "TEXT"))) for each in table.fields]
    key = "PRIMARY KEY (" + ", ".join(map(_name, table.key)) + ")"
    name = _name(table.name)
    db.execute(" ".join(("CREATE TABLE", name, "(", ", ".join([*columns, key]), ") STRICT")))
    marks = ", ".join("?" * len(columns))
    db.executemany(
        " ".join(("INSERT INTO", name, "VALUES (", marks, ")")), _values(table.fields, table.rows)
    )
    for language in ("zh", "en"):
        db.execute(_view(table, language))


def _values(fields: tuple[Field, ...], rows: list[tuple[Any, ...]]) -> Iterable[list[Any]]:
    for row in rows:
        yield [_value(each.shape, value) for each, value in zip(fields, row, strict=True)]


def _value(shape: str, value: Any) -> Any:
    if value is None:
        return None
    if shape == "yuan":
        return value / 100
    return float(value) if shape in ("ratio", "rate") else value


def _view(table: OpenTable, language: str) -> str:
    """The view in a language: its headings and words, the rows as they stand."""
    columns = [
        " ".join((_shown(each, language), "AS", _name(getattr(each.title, language))))
        for each in table.fields
    ]
    view = _name(getattr(table.title, language))
    return " ".join(
        ("CREATE VIEW", view, "AS SELECT", ", ".join(columns), "FROM", _name(table.name), "t")
    )


def _shown(field: Field, language: str) -> str:
    column = _name(field.name)
    if not field.words:
        return "t." + column
    return WORD.format(language=language, field="'" + field.name + "'", column=column)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
