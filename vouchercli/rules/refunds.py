"""What becomes of a voucher and of its money when an order is refunded: two answers in three cases,
or one of four presets that name usual ones.

The cases: `full` (the whole order, while the voucher would still be valid), `late` (the whole
order, after that), `partial` (less than the whole order, at any time). Where a notice says nothing
about the money, the money of a preset is our assumption: no subsidy without a sale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from vouchercli.rules.money import half_up

if TYPE_CHECKING:
    from vouchercli.rules.values import Node

Case = Literal["full", "late", "partial"]

VOUCHER = ("restores", "restores_once", "forfeits", "refused")
MONEY = ("returns", "pro_rata", "stays", "refused")


class Answers(NamedTuple):
    """One answer for each case."""

    full: str
    late: str
    partial: str


@dataclass(frozen=True)
class RefundPolicy:
    """`voucher`: restores (with its old expiry), restores_once, forfeits or refused. `money`:
    returns (all that is kept), pro_rata, stays (with the merchant, as subsidy without a sale) or
    refused. `preset` is the name it was written by, if it was.
    """

    voucher: Answers
    money: Answers
    preset: str = field(default="", compare=False)

    def refuses(self, case: Case) -> bool:
        """Whether the programme does not take such a refund."""
        return "refused" in (getattr(self.voucher, case), getattr(self.money, case))

    @property
    def document(self) -> str | dict[str, dict[str, str]]:
        """As a programme's file says it: the preset, or the answers."""
        return self.preset or {
            "voucher": self.voucher._asdict(),
            "money": self.money._asdict(),
        }


RETURNS = Answers("returns", "returns", "pro_rata")
FORFEITS = Answers("forfeits", "forfeits", "forfeits")
PRESETS = {
    policy.preset: policy
    for policy in (
        RefundPolicy(FORFEITS._replace(full="restores"), RETURNS, "full_restores"),
        RefundPolicy(Answers("restores_once", "forfeits", "refused"), RETURNS, "restores_once"),
        RefundPolicy(FORFEITS, RETURNS, "forfeits"),
        RefundPolicy(FORFEITS, Answers("pro_rata", "pro_rata", "pro_rata"), "pro_rata"),
    )
}
# What is not written is as in this one.
USUAL = PRESETS["full_restores"]


def read(node: Node) -> RefundPolicy:
    """The policy of a programme's document: the name of a preset, or the answers."""
    if not isinstance(node.value, dict):
        return PRESETS[node.choice(tuple(PRESETS), USUAL.preset)]
    part = node.fields(("voucher", "money"))
    return RefundPolicy(
        _answers(part["voucher"], VOUCHER, USUAL.voucher),
        _answers(part["money"], MONEY, USUAL.money),
    )


def _answers(node: Node, choices: tuple[str, ...], usual: Answers) -> Answers:
    part = node.fields(Answers._fields)
    return Answers(*(part[case].choice(choices, getattr(usual, case)) for case in Answers._fields))


def case_of(*, is_full: bool, paid_at: int, expires_at: int) -> Case:
    """Which case a refund made at `paid_at` is."""
    if not is_full:
        return "partial"
    return "full" if paid_at < expires_at else "late"


def refusal(case: Case) -> str:
    """The reject code of a refund that the policy refuses: full_refund, late_refund,
    partial_refund.
    """
    return f"{case}_refund"


def restores(policy: RefundPolicy, case: Case, *, was_restored: bool) -> bool:
    """Whether such a refund gives the voucher back; `was_restored`: one of it did before."""
    answer = getattr(policy.voucher, case)
    return not policy.refuses(case) and (
        answer == "restores" or (answer == "restores_once" and not was_restored)
    )


def share_fen(
    base_fen: int, subsidy_fen: int, left_fen: int, kept_fen: int, refund_fen: int
) -> int:
    """The part of a payment's subsidy that belongs to what this refund takes of its base: in
    proportion, half up over all its refunds together, so that nothing is left of it when nothing is
    left of the sale. All amounts in fen; `left_fen` and `kept_fen` are those before the refund.
    """
    if refund_fen >= left_fen:
        return kept_fen
    refunded = base_fen - left_fen + refund_fen
    return min(
        max(half_up(subsidy_fen * refunded, base_fen) - (subsidy_fen - kept_fen), 0), kept_fen
    )


def taken_fen(
    money: str, base_fen: int, subsidy_fen: int, left_fen: int, kept_fen: int, refund_fen: int
) -> int:
    """What such a refund takes of the subsidy that is kept, by the policy's answer for its money:
    all of it (returns), else its share. All amounts in fen, as in `share_fen`.
    """
    if money == "returns":
        return kept_fen
    return share_fen(base_fen, subsidy_fen, left_fen, kept_fen, refund_fen)


def least_base_fen(least_fen: int, base_fen: int, left_fen: int) -> int:
    """The least base of what is left of a payment: it shrinks with the base, rounded down."""
    return least_fen * left_fen // base_fen if base_fen else 0
