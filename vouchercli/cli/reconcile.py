"""voucher reconcile run | breaks | show | report"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.import_options import LONG_READING, File, watch_import
from vouchercli.cli.options import Call, OnlyRound, command, verbs
from vouchercli.ops.reconciling import reports, runs, tables
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

SinceDay = Annotated[
    Optional[str], typer.Option("--since", metavar="DAY", help="The first day that it covers.")
]
UntilDay = Annotated[
    Optional[str], typer.Option("--until", metavar="DAY", help="The last day that it covers.")
]


@command(
    app,
    "run",
    epilog="Example: voucher reconcile run bill-0401.csv --since 2020-04-01 --until 2020-04-01",
    options=LONG_READING,
)
def run(
    call: Call,
    session: Session,
    file: File,
    since: SinceDay = None,
    until: UntilDay = None,
    round_: OnlyRound = None,
    adds: Annotated[
        bool,
        typer.Option("--adds", help="Its rows come to days that were held against a bill before."),
    ] = False,
    **reading: Any,
) -> Outcome:
    """Hold a platform's bill, or a statement of a merchant or a bank, against what stands here."""
    first = call.local_day(session, since) if since else None
    last = call.local_day(session, until) if until else None
    wanted = runs.Wanted(first, last, round_, adds)
    with watch_import(reading.pop("verbose")) as watch:
        return runs.run(session, file, wanted, watch=watch, **reading)


@command(app, "breaks", epilog="Example: voucher reconcile breaks --state open", is_list=True)
def breaks(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    type_: Annotated[
        Optional[str], typer.Option("--type", metavar="KIND", help="Only breaks of this type.")
    ] = None,
    owner: Annotated[
        Optional[str], typer.Option("--owner", metavar="NAME", help="Only what NAME looks after.")
    ] = None,
    state: Annotated[
        Optional[str],
        typer.Option("--state", metavar="STATE", help="Only open, resolved or cleared ones."),
    ] = None,
    merchant: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Only this merchant.")
    ] = None,
    since: Annotated[
        Optional[str], typer.Option("--since", metavar="DAY", help="Only from this day on.")
    ] = None,
    until: Annotated[
        Optional[str], typer.Option("--until", metavar="DAY", help="Only up to this day.")
    ] = None,
) -> Outcome:
    """List what does not agree, the oldest first."""
    asked = tables.Asked(
        type=type_,
        owner=owner,
        state=state,
        merchant=merchant,
        since=call.local_day(session, since) if since else None,
        until=call.local_day(session, until) if until else None,
    )
    return tables.list_breaks(session, asked, limit)


@command(app, "show", epilog="Example: voucher reconcile show 12", is_list=True)
def show(
    session: Session,
    number: Annotated[
        Optional[int], typer.Argument(metavar="[N]", help="The number of the break.")
    ] = None,
    *,
    limit: int | None,
    run_no: Annotated[
        Optional[int], typer.Option("--run", metavar="N", help="The run with this number instead.")
    ] = None,
) -> Outcome:
    """Show a break and what may explain it; or a run and its breaks."""
    return tables.show(session, number, run_no, limit)


@command(app, "report", epilog="Example: voucher reconcile report --since 2020-04-01")
def report(
    call: Call,
    session: Session,
    round_: OnlyRound = None,
    since: Annotated[
        Optional[str], typer.Option("--since", metavar="DAY", help="Only from this day on.")
    ] = None,
    until: Annotated[
        Optional[str], typer.Option("--until", metavar="DAY", help="Only up to this day.")
    ] = None,
) -> Outcome:
    """Show which days were held against a bill, what agreed, and what is open, by type and age."""
    return reports.report(
        session,
        round_=round_,
        since=call.local_day(session, since) if since else None,
        until=call.local_day(session, until) if until else None,
    )
