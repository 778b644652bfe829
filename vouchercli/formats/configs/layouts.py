"""The layout of a file as a profile says it: what stands between the cells, whether a header names
them, which sheets are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vouchercli.documents import Node

# The keys of a profile that are read here.
KEYS = ("delimiter", "header", "widths", "widths_in", "sheet", "sheets")
TAB = "tab"


@dataclass(frozen=True)
class Layout:
    """`delimiter`: the one between cells ('': the header tells). `widths`: of the cells of lines
    without delimiters, in bytes of the file's encoding or in characters. `sheets`: their names
    (() with `all_sheets`: every visible one; () without: the one that fits).
    """

    delimiter: str = ""
    widths: tuple[int, ...] = ()
    in_bytes: bool = True
    has_header: bool = True
    sheets: tuple[str, ...] = ()
    all_sheets: bool = False

    @property
    def has_many_sheets(self) -> bool:
        """Whether several sheets are read as one file."""
        return self.all_sheets or len(self.sheets) > 1


def read(part: dict[str, Node]) -> Layout:
    """The layout that these keys say; faults are noted."""
    _refuse_both(part, "delimiter", "widths")
    _refuse_both(part, "sheet", "sheets")
    if not part["widths_in"].is_missing and part["widths"].is_missing:
        part["widths_in"].fault(
            "misplaced_key", "{offending} does nothing without widths:", at_key=True,
            offending="widths_in",
        )  # fmt: skip
    all_sheets = part["sheets"].value == "all"
    sheet = part["sheet"].text()
    has_header = not part["header"].choice(("none",))
    if not has_header and not part["recognise_by"].is_missing:
        part["recognise_by"].fault(
            "misplaced_key", "{offending} does nothing without a header", at_key=True,
            offending="recognise_by",
        )  # fmt: skip
    return Layout(
        _delimiter(part["delimiter"]),
        tuple(item.whole(1) for item in part["widths"].items(least=2)),
        part["widths_in"].choice(("bytes", "characters")) != "characters",
        has_header,
        (sheet,) if sheet else () if all_sheets else part["sheets"].texts(least=1),
        all_sheets,
    )


def _refuse_both(part: dict[str, Node], one: str, other: str) -> None:
    if not (part[one].is_missing or part[other].is_missing):
        part[other].fault(
            "misplaced_key", "{offending} and {other} cannot both be said", at_key=True,
            offending=other, other=one,
        )  # fmt: skip


def _delimiter(node: Node) -> str:
    text = node.verbatim("")
    if text.lower() == TAB:
        return "\t"
    if text and (len(text) > 1 or text.isalnum() or text in '"\r\n\x1f'):
        node.fault(
            "bad_delimiter",
            "{offending} cannot stand between cells",
            "write one character in quotes, or tab",
        )
        return ""
    return text


def refuse_names(columns: Node, names: list[str]) -> None:
    """Without a header a column is given by its place: note each of `names` that is no number."""
    for name in names:
        if name and not (name.isascii() and name.isdigit() and int(name) > 0):
            columns.fault(
                "no_place",
                "without a header a column is given by its number, from 1: {offending} is none",
                at_key=True,
                offending=name,
            )
