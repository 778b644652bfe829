"""Look at merchants. Registry files come in by `ops.intake.registries`, suspending is in
`ops.setup.suspensions`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError, closest
from vouchercli.formats.guessing.names import our_words
from vouchercli.ops import lists
from vouchercli.result import JSON, SHOWN, Column, Message, Outcome, Table, Word, only, say
from vouchercli.rules import accounts
from vouchercli.store import merchants, suspensions
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from vouchercli.result import Kind
    from vouchercli.session import Session
    from vouchercli.store.merchants import Change, Merchant
    from vouchercli.store.suspensions import Suspension

LISTED = ("merchant_no", "name", "district", "industry", "size")
LABELS = {
    "merchant_no": "Number",
    "name": "Name",
    "uscc": "Unified code",
    "district": "District",
    "industry": "Industry",
    "size": "Size",
    "brand": "Brand",
    "designated_size": "Designated size",
    "address": "Address",
    "phone": "Telephone",
    "platform_no": "Platform's number",
    "account_name": "Account name",
    "account_no": "Account number",
    "bank": "Bank",
    "bank_no": "Bank number",
    "registry": "Registry",
}
KINDS: dict[str, Kind] = {"designated_size": "word"}
ABOUT = tuple(Column(field, label, KINDS.get(field, "text")) for field, label in LABELS.items())
MAYBE = ("brand", "designated_size")  # listed where a registry states them
STATE = Column("state", "State", "word")
IS_REGISTERED = Column("is_registered", where=JSON)
LIST_COLUMNS = (
    *(column for column in ABOUT if column.key in LISTED),
    STATE,
    *only(SHOWN, *(replace(column, optional=True) for column in ABOUT if column.key in MAYBE)),
    *only(JSON, *ABOUT),
    IS_REGISTERED,
)
TOTALS = (
    Column("round", "Round"),
    Column("redemptions", "Redemptions", "int"),
    Column("base_fen", "Base", "fen"),
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("platform_fen", "Platform", "fen"),
    Column("match_fen", "Match", "fen"),
    Column("programme", where=JSON),
)
SUSPENSIONS = (
    Column("from_at", "From", "time"),
    Column("until_at", "Until", "end"),
    Column("reason", "Reason", where=SHOWN, source="why"),
    Column("reason", where=JSON),
    Column("actor", "By"),
)
PASTS = (
    Column("until_at", "Until", "end"),
    Column("district", "District"),
    Column("industry", "Industry"),
    Column("size", "Size"),
    Column("brand", "Brand", optional=True),
    Column("designated_size", "Designated size", "word", optional=True),
    Column("platform_no", "Platform's number"),
)
CHANGES = (
    Column("batch", "Batch", "int"),
    Column("at", "At", "time"),
    Column("field", "What", "word", where=SHOWN, source="label"),
    Column("field", where=JSON),
    Column("before", "Before"),
    Column("after", "After"),
)


def list_merchants(
    session: Session,
    /,
    *,
    unregistered: bool,
    limit: int | None,
    designated_size: str | None,
    **wanted: Any,
) -> Outcome:
    """The merchants that fit every condition given (of search, district, industry, size, brand,
    suspended and `designated_size`, in the words of a registry too), by number; all are counted.
    """
    wanted["registered"] = 0 if unregistered else None
    if designated_size is not None:
        known = our_words("merchants", "designated_size")
        wanted["designated_size"] = known.get(designated_size, designated_size)
    listed = merchants.search_for(session.db, session.now, **wanted)
    count = listed.size()
    title = say("1 merchant") if count == 1 else say("{count} merchants", count=count)
    table = Table(title, LIST_COLUMNS, (), key="merchants")
    return replace(lists.show(table, listed, limit), data={"count": count})


def the_merchant(session: Session, no: str) -> Merchant:
    """The merchant of that number, ours or a platform's. Raises `unknown_merchant` with the nearest
    number.
    """
    merchant = merchants.named(session.db, no, session.now)
    if merchant is not None:
        return merchant
    near = closest(no, merchants.numbers(session.db))
    raise VoucherError(
        "unknown_merchant",
        "there is no merchant {merchant}; did you mean {near}?"
        if near
        else "there is no merchant {merchant}",
        hint="voucher merchant list --search {merchant}",
        merchant=no,
        near=near,
    )


def number_of(session: Session, no: str | None) -> str | None:
    """Our number of the merchant a list is asked for (None: all). Raises `unknown_merchant`."""
    return None if no is None else the_merchant(session, no).merchant_no


def show_merchant(session: Session, no: str) -> Outcome:
    """All that is known of a merchant: itself, what was redeemed there, its suspensions, its
    changes.
    """
    db, zone = session.db, zone_of(session.db, session.programme)
    merchant = the_merchant(session, no)
    totals = merchants.totals(db, merchant.merchant_id)
    stopped = [
        {**each._asdict(), "why": _why(each)}
        for each in suspensions.of_merchant(db, merchant.merchant_id)
    ]
    changed = [
        change for each in merchants.changes(db, merchant.merchant_id) for change in _changes(each)
    ]
    title = say(
        "Merchant {merchant}: {state}", merchant=merchant.merchant_no, state=Word(merchant.state)
    )
    about = (*ABOUT, *only(JSON, STATE), IS_REGISTERED)
    sums = {column.key: sum(column.values(totals)) for column in TOTALS[1:-1]}
    return Outcome(
        tables=(
            Table(title, about, [merchant], key="", is_record=True),
            Table(
                say("Redeemed here, net of refunds"),
                TOTALS,
                totals,
                {"round": "", **sums},
                key="totals",
                optional=True,
            ),
            Table(
                say("Suspensions"),
                SUSPENSIONS,
                stopped,
                zone=zone,
                key="suspensions",
                optional=True,
            ),
            Table(say("Changes"), CHANGES, changed, zone=zone, key="changes", optional=True),
            Table(
                say("Before"),
                PASTS,
                merchants.pasts(db, merchant.merchant_id),
                zone=zone,
                key="pasts",
                optional=True,
            ),
        )
    )


def _changes(change: Change) -> list[dict[str, Any]]:
    """One line for each value that a batch changed; one line, without a value, when it added the
    merchant. What an earlier version kept lacks the fields that came later.
    """
    about = {"batch": change.batch, "at": change.at}
    if not change.before:
        return [{**about, "field": "added", "label": "added", "before": "", "after": ""}]
    before, after = json.loads(change.before), json.loads(change.after)
    return [
        {
            **about,
            "field": field,
            "label": label,
            "before": _shown(field, before),
            "after": _shown(field, after),
        }
        for field, label in LABELS.items()
        if before.get(field, "") != after.get(field, "")
    ]


def _shown(field: str, row: dict[str, Any]) -> Any:
    """A value of a change as it may be shown: two numbers that end alike look alike."""
    value = row.get(field, "")
    return accounts.shown(value) if field == "account_no" else value


def _why(suspension: Suspension) -> str | Message:
    """The reason in its writer's words, or in ours when a registry was the reason."""
    if suspension.batch_id is None:
        return suspension.reason
    return say(
        "no longer in registry {registry} (batch {batch})",
        registry=suspension.registry,
        batch=suspension.batch_id,
    )
