"""The law of cases: why one is opened, what may be decided, and what the ladder suggests next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.rules.values import Node

# Why a case is opened, also what people complain of.
REASONS = (
    "brushing",
    "cash_out",
    "price_raised",
    "voucher_refused",
    "forced_sale",
    "false_goods",
    "resale",
    "refund_abuse",
    "other",
)
HOLDING = ("payments", "merchant", "none")
HOLD_REASON = "under_inquiry"  # of `settlement hold`
STATES = ("open", "decided", "closed")
# Steps of a ladder, from light to heavy; the others may stand beside any of them.
STEPS = ("warning", "suspension", "exclusion")
CLAW_BACK, POLICE = "claw_back", "police"
EXCLUSION, READMISSION = "exclusion", "readmission"
SANCTIONS = (*STEPS, CLAW_BACK, POLICE)
# Residents: an exclusion is from packs, until a readmission. Money is taken back from merchants, by
# cases of their own.
OF_RESIDENTS = ("warning", EXCLUSION, READMISSION, POLICE)
STEPS_OF_RESIDENTS = ("warning", EXCLUSION)
ALL = ("warning", "suspension", EXCLUSION, READMISSION, CLAW_BACK, POLICE)
STOPS = ("suspension", "exclusion")  # from their moment on the merchant takes no voucher
USUAL = ("warning", "suspension", "exclusion")


def read(node: Node) -> tuple[str, ...]:
    """`sanctions: [warning, warning, suspension, exclusion]`: what a merchant gets the first time,
    the second ...; behind the last step it stays. Nothing said: ().
    """
    return tuple(item.choice(STEPS) for item in node.items()) if not node.is_missing else ()


class Past(NamedTuple):
    """What a merchant was given before, and what the ladder suggests now."""

    counts: dict[str, int]
    next: str


def sanctions_of(subject: str) -> tuple[str, ...]:
    """What may be decided of a `merchant` or of `residents`."""
    return OF_RESIDENTS if subject == "residents" else SANCTIONS


def steps_of(subject: str) -> tuple[str, ...]:
    """The steps of their ladder, of which one is decided at a time."""
    return (*STEPS_OF_RESIDENTS, READMISSION) if subject == "residents" else STEPS


def ladder_of(subject: str, ladder: Sequence[str]) -> tuple[str, ...]:
    """What they get the first time, the second ...: a programme's ladder is for merchants."""
    return STEPS_OF_RESIDENTS if subject == "residents" else tuple(ladder)


def usual_holding(subject: str) -> str:
    """What is held where nobody says it: a merchant that took vouchers in good faith is owed its
    money whoever the buyer was.
    """
    return "none" if subject == "residents" else "payments"


def suggest(ladder: Sequence[str], counts: Mapping[str, int]) -> Past:
    """The step of a ladder (empty: the usual one) behind those that a merchant has had; `counts`:
    how many of each sanction.
    """
    steps = tuple(ladder) or USUAL
    had = sum(counts.get(each, 0) for each in STEPS)
    return Past(dict(counts), steps[min(had, len(steps) - 1)])
