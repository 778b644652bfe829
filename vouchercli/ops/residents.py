"""Residents as people name them at the desk and in lists of requests: cleaned and judged as a cell
of any file is, then known by their token.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Problem, Word
from vouchercli.rules import identities as law
from vouchercli.rules import resident_tokens
from vouchercli.store import identities

if TYPE_CHECKING:
    from types import ModuleType

    from vouchercli.result import Outcome
    from vouchercli.session import Session


@cache
def _readers() -> ModuleType:
    """What reads cells: loaded only where a resident is named, for lists begin with this file."""
    from vouchercli.formats.tables import readers

    return readers


def asked(session: Session, resident: str | None) -> bytes | None:
    """The token of the resident that a command names; None where it names none. Raises
    `VoucherError` bad_resident.
    """
    if not resident:
        return None
    try:
        return identities.token(identities.load_ring(session.path, session.db), clean(resident))
    except ValueError as error:
        raise damaged_token() from error


def clean(resident: str) -> str:
    """An identity, or its token, as the cell of a file would be read. Raises `VoucherError`
    bad_resident when a spreadsheet has damaged it.
    """
    readers = _readers()
    try:
        text: str = readers.reader("resident", "resident")(resident)
    except readers.RowFault as fault:
        raise _unusable(fault.problem.params["problem"]) from None
    if not text:
        raise _unusable(readers.NOTHING)
    if problem := find_fault(text):
        raise _unusable(problem)
    return text


def find_fault(identity: str) -> Word | None:
    """What is wrong with a cleaned identity: it is hidden in part, several stand there, or more
    than one number, or it is written with odd marks, or a spreadsheet kept it as a number.
    """
    if law.is_masked(identity):
        return law.MASKED
    if not (identity.isascii() and identity.isalnum()):  # else it is one number
        if law.is_several(identity):
            return law.SEVERAL_VALUES
        if law.has_more_than_a_number(identity):
            return law.BESIDE_A_NUMBER
        if law.has_odd_marks(identity):
            return law.ODD_MARKS
    is_rounded = identity[-3:] == "000" and law.is_rounded(law.even_out(identity))
    return law.ROUNDED_IDENTITY if is_rounded else None


def warnings(resident: str) -> tuple[Problem, ...]:
    """What is odd about an identity that is taken all the same."""
    if not law.has_wrong_check(law.even_out(resident)):
        return ()
    text = (
        "the last character of the resident's identity number does not fit to the others: it may"
        " be mistyped"
    )
    return (Problem("identity_check_digit", text, level="warning"),)


def warn_of_arguments(outcome: Outcome, *named: str, hint: str) -> Outcome:
    """The outcome, with a warning when an identity itself stood on the command line."""
    if all(each.startswith(resident_tokens.PREFIX) for each in named):
        return outcome
    warning = Problem(
        "resident_in_arguments",
        "the identity stood on the command line: other users of this machine can read it while the"
        " command runs, and the shell keeps it in its history",
        level="warning",
        hint=hint,
    )
    return replace(outcome, problems=(*outcome.problems, warning))


def damaged_token() -> VoucherError:
    """The refusal of a token that is not whole."""
    return VoucherError(
        "bad_resident",
        "the resident's token is damaged",
        hint="copy it whole: token: and all 32 or 34 hexadecimal digits",
    )


def _unusable(problem: Word) -> VoucherError:
    return VoucherError(
        "bad_resident",
        "the resident's number cannot be used: {problem}",
        hint="write it as it is on the identity card, or as the platform writes it",
        problem=problem,
    )
