"""Two arms of one lottery: a round that is drawn together with another, for which people apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.result import Word
from vouchercli.rules import rounds as law
from vouchercli.store import arms, draws
from vouchercli.store.arms import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.session import Session

# What an arm has of the round that it is drawn with, unless it says otherwise.
SHARED = (
    *("mode", "opens_at", "closes_at", "registration_opens_at", "platform", "resident_group"),
    "hands_winners",
)


def look_up_lead(session: Session, code: str) -> RoundAtHand:
    """Look up a lottery that another round may be drawn with. Raises `no_lead`."""
    lead = look_up(session, code)
    if lead.drawn != "here" or lead.row["lead_id"] is not None:
        raise VoucherError(
            "no_lead",
            "no other round can be drawn together with {round}: it is itself drawn with another"
            if lead.row["lead_id"] is not None
            else "no other round can be drawn together with {round}: it is no lottery that is drawn"
            " here",
            hint="voucher round show {round}",
            round=code,
        )
    return lead


def shared_terms(session: Session, lead: str | None) -> dict[str, Any]:
    """The terms that a new arm has of its lead, unless it says otherwise; of another round that it
    has none.
    """
    if not lead:
        return {"lead_id": None}
    current = look_up_lead(session, lead)
    return {column: current.row[column] for column in SHARED} | {"lead_id": current.round_id}


def choose_lead(session: Session, code: str, named: str | None, stands: int | None) -> int | None:
    """Choose the round that a round is drawn with: the one named ('': none), or as it stands."""
    if named is None:
        return stands
    if named == code:
        raise VoucherError(
            "no_lead",
            "round {round} cannot be an arm of itself",
            hint="voucher round list",
            round=code,
        )
    return look_up_lead(session, named).round_id if named else None


def check(session: Session, terms: Mapping[str, Any], current: RoundAtHand | None = None) -> None:
    """Check an arm against the round that it is drawn with (`current`: the arm, when it is there
    already). Raises `arms_differ`, `two_arms`, `entrants_published`, `wrong_state`, `no_lead`.
    """
    if terms["lead_id"] is None:
        return
    lead = look_up(session, code_of(session.db, terms["lead_id"]))
    _require_undrawn(lead)
    _require_alike(lead, terms)
    other = arms.arm_of(session.db, lead.round_id)
    if other is not None and (current is None or other != current.code):
        raise VoucherError(
            "two_arms",
            "round {round} is drawn with {other} already: a lottery has two arms at most",
            hint="voucher round show {other}",
            round=lead.code,
            other=other,
        )
    if current is not None and arms.arm_of(session.db, current.round_id) is not None:
        raise VoucherError(
            "no_lead",
            "round {round} has an arm itself: it cannot be the arm of another",
            hint="voucher round show {round}",
            round=current.code,
        )
    if current is not None and (draws.has_own(session.db, current.round_id)):
        raise VoucherError(
            "arm_has_draw",
            "round {round} has a seed or applications of its own: it cannot be drawn with another",
            hint="a round of its own: voucher round create NEW --arm-of {lead}",
            round=current.code,
            lead=lead.code,
        )


def _require_undrawn(lead: RoundAtHand) -> None:
    if lead.row["state"] not in law.BEFORE_OPENING:
        raise VoucherError(
            "wrong_state",
            "round {round} is {state}: an arm is added before it opens",
            hint="voucher round show {round}",
            round=lead.code,
            state=Word(lead.row["state"]),
        )
    at = draws.published_at(lead.db, lead.round_id)
    if at is not None:
        raise VoucherError(
            "entrants_published",
            "the list of entrants of {round} was published at {at}: its places and terms stand,"
            " only its times may move",
            hint="voucher round show {round}",
            round=lead.code,
            at=lead.local_time(at),
        )


def _require_alike(lead: RoundAtHand, terms: Mapping[str, Any]) -> None:
    """Require what one draw over both needs: lots drawn here, by those of the same group."""
    drawn = law.drawn(terms["mode"], terms["platform"], hands_winners=bool(terms["hands_winners"]))
    if drawn != "here" or terms["resident_group"] != lead.row["resident_group"]:
        raise VoucherError(
            "arms_differ",
            "an arm of {lead} is a lottery that is drawn here, for the same group as {lead}",
            hint="leave --mode, --drawn and --group out, or say the same as {lead}",
            lead=lead.code,
        )


def refuse_cancelling(current: RoundAtHand) -> None:
    """Raise `arm_stands` for an arm whose draw is announced: its places are part of that draw."""
    lead_id = current.row["lead_id"]
    if lead_id is None or draws.kept(current.db, lead_id) is None:
        return
    lead = look_up(current.session, code_of(current.db, lead_id))
    if lead.row["state"] != "cancelled":
        raise VoucherError(
            "arm_stands",
            "round {round} is an arm of the draw of {lead}, which is announced: it cannot be"
            " cancelled alone",
            hint="voucher round cancel {lead} --note WHY, then this one",
            round=current.code,
            lead=lead.code,
        )
