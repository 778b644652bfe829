"""The worked orders of golden.yaml, through `voucher redemption check` and through an import of
real rounds: the same fen.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
import yaml
from towns import CLAIMS
from towns import PAYMENTS as HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GOLDEN: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases/golden.yaml").read_text("utf-8")
)
# The round in which each pack of the worked orders was issued: template, programme.
ROUNDS = {
    "bj-june": ("beijing-catering-shopping", "beijing-2020"),
    "bj-august": ("beijing-catering-august", "beijing-2020"),
    "bj-smart": ("beijing-smart-products", "beijing-2020"),
    "hz-1": ("universal-5x10", "hangzhou-2020"),
    "hz-2022": ("hangzhou-2022", "hangzhou-2020"),
}
OPENS, PAID_ON, NOW = "2020-06-06 10:00", "2020-06-07", "2020-06-01 09:00"


def fen(yuan: Any) -> int:
    return int(Decimal(str(yuan)) * 100)


def of_coupons(case: dict[str, Any]) -> str:
    """The round whose pack the worked order names."""
    coupons = [
        tuple(one) if isinstance(one, list) else one
        for one in case.get("coupons", [case.get("coupon")])
    ]
    packs = {
        ((10, 50), (20, 100), (30, 200)): "bj-june",
        ((10, 40), (10, 40), (20, 80), (40, 160)): "bj-august",
        ((40, 160),): "bj-august",
        (10, 40): "hz-1",
        ((5, 20),): "hz-2022",
    }
    return packs[coupons[0] if "coupon" in case else tuple(coupons)]


@pytest.fixture
def cities(voucher: Callable[..., Any]) -> Callable[..., Any]:
    """`cities(round, claims)` opens that round of its programme as it ships, with so many claims;
    gives the command line in it.
    """

    def build(round_: str, claims: int = 1) -> Callable[..., Any]:
        template, programme = ROUNDS[round_]
        rows = "".join(
            f"C{at},{round_},r{at},2020-06-06 10:00:0{at}\n" for at in range(1, claims + 1)
        )
        at = ("--now", NOW)
        voucher("init", *at)
        voucher("programme", "load", programme, *at)
        voucher("template", "add", template, *at)
        towns.make_round(
            voucher,
            round_,
            template=template,
            packs=100,
            opens=OPENS,
            closes="2020-06-20 10:00",
            maker="chen",
            state="open",
            everywhere=at,
        )
        shops = towns.write("m.csv", "merchant_no,name\nM1,店\nM2,店二\n")
        voucher("merchant", "import", shops, *at)
        voucher("claim", "import", towns.write("c.csv", CLAIMS + rows), "--now", PAID_ON)
        return voucher

    return build


def checked(voucher: Any, amount: Any, *options: str, discount: Any = 0) -> dict[str, Any]:
    data: dict[str, Any] = voucher(
        "redemption",
        "check",
        "--amount",
        str(amount),
        "--discount",
        str(discount),
        *options,
        "-o",
        "json",
    ).data
    return data


def asked(claim: str = "C1") -> tuple[str, ...]:
    return (
        "--claim",
        claim,
        "--merchant",
        "M1",
        "--at",
        f"{PAID_ON} 12:00",
        "--channel",
        "offline",
    )


def imported(voucher: Any, here: Path, rows: Iterable[str], expect: int = 0) -> dict[str, Any]:
    (here / "r.csv").write_text(HEADER + "".join(row + "\n" for row in rows), "utf-8")
    data: dict[str, Any] = voucher(
        "redemption", "import", "r.csv", "-o", "json", expect=expect
    ).data
    voucher("check")
    return data


def total(voucher: Any) -> dict[str, Any]:
    found: dict[str, Any] = voucher("report", "leverage", "-o", "json").data["total"]
    return found


def yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def receives(found: dict[str, Any]) -> int:
    """What merchants have in the end, from a report's total."""
    return int(found["own_fen"] + found["subsidy_fen"] + found["platform_fen"])


def parted(found: dict[str, Any]) -> tuple[int, int, int]:
    """Subsidy, merchants' match, what consumers pay."""
    return found["subsidy_fen"], found["match_fen"], found["own_fen"]


def agreed(case: dict[str, Any]) -> tuple[int, int, int]:
    """The same of a worked order."""
    return fen(case["subsidy"]), fen(case["merchant_match"]), fen(case["pays"])


PACKS = [case for case in GOLDEN["orders"] if len(case.get("orders", ())) > 1]


def test_no_worked_order_is_forgotten() -> None:
    assert [case["what"][:9] for case in GOLDEN["orders"]] == [
        "list 50, ",
        "Beijing, ",
        "Beijing A",
        "order 210",
        "list 25, ",
    ]


def test_the_threshold_is_tested_after_merchant_discounts(cities: Any, here: Path) -> None:
    case = next(case for case in GOLDEN["orders"] if "list" in case)
    voucher = cities(of_coupons(case))
    wanted = (fen(case["subsidy"]), fen(case["pays"]), fen(case["merchant_receives"]))
    for way in (asked(), ("--template", "universal-5x10")):
        found = checked(voucher, case["list"], *way, discount=case["merchant_discount"])
        assert (found["subsidy_fen"], found["own_fen"], found["merchant_receives_fen"]) == wanted
    data = imported(
        voucher,
        here,
        [
            f"T1,pay,C1,1,M1,{PAID_ON}"
            f" 12:00:00,{case['list']},{case['merchant_discount']},{case['subsidy']},"
        ],
    )
    found = total(voucher)
    assert (data["accepted"], found["subsidy_fen"], found["own_fen"], receives(found)) == (
        1,
        *wanted,
    )


@pytest.mark.parametrize("case", PACKS, ids=lambda case: case["what"][:14])
def test_a_beijing_pack_is_used_up_across_orders(
    cities: Any, here: Path, case: dict[str, Any]
) -> None:
    """One order at a time: `check` says what the best voucher left would give, the payment comes
    in, until the pack is used up.
    """
    voucher = cities(of_coupons(case))
    sums = {"subsidy_fen": 0, "match_fen": 0, "own_fen": 0, "merchant_receives_fen": 0}
    for at, amount in enumerate(case["orders"], 1):
        found = checked(voucher, amount, *asked())
        sums = {key: value + found[key] for key, value in sums.items()}
        assert found["own_fen"] + found["subsidy_fen"] + found["match_fen"] == fen(amount)
        row = (
            f"T{at},pay,C1,{found['coupon_no']},M1,{PAID_ON}"
            f" 12:00:00,{amount},0,{yuan(found['subsidy_fen'])},"
        )
        assert imported(voucher, here, [row])["accepted"] == 1
    wanted = agreed(case)
    assert parted(sums) == wanted
    found = total(voucher)
    assert parted(found) == wanted
    assert (found["redemptions"], found["base_fen"]) == (
        len(case["orders"]),
        sum(map(fen, case["orders"])),
    )
    assert receives(found) == sums["merchant_receives_fen"] == wanted[2] + wanted[0]
    assert voucher("claim", "list", "--claim", "C1", "-o", "json").data["claims"][0]["used"] == len(
        case["orders"]
    )
    again = voucher("redemption", "check", "--amount", "500", *asked(), "-o", "json", expect=None)
    assert (again.code, again.data["reason"]) == (5, "already_redeemed")
    over = imported(voucher, here, [f"T9,pay,C1,1,M2,{PAID_ON} 13:00:00,500,0,10,"], expect=4)
    assert over["reasons"] == {"already_redeemed": 1}


def test_all_orders_of_a_pack_in_one_file_give_the_same(cities: Any, here: Path) -> None:
    case = PACKS[1]
    voucher = cities(of_coupons(case))
    rows = [
        f"T{at},pay,C1,{at},M1,{PAID_ON} 12:00:0{at},{amount},0,{coupon[0]},"
        for at, (amount, coupon) in enumerate(zip(case["orders"], case["coupons"], strict=True), 1)
    ]
    assert imported(voucher, here, reversed(rows))["accepted"] == len(rows)
    found = total(voucher)
    assert parted(found) == agreed(case)


def test_the_best_voucher_is_picked(cities: Any, here: Path) -> None:
    case = next(case for case in GOLDEN["orders"] if case.get("orders") == [210])
    voucher = cities(of_coupons(case))
    for way in (asked(), ("--template", "beijing-catering-august")):
        found = checked(voucher, 210, *way)
        assert found["coupon"] == "160-40"
        assert parted(found) == agreed(case)
    imported(voucher, here, [f"T1,pay,C1,{found['coupon_no']},M1,{PAID_ON} 12:00:00,210,0,40,"])
    assert parted(total(voucher)) == agreed(case)
    assert checked(voucher, 210, *asked())["coupon"] == "80-20"  # the best of those that are left


def test_20_less_5_on_25(cities: Any, here: Path) -> None:
    case = next(case for case in GOLDEN["orders"] if case.get("orders") == [25])
    voucher = cities(of_coupons(case))
    for way in (asked(), ("--template", "hangzhou-2022")):
        found = checked(voucher, 25, *way)
        assert (found["coupon"], found["subsidy_fen"], found["own_fen"]) == (
            "20-5",
            fen(case["subsidy"]),
            fen(case["pays"]),
        )
    imported(voucher, here, [f"T1,pay,C1,1,M1,{PAID_ON} 12:00:00,25,0,5,"])
    assert (total(voucher)["subsidy_fen"], total(voucher)["own_fen"]) == (500, 2000)


@pytest.mark.parametrize(
    ("amount", "subsidy"), [tuple(case) for case in GOLDEN["smart_products_beijing_2020"]["cases"]]
)
def test_smart_products_give_a_tenth_up_to_the_cap_from_three_parties(
    cities: Any, here: Path, amount: str, subsidy: str
) -> None:
    voucher, wanted = cities("bj-smart"), fen(subsidy)
    # exact in every case
    parts = {
        "government": wanted * 50 // 100,
        "platform": wanted * 30 // 100,
        "merchant": wanted * 20 // 100,
    }
    assert sum(parts.values()) == wanted
    ran = voucher("redemption", "check", "--amount", amount, *asked(), "-o", "json", expect=None)
    assert (ran.code, ran.data["reason"]) == ((0, None) if wanted else (5, "below_threshold"))
    keys = ("subsidy_fen", "public_fen", "platform_fen", "match_fen", "own_fen")
    assert [ran.data[key] for key in keys] == [wanted, *parts.values(), fen(amount) - wanted]
    assert ran.data["funders"] == parts
    assert ran.data["merchant_receives_fen"] == fen(amount) - parts["merchant"]
    data = imported(
        voucher,
        here,
        [f"T1,pay,C1,1,M1,{PAID_ON} 12:00:00,{amount},0,{subsidy},"],
        expect=0 if wanted else 4,
    )
    assert data["reasons"] == ({} if wanted else {"below_threshold": 1})
    found, base = total(voucher), fen(amount) if wanted else 0
    assert (found["base_fen"], found["subsidy_fen"], found["platform_fen"], found["match_fen"]) == (
        base,
        *parts.values(),
    )
    assert found["own_fen"] == base - wanted


def test_a_fen_more_or_less_than_the_law_gives_is_rejected(cities: Any, here: Path) -> None:
    voucher = cities("bj-smart", claims=3)
    rows = [
        f"T{at},pay,C{at},1,M1,{PAID_ON} 12:00:00,3638,0,{said},"
        for at, said in enumerate(("363.79", "363.81", "363.80"), 1)
    ]
    assert imported(voucher, here, rows, expect=4)["reasons"] == {"subsidy_mismatch": 2}
    assert total(voucher)["subsidy_fen"] == 18190


def test_what_rounding_leaves_falls_to_the_last_of_three_parties(cities: Any, here: Path) -> None:
    voucher = cities("bj-smart")
    # 200.05: 100.03 (half up) + 60.02 (half up) + the rest
    found = checked(voucher, "2000.49", *asked())
    assert found["funders"] == {"government": 10003, "platform": 6002, "merchant": 4000}
    imported(voucher, here, [f"T1,pay,C1,1,M1,{PAID_ON} 12:00:00,2000.49,0,200.05,"])
    stands = total(voucher)
    assert (stands["subsidy_fen"], stands["platform_fen"], stands["match_fen"]) == (
        10003,
        6002,
        4000,
    )


def test_who_spends_100_anyway_shows_ten_and_nine(cities: Any, here: Path) -> None:
    habitual, voucher = GOLDEN["habitual_shopper"], cities("hz-1")
    imported(voucher, here, [f"T1,pay,C1,1,M1,{PAID_ON} 12:00:00,100,0,10,"])
    found = total(voucher)
    assert (found["gross"], found["own_spend"], found["floor"]) == (
        f"{habitual['gross']}.00",
        f"{habitual['own_spend']}.00",
        "4.00",
    )
