"""Requests for packs from a file: a table like any other, with or without a header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import PERSONAL
from vouchercli.formats.tables.cells import EDGE, column_key, column_keys
from vouchercli.formats.tables.csvs import BrokenRow
from vouchercli.formats.tables.readers import NOTHING, RowFault, reader
from vouchercli.formats.tables.records import quote_problem
from vouchercli.identities import HIDDEN
from vouchercli.ops import residents
from vouchercli.result import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.tables.sources import Part, Source

KINDS = ("applications", "claims", "eligibility", "merchants")
DEPTH = 60  # rows in which a header is looked for
DIGITS = re.compile(r"\d{6}")


@dataclass(frozen=True)
class Request:
    """Who asks for a pack: an identity (or its token), and the number that makes asking again
    harmless ('': none). Of a row that cannot be read `fault` says why, `line` where it stands.
    """

    resident: str
    application_no: str = ""
    fault: Problem | None = None
    line: int = 0


@dataclass(frozen=True)
class Layout:
    """Where the resident and the application number stand (None: nowhere), and the line of the
    header (0: there is none).
    """

    line: int
    resident: int
    application_no: int | None


def read_requests(file: str) -> Iterator[Request]:
    """The requests of a file (`-`: standard input): one resident a row, perhaps with the number of
    an application. The columns are found by their names; without a header they are RESIDENT or
    RESIDENT,NO. Blank rows are skipped.

    Raises `VoucherError` when the file cannot be read, or its header is not known.
    """
    from vouchercli.formats.tables.sources import open_source  # for one claim at the desk: nothing

    source = open_source(file)
    part, layout = _find_layout(source)
    read_resident = reader("resident", "resident")
    read_number = reader("application_no", "application_no")
    for line, row in part.rows():
        if line <= layout.line or not any(cell.strip(EDGE) for cell in row):
            continue
        try:
            resident, number = _cells(row, layout)
            identity = read_resident(resident)
            _refuse_unusable(identity)
            yield Request(identity, read_number(number), line=line)
        except RowFault as fault:
            yield Request("", fault=_placed(fault.problem, source.name, line), line=line)


def _find_layout(source: Source) -> tuple[Part, Layout]:
    """The sheet, or the text, that holds requests, and where in it they stand."""
    from vouchercli.formats.configs import profiles  # reads YAML
    from vouchercli.formats.tables import headers

    kinds = [profiles.load("voucher", kind) for kind in KINDS]
    people = column_keys(
        name
        for kind in kinds
        if "resident" in kind.fields
        for name in kind.fields["resident"].columns
    )
    numbers = column_keys(kinds[0].fields["application_no"].columns)
    filled = []
    for part in source.parts:
        head = list(islice(part.rows(), DEPTH))
        for line, row in head:
            keys = [column_key(cell) for cell in row]
            places = [at for at, key in enumerate(keys) if key in people]
            if places:
                number = next((at for at, key in enumerate(keys) if key in numbers), None)
                return part, Layout(line, places[0], number)
        rows = [row for _, row in head if any(cell.strip(EDGE) for cell in row)]
        if rows:
            filled.append((part, rows))
    if not filled:
        return source.parts[0], Layout(0, 0, 1)
    part, rows = filled[0]
    known = column_keys(PERSONAL).union(*map(headers.names_of, kinds))
    if len(filled) > 1 or _is_unknown_header(rows, known):
        raise VoucherError(
            "unknown_layout",
            "{file} has no column resident: it is not clear who is meant",
            hint="name its columns resident and application_no, or leave the header out",
            where=source.name,
            file=source.name,
        )
    return part, Layout(0, 0, 1)


def _is_unknown_header(rows: list[list[str]], known: set[str]) -> bool:
    """Whether the first row names columns, but not whose number stands where: known names are
    among them, or numbers stand below words.
    """
    first, *others = rows
    if known & {column_key(cell) for cell in first}:
        return True
    is_header = not any(DIGITS.search(cell) for cell in first)
    return bool(others) and any(
        is_header and all(at < len(row) and DIGITS.search(row[at]) is not None for row in others)
        for at, cell in enumerate(first)
        if cell.strip(EDGE)
    )


def _cells(row: list[str], layout: Layout) -> tuple[str, str]:
    """The resident and the number of a row. Raises `RowFault`."""
    if isinstance(row, BrokenRow):
        raise RowFault(quote_problem(row))
    if not layout.line and any(cell.strip(EDGE) for cell in row[2:]):
        raise RowFault(
            Problem(
                "bad_row",
                "the row has {cells} cells: without a header it is RESIDENT or RESIDENT,NO",
                params={"cells": len(row)},
            )
        )
    at = layout.application_no
    return (
        row[layout.resident] if layout.resident < len(row) else "",
        row[at] if at is not None and at < len(row) else "",
    )


def _refuse_unusable(identity: str) -> None:
    """Raises `RowFault` for a blank, and for what is not one person's number."""
    problem = residents.find_fault(identity) if identity else NOTHING
    if problem:
        raise RowFault(Problem("bad_row", "{problem}", params={"problem": problem}))


def _placed(problem: Problem, file: str, line: int) -> Problem:
    """The problem with its place, and without the identity that it is about."""
    params = dict(problem.params)
    if params.get("column") == "resident" and "value" in params:
        params["value"] = HIDDEN
    return Problem(problem.code, problem.text, f"{file}:{line}", params=params)
