"""The door of every command: who may run it. It is asked in one place, before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.setup import closed, staff
from vouchercli.rules import doors as law
from vouchercli.rules import staff as people
from vouchercli.store import batches, programmes

if TYPE_CHECKING:
    from vouchercli.rules.doors import Door
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session


def enter(session: Session, command: str, batch: int | None = None) -> None:
    """Raise as `staff.require` unless who acts may run the command. What belongs to all programmes
    the staff of any may do; what is done to a `batch` asks the programme of the batch.
    """
    door = law.DOOR[command]
    if not door.roles or command == "programme load":  # its file says which programme it is about
        return
    concerned = _concerned(session, command, batch)
    _pass(session, door, [programmes.value(row) for row in concerned])
    if command not in law.AFTER_THE_END:
        for row in concerned if len(concerned) == 1 else ():
            closed.require_open(session.db, row)


def enter_for_all(session: Session, command: str) -> None:
    """Raise as `enter` unless one of the staff of any programme acts, who may run such a
    command.
    """
    loaded = [programmes.value(row) for row in programmes.all_loaded(session.db)]
    _pass(session, law.DOOR[command], loaded)


def _pass(session: Session, door: Door, concerned: list[Programme]) -> None:
    with_staff = [each for each in concerned if each.staff]
    if any(_is_open(session, each, door) for each in with_staff) or not with_staff:
        return
    staff.require(session, with_staff[0], door)


def _is_open(session: Session, programme: Programme, door: Door) -> bool:
    who = staff.hand(session)
    return people.is_itself(who, programme) and people.may_pass(who, programme, door)


def _concerned(session: Session, command: str, batch: int | None) -> list[programmes.Row]:
    """The programmes that the command is about; none when nobody can tell: then it is refused."""
    db = session.db
    code = session.programme if batch is None else batches.named(db, batch).programme
    is_of_all = code is None and (batch is not None or command in law.OF_ALL)
    meant = programmes.all_loaded(db) if is_of_all else [programmes.meant(db, code)]
    return [row for row in meant if row is not None]
