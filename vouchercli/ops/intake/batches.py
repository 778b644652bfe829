"""Imported files: the outcome of their rows, the rejects to be corrected or judged again, and
undoing a whole file.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from vouchercli import identities
from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.configs.fields import RECONCILED
from vouchercli.formats.tables import rejects, sheets
from vouchercli.formats.written import age
from vouchercli.ops import lists
from vouchercli.ops.clauses import say_unverified
from vouchercli.ops.intake import (
    applications,
    bills,
    claims,
    effects,
    eligibility,
    importing,
    mending,
    redemptions,
    registries,
    retries,
    series,
    staging,
    summaries,
    undoing,
)
from vouchercli.ops.setup.profiles import kind_named
from vouchercli.result import JSON, SHOWN, Column, Message, Outcome, Table, Word, only, say
from vouchercli.store import amendments, batches, mended_rejects
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.intake.importing import Watch
    from vouchercli.session import Session
    from vouchercli.store.batches import AnyReject, Batch, OpenReject, Refusal

KINDS = {
    kind.name: kind
    for kind in (
        registries.KIND,
        applications.KIND,
        eligibility.KIND,
        series.KIND,
        claims.KIND,
        redemptions.KIND,
        *bills.KINDS,
        *effects.KINDS,
    )
}
KIND_WORDS = {
    "merchants": Word("merchant registry"),
    "applications": Word("applications file"),
    "eligibility": Word("eligibility list"),
    "series": Word("file of series"),
    "claims": Word("claims file"),
    "redemptions": Word("redemptions file"),
    "bills": Word("settlement bill"),
    "day_bills": Word("settlement bill by merchant and day"),
    "statements": Word("statement of a merchant or a bank"),
    "cells": Word("cells of a platform"),
    "survey": Word("answers of a survey"),
    "allocation": Word("packs granted here"),
}
KIND = Column("kind", "Kind", "word", where=SHOWN, source="kind_word")
ABOUT = (
    Column("file", "File"),
    Column("programme", "Programme"),
    Column("profile", "Profile"),
    Column("encoding", "Encoding"),
    Column("sha256", "SHA-256"),
    Column("actor", "By"),
    Column("imported_at", "Imported at", "time"),
    Column("read", "Read"),
    Column("accepted", "Accepted"),
    Column("duplicate", "Duplicate"),
    Column("rejected", "Rejected"),
    Column("warnings", "Warnings"),
)
LISTED = (
    Column("batch", "Batch", "int"),
    Column("kind", where=JSON),
    Column("file", "File"),
    Column("state", "State", "word"),
    Column("read", "Read", "int"),
    Column("accepted", "Accepted", "int"),
    Column("duplicate", "Duplicate", "int"),
    Column("rejected", "Rejected", "int"),
    Column("open", where=JSON),
)
OPEN = Column("open", "Open", "int")  # of the rejects; shown once any has come back mended
EXPLAINED = (
    Column("line", "First line", "int"),
    Column("explanation", "Explanation", "sentence"),
)
SHEET = Column("sheet", "Sheet")
REJECTS = (
    Column("line", "Line", "int"),
    Column("reason", "Reason", "code"),
    Column("explanation", "Explanation", "sentence"),
    Column("row", "Row", where=SHOWN),
    Column("cells", where=JSON),
)


CLOSED = (
    *REJECTS,
    Column("by_batch", "Mended in batch", "int"),
    Column("by_line", "Line there", "int"),
)
OF_ALL = (
    Column("batch", "Batch", "int"),
    KIND,
    Column("kind", where=JSON),
    Column("file", "File"),
    *REJECTS,
)


def list_batches(
    session: Session, kind: str | None, limit: int | None, **span: int | None
) -> Outcome:
    """The files that came in (`since` and `until`: between these UTC seconds), newest first."""
    kind = kind and kind_named(kind, KIND_WORDS)
    number, *others = LISTED
    others += [OPEN] if mended_rejects.are_any(session.db) else []
    columns = (number, KIND, *others, *only(JSON, *ABOUT))
    zone = zone_of(session.db, session.programme)
    return lists.show(
        Table(say("Batches"), columns, (), zone=zone, key="batches"),
        batches.listed(session.db, kind=kind, programme=session.programme, **span),
        limit,
        lambda row: {**row._asdict(), "kind_word": KIND_WORDS[row.kind]},
    )


def show_batch(session: Session, batch_id: int) -> Outcome:
    """One file: how it was read, what became of its rows, and why rows were rejected or flagged."""
    zone = zone_of(session.db, session.programme)
    batch = batches.named(session.db, batch_id)
    refusals = batches.reasons(session.db, batch_id)
    names = summaries.sheet_names(batch)
    title = say(
        "Batch {batch}: {kind}, {state}",
        batch=batch_id,
        kind=KIND_WORDS[batch.kind],
        state=Word(batch.state),
    )
    reasons = Table(
        say("Rejects and warnings of batch {batch}", batch=batch_id),
        _with_sheet((*summaries.REASONS, *EXPLAINED), names),
        [_explain_one(row, zone, names) for row in refusals],
        key="examples",
        optional=True,
    )
    says: tuple[Message, ...] = ()
    if batch.state == "importing":
        says = (
            say(
                "its import stopped at line {line}: voucher batch resume {batch}",
                line=batch.last_line,
                batch=batch_id,
            ),
        )
    elif batch.rejected and batch.state == "done":
        says = _say_rejects(session, batch)
    unverified = summaries.not_verified(session.db, batch)
    is_any_closed = batch.state != "undone" and batch.open < batch.rejected
    about = (*ABOUT, *((OPEN,) if is_any_closed else ()), *only(JSON, *LISTED))
    return Outcome(
        {
            **summaries.by_reason(refusals),
            "unverified": [each._asdict() for each in unverified],
        },
        (Table(title, about, [batch], zone=zone, key="", is_record=True), reasons),
        (*says, *say_unverified(unverified)),
    )


def _say_rejects(session: Session, batch: Batch) -> tuple[Message, ...]:
    """How many rejects of a batch are closed, and what to do with those that are open."""
    says = summaries.say_closed(batch)
    advice = summaries.advise_on_rejects(session.db, batch.batch)
    return (*says, advice) if batch.open else says


def _explain_one(row: AnyReject, zone: str, names: list[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"line": row.line}
    if names:
        place = {"line": row.line % sheets.SHEET, "sheet": names[row.line // sheets.SHEET]}
    return {**row._asdict(), **place, "explanation": summaries.explain(row, zone)}


def _with_sheet(columns: tuple[Column, ...], names: list[str]) -> tuple[Column, ...]:
    """The columns, with the sheet before the line where several sheets were read as one file."""
    at = next(at for at, column in enumerate(columns) if column.key == "line")
    return (*columns[:at], SHEET, *columns[at:]) if names else columns


def _reader(session: Session, batch: Batch) -> Callable[[Any], dict[str, Any]]:
    """What makes of a rejected row of the batch its line, reason, explanation and cells."""
    zone, layout = zone_of(session.db, session.programme), cache(summaries.read_again)
    names = summaries.sheet_names(batch)

    def read(row: AnyReject) -> dict[str, Any]:
        # packs that were granted here have neither rejects nor a profile
        cells = staging.reject_cells(batch.kind, json.loads(row.cells), layout(batch))
        kept = [cell for at, cell in enumerate(cells) if cell or at >= len(layout(batch).header)]
        shown = " | ".join(kept)
        return {**_explain_one(row, zone, names), "cells": cells, "row": shown}

    return read


def list_rejects(
    session: Session, batch_id: int, limit: int | None, *, is_closed: bool = False
) -> Outcome:
    """The rejected rows of a file and why, for reading: those that are open, or those that came
    back mended (`is_closed`), with where.
    """
    batch = batches.named(session.db, batch_id)
    read, names = _reader(session, batch), summaries.sheet_names(batch)
    if is_closed:
        table = Table(
            say("Closed rejects of batch {batch}", batch=batch_id),
            _with_sheet(CLOSED, names),
            (),
            key="rejects",
        )
        outcome = lists.show(table, batches.closed_rejects(session.db, batch_id), limit, read)
        none = say("no reject of batch {batch} has come back mended", batch=batch_id)
        says = () if outcome.tables[0].rows else (none,)
        return replace(outcome, data={"batch": batch_id}, says=says)
    table = Table(
        say("Rejects of batch {batch}", batch=batch_id),
        _with_sheet(REJECTS, names),
        (),
        key="rejects",
    )
    outcome = lists.show(table, batches.open_rejects(session.db, batch_id), limit, read)
    mend = say(
        "correct them in the file's own layout: voucher batch rejects {batch} --to rejects.csv,"
        " then import that file",
        batch=batch_id,
    )
    none = say("batch {batch} has no rejects", batch=batch_id)
    has_rows = bool(outcome.tables[0].rows)
    told = (mend,) if has_rows else _say_rejects(session, batch) or (none,)
    return replace(outcome, data={"batch": batch_id}, says=told)


def refuse_other_rejects(batch_id: int | None, *, is_of_all: bool, has_more: bool) -> None:
    """Refuse words that do not go together: rejects are those of one batch, or of all of them."""
    if not is_of_all and batch_id is None:
        raise UsageFault(
            "which_batch",
            "name the batch whose rejects are meant, or all of them",
            hint="voucher batch rejects N, or voucher batch rejects --all-batches",
        )
    if batch_id is not None or has_more:
        raise UsageFault(
            "which_batch",
            "--all-batches and --kind list the open rejects of every file: they go with no batch,"
            " --to or --closed",
            hint="voucher batch rejects --all-batches",
        )


def list_all_rejects(session: Session, kind: str | None, limit: int | None) -> Outcome:
    """The open rejects of every file: of a row that was exported and refused again only the
    last.
    """
    kind = kind and kind_named(kind, KIND_WORDS)
    readers: dict[int, Callable[[OpenReject], dict[str, Any]]] = {}

    def read(row: OpenReject) -> dict[str, Any]:
        if row.batch not in readers:
            readers[row.batch] = _reader(session, batches.named(session.db, row.batch))
        return {**readers[row.batch](row), "kind_word": KIND_WORDS[row.kind]}

    zone = zone_of(session.db, session.programme)
    table = Table(say("Open rejects"), OF_ALL, (), zone=zone, key="rejects")
    listed = batches.open_anywhere(session.db, kind=kind, programme=session.programme)
    outcome = lists.show(table, listed, limit, read)
    none = say("no reject is open")
    return replace(outcome, says=() if outcome.tables[0].rows else (none,))


def write_rejects(
    session: Session,
    batch_id: int,
    target: Path | TextIO,
    translate: Callable[[str, dict[str, Any]], str],
    limit: int | None = None,
    recipients: tuple[str, ...] = (),
) -> Outcome:
    """Write the open rejects as CSV in the file's own layout, with reason and explanation (in the
    language of `translate`), and which reject each is: it is closed when its row comes back right.

    `target` is a file (encrypted for `recipients` where there are any), or an open stream. Mended
    there, it can be imported as it is.
    """
    batch = batches.named(session.db, batch_id)
    listed, read = batches.open_rejects(session.db, batch_id), _reader(session, batch)

    def written(reject: Refusal) -> tuple[list[str], str, str, str]:
        row = read(reject)
        why = translate(row["explanation"].text, row["explanation"].params)
        return row["cells"], reject.reason, why, mending.name_row(batch, reject.line)

    envelope = age.Envelope(recipients, session.path)
    target = envelope.address(target) if isinstance(target, Path) else target
    rows = map(written, listed.rows(limit))
    count = rejects.write_rejects(target, json.loads(batch.header or "[]"), rows, envelope)
    left = 0 if limit is None else listed.size() - count
    if not isinstance(target, Path):
        return Outcome(left=left)
    about = {"batch": batch_id, "file": identities.hide(str(target)), "rejects": count}
    to_mend = "wrote {rejects} rows to {file}: correct them there, then import that file"
    to_open = "wrote {rejects} rows to {file}, encrypted; to read it: age -d -i KEY {file}"
    message = say(to_open if recipients else to_mend, **about)
    return Outcome(about, says=(message,), left=left)


def refuse_open_rejects(target: Path | None, *, is_closed: bool) -> None:
    """Refuse to encrypt what does not go into a file."""
    if target is None or str(target) == "-" or is_closed:
        raise UsageFault(
            "nothing_to_encrypt",
            "--recipient encrypts the file that --to names, of rejects that are open",
            hint="add --to rejects.csv.age; what is shown here: ... -o csv | age -r AGE1...",
        )


def retry_batch(session: Session, batch_id: int, *, is_sure: bool = False) -> Outcome:
    """Judge a file's rejects again, now that what they waited for may have come; `is_sure`: also
    where a merchant loses what it was paid.
    """
    _refuse_bill(_refuse_granted(session, batch_id))
    return retries.retry(session, KINDS, batch_id, is_sure=is_sure)


def resume_batch(session: Session, batch_id: int, file: str | None, watch: Watch | None) -> Outcome:
    """Go on with an import that was stopped or killed; `file` says where the file is now (None:
    where it was).
    """
    return importing.resume(session, KINDS, batch_id, file, watch)


def _refuse_granted(session: Session, batch_id: int) -> Batch:
    """Refuse a batch of packs that were granted here: they came without a file, and residents hold
    them. Gives the batch.
    """
    row = batches.named(session.db, batch_id)
    if row.kind == "allocation":
        raise VoucherError(
            "granted_stands",
            "batch {batch} cannot be undone: it holds {count:,} packs that were granted here",
            hint="voucher batch show {batch}",
            batch=batch_id,
            count=row.accepted,
        )
    return row


def _refuse_bill(row: batches.Batch) -> None:
    """Refuse to judge rows of a bill by themselves: its days are held against it as a whole."""
    if row.kind in RECONCILED:
        raise VoucherError(
            "bill_again",
            "batch {batch} is a {kind}: its rows are held against what stands here together",
            hint="voucher reconcile run {file}",
            batch=row.batch,
            kind=KIND_WORDS[row.kind],
            file=row.file,
        )


def undo_batch(
    session: Session, batch_id: int, *, note: str = "", is_sure: bool = False
) -> Outcome:
    """Remove a whole file again, unless something later depends on it; `note`: why, for a list that
    approved rounds rest on.

    Packs of a round under way would be free to be granted again: that, whoever asks, only when
    `is_sure`.
    """
    row = _refuse_granted(session, batch_id)
    undoing.refuse_undone(row)
    under_way = _rounds_under_way(session, row)
    if under_way and not (is_sure or session.dry_run):
        raise VoucherError(
            "undo_of_open_round",
            "batch {batch} granted packs of {rounds}, which are still open: after undoing it they"
            " could be granted again",
            hint="to undo it all the same: voucher batch undo {batch} --yes",
            batch=batch_id,
            rounds=", ".join(under_way),
        )
    return undoing.undo(session, KINDS, batch_id, note)


def _rounds_under_way(session: Session, row: batches.Batch) -> list[str]:
    """Other files grant nothing: all claims of these rounds would be read to find none."""
    return amendments.rounds_under_way(session.db, row.batch) if row.kind == "claims" else []


def undo_question(session: Session, batch_id: int) -> Message:
    """What is asked before an undo: what it takes away (not what other files brought too), and
    whose packs it frees. Raises what no answer could change: `granted_stands`, `batch_undone`.
    """
    row = _refuse_granted(session, batch_id)
    undoing.refuse_undone(row)
    asked = {
        "batch": batch_id,
        "file": row.file,
        "kind": KIND_WORDS[row.kind],
        "count": row.accepted - undoing.count_shared(session.db, row),
    }
    under_way = _rounds_under_way(session, row)
    if not under_way:
        return say("Undo batch {batch}: remove {count} rows of {file} ({kind})?", **asked)
    return say(
        "Undo batch {batch}: remove {count} rows of {file} ({kind})? They are packs of {rounds},"
        " still open: these can then be granted again.",
        **asked,
        rounds=", ".join(under_way),
    )
