"""voucher claim import | list"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.files import Encoding, File, ProfileOption, Sha1, Verbose, told
from vouchercli.cli.options import Call, command
from vouchercli.ops import claims
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def group() -> None:
    """Claims: packs granted to residents."""


@command(app, "import", epilog="Example: voucher claim import claims.csv")
def import_(call: Call, file: File, profile: ProfileOption = None, encoding: Encoding = None, sha1: Sha1 = None,
            verbose: Verbose = False) -> Outcome:
    """Take in a file of claims; every row ends accepted, duplicate or rejected."""
    with call.session() as session, told(verbose) as tell:
        return claims.import_claims(session, file, profile=profile, encoding=encoding, sha1=sha1, tell=tell)


@command(app, "list", epilog="Example: voucher claim list --round hz-1 --limit 20")
def list_(
    call: Call,
    round_: Annotated[Optional[str], typer.Option("--round", metavar="CODE", help="Only this round.")] = None,
    claim_no: Annotated[Optional[str], typer.Option("--claim", metavar="NO", help="Only this claim number.")] = None,
    resident: Annotated[
        Optional[str], typer.Option("--resident", metavar="ID", help="Only this resident (the identity, or its token).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many rows at most.")] = 100,
) -> Outcome:
    """List claims, oldest first; residents are shown as tokens."""
    with call.session() as session:
        return claims.list_claims(session, round_=round_, claim_no=claim_no, resident=resident, limit=limit)
