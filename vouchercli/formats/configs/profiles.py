"""Profiles: how the files of one platform are laid out. `configs/platforms/*.yaml` explain the
grammar by example.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.errors import VoucherError
from vouchercli.formats.configs import encoding_names, layouts, locate, yamls
from vouchercli.formats.configs.fields import (
    ANSWERS,
    BILLS,
    DAY_BILLS,
    FIELDS_OF,
    HOLDS,
    KIND_WORDS,
    OF_PLATFORMS,
    OPTIONAL,
    STATEMENTS,
)
from vouchercli.formats.configs.time_forms import form_fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vouchercli.documents import Fault
    from vouchercli.formats.configs.layouts import Layout


@dataclass(frozen=True)
class EntryChoice:
    """Which entries of an archive a profile takes, and which it leaves, as patterns on the entry's
    name ('' = not said).
    """

    take: str = ""
    skip: str = ""


@dataclass(frozen=True)
class Spec:
    """Where one field comes from: a column (by any of its names), several joined, a fixed value, or
    by kind of row.
    """

    columns: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    glue: str = " "
    pattern: str = ""
    default: str | None = None
    value: str | None = None
    optional: bool = False
    down: bool = False  # a blank cell is the one above it: merged cells
    words: dict[str, str] = field(default_factory=dict)
    blank: tuple[str, ...] = ()  # further words that say that nothing is there
    time: tuple[str, ...] = ()  # how times are written: %d/%m/%Y %H:%M
    pay: Spec | None = None
    refund: Spec | None = None


@dataclass(frozen=True)
class KindRule:
    """Which rows are payments and which refunds: patterns on a column's value, or the sign of an
    amount.
    """

    columns: tuple[str, ...] = ()
    pay: str = ""
    refund: str = ""
    otherwise: str = ""
    sign: str = ""
    value: str = ""


@dataclass(frozen=True)
class Filter:
    """Rows whose column is like a pattern."""

    column: str
    like: str


@dataclass(frozen=True)
class Check:
    """The counts and sums announced in a preamble or footer: `rows` in the pattern is a count, any
    other group is the sum of a column.
    """

    find: str
    of: str
    sums: dict[str, str]


@dataclass(frozen=True)
class Profile:
    """One layout of one kind of file. `document` is the YAML it was made of, kept so that rejects
    can be read again.
    """

    profile: str
    kind: str
    platform: str
    name: dict[str, str]
    fields: dict[str, Spec]
    kind_rule: KindRule
    key: tuple[str, ...]
    encoding: str | None
    is_fen: bool
    has_decimal_comma: bool  # 1.200,50 is one thousand two hundred and a half
    refunds_are_negative: bool
    skip: tuple[Filter, ...]
    only: tuple[Filter, ...]
    footer: str
    footer_is_required: bool
    checks: tuple[Check, ...]
    archive: EntryChoice
    layout: Layout
    is_opaque: bool
    identities: tuple[str, ...]
    recognise_by: tuple[str, ...]
    blank: tuple[str, ...]  # as `Spec.blank` and `Spec.time`, for every column
    time: tuple[str, ...]
    claims_first: bool  # a payment makes its claim: the file comes in as one of claims before
    key_may_lack: frozenset[str]  # parts of the key that may be blank
    document: dict[str, Any] = field(repr=False, compare=False)

    def column_names(self) -> Iterator[str]:
        """Every name of a column that is written in it."""
        yield from self.kind_rule.columns
        yield self.kind_rule.sign
        for spec in self.fields.values():
            for part in (spec, spec.pay, spec.refund):
                if part:
                    yield from (*part.columns, *part.join)
        yield from (each.column for each in (*self.skip, *self.only))
        yield from (name for check in self.checks for name in check.sums.values())
        yield from (name for name in self.key if name not in FIELDS_OF.get(self.kind, ()))

    def is_same(self, other: Profile) -> bool:
        """Whether both are one profile that says the same; how it is called for people does not
        matter.
        """
        mine, theirs = (replace(each, name={}) for each in (self, other))
        return mine == theirs

    def to_json(self) -> str:
        """The profile as canonical JSON text; `from_json` gives it back."""
        return json.dumps(
            self.document | {"kind": self.kind},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )


@lru_cache(maxsize=128)
def from_json(text: str) -> Profile:
    """The profile that `to_json` wrote. Files of one platform share it: it is read once."""
    document = json.loads(text)
    kind = document["kind"] if "kinds" not in document else document.pop("kind")
    return read(document)[0][kind]


def load(name_or_path: str | Path, kind: str | None = None) -> Profile:
    """The profile of that name or file for `kind` (None: the file has one kind only).

    Raises `VoucherError`: unknown_config, bad_yaml with every fault, wrong_kind.
    """
    profiles = every(name_or_path)
    wanted_kind = kind or (next(iter(profiles)) if len(profiles) == 1 else "")
    if wanted_kind not in profiles:
        raise VoucherError(
            "wrong_kind",
            "profile {profile} is not for a {kind}",
            hint="choose another with --profile, or leave it out",
            profile=str(name_or_path),
            kind=KIND_WORDS.get(wanted_kind, wanted_kind),
        )
    return profiles[wanted_kind]


def every(name_or_path: str | Path) -> dict[str, Profile]:
    """The profiles of that name or file, by the kind of file that each is for. Raises
    `VoucherError`: unknown_config, bad_yaml with every fault.
    """
    return _in_file(locate.find("platforms", name_or_path))


def _in_file(path: Path) -> dict[str, Profile]:
    return {kind: profile for kind, profile in yamls.unchanged(path, read).items() if kind}


def as_far_as_written(name_or_path: str | Path) -> tuple[dict[str, Profile], list[Fault]]:
    """The profiles of a file that may lack fields which every row needs, read as blank, and a fault
    for each that is lacking. Raises `VoucherError` as `every`.
    """
    lacking: list[Fault] = []

    def read_in_part(document: Any) -> tuple[dict[str, Profile], list[Fault]]:
        found, faults = read(document)
        lacking.extend(fault for fault in faults if fault.code == "missing_field")
        # none at all is too few; which are lacking is said one by one
        others = [fault for fault in faults if fault.code != "missing_field"]
        return found, [each for each in others if (each.code, each.path) != NO_COLUMNS]

    found = yamls.checked(locate.find("platforms", name_or_path), read_in_part)[0]
    blank = {fault.params["offending"]: Spec(value="") for fault in lacking}
    in_part = {
        kind: replace(
            profile,
            fields={name: blank[name] for name in OF_PLATFORMS[kind] if name in blank}
            | profile.fields,
        )
        for kind, profile in found.items()
        if kind
    }
    return in_part, lacking


def known_profiles(kind: str) -> list[Profile]:
    """Every profile for `kind` that can be found from here, by name."""
    return [profiles[kind] for profiles in all_known() if kind in profiles]


def all_known() -> list[dict[str, Profile]]:
    """The profiles of every file that can be found from here, by name, each by the kind of file
    that it is for.
    """
    return [_in_file(path) for _, path in sorted(locate.paths("platforms").items())]


# ---------------------------------------------------------------- what a profile's YAML may contain

SECTION = (
    "encoding",
    "unit",
    "decimal",
    "refunds",
    "columns",
    "key",
    "skip",
    "only",
    "footer",
    "checks",
    "archive",
    *layouts.KEYS,
    "resident",
    "identities",
    "recognise_by",
    "blank",
    "time",
    "claims_first",
)
HEAD = ("profile", "platform", "name", "source", "kinds", "kind")
BOTH = ("zh", "en")
NO_COLUMNS = ("too_few", ("columns",))
ORIGINS = ("column", "join", "value")
SPLIT = ("pay", "refund")
CELL = (*ORIGINS, "with", "pattern", "default", "optional", "down", "words", "blank", "time")
# What says nothing beside an origin; between `pay` and `refund` each side says its own.
IDLE = {
    "column": ("with",),
    "join": ("pattern", "default", "down", "words"),
    "value": ("with", "pattern", "default", "optional", "down", "words", "blank", "time"),
    SPLIT: CELL[len(ORIGINS) :],
}
OF_KIND = ("sign", "otherwise")
PAY, REFUND = "^pay$", "^refund$"
# Keys of a section that say nothing in files of other kinds.
ONLY_FOR = {
    "unit": ("redemptions", ANSWERS, BILLS, DAY_BILLS, STATEMENTS),
    "decimal": ("redemptions", "series", BILLS, DAY_BILLS, STATEMENTS),
    "refunds": ("redemptions", BILLS),
    "key": ("merchants",),
    "claims_first": ("redemptions",),
    "resident": ("applications", "eligibility", "claims"),
    "time": (
        "applications",
        "claims",
        "redemptions",
        ANSWERS,
        HOLDS,
        BILLS,
        DAY_BILLS,
        STATEMENTS,
    ),
}


def read(document: Any) -> tuple[dict[str, Profile], list[Fault]]:
    """The profiles of a document, by the kind of file that each is for, and every fault of it."""
    node = Node(document)
    is_many = isinstance(document, dict) and "kinds" in document
    top = node.fields((*HEAD, *SECTION), ("profile", *(() if is_many else ("kind", "columns"))))
    name = top["profile"].form(r"[a-z0-9][a-z0-9-]*", "wechat-use-flow")
    top["source"].text()
    head = {
        "profile": name,
        "platform": top["platform"].text(name),
        "name": both_names(top["name"], name),
        "document": document,
    }
    kind = top["kind"].choice(OF_PLATFORMS)
    profiles = {kind: _profile(head, "" if is_many else kind, top)}
    if not is_many:
        _require_claims(node, profiles)
        return profiles, node.faults
    for key in ("kind", *SECTION):
        if key in document:
            top[key].fault(
                "misplaced_key",
                "{offending} belongs under one of kinds:",
                at_key=True,
                offending=key,
            )
    for kind, section in top["kinds"].entries(least=1):
        if kind not in OF_PLATFORMS:
            top["kinds"].unknown_key(kind, OF_PLATFORMS)
        profiles[kind] = _profile(head, kind, section.fields(SECTION, ("columns",)))
    _require_claims(top["kinds"], profiles)
    return profiles, node.faults


def of_answers(node: Node, name: str) -> Profile:
    """How the answers of a bank are read: the section of its profile that says it; faults are
    noted.
    """
    head = {
        "profile": name,
        "platform": name,
        "name": dict.fromkeys(BOTH, name),
        "document": {"profile": name, "kind": ANSWERS},
    }
    return _profile(head, ANSWERS, node.fields(SECTION, ("columns",)))


def of_list(node: Node, kind: str) -> Profile:
    """How a list of ours is read: of holds, of holds to release, of results."""
    head = {
        "profile": kind,
        "platform": kind,
        "name": dict.fromkeys(BOTH, kind),
        "document": {"profile": kind, "kind": kind},
    }
    return _profile(head, kind, node.fields(SECTION, ("columns",)))


def _require_claims(node: Node, profiles: dict[str, Profile]) -> None:
    """A file that makes its claims says how it is read as one of claims."""
    if any(each.claims_first for each in profiles.values()) and "claims" not in profiles:
        node.fault(
            "missing_field",
            "claims_first needs the columns of claims beside those of redemptions",
            "write kinds: {{claims: {{columns: ...}}}}",
        )


def both_names(node: Node, default: str = "") -> dict[str, str]:
    """A name in both languages; `default` when there is none. A text alone is both."""
    if node.scalar is not None:
        return dict.fromkeys(BOTH, node.text(default))
    return {key: part.text(default) for key, part in node.fields(BOTH, BOTH).items()}


def _profile(head: dict[str, Any], kind: str, part: dict[str, Node]) -> Profile:
    footer = part["footer"].fields(("like", "required"), ("like",))
    archive = part["archive"].fields(("take", "skip"))
    for name, kinds in ONLY_FOR.items():
        if kind in FIELDS_OF and kind not in kinds and not part[name].is_missing:
            _refuse_idle(part[name], name, KIND_WORDS[kind])
    columns = _columns(part["columns"], kind, not part["key"].is_missing)
    key, key_may_lack = _key(part["key"])
    profile = Profile(
        **head,
        kind=kind,
        kind_rule=_kind_rule(columns.pop("kind", Node({"value": "pay"}))),
        fields={name: _spec(spec) for name, spec in columns.items()},
        key=key,
        key_may_lack=key_may_lack,
        encoding=encoding_names.read(part["encoding"]),
        is_fen=part["unit"].choice(("yuan", "fen")) == "fen",
        has_decimal_comma=part["decimal"].choice((".", ",")) == ",",
        refunds_are_negative=part["refunds"].choice(("positive", "negative")) == "negative",
        skip=_filters(part["skip"]),
        only=_filters(part["only"]),
        footer=_pattern(footer["like"]),
        footer_is_required=footer["required"].yes(),
        checks=tuple(map(_check, part["checks"].items())),
        archive=EntryChoice(_pattern(archive["take"]), _pattern(archive["skip"])),
        layout=layouts.read(part),
        is_opaque=part["resident"].choice(("identity", "opaque")) == "opaque",
        identities=part["identities"].texts(),
        recognise_by=part["recognise_by"].texts(),
        blank=_blank_words(part["blank"]),
        time=_time_forms(part["time"]),
        claims_first=part["claims_first"].yes(),
    )
    if not profile.layout.has_header:
        layouts.refuse_names(part["columns"], list(profile.column_names()))
    return profile


def _key(node: Node) -> tuple[tuple[str, ...], frozenset[str]]:
    """The parts of a key by name, and those of them that may be blank."""
    names, may_lack = [], []
    for item in node.items(least=1):
        if not isinstance(item.value, dict):
            names.append(item.text())
            continue
        part = item.fields(("column", "optional"), ("column",))
        names.append(part["column"].text())
        may_lack += [names[-1]] if part["optional"].yes() else []
    if names and len(may_lack) == len(names):
        node.fault("unclear_origin", "at least one part of the key must be there in every row")
    return tuple(names), frozenset(may_lack)


def _blank_words(node: Node) -> tuple[str, ...]:
    """One word that says that nothing is there, or a list of them."""
    return _names(node)


def _time_forms(node: Node) -> tuple[str, ...]:
    """One way in which times are written, or a list of them."""
    forms = _names(node)
    for form in forms:
        if form_fault(form):
            node.fault(
                "bad_time_form",
                "{offending} does not say how a time is written",
                'write it like "%d/%m/%Y %H:%M:%S", with %Y or %y, %m or %b, and %d',
                offending=form,
            )
    return forms


def _columns(node: Node, kind: str, has_key: bool) -> dict[str, Node]:
    """Where the fields come from: fields of that kind only, and all that every row needs."""
    columns = dict(node.entries(least=1))
    if kind not in FIELDS_OF or not isinstance(node.value, dict):
        return columns
    for name, spec in columns.items():
        if name not in FIELDS_OF[kind]:
            spec.unlike(
                "unknown_field",
                "a {kind} has no field {offending}",
                FIELDS_OF[kind],
                offending=name,
                at_key=True,
                kind=KIND_WORDS[kind],
            )
    stands_in = has_key if kind == "merchants" else "platform_no" in columns
    for name in FIELDS_OF[kind]:
        is_given = name in columns or (name == "merchant_no" and stands_in)
        if name not in OPTIONAL[kind] and not is_given:
            node.fault(
                "missing_field",
                "columns: lacks {offending}, which every row needs",
                at_key=True,
                offending=name,
            )
    return columns


def _spec(node: Node, more: tuple[str, ...] = (*SPLIT, *OF_KIND)) -> Spec:
    """Where one field comes from; a spec below `pay` and `refund` is not split again."""
    if not isinstance(node.value, dict):
        return Spec(columns=_names(node))
    part = node.fields((*CELL, *more))
    split = [key for key in SPLIT if key in more and key in node.value]
    if len(split) == 1 or any(key in more and key in node.value for key in OF_KIND):
        node.fault(
            "misplaced_key", "sign and otherwise belong to kind; pay and refund are given together"
        )
    if len(split) < 2 or set(ORIGINS) & set(node.value):
        _refuse_unclear(node, ORIGINS)
    origin = (
        SPLIT if len(split) == 2 else next((each for each in ORIGINS if each in node.value), "")
    )
    for name in IDLE.get(origin, ()):
        if name in node.value:
            _refuse_idle(part[name], name, "pay" if origin is SPLIT else str(origin))
    return Spec(
        columns=_names(part["column"]),
        join=part["join"].texts(least=2),
        glue=part["with"].verbatim(" "),
        pattern=_pattern(part["pattern"]),
        default=part["default"].verbatim(None),
        value=part["value"].verbatim(None),
        optional=part["optional"].yes(),
        down=part["down"].yes(),
        words=_pairs(part["words"]),
        blank=_blank_words(part["blank"]),
        time=_time_forms(part["time"]),
        pay=_spec(part["pay"], ()) if "pay" in split else None,
        refund=_spec(part["refund"], ()) if "refund" in split else None,
    )


def _kind_rule(node: Node) -> KindRule:
    if not isinstance(node.value, dict):
        return KindRule(columns=_names(node), pay=PAY, refund=REFUND)
    origins = ("column", "value", "sign")
    part = node.fields((*origins, *SPLIT, "otherwise"))
    _refuse_unclear(node, origins)
    for name in (*SPLIT, "otherwise"):
        if name in node.value and ("sign" in node.value or "value" in node.value):
            _refuse_idle(part[name], name, "sign" if "sign" in node.value else "value")
    is_told = part["refund"].is_missing and part["sign"].is_missing
    return KindRule(
        columns=_names(part["column"]),
        pay=_pattern(part["pay"]) or (PAY if is_told else ""),
        refund=_pattern(part["refund"]) or REFUND,
        otherwise=part["otherwise"].choice(SPLIT),
        sign=part["sign"].text(),
        value=part["value"].verbatim(""),
    )


def _refuse_idle(node: Node, key: str, beside: str) -> None:
    """Note a key that would say nothing where it stands."""
    node.fault(
        "misplaced_key",
        "{offending} says nothing here, beside {beside}",
        "leave it out",
        at_key=True,
        offending=key,
        beside=beside,
    )


def _refuse_unclear(node: Node, origins: tuple[str, ...]) -> None:
    if len(set(origins) & set(node.value)) != 1:
        node.fault(
            "unclear_origin",
            "say once where it comes from: column, join or value, or pay and refund",
        )


def _filters(node: Node) -> tuple[Filter, ...]:
    parts = [item.fields(("column", "like", "why"), ("column", "like")) for item in node.items()]
    for part in parts:
        part["why"].text()
    return tuple(Filter(part["column"].text(), _pattern(part["like"])) for part in parts)


def _check(node: Node) -> Check:
    part = node.fields(("find", "of", "sums"), ("find",))
    return Check(
        _pattern(part["find"]), part["of"].choice(("all", *SPLIT), "all"), _pairs(part["sums"])
    )


def _names(node: Node) -> tuple[str, ...]:
    """One name, or a list of them."""
    if isinstance(node.value, list):
        return node.texts(least=1)
    return () if node.is_missing else (node.text(),)


def _pairs(node: Node) -> dict[str, str]:
    return {key: part.text() for key, part in node.entries()}


def _pattern(node: Node) -> str:
    """A regular expression; '' when there is none."""
    if not node.text():
        return ""
    pattern = str(node.value)
    try:
        re.compile(pattern)
    except re.error as error:
        node.fault("bad_pattern", "{offending} is not a regular expression: {why}", why=str(error))
    return pattern
