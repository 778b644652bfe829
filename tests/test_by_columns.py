"""Large files proved by columns give the same result as when their rows are judged one by one: the
same files both ways.
"""

from __future__ import annotations

import codecs
import gzip
import shutil
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

import pytest
from big_town import left_by
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from towns import PAYMENTS as HEADER
from towns import sampled, session

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import batches, by_columns, chunks
from vouchercli.ops.intake import redemptions as ops
from vouchercli.ops.intake.by_columns import feed

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("polars")
COLUMNS = HEADER.strip().split(",")
BY_ROWS, BY_COLUMNS = 1 << 40, 0
PAYMENT = ("T1", "pay", "C1", "1", "M1", "2020-03-28 10:00:00", "45.00", "0", "10.00", "")


def come_to(
    here: Path, files: list[tuple[str, bytes]], bytes_: int, lines: int, **options: Any
) -> tuple[Any, ...]:
    """What imports of the files, and then their retries, answer and leave."""
    path = here / f"by{bytes_}.db"
    for stray in here.glob(f"{path.name}*"):
        stray.unlink()
    shutil.copy(here / "voucher.db", path)
    shutil.copy(here / "voucher.key", path.with_suffix(".key"))
    told: list[Any] = []
    with session(path, "mei") as one, pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", lines)
        patch.setattr(by_columns, "BYTES", bytes_)
        for name, content in files:
            (here / name).write_bytes(content)
            try:
                told.append(ops.import_redemptions(one, str(here / name), **options).data)
            except VoucherError as refused:
                told.append((refused.code, str(refused)))
        told += [
            batches.retry_batch(one, data["batch"], is_sure=True).data
            for data in told
            if isinstance(data, dict)
        ]
    return told, left_by(path)


def same(
    here: Path,
    *contents: bytes,
    lines: int = 4,
    name: str = "{}.csv",
    has_repeats: bool = False,
    **options: Any,
) -> Any:
    """Whether both ways come to the same; the first answer. Of rows that repeat one another, one
    that is written plainly may be taken before one that is not: which of their lines is kept says
    nothing.
    """
    files = [(name.format(number), content) for number, content in enumerate(contents)]
    by_rows, by_columns = (
        come_to(here, files, bytes_, lines, **options) for bytes_ in (BY_ROWS, BY_COLUMNS)
    )
    if has_repeats:
        by_rows, by_columns = without_lines(by_rows), without_lines(by_columns)
    assert by_columns == by_rows
    return by_columns[0][0]


def without_lines(come: tuple[Any, Any]) -> tuple[Any, Any]:
    """The same without the lines of facts, warnings and rejects."""
    told, left = come
    facts = sorted(map(str, (fact[:-1] for fact in left["facts"])))
    return told, {**left, "facts": facts} | {
        what: sorted((row[0], *row[2:]) for row in left[what]) for what in ("warnings", "rejects")
    }


@pytest.fixture
def town(city: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A town with three claims."""
    city()
    monkeypatch.setattr(chunks, "LINES", chunks.LINES)
    return here


# ---------------------------------------------------------------- refunds

# the claims end on 3 April at 8
HOURS = (
    "2020-03-28 10",
    "2020-03-28 12",
    "2020-03-28 14",
    "2020-04-03 07",
    "2020-04-03 09",
)
# of one voucher's life: kind, hour, number, refund_of, amount, told subsidy, merchant
STEP = st.tuples(
    st.sampled_from(["pay", "refund"]),
    st.sampled_from(HOURS),
    st.sampled_from("12"),
    st.sampled_from("112"),
    st.sampled_from(["45.00", "45.00", "45.00", "20.00"]),
    st.sampled_from(["10.00", "10.00", "4.44", "5.56"]),
    st.sampled_from(["M1", "M1", "M2"]),
)
PAID = ("pay", HOURS[0], "1", "1", "45.00", "10.00", "M1")
REFUNDED = ("refund", HOURS[1], "2", "1", "45.00", "10.00", "M1")
LIFE = st.one_of(
    st.just([PAID, REFUNDED]),
    st.lists(STEP, min_size=1, max_size=4),
    st.builds(lambda step: [PAID, ("refund", *step[1:])], STEP),
    st.sampled_from(
        [
            [PAID, REFUNDED, ("refund", hour, number, *REFUNDED[3:])]
            for hour in HOURS[1:3]
            for number in "123"
        ]
    ),
)


@st.composite
def lives(draw: st.DrawFn) -> list[str]:
    """The rows of some vouchers' lives, in any order; one number may come on two vouchers."""
    told = []
    for voucher in draw(
        st.lists(
            st.sampled_from(["C1,1", "C1,2", "C2,1", "C3,3"]), min_size=1, max_size=4, unique=True
        )
    ):
        holder = draw(st.sampled_from([voucher.replace(",", ""), "X"]))
        for kind, hour, number, paid, amount, subsidy, merchant in draw(LIFE):
            refund_of = f"{holder}-{paid}" if kind == "refund" else ""
            told.append(
                f"{holder}-{number},{kind},{voucher},{merchant},{hour}:00:00,{amount},0,{subsidy},{refund_of}"
            )
    return (
        draw(st.permutations(told))
        if draw(st.booleans())
        else sorted(told, key=lambda row: row.split(",")[5])
    )


def as_file(told: list[str]) -> bytes:
    return "\n".join([HEADER.strip(), *told, ""]).encode()


@pytest.fixture
def towns(city: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The town under every policy of refunds, each in a folder of its own."""
    monkeypatch.setattr(chunks, "LINES", chunks.LINES)
    for policy in ("full_restores", "restores_once", "forfeits", "pro_rata"):
        city(policy)
        (here / policy).mkdir()
        for name in ("voucher.db", "voucher.key"):
            shutil.copy2(here / name, here / policy)
            (here / name).unlink()
    return here


POLICIES = st.sampled_from(
    ["full_restores", "full_restores", "restores_once", "forfeits", "pro_rata"]
)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(policy=POLICIES, told=lives(), lines=st.sampled_from([1, 2, 3, 1000]))
def test_refunds_come_to_the_same(towns: Path, policy: str, told: list[str], lines: int) -> None:
    same(towns / policy, as_file(told), lines=lines, has_repeats=True, profile="voucher")


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(policy=POLICIES, told=lives(), lines=st.sampled_from([1, 2, 3, 1000]))
def test_refunds_come_to_the_same_many_times(
    towns: Path, policy: str, told: list[str], lines: int
) -> None:
    same(towns / policy, as_file(told), lines=lines, has_repeats=True, profile="voucher")


@pytest.mark.parametrize(
    "policy",
    [
        "full_restores",
        "pro_rata",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("restores_once", "forfeits")),
    ],
)
@pytest.mark.parametrize("lines", [1, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_full_refund_comes_to_the_same(towns: Path, policy: str, lines: int) -> None:
    steps = [
        PAID,
        REFUNDED,
        ("pay", HOURS[2], "3", "", *PAID[4:]),
        ("refund", HOURS[2], "4", "3", *PAID[4:]),
    ]
    told = [
        f"T{number},{kind},C1,1,{merchant},{hour}:{minute}:00,{amount},0,{subsidy},{f'T{paid}' if kind == 'refund' else ''}"
        for minute, (kind, hour, number, paid, amount, subsidy, merchant) in enumerate(steps, 10)
    ]
    for count in range(2, 5):
        same(towns / policy, as_file(told[:count]), lines=lines, profile="voucher")


def test_a_full_refund_is_proved_by_columns(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the block of its payment and in a later one; what is not full, or late, is judged by
    itself.
    """
    left: list[int] = []
    write = feed.Feed.write

    def counted(self: Any, *given: Any) -> Any:
        written, records = write(self, *given)
        records = list(records)
        left.append(len(records))
        return written, records

    monkeypatch.setattr(feed.Feed, "write", counted)
    told = [
        "T1,pay,C1,1,M1,2020-03-28 10:00:00,45.00,0,10.00,",
        "R1,refund,C1,1,M1,2020-03-28 11:00:00,45.00,0,10.00,T1",
        "T2,pay,C2,1,M1,2020-03-28 10:00:00,45.00,0,10.00,",
        "T3,pay,C3,1,M1,2020-03-28 10:00:00,45.00,0,10.00,",
        "R2,refund,C2,1,M1,2020-03-28 11:00:00,45.00,0,10.00,T2",
        "R3,refund,C3,1,M1,2020-03-28 11:00:00,20.00,0,4.44,T3",
    ]
    (answer, *_), _ = come_to(
        town, [("0.csv", "\n".join([HEADER.strip(), *told, ""]).encode())], BY_COLUMNS, 4
    )
    assert answer["accepted"] == 6
    assert left == [1]


# ---------------------------------------------------------------- chance

CELLS = (
    (
        "T0",
        "T1",
        "T2",
        "T3",
        "1000000001",
        "2000000001",
        "42000012345678901234567890123456",
        "0012",
        "12",
        "t-1_#/|",
        "",
        "号1",
        "T 1",
        "2020-01-05",
        "2020-01-05-7",
    ),
    ("pay", "pay", "pay", "pay", "refund", "Pay", "sale", "", "pay "),
    ("C1", "C1", "C2", "C3", "C9", "", "2020-01-05"),
    ("1", "1", "2", "3", "4", "5", "01", "0", "1.0", "", "+1", "１", "999999999999"),
    ("M1", "M1", "M2", "M9", "", "m1"),
    (
        "2020-03-28 10:00:00",
        "2020-03-28T10:00:01",
        "2020-03-28 10:00",
        "2020/3/28 10:00",
        "2020-03-28T02:00:00Z",
        "2020-02-30 10:00:00",
        "2020-03-28 24:00:00",
        "2020-03-28 10:00:60",
        "2020-03-28 23:60:00",
        "0000-01-01 00:00:00",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "9999-12-31 24:00:00",
        "2020-03-27 07:59:59",
        "2020-04-03 08:00:01",
        "2020-03-28 10:00:02",
        "2020-03-29 10:00:00",
        "",
        "43918.41",
        "２０２０-03-28 10:00:00",
    ),
    (
        "45",
        "45.0",
        "45.00",
        "45.00",
        "45.005",
        "-45",
        "",
        "0",
        "00045.00",
        "99999999999999",
        "999999999999.99",
        "4e1",
        "45.",
        ".5",
        "２０",
        "2000",
        "3999.99",
        "4000.1",
        "39.99",
        "1,045.00",
        "¥45",
    ),
    ("0", "0", "0.00", "5", "50", "", "-0", "0.001"),
    ("10", "10.00", "10.00", "200.00", "400.00", "0", "", "10.0", "1e1", "10.01"),
    ("", "", "", "T0", "T1", "T2", "12", "号1"),
)
PLAIN = st.tuples(*[st.sampled_from(cells[:6]) for cells in CELLS])
WILD = st.tuples(*[st.sampled_from(cells) for cells in CELLS])
TAME = st.builds(
    lambda number, claim, coupon, merchant, hour: (
        f"T{number}",
        "pay",
        claim,
        coupon,
        merchant,
        f"2020-03-28 {hour:02d}:00:00",
        "45.00",
        "0",
        "10.00",
        "",
    ),
    st.integers(0, 30),
    st.sampled_from(["C1", "C2", "C3"]),
    st.sampled_from("123"),
    st.sampled_from(["M1", "M2"]),
    st.integers(8, 20),
)
TOUCHES = (
    "quote",
    "pad",
    "tab",
    "backtick",
    "quoted newline",
    "stray quote",
    "two stray quotes",
    "return",
    "separator",
    "page",
    "line",
)


def touched(cells: tuple[str, ...], touch: tuple[str, int]) -> tuple[str, ...]:
    """The row with something done to one of its cells, as it stands in a file."""
    how, at = touch
    cell = cells[at]
    changed = {
        "quote": f'"{cell}"',
        "pad": f" {cell}  ",
        "tab": f"{cell}\t",
        "backtick": f"`{cell}",
        "quoted newline": f'"{cell}\n"',
        "stray quote": f'{cell}"',
        "two stray quotes": f'{cell}"x"',
        "return": f"{cell}\r",
        "separator": f"{cell}\x1f",
        "page": f"{cell}\x0c",
        "line": f"{cell}\u2028",
    }[how]
    return (*cells[:at], changed, *cells[at + 1 :])


TOUCH = st.tuples(st.sampled_from(TOUCHES), st.integers(0, 9))
LINE = st.one_of(
    TAME.map(",".join),
    TAME.map(",".join),
    PLAIN.map(",".join),
    WILD.map(",".join),
    st.builds(lambda cells, touch: ",".join(touched(cells, touch)), TAME, TOUCH),
    st.builds(lambda cells, width: ",".join((*cells, "", "x")[:width]), TAME, st.integers(1, 12)),
    st.sampled_from(["", "   ", ",,,,,,,,,", HEADER.strip(), "\t"]),
)
FILE = st.lists(LINE, min_size=1, max_size=12)
SHAPE = st.fixed_dictionaries(
    {
        "newline": st.sampled_from(["\n", "\n", "\r\n", "\r"]),
        "ends": st.booleans(),
        "preamble": st.sampled_from(["", "", "report\n\n", "，,x\n"]),
        "encoding": st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16"]),
        "delimiter": st.sampled_from(",,,;\t|"),
        "channels": st.sampled_from([None, ["offline"], ["线下", "", "online", "no"]]),
    }
)


def written(lines: list[str], shape: dict[str, Any]) -> bytes:
    """The file's bytes; what the encoding has no sign for becomes a question mark."""
    rows, channels = [HEADER.strip(), *lines], shape["channels"]
    if channels:
        rows = [
            f"{row},{channels[number % len(channels)] if number else '渠道'},午餐"
            for number, row in enumerate(rows)
        ]
        rows[0] = rows[0].replace("午餐", "备注")
    text = shape["newline"].join(rows) + (shape["newline"] if shape["ends"] else "")
    text = (shape["preamble"].replace("\n", shape["newline"]) + text).replace(
        ",", shape["delimiter"]
    )
    return text.encode(shape["encoding"], "replace")


MANY = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(MANY, max_examples=5)
FILES = st.lists(st.tuples(FILE, SHAPE), min_size=1, max_size=2)
LINES = st.sampled_from([1, 2, 3, 5, 8, 1000])


@SOME
@given(files=FILES, lines=LINES)
def test_both_ways_come_to_the_same(
    town: Path, files: list[tuple[list[str], dict[str, Any]]], lines: int
) -> None:
    same(
        town, *[written(*file) for file in files], lines=lines, has_repeats=True, profile="voucher"
    )


@pytest.mark.slow
@MANY
@given(files=FILES, lines=LINES)
def test_both_ways_come_to_the_same_many_times(
    town: Path, files: list[tuple[list[str], dict[str, Any]]], lines: int
) -> None:
    same(
        town, *[written(*file) for file in files], lines=lines, has_repeats=True, profile="voucher"
    )


# ---------------------------------------------------------------- one by one


def rows(*changes: dict[str, str], **also: str) -> list[str]:
    """Payments that differ from the first one as told."""
    plain = dict(zip(COLUMNS, PAYMENT, strict=True))
    return [
        ",".join((plain | {"transaction_no": f"T{number}"} | change | also).values())
        for number, change in enumerate(changes, 1)
    ]


THREE = [HEADER.strip(), *rows({}, {"coupon_no": "2", "merchant_no": "M2"}, {"claim_no": "C2"})]
FORMS = {
    "LF": "\n".join([*THREE, ""]).encode(),
    "CRLF": "\r\n".join([*THREE, ""]).encode(),
    "lone CR": "\r".join([*THREE, ""]).encode(),
    "one lone CR": ("\n".join([*THREE, ""]) + rows({"transaction_no": "T9\r"})[0]).encode(),
    "no newline at the end": "\n".join(THREE).encode(),
    "blank lines": "\n\n".join(["", *THREE, "", ""]).encode(),
    "byte order mark": codecs.BOM_UTF8 + "\n".join([*THREE, ""]).encode(),
    "GB18030": (
        "\n".join([THREE[0] + ",备注", *[row + ",午餐" for row in THREE[1:]], ""]).encode("gb18030")
    ),
    "UTF-16": "\n".join([*THREE, ""]).encode("utf-16"),
    "UTF-32": "\r\n".join([*THREE, ""]).encode("utf-32"),
    "semicolons": "\n".join([*THREE, ""]).replace(",", ";").encode(),
    "TABs": "\n".join([*THREE, ""]).replace(",", "\t").encode(),
    "upright strokes": "\n".join([*THREE, ""]).replace(",", "|").encode(),
    "quoted": "\n".join(['"' + row.replace(",", '","') + '"' for row in THREE] + [""]).encode(),
    "quotes within quotes": "\n".join([*THREE, THREE[1].replace("T1", '"T""4"'), ""]).encode(),
    "a quote that is never closed": (
        "\n".join([*THREE[:2], THREE[2].replace("T2", '"T2'), THREE[3], ""]).encode()
    ),
    "a cell of two lines": (
        "\n".join([THREE[0] + ",note", *[row + ',"two\nlines"' for row in THREE[1:]], ""]).encode()
    ),
    "a remark that holds a row": (
        "\n".join(
            [
                THREE[0] + ",note",
                THREE[1] + ",x",
                THREE[2] + ',"a',
                THREE[1].replace("T1", "T9") + ",x",
                'b"',
                THREE[3] + ",",
                "",
            ]
        ).encode()
    ),
    "a place whose quote marks do not fit": (
        "\n".join(
            [
                THREE[0] + ",note",
                THREE[1] + ",x",
                THREE[2] + ',"a"b"',
                THREE[1].replace("T1", "T9") + ",x",
                'c"',
                THREE[3] + ",",
                "",
            ]
        ).encode()
    ),
    "one comma too many": "\n".join([THREE[0], *[row + "," for row in THREE[1:]], ""]).encode(),
    "commas of full width": "\n".join([*THREE, ""]).replace(",", "\uff0c").encode(),
    "a cell of two lines after a stray quote": (
        "\n".join(
            [
                THREE[0] + ",note,more",
                THREE[1] + ',a"b,"c',
                'd",e"f',
                *[row + ",," for row in THREE[2:]],
                "",
            ]
        ).encode()
    ),
    "short and long rows": "\n".join([*THREE, "T4,pay", THREE[1] + ",,", ""]).encode(),
    "padded cells": (
        "\n".join([THREE[0], *[row.replace(",", " , ") for row in THREE[1:]], ""]).encode()
    ),
    "a blank last column": "\n".join([row + "," for row in THREE] + [""]).encode(),
    "a preamble": "\n".join(["voucher report", "made,2020-03-30", *THREE, ""]).encode(),
    "the header once more": (
        "\n".join([*THREE, THREE[0], THREE[1].replace("T1", "T7"), ""]).encode()
    ),
    "only a header": (HEADER).encode(),
    "columns in another order": (
        "\n".join(",".join(reversed(row.split(","))) for row in [*THREE]).encode()
    ),
    "a sign of two octets in GB18030 that ends like a comma's neighbour": (
        "\n".join([THREE[0] + ",备注", *[row + ",乗亅乚" for row in THREE[1:]], ""]).encode(
            "gb18030"
        )
    ),
}


@pytest.mark.parametrize("form", sampled({each: each for each in FORMS}, 2))
@pytest.mark.parametrize("lines", [2, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_form_of_a_file_is_read_both_ways_alike(town: Path, form: str, lines: int) -> None:
    data = same(town, FORMS[form], lines=lines)
    assert isinstance(data, dict) and (
        data["accepted"] == 3
        or form
        in (
            "only a header",
            "a quote that is never closed",
            "a place whose quote marks do not fit",
            "a cell of two lines after a stray quote",
        )
    ), data


PROFILES = {
    "words": ("", "号,类,券,序,店,时,价,惠,补,原,道", ""),
    "without a subsidy": ("", "号,类,券,序,店,时,价,惠,无,原,道", ""),
    "in fen": ("unit: fen\n", "号,类,券,序,店,时,价,惠,补,原,道", ""),
    "refunds are negative": ("refunds: negative\n", "号,类,券,序,店,时,价,惠,补,原,道", ""),
    "only some rows": (
        "skip: [{column: 道, like: 线上}]\n",
        "号,类,券,序,店,时,价,惠,补,原,道",
        "",
    ),
    "a footer": ("footer: {like: ^合计}\n", "号,类,券,序,店,时,价,惠,补,原,道", "合计,3\n"),
}
PROFILE = """\
profile: town-bill
kind: redemptions
name: {zh: 账单, en: Bill}
columns:
  transaction_no: 号
  kind: {column: 类, refund: 退款, otherwise: pay}
  claim_no: 券
  coupon_no: 序
  merchant_no: 店
  paid_at: 时
  order_amount: 价
  merchant_discount: {column: 惠, optional: true}
  subsidy: {column: 补, optional: true}
  refund_of: 原
  channel: {column: 道, words: {线下: offline, 线上: online}}
"""
BILL = (
    "T1,支付,C1,1,M1,2020-03-28 10:00:00,4500,0,1000,,线下",
    "T2,支付,C1,2,M2,2020-03-28 10:00:00,45.00,0,10.00,,线上",
    "T3,支付,C2,1,M1,2020-03-28 10:00:00,45.00,0,10,,",
    "R3,退款,C2,1,M1,2020-03-28 12:00:00,-45.00,0,-10.00,T3,",
    "R1,退款,C1,1,M1,2020-03-28 12:00:00,4500,0,1000,T1,线下",
    "T4,支付,C2,2,M2,2020-03-28 10:00:00,45.00,0,10,,店",
)


@pytest.mark.parametrize("which", PROFILES)
def test_every_profile_is_read_both_ways_alike(town: Path, which: str) -> None:
    also, header, footer = PROFILES[which]
    (town / "bill.yaml").write_text(PROFILE + also, "utf-8")
    data = same(
        town,
        "\n".join([header, *BILL, footer]).encode("gb18030"),
        lines=3,
        profile=str(town / "bill.yaml"),
    )
    assert data["read"] + data["ignored"] == 6 and data["accepted"] > 0, data


@pytest.mark.parametrize("column", sampled({each: each for each in COLUMNS}, 2))
def test_every_strange_cell_is_read_both_ways_alike(town: Path, column: str) -> None:
    """Three of them in a file, each in a row that would be lawful without it."""
    cells = list(dict.fromkeys(CELLS[COLUMNS.index(column)]))
    for first in range(0, len(cells), 3):
        strange = [
            {"claim_no": f"C{number}", column: cell}
            for number, cell in enumerate(cells[first : first + 3], 1)
        ]
        same(town, "\n".join([HEADER.strip(), *rows(*strange), ""]).encode(), profile="voucher")


@pytest.mark.slow
@pytest.mark.parametrize("column", COLUMNS)
def test_every_strange_cell_is_alone_read_both_ways_alike(town: Path, column: str) -> None:
    for cell in dict.fromkeys(CELLS[COLUMNS.index(column)]):
        same(
            town, "\n".join([HEADER.strip(), *rows({column: cell}), ""]).encode(), profile="voucher"
        )


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_the_judge_accepts_counts_in_later_chunks(town: Path, lines: int) -> None:
    """Three vouchers of one resident at one merchant on one day, two of which are lawful; one or
    the other is written so that columns cannot take it; they come in any order, in chunks of one
    row or two.
    """
    for order, odd in product(permutations("123"), ("2", "13")):
        numbers = [f'"T{coupon}"' if coupon in odd else f"T{coupon}" for coupon in order]
        told = [
            f"{number},pay,C1,{coupon},M1,2020-03-28 1{coupon}:00:00,45.00,0,10.00,"
            for number, coupon in zip(numbers, order, strict=True)
        ]
        data = same(
            town, "\n".join([HEADER.strip(), *told, ""]).encode(), lines=lines, profile="voucher"
        )
        assert data["reasons"] == {"over_limit": 1}, (order, odd)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_a_large_file_may_be_packed(town: Path, suffix: str) -> None:
    content = "\n".join([*THREE, ""]).encode()
    assert (
        same(
            town, gzip.compress(content) if suffix.endswith("gz") else content, name="{}." + suffix
        )["accepted"]
        == 3
    )


def test_the_columns_are_really_used(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    cells = feed.blocks.frames.cells
    monkeypatch.setattr(
        feed.blocks.frames,
        "cells",
        lambda *given: seen.append(len(given[1].regular)) or cells(*given),
    )
    come_to(town, [("0.csv", FORMS["LF"])], BY_COLUMNS, 1000)
    assert seen == [3]
    come_to(town, [("0.csv", FORMS["LF"])], BY_ROWS, 1000)
    assert seen == [3]


def test_rounds_that_are_over_make_room_and_may_come_back() -> None:
    pl = pytest.importorskip("polars")
    from vouchercli.ops.intake.by_columns.known import Claims

    def piece(first: int) -> list[tuple[str, str, str, str, str]]:
        return [(f"{first},{first + 1}", f"C{first}\nC{first + 1}", "00" * 16, "0,0", "9,9")]

    numbers = pl.Series(["C1", "C2", "C3", "C4", "none"])
    claims, found = Claims(), []
    for round_id, over in ((1, set()), (2, {1}), (1, set())):
        claims.add(round_id, piece(2 * round_id - 1), over)
        is_known, places = claims.find(numbers)
        known = claims.at(places[is_known]).rows_by_key("round_id", named=True)
        found.append((claims.rounds, known))
    assert [sorted(rounds) for rounds, _ in found] == [[1], [2], [1, 2]]
    assert [{one: len(known) for one, known in by_round.items()} for _, by_round in found] == [
        {1: 2},
        {2: 2},
        {1: 2, 2: 2},
    ]


# ---------------------------------------------------------------- borders


def both_ways(here: Path, *files: str) -> tuple[list[Any], dict[str, Any]]:
    """What the files answer and leave, the same by rows and by columns."""
    named = [
        (f"{number}.csv", (HEADER + rows.replace("_", " ") + "\n").encode())
        for number, rows in enumerate(files)
    ]
    by_rows, by_columns = (come_to(here, named, bytes_, 1000) for bytes_ in (BY_ROWS, BY_COLUMNS))
    assert by_columns == by_rows
    return by_columns[0][: len(files)], by_columns[1]


def test_24_oclock_on_a_day_that_is_known_is_the_next_day_both_ways(town: Path) -> None:
    rows = [
        f"T{number},pay,C{number},1,M1,2020-03-28_{clock},45.00,0,10.00,"
        for number, clock in enumerate(("09:00:00", "24:00:00", "23:59:59"), 1)
    ]
    (answer,), left = both_ways(town, "\n".join(rows))
    assert answer["accepted"] == 3
    days = {row[2]: row[5] for row in left["days"] if row[0] == "round"}
    assert days == {20200328: 2, 20200329: 1}


def test_payments_that_stand_count_in_the_limit_of_a_later_file(town: Path) -> None:
    # two vouchers a day at one merchant
    first = """\
A1,pay,C1,1,M1,2020-03-28_00:00:00,45.00,0,10.00,
A2,pay,C1,2,M1,2020-03-28_23:59:59,45.00,0,10.00,
B1,pay,C2,1,M1,2020-03-28_09:00:00,45.00,0,10.00,
B2,pay,C2,2,M1,2020-03-29_00:00:00,45.00,0,10.00,
D1,pay,C3,1,M1,2020-03-28_09:00:00,45.00,0,10.00,
D2,pay,C3,2,M2,2020-03-28_10:00:00,45.00,0,10.00,"""
    second = """\
A3,pay,C1,3,M1,2020-03-28_12:00:00,45.00,0,10.00,
B3,pay,C2,3,M1,2020-03-28_23:00:00,45.00,0,10.00,
D3,pay,C3,3,M1,2020-03-28_11:00:00,45.00,0,10.00,
D4,pay,C3,4,M1,2020-03-28_12:00:00,4000.00,0,400.00,"""
    answers, left = both_ways(town, first, second)
    assert [answer["reasons"] for answer in answers] == [{}, {"over_limit": 2}]
    # A3 is earlier than A2, which stands and keeps its place; D4 is the last of its day
    second_batch = answers[1]["batch"]
    assert [row[:3] for row in left["rejects"]] == [
        (second_batch, 2, "over_limit"),
        (second_batch, 5, "over_limit"),
    ]


def test_a_payment_at_a_border_is_judged_alike_both_ways(town: Path) -> None:
    rows = {
        "C1,1,M1,2020-03-27_08:00:00,45.00,0,10.00": "not_yet_valid",
        "C1,1,M1,2020-03-27_08:00:01,45.00,0,10.00": None,
        "C1,2,M1,2020-04-03_08:00:01,45.00,0,10.00": "expired",
        "C1,2,M1,2020-04-03_08:00:00,45.00,0,10.00": None,
        "C2,1,M1,2020-03-28_09:00:00,39.99,0,10.00": "below_threshold",
        "C2,1,M1,2020-03-28_09:00:00,40.00,0,10.00": None,
        "C2,2,M2,2020-03-28_09:00:00,45.00,5.01,10.00": "below_threshold",
        "C2,2,M2,2020-03-28_09:00:00,45.00,5.00,10.00": None,
        "C2,3,M2,2020-03-28_09:00:00,45.00,0,9.99": "subsidy_mismatch",
        "C1,4,M1,2020-03-28_09:00:00,2000.04,0,200.00": None,  # a tenth: 200.004
        "C2,4,M1,2020-03-28_09:00:00,2000.05,0,200.00": "subsidy_mismatch",  # 200.005
        "C2,4,M1,2020-03-28_09:00:00,2000.05,0,200.01": None,
        "C3,4,M1,2020-03-28_09:00:00,4000.10,0,400.01": "subsidy_mismatch",
        "C3,4,M1,2020-03-28_09:00:00,3999.99,0,400.00": None,
        "C3,5,M1,2020-03-28_09:00:00,45.00,0,10.00": "unknown_coupon",
        "C4,1,M1,2020-03-28_09:00:00,45.00,0,10.00": "unknown_claim",
        "C3,1,M3,2020-03-28_09:00:00,45.00,0,10.00": "unknown_merchant",
    }
    _, left = both_ways(town, "\n".join(f"T{n},pay,{row}," for n, row in enumerate(rows, 2)))
    rejected = {line: reason for _, line, reason, _ in left["rejects"]}
    assert {line: rejected.get(line) for line, _ in enumerate(rows, 2)} == dict(
        enumerate(rows.values(), 2)
    )


def test_a_voucher_is_used_once_whichever_way_its_files_are_read(town: Path) -> None:
    # the second voucher of a pack whose first is in use
    files = (
        (BY_ROWS, "T1,pay,C1,1,M1,2020-03-28 09:00:00,45.00,0,10.00,"),
        (BY_ROWS, "T2,pay,C1,2,M1,2020-03-28 10:00:00,45.00,0,10.00,"),
        (BY_COLUMNS, "T3,pay,C1,2,M2,2020-03-28 11:00:00,45.00,0,10.00,"),
        (BY_COLUMNS, "R2,refund,C1,2,M1,2020-03-28 12:00:00,45.00,0,10.00,T2"),
        (BY_COLUMNS, "T4,pay,C1,2,M2,2020-03-28 13:00:00,45.00,0,10.00,"),
    )
    answers = []
    for number, (bytes_, row) in enumerate(files):
        path = town / f"{number}.csv"
        path.write_text(HEADER + row + "\n")
        with session(town / "voucher.db", "mei") as one, pytest.MonkeyPatch.context() as patch:
            patch.setattr(by_columns, "BYTES", bytes_)
            answers.append(ops.import_redemptions(one, str(path)).data["reasons"])
    assert answers == [{}, {}, {"already_redeemed": 1}, {}, {}]
