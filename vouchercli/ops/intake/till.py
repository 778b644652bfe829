"""One order at the till: what a voucher would give, or which rule refuses it. Nothing is
written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import amounts
from vouchercli.ops.intake import redemptions as redemptions_intake
from vouchercli.ops.intake import sql_functions
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import details, money, reasons, scope, subsidy, times
from vouchercli.rules import templates as packs_law
from vouchercli.rules.merchants import Merchant
from vouchercli.rules.redemptions import PAYMENTS
from vouchercli.store import (
    claims,
    judging,
    merchants,
    programmes,
    rounds,
    templates,
    use_limits,
)
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.rules.coupons import Coupon
    from vouchercli.rules.subsidy import Order
    from vouchercli.rules.templates import Template
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
    when (UTC seconds; None: not said); `said`: of the goods, by our fields.
    """

    amount: str
    discount: str
    coupon_no: int | None
    merchant_no: str | None
    channel: str
    at: int | None
    said: Mapping[str, str] = field(default_factory=dict)


Refusal = tuple[str | None, dict[str, Any]]  # its reason, and the values that explain it


class Answer(NamedTuple):
    """What one coupon gives; the reason, with what explains it, when it is refused."""

    coupon: Coupon
    order: Order
    reason: str | None
    detail: dict[str, Any]


def check_order(
    session: Session,
    request: OrderRequest,
    *,
    claim_no: str | None = None,
    template: str | None = None,
    round_: str | None = None,
) -> Outcome:
    """What the order gets with a voucher of a claim (every rule is asked), or with one that nobody
    has claimed yet, of a template or of a round (every rule that does not ask who holds it; when
    it is paid only when that is said).
    """
    if [claim_no, template, round_].count(None) != 2:
        raise UsageFault(
            "claim_or_template",
            "name the voucher: either --claim, or --template, or --round",
            hint="voucher redemption check --help",
        )
    if request.channel not in redemptions_intake.CHANNELS:
        raise UsageFault(
            "unknown_channel",
            "there is no channel {channel}",
            hint="choose one of: {known}",
            channel=request.channel,
            known=", ".join(filter(None, redemptions_intake.CHANNELS)),
        )
    if claim_no is not None and request.merchant_no is None:
        raise UsageFault(
            "merchant_needed",
            "the voucher of a claim is checked at a merchant, and none is named",
            hint="add --merchant NO",
        )
    fen = (
        amounts.read_yuan("--amount", request.amount),
        amounts.read_yuan("--discount", request.discount),
    )
    if fen[1] > fen[0]:
        raise amounts.not_an_amount("--discount", request.discount)
    request = replace(request, said=_read_details(request.said))
    programme = programmes.current(session.db, session.programme)
    round_row = round_ and rounds.named(session.db, programme["programme_id"], round_)
    pack = (
        _pack_of_claim(session, programme, claim_no)
        if claim_no
        else templates.value(
            templates.referenced(session.db, round_row["pinned"] if round_row else str(template))
        )
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
        order = subsidy.order(*fen, coupon, pack.funding, kinds, pack.match, request.said)
        if claim_no:
            why = _find_refusal(session, programme, pack, coupon, request, claim_no, fen)
        else:
            zone = programme["time_zone"]
            facts = {"base_fen": order.base_fen, "threshold_fen": coupon.threshold_fen}
            if coupon.most_base_fen is not None:
                facts["most_base_fen"] = coupon.most_base_fen
            if request.at is not None:
                facts |= _find_window(pack, round_row or None, request.at, zone)
            why = _find_refusal_unclaimed(session, pack, coupon, request, facts, zone)
        if why[0]:
            order = subsidy.order(*fen, None, pack.funding, kinds, pack.match)
        return Answer(coupon, order, *why)

    best = max(map(answer, coupons), key=lambda one: (one.reason is None, one.order.subsidy_fen))
    return _outcome(best, programme["time_zone"])


def _read_details(said: Mapping[str, str]) -> Mapping[str, str]:
    """What is said of the goods, as a file's cells are read."""
    try:
        return details.read(said)
    except details.DetailError as error:
        raise UsageFault(
            "bad_detail",
            "{option}: {text}: {problem}",
            hint="voucher redemption check --help",
            option="--" + error.name.replace("_", "-"),
            text=error.text,
            problem=error.problem,
        ) from error


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
    pack: Template,
    coupon: Coupon,
    request: OrderRequest,
    claim_no: str,
    fen: tuple[int, int],
) -> Refusal:
    """The reason that an import would give for this payment: it is staged and judged like a file of
    one row, and is not kept.
    """
    rules, programme_id = programmes.value(programme), programme["programme_id"]
    at = session.now if request.at is None else request.at
    sql_functions.teach(session.db, programme_id, programme["time_zone"])
    row = redemptions_intake.payment(
        claim_no,
        coupon.coupon_no,
        request.merchant_no or "",
        at,
        programme["time_zone"],
        fen,
        request.channel,
        request.said,
    )
    asked = (
        programme_id,
        rules.refunds,
        use_limits.of_programme(session.db, programme_id, programme["time_zone"]),
        row,
    )
    reason, detail = judging.try_one(session.db, *asked)
    if reason == "unknown_merchant" and scope.registration_open(pack.scope):
        # an import adds such a merchant: it is added here too, and taken back at once
        with writing(session._replace(dry_run=True)) as db:
            merchants.suppose_unregistered(db, str(request.merchant_no), at)
            reason, detail = judging.try_one(db, *asked)
    return reason, json.loads(detail)


def _find_window(pack: Template, round_: sqlite3.Row | None, at: int, zone: str) -> dict[str, int]:
    """The moment of payment, and from when until when one may pay with a voucher that nobody has
    claimed yet: of a round, from its opening to the end of its last claim; of a template, of one
    that is claimed at that moment.
    """
    if round_ is None:
        return {"paid_at": at, "expires_at": packs_law.expires_at(pack, at, zone)}
    pack = packs_law.of_round(pack, round_["opens_at"])
    last = packs_law.expires_at(pack, round_["closes_at"] - 1, zone)
    last = max(last, round_["vouchers_until_at"] or 0)
    return {"paid_at": at, "opens_at": round_["opens_at"], "expires_at": last}


def _find_refusal_unclaimed(
    session: Session,
    pack: Template,
    coupon: Coupon,
    request: OrderRequest,
    facts: dict[str, int],
    zone: str,
) -> Refusal:
    """The reason that an import would give for a payment with such a voucher, by its own ladder.
    `facts`: paid_at, opens_at, expires_at, base_fen, threshold_fen, most_base_fen, as far as they
    are known.
    """
    number, at, merchant = request.merchant_no, facts.get("paid_at"), None
    known = number and merchants.of_payment(session.db, number, session.now if at is None else at)
    if known:
        merchant = Merchant(
            known.merchant_no, known.district, known.industry, known.size, known.is_registered
        )
    elif number and scope.registration_open(pack.scope):
        merchant = Merchant(number, is_registered=False)
    clock = None if at is None else times.clock_of(at, zone)
    broken = scope.find_broken(pack.scope_of(coupon.coupon_no), merchant, request.channel, clock)
    code, of_goods = details.find_broken(pack.scope, coupon, request.said) or ("", {})
    reason = PAYMENTS.reason(
        {
            "kind": "pay",
            "round_id": 1,
            "known_coupon_no": 1,
            "merchant_id": None if number and merchant is None else 1,
            "is_suspended": int(bool(known and known.suspended)),
            "is_in_scope": int(broken is None),
            "broken_detail": code,
            "paid_at": at,
            "claimed_at": facts.get("opens_at"),
            "expires_at": facts.get("expires_at"),
            "base_fen": facts["base_fen"],
            "threshold_fen": facts["threshold_fen"],
            "most_base_fen": facts.get("most_base_fen"),
        }
    )
    more: dict[str, Any] = {"merchant_no": number} if number else {}
    return reason, {**facts, **more, **(broken or of_goods)}


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
        (Column("what", "Item", "word"), Column("fen", "Yuan", "fen")),
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
