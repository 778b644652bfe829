"""Options that several reports share: which rounds, how many rows, which sealed day, which span."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call
from vouchercli.session import Session

Limit = Annotated[
    Optional[int],
    typer.Option(
        "--limit",
        min=0,
        metavar="N",
        help=(
            "How many rows to show (0: all; unless given, all, but of merchants and brands 100 in"
            " a table); the total is of all."
        ),
    ),
]
KnownOn = Annotated[
    Optional[str],
    typer.Option(
        "--known-on",
        metavar="DAY",
        help="As it was known on this sealed day, whatever came or was corrected since.",
    ),
]
Rounds = Annotated[
    Optional[list[str]],
    typer.Option(
        "--round", metavar="R[,R...]", help="Only these rounds; may be given several times."
    ),
]


def paid_in(
    call: Call, session: Session, since: str | None, until: str | None
) -> dict[str, int | None]:
    """The span that payments are asked of. What was paid up to a time is what was true of payments
    then: of --as-of and --until the earlier counts.
    """
    span = call.span(session, since, until)
    ends = [each for each in (call.as_of(session), span["until"]) if each is not None]
    return {"since": span["since"], "as_of": min(ends, default=None)}
