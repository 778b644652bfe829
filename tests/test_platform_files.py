"""WeChat's and Alipay's files as redemptions of real claims in a small town, found by their
headers; and what stands in their way.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from test_formats_records import ALIPAY, WECHAT, alipay, alipay_row, used
from test_formats_sources import gbk_zipped, zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once

City = Any
NEWER = ",是否合单订单,微信支付合单单号,合单优惠总金额,合单订单总金额"


@pytest.fixture
def town(city: City, here: Path, once: Once) -> Callable[..., Any]:
    """Imports a platform's bytes where its merchants are known by the platform's numbers."""
    voucher = city()
    (here / "shops.csv").write_text(
        "merchant_no,name,platform_no\nM1,面馆,190000\nM2,书店,S1\n", "utf-8"
    )
    once("known by the platform's numbers", lambda: voucher("merchant", "import", "shops.csv"))

    def take_in(content: bytes, *options: str, name: str = "f.csv", expect: int | None = 0) -> Any:
        (here / name).write_bytes(content)
        ran = voucher("redemption", "import", name, *options, "-o", "json", expect=expect)
        if ran.data:
            assert (
                ran.data["read"]
                == ran.data["accepted"] + ran.data["duplicate"] + ran.data["rejected"]
            )
        voucher("check")
        return ran

    return take_in


def flow(*rows: str, header: str = WECHAT, count: int | None = None, mark: str = "\ufeff") -> bytes:
    footer = f"总条数\r\n`{len(rows) if count is None else count}\r\n"
    return (mark + "".join(line + "\r\n" for line in (header, *rows)) + footer).encode()


def total(voucher: Any) -> tuple[int, int, int]:
    found = voucher("report", "leverage", "-o", "json").data["total"]
    return found["redemptions"], found["base_fen"], found["subsidy_fen"]


# ---------------------------------------------------------------- WeChat


@pytest.mark.parametrize("mark", ["\ufeff", "", "?"])
def test_a_wechat_file_becomes_redemptions(town: Any, voucher: Any, mark: str) -> None:
    data = town(
        flow(
            used("C1", "1"),
            used("C1-2", "2"),
            used("C2-1", "3"),
            used("C3-9", "4"),
            used("C7", "5"),
            mark=mark,
        ),
        expect=4,
    ).data
    assert (data["profile"], data["encoding"], data["reasons"]) == (
        "wechat-use-flow",
        "utf-8",
        {"unknown_claim": 1, "unknown_coupon": 1},
    )
    assert total(voucher) == (3, 13500, 3000)
    assert voucher("merchant", "show", "M1", "-o", "json").data["totals"][0]["redemptions"] == 3


def test_the_same_wechat_rows_in_a_longer_file_are_duplicates(town: Any, voucher: Any) -> None:
    town(flow(used("C1", "1"), used("C2", "2")))
    longer = flow(used("C1", "1"), used("C3", "3"), used("C2", "2"))
    data = town(longer, "--sha1", hashlib.sha1(longer).hexdigest(), name="g.csv").data
    assert (data["accepted"], data["duplicate"]) == (1, 2)
    data = town(
        gzip.compress(longer), "--sha1", hashlib.sha1(longer).hexdigest(), name="g.csv.gz"
    ).data
    assert (data["accepted"], data["duplicate"]) == (0, 3)
    assert total(voucher) == (3, 13500, 3000)


def test_a_voucher_paid_five_times_under_five_numbers_counts_once(town: Any) -> None:
    """Without the refunds between them (they come in a file of their own) the later payments wait
    as rejects.
    """
    data = town(
        flow(*[used("C1", str(at)).replace("12:00:00", f"12:0{at}:00") for at in range(5)]),
        expect=4,
    ).data
    assert (data["accepted"], data["reasons"]) == (1, {"already_redeemed": 4})


def test_newer_wechat_columns_and_the_older_come_to_the_same(town: Any) -> None:
    newer = used("C1", "1").replace('"",""', '"ZGV2aWNlLTE=",""') + ",`否,,,"
    data = town(flow(newer, header=WECHAT + NEWER)).data
    assert (data["accepted"], "微信支付合单单号" in data["extra_columns"]) == (1, True)
    assert town(flow(used("C1", "1")), name="old.csv").data["duplicate"] == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (flow(used("C1", "1"), count=2), "footer_mismatch"),
        (flow(used("C1", "1"), used("C2", "2"), count=1), "footer_mismatch"),
        (flow(used("C1", "1")).partition("总条数".encode())[0], "file_cut_off"),
        (flow(used("C1", "1"))[:-40], "file_cut_off"),
        (flow(used("C1", "1")) * 2, "data_after_footer"),
    ],
)
def test_a_wechat_file_that_is_not_whole_takes_nothing(
    town: Any, voucher: Any, raw: bytes, code: str
) -> None:
    ran = town(raw, expect=3)
    assert ran.json["problems"][0]["code"] == code
    assert total(voucher) == (0, 0, 0)


def test_wechat_rejects_go_out_and_come_back(town: Any, voucher: Any, here: Path) -> None:
    data = town(flow(used("C1", "1"), used("CX", "2")), expect=4).data
    voucher("batch", "rejects", str(data["batch"]), "--to", "r.csv")
    mended = (here / "r.csv").read_bytes().replace(b"CX", b"C2")
    # a count that is gone by right is not missed
    assert town(mended, name="mended.csv").data["accepted"] == 1


# ---------------------------------------------------------------- Alipay

PAID = alipay_row("2020032722001", "交易", "45.00", "10.00", "小镇消费券40-10(C1-1)")
ORDINARY = alipay_row("2020032722002", "交易", "12.00", "0.00", "", received="12.00")
BACK = alipay_row(
    "2020032722001", "退款", "-45.00", "-10.00", "小镇消费券40-10（C1-1）", "R1", "-35.00"
).replace("12:00:05", "13:00:05")
AGAIN = alipay_row("2020032722003", "交易", "45.00", "10.00", "小镇消费券40-10(C1-1)").replace(
    "12:00:05", "14:00:05"
)
ONE, NONE = (
    "1笔，商家实收共35.00元，商家优惠共0.00元",
    "0笔，商家实收退款共0.00元，商家优惠退款共0.00元",
)


def bill(folder: Path, raw: bytes) -> bytes:
    """The zip that the platform sends: GBK names, a summary beside the bill."""
    summary = "#汇总,1\r\n".encode("gb18030")
    return gbk_zipped(
        folder, {"20880_20200327_业务明细.csv": raw, "20880_20200327_业务明细(汇总).csv": summary}
    ).read_bytes()


def test_an_alipay_bill_becomes_redemptions_and_refunds(
    town: Any, voucher: Any, here: Path
) -> None:
    raw = alipay([PAID, ORDINARY, BACK, AGAIN], pay="3笔，商家实收共82.00元，商家优惠共0.00元")
    data = town(bill(here, raw), name="bill.zip").data
    assert (data["profile"], data["encoding"], data["read"], data["accepted"], data["ignored"]) == (
        "alipay-business",
        "gb18030",
        3,
        3,
        1,
    )
    assert total(voucher) == (1, 4500, 1000)
    listed = voucher("redemption", "list", "--claim", "C1", "-o", "json").data["redemptions"]
    assert [(row["transaction_no"], row["kind"], row["merchant_no"]) for row in listed] == [
        ("2020032722001", "pay", "M2"),
        ("R1", "refund", "M2"),
        ("2020032722003", "pay", "M2"),
    ]
    assert town(raw, name="bill.csv").data["duplicate"] == 3


def test_29_columns_give_the_same_rows_as_25(town: Any) -> None:
    assert town(alipay([PAID], pay=ONE, refund=NONE)).data["accepted"] == 1
    wide = alipay(
        [PAID + ",a,b,c,d"],
        pay=ONE,
        refund=NONE,
        header=ALIPAY + ",商户识别号,应用ID,交易方式,实收净额（元）",
    )
    assert town(wide, name="wide.csv").data["duplicate"] == 1


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (
            lambda raw: raw.replace(
                "交易合计：1笔".encode("gb18030"), "交易合计：2笔".encode("gb18030")
            ),
            "footer_mismatch",
        ),
        (
            lambda raw: raw.replace("共35.00元".encode("gb18030"), "共35.01元".encode("gb18030")),
            "footer_mismatch",
        ),
        (lambda raw: raw.replace(b",45.00,35.00,", b",45.00,3.500,"), "footer_mismatch"),
        (lambda raw: raw[: raw.index(b"35.00") + 9], "file_cut_off"),
        (lambda raw: raw + raw, "data_after_footer"),
        (lambda raw: raw[:-20] + "西湖区老马面馆的午餐".encode(), "undecodable"),
    ],
)
def test_an_alipay_bill_that_is_not_whole_takes_nothing(
    town: Any, voucher: Any, damage: Callable[[bytes], bytes], code: str
) -> None:
    ran = town(damage(alipay([PAID], pay=ONE, refund=NONE)), expect=3)
    assert ran.json["problems"][0]["code"] == code
    assert total(voucher) == (0, 0, 0)


def test_a_bill_in_a_zip_that_climbs_or_holds_two_bills_is_refused(town: Any, here: Path) -> None:
    raw = alipay([PAID], pay=ONE, refund=NONE)
    for names, code in (
        (["../业务明细.csv"], "archive_climbs"),
        (["1_业务明细.csv", "2_业务明细.csv"], "several_entries"),
    ):
        content = zipped(here, dict.fromkeys(names, raw)).read_bytes()
        assert town(content, name="bill.zip", expect=3).json["problems"][0]["code"] == code


def test_no_name_of_a_payer_is_kept_with_a_reject(town: Any, voucher: Any) -> None:
    data = town(alipay([PAID.replace("C1-1", "C9-1")], pay=ONE, refund=NONE), expect=4).data
    kept = voucher("batch", "rejects", str(data["batch"]), "-o", "csv").out
    assert "C9-1" in kept and "602***" not in kept


def test_half_a_shared_profile_is_no_profile(town: Any) -> None:
    """A header that lost a column fits no platform, and the message names what each of them
    misses.
    """
    ran = town(flow(used("C1", "1"), header=WECHAT.replace("支付单号", "单号")), expect=3)
    problems = ran.json["problems"]
    assert problems[0]["code"] == "unknown_layout"
    assert any(
        "wechat-use-flow" in one["message"] and "支付单号" in one["message"] for one in problems
    )
