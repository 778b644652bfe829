"""Every malformation that formats.md lists, through the front door: what is refused whole, what is
rejected row by row, what is survived. Always: read = accepted + duplicate + rejected; a refused
file leaves the database as it was; `check` holds.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
from test_formats_records import ALIPAY, WECHAT
from test_formats_sources import zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

City = Any
PAYMENTS = """\
transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of
T1,pay,C1,1,M1,2020-03-27 09:00:00,50,5,10,
T2,pay,C2,1,M1,2020-03-27 09:10:00,45.00,0,10.00,
T3,pay,C3,4,M2,2020-03-27 09:20:00,3638.00,0,363.80,
R1,refund,C1,1,M1,2020-03-27 12:00:00,50,5,10,T1
"""
CLAIMS = """\
claim_no,round,resident,claimed_at
C7,r1,11010519491231002X,2020-03-27 08:00:07
C8,r1,33010219900101008X,2020-03-27 08:00:08
"""
MERCHANTS = """\
merchant_no,name,district,address
M7,老马面馆,西湖区,平海路1号
M8,西湖书店,上城区,北山街2号
"""
FILES = {"redemption": PAYMENTS, "claim": CLAIMS, "merchant": MERCHANTS}
KINDS = tuple(FILES)


def facts(here: Path) -> list[tuple[Any, ...]]:
    """All that the database holds."""
    with sqlite3.connect(here / "voucher.db") as db:
        names = [
            name
            for (name,) in db.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        return [
            (name, *row) for name in names for row in db.execute('SELECT * FROM "' + name + '"')
        ]


@pytest.fixture
def town(city: City, here: Path) -> Callable[..., Any]:
    """`town(kind, content, *options, name=...)` imports a file's bytes and keeps the promises of
    every import.
    """
    voucher = city()

    def take_in(kind: str, content: bytes | str, *options: str, name: str = "f.csv") -> Any:
        (here / name).write_bytes(content.encode() if isinstance(content, str) else content)
        before = facts(here)
        ran = voucher(kind, "import", name, *options, "-o", "json", expect=None)
        if ran.code == 3:
            assert facts(here) == before
            assert (
                name in ran.json["problems"][0]["where"] + ran.json["problems"][0]["message"]
                and ran.json["problems"][0]["hint"]
            )
        else:
            assert (
                ran.data["read"]
                == ran.data["accepted"] + ran.data["duplicate"] + ran.data["rejected"]
            )
            assert ran.code == (4 if ran.data["rejected"] else 0), ran.err
            if ran.data["accepted"]:
                voucher("check")
        return ran

    return take_in


def told(ran: Any) -> list[tuple[str, str, str]]:
    """(code, line, message) of what an import complained of."""
    return [
        (each["code"], each["where"].rpartition(":")[2], each["message"])
        for each in ran.json["problems"]
        if each["level"] == "error"
    ]


def counts(ran: Any) -> tuple[int, int, int, int]:
    return tuple(ran.data[key] for key in ("read", "accepted", "duplicate", "rejected"))  # type: ignore[return-value]


def row(text: str, at: int = 1) -> str:
    """The file of payments with one line (from 1, below the header) replaced."""
    lines = PAYMENTS.splitlines(keepends=True)
    lines[at] = text + "\n"
    return "".join(lines)


def with_cell(
    column: str, cell: str, line: str = "T9,pay,C2,2,M1,2020-03-27 09:10:00,45.00,0,10.00,"
) -> str:
    """A file of one payment with one cell replaced as it stands."""
    header, cells = PAYMENTS.split("\n", 1)[0], line.split(",")
    cells[header.split(",").index(column)] = cell
    return f"{header}\n{','.join(cells)}\n"


def book(path: Path, rows: list[list[Any]]) -> bytes:
    """An .xlsx of these rows; a tuple is a number and its format."""
    made = xlsxwriter.Workbook(str(path))
    sheet = made.add_worksheet()
    for line, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, tuple):
                sheet.write_number(line, column, cell[0], made.add_format({"num_format": cell[1]}))
            elif isinstance(cell, str):
                sheet.write_string(line, column, cell)
            elif cell is not None:
                sheet.write(line, column, cell)
    made.close()
    return path.read_bytes()


def cells_of(text: str) -> list[list[Any]]:
    return [line.split(",") for line in text.splitlines()]


# ---------------------------------------- survived: encodings, line ends, marks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("encoding", "end"),
    [
        ("utf-8", "\r\n"),
        ("utf-8-sig", "\r"),
        ("gb18030", "\r\n"),
        ("utf-16", "\n"),
        ("utf-32", "\n"),
    ],
)
def test_every_encoding_and_line_end_is_read(town: Any, kind: str, encoding: str, end: str) -> None:
    ran = town(kind, FILES[kind].replace("\n", end).encode(encoding))
    assert counts(ran)[2:] == (0, 0) and ran.data["read"] == FILES[kind].count("\n") - 1


def quoted(text: str) -> str:
    return "".join('"' + line.replace(",", '","') + '"\n' for line in text.splitlines())


DRESSES: dict[str, Callable[[str], str]] = {
    "mark as ?": lambda text: "?" + text,
    "two marks": lambda text: "\ufeff\ufeff" + text,
    "mark as Latin": lambda text: "ï»¿" + text,
    "quotes": quoted,
    "mark and quotes": lambda text: "\ufeff" + quoted(text),
    "semicolons": lambda text: text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "strokes": lambda text: text.replace(",", "|"),
    "trailing tabs": lambda text: text.replace(",", "\t,").replace("\n", "\t\n"),
    "blanks": lambda text: text.replace(",", "\u3000,\u00a0"),
    "backticks": lambda text: text.replace(",", ",`"),
    "empty lines": lambda text: text.replace("\n", "\n\n"),
    "padded": lambda text: text.replace("\n", ",,\n"),
    "preamble": lambda text: "某市,,,\n\n截至3月27日\n" + text,
    "no last line end": lambda text: text.rstrip("\n"),
    "full width": lambda text: text.replace(":", "：").replace("2020", "２０２０"),
}


@pytest.mark.parametrize(
    ("dress", "kind"), [(dress, KINDS[at % 3]) for at, dress in enumerate(DRESSES)]
)  # the kinds in turn
def test_every_dress_is_taken_off(town: Any, kind: str, dress: str) -> None:
    ran = town(kind, DRESSES[dress](FILES[kind]))
    assert counts(ran)[2:] == (0, 0) and ran.data["read"] == FILES[kind].count("\n") - 1


@pytest.mark.parametrize("kind", KINDS)
def test_columns_in_another_order_change_nothing(town: Any, kind: str) -> None:
    ran = town(
        kind,
        "".join(",".join(reversed(line.split(","))) + ",x\n" for line in FILES[kind].splitlines()),
    )
    assert counts(ran)[2:] == (0, 0)
    assert ran.data["extra_columns"] == ["x"]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("order_amount", "¥45.00"),
        ("order_amount", "￥45"),
        ("order_amount", "45元"),
        ("order_amount", "４５．００"),
        ("order_amount", "'45.00"),
        ("order_amount", '"45.000"'),
        ("subsidy", "1０"),
        ("coupon_no", "2.0"),
        ("coupon_no", "２"),
        ("claim_no", "Ｃ２"),
        ("merchant_no", "`M1"),
        ("claim_no", "\u3000C2\u3000"),
        ("merchant_no", '"=""M1"""'),
        ("paid_at", "43917.4"),
        ("paid_at", "2020/3/27 9:10"),
        ("paid_at", "20200327 09:10"),
        ("paid_at", "2020年3月27日 9:10"),
        ("paid_at", "2020-03-27T01:10:00Z"),
        ("kind", "PAY"),
        ("kind", "支付"),
        ("transaction_no", "=1+1"),
        ("transaction_no", "+8613800000000"),
        ("transaction_no", "-5"),
        ("transaction_no", "@x"),
        ("transaction_no", "11002.0"),
        ("transaction_no", "00012"),
        ("transaction_no", "420000000020200327123456789012"),
    ],
)
def test_a_cell_that_people_or_programs_dressed_up_is_accepted(
    town: Any, column: str, cell: str
) -> None:
    assert counts(town("redemption", with_cell(column, cell))) == (1, 1, 0, 0)


def test_thousands_in_quotes_are_read(town: Any) -> None:
    text = with_cell("order_amount", '"3,638.00"', "T9,pay,C2,4,M1,2020-03-27 09:10:00,x,0,363.80,")
    assert counts(town("redemption", text)) == (1, 1, 0, 0)


# ---------------------------------------------------------------- rejected: damaged rows and cells

LOST, TURNED = (
    "lost its last digits: format the column as text",
    "turned it into a date or a time: format the column as text",
)


@pytest.mark.parametrize(
    ("column", "cell", "code", "said"),
    [
        (
            "order_amount",
            "131.77(已退款89.84)",
            "bad_row",
            "an amount and a note stand in one cell",
        ),
        (
            "order_amount",
            "131.77（已退款89.84）",
            "bad_row",
            "an amount and a note stand in one cell",
        ),
        ("order_amount", "150:20:00", "bad_row", TURNED),
        ("subsidy", "20:01", "bad_row", TURNED),
        ("subsidy", "150:20", "bad_row", TURNED),
        ("merchant_no", "2020-05-01", "bad_row", TURNED),
        ("claim_no", "12:30", "bad_row", TURNED),
        ("transaction_no", "1.23457E+17", "bad_row", LOST),
        ("merchant_no", "1.234567890123E+20", "bad_row", LOST),
        ("transaction_no", "1234567890123456.0", "bad_row", LOST),
        ("merchant_no", "M\ufffd", "bad_row", "read in a wrong encoding"),
        ("merchant_no", "锟斤拷", "bad_row", "read in a wrong encoding"),
        ("order_amount", "45.005", "bad_amount", "at most two decimals"),
        ("order_amount", "NaN", "bad_amount", "at most two decimals"),
        ("order_amount", "1e2", "bad_amount", "at most two decimals"),
        ("order_amount", "=40+5", "bad_amount", "at most two decimals"),
        ("order_amount", '"4,50"', "bad_amount", 'decimal: ","'),
        ("order_amount", '"4,5,0"', "bad_amount", "at most two decimals"),
        ("order_amount", "-45", "bad_amount", "negative"),
        ("order_amount", "", "bad_row", "order_amount is missing"),
        ("order_amount", "\u3000", "bad_row", "order_amount is missing"),
        ("merchant_discount", "46", "bad_amount", "more than the order"),
        ("order_amount", "9" * 30, "bad_amount", "at most two decimals"),
        ("paid_at", "9:10", "bad_time", "is not a time"),
        ("paid_at", "27/03/2020 09:10", "bad_time", "is not a time"),
        ("paid_at", "2020-02-30 09:10", "bad_time", "is not a time"),
        ("paid_at", "2020-03-27 24:30", "bad_time", "is not a time"),
        ("coupon_no", "C2", "bad_row", "count the pack's coupons from 1"),
        ("kind", "赠送", "bad_row", "neither payment nor refund"),
        ("claim_no", "", "bad_row", "claim_no is missing"),
        ("transaction_no", '"T9', "bad_row", "a quote mark in this line is never closed"),
        ("order_amount", "4500", "subsidy_mismatch", ""),  # of a 10 % voucher, in fen: see below
    ],
)
def test_a_damaged_cell_rejects_its_row_and_says_how(
    town: Any, column: str, cell: str, code: str, said: str
) -> None:
    line = (
        "T9,pay,C2,4,M1,2020-03-27 09:10:00,x,0,363.80,"
        if code == "subsidy_mismatch"
        else "T9,pay,C2,2,M1,2020-03-27 09:10:00,45,0,10,"
    )
    ran = town("redemption", with_cell(column, cell, line))
    assert counts(ran) == (1, 0, 0, 1)
    found = told(ran)[0]
    assert found[:2] == (code, "2") and said in found[2]


def test_a_comma_inside_an_amount_rejects_its_row_and_not_its_neighbours(town: Any) -> None:
    for line in (
        "T9,pay,C2,4,M1,2020-03-27 09:10:00,3,638.00,0,363.80,",
        "T9,pay,C2,4,M1,2020-03-27 09:10:00,3,638.00,0,363.80",
    ):
        ran = town("redemption", row(line, 3))
        assert (ran.data["rejected"], told(ran)[0][1]) == (1, "4")


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        (
            "50,5,10",
            "5000,500,1000",
            {"subsidy_mismatch": 1, "refund_without_payment": 1},
        ),  # all in fen
        (
            "45.00,0,10.00",
            "0.45,0,0.10",
            {"below_threshold": 1},
        ),  # yuan divided by a hundred once more
        ("45.00,0,10.00", "0.0045,0,0.0010", {"bad_amount": 1}),  # in units of ten thousand yuan
    ],
)
def test_amounts_in_another_unit_are_rejected(
    town: Any, old: str, new: str, reasons: dict[str, int]
) -> None:
    ran = town("redemption", PAYMENTS.replace(old, new, 1))
    assert ran.data["reasons"] == reasons


def test_a_profile_in_fen_refuses_yuan_and_takes_fen(town: Any, here: Path) -> None:
    (here / "fen.yaml").write_text(
        "profile: fen\nkind: redemptions\nunit: fen\ncolumns: {transaction_no: transaction_no,"
        " kind: kind, claim_no: claim_no, coupon_no: coupon_no, merchant_no: merchant_no, paid_at:"
        " paid_at, order_amount: order_amount, merchant_discount: merchant_discount, subsidy:"
        " subsidy, refund_of: refund_of}\n"
    )
    ran = town(
        "redemption",
        PAYMENTS.splitlines()[0]
        + "\nT1,pay,C1,1,M1,2020-03-27 09:00:00,5000,500,1000,\nT2,pay,C2,1,M1,2020-03-27"
        " 09:00:00,45.00,0,10.00,\nT3,pay,C3,1,M1,2020-03-27 09:00:00,45,0,10,\n",
        "--profile",
        "fen.yaml",
    )
    assert (ran.data["accepted"], ran.data["reasons"]) == (1, {"bad_row": 1, "below_threshold": 1})
    assert "it is not a whole number of fen" in told(ran)[0][2]


# ---------------------------------------------------------------- columns that changed places


def swapped(text: str, one: str, other: str) -> str:
    """The header with two names changed about, over rows that stay as they were."""
    header, rows = text.split("\n", 1)
    names = [{one: other, other: one}.get(name, name) for name in header.split(",")]
    return ",".join(names) + "\n" + rows


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("claim_no", "coupon_no", "bad_row"),
        ("order_amount", "subsidy", "below_threshold"),
        ("order_amount", "merchant_discount", "bad_amount"),
        ("merchant_discount", "subsidy", "subsidy_mismatch"),
        ("transaction_no", "claim_no", "unknown_claim"),
        ("paid_at", "order_amount", "bad_row"),
        ("merchant_no", "claim_no", "unknown_claim"),
        ("merchant_no", "transaction_no", "unknown_merchant"),
        ("paid_at", "transaction_no", "bad_row"),
        ("kind", "coupon_no", "bad_row"),
        ("merchant_no", "coupon_no", "bad_row"),
        ("paid_at", "claim_no", "bad_row"),
        ("transaction_no", "refund_of", "bad_row"),
    ],
)
def test_swapped_columns_accept_no_payment(town: Any, one: str, other: str, reason: str) -> None:
    ran = town("redemption", swapped(PAYMENTS.rpartition("R1")[0], one, other))
    assert counts(ran) == (3, 0, 0, 3)
    assert reason in ran.data["reasons"]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("claimed_at", "claim_no", "bad_row"),
        ("claim_no", "round", "unknown_round"),
        ("round", "claimed_at", "bad_row"),
    ],
)
def test_swapped_columns_accept_no_claim(town: Any, one: str, other: str, reason: str) -> None:
    ran = town("claim", swapped(CLAIMS, one, other))
    assert counts(ran) == (2, 0, 0, 2)
    assert ran.data["reasons"] == {reason: 2}


@pytest.mark.parametrize(
    ("kind", "text", "column"),
    [
        ("claim", swapped(CLAIMS, "claim_no", "resident"), "claim_no"),
        ("claim", swapped(CLAIMS, "round", "resident"), "round"),
        ("claim", swapped(CLAIMS, "claimed_at", "resident"), "claimed_at"),
        ("merchant", swapped(MERCHANTS, "merchant_no", "name"), "name"),
        (
            "merchant",
            "merchant_no,name,phone\nM7,0571-87000001,面馆\nM8,13800000001,书店\n",
            "name",
        ),
        (
            "merchant",
            "商户编号,商户名称,统一社会信用代码\nM7,91110000600037341L,面馆\nM8,92330185MA2XXXXX1A,书店\n",
            "商户名称",
        ),
    ],
)
def test_identities_in_the_place_of_numbers_and_numbers_in_the_place_of_names_refuse_the_file(
    town: Any, kind: str, text: str, column: str
) -> None:
    ran = town(kind, text)
    assert ran.code == 3
    assert (told(ran)[0][:2], f"in the column {column}" in told(ran)[0][2]) == (
        ("columns_swapped", "2"),
        True,
    )
    assert "1949" not in ran.out + ran.err


# ---------------------------------------------------------------- refused whole


def cut_gzip(text: str) -> bytes:
    return gzip.compress(text.encode() * 9)[:-20]


def flipped(raw: bytes) -> bytes:
    return raw[:50] + bytes(byte ^ 0xFF for byte in raw[50:60]) + raw[60:]


def a_zip(here: Path, entries: dict[str, str]) -> bytes:
    return zipped(
        here, {name: text.encode() for name, text in entries.items()}, "made.zip"
    ).read_bytes()


REFUSED: dict[str, tuple[Callable[[Path, str], bytes], str, str]] = {
    # what -> (the file, given a folder and a sound text), its name, the code
    "empty": (lambda here, text: b"", "f.csv", "empty_file"),
    "a mark alone": (lambda here, text: b"\xef\xbb\xbf", "f.csv", "empty_file"),
    "blank lines": (lambda here, text: b"\r\n,,\r\n", "f.csv", "empty_file"),
    "cut in the header": (lambda here, text: text[:9].encode(), "f.csv", "unknown_layout"),
    "a missing column": (
        lambda here, text: "".join(
            line.partition(",")[2] for line in text.splitlines(keepends=True)
        ).encode(),
        "f.csv",
        "unknown_layout",
    ),
    "a column twice": (
        lambda here, text: "".join(
            line + "," + line.partition(",")[0] + "\n" for line in text.splitlines()
        ).encode(),
        "f.csv",
        "duplicate_column",
    ),
    "UTF-16 without a mark": (lambda here, text: text.encode("utf-16-le"), "f.csv", "not_text"),
    "NUL bytes": (lambda here, text: text.encode() + b"\0\0", "f.csv", "not_text"),
    "two encodings": (
        lambda here, text: (text + "老马面馆,\n").encode() + "面馆,书店\n".encode("gb18030"),
        "f.csv",
        "undecodable",
    ),
    "two encodings in one line": (
        lambda here, text: text.encode() + "面馆,".encode("gb18030") + "西湖老马面馆".encode(),
        "f.csv",
        "undecodable",
    ),
    "cut in a character": (
        lambda here, text: (text + "面馆").encode()[:-1],
        "f.csv",
        "undecodable",
    ),
    "gzip cut off": (lambda here, text: cut_gzip(text), "f.csv.gz", "bad_archive"),
    "gzip damaged": (
        lambda here, text: flipped(gzip.compress(text.encode())),
        "f.csv.gz",
        "bad_archive",
    ),
    "zip cut off": (lambda here, text: a_zip(here, {"a.csv": text})[:-30], "f.zip", "bad_archive"),
    "zip damaged": (
        lambda here, text: flipped(a_zip(here, {"a.csv": text})),
        "f.zip",
        "bad_archive",
    ),
    "zip that climbs": (
        lambda here, text: a_zip(here, {"../a.csv": text}),
        "f.zip",
        "archive_climbs",
    ),
    "zip with an absolute path": (
        lambda here, text: a_zip(here, {"/etc/a.csv": text}),
        "f.zip",
        "archive_climbs",
    ),
    "zip with two tables": (
        lambda here, text: a_zip(here, {"a.csv": text, "b.csv": text}),
        "f.zip",
        "several_entries",
    ),
    "zip without any": (lambda here, text: a_zip(here, {}), "f.zip", "no_entry"),
    "zip of nothing": (lambda here, text: a_zip(here, {"a.csv": ""}), "f.zip", "empty_file"),
    "workbook cut off": (
        lambda here, text: book(here / "made.xlsx", cells_of(text))[:-40],
        "f.xlsx",
        "bad_archive",
    ),
    "workbook damaged": (
        lambda here, text: b"\xd0\xcf\x11\xe0" + b"x" * 900,
        "f.xls",
        "bad_spreadsheet",
    ),
    "workbook named as text": (
        lambda here, text: book(here / "made.xlsx", cells_of(text)),
        "f.csv",
        "wrong_suffix",
    ),
    "a web page": (lambda here, text: b"<html><table><tr><td>x", "f.xls", "foreign_file"),
}


@pytest.mark.parametrize(
    ("what", "kind"), [(what, KINDS[at % 3]) for at, what in enumerate(REFUSED)]
)  # the kinds in turn
def test_a_file_that_cannot_be_trusted_is_refused_whole(
    town: Any, here: Path, kind: str, what: str
) -> None:
    make, name, code = REFUSED[what]
    ran = town(kind, make(here, FILES[kind]), name=name)
    assert (ran.code, told(ran)[0][0]) == (3, code)


@pytest.mark.parametrize(
    ("kind", "other"), [(kind, other) for kind in KINDS for other in KINDS if kind != other]
)
def test_a_file_of_another_kind_is_refused_with_the_import_that_takes_it(
    town: Any, kind: str, other: str
) -> None:
    ran = town(kind, FILES[other])
    assert (ran.code, told(ran)[0][:2]) == (3, ("other_kind", "1"))
    assert ran.json["problems"][0]["hint"] == f"voucher {other} import f.csv"


@pytest.mark.parametrize("header", [WECHAT, ALIPAY])
@pytest.mark.parametrize("kind", ["claim", "merchant"])
def test_a_platforms_payments_are_no_claims_and_no_registry(
    town: Any, kind: str, header: str
) -> None:
    ran = town(kind, header + "\n")
    assert (told(ran)[0][0], ran.json["problems"][0]["hint"]) == (
        "other_kind",
        "voucher redemption import f.csv",
    )


def test_the_sha_1_of_the_platform_is_compared_with_the_file_and_what_it_wraps(town: Any) -> None:
    digest = hashlib.sha1(PAYMENTS.encode()).hexdigest()
    assert told(town("redemption", PAYMENTS, "--sha1", "0" * 40))[0][0] == "sha1_mismatch"
    assert told(town("redemption", PAYMENTS[:-9], "--sha1", digest))[0][0] == "sha1_mismatch"
    assert counts(
        town(
            "redemption",
            gzip.compress(PAYMENTS.encode()),
            "--sha1",
            digest.upper(),
            name="f.csv.gz",
        )
    ) == (4, 4, 0, 0)


# ---------------------------------------------------------------- cut off, put together, come again


@pytest.mark.parametrize("kind", KINDS)
def test_wherever_a_file_is_cut_off_no_wrong_row_is_taken(
    town: Any, here: Path, voucher: Any, kind: str
) -> None:
    text = quoted(FILES[kind])  # in quotes, so that a cut in the last cell is seen too
    whole = {tuple(cells) for cells in csv.reader(io.StringIO(text))}
    for cut in range(len(text.split("\n", 1)[0]) + 2, len(text) - 1, 41):
        ran = town(kind, text[:cut], name=f"{cut}.csv")
        done = text[:cut].count("\n") - 1
        assert ran.data["accepted"] + ran.data["duplicate"] in (done, done + 1)
        assert ran.data["read"] >= done
        if ran.data["accepted"] + ran.data["duplicate"] > done:
            assert tuple(next(csv.reader([text[:cut].rpartition("\n")[2]]))) in whole
        if ran.data["rejected"]:
            assert told(ran)[0][1] == str(done + 2)
    assert town(kind, text).data["rejected"] == 0


def test_the_header_twice_and_two_files_in_one_are_told_and_their_rows_read(town: Any) -> None:
    header, rows = PAYMENTS.split("\n", 1)
    ran = town("redemption", f"{header}\n{header}\n{rows}")
    assert (counts(ran), told(ran)[0][1:]) == ((5, 4, 0, 1), ("2", "this is the header once more"))
    ran = town("redemption", PAYMENTS + PAYMENTS + CLAIMS, name="g.csv")
    assert counts(ran) == (12, 0, 8, 4)
    ran = town("redemption", PAYMENTS + swapped(PAYMENTS, "kind", "transaction_no"), name="h.csv")
    assert counts(ran)[1:3] in ((0, 8), (0, 4)) or ran.data["rejected"] == 1


def test_a_file_of_its_header_alone_and_a_file_again_are_nothing_to_do(town: Any) -> None:
    assert counts(town("redemption", PAYMENTS.split("\n", 1)[0])) == (0, 0, 0, 0)
    first = town("redemption", PAYMENTS)
    again = town("redemption", PAYMENTS, name="copy.csv")
    assert (again.code, counts(again), again.data["repeats"]) == (
        0,
        (0, 0, 0, 0),
        first.data["batch"],
    )
    other = town("redemption", PAYMENTS.replace("\n", "\r\n"), name="other.csv")
    assert counts(other) == (4, 0, 4, 0)


def test_a_dry_run_says_the_same_and_writes_nothing(town: Any, here: Path) -> None:
    before = facts(here)
    dry = town("redemption", row("T1,pay,C9,1,M1,2020-03-27 09:00:00,50,5,10,"), "--dry-run")
    assert facts(here) == before
    wet = town("redemption", row("T1,pay,C9,1,M1,2020-03-27 09:00:00,50,5,10,"))
    assert (counts(dry), dry.data["reasons"]) == (counts(wet), wet.data["reasons"])


def test_standard_input_is_an_import_like_any_other(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = city()
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(PAYMENTS.encode("gb18030"))))
    )
    assert counts(voucher("redemption", "import", "-", "-o", "json")) == (4, 4, 0, 0)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PAYMENTS.encode()[:-9])))
    assert counts(voucher("redemption", "import", "-", "-o", "json", expect=4)) == (4, 0, 3, 1)


# ---------------------------------------------------------------- spreadsheets


def test_a_workbook_as_people_make_them(town: Any, here: Path) -> None:
    header = PAYMENTS.split("\n", 1)[0].split(",")
    raw = book(
        here / "made.xlsx",
        [
            ["三月核销明细"],
            [None],
            header,
            ["T1", "pay", "C1", 1, "M1", (43917.4, "yyyy-mm-dd hh:mm"), 50, 5, 10.0],
            [11002, "pay", "C2", 1.0, "M1", 43917.4, 45.5, 0, "10.00"],
            [1234567890123456789, "pay", "C3", 1, "M1", "2020-03-27 9:00", 50, 5, 10],
            [
                "T4",
                "pay",
                "C3",
                2,
                "M1",
                "2020-03-27 9:00",
                (150 / 24 + 20 / 1440, "[h]:mm:ss"),
                0,
                10,
            ],
            ["T5", "pay", "C3", 2, "M1", "2020-03-27 9:00", 50, 0, (20 / 24 + 1 / 1440, "hh:mm")],
            ["T6", "pay", "C3", 2, (43952, "yyyy-mm-dd"), "2020-03-27 9:00", 50, 0, 10],
            ["　T7　", "pay", "Ｃ３", "２", "M1　", "2020-03-27 9:00", "￥50", 0, 10],
        ],
    )
    ran = town("redemption", raw, name="f.xlsx")
    assert (counts(ran), ran.data["encoding"]) == ((7, 3, 0, 4), "xlsx")
    assert [(line, LOST in said, TURNED in said) for _, line, said in told(ran)] == [
        ("6", True, False),
        ("7", False, True),
        ("8", False, True),
        ("9", False, True),
    ]


def test_a_number_as_a_claims_identity_or_a_merchants_id_is_refused_not_guessed(
    town: Any, here: Path
) -> None:
    rows = [
        *cells_of(CLAIMS)[:2],
        ["C9", "r1", 330102199001010098, (43917.3335, "yyyy-mm-dd hh:mm:ss")],
    ]
    ran = town("claim", book(here / "made.xlsx", rows), name="f.xlsx")
    assert counts(ran) == (2, 1, 0, 1) and LOST in told(ran)[0][2] and "3301" not in ran.out
    rows = [["merchant_no", "name"], [123456789012345678, "甲"], [11002.0, "乙"], ["0012", "丙"]]
    ran = town("merchant", book(here / "made.xlsx", rows), name="f.xlsx")
    assert counts(ran) == (3, 2, 0, 1) and LOST in told(ran)[0][2]


# ---------------------------------------- formulas, and rejects that come back


def test_formulas_come_in_as_text_and_go_out_disarmed(town: Any, voucher: Any) -> None:
    town("merchant", "merchant_no,name,phone\nM5,=cmd|'/c calc'!A1,+8613800000000\nM6,@SUM(1),-5\n")
    assert [row["name"] for row in voucher("merchant", "list", "-o", "json").data["merchants"]][
        -2:
    ] == ["=cmd|'/c calc'!A1", "@SUM(1)"]
    listed = list(csv.reader(io.StringIO(voucher("merchant", "list", "-o", "csv").out)))
    assert not [cell for line in listed for cell in line if cell[:1] in ("=", "+", "@")]
    ran = town("redemption", with_cell("claim_no", "=HYPERLINK(1)"))
    kept = list(
        csv.reader(
            io.StringIO(
                voucher("batch", "rejects", str(ran.data["batch"]), "-o", "csv").out.removeprefix(
                    "\ufeff"
                )
            )
        )
    )
    assert kept[1][2] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("f.xlsx", lambda here, text: book(here / "made.xlsx", [["核销"], *cells_of(text)])),
        (
            "f.csv",
            lambda here, text: ("杭州市,,\r\n" + text.replace("\n", "\r\n")).encode("gb18030"),
        ),
        ("f.csv.gz", lambda here, text: gzip.compress(text.encode("utf-8-sig"))),
    ],
)
def test_rejects_of_any_file_are_exported_mended_and_taken_in(
    town: Any, voucher: Any, here: Path, name: str, make: Callable[[Path, str], bytes]
) -> None:
    bad = (
        PAYMENTS.replace("45.00,0", "150:20:00,0")
        .replace("C3,4", "=C3,4")
        .replace("M2", "店二")
        .replace("T3", "-T3")
    )
    ran = town("redemption", make(here, bad), name=name)
    assert counts(ran) == (4, 2, 0, 2)
    voucher("batch", "rejects", str(ran.data["batch"]), "--to", "rejects.csv")
    text = (here / "rejects.csv").read_text("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert table[0] == [
        *PAYMENTS.split("\n", 1)[0].split(","),
        "reject_reason",
        "reject_explanation",
        "reject_row",
    ]
    assert (table[2][0], table[2][2], table[2][4]) == ("'-T3", "'=C3", "店二")
    mended = text.replace("150:20:00", "45.00").replace("'=C3", "C3").replace("店二", "M2")
    for encoding in ("utf-8-sig", "gb18030"):  # as a spreadsheet of either make would save it
        again = town("redemption", mended.encode(encoding), name=f"mended.{encoding}.csv")
        assert counts(again) == ((2, 2, 0, 0) if encoding == "utf-8-sig" else (2, 0, 2, 0))
    assert again.data["extra_columns"] == []


def test_rejects_can_be_mended_in_a_workbook_too(town: Any, voucher: Any, here: Path) -> None:
    ran = town("claim", CLAIMS.replace("r1,330", "r9,330"))
    out = voucher("batch", "rejects", str(ran.data["batch"]), "-o", "csv").out.removeprefix(
        "\ufeff"
    )
    assert "33010219900101008X" not in out
    rows = [[cell.replace("r9", "r1") for cell in cells] for cells in csv.reader(io.StringIO(out))]
    again = town("claim", book(here / "made.xlsx", rows), name="mended.xlsx")
    assert counts(again) == (1, 1, 0, 0)
    first = voucher("claim", "list", "--claim", "C8", "-o", "json").data
    # the token that came back is the same resident
    assert town("claim", CLAIMS, name="whole.csv").data["duplicate"] == 2
    assert voucher("claim", "list", "--claim", "C8", "-o", "json").data == first
