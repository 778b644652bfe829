"""Four eyes: hand a round in, approve it as somebody else, or send it back. The last approval commits the money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops import commitments, drafts
from vouchercli.ops import rounds as ops
from vouchercli.ops.one_round import Found, found, require
from vouchercli.result import say
from vouchercli.rules import money
from vouchercli.rules import rounds as law
from vouchercli.store import approvals, audit, rounds
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.result import Outcome
    from vouchercli.store.db import Session


def submit_round(session: Session, code: str) -> Outcome:
    """Hand a draft in for approval; the money is not touched."""
    with writing(session) as db:
        it = found(session, code)
        require("submit", it.row)
        drafts.check_funding(it.programme, it.template)
        approvals.add(session, it.row["round_id"], it.row["revision"], "submit")
        rounds.set_state(db, it.row["round_id"], "submitted")
        audit.note(session, "round.submit", code, before={"state": "draft"}, after={"state": "submitted"}, revision=it.row["revision"])
        return ops.told(
            session, code,
            say("submitted {round}; checkers needed: {checkers}", round=code, checkers=it.checkers),
            say("next: voucher round approve {round} --actor NAME, by someone other than {authors}", round=code,
                authors=", ".join(_authors(db, it.row))),
        )


def approve_round(session: Session, code: str) -> Outcome:
    """Approve what was handed in. Raises `not_a_checker`, `own_round`, `already_approved`; the last approval needed
    commits the largest liability of every funder with a fund, and raises `fund_short` when one cannot cover it."""
    with writing(session) as db:
        it = found(session, code)
        row = it.row
        require("approve", row)
        _require_other_eyes(session, it)
        approvals.add(session, row["round_id"], row["revision"], "approve")
        given, needed = len(approvals.approvers(db, row["round_id"])), it.checkers
        if given < needed:
            audit.note(session, "round.approve", code, before={"state": "submitted"}, after={"state": "submitted"},
                       revision=row["revision"], approvals=given, needed=needed)
            return ops.told(session, code, say("approved {round} ({given} of {needed} checkers); one more person must approve",
                                               round=code, given=given, needed=needed))
        committed = commitments.commit(session, it)
        rounds.set_state(db, row["round_id"], "approved")
        audit.note(session, "round.approve", code, before={"state": "submitted"}, after={"state": "approved", "committed": committed},
                   revision=row["revision"], approvals=given, needed=needed)
        return ops.told(
            session, code,
            say("approved {round}: {amount} yuan committed", round=code, amount=money.grouped(sum(committed.values()))) if committed
            else say("approved {round}: none of its funders has a fund to watch, so nothing was committed", round=code),
            say("next: voucher round open {round}", round=code),
        )


def reject_round(session: Session, code: str, note: str) -> Outcome:
    """Send the round back to draft with the reason; approvals given so far are void."""
    with writing(session) as db:
        it = found(session, code)
        require("reject", it.row)
        if not law.is_checker(session.actor, it.programme):
            raise _not_a_checker(session, it)
        approvals.add(session, it.row["round_id"], it.row["revision"], "reject", note)
        rounds.set_state(db, it.row["round_id"], "draft")
        audit.note(session, "round.reject", code, before={"state": "submitted"}, after={"state": "draft"},
                   revision=it.row["revision"], note=note)
        return ops.told(
            session, code, say("sent {round} back to its maker: {note}", round=code, note=note),
            say("next: voucher round edit {round}, then voucher round submit {round}", round=code),
        )


def _require_other_eyes(session: Session, it: Found) -> None:
    row = it.row
    authors = _authors(session.db, row)
    objection = law.objection(session.actor, it.programme, authors, approvals.approvers(session.db, row["round_id"]))
    if objection == "not_a_checker":
        raise _not_a_checker(session, it)
    if objection == "own_round":
        raise VoucherError("own_round", "{actor} made, edited or submitted round {round}: another person must approve it",
                           hint="voucher round approve {round} --actor NAME", actor=session.actor, round=row["round"])
    if objection == "already_approved":
        raise VoucherError("already_approved", "{actor} has approved round {round} already: another checker must approve it too",
                           hint="voucher round approve {round} --actor NAME", actor=session.actor, round=row["round"])


def _not_a_checker(session: Session, it: Found) -> VoucherError:
    checkers = ", ".join(person.name for person in it.programme.staff if "checker" in person.roles)
    return VoucherError("not_a_checker", "{actor} is not a checker of programme {programme} (its checkers: {checkers})",
                        hint="let a checker do it with --actor NAME, or add the role to the programme's staff",
                        actor=session.actor, programme=it.programme.programme, checkers=checkers)


def _authors(db: sqlite3.Connection, row: sqlite3.Row) -> list[str]:
    """Who made, last edited or handed in the round, each once."""
    return list(dict.fromkeys([row["created_by"], row["edited_by"], *approvals.submitters(db, row["round_id"])]))
