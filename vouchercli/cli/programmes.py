"""voucher programme load | approve | reject | show | list | use | export"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, To, command, verbs
from vouchercli.ops.setup import current_programme, exports, programme_changes, programmes
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Code = Annotated[
    Optional[str], typer.Argument(metavar="[CODE]", help="Needed when the file holds several.")
]
WhyChanged = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="Why limits hold from before now: it is kept.")
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the maker reads it.")]


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
    """Approve a change of a programme that waits, as a second person."""
    return programme_changes.approve_change(session, code)


@command(
    app,
    "reject",
    epilog=(
        'Example: voucher programme reject hangzhou-2020 --note "the council has not voted"'
        " --actor lin"
    ),
)
def reject(session: Session, code: Code = None, *, note: Note) -> Outcome:
    """Turn down a change of a programme that waits, with the reason."""
    return programme_changes.reject_change(session, code, note)


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


@command(app, "export", epilog="Example: voucher programme export county-example > my.yaml")
def export(
    call: Call,
    code: Annotated[
        str,
        typer.Argument(metavar="CODE|NAME", help="A programme that is loaded, or a shipped name."),
    ],
    to: To = None,
) -> Outcome:
    """Print it as YAML, to be changed and loaded again."""
    if not call.db_path.exists():  # shipped names are there before a database is
        return exports.export_programme(None, code, to)
    with call.session() as session:
        return exports.export_programme(session, code, to)
