"""ISO 20022 pain.002, what a bank says of a payment file, of any version: it is read by the local
names of its elements.

A status stands at the group, at a payment information, or at a transaction; the more exact one
counts. A report need not list every transaction.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.banks.messages import FETCH_AGAIN, Place, number_of
from vouchercli.formats.banks.statuses import IN_PART, OF_PAYMENTS, masked
from vouchercli.result import Word
from vouchercli.transfers import Answer, AnswerFile, OrderAnswer

if TYPE_CHECKING:
    from vouchercli.formats.banks.elements import Element
    from vouchercli.transfers import Status

ROOT = "CstmrPmtStsRpt"
ROOTS = (ROOT, "pain.002.001.02")  # as the second version called it
TRANSACTION = "TxInfAndSts"
RECORDS = (TRANSACTION,)
OURS = "pain.001"
GROUP, PAYMENT = "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts"


class StatusReport:
    """A report as it is read: `take` each transaction, then `file` at its end."""

    def __init__(self, name: str) -> None:
        self._place = Place(name)
        self._transactions: list[Answer] = []
        self._said: Counter[str] = Counter()

    def take(self, transaction: Element) -> None:
        """One transaction; without a status of its own it has that of its group. Raises
        `VoucherError`.
        """
        said = transaction.first("TxSts")
        if said is None or not said.text:
            return
        number = number_of(transaction, ("OrgnlEndToEndId",), ("OrgnlInstrId",))
        if not number:
            raise self._place.missing(transaction, "OrgnlEndToEndId")
        self._said[said.text] += 1
        status = self._status(said)
        code, reason = _reason(transaction)
        amount = transaction.first("OrgnlTxRef", "Amt", "InstdAmt")
        settled = transaction.first("FctvIntrBkSttlmDt") or transaction.first("AccptncDtTm")
        reference = number_of(transaction, ("AcctSvcrRef",), ("ClrSysRef",), ("StsId",))
        self._transactions.append(
            Answer(
                where=self._place.at(transaction),
                transfer_no=number,
                status=status,
                amount_fen=None if amount is None else self._place.fen(amount),
                paid_on=self._place.day(settled) if status == "paid" else None,
                reference=reference,
                reason_code=code,
                reason=reason,
                entry_no=reference,
                said=said.text,
            )
        )

    def file(self, root: Element, sha256: str) -> AnswerFile:
        """The whole report. Raises `VoucherError`."""
        report = root.inside[0]
        group = report.first(GROUP)
        if group is None:
            raise self._place.missing(report, GROUP)
        self._refuse_other(group)
        payments = report.all(PAYMENT)
        message_no = report.value("GrpHdr", "MsgId")
        answers = tuple(self._numbered(message_no))
        self._refuse_repeats(answers)
        self._compare(group, payments)
        orders = tuple(self._orders(group, payments, message_no))
        if not answers and not orders:
            raise self._no_answers(group)
        total = group.first("OrgnlNbOfTxs")
        amount = group.first("OrgnlCtrlSum")
        return AnswerFile(
            kind="pain.002",
            sha256=sha256,
            message_no=message_no,
            order_no=number_of(group, ("OrgnlMsgId",)),
            order_transfers=None if total is None else self._place.count(total),
            order_sum_fen=None if amount is None else self._place.sum(amount),
            made_at=self._place.seconds(report.first("GrpHdr", "CreDtTm")),
            answers=answers,
            of_orders=orders,
            accounts=(),
            others=0,
            others_fen=0,
            problems=(),
        )

    def _status(self, said: Element) -> Status:
        status = OF_PAYMENTS.get(said.text)
        if status is None:
            raise self._place.unknown_status(self._place.at(said), said.text)
        return status

    def _numbered(self, message_no: str) -> list[Answer]:
        """Who gives no reference has answered with this message: its number tells the answer."""
        return [
            each._replace(entry_no=f"{each.status}:{each.reference or message_no}")
            for each in self._transactions
        ]

    def _refuse_repeats(self, answers: tuple[Answer, ...]) -> None:
        first: dict[str, str] = {}
        for answer in answers:
            if first.setdefault(answer.transfer_no, answer.where) != answer.where:
                raise self._place.twice(answer, first[answer.transfer_no])

    def _orders(
        self, group: Element, payments: list[Element], message_no: str
    ) -> list[OrderAnswer]:
        """What is said of all transfers at once: by payment informations, else by the group."""
        found = [
            self._order(payment, "PmtInfSts", ("OrgnlPmtInfId",), message_no)
            for payment in payments
            if self._is_for_all(payment, "PmtInfSts")
        ]
        is_said = any(payment.value("PmtInfSts") for payment in payments)
        if not is_said and self._is_for_all(group, "GrpSts"):
            found.append(self._order(group, "GrpSts", ("OrgnlMsgId",), message_no))
        return found

    def _is_for_all(self, element: Element, name: str) -> bool:
        return element.value(name) not in ("", IN_PART)

    def _order(
        self, element: Element, name: str, number: tuple[str, ...], message_no: str
    ) -> OrderAnswer:
        said = element.all(name)[0]
        status = self._status(said)
        code, reason = _reason(element)
        count, amount = element.first("OrgnlNbOfTxs"), element.first("OrgnlCtrlSum")
        return OrderAnswer(
            where=self._place.at(said),
            order_no=number_of(element, number),
            status=status,
            transfers=None if count is None else self._place.count(count),
            sum_fen=None if amount is None else self._place.sum(amount),
            paid_on=None,
            reference="",
            reason_code=code,
            reason=reason,
            entry_no=f"{status}:{message_no}",
            said=said.text,
        )

    def _refuse_other(self, group: Element) -> None:
        """A report on another kind of message answers nothing of ours."""
        original = group.value("OrgnlMsgNmId")
        if original and not original.startswith(OURS):
            raise VoucherError(
                "bank_other_original",
                "{file} answers a {original} message; payment files are pain.001",
                hint="check that it is the right file; nothing of it was used",
                where=self._place.at(group),
                file=self._place.name,
                original=original,
            )

    def _compare(self, group: Element, payments: list[Element]) -> None:
        """What the report says of how many have which status holds where it lists any of them."""
        lines = [line for each in payments for line in each.all("NbOfTxsPerSts")]
        told: Counter[str] = Counter()
        for line in lines or group.all("NbOfTxsPerSts"):
            count = line.first("DtldNbOfTxs")
            if count is not None:
                told[line.value("DtldSts")] += self._place.count(count)
        for status, count_said in told.items():
            if self._said[status] not in (0, count_said):
                what = Word("the number of transactions by status")
                where = self._place.at((lines or group.all("NbOfTxsPerSts"))[0])
                raise self._place.differ(where, what, count_said, self._said[status])

    def _no_answers(self, group: Element) -> VoucherError:
        return VoucherError(
            "no_bank_answers",
            "{file} answers no transfer",
            hint=FETCH_AGAIN,
            where=self._place.at(group),
            file=self._place.name,
        )


def _reason(element: Element) -> tuple[str, str]:
    """Code and words of why; several are told one behind the other."""
    codes, words = [], []
    for each in element.all("StsRsnInf"):
        codes += [each.one_of(("Rsn", "Cd"), ("Rsn", "Prtry"))]
        words += [line.text for line in each.all("AddtlInf")]
    return next(filter(None, codes), ""), masked(" ".join(filter(None, words)))
