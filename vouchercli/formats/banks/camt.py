"""ISO 20022 camt.053 and camt.054, statements and notifications of an account, of any version: they
are read by the local names of their elements.

A debit with one of our numbers is a payment; a credit that gives it back is a return; a booking
without a number is counted and left out. An entry may hold many transactions, each with its number,
or a whole order without them. Whose numbers they are is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.banks import money
from vouchercli.formats.banks.messages import Place, number_of
from vouchercli.formats.banks.statuses import INFORMATION, OF_ENTRIES, RETURNS, masked
from vouchercli.result import Problem, Word
from vouchercli.transfers import Answer, AnswerFile, OrderAnswer

if TYPE_CHECKING:
    from vouchercli.formats.banks.elements import Element
    from vouchercli.transfers import Kind, Status

ROOTS: dict[str, Kind] = {
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}
TRANSACTION, DETAILS, ENTRY = "TxDtls", "NtryDtls", "Ntry"
ACCOUNTS = ("Stmt", "Ntfctn")
RECORDS = (TRANSACTION, DETAILS, ENTRY, *ACCOUNTS)
DEBIT, CREDIT = "DBIT", "CRDT"
SUB_FAMILY = ("BkTxCd", "Domn", "Fmly", "SubFmlyCd")


class _Detail(NamedTuple):
    """One transaction of an entry. `is_exact`: its amount is what was booked."""

    where: str
    transfer_no: str
    amount_fen: int | None
    currency: str
    is_exact: bool
    indicator: str
    reference: str
    is_return: bool
    reason_code: str
    reason: str


class _Batch(NamedTuple):
    """An order that was booked as one sum, without its transactions."""

    order_no: str
    transfers: int | None
    sum_fen: int | None
    currency: str


class Statement:
    """A statement or notification as it is read: `take` each of `RECORDS`, then `file` at its
    end.
    """

    def __init__(self, name: str) -> None:
        self._place = Place(name)
        self._details: list[_Detail] = []
        self._of_details = 0  # of the details that are being read
        self._batches: list[_Batch] = []
        self._has_charges = False
        self._entries: list[tuple[str, int, bool]] = []  # indicator, amount, whether booked
        self._answers: list[Answer] = []
        self._orders: list[OrderAnswer] = []
        self._answered = (0, 0)  # answers and orders of the accounts that have been read
        self._accounts: list[str] = []
        self._others = self._others_fen = 0
        self._problems: list[Problem] = []

    def take(self, element: Element) -> None:
        """One record, those inside it before it. Raises `VoucherError`."""
        if element.name == TRANSACTION:
            self._take_transaction(element)
        elif element.name == DETAILS:
            self._take_details(element)
        elif element.name == ENTRY:
            self._take_entry(element)
        else:
            self._take_account(element)

    def file(self, root: Element, sha256: str) -> AnswerFile:
        """The whole file. Raises `VoucherError`."""
        message = root.inside[0]
        self._place.refuse_repeats(self._answers)
        return AnswerFile(
            kind=ROOTS[message.name],
            sha256=sha256,
            message_no=message.value("GrpHdr", "MsgId"),
            order_no="",
            order_transfers=None,
            order_sum_fen=None,
            made_at=self._place.seconds(message.first("GrpHdr", "CreDtTm")),
            answers=tuple(self._answers),
            of_orders=tuple(self._orders),
            accounts=tuple(dict.fromkeys(self._accounts)),
            others=self._others,
            others_fen=self._others_fen,
            problems=tuple(self._problems),
        )

    # ------------------------------------------------------------ transactions

    def _take_transaction(self, transaction: Element) -> None:
        self._of_details += 1
        self._has_charges = self._has_charges or transaction.first("Chrgs") is not None
        number = number_of(transaction, ("Refs", "EndToEndId"), ("Refs", "InstrId"))
        exact = transaction.first("Amt") or transaction.first("AmtDtls", "TxAmt", "Amt")
        amount = exact or transaction.first("AmtDtls", "InstdAmt", "Amt")
        code, reason = _return_reason(transaction)
        self._details.append(
            _Detail(
                where=self._place.at(transaction),
                transfer_no=number,
                amount_fen=None if amount is None else self._place.sum(amount),
                currency=self._place.currency(amount),
                is_exact=exact is not None,
                indicator=transaction.value("CdtDbtInd"),
                reference=number_of(transaction, ("Refs", "AcctSvcrRef"), ("Refs", "TxId")),
                is_return=_is_return(transaction),
                reason_code=code,
                reason=reason,
            )
        )

    def _take_details(self, details: Element) -> None:
        batch = details.first("Btch")
        listed, self._of_details = self._of_details, 0
        if batch is None:
            return
        count = batch.first("NbOfTxs")
        said = None if count is None else self._place.count(count)
        if listed and said is not None and said != listed:
            what = Word("the number of transactions in a batch")
            raise self._place.differ(self._place.at(batch), what, said, listed)
        if not listed:
            amount = batch.first("TtlAmt")
            number = number_of(batch, ("PmtInfId",), ("MsgId",))
            fen = None if amount is None else self._place.sum(amount)
            currency = self._place.currency(amount)
            self._batches += [_Batch(number, said, fen, currency)] if number else []

    # ------------------------------------------------------------ entries

    def _take_entry(self, entry: Element) -> None:
        details, batches = self._details, self._batches
        has_charges = self._has_charges or entry.first("Chrgs") is not None
        self._details, self._batches, self._has_charges = [], [], False
        amount = entry.first("Amt")
        if amount is None:
            raise self._place.missing(entry, "Amt")
        amount_fen, indicator = self._place.sum(amount), entry.value("CdtDbtInd")
        if indicator not in (DEBIT, CREDIT):
            raise self._place.missing(entry, "CdtDbtInd")
        said = entry.one_of(("Sts", "Cd"), ("Sts", "Prtry"), ("Sts",))
        if not said:
            raise self._place.missing(entry, "Sts")
        self._entries.append((indicator, amount_fen, said == "BOOK"))
        if not has_charges:
            self._compare_entry(entry, details, indicator, amount_fen)
        if len(details) == 1 and details[0].amount_fen is None:
            currency = self._place.currency(amount)
            details[0] = details[0]._replace(amount_fen=amount_fen, currency=currency)
        if said == INFORMATION:
            return
        if batches and not details and self._is_of_orders(entry, indicator, said):
            self._take_batches(entry, batches, said, amount)
            return
        for detail in details:
            self._take_detail(entry, detail, said)
        if not details:
            self._leave_out(indicator, amount_fen)

    def _compare_entry(
        self, entry: Element, details: list[_Detail], indicator: str, amount_fen: int
    ) -> None:
        """The transactions of an entry add up to it, where each says what was booked."""
        if not details or not all(each.is_exact for each in details):
            return
        found = sum(
            (each.amount_fen or 0) * (1 if (each.indicator or indicator) == indicator else -1)
            for each in details
        )
        if found != amount_fen:
            what, sums = Word("the amount of an entry"), (money.yuan(amount_fen), _signed(found))
            raise self._place.differ(self._place.at(entry), what, *sums)

    def _take_detail(self, entry: Element, detail: _Detail, said: str) -> None:
        indicator = detail.indicator or entry.value("CdtDbtInd")
        is_return = indicator == CREDIT and (detail.is_return or _is_return(entry))
        is_payment = indicator == DEBIT and not detail.is_return and not _is_reversal(entry)
        if is_return and not detail.transfer_no:
            self._problems.append(_nameless_return(detail, self._place.name))
        if not detail.transfer_no or not (indicator == CREDIT or is_payment):
            self._leave_out(indicator, detail.amount_fen or 0)
            return
        status = self._status(entry, said)
        if indicator == CREDIT:
            if status != "paid":
                return  # it comes once it is booked
            status = "returned"
        is_explained = is_return or is_payment
        self._answers.append(self._answer(entry, detail, status, said, is_explained=is_explained))

    def _answer(
        self, entry: Element, detail: _Detail, status: Status, said: str, *, is_explained: bool
    ) -> Answer:
        paid_on = self._day(entry)
        reference = detail.reference or number_of(entry, ("AcctSvcrRef",))
        kept = reference or f"{paid_on}:{detail.amount_fen}"
        return Answer(
            where=detail.where,
            transfer_no=detail.transfer_no,
            status=status,
            amount_fen=detail.amount_fen,
            paid_on=None if status == "accepted" else paid_on,
            reference=reference,
            reason_code=detail.reason_code,
            reason=detail.reason,
            entry_no=f"{status}:{kept}",
            said=said,
            currency=detail.currency,
            is_explained=is_explained,
        )

    def _is_of_orders(self, entry: Element, indicator: str, said: str) -> bool:
        """Whether an entry without transactions says that orders were paid, or that they came in as
        one sum, once that is booked.
        """
        is_back = indicator == CREDIT and said == "BOOK"
        return is_back or (indicator == DEBIT and not _is_reversal(entry))

    def _take_batches(
        self, entry: Element, batches: list[_Batch], said: str, amount: Element
    ) -> None:
        """Orders that were booked as one sum, or came back as one."""
        status, paid_on = self._status(entry, said), self._day(entry)
        is_back = entry.value("CdtDbtInd") == CREDIT
        if is_back:
            status = "returned"
        reference = number_of(entry, ("AcctSvcrRef",))
        for batch in batches:
            whole = self._place.sum(amount) if len(batches) == 1 else None
            is_said = batch.sum_fen is not None
            sum_fen = batch.sum_fen if is_said else whole
            self._orders.append(
                OrderAnswer(
                    where=self._place.at(entry),
                    order_no=batch.order_no,
                    status=status,
                    transfers=batch.transfers,
                    sum_fen=sum_fen,
                    paid_on=None if status == "accepted" else paid_on,
                    reference=reference,
                    reason_code="",
                    reason="",
                    entry_no=f"{status}:{reference or f'{paid_on}:{sum_fen}'}",
                    said=said,
                    currency=batch.currency if is_said else self._place.currency(amount),
                    is_explained=not is_back or _is_return(entry),
                )
            )

    def _status(self, entry: Element, said: str) -> Status:
        status = OF_ENTRIES.get(said)
        if status is None:
            raise self._place.unknown_status(self._place.at(entry), said)
        return status

    def _day(self, entry: Element) -> int | None:
        return self._place.day(entry.first("BookgDt")) or self._place.day(entry.first("ValDt"))

    def _leave_out(self, indicator: str, amount_fen: int) -> None:
        self._others += 1
        self._others_fen += amount_fen if indicator == DEBIT else -amount_fen

    # ------------------------------------------------------------ accounts

    def _take_account(self, account: Element) -> None:
        entries, self._entries = self._entries, []
        number = account.one_of(("Acct", "Id", "Othr", "Id"), ("Acct", "Id", "IBAN"))
        self._accounts += [number] if number else []
        # an international number does not say how the bank's own books call the account
        self._say_account(account.value("Acct", "Id", "Othr", "Id"))
        if _is_one_page(account):
            self._compare_summary(account, entries)
            self._compare_balances(account, entries)

    def _say_account(self, number: str) -> None:
        """Of which account the answers are that were read since the last one."""
        answers, orders = self._answered
        self._answers[answers:] = [
            each._replace(account_no=number) for each in self._answers[answers:]
        ]
        self._orders[orders:] = [each._replace(account_no=number) for each in self._orders[orders:]]
        self._answered = (len(self._answers), len(self._orders))

    def _compare_summary(self, account: Element, entries: list[tuple[str, int, bool]]) -> None:
        parts = {"TtlNtries": (DEBIT, CREDIT), "TtlCdtNtries": (CREDIT,), "TtlDbtNtries": (DEBIT,)}
        for name, indicators in parts.items():
            told = account.first("TxsSummry", name)
            if told is None:
                continue
            sums = [fen for indicator, fen, _ in entries if indicator in indicators]
            count, amount = told.first("NbOfNtries"), told.first("Sum")
            if count is not None and self._place.count(count) != len(sums):
                what = Word("the number of entries")
                raise self._place.differ(self._place.at(count), what, count.text, len(sums))
            if amount is not None and self._place.sum(amount) != sum(sums):
                what = Word("the sum of the entries")
                raise self._place.differ(
                    self._place.at(amount), what, amount.text, money.yuan(sum(sums))
                )

    def _compare_balances(self, account: Element, entries: list[tuple[str, int, bool]]) -> None:
        """A warning where the booked entries do not lead from one balance to the other: an entry
        is missing, those that are there were booked all the same.
        """
        balances = {
            code: [each for each in account.all("Bal") if _code_of(each) == code]
            for code in ("OPBD", "PRCD", "CLBD")
        }
        opening, closing = balances["OPBD"] or balances["PRCD"], balances["CLBD"]
        if len(opening) != 1 or len(closing) != 1:
            return
        moved = sum(_sign(indicator) * fen for indicator, fen, is_booked in entries if is_booked)
        expected = self._balance(opening[0]) + moved
        if expected != self._balance(closing[0]):
            self._problems.append(
                Problem(
                    "bank_statement_gap",
                    "{file}: the closing balance is {closing}, the entries lead to {expected}: an"
                    " entry is missing",
                    self._place.at(closing[0]),
                    "ask the bank for the missing entry; what the file holds is used",
                    "warning",
                    {
                        "file": self._place.name,
                        "closing": _signed(self._balance(closing[0])),
                        "expected": _signed(expected),
                    },
                )
            )

    def _balance(self, balance: Element) -> int:
        amount = balance.first("Amt")
        if amount is None:
            raise self._place.missing(balance, "Amt")
        return _sign(balance.value("CdtDbtInd")) * self._place.sum(amount)


def _sign(indicator: str) -> int:
    return -1 if indicator == DEBIT else 1


def _signed(amount_fen: int) -> str:
    return f"{'-' if amount_fen < 0 else ''}{money.yuan(abs(amount_fen))}"


def _code_of(balance: Element) -> str:
    return balance.value("Tp", "CdOrPrtry", "Cd")


def _is_one_page(account: Element) -> bool:
    """Whether all entries of the account stand here: sums of several pages say nothing of one."""
    pages = [*account.all("StmtPgntn"), *account.all("NtfctnPgntn")]
    return all(
        page.value("LastPgInd") != "false" and page.value("PgNb") in ("", "1") for page in pages
    )


def _is_reversal(entry: Element) -> bool:
    return entry.value("RvslInd") in ("true", "1")


def _is_return(element: Element) -> bool:
    """Whether an entry or transaction gives a payment back."""
    return (
        element.first("RtrInf") is not None
        or element.value(*SUB_FAMILY) in RETURNS
        or _is_reversal(element)
    )


def _return_reason(transaction: Element) -> tuple[str, str]:
    given = transaction.first("RtrInf")
    if given is None:
        return "", ""
    words = " ".join(line.text for line in given.all("AddtlInf") if line.text)
    return given.one_of(("Rsn", "Cd"), ("Rsn", "Prtry")), masked(words)


def _nameless_return(detail: _Detail, name: str) -> Problem:
    return Problem(
        "bank_return_unnamed",
        "{file}: a payment came back without its number",
        detail.where,
        "ask the bank which transfer it was; the booking was left out",
        "warning",
        {"file": name},
    )
