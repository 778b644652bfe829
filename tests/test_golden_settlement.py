"""A published trade-in batch, rebuilt from synthetic lines with its sums: held by reason, settled,
paid, and everything to the fen (tests/cases/golden.yaml, trade_in_settlement_2025).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import towns
from test_golden import GOLDEN, fen
from test_settlements import LIN, MEI, PAYERS, STAFF, WU

from vouchercli.rules.settlements import HOLD_REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED = GOLDEN["trade_in_settlement_2025"]
CLASSES = {"appliances": ("1500.00", "A"), "digital": ("500.00", "D")}
PAID_ON = date(2025, 12, 15)  # a Monday
DAYS = PUBLISHED["days_from_request_to_payment_notice"]
FIRST, LAST = (PAID_ON - timedelta(days=DAYS[name]) for name in ("first", "last"))
NOW = ("--now", "2025-12-12 09:00")
OTHERS = (
    "in_settlement_fen",
    "not_settled_fen",
    "debts_fen",
    "repaid_fen",
    "written_off_fen",
)
HELD = """
SELECT count(*) FROM holds h JOIN redemption_facts f USING (redemption_id)
JOIN rounds r USING (round_id) WHERE r.round = ?
"""
BOOKED = """
SELECT count(*), count(DISTINCT merchant_id), sum(subsidy_fen) FROM redemption_facts
JOIN rounds r USING (round_id) WHERE r.round = ?
"""


class Batch(NamedTuple):
    """One class of the batch, in fen."""

    merchants: int
    held_claims: int
    held_fen: int
    paid_claims: int
    paid_fen: int

    @property
    def claims(self) -> int:
        return self.held_claims + self.paid_claims

    @property
    def amount_fen(self) -> int:
        return self.held_fen + self.paid_fen


def published(part: int) -> dict[str, Batch]:
    """The batch, or one part of so many: a smaller one that is quickly built."""
    return {
        name: Batch(
            max(PUBLISHED[name]["merchants"] // part, 1),
            max(PUBLISHED[name]["held_claims"] // part, 1),
            fen(PUBLISHED[name]["held"]) // part,
            PUBLISHED[name]["paid_claims"] // part,
            fen(PUBLISHED[name]["paid"]) // part,
        )
        for name in CLASSES
    }


def spread(total_fen: int, count: int) -> list[int]:
    """So many synthetic amounts with that sum: one above the mean for each below it."""
    mean, rest = divmod(total_fen, count)
    amounts = [mean + (place < rest) for place in range(count)]
    for place in range(0, count - 1, 2):
        more = place * 37 % 9_000
        amounts[place] += more
        amounts[place + 1] -= more
    assert sum(amounts) == total_fen
    return amounts


def lines(name: str, batch: Batch) -> Iterator[tuple[str, str, date, int, bool]]:
    """(number, merchant, day, subsidy in fen, whether it is held) of every claim of a class."""
    letter = CLASSES[name][1]
    held = spread(batch.held_fen, batch.held_claims)
    paid = spread(batch.paid_fen, batch.paid_claims)
    span = (LAST - FIRST).days
    for place, amount in enumerate([*paid, *held]):
        day = FIRST + timedelta(days=place % (span + 1))
        merchant = f"{letter}{place % batch.merchants + 1}"
        yield f"{letter}-{place + 1}", merchant, day, amount, place >= len(paid)


def build(voucher: Any, batches: dict[str, Batch]) -> None:
    shops = "merchant_no,name,size,account_name,account_no,bank\n"
    for name, (_, letter) in CLASSES.items():
        for number in range(1, batches[name].merchants + 1):
            account = f"62284800{ord(letter)}{number:09}"
            shops += (
                f"{letter}{number},synthetic {number},,合成{letter}{number},{account},合成银行\n"
            )
    packs = [
        towns.pack(
            name,
            {
                "count": 1,
                "kind": "percent_off",
                "percent": "15",
                "threshold": "0.01",
                "cap": cap,
            },
            validity={"days_after_claim": 30},
        )
        for name, (cap, _) in CLASSES.items()
    ]
    programme = towns.programme(
        funds={"treasury": "50000000.00"}, staff=STAFF, clock={"jump": "4000 days"}
    )
    towns.build(voucher, programme, *packs, merchants=shops)
    towns.write("payers.yaml", PAYERS)
    for name in CLASSES:
        towns.make_round(
            voucher,
            name,
            template=name,
            packs=batches[name].claims,
            state="open",
            opens=f"{FIRST} 00:00",
            closes=f"{LAST + timedelta(days=1)} 00:00",
        )


def spend(voucher: Any, batches: dict[str, Batch]) -> None:
    claims, payments = [towns.CLAIMS], [towns.PAYMENTS]
    holds = ["transaction_no,reason,evidence,date\n"]
    for name in CLASSES:
        for place, (number, merchant, day, amount, is_held) in enumerate(
            lines(name, batches[name])
        ):
            claims.append(f"C{number},{name},R{number},{day} 08:00\n")
            order = (amount * 100 + 7) // 15
            payments.append(
                f"T{number},pay,C{number},1,{merchant},{day} 10:00,{order / 100:.2f},0,"
                f"{amount / 100:.2f},\n"
            )
            if is_held:
                reason = HOLD_REASONS[place % len(HOLD_REASONS)]
                holds.append(f"T{number},{reason},synthetic list,{day}\n")
    for name, texts in (("claims", claims), ("payments", payments), ("holds", holds)):
        towns.write(f"{name}.csv", "".join(texts))
    voucher("claim", "import", "claims.csv", *MEI, *NOW)
    voucher("redemption", "import", "payments.csv", *MEI, *NOW)


def settle(voucher: Any, number: int, up_to: date) -> None:
    """Settled, approved, sent to the bank and paid."""
    one = str(number)
    voucher("settlement", "run", "--up-to", str(up_to), *MEI, *NOW)
    voucher("settlement", "verify", one, "--note", "agrees", *MEI, *NOW)
    voucher("settlement", "approve", one, *LIN, *NOW)
    export = ("settlement", "export", one, "--bank", "voucher", "--to", f"{one}.csv", *WU)
    voucher(*export, *NOW)
    paid = ("settlement", "paid", "--settlement", one, "--reference", f"B{one}")
    voucher(*paid, "--on", str(PAID_ON), *WU, "--now", f"{PAID_ON} 17:00")


@pytest.mark.parametrize("part", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_the_published_batch_comes_out_to_the_fen(voucher: Any, here: Any, part: int) -> None:
    batches = published(part)
    build(voucher, batches)
    spend(voucher, batches)
    voucher("day", "close", str(LAST), *MEI, *NOW)
    voucher("day", "sign", str(LAST), *WU, *NOW)
    made = voucher("settlement", "hold", "--file", "holds.csv", "-o", "json", *MEI, *NOW).data
    held_fen = sum(batch.held_fen for batch in batches.values())
    held = sum(batch.held_claims for batch in batches.values())
    assert (made["total"]["holds"], made["total"]["amount_fen"]) == (held, held_fen)
    settle(voucher, 1, FIRST)
    settle(voucher, 2, LAST)
    found = voucher("report", "settlement", "-o", "json", "--now", f"{PAID_ON} 18:00").data
    assert {row["round"]: row for row in found["by_round"]} == {
        name: {
            "funder": "treasury",
            "round": name,
            "booked_fen": batch.amount_fen,
            "paid_fen": batch.paid_fen,
            "held_fen": batch.held_fen,
            **dict.fromkeys(OTHERS, 0),
        }
        for name, batch in batches.items()
    }
    whole = found["days_to_payment_in_all"]
    assert (whole["least_days"], whole["most_days"]) == (DAYS["last"], DAYS["first"])
    assert whole["merchants"] == sum(batch.merchants for batch in batches.values())
    assert whole["amount_fen"] == sum(batch.paid_fen for batch in batches.values())
    assert found["held_in_all"]["amount_fen"] == held_fen
    assert {row["reason"] for row in found["held"]} == {*HOLD_REASONS}
    for name, batch in batches.items():
        assert towns.ask(".", HELD, name) == [(batch.held_claims,)]
        assert towns.ask(".", BOOKED, name) == [(batch.claims, batch.merchants, batch.amount_fen)]
    voucher("check")


def test_the_published_figures_agree_with_each_other() -> None:
    for name, batch in published(1).items():
        said = PUBLISHED[name]
        assert (batch.claims, batch.amount_fen) == (said["claims"], fen(said["amount"]))
        rows = [*lines(name, batch)]
        assert sum(row[3] for row in rows) == batch.amount_fen
        assert all(0 < row[3] <= fen(CLASSES[name][0]) for row in rows)
        assert len({row[1] for row in rows}) == batch.merchants
