"""Changes of a programme: put in place at once while no approved round rests on it; else proposed,
and approved by others.

A fund is what approvals draw on, and the limits and policies are what was approved: neither moves
by one person's file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.ops.setup import configs, desk, use_problems
from vouchercli.result import Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import limits as limits_law
from vouchercli.rules import money, times
from vouchercli.rules import programme_changes as law
from vouchercli.rules import staff as people
from vouchercli.rules.uses import cap as use_cap
from vouchercli.store import audit, claim_limits, ledger, limits, proposals, use_limits
from vouchercli.store import programmes as store
from vouchercli.store.db import writing
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.formats.configs.yamls import Document
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.programmes import Row
    from vouchercli.store.proposals import Proposal

SHOWN = 10
CHANGE = "change"
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
    if before is None:
        return ()
    if before.settlement != after.settlement:
        _post_held(session, programme_id)
    standing = [
        problem
        for name, begins in limits_law.counted_otherwise(changed, limits.kept(after.limits)).items()
        if begins < session.now
        for problem in _standing_beyond(session.db, programme_id, name, begins, after.time_zone)
    ]
    return (*standing[:SHOWN], *use_problems.rest_of(len(standing) - SHOWN))


def _post_held(session: Session, programme_id: int) -> None:
    """What goes to a platform whose account has changed is held, and now others are paid."""
    from vouchercli.store import settlements  # of such a change alone

    settlements.post_held(session.db, programme_id, "settlement.hold", session.now)


def _standing_beyond(
    db: sqlite3.Connection, programme_id: int, name: str, from_at: int, zone: str
) -> list[Problem]:
    """What stands since `from_at` and is more than the limit of that name allows now."""
    if name == limits_law.PER_VISIT:
        return [
            Problem(
                "not_lawful_now",
                "{vouchers} vouchers of one resident at {merchant} on {day} stand, more than the"
                " limit now ({number} among them)",
                level="warning",
                params={
                    "vouchers": each.vouchers,
                    "merchant": each.merchant_no,
                    "day": times.day_text(each.day),
                    "number": each.transaction_no,
                },
            )
            for each in limits.crowded_visits(db, programme_id, from_at, zone)
        ]
    if use_cap(name):
        payments = use_limits.standing_beyond(db, programme_id, name, from_at, zone)
        return use_problems.warn_of(name, payments, zone)
    return [
        Problem(
            "not_lawful_now",
            "claim {claim_no}, {claimed_at}, stands though {limit} would refuse it now",
            level="warning",
            params={
                "claim_no": each.claim_no,
                "claimed_at": times.shown(each.claimed_at, zone),
                "limit": Word(name),
            },
        )
        for each in claim_limits.extra_claims(db, programme_id, name, from_at, zone)
    ]


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
    """Post what each funder gave or has back: first what makes room, then what needs it."""
    old = {funder.funder: funder for funder in before.funders} if before else {}
    new = {funder.funder: funder for funder in after.funders}
    for row in store.funders(session.db, programme_id):
        was, will = old.get(row["funder"]), new.get(row["funder"])
        given = (will.given_fen if will else 0) - (was.given_fen if was else 0)
        returned = (will.returned_fen if will else 0) - (was.returned_fen if was else 0)
        if (given < 0) == lowering:
            _move(session, row, ("appropriated", "uncommitted"), given)
        if (returned < 0) == lowering:
            _move(session, row, ("uncommitted", "returned"), returned)


def _move(session: Session, row: Row, way: tuple[str, str], fen: int) -> None:
    """Post so much; a negative amount the other way."""
    way = way if fen > 0 else (way[1], way[0])
    at = session.now
    ledger.post(session.db, row["funder_id"], None, *way, abs(fen), "programme.load", at)


def refuse_obstacles(
    db: sqlite3.Connection,
    programme_id: int,
    before: Programme,
    after: Programme,
    document: Document | None = None,
) -> None:
    """Raise `programme_in_use` when the change would break what depends on the programme; without a
    `document` it is one that waits.
    """
    obstacles = law.obstacles(before, after, store.in_use(db, programme_id))
    if obstacles:
        raise VoucherError(
            "programme_in_use",
            "{count} change(s) of programme {programme} conflict with what is recorded; nothing"
            " was changed",
            hint="undo them in {file}, then load it again"
            if document
            else "voucher programme reject {programme} --note WHY",
            problems=yamls.problems(obstacles, document),
            count=len(obstacles),
            programme=after.programme,
            file=document.name if document else "",
        )


# ---------------------------------------------------------------- proposed


def must_wait(
    db: sqlite3.Connection, programme_id: int, before: Programme, after: Programme
) -> bool:
    """Whether the change takes effect only by others: it is about money or people, approved rounds
    rest on the programme, and there is somebody who may approve it.
    """
    is_binding = law.is_binding(before, after) and people.has_checkers(before)
    return is_binding and store.is_rested_on(db, programme_id)


def is_already_waiting(db: sqlite3.Connection, row: sqlite3.Row, digest: str) -> bool:
    """Whether this very change is already waiting for approval. Raises `change_waiting` when
    another one is.
    """
    waiting = proposals.waiting(db, subject(row))
    if waiting is None:
        return False
    is_change = waiting.kind == CHANGE
    if is_change and configs.digest(store.of_document(waiting.after)) == digest:
        return True
    raise _another_waits(row, waiting)


def require_none_waiting(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Raise `change_waiting` when something waits on the programme."""
    waiting = proposals.waiting(db, subject(row))
    if waiting is not None:
        raise _another_waits(row, waiting)


def _another_waits(row: sqlite3.Row, waiting: Proposal) -> VoucherError:
    return VoucherError(
        "change_waiting",
        "a change of programme {programme}, proposed by {actor}, still waits for approval",
        hint=(
            "voucher programme approve {programme} --actor NAME, or voucher programme reject"
            " {programme} --note WHY"
        ),
        programme=row["programme"],
        actor=waiting.proposed_by,
    )


def subject(row: sqlite3.Row) -> Subject:
    """What is proposed on: a programme."""
    return Subject(proposals.PROGRAMME, row["programme_id"])


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
    number = proposals.add(
        session,
        subject(row),
        CHANGE,
        store.document(row),
        document.value,
        amount_fen=law.stake_fen(before, after),
        note=note,
        evidence=document.name,
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
    waiting = proposals.waiting(session.db, subject(row))
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
                checkers=desk.checkers_needed(before, waiting),
            ),
            say(
                "next: voucher programme approve {programme} --actor NAME, by someone other than"
                " {authors}",
                programme=before.programme,
                authors=session.actor,
            ),
        ),
    )


# ---------------------------------------------------------------- approved or rejected


def approve_change(session: Session, code: str | None) -> Outcome:
    """Approve what waits, by the staff that the programme has now. The last approval needed lets it
    take effect, judged again by what stands then. Raises `nothing_waits`, `own_change`,
    `already_approved`, `programme_in_use` ...
    """
    with writing(session) as db:
        row, waiting = _waiting_change(session, code)
        before, after = store.value(row), store.of_document(waiting.after)
        name, file = before.programme, waiting.evidence
        approved = desk.approve(session, before, waiting, name)
        given, needed = approved
        about = {"change": waiting.proposal, "file": file, "approvals": given, "needed": needed}
        if not approved.is_enough:
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
        refuse_obstacles(db, row["programme_id"], before, after)
        description = describe(db, row, waiting)
        proposals.end(db, waiting, "effective", session.now, before=store.document(row))
        standing = put_in_place(session, before, after, waiting.after, configs.digest(after))
        audit.note(
            session,
            "programme.approve",
            name,
            **about,
            before=store.document(row),
            after=waiting.after,
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
        description = describe(db, row, waiting)
        desk.decline(session, programme, waiting, note)
        audit.note(
            session,
            "programme.reject",
            programme.programme,
            change=waiting.proposal,
            file=waiting.evidence,
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


def _waiting_change(session: Session, code: str | None) -> tuple[sqlite3.Row, Proposal]:
    """The programme and the change of it that waits. Raises `nothing_waits`."""
    row = store.current(session.db, code or session.programme)
    waiting = proposals.waiting(session.db, subject(row))
    if waiting is None:
        raise VoucherError(
            "nothing_waits",
            "no change of programme {programme} waits for approval",
            hint="voucher programme show {programme}",
            programme=row["programme"],
        )
    return row, waiting


# ---------------------------------------------------------------- shown


def describe(db: sqlite3.Connection, row: sqlite3.Row, waiting: Proposal) -> dict[str, Any]:
    """A change that waits for approval, as JSON: the differences, who proposed it, who has approved
    it.
    """
    return {
        "change": waiting.proposal,
        "file": waiting.evidence,
        "proposed_by": waiting.proposed_by,
        "os_user": waiting.os_user,
        "proposed_at": times.iso(waiting.proposed_at, row["time_zone"]),
        "checkers_needed": desk.checkers_needed(store.value(row), waiting),
        "approvals": [each._asdict() for each in proposals.approvers(db, waiting.proposal)],
        "differences": _differences(row, waiting),
    }


def table(db: sqlite3.Connection, row: sqlite3.Row, waiting: Proposal) -> Table:
    """The same as a table for readers: the present value and the proposed value of each key."""
    heading = say(
        "A change of {programme} waits for approval: proposed by {actor}",
        programme=row["programme"],
        actor=waiting.proposed_by,
    )
    names = ", ".join(each.actor for each in proposals.approvers(db, waiting.proposal))
    notes = (say("approved so far by: {names}", names=names),) if names else ()
    shown = tuple(map(_read_easily, _differences(row, waiting)))
    return Table(heading, COLUMNS, shown, notes=notes)


def _read_easily(difference: dict[str, Any]) -> dict[str, Any]:
    """An amount of millions is read by its separators."""
    if not difference["key"].endswith((".amount", ".returned")):
        return difference
    return {
        key: money.grouped(money.parse_yuan(text)) if text and key != "key" else text
        for key, text in difference.items()
    }


def _differences(row: sqlite3.Row, waiting: Proposal) -> list[dict[str, Any]]:
    if waiting.kind != CHANGE:  # that it is closed
        return [{"key": "state", "before": "open", "after": "closed"}]
    return [
        {"key": key, "before": before, "after": after}
        for key, before, after in law.differences(store.document(row), waiting.after)
    ]
