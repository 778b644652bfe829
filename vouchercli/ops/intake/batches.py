"""Imported files: what became of their rows, their rejects to be mended, to be judged again, or the
whole file to be undone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.tables import files, rejects
from vouchercli.ops.intake import (
    applications,
    claims,
    eligibility,
    importing,
    redemptions,
    registries,
    retries,
    staging,
)
from vouchercli.result import Column, Message, Outcome, Table, Word, say
from vouchercli.rules import reasons, times
from vouchercli.store import amendments, batches
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.ops.intake.importing import Watch
    from vouchercli.session import Session

KINDS = {
    kind.name: kind
    for kind in (
        registries.KIND,
        applications.KIND,
        eligibility.KIND,
        claims.KIND,
        redemptions.KIND,
    )
}
KIND_WORDS = {
    "merchants": Word("merchant registry"),
    "applications": Word("applications file"),
    "eligibility": Word("eligibility list"),
    "claims": Word("claims file"),
    "redemptions": Word("redemptions file"),
    "allocation": Word("packs granted here"),
}
COUNTS = ("read", "accepted", "duplicate", "rejected", "warnings")

LIST_COLUMNS = (
    Column("batch", "Batch", "int"),
    Column("kind", "Kind", "word"),
    Column("file", "File"),
    Column("state", "State", "word"),
    Column("read", "Read", "int"),
    Column("accepted", "Accepted", "int"),
    Column("duplicate", "Duplicate", "int"),
    Column("rejected", "Rejected", "int"),
)
REJECT_COLUMNS = (
    Column("line", "Line", "int"),
    Column("reason", "Reason"),
    Column("explanation", "Explanation"),
    Column("row", "Row"),
)
REASON_COLUMNS = (
    Column("reason", "Reason"),
    Column("rows", "Rows", "int"),
    Column("what", "Outcome", "word"),
    Column("line", "First line", "int"),
    Column("explanation", "Explanation"),
)


def _zone(session: Session) -> str:
    return zone_of(session.db, session.programme)


def _described(row: sqlite3.Row, zone: str) -> dict[str, Any]:
    """A batch as JSON has it."""
    return {
        "batch": row["batch_id"],
        "kind": row["kind"],
        "programme": row["programme"],
        "file": row["file"],
        "state": row["state"],
        **{count: row[count] for count in COUNTS},
        "profile": row["profile"],
        "encoding": row["encoding"],
        "sha256": row["sha256"],
        "actor": row["actor"],
        "imported_at": times.iso(row["imported_at"], zone),
    }


def list_batches(session: Session, kind: str | None = None, limit: int = 50) -> Outcome:
    """The files that came in, newest first."""
    if kind is not None and kind not in KIND_WORDS:
        raise UsageFault(
            "unknown_kind",
            "there are no files of kind {kind}",
            hint="choose one of: {known}",
            kind=kind,
            known=", ".join(KIND_WORDS),
        )
    zone = _zone(session)
    listed = [
        _described(row, zone)
        for row in batches.listed(session.db, kind=kind, programme=session.programme, limit=limit)
    ]
    shown = tuple({**row, "kind": KIND_WORDS[row["kind"]]} for row in listed)
    return Outcome(
        data={"batches": listed}, tables=(Table(say("Batches"), LIST_COLUMNS, shown, zone=zone),)
    )


def show_batch(session: Session, batch_id: int) -> Outcome:
    """One file: how it was read, what became of its rows, and why rows were rejected or flagged."""
    zone = _zone(session)
    row = batches.named(session.db, batch_id)
    about = _described(row, zone)
    found = [
        _explained(each, zone) | {"rows": each["rows"], "what": Word(each["what"])}
        for each in batches.reasons(session.db, batch_id)
    ]
    labels = {
        "file": "File",
        "programme": "Programme",
        "profile": "Profile",
        "encoding": "Encoding",
        "sha256": "SHA-256",
        "actor": "By",
        "imported_at": "Imported at",
        "read": "Read",
        "accepted": "Accepted",
        "duplicate": "Duplicate",
        "rejected": "Rejected",
        "warnings": "Warnings",
    }
    rows = tuple(
        {"what": label, "value": str(about[key])}
        for key, label in labels.items()
        if about[key] is not None
    )
    title = say(
        "Batch {batch}: {kind}, {state}",
        batch=batch_id,
        kind=KIND_WORDS[row["kind"]],
        state=Word(row["state"]),
    )
    tables = [Table(title, (Column("what", "What", "word"), Column("value", "Value")), rows)]
    if found:
        tables.append(
            Table(
                say("Rejects and warnings of batch {batch}", batch=batch_id),
                REASON_COLUMNS,
                tuple(found),
            )
        )
    says: tuple[Message, ...] = ()
    if row["state"] == "importing":
        says = (
            say(
                "its import stopped at line {line}: voucher batch resume {batch}",
                line=row["last_line"],
                batch=batch_id,
            ),
        )
    elif row["rejected"] and row["state"] == "done":
        says = (
            say(
                "mend them: voucher batch rejects {batch} --to rejects.csv; or judge them again:"
                " voucher batch retry {batch}",
                batch=batch_id,
            ),
        )
    data = {**about, **_counted(found), "examples": [_plain(each) for each in found]}
    return Outcome(data=data, tables=tuple(tables), says=says)


def _counted(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Code -> rows, as an import's summary has them."""
    return {
        key: {each["reason"]: each["rows"] for each in found if each["what"] == what}
        for key, what in (("reasons", "rejected"), ("warning_reasons", "accepted with a warning"))
    }


def _explained(row: sqlite3.Row, zone: str) -> dict[str, Any]:
    """Line, reason, and the reason in words."""
    template, values = reasons.explained(row["reason"], json.loads(row["detail"]), zone)
    return {"line": row["line"], "reason": row["reason"], "explanation": Message(template, values)}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON: its explanation in English."""
    told = row["explanation"]
    return {**row, "explanation": told.text.format(**told.params)}


def _rejects(session: Session, batch_id: int) -> tuple[sqlite3.Row, list[dict[str, Any]]]:
    """The batch, and its rejected rows: line, reason, explanation, cells."""
    batch = batches.named(session.db, batch_id)
    zone = _zone(session)
    reading = files.read_again(
        profiles.from_json(batch["profile_json"]), json.loads(batch["header"]), [], batch["file"]
    )
    return batch, [
        _explained(row, zone)
        | {"cells": staging.as_kept(batch["kind"], json.loads(row["cells"]), reading)}
        for row in batches.rejects(session.db, batch_id)
    ]


def list_rejects(session: Session, batch_id: int) -> Outcome:
    """The rejected rows of a file and why, for reading."""
    _, found = _rejects(session, batch_id)
    shown = tuple(
        {**row, "row": " | ".join(cell for cell in row["cells"] if cell)} for row in found
    )
    table = Table(say("Rejects of batch {batch}", batch=batch_id), REJECT_COLUMNS, shown)
    return Outcome(
        data={"batch": batch_id, "rejects": [_plain(row) for row in found]},
        tables=(table,),
        says=_mend(batch_id, len(found)),
    )


def write_rejects(
    session: Session,
    batch_id: int,
    target: Path | TextIO,
    translate: Callable[[str, dict[str, Any]], str],
) -> Outcome:
    """Write the rejected rows as CSV in the file's own layout, with reason and explanation (in the
    language of `translate`).

    `target` is a file, or an open stream. Mended there, it can be imported as it is.
    """
    batch, found = _rejects(session, batch_id)
    rows = [
        (row["cells"], row["reason"], translate(row["explanation"].text, row["explanation"].params))
        for row in found
    ]
    count = rejects.write_rejects(target, json.loads(batch["header"]), rows)
    if not isinstance(target, Path):
        return Outcome()
    done = say(
        "wrote {count} rows to {file}: mend them there, then import that file",
        count=count,
        file=str(target),
    )
    return Outcome(data={"batch": batch_id, "file": str(target), "rejects": count}, says=(done,))


def _mend(batch_id: int, count: int) -> tuple[Message, ...]:
    if not count:
        return (say("batch {batch} has no rejects", batch=batch_id),)
    return (
        say(
            "mend them in the file's own layout: voucher batch rejects {batch} --to rejects.csv,"
            " then import that file",
            batch=batch_id,
        ),
    )


def retry_batch(session: Session, batch_id: int) -> Outcome:
    """Judge a file's rejects again, now that what they waited for may have come."""
    _refuse_granted(session, batch_id)
    return retries.retry(session, KINDS, batch_id)


def resume_batch(session: Session, batch_id: int, file: str | None, tell: Watch | None) -> Outcome:
    """Go on with an import that was stopped or killed; `file` says where the file is now (None:
    where it was).
    """
    return importing.resume(session, KINDS, batch_id, file, tell)


def _refuse_granted(session: Session, batch_id: int) -> None:
    """Packs that were granted here came with no file, and residents hold them."""
    row = batches.named(session.db, batch_id)
    if row["kind"] == "allocation":
        raise VoucherError(
            "granted_stands",
            "batch {batch} holds {count:,} packs that were granted here: they stand",
            hint="voucher batch show {batch}",
            batch=batch_id,
            count=row["accepted"],
        )


def undo_batch(session: Session, batch_id: int, *, is_sure: bool = False) -> Outcome:
    """Take a whole file away again, unless something later stands on it.

    Packs of a round under way would be free to be granted again: that, whoever asks, only when
    `is_sure`.
    """
    _refuse_granted(session, batch_id)
    under_way = amendments.rounds_under_way(session.db, batch_id)
    if under_way and not (is_sure or session.dry_run):
        raise VoucherError(
            "undo_of_open_round",
            "batch {batch} granted packs of {rounds}, under way: undone, they could be granted"
            " again",
            hint="if that is meant: voucher batch undo {batch} --yes",
            batch=batch_id,
            rounds=", ".join(under_way),
        )
    return importing.undo(session, KINDS, batch_id)


def what_undo_takes(session: Session, batch_id: int) -> dict[str, Any]:
    """The values of the question that is asked before an undo: batch, file, kind, accepted."""
    row = batches.named(session.db, batch_id)
    return {
        "batch": batch_id,
        "file": row["file"],
        "kind": KIND_WORDS[row["kind"]],
        "count": row["accepted"],
    }
