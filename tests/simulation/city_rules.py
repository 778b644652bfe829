"""What the city's office decided, and from when: packs, rounds, limits, merchants. Amounts in fen,
times in UTC seconds; nothing of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

# What becomes of the voucher and of its money: a full refund in time, a full one after the voucher
# expired, and one in part.
POLICIES = {
    "full_restores": {"full": "restores", "partial": "share"},
    "restores_once": {"full": "once", "partial": "refused"},
    "forfeits": {"partial": "share"},
    "pro_rata": {"full": "share", "late": "share", "partial": "share"},
}
DAY = 86_400
EAST = 8 * 3_600  # the city's clocks are so far ahead of UTC

Steps = tuple[tuple[int, int | None], ...]  # (from then on, so many; None: no limit)


class Pack(NamedTuple):
    """A version of the card pack; `funders`: (name, per cent)."""

    version: int
    days: int
    coupons: tuple[tuple[int, int], ...]
    funders: tuple[tuple[str, int], ...]


class Round(NamedTuple):
    code: str
    opens_at: int
    closes_at: int
    packs: int
    pack: Pack
    each: int  # packs that one resident may have of it
    pauses: tuple[tuple[int, int | None], ...] = ()
    is_by_lot: bool = False
    granted: tuple[tuple[str, ...], ...] | None = None  # claims of those who won; None: not drawn
    later_ends: tuple[tuple[int, int], ...] = ()  # of its vouchers: decided then, until then

    def ends_at(self, claimed_at: int, known_at: int | None = None) -> int:
        """When a voucher claimed then ends, by what was decided at that moment (None: ever)."""
        later = [until for at, until in self.later_ends if known_at is None or at <= known_at]
        return max(claimed_at + self.pack.days * DAY, *later, 0)


class Suspension(NamedTuple):
    begins: int
    ends: int | None
    is_by_file: bool  # as missing in a registry, which a registry may end


@dataclass
class Rules:
    """All that is in force, and what was."""

    policy: str
    packs: list[Pack]
    merchants: dict[str, list[Suspension]]
    accounts: dict[str, str] = field(default_factory=dict)  # of merchants; '': it has none
    rounds: list[Round] = field(default_factory=list)
    person: Steps = ((0, None),)  # packs of a resident in the whole programme
    visit: Steps = ((0, None),)  # vouchers of a resident at one merchant on one day

    def round(self, code: str) -> Round | None:
        return next((each for each in self.rounds if each.code == code), None)

    def is_suspended(self, merchant: str, at: int) -> bool:
        return any(
            each.begins <= at and (each.ends is None or at < each.ends)
            for each in self.merchants[merchant]
        )

    def end_suspension(self, merchant: str, at: int) -> None:
        spans = self.merchants[merchant]
        spans[-1] = spans[-1]._replace(ends=at)

    def limit(self, at: int, *, person: int | None, visit: int | None) -> None:
        """Other limits from then on: of a day only from the next midnight, so that no day has two."""
        self.person = change(self.person, at, person)
        midnight = -(-(at + EAST) // DAY) * DAY - EAST  # or now, when it is midnight
        self.visit = change(self.visit, midnight, visit)


def day_of(at: int) -> int:
    """The local day of a moment."""
    return (at + EAST) // DAY


def at(steps: Steps, moment: int) -> int | None:
    """What was in force then; what was known first holds from the beginning."""
    return [most for begins, most in steps if begins <= moment][-1]


def change(steps: Steps, begins: int, most: int | None) -> Steps:
    """Another limit from then on, in place of all that was to hold later."""
    return (*(step for step in steps if step[0] < begins), (begins, most))


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def split(pack: Pack, amount_fen: int) -> dict[str, int]:
    """An amount among the funders: each share half up, the last takes the rest."""
    shares, left = {}, amount_fen
    for name, per_cent in pack.funders[:-1]:
        shares[name] = half_up(amount_fen * per_cent, 100)
        left -= shares[name]
    return {**shares, pack.funders[-1][0]: left}
