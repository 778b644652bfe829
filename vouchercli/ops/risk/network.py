"""Who comes again, and with whom: counts of residents that anybody can redo from the rows.

A regular of a merchant has `visits` payments there, and these are at least `loyal` of all that it
paid. Honest people have such shops too: a shop is found only where it has more regulars than
`times` the number that merchants like it would have of as many residents, by a Poisson chance below
one in `one_in`. Shops whose regulars pay at noon on working days are canteens: set aside, and told.

Co-visitors of two shops have `visits` payments at each of them, which are together `loyal` of all
that they paid. By chance known(here) * known(there) / residents of the district that come again
anywhere would do so; found is `times` as many, as rarely.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vouchercli.ops.risk.found import ALL, Found
from vouchercli.rules import fences
from vouchercli.rules.risk import FULL_BP

if TYPE_CHECKING:
    from vouchercli.ops.risk.look import Look

    Array = np.ndarray[Any, Any]


class Cells(NamedTuple):
    """How many payments each resident made at each merchant; residents in order."""

    resident: Array
    merchant: Array
    visits: Array

    def where(self, chosen: Array) -> Cells:
        """Some of them."""
        return Cells(*(column[chosen] for column in self))


class Pair(NamedTuple):
    """Two merchants: how many residents come again to both, to each of them, of how many, how many
    would by chance; and their share of the payments of each.
    """

    here: int
    there: int
    members: Array
    known_here: int
    known_there: int
    residents: int
    expected: float
    share_here: float
    share_there: float

    @property
    def share(self) -> float:
        """The smaller of both shares."""
        return min(self.share_here, self.share_there)


class Network:
    """Residents and merchants of a scan."""

    def __init__(self, look: Look) -> None:
        self._look, self._terms = look, look.terms
        self._merchants = look.merchants
        self._resident = look.column("resident")
        self._keys = self._resident * self._merchants + look.place

    @cached_property
    def _cells(self) -> Cells:
        keys = np.sort(self._keys)
        edges = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
        visits = np.diff(np.concatenate((edges, [len(keys)])))
        return Cells(*np.divmod(keys[edges], self._merchants), visits)

    @cached_property
    def _paid(self) -> Array:
        """How many payments each resident made."""
        return np.bincount(self._resident)

    @cached_property
    def _regulars(self) -> Cells:
        visits = self._terms.of("regulars", "visits")
        loyal = self._terms.of("regulars", "loyal")
        enough = self._cells.visits * FULL_BP >= loyal * self._paid[self._cells.resident]
        return self._cells.where((self._cells.visits >= visits) & enough)

    @cached_property
    def _by_regulars(self) -> Array:
        """The payments of regulars, as a mask."""
        own = self._regulars
        return np.isin(self._keys, own.resident * self._merchants + own.merchant)

    @cached_property
    def _at_meals(self) -> Array:
        """Merchants that are canteens."""
        look, terms = self._look, self._terms
        noon = (look.hour >= terms["meals_from"]) & (look.hour < terms["meals_to"])
        by_regulars = look.per_merchant(self._by_regulars)
        at_noon = look.per_merchant(self._by_regulars & noon & (look.weekday < 5))
        many = self._count >= terms.of("regulars", "residents")
        canteens: Array = many & (at_noon * FULL_BP >= terms["meals"] * by_regulars)
        return canteens

    @cached_property
    def _count(self) -> Array:
        return np.bincount(self._regulars.merchant, minlength=self._merchants)

    @property
    def canteens(self) -> list[int]:
        """Places of the merchants that were set aside."""
        return [int(place) for place in np.flatnonzero(self._at_meals & self._look.enough)]

    def regulars(self) -> dict[int, Found]:
        """Merchants with more regulars than merchants like it would have."""
        return self._found_regulars

    @cached_property
    def _found_regulars(self) -> dict[int, Found]:
        look, terms = self._look, self._terms
        count = self._count
        known = np.bincount(self._cells.merchant, minlength=self._merchants)
        ordinary = {int(place): 0.0 for place in np.flatnonzero(~self._at_meals & (known > 0))}
        members = fences.bases(ordinary, look.segments)
        wanted = look.enough & (count >= terms.of("regulars", "residents")) & ~self._at_meals
        found = {}
        for place in np.flatnonzero(wanted).tolist():
            base = fences.base_of(look.segments[place], members, terms["least_peers"])
            if base is None:
                continue
            of_all, of_residents = int(count[members[base]].sum()), int(known[members[base]].sum())
            rate = (of_all - int(count[place]) + 1) / max(of_residents - int(known[place]), 1)
            expected = rate * int(known[place])
            raised = expected * terms.of("regulars", "times")
            chance = fences.tail(int(count[place]), raised)
            if chance * terms.of("regulars", "one_in") < 1:
                counts = {
                    "regulars": int(count[place]),
                    "residents": int(known[place]),
                    "regulars_of_base": of_all,
                    "residents_of_base": of_residents,
                    "expected": f"{expected:.2f}",
                    "chance": f"{chance:.1e}",
                }
                found[place] = Found(
                    float(count[place]),
                    raised,
                    base,
                    len(members[base]),
                    counts,
                    look.rows(place, self._by_regulars),
                )
        return found

    @cached_property
    def _pairs(self) -> dict[int, Pair]:
        """Of each merchant the pair with the largest smaller share, of those beyond chance."""
        look, terms = self._look, self._terms
        again = self._cells.where(self._cells.visits >= terms.of("co_visits", "visits"))
        keys, who = self._meetings(again)
        order = np.argsort(keys, kind="stable")
        keys, who = keys[order], who[order]
        found, starts, counts = np.unique(keys, return_index=True, return_counts=True)
        known = np.bincount(again.merchant, minlength=self._merchants)
        people, district = self._residents_by_district(again)
        best: dict[int, Pair] = {}
        for place in np.flatnonzero(counts >= terms.of("co_visits", "residents")).tolist():
            here, there = divmod(int(found[place]), self._merchants)
            if not (look.enough[here] and look.enough[there]):
                continue
            whole = int(min(people[district[here]], people[district[there]]))
            expected = int(known[here]) * int(known[there]) / whole
            chance = fences.tail(int(counts[place]), expected * terms.of("co_visits", "times"))
            if chance * terms.of("co_visits", "one_in") >= 1:
                continue
            members = who[starts[place] : starts[place] + counts[place]]
            sizes = int(known[here]), int(known[there])
            shares = [self._share(members, each) for each in (here, there)]
            self._keep(best, Pair(here, there, members, *sizes, whole, expected, *shares))
            turned = Pair(there, here, members, *sizes[::-1], whole, expected, *shares[::-1])
            self._keep(best, turned)
        return best

    def _meetings(self, again: Cells) -> tuple[Array, Array]:
        """Pairs of merchants, by residents who are loyal to both: key, resident."""
        loyal = self._terms.of("co_visits", "loyal")
        parts, step = [], 1
        while True:
            same = np.flatnonzero(again.resident[step:] == again.resident[:-step])
            if not len(same):
                break
            visits = again.visits[same] + again.visits[same + step]
            resident = again.resident[same]
            chosen = visits * FULL_BP >= loyal * self._paid[resident]
            keys = again.merchant[same] * self._merchants + again.merchant[same + step]
            parts.append((keys[chosen], resident[chosen]))
            step += 1
        if not parts:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing
        keys, resident = (np.concatenate(column) for column in zip(*parts, strict=True))
        return keys, resident

    def _residents_by_district(self, again: Cells) -> tuple[Array, Array]:
        """Residents who come again anywhere in a district; the district of each merchant."""
        names = [self._look.segments[place][1] for place in range(self._merchants)]
        districts, district = np.unique(names, return_inverse=True)
        home = np.unique(again.resident * len(districts) + district[again.merchant])
        return np.bincount(home % len(districts), minlength=len(districts)), district

    def _share(self, members: Array, place: int) -> float:
        return len(self._of_members(members, place)) / int(self._look.count[place])

    def _of_members(self, members: Array, place: int) -> Array:
        look = self._look
        span = slice(int(look.starts[place]), int(look.starts[place + 1]))
        rows: Array = look.order[span][np.isin(self._resident[span], members)]
        return rows

    @staticmethod
    def _keep(best: dict[int, Pair], pair: Pair) -> None:
        if pair.here not in best or pair.share > best[pair.here].share:
            best[pair.here] = pair

    def co_visits(self) -> dict[int, Found]:
        """Merchants that share more residents with another one than chance would have it."""
        merchants = self._look.all.merchants
        return {
            place: Found(
                float(len(pair.members)),
                pair.expected * self._terms.of("co_visits", "times"),
                ALL,
                0,
                {
                    "co_visitors": len(pair.members),
                    "other_merchant": merchants[pair.there].merchant_no,
                    "come_again_here": pair.known_here,
                    "come_again_there": pair.known_there,
                    "come_again_in_district": pair.residents,
                    "expected": f"{pair.expected:.2f}",
                },
                self._of_members(pair.members, place),
            )
            for place, pair in sorted(self._pairs.items())
        }

    def group_share(self) -> dict[int, Found]:
        """Merchants where those whom the network rules found bring a large share."""
        found = {}
        by_pair = self._terms.of("group_share", "co_visitors") / FULL_BP
        by_regulars = self._terms.of("group_share", "regulars") / FULL_BP
        for place, each in self._found_regulars.items():
            share = len(each.rows) / int(self._look.count[place])
            if share >= by_regulars:
                found[place] = self._shared(place, share, by_regulars, each.rows, {})
        for place, pair in sorted(self._pairs.items()):
            if place not in found and pair.share >= by_pair:
                rows = self._of_members(pair.members, place)
                more = {
                    "share_here": f"{pair.share_here:.4f}",
                    "share_there": f"{pair.share_there:.4f}",
                }
                found[place] = self._shared(place, pair.share, by_pair, rows, more)
        return found

    def _shared(
        self, place: int, share: float, fence: float, rows: Array, more: dict[str, Any]
    ) -> Found:
        counts = {"of_the_group": len(rows), "payments": int(self._look.count[place])}
        return Found(share, fence, ALL, 0, counts | more, rows)
