"""A statement for each merchant, as a file named by its number: written aside and renamed, by one
process a core. What a run that was killed has written stays where nothing has changed since.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats import whole_files
from vouchercli.ops.settlements import lookup, statements
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, say
from vouchercli.rules import doors, times
from vouchercli.store import audit, programmes, side_processes, side_readers
from vouchercli.store import statements as store
from vouchercli.store.db import reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vouchercli.ops.settlements.statements import About
    from vouchercli.session import Session

FORMS = ("xlsx", "csv", "html")
LABEL = "statements.json"  # says whose folder it is, and of what the files are made
DONE = ".done-{part}.jsonl"  # the digests of the files that a process has written
LOT = 12_500  # merchants that are read at once
FEW = 200  # merchants: for so few no process is started
LONGEST = 120  # characters of a file's name


class Wanted(NamedTuple):
    """Where the files go, in which form, of which merchants and days (yyyymmdd)."""

    folder: Path
    form: str
    settlement: int | None = None
    since: int | None = None
    until: int | None = None


class Writer(NamedTuple):
    """How an answer becomes the bytes of a file, here (`render`) and in another process, that runs
    `begin` and is given `told`; and the language that they are in.
    """

    render: Callable[[Outcome], bytes]
    begin: str
    told: Any
    language: str


class Order(NamedTuple):
    """What one process writes: ranges of merchants' ids, as they are in the database."""

    database: str
    parent: int
    part: int
    about: About
    lots: Sequence[tuple[int, int, frozenset[int] | None]]
    folder: Path
    form: str


class Counts(NamedTuple):
    """Files that were written, and those that were there already and are the same."""

    written: int = 0
    same: int = 0


def choose(
    merchant: str | None, to: Path | None, form: str | None, settlement: int | None, *, is_all: bool
) -> Wanted | None:
    """Whether one merchant is asked for (None), or files for all of them. Raises
    `one_merchant_or_all`, `form_needed`.
    """
    if (merchant is None) != is_all or (not is_all and (to or form or settlement)):
        raise UsageFault(
            "one_merchant_or_all",
            "name one merchant, or ask for all of them: --all --to DIR --form xlsx",
            hint="voucher settlement statement --help",
        )
    if not is_all:
        return None
    if to is None or form not in FORMS:
        raise UsageFault(
            "form_needed",
            "say where the files go and in which form: --to DIR --form {known}",
            hint="voucher settlement statement --all --to statements --form xlsx",
            known="|".join(FORMS),
        )
    return Wanted(to, form, settlement)


def write_all(session: Session, wanted: Wanted, writer: Writer) -> Outcome:
    """Write the statements of all merchants that have anything in the period. Raises
    `unknown_settlement`, `empty_window`, `not_its_folder`, `unwritable_file`.
    """
    if wanted.settlement is not None:
        lookup.look_up(session, wanted.settlement)
    row = programmes.current(session.db, session.programme)
    staff.require(session, programmes.value(row), doors.STATEMENTS_OF_ALL)
    common = statements.about(session, wanted.since, wanted.until)
    with reading(session) as db:
        key = _key(session, common, wanted, writer)
        merchants = store.concerned(db, common.period.programme_id, wanted.settlement)
    if session.dry_run:
        return _answer(common, wanted, len(merchants), Counts(), is_done=False)
    _prepare(wanted.folder, common.programme, key)
    with writing(session):
        audit.note(
            session,
            "settlement.statements",
            wanted.folder.name or str(wanted.folder),
            form=wanted.form,
            language=writer.language,
            merchants=len(merchants),
            since=times.day_text(common.period.since) if wanted.since else None,
            until=times.day_text(common.period.until),
            settlement=wanted.settlement,
        )
    counts = _share_out(session, common, wanted, writer, merchants)
    with reading(session) as db:
        is_same = _key(session, common, wanted, writer) == key
    outcome = _answer(common, wanted, len(merchants), counts, is_done=True)
    if is_same:
        return outcome
    changed = say("the books changed meanwhile; the same command writes what is new")
    return Outcome(outcome.data, says=(*outcome.says, changed))


def _answer(
    common: About, wanted: Wanted, merchants: int, counts: Counts, *, is_done: bool
) -> Outcome:
    data = {
        "programme": common.programme,
        "folder": str(wanted.folder),
        "form": wanted.form,
        "since": times.day_text(common.period.since) if wanted.since else None,
        "until": times.day_text(common.period.until),
        "merchants": merchants,
        **counts._asdict(),
    }
    message = say(
        "{written} statements written into {folder}, {same} were there and are the same",
        folder=str(wanted.folder),
        **counts._asdict(),
    )
    if not is_done:
        message = say("{merchants} merchants have anything to be told", merchants=merchants)
    return Outcome(data, says=(message,))


def _key(session: Session, common: About, wanted: Wanted, writer: Writer) -> str:
    """The same as long as the same files would come out."""
    said = [
        *store.state(session.db),
        common.programme,
        *common.period,
        common.today,
        wanted.form,
        writer.language,
    ]
    return sha256(json.dumps(said).encode()).hexdigest()


# ---------------------------------------------------------------- the folder


def _prepare(folder: Path, programme: str, key: str) -> None:
    """Make the folder ours. What was noted as done stands only where the key is the same."""
    label = folder / LABEL
    try:
        folder.mkdir(parents=True, exist_ok=True)
        said = _said(label)
        if said.get("statements") != programme and any(folder.iterdir()):
            raise VoucherError(
                "not_its_folder",
                "{folder} holds files that were not written by this command: {files}",
                hint="name a new folder, or an empty one",
                folder=str(folder),
                files=", ".join(sorted(each.name for each in folder.iterdir())[:3]),
            )
        _sweep(folder)
        if said.get("key") != key:
            for each in folder.glob(DONE.format(part="*")):
                each.unlink()
        with whole_files.draft_file(label) as draft, whole_files.create(draft) as file:
            file.write((json.dumps({"statements": programme, "key": key}) + "\n").encode())
            file.flush()
            draft.replace(label)
    except OSError as error:
        raise whole_files.unwritable(folder, error) from error


def _sweep(folder: Path) -> None:
    """Take away the drafts of processes that are gone."""
    for draft in folder.glob(".*.part"):
        process = draft.name.split(".")[-2]
        if not (process.isdigit() and whole_files.is_alive(int(process))):
            draft.unlink(missing_ok=True)


def _said(label: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        said = json.loads(label.read_bytes())
        return said if isinstance(said, dict) else {}
    return {}


def file_name(merchant_no: str) -> str:
    """A file's name for a merchant's number: letters, digits, - and _ stay, all else is written as
    %XX. A number with small letters has its digest behind it, for on some disks names that differ
    by case alone are one file; so has one that is too long for a name and is cut.
    """
    safe = "".join(map(_safe, merchant_no))
    if len(safe) <= LONGEST and safe == safe.upper():
        return safe
    return f"{safe[:LONGEST]}-{sha256(merchant_no.encode()).hexdigest()[:16]}"


def _safe(sign: str) -> str:
    if sign.isascii() and (sign.isalnum() or sign in "-_"):
        return sign
    return "".join(f"%{octet:02X}" for octet in sign.encode())


def _done(folder: Path) -> dict[str, str]:
    """What was noted as written with the same key: file -> digest. A torn last line is none."""
    done: dict[str, str] = {}
    for each in sorted(folder.glob(DONE.format(part="*"))):
        for line in each.read_text("utf-8", "replace").splitlines():
            with suppress(ValueError):
                name, digest = json.loads(line)
                done[name] = digest
    return done


# ---------------------------------------------------------------- the side that asks


def _share_out(
    session: Session, common: About, wanted: Wanted, writer: Writer, merchants: list[int]
) -> Counts:
    lots = [*_lots(merchants, is_some=wanted.settlement is not None)]
    database = side_readers.file_of(session.db)
    readers = min(side_processes.count(), len(lots)) if len(merchants) > FEW and database else 1

    def order(part: int) -> Order:
        return Order(
            database,
            os.getpid(),
            part,
            common,
            lots[part::readers],
            wanted.folder.absolute(),
            wanted.form,
        )

    try:
        if readers == 1:
            with reading(session) as db:
                return carry_out(db, order(0), writer.render)
        return _beside(writer, [order(part) for part in range(readers)])
    except OSError as error:
        raise whole_files.unwritable(wanted.folder, error) from error


def _lots(
    merchants: list[int], *, is_some: bool
) -> Iterator[tuple[int, int, frozenset[int] | None]]:
    size = min(LOT, -(-len(merchants) // side_processes.count()) or 1)
    for start in range(0, len(merchants), size):
        lot = merchants[start : start + size]
        yield lot[0], lot[-1], frozenset(lot) if is_some else None


def _beside(writer: Writer, orders: list[Order]) -> Counts:
    """What processes have written that work beside each other."""
    told = [(writer.told, order) for order in orders]
    with side_processes.at_work(writer.begin, told) as answers:
        return Counts(*map(sum, zip(*map(_counted, answers()), strict=True)))


def _counted(answer: Counts | OSError) -> Counts:
    if isinstance(answer, OSError):
        raise answer
    return answer


# ---------------------------------------------------------------- the side that writes


def serve(order: Order, render: Callable[[Outcome], bytes]) -> Counts | OSError:
    """Carry out an order in a process of its own."""
    try:
        with side_readers.snapshot(order.database) as db:
            return carry_out(db, order, render)
    except OSError as error:
        return error


def carry_out(db: Any, order: Order, render: Callable[[Outcome], bytes]) -> Counts:
    """Write the files of an order; it ends when the process that asked has ended."""
    written = same = 0
    done = _done(order.folder)
    with (order.folder / DONE.format(part=order.part)).open("a", encoding="utf-8") as noted:
        for first, last, some in order.lots:
            for one in store.of_many(db, order.about.period, first, last):
                if order.parent not in (os.getpid(), os.getppid()):
                    return Counts(written, same)
                if (some is not None and one.merchant.merchant_id not in some) or not (
                    statements.has_anything(order.about, one)
                ):
                    continue
                name = f"{file_name(one.merchant.merchant_no)}.{order.form}"
                path = order.folder / name
                there = _digest(path)
                if there is not None and done.get(name) == there:
                    same += 1
                    continue
                content = render(statements.compose(order.about, one))
                digest = sha256(content).hexdigest()
                if digest == there:
                    same += 1
                else:
                    _put(path, content)
                    written += 1
                noted.write(json.dumps([name, digest]) + "\n")
    return Counts(written, same)


def _digest(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}{whole_files.mark()}.part")
    with whole_files.create(draft) as file:
        file.write(content)
    draft.replace(path)
