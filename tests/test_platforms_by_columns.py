"""Files of the payment platforms by columns: preambles, footers, backticks, patterns, refunds with
a minus, GB18030. They give the same result as rows judged one by one, in any number of chunks, and
a file that its own last lines refuse leaves nothing.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import towns
from big_town import canonical, copied, left_by
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_by_columns import BY_COLUMNS, BY_ROWS, come_to, same
from test_chunks import Onlooker
from test_formats_records import WECHAT, alipay, alipay_row, used

from vouchercli.errors import Stopped
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake import redemptions as ops
from vouchercli.ops.intake.by_columns import feed

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Once

pytest.importorskip("polars")
NOW = towns.at("2020-03-30 09:00")


@pytest.fixture
def town(city: Any, here: Path, once: Once) -> Path:
    """A town whose merchants are known by the platforms' numbers."""
    (here / "shops.csv").write_text(
        "merchant_no,name,platform_no\nM1,面馆,190000\nM2,书店,S1\nM3,分店,S1\n", "utf-8"
    )
    voucher = city()
    once("a shop of two numbers", lambda: voucher("merchant", "import", "shops.csv"))
    for way in (BY_ROWS, BY_COLUMNS):  # rejects of people's numbers are kept as tokens
        shutil.copy(here / "voucher.key", here / f"by{way}.key")
    return here


def flow(
    rows: list[str],
    *,
    count: int | None = None,
    mark: str = "\ufeff",
    after: str = "",
    end: str = "\r\n",
) -> bytes:
    footer = f"总条数{end}`{len(rows) if count is None else count}{end}" if count != -1 else ""
    return (mark + "".join(line + end for line in (WECHAT, *rows)) + footer + after).encode()


def bill(rows: list[str]) -> bytes:
    """An Alipay bill whose footer announces what the rows are."""

    def said(kind: str, back: str) -> str:
        mine = [row.split(",") for row in rows if row.split(",")[2].strip(" \t`") == kind]
        received, discount = (
            sum(round(float(row[at]) * 100) for row in mine) / 100 for at in (12, 16)
        )
        return f"{len(mine)}笔，商家实收{back}共{received:.2f}元，商家优惠{back}共{discount:.2f}元"

    return alipay(rows, pay=said("交易", ""), refund=said("退款", "退款"))


# ---------------------------------------------------------------- WeChat

GOOD = [used("C1", "1"), used("C1-2", "2"), used("C2-1", "3"), used("C3-2", "4")]
ODD = {
    "unknown voucher": used("C9-1", "5"),
    "no such coupon": used("C2-9", "5"),
    "number used twice": used("C2-2", "3"),
    "the row again": used("C2-1", "3"),
    "a refund": used("C1", "1", "退款"),
    "no kind": used("C2-2", "5", ""),
    "blank voucher": used("", "5"),
    "blank number": used("C2-2", ""),
    "unknown shop": used("C2-2", "5").replace("190000", "7"),
    "blank shop": used("C2-2", "5").replace("190000", ""),
    "no time": used("C2-2", "5").replace("2020-03-27 12:00:00", "soon"),
    "a dearer voucher": used("C2-2", "5").replace("10.00", "11.00"),
    "three decimals": used("C2-2", "5").replace("45.00", "45.001"),
    "blanks around": used("C2-2", "5").replace("`5,", " ` 5 \t,"),
    "wide digits": used("C2-2", "5").replace("`5,", "`５,"),
    "a backtick within": used("C2-2", "5").replace("`5,", "`5`5,"),
    "a lost number": used("C2-2", "1.2E+20"),
    "a date": used("C2-2", "2020-05-01"),
    "one cell more": used("C2-2", "5") + ",x",
    "one cell less": used("C2-2", "5").rpartition(",")[0],
    "a comma": used("C2-2", "5").replace("45.00", "1,045.00"),
    "quoted": used("C2-2", "5").replace("`5,", '"`5",'),
    "a blank behind a quote": used("C2-2", "5") + " ",
    "a quote within": used("C2-2", "5").replace("满减券", '满"减"券'),
    "an open quote": used("C2-2", "5").replace("满减券", '"满减券'),
    "the header again": WECHAT,
    "garbled": used("C2-2锟斤拷", "5"),
    "two lines": used("C2-2", "5").replace('"",""', '"a\r\nb",""', 1),
}


@pytest.mark.parametrize(
    "lines",
    [2, pytest.param(3, marks=pytest.mark.slow), pytest.param(1000, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("odd", towns.sampled(ODD))
def test_an_odd_wechat_row_among_plain_ones(town: Path, odd: str, lines: int) -> None:
    count = 5 if "\r\n" not in odd and '"满' not in odd else None
    come = same(
        town, flow([*GOOD[:2], odd, *GOOD[2:]], count=count), lines=lines, has_repeats=odd in GOOD
    )
    # a line that is cut within quotes takes the one behind it with it: nobody can tell them apart
    fitting = (3,) if odd.count('"') % 2 and odd == ODD["one cell less"] else (4, 5)
    assert isinstance(come, tuple) or come["accepted"] in fitting


FORMS = {
    "no mark": flow(GOOD, mark=""),
    "a question mark": flow(GOOD, mark="?"),
    "LF": flow(GOOD, end="\n"),
    "blank lines": flow(["", *GOOD, ""], count=4),
    "no row": flow([]),
    "blank end": flow(GOOD, after="\r\n\r\n"),
    "UTF-16": flow(GOOD).decode().encode("utf-16"),
    "GB18030": flow(GOOD, mark="").decode().encode("gb18030"),
}


@pytest.mark.parametrize("content", towns.sampled(FORMS, 3))
def test_a_wechat_file_in_any_form(town: Path, content: bytes) -> None:
    assert same(town, content, lines=2)["accepted"] in (0, 4)


@pytest.mark.parametrize(
    "content",
    [
        flow(GOOD, count=3),
        flow(GOOD, count=5),
        flow(GOOD, count=-1),
        flow(GOOD) * 2,
        flow(GOOD, after=GOOD[0] + "\r\n"),
        flow(GOOD, after="x\r\n" * 50),
        flow(GOOD, after=WECHAT + "\r\n"),
    ],
    ids=[
        "too many",
        "too few",
        "cut off",
        "two in one",
        "a row behind",
        "much behind",
        "the header behind",
    ],
)
@pytest.mark.parametrize("lines", [2, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_wechat_file_that_is_not_whole_is_refused_alike_and_leaves_nothing(
    town: Path, content: bytes, lines: int
) -> None:
    code, _ = same(town, content, lines=lines)
    assert code in ("footer_mismatch", "file_cut_off", "data_after_footer")
    told, left = come_to(town, [("f.csv", content)], BY_COLUMNS, lines)
    assert (told[0][0], left["facts"], left["rejects"]) == (code, [], [])


def test_the_columns_are_really_used_for_every_plain_row(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    columns = feed.blocks._columns
    monkeypatch.setattr(
        feed.blocks,
        "_columns",
        lambda *given: [found := columns(*given), seen.append(found[0].height)][0],
    )
    come_to(town, [("f.csv", flow(GOOD)), ("a.csv", bill(PAID))], BY_COLUMNS, 1000)
    assert seen == [4, 4]


# ---------------------------------------------------------------- Alipay

PAID = [
    alipay_row("T1", "交易", "45.00", "10.00", "小镇消费券40-10(C1-1)"),
    alipay_row("T2", "交易", "12.00", "0.00", "", received="12.00"),
    alipay_row("T3", "交易", "46.00", "10.00", "小镇消费券40-10（C2-2）", received="36.00"),
    alipay_row("T1", "退款", "-45.00", "-10.00", "小镇消费券40-10（C1-1）", "R1", "-35.00").replace(
        "12:00:05", "13:00:05"
    ),
    alipay_row("T4", "交易", "45.00", "10.00", "小镇消费券40-10(C1-1)").replace(
        "12:00:05", "14:00:05"
    ),
]
STRANGE = {
    "a kind of its own": alipay_row("T5", "转账", "45.00", "10.00", "券(C3-1)"),
    "a kind of its own without voucher": alipay_row("T5", "转账", "45.00", "0.00", ""),
    "no brackets": alipay_row("T5", "交易", "45.00", "10.00", "券C3-1"),
    "no coupon": alipay_row("T5", "交易", "45.00", "10.00", "券(C3)"),
    "a positive refund": alipay_row("T1", "退款", "45.00", "-10.00", "券(C1-1)", "R5", "-35.00"),
    "a refund of nothing": alipay_row("T1", "退款", "-0.00", "-10.00", "券(C1-1)", "R5", "-35.00"),
    "a refund without number": alipay_row(
        "T1", "退款", "-45.00", "-10.00", "券(C1-1)", "", "-35.00"
    ),
    "a negative payment": alipay_row("T5", "交易", "-45.00", "10.00", "券(C3-1)"),
    "yen": alipay_row("T5", "交易", "¥45.00", "10.00", "券(C3-1)"),
    "three decimals": alipay_row("T5", "交易", "45.001", "10.00", "券(C3-1)"),
    "short": "T5,,交易",
    "blank": "",
    "quoted": alipay_row("T5", "交易", "45.00", "10.00", '"券,(C3-1)"'),
}


@pytest.mark.parametrize("lines", [3, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("strange", towns.sampled(STRANGE))
def test_a_strange_alipay_row_among_plain_ones(town: Path, strange: str, lines: int) -> None:
    whole = [row for row in (*PAID, strange) if row.count(",") > 20]
    plain, both = PAID[2].encode("gb18030"), f"{strange}\r\n{PAID[2]}".encode("gb18030")
    content = bill(whole) if strange in whole else bill(PAID).replace(plain, both)
    assert same(town, content, lines=lines)["accepted"] in (4, 5)


def test_what_the_profile_leaves_out_is_counted_in_every_chunk(town: Path) -> None:
    for lines in (2, 4, 1000):
        data = same(town, bill(PAID), lines=lines)
        assert (data["read"], data["accepted"], data["ignored"], data["encoding"]) == (
            4,
            4,
            1,
            "gb18030",
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("交易合计：4笔", "交易合计：5笔"),
        ("退款共-35.00元", "退款共-35.01元"),
        ("12.00,12.00", "12.00,1a.00"),
    ],
)
def test_an_alipay_bill_that_is_not_whole_is_refused_alike(town: Path, old: str, new: str) -> None:
    content = bill(PAID)
    damaged = content.replace(old.encode("gb18030"), new.encode("gb18030"))
    assert damaged != content
    for lines in (2, 1000):
        assert isinstance(same(town, damaged, lines=lines), tuple)


# ---------------------------------------------------------------- profiles of one's own

OWN = """
profile: own
kind: redemptions
columns:
  transaction_no: no
  kind: {sign: total}
  claim_no: {column: voucher, pattern: '^(.+)/'}
  coupon_no: {column: voucher, pattern: '/(\\d+)$', default: "1"}
  platform_no: {column: shop, default: "190000", words: {one: "190000", two: S1}}
  paid_at: at
  order_amount: total
  merchant_discount: {value: "0"}
  subsidy: cut
  refund_of: {pay: {value: ""}, refund: of}
unit: fen
refunds: negative
skip: [{column: state, like: '^closed$'}, {column: state, like: '^void$'}]
footer: {like: '^sum'}
checks: [{find: '^sum,(?P<rows>\\d+)'}]
"""
CELLS = st.tuples(
    st.sampled_from(["1", "2", "3", "4", " 5", "`6", ""]),
    st.sampled_from(["C1/1", "C1/2", "C2/1", "C3/", "C3", "C2/2 ", ""]),
    st.sampled_from(["one", "two", "", "S1", " one", "x"]),
    st.sampled_from(["2020-03-28 10:00:00", "2020-03-28 11:00:00", "`2020-03-28 12:00:00", "soon"]),
    st.sampled_from(["4500", "5000", "-4500", "0", "45.00", " 4500", "", "-0"]),
    st.sampled_from(["1000", "-1000", "0", "7"]),
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["", "", "closed", " closed", "void"]),
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.one_of(CELLS, CELLS, CELLS, st.just(())), max_size=12),
    lines=st.integers(2, 6),
    is_right=st.sampled_from([True, True, False]),
)
def test_any_file_of_a_profile_of_ones_own(
    town: Path, rows: list[tuple[str, ...]], lines: int, is_right: bool
) -> None:
    (town / "own.yaml").write_text(OWN, "utf-8")
    count = sum(1 for row in rows if row) + (not is_right)
    text = (
        "a list\n\nno,voucher,shop,at,total,cut,of,state\n"
        + "".join(",".join(row) + "\n" for row in rows)
        + f"sum,{count}\n"
    )
    data = same(town, text.encode(), lines=lines, profile=str(town / "own.yaml"), has_repeats=True)
    assert isinstance(data, dict) == is_right


# ---------------------------------------------------------------- stopped and resumed


@pytest.mark.slow
@pytest.mark.parametrize("bytes_", [BY_ROWS, BY_COLUMNS], ids=["by rows", "by columns"])
@pytest.mark.parametrize("name", ["wechat.csv", "alipay.csv"])
@pytest.mark.parametrize("done", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_stopped_import_of_a_platforms_file_goes_on(
    town: Path, voucher: Any, monkeypatch: pytest.MonkeyPatch, bytes_: int, name: str, done: int
) -> None:
    (town / name).write_bytes(
        flow([*GOOD, ODD["unknown voucher"]]) if name == "wechat.csv" else bill(PAID)
    )
    monkeypatch.setattr(chunks, "LINES", 2 if name == "wechat.csv" else 3)
    monkeypatch.setattr(chunks, "TOGETHER", 1)
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    calm = copied(town, "calm")
    with towns.session(calm / "voucher.db", "mei", NOW) as one:
        wanted = ops.import_redemptions(one, name).data
    with towns.session(town / "voucher.db", "mei", NOW) as one, pytest.raises(Stopped):
        ops.import_redemptions(one, name, watch=Onlooker(lambda chunk: chunk == done))
    [batch] = voucher("batch", "list", "--kind", "redemptions", "-o", "json").data["batches"]
    assert batch["state"] == "importing"
    with towns.session(town / "voucher.db", "mei", NOW) as one:
        assert ops.import_redemptions(one, name).data == wanted
    assert canonical(town / "voucher.db") == canonical(calm / "voucher.db")
    assert left_by(town / "voucher.db")["facts"]
