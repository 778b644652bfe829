"""Take in a registry: a row that names an unknown merchant is written at once, every other row
is judged.

The rows are written in the order of the file, so the first row of a number is its merchant, as when
rows are judged. All of the file is one transaction: only its end shows who is missing.
"""

from __future__ import annotations

from array import array
from itertools import compress
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs import fields
from vouchercli.formats.tables import plain_rows
from vouchercli.formats.tables.cells import identity_key
from vouchercli.formats.tables.readers import UNKNOWN
from vouchercli.ops.intake import mending, staging
from vouchercli.ops.intake.accounts import ACCOUNT, Sealer
from vouchercli.ops.intake.kinds import Chunk, Written
from vouchercli.ops.intake.screening import Screen
from vouchercli.rules.accounts import is_bank_no, is_masked
from vouchercli.store import new_merchants, sealed_accounts, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.formats.tables.plain_rows import Group
    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Intake

MANY = 1_000  # rows that are written together
FIELDS = fields.FIELDS["merchants"]
NUMBER, NAME, USCC, DISTRICT, PLATFORM_NO, BANK_NO = map(
    FIELDS.index, ("merchant_no", "name", "uscc", "district", "platform_no", "bank_no")
)
SEGMENT = slice(DISTRICT, FIELDS.index("designated_size") + 1)


def chunks(intake: Intake, done_line: int) -> Iterator[Chunk]:
    """The whole file as one chunk."""
    yield Chunk(done_line, (), is_first=True, is_last=True, proved=Registry())


class Registry:
    """The rows of one registry file."""

    def write(self, intake: Intake, chunk: Chunk) -> tuple[Written, tuple[Record, ...]]:
        """Add the merchants that are new, and stage the other rows."""
        writer, screen, reading = Writer(intake), Screen(intake), intake.reading
        is_watched = mending.position(reading) is not None
        for group in plain_rows.groups(reading, MANY):
            if not group.lines or is_watched or screen.may_hold_one(group.columns):
                records = group.all_records()
                left = writer.write([*screen.every(mending.watch(intake, records))])
            else:
                left = [*screen.every(group.records), *writer.write_columns(group)]
            staging.stage(intake, left)
            chunk.last_line = max(chunk.last_line, group.last)
        return writer.end(), ()

    def end(self, intake: Intake) -> None:
        """Nothing to do: nothing is written after the other rows are judged."""


class Writer:
    """Adds the merchants that are new, in the order of the file."""

    def __init__(self, intake: Intake) -> None:
        self._intake, self._db, self._at = intake, intake.db, intake.session.now
        self._registry = intake.reading.profile.profile
        self._before = self._last = new_merchants.last_id(intake.db)
        self._adoptable = new_merchants.adoptable(intake.db)
        self._held: set[str] = set()  # numbers whose first row is judged: so are all others
        self._segments = {(*names,): number for number, *names in segments.every(intake.db)}
        self._lines = array("L")  # of the merchants that were added, by their id
        self._warned = 0
        self._sealer = Sealer(intake)
        self._rows: list[tuple[Any, ...]] = []
        self._records: list[Record] = []

    def write(self, records: list[Record]) -> list[Record]:
        """Add what is new; returns the records that are left to be judged."""
        to_judge: list[Record] = []
        for record in records:
            values = record.values
            if (
                record.fault is not None
                or not (values[NUMBER] and values[NAME])
                or self._is_held(values)
            ):
                to_judge.append(record)
                continue
            segment = self._segments.get(values[SEGMENT])
            if segment is None:
                to_judge += self._flush()
                if new_merchants.is_known(self._db, values[NUMBER]):
                    to_judge.append(record)
                    continue
                segment = self._segments[values[SEGMENT]] = segments.segment_id(
                    self._db, *values[SEGMENT]
                )
            texts = self._sealed(stored_texts(values))
            self._rows.append((*texts, self._registry, segment, self._at, self._at))
            self._records.append(record)
        return to_judge + self._flush()

    def write_columns(self, group: Group) -> list[Record]:
        """The same of plain rows, by columns."""
        numbers, columns = group.columns[NUMBER], group.columns
        is_plain = (
            all(numbers)
            and all(columns[NAME])
            and self._adoptable.isdisjoint(columns[PLATFORM_NO])
            and self._held.isdisjoint(numbers)
            and not any(map(is_masked, columns[ACCOUNT]))
            and all(map(is_bank_no, {*columns[BANK_NO]} - {""}))
        )
        ids = self._find_segments(columns) if is_plain else None
        if ids is None:
            return self.write(group.plain_records())
        texts = [*columns]
        texts[USCC] = [*map(str.upper, columns[USCC])]
        texts[ACCOUNT] = self._sealer.write_all(numbers, columns[ACCOUNT])
        values = (ids, *texts)
        is_new = new_merchants.add_columns(self._db, self._last, self._registry, self._at, values)
        self._last += sum(is_new)
        self._lines.extend(compress(group.lines, is_new))
        is_odd = any(texts[USCC]) or any(texts[BANK_NO])
        if is_odd or any(map(str.isdigit, {*texts[DISTRICT]})):
            pairs = zip(group.plain_records(), zip(*texts, strict=True), strict=True)
            self._write_warnings([*compress(pairs, is_new)])
        if not any(is_new):
            return group.plain_records()
        return [group.record(place) for place, new in enumerate(is_new) if not new]

    def _find_segments(self, columns: list[Sequence[str]]) -> list[int] | None:
        """The segments of the rows, made where they are new; None where that depends on which rows
        are written: a segment is made for a new merchant only.
        """
        keys, numbers = [*zip(*columns[SEGMENT], strict=True)], columns[NUMBER]
        if not self._segments.keys() >= {*keys}:
            places = _first_places(keys)
            new = [key for key in places if key not in self._segments]
            first = _first_places(numbers)
            of_new = [numbers[places[key]] for key in new]
            is_first = all(first[numbers[places[key]]] == places[key] for key in new)
            if not is_first or new_merchants.is_one_known(self._db, of_new):
                return None
            for key in new:
                self._segments[key] = segments.segment_id(self._db, *key)
        return [*map(self._segments.__getitem__, keys)]

    def end(self) -> Written:
        """Note what was added, and judge the rows that repeat it."""
        if self._lines:
            new_merchants.note(self._db, self._intake.batch_id, self._before)
            fold = identity_key if self._intake.reading.profile.key else None
            new_merchants.judge_repeated(self._db, self._before, self._lines, fold=fold)
            sealed_accounts.put_apart(self._db)
        return Written(len(self._lines), 0, [], self._warned)

    def _is_held(self, values: tuple[str, ...]) -> bool:
        is_odd = is_masked(values[ACCOUNT]) or UNKNOWN in "".join(values)
        is_odd |= bool(values[BANK_NO]) and not is_bank_no(values[BANK_NO])
        if values[PLATFORM_NO] in self._adoptable or is_odd:
            self._held.add(values[NUMBER])
        return bool(self._held) and values[NUMBER] in self._held

    def _sealed(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        if not texts[ACCOUNT]:
            return texts
        account = self._sealer.write(texts[NUMBER], texts[ACCOUNT])
        return (*texts[:ACCOUNT], account, *texts[ACCOUNT + 1 :])

    def _flush(self) -> list[Record]:
        """Write what waits; returns the records whose numbers are known."""
        records, rows = self._records, self._rows
        if not rows:
            return []
        self._records, self._rows = [], []
        is_new = new_merchants.add(self._db, self._last, rows)
        added = [record for record, new in zip(records, is_new, strict=True) if new]
        self._last += len(added)
        self._lines.extend([record.line for record in added])
        self._write_warnings(
            [(record, row) for record, row, new in zip(records, rows, is_new, strict=True) if new]
        )
        return [record for record, new in zip(records, is_new, strict=True) if not new]

    def _write_warnings(self, added: list[tuple[Record, tuple[Any, ...]]]) -> None:
        find, batch_id = self._intake.kind.warnings, self._intake.batch_id
        assert find is not None
        doubtful = [
            (record, row)
            for record, row in added
            if row[USCC] or row[BANK_NO] or row[DISTRICT].isdigit() or record.holds_rows
        ]
        warnings = [
            (batch_id, record.line, code, staging.as_json(detail))
            for record, row in doubtful
            for code, detail in (
                *staging.warnings_of_reading(record),
                *find(row[: len(FIELDS)], row),
            )
        ]
        new_merchants.warn(self._db, warnings)
        self._warned += len(warnings)


def stored_texts(values: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of a row as a merchant has them."""
    uscc = values[USCC]
    return (
        values
        if uscc.isupper() or not uscc
        else (*values[:USCC], uscc.upper(), *values[USCC + 1 :])
    )


def _first_places(values: Sequence[Any]) -> dict[Any, int]:
    """Where each value stands first, in that order."""
    places: dict[Any, int] = {}
    for place, value in enumerate(values):
        places.setdefault(value, place)
    return places
