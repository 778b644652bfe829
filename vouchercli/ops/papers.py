"""Answers on paper: the forms of a page, and the file that one is written into."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from vouchercli.pages import Page


def render(form: str, page: Page) -> str | bytes:
    """The page as html, md, docx or xlsx. Raises `VoucherError` library_missing."""
    # each form loads its own module and library alone
    if form == "html":
        from vouchercli.formats.written.pages import html

        return html.render(page)
    if form == "md":
        from vouchercli.formats.written.pages import markdown

        return markdown.render(page)
    if form == "docx":
        from vouchercli.formats.written.pages import text

        return text.render(page)
    from vouchercli.formats.written.pages import workbook

    return workbook.render(page)


def into_file(path: Path, known: Collection[str], write: Callable[[], None]) -> None:
    """Have `write` write its answer, which it writes to stdout, into the file: whole or not at all.
    What is there is replaced if its name ends like that of an answer (`known`). Raises
    `VoucherError` file_exists, unwritable_file.
    """
    is_answer = path.suffix.lower() in known and path.is_file()
    if path.exists() and not is_answer:  # perhaps the database, or a key
        raise whole_files.in_the_way(path)
    with whole_files.draft_file(path, whole_files.mark()) as draft:
        with whole_files.create(draft) as file:
            stream = io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="")
            with redirect_stdout(stream):
                write()
            stream.flush()
            stream.detach()
        draft.replace(path)
