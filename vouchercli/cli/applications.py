"""voucher application import | list | blank"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import add_blank
from vouchercli.cli.import_options import LONG_READING, File, watch_import
from vouchercli.cli.options import Call, OnlyResident, OnlyRound, Since, Until, command, verbs
from vouchercli.ops.intake import applications
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(
    app,
    "import",
    epilog="Example: voucher application import applications.csv",
    options=LONG_READING,
)
def import_(
    session: Session,
    file: File,
    **reading: Any,
) -> Outcome:
    """Take in a file of applications; every row ends accepted, duplicate or rejected."""
    with watch_import(reading.pop("verbose")) as watch:
        return applications.import_applications(session, file, watch=watch, **reading)


@command(
    app, "list", epilog="Example: voucher application list --round hz-1 --limit 20", is_list=True
)
def list_(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    round_: OnlyRound = None,
    application_no: Annotated[
        Optional[str],
        typer.Option("--application", metavar="NO", help="Only this application number."),
    ] = None,
    resident: OnlyResident = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """List applications in the order of arrival, with the claim each was granted; residents are
    shown as tokens.
    """
    return applications.list_applications(
        session,
        round=round_,
        application_no=application_no,
        resident=resident,
        limit=limit,
        **call.span(session, since, until),
    )


add_blank(app, "application", "applications")
