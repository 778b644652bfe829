"""Expired packs are out again in the same round, for programmes with `unused: same_round`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.rounds import commitments
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.rules import releases as law
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import amendments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.session import Session
    from vouchercli.store.releases import Held


def put_out_again(session: Session, held: Held, moved_fen: Mapping[str, int]) -> int:
    """Add as many packs to a round whose claiming goes on as the money buys that was just released
    of its expired vouchers (funder -> fen), and commit it; gives how many. Joins the caller's
    transaction. Nobody approves it: two people approved the programme that says so.
    """
    if held.state == "closed" or held.closes_at <= session.now:
        return 0
    current = look_up(session._replace(programme=held.programme), held.round)
    if current.programme.unused != "same_round":
        return 0
    watched = commitments.list_funds(current.db, held.programme_id)
    pack = {funder: fen for funder, fen in pack_parts(current.template) if funder in watched}
    packs = law.packs_again(pack, moved_fen)
    if packs:
        committed = commitments.commit(current, packs, "round.reissue")
        amendments.add_packs(current.db, held.round_id, packs)
        before, after = held.packs, held.packs + packs
        current.note(
            "round.reissue",
            before={"packs": before},
            after={"packs": after, "committed": committed},
        )
    return packs
