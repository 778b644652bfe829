"""export datasette, export package: what may be published, as files for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault
from vouchercli.formats.written import data_packages, datasette, new_folders
from vouchercli.ops.reports import open_tables
from vouchercli.ops.reports.open_fields import NOT_SHOWN
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.store import open_tables as store

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.ops.reports.open_fields import InBoth
    from vouchercli.publications import Publication
    from vouchercli.result import Message
    from vouchercli.session import Session

DATABASE = "vouchers"  # Datasette names it by its file
TABLES = (
    Column("table", "Table"),
    Column("about", "What it holds", "word"),
    Column("rows", "Rows", "int"),
    Column("not_shown", "Not shown", "int"),
)


def export_datasette(
    session: Session, folder: Path, in_both: InBoth, *, min_cell: int, as_of: int | None
) -> Outcome:
    """An SQLite file of the published tables with views in both languages, and the metadata that
    Datasette shows beside it. Raises `VoucherError` folder_in_use, unwritable_file.
    """
    new_folders.refuse_others(folder, "export datasette")
    publication = open_tables.published(session, in_both, min_cell=min_cell, as_of=as_of)
    files = {
        f"{DATABASE}.db": store.written(publication),
        "metadata.json": datasette.metadata(publication, DATABASE),
    }
    hint = say(
        "to look at it: datasette -i {database} -m {metadata}",
        database=str(folder / f"{DATABASE}.db"),
        metadata=str(folder / "metadata.json"),
    )
    return _written(session, folder, "export datasette", files, publication, hint)


def export_package(
    session: Session,
    folder: Path,
    in_both: InBoth,
    *,
    form: str,
    min_cell: int,
    as_of: int | None,
) -> Outcome:
    """The published tables as a Frictionless data package, as csv or parquet. Raises `UsageFault`
    unknown_form, `VoucherError` folder_in_use, library_missing, unwritable_file.
    """
    if form not in data_packages.FORMATS:
        raise UsageFault(
            "unknown_form",
            "a package is not written as {form}",
            hint="--format csv, or --format parquet",
            form=form,
        )
    new_folders.refuse_others(folder, "export package")
    publication = open_tables.published(session, in_both, min_cell=min_cell, as_of=as_of)
    files = data_packages.files(publication, form)
    hint = say("to prove it: frictionless validate {file}", file=str(folder / "datapackage.json"))
    return _written(session, folder, "export package", files, publication, hint)


def _written(
    session: Session,
    folder: Path,
    kind: str,
    files: dict[str, bytes],
    publication: Publication,
    hint: Message,
) -> Outcome:
    """Write the files, unless nothing may be written, and say what they hold."""
    if not session.dry_run:
        new_folders.write(folder, kind, files)
    rows = [
        {
            "table": each.name,
            "about": Word(each.meaning.en),
            "rows": len(each.rows),
            "not_shown": sum(NOT_SHOWN in row for row in each.rows),
        }
        for each in publication.tables
    ]
    title = say("Published of {programme}", programme=publication.code)
    data = {
        "programme": publication.code,
        "folder": None if session.dry_run else str(folder),
        "files": sorted(files),
    }
    wrote = say("wrote {count} files to {folder}", count=len(files), folder=str(folder))
    return Outcome(
        data, (Table(title, TABLES, rows, key="tables"),), () if session.dry_run else (wrote, hint)
    )
