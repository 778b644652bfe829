"""voucher correction list | show | approve | reject"""

from __future__ import annotations

from typing import Annotated

import typer

from vouchercli.cli.options import Why, command, verbs
from vouchercli.ops.intake import correction_lists, corrections
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Number = Annotated[int, typer.Argument(metavar="N", help="The correction's number.")]


@command(app, "list", epilog="Example: voucher correction list", is_list=True)
def list_(session: Session, *, limit: int | None) -> Outcome:
    """List corrections of single rows, the newest first."""
    return correction_lists.list_corrections(session, limit)


@command(app, "show", epilog="Example: voucher correction show 7")
def show(session: Session, number: Number) -> Outcome:
    """Show a correction: what was wrong, why, who decided, and the rows that it reversed."""
    return correction_lists.show_correction(session, number)


@command(app, "approve", epilog="Example: voucher correction approve 7 --actor lin")
def approve(session: Session, number: Number) -> Outcome:
    """Approve a correction that waits: the wrong row is reversed and entered anew."""
    return corrections.approve(session, number)


@command(
    app,
    "reject",
    epilog='Example: voucher correction reject 7 --note "the till was right" --actor lin',
)
def reject(session: Session, number: Number, *, note: Why) -> Outcome:
    """Turn down a correction that waits; the row stands as it is."""
    return corrections.reject(session, number, note)
