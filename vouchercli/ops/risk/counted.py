"""The counts behind a reason, as people read them: by their names, in Chinese in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Word, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.result import Message

WORDS: dict[str, Word] = {
    "payments": Word("payments"),
    "mean_fen": Word("mean_fen"),
    "deviation_fen": Word("deviation_fen"),
    "largest_fen": Word("largest_fen"),
    "gap": Word("gap"),
    "at_threshold": Word("at_threshold"),
    "close_behind": Word("close_behind"),
    "at_odd_hours": Word("at_odd_hours"),
    "of_shared_identities": Word("of_shared_identities"),
    "next_to_another": Word("next_to_another"),
    "refunded": Word("payments refunded"),
    "late_refunds": Word("late_refunds"),
    "refused_rows": Word("refused_rows"),
    "days": Word("days"),
    "changes": Word("registry changes"),
    "come_again": Word("come_again"),
    "residents": Word("residents"),
    "come_again_of_base": Word("come_again_of_base"),
    "residents_of_base": Word("residents_of_base"),
    "expected": Word("expected"),
    "chance": Word("chance of so many"),
    "co_visitors": Word("co_visitors"),
    "shops": Word("shops together"),
    "residents_in_district": Word("residents_in_district"),
    "group": Word("group of residents"),
    "of_the_group": Word("of_the_group"),
    "merchants": Word("merchants"),
    "merchant": Word("merchant of most"),
    "payments_there": Word("payments_there"),
    "sales_fen": Word("sales_fen"),
    "former_fen": Word("former_fen"),
    "length": Word("length"),
    "with_day": Word("with_day"),
    "former_from": Word("former_from"),
    "former_periods": Word("former_periods"),
    "source": Word("source"),
    "good": Word("good"),
    "round_before": Word("round_before"),
    "sold_before": Word("sold_before"),
    "price_before_fen": Word("price_before_fen"),
    "round": Word("round"),
    "sold": Word("sold"),
    "price_fen": Word("price_fen"),
    "others": Word("others"),
    "too_fast": Word("too_fast"),
}
NUMBERED = ("shops", "merchant")  # merchants keep their numbers, whatever these look like


def tell(counts: Mapping[str, Any]) -> list[Message]:
    """Each count by its name."""
    return [_tell(name, counts[name]) for name in counts]


def _tell(name: str, value: Any) -> Message:
    word = WORDS.get(name, name)
    if name in NUMBERED:
        return say("{name} {merchant_no}", name=word, merchant_no=value)
    return say("{name} {value}", name=word, value=value)
