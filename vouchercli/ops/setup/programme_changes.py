"""Changes of a programme: put in place at once while no approved round rests on it; else proposed,
and approved by others.

A fund is what approvals draw on, and the limits and policies are what was approved: neither moves
by one person's file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.ops.setup import staff
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import limits as limits_law
from vouchercli.rules import programme_changes as law
from vouchercli.rules import staff as people
from vouchercli.rules import times
from vouchercli.rules.staff import Hand
from vouchercli.store import audit, ledger, limits, programme_changes
from vouchercli.store import programmes as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.formats.configs.yamls import Document
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session

SHOWN = 10
COLUMNS = (
    Column("key", "key"),
    Column("before", "before", blank="-"),
    Column("after", "after", blank="-"),
)


# ---------------------------------------------------------------- at once


def put_in_place(
    session: Session, before: Programme | None, after: Programme, document: Any, digest: str
) -> tuple[Problem, ...]:
    """Keep the programme and post what its funds grew or shrank by. Shrinking comes first, while
    every funder is still there. Gives what stands though a limit that holds from before now would
    refuse it.
    """
    row = store.find(session.db, after.programme)
    if row is not None:
        _post(session, row["programme_id"], before, after, lowering=True)
    programme_id = store.save(session.db, after, document, digest, session.now)
    from_at = session.now if after.limits.from_at is None else after.limits.from_at
    was = before.limits if before else None
    changed = limits.change(session.db, programme_id, was, after.limits, from_at, after.time_zone)
    _post(session, programme_id, before, after, lowering=False)
    of_visits = [changed[name] for name in changed if limits_law.is_by_visit(name)]
    if before is None or min(of_visits, default=session.now) >= session.now:
        return ()
    crowded = limits.crowded_visits(session.db, programme_id, from_at, after.time_zone)
    return tuple(
        Problem(
            "not_lawful_now",
            "{vouchers} vouchers of one resident at {merchant} on {day} stand, more than the limit"
            " now ({number} among them)",
            level="warning",
            params={
                "vouchers": each.vouchers,
                "merchant": each.merchant_no,
                "day": times.day_text(each.day),
                "number": each.transaction_no,
            },
        )
        for each in crowded[:SHOWN]
    )


def require_note(session: Session, before: Programme, after: Programme, note: str) -> None:
    """Raise `note_needed` when limits would hold from before now and nobody says why."""
    from_at = after.limits.from_at
    if from_at is None or from_at >= session.now or before.limits == after.limits or note.strip():
        return
    raise VoucherError(
        "note_needed",
        "limits that hold from before now correct what was known: say why",
        hint='voucher programme load FILE --note "WHY"',
    )


def _post(
    session: Session,
    programme_id: int,
    before: Programme | None,
    after: Programme,
    *,
    lowering: bool,
) -> None:
    old = {funder.funder: funder.amount_fen or 0 for funder in before.funders} if before else {}
    new = {funder.funder: funder.amount_fen or 0 for funder in after.funders}
    for row in store.funders(session.db, programme_id):
        fen = new.get(row["funder"], 0) - old.get(row["funder"], 0)
        if (fen < 0) == lowering:
            ledger.post(
                session.db,
                row["funder_id"],
                None,
                *(("uncommitted", "appropriated") if lowering else ("appropriated", "uncommitted")),
                abs(fen),
                "programme.load",
                session.now,
            )


def refuse_obstacles(
    db: sqlite3.Connection,
    programme_id: int,
    before: Programme,
    after: Programme,
    file: str,
    document: Document | None = None,
) -> None:
    """Raise `programme_in_use` when the change would break what depends on the programme."""
    obstacles = law.obstacles(before, after, store.in_use(db, programme_id))
    if obstacles:
        raise VoucherError(
            "programme_in_use",
            "{count} change(s) of programme {programme} conflict with what is recorded; nothing"
            " was changed",
            hint="undo them in {file}, then load it again",
            problems=yamls.problems(obstacles, document),
            count=len(obstacles),
            programme=after.programme,
            file=file,
        )


# ---------------------------------------------------------------- proposed


def must_wait(
    db: sqlite3.Connection, programme_id: int, before: Programme, after: Programme
) -> bool:
    """Whether the change takes effect only by others: it is about money or people, and approved
    rounds rest on the programme.
    """
    return law.is_binding(before, after) and programme_changes.is_rested_on(db, programme_id)


def is_already_waiting(db: sqlite3.Connection, row: sqlite3.Row, digest: str) -> bool:
    """Whether this very change is already waiting for approval. Raises `change_waiting` when
    another one is.
    """
    waiting = programme_changes.waiting(db, row["programme_id"])
    if waiting is None or waiting["digest"] == digest:
        return waiting is not None
    raise VoucherError(
        "change_waiting",
        "a change of programme {programme}, proposed by {actor}, still waits for approval",
        hint=(
            "voucher programme approve {programme} --actor NAME, or voucher programme reject"
            " {programme} --note WHY"
        ),
        programme=row["programme"],
        actor=waiting["proposed_by"],
    )


def propose(
    session: Session,
    row: sqlite3.Row,
    before: Programme,
    after: Programme,
    document: Document,
    digest: str,
    note: str,
) -> Outcome:
    """Keep the change until others have approved it, in the caller's transaction; the programme
    stays as it is.
    """
    staff.require_itself(session, before)
    number = programme_changes.add(
        session, row["programme_id"], digest, document.value, document.name
    )
    audit.note(
        session,
        "programme.propose",
        before.programme,
        change=number,
        file=document.name,
        digest=digest,
        **({"note": note} if note else {}),
        before=store.document(row),
        after=document.value,
    )
    waiting = programme_changes.waiting(session.db, row["programme_id"])
    assert waiting is not None
    return Outcome(
        data={
            "programme": before.programme,
            "result": "waiting",
            "change": describe(session.db, row, waiting),
        },
        tables=(table(session.db, row, waiting),),
        says=(
            say(
                "proposed a change of {programme}: rounds depend on it, so it needs approval;"
                " checkers needed: {checkers}",
                programme=before.programme,
                checkers=_approvals_needed(before, after),
            ),
            say(
                "next: voucher programme approve {programme} --actor NAME, by someone other than"
                " {authors}",
                programme=before.programme,
                authors=session.actor,
            ),
        ),
    )


def _approvals_needed(before: Programme, after: Programme) -> int:
    return people.checkers_needed(law.stake_fen(before, after), before.approvals)


# ---------------------------------------------------------------- approved or rejected


def approve_change(session: Session, code: str | None) -> Outcome:
    """Approve what waits, by the staff that the programme has now. The last approval needed lets it
    take effect, judged again by what stands then. Raises `nothing_waits`, `own_change`,
    `already_approved`, `programme_in_use` ...
    """
    with writing(session) as db:
        row, waiting = _waiting_change(session, code)
        before, after = store.value(row), store.value(waiting)
        number, name = waiting["change_id"], before.programme
        author = Hand(waiting["proposed_by"], waiting["os_user"])
        staff.require_other_eyes_of_change(
            session, before, [author], programme_changes.approvers(db, number)
        )
        programme_changes.add_verdict(session, number, "approve")
        given, needed = (
            len(programme_changes.approvers(db, number)),
            _approvals_needed(before, after),
        )
        about = {"change": number, "file": waiting["file"], "approvals": given, "needed": needed}
        if given < needed:
            audit.note(
                session,
                "programme.approve",
                name,
                **about,
                before={"change": "proposed"},
                after={"change": "proposed"},
            )
            return Outcome(
                data={
                    "programme": name,
                    "result": "waiting",
                    "change": describe(db, row, waiting),
                },
                says=(
                    say(
                        "approved the change of {programme} ({given} of {needed} checkers); one"
                        " more person must approve",
                        programme=name,
                        given=given,
                        needed=needed,
                    ),
                ),
            )
        refuse_obstacles(db, row["programme_id"], before, after, waiting["file"])
        description = describe(db, row, waiting)
        programme_changes.end(db, number, "effective", session.now)
        document = json.loads(waiting["document"])
        standing = put_in_place(session, before, after, document, waiting["digest"])
        audit.note(
            session,
            "programme.approve",
            name,
            **about,
            before=store.document(row),
            after=json.loads(waiting["document"]),
        )
        return Outcome(
            data={"programme": name, "result": "changed", "change": description},
            says=(say("programme {programme} is changed", programme=name),),
            problems=standing,
        )


def reject_change(session: Session, code: str | None, note: str) -> Outcome:
    """Turn down what waits: a checker, or who proposed it and thinks better of it. Raises
    `nothing_waits`, `not_a_checker`.
    """
    with writing(session) as db:
        row, waiting = _waiting_change(session, code)
        programme = store.value(row)
        if not people.same_person(session.actor, waiting["proposed_by"]):
            staff.require_checker(session, programme)
        staff.require_itself(session, programme)
        description = describe(db, row, waiting)
        programme_changes.add_verdict(session, waiting["change_id"], "reject", note)
        programme_changes.end(db, waiting["change_id"], "declined", session.now)
        audit.note(
            session,
            "programme.reject",
            programme.programme,
            change=waiting["change_id"],
            file=waiting["file"],
            note=note,
            before={"change": "proposed"},
            after={"change": "declined"},
        )
        return Outcome(
            data={"programme": programme.programme, "result": "unchanged", "change": description},
            says=(
                say(
                    "rejected the change of {programme}; the programme is unchanged",
                    programme=programme.programme,
                ),
            ),
        )


def _waiting_change(session: Session, code: str | None) -> tuple[sqlite3.Row, sqlite3.Row]:
    """The programme and the change of it that waits. Raises `nothing_waits`."""
    row = store.current(session.db, code or session.programme)
    waiting = programme_changes.waiting(session.db, row["programme_id"])
    if waiting is None:
        raise VoucherError(
            "nothing_waits",
            "no change of programme {programme} waits for approval",
            hint="voucher programme show {programme}",
            programme=row["programme"],
        )
    return row, waiting


# ---------------------------------------------------------------- shown


def describe(db: sqlite3.Connection, row: sqlite3.Row, waiting: sqlite3.Row) -> dict[str, Any]:
    """A change that waits for approval, as JSON: the differences, who proposed it, who has approved
    it.
    """
    return {
        "change": waiting["change_id"],
        "file": waiting["file"],
        "proposed_by": waiting["proposed_by"],
        "os_user": waiting["os_user"],
        "proposed_at": times.iso(waiting["proposed_at"], row["time_zone"]),
        "checkers_needed": _approvals_needed(store.value(row), store.value(waiting)),
        "approvals": [
            each._asdict() for each in programme_changes.approvers(db, waiting["change_id"])
        ],
        "differences": _differences(row, waiting),
    }


def table(db: sqlite3.Connection, row: sqlite3.Row, waiting: sqlite3.Row) -> Table:
    """The same as a table for readers: the present value and the proposed value of each key."""
    heading = say(
        "A change of {programme} waits for approval: proposed by {actor}",
        programme=row["programme"],
        actor=waiting["proposed_by"],
    )
    names = ", ".join(each.actor for each in programme_changes.approvers(db, waiting["change_id"]))
    notes = (say("approved so far by: {names}", names=names),) if names else ()
    return Table(heading, COLUMNS, tuple(_differences(row, waiting)), notes=notes)


def _differences(row: sqlite3.Row, waiting: sqlite3.Row) -> list[dict[str, Any]]:
    return [
        {"key": key, "before": before, "after": after}
        for key, before, after in law.differences(store.document(row), store.document(waiting))
    ]
