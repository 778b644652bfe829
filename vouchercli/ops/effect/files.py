"""effect import: cells of a platform, or answers of a survey. A file is judged as a whole: where
one row is at fault, nothing is kept. The newest file of a round counts; those before it stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import CELL_SUMS, CELLS
from vouchercli.formats.tables import effect_files
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import effects as law
from vouchercli.rules.effects import Damaged, Key, Moments
from vouchercli.store import audit, programmes, rounds
from vouchercli.store import effects as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from vouchercli.formats.tables.effect_files import AnswerLine, CellLine, EffectFile
    from vouchercli.session import Session

SHOWN = 20  # faults that are told one by one
FEN = 2  # places of yuan
SQUARE = 4  # of a product of two amounts
TEXTS = {
    "unknown_round": "there is no round {value}",
    "unknown_arm": "the arm is won or lost, not {value}",
    "no_number": "{column}: {value} is not a number",
    "too_many_places": "{column}: {value} has too many places",
    "below_zero": "{column}: {value} is below 0",
    "cell_too_small": "{value} people are too few to be told of: at least {smallest}",
    "no_week": "week 0 says nothing: 4 is all up to the end of the fourth week, -4 the four before",
    "square_too_small": "{column}: {value} is too small for the sum beside it: the cell is damaged",
    "product_impossible": "{column}: {value} cannot be, beside the squares: the cell is damaged",
    "cell_twice": "the same cell stands in line {line} too",
    "nothing_used": "{column}: {value} is not more than 0",
}


def take_in(session: Session, path: Path, source: str) -> Outcome:
    """Keep the cells, or the answers, of a file; the same file again changes nothing. Raises
    `bad_effect_rows` with every row at fault (the first twenty), `no_effect_rows`,
    `unknown_effect_layout`.
    """
    read = effect_files.read(path)
    kind = "cells" if read.kind == CELLS else "survey"
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        before = store.known(db, row["programme_id"], kind, read.sha256)
        if before is not None:
            told = say("{file} came in before: nothing changes", file=str(path))
            return Outcome(_data(path, kind, read, 0, []), says=(told,))
        judge = _Judge(db, row["programme_id"], read)
        kept = [*filter(None, map(judge.cell if read.kind == CELLS else judge.answer, read.lines))]
        _refuse(path, read, judge.faults)
        file_id = store.add_file(
            session, row["programme_id"], kind, str(path), read.sha256, source, len(kept)
        )
        (store.add_cells if read.kind == CELLS else store.add_answers)(db, file_id, kept)
        codes = sorted({line.round for line in read.lines})
        audit.note(
            session,
            "effect.cells" if kind == "cells" else "effect.survey",
            row["programme"],
            file=str(path),
            sha256=read.sha256,
            rows_sha256=store.digest(db, file_id, kind),
            lines=len(kept),
            rounds=codes,
        )
    return _answer(path, kind, read, codes)


def _answer(path: Path, kind: str, read: EffectFile, codes: list[str]) -> Outcome:
    count = len(read.lines)
    told = (
        say(
            "{file}: {count} cells of {rounds}",
            file=str(path),
            count=count,
            rounds=", ".join(codes),
        )
        if kind == "cells"
        else say(
            "{file}: {count} rows of a survey on {rounds}",
            file=str(path),
            count=count,
            rounds=", ".join(codes),
        )
    )
    following = say("next: voucher effect estimate {round}", round=codes[0])
    return Outcome(_data(path, kind, read, count, codes), says=(told, following))


def _data(path: Path, kind: str, read: EffectFile, new: int, codes: list[str]) -> dict[str, Any]:
    return {
        "file": str(path),
        "kind": kind,
        "sha256": read.sha256,
        "rows": len(read.lines),
        "new": new,
        "rounds": codes,
    }


def _refuse(path: Path, read: EffectFile, faults: list[Problem]) -> None:
    if faults:
        raise VoucherError(
            "bad_effect_rows",
            "{file}: {count} row(s) cannot be used; nothing of the file is kept",
            hint="ask whoever sent it for a corrected file: the figures are not mended here",
            where=str(path),
            problems=faults[:SHOWN],
            file=str(path),
            count=len(faults),
        )
    if not read.lines:
        raise VoucherError(
            "no_effect_rows",
            "{file} has a header and no row",
            hint="ask whoever sent it for the whole file",
            file=str(path),
        )


class _Judge:
    """Judges the rows of a file, and collects what is wrong with them."""

    def __init__(self, db: sqlite3.Connection, programme_id: int, read: EffectFile) -> None:
        self._db, self._read = db, read
        self._rounds = {code: at for at, code in rounds.codes_by_id(db, programme_id).items()}
        self._smallest: dict[int, int] = {}
        self._seen: dict[Key, str] = {}
        self.faults = [*read.faults]

    def cell(self, line: CellLine) -> tuple[int, int, Key, Moments] | None:
        """A row of cells as it is kept: (line, round, key, moments)."""
        try:
            round_id = self._round(line.round)
            if line.arm not in (law.WON, law.LOST):
                raise Damaged("arm", "unknown_arm")
            arrival = law.read_whole(line.arrival, "arrival") if line.arrival else None
            week = law.read_whole(line.week, "week")
            if week == 0:
                raise Damaged("week", "no_week")
            key = Key(line.round, line.arm, arrival, week, line.stratum)
            of = self._moments(line)
            law.examine(of, self._least(round_id))
        except Damaged as wrong:
            self._fault(line, wrong)
            return None
        if key in self._seen:
            twice = {"line": self._seen[key].rpartition(":")[2]}
            self.faults.append(Problem("cell_twice", TEXTS["cell_twice"], line.where, params=twice))
            return None
        self._seen[key] = line.where
        return _number(line.where), round_id, key, of

    def answer(self, line: AnswerLine) -> tuple[Any, ...] | None:
        """A row of a survey as it is kept."""
        try:
            round_id = self._round(line.round)
            weight = law.read_number(line.weight or "1", "weight", 12)
            answers = law.read_whole(line.answers or "1", "answers")
            for column, value in (("weight", weight), ("answers", answers)):
                if value <= 0:
                    raise Damaged(column, "nothing_used")
            amounts = [
                self._fen(getattr(line, name), name)
                for name in ("used", "ordinary", "by_voucher", "of_own")
            ]
            if not amounts[0]:
                raise Damaged("used", "nothing_used")
        except Damaged as wrong:
            self._fault(line, wrong)
            return None
        return (_number(line.where), round_id, line.stratum, str(weight), answers, *amounts)

    def _fen(self, text: str, column: str) -> int:
        found = law.read_number(text, column, FEN)
        if found < 0:
            raise Damaged(column, "below_zero")
        return int(found * 100)

    def _moments(self, line: CellLine) -> Moments:
        values = {
            name: law.read_number(getattr(line, name), name, FEN if name in law.SUMS else SQUARE)
            for name in CELL_SUMS
        }
        return Moments(law.read_whole(line.n, "n"), **values)

    def _round(self, code: str) -> int:
        if code not in self._rounds:
            raise Damaged("round", "unknown_round")
        return self._rounds[code]

    def _least(self, round_id: int) -> int:
        """How many people a cell of the round has at least, by its plan."""
        if round_id not in self._smallest:
            sealed = store.sealed(self._db, round_id)
            self._smallest[round_id] = (
                law.SMALLEST_CELL if sealed is None else law.plan_of(sealed.terms).smallest
            )
        return self._smallest[round_id]

    def _fault(self, line: CellLine | AnswerLine, wrong: Damaged) -> None:
        place = self._read.places.get(wrong.column, 1)
        least = max(self._smallest.values(), default=law.SMALLEST_CELL)
        about = {"column": wrong.column, "value": getattr(line, wrong.column), "smallest": least}
        at = f"{line.where}:{place}"
        self.faults.append(Problem(wrong.code, TEXTS[wrong.code], at, params=about))


def _number(where: str) -> int:
    """The line of `file:line`."""
    return int(where.rpartition(":")[2])
