"""`reconcile run`: a bill or a statement is held against what stands here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.formats.configs import limits
from vouchercli.formats.configs.fields import RECONCILED
from vouchercli.formats.tables import files
from vouchercli.ops.intake import bills, importing, staging, undoing
from vouchercli.ops.intake.kinds import Intake
from vouchercli.ops.reconciling.lookup import TYPE_WORDS
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import money
from vouchercli.store import audit, batches, breaks, programmes, rounds
from vouchercli.store.db import temporarily, writing

if TYPE_CHECKING:
    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.importing import Watch
    from vouchercli.ops.intake.kinds import Kind
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch

KINDS = {kind.name: kind for kind in bills.KINDS}
BY_TYPE = (Column("type", "Break", "word", shown="type_word"), Column("breaks", "How many", "int"))


class Wanted(NamedTuple):
    """What the command said: the days that the file covers (yyyymmdd; None: those of its rows), the
    round, and whether its rows only come to days that stand.
    """

    first_on: int | None = None
    last_on: int | None = None
    round: str | None = None
    adds: bool = False


def run(
    session: Session,
    file: str,
    wanted: Wanted,
    *,
    profile: str | None = None,
    encoding: str | None = None,
    sha1: str | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """Hold a file against what stands here; the same file again only where something has changed
    since. Raises `VoucherError` when the whole file is refused, and as `importing.take_in`.
    """
    _require_days(wanted)
    programme = programmes.current(session.db, session.programme)
    if wanted.round:
        rounds.named(session.db, programme["programme_id"], wanted.round)
    reading = files.read(
        file,
        *RECONCILED,
        profile=profile,
        encoding=encoding,
        sha1=sha1,
        largest=limits.of_database(session.path).file_bytes,
    )
    kind = KINDS[reading.profile.kind]
    kept = {name: value for name, value in wanted._asdict().items() if value}
    known = batches.standing(session.db, kind.name, programme["programme_id"], reading.sha256)
    said = {"profile": profile, "encoding": encoding, **kept}
    if known and known.state == "done" and undoing.is_read_alike(known, reading, said):
        if not breaks.is_changed_since(session.db, known.batch):
            return _say_repeat(known, reading)
        return _run_again(session, kind, reading, known)
    outcome = importing.take_in(
        session,
        kind,
        file,
        profile=profile,
        encoding=encoding,
        watch=watch,
        kept=kept,
        reading=reading,
    )
    return _describe(session, outcome)


def _require_days(wanted: Wanted) -> None:
    first, last = wanted.first_on, wanted.last_on
    if first and last and first > last:
        raise UsageFault("empty_window", "--since is later than --until", hint="swap the two times")
    if wanted.adds and (first or last):
        raise UsageFault(
            "adds_alone",
            "--adds takes the days that its rows tell of: leave out --since and --until",
        )


def _say_repeat(known: Batch, reading: Reading) -> Outcome:
    message = say(
        "{file} was held against what stands here before (batch {batch}), and nothing has changed"
        " since: nothing to do",
        file=reading.name,
        batch=known.batch,
    )
    return Outcome(
        {"batch": known.batch, "file": reading.name, "sha256": reading.sha256, "run": None},
        says=(message,),
    )


def _run_again(session: Session, kind: Kind, reading: Reading, known: Batch) -> Outcome:
    """The same file beside what stands here now: its batch stays as it is."""
    row = programmes.current(session.db, session.programme)
    intake = Intake(session, session.db, kind, reading, known.batch, row, row["time_zone"])
    by_columns = kind.by_columns and kind.by_columns(intake, 0)
    records = next(by_columns).records if by_columns else reading.records()
    with temporarily(session.db):  # reading takes most of the time: no lock is held yet
        staging.expect(intake)
        staging.stage(intake, records)
    with writing(session):
        kind.judge(intake)
        more = kind.accept(intake)
        about = {name: more[name] for name in ("run", "opened", "standing", "cleared")}
        audit.note(session, "reconcile.run", reading.name, batch=known.batch, **about)
    data = {"batch": known.batch, "file": reading.name, "sha256": reading.sha256, **more}
    message = say(
        "{file} (batch {batch}) is held against what stands here now",
        file=reading.name,
        batch=known.batch,
    )
    return _describe(session, Outcome(data, says=(message,)))


def _describe(session: Session, outcome: Outcome) -> Outcome:
    """The answer of an import, with what its run found."""
    data = outcome.data
    if data.get("run") is None:
        return outcome
    table = Table(
        say("Breaks, by type"),
        BY_TYPE,
        [
            {"type": kind, "type_word": TYPE_WORDS[kind], "breaks": count}
            for kind, count in data["breaks"].items()
        ],
        key="by_type",
        optional=True,
    )
    return replace(
        outcome, tables=(*outcome.tables, table), says=(*outcome.says, *_sentences(data))
    )


def _sentences(data: dict[str, Any]) -> list[Message]:
    about = {
        "agreed": data["agreed"],
        "amount": money.grouped(data["agreed_fen"]),
        "first": data["first_on"] or "-",
        "last": data["last_on"] or "-",
    }
    says = [
        say("{first} to {last}: {agreed:,} rows agree, {amount} yuan", **about)
        if data["first_on"]
        else say("{agreed:,} rows agree with days that stand", **about)
    ]
    counts = {name: data[name] for name in ("opened", "standing", "cleared", "run")}
    says.append(
        say(
            "run {run}: {opened:,} new breaks, {standing:,} stand as before, {cleared:,} no longer"
            " stand",
            **counts,
        )
    )
    if data["came_again"]:
        says.append(
            say(
                "{count:,} of the new ones came again: an earlier run had cleared them",
                count=data["came_again"],
            )
        )
    if data["still_resolved"]:
        says.append(
            say(
                "{count:,} of them people have resolved: they stay so",
                count=data["still_resolved"],
            )
        )
    if data["cleared"]:
        says.append(say("which no longer stand: voucher reconcile show --run {run}", **counts))
    if data["opened"] or data["standing"]:
        says.append(say("next: voucher reconcile breaks --state open"))
    return says
