"""voucher eligibility import | list"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.import_options import Encoding, File, ProfileOption, Sha1, told
from vouchercli.cli.options import Call, Limit, OnlyResident, command, noun
from vouchercli.ops.intake import eligibility
from vouchercli.result import Outcome

app = noun()


@command(app, "import", epilog="Example: voucher eligibility import medics.csv")
def import_(
    call: Call,
    file: File,
    profile: ProfileOption = None,
    encoding: Encoding = None,
    sha1: Sha1 = None,
) -> Outcome:
    """Take in an eligibility list; lines that are on it already are duplicates."""
    with call.session() as session, told() as tell:
        return eligibility.import_eligibility(
            session, file, profile=profile, encoding=encoding, sha1=sha1, tell=tell
        )


@command(app, "list", epilog="Example: voucher eligibility list --group medics --limit 20")
def list_(
    call: Call,
    group: Annotated[
        Optional[str], typer.Option("--group", metavar="NAME", help="The residents of this group.")
    ] = None,
    resident: OnlyResident = None,
    limit: Limit = 100,
) -> Outcome:
    """List the groups and how many residents each has; of one group or resident, the lines of the
    list.
    """
    return call.ask(eligibility.list_eligibility, group=group, resident=resident, limit=limit)
