"""Who comes again, and with whom: counts of residents that anybody can redo from the rows.

A regular of a merchant has `visits` payments there, and these are at least `loyal` of all that it
paid. Honest people have such shops too: a shop is found only where it has more regulars than
`times` the number that merchants like it would have of as many residents, by a Poisson chance below
one in `one_in`. Shops whose regulars pay at noon on working days are canteens: set aside, and told.
Those who come at most `a_week` times a week are counted once more by themselves: real regulars come
more often, and would hide them.

Co-visitors of two or three shops have `together` payments there, at more than one of them, and
these are `loyal` of all that they paid. By chance known(here) * known(there) / residents of the
district would pay at two shops (of three: the sum over their pairs); found are more than `times` as
many, where so many would be as rare even if `doubt` times as many were usual: neighbours share
their shops. Three shops are looked at where each two of them have more than `doubt` times as many.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vouchercli.ops.risk.columns import among, narrow
from vouchercli.ops.risk.found import NOBODY, Found, Peers, among_all
from vouchercli.ops.risk.look import DAY, THURSDAY
from vouchercli.rules import fences
from vouchercli.rules.risk import FULL_BP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.risk.look import Look
    from vouchercli.rules.fences import Segment

    Array = np.ndarray[Any, Any]

WEEK = 7 * DAY
PIECE = 1 << 19  # cells that are looked at together
WHOLE = np.int64(FULL_BP)  # counts are in four bytes: their products are not


class Cells(NamedTuple):
    """How many payments each resident made at each merchant; residents in order."""

    resident: Array
    merchant: Array
    visits: Array

    def where(self, chosen: Array | slice) -> Cells:
        """Some of them."""
        return Cells(*(column[chosen] for column in self))


class Circle(NamedTuple):
    """Two or three merchants, the residents who come again to them, how many would by chance; and
    these residents' share of the payments of each merchant.
    """

    shops: tuple[int, ...]
    members: Array
    expected: float
    shares: tuple[float, ...]

    def share(self, place: int) -> float:
        """The share at one of its merchants."""
        return self.shares[self.shops.index(place)]


class Network:
    """Residents and merchants of a scan."""

    def __init__(self, look: Look) -> None:
        self._look, self._terms = look, look.terms
        self._merchants = look.merchants
        self._resident = look.column("resident")

    def _keys(self, resident: Array, merchant: Array) -> Array:
        return resident.astype(np.int64) * self._merchants + merchant

    @cached_property
    def _cells(self) -> Cells:
        keys = self._keys(self._resident, self._look.place)
        keys.sort()
        edges = narrow(np.flatnonzero(np.diff(keys, prepend=-1)))
        keys, visits = keys[edges], np.diff(edges, append=np.int32(len(keys)))
        return Cells(narrow(keys // self._merchants), narrow(keys % self._merchants), visits)

    @cached_property
    def _paid(self) -> Array:
        """How many payments each resident made."""
        return np.bincount(self._resident)

    @cached_property
    def _known(self) -> Array:
        """How many residents paid at each merchant."""
        return np.bincount(self._cells.merchant, minlength=self._merchants)

    # ------------------------------------------------------------ who comes again

    @cached_property
    def _regulars(self) -> Cells:
        return self._loyal("regulars")

    @cached_property
    def _occasional(self) -> Cells:
        span = int(np.ptp(self._look.all.paid_at)) if self._look.all.size else 0
        most = self._terms.of("occasional", "a_week") * (span // WEEK + 1)
        cells = self._loyal("occasional")
        return cells.where(cells.visits <= most)

    def _loyal(self, rule: str) -> Cells:
        visits, loyal = self._terms.of(rule, "visits"), self._terms.of(rule, "loyal")
        enough = self._cells.visits * WHOLE >= loyal * self._paid[self._cells.resident]
        return self._cells.where((self._cells.visits >= visits) & enough)

    def _by(self, cells: Cells) -> Array:
        """The payments of such residents at such merchants, as a mask."""
        keys = self._keys(self._resident, self._look.place)
        return among(keys, self._keys(cells.resident, cells.merchant))

    @cached_property
    def _at_meals(self) -> Array:
        """Merchants that are canteens."""
        look, terms = self._look, self._terms
        own = np.flatnonzero(self._by(self._regulars))
        place, hour = look.place[own], look.hour[own]
        noon = (hour >= terms["meals_from"]) & (hour < terms["meals_to"])
        weekday = (look.local[own] // DAY + THURSDAY) % 7
        by_regulars = np.bincount(place, minlength=self._merchants)
        at_noon = np.bincount(place[noon & (weekday < 5)], minlength=self._merchants)
        count = np.bincount(self._regulars.merchant, minlength=self._merchants)
        many = count >= terms.of("regulars", "residents")
        canteens: Array = many & (at_noon * FULL_BP >= terms["meals"] * by_regulars)
        return canteens

    @property
    def canteens(self) -> list[int]:
        """Places of the merchants that were set aside."""
        return [int(place) for place in np.flatnonzero(self._at_meals & self._look.enough)]

    def regulars(self) -> dict[int, Found]:
        """Merchants with more regulars than merchants like it would have."""
        return self._found_regulars

    def occasional(self) -> dict[int, Found]:
        """Merchants with more residents who come again now and then than merchants like it."""
        return self._found_occasional

    @cached_property
    def _found_regulars(self) -> dict[int, Found]:
        return self._beyond_peers("regulars", self._regulars)

    @cached_property
    def _found_occasional(self) -> dict[int, Found]:
        least = self._terms.of("occasional", "share")
        return {
            place: each
            for place, each in self._beyond_peers("occasional", self._occasional).items()
            if len(each.rows) * FULL_BP >= least * int(self._look.count[place])
        }

    def _beyond_peers(self, rule: str, cells: Cells) -> dict[int, Found]:
        look, terms = self._look, self._terms
        count = np.bincount(cells.merchant, minlength=self._merchants)
        known, own = self._known, self._by(cells)
        ordinary = {int(place): 0.0 for place in np.flatnonzero(~self._at_meals & (known > 0))}
        members = fences.bases(ordinary, look.segments)
        wanted = look.enough & (count >= terms.of(rule, "residents")) & ~self._at_meals
        found = {}
        bases: dict[Segment, Peers] = {}
        for place in np.flatnonzero(wanted).tolist():
            base = fences.base_of(look.segments[place], members, terms["least_peers"])
            if base is None:
                continue
            if base not in bases:
                bases[base] = among_all(base, members[base], count, known)
            peers = bases[base]
            of_all, of_residents = int(peers.counted.sum()), int(peers.of.sum())
            rate = (of_all - int(count[place]) + 1) / max(of_residents - int(known[place]), 1)
            expected = rate * int(known[place])
            raised = expected * terms.of(rule, "times")
            chance = fences.tail(int(count[place]), raised)
            if chance * terms.of(rule, "one_in") < 1:
                counts = {
                    "come_again": int(count[place]),
                    "residents": int(known[place]),
                    "come_again_of_base": of_all,
                    "residents_of_base": of_residents,
                    "expected": f"{expected:.2f}",
                    "chance": f"{chance:.1e}",
                }
                number, rows = float(count[place]), look.rows(place, own)
                found[place] = Found(number, raised, peers, counts, rows)
        return found

    # ------------------------------------------------------------ with whom

    @cached_property
    def _circles(self) -> dict[int, Circle]:
        """Of each merchant the circle that has its largest share, of those beyond chance."""
        best: dict[int, Circle] = {}
        for shops in self._groups():
            circle = self._judge(shops)
            if circle is None:
                continue
            for place in shops:
                if place not in best or circle.share(place) > best[place].share(place):
                    best[place] = circle
        return best

    def _groups(self) -> Iterator[tuple[int, ...]]:
        """Two or three merchants of which each two share more residents than chance would have."""
        terms = self._terms
        found, counts = np.unique(self._meetings(), return_counts=True)
        some = counts >= (terms.of("co_visits", "residents") + 1) // 2
        here, there = np.divmod(found[some], self._merchants)
        enough = self._look.enough[here] & self._look.enough[there]
        many = counts[some] > terms.of("co_visits", "doubt") * self._expected(here, there)
        pairs = list(zip(here[enough & many].tolist(), there[enough & many].tolist(), strict=True))
        beside: dict[int, set[int]] = {}
        for one, other in pairs:
            beside.setdefault(one, set()).add(other)
        nothing: set[int] = set()
        for one, other in pairs:
            yield one, other
            for third in sorted(beside[one] & beside.get(other, nothing)):
                yield one, other, third

    def _meetings(self) -> Array:
        """Pairs of merchants (the smaller place first), once for each resident who comes again to
        both.
        """
        parts = [np.zeros(0, np.int64)]
        for cells in self._by_residents():
            parts += self._met(cells)
        return np.concatenate(parts)

    def _by_residents(self) -> Iterator[Cells]:
        """The cells in pieces, each resident whole."""
        cells, start = self._cells, 0
        while start < len(cells.resident):
            last = cells.resident[min(start + PIECE, len(cells.resident)) - 1]
            end = int(np.searchsorted(cells.resident, last, "right"))
            yield cells.where(slice(start, end))
            start = end

    def _met(self, cells: Cells) -> Iterator[Array]:
        together, loyal = (self._terms.of("co_visits", name) for name in ("together", "loyal"))
        wanted = np.maximum(together * FULL_BP, loyal * self._paid[cells.resident])
        step = 1
        while True:
            same = np.flatnonzero(cells.resident[step:] == cells.resident[:-step])
            if not len(same):
                return
            visits = cells.visits[same] + cells.visits[same + step]
            same = same[visits * WHOLE >= wanted[same]]
            yield self._keys(cells.merchant[same], cells.merchant[same + step])
            step += 1

    @cached_property
    def _district(self) -> tuple[Array, Array]:
        """The district of each merchant, and how many residents paid in that district."""
        names = [self._look.segments[place][1] for place in range(self._merchants)]
        districts, district = np.unique(names, return_inverse=True)
        people = np.zeros(len(districts), np.int64)
        for cells in self._by_residents():
            home = cells.resident * np.int64(len(districts)) + district[cells.merchant]
            people += np.bincount(np.unique(home) % len(districts), minlength=len(districts))
        return district, people[district]

    def _expected(self, here: Array, there: Array) -> Array:
        """How many residents would pay at both by chance."""
        people = self._district[1]
        number: Array = self._known[here] * self._known[there]
        return number / np.minimum(people[here], people[there])

    def _visits(self, place: int) -> tuple[Array, Array]:
        """Who paid at a merchant, in order, and how often."""
        look = self._look
        own = self._resident[look.starts[place] : look.starts[place + 1]]
        people, visits = np.unique(own, return_counts=True)
        return people, visits

    def _judge(self, shops: tuple[int, ...]) -> Circle | None:
        """The circle of these merchants; None: chance could bring it about."""
        terms = self._terms
        own = [self._visits(each) for each in shops]
        sizes = [len(there) for there, _ in own]
        known, often = (np.concatenate(each) for each in zip(*own, strict=True))
        people, where = np.unique(known, return_inverse=True)
        visits, at = np.bincount(where, often), np.bincount(where)
        loyal = visits * FULL_BP >= terms.of("co_visits", "loyal") * self._paid[people]
        chosen = (at > 1) & (visits >= terms.of("co_visits", "together")) & loyal
        size = int(chosen.sum())
        if size < terms.of("co_visits", "residents"):
            return None
        pairs = [(a, b) for a in shops for b in shops if a < b]
        expected = float(self._expected(*np.array(pairs).T).sum())
        chance = fences.tail(size, expected * terms.of("co_visits", "doubt"))
        is_many = size > expected * terms.of("co_visits", "times")
        if not is_many or chance * terms.of("co_visits", "one_in") >= 1:
            return None
        paid = np.add.reduceat(often * chosen[where], np.cumsum([0, *sizes[:-1]]))
        shares = tuple(
            float(part / self._look.count[each]) for part, each in zip(paid, shops, strict=True)
        )
        return Circle(shops, people[chosen], expected, shares)

    def _of_members(self, members: Array, place: int) -> Array:
        look = self._look
        span = slice(int(look.starts[place]), int(look.starts[place + 1]))
        return np.flatnonzero(among(self._resident[span], members)) + span.start

    def co_visits(self) -> dict[int, Found]:
        """Merchants that share more residents with others than chance would have it."""
        merchants = self._look.all.merchants
        times = self._terms.of("co_visits", "times")
        return {
            place: Found(
                float(len(circle.members)),
                circle.expected * times,
                NOBODY,
                {
                    "co_visitors": len(circle.members),
                    "shops": ", ".join(merchants[each].merchant_no for each in circle.shops),
                    "residents": ", ".join(str(self._known[each]) for each in circle.shops),
                    "residents_in_district": ", ".join(
                        str(self._district[1][each]) for each in circle.shops
                    ),
                    "expected": f"{circle.expected:.2f}",
                },
                self._of_members(circle.members, place),
            )
            for place, circle in sorted(self._circles.items())
        }

    # ------------------------------------------------------------ how much of a shop they are

    def group_share(self) -> dict[int, Found]:
        """Merchants where those whom the network rules found bring a large share."""
        found: dict[int, Found] = {}
        groups = {"regulars": self._found_regulars, "occasional": self._found_occasional}
        for name, by_place in groups.items():
            fence = self._terms.of("group_share", name) / FULL_BP
            for place, each in by_place.items():
                self._keep(found, place, each.rows, fence, name)
        fence = self._terms.of("group_share", "co_visitors") / FULL_BP
        for place, circle in sorted(self._circles.items()):
            self._keep(found, place, self._of_members(circle.members, place), fence, "co_visitors")
        return found

    def _keep(
        self, found: dict[int, Found], place: int, rows: Array, fence: float, name: str
    ) -> None:
        """Note a share beyond its fence; the first that is stays."""
        share = len(rows) / int(self._look.count[place])
        if share >= fence and place not in found:
            counts = {"group": name, "of_the_group": len(rows)}
            counts |= {"payments": int(self._look.count[place])}
            found[place] = Found(share, fence, NOBODY, counts, rows)
