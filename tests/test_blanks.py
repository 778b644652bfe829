"""Empty files to fill in: their headings are those that an import reads."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from vouchercli.formats.configs.fields import FIELDS, OF_EFFECTS, OF_PLATFORMS, OPTIONAL
from vouchercli.formats.tables import files
from vouchercli.ops.intake import blanks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

KINDS = {
    "merchant": "merchants",
    "application": "applications",
    "eligibility": "eligibility",
    "claim": "claims",
    "redemption": "redemptions",
}


def test_every_field_has_a_meaning() -> None:
    asked = FIELDS | {kind: OF_PLATFORMS[kind] for kind in OF_EFFECTS}
    assert {kind: tuple(meanings) for kind, meanings in blanks.MEANINGS.items()} == asked


@pytest.mark.parametrize(("noun", "kind"), KINDS.items())
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_import_reads_every_column_of_a_blank_file(
    voucher: Callable[..., Ran], here: Path, noun: str, kind: str, language: str, form: str
) -> None:
    voucher(noun, "blank", "--to", f"blank.{form}", "--lang", language)
    reading = files.read(here / f"blank.{form}", kind)
    assert reading.profile.profile == "voucher"
    assert reading.extra == ()
    assert all(field == "kind" or reading.has(field) for field in FIELDS[kind])
    assert [name.isascii() for name in reading.header] == [language == "en"] * len(FIELDS[kind])
    assert list(reading.records()) == []


@pytest.mark.parametrize("noun", KINDS)
def test_a_blank_file_without_rows_is_imported(voucher: Callable[..., Ran], noun: str) -> None:
    voucher("init")
    voucher("programme", "load", "hangzhou-2020")
    voucher(noun, "blank", "--to", "blank.xlsx", "--lang", "zh")
    assert "0 rows read" in voucher(noun, "import", "blank.xlsx").err


def test_the_columns_are_explained(voucher: Callable[..., Ran]) -> None:
    ran = voucher("claim", "blank")
    assert "the code of the" in ran.out
    columns = voucher("redemption", "blank", "-o", "json", "--lang", "zh").data["columns"]
    assert [column["field"] for column in columns] == list(FIELDS["redemptions"])
    assert columns[1]["column"] == "类型"
    assert columns[1]["example"] == "支付"
    assert {column["field"] for column in columns if not column["is_needed"]} == OPTIONAL[
        "redemptions"
    ]


def test_a_workbook_keeps_numbers_as_texts_and_explains_itself(
    voucher: Callable[..., Ran], here: Path
) -> None:
    voucher("redemption", "blank", "--to", "r.xlsx", "--lang", "zh")
    book = CalamineWorkbook.from_path(here / "r.xlsx")
    assert book.sheet_names == ["核销文件", "填写内容"]
    explained = book.get_sheet_by_name("填写内容").to_python()
    assert len(explained) == 1 + len(FIELDS["redemptions"])
    # the same workbook has the same bytes
    voucher("redemption", "blank", "--to", "again.xlsx", "--lang", "zh")
    assert (here / "r.xlsx").read_bytes() == (here / "again.xlsx").read_bytes()


def test_a_pipe_gets_the_workbook_itself(
    here: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from vouchercli.cli.main import main

    assert main(["merchant", "blank", "-o", "xlsx"]) == 0
    book = CalamineWorkbook.from_filelike(io.BytesIO(capfdbinary.readouterr().out))
    assert book.sheet_names[0] == "merchant registry"
    assert list(here.iterdir()) == []


def test_a_file_that_is_there_stays(voucher: Callable[..., Ran], here: Path) -> None:
    (here / "claims.csv").write_text("mine")
    for noun in KINDS:
        assert "[file_exists]" in voucher(noun, "blank", "--to", "claims.csv", expect=3).err
    assert (here / "claims.csv").read_text() == "mine"


def test_what_is_no_list_gives_no_workbook(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    assert "[no_workbook]" in voucher("schedule", "show", "-o", "xlsx", expect=2).err
