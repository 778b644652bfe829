"""Answers of a bank, judged one by one: what is kept of each, what changes, what is refused and
why. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vouchercli.ops.settlements.lookup import TRANSFER_WORDS
from vouchercli.result import Problem
from vouchercli.rules import money, times
from vouchercli.rules import settlements as law
from vouchercli.store.bank_answers import Kept, Sent
from vouchercli.transfers import REPEATS, Answer

if TYPE_CHECKING:
    from vouchercli.transfers import OrderAnswer


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
        heard = None if sent is None else sent.heard
        code, state = law.judge_answer(answer.status, answer.amount_fen, heard)
        if not code and answer.status == "rejected" and answer.reason_code in REPEATS:
            code = "repeated"
        if not code and self._is_booked_twice(answer):
            code = "paid_twice"
        outcome = code or ("heard_before" if sent and state == sent.state else "taken")
        self._keep(answer, sent, outcome)
        if code:
            self._tell(answer, sent, code)
        elif outcome == "taken" and sent is not None:
            if odd := self._judge_day(answer, sent):
                self._tell(answer, sent, odd)
            paid_on = (answer.paid_on or said_on) if state == "paid" else None
            why = answer.reason or answer.reason_code
            self.changes.append((sent.transfer_id, state, paid_on, answer.reference, why))
            self.sent[answer.transfer_no] = sent._replace(state=state)

    def _judge_day(self, answer: Answer, sent: Sent) -> str:
        """Why its day cannot be right; what the bank says of the money stands all the same."""
        if answer.paid_on is None or sent.sent_at is None:
            return ""
        return law.judge_day(answer.paid_on, times.day_of(sent.sent_at, self.zone), self.today)

    def _is_of_others(self, number: str) -> bool:
        """Whether a statement has a payment there that no order of this programme can have asked
        for: a number without its mark (that of another programme, another database).
        """
        if self.marks is None:
            return False
        found = law.TRANSFER_NO.fullmatch(number)
        return found is None or (found["mark"] or "") not in self.marks

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


def as_answer(said: OrderAnswer, transfer_no: str) -> Answer:
    """What was said of an order, as if it were said of one transfer of it."""
    return Answer(
        said.where,
        transfer_no,
        said.status,
        None,
        said.paid_on,
        said.reference,
        said.reason_code,
        said.reason,
        said.entry_no,
        said.said,
    )
