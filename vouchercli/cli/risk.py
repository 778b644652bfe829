"""voucher risk scan | list | show | sample"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli import audit
from vouchercli.cli.options import Call, command, verbs
from vouchercli.ops.risk import scans, shown
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(app, "scan", epilog="Example: voucher risk scan --as-of 2020-04-30", looks_back=True)
def scan(call: Call, session: Session) -> Outcome:
    """Look at every merchant's payments with all rules, and keep what they point at."""
    return scans.scan(session, call.as_of(session))


@command(
    app,
    "list",
    epilog="Example: voucher risk list --candidates -O findings.xlsx",
    is_list=True,
    has_workbook=True,
    has_pages=True,
)
def list_(
    session: Session,
    *,
    limit: int | None,
    scan: Annotated[
        Optional[int], typer.Option("--scan", metavar="N", help="Of this scan, not the last one.")
    ] = None,
    merchant: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Only this merchant.")
    ] = None,
    candidates: Annotated[
        bool, typer.Option("--candidates", help="Only what may become a case.")
    ] = False,
    all_scans: Annotated[bool, typer.Option("--scans", help="The scans themselves.")] = False,
) -> Outcome:
    """List the findings of the last scan by merchant: reasons, money at stake."""
    if all_scans:
        return scans.list_scans(session, limit)
    return shown.list_findings(session, limit, scan=scan, merchant=merchant, candidates=candidates)


@command(
    app,
    "show",
    epilog="Example: voucher risk show 1 -O finding.html",
    is_list=True,
    has_workbook=True,
    has_pages=True,
)
def show(
    session: Session,
    number: Annotated[int, typer.Argument(metavar="N", help="The finding's number.")],
    *,
    limit: int | None,
) -> Outcome:
    """Show a finding: each reason with its counts, and the rows that it rests on."""
    return shown.show_finding(session, number, limit)


@command(
    app,
    "sample",
    epilog="Examples: voucher risk sample --margin 5 --to sample-1.xlsx --actor qi; "
    "voucher risk sample --results sample-1.xlsx --actor qi",
)
def sample(
    call: Call,
    session: Session,
    *,
    confidence: audit.Confidence = "95",
    margin: audit.Margin = None,
    expected: audit.Expected = "0",
    since: audit.FromDay = None,
    until: audit.UpToDay = None,
    seed: audit.Seed = "",
    to: audit.Sheet = None,
    population: audit.Population = None,
    results: audit.Results = None,
) -> Outcome:
    """Draw merchants at random, suspected or not; or enter what was found at them, and hear what
    share of the money is wrong and how many of the wrong the rules had found.
    """
    terms = (confidence, margin, expected)
    files = (seed, to, population, results)
    return audit.draw_or_enter(call, session, "merchants", terms, (since, until), files)
