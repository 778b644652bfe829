"""The till of the demo: every payment and refund is written as a line of a file."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.demo import clock
from vouchercli.ops.demo.clock import DAY, DAYS
from vouchercli.rules import money

if TYPE_CHECKING:
    from random import Random

    from vouchercli.ops.demo.claims import Granted
    from vouchercli.ops.demo.merchants import Merchant, Shops

HEADER = (
    "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,"
    "order_amount,merchant_discount,subsidy,refund_of"
)
VISITS_A_DAY = 2  # vouchers a resident may use at one merchant on one local day
DISCOUNTED = 0.12  # so many orders carry a merchant's own discount, of 1 to 12 per cent


class Paid(NamedTuple):
    """One payment, with what its refund must repeat."""

    number: str
    what: str
    amounts: str


@dataclass
class Till:
    """Numbers never repeat, and nobody uses a third voucher at one shop on one day. `ring`: the
    residents who take their vouchers to the same few shops, and which these are.
    """

    rng: Random
    town: list[Merchant]
    ring: dict[int, tuple[int, ...]] = field(default_factory=dict)
    rows: list[tuple[int, int, str]] = field(default_factory=list)  # moment, serial, line
    visits: dict[int, int] = field(default_factory=dict)

    def pay(
        self,
        moment: int,
        granted: Granted,
        voucher: int,
        merchant: int,
        shops: Shops,
        base_fen: int,
    ) -> Paid:
        """Ring up one payment at `merchant`, or at another of `shops` when the resident was there
        twice today.

        `voucher` is the claim's position x the pack's coupons + the coupon's position; `base_fen`
        is after discounts.
        """
        coupons = granted.round.coupons
        position, coupon = divmod(voucher, len(coupons))
        resident, day = granted.residents[position], moment // DAY
        own = self.ring.get(resident)
        merchant = self._visit(resident, own[day % len(own)] if own else merchant, day, shops)
        chance = self.rng.random()
        discount = int(base_fen * (chance + 0.01) / 100) * 100 if chance < DISCOUNTED else 0
        order, subsidy = base_fen + discount, coupons[coupon].subsidy(base_fen)
        what = f"{granted.numbers[position]},{coupon + 1},{self.town[merchant].number}"
        amounts = ",".join(map(money.yuan, (order, discount, subsidy)))
        return Paid(self._write(moment, "pay", what, amounts), what, amounts)

    def refund(self, moment: int, paid: Paid) -> None:
        """Ring up the full refund of a payment."""
        self._write(moment, "refund", paid.what, paid.amounts, paid.number)

    def _visit(self, resident: int, merchant: int, day: int, shops: Shops) -> int:
        """The merchant where the limit still allows a voucher; the visit is counted."""
        while (
            visit_count := self.visits.get(
                visit := (resident * len(self.town) + merchant) * DAYS + day, 0
            )
        ) >= VISITS_A_DAY:
            merchant = shops.pick(self.rng, 1)[0]
        self.visits[visit] = visit_count + 1
        return merchant

    def _write(self, moment: int, kind: str, what: str, amounts: str, refund_of: str = "") -> str:
        serial = len(self.rows)
        day, second = divmod(moment, DAY)
        date = clock.days()[day]
        number = f"99{date[:4]}{date[5:7]}{date[8:]}{serial:018d}"
        line = f"{number},{kind},{what},{date} {clock.clocks()[second]},{amounts},{refund_of}"
        self.rows.append((moment, serial, line))
        return number

    def files(self, ends: list[int]) -> list[str]:
        """The rows in order of time, cut into files after each of `ends`; what comes later is a
        last file.
        """
        rows = sorted(self.rows)
        cuts = [bisect_right(rows, (end, len(rows), "")) for end in ends]
        lines = [row[2] for row in rows]
        return [
            "\n".join((HEADER, *lines[low:high], ""))
            for low, high in zip([0, *cuts], [*cuts, len(rows)], strict=True)
        ]
