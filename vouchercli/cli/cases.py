"""voucher case open | add | list | show | note | visit | decide | approve | reject | close |
export
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.options import (
    Call,
    Evidence,
    OnlyResident,
    OnlyRound,
    Since,
    Until,
    Why,
    command,
    verbs,
)
from vouchercli.ops import residents
from vouchercli.ops.cases import opening, packs, tables, verdicts, working
from vouchercli.ops.cases.opening import Opened, Picked
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Number = Annotated[int, typer.Argument(metavar="N", help="The case's number.")]
Transactions = Annotated[
    Optional[list[str]],
    typer.Option(
        "--transaction", metavar="NO", help="This payment is evidence; may be given several times."
    ),
]
Residents = Annotated[
    Optional[list[str]],
    typer.Option(
        "--resident",
        metavar="ID",
        help=(
            "Instead: a resident (the identity, or its token; - reads the identity from standard"
            " input); may be given several times."
        ),
    ),
]
Owner = Annotated[Optional[str], typer.Option("--owner", metavar="NAME", help="Who works on it.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="CODE", help="Why: a code of docs/cases.md.")
]


def _pick(
    call: Call,
    session: Session,
    transactions: list[str] | None,
    since: str | None,
    until: str | None,
    round_: str | None,
) -> Picked:
    span = call.span(session, since, until)
    return Picked(tuple(transactions or ()), span["since"], span["until"], round_)


@command(
    app,
    "open",
    epilog="Examples: voucher case open --merchant M1001 --reason brushing --note"
    ' "the same phones each evening" --transaction T1 --transaction T2 --actor chen; '
    "voucher case open --merchant M1001 --reason voucher_refused --complaint --from"
    ' "a resident, by telephone" --on 2020-04-02 --note "no vouchers below 100 yuan" --actor chen; '
    "voucher case open --finding 1 --reason cash_out --note"
    ' "orders of exactly 40.00, at night" --actor chen; '
    "voucher case open --finding 1 --residents --reason resale --note"
    ' "one device behind nine of them" --actor chen',
)
def open_(
    call: Call,
    session: Session,
    *,
    merchant: Annotated[
        Optional[str],
        typer.Option("--merchant", metavar="NO", help="The merchant that is looked into."),
    ] = None,
    finding: Annotated[
        Optional[int],
        typer.Option(
            "--finding",
            metavar="N",
            help="Instead: a finding, with its merchant (or residents) and payments.",
        ),
    ] = None,
    resident: Residents = None,
    of_residents: Annotated[
        bool,
        typer.Option(
            "--residents", help="On the residents whom the finding points at, not on its merchant."
        ),
    ] = False,
    reason: Reason,
    note: Why,
    complaint: Annotated[
        bool, typer.Option("--complaint", help="Somebody complained: --from and --on say more.")
    ] = False,
    complainant: Annotated[
        Optional[str],
        typer.Option("--from", metavar="TEXT", help="Who complained, without name or number."),
    ] = None,
    on: Annotated[
        Optional[str], typer.Option("--on", metavar="DAY", help="When the complaint was made.")
    ] = None,
    transaction: Transactions = None,
    since: Since = None,
    until: Until = None,
    round_: OnlyRound = None,
    hold: Annotated[
        Optional[str],
        typer.Option(
            "--hold",
            metavar="WHAT",
            help=(
                "What is not paid while it is open: payments (of the evidence; so it is of a"
                " merchant), merchant, none (so it is of residents)."
            ),
        ),
    ] = None,
    owner: Owner = None,
) -> Outcome:
    """Open a case on a merchant or on residents, by hand, by a complaint or from a finding, with
    payments as evidence.
    """
    said_on = None if on is None else call.local_day(session, on)
    picked = _pick(call, session, transaction, since, until, round_)
    told = opening.complaint_of(complainant, said_on, is_one=complaint)
    named = resident or ()
    whom = tuple(sys.stdin.readline().strip() if each == "-" else each for each in named)
    asked = Opened(
        merchant, reason, note, hold, owner, told, picked, finding, whom, of_residents=of_residents
    )
    return residents.warn_of_arguments(
        opening.open_case(session, asked),
        *(each for each in named if each != "-"),
        hint="give - instead, and the identity by standard input",
    )


@command(
    app,
    "add",
    epilog="Example: voucher case add 1 --since 2020-03-28 --until 2020-03-28 --actor chen",
)
def add(
    call: Call,
    session: Session,
    number: Number,
    *,
    transaction: Transactions = None,
    since: Since = None,
    until: Until = None,
    round_: OnlyRound = None,
) -> Outcome:
    """Add payments to the evidence of an open case."""
    picked = _pick(call, session, transaction, since, until, round_)
    return opening.add_evidence(session, number, picked)


@command(app, "list", epilog="Example: voucher case list --state open", is_list=True)
def list_(
    session: Session,
    *,
    limit: int | None,
    state: Annotated[
        Optional[str],
        typer.Option("--state", metavar="STATE", help="Only open, decided or closed ones."),
    ] = None,
    merchant: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Only this merchant.")
    ] = None,
    resident: OnlyResident = None,
    reason: Annotated[
        Optional[str], typer.Option("--reason", metavar="CODE", help="Only for this reason.")
    ] = None,
    owner: Annotated[
        Optional[str], typer.Option("--owner", metavar="NAME", help="Only those of this owner.")
    ] = None,
    complaints: Annotated[
        bool, typer.Option("--complaints", help="Only those that a complaint opened.")
    ] = False,
) -> Outcome:
    """List the cases, the newest first."""
    source = "complaint" if complaints else None
    return tables.list_cases(
        session,
        limit,
        resident=resident,
        state=state,
        merchant=merchant,
        reason=reason,
        owner=owner,
        source=source,
    )


@command(app, "show", epilog="Example: voucher case show 1", is_list=True)
def show(session: Session, number: Number, *, limit: int | None) -> Outcome:
    """Show a case: why, its evidence, notes, holds, sanctions, and what the ladder suggests."""
    return tables.show_case(session, number, limit)


@command(app, "note", epilog='Example: voucher case note 1 "asked for the till rolls" --actor chen')
def note(
    session: Session,
    number: Number,
    words: Annotated[str, typer.Argument(metavar="TEXT", help="What is noted.")],
    *,
    owner: Annotated[
        Optional[str], typer.Option("--owner", metavar="NAME", help="Hand the case to NAME.")
    ] = None,
) -> Outcome:
    """Note something on a case, or hand it to another owner."""
    return working.note(session, number, words, owner)


@command(
    app,
    "visit",
    epilog='Example: voucher case visit 1 --on 2020-04-03 --who "chen, wu" --seen "no till" --actor'
    " chen",
)
def visit(
    call: Call,
    session: Session,
    number: Number,
    *,
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="The day of the visit.")],
    who: Annotated[str, typer.Option("--who", metavar="TEXT", help="Who went there.")],
    seen: Annotated[str, typer.Option("--seen", metavar="TEXT", help="What was seen.")],
) -> Outcome:
    """Note a visit: on which day, who went, what was seen."""
    return working.visit(session, number, call.local_day(session, on), who, seen)


@command(
    app,
    "decide",
    epilog="Example: voucher case decide 1 --sanction suspension --sanction claw_back --note"
    ' "no goods were sold" --evidence "till rolls" --actor chen',
)
def decide(
    call: Call,
    session: Session,
    number: Number,
    *,
    sanction: Annotated[
        Optional[list[str]],
        typer.Option(
            "--sanction",
            metavar="CODE",
            help=(
                "Of a merchant: warning, suspension or exclusion; claw_back; police. Of residents:"
                " warning, exclusion or readmission; police. May be given several times."
            ),
        ),
    ] = None,
    note: Why,
    evidence: Evidence = "",
    from_: Annotated[
        Optional[str],
        typer.Option(
            "--from",
            metavar="TIME",
            help=(
                "A suspension, exclusion or readmission holds from then on (else from approval)."
            ),
        ),
    ] = None,
) -> Outcome:
    """Propose what is done about it; a second person approves."""
    from_at = call.moment(session, from_)
    return verdicts.decide(session, number, sanction or (), note, evidence, from_at)


@command(app, "approve", epilog="Example: voucher case approve 1 --actor lin")
def approve(session: Session, number: Number) -> Outcome:
    """Approve the decision on a case: its sanctions take effect."""
    return verdicts.approve(session, number)


@command(
    app, "reject", epilog='Example: voucher case reject 1 --note "ask the platform" --actor lin'
)
def reject(session: Session, number: Number, *, note: Why) -> Outcome:
    """Turn down the decision on a case; it stays open."""
    return verdicts.reject(session, number, note)


@command(
    app, "close", epilog='Example: voucher case close 1 --note "nothing was found" --actor lin'
)
def close(session: Session, number: Number, *, note: Why) -> Outcome:
    """Close a case and let go what it held; without a decision nothing was found."""
    return verdicts.close(session, number, note)


@command(app, "export", epilog="Example: voucher case export 1 case-1 --actor chen")
def export(
    call: Call,
    session: Session,
    number: Number,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the pack.")],
    *,
    for_platform: Annotated[
        bool,
        typer.Option(
            "--for-platform", help="With the residents' tokens, by which the platform finds them."
        ),
    ] = False,
) -> Outcome:
    """Write the evidence of a case: a page, tables, the frozen rows, and digests of all."""
    from vouchercli.cli import statement_writers  # writes pages: of this command alone

    render = statement_writers.in_forms(call)
    return packs.export(session, number, folder, render, for_platform=for_platform)
