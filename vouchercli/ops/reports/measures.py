"""The figures of reports, each defined once: its heading, what it is counted in, what it means, and
how it is made of what is known under a key. Source of the formulas: `rules.leverage`.
"""

from __future__ import annotations

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
    """A figure: its key in JSON, its heading, what its values are, what it means, and how it is
    made (None: by its own report alone) of what it `needs`.
    """

    key: str
    measure: str
    kind: Kind
    meaning: str
    of: Callable[[Found], Any] | None = None
    needs: Need = "sums"
    line: Line | None = None
    optional: bool = False  # on a screen left out where it is nought

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return UNITS[self.kind]

    def column(
        self, label: str = "", where: tuple[Rendering, ...] = EVERYWHERE, key: str = ""
    ) -> Column:
        """Its column; `label` is a heading that fits a table better than its own."""
        words = label or self.measure
        return Column(key or self.key, words, self.kind, optional=self.optional, where=where)

    def size(self, found: Found) -> int:
        """What rows are sorted by; a ratio that there is not comes last."""
        if self.line is not None:
            return law.fine_ratio(self.line.top(found), self.line.bottom(found))
        assert self.of is not None
        return int(self.of(found))


UNITS = {
    "fen": Word("yuan"),
    "int": Word("a number"),
    "ratio": Word("ratio"),
    "rate": Word("share"),
}


def _per_subsidy(formula: str, top: Callable[[Found], int]) -> Line:
    return Line(top, lambda found: found.sums.public_fen, formula)


def _of_claimed(rate: Callable[[Sums, Claimed], str | None]) -> Callable[[Found], str | None]:
    return lambda found: rate(found.sums, found.claimed) if found.claimed else None


def _claims(found: Found) -> Claimed:
    return found.claimed or Claimed()


def _uptake(found: Found) -> Uptake:
    assert found.uptake is not None
    return found.uptake


# In the order in which JSON has them.
MEASURES = (
    Measure(
        "redemptions",
        Word("Redemptions"),
        "int",
        Word("payments with a voucher that stand: one that was refunded in full does not count"),
        lambda found: found.sums.vouchers,
    ),
    Measure(
        "base_fen",
        Word("Base spend"),
        "fen",
        Word("what these orders came to after the merchants' own discounts, net of refunds"),
        lambda found: found.sums.base_fen,
    ),
    Measure(
        "subsidy_fen",
        Word("Subsidy"),
        "fen",
        Word("what public funders paid of the vouchers, net of what refunds gave back"),
        lambda found: found.sums.public_fen,
    ),
    Measure(
        "platform_fen",
        Word("Platform paid"),
        "fen",
        Word("what platforms paid of them"),
        lambda found: found.sums.platform_fen,
        optional=True,
    ),
    Measure(
        "match_fen",
        Word("Match"),
        "fen",
        Word("what merchants gave: their match, and their shares of vouchers"),
        lambda found: found.sums.match_fen,
        optional=True,
    ),
    Measure(
        "own_fen",
        Word("Own"),
        "fen",
        Word("what consumers paid themselves: base - subsidy - platform - match"),
        lambda found: found.sums.own_fen,
    ),
    Measure(
        "gross",
        Word("G"),
        "ratio",
        Word(
            "gross leverage = base / subsidy: order value of payments that used a voucher, per yuan"
            " of public subsidy; not new consumption"
        ),
        lambda found: found.sums.gross,
        line=_per_subsidy(Word("base / subsidy"), lambda found: found.sums.base_fen),
    ),
    Measure(
        "own_spend",
        Word("N"),
        "ratio",
        Word("own-spend leverage = own / subsidy; G - 1 where only the treasury pays"),
        lambda found: found.sums.own_spend,
        line=_per_subsidy(
            Word("(base - subsidy - platform - match) / subsidy"), lambda found: found.sums.own_fen
        ),
    ),
    Measure(
        "floor",
        Word("Floor"),
        "ratio",
        Word("floor leverage = least orders / subsidy: what G cannot fall below by the rules"),
        lambda found: found.sums.floor,
        line=_per_subsidy(Word("least orders / subsidy"), lambda found: found.sums.floor_fen),
    ),
    Measure(
        "all_funders",
        Word("All-funder leverage"),
        "ratio",
        Word("base / (subsidy + platform + match): order value per yuan of whoever gave it"),
        lambda found: found.sums.all_funders,
        line=Line(
            lambda found: found.sums.base_fen,
            lambda found: found.sums.given_fen,
            Word("base / (subsidy + platform + match)"),
        ),
    ),
    Measure(
        "gross_of_floor",
        Word("G / floor"),
        "ratio",
        Word("how far orders go beyond what the rules ask for"),
        lambda found: found.sums.gross_of_floor,
    ),
    Measure(
        "claimed",
        Word("Claimed"),
        "int",
        Word("packs that residents have claimed"),
        lambda found: _claims(found).packs,
        "claimed",
    ),
    Measure(
        "claim_rate",
        Word("Claim rate"),
        "rate",
        Word("packs claimed / packs of the round"),
        lambda found: law.rate(_claims(found).packs, _uptake(found).about.packs),
        "uptake",
    ),
    Measure(
        "used_of_claimed",
        Word("By count"),
        "rate",
        Word("vouchers used / vouchers claimed"),
        _of_claimed(law.used_of_claimed),
        "claimed",
        Line(lambda found: found.sums.vouchers, lambda found: _claims(found).vouchers, kind="int"),
    ),
    Measure(
        "claimed_vouchers",
        Word("Vouchers claimed"),
        "int",
        Word("the vouchers of claimed packs"),
        lambda found: found.claimed and found.claimed.vouchers,
        "claimed",
    ),
    Measure(
        "paid_of_claimed",
        Word("By amount"),
        "rate",
        Word("paid by vouchers (all funders) / face claimed"),
        _of_claimed(law.paid_of_claimed),
        "claimed",
        Line(lambda found: found.sums.paid_fen, lambda found: _claims(found).face_fen),
    ),
    Measure(
        "paid_fen",
        Word("Paid by vouchers"),
        "fen",
        Word("what all funders paid together"),
        lambda found: found.sums.paid_fen,
    ),
    Measure(
        "claimed_face_fen",
        Word("Face claimed"),
        "fen",
        Word("their denominations; of a percentage its cap"),
        lambda found: found.claimed and found.claimed.face_fen,
        "claimed",
    ),
    Measure(
        "stays_fen",
        Word("Without a sale"),
        "fen",
        Word("public subsidy that stays with merchants though its order was refunded"),
        lambda found: found.sums.stays_fen,
        optional=True,
    ),
    Measure(
        "paid_of_quota",
        Word("Of quota"),
        "rate",
        Word("paid by vouchers / packs x pack value, claimed or not"),
        lambda found: law.paid_of_quota(found.sums, found.quota_fen),
        "uptake",
        Line(lambda found: found.sums.paid_fen, lambda found: found.quota_fen),
    ),
    Measure(
        "users_of_claimers",
        Word("By person"),
        "rate",
        Word("residents who used a voucher / residents who claimed a pack"),
        lambda found: law.rate(_uptake(found).users, _uptake(found).claimers),
        "uptake",
    ),
    Measure(
        "outstanding_fen",
        Word("Outstanding"),
        "fen",
        Word("face of claimed vouchers that are neither used nor expired"),
        lambda found: _uptake(found).outstanding_fen,
        "uptake",
    ),
    Measure(
        "expired_fen",
        Word("Expired"),
        "fen",
        Word("face of claimed vouchers that expired unused"),
        lambda found: (
            _claims(found).face_fen - found.sums.face_fen - _uptake(found).outstanding_fen
        ),
        "uptake",
    ),
    Measure(
        "sell_out_seconds",
        Word("Seconds"),
        "int",
        Word("from the opening to the claim of the last pack"),
        lambda found: (
            None
            if (at := _uptake(found).sold_out_at) is None
            else at - _uptake(found).about.opens_at
        ),
        "uptake",
    ),
    Measure(
        "breaches",
        Word("Rule breaches"),
        "int",
        Word("claims that were rejected because they broke the rules of issue"),
        lambda found: _uptake(found).breaches,
        "uptake",
    ),
    Measure(
        "with_payments",
        Word("With payments"),
        "int",
        Word("merchants with a payment that stands"),
    ),
    Measure(
        "share",
        Word("Share of subsidy"),
        "rate",
        Word("of the subsidy of all rows"),
        lambda found: law.rate(found.sums.public_fen, found.whole.public_fen),
        "whole",
    ),
    Measure(
        "gini",
        Word("Gini"),
        "ratio",
        Word("0 where all with payments got the same, near 1 where one got all"),
    ),
    Measure(
        "merchants",
        Word("Merchants paid"),
        "int",
        Word("merchants with more payments under the heading than refunds undid; in all each once"),
        lambda found: found.merchants.paid,
        "merchants",
    ),
    Measure(
        "sized_merchants",
        Word("Of stated size"),
        "int",
        Word("those of them whose size the registry stated when they were paid"),
        lambda found: found.merchants.sized,
        "merchants",
    ),
    Measure(
        "small_merchants",
        Word("Small and micro"),
        "int",
        Word("those of them that were small, micro or self-employed when they were paid"),
        lambda found: found.merchants.small if found.merchants.sized else None,
        "merchants",
    ),
    Measure(
        "small_share",
        Word("Small share"),
        "rate",
        Word("small and micro merchants / merchants paid of stated size"),
        lambda found: law.rate(found.merchants.small, found.merchants.sized),
        "merchants",
    ),
    Measure(
        "redemptions_so_far",
        Word("Redemptions so far"),
        "int",
        Word("redemptions from the first day of the report to the end of the row"),
        lambda found: found.so_far.vouchers,
        "so_far",
    ),
    Measure(
        "base_so_far_fen",
        Word("Base so far"),
        "fen",
        Word("base spend from the first day of the report to the end of the row"),
        lambda found: found.so_far.base_fen,
        "so_far",
    ),
    Measure(
        "subsidy_so_far_fen",
        Word("Subsidy so far"),
        "fen",
        Word("subsidy from the first day of the report to the end of the row"),
        lambda found: found.so_far.public_fen,
        "so_far",
    ),
    Measure(
        "gross_so_far",
        Word("G so far"),
        "ratio",
        Word("base so far / subsidy so far"),
        lambda found: found.so_far.gross,
        "so_far",
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
MEANINGS = {each.key: each.meaning for each in MEASURES}


def columns(*keys: str, where: tuple[Rendering, ...] = EVERYWHERE) -> tuple[Column, ...]:
    """The columns of measures."""
    return tuple(BY_KEY[key].column(where=where) for key in keys)


def figures(found: Found, keys: Iterable[str]) -> dict[str, Any]:
    """The values of measures, by key."""
    made = ((key, BY_KEY[key].of) for key in keys)
    return {key: of(found) for key, of in made if of is not None}
