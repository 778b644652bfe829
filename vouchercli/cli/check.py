"""voucher check"""

from __future__ import annotations

from typing import Annotated

import typer

from vouchercli.cli.options import command
from vouchercli.ops.proof.check import check_all
from vouchercli.ops.proof.proving import Reach
from vouchercli.result import Outcome
from vouchercli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


All = Annotated[
    bool,
    typer.Option("--all", help="Read every sealed day too, and prove the totals by every key."),
]
Law = Annotated[
    bool,
    typer.Option("--law", help="Judge every row of sealed days by law once more: it takes long."),
]


@command(app, "check", epilog="Example: voucher check --all")
def check(session: Session, *, all_: All = False, law: Law = False) -> Outcome:
    """Check that the books agree with the claims and redemptions; of sealed days a seventh is read,
    another one each day.
    """
    return check_all(session, Reach.LAW if law else Reach.ALL if all_ else Reach.OPEN)
