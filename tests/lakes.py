"""A synthetic town whose days are sealed, for lakes: two public funders and a platform, late rows,
refunds, corrections of payments and of a claim.
"""

from __future__ import annotations

from typing import Any

import towns
from test_corrections import settle
from test_days import MEI, STAFF, claims, close, payments

SHOPS = (
    "merchant_no,name,district,industry,size,brand,designated_size\n"
    "M1,one,上城区,餐饮,small,,below\nM2,two,西湖区,零售,large,世纪联华,above\n"
)
FUNDED = {"treasury": "60%", "district": "20%", "alipay": "20%"}
FIRST, DAY, LAST = "2020-03-27", "2020-03-28", "2020-04-01"


def build(voucher: Any) -> None:
    """Round r1 of 6 packs of two 40-10; 27 and 28 March are sealed."""
    funders = {
        "treasury": {"kind": "public", "amount": "5000.00"},
        "district": {"kind": "public", "amount": "5000.00"},
        "alipay": {"kind": "platform"},
    }
    towns.build(
        voucher,
        towns.programme(staff=STAFF, clock={"jump": "90 days"}, funders=funders),
        towns.pack(
            "pack",
            towns.coupon("10", "40", 2),
            validity={"days_after_claim": 7},
            funding=FUNDED,
        ),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=6, state="open", closes=towns.CLOSES)
    claims(
        voucher,
        "c.csv",
        "C1 P1 2020-03-27 09:00",
        "C2 P2 2020-03-27 09:01",
        "C3 P3 2020-03-28 09:00",
    )
    payments(
        voucher,
        "p.csv",
        "T1 C1 1 2020-03-27 10:00",
        "T2 C1 2 2020-03-28 10:00",
        "T3 C2 1 2020-03-28 11:00",
        "R3 C2 1 2020-03-28 12:00 T3",
        "T5 C3 1 2020-03-30 12:00",
    )
    close(voucher, DAY)


def go_on(voucher: Any) -> None:
    """Late rows, a late refund, a payment and two claims corrected; open until `seal`."""
    claims(voucher, "c2.csv", "C4 P4 2020-03-27 12:00", "C5 P5 2020-03-28 12:00")
    towns.write(
        "late.csv",
        towns.PAYMENTS + "T6,pay,C4,1,M2,2020-03-27 13:00,60,0,10,\n"
        "R2,refund,C1,2,M1,2020-03-28 13:00,50,0,10,T2\n"
        "T7,pay,C2,1,M2,2020-03-28 14:00,70,0,10,\n",
    )
    voucher("redemption", "import", "late.csv", *MEI)
    settle(voucher, "redemption", "T1", "--amount", "90", "--merchant", "M2")
    settle(voucher, "claim", "C3", "--claimed-at", "2020-03-27 21:00")
    settle(voucher, "claim", "C5", "--reverse")


def export(voucher: Any, *more: str, **ran: Any) -> Any:
    return voucher("lake", "export", "lake", "--city", "330100", "-o", "json", *more, **ran)
