"""What an auditor found at the items of a sample: the sheet that was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import RESULTS
from vouchercli.formats.tables import short_lists

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.result import Problem

FAULT_WORDS = {
    "未找到": "not_found",
    "金额有误": "amount_wrong",
    "重复": "twice",
    "不符合条件": "not_entitled",
    "缺少材料": "document_missing",
    "刷单": "brushing",
    "套现": "cash_out",
    "其他": "other",
}
COLUMNS = {
    "sample": {"column": ["sample", "样本"]},
    "number": {"column": ["number", "编号"]},
    "result": {
        "column": ["result", "结果"],
        "words": {"无误": "ok", "有误": "wrong"},
        "optional": True,
    },
    "fault": {"column": ["fault", "问题"], "words": FAULT_WORDS, "optional": True},
    "right_amount": {"column": ["right_amount", "应为金额"], "optional": True},
    "note": {"column": ["note", "备注", "说明"], "optional": True},
}
# the columns of the sheet, in English and Chinese; some are there to be looked at only
SHEET = (
    ("sample", "样本"),
    ("item", "序号"),
    ("number", "编号"),
    ("amount", "金额"),
    ("result", "结果"),
    ("fault", "问题"),
    ("right_amount", "应为金额"),
    ("note", "备注"),
)
RESULT_WORDS = (("ok", "无误"), ("wrong", "有误"))


class ResultLine(NamedTuple):
    """A row of the sheet, as text ('': blank), and where it stands (file:line)."""

    where: str
    sample: str
    number: str
    result: str
    fault: str
    right_amount: str
    note: str


def read(path: Path | str) -> tuple[list[ResultLine], list[Problem]]:
    """The rows of a sheet, and what is wrong with those that cannot be read. Raises `VoucherError`
    unknown_results_layout, and what reading files raises.
    """
    reading = short_lists.open_list(path, RESULTS, COLUMNS, _unknown_layout)
    return short_lists.read_rows(reading, path, RESULTS, ResultLine)


def _unknown_layout(error: VoucherError, file: str) -> VoucherError:
    return VoucherError(
        "unknown_results_layout",
        "{file} is no sheet of a sample: its columns are sample, number, result, fault,"
        " right_amount, note",
        hint="fill in the sheet that was written: voucher audit samples 1 --to sample-1.xlsx",
        where=error.where,
        problems=[each for each in error.problems if each.code == "missing_columns"],
        file=file,
    )
