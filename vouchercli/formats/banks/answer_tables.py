"""A bank's answers as CSV or XLSX, by the section `answers:` of its profile, which is written as
that of a platform.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.banks import money
from vouchercli.formats.banks.messages import FETCH_AGAIN, Place
from vouchercli.formats.banks.statuses import masked
from vouchercli.formats.configs.fields import ANSWERS, FIELDS_OF
from vouchercli.formats.tables import files, sheets
from vouchercli.result import Problem, Word
from vouchercli.transfers import STATUSES, Answer, AnswerFile

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.configs.profiles import Profile
    from vouchercli.formats.tables.records import Reading, Record

MOST_SHOWN = 20  # faults that are told one by one
DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", re.ASCII)


def read(path: Path | str, profile: Profile, name: str, sha256: str) -> AnswerFile:
    """The answers in a table, all of them or none. Raises `VoucherError`: bad_bank_rows with every
    row that cannot be used (the first twenty), unknown_bank_layout, unknown_bank_status,
    bank_answer_twice, no_bank_answers, and what reading files and their last lines raises.
    """
    place = Place(name)
    reading = _open(path, profile)
    answers: list[Answer] = []
    faults: list[Problem] = []
    bad = 0
    for record in reading.records():
        answer = _answer(reading, record, place)
        if isinstance(answer, Problem):
            bad += 1
            faults += [answer] if len(faults) < MOST_SHOWN else []
        else:
            answers.append(answer)
    if bad:
        raise VoucherError(
            "bad_bank_rows",
            "{file}: {count} row(s) cannot be used; nothing of the file was used",
            hint="ask the bank for the file again, or correct the profile of the bank",
            where=name,
            problems=faults,
            file=name,
            count=bad,
        )
    if not answers:
        raise VoucherError(
            "no_bank_answers",
            "{file} answers no transfer",
            hint=FETCH_AGAIN,
            where=f"{name}:{reading.header_line}",
            file=name,
        )
    _refuse_repeats(answers, place)
    return AnswerFile(
        kind="table",
        sha256=sha256,
        message_no="",
        order_no="",
        order_transfers=None,
        order_sum_fen=None,
        made_at=None,
        answers=tuple(answers),
        of_orders=(),
        accounts=(),
        others=reading.ignored,
        others_fen=0,
        problems=(),
    )


def _open(path: Path | str, profile: Profile) -> Reading:
    try:
        return files.read_by([profile], path, is_given=True)
    except VoucherError as error:
        if error.code not in ("unknown_layout", "other_kind"):
            raise
        raise VoucherError(
            "unknown_bank_layout",
            "{file} has other columns than the bank's profile {profile} reads",
            hint="check that it is the file with the answers of this bank, or correct answers: in"
            " its profile; nothing of the file was used",
            where=error.where,
            problems=[each for each in error.problems if each.code == "missing_columns"],
            file=str(path),
            profile=profile.profile,
        ) from error


def _answer(reading: Reading, record: Record, place: Place) -> Answer | Problem:
    """One row as an answer, or what is wrong with it. Raises `VoucherError` unknown_bank_status."""
    where = sheets.where(place.name, record.line, reading.sheets)
    if record.fault:
        fault = record.fault
        return Problem(fault.code, fault.text, where, fault.hint, params=fault.params)
    value = dict(zip(FIELDS_OF[ANSWERS], record.values, strict=True))
    status = next((each for each in STATUSES if each == value["status"]), None)
    said = _said(reading, record) or value["status"]
    if status is None:
        raise place.unknown_status(where, said)
    amount_fen = paid_on = None
    try:
        amount_fen = money.fen(value["amount"]) if value["amount"] else None
    except ValueError:
        return _unfit(where, "amount", value["amount"], Word("it is no amount with two decimals"))
    try:
        paid_on = money.day_of(_dashed(value["paid_on"])) if value["paid_on"] else None
    except ValueError:
        return _unfit(where, "paid_on", value["paid_on"], Word("there is no such day"))
    return Answer(
        where=where,
        transfer_no=value["transfer_no"],
        status=status,
        amount_fen=amount_fen,
        paid_on=None if status == "accepted" else paid_on,
        reference=value["reference"],
        reason_code=value["reason_code"],
        reason=masked(value["reason"]),
        entry_no=f"{status}:{value['reference'] or f'{paid_on}:{amount_fen}'}",
        said=said,
    )


def _said(reading: Reading, record: Record) -> str:
    """The bank's own word for the status."""
    at = reading.position("status")
    return "" if at is None or at >= len(record.cells) else record.cells[at].strip()


def _dashed(text: str) -> str:
    """A day as 2026-04-01, also of 20260401 and 2026/4/1."""
    found = DAY.match(text)
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}" if found else text


def _unfit(where: str, column: str, value: str, why: Word) -> Problem:
    return Problem(
        "bad_row",
        "{column}: {value}: {problem}",
        where,
        params={"column": column, "value": value, "problem": why},
    )


def _refuse_repeats(answers: list[Answer], place: Place) -> None:
    """A table says what became of each transfer: once."""
    first: dict[str, str] = {}
    for answer in answers:
        if first.setdefault(answer.transfer_no, answer.where) != answer.where:
            raise place.twice(answer, first[answer.transfer_no])
