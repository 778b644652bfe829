"""Corrections of single rows as people and programs read them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.intake.corrections import unknown
from vouchercli.result import JSON, SHOWN, Column, Outcome, Table, Word, only, say
from vouchercli.rules import times
from vouchercli.store import correction_lists as store
from vouchercli.store import programmes
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.correction_lists import Line
    from vouchercli.store.corrections import Fields

COLUMNS = (
    Column("correction", "No.", "int"),
    Column("subject", "What", "word", shown="subject_word"),
    Column("name", "Number"),
    Column("state", "State", "word", shown="state_word"),
    Column("changes", "Changed", "word", where=SHOWN),
    Column("proposed_by", "Proposed by"),
    Column("approved_by", "Approved by", blank="-"),
    *only(JSON, "proposed_at", "ended_at", kind="time"),
    *only(JSON, "before", "after", "amount_fen", "note", "evidence", "batches"),
)
ROWS = (
    Column("what", "What", "word", shown="what_word"),
    Column("number", "Number"),
    Column("day", "Day", "date"),
    Column("base_fen", "Base", "fen"),
    Column("subsidy_fen", "Voucher paid", "fen"),
    Column("batch", "Batch", "int"),
    Column("line", "Line", "int"),
    Column("booked_on", "Reversal booked on", "date"),
    Column("anew_batch", "Anew in batch", "int"),
    Column("anew_line", "Line there", "int"),
)


CHANGES = (Column("field", "What", "word"), Column("was", "Was"), Column("is", "Is"))
NAMES = {  # our own fields, in words
    "transaction_no": Word("number"),
    "claim_no": Word("claim"),
    "coupon_no": Word("voucher"),
    "merchant_no": Word("merchant"),
    "platform_no": Word("merchant"),
    "paid_at": Word("paid at"),
    "claimed_at": Word("claimed at"),
    "order_amount": Word("order amount"),
    "merchant_discount": Word("merchant's discount"),
    "refund_of": Word("payment that was refunded"),
    "channel": Word("channel"),
    "round": Word("round"),
    "resident": Word("resident"),
    "kind": Word("kind"),
}


def list_corrections(session: Session, limit: int | None) -> Outcome:
    """The corrections of a programme, the newest first."""
    table = Table(say("Corrections"), COLUMNS, (), key="corrections")
    row = programmes.current(session.db, session.programme)
    listed = store.listed(session.db, row["programme_id"])
    zone = row["time_zone"]
    outcome = lists.show(replace(table, zone=zone), listed, limit, _describe)
    none = () if outcome.tables[0].rows else (say("no row was corrected"),)
    return replace(outcome, says=none)


def show_correction(session: Session, correction: int) -> Outcome:
    """One correction, with the rows that it reversed. Raises `unknown_correction`."""
    with reading(session) as db:
        row = programmes.current(db, session.programme)
        found = next(store.listed(db, row["programme_id"], correction=correction).rows(1), None)
        if found is None:
            raise unknown(correction)
        rows = [
            {**each._asdict(), "what_word": Word(each.what)}
            for each in store.rows_of(db, correction)
        ]
    zone = row["time_zone"]
    title = say("Correction {correction}", correction=correction)
    described = _describe(found)
    changes = _tell_changes(described["before"], described["after"], zone)
    own = Table(title, (*COLUMNS, *SAID), (described,), key="", is_record=True, zone=zone)
    changed = Table(say("Changed"), CHANGES, changes, where=SHOWN, optional=True)
    return Outcome(
        tables=(own, changed, Table(say("Reversed"), ROWS, rows, key="rows", optional=True))
    )


SAID = (Column("note", "Reason", where=SHOWN), Column("evidence", "Evidence", where=SHOWN))


def _describe(line: Line) -> dict[str, Any]:
    before, after = json.loads(line.before), json.loads(line.after) or None
    return {
        **line._asdict(),
        "before": before,
        "after": after,
        "batches": [int(each) for each in line.batches.split(", ") if each],
        "subject_word": Word(line.subject),
        "state_word": Word(line.state),
        "changes": [NAMES[key] for key in _changed(before, after)] or [Word("only reversed")],
    }


def _changed(before: Fields, after: Fields | None) -> list[str]:
    """The fields that are entered otherwise."""
    return [key for key, text in (after or {}).items() if text != before.get(key, "")]


def _tell_changes(before: Fields, after: Fields | None, zone: str) -> list[dict[str, Any]]:
    """Each field that is entered otherwise, as it was and as it is."""
    return [
        {
            "field": NAMES[key],
            "was": _tell(key, before.get(key, ""), zone),
            "is": _tell(key, (after or {})[key], zone),
        }
        for key in _changed(before, after)
    ]


def _tell(key: str, text: str, zone: str) -> str:
    return times.shown(times.parse(text, zone), zone) if key.endswith("_at") else text
