"""The case that is meant, with its programme; the words of cases; who may not act on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.result import Word
from vouchercli.rules import cases as law
from vouchercli.rules.staff import Hand, same_person
from vouchercli.store import cases as store
from vouchercli.store import programmes, proposals
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.cases import Case
    from vouchercli.store.proposals import Proposal

REASON_WORDS = {
    "brushing": Word("brushing: sales that were none"),
    "cash_out": Word("vouchers turned into cash"),
    "price_raised": Word("price raised first"),
    "voucher_refused": Word("vouchers refused"),
    "forced_sale": Word("vouchers only with other goods"),
    "false_goods": Word("other goods than on the bill"),
    "resale": Word("vouchers resold"),
    "refund_abuse": Word("refunds abused"),
    "other": Word("other reason"),
}
STATE_WORDS = {"open": Word("still open"), "decided": Word("decided"), "closed": Word("ended")}
OUTCOME_WORDS = {
    "": Word("not decided yet"),
    "founded": Word("founded"),
    "unfounded": Word("nothing found"),
}
SOURCE_WORDS = {
    "hand": Word("opened by hand"),
    "complaint": Word("complaint"),
    "finding": Word("finding"),
}
HOLDING_WORDS = {
    "payments": Word("its payments"),
    "merchant": Word("the merchant"),
    "none": Word("nothing"),
}
SANCTION_WORDS = {
    "warning": Word("warning"),
    "suspension": Word("suspension"),
    "exclusion": Word("exclusion"),
    "readmission": Word("readmission"),
    "claw_back": Word("claw-back"),
    "police": Word("handed to the police"),
}

OF_RESIDENTS = SANCTION_WORDS | {"exclusion": Word("exclusion from packs")}


def sanction_words(subject: str) -> dict[str, Word]:
    """What sanctions are called where they are on a `merchant` or on `residents`."""
    return OF_RESIDENTS if subject == "residents" else SANCTION_WORDS


class Current(NamedTuple):
    """A case and the programme that it belongs to."""

    row: sqlite3.Row
    programme: Programme
    case: Case

    @property
    def number(self) -> int:
        """Its number."""
        return self.case.case

    @property
    def programme_id(self) -> int:
        """Whose it is."""
        return int(self.row["programme_id"])

    @property
    def subject(self) -> Subject:
        """What proposals on it are about."""
        return Subject(proposals.CASE, self.number)

    @property
    def opener(self) -> Hand:
        """Who opened it."""
        return Hand(self.case.opened_by, self.case.os_user)


def look_up(session: Session, number: int) -> Current:
    """The case with that number. Raises `unknown_case`."""
    row = programmes.current(session.db, session.programme)
    found = store.named(session.db, row["programme_id"], number)
    if found is None:
        raise VoucherError(
            "unknown_case",
            "programme {programme} has no case {case}",
            hint="voucher case list",
            programme=row["programme"],
            case=number,
        )
    return Current(row, programmes.value(row), found)


def require_open(current: Current, *states: str) -> None:
    """Raise `case_is` unless it stands in one of these states (else: open)."""
    state = current.case.state
    if state not in (states or ("open",)):
        raise VoucherError(
            "case_is",
            "case {case} is {state}: this cannot be done any more",
            hint="voucher case show {case}",
            case=current.number,
            state=STATE_WORDS[state],
        )


def waiting(session: Session, current: Current) -> Proposal | None:
    """What is proposed on it and waits for a second person."""
    return proposals.waiting(session.db, current.subject)


def is_same(session: Session, programme: Programme, other: Hand) -> bool:
    """Whether the hand at work is this person."""
    by_login = programme.logins == "personal" and session.os_user == other.os_user
    return by_login or same_person(session.actor, other.actor)


def require_words(words: str, option: str) -> str:
    """A text without its outer blanks (a number of a person in it is a token by now). Raises
    `words_needed`.
    """
    words = words.strip()
    if not words:
        raise UsageFault("words_needed", "say it in words: {option}", option=option)
    return words


def require_reason(reason: str) -> None:
    """Raises `unknown_case_reason`."""
    if reason not in law.REASONS:
        raise UsageFault(
            "unknown_case_reason",
            "there is no reason {reason} for a case",
            hint="choose one of: {known}",
            reason=reason,
            known=", ".join(law.REASONS),
        )
