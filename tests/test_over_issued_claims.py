"""A platform gave out more packs than it was told: two people accept that after the closing, or
leave it rejected.
"""

from __future__ import annotations

from typing import Any

import pytest
import towns

from vouchercli.store import judging

STAFF = {"chen": "maker", "lin": "checker", "zhao": "checker"}
NOW = "2020-03-30 09:00"


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The platform gave out 12 of the 10 packs of r1: the claims are batch 2, payments with the
    first and the last of them batch 3. The round is closed; 500.00 of 550.00 yuan are committed.
    """
    towns.build(
        voucher,
        towns.programme(funds={"treasury": "550.00"}, staff=STAFF),
        towns.pack(),
        merchants="merchant_no,name\nM1,one\n",
    )
    towns.make_round(
        voucher, "r1", "--platform", "app", packs=10, maker="chen", state="open",
        closes=towns.CLOSES,
    )  # fmt: skip
    claims(voucher, "r1", range(10, 22), expect=4)
    rows = "".join(
        f"T{each},pay,C{each},1,M1,2020-03-28 12:00:00,50.00,0,10.00,\n" for each in (10, 21)
    )
    paid = towns.write("paid.csv", towns.PAYMENTS + rows)
    voucher("redemption", "import", paid, "--now", "2020-03-29 09:00", expect=4)
    voucher("schedule", "tick", "--now", NOW)
    monkeypatch.setenv("VOUCHER_NOW", NOW)
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")
    return voucher


def claims(voucher: Any, code: str, numbers: range, expect: int = 0) -> None:
    rows = "".join(
        f"C{each},{code},resident-{each},2020-03-27 09:00:{each:02d}\n" for each in numbers
    )
    file = towns.write(f"{code}.csv", towns.CLAIMS + rows)
    voucher("claim", "import", file, "--now", "2020-03-29 07:00", expect=expect)


def top_up(town: Any, packs: int, *options: str, expect: int = 0) -> Any:
    words = ("--packs", str(packs), "--actor", "chen")
    return town("round", "top-up", "r1", *words, *options, "-o", "json", expect=expect).json


def show(town: Any) -> Any:
    return town("round", "show", "r1", "-o", "json").data


def free(town: Any) -> int:
    return int(town("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"])


def test_two_people_accept_it_and_the_rows_are_taken_in(town: Any) -> None:
    towns.change(town, maker="chen", funders={"treasury": {"kind": "public", "amount": "1000.00"}})
    answer = top_up(town, 2, "--note", "the platform gave 2 too many")
    assert answer["data"]["state"] == "closed"
    assert (show(town)["packs"], free(town)) == (10, 500_00)
    reminded = town("schedule", "tick", "-o", "json").json["problems"]
    assert [each["code"] for each in reminded] == ["amendment_waits"]
    ran = town("round", "approve", "r1", "--actor", "lin")
    assert ran.err.splitlines() == [
        "topped up r1 to 12 packs: 100.00 yuan more committed",
        "next: voucher batch retry 2 takes the claims in",
        "then: voucher batch retry 3 takes their payments in",
    ]
    assert (show(town)["packs"], show(town)["released"], free(town)) == (12, 0, 400_00)
    # the tick does not give back what waits for the claims
    assert town("schedule", "tick", "--now", "2020-03-30 09:01", "-o", "json").data["deeds"] == []
    town("batch", "retry", "2")
    town("batch", "retry", "3")
    data = show(town)
    assert (data["state"], data["packs"], data["claimed"], free(town)) == ("closed", 12, 12, 400_00)
    assert len(town("redemption", "list", "-o", "json").data["redemptions"]) == 2
    town("check")


def test_no_more_packs_than_the_platform_gave_out(town: Any) -> None:
    (problem,) = top_up(town, 3, "--note", "x", expect=3)["problems"]
    assert (problem["code"], problem["hint"]) == (
        "too_many_packs",
        "voucher round top-up r1 --packs 2 --note WHY",
    )
    assert problem["message"] == (
        "round r1 is closed: it takes at most 2 packs more, for the over_quota rejects of batch 2"
    )
    (problem,) = top_up(town, 1, expect=3)["problems"]
    assert (problem["code"], problem["hint"]) == (
        "note_needed",
        "voucher round top-up r1 --packs 1 --note WHY",
    )


def test_the_money_must_be_there_when_it_is_approved(town: Any) -> None:
    answer = top_up(town, 2, "--note", "x")
    assert [each["code"] for each in answer["problems"]] == ["fund_short"]
    ran = town("round", "approve", "r1", "--actor", "lin", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "fund_short"
    assert (show(town)["packs"], free(town)) == (10, 50_00)
    town("round", "reject", "r1", "--note", "the platform pays for it", "--actor", "zhao")
    top_up(town, 1, "--note", "one of them")
    town("round", "approve", "r1", "--actor", "lin")
    assert free(town) == 0
    # one pack waits for its claim: only one more could come
    assert (
        "takes at most 1 packs more"
        in top_up(town, 2, "--note", "x", expect=3)["problems"][0]["message"]
    )
    town("batch", "retry", "2", expect=4)
    assert (show(town)["claimed"], show(town)["packs"]) == (11, 11)
    town("check")


def test_what_is_left_rejected_stays_rejected_and_nothing_stands_in_the_way(town: Any) -> None:
    top_up(town, 1, "--note", "x")
    town("round", "reject", "r1", "--note", "the platform pays for it", "--actor", "lin")
    assert show(town)["amendments"][0]["state"] == "declined"
    assert town("batch", "show", "2", "-o", "json").data["rejected"] == 2
    ran = town("round", "edit", "r1", "--packs", "12", expect=3)
    assert "(possible: settle, top-up, reopen, extend) [wrong_state]" in ran.err
    assert "next: voucher round copy r1 NEW --opens-at TIME" in ran.err


def test_another_file_that_is_undone_takes_its_right_with_it(town: Any) -> None:
    top_up(town, 2, "--note", "x")
    town("batch", "undo", "3", "--yes")
    town("batch", "undo", "2", "--yes")
    towns.change(town, maker="chen", funders={"treasury": {"kind": "public", "amount": "1000.00"}})
    ran = town("round", "approve", "r1", "--actor", "lin", expect=3)
    assert "[wrong_state]" in ran.err


def test_a_round_that_is_issued_here_takes_no_packs_after_its_end(town: Any) -> None:
    towns.change(town, maker="chen", funders={"treasury": {"kind": "public", "amount": "2000.00"}})
    early = "2020-03-26 08:00"
    towns.make_round(
        town, "r2", maker="chen", packs=2, state="open", closes=towns.CLOSES,
        everywhere=("--now", early),
    )  # fmt: skip
    claims(town, "r2", range(30, 33), expect=4)
    town("round", "close", "r2")
    ran = town("round", "top-up", "r2", "--packs", "1", "--note", "x", expect=3)
    assert "[wrong_state]" in ran.err


def test_a_payment_names_the_claim_that_was_refused(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,one\n")
    towns.make_round(voucher, "r1", packs=1, state="open", closes="2020-05-01")
    rows = "C1,r1,one,2020-03-27 09:00\nC2,r1,two,2020-03-27 10:00\nC3,r9,two,2020-03-27 10:00\n"
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + rows), expect=4)
    paid = "".join(f"T{n},pay,C{n},1,M1,2020-03-27 12:00,50,0,10,\n" for n in (1, 2, 3, 4))
    ran = voucher("redemption", "import", towns.write("p.csv", towns.PAYMENTS + paid), expect=4)
    told = [line for line in ran.err.splitlines() if "unknown_claim" in line]
    assert told == [
        "p.csv:3: error: claim C2 was refused, over_quota: batch 2, line 3 [unknown_claim]",
        "p.csv:4: error: claim C3 was refused, unknown_round: batch 2, line 4 [unknown_claim]",
        "p.csv:5: error: there is no claim C4 here [unknown_claim]",
    ]
    # it is found by its number, however many were refused
    plan = " ".join(
        str(row[3])
        for row in towns.ask(".", f"EXPLAIN QUERY PLAN {judging.REFUSED_CLAIM}", 1, "C2")
    )
    assert "USING INDEX refused_claims" in plan
