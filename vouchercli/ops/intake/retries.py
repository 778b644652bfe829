"""Rows judged again: rejects that may now be accepted, and the standing facts that are connected
with them.

The law goes by the time of a payment or claim, not by the order in which files came. When rejects
are judged again, every fact on the same vouchers, visits and numbers is judged with them, as if all
had come at once: so the same files give the same facts in whatever order they came. A fact
that is replaced by an earlier row becomes a reject of its own batch.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import FIELDS
from vouchercli.formats.tables.records import Record
from vouchercli.ops.intake import importing, staging, summaries
from vouchercli.ops.intake.kinds import Intake, Kind
from vouchercli.result import Message, Outcome, say
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import audit, batches, incoming, programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch

Place = tuple[int, int]  # (batch_id, line)
Moves = dict[int, tuple[int, int, int]]  # batch_id -> rows (accepted, duplicate, rejected)


def retry(session: Session, kinds: dict[str, Kind], batch_id: int) -> Outcome:
    """Judge a batch's rejects again, now that what they waited for may have come; what is accepted
    joins the batch.

    Rejects of other batches that wait for other rows of the same kind are judged with them. Raises
    `VoucherError` when the batch was undone or is still under way.
    """
    with writing(session) as db:
        batch = batches.named(db, batch_id)
        importing.refuse_undone(batch)
        if batch.state == "importing":
            raise VoucherError(
                "batch_unfinished",
                "batch {batch} is not finished: its import stopped at line {line}",
                hint="voucher batch resume {batch}",
                batch=batch_id,
                line=batch.last_line,
            )
        intake = _intake_of(session, kinds[batch.kind], batch)
        staging.expect(intake)
        staged = _stage(intake, batch, None, 1)
        for other in (
            batches.with_waiting(db, batch, intake.kind.waiting) if intake.kind.waiting else ()
        ):
            staged += _stage(
                _intake_of(session, intake.kind, other), other, intake.kind.waiting, len(staged) + 1
            )
        after = judge_again(intake, staged, None)
        own_moves = after.pop(batch_id, (0, 0, 0))
        audit.note(
            session,
            f"{intake.kind.name}.retry",
            batch.file,
            batch=batch_id,
            accepted=own_moves[0],
            rejected=own_moves[2],
            **({"others": {str(other): moved for other, moved in after.items()}} if after else {}),
        )
        outcome = summaries.summarise(
            intake,
            batches.named(db, batch_id),
            read=sum(own_moves),
            accepted=own_moves[0],
            duplicate=own_moves[1],
            rejected=own_moves[2],
        )
        return replace(outcome, says=(*outcome.says, *_sentences_about(after)))


def settle(intake: Intake) -> None:
    """The end of an import in chunks: the batch's own rows that may be connected with other
    chunks are judged once more, with what other batches have brought standing as it is.
    """
    intake = replace(intake, is_whole=True)
    staging.expect(intake)
    staged = _stage(intake, batches.named(intake.db, intake.batch_id), intake.kind.waiting, 1)
    judge_again(intake, staged, intake.batch_id)


def judge_again(intake: Intake, staged: list[Place], only: int | None) -> Moves:
    """Judge the staged rejects with the facts connected with them (of the batch `only`,
    None: of all). Returns how many rows of each batch ended accepted, duplicate or rejected; of a
    batch other than this intake's, only the changes.
    """
    before: Moves = {
        batch: (0, 0, sum(counts)) for batch, counts in incoming.by_batch(intake.db).items()
    }
    if intake.kind.reopen:
        intake.kind.reopen(intake, only)
        for batch, counts in incoming.by_batch(intake.db).items():
            rejected = before.get(batch, (0, 0, 0))[2]
            before[batch] = (sum(counts) - rejected, 0, rejected)
    intake.kind.judge(intake)
    batches.forget_rejects(intake.db, staged)
    # rows of another kind that depended on a fact which was withdrawn
    gave_way = intake.kind.accept(intake).get("gave_way", {})
    incoming.warned(intake.db)
    incoming.keep(intake.db)
    after: Moves = incoming.by_batch(intake.db)
    changes: Moves = {batch: (-rows, 0, rows) for batch, rows in gave_way.items()}
    for batch, counts in after.items():
        was = before[batch]
        accepted, duplicate, rejected = counts[0] - was[0], counts[1] - was[1], counts[2] - was[2]
        batches.move(intake.db, batch, accepted=accepted, duplicate=duplicate, rejected=rejected)
        if batch == intake.batch_id:
            changes[batch] = (accepted, duplicate, counts[2])
        elif accepted or duplicate or rejected:
            changes[batch] = (accepted, duplicate, rejected)
    return changes


def _intake_of(session: Session, kind: Kind, batch: Batch) -> Intake:
    """The intake for reading a batch's kept rows again."""
    programme = programmes.by_id(session.db, batch.programme_id) if batch.programme_id else None
    return Intake(
        session,
        session.db,
        kind,
        summaries.read_again(batch),
        batch.batch,
        programme,
        programme["time_zone"] if programme else HOME_ZONE,
    )


def _stage(
    intake: Intake, batch: Batch, reasons: tuple[str, ...] | None, first_place: int
) -> list[Place]:
    """Put a batch's rejects of these reasons (None: all) back among the incoming rows; returns
    where they stand as rejects.
    """
    kept = [
        (row.line, json.loads(row.cells))
        for row in batches.rejects(intake.db, batch.batch, reasons)
    ]
    again = summaries.read_again(
        batch, [(line, cells) for line, cells in kept if isinstance(cells, list)]
    )
    once_accepted = [
        _record_of_fields(intake.kind.name, line, cells)
        for line, cells in kept
        if isinstance(cells, dict)
    ]
    staging.stage(
        replace(intake, reading=again, batch_id=batch.batch),
        chain(again.records(), once_accepted),
        first_place=first_place,
    )
    return [(batch.batch, line) for line, _ in kept]


def _record_of_fields(kind: str, line: int, cells: dict[str, str]) -> Record:
    """A row that had been accepted: it is kept by our own fields, which no profile needs to
    read.
    """
    return Record(
        line, (), tuple(cells.get(name, "") for name in FIELDS[kind]), kept=staging.as_json(cells)
    )


def _sentences_about(others: Moves) -> tuple[Message, ...]:
    """What became of rows of other batches."""
    came = sum(max(accepted + duplicate, 0) for accepted, duplicate, _ in others.values())
    went = sum(max(rejected, 0) for _, _, rejected in others.values())
    says = (
        [say("{count} rows of other batches were accepted with them", count=came)] if came else []
    )
    if went:
        says.append(
            say(
                "{count} rows of other batches were replaced by earlier ones: voucher batch list",
                count=went,
            )
        )
    return tuple(says)
