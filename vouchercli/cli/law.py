"""voucher law show"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import command, verbs
from vouchercli.ops.proof.law import show_law
from vouchercli.result import Outcome

app = verbs()


@command(app, "show", epilog="Examples: voucher law show; voucher law show below_threshold")
def show(
    code: Annotated[
        Optional[str],
        typer.Argument(metavar="[CODE]", help="Only the rules behind this reason code."),
    ] = None,
) -> Outcome:
    """Show the rules that rows are held to, in the order in which they are asked."""
    return show_law(code)
