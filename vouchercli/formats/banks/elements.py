"""The elements of a bank's XML message, by their local names and with their lines, one record at a
time.

Expat of the standard library reads it: it needs no tree of the whole and nothing installed. A
document type is refused at its first character, so there are no entities that multiply and none
that name a file or an address; nothing is ever fetched.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.parsers import expat

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import encoding_names
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

MOST_DEEP = 60  # elements inside each other; the deepest message has thirty
MOST_TEXT = 100_000  # characters of one element
PIECE = 1 << 16
ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
DOCUMENT = "Document"  # what holds a message; a header and an envelope may stand around it
TOO_DEEP = Word("its elements stand too deep in each other")
TWO_MESSAGES = Word("its envelope holds two messages: ask for each in a file of its own")
OF_EXPAT = ("utf-8", "utf8", "utf-16", "utf16", "us-ascii", "ascii")
NOT_XML = Word("it is not well-formed XML")
CUT_OFF = Word("it is cut off: its last element is not closed")
IN_WORDS = {
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]: CUT_OFF,
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN]: CUT_OFF,
    expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR]: CUT_OFF,
    expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]: Word("an element is not closed"),
    expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: Word(
        "something follows behind its end: two files seem to be joined"
    ),
    expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]: Word(
        "it holds a character that may not stand there, or is in another encoding than it says"
    ),
}


@dataclass(slots=True)
class Element:
    """One element: its name without prefix and namespace, the line and the column at which it
    begins, its own text, its attributes (also without prefixes) and the elements inside it.
    """

    name: str
    line: int
    column: int
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, *path: str) -> list[Element]:
        """Every element at the end of this path of names."""
        found = [self]
        for name in path:
            found = [each for above in found for each in above.inside if each.name == name]
        return found

    def first(self, *path: str) -> Element | None:
        """The first of them."""
        return next(iter(self.all(*path)), None)

    def value(self, *path: str) -> str:
        """The text of the first of them that has one; ''."""
        return next((each.text for each in self.all(*path) if each.text), "")

    def one_of(self, *paths: tuple[str, ...]) -> str:
        """The text at the first of these paths where there is one; ''."""
        return next((text for path in paths if (text := self.value(*path))), "")


def root_names(stream: BinaryIO, name: str) -> Element:
    """The message's `Document` and the first element inside it, of their names alone; in a file
    without one the outermost element. Raises as `read`.
    """
    reader = _Reader(name, frozenset(), _ignore, deepest=2)
    with suppress(_Enough):
        _parse(stream, name, reader)
    return reader.outermost


def read(
    stream: BinaryIO, name: str, records: Collection[str], found: Callable[[Element], None]
) -> Element:
    """The message: its `Document` without the `records`, of which each is given to `found` as
    soon as it has ended, and then forgotten. `name` is the file's in messages.

    Raises `VoucherError` bad_bank_xml for what is damaged, cut off or has a document type.
    """
    reader = _Reader(name, frozenset(records), found)
    _parse(stream, name, reader)
    return reader.outermost


def _parse(stream: BinaryIO, name: str, reader: _Reader) -> None:
    head = stream.read(PIECE)
    encoding = _encoding(head, name)
    parser = expat.ParserCreate("utf-8" if encoding else None, namespace_separator="}")
    reader.attach(parser)
    try:
        for piece in _pieces(head, stream, encoding):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise refusal(name, error.lineno, IN_WORDS.get(error.code, NOT_XML)) from error
    except UnicodeDecodeError as error:
        why = Word("it is not in the encoding that it names")
        raise refusal(name, parser.CurrentLineNumber, why) from error


class _Enough(Exception):
    """What was asked is known."""


def _ignore(_: Element) -> None:
    """No record is asked for."""


def _encoding(head: bytes, name: str) -> str:
    """The codec of a text that expat cannot decode by itself (Chinese banks write GBK); ''."""
    said = ENCODING.match(head.removeprefix(codecs.BOM_UTF8).lstrip())
    named = said[1].decode("ascii").lower() if said else "utf-8"
    if named in OF_EXPAT:
        return ""
    try:
        return encoding_names.codecs_named(named)[0]
    except VoucherError as error:
        raise refusal(name, 1, Word("it names an encoding that is not known")) from error


def _pieces(head: bytes, stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The whole, of which the head has been read, in what expat knows."""
    decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
    piece = head
    while piece:
        yield decoder.decode(piece).encode() if decoder else piece
        piece = stream.read(PIECE)
    if decoder:
        yield decoder.decode(b"", final=True).encode()


def refusal(name: str, line: int, why: Word) -> VoucherError:
    """The refusal of a file that is no sound message."""
    return VoucherError(
        "bad_bank_xml",
        "{file} cannot be read as a message of a bank: {why}",
        hint="fetch the file from the bank again; nothing of it was used",
        where=f"{name}:{line}",
        file=name,
        why=why,
    )


class _Reader:
    """Builds elements from what expat tells it."""

    def __init__(
        self,
        name: str,
        records: frozenset[str],
        found: Callable[[Element], None],
        deepest: int = 0,
    ) -> None:
        self.root: Element | None = None
        self._name, self._records, self._found, self._deepest = name, records, found, deepest
        self._around: list[Element] = []  # that are open: the envelope, its header
        self._outer: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._length = 0
        self._parser: Any = None

    def attach(self, parser: Any) -> None:
        """Be told what this parser meets."""
        self._parser = parser
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def _doctype(self, *_: Any) -> None:
        raise self._refusal(
            Word("it has a document type (DOCTYPE), which no message of a bank has")
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MOST_DEEP:
            raise self._refusal(TOO_DEEP)
        local = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        element = Element(name.rpartition("}")[2], line, column, local)
        if self._open:
            self._open[-1].inside.append(element)
        elif element.name != DOCUMENT:
            self._note_around(element)
            return
        elif self.root is not None:
            raise self._refusal(TWO_MESSAGES)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])
        self._length = 0
        if len(self._open) == self._deepest:
            raise _Enough

    def _note_around(self, element: Element) -> None:
        """Go on into what is no part of the message; the outermost and its first are kept."""
        if len(self._around) == 1 and self._outer and not self._outer.inside:
            self._outer.inside.append(element)
        self._outer = self._outer or element
        self._around.append(element)
        if len(self._around) > MOST_DEEP:
            raise self._refusal(TOO_DEEP)

    @property
    def outermost(self) -> Element:
        """The message, or in a file without one what stands in its place."""
        found = self.root or self._outer
        assert found is not None
        return found

    def _characters(self, text: str) -> None:
        if not self._open:
            return
        self._length += len(text)
        if self._length > MOST_TEXT:
            raise self._refusal(Word("one element holds more text than any message has"))
        self._texts[-1].append(text)

    def _end(self, _: str) -> None:
        if not self._open:
            self._around.pop()
            return
        element = self._open.pop()
        element.text = "".join(self._texts.pop()).strip()
        self._length = 0
        if element.name in self._records and self._open:
            self._open[-1].inside.pop()
            self._found(element)

    def _refusal(self, why: Word) -> VoucherError:
        return refusal(self._name, self._parser.CurrentLineNumber, why)
