"""voucher programme new | load | approve | reject | close | show | list | use | export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli import interviews
from vouchercli.cli.language import in_both
from vouchercli.cli.options import Call, To, command, verbs
from vouchercli.ops.setup import current_programme, exports, new_programmes, programmes
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Code = Annotated[
    Optional[str], typer.Argument(metavar="[CODE]", help="Needed when the file holds several.")
]
WhyChanged = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="Why limits hold from before now: it is kept.")
]
WhyClosed = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="What the end rests on: it is kept.")
]
Inbox = Annotated[
    Optional[Path],
    typer.Option(
        "--inbox",
        metavar="DIR",
        help="Where platforms' files land (else inbox beside the database).",
    ),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the maker reads it.")]


@command(
    app,
    "new",
    epilog=(
        "Example: voucher programme new xian-2026 --like county-example --pack county-lunch"
        " --name 某县消费券 --issuer 某县商务局"
    ),
)
def new(
    call: Call,
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="A short name for it; its files are called so.")
    ],
    *,
    name: Annotated[Optional[str], typer.Option("--name", metavar="TEXT", help="Its name.")] = None,
    issuer: Annotated[
        Optional[str],
        typer.Option("--issuer", metavar="TEXT", help="Who issues it: the city and its bureau."),
    ] = None,
    fund: Annotated[
        Optional[list[str]],
        typer.Option(
            "--fund",
            metavar="FUNDER[:KIND]=YUAN",
            help="Who pays, of which kind (public unless said), how much (again for each).",
        ),
    ] = None,
    share: Annotated[
        Optional[list[str]],
        typer.Option(
            "--share",
            metavar="FUNDER=N%",
            help="How several funders share a voucher (again for each).",
        ),
    ] = None,
    match: Annotated[
        Optional[list[str]],
        typer.Option(
            "--match",
            metavar="FUNDER=N%",
            help="What merchants add at the till, as a share of the subsidy.",
        ),
    ] = None,
    vouchers: Annotated[
        Optional[list[str]],
        typer.Option(
            "--voucher",
            metavar="TEXT",
            help="Vouchers of a pack: 5x40-10, 满100减20, or 2000-10%/400 (again for each).",
        ),
    ] = None,
    validity: Annotated[
        Optional[list[str]],
        typer.Option(
            "--validity",
            metavar="TEXT",
            help="How long a voucher is valid: days_after_claim=7, until=2026-05-31 ...",
        ),
    ] = None,
    scope: Annotated[
        Optional[list[str]],
        typer.Option(
            "--scope",
            metavar="TEXT",
            help="Where it may be used: channel=offline, industries=餐饮,零售 (again for each).",
        ),
    ] = None,
    refunds: Annotated[
        Optional[list[str]],
        typer.Option(
            "--refunds",
            metavar="TEXT",
            help="What a refund does: full_restores, or voucher.partial=forfeits (again for each).",
        ),
    ] = None,
    unused: Annotated[
        Optional[str],
        typer.Option("--unused", metavar="TEXT", help="Where unused money goes."),
    ] = None,
    limits: Annotated[
        Optional[list[str]],
        typer.Option(
            "--limits",
            metavar="TEXT",
            help="How much one resident may have: packs_per_resident=3 (again for each).",
        ),
    ] = None,
    packs: Annotated[
        Optional[str],
        typer.Option(
            "--packs", metavar="N", help="How many packs the first round has: 20000, or 2万."
        ),
    ] = None,
    opens_at: Annotated[
        Optional[str],
        typer.Option("--opens-at", metavar="TIME", help="When claiming of the first round begins."),
    ] = None,
    closes_at: Annotated[
        Optional[str],
        typer.Option("--closes-at", metavar="TIME", help="When it ends (a bare date: its end)."),
    ] = None,
    staff: Annotated[
        Optional[list[str]],
        typer.Option(
            "--staff", metavar="TEXT", help="Who works on it: wang=maker (again for each)."
        ),
    ] = None,
    not_enforced: Annotated[
        Optional[list[str]],
        typer.Option(
            "--not-enforced",
            metavar="TEXT",
            help="A clause that nobody can judge from the files (again for each).",
        ),
    ] = None,
    source: Annotated[
        Optional[str], typer.Option("--source", metavar="TEXT", help="Where the notice stands.")
    ] = None,
    like: Annotated[
        Optional[str],
        typer.Option(
            "--like", metavar="NAME|FILE", help="A programme that gives what is not answered."
        ),
    ] = None,
    pack: Annotated[
        Optional[str],
        typer.Option(
            "--pack", metavar="NAME|FILE", help="A template that gives what is not answered."
        ),
    ] = None,
) -> Outcome:
    """Make a programme and its template from a printed notice; at a terminal it asks."""
    given = {
        "name": name,
        "issuer": issuer,
        "fund": fund,
        "share": share,
        "match": match,
        "voucher": vouchers,
        "validity": validity,
        "scope": scope,
        "refunds": refunds,
        "unused": unused,
        "limits": limits,
        "packs": packs,
        "opens-at": opens_at,
        "closes-at": closes_at,
        "staff": staff,
        "not-enforced": not_enforced,
        "source": source,
    }
    answers = {
        option: [value] if isinstance(value, str) else value
        for option, value in given.items()
        if value
    }
    answers = interviews.complete(answers, like, pack)
    return new_programmes.new_programme(
        code, answers, in_both, like=like, pack=pack, dry_run=call.dry_run
    )


@command(app, "load", epilog="Example: voucher programme load hangzhou-2020")
def load(
    session: Session,
    name_or_file: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A shipped name, or a YAML file of your own.")
    ],
    note: WhyChanged = "",
) -> Outcome:
    """Load a programme, or the changes in its file."""
    return programmes.load_programme(session, name_or_file, note)


@command(app, "approve", epilog="Example: voucher programme approve hangzhou-2020 --actor lin")
def approve(session: Session, code: Code = None) -> Outcome:
    """Approve a change of a programme that waits, or its closing, as a second person."""
    from vouchercli.ops.ending import closing

    return closing.approve(session, code)


@command(app, "close", epilog="Example: voucher programme close hangzhou-2020 --actor chen")
def close(
    session: Session, code: Code = None, *, note: WhyClosed = "", inbox: Inbox = None
) -> Outcome:
    """Propose that a programme ends: what is left goes back to its funders, and it takes nothing
    more. A second person approves it (programme approve). What is open still is said, with the
    command that goes on.
    """
    from vouchercli.ops.ending import closing

    return closing.propose(session, code, note, inbox)


@command(
    app,
    "reject",
    epilog=(
        'Example: voucher programme reject hangzhou-2020 --note "the council has not voted"'
        " --actor lin"
    ),
)
def reject(session: Session, code: Code = None, *, note: Note) -> Outcome:
    """Turn down a change of a programme that waits, or its closing, with the reason."""
    from vouchercli.ops.ending import closing

    return closing.reject(session, code, note)


@command(app, "show", epilog="Example: voucher programme show hangzhou-2020 -o json")
def show(session: Session, code: Code = None) -> Outcome:
    """Show a programme: its rules, its funds, what others published."""
    return programmes.show_programme(session, code)


@command(app, "use", epilog="Example: voucher programme use hangzhou-2020")
def use(
    session: Session,
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The programme, as programme list names it.")
    ],
) -> Outcome:
    """Choose the current programme: the one that is meant when a command names none."""
    return current_programme.use_programme(session, code)


@command(app, "list", epilog="Example: voucher programme list --shipped", is_list=True)
def list_(
    call: Call,
    *,
    limit: int | None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Instead: the programmes that can be loaded by name.")
    ] = False,
) -> Outcome:
    """List the programmes that are loaded."""
    if shipped:
        return programmes.shipped_programmes(limit)
    with call.session() as session:
        return programmes.list_programmes(session, limit)


@command(
    app,
    "export",
    epilog="Example: voucher programme export county-example > my.yaml",
    looks_back=True,
)
def export(
    call: Call,
    code: Annotated[
        str,
        typer.Argument(metavar="CODE|NAME", help="A programme that is loaded, or a shipped name."),
    ],
    to: To = None,
    *,
    figures: Annotated[
        bool,
        typer.Option("--figures", help="Its figures instead, as JSON that report nation reads."),
    ] = False,
    city: Annotated[
        Optional[str],
        typer.Option("--city", metavar="CODE", help="With --figures: the city in GB/T 2260."),
    ] = None,
) -> Outcome:
    """Print it as YAML, to be changed and loaded again; or its figures for other offices."""
    if figures:
        from vouchercli.ops.reports.figure_files import export_figures

        with call.session() as session:
            as_of = call.as_of(session)
            return export_figures(session, code, city, in_both, as_of=as_of, to=to)
    if not call.db_path.exists():  # shipped names are there before a database is
        return exports.export_programme(None, code, to)
    with call.session() as session:
        return exports.export_programme(session, code, to)
