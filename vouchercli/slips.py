"""Slips of the pen: which known word was meant, where a word that is only like it would say
something else. `per_day` is no slip of `per_week`, nor `online` of `offline`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORT, LONG = 3, 8  # letters of a word


def slip_of(offending: str, known: Iterable[str]) -> str:
    """The known word of which `offending` is a slip, whatever its case and however its parts are
    joined: each part is alike but for one letter (two in a long one). '' when none is.
    """
    found = ((_slips(_parts(offending), _parts(word)), word) for word in known)
    near = [(edits, word) for edits, word in found if edits is not None]
    return min(near, key=lambda each: each[0])[1] if near else ""


def _parts(word: str) -> list[str]:
    return re.split(r"[-_\s]+", word.casefold())


def _slips(written: list[str], meant: list[str]) -> int | None:
    """How many letters are wrong; None: too many."""
    if len(written) != len(meant):
        return 0 if "".join(written) == "".join(meant) else None
    pairs = [*zip(written, meant, strict=True)]
    edits = [_edits(*pair) for pair in pairs]
    is_near = all(each <= _room(*pair) for each, pair in zip(edits, pairs, strict=True))
    return sum(edits) if is_near else None


def _room(written: str, meant: str) -> int:
    """How many letters may be wrong. Another letter in a short word makes another word."""
    if len(meant) <= SHORT and len(written) == len(meant) and sorted(written) != sorted(meant):
        return 0
    return 2 if len(meant) >= LONG else 1


def _edits(written: str, meant: str) -> int:
    """Letters left out, added, changed, or exchanged with the next."""
    rows: list[list[int]] = [[*range(len(meant) + 1)]]
    for at, letter in enumerate(written, 1):
        row = [at]
        for to, other in enumerate(meant, 1):
            least = min(rows[-1][to] + 1, row[-1] + 1, rows[-1][to - 1] + (letter != other))
            if at > 1 and to > 1 and written[at - 2 : at] == meant[to - 1] + meant[to - 2]:
                least = min(least, rows[-2][to - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
