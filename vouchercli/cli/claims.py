"""voucher claim import | list | grant"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.import_options import Encoding, File, ProfileOption, Sha1, Verbose, told
from vouchercli.cli.options import Call, command
from vouchercli.errors import UsageFault
from vouchercli.ops.granting import live_claims
from vouchercli.ops.intake import claims
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def group() -> None:
    """Claims: packs granted to residents."""


@command(app, "import", epilog="Example: voucher claim import claims.csv")
def import_(
    call: Call,
    file: File,
    profile: ProfileOption = None,
    encoding: Encoding = None,
    sha1: Sha1 = None,
    verbose: Verbose = False,
) -> Outcome:
    """Take in a file of claims; every row ends accepted, duplicate or rejected."""
    with call.session() as session, told(verbose) as tell:
        return claims.import_claims(
            session, file, profile=profile, encoding=encoding, sha1=sha1, tell=tell
        )


@command(app, "list", epilog="Example: voucher claim list --round hz-1 --limit 20")
def list_(
    call: Call,
    round_: Annotated[
        Optional[str], typer.Option("--round", metavar="CODE", help="Only this round.")
    ] = None,
    claim_no: Annotated[
        Optional[str], typer.Option("--claim", metavar="NO", help="Only this claim number.")
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
    """List claims, oldest first; residents are shown as tokens."""
    with call.session() as session:
        return claims.list_claims(
            session, round_=round_, claim_no=claim_no, resident=resident, limit=limit
        )


@command(
    app, "grant", epilog="Example: voucher claim grant hz-1 330102199001010011 --application A0001"
)
def grant(
    call: Call,
    round_: Annotated[str, typer.Argument(metavar="ROUND", help="The round, for example hz-1.")],
    resident: Annotated[
        Optional[str], typer.Argument(metavar="RESIDENT", help="The identity, or its token.")
    ] = None,
    application_no: Annotated[
        str,
        typer.Option(
            "--application",
            metavar="NO",
            help="Your own number: asking again with it gives the same claim.",
        ),
    ] = "",
    from_: Annotated[
        Optional[Path],
        typer.Option(
            "--from",
            metavar="FILE",
            help="Many at once: a line RESIDENT or RESIDENT,NO each; - reads standard input.",
        ),
    ] = None,
) -> Outcome:
    """Grant a pack now; it is saved when the command answers."""
    if (resident is None) == (from_ is None):
        raise UsageFault(
            "one_or_many",
            "name one resident, or a file of them with --from",
            hint="voucher claim grant --help",
        )
    with call.session() as session:
        if resident is not None:
            return live_claims.grant_claim(session, round_, resident, application_no)
        if str(from_) == "-":
            return live_claims.grant_claims(session, round_, live_claims.requests_of(sys.stdin))
        with Path(str(from_)).open(encoding="utf-8-sig") as lines:
            return live_claims.grant_claims(session, round_, live_claims.requests_of(lines))
