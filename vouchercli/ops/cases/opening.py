"""A case is opened: by hand, by a complaint, or from a finding; and rows are added as evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.cases import holding
from vouchercli.ops.cases.lookup import (
    look_up,
    require_open,
    require_reason,
    require_words,
)
from vouchercli.ops.setup import staff
from vouchercli.ops.setup.merchants import the_merchant
from vouchercli.result import Outcome, say
from vouchercli.rules import cases as law
from vouchercli.rules import doors, money, times
from vouchercli.store import audit, findings, programmes
from vouchercli.store import cases as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from vouchercli.ops.cases.holding import Made
    from vouchercli.ops.cases.lookup import Current
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.cases import Row
    from vouchercli.store.findings import Finding


class Picked(NamedTuple):
    """Which payments are evidence: these numbers, or all of the merchant in a span (UTC seconds),
    maybe of one round.
    """

    numbers: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    round: str | None = None

    @property
    def is_span(self) -> bool:
        """Whether payments are asked for by anything but their numbers."""
        return (self.since, self.until, self.round) != (None, None, None)


class Complaint(NamedTuple):
    """Who complained, in words without an identity, and on which day (yyyymmdd)."""

    by: str
    said_on: int


class Opened(NamedTuple):
    """What a case is opened with."""

    merchant: str | None
    reason: str
    words: str
    holding: str = "payments"
    owner: str | None = None
    complaint: Complaint | None = None
    picked: Picked = Picked()
    finding: int | None = None


def complaint_of(by: str | None, said_on: int | None, *, is_one: bool) -> Complaint | None:
    """The complaint that is told; None: there is none. Raises `complaint_needs`,
    `no_complaint`.
    """
    if not is_one:
        if by is not None or said_on is not None:
            raise UsageFault("no_complaint", "--from and --on belong to a complaint: --complaint")
        return None
    if by is None or said_on is None:
        raise UsageFault(
            "complaint_needs",
            "a complaint needs who complained, in words without a name or number (--from), and"
            " when (--on DAY)",
        )
    return Complaint(require_words(by, "--from"), said_on)


def open_case(session: Session, asked: Opened) -> Outcome:
    """Open a case on a merchant. Raises `unknown_merchant`, `unknown_case_reason`,
    `unknown_holding`, `words_needed`, `in_future`, and as `_pick` and `_find`.
    """
    _require_one_start(asked)
    require_reason(asked.reason)
    words = require_words(asked.words, "--note")
    if asked.holding not in law.HOLDING:
        raise UsageFault(
            "unknown_holding",
            "--hold {holding}: write payments, merchant or none",
            holding=asked.holding,
        )
    with writing(session):
        row = programmes.current(session.db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["case open"])
        _require_past(session, row, asked.complaint)
        found = _find(session, row, asked.finding)
        merchant_no = found.merchant_no if found else asked.merchant or ""
        merchant = the_merchant(session, merchant_no)
        rows = (
            store.of_finding(session.db, row["programme_id"], found.finding)
            if found
            else _pick(session, row, merchant.merchant_id, merchant.merchant_no, asked.picked)
        )
        number = _add(session, row, merchant.merchant_id, asked, words)
        current = look_up(session, number)
        outcome = _freeze(session, current, rows, "case.open", _about(current))
        return _with_finding(outcome, found, len(rows)) if found else outcome


def _require_one_start(asked: Opened) -> None:
    """Raises `merchant_or_finding` unless a case starts at a merchant or at a finding."""
    is_picked = bool(asked.picked.numbers) or asked.picked.is_span
    others = (asked.merchant is not None, is_picked, asked.complaint is not None)
    if any(others) if asked.finding is not None else asked.merchant is None:
        raise UsageFault(
            "merchant_or_finding",
            "a case is opened on a merchant (--merchant), or on a finding alone (--finding), which"
            " has its merchant and payments",
            hint="voucher risk list, or voucher case open --help",
        )


def _find(session: Session, row: sqlite3.Row, number: int | None) -> Finding | None:
    """The finding that is meant; None: none is. Raises `unknown_finding`, `finding_in_case`."""
    if number is None:
        return None
    found = findings.find(session.db, row["programme_id"], number)
    if found is None:
        raise VoucherError(
            "unknown_finding",
            "there is no finding {finding}",
            hint="see them all: voucher risk list",
            finding=number,
        )
    other = store.of_same_finding(session.db, number)
    if other is not None:
        raise VoucherError(
            "finding_in_case",
            "finding {finding} is looked into by case {case} already",
            hint="voucher case show {case}",
            finding=number,
            case=other,
        )
    return found


def _with_finding(outcome: Outcome, found: Finding, kept: int) -> Outcome:
    """The answer with what came of the rows of the finding: some may not stand any more."""
    data = {**(outcome.data or {}), "finding": found.finding, "found_payments": found.payments}
    gone = found.payments - kept
    if not gone:
        return replace(outcome, data=data)
    told = say(
        "{count} of the {of} payments of finding {finding} do not stand any more: they are left"
        " out",
        count=gone,
        of=found.payments,
        finding=found.finding,
    )
    return replace(outcome, data=data, says=(*outcome.says, told))


def _require_past(session: Session, row: sqlite3.Row, complaint: Complaint | None) -> None:
    today = times.day_of(session.now, row["time_zone"])
    if complaint is not None and complaint.said_on > today:
        raise UsageFault(
            "in_future",
            "{day} is still to come",
            hint="name the day on which it was said or seen: --on DAY",
            day=times.day_text(complaint.said_on),
        )


def _add(session: Session, row: sqlite3.Row, merchant_id: int, asked: Opened, words: str) -> int:
    complaint = asked.complaint
    return store.add(
        session,
        (
            row["programme_id"],
            merchant_id,
            "complaint" if complaint else "hand" if asked.finding is None else "finding",
            asked.finding,
            asked.reason,
            words,
            complaint.by if complaint else "",
            complaint.said_on if complaint else None,
            asked.holding,
            asked.owner or session.actor,
        ),
    )


def _about(current: Current) -> dict[str, Any]:
    case = current.case
    said: dict[str, Any] = {"reason": case.reason, "note": case.words, "source": case.source}
    said |= {} if case.finding is None else {"finding": case.finding}
    return {**said, "merchant_no": case.merchant_no, "holding": case.holding, "owner": case.owner}


def add_evidence(session: Session, number: int, picked: Picked) -> Outcome:
    """Add payments to the evidence of an open case. Raises `unknown_case`, `case_is`,
    `nothing_picked`, and as `_pick`.
    """
    with writing(session):
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["case add"])
        require_open(current)
        case = current.case
        rows = _pick(session, current.row, case.merchant_id, case.merchant_no, picked)
        if not rows:
            raise UsageFault(
                "nothing_picked",
                "no payment is named: --transaction NO, or --since and --until",
                hint="voucher redemption list --merchant {merchant}",
                merchant=case.merchant_no,
            )
        return _freeze(session, current, rows, "case.add", {})


def _freeze(
    session: Session, current: Current, rows: list[Row], deed: str, about: dict[str, Any]
) -> Outcome:
    """Keep rows as they stand now, hold what the case holds, and log both."""
    db, number = session.db, current.number
    new = store.add_lines(session, number, rows)
    made = holding.hold(session, current, [row.transaction_no for row in new])
    kept = [*store.lines(db, number).rows(None)]
    frozen = {"rows": len(kept), "sha256": store.digest_of(kept)}
    fen = sum(row.amount_fen for row in new)
    audit.note(
        session,
        deed,
        str(number),
        case=number,
        **about,
        payments=len(new),
        amount_fen=fen,
        **frozen,
    )
    data = {
        "case": number,
        "merchant_no": current.case.merchant_no,
        "payments": len(new),
        "amount_fen": fen,
        "holds": made.holds,
        "held_fen": made.amount_fen,
        "paid_already": made.paid,
        **frozen,
    }
    return Outcome(data, says=tuple(_tell(current, len(new), fen, made)))


def _tell(current: Current, count: int, fen: int, made: Made) -> list[Message]:
    says = [
        say(
            "case {case} on merchant {merchant}: {count} payments, {amount} yuan at stake, are kept"
            " as evidence",
            case=current.number,
            merchant=current.case.merchant_no,
            count=count,
            amount=money.grouped(fen),
        )
    ]
    if made.holds:
        says.append(
            say(
                "{holds} holds keep back {amount} yuan as long as it is open",
                holds=made.holds,
                amount=money.grouped(made.amount_fen),
            )
        )
    if made.paid:
        says.append(
            say(
                "{count} of these payments were paid to the merchant already: a claw-back takes"
                " them from its next settlement",
                count=made.paid,
            )
        )
    return says


def _pick(
    session: Session, row: sqlite3.Row, merchant_id: int, merchant_no: str, picked: Picked
) -> list[Row]:
    """The payments that are meant. Raises `unknown_transaction`, `not_at_merchant`,
    `numbers_or_span`.
    """
    db, programme_id = session.db, row["programme_id"]
    if picked.numbers and picked.is_span:
        raise UsageFault(
            "numbers_or_span",
            "name payments by --transaction, or by --since, --until and --round, not by both",
        )
    if picked.is_span:
        span = (picked.since, picked.until, picked.round)
        return store.of_span(db, programme_id, merchant_id, *span)
    rows = store.of_numbers(db, programme_id, picked.numbers) if picked.numbers else []
    there = {each.transaction_no: each for each in rows}
    for number in picked.numbers:
        if number not in there:
            raise VoucherError(
                "unknown_transaction",
                "no payment {number} stands",
                hint="voucher redemption list --transaction {number}",
                number=number,
            )
        if there[number].merchant_id != merchant_id:
            raise VoucherError(
                "not_at_merchant",
                "payment {number} was made at another merchant than {merchant}",
                hint="voucher redemption list --transaction {number}",
                number=number,
                merchant=merchant_no,
            )
    return rows
