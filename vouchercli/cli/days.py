"""voucher day close | sign | list | show | verify"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, command, verbs
from vouchercli.ops.money import days, sealed_days
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Day = Annotated[
    str, typer.Argument(metavar="DAY", help="A local day of the programme: 2020-03-27.")
]
OneDay = Annotated[
    Optional[str], typer.Argument(metavar="[DAY]", help="Only this day (else every sealed day).")
]
Note = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="What was looked at: it is kept.")
]


@command(app, "close", epilog="Example: voucher day close 2020-03-27")
def close(call: Call, session: Session, day: Day) -> Outcome:
    """Seal a day and the open days before it: what is booked on them never changes again."""
    return days.close_day(session, call.local_day(session, day))


@command(app, "sign", epilog="Example: voucher day sign 2020-03-27 --actor wu")
def sign(call: Call, session: Session, day: Day, *, note: Note = "") -> Outcome:
    """Sign a sealed day and the unsigned days before it, as finance: they can be paid."""
    return days.sign_day(session, call.local_day(session, day), note)


@command(app, "list", epilog="Example: voucher day list", is_list=True)
def list_(session: Session, *, limit: int | None) -> Outcome:
    """List the sealed days, the newest first."""
    return sealed_days.list_days(session, limit)


@command(app, "show", epilog="Example: voucher day show 2020-03-27")
def show(call: Call, session: Session, day: Day) -> Outcome:
    """Show what was booked on a sealed day, its seal, and who signed it."""
    return sealed_days.show_day(session, call.local_day(session, day))


@command(app, "verify", epilog="Example: voucher day verify 2020-03-27")
def verify(call: Call, session: Session, day: OneDay = None) -> Outcome:
    """Prove sealed days from their facts, and that their seals hang together."""
    return sealed_days.verify_days(session, None if day is None else call.local_day(session, day))
