"""The eligibility list that a round was approved for: its digest is frozen with the approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import say
from vouchercli.rules import limits
from vouchercli.store import list_changes, proposals

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.store.list_changes import Digest


def freeze(current: RoundAtHand) -> dict[str, Any]:
    """What is kept with the approval of a round that is not for all: `list`, how many residents it
    has and SHA-256 over their tokens.
    """
    if limits.is_for_all(current.row["mode"], current.row["resident_group"]):
        return {}
    return {"list": _read(current)._asdict()}


def _read(current: RoundAtHand) -> Digest:
    row = current.row
    return list_changes.digest(current.db, row["programme_id"], row["resident_group"])


def describe(current: RoundAtHand) -> dict[str, Any]:
    """The list that the round as it is was approved for, and whether that of now is still the
    same; nothing where it has not been approved, or is for all.
    """
    approved = next(
        (
            each.after["list"]
            for each in reversed(proposals.history(current.db, current.subject))
            if each.kind == proposals.APPROVAL
            and each.after["revision"] == current.row["revision"]
            and "list" in each.after
        ),
        None,
    )
    if approved is None:
        return {}
    now = _read(current)
    is_same = now._asdict() == approved
    return {
        "list": {**approved, "now": now._asdict(), "is_as_approved": is_same},
        "list_approved": f"{approved['residents']:,} ({approved['sha256'][:12]})",
        "list_now": (
            say("the one approved")
            if is_same
            else say("{count:,}: not the one approved any more", count=now.residents)
        ),
    }
