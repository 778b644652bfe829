"""Who may do it: the programme's staff, and a second pair of eyes. Every deed that makes or
approves asks here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.rules import doors
from vouchercli.rules import staff as law
from vouchercli.rules.staff import Hand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.rules.doors import Door
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session


ADD_A_LINE = (
    "add a line to staff in the programme's file (voucher programme export {programme} prints it),"
    " then load it: - {{name: NAME, roles: [{role}]}}"
)
NOBODY_ELSE = "nobody else on the staff of programme {programme} may approve {name}"


def hand(session: Session) -> Hand:
    """The person who acts, and the login that was used."""
    return Hand(session.actor, session.os_user)


def require_itself(session: Session, programme: Programme) -> None:
    """Raise `wrong_login` when logins are personal and this one uses the name of another of the
    staff.
    """
    if not law.is_itself(hand(session), programme):
        raise VoucherError(
            "wrong_login",
            "{actor} must use their own login, not {login}: logins are personal in {programme}",
            hint="ask {actor} to do it, or leave out --actor",
            actor=session.actor,
            login=session.os_user,
            programme=programme.programme,
        )


def require(session: Session, programme: Programme, door: Door) -> None:
    """Raise `no_one_may`, `not_a_checker`, `not_a_witness`, `not_an_auditor`, `not_finance` or
    `not_staff` unless who acts may pass that door of the programme, `wrong_login` when they are
    not who they say.
    """
    require_itself(session, programme)
    if law.may_pass(hand(session), programme, door):
        return
    may = law.named(programme, *door.roles)
    if not may:
        raise VoucherError(
            "no_one_may",
            "nobody on the staff of programme {programme} has the role {role}",
            hint=ADD_A_LINE,
            programme=programme.programme,
            role=door.roles[-1],
        )
    raise _without_role(door, {"actor": session.actor, "programme": programme.programme}, may)


def _without_role(door: Door, about: dict[str, Any], may: str) -> VoucherError:
    """The refusal of somebody without the role, which says who has it."""
    ask_one = "ask one of them to do it with --actor NAME"
    if door.roles == doors.CHECKERS:
        return VoucherError(
            "not_a_checker",
            "{actor} is not a checker of programme {programme} (its checkers: {staff})",
            hint="ask a checker to do it with --actor NAME, or add the role to the programme's"
            " staff",
            staff=may,
            **about,
        )
    if door.roles == doors.FINANCE:
        return VoucherError(
            "not_finance",
            "{actor} is not finance of programme {programme} (finance: {staff})",
            hint="ask finance to do it with --actor NAME, or add the role to the programme's staff",
            staff=may,
            **about,
        )
    if door.roles == doors.AUDITORS:
        return VoucherError(
            "not_an_auditor",
            "{actor} is not an auditor of programme {programme} (its auditors: {staff})",
            hint=ask_one,
            staff=may,
            **about,
        )
    if door.roles == doors.WITNESSES:
        return VoucherError(
            "not_a_witness",
            "{actor} is neither checker, finance nor auditor of programme {programme} (these are:"
            " {staff})",
            hint=ask_one,
            staff=may,
            **about,
        )
    if door.roles == doors.TREASURERS:
        return VoucherError(
            "not_staff",
            "{actor} is neither maker, checker nor finance of programme {programme} (these are:"
            " {staff})",
            hint=ask_one,
            staff=may,
            **about,
        )
    return VoucherError(
        "not_staff",
        "{actor} is neither maker nor checker of programme {programme} (its staff: {staff})",
        hint=ask_one,
        staff=may,
        **about,
    )


def require_checker(session: Session, programme: Programme) -> None:
    """Raise as `require` unless a checker acts (anybody, where the programme lists no staff)."""
    require(session, programme, doors.DOOR["round approve"])


# How to approve what waits on a subject.
APPROVE = {
    "round": "voucher round approve {name} --actor NAME",
    "programme": "voucher programme approve {name} --actor NAME",
    "registry": "voucher merchant approve {name} --actor NAME",
    "list": "voucher eligibility approve {name} --actor NAME",
    "claim": "voucher correction approve {name} --actor NAME",
    "redemption": "voucher correction approve {name} --actor NAME",
    "settlement": "voucher settlement approve {name} --actor NAME",
    "debt": "voucher settlement approve --write-off {name} --actor NAME",
    "case": "voucher case approve {name} --actor NAME",
    "break": "voucher reconcile approve {name} --actor NAME",
}


def require_other_eyes(
    session: Session,
    programme: Programme,
    subject: str,
    name: str,
    authors: Sequence[Hand],
    approvers: Sequence[Hand],
) -> None:
    """Raise `not_a_checker`, `same_login`, `own_round`, `own_change` or `already_approved` unless
    this hand may approve what the authors made of the subject with that name. Where nobody on the
    staff may any more, the way out is another checker.
    """
    objection = _objection(session, programme, authors, approvers)
    is_stuck = programme.staff and not law.who_may_approve(programme, authors, approvers)
    hint = ADD_A_LINE if is_stuck else APPROVE[subject]
    about: dict[str, Any] = {
        "actor": session.actor,
        "name": name,
        "role": "checker",
        "programme": programme.programme,
    }
    if objection == "own_work" and subject == "round":
        raise VoucherError(
            "own_round",
            "{actor} made, edited or submitted round {name}: another person must approve it",
            hint=hint,
            **about,
        )
    if objection == "own_work":
        raise VoucherError(
            "own_change",
            "{actor} proposed the change of {name}: another person must approve it",
            hint=hint,
            **about,
        )
    if objection == "already_approved":
        raise VoucherError(
            "already_approved",
            "{actor} has approved {name} already: another checker must approve it too",
            hint=hint,
            **about,
        )


def _objection(
    session: Session, programme: Programme, authors: Sequence[Hand], approvers: Sequence[Hand]
) -> str | None:
    """Why this hand may not approve, or None. Raises `not_a_checker`, `wrong_login`,
    `same_login`.
    """
    require_checker(session, programme)
    objection = law.objection(hand(session), programme, authors, approvers)
    others = authors if objection == "own_work" else approvers
    if objection and not law.is_among(session.actor, (other.actor for other in others)):
        raise VoucherError(
            "same_login",
            "{actor} uses {login}, the login of {other}: where logins are personal, both count as"
            " one person",
            hint="ask another checker to do it under their own login",
            actor=session.actor,
            login=session.os_user,
            other=next(other.actor for other in others if other.os_user == session.os_user),
        )
    return objection
