"""Rules of `risk scan` that need what only some cities give: former turnover, prices, places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import risk_looks
import towns

from vouchercli.ops.risk import given
from vouchercli.ops.risk.found import NotLooked
from vouchercli.rules import places, risk
from vouchercli.rules.places import Place
from vouchercli.rules.values import Node
from vouchercli.store.risk_facts import Merchant
from vouchercli.store.risk_given import Price, Turnover

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = [Merchant(place, f"M{place}", "catering", "west", "small", 0, 0) for place in range(3)]
SHOPS[2] = SHOPS[2]._replace(district="east")
EACH = np.repeat(np.arange(3), 30)
DAY, START = 86_400, 1_585_238_400  # 2020-03-27 00:00 in Shanghai
AT = START + np.tile(np.arange(30), 3) // 3 * DAY + np.tile(np.arange(30), 3) * 60
PAID = {"merchant": EACH, "paid_at": AT, "base": np.full(90, 10_000)}


def former(
    merchant: int, fen: int, *, brand: str = "", grain: str = "day", **more: Any
) -> Turnover:
    known = {"is_own": int(not brand), "source": "Tax", "periods": 9, "first_on": 20200101} | more
    own = known.pop("is_own")
    return Turnover(merchant, brand or f"M{merchant}", own, grain, **known, turnover_fen=fen)


# ---------------------------------------------------------------- former sales


def test_sales_above_all_former_ones_are_found() -> None:
    turnovers = [former(0, 29_999), former(1, 30_000)]
    look = risk_looks.look_at(PAID, SHOPS, turnovers=turnovers)
    found = given.former_sales(look)
    assert [*found] == [0]  # 300.00 a day, of merchant 1 as much as its best day before
    assert found[0].counts["sales_fen"] == 30_000
    assert found[0].counts["former_from"] == "2020-01-01"
    assert len(found[0].rows) == 3 and found[0].value > found[0].fence == 1.0
    assert look.known["former_sales"] == (2, 3)


@pytest.mark.parametrize(
    ("grain", "least", "day"),
    [
        ("week", 210_000, "2020-03-30"),
        ("month", 150_000, "2020-03-27"),
        ("quarter", 150_000, "2020-03-27"),
        ("year", 300_000, "2020-03-27"),
    ],
)
def test_periods_of_one_length_are_compared(grain: str, least: int, day: str) -> None:
    for fen, is_found in ((least - 1, True), (least, False)):
        look = risk_looks.look_at(PAID, SHOPS, turnovers=[former(0, fen, grain=grain)])
        found = given.former_sales(look)
        assert bool(found) is is_found
        assert not found or found[0].counts["with_day"] == day


def test_a_chain_is_looked_at_as_a_whole_and_own_figures_go_before_it() -> None:
    chain = [former(place, 59_000, brand="Tea") for place in range(3)]
    look = risk_looks.look_at(PAID, SHOPS, turnovers=[*chain[:2], chain[2], former(2, 90_000)])
    found = given.former_sales(look)
    assert [*found] == [0, 1] and found[0].counts["shops"] == 2
    assert found[0].counts["sales_fen"] == 60_000 and len(found[0].rows) == 3


def test_the_source_that_speaks_for_the_merchant_counts() -> None:
    two = [former(0, 1_000), former(0, 99_000, source="Till")]
    assert given.former_sales(risk_looks.look_at(PAID, SHOPS, turnovers=two)) == {}
    refunded = np.arange(90) < 30
    look = risk_looks.look_at(PAID | {"refunded": refunded}, SHOPS, turnovers=two[:1])
    assert given.former_sales(look) == {}


def test_former_sales_that_are_not_known_are_said() -> None:
    for few in ([], [former(0, 1, periods=2)], [former(9, 1)]):
        with pytest.raises(NotLooked, match="no series"):
            given.former_sales(risk_looks.look_at(PAID, SHOPS, turnovers=few))
    with_few = risk_looks.look_at({"merchant": EACH[28:]}, SHOPS, turnovers=[former(0, 1)])
    assert given.former_sales(with_few) == {}


# ---------------------------------------------------------------- prices


def price(merchant: int, round_: str, fen: int, sold: int = 5, good: str = "tv") -> Price:
    return Price(merchant, good, round_, sold, fen)


def find_raised(*prices: Price) -> dict[int, Any]:
    look = risk_looks.look_at({"merchant": EACH}, SHOPS, prices=prices, sold=lambda _: [1, 2])
    return given.price_raised(look)


def test_a_price_that_rises_by_more_than_that_of_others_is_found() -> None:
    found = find_raised(price(0, "r1", 1_000), price(0, "r2", 1_151))
    assert [*found] == [0] and found[0].counts["price_before_fen"] == 1_000
    assert found[0].rows.tolist() == [0, 1]
    assert find_raised(price(0, "r1", 1_000), price(0, "r2", 1_150)) == {}
    others = [price(1, "r1", 500), price(1, "r2", 600)]
    assert find_raised(price(0, "r1", 1_000), price(0, "r2", 1_300), *others) == {}
    worse = [price(0, "r2", 1_500), price(0, "r1", 10, good="pan"), price(0, "r2", 20, good="pan")]
    found = find_raised(price(0, "r1", 1_000), *worse, *others)
    assert found[0].counts["good"] == "pan" and found[0].base_n == 0


def test_prices_that_are_not_known_are_said() -> None:
    for few in ((), (price(0, "r1", 9), price(0, "r2", 99, sold=4)), (price(0, "r1", 9),)):
        with pytest.raises(NotLooked, match="no good"):
            find_raised(*few)


# ---------------------------------------------------------------- places

WEST, EAST = Place(30.25, 120.15), Place(30.25, 120.68)  # 51 km
TERMS = risk.Terms(risk.USUAL.general, risk.USUAL.rules, places={"west": WEST, "east": EAST})


def pairs(gap: int, count: int = 5, **more: Any) -> Any:
    """So many residents who pay at M0 in the west and, so many seconds later, at M2 in the east."""
    size = 2 * count
    moments = np.repeat(np.arange(count) * DAY, 2) + np.tile([0, gap], count)
    columns = {
        "merchant": np.tile([0, 2], count),
        "resident": np.repeat(np.arange(count), 2),
        "paid_at": moments,
    }
    every = {"base": np.full(size, 5_000), "threshold": np.full(size, 4_000)}
    return risk_looks.look_at(columns | every, SHOPS, TERMS, **more)


def test_who_pays_sooner_than_anybody_travels_is_found_at_both_places() -> None:
    found = given.distance(pairs(1_200))  # 153 km an hour
    assert [*found] == [0, 2] and found[2].counts["too_fast"] == 5
    assert len(found[0].rows) == 5
    assert given.distance(pairs(1_260)) == {}
    assert given.distance(pairs(1_200, 4)) == {}
    assert given.distance(pairs(1_200, online=[1, 3])) == {}  # three are left


def test_places_that_are_not_known_are_said() -> None:
    with pytest.raises(NotLooked, match="where they lie"):
        given.distance(risk_looks.look_at(PAID, SHOPS))
    one = risk.Terms(risk.USUAL.general, risk.USUAL.rules, places={"west": WEST})
    with pytest.raises(NotLooked):
        given.distance(risk_looks.look_at(PAID, SHOPS, one))
    two = risk.Terms(risk.USUAL.general, risk.USUAL.rules, places={"M1": WEST, "east": EAST})
    look = risk_looks.look_at(PAID, SHOPS, two)
    assert given.distance(look) == {} and look.known["distance"] == (2, 3)


def test_a_place_is_read_and_its_distance_is_that_of_the_earth() -> None:
    assert places.km(WEST, WEST) == 0
    shanghai, beijing = Place(31.23, 121.47), Place(39.90, 116.41)
    assert 1_065 < places.km(shanghai, beijing) < 1_070
    node = Node({"places": {"west": "30.25, 120.15", "east": "30.25，120.68", "up": "high"}})
    terms = risk.read(node)
    assert terms is not None and terms.places == {"west": WEST, "east": EAST}
    assert [fault.code for fault in node.faults] == ["wrong_form"]
    assert terms.document["places"] == {
        "east": "30.250000, 120.680000",
        "west": "30.250000, 120.150000",
    }
    assert terms.digest != risk.USUAL.digest


# ---------------------------------------------------------------- from files


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """Two rounds for television sets; shop M1 sells twice as much as ever, at a higher price in the
    second round, to residents who pay in the other district ten minutes later.
    """

    def build() -> None:
        shops = "merchant_no,name,district,brand\nM1,Lamp,west,\nM2,Sun,east,Sunny\nM3,Moon,east,Sunny\n"
        wanted = {"goods": ["tv"], "units": 9}
        rules = {"least_payments": 5, "places": {"west": str(WEST), "east": str(EAST)}}
        towns.build(voucher, towns.programme(risk=rules), towns.pack(scope=wanted), merchants=shops)
        claims, rows = [], []
        for number in (1, 2):
            opens = f"2020-0{number + 2}-27 08:00"
            towns.make_round(
                voucher, f"r{number}", packs=9, opens=opens, state="open", closes="2020-05-30"
            )
            for who in range(5):
                claims.append(f"C{number}{who},r{number},p{who},2020-0{number + 2}-27 08:00:30\n")
                for coupon, shop in enumerate(("M1", "M2"), 1):
                    at = f"2020-0{number + 2}-28 1{who}:{coupon}0:00"
                    yuan = 100 * number if shop == "M1" else 100
                    rows.append(
                        f"T{number}{who}{coupon},pay,C{number}{who},{coupon},{shop},{at},{yuan},0,10,"
                        ",tv,1\n"
                    )
        heading = towns.PAYMENTS.strip() + ",goods,units\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(claims)))
        voucher("redemption", "import", towns.write("r.csv", heading + "".join(rows)))
        figures = "".join(
            f"turnover,2019-{month},,,{brand},{value},元,Tax\n"
            for month in ("10", "11", "12")
            for brand, value in (("Lamp", 900), ("Sunny", 500))
        )
        heading = "measure,period,industry,district,brand,value,unit,source\n"
        voucher("series", "import", towns.write("s.csv", heading + figures))

    once("risk given", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
    return voucher


def test_turnover_prices_and_places_come_from_files(town: Voucher) -> None:
    scanned = town("risk", "scan", "-o", "json").data
    looked = {each["rule"]: each for each in scanned["looked"]}
    listed = town("risk", "list", "-o", "json").data["findings"]
    rules = {each["merchant_no"]: set(each["rules"]) for each in listed}
    given_rules = {"former_sales", "price_raised", "distance"}
    assert rules["M1"] & given_rules == given_rules and looked["distance"]["told"] is None
    assert rules["M2"] & given_rules == {"distance"}  # half of what the chain sold
    number = next(each["finding"] for each in listed if each["merchant_no"] == "M1")
    shown = town("risk", "show", str(number), "-o", "json").data
    counts = {each["rule"]: each["counts"] for each in shown["reasons"]}
    assert (counts["price_raised"]["price_before_fen"], counts["price_raised"]["price_fen"]) == (
        10_000,
        20_000,
    )
    assert counts["former_sales"]["former_fen"] == 90_000
    assert counts["former_sales"]["sales_fen"] == 100_000
    assert counts["distance"]["too_fast"] == 10
    assert sum("price_raised" in each["rules"].split(",") for each in shown["rows"]) == 5
