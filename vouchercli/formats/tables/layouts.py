"""The one layout of a file: the profile that fits its header, in one sheet or in several that are
one file (a sheet for each district).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.tables import headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.formats.configs.profiles import Profile
    from vouchercli.formats.tables.headers import Header
    from vouchercli.formats.tables.sources import Part, Source


def find(source: Source, profiles: Sequence[Profile]) -> Header:
    """The header that a profile fits. Raises `VoucherError`: unknown_layout, ambiguous_layout,
    several_sheets, no_sheet, duplicate_column.
    """
    chosen = _as_one_file(source, headers.fitting(source, profiles))
    if len(chosen) > 1:
        raise VoucherError(
            "ambiguous_layout",
            "{file} fits more than one profile: {profiles}",
            hint="choose one with --profile",
            where=f"{source.name}:{chosen[0].line}",
            file=source.name,
            profiles=", ".join(header.profile.profile for header in chosen),
        )
    if not chosen:
        _refuse_absent(source, profiles)
        raise headers.unknown(source, profiles)
    for header in (chosen[0], *chosen[0].more):
        headers.refuse_twins(source, header)
    # two columns: much has them
    is_our_layout = (
        chosen[0].profile.kind == "eligibility" and chosen[0].profile.profile == "voucher"
    )
    if len(profiles) > 1 or is_our_layout:  # the profile was not given
        headers.refuse_other_kind(source, chosen[0])
    return chosen[0]


def _as_one_file(source: Source, found: list[Header]) -> list[Header]:
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


def _refuse_unread(source: Source, found: Iterable[Header]) -> None:
    """Refuse to leave out a sheet that is meant, because it has other columns."""
    read = {header.part.name: header for header in found}
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
    _refuse_absent(source, [next(iter(read.values())).profile])


def _refuse_absent(source: Source, profiles: Sequence[Profile]) -> None:
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
