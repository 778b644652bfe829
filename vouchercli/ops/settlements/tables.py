"""Settlements as they are shown: the list, one with its transfers, and who is not paid, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.settlements.exports import order_no
from vouchercli.ops.settlements.holds import REASONS
from vouchercli.ops.settlements.lookup import NEXT, STATE_WORDS, TRANSFER_WORDS, look_up
from vouchercli.ops.setup.merchants import number_of
from vouchercli.result import JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import settlements as law
from vouchercli.rules import times
from vouchercli.store import break_reports, programmes, proposals
from vouchercli.store import settlements as store
from vouchercli.store import unpaid as open_dues
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.settlements import Settlement, Transfer

PATTERN_WORDS = {
    "prefund": Word("prefunded"),
    "merchant_advance": Word("merchants advance"),
    "platform_advance": Word("platforms advance"),
    "end_of_programme": Word("at the end, audited"),
}
WHY_WORDS = {
    **REASONS,
    "held": Word("held"),
    "owes": Word("owes"),
    "no_account": Word("account missing"),
    "account_changed": Word("account changed"),
    "turned_down": Word("settlement turned down"),
    "not_settled": Word("not settled yet"),
    "in_settlement": Word("in a settlement"),
}
COLUMNS = (
    Column("settlement", "No.", "int"),
    Column("funder", "Funder"),
    Column("state", "State", "word", shown="state_word"),
    Column("up_to", "Up to", "date"),
    Column("transfers", "Payees", "int"),
    Column("planned_fen", "Planned", "fen"),
    Column("paid_fen", "Paid out", "fen"),
    Column("back_fen", "Came back", "fen", optional=True),
    Column("made_by", "Drawn up by"),
    *only(JSON, "pattern", "paid", "back", "notice_days", "order_no", "bank", "file_sha256"),
    *only(JSON, "made_at", "noticed_at", "exported_at", kind="time"),
    *only(JSON, "pay_on", kind="date"),
)
TRANSFERS = (
    Column("transfer_no", "Transfer"),
    Column("merchant_no", "Payee"),
    Column("name", "Name", blank="-"),
    Column("amount_fen", "To pay", "fen"),
    Column("state", "State", "word", shown="state_word"),
    Column("paid_on", "Paid on", "date"),
    Column("reference", "Bank's reference", blank="-"),
    Column("reason", "Reason", blank="-", shown="reason_word"),
    *only(JSON, "is_first"),
    *only(JSON, "answered_at", kind="time"),
)
UNPAID = (
    Column("merchant_no", "Merchant"),
    Column("name", "Name", blank="-"),
    Column("funder", "Funder"),
    Column("amount_fen", "Owed", "fen"),
    Column("reason", "Not paid because", "word", shown="reason_word"),
    Column("since_on", "Owed since", "date"),
    Column("days", "Days", "int"),
)


def list_settlements(session: Session, limit: int | None, state: str | None = None) -> Outcome:
    """The settlements of a programme, the newest first. Raises `unknown_state`."""
    lists.require_state(state, STATE_WORDS)
    row = programmes.current(session.db, session.programme)
    table = Table(say("Settlements"), COLUMNS, (), key="settlements", zone=row["time_zone"])
    listed = store.listed(session.db, row["programme_id"], state)
    outcome = lists.show(table, listed, limit, lambda each: _describe(session, each))
    if outcome.tables[0].rows:
        return outcome
    none = say("nothing is settled yet; next: voucher settlement run --up-to DAY")
    return replace(outcome, says=(none,))


def _describe(session: Session, each: Settlement) -> dict[str, Any]:
    said = {"state_word": STATE_WORDS[each.state], "order_no": order_no(session, each)}
    return {**each._asdict(), **said}


def show_settlement(
    session: Session, number: int, limit: int | None, state: str | None = None
) -> Outcome:
    """One settlement with its transfers. Raises `unknown_settlement`, `unknown_state`."""
    lists.require_state(state, TRANSFER_WORDS)
    with reading(session) as db:
        current = look_up(session, number)
        zone = current.row["time_zone"]
        said = proposals.history(db, current.subject)
        table = Table(say("Transfers"), TRANSFERS, (), key="transfers", zone=zone)
        outcome = lists.show(table, store.transfers(db, number, state), limit, _describe_transfer)
    described = _describe(session, current.settlement) | {
        "pattern_word": PATTERN_WORDS[current.settlement.pattern],
        "note": said[-1].note if said else "",
        "evidence": said[-1].evidence if said else "",
        "verified_by": said[-1].proposed_by if said else "",
        "approved_by": _approvers(session, said),
        "runs": break_reports.runs_of(session.db, number) or None,  # by hand
    }
    title = say("Settlement {settlement}", settlement=number)
    own = Table(title, (*COLUMNS, *SAID), (described,), key="", is_record=True, zone=zone)
    following = say(NEXT[current.settlement.state], settlement=number)
    says = () if current.settlement.state == "closed" else (following,)
    return replace(outcome, tables=(own, *outcome.tables), says=says)


SAID = (
    Column("order_no", "The bank's order", where=("table", "csv")),
    Column("pattern", "Pattern", "word", source="pattern_word", where=("table", "csv")),
    Column("verified_by", "Verified by", blank="-"),
    Column("approved_by", "Approved by", blank="-"),
    Column("runs", "Reconciled by runs", optional=True),
    Column("note", "What was looked at", blank="-"),
    Column("evidence", "Evidence", blank="-"),
)


def _approvers(session: Session, said: list[proposals.Proposal]) -> str:
    hands = proposals.approvers(session.db, said[-1].proposal) if said else []
    return ", ".join(each.actor for each in hands)


def _describe_transfer(each: Transfer) -> dict[str, Any]:
    return {
        **each._asdict(),
        "state_word": TRANSFER_WORDS[each.state],
        "reason_word": WHY_WORDS.get(each.reason, each.reason),
    }


def list_unpaid(session: Session, limit: int | None, merchant: str | None = None) -> Outcome:
    """Who is owed money of signed days and is not paid, and why, the longest waiting first.
    Raises `unknown_merchant`.
    """
    row = programmes.current(session.db, session.programme)
    today = times.day_of(session.now, row["time_zone"])
    listed = open_dues.listed(session.db, row["programme_id"], number_of(session, merchant))
    table = Table(say("Not paid yet"), UNPAID, (), key="unpaid", zone=row["time_zone"])
    return lists.show(table, listed, limit, lambda each: _describe_unpaid(each, today))


def _describe_unpaid(each: open_dues.Unpaid, today: int) -> dict[str, Any]:
    return {
        **each._asdict(),
        "reason_word": WHY_WORDS[each.reason],
        "days": law.days_between(each.since_on, today),
    }
