"""Three synthetic cities that have little in common, each with its own file, in one lake: other
programmes, packs, funders, names of districts and industries, months; of two the rounds have the
same code. Each exports twice: late rows, refunds and corrections come in between.
"""

from __future__ import annotations

import random
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple

import towns
from test_corrections import settle
from test_days import MEI, STAFF


class City(NamedTuple):
    """What a city is made of; days are (first, of the first seal, last,
    after it)."""

    code: str
    coupons: tuple[tuple[str, str, int], ...]  # denomination, threshold, count
    shares: dict[str, str]
    places: tuple[str, ...]
    industries: tuple[str, ...]
    rounds: tuple[str, ...]
    days: tuple[str, str, str, str]
    residents: int
    is_listed: bool
    rules: dict[str, Any]

    @property
    def folder(self) -> str:
        """Where its own file lies; also the code of its programme."""
        return f"city-{self.code}"


CITIES = (
    City(
        "330100",
        (("10", "40", 2), ("20", "80", 1)),
        {"central": "90%", "own": "10%"},
        ("上城区", "西湖区"),
        ("餐饮", "零售", ""),
        ("r1", "r2"),
        ("2020-03-27", "2020-03-29", "2020-04-01", "2020-04-02"),
        24,
        is_listed=True,
        rules={"limits": {"packs_per_resident": 5}},
    ),
    City(
        "360100",
        (("30", "100", 1),),
        {"central": "90%", "province": "5%", "own": "5%"},
        ("东湖区", "西湖区"),
        ("餐饮业", "文旅"),
        ("r1",),
        ("2020-04-28", "2020-04-30", "2020-05-03", "2020-05-04"),
        18,
        is_listed=False,
        rules={"refunds": "forfeits"},
    ),
    City(
        "420100",
        (("50", "150", 1), ("10", "40", 3)),
        {"province": "50%", "own": "20%", "alipay": "30%"},
        ("江岸区", "武昌区", "洪山区"),
        ("零售业", "住宿"),
        ("w1", "w2", "w3"),
        ("2020-05-30", "2020-05-31", "2020-06-02", "2020-06-03"),
        30,
        is_listed=True,
        rules={},
    ),
)
SHOPS = "merchant_no,name,district,industry,size,brand,designated_size\n"


def build(voucher: Any) -> None:
    """The files of the cities, each in its folder, and their lake: `lake`."""
    for city in CITIES:
        Path(city.folder).mkdir()
        with chdir(city.folder):
            _build(voucher, city, random.Random(city.code))


def known_on(city: City) -> tuple[str, str]:
    """What a report on the city's own file is asked with, to be that of the lake."""
    return "--known-on", city.days[2]


def _build(voucher: Any, city: City, dice: random.Random) -> None:
    funders: dict[str, Any] = {
        name: {"kind": "public", "amount": "90000.00"} for name in city.shares if name != "alipay"
    }
    funders |= {"alipay": {"kind": "platform"}} if "alipay" in city.shares else {}
    towns.build(
        voucher,
        towns.programme(
            city.folder, staff=STAFF, clock={"jump": "200 days"}, funders=funders, **city.rules
        ),
        towns.pack(
            "pack",
            *(towns.coupon(*each) for each in city.coupons),
            validity={"days_after_claim": 7},
            funding=city.shares,
        ),
        merchants=SHOPS
        + "".join(
            f"M{at},{at},{dice.choice(city.places)},{dice.choice(city.industries)},"
            f"{dice.choice(['small', 'micro', 'large', ''])},{dice.choice(['', '世纪联华'])},\n"
            for at in range(9)
        ),
    )
    first, sealed, last, after = city.days
    if city.is_listed:
        rows = "".join(
            f"P{at},{('old', 'new')[at % 3 == 0]},{city.places[at % 2]}\n"
            for at in range(city.residents + 20)
        )
        towns.write("e.csv", "resident,group,district\n" + rows)
        voucher("eligibility", "import", "e.csv", *MEI)
    opens, closes = f"{first} 08:00", f"{last} 23:00"
    for code in city.rounds:
        terms = {"packs": city.residents + 5, "opens": opens, "closes": closes}
        towns.make_round(voucher, code, state="open", **terms)
    _claim(voucher, "c1", city, range(city.residents), first)
    _pay(voucher, "a", city, dice, (first, sealed))
    _close_and_export(voucher, city, sealed)
    _claim(voucher, "c2", city, range(city.residents, city.residents + 3), sealed)
    _pay(voucher, "b", city, dice, (first, sealed, last))
    settle(voucher, "claim", f"{city.rounds[0]}-{city.residents}", "--reverse")
    _close_and_export(voucher, city, last)
    _pay(voucher, "late", city, dice, (after,))  # behind the head: no lake has it


def _close_and_export(voucher: Any, city: City, day: str) -> None:
    voucher("day", "close", day, *MEI, "--now", "2020-06-30 10:00")
    voucher("lake", "export", "../lake", "--city", city.code)


def _claim(voucher: Any, name: str, city: City, residents: range, day: str) -> None:
    rows = [
        f"{code}-{at},{code},P{at},{day} 09:00:{at:02d}\n"
        for code in city.rounds
        for at in residents
    ]
    towns.write(f"{name}.csv", towns.CLAIMS + "".join(rows))
    voucher("claim", "import", f"{name}.csv", *MEI)


def _pay(voucher: Any, name: str, city: City, dice: random.Random, days: tuple[str, ...]) -> None:
    """Payments by chance, a fifth of them given back; what the law refuses is rejected."""
    fen = [each[:2] for each in city.coupons for _ in range(each[2])]
    lines = []
    for at in range(60):
        code, place = dice.choice(city.rounds), dice.randrange(len(fen))
        claim = f"{code}-{dice.randrange(city.residents)},{place + 1}"
        off, least = fen[place]
        amount = int(least) + dice.randrange(90)
        shop, day, hour = f"M{dice.randrange(9)}", dice.choice(days), dice.randrange(10, 22)
        lines.append(f"{name}{at},pay,{claim},{shop},{day} {hour}:00:00,{amount},0,{off},\n")
        if dice.random() < 0.2:
            lines.append(
                f"R{name}{at},refund,{claim},{shop},{day} 22:30:00,{amount},0,{off},{name}{at}\n"
            )
    towns.write(f"{name}.csv", towns.PAYMENTS + "".join(lines))
    voucher("redemption", "import", f"{name}.csv", *MEI, expect=None)
