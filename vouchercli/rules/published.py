"""What others printed about a programme."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import money

if TYPE_CHECKING:
    from vouchercli.rules.values import Node

RATIO = r"[0-9]+(\.[0-9]*)?"
KEYS = (
    *("what", "as_of", "rounds", "issued", "subsidy", "base", "gross", "own", "source"),
    *("lost", "days_to_payment"),
)


class Published(NamedTuple):
    """What others printed, never mixed with our figures. `as_of_at` None: the source gives no
    moment; no `rounds`: all. `lost_fen`: what was lost in redeeming; `days_to_payment`: how long
    merchants waited for their money.
    """

    what: str
    as_of_at: int | None
    rounds: tuple[str, ...]
    issued_fen: int | None
    subsidy_fen: int | None
    base_fen: int | None
    gross: str | None
    own: str | None
    source: str
    lost_fen: int | None = None
    days_to_payment: int | None = None


def read(node: Node, zone: str) -> Published:
    """One figure of the list `published` of a programme's document."""
    part = node.fields(KEYS)
    figures = Published(
        what=part["what"].text(),
        as_of_at=part["as_of"].moment(zone, end_of_day=True),
        rounds=part["rounds"].codes(),
        issued_fen=part["issued"].yuan(None),
        subsidy_fen=part["subsidy"].yuan(None),
        base_fen=part["base"].yuan(None),
        gross=_ratio(part["gross"]),
        own=_ratio(part["own"]),
        source=part["source"].text(),
        lost_fen=part["lost"].yuan(None),
        days_to_payment=part["days_to_payment"].whole(0) or None,
    )
    if figures.gross and figures.subsidy_fen and figures.base_fen is not None:
        digits = len(figures.gross.partition(".")[2])
        ours = ratio_to(figures.base_fen, figures.subsidy_fen, digits)
        if ours != figures.gross:
            part["gross"].fault(
                "published_gross_differs",
                "gross {offending} is not base / subsidy = {ours}",
                "check the three figures against the source",
                ours=ours,
            )
    return figures


def _ratio(node: Node) -> str | None:
    """A printed ratio, as text: its decimals are part of what was published."""
    if node.is_missing:
        return None
    if node.scalar and re.fullmatch(RATIO, node.scalar):
        return node.scalar
    node.fault(
        "bad_ratio",
        "{offending} is not a ratio",
        'write it in quotes as it was printed, like "13.24"',
    )
    return None


def ratio_to(numerator: int, denominator: int, digits: int) -> str:
    """numerator / denominator half up with as many decimals as asked: 0 decimals has no point;
    denominator > 0.
    """
    if digits == 0:
        return str(money.half_up(numerator, denominator))
    return money.ratio(numerator, denominator, digits) or ""
