"""Days that are sealed and signed: what stands on them, what comes late, what would displace it."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
import towns

SHOPS = "merchant_no,name\nM1,one\nM2,two\n"
STAFF = {"mei": "maker", "lin": "checker", "wu": "finance"}
MEI, WU = ("--actor", "mei"), ("--actor", "wu")


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Round r1 of 3 packs of two 40-10, open from 27 to 29 March, vouchers for seven days."""

    def build() -> None:
        towns.build(
            voucher,
            towns.programme(staff=STAFF, clock={"jump": "90 days"}),
            towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 7}),
            merchants=SHOPS,
        )
        towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)

    once("days", build)
    return voucher


def claims(voucher: Any, name: str, *rows: str, **ran: Any) -> Any:
    """Rows: `C1 P1 2020-03-27 09:00`."""
    lines = [f"{no},r1,{who},{at}\n" for no, who, at in (each.split(" ", 2) for each in rows)]
    towns.write(name, towns.CLAIMS + "".join(lines))
    return voucher("claim", "import", name, "-o", "json", *MEI, **ran)


def payments(voucher: Any, name: str, *rows: str, **ran: Any) -> Any:
    """Rows: `T1 C1 1 2020-03-27 10:00`, of 50 yuan at M1; `R1 C1 1 2020-03-27 11:00 T1` gives
    it back.
    """
    lines = []
    for each in rows:
        no, claim, coupon, day, hour, *of = each.split(" ")
        kind, amounts = ("refund", "50,0,10") if of else ("pay", "50,0,10")
        lines.append(f"{no},{kind},{claim},{coupon},M1,{day} {hour},{amounts},{''.join(of)}\n")
    towns.write(name, towns.PAYMENTS + "".join(lines))
    return voucher("redemption", "import", name, "-o", "json", *MEI, **ran)


def close(voucher: Any, day: str, **ran: Any) -> Any:
    return voucher("day", "close", day, "-o", "json", *MEI, "--now", "2020-06-30 10:00", **ran)


def sign(voucher: Any, day: str, actor: str = "wu", **ran: Any) -> Any:
    given = ("--actor", actor, "--now", "2020-06-30 11:00")
    return voucher("day", "sign", day, "-o", "json", *given, **ran)


def why(ran: Any) -> str:
    """The code of the refusal."""
    return str(json.loads(ran.out)["problems"][0]["code"])


def days(voucher: Any) -> dict[str, Any]:
    """The sealed days by date."""
    return {each["day"]: each for each in voucher("day", "list", "-o", "json").data["days"]}


def booked(number: str) -> list[tuple[str, int]]:
    """(way, day on which it is booked) of what that many postings at the end moved."""
    rows = towns.ask(
        ".",
        "SELECT from_account || ' > ' || to_account, day, booked_on, amount_fen FROM postings"
        " ORDER BY posting_id DESC LIMIT ?",
        number,
    )
    return [tuple(row) for row in rows]


# ---------------------------------------------------------------- what a seal covers


def test_a_day_has_what_was_booked_on_it(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00", "C2 P2 2020-03-28 09:00")
    payments(
        town,
        "p.csv",
        "T1 C1 1 2020-03-27 10:00",
        "T2 C1 2 2020-03-28 10:00",
        "R1 C1 1 2020-03-28 11:00 T1",
    )
    sealed = close(town, "2020-03-28").data["sealed"]
    # the fund was given and the round approved on the 20th
    assert [each["day"] for each in sealed] == [f"2020-03-{day}" for day in range(20, 29)]
    of = {
        each["day"][-2:]: [
            each[key] for key in ("claims", "payments", "refunds", "base_fen", "subsidy_fen")
        ]
        for each in sealed
    }
    assert of["27"] == [1, 1, 0, 5_000, 1_000]
    assert of["28"] == [1, 1, 1, 0, 0]  # 50 are paid and 50 go back
    assert of["26"] == [0, 0, 0, 0, 0]
    town("day", "verify")
    town("check")


def test_a_day_is_sealed_once_behind_the_day_before(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    first = close(town, "2020-03-27").data["sealed"]
    assert close(town, "2020-03-27").data["sealed"] == []
    second = close(town, "2020-03-28").data["sealed"]
    assert [each["day"] for each in second] == ["2020-03-28"]
    assert second[0]["previous_sha256"] == first[-1]["sha256"]
    assert first[0]["previous_sha256"] == ""


def test_a_day_that_is_not_over_is_not_sealed(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    now = ("--now", "2020-03-27 23:59")
    ran = town("day", "close", "2020-03-27", *MEI, *now, expect=3)
    assert "[day_not_over]" in ran.err and "2020-03-27 24:00:00" in ran.err
    town("day", "close", "2020-03-27", *MEI, "--now", "2020-06-30 10:00")


def test_what_is_no_day_is_refused(town: Any) -> None:
    for text, why in (("yesterday", ""), ("2020-02-30", ": February has no day 30")):
        ran = town("day", "close", text, *MEI, expect=2)
        assert f"DAY: error: {text} is not a day{why} [bad_time_option]" in ran.err
        assert ran.err.endswith("next: write it like 2020-03-27\n")
    assert "无法识别的日期" in town("day", "show", "x", "--lang", "zh", expect=2).err


def test_an_empty_programme_has_no_day_to_seal(voucher: Any) -> None:
    towns.build(voucher, towns.programme(funds={"treasury": "public"}))
    ran = voucher("day", "close", "2020-03-19", "--now", "2020-06-30 10:00", expect=3)
    assert "[nothing_booked]" in ran.err


# ---------------------------------------------------------------- what comes late


def test_a_late_row_counts_on_its_own_day_and_is_booked_on_the_first_open_one(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00")
    close(town, "2020-03-28")
    payments(town, "late.csv", "T2 C1 2 2020-03-27 20:00")
    assert booked("1") == [("outstanding > payable", 20200327, 20200329, 1_000)]
    rows = town("report", "leverage", "--by", "day", "-o", "json").data["rows"]
    assert [(each["key"], each["subsidy_fen"]) for each in rows] == [("2020-03-27", 2_000)]
    close(town, "2020-03-29")
    sealed = days(town)
    assert [sealed[f"2020-03-{day}"]["payments"] for day in (27, 28, 29)] == [1, 0, 1]
    town("day", "verify")
    town("check")


def test_a_late_file_that_is_undone_leaves_the_open_day_as_it_was(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    close(town, "2020-03-27")
    late = payments(town, "late.csv", "T1 C1 1 2020-03-27 20:00")
    town("batch", "undo", str(late.data["batch"]), *MEI)
    assert booked("2") == [
        ("payable > outstanding", 20200327, 20200328, 1_000),
        ("outstanding > payable", 20200327, 20200328, 1_000),
    ]
    again = payments(town, "again.csv", "T2 C1 1 2020-03-27 21:00")
    assert again.data["accepted"] == 1
    close(town, "2020-03-28")
    assert days(town)["2020-03-27"]["payments"] == 0
    assert days(town)["2020-03-28"]["payments"] == 1
    town("day", "verify")
    town("check")


def test_numbers_of_what_left_are_not_given_again_below_a_seal(town: Any) -> None:
    """A row of the 29th is there when the 28th is sealed, and leaves; a late one of the 28th comes."""
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    early = payments(town, "early.csv", "T1 C1 1 2020-03-29 10:00")
    close(town, "2020-03-28")
    town("batch", "undo", str(early.data["batch"]), *MEI)
    payments(town, "late.csv", "T2 C1 1 2020-03-28 10:00")
    town("day", "verify")
    close(town, "2020-03-29")
    assert [days(town)[f"2020-03-{day}"]["payments"] for day in (28, 29)] == [0, 1]
    town("day", "verify")


# ---------------------------------------------------------------- what stands


def test_a_batch_with_sealed_rows_is_not_undone(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    paid = payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00", "T2 C1 2 2020-03-29 10:00")
    close(town, "2020-03-28")
    ran = town("batch", "undo", str(paid.data["batch"]), *MEI, expect=3)
    assert "[day_sealed]" in ran.err and "2020-03-27 to 2020-03-27" in ran.err
    assert towns.ask(".", "SELECT count(*) FROM redemptions") == [(2,)]


def test_an_earlier_payment_displaces_no_sealed_one(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T2 C1 1 2020-03-28 10:00")
    close(town, "2020-03-28")
    late = payments(town, "late.csv", "T1 C1 1 2020-03-27 10:00", expect=4)
    assert late.data["reasons"] == {"displaces_sealed": 1}
    town("batch", "retry", str(late.data["batch"]), "--yes", *MEI, expect=4)
    assert towns.ask(".", "SELECT transaction_no FROM redemptions") == [("T2",)]
    rejects = town("batch", "rejects", str(late.data["batch"]), "-o", "json").data["rejects"]
    assert "(2020-03-28): two people must decide" in rejects[0]["explanation"]
    town("check")


@pytest.mark.parametrize("wrong", ["M2,2020-03-27 11:00,50,0,10", "M1,2020-03-27 11:00,50,0,9"])
def test_an_earlier_payment_whose_refund_is_refused_displaces_no_sealed_one(
    town: Any, wrong: str
) -> None:
    """Refunded before the sealed payment it would stand beside it; at another shop, or of another
    amount, it is not.
    """
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T2 C1 1 2020-03-28 10:00")
    close(town, "2020-03-28")
    rows = f"T1,pay,C1,1,M1,2020-03-27 10:00,50,0,10,\nR1,refund,C1,1,{wrong},T1\n"
    towns.write("late.csv", towns.PAYMENTS + rows)
    late = town("redemption", "import", "late.csv", "-o", "json", *MEI, expect=4)
    assert late.data["reasons"] == {"displaces_sealed": 1, "refund_without_payment": 1}
    town("check")
    payments(town, "right.csv", "T1 C1 1 2020-03-27 10:00", "R3 C1 1 2020-03-27 11:00 T1")
    assert towns.ask(".", "SELECT count(*) FROM redemptions") == [(3,)]
    town("check")


def test_a_voucher_that_a_late_refund_restored_is_not_restored_again(voucher: Any) -> None:
    """Paid and refunded before the sealed payment, in a file that came later: its own refund is the
    second, and `check` counts them in the order in which they came.
    """
    towns.build(
        voucher,
        towns.programme(staff=STAFF, refunds="restores_once", clock={"jump": "90 days"}),
        towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 7}),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)
    claims(voucher, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(voucher, "p.csv", "T2 C1 1 2020-03-28 10:00")
    close(voucher, "2020-03-28")
    payments(voucher, "late.csv", "T1 C1 1 2020-03-27 10:00", "R1 C1 1 2020-03-27 11:00 T1")
    payments(voucher, "back.csv", "R2 C1 1 2020-03-29 11:00 T2")
    late = payments(voucher, "again.csv", "T3 C1 1 2020-03-29 12:00", expect=4)
    assert late.data["reasons"] == {"already_redeemed": 1}
    voucher("check")


def test_what_another_row_refuses_anyway_displaces_no_sealed_one(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T1 C1 2 2020-03-27 09:30", "T2 C1 1 2020-03-28 10:00")
    close(town, "2020-03-28")
    late = payments(town, "late.csv", "T1 C1 1 2020-03-27 10:00", expect=4)
    assert late.data["reasons"] == {"transaction_reused": 1}


def test_an_earlier_claim_displaces_no_sealed_one(town: Any) -> None:
    claims(
        town,
        "c.csv",
        *(f"C{n} P{n} 2020-03-28 09:0{n}" for n in (1, 2, 3)),
    )
    close(town, "2020-03-28")
    late = claims(town, "late.csv", "C9 P9 2020-03-27 10:00", "C1 P8 2020-03-27 11:00", expect=4)
    assert late.data["reasons"] == {"displaces_sealed": 2}
    town("batch", "retry", str(late.data["batch"]), "--yes", *MEI, expect=4)
    assert towns.ask(".", "SELECT count(*) FROM claims WHERE claim_no = 'C9'") == [(0,)]
    town("check")


def test_an_open_day_gives_way_as_before(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T2 C1 1 2020-03-28 10:00")
    close(town, "2020-03-27")
    late = payments(town, "late.csv", "T1 C1 1 2020-03-27 10:00", expect=4)
    assert late.data["reasons"] == {"already_redeemed": 1}
    town("batch", "retry", str(late.data["batch"]), "--yes", *MEI)
    assert towns.ask(".", "SELECT transaction_no FROM redemptions") == [("T1",)]
    assert towns.ask(
        ".",
        "SELECT sum(amount_fen) FROM postings WHERE to_account = 'payable'"
        " AND booked_on > 20200327",
    ) == [(2_000,)]
    town("check")


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM redemptions",
        "UPDATE redemptions SET base_fen = 9000",
        "DELETE FROM claims",
        "UPDATE claims SET expires_at = expires_at + 1",
        "UPDATE days SET claims = 2",
        "DELETE FROM days",
        "DELETE FROM day_signatures",
        "UPDATE day_signatures SET note = 'x'",
    ],
)
def test_the_database_lets_nobody_change_what_is_sealed(town: Any, edit: str) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00")
    close(town, "2020-03-27")
    sign(town, "2020-03-27")
    with (
        closing(sqlite3.connect("voucher.db")) as db,
        pytest.raises(sqlite3.IntegrityError, match=r"sealed|stands"),
    ):
        db.execute(edit)
    town("day", "verify")


@pytest.mark.parametrize(
    ("guards", "edit"),
    [
        ("sealed_redemptions_stand", "UPDATE redemptions SET paid_at = paid_at + 1"),
        ("sealed_redemptions_stay", "DELETE FROM redemptions"),
        ("sealed_claims_stand", "UPDATE claims SET line = 9"),
        ("sealed_claims_stay", "DELETE FROM claims"),
        ("postings_never_change", "UPDATE postings SET amount_fen = 1 WHERE posting_id = 2"),
        ("days_never_change", "UPDATE days SET subsidy_fen = 5 WHERE day = 20200327"),
        ("days_never_change", "UPDATE days SET previous_sha256 = '' WHERE day = 20200327"),
        ("days_never_vanish", "DELETE FROM days WHERE day = 20200325"),
    ],
)
def test_verify_finds_what_was_changed_behind_the_guards(town: Any, guards: str, edit: str) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    payments(town, "p.csv", "T1 C1 1 2020-03-27 10:00")
    close(town, "2020-03-28")
    with closing(sqlite3.connect("voucher.db")) as db:
        db.execute(f"DROP TRIGGER {guards}")
        db.execute(edit)
        db.commit()
    ran = town("day", "verify", expect=5)
    assert "[day_damaged]" in ran.err
    ran = sign(town, "2020-03-28", expect=3)
    assert why(ran) == "day_damaged"


def test_a_new_key_leaves_sealed_days_as_they_are(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    close(town, "2020-03-27")
    before = towns.ask(".", "SELECT resident FROM claims")
    asked = ("--reason", "a copy was lost", "--actor", "lin", "--yes")
    town("key", "rotate", *asked, "--now", "2020-06-30 12:00")
    assert towns.ask(".", "SELECT resident FROM claims") != before
    town("day", "verify")
    town("check")


# ---------------------------------------------------------------- an import that is not done


def test_no_day_is_sealed_while_a_file_is_coming_in(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    with closing(sqlite3.connect("voucher.db")) as db:
        db.execute("UPDATE batches SET state = 'importing' WHERE kind = 'claims'")
        db.commit()
    ran = close(town, "2020-03-27", expect=3)
    assert why(ran) == "import_unfinished" and "voucher batch resume" in ran.out


# ---------------------------------------------------------------- the day on which a fact is booked


def listed(voucher: Any, noun: str, *options: str) -> dict[str, str]:
    """Number -> the day on which it is booked."""
    rows = voucher(noun, "list", "-o", "json", "--limit", "1000", *options).data[f"{noun}s"]
    return {each.get("transaction_no", each["claim_no"]): each["booked_on"][-2:] for each in rows}


def test_lists_say_on_which_day_a_row_is_booked(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 23:59:59", "C2 P2 2020-03-28 00:00")
    payments(town, "p.csv", "T1 C1 1 2020-03-28 10:00")
    assert listed(town, "claim") == {"C1": "27", "C2": "28"}
    assert listed(town, "redemption") == {"T1": "28"}
    assert "ooked" not in town("redemption", "list").out + town("claim", "list").out
    close(town, "2020-03-28")
    late = ("T2 C1 2 2020-03-28 20:00", "T3 C2 1 2020-03-30 09:00", "R1 C1 1 2020-03-28 11:00 T1")
    payments(town, "late.csv", *late)
    claims(town, "c2.csv", "C3 P3 2020-03-27 10:00")
    before = {"T1": "28", "T2": "29", "T3": "30", "R1": "29"}
    assert listed(town, "redemption") == before  # as long as the 29th is open
    close(town, "2020-03-29")
    assert listed(town, "redemption") == before  # and when it is sealed
    payments(town, "later.csv", "T4 C2 2 2020-03-28 09:00")
    assert listed(town, "redemption") == {**before, "T4": "30"}
    assert listed(town, "redemption", "--transaction", "T2") == {"T2": "29"}
    assert listed(town, "redemption", "--claim", "C2") == {"T3": "30", "T4": "30"}
    assert listed(town, "claim") == {"C1": "27", "C2": "28", "C3": "29"}
    assert listed(town, "claim", "--claim", "C3") == {"C3": "29"}
    for noun, number in (("claim", "C3"), ("redemption", "T2")):
        english = town(noun, "list").out
        assert "ooked" in english and "2020-03-29" in english
        assert "记账" in town(noun, "list", "--lang", "zh").out
        rows = csv.DictReader(town(noun, "list", "-o", "csv").out.splitlines())
        assert [row["booked_on"] for row in rows if number in row.values()] == ["2020-03-29"]


def test_each_seal_counts_the_rows_that_lists_say_are_booked_on_it(town: Any) -> None:
    for turn, day in enumerate(("2020-03-27", "2020-03-28", "2020-03-30")):
        number = turn + 1
        claims(town, f"c{turn}.csv", f"C{number} P{number} 2020-03-27 09:0{number}")
        payments(
            town,
            f"p{turn}.csv",
            f"T{number}1 C{number} 1 2020-03-{27 + turn} 10:00",
            f"T{number}2 C{number} 2 2020-03-27 1{number}:00",
            f"R{number} C{number} 2 2020-03-28 1{number}:30 T{number}2",
        )
        close(town, day)
    found: dict[str, list[int]] = {}
    for row in town("claim", "list", "-o", "json").data["claims"]:
        found.setdefault(row["booked_on"], [0, 0, 0])[0] += 1
    for row in town("redemption", "list", "-o", "json").data["redemptions"]:
        found.setdefault(row["booked_on"], [0, 0, 0])[1 if row["kind"] == "pay" else 2] += 1
    sealed = {
        day: [each["claims"], each["payments"], each["refunds"]]
        for day, each in days(town).items()
        if each["claims"] + each["payments"] + each["refunds"]
    }
    assert sealed == found
    assert len(found) == 3


# ---------------------------------------------------------------- signed


def test_finance_signs_what_others_sealed(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    close(town, "2020-03-27")
    assert why(sign(town, "2020-03-27", "lin", expect=3)) == "not_finance"
    assert why(sign(town, "2020-03-28", expect=3)) == "day_open"
    signed = sign(town, "2020-03-27").data["signed"]
    assert [each["day"] for each in signed] == [f"2020-03-{day}" for day in range(20, 28)]
    assert {each["signed_by"] for each in signed} == {"wu"}
    assert sign(town, "2020-03-27").data["signed"] == []
    shown = town("day", "show", "2020-03-27", "-o", "json").data
    assert (shown["state"], shown["signed_by"]) == ("signed", "wu")
    town("audit", "verify")


def test_who_sealed_a_day_does_not_sign_it(town: Any) -> None:
    claims(town, "c.csv", "C1 P1 2020-03-27 09:00")
    town("day", "close", "2020-03-27", *WU, "--now", "2020-06-30 10:00")
    assert why(sign(town, "2020-03-27", expect=3)) == "own_seal"


# ---------------------------------------------------------------- by the clock


def test_the_clock_seals_a_day_when_its_time_has_come(voucher: Any) -> None:
    towns.build(
        voucher,
        towns.programme(books={"close_after_days": 1}, clock={"jump": "90 days"}),
        towns.pack("pack", towns.coupon("10", "40")),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)
    claims(voucher, "c.csv", "C1 P1 2020-03-27 09:00")

    def sealed(now: str) -> list[str]:
        deeds = voucher("schedule", "tick", "-o", "json", "--now", now).data["deeds"]
        return [each["message"] for each in deeds if each["deed"] == "seal"]

    assert sealed("2020-03-27 12:00") == ["sealed 6 days of town, 2020-03-20 to 2020-03-25"]
    assert sealed("2020-03-28 23:59") == ["sealed 2020-03-26 of town"]
    assert sealed("2020-03-29 00:00") == ["sealed 2020-03-27 of town"]
    assert sealed("2020-03-29 00:01") == []
    assert days(voucher)["2020-03-27"]["sealed_by"] == "clock"


def test_the_clock_waits_for_a_file_and_says_so_once_until_it_takes_too_long(
    voucher: Any,
) -> None:
    towns.build(
        voucher,
        towns.programme(books={"close_after_days": 1}, clock={"jump": "90 days"}),
        towns.pack("pack", towns.coupon("10", "40")),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)
    claims(voucher, "c.csv", "C1 P1 2020-03-27 09:00")
    with closing(sqlite3.connect("voucher.db")) as db:
        asked = ("UPDATE batches SET imported_at = ? WHERE kind = 'claims'",)
        db.execute(*asked, (towns.at("2020-03-28 23:50"),))
        db.execute("UPDATE batches SET state = 'importing' WHERE kind = 'claims'")
        db.commit()

    def tick(now: str, expect: int = 0) -> Any:
        return voucher("schedule", "tick", "--now", now, expect=expect)

    voucher("schedule", "tick", "--dry-run", "--now", "2020-03-29 00:00")
    first = tick("2020-03-29 00:00")
    assert "[seal_waits]" in first.err and "voucher batch show 2" in first.err
    assert "2020-03-27 is not sealed yet: the import of batch 2 is not done" in first.err
    assert "seal_waits" not in tick("2020-03-29 00:01").err
    assert "seal_waits" not in tick("2020-03-29 23:50").err
    late = tick("2020-03-29 23:51", expect=4)
    assert "[import_unfinished]" in late.err and "voucher batch resume 2" in late.err
    assert "[import_unfinished]" in tick("2020-03-29 23:52", expect=4).err
    towns.by_hand(".", "UPDATE batches SET state = 'done' WHERE kind = 'claims'")
    assert "sealed 8 days of town" in tick("2020-03-29 23:53").out
    assert days(voucher)["2020-03-27"]["sealed_by"] == "clock"


def test_no_day_is_listed_where_there_is_no_programme(voucher: Any) -> None:
    voucher("init")
    ran = voucher("day", "list", expect=3)
    assert "[no_programme]" in ran.err
