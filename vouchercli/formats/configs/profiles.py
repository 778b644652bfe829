"""Profiles: how the files of one platform are laid out. `configs/platforms/*.yaml` explain the
grammar by example.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import locate, profile_shape, schema, yamls
from vouchercli.formats.configs.fields import KIND_WORDS
from vouchercli.formats.tables.archives import Choice

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.configs.yamls import Document


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
    """What a preamble or footer says of the rows: `rows` in the pattern is a count, any other group
    the sum of a column.
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
    refunds_are_negative: bool
    skip: tuple[Filter, ...]
    only: tuple[Filter, ...]
    footer: str
    footer_is_required: bool
    checks: tuple[Check, ...]
    archive: Choice
    sheet: str
    is_opaque: bool
    identities: tuple[str, ...]
    recognise_by: tuple[str, ...]
    document: dict[str, Any] = field(repr=False, compare=False)

    def to_json(self) -> str:
        """The profile as canonical JSON text; `from_json` gives it back."""
        return json.dumps(
            self.document | {"kind": self.kind},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )


def from_json(text: str) -> Profile:
    """The profile that `to_json` wrote."""
    document = json.loads(text)
    return _built(document, document["kind"])


def load(name_or_path: str | Path, kind: str | None = None) -> Profile:
    """The profile of that name or file for `kind` (None: the file has one kind only).

    Raises `VoucherError`: unknown_config, bad_yaml with every fault, wrong_kind.
    """
    path = locate.find("platforms", name_or_path)
    document = _checked(path)
    kinds = profile_shape.kinds(document.value)
    wanted = kind or (kinds[0] if len(kinds) == 1 else "")
    if wanted not in kinds:
        raise VoucherError(
            "wrong_kind",
            "profile {profile} is not for a {kind}",
            hint="choose another with --profile, or leave it out",
            profile=str(name_or_path),
            kind=KIND_WORDS.get(wanted, wanted),
        )
    return _built(document.value, wanted)


def known(kind: str) -> list[Profile]:
    """Every profile for `kind` that can be found from here, by name."""
    found = []
    for name in locate.names("platforms"):
        document = _checked(locate.find("platforms", name))
        if kind in profile_shape.kinds(document.value):
            found.append(_built(document.value, kind))
    return found


def _checked(path: Path) -> Document:
    stamp = path.stat() if path.is_file() else None
    return _checked_once(
        path, locate.shown(path), (stamp.st_mtime_ns, stamp.st_size) if stamp else None
    )


@lru_cache(
    64
)  # each kind of file asks for all of them, and reading YAML takes longer than a small import
def _checked_once(path: Path, name: str, stamp: tuple[int, int] | None) -> Document:
    document = yamls.read(path, name)
    document.refuse([*schema.check(document, profile_shape.FILE), *profile_shape.faults(document)])
    return document


def _built(document: dict[str, Any], kind: str) -> Profile:
    said = profile_shape.section(document, kind)
    columns = dict(said["columns"])
    footer, archive = said.get("footer", {}), said.get("archive", {})
    name = document["profile"]
    return Profile(
        profile=name,
        kind=kind,
        platform=document.get("platform", name),
        name=document.get("name", {"zh": name, "en": name}),
        kind_rule=_kind_rule(columns.pop("kind", {"value": "pay"})),
        fields={name: _spec(value) for name, value in columns.items()},
        key=tuple(said.get("key", ())),
        encoding=said.get("encoding"),
        is_fen=said.get("unit") == "fen",
        refunds_are_negative=said.get("refunds") == "negative",
        skip=tuple(Filter(one["column"], one["like"]) for one in said.get("skip", ())),
        only=tuple(Filter(one["column"], one["like"]) for one in said.get("only", ())),
        footer=footer.get("like", ""),
        footer_is_required=footer.get("required", False),
        checks=tuple(
            Check(one["find"], one.get("of", "all"), one.get("sums", {}))
            for one in said.get("checks", ())
        ),
        archive=Choice(archive.get("take", ""), archive.get("skip", "")),
        sheet=said.get("sheet", ""),
        is_opaque=said.get("resident") == "opaque",
        identities=tuple(said.get("identities", ())),
        recognise_by=tuple(said.get("recognise_by", ())),
        document=document,
    )


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _spec(value: Any) -> Spec:
    if not isinstance(value, dict):
        return Spec(columns=_names(value))
    return Spec(
        columns=_names(value.get("column")),
        join=_names(value.get("join")),
        glue=value.get("with", " "),
        pattern=value.get("pattern", ""),
        default=value.get("default"),
        value=value.get("value"),
        optional=value.get("optional", False),
        down=value.get("down", False),
        words=value.get("words", {}),
        pay=_spec(value["pay"]) if "pay" in value else None,
        refund=_spec(value["refund"]) if "refund" in value else None,
    )


def _kind_rule(value: Any) -> KindRule:
    if not isinstance(value, dict):
        return KindRule(columns=_names(value), pay=PAY, refund=REFUND)
    return KindRule(
        columns=_names(value.get("column")),
        pay=value.get("pay", "" if "refund" in value or "sign" in value else PAY),
        refund=value.get("refund", REFUND),
        otherwise=value.get("otherwise", ""),
        sign=value.get("sign", ""),
        value=value.get("value", ""),
    )


PAY, REFUND = "^pay$", "^refund$"
