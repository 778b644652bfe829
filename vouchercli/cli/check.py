"""voucher check"""

from __future__ import annotations

import typer

from vouchercli.cli.options import command
from vouchercli.ops.proof.check import check_all
from vouchercli.result import Outcome
from vouchercli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@command(app, "check", epilog="Example: voucher check -o json")
def check(session: Session) -> Outcome:
    """Check that the books agree with the claims and redemptions."""
    return check_all(session)
