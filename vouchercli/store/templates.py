"""Templates and their versions as they are kept: a version never changes."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError, closest
from vouchercli.rules import templates as rules
from vouchercli.rules.coupons import full_base_fen

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.templates import Template

    Row = sqlite3.Row

LATEST = "SELECT * FROM templates WHERE template = ? ORDER BY version DESC LIMIT 1"
VERSION = "SELECT * FROM templates WHERE template = ? AND version = ?"
VERSIONS = "SELECT * FROM templates WHERE template = ? ORDER BY version"
CODES = "SELECT DISTINCT template FROM templates ORDER BY template"
LISTED = """
SELECT t.*, (SELECT count(*) FROM rounds r JOIN templates v USING (template_id)
    WHERE v.template = t.template) AS rounds
FROM templates t WHERE version = (SELECT max(version) FROM templates l
    WHERE l.template = t.template) ORDER BY template
"""
NAME_OF = "SELECT template || '@' || version FROM templates WHERE template_id = ?"
ROUNDS = "SELECT round FROM rounds WHERE template_id = ? ORDER BY opens_at, round_id"


def named(db: sqlite3.Connection, template: str, version: int | None = None) -> Row:
    """That version of the template, or its latest. Raises `unknown_template`, `unknown_version`."""
    row = find(db, template, version)
    if row is not None:
        return row
    latest = find(db, template)
    if latest is not None:
        raise VoucherError(
            "unknown_version",
            "template {template} has no version {version}; its latest is {latest}",
            hint="voucher template history {template}",
            template=template,
            version=version,
            latest=latest["version"],
        )
    near = closest(template, codes(db))
    raise VoucherError(
        "unknown_template",
        "there is no template {template}; did you mean {near}?"
        if near
        else "there is no template {template}",
        hint="voucher template list" if near else "voucher template list --shipped",
        template=template,
        near=near,
    )


def referenced(db: sqlite3.Connection, text: str) -> Row:
    """`CODE` (its newest version) or `CODE@VERSION`. Raises `bad_version`, `unknown_template`,
    `unknown_version`.
    """
    code, at, version = text.partition("@")
    if at and not (version.isascii() and version.isdigit()):
        raise UsageFault(
            "bad_version",
            "{text} does not name a version",
            hint="write it like {code}@1",
            text=text,
            code=code,
        )
    return named(db, code, int(version) if at else None)


def find(db: sqlite3.Connection, template: str, version: int | None = None) -> Row | None:
    """That version of the template, or its latest; None when there is none."""
    statement, values = (LATEST, (template,)) if version is None else (VERSION, (template, version))
    row: Row | None = db.execute(statement, values).fetchone()
    return row


def versions(db: sqlite3.Connection, template: str) -> list[Row]:
    """Every version of the template, the first one first. Raises `unknown_template`."""
    named(db, template)
    return db.execute(VERSIONS, (template,)).fetchall()


def codes(db: sqlite3.Connection) -> list[str]:
    """The codes of all templates."""
    return [row["template"] for row in db.execute(CODES)]


def list_latest(db: sqlite3.Connection) -> list[Row]:
    """The latest version of every template, with `rounds`: how many rounds use any version of
    it.
    """
    return db.execute(LISTED).fetchall()


def name_of(db: sqlite3.Connection, template_id: int | None) -> str | None:
    """A version as it is written, `pack@2`; None where there is none of that number."""
    row = db.execute(NAME_OF, (template_id,)).fetchone()
    return None if row is None else str(row[0])


def rounds(db: sqlite3.Connection, template_id: int) -> list[str]:
    """The rounds that use this version."""
    return [row["round"] for row in db.execute(ROUNDS, (template_id,))]


def value(row: Row) -> Template:
    """The template as the rules know it."""
    return read(row["document"])


def of_round(row: Row) -> Template:
    """The template of a round, from a row with its document and the round's `opens_at`."""
    return rules.of_round(value(row), row["opens_at"])


@lru_cache(maxsize=64)
def read(text: str) -> Template:
    """A template's document, as it is kept, as the rules know it."""
    template, faults = rules.read(json.loads(text))
    assert template is not None, faults  # it had no fault when it was added
    return template


def document(row: Row) -> Any:
    """The template as its file said it."""
    return json.loads(row["document"])


# ---------------------------------------------------------------- writing

SAVE = """
INSERT INTO templates (template, version, digest, document, pack_value_fen, floor_spend_fen,
    coupons, added_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING template_id
"""
SAVE_COUPON = """
INSERT INTO coupons (template_id, coupon_no, coupon, kind, denomination_fen, threshold_fen,
    percent_bp, full_base_fen, most_base_fen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def save(db: sqlite3.Connection, template: Template, document: Any, digest: str, at: int) -> Row:
    """Keep a new version with its coupons, or find that its latest version says the same; gives the
    row either way.
    """
    latest = find(db, template.template)
    if latest is not None and value(latest) == template:
        return latest
    version = latest["version"] + 1 if latest is not None else 1
    template_id = db.execute(
        SAVE,
        (
            template.template,
            version,
            digest,
            json.dumps(document, ensure_ascii=False),
            rules.pack_value_fen(template),
            rules.floor_spend_fen(template),
            len(template.coupons),
            at,
        ),
    ).fetchone()[0]
    db.executemany(
        SAVE_COUPON,
        [
            (
                template_id,
                c.coupon_no,
                c.coupon,
                c.kind,
                c.denomination_fen,
                c.threshold_fen,
                c.percent_bp,
                full_base_fen(c),
                c.most_base_fen,
            )
            for c in template.coupons
        ],
    )
    return named(db, template.template, version)
