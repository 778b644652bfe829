"""The eligibility list that a round was approved for: its digest is frozen with the approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import say
from vouchercli.rules import limits
from vouchercli.store import key_rings, list_changes, proposals

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.store.list_changes import Digest
    from vouchercli.store.proposals import Proposal


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
            each
            for each in reversed(proposals.history(current.db, current.subject))
            if each.kind == proposals.APPROVAL
            and each.after["revision"] == current.row["revision"]
            and "list" in each.after
        ),
        None,
    )
    if approved is None:
        return {}
    then, now, changes = approved.after["list"], _read(current), _list_changes(current, approved)
    since = key_rings.list_since(current.db, then["sha256"], approved.ended_at or 0)
    is_same = now.sha256 in (then["sha256"], since) and now.residents == then["residents"]
    return {
        "list": {
            **then,
            "now": now._asdict(),
            "is_as_approved": None if since is None and not is_same else is_same,
            "changes": changes,
        },
        "list_approved": f"{then['residents']:,} ({then['sha256'][:12]})",
        "list_now": say("the one approved")
        if is_same
        else _say_changed(now.residents, changes, is_known=since is not None),
    }


def _say_changed(count: int, changes: list[dict[str, Any]], *, is_known: bool) -> Message:
    if not is_known:
        return say(
            "{count:,}: not the one approved when the key was rotated; since then nobody can tell",
            count=count,
        )
    if not changes:
        return say("{count:,}: not the one approved any more", count=count)
    return say(
        "{count:,}: not the one approved any more; since then: {changes}",
        count=count,
        changes=[
            say(
                "batch {batch} ({actors})",
                batch=each["batch"],
                actors=", ".join(each["approved_by"]),
            )
            for each in changes
        ],
    )


def _list_changes(current: RoundAtHand, approved: Proposal) -> list[dict[str, Any]]:
    """What has changed the list since the round was approved, and who approved it."""
    since = approved.ended_at
    assert since is not None  # it took effect
    found = proposals.of_list(current.db, current.row["programme_id"], current.code, since)
    return [
        {
            "batch": each.subject_id,
            "kind": each.kind,
            "proposed_by": each.proposed_by,
            "approved_by": [hand.actor for hand in proposals.approvers(current.db, each.proposal)],
        }
        for each in found
    ]
