"""Files as they come: encodings, archives, spreadsheets, broken quotes. Bytes are written by the
tests.
"""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import xlsxwriter
import xlwt
from hypothesis import example, given
from hypothesis import strategies as st

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.profiles import EntryChoice
from vouchercli.formats.tables import archives, csvs
from vouchercli.formats.tables.sources import open_source

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "商户编号,商户名称\nM1,老王烧烤\nM2,知味观\n"
ROWS = [(1, ["商户编号", "商户名称"]), (2, ["M1", "老王烧烤"]), (3, ["M2", "知味观"])]


def written(folder: Path, content: bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zipped(folder: Path, entries: dict[str, bytes], name: str = "x.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return folder / name


def gbk_zipped(folder: Path, entries: dict[str, bytes]) -> Path:
    """A zip whose names are GBK without the UTF-8 flag, as Chinese platforms write them."""
    path = zipped(
        folder,
        {
            f"{'N' * len(name.encode('gb18030'))}{at}": content
            for at, (name, content) in enumerate(entries.items())
        },
    )
    raw = path.read_bytes()
    for at, name in enumerate(entries):
        encoded = name.encode("gb18030")
        raw = raw.replace(b"N" * len(encoded) + str(at).encode(), encoded + str(at).encode())
    return written(folder, raw, "x.zip")


def rows(path: Path | str, **options: object) -> list[tuple[int, list[str]]]:
    return list(open_source(path, **options).parts[0].rows())  # type: ignore[arg-type]


def refusal(path: Path | str, **options: object) -> VoucherError:
    with pytest.raises(VoucherError) as refused:
        rows(path, **options)
    return refused.value


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, said: str) -> None:
    path = written(tmp_path, TEXT.encode(encoding))
    assert open_source(path).encoding == said
    assert rows(path) == ROWS


def test_an_encoding_can_be_given(tmp_path: Path) -> None:
    path = written(tmp_path, "名前\n寿司\n".encode("shift_jis"))
    assert rows(path, encoding="shift_jis") == [(1, ["名前"]), (2, ["寿司"])]
    assert rows(path, fallback="shift_jis") == [(1, ["名前"]), (2, ["寿司"])]
    assert refusal(path, encoding="utf-8").code == "undecodable_as"
    assert refusal(path, encoding="klingon").code == "unknown_encoding"


def test_utf_16_without_a_mark_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode("utf-16-le"))
    assert refusal(path).code == "not_text"
    assert rows(path, encoding="utf-16-le") == ROWS


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode() + "M3,楼外楼\n".encode("gb18030"),
        TEXT.encode("gb18030") + "M3,楼外楼\n".encode(),
        b"merchant_no,name\n" + "M1,楼外楼\n".encode("gb18030") * 50 + "M3,知味观\n".encode(),
    ],
)
def test_two_encodings_in_one_file_are_refused_with_the_line(
    tmp_path: Path, content: bytes
) -> None:
    error = refusal(written(tmp_path, content))
    assert error.code == "undecodable"
    assert int(error.where.rpartition(":")[2]) >= 2


def test_bytes_that_are_no_text_are_refused_with_the_line(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, b"a,b\n1,2\n\xff\xff,3\n"))
    assert (error.code, error.where) == ("undecodable", f"{tmp_path}/x.csv:3")
    assert refusal(written(tmp_path, b"a,b\n1,\x002\n")).where == f"{tmp_path}/x.csv:2"
    long = "a,b\n" + "1,二\n" * 400_000  # read in several pieces
    assert (
        refusal(written(tmp_path, long.encode() + b"\xff\xff,3\n"), encoding="utf-8").where
        == f"{tmp_path}/x.csv:400002"
    )
    assert (
        refusal(written(tmp_path, long.encode() + b"1,\x00\n")).where == f"{tmp_path}/x.csv:400002"
    )


def test_a_character_cut_by_a_piece_is_whole(tmp_path: Path) -> None:
    text = "名\n" + "汉" * (1 << 20) + "\n"
    assert len(rows(written(tmp_path, text.encode()))[1][1][0]) == 1 << 20
    assert open_source(written(tmp_path, text.encode("gb18030"))).encoding == "gb18030"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: folder / "nothing.csv", "no_such_file"),
        (lambda folder: folder, "is_a_folder"),
        (lambda folder: written(folder, b""), "empty_file"),
        (lambda folder: written(folder, b"PAR1xxxx", "x.parquet"), "bad_parquet"),
        (lambda folder: written(folder, b"%PDF-1.4"), "foreign_file"),
        (lambda folder: written(folder, b"<html><table>", "x.xls"), "foreign_file"),
        (
            lambda folder: written(folder, b"\xd0\xcf\x11\xe0" + b"x" * 600, "x.xls"),
            "bad_spreadsheet",
        ),
        (lambda folder: written(folder, b"PK\x03\x04 cut off", "x.xlsx"), "bad_archive"),
        (
            lambda folder: written(folder, gzip.compress(TEXT.encode() * 99)[:-30], "x.csv.gz"),
            "bad_archive",
        ),
        (lambda folder: written(folder, b"\x1f\x8b broken", "x.csv.gz"), "bad_archive"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(tmp_path: Path, make: object, code: str) -> None:
    error = refusal(make(tmp_path))  # type: ignore[operator]
    assert error.code == code
    assert error.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"a")
    path.chmod(0)
    assert refusal(path).code == "unreadable_file"


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT.encode("gb18030"))))
    )
    source = open_source("-")
    assert (source.name, source.encoding) == ("-", "gb18030")
    assert list(source.parts[0].rows()) == list(source.parts[0].rows()) == ROWS


def test_whoever_opens_a_file_reads_a_stream_of_their_own() -> None:
    """The digest and the text are read by two threads. Releasing the stream of before lets the
    other one in: here it opens the same blob at that very moment.
    """
    nested: list[io.BytesIO] = []

    class Stream(io.BytesIO):
        def __del__(self) -> None:
            if not nested:
                nested.append(io.BytesIO())
                nested[:] = [blob.open()]

    class Somewhere:
        def open(self, mode: str) -> Stream:
            return Stream(b"abcd")

    blob = archives.blob_of(Somewhere(), "x", 4)  # type: ignore[arg-type]
    blob.open()
    mine = blob.open()
    assert nested
    assert mine is not nested[0]
    assert (nested[0].read(), mine.read()) == (b"abcd", b"abcd")


def test_a_gzip_and_a_zip_are_read_and_both_digests_are_known(tmp_path: Path) -> None:
    plain = open_source(written(tmp_path, TEXT.encode()))
    packed = open_source(written(tmp_path, gzip.compress(TEXT.encode(), mtime=0), "x.csv.gz"))
    assert plain.sha1s() < packed.sha1s()
    assert packed.sha256 != plain.sha256
    assert (
        rows(tmp_path / "x.csv.gz")
        == rows(zipped(tmp_path, {"a/x.csv": TEXT.encode(), "__MACOSX/a/._x.csv": b"junk"}))
        == ROWS
    )
    assert rows(zipped(tmp_path, {"x.csv.gz": gzip.compress(TEXT.encode())})) == ROWS


def test_a_zip_with_gbk_names_is_understood_and_a_profile_chooses(tmp_path: Path) -> None:
    path = gbk_zipped(
        tmp_path, {"2088_业务明细.csv": TEXT.encode("gb18030"), "2088_业务明细(汇总).csv": b"other"}
    )
    assert rows(path, choices=[EntryChoice(), EntryChoice("业务明细", "汇总")]) == ROWS
    error = refusal(path)
    assert error.code == "several_entries"
    assert "2088_业务明细.csv" in str(error)


@pytest.mark.parametrize(
    "entry", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "..\\x.csv", "C:\\x.csv"]
)
def test_an_entry_that_climbs_out_is_refused(tmp_path: Path, entry: str) -> None:
    assert refusal(zipped(tmp_path, {entry: TEXT.encode()})).code == "archive_climbs"


def test_an_archive_of_nothing_or_with_a_password_is_refused(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path, {"folder/": b"", "__MACOSX/x": b"x"})).code == "no_entry"
    raw = bytearray(zipped(tmp_path, {"x.csv": TEXT.encode()}).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(written(tmp_path, bytes(raw), "x.zip")).code == "archive_locked"


def test_a_bomb_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 1 << 20)
    content = b"a,b\n" * (1 << 20)
    assert refusal(written(tmp_path, gzip.compress(content), "x.csv.gz")).code == "archive_bomb"
    assert refusal(zipped(tmp_path, {"x.csv": content})).code == "archive_bomb"


# ---------------------------------------------------------------- spreadsheets


def xlsx(
    folder: Path, cells: dict[tuple[int, int], object], name: str = "x.xlsx", **formats: str
) -> Path:
    book = xlsxwriter.Workbook(str(folder / name), {"default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet("名录")
    for (row, column), value in cells.items():
        sheet.write(row, column, value)
    book.close()
    return folder / name


def test_a_spreadsheet_is_read_as_people_see_it(tmp_path: Path) -> None:
    from datetime import datetime

    path = xlsx(
        tmp_path,
        {
            (1, 0): "编号",
            (1, 1): "值",
            (2, 0): 11002.0,
            (2, 1): 131.77,
            (3, 0): "0012",
            (3, 1): datetime(2020, 3, 27, 8, 0, 0),
            (4, 0): 123456789012345678,
            (4, 1): 45.300000000000004,
            (5, 0): True,
            (5, 1): 0.1 + 0.2,
        },
    )
    source = open_source(path)
    assert (source.encoding, source.parts[0].name) == ("xlsx", "名录")
    assert rows(path)[1:] == [
        (2, ["编号", "值"]),
        (3, ["11002", "131.77"]),
        (4, ["0012", "2020-03-27 08:00:00"]),
        (5, ["1.23456789012346E+17", "45.3"]),
        (6, ["TRUE", "0.3"]),
    ]


def test_a_stream_belongs_to_whoever_opened_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")
    blob = archives.blob_of(tmp_path / "a.csv", "a.csv", 1)
    first, second = blob.open(), blob.open()
    with first, second:
        second.close()
        assert (first.read(), first is second) == (b"1", False)


def test_two_threads_open_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    blob = archives.blob_of(path, "a.csv.gz", path.stat().st_size)

    def read_all(_: int) -> bool:
        with blob.open() as stream:
            return gzip.decompress(stream.read()) == b"a,b\n1,2\n"

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read_all, range(200)))


def test_an_old_spreadsheet_is_read(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("一")
    for column, value in enumerate(("商户编号", "商户名称")):
        sheet.write(0, column, value)
    sheet.write(1, 0, 11002)
    sheet.write(1, 1, "老王烧烤")
    book.save(str(tmp_path / "x.xls"))
    assert open_source(tmp_path / "x.xls").encoding == "xls"
    assert rows(tmp_path / "x.xls") == [(1, ["商户编号", "商户名称"]), (2, ["11002", "老王烧烤"])]


def test_a_spreadsheet_named_as_text_is_refused_and_may_be_packed(tmp_path: Path) -> None:
    path = xlsx(tmp_path, {(0, 0): "a"})
    error = refusal(written(tmp_path, path.read_bytes(), "y.csv"))
    assert error.code == "wrong_suffix"
    assert error.hint.format(**error.params) == "rename it to end with .xlsx, or save it as CSV"
    assert rows(zipped(tmp_path, {"y.xlsx": path.read_bytes()})) == [(1, ["a"])]


def test_hidden_sheets_are_left_alone(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "x.xlsx"))
    book.add_worksheet("seen").write(0, 0, "a")
    book.add_worksheet("hidden").hide()
    book.close()
    assert [part.name for part in open_source(tmp_path / "x.xlsx").parts] == ["seen"]


# ---------------------------------------------------------------- CSV


def parsed(text: str) -> list[tuple[int, list[str]]]:
    return list(csvs.records(io.StringIO(text, newline=""), ","))


def test_a_record_over_several_lines_has_the_line_where_it_begins() -> None:
    assert parsed('a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n') == [
        (1, ["a", "b"]),
        (2, ["1", "x\r\ny"]),
        (4, []),
        (5, ["2", "z"]),
    ]


def test_a_quote_with_a_tab_behind_it_is_no_fault() -> None:
    assert parsed('1,"39"\t,"x"\t,/\n') == [(1, ["1", "39\t", "x\t", "/"])]


@pytest.mark.parametrize(
    "text",
    [
        'a,b,c\n1,"x,y\n2,p,q\n3,r,s\n',  # never closed
        'a,b,c\n1,"x,y\n2,"p",q\n3,r,s\n',  # closed by the next row's quote
        'a,b,c\n1,"x,y\n2,p,q\n3,"r",s\n',
        'a,b,c\n1,"x,' + "y" * 2_000_000 + "\n2,p,q\n3,r,s\n",  # beyond the longest cell
    ],
)
def test_no_line_is_believed_that_an_unclosed_quote_may_have_swallowed(text: str) -> None:
    found = parsed(text + "4,t,u\n" * csvs.REACH + "5,v,w\n")
    assert [line for line, _ in found] == list(range(1, 6 + csvs.REACH))
    assert isinstance(found[1][1], csvs.BrokenRow)
    assert [row[0] for _, row in found[2:5]] == ["2", "3", "4"]
    assert found[-1] == (5 + csvs.REACH, ["5", "v", "w"])
    broken = [row for _, row in found if isinstance(row, csvs.BrokenRow)]
    assert {(row.first, row.last) for row in broken} == {(2, 1 + len(broken))}


def test_a_file_cut_inside_its_last_quoted_cell_says_so() -> None:
    assert [type(row) for _, row in parsed('a,b\n1,"whole"\n2,"cut o')] == [
        list,
        list,
        csvs.BrokenRow,
    ]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a;b;c\n1;2,5;3\n", ["1", "2,5", "3"]),
        ("a\tb\n1\t2\n", ["1", "2"]),
        ("a,b\n1\t,2\t\n", ["1\t", "2\t"]),
    ],
)
def test_the_delimiter_is_seen(tmp_path: Path, text: str, row: list[str]) -> None:
    assert rows(written(tmp_path, text.encode()))[1][1] == row


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from(['"', "\n", ","]))


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1))
@example([["\n", "", "\n"]])
def test_what_csv_writes_is_read_back_unless_it_looks_swallowed(table: list[list[str]]) -> None:
    found = parsed(as_csv(table))
    if not any(looks_swallowed(row) for row in table):
        assert [bare(row) for _, row in found] == [bare(row) for row in table]


def bare(row: list[str]) -> list[str]:
    """The cells without the blanks before them: those behind a delimiter are none of a cell."""
    return [cell.lstrip(" ") for cell in row]


def as_csv(table: list[list[str]]) -> str:
    import csv

    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(table)
    return buffer.getvalue()


def looks_swallowed(row: list[str]) -> bool:
    """Whether a line within the record could be a row by itself."""
    return any(line.count(",") >= max(len(row), 3) - 1 for line in as_csv([row]).split("\n")[1:-2])


def test_a_temporary_file_has_no_name_that_a_killed_process_could_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blob = archives.spool(io.BytesIO(TEXT.encode()), "-")
    if archives.NAMELESS.is_dir():
        assert list(tmp_path.iterdir()) == []
    with blob.open() as one, blob.open() as other:
        assert (one.read(), other.read()) == (TEXT.encode(), TEXT.encode())
    monkeypatch.setattr(archives, "NAMELESS", tmp_path / "nowhere")
    opened = archives.spool(io.BytesIO(TEXT.encode()), "-").open  # who can open it holds it
    (named,) = tmp_path.iterdir()
    assert named.stat().st_mode & 0o077 == 0
    with opened() as one:
        assert one.read() == TEXT.encode()
