"""Grades of goods (energy, water): words that mean one grade, and bounds that a grade keeps."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GRADE = re.compile(r"(?:grade\s*)?(\d{1,2}|[一二三四五])\s*级?", re.IGNORECASE)
CHINESE = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5"}
BOUND = re.compile(r"(<=|>=|<|>)\s*(\d{1,2})")
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def even(text: str) -> str:
    """A grade as it is compared: `1级`, `一级` and `grade 1` are 1; any other word is itself."""
    found = GRADE.fullmatch(text.strip())
    if not found:
        return text.strip()
    return CHINESE.get(found[1]) or str(int(found[1]))


def keeps(bound: str, grade: str) -> bool:
    """Whether a grade is within a bound (`<=2`: only a number can be), or one of a list."""
    limit = BOUND.fullmatch(bound)
    if limit is None:
        return grade in bound.split(", ")
    return grade.isdigit() and COMPARE[limit[1]](int(grade), int(limit[2]))
