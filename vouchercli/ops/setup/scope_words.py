"""Words of a scope that fit no merchant of the registry: nobody is let in by them, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.documents import Fault
from vouchercli.errors import closest
from vouchercli.rules import scope
from vouchercli.store import merchants

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.result import Problem
    from vouchercli.rules.templates import Template


def find_unmatched(db: sqlite3.Connection, template: Template) -> tuple[Fault, ...]:
    """A caution for each word of the scope that no merchant has; none without a registry, which may
    come later.
    """
    words = scope.words(template.scope)
    known = merchants.words(db, frozenset().union(*words.values())) if any(words.values()) else {}
    return tuple(_unmatched(words, known)) if any(known.values()) else ()


def warn(db: sqlite3.Connection, template: Template) -> tuple[Problem, ...]:
    """The same as warnings, of a template whose file is not at hand."""
    return tuple(each.problem("", "warning") for each in find_unmatched(db, template))


def _unmatched(
    words: dict[str, frozenset[str]], known: dict[str, frozenset[str]]
) -> Iterator[Fault]:
    for key, asked in words.items():
        there = known[key] if key in known else frozenset().union(*known.values())
        for word in sorted(asked - there):
            near = closest(word, there)
            yield Fault(
                ("scope", key),
                "word_fits_nobody",
                "no merchant of the registry is {offending}: nobody is left out by it"
                if key == "exclude"
                else "no merchant of the registry is {offending}: nobody is let in by it",
                "the registry has {near}" if near else "voucher merchant list shows its words",
                {"offending": word, "near": near},
            )
