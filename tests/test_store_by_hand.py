"""What the store answers where the law has a border, with figures worked out by hand: through the
commands, and by asking its tables.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from conftest import PROGRAMME
from test_allocations import DAY, START, world
from test_applications import HEADER as APPLICATIONS
from test_applications import LIST, put
from test_claims import HEADER as CLAIMS
from test_redemptions import HEADER as REDEMPTIONS
from test_redemptions import PAY, take_in, total

from vouchercli.rules import times
from vouchercli.store import grants

if TYPE_CHECKING:
    from pathlib import Path

City = Any


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
        {"group": "medics", "residents": 3},
        {"group": "poor", "residents": 1},
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
    db = world({"packs_per_resident_per_round": 3}, per_resident=3, packs=5).db
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
    assert grants.take(db, 1, 1)
    assert not grants.take(db, 1, 1)
    assert [each.claim_no for each in grants.written(db, batch, "r-00000002")] == [
        "r-00000003",
        "r-00000004",
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
    found = total(voucher)
    assert (found["subsidy_fen"], found["base_fen"]) == (kept, left)
    assert found["redemptions"] == (0 if kept == 0 else 1)
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
    village = PROGRAMME.replace("programme: town", "programme: village")
    voucher("programme", "load", put(here, "v.yaml", village.replace("POLICY", "pro_rata")))
    there = ("--programme", "village")
    terms = ("--template", "pack", "--packs", "5", "--closes-at", "2020-03-28 08:00")
    for words in (
        ("create", "v1", *terms, "--opens-at", "2020-03-27 08:00", "--actor", "mei"),
        ("submit", "v1", "--actor", "mei"),
        ("approve", "v1", "--actor", "lin"),
        ("open", "v1", "--actor", "mei", "--now", "2020-03-27 08:00"),
    ):
        voucher("round", *words, *there)
    rows = "V1,v1,330102199001010011,2020-03-27 08:00:05\nV2,v1,7,2020-03-27 08:00:06\n"
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
    text = CLAIMS + "C1,v1,8,2020-03-27 08:00:01\nX,r1,8,2020-03-27 08:00:01\n"
    data = two("claim", "import", put(here, "x.csv", text), *there, expect=4).data
    assert data["reasons"] == {"claim_reused": 1, "unknown_round": 1}
    text = REDEMPTIONS + "W2,pay,C2,1,M1,2020-03-27 09:30:00,60,0,10,\n"
    data = two("redemption", "import", put(here, "y.csv", text), *there, expect=4).data
    assert data["reasons"] == {"unknown_claim": 1}
    again = two("batch", "retry", str(data["batch"]), "-o", "json", expect=4).data
    assert again["reasons"] == {"unknown_claim": 1}
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
        assert data["groups"] == [{"group": "medics", "residents": residents}]
        assert len(rows_of(two, "application", "list", programme=programme)) == 1
    ran = two("round", "allocate", "v1", *there, "--now", "2020-03-27 09:05", "-o", "json")
    assert ran.data["granted"] == 1
    # a pack of the village stands on the village's file alone
    two("batch", "undo", "8", "--yes")
    refused = two("batch", "undo", "9", "--yes", "-o", "json", expect=3)
    assert refused.json["problems"][0]["code"] == "batch_built_upon"
    two("check")
