"""voucher todo"""

from __future__ import annotations

import typer

from vouchercli.cli.options import command
from vouchercli.ops.setup.todo import list_waiting
from vouchercli.result import Outcome
from vouchercli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@command(app, "todo", epilog="Example: voucher todo")
def todo(session: Session) -> Outcome:
    """What waits for whom, and the command that does it."""
    return list_waiting(session)
