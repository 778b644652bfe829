"""A template as JSON and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Message, Table, say
from vouchercli.rules import details, money, packs, subsidy, times
from vouchercli.rules import templates as rules
from vouchercli.rules.coupons import percent_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vouchercli.rules.coupons import Coupon
    from vouchercli.rules.templates import Template


PACK = (
    Column("coupon", "coupon"),
    Column("count", "count", "int"),
    Column("kind", "kind", "word"),
    Column("denomination_fen", "denomination or cap", "fen"),
    Column("threshold_fen", "threshold", "fen"),
    Column("most_base_fen", "price end", "fen", optional=True),
)


def worth(template: Template, kinds: Mapping[str, str]) -> dict[str, Any]:
    """What a pack is worth and can cost, in fen, and its floor leverage. `kinds`: funder -> public,
    platform or merchant.
    """
    return {
        "pack_value_fen": rules.pack_value_fen(template),
        "floor_spend_fen": rules.floor_spend_fen(template),
        "floor": packs.floor_leverage(template, kinds),
        "pack_match_fen": rules.match_liability_fen(template),
    }


def figures(template: Template, kinds: Mapping[str, str]) -> dict[str, Any]:
    """A template as JSON: its fields as text, its vouchers, its worth."""
    return {
        "template": template.template,
        "name": vars(template.name),
        "fields": packs.described(template),
        "coupons": [*map(_coupon, template.coupons)],
        **worth(template, kinds),
        "source": template.source,
        "assumption": template.assumption,
        "not_enforced": [*template.not_enforced],
    }


def _coupon(coupon: Coupon) -> dict[str, Any]:
    """A voucher as JSON; its own scope as its fields in text."""
    own = packs.described_scope(coupon.scope) if coupon.scope else {}
    return vars(coupon) | {"scope": {key: value for key, value in own.items() if value}}


def fields_table(template: Template, version: int) -> Table:
    """Every field but the pack."""
    rows = tuple(
        {"field": field, "value": value}
        for field, value in packs.described(template).items()
        if not field.startswith("coupons ")
    )
    return Table(
        say("Template {template}, version {version}", template=template.template, version=version),
        (Column("field", "field", "entry"), Column("value", "value", "entry")),
        rows,
        None,
        (*explain_validity(template), *explain_details(template)),
    )


EXAMPLE = "For example: claimed at {claimed_at}, it can be used from {usable_at} until {ends_at}."
EXAMPLE_OF_ROUND = (
    "For example, in a round that opens at {opened_at}: claimed at {claimed_at}, it can be used"
    " from {usable_at} until {ends_at}."
)


def explain_validity(template: Template) -> tuple[Message, ...]:
    """What its validity means, in words, and an example."""
    example = packs.example_of_validity(template, times.HOME_ZONE)
    text, params = packs.validity_in_words(template.validity)
    shown = {
        "claimed_at": times.shown(example.claimed_at, times.HOME_ZONE),
        "usable_at": times.shown(example.usable_at, times.HOME_ZONE),
        "ends_at": times.shown_end(example.ends_at, times.HOME_ZONE),
    }
    if example.opened_at is None:
        return Message(text, params), say(EXAMPLE, **shown)
    opened_at = times.shown(example.opened_at, times.HOME_ZONE)
    return Message(text, params), say(EXAMPLE_OF_ROUND, opened_at=opened_at, **shown)


def explain_details(template: Template) -> tuple[Message, ...]:
    """What is judged only where a file says it."""
    asked = [
        name for name in details.NAMES if name in details.asked(template.scope, template.coupons)
    ]
    if not asked:
        return ()
    return (
        say(
            "Judged where a file has the column: {columns}. A payment without it is accepted,"
            " counted as unverified and named in every report.",
            columns=", ".join(asked),
        ),
        *_explain_pieces(template),
        *(line for coupon, _ in packs.lines(template) for line in _explain_rates(coupon)),
    )


def _explain_pieces(template: Template) -> Iterator[Message]:
    """How often a piece is used, and how many of a class one resident may have."""
    if template.scope.serial:
        yield say(
            "A piece is used once over all rounds of all programmes: the same serial number again"
            " is refused, until its payment is refunded in full."
        )
    for each in template.scope.goods:
        if each.per_resident is not None:
            yield say(
                "One resident may have {most} of {goods} with vouchers of the programme; what is"
                " refunded in full does not count.",
                most=each.per_resident,
                goods=each.name,
            )


OF_GRADE = "{coupon}: grade {word} pays {percent}, at most {cap} yuan: {paid} on {base} yuan."
OF_CLASS = "{coupon}: {word} pays {percent}, at most {cap} yuan: {paid} on {base} yuan."
EXAMPLE_FEN = 900_000  # an appliance
DINERS, BILL_FEN = 4, 8_000


def _explain_rates(coupon: Coupon) -> Iterator[Message]:
    """What a voucher pays by a row's grade or diners, with an example."""
    for each in coupon.rates:
        paid = subsidy.of_coupon(coupon, EXAMPLE_FEN, {coupon.rates_by: each.word})
        yield say(
            OF_CLASS if coupon.rates_by == "goods" else OF_GRADE,
            coupon=coupon.coupon,
            word=each.word,
            percent=percent_text(each.percent_bp),
            cap=money.grouped(each.cap_fen),
            paid=money.grouped(paid),
            base=money.grouped(EXAMPLE_FEN),
        )
    if coupon.rates_by == "goods":
        yield say("Another class is refused; without its class a payment gets the least of these.")
    elif coupon.rates:
        yield say("Another grade is refused; without its grade a payment gets the least of these.")
    if coupon.most_diners:
        yield say(
            "{coupon}: the cap of {cap} yuan is one for each diner, of at most {most}: {diners}"
            " diners pay {base} yuan and get {paid}. Without its diners a payment has the cap of"
            " one.",
            coupon=coupon.coupon,
            cap=money.grouped(coupon.denomination_fen // coupon.most_diners),
            most=coupon.most_diners,
            diners=DINERS,
            base=money.grouped(BILL_FEN),
            paid=money.grouped(subsidy.of_coupon(coupon, BILL_FEN, {"diners": str(DINERS)})),
        )


def pack_table(template: Template, kinds: Mapping[str, str]) -> Table:
    """The pack, one line for each run of equal vouchers, and its worth as the total."""
    rows = tuple({**vars(coupon), "count": count} for coupon, count in packs.lines(template))
    total = {
        "coupon": "",
        "count": len(template.coupons),
        "denomination_fen": rules.pack_value_fen(template),
        "threshold_fen": rules.floor_spend_fen(template),
    }
    public = [share.funder for share in template.funding if kinds[share.funder] == "public"]
    floor = say(
        "Floor leverage of the whole pack: {floor} (the least orders on which its vouchers pay all"
        " / the public part of that, {public}).",
        floor=packs.floor_leverage(template, kinds) or "–",
        public=", ".join(public) or "–",
    )
    return Table(say("The pack"), PACK, rows, total, (floor,))
