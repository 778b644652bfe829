"""Who looks after breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.reconciling import history
from vouchercli.ops.reconciling.choosing import OPEN, choose, summarize
from vouchercli.ops.reconciling.lookup import in_words, require_open
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, say
from vouchercli.rules import doors
from vouchercli.rules import staff as people
from vouchercli.store import break_work as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reconciling.choosing import Choice
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.breaks import Break


def assign(session: Session, choice: Choice, owner: str, note: str = "") -> Outcome:
    """Give breaks to somebody of the staff, all of them or none; what is so already is not noted
    again. Raises as `choosing.choose`, `break_is`, `unknown_owner`, `owner_needed`.
    """
    owner, note = owner.strip(), note.strip()
    if not owner:
        raise UsageFault("owner_needed", "name who looks after it: --to NAME")
    with writing(session):
        meant = choose(session, choice, OPEN)
        programme = meant[0].programme
        staff.require(session, programme, doors.DOOR["reconcile assign"])
        for current in meant:
            require_open(current)
        _require_staff(programme, owner)
        _note(session, [each.found for each in meant], owner, note)
    numbers = [each.number for each in meant]
    message = say("{owner} looks after {breaks}", owner=owner, breaks=in_words(numbers))
    following = say("next: voucher reconcile show {number}", number=numbers[0])
    data = {"breaks": numbers, "owner": owner, "note": note}
    return Outcome(data, summarize(choice, meant), says=(message, following))


def _note(session: Session, meant: Sequence[Break], owner: str, note: str) -> None:
    """Write down who looks after them: what is so already is not noted again."""
    changed = [each.number for each in meant if each.owner != owner or note not in ("", each.note)]
    if changed:
        store.assign(session, changed, owner, note)
        history.note(session, "reconcile.assign", changed, owner=owner, note=note)


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
