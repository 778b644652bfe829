"""voucher check"""

from __future__ import annotations

import typer

from vouchercli.cli.options import Call, command
from vouchercli.ops.proof.check import check_all
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@command(app, "check", epilog="Example: voucher check -o json")
def check(call: Call) -> Outcome:
    """Prove that the books and the facts agree."""
    return call.ask(check_all)
