"""The merchants of the demo: synthetic names, real districts, numbers with correct check digits; a
few merchants take most of the trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from vouchercli.rules.merchants import check_digit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

HEADER = (
    "merchant_no,name,uscc,district,industry,size,address,platform_no,account_name,account_no,bank"
)
SIZES = (("微型", 55), ("小型", 30), ("中型", 11), ("大型", 4))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Merchant:
    """A merchant, its line in the registry ('' when no registry lists it), and how much of the
    trade comes to it.
    """

    number: str
    line: str
    industry: str
    weight: float


@dataclass(frozen=True)
class Shops:
    """Where a round's vouchers may be spent: positions among the merchants, and their weights added
    up for `random.choices`.
    """

    positions: tuple[int, ...]
    weights: tuple[float, ...]

    def pick(self, rng: Random, count: int) -> list[int]:
        """`count` merchants' positions, each by its weight."""
        return rng.choices(self.positions, cum_weights=self.weights, k=count)


def create_town(
    rng: Random,
    count: int,
    division: str,
    districts: dict[str, float],
    industries: dict[str, float],
) -> list[Merchant]:
    """`count` merchants of a city (`division` is its GB/T 2260 code), shared out by the weights
    given.
    """
    district_of = rng.choices(list(districts), weights=list(districts.values()), k=count)
    industry_of = rng.choices(list(industries), weights=list(industries.values()), k=count)
    sizes = rng.choices(
        [size for size, _ in SIZES], weights=[weight for _, weight in SIZES], k=count
    )
    rank = list(range(count))
    rng.shuffle(rank)
    town = []
    for position in range(count):
        number = f"M{position + 1:05d}"
        line = (
            f"{number},合成商户{position + 1:04d},"
            f"{uscc(sizes[position] != '微型', division, position + 1)},{district_of[position]},"
            f"{industry_of[position]},{sizes[position]},"
            f"{district_of[position]}合成路{position + 1}号,SYN{position + 1:07d},"
            f"合成商户{position + 1:04d},{account(position + 1)},合成银行"
        )
        town.append(Merchant(number, line, industry_of[position], 1 / (rank[position] + 12)))
    return town


def unregistered(count: int) -> list[Merchant]:
    """Small shops that no registry lists: a round whose registration is open takes them all the
    same.
    """
    return [Merchant(f"S{position + 1:05d}", "", "", 1 / 1200) for position in range(count)]


def accounts_file(count: int, after: int) -> str:
    """The accounts that the unlisted shops hand in at last; `after`: how many accounts there are
    already.
    """
    lines = [
        f"S{place:05d},合成小店{place:04d},合成小店{place:04d},{account(after + place)},合成银行"
        for place in range(1, count + 1)
    ]
    return "\n".join(("merchant_no,name,account_name,account_no,bank", *lines, ""))


def registry(town: list[Merchant]) -> str:
    """The registry as a file."""
    return "\n".join((HEADER, *(merchant.line for merchant in town if merchant.line), ""))


def shops(
    town: list[Merchant], industries: Iterable[str] = (), *, registered_only: bool = True
) -> Shops:
    """The merchants of the registry, or those of the industries named; with `listed=False` the
    unlisted ones too.
    """
    wanted_industries = set(industries)
    inside = [
        (position, merchant.weight)
        for position, merchant in enumerate(town)
        if (merchant.line or not registered_only)
        and (not wanted_industries or merchant.industry in wanted_industries)
    ]
    return Shops(
        tuple(position for position, _ in inside), tuple(accumulate(weight for _, weight in inside))
    )


def uscc(is_company: bool, division: str, serial: int) -> str:
    """A unified social credit code (GB 32100-2015) with right check digits; an organisation code
    this low belongs to nobody.
    """
    body = ("91" if is_company else "92") + division + organisation_code(serial)
    return body + check_digit(body)


def account(serial: int) -> str:
    """An account number of 19 digits in the layout of a card, which no bank gives: its check digit
    (Luhn) is wrong.
    """
    body = f"999999{serial:012d}"
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(body, start=1))
    right = -sum(number // 10 + number % 10 for number in doubled) % 10
    return f"{body}{(right + 1) % 10}"


def organisation_code(serial: int) -> str:
    """Eight digits and their check digit (GB 11714-1997)."""
    digits = f"{serial:08d}"
    return digits + "0123456789X"[-sum(map(mul, ORGANISATION_WEIGHTS, map(int, digits))) % 11]
