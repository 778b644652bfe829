"""The demo's files, checked by sums and rules of their own (nothing of the program is used to read
them), and the demo itself.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.cli import pasting
from vouchercli.errors import VoucherError
from vouchercli.ops.demo import beijing, faults, hangzhou, merchants, story
from vouchercli.ops.demo import effects as lottery
from vouchercli.ops.effect import moments
from vouchercli.rules import effects
from vouchercli.rules.merchants import check_digit, is_uscc

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.demo.city import Step

Files = dict[str, str]
Row = dict[str, str]

# What the press printed, in yuan: moment, rounds, subsidy, base (golden.yaml; facts of 2020).
PUBLISHED = [
    ("2020-03-29 16:00:00", ("HZ-1",), 28_930_000, 453_000_000),
    ("2020-04-02 16:00:00", ("HZ-1", "HZ-1-TOPUP"), 94_100_000, 1_246_000_000),
    ("2020-04-06 16:00:00", ("HZ-1", "HZ-1-TOPUP"), 145_000_000, 1_805_000_000),
    ("2020-04-06 16:00:00", ("HZ-2",), 57_360_000, 421_000_000),
    ("2020-04-06 16:00:00", ("HZ-1", "HZ-1-TOPUP", "HZ-2"), 202_360_000, 2_226_000_000),
    ("2020-04-17 00:00:00", ("HZ-1", "HZ-1-TOPUP", "HZ-2", "HZ-4"), 321_000_000, 3_422_000_000),
]
PACKS = dict.fromkeys(("HZ-1", "HZ-1-TOPUP", "HZ-4", "HZ-5"), [(10, 40)] * 5) | {
    "HZ-2": [(20, 100), (35, 200), (45, 300)]
}


@pytest.fixture(scope="module")
def small() -> Files:
    return hangzhou.files(1000)


def rows(files: Files, start: str) -> list[Row]:
    """The rows of every lawful file whose name starts so."""
    names = [name for name in files if name.startswith(start) and "late" not in name]
    return [row for name in names for row in csv.DictReader(io.StringIO(files[name]))]


def of_round(claim_no: str) -> str:
    return claim_no.rpartition("-")[0]


def net(
    lines: list[tuple[str, str, int, int]], until: str, rounds: tuple[str, ...]
) -> tuple[int, int]:
    """Subsidy and base of the rounds up to a moment, in fen."""
    found = [
        (subsidy, base)
        for paid_at, code, subsidy, base in lines
        if paid_at <= until and code in rounds
    ]
    return sum(subsidy for subsidy, _ in found), sum(base for _, base in found)


def signed(files: Files) -> list[tuple[str, str, int, int]]:
    """Moment, round, subsidy and base of every lawful redemption, a refund's amounts below zero."""
    found = []
    for name in (
        "redemptions-1.csv",
        "redemptions-2.csv",
        "redemptions-3.csv",
        "redemptions-4.csv",
    ):
        for line in files[name].splitlines()[1:]:
            _, kind, claim_no, _, _, paid_at, order, discount, subsidy, _ = line.split(",")
            sign = 1 if kind == "pay" else -1
            found.append(
                (
                    paid_at,
                    of_round(claim_no),
                    sign * fen(subsidy),
                    sign * (fen(order) - fen(discount)),
                )
            )
    return found


def fen(text: str) -> int:
    yuan, _, rest = text.partition(".")
    assert len(rest) == 2
    return int(yuan + rest)


def test_the_same_scale_gives_the_same_bytes(small: Files) -> None:
    digest = hashlib.sha256(
        "".join(name + text for name, text in sorted(small.items())).encode()
    ).hexdigest()
    assert hangzhou.files(1000) == small
    assert digest.startswith("71806de74fa5")


@pytest.mark.parametrize("scale", [pytest.param(100, marks=pytest.mark.slow), 1000])
def test_the_files_add_up_to_the_published_totals_to_the_fen(small: Files, scale: int) -> None:
    lines = signed(small if scale == 1000 else hangzhou.files(scale))
    for until, rounds, subsidy, base in PUBLISHED:
        assert net(lines, until, rounds) == (subsidy * 100 // scale, base * 100 // scale)


def test_round_5_is_gone_in_105_seconds(small: Files) -> None:
    claimed = [row["claimed_at"] for row in rows(small, "claims-hz-5")]
    assert len(claimed) == 1_500
    assert (claimed[0], claimed[-1]) == ("2020-04-20 20:00:00", "2020-04-20 20:01:45")


def test_every_claim_is_a_resident_s_only_one_in_its_round(small: Files) -> None:
    claims = rows(small, "claims-")
    assert (
        len({(row["round"], row["resident"]) for row in claims})
        == len(claims)
        == len({row["claim_no"] for row in claims})
    )
    assert all(row["round"].upper() == of_round(row["claim_no"]) for row in claims)


def test_payments_keep_threshold_denomination_and_validity(small: Files) -> None:
    claimed = {row["claim_no"]: row["claimed_at"] for row in rows(small, "claims-")}
    for row in rows(small, "redemptions-"):
        denomination, threshold = PACKS[of_round(row["claim_no"])][int(row["coupon_no"]) - 1]
        assert Decimal(row["order_amount"]) - Decimal(row["merchant_discount"]) >= threshold
        assert Decimal(row["subsidy"]) == denomination
        at = claimed[row["claim_no"]]
        assert at < row["paid_at"] < f"{at[:5]}{_week_later(at)}"


def _week_later(at: str) -> str:
    month, day = int(at[5:7]), int(at[8:10]) + 7
    return (
        f"{month + 1:02d}-{day - 31:02d}{at[10:]}"
        if month == 3 and day > 31
        else f"{month:02d}-{day:02d}{at[10:]}"
    )


def test_a_voucher_is_paid_again_only_after_its_full_refund(small: Files) -> None:
    lives: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(small, "redemptions-"):
        lives[(row["claim_no"], row["coupon_no"])].append(row)
    seen: Counter[str] = Counter()
    for life in lives.values():
        kinds = "-".join(row["kind"] for row in life)
        seen[kinds] += 1
        for before, after in pairwise(life):
            assert before["kind"] != after["kind"] and before["paid_at"] < after["paid_at"]
            if after["kind"] == "refund":
                same = ("merchant_no", "order_amount", "merchant_discount", "subsidy")
                assert after["refund_of"] == before["transaction_no"] and all(
                    after[name] == before[name] for name in same
                )
    assert set(seen) == {"pay", "pay-refund", "pay-refund-pay"}


def test_nobody_uses_three_vouchers_at_a_shop_on_one_day(small: Files) -> None:
    resident = {row["claim_no"]: row["resident"] for row in rows(small, "claims-")}
    visits = Counter(
        (resident[row["claim_no"]], row["merchant_no"], row["paid_at"][:10])
        for row in rows(small, "redemptions-")
        if row["kind"] == "pay"
    )
    assert max(visits.values()) == 2


def test_a_ring_takes_all_its_vouchers_to_two_quiet_shops(small: Files) -> None:
    resident = {row["claim_no"]: row["resident"] for row in rows(small, "claims-")}
    visits = Counter(
        (resident[row["claim_no"]], row["merchant_no"] in ("M00004", "M00005"))
        for row in rows(small, "redemptions-")
        if row["kind"] == "pay"
    )
    ring = [who for who, at_ring in visits if at_ring and visits[who, True] > 4]
    assert len(ring) == 20
    assert sum(visits[who, False] for who in ring) < sum(visits[who, True] for who in ring) / 10


def test_shops_that_no_registry_lists_are_visited_only_where_registration_is_open(
    small: Files,
) -> None:
    listed = {row["merchant_no"] for row in rows(small, "merchants")}
    visited = {
        of_round(row["claim_no"])
        for row in rows(small, "redemptions-")
        if row["merchant_no"] not in listed
    }
    assert visited == {"HZ-1", "HZ-1-TOPUP", "HZ-5"}


def test_beijing_pays_a_tenth_from_2000_and_never_more_than_400() -> None:
    found = [
        row
        for row in rows(beijing.files(1000), "redemptions")
        if row["claim_no"].startswith("BJ-SMART")
    ]
    for row in found:
        base = Decimal(row["order_amount"]) - Decimal(row["merchant_discount"])
        assert base >= 2000
        assert Decimal(row["subsidy"]) == min(
            Decimal(400), (base / 10).quantize(Decimal("0.01"), ROUND_HALF_UP)
        )
    assert {Decimal(row["subsidy"]) == 400 for row in found} == {True, False}


def test_files_are_in_order_of_time_and_numbers_are_long_and_unique(small: Files) -> None:
    found = rows(small, "redemptions-")
    assert [row["paid_at"] for row in found] == sorted(row["paid_at"] for row in found)
    assert len({row["transaction_no"] for row in found}) == len(found)
    assert {len(row["transaction_no"]) for row in found} == {28}


def test_merchants_are_plainly_synthetic_and_their_codes_hold(small: Files) -> None:
    merchants = rows(small, "merchants")
    assert len({row["merchant_no"] for row in merchants}) == 1_000
    assert all(
        row["name"].startswith("合成商户")
        and is_uscc(row["uscc"])
        and row["uscc"][-1] == check_digit(row["uscc"])
        for row in merchants
    )
    assert any(row["merchant_no"].startswith("S") for row in rows(small, "redemptions-"))
    trade = Counter(row["merchant_no"] for row in rows(small, "redemptions-"))
    assert sum(count for _, count in trade.most_common(100)) > sum(trade.values()) * 0.4


def test_the_lottery_of_the_demo_has_the_effect_that_was_put_in(small: Files) -> None:
    cells: dict[effects.Key, effects.Moments] = {}
    for row in csv.DictReader(io.StringIO(small["cells-hz-lottery.csv"])):
        key = effects.Key(row["round"], row["arm"], None, int(row["week"]), "")
        sums = [Decimal(row[name]) for name in effects.Moments._fields[1:]]
        cells[key] = effects.Moments(int(row["n"]), *sums)
        effects.examine(cells[key], effects.SMALLEST_CELL)
    won, lost = (
        moments.by_stratum({key: of for key, of in cells.items() if key[1:4:2] == (arm, 1)})
        for arm in ("won", "lost")
    )
    found = moments.lots(won, lost)
    assert (found.treated, found.control) == (lottery.PACKS, lottery.ENTRANTS - lottery.PACKS)
    assert found.wald is not None and found.wald[1] < lottery.TRUE < found.wald[2]
    asked = rows(small, "applications-")
    assert len({row["resident"] for row in asked}) == len(asked) == lottery.ENTRANTS


# ---------------------------------------------------------------- voucher demo


@pytest.mark.slow
def test_the_demo_ends_with_the_published_ratios_and_commands_to_paste(
    voucher: Callable[..., Any], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHER_DB", str(here / "other.db"))
    monkeypatch.setenv("VOUCHER_PROGRAMME", "other")
    # what started this very process is named, so that the commands work without any PATH
    monkeypatch.setattr(pasting, "_started", [str(Path(sys.executable).parent / "voucher")])
    ran = voucher("demo", "the city", "--scale", "1000")
    assert len((ran.out + ran.err).splitlines()) < 220
    assert not (here / "other.db").exists()
    commands = [line for line in ran.out.splitlines() if line.startswith("$ voucher ")]
    assert commands[0] == "$ voucher init --rehearsal"
    assert commands[-1] == ('$ voucher report leverage --by round --as-of "2020-04-16 24:00"')
    assert not any("hz-2" in command for command in commands)
    report, comparison = ran.out.split(commands[-1])[1].split("Published leverage and ours")
    assert "total            24,078  3,422,000" in report
    assert [line.split()[-3:] for line in comparison.splitlines() if line[:3] == "202"] == [
        [ratio, ratio, "0.00"] for ratio in ("15.66", "13.24", "12.45", "7.34", "11.00", "10.66")
    ]
    there = ("--db", "the city/voucher.db", "--programme", "hangzhou-2020", "-o", "json")
    listed = voucher("risk", "list", *there).data["findings"]
    suspects = [each["merchant_no"] for each in listed if each["is_candidate"]]
    assert sorted(suspects) == ["M00004", "M00005"] and "M00004" in ran.out
    assert "Planted: 20 residents" in ran.err
    case = voucher("case", "show", "1", *there).data
    assert (case["source"], case["merchant_no"]) == ("finding", "M00004")
    assert "合成数据 SYNTHETIC, each figure of a month" in " ".join(ran.out.split())
    described = json.loads((here / "the city/open-data/metadata.json").read_text("utf-8"))
    assert "synthetic, not real" in described["description"]
    assert "合成数据" in described["description"]
    assert "SYNTHETIC" in ran.err and "Assumed: all of round 4" in ran.err
    assert (here / "the city" / "SYNTHETIC.txt").exists()
    monkeypatch.delenv("VOUCHER_PROGRAMME")
    to_try, to_close = ran.err.split("Try next:\n")[1].split("Close it with nothing left over:\n")
    assert len(to_close.splitlines()) == 5
    for command in (*to_try.splitlines(), *to_close.splitlines()):
        subprocess.run(command, shell=True, check=True, capture_output=True)
    final = ("report", "funds", "--final", "--programme", "hangzhou-2020", "-o", "json")
    told = voucher(*final, "--db", "the city/voucher.db").data
    total = told["in_all"]
    assert told["closed_on"] == "2020-05-07"
    assert total["given_fen"] == total["paid_fen"] + total["at_the_end_fen"] == 48_500_000_000
    assert total["open_fen"] == total["difference_fen"] == 0 < total["paid_fen"]
    assert (
        voucher("check", "--all", "--db", "the city/voucher.db", "-o", "json").json["problems"]
        == []
    )


def test_the_bank_pays_all_that_waits_in_the_demo(tmp_path: Path) -> None:
    sent = "\ufefftransfer_no,pay_on,amount\nRS2-1,20200506,50.00\nRS2-2,20200506,10.00\n"
    (tmp_path / "payment-2.csv").write_text(sent, "utf-8")
    story._write_answer(tmp_path, hangzhou.CITY)
    lines = (tmp_path / "bank-answer.csv").read_text("utf-8").splitlines()
    assert lines[1:] == [
        "RS2-1,paid,50.00,20200506,SYNTHETIC-1,,",
        "RS2-2,paid,10.00,20200506,SYNTHETIC-2,,",
    ]
    told = [str(each) for each in story._farewell(hangzhou.CITY, 100, tmp_path, "voucher")]
    closing = told[told.index("Close it with nothing left over:") + 1 :]
    assert len(closing) == 5 and "bank-answer.csv" in closing[0]
    exported = [step.command for step in hangzhou.CITY.steps(100) if "export 2" in step.command]
    assert len(exported) == 1


def test_a_verbose_demo_shows_what_every_command_prints(voucher: Callable[..., Any]) -> None:
    ran = voucher("demo", "--programme", "beijing-2020", "-v")
    assert "$ voucher round approve bj-smart --actor" in ran.out
    assert "approved bj-smart: " in ran.err and "Checks" in ran.out


@pytest.mark.slow
def test_the_demo_as_json_gives_its_commands_and_reports_and_every_fault_its_own_reason(
    voucher: Callable[..., Any],
) -> None:
    ran = voucher("demo", "city", "--scale", "1000", "-o", "json")
    data = ran.data
    assert set(data) >= {"folder", "commands", "leverage"} and ran.err == ""
    codes = Counter(command["exit"] for command in data["commands"])
    assert codes[4] == 1 and set(codes) == {0, 4}
    published = {
        (figure["as_of"][:16], tuple(figure["rounds"])): figure
        for report in data["leverage"]
        for figure in report["published"]
    }
    assert [figure["gross"] for figure in published.values()] == [
        "15.66",
        "13.24",
        "12.45",
        "7.34",
        "11.00",
        "10.66",
    ]
    for figure in published.values():
        assert figure["ours"]["gross"] == figure["gross"]
        assert figure["ours"]["base_fen"] * 1000 == figure["base_fen"]
    rounds = voucher("report", "rounds", "--db", "city/voucher.db", "-o", "json").data["rows"]
    assert {row["round"]: row["sell_out_seconds"] for row in rounds}["hz-5"] == 105
    late = voucher("batch", "show", "13", "--db", "city/voucher.db", "-o", "json").data
    assert late["reasons"] == {
        reason: 1
        for reason in faults.EXPECTED
        if reason not in ("accepted", "duplicate", "refund_forfeits")
    }
    assert (late["accepted"], late["duplicate"], late["warning_reasons"]) == (
        3,
        1,
        {"refund_forfeits": 1},
    )


@pytest.mark.slow
def test_the_demo_of_beijing_shows_who_paid(voucher: Callable[..., Any]) -> None:
    ran = voucher("demo", "--programme", "beijing-2020", "-o", "json")
    assert ran.data["folder"] == "demo-beijing-2020"
    total = ran.data["leverage"][0]["total"]
    assert (
        total["platform_fen"] > 0
        and total["match_fen"] > 0
        and total["funders"]["government"] == total["subsidy_fen"]
    )


def test_the_demo_stops_with_the_exit_code_of_the_command_that_failed(tmp_path: Path) -> None:
    class Failing:
        program = "voucher"

        def run(self, step: Step) -> int:
            return 75 if step.args[0] == "programme" else 0

        def ask(self, args: tuple[str, ...]) -> Any:
            raise AssertionError("nothing is asked after a failure")

    with pytest.raises(VoucherError) as stopped:
        story.tell(tmp_path / "city", None, 1000, Failing())
    assert (stopped.value.code, stopped.value.exit_code) == ("demo_stopped", 75)
    assert "voucher programme load hangzhou-2020" in str(stopped.value)


def test_a_folder_with_files_is_left_alone(voucher: Callable[..., Any], here: Path) -> None:
    (here / "notes").mkdir()
    (here / "notes" / "mine.txt").write_text("mine")
    ran = voucher("demo", "notes", expect=3)
    assert "notes is not empty" in ran.err and ran.out == ""
    assert [path.name for path in (here / "notes").iterdir()] == ["mine.txt"]


def test_an_unknown_demo_names_those_there_are(voucher: Callable[..., Any]) -> None:
    ran = voucher("demo", "--programme", "atlantis", expect=2)
    assert "hangzhou-2020, beijing-2020" in ran.err
    assert "100, 1000, 10" in voucher("demo", "--scale", "7", expect=2).err


def test_a_dry_run_lists_the_commands_and_writes_nothing(
    voucher: Callable[..., Any], here: Path
) -> None:
    ran = voucher("demo", "--dry-run")
    assert (
        "voucher round create hz-5 --template universal-5x10 --packs 15000 --platform alipay"
        ' --opens-at "2020-04-20 20:00"' in ran.err
    )
    assert list(here.iterdir()) == []


def test_beijing_too_has_the_same_bytes_at_the_same_scale() -> None:
    files = beijing.files(1000)
    text = "".join(name + text for name, text in sorted(files.items()))
    assert hashlib.sha256(text.encode()).hexdigest().startswith("410d095812bf")


@pytest.mark.parametrize("code", ["192203821", "710925462", "600037341"])
def test_the_check_digit_of_an_organisation_is_that_of_codes_in_use(code: str) -> None:
    assert merchants.organisation_code(int(code[:8])) == code
