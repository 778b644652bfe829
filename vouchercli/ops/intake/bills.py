"""Bills and statements: what a platform, a merchant or a bank says was paid. They bring no facts:
their rows are held against what stands here, and what does not agree is a break.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import BILLS, DAY_BILLS, STATEMENTS
from vouchercli.ops.intake import by_columns, mending
from vouchercli.ops.intake.kinds import Intake, Kind, Typed, Unfit, Written
from vouchercli.ops.intake.redemptions import KINDS as PAYMENT_KINDS
from vouchercli.ops.intake.redemptions import parse_yuan
from vouchercli.ops.intake.staging import as_json, bad_time
from vouchercli.result import Word
from vouchercli.rules import breaks as law
from vouchercli.rules import reconciling as matching
from vouchercli.rules import statements, times
from vouchercli.rules.reconciling import Sums
from vouchercli.store import batches, break_work, breaks, rounds, statement_rows
from vouchercli.store import reconciling as store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.ops.intake.kinds import Chunk
    from vouchercli.session import Session
    from vouchercli.store.breaks import Recorded, Scope
    from vouchercli.store.duplicates import Stay

NEGATIVE = Word("amounts are written without a sign; what is a refund says so in another column")
TOO_LATE = Word("it is later than now")
NO_CREDIT = Word("a credit is more than 0")


def typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """(transaction_no, kind, merchant_no, paid_at, amount, refund_of, status) as text -> the same
    with the moment and its day, the amount in fen (refunds negative; 0 where nothing moved), the
    amount as it was said, and whether it moved.
    """
    clock, latest_at = times.Reader(intake.zone), intake.latest_at

    def type_row(values: tuple[str, ...]) -> Typed:
        number, kind, merchant_no, paid_at, amount, refund_of, status = values
        if kind not in PAYMENT_KINDS:
            about = {"column": "kind", "value": kind, "problem": "write pay or refund"}
            return Unfit("bad_row", about)
        try:
            fen = parse_yuan(amount)
        except ValueError:
            return Unfit("bad_amount", {"column": "amount", "value": amount})
        if fen < 0:
            about = {"column": "amount", "value": amount, "problem": NEGATIVE}
            return Unfit("bad_amount", about)
        try:
            at, day = clock.read(paid_at)
        except ValueError as error:
            return bad_time("paid_at", paid_at, error)
        if at > latest_at:
            about = {"column": "paid_at", "value": paid_at, "problem": TOO_LATE}
            return Unfit("bad_time", about)
        signed = -fen if kind == "refund" else fen
        is_settled = law.is_settled(status)
        fen = signed if is_settled else 0
        said = (refund_of, status, signed, int(is_settled))
        return (number, kind, merchant_no, at, day, fen, *said)

    return type_row


def typist_of_sums(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """(merchant_no, paid_on, amount, payments), or (statement_no, merchant_no, paid_on, amount,
    reference), as text -> (number, merchant_no, day, fen, payments or reference). What a bill has
    paid out of a day may be less than nothing; a credit is more.
    """
    clock, today = times.Reader(intake.zone), times.day_of(intake.latest_at, intake.zone)
    is_statement = intake.kind.name == STATEMENTS

    def type_row(values: tuple[str, ...]) -> Typed:
        number, merchant_no, paid_on, amount, said = values if is_statement else ("", *values)
        try:
            fen = parse_yuan(amount)
        except ValueError:
            return Unfit("bad_amount", {"column": "amount", "value": amount})
        if is_statement and fen <= 0:
            about = {"column": "amount", "value": amount, "problem": NO_CREDIT}
            return Unfit("bad_amount", about)
        try:
            _, day = clock.read(paid_on)
        except ValueError as error:
            return bad_time("paid_on", paid_on, error)
        if day > today:
            about = {"column": "paid_on", "value": paid_on, "problem": TOO_LATE}
            return Unfit("bad_time", about)
        return (number, merchant_no, day, fen, said)

    return type_row


def options_of(intake: Intake) -> dict[str, Any]:
    """What the command said of the file: the days it covers, the round, whether it adds."""
    if intake.batch_id and not intake.options:
        return dict(json.loads(batches.named(intake.db, intake.batch_id).options))
    return intake.options


def scope_of(intake: Intake) -> Scope:
    """What is held against the file: of the whole programme, or of the round that was named."""
    code = options_of(intake).get("round")
    round_id = rounds.named(intake.db, intake.programme_id, code)["round_id"] if code else None
    return breaks.Scope(intake.programme_id, intake.kind.name, round_id)


def is_addition(intake: Intake) -> bool:
    """Whether its rows come to days that stand: it was said so, or they are rejects come back."""
    return bool(options_of(intake).get("adds")) or mending.position(intake.reading) is not None


class _Run:
    """One bill beside our rows; made by `_judge`, kept by `_accept`."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self.scope = intake, scope_of(intake)
        self.adds, said = is_addition(intake), options_of(intake)
        self.allowed = intake.rules.reconciliation
        self.plain = intake.between.plain
        there = self.days()
        self.first_on = said.get("first_on") or (there[0] if there else 0)
        self.last_on = said.get("last_on") or (there[1] if there else 0)
        self.looks = self._looks(there)
        self.rows: store.Rows | None = None
        self.judged = matching.Judged()

    def days(self) -> tuple[int, int] | None:
        """The first and the last day of its rows."""
        both = [store.days(self.intake.db), self.plain.days() if self.plain else None]
        known = [each for each in both if each]
        return (min(known)[0], max(each[1] for each in known)) if known else None

    def _looks(self, there: tuple[int, int] | None) -> tuple[int, int]:
        first, last = (there or (0, 0)) if self.adds else (self.first_on, self.last_on)
        return matching.days_around(first, last) if first else (0, 0)

    @property
    def covers(self) -> tuple[int, int]:
        """The days that it covers; (0, 0): none."""
        return (0, 0) if self.adds else (self.first_on, self.last_on)

    def judge(self) -> None:
        if not self.looks[0]:
            return
        taken = breaks.taken(self.intake.db, self.scope, self.intake.batch_id, *self.covers)
        self.rows, self.judged = self.compare(self.known(taken))
        detail = as_json(self._days_text())
        self.mark(
            [
                (code, detail if code == "outside_days" else "{}", line)
                for line, code in self.judged.reasons.items()
            ]
        )

    def known(self, taken: set[tuple[str, str]]) -> matching.Known:
        """What was known before."""
        db = self.intake.db
        return matching.Known(
            *self.covers,
            self.allowed,
            self.adds,
            taken,
            breaks.waiting(
                db, self.scope, self.intake.batch_id, covers=self.covers, looks=self.looks
            ),
            breaks.covered(db, self.scope, covers=self.covers, looks=self.looks),
            lambda number, merchant: breaks.is_merchant(db, number, merchant),
            cache(lambda number: breaks.merchant_of(db, number)),
        )

    def compare(self, known: matching.Known) -> tuple[store.Rows, matching.Judged]:
        """The rows of both sides, and what came of them."""
        span, proved = self._span(self.intake.zone), None
        if self.plain:
            proved = self.plain.match(self.intake, span, known.taken)
            self.intake.between.written = Written(self.plain.agreed, 0, [])
        rows = store.gather(self.intake.db, span, known.taken, proved)
        return rows, matching.judge(known, rows.pairs, rows.lone_theirs, rows.lone_ours, rows.twins)

    def mark(self, reasons: list[tuple[str, str, int]]) -> None:
        """Refuse rows, or call them duplicates."""
        store.mark(self.intake.db, reasons)

    def _span(self, zone: str) -> store.Span:
        return store.Span(
            self.scope.programme_id,
            self.scope.round_id,
            *self.covers,
            *self.looks,
            times.day_bounds(self.looks[0], zone)[0],
            times.day_bounds(self.looks[1], zone)[1],
            self.adds,
            self.allowed,
        )

    def _days_text(self) -> dict[str, str]:
        if self.adds:
            return {}
        return {"first": times.day_text(self.first_on), "last": times.day_text(self.last_on)}

    def keep(self) -> Recorded | None:
        if self.rows is None:
            return None
        intake = self.intake
        sums = {
            day: (
                self.rows.totals.get(day, Sums()),
                self.rows.agreed.get(day, Sums()) + self.judged.agreed.get(day, Sums()),
            )
            for day in ([] if self.adds else _days(self.first_on, self.last_on))
        }
        return breaks.record(
            intake.session,
            self.scope,
            intake.batch_id,
            (self.first_on, self.last_on),
            self.judged.found,
            sums=sums,
            beyond=self.judged.beyond,
            ended=self.judged.ended,
            allowed=self.allowed,
            adds=self.adds,
        )

    def answer(self, recorded: Recorded | None) -> dict[str, Any]:
        """What the summary says of the run."""
        agreed = sum((each[1] for each in self._agreed().items()), Sums())
        by_type: dict[str, int] = {}
        for each in self.judged.found:
            by_type[each.type] = by_type.get(each.type, 0) + 1
        return {
            "run": recorded and recorded.run,
            "first_on": self._days_text().get("first"),
            "last_on": self._days_text().get("last"),
            "agreed": agreed.their_rows,
            "agreed_fen": agreed.their_fen,
            "breaks": {kind: by_type[kind] for kind in law.TYPES if kind in by_type},
            **{
                name: getattr(recorded, name, 0)
                for name in ("opened", "standing", "cleared", "still_resolved")
            },
            "came_again": break_work.came_again(self.intake.db, recorded.run) if recorded else 0,
        }

    def _agreed(self) -> dict[int, Sums]:
        found = dict(self.rows.agreed) if self.rows else {}
        for day, sums in self.judged.agreed.items():
            found[day] = found.get(day, Sums()) + sums
        return found


class _SumRun(_Run):
    """A bill by merchant and day, or a statement: few rows, that are looked at one by one."""

    def days(self) -> tuple[int, int] | None:
        """The first and the last day of its rows."""
        return statement_rows.days(self.intake.db, self.scope.source)

    def compare(self, known: matching.Known) -> tuple[store.Rows, matching.Judged]:
        """The rows of both sides, and what came of them."""
        db, kind = self.intake.db, self.scope.source
        theirs = statement_rows.theirs(db, kind)
        ours = statement_rows.ours(db, kind, self._span(self.intake.zone))
        deed = statements.judge_days if kind == DAY_BILLS else statements.judge_credits
        judged = deed(known, theirs, ours)
        totals: dict[int, Sums] = defaultdict(Sums)
        for row in theirs:
            if known.is_in(row.day) and row.line not in judged.reasons:
                totals[row.day] += Sums(1, row.fen)
        for mine in ours:
            if known.is_in(mine.day) and mine.refund_of not in statements.NOT_PAID:
                totals[mine.day] += Sums(0, 0, 1, mine.fen)
        return store.Rows([], [], [], [], {}, totals), judged

    def mark(self, reasons: list[tuple[str, str, int]]) -> None:
        """Refuse rows, or call them duplicates."""
        statement_rows.mark(self.intake.db, self.scope.source, reasons)


def _days(first: int, last: int) -> list[int]:
    if not first:
        return []
    start, end = times.as_date(first), times.as_date(last)
    return [times.as_day(start + timedelta(each)) for each in range((end - start).days + 1)]


def _judge(intake: Intake) -> None:
    """Held against our rows as soon as all rows are staged; `_accept` keeps what came of it."""
    run = _Run(intake) if intake.kind.name == BILLS else _SumRun(intake)
    run.judge()
    intake.between.run = run


def _by_columns(intake: Intake, done_line: int) -> Iterator[Chunk] | None:
    if done_line or is_addition(intake) or not by_columns.goes_by_columns(intake):
        return None
    # everyday bills never wait for the libraries behind it
    from vouchercli.ops.intake.by_columns.bills import chunks

    return chunks(intake, scope_of(intake), options_of(intake))


def _accept(intake: Intake) -> dict[str, Any]:
    run = intake.between.run
    assert run is not None
    return run.answer(run.keep())


def _undo(session: Session, batch_id: int) -> list[Stay]:
    """Raises `batch_built_upon`, `breaks_handled`, `run_verified`."""
    db = session.db
    batches.refuse_built_upon(db, batch_id, breaks.LATER_RUNS)
    if number := breaks.handled(db, batch_id):
        raise VoucherError(
            "breaks_handled",
            "batch {batch} cannot be undone: people have taken up break {number}, which it shows",
            hint="voucher reconcile show {number}",
            batch=batch_id,
            number=number,
        )
    if settlement := breaks.verified(db, batch_id):
        raise VoucherError(
            "run_verified",
            "batch {batch} cannot be undone: settlement {settlement} was verified by it",
            hint="voucher settlement show {settlement}",
            batch=batch_id,
            settlement=settlement,
        )
    breaks.undo(db, batch_id)
    return []


KINDS = (
    Kind(
        name=BILLS,
        needs_programme=True,
        create=store.CREATE_INCOMING,
        add=store.ADD_INCOMING,
        width=store.TYPED_COLUMNS,
        typist=typist,
        judge=_judge,
        accept=_accept,
        undo=_undo,
        by_columns=_by_columns,
    ),
    *(
        Kind(
            name=kind,
            needs_programme=True,
            create=statement_rows.CREATE[kind],
            add=statement_rows.ADD[kind],
            width=statement_rows.TYPED_COLUMNS,
            typist=typist_of_sums,
            judge=_judge,
            accept=_accept,
            undo=_undo,
        )
        for kind in (DAY_BILLS, STATEMENTS)
    ),
)
