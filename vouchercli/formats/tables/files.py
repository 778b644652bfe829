"""Read a platform's file: find its profile and header, refuse a file that does not match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.tables import headers
from vouchercli.formats.tables.csvs import NO_WIDTHS, BrokenRow
from vouchercli.formats.tables.records import Reading
from vouchercli.formats.tables.sources import Part, Source, open_source
from vouchercli.formats.tables.swapped_columns import refuse_swapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from vouchercli.formats.configs.profiles import Profile


def read(
    path: Path | str,
    kind: str,
    *,
    profile: Profile | Path | str | None = None,
    encoding: str | None = None,
    sha1: str | None = None,
) -> Reading:
    """The file at `path` (`-`: standard input) as rows of `kind`, by `profile` or by the known
    profile that fits best.

    Raises `VoucherError` when the file cannot be read, fits no profile (unknown_layout), has
    another SHA-1 (sha1_mismatch) or columns that have changed places (columns_swapped).
    """
    given = (
        profiles.load(profile, kind)
        if profile is not None and not isinstance(profile, profiles.Profile)
        else profile
    )
    known = [given] if given else profiles.known_profiles(kind)
    candidates = [each for each in known if given or each.layout.has_header]
    encodings = list(dict.fromkeys(each.encoding for each in candidates if each.encoding))
    source = open_source(
        path,
        encoding=encoding,
        fallback=given.encoding if given else None,
        others=encodings,
        choices=[candidate.archive for candidate in candidates],
    )
    if sha1 and sha1.strip().lower() not in (sha1s := source.sha1s()):
        raise VoucherError(
            "sha1_mismatch",
            "{file} has the SHA-1 {found}, not {wanted}: it is not the file that was sent",
            hint="fetch it again; nothing was imported",
            where=source.name,
            file=source.name,
            found=", ".join(sorted(sha1s)),
            wanted=sha1.strip(),
        )
    reading = _find(source, candidates, encodings)
    if given is None:
        refuse_swapped(reading)
    return reading


def _find(source: Source, candidates: list[Profile], encodings: list[str]) -> Reading:
    """The reading by the profile that fits best. Where the encoding is a guess, the profiles that
    say one are tried by theirs, and believed when they fit.
    """
    for encoding in encodings if source.is_guess else ():
        alike = [each for each in candidates if each.encoding == encoding]
        said = source.read_as(encoding)
        if said and headers.fitting(said, alike):
            return Reading(said, headers.find(said, alike))
    return Reading(source, headers.find(source, candidates))


def read_again(
    profile: Profile, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], name: str
) -> Reading:
    """Rows that were kept (rejects) under the header and profile they came with; no preamble, no
    footer.
    """
    kept = [(line, cells if isinstance(cells, BrokenRow) else list(cells)) for line, cells in rows]
    part = Part("", lambda after=0, widths=NO_WIDTHS: iter(kept))
    names = (
        *header,
        *(headers.REJECT_COLUMNS[:1] if headers.REJECT_COLUMNS[0] not in header else ()),
    )
    header_row = headers.Header(part, profile, 0, names, "", len(header))
    return Reading(Source(name, "", frozenset, "", (part,)), header_row, kept_width=len(header))
