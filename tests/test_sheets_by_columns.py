"""Large sheets come in by columns as row by row: the same facts, rejects, warnings and messages,
whatever stands in their cells.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from test_lists_by_columns import APPLICATIONS, COLUMNS, LEFT, LIST, NUMBER, ROWS, often, town

from vouchercli.errors import VoucherError
from vouchercli.formats.tables import files, line_texts
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake.applications import import_applications
from vouchercli.ops.intake.eligibility import import_eligibility

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENT = datetime(2020, 3, 27, 8, 0, 0)
CELLS: list[list[Any]] = [
    ["1", "2", "3", "4", "5", "6", 7, 8.0, 7.5, "", "1\n2", MOMENT, ("=1/0", "#DIV/0!"), NUMBER],
    ["r", "r", "r", "R", "medics", "none", " r ", "lucky", "r\n", True],
    [
        "ann",
        "bob",
        "cat",
        13812345678,
        "138-1234-5678",
        123456789012345678,
        "",
        "#N/A",
        0.25,
        "q,r",
    ],
    [
        MOMENT,
        MOMENT,
        "2020-03-27 08:00:00",
        "2020-03-27 09:00:00",
        43917.5,
        "soon",
        "",
        "2020-03-27",
    ],
    ["", "低保", "a\nb", "a\r\nb", 'say "b"', "a,b", ("=A1", None), 5, "x\u2028y"],
    ["", "上城区", "\n", "13812345678", "-"],
    ["", "d1", "d2", 3, ("=1+1", 2)],
]
ROW = st.tuples(*(st.sampled_from(cells) for cells in CELLS))
BLANK = ("",) * len(CELLS)
SHEET_ROWS = st.lists(
    st.one_of(
        *[ROW] * 6,
        st.just(BLANK),
        ROW.map(lambda row: (*row, "more")),
        ROW.map(lambda row: row[:3]),
        st.just((*APPLICATIONS.split(",")[:7],)),
    ),
    min_size=1,
    max_size=20,
)
HEADER = (*APPLICATIONS.split(",")[:7],)


def write_xlsx(path: Path, rows: list[Any]) -> None:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"})
    page = book.add_worksheet()
    codes = book.add_format({"num_format": "000000"})
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, tuple):
                page.write_formula(at, place, cell[0], value="" if cell[1] is None else cell[1])
            elif cell == 7:
                page.write_number(at, place, cell, codes)
            elif isinstance(cell, str):
                page.write_string(at, place, cell)
            else:
                page.write(at, place, cell)
    book.close()


def write_xls(path: Path, rows: list[Any]) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("s")
    dates = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, tuple):
                page.write(at, place, xlwt.Formula(cell[0][1:]))
            elif isinstance(cell, datetime):
                page.write(at, place, cell, dates)
            else:
                page.write(at, place, cell)
    book.save(str(path))


def imported(
    file: Path, take: Callable[..., Any], rows: int, width: int
) -> tuple[dict[str, Any], bool]:
    """What is left after the import, by columns from so many rows on; and whether it was."""
    was_written = []
    of_sheet = line_texts.of_sheet

    def watched(*args: Any, **options: Any) -> Any:
        was_written.append(of_sheet(*args, **options))
        return was_written[-1]

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", width)
        patch.setattr(by_columns, "ROWS", rows)
        patch.setattr(line_texts, "of_sheet", watched)
        with closing((session := town(Path(folder))).db) as db:
            try:
                outcome = take(session, str(file))
            except VoucherError as error:
                return {"refused": error.code}, False
            left = {name: [tuple(row) for row in db.execute(sql)] for name, sql in LEFT.items()}
            cells = "SELECT batch_id, line, cells FROM rejects ORDER BY 1, 2"
            left["cells"] = [tuple(row) for row in db.execute(cells)]
            left |= {"told": outcome.data, "problems": outcome.problems, "says": outcome.says}
    return left, bool(was_written) and was_written[0] is not None


@often
@given(rows=SHEET_ROWS, above=st.sampled_from([0, 3]), wide=st.booleans(), is_old=st.booleans())
def test_sheets_come_in_by_columns_as_row_by_row(
    rows: list[Any], above: int, wide: bool, is_old: bool
) -> None:
    with TemporaryDirectory() as folder:
        header = (*HEADER, "", "") if wide else HEADER
        file = Path(folder, "sheet.xls" if is_old else "sheet.xlsx")
        write = write_xls if is_old else write_xlsx
        write(file, [*[("报表",)] * above, header, *rows])
        by_rows, _ = imported(file, import_applications, ROWS, 100)
        columns, _ = imported(file, import_applications, COLUMNS, 100)
    assert columns == by_rows


@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_a_sheet_is_written_out_with_all_that_it_shows(tmp_path: Path, suffix: str) -> None:
    rows = [
        ("报表",),
        HEADER,
        ("1", "r", "ann", MOMENT, "a\nb", "", ""),
        (7, "r", "bob", MOMENT, 'say "b", c', "", ""),
        BLANK,
        ("3", "r", "cat", MOMENT, "", "", "d1"),
    ]
    file = tmp_path / f"sheet.{suffix}"
    (write_xlsx if suffix == "xlsx" else write_xls)(file, rows)
    reading = files.read(file, "applications")
    assert reading.height == 6
    text = reading.as_lines()
    assert text is not None
    with text.text.open() as stream:
        lines = stream.read().decode().split("\n")
    assert [text.row(line) for line in lines[2:-1]] == [row for _, row in reading.rows()]
    assert len(lines) == 7
    assert reading.numbers == ({0: "application_no"} if suffix == "xls" else {})  # 000007 is shown
    left, is_by_columns = imported(file, import_applications, COLUMNS, 100)
    assert is_by_columns
    assert sorted(row[-1] for row in left["applications"]) == [3, 4, 6]


def test_a_sheet_that_holds_the_marks_itself_is_read_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "list.xls"
    write_xls(file, [(*LIST.split(","),), ("ann", "a\x1eb", ""), ("bob", "", "")])
    assert files.read(file, "eligibility").as_lines() is None
    left, is_by_columns = imported(file, import_eligibility, COLUMNS, 100)
    assert not is_by_columns
    assert left["told"]["read"] == 2


def test_several_sheets_that_are_one_file_are_read_row_by_row(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "two.xlsx"))
    for name in ("one", "two"):
        book.add_worksheet(name).write_row(0, 0, LIST.split(","))
        book.get_worksheet_by_name(name).write_row(1, 0, [name, "g", "d"])
    book.close()
    profile = tmp_path / "p.yaml"
    profile.write_text(
        "profile: two\nkind: eligibility\nsheets: all\ncolumns:\n  resident: resident\n"
        "  group: group\n  district: district\n",
        "utf-8",
    )
    reading = files.read(tmp_path / "two.xlsx", "eligibility", profile=profile)
    assert (reading.height, reading.as_lines()) == (0, None)
    assert [record.values[0] for record in reading.records()] == ["one", "two"]
