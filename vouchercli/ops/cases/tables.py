"""Cases as they are shown: the list, and one with its evidence, notes, holds and sanctions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists, residents
from vouchercli.ops.cases.lookup import (
    HOLDING_WORDS,
    OUTCOME_WORDS,
    REASON_WORDS,
    SOURCE_WORDS,
    STATE_WORDS,
    look_up,
    require_reason,
    sanction_words,
    waiting,
)
from vouchercli.ops.risk import shown
from vouchercli.ops.setup.merchants import number_of
from vouchercli.result import (
    DATA,
    EVERYWHERE,
    JSON,
    SCREEN,
    SHOWN,
    Column,
    Outcome,
    Table,
    Word,
    only,
    say,
)
from vouchercli.rules import cases as law
from vouchercli.store import cases as store
from vouchercli.store import holds as held
from vouchercli.store import programmes
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.ops.cases.lookup import Current
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.cases import Behind, Case, Line

COLUMNS = (
    Column("case", "No.", "int"),
    Column("about", "Whom", where=SCREEN),
    Column("merchant_no", "Merchant", where=DATA),
    Column("name", "Name", where=DATA),
    Column("residents", "Residents", "int", where=DATA),
    Column("reason", "Reason", "word", shown="reason_word"),
    Column("state", "State", "word", shown="state_word"),
    Column("lines", "Payments", "int"),
    Column("at_stake_fen", "At stake", "fen"),
    Column("owner", "Owner"),
    Column("opened_at", "Opened", "time", where=DATA),
    Column("outcome", "Outcome", "word", shown="outcome_word", where=DATA),
    Column("sanctions", "Sanctions", "word", shown="sanctions_word", blank="-"),
    Column("source", where=JSON),
)
RECORD = (
    *(
        replace(each, where=EVERYWHERE, optional=each.key in ("merchant_no", "name", "residents"))
        for each in COLUMNS
        if each.key not in ("about", "source")
    ),
    Column("source", "Came by", "word", shown="source_word"),
    Column("finding", "Finding", "int", optional=True),
    Column("complainant", "Complaint of", blank="-"),
    Column("said_on", "Complaint made on", "date", optional=True),
    Column("words", "Why, in words"),
    Column("holding", "Held while open", "word", shown="holding_word"),
    Column("opened_by", "Opened by"),
    Column("evidence_sha256", "Digest of the evidence", blank="-"),
    Column("before_word", "Sanctions before", "sentence", blank="-", where=SHOWN),
    Column("before", where=JSON),
    Column("next_step", "Next step of the ladder", "word", shown="next_word"),
    Column("closed_by", "Closed by", blank="-", optional=True),
    Column("closed_at", "Closed", "time", optional=True),
    Column("closed_note", "Closed because", blank="-"),
)
EVIDENCE = (
    Column("place", "No.", "int"),
    Column("transaction_no", "Payment"),
    Column("claim_no", "Claim"),
    Column("round", "Round"),
    Column("coupon", "Coupon"),
    Column("paid_at", "Paid at", "time"),
    Column("base_fen", "Base", "fen"),
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("refunded_fen", "Given back", "fen", optional=True),
    Column("amount_fen", "At stake", "fen"),
    Column("payer", "Payer", "int", where=DATA),
    Column("rules", "Rules", where=DATA),
    Column("sha256", "Digest", where=DATA),
    Column("batch", "Batch", "int", where=DATA),
    Column("line", "Line", "int", where=DATA),
    Column("file_sha256", "Digest of the file", where=DATA),
    *only(JSON, "added_by"),
    *only(JSON, "added_at", kind="time"),
)
RESIDENTS = (
    Column("resident", "Resident", "token"),
    Column("payments", "Payments", "int"),
    Column("amount_fen", "At stake", "fen"),
    Column("merchants", "Merchants", "int"),
    Column("excluded_at", "No packs from", "time"),
    Column("excluded_to", "No packs until", "time"),
)
NOTES = (
    Column("place", "No.", "int"),
    Column("kind", "Kind", "word", shown="kind_word"),
    Column("on_day", "Day", "date"),
    Column("who", "Who", blank="-"),
    Column("words", "What was said or seen"),
    Column("actor", "Noted by"),
    Column("at", "Noted at", "time"),
)
HOLDS = (
    Column("hold", "Hold", "int"),
    Column("transaction_no", "Payment", blank="-"),
    Column("amount_fen", "Held now", "fen"),
    Column("held_by", "Held back by"),
    Column("released_by", "Released by", blank="-"),
    *only(JSON, "released_at", kind="time"),
)
SANCTIONS = (
    Column("sanction", "Sanction", "word", shown="sanction_word"),
    Column("from_at", "From", "time"),
    Column("amount_fen", "Taken back", "fen"),
    Column("decided_at", "Decided at", "time"),
)
REVERSALS = (
    Column("correction", "Correction", "int"),
    Column("transaction_no", "Payment"),
    Column("kind", "Kind", "word", shown="kind_word"),
    Column("booked_on", "Booked on", "date"),
    Column("subsidy_fen", "Subsidy", "fen"),
)
WHOM = "whom"  # the key of the table of residents: it has their tokens
NOTE_WORDS = {"note": Word("note"), "visit": Word("visit"), "owner": Word("handed over")}
ROW_WORDS = {"pay": Word("payment"), "refund": Word("refund")}


def list_cases(
    session: Session, limit: int | None, *, resident: str | None = None, **wanted: str | None
) -> Outcome:
    """The cases of a programme by `merchant`, `resident`, `state`, `reason`, `owner`, `source`
    (None: any).
    Raises `unknown_state`, `unknown_case_reason`, `unknown_merchant`.
    """
    lists.require_state(wanted.get("state"), law.STATES)
    if (reason := wanted.get("reason")) is not None:
        require_reason(reason)
    wanted["merchant"] = number_of(session, wanted.get("merchant"))
    token = residents.asked(session, resident)
    row = programmes.current(session.db, session.programme)
    table = Table(say("Cases"), COLUMNS, (), key="cases", zone=row["time_zone"])
    listed = store.listed(session.db, row["programme_id"], resident=token, **wanted)
    outcome = lists.show(table, listed, limit, _describe)
    if outcome.tables[0].rows:
        return outcome
    none = say("no case is open; next: voucher case open --merchant NO --reason CODE --note WHY")
    return replace(outcome, says=(none,))


def _describe(case: Case) -> dict[str, Any]:
    words = sanction_words(case.subject)
    given = [each for each in case.sanctions.split(", ") if each]
    return {
        **case._asdict(),
        "about": case.merchant_no or say("{count} residents", count=case.residents),
        "residents": case.residents or None,
        "reason_word": REASON_WORDS[case.reason],
        "state_word": STATE_WORDS[case.state],
        "outcome_word": OUTCOME_WORDS[case.outcome],
        "source_word": SOURCE_WORDS[case.source],
        "holding_word": HOLDING_WORDS[case.holding],
        "sanctions": given,
        "sanctions_word": [words[each] for each in given],
    }


def show_case(session: Session, number: int, limit: int | None) -> Outcome:
    """One case with all that belongs to it. Raises `unknown_case`."""
    with reading(session):
        current = look_up(session, number)
        zone = current.row["time_zone"]
        table = Table(say("Evidence"), EVIDENCE, (), key="evidence", zone=zone)
        listed = store.lines(session.db, number)
        behind = store.behind(session.db, number)
        outcome = lists.show(table, listed, limit, lambda line: _describe_line(line, behind))
        own = _record(session, current)
        parts = _parts(session, current)
        following = _next(session, current)
    return replace(
        outcome, tables=(own, *outcome.tables, *parts), says=(following,) if following else ()
    )


def _record(session: Session, current: Current) -> Table:
    db, case = session.db, current.case
    ladder = law.ladder_of(case.subject, current.programme.sanctions)
    past = law.suggest(ladder, store.counts(db, case.case))
    words = sanction_words(case.subject)
    before = [
        say("{sanction} ({count})", sanction=words[each], count=past.counts[each])
        for each in law.ALL
        if past.counts.get(each)
    ]
    described = _describe(case) | {
        "evidence_sha256": store.digest_of(store.lines(db, case.case).rows(None))
        if case.lines
        else "",
        "before": {each: past.counts.get(each, 0) for each in law.sanctions_of(case.subject)},
        "before_word": before,
        "next_step": past.next,
        "next_word": words[past.next],
    }
    title = say("Case {case}", case=case.case)
    return Table(title, RECORD, (described,), key="", is_record=True, zone=current.row["time_zone"])


def _describe_line(line: Line, behind: Mapping[int, Behind]) -> dict[str, Any]:
    more = behind[line.place]._asdict()
    return {**line._asdict(), **store.said(line), **more, "sha256": line.sha256}


def _parts(session: Session, current: Current) -> tuple[Table, ...]:
    db, number, zone = session.db, current.number, current.row["time_zone"]
    notes = [
        {**each._asdict(), "kind_word": NOTE_WORDS[each.kind]} for each in store.notes(db, number)
    ]
    words = sanction_words(current.case.subject)
    sanctions = [
        {**each._asdict(), "sanction_word": words[each.sanction]}
        for each in store.sanctions(db, number)
    ]
    reversals = [
        {**each._asdict(), "kind_word": ROW_WORDS[each.kind]}
        for each in store.reversals(db, number)
    ]
    whom = store.residents(db, number, session.now)
    return (
        Table(say("Residents looked into"), RESIDENTS, whom, key=WHOM, zone=zone, optional=True),
        shown.reasons_of(db, current.case.finding or 0, optional=True),
        Table(say("Notes and visits"), NOTES, notes, key="notes", zone=zone, optional=True),
        Table(say("Holds"), HOLDS, _holds(session, current), key="holds", zone=zone, optional=True),
        Table(say("Sanctions"), SANCTIONS, sanctions, key="decided", zone=zone, optional=True),
        Table(say("Reversals"), REVERSALS, reversals, key="reversals", zone=zone, optional=True),
    )


def _holds(session: Session, current: Current) -> list[dict[str, Any]]:
    found = (
        held.named(session.db, current.programme_id, each.hold)
        for each in store.holds(session.db, current.number)
    )
    return [each._asdict() for each in found if each is not None]


def _next(session: Session, current: Current) -> Message | None:
    """The command that goes on with it; None: it is closed."""
    if current.case.state == "closed":
        return None
    if waiting(session, current) is not None:
        return say("next: voucher case approve {case} --actor NAME", case=current.number)
    if current.case.state == "decided":
        return say("next: voucher case close {case} --note WHAT --actor NAME", case=current.number)
    return say(
        "next: voucher case decide {case} --sanction CODE --note WHY, or voucher case close {case}"
        " --note WHY",
        case=current.number,
    )
