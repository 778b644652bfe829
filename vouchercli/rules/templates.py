"""A card pack as its YAML says it: coupons, validity, scope, who funds it; what one pack is worth
and can cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli import documents
from vouchercli.documents import Fault
from vouchercli.rules import clauses, coupons, shares, times, written_scope
from vouchercli.rules.coupons import Coupon, percent_text
from vouchercli.rules.shares import WHOLE_BP, Share
from vouchercli.rules.values import Name, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.scope import Scope

ENDS = ("days_after_claim", "hours_after_claim", "days", "until", "calendar_month", "by")
PLATFORM = "platform"
DAY_AFTER = "day_after_claim"
OPENING = "opening"
COUNTED_FROM = ("claim", DAY_AFTER, OPENING)
AN_HOUR = 3_600


@dataclass(frozen=True)
class Validity:
    """One of: `days` after the claim, at its local clock time; `hours` after it, to the second;
    `whole_days` calendar days to 24:00, of which the day of claim is the first (`counts_from`:
    `claim`), the day after it (`day_after_claim`) or the day on which its round opens (`opening`;
    `opened_at`, UTC seconds, is the round's: `of_round`); `until` a written instant to its second
    (read in the programme's zone); to the end of the claim's month; `is_at_once`: in the second of
    the claim alone, which is the payment's (an instant discount at the till); `is_stated`: to the
    end that the platform's file states of each claim, and never beyond `no_later_than`.

    Beside any of them: `no_later_than` an instant, the earlier of the two ends; `not_before` an
    instant or `day_after_claim` (its 00:00).
    """

    days: int | None = None
    until: str | None = None
    is_month: bool = False
    hours: int | None = None
    whole_days: int | None = None
    counts_from: str = ""
    no_later_than: str | None = None
    not_before: str | None = None
    is_at_once: bool = False
    is_stated: bool = False
    opened_at: int | None = None

    @property
    def is_one_end(self) -> bool:
        """Whether the vouchers of a round end together, whenever they were claimed."""
        return self.until is not None or self.counts_from == OPENING

    @property
    def last_end(self) -> str | None:
        """The written instant after which no voucher is valid, whenever it was claimed; None: there
        is none.
        """
        return self.until or self.no_later_than


@dataclass(frozen=True)
class Template:
    """A template without a fault, a field for each key of the document. `funding` shares make
    10000 bp, in the order in which a split goes; `match` is beside them.
    """

    template: str
    name: Name
    coupons: tuple[Coupon, ...]
    validity: Validity
    scope: Scope
    funding: tuple[Share, ...]
    match: Share | None
    source: str
    assumption: str
    not_enforced: tuple[str, ...]
    kind: str = ""  # what limits of claims may call its packs, beside its own code

    def coupon(self, coupon_no: int) -> Coupon | None:
        """The voucher with that number, if the pack has it."""
        return self.coupons[coupon_no - 1] if 0 < coupon_no <= len(self.coupons) else None

    def scope_of(self, coupon_no: int) -> Scope:
        """Where, when and for what that voucher may be used: the pack's scope, and its own."""
        coupon = self.coupon(coupon_no)
        own = coupon.scope if coupon else None
        return self.scope if own is None else replace(self.scope, also=own)


def read(document: Any) -> tuple[Template | None, tuple[Fault, ...]]:
    """The template of a document, or every fault of it at once (then the template is None)."""
    node = Node(document)
    top = node.fields(
        tuple(Template.__annotations__),
        required=("template", "name", "coupons", "validity", "funding"),
    )
    match, where = _match(top["match"]), written_scope.read(top["scope"])
    template = Template(
        template=top["template"].code(),
        name=top["name"].name(),
        coupons=coupons.read(top["coupons"], match, where),
        validity=_validity(top["validity"]),
        scope=where,
        funding=_funding(top["funding"]),
        match=match,
        source=top["source"].text(),
        assumption=top["assumption"].text(),
        not_enforced=clauses.read(top["not_enforced"]),
        kind=top["kind"].code(),
    )
    return (None if node.faults else template), tuple(node.faults)


# ---------------------------------------------------------------- validity


def _validity(node: Node) -> Validity:
    if node.value in ("calendar_month", "at_once"):
        return Validity(is_month=node.value == "calendar_month", is_at_once=node.value == "at_once")
    part = node.fields((*ENDS, "from", "no_later_than", "not_before"))
    written = [key for key in ENDS if not part[key].is_missing]
    if len(written) != 1 and isinstance(node.value, dict):
        node.fault(
            "one_validity",
            "a validity is exactly one of {ends}",
            "write {{days_after_claim: 7}}",
            ends=", ".join((*ENDS, "at_once")),
        )
        return Validity()
    _refuse_beside(part, written)
    part["by"].choice((PLATFORM,))
    if not part["calendar_month"].yes(True):
        part["calendar_month"].fault(
            "one_validity",
            "calendar_month: false has no meaning",
            "write calendar_month: true, or another validity",
        )
    return Validity(
        days=part["days_after_claim"].whole() or None,
        until=part["until"].end(),
        is_month="calendar_month" in written,
        hours=part["hours_after_claim"].whole() or None,
        whole_days=part["days"].whole() or None,
        counts_from=part["from"].choice(COUNTED_FROM, "claim") if "days" in written else "",
        no_later_than=part["no_later_than"].end(),
        not_before=_not_before(part["not_before"]),
        is_stated="by" in written,
    )


def _refuse_beside(part: Mapping[str, Node], written: list[str]) -> None:
    """Faults for what says nothing beside the end that is written."""
    if not part["from"].is_missing and written != ["days"]:
        part["from"].fault(
            "idle_key", "from says something beside days only", "write {{days: 10, from: claim}}"
        )
    if not part["no_later_than"].is_missing and written == ["until"]:
        part["no_later_than"].fault(
            "idle_key", "until is an end already", "write the earlier of the two as until"
        )
    if part["no_later_than"].is_missing and written == ["by"]:
        part["by"].fault(
            "last_end_needed",
            "the platform states the end of each voucher, and nothing says after which moment none"
            " is valid: until then the round holds its money",
            "write no_later_than: 2020-06-30 beside it",
        )


def _not_before(node: Node) -> str | None:
    if node.value == DAY_AFTER:
        return DAY_AFTER
    return None if node.moment() is None else documents.written(node.value)


def of_round(template: Template, opens_at: int) -> Template:
    """The template as it holds in a round that opens at `opens_at` (UTC seconds)."""
    validity = template.validity
    if validity.counts_from != OPENING:
        return template
    return replace(template, validity=replace(validity, opened_at=opens_at))


def expires_at(
    template: Template, claimed_at: int, zone: str, stated_at: int = times.END_OF_TIME
) -> int:
    """The first second (UTC) at which a voucher claimed at `claimed_at` is no longer valid:
    claimed_at <= paid_at < expires_at. Days from the opening of no round count as if it opened with
    the claim. `stated_at`: the end that the platform states, where it does.
    """
    validity = template.validity
    end = stated_at if validity.is_stated else _end(validity, claimed_at, zone)
    if validity.no_later_than is None:
        return end
    return min(end, times.parse(validity.no_later_than, zone))


def _end(validity: Validity, claimed_at: int, zone: str) -> int:
    if validity.until is not None:
        return times.parse(validity.until, zone)
    if validity.is_month:
        return times.month_end(claimed_at, zone)
    if validity.is_at_once:
        return claimed_at + 1
    if validity.hours is not None:
        return claimed_at + validity.hours * AN_HOUR
    if validity.whole_days is not None:
        days = validity.whole_days - (validity.counts_from != DAY_AFTER)
        first_at = claimed_at if validity.opened_at is None else validity.opened_at
        last = times.as_date(times.day_of(first_at, zone)) + timedelta(days=days)
        return times.day_bounds(times.as_day(last), zone)[1]
    return times.add_days(claimed_at, validity.days or 0, zone)


def usable_at(template: Template, claimed_at: int, zone: str) -> int:
    """The first second (UTC) at which a voucher claimed at `claimed_at` can be used."""
    not_before = template.validity.not_before
    if not_before is None:
        return claimed_at
    if not_before == DAY_AFTER:
        return times.day_bounds(times.day_of(claimed_at, zone), zone)[1]
    return max(claimed_at, times.parse(not_before, zone))


class Useless(NamedTuple):
    """Claims whose vouchers end before they begin: the last that was found (UTC seconds), from when
    and until when its vouchers could be used, and whether no other claim gets better ones.
    """

    claimed_at: int
    usable: int
    end: int
    is_every: bool


def find_useless_claims(
    template: Template, opens_at: int, closes_at: int, zone: str
) -> Useless | None:
    """Whether vouchers of claims between these moments (UTC seconds) could never be used.

    Of a day the first claim has the earliest end; the later a claim, the later its vouchers begin;
    in the last second of a month little of it is left. None: each of these can be used.
    """
    tomorrow = times.day_bounds(times.day_of(opens_at, zone), zone)[1] + 1  # 24 hours are enough
    last = closes_at - 1
    of_month = times.month_end(opens_at, zone) - 1
    claims = (opens_at, min(tomorrow, last), min(of_month, last), last)
    lives = [(at, usable_at(template, at, zone), expires_at(template, at, zone)) for at in claims]
    useless = [each for each in lives if each[1] >= each[2]]
    return Useless(*useless[-1], len(useless) == len(lives)) if useless else None


# ---------------------------------------------------------------- funding


def _funding(node: Node) -> tuple[Share, ...]:
    parts = tuple(Share(funder, value.percent()) for funder, value in node.entries())
    total = sum(share.bp for share in parts)
    if isinstance(node.value, dict) and total != WHOLE_BP and all(share.bp for share in parts):
        node.fault(
            "shares_not_whole",
            "the shares make {total}, not 100%",
            "change the shares so that they make 100%",
            total=percent_text(total),
        )
    return parts


def _match(node: Node) -> Share | None:
    """What merchants add, in proportion to the subsidy; one funder: `{merchant: "50%"}`, or with a
    cap `{merchant: {percent: "50%", cap: "100.00"}}`.
    """
    matched = [_matched(funder, value) for funder, value in node.entries()]
    if len(matched) > 1:
        node.fault(
            "one_match",
            "a match is paid by one funder, not by {count}",
            'write match: {{merchant: "100%"}}',
            count=len(matched),
        )
    return matched[0] if matched else None


def _matched(funder: str, node: Node) -> Share:
    if not isinstance(node.value, dict):
        return Share(funder, node.percent())
    part = node.fields(("percent", "cap"), required=("percent", "cap"))
    cap, most = part["cap"], part["cap"].yuan(None)
    if most == 0:
        cap.fault("bad_amount", "{offending} must be more than 0", "write an amount above 0")
    return Share(funder, part["percent"].percent(), most)


# ---------------------------------------------------------------- what a pack is worth


def pack_value_fen(template: Template) -> int:
    """The sum of the denominations (percentages at their cap): the most that one pack can cost its
    funders. Source: facts.md.
    """
    return sum(coupon.denomination_fen for coupon in template.coupons)


def floor_spend_fen(template: Template) -> int:
    """The sum of the thresholds: the least that must be spent to use the whole pack. Source:
    facts.md.
    """
    return sum(coupon.threshold_fen for coupon in template.coupons)


def kinds_by_name(template: Template) -> dict[str, str]:
    """The kinds of its funders where no programme says them: `platform` and `merchant` are what
    they are called, every other name is taken for public.
    """
    return {
        share.funder: share.funder if share.funder in ("platform", "merchant") else "public"
        for share in template.funding
    }


def public_bp(template: Template, kinds: Mapping[str, str]) -> int:
    """The public share of a subsidy, in basis points."""
    return sum(share.bp for share in template.funding if kinds[share.funder] == "public")


def match_liability_fen(template: Template) -> int:
    """The most that one pack can cost merchants by their match."""
    return sum(shares.match(coupon.denomination_fen, template.match) for coupon in template.coupons)


def strangers(template: Template, programme: Programme) -> tuple[Fault, ...]:
    """Funders that the programme does not have, or that cannot pay the match there."""
    kinds = programme.kinds
    name = {"programme": programme.programme, "known": ", ".join(kinds)}
    faults = [
        Fault(
            ("funding", share.funder),
            "unknown_funder",
            "programme {programme} has no funder {offending}",
            "its funders: {known}" if kinds else "it has published figures only",
            {"offending": share.funder, **name},
        )
        for share in template.funding
        if share.funder not in kinds
    ]
    if template.match and kinds.get(template.match.funder) != "merchant":
        faults.append(
            Fault(
                ("match", template.match.funder),
                "unknown_funder",
                "programme {programme} has no merchants' funder {offending} to pay the match",
                "add it to the programme: {offending}: {{kind: merchant}}",
                {"offending": template.match.funder, **name},
            )
        )
    return tuple(faults)
