"""Unused money: what a round must still hold for its residents, the rest is released by the
programme's `unused` policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where unused money goes. next_round and pool both give it back to what is uncommitted: the next
# round is approved from there (and a copied one is offered it), the pool serves any round. treasury
# takes it out of the programme's hands. same_round: while the round is open, as many packs as the
# money of its expired vouchers buys are out again; what makes no whole pack is uncommitted.
ACCOUNTS = {
    "next_round": "uncommitted",
    "pool": "uncommitted",
    "same_round": "uncommitted",
    "treasury": "returned",
}


@dataclass(frozen=True)
class Holding:
    """A round's packs at one look: quota, claimed, whether claiming is over, and when the last
    voucher in hand expires.
    """

    packs: int
    claimed: int
    is_closed: bool
    closes_at: int
    last_expiry: int | None


class Kept(NamedTuple):
    """What a funder must still hold for a round, in fen, by the ledger's accounts."""

    committed: int
    outstanding: int


def lagged(now: int, days: int, zone: str) -> int:
    """The moment that counts as now for expiry: `days` ago, so that files which come late are in
    before money moves.
    """
    return times.add_days(now, -days, zone)


def expired_by(
    at: int, last_expiry: int | None, zone: str, prolonged_until: int | None = None
) -> int:
    """Vouchers that expired by this second, by their template, count as expired: the start of the
    local day, or `at` itself once all have; none (0) while a later end that was decided for all of
    them (`prolonged_until`) has not come.

    Day by day: a round of millions of vouchers would else post to the ledger every minute.
    """
    if max(last_expiry or 0, prolonged_until or 0) <= at:
        return at
    today = times.day_bounds(times.day_of(at, zone), zone)[0]
    return today if prolonged_until is None or prolonged_until <= today else 0


def is_claiming_over(holding: Holding, at: int) -> bool:
    """Whether packs that nobody claimed can be given up."""
    return holding.is_closed and holding.closes_at <= at


def kept(
    holding: Holding,
    at: int,
    alive: int,
    pack_fen: Mapping[str, int],
    paid_by_alive_fen: Mapping[str, int],
    under_way_fen: Mapping[str, int],
) -> dict[str, Kept]:
    """What each funder must still hold: whole packs that can still be claimed, of claims that are
    alive what they have not paid, net of refunds (a refund may restore a voucher), and of the
    others what refunds of files under way gave back (a refund may be refused when its file ends).
    """
    open_packs = 0 if is_claiming_over(holding, at) else holding.packs - holding.claimed
    return {
        funder: Kept(
            open_packs * fen,
            alive * fen - paid_by_alive_fen.get(funder, 0) + under_way_fen.get(funder, 0),
        )
        for funder, fen in pack_fen.items()
    }


def packs_again(pack_fen: Mapping[str, int], moved_fen: Mapping[str, int]) -> int:
    """How many whole packs the money that was released buys; of each funder it must be there."""
    return max(0, min((moved_fen.get(each, 0) // fen for each, fen in pack_fen.items()), default=0))


def ways(surplus: Kept, moved: int, account: str) -> list[tuple[str, str, int]]:
    """The postings (from, to, fen) that leave a round what it must hold: `surplus` is what it has
    above that (negative: below), `moved` what goes to `account` of it in all (negative: comes from
    there, less than is missing where there is not so much). Vouchers in hand come first.
    """
    committed, outstanding = surplus
    over = max(min(committed, -outstanding), 0) - max(min(outstanding, -committed), 0)
    outstanding = max(outstanding + over, min(moved, 0))
    posted = (
        ("committed", "outstanding", over),
        ("outstanding", account, outstanding),
        ("committed", account, moved - outstanding),
    )
    return [
        (out_of, into, fen) if fen > 0 else (into, out_of, -fen)
        for out_of, into, fen in posted
        if fen
    ]


def next_look(holding: Holding, at: int, alive: int, days: int, zone: str) -> int | None:
    """When the figures change by time alone (UTC seconds): the next local midnight while vouchers
    are alive, the last expiry, the end of claiming; None: never again.
    """
    ahead = []
    if alive and holding.last_expiry is not None:
        ahead += [times.day_bounds(times.day_of(at, zone), zone)[1], holding.last_expiry]
    if holding.is_closed:
        ahead.append(holding.closes_at)
    coming = [each for each in ahead if each > at]
    return times.add_days(min(coming), days, zone) if coming else None
