"""YAML as we take it: YAML 1.2's few scalars, no key twice, every fault with its place.

PyYAML alone reads YAML 1.1, where 10:00 is 600, NO is false, 010 is 8 and the second of two equal
keys wins. Here a plain scalar is null, true/false or a plain decimal integer; everything else
(times, dates, 10.00, 010, NO) stays the text it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vouchercli.errors import VoucherError
from vouchercli.result import Problem, unreadable

Route = tuple[str | int, ...]  # the keys and list positions that lead to a value

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
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
MAX_NODES = 200_000  # aliases of aliases multiply: stop before memory does


class _PlainLoader(yaml.BaseLoader):
    """Composes nodes only; every untagged scalar is text and is judged by `_scalar`."""


@dataclass(frozen=True)
class Document:
    """A YAML file read: its plain `value`, the `name` people know it by, and where everything
    stands.
    """

    value: Any
    name: str
    # route -> place of its key, place of its value
    marks: dict[Route, tuple[str, str]] = field(repr=False)

    def where(self, route: Route, *, key: bool = False) -> str:
        """`file:line:column` of the value at `route` (or of its key), or of its nearest parent."""
        for length in range(len(route), -1, -1):
            if route[:length] in self.marks:
                which = 0 if key and length == len(route) else 1
                return f"{self.name}:{self.marks[route[:length]][which]}"
        return self.name

    def problem(
        self,
        code: str,
        text: str,
        route: Route,
        *,
        hint: str = "",
        key: bool = False,
        **params: Any,
    ) -> Problem:
        """A fault of this file as a `Problem` at its place; `text` and `hint` are English
        templates.
        """
        return Problem(code, text, self.where(route, key=key), hint, "error", params)

    def refuse(self, problems: list[Problem]) -> None:
        """Raises `bad_yaml` with every one of `problems`, in the order of the file; nothing when
        there are none.
        """
        refuse(self.name, problems)


def refuse(name: str, problems: list[Problem]) -> None:
    """Raises `VoucherError` bad_yaml when there are problems."""
    if problems:
        ordered = sorted(
            problems,
            key=lambda problem: [
                int(part) if part.isdigit() else 0 for part in problem.where.rsplit(":", 2)[1:]
            ],
        )
        raise VoucherError(
            "bad_yaml",
            "{file} has {count} fault(s); nothing was taken from it",
            where=name,
            problems=ordered,
            hint="mend them all, then run the same command again",
            file=name,
            count=len(problems),
        )


def read(path: Path | str, name: str = "") -> Document:
    """The document in a file; `name` is what its places are named by (else its path).

    Raises `VoucherError`: no_such_file, unreadable_file, bad_yaml (with every fault).
    """
    return parse(_text(Path(path)), name or str(path))


def parse(text: str, name: str) -> Document:
    """The document in a text; `name` is what places are named by. Raises `VoucherError`
    bad_yaml.
    """
    _refuse_invisible(text, name)
    loader = _PlainLoader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        why = " ".join(part for part in (error.context, error.problem) if part)
        place = error.problem_mark or error.context_mark
        where = f"{name}:{place.line + 1}:{place.column + 1}" if place else name
        hint = (
            "check the indentation, the colons and the quotes around this place; indent with"
            " blanks, never with TAB"
        )
        refuse(
            name,
            [Problem("yaml_syntax", "this is not YAML: {why}", where, hint, "error", {"why": why})],
        )
        raise AssertionError from error
    finally:
        loader.dispose()
    builder = _Builder(name)
    value = builder.build(root, ()) if root is not None else None
    refuse(name, builder.problems)
    return Document(value, name, builder.marks)


def _text(path: Path) -> str:
    name = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(name, error) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise VoucherError(
            "yaml_not_utf8",
            "{file} is not UTF-8 text",
            hint="open it in an editor and save it as UTF-8",
            where=f"{name}:{line}",
            file=name,
        ) from error


def _refuse_invisible(text: str, name: str) -> None:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        why = f"character U+{ord(found.group()):04X}"
        refuse(
            name,
            [
                Problem(
                    "yaml_syntax",
                    "this is not YAML: {why}",
                    f"{name}:{line}:{column}",
                    "delete the invisible character",
                    params={"why": why},
                )
            ],
        )


class _Builder:
    """Turns nodes into plain values, keeping every place and every fault."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Route, tuple[str, str]] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._nodes = 0

    def build(self, node: Any, route: Route, key: Any = None) -> Any:
        value_place = _place(node)
        self.marks[route] = (_place(key) if key is not None else value_place, value_place)
        self._nodes += 1
        if id(node) in self._open or self._nodes > MAX_NODES:
            self._fault(node, "yaml_endless", "this alias repeats itself without end")
            return None
        self._open.add(id(node))
        try:
            if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in (
                "str",
                "map",
                "seq",
            ):
                self._fault(
                    node,
                    "yaml_tag",
                    "the tag {tag} is not taken here",
                    tag=node.tag.rpartition(":")[2],
                )
                return None
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, route)
            if isinstance(node, yaml.SequenceNode):
                return [
                    self.build(item, (*route, position)) for position, item in enumerate(node.value)
                ]
            return _scalar(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: Any, route: Route) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode) or not str(key.value).strip():
                self._fault(key, "yaml_key", "a key must be a word")
            elif key.value == "<<" and key.style is None:
                merged |= self._merged(child, route)
            elif key.value in own:
                self._fault(
                    key,
                    "yaml_duplicate_key",
                    "the key {key} stands here twice (first at {first})",
                    key=key.value,
                    first=self.marks[(*route, key.value)][0],
                )
            else:
                own[key.value] = self.build(child, (*route, key.value), key)
        return merged | own

    def _merged(self, node: Any, route: Route) -> dict[str, Any]:
        """`<<: *anchor` or `<<: [*a, *b]`: the earlier of a list wins, and our own keys win over
        all.
        """
        found: dict[str, Any] = {}
        for part in reversed(node.value if isinstance(node, yaml.SequenceNode) else [node]):
            before = dict(self.marks)
            value = self.build(part, route)
            self.marks |= {place: mark for place, mark in before.items() if place == route}
            if isinstance(value, dict):
                found |= value
            else:
                self._fault(part, "yaml_merge", "only a mapping can be merged with <<")
        return found

    def _fault(self, node: Any, code: str, text: str, **params: Any) -> None:
        self.problems.append(
            Problem(code, text, f"{self.name}:{_place(node)}", "", "error", params)
        )


def _place(node: Any) -> str:
    return f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _scalar(node: Any) -> str | int | bool | None:
    if node.style is not None:
        return str(node.value)
    if node.value in WORDS:
        return WORDS[node.value]
    return (
        int(node.value)
        if INTEGER.fullmatch(node.value) and len(node.value) < 19
        else str(node.value)
    )
