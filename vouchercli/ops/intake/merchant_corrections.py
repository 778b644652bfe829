"""What a registry file says may hold from before it came: a correction, with a note and a second
person. Rejects and late files are then judged by it; what stands stays, and is listed where it
would be refused now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import file_changes, sql_functions
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import times
from vouchercli.store import audit, batches, merchant_pasts, programmes, proposals
from vouchercli.store import merchant_corrections as store
from vouchercli.store.db import writing, zone

if TYPE_CHECKING:
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal

SHOWN = 10


def require_note(session: Session, file: str, note: str) -> None:
    """Raise `note_needed` when nobody says why."""
    if not note.strip():
        raise VoucherError(
            "note_needed",
            "what holds from before now corrects what was known: say why",
            hint='voucher merchant import {file} --from TIME --note "WHY"',
            file=file,
        )


def propose(session: Session, batch_id: int, from_at: int, note: str) -> Outcome:
    """Let a registry file hold from an earlier moment: at once where no programme has staff, else
    when a second person approves.
    """
    with writing(session) as db:
        if later := store.later_changes(db, batch_id):
            raise VoucherError(
                "registry_superseded_in_part",
                "{count} of its merchants were changed by later files: batch {batch} cannot hold"
                " from before them",
                hint="voucher batch list --kind merchants",
                count=later,
                batch=batch_id,
            )
        withdraw(session, batch_id)
        before, after = {"from_at": batches.named(db, batch_id).imported_at}, {"from_at": from_at}
        proposals.add(session, CORRECTION.of(batch_id), "correction", before, after, note=note)
        about = {"batch": batch_id, "from_at": from_at, "note": note}
        audit.note(session, "merchant.correct", f"batch {batch_id}", **about)
        correction = file_changes.waiting(session, CORRECTION, batch_id)
        if not any(programmes.value(each).staff for each in programmes.all_loaded(db)):
            return _put_in_place(session, correction)
    message = say(
        "its changes hold from now; that they hold from {from_at} waits for a second person:"
        " voucher merchant approve {batch} --actor NAME",
        batch=batch_id,
        from_at=times.shown(from_at, zone(session.db, session.programme)),
    )
    return Outcome(_describe(session, correction), says=(message,))


def approve(session: Session, batch_id: int) -> Outcome:
    """Approve a correction that waits. Raises `no_correction_waits`, `own_change`,
    `not_a_checker`.
    """
    return file_changes.approve(session, CORRECTION, batch_id)


def reject(session: Session, batch_id: int, note: str) -> Outcome:
    """Turn down a correction that waits; the file's changes hold from when it came."""
    return file_changes.reject(session, CORRECTION, batch_id, note)


def withdraw(session: Session, batch_id: int) -> None:
    """The file is taken back: nothing of it waits any more."""
    file_changes.withdraw(session, CORRECTION, batch_id)


def _turn_down(session: Session, correction: Proposal) -> Message:
    return say("declined: batch {batch} holds from when it came", batch=correction.subject_id)


def _put_in_place(session: Session, correction: Proposal) -> Outcome:
    """It holds from its moment on; what stands and would be refused now is listed."""
    db, batch_id, from_at = session.db, correction.subject_id, correction.after["from_at"]
    merchant_pasts.turn_by_batch(db, batch_id, from_at)
    proposals.end(db, correction, "effective", session.now)
    audit.note(session, "merchant.corrected", f"batch {batch_id}", batch=batch_id, from_at=from_at)
    standing = []
    for row in programmes.all_loaded(db):
        sql_functions.teach(db, row["programme_id"], row["time_zone"])
        standing += store.unlawful(db, row["programme_id"], batch_id, from_at)
    local = zone(db, session.programme)
    problems = tuple(
        Problem(
            "not_lawful_now",
            "payment {number} at {merchant}, {paid_at}, stands though {round} would refuse it now",
            level="warning",
            params={
                "number": each.transaction_no,
                "merchant": each.merchant_no,
                "paid_at": times.shown(each.paid_at, local),
                "round": each.round,
            },
        )
        for each in standing[:SHOWN]
    )
    says = [
        say(
            "batch {batch} holds from {from_at}",
            batch=batch_id,
            from_at=times.shown(from_at, local),
        )
    ]
    if standing:
        says.append(
            say(
                "{count} payments stand that would be refused now; late files and rejects are"
                " judged by the correction",
                count=len(standing),
            )
        )
    return Outcome(
        _describe(session, correction)
        | {"state": "effective", "standing": [each._asdict() for each in standing]},
        says=tuple(says),
        problems=problems,
    )


def _describe(session: Session, correction: Proposal) -> dict[str, Any]:
    local = zone(session.db, session.programme)
    return {
        "batch": correction.subject_id,
        "from": times.iso(correction.after["from_at"], local),
        "state": correction.state,
        "note": correction.note,
        "proposed_by": correction.proposed_by,
    }


CORRECTION = file_changes.Change(
    proposals.REGISTRY, "merchant", _describe, _put_in_place, _turn_down
)
