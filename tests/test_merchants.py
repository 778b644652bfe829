"""voucher merchant import | list | show | suspend | reinstate, by our own plain format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once

HEADER = "merchant_no,name,uscc,district,industry,size,address,phone\n"
FIRST = (
    HEADER + "M001,老马面馆,91110000600037341L,上城区,餐饮,小微,平海路1号,0571-1\n"
    "M002,西湖书店,,西湖区,零售,中型,北山街2号,0571-2\n"
    "M003,解百商场,,上城区,零售,大型,解放路3号,0571-3\n"
)
SECOND = (
    HEADER + "M001,老马面馆,91110000600037341L,西湖区,餐饮,小微,平海路1号,0571-1\n"
    "M003,解百商场,,上城区,零售,大型,解放路3号,0571-3\n"
    "M004,新开茶馆,,拱墅区,餐饮,小微,运河路4号,0571-4\n"
)


@pytest.fixture
def take_in(voucher: Callable[..., Any], here: Path, once: Once) -> Callable[[str, str], Any]:
    """A database with nothing in it, and a way to import a text as a file of that name."""
    once("nothing", lambda: voucher("init"))

    def take_in(name: str, text: str, *options: str, expect: int | None = 0) -> Any:
        (here / name).write_text(text, "utf-8")
        return voucher("merchant", "import", name, *options, "-o", "json", expect=expect)

    return take_in


def names(ran: Any) -> list[str]:
    return [row["merchant_no"] for row in ran.data["merchants"]]


# ---------------------------------------------------------------- import


def test_a_registry_comes_in(take_in: Callable[..., Any], voucher: Callable[..., Any]) -> None:
    data = take_in("first.csv", FIRST).data
    counts = {
        "read": 3,
        "accepted": 3,
        "duplicate": 0,
        "rejected": 0,
        "warnings": 0,
        "added": 3,
        "changed": 0,
        "missing": 0,
    }
    assert data["batch"] == 1
    assert {key: data[key] for key in counts} == counts
    assert names(voucher("merchant", "list", "-o", "json")) == ["M001", "M002", "M003"]


def test_the_import_says_what_it_did(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("first.csv", FIRST)
    (here / "second.csv").write_text(SECOND, "utf-8")
    ran = voucher("merchant", "import", "second.csv")
    assert "registry voucher: 1 added, 1 changed, 1 missing" in ran.err
    assert "M002" in ran.out and "西湖书店" in ran.out


def test_a_second_file_adds_changes_and_reports_who_is_missing(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    data = take_in("second.csv", SECOND).data
    assert (
        data["accepted"],
        data["duplicate"],
        data["added"],
        data["changed"],
        data["missing"],
        data["suspended"],
    ) == (2, 1, 1, 1, 1, 0)
    assert data["missing_merchants"] == [{"merchant_no": "M002", "name": "西湖书店"}]
    assert voucher("merchant", "show", "M001", "-o", "json").data["district"] == "西湖区"
    assert voucher("merchant", "show", "M002", "-o", "json").data["state"] == "registered"


def test_the_same_file_twice_adds_nothing(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    ran = voucher("merchant", "import", "first.csv")
    assert "imported before as batch 1" in ran.err
    assert take_in("copy.csv", FIRST + "\n").data["accepted"] == 0


def test_a_line_that_contradicts_an_earlier_one_is_rejected_and_stays_so(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    ran = take_in(
        "twice.csv",
        FIRST + "M002,西湖书店,,西湖区,零售,中型,北山街2号,0571-2\nM002,东湖书店,,,,,,\n",
        expect=4,
    )
    assert (ran.data["accepted"], ran.data["duplicate"], ran.data["reasons"]) == (
        3,
        1,
        {"conflicting_row": 1},
    )
    assert ran.json["problems"][0]["message"] == "merchant M002 stands on line 3 with other values"
    again = voucher("batch", "retry", "1", "-o", "json", expect=4).data
    assert (again["accepted"], again["reasons"]) == (0, {"conflicting_row": 1})
    assert voucher("merchant", "show", "M002", "-o", "json").data["name"] == "西湖书店"


def test_a_row_without_number_or_name_is_rejected_but_its_merchant_is_not_missing(
    take_in: Callable[..., Any],
) -> None:
    take_in("first.csv", FIRST)
    ran = take_in("second.csv", FIRST.replace("西湖书店", "") + ",无号店,,,,,,\n", expect=4)
    assert (ran.data["rejected"], ran.data["reasons"], ran.data["missing"]) == (
        2,
        {"bad_row": 2},
        0,
    )


def test_a_column_the_file_lacks_leaves_the_value_and_a_blank_cell_clears_it(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    take_in("names.csv", "merchant_no,name,phone\nM001,老马面馆（总店）,\n")
    shown = voucher("merchant", "show", "M001", "-o", "json").data
    assert (shown["name"], shown["phone"], shown["district"], shown["address"]) == (
        "老马面馆（总店）",
        "",
        "上城区",
        "平海路1号",
    )
    assert {
        (change["field"], change["before"], change["after"]) for change in shown["changes"]
    } == {("added", "", ""), ("name", "老马面馆", "老马面馆（总店）"), ("phone", "0571-1", "")}


def test_odd_business_numbers_and_retired_districts_are_warnings(
    take_in: Callable[..., Any],
) -> None:
    rows = (
        "A1,甲,91110000600037341X,330105,,,,\nA2,乙,330100000012345,330103,,,,\nA3,丙,9111,330104,,,,\n"
        "A4,丁,91110000600037341l,下城区,,,,\nA5,戊,N2510100MA0000000X,132100,,,,\n"
    )
    ran = take_in("odd.csv", HEADER + rows)
    assert (ran.data["accepted"], ran.data["rejected"], ran.data["warnings"]) == (5, 0, 7)
    assert {p["message"] for p in ran.json["problems"] if p["where"] != "odd.csv:6"} == {
        (
            "91110000600037341X is not a valid unified social credit code (its last character"
            " should be L)"
        ),
        (
            "330100000012345 is an old registration number of 15 digits, not a unified social"
            " credit code"
        ),
        "9111 is not a valid unified social credit code",
        "division code 330103 was retired; it became 330105",
        "division code 330104 was retired; it became 330102, 330114",
    }
    assert {p["code"] for p in ran.json["problems"] if p["where"] == "odd.csv:6"} == {
        "uscc_check_digit",
        "retired_division",
    }


def test_a_file_that_is_not_there_is_refused(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    ran = voucher("merchant", "import", "nowhere.csv", expect=3)
    assert ran.out == "" and "nowhere.csv" in ran.err


def test_a_file_that_is_no_registry_is_refused_with_the_columns_found(
    take_in: Callable[..., Any],
) -> None:
    ran = take_in("other.csv", "colour,shape\nred,round\n", expect=3)
    assert (
        ran.json["problems"][0]["code"] == "unknown_layout"
        and "colour, shape" in ran.json["problems"][0]["message"]
    )


def test_a_dry_run_writes_nothing(take_in: Callable[..., Any], voucher: Callable[..., Any]) -> None:
    assert take_in("first.csv", FIRST, "--dry-run").data["accepted"] == 3
    assert voucher("merchant", "list", "-o", "json").data == {
        "count": 0,
        "merchants": [],
        "more": False,
    }


# ---------------------------------------------------------------- missing


def test_the_missing_are_suspended_when_asked_and_reinstated_when_they_come_back(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    assert take_in("second.csv", SECOND, "--missing", "suspend").data["suspended"] == 1
    shown = voucher("merchant", "show", "M002", "-o", "json").data
    assert shown["state"] == "suspended"
    assert shown["suspensions"][0]["from_at"] == "2020-03-20T09:00:00+08:00"
    assert shown["suspensions"][0]["reason"] == "no longer in registry voucher (batch 2)"
    third = SECOND + "M002,西湖书店,,西湖区,零售,中型,北山街2号,0571-2\n"
    assert take_in("third.csv", third, "--now", "2020-03-25 10:00").data["returned"] == 1
    shown = voucher("merchant", "show", "M002", "-o", "json").data
    assert shown["suspensions"][0]["until_at"] == "2020-03-25T10:00:00+08:00"
    assert "已不在名录 voucher 中（导入批次 2）" in voucher(
        "merchant", "show", "M002", "--lang", "zh"
    ).out.replace(" \n", "")


def test_one_suspended_by_hand_is_not_reinstated_by_a_registry(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    voucher("merchant", "suspend", "M001", "--reason", "inquiry")
    assert take_in("second.csv", SECOND).data["returned"] == 0
    assert voucher("merchant", "show", "M001", "-o", "json").data["state"] == "suspended"


def test_a_part_of_a_registry_does_not_suspend_the_rest(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    part = "\n".join(FIRST.splitlines()[:2]) + "\n"
    ran = take_in("part.csv", part, "--missing", "suspend", expect=3)
    assert ran.json["problems"][0]["code"] == "registry_in_part"
    assert voucher("batch", "list", "-o", "json").data["batches"][0]["batch"] == 1
    assert take_in("part.csv", part, "--missing", "suspend", "--yes").data["suspended"] == 2


def test_rows_that_cannot_be_read_suspend_nobody(take_in: Callable[..., Any]) -> None:
    take_in("first.csv", FIRST)
    without = SECOND.replace("M003,解百商场", ",解百商场")
    assert (
        take_in("second.csv", without, "--missing", "suspend", expect=3).json["problems"][0]["code"]
        == "registry_unread"
    )
    ran = take_in(
        "second.csv", SECOND.replace("M003,解百商场", "M003,"), "--missing", "suspend", expect=4
    )
    assert [row["merchant_no"] for row in ran.data["missing_merchants"]] == ["M002"]


def test_the_missing_can_be_suspended_after_they_were_reported(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    take_in("second.csv", SECOND)
    data = take_in("second.csv", SECOND, "--missing", "suspend").data
    assert (data["repeats"], data["suspended"], data["missing"]) == (2, 1, 1)
    assert voucher("merchant", "show", "M002", "-o", "json").data["state"] == "suspended"
    assert take_in("second.csv", SECOND, "--missing", "suspend").data["suspended"] == 0
    assert (
        take_in("first.csv", FIRST, "--missing", "suspend", expect=3).json["problems"][0]["code"]
        == "registry_superseded"
    )


def test_a_registry_suspends_the_missing_once(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    def lines() -> int:
        return voucher("audit", "log", "-o", "csv").out.count("merchant.suspend")

    take_in("first.csv", FIRST)
    take_in("second.csv", SECOND, "--missing", "suspend")
    assert lines() == 1
    take_in("second.csv", SECOND, "--missing", "suspend")
    assert lines() == 1
    voucher("merchant", "reinstate", "M002")
    assert take_in("second.csv", SECOND, "--missing", "suspend").data["suspended"] == 0
    assert voucher("merchant", "show", "M002", "-o", "json").data["state"] == "registered"
    assert lines() == 1


def test_mended_rejects_are_no_whole_registry(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("first.csv", FIRST.replace("西湖书店", ""), expect=4)
    voucher("batch", "rejects", "1", "--to", "rejects.csv")
    mended = (here / "rejects.csv").read_text("utf-8-sig").replace("M002,,", "M002,西湖书店,")
    data = take_in("mended.csv", mended, "--missing", "suspend").data
    assert (data["added"], data.get("missing")) == (1, None)


def test_an_unknown_way_with_the_missing_is_a_usage_fault(take_in: Callable[..., Any]) -> None:
    assert (
        take_in("first.csv", FIRST, "--missing", "delete", expect=2).json["problems"][0]["code"]
        == "unknown_missing"
    )


# ---------------------------------------------------------------- list and show


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), ["M001", "M002", "M003"]),
        (("--district", "上城区"), ["M001", "M003"]),
        (("--industry", "零售", "--size", "大型"), ["M003"]),
        (("--search", "书店"), ["M002"]),
        (("--search", "m00"), ["M001", "M002", "M003"]),
        (("--search", "%"), []),
        (("--suspended",), []),
        (("--unregistered",), []),
        (("--limit", "2"), ["M001", "M002"]),
    ],
)
def test_merchants_are_listed_by_what_is_asked(
    take_in: Callable[..., Any],
    voucher: Callable[..., Any],
    options: tuple[str, ...],
    found: list[str],
) -> None:
    take_in("first.csv", FIRST)
    assert names(voucher("merchant", "list", *options, "-o", "json")) == found


def test_the_list_is_a_table_for_people(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    ran = voucher("merchant", "list", "--limit", "1")
    assert "3 merchants" in ran.out and "老马面馆" in ran.out and "registered" in ran.out
    assert ran.err == "2 more rows are not shown; all of them: voucher merchant list -o csv\n"
    assert "已登记" in voucher("merchant", "list", "--lang", "zh").out


def test_a_merchant_is_shown_with_its_history(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    take_in("second.csv", SECOND)
    out = voucher("merchant", "show", "M001").out
    assert (
        "Merchant M001: registered" in out
        and "91110000600037341L" in out
        and "上城区" in out
        and "西湖区" in out
    )


def test_an_unknown_merchant_is_refused_with_the_nearest(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    ran = voucher("merchant", "show", "M0O1", expect=3)
    said = (
        "error: there is no merchant M0O1; did you mean M001? [unknown_merchant]\n  next: voucher"
        " merchant list --search M0O1\n"
    )
    assert (ran.out, ran.err) == ("", said)


def test_a_list_in_an_unknown_format_is_a_usage_fault(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    assert "[unknown_output]" in voucher("merchant", "list", "-o", "yaml", expect=2).err


# ---------------------------------------------------------------- suspend and reinstate


def test_a_merchant_is_suspended_from_a_moment_and_reinstated(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    ran = voucher(
        "merchant",
        "suspend",
        "M001",
        "--from",
        "2020-03-21 10:00",
        "--reason",
        "cash-out under inquiry",
    )
    assert (ran.out, ran.err) == ("", "suspended M001 老马面馆 from 2020-03-21 10:00:00\n")
    assert names(voucher("merchant", "list", "--suspended", "-o", "json")) == []
    assert names(
        voucher("merchant", "list", "--suspended", "--now", "2020-03-21 10:00", "-o", "json")
    ) == ["M001"]
    ran = voucher("merchant", "reinstate", "M001", "--from", "2020-03-23", "-o", "json")
    assert ran.data == {"merchant_no": "M001", "from_at": "2020-03-23T00:00:00+08:00"}
    assert names(
        voucher("merchant", "list", "--suspended", "--now", "2020-03-22 23:59:59", "-o", "json")
    ) == ["M001"]
    assert (
        names(voucher("merchant", "list", "--suspended", "--now", "2020-03-23", "-o", "json")) == []
    )


def test_suspending_twice_is_refused(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    voucher("merchant", "suspend", "M001", "--reason", "inquiry")
    ran = voucher(
        "merchant", "suspend", "M001", "--reason", "again", "--from", "2020-03-01", expect=3
    )
    assert (
        "error: merchant M001 is already suspended from 2020-03-20 09:00:00 (inquiry)"
        " [already_suspended]" in ran.err
    )


def test_a_suspension_that_is_over_does_not_stand_in_the_way(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    voucher("merchant", "suspend", "M001", "--reason", "inquiry")
    voucher("merchant", "reinstate", "M001", "--from", "2020-03-22")
    voucher("merchant", "suspend", "M001", "--reason", "inquiry", "--from", "2020-03-21", expect=3)
    voucher("merchant", "suspend", "M001", "--reason", "inquiry", "--from", "2020-03-22")
    assert len(voucher("merchant", "show", "M001", "-o", "json").data["suspensions"]) == 2


def test_a_suspension_without_a_reason_is_refused(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    assert "[no_reason]" in voucher("merchant", "suspend", "M001", "--reason", " ", expect=3).err


def test_only_a_suspended_merchant_is_reinstated_and_not_before_it_was(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("first.csv", FIRST)
    assert "[not_suspended]" in voucher("merchant", "reinstate", "M001", expect=3).err
    voucher("merchant", "suspend", "M001", "--reason", "inquiry")
    assert (
        "[reinstated_too_early]"
        in voucher("merchant", "reinstate", "M001", "--from", "2020-03-01", expect=3).err
    )


def test_suspensions_are_in_the_log(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:

    take_in("first.csv", FIRST)
    take_in("second.csv", SECOND, "--missing", "suspend")
    voucher("merchant", "suspend", "M001", "--reason", "inquiry", "--actor", "chen")
    deeds = towns.ask(
        here,
        "SELECT deed, subject, actor FROM audit WHERE deed = 'merchant.suspend' ORDER BY audit_id",
    )
    assert [(deed, subject) for deed, subject, _ in deeds] == [
        ("merchant.suspend", "batch 2"),
        ("merchant.suspend", "M001"),
    ]
    assert deeds[1][2] == "chen"


# ---------------------------------------- redemptions and unregistered merchants


def test_a_merchant_shows_what_was_redeemed_there(city: Callable[..., Any], here: Path) -> None:
    voucher = city()
    (here / "r.csv").write_text(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\nT1,pay,C1,1,M1,2020-03-27"
        " 09:00:00,50,5,10,\nT2,pay,C2,1,M1,2020-03-27 09:30:00,60,0,10,\n",
        "utf-8",
    )
    voucher("redemption", "import", "r.csv")
    assert voucher("merchant", "show", "M1", "-o", "json").data["totals"] == [
        {
            "programme": "town",
            "round": "r1",
            "redemptions": 2,
            "base_fen": 10500,
            "subsidy_fen": 2000,
            "platform_fen": 0,
            "match_fen": 0,
        }
    ]
    assert "Redeemed here, net of refunds" in voucher("merchant", "show", "M1").out
    ran = voucher("merchant", "suspend", "M1", "--from", "2020-03-27 09:10", "--reason", "cash-out")
    assert "1 payments from then on were accepted before and stay accepted" in ran.err


def test_what_redemptions_stand_on_is_not_undone(city: Callable[..., Any], here: Path) -> None:
    voucher = city()
    (here / "moved.csv").write_text(
        "merchant_no,name,district\nM1,面馆,拱墅区\nM2,书店（新）,上城区\n", "utf-8"
    )
    (here / "phone.csv").write_text("merchant_no,name,phone\nM1,面馆,0571\n", "utf-8")
    (here / "r.csv").write_text(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\nT1,pay,C1,1,M1,2020-03-27"
        " 09:00:00,50,5,10,\n",
        "utf-8",
    )
    voucher("merchant", "import", "moved.csv")
    voucher("merchant", "import", "phone.csv")
    voucher("redemption", "import", "r.csv")
    voucher("batch", "undo", "4")  # a telephone number: no redemption stands on that
    assert (
        "1 later rows depend on it (batches 5) [batch_built_upon]"
        in voucher("batch", "undo", "3", expect=3).err
    )
    voucher("batch", "undo", "5")
    voucher("batch", "undo", "3")
    assert voucher("merchant", "show", "M1", "-o", "json").data["district"] == "西湖区"


@pytest.fixture
def open_round(city: Callable[..., Any]) -> Any:
    """A town whose round r2 takes any merchant; U9 (nobody's own number) took a payment there."""
    voucher = city(with_claims=False)
    pack = towns.pack("open", towns.coupon("10.00", "40.00"), scope={"registration": "open"})
    voucher("template", "add", towns.write("open.yaml", pack))
    towns.make_round(voucher, "r2", template="open", packs=9, closes="2020-03-28", state="open")
    claim = "O1,r2,330102199001010047,2020-03-27 08:00:01\n"
    payment = "T1,pay,O1,1,U9,2020-03-27 09:00:00,50,5,10,\n"
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claim))
    voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + payment))
    return voucher


def test_an_unregistered_merchant_is_added_and_filled_in_by_a_later_registry(
    open_round: Any, here: Path
) -> None:
    voucher = open_round
    assert names(voucher("merchant", "list", "--unregistered", "-o", "json")) == ["U9"]
    (here / "later.csv").write_text(
        "merchant_no,name,district\nM1,面馆,西湖区\nM2,书店,上城区\nU9,茶馆,拱墅区\n", "utf-8"
    )
    data = voucher("merchant", "import", "later.csv", "-o", "json").data
    assert (data["added"], data["changed"], data["missing"]) == (0, 1, 0)
    shown = voucher("merchant", "show", "U9", "-o", "json").data
    assert (shown["name"], shown["state"], shown["totals"][0]["redemptions"]) == (
        "茶馆",
        "registered",
        1,
    )


def test_a_merchant_known_by_its_platform_number_gets_the_registrys_number(
    open_round: Any, here: Path
) -> None:
    voucher = open_round
    (here / "later.csv").write_text("merchant_no,name,platform_no\nM3,茶馆,U9\n", "utf-8")
    assert voucher("merchant", "import", "later.csv", "-o", "json").data["changed"] == 1
    shown = voucher("merchant", "show", "U9", "-o", "json").data
    assert (shown["merchant_no"], shown["platform_no"], shown["totals"][0]["redemptions"]) == (
        "M3",
        "U9",
        1,
    )
    assert names(voucher("merchant", "list", "-o", "json")) == ["M1", "M2", "M3"]
    voucher("batch", "undo", "4")
    assert names(voucher("merchant", "list", "-o", "json")) == ["M1", "M2", "U9"]


def test_unused_unregistered_merchants_are_forgotten_with_their_batch(
    open_round: Any, here: Path
) -> None:
    from vouchercli.store import db as store
    from vouchercli.store import merchants

    db = store.open_db(here / "voucher.db")
    db.execute("BEGIN IMMEDIATE")
    assert merchants.forget_unregistered(db, 3) == 0  # a redemption stands on U9
    assert merchants.add_unregistered(db, 3, ["U9", "U10", "M1"], 0) == 1
    assert merchants.forget_unregistered(db, 3) == 1
    db.execute("ROLLBACK")
    db.close()


def test_undoing_a_redemption_file_forgets_the_merchants_only_it_knew(open_round: Any) -> None:
    voucher = open_round
    voucher("batch", "undo", "3")
    assert names(voucher("merchant", "list", "-o", "json")) == ["M1", "M2"]
