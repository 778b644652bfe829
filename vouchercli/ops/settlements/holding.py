"""What a hold needs, of one that is asked for or of a list: each is judged by what stands, then all
are made at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import changed_accounts
from vouchercli.result import Problem
from vouchercli.rules import settlements as law
from vouchercli.rules.staff import same_person
from vouchercli.store import audit, cases, days, merchants
from vouchercli.store import holds as store
from vouchercli.store import settlements as paying

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.holds import Hold, Payment


class Asked(NamedTuple):
    """A hold that somebody asks for: of one payment (`transaction_no`), else of a merchant.
    `held_on` as yyyymmdd; `where`: the row of a list ('': there is none).
    """

    transaction_no: str
    merchant_no: str
    reason: str
    evidence: str
    note: str
    held_on: int
    where: str = ""


class Wanted(NamedTuple):
    """A hold that can be made."""

    asked: Asked
    merchant_id: int
    payment: Payment | None

    @property
    def key(self) -> tuple[int, int | None, str]:
        """What stands once: a payment is set apart once, whatever the reason."""
        if self.payment is not None:
            return self.merchant_id, self.payment.redemption_id, ""
        return self.merchant_id, None, self.asked.reason

    @property
    def name(self) -> str:
        """The number by which it was asked for."""
        return self.asked.transaction_no or self.asked.merchant_no


class Held(NamedTuple):
    """A hold that was made, and what it holds back now, in fen."""

    wanted: Wanted
    hold: int
    amount_fen: int


class Made(NamedTuple):
    """The holds that were made, the numbers of those that stood before, and the settlements from
    which something was dropped.
    """

    held: list[Held]
    stood: list[int]
    dropped: list[int]


def as_problem(error: VoucherError, where: str) -> Problem:
    """Why the row of a list cannot be used."""
    return Problem(error.code, error.text, where, params=error.params)


class Judge:
    """Judges what is asked for by what stands in the programme."""

    def __init__(self, session: Session, programme_id: int, payments: Iterable[str]) -> None:
        """`payments`: the numbers of those that are asked for ('': none)."""
        self._session, self._programme_id = session, programme_id
        numbers = {*payments} - {""}
        self._payments = store.payments(session.db, programme_id, numbers) if numbers else {}
        self._merchants: dict[str, int | None] = {}

    def judge(self, asked: Asked) -> Wanted | VoucherError:
        """What is to be made, or why it cannot be."""
        if asked.reason not in law.HOLD_REASONS:
            return VoucherError(
                "unknown_reason", "there is no reason {reason}", reason=asked.reason
            )
        if asked.transaction_no:
            return self._payment(asked)
        if not asked.merchant_no:
            return VoucherError(
                "merchant_or_payment", "the row names neither a payment nor a merchant"
            )
        merchant_id = self._merchant(asked.merchant_no)
        if merchant_id is None:
            return VoucherError(
                "unknown_merchant", "there is no merchant {number}", number=asked.merchant_no
            )
        return Wanted(asked, merchant_id, None)

    def _payment(self, asked: Asked) -> Wanted | VoucherError:
        number, other = asked.transaction_no, asked.merchant_no
        payment = self._payments.get(number)
        if payment is None:
            return VoucherError(
                "unknown_transaction",
                "no payment {number} stands",
                hint="voucher redemption list --transaction {number}",
                number=number,
            )
        if other and self._merchant(other) != payment.merchant_id:
            return VoucherError(
                "other_merchant",
                "payment {number} was made at another merchant than {merchant}",
                number=number,
                merchant=other,
            )
        paid = store.paid_with(self._session.db, self._programme_id, payment)
        if paid is None:
            return Wanted(asked, payment.merchant_id, payment)
        return VoucherError(
            "paid_already",
            "payment {number} was paid with settlement {settlement}: hold the merchant, or correct"
            " the payment, and it is taken back from the next settlement",
            hint="voucher redemption correct {number} --reverse --note WHY --evidence WHAT",
            number=number,
            settlement=paid[1],
        )

    def _merchant(self, number: str) -> int | None:
        if number not in self._merchants:
            found = merchants.named(self._session.db, number, self._session.now)
            self._merchants[number] = None if found is None else found.merchant_id
        return self._merchants[number]


def make(session: Session, programme_id: int, wanted: Sequence[Wanted]) -> Made:
    """Hold what is not held yet, each with its line in the log."""
    db = session.db
    known = store.all_standing(db, programme_id)
    new: dict[tuple[int, int | None, str], Wanted] = {}
    for each in wanted:
        if each.key not in known:
            new.setdefault(each.key, each)
    dropped: set[int] = set()
    for merchant_id in sorted({each.merchant_id for each in new.values()}):
        dropped.update(paying.drop_of_merchant(session, programme_id, merchant_id, "held"))
    for each in new.values():
        if each.asked.reason == law.ACCOUNT_CHANGED and each.payment is None:
            reason = law.ACCOUNT_CHANGED
            dropped.update(paying.drop_of_payee(session, programme_id, each.merchant_id, reason))
    open_on = days.open_on(db, programme_id)
    added = [_add(session, programme_id, each, open_on) for each in new.values()]
    paying.post_held(db, programme_id, "settlement.hold", session.now)
    sums = store.held_now(db, [each.hold for each in added if each.wanted.payment is None])
    held = [each._replace(amount_fen=sums.get(each.hold, each.amount_fen)) for each in added]
    for made in held:
        _note(session, made)
    stood = [known[each.key] for each in wanted if each.key in known]
    return Made(held, stood, sorted(dropped))


def _add(session: Session, programme_id: int, wanted: Wanted, open_on: int) -> Held:
    asked, payment = wanted.asked, wanted.payment
    of = payment and payment.redemption_id
    about = (asked.reason, asked.evidence, asked.note, asked.held_on)
    number = store.add(session, programme_id, wanted.merchant_id, of, *about)
    if payment is None:
        return Held(wanted, number, 0)
    return Held(wanted, number, store.set_apart(session.db, programme_id, number, payment, open_on))


def _note(session: Session, held: Held) -> None:
    asked = held.wanted.asked
    about: dict[str, object] = {"hold": held.hold, "reason": asked.reason}
    about |= {"evidence": asked.evidence, "amount_fen": held.amount_fen}
    about |= {"note": asked.note} if asked.note else {}
    about |= {"file": asked.where} if asked.where else {}
    audit.note(session, "settlement.hold", held.wanted.name, **about)


# ---------------------------------------------------------------- let go


class Release(NamedTuple):
    """A hold that is to be let go, and why; `where`: the row of a list ('': there is none)."""

    found: Hold
    note: str
    where: str = ""


def judge_release(
    session: Session, programme: Programme, number: int | str, found: Hold | None
) -> Hold | VoucherError:
    """The hold that this person can let go, or why it cannot be."""
    if found is None:
        return VoucherError(
            "unknown_hold",
            "there is no hold {hold}",
            hint="voucher settlement holds",
            hold=number,
        )
    if (case := cases.needed_by(session.db, found.hold)) is not None:
        return VoucherError(
            "hold_of_case",
            "hold {hold} stands as long as case {case} is not closed",
            hint="voucher case close {case} --note WHY --actor NAME",
            hold=number,
            case=case,
        )
    if programme.staff and _brought(session, found, programme.logins):
        return VoucherError(
            "own_account",
            "{actor} brought the account for which hold {hold} stands: another person must look at"
            " it",
            hint="voucher settlement release {hold} --note WHY --actor NAME",
            actor=session.actor,
            hold=number,
        )
    if programme.staff and _is_same(session, found, programme.logins):
        return VoucherError(
            "own_hold",
            "{actor} set hold {hold}: another person must release it",
            hint="voucher settlement release {hold} --note WHY --actor NAME",
            actor=session.actor,
            hold=number,
        )
    return found


def _brought(session: Session, found: Hold, logins: str) -> bool:
    """Whether this person brought an account that nobody else has looked at yet."""
    if found.reason != law.ACCOUNT_CHANGED:
        return False
    return changed_accounts.has_brought(session, logins, found.hold, found.merchant_no)


def _is_same(session: Session, found: Hold, logins: str) -> bool:
    by_login = logins == "personal" and session.os_user == found.os_user
    return by_login or same_person(session.actor, found.held_by)


def release(session: Session, programme_id: int, wanted: Sequence[Release]) -> int:
    """Let holds go, each with its line in the log; gives what no hold keeps back any more, in
    fen.
    """
    for each in wanted:
        store.release(session, each.found.hold, each.note)
    fen = -paying.post_held(session.db, programme_id, "settlement.release", session.now)
    for each in wanted:
        found = each.found
        about: dict[str, object] = {"hold": found.hold, "note": each.note}
        about |= {"amount_fen": found.amount_fen} | ({"file": each.where} if each.where else {})
        subject = found.transaction_no or found.merchant_no
        audit.note(session, "settlement.release", subject, **about)
    return fen
