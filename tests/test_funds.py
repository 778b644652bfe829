"""Funds: what funders give, move and have back, by whom, and that every fen of it is somewhere."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given, settings
from test_interleaved import TRIED, Desks, Town, histories, play

from vouchercli.store import ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran, Start

    Voucher = Callable[..., Ran]

STAFF = {"mei": "maker", "lin": "checker", "wu": "checker finance", "qian": "finance"}
FUNDS = {"treasury": "2000.00", "district": "1000.00", "alipay": "platform", "shops": "merchant"}
PACK = towns.pack(
    "pack",
    towns.coupon("10", "40", 5),
    funding={"treasury": "50%", "district": "25%", "alipay": "25%"},
    match={"shops": "100%"},
)
CLAIMED = "C1,r1,a,2020-03-27 09:00:00\nC2,r1,b,2020-03-27 09:00:01\n"
PAID = (
    "T1,pay,C1,1,M1,2020-03-27 12:00:00,40.00,0,10.00,\n"
    "T2,pay,C1,2,M1,2020-03-28 12:00:00,50.00,0,10.00,\n"
    "R2,refund,C1,2,M1,2020-03-28 13:00:00,50.00,0,10.00,T2\n"
)


@pytest.fixture
def city(voucher: Voucher, once: Once) -> Voucher:
    """Four funders, of which two have a fund; nothing is approved yet."""
    programme = towns.programme("city", funds=FUNDS, staff=STAFF)
    once(
        "funds", lambda: towns.build(voucher, programme, PACK, merchants="merchant_no,name\nM1,a\n")
    )
    return voucher


@pytest.fixture
def running(city: Voucher, once: Once) -> Voucher:
    """... with ten packs of 50 yuan approved, two claimed, one voucher paid, one refunded."""

    def build() -> None:
        towns.make_round(city, "r1", state="open", closes=towns.CLOSES)
        city("claim", "import", towns.write("c.csv", towns.CLAIMS + CLAIMED))
        city("redemption", "import", towns.write("p.csv", towns.PAYMENTS + PAID))

    once("funds, running", build)
    return city


def read(voucher: Voucher, *args: str) -> dict[str, Any]:
    """What `fund show` says of each funder, by its name."""
    shown = voucher("fund", "show", *args, "-o", "json").data["funders"]
    return {each["funder"]: each for each in shown}


def yuan(fund: dict[str, Any]) -> dict[str, float]:
    """What is not nothing, in yuan."""
    return {
        key.removesuffix("_fen"): fen / 100
        for key, fen in fund.items()
        if key.endswith("_fen") and fen
    }


def refusal(voucher: Voucher, *args: str, expect: int = 3) -> tuple[str, str]:
    """The code and the hint of a refusal."""
    problem = voucher(*args, "-o", "json", expect=expect).json["problems"][0]
    return problem["code"], problem["hint"]


def log_line(voucher: Voucher) -> dict[str, Any]:
    """The newest line of the log."""
    line: dict[str, Any] = voucher("audit", "log", "--limit", "1", "-o", "json").data["lines"][0]
    return line


# ---------------------------------------------------------------- given, moved, had back


def test_before_a_round_is_approved_one_person_gives_moves_and_returns(city: Voucher) -> None:
    given = city("fund", "appropriate", "treasury", "1,000", "--actor", "mei")
    assert given.err == (
        "appropriated 1,000.00 yuan of treasury; uncommitted now: 3,000.00 yuan\n"
        "next: voucher fund show\n"
    )
    moved = city("fund", "transfer", "treasury", "district", "250.50", "--actor", "qian")
    assert "treasury 2,749.50 yuan, district 1,250.50 yuan" in moved.err
    city("fund", "return", "district", "1250.50", "--actor", "mei", "--note", "year's end")
    assert yuan(read(city)["treasury"]) == {"appropriated": 2749.5, "uncommitted": 2749.5}
    assert yuan(read(city)["district"]) == {"appropriated": 1250.5, "returned": 1250.5}
    city("check")


def test_the_log_says_which_command_it_was_and_why(city: Voucher) -> None:
    city("fund", "return", "district", "10", "--note", "too much", "--actor", "mei")
    line = log_line(city)
    assert (line["actor"], line["deed"], line["about"]) == ("mei", "programme.load", "city")
    assert line["detail"]["file"] == "fund return district 10.00"
    assert line["detail"]["note"] == "too much"
    was, will = (line[side]["funders"]["district"] for side in ("before", "after"))
    assert ("returned" in was, will["returned"]) == (False, "10.00")


def test_a_note_of_a_loaded_file_is_kept_too(city: Voucher) -> None:
    document = json.loads(Path("programme.yaml").read_text("utf-8"))
    document["funders"]["treasury"]["amount"] = "2500.00"
    path = towns.write("more.yaml", document)
    city("programme", "load", path, "--note", "notice 7", "--actor", "mei")
    assert log_line(city)["detail"]["note"] == "notice 7"


def test_on_an_approved_round_money_moves_by_two_people(running: Voucher) -> None:
    before = read(running)
    put = ("fund", "appropriate", "treasury", "500", "--note", "notice 8", "--actor")
    said = running(*put, "wu")
    assert "funders.treasury.amount  2,000.00  2,500.00" in said.out
    assert "next: voucher programme approve city --actor NAME, by someone other than wu" in said.err
    assert read(running) == before
    line = log_line(running)
    assert line["deed"] == "programme.propose"
    assert line["detail"]["file"] == "fund appropriate treasury 500.00"
    assert line["detail"]["note"] == "notice 8"
    assert "waits for approval already" in running(*put, "mei").err
    assert refusal(running, "fund", "return", "district", "1", "--actor", "mei")[0] == (
        "change_waiting"
    )
    assert refusal(running, "programme", "approve", "--actor", "wu")[0] == "own_change"
    assert refusal(running, "programme", "approve", "--actor", "qian")[0] == "not_a_checker"
    running("programme", "approve", "--actor", "lin")
    assert read(running)["treasury"]["appropriated_fen"] == 2500_00
    running("check")


def test_what_was_returned_is_in_the_programme_and_shown_with_it(running: Voucher) -> None:
    assert "Returned" not in running("programme", "show").out
    running("fund", "return", "district", "100", "--actor", "qian")
    running("programme", "approve", "--actor", "lin")
    shown = running("programme", "show", "-o", "json").data["funders"]
    assert [each["returned_fen"] for each in shown] == [0, 100_00, 0, 0]
    assert "Returned" in running("programme", "show").out
    running("programme", "export", "--programme", "city", "--to", "out.yaml", expect=None)


def test_gifts_at_the_same_time_all_arrive(city: Voucher, here: Path, start: Start) -> None:
    """What a fund was given is read in the transaction that writes it."""
    children = [
        start(here, "fund", "appropriate", "treasury", "0.01", "--actor", name)
        for name in ("mei", "lin", "wu", "qian") * 2
    ]
    assert {child.wait(60) for child in children} == {0}
    assert read(city)["treasury"]["appropriated_fen"] == 2000_08


def test_a_dry_run_of_a_fund_writes_nothing(city: Voucher) -> None:
    before = read(city)
    for deed in (["appropriate", "treasury"], ["transfer", "treasury", "district"]):
        said = city("fund", *deed, "5", "--dry-run", "--actor", "mei")
        assert "dry run" in said.out + said.err
    assert read(city) == before
    assert log_line(city)["deed"] != "fund.appropriate"


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        ("appropriate nobody 5", "unknown_funder", 3),
        ("return nobody 5", "unknown_funder", 3),
        ("transfer treasury nobody 5", "unknown_funder", 3),
        ("show nobody", "unknown_funder", 3),
        ("appropriate alipay 5", "no_fund", 3),
        ("return alipay 5", "no_fund", 3),
        ("transfer treasury alipay 5", "no_fund", 3),
        ("transfer treasury treasury 5", "same_fund", 3),
        ("return treasury 2000.01", "fund_short", 3),
        ("transfer district treasury 1000.01", "fund_short", 3),
        ("appropriate treasury 0", "bad_amount_option", 2),
        ("return treasury 0.001", "bad_amount_option", 2),
        ("transfer treasury district much", "bad_amount_option", 2),
        ("appropriate treasury 10000000000000", "bad_amount_option", 2),  # too much in all
    ],
)
def test_what_cannot_be_is_refused_and_the_way_out_works(
    city: Voucher, words: str, code: str, exit_code: int
) -> None:
    before = read(city)
    found, hint = refusal(city, "fund", *words.split(), "--actor", "mei", expect=exit_code)
    assert found == code
    if hint.startswith("voucher "):
        city(*hint.split()[1:])
    assert read(city) == before


def test_nothing_is_no_amount_to_move(running: Voucher) -> None:
    asked = ("fund", "return", "treasury", "0.00", "--actor", "mei")
    assert "YUAN must be more than 0 [bad_amount_option]" in running(*asked, expect=2).err
    assert "YUAN 必须大于 0" in running(*asked, "--lang", "zh", expect=2).err.replace("元", "YUAN")


def test_the_refusal_says_how_much_is_missing(running: Voucher) -> None:
    ran = running("fund", "return", "treasury", "1751", "--actor", "mei", expect=3)
    assert ran.err == (
        "error: treasury has 1,750.00 yuan uncommitted; 1,751.00 yuan are needed, 1.00 yuan are"
        " missing [fund_short]\n  next: voucher fund show\n"
    )


def test_a_stranger_moves_no_money(city: Voucher) -> None:
    for deed in ("appropriate treasury", "return treasury", "transfer treasury district"):
        code, _ = refusal(city, "fund", *deed.split(), "5", "--actor", "nobody")
        assert code == "not_staff"
    ran = city("fund", "return", "treasury", "5", "--actor", "nobody", expect=3)
    assert "neither maker, checker nor finance of programme city" in ran.err


def test_money_that_a_round_took_meanwhile_is_not_returned_at_the_approval(
    running: Voucher,
) -> None:
    """750 yuan of the district are free; another 20 packs take 250 of them."""
    running("fund", "return", "district", "750", "--actor", "mei")
    towns.make_round(running, "r2", packs=20)
    ran = running("programme", "approve", "--actor", "lin", "-o", "json", expect=3)
    assert [each["code"] for each in ran.json["problems"]] == ["programme_in_use", "fund_committed"]
    hint = ran.json["problems"][0]["hint"]
    assert hint == "voucher programme reject city --note WHY"
    running(*hint.split()[1:], "--actor", "lin")
    running("fund", "return", "district", "625", "--actor", "mei")
    running("programme", "approve", "--actor", "lin")


def test_a_file_cannot_say_that_more_went_back_than_was_given(city: Voucher) -> None:
    document = json.loads(Path("programme.yaml").read_text("utf-8"))
    for fund in (
        {"kind": "public", "amount": "10", "returned": "10.01"},
        {"kind": "platform", "returned": "1"},
    ):
        document["funders"]["alipay"] = fund
        ran = city("programme", "load", towns.write("x.yaml", document), "-o", "json", expect=3)
        assert ran.json["problems"][1]["code"] == "returned_too_much"


# ---------------------------------------------------------------- where all of it stands


def test_every_fen_is_where_the_facts_say(running: Voucher) -> None:
    """Ten packs of five tens are 500 yuan, two of them are claimed: 100; of these 10 are paid. A
    match comes on top, and what funders without a fund promise comes from their word.
    """
    shown = read(running)
    shares = {"treasury": 0.5, "district": 0.25, "alipay": 0.25, "shops": 1.0}
    given = {"treasury": 2000.0, "district": 1000.0, "alipay": 125.0, "shops": 500.0}
    for funder, share in shares.items():
        is_watched = funder in ("treasury", "district")
        free = {"uncommitted": given[funder] - 500 * share} if is_watched else {}
        assert yuan(shown[funder]) == free | {
            "appropriated": given[funder],
            "committed": 400 * share,
            "outstanding": 90 * share,
            "payable": 10 * share,
        }
    assert shown["alipay"]["uncommitted_fen"] is None
    of_round = running("fund", "show", "-o", "json").data["rounds"]
    assert [each["funder"] for each in of_round] == [*shares]
    paid = running("redemption", "list", "-o", "json").data["redemptions"]
    subsidy = sum(each["subsidy_fen"] for each in paid)
    assert subsidy == sum(shown[name]["payable_fen"] for name in ("treasury", "district", "alipay"))


def test_the_shares_of_an_odd_subsidy_add_up_to_it(voucher: Voucher) -> None:
    """A tenth of 333.40 yuan in three: two thirds are rounded half up, the last takes the rest."""
    thirds = {"a": "33.33%", "b": "33.33%", "c": "33.34%"}
    tenth = {"count": 1, "kind": "percent_off", "percent": "10", "threshold": "100", "cap": "50"}
    towns.build(
        voucher,
        towns.programme("city", funds=dict.fromkeys(thirds, "100.00"), staff=STAFF),
        towns.pack("pack", tenth, funding=thirds),
        merchants="merchant_no,name\nM1,a\n",
    )
    towns.make_round(voucher, "r1", state="open", closes=towns.CLOSES, packs=2)
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + CLAIMED))
    rows = "T1,pay,C1,1,M1,2020-03-27 12:00:00,333.40,0,33.34,\n"
    voucher("redemption", "import", towns.write("p.csv", towns.PAYMENTS + rows))
    shown = read(voucher)
    assert [shown[name]["payable_fen"] for name in thirds] == [11_11, 11_11, 11_12]
    for fund in shown.values():
        rest = sum(fen for key, fen in fund.items() if key.endswith("_fen"))
        assert rest - fund["appropriated_fen"] == fund["appropriated_fen"] == 100_00
    voucher("check")


def test_a_person_reads_it_in_eighty_columns(running: Voucher) -> None:
    for lang in ("en", "zh"):
        ran = running("fund", "show", "--lang", lang)
        assert all(len(line) <= 80 for line in ran.out.splitlines())
    ran = running("fund", "show")
    assert "alipay          125.00            –     125.00      0.00" in ran.out
    assert "has given what it promised to approved rounds" in " ".join(ran.out.split())
    assert "treasury" not in running("fund", "show", "district").out
    head = running("fund", "show", "-o", "csv").out.splitlines()[0]
    assert head == (
        "funder,appropriated_yuan,uncommitted_yuan,committed_yuan,outstanding_yuan,payable_yuan,"
        "held_yuan,paid_yuan,clawed_back_yuan,written_off_yuan,returned_yuan"
    )


def books(session: Any) -> None:
    """Each funder's money adds up, and its accounts are what the facts come to."""
    db = session.db
    for (funder_id,) in db.execute("SELECT funder_id FROM funders"):
        stands = ledger.balances(db, funder_id)
        assert sum(stands) == 0
        assert -stands.appropriated == stands.uncommitted + stands.of_rounds + stands.returned
        (paid,) = db.execute(PAYABLE, (funder_id,)).fetchone()
        assert stands.payable == paid
        (claims,) = db.execute("SELECT count(*) FROM claims").fetchone()
        (pack,) = db.execute(PACK_FEN, (funder_id,)).fetchone()
        assert stands.outstanding == claims * pack - paid


PAYABLE = """
SELECT ifnull(sum(subsidy_fen), 0) FROM redemption_facts WHERE ? IS NOT NULL
"""
PACK_FEN = "SELECT sum(amount_fen) FROM pack_parts WHERE funder_id = ?"


@settings(TRIED, max_examples=5)
@given(history=histories(9))
def test_whatever_the_desks_do_every_fen_is_somewhere(history: Any) -> None:
    assert keeps_the_books(Town("full_restores"), history) >= 0


@pytest.mark.slow
@settings(TRIED, max_examples=int(os.environ.get("FUNDS", "200")))
@given(history=histories(14))
def test_after_long_histories_every_fen_is_somewhere(history: Any) -> None:
    assert keeps_the_books(Town("pro_rata"), history) >= 0


def keeps_the_books(town: Town, history: Any) -> int:
    """How many facts stand at the end; the books are looked at behind every step."""
    with TemporaryDirectory() as folder:
        desks = Desks(Path(folder, "a"), town)
        with closing(desks.session.db):
            play(desks, history, lambda _: books(desks.session))
            books(desks.session)
            return len(desks.facts())
