"""Hangzhou 2020: what was published, what is assumed, and a city drawn to fit."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from vouchercli.ops.demo import claims, effects, faults, merchants, redemptions
from vouchercli.ops.demo.city import City, Plan, Step, batches, maker, shipped, step, unseen
from vouchercli.ops.demo.claims import Coupon, Round
from vouchercli.ops.demo.clock import at
from vouchercli.ops.demo.redemptions import Target
from vouchercli.ops.demo.till import Till
from vouchercli.result import say
from vouchercli.rules import staff

if TYPE_CHECKING:
    from vouchercli.ops.demo.claims import Granted
    from vouchercli.rules.programmes import Programme

RESIDENTS = 6_000_000  # assumed number of residents who take part, before scaling
MERCHANTS, UNLISTED = 1_000, 60
# Planted: so many residents, those who got most packs, take all their vouchers to two quiet shops.
RING, RING_SHOPS = 20, (3, 4)
# GB/T 2260: the city itself, since some of the districts of 2020 were merged away in 2021
DIVISION = "330100"
DISTRICTS = {
    "上城区": 9.0,
    "下城区": 10.0,
    "江干区": 12.0,
    "拱墅区": 10.0,
    "西湖区": 14.0,
    "滨江区": 7.0,
    "萧山区": 13.0,
    "余杭区": 13.0,
    "富阳区": 4.0,
    "临安区": 3.0,
    "桐庐县": 2.0,
    "淳安县": 1.0,
    "建德市": 2.0,
}
INDUSTRIES = {
    "餐饮": 34.0,
    "超市便利": 22.0,
    "零售百货": 18.0,
    "美容美发": 7.0,
    "体育健身": 5.0,
    "文化旅游": 6.0,
    "图书音像": 3.0,
    "汽车服务": 5.0,
}

UNIVERSAL = (Coupon(1000, 4000),) * 5
SECOND = (Coupon(2000, 10_000), Coupon(3500, 20_000), Coupon(4500, 30_000))
AN_HOUR = 3_600

# Published: packs, openings, round 5's 105 seconds. Assumed: the other sell-out times; when rounds
# were drafted; that the top-up is a round of its own; all of round 4 but its quota of 70 M yuan.
BY = ("--platform", "alipay")
ROUNDS = {
    "hz-1": Plan(
        "universal-5x10",
        2_000_000,
        "2020-03-25 10:00",
        "2020-03-27 08:00",
        13 * AN_HOUR,
        UNIVERSAL,
        BY,
    ),
    "hz-1-topup": Plan(
        "universal-5x10",
        1_000_000,
        "2020-03-31 10:00",
        "2020-04-01 10:00",
        5 * AN_HOUR,
        UNIVERSAL,
        BY,
    ),
    "hz-2": Plan(
        "hangzhou-round-2",
        1_500_000,
        "2020-04-02 18:00",
        "2020-04-03 10:00",
        9 * AN_HOUR,
        SECOND,
        BY,
    ),
    "hz-4": Plan(
        "hangzhou-round-4",
        1_400_000,
        "2020-04-09 10:00",
        "2020-04-10 10:00",
        AN_HOUR,
        UNIVERSAL,
        BY,
    ),
    "hz-5": Plan(
        "universal-5x10", 1_500_000, "2020-04-18 10:00", "2020-04-20 20:00", 105, UNIVERSAL, BY
    ),
}
OPEN_TO_ALL = ("hz-1", "hz-1-topup", "hz-5")  # their template takes shops that no registry lists

# Moment, vouchers used by kind of coupon, base in yuan: both cumulative, net of refunds and before
# scaling. Together they are the published totals; how phase I divides into its two rounds, and the
# rest into 2 and 4, is assumed.
TARGETS: dict[str, tuple[tuple[str, tuple[int, ...], int], ...]] = {
    "hz-1": (
        ("2020-03-29 16:00", (2_893_000,), 453_000_000),
        ("2020-04-02 16:00", (7_528_000,), 996_800_000),
        ("2020-04-06 16:00", (9_660_000,), 1_202_500_000),
    ),
    "hz-1-topup": (
        ("2020-04-02 16:00", (1_882_000,), 249_200_000),
        ("2020-04-06 16:00", (4_840_000,), 602_500_000),
        ("2020-04-17 00:00", (4_920_000,), 611_700_000),
    ),
    "hz-2": (
        ("2020-04-06 16:00", (900_000, 546_000, 450_000), 421_000_000),
        ("2020-04-17 00:00", (1_300_000, 1_251_000, 1_027_000), 851_400_000),
    ),
    "hz-4": (("2020-04-17 00:00", (5_920_000,), 756_400_000),),
    "hz-5": (
        ("2020-04-28 00:00", (6_150_000,), 657_000_000),
    ),  # all of it assumed: nothing was published
}
# Invented: industry, then its turnover of April 2019 and of April 2020 in 100 M yuan. Taxis take no
# vouchers.
TURNOVER = (
    ("餐饮", "52.0", "46.8"),
    ("超市便利", "61.0", "64.1"),
    ("零售百货", "70.0", "63.0"),
    ("出租车", "8.0", "5.6"),
)
USED_FEN = 38_250_000_000  # what vouchers pay by then, about: it says how many approve the payment
# The account that pays: it does not exist.
PAYERS = f'treasury: {{name: 合成市商务局, account_no: "{merchants.account(0)}", bank: 合成银行}}\n'
# redemptions-1.csv .. -3.csv; -4.csv is round 5
FILES_END = (
    "2020-04-02 16:00",
    "2020-04-06 16:00",
    "2020-04-17 00:00",
)


# ---------------------------------------------------------------- the files


def files(scale: int) -> dict[str, str]:
    """Every file of the city at 1:`scale`, by name; the same bytes every time."""
    rng = Random("hangzhou-2020")
    town = merchants.create_town(
        rng, MERCHANTS, DIVISION, DISTRICTS, INDUSTRIES
    ) + merchants.unregistered(UNLISTED)
    grants = _grants(rng, scale)
    till = Till(rng, town, _ring(grants))
    contents = {"merchants.csv": merchants.registry(town)}
    unused: dict[str, tuple[Granted, list[int]]] = {}
    for granted in grants:
        code = granted.round.code
        contents[f"claims-{code}.csv"] = claims.claims_file(granted)
        shops = merchants.shops(town, registered_only=code not in OPEN_TO_ALL)
        unused[code] = granted, redemptions.spend(till, granted, _targets(code, scale), shops)
    for position, text in enumerate(till.files([at(end) for end in FILES_END]), 1):
        contents[f"redemptions-{position}.csv"] = text
    contents["series.csv"] = series_file()
    contents |= effects.files()
    contents["merchants-late.csv"] = merchants.accounts_file(UNLISTED, MERCHANTS)
    contents["payers.yaml"] = PAYERS
    till.ring.clear()  # the late file says of each of its rows what is wrong with it
    contents["redemptions-late.csv"] = faults.late_file(
        till, *unused["hz-5"], unused["hz-4"], town[MERCHANTS - 1].number
    )
    return contents


def _ring(grants: list[Granted]) -> dict[int, tuple[int, ...]]:
    """Who takes all vouchers to the shops of the ring."""
    packs = Counter(resident for granted in grants for resident in granted.residents)
    members = sorted(packs, key=lambda resident: (-packs[resident], resident))[:RING]
    return dict.fromkeys(members, RING_SHOPS)


def series_file() -> str:
    """Turnover to compare with, of April 2020 and the April before: all of it invented, and it says
    so as its source.
    """
    lines = ["measure,period,industry,value,unit,source"]
    for industry, before, now in TURNOVER:
        for period, value in (("2019-04", before), ("2020-04", now)):
            lines.append(f"turnover,{period},{industry},{value},亿元,合成数据 SYNTHETIC")
    return "\n".join(lines) + "\n"


def _grants(rng: Random, scale: int) -> list[Granted]:
    residents = range(1, RESIDENTS // scale + 1)
    return [
        claims.grant(
            rng,
            Round(code, plan.packs // scale, at(plan.opens), plan.sold_out_after, plan.coupons),
            residents,
        )
        for code, plan in ROUNDS.items()
    ]


def _targets(code: str, scale: int) -> list[Target]:
    return [
        Target(at(until), tuple(count // scale for count in used), base * 100 // scale)
        for until, used, base in TARGETS[code]
    ]


# ---------------------------------------------------------------- the story


def steps(scale: int) -> tuple[Step, ...]:
    """From an empty folder to the leverage reports, each command at its moment in 2020."""
    programme = shipped("hangzhou-2020")
    steps_to_now = [
        step("init --rehearsal"),
        *(
            maker(command, now="2020-03-24 09:00")
            for command in (
                "programme load hangzhou-2020",
                "template add universal-5x10",
                "template add hangzhou-round-2",
                "template add hangzhou-round-4",
                "merchant import merchants.csv",
            )
        ),
        *_round("hz-1", scale, programme, "2020-03-28 09:00"),
        *_round("hz-1-topup", scale, programme, "2020-04-01 18:00"),
        maker("redemption import redemptions-1.csv", now="2020-04-02 17:00"),
        *_round("hz-2", scale, programme, "2020-04-03 20:00"),
        maker("redemption import redemptions-2.csv", now="2020-04-06 17:00"),
        *_round("hz-4", scale, programme, "2020-04-10 12:00"),
        maker("redemption import redemptions-3.csv", now="2020-04-17 01:00"),
        *_round("hz-5", scale, programme, "2020-04-20 20:10"),
        *effects.round_steps(programme),
        maker("redemption import redemptions-4.csv", now="2020-04-28 09:00"),
        # the same file again: nothing to do
        *unseen([maker("redemption import redemptions-4.csv", now="2020-04-28 09:05")]),
    ]
    late = maker("redemption import redemptions-late.csv", now="2020-04-30 09:00", exit_code=4)
    rejects = step(f"batch rejects {batches([*steps_to_now, late])}")
    return (
        *steps_to_now,
        late,
        rejects,
        maker("day close 2020-04-29", now="2020-04-30 10:00"),
        step("day sign 2020-04-29 --actor wu --now", "2020-04-30 11:00"),
        *_payment("2020-04-30 14:00", scale, programme),
        *unseen(_second_payment("2020-05-06 08:30")),
        maker("series import series.csv", now="2020-05-06 09:00"),
        *effects.estimate_steps(),
        Step((*SERIES, "--now", "2020-05-06 09:05"), show="output"),
        step("report rounds"),
        *_abuse("2020-05-06 09:07"),
        step("export datasette open-data --now", "2020-05-06 09:10"),
        step("check"),
        Step(REPORTS[-1], show="output"),
    )


def _payment(now: str, scale: int, programme: Programme) -> tuple[Step, ...]:
    """The merchants are paid for what was signed: chen verifies, as many checkers as the amount
    needs approve, finance pays.
    """
    checkers = staff.checkers_needed(USED_FEN // scale, programme.approvals)
    return (
        maker("settlement run --up-to 2020-04-29", now=now),
        maker("settlement verify 1 --note", "agrees with the platform's bill", now=now),
        *(
            step(f"settlement approve 1 --actor {who} --now", now)
            for who in ("lin", "wu")[:checkers]
        ),
        step("settlement export 1 --bank voucher --to payment-1.csv --actor wu --now", now),
        step("settlement paid --settlement 1 --reference SYNTHETIC-1 --actor wu --now", now),
        Step(("settlement", "list"), show="output"),
    )


def _abuse(now: str) -> tuple[Step, ...]:
    """The planted ring is found, and a case opened on the first of its shops; two people decide it
    before the programme ends.
    """
    why = "the same residents, again and again"
    return (
        maker("risk scan", now=now),
        step("risk list --candidates"),
        maker("case open --finding 1 --reason brushing --note", why, now=now),
        maker("case decide 1 --sanction warning --note", "synthetic: a first case", now=now),
        step("case approve 1 --actor lin --now", now),
        step("case close 1 --note warned --actor lin --now", now),
        Step(("case", "list"), show="output"),
    )


def _second_payment(now: str) -> tuple[Step, ...]:
    """The shops that no registry listed have handed in their accounts; the bank has not answered
    yet.
    """
    return (
        maker("merchant import merchants-late.csv", now=now),
        maker("settlement run --up-to 2020-04-29", now=now),
        maker("settlement verify 2 --note", "accounts handed in late", now=now),
        step("settlement approve 2 --actor lin --now", now),
        step("settlement export 2 --bank voucher --to payment-2.csv --actor wu --now", now),
        maker("programme load hangzhou-2009", now=now),
    )


def _round(code: str, scale: int, programme: Programme, sold_out: str) -> list[Step]:
    work = [
        *ROUNDS[code].put_up(code, scale, programme),
        maker(f"claim import claims-{code}.csv", now=sold_out),
        maker(f"round close {code}", now=sold_out),
    ]
    return work if code == "hz-1" else unseen(work)


APRIL = ("--since", "2020-04-01", "--until", "2020-04-30")
SERIES = ("report", "series", *APRIL, "--against", "出租车")
REPORTS = tuple(
    ("report", "leverage", "--by", "round", "--as-of", as_of)
    for as_of in ("2020-03-29 16:00", "2020-04-02 16:00", "2020-04-06 16:00", "2020-04-16 24:00")
)

CITY = City(
    programme="hangzhou-2020",
    scales=(100, 1000, 10),
    files=files,
    steps=steps,
    reports=REPORTS,
    assumptions=(
        say(
            "Planted: {residents} residents who take all their vouchers to {shops} quiet shops, for"
            " `risk scan` to find.",
            residents=RING,
            shops=len(RING_SHOPS),
        ),
        say(
            "Assumed: all of round 4 but its quota of 70 M yuan (known by difference): its pack,"
            " its opening on 10 April, its use."
        ),
        say(
            "Assumed: the top-up of 1 April as a round of its own, and how phase I divides between"
            " it and round 1."
        ),
        say(
            "Assumed: every sell-out time but round 5's 105 seconds, and the use of round 5, of"
            " which nothing was published."
        ),
        say(
            "Invented: the lottery hz-lottery and all that is told of it. It was drawn with a true"
            " effect of 3.00 yuan for each yuan of subsidy: the interval is to lie around it."
        ),
    ),
    try_next=(
        'report leverage --by district --round hz-2 --as-of "2020-04-16 24:00"',
        "report leverage --by day",
        "report rounds --as-of 2020-04-06",
        "round show hz-5",
        "effect report",
        "merchant show M00001",
        "fund show",
        "settlement unpaid --limit 5",
        "batch rejects 13",
        "report compare hangzhou-2009 hangzhou-2020",
        "risk list --candidates",
        "risk show 1 --limit 5",
        "case show 1 --limit 5",
    ),
    unanswered="payment-2.csv",
    to_close=(
        'settlement paid {answer} --bank voucher --actor wu --now "2020-05-07 09:00"',
        'round settle --all --actor wu --now "2020-05-07 10:00"',
        'programme close hangzhou-2020 --actor chen --now "2020-05-07 11:00"',
        'programme approve hangzhou-2020 --actor lin --now "2020-05-07 14:00"',
        'programme approve hangzhou-2020 --actor wu --now "2020-05-07 15:00"',
    ),
)
