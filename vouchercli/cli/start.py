"""voucher init"""

from __future__ import annotations

import typer

from vouchercli.cli.options import Call, command
from vouchercli.ops.setup.start import initialise
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@command(app, "init", epilog="Example: voucher init --db hangzhou.db")
def init(call: Call) -> Outcome:
    """Make an empty database and its key here."""
    return initialise(call.db_path, dry_run=call.dry_run)
