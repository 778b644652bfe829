"""Lines without delimiters, cut into cells by their widths, as settlement files of banks are
written.
"""

from __future__ import annotations

import io
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, AnyStr, BinaryIO

from vouchercli.formats.tables.csvs import codec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def rows(
    open_bytes: Callable[[], BinaryIO],
    encoding: str,
    widths: Sequence[int],
    in_bytes: bool,
    after: int = 0,
    _widths: frozenset[int] = frozenset(),
) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line behind line `after`. What stands behind the last cell is one cell
    more, unless it is blank; a line that is too short has fewer.
    """
    codec = codec_of(encoding)
    with open_bytes() as raw, io.TextIOWrapper(raw, codec, newline="") as text:
        for number, line in enumerate(islice(text, after, None), after + 1):
            bare = line.rstrip("\r\n\x1a")
            if not bare.strip():
                continue
            if in_bytes and not bare.isascii():
                octets = bare.encode(encoding)
                yield number, [piece.decode(encoding, "replace") for piece in _cut(octets, widths)]
            else:
                yield number, _cut(bare, widths)


def _cut(line: AnyStr, widths: Sequence[int]) -> list[AnyStr]:
    edges = [0, *accumulate(widths)]
    cells = [line[begin:end] for begin, end in pairwise(edges) if begin < len(line)]
    rest = line[edges[-1] :]
    if rest.strip():
        cells.append(rest)
    return cells
