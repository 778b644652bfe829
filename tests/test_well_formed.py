"""What a row is: a record that parses strictly is believed, a place whose quote marks do not fit
together is rejected line by line. The oracle for well-formed files is Python's strict CSV reader.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_formats_sources import written

from vouchercli.formats.columnar import blocks
from vouchercli.formats.configs.fields import FIELDS
from vouchercli.formats.tables import csvs
from vouchercli.formats.tables.files import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vouchercli.formats.tables.records import Reading

HEADER = (
    "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,"
    "subsidy,refund_of,备注\n"
)


def row(number: str, note: str = "", claim: str = "C1") -> str:
    return f"{number},pay,{claim},1,M1,2020-03-27 12:00:00,45.00,0,10.00,,{note}\n"


INNER = row("T9", "x", "C2")


def lines_and_classes(text: str, *widths: int) -> list[tuple[int, str]]:
    lines = io.StringIO(text, newline="")
    found = csvs.records(lines, ",", 1, frozenset(widths))
    return [(line, type(cells).__name__ if cells else "blank") for line, cells in found]


# ---------------------------------------------------------------- well-formed files

CELL = st.text(st.sampled_from('ab汉1,"\n\r\t ;'), max_size=12)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(TABLES, st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", ";", "\t", "|"]))
def test_a_well_formed_file_is_read_as_a_strict_reader_reads_it(
    table: list[list[str]], end: str, delimiter: str
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows(table)
    wanted = list(
        csv.reader(
            io.StringIO(buffer.getvalue(), newline=""),
            delimiter=delimiter,
            strict=True,
            skipinitialspace=delimiter != " ",
        )
    )
    text = io.StringIO(buffer.getvalue(), newline="")
    found = list(csvs.records(text, delimiter, 1, frozenset({len(table[0])})))
    assert [list(cells) for _, cells in found] == wanted
    assert not any(isinstance(cells, csvs.BrokenRow) for _, cells in found)
    line = 1
    for number, cells in found:
        assert number == line
        line += 1 + (len(cells.lines) if isinstance(cells, csvs.LongRow) else 0)


@pytest.mark.parametrize(
    "note",
    [
        f'"少放辣\n{INNER}谢谢"',
        f'"少放辣\n{INNER.strip()}"',
        f'"{INNER}谢谢"',
        f'"少放辣\r\n{INNER}谢谢"',
        '"说""辣""\n' + INNER.replace(",x", ',""x""') + '谢谢"',
    ],
)
def test_lines_of_a_remark_are_never_rows(note: str, city: Any, here: Path) -> None:
    voucher = city()
    (here / "f.csv").write_text(HEADER + row("T1", note) + row("T2", "", "C3"), "utf-8", newline="")
    data = voucher("redemption", "import", "f.csv", "-o", "json").json["data"]
    assert (data["read"], data["accepted"], data["rejected"]) == (2, 2, 0)
    assert data["warning_reasons"] == {"lines_inside_a_cell": 1}
    listed = voucher("redemption", "list", "-o", "json").json["data"]["redemptions"]
    assert sorted(each["transaction_no"] for each in listed) == ["T1", "T2"]


def test_the_warning_names_the_first_and_the_last_line(city: Any, here: Path) -> None:
    (here / "f.csv").write_text(HEADER + row("T1", f'"a\n{INNER}b"'), "utf-8")
    ran = city()("redemption", "import", "f.csv", "-o", "json")
    (problem,) = ran.json["problems"]
    assert (problem["code"], problem["level"], problem["where"]) == (
        "lines_inside_a_cell",
        "warning",
        "f.csv:2",
    )
    assert problem["message"].startswith("lines 2 to 4 are one row")


def test_the_warning_comes_also_when_the_row_is_judged_again(city: Any, here: Path) -> None:
    voucher = city()
    (here / "f.csv").write_text(HEADER + row("T1", f'"a\n{INNER}b"').replace("M1", "M9"), "utf-8")
    batch = voucher("redemption", "import", "f.csv", "-o", "json", expect=4).json["data"]["batch"]
    (here / "m.csv").write_text("merchant_no,name\nM9,丙\n", "utf-8")
    voucher("merchant", "import", "m.csv")
    data = voucher("batch", "retry", str(batch), "-o", "json").json
    assert (data["data"]["accepted"], data["data"]["warning_reasons"]) == (
        1,
        {"lines_inside_a_cell": 1},
    )
    assert data["problems"][0]["message"].startswith("lines 2 to 4 are one row")


def test_lines_that_could_be_no_rows_carry_no_warning(city: Any, here: Path) -> None:
    (here / "f.csv").write_text(HEADER + row("T1", '"a, b\nc, d\ne"'), "utf-8")
    data = city()("redemption", "import", "f.csv", "-o", "json").json["data"]
    assert (data["accepted"], data["warnings"]) == (1, 0)


def test_an_address_of_three_lines_is_one_merchant(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "m.csv").write_text(
        "merchant_no,name,district,industry,size,address\n"
        'M001,知味观,上城区,餐饮,small,"营业时间\n周一,周二,周三,周四,周五,周六\n仁和路83号"\n',
        "utf-8",
    )
    voucher("merchant", "import", "m.csv")
    listed = voucher("merchant", "list", "-o", "json").json["data"]["merchants"]
    assert [each["merchant_no"] for each in listed] == ["M001"]
    assert "周一,周二" in voucher("merchant", "show", "M001").out


ANNOUNCED = """\
profile: announced
kind: merchants
name: {zh: 名录, en: list}
columns: {merchant_no: 号, name: 名}
footer: {like: ^合计, required: true}
checks: [{find: '合计(?P<rows>\\d+)家'}]
"""


@pytest.mark.parametrize(("count", "code"), [(2, None), (3, "footer_mismatch")])
def test_a_count_that_fails_refuses_the_file(
    count: int, code: str | None, voucher: Any, here: Path
) -> None:
    """Whether the lines of a cell are rows is what the announced count decides."""
    voucher("init")
    (here / "p.yaml").write_text(ANNOUNCED, "utf-8")
    (here / "m.csv").write_text(f'号,名\n1,"甲\n2,乙\n丙"\n3,丁\n合计{count}家\n', "utf-8")
    ran = voucher("merchant", "import", "m.csv", "--profile", "p.yaml", "-o", "json", expect=None)
    assert [each["code"] for each in ran.json["problems"]] == [code or "lines_inside_a_cell"]


# ---------------------------------------------------------------- damaged places

ROWS = [f"{number},b,c\n" for number in range(9)]


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        # closed by chance where another cell opens, or ends
        (['1,"x,y\n', "2,p,q\n", '3,"r",s\n'], [1, 2, 3]),
        (['1,x,"y\n', "2,p,q\n", '3,r",s\n'], [1, 2, 3]),
        # the width is wrong because rows were swallowed
        (['1,x,"y\n', "2,p,q\n", '3",r,s\n'], [1, 2, 3]),
        # a quote mark inside a quoted cell: this line only ...
        (['1,"B "best" shop",z\n', "2,p,q\n", '3,"r",s\n'], [1]),
        (['1,"esc \\"q\\", ok",v\n', "2,p,q\n"], [1]),
        # ... unless what follows shows that the cell goes on
        (['1,x,"少"放"辣"\n', "2,p,q\n", '谢谢"\n'], [1, 2, 3]),
        (['1,x,"A "B"\n', 'A"\n'], [1, 2]),
        (['1,"My \\"q\\" shop","a\n', 'line break"\n'], [1, 2]),
        # the quote that closed it by chance opened a cell of several lines
        (['1,"x\n', '3,"r\n', "T9,p,q\n", 'x",s\n'], [1, 2, 3, 4]),
        # what stands between two such lines, and behind them, is read
        (['1,"新"时代,z\n', "2,p,q\n", "\n", '3,"老"字号,q\n', "4,p,q\n", '5,"r",s\n'], [1, 4]),
        (['1,"新"时代,z\n', "2,p,q\n", "合计\n", '3,"r",s\n'], [1]),
        (['1,x,"y\n', "2,p,q\n", '3,"老"字号,q\n', "4,p,q\n"], [1, 2, 3]),
        # nothing closes it
        (['1,x,"y\n', "2,p,q\n", "3,r,s\n"], list(range(1, 13))),
    ],
)
def test_every_line_of_a_damaged_place_is_rejected_and_none_behind_it(
    lines: list[str], broken: list[int]
) -> None:
    found = lines_and_classes("".join([*lines, *ROWS]), 3)
    filled = [at for at, line in enumerate([*lines, *ROWS], 1) if line.strip()]
    assert [line for line, cells in found if cells != "blank"] == filled
    assert [line for line, name in found if name == "BrokenRow"] == broken


def test_honest_rows_far_behind_an_open_quote_are_read() -> None:
    text = '1,x,"y\n' + "2,b,c\n" * 4000
    found = lines_and_classes(text, 3)
    assert [line for line, name in found if name == "BrokenRow"] == list(range(1, csvs.REACH + 2))
    assert len(found) == 4001


@pytest.mark.parametrize("text", ['1,"39"\t,x\n', '1,"39" ,x\n', '1,a "b" c,12"\n', '1,"",""\n'])
def test_what_payment_exports_write_is_well_formed(text: str) -> None:
    assert lines_and_classes(text, 3) == [(1, "list")]


def test_a_damaged_place_says_so_and_stays_rejected_when_judged_again(
    city: Any, here: Path
) -> None:
    voucher = city()
    (here / "f.csv").write_text(
        HEADER + row("T1", '"少"放"辣"') + INNER + '谢谢"\n' + row("T3", "", "C3"), "utf-8"
    )
    data = voucher("redemption", "import", "f.csv", "-o", "json", expect=4).json
    assert (data["data"]["read"], data["data"]["accepted"]) == (4, 1)
    assert {each["message"] for each in data["problems"]} == {
        "the quote marks in lines 2 to 4 do not fit together: nobody can tell which of these lines"
        " are rows"
    }
    batch = str(data["data"]["batch"])
    again = voucher("batch", "retry", batch, "-o", "json", expect=4).json["data"]
    assert (again["accepted"], again["rejected"]) == (0, 3)
    voucher("batch", "rejects", batch, "--to", "mend.csv")
    kept = list(csv.reader((here / "mend.csv").open(encoding="utf-8-sig", newline="")))
    assert [cells[0] for cells in kept[1:]] == ["T1", "T9", '谢谢"']
    mended = [kept[0], [*kept[1][:10], "少放辣", *kept[1][11:]], kept[2]]
    with (here / "mended.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(mended)
    assert voucher("redemption", "import", "mended.csv", "-o", "json").json["data"]["accepted"] == 2


# ---------------------------------------------------------------- both ways of reading

NOTES = ("", "x", '"a, b"', '"a\nb"', f'"a\n{INNER}b"', '"open', 'a"b', '"a" b', '"a"\t', '""', ",")
PIECES = st.lists(
    st.one_of(
        st.sampled_from(NOTES).map(lambda note: row("T1", note)),
        st.sampled_from(["\n", "T2,pay\n", '谢谢"\n', HEADER, INNER]),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(PIECES, st.integers(1, 6))
def test_rows_and_columns_read_every_file_alike(
    tmp_path: Path, pieces: list[str], size: int
) -> None:
    reading = read(written(tmp_path, (HEADER + "".join(pieces)).encode()), "redemptions")
    last, found = by_columns(reading, size)
    wanted = [
        (record.line, record.values if record.fault is None else record.fault.text)
        for record in reading.records()
        if record.line <= last
    ]
    assert sorted(found, key=lambda each: each[0]) == wanted


def by_columns(reading: Reading, size: int) -> tuple[int, list[tuple[int, Any]]]:
    """The last line that is read by columns, and what is read up to there."""
    last, found = 0, []
    try:
        for block in blocks.blocks(reading, 0, lambda line: -(-line // size) * size):
            found += list(_rows_of(block))
            last = block.last_line
    except blocks.NotByLinesError:
        pass
    return last, found


def _rows_of(block: blocks.Block) -> Iterator[tuple[int, Any]]:
    frame, others = block.columns()
    for made in frame.to_dicts():
        yield made["line"], tuple(made[field] for field in FIELDS["redemptions"])
    for record in block.records(others):
        yield record.line, record.values if record.fault is None else record.fault.text
