"""One order at the till: what a voucher would give, or which rule refuses it. Nothing is
written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.intake import redemptions as redemptions_intake
from vouchercli.ops.intake import sql_functions
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import money, reasons, subsidy
from vouchercli.store import claims, judging, limits, programmes, templates

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.subsidy import Order
    from vouchercli.rules.templates import Coupon, Template
    from vouchercli.session import Session

# The words of the answer's table, in its order.
LINES = (
    ("list_fen", "List price"),
    ("merchant_discount_fen", "Merchant discount"),
    ("base_fen", "Base"),
    ("public_fen", "Public subsidy"),
    ("platform_fen", "Platform"),
    ("match_fen", "Merchant match"),
    ("own_fen", "Consumer pays"),
    ("merchant_receives_fen", "Merchant receives"),
)


@dataclass(frozen=True)
class OrderRequest:
    """The order: amounts in yuan text, the coupon (None: the one that pays most), where, how and
    when (UTC seconds).
    """

    amount: str
    discount: str
    coupon_no: int | None
    merchant_no: str | None
    channel: str
    at: int


Refusal = tuple[str | None, dict[str, Any]]  # its reason, and the values that explain it


class Answer(NamedTuple):
    """What one coupon gives; the reason, with what explains it, when it is refused."""

    coupon: Coupon
    order: Order
    reason: str | None
    detail: dict[str, Any]


def check_order(
    session: Session, request: OrderRequest, *, claim_no: str | None, template: str | None
) -> Outcome:
    """What the order gets with a voucher of a claim (every rule is asked), or with one of a
    template (its own rules only).
    """
    if (claim_no is None) == (template is None):
        raise UsageFault(
            "claim_or_template",
            "name the voucher: either --claim or --template",
            hint="voucher redemption check --help",
        )
    if claim_no is not None and request.merchant_no is None:
        raise UsageFault(
            "merchant_needed",
            "the voucher of a claim is checked at a merchant, and none is named",
            hint="add --merchant NO",
        )
    fen = _fen("--amount", request.amount), _fen("--discount", request.discount)
    if fen[1] > fen[0]:
        raise _not_an_amount("--discount", request.discount)
    programme = programmes.current(session.db, session.programme)
    pack = (
        _pack_of_claim(session, programme, claim_no)
        if claim_no
        else templates.value(templates.referenced(session.db, template or ""))
    )
    coupons = [c for c in pack.coupons if request.coupon_no in (None, c.coupon_no)]
    if not coupons:
        raise VoucherError(
            "unknown_coupon_no",
            "the pack of {template} has {count} coupons: there is no coupon {coupon_no}",
            hint="voucher template show {template}",
            template=pack.template,
            count=len(pack.coupons),
            coupon_no=request.coupon_no,
        )
    kinds = programmes.value(programme).kinds

    def answer(coupon: Coupon) -> Answer:
        order = subsidy.order(*fen, coupon, pack.funding, kinds, pack.match_bp)
        why: Refusal = (None, {})
        if claim_no:
            why = _find_refusal(session, programme, coupon, request, claim_no, fen)
        elif order.base_fen < coupon.threshold_fen:
            detail = {"base_fen": order.base_fen, "threshold_fen": coupon.threshold_fen}
            why = "below_threshold", detail
        if why[0]:
            order = subsidy.order(*fen, None, pack.funding, kinds, pack.match_bp)
        return Answer(coupon, order, *why)

    best = max(map(answer, coupons), key=lambda one: (one.reason is None, one.order.subsidy_fen))
    return _outcome(best, programme["time_zone"])


def _not_an_amount(option: str, text: str) -> UsageFault:
    return UsageFault(
        "bad_amount_option",
        "{option} {value} is not an amount in yuan",
        hint="write it like 45.00",
        option=option,
        value=text,
    )


def _fen(option: str, text: str) -> int:
    try:
        fen = money.parse_yuan(text.strip())
    except ValueError:
        fen = -1
    if fen < 0:
        raise _not_an_amount(option, text)
    return fen


def _pack_of_claim(session: Session, programme: sqlite3.Row, claim_no: str) -> Template:
    row = claims.template_of(session.db, programme["programme_id"], claim_no)
    if row is None:
        raise VoucherError(
            "unknown_claim_no",
            "there is no claim {claim_no} here",
            hint="voucher claim list",
            claim_no=claim_no,
        )
    return templates.value(row)


def _find_refusal(
    session: Session,
    programme: sqlite3.Row,
    coupon: Coupon,
    request: OrderRequest,
    claim_no: str,
    fen: tuple[int, int],
) -> Refusal:
    """The reason that an import would give for this payment: it is staged and judged like a file of
    one row, and is not kept.
    """
    rules, programme_id = programmes.value(programme), programme["programme_id"]
    sql_functions.teach(session.db, programme_id, programme["time_zone"])
    row = redemptions_intake.payment(
        claim_no,
        coupon.coupon_no,
        request.merchant_no or "",
        request.at,
        programme["time_zone"],
        fen,
        request.channel,
    )
    reason, detail = judging.try_one(
        session.db, programme_id, rules.refunds, limits.visits(session.db, programme_id), row
    )
    return reason, json.loads(detail)


def _outcome(answer: Answer, zone: str) -> Outcome:
    """What one coupon gives, and why it is refused."""
    coupon, order, reason, detail = answer
    about = {"coupon_no": coupon.coupon_no, "coupon": coupon.coupon}
    fen = {
        "list_fen": order.list_fen,
        "merchant_discount_fen": order.merchant_discount_fen,
        "base_fen": order.base_fen,
        "subsidy_fen": order.subsidy_fen,
        "public_fen": order.parts.public_fen,
        "platform_fen": order.parts.platform_fen,
        "match_fen": order.parts.match_fen,
        "own_fen": order.own_fen,
        "merchant_receives_fen": order.merchant_receives_fen,
    }
    table = Table(
        say("Coupon {coupon_no} ({coupon})", **about),
        (Column("what", "Amount", "word"), Column("fen", "Yuan", "fen")),
        tuple({"what": label, "fen": fen[key]} for key, label in LINES),
    )
    outcome = Outcome(
        {**about, "reason": reason, **fen, "funders": dict(order.parts.by_funder)}, (table,)
    )
    if reason is None:
        yuan = money.yuan(order.subsidy_fen)
        return replace(outcome, says=(say("accepted: the voucher pays {yuan} yuan", yuan=yuan),))
    text, values = reasons.explained(reason, detail, zone)
    return replace(outcome, problems=(Problem(reason, text, params=values),), status="failed")
