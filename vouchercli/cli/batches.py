"""voucher batch list | show | rejects | resume | retry | undo"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.asking import ask, is_asked
from vouchercli.cli.import_options import Verbose, watch_import
from vouchercli.cli.language import t
from vouchercli.cli.options import Call, Recipients, Since, Until, command, verbs
from vouchercli.ops.intake import batches
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The batch, as its import said.")]

WhyTakenBack = Annotated[
    str,
    typer.Option("--note", metavar="TEXT", help="Why residents leave a list: it is kept."),
]


@command(app, "list", epilog="Example: voucher batch list --kind redemptions", is_list=True)
def list_(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    kind: Annotated[
        Optional[str], typer.Option("--kind", metavar="KIND", help="Only files of this kind.")
    ] = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """List the files that came in, newest first."""
    return batches.list_batches(session, kind, limit, **call.span(session, since, until))


@command(app, "show", epilog="Example: voucher batch show 3")
def show(session: Session, batch: Number) -> Outcome:
    """Show one file: how it was read, what became of its rows and why."""
    return batches.show_batch(session, batch)


@command(app, "rejects", epilog="Example: voucher batch rejects 3 --to rejects.csv", is_list=True)
def rejects(
    call: Call,
    session: Session,
    batch: Annotated[
        Optional[int],
        typer.Argument(metavar="N", min=1, help="The batch, as its import said."),
    ] = None,
    *,
    limit: int | None,
    to: Annotated[
        Optional[Path],
        typer.Option(
            "--to",
            metavar="FILE",
            help="Write them as CSV in the file's own layout, to be corrected.",
        ),
    ] = None,
    recipient: Recipients = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Those that came back mended, and where.")
    ] = False,
    all_batches: Annotated[
        bool, typer.Option("--all-batches", help="The open rejects of every file.")
    ] = False,
    kind: Annotated[
        Optional[str],
        typer.Option("--kind", metavar="KIND", help="Of every file of this kind."),
    ] = None,
) -> Outcome:
    """Show the rejected rows that are open; -o csv and --to give them in the file's own layout plus
    reason and explanation. A row that comes back right closes its reject.
    """
    if recipient:
        batches.refuse_open_rejects(to, is_closed=closed)
    if all_batches or kind is not None or batch is None:
        batches.refuse_other_rejects(batch, is_of_all=all_batches, has_more=bool(to or closed))
        return batches.list_all_rejects(session, kind, limit)
    if not closed and (to is not None or call.output == "csv"):
        target = to if to is not None and str(to) != "-" else sys.stdout
        if target is sys.stdout and call.given.get("excel"):
            from vouchercli.cli.show import mark_as_utf8  # shown here, row by row

            mark_as_utf8()
        most, recipients = call.limit or None, tuple(recipient or ())
        return batches.write_rejects(session, batch, target, t, most, recipients)
    return batches.list_rejects(session, batch, limit, is_closed=closed)


@command(app, "resume", epilog="Example: voucher batch resume 3")
def resume(
    session: Session,
    batch: Number,
    file: Annotated[
        Optional[str],
        typer.Option("--file", metavar="FILE", help="Where the file is now (else where it was)."),
    ] = None,
    verbose: Verbose = False,
) -> Outcome:
    """Continue an import that was stopped, after the last chunk that was kept."""
    with watch_import(verbose) as watch:
        return batches.resume_batch(session, batch, file, watch)


@command(app, "retry", epilog="Example: voucher batch retry 3")
def retry(call: Call, session: Session, batch: Number) -> Outcome:
    """Judge the rejects again, after the data that they lacked was imported. A payment that stands
    gives way to an earlier one only with --yes.
    """
    return batches.retry_batch(session, batch, is_sure=call.yes)


@command(app, "undo", epilog="Example: voucher batch undo 3")
def undo(call: Call, session: Session, batch: Number, note: WhyTakenBack = "") -> Outcome:
    """Undo the import of a whole file, unless later rows depend on it. A list that approved rounds
    rest on needs a note and a second person.
    """
    is_sure = call.yes
    if is_asked(call):
        ask(batches.undo_question(session, batch))
        is_sure = True
    return batches.undo_batch(session, batch, note=note, is_sure=is_sure)
