"""Published tables as a Frictionless data package: a file for each table, and `datapackage.json`,
which says in Chinese and English what every column is. Source: Data Package 1.0, Table Schema 1.0.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vouchercli.publications import Field, OpenTable, Publication

FORMATS = ("csv", "parquet")
TYPES = {
    "count": "integer",
    "yuan": "number",
    "ratio": "number",
    "rate": "number",
    "day": "date",
    "time": "datetime",
}
TIME = "%Y-%m-%d %H:%M:%S"
DECIMALS = {"count": 0, "yuan": 2, "ratio": 4, "rate": 4}


def files(publication: Publication, form: str) -> dict[str, bytes]:
    """The files of the package, by their path in it, with the tables as csv or parquet. Raises
    `VoucherError` library_missing.
    """
    write = _csv if form == "csv" else _parquet
    tables = {f"data/{each.name}.{form}": write(each) for each in publication.tables}
    content = {
        "profile": "data-package",
        "name": _slug(publication.code),
        "title": str(publication.title),
        "description": str(publication.meaning),
        "resources": [_resource(each, form) for each in publication.tables],
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return {"datapackage.json": text.encode(), **tables}


def _slug(code: str) -> str:
    """A name as packages have it: small letters, digits, points and dashes."""
    kept = "".join(each if each.isascii() and each.isalnum() else "-" for each in code.lower())
    return kept.strip("-") or "vouchers"


def _resource(table: OpenTable, form: str) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(each, is_key=each.name in table.key) for each in table.fields],
        "primaryKey": [*table.key],
        "missingValues": [""],
    }
    if "round" in table.key and table.name != "rounds":
        rounds = {"resource": "rounds", "fields": ["round"]}
        schema["foreignKeys"] = [{"fields": ["round"], "reference": rounds}]
    about = {"name": table.name, "title": str(table.title), "description": str(table.meaning)}
    how = {"path": f"data/{table.name}.{form}", "format": form}
    if form == "csv":
        how |= {"profile": "tabular-data-resource", "mediatype": "text/csv", "encoding": "utf-8"}
    return {**about, **how, "schema": schema}


def _field(field: Field, *, is_key: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": field.name,
        "type": TYPES.get(field.shape, "string"),
        "title": str(field.title),
        "description": "; ".join(
            [str(field.meaning), *(f"{code}: {words}" for code, words in field.words.items())]
        ),
    }
    if field.shape == "time":
        said["format"] = TIME
    if is_key:
        said["constraints"] = {"required": True}
    return said


def _value(field: Field, value: Any) -> Any:
    """An amount in yuan, a ratio as the decimal number that it is."""
    if value is None or field.shape not in DECIMALS:
        return value  # not there, or a text
    return Decimal(value).scaleb(-2) if field.shape == "yuan" else Decimal(value)


def _values(table: OpenTable) -> list[list[Any]]:
    return [
        [_value(field, each) for field, each in zip(table.fields, row, strict=True)]
        for row in table.rows
    ]


def _csv(table: OpenTable) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(each.name for each in table.fields)
    writer.writerows(_values(table))
    return text.getvalue().encode()


def _parquet(table: OpenTable) -> bytes:
    from vouchercli.formats.written.parquet_tables import written

    return written(table.fields, _values(table), DECIMALS)
