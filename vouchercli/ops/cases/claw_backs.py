"""A claw-back (追回): the payments of a case are reversed, each by a correction. What was paid for
them becomes a debt that the next settlement nets; what was not is not paid.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import reversals
from vouchercli.ops.intake.corrections import note_batches
from vouchercli.store import audit, corrections, proposals
from vouchercli.store import cases as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.cases.lookup import Current
    from vouchercli.ops.intake.reversals import Wrong
    from vouchercli.session import Session

KIND = "correction"


class Taken(NamedTuple):
    """How many payments were reversed, and what their vouchers paid, less their refunds (fen)."""

    payments: int
    amount_fen: int


def carry_out(session: Session, current: Current, note: str) -> Taken:
    """Reverse what stands of the evidence, in the transaction that is open. Raises
    `correction_waits_already`, and as `reversals.carry_out`.
    """
    kept = [each.transaction_no for each in store.lines(session.db, current.number).rows(None)]
    rows = store.of_numbers(session.db, current.programme_id, kept)
    standing = [
        row for row in rows if row.amount_fen > 0 and row.merchant_id == current.case.merchant_id
    ]
    for row in standing:
        _take_back(session, current, row.transaction_no, note)
    return Taken(len(standing), sum(row.amount_fen for row in standing))


def rehearse(session: Session, current: Current) -> Taken:
    """What it would come to; nothing of it stays."""
    taken: list[Taken] = []
    with suppress(_Rehearsed), writing(session._replace(joins=True, deeds=None)):
        taken.append(carry_out(session._replace(joins=True, deeds=None), current, "-"))
        raise _Rehearsed
    return taken[0]


class _Rehearsed(Exception):  # no error: it takes back what was only tried
    pass


def _take_back(session: Session, current: Current, number: str, note: str) -> None:
    """Reverse the refunds of a payment, the last one first, then the payment."""
    wrong = reversals.find_redemption(session, number, "pay")
    payment = wrong.rest[0]
    for row in reversed(wrong.rest[1:]):
        if row.refund_of == payment.id:
            refund = reversals.find_redemption(session, row.fields["transaction_no"], "refund")
            _reverse(session, current, refund, note)
    _reverse(session, current, reversals.find_redemption(session, number, "pay"), note)


def _reverse(session: Session, current: Current, wrong: Wrong, note: str) -> None:
    db = session.db
    if (waits := proposals.waiting(db, wrong.subject)) is not None:
        raise VoucherError(
            "correction_waits_already",
            "correction {correction} of {name} waits for a second person",
            hint="voucher correction show {correction}",
            correction=waits.proposal,
            name=wrong.name,
        )
    evidence = f"case {current.number}"
    fen = abs(wrong.rest[0].subsidy_fen)
    correction = proposals.add(
        session,
        wrong.subject,
        KIND,
        wrong.before,
        {},
        amount_fen=fen,
        note=note,
        evidence=evidence,
        is_effective=True,
    )
    about = {"correction": correction, "programme": current.row["programme"]}
    said = {"before": wrong.before, "after": {}, "note": note, "evidence": evidence}
    audit.note(session, "redemption.correct", wrong.name, **about, **said)
    made = reversals.carry_out(session, wrong, None, correction)
    store.add_correction(db, current.number, correction)
    audit.note(
        session,
        "correction.approve",
        wrong.name,
        **about,
        rows=corrections.digest(db, correction),
        batches=made.batches,
        reversed=made.reversed,
        case=current.number,
    )
    note_batches(session, correction, made)
