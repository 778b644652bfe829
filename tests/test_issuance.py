"""Issuance orders: what a platform is told, in its terms and within its limits; what it hands out
beyond them is its breach.
"""

from __future__ import annotations

import csv
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_schedule import PACK, approve_round, land, tick, town
from towns import CLAIMS, CLOSES, OPENS, ask

from vouchercli.errors import Stopped, VoucherError
from vouchercli.formats.configs import locate
from vouchercli.formats.written import issuance_orders
from vouchercli.ops.intake.claims import import_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

__all__ = ["town"]  # the fixture
ROOT = Path(__file__).parent.parent
PROFILES = sorted(path.stem for path in (ROOT / "configs/orders").glob("*.yaml"))


def read_order(
    here: Path, platform: str = "wechat", number: int = 1, code: str = "p1"
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The order's JSON and its sheet."""
    path = here / f"outbox/{platform}/town-{code}-order-{number}.json"
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return json.loads(path.read_text("utf-8")), list(csv.DictReader(file))


@pytest.mark.parametrize("name", PROFILES)
def test_every_shipped_order_profile_is_read_and_found_by_its_names(name: str) -> None:
    assert issuance_orders.profile_of(name).order == name
    assert issuance_orders.profile_of(f" {name.upper()} ").order == name


def test_an_opened_platform_round_is_ordered_in_the_platforms_terms(
    town: Voucher, here: Path
) -> None:
    approve_round(town, "p1", "--platform", "微信")
    assert tick(town, OPENS) == [
        ("open", "p1", "done"),
        ("order", "p1", "done"),
        ("write", "p1", "done"),
    ]
    order, rows = read_order(here, "微信")
    assert rows == [
        {
            "out_request_no": "town-p1-1-1",
            "stock_name": "消费券",
            "comment": "p1",
            "stock_type": "NORMAL",
            "available_begin_time": "2020-03-27T08:00:00+08:00",
            "available_end_time": "2020-04-05T07:59:58+08:00",
            "max_coupons": "20",
            "max_amount": "20000",
            "max_coupons_per_user": "2",
            "natural_person_limit": "true",
            "available_time_after_receive": "10080",
            "coupon_amount": "1000",
            "transaction_minimum": "4000",
            "combine_use": "false",
        }
    ]
    assert (
        order["packs"],
        order["quota_fen"],
        order["limits"]["packs_per_resident"],
        order["supersedes"],
    ) == (10, 20000, 1, None)
    assert order["merchants"] == {
        "count": 1,
        "sha256": hashlib.sha256(b"M1\n").hexdigest(),
        "is_open_to_all": False,
    }
    assert (
        order["coupons"][0] | {"coupon_nos": "1-2", "denomination_fen": 1000, "threshold_fen": 4000}
        == order["coupons"][0]
    )
    assert order["opens_at"] == "2020-03-27T08:00:00+08:00" and order["scope"]["channel"] == "any"


def test_a_platform_without_a_profile_gets_our_own_terms(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "../up/ our app")
    tick(town, OPENS)
    _, rows = read_order(here, "-up--our-app")
    assert (
        rows[0]["packs"],
        rows[0]["vouchers"],
        rows[0]["denomination"],
        rows[0]["threshold"],
    ) == ("10", "20", "10.00", "40.00")
    assert tuple(rows[0]) == issuance_orders.OURS


def test_an_order_is_made_again_only_when_its_terms_change(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    tick(town, OPENS)
    land(here, "city/merchants/m.csv", "merchant_no,name\nM1,面馆\nM2,书店\n")
    assert tick(town, "2020-03-27 09:00") == [("import", "city/merchants/m.csv", "done")]
    town("round", "top-up", "p1", "--packs", "5", "--actor", "mei", "--now", "2020-03-27 09:00")
    assert tick(town, "2020-03-27 09:01") == [("remind", "p1", "done")]
    town("round", "approve", "p1", "--actor", "lin", "--now", "2020-03-27 09:01")
    assert tick(town, "2020-03-27 09:02") == [("order", "p1", "done"), ("write", "p1", "done")]
    order, rows = read_order(here, number=2)
    assert (order["supersedes"], rows[0]["max_coupons"], order["merchants"]["count"]) == (
        1,
        "30",
        2,
    )


def test_an_order_goes_out_its_lead_before_the_opening(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    shown = town("schedule", "show", "-o", "json").data["deeds"]
    assert [(each["deed"], each["due_at"]) for each in shown] == [
        ("order", "2020-03-25T08:00:00+08:00"),
        ("open", "2020-03-27T08:00:00+08:00"),
        ("close", "2020-03-29T08:00:00+08:00"),
    ]
    assert tick(town, "2020-03-25 07:59") == []
    assert tick(town, "2020-03-25 08:00") == [("order", "p1", "done"), ("write", "p1", "done")]
    assert read_order(here)[0]["opens_at"] == "2020-03-27T08:00:00+08:00"
    assert tick(town, OPENS) == [("open", "p1", "done")]


def test_no_order_goes_out_before_the_approval_and_then_it_goes_at_once(
    town: Voucher, here: Path
) -> None:
    towns.make_round(
        town, "p1", "--platform", "wechat", opens=OPENS, closes=CLOSES, state="submitted"
    )
    assert ("order", "p1", "done") not in tick(town, "2020-03-26 08:00")
    town("round", "approve", "p1", "--actor", "lin", "--now", "2020-03-26 09:00")
    ran = town("schedule", "tick", "--now", "2020-03-26 09:01", "-o", "json")
    assert [
        (each["deed"], each["late_seconds"])
        for each in ran.data["deeds"]
        if each["deed"] == "order"
    ] == [("order", 60)]


def test_a_new_opening_replaces_the_order_that_is_out_at_once(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    tick(town, "2020-03-25 08:00")
    town(
        "round",
        "reschedule",
        "p1",
        "--opens-at",
        "2020-03-28 08:00",
        "--actor",
        "mei",
        "--now",
        "2020-03-25 09:00",
    )
    town("round", "approve", "p1", "--actor", "lin", "--now", "2020-03-25 10:00")
    ran = town("schedule", "tick", "--now", "2020-03-25 10:01", "-o", "json")
    assert [(each["deed"], each["late_seconds"]) for each in ran.data["deeds"]] == [
        ("order", 60),
        ("write", None),
    ]
    order, rows = read_order(here, number=2)
    assert (order["supersedes"], rows[0]["available_begin_time"]) == (
        1,
        "2020-03-28T08:00:00+08:00",
    )
    assert [path.name for path in sorted((here / "outbox/wechat").glob("*.json"))] == [
        "town-p1-order-1.json",
        "town-p1-order-2.json",
    ]


def own_terms(here: Path, limits: str) -> None:
    (here / "configs/orders").mkdir(parents=True, exist_ok=True)
    (here / "configs/orders/app.yaml").write_text(
        f"order: app\nname: {{zh: 应用, en: App}}\nlead: 12h\nlimits: {limits}\ncolumns: {{packs:"
        " packs}\n",
        "utf-8",
    )


@pytest.mark.parametrize(
    ("limits", "proposal", "fault"),
    [
        (
            "{vouchers: 30}",
            ["top-up", "--packs", "6"],
            "32 vouchers 40-10 in all: app takes at most 30 in one order",
        ),
        (
            "{window_days: 10}",
            ["reschedule", "--closes-at", "2020-04-02 08:00"],
            "are 13 days: app takes at most 10",
        ),
    ],
)
def test_an_amendment_that_the_platform_does_not_take_is_refused(
    town: Voucher,
    here: Path,
    limits: str,
    proposal: list[str],
    fault: str,
) -> None:
    own_terms(here, limits)
    approve_round(town, "p1", "--platform", "app")
    assert tick(town, "2020-03-26 20:00") == [("order", "p1", "done"), ("write", "p1", "done")]
    verb, *options = proposal
    ran = town(
        "round", verb, "p1", *options, "--actor", "mei", "--now", "2020-03-26 20:01", expect=3
    )
    assert "[platform_limits]" in ran.err and fault in ran.err
    (here / "configs/orders/app.yaml").unlink()  # proposed while the limits were others ...
    town("round", verb, "p1", *options, "--actor", "mei", "--now", "2020-03-26 20:01")
    own_terms(here, limits)
    assert (
        "[platform_limits]"
        in town(
            "round", "approve", "p1", "--actor", "lin", "--now", "2020-03-26 20:02", expect=3
        ).err
    )


def cancel(town: Voucher) -> None:
    town("round", "cancel", "p1", "--note", "no money", "--actor", "mei")
    town("round", "approve", "p1", "--actor", "lin")


def test_an_order_of_a_round_that_is_taken_back_is_warned_of(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    tick(town, "2020-03-25 08:00")
    ran = town("round", "edit", "p1", "--packs", "9", "--actor", "mei")
    assert "wechat still has order 1 of p1, which is no longer valid [order_stands]" in ran.err
    town("round", "cancel", "p1", "--note", "no money", "--actor", "mei")
    ran = town("round", "approve", "p1", "--actor", "lin", "--lang", "zh")
    assert "wechat 手中的期次 p1 第 1 号发放指令已不再有效" in ran.err


def test_an_order_that_could_not_be_written_is_not_written_for_a_cancelled_round(
    town: Voucher, here: Path
) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    (here / "outbox").write_text("in the way")
    tick(town, "2020-03-25 08:00", expect=4)
    cancel(town)
    (here / "outbox").unlink()
    assert tick(town, "2020-03-25 08:01") == []


def test_a_lead_is_days_hours_or_minutes(here: Path) -> None:
    (here / "configs/orders").mkdir(parents=True)
    for lead, seconds in (("2d", 172_800), ("12h", 43_200), ("30m", 1_800)):
        (here / "configs/orders/app.yaml").write_text(
            f"order: app\nname: {{zh: 应用, en: App}}\nlead: {lead}\ncolumns: {{packs: packs}}\n",
            "utf-8",
        )
        assert issuance_orders.profile_of("app").lead_seconds == seconds
    assert issuance_orders.profile_of("elsewhere").lead_seconds == 0
    (here / "configs/orders/app.yaml").write_text(
        "order: app\nname: {zh: 应用, en: App}\nlead: 2 weeks\ncolumns: {packs: packs}\n", "utf-8"
    )
    with pytest.raises(VoucherError):
        issuance_orders.profile_of("app")


def test_a_round_opened_by_hand_is_ordered_by_the_next_tick(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    town("round", "open", "p1", "--now", OPENS, "--actor", "mei")
    assert tick(town, "2020-03-27 08:01") == [("order", "p1", "done"), ("write", "p1", "done")]


def test_a_late_tick_orders_nothing_for_a_round_that_is_over(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "alipay")
    town("round", "open", "p1", "--now", OPENS)
    shown = town("schedule", "show", "--now", CLOSES, "-o", "json").data["deeds"]
    assert [each["deed"] for each in shown] == ["close"]
    ran = town("schedule", "tick", "--now", CLOSES, "-o", "json")
    assert [each["deed"] for each in ran.data["deeds"]] == ["close", "release"]
    assert [(each["code"], each["level"]) for each in ran.json["problems"]] == [
        ("never_ordered", "warning")
    ]
    assert not (here / "outbox").exists()
    assert tick(town, "2020-04-18 08:00") == []


def test_a_round_that_was_ordered_closes_without_a_warning(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "alipay")
    tick(town, OPENS)
    ran = town("schedule", "tick", "--now", CLOSES, "-o", "json")
    assert "close" in [each["deed"] for each in ran.data["deeds"]] and not ran.json["problems"]


def test_an_order_that_could_not_be_written_in_time_is_never_written(
    town: Voucher, here: Path
) -> None:
    approve_round(town, "p1", "--platform", "alipay")
    (here / "outbox").write_text("in the way")
    assert town("schedule", "tick", "--now", OPENS, expect=4).err
    (here / "outbox").unlink()
    assert tick(town, CLOSES) == [("close", "p1", "done"), ("release", "p1", "done")]
    assert not (here / "outbox").exists()


# ---------------------------------------------------------------- by hand


def order_by_hand(town: Voucher, *words: str, now: str = OPENS, expect: int = 0) -> Any:
    ran = town("round", "order", "p1", *words, "--now", now, "-o", "json", expect=expect)
    return ran.json["problems"][0]["code"] if expect else ran.data


def test_an_order_by_hand_is_the_one_that_the_tick_would_write(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    town("round", "open", "p1", "--now", OPENS)
    file = here / "outbox/wechat/town-p1-order-1.json"
    said = order_by_hand(town, "--actor", "mei")
    assert said == {
        "round": "p1",
        "platform": "wechat",
        "order": 1,
        "packs": 10,
        "file": str(file),
        "again": False,
    }
    order, rows = read_order(here)
    assert (order["ordered_at"], rows[0]["max_coupons"]) == ("2020-03-27T08:00:00+08:00", "20")
    assert tick(town, "2020-03-27 08:05") == []
    line = town("audit", "log", "--about", "p1", "-o", "json").data["lines"][0]
    assert (line["deed"], line["detail"]["number"], line["actor"]) == ("round.order", 1, "mei")


def test_an_order_that_stands_is_written_again_byte_for_byte(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    tick(town, OPENS)
    first, sheet = (here / f"outbox/wechat/town-p1-order-1.{kind}" for kind in ("json", "csv"))
    before = first.read_bytes(), sheet.read_bytes()
    first.unlink()
    sheet.write_text("spoilt")
    ran = town("round", "order", "p1", "--now", "2020-03-27 09:00")
    assert ran.err == f"order 1 of p1 stands; it is written again to {first}\n"
    assert (first.read_bytes(), sheet.read_bytes()) == before
    line = town("audit", "log", "--about", "p1", "-o", "json").data["lines"][0]
    assert (line["deed"], line["detail"]["again"]) == ("round.order", True)


def test_an_order_by_hand_after_a_top_up_replaces_the_last_one(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    tick(town, OPENS)
    town("round", "top-up", "p1", "--packs", "5", "--actor", "mei", "--now", OPENS)
    town("round", "approve", "p1", "--actor", "lin", "--now", OPENS)
    said = order_by_hand(town, "--outbox", "elsewhere")
    assert (said["order"], said["packs"], said["again"]) == (2, 15, False)
    assert Path("elsewhere/wechat/town-p1-order-2.json").is_file()


def test_a_dry_run_of_an_order_writes_nothing(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    assert order_by_hand(town, "--dry-run")["order"] == 1
    assert not (here / "outbox").exists()
    assert order_by_hand(town)["order"] == 1


def test_nothing_is_ordered_for_a_round_that_is_over(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    town("round", "open", "p1", "--now", OPENS)
    assert order_by_hand(town, now=CLOSES, expect=3) == "round_over"
    town("round", "close", "p1", "--now", CLOSES)
    assert order_by_hand(town, now=OPENS, expect=3) == "round_over"
    assert not (here / "outbox").exists()


def test_what_to_do_about_a_round_that_is_over_can_be_done(town: Voucher) -> None:
    for code in ("p1", "p2"):
        approve_round(town, code, "--platform", "wechat")
    # p1 was never opened: there is nothing to close
    assert (
        "next: voucher round copy p1 NEW"
        in town("round", "order", "p1", "--now", CLOSES, expect=3).err
    )
    town("round", "open", "p2", "--now", OPENS)
    assert (
        "next: voucher round close p2"
        in town("round", "order", "p2", "--now", CLOSES, expect=3).err
    )
    # the tick opens p1 and closes it at once
    told = town("schedule", "tick", "--now", CLOSES, "-o", "json").json["problems"]
    over = [each["hint"] for each in told if each["code"] == "round_over"]
    assert over == ["voucher round show p1"]


def test_nothing_is_ordered_for_a_round_that_is_cancelled(town: Voucher) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    cancel(town)
    assert order_by_hand(town, expect=3) == "round_over"


def test_only_an_approved_round_of_a_platform_is_ordered(town: Voucher) -> None:
    approve_round(town, "p1")
    assert order_by_hand(town, expect=3) == "not_a_platform_round"
    town("round", "edit", "p1", "--platform", "wechat")
    assert order_by_hand(town, expect=3) == "wrong_state"


def test_the_same_order_is_written_again_when_the_note_was_lost(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    (here / "outbox").write_text("in the way")
    tick(town, OPENS, expect=4)
    (here / "outbox").unlink()
    (here / "outbox/wechat").mkdir(parents=True)
    # a writer was killed
    (here / "outbox/wechat/.town-p1-order-1.json.part").write_text("half a f")
    tick(town, "2020-03-28 08:00")
    assert sorted(path.name for path in (here / "outbox/wechat").iterdir()) == [
        "town-p1-order-1.csv",
        "town-p1-order-1.json",
    ]
    (document,) = ask(here, "SELECT document FROM issuance_orders")[0]
    assert json.loads(document) == read_order(here)[0]
    assert json.loads(document)["ordered_at"] == "2020-03-27T08:00:00+08:00"
    assert "\\u" not in document  # a person reads it too
    assert "微信" in document or "券" in document


def test_claims_beyond_quota_limit_or_window_are_the_platforms_breaches(
    town: Voucher, here: Path
) -> None:
    approve_round(town, "p1", "--platform", "wechat", packs=2)
    tick(town, OPENS)
    land(
        here,
        "wechat/claims/a.csv",
        CLAIMS
        + """\
C1,p1,res1,2020-03-27 08:00:01
C2,p1,res1,2020-03-27 08:00:02
C3,p1,res2,2020-03-27 07:59:59
C4,p1,res3,2020-03-27 08:00:03
C5,p1,res4,2020-03-27 08:00:04
C6,p1,res5,2020-03-29 08:00:00
""",
    )
    assert ("import", "wechat/claims/a.csv", "partial") in tick(town, CLOSES, expect=4)
    summary = json.loads((here / "inbox/wechat/claims/done/a.csv.json").read_text("utf-8"))
    assert summary["data"]["reasons"] == {
        "after_closing": 1,
        "before_opening": 1,
        "over_quota": 1,
        "resident_limit": 1,
    }
    (row,) = town("report", "rounds", "-o", "json").data["rows"]
    assert (row["claimed"], row["breaches"]) == (2, 4)
    # nobody but the platform grants them
    assert "[platform_round]" in town("round", "allocate", "p1", expect=3).err


# ---------------------------------------------------------------- limits

OFF = towns.coupon("10.00", "40.00", 2)
CASES = [
    (
        {"name": {"zh": "一二三四五六七八九十", "en": "Voucher"}},
        "has 10 characters: wechat shows at most 9",
        "platform_name",
    ),
    (
        {"name": {"zh": "消费_券", "en": "Voucher"}},
        "has characters that wechat does not take: _",
        "platform_name",
    ),
    (
        {"validity": {"days_after_claim": 89}},
        "are 91 days: wechat takes at most 90",
        "platform_window",
    ),
    (
        {"coupons": [OFF | {"count": 61}]},
        "61 vouchers 40-10 for one resident: wechat gives at most 60",
        "platform_per_resident",
    ),
    (
        {
            "coupons": [
                {
                    "count": 2,
                    "kind": "percent_off",
                    "percent": "10",
                    "threshold": "40.00",
                    "cap": "10.00",
                }
            ]
        },
        "cannot state percentages",
        "platform_kind",
    ),
]


@pytest.mark.parametrize(("changed", "told", "code"), CASES, ids=[case[1][:30] for case in CASES])
def test_what_wechat_does_not_take_is_refused_when_the_round_is_drafted(
    town: Voucher, here: Path, changed: dict[str, Any], told: str, code: str
) -> None:
    town("template", "add", towns.write("pack.yaml", PACK | changed))
    draft = partial(towns.draft, town, packs=1, closes=CLOSES)
    ran = draft("p1", "--platform", "wechat", expect=3)
    assert f"[{code}]" in ran.err and told in ran.err and "[platform_limits]" in ran.err
    assert ask(here, "SELECT count(*) FROM rounds") == [(0,)]
    draft("p1", "--platform", "elsewhere")
    assert "[platform_limits]" in town("round", "edit", "p1", "--platform", "wechat", expect=3).err
    in_chinese = draft("p2", "--platform", "wechat", "--lang", "zh", expect=3)
    assert "平台 wechat 不接受" in in_chinese.err


def test_a_round_that_the_platform_no_longer_takes_is_not_opened(town: Voucher, here: Path) -> None:
    approve_round(town, "p1", "--platform", "wechat")
    profile = (
        locate.find("orders", "wechat")
        .read_text("utf-8")
        .replace("window_days: 90", "window_days: 8")
    )
    (here / "configs/orders").mkdir(parents=True)
    (here / "configs/orders/wechat.yaml").write_text(profile, "utf-8")
    ran = town("schedule", "tick", "--now", OPENS, expect=4)
    assert "[platform_limits]" in ran.err and "are 9 days: wechat takes at most 8" in ran.err
    assert town("round", "show", "p1", "-o", "json").data["state"] == "approved"


def test_a_faulty_order_profile_is_told_with_its_place(town: Voucher, here: Path) -> None:
    (here / "configs/orders").mkdir(parents=True)
    (here / "configs/orders/mine.yaml").write_text(
        "order: mine\nname: {zh: 我的, en: Mine}\ncolumns: {quantity: pakcs}\n", "utf-8"
    )
    with pytest.raises(VoucherError) as refused:
        issuance_orders.profile_of("mine")
    assert [problem.where.rpartition("/")[2] for problem in refused.value.problems] == [
        "mine.yaml:3:21"
    ]


def test_one_row_for_the_whole_pack_where_the_platform_wants_it_so(
    town: Voucher, here: Path
) -> None:
    (here / "configs/orders").mkdir(parents=True)
    (here / "configs/orders/app.yaml").write_text(
        "order: app\nname: {zh: 应用, en: App}\nrows: pack\nunit: yuan\n"
        "columns: {packs: packs, value: denomination, of: coupon}\n",
        "utf-8",
    )
    approve_round(town, "p1", "--platform", "app")
    tick(town, OPENS)
    assert read_order(here, "app")[1] == [{"packs": "10", "value": "20.00", "of": "2 x 40-10"}]


THREE = towns.pack("three", towns.coupon("10.00", "40.00", 2), towns.coupon("20.00", "60.00"))
TWICE = towns.programme(limits={"packs_per_resident_per_round": 2}, unused="next_round")


def test_an_order_counts_vouchers_by_packs_times_the_vouchers_of_a_pack(
    town: Voucher, here: Path
) -> None:
    (here / "configs/orders").mkdir(parents=True)
    columns = "{each: vouchers_per_resident, all: vouchers, worth: amount, no: order_no}"
    for name, rows in (("by-pack", "pack"), ("by-coupon", "coupon")):
        (here / f"configs/orders/{name}.yaml").write_text(
            f"order: {name}\nname: {{zh: 应用, en: App}}\nrows: {rows}\nunit: yuan\n"
            f"columns: {columns}\n",
            "utf-8",
        )
    town("programme", "load", towns.write("programme.yaml", TWICE))
    town("template", "add", towns.write("three.yaml", THREE))
    for code in ("by-pack", "by-coupon"):
        approve_round(town, code, "--platform", code, "--template", "three", "--per-resident", "2")
    tick(town, OPENS)
    assert read_order(here, "by-pack", code="by-pack")[1] == [
        {"each": "6", "all": "30", "worth": "400.00", "no": "town-by-pack-1"}
    ]
    assert read_order(here, "by-coupon", code="by-coupon")[1] == [
        {"each": "4", "all": "20", "worth": "200.00", "no": "town-by-coupon-1-1"},
        {"each": "2", "all": "10", "worth": "200.00", "no": "town-by-coupon-1-2"},
    ]
    order, _ = read_order(here, "by-pack", code="by-pack")
    assert [each["coupon_nos"] for each in order["coupons"]] == ["1-2", "3"]


# ---------------------------------------------------------------- claims of another platform


def claimed(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, "SELECT round, claimed FROM rounds ORDER BY 1")


@pytest.fixture
def two(town: Voucher) -> Voucher:
    """Two open rounds: a is alipay's, w is WeChat's."""
    approve_round(town, "a", "--platform", "alipay")
    approve_round(town, "w", "--platform", "微信")
    for code in "aw":
        town("round", "open", code, "--now", OPENS)
    return town


BOTH = CLAIMS + "C1,a,res1,2020-03-27 08:00:01\nC2,w,res2,2020-03-27 08:00:02\n"


def test_rows_of_another_platforms_round_are_rejected(two: Voucher, here: Path) -> None:
    land(here, "wechat/claims/c.csv", BOTH)
    ran = two("schedule", "tick", "--now", CLOSES, "-o", "json", expect=4)
    (imported,) = [each for each in ran.data["deeds"] if each["deed"] == "import"]
    assert imported["detail"]["reasons"] == {"wrong_platform": 1}
    assert claimed(here) == [("a", 0), ("w", 1)]
    (row,) = two("batch", "rejects", "2", "-o", "json").data["rejects"]
    assert (row["line"], row["reason"]) == (2, "wrong_platform")
    shown = two("batch", "show", "2").out
    assert "round a is issued by alipay; this file comes from wechat" in " ".join(shown.split())
    lines = two("audit", "log", "-o", "json").data["lines"]
    line = next(each for each in lines if each["deed"] == "claims.import")
    assert line["detail"]["platform"] == "wechat"
    # nobody else has the platform's word for it, so waiting does not help
    assert two("batch", "retry", "2", "-o", "json", expect=4).data["rejected"] == 1


def test_a_folder_of_no_platform_of_the_programme_is_refused(two: Voucher, here: Path) -> None:
    land(here, "支付宝/claims/c.csv", BOTH)
    ran = two("schedule", "tick", "--now", "2020-03-27 09:00", "-o", "json", expect=4)
    (problem,) = [each for each in ran.json["problems"] if each["level"] == "error"]
    assert problem["code"] == "wrong_platform"
    assert problem["hint"] == "its platforms are: alipay, 微信"
    assert (here / "inbox/支付宝/claims/failed/c.csv").exists()
    assert claimed(here) == [("a", 0), ("w", 0)]


def test_a_file_that_lay_under_the_wrong_platform_can_come_again(two: Voucher, here: Path) -> None:
    land(here, "wechat/claims/c.csv", CLAIMS + "C1,a,res1,2020-03-27 08:00:01\n")
    now = ("--now", "2020-03-27 09:00")
    tick(two, now[1], expect=4)
    file = here / "inbox/wechat/claims/done/c.csv"
    ran = two("claim", "import", str(file), "--platform", "alipay", *now, expect=3)
    assert ran.err.splitlines() == [
        f"error: {file} came before as a file of wechat (batch 2) [other_platform_before]",
        "  next: voucher batch undo 2, then import it again; or only what was rejected: voucher batch"
        " rejects 2 --to rejects.csv",
    ]
    two("batch", "undo", "2", *now)
    two("claim", "import", str(file), "--platform", "alipay", *now)
    assert claimed(here) == [("a", 1), ("w", 0)]


def test_by_hand_a_file_is_held_to_its_platform_when_that_is_said(two: Voucher, here: Path) -> None:
    file = towns.write("c.csv", BOTH)
    now = ("--now", "2020-03-27 09:00")
    ran = two("claim", "import", file, "--platform", "Alipay", *now, "-o", "json", expect=4)
    assert ran.data["reasons"] == {"wrong_platform": 1}
    more = towns.write("more.csv", BOTH.replace("C1", "C3").replace("res1", "res3"))
    ran = two("claim", "import", more, *now, "-o", "json")
    assert ran.data["accepted"] == 2
    none = two("claim", "import", more, "--platform", "unionpay", *now, expect=3)
    assert "[wrong_platform]" in none.err


def test_rounds_that_name_no_platform_take_claims_from_any(town: Voucher, here: Path) -> None:
    approve_round(town, "p1")
    town("round", "open", "p1", "--now", OPENS)
    land(here, "wechat/claims/c.csv", CLAIMS + "C1,p1,res1,2020-03-27 08:00:01\n")
    assert tick(town, "2020-03-27 09:00") == [("import", "wechat/claims/c.csv", "done")]
    assert claimed(here) == [("p1", 1)]


def test_an_import_that_goes_on_remembers_who_sent_the_file(
    two: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vouchercli.ops.intake.chunks.LINES", 1)
    now = ("--now", towns.LATER)
    with towns.session(here / "voucher.db") as session:
        stop = Stop()
        with pytest.raises(Stopped):
            import_claims(session, towns.write("c.csv", BOTH), platform="wechat", watch=stop)
    ran = two("batch", "resume", "2", *now, "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (1, {"wrong_platform": 1})


class Stop:
    """Asks an import to stop after its first chunk."""

    is_stopped = True

    def read(self, rows: int) -> None:
        """Nothing to do."""

    def committed(self, share: float | None) -> None:
        """Nothing to do."""
