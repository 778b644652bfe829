"""Which lines of a large file are read by columns and which one by one, and what the columns hold;
results that are the same either way would hide that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from test_formats_sources import written

pytest.importorskip("polars")

from test_by_columns import BY_COLUMNS, BY_ROWS, HEADER, come_to

from vouchercli.errors import VoucherError
from vouchercli.formats.columnar import blocks, checks, frames, lines
from vouchercli.formats.configs.fields import DETAILS
from vouchercli.formats.tables.files import read

if TYPE_CHECKING:
    from pathlib import Path


PLAIN = "T1,pay,C1,1,M1,2020-03-27 12:00:00,50.00,0.00,10.00,"


def split(
    folder: Path,
    content: str | bytes,
    *,
    at: int = 1 << 40,
    last_row: int = lines.NO_END,
    **options: Any,
) -> list[lines.Lines]:
    """The lines of a file in pieces that end at multiples of `at`."""
    raw = content.encode() if isinstance(content, str) else content
    reading = read(written(folder, raw), "redemptions", **options)
    pieces = lines.pieces(reading, lambda line: -(-line // at) * at)
    return [lines.sort_lines(reading, piece, last_row) for piece in pieces]


@pytest.mark.parametrize(
    ("rows", "regular", "irregular"),
    [
        ([PLAIN, PLAIN], [2, 3], []),
        ([PLAIN, "", PLAIN], [2, 4], [3]),
        ([PLAIN + ",x", PLAIN], [3], [2]),
        ([PLAIN[:-1], PLAIN], [3], [2]),
        ([PLAIN.replace("C1", '"C1"')], [2], []),
        ([PLAIN.replace("C1", '"C,1"'), PLAIN], [2, 3], []),
        ([PLAIN.replace("C1", '"C""1"')], [2], []),
        ([PLAIN.replace("C1", '"C1" '), PLAIN], [3], [2]),
        ([PLAIN.replace("C1", '"C1"') + ",x", PLAIN.replace("T1", '"T2"')], [3], [2]),
        ([PLAIN + '""'], [2], []),
    ],
)
def test_a_line_of_the_headers_width_is_regular(
    rows: list[str], regular: list[int], irregular: list[int], tmp_path: Path
) -> None:
    (found,) = split(tmp_path, HEADER + "\n".join(rows) + "\n")
    assert (found.regular.tolist(), found.irregular.tolist()) == (regular, irregular)
    texts = (HEADER + "\n".join(rows) + "\n").splitlines(keepends=True)
    assert found.text().decode() == "".join(texts[number - 1] for number in regular)
    assert found.is_quoted == any('"' in texts[number - 1] for number in regular)
    if irregular:
        assert len(found.row(irregular[0])) != 10 or rows[irregular[0] - 2].count('"')


@pytest.mark.parametrize("odd", [PLAIN.replace("C1", '"C1'), PLAIN.replace("C1", '"C\n1"')])
def test_a_quoted_cell_over_two_lines_is_not_read_by_lines(odd: str, tmp_path: Path) -> None:
    with pytest.raises(lines.NotByLinesError):
        split(tmp_path, f"{HEADER}{odd}\n{PLAIN}\n")


def test_what_stands_above_the_header_or_below_the_last_row_is_neither(tmp_path: Path) -> None:
    (found,) = split(tmp_path, f"remark\n\n{HEADER}{PLAIN}\nodd\n{PLAIN}\n", last_row=5)
    assert (found.regular.tolist(), found.irregular.tolist()) == ([4], [5])
    assert found.text().decode() == PLAIN + "\n"
    assert found.row(5) == ["odd"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("is_ended", [True, False])
def test_pieces_end_where_they_are_asked_to(
    at: int, end: str, is_ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "PIECE", 64)
    text = end.join([HEADER.strip(), *[PLAIN] * 4]) + (end if is_ended else "")
    pieces = [found.piece for found in split(tmp_path, text, at=at)]
    assert [(piece.first, piece.last) for piece in pieces] == [
        (first, min(first + at - 1, 5)) for first in range(1, 6, at)
    ]
    assert [piece.is_last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert b"".join(piece.data for piece in pieces).decode() == HEADER + (PLAIN + "\n") * 4


def test_an_encoding_with_wide_newlines_is_not_read_by_lines(tmp_path: Path) -> None:
    (found,) = split(tmp_path, f"{HEADER}{PLAIN.replace('M1', '店')}\n".encode("gb18030"))
    assert "店" in found.text().decode()
    with pytest.raises(lines.NotByLinesError):
        split(tmp_path, f"{HEADER}{PLAIN}\n".encode("utf-16"))
    with pytest.raises(lines.NotByLinesError):
        split(tmp_path, f"{HEADER}{PLAIN}\n".encode(), encoding="iso2022_jp")
    with pytest.raises(lines.NotByLinesError):
        split(tmp_path, f"{HEADER}{PLAIN}\r{PLAIN}\n")


# ---------------------------------------------------------------- the columns

MADE = (
    "profile: made\nkind: redemptions\nunit: fen\nrefunds: negative\n"
    "columns:\n"
    "  transaction_no: {pay: 号, refund: 退号}\n"
    "  kind: {column: 类, pay: 付, refund: 退}\n"
    "  claim_no: {column: 券, pattern: '(\\w+)-\\d+'}\n"
    "  coupon_no: {column: 券, pattern: '-(\\d+)'}\n"
    "  merchant_no: 店\n"
    "  paid_at: 时\n"
    "  order_amount: 额\n"
    "  subsidy: 券额\n"
    "  channel: {column: 渠, words: {线上: online}, default: offline}\n"
    "  refund_of: {pay: {value: ''}, refund: 号}\n"
    "skip: [{column: 态, like: 失败}]\n"
)
MADE_ROWS = [
    "1,,付款,C1-2,M1,2020-03-27 12:00:00,4500,1000,线上,成功",
    "1,r1,退款,C1-2,M1,2020-03-27 13:00:00,-4500,-1000,,成功",
    "`2 ,,付款,C2-1, M1,2020-03-27T12:00:00,5,0,线上,成功",
    "3,,付款,C2-1,M1,2020-03-27 12:00:00,4500,1000,线上,失败",
    "4,,付款,C3,M1,2020-03-27 12:00:00,4500,1000,线上,成功",
    "5,,?,C3-1,M1,2020-03-27 12:00:00,4500,1000,线上,成功",
    "6,,付款,C3-1,,2020-03-27 12:00:00,4500,1000,线上,成功",
    "7,,付款,C3-1,M1,2020-03-27 12:00,4500,1000,线上,成功",
    "8,,付款,C3-1,M1,2020-03-27 12:00:60,4500,1000,线上,成功",
    "9,,付款,C3-1,M1,2020-03-27 12:00:00,45.00,1000,线上,成功",
    "2020-05-01,,付款,C3-1,M1,2020-03-27 12:00:00,4500,1000,线上,成功",
    "1-0,,付款,C3-1,M1,2020-03-27 12:00:00,4500,1000,电话,成功",
]


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """A reading of rows of every kind by a profile that uses all that columns can do."""
    profile = written(tmp_path, MADE.encode(), "made.yaml")
    text = "号,退号,类,券,店,时,额,券额,渠,态\n" + "\n".join(MADE_ROWS) + "\n"
    return read(written(tmp_path, text.encode()), "redemptions", profile=str(profile))


def test_plain_rows_are_columns_and_the_others_keep_their_lines(made: Any) -> None:
    assert made.plan.is_columnar
    (block,) = blocks.blocks(made, 0, lambda line: 1 << 40)
    frame, others = block.columns()
    assert (block.last_line, block.is_last) == (13, True)
    by_columns = {row.pop("line"): row for row in frame.to_dicts()}
    # line 5 is left out; a blank merchant and an unclear kind are for the judge
    assert ([*by_columns], others) == ([2, 4, 7, 8], [3, 6, 9, 10, 11, 12, 13])
    by_rows = {
        record.line: dict(zip(made.plan.origins, record.values, strict=True))
        for record in block.records((2, 4))
    }
    assert by_rows == {line: by_columns[line] for line in by_rows} and len(by_rows) == 2
    assert by_columns[2] == {
        "transaction_no": "1",
        "kind": "pay",
        "claim_no": "C1",
        "coupon_no": "2",
        "merchant_no": "M1",
        "platform_no": "",
        "paid_at": "2020-03-27 12:00:00",
        "order_amount": "45.00",
        "merchant_discount": "0",
        "subsidy": "10.00",
        "refund_of": "",
        "channel": "online",
        **dict.fromkeys(DETAILS, ""),
    }
    assert (by_columns[4]["transaction_no"], by_columns[4]["order_amount"]) == ("2", "0.05")


def test_a_refund_has_its_own_columns_and_the_other_sign(tmp_path: Path) -> None:
    profile = written(tmp_path, MADE.replace("unit: fen\n", "").encode(), "yuan.yaml")
    text = "号,退号,类,券,店,时,额,券额,渠,态\n" + (
        "1,r1,退款,C1-2,M1,2020-03-27 13:00:00,-45.00,-0.50,,成功\n"
        "1,,付款,C1-2,M1,2020-03-27 13:00:00,45,0.00,,成功\n"
        "2,r2,退款,C1-2,M1,2020-03-27 13:00:00,45,0.00,,成功\n"
    )
    path = written(tmp_path, text.encode())
    reading = read(path, "redemptions", profile=str(profile))
    (block,) = blocks.blocks(reading, 0, lambda line: 1 << 40)
    frame, others = block.columns()
    wanted = ("transaction_no", "kind", "order_amount", "subsidy", "refund_of", "channel")
    assert [tuple(row[name] for name in wanted) for row in frame.to_dicts()] == [
        ("r1", "refund", "45.00", "0.50", "1", "offline"),
        ("1", "pay", "45", "0.00", "", "offline"),
    ]
    assert others == [4]  # a refund of minus 45 is for the judge


def test_blocks_behind_a_line_are_what_is_left(made: Any) -> None:
    behind = [block.last_line for block in blocks.blocks(made, 4, lambda line: -(-line // 4) * 4)]
    assert behind == [8, 12, 13]


@pytest.mark.parametrize(
    ("text", "has_marks"),
    [
        ("a,b\n", False),
        ("a b,c\n", False),
        ("a ,b\n", True),
        ("a, b\n", True),
        ("a\n b\n", True),
        (" a,b\n", False),  # the first cell of the header: it is no row
        ('a," b"\n', True),
        ("a,b \n", True),
        ("`a,b\n", True),
        ("a\t,b\n", True),
    ],
)
def test_only_cells_with_marks_around_them_are_stripped(text: str, has_marks: bool) -> None:
    assert frames._has_marks(text.encode(), ",") == has_marks


# ---------------------------------------------------------------- what a large file announces

ANNOUNCED = (
    "profile: announced\nkind: redemptions\n"
    "columns: {transaction_no: 号, kind: {column: 类, pay: 付, refund: 退}, claim_no: 券, coupon_no:"
    " {value: '1'}, merchant_no: 店, paid_at: 时, order_amount: 额, subsidy: 券额, refund_of: 原}\n"
    "footer: {like: ^合计, required: true}\n"
    "checks:\n"
    "  - {find: '合计(?P<rows>\\d+)笔(?P<sum>\\S+)元', of: all, sums: {sum: 额}}\n"
    "  - {find: '付(?P<rows>\\d+)笔', of: pay}\n"
)


@pytest.mark.parametrize(
    ("tail", "last", "code"),
    [
        (["合计4笔47.50元付3笔"], 5, None),
        (["合计4笔47.50元付3笔", "", "制表"], 5, None),
        (["", "合计4笔47.50元付3笔"], 6, None),
        (["合计4笔47.51元付3笔"], 0, "footer_mismatch"),
        (["合计3笔47.50元付3笔"], 0, "footer_mismatch"),
        (["合计4笔47.50元付4笔"], 0, "footer_mismatch"),
        ([], 0, "file_cut_off"),
        (["合计4笔47.50元付3笔", "9,付,C9,M,2020-03-27 12:00:00,1.00,0,"], 0, "data_after_footer"),
    ],
)
@pytest.mark.parametrize("at", [3, 50_000])
def test_a_large_file_is_compared_with_what_it_announces(
    tail: list[str],
    last: int,
    code: str | None,
    at: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "LINES", at)
    rows = [
        "1,付,C1,M,2020-03-27 12:00:00,45.00,0,",
        "2,付,C2,M,2020-03-27 12:00:00, 2.5,0,",
        '3,付,C3,M,2020-03-27 12:00:00,"1,000.00",0,',
        "4,退,C1,M,2020-03-27 13:00:00,-1000.00,0,1",
    ]
    profile = written(tmp_path, ANNOUNCED.encode(), "announced.yaml")
    text = "\n".join(["号,类,券,店,时,额,券额,原", *rows, *tail]) + "\n"
    reading = read(written(tmp_path, text.encode()), "redemptions", profile=str(profile))
    assert not reading.may_be_cut
    if code:
        with pytest.raises(VoucherError) as refused:
            checks.last_row(reading)
        assert refused.value.code == code
    else:
        assert (checks.last_row(reading), reading.ignored) == (last, 0)


def test_a_file_that_announces_nothing_has_no_last_row(tmp_path: Path, made: Any) -> None:
    plain = read(written(tmp_path, f"{HEADER}{PLAIN}\n".encode(), "p.csv"), "redemptions")
    assert checks.last_row(plain) == lines.NO_END
    assert (checks.last_row(made), made.ignored) == (lines.NO_END, 1)


# ---------------------------------------------------------------- hours

HOURS = """\
template: pack
name: {zh: 消费券, en: Voucher}
coupons: [{count: 9, kind: amount_off, denomination: "10.00", threshold: "40.00"}]
validity: {days_after_claim: 7}
scope: {hours: ["10:00-14:00"], weekdays: [fri, sat]}
funding: {treasury: "100%"}
"""


def test_hours_and_weekdays_are_kept_by_columns_too(
    city: Any, voucher: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city(with_claims=False)
    (here / "hours.yaml").write_text(HOURS, "utf-8")
    voucher("template", "add", "hours.yaml")
    voucher(
        *[
            "round",
            "create",
            "h",
            "--template",
            "pack",
            "--packs",
            "9",
            "--actor",
            "mei",
            "--opens-at",
        ],
        "2020-03-26 08:00",
    )
    voucher("round", "submit", "h", "--actor", "mei")
    voucher("round", "approve", "h", "--actor", "lin")
    voucher("round", "open", "h", "--now", "2020-03-26 08:00")
    claims = "claim_no,round,resident,claimed_at\n"
    claims += "".join(f"H{n},h,p{n},2020-03-26 08:00:00\n" for n in range(9))
    (here / "claims.csv").write_text(claims, "utf-8")
    voucher("claim", "import", "claims.csv", "--now", "2020-03-28 08:00")
    moments = {
        "2020-03-27 09:59:59": False,
        "2020-03-27 10:00:00": True,  # a Friday
        "2020-03-27 13:59:59": True,
        "2020-03-27 14:00:00": False,
        "2020-03-28 10:00:00": True,
        "2020-03-29 10:00:00": False,  # a Sunday
        "2020-03-26 12:00:00": False,
    }
    rows = HEADER + "".join(f"T{n},pay,H{n},1,M1,{at},45,0,10,\n" for n, at in enumerate(moments))
    for bytes_ in (BY_ROWS, BY_COLUMNS):
        told, left = come_to(here, [("r.csv", rows.encode())], bytes_, 100)
        assert told[0]["reasons"] == {"out_of_scope": 4}
        assert [fact[0] for fact in left["facts"]] == ["T1", "T2", "T4"]
