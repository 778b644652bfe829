"""Columns that have changed places under a header that fits: seen in the first rows, before
anything is taken.

Most such files are caught row by row: a time is no claim number. Three kinds are looked for here:
people's identity numbers in a column that is not the resident's, where they would be stored in
clear; people's telephone numbers in the place of numbers while the residents are none; and numbers
in the place of names, since any text can be one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats.tables.cells import id_text
from vouchercli.result import Word

if TYPE_CHECKING:
    from vouchercli.formats.tables.records import Reading, Record

IDENTITY = re.compile(
    r"[1-9]\d{5}((?:19|20)\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]", re.ASCII
)
YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
NUMBER = re.compile(r"[A-Z]{0,3}[-#]?\d[\d-]*", re.ASCII)  # M001
TELEPHONE = re.compile(r"[+(]?\d[\d ()-]{6,}\d", re.ASCII)
CODE = re.compile(r"(?=.*\d)[0-9A-Z]{18}")  # a unified social credit code


# Where no person belongs, by the kind of file.
NOBODY = {
    "claims": ("claim_no", "round", "claimed_at"),
    "applications": ("application_no", "round", "applied_at"),
    "redemptions": ("transaction_no", "claim_no", "merchant_no"),
}


def refuse_swapped(reading: Reading, sample: list[Record]) -> None:
    """Raises `VoucherError` columns_swapped when more than half of the first rows show it."""
    kind = reading.profile.kind
    for field in NOBODY.get(kind, ()):
        people = [record for record in sample if _is_person(record, reading.position(field))]
        _refuse(reading, sample, field, people, Word("people's identity numbers"))
    if kind in ("claims", "applications") and not reading.profile.is_opaque:
        number, resident = (reading.position(field) for field in (NOBODY[kind][0], "resident"))
        called = [record for record in sample if _is_called(record, number, resident)]
        _refuse(reading, sample, NOBODY[kind][0], called, Word("people's telephone numbers"))
    if kind == "merchants":
        numbered = [record for record in sample if _is_numbered(*record.values[:2])]
        _refuse(reading, sample, "name", numbered, Word("numbers instead of names"))


def _refuse(
    reading: Reading, sample: list[Record], field: str, swapped: list[Record], what: Word
) -> None:
    if 2 * len(swapped) > len(sample):
        raise VoucherError(
            "columns_swapped",
            "{file} has {what} in the column {column}: its columns are swapped",
            file=reading.name,
            what=what,
            hint=(
                "compare the header with the rows; when it is right, import it with --profile"
                " {profile}"
                if reading.profile.kind == "merchants"
                else "compare the header with the rows; nothing was imported"
            ),
            profile=reading.profile.profile,
            column=reading.column(field),
            where=f"{reading.name}:{swapped[0].line}",
        )


def _is_person(record: Record, place: int | None) -> bool:
    """Whether an identity number stands there: its date is a birthday, not a day of the year that
    the row speaks of (some platforms number their claims by district and day).
    """
    if place is None or place >= len(record.cells):
        return False
    number = IDENTITY.fullmatch(id_text(record.cells[place]))
    return number is not None and number[1] not in YEAR.findall(" ".join(record.cells))


def _is_called(record: Record, number: int | None, resident: int | None) -> bool:
    """Whether a telephone number stands in the place of a number, and nobody in the resident's."""
    if number is None or resident is None or max(number, resident) >= len(record.cells):
        return False
    one = identities.whole(record.cells[number])
    is_mobile = one is not None and one.kind == "mobile"
    return is_mobile and not identities.is_somebody(id_text(record.cells[resident]))


def _is_numbered(number: str, name: str) -> bool:
    """The name is a telephone number or a business code; or it is a number while the number has no
    digit.
    """
    if CODE.fullmatch(name.upper()) or TELEPHONE.fullmatch(name):
        return True
    return (
        NUMBER.fullmatch(name.upper()) is not None
        and number != ""
        and not any(char.isdigit() for char in number)
    )
