"""Texts on their way to a terminal: nothing that data or a file's name holds steers it."""

from __future__ import annotations

LINE_FEED = 10
# these turn the direction of what follows, or break a line unseen
TURNS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
IN_LINE = dict.fromkeys((*range(32), *range(127, 160), *TURNS), "�")
CONTROLS = {code: sign for code, sign in IN_LINE.items() if code != LINE_FEED}


def clean(text: str) -> str:
    """Without the control characters by which data could steer a terminal."""
    return text.translate(CONTROLS)


def clean_line(text: str) -> str:
    """`clean`, and without line breaks: what stands on a line of its own is said by us."""
    return text.translate(IN_LINE)
