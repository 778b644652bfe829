"""Planted cities and small hand-made payments, as the measures of `risk scan` read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import planted_city

from vouchercli.ops.risk import measures, scans
from vouchercli.ops.risk.columns import Payments, narrow
from vouchercli.ops.risk.look import Given
from vouchercli.rules import risk
from vouchercli.store.risk_facts import Merchant

if TYPE_CHECKING:
    from vouchercli.ops.risk.measures import Scanned
    from vouchercli.rules.risk import Terms

OFFSET = 8 * 3_600


class Score(NamedTuple):
    """Rings that were found, of how many; merchants of rings that are candidates, of how many; and
    honest ones that are.
    """

    rings: int
    of_rings: int
    guilty: int
    of_guilty: int
    honest: int

    @property
    def precision(self) -> float:
        return self.guilty / max(self.guilty + self.honest, 1)

    @property
    def recall(self) -> float:
        return self.rings / self.of_rings


def look_at(
    columns: dict[str, Any], shops: list[Merchant], terms: Terms = risk.USUAL, **more: Any
) -> Scanned:
    """The look of a scan at these columns; those that are missing say nothing."""
    size = len(columns["merchant"])
    usual = {
        "redemption": np.arange(1, size + 1),
        "resident": np.arange(size),
        "claim": np.arange(size) * 3,
        "paid_at": np.arange(size) * 7_200,
        "base": np.arange(size) % 50 * 200 + 4_100,
        "threshold": np.full(size, 4_000),
        "refunded": np.zeros(size, bool),
        "late": np.zeros(size, bool),
        "person": np.full(size, -1),
    }
    given = usual | columns
    given.pop("subsidy", None)
    order = np.lexsort((given["paid_at"], given["merchant"]))
    given = {
        name: column[order] if column.dtype == bool else narrow(column[order])
        for name, column in given.items()
    }
    place = given.pop("merchant")
    names = (
        "resident",
        "claim",
        "paid_at",
        "base",
        "threshold",
        "refunded",
        "late",
        "person",
    )
    payments = Payments(given["redemption"], place, *(given[name] for name in names), shops, 0)
    return measures.Scanned(payments, terms, OFFSET, Given(**more))


def _scanned(city: planted_city.City) -> Any:
    """What a scan would say of each merchant, by its number (`store.findings.New`)."""
    shops = [
        Merchant(each.merchant, f"M{each.merchant}", each.industry, each.district, each.size, 0, 0)
        for each in city.shops
    ]
    look = look_at(dict(city.columns), shops)
    return scans._findings(look, scans._look(look))


def found(city: planted_city.City) -> dict[int, list[str]]:
    """The rules that point at each merchant of a planted city."""
    return {each.merchant_id: [why.rule for why in each.reasons] for each in _scanned(city)}


def candidates(city: planted_city.City) -> set[int]:
    """The merchants of a planted city that a scan would call candidates."""
    return {each.merchant_id for each in _scanned(city) if each.is_candidate}


def score(kind: str, seeds: range, rings: int = 6, **size: Any) -> Score:
    """What is found in cities with rings of that kind, one for each seed."""
    total = Score(0, 0, 0, 0, 0)
    for seed in seeds:
        city = planted_city.make(seed, kind=kind, rings=rings, **size)
        found = candidates(city)
        caught = sum(any(shop in found for shop in ring.shops) for ring in city.rings)
        guilty = city.guilty
        this = Score(caught, len(city.rings), len(found & guilty), len(guilty), len(found - guilty))
        total = Score(*(a + b for a, b in zip(total, this, strict=True)))
    return total
