"""Merchants drawn at random beside suspicion: what share of the money is wrong, and what the rules
miss.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import planted_city
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

QI = ("--actor", "qi")
CITY = planted_city.make(5, residents=300, shops=40, weeks=2, kind="crude", rings=1)
GUILTY = {f"M{shop}" for shop in CITY.guilty}


@pytest.fixture
def city(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A small synthetic city with one crude ring, its days signed; nothing is scanned."""

    def build() -> None:
        planted_city.lay_down(voucher, CITY, 2)
        monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
        voucher("day", "close", "2020-04-20")
        voucher("day", "sign", "2020-04-20", *QI)

    once("risk samples", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
    return voucher


def drawn(voucher: Voucher, *args: str) -> Any:
    return voucher("risk", "sample", *args, *QI, "-o", "json").data


def fill(name: str, wrong: set[str], *, half: bool = False) -> None:
    """Fill in a sheet: these merchants are wrong, wholly (or for half of their money)."""
    rows = read(name)
    for row in rows:
        is_wrong = row["number"] in wrong
        row |= {"result": "wrong" if is_wrong else "ok", "fault": "cash_out" if is_wrong else ""}
        row["right_amount"] = f"{float(row['amount']) / 2:.2f}" if is_wrong and half else ""
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, rows[0])
        sheet.writeheader()
        sheet.writerows(rows)


def test_what_random_merchants_say_of_money_and_of_the_rules(city: Voucher, here: Path) -> None:
    terms = ("--margin", "5", "--seed", "lot", "--to", "s.csv")
    sample = drawn(city, *terms, "--population", "all.csv")
    assert sample["what"] == "merchants" and sample["population"] == 40
    amounts = {row["number"]: float(row["amount_yuan"]) for row in read("all.csv")}
    assert sum(amounts.values()) * 100 == sample["population_fen"]
    picked = {row["number"] for row in read("s.csv")}
    caught, missed = GUILTY & picked, picked - GUILTY
    assert caught and missed
    fill("s.csv", caught | {min(missed)})
    before = drawn(city, "--results", "s.csv")["samples"][0]["judged"]
    assert before["rules"] is None  # nothing was scanned
    city("risk", "scan")
    candidates = {
        each["merchant_no"]
        for each in city("risk", "list", "--candidates", "-o", "json").data["findings"]
    }
    judged = city("audit", "samples", "1", "-o", "json").data["judged"]
    rules = judged["rules"]
    found, flagged = caught & candidates, picked & candidates
    assert (rules["wrong"], rules["wrong_candidates"]) == (len(caught) + 1, len(found))
    assert float(rules["recall"]) == pytest.approx(len(found) / (len(caught) + 1), abs=1e-4)
    assert float(rules["precision"]) == pytest.approx(len(found) / len(flagged), abs=1e-4)
    assert float(rules["recall_low"]) < float(rules["recall"]) < float(rules["recall_high"])
    least, share, most = (float(judged[f"wrong_share{end}"]) for end in ("_low", "", "_high"))
    wrong = sum(amounts[each] for each in caught | {min(missed)})
    assert least == pytest.approx(wrong / sum(amounts.values()), abs=1e-4)
    assert least <= share and least <= most <= 1
    told = city("risk", "list", "--lang", "zh").err
    assert "查全率" in told and "查准率" in told


def test_of_right_merchants_the_recall_stays_unknown(city: Voucher, here: Path) -> None:
    drawn(city, "--margin", "30", "--seed", "lot", "--to", "s.csv")
    city("risk", "scan")
    assert "voucher risk sample --margin 5" in city("risk", "list").err  # nothing is known yet
    fill("s.csv", set())
    judged = drawn(city, "--results", "s.csv")["samples"][0]["judged"]
    assert judged["wrong_share_low"] == "0.0000" and judged["rules"]["recall"] is None
    assert "stays unknown" in city("risk", "list").err


def test_with_many_wrong_the_share_of_money_has_the_interval_of_the_ratio(
    city: Voucher, here: Path
) -> None:
    drawn(city, "--margin", "5", "--seed", "lot", "--to", "s.csv")
    fill("s.csv", {row["number"] for row in read("s.csv")}, half=True)
    judged = drawn(city, "--results", "s.csv")["samples"][0]["judged"]
    assert float(judged["wrong_share"]) == pytest.approx(0.5, abs=0.01)
    assert float(judged["wrong_share_low"]) <= 0.5 <= float(judged["wrong_share_high"]) < 0.6


def read(name: str) -> list[dict[str, str]]:
    with Path(name).open(encoding="utf-8") as file:
        return [*csv.DictReader(file)]
