"""voucher application import | list"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.import_options import add_import
from vouchercli.cli.options import Call, Limit, OnlyResident, OnlyRound, command, noun
from vouchercli.ops.intake import applications
from vouchercli.result import Outcome

app = noun()


add_import(
    app,
    applications.import_applications,
    "Take in a file of applications; every row ends accepted, duplicate or rejected.",
    "Example: voucher application import applications.csv",
)


@command(app, "list", epilog="Example: voucher application list --round hz-1 --limit 20")
def list_(
    call: Call,
    round_: OnlyRound = None,
    application_no: Annotated[
        Optional[str],
        typer.Option("--application", metavar="NO", help="Only this application number."),
    ] = None,
    resident: OnlyResident = None,
    limit: Limit = 100,
) -> Outcome:
    """List applications in the order of arrival, with the claim each was granted; residents are
    shown as tokens.
    """
    return call.ask(
        applications.list_applications,
        round=round_,
        application_no=application_no,
        resident=resident,
        limit=limit,
    )
