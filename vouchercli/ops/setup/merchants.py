"""Look at merchants. Registry files come in by `ops.intake.registries`, suspending is in
`ops.setup.suspensions`.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import fields
from vouchercli.result import Column, Message, Outcome, Table, Word, say
from vouchercli.rules import times
from vouchercli.store import merchants, suspensions
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

FIELDS = fields.FIELDS["merchants"]
LIST_COLUMNS = (
    Column("merchant_no", "Number"),
    Column("name", "Name"),
    Column("district", "District"),
    Column("industry", "Industry"),
    Column("size", "Size"),
    Column("state", "State", "word"),
)
LABELS = {
    "merchant_no": "Number",
    "name": "Name",
    "uscc": "Unified code",
    "district": "District",
    "industry": "Industry",
    "size": "Size",
    "address": "Address",
    "phone": "Telephone",
    "platform_no": "Platform's number",
    "account_name": "Account name",
    "account_no": "Account number",
    "bank": "Bank",
    "registry": "Registry",
}


def list_merchants(
    session: Session,
    *,
    district: str | None = None,
    industry: str | None = None,
    size: str | None = None,
    search: str | None = None,
    suspended: bool = False,
    unregistered: bool = False,
    limit: int = 0,
) -> Outcome:
    """The merchants that fit every condition given, by number; at most `limit` (0: all) are shown,
    all are counted.
    """
    rows = merchants.found(
        session.db,
        session.now,
        search,
        district=district,
        industry=industry,
        size=size,
        suspended=suspended,
        registered=0 if unregistered else None,
    )
    listed = [_described(row) for row in (rows[:limit] if limit else rows)]
    more = say(
        "{shown} of {count} merchants; --limit 0 shows all", shown=len(listed), count=len(rows)
    )
    says = (more,) if len(listed) < len(rows) else ()
    table = Table(say("{count} merchants", count=len(rows)), LIST_COLUMNS, tuple(listed))
    return Outcome(data={"count": len(rows), "merchants": listed}, tables=(table,), says=says)


def _described(row: sqlite3.Row) -> dict[str, Any]:
    """A merchant's own words, and its state: registered, unregistered or suspended."""
    state = (
        "suspended"
        if row["is_suspended"]
        else "registered"
        if row["is_registered"]
        else "unregistered"
    )
    about = {field: row[field] for field in FIELDS}
    return {
        **about,
        "registry": row["registry"],
        "is_registered": bool(row["is_registered"]),
        "state": state,
    }


def the_merchant(session: Session, no: str) -> sqlite3.Row:
    """The merchant of that number, ours or a platform's. Raises `unknown_merchant` with the nearest
    number.
    """
    row = merchants.named(session.db, no)
    if row is not None:
        return row
    near = get_close_matches(no, merchants.numbers(session.db), 1)
    if near:
        raise VoucherError(
            "unknown_merchant",
            "there is no merchant {merchant}; did you mean {near}?",
            hint="voucher merchant list --search {merchant}",
            merchant=no,
            near=near[0],
        )
    raise VoucherError(
        "unknown_merchant",
        "there is no merchant {merchant}",
        hint="voucher merchant list --search {merchant}",
        merchant=no,
    )


def show_merchant(session: Session, no: str) -> Outcome:
    """All that is known of a merchant: itself, what was redeemed there, its suspensions, its
    changes.
    """
    zone = zone_of(session.db, session.programme)
    row = the_merchant(session, no)
    stopped = [dict(each) for each in suspensions.of_merchant(session.db, row["merchant_id"])]
    now_stopped = any(
        each["from_at"] <= session.now
        and (each["until_at"] is None or session.now < each["until_at"])
        for each in stopped
    )
    about = _described({**dict(row), "is_suspended": now_stopped})  # type: ignore[arg-type]
    totals = [dict(each) for each in merchants.totals(session.db, row["merchant_id"])]
    changed = [
        change
        for each in merchants.changes(session.db, row["merchant_id"])
        for change in _changes(each)
    ]
    data = {
        **about,
        "totals": totals,
        "suspensions": [_suspension(each, zone) for each in stopped],
        "changes": [{**each, "at": times.iso(each["at"], zone)} for each in changed],
    }
    tables = (
        _about_table(about),
        *_totals_table(totals),
        *_suspensions_table(stopped, zone),
        *_changes_table(changed, zone),
    )
    return Outcome(data=data, tables=tables)


def _suspension(row: dict[str, Any], zone: str) -> dict[str, Any]:
    """A suspension as JSON has it."""
    until = times.iso(row["until_at"], zone) if row["until_at"] is not None else None
    return {
        "from_at": times.iso(row["from_at"], zone),
        "until_at": until,
        "reason": row["reason"],
        "actor": row["actor"],
    }


def _changes(row: sqlite3.Row) -> list[dict[str, Any]]:
    """One line for each value that a batch changed; one line, without a value, when it added the
    merchant.
    """
    about = {"batch": row["batch_id"], "at": row["imported_at"]}
    if not row["before"]:
        return [{**about, "field": "added", "before": "", "after": ""}]
    before, after = json.loads(row["before"]), json.loads(row["after"])
    changed = [field for field in (*FIELDS, "registry") if before[field] != after[field]]
    return [
        {**about, "field": field, "before": before[field], "after": after[field]}
        for field in changed
    ]


def _about_table(about: dict[str, Any]) -> Table:
    rows = tuple(
        {"what": label, "value": about[field]} for field, label in LABELS.items() if about[field]
    )
    title = say(
        "Merchant {merchant}: {state}", merchant=about["merchant_no"], state=Word(about["state"])
    )
    return Table(title, (Column("what", "What", "word"), Column("value", "Value")), rows)


def _totals_table(totals: list[dict[str, Any]]) -> tuple[Table, ...]:
    if not totals:
        return ()
    columns = (
        Column("round", "Round"),
        Column("redemptions", "Redemptions", "int"),
        Column("base_fen", "Base", "fen"),
        Column("subsidy_fen", "Subsidy", "fen"),
        Column("platform_fen", "Platform", "fen"),
        Column("match_fen", "Match", "fen"),
    )
    total = {column.key: sum(row[column.key] for row in totals) for column in columns[1:]}
    return (
        Table(
            say("Redeemed here, net of refunds"),
            columns,
            tuple(totals),
            total={"round": "", **total},
        ),
    )


def _suspensions_table(stopped: list[dict[str, Any]], zone: str) -> tuple[Table, ...]:
    if not stopped:
        return ()
    columns = (
        Column("from_at", "From", "time"),
        Column("until_at", "Until", "time"),
        Column("reason", "Reason"),
        Column("actor", "By"),
    )
    rows = tuple({**each, "reason": _why(each)} for each in stopped)
    return (Table(say("Suspensions"), columns, rows, zone=zone),)


def _why(suspension: dict[str, Any]) -> str | Message:
    """The reason in its writer's words, or in ours when a registry was the reason."""
    if suspension["batch_id"] is None:
        return str(suspension["reason"])
    return say(
        "no longer in registry {registry} (batch {batch})",
        registry=suspension["registry"],
        batch=suspension["batch_id"],
    )


def _changes_table(changed: list[dict[str, Any]], zone: str) -> tuple[Table, ...]:
    if not changed:
        return ()
    rows = tuple({**each, "field": LABELS.get(each["field"], each["field"])} for each in changed)
    columns = (
        Column("batch", "Batch", "int"),
        Column("at", "At", "time"),
        Column("field", "What", "word"),
        Column("before", "Before"),
        Column("after", "After"),
    )
    return (Table(say("Changes"), columns, rows, zone=zone),)
