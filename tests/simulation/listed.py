"""What stands, as the program lists it, and what was reversed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from city_model import Row
    from life import Life

Key = tuple[str, ...]  # ends with the time, as the files write it
COLUMNS = ("transaction_no", "kind", "claim_no", "coupon_no", "merchant_no")


def key(row: Row) -> Key:
    """What tells a fact from all others."""
    return (*row[:5], row[6], row[5]) if len(row) > 4 else (row[0], row[1], row[3])


def _list(life: Life, noun: str) -> list[Any]:
    words = (noun, "list", "-o", "json", "--limit", "0")
    return list(life.do(*words).data[f"{noun}s"])


def claims(life: Life) -> list[Any]:
    return [each for each in _list(life, "claim") if not each["is_reversed"]]


def redemptions(life: Life) -> list[Any]:
    """Without those that were reversed, which are listed as they came and as their reversal."""
    every = _list(life, "redemption")
    reversed_ = Counter(_entry(each) for each in every if each["kind"] == "reversal")
    standing = []
    for each in every:
        if each["kind"] != "reversal" and reversed_[_entry(each)] > 0:
            reversed_[_entry(each)] -= 1
        elif each["kind"] != "reversal":
            standing.append(each)
    life.agree("reversals of rows that are not listed", [], [*reversed_.elements()])
    return standing


def _entry(each: Any) -> Key:
    return (*redemption_key(each), str(each["batch"]), str(each["correction"]))


def reversals(life: Life) -> list[tuple[Key, int, int, str, int]]:
    """Each row that was reversed: its batch, its correction, the day on which the reversal is booked
    (not of claims), and the subsidy that it moves, in fen.
    """
    return sorted(
        [
            (claim_key(each), each["batch"], each["correction"], "", 0)
            for each in _list(life, "claim")
            if each["is_reversed"]
        ]
        + [
            (
                redemption_key(each),
                each["batch"],
                each["correction"],
                each["booked_on"],
                each["subsidy_fen"],
            )
            for each in _list(life, "redemption")
            if each["kind"] == "reversal"
        ]
    )


def claim_key(each: Any) -> Key:
    return each["claim_no"], each["round"], _local(each["claimed_at"])


def redemption_key(each: Any) -> Key:
    """A reversal has the key of what it reverses."""
    amount = abs(each["base_fen"])
    kind = each["kind"]
    if kind == "reversal":
        kind = "pay" if each["base_fen"] < 0 else "refund"
    number, _, *place = (str(each[name]) for name in COLUMNS)
    return (number, kind, *place, f"{amount // 100}.{amount % 100:02d}", _local(each["paid_at"]))


def _local(at: str) -> str:
    """A time as the files write it."""
    return at[:19].replace("T", " ")


def batches(life: Life) -> dict[Key, int | None]:
    """Everything that stands, and the batch that has it."""
    held = {claim_key(each): each["batch"] for each in claims(life)}
    return held | {redemption_key(each): each["batch"] for each in redemptions(life)}
