"""A document as YAML text that is read back as the same document."""

from __future__ import annotations

from typing import Any

import yaml

WIDTH = 100  # columns of a line


class _Dumper(yaml.SafeDumper):
    """Block style with the items of lists indented; texts that YAML 1.1 or 1.2 would take for
    something else are quoted, so that times, codes and amounts stay the texts they are.
    """

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def of_document(document: Any) -> str:
    """The YAML of a document made of dictionaries, lists, texts, whole numbers, yes/no and
    nothing.
    """
    text: str = yaml.dump(
        document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH
    )
    return text


def in_one_line(value: Any) -> str:
    """A part of a document as flow YAML on one line."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=True,
        width=1 << 20,
    )
    return text.removesuffix("...\n").strip()
