"""Amounts and percentages that a command names."""

from __future__ import annotations

from decimal import Decimal

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


def read_percent(option: str, text: str, least: int, most: int) -> int:
    """A share in per cent, in basis points. Raises `UsageFault` bad_percentage where it is none, or
    not from `least` to `most` basis points.
    """
    try:
        points = Decimal(text.strip().removesuffix("%")) * 100
        is_one = least <= points <= most and points == int(points)
    except ArithmeticError:
        is_one = False
    if not is_one:
        raise UsageFault(
            "bad_percentage",
            "{option} {text} is not a share in per cent from {least} to {most}",
            hint="write it like 5, or 2.5",
            option=option,
            text=text,
            least=percent(least),
            most=percent(most),
        )
    return int(points)


def percent(points: int) -> str:
    """Basis points as per cent: 500 -> 5, 250 -> 2.5."""
    return f"{points / 100:.2f}".rstrip("0").rstrip(".")
