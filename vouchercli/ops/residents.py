"""Residents as people name them at the desk and in lists of requests: cleaned and judged as a cell
of any file is, then known by their token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.tables.nothing import DAMAGED, is_error, is_nothing
from vouchercli.formats.tables.readers import DAMAGED_IDENTITY, NOTHING, SEVERAL, RowFault, reader
from vouchercli.result import Problem, Word
from vouchercli.rules import identities as law
from vouchercli.store import identities

if TYPE_CHECKING:
    from vouchercli.session import Session

READ = reader("resident", "resident")


def asked(session: Session, resident: str | None) -> bytes | None:
    """The token of the resident that a command names; None where it names none. Raises
    `VoucherError` bad_resident.
    """
    if not resident:
        return None
    try:
        return identities.token(identities.load_key(session.path), clean(resident))
    except ValueError as error:
        raise damaged_token() from error


def clean(resident: str) -> str:
    """An identity, or its token, as the cell of a file would be read. Raises `VoucherError`
    bad_resident when a spreadsheet has damaged it.
    """
    try:
        text = READ(resident)
    except RowFault as fault:
        raise _unusable(fault.problem.params["problem"]) from None
    if not text:
        raise _unusable(NOTHING)
    if problem := find_fault(text):
        raise _unusable(problem)
    return text


def find_fault(identity: str) -> Word | None:
    """What is wrong with a cleaned identity: several stand there, or a spreadsheet kept it as a
    number.
    """
    if law.is_several(identity):
        return SEVERAL
    is_rounded = identity[-3:] == "000" and law.is_rounded(law.even_out(identity))
    return DAMAGED_IDENTITY if is_rounded else None


def masked(key: identities.Key, text: str) -> str:
    """A text in a person's column as its token. What says that nobody is there stays; what is
    damaged becomes an error, for its token would be read back as a person.
    """
    if is_nothing(text) or is_error(text):
        return text
    try:
        return DAMAGED if find_fault(READ(text)) else identities.masked(key, text)
    except (RowFault, ValueError):
        return DAMAGED


def warnings(resident: str) -> tuple[Problem, ...]:
    """What is odd about an identity that is taken all the same."""
    if not law.has_wrong_check(law.even_out(resident)):
        return ()
    text = (
        "the last character of the resident's identity number does not fit to the others: it may"
        " be mistyped"
    )
    return (Problem("identity_check_digit", text, level="warning"),)


def damaged_token() -> VoucherError:
    """The refusal of a token that is not whole."""
    return VoucherError(
        "bad_resident",
        "the resident's token is damaged",
        hint="copy it whole: token: and 32 hexadecimal digits",
    )


def _unusable(problem: Word) -> VoucherError:
    return VoucherError(
        "bad_resident",
        "the resident's number cannot be used: {problem}",
        hint="write it as it is on the identity card, or as the platform writes it",
        problem=problem,
    )
