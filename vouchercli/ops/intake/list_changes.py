"""Changes of an eligibility list after approved rounds rest on it: who comes on it, or leaves it,
waits for a note and a second person. Until then nobody new is on the list, for no rule, and nobody
has left it; what was granted is never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops import residents
from vouchercli.ops.intake import file_changes
from vouchercli.result import Outcome, say
from vouchercli.rules import resident_tokens
from vouchercli.store import audit, batches, programmes, proposals
from vouchercli.store import eligibility as lists
from vouchercli.store import list_changes as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch
    from vouchercli.store.proposals import Proposal

LISTING, DELISTING = "listing", "delisting"


def hold(intake: Intake) -> dict[str, Any]:
    """Before fit lines come on the list: those that need a second person wait instead. Gives what
    then waits, for the summary. Raises `note_needed`.
    """
    if not intake.rules.staff or not store.hold(intake.db, intake.programme_id):
        return {}
    note = intake.options.get("note", "")
    if not note.strip():
        raise VoucherError(
            "note_needed",
            "approved rounds rest on the list: say why {count} residents come on it",
            hint='voucher eligibility import {file} --note "WHY"',
            count=store.residents(intake.db, intake.batch_id, LISTING),
            file=intake.reading.name,
        )
    return {"listing": _propose(intake.session, intake.batch_id, LISTING, note)}


def tell(data: dict[str, Any], *, is_dry: bool) -> tuple[Message, ...]:
    """What of a file waits, in a sentence, with the command that lets it in."""
    if "listing" not in data:
        return ()
    count = data["listing"]["residents"]
    if is_dry:
        return (say("{count} residents would wait for a second person", count=count),)
    return (
        say(
            "{count} residents wait for a second person: voucher eligibility approve {batch}"
            " --actor NAME",
            count=count,
            batch=data["batch"],
        ),
    )


def propose_undo(session: Session, batch: Batch, note: str) -> Outcome | None:
    """Let the lines of a file leave the list when a second person approves; None where no approved
    round rests on them, or the programme has no staff: then they leave at once. Raises
    `note_needed`, `batch_built_upon`.
    """
    db, batch_id = session.db, batch.batch
    if not file_changes.programme_of(session, batch_id).staff:
        return None
    if not store.concerned(db, batch_id, DELISTING):
        return None
    lists.refuse_granted(db, batch_id)
    if not note.strip():
        raise VoucherError(
            "note_needed",
            "approved rounds rest on the list: say why {count} residents leave it",
            hint='voucher batch undo {batch} --note "WHY"',
            count=store.residents(db, batch_id, DELISTING),
            batch=batch_id,
        )
    withdraw(session, batch_id)
    proposed = _propose(session, batch_id, DELISTING, note)
    message = say(
        "{count} residents stay on the list until a second person approves: voucher eligibility"
        " approve {batch} --actor NAME",
        count=proposed["residents"],
        batch=batch_id,
    )
    about = {"batch": batch_id, "kind": batch.kind, "file": batch.file, "undone": 0}
    return Outcome(about | {"delisting": proposed}, says=(message,))


def remove_residents(
    session: Session, names: list[str], *, group: str | None = None, note: str = ""
) -> Outcome:
    """Take residents (identities or tokens) off the list of a group (None: of all that they are
    on). Where approved rounds rest on it they stay until a second person approves; packs that were
    granted stay. Raises `not_listed`, `note_needed`, `list_change_waiting`.
    """
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        by_batch: dict[int, list[int]] = {}
        for token in dict.fromkeys(residents.asked(session, name) or b"" for name in names):
            lines = store.lines_of(db, row["programme_id"], token, group)
            if not lines:
                raise VoucherError(
                    "not_listed",
                    "resident {resident} is not on the list",
                    hint="voucher eligibility list --resident ID",
                    resident=resident_tokens.shown(token),
                )
            for each in lines:
                by_batch.setdefault(each.batch, []).append(each.line)
        has_staff = bool(programmes.value(row).staff)
        done = [_remove(session, *each, note, has_staff=has_staff) for each in by_batch.items()]
    return Outcome(
        {"changes": [data for data, _ in done]}, says=tuple(message for _, message in done)
    )


def _remove(
    session: Session, batch_id: int, lines: list[int], note: str, *, has_staff: bool
) -> tuple[dict[str, Any], Message]:
    """Take these lines of a file off the list, or propose it."""
    db, count = session.db, store.residents(session.db, batch_id, DELISTING, lines)
    if not (has_staff and store.concerned(db, batch_id, DELISTING, lines)):
        store.take_off(db, batch_id, lines)
        about = {"batch": batch_id, "lines": lines, "note": note}
        audit.note(session, "eligibility.delisted", f"batch {batch_id}", **about, residents=count)
        message = say("{count} residents of batch {batch} left the list", count=count, **about)
        return {"batch": batch_id, "state": "effective", "residents": count}, message
    if not note.strip():
        raise VoucherError(
            "note_needed",
            "approved rounds rest on the list: say why {count} residents leave it",
            hint='voucher eligibility remove RESIDENT --note "WHY"',
            count=count,
        )
    if proposals.waiting(db, CHANGE.of(batch_id)) is not None:
        raise VoucherError(
            "list_change_waiting",
            "another change of the list by batch {batch} waits for a second person",
            hint="voucher eligibility approve {batch} --actor NAME, or voucher eligibility reject"
            " {batch} --note WHY",
            batch=batch_id,
        )
    data = _propose(session, batch_id, DELISTING, note, lines)
    return data, say(
        "{count} residents stay on the list until a second person approves: voucher eligibility"
        " approve {batch} --actor NAME",
        count=count,
        batch=batch_id,
    )


def _propose(
    session: Session, batch_id: int, kind: str, note: str, lines: list[int] | None = None
) -> dict[str, Any]:
    concerned = store.concerned(session.db, batch_id, kind, lines)
    after = {
        "residents": store.residents(session.db, batch_id, kind, lines),
        "rounds": [each.round for each in concerned],
        **({} if lines is None else {"lines": lines}),
    }
    amount_fen = sum(each.amount_fen for each in concerned)
    proposals.add(session, CHANGE.of(batch_id), kind, {}, after, amount_fen=amount_fen, note=note)
    about = {"batch": batch_id, "kind": kind, "amount_fen": amount_fen, "note": note}
    audit.note(session, "eligibility.propose", f"batch {batch_id}", **about, after=after)
    return _describe(session, file_changes.waiting(session, CHANGE, batch_id))


def approve(session: Session, batch_id: int) -> Outcome:
    """Approve that residents of a file come on the list, or leave it. Raises
    `no_list_change_waits`, `own_change`, `not_a_checker`, `already_approved`.
    """
    return file_changes.approve(session, CHANGE, batch_id)


def reject(session: Session, batch_id: int, note: str) -> Outcome:
    """Turn down that residents of a file come on the list, or leave it."""
    return file_changes.reject(session, CHANGE, batch_id, note)


def withdraw(session: Session, batch_id: int) -> None:
    """The file is taken back: nothing of it waits any more."""
    file_changes.withdraw(session, CHANGE, batch_id)
    store.drop(session.db, batch_id)


def _put_in_place(session: Session, change: Proposal) -> Outcome:
    """They come on the list from now, or leave it with their file."""
    db, batch_id = session.db, change.subject_id
    lines = change.after.get("lines")
    rounds = [each.round for each in store.concerned(db, batch_id, change.kind, lines)]
    change = change._replace(after=change.after | {"rounds": rounds})
    about = {"batch": batch_id, "rounds": ", ".join(rounds)}
    if change.kind == LISTING:
        count = store.put_on(db, batch_id, session.now)
        audit.note(session, "eligibility.listed", f"batch {batch_id}", **about, residents=count)
        message = say("{count} residents of batch {batch} are on the list", count=count, **about)
    else:
        count = store.residents(db, batch_id, DELISTING, lines)
        if lines is None:
            lists.undo(db, batch_id)
            batches.mark_undone(db, batch_id)
        else:
            store.take_off(db, batch_id, lines)
        audit.note(session, "eligibility.delisted", f"batch {batch_id}", **about, residents=count)
        message = say("{count} residents of batch {batch} left the list", count=count, **about)
    proposals.end(db, change, "effective", session.now, after=change.after)
    described = _describe(session, change) | {"state": "effective", "residents": count}
    return Outcome(described, says=(message,))


def _turn_down(session: Session, change: Proposal) -> Message:
    store.drop(session.db, change.subject_id)
    if change.kind == DELISTING:
        return say("declined: batch {batch} stays on the list", batch=change.subject_id)
    return say(
        "declined: nobody of those who waited comes on the list by batch {batch}",
        batch=change.subject_id,
    )


def _describe(session: Session, change: Proposal) -> dict[str, Any]:
    return {
        "batch": change.subject_id,
        "kind": change.kind,
        "state": change.state,
        **change.after,
        "amount_fen": change.amount_fen,
        "note": change.note,
        "proposed_by": change.proposed_by,
    }


CHANGE = file_changes.Change(proposals.LIST, "eligibility", _describe, _put_in_place, _turn_down)
