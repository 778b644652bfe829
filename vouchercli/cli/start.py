"""voucher init"""

from __future__ import annotations

from typing import Annotated

import typer

from vouchercli.cli.options import Call, command
from vouchercli.ops.setup.start import initialise
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Rehearsal = Annotated[
    bool,
    typer.Option(
        "--rehearsal",
        help="For rehearsals: --now may go beyond now, and all that comes out of it says so.",
    ),
]


@command(app, "init", epilog="Example: voucher init --db hangzhou.db")
def init(call: Call, *, rehearsal: Rehearsal = False) -> Outcome:
    """Make an empty database and its key here."""
    return initialise(call.db_path, is_rehearsal=rehearsal, dry_run=call.dry_run)
