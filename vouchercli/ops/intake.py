"""The one way in: every file of merchants, claims and redemptions comes through `take_in`, driven by its profile.

read (formats) -> typed (rules) -> staged -> judged by set -> accepted -> kept: one transaction for the whole file, so that
a killed import leaves nothing and the same command does it again. A `Kind` says what differs from one kind to the next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats import layout, profiles
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import reasons
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import audit, batches, identities, incoming, programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.store.db import Session

SHOWN_ROWS = 10
as_json = json.JSONEncoder(ensure_ascii=False).encode  # made once: json.dumps would make one for every row


@dataclass(frozen=True)
class Unfit:
    """A row that cannot even be typed: the reject's code and the values that explain it."""

    code: str
    detail: dict[str, Any] = field(default_factory=dict)


Typed = tuple[Any, ...] | Unfit


@dataclass(frozen=True)
class Desk:
    """One file at work: where it goes, under which programme, in which zone."""

    session: Session
    db: sqlite3.Connection
    kind: Kind
    reading: layout.Reading
    batch_id: int
    programme: sqlite3.Row | None
    zone: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def profile(self) -> profiles.Profile:
        """The profile that reads the file."""
        return self.reading.profile


@dataclass(frozen=True)
class Kind:
    """What one kind of file has of its own. `width` counts the typed columns; `typist` makes the function from cleaned
    texts to typed columns; `warnings` looks at one fit row; `accept` returns keys to add to the summary."""

    name: str
    needs_programme: bool
    create: str
    add: str
    width: int
    typist: Callable[[Desk], Callable[[tuple[str, ...]], Typed]]
    judge: Callable[[Desk], None]
    accept: Callable[[Desk], dict[str, Any]]
    undo: Callable[[Session, int], None]
    warnings: Callable[[tuple[Any, ...]], Iterable[tuple[str, dict[str, Any]]]] | None = None


def take_in(
    session: Session, kind: Kind, file: str, *, profile: str | None = None, encoding: str | None = None, sha1: str | None = None,
    tell: Callable[[int], None] | None = None, **options: Any,
) -> Outcome:
    """Import one file. The same file again is a no-op that says so. Raises `VoucherError` when the whole file is refused."""
    reading = layout.read(file, kind.name, profile=profile, encoding=encoding, sha1=sha1)
    with writing(session) as db:
        programme = programmes.current(db, session.programme) if kind.needs_programme else None
        programme_id = programme["programme_id"] if programme else None
        if before := batches.done(db, kind.name, programme_id, reading.sha256):
            return _again(before, reading, kind.name)
        batch_id = batches.begin(
            db, kind=kind.name, programme_id=programme_id, file=reading.name, sha256=reading.sha256, profile=reading.profile.profile,
            profile_json=reading.profile.to_json(), encoding=reading.encoding, header=json.dumps(reading.header, ensure_ascii=False),
            actor=session.actor, imported_at=session.now,
        )
        desk = Desk(session, db, kind, reading, batch_id, programme, programme["time_zone"] if programme else HOME_ZONE, options)
        more = _work(desk, tell)
        summary = _summary(desk)
        batches.finish(db, batch_id, **{key: summary[key] for key in ("read", "accepted", "duplicate", "rejected", "warnings")})
        incoming.keep(db, batch_id)
        audit.note(session, f"{kind.name}.import", reading.name, batch=batch_id, sha256=reading.sha256,
                   **{key: summary[key] for key in ("read", "accepted", "duplicate", "rejected")})
        about = {"file": reading.name, "sha256": reading.sha256, "profile": reading.profile.profile, "encoding": reading.encoding}
        return _told(desk, {"batch": batch_id, "kind": kind.name, **about, **summary, "ignored": reading.ignored,
                            "extra_columns": list(reading.extra), **more})


def retry(session: Session, kinds: dict[str, Kind], batch_id: int) -> Outcome:
    """Judge a batch's rejects again, now that what they waited for may have come; what is accepted joins the batch."""
    with writing(session) as db:
        batch = batches.named(db, batch_id)
        _refuse_undone(batch)
        kind = kinds[batch["kind"]]
        programme = programmes.by_id(db, batch["programme_id"]) if batch["programme_id"] else None
        rows = [(row["line"], json.loads(row["cells"])) for row in batches.rejects(db, batch_id)]
        reading = layout.read_again(profiles.from_json(batch["profile_json"]), json.loads(batch["header"]), rows, batch["file"])
        desk = Desk(session, db, kind, reading, batch_id, programme, programme["time_zone"] if programme else HOME_ZONE)
        more = _work(desk, None)
        summary = _summary(desk)
        batches.retried(db, batch_id, accepted=summary["accepted"], duplicate=summary["duplicate"], warnings=summary["warnings"])
        batches.forget_rejects(db, batch_id)
        incoming.keep(db, batch_id)
        audit.note(session, f"{kind.name}.retry", batch["file"], batch=batch_id, accepted=summary["accepted"], rejected=summary["rejected"])
        return _told(desk, {"batch": batch_id, "kind": kind.name, "file": batch["file"], "sha256": batch["sha256"],
                            "profile": batch["profile"], "encoding": batch["encoding"], **summary, **more})


def undo(session: Session, kinds: dict[str, Kind], batch_id: int) -> Outcome:
    """Take a whole batch away again. Raises `VoucherError` when something later stands on it, saying what."""
    with writing(session) as db:
        batch = batches.named(db, batch_id)
        _refuse_undone(batch)
        kinds[batch["kind"]].undo(session, batch_id)
        batches.mark_undone(db, batch_id)
        audit.note(session, f"{batch['kind']}.undo", batch["file"], batch=batch_id, accepted=batch["accepted"])
    data = {"batch": batch_id, "kind": batch["kind"], "file": batch["file"], "undone": batch["accepted"]}
    return Outcome(data=data, says=(say("batch {batch} is undone: {count} rows of {file} were taken away", batch=batch_id,
                                        count=batch["accepted"], file=batch["file"]),))


def _refuse_undone(batch: sqlite3.Row) -> None:
    if batch["state"] == "undone":
        raise VoucherError("batch_undone", "batch {batch} was undone", hint="import {file} again",
                           batch=batch["batch_id"], file=batch["file"])


# ---------------------------------------------------------------- the work on one file


def _work(desk: Desk, tell: Callable[[int], None] | None) -> dict[str, Any]:
    """Stage, judge, accept; the keys that the kind adds to the summary."""
    incoming.expect(desk.db, desk.kind.name, desk.kind.create)
    warnings: list[tuple[int, str, str]] = []
    incoming.put(desk.db, desk.kind.add, _staged(desk, warnings, tell))
    incoming.warn(desk.db, warnings)
    desk.kind.judge(desk)
    return desk.kind.accept(desk)


def _staged(desk: Desk, warnings: list[tuple[int, str, str]], tell: Callable[[int], None] | None) -> Iterator[tuple[Any, ...]]:
    """(line, cells, reason, detail, typed columns...) of every record, identities masked."""
    typed_by = desk.kind.typist(desk)
    blank = (None,) * desk.kind.width
    mask = _mask(desk)
    for count, record in enumerate(desk.reading.records(), 1):
        if record.fault is not None:
            found: Typed = Unfit(record.fault.code, {"text": record.fault.text, **record.fault.params})
        else:
            found = typed_by(record.values)
        cells = as_json(desk.reading.masked(record.cells, mask))
        if isinstance(found, Unfit):
            yield (record.line, cells, found.code, as_json(found.detail), *blank)
        else:
            yield (record.line, cells, None, "{}", *found)
            if desk.kind.warnings:
                warnings.extend((record.line, code, as_json(detail)) for code, detail in desk.kind.warnings(found))
        if tell and count % 10_000 == 0:
            tell(count)


def _mask(desk: Desk) -> Callable[[str], str]:
    """The function that turns an identity into its token."""
    if not desk.reading.identities:
        return str
    key = identities.load_key(desk.session.path)
    return lambda text: identities.masked(key, text)


# ---------------------------------------------------------------- what is told


def _summary(desk: Desk) -> dict[str, Any]:
    counts = incoming.counted(desk.db)
    warned = incoming.warned(desk.db)
    return {**counts, "warnings": sum(warned.values()), "reasons": incoming.reasons(desk.db), "warning_reasons": warned}


def _told(desk: Desk, data: dict[str, Any]) -> Outcome:
    """The summary of an import or a retry; the first rejects and warnings as problems with their lines."""
    problems = [_problem(desk, data["file"], row, "error") for row in incoming.first_refused(desk.db, SHOWN_ROWS)]
    problems += [_problem(desk, data["file"], row, "warning") for row in incoming.first_warned(desk.db, SHOWN_ROWS)]
    if desk.session.dry_run:
        data["batch"] = None  # the number was given back
    says = [say("{file}: {read} rows read = {accepted} accepted + {duplicate} duplicate + {rejected} rejected"
                " (batch {batch}, profile {profile}, {encoding})",
                **{key: data[key] for key in ("file", "read", "accepted", "duplicate", "rejected", "profile", "encoding")},
                batch=data["batch"] or "-")]
    if data.get("ignored"):
        says.append(say("{count} rows are not ours by the profile and were left out", count=data["ignored"]))
    if data.get("extra_columns"):
        says.append(say("columns not used: {columns}", columns=", ".join(data["extra_columns"])))
    if data["rejected"] and not desk.session.dry_run:
        says.append(say("mend them: voucher batch rejects {batch} --to rejects.csv; or judge them again: voucher batch retry {batch}",
                        batch=data["batch"]))
    tables = (_reasons_table(data),) if data["reasons"] or data["warning_reasons"] else ()
    return Outcome(data=data, tables=tables, says=tuple(says), problems=tuple(problems), status="partial" if data["rejected"] else "ok")


def _problem(desk: Desk, file: str, row: sqlite3.Row, level: Any) -> Problem:
    text, values = reasons.explained(row["reason"], json.loads(row["detail"]), desk.zone)
    return Problem(row["reason"], text, f"{file}:{row['line']}", "", level, values)


def _reasons_table(data: dict[str, Any]) -> Table:
    rows = [{"reason": code, "rows": rows, "what": "rejected"} for code, rows in data["reasons"].items()]
    rows += [{"reason": code, "rows": rows, "what": "accepted with a warning"} for code, rows in data["warning_reasons"].items()]
    columns = (Column("reason", "Reason"), Column("rows", "Rows", "int"), Column("what", "Outcome", "word"))
    return Table(say("Rejects and warnings of {file}", file=data["file"]), columns, tuple(rows))


def _again(before: sqlite3.Row, reading: layout.Reading, kind: str) -> Outcome:
    """The same file came before: nothing is read, nothing changes."""
    data = {
        "batch": before["batch_id"], "kind": kind, "file": reading.name, "sha256": reading.sha256, "profile": before["profile"],
        "encoding": before["encoding"], "read": 0, "accepted": 0, "duplicate": 0, "rejected": 0, "warnings": 0, "reasons": {},
        "warning_reasons": {}, "ignored": 0, "extra_columns": [], "repeats": before["batch_id"],
    }
    return Outcome(data=data, says=(
        say("{file} was imported before as batch {batch} ({accepted} accepted, {rejected} rejected): nothing to do",
            file=reading.name, batch=before["batch_id"], accepted=before["accepted"], rejected=before["rejected"]),
    ))
