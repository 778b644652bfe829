"""What banks said, answer by answer, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops import lists
from vouchercli.ops.settlements.lookup import TRANSFER_WORDS, look_up
from vouchercli.result import JSON, Column, Outcome, Table, Word, only, say
from vouchercli.store import bank_answers as store
from vouchercli.store import programmes

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.bank_answers import Said

OUTCOMES = {
    "taken": Word("taken"),
    "heard_before": Word("heard before"),
    "of_others": Word("of others"),
    "unknown_transfer": Word("no such transfer"),
    "amount_differs": Word("another amount"),
    "never_sent": Word("never sent"),
    "contradicts": Word("contradicts"),
    "not_paid_yet": Word("waits for the payment"),
    "credit_unexplained": Word("came in unexplained"),
    "paid_twice": Word("paid twice"),
    "unknown_order": Word("no such order"),
    "order_differs": Word("another order"),
    "repeated": Word("bank has it already"),
}
FINE = frozenset({"taken", "heard_before", "of_others"})  # no refusals
COLUMNS = (
    Column("at_line", "Line"),
    Column("transfer_no", "Transfer"),
    Column("merchant_no", "Payee", blank="-"),
    Column("status", "The bank says", "word", shown="status_word"),
    Column("amount_fen", "Amount", "fen", blank="-"),
    Column("outcome", "Became", "word", shown="outcome_word"),
    Column("reason_code", "Reason", blank="-"),
    *only(JSON, "file", "kind", "actor", "reference", "reason"),
    *only(JSON, "settlement", kind="int"),
    *only(JSON, "read_at", kind="time"),
    *only(JSON, "paid_on", kind="date"),
)


def list_answers(
    session: Session,
    limit: int | None,
    *,
    settlement: int | None = None,
    file: str | None = None,
    refused: bool = False,
) -> Outcome:
    """What banks said of a programme's transfers, the newest file first; of one settlement, of one
    file, or only what was refused. Raises `unknown_settlement`, `unknown_bank_file`.
    """
    row = programmes.current(session.db, session.programme)
    if settlement is not None:
        look_up(session, settlement)
    name = None if file is None else Path(file).name
    if name is not None and not store.has_file(session.db, row["programme_id"], name):
        raise VoucherError(
            "unknown_bank_file",
            "no file {file} of a bank was read for {programme}",
            hint="voucher settlement answers",
            file=name,
            programme=row["programme"],
        )
    listed = store.listed(
        session.db, row["programme_id"], settlement=settlement, file=name, refused=refused
    )
    table = Table(say("Answers of banks"), COLUMNS, (), key="answers", zone=row["time_zone"])
    return lists.show(table, listed, limit, _describe)


def _describe(said: Said) -> dict[str, Any]:
    return {
        **said._asdict(),
        "status_word": TRANSFER_WORDS[said.status],
        "outcome_word": OUTCOMES[said.outcome],
    }
