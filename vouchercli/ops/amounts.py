"""Amounts that a command names."""

from __future__ import annotations

from vouchercli.errors import UsageFault
from vouchercli.rules import money


def read_yuan(option: str, text: str, *, least_fen: int = 0) -> int:
    """The amount in fen. Raises `UsageFault` bad_amount_option when it is none, or less."""
    try:
        fen = money.parse_yuan(text.strip())
    except ValueError:
        fen = -1
    if fen == 0 < least_fen:
        raise UsageFault(
            "bad_amount_option",
            "{option} must be more than 0",
            hint="write it like 45.00",
            option=option,
        )
    if fen < least_fen:
        raise not_an_amount(option, text)
    return fen


def not_an_amount(option: str, text: str) -> UsageFault:
    """The refusal of what is no amount, or none that is possible there."""
    return UsageFault(
        "bad_amount_option",
        "{option} {value} is not an amount in yuan",
        hint="write it like 45.00",
        option=option,
        value=text,
    )
