"""The sums that reports are made of, pooled by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import leverage as law
from vouchercli.store import merchant_counts, pair_sums, pieces, segments, uptake
from vouchercli.store import reports as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.ops.reports.dimensions import By, Key
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


def sums_by_keys(session: Session, by: By, scope: Scope) -> dict[Key, Sums]:
    """The sums of the scope's rounds, pooled by one or two keys; where nothing was
    counted, none.
    """
    groups: dict[Key, Sums] = {}
    for cell in pair_sums.cells(session.db, by, asked_of(scope)):
        if cell.round_id in scope.rounds:
            key = pair_of(by, scope, cell.round_id, cell.keys)
            groups[key] = groups.get(key, law.NOTHING) + cell.sums
    return {key: sums for key, sums in groups.items() if not sums.is_empty}


def pair_of(by: By, scope: Scope, round_id: int, keys: Key) -> Key:
    """The store's keys as a report has them."""
    return tuple(
        law.calendar_key(each, int(key))
        if each in law.CALENDAR
        else key_of(each, scope, round_id, key)
        for each, key in zip(by, keys, strict=True)
    )


def asked_of(scope: Scope) -> pair_sums.Asked:
    """The span of a scope as sums by two groupings read it."""
    known = scope.window[:2] if scope.known else None
    return pair_sums.Asked(scope.window, scope.months, scope.span, scope.zone, known)


def funded(session: Session, by: By, scope: Scope) -> Iterator[tuple[Key, str, int]]:
    """(key, public funder, amount in fen) of the scope's rounds."""
    shares: Iterable[tuple[int, Key, str, int]]
    if {*by} <= {*store.KEPT_BY_FUNDER}:
        is_day = [each in law.CALENDAR for each in by]
        asked = by[is_day.index(True)] if any(is_day) else by[0]
        kept = store.funder_shares(session.db, asked, scope.window, scope.zone)
        shares = (
            (each.round_id, tuple(each.key if day else "" for day in is_day), *each[2:])
            for each in kept
        )
    else:
        shares = pair_sums.shares(session.db, by, asked_of(scope))
    for round_id, keys, funder, fen in shares:
        if round_id in scope.rounds:
            yield pair_of(by, scope, round_id, keys), funder, fen


# What the place of a payment must say for a grouping.
FIELDS = {
    **dict.fromkeys(store.OF_A_ROUND, ("round_id",)),
    **dict.fromkeys(law.CALENDAR, ("day",)),
    **dict.fromkeys(segments.NAMES, ("segment_id",)),
    "coupon": ("round_id", "coupon_no"),
    "channel": ("channel",),
    "merchant": ("merchant_id",),
}
BY_MONTH = frozenset(FIELDS) - {"day", "week", "coupon", "channel"}  # of these totals are enough


def merchants_by_key(
    session: Session, by: By, scope: Scope
) -> tuple[dict[Key, Merchants], Merchants]:
    """How many merchants have a payment that stands under each key, and in all."""
    known = scope.window[:2] if scope.known else None
    parts = (
        pieces.of_months(session.db, scope.months, scope.zone, known)
        if BY_MONTH.issuperset(by)
        else pieces.of_facts(scope.span, known)
    )
    readers = [_key_of_place(session.db, each, scope) for each in by]
    fields = {field for each in by for field in FIELDS[each]}
    if not store.is_every_round(session.db, scope.rounds):
        fields.add("round_id")

    is_cut, rounds = "round_id" in fields, scope.rounds

    def key_of(place: Place) -> Key | None:
        if is_cut and place.round_id not in rounds:
            return None
        return tuple([reader(place) for reader in readers])  # plain: there may be many

    return merchant_counts.counted(session.db, parts, fields, key_of)


def _key_of_place(db: sqlite3.Connection, by: str, scope: Scope) -> Callable[[Place], str]:
    """What says the key of a place."""
    if by in store.OF_A_ROUND:
        return lambda place: str(getattr(scope.rounds[place.round_id], by))
    if by in law.CALENDAR:
        return lambda place: law.calendar_key(by, place.day)
    if by in segments.NAMES:
        at = segments.NAMES.index(by) + 1
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
    alive = uptake.unexpired_claims(db, about.round_id, until, at)
    # all or none of them: the totals know what was used, else the facts are asked
    totals = {0: 0, packs: used_face_fen}
    used_fen = (
        totals[alive]
        if alive in totals
        else uptake.used_face_of_unexpired(db, about.round_id, until, at, is_known=is_known)
    )
    return alive * about.pack_value_fen - used_fen
