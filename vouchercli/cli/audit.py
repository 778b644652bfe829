"""voucher audit log | verify | head | witness | package"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, Since, Until, command, verbs
from vouchercli.ops.proof import audit, witnesses
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


Deed = Annotated[
    Optional[str],
    typer.Option(
        "--deed", metavar="NAME", help="Only this action (round.approve) or kind of action (round)."
    ),
]
About = Annotated[
    Optional[str],
    typer.Option("--about", metavar="NAME", help="Only actions on this round, programme, file ..."),
]
Head = Annotated[
    Optional[str],
    typer.Option(
        "--head", metavar="DIGEST", help="A head noted earlier (audit head): it must be in the log."
    ),
]
HeadsFile = Annotated[
    Optional[str],
    typer.Option(
        "--heads",
        metavar="FILE",
        help="All heads that were noted elsewhere, one a line, as the tick ships them.",
    ),
]
Witnessed = Annotated[
    str,
    typer.Argument(metavar="DIGEST", help="The head that you see: number:digest, or the digest."),
]


@command(
    app,
    "log",
    epilog="Example: voucher audit log --about hz-1 --deed round --since 2020-03-01",
    is_list=True,
)
def log(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    deed: Deed = None,
    about: About = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """Show who did what, when, with what stood before and after, the newest first (--actor NAME:
    only theirs).
    """
    return audit.list_deeds(
        session,
        actor=call.given.get("actor"),
        deed=deed,
        about=about,
        limit=limit,
        **call.span(session, since, until),
    )


@command(
    app,
    "verify",
    epilog=(
        "Example: voucher audit verify --head"
        " 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    ),
)
def verify(session: Session, *, head: Head = None, heads: HeadsFile = None) -> Outcome:
    """Verify that no line of the log was edited, removed, inserted or moved, and name what came
    after the noted head.
    """
    return audit.verify_log(session, head, heads)


@command(app, "head", epilog="Example: voucher audit head")
def head(session: Session) -> Outcome:
    """Show the newest line's number and digest, to be noted elsewhere."""
    return audit.show_head(session)


@command(
    app,
    "witness",
    epilog=(
        "Example: voucher audit witness"
        " 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --actor lin"
    ),
)
def witness(session: Session, head: Witnessed) -> Outcome:
    """Write into the log, as a second person, that its head stood there."""
    return witnesses.witness_head(session, head)


@command(
    app,
    "package",
    epilog="Example: voucher audit package audit-2020 --until 2020-04-30",
    looks_back=True,
)
def package(
    call: Call,
    session: Session,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder: nothing is ever replaced.")
    ],
    since: Since = None,
    until: Until = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Every claim and redemption too, not sums alone.")
    ] = False,
) -> Outcome:
    """Write all that an auditor asks for into a folder: reports, ledger, settlements, proposals,
    rules, log, proofs.
    """
    from vouchercli.cli import package_writers  # and all reports, which a log does without
    from vouchercli.ops.auditing import packages

    span = call.span(session, since, until or call.given.get("as_of"))
    wanted = packages.Wanted(folder, span["since"], span["until"], rows)
    return packages.write(
        session, wanted, package_writers.of(call, is_rehearsal=session.is_rehearsal)
    )
