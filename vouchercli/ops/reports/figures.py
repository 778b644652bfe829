"""The sums that reports are made of, pooled by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import leverage as law
from vouchercli.store import reports as store

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.reports import Round


def sums_by_key(session: Session, by: str, scope: Scope) -> dict[str, Sums]:
    """The sums of the scope's rounds, pooled by key."""
    redeemed_groups = store.redemption_sums(session.db, by, scope.window, scope.zone)
    return law.grouped(
        by,
        (
            (key_of(by, scope, group.round_id, group.key), group.sums)
            for group in redeemed_groups
            if group.round_id in scope.rounds
        ),
    )


def key_of(by: str, scope: Scope, round_id: int, key: str) -> str:
    """The store's key, or for what is true of a whole round, the round's."""
    return str(getattr(scope.rounds[round_id], by)) if by in store.OF_A_ROUND else key


def outstanding(
    db: sqlite3.Connection,
    about: Round,
    packs: int,
    used_face_fen: int,
    moments: tuple[int, int],
    *,
    is_known: bool = False,
) -> int:
    """The face in fen of a round's claimed vouchers that are neither used nor expired. `packs` are
    claimed, and `used_face_fen` is used, up to the first of the `moments`; they expire by the
    second. `is_known`: within `known_facts.as_known`.
    """
    until, at = moments
    alive = store.unexpired_claims(db, about.round_id, until, at)
    # all or none of them: the totals know what was used, else the facts are asked
    totals = {0: 0, packs: used_face_fen}
    used_fen = (
        totals[alive]
        if alive in totals
        else store.used_face_of_unexpired(db, about.round_id, until, at, is_known=is_known)
    )
    return alive * about.pack_value_fen - used_fen
