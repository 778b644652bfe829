"""Published inputs, and what the arithmetic must give: rules.leverage against
tests/cases/golden.yaml.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from vouchercli.rules import leverage as law
from vouchercli.rules import money
from vouchercli.rules.leverage import Claimed, Sums

GOLDEN: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases/golden.yaml").read_text("utf-8")
)


def fen(yuan: Any, unit: int = 1) -> int:
    return int(Decimal(str(yuan)) * unit * 100)


@pytest.mark.parametrize("figure", GOLDEN["leverage"], ids=lambda figure: figure["what"][:40])
def test_the_published_ratios_come_out(figure: dict[str, Any]) -> None:
    sums = Sums(
        base_fen=fen(figure["base"], 1_000_000), public_fen=fen(figure["subsidy"], 1_000_000)
    )
    assert sums.gross == figure["gross"]
    if "own" in figure:
        assert sums.own_spend == figure["own"]


def test_the_pooled_ratio_is_not_the_mean_of_the_ratios() -> None:
    one, two = (
        Sums(base_fen=fen(base, 1_000_000), public_fen=fen(subsidy, 1_000_000))
        for subsidy, base in ((145, 1805), (57.36, 421))
    )
    assert law.pooled([one, two]).gross == (one + two).gross == "11.00"


def test_when_only_the_government_pays_own_spend_is_gross_less_one() -> None:
    for figure in GOLDEN["leverage"]:
        sums = Sums(
            base_fen=fen(figure["base"], 1_000_000), public_fen=fen(figure["subsidy"], 1_000_000)
        )
        assert Decimal(sums.own_spend or 0) == Decimal(sums.gross or 0) - 1


def test_nanjing_published_as_driven_what_was_net_of_the_voucher() -> None:
    nanjing = GOLDEN["nanjing_2020"]
    sums = Sums(
        vouchers=nanjing["vouchers"],
        base_fen=fen(nanjing["base"]),
        public_fen=fen(nanjing["subsidy"]),
    )
    assert sums.own_fen == fen(nanjing["own"])
    assert money.ratio(sums.base_fen, sums.public_fen, 3) == nanjing["gross"]
    assert money.ratio(sums.own_fen, sums.public_fen, 3) == nanjing["own_spend"]


def test_the_redemption_rates_by_count_and_by_amount() -> None:
    by_count, by_amount = GOLDEN["redemption_rates"]
    claimed = Claimed(packs=100, vouchers=500, face_fen=fen(370, 1_000_000))
    sums = Sums(vouchers=351, paid_fen=fen(321, 1_000_000))
    assert percent(law.used_of_claimed(sums, claimed)) == by_count["rate"]
    assert percent(law.paid_of_claimed(sums, claimed)) == by_amount["rate"]


def percent(rate: str | None) -> str:
    return f"{Decimal(rate or 0) * 100:.1f} %"


def test_who_spends_100_anyway_and_uses_40_10_shows_ten_and_changed_nothing() -> None:
    habitual = GOLDEN["habitual_shopper"]
    sums = Sums(
        1,
        base_fen=fen(100),
        paid_fen=fen(10),
        public_fen=fen(10),
        floor_fen=fen(40),
        face_fen=fen(10),
    )
    assert sums.gross == f"{habitual['gross']}.00"
    assert sums.own_spend == f"{habitual['own_spend']}.00"
    assert sums.floor == "4.00"


def test_five_40_10_vouchers_can_never_show_less_than_four() -> None:
    for base in (4000, 4001, 9999, 100_000):
        sums = Sums(1, base_fen=base, paid_fen=1000, public_fen=1000, floor_fen=4000, face_fen=1000)
        assert Decimal(sums.gross or 0) >= Decimal(sums.floor or 0) == 4
