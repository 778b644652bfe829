"""voucher fund appropriate | transfer | return | show"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Why, command, verbs
from vouchercli.ops import amounts
from vouchercli.ops.money import funds
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Funder = Annotated[
    str, typer.Argument(metavar="FUNDER", help="The funder, as the programme names it.")
]
Amount = Annotated[str, typer.Argument(metavar="YUAN", help="How much: 1000000 or 1,000,000.00.")]


def _fen(text: str) -> int:
    return amounts.read_yuan("YUAN", text, least_fen=1)


@command(
    app,
    "appropriate",
    epilog='Example: voucher fund appropriate treasury 5000000 --note "notice 2020-17"',
)
def appropriate(session: Session, funder: Funder, amount: Amount, *, note: Why = "") -> Outcome:
    """Give a fund more money, or propose it where a second person must approve."""
    return funds.appropriate(session, funder, _fen(amount), note)


@command(app, "transfer", epilog="Example: voucher fund transfer treasury district 200000")
def transfer(
    session: Session,
    giver: Annotated[str, typer.Argument(metavar="FROM", help="The funder that gives.")],
    taker: Annotated[str, typer.Argument(metavar="TO", help="The funder that takes.")],
    amount: Amount,
    *,
    note: Why = "",
) -> Outcome:
    """Move uncommitted money from one funder's fund to another's, or propose it."""
    return funds.transfer(session, giver, taker, _fen(amount), note)


@command(app, "return", epilog="Example: voucher fund return treasury 480550000")
def return_(session: Session, funder: Funder, amount: Amount, *, note: Why = "") -> Outcome:
    """Give uncommitted money back to its funder, or propose it."""
    return funds.give_back(session, funder, _fen(amount), note)


@command(app, "show", epilog="Example: voucher fund show treasury")
def show(
    session: Session,
    funder: Annotated[
        Optional[str], typer.Argument(metavar="[FUNDER]", help="Only this one.")
    ] = None,
) -> Outcome:
    """Show where the money of each funder stands, in all and by round."""
    return funds.show(session, funder)
