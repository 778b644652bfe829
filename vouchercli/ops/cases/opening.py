"""A case is opened: by hand, by a complaint, or from a finding; and rows are added as evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import residents
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
    """What a case is opened with; `residents` as they are named (identities or tokens),
    `of_residents`: on those of the finding, not on its merchant; `holding` None: the usual one.
    """

    merchant: str | None
    reason: str
    words: str
    holding: str | None = None
    owner: str | None = None
    complaint: Complaint | None = None
    picked: Picked = Picked()
    finding: int | None = None
    residents: tuple[str, ...] = ()
    of_residents: bool = False


class About(NamedTuple):
    """Whom a case is about: a merchant, or residents (tokens)."""

    merchant_id: int | None = None
    merchant_no: str = ""
    residents: tuple[bytes, ...] = ()

    @property
    def subject(self) -> str:
        """`merchant` or `residents`."""
        return "residents" if self.merchant_id is None else "merchant"

    def has(self, row: Row) -> bool:
        """Whether a payment is the merchant's, or of one of the residents."""
        if self.merchant_id is None:
            return row.resident in self.residents
        return row.merchant_id == self.merchant_id


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
    """Open a case on a merchant or on residents. Raises `unknown_merchant`, `bad_resident`,
    `unknown_case_reason`, `unknown_holding`, `words_needed`, `in_future`, and as `_about`, `_pick`
    and `_find`.
    """
    _require_one_start(asked)
    require_reason(asked.reason)
    words = require_words(asked.words, "--note")
    with writing(session):
        row = programmes.current(session.db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["case open"])
        _require_past(session, row, asked.complaint)
        found = _find(session, row, asked)
        about = _about(session, asked, found)
        kept = _require_holding(asked.holding, about.subject)
        rows = _rows(session, row, about, found) if found else _pick(session, row, about, asked)
        number = _add(session, row, about, asked._replace(holding=kept), words)
        current = look_up(session, number)
        outcome = _freeze(session, current, rows, "case.open", _said(current))
        if found:
            return _with_finding(outcome, found, about, len(rows))
        odd = (odd for each in asked.residents for odd in residents.warnings(residents.clean(each)))
        return replace(outcome, problems=tuple(odd))


def _require_one_start(asked: Opened) -> None:
    """Raises `merchant_or_finding` unless a case starts at a merchant, at residents or at a
    finding.
    """
    is_picked = bool(asked.picked.numbers) or asked.picked.is_span
    starts = (asked.merchant is not None, bool(asked.residents), asked.finding is not None)
    others = (is_picked, asked.complaint is not None)
    if (
        sum(starts) != 1
        or (asked.finding is not None and any(others))
        or (asked.of_residents and asked.finding is None)
    ):
        raise UsageFault(
            "merchant_or_finding",
            "a case is opened on a merchant (--merchant), on residents (--resident), or on a"
            " finding alone (--finding), which has its merchant or residents, and payments",
            hint="voucher risk list, or voucher case open --help",
        )


def _require_holding(holding: str | None, subject: str) -> str:
    """What is held while it is open. Raises `unknown_holding`."""
    holding = holding or law.usual_holding(subject)
    if holding not in law.HOLDING:
        raise UsageFault(
            "unknown_holding",
            "--hold {holding}: write payments, merchant or none",
            holding=holding,
        )
    if subject == "residents" and holding == "merchant":
        raise UsageFault(
            "unknown_holding",
            "a case on residents holds no merchant: write --hold payments, or --hold none",
        )
    return holding


def _about(session: Session, asked: Opened, found: Finding | None) -> About:
    """Whom it is about. Raises `unknown_merchant`, `no_residents_found`, and as `_resident`."""
    if asked.residents:
        return About(residents=tuple({_resident(session, each): 1 for each in asked.residents}))
    if found and (found.merchant_no is None or asked.of_residents):
        people = findings.residents(session.db, found.finding)
        if not people:
            raise VoucherError(
                "no_residents_found",
                "finding {finding} points at no residents: no rule about people found it",
                hint="voucher risk show {finding}",
                finding=found.finding,
            )
        return About(residents=tuple(each.resident for each in people))
    merchant_no = (found.merchant_no if found else asked.merchant) or ""
    merchant = the_merchant(session, merchant_no)
    return About(merchant.merchant_id, merchant.merchant_no)


def _resident(session: Session, named: str) -> bytes:
    """The token of a resident that the file knows. Raises `bad_resident`, `unknown_resident`."""
    token = residents.asked(session, residents.clean(named))
    assert token is not None  # nothing is no resident: `clean` says so
    if not store.is_known(session.db, token):
        raise VoucherError(
            "unknown_resident",
            "no resident of that number has claimed, applied or stands on a list",
            hint="voucher claim list --resident ID",
        )
    return token


def _rows(session: Session, row: sqlite3.Row, about: About, found: Finding) -> list[Row]:
    """The payments of a finding that stand: all of them, or those of the residents."""
    rows = store.of_finding(session.db, row["programme_id"], found.finding)
    return [each for each in rows if about.has(each)]


def _find(session: Session, row: sqlite3.Row, asked: Opened) -> Finding | None:
    """The finding that is meant; None: none is. Raises `unknown_finding`, `finding_in_case`."""
    number = asked.finding
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
    of_residents = asked.of_residents or found.merchant_no is None
    other = store.of_same_finding(session.db, number, of_residents=of_residents)
    if other is not None:
        raise VoucherError(
            "finding_in_case",
            "finding {finding} is looked into by case {case} already",
            hint="voucher case show {case}",
            finding=number,
            case=other,
        )
    return found


def _with_finding(outcome: Outcome, found: Finding, about: About, kept: int) -> Outcome:
    """The answer with what came of the rows of the finding: some may not stand any more, and of a
    merchant's those of its residents alone are taken.
    """
    data = {**(outcome.data or {}), "finding": found.finding, "found_payments": found.payments}
    gone = found.payments - kept
    if not gone or (about.residents and found.merchant_no):
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


def _add(session: Session, row: sqlite3.Row, about: About, asked: Opened, words: str) -> int:
    complaint = asked.complaint
    number = store.add(
        session,
        (
            row["programme_id"],
            about.merchant_id,
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
    store.add_residents(session.db, number, about.residents)
    return number


def _said(current: Current) -> dict[str, Any]:
    case = current.case
    said: dict[str, Any] = {"reason": case.reason, "note": case.words, "source": case.source}
    said |= {} if case.finding is None else {"finding": case.finding}
    whom = (
        {"residents": case.residents}
        if case.merchant_no is None
        else {"merchant_no": case.merchant_no}
    )
    return {**said, **whom, "holding": case.holding, "owner": case.owner}


def add_evidence(session: Session, number: int, picked: Picked) -> Outcome:
    """Add payments to the evidence of an open case. Raises `unknown_case`, `case_is`,
    `nothing_picked`, and as `_pick`.
    """
    with writing(session):
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["case add"])
        require_open(current)
        case = current.case
        people = store.residents(session.db, number, session.now)
        whom = tuple(each.resident for each in people)
        about = About(case.merchant_id, case.merchant_no or "", whom)
        asked = Opened(None, case.reason, case.words, picked=picked)
        rows = _pick(session, current.row, about, asked)
        if not rows:
            raise UsageFault(
                "nothing_picked",
                "no payment is named: --transaction NO, or --since and --until",
                hint="voucher redemption list --merchant {merchant}"
                if case.merchant_no
                else "voucher redemption list --resident ID",
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
        "residents": current.case.residents,
        "payments": len(new),
        "amount_fen": fen,
        "holds": made.holds,
        "held_fen": made.amount_fen,
        "paid_already": made.paid,
        **frozen,
    }
    return Outcome(data, says=tuple(_tell(current, len(new), fen, made)))


def _tell(current: Current, count: int, fen: int, made: Made) -> list[Message]:
    about = {
        "case": current.number,
        "merchant": current.case.merchant_no,
        "residents": current.case.residents,
        "count": count,
        "amount": money.grouped(fen),
    }
    says = [
        say(
            "case {case} on {residents} residents: {count} payments, {amount} yuan at stake, are"
            " kept as evidence",
            **about,
        )
        if current.case.merchant_no is None
        else say(
            "case {case} on merchant {merchant}: {count} payments, {amount} yuan at stake, are kept"
            " as evidence",
            **about,
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


def _pick(session: Session, row: sqlite3.Row, about: About, asked: Opened) -> list[Row]:
    """The payments that are meant. Raises `unknown_transaction`, `not_at_merchant`,
    `not_of_residents`, `numbers_or_span`.
    """
    db, programme_id, picked = session.db, row["programme_id"], asked.picked
    if picked.numbers and picked.is_span:
        raise UsageFault(
            "numbers_or_span",
            "name payments by --transaction, or by --since, --until and --round, not by both",
        )
    if picked.is_span:
        span = (picked.since, picked.until, picked.round)
        if about.merchant_id is None:
            return store.of_residents(db, programme_id, about.residents, *span)
        return store.of_span(db, programme_id, about.merchant_id, *span)
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
        if not about.has(there[number]):
            raise _not_theirs(about, number)
    return rows


def _not_theirs(about: About, number: str) -> VoucherError:
    if about.merchant_id is None:
        return VoucherError(
            "not_of_residents",
            "payment {number} was made by another resident",
            hint="voucher redemption list --transaction {number}",
            number=number,
        )
    return VoucherError(
        "not_at_merchant",
        "payment {number} was made at another merchant than {merchant}",
        hint="voucher redemption list --transaction {number}",
        number=number,
        merchant=about.merchant_no,
    )
