"""The reports on funds and on operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Voucher = Callable[..., Any]


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    def build() -> None:
        document = towns.programme(funds={"city": "public", "bank": "platform"})
        pack = towns.pack(
            "pack", towns.coupon("10", "40", 2), funding={"city": "80%", "bank": "20%"}
        )
        towns.build(voucher, document, pack, merchants="merchant_no,name\nM1,a\n")
        towns.make_round(voucher, "r1", packs=3)  # approved
        voucher("schedule", "tick", "--now", "2020-03-27 09:30")  # opens at 08:00
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-29 09:00")
        claims = "C1,r1,a,2020-03-27 09:31:00\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        rows = "T1,pay,C1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows))
        lost = "T9,pay,C9,1,M1,2020-03-28 10:00:00,50,0,10,\n"
        voucher("redemption", "import", towns.write("l.csv", towns.PAYMENTS + lost), expect=4)

    once("report operations", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-29 09:00")
    return voucher


def test_money_by_what_has_become_of_it(town: Voucher) -> None:
    told = town("report", "funds", "-o", "json").data
    city, bank = told["funds"]
    # three packs of 20 yuan: two not claimed, one claimed with 10 used and 10 left; 80 and 20 %
    assert (city["committed_fen"], city["outstanding_fen"], city["redeemed_fen"]) == (
        3_200,
        800,
        800,
    )
    assert (bank["committed_fen"], bank["outstanding_fen"], bank["redeemed_fen"]) == (800, 200, 200)
    for each in (city, bank):
        parts = ("committed_fen", "outstanding_fen", "redeemed_fen", "returned_fen")
        if each["uncommitted_fen"] is not None:
            held = sum(each[part] for part in parts)
            assert each["appropriated_fen"] == each["uncommitted_fen"] + held
    assert [row["round"] for row in told["by_round"]] == ["r1", "r1"]
    shown = town("report", "funds", "--lang", "zh").out
    assert "拨入资金＝可用额度" in shown
    town("report", "funds", "-O", "f.xlsx")


def funds(town: Voucher, at: str) -> tuple[int, ...]:
    """What stood with the city at a moment: appropriated, committed, outstanding, redeemed."""
    city = town("report", "funds", "--as-of", at, "-o", "json").data["funds"][0]
    keys = ("appropriated_fen", "committed_fen", "outstanding_fen", "redeemed_fen")
    return tuple(city[key] for key in keys)


def test_money_as_it_stood_at_a_moment(town: Voucher) -> None:
    moments = {
        "2020-03-19": (0, 0, 0, 0),
        "2020-03-26": (4_800, 4_800, 0, 0),
        "2020-03-27 09:30:59": (4_800, 4_800, 0, 0),
        "2020-03-27 09:31:00": (4_800, 3_200, 1_600, 0),
        "2020-03-28 09:59:59": (4_800, 3_200, 1_600, 0),
        "2020-03-28 10:00:00": (4_800, 3_200, 800, 800),
        "2020-03-28": (4_800, 3_200, 800, 800),
    }
    assert {at: funds(town, at) for at in moments} == moments
    now = town("report", "funds", "-o", "json").data
    then = town("report", "funds", "--as-of", "2020-03-28", "-o", "json").data
    assert [now[key] for key in ("funds", "by_round")] == [
        then[key] for key in ("funds", "by_round")
    ]


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "html", "docx", "md"])
def test_the_same_moment_gives_the_same_bytes(
    town: Voucher, form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = ("report", "funds", "--as-of", "2020-03-28", "-O")
    town(*asked, str(tmp_path / f"one.{form}"))
    monkeypatch.setenv("VOUCHER_NOW", "2020-05-01 09:00")
    more = "C2,r1,b,2020-03-29 10:00:00\n"
    town("claim", "import", towns.write("d.csv", towns.CLAIMS + more))
    town(*asked, str(tmp_path / f"two.{form}"))
    one, two = ((tmp_path / f"{name}.{form}").read_bytes() for name in ("one", "two"))
    assert one == two


def test_what_was_late_and_what_did_not_come_in(town: Voucher) -> None:
    told = town("report", "operations", "-o", "json").data
    deeds = {row["deed"]: row for row in told["deeds"]}
    assert (deeds["open"]["late"], deeds["open"]["most_late"]) == (1, 90 * 60)
    (late,) = [row for row in told["late"] if row["deed"] == "open"]
    assert (late["round"], late["late_seconds"]) == ("r1", 90 * 60)
    assert [(row["file"], row["rejected"]) for row in told["files"]] == [("l.csv", 1)]
    shown = town("report", "operations", "--lang", "zh").out
    assert "最长迟办" in shown and "1 小时 30 分" in shown


def test_a_span_without_anything_late(town: Voucher) -> None:
    ran = town("report", "operations", "--since", "2020-05-01")
    assert "nothing was late" in ran.err
