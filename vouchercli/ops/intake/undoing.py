"""A file taken back: by its undo, or because the same bytes are read otherwise: by another profile,
or in another encoding.
"""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.tables import files
from vouchercli.ops.intake import uses_after_undo
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import times
from vouchercli.store import (
    audit,
    batches,
    corrections,
    duplicates,
    holds,
    ledger,
    mended_rejects,
    merchants,
    registries,
    sealed_facts,
    sql_functions,
)
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.kinds import Kind
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch
    from vouchercli.store.duplicates import Stay


def undo(session: Session, kinds: dict[str, Kind], batch_id: int, note: str = "") -> Outcome:
    """Remove a whole batch again, or propose it with a `note` where it needs a second person. What
    other files brought too stays with them. Raises `VoucherError` when something later depends on
    it, and names it.
    """
    with writing(session) as db:
        batch = batches.named(db, batch_id)
        refuse_undone(batch)
        kind = kinds[batch.kind]
        if kind.propose_undo and (proposed := kind.propose_undo(session, batch, note)):
            return proposed
        were_open = {
            each.batch: batches.named(db, each.batch).open
            for each in mended_rejects.closed_by(db, batch_id)
        }
        watch = uses_after_undo.before_undo(db, batch)
        removed, stay = _take_back(session, kind, batch)
        problems = watch.problems() if watch else ()
        reopened = [
            {"batch": each, "rows": rows}
            for each, before in were_open.items()
            if (rows := batches.named(db, each).open - before)
        ]
    about = {"batch": batch_id, "kind": batch.kind, "file": batch.file, "undone": removed}
    message = say("batch {batch} is undone: {undone} rows of {file} were removed", **about)
    return Outcome(
        about | {"stay": [each._asdict() for each in stay], "reopened": reopened},
        says=(
            message,
            *map(say_stay, stay),
            *(say("{rows} rejects of batch {batch} are open again", **each) for each in reopened),
        ),
        problems=problems,
    )


def _take_back(session: Session, kind: Kind, batch: Batch, **why: Any) -> tuple[int, list[Stay]]:
    """Undo a batch in the transaction at hand: how many rows went, and what stays."""
    _refuse_sealed(session.db, batch)
    _refuse_corrected(session.db, batch)
    _refuse_held(session.db, batch)
    why_posted = f"{batch.kind}.undo"
    with ledger.booking(session.db, batch.programme_id, why_posted, session.now, batch.batch):
        stay = kind.undo(session, batch.batch)
    batches.mark_undone(session.db, batch.batch)
    removed = batch.accepted - sum(each.rows for each in stay)
    if stay:
        why |= {"stay": {str(each.batch): each.rows for each in stay}}
    audit.note(
        session,
        f"{batch.kind}.undo",
        batch.file,
        batch=batch.batch,
        accepted=removed,
        **why,
    )
    return removed, stay


def _refuse_sealed(db: sqlite3.Connection, batch: Batch) -> None:
    """Raise `day_sealed` when rows of the batch are booked on sealed days: they stand."""
    sql_functions.register(db, local_day=times.local_day)
    if sealed := sealed_facts.sealed_of_batch(db, batch.batch):
        raise VoucherError(
            "day_sealed",
            "batch {batch} cannot be undone: rows of {count} of its days are booked on sealed days"
            " ({first} to {last})",
            hint="voucher day list",
            batch=batch.batch,
            count=len(sealed),
            first=times.day_text(sealed[0]),
            last=times.day_text(sealed[-1]),
        )


def _refuse_held(db: sqlite3.Connection, batch: Batch) -> None:
    """Raise `batch_held` when a payment of the batch is held, or was: a hold names what stands."""
    if held := holds.of_batch(db, batch.batch):
        raise VoucherError(
            "batch_held",
            "batch {batch} cannot be undone: its payment {number} is held, or was (hold {hold})",
            hint="voucher redemption correct {number} --reverse --note WHY --evidence WHAT",
            batch=batch.batch,
            number=held[1],
            hold=held[0],
        )


def _refuse_corrected(db: sqlite3.Connection, batch: Batch) -> None:
    """Raise `batch_corrected` when two people have corrected rows of the batch, or made it."""
    if made := corrections.of_batch(db, batch.batch):
        raise VoucherError(
            "batch_corrected",
            "batch {batch} cannot be undone: correction {correction} rests on its rows",
            hint="voucher correction show {correction}",
            batch=batch.batch,
            correction=made[-1],
        )


def count_shared(db: sqlite3.Connection, batch: Batch) -> int:
    """How many rows of a batch stay when it is undone: other files brought them too."""
    if batch.kind == "merchants":
        return registries.count_shared(db, batch.batch)
    return duplicates.count_shared(db, batch.batch)


def say_stay(stay: Stay) -> Message:
    """Which rows of an undone file stay, and whose they are now."""
    return say(
        "{rows} rows stay: {file} (batch {batch}) brought them too, and has them now",
        **stay._asdict(),
    )


def refuse_undone(batch: Batch) -> None:
    """Raises `VoucherError` when the batch was undone."""
    if batch.state == "undone":
        raise VoucherError(
            "batch_undone",
            "batch {batch} was undone",
            hint="import {file} again",
            batch=batch.batch,
            file=batch.file,
        )


# ---------------------------------------------------------------- read otherwise

JUDGED_BY = (
    "source",
    "may_revise",
    "round",
    "first_on",
    "last_on",
    "adds",
)  # what a command says of the rows of its file


def is_read_alike(batch: Batch, reading: Reading, said: Mapping[str, Any]) -> bool:
    """Whether the file of the batch is read now as it was read then: in the same encoding, by the
    same profile that still says the same, and nothing new is said of its rows. What somebody had
    `said` (`profile`, `encoding`) and was of use does not give way to a guess. Raises
    `other_reading` when that import is under way.
    """
    kept = json.loads(batch.options)
    if any(said.get(key) and said[key] != kept.get(key) for key in JUDGED_BY):
        return False
    if is_same_reading(batch, reading):
        return True
    is_guess = not (said["profile"] or said["encoding"])
    if not (is_guess and (kept["profile"] or kept["encoding"]) and batch.accepted):
        return False
    if batch.state == "importing":
        raise VoucherError(
            "other_reading",
            "{file} is being imported as batch {batch}, read by profile {profile} in {encoding}",
            hint="voucher batch resume {batch}",
            file=reading.name,
            batch=batch.batch,
            profile=batch.profile,
            encoding=batch.encoding,
        )
    return True


def is_same_reading(batch: Batch, reading: Reading) -> bool:
    """Whether encoding and profile are those by which the batch was read."""
    return batch.encoding == reading.encoding and (
        profiles.from_json(batch.profile_json).is_same(reading.profile)
    )


def read_alike(batch: Batch, file: str) -> Reading:
    """The file of the batch, read as it was: by its profile as it was then, in its encoding."""
    return files.read(
        file,
        batch.kind,
        profile=profiles.from_json(batch.profile_json),
        encoding=batch.encoding if _is_codec(batch.encoding) else None,
    )


def _is_codec(encoding: str) -> bool:
    """Whether it is the encoding of a text, not a kind of file (xlsx)."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def forgets_merchants(db: sqlite3.Connection, batch: Batch) -> bool:
    """Whether the undo of a file of redemptions would take merchants away."""
    return batch.kind == "redemptions" and merchants.are_added(db, batch.batch)


def replace(session: Session, kind: Kind, batch: Batch, reading: Reading) -> dict[str, Any]:
    """Undo the batch that read the file otherwise, in the transaction of the new reading; gives
    what the summary says of it. Raises `other_reading` when something rests on it.
    """
    try:
        if kind.propose_undo:  # it raises where somebody must say why
            kind.propose_undo(session, batch, "")
        removed, stay = _take_back(
            session, kind, batch, profile=reading.profile.profile, encoding=reading.encoding
        )
    except VoucherError as why:
        raise _name_what_rests(batch, reading, why) from why
    return {
        "replaces": {
            "batch": batch.batch,
            "profile": batch.profile,
            "encoding": batch.encoding,
            "undone": removed,
            "stay": [each._asdict() for each in stay],
        }
    }


def _name_what_rests(batch: Batch, reading: Reading, why: VoucherError) -> VoucherError:
    """The refusal of a new reading: the file stands as it was read, and what rests on it."""
    if why.code == "note_needed":
        hint = 'voucher batch undo {batch} --note "WHY", then import it again'
    elif why.hint == "voucher batch undo {last}":
        hint = "voucher batch undo {last}, then voucher batch undo {batch}, then import it again"
    else:
        hint = "voucher batch show {batch}"
    return VoucherError(
        "other_reading",
        "{file} was imported before as batch {batch}, read by profile {profile} in {encoding};"
        " what rests on it must be undone before the file can be read otherwise",
        hint=hint,
        problems=[Problem(why.code, why.text, params=why.params)],
        file=reading.name,
        batch=batch.batch,
        profile=batch.profile,
        encoding=batch.encoding,
        last=why.params.get("last"),
    )
