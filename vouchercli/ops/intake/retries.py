"""Rows judged again: rejects that may now be accepted, and the standing facts that are connected
with them.

What stands gives way only to a row that lawfully displaces it: one on the same voucher, or with the
same number, that is earlier in time, or an earlier claim of a round that is full. Limits decide
among rows that come together: a row that comes later never takes a place under a limit from one
that stands. A fact that gives way becomes a reject of its own batch; whose money moves is listed,
and a merchant loses what it was paid only when somebody is sure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import FIELDS_OF
from vouchercli.formats.tables.records import Record, as_read
from vouchercli.ops.intake import staging, summaries, undoing
from vouchercli.ops.intake.kinds import Intake, Kind
from vouchercli.result import SHOWN, Column, Message, Outcome, Problem, Table, say
from vouchercli.rules import money
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import audit, batches, duplicates, incoming, programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch
    from vouchercli.store.reopening import Moved

Place = tuple[int, int]  # (batch_id, line)
Counts = dict[int, tuple[int, int, int]]  # batch_id -> rows (accepted, duplicate, rejected)
NONE = (0, 0, 0)
WORKBOOKS = ("xlsx", "xls")  # in place of the encoding of a text


def retry(
    session: Session,
    kinds: dict[str, Kind],
    batch_id: int,
    *,
    is_sure: bool = False,
    lines: frozenset[int] | None = None,
) -> Outcome:
    """Judge a batch's rejects again (with `lines` only these), now that what they waited for may
    have come; what is accepted joins the batch.

    Rejects of other batches that wait for other rows of the same kind are judged with them. Raises
    `VoucherError` when the batch was undone or is still under way, or when a merchant would lose
    what it was paid and nobody is sure (`money_moves`).
    """
    with writing(session) as db:
        batch = batches.named(db, batch_id)
        undoing.refuse_undone(batch)
        if batch.state == "importing":
            raise VoucherError(
                "batch_unfinished",
                "batch {batch} is not finished: its import stopped at line {line}",
                hint="voucher batch resume {batch}",
                batch=batch_id,
                line=batch.last_line,
            )
        intake = intake_of(session, kinds[batch.kind], batch)
        staging.expect(intake)
        staged = _stage(intake, batch, None, 1, lines)
        for other in (
            batches.with_waiting(db, batch, intake.kind.waiting) if intake.kind.waiting else ()
        ):
            staged += _stage(
                intake_of(session, intake.kind, other), other, intake.kind.waiting, len(staged) + 1
            )
        again = judge_again(intake, staged, None)
        if not (is_sure or session.dry_run):
            _refuse_moving_money(batch_id, again.moved)
        own = again.staged.pop(batch_id, (0, 0, 0))
        others = {number: counts for number, counts in again.staged.items() if any(counts[:2])}
        audit.note(
            session,
            f"{intake.kind.name}.retry",
            batch.file,
            batch=batch_id,
            accepted=own[0],
            rejected=own[2],
            **({"others": {str(other): counts for other, counts in others.items()}}),
            **moves_data(again.moved),
        )
        outcome = summaries.summarise(
            intake,
            batches.named(db, batch_id),
            read=sum(own),
            accepted=own[0],
            duplicate=own[1],
            rejected=own[2],
            moved=[_move_data(each) for each in again.moved],
        )
        return say_moves(outcome, again.moved, others)


def settle(intake: Intake) -> list[Moved]:
    """The end of an import in chunks: the batch's own rows that may be connected with other
    chunks are judged once more, with what other batches have brought standing as it is. Gives what
    other batches had refunded of its rows meanwhile, where these gave way.
    """
    intake = replace(intake, is_whole=True)
    hopeless = _hopeless(intake)
    moved = _settle_all_but(intake, hopeless)
    if hopeless != (left := _hopeless(intake)):  # what was judged has made room for some of them
        moved += _settle_all_but(intake, left)
    return [each for each in moved if each.batch != intake.batch_id]


def _hopeless(intake: Intake) -> frozenset[int]:
    find = intake.kind.hopeless
    return find(intake.db, intake.batch_id) if find else frozenset()


def _settle_all_but(intake: Intake, hopeless: frozenset[int]) -> list[Moved]:
    staging.expect(intake)
    batch = batches.named(intake.db, intake.batch_id)
    staged = _stage(intake, batch, intake.kind.waiting, 1, but=hopeless)
    return judge_again(intake, staged, intake.batch_id, "import").moved


@dataclass(frozen=True)
class Again:
    """What judging again came to: of the rejects of each batch how many ended (accepted, duplicate,
    rejected), and the facts that stood and gave way.
    """

    staged: Counts
    moved: list[Moved]


def judge_again(intake: Intake, staged: list[Place], only: int | None, why: str = "retry") -> Again:
    """Judge the staged rejects with the facts connected with them (of the batch `only`,
    None: of all); what they move is posted for `why`.
    """
    with intake.booking(f"{intake.kind.name}.{why}"):
        if intake.kind.reopen:
            intake.kind.reopen(intake, only)
        intake.kind.judge(intake)
        moved = intake.kind.moved(intake.db) if intake.kind.moved else []
        batches.forget_rejects(intake.db, staged)
        intake.kind.accept(intake)
    duplicates.note(intake.db, intake.kind.name)
    duplicates.follow(intake.db, intake.kind.name, len(staged))
    incoming.warned(intake.db)
    incoming.keep(intake.db)
    of_rejects, of_facts = (
        incoming.by_batch(intake.db, len(staged), is_staged=is_staged)
        for is_staged in (True, False)
    )
    for batch in sorted({*of_rejects, *of_facts}):
        accepted, duplicate, _ = of_rejects.get(batch, NONE)
        _, again_duplicate, gone = of_facts.get(batch, NONE)
        batches.move(
            intake.db,
            batch,
            accepted=accepted - again_duplicate - gone,
            duplicate=duplicate + again_duplicate,
            rejected=gone - accepted - duplicate,
        )
    return Again(of_rejects, moved)


# ---------------------------------------------------------------- what moved


def _refuse_moving_money(batch_id: int, moved: list[Moved]) -> None:
    """A payment that was accepted and perhaps reported gives way only when somebody says so."""
    money_moves = [each for each in moved if each.moves_money]
    if not money_moves:
        return
    raise VoucherError(
        "money_moves",
        "judging batch {batch} again would take {amount} yuan from {count} payments that stand;"
        " nothing was changed",
        hint="voucher batch retry {batch} --yes",
        problems=[_move_problem(each) for each in money_moves[: summaries.SHOWN_ROWS]],
        batch=batch_id,
        count=len(money_moves),
        amount=money.grouped(sum(each.amount_fen for each in money_moves)),
    )


def _move_problem(each: Moved) -> Problem:
    about = {"number": each.what, "amount": money.yuan(each.amount_fen), "holder": each.holder}
    where = f"batch {each.batch}:{each.line}"
    if not each.to:
        return Problem(
            "money_moves",
            "{amount} yuan of {number} at {holder} would be nobody's: its claim gives way",
            where,
            params=about,
        )
    return Problem(
        "money_moves",
        "{amount} yuan of {number} would go from {holder} to {to} (batch {by_batch}, line"
        " {by_line})",
        where,
        params={**about, "to": each.to, "by_batch": each.by_batch, "by_line": each.by_line},
    )


def moves_data(moved: list[Moved]) -> dict[str, Any]:
    """What gave way, for the log."""
    return {"moved": [_move_data(each) for each in moved]} if moved else {}


def say_moves(outcome: Outcome, moved: list[Moved], others: Counts) -> Outcome:
    """The outcome, with what gave way and what became of rejects of other batches."""
    return replace(
        outcome,
        tables=(*outcome.tables, _moves_table(moved)),
        says=(*outcome.says, *_sentences_about(others, moved)),
    )


def _move_data(each: Moved) -> dict[str, Any]:
    """A fact that gave way, as JSON."""
    data = each._asdict()
    return {"from" if key == "holder" else key: value for key, value in data.items()}


MOVES = (
    Column("batch", "Batch", "int"),
    Column("line", "Line", "int"),
    Column("what", "Number"),
    Column("kind", "Kind", "word"),
    Column("from", "Held by"),
    Column("to", "Now held by"),
    Column("amount_fen", "Voucher paid", "fen"),
    Column("reason", "Reason", "code"),
    Column("by_batch", "Taken by batch", "int"),
    Column("by_line", "Line there", "int"),
)


def _moves_table(moved: list[Moved]) -> Table:
    return Table(
        say("What stood and gave way to an earlier row"),
        MOVES,
        [_move_data(each) for each in moved],
        optional=True,
        where=SHOWN,
    )


def intake_of(session: Session, kind: Kind, batch: Batch) -> Intake:
    """The intake for reading a batch's kept rows again, or its rows by our own fields."""
    programme = programmes.by_id(session.db, batch.programme_id) if batch.programme_id else None
    return Intake(
        session,
        session.db,
        kind,
        summaries.read_again(batch),
        batch.batch,
        programme,
        programme["time_zone"] if programme else HOME_ZONE,
    )


def _stage(
    intake: Intake,
    batch: Batch,
    reasons: tuple[str, ...] | None,
    first_place: int,
    lines: frozenset[int] | None = None,
    *,
    but: frozenset[int] = frozenset(),
) -> list[Place]:
    """Put a batch's rejects of these reasons and `lines` (None: all `but` those) back among the
    incoming rows; returns where they stand as rejects.
    """
    is_text = batch.encoding not in WORKBOOKS
    kept = [
        (row.line, as_read(json.loads(row.cells), json.loads(row.detail), is_text=is_text))
        for row in batches.rejects(intake.db, batch.batch, reasons)
        if row.line not in but and (lines is None or row.line in lines)
    ]
    again = summaries.read_again(
        batch, [(line, cells) for line, cells in kept if isinstance(cells, list)]
    )
    once_accepted = [
        record_of_fields(intake.kind.name, line, cells)
        for line, cells in kept
        if isinstance(cells, dict)
    ]
    staging.stage(
        replace(intake, reading=again, batch_id=batch.batch),
        chain(again.records(), once_accepted),
        first_place=first_place,
    )
    return [(batch.batch, line) for line, _ in kept]


def record_of_fields(kind: str, line: int, cells: dict[str, str]) -> Record:
    """A row that had been accepted: it is kept by our own fields, which no profile needs to
    read.
    """
    return Record(
        line,
        (),
        tuple(cells.get(name, "") for name in FIELDS_OF[kind]),
        kept=staging.as_json(cells),
    )


def _sentences_about(others: Counts, moved: list[Moved]) -> tuple[Message, ...]:
    """What became of rows of other batches, and of what stood."""
    accepted, duplicate = (sum(counts[place] for counts in others.values()) for place in (0, 1))
    says = []
    if accepted:
        says.append(say("{count} rows of other batches were accepted with them", count=accepted))
    if duplicate:
        says.append(
            say("{count} rows of other batches are duplicates of accepted rows", count=duplicate)
        )
    if moved:
        says.append(
            say(
                "{count} rows that stood gave way to earlier ones and are rejects of their batches"
                " now",
                count=len(moved),
            )
        )
    return tuple(says)
