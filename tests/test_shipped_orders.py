"""The worked orders of templates that ship: asked at the till, and paid by a file in a round that was
really claimed or drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
import yaml
from towns import PAYMENTS

from vouchercli.formats.configs import locate
from vouchercli.ops.setup import configs
from vouchercli.rules import money, times
from vouchercli.rules.rounds import liability

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

GOLDEN: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases/golden.yaml").read_text("utf-8")
)
ORDERS = GOLDEN["shipped_orders"]
MAKER, CHECKER = "chen", "lin"


class Shop:
    """A round of a template that ships, three days before the day of its orders, with so many packs
    in the hands of residents.
    """

    def __init__(self, voucher: Voucher, case: dict[str, Any]) -> None:
        self.voucher, self.case = voucher, case
        self.day = times.parse(case["day"], towns.ZONE)
        self.residents = [f"r{number}" for number in range(len(case.get("cases", [1])))]
        self.at(-9, "init")
        self.at(-9, "programme", "load", case["programme"])
        self.at(-9, "template", "add", case["template"])
        shops = towns.write("m.csv", "merchant_no,name\nM1,店\n")
        self.at(-9, "merchant", "import", shops)
        self.make_round()
        if case["mode"] != "lottery":
            self.claim()
        elif case.get("platform"):
            self.hand_on()
        else:
            self.draw()

    def at(self, days: int, *args: str, hour: int = 0, actor: str = MAKER) -> Any:
        """A command so many days before (or after) the day of the orders."""
        now = times.iso(self.day + days * 86_400 + hour * 3_600, towns.ZONE)
        return self.voucher(*args, "--actor", actor, "--now", now)

    def text(self, days: int, hour: int = 0) -> str:
        return times.iso(self.day + days * 86_400 + hour * 3_600, towns.ZONE)[:16]

    def make_round(self) -> None:
        terms = ["--template", self.case["template"], "--packs", "10", "--mode", self.case["mode"]]
        terms += ["--opens-at", self.text(-3), "--closes-at", self.text(-2)]
        if self.case["mode"] == "lottery":
            terms += ["--registration-opens", self.text(-6)]
        if self.case.get("platform"):
            terms += ["--platform", self.case["platform"], "--drawn", "here"]
        self.at(-9, "round", "create", "r", *terms)
        self.at(-9, "round", "submit", "r")
        self.at(-9, "round", "approve", "r", actor=CHECKER)

    def claim(self) -> None:
        """Packs are claimed by a platform's file."""
        self.at(-3, "round", "open", "r")
        rows = [f"{who},r,{who},{self.text(-3, 1)}\n" for who in self.residents]
        self.at(-2, "claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(rows)))
        self.claims = self.residents

    def register(self, *terms: str) -> None:
        """A seed is committed to, and residents register."""
        self.at(-7, "draw", "commit", "r", *terms)
        heading = "application_no,round,resident,applied_at\n"
        rows = [f"{who},r,{who},{self.text(-5)}\n" for who in self.residents]
        self.at(-4, "application", "import", towns.write("a.csv", heading + "".join(rows)))

    def hand_on(self) -> None:
        """... lots are drawn, and the platform is told who won: it credits them, and one more."""
        self.register("--registration-closes", self.text(-4))
        self.at(-4, "draw", "run", "r")
        self.at(-4, "round", "order", "r")
        self.at(-3, "round", "open", "r")
        heading = "claim_no,round,resident,claimed_at,application_no\n"
        rows = [f"{no},r,user-{no},{self.text(-3, 1)},{no}\n" for no in (*self.residents, "nobody")]
        file = towns.write("c.csv", heading + "".join(rows))
        data = self.voucher(
            *("claim", "import", file, "-o", "json", "--now", self.text(-2)), expect=4
        ).data
        assert data["reasons"] == {"not_a_winner": 1}
        self.claims = self.residents

    def draw(self) -> None:
        """Residents register, lots are drawn, the winners have their packs."""
        self.register()
        self.at(-3, "draw", "entrants", "r")
        self.at(-3, "round", "open", "r")
        self.at(-3, "draw", "run", "r")
        found = self.voucher("claim", "list", "-o", "json").data["claims"]
        self.claims = [claim["claim_no"] for claim in found]
        assert len(self.claims) == len(self.residents)

    def pay(self, rows: list[str]) -> dict[str, Any]:
        """A file of payments and refunds, rejects kept."""
        Path("r.csv").write_text(PAYMENTS + "".join(f"{row}\n" for row in rows), "utf-8")
        data: dict[str, Any] = self.voucher(
            *("redemption", "import", "r.csv", "-o", "json"),
            *("--now", times.iso(self.day + 5 * 86_400, towns.ZONE)),
            expect=None,
        ).data
        self.voucher("check")
        return data


@pytest.mark.parametrize(
    "case", ORDERS, ids=lambda case: case["template"] + case.get("platform", "")
)
def test_a_worked_order_is_paid_as_worked(voucher: Voucher, case: dict[str, Any]) -> None:
    shop = Shop(voucher, case)
    rows, paid = [], {}
    for number, (claim, (amount, subsidy)) in enumerate(
        zip(shop.claims, case["cases"], strict=True)
    ):
        asked = shop.voucher(
            *("redemption", "check", "--template", case["template"], "--amount", amount),
            *("-o", "json"),
            expect=None,
        )
        assert money.yuan(asked.data["subsidy_fen"]) == money.yuan(money.parse_yuan(subsidy))
        said = subsidy if subsidy != "0" else "1"
        rows.append(f"T{number},pay,{claim},1,M1,{case['day']} 23:59:59,{amount},0,{said},")
        paid |= {f"T{number}": money.parse_yuan(subsidy)} if subsidy != "0" else {}
    data = shop.pay(rows)
    assert (data["accepted"], data["rejected"]) == (len(paid), len(rows) - len(paid))
    assert "subsidy_mismatch" not in data["reasons"]
    stands = voucher("redemption", "list", "-o", "json").data["redemptions"]
    assert {row["transaction_no"]: row["subsidy_fen"] for row in stands} == paid


@pytest.mark.parametrize("case", GOLDEN["shipped_refunds"], ids=lambda case: case["refunded"])
def test_any_refund_uses_the_voucher_in_zhongshan(voucher: Voucher, case: dict[str, str]) -> None:
    shop = Shop(voucher, ORDERS[0])
    day = ORDERS[0]["day"]
    rows = [
        f"T1,pay,r0,1,M1,{day} 12:00:00,100,0,30,",
        f"F1,refund,r0,1,M1,{day} 13:00:00,{case['refunded']},0,{case['returned']},T1",
        f"T2,pay,r0,1,M1,{day} 14:00:00,100,0,30,",
    ]
    assert shop.pay(rows)["reasons"] == {"already_redeemed": 1}


def test_the_three_faces_of_shanghai_make_its_quota() -> None:
    golden = GOLDEN["shanghai_2025"]
    sums = 0
    for packs, face, threshold in golden["vouchers"]:
        template, _ = configs.read_template(f"shanghai-{face}-{threshold}")
        assert [(each.denomination_fen, each.threshold_fen) for each in template.coupons] == [
            (face * 100, threshold * 100)
        ]
        sums += sum(fen for _, fen in liability(packs, template))
    programme, _ = configs.read_programme("shanghai-2025")
    assert sums == golden["quota"] * 100 == programme.funders[0].amount_fen


def test_every_shipped_order_names_what_ships() -> None:
    assert {case["template"] for case in ORDERS} <= set(locate.names("templates"))


def test_central_government_and_province_share_nine_to_one(voucher: Voucher) -> None:
    case = next(case for case in ORDERS if case["template"] == "trade-in-digital")
    shop = Shop(voucher, case | {"cases": case["cases"][:1]})
    shop.pay([f"T1,pay,{shop.claims[0]},1,M1,{case['day']} 12:00:00,100.03,0,15,"])
    asked = voucher(
        *("redemption", "check", "--template", "trade-in-digital", "--amount", "100.03"),
        *("-o", "json"),
    )
    assert asked.data["funders"] == {"central": 1350, "province": 150}


def test_a_class_is_subsidised_once_over_all_rounds(voucher: Voucher) -> None:
    case = next(case for case in ORDERS if case["template"] == "trade-in-digital")
    shop = Shop(voucher, case | {"cases": case["cases"][:1]})
    terms = ("--template", "trade-in-digital", "--packs", "10")
    shop.at(-2, "round", "create", "r2", *terms, "--opens-at", shop.text(-1))
    shop.at(-2, "round", "submit", "r2")
    shop.at(-2, "round", "approve", "r2", actor=CHECKER)
    shop.at(-1, "round", "open", "r2")
    again = towns.write("c2.csv", towns.CLAIMS + f"C2,r2,r0,{shop.text(-1, 1)}\n")
    ran = voucher("claim", "import", again, "-o", "json", "--now", shop.text(0), expect=4)
    assert ran.data["reasons"] == {"resident_limit": 1}
