"""What an exclusion of a resident does to each way of granting a pack here, and how decisions on
the same resident follow each other. The town is synthetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Voucher = Callable[..., Any]

CHEN, LIN = ("--actor", "chen"), ("--actor", "lin")
STAFF = {"chen": "maker", "lin": "checker", "wu": "finance"}
APPLIED, EXCLUDED, OPENS = "2020-04-22 09:00", "2020-04-25 10:00", "2020-05-01 08:00"
LATER = "2020-05-02 10:00"  # the round is open by then
CLOSES = "2020-06-10 08:00"


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A town whose residents a, a2, b and c claimed a pack of the first round."""

    def build() -> None:
        towns.build(voucher, towns.programme(staff=STAFF), towns.pack())
        first = {"opens": "2020-03-27 08:00", "closes": "2020-04-05 08:00", "packs": 50}
        towns.make_round(voucher, "r1", state="open", maker="chen", **first)
        rows = "".join(f"C{who},r1,{who},2020-03-27 08:00:30\n" for who in ("a", "a2", "b", "c"))
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows), *CHEN)

    once("exclusions", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-20 09:00")
    return voucher


def decide(voucher: Voucher, who: str, sanction: str, now: str, from_: str | None = None) -> None:
    at = ("--now", now)
    start = ("case", "open", "--resident", who, "--reason", "resale", "--note", "x")
    case = str(voucher(*start, *CHEN, *at, "-o", "json").data["case"])
    later = ("--from", from_) if from_ else ()
    what = ("--sanction", sanction, "--note", "one hand", *later)
    voucher("case", "decide", case, *what, *CHEN, *at)
    voucher("case", "approve", case, *LIN, *at)


def announce(voucher: Voucher, code: str, mode: str, *more: str) -> None:
    options = ("--mode", mode, *more)
    terms = {"opens": OPENS, "closes": CLOSES, "packs": 50}
    towns.make_round(voucher, code, *options, maker="chen", **terms)


def take_applications(voucher: Voucher, code: str, **devices: str) -> None:
    head = "application_no,round,resident,applied_at,device\n"
    rows = "".join(f"A{who},{code},{who},{APPLIED},{one}\n" for who, one in devices.items())
    file = towns.write(f"applied-{code}.csv", head + rows)
    voucher("application", "import", file, *CHEN, "--now", "2020-04-23 09:00")


def holders(here: Path, code: str) -> set[str]:
    """Who of the first round's claimers holds a pack of that round."""
    rows = towns.ask(
        here,
        "SELECT f.claim_no FROM claims c JOIN rounds r USING (round_id) JOIN claims f"
        " ON f.resident = c.resident AND f.claim_no IN ('Ca', 'Ca2', 'Cb', 'Cc')"
        " WHERE r.round = ?",
        code,
    )
    return {claim_no[1:] for (claim_no,) in rows}


REGISTRATION = ("--registration-opens", "2020-04-21 08:00")


@pytest.mark.parametrize("excluded_at", [EXCLUDED, LATER], ids=["before", "after the opening"])
def test_a_round_by_arrival_passes_over_the_excluded(
    town: Voucher, here: Path, excluded_at: str
) -> None:
    announce(town, "f2", "fcfs", *REGISTRATION)
    take_applications(town, "f2", a="1", b="2", c="3")
    decide(town, "b", "exclusion", excluded_at)
    town("round", "open", "f2", *CHEN, "--now", LATER)
    town("round", "allocate", "f2", *CHEN, "--now", "2020-05-02 11:00")
    assert holders(here, "f2") == {"a", "c"}
    town("check", "--now", "2020-05-03 09:00")


def test_arrivals_that_are_passed_over_are_counted_by_their_reason(
    town: Voucher, here: Path
) -> None:
    announce(town, "f2", "fcfs", *REGISTRATION)
    take_applications(town, "f2", a="1", b="2", c="3")
    decide(town, "b", "exclusion", EXCLUDED)
    decide(town, "c", "exclusion", EXCLUDED)
    decide(town, "c", "readmission", LATER)
    town("round", "open", "f2", *CHEN, "--now", LATER)
    allocate = ("round", "allocate", "f2", *CHEN, "-o", "json", "--now")
    first = town(*allocate, "2020-05-02 11:00").data
    assert (first["granted"], first["not_eligible"], first["resident_limit"]) == (2, 1, 0)
    decide(town, "a", "exclusion", "2020-05-02 12:00")  # its pack stays
    decide(town, "b", "readmission", "2020-05-02 12:00")
    second = town(*allocate, "2020-05-02 13:00").data
    assert (second["granted"], second["not_eligible"]) == (1, 0)
    assert holders(here, "f2") == {"a", "b", "c"}
    town("check", "--now", "2020-05-03 09:00")


def test_a_list_is_granted_without_who_is_excluded_after_the_opening(
    town: Voucher, here: Path
) -> None:
    listed = towns.write("list.csv", "resident,group\na,poor\nb,poor\n")
    town("eligibility", "import", listed, *CHEN)
    announce(town, "t2", "targeted")
    town("round", "open", "t2", *CHEN, "--now", OPENS)
    decide(town, "a", "exclusion", LATER)
    town("round", "allocate", "t2", *CHEN, "--now", "2020-05-02 11:00")
    assert holders(here, "t2") == {"b"}
    town("check", "--now", "2020-05-03 09:00")


def test_a_draw_bars_who_is_excluded_after_the_list_and_its_certificate_says_so(
    town: Voucher, here: Path
) -> None:
    announce(town, "lot", "lottery", *REGISTRATION)
    town("draw", "commit", "lot", *CHEN)
    take_applications(town, "lot", a="1", b="2", c="3")
    town("draw", "entrants", "lot", *CHEN, "--now", "2020-05-01 08:00")
    decide(town, "a", "exclusion", "2020-05-01 09:00")
    town("round", "open", "lot", *CHEN, "--now", LATER)
    at = ("--now", LATER)
    town("draw", "run", "lot", "--to", "out", *CHEN, *at)
    assert holders(here, "lot") == {"b", "c"}
    assert town("draw", "show", "lot", *at, "-o", "json").data["barred"] == [
        {"application_no": "Aa", "reason": "not_eligible"}
    ]
    certificate = str(next((here / "out").glob("*.json")))
    entrants = str(next((here / "out").glob("*.csv")))
    town("draw", "verify", certificate, "--entrants", entrants, *at)
    town("check", *at)


@pytest.mark.parametrize("mode", ["fcfs", "lottery"])
def test_one_person_is_excluded_with_all_its_identities(
    town: Voucher, here: Path, mode: str
) -> None:
    announce(town, "r2", mode, *REGISTRATION)
    if mode == "lottery":
        town("draw", "commit", "r2", *CHEN)
    take_applications(town, "r2", a="1", a2="1", b="2")
    decide(town, "a2", "exclusion", EXCLUDED)  # the entry of the list is the one of a
    at = ("--now", LATER)
    town("round", "open", "r2", *CHEN, *at)
    if mode == "lottery":
        town("draw", "run", "r2", "--to", "out", *CHEN, *at)
    else:
        found = town("claim", "grant", "r2", "a", *CHEN, *at, "-o", "json", expect=3).json
        assert found["problems"][0]["code"] == "not_eligible"
        town("round", "allocate", "r2", *CHEN, *at)
    assert holders(here, "r2") == {"b"}


def claimed(voucher: Voucher, who: str, at: str) -> list[str]:
    """The reasons for which a claim of a file is refused."""
    name = f"D{who}{at[5:10]}"
    file = towns.write(f"{name}.csv", towns.CLAIMS + f"{name},p2,{who},{at}\n")
    now = ("--now", "2020-06-09 09:00")
    ran = voucher("claim", "import", file, *CHEN, *now, "-o", "json", expect=None)
    return [*ran.data["reasons"]]


def test_what_was_decided_later_holds(town: Voucher) -> None:
    announce(town, "p2", "fcfs")
    town("round", "open", "p2", *CHEN, "--now", OPENS)
    decide(town, "a", "exclusion", EXCLUDED)
    decide(town, "a", "readmission", "2020-04-26 10:00", "2020-06-01 00:00")
    decide(town, "a", "exclusion", "2020-05-02 10:00")
    assert claimed(town, "a", "2020-06-01 09:00:00") == ["not_eligible"]


def test_a_readmission_ends_an_exclusion_that_was_planned(town: Voucher) -> None:
    announce(town, "p2", "fcfs")
    town("round", "open", "p2", *CHEN, "--now", OPENS)
    decide(town, "b", "exclusion", EXCLUDED, "2020-06-01 00:00")
    decide(town, "c", "exclusion", EXCLUDED, "2020-06-01 00:00")
    decide(town, "b", "readmission", "2020-04-26 10:00")
    assert claimed(town, "b", "2020-06-02 09:00:00") == []
    assert claimed(town, "c", "2020-06-02 09:00:00") == ["not_eligible"]


def test_a_pack_inside_an_exclusion_is_found(town: Voucher, here: Path) -> None:
    decide(town, "a", "exclusion", EXCLUDED)
    town("check")
    towns.by_hand(here, "UPDATE claims SET claimed_at = 1588000000 WHERE claim_no = 'Ca'")
    found = town("check", "-o", "json", expect=5).data["checks"]
    assert "no_pack_while_excluded" in {each["check"] for each in found if each["breaches"]}


def test_a_pack_granted_here_inside_an_exclusion_is_found(town: Voucher, here: Path) -> None:
    announce(town, "p2", "fcfs", *REGISTRATION)
    take_applications(town, "p2", a="1")
    town("round", "open", "p2", *CHEN, "--now", OPENS)
    town("round", "allocate", "p2", *CHEN, "--now", LATER)
    decide(town, "a", "exclusion", "2020-05-03 10:00")
    town("check", "--now", "2020-05-04 09:00")  # the pack came before
    towns.by_hand(here, "UPDATE batches SET imported_at = 1588600000 WHERE kind = 'allocation'")
    found = town("check", "-o", "json", "--now", "2020-05-05 09:00", expect=5).data["checks"]
    assert "no_pack_while_excluded" in {each["check"] for each in found if each["breaches"]}


def test_no_exclusion_begins_before_it_is_decided(town: Voucher) -> None:
    decide(town, "a", "exclusion", EXCLUDED, "2020-03-01 00:00")
    town("check")  # the pack of March was lawful
    announce(town, "p2", "fcfs")
    town("round", "open", "p2", *CHEN, "--now", OPENS)
    assert claimed(town, "a", "2020-06-01 09:00:00") == ["not_eligible"]
