"""What Datasette shows beside a file of published tables: titles and meanings in Chinese and
English (its `metadata.json`, read by 0.65 and 1.0 alike).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vouchercli.publications import Both, OpenTable, Publication


def metadata(publication: Publication, database: str) -> bytes:
    """The metadata of a file that is opened as the database of that name."""
    tables: dict[str, Any] = {"words": {"hidden": True}}
    for table in publication.tables:
        tables[table.name] = {**_described(table, None), "hidden": True}
        for language in ("zh", "en"):
            tables[getattr(table.title, language)] = _described(table, language)
    about = {"title": str(publication.title), "description": str(publication.meaning)}
    content = {**about, "databases": {database: {**about, "tables": tables}}}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _described(table: OpenTable, language: str | None) -> dict[str, Any]:
    """A table (language None) or a view in a language: what it is, its columns, how it sorts."""

    def said(text: Both) -> str:
        return str(text if language is None else getattr(text, language))

    heads = [each.name if language is None else said(each.title) for each in table.fields]
    meanings = [said(each.meaning) for each in table.fields]
    return {
        "title": str(table.title),
        "description": said(table.meaning),
        "columns": dict(zip(heads, meanings, strict=True)),
        "sortable_columns": heads,
    }
