"""The split of a subsidy among its funders by the rules, computed once for each amount."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from vouchercli.rules.subsidy import parts as law
from vouchercli.store import claims, programmes, redemptions, templates
from vouchercli.store.redemptions import Change, Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.intake.kinds import Intake


def splitter(intake: Intake) -> Callable[[int, int], Split]:
    """The function (round_id, amount_fen) -> its split: public and platform shares by funder, and
    the match.
    """
    kinds = intake.rules.kinds
    funder_ids = {
        row["funder"]: row["funder_id"]
        for row in programmes.funders(intake.db, intake.programme_id)
    }
    packs = {
        row["round_id"]: templates.value(row)
        for row in claims.templates_of_rounds(intake.db, intake.programme_id)
    }

    @cache
    def split(round_id: int, amount_fen: int) -> Split:
        pack = packs[round_id]
        parts = law(amount_fen, pack.funding, kinds, pack.match)
        by_funder = {funder_ids[funder]: fen for funder, fen in parts.by_funder}
        matched_by: dict[int, int] = {}
        if pack.match:
            own = sum(fen for funder, fen in parts.by_funder if kinds[funder] == "merchant")
            matched = funder_ids[pack.match.funder]
            matched_by[matched] = parts.match_fen - own
            by_funder[matched] = by_funder.get(matched, 0) + matched_by[matched]
        return Split(parts.public_fen, parts.platform_fen, parts.match_fen, by_funder, matched_by)

    return split


class Shares:
    """The splits of payments and refunds during one import: the law is asked once for each
    change.
    """

    def __init__(self, intake: Intake) -> None:
        self._db, self._split = intake.db, splitter(intake)
        self._known: dict[Change, tuple[int, Split]] = {}
        self.by_number: dict[int, Split] = {}

    def splits_of(self, changes: list[Change]) -> list[tuple[int, Split]]:
        """(split_id, split) of each change of a subsidy; new ones are kept."""
        new = redemptions.splits(
            self._db,
            [change for change in dict.fromkeys(changes) if change not in self._known],
            self._split,
        )
        self._known.update(new)
        self.by_number.update(new.values())
        return [self._known[change] for change in changes]
