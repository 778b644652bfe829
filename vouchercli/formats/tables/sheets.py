"""Workbooks whose sheets are one file: a sheet for each district, all with the same columns.

Their rows are numbered through: a sheet's number of `SHEET` lines stands before its own. `where`
says it in words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.formats.configs.profiles import Profile
    from vouchercli.formats.tables.headers import Header
    from vouchercli.formats.tables.sources import Part, Source

SHEET = 10_000_000  # more lines than any sheet has


def where(file: str, line: int, names: Sequence[str]) -> str:
    """`file:line`, or `file:sheet:line` where several sheets were read as one file."""
    if not names:
        return f"{file}:{line}"
    return f"{file}:{names[line // SHEET]}:{line % SHEET}"


def as_one_file(source: Source, found: list[Header]) -> list[Header]:
    """The headers of one sheet; those of several are one where the profile says so. Raises
    `VoucherError` several_sheets, sheet_without_header.
    """
    if found and found[0].profile.layout.has_many_sheets:
        one = [header for header in found if header.profile is found[0].profile]
        _refuse_unread(source, one)
        return [replace(one[0], more=tuple(one[1:]))]
    names = list(dict.fromkeys(header.part.name for header in found))
    if len(names) > 1:
        raise VoucherError(
            "several_sheets",
            "{file} has several sheets with the same columns: {sheets}",
            file=source.name,
            hint=(
                "read them as one with sheets: all in a profile, or choose with sheet:; or save the"
                " one that is meant as a file of its own"
            ),
            sheets=", ".join(names),
        )
    return found


def _refuse_unread(source: Source, headers: Iterable[Header]) -> None:
    """Refuse to leave out a sheet that is meant, because it has other columns."""
    read = {header.part.name: header for header in headers}
    layout = next(iter(read.values())).profile.layout
    for part in source.parts:
        is_meant = layout.all_sheets or part.name in layout.sheets
        if is_meant and part.name not in read and _has_rows(part):
            raise VoucherError(
                "sheet_without_header",
                "{file}: the sheet {sheet} has other columns than {first}",
                file=source.name,
                sheet=part.name,
                first=next(iter(read)),
                where=source.name,
                hint="name the sheets that are meant in the profile: sheets: [{sheets}]",
                sheets=", ".join(read),
            )
    refuse_absent(source, [next(iter(read.values())).profile])


def refuse_absent(source: Source, profiles: Sequence[Profile]) -> None:
    """Raises `VoucherError` no_sheet when the one profile names a sheet that is not there."""
    wanted = profiles[0].layout.sheets if len(profiles) == 1 and source.text is None else ()
    names = [part.name for part in source.parts]
    for sheet in wanted:
        if sheet not in names:
            raise VoucherError(
                "no_sheet",
                "{file} has no sheet {sheet}; it has: {sheets}",
                file=source.name,
                where=source.name,
                sheet=sheet,
                sheets=", ".join(names),
                hint="write its name as it stands in the file: sheet: or sheets: in the profile",
            )


def _has_rows(part: Part) -> bool:
    return any(any(cell.strip() for cell in row) for _, row in part.rows())
