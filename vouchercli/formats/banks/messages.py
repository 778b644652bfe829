"""What the messages of banks have in common: their values, each refused with its line when it is
none, and the file's own head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.banks import money
from vouchercli.result import Word
from vouchercli.transfers import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.formats.banks.elements import Element
    from vouchercli.transfers import Answer

NO_NUMBER = "NOTPROVIDED"  # what stands where a number must be and there is none
FETCH_AGAIN = "fetch the file from the bank again; nothing of it was used"


def number_of(element: Element, *paths: tuple[str, ...]) -> str:
    """The first number at these paths that is one; ''."""
    found = (element.value(*path) for path in paths)
    return next((text for text in found if text and text.upper() != NO_NUMBER), "")


def other_currency(where: str, currency: str) -> VoucherError:
    """The refusal of a file with an amount of ours in another currency, at that place of it."""
    return VoucherError(
        "bank_currency",
        "{file} has an amount in {currency}, and transfers are in CNY",
        hint="check that it is the file of the right account; nothing of it was used",
        where=where,
        file=where.rsplit(":", 2)[0],
        currency=currency,
    )


class Place:
    """A file by its name: whatever is wrong in it is said with its line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def at(self, element: Element) -> str:
        """The place of an element."""
        return f"{self.name}:{element.line}:{element.column}"

    def fen(self, element: Element) -> int:
        """An amount in CNY. Raises `VoucherError`: bank_currency, bad_bank_value."""
        currency = self.currency(element)
        if currency != CURRENCY:
            raise other_currency(self.at(element), currency)
        return self.sum(element)

    def currency(self, element: Element | None) -> str:
        """In what an amount is."""
        return CURRENCY if element is None else element.attributes.get("Ccy", CURRENCY)

    def sum(self, element: Element) -> int:
        """An amount in hundredths of any currency. Raises `VoucherError` bad_bank_value."""
        try:
            return money.fen(element.text)
        except ValueError:
            raise self.bad_value(element, Word("it is no amount with two decimals")) from None

    def count(self, element: Element) -> int:
        """A whole number. Raises `VoucherError` bad_bank_value."""
        if not (element.text.isascii() and element.text.isdigit() and len(element.text) <= 15):
            raise self.bad_value(element, Word("it is no whole number"))
        return int(element.text)

    def day(self, element: Element | None) -> int | None:
        """The day of a date, a time, or the element that holds one of both; None of nothing.
        Raises `VoucherError` bad_bank_value.
        """
        if element is None:
            return None
        inner = element.first("Dt") or element.first("DtTm") or element
        if not inner.text:
            return None
        try:
            return money.day_of(inner.text)
        except ValueError:
            raise self.bad_value(inner, Word("there is no such day")) from None

    def seconds(self, element: Element | None) -> int | None:
        """A time as UTC seconds; None of nothing, and where no zone is said. Raises `VoucherError`
        bad_bank_value.
        """
        if element is None or not element.text:
            return None
        try:
            return money.seconds_of(element.text)
        except ValueError:
            raise self.bad_value(element, Word("there is no such time")) from None

    def bad_value(self, element: Element, why: Word) -> VoucherError:
        """The refusal of a value."""
        return VoucherError(
            "bad_bank_value",
            "{file}: {element} {value}: {why}",
            hint=FETCH_AGAIN,
            where=self.at(element),
            file=self.name,
            element=element.name,
            value=element.text[:40],
            why=why,
        )

    def missing(self, element: Element, name: str) -> VoucherError:
        """The refusal of an element that lacks what it must have."""
        return VoucherError(
            "bank_value_missing",
            "{file}: {element} has no {name}",
            hint=FETCH_AGAIN,
            where=self.at(element),
            file=self.name,
            element=element.name,
            name=name,
        )

    def unknown_status(self, where: str, status: str) -> VoucherError:
        """The refusal of a status that nobody knows."""
        return VoucherError(
            "unknown_bank_status",
            "{file} has a status that is not known: {status}",
            hint="ask the bank what it means; nothing of the file was used",
            where=where,
            file=self.name,
            status=status[:40],
        )

    def differ(self, where: str, what: Word, said: object, found: object) -> VoucherError:
        """The refusal of a file whose own count or sum is not that of what it holds."""
        return VoucherError(
            "bank_sums_differ",
            "{file} is cut off or changed: {what} says {said}, the file holds {found}",
            hint=FETCH_AGAIN,
            where=where,
            file=self.name,
            what=what,
            said=said,
            found=found,
        )

    def refuse_repeats(self, answers: Iterable[Answer]) -> None:
        """Raises `VoucherError` bank_answer_twice when one booking or status stands in the file
        twice.
        """
        seen: dict[tuple[str, str], str] = {}
        for answer in answers:
            first = seen.setdefault((answer.transfer_no, answer.entry_no), answer.where)
            if first != answer.where:
                raise self.twice(answer, first)

    def twice(self, answer: Answer, first: str) -> VoucherError:
        """The refusal of a file that answers a transfer a second time."""
        return VoucherError(
            "bank_answer_twice",
            "{file} answers transfer {transfer_no} twice (first at {first})",
            hint="ask the bank for a file that answers each transfer once; nothing of it was used",
            where=answer.where,
            file=self.name,
            transfer_no=answer.transfer_no,
            first=first,
        )
