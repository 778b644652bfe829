"""The industries of China (GB/T 4754-2017): codes, names and sections. Read only when asked for."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple


class Industries(NamedTuple):
    """Section (A to T) by code and by name, and the names of sections by their letter; a name that
    stands in two sections says neither.
    """

    codes: dict[str, str]
    names: dict[str, str]
    sections: dict[str, str]


@cache
def standard() -> Industries:
    """The standard, from industries.txt."""
    text = (
        resources.files("vouchercli.formats.configs").joinpath("industries.txt").read_text("utf-8")
    )
    rows = [line.split(" ", 2) for line in text.splitlines() if not line.startswith("#")]
    codes = {code: section for section, code, _ in rows}
    named: dict[str, set[str]] = {}
    for section, _, name in rows:
        named.setdefault(name, set()).add(section)
    names = {name: sections.copy().pop() for name, sections in named.items() if len(sections) == 1}
    return Industries(codes, names, {code: name for section, code, name in rows if code == section})
