"""Read a platform's file: find its profile and header, refuse a file that does not match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.tables import headers, layouts
from vouchercli.formats.tables.archives import MAX_BYTES
from vouchercli.formats.tables.csvs import NO_WIDTHS, BrokenRow, LongRow
from vouchercli.formats.tables.records import Reading
from vouchercli.formats.tables.sources import Part, Source, open_source
from vouchercli.formats.tables.swapped_columns import refuse_swapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from vouchercli.formats.configs.profiles import Profile


def read(
    path: Path | str,
    *kinds: str,
    profile: Profile | Path | str | None = None,
    encoding: str | None = None,
    sha1: str | None = None,
    sender: str | None = None,
    largest: int = MAX_BYTES,
) -> Reading:
    """The file at `path` (`-`: standard input) as rows of one of `kinds`, by `profile` or by the
    known profile that fits best; `sender` is the platform whose folder it lay in, `largest` how
    many bytes it may have.

    Raises `VoucherError` when the file cannot be read, fits no profile (unknown_layout), has
    another SHA-1 (sha1_mismatch) or columns that have changed places (columns_swapped; names that
    are numbers are taken where the profile was given).
    """
    candidates = _candidates(kinds, profile)
    return read_by(
        candidates,
        path,
        is_given=profile is not None and len(candidates) == 1,
        encoding=encoding,
        sha1=sha1,
        sender=sender,
        largest=largest,
    )


def _candidates(kinds: Sequence[str], profile: Profile | Path | str | None) -> list[Profile]:
    """The profile that is given, for each of the kinds that it has; else all known ones of these
    kinds. Raises `VoucherError`.
    """
    if profile is None:
        return [each for kind in kinds for each in profiles.known_profiles(kind)]
    if isinstance(profile, profiles.Profile):
        return [profile]
    given = profiles.every(profile)
    return [given[kind] for kind in kinds if kind in given] or [profiles.load(profile, kinds[0])]


def read_by(
    candidates: list[Profile],
    path: Path | str,
    *,
    is_given: bool,
    encoding: str | None = None,
    sha1: str | None = None,
    sender: str | None = None,
    largest: int = MAX_BYTES,
) -> Reading:
    """The file as rows by the one of these profiles that fits best; `is_given`: somebody named
    them. See `read`.
    """
    source = open_source(
        path,
        encoding=encoding,
        fallback=candidates[0].encoding if len(candidates) == 1 and is_given else None,
        others=_encodings(candidates),
        choices=[candidate.archive for candidate in candidates],
        largest=largest,
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
    reading = (
        Reading(source, layouts.find(source, candidates))
        if is_given
        else _find(source, candidates, sender)
    )
    sample = reading.learn()
    if (
        not is_given or reading.profile.kind != "merchants"
    ):  # whoever names the profile has looked at the names
        refuse_swapped(reading, sample)
    return reading


def _find(source: Source, candidates: list[Profile], sender: str | None) -> Reading:
    """The reading by the profile that fits best; one without a header only when nothing else fits,
    and the sender's platform has just one.
    """
    try:
        return _decoded(source, [each for each in candidates if each.layout.has_header], sender)
    except VoucherError as error:
        bare = [
            each for each in candidates if not each.layout.has_header and each.platform == sender
        ]
        if error.code != "unknown_layout" or len(bare) != 1:
            raise
    said = source.read_as(bare[0].encoding) if source.is_guess and bare[0].encoding else None
    return Reading(said or source, layouts.find(said or source, bare))


def _decoded(source: Source, candidates: list[Profile], sender: str | None) -> Reading:
    """Where the encoding is a guess, the profiles that say one are tried by theirs. They are
    believed when Chinese, Japanese ... names fit, or when the file is of their platform; others
    only when no profile fits by the guess.
    """
    unsure: dict[str, Profile] = {}
    readings: list[Reading] = []
    for encoding in _encodings(candidates) if source.is_guess else ():
        alike = [each for each in candidates if each.encoding == encoding]
        said = source.read_as(encoding)
        found = headers.fitting(said, alike) if said else []
        for header in found:
            is_told = any(not name.isascii() for name in header.names)
            if said and (is_told or header.profile.platform == sender):
                return Reading(said, layouts.find(said, alike))
            unsure[header.profile.profile] = header.profile
        if said and found:
            readings.append(Reading(said, layouts.find(said, alike)))
    others = [each for each in candidates if each not in unsure.values()]
    by_guess = headers.fitting(source, others) if readings else []
    if len(readings) == 1 and not by_guess:
        return readings[0]
    return Reading(source, layouts.find(source, candidates))


def _encodings(candidates: list[Profile]) -> list[str]:
    return list(dict.fromkeys(each.encoding for each in candidates if each.encoding))


def read_again(
    profile: Profile, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], name: str
) -> Reading:
    """Rows that were kept (rejects) under the header and profile they came with; no preamble, no
    footer.
    """
    kept = [
        (line, cells if isinstance(cells, (BrokenRow, LongRow)) else list(cells))
        for line, cells in rows
    ]
    part = Part("", lambda after=0, widths=NO_WIDTHS: iter(kept))
    names = (
        *header,
        *(headers.REJECT_COLUMNS[:1] if headers.REJECT_COLUMNS[0] not in header else ()),
    )
    header_row = headers.Header(part, profile, 0, names, "", len(header))
    reading = Reading(Source(name, "", frozenset, "", (part,)), header_row, kept_width=len(header))
    reading.learn()
    return reading
