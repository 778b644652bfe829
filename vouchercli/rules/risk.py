"""The rules by which a scan looks for abuse: what each measures, where it comes from, whom it
compares with, and from where on it points at a merchant. A finding is a question, never a verdict.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.result import Word
from vouchercli.rules import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vouchercli.rules.places import Place
    from vouchercli.rules.values import Node

FULL_BP = 10_000
WHOLE, PERCENT = "whole", "percent"


class Threshold(NamedTuple):
    """A number of a rule that a programme may set: a whole number, or a percentage in bp."""

    name: str
    usual: int
    unit: str = WHOLE


class Rule(NamedTuple):
    """A rule: `kind` is what it looks at (two rules of different kinds make a candidate), `fence`
    how its value is judged: `peers` (beyond Tukey's far fence of merchants like it, and above
    `least`), `fixed` (above its thresholds) or `chance` (so rare that it is none). A `certain` one
    makes a candidate alone. `words`: what was found; `short`: the same in a list; `measure`: how it
    is counted. It points at a merchant, or (`of_person`) at residents who are one person.
    """

    code: str
    kind: str
    short: Word
    words: Word
    measure: Word
    source: Word
    fence: str
    thresholds: tuple[Threshold, ...] = ()
    is_certain: bool = False
    of_person: bool = False

    @property
    def counts_residents(self) -> bool:
        """Whether what it counts at a merchant are residents, not payments."""
        return self.fence == "chance"


def _least(percent: int) -> tuple[Threshold, ...]:
    return (Threshold("least", percent * 100, PERCENT),)


RULES = (
    Rule(
        "at_threshold",
        "amounts",
        Word("at the threshold"),
        Word("many orders of exactly the threshold"),
        Word("payments whose base is exactly the threshold of their voucher / payments"),
        Word("the cash-out case of Songjiang, 2024: orders of exactly 1000 yuan for 1000-300"),
        "peers",
        _least(30),
    ),
    Rule(
        "little_variation",
        "amounts",
        Word("amounts alike"),
        Word("amounts that hardly differ"),
        Word("standard deviation / mean of the bases, and mean gap to the largest base"),
        Word("WIC vendor monitoring, USA: variation below 10 %, mean gap to the maximum below 5 %"),
        "fixed",
        (Threshold("variation", 1_000, PERCENT), Threshold("gap", 500, PERCENT)),
    ),
    Rule(
        "bursts",
        "times",
        Word("bursts"),
        Word("payments in bursts"),
        Word("payments within so many seconds of the one before at the merchant / payments"),
        Word("auditors' practice: high frequency. Files name no till: the whole shop is looked at"),
        "peers",
        (Threshold("seconds", 60), *_least(30)),
    ),
    Rule(
        "odd_hours",
        "times",
        Word("odd hours"),
        Word("payments at odd hours"),
        Word("payments from `from` to before `to` o'clock, local time / payments"),
        Word("auditors' practice: odd hours, compared inside the industry"),
        "peers",
        (Threshold("from", 0), Threshold("to", 5), *_least(20)),
    ),
    Rule(
        "regulars",
        "network",
        Word("regulars"),
        Word("too many residents come again and again"),
        Word(
            "residents with `visits` payments or more here, which are `loyal` of all of theirs,"
            " beside `times` the number that merchants like it would have"
        ),
        Word("resident-merchant networks; Poisson with the rate of merchants like it"),
        "chance",
        (
            Threshold("visits", 5),
            Threshold("loyal", 3_300, PERCENT),
            Threshold("residents", 6),
            Threshold("times", 3),
            Threshold("one_in", 100_000),
        ),
    ),
    Rule(
        "occasional",
        "network",
        Word("now and then"),
        Word("too many residents come again now and then"),
        Word(
            "residents with `visits` payments or more here, at most `a_week` a week, which are"
            " `loyal` of all of theirs, beside `times` the number of merchants like it; they bring"
            " `share` of its payments or more"
        ),
        Word("resident-merchant networks; Poisson with the rate of merchants like it"),
        "chance",
        (
            Threshold("visits", 3),
            Threshold("a_week", 2),
            Threshold("loyal", 3_300, PERCENT),
            Threshold("share", 3_000, PERCENT),
            Threshold("residents", 6),
            Threshold("times", 2),
            Threshold("one_in", 1_000),
        ),
    ),
    Rule(
        "co_visits",
        "network",
        Word("co-visits"),
        Word("the same residents come again to the same shops"),
        Word(
            "residents with `together` payments or more at two or three shops, which are `loyal` of"
            " all of theirs: more than `times` what chance would have, and rare at `doubt` times it"
        ),
        Word("co-visit networks; Poisson limit of the hypergeometric distribution"),
        "chance",
        (
            Threshold("together", 3),
            Threshold("loyal", 3_300, PERCENT),
            Threshold("residents", 6),
            Threshold("times", 4),
            Threshold("doubt", 2),
            Threshold("one_in", 1_000),
        ),
    ),
    Rule(
        "group_share",
        "share",
        Word("share of a group"),
        Word("those who come again bring a large share of its vouchers"),
        Word("payments of the residents whom the network rules found / payments"),
        Word("concentration of buyers, auditors' practice"),
        "fixed",
        (
            Threshold("regulars", 4_000, PERCENT),
            Threshold("occasional", 3_500, PERCENT),
            Threshold("co_visitors", 1_500, PERCENT),
        ),
    ),
    Rule(
        "shared_identity",
        "identity",
        Word("shared identity"),
        Word("one device, mobile, card or account behind several residents"),
        Word("payments of residents who share an identity with another one who paid here"),
        Word("union-find over device, mobile, card and account of applications"),
        "peers",
        _least(10),
    ),
    Rule(
        "consecutive_claims",
        "numbers",
        Word("numbers in a row"),
        Word("vouchers that were claimed one after the other"),
        Word("payments whose claim stands next to another one used here, in the platform's order"),
        Word("Korea: one merchant cashed dozens of vouchers with consecutive numbers"),
        "peers",
        _least(30),
    ),
    Rule(
        "refund_rate",
        "refunds",
        Word("refund rate"),
        Word("many refunds"),
        Word("payments that were refunded / payments"),
        Word("auditors' practice: refund after cash-out"),
        "peers",
        _least(20),
    ),
    Rule(
        "late_refunds",
        "refunds",
        Word("late refunds"),
        Word("refunds after the voucher had expired"),
        Word("refunds paid back when the voucher could not be used any more, `refunds` or more"),
        Word("auditors' practice: the sale is undone, the subsidy was spent"),
        "fixed",
        (Threshold("refunds", 5),),
    ),
    Rule(
        "serial_twice",
        "serials",
        Word("serial twice"),
        Word("the serial number of one piece was handed in again"),
        Word("rows refused because their serial number was used, by who had used it"),
        Word("trade-in programmes: one piece, one subsidy"),
        "fixed",
        (Threshold("rows", 2),),
        is_certain=True,
    ),
    Rule(
        "new_merchant",
        "registry",
        Word("newly registered"),
        Word("the merchant was registered after vouchers were paid already"),
        Word("days from the programme's first payment to the registration, `days` or more"),
        Word("auditors' practice: shops made for the programme"),
        "fixed",
        (Threshold("days", 14),),
    ),
    Rule(
        "changed_merchant",
        "registry",
        Word("details changed"),
        Word("name, address or account changed again and again"),
        Word("registry files that changed its name, address or account, `changes` or more"),
        Word("auditors' practice: abnormal identity"),
        "fixed",
        (Threshold("changes", 3),),
    ),
    Rule(
        "former_sales",
        "sales",
        Word("beyond former sales"),
        Word("more sales with vouchers than it had in all before"),
        Word(
            "sales with vouchers in its best day, week, month, quarter or year / turnover of its"
            " best one before the first payment, of `periods` or more; a chain's shops together"
        ),
        Word("auditors' practice: redemptions beyond former sales, by series of turnover"),
        "fixed",
        (Threshold("share", 10_000, PERCENT), Threshold("periods", 3)),
    ),
    Rule(
        "price_raised",
        "prices",
        Word("price raised"),
        Word("a price was raised before the voucher took it down"),
        Word(
            "middle price of a piece in a round / in the round before, `payments` or more in each,"
            " beyond the same of other merchants"
        ),
        Word("SAMR order 56 of 2022: no price is raised first to be reduced from"),
        "fixed",
        (Threshold("raised", 1_500, PERCENT), Threshold("payments", 5)),
    ),
    Rule(
        "distance",
        "places",
        Word("two places at once"),
        Word("residents pay at two places sooner than anybody travels"),
        Word(
            "payments whose resident paid before or after at a place `km` or more away, faster than"
            " `kmh`; not online ones"
        ),
        Word("auditors' practice: one voucher account at two places"),
        "fixed",
        (Threshold("payments", 5), Threshold("km", 20), Threshold("kmh", 150)),
    ),
    Rule(
        "one_person",
        "identity",
        Word("one person"),
        Word("many residents are one person"),
        Word("residents who paid and share a device, mobile, card or account, in a chain or not"),
        Word("one pack a person: union-find over device, mobile, card and account of applications"),
        "fixed",
        (Threshold("residents", 5),),
        of_person=True,
    ),
    Rule(
        "one_place",
        "network",
        Word("one place"),
        Word("the residents of one person pay at one merchant"),
        Word(
            "payments at the merchant where they pay most / payments, of such `residents` or more"
        ),
        Word("resident-merchant networks: vouchers of one hand go to one till"),
        "fixed",
        (Threshold("residents", 5), *_least(50)),
        of_person=True,
    ),
)
BY_CODE = {rule.code: rule for rule in RULES}
# Rules whose payments are those of certain residents, not all of a merchant's.
ABOUT_PEOPLE = tuple(
    rule.code for rule in RULES if rule.kind in ("network", "share", "identity") or rule.of_person
)
# Where regulars of a shop eat on working days at these hours, it is a canteen.
MEALS = (Threshold("meals_from", 10), Threshold("meals_to", 14), Threshold("meals", 8_000, PERCENT))
GENERAL = (
    Threshold("least_payments", 20),
    Threshold("least_peers", 20),
    Threshold("fence", 30_000, PERCENT),
    Threshold("both", 5_000, PERCENT),
    Threshold("both_least", 3_000, PERCENT),
    Threshold("both_times", 15_000, PERCENT),
    *MEALS,
)


# Those of the general ones by which a fence of each kind is drawn.
BEHIND = {
    "peers": ("fence", "least_payments", "least_peers"),
    "chance": ("least_payments", "least_peers"),
}


def thresholds(rule: str, document: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The thresholds that a scan (by its terms' `document`) held a rule's values against, as a
    programme's file writes them: its own, then the general ones.
    """
    found = BY_CODE[rule]
    general = [each for each in GENERAL if each.name in BEHIND.get(found.fence, ())]
    own: Mapping[str, int] = document["rules"].get(rule, {})
    named = [(own, found.thresholds), (document["general"], general)]
    return {
        each.name: f"{values[each.name] / 100:g}%"
        if each.unit == PERCENT
        else str(values[each.name])
        for values, known in named
        for each in known
        if each.name in values
    }


@dataclass(frozen=True)
class Terms:
    """The thresholds in force: general ones by name, and those of each rule (bp and numbers);
    `off`: rules that are not looked at; `places`: where a merchant or a district lies.
    """

    general: Mapping[str, int]
    rules: Mapping[str, Mapping[str, int]]
    off: frozenset[str] = frozenset()
    places: Mapping[str, Place] = field(default_factory=dict)

    def of(self, rule: str, name: str) -> int:
        """A threshold of a rule."""
        return self.rules[rule][name]

    def __getitem__(self, name: str) -> int:
        """A general threshold."""
        return self.general[name]

    @property
    def document(self) -> dict[str, object]:
        """All of it, for a scan to keep."""
        rules = {code: dict(each) for code, each in self.rules.items()}
        told = {"general": dict(self.general), "rules": rules, "off": sorted(self.off)}
        lie = {name: str(place) for name, place in sorted(self.places.items())}
        return told | ({"places": lie} if lie else {})

    def place_of(self, merchant_no: str, district: str) -> Place | None:
        """Where a merchant lies: its own place, else its district's; None: nobody says it."""
        return self.places.get(merchant_no) or self.places.get(district)

    @property
    def digest(self) -> str:
        """SHA-256 of the rules with these thresholds."""
        told = [[*map(str, rule[:7]), rule.is_certain] for rule in RULES]
        return sha256(json.dumps([told, self.document], sort_keys=True).encode()).hexdigest()


# Kinds that a shop has by its habits: open all night, one price, a queue at noon.
HABITS = frozenset({"amounts", "times"})


class Both(NamedTuple):
    """Of a merchant's payments those on which rules of amounts and rules of times rest at once, and
    how many would by chance, in bp.
    """

    share_bp: int = FULL_BP
    chance_bp: int = FULL_BP

    def is_no_habit(self, terms: Terms) -> bool:
        """Whether both meet in more payments than habits would: in `both` of all, or in
        `both_least` and `both_times` as many as by chance.
        """
        is_rare = self.share_bp * FULL_BP >= self.chance_bp * terms["both_times"]
        return self.share_bp >= terms["both"] or (self.share_bp >= terms["both_least"] and is_rare)


def both_of(rows: Iterable[Iterable[str]], payments: int) -> Both:
    """`rows`: the rules of each payment that any rests on; `payments`: how many the merchant
    has.
    """
    kinds = [{BY_CODE[rule].kind for rule in rules} for rules in rows]
    both = sum(each >= HABITS for each in kinds)
    amounts, times = (sum(kind in each for each in kinds) for kind in sorted(HABITS))
    return Both(both * FULL_BP // payments, amounts * times * FULL_BP // payments**2)


def is_candidate(rules: Iterable[str], both: Both, terms: Terms) -> bool:
    """Whether a case can be made of what these rules found: two of different kinds, or one that is
    certain. Where only habits speak (amounts and times) they must meet in the same payments: a shop
    with few prices that is open all night has both, but not together more often than by chance.
    """
    found = [BY_CODE[rule] for rule in rules]
    kinds = {rule.kind for rule in found}
    if any(rule.is_certain for rule in found):
        return True
    return both.is_no_habit(terms) if kinds == HABITS else len(kinds) > 1


def read(node: Node) -> Terms | None:
    """`risk: {least_payments: 30, odd_hours: {least: "30%"}, off: [bursts], places: {west:
    "30.27, 120.10"}}`: the thresholds that differ from the usual ones, rules that are not looked
    at, and where districts or merchants lie. None: nothing is said.
    """
    if node.is_missing:
        return None
    part = node.fields((*(each.name for each in GENERAL), *BY_CODE, "off", "places"))
    rules = {}
    for rule in RULES:
        names = tuple(each.name for each in rule.thresholds)
        rules[rule.code] = _numbers(part[rule.code].fields(names), rule.thresholds)
    off = frozenset(item.choice(BY_CODE) for item in part["off"].items())
    given = {name: places.read(value) for name, value in part["places"].entries()}
    known = {name: place for name, place in given.items() if place}
    return Terms(_numbers(part, GENERAL), rules, off - {""}, known)


def _numbers(part: Mapping[str, Node], thresholds: tuple[Threshold, ...]) -> dict[str, int]:
    """Each threshold as it is written, else as it usually is."""
    return {
        each.name: each.usual
        if part[each.name].is_missing
        else part[each.name].percent()
        if each.unit == PERCENT
        else part[each.name].whole(least=0)
        for each in thresholds
    }


USUAL = Terms(
    {each.name: each.usual for each in GENERAL},
    {rule.code: {each.name: each.usual for each in rule.thresholds} for rule in RULES},
)
