"""voucher application import | list"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.import_options import Encoding, File, ProfileOption, Sha1, Verbose, told
from vouchercli.cli.options import Call, command
from vouchercli.ops.intake import applications
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def group() -> None:
    """Applications: who asked for a pack of a round."""


@command(app, "import", epilog="Example: voucher application import applications.csv")
def import_(
    call: Call,
    file: File,
    profile: ProfileOption = None,
    encoding: Encoding = None,
    sha1: Sha1 = None,
    verbose: Verbose = False,
) -> Outcome:
    """Take in a file of applications; every row ends accepted, duplicate or rejected."""
    with call.session() as session, told(verbose) as tell:
        return applications.import_applications(
            session, file, profile=profile, encoding=encoding, sha1=sha1, tell=tell
        )


@command(app, "list", epilog="Example: voucher application list --round hz-1 --limit 20")
def list_(
    call: Call,
    round_: Annotated[
        Optional[str], typer.Option("--round", metavar="CODE", help="Only this round.")
    ] = None,
    application_no: Annotated[
        Optional[str],
        typer.Option("--application", metavar="NO", help="Only this application number."),
    ] = None,
    resident: Annotated[
        Optional[str],
        typer.Option(
            "--resident", metavar="ID", help="Only this resident (the identity, or its token)."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many rows at most.")
    ] = 100,
) -> Outcome:
    """List applications in the order of arrival, with the claim each was granted; residents are
    shown as tokens.
    """
    with call.session() as session:
        return applications.list_applications(
            session, round_=round_, application_no=application_no, resident=resident, limit=limit
        )
