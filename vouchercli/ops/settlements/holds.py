"""Holds (暂缓支付) and disputes: a merchant, or one payment at it, is not paid for now, for a
reason and on evidence, until a second person lets it go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import lists
from vouchercli.ops.settlements import holding
from vouchercli.ops.settlements.holding import Asked
from vouchercli.ops.setup import staff
from vouchercli.ops.setup.merchants import number_of, the_merchant
from vouchercli.result import JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.store import holds as store
from vouchercli.store import programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Collection

    from vouchercli.result import Message
    from vouchercli.session import Session

REASONS = {
    "no_agreement": Word("no agreement signed"),
    "account_missing": Word("account missing"),
    "account_wrong": Word("account wrong"),
    "account_changed": Word("account changed"),
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
        day = held_on or times.day_of(session.now, row["time_zone"])
        number = merchant and the_merchant(session, merchant).merchant_no
        asked = Asked(transaction or "", number or "", reason, evidence, note, day)
        judged = holding.Judge(session, row["programme_id"], [asked.transaction_no]).judge(asked)
        if isinstance(judged, VoucherError):
            raise judged
        made = holding.make(session, row["programme_id"], [judged])
        if made.stood:
            raise VoucherError(
                "held_already",
                "{name} is held already: hold {hold}",
                hint="voucher settlement holds",
                name=judged.name,
                hold=made.stood[0],
            )
    held = made.held[0]
    message = say(
        "{name} is held ({reason}), {amount} yuan; to let it go: voucher settlement release {hold}"
        " --note WHY --actor NAME, by another person",
        name=judged.name,
        reason=REASONS[reason],
        amount=money.grouped(held.amount_fen),
        hold=held.hold,
    )
    data = {
        "hold": held.hold,
        "reason": reason,
        "amount_fen": held.amount_fen,
        "dropped_from": made.dropped,
    }
    return Outcome(data, says=(message, *say_dropped(made.dropped)))


def say_dropped(settlements: list[int]) -> list[Message]:
    """That settlements pay less than they would have."""
    if not settlements:
        return []
    return [
        say(
            "what settlements {settlements} would have paid it is taken out of them",
            settlements=", ".join(map(str, settlements)),
        )
    ]


def _require_asked(
    reason: str, evidence: str, merchant: str | None, transaction: str | None
) -> None:
    if (merchant is None) == (transaction is None):
        raise UsageFault(
            "merchant_or_payment",
            "name what is held: --merchant NO, or --transaction NO of one payment",
        )
    _require_reason(reason, law.HOLD_REASONS)
    if not evidence.strip():
        raise UsageFault(
            "evidence_needed", "say on what it rests: --evidence (a letter, a report, a file)"
        )


def _require_reason(reason: str, known: Collection[str]) -> None:
    if reason not in known:
        raise UsageFault(
            "unknown_reason",
            "there is no reason {reason}",
            hint="choose one of: {known}",
            reason=reason,
            known=", ".join(known),
        )


def release(session: Session, number: int, note: str) -> Outcome:
    """Let a hold go: what it held is paid by the next settlement. Raises `unknown_hold`,
    `released_already`, `own_hold`, `hold_of_case`, `note_needed`.
    """
    if not note.strip():
        raise UsageFault("note_needed", "say why it can be paid: --note")
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        programme = programmes.value(row)
        staff.require(session, programme, doors.DOOR["settlement release"])
        found = store.named(db, row["programme_id"], number)
        if found is not None and found.released_at is not None:
            raise VoucherError(
                "released_already",
                "hold {hold} was released by {actor}",
                hint="voucher settlement holds --all",
                hold=number,
                actor=found.released_by,
            )
        judged = holding.judge_release(session, programme, number, found)
        if isinstance(judged, VoucherError):
            raise judged
        wanted = [holding.Release(judged, note)]
        amount_fen = holding.release(session, row["programme_id"], wanted)
    message = say(
        "released hold {hold}: {amount} yuan can be paid by the next settlement",
        hold=number,
        amount=money.grouped(amount_fen),
    )
    return Outcome({"hold": number, "amount_fen": amount_fen}, says=(message,))


def list_holds(
    session: Session,
    limit: int | None,
    *,
    merchant: str | None = None,
    reason: str | None = None,
    also_released: bool = False,
) -> Outcome:
    """The holds of a programme, the newest first. Raises `unknown_merchant`, `unknown_reason`."""
    if reason is not None:
        _require_reason(reason, REASONS)
    row = programmes.current(session.db, session.programme)
    listed = store.listed(
        session.db,
        row["programme_id"],
        merchant=number_of(session, merchant),
        reason=reason,
        also_released=also_released,
    )
    table = Table(say("Holds"), COLUMNS, (), key="holds", zone=row["time_zone"])
    return lists.show(
        table, listed, limit, lambda each: {**each._asdict(), "reason_word": REASONS[each.reason]}
    )
