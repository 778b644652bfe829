"""Rows staged for the judge: typed, identities masked, each with its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs.fields import FIELDS
from vouchercli.ops.intake.kinds import Unfit
from vouchercli.rules import times
from vouchercli.store import identities, incoming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.tables.records import Reading, Record
    from vouchercli.ops.intake.kinds import Desk, Typed

as_json = json.JSONEncoder(
    ensure_ascii=False
).encode  # made once: json.dumps would make one for every row


DAMAGED = Unfit("bad_row", {"problem": "the resident's token is damaged"})


def typist_of_residents(desk: Desk, number: str, moment: str) -> Callable[[tuple[str, ...]], Typed]:
    """(number, round, resident, moment) as text, with more behind them (group, district, and
    identities that may be blank) -> the same with the moment in UTC seconds and a token for each
    identity.
    """
    key, clock = identities.load_key(desk.session.path), times.Reader(desk.zone)
    needed = (number, "round", "resident", moment)

    def typed(values: tuple[str, ...]) -> Typed:
        for column, value in zip(needed, values, strict=False):
            if not value:
                return Unfit("bad_row", {"column": column})
        number, round_, resident, written, *more = values
        try:
            at, _ = clock.read(written)
        except ValueError:
            return Unfit("bad_time", {"column": moment, "value": written})
        try:
            tokens = [
                identities.token(key, value) if value else None for value in (resident, *more[2:])
            ]
        except ValueError:
            return DAMAGED
        return (number, round_, tokens[0], at, *more[:2], *tokens[1:])

    return typed


def expect(desk: Desk) -> None:
    """An empty waiting room for rows of this kind."""
    incoming.expect(desk.db, desk.kind.name, desk.kind.create)


def stage(
    desk: Desk,
    records: Iterable[Record],
    *,
    first_place: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> None:
    """Type the records and put them into the waiting room, at their lines or from `first_place` on,
    identities masked.
    """
    warnings: list[tuple[int, str, str]] = []
    incoming.put(desk.db, desk.kind.add, _staged(desk, records, first_place, warnings, tell))
    incoming.warn(desk.db, warnings)


def _staged(
    desk: Desk,
    records: Iterable[Record],
    first_place: int | None,
    warnings: list[tuple[int, str, str]],
    tell: Callable[[int], None] | None,
) -> Iterator[tuple[Any, ...]]:
    typed_by = desk.kind.typist(desk)
    blank = (None,) * desk.kind.width
    mask = masker(desk)
    for count, record in enumerate(records):
        place = record.line if first_place is None else first_place + count
        if record.fault is not None:
            found: Typed = Unfit(
                record.fault.code, {"text": record.fault.text, **record.fault.params}
            )
        else:
            found = typed_by(record.values)
        cells = record.kept or as_json(desk.reading.masked(record.cells, mask))
        if isinstance(found, Unfit):
            yield (
                place,
                desk.batch_id,
                record.line,
                cells,
                found.code,
                as_json(found.detail),
                *blank,
            )
        else:
            yield (place, desk.batch_id, record.line, cells, None, "{}", *found)
            if desk.kind.warnings:
                warnings.extend(
                    (place, code, as_json(detail)) for code, detail in desk.kind.warnings(found)
                )
        if tell and count % 10_000 == 9_999:
            tell(10_000)


def masker(desk: Desk) -> Callable[[str], str]:
    """The function that turns an identity into its token."""
    if not desk.reading.identities:
        return str
    key = identities.load_key(desk.session.path)
    return lambda text: identities.masked(key, text)


def as_kept(kind: str, cells: list[str] | dict[str, str], reading: Reading) -> list[str]:
    """The cells of a reject in the layout of its file: they were kept so, or, of a row that had
    been accepted, by our fields.
    """
    if isinstance(cells, list):
        return cells
    row = [""] * len(reading.header)
    for name in FIELDS[kind]:
        place = reading.position(name)
        if place is not None and name in cells:
            row[place] = cells[name]
    return row
