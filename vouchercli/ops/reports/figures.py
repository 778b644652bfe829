"""The sums that reports are made of, pooled by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import leverage as law
from vouchercli.store import merchant_counts, pieces, segments
from vouchercli.store import reports as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.merchant_counts import Merchants, Place
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


# What the place of a payment must say for a grouping.
FIELDS = {
    **dict.fromkeys(store.OF_A_ROUND, ("round_id",)),
    **dict.fromkeys(law.CALENDAR, ("day",)),
    **dict.fromkeys(("district", "industry", "size"), ("segment_id",)),
    "coupon": ("round_id", "coupon_no"),
    "channel": ("channel",),
    "merchant": ("merchant_id",),
}
BY_MONTH = frozenset(FIELDS) - {"day", "week", "coupon", "channel"}  # of these totals are enough


def merchants_by_key(
    session: Session, by: str, scope: Scope
) -> tuple[dict[str, Merchants], Merchants]:
    """How many merchants have a payment that stands under each key, and in all."""
    known = scope.window[:2] if scope.known else None
    parts = (
        pieces.of_months(session.db, scope.months, scope.zone, known)
        if by in BY_MONTH
        else pieces.of_facts(scope.span, known)
    )
    key = _key_of_place(session.db, by)
    fields = {
        *FIELDS[by],
        *(() if store.is_every_round(session.db, scope.rounds) else ("round_id",)),
    }

    def key_of(place: Place) -> str | None:
        if "round_id" in fields and place.round_id not in scope.rounds:
            return None
        return (
            str(getattr(scope.rounds[place.round_id], by)) if by in store.OF_A_ROUND else key(place)
        )

    return merchant_counts.counted(session.db, parts, fields, key_of)


def _key_of_place(db: sqlite3.Connection, by: str) -> Callable[[Place], str]:
    """What says the key of a place, for what is not true of a whole round."""
    if by in law.CALENDAR:
        return lambda place: law.calendar_key(by, place.day)
    if by in ("district", "industry", "size"):
        at = ("district", "industry", "size").index(by) + 1
        named = {row[0]: str(row[at]) for row in segments.every(db)}
        return lambda place: named[place.segment_id]
    if by == "coupon":
        coupons = store.coupons(db)
        return lambda place: coupons[place.round_id, place.coupon_no]
    if by == "merchant":
        numbers = store.merchant_numbers(db)
        return lambda place: numbers[place.merchant_id]
    return lambda place: CHANNELS[place.channel]


CHANNELS = ("", "offline", "online")  # as facts have them


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
