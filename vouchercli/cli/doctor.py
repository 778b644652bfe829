"""voucher doctor"""

from __future__ import annotations

import sys

import typer

from vouchercli.cli.options import Call, command
from vouchercli.ops.proof import doctor as ops
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@command(app, "doctor", epilog="Example: voucher doctor --db hangzhou.db")
def doctor(call: Call) -> Outcome:
    """Check this machine and this file, and say what to correct."""
    return ops.examine(call.db_path, now=call.present(), encoding=sys.stdout.encoding or "")
