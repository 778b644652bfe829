"""The daily bulletin: its figures are those of `report leverage`, its money and its oddities are
worked by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.rules import bulletins as law
from vouchercli.rules.leverage import Sums

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = "merchant_no,name,industry,district\nM1,a,餐饮,上城\nM2,b,零售,下城\n"


def paid(number: str, claim: str, shop: str, at: str, amount: str, coupon: int = 1) -> str:
    return f"{number},pay,{claim},{coupon},{shop},{at},{amount},0,10,\n"


ROWS = (
    paid("T1", "A1", "M1", "2020-03-27 10:00:00", "100")
    + paid("T2", "A2", "M2", "2020-03-28 10:00:00", "50")
    + paid("T3", "A1", "M1", "2020-03-28 23:59:59", "40", 2)
    + paid("T4", "A1", "M1", "2020-03-29 00:00:00", "400", 3)
    + paid("T5", "A9", "M1", "2020-03-28 12:00:00", "40")  # no such claim
)


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """Two rounds of packs of five 10 off 40; the second opens a day after the first."""

    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants=SHOPS)
        towns.make_round(voucher, "r1", packs=4, state="open")
        towns.make_round(voucher, "r2", packs=2, state="open", opens="2020-03-28 08:00")
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-30 09:00")
        claims = (
            "A1,r1,a,2020-03-27 08:00:01\nA2,r1,b,2020-03-28 09:00:00\n"
            "B1,r2,a,2020-03-28 08:00:01\n"
        )
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + ROWS), expect=4)

    once("bulletins", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-30 09:00")
    return voucher


def bulletin(town: Voucher, day: str = "2020-03-28", *words: str) -> Any:
    return town("report", "bulletin", "--day", day, *words, "-o", "json").data


def test_the_day_and_all_before_it(town: Voucher) -> None:
    told = bulletin(town)
    of_day, so_far = told["figures"]
    assert (of_day["claimed"], so_far["claimed"]) == (2, 3)
    assert (of_day["redemptions"], of_day["base_fen"], of_day["subsidy_fen"]) == (2, 9_000, 2_000)
    assert (so_far["redemptions"], so_far["base_fen"], so_far["gross"]) == (3, 19_000, "6.33")
    industries = {row["key"]: row for row in told["by_industry"]}
    assert industries["零售"]["day_base_fen"] == 5_000
    assert (industries["餐饮"]["day_base_fen"], industries["餐饮"]["base_fen"]) == (4_000, 14_000)
    assert [row["key"] for row in told["by_district"]] == ["上城", "下城"]


@pytest.mark.parametrize("day", ["2020-03-27", "2020-03-28", "2020-03-29"])
def test_its_figures_are_those_of_the_leverage_report(town: Voucher, day: str) -> None:
    told = bulletin(town, day)
    for by in ("round", "industry", "district"):
        span = ("--since", day, "--as-of", day)
        of_day = town("report", "leverage", "--by", by, *span, "-o", "json").data
        so_far = town("report", "leverage", "--by", by, "--as-of", day, "-o", "json").data
        rows = {row["round" if by == "round" else "key"]: row for row in told[f"by_{by}"]}
        for prefix, report in (("day_", of_day), ("", so_far)):
            for row in report["rows"]:
                for name in ("redemptions", "base_fen", "subsidy_fen", "gross"):
                    assert rows[row["key"]][prefix + name] == row[name]
        figures = told["figures"]
        assert figures[0]["subsidy_fen"] == of_day["total"]["subsidy_fen"]
        assert figures[1]["own_spend"] == so_far["total"]["own_spend"]


def test_money_and_how_long_it_lasts(town: Voucher) -> None:
    first, second = bulletin(town)["money"]
    # 4 packs of 50 yuan, 30 used in two days: 15 a day, 100 not claimed, 70 of 100 not used
    assert (first["unclaimed_fen"], first["outstanding_fen"]) == (10_000, 7_000)
    assert (first["left_fen"], first["pace_fen"], first["days_left"]) == (17_000, 1_500, 11)
    assert (second["left_fen"], second["pace_fen"], second["days_left"]) == (10_000, 0, None)


def test_what_expired_is_no_money_that_is_left(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-10 09:00")
    for code in ("r1", "r2"):
        town("round", "close", code, "--yes", "--note", "over", expect=None)
    told = bulletin(town, "2020-04-03")
    assert all(row["outstanding_fen"] <= 12_000 for row in told["money"])
    assert bulletin(town, "2020-04-09")["money"] == [] or all(
        row["outstanding_fen"] == 0 for row in bulletin(town, "2020-04-09")["money"]
    )


def test_a_round_stands_beside_the_one_before_it_at_the_same_hour(town: Voucher) -> None:
    (row,) = bulletin(town)["beside_before"]
    assert (row["round"], row["before"], row["age_seconds"]) == ("r2", "r1", 16 * 3600)
    # r1 at the end of its first day: one claim of four, one payment
    assert (row["before_claimed"], row["before_claim_rate"]) == (1, "0.2500")
    assert (row["before_day_redemptions"], row["before_redemptions"]) == (1, 1)
    assert (row["claimed"], row["claim_rate"], row["redemptions"]) == (1, "0.5000", 0)
    (second,) = bulletin(town, "2020-03-29")["beside_before"]
    assert (second["before_day_claimed"], second["before_claimed"]) == (1, 2)
    assert (second["before_day_redemptions"], second["before_redemptions"]) == (2, 3)
    shown = town("report", "bulletin", "--day", "2020-03-28", "--lang", "zh").out
    assert "与上一期同日同一时点对比" in shown


def test_of_today_the_hour_counts(town: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-28 09:59")
    (row,) = bulletin(town)["beside_before"]
    assert (row["age_seconds"], row["before_age_seconds"]) == (7_141, 7_141)
    assert (row["before_claimed"], row["before_redemptions"]) == (1, 0)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-28 10:00")
    (row,) = bulletin(town)["beside_before"]
    assert row["before_redemptions"] == 1


def test_the_round_before_opened_earlier_and_had_the_same_pack(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants=SHOPS)
    voucher("template", "add", towns.write("q.yaml", towns.pack("other")))
    for code, pack, day in (("a", "pack", 27), ("b", "other", 27), ("c", "pack", 28)):
        times = {"opens": f"2020-03-{day} 08:00", "state": "open"}
        towns.make_round(voucher, code, packs=2, template=pack, **times)
    rows = bulletin(voucher)["beside_before"]
    assert [(row["round"], row["before"]) for row in rows] == [("c", "a")]


def test_what_is_odd_is_said(town: Voucher) -> None:
    shown = town("report", "bulletin", "--day", "2020-03-28").out
    assert "1 rows of the day were rejected beside 2 payments" in shown
    assert bulletin(town)["rejects"] == [{"reason": "unknown_claim", "rows": 1}]
    shown = town("report", "bulletin", "--day", "2020-03-29").out
    assert "G of the day, 40.00, is far from that of all days" in " ".join(shown.split())
    assert "Nothing odd" in town("report", "bulletin", "--day", "2020-03-27").out


def test_a_day_without_files_is_noticed(town: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-31 09:00")
    shown = " ".join(town("report", "bulletin").out.split())  # of yesterday
    assert "2020-03-30" in shown and "has every file come?" in shown


def test_before_the_first_round_there_is_nothing(town: Voucher) -> None:
    told = bulletin(town, "2020-03-01")
    assert told["by_round"] == [] and told["figures"][1]["redemptions"] == 0


def test_in_chinese_and_in_every_form(town: Voucher) -> None:
    words = ("report", "bulletin", "--day", "2020-03-28", "--lang", "zh")
    shown = town(*words).out
    assert "town 日报：2020-03-28" in shown and "可用天数" in shown.replace("\n", "")
    for suffix in ("html", "docx", "md", "xlsx"):
        town(*words, "-O", f"b.{suffix}")
    only = bulletin(town, "2020-03-28", "--round", "r2")
    assert [row["round"] for row in only["by_round"]] == ["r2"]


@pytest.mark.parametrize(
    ("paid_fen", "opened", "pace"),
    [(700, 20200301, 100), (700, 20200327, 350), (-5, 20200301, 0), (699, 20200322, 99)],
)
def test_the_pace_is_that_of_the_last_days(paid_fen: int, opened: int, pace: int) -> None:
    assert law.pace_fen(paid_fen, opened, 20200328) == pace


@pytest.mark.parametrize(
    ("one", "all_", "far"),
    [
        ((200, 10), (100, 10), False),
        ((201, 10), (100, 10), True),
        ((49, 10), (100, 10), True),
        ((50, 10), (100, 10), False),
        ((0, 0), (100, 10), False),
    ],
)
def test_a_day_is_far_beyond_twice_or_half(
    one: tuple[int, int], all_: tuple[int, int], far: bool
) -> None:
    sums = [Sums(base_fen=base, public_fen=public) for base, public in (one, all_)]
    assert law.is_far(*sums) is far
