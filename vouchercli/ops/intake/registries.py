"""Import the file of a merchant registry: new, changed and missing merchants. `ops.setup.merchants`
shows them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.configs import divisions, fields
from vouchercli.formats.tables import files
from vouchercli.formats.tables.cells import id_text, identity_key
from vouchercli.formats.tables.headers import REJECT_COLUMNS
from vouchercli.formats.tables.readers import is_unknown
from vouchercli.ops.intake import (
    accounts,
    changed_accounts,
    importing,
    merchant_corrections,
    new_merchants,
    staging,
)
from vouchercli.ops.intake.kinds import Intake, Kind, Unfit
from vouchercli.result import Column, Message, Outcome, Table, say
from vouchercli.rules import merchants as rules
from vouchercli.rules.accounts import bank_check_digit, cleaned, is_bank_no, is_masked
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import audit, batches, registries, suspensions
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.kinds import Typed
    from vouchercli.session import Session
    from vouchercli.store.duplicates import Stay

FIELDS = fields.FIELDS["merchants"]
USCC, DISTRICT, BANK_NO = map(FIELDS.index, ("uscc", "district", "bank_no"))
MISSING_WAYS = ("report", "suspend")
NAMED_MISSING = 10
SUSPEND = "merchant.suspend"  # the deed, in the log


def import_merchants(
    session: Session,
    file: str,
    *,
    profile: str | None = None,
    encoding: str | None = None,
    missing: str = "report",
    is_sure: bool = False,
    from_at: int | None = None,
    note: str = "",
    **options: Any,
) -> Outcome:
    """Update the registry from a file: add, change, and report who is missing (`missing="suspend"`:
    suspend them from now). Its changes hold from `from_at` (UTC seconds; None: from now); a moment
    before now is a correction, with a `note` (see merchant_corrections.py).

    Raises `VoucherError` when the file cannot be the whole registry and its missing were to be
    suspended (unless `is_sure`).
    """
    if missing not in MISSING_WAYS:
        raise UsageFault(
            "unknown_missing",
            "--missing {given}: choose one of: {known}",
            hint="voucher merchant import --help",
            given=missing,
            known=", ".join(MISSING_WAYS),
        )
    reading_options: dict[str, Any] = {"profile": profile, "encoding": encoding}
    options |= {**reading_options, "missing": missing, "is_sure": is_sure}
    is_correction = from_at is not None and from_at < session.now
    if is_correction:
        merchant_corrections.require_note(session, file, note)
    kept = None if from_at is None or is_correction else {"from_at": from_at}
    outcome = importing.take_in(session, KIND, file, kept=kept, **options)
    if "repeats" in outcome.data and missing == "suspend":
        outcome = _suspend_afterwards(
            session, files.read(file, KIND.name, **reading_options), outcome, is_sure=is_sure
        )
    else:
        outcome = replace(outcome, says=(*outcome.says, *_sentences(outcome.data)))
    outcome = replace(outcome, tables=(*outcome.tables, _missing_table(outcome.data)))
    if not is_correction or session.dry_run:
        return outcome
    assert from_at is not None
    correction = merchant_corrections.propose(session, outcome.data["batch"], from_at, note)
    return replace(
        outcome,
        data={**outcome.data, "correction": correction.data},
        says=(*outcome.says, *correction.says),
        problems=(*outcome.problems, *correction.problems),
    )


def _suspend_afterwards(
    session: Session, reading: Reading, repeat: Outcome, *, is_sure: bool
) -> Outcome:
    """The file came before and its missing were only reported: now they are suspended, unless a
    later file of the registry came. Where they were suspended for it once already, nothing is done:
    who was reinstated since then stays so.
    """
    registry, batch_id = reading.profile.profile, repeat.data["batch"]
    with writing(session) as db:
        latest = batches.last_of_profile(db, KIND.name, registry)
        if latest != batch_id:
            raise VoucherError(
                "registry_superseded",
                "batch {latest} is a later file of registry {registry}",
                hint="voucher batch show {latest}",
                latest=latest,
                registry=registry,
            )
        was_done = audit.is_noted(db, SUSPEND, f"batch {batch_id}")
        options = {"missing": "report" if was_done else "suspend", "is_sure": is_sure}
        intake = Intake(session, db, KIND, reading, batch_id, None, HOME_ZONE, options)
        staging.expect(intake)
        staging.stage(intake, reading.records())
        more = {"added": 0, "changed": 0, "returned": 0, **_report_missing(intake, registry)}
    data = {**repeat.data, **more}
    return replace(repeat, data=data, says=repeat.says if was_done else _sentences(data))


def _typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """A column that the file does not have is None, and so is a spreadsheet's error: what is stored
    stays.
    """
    absent = [
        place
        for place, field in enumerate(FIELDS)
        if field not in ("merchant_no", "name") and not intake.reading.has(field)
    ]
    number, name, uscc, account = (
        FIELDS.index(field) for field in ("merchant_no", "name", "uscc", "account_no")
    )
    sealer = accounts.Sealer(intake)

    def type_row(values: tuple[str, ...]) -> Typed:
        if not (values[number] and values[name]):
            return Unfit("bad_row", {"column": "name" if values[number] else "merchant_no"})
        if is_masked(values[account]):
            return Unfit("bad_row", {"problem": accounts.IS_MASKED})
        row: list[str | None] = [None if is_unknown(value) else value for value in values]
        row[uscc] = row[uscc] and values[uscc].upper()
        row[account] = row[account] and sealer.write(values[number], values[account])
        if row[BANK_NO]:
            row[BANK_NO] = bank_no = cleaned(values[BANK_NO])
            if not is_bank_no(bank_no):
                return accounts.unfit_bank_no(intake.reading, values[BANK_NO])
        for place in absent:
            row[place] = None
        return tuple(row)

    return type_row


def _warnings(
    values: tuple[str, ...], row: tuple[Any, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is odd about a row that is accepted all the same."""
    uscc, district = row[USCC], row[DISTRICT]
    errors = {
        field: value[1:] for field, value in zip(FIELDS, values, strict=True) if is_unknown(value)
    }
    if errors:
        yield "error_cell", {"column": ", ".join(errors), "value": ", ".join(errors.values())}
    if uscc:
        yield from _uscc_warnings(uscc)
    if (bank_no := row[BANK_NO]) and bank_no[-1] != (expected := bank_check_digit(bank_no)):
        yield "bank_no_check_digit", {"bank_no": bank_no, "expected": expected}
    if district and rules.DIVISION_CODE.fullmatch(district):
        successors = divisions.successors_of_retired().get(district)
        if successors is not None:
            yield (
                "retired_division",
                {
                    "district": district,
                    **({"successor": ", ".join(successors)} if successors else {}),
                },
            )


def _uscc_warnings(uscc: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if rules.is_old_number(uscc):
        yield "old_registration_number", {"uscc": uscc, "digits": len(uscc)}
    elif not rules.is_uscc(uscc):
        yield "uscc_check_digit", {"uscc": uscc}
    elif (expected := rules.check_digit(uscc)) != uscc[-1]:
        yield "uscc_check_digit", {"uscc": uscc, "expected": expected}


def _judge(intake: Intake) -> None:
    profile = intake.reading.profile
    # a number made of columns is the same in any case and width, and so are the values beside it
    fold = identity_key if profile.key else None
    registries.judge(intake.db, intake.batch_id, profile.profile, _find_from(intake), fold=fold)


def _accept(intake: Intake) -> dict[str, Any]:
    """Write the changes and count the merchants that are listed again; a whole file (no retry, no
    corrected rejects) also reports the missing ones.
    """
    registry = intake.reading.profile.profile
    more: dict[str, Any] = dict(
        registries.accept(
            intake.db, intake.batch_id, registry, intake.session.now, _find_from(intake)
        )
    )
    registries.note_listed(intake.db, intake.batch_id)
    more["accounts_changed"] = changed_accounts.hold(intake.session, intake.batch_id)
    more["returned"] = suspensions.end_returned(intake.db, intake.batch_id, intake.session.now)
    return more | _report_missing(intake, registry)


def _find_from(intake: Intake) -> int:
    """Since when what the file says holds: as its import was told, else now."""
    kept = json.loads(batches.named(intake.db, intake.batch_id).options)
    from_at: int = kept.get("from_at", intake.session.now)
    return from_at


def _report_missing(intake: Intake, registry: str) -> dict[str, Any]:
    """The merchants missing from a whole file; they are suspended when that was asked for."""
    if "missing" not in intake.options or REJECT_COLUMNS[0] in intake.reading.header:
        return {}
    unread, texts = _count_unread(intake)
    missing_rows = registries.missing(intake.db, intake.batch_id, registry, texts)
    suspended = 0
    if missing_rows and intake.options["missing"] == "suspend":
        _refuse_doubtful(intake, registry, len(missing_rows), unread)
        suspended = _suspend_missing(intake, registry, missing_rows)
    missing_merchants = [
        {"merchant_no": row["merchant_no"], "name": row["name"]} for row in missing_rows
    ]
    return {
        "missing": len(missing_rows),
        "suspended": suspended,
        "missing_merchants": missing_merchants,
    }


def _count_unread(intake: Intake) -> tuple[int, set[str]]:
    """How many rows name a merchant that cannot be told, and the numbers of merchants that stand in
    damaged rows all the same: those are not missing.
    """
    rows = [
        {id_text(cell) for cell in json.loads(row["cells"])} for row in registries.unread(intake.db)
    ]
    known = registries.known(intake.db, set[str]().union(*rows))
    return sum(not texts & known for texts in rows), known


def _refuse_doubtful(intake: Intake, registry: str, missing_rows: int, unread: int) -> None:
    """Nobody is suspended for a file that looks like a part of its registry (less than half), or
    for rows that cannot be read.
    """
    if intake.options["is_sure"]:
        return
    if unread:
        raise VoucherError(
            "registry_unread",
            "{count} rows of the file cannot be read: their merchants would be suspended as"
            " missing",
            hint="correct the rows first; or leave out --missing suspend; or add --yes",
            count=unread,
        )
    known = registries.count(intake.db, registry)
    if 2 * missing_rows > known:
        raise VoucherError(
            "registry_in_part",
            "{missing} of the {known} merchants of registry {registry} are not in this file: it"
            " seems to be only a part of the registry",
            hint=(
                "import the whole registry; or leave out --missing suspend; or add --yes to suspend"
                " all {missing}"
            ),
            missing=missing_rows,
            known=known,
            registry=registry,
        )


def _suspend_missing(intake: Intake, registry: str, missing_rows: list[sqlite3.Row]) -> int:
    """Suspend those that the registry dropped, all in one deed; returns how many were not suspended
    already.
    """
    session = intake.session
    reason = f"no longer in registry {registry} (batch {intake.batch_id})"
    stopped = suspensions.begin_missing(
        intake.db,
        intake.batch_id,
        [row["merchant_id"] for row in missing_rows],
        at=session.now,
        reason=reason,
        actor=session.actor,
    )
    audit.note(
        session,
        SUSPEND,
        f"batch {intake.batch_id}",
        from_at=session.now,
        reason=reason,
        merchants=[row["merchant_no"] for row in missing_rows],
    )
    return stopped


def _undo(session: Session, batch_id: int) -> list[Stay]:
    stay = registries.undo(session.db, batch_id)
    changed_accounts.put_back(session, batch_id)
    merchant_corrections.withdraw(session, batch_id)
    return stay


KIND = Kind(
    name="merchants",
    needs_programme=False,
    create=registries.CREATE_INCOMING,
    add=registries.ADD_INCOMING,
    width=registries.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=_undo,
    warnings=_warnings,
    by_columns=new_merchants.chunks,
)


def _sentences(data: dict[str, Any]) -> tuple[Message, ...]:
    """What the file changed, in sentences; nothing for a file that came before."""
    if "missing" not in data:
        return ()
    changed = data.get("accounts_changed")
    says = [
        say(
            "registry {profile}: {added} added, {changed} changed, {missing} missing",
            **{key: data[key] for key in ("profile", "added", "changed", "missing")},
        )
    ]
    if changed:
        says.append(
            say(
                "{count} merchants have another account than before: they are not paid until a"
                " second person has looked at it: voucher settlement holds --reason"
                " account_changed",
                count=changed,
            )
        )
    if data["returned"]:
        says.append(
            say(
                "{count} merchants are listed again and no longer suspended", count=data["returned"]
            )
        )
    if data["suspended"]:
        says.append(
            say("{count} missing merchants are suspended from now on", count=data["suspended"])
        )
    elif data["missing"]:
        says.append(say("missing merchants stay as they are (--missing suspend suspends them)"))
    return tuple(says)


def _missing_table(data: dict[str, Any]) -> Table:
    missing_rows = data.get("missing_merchants") or []
    more = say(
        "The first {shown} of {count}; -o json lists all.",
        shown=NAMED_MISSING,
        count=len(missing_rows),
    )
    return Table(
        say("No longer in registry {profile}", profile=data["profile"]),
        (Column("merchant_no", "Number"), Column("name", "Name")),
        missing_rows[:NAMED_MISSING],
        notes=(more,) if len(missing_rows) > NAMED_MISSING else (),
        optional=True,
    )
