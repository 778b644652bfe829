"""What an import or a retry reports: the counts of its batch, the first rejects and warnings with
their lines, what to do next.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs import profiles
from vouchercli.formats.tables import files, headers, sheets
from vouchercli.ops.clauses import say_unverified
from vouchercli.ops.intake import by_columns
from vouchercli.result import Column, Message, Outcome, Problem, Table, say
from vouchercli.rules import money, reasons
from vouchercli.store import batches, details, take_backs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.store.batches import AnyReject, Batch, Refusal
    from vouchercli.store.details import Unverified

SHOWN_ROWS = 10
# What is said of those that are not shown.
MORE_ROWS = {
    "rejected": "... and {count} more rejected rows: voucher batch rejects {batch}",
    "warnings": "... and {count} more warnings: voucher batch show {batch}",
}
COUNTS = ("read", "accepted", "duplicate", "rejected", "warnings")
SUMMED = ("kind", "file", "sha256", "profile", "encoding", *COUNTS)
REASONS = (
    Column("reason", "Reason", "code"),
    Column("rows", "Rows", "int"),
    Column("what", "Outcome", "word"),
)


def summarise(intake: Intake, batch: Batch, **more: Any) -> Outcome:
    """The summary of a batch as it stands now; `more` are keys that the kind or the command
    adds.
    """
    refusals = sorted(
        batches.reasons(intake.db, intake.batch_id),
        key=lambda row: (row.what != "rejected", row.reason),
    )
    about = batch._asdict()
    unverified = not_verified(intake.db, batch)
    data = {
        # a dry run gives the number back
        "batch": None if intake.session.dry_run else batch.batch,
        **{key: about[key] for key in SUMMED},
        **by_reason(refusals),
        "unverified": [each._asdict() for each in unverified],
        **({"encoding_is_guess": True} if intake.reading.is_guess else {}),
        **more,
    }
    rejected, warned = batches.first(intake.db, intake.batch_id, SHOWN_ROWS)
    problems = [_problem(batch, row, "error", intake.zone) for row in rejected]
    problems += [_problem(batch, row, "warning", intake.zone) for row in warned]
    problems += _numbers_not_texts(intake.reading)
    title = say("Rejects and warnings of {file}", file=batch.file)
    return Outcome(
        data=data,
        tables=(Table(title, REASONS, refusals, optional=True),),
        says=(*_sentences(intake, data), *say_unverified(unverified), *say_closed(batch)),
        problems=tuple(problems),
        status="partial" if data["rejected"] else "ok",
    )


def _numbers_not_texts(reading: Reading) -> list[Problem]:
    """The columns of codes in which a sheet holds numbers."""
    return [
        Problem(
            "numbers_not_texts",
            "{column} holds numbers, not texts: zeros before them may be missing",
            reading.name,
            "format the column as text and export the file again",
            "warning",
            {"column": column},
        )
        for column in reading.numbers.values()
    ]


def _problem(batch: Batch, row: Refusal, level: Any, zone: str) -> Problem:
    why = explain(row, zone)
    where = sheets.where(batch.file, row.line, sheet_names(batch))
    if place := json.loads(row.detail).get("column_no"):  # where it is known
        where = f"{where}:{place}"
    return Problem(row.reason, why.text, where, "", level, why.params)


def sheet_names(batch: Batch) -> list[str]:
    """The sheets that were read as one file, in their order; [] for any other file."""
    names: list[str] = json.loads(batch.options or "{}").get("sheets", [])
    return names


def explain(row: AnyReject, zone: str) -> Message:
    """The reason in words."""
    return Message(*reasons.explained(row.reason, json.loads(row.detail), zone))


def read_again(batch: Batch, rows: list[tuple[int, list[str]]] | None = None) -> Reading:
    """Rows of the batch that were kept, read by its profile as it was."""
    return files.read_again(
        profiles.from_json(batch.profile_json), json.loads(batch.header), rows or [], batch.file
    )


def by_reason(refusals: Iterable[Refusal]) -> dict[str, dict[str, int]]:
    """Code -> rows, of rejects and of warnings."""
    rows_by_code: dict[str, dict[str, int]] = {"reasons": {}, "warning_reasons": {}}
    for row in refusals:
        rows_by_code["reasons" if row.what == "rejected" else "warning_reasons"][row.reason] = (
            row.rows
        )
    return rows_by_code


def beside(made: Outcome, outcome: Outcome) -> Outcome:
    """The summary of a file whose payments made their claims first (`made`)."""
    return replace(
        outcome,
        data={**outcome.data, "claims": made.data},
        tables=(*made.tables, *outcome.tables),
        says=(*made.says, *outcome.says),
        problems=(*made.problems, *outcome.problems),
        status="partial" if "partial" in (made.status, outcome.status) else outcome.status,
    )


def not_verified(db: sqlite3.Connection, batch: Batch) -> list[Unverified]:
    """What its file does not say of payments that it brought; of other files nothing."""
    if batch.kind != "redemptions" or batch.programme_id is None:
        return []
    return details.unverified(db, batch.programme_id, batch_id=batch.batch)


def summarise_repeat(before: Batch, reading: Reading, kind: str, *, is_same: bool) -> Outcome:
    """The same file was imported before: nothing is read, nothing changes. `is_same`: it was read
    as it is now.
    """
    data = {
        "batch": before.batch,
        "kind": kind,
        "file": reading.name,
        "sha256": reading.sha256,
        "profile": before.profile,
        "encoding": before.encoding,
        **dict.fromkeys((*COUNTS, "ignored"), 0),
        **by_reason(()),
        "unverified": [],
        "extra_columns": [],
        "repeats": before.batch,
    }
    message = say(
        "{file} was imported before as batch {batch} ({accepted} accepted, {rejected}"
        " rejected): nothing to do",
        **{**before._asdict(), "file": reading.name},
    )
    how = say(
        "it was read by profile {profile} in {encoding}: to read it otherwise, name --profile or"
        " --encoding",
        profile=before.profile,
        encoding=before.encoding,
    )
    return Outcome(data, says=(message,) if is_same else (message, how))


def _sentences(intake: Intake, data: dict[str, Any]) -> list[Any]:
    says = [
        say(
            "{file}: {read} rows read = {accepted} accepted + {duplicate} duplicate + {rejected}"
            " rejected (batch {batch}, profile {profile}, {encoding})",
            **{**data, "batch": data["batch"] or "-"},
        )
    ]
    if replaced := data.get("replaces"):
        says.append(
            say(
                "it replaces batch {batch}, which read the same file by profile {profile} in"
                " {encoding}: {undone} rows were removed",
                **replaced,
            )
        )
    says += [
        say("{rows} rejects of batch {batch} are closed: they came back right", **each)
        for each in data.get("closes", ())
    ]
    if data.get("ignored"):
        says.append(
            say(
                "{count} rows do not concern vouchers according to the profile and were left out",
                count=data["ignored"],
            )
        )
    if by_columns.is_large(intake) and not by_columns.is_installed():
        says.append(
            say(
                "it was read row by row, which is slow: what reads large files quickly (polars,"
                " numpy) cannot be had for this machine, or is not installed"
            )
        )
    if data.get("extra_columns"):
        says.append(say("columns not used: {columns}", columns=", ".join(data["extra_columns"])))
    says += _sentences_about_reading(intake, data)
    says += _sentences_about_money(intake, data)
    if data["rejected"] and not intake.session.dry_run:
        says.append(advise_on_rejects(intake.db, data["batch"]))
    return says


def say_guess(data: dict[str, Any]) -> Message:
    """How an import that was read by a guess is read by another encoding."""
    return say(
        "{encoding} is a guess: where names look wrong, import the file again with its"
        " encoding: voucher {command} {file} --encoding big5 (or shift_jis, euc-kr,"
        " latin-1)",
        encoding=data["encoding"],
        command=headers.command_of(data["kind"]),
        file=data["file"],
    )


def _sentences_about_reading(intake: Intake, data: dict[str, Any]) -> list[Message]:
    """What nobody should believe to have been read, and how many messages are left out."""
    reading, says = intake.reading, []
    if reading.is_guess:
        says.append(say_guess(data))
    if reading.hidden_sheets:
        says.append(
            say("hidden sheets were not read: {sheets}", sheets=", ".join(reading.hidden_sheets))
        )
    for what, text in MORE_ROWS.items():
        if data[what] > SHOWN_ROWS and data["batch"]:
            says.append(say(text, count=data[what] - SHOWN_ROWS, batch=data["batch"]))
    return says


def _sentences_about_money(intake: Intake, data: dict[str, Any]) -> list[Message]:
    """What waits for money that was released, and which open rounds gave up unclaimed packs."""
    says = []
    if "funds_released" in data["reasons"]:
        rows, fen = take_backs.missing(intake.db, intake.batch_id)
        says.append(
            say(
                "{rows} rows wait for {amount} yuan: what they need was released and is promised"
                " elsewhere",
                rows=rows,
                amount=money.grouped(fen),
            )
        )
    says += [
        say(
            "{packs} unclaimed packs of {round} gave up their money for late payments",
            packs=packs,
            round=code,
        )
        for code, packs in take_backs.given_up(intake.db, intake.batch_id).items()
    ]
    return says


def say_closed(batch: Batch) -> tuple[Message, ...]:
    """How many rejects of a batch have come back right, if any."""
    closed = say(
        "{closed} of {rejected} rejects are closed: voucher batch rejects {batch} --closed",
        closed=batch.rejected - batch.open,
        rejected=batch.rejected,
        batch=batch.batch,
    )
    return (closed,) if batch.open < batch.rejected else ()


def advise_on_rejects(db: sqlite3.Connection, batch_id: int) -> Message:
    """What to do with rejects; nothing is judged again where that can never help."""
    if batches.can_be_retried(db, batch_id, reasons.FOR_EVER):
        return say(
            "correct them: voucher batch rejects {batch} --to rejects.csv; or judge them again:"
            " voucher batch retry {batch}",
            batch=batch_id,
        )
    return say("correct them: voucher batch rejects {batch} --to rejects.csv", batch=batch_id)
