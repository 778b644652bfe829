"""Whether documents that are kept with a digest or in the log are still what they were, and what
is made from them follows them: coupons, packs, funds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.rules import templates as rules
from vouchercli.rules.coupons import full_base_fen
from vouchercli.store import audit, programmes, templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.store.breaches import Breach

PROGRAMMES = "SELECT * FROM programmes"
TEMPLATES = "SELECT *, template || '@' || version AS code FROM templates"
COUPONS = """
SELECT coupon_no, coupon, kind, denomination_fen, threshold_fen, percent_bp, full_base_fen,
    most_base_fen
FROM coupons WHERE template_id = ? ORDER BY coupon_no
"""
# What a line put in place: a programme's change that only waits for more approvals does not count.
PUT_IN_PLACE = """
SELECT subject, json_extract(detail, '$.after') AS document FROM audit
WHERE deed IN ('programme.load', 'programme.approve', 'template.add')
    AND json_type(detail, '$.after.change') IS NULL
ORDER BY audit_id
"""


def documents_as_digested(
    db: sqlite3.Connection, digest: Callable[[Any], str]
) -> list[tuple[str, str, str]]:
    """Programmes and templates whose document is not the one of its digest."""
    return [
        (code, row["digest"][:12], digest(value)[:12])
        for code, row, value in _documents(db)
        if digest(value) != row["digest"]
    ]


def _documents(db: sqlite3.Connection) -> Iterator[tuple[str, Any, Any]]:
    for row in db.execute(PROGRAMMES).fetchall():
        yield row["programme"], row, programmes.value(row)
    for row in db.execute(TEMPLATES).fetchall():
        yield row["code"], row, templates.value(row)


def documents_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Programmes and templates that are not what the log put in place last."""
    logged = {row["subject"]: row["document"] for row in db.execute(PUT_IN_PLACE)}
    kept = {code: row["document"] for code, row, _ in _documents(db)}
    return [
        (code, _short(logged.get(code)), _short(kept.get(code)))
        for code in {**logged, **kept}
        if _plain(logged.get(code)) != audit.as_logged(_plain(kept.get(code)))
    ]


def _plain(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _short(text: str | None) -> str:
    return "nothing" if text is None else text[:60]


def documents_followed(db: sqlite3.Connection) -> list[Breach]:
    """Coupons and values of packs, funds and zones of programmes that their document says
    otherwise.
    """
    return [
        (f"{code} {what}", str(expected), str(found))
        for code, row, value in _documents(db)
        for what, expected, found in (
            _pack(db, row, value) if "template_id" in row.keys() else _funds(db, row, value)  # noqa: SIM118 # a row of SQLite has no other way
        )
        if expected != found
    ]


def _pack(db: sqlite3.Connection, row: Any, value: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "value", rules.pack_value_fen(value), row["pack_value_fen"]
    yield "floor", rules.floor_spend_fen(value), row["floor_spend_fen"]
    yield "vouchers", len(value.coupons), row["coupons"]
    expected = {
        c.coupon_no: (
            c.coupon,
            c.kind,
            c.denomination_fen,
            c.threshold_fen,
            c.percent_bp,
            full_base_fen(c),
            c.most_base_fen,
        )
        for c in value.coupons
    }
    found = {number: rest for number, *rest in db.execute(COUPONS, (row["template_id"],))}
    for number in sorted({*expected, *found}):
        yield f"coupon {number}", [*expected.get(number, ())], found.get(number, [])


def _funds(db: sqlite3.Connection, row: Any, value: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "time zone", value.time_zone, row["time_zone"]
    expected = {each.funder: [each.kind, each.amount_fen] for each in value.funders}
    found = {
        each["funder"]: [each["kind"], each["amount_fen"]]
        for each in programmes.funders(db, row["programme_id"])
    }
    for funder in {**expected, **found}:
        yield funder, expected.get(funder), found.get(funder)
