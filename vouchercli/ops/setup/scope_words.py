"""Words of a scope that fit no merchant of the registry: nobody is let in by them, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.documents import Fault
from vouchercli.errors import closest
from vouchercli.rules import packs, scope
from vouchercli.store import merchants

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.documents import Path
    from vouchercli.result import Problem
    from vouchercli.rules.scope import Scope
    from vouchercli.rules.templates import Template


def find_unmatched(db: sqlite3.Connection, template: Template) -> tuple[Fault, ...]:
    """A caution for each word of the scope that no merchant has; none without a registry, which may
    come later.
    """
    of_each = {path: scope.words(each) for path, each in _scopes(template)}
    asked = frozenset[str]().union(*(each for words in of_each.values() for each in words.values()))
    known = merchants.words(db, asked) if asked else {}
    if not any(known.values()):
        return ()
    return tuple(
        fault for path, words in of_each.items() for fault in _unmatched(path, words, known)
    )


def _scopes(template: Template) -> Iterator[tuple[Path, Scope]]:
    """The scope of the pack and those of its vouchers, with their places in the document."""
    yield ("scope",), template.scope
    for number, (coupon, _) in enumerate(packs.lines(template)):
        if coupon.scope:
            yield ("coupons", number, "scope"), coupon.scope


def warn(db: sqlite3.Connection, template: Template) -> tuple[Problem, ...]:
    """The same as warnings, of a template whose file is not at hand."""
    return tuple(each.problem("", "warning") for each in find_unmatched(db, template))


def _unmatched(
    path: Path, words: dict[str, frozenset[str]], known: dict[str, frozenset[str]]
) -> Iterator[Fault]:
    for key, asked in words.items():
        there = known[key] if key in known else frozenset().union(*known.values())
        for word in sorted(asked - there):
            near = closest(word, there)
            yield Fault(
                (*path, key),
                "word_fits_nobody",
                "no merchant of the registry is {offending}: nobody is left out by it"
                if key == "exclude"
                else "no merchant of the registry is {offending}: nobody is let in by it",
                "the registry has {near}" if near else "voucher merchant list shows its words",
                {"offending": word, "near": near},
            )
