"""File profiles as people see them: which there are, and what each says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli import identities
from vouchercli.errors import UsageFault
from vouchercli.formats.configs import locate, profiles
from vouchercli.formats.configs.fields import FILLED, KIND_WORDS, KINDS
from vouchercli.formats.written import yaml_texts
from vouchercli.ops import lists
from vouchercli.result import JSON, Column, Outcome, Table, Word, say
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTED = (
    Column("profile", "profile"),
    Column("name", "name"),
    Column("name_en", where=JSON),
    Column("platform", "platform"),
    Column("kinds", "kinds of file", shown="files"),
    Column("file", "file"),
)
FIELDS = (
    Column("kind", "kind", "word"),
    Column("field", "field"),
    Column("is_needed", "needed", "word", shown="needed"),
    Column("source", "read from"),
)
SETTINGS = (
    Column("kind", "kind", "word"),
    Column("setting", "setting"),
    Column("value", "value"),
)
HEAD = ("profile", "platform", "name", "source", "kind", "kinds", "columns")


def kind_named(text: str, known: Iterable[str] = KINDS) -> str:
    """A kind of file by its name (claims), or by the noun that imports it (claim). Raises
    `UsageFault` unknown_kind.
    """
    for kind in known:
        if text in (kind, kind.removesuffix("s")):
            return kind
    raise UsageFault(
        "unknown_kind",
        "there are no files of kind {kind}",
        hint="choose one of: {known}",
        kind=text,
        known=", ".join(known),
    )


def list_profiles(limit: int | None) -> Outcome:
    """Every profile that a file is tried with."""
    rows = [
        {
            "profile": first.profile,
            "name": first.name["zh"],
            "name_en": first.name["en"],
            "platform": first.platform,
            "kinds": [*each],
            "files": [Word(KIND_WORDS[kind]) for kind in each],
            "file": locate.display_name(locate.find("platforms", name)),
        }
        for name in locate.names("platforms")
        for each in [profiles.every(name)]
        for first in [next(iter(each.values()))]
    ]
    table = Table(say("Profiles"), LISTED, (), key="profiles")
    return lists.show(table, of_rows(rows), limit)


def show_profile(name_or_path: str) -> Outcome:
    """What a profile says: where each field is read from, and what stands around the rows. Raises
    `unknown_config`, `bad_yaml`.
    """
    each = profiles.every(name_or_path)
    first = next(iter(each.values()))
    fields = [row for kind, profile in each.items() for row in _fields(kind, profile)]
    settings = [row for kind, profile in each.items() for row in _settings(kind, profile)]
    data = {"profile": first.profile, "platform": first.platform, "name": first.name}
    title = say("Profile {profile}", profile=first.profile)
    return Outcome(
        data,
        (
            Table(title, FIELDS, fields, key="fields"),
            Table(say("Around the rows"), SETTINGS, settings, key="settings", optional=True),
        ),
        says=(say("the whole of it: voucher profile export {name}", name=name_or_path),),
    )


def _fields(kind: str, profile: profiles.Profile) -> Iterator[dict[str, Any]]:
    for field, spec in _section(profile)["columns"].items():
        yield {
            "kind": KIND_WORDS[kind],
            "field": field,
            "is_needed": field in FILLED[kind],
            "needed": Word("yes") if field in FILLED[kind] else Word("no"),
            "source": _short(spec),
        }


def _settings(kind: str, profile: profiles.Profile) -> Iterator[dict[str, Any]]:
    for key, value in _section(profile).items():
        if key not in HEAD:
            yield {"kind": KIND_WORDS[kind], "setting": key, "value": _short(value)}


def _section(profile: profiles.Profile) -> dict[str, Any]:
    """What the document says of the profile's kind of file."""
    document = profile.document
    section: dict[str, Any] = document["kinds"][profile.kind] if "kinds" in document else document
    return section


def _short(value: Any) -> str:
    """A value of a profile on one line; who stands in it is hidden."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    return identities.hide(value if isinstance(value, str) else yaml_texts.in_one_line(value))
