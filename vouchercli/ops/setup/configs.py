"""A programme's or template's YAML: found by name or path, read, and every fault of it said at its
place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from vouchercli.formats.configs import locate, yamls
from vouchercli.result import Problem, Word
from vouchercli.rules import programmes, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vouchercli.formats.configs.yamls import Document
    from vouchercli.rules.documents import Fault
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template

Value = TypeVar("Value")


def read_programme(name_or_path: str) -> tuple[Programme, Document]:
    """The programme of a shipped name or a file. Raises `unknown_config`, `bad_yaml` (with every
    fault).
    """
    return _read("programmes", name_or_path, programmes.read)


def read_template(name_or_path: str) -> tuple[Template, Document]:
    """The template of a shipped name or a file. Raises `unknown_config`, `bad_yaml` (with every
    fault).
    """
    return _read("templates", name_or_path, templates.read)


def problem(
    fault: Fault, document: Document | None = None, level: Literal["error", "warning"] = "error"
) -> Problem:
    """A fault as a problem, at its place when the file is at hand."""
    where = document.where(fault.path, key=fault.code == "unknown_key") if document else ""
    params = {key: Word(value) if key == "wanted" else value for key, value in fault.params.items()}
    return Problem(fault.code, fault.text, where, fault.suggestion, level, params)


def problems(
    faults: Iterable[Fault],
    document: Document | None = None,
    level: Literal["error", "warning"] = "error",
) -> tuple[Problem, ...]:
    """All of them."""
    return tuple(problem(fault, document, level) for fault in faults)


def digest(value: Any) -> str:
    """SHA-256 of what a programme or template says: comments, layout and the order of keys do not
    count.
    """
    text = json.dumps(asdict(value), ensure_ascii=False, sort_keys=True, default=sorted)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(
    kind: Literal["programmes", "templates"],
    name_or_path: str,
    reader: Callable[[Any], tuple[Value | None, tuple[Fault, ...]]],
) -> tuple[Value, Document]:
    path = locate.find(kind, name_or_path)
    document = yamls.read(path, locate.shown(path))
    value, faults = reader(document.value)
    document.refuse(list(problems(faults, document)))
    assert value is not None
    return value, document
