"""Samples for a spot check: how many, which, and what they say of all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from itertools import product
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import python_calamine
import towns
import xlsxwriter
from test_settlements import LIN, MEI, SHOPS, STAFF, hear, send, settle, sign

from vouchercli.rules import samples as law
from vouchercli.rules.samples import Plan, Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

MILLIONS = 10_000_000
QI = ("--actor", "qi")
AT = ("--now", "2020-04-02 09:00")
# (confidence, tolerable, expected) in per cent -> (size, expected misstatements) of AICPA Audit
# Guide, Audit Sampling, tables
AICPA = {
    (95, 2, 0): (149, 0),
    (95, 3, 0): (99, 0),
    (95, 5, 0): (59, 0),
    (95, 5, 0.25): (93, 1),
    (95, 5, 1): (93, 1),
    (95, 5, 1.25): (124, 2),
    (95, 5, 1.5): (124, 2),
    (95, 5, 1.75): (153, 3),
    (95, 5, 2): (181, 4),
    (95, 5, 2.25): (208, 5),
    (95, 5, 2.5): (234, 6),
    (95, 6, 0): (49, 0),
    (95, 10, 0): (29, 0),
    (95, 10, 1): (46, 1),
    (90, 5, 0): (45, 0),
    (90, 5, 1): (77, 1),
    (90, 10, 0): (22, 0),
    (90, 10, 2): (38, 1),
}
# ---------------------------------------------------------------- the law


@pytest.mark.parametrize(("asked", "told"), AICPA.items())
def test_sizes_are_those_of_the_published_tables(
    asked: tuple[float, ...], told: tuple[int, int]
) -> None:
    terms = Terms(*(round(each * 100) for each in asked))
    assert law.plan(MILLIONS, terms) == Plan(*told)


@pytest.mark.parametrize("population", [1, 2, 7, 19, 20, 21, 60, 150])
@pytest.mark.parametrize(
    "terms", [Terms(9500, 500, 0), Terms(9000, 1000, 300), Terms(8000, 3000, 0)]
)
def test_the_smallest_size_shows_what_it_must(population: int, terms: Terms) -> None:
    """Held against every smaller size, by counting all samples."""
    plan = law.plan(population, terms)
    assert plan is not None
    too_many = law.tolerable(population, terms.margin_bp) + 1

    def shows(size: int, allowed: int) -> bool:
        ways = sum(
            comb(too_many, k) * comb(population - too_many, size - k)
            for k in range(min(allowed, size) + 1)
        )
        return ways * 10_000 <= (10_000 - terms.confidence_bp) * comb(population, size)

    if plan.size < population:
        assert shows(*plan) and plan.size * terms.expected_bp <= plan.allowed * 10_000
    assert not any(shows(size, plan.allowed) for size in range(1, plan.size) if size < population)
    found = law.limits(plan.allowed, plan.size, population, terms.confidence_bp)
    assert found.upper <= law.tolerable(population, terms.margin_bp)


def test_of_few_all_are_drawn_and_of_many_never_too_many() -> None:
    assert law.plan(5, Terms(9500, 500, 0)) == Plan(5, 0)
    assert law.plan(3_000, Terms(9999, 3, 0)) == Plan(3_000, 0)
    assert law.plan(MILLIONS, Terms(9500, 100, 90)) is None


def test_limits_hold_for_every_true_number(request: pytest.FixtureRequest) -> None:
    """The chance that the limits hold is at least the confidence, whatever is true: exactly, over
    all samples of a small population.
    """
    population, size, confidence = 30, 12, 9000
    limits = [law.limits(found, size, population, confidence) for found in range(size + 1)]
    for wrong in range(population + 1):
        upper = both = 0
        for found in range(max(0, size - (population - wrong)), min(size, wrong) + 1):
            ways = comb(wrong, found) * comb(population - wrong, size - found)
            upper += ways * (wrong <= limits[found].upper)
            both += ways * (limits[found].low <= wrong <= limits[found].high)
        every = comb(population, size)
        assert upper * 10_000 >= confidence * every, wrong
        assert both * 10_000 >= confidence * every, wrong


def test_limits_of_a_large_population_are_those_of_clopper_and_pearson() -> None:
    """1 of 93 wrong: at most 5.00 % (one-sided); 3 of 60: 1.04 % to 13.92 %, from their tables."""
    upper = law.limits(1, 93, MILLIONS, 9500).upper
    assert round(100 * upper / MILLIONS, 2) == 5.0
    found = law.limits(3, 60, MILLIONS, 9500)
    assert [round(100 * each / MILLIONS, 2) for each in (found.low, found.high)] == [1.04, 13.92]
    assert law.limits(0, 60, 60, 9500) == (0, 0, 0)
    assert law.limits(60, 60, 60, 9500) == (60, 60, 60)


@pytest.mark.parametrize("rounds", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_of_many_samples_as_many_limits_hold_as_are_promised(rounds: int) -> None:
    """A city of 400 of which 12 are wrong, drawn again and again with other seeds."""
    chance = random.Random(7)
    numbers = [(f"T{n}", 1000) for n in range(400)]
    wrong = {number for number, _ in chance.sample(numbers, 12)}
    known = [law.limits(found, 50, 400, 9000) for found in range(13)]
    kept = held = 0
    for seed in range(rounds):
        drawn = law.drawn(str(seed), numbers, 50)
        found = known[sum(each.number in wrong for each in drawn)]
        kept += found.upper >= 12
        held += found.low <= 12 <= found.high
    assert kept >= 0.87 * rounds and held >= 0.87 * rounds


@pytest.mark.parametrize(
    ("found", "size", "low", "high"),
    [(5, 7, 0.2904, 0.9633), (0, 7, 0, 0.4096), (7, 7, 0.5904, 1), (48, 100, 0.3790, 0.5822)],
)
def test_a_share_has_the_limits_of_clopper_and_pearson(
    found: int, size: int, low: float, high: float
) -> None:
    """Published: NIST handbook 7.2.4.1 and textbooks."""
    bounds = law.share_bounds(found, size, 9_500)
    assert bounds == pytest.approx((found / size, low, high), abs=1e-4)


def test_of_few_wrong_merchants_the_money_is_bounded_by_the_largest() -> None:
    bounds = law.sure_money(300, 1, 3, iter([50, 900, 400, 10]), 10_000)
    assert bounds == (0.03, 0.03, 0.16)  # 300, and at most the two largest besides
    assert law.sure_money(300, 1, 9, iter([500]), 600).high == 1


def test_money_by_ratio_and_its_interval() -> None:
    half = [(1000, 500)] * 30 + [(1000, 1000)] * 30
    told = law.money(half, 600, 600_000, 9500)
    assert told is not None and told.estimate_fen == 150_000
    assert told.low_fen is not None and told.high_fen is not None
    assert told.low_fen < 150_000 < told.high_fen
    assert told.high_fen - told.estimate_fen == told.estimate_fen - told.low_fen
    few = law.money([(1000, 0)] + [(1000, 1000)] * 59, 600, 600_000, 9500)
    assert few == (10_000, None, None)
    assert law.money([(0, 0)], 600, 0, 9500) is None
    assert law.money([(1000, 900)], 1, 1000, 9500) == (100, 100, 100)


@pytest.mark.parametrize("rounds", [200, pytest.param(5_000, marks=pytest.mark.slow)])
def test_intervals_of_money_hold_about_as_often_as_they_say(rounds: int) -> None:
    chance = random.Random(11)
    everyone = {f"T{n}": (1000, chance.choice((1000, 1000, 800, 500))) for n in range(500)}
    true = sum(paid - right for paid, right in everyone.values())
    numbers = [(number, paid) for number, (paid, _) in everyone.items()]
    held = 0
    for seed in range(rounds):
        items = [everyone[each.number] for each in law.drawn(f"m{seed}", numbers, 80)]
        told = law.money(items, 500, 500_000, 9000)
        assert told is not None and told.low_fen is not None and told.high_fen is not None
        held += told.low_fen <= true <= told.high_fen
    assert 0.84 * rounds <= held <= 0.96 * rounds


# ---------------------------------------------------------------- drawing


def prepare(voucher: Voucher, payments: int) -> None:
    people = {**STAFF, "qi": "auditor"}
    towns.build(
        voucher,
        towns.programme(staff=people, clock={"jump": "90 days"}),
        towns.pack("pack", towns.coupon("10", "40", 5), validity={"days_after_claim": 30}),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=20, state="open", closes=towns.CLOSES)
    claims = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in range(payments // 5)]
    towns.write("c.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "c.csv", *MEI, "--now", "2020-03-27 09:30")
    rows = [
        f"T{c}-{k},pay,C{c},{k},M1,2020-03-2{7 + (c > 5)} 10:00,5{k},0,10,\n"
        for c, k in product(range(payments // 5), range(1, 6))
    ]
    towns.write("p.csv", towns.PAYMENTS + "".join(rows))
    voucher("redemption", "import", "p.csv", *MEI, "--now", "2020-03-30 09:00")


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    """Sixty payments, thirty on each of two signed days; the third day is open."""

    def build() -> None:
        prepare(voucher, 60)
        sign(voucher, "2020-03-28")

    once("samples", build)
    return voucher


def draw(voucher: Voucher, *args: str, **ran: Any) -> Any:
    return voucher("audit", "sample", "-o", "json", *args, *QI, *AT, **ran)


def sheet(name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(Path(name).read_text("utf-8-sig")))]


def fill(name: str, into: str, wrong: dict[str, str], only: int | None = None) -> str:
    """Fill in a sheet: all in order but those `wrong` (number -> the last columns)."""
    head, *rows = Path(name).read_text("utf-8-sig").splitlines()
    lines = []
    for row in rows[:only]:
        cells = row.split(",")[:4]
        lines.append(",".join([*cells, wrong.get(cells[2], "ok,,,")]))
    return towns.write(into, "\n".join([head, *lines]) + "\n")


def test_a_sample_is_drawn_again_in_plain_python(town: Voucher) -> None:
    told = draw(
        *(town, "--margin", "10", "--seed", "a text", "--to", "s.csv"),
        *("--population", "all.csv"),
    ).data
    assert (told["size"], told["allowed"], told["population"]) == (20, 0, 60)
    text = Path("all.csv").read_bytes()
    assert hashlib.sha256(text).hexdigest() == told["population_sha256"]
    numbers = [row["number"] for row in csv.DictReader(io.StringIO(text.decode()))]
    again = sorted(numbers, key=lambda each: hashlib.sha256(f"a text:{each}".encode()).digest())
    assert [row["number"] for row in sheet("s.csv")] == again[:20]
    kept = town("audit", "samples", "1", "-o", "json").data
    assert [each["number"] for each in kept["items"]] == again[:20]
    assert (kept["seed"], kept["population_fen"], kept["judged"]) == ("a text", 60_000, None)


def test_the_size_stands_in_the_log_before_anything_is_drawn_and_its_line_is_the_seed(
    town: Voucher,
) -> None:
    told = draw(town, "--margin", "10").data
    lines = town("audit", "log", "--deed", "audit", "-o", "json").data["lines"]
    drawn, stated = lines[:2]
    assert (drawn["deed"], stated["deed"]) == ("audit.sample", "audit.plan")
    assert stated["detail"]["size"] == 20
    assert stated["detail"]["population_sha256"] == told["population_sha256"]
    assert "seed" not in stated["detail"]
    assert drawn["detail"]["seed"] == told["seed"] == stated["hash"] == drawn["previous_hash"]
    assert town("check", "-o", "json").json["status"] == "ok"


def test_a_period_claims_and_transfers_are_populations_too(town: Voucher) -> None:
    one_day = ("--since", "2020-03-28", "--until", "2020-03-28")
    assert draw(town, "--margin", "10", *one_day).data["population"] == 30
    claims = draw(town, "--margin", "10", "--what", "claims").data
    assert (claims["population"], claims["population_fen"]) == (12, 60_000)
    first = ("--since", "2020-03-27", "--until", "2020-03-27")
    assert draw(town, "--margin", "10", "--what", "claims", *first).data["population"] == 12
    refused = draw(town, "--margin", "10", "--what", "transfers", expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["empty_population"]
    towns.write(
        "payers.yaml", 'treasury: {name: 局, account_no: "9999990000000000001", bank: 行}\n'
    )
    settle(town, "2020-03-28")
    send(town, 1)
    hear(town, "S1-1,paid,600.00,2020-03-28,B1,,")
    paid = draw(town, "--margin", "10", "--what", "transfers").data
    assert (paid["population"], paid["population_fen"]) == (1, 60_000)


def test_only_signed_days_are_drawn_from(voucher: Voucher, here: Path) -> None:
    prepare(voucher, 10)
    refused = draw(voucher, "--margin", "10", expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["nothing_signed"]
    sign(voucher, "2020-03-26")
    refused = draw(voucher, "--margin", "10", expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["empty_population"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ((), "margin_or_results"),
        (("--margin", "5", "--results", "x.csv"), "margin_or_results"),
        (("--results", "x.csv", "--seed", "x"), "margin_or_results"),
        (("--margin", "five"), "bad_percentage"),
        (("--margin", "5.001"), "bad_percentage"),
        (("--margin", "1e999999"), "bad_percentage"),
        (("--margin", "5", "--confidence", "20"), "bad_percentage"),
        (("--margin", "5", "--expected", "5"), "expected_above_margin"),
        (("--margin", "5", "--what", "shops"), "unknown_population"),
        (("--margin", "5", "--since", "2020-04-05"), "empty_window"),
        (("--margin", "5", "--to", "s.txt"), "unknown_suffix"),
        (("--margin", "5", "--seed", "330102199001010012"), "seed_names_a_person"),
    ],
)
def test_what_cannot_be_drawn_is_refused(town: Voucher, args: tuple[str, ...], code: str) -> None:
    refused = draw(town, *args, expect=2)
    assert [each["code"] for each in refused.json["problems"]] == [code]
    assert town("audit", "samples", "-o", "json").data["samples"] == []


def test_a_sheet_never_takes_the_place_of_a_file(town: Voucher) -> None:
    Path("s.csv").write_text("mine")
    refused = draw(town, "--margin", "10", "--to", "s.csv", expect=3)
    assert [each["code"] for each in refused.json["problems"]] == ["file_exists"]
    assert Path("s.csv").read_text() == "mine"
    assert town("audit", "samples", "-o", "json").data["samples"] == []


def test_too_large_a_sample_is_refused(town: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law, "MOST", 10)
    refused = draw(town, "--margin", "10", expect=2)
    assert [each["code"] for each in refused.json["problems"]] == ["sample_too_large"]


def test_a_dry_run_says_the_size_and_draws_nothing(town: Voucher) -> None:
    before = town("audit", "head", "-o", "json").data
    told = draw(
        town, "--margin", "10", "--to", "s.csv", "--population", "p.csv.x", "--dry-run"
    ).data
    assert (told["size"], told["sample"], told["seed"], told["sheet"]) == (20, None, None, None)
    assert not Path("s.csv").exists() and not Path("p.csv.x").exists()
    assert town("audit", "head", "-o", "json").data == before


def test_a_correction_in_between_is_noticed(town: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    real = law.drawn

    def meanwhile(seed: str, population: Any, size: int) -> Any:
        next(iter(population))  # one of them is gone
        return real(seed, [], size)

    monkeypatch.setattr(law, "drawn", meanwhile)
    refused = draw(town, "--margin", "10", expect=75)
    assert [each["code"] for each in refused.json["problems"]] == ["population_changed"]


def test_others_draw_no_sample(town: Voucher) -> None:
    refused = town("audit", "sample", "--margin", "10", *LIN, *AT, expect=3)
    assert "[not_an_auditor]" in refused.err and "qi" in refused.err


# ---------------------------------------------------------------- results


def test_what_was_found_is_said_of_the_whole(town: Voucher) -> None:
    draw(town, "--margin", "10", "--seed", "x", "--to", "s.csv")
    half = draw(town, "--results", fill("s.csv", "half.csv", {}, only=10)).data
    assert (half["new"], half["samples"][0]["known"], half["samples"][0]["judged"]) == (
        10,
        10,
        None,
    )
    waiting = town("todo", "-o", "json", *AT).data["waiting"]
    assert [each["next"] for each in waiting if each["kind"] == "results of a spot check"] == [
        "voucher audit sample --results FILE --actor qi"
    ]
    whole = draw(town, "--results", fill("s.csv", "whole.csv", {})).data
    assert (whole["new"], whole["known"], whole["changed"]) == (10, 10, 0)
    judged = whole["samples"][0]["judged"]
    assert judged["wrong"] == 0 and judged["is_kept"] is True and judged["upper"] == 6
    assert (judged["over_paid_fen"], judged["over_paid_low_fen"]) == (0, None)
    assert judged["over_paid_most_fen"] == 6 * 1000
    said = town("audit", "samples", "1")
    assert "the margin of 10 % is kept" in said.err and "an interval would deceive" in said.err
    assert not [
        each
        for each in town("todo", "-o", "json", *AT).data["waiting"]
        if each["kind"] == "results of a spot check"
    ]


def test_a_later_result_counts_and_the_one_before_it_stays(town: Voucher) -> None:
    draw(town, "--margin", "10", "--seed", "x", "--to", "s.csv")
    draw(town, "--results", fill("s.csv", "whole.csv", {}))
    number = sheet("s.csv")[0]["number"]
    wrong = {number: "wrong,amount_wrong,4.00,call 13800000005"}
    told = draw(town, "--results", fill("s.csv", "later.csv", wrong)).data
    assert (told["new"], told["changed"], told["known"]) == (1, 1, 19)
    judged = told["samples"][0]["judged"]
    assert judged["wrong"] == 1 and judged["is_kept"] is False
    assert judged["over_paid_fen"] == round(600 / 20 * 60)
    kept = towns.ask(".", "SELECT fault, right_fen, note FROM sample_results WHERE item = 1")
    assert kept == [("", 1000, ""), ("amount_wrong", 400, "call ***")]
    first = town("audit", "samples", "1", "-o", "json").data["items"][0]
    assert (first["fault"], first["right_fen"], first["entered_by"]) == ("amount_wrong", 400, "qi")
    assert "this does not show" in town("audit", "samples", "1").err
    again = draw(town, "--results", "later.csv").data
    assert (again["new"], again["known"]) == (0, 20)
    town("audit", "package", "p", *AT)
    rows = sheet("p/samples/results.csv")
    assert len(rows) == 21 and rows[-1]["fault"] == "amount_wrong"
    assert town("audit", "verify", "-o", "json").json["status"] == "ok"


def test_with_many_wrong_the_interval_of_money_is_said(town: Voucher) -> None:
    draw(town, "--margin", "2", "--seed", "x", "--to", "s.csv")
    wrong = {row["number"]: "wrong,other,5.00," for row in sheet("s.csv")[:25]}
    said = town("audit", "sample", "--results", fill("s.csv", "w.csv", wrong), *QI, *AT)
    assert "about " in said.err and ", between " in said.err


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("9,{n},ok,,", "unknown_sample"),
        ("x,{n},ok,,", "unknown_sample"),
        ("1,T9-9,ok,,", "unknown_item"),
        ("1,{n},perhaps,,", "unknown_result"),
        ("1,{n},,twice,", "unknown_result"),
        ("1,{n},wrong,,", "fault_needed"),
        ("1,{n},wrong,odd,", "unknown_fault"),
        ("1,{n},ok,twice,", "fault_of_right"),
        ("1,{n},wrong,twice,-1", "bad_amount"),
        ("1,{n},wrong,twice,1.234", "bad_amount"),
        ("1,{n},ok,,\n1,{n},ok,,", "item_twice"),
        (",{n},ok,,", "bad_row"),
    ],
)
def test_a_sheet_with_a_row_at_fault_is_not_kept(town: Voucher, row: str, code: str) -> None:
    draw(town, "--margin", "10", "--seed", "x", "--to", "s.csv")
    first, second = (each["number"] for each in sheet("s.csv")[:2])
    text = f"sample,number,result,fault,right_amount\n1,{second},ok,,\n{row.format(n=first)}\n"
    refused = draw(town, "--results", towns.write("bad.csv", text), expect=3)
    problems = refused.json["problems"]
    assert [each["code"] for each in problems] == ["bad_result_rows", code]
    line = 4 if code == "item_twice" else 3
    assert problems[1]["where"] == f"bad.csv:{line}"
    assert towns.ask(".", "SELECT count(*) FROM sample_results") == [(0,)]


def test_a_sheet_that_is_none_or_blank_is_refused(town: Voucher) -> None:
    draw(town, "--margin", "10", "--to", "s.csv")
    blank = draw(town, "--results", "s.csv", expect=3)
    assert [each["code"] for each in blank.json["problems"]] == ["no_results"]
    other = draw(town, "--results", "p.csv", expect=3)
    assert other.json["problems"][0]["code"] == "unknown_results_layout"
    missing = draw(town, "--results", "none.csv", expect=3)
    assert missing.json["problems"][0]["code"] == "no_such_file"


def test_a_workbook_in_chinese_is_filled_in_and_read(town: Voucher) -> None:
    draw(town, "--margin", "10", "--seed", "x")
    town("audit", "samples", "1", "--to", "s.xlsx", "--lang", "zh", *AT)
    head, *rows = python_calamine.load_workbook("s.xlsx").get_sheet_by_name("样本").to_python()
    assert head == ["样本", "序号", "编号", "金额", "结果", "问题", "应为金额", "备注"]
    with xlsxwriter.Workbook("full.xlsx") as book:
        page = book.add_worksheet("样本")
        page.write_row(0, 0, head)
        for at, row in enumerate(rows, 1):
            found = ["有误", "重复", "0"] if at == 1 else ["无误", "", ""]
            page.write_row(at, 0, [*row[:4], *found, ""])
    told = draw(town, "--results", "full.xlsx").data
    assert told["new"] == 20 and told["samples"][0]["wrong"] == 1
    assert town("audit", "samples", "1", "--to", "again.csv", "--lang", "zh", *AT).code == 0
    first = sheet("again.csv")[0]
    assert (first["结果"], first["问题"], first["应为金额"]) == ("有误", "重复", "0.00")


def test_a_sample_is_shown_in_chinese(town: Voucher) -> None:
    draw(town, "--margin", "10", "--seed", "x", "--to", "s.csv")
    draw(town, "--results", fill("s.csv", "w.csv", {}))
    said = town("audit", "samples", "1", "--lang", "zh")
    assert "差错率未超过 10 %" in said.err and "抽样对象" in said.out


def test_samples_that_are_not_there(town: Voucher) -> None:
    assert "no sample was drawn" in town("audit", "samples").err
    refused = town("audit", "samples", "7", expect=3)
    assert "[unknown_sample]" in refused.err
    nameless = town("audit", "samples", "--to", "s.csv", expect=2)
    assert "[sample_needed]" in nameless.err
    draw(town, "--margin", "10")
    assert town("audit", "samples", "1", "--to", "s.csv", "--dry-run").code == 0
    assert not Path("s.csv").exists()
    assert [each["sample"] for each in town("audit", "samples", "-o", "json").data["samples"]] == [
        1
    ]


def test_a_number_with_a_comma_is_quoted_in_the_list_of_all() -> None:
    from vouchercli.ops.auditing import samples

    assert samples._line('a,"b', 1000) == '"a,""b",10.00\n'


def test_what_was_drawn_stands(town: Voucher) -> None:
    draw(town, "--margin", "10")
    for statement in (
        "UPDATE samples SET size = 1",
        "DELETE FROM samples",
        "UPDATE sample_items SET number = 'x'",
        "DELETE FROM sample_items",
    ):
        with pytest.raises(Exception, match="stands"):
            towns.by_hand(".", statement)
    assert json.loads(town("check", "-o", "json").out)["status"] == "ok"


@pytest.mark.parametrize(
    ("table", "statement", "subject"),
    [
        ("samples", "UPDATE samples SET seed = 'x'", "sample 1 seed"),
        ("samples", "UPDATE samples SET items_sha256 = 'x'", "sample 1 items"),
        ("samples", "UPDATE samples SET size = 19, allowed = 0", "sample 1: "),
        ("samples", "UPDATE samples SET sample_id = 7", "sample 7: "),
        ("sample_items", "UPDATE sample_items SET number = 'x' WHERE item = 2", "sample 1 numbers"),
        ("sample_items", "DELETE FROM sample_items WHERE item = 20", "sample 1 drawn"),
        (
            "sample_results",
            "INSERT INTO sample_results VALUES (NULL, 1, 1, '', 1000, '', 'x:2', 'qi', 'qi', 0)",
            "sample 1 results",
        ),
    ],
)
def test_the_check_of_samples_finds_a_change(
    town: Voucher, table: str, statement: str, subject: str
) -> None:
    draw(town, "--margin", "10")
    town("check")
    rules = [f"DROP TRIGGER {table}_never_{what}" for what in ("change", "vanish")]
    towns.by_hand(".", *rules, statement)
    found = town("check", "-o", "json", expect=5).json["problems"]
    said = json.dumps(found)
    assert "samples_as_logged" in said
    assert subject.removesuffix(": ") in said
