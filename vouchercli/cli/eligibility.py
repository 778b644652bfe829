"""voucher eligibility import | list"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.import_options import READING, File, watch_import
from vouchercli.cli.options import OnlyResident, command, verbs
from vouchercli.ops.intake import eligibility
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(app, "import", epilog="Example: voucher eligibility import medics.csv", options=READING)
def import_(
    session: Session,
    file: File,
    **reading: Any,
) -> Outcome:
    """Take in an eligibility list; lines that are on it already are duplicates."""
    with watch_import() as watch:
        return eligibility.import_eligibility(session, file, watch=watch, **reading)


@command(
    app, "list", epilog="Example: voucher eligibility list --group medics --limit 20", is_list=True
)
def list_(
    session: Session,
    *,
    limit: int | None,
    group: Annotated[
        Optional[str], typer.Option("--group", metavar="NAME", help="The residents of this group.")
    ] = None,
    resident: OnlyResident = None,
) -> Outcome:
    """List the groups and how many residents each has; of one group or resident, the lines of the
    list.
    """
    return eligibility.list_eligibility(session, group=group, resident=resident, limit=limit)
