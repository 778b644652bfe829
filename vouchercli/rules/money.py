"""Money is integer fen; yuan are text at the border; a split loses nothing."""

from __future__ import annotations

import re

YUAN = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2}0*)?")
MAX_FEN = 10**15  # ten trillion yuan: more is a slip of the keyboard


def parse_yuan(text: str) -> int:
    """Yuan text -> fen: "1,234.50" -> 123450. Raises `ValueError` for blanks, NaN, a third decimal,
    exponents.
    """
    if not YUAN.fullmatch(text):
        raise ValueError(f"not an amount in yuan: {text}")
    whole, _, decimals = text.replace(",", "").partition(".")
    fen = int(whole + f"{decimals[:2]:0<2}")
    if abs(fen) > MAX_FEN:
        raise ValueError(f"amount too large: {text}")
    return fen


def yuan(fen: int) -> str:
    """fen -> "1234.50", exact."""
    return grouped(fen).replace(",", "")


def grouped(scaled: int, digits: int = 2) -> str:
    """An integer of 10^-digits as text with thousands commas: (123450, 2), fen, -> "1,234.50"."""
    sign, scaled = ("-", -scaled) if scaled < 0 else ("", scaled)
    whole = f"{scaled // 10**digits:,}"
    return f"{sign}{whole}.{scaled % 10**digits:0{digits}d}" if digits else sign + whole


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded half up (half away from zero), in integers; the denominator
    is not 0.
    """
    if numerator >= 0 < denominator:  # nearly always, and hundreds of thousands in a report
        return (2 * numerator + denominator) // (2 * denominator)
    whole = (2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator))
    return whole if (numerator < 0) == (denominator < 0) else -whole


def apportion(parts: list[int], unit: int, steps: int = 1) -> list[int]:
    """Parts in steps of a unit, of which each has `steps`, so that they add up to their sum rounded
    half up: each is rounded down, and those that lose most are given the steps that are left (of
    two that lose the same the first). No part is a whole step away from its exact value.
    """
    low = [part * steps // unit for part in parts]
    left = half_up(sum(parts) * steps, unit) - sum(low)
    by_loss = sorted(range(len(parts)), key=lambda at: low[at] * unit - parts[at] * steps)
    for at in by_loss[:left]:
        low[at] += 1
    return low


def split(amount_fen: int, shares_bp: tuple[int, ...]) -> tuple[int, ...]:
    """`amount_fen` over the shares (basis points, together 10000): each rounded half up once, the
    last takes the rest.

    A share is never given more than is left, so that no part is ever negative.
    """
    parts: list[int] = []
    left = amount_fen
    for share in shares_bp[:-1]:
        part = min(half_up(amount_fen * share, 10_000), left)
        parts.append(part)
        left -= part
    return (*parts, left)


def ratio(numerator: int, denominator: int, digits: int = 2) -> str | None:
    """numerator / denominator as a decimal string, half up: (124600, 9410) -> "13.24"; None when
    the base is 0.
    """
    if denominator == 0:
        return None
    one = 10**digits
    scaled = half_up(numerator * one, denominator)
    sign, scaled = ("-", -scaled) if scaled < 0 else ("", scaled)
    return f"{sign}{scaled // one}.{scaled % one:0{digits}d}"
