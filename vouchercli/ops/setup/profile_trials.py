"""A file read on trial: how its first rows would be taken in. Nothing is kept, and no database is
needed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs import profiles
from vouchercli.formats.configs.fields import FIELDS, KIND_WORDS, OF_EFFECTS, OF_PLATFORMS
from vouchercli.formats.guessing.drafts import IDENTITIES
from vouchercli.formats.tables import files
from vouchercli.result import SHOWN, Column, Outcome, Table, Word, say

if TYPE_CHECKING:
    from vouchercli.formats.tables.records import Reading, Record
    from vouchercli.result import Problem

KINDS = tuple(OF_PLATFORMS)
ROWS = 10  # unless --limit says more
FACTS = (
    Column("fact", "about the file", "word"),
    Column("value", "value"),
)


def try_file(
    file: str,
    *,
    profile: str | None,
    kind: str | None,
    encoding: str | None,
    limit: int | None,
) -> Outcome:
    """The first rows (`limit`; None: all) of a file by a profile, which may lack fields, or by the
    one that fits it best. Raises `VoucherError` as an import does.
    """
    reading, lacking = _reading(file, profile, kind, encoding)
    records = [*islice(reading.records(), limit)]
    faults = tuple(
        replace(record.fault, where=f"{reading.name}:{record.line}")
        for record in records
        if record.fault
    )
    data = {"file": reading.name, "kind": reading.profile.kind, "profile": reading.profile.profile}
    says = (say("rows read on trial: {rows}; nothing was kept", rows=len(records)),)
    return Outcome(
        data | {"rows_read": len(records), "rows_at_fault": len(faults)},
        (_about(reading), _rows(reading, records)),
        says,
        (*lacking, *faults),
        "failed" if faults or lacking else "ok",
    )


def _reading(
    file: str, profile: str | None, kind: str | None, encoding: str | None
) -> tuple[Reading, list[Problem]]:
    """The file as it is read, and what the profile lacks: one that is half written can be tried."""
    # without a profile by what people send most: a bill has the columns of redemptions too
    kinds = (kind,) if kind else KINDS if profile else (*FIELDS, *OF_EFFECTS)
    written, lacking = profiles.as_far_as_written(profile) if profile else ({}, [])
    candidates = [
        each
        for known in ([written] if profile else profiles.all_known())
        for each in known.values()
        if each.kind in kinds
    ]
    if not candidates:
        assert profile is not None
        profiles.load(profile, kind)  # which says what it is for
    reading = files.read_by(candidates, file, is_given=profile is not None, encoding=encoding)
    return reading, [fault.problem(str(profile)) for fault in lacking]


def _about(reading: Reading) -> Table:
    facts: list[tuple[Word, Any]] = [
        (Word("kind of file"), KIND_WORDS[reading.profile.kind]),
        (Word("profile"), reading.profile.profile),
        (Word("encoding"), reading.encoding),
        (Word("header in line"), reading.header_line),
        (Word("columns that no field uses"), [*reading.extra]),
    ]
    rows = [{"fact": fact, "value": value} for fact, value in facts]
    return Table(say("{file} as it is read", file=reading.name), FACTS, rows, where=SHOWN)


def _rows(reading: Reading, records: list[Record]) -> Table:
    """The fields that the file has; people are not shown."""
    kind = reading.profile.kind
    columns = [Column("line", "line", "int")]
    columns += [
        Column(field, field, verbatim=True)
        for field in OF_PLATFORMS[kind]
        if field == "kind" or reading.has(field)
    ]
    rows = [
        {"line": record.line}
        | {
            field: _shown(field, text)
            for field, text in zip(OF_PLATFORMS[kind], record.values, strict=True)
        }
        for record in records
        if not record.fault
    ]
    return Table(say("The first rows"), tuple(columns), rows, key="rows")


def _shown(field: str, text: str) -> str:
    return "*" * len(text) if field in IDENTITIES else text
