"""The end: a round is settled when nothing of it can move, a programme is closed when nothing is
left over. Every refusal names what goes on, and that command helps.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import endings
import pytest
import towns
from test_settlements import LIN, MEI, PAYERS, SHOPS, STAFF, WU, pay

from vouchercli.ops.intake import by_columns as columns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SPENT, LATE = "2020-03-30 10:00", "2020-05-10 10:00"
NOW = ("--now", LATE)
CHECKS = (
    "balances",
    "paid_as_posted",
    "dues_as_booked",
    "rounds_as_logged",
    "closed_to_nothing",
    "settled_rounds_stand",
)


def build(voucher: Voucher, **more: Any) -> None:
    """Round r1 of three packs, two claimed; four vouchers are paid with. Nothing is sealed yet."""
    towns.build(
        voucher,
        towns.programme(staff=STAFF, clock={"jump": "90 days"}, **more),
        towns.pack("pack", towns.coupon("10", "40", 5)),
        merchants=SHOPS.replace("M3,three,,,", "M3,three,合成三店,6228480000000000037,合成银行"),
    )
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)
    Path("payers.yaml").write_text(PAYERS, "utf-8")
    claims = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in (1, 2)]
    towns.write("claims.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")
    rows = (("T1", 1, "M1"), ("T2", 2, "M1"), ("T3", 3, "M2"), ("T4", 4, "M3"))
    pay(voucher, "27.csv", *(f"{no} C1 {n} {at} 2020-03-27 10:0{n}" for no, n, at in rows))


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    once("endings", lambda: build(voucher))
    return voucher


@pytest.fixture
def paid(voucher: Voucher, once: Any) -> Voucher:
    """The round is over, its days are signed, its merchants are paid."""

    def all_of_it() -> None:
        build(voucher)
        end(voucher)

    once("endings paid", all_of_it)
    return voucher


def end(voucher: Voucher, *, settle: bool = True) -> None:
    voucher("round", "close", "r1", *MEI, *NOW)
    voucher("day", "close", "2020-03-31", *MEI, *NOW)
    voucher("day", "sign", "2020-03-31", *WU, *NOW)
    if settle:
        settle_all(voucher, 1)


def settle_all(voucher: Voucher, number: int, *, now: tuple[str, ...] = NOW) -> None:
    voucher("settlement", "run", "--up-to", "2020-03-31", *MEI, *now)
    voucher("settlement", "verify", str(number), "--note", "agrees", *MEI, *now)
    voucher("settlement", "approve", str(number), *LIN, *now)
    to = f"pay-{number}.csv"
    voucher("settlement", "export", str(number), "--bank", "voucher", "--to", to, *WU, *now)
    voucher("settlement", "paid", "--settlement", str(number), "--reference", "B1", *WU, *now)


def problems(ran: Any) -> list[str]:
    return [each["code"] for each in ran.json["problems"]]


def check(voucher: Voucher) -> None:
    assert voucher("check", "--all", "-o", "json", *NOW).json["problems"] == []


# ---------------------------------------------------------------- a round


def test_a_round_is_settled_when_nothing_of_it_moves(paid: Voucher) -> None:
    todo = paid("todo", "-o", "json", *NOW).data["waiting"]
    assert [each["next"] for each in todo] == []  # the clock has not looked yet
    ran = paid("round", "settle", "r1", *WU, *NOW)
    assert "settled r1" in ran.err
    assert paid("round", "show", "r1", "-o", "json").data["state"] == "settled"
    assert "wrong_state" in paid("round", "settle", "r1", *WU, *NOW, expect=3).err
    check(paid)


def test_all_that_is_open_of_a_round_is_said_with_what_goes_on(town: Voucher) -> None:
    refused = town("round", "settle", "r1", "-o", "json", *WU, "--now", SPENT, expect=3)
    assert problems(refused) == ["wrong_state"]
    town("round", "close", "r1", *MEI, "--now", SPENT)
    refused = town("round", "settle", "r1", "-o", "json", *WU, "--now", SPENT, expect=3)
    assert problems(refused) == ["round_not_done", "vouchers_out", "days_not_sealed"]


def test_a_round_or_all_of_them(paid: Voucher) -> None:
    assert "round_or_all" in paid("round", "settle", *WU, *NOW, expect=2).err
    assert "round_or_all" in paid("round", "settle", "r1", "--all", *WU, *NOW, expect=2).err
    towns.make_round(
        paid, "r2", packs=1, state="open", opens="2020-05-10 10:00", closes="2020-05-11 10:00"
    )
    paid("round", "close", "r2", *MEI, "--now", "2020-05-11 10:00")
    claims = towns.write("late.csv", towns.CLAIMS + "C9,r2,P9,2020-05-10 10:00\n")
    paid("claim", "import", claims, *MEI, "--now", "2020-05-11 11:00")
    ran = paid("round", "settle", "--all", "-o", "json", *WU, "--now", "2020-05-11 12:00", expect=4)
    told = {each["round"]: (each["state"], each["reasons"]) for each in ran.data["rounds"]}
    assert told == {
        "r1": ("settled", []),
        "r2": ("closed", ["vouchers_out", "days_not_sealed"]),
    }
    refused = paid("round", "settle", "--all", *WU, "--now", "2020-05-11 12:00", expect=3)
    assert "none of 1 rounds" in refused.err


# ---------------------------------------------------------------- a programme


def test_a_programme_is_closed_with_nothing_left_over(paid: Voucher) -> None:
    paid("round", "settle", "--all", *WU, *NOW)
    assert "nothing_to_settle" in paid("round", "settle", "--all", *WU, *NOW, expect=3).err
    waiting = paid("todo", "-o", "json", *NOW).data["waiting"]
    assert [each["next"] for each in waiting] == ["voucher programme close town --actor mei"]
    paid("programme", "close", *MEI, *NOW)
    ran = paid("programme", "approve", *LIN, *NOW)
    assert "closed town: 999,960.00 yuan go back" in ran.err
    check(paid)
    told = paid("report", "funds", "--final", "-o", "json", *NOW).data
    row = told["funds"][0]
    assert (row["given_fen"], row["paid_fen"], row["at_the_end_fen"]) == (100000000, 4000, 99996000)
    assert (row["open_fen"], row["difference_fen"]) == (0, 0)
    assert told["closed_on"] == "2020-05-10"


# ---------------------------------------------------------------- 2009 beside 2020


def test_what_was_lost_and_how_long_it_took_beside_what_was_printed(paid: Voucher) -> None:
    paid("programme", "load", "hangzhou-2009")
    ran = paid("report", "compare", "hangzhou-2009", "town", "-o", "json", *NOW)
    of_2009, ours = ran.data["subjects"]
    golden = {"quota_fen": 91_000_000_000, "lost_fen": 30_000_000_000, "gross": "8"}
    assert {key: of_2009[key] for key in golden} == golden
    assert of_2009["days_to_payment"] == "365" and "2009" in of_2009["source"]
    assert of_2009["base_fen"] is None  # not printed, and not worked out here
    report = paid("report", "settlement", "--programme", "town", "-o", "json", *NOW).data
    assert ours["days_to_payment"] == report["days_to_payment_in_all"]["mean_days"] == "40.00"
    assert ours["lost_fen"] == 0
    shown = paid("report", "compare", "hangzhou-2009", "town", *NOW).out
    assert "300,000,000.00" in shown and "365" in shown and "–" in shown
    assert (
        "核销损失" in paid("report", "compare", "hangzhou-2009", "town", "--lang", "zh", *NOW).out
    )
    as_of = ("--as-of", "2020-04-01")
    before = paid("report", "compare", "hangzhou-2009", "town", "-o", "json", *as_of, *NOW)
    assert before.data["subjects"][1]["lost_fen"] is None
    assert before.data["subjects"][1]["days_to_payment"] is None


# ---------------------------------------------------------------- what comes too late


@pytest.fixture
def settled(voucher: Voucher, once: Any) -> Voucher:
    """Round r1 is settled."""

    def all_of_it() -> None:
        build(voucher)
        end(voucher)
        voucher("round", "settle", "r1", *WU, *NOW)

    once("endings settled", all_of_it)
    return voucher


def late(voucher: Voucher, *rows: str, name: str = "late.csv") -> Any:
    lines = "".join(f"{row}\n" for row in rows)
    path = towns.write(name, towns.PAYMENTS + lines)
    return voucher("redemption", "import", path, "-o", "json", *MEI, *NOW, expect=None)


REFUND = "R4,refund,C1,4,M3,2020-03-28 10:00,50,0,10,T4"
PAYMENT = "T9,pay,C2,1,M1,2020-03-28 10:00,50,0,10,"


@pytest.mark.parametrize("by_columns", [False, True])
def test_a_lawful_row_that_comes_to_a_settled_round_is_kept_as_a_reject(
    settled: Voucher, monkeypatch: pytest.MonkeyPatch, *, by_columns: bool
) -> None:
    if by_columns:
        monkeypatch.setattr(columns, "BYTES", 0)
    again = "T1,pay,C1,1,M1,2020-03-27 10:01,50,0,10,"
    wrong = "T8,pay,C2,2,M1,2020-03-28 10:00,39,0,10,"
    ran = late(settled, PAYMENT, REFUND, again, wrong)
    assert ran.data["accepted"] == 0 and ran.data["duplicate"] == 1
    assert ran.data["reasons"] == {"round_settled": 2, "below_threshold": 1}
    shown = settled("batch", "rejects", str(ran.data["batch"]), "-o", "json", *NOW).data
    why = {each["explanation"] for each in shown["rejects"] if each["reason"] == "round_settled"}
    assert why == {"its round is settled and takes nothing more"}
    claims = towns.write("claims-late.csv", towns.CLAIMS + "C3,r1,P3,2020-03-27 09:00\n")
    ran = settled("claim", "import", claims, "-o", "json", *MEI, *NOW, expect=4)
    assert ran.data["reasons"] == {"round_settled": 1}
    check(settled)


def test_two_people_let_a_late_refund_in_and_it_is_clawed_back(settled: Voucher) -> None:
    batch = str(late(settled, REFUND).data["batch"])
    refused = settled("round", "reopen", "r1", *MEI, *NOW, expect=3)
    assert "note_needed" in refused.err
    closes = ("--closes-at", "2020-06-01", "--note", "a refund")
    assert (
        "settled_stays_closed"
        in settled("round", "reopen", "r1", *closes, *MEI, *NOW, expect=2).err
    )
    settled("round", "reopen", "r1", "--note", "a refund came late", *MEI, *NOW)
    ran = settled("round", "approve", "r1", *LIN, *NOW)
    assert "r1 is settled no more" in ran.err
    settled("batch", "retry", batch, *MEI, *NOW)
    after = ("--now", "2020-05-12 10:00")
    refused = settled("round", "settle", "r1", "-o", "json", *WU, *after, expect=3)
    assert problems(refused) == ["round_not_done", "days_not_sealed"]
    settled("day", "close", "2020-05-10", *MEI, *after)
    settled("day", "sign", "2020-05-10", *WU, *after)
    refused = settled("round", "settle", "r1", "-o", "json", *WU, *after, expect=3)
    assert problems(refused) == ["round_not_done", "days_not_settled"]
    settled("settlement", "run", "--up-to", "2020-05-10", *MEI, *after)
    refused = settled("round", "settle", "r1", "-o", "json", *WU, *after, expect=3)
    assert problems(refused) == ["round_not_done", "debt_open"]
    settled("settlement", "repaid", "M3", "10.00", "--reference", "B7", *WU, *after)
    settled("round", "settle", "r1", *WU, *after)
    check(settled)


def test_nothing_of_a_settled_round_is_corrected(settled: Voucher) -> None:
    papers = ("--note", "typed in wrongly", "--evidence", "receipt 17", *MEI, *NOW)
    refused = settled("redemption", "correct", "T1", "--reverse", *papers, expect=3)
    assert "[round_settled]" in refused.err
    refused = settled("claim", "correct", "C2", "--reverse", *papers, expect=3)
    assert "[round_settled]" in refused.err


def test_a_bank_that_gives_money_back_closes_the_round_again(settled: Voucher) -> None:
    number = endings.sent("pay-1.csv")[0]
    path = endings.answer([f"{number},returned,,2020-05-11,B2,AC04,account closed"])
    after = ("--now", "2020-05-12 10:00")
    ran = settled("settlement", "paid", path, "--bank", "voucher", *WU, *after)
    assert "r1 are settled no more" in ran.err
    assert settled("round", "show", "r1", "-o", "json").data["state"] == "closed"
    refused = settled("round", "settle", "r1", "-o", "json", *WU, *after, expect=3)
    assert problems(refused) == ["round_not_done", "dues_unpaid"]
    check(settled)


def test_what_one_round_owes_is_set_against_another(town: Voucher) -> None:
    """M3 is paid for r1, gives it back, and is owed as much for r2."""
    end(town)
    late(town, REFUND)
    at = ("--now", "2020-05-10 11:00")
    towns.make_round(
        town, "r2", packs=1, state="open", opens="2020-05-10 10:00", closes="2020-05-10 12:00"
    )
    claims = towns.write("r2.csv", towns.CLAIMS + "D1,r2,P1,2020-05-10 10:30\n")
    town("claim", "import", claims, *MEI, *at)
    row = "T20,pay,D1,1,M3,2020-05-10 10:40,50,0,10,"
    path = towns.write("r2-paid.csv", f"{towns.PAYMENTS}{row}\n")
    town("redemption", "import", path, *MEI, *at)
    after = ("--now", "2020-06-01 10:00")
    town("round", "close", "r2", *MEI, *after)
    town("day", "close", "2020-05-31", *MEI, *after)
    town("day", "sign", "2020-05-31", *WU, *after)
    town("settlement", "run", "--up-to", "2020-05-31", *MEI, *after)
    ran = town("round", "settle", "--all", "-o", "json", *WU, *after)
    assert [each["state"] for each in ran.data["rounds"]] == ["settled", "settled"]
    shown = town("ledger", "show", "-o", "json", "--account", "clawed_back", *after).data
    assert [each["why"] for each in shown["postings"]] == ["settlement.offset"] * 2
    check(town)
