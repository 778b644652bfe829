"""The evidence pack of a case: a page to print, its tables as CSV, the rows as they were frozen,
the digests of all files; whole or not at all. Residents are not in it: claims stand for them, and
tokens in lists for the platform, never in a text (an identity in a note is kept as its token).
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.formats.written import new_folders
from vouchercli.identities import HIDDEN
from vouchercli.ops.cases import tables
from vouchercli.ops.cases.lookup import look_up
from vouchercli.ops.risk import peers
from vouchercli.ops.setup import staff
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import doors, resident_tokens
from vouchercli.store import audit
from vouchercli.store import cases as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vouchercli.ops.cases.lookup import Current
    from vouchercli.session import Session

    Render = Callable[[str, Outcome], bytes]

KIND = "case"  # by which a folder is known as one of ours
PEERS = "peers.csv"  # too long for the page to print
PAGE, ROWS, RESIDENTS, SUMS = "case.html", "evidence.jsonl", "residents.csv", "SHA256SUMS"
LOG = (
    Column("at", "At", "time"),
    Column("actor", "Who"),
    Column("deed", "Action", "deed"),
    Column("note", "Note", blank="-"),
)


def export(
    session: Session, number: int, folder: Path, render: Render, *, for_platform: bool = False
) -> Outcome:
    """Write the pack into a new folder, or in place of an earlier one; `render` makes the bytes of
    a page or of a CSV. Raises `unknown_case`, `folder_in_use`, `unwritable_file`.
    """
    with writing(session):
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["case export"])
        new_folders.refuse_others(folder, KIND)
        files = _files(session, current, render, for_platform=for_platform)
        sums = hashlib.sha256(files[SUMS]).hexdigest()
        about = {"folder": folder.name, "sha256": sums, "for_platform": for_platform}
        audit.note(session, "case.export", str(number), case=number, **about)
        if not session.dry_run:
            new_folders.write(folder, KIND, files)
    message = say(
        "case {case}: {count} files in {folder}; to prove them: cd {folder} && sha256sum -c {sums}",
        case=number,
        count=len(files),
        folder=str(folder),
        sums=SUMS,
    )
    data = {"case": number, "folder": str(folder), "files": sorted(files), "sha256": sums}
    return Outcome(data, says=(message,))


def _files(
    session: Session, current: Current, render: Render, *, for_platform: bool
) -> dict[str, bytes]:
    shown = tables.show_case(session, current.number, None)
    fit = [each for each in shown.tables if for_platform or each.key != tables.WHOM]
    whole = [_without_tokens(each.read()) for each in (*fit, _log(session, current))]
    files = {PAGE: render("html", Outcome(tables=tuple(whole)))}
    for table in whole[1:]:
        if table.rows:
            files[f"{table.key}.csv"] = render("csv", Outcome(tables=(table,)))
    compared = peers.table(session.db, current.case.finding or 0)
    if compared.rows:
        files[PEERS] = render("csv", Outcome(tables=(compared,)))
    kept = store.lines(session.db, current.number).rows(None)
    files[ROWS] = "".join(f"{each.line}\n" for each in kept).encode()
    if for_platform:
        files[RESIDENTS] = _residents(session, current)
    files[SUMS] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    ).encode()
    return files


def _without_tokens(table: Table) -> Table:
    """The table with no resident in its texts."""
    rows = [row if isinstance(row, dict) else row._asdict() for row in table.rows]
    return replace(table, rows=[{key: _masked(row[key]) for key in row} for row in rows])


def _masked(value: object) -> object:
    return resident_tokens.WRITTEN.sub(HIDDEN, value) if isinstance(value, str) else value


def _log(session: Session, current: Current) -> Table:
    rows = [each._asdict() for each in store.deeds(session.db, current.number)]
    zone = current.row["time_zone"]
    return Table(say("What the log says"), LOG, rows, key="log", zone=zone)


def _residents(session: Session, current: Current) -> bytes:
    """The list by which the platform finds who it is: no one else can."""
    kept = io.StringIO(newline="")
    rows = csv.writer(kept, lineterminator="\n")
    rows.writerow(("transaction_no", "claim_no", "resident", "payments", "merchants"))
    for transaction_no, claim_no, token, *counts in store.tokens(session.db, current.number):
        shown = "" if token is None else resident_tokens.shown(token)
        rows.writerow((transaction_no, claim_no, shown, *counts))
    return kept.getvalue().encode()
