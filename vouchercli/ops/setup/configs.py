"""A programme's or template's YAML: found by name or path, read, and every fault of it said at its
place.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from vouchercli import identities
from vouchercli.documents import Fault
from vouchercli.formats.configs import locate, yamls
from vouchercli.rules import details, programmes, templates
from vouchercli.rules.uses import USES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.documents import Path
    from vouchercli.formats.configs.yamls import Document, Read
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template

Value = TypeVar("Value")
NUMBERED = frozenset(("merchants", "exclude"))  # lists of merchants' numbers
ADDRESS = re.compile(r"https?://\S+")  # numbers in it are those of articles
ALLOWED = ("card", "email")  # of an office, or chance: a notice is cited with its number


def read_programme(name_or_path: str) -> tuple[Programme, Document]:
    """The programme of a shipped name or a file. Raises `unknown_config`, `bad_yaml` (with every
    fault).
    """
    return yamls.checked(locate.find("programmes", name_or_path), of_nobody(programmes.read))


def read_template(name_or_path: str) -> tuple[Template, Document]:
    """The template of a shipped name or a file. Raises `unknown_config`, `bad_yaml` (with every
    fault).
    """
    return yamls.checked(locate.find("templates", name_or_path), of_nobody(templates.read))


def of_nobody(read: Callable[[Any], Read[Value]]) -> Callable[[Any], Read[Value]]:
    """The same reader, for which a person's identity in the document is a fault: all of it is kept,
    shown and logged. What is stored already is read as it is.
    """

    def read_it(document: Any) -> Read[Value]:
        value, faults = read(document)
        people = tuple(_people(document, ()))
        return (None if people else value), (*faults, *people)

    return read_it


def _people(value: Any, path: Path) -> Iterator[Fault]:
    """A fault for each key and text of a document in which a person's number stands. A merchant's
    number may look like a telephone; addresses of pages and of offices are no persons.
    """
    if isinstance(value, dict):
        for key, part in value.items():
            if _find(str(key)):
                yield _fault((*path, key), at_key=True)
            yield from _people(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _people(part, (*path, number))
    elif isinstance(value, str | int):
        found = _find(str(value))
        if any(each.is_sure for each in found) or (found and not NUMBERED & {*path}):
            yield _fault(path)


def _find(text: str) -> list[identities.Identity]:
    found = identities.find(ADDRESS.sub("", text))
    return [each for each in found if each.kind not in ALLOWED]


def _fault(path: Path, *, at_key: bool = False) -> Fault:
    return Fault(
        path,
        "identity_in_yaml",
        "a person's number or e-mail address stands here: it would be kept and shown",
        "write a name, a code or a login name in its place",
        at_key=at_key,
    )


LATER_KEYS = {
    "any_of": (),
    "returned_fen": 0,
    "books": (None,),
    "hours": None,
    "whole_days": None,
    "counts_from": "",
    "no_later_than": None,
    "not_before": None,
    "is_at_once": False,
    "is_stated": False,
    "opened_at": None,
    "weekday_hours": (),
    "most_base_fen": None,
    "not_enforced": (),
    "kind": "",
    "packs_per_resident_per_day": None,
    "packs_per_resident_per_month": None,
    "one_of": (),
    "face_per_resident": (),
    "next_claim": (),
    "again_after_expiry": None,
    **dict.fromkeys(USES, ()),
    **details.NOT_ASKED,
    "rates": (),
    "rates_by": "",
    "scope": None,
    "also": None,
    "most_fen": None,
    "most_diners": None,
    "per_resident": None,
    "settlement": None,
    "reconciliation": (0, 0),  # no tolerance
    "risk": None,
    "sanctions": (),
}  # and what they are where a document does not have them
FIRST_FIGURES = 9  # of a published figure: what it could say from the beginning


def without_later_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A document's content, without what documents could not say when their digest was kept."""
    return {key: value for key, value in pairs if LATER_KEYS.get(key, ...) != value}


def _without_later_figures(published: tuple[Any, ...]) -> tuple[Any, ...]:
    """One published figure, without what none could have when its digest was kept."""
    later = published[FIRST_FIGURES:]
    return published if any(each is not None for each in later) else published[:FIRST_FIGURES]


def digest(value: Any) -> str:
    """SHA-256 of the content of a programme or template: comments, layout and the order of keys do
    not count.
    """
    content = asdict(value, dict_factory=without_later_keys)
    if "published" in content:  # its figures are kept by place, not by name
        content["published"] = [*map(_without_later_figures, content["published"])]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=sorted)
    return hashlib.sha256(text.encode()).hexdigest()
