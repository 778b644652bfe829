"""Breaks (差异): what a platform's bill, a merchant or a bank says otherwise than what stands here.
Their types, and which of them a pair of rows is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.rules.values import Node

MISSING_HERE = "missing_here"
MISSING_THERE = "missing_there"
TYPES = (
    MISSING_HERE,
    MISSING_THERE,
    "amount",
    "merchant",
    "date",
    "duplicate",
    "status",
    "split",
    "displaces_sealed",
)
SOURCES = ("bills", "day_bills", "statements", "intake")
NAMED = 5  # spans of numbers that are named
STATES = ("open", "resolved", "cleared")
RESOLUTIONS = ("posting", "correction", "explained")
# What a platform writes of a row that counts; of one with any other word no money moved.
SETTLED = frozenset(
    {"", "success", "settled", "paid", "finished", "trade_success", "trade_finished", "refund"}
    | {"成功", "支付成功", "交易成功", "退款成功", "已结算", "已支付", "已清算", "转入退款"}
)
# Days of age, the first of each class; a report counts breaks by them.
AGE_CLASSES = (0, 1, 3, 7, 30)


class Tolerances(NamedTuple):
    """What the programme lets pass: a difference in fen, and in days."""

    amount_fen: int = 0
    days: int = 0


def read(node: Node) -> Tolerances:
    """`reconciliation: {amount: "0.01", days: 1}`; what is not said may not differ."""
    part = node.fields(("amount", "days"))
    return Tolerances(part["amount"].yuan() or 0, part["days"].whole(0, least=0))


class Pair(NamedTuple):
    """A row there and the row here of the same number: what differs of them."""

    is_settled: bool
    difference_fen: int
    is_merchant_same: bool
    days_apart: int


class Part(NamedTuple):
    """The rows of a break on one day (yyyymmdd) and their sums; `is_beyond`: theirs stands on a day
    that the run does not cover.
    """

    day: int
    our_rows: int
    our_fen: int
    their_rows: int
    their_fen: int
    is_beyond: int = 0


class Found(NamedTuple):
    """A break as a run finds it. With type, key and amounts it is the same one again."""

    type: str
    key: str
    transaction_no: str
    kind: str
    merchant_id: int | None
    merchant_no: str
    day: int
    our_fen: int
    their_fen: int
    line: int | None
    parts: tuple[Part, ...]
    detail: str = "{}"

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """What tells it from every other break of its source."""
        return self.type, self.key, self.our_fen, self.their_fen


def type_of(pair: Pair, allowed: Tolerances) -> str:
    """Which break a pair is, the weightiest first; '' where it agrees."""
    if not pair.is_settled:
        return "status"
    if abs(pair.difference_fen) > allowed.amount_fen:
        return "amount"
    if not pair.is_merchant_same:
        return "merchant"
    return "date" if pair.days_apart > allowed.days else ""


def at_stake(our_fen: int, their_fen: int) -> int:
    """What a decision on a break is about, in fen: how far both sides are apart; where they are the
    same (another merchant, another day) the whole amount.
    """
    return abs(their_fen - our_fen) or abs(our_fen)


def numbers_of(transaction_no: str, detail: str) -> set[str]:
    """The transaction numbers that a break is about; `detail` as it is kept."""
    said = json.loads(detail)
    more = [said.get("payment", ""), *said.get("theirs", ()), *said.get("ours", ())]
    return {transaction_no, *map(str, more)} - {""}


def said_at(detail: str) -> int | None:
    """When their row was paid, as their file says (UTC seconds; None: not known)."""
    at: int | None = json.loads(detail).get("their_at")
    return at


def is_settled(status: str) -> bool:
    """Whether a word of a platform means that the money moved."""
    return status.strip().casefold() in SETTLED


def age_class(days: int) -> int:
    """The first day of the class that an age belongs to."""
    return max(first for first in AGE_CLASSES if first <= max(days, 0))


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as spans without gaps, each by its first and last one, in their order."""
    found: list[tuple[int, int]] = []
    for number in sorted({*numbers}):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def named(spans: Sequence[tuple[int, int]]) -> str:
    """Spans in one short text: 1-3 7; of many the first ones."""
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in spans]
    return " ".join((*texts[:NAMED], *(("...",) if len(texts) > NAMED else ())))
