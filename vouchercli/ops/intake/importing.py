"""The one way in: every file of merchants, claims and redemptions comes through `take_in`, driven
by its profile.

read (formats) -> typed (rules) -> staged -> judged by set -> accepted -> kept: one transaction for
each chunk of the file, with its facts, totals, rejects and the watermark. A killed import leaves
whole chunks and goes on behind the last of them.
"""

from __future__ import annotations

import dataclasses
import json
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli import identities
from vouchercli.errors import Busy, Stopped, VoucherError
from vouchercli.formats.configs import limits
from vouchercli.formats.tables import files
from vouchercli.ops.intake import mending, retries, staging, summaries, undoing
from vouchercli.ops.intake.chunks import chunks
from vouchercli.ops.intake.kinds import NOTHING, Intake, Kind
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import (
    audit,
    batches,
    duplicates,
    incoming,
    mended_rejects,
    programmes,
)
from vouchercli.store.db import loosely, temporarily, writing
from vouchercli.store.turns import Turns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.kinds import Chunk
    from vouchercli.result import Outcome
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch


KEPT = (
    "platform",
    "platforms",
    "from_at",
    "source",
    "may_revise",
    "round",
    "first_on",
    "last_on",
    "adds",
)  # what is kept of a batch's `sender`


class Watch(Protocol):
    """Receives the progress of a long import; when `is_stopped` is set, the import ends at the
    next border of a chunk.
    """

    is_stopped: bool

    def read(self, rows: int) -> None:
        """So many more rows were read."""

    def committed(self, share: float | None) -> None:
        """A chunk was committed; `share` of the file is done (None: not known)."""

    def is_awaited(self) -> bool:
        """Whether something else is to be done now, so that the chunk should end soon."""

    def idle(self) -> None:
        """Rows are read, and no lock is held: something else may be done now."""


@dataclass(frozen=True)
class Job:
    """One import: the file, the options of the command, and what receives its progress."""

    session: Session
    kind: Kind
    reading: Reading
    reading_options: dict[str, Any]
    options: dict[str, Any]
    watch: Watch | None
    turns: Turns

    @property
    def sender(self) -> dict[str, str]:
        """The platform that sent the file, where that is said, for the log."""
        platform = self.reading_options.get("platform")
        return {"platform": platform} if platform else {}

    def chunk(self) -> AbstractContextManager[sqlite3.Connection]:
        """The transaction of one chunk; in a dry run all of them lie within one that is rolled
        back.
        """
        return (
            nullcontext(self.session.db)
            if self.session.db.in_transaction
            else writing(self.session)
        )

    def is_awaited(self) -> bool:
        """Whether the chunk at hand should end soon: another command waits for the lock, or whoever
        started the import has something else to do.
        """
        return self.turns.is_awaited() or (self.watch is not None and self.watch.is_awaited())


def take_in(
    session: Session,
    kinds: Kind | tuple[Kind, ...],
    file: str,
    *,
    profile: str | None = None,
    encoding: str | None = None,
    sha1: str | None = None,
    watch: Watch | None = None,
    kept: Mapping[str, Any] | None = None,
    sender: str | None = None,
    reading: Reading | None = None,
    **options: Any,
) -> Outcome:
    """Import one file, or go on with its import where it stopped. The same file read alike again is
    a no-op that says so; read otherwise (by another profile, in another encoding) it replaces what
    it had brought. `kept` are options that the batch keeps, for when it is gone on with (`KEPT`).
    `sender` is the platform in whose folder of the inbox it lay. Of several `kinds` that one is
    meant whose columns the file has. A file whose payments make their
    claims (`claims_first` in its profile) comes in as one of claims before. `reading` is the file
    where it has been read already.

    Raises `VoucherError` when the whole file is refused, or when something rests on what it would
    replace; `Busy` when another process imports it,
    `Stopped` when asked to.
    """
    every = kinds if isinstance(kinds, tuple) else (kinds,)
    reading = reading or files.read(
        file,
        *(each.name for each in every),
        profile=profile,
        encoding=encoding,
        sha1=sha1,
        sender=sender,
        largest=limits.of_database(session.path).file_bytes,
    )
    kind = next(each for each in every if each.name == reading.profile.kind)
    reading_options = {"profile": profile, "encoding": encoding, **(kept or {})}
    if sender:
        reading_options["sender"] = sender

    # in a dry run the rows stand upon claims that go away with them
    first = kind.first if reading.profile.claims_first else None
    with writing(session) if first and session.dry_run else nullcontext():
        session = session._replace(joins=True) if first and session.dry_run else session
        made = first and take_in(
            session,
            first,
            file,
            profile=profile or reading.profile.profile,
            encoding=encoding,
            sha1=sha1,
            watch=watch,
            sender=sender,
        )
        more = options | dict(kept or {})
        turns = _turns(session)
        outcome = _import_in_turn(Job(session, kind, reading, reading_options, more, watch, turns))
    return summaries.beside(made, outcome) if made else outcome


def importer(kind: Kind) -> Callable[..., Outcome]:
    """The operation (session, file, ...) that takes in a file of that kind; see `take_in`."""
    return lambda session, file, **options: take_in(session, kind, file, **options)


def resume(
    session: Session,
    kinds: dict[str, Kind],
    batch_id: int,
    file: str | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """Go on with the import of a batch that was stopped, from `file` (None: where it was). Raises
    `VoucherError` when it is done or undone, or when the file is another one.
    """
    batch = batches.named(session.db, batch_id)
    undoing.refuse_undone(batch)
    if batch.state != "importing":
        raise VoucherError(
            "batch_done",
            "batch {batch} is done: nothing is left to import",
            hint="voucher batch show {batch}",
            batch=batch_id,
        )
    if file is None and identities.HIDDEN in batch.file:
        raise VoucherError(
            "no_such_file",
            "the file of batch {batch} is not found by its name: an identity stood in it",
            hint="voucher batch resume {batch} --file FILE",
            batch=batch_id,
        )
    reading_options = json.loads(batch.options)
    reading = undoing.read_alike(batch, file or batch.file)
    if reading.sha256 != batch.sha256:
        raise VoucherError(
            "other_file",
            "{file} is not the file of batch {batch}",
            where=reading.name,
            file=reading.name,
            batch=batch_id,
            hint="voucher batch resume {batch} --file FILE",
        )
    is_chosen = (
        batch.programme_id is None
        or session.programme
        or len(programmes.all_loaded(session.db)) == 1
    )
    job = Job(
        session if is_chosen else session._replace(programme=batch.programme),
        kinds[batch.kind],
        reading,
        reading_options,
        {key: reading_options[key] for key in KEPT if key in reading_options},
        watch,
        _turns(session),
    )
    return _import_in_turn(job)


# ---------------------------------------------------------------- the work on one file


def _turns(session: Session) -> Turns:
    return Turns(session.path)


def _import_in_turn(job: Job) -> Outcome:
    """A dry run is one transaction around all of it."""
    with closing(job.turns), writing(job.session) if job.session.dry_run else nullcontext():
        return _import_file(job)


def _import_file(job: Job) -> Outcome:
    known = _known_batch(job)
    if known and not undoing.is_read_alike(known, job.reading, job.reading_options):
        return _take_in_chunks(job, _intake_of(job, 0), None, known)
    if known:
        _refuse_other_sender(job, known)
    if known and known.state == "done":
        return _summarise_repeat(job, known)
    if known:  # before the first chunk is kept
        audit.require_lawful_clock(job.session, job.reading.name, known.batch)
    return _take_in_chunks(job, _intake_of(job, known.batch if known else 0), known, None)


def _take_in_chunks(
    job: Job, intake: Intake, begun: Batch | None, replaced: Batch | None
) -> Outcome:
    """Take the file in, behind what `begun` has of it; in the transaction of the first chunk
    `replaced`, which read it otherwise, is undone.
    """
    done_line = begun.last_line if begun else 0
    more: dict[str, Any] = {}
    instead: dict[str, Any] = {}
    coming_chunks = _chunks(intake, done_line, replaced)
    with ExitStack() as after_first_chunk:
        while (chunk := next(coming_chunks, None)) is not None:
            is_staged = _stage_ahead(job, intake, chunk)
            with job.chunk():
                if outcome := _repeat_if_overtaken(job, intake, done_line, replaced):
                    return outcome
                if replaced:
                    instead, replaced = (
                        undoing.replace(job.session, job.kind, replaced, job.reading),
                        None,
                    )
                intake = intake if intake.batch_id else _begin_batch(job, intake)
                chunk_intake, more = _judge_chunk(intake, chunk, job.watch, is_staged=is_staged)
                if chunk_intake.is_whole:
                    return _finish(job, chunk_intake, more | instead)
                if done_line == 0:
                    audit.note(
                        job.session,
                        f"{job.kind.name}.begin",
                        job.reading.name,
                        batch=intake.batch_id,
                        sha256=job.reading.sha256,
                        **job.sender,
                    )
            if not done_line and not intake.db.in_transaction:
                # an import goes on behind its last chunk, whichever that is
                after_first_chunk.enter_context(loosely(intake.db))
            done_line = chunk.last_line
            _give_way(job)
            _report_progress(job, intake, chunk)
    with job.chunk():
        return _repeat_if_overtaken(job, intake, done_line, None) or _finish(
            job, dataclasses.replace(intake, is_whole=False), more | instead
        )


def _known_batch(job: Job) -> Batch | None:
    """The batch of this very file, finished or not."""
    return batches.standing(job.session.db, job.kind.name, _programme_id(job), job.reading.sha256)


def _refuse_other_sender(job: Job, known: Batch) -> None:
    """Refuse the same file under the name of another platform when rows were rejected, or may
    still be, because of who sent it: they stand as judged until that batch is undone.
    """
    kept = json.loads(known.options)
    before, now = (options.get("platform") for options in (kept, job.reading_options))
    if before is None or before == now:
        return
    is_judged_so = batches.rejects(job.session.db, known.batch, ("wrong_platform",))
    if known.state == "importing" or is_judged_so:
        raise VoucherError(
            "other_platform_before",
            "{file} came before as a file of {platform} (batch {batch})",
            hint="voucher batch undo {batch}, then import it again; or only what was rejected:"
            " voucher batch rejects {batch} --to rejects.csv",
            file=job.reading.name,
            platform=before,
            batch=known.batch,
        )


def _programme_id(job: Job) -> int | None:
    return (
        programmes.current(job.session.db, job.session.programme)["programme_id"]
        if job.kind.needs_programme
        else None
    )


def _intake_of(job: Job, batch_id: int) -> Intake:
    db = job.session.db
    programme = programmes.current(db, job.session.programme) if job.kind.needs_programme else None
    zone = programme["time_zone"] if programme else HOME_ZONE
    return Intake(
        job.session,
        db,
        job.kind,
        job.reading,
        batch_id,
        programme,
        zone,
        job.options,
        is_awaited=job.is_awaited,
    )


def _chunks(intake: Intake, done_line: int, replaced: Batch | None) -> Iterator[Chunk]:
    # Columns are proved before the write lock is held, beside merchants that the undo of the other
    # reading would take away.
    may_be_proved = replaced is None or not undoing.forgets_merchants(intake.db, replaced)
    by_columns = (
        intake.kind.by_columns(intake, done_line)
        if intake.kind.by_columns and may_be_proved
        else None
    )
    return (
        by_columns
        if by_columns is not None
        else chunks(intake.reading, done_line, is_cut=intake.kind.settle is not None)
    )


def _repeat_if_overtaken(
    job: Job, intake: Intake, done_line: int, replaced: Batch | None
) -> Outcome | None:
    """The summary of the first import, when another process has imported the file meanwhile; called
    under the write lock. Raises `Busy` while the other process is still importing, or has begun to
    read the file otherwise.
    """
    known = _known_batch(job)
    if known and replaced and known.batch == replaced.batch:
        return None
    is_alike = known is not None and undoing.is_read_alike(known, job.reading, job.reading_options)
    if known and known.state == "done" and is_alike:
        return _summarise_repeat(job, known)
    if ((known.batch, known.last_line) if known else (0, 0)) != (intake.batch_id, done_line):
        raise Busy(
            "being_imported",
            "another command is importing {file}",
            hint="voucher batch list",
            file=job.reading.name,
        )
    return None


def _summarise_repeat(job: Job, known: Batch) -> Outcome:
    """The file came before, and nothing is done; how it was read then, when it is not as now."""
    is_same = undoing.is_same_reading(known, job.reading)
    return summaries.summarise_repeat(known, job.reading, job.kind.name, is_same=is_same)


def _begin_batch(job: Job, intake: Intake) -> Intake:
    reading = job.reading
    batch_id = batches.begin(
        intake.db,
        kind=job.kind.name,
        programme_id=intake.programme["programme_id"] if intake.programme else None,
        file=reading.name,
        sha256=reading.sha256,
        profile=reading.profile.profile,
        profile_json=reading.profile.to_json(),
        encoding=reading.encoding,
        header=json.dumps([*map(identities.hide, reading.header)], ensure_ascii=False),
        actor=job.session.actor,
        imported_at=job.session.now,
        options=json.dumps(
            identities.hide_values(job.reading_options)
            | ({"sheets": reading.sheets} if reading.sheets else {}),
            ensure_ascii=False,
        ),
    )
    return dataclasses.replace(intake, batch_id=batch_id)


def _stage_ahead(job: Job, intake: Intake, chunk: Chunk) -> bool:
    """Stage a file that comes in as one chunk before the lock is taken: reading it takes most of
    the time. Whether that was done.
    """
    db, watch = intake.db, job.watch
    if chunk.proved or intake.kind.settle or db.in_transaction:
        return False

    def report(rows: int) -> None:
        if watch:
            watch.read(rows)
            watch.idle()

    with temporarily(db):
        staging.expect(intake)
        staging.stage(intake, mending.watch(intake, chunk.records), report_rows=report)
    return True


def _judge_chunk(
    intake: Intake, chunk: Chunk, watch: Watch | None, *, is_staged: bool
) -> tuple[Intake, dict[str, Any]]:
    """Stage, judge and keep one chunk; returns the intake, which then says whether the chunk was
    the whole file."""
    written = NOTHING
    with intake.booking(f"{intake.kind.name}.import"):
        if is_staged:
            incoming.name_batch(intake.db, intake.kind.name, intake.batch_id)
        else:
            staging.expect(intake)
            written, records = (
                chunk.proved.write(intake, chunk) if chunk.proved else (NOTHING, chunk.records)
            )
            staging.stage(
                intake, mending.watch(intake, records), report_rows=watch.read if watch else None
            )
        intake = dataclasses.replace(
            intake,
            is_whole=chunk.is_last
            and chunk.is_first
            and (chunk.proved is None or intake.kind.settle is None),
        )
        intake.kind.judge(intake)
        written += intake.between.written
        more = intake.kind.accept(intake)
    duplicates.note(intake.db, intake.kind.name)
    counts = incoming.counted(intake.db)
    counts["accepted"] += written.accepted
    counts["duplicate"] += written.duplicate
    counts["read"] += written.accepted + written.duplicate
    batches.add(
        intake.db,
        intake.batch_id,
        last_line=chunk.last_line,
        **counts,
        warnings=incoming.warned(intake.db) + written.warnings,
    )
    incoming.keep(intake.db)
    mending.keep(intake)
    if chunk.proved:
        with intake.booking(f"{intake.kind.name}.import"):
            chunk.proved.end(intake)
    if watch:
        watch.read(written.accepted + written.duplicate)
    return intake, more


def _finish(job: Job, intake: Intake, more: dict[str, Any]) -> Outcome:
    """The end of an import: rows connected with rows of other chunks are judged once more, and the
    batch is done.
    """
    moved = intake.kind.settle(intake) if not intake.is_whole and intake.kind.settle else []
    batches.finish(intake.db, intake.batch_id)
    if closed := mended_rejects.closed_by(intake.db, intake.batch_id):
        more = more | {"closes": [each._asdict() for each in closed]}
    batch = batches.named(intake.db, intake.batch_id)
    audit.note(
        job.session,
        f"{job.kind.name}.import",
        job.reading.name,
        batch=intake.batch_id,
        sha256=job.reading.sha256,
        read=batch.read,
        accepted=batch.accepted,
        duplicate=batch.duplicate,
        rejected=batch.rejected,
        reading=batches.reading(intake.db, intake.batch_id),
        **({"replaces": more["replaces"]["batch"]} if "replaces" in more else {}),
        **retries.moves_data(moved),
        **job.sender,
    )
    more = more | retries.moves_data(moved)
    outcome = summaries.summarise(
        intake, batch, ignored=job.reading.ignored, extra_columns=list(job.reading.extra), **more
    )
    return retries.say_moves(outcome, moved, {}) if moved else outcome


def _give_way(job: Job) -> None:
    """Between two chunks: let those write who wait to."""
    if not job.session.db.in_transaction:
        job.turns.give_way()


def _report_progress(job: Job, intake: Intake, chunk: Chunk) -> None:
    """Between two chunks: report the progress, and stop when asked to. Raises `Stopped`."""
    if job.watch is None or job.session.dry_run:
        return
    job.watch.committed(chunk.share)
    if job.watch.is_stopped and not chunk.is_last:
        raise Stopped(
            "stopped",
            "stopped: the rows up to line {line} of {file} are imported (batch {batch})",
            hint="voucher batch resume {batch}",
            line=chunk.last_line,
            file=job.reading.name,
            batch=intake.batch_id,
        )
