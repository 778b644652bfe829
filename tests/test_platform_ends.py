"""Ends that the platform states of each claim: by rows and by columns, files that come twice, late
and otherwise, corrections, undo, `check`, and what is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.rules import templates, times

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

HEADER = towns.CLAIMS.strip() + ",expires_at\n"
VALIDITY = {"by": "platform", "no_later_than": "2020-06-30"}
ROWS = {
    "C1": ("2020-04-03 12:00:00", "2020-04-03T12:00:00+08:00"),
    "C2": ("2020-04-03", "2020-04-04T00:00:00+08:00"),
    "C3": ("2020/4/3 23:59", "2020-04-04T00:00:00+08:00"),
    "C4": ("2020-04-03 23:59:59", "2020-04-04T00:00:00+08:00"),
    "C5": ("2021-04-03", "2020-07-01T00:00:00+08:00"),
}


def claims(**ends: str) -> str:
    return HEADER + "".join(
        f"{no},r1,r{no},2020-03-27 08:00:01,{end}\n" for no, end in ends.items()
    )


@pytest.fixture(params=["rows", "columns"])
def town(
    voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Voucher:
    def build() -> None:
        document = towns.programme(staff={"mei": "maker", "lin": "checker"})
        packs = (
            towns.pack("pack", towns.coupon("10", "40"), validity=VALIDITY),
            towns.pack("week", towns.coupon("10", "40")),
        )
        towns.build(voucher, document, *packs, merchants="merchant_no,name\nM1,店\n")
        for code, template in (("r1", "pack"), ("r2", "week")):
            options = ("--platform", "alipay", "--closes-at", "2020-04-30")
            towns.make_round(voucher, code, *options, template=template, packs=9, state="open")

    once("platform ends", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-07-09 09:00")
    if request.param == "columns":
        monkeypatch.setattr(by_columns, "BYTES", 0)
        monkeypatch.setattr(chunks, "ROWS", 2)
    return voucher


def take(voucher: Voucher, name: str, text: str) -> Any:
    noun = "claim" if "claim_no,round" in text else "redemption"
    return voucher(noun, "import", towns.write(name, text), "-o", "json", expect=None).data


def ends(voucher: Voucher) -> dict[str, str]:
    rows = voucher("claim", "list", "-o", "json").data["claims"]
    return {row["claim_no"]: row["expires_at"] for row in rows}


def test_each_claim_keeps_the_end_that_its_row_states(town: Voucher) -> None:
    take(town, "c.csv", claims(**{no: end for no, (end, _) in ROWS.items()}))
    assert ends(town) == {no: end for no, (_, end) in ROWS.items()}
    rows = (
        "".join(
            f"T{no}{at[-2:]},pay,{no},1,M1,{at},40,0,10,\n"
            for no in ("C1", "C4")
            for at in ("2020-04-03 11:59:59", "2020-04-03 12:00:00")
        )
        .replace("TC400,", "TC4,")
        .replace("C4,1,M1,2020-04-03 11:59:59", "C2,1,M1,2020-04-03 23:59:59")
    )
    ran = take(town, "p.csv", towns.PAYMENTS + rows)
    assert ran["reasons"] == {"expired": 1}  # C1 at 12:00:00
    town("check")


def test_a_row_that_does_not_say_it_is_rejected(town: Voucher) -> None:
    ran = take(town, "c.csv", claims(C1="", C2="soon", C3="2020-03-27 08:00:01", C4="2020-04-03"))
    assert ran["reasons"] == {"bad_row": 2, "bad_time": 1}
    assert [*ends(town)] == ["C4"]
    plain = towns.CLAIMS + "C5,r1,r5,2020-03-27 08:00:01\n"
    assert take(town, "plain.csv", plain)["reasons"] == {"bad_row": 1}


def test_other_rounds_do_not_use_the_column(town: Voucher) -> None:
    take(town, "c.csv", HEADER + "C1,r2,r1,2020-03-27 08:00:01,2020-03-28\n")
    assert ends(town) == {"C1": "2020-04-03T08:00:01+08:00"}
    how = ("--note", "x", "--evidence", "y", "--actor", "mei")
    ran = town("claim", "correct", "C1", "--expires-at", "2020-05-01", *how, expect=2)
    assert "nobody_asks" in ran.err


def test_the_same_row_is_a_duplicate_and_another_end_is_not(town: Voucher) -> None:
    take(town, "c.csv", claims(C1="2020-04-03", C2="2020-04-03"))
    again = take(town, "again.csv", claims(C1="2020-04-03", C2="2020-04-09", C3="2020-04-09"))
    assert (again["duplicate"], again["reasons"]) == (1, {"conflicting_row": 1})
    both = HEADER + "".join(f"C4,r1,r4,2020-03-27 08:00:01,2020-04-0{day}\n" for day in (3, 4))
    assert take(town, "both.csv", both)["reasons"] == {"conflicting_row": 2}
    assert ends(town)["C2"] == "2020-04-04T00:00:00+08:00"
    town("check")


def test_what_stands_keeps_its_end_when_it_is_judged_again(town: Voucher) -> None:
    take(town, "c.csv", claims(C1="2020-04-03 10:00", C2="2020-04-04 10:00"))
    late = HEADER + "C1,r1,other,2020-03-27 08:00:09,2020-04-05 10:00\n"
    assert take(town, "late.csv", late)["reasons"] == {"claim_reused": 1}
    first = town("batch", "list", "-o", "json").data["batches"][1]["batch"]
    town("batch", "retry", "--all", expect=None)
    town("batch", "undo", str(first), "--note", "wrong file", "--yes")
    town("batch", "retry", str(first + 1))
    assert ends(town) == {"C1": "2020-04-05T10:00:00+08:00"}
    town("check")


def test_an_end_is_corrected_by_two(town: Voucher) -> None:
    take(town, "c.csv", claims(C1="2020-04-03"))
    take(town, "p.csv", towns.PAYMENTS + "T1,pay,C1,1,M1,2020-04-03 10:00:00,40,0,10,\n")
    how = ("--note", "typing", "--evidence", "letter", "--actor", "mei", "-o", "json")
    early = town("claim", "correct", "C1", "--expires-at", "2020-04-02", *how, expect=3)
    assert "expired" in early.out
    ran = town("claim", "correct", "C1", "--expires-at", "2020-04-05", *how)
    assert ran.data["before"]["expires_at"] == "2020-04-03T16:00:00Z"
    town("correction", "approve", str(ran.data["correction"]), "--actor", "lin")
    assert ends(town) == {"C1": "2020-04-06T00:00:00+08:00"}
    town("check")


def test_check_finds_an_end_beyond_the_last(town: Voucher, here: Any) -> None:
    take(town, "c.csv", claims(C1="2020-04-03"))
    towns.by_hand(
        here,
        "DROP TRIGGER IF EXISTS claims_do_not_change",
        f"UPDATE claims SET expires_at = {towns.at('2020-08-01 00:00')}",
    )
    ran = town("check", "-o", "json", expect=5)
    assert "expiry_by_law" in {each["check"] for each in ran.data["checks"] if each["breaches"]}


def test_no_round_without_a_platform(town: Voucher) -> None:
    words = ("--template", "pack", "--packs", "3", "--opens-at", "2020-08-01", "--actor", "mei")
    ran = town("round", "create", "r3", *words, "--closes-at", "2020-08-02", expect=2)
    assert "platform_needed" in ran.err


def test_a_template_says_it_in_words(town: Voucher) -> None:
    shown = " ".join(town("template", "show", "pack").out.split())
    assert "Valid until the end that the platform's file states of each claim" in shown
    order = town("round", "order", "r1", "--rehearse", "-o", "json", expect=None)
    assert order.code in (0, 2, 3)


@pytest.mark.parametrize(
    ("validity", "code"),
    [
        ({"by": "platform"}, "last_end_needed"),
        ({"by": "platform", "days": 7, "no_later_than": "2020-06-30"}, "one_validity"),
        ({"by": "resident", "no_later_than": "2020-06-30"}, "not_a_choice"),
        (VALIDITY | {"from": "claim"}, "idle_key"),
    ],
)
def test_a_wrong_validity_is_a_fault(validity: dict[str, Any], code: str) -> None:
    template, faults = templates.read(towns.pack(validity=validity))
    assert template is None
    assert [each.code for each in faults] == [code]


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2020-04-03", "2020-04-04T00:00:00+08:00"),
        ("2020-04-03 23:59", "2020-04-04T00:00:00+08:00"),
        ("2020-04-03 10:00:59", "2020-04-03T10:01:00+08:00"),
        ("2020-04-03 10:59", "2020-04-03T10:59:00+08:00"),
        ("2020-04-03 24:00", "2020-04-04T00:00:00+08:00"),
        ("2020年4月3日 8:00", "2020-04-03T08:00:00+08:00"),
    ],
)
def test_ends_are_read_as_platforms_write_them(text: str, until: str) -> None:
    assert times.iso(times.stated_end(text, times.HOME_ZONE), times.HOME_ZONE) == until
