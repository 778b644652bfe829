"""audit sample --results: what was found at the items of samples. The sheet is judged as a whole:
where one row is at fault, nothing is kept. It may be filled in by parts; a later result of an item
counts, and the one before it stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats.tables import sample_results as sheet
from vouchercli.ops.auditing.sample_tables import judge
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import money
from vouchercli.rules import samples as law
from vouchercli.store import audit, programmes
from vouchercli.store import samples as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from vouchercli.formats.tables.sample_results import ResultLine
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.samples import Item, Sample

    Judged = tuple[dict[str, Any] | None, tuple[Message, ...]]

SHOWN = 20  # faults that are told one by one
TEXTS = {
    "unknown_sample": "there is no sample {sample}",
    "unknown_item": "{number} is not among the items of sample {sample}",
    "item_twice": "{number} stands in another row of the sheet too",
    "unknown_result": "the result is ok or wrong, not {value}",
    "fault_needed": "{number} is wrong: say what is wrong: {known}",
    "fault_of_right": "{number} is in order: leave fault and right_amount blank",
    "unknown_fault": "there is no fault {value}: choose one of {known}",
    "bad_amount": "{value} is not an amount in yuan",
}


class Found(NamedTuple):
    """A result as it is kept: the item, what is wrong ('': nothing), what is right in fen."""

    sample: int
    item: Item
    fault: str
    right_fen: int
    note: str
    where: str

    @property
    def is_known(self) -> bool:
        """Whether the same stands already."""
        of = self.item
        return (of.fault, of.right_fen, of.note) == (self.fault, self.right_fen, self.note)


def enter(session: Session, path: Path) -> Outcome:
    """Keep the results of a sheet; rows without a result are left. Raises `bad_result_rows` with
    every row at fault (the first twenty), `no_results`, and as `sample_results.read`.
    """
    lines, faults = sheet.read(path)
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        found = _Judge(db, row["programme_id"], faults).judge(lines)
        if faults:
            raise _refusal(path, faults)
        if not found:
            raise VoucherError(
                "no_results",
                "{file} has no result yet: every row is blank",
                hint="fill in the column result: ok or wrong",
                file=str(path),
            )
        new = [each for each in found if not each.is_known]
        changed = sum(each.item.fault is not None for each in new)
        store.add_results(
            session,
            (
                (each.sample, each.item.item, each.fault, each.right_fen, each.note, each.where)
                for each in new
            ),
        )
        numbers = sorted({each.sample for each in found})
        for number in {each.sample for each in new}:
            _note(session, row["programme"], path, number, new)
        samples = [store.named(db, row["programme_id"], number) for number in numbers]
        told = [(each, judge(db, each)) for each in samples if each is not None]
    return _answer(path, len(new), changed, len(found) - len(new), told)


def _note(session: Session, programme: str, path: Path, number: int, new: list[Found]) -> None:
    own = [each for each in new if each.sample == number]
    audit.note(
        session,
        "audit.results",
        programme,
        sample=number,
        file=str(path),
        results=len(own),
        wrong={each.item.number: each.fault for each in own if each.fault},
    )


def _answer(
    path: Path, new: int, changed: int, known: int, told: list[tuple[Sample, Judged]]
) -> Outcome:
    says = [
        say(
            "{file}: {new} results, {changed} of them changed; {known} were known already",
            file=str(path),
            new=new,
            changed=changed,
            known=known,
        )
    ]
    samples = []
    for sample, (judged, said) in told:
        says += said
        about = {"sample": sample.sample, "size": sample.size, "known": sample.known}
        samples.append({**about, "wrong": sample.wrong, "judged": judged})
    data = {"file": str(path), "new": new, "changed": changed, "known": known, "samples": samples}
    return Outcome(data, says=tuple(says))


def _refusal(path: Path, faults: list[Problem]) -> VoucherError:
    return VoucherError(
        "bad_result_rows",
        "{file}: {count} row(s) cannot be used; no result is kept",
        hint="correct these rows and hand the file in again",
        where=str(path),
        problems=faults[:SHOWN],
        file=str(path),
        count=len(faults),
    )


class _Judge:
    """Judges the rows of a sheet by what was drawn."""

    def __init__(self, db: sqlite3.Connection, programme_id: int, faults: list[Problem]) -> None:
        self._db, self._programme_id, self._faults = db, programme_id, faults
        self._items: dict[str, dict[str, Item] | None] = {}
        self._seen: set[tuple[str, str]] = set()

    def judge(self, lines: list[ResultLine]) -> list[Found]:
        """What is found; rows at fault are told."""
        judged = [self._one(line) for line in lines]
        self._faults += [each for each in judged if isinstance(each, Problem)]
        return [each for each in judged if isinstance(each, Found)]

    def _one(self, line: ResultLine) -> Found | Problem | None:
        items = self._items_of(line.sample)
        if items is None:
            return _fault(line, "unknown_sample", sample=line.sample)
        item = items.get(line.number)
        if item is None:
            return _fault(line, "unknown_item", number=line.number, sample=line.sample)
        if (line.sample, line.number) in self._seen:
            return _fault(line, "item_twice", number=line.number)
        self._seen.add((line.sample, line.number))
        if not (line.result or line.fault or line.right_amount):
            return None
        return _judged(line, item)

    def _items_of(self, text: str) -> dict[str, Item] | None:
        if text not in self._items:
            is_number = text.isascii() and text.isdigit() and len(text) < 10
            sample: Sample | None = (
                store.named(self._db, self._programme_id, int(text)) if is_number else None
            )
            self._items[text] = sample and {
                each.number: each for each in store.items(self._db, sample.sample).rows(None)
            }
        return self._items[text]


def _judged(line: ResultLine, item: Item) -> Found | Problem:
    """The result of one row that is about an item."""
    if (why := _complain(line)) is not None:
        return why
    note = identities.hide(line.note)
    if line.result == "ok":
        return Found(int(line.sample), item, "", item.amount_fen, note, line.where)
    right = _read_fen(line.right_amount)
    if right is None:
        return _fault(line, "bad_amount", value=line.right_amount)
    return Found(int(line.sample), item, line.fault, right, note, line.where)


def _complain(line: ResultLine) -> Problem | None:
    """What does not fit together in a row."""
    known = ", ".join(f"{code}/{word}" for word, code in sheet.FAULT_WORDS.items())
    if line.result not in ("ok", "wrong"):
        return _fault(line, "unknown_result", value=line.result or "-")
    if line.result == "ok" and (line.fault or line.right_amount):
        return _fault(line, "fault_of_right", number=line.number)
    if line.result == "wrong" and not line.fault:
        return _fault(line, "fault_needed", number=line.number, known=known)
    if line.fault and line.fault not in law.FAULTS:
        return _fault(line, "unknown_fault", value=line.fault, known=known)
    return None


def _read_fen(text: str) -> int | None:
    """What should have been paid, in fen; blank: nothing; None: it is no amount."""
    try:
        fen = money.parse_yuan(text) if text else 0
    except ValueError:
        return None
    return fen if fen >= 0 else None


def _fault(line: ResultLine, code: str, **about: object) -> Problem:
    return Problem(code, TEXTS[code], line.where, params=about)
