"""voucher reconcile run | breaks | show | assign | resolve | approve | reject | report"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.import_options import LONG_READING, File, watch_import
from vouchercli.cli.options import Call, Evidence, OnlyRound, Why, command, verbs
from vouchercli.ops.reconciling import reports, resolutions, runs, tables, verdicts, working
from vouchercli.ops.reconciling.choosing import Asked, Choice
from vouchercli.ops.reconciling.resolutions import How
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

SinceDay = Annotated[
    Optional[str], typer.Option("--since", metavar="DAY", help="The first day that it covers.")
]
UntilDay = Annotated[
    Optional[str], typer.Option("--until", metavar="DAY", help="The last day that it covers.")
]

FromDay = Annotated[
    Optional[str], typer.Option("--since", metavar="DAY", help="Only from this day on.")
]
UpToDay = Annotated[
    Optional[str], typer.Option("--until", metavar="DAY", help="Only up to this day.")
]
# What breaks are like: the same words choose them for a list and for whatever is done to them.
LIKE: dict[str, Any] = {
    "type_": Annotated[
        Optional[str], typer.Option("--type", metavar="KIND", help="Only breaks of this type.")
    ],
    "owner": Annotated[
        Optional[str],
        typer.Option("--owner", metavar="NAME", help="Only what NAME looks after; -: nobody."),
    ],
    "merchant": Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Only this merchant.")
    ],
    "round_": OnlyRound,
    "since": FromDay,
    "until": UpToDay,
    "age": Annotated[
        Optional[int],
        typer.Option(
            "--older-than",
            "--age",
            metavar="DAYS",
            min=0,
            help="Only those of so many days or more.",
        ),
    ],
    "together": Annotated[
        Optional[int],
        typer.Option(
            "--with",
            metavar="N",
            help="Only those of which a resolution was proposed with break N's.",
        ),
    ],
}
Numbers = Annotated[
    Optional[list[int]],
    typer.Argument(metavar="[N...]", help="The numbers of breaks; or say which are meant:"),
]


def _choose(
    call: Call,
    session: Session,
    numbers: list[int] | None = None,
    state: str | None = None,
    **like: Any,
) -> Choice:
    """Which breaks are meant: by their numbers, or by what they are like (`LIKE`)."""
    first, last = (
        call.local_day(session, day) if day else None for day in (like["since"], like["until"])
    )
    asked = Asked(
        type=like["type_"],
        state=state,
        owner=like["owner"],
        merchant=like["merchant"],
        round=like["round_"],
        since=first,
        until=last,
    )
    return Choice(numbers or (), asked, like["age"], like["together"])


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


@command(
    app,
    "breaks",
    epilog="Example: voucher reconcile breaks --state open",
    options=LIKE,
    is_list=True,
)
def breaks(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    state: Annotated[
        Optional[str],
        typer.Option(
            "--state", metavar="STATE", help="Only open, waiting, resolved or cleared ones."
        ),
    ] = None,
    **like: Any,
) -> Outcome:
    """List what does not agree, the oldest first."""
    return tables.list_breaks(session, _choose(call, session, state=state, **like), limit)


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


@command(
    app,
    "assign",
    epilog="Examples: voucher reconcile assign 12 13 --to chen"
    ' --note "ask the platform for its day bill" --actor lin; '
    "voucher reconcile assign --type missing_here --older-than 3 --to chen --actor lin",
    options=LIKE,
)
def assign(
    call: Call,
    session: Session,
    numbers: Numbers = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Who looks after it.")],
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="What is to be done: it is kept.")
    ] = "",
    **like: Any,
) -> Outcome:
    """Say who looks after breaks: by their numbers, or all open ones of a kind."""
    return working.assign(session, _choose(call, session, numbers, **like), to, note)


@command(
    app,
    "resolve",
    epilog='Examples: voucher reconcile resolve 12 --explained --note "paid on its test account"'
    ' --evidence "letter 2020-17" --actor chen; '
    "voucher reconcile resolve 13 --correction 5 --actor chen; "
    "voucher reconcile resolve --type missing_there --until 2020-04-01 --explained"
    ' --note "the platform settles them in May" --evidence "letter 2020-31" --actor chen --dry-run',
    options=LIKE,
)
def resolve(
    call: Call,
    session: Session,
    numbers: Numbers = None,
    *,
    explained: Annotated[
        bool, typer.Option("--explained", help="It is explained, and written off.")
    ] = False,
    posting: Annotated[
        Optional[int],
        typer.Option("--posting", metavar="N", help="This posting of the ledger resolves it."),
    ] = None,
    correction: Annotated[
        Optional[int],
        typer.Option("--correction", metavar="N", help="This correction of a row resolves it."),
    ] = None,
    note: Why = "",
    evidence: Evidence = "",
    **like: Any,
) -> Outcome:
    """Propose how breaks are resolved, by their numbers, or all open ones of a kind; a second
    person approves.
    """
    how = How(posting, correction, explained, note, evidence)
    return resolutions.propose(session, _choose(call, session, numbers, **like), how)


@command(
    app,
    "approve",
    epilog="Examples: voucher reconcile approve 12 --actor lin; "
    "voucher reconcile approve --with 12 --actor lin",
    options=LIKE,
)
def approve(call: Call, session: Session, numbers: Numbers = None, **like: Any) -> Outcome:
    """Approve how breaks are resolved: by their numbers, or all that wait of a kind."""
    return verdicts.approve(session, _choose(call, session, numbers, **like))


@command(
    app,
    "reject",
    epilog='Examples: voucher reconcile reject 12 --note "ask the platform first" --actor lin; '
    'voucher reconcile reject --with 12 --note "ask the platform first" --actor lin',
    options=LIKE,
)
def reject(
    call: Call, session: Session, numbers: Numbers = None, *, note: Why, **like: Any
) -> Outcome:
    """Turn down how breaks were to be resolved, by their numbers, or all that wait of a kind; they
    stay open.
    """
    return verdicts.reject(session, _choose(call, session, numbers, **like), note)


@command(
    app,
    "report",
    epilog="Example: voucher reconcile report --since 2020-04-01",
    has_pages=True,
)
def report(
    call: Call,
    session: Session,
    round_: OnlyRound = None,
    since: FromDay = None,
    until: UpToDay = None,
) -> Outcome:
    """Show which days were held against a bill, what agreed, and what is open, by type and age, and
    who looks after it.
    """
    return reports.report(
        session,
        round_=round_,
        since=call.local_day(session, since) if since else None,
        until=call.local_day(session, until) if until else None,
    )
