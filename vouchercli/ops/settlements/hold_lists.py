"""`settlement hold --file`: many payments and merchants are held at once, by a list. All of it is
judged first: where a row is at fault, nothing is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.tables import hold_lists
from vouchercli.ops.settlements.holds import REASONS
from vouchercli.ops.setup import staff
from vouchercli.result import Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.store import audit, days, merchants, programmes
from vouchercli.store import holds as store
from vouchercli.store import settlements as paying
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from vouchercli.formats.tables.hold_lists import HoldLine
    from vouchercli.session import Session
    from vouchercli.store.holds import Payment

SHOWN = 20  # faults that are told one by one
COLUMNS = (
    Column("reason", "Reason", "word", shown="reason_word"),
    Column("holds", "Holds", "int"),
    Column("payments", "Single payments", "int"),
    Column("amount_fen", "Held back", "fen"),
)
TEXTS = {
    "merchant_or_payment": "the row names neither a payment nor a merchant",
    "unknown_reason": "there is no reason {reason}",
    "bad_time": "date: {value} is no day",
    "in_future": "date: {value} is still to come",
    "unknown_transaction": "no payment {number} stands",
    "unknown_merchant": "there is no merchant {number}",
    "other_merchant": "payment {number} was made at another merchant than {merchant}",
    "paid_already": "payment {number} was paid with settlement {settlement}",
}


class Wanted(NamedTuple):
    """A hold that a row asks for: `held_on` as yyyymmdd."""

    line: HoldLine
    merchant_id: int
    payment: Payment | None
    held_on: int

    @property
    def key(self) -> tuple[int, int | None, str]:
        """What stands once: a payment is set apart once, whatever the reason."""
        if self.payment is not None:
            return self.merchant_id, self.payment.redemption_id, ""
        return self.merchant_id, None, self.line.reason

    @property
    def name(self) -> str:
        """The number that the row names it by."""
        return self.line.transaction_no or self.line.merchant_no


class Held(NamedTuple):
    """A hold that was made, and what it set apart (fen; of a merchant 0)."""

    wanted: Wanted
    hold: int
    amount_fen: int


def require_alone(file: Path | None, reason: str | None, *others: str | None) -> bool:
    """Whether a list says what is held. Raises `file_alone`, `reason_needed`."""
    if file is None:
        if reason is None:
            raise UsageFault("reason_needed", "say why it is held: --reason CODE, or --file FILE")
        return False
    if reason is not None or any(others):
        raise UsageFault(
            "file_alone",
            "--file holds what its rows say: leave out --merchant, --transaction, --reason,"
            " --evidence, --note and --on",
        )
    return True


def hold(session: Session, path: Path) -> Outcome:
    """Hold what the rows of a list name; what is held already stays as it is.
    Raises `bad_hold_rows` with every row at fault (the first twenty), and as `hold_lists.read`.
    """
    lines, faults = hold_lists.read(path)
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["settlement hold"])
        wanted = _Judge(session, row, lines).judge(faults)
        if faults:
            raise _refusal(path, faults)
        known = store.all_standing(db, row["programme_id"])
        new: dict[tuple[int, int | None, str], Wanted] = {}
        for each in wanted:
            if each.key not in known:
                new.setdefault(each.key, each)
        held, dropped = _hold_all(session, row, [*new.values()])
        paying.post_held(db, row["programme_id"], "settlement.hold", session.now)
        sums = {each.hold: each.amount_fen for each in held}
        sums |= store.held_now(db, [each.hold for each in held if each.wanted.payment is None])
        for made in held:
            _note(session, made, sums.get(made.hold, 0))
    return _answer(path, len(lines), held, sums, dropped)


def _refusal(path: Path, faults: list[Problem]) -> VoucherError:
    return VoucherError(
        "bad_hold_rows",
        "{file}: {count} row(s) cannot be used; nothing is held",
        hint="correct these rows and hand the file in again",
        where=str(path),
        problems=faults[:SHOWN],
        file=str(path),
        count=len(faults),
    )


class _Judge:
    """Judges the rows of a list by what stands in the programme."""

    def __init__(self, session: Session, row: sqlite3.Row, lines: list[HoldLine]) -> None:
        self._session, self._row, self._lines = session, row, lines
        self._today = times.day_of(session.now, row["time_zone"])
        numbers = [each.transaction_no for each in lines if each.transaction_no]
        self._payments = store.payments(session.db, row["programme_id"], numbers)
        self._merchants: dict[str, int | None] = {}

    def judge(self, faults: list[Problem]) -> list[Wanted]:
        """What the rows ask for; those that are at fault are told in `faults`."""
        wanted = []
        for line in self._lines:
            judged = self._one(line)
            if isinstance(judged, Problem):
                faults.append(judged)
            else:
                wanted.append(judged)
        return wanted

    def _one(self, line: HoldLine) -> Wanted | Problem:
        if line.reason not in law.HOLD_REASONS:
            return _fault(line, "unknown_reason", reason=line.reason)
        held_on = self._day(line)
        if isinstance(held_on, Problem):
            return held_on
        if line.transaction_no:
            return self._payment(line, held_on)
        if not line.merchant_no:
            return _fault(line, "merchant_or_payment")
        merchant_id = self._merchant(line.merchant_no)
        if merchant_id is None:
            return _fault(line, "unknown_merchant", number=line.merchant_no)
        return Wanted(line, merchant_id, None, held_on)

    def _payment(self, line: HoldLine, held_on: int) -> Wanted | Problem:
        number = line.transaction_no
        payment = self._payments.get(number)
        if payment is None:
            return _fault(line, "unknown_transaction", number=number)
        if line.merchant_no and self._merchant(line.merchant_no) != payment.merchant_id:
            return _fault(line, "other_merchant", number=number, merchant=line.merchant_no)
        paid = store.paid_with(self._session.db, self._row["programme_id"], payment)
        if paid is not None:
            return _fault(line, "paid_already", number=number, settlement=paid[1])
        return Wanted(line, payment.merchant_id, payment, held_on)

    def _day(self, line: HoldLine) -> int | Problem:
        """The date of the evidence (yyyymmdd), else today."""
        text, zone = line.held_on, self._row["time_zone"]
        if not text:
            return self._today
        try:
            day = times.day_of(times.parse(text, zone), zone)
        except ValueError:
            return _fault(line, "bad_time", value=text)
        return _fault(line, "in_future", value=text) if day > self._today else day

    def _merchant(self, number: str) -> int | None:
        if number not in self._merchants:
            found = merchants.named(self._session.db, number, self._session.now)
            self._merchants[number] = None if found is None else found.merchant_id
        return self._merchants[number]


def _fault(line: HoldLine, code: str, **about: object) -> Problem:
    return Problem(code, TEXTS[code], line.where, params=about)


def _hold_all(
    session: Session, row: sqlite3.Row, wanted: list[Wanted]
) -> tuple[list[Held], list[int]]:
    """The holds that are made, and the settlements from which something was dropped."""
    db, programme_id = session.db, row["programme_id"]
    dropped: set[int] = set()
    for merchant_id in {each.merchant_id for each in wanted}:
        dropped |= {
            *paying.drop_of_merchant(db, programme_id, merchant_id, "held", session.now),
        }
    open_on = days.open_on(db, programme_id)
    held = []
    for each in wanted:
        line, payment = each.line, each.payment
        of = payment and payment.redemption_id
        about = (line.reason, line.evidence, line.note, each.held_on)
        number = store.add(session, programme_id, each.merchant_id, of, *about)
        fen = 0
        if payment is not None:
            fen = store.set_apart(db, programme_id, number, payment, open_on)
        held.append(Held(each, number, fen))
    return held, sorted(dropped)


def _note(session: Session, held: Held, amount_fen: int) -> None:
    line = held.wanted.line
    about = {"hold": held.hold, "reason": line.reason, "evidence": line.evidence}
    about |= {"note": line.note} if line.note else {}
    audit.note(
        session,
        "settlement.hold",
        held.wanted.name,
        **about,
        amount_fen=amount_fen,
        file=line.where,
    )


def _answer(
    path: Path, rows: int, held: list[Held], sums: dict[int, int], dropped: list[int]
) -> Outcome:
    by_reason = []
    for code in law.HOLD_REASONS:
        some = [each for each in held if each.wanted.line.reason == code]
        if some:
            by_reason.append({"reason": code, "reason_word": REASONS[code], **_sum(some, sums)})
    whole = _sum(held, sums)
    total = {"reason": Word("total"), "reason_word": Word("total"), **whole}
    message = say(
        "{file}: {holds:,} holds, {amount} yuan; {before:,} rows were held before",
        file=str(path),
        holds=len(held),
        amount=money.grouped(whole["amount_fen"]),
        before=rows - len(held),
    )
    says = [message]
    if dropped:
        says.append(
            say(
                "what settlements {settlements} would have paid it is taken out of them",
                settlements=", ".join(map(str, dropped)),
            )
        )
    data = {
        "file": str(path),
        "rows": rows,
        "held_before": rows - len(held),
        "dropped_from": dropped,
    }
    table = Table(
        say("Held back, by reason"),
        COLUMNS,
        by_reason,
        total,
        key="by_reason",
        total_key="total",
        optional=True,
    )
    return Outcome(data, (table,), says=(*says,))


def _sum(held: list[Held], sums: dict[int, int]) -> dict[str, int]:
    return {
        "holds": len(held),
        "payments": sum(each.wanted.payment is not None for each in held),
        "amount_fen": sum(sums.get(each.hold, 0) for each in held),
    }
