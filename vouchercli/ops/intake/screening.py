"""Rows are looked through for people's identities before anything of them is kept.

An identity in a key makes the row a `bad_row`; one in another text that would be kept is masked.
What makes a number in a key an identity: it is a true identity number (its check character is
right, or nobody else in the column has a number of 18 digits); or the row is plainly out of place:
a mobile, a card or an e-mail stands in the key, and nobody in the resident's column.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.formats.configs.fields import FIELDS, FIELDS_OF, GROUPS, KEYS
from vouchercli.formats.tables.cells import id_text
from vouchercli.formats.tables.nothing import DAMAGED, is_error, is_nothing
from vouchercli.formats.tables.readers import RowFault, reader
from vouchercli.formats.tables.records import SEPARATOR, mask_found
from vouchercli.ops import residents
from vouchercli.result import Problem, Word
from vouchercli.rules.resident_tokens import PREFIX
from vouchercli.store import identities as tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Intake

IN_A_KEY = Word(
    "a person's identity stands in a key: correct the number by the file as it was sent"
)
IN_A_GROUP = Word("a person's identity stands in a name's place")
# Years that a row speaks of: some platforms number their claims by district and day.
YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)|(?<!\d)20\d\d(?=\d{4}(?:\d{4}|\d{6})?(?!\d))")
ONE_OF_18 = re.compile(r"[1-9]\d{16}[\dXx]", re.ASCII)
AT_ONCE = 200  # rows
FREE = {
    "merchants": tuple(each for each in FIELDS["merchants"] if each not in KEYS["merchants"]),
    "applications": ("round",),
    "series": tuple(each for each in FIELDS["series"] if each != "value"),
    "claims": ("round",),
    "redemptions": ("goods", "grade", "delivered_to"),
    "bills": ("status",),
    "cells": ("stratum",),
    "survey": ("stratum",),
}


def masker(intake: Intake, *, is_judged: bool = True) -> Callable[[str], str]:
    """The function that turns an identity into its token; the key is read when one is met. What
    says that nobody is there stays; what is damaged becomes an error, for its token would be read
    back as a person, unless it is not `is_judged`: then any text has one.
    """
    ring = cache(lambda: tokens.load_ring(intake.session.path, intake.db))
    read = reader("resident", "resident")

    def mask(text: str) -> str:
        if is_nothing(text) or is_error(text):
            return text
        try:
            is_damaged = is_judged and residents.find_fault(read(text)) is not None
            return DAMAGED if is_damaged else tokens.masked(ring(), text)
        except (RowFault, ValueError):
            return DAMAGED

    return mask


class Screen:
    """Looks through the rows of one file."""

    def __init__(self, intake: Intake) -> None:
        self._reading, kind = intake.reading, intake.kind.name
        fields = FIELDS_OF[kind]
        self._mask = masker(intake)
        composed = [name for name in KEYS[kind] if intake.reading.is_composed(name)]
        self._keys = [(name, fields.index(name)) for name in KEYS[kind] if name not in composed]
        self._groups = [(name, fields.index(name)) for name in GROUPS if kind in _WITH_GROUPS]
        self._free = [fields.index(name) for name in (*FREE.get(kind, ()), *composed)]
        self._join_keys = _joiner([place for _, place in self._keys])
        self._join_texts = _joiner([*(place for _, place in self._groups), *self._free])
        self._name = fields.index("name") if "name" in fields else None
        has_residents = "resident" in fields and not intake.reading.profile.is_opaque
        self._resident = fields.index("resident") if has_residents else None
        # a column that no field uses, but that is known to hold a person
        self._persons = intake.reading.identities if kind == "redemptions" else ()
        # where no person says whether a row is in its place, only true numbers count
        self._is_told = bool(has_residents or self._persons)
        self._suspect = identities.SUSPECT if self._is_told else identities.SUSPECT_NUMBER

    def every(self, records: Iterable[Record]) -> Iterator[Record]:
        """The rows as they may be kept. Some at a time are looked at as one text: most hold
        nothing that looks like an identity.
        """
        coming = iter(records)
        while some := [*islice(coming, AT_ONCE)]:
            rows = [each.values for each in some if each.fault is None and each.kept is None]
            is_odd = rows and self.may_hold_one([*zip(*rows, strict=True)])
            yield from map(self.look, some) if is_odd else some

    def may_hold_one(self, columns: Sequence[Sequence[str]]) -> bool:
        """Whether one of the rows, given by their fields, has to be looked at by itself."""
        keys = SEPARATOR.join([SEPARATOR.join(columns[place]) for _, place in self._keys])
        if PREFIX in keys or identities.may_hold_one(keys, of_numbers=not self._is_told):
            return True
        places = [*(place for _, place in self._groups), *self._free]
        texts = SEPARATOR.join([SEPARATOR.join(columns[place]) for place in places])
        return PREFIX in texts or identities.may_hold_one(texts)

    def look(self, record: Record) -> Record:
        """The row as it may be kept: as it is, with texts masked, or with the fault that an
        identity in a key or group is.
        """
        if record.fault is not None or record.kept is not None:
            return record
        values = record.values
        keys = self._join_keys(values)
        if self._suspect.search(keys) or PREFIX in keys:
            for name, place in self._keys:
                if self._is_identity(record, name, values[place]):
                    return self._refuse(record, name, place, IN_A_KEY)
        texts = self._join_texts(values)
        if not identities.SUSPECT.search(texts) and PREFIX not in texts:
            return record
        for name, place in self._groups:
            if identities.find(values[place]) or PREFIX in values[place]:
                return self._refuse(record, name, place, IN_A_GROUP)
        if self._name is not None and identities.is_somebody(values[self._name]):
            return self._refuse(record, "name", self._name, IN_A_GROUP)
        return self._with_masked_texts(record)

    def _is_identity(self, record: Record, name: str, text: str) -> bool:
        resident = self._find_person(record)
        usual = self._reading.usual_widths.get(name)
        return bool(text) and is_identity_in_key(
            name, text, usual=usual, cells=record.cells, resident=resident
        )

    def _find_person(self, record: Record) -> str | None:
        """Who stands in the row where a person should; None when nobody need stand there."""
        if self._resident is not None:
            return record.values[self._resident]
        there = [text for at in self._persons if (text := id_text(record.cells[at]))]
        return next(filter(identities.is_somebody, there), there[0] if there else None)

    def _refuse(self, record: Record, name: str, place: int, problem: Word) -> Record:
        value = mask_found(record.values[place], self._mask)
        about = {"column": self._reading.column(name), "value": value, "problem": problem}
        fault = Problem("bad_row", "{column}: {value}: {problem}", params=about)
        return record._replace(fault=fault, kept=None)

    def _with_masked_texts(self, record: Record) -> Record:
        values = list(record.values)
        for place in self._free:
            values[place] = mask_found(values[place], self._mask)
        return record._replace(values=tuple(values))


def _joiner(places: list[int]) -> Callable[[tuple[str, ...]], str]:
    """The function that puts these values of a row into one text."""
    if len(places) < 2:
        return lambda values: SEPARATOR.join([values[at] for at in places])
    pick = itemgetter(*places)
    return lambda values: SEPARATOR.join(pick(values))


_WITH_GROUPS = ("applications", "eligibility")


def is_identity_in_key(
    field: str, text: str, *, usual: int | None, cells: Iterable[str], resident: str | None
) -> bool:
    """Whether a key holds an identity. `usual`: how many digits most numbers of that column have;
    `cells`: the row; `resident`: what stands in its resident's column (None: it has none, or the
    platform's numbers are opaque).
    """
    if text.startswith(PREFIX):
        return True
    found = identities.find(text)
    sure = [each for each in found if each.is_sure]
    if sure:
        years = YEAR.findall(" ".join(cells))
        return any(_birth_year(text[each.start : each.end]) not in years for each in sure)
    one = None if field in _OF_MERCHANTS else identities.whole(text)
    if one is None:
        return False
    if one.kind == "person" and ONE_OF_18.fullmatch(text):
        return usual != 18 and _birth_year(text) not in YEAR.findall(" ".join(cells))
    if resident is None or identities.is_somebody(resident):
        return False
    return usual != len(text) or one.kind in ("mobile", "email")


_OF_MERCHANTS = ("uscc", "phone", "account_no", "bank_no")


def _birth_year(text: str) -> str:
    digits = "".join(char for char in text.translate(identities.EVEN) if char in "0123456789")
    return digits[6:10]
