"""What a platform says of groups of people (cells), and answers of a survey: files that are judged
as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import CELLS, FIELDS_OF, OPTIONAL, SURVEY
from vouchercli.formats.tables import short_lists

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.tables.records import Reading
    from vouchercli.result import Problem

NAMES = {
    "round": ["round", "期次"],
    "arm": ["arm", "组别", "是否中签"],
    "arrival": ["arrival", "到达", "到达时间"],
    "week": ["week", "周"],
    "stratum": ["stratum", "层", "分层"],
    "n": ["n", "人数"],
    "y": ["y", "sum_y", "消费合计"],
    "yy": ["yy", "sum_y2", "消费平方和"],
    "s": ["s", "sum_s", "补贴合计"],
    "ss": ["ss", "sum_s2", "补贴平方和"],
    "sy": ["sy", "sum_sy", "补贴消费积和"],
    "x": ["x", "sum_x", "此前消费合计"],
    "xx": ["xx", "sum_x2", "此前消费平方和"],
    "xy": ["xy", "sum_xy", "此前消费与消费积和"],
    "xs": ["xs", "sum_xs", "此前消费与补贴积和"],
    "weight": ["weight", "权重"],
    "answers": ["answers", "答卷数"],
    "used": ["used", "用券金额"],
    "ordinary": ["ordinary", "平常消费"],
    "by_voucher": ["by_voucher", "用券新增"],
    "of_own": ["of_own", "自费新增"],
}
WORDS = {"arm": {"中签": "won", "有券": "won", "未中签": "lost", "无券": "lost"}}
HEADS = {kind: FIELDS_OF[kind] for kind in (CELLS, SURVEY)}


class CellLine(NamedTuple):
    """A row of cells as text ('': blank), and where it stands (file:line)."""

    where: str
    round: str
    arm: str
    arrival: str
    week: str
    stratum: str
    n: str
    y: str
    yy: str
    s: str
    ss: str
    sy: str
    x: str
    xx: str
    xy: str
    xs: str


class AnswerLine(NamedTuple):
    """A row of a survey as text."""

    where: str
    round: str
    stratum: str
    weight: str
    answers: str
    used: str
    ordinary: str
    by_voucher: str
    of_own: str


class EffectFile(NamedTuple):
    """A file that was read: its kind, its rows, what is wrong with those that cannot be read, and
    where each column stands (1 is the first).
    """

    kind: str
    lines: list[Any]
    faults: list[Problem]
    places: dict[str, int]
    sha256: str


def read(path: Path | str) -> EffectFile:
    """The rows of cells or of a survey: its columns say which. Raises `VoucherError`
    unknown_effect_layout, and what reading files raises.
    """
    kind, reading = _open(path)
    lines, faults = short_lists.read_rows(
        reading, path, kind, CellLine if kind == CELLS else AnswerLine
    )
    places = {field: reading.position(field) for field in FIELDS_OF[kind]}
    known = {field: place + 1 for field, place in places.items() if place is not None}
    return EffectFile(kind, lines, faults, known, reading.sha256)


def _open(path: Path | str) -> tuple[str, Reading]:
    try:
        return CELLS, short_lists.open_list(path, CELLS, _columns(CELLS), _unknown_layout)
    except VoucherError as error:
        if error.code != "unknown_effect_layout":
            raise
    return SURVEY, short_lists.open_list(path, SURVEY, _columns(SURVEY), _unknown_layout)


def _columns(kind: str) -> dict[str, Any]:
    return {
        field: {"column": NAMES[field]}
        | ({"words": WORDS[field]} if field in WORDS else {})
        | ({"optional": True} if field in OPTIONAL[kind] else {})
        for field in FIELDS_OF[kind]
    }


def _unknown_layout(error: VoucherError, file: str) -> VoucherError:
    return VoucherError(
        "unknown_effect_layout",
        "{file} holds neither cells ({cells}) nor answers of a survey ({survey})",
        hint="take the header that is written by: voucher effect plan ROUND --to cells.csv",
        where=error.where,
        problems=[each for each in error.problems if each.code == "missing_columns"],
        file=file,
        cells=",".join(HEADS[CELLS]),
        survey=",".join(HEADS[SURVEY]),
    )
