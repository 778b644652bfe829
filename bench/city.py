"""Draw a city: merchants.csv, claims.csv and redemptions.csv in our plain format, with the
programme they belong to.

    python bench/city.py FOLDER --redemptions 1000000

The same arguments give the same bytes. Rows stream out as they are drawn: three rounds, a week
each, sold out two hours after opening; payments in the order of time but for ten minutes; refunds,
repeated rows and faults come in where their time falls. What the law needs to know (rounds,
coupons, limits) is written twice: as YAML for `voucher`, as world.json for the oracle.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import shlex
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = ("bench-1", "bench-2", "bench-3")
FIRST_DAY = datetime(2020, 3, 27)  # every moment here is counted in local seconds from its midnight
DAY, HOUR = 86_400, 3_600
OPENS = 8 * HOUR
SOLD_OUT_AFTER = 2 * HOUR
FEW_CLOSES = 15 * DAY  # of the round that has a single pack
VALID_DAYS = 7
RATIO = 3.3  # redemptions a claim
# count, denomination or cap, threshold, percent in bp
COUPONS = (
    (4, 1000, 4000, None),
    (1, 3000, 10000, None),
    (1, 5000, 20000, 1000),
)
EACH = tuple(coupon[1:] for coupon in COUPONS for _ in range(coupon[0]))
FUNDING = (
    ("treasury", "public", 6000),
    ("districts", "public", 1500),
    ("platform", "platform", 2000),
    ("shops", "merchant", 500),
)
MATCH_BP = 5000
EXCLUDED = "tobacco"
SUSPENDED = (("MS1", "2020-03-01 00:00:00"), ("MS2", "2020-04-03 12:00:00"))
REDEMPTION_FAULTS = (
    "bad_row",
    "bad_amount",
    "bad_time",
    "unknown_claim",
    "unknown_coupon",
    "unknown_merchant",
    "merchant_suspended",
    "out_of_scope",
    "not_yet_valid",
    "expired",
    "below_threshold",
    "subsidy_mismatch",
    "already_redeemed",
    "over_limit",
    "transaction_reused",
    "refund_without_payment",
    "refund_too_large",
)
CLAIM_FAULTS = (
    "bad_row",
    "bad_time",
    "unknown_round",
    "round_not_open",
    "before_opening",
    "after_closing",
    "over_quota",
    "resident_limit",
    "claim_reused",
)
MOST_AMOUNTS = 1 << 16
NUMBERS, NUMBER_STEP = 10**10, 6_180_339_887  # coprime: every order number once, in no order
FIRST_CLAIM_NO = 10**19
CLAIM_NOS, CLAIM_STEP = 9 * 10**17, 382_741_966_011_250_107
DISTRICTS = (
    "上城区",
    "下城区",
    "江干区",
    "拱墅区",
    "西湖区",
    "滨江区",
    "萧山区",
    "余杭区",
    "富阳区",
    "临安区",
    "桐庐县",
    "淳安县",
    "建德市",
)
INDUSTRIES = (
    "catering",
    "retail",
    "supermarket",
    "books",
    "sports",
    "culture",
    "tourism",
    "hotel",
    "appliances",
    "repair",
    "beauty",
    "fuel",
)
SIZES = ("micro", "micro", "micro", "small", "small", "medium", "large")
DESIGNATED = {"micro": "below", "small": "", "medium": "above", "large": "above"}
CLOCK = [f"{second // HOUR:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(DAY)]
FIRST_LISTED = -30
DATES = [(FIRST_DAY + timedelta(days=day)).date().isoformat() for day in range(FIRST_LISTED, 90)]

PROGRAMME = """\
programme: bench
name: {zh: 基准城市, en: Bench city}
time_zone: Asia/Shanghai
currency: CNY
funders:
  treasury: {kind: public, amount: "10000000000.00"}
  districts: {kind: public, amount: "10000000000.00"}
  platform: {kind: platform}
  shops: {kind: merchant}
limits: {packs_per_resident_per_round: 1, vouchers_per_payment: 1, vouchers_per_merchant_per_day: 2}
refunds: full_restores
"""
TEMPLATE = """\
template: bench-pack
name: {zh: 基准卡包, en: Bench pack}
coupons:
  - {count: 4, kind: amount_off, denomination: "10.00", threshold: "40.00"}
  - {count: 1, kind: amount_off, denomination: "30.00", threshold: "100.00"}
  - {count: 1, kind: percent_off, percent: "10", threshold: "200.00", cap: "50.00"}
validity: {days_after_claim: 7}
scope: {exclude: [tobacco]}
funding: {treasury: "60%", districts: "15%", platform: "20%", shops: "5%"}
match: {shops: "50%"}
"""


def stamp(at: int) -> str:
    """Local seconds from the first midnight, as files have them."""
    return f"{DATES[at // DAY - FIRST_LISTED]} {CLOCK[at % DAY]}"


def opening(number: int) -> int:
    """When round `number` (from 0) opens: 8:00, a week after the one before."""
    return number * VALID_DAYS * DAY + OPENS


def step_for(size: int) -> int:
    """A step that visits all of `size` places once, far apart."""
    step = int(size * 0.6180339887) | 1
    while gcd(step, size) != 1:
        step += 2
    return step


@dataclass(frozen=True)
class City:
    """How large everything is; the rest follows from the seed."""

    redemptions: int
    claims: int
    merchants: int
    seed: int

    @property
    def faulty(self) -> int:
        """0.3 % of the redemptions, but every fault twice at least."""
        return max(2 * len(REDEMPTION_FAULTS), self.redemptions * 3 // 1000)

    @property
    def faulty_claims(self) -> int:
        return max(2 * len(CLAIM_FAULTS), self.claims * 3 // 1000)

    @property
    def packs(self) -> int:
        """Packs of each round, all of them claimed."""
        return (self.claims - self.faulty_claims - self.claims * 3 // 1000) // len(ROUNDS)

    @property
    def kept(self) -> int:
        """Packs of each round that only faulty rows use."""
        return self.faulty // 2 + 20

    def check(self) -> None:
        """Refuse what cannot be drawn."""
        room = (self.packs - self.kept) * len(EACH) * len(ROUNDS)
        if self.redemptions < 1000 or self.merchants < 20 or room < self.redemptions:
            raise SystemExit(
                "too small: at least 1,000 redemptions, 20 merchants and a claim for every five"
                " redemptions"
            )


def size_of(
    redemptions: int, claims: int | None = None, merchants: int | None = None, seed: int = 2020
) -> City:
    """A city with the usual proportions where nothing else is said."""
    return City(
        redemptions,
        claims or int(redemptions / RATIO),
        merchants or min(100_000, max(100, redemptions // 10)),
        seed,
    )


def claim_no(number: int, place: int, packs: int) -> int:
    """The 20 digits of the claim at `place` in round `number`; one of 18 that happens to be a true ID
    number is refused.
    """
    return FIRST_CLAIM_NO + (number * packs + place + 1) * CLAIM_STEP % CLAIM_NOS


def claimed_at(number: int, place: int, packs: int) -> int:
    """When it was claimed: evenly until the round is sold out."""
    return opening(number) + SOLD_OUT_AFTER * place // packs


# ---------------------------------------------------------------- merchants


def merchant_nos(city: City) -> list[str]:
    """Merchant numbers, the busiest first; half of all payments go to the first eighth (the rank is
    drawn by a cube).
    """
    numbers = [f"M{310_000_000 + place * 7919 % 90_000_000:09d}" for place in range(city.merchants)]
    random.Random(city.seed).shuffle(numbers)
    return numbers


def write_merchants(city: City, out: TextIO) -> None:
    chance = random.Random(city.seed + 1)
    out.write("merchant_no,name,district,industry,size,brand,designated_size\n")
    special = [(number, "catering") for number, _ in SUSPENDED] + [
        ("MT1", EXCLUDED),
        ("MT2", EXCLUDED),
    ]
    for place, number in enumerate(sorted(merchant_nos(city))):
        size, industry = (
            SIZES[int(chance.random() * len(SIZES))],
            INDUSTRIES[int(chance.random() ** 2 * len(INDUSTRIES))],
        )
        district = DISTRICTS[int(chance.random() * len(DISTRICTS))]
        about = f"{industry},{size},{_chain(place)},{DESIGNATED[size]}"
        line = f"{number},商户{place:06d},{district},{about}\n"
        out.write(line * 2 if place % 300 == 299 else line)
        if place % 300 == 10:
            out.write(f"X{place},,上城区,{industry},{size},,\n")
    out.writelines(
        f"{number},特别商户{number},西湖区,{industry},small,,\n" for number, industry in special
    )


def _chain(place: int) -> str:
    """The brand of a merchant: one in five belongs to a chain."""
    return f"连锁{place * place % 61:02d}" if place % 5 == 0 else ""


# ---------------------------------------------------------------- claims


def write_claims(city: City, out: TextIO) -> None:
    chance = random.Random(city.seed + 2)
    packs = city.packs
    repeated, faulty = city.claims * 3 // 1000, city.faulty_claims
    kinds = [CLAIM_FAULTS[number % len(CLAIM_FAULTS)] for number in range(faulty)] + [
        "repeated"
    ] * repeated
    special = dict(zip(chance.sample(range(packs * len(ROUNDS)), len(kinds)), kinds, strict=True))
    people = packs * 13 // 10
    step = step_for(people)
    out.write("claim_no,round,resident,claimed_at\n")
    for number, round_ in enumerate(ROUNDS):
        lines = []
        for place in range(packs):
            no, at = claim_no(number, place, packs), claimed_at(number, place, packs)
            resident = 13_000_000_000 + (place * step + number * 977) % people * 7
            line = f"{no},{round_},{resident},{stamp(at)}\n"
            lines.append(line)
            if kind := special.get(number * packs + place):
                lines.append(_faulty_claim(kind, line, no, round_, resident, at, number))
        out.writelines(lines)


def _faulty_claim(
    kind: str, line: str, no: int, round_: str, resident: int, at: int, number: int
) -> str:
    """The line that follows `line`, with that fault; a number of its own begins with 9 more digits
    than any other.
    """
    own = f"999{no}"
    stranger = resident + 1  # residents are seven apart
    written = {
        "repeated": line,
        "bad_row": f",{round_},{stranger},{stamp(at)}\n",
        "bad_time": f"{own},{round_},{stranger},2020-02-30 08:00:00\n",
        "unknown_round": f"{own},bench-9,{stranger},{stamp(at)}\n",
        "round_not_open": f"{own},bench-draft,{stranger},{stamp(at)}\n",
        "before_opening": f"{own},{round_},{stranger},{stamp(opening(number) - 60)}\n",
        "after_closing": f"{own},{round_},{stranger},{stamp(opening(number) + DAY + at % HOUR)}\n",
        "over_quota": f"{own},bench-few,{stranger},{stamp(at)}\n",
        "resident_limit": f"{own},{round_},{resident},{stamp(at)}\n",
        "claim_reused": f"{no},{round_},{stranger},{stamp(at + 1)}\n",
    }
    return written[kind]


# ---------------------------------------------------------------- redemptions


def amounts(chance: random.Random, many: int) -> list[list[tuple[int, int, int]]]:
    """For each coupon of the pack, `many` times (order, discount, subsidy) in fen: bases from the
    threshold on, with a long tail.
    """
    tables = []
    for face, threshold, percent in EACH:
        table = []
        for _ in range(many):
            base = threshold + int(chance.expovariate(1 / threshold))
            base = base if chance.random() < 0.6 else base // 100 * 100
            discount = int(chance.random() * 10) * 50 if chance.random() < 0.2 else 0
            subsidy = min(face, (2 * base * percent + 10_000) // 20_000) if percent else face
            table.append((base + discount, discount, subsidy))
        tables.append(table)
    return tables


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@dataclass(frozen=True)
class Paid:
    """A payment that something else is about: its place in the file, its round, the claim's place
    in it, its voucher and till.
    """

    index: int
    number: int
    place: int
    transaction_no: str
    voucher: tuple[int, int]
    merchant: str
    at: int
    fen: tuple[int, int, int]
    expires_at: int

    def line(self, **changed: Any) -> str:
        """A row like this payment but for what is given."""
        order, discount, subsidy = self.fen
        cells = {
            "transaction_no": self.transaction_no,
            "kind": "pay",
            "claim_no": self.voucher[0],
            "coupon_no": self.voucher[1],
            "merchant_no": self.merchant,
            "paid_at": stamp(changed.pop("at", self.at)),
            "order_amount": yuan(order),
            "merchant_discount": yuan(discount),
            "subsidy": yuan(subsidy),
            "refund_of": "",
        } | changed
        return ",".join(map(str, cells.values())) + "\n"


@dataclass
class Drawing:
    """What is drawn beside the payments: lines that wait for their time, and numbers that nobody
    else has.
    """

    city: City
    chance: random.Random
    rows_a_day: int
    waiting: list[tuple[int, int, str]] = field(default_factory=list)
    count: int = 0
    spare: list[int] = field(default_factory=lambda: [0] * len(ROUNDS))

    def later(self, paid: Paid, at: int, line: str) -> None:
        """Put the line where its time falls."""
        self.count += 1
        heapq.heappush(
            self.waiting,
            (paid.index + max(1, (at - paid.at) * self.rows_a_day // DAY), self.count, line),
        )

    def due(self, index: int) -> Iterator[str]:
        """The lines whose place has come."""
        while self.waiting and self.waiting[0][0] <= index:
            yield heapq.heappop(self.waiting)[2]

    def own_no(self, prefix: str = "4200009") -> str:
        """28 digits that no other row has."""
        self.count += 1
        return f"{prefix}{self.count * NUMBER_STEP % NUMBERS:010d}{self.count % 1000:03d}{self.count:08d}"

    def spare_claim(self, paid: Paid) -> int:
        """A claim of the same round that no ordinary payment uses."""
        self.spare[paid.number] += 1
        packs = self.city.packs
        return claim_no(paid.number, packs - 1 - self.spare[paid.number] % self.city.kept, packs)

    # -------- what happens to a payment

    def repeated(self, paid: Paid) -> None:
        self.later(paid, paid.at + int(self.chance.random() * DAY), paid.line())

    def refunded(self, paid: Paid, kind: str) -> None:
        """In full (and perhaps used again), in part, or too late."""
        own = self.own_no("5030000")
        at = paid.at + HOUR + int(self.chance.random() * DAY)
        if kind == "late":
            at = paid.expires_at + int(self.chance.random() * 2 * DAY)
        changed: dict[str, Any] = {
            "transaction_no": own,
            "kind": "refund",
            "at": at,
            "refund_of": paid.transaction_no,
        }
        if kind == "partial":
            base, subsidy = paid.fen[0] - paid.fen[1], paid.fen[2]
            changed |= {
                "order_amount": yuan(base // 2),
                "merchant_discount": "0.00",
                # its share, half up
                "subsidy": yuan((2 * subsidy * (base // 2) + base) // (2 * base)),
            }
        self.later(paid, at, paid.line(**changed))
        if kind == "again":
            once_more = at + HOUR // 2 + int(self.chance.random() * HOUR)
            self.later(paid, once_more, paid.line(transaction_no=self.own_no(), at=once_more))

    def faulty(self, paid: Paid, fault: str) -> None:
        """One row with that fault, beside the payment."""
        own = self.own_no()
        claim = self.spare_claim(paid)
        soon = paid.at + 60 + int(self.chance.random() * 20 * 60)
        row: dict[str, Any] = {
            "transaction_no": own,
            "claim_no": claim,
            "coupon_no": 1,
            "order_amount": "60.00",
            "merchant_discount": "5.00",
            "subsidy": "10.00",
            "at": soon,
        }
        variant = self.count % 2
        if fault == "over_limit":
            for coupon in (1, 2):
                self.later(
                    paid,
                    soon,
                    paid.line(**row | {"transaction_no": self.own_no(), "coupon_no": coupon}),
                )
            row |= {"coupon_no": 3, "at": soon + 60}
        elif fault == "refund_without_payment":
            row |= {"kind": "refund", "refund_of": self.own_no()}
        elif fault == "refund_too_large":
            row |= {
                "kind": "refund",
                "refund_of": paid.transaction_no,
                "claim_no": paid.voucher[0],
                "coupon_no": paid.voucher[1],
                "order_amount": yuan(2 * paid.fen[0]),
            }
        elif fault == "already_redeemed":
            row = {"transaction_no": own, "at": soon}
        else:
            row |= self._wrong(paid, fault, variant)
        self.later(paid, row["at"], paid.line(**row))

    def _wrong(self, paid: Paid, fault: str, variant: int) -> dict[str, Any]:
        """What is wrong in a row that would be lawful without it."""
        wrong: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "bad_row": ({"claim_no": ""}, {"kind": "sale"}),
            "bad_amount": ({"order_amount": "60.005"}, {"order_amount": "-60.00"}),
            "bad_time": ({"paid_at": "2020-04-31 12:00:00"}, {"paid_at": "yesterday"}),
            "unknown_claim": ({"claim_no": 7}, {"claim_no": f"888{paid.voucher[0]}"}),
            "unknown_coupon": ({"coupon_no": 7}, {"coupon_no": 99}),
            "unknown_merchant": ({"merchant_no": "M999999999"}, {"merchant_no": "nobody"}),
            "merchant_suspended": (
                {"merchant_no": "MS1"},
                {"merchant_no": SUSPENDED[paid.number > 0][0]},
            ),
            "out_of_scope": ({"merchant_no": "MT1"}, {"merchant_no": "MT2"}),
            "not_yet_valid": (
                {"at": opening(paid.number) - HOUR},
                {"at": opening(paid.number) - 1},
            ),
            "expired": (
                {"at": paid.at + (VALID_DAYS + 1) * DAY},
                {"at": opening(paid.number) + VALID_DAYS * DAY + SOLD_OUT_AFTER},
            ),
            "below_threshold": ({"order_amount": "44.99"}, {"order_amount": "12.00"}),
            "subsidy_mismatch": ({"subsidy": "10.01"}, {"subsidy": "0.00"}),
            "transaction_reused": (
                {"transaction_no": paid.transaction_no},
                {"transaction_no": paid.transaction_no},
            ),
        }
        return wrong[fault][variant]


def _specials(city: City, chance: random.Random) -> tuple[int, dict[int, str]]:
    """How many ordinary payments there are, and what happens to which of them; together all the
    rows that were asked for.
    """
    refunds, repeated = city.redemptions // 100, city.redemptions * 3 // 1000
    kinds = (
        ["again"] * (refunds // 10)
        + ["partial"] * max(1, refunds // 20)
        + ["late"] * max(1, refunds // 20)
    )
    kinds += ["full"] * (refunds - len(kinds)) + ["repeated"] * repeated
    kinds += [REDEMPTION_FAULTS[number % len(REDEMPTION_FAULTS)] for number in range(city.faulty)]
    payments = city.redemptions - len(kinds) - kinds.count("again") - 2 * kinds.count("over_limit")
    return payments, dict(zip(chance.sample(range(payments), len(kinds)), kinds, strict=True))


def write_redemptions(city: City, out: TextIO) -> None:
    """The hot loop: ordinary payments as text straight away, everything else by `Drawing`."""
    chance = random.Random(city.seed + 3)
    random_ = chance.random
    payments, special = _specials(city, chance)
    tables = amounts(chance, min(MOST_AMOUNTS, city.redemptions // 4))
    priced = len(tables[0])
    tails = [
        [f"{yuan(order)},{yuan(discount)},{yuan(subsidy)},\n" for order, discount, subsidy in table]
        for table in tables
    ]
    days = len(ROUNDS) * VALID_DAYS
    merchants = merchant_nos(city)
    drawing = Drawing(city, chance, max(1, payments // days))
    packs, many, pack = city.packs, len(merchants), len(EACH)
    slots = (packs - city.kept) * pack
    step, slot, number, index = step_for(slots), city.seed % slots, 0, 0
    waiting = drawing.waiting
    out.write(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\n"
    )
    for day in range(days):
        round_ = day // VALID_DAYS
        # Tills open at 7 (on the first day of a round at 10, when it is sold out) and close at 23;
        # ten minutes of disorder.
        first, span = (
            (OPENS + SOLD_OUT_AFTER, 46_000) if day % VALID_DAYS == 0 else (7 * HOUR, 56_800)
        )
        rows = payments * (day + 1) // days - payments * day // days
        date = DATES[day - FIRST_LISTED]
        middle, before = date.replace("-", ""), round_ * packs + 1
        lines: list[str] = []
        for row in range(rows):
            if waiting and waiting[0][0] <= index:
                lines.extend(drawing.due(index))
            slot = (slot + step) % slots
            place, coupon = divmod(slot, pack)
            number = (number + NUMBER_STEP) % NUMBERS
            merchant = merchants[int(random_() ** 3 * many)]
            second = first + row * span // rows + int(random_() * 600)
            amount = int(random_() * priced)
            claim = FIRST_CLAIM_NO + (before + place) * CLAIM_STEP % CLAIM_NOS
            lines.append(
                f"4200000{number % 900 + 100}{middle}{number:010d},pay,{claim},{coupon + 1},{merchant},{date}"
                f" {CLOCK[second]},{tails[coupon][amount]}"
            )
            if index in special:
                at = day * DAY + second
                paid = Paid(
                    index,
                    round_,
                    place,
                    f"4200000{number % 900 + 100}{middle}{number:010d}",
                    (claim, coupon + 1),
                    merchant,
                    at,
                    tables[coupon][amount],
                    claimed_at(round_, place, packs) + VALID_DAYS * DAY,
                )
                _befall(drawing, paid, special[index])
            index += 1
            if len(lines) > 50_000:
                out.writelines(lines)
                lines.clear()
        out.writelines(lines)
    out.writelines(drawing.due(10**12))


def _befall(drawing: Drawing, paid: Paid, kind: str) -> None:
    if kind == "repeated":
        drawing.repeated(paid)
    elif kind in ("full", "again", "partial", "late"):
        drawing.refunded(paid, kind)
    else:
        drawing.faulty(paid, kind)


# ---------------------------------------------------------------- the programme


def setup(city: City) -> list[list[str]]:
    """The commands before the imports, as words after `voucher`; they are run in the folder."""
    commands = [
        ["init"],
        ["programme", "load", "programme.yaml"],
        ["template", "add", "template.yaml"],
    ]
    commands = [[*words, "--now", "2020-03-01 09:00"] for words in commands]
    rounds = [
        (round_, opening(number), opening(number) + DAY, city.packs)
        for number, round_ in enumerate(ROUNDS)
    ]
    for round_, opens, closes, packs in (*rounds, ("bench-few", opening(0), FEW_CLOSES, 1)):
        early, on_time = ("--now", "2020-03-01 09:00"), ("--now", stamp(opens))
        terms = (
            "--template",
            "bench-pack",
            "--packs",
            str(packs),
            "--opens-at",
            stamp(opens),
            "--closes-at",
            stamp(closes),
        )
        commands += [
            ["round", "create", round_, *terms, "--actor", "mei", *early],
            ["round", "submit", round_, "--actor", "mei", *early],
            ["round", "approve", round_, "--actor", "lin", *early],
            ["round", "open", round_, "--actor", "mei", *on_time],
        ]
    commands.append(
        [
            "round",
            "create",
            "bench-draft",
            "--template",
            "bench-pack",
            "--packs",
            "10",
            "--opens-at",
            stamp(opening(0)),
            "--closes-at",
            stamp(opening(0) + DAY),
            "--actor",
            "mei",
            "--now",
            "2020-03-01 09:00",
        ]
    )
    return commands


NOW = ("--now", "2020-05-01 09:00", "--actor", "mei")


def suspend() -> list[list[str]]:
    """The commands between the merchants' import and that of the redemptions."""
    return [
        ["merchant", "suspend", number, "--from", moment, "--reason", "bench", *NOW]
        for number, moment in SUSPENDED
    ]


def imports() -> list[list[str]]:
    """The commands that bring everything in, with the suspensions that must come before the
    redemptions.
    """
    merchants, claims, redemptions = (
        [noun, "import", f"{noun}s.csv", *NOW] for noun in ("merchant", "claim", "redemption")
    )
    return [merchants, *suspend(), claims, redemptions]


def world(city: City) -> dict[str, Any]:
    """The same programme as the oracle reads it."""
    rounds = {
        round_: {
            "state": "open",
            "opens_at": stamp(opening(number)),
            "closes_at": stamp(opening(number) + DAY),
            "packs": city.packs,
        }
        for number, round_ in enumerate(ROUNDS)
    }
    rounds["bench-few"] = rounds[ROUNDS[0]] | {"packs": 1, "closes_at": stamp(FEW_CLOSES)}
    rounds["bench-draft"] = rounds[ROUNDS[0]] | {"packs": 10, "state": "draft"}
    return {
        "rounds": rounds,
        "packs_per_resident": 1,
        "vouchers_per_merchant_per_day": 2,
        "valid_days": VALID_DAYS,
        "refunds": "full_restores",
        "coupons": [
            {"face_fen": face, "threshold_fen": threshold, "percent_bp": percent}
            for face, threshold, percent in EACH
        ],
        "funding": [{"kind": kind, "share_bp": share} for _, kind, share in FUNDING],
        "match_bp": MATCH_BP,
        "excluded_industries": [EXCLUDED],
        "suspended": dict(SUSPENDED),
    }


def shuffle(city: City, path: Path) -> None:
    """Bring the rows of a file into no order at all; the law must give the same."""
    with path.open("r+", encoding="utf-8", newline="") as file:
        header, *lines = file.readlines()
        random.Random(city.seed + 4).shuffle(lines)
        file.seek(0)
        file.writelines([header, *lines])


def draw(city: City, folder: Path, *, shuffled: bool = False) -> None:
    """Write everything into `folder`."""
    city.check()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "programme.yaml").write_text(PROGRAMME, "utf-8")
    (folder / "template.yaml").write_text(TEMPLATE, "utf-8")
    (folder / "world.json").write_text(json.dumps(world(city), indent=1) + "\n", "utf-8")
    lines = [f"voucher {shlex.join(words)}\n" for words in (*setup(city), *imports())]
    (folder / "setup.sh").write_text(
        "# Exit code 4 says that some rows were rejected: they are meant to be.\n" + "".join(lines),
        "utf-8",
    )
    for name, write in (
        ("merchants", write_merchants),
        ("claims", write_claims),
        ("redemptions", write_redemptions),
    ):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            write(city, out)
        if shuffled and name != "merchants":
            shuffle(city, folder / f"{name}.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a city's files for measurements.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--redemptions", type=int, default=1_000_000)
    parser.add_argument("--claims", type=int, help="3 for every 10 redemptions unless given")
    parser.add_argument(
        "--merchants", type=int, help="one for every 10 redemptions, 100,000 at most, unless given"
    )
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument("--shuffle", action="store_true", help="claims and redemptions in no order")
    given = parser.parse_args()
    draw(
        size_of(given.redemptions, given.claims, given.merchants, given.seed),
        given.folder,
        shuffled=given.shuffle,
    )


if __name__ == "__main__":
    main()
