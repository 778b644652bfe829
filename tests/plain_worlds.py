"""Random small programmes with the keys that officials write, and files of claims and payments for
them (synthetic). Rows are drawn beside what `plain_law` says until then, so that most are lawful and
the others are wrong in one thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from plain_law import Pack, Payment, Round, Town
from plain_terms import (
    BESIDE,
    Document,
    Row,
    end,
    ends_at,
    fen,
    gives,
    half_up,
    moment,
    most_base,
    threshold,
    usable_from,
    vouchers_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = ("ann", "bob", "cat", "dan", "eve", "fay")
MERCHANTS: list[Row] = [
    {"merchant_no": no, "name": no, "district": district, "industry": industry, "size": size}
    for no, district, industry, size in (
        ("M1", "东", "餐饮", "small"),
        ("M2", "东", "零售", "large"),
        ("M3", "西", "餐饮", "micro"),
        ("M4", "西", "零售", "small"),
        ("M5", "南", "住宿", ""),
    )
]
SUSPENDED = {"M4": (moment("2020-03-29 12:00"), moment("2020-03-30 12:00"))}
FUNDERS = {
    "city": {"kind": "public", "amount": "900000.00"},
    "district": {"kind": "public", "amount": "900000.00"},
    "wallet": {"kind": "platform"},
    "shops": {"kind": "merchant"},
}
DETAILS = {
    "channel": ["", "", "offline", "online"],
    "goods": ["tv", "sofa", "phone", ""],
    "grade": ["1", "2", "二级", "3级", "ECO", ""],
    "units": ["1", "2", "3", ""],
    "diners": ["1", "3", "9", ""],
    "delivered_to": ["东", "西", ""],
    "serial": ["SN-0001", "sn 0001", "ＳＮ０００２", *(f"SN{n:04d}" for n in range(2, 40)), ""],
    "stored_value": ["0", "5.00", "", "", ""],
    "platform_discount": ["1.00", "0.00", "", "", ""],
}
# Claims and payments with vouchers until the second moment, payments that make their claim after it.
PERIODS = [
    (moment("2020-03-27 08:00"), moment("2020-03-29 08:00"), moment("2020-03-29 15:00")),
    (moment("2020-03-29 15:00"), moment("2020-04-01 15:00"), moment("2020-04-01 23:00")),
    (moment("2020-04-01 23:00"), moment("2020-04-05 08:00"), moment("2020-04-06 00:00")),
]
CLOSES = moment("2020-04-10 08:00")


class File(NamedTuple):
    """Rows as they come: what of (claims, redemptions, instant), from which platform, and what is
    right of each.
    """

    kind: str
    platform: str
    rows: list[Row]
    right: list[str | None]


@dataclass
class World:
    """A programme, its templates and rounds, the files that came in, and the town they leave."""

    programme: Document
    templates: list[Document]
    rounds: list[Round]
    applicants: dict[str, str]  # of the lottery that is drawn here: application -> resident
    town: Town
    size: int
    people: tuple[str, ...]
    files: list[File] = field(default_factory=list)


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


# ---------------------------------------------------------------- documents


def template(rng: Random, code: str, **keys: Any) -> Document:
    """A card pack with some of the keys."""
    matched = rng.choice([None, None, "50%", {"percent": "40%", "cap": "4.00"}])
    scope = scope_of(rng)
    document = {
        "template": code,
        "name": {"zh": "消费券", "en": code},
        "kind": rng.choice(["general", "appliance"]),
        "coupons": [coupon(rng, scope) for _ in range(rng.randint(1, 3))],
        "validity": validity(rng),
        "scope": scope,
        "funding": rng.choice(
            [
                {"city": "100%"},
                {"city": "33.33%", "district": "66.67%"},
                {"city": "50%", "wallet": "30%", "shops": "20%"},
            ]
        ),
    }
    return document | ({"match": {"shops": matched}} if matched else {}) | keys


def coupon(rng: Random, scope: Document) -> Document:
    made = rng.choice([amount_off, amount_off, percent_off])(rng)
    if rng.random() < 0.3:
        amount = threshold(made) + rng.choice([2000, 10000])
        made |= rng.choice([{"below": yuan(amount)}, {"max_order": yuan(amount)}])
    if rng.random() < 0.3:
        made["scope"] = narrower(rng, scope)
    return made


def amount_off(rng: Random) -> Document:
    face = rng.choice(["5.00", "10.01", "20.00"])
    starts = rng.choice(["3x", "4x", yuan(fen(face) * 2), yuan(fen(face) * 3)])
    return {
        "count": rng.choice([1, 2, 4]),
        "kind": "amount_off",
        "denomination": face,
        "threshold": starts,
    }


def percent_off(rng: Random) -> Document:
    made: Document = {"count": 2, "kind": "percent_off", "threshold": "20.00", "cap": "15.00"}
    way = rng.randrange(4)
    if way == 0:
        return made | {"percent": "15"}
    if way == 1:
        return made | {"percent": "12.5", "cap": "4.00", "cap_per": "diner", "most_diners": 4}
    words = ("1", "2", "ECO") if way == 2 else ("tv", "phone")
    caps = [{"percent": "20", "cap": "9.00"}, "15", "10"]
    by = {} if way == 2 else {"rates_by": "goods"}
    return made | by | {"rates": dict(zip(words, caps, strict=False))}


def validity(rng: Random) -> Any:
    """One of the ends, and what may stand beside it."""
    made: Any = rng.choice(
        [
            {"days_after_claim": 2},
            {"hours_after_claim": 30},
            {"days": 2, "from": "claim"},
            {"days": 2, "from": "day_after_claim"},
            {"days": 5, "from": "opening"},
            {"until": "2020-04-03"},
            {"until": "2020-04-03 12:30"},
            {"calendar_month": True},
            "calendar_month",
            {"by": "platform", "no_later_than": "2020-04-04"},
        ]
    )
    if isinstance(made, dict) and not {"until", "by"} & made.keys() and rng.random() < 0.5:
        made["no_later_than"] = rng.choice(["2020-03-30", "2020-04-02 06:00"])
    if isinstance(made, dict) and rng.random() < 0.25:
        made["not_before"] = rng.choice(["day_after_claim", "2020-03-29", "2020-03-30 10:00"])
    return made


def scope_of(rng: Random) -> Document:
    made: Document = {}
    chances: list[tuple[float, Callable[[], Document]]] = [
        (0.2, lambda: {"districts": ["东", "西"]}),
        (0.2, lambda: {"industries": ["餐饮", "零售"]}),
        (0.15, lambda: {"sizes": ["small", "micro", "large"]}),
        (0.15, lambda: {"exclude": [rng.choice(["M3", "住宿", "南"])]}),
        (0.15, lambda: {"merchants": ["M1", "M2", "M3"]}),
        (0.15, lambda: {"channel": rng.choice(["offline", "online"])}),
        (0.3, lambda: hours(rng)),
        (0.4, lambda: goods(rng)),
        (0.2, lambda: {"exclude_goods": ["sofa"]}),
        (0.2, lambda: {"units": 2}),
        (0.2, lambda: {"delivered_to": ["东"]}),
        (0.3, lambda: {"serial": "once"}),
        (0.2, lambda: {"not_beside": rng.sample(BESIDE, rng.randint(1, 2))}),
        (0.2, lambda: {"any_of": either(rng)}),
    ]
    for chance, part in chances:
        if rng.random() < chance:
            made |= part()
    return made


def hours(rng: Random) -> Document:
    return rng.choice(
        [
            {"hours": ["09:00-21:30"]},
            {"hours": ["07:00-12:00", "20:00-02:00"]},
            {"hours": ["18:00-03:00"], "weekdays": ["fri", "sat", "mon"]},
            {"weekdays": ["fri", "sat", "sun", "mon"]},
            {"hours": {"mon-thu": "10:00-20:00", "fri,sat": ["08:00-12:00", "18:00-02:00"]}},
            {"hours": {"fri-mon": "all_day", "tue, wed": "17:00-22:00"}},
        ]
    )


def goods(rng: Random) -> Document:
    return rng.choice(
        [
            {"goods": ["tv", "phone"], "per_class": rng.choice([1, 2])},
            {"goods": ["tv", "phone", "sofa"]},
            {
                "goods": {
                    "tv": {"grade": "<=2"},
                    "phone": {"per_resident": 1},
                    "sofa": {"grade": [1, "ECO"]},
                },
                "per_class": 2,
            },
        ]
    )


def either(rng: Random) -> list[Document]:
    """Two scopes, one of which must hold."""
    return rng.choice(
        [
            [{"channel": "online", "industries": ["餐饮"]}, {"exclude": ["餐饮"]}],
            [{"districts": ["东"]}, {"districts": ["西", "南"], "hours": ["10:00-18:00"]}],
        ]
    )


def narrower(rng: Random, scope: Document) -> Document:
    """The scope of one voucher, which has something in common with its pack's."""
    offered: list[Document] = [
        {"districts": ["东"]},
        {"industries": ["餐饮"]},
        {"exclude_goods": ["phone"]},
        {"units": 1},
        {"hours": ["12:00-20:00"]},
        {"not_beside": ["stored_value"]},
        {"goods": {"tv": {"grade": "<2"}, "sofa": {}}}
        if "goods" in scope
        else {"sizes": ["small"]},
        {"any_of": either(rng)},
    ]
    return rng.choice(offered)


def limits(rng: Random) -> Document:
    made: Document = {"packs_per_resident_per_round": 3}
    span = lambda: rng.choice(["day", "week", "month", "programme"])  # noqa: E731
    chances: list[tuple[float, Callable[[], Document]]] = [
        (0.3, lambda: {"vouchers_per_merchant_per_day": rng.choice([1, 2])}),
        (0.15, lambda: {"packs_per_resident_per_day": rng.choice([1, {"general": 1}])}),
        (0.15, lambda: {"packs_per_resident_per_week": 2}),
        (0.15, lambda: {"packs_per_resident_per_month": {"appliance": 1, "general": 3}}),
        (0.15, lambda: {"packs_per_resident": rng.choice([4, {"g1": 2, "b": 1}])}),
        (0.15, lambda: {"one_of": ["g1", "g2"]}),
        (0.15, lambda: {"face_per_resident": {"per": span(), "at_most": "70.00"}}),
        (
            0.2,
            lambda: {
                "next_claim": rng.choice(
                    ["after_redeemed", "after_redeemed_or_expired", {"general": "after_redeemed"}]
                )
            },
        ),
        (0.15, lambda: {"again_after_expiry": 1}),
        (
            0.2,
            lambda: {
                "vouchers_per_resident": [
                    {"per": "day", "at_most": 2},
                    {"at_most": 5, "except": ["g2"]},
                ]
            },
        ),
        (0.2, lambda: {"vouchers_per_merchant": {"per": span(), "at_most": 2, "of": "general"}}),
        (0.2, lambda: {"subsidy_per_resident": {"per": span(), "at_most": "40.00"}}),
        (0.2, lambda: {"subsidy_per_merchant": {"per": span(), "at_most": "60.00"}}),
        (0.25, lambda: {"budget": {"per": "day", "at_most": "75.00"}}),
    ]
    for chance, part in chances:
        if rng.random() < chance:
            made |= part()
    return made


# ---------------------------------------------------------------- a world


def draw(
    seed: int, winners: Callable[[World], dict[str, set[str]]] | None = None, size: int = 1
) -> World:
    """The world of a seed. `winners`: who won in each round of the lottery, once it is drawn (None:
    the first of those who applied). `size`: so many times the people, packs and rows.
    """
    rng = Random(seed)
    world = found(rng, size)
    if world.applicants:
        won = (winners or first_winners)(world)
        for each in world.rounds:
            each.winners = won.get(each.code)
    for begins, turns, ends in PERIODS:
        clock = Clock(rng, begins, turns)
        claim(rng, world, clock)
        pay(rng, world, clock)
        if any(each.template["template"] == "till" for each in world.rounds):
            pay_at_once(rng, world, Clock(rng, turns, ends))
    return world


def found(rng: Random, size: int) -> World:
    """The programme and its rounds, before anything came in."""
    programme: Document = {
        "programme": "plain",
        "name": {"zh": "小镇", "en": "Town"},
        "time_zone": "Asia/Shanghai",
        "funders": FUNDERS,
        "limits": limits(rng),
        "refunds": rng.choice(["full_restores", "restores_once", "forfeits", "pro_rata"]),
        "not_enforced": ["what no file shows"],
    }
    made = {"a": template(rng, "a"), "b": template(rng, "b")}
    opens = PERIODS[0][0]
    rounds = [
        Round("g1", made["a"], rng.choice([3, 9, 20]), opens, CLOSES, 3, "icbc"),
        Round("g2", made["b"], 20, moment("2020-03-29 20:00"), CLOSES, 3, "alipay"),
    ]
    people = PEOPLE + tuple(f"p{number}" for number in range(6 * size - 6))
    applicants: dict[str, str] = {}
    if rng.random() < 0.4:
        rounds += family(rng, made, opens)
    if rng.random() < 0.3:
        made["till"] = template(
            rng, "till", coupons=[coupon(rng, {})], validity="at_once", scope=scope_of(rng)
        )
        rounds.append(Round("i1", made["till"], 12, opens, CLOSES, 3))
    if rng.random() < 0.3:
        rounds += [
            Round(code, made[name], packs, opens, CLOSES, 1, "unionpay", winners=set())
            for code, name, packs in (("l1", "a", 2), ("l2", "b", 1))
        ]
        applicants = {f"A{number}": who for number, who in enumerate(people)}
    for each in rounds:
        each.closes_at = closes(each)
        each.packs *= size
    town = Town(programme, rounds, MERCHANTS)
    town.suspended = SUSPENDED
    return World(programme, [*made.values()], rounds, applicants, town, size, people)


def closes(each: Round) -> datetime:
    """The end of the claims: not after the moment from which no voucher is valid."""
    validity = each.template["validity"]
    written = validity if isinstance(validity, dict) else {}
    ends = [end(written[key]) for key in ("until", "no_later_than") if key in written]
    if written.get("from") == "opening":
        ends.append(ends_at(written, each.opens_at, each.opens_at, ""))
    return min([CLOSES, *ends])


def family(rng: Random, made: dict[str, Document], opens: datetime) -> list[Round]:
    """The rounds of the family f: two faces on one platform, or two faces on two platforms."""
    base = template(rng, "face", coupons=[amount_off(rng) | {"count": 1, "threshold": "3x"}])
    base.pop("match", None)
    made["face"] = base
    platforms, is_one_of = rng.choice([("alipay",), ("alipay", "unionpay")]), rng.random() < 0.7
    found_ = []
    for face, packs in (("10-40", 6), ("20-80", 4)):
        off, _, starts = face.partition("-")
        line = base["coupons"][0] | {"denomination": off, "threshold": starts}
        line.pop("below", None)
        line.pop("max_order", None)
        own = base | {"template": f"face-{face}", "coupons": [line]}
        for platform in platforms:
            code = f"f-{face}" + (f"-{platform}" if len(platforms) > 1 else "")
            found_.append(
                Round(
                    code,
                    own,
                    packs // len(platforms),
                    opens,
                    CLOSES,
                    3,
                    platform,
                    family="f",
                    face=face,
                    is_one_of=is_one_of,
                )
            )
    return found_


def first_winners(world: World) -> dict[str, set[str]]:
    """In place of a draw: the first of those who applied."""
    people, won = [*world.applicants.values()], {}
    for each in world.rounds:
        if each.winners is not None:
            won[each.code] = {people.pop(0) for _ in range(each.packs)}
    return won


class Clock:
    """Seconds of a period, none of them twice."""

    def __init__(self, rng: Random, begins: datetime, ends: datetime) -> None:
        self.rng, self.begins, self.ends = rng, begins, ends
        self.taken: set[datetime] = set()

    def between(self, first: datetime, last: datetime) -> datetime:
        """A second of the period between two moments, as far as there is one."""
        first, last = max(first, self.begins), min(last, self.ends)
        if last <= first:
            first, last = self.begins, self.ends
        while True:
            at = first + timedelta(seconds=self.rng.randrange(int((last - first).total_seconds())))
            if at not in self.taken:
                self.taken.add(at)
                return at

    def any(self) -> datetime:
        return self.between(self.begins, self.ends)


def claim(rng: Random, world: World, clock: Clock) -> None:
    """A file of claims."""
    issuers = sorted({each.platform for each in world.rounds} - {""})
    platform = rng.choice(["", "", *issuers])
    open_ones = [each for each in world.rounds if each.template["validity"] != "at_once"]
    rows = []
    for at in sorted(clock.any() for _ in range(rng.randint(8, 16) * world.size)):
        due = [each for each in open_ones if each.opens_at <= at < each.closes_at]
        round_ = rng.choice(due if due and rng.random() < 0.9 else open_ones)
        row = {
            "claim_no": f"C{len(world.files)}-{len(rows) if rng.random() < 0.97 else 0}",
            "round": round_.code,
            "resident": rng.choice(world.people),
            "claimed_at": f"{at}",
            "face": "",
            "application_no": "",
            "expires_at": stated_end(rng, round_, at),
        }
        if round_.family and rng.random() < 0.7:
            row |= {"round": "f", "face": rng.choice([round_.face, round_.face[:2], "30-90"])}
        if round_.winners is not None and rng.random() < 0.5:
            row["application_no"] = application = rng.choice([*world.applicants])
            row["resident"] = world.applicants[application]
        if rng.random() < 0.03:
            row |= {"round": "nowhere", "face": ""}
        rows.append(row)
    come(world, File("claims", platform, rows, []))


def stated_end(rng: Random, round_: Round, at: datetime) -> str:
    """What the platform states where it does."""
    if not isinstance(round_.template["validity"], dict) or "by" not in round_.template["validity"]:
        return ""
    last = at + timedelta(days=rng.randint(1, 9))
    return rng.choice([f"{last}", f"{last:%Y-%m-%d}"])


def pay(rng: Random, world: World, clock: Clock) -> None:
    """A file of payments and refunds."""
    packs = [*world.town.packs.items()]
    rows = []
    for _ in range(rng.randint(12, 30) * world.size if packs else 0):
        number, pack = rng.choice(packs)
        if pack.round.template["validity"] != "at_once":
            about = (number, pack, f"T{len(world.files)}-{len(rows)}")
            rows.append(lawful(rng, world.town, lambda: payment(rng, clock, *about)))  # noqa: B023
    standing = [
        (number, pack, coupon_no, each)
        for number, pack in packs
        for coupon_no, payments in pack.paid.items()
        for each in payments
        if pack.round.template["validity"] != "at_once"
    ]
    for _ in range(rng.randint(0, 5) * world.size if standing else 0):
        rows.append(
            refund(
                rng, world.town, clock, *rng.choice(standing), f"R{len(world.files)}-{len(rows)}"
            )
        )
    rows.sort(key=lambda row: row["paid_at"])
    come(world, File("redemptions", "", rows, []))


def lawful(rng: Random, town: Town, make: Callable[[], Row]) -> Row:
    """A row that breaks no rule by itself, if one of a few is so; now and then any."""
    row = make()
    for _ in range(rng.choice([0, 8, 8, 8, 8])):
        if town.fault(row) is None:
            break
        row = make()
    return row


def payment(rng: Random, clock: Clock, claim_no: str, pack: Pack, number: str) -> Row:
    """A payment with a voucher of the pack, mostly while it is valid."""
    coupons = vouchers_of(pack.round.template)
    fresh = [no for no in range(1, len(coupons) + 1) if not pack.paid.get(no)]
    coupon_no = rng.choice(fresh or [1]) if rng.random() < 0.98 else len(coupons) + 1
    coupon_no = coupon_no if rng.random() < 0.8 else rng.randint(1, len(coupons))
    line = coupons[min(coupon_no, len(coupons)) - 1]
    row: Row = {name: rng.choice(values) for name, values in DETAILS.items()}
    base = base_of(rng, line)
    discount = rng.choice([0, 0, 500])
    gift = gives(line, base, row) + (rng.random() < 0.03)
    first = usable_from(pack.round.template["validity"], pack.at)
    spans = [(first, pack.ends_at)] * 7 + [(pack.ends_at, clock.ends), (clock.begins, clock.ends)]
    at = clock.between(*rng.choice(spans))
    merchant = "M9" if rng.random() < 0.02 else rng.choice(MERCHANTS)["merchant_no"]
    return {
        "transaction_no": number if rng.random() < 0.97 else "T1-0",
        "kind": "pay",
        "claim_no": claim_no if rng.random() < 0.98 else "nowhere",
        "coupon_no": str(coupon_no),
        "merchant_no": merchant,
        "paid_at": f"{at}",
        "order_amount": yuan(base + discount),
        "merchant_discount": yuan(discount),
        "subsidy": yuan(gift),
        "refund_of": "",
    } | row


def base_of(rng: Random, line: Document) -> int:
    """An amount at, near or above the threshold, or at the price end."""
    starts, most = threshold(line), most_base(line)
    near = [starts, starts, starts + rng.randint(1, 6000), starts + 1, max(starts - 1, 1)]
    return rng.choice(near if most is None else [*near, most, most + 1])


def refund(
    rng: Random,
    town: Town,
    clock: Clock,
    claim_no: str,
    pack: Pack,
    coupon_no: int,
    paid: Payment,
    number: str,
) -> Row:
    """A refund of a payment that stands, of all or of a part."""
    base = rng.choice([paid.base, paid.base, paid.left or 1, half_up(paid.base, 3)])
    at = clock.any()
    back = town.returned(pack, paid, base, at) + (rng.random() < 0.1)
    return {
        "transaction_no": number if rng.random() < 0.95 else "R1-0",
        "kind": "refund",
        "claim_no": claim_no,
        "coupon_no": str(coupon_no),
        "merchant_no": paid.merchant,
        "paid_at": f"{at}",
        "order_amount": yuan(base),
        "merchant_discount": "0",
        "subsidy": yuan(back),
        "refund_of": paid.number if rng.random() < 0.95 else "nothing",
    } | dict.fromkeys(DETAILS, "")


def pay_at_once(rng: Random, world: World, clock: Clock) -> None:
    """A file of payments at the till that make their claims."""
    round_ = next(each for each in world.rounds if each.template["template"] == "till")
    line = vouchers_of(round_.template)[0]
    rows = []
    for at in sorted(clock.any() for _ in range(rng.randint(3, 8) * world.size)):
        row = {name: rng.choice(values) for name, values in DETAILS.items()}
        base = base_of(rng, line)
        rows.append(
            {
                "transaction_no": f"I{len(world.files)}-{len(rows)}",
                "kind": "pay",
                "round": "i1",
                "resident": rng.choice(world.people),
                "merchant_no": rng.choice(MERCHANTS)["merchant_no"],
                "paid_at": f"{at}",
                "order_amount": yuan(base),
                "merchant_discount": "0",
                "subsidy": yuan(gives(line, base, row) + (rng.random() < 0.03)),
                "refund_of": "",
            }
            | row
        )
    come(world, File("instant", "", rows, []))


# ---------------------------------------------------------------- what is right


def come(world: World, file: File) -> None:
    """A file comes in."""
    world.files.append(file._replace(right=judge(world.town, file)))


def judge(town: Town, file: File) -> list[str | None]:
    """What the plain law says of each row; of a payment that makes its claim the claim comes
    first.
    """
    if file.kind == "claims":
        return town.claims(file.rows, file.platform)
    if file.kind == "redemptions":
        return town.redemptions(file.rows)
    names = {"claim_no": "transaction_no", "claimed_at": "paid_at"}
    as_claims = [row | {name: row[own] for name, own in names.items()} for row in file.rows]
    town.claims(as_claims)
    return town.redemptions([row | {"coupon_no": "1"} for row in as_claims])
