"""The names of encodings, as people and profiles write them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

    from vouchercli.documents import Node

EXAMPLES = "for example utf-8, gb18030, big5, shift_jis, euc-kr, utf-16-le"
# Names that people know, and the codecs that read what is written under them: as browsers take
# them, with the characters that the makers of systems added.
KNOWN_NAMES = {
    ("cp932",): "shift_jis shiftjis sjis s_jis csshiftjis windows_31j ms932 ms_kanji cp932 932",
    ("cp949",): "euc_kr euckr ks_c_5601 ks_c_5601_1987 ksc5601 windows_949 uhc cp949 949",
    ("gb18030", "windows_936"): (
        "gb2312 gb_2312 gb_2312_80 euc_cn euccn gbk x_gbk cp936 936 ms936 windows_936 gb18030"
    ),
    ("cp950", "big5hkscs"): "big5 big5_tw cn_big5 x_x_big5 cp950 950",
    ("euc_jp", "euc_jisx0213"): "euc_jp eucjp ujis",
}
# Python knows them as encodings, but no file is written so.
NO_FILES = ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
# GB18030 with the euro sign as Windows wrote it, in one byte.
WINDOWS_936, EURO = "windows_936", 0x80
CODECS = {name: codecs_ for codecs_, names in KNOWN_NAMES.items() for name in names.split()}


def codecs_named(encoding: str) -> tuple[str, ...]:
    """The codecs for a name that people know, the first that reads a file is meant. Raises
    `VoucherError` unknown_encoding.
    """
    known = CODECS.get(encoding.strip().lower().replace("-", "_").replace(" ", "_"))
    if known:
        return known
    try:
        codec = codecs.lookup(encoding).name
        if codec in NO_FILES:
            raise LookupError(codec)
        "".encode(codec)
    except (LookupError, ValueError) as error:
        raise VoucherError(
            "unknown_encoding",
            "there is no encoding {encoding}",
            encoding=encoding,
            hint="for example utf-8, gb18030, big5, shift_jis, euc-kr, utf-16-le",
        ) from error
    return (codec,)


def read(node: Node) -> str | None:
    """The encoding that a profile names; an unknown one is noted as a fault."""
    name = node.text()
    try:
        return name if name and codecs_named(name) else None
    except VoucherError:
        node.fault("unknown_encoding", "there is no encoding {offending}", EXAMPLES)
        return None


def _put_euro(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == EURO:
        return "\u20ac", error.start + 1
    raise error


def _windows_936(name: str) -> codecs.CodecInfo | None:
    """The codec of that name; Python has it without the euro sign."""
    if name != WINDOWS_936:
        return None
    base = codecs.lookup("gb18030")

    def decode(octets: Buffer, errors: str = "strict", /) -> tuple[str, int]:
        return base.decode(octets, WINDOWS_936 if errors == "strict" else errors)

    def incremental(errors: str = "strict") -> codecs.IncrementalDecoder:
        return base.incrementaldecoder(WINDOWS_936 if errors == "strict" else errors)

    return codecs.CodecInfo(
        base.encode,
        decode,
        base.streamreader,
        base.streamwriter,
        base.incrementalencoder,
        incremental,
        WINDOWS_936,
    )


codecs.register_error(WINDOWS_936, _put_euro)
codecs.register(_windows_936)
