"""voucher backup"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, Recipients, command
from vouchercli.ops.keeping import backups
from vouchercli.result import Outcome
from vouchercli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)

To = Annotated[
    Optional[Path],
    typer.Argument(
        metavar="[FOLDER]",
        help="A folder, or a new file NAME.db (else as backups.yaml says, else backups).",
        show_default=False,
    ),
]
KeyTo = Annotated[
    Optional[Path],
    typer.Option("--key-to", metavar="FOLDER", help="Copy the key into this folder, another one."),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Look at every page only; leave the whole check out.")
]


@command(app, "backup", epilog="Example: voucher backup /mnt/backups --key-to /media/safe")
def backup(
    call: Call,
    session: Session,
    to: To = None,
    *,
    recipient: Recipients = None,
    key_to: KeyTo = None,
    quick: Quick = False,
) -> Outcome:
    """Copy the database while others work, and prove the copy."""
    wish = backups.Wish(to, tuple(recipient or ()), key_to, quick, call.yes)
    return backups.back_up(session, wish)
