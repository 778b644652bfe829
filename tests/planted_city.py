"""Synthetic cities for `risk scan`, by their seed: honest people with their habits, and rings that
are planted among them. Columns of payments, nothing else: no name and no place of a real city.

Honest: everybody has a few shops near home and goes elsewhere by popularity; 5 % are regulars who
buy 3 to 5 times a week at one shop; canteens (their own people on working days at noon), chains with
fixed menus, small shops with few prices. Vouchers are 40-10; amounts start at the threshold. In a
busy city (`is_busy`) canteens and one lunch place in ten have a queue at the till every working day, and
one shop in twelve of those that are neither is open all night, with a third of its payments then.

Rings, `KINDS`: crude (orders of exactly the threshold, in bursts, at night), hiding (amounts uniform
from the threshold to 1.6 times it, hours as everybody's, each resident at most twice a week, 8 to 30
residents over 1 to 3 shops, no refunds, at least 20 payments), patient (as hiding, but each resident
once in a week or two).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import towns

from vouchercli.rules import times

THRESHOLD, SUBSIDY = 4_000, 1_000  # fen
WEEK, DAY = 7 * 86_400, 86_400
START = 1_585_497_600  # Monday 2020-03-30 00:00 in Shanghai, UTC seconds
INDUSTRIES = ("catering", "retail", "services")
SIZES = ("small", "micro", "large")
KINDS = ("crude", "hiding", "patient")
# Hours of the day by industry, as weights of 24.
HOURS = {
    "catering": [0] * 7 + [2, 2, 1, 3, 14, 18, 8, 2, 1, 4, 14, 16, 9, 4, 2, 0.4, 0.1],
    "retail": [0] * 8 + [2, 6, 9, 9, 6, 5, 7, 8, 9, 9, 9, 9, 7, 4, 1, 0.1],
    "services": [0] * 8 + [1, 5, 8, 8, 5, 6, 9, 9, 9, 9, 8, 8, 6, 3, 0.5, 0],
}


@dataclass(frozen=True)
class Shop:
    """A merchant: `prices` are what its payments come to (fen; (): any amount)."""

    merchant: int
    district: str
    industry: str
    size: str
    popularity: float
    prices: tuple[int, ...] = ()


@dataclass
class Ring:
    """Who cheats together, and where."""

    kind: str
    shops: tuple[int, ...]
    residents: int
    payments: int = 0


@dataclass
class City:
    """Payments by columns, the shops, and what was planted."""

    shops: list[Shop]
    columns: dict[str, Any]
    rings: list[Ring] = field(default_factory=list)

    @property
    def guilty(self) -> set[int]:
        """The merchants of all rings."""
        return {shop for ring in self.rings for shop in ring.shops}


def make(
    seed: int,
    *,
    residents: int = 4_000,
    shops: int = 300,
    weeks: int = 6,
    kind: str = "",
    rings: int = 0,
    is_busy: bool = False,
) -> City:
    """A city; with `rings` of that `kind`."""
    chance = np.random.default_rng(seed)
    places = _shops(chance, shops)
    parts = [
        *_everybody(chance, places, residents, weeks),
        *_canteens(chance, places, residents, weeks),
    ]
    if is_busy:
        parts = _busy(np.random.default_rng((seed, 1)), places, parts)
    planted, rows = [], []
    if rings:
        visitors = np.bincount(np.concatenate([part[1] for part in parts]), minlength=shops)
        planted, rows = _rings(chance, places, visitors, kind, rings, residents * 2, weeks)
    return City(places, _columns(chance, parts + rows), planted)


def _shops(chance: np.random.Generator, count: int) -> list[Shop]:
    made = []
    for number in range(count):
        industry = INDUSTRIES[chance.choice(3, p=[0.5, 0.3, 0.2])]
        size = SIZES[chance.choice(3, p=[0.6, 0.3, 0.1])]
        popularity = float(chance.lognormal(0, 0.9)) * {"small": 1, "micro": 0.6, "large": 4}[size]
        prices: tuple[int, ...] = ()
        draw = chance.random()
        if draw < 0.1:  # a chain with a fixed menu
            prices = (4_200, 4_500, 4_800, 5_200, 5_900)
        elif draw < 0.18:  # a small shop with few prices, some of them made for the voucher
            prices = tuple(chance.choice([4_000, 4_200, 4_500, 5_000], 2, replace=False).tolist())
        made.append(Shop(number, f"d{chance.integers(4)}", industry, size, popularity, prices))
    return made


def _times(chance: np.random.Generator, weeks: Any, industries: Any) -> Any:
    """Moments in those weeks, at the hours of the industries."""
    moments = START + weeks * WEEK + chance.integers(0, 7, len(weeks)) * DAY
    hours = np.zeros(len(weeks), np.int64)
    for name, weights in HOURS.items():
        here = np.flatnonzero(industries == name)
        share = np.array(weights) / sum(weights)
        hours[here] = chance.choice(24, len(here), p=share)
    return moments + hours * 3_600 + chance.integers(0, 3_600, len(weeks))


def _everybody(
    chance: np.random.Generator, shops: list[Shop], residents: int, weeks: int
) -> list[tuple[Any, ...]]:
    """(resident, shop, time, base) of what residents do with five vouchers a week."""
    weight = np.array([shop.popularity for shop in shops])
    district = np.array([shop.district for shop in shops])
    industry = np.array([shop.industry for shop in shops])
    homes = chance.integers(0, 4, residents)
    near = {d: np.flatnonzero(district == f"d{d}") for d in range(4)}
    # street by street: favourites lie side by side
    favourites = np.zeros((residents, 3), np.int64)
    for person in range(residents):
        own = near[homes[person]]
        street = own[(own % 5) == person % 5]
        pool = street if len(street) >= 3 else own
        share = weight[pool] / weight[pool].sum()
        favourites[person] = chance.choice(pool, 3, p=share)
    who, week = np.divmod(np.arange(residents * weeks), weeks)
    is_regular = chance.random(residents) < 0.05
    used = np.where(
        is_regular[who], chance.integers(3, 6, len(who)), chance.binomial(5, 0.5, len(who))
    )
    who, week = np.repeat(who, used), np.repeat(week, used)
    anywhere = chance.choice(len(shops), len(who), p=weight / weight.sum())
    favourite = favourites[who, chance.integers(0, 3, len(who))]
    goes_near = chance.random(len(who)) < 0.4
    shop = np.where(goes_near, favourite, anywhere)
    shop = np.where(is_regular[who], favourites[who, 0], shop)
    return [(who, shop, _times(chance, week, industry[shop]), _amounts(chance, shops, shop))]


def _amounts(chance: np.random.Generator, shops: list[Shop], shop: Any) -> Any:
    """Honest amounts: from the threshold on with a long tail, or a price of the menu."""
    base = THRESHOLD + (chance.lognormal(6.8, 1.1, len(shop))).astype(np.int64)
    for place in shops:
        if place.prices:
            here = np.flatnonzero(shop == place.merchant)
            base[here] = chance.choice(place.prices, len(here))
    return base


def _canteens(
    chance: np.random.Generator, shops: list[Shop], residents: int, weeks: int
) -> list[tuple[Any, ...]]:
    """Small places where 20 to 60 people of their own eat on working days at noon."""
    catering = [shop.merchant for shop in shops if shop.industry == "catering"]
    parts = []
    for place in chance.choice(catering, max(len(shops) // 60, 1), replace=False).tolist():
        own = residents + chance.choice(residents, chance.integers(20, 61), replace=False)
        times = chance.integers(3, 6, (len(own), weeks))
        who = np.repeat(np.repeat(own, weeks), times.ravel())
        week = np.repeat(np.tile(np.arange(weeks), len(own)), times.ravel())
        moment = START + week * WEEK + chance.integers(0, 5, len(who)) * DAY
        moment += chance.integers(11 * 3_600, 13 * 3_600, len(who))
        base = chance.choice([4_000, 4_200, 4_600], len(who))
        parts.append((who, np.full(len(who), place), moment, base))
    return parts


def _busy(
    chance: np.random.Generator, shops: list[Shop], parts: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """The same payments, with queues at noon and nights: at canteens all of them, else by shop."""
    draw = chance.random(len(shops))
    is_catering = np.array([shop.industry == "catering" for shop in shops])
    lunch = is_catering & (draw < 0.1)
    night = ~lunch & (draw > 1 - 1 / 12)
    (who, shop, moment, base), *canteens = parts
    queued = lunch[shop] & ((moment - START) % WEEK < 5 * DAY) & (chance.random(len(shop)) < 0.7)
    moment = np.where(queued, _queue(chance, shop, moment), moment)
    late = night[shop] & (chance.random(len(shop)) < 1 / 3)
    at_night = chance.integers(0, 5 * 3_600, len(shop))
    moment = np.where(late, moment - (moment - START) % DAY + at_night, moment)
    return [
        (who, shop, moment, base),
        *((a, b, _queue(chance, b, at), d) for a, b, at, d in canteens),
    ]


def _queue(chance: np.random.Generator, shop: Any, moment: Any) -> Any:
    """The same days, one payment behind the other from a minute after half past eleven on."""
    days = (moment - START) // DAY
    order = np.lexsort((moment, days, shop))
    same = np.concatenate(
        ([False], (shop[order][1:] == shop[order][:-1]) & (np.diff(days[order]) == 0))
    )
    gap = np.where(same, chance.integers(8, 50, len(shop)), 0)
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(shop))))
    behind = np.cumsum(gap)
    back = np.empty(len(shop), np.int64)
    start = 11 * 3_600 + 1_800 + chance.integers(0, 1_800, len(shop))
    back[order] = START + days[order] * DAY + start[first] + behind - behind[first]
    return back


def _rings(
    chance: np.random.Generator,
    shops: list[Shop],
    visitors: Any,
    kind: str,
    count: int,
    first: int,
    weeks: int,
) -> tuple[list[Ring], list[tuple[Any, ...]]]:
    """Rings at the less popular half of the shops, each with residents of its own."""
    small = [int(each) for each in np.argsort(visitors)[: len(shops) // 2] if visitors[each] > 0]
    chosen = chance.permutation([each for each in small if shops[each].size != "large"]).tolist()
    planted, rows = [], []
    for _ in range(count):
        where = [chosen.pop() for _ in range(chance.integers(1, 4))]
        people = int(chance.integers(8, 31))
        part = RING[kind](chance, shops, where, first + np.arange(people), weeks)
        planted.append(Ring(kind, tuple(where), people, len(part[0])))
        rows.append(part)
        if chance.random() < 0.5:  # people who also live in the city
            rows.append(_elsewhere(chance, shops, first + np.arange(people), weeks))
        first += people
    return planted, rows


def _hiding(
    chance: np.random.Generator, shops: list[Shop], where: list[int], who: Any, weeks: int
) -> tuple[Any, ...]:
    """One or two payments a resident and week, at any shop of the ring."""
    return _hidden(chance, shops, where, who, weeks, chance.integers(1, 3, (len(who), weeks)))


def _patient(
    chance: np.random.Generator, shops: list[Shop], where: list[int], who: Any, weeks: int
) -> tuple[Any, ...]:
    """One payment a resident in two weeks of three."""
    times = (chance.random((len(who), weeks)) < 0.67).astype(np.int64)
    return _hidden(chance, shops, where, who, weeks, times)


def _elsewhere(
    chance: np.random.Generator, shops: list[Shop], who: Any, weeks: int
) -> tuple[Any, ...]:
    """What people of a ring do with none to two other vouchers a week."""
    weight = np.array([shop.popularity for shop in shops])
    industry = np.array([shop.industry for shop in shops])
    times = chance.integers(0, 3, (len(who), weeks))
    people = np.repeat(np.repeat(who, weeks), times.ravel())
    week = np.repeat(np.tile(np.arange(weeks), len(who)), times.ravel())
    shop = chance.choice(len(shops), len(people), p=weight / weight.sum())
    return people, shop, _times(chance, week, industry[shop]), _amounts(chance, shops, shop)


def _hidden(
    chance: np.random.Generator,
    shops: list[Shop],
    where: list[int],
    who: Any,
    weeks: int,
    times: Any,
) -> tuple[Any, ...]:
    people = np.repeat(np.repeat(who, weeks), times.ravel())
    week = np.repeat(np.tile(np.arange(weeks), len(who)), times.ravel())
    shop = chance.choice(where, len(people))
    industry = np.array([each.industry for each in shops])
    base = chance.integers(THRESHOLD, int(1.6 * THRESHOLD), len(people))
    return people, shop, _times(chance, week, industry[shop]), base


def _crude(
    chance: np.random.Generator, shops: list[Shop], where: list[int], who: Any, weeks: int
) -> tuple[Any, ...]:
    """All vouchers of a week in one sitting, one behind the other, after midnight."""
    people = np.tile(np.repeat(who, 5), weeks)
    week = np.repeat(np.arange(weeks), 5 * len(who))
    shop = np.tile(np.repeat(chance.choice(where, len(who)), 5), weeks)
    place = np.arange(len(people)) % (5 * len(who))
    moment = START + week * WEEK + 2 * DAY + 3_600 + place * chance.integers(10, 40, len(people))
    return people, shop, moment, np.full(len(people), THRESHOLD)


RING = {"crude": _crude, "hiding": _hiding, "patient": _patient}


def _columns(chance: np.random.Generator, parts: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The columns in the order of time, as the scan has them."""
    resident, shop, moment, base = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(moment, kind="stable")
    resident, shop, moment, base = (each[order] for each in (resident, shop, moment, base))
    size = len(resident)
    return {
        "redemption": np.arange(1, size + 1),
        "merchant": shop.astype(np.int64),
        "resident": np.unique(resident, return_inverse=True)[1].astype(np.int64),
        "claim": chance.permutation(size) * 3,
        "paid_at": moment.astype(np.int64),
        "base": base.astype(np.int64),
        "threshold": np.full(size, THRESHOLD),
        "subsidy": np.full(size, SUBSIDY),
    }


# ---------------------------------------------------------------- as files


def lay_down(voucher: Any, city: City, weeks: int) -> None:
    """A new file in this folder with the city's programme, claims and payments: a round a week."""
    shops = "".join(
        f"M{each.merchant},shop {each.merchant},{each.district},{each.industry},{each.size}\n"
        for each in city.shops
    )
    heading = "merchant_no,name,district,industry,size\n"
    towns.build(
        voucher,
        towns.programme(funds={"treasury": "9000000.00"}),
        towns.pack(),
        merchants=heading + shops,
    )
    claims, payments = [], []
    used: dict[tuple[int, int], int] = {}
    for place in range(len(city.columns["base"])):
        row = {name: int(column[place]) for name, column in city.columns.items()}
        key = row["resident"], (row["paid_at"] - START) // WEEK
        if key not in used:
            claims.append(
                f"C{key[0]}-{key[1]},r{key[1]},p{key[0]},{_text(START + key[1] * WEEK)}\n"
            )
        used[key] = used.get(key, 0) + 1
        if used[key] > 5:  # the pack has five; who cheats all week has none left elsewhere
            continue
        payments.append(
            f"T{place},pay,C{key[0]}-{key[1]},{used[key]},M{row['merchant']},"
            f"{_text(row['paid_at'])},{row['base'] / 100:.2f},0,10,\n"
        )
    for week in range(weeks):
        opens, closes = _text(START + week * WEEK - 1), _text(START + (week + 1) * WEEK)
        terms = {"packs": 5_000, "opens": opens, "closes": closes, "state": "open"}
        towns.make_round(voucher, f"r{week}", **terms)
    voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + "".join(claims)))
    voucher("redemption", "import", towns.write("paid.csv", towns.PAYMENTS + "".join(payments)))


def _text(moment: int) -> str:
    return times.iso(moment, towns.ZONE)
