"""Suspend a merchant and let it redeem again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.setup.merchants import the_merchant
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import times
from vouchercli.store import audit, cases, suspensions
from vouchercli.store.db import writing
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.merchants import Merchant


def suspend_merchant(session: Session, no: str, reason: str, from_at: int | None = None) -> Outcome:
    """Refuse the merchant's redemptions paid from `from_at` (None: now) until further notice.

    Raises `VoucherError` when it is suspended then already. What was accepted before stays, and is
    counted.
    """
    if not reason.strip():
        raise VoucherError("no_reason", "a suspension needs a reason", hint="--note TEXT")
    zone = zone_of(session.db, session.programme)
    with writing(session) as db:
        merchant = the_merchant(session, no)
        start = session.now if from_at is None else from_at
        if (standing := suspensions.overlapping(db, merchant.merchant_id, start)) is not None:
            raise VoucherError(
                "already_suspended",
                "merchant {merchant} is already suspended from {start} ({reason})",
                hint="voucher merchant show {merchant}",
                merchant=merchant.merchant_no,
                start=times.shown(standing.from_at, zone),
                reason=standing.reason,
            )
        suspensions.begin(db, merchant.merchant_id, start, reason, session.actor)
        audit.note(
            session,
            "merchant.suspend",
            merchant.merchant_no,
            before={"state": "active"},
            after={"state": "suspended"},
            from_at=start,
            reason=reason,
        )
        paid = suspensions.paid_since(db, merchant.merchant_id, start)
    data = {
        "merchant_no": merchant.merchant_no,
        "from_at": times.iso(start, zone),
        "reason": reason,
        "accepted_since": paid,
    }
    message = say(
        "suspended {merchant} from {start}",
        merchant=_merchant_text(merchant),
        start=times.shown(start, zone),
    )
    return Outcome(data=data, says=(message, *_already_paid(paid)))


def _already_paid(paid: int) -> tuple[Message, ...]:
    return (
        (say("{count} payments from then on were accepted before and stay accepted", count=paid),)
        if paid
        else ()
    )


def reinstate_merchant(session: Session, no: str, from_at: int | None = None) -> Outcome:
    """Accept the merchant's redemptions paid from `from_at` (None: now) again.

    Raises `VoucherError` when it is not suspended, or `from_at` lies before the suspension.
    """
    zone = zone_of(session.db, session.programme)
    with writing(session) as db:
        merchant = the_merchant(session, no)
        standing = suspensions.standing(db, merchant.merchant_id)
        if standing is None:
            raise VoucherError(
                "not_suspended",
                "merchant {merchant} is not suspended",
                hint="voucher merchant list --suspended",
                merchant=merchant.merchant_no,
            )
        if from_at is not None and from_at < standing.from_at:
            raise VoucherError(
                "reinstated_too_early",
                "merchant {merchant} was suspended only from {start}",
                hint="name a later time with --from",
                merchant=merchant.merchant_no,
                start=times.shown(standing.from_at, zone),
            )
        at = max(session.now, standing.from_at) if from_at is None else from_at
        suspensions.end(db, merchant.merchant_id, at)
        audit.note(
            session,
            "merchant.reinstate",
            merchant.merchant_no,
            before={"state": "suspended"},
            after={"state": "active"},
            from_at=at,
            reason=standing.reason,
        )
        excluded = cases.excluded(db, merchant.merchant_id)
    data = {"merchant_no": merchant.merchant_no, "from_at": times.iso(at, zone)}
    return Outcome(
        data=data,
        problems=() if excluded is None else (_excluded(merchant, *excluded, zone),),
        says=(
            say(
                "reinstated {merchant} from {start}",
                merchant=_merchant_text(merchant),
                start=times.shown(at, zone),
            ),
            say(
                "rows that were rejected meanwhile can be tried again: voucher batch list, voucher"
                " batch retry N"
            ),
        ),
    )


def _excluded(merchant: Merchant, case: int, from_at: int, zone: str) -> Problem:
    """A warning: two people had excluded it for good."""
    return Problem(
        "excluded_before",
        "case {case} had excluded {merchant} for good, from {start}, by two people's decision",
        hint="voucher case show {case}; to keep it out: voucher merchant suspend {merchant_no}"
        " --note TEXT --actor NAME",
        level="warning",
        params={
            "case": case,
            "merchant": _merchant_text(merchant),
            "merchant_no": merchant.merchant_no,
            "start": times.shown(from_at, zone),
        },
    )


def _merchant_text(merchant: Merchant) -> str:
    """Number and name, as a sentence calls a merchant."""
    return f"{merchant.merchant_no} {merchant.name}".strip()
