"""voucher claim import | list | grant | correct | blank"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import add_blank
from vouchercli.cli.import_options import LONG_READING, File, watch_import
from vouchercli.cli.options import (
    Call,
    Evidence,
    OnlyClaim,
    OnlyResident,
    OnlyRound,
    Reverse,
    Since,
    Until,
    Why,
    command,
    verbs,
)
from vouchercli.errors import UsageFault
from vouchercli.ops import residents
from vouchercli.ops.granting import live_claims
from vouchercli.ops.intake import claims, corrections
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(app, "import", epilog="Example: voucher claim import claims.csv", options=LONG_READING)
def import_(
    session: Session,
    file: File,
    platform: Annotated[
        Optional[str],
        typer.Option(
            "--platform",
            metavar="NAME",
            help="Who sent it: rows of a round that another platform issues are rejected.",
        ),
    ] = None,
    **reading: Any,
) -> Outcome:
    """Take in a file of claims; every row ends accepted, duplicate or rejected."""
    with watch_import(reading.pop("verbose")) as watch:
        return claims.import_claims(session, file, platform=platform, watch=watch, **reading)


@command(app, "list", epilog="Example: voucher claim list --round hz-1 --limit 20", is_list=True)
def list_(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    round_: OnlyRound = None,
    claim_no: OnlyClaim = None,
    resident: OnlyResident = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """List claims, oldest first; residents are shown as tokens."""
    return claims.list_claims(
        session,
        round=round_,
        claim_no=claim_no,
        resident=resident,
        limit=limit,
        **call.span(session, since, until),
    )


@command(
    app, "grant", epilog="Example: voucher claim grant hz-1 - --application A0001 < resident.txt"
)
def grant(
    call: Call,
    round_: Annotated[str, typer.Argument(metavar="ROUND", help="The round, for example hz-1.")],
    resident: Annotated[
        Optional[str],
        typer.Argument(
            metavar="RESIDENT",
            help="The identity, or its token; - reads the identity from standard input.",
        ),
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
            help="Many at once: a table with the columns resident and application_no, or lines"
            " RESIDENT,NO; - reads standard input.",
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
            if resident == "-":
                return live_claims.grant_claim(
                    session, round_, sys.stdin.readline().strip(), application_no
                )
            granted = live_claims.grant_claim(session, round_, resident, application_no)
            return residents.warn_of_arguments(
                granted,
                resident,
                hint="give - instead, and the identity by standard input; or many with --from FILE",
            )
        from vouchercli.ops.granting.requests import read_requests  # only where there are many

        return live_claims.grant_claims(session, round_, read_requests(str(from_)))


@command(
    app,
    "correct",
    epilog=(
        'Example: voucher claim correct C0001 --claimed-at "2020-03-27 08:00:03" --note "the file'
        ' said the minute only" --evidence letter-4.pdf'
    ),
)
def correct(
    call: Call,
    session: Session,
    claim_no: Annotated[str, typer.Argument(metavar="NO", help="The wrong claim's number.")],
    *,
    note: Why,
    evidence: Evidence,
    reverse: Reverse = False,
    claimed_at: Annotated[
        Optional[str], typer.Option("--claimed-at", metavar="TIME", help="When it was claimed.")
    ] = None,
    round_: Annotated[
        Optional[str], typer.Option("--round", metavar="CODE", help="Of which round.")
    ] = None,
    resident: Annotated[
        Optional[str],
        typer.Option(
            "--resident",
            metavar="RESIDENT",
            help="Who claimed it: a token; - reads the identity from standard input.",
        ),
    ] = None,
    new_number: Annotated[
        Optional[str], typer.Option("--number", metavar="NO", help="Its right number.")
    ] = None,
    expires_at: Annotated[
        Optional[str],
        typer.Option(
            "--expires-at",
            metavar="TIME",
            help="Until when its vouchers are valid, where the platform states it.",
        ),
    ] = None,
) -> Outcome:
    """Propose that a wrong claim is reversed and entered anew, with what was paid with it; a second
    person approves it.
    """
    who = sys.stdin.readline().strip() if resident == "-" else resident
    return corrections.correct_claim(
        session,
        claim_no,
        note=note,
        evidence=evidence,
        is_reversed=reverse,
        claimed_at=call.utc_text(session, claimed_at),
        round=round_,
        resident=who,
        new_number=new_number,
        expires_at=call.utc_text(session, expires_at, end_of_day=True),
    )


add_blank(app, "claim", "claims")
