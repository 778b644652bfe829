"""voucher lake export | check | list"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, command, split_codes, verbs
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Lake = Annotated[
    Path, typer.Argument(metavar="DIR", help="The lake: a folder that many cities write into.")
]
Expect = Annotated[
    Optional[list[str]],
    typer.Option(
        "--expect", metavar="CODE[,CODE...]", help="Cities that should be there (GB/T 2260)."
    ),
]


@command(app, "export", epilog="Example: voucher lake export lake --city 330100")
def export(
    call: Call,
    session: Session,
    folder: Lake,
    city: Annotated[
        Optional[str],
        typer.Option("--city", metavar="CODE", help="The code of the city in GB/T 2260."),
    ] = None,
    since: Annotated[
        Optional[str],
        typer.Option(
            "--since", metavar="DAY", help="A new lake begins with this day, not with the first."
        ),
    ] = None,
    min_cell: Annotated[
        Optional[int],
        typer.Option(
            "--min-cell",
            min=1,
            metavar="N",
            help="Counts of residents below this one are left out (10, or what the export before "
            "had); never a lower one.",
        ),
    ] = None,
) -> Outcome:
    """Write the sealed days that are new as Parquet: no resident, no token, no name."""
    from vouchercli.ops.lake.exporting import export_lake

    day = None if since is None else call.local_day(session, since)
    return export_lake(session, folder, city, since=day, min_cell=min_cell)


@command(app, "check", epilog="Example: voucher lake check lake")
def check(folder: Lake) -> Outcome:
    """Prove every file, row count and sum of a lake, and its chain of sealed days."""
    from vouchercli.ops.lake.checking import check_lake

    return check_lake(folder)


@command(app, "list", epilog="Example: voucher lake list lake --expect 330100,420100")
def list_(folder: Lake, expect: Expect = None) -> Outcome:
    """The cities of a lake: from when, up to when, how far behind, what is missing."""
    from vouchercli.ops.lake.checking import list_lake

    return list_lake(folder, split_codes(expect))
