"""A ladder: the reasons for which a row is refused by itself, in the order in which they are asked.

A ladder is data: each rung has its reason code, its condition, its rule in words and the kind of
sentence in a notice that it comes from. One text of a condition serves three ways: SQL judges a
whole file by it (`sql`), columns are proved lawful by "no rung holds" (`lawful_sql`), and the
oracle walks it row by row (`Ladder.reason`).

A condition has only comparisons, AND, OR, NOT, IS NULL and brackets, over columns, whole numbers
and texts in quotes; no arithmetic, no functions. What needs them is a column made before the
ladder. Nothing holds that rests on an unknown value (NULL), as in SQL.
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = int | str | None
# ("and" | "or", left, right), ("not", tree), ("null", operand), or (comparison, operand, operand)
Tree = tuple[Any, ...]

TOKEN = re.compile(r"\s*(<=|>=|<>|<|>|=|\(|\)|'[^']*'|-?\d+|\w+)")
COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NAME = re.compile(r"[A-Za-z_]\w*")
WORDS = ("AND", "OR", "NOT", "IS", "NULL")


class Rung(NamedTuple):
    """One reason: its code, when it holds, the rule in words, the sentence of notices behind it."""

    code: str
    when: str
    rule: str
    source: str


class Ladder(NamedTuple):
    """The rungs from the first asked to the last; `name` is what `voucher law show` calls it."""

    name: str
    title: str
    rungs: tuple[Rung, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its conditions speak of, by name."""
        words = {token for each in self.rungs for token in _tokens(each.when)}
        return tuple(sorted(word for word in words - {*WORDS} if NAME.fullmatch(word)))

    def reason(self, row: Mapping[str, Value]) -> str | None:
        """The code of the first rung that holds for a row, or None. What is not given is not
        known; raises `KeyError` for a value of no column of the ladder.
        """
        if strange := row.keys() - {*self.columns}:
            raise KeyError(*strange)
        row = dict.fromkeys(self.columns) | dict(row)
        return next((each.code for each in self.rungs if holds(each.when, row)), None)

    def sql(self) -> str:
        """The ladder as an SQL expression: the code of the first rung that holds, else NULL."""
        rungs = "\n".join(f"    WHEN {each.when} THEN '{each.code}'" for each in self.rungs)
        return f"CASE\n{rungs}\n    END"

    def lawful_sql(self) -> str:
        """The condition that no rung holds, as SQL that is never NULL."""
        return " AND ".join(f"coalesce(NOT ({each.when}), true)" for each in self.rungs)


def holds(condition: str, row: Mapping[str, Value]) -> bool:
    """Whether a condition is true of a row; unknown values make nothing true."""
    return _evaluate(parse(condition), row) is True


@lru_cache(maxsize=256)
def parse(condition: str) -> Tree:
    """The condition as a tree. Raises `ValueError` for anything but the small language above."""
    tokens = _tokens(condition)
    tree, rest = _disjunction(tokens)
    if rest:
        raise ValueError(f"{condition}: {rest[0]} is not expected")
    return tree


@lru_cache(maxsize=256)
def _tokens(condition: str) -> list[str]:
    tokens = TOKEN.findall(condition)
    if "".join(tokens) != re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", condition):
        raise ValueError(f"{condition}: not a condition of a ladder")
    return tokens


def _disjunction(tokens: list[str]) -> tuple[Tree, list[str]]:
    tree, rest = _conjunction(tokens)
    while rest[:1] == ["OR"]:
        right, rest = _conjunction(rest[1:])
        tree = ("or", tree, right)
    return tree, rest


def _conjunction(tokens: list[str]) -> tuple[Tree, list[str]]:
    tree, rest = _term(tokens)
    while rest[:1] == ["AND"]:
        right, rest = _term(rest[1:])
        tree = ("and", tree, right)
    return tree, rest


def _term(tokens: list[str]) -> tuple[Tree, list[str]]:
    if tokens[:1] == ["NOT"]:
        tree, rest = _term(tokens[1:])
        return ("not", tree), rest
    if tokens[:1] == ["("]:
        tree, rest = _disjunction(tokens[1:])
        if rest[:1] != [")"]:
            raise ValueError("a bracket is not closed")
        return tree, rest[1:]
    if tokens[1:3] == ["IS", "NULL"]:
        return ("null", _operand(tokens[0])), tokens[3:]
    if tokens[1:4] == ["IS", "NOT", "NULL"]:
        return ("not", ("null", _operand(tokens[0]))), tokens[4:]
    if len(tokens) < 3 or tokens[1] not in COMPARE:
        raise ValueError(f"a comparison is expected at {' '.join(tokens[:3])}")
    return (tokens[1], _operand(tokens[0]), _operand(tokens[2])), tokens[3:]


def _operand(token: str) -> tuple[str, Value]:
    """("column", name) or ("value", a number or text)."""
    if token[0] == "'":
        return "value", token[1:-1]
    if re.fullmatch(r"-?\d+", token):
        return "value", int(token)
    if token in WORDS or token in COMPARE or token in "()":
        raise ValueError(f"a column or a value is expected, not {token}")
    return "column", token


def _evaluate(tree: Tree, row: Mapping[str, Value]) -> bool | None:
    """True, False, or None where an unknown value leaves it open (three-valued, as in SQL)."""
    if tree[0] in ("and", "or"):
        left, right = _evaluate(tree[1], row), _evaluate(tree[2], row)
        decides = bool(tree[0] == "or")
        if decides in (left, right):
            return decides
        return None if None in (left, right) else not decides
    if tree[0] == "not":
        inner = _evaluate(tree[1], row)
        return None if inner is None else not inner
    if tree[0] == "null":
        return _value(tree[1], row) is None
    left_value, right_value = _value(tree[1], row), _value(tree[2], row)
    if left_value is None or right_value is None:
        return None
    return bool(COMPARE[tree[0]](left_value, right_value))


def _value(operand: tuple[str, Any], row: Mapping[str, Value]) -> Value:
    return row[operand[1]] if operand[0] == "column" else operand[1]
