"""The figures of reports, each defined once: its heading, what it is counted in, what it means, and
how it is made of what is known under a key. Source of the formulas: `rules.leverage`.
"""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter as of
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vouchercli.result import EVERYWHERE, Column, Word, say
from vouchercli.rules import leverage as law
from vouchercli.rules.leverage import NOTHING, Claimed, Sums
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vouchercli.result import Kind, Rendering
    from vouchercli.store.reports import Round

    Need = Literal["sums", "claimed", "merchants", "uptake", "whole", "so_far"]


class Uptake(NamedTuple):
    """How a round was taken up, beside its claims and payments (`breaches` None: nobody knows)."""

    about: Round
    sold_out_at: int | None
    users: int
    claimers: int
    outstanding_fen: int
    breaches: int | None


class Found(NamedTuple):
    """What is known under a key: its payments, what was claimed (None: it has no claims of its
    own), its merchants, the payments of all keys and of those up to it, the uptake of a round, the
    face of all packs.
    """

    sums: Sums = NOTHING
    claimed: Claimed | None = None
    merchants: Merchants = Merchants()
    whole: Sums = NOTHING
    so_far: Sums = NOTHING
    uptake: Uptake | None = None
    quota_fen: int = 0


class Line(NamedTuple):
    """What stands above and below the line of a ratio, both in words ('': as it is meant), and what
    both are counted in.
    """

    top: Callable[[Found], int]
    bottom: Callable[[Found], int]
    formula: str = ""
    kind: Kind = "fen"


class Measure(NamedTuple):
    """A figure: its key in JSON, its heading, what its values are, and how it is made (None: by its
    own report alone) of what it `needs`. An `optional` one is left out on a screen where it is
    nought.
    """

    key: str
    measure: str
    kind: Kind
    of: Callable[[Found], Any] | None = None
    needs: Need = "sums"
    optional: bool = False

    @property
    def meaning(self) -> str:
        """What it means."""
        return MEANINGS[self.key]

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return UNITS[self.kind]

    def column(self, label: str = "", where: tuple[Rendering, ...] = EVERYWHERE) -> Column:
        """Its column; `label` is a heading that fits a table better than its own."""
        return Column(
            self.key,
            label or self.measure,
            self.kind,
            optional=self.optional,
            where=where,
            meaning=self.meaning,
        )

    def size(self, found: Found) -> Decimal | int:
        """What rows are sorted by: a ratio to the last digit; what there is not comes last."""
        if self.key in LINES:
            return law.fine_ratio(LINES[self.key].top(found), LINES[self.key].bottom(found))
        value = self.of(found) if self.of else None
        return Decimal("-Infinity") if value is None else Decimal(value)


UNITS = {
    "fen": Word("yuan"),
    "int": Word("a number"),
    "ratio": Word("ratio"),
    "rate": Word("share"),
}
MEANINGS = {
    "redemptions": Word(
        "payments with a voucher that stand: one that was refunded in full does not count"
    ),
    "base_fen": Word(
        "what these orders came to after the merchants' own discounts, net of refunds"
    ),
    "subsidy_fen": Word("what public funders paid of the vouchers, net of what refunds gave back"),
    "platform_fen": Word("what platforms paid of them"),
    "match_fen": Word("what merchants gave: their match, and their shares of vouchers"),
    "own_fen": Word("what consumers paid themselves: base - subsidy - platform - match"),
    "gross": Word(
        "gross leverage = base / subsidy: order value of payments that used a voucher, per"
        " yuan of public subsidy; not new consumption"
    ),
    "own_spend": Word("own-spend leverage = own / subsidy; G - 1 where only the treasury pays"),
    "floor": Word("floor leverage = least orders / subsidy: what G cannot fall below by the rules"),
    "all_funders": Word(
        "base / (subsidy + platform + match): order value per yuan of whoever gave it"
    ),
    "gross_of_floor": Word("how far orders go beyond what the rules ask for"),
    "claimed": Word("packs that residents have claimed"),
    "claim_rate": Word("packs claimed / packs of the round"),
    "used_of_claimed": Word("vouchers used / vouchers claimed"),
    "claimed_vouchers": Word("the vouchers of claimed packs"),
    "paid_of_claimed": Word("paid by vouchers (all funders) / face claimed"),
    "paid_fen": Word("what all funders paid together"),
    "claimed_face_fen": Word("their denominations; of a percentage its cap"),
    "stays_fen": Word("public subsidy that stays with merchants though its order was refunded"),
    "paid_of_quota": Word("paid by vouchers / packs x pack value, claimed or not"),
    "users_of_claimers": Word("residents who used a voucher / residents who claimed a pack"),
    "outstanding_fen": Word("face of claimed vouchers that are neither used nor expired"),
    "expired_fen": Word("face of claimed vouchers that expired unused"),
    "sell_out_seconds": Word("from the opening to the claim of the last pack"),
    "breaches": Word("claims that were rejected because they broke the rules of issue"),
    "with_payments": Word("merchants with a payment that stands"),
    "share": Word("of the subsidy of all rows"),
    "gini": Word("0 where all with payments got the same, near 1 where one got all"),
    "merchants": Word(
        "merchants with more payments under the heading than refunds undid; in all each once"
    ),
    "sized_merchants": Word("those of them whose size the registry stated when they were paid"),
    "small_merchants": Word(
        "those of them that were small, micro or self-employed when they were paid"
    ),
    "small_share": Word("small and micro merchants / merchants paid of stated size"),
    "redemptions_so_far": Word(
        "redemptions from the first day of the report to the end of the row"
    ),
    "base_so_far_fen": Word("base spend from the first day of the report to the end of the row"),
    "subsidy_so_far_fen": Word("subsidy from the first day of the report to the end of the row"),
    "gross_so_far": Word("base so far / subsidy so far"),
    "orders": Word("payments with the coupon that were not refunded in full"),
    "share_of_orders": Word("orders of the line / all orders with the coupon"),
    "share_of_orders_so_far": Word("orders of the line and those above it / all of the coupon"),
}
# Ratios by what they are made of: rows are sorted by it, `report explain` shows it.
LINES = {
    "gross": Line(of("sums.base_fen"), of("sums.public_fen"), Word("base / subsidy")),
    "own_spend": Line(
        of("sums.own_fen"),
        of("sums.public_fen"),
        Word("(base - subsidy - platform - match) / subsidy"),
    ),
    "floor": Line(of("sums.floor_fen"), of("sums.public_fen"), Word("least orders / subsidy")),
    "all_funders": Line(
        of("sums.base_fen"), of("sums.given_fen"), Word("base / (subsidy + platform + match)")
    ),
    "used_of_claimed": Line(of("sums.vouchers"), of("claimed.vouchers"), kind="int"),
    "paid_of_claimed": Line(of("sums.paid_fen"), of("claimed.face_fen")),
    "paid_of_quota": Line(of("sums.paid_fen"), of("quota_fen")),
}


def _of_claimed(rate: Callable[[Sums, Claimed], str | None]) -> Callable[[Found], str | None]:
    return lambda found: rate(found.sums, found.claimed) if found.claimed else None


def _claim_rate(found: Found) -> str | None:
    assert found.claimed is not None and found.uptake is not None
    return law.rate(found.claimed.packs, found.uptake.about.packs)


def _expired_fen(found: Found) -> int:
    assert found.claimed is not None and found.uptake is not None
    return found.claimed.face_fen - found.sums.face_fen - found.uptake.outstanding_fen


def _sell_out_seconds(found: Found) -> int | None:
    assert found.uptake is not None
    at = found.uptake.sold_out_at
    return None if at is None else at - found.uptake.about.opens_at


# In the order in which JSON has them.
MEASURES = (
    Measure("redemptions", Word("Redemptions"), "int", of("sums.vouchers")),
    Measure("base_fen", Word("Base spend"), "fen", of("sums.base_fen")),
    Measure("subsidy_fen", Word("Subsidy"), "fen", of("sums.public_fen")),
    Measure("platform_fen", Word("Platform paid"), "fen", of("sums.platform_fen"), optional=True),
    Measure("match_fen", Word("Match"), "fen", of("sums.match_fen"), optional=True),
    Measure("own_fen", Word("Own"), "fen", of("sums.own_fen")),
    Measure("gross", Word("G"), "ratio", of("sums.gross")),
    Measure("own_spend", Word("N"), "ratio", of("sums.own_spend")),
    Measure("floor", Word("Floor"), "ratio", of("sums.floor")),
    Measure("all_funders", Word("All-funder leverage"), "ratio", of("sums.all_funders")),
    Measure("gross_of_floor", Word("G / floor"), "ratio", of("sums.gross_of_floor")),
    Measure("claimed", Word("Claimed"), "int", of("claimed.packs"), "claimed"),
    Measure("claim_rate", Word("Claim rate"), "rate", _claim_rate, "uptake"),
    Measure(
        "used_of_claimed", Word("By count"), "rate", _of_claimed(law.used_of_claimed), "claimed"
    ),
    Measure(
        "claimed_vouchers",
        Word("Vouchers claimed"),
        "int",
        lambda found: found.claimed and found.claimed.vouchers,
        "claimed",
    ),
    Measure(
        "paid_of_claimed", Word("By amount"), "rate", _of_claimed(law.paid_of_claimed), "claimed"
    ),
    Measure("paid_fen", Word("Paid by vouchers"), "fen", of("sums.paid_fen")),
    Measure(
        "claimed_face_fen",
        Word("Face claimed"),
        "fen",
        lambda found: found.claimed and found.claimed.face_fen,
        "claimed",
    ),
    Measure("stays_fen", Word("Without a sale"), "fen", of("sums.stays_fen"), optional=True),
    Measure(
        "paid_of_quota",
        Word("Of quota"),
        "rate",
        lambda found: law.paid_of_quota(found.sums, found.quota_fen),
        "uptake",
    ),
    Measure(
        "users_of_claimers",
        Word("By person"),
        "rate",
        lambda found: found.uptake and law.rate(found.uptake.users, found.uptake.claimers),
        "uptake",
    ),
    Measure("outstanding_fen", Word("Outstanding"), "fen", of("uptake.outstanding_fen"), "uptake"),
    Measure("expired_fen", Word("Expired"), "fen", _expired_fen, "uptake"),
    Measure("sell_out_seconds", Word("Seconds"), "int", _sell_out_seconds, "uptake"),
    Measure("breaches", Word("Rule breaches"), "int", of("uptake.breaches"), "uptake"),
    Measure("with_payments", Word("With payments"), "int"),
    Measure(
        "share",
        Word("Share of subsidy"),
        "rate",
        lambda found: law.rate(found.sums.public_fen, found.whole.public_fen),
        "whole",
    ),
    Measure("gini", Word("Gini"), "ratio"),
    Measure("merchants", Word("Merchants paid"), "int", of("merchants.paid"), "merchants"),
    Measure("sized_merchants", Word("Of stated size"), "int", of("merchants.sized"), "merchants"),
    Measure(
        "small_merchants",
        Word("Small and micro"),
        "int",
        lambda found: found.merchants.small if found.merchants.sized else None,
        "merchants",
    ),
    Measure(
        "small_share",
        Word("Small share"),
        "rate",
        lambda found: law.rate(found.merchants.small, found.merchants.sized),
        "merchants",
    ),
    Measure(
        "redemptions_so_far", Word("Redemptions so far"), "int", of("so_far.vouchers"), "so_far"
    ),
    Measure("base_so_far_fen", Word("Base so far"), "fen", of("so_far.base_fen"), "so_far"),
    Measure("subsidy_so_far_fen", Word("Subsidy so far"), "fen", of("so_far.public_fen"), "so_far"),
    Measure("gross_so_far", Word("G so far"), "ratio", of("so_far.gross"), "so_far"),
    Measure("orders", Word("Orders"), "int", of("sums.vouchers")),
    Measure(
        "share_of_orders",
        Word("Share of orders"),
        "rate",
        lambda found: law.rate(found.sums.vouchers, found.whole.vouchers),
    ),
    Measure(
        "share_of_orders_so_far",
        Word("Up to here"),
        "rate",
        lambda found: law.rate(found.so_far.vouchers, found.whole.vouchers),
    ),
)
# The three ratios as notes say them.
FORMULAS = (
    say(
        "G (gross) = base / subsidy: order value of payments that used a voucher, per yuan of"
        " public subsidy; not new consumption."
    ),
    say(
        "N (own-spend) = own / subsidy; own = base - subsidy - platform - match: what consumers"
        " paid themselves."
    ),
    say(
        "Floor = least orders / subsidy: the least that G can be by the vouchers' own rules. Totals"
        " are pooled, never averaged; all is net of refunds."
    ),
)
BY_KEY = {each.key: each for each in MEASURES}
assert set(MEANINGS) == set(BY_KEY)


def columns(*keys: str, where: tuple[Rendering, ...] = EVERYWHERE) -> tuple[Column, ...]:
    """The columns of measures."""
    return tuple(BY_KEY[key].column(where=where) for key in keys)


def figures(found: Found, keys: Iterable[str]) -> dict[str, Any]:
    """The values of measures, by key."""
    made = ((key, BY_KEY[key].of) for key in keys)
    return {key: make(found) for key, make in made if make is not None}
