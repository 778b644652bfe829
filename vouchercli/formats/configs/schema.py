"""What a YAML file may say, as data; `check` finds every fault at once, each at its place, each
with a suggestion.

PACK = mapping({
    "template": text(required=True),
    "coupons": listing(mapping({"kind": choice("amount_off", "percent_off", required=True)}),
    required=True),
    "funding": table(text()),                       # any keys
    "validity": either(choice("calendar_month"), mapping({"days_after_claim": integer()})),
})
document = schema.load(path, PACK)                  # raises bad_yaml with every fault
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from vouchercli.formats.configs import yamls
from vouchercli.result import Word

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.configs.yamls import Document, Route
    from vouchercli.result import Problem

Type = Literal["text", "int", "bool", "choice", "list", "map", "table", "either"]
NAMES: dict[tuple[Type, ...], Word] = {
    ("text",): Word("a text"),
    ("int",): Word("a whole number"),
    ("bool",): Word("true or false"),
    ("choice",): Word("a word"),
    ("list",): Word("a list"),
    ("map",): Word("a mapping"),
    ("table",): Word("a mapping"),
    ("text", "list"): Word("a text or a list"),
    ("text", "list", "map"): Word("a text, a list or a mapping"),
    ("choice", "map"): Word("a word or a mapping"),
}
OTHER = Word("something else")


@dataclass(frozen=True)
class Field:
    """What may stand at one place of the file."""

    type: Type
    required: bool = False
    fields: dict[str, Field] = field(default_factory=dict)  # map: the known keys
    item: Field | None = None  # list, table: each item
    choices: tuple[str, ...] = ()
    options: tuple[Field, ...] = ()  # either
    pattern: str = ""  # text: a regular expression for all of it
    example: str = ""
    least: int | None = None  # int: smallest value; list and table: fewest items


def text(*, required: bool = False, pattern: str = "", example: str = "") -> Field:
    """A text; an unquoted whole number is taken as its digits. `pattern` must match all of it,
    `example` is shown when it does not.
    """
    return Field("text", required, pattern=pattern, example=example)


def integer(*, required: bool = False, least: int | None = None) -> Field:
    """A whole number."""
    return Field("int", required, least=least)


def boolean(*, required: bool = False) -> Field:
    """true or false."""
    return Field("bool", required)


def choice(*words: str, required: bool = False) -> Field:
    """One of these words."""
    return Field("choice", required, choices=words)


def listing(item: Field, *, required: bool = False, least: int | None = None) -> Field:
    """A list whose items are all alike."""
    return Field("list", required, item=item, least=least)


def mapping(fields: dict[str, Field], *, required: bool = False) -> Field:
    """A mapping with known keys; any other key is a fault."""
    return Field("map", required, fields=fields)


def table(item: Field, *, required: bool = False, least: int | None = None) -> Field:
    """A mapping with free keys and like values."""
    return Field("table", required, item=item, least=least)


def either(*options: Field, required: bool = False) -> Field:
    """One of several shapes: the first whose kind of value (text, list, mapping ...) fits."""
    return Field("either", required, options=options)


def load(path: Path | str, shape: Field) -> Document:
    """The file at `path`, checked. Raises `VoucherError` bad_yaml with every fault."""
    document = yamls.read(path)
    document.refuse(check(document, shape))
    return document


def check(document: Document, shape: Field) -> list[Problem]:
    """Every fault of the document. Whole numbers that stand for text become text in
    `document.value`, in place.
    """
    problems: list[Problem] = []
    _check(document, shape, document.value, (), problems)
    return problems


def _check(
    document: Document, shape: Field, value: Any, route: Route, problems: list[Problem]
) -> None:
    if shape.type == "either":
        shape = next((option for option in shape.options if _fits(option, value)), shape)
    if not _fits(shape, value):
        problems.append(_wrong_type(document, shape, value, route))
    elif shape.type == "map":
        _check_map(document, shape, value, route, problems)
    elif shape.type in ("list", "table"):
        _check_items(document, shape, value, route, problems)
    else:
        fault = _scalar_fault(document, shape, value, route)
        problems += [fault] if fault else []


def _fits(shape: Field, value: Any) -> bool:
    """Is it the right kind of value? (Its content is judged later.)"""
    if shape.type == "either":
        return any(_fits(option, value) for option in shape.options)
    kinds: dict[Type, tuple[type, ...]] = {
        "text": (str, int),
        "int": (int,),
        "bool": (bool,),
        "choice": (str, int),
        "list": (list,),
        "map": (dict,),
        "table": (dict,),
    }
    return isinstance(value, kinds[shape.type]) and (
        shape.type == "bool" or not isinstance(value, bool)
    )


def _check_map(
    document: Document, shape: Field, value: dict[str, Any], route: Route, problems: list[Problem]
) -> None:
    for key, child in value.items():
        if key in shape.fields:
            value[key] = _as_text(shape.fields[key], child)
            _check(document, shape.fields[key], value[key], (*route, key), problems)
        else:
            hint, words = suggested(key, tuple(shape.fields))
            problems.append(
                document.problem(
                    "unknown_key",
                    "there is no key {offending} here",
                    (*route, key),
                    hint=hint,
                    key=True,
                    **words,
                )
            )
    for key, wanted in shape.fields.items():
        if wanted.required and key not in value:
            problems.append(
                document.problem(
                    "missing_key", "the key {offending} is missing here", route, offending=key
                )
            )


def _check_items(
    document: Document, shape: Field, value: Any, route: Route, problems: list[Problem]
) -> None:
    assert shape.item is not None
    if shape.least is not None and len(value) < shape.least:
        problems.append(
            document.problem(
                "too_few", "at least {least} must stand here", route, least=shape.least
            )
        )
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        value[key] = _as_text(shape.item, child)
        _check(document, shape.item, value[key], (*route, key), problems)


def _as_text(shape: Field, value: Any) -> Any:
    """A whole number written without quotes where a text is wanted."""
    is_text = shape.type in ("text", "choice") or (
        shape.type == "either"
        and not any(option.type == "int" for option in shape.options)
        and any(option.type in ("text", "choice") for option in shape.options)
    )
    return (
        str(value) if is_text and isinstance(value, int) and not isinstance(value, bool) else value
    )


def _scalar_fault(document: Document, shape: Field, value: Any, route: Route) -> Problem | None:
    if shape.type == "choice" and str(value) not in shape.choices:
        hint, words = suggested(str(value), shape.choices)
        return document.problem(
            "not_a_choice",
            "{offending} is not one of the words that may stand here",
            route,
            hint=hint,
            **words,
        )
    if (
        shape.type == "text"
        and not str(value).strip()
        and not (shape.pattern and re.fullmatch(shape.pattern, str(value)))
    ):
        return document.problem(
            "wrong_type",
            "nothing stands here, but {wanted} is needed",
            route,
            wanted=NAMES["text",],
        )
    if shape.type == "text" and shape.pattern and not re.fullmatch(shape.pattern, str(value)):
        return document.problem(
            "wrong_form",
            "{offending} is not written as it must be",
            route,
            hint="write it like {example}",
            offending=value,
            example=shape.example,
        )
    if shape.type == "int" and shape.least is not None and value < shape.least:
        return document.problem(
            "too_small",
            "{offending} is less than {least}",
            route,
            offending=value,
            least=shape.least,
        )
    return None


def _wrong_type(document: Document, shape: Field, value: Any, route: Route) -> Problem:
    options = _types(shape)
    wanted = NAMES.get(options, OTHER)
    if value is None:
        return document.problem(
            "wrong_type", "nothing stands here, but {wanted} is needed", route, wanted=wanted
        )
    hint = (
        'put it in quotes: "{offending}"' if "text" in options and isinstance(value, bool) else ""
    )
    return document.problem(
        "wrong_type",
        "{offending} stands here, but {wanted} is needed",
        route,
        hint=hint,
        offending=_shown(value),
        wanted=wanted,
    )


def _types(shape: Field) -> tuple[Type, ...]:
    """The kinds of value that fit, each once."""
    if shape.type != "either":
        return (shape.type,)
    return tuple(dict.fromkeys(one for option in shape.options for one in _types(option)))


def _shown(value: Any) -> str:
    """A value as a message names it."""
    if isinstance(value, (list, dict)):
        return NAMES["list",] if isinstance(value, list) else NAMES["map",]
    return str(value).lower() if isinstance(value, bool) else str(value)


def suggested(offending: str, known: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """The hint for a word that is not known, and the params of a problem that shows it."""
    close = closest(offending, known)
    hint = "did you mean {suggestion}?" if close else "what may stand here: {known}"
    return hint, {"offending": offending, "suggestion": close, "known": ", ".join(known)}


def closest(offending: str, known: tuple[str, ...] | list[str]) -> str:
    """The known word most like `offending`, or '' when none is near."""
    folded = {word.casefold(): word for word in known}
    found = difflib.get_close_matches(offending.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""
