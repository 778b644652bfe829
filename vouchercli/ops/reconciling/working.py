"""Who looks after breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.reconciling import tables
from vouchercli.ops.reconciling.lookup import in_words, look_up_all, require_open
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, say
from vouchercli.rules import breaks as law
from vouchercli.rules import doors
from vouchercli.rules import staff as people
from vouchercli.store import audit, breaks, programmes
from vouchercli.store import break_work as store
from vouchercli.store.breaks import Asked
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.breaks import Break


def choose(
    session: Session, numbers: Sequence[int], asked: Asked, age: int | None
) -> Sequence[int]:
    """The breaks that are meant: by their numbers, or all open ones that are asked for. Raises
    `which_breaks`, `no_such_breaks`, and as `tables.list_breaks`.
    """
    is_asked = age is not None or asked != Asked()
    if bool(numbers) == is_asked:
        raise UsageFault(
            "which_breaks",
            "name breaks by their numbers, or say which open ones are meant: --type, --merchant,"
            " --round, --older-than ...",
            hint="voucher reconcile breaks --state open",
        )
    if numbers:
        return numbers
    row = programmes.current(session.db, session.programme)
    asked = tables.settle_asked(session, row, asked._replace(state="open"), age)
    found = breaks.listed(session.db, row["programme_id"], asked).rows(None)
    if not (chosen := [each.number for each in found]):
        raise VoucherError(
            "no_such_breaks",
            "no open break is like that: nobody is given anything",
            hint="voucher reconcile breaks --state open",
        )
    return chosen


def assign(session: Session, numbers: Sequence[int], owner: str, note: str = "") -> Outcome:
    """Give breaks to somebody of the staff, all of them or none; what is so already is not noted
    again. Raises `unknown_break`, `break_is`, `unknown_owner`, `owner_needed`.
    """
    owner, note = owner.strip(), note.strip()
    if not owner:
        raise UsageFault("owner_needed", "name who looks after it: --to NAME")
    wanted = [*dict.fromkeys(numbers)]
    with writing(session):
        meant = look_up_all(session, wanted)
        programme = meant[0].programme
        staff.require(session, programme, doors.DOOR["reconcile assign"])
        for current in meant:
            require_open(current)
        _require_staff(programme, owner)
        _note(session, [each.found for each in meant], owner, note)
    message = say("{owner} looks after {breaks}", owner=owner, breaks=in_words(wanted))
    following = say("next: voucher reconcile show {number}", number=wanted[0])
    return Outcome({"breaks": wanted, "owner": owner, "note": note}, says=(message, following))


def _note(session: Session, meant: Sequence[Break], owner: str, note: str) -> None:
    """Write down who looks after them: what is so already is not noted again. However many they
    are, the log has one line.
    """
    changed = [each.number for each in meant if each.owner != owner or note not in ("", each.note)]
    if not changed:
        return
    store.assign(session, changed, owner, note)
    spans = law.spans(changed)
    which = {"break": changed[0]} if len(changed) == 1 else {"breaks": spans}
    about: dict[str, Any] = {**which, "owner": owner, "note": note}
    audit.note(session, "reconcile.assign", law.named(spans), **about)


def _require_staff(programme: Programme, owner: str) -> None:
    """Where the programme lists its staff, who looks after a break is one of them: a name that
    nobody has would be looked at by nobody.
    """
    if not people.has_role(owner, programme):
        raise VoucherError(
            "unknown_owner",
            "{owner} is not on the staff of programme {programme}",
            hint="choose one of: {known}",
            owner=owner,
            programme=programme.programme,
            known=", ".join(person.name for person in programme.staff),
        )
