"""Find the header of a file by its names, and the profile that fits it best."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import (
    FIELDS_OF,
    KIND_WORDS,
    OF_EFFECTS,
    OPTIONAL,
    RECONCILED,
    WITH_REFUNDS,
)
from vouchercli.formats.configs.layouts import Layout
from vouchercli.formats.configs.profiles import all_known
from vouchercli.formats.tables.cells import EDGE, TEXT_FORMULA, column_key, column_keys
from vouchercli.formats.tables.csvs import LongRow
from vouchercli.result import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.formats.configs.profiles import Profile, Spec
    from vouchercli.formats.tables.sources import Part, Source

LONGEST_SHOWN = 24  # characters of a column name in a message
DEPTH = 60  # rows of preamble that are looked through
MAX_COLUMNS = 16_384  # as many as a spreadsheet has
GUESS_AND_TRY = (
    "voucher profile guess {file} --to my-platform.yaml, correct it, then"
    " voucher profile try {file} --profile my-platform.yaml"
)
MERCHANT = ("merchant_no", "platform_no")  # a redemption names its merchant by one of them
Row = tuple[int, tuple[str, ...], int]  # line, names, how many cells the row has
# What our own export of rejects adds; the last says which reject the row is.
REJECT_COLUMNS = ("reject_reason", "reject_explanation", "reject_row")


@dataclass(frozen=True)
class Header:
    """The header row of one part: its line and the last one that it goes over, its names as they
    stand, the rows above it, and how many cells it has (more than names when the file ends every
    line with a comma). Line 0: there is none, its columns are named by their places. `more`: the
    headers of further sheets that are read as one file with it.
    """

    part: Part
    profile: Profile
    line: int
    names: tuple[str, ...]
    preamble: str
    width: int
    last_line: int = 0
    more: tuple[Header, ...] = ()

    @property
    def is_our_export(self) -> bool:
        """True for rejects that were exported, mended and come back: preamble and footer are gone
        by right.
        """
        return REJECT_COLUMNS[0] in self.names


def fitting(source: Source, profiles: Sequence[Profile]) -> list[Header]:
    """The headers that are found, cut as each profile says it; where none says how, by what stands
    between the names that are known.
    """
    found: list[Header] = []
    is_ours = _is_our_export(source)
    for layout in dict.fromkeys(profile.layout for profile in profiles):
        alike = [profile for profile in profiles if profile.layout == layout]
        here = Layout() if is_ours else layout  # rejects come back as we write them
        wanted = here.sheets if source.text is None else ()
        cuts = [
            [
                header
                for part in parts
                if not wanted or part.name in wanted
                for header in _in_part(part, alike, has_header=here.has_header)
            ]
            for parts in source.cuts(here)
        ]
        found += max(cuts, key=lambda headers: max(map(_known, headers), default=-1), default=[])
    best: dict[str, int] = {}
    for header in found:
        refuse_many(source, header.line, header.names)
        best[header.part.name] = max(_known(header), best.get(header.part.name, 0))
    return [header for header in found if _known(header) == best[header.part.name]]


def refuse_many(source: Source, line: int, names: Sequence[str]) -> None:
    """Raises `VoucherError` too_many_columns when no table has so many."""
    if len(names) > MAX_COLUMNS:
        raise VoucherError(
            "too_many_columns",
            "{file} has more than {most:,} columns: no table has so many",
            where=f"{source.name}:{line}",
            hint="delete the columns that nobody needs, or ask for the file again",
            file=source.name,
            most=MAX_COLUMNS,
        )


def _known(header: Header) -> int:
    return _score(header.profile, column_keys(header.names))


def _is_our_export(source: Source) -> bool:
    """Whether it is a file of rejects that we wrote, whatever the layout of theirs was."""
    if source.text is None:
        return False
    (part,) = source.cuts(Layout(","))[0]
    return any(REJECT_COLUMNS[0] in row for _, row in islice(part.rows(), 1))


def _in_part(part: Part, profiles: Sequence[Profile], *, has_header: bool) -> list[Header]:
    """The header in one part, once for each profile that fits it equally well."""
    if not has_header:
        return _by_places(part, profiles)
    above: list[str] = []
    raw = list(islice(part.rows(), DEPTH))
    ends = {line: line + len(row.lines) for line, row in raw if isinstance(row, LongRow)}
    rows = [(line, begin_of(row), len(row)) for line, row in raw]
    for this, below in zip(rows, [*rows[1:], (0, (), 0)], strict=False):
        line, names, width = (
            _both_halves(this, below) if _is_upper_half(profiles, this[1], below[1]) else this
        )
        if fitting := _fitting_profiles(profiles, names):
            preamble, last_line = "\n".join(above), ends.get(line, line)
            return [
                Header(part, profile, line, names, preamble, width, last_line)
                for profile in fitting
            ]
        above.append(",".join(this[1]))
    return []


def _by_places(part: Part, profiles: Sequence[Profile]) -> list[Header]:
    """Columns named by their places, as many as most of the first rows have cells."""
    widths = Counter(len(row) for _, row in islice(part.rows(), DEPTH) if any(row))
    common = max(widths, key=lambda width: (widths[width], width), default=0)
    width = len(profiles[0].layout.widths) or common
    names = tuple(str(place) for place in range(1, min(width, MAX_COLUMNS + 1) + 1))
    return [
        Header(part, profile, 0, names, "", width)
        for profile in profiles
        if not missing(profile, set(names))
    ]


def _is_upper_half(
    profiles: Sequence[Profile], names: tuple[str, ...], below: tuple[str, ...]
) -> bool:
    """Whether the header may stand in this row and the one below, as merged cells make it: neither
    is a header alone; or this one is, but the one below has known names too, and is blank under all
    that is known here.
    """
    fitting = _fitting_profiles(profiles, names)
    if not fitting:
        return not _fitting_profiles(profiles, below)
    known = names_of(fitting[0])
    is_free = all(
        column_key(name) not in known or not lower
        for name, lower in zip_longest(names, below, fillvalue="")
    )
    return is_free and bool(column_keys(below) & known)


def _both_halves(upper: Row, lower: Row) -> Row:
    """Two rows of merged cells as one header: each column's lower name, else its upper one."""
    names = tuple(below or above for above, below in zip_longest(upper[1], lower[1], fillvalue=""))
    return lower[0], names, max(upper[2], lower[2])


def _fitting_profiles(profiles: Sequence[Profile], names: tuple[str, ...]) -> list[Profile]:
    """The profiles that find all they need among these names, and know most of them."""
    keys = column_keys(names)
    complete = [profile for profile in profiles if not missing(profile, keys)]
    best = max((_score(profile, keys) for profile in complete), default=0)
    return [profile for profile in complete if _score(profile, keys) == best]


def trim(row: list[str]) -> tuple[str, ...]:
    """The cells of a header row, blanks around them and blank ones at its end removed."""
    names = [
        match[1].strip(EDGE) if (match := TEXT_FORMULA.fullmatch(name.strip(EDGE))) else
        name.strip(EDGE)
        for name in row
    ]  # fmt: skip
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def begin_of(row: list[str]) -> tuple[str, ...]:
    """The same, of one cell more at most than a header may have: a line may have millions."""
    return trim(row[: MAX_COLUMNS + 1])


def row_text(row: list[str]) -> str:
    """A row of the preamble or footer as one text, for patterns."""
    return ",".join(trim(row))


def needed_columns(profile: Profile) -> Iterator[tuple[str, ...]]:
    """Every column that must be there, with the names it may have."""
    yield from ((rule.column,) for rule in (*profile.skip, *profile.only))
    yield from ((name,) for name in profile.recognise_by)
    rule = profile.kind_rule
    if profile.kind in WITH_REFUNDS and (rule.columns or rule.sign):
        yield rule.columns or (rule.sign,)
    for part in profile.key:
        if part not in FIELDS_OF[profile.kind] and part not in profile.key_may_lack:
            yield (part,)
    for name, spec in profile.fields.items():
        is_either = (
            profile.kind == "redemptions"
            and name == "merchant_no"
            and "platform_no" in profile.fields
        )
        is_free = is_either or name in OPTIONAL[profile.kind]
        is_of_key = name in profile.key and name not in profile.key_may_lack
        yield from _of_spec(spec, is_needed=not is_free or is_of_key)


def _of_spec(spec: Spec, *, is_needed: bool) -> Iterator[tuple[str, ...]]:
    if not is_needed or spec.optional or spec.value is not None:
        return
    if spec.columns and spec.default is None:
        yield spec.columns
    yield from ((name,) for name in spec.join)
    for branch in (spec.pay, spec.refund):
        if branch:
            yield from _of_spec(branch, is_needed=True)


def missing(profile: Profile, keys: set[str]) -> list[str]:
    """The columns that `profile` needs and the header lacks, as they are shown."""
    lacking = [_called(names) for names in needed_columns(profile) if not column_keys(names) & keys]
    if profile.kind == "redemptions" and not any(
        _is_there(profile.fields[field], keys) for field in MERCHANT if field in profile.fields
    ):
        known = [profile.fields[field].columns for field in MERCHANT if field in profile.fields]
        lacking.append(_called(next(filter(None, known), MERCHANT)))
    return list(dict.fromkeys(lacking))


def _called(names: Sequence[str]) -> str:
    """The first name of a column; where that is English, also the first that is not."""
    other = next((name for name in names[1:] if not name.isascii()), "")
    return f"{names[0]}/{other}" if names[0].isascii() and other else names[0]


def _is_there(spec: Spec, keys: set[str]) -> bool:
    return spec.value is not None or bool(column_keys(spec.columns) & keys)


def names_of(profile: Profile) -> set[str]:
    """Every column name in the profile, as keys."""
    return column_keys(name for names in _search_names(profile) for name in names)


def places_of(wanted: Sequence[str], names: Sequence[str]) -> list[int | None]:
    """Where each wanted column stands among these; None where it does not."""
    places = {name: at for at, name in reversed(list(enumerate(names)))}
    return [places.get(name) for name in wanted]


def in_use(profile: Profile, keys: set[str]) -> set[str]:
    """The columns that are read in a file with these: of several names for one field, the first
    that is there.
    """
    return {
        key
        for names in _search_names(profile)
        for key in [key for key in map(column_key, names) if key in keys][:1]
    }


def _search_names(profile: Profile) -> Iterator[tuple[str, ...]]:
    """Everything that is looked for in a header, with the names it may have."""
    rule = profile.kind_rule
    single = [*profile.key, rule.sign, *(each.column for each in (*profile.skip, *profile.only))]
    single += [name for check in profile.checks for name in check.sums.values()]
    yield rule.columns
    for spec in profile.fields.values():
        for part in (spec, spec.pay, spec.refund):
            if part:
                yield part.columns
                single += part.join
    yield from ((name,) for name in single if name)


def _score(profile: Profile, keys: set[str]) -> int:
    return len(names_of(profile) & keys)


def refuse_twins(source: Source, header: Header) -> None:
    """Refuse a file that has a column in use twice."""
    keys = [column_key(name) for name in header.names]
    twins = [
        name
        for name, key in zip(header.names, keys, strict=True)
        if key in names_of(header.profile) and keys.count(key) > 1
    ]
    if twins:
        raise VoucherError(
            "duplicate_column",
            "{file} has the column {column} twice",
            where=f"{source.name}:{header.line}",
            hint="rename or remove one of them",
            file=source.name,
            column=twins[0],
        )


def unknown(source: Source, profiles: Sequence[Profile]) -> VoucherError:
    """The error with the columns found (the row that looks most like a header) and the columns that
    each profile misses.
    """
    layout = profiles[0].layout
    rows = [
        (line, begin_of(row))
        for parts in source.cuts(layout)
        for part in parts
        for line, row in islice(part.rows(), DEPTH)
    ]
    known = set[str]().union(*(names_of(profile) for profile in profiles))
    line, names = max(
        rows,
        key=lambda row: (len(known & column_keys(row[1])), len(set(row[1]))),
        default=(0, ()),
    )
    if not names:
        return VoucherError(
            "empty_file",
            "{file} is empty",
            hint="ask for the file again",
            where=source.name,
            file=source.name,
        )
    refuse_many(source, line, names)
    keys = column_keys(names)
    kinds = {profile.kind for profile in profiles}
    if len(kinds) == 1 and (other := _other_kind(keys, profiles[0].kind)):
        return _of_other_kind(source, line, profiles[0].kind, other)
    tried = sorted(profiles, key=lambda profile: (len(missing(profile, keys)), profile.profile))
    return VoucherError(
        "unknown_layout",
        "{file} fits no profile of the {kind}; columns found: {columns}"
        if len(kinds) == 1
        else "{file} fits no profile; columns found: {columns}",
        where=f"{source.name}:{line}",
        hint=_advice(source) if len(kinds) == 1 else GUESS_AND_TRY,
        hidden=", ".join(source.hidden),
        noun=noun_of(profiles[0].kind),
        kind_name=profiles[0].kind,
        problems=[
            Problem(
                "missing_columns",
                "profile {profile} of the {kind} needs the columns: {missing}",
                f"{source.name}:{line}",
                params={
                    "profile": profile.profile,
                    "kind": KIND_WORDS[profile.kind],
                    "missing": ", ".join(missing(profile, keys)),
                },
            )
            for profile in tried
        ],
        file=source.name,
        kind=KIND_WORDS[profiles[0].kind],
        columns=", ".join(_shown(names, known)),
    )


def _advice(source: Source) -> str:
    if source.is_guess:
        return (
            "if the columns are unreadable, name the encoding: voucher {noun} import {file}"
            " --encoding big5 (or shift_jis, euc-kr, latin-1); else voucher profile guess {file}"
            " --kind {kind_name} --to my-platform.yaml"
        )
    if source.hidden:
        return (
            "hidden sheets are not read ({hidden}): show the one that is meant and save the file;"
            " or voucher profile guess {file} --kind {kind_name} --to my-platform.yaml"
        )
    return (
        "voucher profile guess {file} --kind {kind_name} --to my-platform.yaml, correct it, then"
        " voucher {noun} import {file} --profile my-platform.yaml; an empty file with our own"
        " columns: voucher {noun} blank -o csv"
    )


def noun_of(kind: str) -> str:
    """The word of the command that imports this kind of file."""
    if kind in OF_EFFECTS:
        return "effect"
    return kind if kind == "series" else kind.removesuffix("s")


def command_of(kind: str) -> str:
    """The command that takes in this kind of file."""
    return "reconcile run" if kind in RECONCILED else f"{noun_of(kind)} import"


def _of_other_kind(source: Source, line: int, kind: str, other: str) -> VoucherError:
    return VoucherError(
        "other_kind",
        "{file} has the columns of the {other}, not of the {kind}",
        hint="voucher {command} {file}",
        where=f"{source.name}:{line}",
        file=source.name,
        other=KIND_WORDS[other],
        kind=KIND_WORDS[kind],
        command=command_of(other),
    )


def _other_kind(keys: set[str], kind: str, score: int = -1) -> str:
    """The kind of file these columns are, when a profile of another kind fits and knows more than
    `score` of them; else ''.
    """
    known = all_known()
    scores = {
        other: max(
            (
                _score(profiles[other], keys)
                for profiles in known
                if other in profiles and not missing(profiles[other], keys)
            ),
            default=-1,
        )
        for other in KIND_WORDS
        if other != kind
    }
    best = max(scores, key=lambda other: scores[other])
    return best if scores[best] > score else ""


def refuse_other_kind(source: Source, header: Header) -> None:
    """A platform's bill also names its merchants, by number and name: it is no registry for that.
    Nor are applications a list.
    """
    keys, kind = column_keys(header.names), header.profile.kind
    if kind in ("merchants", "eligibility") and (
        other := _other_kind(keys, kind, _score(header.profile, keys))
    ):
        raise _of_other_kind(source, header.line, kind, other)


def _shown(names: Sequence[str], known: set[str]) -> list[str]:
    """What was found in a header's place. A row that holds a person's identity is no header: of
    it only known names are shown.
    """
    is_data = any(identities.find(name) for name in names)
    return [
        shorten(name) if not is_data or column_key(name) in known else identities.HIDDEN
        for name in names
        if name
    ]


def shorten(name: str) -> str:
    """What was found in a header's place, so that a line of data, or of a key, is not spread out in
    a message.
    """
    return name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}…"
