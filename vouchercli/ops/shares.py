"""Who pays a subsidy: the law's split of an amount on a round, kept once for each amount."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from vouchercli.rules.subsidy import parts as law
from vouchercli.store import claims, programmes, redemptions, templates
from vouchercli.store.redemptions import Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.desks import Desk


def splitter(desk: Desk) -> Callable[[int, int], Split]:
    """The function (round_id, amount_fen) -> its split: public and platform shares by funder, and the match."""
    assert desk.programme is not None
    kinds = programmes.value(desk.programme).kinds
    funder_ids = {row["funder"]: row["funder_id"] for row in programmes.funders(desk.db, desk.programme_id)}
    packs = {row["round_id"]: templates.value(row) for row in claims.templates_of_rounds(desk.db, desk.programme_id)}

    @cache
    def split(round_id: int, amount_fen: int) -> Split:
        pack = packs[round_id]
        found = law(amount_fen, pack.funding, kinds, pack.match_bp)
        by_funder = {funder_ids[funder]: fen for funder, fen in found.by_funder}
        if pack.match:
            own = sum(fen for funder, fen in found.by_funder if kinds[funder] == "merchant")
            matched = funder_ids[pack.match.funder]
            by_funder[matched] = by_funder.get(matched, 0) + found.match_fen - own
        return Split(found.public_fen, found.platform_fen, found.match_fen, by_funder)

    return split


class Shares:
    """The splits of payments during one import: each amount is asked of the law once."""

    def __init__(self, desk: Desk) -> None:
        self._db, self._split = desk.db, splitter(desk)
        self._known: dict[tuple[int, int], tuple[int, Split]] = {}

    def of_payment(self, round_id: int, subsidy_fen: int) -> tuple[int, Split]:
        """(split_id, split) of a payment's subsidy; a new one is kept."""
        key = (round_id, subsidy_fen)
        if key not in self._known:
            self._known[key] = redemptions.split_id(self._db, round_id, 0, subsidy_fen, self._split), self._split(round_id, subsidy_fen)
        return self._known[key]
