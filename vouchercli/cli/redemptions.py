"""voucher redemption import | list | correct | check | blank"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import add_blank
from vouchercli.cli.import_options import LONG_READING, File, watch_import
from vouchercli.cli.options import (
    Call,
    Evidence,
    OnlyClaim,
    OnlyRound,
    Reverse,
    Since,
    Until,
    Why,
    command,
    verbs,
)
from vouchercli.ops.intake import corrections, redemptions, till
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(
    app, "import", epilog="Example: voucher redemption import redemptions.csv", options=LONG_READING
)
def import_(
    session: Session,
    file: File,
    **reading: Any,
) -> Outcome:
    """Take in a file of payments and refunds; every row ends accepted, duplicate or rejected."""
    with watch_import(reading.pop("verbose")) as watch:
        return redemptions.import_redemptions(session, file, watch=watch, **reading)


@command(app, "list", epilog="Example: voucher redemption list --claim C0001", is_list=True)
def list_(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    round_: OnlyRound = None,
    claim_no: OnlyClaim = None,
    merchant_no: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Only this merchant.")
    ] = None,
    transaction_no: Annotated[
        Optional[str],
        typer.Option("--transaction", metavar="NO", help="Only this transaction number."),
    ] = None,
    without_sale: Annotated[
        bool,
        typer.Option("--without-sale", help="Only refunds whose subsidy stays with the merchant."),
    ] = False,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """List payments and refunds, oldest first."""
    return redemptions.list_redemptions(
        session,
        limit=limit,
        round=round_,
        claim_no=claim_no,
        merchant_no=merchant_no,
        transaction_no=transaction_no,
        without_sale=without_sale,
        **call.span(session, since, until),
    )


GOODS = {
    "goods": Annotated[
        Optional[str],
        typer.Option("--goods", metavar="NAME", help="What is bought: its class of goods."),
    ],
    "grade": Annotated[
        Optional[str],
        typer.Option("--grade", metavar="TEXT", help="Its grade of energy or water efficiency."),
    ],
    "units": Annotated[
        Optional[str], typer.Option("--units", metavar="N", help="How many pieces.")
    ],
    "diners": Annotated[Optional[str], typer.Option("--diners", metavar="N", help="How many eat.")],
    "delivered_to": Annotated[
        Optional[str], typer.Option("--delivered-to", metavar="NAME", help="Where it goes.")
    ],
    "serial": Annotated[
        Optional[str], typer.Option("--serial", metavar="NO", help="Its serial number or IMEI.")
    ],
    "stored_value": Annotated[
        Optional[str],
        typer.Option(
            "--stored-value", metavar="YUAN", help="What of it is paid from a stored-value card."
        ),
    ],
    "platform_discount": Annotated[
        Optional[str],
        typer.Option("--platform-discount", metavar="YUAN", help="The platform's own discount."),
    ],
}


@command(
    app,
    "correct",
    options=GOODS,
    epilog=(
        'Example: voucher redemption correct T0001 --amount 54 --note "the till was read wrong"'
        " --evidence receipt-17.pdf"
    ),
)
def correct(
    call: Call,
    session: Session,
    number: Annotated[
        str, typer.Argument(metavar="NO", help="The wrong row's transaction number.")
    ],
    *,
    note: Why,
    evidence: Evidence,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="pay or refund: which of that number.")
    ] = "pay",
    reverse: Reverse = False,
    amount: Annotated[
        Optional[str],
        typer.Option("--amount", metavar="YUAN", help="The order's list price, as it was."),
    ] = None,
    discount: Annotated[
        Optional[str],
        typer.Option("--discount", metavar="YUAN", help="The merchant's own discount, as it was."),
    ] = None,
    paid_at: Annotated[
        Optional[str], typer.Option("--paid-at", metavar="TIME", help="When it was paid.")
    ] = None,
    merchant_no: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Where it was paid.")
    ] = None,
    claim_no: Annotated[
        Optional[str], typer.Option("--claim", metavar="NO", help="The claim that paid.")
    ] = None,
    coupon_no: Annotated[
        Optional[int], typer.Option("--coupon", metavar="N", help="Its voucher that paid.")
    ] = None,
    channel: Annotated[
        Optional[str], typer.Option("--channel", metavar="WHERE", help="offline or online.")
    ] = None,
    new_number: Annotated[
        Optional[str], typer.Option("--number", metavar="NO", help="Its right number.")
    ] = None,
    refund_of: Annotated[
        Optional[str],
        typer.Option("--refund-of", metavar="NO", help="Of a refund: the payment it refunds."),
    ] = None,
    **said: str | None,
) -> Outcome:
    """Propose that a wrong row is reversed and entered anew; a second person approves it."""
    return corrections.correct_redemption(
        session,
        number,
        kind,
        note=note,
        evidence=evidence,
        is_reversed=reverse,
        order_amount=amount,
        merchant_discount=discount,
        paid_at=call.utc_text(session, paid_at),
        merchant_no=merchant_no,
        claim_no=claim_no,
        coupon_no=None if coupon_no is None else str(coupon_no),
        channel=channel,
        transaction_no=new_number,
        refund_of=refund_of,
        **said,
    )


@command(
    app,
    "check",
    options=GOODS,
    epilog=(
        "Examples: voucher redemption check --template universal-5x10 --amount 50 --discount 5;"
        " voucher redemption check --claim C0001 --coupon 2 --merchant M001 --amount 45 --at"
        " '2020-03-28 12:00'"
    ),
)
def check(
    call: Call,
    session: Session,
    amount: Annotated[
        str, typer.Option("--amount", metavar="YUAN", help="The order's list price.")
    ],
    discount: Annotated[
        str,
        typer.Option(
            "--discount", metavar="YUAN", help="What the merchant takes off before the voucher."
        ),
    ] = "0",
    claim_no: Annotated[
        Optional[str],
        typer.Option("--claim", metavar="NO", help="The claim whose voucher is used."),
    ] = None,
    template: Annotated[
        Optional[str],
        typer.Option("--template", metavar="CODE[@V]", help="Or a voucher nobody has claimed yet."),
    ] = None,
    round_: Annotated[
        Optional[str],
        typer.Option(
            "--round", metavar="CODE", help="Or a voucher of this round nobody has claimed yet."
        ),
    ] = None,
    coupon_no: Annotated[
        Optional[int],
        typer.Option(
            "--coupon", metavar="NO", min=1, help="Which coupon of the pack (else the best one)."
        ),
    ] = None,
    merchant_no: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Where (needed with --claim).")
    ] = None,
    channel: Annotated[
        str, typer.Option("--channel", metavar="offline|online", help="How it is paid.")
    ] = "",
    at: Annotated[
        Optional[str],
        typer.Option(
            "--at",
            metavar="TIME",
            help="When it is paid (else with --claim now, otherwise at any time).",
        ),
    ] = None,
    **said: str | None,
) -> Outcome:
    """Show what this order would get with this voucher, or which rule refuses it."""
    order = till.OrderRequest(
        amount,
        discount,
        coupon_no,
        merchant_no,
        channel,
        call.moment(session, at),
        {name: text for name, text in said.items() if text},
    )
    return till.check_order(session, order, claim_no=claim_no, template=template, round_=round_)


add_blank(app, "redemption", "redemptions")
