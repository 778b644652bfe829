"""A registry that brings another account for a merchant needs a second person before it is paid:
the merchant is held in every programme that goes on. An account that is put back is the one of
before: the hold ends when another person undoes the file, else it waits for one all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import settlements as law
from vouchercli.rules.staff import same_person
from vouchercli.store import audit, batches, endings, holds, programmes
from vouchercli.store import changed_accounts as store
from vouchercli.store import settlements as paying

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.session import Session
    from vouchercli.store.changed_accounts import Changed


def hold(session: Session, batch_id: int) -> int:
    """Hold the merchants whose account the rows at hand have changed; gives how many of the batch
    wait for a second person.
    """
    if changes := store.since_then(session.db):
        for row in _programmes(session):
            _hold(session, row, batch_id, changes)
    return store.count(session.db, batch_id)


def put_back(session: Session, batch_id: int) -> None:
    """A batch was undone, and accounts are those of before. Whom it held is let go by another
    person than who brought the file; whom somebody had let be paid to the account that is taken
    away is held again.
    """
    if changes := store.since_then(session.db):
        for row in _programmes(session):
            ended = _end(session, row, batch_id, changes)
            rest = [each for each in changes if each.merchant_id not in ended]
            _hold(session, row, batch_id, rest)


def has_brought(session: Session, logins: str, number: int, merchant_no: str) -> bool:
    """Whether this person brought an account for which the hold of that number stands."""
    hands = store.brought_by(session.db, number, merchant_no)
    is_login = logins == "personal"
    return any(
        same_person(session.actor, actor) or (is_login and session.os_user == login)
        for actor, login in hands
    )


def _programmes(session: Session) -> Iterator[sqlite3.Row]:
    for row in programmes.all_loaded(session.db):
        if endings.closing(session.db, row["programme_id"]) is None:
            yield row


def _hold(session: Session, row: sqlite3.Row, batch_id: int, changes: Iterable[Changed]) -> None:
    db, programme_id = session.db, row["programme_id"]
    standing = store.standing(db, programme_id)
    file = batches.named(db, batch_id).file
    for each in changes:
        paying.drop_of_payee(session, programme_id, each.merchant_id, law.ACCOUNT_CHANGED)
        about = store.Unseen(
            each.merchant_id, each.merchant_no, batch_id, _evidence(batch_id, file, each)
        )
        found = standing.get(each.merchant_id)
        store.hold(session, row, about, standing=found, undone=not each.line)
    paying.post_held(db, programme_id, "settlement.hold", session.now)


def _evidence(batch_id: int, file: str, change: Changed) -> str:
    """The batch, the line, and both accounts as they may be shown."""
    where = f"{file}:{change.line}" if change.line else file
    return f"{store.evidence_of(batch_id)}, {where}: {change.before} > {change.after}"


def _end(session: Session, row: sqlite3.Row, batch_id: int, changes: Iterable[Changed]) -> set[int]:
    """End what the batch held; gives the merchants."""
    db, programme_id = session.db, row["programme_id"]
    note = store.evidence_of(batch_id)
    standing = store.standing(db, programme_id)
    programme = programmes.value(row)
    staff, logins = programme.staff, programme.logins
    ended = set()
    for each in changes:
        found = standing.get(each.merchant_id)
        if found is None or found.batch != batch_id:
            continue
        if staff and has_brought(session, logins, found.hold, each.merchant_no):
            continue
        holds.release(session, found.hold, note)
        about = {"programme": row["programme"], "hold": found.hold, "note": note}
        audit.note(session, "settlement.release", each.merchant_no, batch=batch_id, **about)
        ended.add(each.merchant_id)
    paying.post_held(db, programme_id, "settlement.release", session.now)
    return ended
