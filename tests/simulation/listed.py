"""What stands, as the program lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from city_model import Row
    from life import Life

Key = tuple[str, ...]  # ends with the time, as the files write it
COLUMNS = ("transaction_no", "kind", "claim_no", "coupon_no", "merchant_no")


def key(row: Row) -> Key:
    """What tells a fact from all others."""
    return (*row[:6],) if len(row) > 4 else (row[0], row[1], row[3])


def claims(life: Life) -> list[Any]:
    listed: list[Any] = life.do("claim", "list", "-o", "json", "--limit", "0").data["claims"]
    return listed


def redemptions(life: Life) -> list[Any]:
    listed = life.do("redemption", "list", "-o", "json", "--limit", "0").data["redemptions"]
    return list(listed)


def claim_key(each: Any) -> Key:
    return each["claim_no"], each["round"], _local(each["claimed_at"])


def redemption_key(each: Any) -> Key:
    return (*(str(each[name]) for name in COLUMNS), _local(each["paid_at"]))


def _local(at: str) -> str:
    """A time as the files write it."""
    return at[:19].replace("T", " ")


def batches(life: Life) -> dict[Key, int | None]:
    """Everything that stands, and the batch that has it."""
    held = {claim_key(each): each["batch"] for each in claims(life)}
    return held | {redemption_key(each): each["batch"] for each in redemptions(life)}
