"""Beijing 2020: three parties pay, a percentage with a cap, packs for special groups. Only the
frame was published.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from vouchercli.ops.demo import claims, merchants, redemptions
from vouchercli.ops.demo.city import City, Plan, Step, maker, shipped, step, unseen
from vouchercli.ops.demo.claims import Coupon, Round
from vouchercli.ops.demo.clock import at
from vouchercli.ops.demo.redemptions import Target
from vouchercli.ops.demo.till import Till
from vouchercli.result import say

if TYPE_CHECKING:
    from vouchercli.rules.programmes import Programme

RESIDENTS = 4_000_000
MERCHANTS = 400
DIVISION = "110000"
DISTRICTS = {
    "东城区": 7.0,
    "西城区": 8.0,
    "朝阳区": 22.0,
    "丰台区": 11.0,
    "石景山区": 3.0,
    "海淀区": 18.0,
    "通州区": 6.0,
    "顺义区": 5.0,
    "昌平区": 7.0,
    "大兴区": 6.0,
    "房山区": 3.0,
    "门头沟区": 1.0,
    "平谷区": 1.0,
    "怀柔区": 1.0,
    "密云区": 1.0,
    "延庆区": 1.0,
}
INDUSTRIES = {"餐饮": 45.0, "零售百货": 25.0, "超市便利": 20.0, "智能产品": 10.0}

CATERING = (Coupon(1000, 5000), Coupon(2000, 10_000), Coupon(3000, 20_000))
SMART = (Coupon(40_000, 200_000, percent=10),)
SPECIAL = (Coupon(2000, 2000),) * 5
A_DAY = 86_400
DRAFTED, OPENS, ENDS, NEXT_MONTH = (
    "2020-06-02 10:00",
    "2020-06-06 10:00",
    "2020-06-21 00:00",
    "2020-07-01 00:00",
)

# Published: the first batch's 2 M packs, its opening and its pack; 10 % from 2,000 yuan up to 400.
# All else is assumed.
ROUNDS = {
    "bj-0606": Plan(
        "beijing-catering-shopping",
        2_000_000,
        DRAFTED,
        OPENS,
        1_800,
        CATERING,
        ("--registration-opens", "2020-06-05 10:00"),
    ),
    "bj-smart": Plan("beijing-smart-products", 300_000, DRAFTED, OPENS, A_DAY, SMART),
    "bj-special": Plan(
        "beijing-special-groups",
        150_000,
        DRAFTED,
        OPENS,
        2 * A_DAY,
        SPECIAL,
        ("--mode", "targeted", "--group", "special"),
    ),
}
# Vouchers used by kind of coupon, before scaling; the mean excess over the threshold; where. All of
# it is assumed.
SPENT: dict[str, tuple[tuple[int, ...], float, tuple[str, ...]]] = {
    "bj-0606": ((1_500_000, 1_300_000, 900_000), 0.6, ("餐饮", "零售百货", "超市便利")),
    "bj-smart": ((180_000,), 0.5, ("智能产品",)),
    "bj-special": ((600_000,), 0.8, ("餐饮", "超市便利")),
}


def files(scale: int) -> dict[str, str]:
    """Every file of the city at 1:`scale`, by name; the same bytes every time."""
    rng = Random("beijing-2020")
    town = merchants.create_town(rng, MERCHANTS, DIVISION, DISTRICTS, INDUSTRIES)
    till = Till(rng, town)
    contents = {"merchants.csv": merchants.registry(town)}
    for code, plan in ROUNDS.items():
        used, excess, industries = SPENT[code]
        # to the end of the month; the others 14 days
        until = at(NEXT_MONTH) if code == "bj-special" else None
        put_up = Round(
            code,
            plan.packs // scale,
            at(plan.opens),
            plan.sold_out_after,
            plan.coupons,
            valid_days=14,
            valid_until=until,
        )
        granted = claims.grant(rng, put_up, range(1, RESIDENTS // scale + 1))
        contents[f"claims-{code}.csv"] = claims.claims_file(granted)
        if code == "bj-special":  # by list: nobody else may have its packs
            contents["special.csv"] = claims.eligibility_list(granted, "special")
        target = Target(at(ENDS), tuple(count // scale for count in used), excess=excess)
        redemptions.spend(till, granted, [target], merchants.shops(town, industries))
    contents["redemptions.csv"] = till.files([])[0]
    return contents


def steps(scale: int) -> tuple[Step, ...]:
    """From an empty folder to reports that show who paid."""
    programme = shipped("beijing-2020")
    return (
        step("init --rehearsal"),
        *(
            maker(command, now="2020-06-01 09:00")
            for command in (
                "programme load beijing-2020",
                *(f"template add {plan.template}" for plan in ROUNDS.values()),
                "merchant import merchants.csv",
                "eligibility import special.csv",
            )
        ),
        *(each for code in ROUNDS for each in _round(code, scale, programme)),
        maker("redemption import redemptions.csv", now="2020-07-01 09:00"),
        step("redemption check --template beijing-smart-products --amount 3638"),
        step("report rounds"),
        step("check"),
        *(Step(words, show="output") for words in REPORTS),
    )


def _round(code: str, scale: int, programme: Programme) -> list[Step]:
    work = [
        *ROUNDS[code].put_up(code, scale, programme),
        maker(f"claim import claims-{code}.csv", now="2020-06-09 09:00"),
    ]
    return work if code == "bj-0606" else unseen(work)


REPORTS = (
    ("report", "leverage", "--by", "round", "--funders"),
    ("report", "leverage", "--by", "template", "--funders"),
)

CITY = City(
    programme="beijing-2020",
    scales=(1000, 100),
    files=files,
    steps=steps,
    reports=REPORTS,
    assumptions=(
        say(
            "Published: the pack of 60 yuan and its first 2 M packs; 10 % off from 2,000 yuan, at"
            " most 400; the 1:1 match by merchants."
        ),
        say(
            "Assumed: everything else, above all the three parties' shares, the special groups'"
            " pack, and every amount that was spent."
        ),
        say(
            "G of a 10 % voucher is at least 10 by definition: it does not show any effect of the"
            " voucher."
        ),
    ),
    try_next=(
        "report leverage --by coupon --funders",
        "report leverage --by district",
        "programme show",
        "redemption check --template beijing-smart-products --amount 9000",
        "template show beijing-smart-products",
    ),
)
