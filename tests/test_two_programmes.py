"""Two programmes in one file: each counts its own vouchers, unless its limits say across."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns

BOTH = ("city", "district")
STAFF = {"chen": "maker", "lin": "checker"}
Town = Callable[..., Any]


def document(code: str, most: int | None = 1, **limits: Any) -> dict[str, Any]:
    """The programme of that code: at most so many vouchers a day at one merchant."""
    day = {} if most is None else {"vouchers_per_merchant_per_day": most}
    return towns.programme(
        code, staff=STAFF, limits={"packs_per_resident_per_round": 1} | day | limits
    )


@pytest.fixture
def town(voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Ann holds a pack of five vouchers of each programme, C-city and C-district."""

    def build(
        *,
        city: dict[str, Any] | None = None,
        district: dict[str, Any] | None = None,
        claimed: Sequence[str] = BOTH,
    ) -> Any:
        given = {"city": city or {}, "district": district or {}}
        once(f"two programmes: {given}, {claimed}", lambda: lay_down(given, claimed))
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
        return voucher

    def lay_down(given: dict[str, dict[str, Any]], claimed: Sequence[str]) -> None:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        pack = towns.pack(validity={"days_after_claim": 60})
        towns.build(
            voucher, document("city", **given["city"]), pack, merchants="merchant_no,name\nM1,one\n"
        )
        path = towns.write("district.yaml", document("district", **given["district"]))
        voucher("programme", "load", path)
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
        for code in BOTH:
            chosen = ("--programme", code)
            towns.make_round(
                voucher,
                f"{code}-1",
                everywhere=chosen,
                state="open",
                closes="2020-05-01",
                maker="chen",
            )
            if code in claimed:
                claims(voucher, code, f"C-{code} ann 2020-03-27T09:00")

    return build


def claims(voucher: Any, code: str, *rows: str) -> dict[str, int]:
    """Import `NUMBER RESIDENT TIME` as claims of the round of a programme; the reasons."""
    lines = "".join(
        f"{number},{code}-1,{resident},{at}\n" for number, resident, at in map(str.split, rows)
    )
    path = towns.write(f"claims-{rows[0].split()[0]}.csv", towns.CLAIMS + lines)
    ran = voucher("claim", "import", path, "--programme", code, "-o", "json", expect=None)
    reasons: dict[str, int] = ran.data["reasons"]
    return reasons


def pays(voucher: Any, code: str, *rows: str) -> dict[str, int]:
    """Import `NUMBER COUPON TIME` as payments at M1 with the pack of a programme; the reasons."""
    lines = "".join(
        f"{number},pay,C-{code},{coupon},M1,{at},50,0,10,\n"
        for number, coupon, at in map(str.split, rows)
    )
    path = towns.write(f"{rows[0].split()[0]}.csv", towns.PAYMENTS + lines)
    ran = voucher("redemption", "import", path, "--programme", code, "-o", "json", expect=None)
    reasons: dict[str, int] = ran.data["reasons"]
    return reasons


@pytest.fixture(params=["rows", "columns"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """By rows and by columns the law is one."""
    monkeypatch.setattr(by_columns, "BYTES", 0 if request.param == "columns" else 1 << 30)


def test_the_days_limit_counts_vouchers_of_its_own_programme(town: Town) -> None:
    voucher = town()
    assert pays(voucher, "city", "T1 1 2020-04-02T12:00") == {}
    assert pays(voucher, "district", "T2 1 2020-04-02T13:00") == {}
    assert pays(voucher, "district", "T3 2 2020-04-02T14:00") == {"over_limit": 1}
    assert pays(voucher, "city", "T4 2 2020-04-02T11:00") == {"over_limit": 1}
    voucher("check")


def test_one_payment_number_is_one_payment_in_both(town: Town) -> None:
    voucher = town(city={"most": None}, district={"most": None})
    assert pays(voucher, "city", "T1 1 2020-04-02T12:00") == {}
    assert pays(voucher, "district", "T1 1 2020-04-02T12:00") == {"transaction_reused": 1}


def test_a_daily_file_of_both_is_imported_under_each(town: Town) -> None:
    voucher = town()
    rows = "".join(
        f"{number},pay,C-{code},1,M1,2020-04-02T1{hour}:00,50,0,10,\n"
        for number, code, hour in (("T1", "city", 1), ("T2", "district", 2))
    )
    path = towns.write("day.csv", towns.PAYMENTS + rows)
    counts = []
    for code, expect in (("city", 4), ("district", 0)):
        imported = ("redemption", "import", path, "--programme", code, "-o", "json")
        data = voucher(*imported, expect=expect).data
        counts.append((data["accepted"], data["duplicate"], data["rejected"]))
    assert counts == [(1, 0, 1), (1, 1, 0)]


def test_limits_across_count_the_named_programmes_too(town: Town) -> None:
    voucher = town(district={"across": ["city"]})
    assert pays(voucher, "city", "T1 1 2020-04-02T12:00") == {}
    assert pays(voucher, "district", "T2 1 2020-04-02T13:00") == {"over_limit": 1}
    assert pays(voucher, "district", "T3 1 2020-04-03T13:00") == {}
    # the city did not say that it counts the district's
    assert pays(voucher, "city", "T4 2 2020-04-03T14:00") == {}
    shown = voucher("programme", "show", "district", "-o", "json").data["limits"]["across"]
    assert shown == ["city"]
    assert ["across", "city"] in [
        line.split() for line in voucher("programme", "show", "district").out.splitlines()
    ]


def test_across_is_kept_to_its_limit_not_to_one_voucher(town: Town) -> None:
    voucher = town(city={"most": 3}, district={"most": 3, "across": ["city"]})
    assert pays(voucher, "city", "T1 1 2020-04-02T12:00", "T2 2 2020-04-02T12:05") == {}
    assert pays(voucher, "district", "T3 1 2020-04-02T13:00", "T4 2 2020-04-02T13:05") == {
        "over_limit": 1
    }


def test_the_check_at_the_till_counts_as_an_import_does(town: Town) -> None:
    voucher = town(district={"across": ["city"]})
    pays(voucher, "city", "T1 1 2020-04-02T12:00")
    asked = ("--merchant", "M1", "--amount", "50", "--at", "2020-04-02 15:00", "-o", "json")

    def reason(code: str) -> Any:
        chosen = ("--programme", code, "--claim", f"C-{code}")
        return voucher("redemption", "check", *chosen, *asked, expect=None).data["reason"]

    assert reason("district") == "over_limit"
    pays(voucher, "district", "T2 1 2020-04-03T12:00")
    asked = (*asked, "--at", "2020-04-03 15:00", "--coupon", "2")
    assert (reason("district"), reason("city")) == ("over_limit", None)


def test_across_holds_from_the_midnight_after_its_approval(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town()
    for number, day in (("T1", 4), ("T2", 11), ("T3", 18)):
        assert pays(voucher, "city", f"{number} {number[1]} 2020-04-{day:02d}T12:00") == {}

    def change(when: str, **limits: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("VOUCHER_NOW", when)
            path = towns.write("change.yaml", document("district", **limits))
            voucher("programme", "load", path, "--actor", "chen")
            voucher("programme", "approve", "district", "--actor", "lin")

    change("2020-04-10 15:00", across=["city"])
    change("2020-04-15 15:00")
    # late files: nothing before the change, the city's vouchers under it, nothing after it ended
    assert pays(voucher, "district", "U1 1 2020-04-04T13:00") == {}
    assert pays(voucher, "district", "U2 2 2020-04-11T13:00") == {"over_limit": 1}
    assert pays(voucher, "district", "U3 3 2020-04-18T13:00") == {}


def test_across_from_before_now_says_what_stands(town: Town) -> None:
    voucher = town()
    pays(voucher, "city", "T1 1 2020-04-05T12:00", "T9 2 2020-04-04T12:00")
    pays(voucher, "district", "T2 1 2020-04-05T13:00")
    path = towns.write("p.yaml", document("district", **{"across": ["city"], "from": "2020-04-05"}))
    voucher("programme", "load", path, "--actor", "chen", "--note", "the notice of 3 April")
    ran = voucher("programme", "approve", "district", "--actor", "lin", "-o", "json")
    assert [(problem["code"], problem["message"]) for problem in ran.json["problems"]] == [
        (
            "not_lawful_now",
            "2 vouchers of one resident at M1 on 2020-04-05 stand, more than the limit now"
            " (T2 among them)",
        )
    ]
    # two of the city alone are the city's affair
    path = towns.write("c.yaml", document("city", most=3))
    voucher("programme", "load", path, "--actor", "chen")
    voucher("programme", "approve", "city", "--actor", "lin")
    path = towns.write("c.yaml", document("city", **{"from": "2020-04-01"}))
    voucher("programme", "load", path, "--actor", "chen", "--note", "a slip")
    ran = voucher("programme", "approve", "city", "--actor", "lin", "-o", "json")
    assert ran.json["problems"] == []


def test_across_from_before_now_lists_claims_beyond_limits_beside_visits(town: Town) -> None:
    voucher = town(district={"packs_per_resident": 1})
    # bob's pack of the city came after that of the district, eve has no other
    assert claims(voucher, "district", "D2 bob 2020-03-28T09:00", "D3 eve 2020-03-28T09:00") == {}
    assert claims(voucher, "city", "E2 bob 2020-03-29T09:00") == {}
    pays(voucher, "city", "T1 1 2020-04-05T12:00")
    pays(voucher, "district", "T2 1 2020-04-05T13:00")
    limits = {"packs_per_resident": 1, "across": ["city"], "from": "2020-03-27"}
    path = towns.write("p.yaml", document("district", **limits))
    voucher("programme", "load", path, "--actor", "chen", "--note", "the notice of 3 April")
    ran = voucher("programme", "approve", "district", "--actor", "lin", "-o", "json")
    assert [problem["message"] for problem in ran.json["problems"]] == [
        "claim C-district, 2020-03-27 09:00:00, stands though packs_per_resident would refuse it"
        " now",
        "2 vouchers of one resident at M1 on 2020-04-05 stand, more than the limit now (T2 among"
        " them)",
    ]


# ---------------------------------------------------------------- packs


def test_packs_count_within_their_own_programme(town: Town) -> None:
    voucher = town(city={"packs_per_resident": 1}, district={"packs_per_resident": 1}, claimed=())
    assert claims(voucher, "city", "C1 ann 2020-03-27T09:00") == {}
    assert claims(voucher, "district", "D1 ann 2020-03-28T09:00") == {}


def test_packs_across_fill_the_programmes_limit(town: Town) -> None:
    voucher = town(district={"packs_per_resident": 1, "across": ["city"]}, claimed=("city",))
    rows = ("D1 ann 2020-03-28T09:00", "D2 bob 2020-03-28T09:00")
    assert claims(voucher, "district", *rows) == {"resident_limit": 1}
    # the city did not say that it counts the district's
    assert claims(voucher, "city", "C2 bob 2020-03-29T09:00") == {}
    voucher("check")


def test_packs_across_fill_the_week_in_which_they_were_claimed(town: Town) -> None:
    # ann's pack of the city is of Friday 27 March
    limits = {"packs_per_resident_per_week": 1, "across": ["city"]}
    voucher = town(district=limits, claimed=("city",))
    sunday, monday = "D1 ann 2020-03-29T23:59:59", "D2 ann 2020-03-30T00:00:00"
    assert claims(voucher, "district", sunday, "D3 bob 2020-03-29T09:00") == {"resident_limit": 1}
    assert claims(voucher, "district", monday) == {}


def test_packs_across_leave_room_up_to_the_limit(town: Town) -> None:
    limits = {"packs_per_resident": 3, "packs_per_resident_per_round": 3, "across": ["city"]}
    voucher = town(district=limits, claimed=("city",))
    rows = [f"D{n} ann 2020-03-28T0{n}:00" for n in (1, 2, 3)]
    assert claims(voucher, "district", *rows) == {"resident_limit": 1}
    listed = voucher("claim", "list", "--programme", "district", "-o", "json").data["claims"]
    assert [each["claim_no"] for each in listed] == ["D1", "D2"]


def test_packs_that_are_granted_here_count_as_those_of_a_file(town: Town) -> None:
    limits = {"packs_per_resident": 1, "across": ["city"]}
    voucher = town(district=limits, claimed=("city",))
    chosen = ("--programme", "district", "--now", "2020-03-28 09:00")
    refused = voucher("claim", "grant", "district-1", "ann", *chosen, expect=3).err
    assert "[resident_limit]" in refused
    voucher("claim", "grant", "district-1", "bob", *chosen)
    asked = "application_no,round,resident,applied_at\n"
    asked += "".join(
        f"A-{name},district-1,{name},2020-03-28 08:00\n" for name in ("ann", "bob", "eve")
    )
    voucher("application", "import", towns.write("a.csv", asked), *chosen)
    data = voucher("round", "allocate", "district-1", *chosen, "-o", "json").data
    assert (data["granted"], data["resident_limit"]) == (1, 2)


def test_packs_across_count_from_the_midnight_after_the_approval(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = town(district={"packs_per_resident": 1}, claimed=("city",))
    assert claims(voucher, "city", "C2 bob 2020-03-27T09:00") == {}
    with monkeypatch.context() as patch:
        patch.setenv("VOUCHER_NOW", "2020-04-10 15:00")
        path = towns.write("p.yaml", document("district", packs_per_resident=1, across=["city"]))
        voucher("programme", "load", path, "--actor", "chen")
        voucher("programme", "approve", "district", "--actor", "lin")
    assert claims(voucher, "district", "D1 ann 2020-04-10T23:59:59") == {}
    assert claims(voucher, "district", "D2 bob 2020-04-11T00:00:00") == {"resident_limit": 1}


# ---------------------------------------------------------------- what may be named


def test_a_programme_that_is_not_there_is_warned_of_and_counts_from_its_loading(
    voucher: Any, here: Any
) -> None:
    voucher("init")
    path = towns.write("district.yaml", document("district", across=["city"]))
    ran = voucher("programme", "load", path)
    assert "district.yaml:1:" in ran.err
    assert "warning: there is no programme city in this file: nothing of it counts" in ran.err
    assert "[unknown_across]\n  next: voucher programme list\n" in ran.err


@pytest.mark.parametrize(
    ("across", "code"),
    [(["district"], "counts_itself"), (["city", "city"], "named_twice"), ("city", "wrong_type")],
)
def test_across_names_other_programmes_once(
    voucher: Any, here: Any, across: Any, code: str
) -> None:
    voucher("init")
    path = towns.write("district.yaml", document("district", across=across))
    problems = voucher("programme", "load", path, "-o", "json", expect=3).json["problems"]
    assert code in [problem["code"] for problem in problems]
