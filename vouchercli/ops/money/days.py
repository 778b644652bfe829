"""Days: sealed when their files are in, signed by finance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops import answers
from vouchercli.ops.money.sealed_days import tabulate
from vouchercli.ops.setup import closed, staff
from vouchercli.result import Outcome, say
from vouchercli.rules import days as law
from vouchercli.rules import doors, times
from vouchercli.rules import staff as people
from vouchercli.store import audit, day_proofs, endings, programmes
from vouchercli.store import days as store
from vouchercli.store.db import data_version, reading, writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.session import Session
    from vouchercli.store.days import Day, Span

# ---------------------------------------------------------------- sealed


def close_day(session: Session, day: int) -> Outcome:
    """Seal a local day (yyyymmdd) and every open day before it, each in its own transaction. What
    is sealed already stays as it is. Raises `day_not_over`, `import_unfinished`, `nothing_booked`.
    """
    row = programmes.current(session.db, session.programme)
    staff.require(session, programmes.value(row), doors.DOOR["day close"])
    closing = endings.closing(session.db, row["programme_id"])
    if closing is not None and day > closing.closed_on:
        closed.require_open(session.db, row)
    if times.day_bounds(day, row["time_zone"])[1] > session.now:
        raise VoucherError(
            "day_not_over",
            "{day} is not over: it ends at {ends_at}",
            hint="voucher day list",
            day=times.day_text(day),
            ends_at=times.shown_end(times.day_bounds(day, row["time_zone"])[1], row["time_zone"]),
        )
    sealed = [*_seal_up_to(session, row, day)]
    if not sealed and store.last(session.db, row["programme_id"]) is None:
        raise VoucherError(
            "nothing_booked",
            "nothing is booked on {day} or before it: there is no day to seal",
            hint="voucher ledger show",
            day=times.day_text(day),
        )
    return _answer_sealed(session, row, sealed, day)


def list_due(session: Session) -> list[tuple[sqlite3.Row, int]]:
    """Programmes whose days the clock is to seal, each with the last of these days."""
    due = []
    for row in programmes.all_loaded(session.db):
        if session.programme not in (None, row["programme"]):
            continue
        last = law.last_due(programmes.value(row).books, session.now, row["time_zone"])
        first = _first_open(session.db, row["programme_id"])
        closing = endings.closing(session.db, row["programme_id"])
        if last is not None and closing is not None:
            last = min(last, closing.closed_on)
        if last is not None and first is not None and first <= last:
            due.append((row, last))
    return due


def seal_due(session: Session, row: sqlite3.Row, day: int) -> Outcome | None:
    """Seal what the clock is to seal of a programme. Raises `import_unfinished`."""
    sealed = [*_seal_up_to(session, row, day)]
    return _answer_sealed(session, row, sealed, day) if sealed else None


def _first_open(db: sqlite3.Connection, programme_id: int) -> int | None:
    """The first day that is open and has something booked, or follows one that is sealed."""
    return store.open_on(db, programme_id) or store.first_day(db, programme_id)


def _seal_up_to(session: Session, row: sqlite3.Row, last: int) -> Iterator[Day]:
    first = _first_open(session.db, row["programme_id"])
    for day in law.each_day(first, last) if first is not None else ():
        sealed = _seal(session, row, day)
        if sealed is not None:
            yield sealed


def _seal(session: Session, row: sqlite3.Row, day: int) -> Day | None:
    """Seal the day behind the last one. It is read before the lock is taken, and again under it
    only when somebody has written meanwhile. None: another command has sealed it.
    """
    db, programme_id = session.db, row["programme_id"]
    _require_whole(db, row, day)
    with reading(session):
        version = data_version(db)
        span, sums = _sum_up(db, row, day)
    with writing(session):
        if store.open_on(db, programme_id) not in (0, day):
            return None
        _require_whole(db, row, day)
        if data_version(db) != version or session.joins:
            span, sums = _sum_up(db, row, day)
        before = store.last(db, programme_id)
        previous = before.sha256 if before else ""
        last_ids = (span.last_claim, span.last_redemption)
        seal = law.seal(previous, row["programme"], day, last_ids, sums)
        store.add(session, span, previous, sums, seal)
        audit.note(
            session,
            "day.close",
            times.day_text(day),
            programme=row["programme"],
            sha256=seal,
            **{key: value for key, value in sums._asdict().items() if key != "facts_sha256"},
        )
        return store.named(db, programme_id, day)


def _sum_up(db: sqlite3.Connection, row: sqlite3.Row, day: int) -> tuple[Span, law.Sums]:
    before = store.last(db, row["programme_id"])
    begins_at, ends_at = times.day_bounds(day, row["time_zone"])
    span = store.Span(
        row["programme_id"],
        day,
        begins_at if before is None else before.ends_at,
        ends_at,
        *(before.last_ids if before else (0, 0)),
        *store.last_ids(db),
    )
    return span, store.sum_up(db, span)


def _require_whole(db: sqlite3.Connection, row: sqlite3.Row, day: int) -> None:
    """Raise `import_unfinished` while a file is coming in: its end judges its rows once more."""
    if batches := store.importing(db, row["programme_id"]):
        raise VoucherError(
            "import_unfinished",
            "{day} cannot be sealed: the import of batch {batches} is not done",
            hint="voucher batch resume {batch}, or voucher batch undo {batch}",
            day=times.day_text(day),
            batches=", ".join(map(str, batches)),
            batch=batches[0],
        )


def _answer_sealed(session: Session, row: sqlite3.Row, sealed: list[Day], day: int) -> Outcome:
    data = {"programme": row["programme"], "sealed": answers.rows(tabulate(row, sealed))}
    if not sealed:
        return Outcome(data, says=(say("{day} is sealed already", day=times.day_text(day)),))
    about = {
        "programme": row["programme"],
        "count": len(sealed),
        "first": times.day_text(sealed[0].day),
        "last": times.day_text(sealed[-1].day),
    }
    message = (
        say("sealed {last} of {programme}", **about)
        if len(sealed) == 1
        else say("sealed {count} days of {programme}, {first} to {last}", **about)
    )
    following = say("next: voucher day sign {last} --actor NAME, by finance", **about)
    return Outcome(data, says=(message, following))


# ---------------------------------------------------------------- signed


def sign_day(session: Session, day: int, note: str = "") -> Outcome:
    """Sign a sealed day and every sealed day before it that nobody has signed, as finance, once
    what is booked on them is proved again. Raises `day_open`, `day_damaged`, `own_seal`.
    """
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        programme_id = row["programme_id"]
        staff.require(session, programmes.value(row), doors.DOOR["day sign"])
        if store.named(db, programme_id, day) is None:
            raise store.open_day(db, programme_id, day)
        days = [each for each in store.in_order(db, programme_id) if each.day <= day]
        unsigned = [each for each in days if each.signed_by is None]
        _require_other_hand(session, unsigned)
        asked = frozenset(each.day for each in unsigned)
        damaged = day_proofs.damaged(db, programme_id, row["programme"], asked)
        wrong = {each.day for each, _ in damaged}
        for each in unsigned:
            if each.day in wrong:
                raise VoucherError(
                    "day_damaged",
                    "{day} is not what was sealed: it cannot be signed",
                    hint="voucher day verify",
                    day=times.day_text(each.day),
                )
            store.sign(session, programme_id, each, note)
            audit.note(
                session,
                "day.sign",
                times.day_text(each.day),
                programme=row["programme"],
                sha256=each.sha256,
                **({"note": note} if note else {}),
            )
        signed = [store.named(db, programme_id, each.day) for each in unsigned]
    described = answers.rows(tabulate(row, [each for each in signed if each]))
    data = {"programme": row["programme"], "signed": described}
    if not signed:
        return Outcome(data, says=(say("{day} is signed already", day=times.day_text(day)),))
    message = say(
        "signed {count} days of {programme}, up to {day}",
        count=len(signed),
        programme=row["programme"],
        day=times.day_text(day),
    )
    return Outcome(data, says=(message,))


def _require_other_hand(session: Session, days: list[Day]) -> None:
    """Raise `own_seal` when the person who signs has sealed one of them."""
    for each in days:
        if people.same_person(each.sealed_by, session.actor):
            raise VoucherError(
                "own_seal",
                "{actor} has sealed {day}: somebody else must sign it",
                hint="voucher day sign {day} --actor NAME",
                actor=session.actor,
                day=times.day_text(each.day),
            )
