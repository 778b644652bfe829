"""`voucher risk`: a scan, its findings, what it could not look at."""

from __future__ import annotations

import csv
import json
import statistics
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import planted_city
import pytest
import risk_looks
import towns

from vouchercli import __version__
from vouchercli.ops.risk import measures
from vouchercli.ops.risk.found import NotLooked
from vouchercli.rules import risk
from vouchercli.store.risk_facts import Merchant

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = [Merchant(place, f"M{place}", "catering", "west", "small", 0, 0) for place in range(24)]
EACH = np.repeat(np.arange(24), 30)  # 30 payments at each of 24 shops


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A small synthetic city with one crude ring over three of its 60 shops."""
    city = planted_city.make(5, residents=300, shops=40, weeks=2, kind="crude", rings=1)
    once("risk", lambda: planted_city.lay_down(voucher, city, 2))
    monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
    return voucher


def found(voucher: Voucher, *words: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = voucher("risk", "list", *words, "-o", "json").data["findings"]
    return listed


def test_a_ring_is_found_and_shown_with_its_rows(town: Voucher) -> None:
    scanned = town("risk", "scan", "-o", "json").data
    assert scanned["candidates"] >= 1 and scanned["merchants"] == 40
    assert {each["rule"]: each["told"] for each in scanned["looked"]}["refund_rate"] == (
        "no refund came in"
    )
    guilty = {f"M{shop}" for shop in planted_ring()}
    suspects = found(town, "--candidates")
    assert {each["merchant_no"] for each in suspects} <= guilty
    shown = town("risk", "show", str(suspects[0]["finding"]), "--limit", "9999", "-o", "json").data
    night = next(each for each in shown["reasons"] if each["rule"] == "odd_hours")
    at_night = [each for each in shown["rows"] if "odd_hours" in each["rules"].split(",")]
    assert len(at_night) == night["counts"]["at_odd_hours"]
    assert all(each["is_same"] and each["paid_at"][11:13] < "05" for each in at_night)
    assert sum(each["subsidy_fen"] for each in shown["rows"]) == shown["amount_fen"]
    lines = town("audit", "log", "-o", "json").data["lines"]
    scan = next(each["detail"] for each in lines if each["deed"] == "risk.scan")
    assert scan["program"] == f"voucher {__version__}"
    assert scan["rules_sha256"] == scanned["rules_sha256"]


def test_a_finding_is_counted_again_from_the_file_of_payments(town: Voucher) -> None:
    town("risk", "scan")
    rows = [*csv.DictReader(Path("paid.csv").read_text("utf-8").splitlines())]
    redone = {"at_threshold": 0, "odd_hours": 0, "bursts": 0, "little_variation": 0}
    for finding in found(town):
        own = [row for row in rows if row["merchant_no"] == finding["merchant_no"]]
        shown = town("risk", "show", str(finding["finding"]), "-o", "json").data
        counts = {each["rule"]: each["counts"] for each in shown["reasons"]}
        times = sorted(datetime.fromisoformat(row["paid_at"]) for row in own)
        yuan = [float(row["order_amount"]) for row in own]
        by_hand = {
            "at_threshold": sum(each == 40 for each in yuan),
            "odd_hours": sum(each.hour < 5 for each in times),
            "bursts": sum((b - a).total_seconds() <= 60 for a, b in pairwise(times)),
            "little_variation": round(statistics.pstdev(yuan) * 100),
        }
        names = ("at_threshold", "at_odd_hours", "close_behind", "deviation_fen")
        for (rule, count), name in zip(by_hand.items(), names, strict=True):
            if rule in counts:
                assert counts[rule][name] == count and counts[rule]["payments"] == len(own)
                redone[rule] += 1
    assert redone["at_threshold"] and redone["odd_hours"] and redone["bursts"]


def planted_ring() -> set[int]:
    return planted_city.make(5, residents=300, shops=40, weeks=2, kind="crude", rings=1).guilty


def test_the_same_scan_finds_the_same(town: Voucher) -> None:
    first, second = (
        town("risk", "scan", "--as-of", "2020-04-12", "-o", "json").data for _ in range(2)
    )
    assert (first["scan"], second["scan"]) == (1, 2)
    assert {**first, "scan": 2} == second
    earlier = town("risk", "scan", "--as-of", "2020-04-02", "-o", "json").data
    assert earlier["payments"] < first["payments"] and earlier["sha256"] != first["sha256"]
    assert [
        each["scan"] for each in town("risk", "list", "--scans", "-o", "json").data["scans"]
    ] == [3, 2, 1]
    merchant = found(town, "--scan", "1")[0]["merchant_no"]
    assert [each["merchant_no"] for each in found(town, "--scan", "1", "--merchant", merchant)] == [
        merchant
    ]


def test_a_rehearsal_keeps_nothing(town: Voucher) -> None:
    town("risk", "scan", "--dry-run")
    assert found(town) == []
    assert "nothing was scanned yet" in town("risk", "list").err
    assert "nothing was scanned yet" in town("risk", "list", "--scans").err


def test_it_is_read_in_chinese_and_in_every_form(town: Voucher) -> None:
    town("risk", "scan")
    said = town("risk", "list", "--lang", "zh").out
    assert "异常时段" in said and "疑点" in said
    shown = "".join(town("risk", "show", "1", "--lang", "zh").out.split())
    assert "异常时段" in shown and "at_odd_hours" not in shown
    town("case", "open", "--finding", "1", "--reason", "cash_out", "--note", "at night")
    town("case", "export", "1", "zh", "--lang", "zh")
    counted = [*csv.DictReader(Path("zh/reasons.csv").read_text("utf-8-sig").splitlines())]
    assert all("支付笔数" in each["计数"] and "payments" not in each["计数"] for each in counted)
    town("risk", "show", "1", "-O", "finding.html")
    town("risk", "list", "-O", "findings.xlsx")
    assert "Rows that it rests on" in Path("finding.html").read_text("utf-8")
    assert Path("findings.xlsx").stat().st_size > 1_000


def test_what_is_not_there_is_refused(town: Voucher) -> None:
    assert "unknown_finding" in town("risk", "show", "9", expect=3).err
    assert "unknown_scan" in town("risk", "list", "--scan", "9", expect=3).err
    assert "nothing_to_scan" in town("risk", "scan", "--as-of", "2020-03-01", expect=3).err


def test_a_machine_without_numpy_says_so(town: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vouchercli.ops.risk.columns", None)
    monkeypatch.delattr("vouchercli.ops.risk.columns", raising=False)
    assert "no_numpy" in town("risk", "scan", expect=3).err


def test_a_programme_sets_its_thresholds(town: Voucher) -> None:
    rules = {"least_payments": 9_999, "off": ["little_variation"]}
    towns.change(town, checkers=(), risk=rules)
    scanned = town("risk", "scan", "-o", "json").data
    told = {each["rule"]: each["told"] for each in scanned["looked"]}
    assert told["little_variation"] == "the programme has switched it off"
    assert told["bursts"] == "only 0 merchants have 9999 payments or more"
    shown = town("programme", "show", "-o", "json").data
    assert shown["risk"]["general"]["least_payments"] == 9_999
    wrong = {"off": ["little"]}
    document = json.loads(Path("programme.yaml").read_text("utf-8")) | {"risk": wrong}
    assert (
        "not_a_choice"
        in town("programme", "load", towns.write("wrong.yaml", document), expect=3).err
    )


def test_a_clean_town_says_that_this_is_no_proof(town: Voucher) -> None:
    towns.change(town, checkers=(), risk={"off": list(risk.BY_CODE)})
    assert "no proof" in town("risk", "scan").err
    assert "nothing was found" in town("risk", "list").err


# ---------------------------------------------------------------- measures of hand-made payments


def counts(found: Any, place: int, name: str) -> Any:
    return found[place].counts[name]


def test_a_fence_needs_enough_merchants() -> None:
    look = risk_looks.look_at({"merchant": EACH[:300]}, SHOPS[:10])
    with pytest.raises(NotLooked):
        measures.bursts(look)


def test_where_many_stand_out_the_next_wider_base_is_taken() -> None:
    shops = [each._replace(district="west" if each.merchant_id < 20 else "east") for each in SHOPS]
    shops += [Merchant(n, f"M{n}", "catering", "east", "small", 0, 0) for n in range(24, 60)]
    merchant = np.repeat(np.arange(60), 30)
    base = np.arange(1_800) % 50 * 200 + 4_200
    base[: 7 * 30] = 4_000  # seven of twenty in the west
    found = measures.at_threshold(risk_looks.look_at({"merchant": merchant, "base": base}, shops))
    assert [*found] == [*range(7)]
    assert (found[0].base, found[0].base_n) == (("catering", "", "small"), 60)


def test_who_comes_again_now_and_then_is_counted_by_itself() -> None:
    resident = np.arange(720)
    resident[690:] = 9_000 + np.arange(30) % 10  # ten residents, three payments each
    found = risk_looks.look_at({"merchant": EACH, "resident": resident}, SHOPS).network
    assert [*found.occasional()] == [*found.group_share()] == [23] and found.regulars() == {}
    assert found.occasional()[23].counts["come_again"] == 10
    assert found.group_share()[23].counts["group"] == "occasional"


def test_three_shops_that_share_their_residents_are_found_together() -> None:
    resident = np.arange(720)
    for shop in (21, 22, 23):  # twelve residents, once at each of them
        resident[shop * 30 : shop * 30 + 12] = 9_000 + np.arange(12)
        resident[shop * 30 + 12 : shop * 30 + 20] = 9_000 + (np.arange(8) + 4 * shop) % 12
    network = risk_looks.look_at({"merchant": EACH, "resident": resident}, SHOPS).network
    found = network.co_visits()
    assert [*found] == [21, 22, 23] and found[21].counts["co_visitors"] == 12
    assert len(found[22].rows) == 20 and found[22].value > found[22].fence
    assert network.group_share()[21].counts["group"] == "co_visitors"


def test_shared_identities_count_where_two_residents_of_one_person_paid() -> None:
    person = np.full(720, -1)
    person[690:700] = 5  # ten residents of shop 23 are one person
    person[0] = 6  # alone at shop 0
    look = risk_looks.look_at({"merchant": EACH, "person": person}, SHOPS, has_identities=True)
    found = measures.shared_identity(look)
    assert [*found] == [23] and counts(found, 23, "of_shared_identities") == 10
    with pytest.raises(NotLooked):
        measures.shared_identity(risk_looks.look_at({"merchant": EACH}, SHOPS))


def test_claims_side_by_side_count_at_one_shop() -> None:
    claim = np.arange(720) * 3
    claim[690:] = 5_000 + np.arange(30)
    found = measures.consecutive_claims(
        risk_looks.look_at({"merchant": EACH, "claim": claim}, SHOPS)
    )
    assert [*found] == [23] and counts(found, 23, "next_to_another") == 30


def test_refunds_count_by_rate_and_when_they_came_late() -> None:
    refunded, late = np.zeros(720, bool), np.zeros(720, bool)
    refunded[690:702] = late[690:695] = True
    look = risk_looks.look_at({"merchant": EACH, "refunded": refunded, "late": late}, SHOPS)
    assert counts(measures.refund_rate(look), 23, "refunded") == 12
    assert counts(measures.late_refunds(look), 23, "late_refunds") == 5
    nothing = risk_looks.look_at({"merchant": EACH}, SHOPS)
    for measure in (measures.refund_rate, measures.late_refunds):
        with pytest.raises(NotLooked):
            measure(nothing)


def test_pieces_handed_in_again_point_at_who_used_them() -> None:
    look = risk_looks.look_at({"merchant": EACH}, SHOPS, serials=[(700, 2), (9_999, 4)])
    found = measures.serial_twice(look)
    assert [*found] == [23] and counts(found, 23, "refused_rows") == 2
    assert look.all.redemption[found[23].rows].tolist() == [700]
    with pytest.raises(NotLooked):
        measures.serial_twice(risk_looks.look_at({"merchant": EACH}, SHOPS))


def test_the_registry_says_who_is_new_and_who_changes() -> None:
    day = 86_400
    shops = [each._replace(added_at=1) for each in SHOPS]
    shops[3] = shops[3]._replace(added_at=20 * day)
    shops[4] = shops[4]._replace(changes=3)
    look = risk_looks.look_at({"merchant": EACH}, shops)
    assert counts(measures.new_merchant(look), 3, "days") == 19
    assert [*measures.changed_merchant(look)] == [4]
    assert len(measures.new_merchant(look)[3].rows) == 30  # all that it was paid is at stake


def test_amounts_that_hardly_differ() -> None:
    base = np.arange(720) % 50 * 200 + 4_100
    base[690:] = 4_500
    found = measures.little_variation(risk_looks.look_at({"merchant": EACH, "base": base}, SHOPS))
    assert [*found] == [23] and counts(found, 23, "deviation_fen") == 0


def test_nobody_comes_again_where_everybody_comes_once() -> None:
    network = risk_looks.look_at({"merchant": EACH}, SHOPS).network
    assert network.regulars() == network.co_visits() == network.group_share() == {}
    assert network.canteens == []


def test_a_finding_opens_a_case_with_its_rows_and_reasons(town: Voucher, here: Path) -> None:
    town("risk", "scan")
    finding = found(town, "--candidates")[0]
    number = str(finding["finding"])
    said = ("--reason", "cash_out", "--note", "at night", "-o", "json")
    for wrong in ((), ("--finding", number, "--merchant", finding["merchant_no"])):
        refused = town("case", "open", *wrong, *said, expect=2).json
        assert refused["problems"][0]["code"] == "merchant_or_finding"
    unknown = town("case", "open", "--finding", "99", *said, expect=3).json
    assert unknown["problems"][0]["code"] == "unknown_finding"
    shown = town("risk", "show", number, "--limit", "9999", "-o", "json").data
    gone = shown["rows"][0]["transaction_no"]
    told = ("--note", "as told", "--evidence", "a letter", "--actor", "mei")
    asked = town("redemption", "correct", gone, "--reverse", *told, "-o", "json").data
    town("correction", "approve", str(asked["correction"]), "--actor", "lin")
    opened = town("case", "open", "--finding", number, *said).data
    rows = [each for each in shown["rows"] if each["transaction_no"] != gone]
    assert (opened["payments"], opened["found_payments"]) == (len(rows), len(rows) + 1)
    assert opened["amount_fen"] == sum(each["subsidy_fen"] for each in rows)
    assert opened["merchant_no"] == finding["merchant_no"]
    case = town("case", "show", "1", "--limit", "9999", "-o", "json").data
    assert (case["source"], case["finding"]) == ("finding", finding["finding"])
    assert case["reasons"] == shown["reasons"]
    assert [each["transaction_no"] for each in case["evidence"]] == [
        each["transaction_no"] for each in rows
    ]
    twice = town("case", "open", "--finding", number, *said, expect=3).json
    assert twice["problems"][0]["code"] == "finding_in_case"
    town("case", "export", "1", "pack")
    assert "Songjiang" in Path("pack/reasons.csv").read_text()
    by_hand = [*csv.DictReader(Path("pack/evidence.csv").read_text("utf-8-sig").splitlines())]
    for why in shown["reasons"]:  # the counts again, from the pack alone
        own = [row for row in by_hand if why["rule"] in row["rules"].split(",")]
        lost = why["rule"] in shown["rows"][0]["rules"].split(",")
        counts = why["counts"]
        if why["rule"] in ("at_threshold", "odd_hours", "bursts"):
            assert len(own) + lost == max(counts[name] for name in counts if name != "payments")
    payers = {row["payer"] for row in by_hand}
    claims = {row["claim_no"].split("-")[0] for row in by_hand}  # C<resident>-<week>
    assert payers == {str(n) for n in range(1, len(claims) + 1)}
    town("check")


def test_numbers_that_four_bytes_do_not_hold_are_found_all_the_same() -> None:
    more = 1 << 33
    usual = {"redemption": np.arange(720), "claim": np.arange(720) // 2, "base": EACH * 0 + 4_000}
    small = risk_looks.look_at({"merchant": EACH, **usual}, SHOPS)
    large = risk_looks.look_at(
        {"merchant": EACH, **{name: column + more for name, column in usual.items()}},
        SHOPS,
        serials=[(more + 5, 3)],
    )
    assert large.all.redemption.dtype == np.int64 and small.all.redemption.dtype == np.int32
    assert measures.serial_twice(large)[0].counts["refused_rows"] == 3
    rules = (measures.little_variation, measures.consecutive_claims, measures.bursts)
    for rule in rules:
        one, other = rule(small), rule(large)
        assert [*one] == [*other]
        assert all((one[place].rows == other[place].rows).all() for place in one)
