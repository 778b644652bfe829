"""Which encoding a text file is in, decided by reading all of it once, a piece at a time, and never
by guessing.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.encoding_names import codecs_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECE = 1 << 20
SAMPLE = 1 << 16
LONGEST_LINE = 4 << 20  # a line of a table has a thousandth of it
WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")  # a lost byte shifts all that follows
ONE = 2  # marks of damage that one character leaves, cut in two
FEW = 10  # of so many strange characters less than one is damaged
# Characters of which the names, addresses and headers of Chinese tables are full.
COMMON = frozenset(
    "的一二三四五上下中大小东西南北新老城区县市镇乡村路街号楼层室店铺馆场商业家人民公司有限"
    "餐饮食品酒茶面零售超便利服务心户名称编码额金支付款退交易时间日期月年元券类型线批发居"
)
CHINESE = codecs_named("gb18030")
OVER_ASCII = ("utf-8", *CHINESE)  # ASCII is right in them wherever a character may begin
# Two Chinese characters as UTF-8. A whole line of GB18030 is practically never valid UTF-8 as well:
# its common characters begin with B0-D7, UTF-8's with E3-E9. So such a line inside a file that is
# not UTF-8 means two encodings in one file.
CHINESE_UTF8 = re.compile(rb"(?:[\xe3-\xe9\xef][\x80-\xbf]{2}){2}")
# by chance not even inside a line
LONG_CHINESE_UTF8 = re.compile(rb"(?:[\xe3-\xe9\xef][\x80-\xbf]{2}){5}")


def encoding_of(
    open_bytes: Callable[[], BinaryIO],
    name: str,
    *,
    asked: str | None = None,
    fallback: str | None = None,
) -> str:
    """The codec to read it by: `asked`; else a byte order mark's, strict UTF-8, strict `fallback`
    (GB18030).

    Raises `VoucherError`: empty_file, not_text (NUL bytes), line_too_long, undecodable (with the
    line), unknown_encoding.
    """
    with open_bytes() as stream:
        head = stream.read(4)
    if not head:
        raise VoucherError(
            "empty_file", "{file} is empty", hint="ask for the file again", where=name, file=name
        )
    if asked:
        return _requested_encoding(open_bytes, name, asked)
    if head in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        return _requested_encoding(open_bytes, name, "utf-32")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return _requested_encoding(open_bytes, name, "utf-16")
    utf8_line = _first_bad_line(open_bytes, "utf-8", name)
    if utf8_line is None:
        return "utf-8"
    second = fallback or "gb18030"
    codec, second_line = _first_fitting(open_bytes, codecs_named(second), name)
    if second_line is not None:
        _refuse_nearly(open_bytes, name, ("utf-8", *codecs_named(second)))
        raise VoucherError(
            "undecodable",
            "{file} is neither UTF-8 (line {utf8_line}) nor {second} (line {second_line})",
            hint="say what it is with --encoding, or save it again as UTF-8",
            where=f"{name}:{max(utf8_line, second_line)}",
            file=name,
            utf8_line=utf8_line,
            second=second.upper(),
            second_line=second_line,
        )
    mixed_line = _utf8_line(open_bytes) if codec in CHINESE else None
    if mixed_line is not None:
        _refuse_nearly(open_bytes, name, ("utf-8",), most=ONE)
        raise VoucherError(
            "undecodable",
            "{file} mixes two encodings: line {utf8_line} is not UTF-8, line {second_line} is",
            hint="save it again as UTF-8, or ask for the file again",
            where=f"{name}:{max(utf8_line, mixed_line)}",
            file=name,
            utf8_line=utf8_line,
            second_line=mixed_line,
        )
    return codec


def _refuse_nearly(
    open_bytes: Callable[[], BinaryIO],
    name: str,
    encodings: tuple[str, ...],
    most: int | None = None,
) -> None:
    """Raises `VoucherError` undecodable with the place where it is damaged, when the text is one of
    these encodings but for a few characters (at most `most`).
    """
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        strange = bad = 0
        for piece in (*_pieces(open_bytes), b""):
            text = decoder.decode(piece, final=not piece)
            strange += len(text) - len(text.encode("ascii", "ignore"))
            bad += text.count("\ufffd")
        if bad * FEW < strange and (most is None or bad <= most):
            line = _first_bad_line(open_bytes, encoding, name)
            raise VoucherError(
                "undecodable",
                "{file} is {encoding}, but a character in line {line} is cut off or damaged (such"
                " places: {count})",
                hint=(
                    "ask for the file again; or open it in a text editor, correct these places and"
                    " save it as UTF-8"
                ),
                where=f"{name}:{line}",
                file=name,
                encoding=encoding.upper(),
                count=bad,
                line=line,
            )


def is_chinese(open_bytes: Callable[[], BinaryIO]) -> bool:
    """Whether the beginning of a text that is GB18030 reads as Chinese: other encodings, read so,
    give rare characters and kana.
    """
    with open_bytes() as stream:
        text = stream.read(SAMPLE).decode("gb18030", "ignore")
    strange = [char for char in text if not char.isascii()]
    return sum(char in COMMON for char in strange) * 10 >= len(strange)


def strict_codec(open_bytes: Callable[[], BinaryIO], encoding: str) -> str | None:
    """The codec by which all of the text is strictly `encoding`; None when it is not."""
    codec, line = _first_fitting(open_bytes, codecs_named(encoding), "")
    return codec if line is None else None


def _requested_encoding(open_bytes: Callable[[], BinaryIO], name: str, encoding: str) -> str:
    codec, line = _first_fitting(open_bytes, codecs_named(encoding), name)
    if line is not None:
        if not codec.startswith(WIDE):
            _refuse_nearly(open_bytes, name, codecs_named(encoding))
        raise VoucherError(
            "undecodable_as",
            "{file} is not {encoding}: line {line} cannot be read",
            where=f"{name}:{line}",
            hint="leave --encoding out, or name another",
            file=name,
            encoding=encoding,
            line=line,
        )
    return codec


def _first_fitting(
    open_bytes: Callable[[], BinaryIO], names: tuple[str, ...], name: str
) -> tuple[str, int | None]:
    """The first codec that reads all of it, and None; else the last one, and the first line that no
    codec reads.
    """
    worst = 0
    for codec in names:
        line = _first_bad_line(open_bytes, codec, name)
        if line is None:
            return codec, None
        worst = max(worst, line)
    return codec, worst


def _pieces(open_bytes: Callable[[], BinaryIO]) -> Iterator[bytes]:
    with open_bytes() as stream:
        while piece := stream.read(PIECE):
            yield piece


def _first_bad_line(open_bytes: Callable[[], BinaryIO], encoding: str, name: str) -> int | None:
    """The first line that is not `encoding`, or None. NUL bytes are refused on the way (UTF-16 and
    its kin have them by right), and a line that goes on without end.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    has_nul = "16" in encoding or "32" in encoding
    read, piece = 0, b""  # pieces that were right, and the one being read
    endless = 0  # octets of them since the last one that holds a line's end
    try:
        for piece in _pieces(open_bytes):
            endless = 0 if b"\n" in piece or b"\r" in piece else endless + len(piece)
            if endless > LONGEST_LINE:
                _refuse_endless(name, 1 + _newlines(open_bytes, read))
            if not has_nul and b"\0" in piece:
                _refuse_nul(
                    name,
                    1 + _newlines(open_bytes, read) + piece.count(b"\n", 0, piece.index(b"\0")),
                )
            if not (encoding in OVER_ASCII and piece.isascii() and not decoder.getstate()[0]):
                decoder.decode(piece)
            read += 1
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return 1 + _newlines(open_bytes, read) + error.object[: error.start].count(b"\n")
    except UnicodeError:  # UTF-16 by name, without the mark that says which
        return 1 + _newlines(open_bytes, read)
    return None


def _newlines(open_bytes: Callable[[], BinaryIO], pieces: int) -> int:
    """How many lines end in the first pieces."""
    return sum(piece.count(b"\n") for piece in islice(_pieces(open_bytes), pieces))


def _refuse_endless(name: str, line: int) -> None:
    raise VoucherError(
        "line_too_long",
        "line {line} of {file} is longer than {mib} MiB: no table has such lines",
        where=f"{name}:{line}",
        file=name,
        line=line,
        mib=LONGEST_LINE >> 20,
        hint="open it in a text editor and delete this line, or ask for the file again",
    )


def _refuse_nul(name: str, line: int) -> None:
    raise VoucherError(
        "not_text",
        "{file} is not a text file: it holds NUL bytes",
        where=f"{name}:{line}",
        file=name,
        hint=(
            "ask for it as XLSX, or saved again as text; if it is UTF-16 without a byte order mark,"
            " add --encoding utf-16-le"
        ),
    )


def _utf8_line(open_bytes: Callable[[], BinaryIO]) -> int | None:
    """The first line that is Chinese in UTF-8, in a file that is not UTF-8 as a whole."""
    with open_bytes() as stream:
        for number, line in enumerate(stream, 1):
            if CHINESE_UTF8.search(line) and (_is_utf8(line) or LONG_CHINESE_UTF8.search(line)):
                return number
    return None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
