"""What claims, payments, refunds, undo and retry move in the ledger: per funder, account and day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS, PAYMENTS, ask

from vouchercli.ops.intake import by_columns
from vouchercli.rules import templates
from vouchercli.rules.commitments import pack_parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Voucher = Callable[..., Any]

# A pack of two 10.00 coupons: 50 % treasury, 30 % bank (both watched), 20 % alipay (unwatched);
# the shops match half of it.
PACK_FEN = {"treasury": 1_000, "bank": 600, "alipay": 400, "shops": 1_000}
CLAIM, USE = ("committed", "outstanding"), ("outstanding", "payable")
BACK = {CLAIM: CLAIM[::-1], USE: USE[::-1]}


@pytest.fixture(params=[False, True], ids=["row by row", "by columns"])
def town(voucher: Voucher, monkeypatch: pytest.MonkeyPatch, request: Any) -> Voucher:
    """r1 has ten packs, three of them claimed on the 27th; nothing is paid."""
    if request.param:
        pytest.importorskip("polars")
    monkeypatch.setattr(by_columns, "BYTES", 0 if request.param else 1 << 30)
    towns.build(
        voucher,
        towns.programme(
            funds={
                "treasury": "1000.00",
                "bank": "500.00",
                "alipay": "platform",
                "shops": "merchant",
            },
            refunds="full_restores",
            clock={"jump": "90 days"},
        ),
        towns.pack(
            "pack",
            towns.coupon("10", "40", 2),
            funding={"treasury": "50%", "bank": "30%", "alipay": "20%"},
            match={"shops": "50%"},
        ),
        merchants="merchant_no,name\nM1,one\n",
    )
    towns.make_round(voucher, "r1", packs=10, state="open", closes=towns.CLOSES)
    rows = (f"C{n},r1,res{n},2020-03-27 09:00:0{n}" for n in (1, 2, 3))
    bring(voucher, "claim", "claims.csv", CLAIMS, *rows)
    return voucher


def bring(voucher: Voucher, kind: str, name: str, head: str, *rows: str, expect: int = 0) -> int:
    """Import rows; the number of their batch."""
    towns.write(name, head + "".join(f"{row}\n" for row in rows))
    return int(voucher(kind, "import", name, "-o", "json", expect=expect).data["batch"])


def pay(number: str, claim: str, coupon: int = 1, at: str = "2020-03-28 10:00:00") -> str:
    return f"{number},pay,{claim},{coupon},M1,{at},50,0,10,"


def refund(number: str, claim: str, of: str, at: str = "2020-03-29 10:00:00") -> str:
    return f"{number},refund,{claim},1,M1,{at},50,0,10,{of}"


def posted(here: Path, batch: int | None) -> set[tuple[Any, ...]]:
    """What moved for a batch: why, funder, way, day, fen."""
    rows = ask(
        here,
        "SELECT why, funder, from_account, to_account, day, postings.amount_fen FROM postings JOIN funders"
        " USING (funder_id) WHERE batch_id IS ? AND round_id = 1",
        batch,
    )
    return {(why, funder, (out_of, into), day, fen) for why, funder, out_of, into, day, fen in rows}


def each(why: str, way: tuple[str, str], day: int, packs: float) -> set[tuple[Any, ...]]:
    """The postings of that many packs."""
    return {(why, funder, way, day, int(packs * fen)) for funder, fen in PACK_FEN.items()}


def balances(here: Path) -> dict[str, tuple[int, int, int]]:
    """Of round r1: committed, outstanding, payable by funder."""
    rows = ask(
        here,
        "SELECT funder, committed_fen, outstanding_fen, payable_fen FROM balances JOIN funders"
        " USING (funder_id) WHERE round_id = 1",
    )
    return {funder: (unclaimed, unused, unpaid) for funder, unclaimed, unused, unpaid in rows}


def of_packs(committed: float, outstanding: float, payable: float) -> dict[str, tuple[int, ...]]:
    return {
        funder: tuple(int(packs * fen) for packs in (committed, outstanding, payable))
        for funder, fen in PACK_FEN.items()
    }


def test_an_unwatched_funder_commits_what_it_promises_straight_away(
    town: Voucher, here: Path
) -> None:
    ways = {
        (funder, way, fen) for why, funder, way, _, fen in posted(here, None) if "approve" in why
    }
    assert ways == {
        ("treasury", ("uncommitted", "committed"), 10_000),
        ("bank", ("uncommitted", "committed"), 6_000),
        ("alipay", ("appropriated", "committed"), 4_000),
        ("shops", ("appropriated", "committed"), 10_000),
    }
    town("check")


def test_claims_and_payments_move_money_by_funder_and_day(town: Voucher, here: Path) -> None:
    assert posted(here, 2) == each("claims.import", CLAIM, 20200327, 3)
    assert balances(here) == of_packs(7, 3, 0)
    rows = (pay("T1", "C1"), pay("T2", "C2"), pay("T3", "C1", 2, "2020-03-29 11:00:00"))
    batch = bring(town, "redemption", "paid.csv", PAYMENTS, *rows)
    # a voucher is half a pack
    assert posted(here, batch) == each("redemptions.import", USE, 20200328, 1) | each(
        "redemptions.import", USE, 20200329, 0.5
    )
    assert balances(here) == of_packs(7, 1.5, 1.5)
    town("check")


def test_a_refund_moves_money_back_on_its_own_day(town: Voucher, here: Path) -> None:
    bring(town, "redemption", "paid.csv", PAYMENTS, pay("T1", "C1"))
    batch = bring(town, "redemption", "back.csv", PAYMENTS, refund("F1", "C1", "T1"))
    assert posted(here, batch) == each("redemptions.import", BACK[USE], 20200329, 0.5)
    assert balances(here) == of_packs(7, 3, 0)
    town("check")


def test_an_undo_posts_the_way_back_and_deletes_nothing(town: Voucher, here: Path) -> None:
    batch = bring(town, "redemption", "paid.csv", PAYMENTS, pay("T1", "C1"))
    came = posted(here, batch)
    town("batch", "undo", str(batch), "--yes")
    assert posted(here, batch) == came | each("redemptions.undo", BACK[USE], 20200328, 0.5)
    assert balances(here) == of_packs(7, 3, 0)
    town("batch", "undo", "2", "--yes")
    assert each("claims.undo", BACK[CLAIM], 20200327, 3) <= posted(here, 2)
    assert balances(here) == of_packs(10, 0, 0)
    town("check")


def test_a_retry_posts_what_it_takes_in(town: Voucher, here: Path) -> None:
    batch = bring(town, "redemption", "paid.csv", PAYMENTS, pay("T4", "C4"), expect=4)
    assert posted(here, batch) == set()
    bring(town, "claim", "more.csv", CLAIMS, "C4,r1,res4,2020-03-28 09:00:00")
    town("batch", "retry", str(batch), expect=None)
    moved = {row[1:] for row in posted(here, batch)}
    assert moved == {row[1:] for row in each("", USE, 20200328, 0.5)}
    assert balances(here) == of_packs(6, 3.5, 0.5)
    town("check")


def test_what_is_unused_goes_back_account_by_account(town: Voucher, here: Path) -> None:
    bring(town, "redemption", "paid.csv", PAYMENTS, pay("T1", "C1"))
    town("schedule", "tick", "--now", "2020-03-29 08:00")  # claiming is over
    rounds = balances(here)
    assert [rounds[name] for name in ("treasury", "bank")] == [(0, 2_500, 500), (0, 1_500, 300)]
    town("check")
    town("schedule", "tick", "--now", "2020-04-10 08:00")  # all vouchers have expired
    rounds = balances(here)
    assert [rounds[name] for name in ("treasury", "bank")] == [(0, 0, 500), (0, 0, 300)]
    town("check")


# ---------------------------------------------------------------- what a pack can cost


@pytest.mark.parametrize(
    ("funding", "coupon", "parts"),
    [
        ({"a": "50%", "b": "50%"}, {"kind": "amount_off", "denomination": "10.00"}, (500, 500)),
        # of 0.11 yuan 50 % is 5.5 fen: rounded up for the first, the last takes the rest
        (
            {"a": "50%", "b": "25%", "c": "25%"},
            {"kind": "amount_off", "denomination": "10.00"},
            (500, 250, 250),
        ),
    ],
)
def test_a_pack_costs_each_funder_its_share_of_the_face(
    funding: dict[str, str], coupon: dict[str, str], parts: tuple[int, ...]
) -> None:
    assert _parts(funding, coupon) == dict(zip(funding, parts, strict=True))


def test_of_three_funders_the_last_may_have_more_of_a_lower_percentage() -> None:
    """Up to 10.00, in thirds but for the rest: what any bill can cost each is covered."""
    funding = {"a": "33.33%", "b": "33.33%", "c": "33.34%"}
    coupon = {"kind": "percent_off", "percent": "10", "threshold": "50.00", "cap": "10.00"}
    parts = _parts(funding, coupon)
    bps = (3_333, 3_333, 3_334)
    most = [0, 0, 0]
    for subsidy in range(1_001):
        shares = [(2 * subsidy * bp + 10_000) // 20_000 for bp in bps[:-1]]
        for place, fen in enumerate((*shares, subsidy - sum(shares))):
            most[place] = max(most[place], fen)
    assert list(parts.values()) == most


def _parts(funding: dict[str, str], coupon: dict[str, Any]) -> dict[str, int]:
    document = towns.pack("p", {"count": 1, "threshold": "40.00"} | coupon, funding=funding)
    template, faults = templates.read(document)
    assert template, faults
    return dict(pack_parts(template))
