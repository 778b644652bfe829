"""YAML as we take it: YAML 1.2's few scalars, no key twice, every fault with its place.

PyYAML alone reads YAML 1.1, where 10:00 is 600, NO is false, 010 is 8 and the second of two equal
keys wins. Here a plain scalar is null, true/false or a plain decimal integer; everything else
(times, dates, 10.00, 010, NO) stays the text it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import yaml

from vouchercli.documents import Fault
from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs import locate, slips
from vouchercli.result import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vouchercli.documents import Path as Route
    from vouchercli.result import Problem

Value = TypeVar("Value")
Place = tuple[int, int]  # line and column, from 1
Read = tuple[Value | None, "Sequence[Fault]"]  # what is read of a document, and its faults

WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
HALF = re.compile("[\ud800-\udfff]")
MAX_DEPTH = 50
MAX_NODES = 200_000  # aliases of aliases multiply: stop before memory does


# It composes nodes only: every untagged scalar is text and is judged by `_scalar`. libyaml composes
# them thirty times faster, and PyYAML is built with it nearly everywhere.
LOADER: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader


@dataclass(frozen=True)
class Document:
    """A YAML file read: its `value`, its `name` in messages, the place of each key and value."""

    value: Any
    name: str
    # route -> place of its key, place of its value
    marks: dict[Route, tuple[Place, Place]] = field(repr=False)

    def place(self, route: Route, *, key: bool = False) -> Place:
        """The place of the value at `route` (or of its key), or of its nearest parent."""
        length = next(n for n in range(len(route), -1, -1) if route[:n] in self.marks)
        return self.marks[route[:length]][0 if key and length == len(route) else 1]

    def where(self, route: Route, *, key: bool = False) -> str:
        """The same as `file:line:column`."""
        return _where(self.name, self.place(route, key=key))

    def refuse(self, faults: Iterable[Fault]) -> None:
        """Raises `bad_yaml` with every one of the faults; nothing when there are none."""
        placed = [(self.place(each.path, key=each.at_key), each) for each in faults]
        if placed:
            raise _bad_yaml(self.name, placed)


def problems(
    faults: Iterable[Fault],
    document: Document | None,
    level: Literal["error", "warning"] = "error",
) -> tuple[Problem, ...]:
    """The faults as problems, each with its place when the file was read."""
    return tuple(
        each.problem(document.where(each.path, key=each.at_key) if document else "", level)
        for each in faults
    )


def _where(name: str, place: Place) -> str:
    return f"{name}:{place[0]}:{place[1]}"


def _bad_yaml(name: str, faults: list[tuple[Place, Fault]]) -> VoucherError:
    return VoucherError(
        "bad_yaml",
        "{file} has {count} fault(s); nothing was used",
        where=name,
        problems=[
            fault.problem(_where(name, place)) for place, fault in sorted(faults, key=itemgetter(0))
        ],
        hint="correct them all, then run the same command again",
        file=name,
        count=len(faults),
    )


def checked(path: Path | str, reader: Callable[[Any], Read[Value]]) -> tuple[Value, Document]:
    """What `reader` makes of a file, and its document.

    Raises `VoucherError`: no_such_file, unreadable_file, bad_yaml (with every fault).
    """
    document = read(path, locate.display_name(Path(path)))
    value, faults = reader(document.value)
    document.refuse(faults)
    assert value is not None
    return value, document


def unchanged(path: Path, reader: Callable[[Any], Read[Value]]) -> Value:
    """What `checked` gives, read once for as long as the file stays as it is: a tick asks often."""
    known = path.stat()
    state = (known.st_dev, known.st_ino, known.st_mtime_ns, known.st_size)
    value: Value = _read_once(path, reader, state)
    return value


@lru_cache(maxsize=256)
def _read_once(path: Path, reader: Callable[[Any], Any], state: tuple[int, ...]) -> Any:
    return checked(path, reader)[0]


def read(path: Path | str, name: str = "") -> Document:
    """The document in a file; `name` is what its places are named by (else its path).

    Raises `VoucherError`: no_such_file, unreadable_file, bad_yaml (with every fault).
    """
    return parse(text(path), name or str(path))


def parse(text: str, name: str, loader_of: Any = LOADER) -> Document:
    """The document in a text; `name` is what places are named by. Raises `VoucherError`
    bad_yaml.
    """
    _refuse_invisible(text, name)
    loader = loader_of(text)
    try:
        _refuse_deep(text, loader_of)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        if loader_of is not yaml.BaseLoader:
            return parse(text, name, yaml.BaseLoader)  # its message is more exact
        place = _place(error.problem_mark or error.context_mark)
        if signs := [*slips.find(text, place[0])]:
            raise _bad_yaml(name, signs) from error
        why = slips.in_words(" ".join(part for part in (error.context, error.problem) if part))
        hint = (
            "check the indentation, the colons and the quotes around this place; indent with"
            " blanks, never with TAB"
        )
        fault = Fault((), "yaml_syntax", "this is not YAML: {why}", hint, {"why": why})
        raise _bad_yaml(name, [(place, fault)]) from error
    finally:
        loader.dispose()
    builder = _Builder()
    # a document is never a text alone: its colons are of the wrong width
    value = builder.build(root, (), at="on its own") if root is not None else None
    if builder.faults:
        raise _bad_yaml(name, builder.faults)
    return Document(value, name, builder.marks or {(): ((1, 1), (1, 1))})


def text(path: Path | str) -> str:
    """The text of a YAML file. Raises `VoucherError`: no_such_file, unreadable_file,
    yaml_not_utf8.
    """
    raw = whole_files.read(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise VoucherError(
            "yaml_not_utf8",
            "{file} is not UTF-8 text",
            hint="open it in an editor and save it as UTF-8",
            where=f"{path}:{line}",
            file=str(path),
        ) from error


def _refuse_invisible(text: str, name: str) -> None:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if match:
        before = text[: match.start()]
        place = (before.count("\n") + 1, match.start() - before.rfind("\n"))
        why = say("character {code}", code=f"U+{ord(match.group()):04X}")
        hint = "delete the invisible character"
        fault = Fault((), "yaml_syntax", "this is not YAML: {why}", hint, {"why": why})
        raise _bad_yaml(name, [(place, fault)])


def _refuse_deep(text: str, loader_of: Any) -> None:
    """libyaml composes by recursion in C: it must not be sent deeper than its stack."""
    depth = 0
    for event in yaml.parse(text, loader_of):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            place: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem="nested too deep", problem_mark=place)


class _Builder:
    """Turns nodes into plain values, keeping every place and every fault."""

    def __init__(self) -> None:
        self.marks: dict[Route, tuple[Place, Place]] = {}
        self.faults: list[tuple[Place, Fault]] = []
        self._open: set[int] = set()
        self._nodes = 0

    def build(self, node: Any, route: Route, key: Any = None, at: slips.Where = "") -> Any:
        self.marks[route] = (_place((key or node).start_mark), _place(node.start_mark))
        self._nodes += 1
        if id(node) in self._open or self._nodes > MAX_NODES:
            self._fault(node, "yaml_endless", "this alias repeats itself without end")
            return None
        if node.tag not in TAGS:
            tag = node.tag.rpartition(":")[2]
            self._fault(node, "yaml_tag", "the tag {tag} is not allowed here", tag=tag)
            return None
        if isinstance(node, yaml.ScalarNode):
            self._refuse_halves(node)
            self._slip(node, None if node.style else slips.in_value(node.value, at))
            return _scalar(node)
        self._open.add(id(node))
        value = (
            self._mapping(node, route)
            if isinstance(node, yaml.MappingNode)
            else [
                self.build(
                    item, (*route, number), at="in brackets" if node.flow_style else "on its own"
                )
                for number, item in enumerate(node.value)
            ]
        )
        self._open.discard(id(node))
        return value

    def _mapping(self, node: Any, route: Route) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.value.strip():
                self._fault(key, "yaml_key", "a key must be a word")
            elif self._refuse_halves(key):
                pass
            elif not key.style and (slip := slips.in_key(key.value)):
                self._slip(key, slip)
            elif key.value == "<<" and not key.style:
                merged |= self._merge(child, route)
            elif key.value in own:
                line, column = self.marks[(*route, key.value)][0]
                self._fault(
                    key,
                    "yaml_duplicate_key",
                    "the key {key} is given twice (first at {first})",
                    key=key.value,
                    first=f"{line}:{column}",
                )
            else:
                is_below = child.start_mark.line > key.start_mark.line
                own[key.value] = self.build(
                    child, (*route, key.value), key, "on its own" if is_below else ""
                )
        return merged | own

    def _merge(self, node: Any, route: Route) -> dict[str, Any]:
        """`<<: *anchor` or `<<: [*a, *b]`: the earlier of a list wins, and our own keys win over
        all.
        """
        merged: dict[str, Any] = {}
        place = self.marks[route]
        for part in reversed(node.value if isinstance(node, yaml.SequenceNode) else [node]):
            value = self.build(part, route)
            self.marks[route] = place
            if isinstance(value, dict):
                merged |= value
            else:
                self._fault(part, "yaml_merge", "only a mapping can be merged with <<")
        return merged

    def _refuse_halves(self, node: Any) -> bool:
        """Note half a character ("\\uD800"), which nothing can write down; whether there is one."""
        half = HALF.search(node.value)
        if half:
            why = say("character {code}", code=f"U+{ord(half.group()):04X}")
            hint = "write the character itself"
            fault = Fault((), "yaml_syntax", "this is not YAML: {why}", hint, {"why": why})
            self.faults.append((_place(node.start_mark), fault))
        return half is not None

    def _slip(self, node: Any, fault: Fault | None) -> None:
        if fault is not None:
            line, column = _place(node.start_mark)
            shift = node.value.find(str(fault.params["sign"]))
            self.faults.append(((line, column + max(shift, 0)), fault))

    def _fault(self, node: Any, code: str, text: str, **params: Any) -> None:
        self.faults.append((_place(node.start_mark), Fault((), code, text, params=params)))


def _place(mark: Any) -> Place:
    return mark.line + 1, mark.column + 1


def _scalar(node: Any) -> str | int | bool | None:
    text: str = node.value
    if node.style:
        return text
    if text in WORDS:
        return WORDS[text]
    return int(text) if INTEGER.fullmatch(text) and len(text) < 19 else text
