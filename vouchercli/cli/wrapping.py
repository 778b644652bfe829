"""Text folded to a width, in Chinese and English: what tables, notes and help pages share. It
imports nothing heavy.
"""

from __future__ import annotations

import re
from unicodedata import category, east_asian_width

CLOSING = "，。；：、！？）》」』】”’％!),.:;?%]}"
# blanks, a short [remark], a narrow word, one wide character
TOKENS = re.compile(r" +|\[[^\[\]]{1,24}\]|[^ \u1100-\uffff]+|[^ ]")


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


def folded(text: str, width: int) -> str:
    """`text` in lines of at most `width` cells: broken at blanks and between wide characters
    (Chinese has no blanks), never before a closing mark; inside a word only when it alone is too
    wide.
    """
    return "\n".join(line for part in text.split("\n") for line in _lines(part, width))


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for token in _tokens(text):
        if cells(lines[-1] + token.rstrip()) <= width:
            lines[-1] += token
        elif cells(token) <= width:
            lines.append(token.lstrip())
        else:
            lines += _chopped(token.strip(), width)
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _chopped(word: str, width: int) -> list[str]:
    """A word that no line can hold, in pieces."""
    pieces = [""]
    for char in word:
        if pieces[-1] and cells(pieces[-1] + char) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


def _tokens(text: str) -> list[str]:
    """What may not be broken: words and wide characters, closing marks glued to what they close."""
    tokens: list[str] = []
    for token in TOKENS.findall(text):
        if tokens and token in CLOSING:
            tokens[-1] += token
        else:
            tokens.append(token)
    return tokens
