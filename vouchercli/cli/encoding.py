"""JSON for a program, on one line: Python encodes it in C; long lists of like rows go column by
column, a block at a time.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1_000

dumps = json.JSONEncoder(ensure_ascii=False).encode


def pieces(document: Any) -> Iterator[str]:
    """The document as JSON, as `json.dumps` gives it, in pieces to be written one after the
    other.
    """
    if isinstance(document, dict):
        for place, (key, value) in enumerate(document.items()):
            yield f"{', ' if place else '{'}{dumps(key)}: "
            yield from pieces(value)
        yield "}" if document else "{}"
    elif isinstance(document, list) and len(document) > BLOCK and _are_alike(document):
        for start in range(0, len(document), BLOCK):
            yield (", " if start else "[") + ", ".join(_rows(document[start : start + BLOCK]))
        yield "]"
    else:
        yield dumps(document)


def _are_alike(rows: list[Any]) -> bool:
    """Whether all are dictionaries with the same keys in the same order."""
    keys = list(rows[0]) if isinstance(rows[0], dict) else []
    return bool(keys) and all(type(row) is dict and list(row) == keys for row in rows)


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    """Each row encoded: a text with a place for each value, and the values, encoded a column at a
    time.
    """
    columns = [_column([*map(itemgetter(key), rows)]) for key in rows[0]]
    shape = "{" + ", ".join(dumps(key).replace("%", "%%") + ": %s" for key in rows[0]) + "}"
    return [shape % values for values in zip(*columns, strict=True)]


def _column(values: list[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if kinds == {int}:
        return values  # printed as they are
    if kinds == {type(None)}:
        return ["null"] * len(values)
    return [*map(json.encoder.encode_basestring if kinds == {str} else dumps, values)]
