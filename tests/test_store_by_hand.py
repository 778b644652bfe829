"""What the store answers where the law has a border, with figures worked out by hand: through the
commands, and by asking its tables.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_allocations import DAY, world
from test_applications import HEADER as APPLICATIONS
from test_applications import LIST, drafted, put
from test_claims import HEADER as CLAIMS
from test_redemptions import HEADER as REDEMPTIONS
from test_redemptions import PAY, take_in, total

from vouchercli.rules import times
from vouchercli.store import grants

if TYPE_CHECKING:
    from pathlib import Path

City = Any
START = towns.at(towns.OPENS)


def ask(here: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the database, as they stand."""
    db = sqlite3.connect(here / "voucher.db")
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


# ---------------------------------------------------------------- lists and applications


def test_a_second_list_adds_only_who_is_new(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = [LIST + "1,medics\n2,medics\n", LIST + "2,medics\n2,poor\n3,medics\n"]
    files = [put(here, f"e{number}.csv", text) for number, text in enumerate(rows)]
    first, second = (voucher("eligibility", "import", file, "-o", "json").data for file in files)
    assert (first["accepted"], first["duplicate"]) == (2, 0)
    # resident 2 stands in the group medics; in another group it is new
    assert (second["accepted"], second["duplicate"], second["rejected"]) == (2, 1, 0)
    assert voucher("eligibility", "list", "-o", "json").data["groups"] == [
        {"group": "medics", "residents": 3, "waiting": 0},
        {"group": "poor", "residents": 1, "waiting": 0},
    ]


def test_lines_of_a_list_are_shown_in_the_order_of_the_file(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    put(here, "e.csv", LIST + "9,medics\n1,medics\n5,medics\n1,medics\n")
    voucher("eligibility", "import", "e.csv")
    listed = voucher("eligibility", "list", "--group", "medics", "-o", "json").data["residents"]
    tokens = [
        voucher("eligibility", "list", "--resident", resident, "-o", "json").data["residents"][0][
            "resident"
        ]
        for resident in ("9", "1", "5")
    ]
    assert [each["resident"] for each in listed] == tokens
    # of two lines that are alike the first stands
    assert ask(here, "SELECT line FROM eligibility ORDER BY eligibility_id") == [(2,), (3,), (4,)]


def test_packs_of_one_resident_are_numbered_in_the_order_of_granting() -> None:
    db = world({"packs_per_resident_per_round": 3}, per_resident=3).db
    towns.book(db)
    db.execute("UPDATE rounds SET packs = 5 WHERE round = 'r'")
    one, other = b"1" * 16, b"2" * 16
    batch = grants.add_batch(
        db, programme_id=1, file="r", sha256="x", packs=5, actor="mei", at=START
    )

    def grant(rows: list[tuple[bytes, int, int]]) -> None:
        grants.prepare(db)
        grants.stage(db, rows)
        assert grants.take(db, 1, grants.staged(db))
        grants.date(db, lambda at: (at + 7 * DAY, times.day_of(at, "Asia/Shanghai")))
        after = grants.last_number(db, "r")
        grants.write(db, batch, 1, "r", after=after, is_one_each=False)

    grant([(one, 12, START + 1), (other, 11, START + 2), (one, 13, START + DAY)])
    assert (grants.last_application(db), grants.last_second(db)) == (13, START + DAY)
    grant([(one, 14, START + DAY)])  # the next run goes on where the first ended
    claims = db.execute("SELECT claim_no, line, pack_no, claimed_at, expires_at FROM claims")
    assert [tuple(row) for row in claims] == [
        ("r-00000001", 12, 1, START + 1, START + 7 * DAY + 1),
        ("r-00000002", 11, 1, START + 2, START + 7 * DAY + 2),
        ("r-00000003", 13, 2, START + DAY, START + 8 * DAY),
        ("r-00000004", 14, 3, START + DAY, START + 8 * DAY),
    ]
    days = db.execute("SELECT day, claims FROM claim_totals WHERE round_id = 1 ORDER BY day")
    first = times.day_of(START, "Asia/Shanghai")
    assert [tuple(row) for row in days] == [(first, 2), (first + 1, 2)]
    # one pack is left: two are refused and nothing is taken
    assert not grants.take(db, 1, 2)
    grants.prepare(db)
    grants.stage(db, [(b"3" * 16, 15, START + DAY)])
    assert grants.take(db, 1, 1)
    assert not grants.take(db, 1, 1)
    grants.date(db, lambda at: (at + 7 * DAY, times.day_of(at, "Asia/Shanghai")))
    grants.write(db, batch, 1, "r", after=4, is_one_each=True)
    last = db.execute("SELECT claim_no, line, pack_no FROM claims ORDER BY claim_id DESC LIMIT 1")
    assert tuple(last.fetchone()) == ("r-00000005", 15, 1)
    assert [each.claim_no for each in grants.written(db, batch, "r-00000002")] == [
        "r-00000003",
        "r-00000004",
        "r-00000005",
    ]
    claim = grants.claim_of(db, 1, one, 13)
    assert claim is not None and claim.claim_no == "r-00000003"
    assert grants.claim_of(db, 1, other, 13) is None
    assert grants.claim_of(db, 2, one, 13) is None


def test_claims_are_numbered_on_behind_the_last_of_their_round() -> None:
    db = world({}).db
    assert grants.take(db, 2, 6)
    for place, number in enumerate(
        ("r-00000009", "r-00000010", "r-99", "r-0000000x", "r-2-00000044", "rr-00000077")
    ):
        db.execute(
            "INSERT INTO claims (claim_no, round_id, resident, pack_no, claimed_at, expires_at,"
            " batch_id, line) VALUES (?, 2, ?, 1, 0, 1, 1, 1)",
            (number, bytes([place]) * 16),
        )
    assert grants.last_number(db, "r") == 10
    assert grants.last_number(db, "r-2") == 44
    assert grants.last_number(db, "q") == 0
    assert grants.claim_number("r", 11) == "r-00000011"


# ---------------------------------------------------------------- payments


@pytest.mark.parametrize(
    ("policy", "refunded", "reasons"),
    [
        ("full_restores", ("45", "10"), {}),
        ("full_restores", ("44", "0"), {"already_redeemed": 1, "refund_without_payment": 1}),
        ("pro_rata", ("45", "10"), {"already_redeemed": 1, "refund_without_payment": 1}),
    ],
)
def test_a_late_payment_stands_before_a_later_use_with_its_full_refund(
    city: City, here: Path, policy: str, refunded: tuple[str, str], reasons: dict[str, int]
) -> None:
    voucher = city(policy)
    take_in(voucher, here, "T9,pay,C1,1,M1,2020-03-29 09:00:00,40,0,10,", name="later.csv")
    base, subsidy = refunded
    refund = f"R1,refund,C1,1,M1,2020-03-27 10:00:00,{base},0,{subsidy},T1"
    data = take_in(voucher, here, PAY, refund, name="earlier.csv")
    assert data["reasons"] == reasons
    assert total(voucher)["base_fen"] == 4000
    voucher("check")


@pytest.mark.parametrize(
    ("second", "reasons", "kept", "left"),
    [
        ("5.56", {}, 0, 0),
        ("5.55", {"subsidy_mismatch": 1}, 556, 2500),
        ("14.44", {"subsidy_mismatch": 1}, 556, 2500),
    ],
)
def test_a_second_refund_in_part_returns_the_rest(
    city: City, here: Path, second: str, reasons: dict[str, int], kept: int, left: int
) -> None:
    voucher = city("pro_rata")
    take_in(voucher, here, PAY, name="pay.csv", expect=0)
    parts = [("R1", "20", "4.44"), ("R2", "25", second)]
    for number, base, subsidy in parts:
        row = f"{number},refund,C1,1,M1,2020-03-28 1{number[1]}:00:00,{base},0,{subsidy},T1"
        data = take_in(voucher, here, row, name=f"{number}.csv")
    assert data["reasons"] == reasons
    results = total(voucher)
    assert (results["subsidy_fen"], results["base_fen"]) == (kept, left)
    assert results["redemptions"] == (0 if kept == 0 else 1)
    voucher("check")


def test_24_oclock_on_a_day_that_is_known_is_the_next_day(city: City, here: Path) -> None:
    voucher = city()
    rows = [
        f"T{n},pay,C{n},1,M1,2020-03-28 {clock},50,0,10,"
        for n, clock in ((1, "09:00:00"), (2, "24:00:00"), (3, "23:59:59"))
    ]
    take_in(voucher, here, *rows, expect=0)
    assert ask(
        here, "SELECT transaction_no, paid_at, day FROM redemptions ORDER BY transaction_no"
    ) == [
        ("T1", 1_585_357_200, 20200328),
        ("T2", 1_585_411_200, 20200329),
        ("T3", 1_585_411_199, 20200328),
    ]


@pytest.mark.parametrize(
    ("first_day", "second_day", "reasons"),
    [
        ("2020-03-28 23:59:59", "2020-03-29 00:00:00", {}),
        ("2020-03-28 00:00:00", "2020-03-28 23:59:59", {"over_limit": 1}),
    ],
)
def test_the_limit_of_a_day_ends_at_local_midnight(
    city: City, here: Path, first_day: str, second_day: str, reasons: dict[str, int]
) -> None:
    # two vouchers a day at one merchant
    rows = [
        f"T{n},pay,C1,{n},M1,{at},50,0,10,"
        for n, at in ((1, first_day), (2, first_day), (3, second_day))
    ]
    assert take_in(city(), here, *rows)["reasons"] == reasons


# ---------------------------------------------------------------- figures


def test_a_resident_counts_as_a_user_while_one_payment_stands(city: City, here: Path) -> None:
    voucher = city()
    take_in(
        voucher,
        here,
        PAY,  # 27 March, 9:00
        "T2,pay,C1,2,M1,2020-03-27 10:00:00,50,0,10,",
        "R2,refund,C1,2,M1,2020-03-27 11:00:00,50,0,10,T2",
        "R1,refund,C1,1,M1,2020-03-27 12:00:00,45,0,10,T1",
        "T3,pay,C2,1,M1,2020-03-27 13:00:00,50,0,10,",
        expect=0,
    )

    def users(as_of: str) -> tuple[int, str]:
        rows = voucher("report", "rounds", "--as-of", as_of, "-o", "json").data["rows"]
        return rows[0]["users"], rows[0]["users_of_claimers"]

    moments = {
        "2020-03-27 08:59:59": (0, "0.0000"),
        "2020-03-27 09:00:00": (1, "0.3333"),
        "2020-03-27 11:00:00": (1, "0.3333"),  # one voucher used, the other refunded
        "2020-03-27 11:59:59": (1, "0.3333"),
        "2020-03-27 12:00:00": (0, "0.0000"),
        "2020-03-27 13:00:00": (1, "0.3333"),
    }
    assert {moment: users(moment) for moment in moments} == moments


# ---------------------------------------------------------------- two programmes in one file


@pytest.fixture
def two(city: City, here: Path, voucher: Any, once: Any) -> Any:
    """The town with its three claims beside a village of the same shape: round v1 (5 packs), claims
    V1 and V2, the same merchants and some of the same residents; one payment in each.
    """
    once("two programmes", lambda: build_two(city(), here))
    return voucher


def build_two(voucher: Any, here: Path) -> None:
    take_in(voucher, here, PAY, name="town.csv", expect=0)
    limits = {"packs_per_resident_per_round": 1, "vouchers_per_merchant_per_day": 2}
    village = towns.programme("village", limits=limits, refunds="pro_rata")
    voucher("programme", "load", towns.write("v.yaml", village))
    there = ("--programme", "village")
    terms = ("--template", "pack", "--packs", "5", "--closes-at", "2020-03-28 08:00")
    for words in (
        ("create", "v1", *terms, "--opens-at", "2020-03-27 08:00", "--actor", "mei"),
        ("submit", "v1", "--actor", "mei"),
        ("approve", "v1", "--actor", "lin"),
        ("open", "v1", "--actor", "mei", "--now", "2020-03-27 08:00"),
    ):
        voucher("round", *words, *there)
    rows = "V1,v1,330102199001010012,2020-03-27 08:00:05\nV2,v1,7,2020-03-27 08:00:06\n"
    voucher("claim", "import", put(here, "v.csv", CLAIMS + rows), *there)
    rows = "W1,pay,V1,1,M1,2020-03-27 09:30:00,60,0,10,\n"
    voucher("redemption", "import", put(here, "village.csv", REDEMPTIONS + rows), *there)


def rows_of(voucher: Any, *words: str, programme: str) -> list[dict[str, Any]]:
    """The rows of a list or report of one programme."""
    data = voucher(*words, "--programme", programme, "-o", "json").data
    return next(value for value in (data.get("rows"), *data.values()) if isinstance(value, list))


def test_each_programme_lists_and_reports_its_own(two: Any) -> None:
    def column(key: str, *words: str) -> dict[str, list[Any]]:
        return {
            programme: [row[key] for row in rows_of(two, *words, programme=programme)]
            for programme in ("town", "village")
        }

    assert column("claim_no", "claim", "list") == {
        "town": ["C1", "C2", "C3"],
        "village": ["V1", "V2"],
    }
    assert column("transaction_no", "redemption", "list") == {"town": ["T1"], "village": ["W1"]}
    assert column("round", "round", "list") == {"town": ["r1"], "village": ["v1"]}
    assert column("round", "report", "rounds") == {"town": ["r1"], "village": ["v1"]}
    assert column("claimed", "report", "rounds") == {"town": [3], "village": [2]}
    assert column("base_fen", "report", "leverage") == {"town": [4_500], "village": [6_000]}
    assert column("key", "report", "leverage", "--by", "merchant") == {
        "town": ["M1"],
        "village": ["M1"],
    }
    assert column(
        "base_fen", "report", "leverage", "--by", "merchant", "--as-of", "2020-03-27 10:00"
    ) == {
        "town": [4_500],
        "village": [6_000],
    }
    files = column("file", "batch", "list")
    assert files["town"] == ["town.csv", "claims.csv", "merchants.csv"]
    assert files["village"] == ["village.csv", "v.csv", "merchants.csv"]
    two("check")


def test_a_file_of_one_programme_knows_nothing_of_the_other(two: Any, here: Path) -> None:
    there = ("--programme", "village", "-o", "json")
    # a claim's number is taken in every programme, its round and its voucher in one only
    text = CLAIMS + "C1,v1,8,2020-03-27 08:00:00\nX,r1,8,2020-03-27 08:00:01\n"
    data = two("claim", "import", put(here, "x.csv", text), *there, expect=4).data
    assert data["reasons"] == {"claim_reused": 1, "unknown_round": 1}
    again = two("batch", "retry", str(data["batch"]), "-o", "json", expect=4).data
    assert again["reasons"] == {"claim_reused": 1, "unknown_round": 1}
    text = REDEMPTIONS + "W2,pay,C2,1,M1,2020-03-27 09:30:00,60,0,10,\n"
    data = two("redemption", "import", put(here, "y.csv", text), *there, expect=4).data
    assert data["reasons"] == {"unknown_claim": 1}
    again = two("batch", "retry", str(data["batch"]), "-o", "json", expect=4).data
    assert again["reasons"] == {"unknown_claim": 1}
    # an earlier payment with the number of the town's T1 does not take its place
    text = REDEMPTIONS + "T1,pay,V2,1,M1,2020-03-27 08:30:00,60,0,10,\n"
    data = two("redemption", "import", put(here, "z.csv", text), *there, expect=4).data
    assert data["reasons"] == {"transaction_reused": 1}
    again = two("batch", "retry", str(data["batch"]), "-o", "json", expect=4).data
    assert again["reasons"] == {"transaction_reused": 1}
    # by their numbers: a file that came by columns has its ids in the order of residents' tokens
    paid = (
        "SELECT transaction_no, claim_no FROM redemptions JOIN claims USING (claim_id) ORDER BY 1"
    )
    assert ask(here, paid) == [("T1", "C1"), ("W1", "V1")]
    assert [row["claim_no"] for row in rows_of(two, "claim", "list", programme="town")] == [
        "C1",
        "C2",
        "C3",
    ]
    two("check")


def test_lists_and_applications_belong_to_one_programme(two: Any, here: Path) -> None:
    there = ("--programme", "village")
    here_ = ("--programme", "town")
    two("eligibility", "import", put(here, "e.csv", LIST + "1,medics\n2,medics\n"), *here_)
    listed = two(
        "eligibility", "import", put(here, "f.csv", LIST + "2,medics\n"), *there, "-o", "json"
    )
    assert (listed.data["accepted"], listed.data["duplicate"]) == (1, 0)
    for code, where in (("r1", here_), ("v1", there)):
        text = APPLICATIONS + f"A1,{code},1,2020-03-27 09:00:00,,\n"
        two("application", "import", put(here, f"{code}.csv", text), *where)
    for programme, residents in (("town", 2), ("village", 1)):
        data = two("eligibility", "list", "--programme", programme, "-o", "json").data
        assert data["groups"] == [{"group": "medics", "residents": residents, "waiting": 0}]
        assert len(rows_of(two, "application", "list", programme=programme)) == 1
    ran = two("round", "allocate", "v1", *there, "--now", "2020-03-27 09:05", "-o", "json")
    assert ran.data["granted"] == 1
    # a pack of the village stands on the village's file alone
    two("batch", "undo", "8", "--yes")
    refused = two("batch", "undo", "9", "--yes", "-o", "json", expect=3)
    assert refused.json["problems"][0]["code"] == "batch_built_upon"
    two("check")


# ---------------------------------------------------------------- what a reject says


def details(here: Path, batch: int) -> dict[int, tuple[str, dict[str, Any]]]:
    """Line -> (reason, the figures that explain it) of a batch's rejects."""
    rows = ask(here, "SELECT line, reason, detail FROM rejects WHERE batch_id = ?", batch)
    return {line: (reason, json.loads(detail)) for line, reason, detail in rows}


def test_a_rejected_payment_is_explained_by_its_figures(city: City, here: Path) -> None:
    voucher = city("pro_rata")
    voucher("merchant", "suspend", "M2", "--from", "2020-03-28", "--reason", "inquiry")
    part = "R0,refund,C1,1,M1,2020-03-27 10:00:00,20,0,4.44,T1"
    take_in(voucher, here, PAY, part, name="a.csv", expect=0)
    at_nine, at_ten = 1_585_270_800, 1_585_274_400
    row = {"coupon_no": 2, "merchant_no": "M1", "paid_at": at_nine, "base_fen": 5000}
    row |= {"subsidy_fen": 1000, "limit": 2}
    first = {"claim_no": "C1", "claimed_at": 1_585_267_201, "expires_at": 1_585_872_001}
    other = {"claim_no": "C2", "claimed_at": 1_585_267_202, "expires_at": 1_585_872_002}
    forty, two_thousand = {"threshold_fen": 4000}, {"threshold_fen": 200_000}
    tens = {**forty, "expected_fen": 1000}
    back = {**row, "coupon_no": 1, "paid_at": at_ten, "base_fen": 2500, "refund_of": "T1"}
    paid = {"paid_fen": 4500, "left_fen": 2500}
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("pay,C9,2,M1,2020-03-27 09:00:00,50,0,10,", "unknown_claim", {**row, "claim_no": "C9"}),
        (
            "pay,C1,9,M1,2020-03-27 09:00:00,50,0,10,",
            "unknown_coupon",
            {**row, **first, "coupon_no": 9},
        ),
        (
            "pay,C1,2,M9,2020-03-27 09:00:00,50,0,10,",
            "unknown_merchant",
            {**row, **first, **tens, "merchant_no": "M9"},
        ),
        (
            "pay,C1,2,M2,2020-03-28 00:00:00,50,0,10,",
            "merchant_suspended",
            {**row, **first, **tens, "merchant_no": "M2", "paid_at": 1_585_324_800},
        ),
        (
            "pay,C1,4,M1,2020-03-27 09:00:00,3000,0,200,",
            "subsidy_mismatch",
            {
                **row,
                **first,
                **two_thousand,
                "coupon_no": 4,
                "base_fen": 300_000,
                "subsidy_fen": 20_000,
                "expected_fen": 30_000,
            },
        ),
        (
            "pay,C1,1,M1,2020-03-27 09:00:00,39.99,0,10,",
            "below_threshold",
            {**row, **first, **tens, "coupon_no": 1, "base_fen": 3999},
        ),
        # the number of the payment that holds the voucher
        (
            "pay,C1,1,M1,2020-03-27 10:00:00,50,0,10,",
            "already_redeemed",
            {**row, **first, **tens, "coupon_no": 1, "paid_at": at_ten, "transaction_no": "T1"},
        ),
        (
            "refund,C1,1,M1,2020-03-27 10:00:00,25,0,10,T1",
            "subsidy_mismatch",
            {**back, **first, **forty, **paid, "returns_fen": 556},
        ),
        (
            "refund,C1,1,M1,2020-03-27 10:00:00,25.01,0,10,T1",
            "refund_too_large",
            {**back, **first, **forty, **paid, "base_fen": 2501},
        ),
        (
            "refund,C1,2,M1,2020-03-27 10:00:00,25,0,10,T1",
            "refund_without_payment",
            {**back, **first, **forty, "coupon_no": 2},
        ),
        (
            "refund,C2,1,M1,2020-03-27 10:00:00,25,0,10,T1",
            "refund_without_payment",
            {**back, **other, **forty},
        ),
    ]
    text = [f"X{line},{case[0]}" for line, case in enumerate(cases, 2)]
    batch = take_in(voucher, here, *text, name="b.csv", expect=4)["batch"]
    assert details(here, batch) == {
        line: (reason, {"transaction_no": f"X{line}", **figures})
        for line, (_, reason, figures) in enumerate(cases, 2)
    }


def test_a_rejected_claim_is_explained_by_its_round(city: City, here: Path) -> None:
    voucher = city()
    nine, opens_at, closes_at = 1_585_270_800, 1_585_267_200, 1_585_353_600
    terms = {"round": "r1", "state": "open", "opens_at": opens_at, "closes_at": closes_at}
    terms |= {"packs": 10, "limit": 1}
    rows = [
        "X2,nowhere,1,2020-03-27 09:00:00",
        "X3,r1,1,2020-03-27 07:59:59",
        "X4,r1,1,2020-03-28 08:00:00",
        "X5,r1,330102199001010012,2020-03-27 09:00:00",
        *(f"Y{number},r1,y{number},2020-03-27 09:00:0{number}" for number in range(8)),
    ]
    put(here, "c.csv", CLAIMS + "\n".join(rows) + "\n")
    batch = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data["batch"]
    assert details(here, batch) == {
        2: ("unknown_round", {"claim_no": "X2", "round": "nowhere", "claimed_at": nine}),
        3: ("before_opening", {**terms, "claim_no": "X3", "claimed_at": opens_at - 1}),
        4: ("after_closing", {**terms, "claim_no": "X4", "claimed_at": closes_at}),
        5: ("resident_limit", {**terms, "claim_no": "X5", "claimed_at": nine}),
        13: ("over_quota", {**terms, "claim_no": "Y7", "claimed_at": nine + 7}),
    }


def test_a_rejected_application_is_explained_by_its_registration(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "lots", "--mode", "lottery", "--registration-opens", "2020-03-25 09:00")
    drafted(voucher, "booked", "--registration-opens", "2020-03-28 08:00")
    day = 86_400
    march_25 = 1_585_098_000  # 9:00
    first_come = {"state": "open", "opens_at": 1_585_267_200}
    first_come |= {"closes_at": 1_585_267_200 + day}
    lottery = {"state": "approved", "opens_at": march_25}
    lottery |= {"closes_at": march_25 + 4 * day - 3600}
    booked = {"state": "approved", "opens_at": 1_585_267_200 + day}
    booked |= {"closes_at": 1_585_267_200 + 3 * day}
    cases = [
        ("r1", "2020-03-27 07:59:59", "before_registration", 1_585_267_199, first_come),
        ("r1", "2020-03-28 08:00:00", "after_registration", 1_585_353_600, first_come),
        ("lots", "2020-03-25 08:59:59", "before_registration", march_25 - 1, lottery),
        ("lots", "2020-03-29 08:00:00", "after_registration", 1_585_440_000, lottery),
        ("booked", "2020-03-28 07:59:59", "before_registration", 1_585_353_599, booked),
        ("nowhere", "2020-03-28 07:59:59", "unknown_round", 1_585_353_599, {}),
    ]
    rows = [f"A{line},{case[0]},1,{case[1]},,\n" for line, case in enumerate(cases, 2)]
    put(here, "a.csv", APPLICATIONS + "".join(rows))
    batch = voucher("application", "import", "a.csv", "-o", "json", expect=4).data["batch"]
    assert details(here, batch) == {
        line: (reason, {**terms, "application_no": f"A{line}", "round": code, "applied_at": at})
        for line, (code, _, reason, at, terms) in enumerate(cases, 2)
    }


# ---------------------------------------------------------------- what stands on what


def test_applications_are_undone_unless_packs_were_granted_for_them(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "later")
    voucher("round", "open", "later", "--now", "2020-03-29 08:00")
    rows = {
        "first.csv": "A1,r1,1,2020-03-27 09:00:00,,\nA2,r1,2,2020-03-27 09:00:01,,\n",
        "second.csv": "B1,later,1,2020-03-29 09:00:00,,\n",
        "third.csv": "A3,r1,1,2020-03-27 09:00:02,,\n",  # resident 1 has a pack of r1 by then
    }
    batches = [
        voucher("application", "import", put(here, name, APPLICATIONS + text), "-o", "json").data[
            "batch"
        ]
        for name, text in rows.items()
    ]
    voucher("round", "allocate", "r1", "--now", "2020-03-27 09:05")
    refused = voucher("batch", "undo", str(batches[0]), "--yes", "-o", "json", expect=3)
    assert refused.json["problems"][0]["code"] == "batch_built_upon"
    # neither the application of another round nor the one that got nothing holds a pack
    voucher("batch", "undo", str(batches[1]), "--yes")
    voucher("batch", "undo", str(batches[2]), "--yes")
    assert [row[0] for row in ask(here, "SELECT application_no FROM applications")] == ["A1", "A2"]


def test_the_days_of_claims_that_were_undone_leave_no_trace(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = {
        "first.csv": "A,r1,1,2020-03-27 08:00:03\nB,r1,2,2020-03-28 07:59:59\n",
        "second.csv": "C,r1,3,2020-03-27 08:00:04\n",
    }
    for name, text in rows.items():
        voucher("claim", "import", put(here, name, CLAIMS + text))
    days = "SELECT day, claims FROM claim_totals ORDER BY day"
    assert ask(here, days) == [(20200327, 2), (20200328, 1)]
    first, second = (row[0] for row in ask(here, "SELECT DISTINCT batch_id FROM claims ORDER BY 1"))
    voucher("batch", "undo", str(first), "--yes")
    assert ask(here, days) == [(20200327, 1)]
    voucher("batch", "undo", str(second), "--yes")
    assert ask(here, days) == []


def test_packs_that_come_in_files_are_numbered_by_resident(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    with sqlite3.connect(here / "voucher.db") as db:
        db.execute("UPDATE rounds SET per_resident = 3")
    files = ["A,r1,1,08:00:03\nB,r1,1,08:00:02\nC,r1,2,08:00:01\n", "D,r1,1,08:00:04\n"]
    for number, text in enumerate(files):
        rows = CLAIMS + text.replace(",08:", ",2020-03-27 08:")
        voucher("claim", "import", put(here, f"{number}.csv", rows))
    assert ask(here, "SELECT claim_no, pack_no FROM claims ORDER BY claim_no") == [
        ("A", 2),
        ("B", 1),
        ("C", 1),
        ("D", 3),
    ]
