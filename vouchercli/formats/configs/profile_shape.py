"""What a profile's YAML may say, and every fault in one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs.fields import FIELDS, KIND_WORDS, OPTIONAL
from vouchercli.formats.configs.schema import (
    Field,
    boolean,
    choice,
    either,
    listing,
    mapping,
    suggested,
    table,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.configs.yamls import Document, Route
    from vouchercli.result import Problem

ANYTHING = text(pattern=r"(?s).*")  # also nothing at all
COLUMN = either(text(), listing(text(), least=1))
SPEC_KEYS: dict[str, Field] = {
    "column": COLUMN,
    "join": listing(text(), least=2),
    "with": ANYTHING,
    "pattern": text(),
    "default": ANYTHING,
    "value": ANYTHING,
    "optional": boolean(),
    "down": boolean(),
    "words": table(text()),
}
SPEC = either(
    text(),
    listing(text(), least=1),
    mapping(
        SPEC_KEYS
        | {
            "pay": either(COLUMN, mapping(SPEC_KEYS)),
            "refund": either(COLUMN, mapping(SPEC_KEYS)),
            "otherwise": choice("pay", "refund"),
            "sign": text(),  # of the field `kind` only
        }
    ),
)
FILTERS = listing(
    mapping({"column": text(required=True), "like": text(required=True), "why": text()})
)
SECTION: dict[str, Field] = {
    "encoding": text(),
    "unit": choice("yuan", "fen"),
    "refunds": choice("positive", "negative"),
    "columns": table(SPEC, required=True, least=1),
    "key": listing(text(), least=1),
    "skip": FILTERS,
    "only": FILTERS,
    "footer": mapping({"like": text(required=True), "required": boolean()}),
    "checks": listing(
        mapping(
            {
                "find": text(required=True),
                "of": choice("all", "pay", "refund"),
                "sums": table(text()),
            }
        )
    ),
    "archive": mapping({"take": text(), "skip": text()}),
    "sheet": text(),
    "resident": choice("identity", "opaque"),
    "identities": listing(text()),
    "recognise_by": listing(text()),
}
HEAD: dict[str, Field] = {
    "profile": text(required=True, pattern=r"[a-z0-9][a-z0-9-]*", example="wechat-use-flow"),
    "platform": text(),
    "name": mapping({"zh": text(required=True), "en": text(required=True)}),
    "source": text(),
    "kind": choice(*FIELDS),
    "kinds": table(mapping(SECTION), least=1),
}
FILE = mapping(HEAD | SECTION | {"columns": table(SPEC, least=1)})
PATTERNS = ("pattern", "like", "find", "take", "skip")


def kinds(document: dict[str, Any]) -> list[str]:
    """The kinds of file that a profile is for."""
    return list(document["kinds"]) if "kinds" in document else [document["kind"]]


def section(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """What the profile says of one kind."""
    found: dict[str, Any] = document["kinds"][kind] if "kinds" in document else document
    return found


def faults(document: Document) -> list[Problem]:
    """What the shape alone cannot tell: the right fields for the kind, everything a row needs,
    patterns that can be read.
    """
    value = document.value if isinstance(document.value, dict) else {}
    found: list[Problem] = []
    if isinstance(value.get("kinds"), dict):
        stray = [key for key in value if key == "kind" or key in SECTION]
        found += [
            document.problem(
                "misplaced_key",
                "{offending} must stand below one of kinds:",
                (key,),
                key=True,
                offending=key,
            )
            for key in stray
        ]
        sections: list[tuple[Route, str, dict[str, Any]]] = [
            (("kinds", kind), kind, said) for kind, said in value["kinds"].items()
        ]
    else:
        found += [
            document.problem(
                "missing_key", "the key {offending} is missing here", (), offending=key
            )
            for key in ("kind", "columns")
            if key not in value
        ]
        sections = [((), value["kind"], value)] if value.get("kind") in FIELDS else []
    for route, kind, said in sections:
        found += (
            _section_faults(document, route, kind, said)
            if kind in FIELDS
            else [_not_a_kind(document, route, kind)]
        )
    return [*found, *_pattern_faults(document, value, ())]


def _not_a_kind(document: Document, route: Route, kind: str) -> Problem:
    hint, words = suggested(kind, tuple(FIELDS))
    return document.problem(
        "unknown_key", "there is no key {offending} here", route, hint=hint, key=True, **words
    )


def _section_faults(
    document: Document, route: Route, kind: str, said: dict[str, Any]
) -> Iterator[Problem]:
    columns = said.get("columns") if isinstance(said, dict) else None
    if not isinstance(columns, dict):
        return  # its shape is a fault already
    for field in columns:
        if field not in FIELDS[kind]:
            hint, words = suggested(field, FIELDS[kind])
            yield document.problem(
                "unknown_field",
                "a {kind} has no field {offending}",
                (*route, "columns", field),
                hint=hint,
                key=True,
                kind=KIND_WORDS[kind],
                **words,
            )
    for field in FIELDS[kind]:
        stands_in = "key" in said if kind == "merchants" else "platform_no" in columns
        is_given = field in columns or (field == "merchant_no" and stands_in)
        if field not in OPTIONAL[kind] and not is_given:
            yield document.problem(
                "missing_field",
                "columns: says nothing of {offending}, which every row needs",
                (*route, "columns"),
                key=True,
                offending=field,
            )
    for field, spec in columns.items():
        if isinstance(spec, dict):
            yield from _spec_faults(
                document, (*route, "columns", field), spec, is_kind=field == "kind"
            )


def _spec_faults(
    document: Document, route: Route, spec: dict[str, Any], *, is_kind: bool
) -> Iterator[Problem]:
    origins = [key for key in ("column", "join", "value", "sign") if key in spec]
    is_split = not is_kind and "pay" in spec and "refund" in spec
    if len(origins) != 1 and not (is_split and not origins):
        yield document.problem(
            "unclear_origin",
            "say once where it comes from: column, join or value, or pay and refund",
            route,
        )
    if is_kind and any(not isinstance(spec.get(key, ""), str) for key in ("pay", "refund")):
        yield document.problem(
            "wrong_type", "pay and refund of kind are patterns on the column's value", route
        )
    if not is_kind and (
        "sign" in spec or "otherwise" in spec or ("pay" in spec) != ("refund" in spec)
    ):
        yield document.problem(
            "misplaced_key",
            "sign and otherwise belong to kind; pay and refund stand together",
            route,
        )


def _pattern_faults(document: Document, value: Any, route: Route) -> Iterator[Problem]:
    """Every pattern of the file must be a regular expression."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, child in items:
        is_pattern = key in PATTERNS or (route[-1:] == ("kind",) and key in ("pay", "refund"))
        if isinstance(child, str) and is_pattern:
            try:
                re.compile(child)
            except re.error as error:
                yield document.problem(
                    "bad_pattern",
                    "{offending} is not a regular expression: {why}",
                    (*route, key),
                    offending=child,
                    why=str(error),
                )
        else:
            yield from _pattern_faults(document, child, (*route, key))
