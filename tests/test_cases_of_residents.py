"""Cases about residents: one device behind many of them. What a scan finds, what two people decide,
who gets no pack any more, and what the platform is told. The town is synthetic.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.intake import by_columns
from vouchercli.store import cases

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS, VISITS, CROWD = 24, 25, 8  # merchants, payments at each, residents of one device
HONEST = SHOPS * VISITS // 5
CHEN, LIN = ("--actor", "chen"), ("--actor", "lin")
OPEN = ("case", "open", "--reason", "resale", "--note", "one device")
STAFF = {"chen": "maker", "lin": "checker", "wu": "finance"}


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A town in which eight residents applied by one device and pay at M1, but for one payment."""

    def build() -> None:
        merchants = "merchant_no,name,district,industry,size\n" + "".join(
            f"M{n},shop {n},west,catering,small\n" for n in range(SHOPS)
        )
        towns.build(voucher, towns.programme(staff=STAFF), towns.pack(), merchants=merchants)
        more = {"opens": "2020-03-27 08:00", "closes": "2020-04-05 08:00", "packs": 500}
        towns.make_round(voucher, "r1", state="open", maker="chen", **more)
        people = [f"p{n}" for n in range(HONEST)] + [f"z{n}" for n in range(CROWD)]
        claims = "".join(f"C{who},r1,{who},2020-03-27 08:00:30\n" for who in people)
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + claims), *CHEN)
        voucher("redemption", "import", towns.write("paid.csv", towns.PAYMENTS + payments()), *CHEN)
        head = "application_no,round,resident,applied_at,group,device\n"
        rows = "".join(
            f"A{who},r1,{who},2020-03-27 08:00:{n % 30:02d},,{'one' if who[0] == 'z' else who}\n"
            for n, who in enumerate(people)
        )
        voucher("application", "import", towns.write("applied.csv", head + rows), *CHEN)

    once("cases of residents", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
    return voucher


def payments() -> str:
    rows = [
        (f"Cp{n // 5}", n % 5 + 1, n // VISITS, 9 + n % 9, 41 + n * 7 % 40)
        for n in range(SHOPS * VISITS)
    ]
    for n in range(CROWD):
        rows += [(f"Cz{n}", coupon, 1, 10 + n, 45 + n) for coupon in (1, 2)]
    rows.append(("Cz0", 3, 2, 12, 60))
    return "".join(
        f"T{n},pay,{claim},{coupon},M{shop},2020-03-28 {hour:02d}:{n % 60:02d}:00,{yuan},0,10,\n"
        for n, (claim, coupon, shop, hour, yuan) in enumerate(rows)
    )


def of_residents(voucher: Voucher) -> Any:
    """The finding about residents."""
    voucher("risk", "scan", *CHEN)
    found = voucher("risk", "list", "-o", "json").data["findings"]
    return next(each for each in found if each["residents"])


def opened(voucher: Voucher, *more: str) -> Any:
    finding = of_residents(voucher)
    start = ("--finding", str(finding["finding"]))
    return voucher(*OPEN, *start, *more, *CHEN, "-o", "json").data


def decided(voucher: Voucher, case: int, sanction: str, *more: str) -> Any:
    what = ("--sanction", sanction, "--note", "one hand", *more)
    voucher("case", "decide", str(case), *what, *CHEN)
    return voucher("case", "approve", str(case), *LIN)


def refused(voucher: Voucher, *args: str, expect: int = 2) -> str:
    return str(voucher(*args, *CHEN, "-o", "json", expect=expect).json["problems"][0]["code"])


def claimed(voucher: Voucher, code: str, who: str, at: str) -> list[str]:
    """The reasons for which a claim of a file is refused."""
    name = f"{code}-{who}-{at[8:10]}.csv"
    row = f"{name},{code},{who},{at}\n"
    now = ("--now", "2020-05-20 09:00")
    file = towns.write(name, towns.CLAIMS + row)
    expect = None
    return [
        *voucher("claim", "import", file, *CHEN, *now, "-o", "json", expect=expect).data["reasons"]
    ]


def test_many_residents_of_one_device_are_found_as_one_person(town: Voucher) -> None:
    finding = of_residents(town)
    assert finding["rules"] == ["one_person", "one_place"] and finding["is_candidate"]
    assert (finding["merchant_no"], finding["residents"]) == (None, CROWD)
    assert (finding["payments"], finding["amount_fen"]) == (17, 17_000)
    shown = town("risk", "show", str(finding["finding"]), "-o", "json").data
    counts = {each["rule"]: each["counts"] for each in shown["reasons"]}
    assert counts["one_person"] == {"residents": 8, "payments": 17, "merchants": 2}
    assert counts["one_place"]["merchant"] == "M1" and counts["one_place"]["payments_there"] == 16
    assert [each["payments"] for each in shown["people"]] == [3] + [2] * 7
    assert all(each["resident"].startswith("token:") for each in shown["people"])
    said = town("risk", "list", "--lang", "zh").out
    assert "8 名居民" in said and "实为一人" in said


def test_their_case_keeps_their_payments_and_holds_nobody_else(town: Voucher) -> None:
    case = opened(town)
    assert (case["merchant_no"], case["residents"], case["payments"]) == (None, CROWD, 17)
    assert (case["holds"], case["amount_fen"]) == (0, 17_000)
    shown = town("case", "show", "1", "-o", "json").data
    assert [each["payments"] for each in shown["whom"]] == [3] + [2] * 7
    assert shown["next_step"] == "warning" and set(shown["before"]) == {
        "warning",
        "exclusion",
        "readmission",
        "police",
    }
    token = shown["whom"][0]["resident"]
    listed = town("case", "list", "--resident", token, "-o", "json").data["cases"]
    assert [each["case"] for each in listed] == [1]
    assert town("case", "list", "--resident", "p1", "-o", "json").data["cases"] == []
    assert (
        "8 residents" in town("case", "list").out
        and "8 名居民" in town("case", "list", "--lang", "zh").out
    )
    finding = str(shown["finding"])
    assert refused(town, *OPEN, "--finding", finding, expect=3) == "finding_in_case"
    town("check")


def test_payments_of_residents_are_held_where_it_is_asked_for(town: Voucher) -> None:
    case = opened(town, "--hold", "payments")
    assert (case["holds"], case["held_fen"]) == (17, 17_000)
    holds = town("settlement", "holds", "-o", "json").data["holds"]
    assert {each["merchant_no"] for each in holds} == {"M1", "M2"}
    town("case", "close", "1", "--note", "a family", *LIN)
    assert all(
        each["released_by"]
        for each in town("settlement", "holds", "--all", "-o", "json").data["holds"]
    )
    town("check")


def test_the_residents_of_a_merchants_finding_have_a_case_of_their_own(town: Voucher) -> None:
    of_residents(town)
    found = town("risk", "list", "-o", "json").data["findings"]
    shop = next(each for each in found if each["merchant_no"] == "M1")
    assert "shared_identity" in shop["rules"]
    start = ("--finding", str(shop["finding"]))
    case = town(*OPEN, *start, "--residents", *CHEN, "-o", "json").data
    assert (case["residents"], case["payments"], case["merchant_no"]) == (CROWD, 16, None)
    both = town(*OPEN, *start, *CHEN, "-o", "json").data
    assert both["merchant_no"] == "M1"


def test_who_is_excluded_gets_no_pack_until_readmitted(town: Voucher) -> None:
    opened(town)
    said = decided(town, 1, "exclusion").err
    assert "8 residents get no pack of town from 2020-04-20 09:00:00 on" in said
    towns.make_round(
        town,
        "r2",
        state="open",
        maker="chen",
        opens="2020-05-01 08:00",
        packs=50,
        closes="2020-06-01 08:00",
    )
    assert claimed(town, "r1", "z9", "2020-03-28 09:00:00") == []  # another person
    assert claimed(town, "r2", "z1", "2020-05-01 09:00:00") == ["not_eligible"]
    assert claimed(town, "r2", "p1", "2020-05-01 09:00:00") == []
    at = ("--now", "2020-05-02 09:00")
    grant = ("claim", "grant", "r2")
    no = town(*grant, "z2", *at, *CHEN, "-o", "json", expect=3).json["problems"][0]
    assert no["code"] == "not_eligible" and "a case excludes" in no["message"]
    assert no["hint"] == "voucher case list --resident ID"
    listed = town("case", "show", "1", "-o", "json").data["whom"]
    assert all(each["excluded_at"] for each in listed)
    again = [word for each in listed for word in ("--resident", each["resident"])]
    town(*OPEN, *again, *CHEN)
    shown = town("case", "show", "2", "-o", "json").data
    assert shown["before"]["exclusion"] == 1 and shown["next_step"] == "exclusion"
    later = ("--from", "2020-05-10 00:00")
    assert (
        "may have packs of town again from 2020-05-10 00:00:00 on"
        in decided(town, 2, "readmission", *later).err
    )
    assert claimed(town, "r2", "z3", "2020-05-09 23:59:00") == ["not_eligible"]
    assert claimed(town, "r2", "z3", "2020-05-10 00:00:00") == []
    town("check", "--now", "2020-05-21 09:00")


@pytest.mark.parametrize("bytes_", [1, 1 << 30], ids=["by columns", "row by row"])
def test_files_of_any_size_refuse_the_excluded(
    town: Voucher, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    opened(town)
    decided(town, 1, "exclusion")
    options = ("--registration-opens", "2020-04-30 08:00")
    terms = {"opens": "2020-05-01 08:00", "packs": 50, "closes": "2020-06-01 08:00"}
    towns.make_round(town, "r2", *options, state="open", maker="chen", **terms)
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    now = ("--now", "2020-05-20 09:00")
    who = ["z1", "p1", "z1", "p2", "z2", "p3"]
    claims = "".join(f"D{n},r2,{each},2020-05-01 09:00:0{n}\n" for n, each in enumerate(who))
    file = towns.write("many.csv", towns.CLAIMS + claims)
    ran = town("claim", "import", file, *CHEN, *now, "-o", "json", expect=4).data
    assert (ran["accepted"], ran["reasons"]) == (3, {"not_eligible": 3})
    why = "a case excludes this resident from packs from 2020-04-20 09:00:00 on"
    assert why in town("batch", "rejects", str(ran["batch"]), "-o", "json").out
    head = "application_no,round,resident,applied_at\n"
    rows = "".join(f"B{n},r2,{each},2020-05-01 09:00:0{n}\n" for n, each in enumerate(who))
    file = towns.write("asked.csv", head + rows)
    ran = town("application", "import", file, *CHEN, *now, "-o", "json", expect=4).data
    assert (ran["accepted"], ran["reasons"]) == (3, {"not_eligible": 3})


def test_what_is_for_merchants_is_not_for_residents(town: Voucher) -> None:
    opened(town)
    for sanction in ("claw_back", "suspension"):
        what = ("case", "decide", "1", "--sanction", sanction, "--note", "x")
        assert refused(town, *what) == "sanction_of_others"
    both = ("--sanction", "exclusion", "--sanction", "readmission")
    assert refused(town, "case", "decide", "1", *both, "--note", "x") == "one_step"
    start = ("--resident", "p1")
    assert refused(town, *OPEN, "--resident", "nobody", expect=3) == "unknown_resident"
    assert refused(town, *OPEN, "--resident", "token:12", expect=3) == "bad_resident"
    assert refused(town, *OPEN, *start, "--merchant", "M1") == "merchant_or_finding"
    assert refused(town, *OPEN, "--residents", "--merchant", "M1") == "merchant_or_finding"
    assert refused(town, *OPEN, *start, "--hold", "merchant") == "unknown_holding"
    assert refused(town, *OPEN, *start, "--transaction", "T600", expect=3) == "not_of_residents"
    merchant = town(*OPEN, "--merchant", "M1", *CHEN, "-o", "json").data["case"]
    readmit = ("case", "decide", str(merchant), "--sanction", "readmission", "--note", "x")
    assert refused(town, *readmit) == "sanction_of_others"
    crude = next(
        each for each in town("risk", "list", "-o", "json").data["findings"] if each["residents"]
    )
    assert crude["merchant_no"] is None


def test_a_case_on_a_resident_by_hand_takes_its_payments_of_a_span(town: Voucher) -> None:
    case = town(*OPEN, "--resident", "p1", "--since", "2020-03-28", *CHEN, "-o", "json").data
    assert (case["residents"], case["payments"]) == (1, 5)
    more = town("case", "add", "1", "--transaction", "T5", *CHEN, "-o", "json").data
    assert more["payments"] == 0  # it is there already
    assert refused(town, "case", "add", "1") == "nothing_picked"


def test_the_platform_gets_tokens_and_nobody_else(town: Voucher, here: Path) -> None:
    opened(town)
    decided(town, 1, "exclusion")
    town("case", "export", "1", "pack", *CHEN)
    for file in Path("pack").iterdir():
        assert b"token:" not in file.read_bytes(), file
    town("case", "export", "1", "told", "--for-platform", *CHEN)
    whom = [*csv.DictReader(Path("told/whom.csv").read_text("utf-8-sig").splitlines())]
    assert len(whom) == CROWD and all(each["resident"].startswith("token:") for each in whom)
    assert whom[0]["excluded_at"].startswith("2020-04-20")
    for line in Path("told/SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(Path("told", name).read_bytes()).hexdigest() == digest


def test_a_further_key_wraps_them_too(town: Voucher, here: Path) -> None:
    opened(town)
    decided(town, 1, "exclusion")
    before = town("case", "show", "1", "-o", "json").data["whom"][0]["resident"]
    town("key", "rotate", "--reason", "annual", "--note", "a new year", *LIN)
    after = town("case", "show", "1", "-o", "json").data["whom"]
    assert after[0]["resident"] != before and len(after) == CROWD
    assert [each["payments"] for each in after] == [3] + [2] * 7
    assert town("case", "list", "--resident", "z1", "-o", "json").data["cases"]
    town("check")


def test_nobody_is_put_into_a_case_behind_its_back(town: Voucher, here: Path) -> None:
    opened(town)
    town("check")
    towns.by_hand(
        here, "INSERT INTO case_residents VALUES (1, 9, x'00112233445566778899aabbccddeeff')"
    )
    broken = town("check", "-o", "json", expect=5).json
    assert any("8 residents" in each["message"] for each in broken["problems"])


def test_an_exclusion_that_will_end_is_shown_until_it_has_ended(town: Voucher, here: Path) -> None:
    opened(town)
    decided(town, 1, "exclusion")
    whom = town("case", "show", "1", "-o", "json").data["whom"]
    again = [word for each in whom for word in ("--resident", each["resident"])]
    town(*OPEN, *again, *CHEN)
    decided(town, 2, "readmission", "--from", "2020-06-01 00:00")
    between = town("case", "show", "1", "-o", "json").data["whom"]
    assert {each["excluded_at"][:10] for each in between} == {"2020-04-20"}
    assert {each["excluded_to"] for each in between} == {"2020-06-01T00:00:00+08:00"}
    town("case", "export", "2", "told", "--for-platform", *CHEN)
    told = [*csv.DictReader(Path("told/whom.csv").read_text("utf-8-sig").splitlines())]
    assert all(each["excluded_at"] and each["excluded_to"] for each in told)
    after = town("case", "show", "1", "--now", "2020-06-01 00:00", "-o", "json").data["whom"]
    assert {(each["excluded_at"], each["excluded_to"]) for each in after} == {(None, None)}


def test_who_paid_is_known_when_the_claim_is_reversed(town: Voucher, here: Path) -> None:
    opened(town)

    def payers() -> list[int]:
        evidence = town("case", "show", "1", "-o", "json").data["evidence"]
        return [each["payer"] for each in evidence]

    before = payers()
    assert len({*before}) == CROWD

    def corrected(*what: str) -> None:
        why = ("--reverse", "--note", "one hand", "--evidence", "letter 7")
        number = town(*what, *why, *CHEN, "-o", "json").data["correction"]
        town("correction", "approve", str(number), *LIN)

    for payment in ("T616", "T603", "T602", "T601", "T600"):
        corrected("redemption", "correct", payment, "--kind", "pay")
    for claim in ("Cz0", "Cz1"):
        corrected("claim", "correct", claim)
    assert payers() == before
    whom = town("case", "show", "1", "-o", "json").data["whom"]
    assert [each["payments"] for each in whom] == [3] + [2] * 7
    town("case", "export", "1", "told", "--for-platform", *CHEN)
    told = [*csv.DictReader(Path("told/residents.csv").read_text().splitlines())]
    assert len(told) == 17 and len({each["resident"] for each in told}) == CROWD


def test_payments_of_residents_are_found_by_their_vouchers(town: Voucher, here: Path) -> None:
    asked = {"resident": b"", "since": 0, "until": 1, "programme_id": 1, "round": None}
    with towns.session(here / "voucher.db") as session:
        plan = session.db.execute(f"EXPLAIN QUERY PLAN {cases.OF_RESIDENTS}", asked).fetchall()
    steps = [row["detail"] for row in plan]
    assert any("redemptions_by_voucher" in each for each in steps)
    assert any(each.startswith("SEARCH c ") for each in steps)
    assert not any(each.startswith("SCAN") for each in steps)


def test_who_is_named_by_hand_is_looked_at(town: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = town(*OPEN, "--resident", "p1", *CHEN, "-o", "json")
    assert [each["code"] for each in ran.json["problems"]] == ["resident_in_arguments"]
    token = town("case", "show", "1", "-o", "json").data["whom"][0]["resident"]
    assert not town(*OPEN, "--resident", token, *CHEN, "-o", "json").json["problems"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("p2\n"))
    ran = town(*OPEN, "--resident", "-", *CHEN, "-o", "json")
    assert ran.data["residents"] == 1 and not ran.json["problems"]
    assert refused(town, *OPEN, "--resident", "p1x", expect=3) == "unknown_resident"


def test_a_wrong_check_digit_is_told(town: Voucher) -> None:
    wrong = "110101199003070031"
    people = towns.write("people.csv", f"resident,group\n{wrong},g\n")
    town("eligibility", "import", people, *CHEN, expect=None)
    ran = town(*OPEN, "--resident", wrong, *CHEN, "-o", "json")  # on a list alone
    codes = [each["code"] for each in ran.json["problems"]]
    assert codes == ["identity_check_digit", "resident_in_arguments"]


def test_nobody_is_readmitted_who_is_not_excluded(town: Voucher) -> None:
    opened(town)
    readmit = ("case", "decide", "1", "--sanction", "readmission", "--note", "x")
    assert refused(town, *readmit, expect=3) == "nobody_excluded"


def test_a_finding_names_the_case_that_looks_into_it(town: Voucher) -> None:
    finding = str(of_residents(town)["finding"])
    assert "next: voucher case open" in town("risk", "show", finding).err
    opened(town)
    again = str(of_residents(town)["finding"])
    first = town("risk", "show", str(town("case", "show", "1", "-o", "json").data["finding"])).err
    assert "case 1 looks into it: voucher case show 1" in first and "case open" not in first
    assert again != finding


def test_texts_of_a_pack_hold_no_tokens(town: Voucher, here: Path) -> None:
    who = "110101199003070038"
    why = ("--reason", "resale", "--note", f"seen with {who}")
    told = ("--complaint", "--from", f"by {who}", "--on", "2020-04-01")
    town("case", "open", "--merchant", "M1", *why, *told, *CHEN)
    town("case", "note", "1", f"he called from 13800138000, {who}", *CHEN)
    assert "token:" in town("case", "show", "1", "-o", "json").out
    for folder, more in (("pack", ()), ("told", ("--for-platform",))):
        town("case", "export", "1", folder, *more, *CHEN)
        for file in Path(folder).iterdir():
            assert b"token:" not in file.read_bytes(), file
        assert "***" in Path(folder, "notes.csv").read_text("utf-8-sig")


def test_of_two_readmissions_the_second_is_refused_at_its_approval(town: Voucher) -> None:
    cases = [town(*OPEN, "--resident", "p1", *CHEN, "-o", "json").data["case"] for _ in range(3)]
    decided(town, cases[0], "exclusion")
    readmit = ("--sanction", "readmission", "--note", "a mistake")
    for case in cases[1:]:
        town("case", "decide", str(case), *readmit, *CHEN)
    town("case", "approve", str(cases[1]), *LIN)
    second = ("case", "approve", str(cases[2]), *LIN, "-o", "json")
    assert town(*second, expect=3).json["problems"][0]["code"] == "nobody_excluded"
    town("case", "reject", str(cases[2]), "--note", "done already", *LIN)
    town("check")
