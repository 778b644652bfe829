"""Reason codes and the keys of a template's file as a Chinese reader sees them: in words. Programs
and English readers see them as they are written.
"""

from __future__ import annotations

import re

from vouchercli.cli.language import language, t

KEYS = (
    "name.zh",
    "name.en",
    "validity.days_after_claim",
    "validity.until",
    "validity.calendar_month",
    "scope.channel",
    "scope.districts",
    "scope.industries",
    "scope.sizes",
    "scope.merchants",
    "scope.exclude",
    "scope.hours",
    "scope.weekdays",
    "scope.registration",
    "source",
    "assumption",
)
# the written form, and the template that words it
FIELDS = (
    (re.compile(r"coupons (?P<coupon>.+)"), "coupons {coupon}"),
    (re.compile(r"funding\.(?P<funder>.+)"), "funding.{funder}"),
    (re.compile(r"match\.(?P<funder>.+)"), "match.{funder}"),
)
ENTRIES = (
    (
        re.compile(r"(?P<count>\d+) x (?P<off>[\d.]+) / (?P<threshold>[\d.]+)"),
        "{count} x {off} / {threshold}",
    ),
    (
        re.compile(r"(?P<count>\d+) x (?P<off>\S+) <= (?P<cap>[\d.]+) / (?P<threshold>[\d.]+)"),
        "{count} x {off} <= {cap} / {threshold}",
    ),
)
WORDS = {
    "offline": "offline",
    "online": "online",
    "any": "any",
    "true": "yes",
    "open": "any",  # scope.registration
    "required": "registered",
}


def code(text: str) -> str:
    """A reason code: in Chinese its words, then the code."""
    words = t(text)
    return text if words == text else f"{words} {text}"


def field(text: str) -> str:
    """The keys of a template's file, one or several with commas between."""
    if language() != "zh":
        return text
    return "、".join(
        _worded(key, FIELDS) or (t(key) if key in KEYS else key) for key in text.split(", ")
    )


def entry(text: str) -> str:
    """What stands under such a key; data stays as it is."""
    if language() != "zh":
        return text
    return _worded(text, ENTRIES) or (t(WORDS[text]) if text in WORDS else text)


def _worded(text: str, forms: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for form, template in forms:
        if parts := form.fullmatch(text):
            return t(template, parts.groupdict())
    return ""
