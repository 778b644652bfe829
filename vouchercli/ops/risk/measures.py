"""What each rule measures at each merchant, and from where on it points at one. A measure gives
counts; nothing is found that cannot be counted again from the rows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from vouchercli.ops.risk import given, network, persons
from vouchercli.ops.risk.columns import among
from vouchercli.ops.risk.found import ALL, NOBODY, Found, NotLooked, Peers, among_all
from vouchercli.ops.risk.look import DAY, Look
from vouchercli.rules import fences
from vouchercli.rules.risk import FULL_BP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vouchercli.rules.fences import Segment

    Array = np.ndarray[Any, Any]


WHOLE = 1.0  # no share is larger


class Scanned(Look):
    """The same with who comes again, and with whom."""

    @cached_property
    def network(self) -> network.Network:
        """Residents and merchants, counted once."""
        return network.Network(self)


def _shares(look: Look, rule: str, mask: Array, name: str) -> dict[int, Found]:
    """Merchants where the payments that the mask has are a larger share than among merchants like
    it.
    """
    part = look.per_merchant(mask)
    places = np.flatnonzero(look.enough).tolist()
    values = {place: int(part[place]) / int(look.count[place]) for place in places}
    members = fences.bases(values, look.segments)
    least = look.terms.of(rule, "least") / FULL_BP
    known: dict[Segment, tuple[Peers, float]] = {}
    found = {}
    if fences.base_of(ALL, members, look.terms["least_peers"]) is None:
        raise NotLooked(
            "too_few_peers",
            "only {count} merchants have {payments} payments or more",
            count=len(places),
            payments=look.terms["least_payments"],
        )
    for place in places:
        if values[place] <= least:
            continue
        for base in fences.bases_of(look.segments[place], members, look.terms["least_peers"]):
            if base not in known:
                ordered = sorted(values[each] for each in members[base])
                edge = fences.far_fence(ordered, look.terms["fence"] / FULL_BP)
                known[base] = among_all(base, members[base], part, look.count), edge
            peers, edge = known[base]
            if edge < WHOLE:  # else no share could be beyond it: among too many like it
                break
        fence = max(edge, least)
        if values[place] > fence:
            counts = {name: int(part[place]), "payments": int(look.count[place])}
            rows = look.rows(place, mask)
            found[place] = Found(values[place], fence, peers, counts, rows)
    return found


def at_threshold(look: Look) -> dict[int, Found]:
    """Orders of exactly the threshold."""
    return _shares(
        look, "at_threshold", look.column("base") == look.column("threshold"), "at_threshold"
    )


def little_variation(look: Look) -> dict[int, Found]:
    """Amounts that hardly differ: both of the WIC measures below their thresholds."""
    base = look.column("base").astype(float)
    sums = np.bincount(look.place, base, minlength=look.merchants)
    squares = np.bincount(look.place, base * base, minlength=look.merchants)
    largest = np.zeros(look.merchants)
    np.maximum.at(largest, look.place, base)
    most = look.terms.of("little_variation", "variation") / FULL_BP
    most_gap = look.terms.of("little_variation", "gap") / FULL_BP
    found = {}
    for place in np.flatnonzero(look.enough).tolist():
        size = int(look.count[place])
        mean = sums[place] / size
        spread = max(squares[place] / size - mean * mean, 0.0) ** 0.5
        variation, gap = spread / mean, 1 - mean / largest[place]
        if variation < most and gap < most_gap:
            counts = {
                "payments": size,
                "mean_fen": round(mean),
                "deviation_fen": round(spread),
                "largest_fen": int(largest[place]),
                "gap": f"{gap:.4f}",
            }
            rows = look.rows(place, look.everything())
            found[place] = Found(float(variation), most, NOBODY, counts, rows)
    return found


def bursts(look: Scanned) -> dict[int, Found]:
    """Payments close behind the one before; a canteen has them every noon, and is set aside."""
    paid_at = look.column("paid_at")
    close = np.zeros(len(paid_at), bool)
    close[1:] = (look.place[1:] == look.place[:-1]) & (
        paid_at[1:] - paid_at[:-1] <= look.terms.of("bursts", "seconds")
    )
    aside = np.zeros(look.merchants, bool)
    aside[look.network.canteens] = True
    close &= ~aside[look.place]
    return _shares(look, "bursts", close, "close_behind")


def odd_hours(look: Look) -> dict[int, Found]:
    """Payments at night."""
    first, end = look.terms.of("odd_hours", "from"), look.terms.of("odd_hours", "to")
    return _shares(look, "odd_hours", (look.hour >= first) & (look.hour < end), "at_odd_hours")


def shared_identity(look: Look) -> dict[int, Found]:
    """Payments of residents who share a device, mobile, card or account with another one here."""
    if not look.given.has_identities:
        raise NotLooked("no_identities", "applications give no device, mobile, card or account")
    person, resident = look.column("person"), look.column("resident")
    known = np.flatnonzero(person >= 0)
    columns = (look.place[known], person[known], resident[known])
    pairs = np.unique(np.column_stack(columns), axis=0).astype(np.int64)
    several, counts = np.unique(pairs[:, :2], axis=0, return_counts=True)
    several = several[counts > 1]
    wide = int(person.max(initial=0)) + 1
    keys = look.place.astype(np.int64) * wide + person
    mask = among(keys, several[:, 0] * wide + several[:, 1])
    return _shares(look, "shared_identity", mask & (person >= 0), "of_shared_identities")


def consecutive_claims(look: Look) -> dict[int, Found]:
    """Payments whose claim stands next to another one that was used here."""
    claim = look.column("claim")
    wide = int(claim.max(initial=0)) + 3
    keys = look.place.astype(np.int64) * wide + claim
    ordered = np.sort(keys)
    step = np.diff(ordered)
    here = np.flatnonzero(step == 1)
    mask = among(keys, ordered[np.concatenate((here, here + 1))])
    return _shares(look, "consecutive_claims", mask, "next_to_another")


def refund_rate(look: Look) -> dict[int, Found]:
    """Payments that were refunded."""
    mask = look.column("refunded")
    if not mask.any():
        raise NotLooked("no_refunds", "no refund came in")
    return _shares(look, "refund_rate", mask, "refunded")


def late_refunds(look: Look) -> dict[int, Found]:
    """Refunds when the voucher could not be used any more."""
    if not look.column("refunded").any():
        raise NotLooked("no_refunds", "no refund came in")
    mask = look.column("late")
    return _fixed(
        look,
        look.per_merchant(mask),
        mask,
        "late_refunds",
        look.terms.of("late_refunds", "refunds"),
    )


def serial_twice(look: Look) -> dict[int, Found]:
    """Pieces that were handed in again, at the merchant where they were used."""
    if not look.given.serials:
        raise NotLooked("no_serials", "no row was refused because its serial number was used")
    again = np.array(look.given.serials, np.int64).reshape(-1, 2)
    redemption = look.column("redemption")
    mask = among(redemption, again[:, 0])
    rows = np.flatnonzero(mask)
    times = np.zeros(look.merchants, np.int64)
    np.add.at(times, look.place[rows], again[np.searchsorted(again[:, 0], redemption[rows]), 1])
    return _fixed(look, times, mask, "refused_rows", look.terms.of("serial_twice", "rows"))


def new_merchant(look: Look) -> dict[int, Found]:
    """Registered long after the first payment of the programme and the first registry file."""
    added = np.array([each.added_at for each in look.all.merchants], np.int64)
    listed = added[added > 0]
    first = max(int(look.all.paid_at.min()), int(listed.min(initial=1 << 62)))
    days = np.maximum(added - first, 0) // DAY
    return _fixed(look, days, look.everything(), "days", look.terms.of("new_merchant", "days"))


def changed_merchant(look: Look) -> dict[int, Found]:
    """Name, address or account changed by registry files."""
    changes = np.array([each.changes for each in look.all.merchants], np.int64)
    least = look.terms.of("changed_merchant", "changes")
    return _fixed(look, changes, look.everything(), "changes", least)


def _fixed(look: Look, counted: Array, mask: Array, name: str, least: int) -> dict[int, Found]:
    """Merchants where so many were counted, or more."""
    return {
        place: Found(
            float(counted[place]),
            float(least),
            NOBODY,
            {name: int(counted[place]), "payments": int(look.count[place])},
            look.rows(place, mask),
        )
        for place in np.flatnonzero(counted >= max(least, 1)).tolist()
    }


MEASURES: dict[str, Callable[[Scanned], Mapping[int, Found]]] = {
    "at_threshold": at_threshold,
    "little_variation": little_variation,
    "bursts": bursts,
    "odd_hours": odd_hours,
    "regulars": lambda look: look.network.regulars(),
    "occasional": lambda look: look.network.occasional(),
    "co_visits": lambda look: look.network.co_visits(),
    "group_share": lambda look: look.network.group_share(),
    "shared_identity": shared_identity,
    "consecutive_claims": consecutive_claims,
    "refund_rate": refund_rate,
    "late_refunds": late_refunds,
    "serial_twice": serial_twice,
    "new_merchant": new_merchant,
    "changed_merchant": changed_merchant,
    "former_sales": given.former_sales,
    "price_raised": given.price_raised,
    "distance": given.distance,
    "one_person": persons.one_person,
    "one_place": persons.one_place,
}
