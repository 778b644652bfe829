"""What an import or a retry tells: the counts of its batch, the first rejects and warnings with
their lines, what to do next.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import reasons
from vouchercli.store import batches

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.kinds import Desk

SHOWN_ROWS = 10
SUMMED = (
    "kind",
    "file",
    "sha256",
    "profile",
    "encoding",
    "read",
    "accepted",
    "duplicate",
    "rejected",
    "warnings",
)


def told(desk: Desk, batch: sqlite3.Row, **more: Any) -> Outcome:
    """The summary of a batch as it stands now; `more` are keys that the kind or the deed adds."""
    data = {
        "batch": (
            None if desk.session.dry_run else batch["batch_id"]
        ),  # a dry run gives the number back
        **{key: batch[key] for key in SUMMED},
        **_by_reason(desk),
        **more,
    }
    file = batch["file"]
    problems = [
        _problem(desk, file, row, "error")
        for row in batches.first_rejects(desk.db, desk.batch_id, SHOWN_ROWS)
    ]
    problems += [
        _problem(desk, file, row, "warning")
        for row in batches.first_warnings(desk.db, desk.batch_id, SHOWN_ROWS)
    ]
    tables = (_reasons_table(data),) if data["reasons"] or data["warning_reasons"] else ()
    return Outcome(
        data=data,
        tables=tables,
        says=tuple(_said(desk, data)),
        problems=tuple(problems),
        status="partial" if data["rejected"] else "ok",
    )


def again(before: sqlite3.Row, reading: Reading, kind: str) -> Outcome:
    """The same file came before: nothing is read, nothing changes."""
    data = {
        "batch": before["batch_id"],
        "kind": kind,
        "file": reading.name,
        "sha256": reading.sha256,
        "profile": before["profile"],
        "encoding": before["encoding"],
        "read": 0,
        "accepted": 0,
        "duplicate": 0,
        "rejected": 0,
        "warnings": 0,
        "reasons": {},
        "warning_reasons": {},
        "ignored": 0,
        "extra_columns": [],
        "repeats": before["batch_id"],
    }
    return Outcome(
        data=data,
        says=(
            say(
                "{file} was imported before as batch {batch} ({accepted} accepted, {rejected}"
                " rejected): nothing to do",
                file=reading.name,
                batch=before["batch_id"],
                accepted=before["accepted"],
                rejected=before["rejected"],
            ),
        ),
    )


def _by_reason(desk: Desk) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {"reasons": {}, "warning_reasons": {}}
    for row in sorted(batches.reasons(desk.db, desk.batch_id), key=lambda row: row["reason"]):
        found["reasons" if row["what"] == "rejected" else "warning_reasons"][row["reason"]] = row[
            "rows"
        ]
    return found


def _said(desk: Desk, data: dict[str, Any]) -> list[Any]:
    says = [
        say(
            "{file}: {read} rows read = {accepted} accepted + {duplicate} duplicate + {rejected}"
            " rejected (batch {batch}, profile {profile}, {encoding})",
            **{
                key: data[key]
                for key in (
                    "file",
                    "read",
                    "accepted",
                    "duplicate",
                    "rejected",
                    "profile",
                    "encoding",
                )
            },
            batch=data["batch"] or "-",
        )
    ]
    if data.get("ignored"):
        says.append(
            say("{count} rows are not ours by the profile and were left out", count=data["ignored"])
        )
    if data.get("extra_columns"):
        says.append(say("columns not used: {columns}", columns=", ".join(data["extra_columns"])))
    if data["rejected"] and not desk.session.dry_run:
        says.append(
            say(
                "mend them: voucher batch rejects {batch} --to rejects.csv; or judge them again:"
                " voucher batch retry {batch}",
                batch=data["batch"],
            )
        )
    return says


def _problem(desk: Desk, file: str, row: sqlite3.Row, level: Any) -> Problem:
    text, values = reasons.explained(row["reason"], json.loads(row["detail"]), desk.zone)
    return Problem(row["reason"], text, f"{file}:{row['line']}", "", level, values)


def _reasons_table(data: dict[str, Any]) -> Table:
    rows = [
        {"reason": code, "rows": rows, "what": "rejected"} for code, rows in data["reasons"].items()
    ]
    rows += [
        {"reason": code, "rows": rows, "what": "accepted with a warning"}
        for code, rows in data["warning_reasons"].items()
    ]
    columns = (
        Column("reason", "Reason"),
        Column("rows", "Rows", "int"),
        Column("what", "Outcome", "word"),
    )
    return Table(say("Rejects and warnings of {file}", file=data["file"]), columns, tuple(rows))
