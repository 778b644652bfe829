"""Lists of holds: what is not paid for now, why, and on what evidence; and lists of holds that are
let go, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import HOLDS, RELEASES
from vouchercli.formats.tables import short_lists

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.result import Problem

COLUMNS = {
    "transaction_no": {
        "column": ["transaction_no", "交易号", "交易编号", "交易流水号", "核销流水号"],
        "optional": True,
    },
    "merchant_no": {
        "column": ["merchant_no", "商户编号", "商户号", "商户代码"],
        "optional": True,
    },
    "reason": {
        "column": ["reason", "原因代码", "原因", "暂缓原因"],
        "words": {
            "未签协议": "no_agreement",
            "缺少账户": "account_missing",
            "账户有误": "account_wrong",
            "账户已更换": "account_changed",
            "先涨价后使用": "price_raised",
            "序列号有误": "serial_wrong",
            "序列号重复使用": "serial_twice",
            "缺少发票": "invoice_missing",
            "缺少材料": "documents_missing",
            "商品不在目录内": "goods_not_listed",
            "交易异常": "abnormal_pattern",
            "核查中": "under_inquiry",
            "商户有争议": "disputed",
            "其他原因": "other",
        },
    },
    "evidence": {"column": ["evidence", "依据"]},
    "note": {"column": ["note", "备注", "说明"], "optional": True},
    "held_on": {"column": ["date", "held_on", "日期", "依据日期"], "optional": True},
}
RELEASED = {
    "hold_no": {"column": ["hold", "hold_no", "暂缓编号", "暂缓支付编号", "编号"]},
    "note": {"column": ["note", "备注", "说明", "理由"], "optional": True},
}


class HoldLine(NamedTuple):
    """A row of a list, as text (`held_on` '': not said), and where it stands (file:line)."""

    where: str
    transaction_no: str
    merchant_no: str
    reason: str
    evidence: str
    note: str
    held_on: str


class ReleaseLine(NamedTuple):
    """A row of a list of holds to release, as text (`note` '': not said), and where it stands
    (file:line).
    """

    where: str
    hold_no: str
    note: str


def read(path: Path | str) -> tuple[list[HoldLine], list[Problem]]:
    """The rows of a list, and what is wrong with those that cannot be read. Raises `VoucherError`
    unknown_hold_layout, no_holds, and what reading files raises.
    """
    reading = short_lists.open_list(path, HOLDS, COLUMNS, _unknown_layout)
    lines, faults = short_lists.read_rows(reading, path, HOLDS, HoldLine)
    if not lines and not faults:
        raise VoucherError(
            "no_holds",
            "{file} has no row",
            hint="write a row for each payment or merchant that is held",
            where=f"{path}:{reading.header_line}",
            file=str(path),
        )
    return lines, faults


def read_releases(path: Path | str) -> tuple[list[ReleaseLine], list[Problem]]:
    """The same of a list of holds to release. Raises `VoucherError` unknown_release_layout,
    no_releases, and what reading files raises.
    """
    reading = short_lists.open_list(path, RELEASES, RELEASED, _unknown_release_layout)
    lines, faults = short_lists.read_rows(reading, path, RELEASES, ReleaseLine)
    if not lines and not faults:
        raise VoucherError(
            "no_releases",
            "{file} has no row",
            hint="write a row for each hold that is let go: its number, and why",
            where=f"{path}:{reading.header_line}",
            file=str(path),
        )
    return lines, faults


def _unknown_layout(error: VoucherError, file: str) -> VoucherError:
    return VoucherError(
        "unknown_hold_layout",
        "{file} is no list of holds: its columns are transaction_no or merchant_no, reason,"
        " evidence, note, date",
        hint="write the columns reason and evidence, and transaction_no or merchant_no",
        where=error.where,
        problems=[each for each in error.problems if each.code == "missing_columns"],
        file=file,
    )


def _unknown_release_layout(error: VoucherError, file: str) -> VoucherError:
    return VoucherError(
        "unknown_release_layout",
        "{file} is no list of holds to release: its columns are hold and note",
        hint="write the column hold, with the numbers that voucher settlement holds shows",
        where=error.where,
        problems=[each for each in error.problems if each.code == "missing_columns"],
        file=file,
    )
