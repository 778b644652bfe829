"""Findings as they are shown: by merchant with their reasons in words; one with its rows and the
counts behind each reason, to be done again by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops import lists
from vouchercli.ops.risk import counted, recall
from vouchercli.ops.risk.scans import NO_SCAN
from vouchercli.ops.setup.merchants import number_of
from vouchercli.result import (
    DATA,
    EVERYWHERE,
    JSON,
    SCREEN,
    SHOWN,
    Clauses,
    Column,
    Outcome,
    Table,
    only,
    say,
)
from vouchercli.rules import risk
from vouchercli.store import cases, programmes
from vouchercli.store import findings as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.findings import Evidence, Finding, Reason

COLUMNS = (
    Column("finding", "No.", "int"),
    Column("about", "Whom", where=SCREEN),
    Column("merchant_no", "Merchant", where=DATA),
    Column("name", "Name", where=DATA),
    Column("candidate", "Candidate", "word", where=SHOWN),
    Column("amount_fen", "At stake", "fen"),
    Column("payments", "Payments", "int"),
    Column("short", "Reasons", where=SCREEN),
    Column("rules", "Reasons", shown="reasons", where=DATA),
    *only(JSON, "scan", kind="int"),
    *only(JSON, "is_candidate"),
    *only(DATA, "industry", "district", "size"),
    Column("residents", "Residents", "int", where=DATA),
    *only(JSON, "rows_sha256"),
)
WHOM = ("merchant_no", "name", "residents")
# One alone has room for its name, and for who the residents are.
RECORD = (
    *(
        replace(each, where=EVERYWHERE, optional=True) if each.key in WHOM else each
        for each in COLUMNS
        if each.key != "about"
    ),
    *only(JSON, "resident", kind="token"),
)
RESIDENTS = (
    Column("resident", "Resident", "token"),
    Column("payments", "Payments", "int"),
    Column("amount_fen", "At stake", "fen"),
    Column("merchants", "Merchants", "int"),
    Column("paid_in_all", "Payments in all", "int"),
)
REASONS = (
    Column("rule", "Rule"),
    Column("words", "Reason", "sentence", where=("table", "csv")),
    Column("value", "Measured"),
    Column("fence", "Fence"),
    Column("base", "Compared with"),
    Column("base_n", "Merchants", "int"),
    Column("counts", "Counts", shown="counted"),
    Column("thresholds", "Thresholds", shown="held_against", where=DATA),
    Column("measure", "How it is counted", "sentence", where=("table", "csv")),
    Column("source", "Source", "sentence", where=("table", "csv")),
)
ROWS = (
    Column("transaction_no", "Transaction"),
    Column("paid_at", "Paid at", "time"),
    Column("base_fen", "Base", "fen"),
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("claim_no", "Claim"),
    Column("coupon_no", "Coupon", "int"),
    Column("resident", "Resident", "token"),
    Column("rules", "Rules"),
    Column("stands", "As found", "word", where=("table", "csv")),
    *only(JSON, "is_same", "sha256"),
)


def list_findings(
    session: Session,
    limit: int | None,
    *,
    scan: int | None = None,
    merchant: str | None = None,
    candidates: bool = False,
) -> Outcome:
    """The findings of the last scan (or of the one that is named), candidates first. Raises
    `unknown_scan`, `unknown_merchant`.
    """
    row = programmes.current(session.db, session.programme)
    merchant = number_of(session, merchant)
    number = store.last_scan(session.db, row["programme_id"]) if scan is None else scan
    title = say("Findings of scan {scan}", scan=number or "-")
    table = Table(title, COLUMNS, (), key="findings", zone=row["time_zone"])
    if number is None:
        return Outcome(tables=(table,), says=(NO_SCAN,), left=0)
    if store.scan(session.db, row["programme_id"], number) is None:
        raise VoucherError(
            "unknown_scan",
            "there is no scan {scan}",
            hint="see them all: voucher risk list --scans",
            scan=number,
        )
    found = store.listed(
        session.db,
        row["programme_id"],
        scan=number,
        merchant=merchant,
        all_of_them=not candidates,
    )
    outcome = lists.show(table, found, limit, _describe)
    shown = bool(outcome.tables[0].rows)
    says = say("a finding is a question, not a verdict; its rows: voucher risk show NO")
    known = recall.tell(recall.of_last(session.db, row["programme_id"]))
    return replace(outcome, says=(says if shown else say("nothing was found"), *known))


def _describe(each: Finding) -> dict[str, Any]:
    return {
        **each._asdict(),
        "rules": list(each.rules),
        "about": each.merchant_no or say("{count} residents", count=each.residents),
        "candidate": "yes" if each.is_candidate else "",
        "short": [risk.BY_CODE[rule].short for rule in each.rules],
        "reasons": [_words(rule) for rule in each.rules],
    }


def _words(rule: str) -> Message:
    return say(risk.BY_CODE[rule].words)


def show_finding(session: Session, number: int, limit: int | None) -> Outcome:
    """One finding with its reasons, the counts behind them and its rows. Raises
    `unknown_finding`.
    """
    with reading(session) as db:
        row = programmes.current(db, session.programme)
        found = store.find(db, row["programme_id"], number)
        if found is None:
            raise VoucherError(
                "unknown_finding",
                "there is no finding {finding}",
                hint="see them all: voucher risk list",
                finding=number,
            )
        zone = row["time_zone"]
        why = reasons_of(db, number)
        table = Table(say("Rows that it rests on"), ROWS, (), key="rows", zone=zone)
        outcome = lists.show(table, store.evidence(db, number), limit, _describe_row)
        people = store.residents(db, number)
        following = _next(db, found)
    title = say("Finding {finding}", finding=number)
    own = Table(title, RECORD, (_describe(found),), key="", is_record=True, zone=zone)
    who = Table(say("Residents behind it"), RESIDENTS, people, key="people", optional=True)
    says = (*outcome.says, *following)
    return replace(outcome, tables=(own, why, who, *outcome.tables), says=says)


def _next(db: sqlite3.Connection, found: Finding) -> tuple[Message, ...]:
    """What goes on with a finding: the case that looks into it, or, of a candidate, a new one."""
    number, of_residents = found.finding, found.merchant_no is None
    if (case := cases.of_same_finding(db, number, of_residents=of_residents)) is not None:
        return (say("case {case} looks into it: voucher case show {case}", case=case),)
    if not found.is_candidate:
        return ()
    command = "next: voucher case open --finding {finding} --reason CODE --note WHY"
    return (say(command, finding=number),)


def reasons_of(db: sqlite3.Connection, finding: int, *, optional: bool = False) -> Table:
    """Why a merchant was found, with the counts behind each reason; of no finding (0) none."""
    terms = store.terms(db, finding)
    reasons = tuple(_describe_reason(each, terms) for each in store.reasons(db, finding))
    return Table(say("Reasons"), REASONS, reasons, key="reasons", optional=optional)


def _describe_reason(each: Reason, terms: Mapping[str, Any]) -> dict[str, Any]:
    rule, thresholds = risk.BY_CODE[each.rule], risk.thresholds(each.rule, terms)
    return {
        **each._asdict(),
        "base": each.base if each.base_n else "",
        "words": say(rule.words),
        "measure": say(rule.measure),
        "source": say(rule.source),
        "thresholds": thresholds,
        "held_against": Clauses("; ".join(f"{name} {value}" for name, value in thresholds.items())),
        "counted": counted.tell(each.counts),
    }


def _describe_row(each: Evidence) -> dict[str, Any]:
    return {**each._asdict(), "is_same": each.is_same, "stands": "yes" if each.is_same else "no"}
