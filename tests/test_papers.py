"""Answers as pages, texts and workbooks: the same figures in every form, the same bytes each time."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.formats.written.pages import bars, html, markdown, workbook
from vouchercli.pages import Bars, Cell, Grid, Heading, Page, Words

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

AS_OF = ("--as-of", "2020-03-31")
SUFFIXES = ("html", "md", "docx", "xlsx", "csv", "json", "jsonl", "txt")


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    def build() -> None:
        shops = "merchant_no,name,industry\nM1,<b>面馆</b>,餐饮\nM2,=1+1,零售\n"
        towns.build(voucher, towns.programme(), towns.pack(), merchants=shops)
        towns.make_round(voucher, "r1", packs=9, state="open")
        rows = "".join(f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(4))
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + rows))
        paid = "".join(
            f"T{at},pay,C{at},1,M{1 + at % 2},2020-03-28 10:00:00,{50 + at}.50,0,10,\n"
            for at in range(4)
        )
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + paid))

    once("papers", build)
    return voucher


class Reader(HTMLParser):
    """The cells of a page's tables, its tags and what they ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data


def read_html(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def cells_of_markdown(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [row for row in rows if not set("".join(row)) <= {"-", ":"}]


def cells_of_docx(content: bytes) -> list[list[str]]:
    docx = pytest.importorskip("docx")
    document = docx.Document(io.BytesIO(content))
    return [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_form_has_the_same_figures(town: Voucher, lang: str) -> None:
    words = ("report", "leverage", "--by", "industry", *AS_OF, "--lang", lang)
    for suffix in SUFFIXES:
        town(*words, "-O", f"page.{suffix}")
    page = read_html(Path("page.html").read_text("utf-8"))
    plain = [
        [cell.replace("*", "") for cell in row]
        for row in cells_of_markdown(Path("page.md").read_text("utf-8"))
    ]
    assert page.rows == plain == cells_of_docx(Path("page.docx").read_bytes())
    figures = {row[0]: row[1:4] for row in reversed(page.rows)}  # the first table's
    assert figures["餐饮"] == ["2", "103.00", "20.00"]
    assert figures["零售"] == ["2", "105.00", "20.00"]
    assert figures["合计" if lang == "zh" else "total"] == ["4", "208.00", "40.00"]
    shown = town(*words, "-o", "csv").out
    assert Path("page.csv").read_text("utf-8") == shown


def test_a_workbook_has_real_numbers_and_texts(town: Voucher) -> None:
    calamine = pytest.importorskip("python_calamine")
    town("report", "leverage", "--by", "merchant", *AS_OF, "-O", "m.xlsx", "--lang", "zh")
    book = calamine.CalamineWorkbook.from_path("m.xlsx")
    assert book.sheet_names[-1] == "说明"
    head, *rows = book.get_sheet_by_index(0).to_python()
    assert head[:4] == ["商户", "名称", "核销笔数", "拉动消费（交易额，元）"]
    assert rows[0][:4] == ["M1", "<b>面馆</b>", 2, 103.0]
    assert rows[1][:4] == ["M2", "=1+1", 2, 105.0]  # a text, not a formula
    assert rows[-1][0] == "合计" and rows[-1][3] == 208.0
    about = {row[0]: row[1] for row in book.get_sheet_by_name("说明").to_python()}
    assert about["项目"] == "town" and about["截至"] == "2020-03-31 23:59:59"
    assert about["杠杆率"].endswith("不是新增消费")


@pytest.mark.parametrize("suffix", ["html", "md", "docx", "xlsx"])
def test_the_same_figures_have_the_same_bytes(
    town: Voucher, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, now in (("a", "2020-04-05 09:00"), ("b", "2021-01-01 10:00")):
        monkeypatch.setenv("VOUCHER_NOW", now)
        town("report", "leverage", *AS_OF, "-O", f"{name}.{suffix}")
    assert Path(f"a.{suffix}").read_bytes() == Path(f"b.{suffix}").read_bytes()


def test_a_page_asks_for_nothing_and_runs_nothing(town: Voucher) -> None:
    page = town("report", "leverage", "--by", "merchant", "-o", "html").out
    read = read_html(page)
    assert not read.addresses
    assert not {"script", "img", "link", "iframe", "b"} & {*read.tags}
    assert "default-src 'none'" in page and "@page" in page and "prefers-color-scheme" in page
    assert ["M1", "<b>面馆</b>"] in [row[:2] for row in read.rows]  # a name is a text
    assert read.tags.count("svg") == 1 and read.tags.count("rect") == 2


def test_lists_have_pages_too(town: Voucher) -> None:
    rows = read_html(town("merchant", "list", "-o", "html").out).rows
    assert ["M2", "=1+1"] in [row[:2] for row in rows]
    assert "M2" in town("merchant", "list", "-o", "md").out


def test_a_file_that_is_no_answer_is_never_replaced(town: Voucher) -> None:
    kept = Path("voucher.db").read_bytes()
    for words in (("-o", "csv", "-O", "voucher.db"), ("-O", "voucher.key")):
        ran = town("report", "leverage", *words, expect=None)
        assert ran.code in (2, 3)
    assert Path("voucher.db").read_bytes() == kept
    assert "unknown_suffix" in town("report", "leverage", "-O", "page", expect=2).err
    Path("folder.html").mkdir()
    assert "file_exists" in town("report", "leverage", "-O", "folder.html", expect=3).err
    assert "unwritable_file" in town("report", "leverage", "-O", "no/x.html", expect=3).err


def test_an_answer_is_replaced_whole_or_not_at_all(town: Voucher) -> None:
    town("report", "leverage", "-O", "x.csv")
    before = Path("x.csv").read_bytes()
    refused = town("report", "leverage", "--round", "nowhere", "-O", "x.csv", expect=3)
    assert "unknown_round" in refused.err
    assert Path("x.csv").read_bytes() == before
    assert [each.name for each in Path().glob(".x.csv*")] == []
    town("report", "rounds", "-O", "x.csv")
    assert Path("x.csv").read_bytes() != before


def test_other_commands_give_no_page(town: Voucher) -> None:
    assert "no_page" in town("programme", "show", "-o", "html", expect=2).err
    assert "no_workbook" in town("programme", "show", "-o", "xlsx", expect=2).err


def test_without_its_library_a_text_is_refused_in_words(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    assert "library_missing" in town("report", "leverage", "-O", "x.docx", expect=3).err
    assert not Path("x.docx").exists()


def test_the_catalogue_is_shown(town: Voucher) -> None:
    told = town("report", "list", "-o", "json").data
    assert {each["report"] for each in told["reports"]} >= {"leverage", "rounds"}
    keys = {each["key"] for each in told["measures"]}
    row = town("report", "leverage", "-o", "json").data["rows"][0]
    assert {"gross", "own_spend", "floor", "base_fen"} <= keys & {*row}
    assert "不是新增消费" in town("report", "list", "--lang", "zh", "-o", "csv").out


# ---------------------------------------------------------------- the forms by themselves

WORDS = Words("About", "Meanings", "Notes", "(none)")


def page(*rows: tuple[str, float | None], has_total: bool = False) -> Page:
    cells = [
        [Cell(name), Cell("–" if number is None else str(number), number and int(number))]
        for name, number in rows
    ]
    headings = (Heading("Name"), Heading("Sum", "int"))
    grid = Grid("A: grid/of [all]", headings, cells, has_total, ("a *note*",), Bars(0, 1))
    return Page("en", "Title | one", (), (grid, grid), (("Sum", "what <is> meant"),), (), WORDS)


def test_signs_of_markdown_stay_signs() -> None:
    text = markdown.render(page(("a|b_c", 1), ("# x", 2)))
    assert r"| a\|b\_c | 1 |" in text and r"| \# x | 2 |" in text and r"a \*note\*" in text


def test_sheets_have_names_that_spreadsheets_take() -> None:
    calamine = pytest.importorskip("python_calamine")
    content = workbook.render(page(("a", 1), ("b", 2)))
    names = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    assert names == ["A  grid of  all", "A  grid of  all 2", "About"]


def test_a_long_book_has_the_bytes_that_the_library_writes(monkeypatch: Any) -> None:
    numbers = (1, -7, 0, None, Decimal("0.57"), Decimal("-4503599627370.51"), 12_345_678_901)
    rows = [[Cell(f"<{at}> & 'b'"), Cell("", number)] for at, number in enumerate(numbers)]
    short = page(("a", 1))
    long = replace(short, grids=(replace(short.grids[0], rows=rows),))
    monkeypatch.setattr(workbook, "LONG", 2)
    content = workbook.render(long)
    monkeypatch.setattr(workbook, "_long_sheet", lambda: None)
    assert workbook.render(long) == content
    calamine = pytest.importorskip("python_calamine")
    sheet = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    found = [row[1] for row in sheet.to_python()[1:]]
    assert found == ["" if number is None else float(number) for number in numbers]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([("a", 1), ("b", 2)], 2),
        ([("a", 1)], 0),
        ([], 0),
        ([("a", 0), ("b", 0)], 0),
        ([("a", -1), ("b", 2)], 0),
        ([("a", None), ("b", 2), ("c", 1)], 2),
        ([(str(at), 1) for at in range(bars.MOST + 1)], 0),
    ],
)
def test_a_picture_is_there_where_there_is_something_to_compare(
    rows: list[tuple[str, float | None]], count: int
) -> None:
    text = html.render(page(*rows))
    assert len(re.findall("<rect ", text)) == 2 * count


def test_the_total_is_no_bar() -> None:
    text = html.render(page(("a", 1), ("b", 2), ("total", 3), has_total=True))
    assert len(re.findall("<rect ", text)) == 4
    assert text.count("<tfoot>") == 2


def test_a_long_label_is_cut_in_the_picture_and_whole_in_the_table() -> None:
    name = "很长的名字" * 9
    text = html.render(page((name, 1), ("b", 2)))
    assert text.count(name) == 2 and "…</text>" in text
