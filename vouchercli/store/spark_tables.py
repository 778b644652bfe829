"""How Spark is told of tables: their columns, and small ones written out in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.rules.lake import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def schema(columns: Mapping[str, str]) -> str:
    """The columns of a table as Spark names their types."""
    return ", ".join(f"`{name}` {_type(kind)}" for name, kind in columns.items())


def written(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with these rows as a question: Spark knows it where it plans, and needs no job to
    send it to its workers.
    """
    typed = ", ".join(
        f"CAST(`{name}` AS {_type(kind)}) AS `{name}`" for name, kind in columns.items()
    )
    names = ", ".join(f"`{name}`" for name in columns)
    some = [tuple(row) for row in rows] or [(None,) * len(columns)]
    values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in some)
    table = (values, "AS t(" + names + ")", *(() if rows else ("WHERE 1 = 0",)))
    return " ".join(("SELECT", typed, "FROM VALUES", *table))


def _type(kind: str) -> str:
    return "string" if kind == TEXT else "bigint"


def _literal(value: str | int | None) -> str:
    """As SQL of Spark has it: there a backslash is no plain character."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "NULL" if value is None else str(int(value))
