"""Short lists that are judged as a whole: their rows as texts, and each that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from vouchercli.documents import Node
from vouchercli.errors import VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.configs.fields import FIELDS_OF
from vouchercli.formats.tables import files, sheets
from vouchercli.result import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vouchercli.formats.tables.records import Reading

Line = TypeVar("Line")


def open_list(
    path: Path | str,
    kind: str,
    columns: dict[str, Any],
    refuse: Callable[[VoucherError, str], VoucherError],
) -> Reading:
    """A list of that kind, read by the names of its columns. Raises what `refuse` makes of a file
    with other columns, and what reading files raises.
    """
    profile = profiles.of_list(Node({"columns": columns}), kind)
    try:
        return files.read_by([profile], path, is_given=True)
    except VoucherError as error:
        if error.code not in ("unknown_layout", "other_kind"):
            raise
        raise refuse(error, str(path)) from error


def read_rows(
    reading: Reading, path: Path | str, kind: str, line: Callable[..., Line]
) -> tuple[list[Line], list[Problem]]:
    """Each row as a `line` (where it stands, and the fields of `kind`), and what is wrong with
    those that cannot be read.
    """
    lines: list[Line] = []
    faults: list[Problem] = []
    for record in reading.records():
        where = sheets.where(str(path), record.line, reading.sheets)
        if record.fault:
            fault = record.fault
            faults.append(Problem(fault.code, fault.text, where, fault.hint, params=fault.params))
        else:
            lines.append(line(where, **dict(zip(FIELDS_OF[kind], record.values, strict=True))))
    return lines, faults
