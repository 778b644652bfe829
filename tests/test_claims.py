"""Claims through the front door."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS as HEADER

if TYPE_CHECKING:
    from pathlib import Path

City = Any


def test_a_file_of_claims_is_taken_in_and_counted(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    ran = voucher("claim", "import", "claims.csv", "-o", "json")
    data = ran.data
    expected = {
        "read": 3,
        "accepted": 3,
        "duplicate": 0,
        "rejected": 0,
        "warnings": 0,
        "reasons": {},
        "profile": "voucher",
        "encoding": "utf-8",
        "file": "claims.csv",
    }
    assert {key: data[key] for key in expected} == expected
    assert voucher("round", "show", "r1", "-o", "json").data["claimed"] == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("X,nowhere,1,2020-03-27 09:00:00", "unknown_round"),
        ("X,r1,1,2020-03-27 07:59:59", "before_opening"),
        ("X,r1,1,2020-03-28 08:00:00", "after_closing"),
        ("X,r1,330102199001010012,2020-03-27 09:00:00", "resident_limit"),
        ("C1,r1,9,2020-03-27 09:00:00", "claim_reused"),
        ("X,r1,9,tomorrow", "bad_time"),
        ("X,r1,,2020-03-27 09:00:00", "bad_row"),
        ("X,r1,9", "bad_row"),
    ],
)
def test_an_unlawful_claim_is_rejected_with_its_reason(
    city: City, here: Path, row: str, reason: str
) -> None:
    voucher = city()
    (here / "more.csv").write_text(HEADER + row + "\n", "utf-8")
    ran = voucher("claim", "import", "more.csv", "-o", "json", expect=4)
    assert ran.json["status"] == "partial"
    assert (ran.data["read"], ran.data["rejected"], ran.data["reasons"]) == (1, 1, {reason: 1})
    assert ran.json["problems"][0]["where"] == "more.csv:2"


def test_packs_beyond_the_quota_are_rejected_first_come_first_served(
    city: City, here: Path
) -> None:
    voucher = city()
    # the last lines came first
    rows = [f"D{n},r1,resident{n},2020-03-27 09:00:{59 - n:02d}" for n in range(9)]
    (here / "more.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    ran = voucher("claim", "import", "more.csv", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (7, {"over_quota": 2})
    assert {problem["where"] for problem in ran.json["problems"]} == {"more.csv:2", "more.csv:3"}


def test_a_claim_for_a_draft_round_waits_and_is_taken_in_by_retry(city: City, here: Path) -> None:
    voucher = city()
    towns.draft(voucher, "r2", packs=5, opens="2020-03-29 08:00")
    (here / "early.csv").write_text(HEADER + "E1,r2,9,2020-03-29 08:00:01\n", "utf-8")
    batch = str(voucher("claim", "import", "early.csv", "-o", "json", expect=4).data["batch"])
    for verb, actor in (("submit", "mei"), ("approve", "lin")):
        voucher("round", verb, "r2", "--actor", actor)
    voucher("round", "open", "r2", "--actor", "mei", "--now", "2020-03-29 08:00")
    ran = voucher("batch", "retry", batch, "-o", "json")
    assert (ran.data["accepted"], ran.data["rejected"]) == (1, 0)
    shown = voucher("batch", "show", batch, "-o", "json").data
    assert (shown["read"], shown["accepted"], shown["rejected"]) == (1, 1, 0)


def test_a_claim_that_waited_in_two_files_is_one_claim_and_its_duplicate(
    city: City, here: Path
) -> None:
    """What stands lies among the rows to be judged again: it is that row once more, not another
    use of its number.
    """
    voucher = city(with_claims=False)
    towns.make_round(voucher, "r2", closes="2020-03-28 08:00")
    row = "C9,r2,330102199001010012,2020-03-27 09:00:00\n"
    for name in ("a.csv", "b.csv"):
        (here / name).write_text(towns.CLAIMS + row + "\n" * (name == "b.csv"), "utf-8")
        voucher("claim", "import", name, expect=4)
    voucher("round", "open", "r2", "--now", "2020-03-27 08:00")
    assert voucher("batch", "retry", "2", "-o", "json").data["accepted"] == 1
    ran = voucher("batch", "retry", "3", "-o", "json").data
    assert (ran["accepted"], ran["duplicate"], ran["rejected"]) == (0, 1, 0)
    voucher("batch", "undo", "2", "--yes")
    (claim,) = voucher("claim", "list", "-o", "json").data["claims"]
    assert (claim["claim_no"], claim["batch"]) == ("C9", 3)
    voucher("check")


def test_the_same_file_twice_adds_nothing_and_says_so(city: City, here: Path) -> None:
    voucher = city()
    ran = voucher("claim", "import", "claims.csv")
    assert "imported before as batch 2" in ran.err
    assert len(voucher("batch", "list", "-o", "json").data["batches"]) == 2


def test_overlapping_files_are_harmless(city: City, here: Path) -> None:
    voucher = city()
    (here / "more.csv").write_text(
        (here / "claims.csv").read_text("utf-8") + "C4,r1,4,2020-03-27 10:00\n", "utf-8"
    )
    data = voucher("claim", "import", "more.csv", "-o", "json").data
    assert (data["read"], data["accepted"], data["duplicate"]) == (4, 1, 3)


def test_a_dry_run_judges_and_writes_nothing(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    data = voucher("claim", "import", "claims.csv", "--dry-run", "-o", "json").data
    assert data["accepted"] == 3
    assert voucher("claim", "list", "-o", "json").data["claims"] == []
    assert voucher("claim", "import", "claims.csv", "-o", "json").data["accepted"] == 3


def test_no_identity_is_kept_anywhere(city: City, here: Path) -> None:
    voucher = city()
    (here / "more.csv").write_text(
        HEADER + "X,nowhere,330102199001010098,2020-03-27 09:00:00\nY,r1,330102199001010098\n",
        "utf-8",
    )
    ran = voucher("claim", "import", "more.csv", expect=4)
    db = sqlite3.connect(here / "voucher.db")
    dump = "\n".join(db.iterdump())
    db.close()
    assert "33010219900101" not in dump + ran.out + ran.err
    assert "33010219900101" not in voucher("batch", "rejects", "3", "-o", "csv").out


def test_exported_rejects_are_mended_and_come_in_again_as_the_same_residents(
    city: City, here: Path
) -> None:
    voucher = city()
    (here / "more.csv").write_text(
        HEADER + "X,nowhere,330102199001010098,2020-03-27 09:00:00\n", "utf-8"
    )
    voucher("claim", "import", "more.csv", expect=4)
    voucher("batch", "rejects", "3", "--to", "mend.csv")
    mended = (here / "mend.csv").read_text("utf-8-sig").replace("nowhere", "r1")
    (here / "mend.csv").write_text(mended, "utf-8")
    assert voucher("claim", "import", "mend.csv", "-o", "json").data["accepted"] == 1
    (here / "again.csv").write_text(
        HEADER + "Z,r1,330102199001010098,2020-03-27 10:00:00\n", "utf-8"
    )
    assert voucher("claim", "import", "again.csv", "-o", "json", expect=4).data["reasons"] == {
        "resident_limit": 1
    }


def test_a_batch_is_undone_and_its_packs_are_free_again(city: City, here: Path) -> None:
    voucher = city()
    voucher("batch", "undo", "2", "--yes")
    assert voucher("round", "show", "r1", "-o", "json").data["claimed"] == 0
    assert voucher("claim", "import", "claims.csv", "-o", "json").data["accepted"] == 3
    voucher("check")


def test_claims_with_redemptions_on_them_cannot_be_undone(city: City, here: Path) -> None:
    voucher = city()
    header = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\n"
    (here / "r.csv").write_text(header + "T1,pay,C1,1,M1,2020-03-27 09:00:00,45,0,10,\n", "utf-8")
    voucher("redemption", "import", "r.csv")
    ran = voucher("batch", "undo", "2", "--yes", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "batch_built_upon"
    assert ran.json["problems"][0]["hint"] == "voucher batch undo 3"


def test_claims_are_listed_by_round_number_and_resident(city: City, here: Path) -> None:
    voucher = city()
    rows = voucher("claim", "list", "--resident", "330102199001010020", "-o", "json").data["claims"]
    assert [(row["claim_no"], row["claimed_at"], row["expires_at"]) for row in rows] == [
        ("C2", "2020-03-27T08:00:02+08:00", "2020-04-03T08:00:02+08:00")
    ]
    assert (
        voucher("claim", "list", "--resident", rows[0]["resident"], "-o", "json").data["claims"]
        == rows
    )
    assert [
        row["claim_no"]
        for row in voucher("claim", "list", "--limit", "1", "-o", "json").data["claims"]
    ] == ["C1"]


def test_listing_without_a_database_says_how_to_make_one(voucher: Any) -> None:
    ran = voucher("claim", "list", expect=3)
    assert "voucher init" in ran.err and ran.out == ""


def test_a_missing_key_refuses_the_import_because_residents_could_not_be_recognised(
    city: City, here: Path
) -> None:
    voucher = city(with_claims=False)
    (here / "voucher.key").unlink()
    ran = voucher("claim", "import", "claims.csv", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "no_key"


# ---------------------------------------------------------------- what a platform may not do


LIMITS = {
    "packs_per_resident_per_round": 1,
    "packs_per_resident_per_week": 1,
    "packs_per_resident": 2,
    "vouchers_per_merchant_per_day": 2,
}


def limited(voucher: Any) -> None:
    """The programme with limits of the week and in all, and three rounds more: of the same week,
    the next, the one after.
    """
    towns.change(voucher, limits=LIMITS)
    for code, opens in (
        ("same-week", "2020-03-29 08:00"),
        ("next-week", "2020-03-30 08:00"),
        ("third", "2020-04-06 08:00"),
    ):
        drafted(voucher, code, opens)


def drafted(voucher: Any, code: str, opens: str, *options: str) -> None:
    """One more round of two packs, open."""
    towns.make_round(voucher, code, *options, packs=2, opens=opens, state="open")


def breaches(voucher: Any) -> dict[str, int]:
    rows = voucher("report", "rounds", "-o", "json", "--now", "2020-05-01").data["rows"]
    return {row["round"]: row["breaches"] for row in rows if row["breaches"]}


def test_limits_of_the_week_and_of_the_programme_hold_for_files_too(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    limited(voucher)
    rows = [
        "W,third,9,2020-04-06 09:00:00",
        "A,r1,9,2020-03-27 09:00:00",
        "X,same-week,9,2020-03-29 09:00:00",
        "N,next-week,9,2020-03-30 09:00:00",
    ]
    (here / "more.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    ran = voucher("claim", "import", "more.csv", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (2, {"resident_limit": 2})
    assert [(problem["where"], problem["message"]) for problem in ran.json["problems"]] == [
        ("more.csv:2", "this resident already has 2 packs, the most that the programme allows"),
        ("more.csv:4", "this resident already has 1 packs of that week, the most allowed"),
    ]
    assert breaches(voucher) == {"same-week": 1, "third": 1}
    assert (
        "[resident_limit]"
        in voucher("claim", "grant", "third", "9", "--now", "2020-04-06 10:00", expect=3).err
    )
    voucher("check")


def test_a_round_of_a_group_takes_only_residents_of_its_list(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "medics", "2020-03-29 08:00", "--group", "medics")
    (here / "e.csv").write_text("resident,group\n1,medics\n2,teachers\n", "utf-8")
    voucher("eligibility", "import", "e.csv")
    (here / "more.csv").write_text(
        HEADER
        + "A,medics,1,2020-03-29 09:00\nB,medics,2,2020-03-29 09:00\nC,r1,2,2020-03-27 09:00\n",
        "utf-8",
    )
    ran = voucher("claim", "import", "more.csv", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (2, {"not_eligible": 1})
    assert ran.json["problems"][0]["message"] == "this resident is not on the list of group medics"
    assert breaches(voucher) == {"medics": 1}
    refused = voucher("batch", "undo", "2", "--yes", "-o", "json", expect=3)
    assert refused.json["problems"][0]["code"] == "batch_built_upon"
    (here / "late.csv").write_text("resident,group\n2,medics\n", "utf-8")
    voucher("eligibility", "import", "late.csv")
    assert voucher("batch", "retry", str(ran.data["batch"]), "-o", "json").data["accepted"] == 1
    assert breaches(voucher) == {}
    voucher("check")


def test_a_targeted_round_takes_those_of_the_list_once_each(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "listed", "2020-03-29 08:00", "--mode", "targeted")
    (here / "e.csv").write_text("resident,group\n1,medics\n", "utf-8")
    voucher("eligibility", "import", "e.csv")
    rows = [
        f"{claim},listed,{resident},2020-03-29 09:00"
        for claim, resident in (("A", 1), ("B", 1), ("C", 2))
    ]
    (here / "more.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    ran = voucher("claim", "import", "more.csv", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (
        1,
        {"not_eligible": 1, "resident_limit": 1},
    )
    assert (
        voucher("batch", "undo", "2", "--yes", "-o", "json", expect=3).json["problems"][0]["code"]
        == "batch_built_upon"
    )


def test_a_pack_granted_here_never_gives_way_to_a_file(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    limited(voucher)
    voucher("claim", "grant", "same-week", "9", "--now", "2020-03-29 09:00")
    (here / "more.csv").write_text(HEADER + "A,r1,9,2020-03-27 09:00:00\n", "utf-8")
    batch = str(voucher("claim", "import", "more.csv", "-o", "json", expect=4).data["batch"])
    assert voucher("batch", "retry", batch, "-o", "json", expect=4).data["reasons"] == {
        "resident_limit": 1
    }
    voucher(
        "round",
        "top-up",
        "same-week",
        "--packs",
        "1",
        "--actor",
        "mei",
        "--now",
        "2020-03-29 09:01",
    )
    (here / "full.csv").write_text(
        HEADER + "".join(f"F{n},same-week,{n},2020-03-29 08:0{n}:00\n" for n in range(3)), "utf-8"
    )
    batch = str(voucher("claim", "import", "full.csv", "-o", "json", expect=4).data["batch"])
    assert voucher("batch", "retry", batch, "-o", "json", expect=4).data["reasons"] == {
        "over_quota": 2
    }
    (claim,) = voucher("claim", "list", "--resident", "9", "-o", "json").data["claims"]
    assert claim["round"] == "same-week"
    voucher("check")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_rows_of_one_number_and_second_that_differ_are_both_refused(
    city: Any, here: Path, order: tuple[int, int]
) -> None:
    voucher = city(with_claims=False)
    rows = ["C9,r1,ann,2020-03-27 09:00:00", "C9,r1,bob,2020-03-27 09:00:00"]
    rows = [rows[place] for place in order]
    (here / "both.csv").write_text("\n".join([HEADER.strip(), *rows, ""]), "utf-8")
    ran = voucher("claim", "import", "both.csv", "-o", "json", expect=4)
    assert ran.data["reasons"] == {"conflicting_row": 2}
    assert "claim number C9" in ran.json["problems"][0]["message"]
    # beside one that stands, the one that comes
    for number, row in enumerate(rows):
        (here / f"{number}.csv").write_text("\n".join([HEADER.strip(), row, ""]), "utf-8")
        ran = voucher("claim", "import", f"{number}.csv", "-o", "json", expect=None)
        assert ran.data["reasons"] == ({"conflicting_row": 1} if number else {})
    voucher("batch", "retry", str(ran.data["batch"]), expect=4)
    voucher("check")
