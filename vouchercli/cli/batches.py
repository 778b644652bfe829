"""voucher batch list | show | rejects | resume | retry | undo"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.import_options import Verbose, told
from vouchercli.cli.language import t
from vouchercli.cli.options import Call, Limit, command, noun
from vouchercli.ops.intake import batches
from vouchercli.result import Outcome

app = noun()

Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The batch, as its import said.")]


@command(app, "list", epilog="Example: voucher batch list --kind redemptions")
def list_(
    call: Call,
    kind: Annotated[
        Optional[str], typer.Option("--kind", metavar="KIND", help="Only files of this kind.")
    ] = None,
    limit: Limit = 50,
) -> Outcome:
    """List the files that came in, newest first."""
    return call.ask(batches.list_batches, kind, limit)


@command(app, "show", epilog="Example: voucher batch show 3")
def show(call: Call, batch: Number) -> Outcome:
    """Show one file: how it was read, what became of its rows and why."""
    return call.ask(batches.show_batch, batch)


@command(app, "rejects", epilog="Example: voucher batch rejects 3 --to rejects.csv")
def rejects(
    call: Call,
    batch: Number,
    to: Annotated[
        Optional[Path],
        typer.Option(
            "--to", metavar="FILE", help="Write them as CSV in the file's own layout, to be mended."
        ),
    ] = None,
) -> Outcome:
    """Show the rejected rows; -o csv and --to give them in the file's own layout plus reason and
    explanation.
    """
    with call.session() as session:
        if to is not None or call.output == "csv":
            return batches.write_rejects(
                session, batch, to if to is not None and str(to) != "-" else sys.stdout, t
            )
        return batches.list_rejects(session, batch)


@command(app, "resume", epilog="Example: voucher batch resume 3")
def resume(
    call: Call,
    batch: Number,
    file: Annotated[
        Optional[str],
        typer.Option("--file", metavar="FILE", help="Where the file is now (else where it was)."),
    ] = None,
    verbose: Verbose = False,
) -> Outcome:
    """Go on with an import that was stopped, behind the last chunk that is safe."""
    with call.session() as session, told(verbose) as tell:
        return batches.resume_batch(session, batch, file, tell)


@command(app, "retry", epilog="Example: voucher batch retry 3")
def retry(call: Call, batch: Number) -> Outcome:
    """Judge the rejects again, now that what they waited for may have come."""
    return call.ask(batches.retry_batch, batch)


@command(app, "undo", epilog="Example: voucher batch undo 3")
def undo(call: Call, batch: Number) -> Outcome:
    """Take a whole file away again, unless something later stands on it."""
    with call.session() as session:
        if sys.stdin.isatty() and not (call.yes or call.dry_run):
            question = t(
                "Undo batch {batch}: take away {count} rows of {file} ({kind})?",
                batches.what_undo_takes(session, batch),
            )
            typer.confirm(question, abort=True, err=True)
            return batches.undo_batch(session, batch, is_sure=True)
        return batches.undo_batch(session, batch, is_sure=call.yes)
