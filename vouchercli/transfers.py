"""What is paid and what a bank says of it: values that pass between the settlement and the files of
banks. Amounts are integer fen of CNY, days are integer yyyymmdd, times are UTC seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.result import Problem

CURRENCY = "CNY"  # of every transfer

# accepted: the bank has it and has not paid yet. paid: it has left our account. rejected: it never
# left. returned: it left and came back.
Status = Literal["accepted", "paid", "rejected", "returned"]
STATUSES: tuple[Status, ...] = ("accepted", "paid", "rejected", "returned")

# Reasons by which a bank says that it has this transfer or order already: nothing may be paid anew.
REPEATS = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"})


class Payer(NamedTuple):
    """Whose account is debited. `bank_no`: the 12 digits of its bank in the payment system of the
    People's Bank of China ('': not known).
    """

    name: str
    account_no: str
    bank: str
    bank_no: str = ""


class Transfer(NamedTuple):
    """One payment to one account. `transfer_no` is ours, new with every try: by it the bank's
    answer is known again. `bank_no`: as of `Payer`.
    """

    transfer_no: str
    name: str
    account_no: str
    bank: str
    bank_no: str
    amount_fen: int
    purpose: str


class PaymentOrder(NamedTuple):
    """One file for a bank. `transfers` is gone through more than once: a list, or something that
    begins anew each time, never an iterator. `pay_on`: the day on which the bank is to pay.
    """

    order_no: str
    made_at: int
    pay_on: int
    payer: Payer
    transfers: Iterable[Transfer]


class Written(NamedTuple):
    """What a payment file holds: to be compared with the books before the file leaves."""

    transfers: int
    sum_fen: int


class Answer(NamedTuple):
    """What a bank says of one transfer. `where`: file:line:column of a message, file:line of a
    table. `amount_fen`, `paid_on`: None where it does not say. `reference`: the bank's own number.
    `reason_code`, `reason`: why it was rejected or returned, as the bank says it; account numbers
    in it are masked. `entry_no`: the same when the same booking is heard twice, also in another
    statement. `said`: the bank's own word for the status (`ACSP`, 交易成功). `currency`: of the
    amount. `account_no`: of the statement in which it stands ('': not said, or by its international
    number alone). `is_explained`: what came in is said to be a return.
    """

    where: str
    transfer_no: str
    status: Status
    amount_fen: int | None
    paid_on: int | None
    reference: str
    reason_code: str
    reason: str
    entry_no: str
    said: str
    currency: str = CURRENCY
    account_no: str = ""
    is_explained: bool = True


class OrderAnswer(NamedTuple):
    """What a bank says of all transfers of an order at once, but for those that it answers one by
    one in the same file. `transfers`, `sum_fen`: of the order as the bank read it (None: not said).
    `currency`, `account_no`, `is_explained`: as of `Answer`.
    """

    where: str
    order_no: str
    status: Status
    transfers: int | None
    sum_fen: int | None
    paid_on: int | None
    reference: str
    reason_code: str
    reason: str
    entry_no: str
    said: str
    currency: str = CURRENCY
    account_no: str = ""
    is_explained: bool = True

    @property
    def is_repeat(self) -> bool:
        """Whether it only says that the bank has this order already: the first one stands."""
        return self.status == "rejected" and self.reason_code in REPEATS


Kind = Literal["pain.002", "camt.053", "camt.054", "table"]


class AnswerFile(NamedTuple):
    """A file of a bank, read to its end and found right by its own counts and sums.

    `message_no`: the bank's number of it ('': none; then `sha256` says whether it was heard).
    `order_no`: the order that it answers, '' where it is about an account. `order_transfers`,
    `order_sum_fen`: of that order as the bank read it (None: not said). `made_at`: None where it
    does not say. `accounts`: the numbers of the accounts that it is about. `others`: bookings in
    it that are of no transfer (fees, receipts), which are left out; `others_fen`: what left the
    account by them, less what came in. `problems`: warnings.
    """

    kind: Kind
    sha256: str
    message_no: str
    order_no: str
    order_transfers: int | None
    order_sum_fen: int | None
    made_at: int | None
    answers: tuple[Answer, ...]
    of_orders: tuple[OrderAnswer, ...]
    accounts: tuple[str, ...]
    others: int
    others_fen: int
    problems: tuple[Problem, ...]
