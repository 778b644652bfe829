"""Answers of a bank, judged one by one: what is kept of each, what changes, what is refused and
why. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vouchercli.formats.banks.messages import other_currency
from vouchercli.formats.configs import payers
from vouchercli.ops.settlements.lookup import TRANSFER_WORDS
from vouchercli.result import Problem
from vouchercli.rules import money, times
from vouchercli.rules import settlements as law
from vouchercli.rules.accounts import cleaned, masked
from vouchercli.store.bank_answers import Kept, Sent
from vouchercli.transfers import CURRENCY, REPEATS, Answer

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from vouchercli.transfers import OrderAnswer, Payer


def problem_of(code: str, where: str, about: dict[str, Any]) -> Problem:
    """Why an answer is refused, or what is odd about it, in words."""
    problems = (
        Problem(
            "unknown_transfer",
            "{transfer_no} is no transfer of {programme}",
            where,
            params=about,
        ),
        Problem(
            "amount_differs",
            "{transfer_no} is {amount} yuan here, the bank says {said}",
            where,
            params=about,
        ),
        Problem(
            "never_sent",
            "{transfer_no} was never sent to the bank: it is {state}",
            where,
            params=about,
        ),
        Problem(
            "contradicts",
            "{transfer_no} is {state} here, the bank says {status}",
            where,
            params=about,
        ),
        Problem(
            "not_paid_yet",
            "{transfer_no} is {state} here, the bank says {status}: it is taken up as soon as the"
            " bank's word of the payment has come",
            where,
            params=about,
        ),
        Problem(
            "credit_unexplained",
            "money came in with the number of {transfer_no}, and the bank does not say that it came"
            " back: ask the bank",
            where,
            params=about,
        ),
        Problem(
            "before_sent",
            "{transfer_no}: the bank says {on}, a day before its payment file was written",
            where,
            level="warning",
            params=about,
        ),
        Problem(
            "still_to_come",
            "{transfer_no}: the bank says {on}, a day that is still to come",
            where,
            level="warning",
            params=about,
        ),
        Problem(
            "bank_other_account",
            "{transfer_no}: the statement is of account {account}, and {payers} has another for"
            " {funder}: check which of them is wrong",
            where,
            level="warning",
            params=about,
        ),
        Problem(
            "paid_twice",
            "the bank has paid {transfer_no} twice: ask it to take back the second payment",
            where,
            params=about,
        ),
        Problem(
            "unknown_order",
            "{transfer_no} is no order of {programme}",
            where,
            params=about,
        ),
        Problem(
            "order_differs",
            "the bank has read another order than {transfer_no}: count or sum differ",
            where,
            params=about,
        ),
        Problem(
            "repeated",
            "the bank has {transfer_no} already: the first one stands",
            where,
            level="warning",
            params=about,
        ),
    )
    return next(each for each in problems if each.code == code)


@dataclass
class Heard:
    """What a file comes to: each answer as it is kept, and what changes."""

    programme: str
    zone: str
    today: int
    sent: dict[str, Sent]
    marks: frozenset[str] | None = None  # of a statement: others are paid from the account too
    booked: dict[str, set[str]] = field(default_factory=dict)
    payers: Mapping[str, Payer] = field(default_factory=dict)  # funder -> whose account is debited
    strange: set[tuple[str, str]] = field(default_factory=set)  # funder, account of a statement
    kept: list[Kept] = field(default_factory=list)
    changes: list[tuple[int, str, int | None, str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, answer: Answer, said_on: int) -> None:
        """Judge one answer by what the transfer is by now. `said_on`: the day (yyyymmdd) on which
        the bank said so, where it does not say when it paid.
        """
        sent = self.sent.get(answer.transfer_no)
        if sent is None and self._is_of_others(answer.transfer_no):
            self._keep(answer, None, "of_others")
            return
        if sent is not None:
            _require_yuan(answer)
        heard = None if sent is None else sent.heard
        code, state = law.judge_answer(answer.status, answer.amount_fen, heard)
        if sent is not None and not answer.is_explained and sent.state != "returned":
            code = "credit_unexplained"
        if not code and answer.status == "rejected" and answer.reason_code in REPEATS:
            code = "repeated"
        if not code and self._is_booked_twice(answer):
            code = "paid_twice"
        outcome = code or ("heard_before" if sent and state == sent.state else "taken")
        self._keep(answer, sent, outcome)
        if code:
            self._tell(answer, sent, code)
        elif outcome == "taken" and sent is not None:
            for odd in self._find_odd(answer, sent):
                self._tell(answer, sent, odd)
            paid_on = (answer.paid_on or said_on) if state == "paid" else None
            why = answer.reason or answer.reason_code
            self.changes.append((sent.transfer_id, state, paid_on, answer.reference, why))
            self.sent[answer.transfer_no] = sent._replace(state=state)

    def _find_odd(self, answer: Answer, sent: Sent) -> Iterator[str]:
        """What cannot be right of an answer; what the bank says of the money stands all the same:
        whoever was paid must not be paid again.
        """
        if self._is_of_other_account(answer, sent):
            yield "bank_other_account"
        if odd := self._judge_day(answer, sent):
            yield odd

    def _is_of_other_account(self, answer: Answer, sent: Sent) -> bool:
        """Whether a statement is of another account than the one that the funder pays from; said
        once of each.
        """
        payer = self.payers.get(sent.funder)
        account = cleaned(answer.account_no)
        # an international number of the account ends with its own
        if payer is None or not account or account.endswith(cleaned(payer.account_no)):
            return False
        is_new = (sent.funder, account) not in self.strange
        self.strange.add((sent.funder, account))
        return is_new

    def _judge_day(self, answer: Answer, sent: Sent) -> str:
        """Why its day cannot be right; what the bank says of the money stands all the same."""
        if answer.paid_on is None or sent.sent_at is None:
            return ""
        return law.judge_day(answer.paid_on, times.day_of(sent.sent_at, self.zone), self.today)

    def _is_of_others(self, number: str) -> bool:
        """Whether a statement has a payment there that no order of this programme can have asked
        for: a number without its mark (that of another programme, another database).
        """
        return self._has_other_mark(law.TRANSFER_NO, number)

    def _has_other_mark(self, form: re.Pattern[str], number: str) -> bool:
        if self.marks is None:
            return False
        found = form.fullmatch(number)
        return found is None or (found["mark"] or "") not in self.marks

    def leave_order_of_others(self, said: OrderAnswer) -> bool:
        """Whether a statement has the order of somebody else there: it is kept, and left alone."""
        is_of_others = self._has_other_mark(law.ORDER_NO, said.order_no)
        if is_of_others:
            self._keep(as_answer(said, said.order_no), None, "of_others")
        return is_of_others

    def _is_booked_twice(self, answer: Answer) -> bool:
        """Whether a statement has another booking of the same payment: the bank has paid twice."""
        if not (self.marks is not None and answer.status == "paid" and answer.entry_no):
            return False
        entries = self.booked.setdefault(answer.transfer_no, set())
        is_other = bool(entries) and answer.entry_no not in entries
        entries.add(answer.entry_no)
        return is_other

    def _keep(self, answer: Answer, sent: Sent | None, outcome: str) -> None:
        self.kept.append(
            Kept(
                answer.where,
                answer.transfer_no,
                sent.transfer_id if sent else None,
                answer.status,
                answer.amount_fen,
                answer.paid_on,
                answer.reference,
                answer.reason_code,
                answer.reason,
                answer.entry_no,
                outcome,
            )
        )

    def _tell(self, answer: Answer, sent: Sent | None, code: str) -> None:
        params = {
            "transfer_no": answer.transfer_no,
            "programme": self.programme,
            "amount": money.grouped(sent.amount_fen) if sent else "",
            "said": money.grouped(answer.amount_fen or 0),
            "state": TRANSFER_WORDS[sent.state] if sent else "",
            "status": TRANSFER_WORDS.get(answer.status, answer.status),
            "on": times.day_text(answer.paid_on) if answer.paid_on else "",
            "account": masked(cleaned(answer.account_no)),
            "funder": sent.funder if sent else "",
            "payers": payers.FILE,
        }
        self.problems.append(problem_of(code, answer.where, params))

    def refuse_order(self, said: OrderAnswer, code: str) -> None:
        """Keep what was said of an order that is not ours, or not the one that was sent."""
        self._keep(as_answer(said, said.order_no), None, code)
        params = {
            "transfer_no": said.order_no,
            "programme": self.programme,
            "state": TRANSFER_WORDS["planned"],
        }
        self.problems.append(problem_of(code, said.where, params))


def _require_yuan(answer: Answer) -> None:
    """Raises `VoucherError` bank_currency: no transfer of ours is in other money."""
    if answer.currency != CURRENCY:
        raise other_currency(answer.where, answer.currency)


def as_answer(said: OrderAnswer, transfer_no: str) -> Answer:
    """What was said of an order, as if it were said of one transfer of it."""
    return Answer(
        where=said.where,
        transfer_no=transfer_no,
        status=said.status,
        amount_fen=None,
        paid_on=said.paid_on,
        reference=said.reference,
        reason_code=said.reason_code,
        reason=said.reason,
        entry_no=said.entry_no,
        said=said.said,
        currency=said.currency,
        account_no=said.account_no,
        is_explained=said.is_explained,
    )
