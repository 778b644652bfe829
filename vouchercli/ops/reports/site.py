"""report site: the reports as a folder of pages that needs no server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats import whole_folders
from vouchercli.ops.reports import site_pages
from vouchercli.result import DATA, SCREEN, Column, Outcome, Table, Word, say
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from vouchercli.formats.whole_folders import Folder
    from vouchercli.ops.reports.site_pages import Plan
    from vouchercli.pages import Frame, Heading, Page
    from vouchercli.session import Session

LABEL = "site.json"
LINKS = (
    (Word("Overview"), "index.html"),
    *((word, f"{site_pages.FILES[kind]}.html") for kind, word in site_pages.PLURALS.items()),
    (Word("Merchant list"), "merchants.html"),
)
WRITTEN = (
    Column("file", "File"),
    Column("kind", "Kind", "word"),
    Column("about", "What it is about"),
    Column("bytes", "Bytes", "int"),
)
COUNTED = (
    Column("kind", "Kind", "word"),
    Column("pages", "Pages", "int"),
    Column("bytes", "Bytes", "int"),
    Column("largest", "Largest", "int"),
)


class Language(NamedTuple):
    """How a site reads in a language: a word, an answer as a page (with the files that its values
    lead to), and what stands around each page (of so many parts of the search, with the headings of
    its rows, and these links).
    """

    code: str
    word: Callable[[str], str]
    page: Callable[[Outcome, Mapping[str, Mapping[str, str]]], Page]
    frame: Callable[[int, Sequence[Heading], Iterable[tuple[str, str]]], Frame]


def report_site(
    session: Session, path: Path, reads: Language, *, only: Sequence[str], as_of: int | None
) -> Outcome:
    """Write the site of the rounds (`only`: codes, none: all) as of `as_of` (UTC seconds, None: all
    that is known) into the folder, whole or not at all; an earlier site of the programme gives way.

    Raises `VoucherError` not_its_folder, unwritable_file, and as `scope_of`.
    """
    with reading(session):
        plan = site_pages.plan(session, only, as_of)
        about = {"site": 1, "programme": plan.scope.code}
        drafted = whole_folders.replaced(path, LABEL, about, dry_run=session.dry_run)
        with drafted as folder:
            written = _write(session, plan, reads, folder)
    data = {**plan.scope.about(), "rounds": plan.scope.codes(), "folder": str(path)}
    data |= {"language": reads.code, "merchants": len(plan.taking.listed)}
    title = say("Site of {programme}: {folder}", programme=plan.scope.code, folder=str(path))
    return Outcome(
        data,
        (
            Table(title, COUNTED, _counted(written), where=SCREEN),
            Table(title, WRITTEN, written, where=DATA, key="files"),
        ),
        (say("open it with a browser: {file}", file=str(path / "index.html")),),
    )


def _write(session: Session, plan: Plan, reads: Language, folder: Folder) -> list[dict[str, Any]]:
    """Write every file but the label; a row for each page."""
    from vouchercli.formats.written.pages import html  # and its library, only for those who write

    headings = reads.page(Outcome(None, (site_pages.list_of(plan, "", []),)), {}).grids[0].headings
    links = [(reads.word(word), file) for word, file in LINKS]
    frame = reads.frame(len(plan.lists) + 1, headings, links)
    written: list[dict[str, Any]] = []
    for sheet in site_pages.sheets(session, plan):
        page = reads.page(sheet.shown, plan.hrefs)
        size = folder.write(sheet.file, html.render(page, frame))
        if sheet.list:
            rows = [[cell.text for cell in row] for row in page.grids[0].rows]
            folder.write(f"search-{sheet.list}.js", _part(sheet.list, sheet.file, rows))
        row = {"file": sheet.file, "kind": sheet.kind, "about": sheet.name, "bytes": size}
        written.append(row)
    named = [_found(reads, row) for row in written if not row["file"].startswith("merchants-")]
    folder.write("search-0.js", _part(0, "", named))
    folder.write("search.js", html.search_script())
    return written


def _found(reads: Language, row: dict[str, Any]) -> list[str]:
    """What the search finds of a page: its file, what it is about, of which kind it is."""
    kind, about = reads.word(row["kind"]), row["about"]
    name = reads.word(about) if isinstance(about, Word) else about
    return [row["file"], name, kind] if name else [row["file"], kind]


def _part(number: int, page: str, rows: list[list[str]]) -> str:
    """A part of what is searched, as the script that a page can read."""
    values = ", ".join(json.dumps(each, ensure_ascii=False) for each in (number, page))
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"addRows({values}, [\n{lines}\n]);\n"


def _counted(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many pages of each kind, and how large they are."""
    kinds: dict[str, list[int]] = {}
    for row in written:
        kinds.setdefault(row["kind"], []).append(row["bytes"])
    return [
        {"kind": kind, "pages": len(sizes), "bytes": sum(sizes), "largest": max(sizes)}
        for kind, sizes in kinds.items()
    ]
