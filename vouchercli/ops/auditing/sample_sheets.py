"""The sheet of a sample, to fill in: what was drawn, and what an auditor found at each."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault
from vouchercli.formats import whole_files
from vouchercli.formats.tables import sample_results as sheet
from vouchercli.formats.written import blank_workbooks
from vouchercli.formats.written.blank_workbooks import BlankColumn
from vouchercli.formats.written.formulas import disarm
from vouchercli.ops.auditing.sample_tables import the_sample
from vouchercli.result import Outcome, say
from vouchercli.rules import money
from vouchercli.rules import samples as law
from vouchercli.store import programmes
from vouchercli.store import samples as store

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.session import Session
    from vouchercli.store.samples import Item

LANGUAGES = ("en", "zh")
FORMS = (".xlsx", ".csv")
# What to write into each column that is to be filled in: in both languages.
EXPLAINED = (
    (("column", "what to write"), ("列", "填写内容")),
    (("result", "ok, or wrong"), ("结果", "无误，或有误")),
    (
        ("fault", "if it is wrong: what is wrong, one of the list"),
        ("问题", "有误时：问题所在，从列表中选择"),
    ),
    (
        ("right_amount", "if it is wrong: what should have been paid, in yuan; blank: nothing"),
        ("应为金额", "有误时：应付金额（元）；空白表示不应付"),
    ),
    (("note", "what you want to be kept beside it"), ("备注", "需要一并保存的说明")),
)


def form_of(path: Path) -> str:
    """The form that the name of a sheet asks for. Raises `UsageFault` unknown_suffix."""
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        raise UsageFault(
            "unknown_suffix",
            "nothing says in which form {file} is to be",
            hint="end its name in one of {known}, or say it with -o",
            file=str(path),
            known=", ".join(FORMS),
        )
    return suffix


def give(session: Session, number: int, path: Path, language: str) -> Outcome:
    """Write the sheet of a sample into a new file. Raises `unknown_sample`, `file_exists`,
    `unknown_suffix`.
    """
    row = programmes.current(session.db, session.programme)
    sample = the_sample(session.db, row, number)
    form_of(path)
    if not session.dry_run:
        write(session, number, path, language)
    data = {"sample": number, "items": sample.size, "sheet": str(path)}
    says = (
        say(
            "fill in {file}, then: voucher audit sample --results {file} --actor NAME",
            file=str(path),
        ),
    )
    return Outcome(data, says=() if session.dry_run else says)


def write(session: Session, number: int, path: Path, language: str) -> None:
    """The same without a word. Raises `file_exists`, `unknown_suffix`, `unwritable_file`."""
    place = LANGUAGES.index(language)
    head = [each[place] for each in sheet.SHEET]
    items = store.items(session.db, number).rows(None)
    rows = [_row(number, each, place) for each in items]
    content = _workbook if form_of(path) == ".xlsx" else _csv
    whole_files.write_new(path, content(head, rows, place))


def _row(number: int, each: Item, place: int) -> list[str]:
    known = ["", "", "", ""]
    if each.fault is not None:
        result = sheet.RESULT_WORDS[bool(each.fault)][place]
        right = money.yuan(each.right_fen or 0) if each.fault else ""
        known = [result, _fault(each.fault, place), right, each.note or ""]
    return [str(number), str(each.item), each.number, money.yuan(each.amount_fen), *known]


def _fault(code: str, place: int) -> str:
    in_chinese = {english: chinese for chinese, english in sheet.FAULT_WORDS.items()}
    return in_chinese.get(code, "") if place else code


def _csv(head: list[str], rows: list[list[str]], place: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([disarm(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if place else "utf-8")


def _workbook(head: list[str], rows: list[list[str]], place: int) -> bytes:
    words = {
        "result": tuple(each[place] for each in sheet.RESULT_WORDS),
        "fault": tuple(_fault(code, place) for code in law.FAULTS),
    }
    columns = [
        BlankColumn(heading, "name", words.get(names[0], ()))
        for heading, names in zip(head, sheet.SHEET, strict=True)
    ]
    explained = [each[place] for each in EXPLAINED]
    names = (("sample", "about"), ("样本", "填写说明"))[place]
    return blank_workbooks.workbook(names[0], columns, names[1], explained, rows)
