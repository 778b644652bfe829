"""Text folded to a width, in Chinese and English: what tables, notes and help pages share. It
imports nothing heavy: help pages do without Rich.
"""

from __future__ import annotations

import re
from unicodedata import category, east_asian_width

CLOSING = "，。；：、！？）》」』】”’％!),.:;?%]}"
# Patterns are compiled at their first use: re keeps them, and not every command folds a text.
NARROW = "[!-\u00ff]"
TOKENS = (
    r" +"
    rf"|-?\d[\d,.:-]* (?:\d\d:\d\d|%){NARROW}*"  # a date with its clock, a rate
    r"|\[[^\[\]]{1,24}\]"  # a short remark
    rf"|{NARROW}+"  # a narrow word
    r"|[^ ]"  # one wide character
)


def cells(text: str) -> int:
    """How many columns of a terminal the text takes: a Chinese character takes two, a combining
    mark none.
    """
    if text.isascii():
        return len(text)
    return sum(
        2 if east_asian_width(char) in "WF" else 0 if category(char) in ("Mn", "Me", "Cf") else 1
        for char in text
    )


def fold(text: str, width: int) -> str:
    """`text` in lines of at most `width` cells: broken at blanks and between wide characters
    (Chinese has no blanks), never before a closing mark nor inside a word, a time or a digest: one
    that is too wide gets a line of its own.
    """
    if len(text) * 2 <= width:
        return text
    return "\n".join(fill(tokens(part), width) for part in text.split("\n"))


def fill(tokens: list[str], width: int) -> str:
    """What may not be broken, in lines of at most `width` cells."""
    lines: list[list[str]] = [[]]
    taken = 0  # cells of the last line
    for token in tokens:
        fitting = token
        if taken + cells(token.rstrip()) > width:
            lines.append([])
            taken, fitting = 0, token.lstrip()
        lines[-1].append(fitting)
        taken += cells(fitting)
    whole = ["".join(line).rstrip() for line in lines]
    return "\n".join(line for line in whole if line)


def tokens(text: str) -> list[str]:
    """What may not be broken: words and wide characters, closing marks glued to what they close."""
    tokens: list[str] = []
    for token in re.findall(TOKENS, text):
        if tokens and token in CLOSING:
            tokens[-1] += token
        else:
            tokens.append(token)
    return tokens
