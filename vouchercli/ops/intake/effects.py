"""Cells of a platform, and answers of a survey: what an estimate of effect is made of. Of a round
the newest file counts, with what came back of its rejects; while rows of it are refused, no point
is given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import CELL_SUMS, CELLS, FIELDS_OF, SURVEY
from vouchercli.ops.intake import importing
from vouchercli.ops.intake.kinds import Intake, Kind, Typed, Unfit
from vouchercli.result import say
from vouchercli.rules import effects as law
from vouchercli.rules.effects import Damaged, Moments
from vouchercli.store import effects as store
from vouchercli.store import rounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.result import Message, Outcome
    from vouchercli.session import Session
    from vouchercli.store.duplicates import Stay

FEN = 2  # places of yuan
SQUARE = 4  # of a product of two amounts
WEIGHT = 12


class _Rows:
    """Types the rows of a file: what a cell or an answer must satisfy by itself."""

    def __init__(self, intake: Intake) -> None:
        self._intake, self._reading = intake, intake.reading
        codes = rounds.codes_by_id(intake.db, intake.programme_id)
        self._rounds = {code.casefold(): round_id for round_id, code in codes.items()}
        self._smallest: dict[int, int] = {}

    def cell(self, values: tuple[str, ...]) -> Typed:
        """A row of cells as it is kept."""
        row = dict(zip(FIELDS_OF[CELLS], values, strict=True))
        return self._typed(row, self._cell)

    def answer(self, values: tuple[str, ...]) -> Typed:
        """A row of a survey as it is kept."""
        row = dict(zip(FIELDS_OF[SURVEY], values, strict=True))
        return self._typed(row, self._answer)

    def _typed(
        self, row: dict[str, str], make: Callable[[dict[str, str]], tuple[Any, ...]]
    ) -> Typed:
        try:
            return make(row)
        except Damaged as wrong:
            place = self._reading.position(wrong.column)
            about: dict[str, Any] = {
                "column": self._reading.column(wrong.column),
                "value": row[wrong.column],
                **({} if place is None else {"column_no": place + 1}),
                **wrong.more,
            }
            return Unfit(wrong.code, about)

    def _cell(self, row: dict[str, str]) -> tuple[Any, ...]:
        round_id = self._round(row)
        if row["arm"] not in (law.WON, law.LOST):
            raise Damaged("arm", "unknown_arm")
        arrival = law.read_whole(row["arrival"], "arrival") if row["arrival"] else None
        week = law.read_whole(row["week"], "week")
        if week == 0:
            raise Damaged("week", "no_week")
        values = {
            name: law.read_number(row[name], name, FEN if name in law.SUMS else SQUARE)
            for name in CELL_SUMS
        }
        of = Moments(law.read_whole(row["n"], "n"), **values)
        law.examine(of, self._least(round_id))
        return (round_id, row["arm"], arrival, week, row["stratum"], of.n, *map(str, of[1:]))

    def _answer(self, row: dict[str, str]) -> tuple[Any, ...]:
        round_id = self._round(row)
        weight = law.read_number(row["weight"] or "1", "weight", WEIGHT)
        answers = law.read_whole(row["answers"] or "1", "answers")
        for column, value in (("weight", weight), ("answers", answers)):
            if value <= 0:
                raise Damaged(column, "not_above_zero")
        amounts = [self._fen(row, name) for name in ("used", "ordinary", "by_voucher", "of_own")]
        if not amounts[0]:
            raise Damaged("used", "not_above_zero")
        return (round_id, row["stratum"], str(weight), answers, *amounts)

    def _fen(self, row: dict[str, str], column: str) -> int:
        found = law.read_number(row[column], column, FEN)
        if found < 0:
            raise Damaged(column, "below_zero")
        return int(found * 100)

    def _round(self, row: dict[str, str]) -> int:
        if (found := self._rounds.get(row["round"].casefold())) is None:
            raise Damaged("round", "unknown_round", round=row["round"])
        return found

    def _least(self, round_id: int) -> int:
        """How many people a cell of the round has at least, by its plan."""
        if round_id not in self._smallest:
            self._smallest[round_id] = store.standing_plan(self._intake.db, round_id).smallest
        return self._smallest[round_id]


def _judge_cells(intake: Intake) -> None:
    """Each cell once, and no more people than are known here; fewer than were drawn are told,
    unless rows are refused: then nobody knows whose people are missing.
    """
    files = {intake.batch_id, *(of for _, of, _, _ in intake.come_back)}
    members = store.mark_twice(intake.db, files)
    is_whole = not store.has_refused(intake.db)
    for told in store.heads(intake.db, members):
        known = _known(intake, told.round_id)
        here = known.of(told.arm) if known else None
        if here is None:
            continue
        if told.people > here:
            store.refuse_heads(intake.db, told, here)
        elif is_whole and told.people < here and known and known.lost is not None:
            store.warn_of_heads(intake.db, told, here)


def _known(intake: Intake, round_id: int) -> store.Known | None:
    """Whom the cells of a round can tell of; in waves that is whole districts."""
    is_of_people = store.standing_plan(intake.db, round_id).method in law.BY_PEOPLE
    return store.known_people(intake.db, round_id) if is_of_people else None


def _accept(intake: Intake) -> dict[str, Any]:
    store.accept(intake.db, intake.kind.name)
    codes = rounds.codes_by_id(intake.db, intake.programme_id)
    return {"rounds": [codes[each] for each in store.rounds_of(intake.db, intake.batch_id)]}


def _undo(kind: str) -> Callable[[Session, int], list[Stay]]:
    def undo(session: Session, batch_id: int) -> list[Stay]:
        store.undo(session.db, kind, batch_id)
        return []

    return undo


KINDS = (
    Kind(
        name=CELLS,
        needs_programme=True,
        create=store.CREATE_INCOMING[CELLS],
        add=store.ADD_INCOMING[CELLS],
        width=store.TYPED_COLUMNS[CELLS],
        typist=lambda intake: _Rows(intake).cell,
        judge=_judge_cells,
        accept=_accept,
        undo=_undo(CELLS),
    ),
    Kind(
        name=SURVEY,
        needs_programme=True,
        create=store.CREATE_INCOMING[SURVEY],
        add=store.ADD_INCOMING[SURVEY],
        width=store.TYPED_COLUMNS[SURVEY],
        typist=lambda intake: _Rows(intake).answer,
        judge=lambda intake: None,
        accept=_accept,
        undo=_undo(SURVEY),
    ),
)


def import_effects(session: Session, file: str, *, source: str | None, **options: Any) -> Outcome:
    """Take in cells or answers, by the columns of the file (see `importing.take_in`). `source` is
    who sent them. Raises `unknown_effect_layout`.
    """
    try:
        outcome = importing.take_in(session, KINDS, file, kept={"source": source}, **options)
    except VoucherError as error:
        if error.code != "unknown_layout":
            raise
        raise _unknown_layout(error, file) from error
    return replace(outcome, says=(*outcome.says, *_say_next(outcome.data)))


def _say_next(data: dict[str, Any]) -> tuple[Message, ...]:
    """What to do now; while rows are refused no point is given."""
    rounds = data.get("rounds", ())
    if not rounds:
        return ()
    if data["rejected"] and data["kind"] == CELLS:
        told = say(
            "until they have come back right no point is given of {rounds}",
            rounds=", ".join(rounds),
        )
        return (told,)
    return (say("next: voucher effect estimate {round}", round=rounds[0]),)


def _unknown_layout(error: VoucherError, file: str) -> VoucherError:
    return VoucherError(
        "unknown_effect_layout",
        "{file} holds neither cells ({cells}) nor answers of a survey ({survey})",
        hint="an empty file with our columns: voucher effect blank -o csv",
        where=error.where,
        problems=[each for each in error.problems if each.code == "missing_columns"],
        file=file,
        cells=",".join(FIELDS_OF[CELLS]),
        survey=",".join(FIELDS_OF[SURVEY]),
    )


def import_from(session: Session, file: str, **options: Any) -> Outcome:
    """Take in a file of the inbox: the platform in whose folder it lay has sent it."""
    return import_effects(session, file, source=options.get("sender"), **options)
