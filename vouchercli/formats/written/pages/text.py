"""A page as a text for a word processor (DOCX)."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    from vouchercli.pages import Grid, Page

CREATED = datetime(2020, 1, 1)  # the same page has the same bytes
ZIPPED = (2020, 1, 1, 0, 0, 0)
LATIN, EAST_ASIAN = "Calibri", "宋体"
LANDSCAPE_FROM = 8  # columns
A4 = (210, 297)  # millimetres


def render(page: Page) -> bytes:
    """The DOCX file. Raises `VoucherError` library_missing."""
    try:
        import docx  # only for those who want a text
    except ImportError as error:
        raise VoucherError(
            "library_missing",
            "a text for a word processor needs python-docx, which is not installed here",
            hint="pip install python-docx; or -o html: a word processor opens it too",
        ) from error

    document = docx.Document()
    _set_up(document, page)
    document.add_heading(page.title, 0)
    for label, value in page.about:
        line = document.add_paragraph(style="List Bullet")
        line.add_run(f"{label}: {value}")
    for grid in page.grids:
        document.add_heading(grid.title, 1)
        _add_grid(document, grid, page.words.nothing)
    if page.meanings:
        document.add_heading(page.words.meanings, 1)
        for word, said in page.meanings:
            line = document.add_paragraph()
            line.add_run(f"{word}: ").bold = True
            line.add_run(said)
    if page.notes:
        document.add_heading(page.words.notes, 1)
        for note in page.notes:
            document.add_paragraph(note)
    kept = io.BytesIO()
    document.save(kept)
    return _same_bytes(kept.getvalue())


def _set_up(document: Any, page: Page) -> None:
    """Paper, fonts for both scripts, and properties that do not change from day to day."""
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    section = document.sections[0]
    is_wide = max((len(grid.headings) for grid in page.grids), default=0) >= LANDSCAPE_FROM
    width, height = reversed(A4) if is_wide else A4
    section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.left_margin = section.right_margin = Mm(20)
    for name in ("Normal", "Title", "Heading 1"):
        style = document.styles[name]
        style.font.name = LATIN
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), EAST_ASIAN)
    document.styles["Normal"].font.size = Pt(10)
    about = document.core_properties
    about.title, about.author, about.comments = page.title, "", ""
    about.language = "zh-CN" if page.language == "zh" else "en"
    about.created = about.modified = CREATED


def _add_grid(document: Any, grid: Grid, nothing: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    if grid.is_text:
        for sentence, *_ in grid.rows:
            document.add_paragraph(sentence.text)
    elif not grid.rows:
        document.add_paragraph(nothing)
    else:
        table = document.add_table(rows=0, cols=len(grid.headings), style="Light Grid Accent 1")
        texts = [[heading.text for heading in grid.headings]]
        texts += [[cell.text for cell in row] for row in grid.rows]
        bold = {0, *([len(texts) - 1] if grid.has_total else [])}
        for place, row in enumerate(texts):
            cells = table.add_row().cells
            for heading, cell, text in zip(grid.headings, cells, row, strict=True):
                line = cell.paragraphs[0]
                line.add_run(text).bold = place in bold
                if heading.is_number:
                    line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for note in grid.notes:
        document.add_paragraph(note)


def _same_bytes(content: bytes) -> bytes:
    """The archive with one time for all its parts."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in sorted(old.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            part = zipfile.ZipInfo(name, ZIPPED)
            part.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(part, old.read(name))
    return kept.getvalue()
