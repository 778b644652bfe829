"""voucher key show | rotate"""

from __future__ import annotations

from typing import Annotated

import typer

from vouchercli.cli.asking import is_asked, show_and_ask
from vouchercli.cli.options import Call, command, verbs
from vouchercli.ops.keeping import key_rings
from vouchercli.result import Outcome, say
from vouchercli.session import Session

app = verbs()

Why = Annotated[
    str, typer.Option("--reason", "--note", metavar="TEXT", help="Why: it is kept and shown.")
]


@command(app, "show", epilog="Example: voucher key show")
def show(session: Session) -> Outcome:
    """Show how many keys the key file holds, since when, and their fingerprints."""
    return key_rings.show(session)


@command(
    app, "rotate", epilog='Example: voucher key rotate --reason "a copy of the key file was lost"'
)
def rotate(call: Call, session: Session, reason: Why) -> Outcome:
    """Wrap every resident's token by a new key, and make tokens so from then on."""
    if is_asked(call):
        show_and_ask(key_rings.describe_work(session), say("Rotate the key now?"))
    return key_rings.rotate(session, reason)
