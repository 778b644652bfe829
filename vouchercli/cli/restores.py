"""voucher restore"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, command
from vouchercli.ops.keeping.restores import restore as bring_back
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Source = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)]
Identity = Annotated[
    Optional[Path],
    typer.Option(
        "--identity", metavar="FILE", help="The secret key of age that decrypts the backup."
    ),
]
Key = Annotated[
    Optional[Path],
    typer.Option(
        "--key",
        metavar="FILE",
        help="The key that was kept apart, where there is none here or one from before a rotation.",
    ),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Look at every page only; leave the whole check out.")
]


@command(
    app, "restore", epilog="Example: voucher restore backups/voucher-backup-20200420-090000.db"
)
def restore(
    call: Call,
    source: Source,
    *,
    identity: Identity = None,
    key: Key = None,
    quick: Quick = False,
) -> Outcome:
    """Put a backup in the place of the database; the present file is set aside."""
    return bring_back(
        call.db_path,
        source,
        lambda copy: replace(call, given=call.given | {"db": str(copy)}).session(),
        identity=identity,
        key=key,
        is_quick=quick,
    )
