"""Rounds of the demo and their claims: residents arrive in a rush that thins out, and the last pack
goes at a known second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli.ops.demo import clock

if TYPE_CHECKING:
    from random import Random

HEADER = "claim_no,round,resident,claimed_at"


@dataclass(frozen=True)
class Coupon:
    """One voucher of a pack, in fen; `percent` > 0: so much off, at most the denomination."""

    denomination: int
    threshold: int
    percent: int = 0

    def subsidy(self, base_fen: int) -> int:
        """What the voucher pays on an order: min(cap, percent x base, half up), or its
        denomination.
        """
        return (
            min(self.denomination, (base_fen * self.percent + 50) // 100)
            if self.percent
            else self.denomination
        )


@dataclass(frozen=True)
class Round:
    """One round as it is put up; moments in local seconds. `packs` is what the scale leaves of the
    real quota.
    """

    code: str
    packs: int
    opens: int
    sold_out_after: int
    coupons: tuple[Coupon, ...]
    valid_days: int = 7
    valid_until: int | None = None

    def expires(self, claimed: int) -> int:
        """When a voucher claimed then can no longer be used: so many days later, or at the fixed
        moment.
        """
        return (
            claimed + self.valid_days * clock.DAY if self.valid_until is None else self.valid_until
        )


@dataclass(frozen=True)
class Granted:
    """A round's claims, in order of time: their numbers, when, and which resident (a number below
    the population).
    """

    round: Round
    numbers: tuple[str, ...]
    claimed: tuple[int, ...]
    residents: tuple[int, ...]


def grant(rng: Random, put_up: Round, residents: range) -> Granted:
    """First come, first served until nothing is left: one pack a resident, many at once at first,
    the last at the very end.
    """
    lasts = put_up.sold_out_after
    arrivals = sorted(rng.random() for _ in range(put_up.packs - 1))
    seconds = [*(int(lasts * arrival * arrival) for arrival in arrivals), lasts]
    numbers = tuple(f"{put_up.code.upper()}-{position + 1:07d}" for position in range(put_up.packs))
    return Granted(
        put_up,
        numbers,
        tuple(put_up.opens + second for second in seconds),
        tuple(rng.sample(residents, put_up.packs)),
    )


def eligibility_list(granted: Granted, group: str) -> str:
    """An eligibility list of those who get a pack, as a file."""
    return "\n".join(
        (
            "resident,group",
            *(f"SYN-R{resident:07d},{group}" for resident in sorted(granted.residents)),
            "",
        )
    )


def claims_file(granted: Granted) -> str:
    """The round's claims as a file."""
    code = granted.round.code
    rows = (
        f"{number},{code},SYN-R{resident:07d},{clock.as_text(claimed)}"
        for number, claimed, resident in zip(
            granted.numbers, granted.claimed, granted.residents, strict=True
        )
    )
    return "\n".join((HEADER, *rows, ""))
