"""A pack in words: its lines, its fields one by one, what differs between two, and what to know
before using it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.documents import Fault
from vouchercli.result import Clauses
from vouchercli.rules import clauses, details, money, scope, times
from vouchercli.rules.coupons import full_base_fen, percent_text, short
from vouchercli.rules.scope import OF_ONE
from vouchercli.rules.shares import WHOLE_BP
from vouchercli.rules.subsidy import parts
from vouchercli.rules.templates import (
    AN_HOUR,
    DAY_AFTER,
    OPENING,
    PLATFORM,
    expires_at,
    of_round,
    public_bp,
    usable_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vouchercli.rules.coupons import Coupon, Rate
    from vouchercli.rules.scope import Scope
    from vouchercli.rules.templates import Template, Validity


ANY_CHANNEL = ("channel", "any")


def lines(template: Template) -> tuple[tuple[Coupon, int], ...]:
    """The pack as it was written: the first coupon of each run of equal ones, and how many they
    are.
    """
    runs: list[tuple[Coupon, int]] = []
    for coupon in template.coupons:
        if runs and replace(runs[-1][0], coupon_no=coupon.coupon_no) == coupon:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((coupon, 1))
    return tuple(runs)


# ---------------------------------------------------------------- field by field


def described(template: Template) -> dict[str, str]:
    """Every field and its value as text, in a fixed order: what `template show` prints and
    `template diff` compares.
    """
    fields = {"name.zh": template.name.zh, "name.en": template.name.en}
    for coupon, count in lines(template):
        fields[_free(fields, f"coupons {coupon.coupon}")] = f"{count} x {_face(coupon)}"
    validity = template.validity
    days = {
        "days_after_claim": validity.days,
        "until": validity.until,
        "calendar_month": "true" if validity.is_month else None,
        "at_once": "true" if validity.is_at_once else None,
        "by": PLATFORM if validity.is_stated else None,
        "hours_after_claim": validity.hours,
        "days": validity.whole_days,
        "from": validity.counts_from or None,
        "no_later_than": validity.no_later_than,
        "not_before": validity.not_before,
    }
    fields |= {f"validity.{key}": str(value) for key, value in days.items() if value is not None}
    fields |= {
        f"scope.{key}": value for key, value in described_scope(template.scope).items() if value
    }
    fields |= {f"funding.{share.funder}": percent_text(share.bp) for share in template.funding}
    fields |= {
        f"match.{share.funder}": percent_text(share.bp)
        + (f" <= {short(share.most_fen)}" if share.most_fen else "")
        for share in (template.match,)
        if share
    }
    fields |= {
        key: text
        for key, text in (
            ("kind", template.kind),
            ("source", template.source),
            ("assumption", template.assumption),
            ("not_enforced", clauses.in_one_line(template.not_enforced)),
        )
        if text
    }
    return fields


def _face(coupon: Coupon) -> str:
    rate = f"{percent_text(coupon.percent_bp)} <= " if coupon.percent_bp is not None else ""
    if coupon.rates:
        rate = "/".join(map(_rate, coupon.rates)) + " <= "
    orders = short(coupon.threshold_fen)
    if coupon.most_base_fen is not None:
        orders += f"-{short(coupon.most_base_fen)}"
    face = short(coupon.denomination_fen)
    if coupon.most_diners:
        face = f"{coupon.most_diners}x{short(coupon.denomination_fen // coupon.most_diners)}"
    own = f" ({_own_in_one_line(coupon.scope)})" if coupon.scope else ""
    return Clauses(f"{rate}{face} / {orders}{own}")


def _rate(rate: Rate) -> str:
    """20% of grade 1, at most 2000: `1:20%(2000)`"""
    return f"{rate.word}:{percent_text(rate.percent_bp)}({short(rate.cap_fen)})"


def _free(fields: dict[str, str], key: str) -> str:
    """The key, numbered when two runs of the pack have the same short name."""
    number = 2
    free = key
    while free in fields:
        free, number = f"{key} ({number})", number + 1
    return free


def described_scope(where: Scope) -> dict[str, str]:
    """Each key of a scope and its value as text; '': it sets no limit."""
    return {
        "channel": where.channel,
        **{
            key: ", ".join(sorted(getattr(where, key)))
            for key in ("districts", "industries", "sizes", "merchants", "exclude")
        },
        "hours": scope.format_hours(where),
        "weekdays": scope.format_weekdays(where),
        "registration": where.registration,
        "goods": details.shown_goods(where.goods),
        "exclude_goods": ", ".join(sorted(where.exclude_goods)),
        "units": "" if where.units is None else str(where.units),
        "delivered_to": ", ".join(sorted(where.delivered_to)),
        "serial": where.serial,
        "not_beside": ", ".join(sorted(where.not_beside)),
        "any_of": Clauses(" | ".join(_in_one_line(each) for each in where.any_of)),
    }


def _in_one_line(where: Scope) -> str:
    """One scope of several, as a template writes it."""
    return _listed({key: said for key, said in described_scope(where).items() if key in OF_ONE})


def _own_in_one_line(where: Scope) -> str:
    """What one voucher has of its own."""
    said = described_scope(where)
    del said["registration"]  # the pack's
    return _listed({key: value for key, value in said.items() if (key, value) != ANY_CHANNEL})


def _listed(said: dict[str, str]) -> str:
    return Clauses("; ".join(f"{key}: {value}" for key, value in said.items() if value))


def changes(before: Template, after: Template) -> tuple[tuple[str, str | None, str | None], ...]:
    """(field, before, after) of every field that differs; None: it is not there."""
    one, other = described(before), described(after)
    return tuple(
        (key, one.get(key), other.get(key))
        for key in {**one, **other}
        if one.get(key) != other.get(key)
    )


# ---------------------------------------------------------------- its validity in words

EXAMPLE = "2020-03-27 10:00"  # a claim, where the template names no instant
MEANINGS = {
    "days": "Valid {days} days after the claim, at the hour of the claim.",
    "hours": "Valid {hours} hours after the claim, to the second.",
    "claim": "Valid {days} calendar days to 24:00, of which the day of claim is the first.",
    "day_after_claim": "Valid {days} calendar days to 24:00, of which the day after the claim is"
    " the first.",
    "opening": "Valid {days} calendar days to 24:00, of which the day on which the round opens is"
    " the first, whenever it was claimed.",
    "until": "Valid until {until}, whenever it was claimed.",
    "month": "Valid to the end of the month of the claim.",
    "stated": "Valid until the end that the platform's file states of each claim (its column"
    " expires_at).",
    "at_once": "Used at the till in the moment of the claim: the payment makes the claim.",
}


def validity_in_words(validity: Validity) -> tuple[str, dict[str, Any]]:
    """What a validity means, as a template of words and what fills it."""
    kind = (
        "until"
        if validity.until
        else "month"
        if validity.is_month
        else "at_once"
        if validity.is_at_once
        else "stated"
        if validity.is_stated
        else "hours"
        if validity.hours
        else validity.counts_from or "days"
    )
    days = validity.days or validity.whole_days
    return MEANINGS[kind], {"days": days, "hours": validity.hours, "until": validity.until}


class Example(NamedTuple):
    """A claim that shows a validity, in UTC seconds; `opened_at` only where the end hangs on it."""

    claimed_at: int
    usable_at: int
    ends_at: int
    opened_at: int | None


def example_of_validity(template: Template, zone: str) -> Example:
    """A claim three days before the last end where there is one, else of 27 March 2020; where days
    count from the opening, up to two days after it.
    """
    end = template.validity.last_end
    claimed_at = (
        times.parse(EXAMPLE, zone)
        if end is None
        else times.add_days(times.parse(end, zone), -3, zone) + 10 * AN_HOUR
    )
    opened_at = None
    if template.validity.counts_from == OPENING:
        days = min(template.validity.whole_days or 1, 3) - 1
        opened_at = times.add_days(claimed_at, -days, zone)
        template = of_round(template, opened_at)
    return Example(
        claimed_at,
        usable_at(template, claimed_at, zone),
        expires_at(template, claimed_at, zone),
        opened_at,
    )


# ---------------------------------------------------------------- its floor


def floor_leverage(template: Template, kinds: Mapping[str, str]) -> str | None:
    """The least that G can be when the whole pack is used, two decimals: the least bases on which
    its vouchers pay their denominations / the public part of these. Five 40-10 that the public pays
    alone can never show less than 4.00. None where the public pays nothing.
    """
    least = sum(full_base_fen(coupon) for coupon in template.coupons)
    public = sum(
        parts(coupon.denomination_fen, template.funding, kinds).public_fen
        for coupon in template.coupons
    )
    return money.ratio(least, public)


# ---------------------------------------------------------------- what to know before using it

LAST_MINUTE = re.compile(r"(\d+-\d+-\d+)[ T]23:59(:59|:00)?(?![\d:])")
UTC = "UTC"  # two written instants are in the same order in every zone
WECHAT_DAYS = 90
WECHAT_NAME = 9


def _last_seconds(validity: Validity) -> Iterator[Fault]:
    """Notes on ends that are written as the last minute or second of a day, as officials write the
    whole of it: an end is the first moment that is too late.
    """
    for key, end in (("until", validity.until), ("no_later_than", validity.no_later_than)):
        if written := LAST_MINUTE.match(end or ""):
            yield Fault(
                ("validity", key),
                "last_second_left_out",
                "a payment at {offending} or later is too late: the day is not there to its end",
                'where the notice means the whole day write "{day}", or "{day} 24:00"',
                {"offending": end, "day": written[1]},
            )


def _never_usable(validity: Validity) -> Iterator[Fault]:
    """A note on vouchers that end before they begin, whenever they are claimed."""
    begin, end = validity.not_before, validity.last_end
    if begin == DAY_AFTER:
        is_useless = validity.whole_days == 1 and validity.counts_from == "claim"
    else:
        is_useless = bool(begin and end) and times.parse(begin or "", UTC) >= times.parse(
            end or "", UTC
        )
    if is_useless:
        yield Fault(
            ("validity", "not_before"),
            "never_usable",
            "a voucher could be used from {offending} on, and it ends before: it could never be"
            " used",
            "write an earlier not_before, or a later end",
            {"offending": begin},
        )


def cautions(template: Template, kinds: Mapping[str, str]) -> tuple[Fault, ...]:
    """What is lawful here but should be known: limits of payment platforms, figures that say
    nothing, assumptions. `kinds`: funder -> public, platform or merchant.
    """
    notes: list[Fault] = []
    validity = template.validity
    days = validity.days or validity.whole_days
    if days is not None and days > WECHAT_DAYS:
        notes.append(
            Fault(
                ("validity", "days_after_claim" if validity.days else "days"),
                "wechat_window",
                "{offending} days: WeChat Pay takes vouchers of at most {most} days",
                "write {most} or less for a WeChat round",
                {"offending": days, "most": WECHAT_DAYS},
            )
        )
    notes += (*_last_seconds(validity), *_never_usable(validity))
    if len(template.name.zh) > WECHAT_NAME:
        notes.append(
            Fault(
                ("name", "zh"),
                "wechat_name",
                "{offending} has {count} characters: WeChat Pay shows at most {most}",
                "shorten the Chinese name for a WeChat round",
                {
                    "offending": template.name.zh,
                    "count": len(template.name.zh),
                    "most": WECHAT_NAME,
                },
            )
        )
    rates = {
        coupon.percent_bp: number
        for number, (coupon, _) in enumerate(lines(template))
        if coupon.percent_bp
    }
    public = public_bp(template, kinds)
    for rate, number in rates.items() if public else ():
        notes.append(
            Fault(
                ("coupons", number),
                "gross_by_construction",
                "a voucher of {percent} off has a gross leverage of at least {gross} by"
                " definition: the figure shows no effect",
                "",
                {"percent": percent_text(rate), "gross": money.ratio(WHOLE_BP**2, rate * public)},
            )
        )
    if template.assumption:
        notes.append(
            Fault(
                ("assumption",),
                "assumption",
                "assumption: {offending}",
                "",
                {"offending": template.assumption},
            )
        )
    return (*notes, *clauses.cautions(template.not_enforced))
