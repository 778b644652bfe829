"""A programme as its YAML says it: who pays, how much, under which limits; and what others have
published about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from vouchercli.documents import CODE, Fault
from vouchercli.rules import (
    breaks,
    calendars,
    cases,
    clauses,
    clocks,
    days,
    money,
    published,
    refunds,
    risk,
    settlements,
    times,
    written_limits,
)
from vouchercli.rules.calendars import Calendar
from vouchercli.rules.doors import is_reserved
from vouchercli.rules.values import Name, Node

if TYPE_CHECKING:
    from vouchercli.rules.breaks import Tolerances
    from vouchercli.rules.clocks import Clock
    from vouchercli.rules.days import Books
    from vouchercli.rules.published import Published
    from vouchercli.rules.refunds import RefundPolicy
    from vouchercli.rules.settlements import Terms
    from vouchercli.rules.uses import UseTerm
    from vouchercli.rules.written_limits import ByWord, PerWord

FunderKind = Literal["public", "platform", "merchant"]

KINDS = ("public", "platform", "merchant")
UNUSED = ("next_round", "pool", "treasury", "same_round")
ROLES = ("maker", "checker", "finance", "auditor")
LOGINS = ("shared", "personal")
MOST_SECONDS = 366 * 86_400  # a holiday longer than a year is a slip of the pen


@dataclass(frozen=True)
class Funder:
    """Who pays. `amount_fen` None: no fund of its own to watch (a platform or merchants that pay as
    they go). `returned_fen`: what of it went back to the funder unspent.
    """

    funder: str
    kind: FunderKind
    amount_fen: int | None
    name: Name
    returned_fen: int = 0

    @property
    def given_fen(self) -> int:
        """What its fund was given."""
        return self.amount_fen or 0


@dataclass(frozen=True)
class Limits:
    """How much one resident may have; None: no limit."""

    packs_per_resident_per_round: int = 1
    vouchers_per_payment: int = 1
    vouchers_per_merchant_per_day: int | None = None
    # Of claims, for all or for each word that rounds go by (a template, its kind, a round). Days,
    # calendar weeks (Monday to Sunday) and months are those of the programme's zone.
    packs_per_resident_per_week: PerWord = None
    packs_per_resident: PerWord = None  # in all rounds of the programme together
    across: tuple[str, ...] = ()  # programmes whose vouchers and packs count too
    from_at: int | None = None  # since when what is changed here holds; None: from its approval
    packs_per_resident_per_day: PerWord = None
    packs_per_resident_per_month: PerWord = None
    one_of: tuple[tuple[str, ...], ...] = ()  # of each of these lists a person has one pack
    face_per_resident: ByWord = ()  # span -> fen
    next_claim: tuple[tuple[str, str], ...] = ()  # word ('': any) -> after what of the last pack
    again_after_expiry: int | None = None  # so many packs that expired unused do not count
    # Of use: see `rules.uses`.
    vouchers_per_resident: tuple[UseTerm, ...] = ()
    vouchers_per_merchant: tuple[UseTerm, ...] = ()
    subsidy_per_resident: tuple[UseTerm, ...] = ()
    subsidy_per_merchant: tuple[UseTerm, ...] = ()
    budget: tuple[UseTerm, ...] = ()


NUMBERS = ("packs_per_resident_per_round", "vouchers_per_payment", "vouchers_per_merchant_per_day")
LIMITS = tuple(key for key in Limits.__annotations__ if key not in ("across", "from_at"))


@dataclass(frozen=True)
class Person:
    """One of the staff and the roles it holds; `login` is its operating-system user ('': the same
    as its name).
    """

    name: str
    roles: tuple[str, ...]
    login: str = ""


@dataclass(frozen=True)
class Approval:
    """Up to `up_to_fen` (None: any amount) this many checkers must approve."""

    up_to_fen: int | None
    checkers: int


@dataclass(frozen=True)
class Programme:
    """A programme without a fault, a field for each key of the document. Money in fen; `funders`
    and `approvals` in the order written.
    """

    programme: str
    name: Name
    issuer: Name
    time_zone: str
    currency: str
    funders: tuple[Funder, ...]
    declared: tuple[tuple[str, int], ...]
    limits: Limits
    refunds: RefundPolicy
    books: Books
    clock: Clock
    unused: str
    unused_after_days: int
    staff: tuple[Person, ...]
    approvals: tuple[Approval, ...]
    logins: str
    calendar: Calendar
    published: tuple[Published, ...]
    source: str
    assumption: str
    not_enforced: tuple[str, ...]
    settlement: Terms | None  # how merchants are paid; None: nobody has said
    reconciliation: Tolerances  # what may differ from a bill
    risk: risk.Terms | None  # of the rules that look for abuse; None: the usual ones
    sanctions: tuple[str, ...]  # the ladder of cases; (): the usual one

    @property
    def kinds(self) -> dict[str, str]:
        """funder -> public, platform or merchant."""
        return {funder.funder: funder.kind for funder in self.funders}


def read(document: Any) -> tuple[Programme | None, tuple[Fault, ...]]:
    """The programme of a document, or every fault of it at once (then the programme is None)."""
    node = Node(document)
    top = node.fields(tuple(Programme.__annotations__), required=("programme", "name"))
    zone = _zone(top["time_zone"])
    programme = Programme(
        programme=top["programme"].code(),
        name=top["name"].name(),
        issuer=top["issuer"].name(),
        time_zone=zone,
        currency=top["currency"].choice(("CNY",), "CNY"),
        funders=tuple(_funder(code, value) for code, value in top["funders"].entries()),
        declared=tuple((what, value.yuan() or 0) for what, value in top["declared"].entries()),
        limits=_limits(top["limits"], zone, top["programme"].scalar),
        refunds=refunds.read(top["refunds"]),
        books=days.read(top["books"]),
        clock=clocks.read(top["clock"]),
        unused=top["unused"].choice(UNUSED, "next_round"),
        unused_after_days=top["unused_after_days"].whole(0, least=0),
        staff=_staff(top["staff"]),
        approvals=_approvals(top["approvals"]),
        logins=top["logins"].choice(LOGINS, "shared"),
        calendar=_calendar(top["calendar"], zone),
        published=tuple(published.read(item, zone) for item in top["published"].items()),
        source=top["source"].text(),
        assumption=top["assumption"].text(),
        not_enforced=clauses.read(top["not_enforced"]),
        settlement=settlements.read(top["settlement"]),
        reconciliation=breaks.read(top["reconciliation"]),
        risk=risk.read(top["risk"]),
        sanctions=cases.read(top["sanctions"]),
    )
    if not node.faults and not programme.funders and not programme.published:
        node.fault(
            "nobody_pays",
            "there are neither funders nor published figures",
            'write funders: {{treasury: {{kind: public, amount: "1000000.00"}}}}',
        )
    if not node.faults and programme.unused == "same_round" and not _has_fund(programme):
        top["unused"].fault(
            "no_fund_to_release",
            "same_round puts out again what the money of expired vouchers buys, and no fund here"
            " has an amount",
            "give a funder its amount",
        )
    return (None if node.faults else programme), tuple(node.faults)


def _has_fund(programme: Programme) -> bool:
    return any(funder.amount_fen is not None for funder in programme.funders)


def _zone(node: Node) -> str:
    zone = node.text(times.HOME_ZONE)
    try:
        times.zone_named(zone)
    except ValueError:
        node.fault(
            "unknown_zone", "there is no time zone {offending}", "write it like Asia/Shanghai"
        )
        return times.HOME_ZONE
    return zone


def _funder(code: str, node: Node) -> Funder:
    part = node.fields(("kind", "amount", "returned", "name"), required=("kind",))
    if not CODE.fullmatch(code):
        node.bad_code(code)
    kind = cast("FunderKind", part["kind"].choice(KINDS, "public"))
    amount, returned = part["amount"].yuan(None), part["returned"].yuan(0)
    if (returned or 0) > (amount or 0):
        part["returned"].fault(
            "returned_too_much",
            "{offending} yuan cannot go back: the fund was given {amount}",
            "write at most the amount",
            amount=money.yuan(amount or 0),
        )
    return Funder(code, kind, amount, part["name"].name(code), returned or 0)


def _limits(node: Node, zone: str, own: str | None) -> Limits:
    part = node.fields((*LIMITS, "across", "from"))
    across = part["across"].codes()
    if own in across:
        part["across"].fault(
            "counts_itself",
            "the limits of {offending} count its own vouchers anyway",
            "name other programmes only",
            offending=own,
        )
    numbers = {key: part[key].whole() for key in NUMBERS if not part[key].is_missing}
    given = numbers | written_limits.read(part)
    limits = Limits(**given, across=across, from_at=part["from"].moment(zone))
    if limits.vouchers_per_payment > 1:
        part["vouchers_per_payment"].fault(
            "one_voucher_a_payment",
            "{offending} vouchers on one payment are not judged here: a payment uses one voucher",
            "write 1 only where the notice says so: otherwise every further voucher of a payment"
            " would be refused, and its money would not be paid",
        )
    return limits


def _staff(node: Node) -> tuple[Person, ...]:
    people: list[Person] = []
    for item in node.items():
        part = item.fields(("name", "roles", "login"), required=("name", "roles"))
        roles = tuple(role.choice(ROLES, "maker") for role in part["roles"].items())
        person = Person(part["name"].text(), roles, part["login"].text())
        if "auditor" in roles and len(set(roles)) > 1:
            part["roles"].fault(
                "auditor_acts", "an auditor looks only", "give another person the other roles"
            )
        if is_reserved(person.name):
            part["name"].fault(
                "reserved_name", "{offending} is the name of a hand of the tick", "choose another"
            )
        for key in ("name", "login"):
            said = getattr(person, key)
            if said and said in [getattr(other, key) for other in people]:
                part[key].fault(
                    "named_twice", "{offending} is given twice", "give one entry both roles"
                )
        people.append(person)
    return tuple(people)


def _approvals(node: Node) -> tuple[Approval, ...]:
    bands: list[Approval] = []
    for item in node.items():
        part = item.fields(("up_to", "checkers"), required=("checkers",))
        band = Approval(part["up_to"].yuan(None), part["checkers"].whole(1))
        if bands and (
            bands[-1].up_to_fen is None
            or (band.up_to_fen is not None and band.up_to_fen <= bands[-1].up_to_fen)
        ):
            item.fault(
                "bands_out_of_order",
                "this band can never apply: the one before it reaches as far",
                "write the bands from the smallest up_to to the one without up_to",
            )
        bands.append(band)
    return tuple(bands)


def _calendar(node: Node, zone: str) -> Calendar:
    """The programme's own holidays and worked weekends: dates, or {from, to} with both days
    included.
    """
    part = node.fields(("holidays", "workdays"))
    holidays, workdays = _days(part["holidays"], zone), _days(part["workdays"], zone)
    for day in sorted(holidays & workdays):
        part["workdays"].fault(
            "day_is_both",
            "{day} is a holiday and a working day",
            "leave it in one of the two",
            day=times.day_text(day),
        )
    return Calendar(holidays, workdays)


def _days(node: Node, zone: str) -> frozenset[int]:
    days: set[int] = set()
    for item in node.items():
        part = (
            item.fields(("from", "to"), required=("from", "to"))
            if isinstance(item.value, dict)
            else {"from": item}
        )
        first = part["from"].moment(zone)
        last = part["to"].moment(zone) if "to" in part else first
        if first is None or last is None:
            continue
        if not 0 <= last - first < MOST_SECONDS:
            item.fault(
                "bad_span",
                "{offending} is not a span of days",
                "write {{from: 2020-04-04, to: 2020-04-06}}",
                offending=f"{part['from'].value} - {part['to'].value}",
            )
            continue
        days.update(calendars.span(times.day_of(first, zone), times.day_of(last, zone)))
    return frozenset(days)


def cautions(programme: Programme) -> tuple[Fault, ...]:
    """What is lawful but should be known: more checkers are asked for than the staff has; what
    nobody judges.
    """
    return (*_too_few_checkers(programme), *clauses.cautions(programme.not_enforced))


def _too_few_checkers(programme: Programme) -> tuple[Fault, ...]:
    checkers = sum("checker" in person.roles for person in programme.staff)
    needed = max((band.checkers for band in programme.approvals), default=1)
    if not programme.staff or checkers >= needed:
        return ()
    return (
        Fault(
            ("approvals",) if programme.approvals else ("staff",),
            "too_few_checkers",
            "some approvals need {needed} checkers, but the staff has only {checkers}: they could"
            " never be approved",
            "give more people the role checker, or ask for fewer",
            {"needed": needed, "checkers": checkers},
        ),
    )
