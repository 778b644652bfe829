"""Holds (暂缓支付) and disputes: a merchant, or one payment at it, is not paid for now, for a
reason and on evidence, until a second person lets it go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import lists
from vouchercli.ops.setup import staff
from vouchercli.ops.setup.merchants import the_merchant
from vouchercli.result import JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.rules.staff import same_person
from vouchercli.store import audit, corrections, days, programmes
from vouchercli.store import holds as store
from vouchercli.store import settlements as paying
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session
    from vouchercli.store.holds import Hold, Payment

REASONS = {
    "no_agreement": Word("no agreement signed"),
    "account_missing": Word("account missing"),
    "account_wrong": Word("account wrong"),
    "price_raised": Word("price raised first"),
    "serial_wrong": Word("serial wrong"),
    "serial_twice": Word("serial used twice"),
    "invoice_missing": Word("invoice missing"),
    "documents_missing": Word("documents missing"),
    "goods_not_listed": Word("goods not listed"),
    "abnormal_pattern": Word("abnormal pattern"),
    "under_inquiry": Word("under inquiry"),
    "disputed": Word("disputed by the merchant"),
    "other": Word("other reason"),
}
COLUMNS = (
    Column("hold", "No.", "int"),
    Column("merchant_no", "Merchant"),
    Column("name", "Name", blank="-"),
    Column("transaction_no", "Payment", blank="-"),
    Column("reason", "Reason", "word", shown="reason_word"),
    Column("amount_fen", "Held now", "fen"),
    Column("held_on", "Evidence of", "date"),
    Column("held_by", "Held back by"),
    Column("released_by", "Released by", blank="-"),
    Column("evidence", "Evidence"),
    *only(JSON, "note", "release_note"),
    *only(JSON, "held_at", "released_at", kind="time"),
)


class Held(NamedTuple):
    """What is to be held: a merchant, or one payment (`payment`)."""

    merchant_id: int
    name: str
    payment: Payment | None = None


def hold(
    session: Session,
    *,
    reason: str,
    evidence: str,
    merchant: str | None = None,
    transaction: str | None = None,
    note: str = "",
    held_on: int | None = None,
) -> Outcome:
    """Hold back what a merchant is owed, or one payment of it. Raises `unknown_reason`,
    `evidence_needed`, `merchant_or_payment`, `unknown_merchant`, `unknown_transaction`,
    `held_already`, `paid_already`.
    """
    _require_asked(reason, evidence, merchant, transaction)
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["settlement hold"])
        held = _find(session, row, merchant, transaction)
        number, amount_fen, dropped = _hold(session, row, held, reason, evidence, note, held_on)
        paying.post_held(db, row["programme_id"], "settlement.hold", session.now)
        about = {"hold": number, "reason": reason, "evidence": evidence, "amount_fen": amount_fen}
        audit.note(
            session, "settlement.hold", held.name, **about, **({"note": note} if note else {})
        )
    message = say(
        "{name} is held ({reason}), {amount} yuan; to let it go: voucher settlement release {hold}"
        " --note WHY --actor NAME, by another person",
        name=held.name,
        reason=REASONS[reason],
        amount=money.grouped(amount_fen),
        hold=number,
    )
    says = [message]
    if dropped:
        says.append(
            say(
                "what settlements {settlements} would have paid it is taken out of them",
                settlements=", ".join(map(str, dropped)),
            )
        )
    data = {"hold": number, "reason": reason, "amount_fen": amount_fen, "dropped_from": dropped}
    return Outcome(data, says=tuple(says))


def _require_asked(
    reason: str, evidence: str, merchant: str | None, transaction: str | None
) -> None:
    if (merchant is None) == (transaction is None):
        raise UsageFault(
            "merchant_or_payment",
            "name what is held: --merchant NO, or --transaction NO of one payment",
        )
    if reason not in law.HOLD_REASONS:
        raise UsageFault(
            "unknown_reason",
            "there is no reason {reason}",
            hint="choose one of: {known}",
            reason=reason,
            known=", ".join(law.HOLD_REASONS),
        )
    if not evidence.strip():
        raise UsageFault(
            "evidence_needed", "say on what it rests: --evidence (a letter, a report, a file)"
        )


def _find(
    session: Session, row: sqlite3.Row, merchant: str | None, transaction: str | None
) -> Held:
    db, programme_id = session.db, row["programme_id"]
    if merchant is not None:
        found = the_merchant(session, merchant)
        return Held(found.merchant_id, found.merchant_no)
    assert transaction is not None
    paid = corrections.redemption(db, programme_id, transaction, "pay")
    payment = None if paid is None else store.payment(db, programme_id, paid.id)
    if payment is None:
        raise VoucherError(
            "unknown_transaction",
            "no payment {number} stands",
            hint="voucher redemption list --transaction {number}",
            number=transaction,
        )
    if (paid_with := store.paid_with(db, programme_id, payment)) is not None:
        raise VoucherError(
            "paid_already",
            "payment {number} was paid with settlement {settlement}: hold the merchant, or correct"
            " the payment, and it is taken back from the next settlement",
            hint="voucher redemption correct {number} --reverse --note WHY --evidence WHAT",
            number=transaction,
            settlement=paid_with[1],
        )
    return Held(payment.merchant_id, transaction, payment)


def _hold(
    session: Session,
    row: sqlite3.Row,
    held: Held,
    reason: str,
    evidence: str,
    note: str,
    held_on: int | None,
) -> tuple[int, int, list[int]]:
    """(number of the hold, fen that it holds, settlements from which something was dropped)."""
    db, programme_id = session.db, row["programme_id"]
    redemption_id = held.payment and held.payment.redemption_id
    stands = store.standing(db, programme_id, held.merchant_id, redemption_id, reason)
    if stands is not None:
        raise VoucherError(
            "held_already",
            "{name} is held already: hold {hold}",
            hint="voucher settlement holds",
            name=held.name,
            hold=stands,
        )
    dropped = paying.drop_of_merchant(db, programme_id, held.merchant_id, "held", session.now)
    day = held_on or times.day_of(session.now, row["time_zone"])
    about = (reason, evidence, note, day)
    number = store.add(session, programme_id, held.merchant_id, redemption_id, *about)
    if held.payment is not None:
        open_on = days.open_on(db, programme_id)
        store.set_apart(db, programme_id, number, held.payment, open_on)
    found = store.named(db, programme_id, number)
    assert found is not None
    return number, found.amount_fen, dropped


def release(session: Session, number: int, note: str) -> Outcome:
    """Let a hold go: what it held is paid by the next settlement. Raises `unknown_hold`,
    `released_already`, `own_hold`, `note_needed`.
    """
    if not note.strip():
        raise UsageFault("note_needed", "say why it can be paid: --note")
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        programme = programmes.value(row)
        staff.require(session, programme, doors.DOOR["settlement release"])
        found = store.named(db, row["programme_id"], number)
        if found is None:
            raise VoucherError(
                "unknown_hold",
                "there is no hold {hold}",
                hint="voucher settlement holds",
                hold=number,
            )
        if found.released_at is not None:
            raise VoucherError(
                "released_already",
                "hold {hold} was released by {actor}",
                hint="voucher settlement holds --all",
                hold=number,
                actor=found.released_by,
            )
        if programme.staff and _is_same(session, found, programme.logins):
            raise VoucherError(
                "own_hold",
                "{actor} set hold {hold}: another person must release it",
                hint="voucher settlement release {hold} --note WHY --actor NAME",
                actor=session.actor,
                hold=number,
            )
        store.release(session, number, note)
        paying.post_held(db, row["programme_id"], "settlement.release", session.now)
        about = {"hold": number, "note": note, "amount_fen": found.amount_fen}
        audit.note(
            session, "settlement.release", found.transaction_no or found.merchant_no, **about
        )
    message = say(
        "released hold {hold}: {amount} yuan can be paid by the next settlement",
        hold=number,
        amount=money.grouped(found.amount_fen),
    )
    return Outcome({"hold": number, "amount_fen": found.amount_fen}, says=(message,))


def _is_same(session: Session, found: Hold, logins: str) -> bool:
    by_login = logins == "personal" and session.os_user == found.os_user
    return by_login or same_person(session.actor, found.held_by)


def list_holds(
    session: Session,
    limit: int | None,
    *,
    merchant: str | None = None,
    reason: str | None = None,
    also_released: bool = False,
) -> Outcome:
    """The holds of a programme, the newest first."""
    row = programmes.current(session.db, session.programme)
    listed = store.listed(
        session.db,
        row["programme_id"],
        merchant=merchant,
        reason=reason,
        also_released=also_released,
    )
    table = Table(say("Holds"), COLUMNS, (), key="holds", zone=row["time_zone"])
    return lists.show(
        table, listed, limit, lambda each: {**each._asdict(), "reason_word": REASONS[each.reason]}
    )
