"""voucher export datasette | package"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vouchercli.cli.language import in_both
from vouchercli.cli.options import Call, command, verbs
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="A new folder, or one that this command has written."),
]
MinCell = Annotated[
    int,
    typer.Option(
        "--min-cell",
        min=1,
        metavar="N",
        help="Figures with fewer residents behind them are not shown.",
    ),
]


@command(
    app,
    "datasette",
    epilog="Example: voucher export datasette public --as-of 2020-04-06",
    looks_back=True,
)
def datasette(call: Call, session: Session, folder: Folder, min_cell: MinCell = 10) -> Outcome:
    """Write sums for everybody into an SQLite file with views and metadata for Datasette."""
    from vouchercli.ops.reports.exports import export_datasette

    return export_datasette(session, folder, in_both, min_cell=min_cell, as_of=call.as_of(session))


@command(
    app,
    "package",
    epilog="Example: voucher export package open-data --as-of 2020-04-06 --format parquet",
    looks_back=True,
)
def package(
    call: Call,
    session: Session,
    folder: Folder,
    min_cell: MinCell = 10,
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="csv or parquet.")] = "csv",
) -> Outcome:
    """Write sums for everybody as a Frictionless data package: CSV or Parquet with its schema."""
    from vouchercli.ops.reports.exports import export_package

    return export_package(
        session, folder, in_both, form=form, min_cell=min_cell, as_of=call.as_of(session)
    )
