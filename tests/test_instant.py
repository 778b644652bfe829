"""An instant discount at the till: the payment makes its claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import towns
from test_schedule import MERCHANTS, approve_round, land, tick
from towns import ask

from vouchercli.formats.configs import profiles
from vouchercli.ops.intake import by_columns
from vouchercli.rules import packs, templates, times

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    Voucher = Callable[..., Ran]

HEAD = "transaction_no,kind,round,resident,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\n"
PACK = towns.pack("pack", towns.coupon("20.00", "100.00", 1)) | {"validity": "at_once"}
AT = times.parse("2020-03-27 10:00", towns.ZONE)


def pay(number: str, resident: str, at: str, subsidy: str = "20.00") -> str:
    return f"{number},pay,r1,{resident},M1,2020-03-{at},120.00,,{subsidy},\n"


@pytest.fixture
def town(voucher: Voucher) -> Voucher:
    """Round r1 of an instant discount, three packs, two of them for one person at most."""
    programme = towns.programme(
        funds={"treasury": "1000.00"},
        refunds={"money": {"late": "returns"}},
        limits={"packs_per_resident_per_round": 2},
        unused="same_round",
        clock={"jump": "90 days"},
    )
    towns.build(voucher, programme, PACK, merchants=MERCHANTS)
    approve_round(voucher, "r1", "--per-resident", "2", packs=3, closes="2020-04-10 08:00")
    tick(voucher, "2020-03-27 08:00")
    return voucher


@pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["by columns", "by rows"])
def test_a_payment_makes_its_claim_as_long_as_there_are_packs(
    town: Voucher, here: Path, bytes_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    rows = [pay(f"T{n}", f"res{n % 2}", f"27 10:00:0{n}") for n in range(4)]
    towns.write("paid.csv", HEAD + "".join(rows))
    data = town("redemption", "import", "paid.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (3, {"unknown_claim": 1})
    assert (data["claims"]["accepted"], data["claims"]["reasons"]) == (3, {"over_quota": 1})
    assert ask(here, "SELECT claim_no, expires_at - claimed_at FROM claims") == [
        ("T0", 1),
        ("T1", 1),
        ("T2", 1),
    ]
    assert town("check").code == 0
    again = town("redemption", "import", "paid.csv", "-o", "json").data
    assert (again["repeats"], again["claims"]["repeats"]) == (3, 2)


def test_a_payment_that_is_refused_gives_its_pack_back_in_the_night(
    town: Voucher, here: Path
) -> None:
    rows = pay("T1", "a", "27 10:00:01", "25.00") + pay("T2", "a", "27 10:00:02")
    towns.write("paid.csv", HEAD + rows)
    data = town("redemption", "import", "paid.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (1, {"subsidy_mismatch": 1})
    assert ask(here, "SELECT packs, claimed FROM rounds") == [(3, 2)]
    tick(town, "2020-03-28 00:01")
    assert ask(here, "SELECT packs, claimed FROM rounds") == [(4, 2)]
    assert town("check").code == 0


def test_a_refund_stands_on_the_claim_of_its_payment(town: Voucher, here: Path) -> None:
    towns.write("paid.csv", HEAD + pay("T1", "a", "27 10:00:01"))
    town("redemption", "import", "paid.csv")
    refund = "R1,refund,r1,a,M1,2020-03-29 09:00:00,120.00,,20.00,T1\n"
    towns.write("back.csv", HEAD + refund)
    data = town("redemption", "import", "back.csv", "-o", "json").data
    assert (data["accepted"], data["claims"]["read"], data["claims"]["ignored"]) == (1, 0, 1)
    assert ask(here, "SELECT sum(amount_fen) FROM funder_totals") == [(0,)]
    assert town("check").code == 0


def test_a_rehearsal_of_such_a_file_keeps_nothing(town: Voucher, here: Path) -> None:
    towns.write("paid.csv", HEAD + pay("T1", "a", "27 10:00:01"))
    data = town("redemption", "import", "paid.csv", "--dry-run", "-o", "json").data
    assert (data["accepted"], data["claims"]["accepted"]) == (1, 1)
    assert ask(here, "SELECT kind FROM batches") == [("merchants",)]
    assert ask(here, "SELECT count(*) FROM claims") == [(0,)]


def test_the_inbox_takes_such_a_file_too(town: Voucher, here: Path) -> None:
    paid = HEAD + pay("T1", "a", "27 10:00:01")
    land(here, "shop/redemptions/paid.csv", paid)
    assert tick(town, "2020-03-27 12:00") == [("import", "shop/redemptions/paid.csv", "done")]
    assert ask(here, "SELECT claim_no FROM claims") == [("T1",)]
    assert ask(here, "SELECT transaction_no FROM redemptions") == [("T1",)]


def test_nothing_but_the_moment_of_the_claim_is_valid() -> None:
    template, faults = templates.read(PACK)
    assert template is not None, faults
    assert templates.expires_at(template, AT, towns.ZONE) == AT + 1
    words, _ = packs.validity_in_words(template.validity)
    assert "the payment makes the claim" in words
    assert packs.described(template)["validity.at_once"] == "true"


def test_a_round_of_it_says_when_it_closes(town: Voucher) -> None:
    words = ("round", "create", "r2", "--template", "pack", "--packs", "3", "--opens-at")
    assert "no_closing" in town(*words, "2020-05-01 08:00", expect=2).err
    assert "at_once" in town(*words, "2020-05-01", "--mode", "instant", expect=2).err


def test_a_profile_that_makes_claims_says_how_they_are_read() -> None:
    document = profiles.load("instant", "redemptions").document
    assert profiles.read(document)[1] == []
    alone = document | {"kinds": {"redemptions": document["kinds"]["redemptions"]}}
    assert [fault.code for fault in profiles.read(alone)[1]] == ["missing_field"]


def test_a_plan_warns_where_every_refund_would_be_late_and_its_money_stays(
    voucher: Voucher,
) -> None:
    programme = towns.programme(funds={"treasury": "1000.00"}, refunds={"money": {"late": "stays"}})
    towns.build(voucher, programme, PACK, merchants=MERCHANTS)
    approve_round(voucher, "r1", packs=3, closes="2020-04-10 08:00")
    assert "refunds_come_late" in voucher("round", "plan", "r1").err


def test_a_plan_says_nothing_where_the_money_of_late_refunds_goes_back(town: Voucher) -> None:
    assert "refunds_come_late" not in town("round", "plan", "r1").err
