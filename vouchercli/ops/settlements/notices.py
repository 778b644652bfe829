"""The public list (公示) of who is paid how much, and the days that it must stand before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.settlements.lookup import look_up, require_state
from vouchercli.ops.setup import staff
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import doors, times
from vouchercli.rules import settlements as law
from vouchercli.store import audit
from vouchercli.store import settlements as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.settlements.lookup import Current
    from vouchercli.session import Session

COLUMNS = (
    Column("merchant_no", "Merchant"),
    Column("name", "Name", blank="-"),
    Column("amount_fen", "To pay", "fen"),
)


def put_up(session: Session, number: int) -> Outcome:
    """The list of a settlement; it stands from the first time that it was asked for. Raises
    `unknown_settlement`, `settlement_is`.
    """
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["settlement notice"])
        require_state(current, "verified", "approved", "exported", "paid", "closed")
        noticed_at = current.settlement.noticed_at
        if noticed_at is None:
            noticed_at = session.now
            store.put_up(db, number, noticed_at)
            audit.note(session, "settlement.notice", str(number))
        rows = [
            {"merchant_no": each.merchant_no, "name": each.name, "amount_fen": each.amount_fen}
            for each in store.transfers(db, number).rows(None)
            if each.state != "dropped"
        ]
    zone = current.row["time_zone"]
    since_on = times.day_of(noticed_at, zone)
    pay_on = law.notice_ends_on(since_on, current.settlement.notice_days)
    name = current.programme.name
    title = say("Public list: {name}, settlement {settlement}", name=name.zh, settlement=number)
    total = {"merchant_no": "", "name": "", "amount_fen": sum(each["amount_fen"] for each in rows)}
    message = say(
        "the list stands since {since}; it can be paid from {pay_on} on",
        since=times.day_text(since_on),
        pay_on=times.day_text(pay_on),
    )
    data = {
        "settlement": number,
        "since": times.day_text(since_on),
        "pay_from": times.day_text(pay_on),
        "notice_days": current.settlement.notice_days,
    }
    table = Table(title, COLUMNS, rows, total, zone=zone, key="payees", total_key="total")
    return Outcome(data, (table,), says=(message,))


def require_stood(session: Session, current: Current) -> None:
    """Raise `notice_needed`, `notice_stands` until the public list has stood as long as it must."""
    settlement = current.settlement
    if not settlement.notice_days:
        return
    if settlement.noticed_at is None:
        raise VoucherError(
            "notice_needed",
            "settlement {settlement} is paid when its public list has stood {days} days",
            hint="voucher settlement notice {settlement} -O LIST.html --actor NAME",
            settlement=current.number,
            days=settlement.notice_days,
        )
    zone = current.row["time_zone"]
    first = law.notice_ends_on(times.day_of(settlement.noticed_at, zone), settlement.notice_days)
    if times.day_of(session.now, zone) < first:
        raise VoucherError(
            "notice_stands",
            "the public list of settlement {settlement} still stands: it can be paid from {day} on",
            hint="voucher settlement export {settlement} on that day",
            settlement=current.number,
            day=times.day_text(first),
        )
