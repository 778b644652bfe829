"""voucher series import | list | blank"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import add_blank
from vouchercli.cli.import_options import READING, File, watch_import
from vouchercli.cli.options import command, verbs
from vouchercli.ops.intake import series
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(
    app,
    "import",
    epilog='Example: voucher series import turnover.xlsx --source "Bureau of Statistics"',
    options=READING,
)
def import_(
    session: Session,
    file: File,
    source: Annotated[
        Optional[str],
        typer.Option("--source", metavar="NAME", help="Who says so, for rows that name no source."),
    ] = None,
    revise: Annotated[
        bool,
        typer.Option(
            "--revise",
            help="Figures that stand with another value give way to those of the file.",
        ),
    ] = False,
    **reading: Any,
) -> Outcome:
    """Take in figures to compare with: turnover, orders or open shops by period, industry, district
    and brand, from a statistics office or a platform.
    """
    with watch_import() as watch:
        return series.import_series(
            session, file, source=source, may_revise=revise, watch=watch, **reading
        )


@command(app, "list", epilog="Example: voucher series list", is_list=True)
def list_(session: Session, *, limit: int | None) -> Outcome:
    """List the series: what they count, who says so, in which periods and by what."""
    return series.list_series(session, limit=limit)


add_blank(app, "series", "series")
