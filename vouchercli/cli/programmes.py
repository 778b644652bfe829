"""voucher programme load | approve | reject | show | list"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, NameOrFile, command, noun
from vouchercli.ops.setup import programme_changes, programmes
from vouchercli.result import Outcome

app = noun()

Code = Annotated[
    Optional[str], typer.Argument(metavar="[CODE]", help="Needed when the file holds several.")
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the maker reads it.")]


@command(app, "load", epilog="Example: voucher programme load hangzhou-2020")
def load(
    call: Call,
    name_or_file: NameOrFile,
) -> Outcome:
    """Load a programme, or the changes in its file."""
    return call.ask(programmes.load_programme, name_or_file)


@command(app, "approve", epilog="Example: voucher programme approve hangzhou-2020 --actor lin")
def approve(call: Call, code: Code = None) -> Outcome:
    """Approve a change of a programme that waits, as a second person."""
    return call.ask(programme_changes.approve_change, code)


@command(
    app,
    "reject",
    epilog=(
        'Example: voucher programme reject hangzhou-2020 --note "the council has not voted"'
        " --actor lin"
    ),
)
def reject(call: Call, code: Code = None, *, note: Note) -> Outcome:
    """Turn down a change of a programme that waits, with the reason."""
    return call.ask(programme_changes.reject_change, code, note)


@command(app, "show", epilog="Example: voucher programme show hangzhou-2020 -o json")
def show(call: Call, code: Code = None) -> Outcome:
    """Show a programme: its rules, its funds, what others published."""
    return call.ask(programmes.show_programme, code)


@command(app, "list", epilog="Example: voucher programme list --shipped")
def list_(
    call: Call,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Instead: the programmes that can be loaded by name.")
    ] = False,
) -> Outcome:
    """List the programmes that are loaded."""
    if shipped:
        return programmes.shipped_programmes()
    return call.ask(programmes.list_programmes)
