"""Reason codes and the keys of a template's file in words, for Chinese readers. Programs and
English readers get them as they are written.
"""

from __future__ import annotations

import re

from vouchercli.cli.language import language, t
from vouchercli.rules import deeds

# what a template's file has -> the label of the same thing elsewhere
WORDS = {
    "name.zh": "name",
    "name.en": "name (en)",
    "validity.days_after_claim": "validity.days_after_claim",
    "validity.until": "validity.until",
    "validity.calendar_month": "validity.calendar_month",
    "validity.at_once": "validity.at_once",
    "validity.hours_after_claim": "validity.hours_after_claim",
    "validity.days": "validity.days",
    "validity.from": "validity.from",
    "validity.no_later_than": "validity.no_later_than",
    "validity.not_before": "validity.not_before",
    "claim": "from the day of claim",
    "day_after_claim": "from the day after the claim",
    "opening": "from the day of the opening",
    "scope.channel": "channel",
    "scope.districts": "district",
    "scope.industries": "industry",
    "scope.sizes": "size",
    "scope.merchants": "merchant",
    "scope.exclude": "scope.exclude",
    "scope.goods": "scope.goods",
    "scope.exclude_goods": "scope.exclude_goods",
    "scope.units": "scope.units",
    "scope.delivered_to": "scope.delivered_to",
    "scope.serial": "scope.serial",
    "scope.not_beside": "scope.not_beside",
    "once": "once",
    "scope.any_of": "scope.any_of",
    "scope.hours": "scope.hours",
    "scope.weekdays": "weekday",
    "scope.registration": "scope.registration",
    "kind": "kind of pack",
    "source": "source",
    "assumption": "assumption",
    "not_enforced": "not enforced",
    "offline": "offline",
    "online": "online",
    "any": "any",
    **{day: day for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    "true": "yes",
    "open": "any",  # scope.registration
    "required": "registered",
}
FORMS = {
    r"(?P<goods>\S+) \(grade (?P<grade>[^)]+)\) \((?P<most>\d+) a resident\)": (
        "{goods} (grade {grade}) ({most} a resident)"
    ),
    r"(?P<goods>\S+) \((?P<most>\d+) a resident\)": "{goods} ({most} a resident)",
    r"(?P<goods>\S+) \(grade (?P<grade>[^)]+)\)": "{goods} (grade {grade})",
    r"coupons (?P<coupon>.+)": "coupons {coupon}",
    r"funding\.(?P<funder>.+)": "funding.{funder}",
    r"match\.(?P<funder>.+)": "match.{funder}",
    r"(?P<count>\d+) x (?P<off>[\d.]+) / (?P<least>[\d.]+)": "{count} x {off} / {least}",
    r"(?P<count>\d+) x (?P<off>\S+) <= (?P<cap>\S+) / (?P<least>\S+)": (
        "{count} x {off} <= {cap} / {least}"
    ),
}


def code(text: str) -> str:
    """A reason code: in Chinese its words, then the code."""
    words = t(text)
    return text if words == text else f"{words} {text}"


def deed(text: str) -> str:
    """An action of the log: its words, then its code; of an unknown one the code."""
    said = deeds.in_words(text)
    if said is None:
        return text
    words = t(said.text, said.params)
    return f"{words} {text}" if language() == "zh" else f"{words} ({text})"


def entry(text: str) -> str:
    """A key or a value of a template's file, one or several with commas between; data stays as it
    is.
    """
    return ", ".join(map(_in_words, text.split(", "))) if language() == "zh" else text


def _in_words(text: str) -> str:
    for form, template in FORMS.items():
        if parts := re.fullmatch(form, text):
            return t(template, parts.groupdict())
    return t(WORDS[text]) if text in WORDS else text
