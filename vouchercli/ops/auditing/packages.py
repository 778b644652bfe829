"""audit package: all that a programme did, as files that an auditor reads and proves without this
program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.formats.written import packages
from vouchercli.ops.answers import answer
from vouchercli.ops.auditing import package_index, package_reports, package_rules, package_tables
from vouchercli.ops.money import ledgers
from vouchercli.ops.proof.audit import verify_log
from vouchercli.ops.proof.check import check_all
from vouchercli.ops.proof.proving import Reach
from vouchercli.result import Outcome, say
from vouchercli.rules import times
from vouchercli.store import audit, days, programmes
from vouchercli.store.db import legibly, reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.formats.written.packages import Package
    from vouchercli.session import Session


class Wanted(NamedTuple):
    """Where the package goes, and what it holds: reports, sums by day and rows of what was paid
    from `since` to `until` (UTC seconds, both included; None: open), every row with `has_rows`.
    """

    folder: Path
    since: int | None = None
    until: int | None = None
    has_rows: bool = False


class Writer(NamedTuple):
    """How an answer becomes the bytes of a file, in a form and a language; and what is told the
    name of each file as it begins.
    """

    render: Callable[[Outcome, str, str], bytes]
    watch: Callable[[str], None]


def write(session: Session, wanted: Wanted, writer: Writer) -> Outcome:
    """Write the package of the programme into a new folder, whole or not at all. The same database
    and the same moment give the same bytes. Failed (exit 5), and written all the same, where a
    check fails. Raises `empty_window`, `folder_in_use`, `untrusted_folder`, `unwritable_file`.
    """
    if wanted.since is not None and wanted.until is not None and wanted.since > wanted.until:
        raise UsageFault("empty_window", "--since is later than --until", hint="swap the two times")
    # one snapshot: all files tell of the same moment
    with reading(session) as db, legibly(db):
        row = programmes.current(db, session.programme)
        with packages.new(wanted.folder, writer.watch, dry_run=session.dry_run) as package:
            proofs = _fill(session, row, wanted, writer, package)
            about = _describe(session, row, wanted)
            index = package_index.index_of(about, package.files, row["time_zone"])
            for name, form, language in package_index.PAGES:
                package.write(name, writer.render(index, form, language))
            package.seal({"voucher": "audit package", **about})
    return _answer(wanted, session, package, about, proofs)


def _fill(
    session: Session, row: sqlite3.Row, wanted: Wanted, writer: Writer, package: Package
) -> list[Outcome]:
    """Write all files but the index and the manifest; gives what the proofs answered."""
    package_reports.write(session, wanted.since, wanted.until, writer.render, package)
    package_tables.write(session, row, wanted.since, wanted.until, wanted.has_rows, package)
    package.write_lines("ledger/ledger.journal", ledgers.journal(session, row, "hledger"))
    package.write_lines("log/audit.jsonl", _log(session))
    package_rules.write(session, row, writer.render, package)
    proofs = [check_all(session, Reach.ALL), verify_log(session)]
    for name, proof in zip(package_index.PROOFS, proofs, strict=True):
        package.write(name, package_tables.as_json(_proof(proof)))
    return proofs


def _log(session: Session) -> Iterator[str]:
    """The lines of the log as they were sealed: README says how to compute their digests."""
    for each in audit.entries(session.db):
        yield package_tables.as_line(each._asdict())


def _proof(proof: Outcome) -> dict[str, Any]:
    """What a proof answered."""
    problems = [{"code": each.code, "where": each.where, **each.params} for each in proof.problems]
    return {"status": proof.status, "data": answer(proof), "problems": problems}


def _describe(session: Session, row: sqlite3.Row, wanted: Wanted) -> dict[str, Any]:
    """What the package is about."""
    zone = row["time_zone"]
    newest, sealed = audit.last(session.db), days.last(session.db, row["programme_id"])
    return {
        "programme": row["programme"],
        "since": None if wanted.since is None else times.iso(wanted.since, zone),
        "until": None if wanted.until is None else times.iso(wanted.until, zone),
        "known_at": times.iso(session.now, zone),
        "has_rows": wanted.has_rows,
        "log_head": None if newest is None else f"{newest.line}:{newest.hash}",
        "sealed_up_to": None if sealed is None else times.day_text(sealed.day),
        "seal": None if sealed is None else sealed.sha256,
    }


def _answer(
    wanted: Wanted,
    session: Session,
    package: Package,
    about: dict[str, Any],
    proofs: list[Outcome],
) -> Outcome:
    folder = str(wanted.folder)
    manifest = package.files[-1].sha256
    files = [each._asdict() for each in package.files]
    data = {
        **about,
        "folder": None if session.dry_run else folder,
        "manifest_sha256": manifest,
        "checks": proofs[0].status,
        "log": proofs[1].status,
        "files": [{"file": each.pop("name"), **each} for each in files],
    }
    says = [
        say(
            "wrote {count} files to {folder}, {bytes:,} bytes",
            count=len(files),
            folder=folder,
            bytes=sum(each["bytes"] for each in files),
        ),
        say("to prove it: cd {folder} && sha256sum -c MANIFEST.sha256", folder=folder),
        say("hand over this digest by another way: {digest}", digest=manifest),
    ]
    problems = tuple(each for proof in proofs for each in proof.problems)
    is_whole = all(proof.status == "ok" for proof in proofs)
    return Outcome(
        data,
        says=() if session.dry_run else tuple(says),
        problems=problems,
        status="ok" if is_whole else "failed",
    )
