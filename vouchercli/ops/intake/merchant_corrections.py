"""What a registry file says may hold from before it came: a correction, with a note and a second
person. Rejects and late files are then judged by it; what stands stays, and is listed where it
would be refused now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import sql_functions
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import times
from vouchercli.store import audit, merchant_pasts, programmes
from vouchercli.store import merchant_corrections as store
from vouchercli.store.db import writing, zone

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.merchant_corrections import Correction

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
        store.propose(session, batch_id, from_at, note)
        about = {"batch": batch_id, "from_at": from_at, "note": note}
        audit.note(session, "merchant.correct", f"batch {batch_id}", **about)
        correction = store.named(db, batch_id)
        assert correction is not None
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
    """Approve a correction that waits. Raises `nothing_waits`, `own_change`, `not_a_checker`."""
    with writing(session) as db:
        correction = _waiting(session, batch_id)
        programme = programmes.value(programmes.current(db, session.programme))
        if programme.staff:
            staff.require_other_eyes_of_change(session, programme, [correction.author], [])
        return _put_in_place(session, correction)


def reject(session: Session, batch_id: int, note: str) -> Outcome:
    """Turn down a correction that waits; the file's changes hold from when it came."""
    with writing(session) as db:
        correction = _waiting(session, batch_id)
        programme = programmes.value(programmes.current(db, session.programme))
        staff.require_checker(session, programme)
        store.end(session, batch_id, "declined")
        audit.note(session, "merchant.decline", f"batch {batch_id}", batch=batch_id, note=note)
    message = say("declined: batch {batch} holds from when it came", batch=batch_id)
    return Outcome(_describe(session, correction) | {"state": "declined"}, says=(message,))


def _waiting(session: Session, batch_id: int) -> Correction:
    correction = store.named(session.db, batch_id)
    if correction is None or correction.state != "proposed":
        raise VoucherError(
            "no_correction_waits",
            "no correction of batch {batch} waits for approval",
            hint="voucher batch show {batch}",
            batch=batch_id,
        )
    return correction


def _put_in_place(session: Session, correction: Correction) -> Outcome:
    """It holds from its moment on; what stands and would be refused now is listed."""
    db, batch_id, from_at = session.db, correction.batch, correction.from_at
    merchant_pasts.turn_by_batch(db, batch_id, from_at)
    store.end(session, batch_id, "effective")
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


def _describe(session: Session, correction: Correction) -> dict[str, Any]:
    local = zone(session.db, session.programme)
    return {
        "batch": correction.batch,
        "from": times.iso(correction.from_at, local),
        "state": correction.state,
        "note": correction.note,
        "proposed_by": correction.actor,
    }
