"""Rules that need what only some cities give: turnover before the programme, prices of goods,
places. Where it is not given they say so.
"""

from __future__ import annotations

from itertools import pairwise
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vouchercli.ops.risk.columns import among
from vouchercli.ops.risk.found import NOBODY, Found, NotLooked, Peers
from vouchercli.ops.risk.look import DAY
from vouchercli.rules import places, times
from vouchercli.rules.risk import FULL_BP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vouchercli.ops.risk.look import Look
    from vouchercli.rules.fences import Segment
    from vouchercli.store.risk_given import Price, Turnover

    Array = np.ndarray[Any, Any]

MONDAY = 3  # days from a Monday to 1970-01-01
HOUR = 3_600


# ---------------------------------------------------------------- former sales


class Sales(NamedTuple):
    """The best period with vouchers as a share of the best one before, its rows (places in the
    order of merchants), and the counts.
    """

    share: float
    rows: Array
    counts: dict[str, Any]


def former_sales(look: Look) -> dict[int, Found]:
    """Merchants whose sales with vouchers, of one period, are more than they or their chain ever
    sold in one before; of several sources and lengths the one that speaks for the merchant most.
    """
    known = _known(look)
    if not known:
        raise NotLooked("no_turnover", "no series has turnover of these merchants before")
    look.known["former_sales"] = len(known), look.merchants
    fence = look.terms.of("former_sales", "share") / FULL_BP
    shops = _shops(known)
    best: dict[Turnover, Sales] = {}
    found = {}
    for place, each in known.items():
        if not look.enough[place]:
            continue
        for former in each:
            if (one := former._replace(merchant_id=0)) not in best:
                best[one] = _sales(look, shops[former.brand], former)
        least = min((best[each._replace(merchant_id=0)] for each in each), key=attrgetter("share"))
        if least.share > fence:
            rows = np.intersect1d(least.rows, look.span(place))
            found[place] = Found(least.share, fence, NOBODY, least.counts, rows)
    return found


def _known(look: Look) -> dict[int, list[Turnover]]:
    """What is known of each merchant (by its place): its own figures, else those of its chain."""
    place_of = {each.merchant_id: place for place, each in enumerate(look.all.merchants)}
    least = look.terms.of("former_sales", "periods")
    known: dict[int, list[Turnover]] = {}
    for each in look.given.turnovers:
        if each.merchant_id in place_of and each.periods >= least and each.turnover_fen:
            known.setdefault(place_of[each.merchant_id], []).append(each)
    return {
        place: [each for each in of if each.is_own] or of for place, of in sorted(known.items())
    }


def _shops(known: dict[int, list[Turnover]]) -> dict[str, list[int]]:
    """The merchants that a name of a series stands for."""
    shops: dict[str, list[int]] = {}
    for place, of in known.items():
        for brand in dict.fromkeys(each.brand for each in of):
            shops.setdefault(brand, []).append(place)
    return shops


def _sales(look: Look, shops: list[int], former: Turnover) -> Sales:
    """Sales of these shops in their best period with vouchers, beside the best one before."""
    rows = np.concatenate([look.span(place) for place in shops])
    rows = rows[~look.column("refunded")[rows]]
    days = look.local[rows] // DAY
    keys, where = np.unique(_periods(days, former.grain), return_inverse=True)
    sums = np.bincount(where, look.column("base")[rows], minlength=1)
    chosen, sales = where == sums.argmax(), int(sums.max())
    counts = {
        "sales_fen": sales,
        "former_fen": former.turnover_fen,
        "length": former.grain,
        "with_day": str(np.datetime64(int(days[chosen].min()), "D")) if len(keys) else "",
        "former_from": times.day_text(former.first_on),
        "former_periods": former.periods,
        "source": former.source,
        "shops": len(shops),
    }
    return Sales(sales / former.turnover_fen, rows[chosen], counts)


def _periods(days: Array, grain: str) -> Array:
    """The number of the day, week, month, quarter or year of each day since 1970."""
    if grain == "day":
        return days
    if grain == "week":
        return (days + MONDAY) // 7
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months // {"month": 1, "quarter": 3, "year": 12}[grain]


# ---------------------------------------------------------------- prices


def price_raised(look: Look) -> dict[int, Found]:
    """Merchants that raised the price of a good from one round to the next, by more than others
    did; of several goods the one that rose most.
    """
    least = look.terms.of("price_raised", "payments")
    place_of = {each.merchant_id: place for place, each in enumerate(look.all.merchants)}
    prices = [
        each
        for each in look.given.prices
        if each.sold >= least and each.price_fen and each.merchant_id in place_of
    ]
    sold_in_both: dict[Segment, dict[int, tuple[Price, Price]]] = {}
    for before, after in _steps(prices):
        by_place = sold_in_both.setdefault((after.good, before.round, after.round), {})
        by_place[place_of[after.merchant_id]] = before, after
    if not sold_in_both:
        raise NotLooked("no_prices", "no good with a price was sold in two rounds")
    found: dict[int, Found] = {}
    for of_good, by_place in sold_in_both.items():
        for place, each in _risen(look, of_good, by_place):
            if place not in found or found[place].value < each.value:
                found[place] = each
    return found


def _risen(
    look: Look, of_good: Segment, by_place: Mapping[int, tuple[Price, Price]]
) -> Iterator[tuple[int, Found]]:
    """The merchants at which one good rose from one round to the next by more than at others."""
    ratios = {
        place: after.price_fen / before.price_fen for place, (before, after) in by_place.items()
    }
    steps = np.array([(after.price_fen, before.price_fen) for before, after in by_place.values()])
    peers = Peers(of_good, np.array([*by_place]), steps[:, 0], steps[:, 1])
    raised = 1 + look.terms.of("price_raised", "raised") / FULL_BP
    for place, (before, after) in by_place.items():
        others = [ratio for other, ratio in ratios.items() if other != place]
        fence = max(median(others), 1) * raised if others else raised
        if ratios[place] <= fence:
            continue
        sold = np.array(look.given.sold(after), np.int64)
        rows = np.flatnonzero(among(look.all.redemption, sold))
        counts = _counts(before, after, len(others))
        yield place, Found(ratios[place], fence, peers if others else NOBODY, counts, rows)


def _steps(prices: Sequence[Price]) -> Iterator[tuple[Price, Price]]:
    """Each price with the one of the round before; they come in the order of rounds."""
    for before, after in pairwise(prices):
        if before[:2] == after[:2]:
            yield before, after


def _counts(before: Price, after: Price, others: int) -> dict[str, Any]:
    return {
        "good": after.good,
        "round_before": before.round,
        "sold_before": before.sold,
        "price_before_fen": before.price_fen,
        "round": after.round,
        "sold": after.sold,
        "price_fen": after.price_fen,
        "others": others,
    }


# ---------------------------------------------------------------- places


def distance(look: Look) -> dict[int, Found]:
    """Merchants where residents paid sooner before or after another place than anybody travels."""
    where = [look.terms.place_of(m.merchant_no, m.district) for m in look.all.merchants]
    known = np.array([place is not None for place in where])
    if known.sum() < 2 or len(set(where) - {None}) < 2:
        raise NotLooked("no_places", "the programme's file says of no two merchants where they lie")
    if not known.all():
        look.known["distance"] = int(known.sum()), look.merchants
    online = among(look.column("redemption"), np.asarray(look.given.online, np.int64))
    rows = np.flatnonzero(known[look.place] & ~online)
    mask = np.zeros(look.all.size, bool)
    mask[rows] = _too_fast(look, rows, where)
    least = look.terms.of("distance", "payments")
    counted = look.per_merchant(mask)
    return {
        place: Found(
            float(counted[place]),
            float(least),
            NOBODY,
            {"too_fast": int(counted[place]), "payments": int(look.count[place])},
            look.rows(place, mask),
        )
        for place in np.flatnonzero(counted >= max(least, 1)).tolist()
    }


def _too_fast(look: Look, rows: Array, where: Sequence[places.Place | None]) -> Array:
    """Which of these rows stand too far from the one before or after of their resident."""
    least_km, most_kmh = (look.terms.of("distance", name) for name in ("km", "kmh"))
    resident, paid_at = look.column("resident")[rows], look.column("paid_at")[rows]
    order = np.lexsort((paid_at, resident))
    here, place = rows[order], look.place[rows][order]
    same = (resident[order][1:] == resident[order][:-1]) & (place[1:] != place[:-1])
    marked = np.zeros(len(rows), bool)
    apart: dict[tuple[int, int], float] = {}
    farthest = _across([each for each in where if each])
    gap = np.diff(paid_at[order]).astype(np.int64)
    for at in np.flatnonzero(same & (gap * most_kmh < farthest * HOUR)).tolist():
        pair = int(place[at]), int(place[at + 1])
        if pair not in apart:
            one, other = (where[each] for each in pair)
            assert one is not None and other is not None  # rows of known places only
            apart[pair] = places.km(one, other)
        if apart[pair] >= least_km and apart[pair] * HOUR > most_kmh * int(gap[at]):
            marked[at : at + 2] = True
    back = np.zeros(len(here), bool)
    back[order] = marked
    return back


def _across(known: Sequence[places.Place]) -> float:
    """No two of these places are farther from each other than so many km."""
    return 2 * max(places.km(known[0], each) for each in known)
