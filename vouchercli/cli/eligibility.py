"""voucher eligibility import | remove | approve | reject | list | blank"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import add_blank
from vouchercli.cli.import_options import READING, File, watch_import
from vouchercli.cli.options import OnlyResident, Why, command, verbs
from vouchercli.ops.intake import eligibility, list_changes
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

WhyListed = Annotated[
    str,
    typer.Option("--note", metavar="TEXT", help="Why residents come on the list: it is kept."),
]
WhyLeft = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="Why residents leave the list: it is kept.")
]
Batch = Annotated[int, typer.Argument(metavar="NO", help="The batch, as its import said.")]


@command(app, "import", epilog="Example: voucher eligibility import medics.csv", options=READING)
def import_(
    session: Session,
    file: File,
    note: WhyListed = "",
    **reading: Any,
) -> Outcome:
    """Take in an eligibility list; lines that are on it already are duplicates. Where approved
    rounds rest on the list, who comes on it waits for a second person.
    """
    with watch_import() as watch:
        return eligibility.import_eligibility(session, file, watch=watch, note=note, **reading)


@command(
    app,
    "remove",
    epilog='Example: voucher eligibility remove 13800000001 --group low --note "moved away"',
)
def remove(
    session: Session,
    residents: Annotated[
        list[str], typer.Argument(metavar="RESIDENT...", help="The identities, or their tokens.")
    ],
    group: Annotated[
        Optional[str],
        typer.Option("--group", metavar="NAME", help="Only from the list of this group."),
    ] = None,
    note: WhyLeft = "",
) -> Outcome:
    """Take residents off the list; packs that were granted stay. Where approved rounds rest on the
    list, they stay on it until a second person approves.
    """
    return list_changes.remove_residents(session, residents, group=group, note=note)


@command(app, "approve", epilog="Example: voucher eligibility approve 7 --actor lin")
def approve(session: Session, batch: Batch) -> Outcome:
    """Approve, as a second person, that residents of a file come on the list, or leave it."""
    return list_changes.approve(session, batch)


@command(
    app,
    "reject",
    epilog='Example: voucher eligibility reject 7 --note "not of the group" --actor lin',
)
def reject(session: Session, batch: Batch, *, note: Why) -> Outcome:
    """Turn down that residents of a file come on the list, or leave it, with the reason."""
    return list_changes.reject(session, batch, note)


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


add_blank(app, "eligibility", "eligibility")
