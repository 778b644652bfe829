"""Rows staged to be judged: typed, identities masked, each with its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs.fields import FIELDS_OF
from vouchercli.formats.tables.records import mask_found
from vouchercli.ops import residents
from vouchercli.ops.intake import accounts
from vouchercli.ops.intake.kinds import Unfit
from vouchercli.ops.intake.screening import Screen, masker
from vouchercli.rules import identities as law
from vouchercli.rules import times
from vouchercli.rules.applications import FORMULA_NUMBER, FORMULA_SIGNS
from vouchercli.store import identities, incoming, rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.tables.records import Reading, Record
    from vouchercli.ops.intake.kinds import Intake, Typed

as_json = json.JSONEncoder(
    ensure_ascii=False
).encode  # made once: json.dumps would make one for every row


NO_SUCH_TIME = "the clock was put forward over it: there was no such time that day"
DAMAGED = Unfit("bad_row", {"problem": "the resident's token is damaged"})


def typist_of_residents(
    intake: Intake, number: str, moment: str
) -> Callable[[tuple[str, ...]], Typed]:
    """(number, round, resident, moment) as text, with more behind them (group, district, and
    identities that may be blank) -> the same with the moment in UTC seconds and a token for each
    identity.
    """
    ring, clock = identities.load_ring(intake.session.path, intake.db), times.Reader(intake.zone)
    codes = {code.casefold(): code for code in rounds.codes(intake.db, intake.programme_id)}
    needed = (number, "round", "resident", moment)
    is_published = number == "application_no"

    def type_row(values: tuple[str, ...]) -> Typed:
        for column, value in zip(needed, values, strict=False):
            if not value:
                return Unfit("bad_row", {"column": column})
        number, round_, resident, written, *more = values
        if is_published and number.startswith(FORMULA_SIGNS):
            return Unfit("bad_row", {"problem": FORMULA_NUMBER})
        if fault := find_fault(resident, *more[2:]):
            return fault
        try:
            at, _ = clock.read(written)
        except ValueError as error:
            return bad_time(moment, written, error)
        try:
            tokens = [
                identities.token(ring, value) if value else None for value in (resident, *more[2:])
            ]
        except ValueError:
            return DAMAGED
        round_ = codes.get(round_.casefold(), round_)  # codes differ in more than their case
        return (number, round_, tokens[0], at, *more[:2], *tokens[1:])

    return type_row


def find_fault(
    resident: str, device: str = "", mobile: str = "", card: str = "", account: str = ""
) -> Unfit | None:
    """The fault of a resident's number, of a mobile that is two, of a bank card that a spreadsheet
    kept as a number, or of whatever of them is hidden in part: it would join strangers.
    """
    if problem := residents.find_fault(resident) or residents.find_fault(mobile):
        return Unfit("bad_row", {"problem": problem})
    if any(map(law.is_masked, (device, card, account))):
        return Unfit("bad_row", {"problem": law.MASKED})
    if card[-2:] == "00" and law.is_rounded_card(law.even_out(card)):
        return Unfit("bad_row", {"problem": law.ROUNDED_CARD})
    return None


def bad_time(column: str, value: str, error: ValueError) -> Unfit:
    """The fault of a text that is no time, or of a time that there never was."""
    why = {"problem": NO_SUCH_TIME} if isinstance(error, times.NoSuchTimeError) else {}
    return Unfit("bad_time", {"column": column, "value": value, **why})


def warner_of_residents(
    place: int,
) -> Callable[[tuple[str, ...], tuple[Any, ...]], Iterator[tuple[str, dict[str, Any]]]]:
    """What is odd about the resident at that place among a row's texts."""

    def find(values: tuple[str, ...], row: tuple[Any, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
        if law.has_wrong_check(law.even_out(values[place])):
            yield "identity_check_digit", {}

    return find


def expect(intake: Intake) -> None:
    """Create the empty table of staged rows for this kind."""
    incoming.expect(intake.db, intake.kind.name, intake.kind.create)


def stage(
    intake: Intake,
    records: Iterable[Record],
    *,
    first_place: int | None = None,
    report_rows: Callable[[int], None] | None = None,
) -> None:
    """Type the records and add them to the staged rows, at their lines or from `first_place` on,
    identities masked.
    """
    warnings: list[tuple[int, str, str]] = []
    incoming.put(
        intake.db, intake.kind.add, _type_rows(intake, records, first_place, warnings, report_rows)
    )
    incoming.warn(intake.db, warnings)


def _type_rows(
    intake: Intake,
    records: Iterable[Record],
    first_place: int | None,
    warnings: list[tuple[int, str, str]],
    report_rows: Callable[[int], None] | None,
) -> Iterator[tuple[Any, ...]]:
    type_row = intake.kind.typist(intake)
    blank = (None,) * intake.kind.width
    mask, mask_any, screen = masker(intake), masker(intake, is_judged=False), Screen(intake)
    is_registry = intake.kind.name == "merchants"
    hide_cells = accounts.mask_cells(intake.reading) if is_registry else None
    hide_detail = accounts.mask_detail(intake.reading) if is_registry else None
    for count, record in enumerate(screen.every(records)):
        place = record.line if first_place is None else first_place + count
        if record.fault is not None:
            typed: Typed = Unfit(
                record.fault.code, {"text": record.fault.text, **record.fault.params}
            )
        else:
            typed = type_row(record.values)
        is_unfit = isinstance(typed, Unfit)
        cells = record.kept or as_json(
            intake.reading.masked(
                hide_cells(record.cells) if hide_cells else record.cells,
                mask,
                mask_any,
                is_in_place=not is_unfit,
            )
        )
        if isinstance(typed, Unfit):
            # where one cell is wrong, any other may be: nothing of the row is known to be a key
            detail = hide_detail(typed.detail) if hide_detail else typed.detail
            detail = {name: _mask_value(value, mask) for name, value in detail.items()}
            yield (
                place,
                intake.batch_id,
                record.line,
                cells,
                typed.code,
                as_json(detail),
                *blank,
            )
        else:
            yield (place, intake.batch_id, record.line, cells, None, "{}", *typed)
            warnings.extend(
                (place, code, as_json(detail)) for code, detail in warnings_of_reading(record)
            )
            if intake.kind.warnings:
                warnings.extend(
                    (place, code, as_json(detail))
                    for code, detail in intake.kind.warnings(record.values, typed)
                )
        if report_rows and count % 10_000 == 9_999:
            report_rows(10_000)


def _mask_value(value: Any, mask: Callable[[str], str]) -> Any:
    return mask_found(value, mask) if isinstance(value, str) else value


def warnings_of_reading(record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is odd about how an accepted row stands in its file."""
    if record.holds_rows:
        first, last = record.holds_rows
        yield "lines_inside_a_cell", {"first_line": first, "last_line": last}


def reject_cells(kind: str, cells: list[str] | dict[str, str], reading: Reading) -> list[str]:
    """The cells of a reject in the layout of its file: they were kept so, or, of a row that had
    been accepted, by our fields.
    """
    if isinstance(cells, list):
        return cells
    row = [""] * len(reading.header)
    for name in FIELDS_OF[kind]:
        place = reading.position(name)
        if place is not None and name in cells:
            row[place] = cells[name]
    return row
