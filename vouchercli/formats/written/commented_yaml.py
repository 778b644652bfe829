"""A YAML file for a person to read and change: a comment above each key, a line for each entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats.written import yaml_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Section(NamedTuple):
    """A key of the file, its value, and what stands above it."""

    key: str
    value: Any
    comments: Sequence[str] = ()


def text(head: Sequence[str], sections: Iterable[Section]) -> str:
    """The whole file; `head` stands above everything."""
    written = [*_comments(head)]
    for section in sections:
        written += ["", *_comments(section.comments), *_entry(section.key, section.value)]
    return "\n".join(written) + "\n"


def _comments(comments: Sequence[str]) -> list[str]:
    return [f"# {line}".rstrip() for comment in comments for line in comment.split("\n")]


def _entry(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, list) and value:
        yield f"{key}:"
        for each in value:
            yield f"  - {yaml_texts.in_one_line(each)}"
    elif isinstance(value, dict) and value:
        yield f"{key}:"
        for name, each in value.items():
            yield f"  {yaml_texts.in_one_line({name: each}).removeprefix('{').removesuffix('}')}"
    else:
        yield f"{key}: {yaml_texts.in_one_line(value)}"
