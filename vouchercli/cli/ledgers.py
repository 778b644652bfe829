"""voucher ledger accounts | show | export"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, OnlyRound, Since, To, Until, command, verbs
from vouchercli.ops.money import ledgers
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

OnlyFunder = Annotated[
    Optional[str], typer.Option("--funder", metavar="NAME", help="Only this funder.")
]


@command(app, "accounts", epilog="Example: voucher ledger accounts --round hz-1", is_list=True)
def accounts(
    session: Session, *, limit: int | None, round_: OnlyRound = None, funder: OnlyFunder = None
) -> Outcome:
    """List what stands on every account of every funder and round."""
    return ledgers.list_accounts(session, limit, round=round_, funder=funder)


@command(
    app,
    "show",
    epilog="Example: voucher ledger show --round hz-1 --account payable --since 2020-03-28",
    is_list=True,
)
def show(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    round_: OnlyRound = None,
    funder: OnlyFunder = None,
    account: Annotated[
        Optional[str], typer.Option("--account", metavar="NAME", help="Only this account.")
    ] = None,
    batch: Annotated[
        Optional[int], typer.Option("--batch", metavar="N", help="Only what this file moved.")
    ] = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """List the postings, the oldest first, by the day on which they are booked."""
    return ledgers.list_postings(
        session,
        limit,
        round=round_,
        funder=funder,
        account=account,
        batch=batch,
        **call.span(session, since, until),
    )


@command(
    app, "export", epilog="Example: voucher ledger export --format hledger --to ledger.journal"
)
def export(
    session: Session,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="hledger or beancount.")
    ] = "hledger",
    to: To = None,
) -> Outcome:
    """Write the whole ledger as a journal that hledger or beancount reads and proves."""
    return ledgers.export(session, form, to)
