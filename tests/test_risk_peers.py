"""What a pack has to count a fence again without this program: whom the merchant was compared with.

The fences are counted here by the standard library alone, as a spreadsheet would.
"""

from __future__ import annotations

import csv
import sqlite3
import statistics
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import planted_city
import pytest
import risk_looks
import towns

from vouchercli.errors import Busy
from vouchercli.ops.risk import given, measures, peers, scans
from vouchercli.rules import risk
from vouchercli.store import programmes, scan_peers
from vouchercli.store.db import reading, writing
from vouchercli.store.risk_facts import Merchant
from vouchercli.store.risk_given import Price

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = [Merchant(place, f"M{place}", "catering", "west", "small", 0, 0) for place in range(24)]
OWN = "M18"
SHARES = ("at_threshold", "odd_hours", "bursts", "consecutive_claims")


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A small synthetic city with a crude ring, scanned; its merchant M18 is case 1."""
    city = planted_city.make(4, residents=300, shops=40, weeks=2, kind="crude", rings=1)
    once("peers", lambda: planted_city.lay_down(voucher, city, 2))
    monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
    voucher("risk", "scan")
    asked = ("risk", "list", "--merchant", OWN, "-o", "json")
    finding = voucher(*asked).data["findings"][0]["finding"]
    voucher("case", "open", "--finding", str(finding), "--reason", "cash_out", "--note", "at night")
    return voucher


def exported(voucher: Voucher, folder: str, *words: str) -> dict[str, list[dict[str, str]]]:
    """The tables of the pack of case 1."""
    voucher("case", "export", "1", folder, *words)
    return {
        name: [*csv.DictReader((Path(folder) / name).read_text("utf-8-sig").splitlines())]
        for name in ("reasons.csv", "peers.csv")
    }


def of(reason: dict[str, str], pack: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    """The peers of a reason."""
    return [each for each in pack["peers.csv"] if each["rule"] == reason["rule"]]


def number(text: str, name: str) -> float:
    """A named number of a list such as `least 30%; fence 300%`."""
    found = dict(each.rsplit(" ", 1) for each in text.split("; "))[name]
    return float(found.removesuffix("%")) / (100 if found.endswith("%") else 1)


def test_a_far_fence_is_counted_again_from_the_pack_alone(town: Voucher) -> None:
    pack = exported(town, "pack")
    looked = [each for each in pack["reasons.csv"] if each["rule"] in SHARES]
    assert {"at_threshold", "odd_hours"} <= {each["rule"] for each in looked}
    for why in looked:
        rows = of(why, pack)
        assert len(rows) == int(why["base_n"]) and {each["base"] for each in rows} == {why["base"]}
        shares = [int(each["counted"]) / int(each["of"]) for each in rows]
        first, _, third = statistics.quantiles(shares, n=4, method="inclusive")
        far = third + number(why["thresholds"], "fence") * (third - first)
        fence = max(far, number(why["thresholds"], "least"))
        assert why["fence"] == f"{fence:.4f}"
        own = next(each for each in rows if each["merchant_no"] == OWN)
        assert why["value"] == f"{int(own['counted']) / int(own['of']):.4f}"


def test_the_sums_behind_a_chance_are_in_the_pack_and_small_counts_stand_together(
    town: Voucher,
) -> None:
    pack = exported(town, "pack")
    looked = [each for each in pack["reasons.csv"] if each["rule"] in ("regulars", "occasional")]
    assert [each["rule"] for each in looked] == ["regulars"]
    for why in looked:
        rows = of(why, pack)
        assert sum(int(each["merchants"]) for each in rows) == int(why["base_n"])
        again, residents = (sum(int(each[name]) for each in rows) for name in ("counted", "of"))
        own = next(each for each in rows if each["merchant_no"] == OWN)
        mine, here = int(own["counted"]), int(own["of"])
        expected = (again - mine + 1) / (residents - here) * here
        assert f"{number(why['counts'], 'expected'):.2f}" == f"{expected:.2f}"
        assert why["fence"] == f"{expected * number(why['thresholds'], 'times'):.4f}"
        others = [each for each in rows if each["merchant_no"] not in ("", OWN)]
        assert all(int(each["counted"]) in {0, *range(10, 999)} for each in others)
        assert all(int(each["of"]) >= 10 for each in others)
        together = next(each for each in rows if not each["merchant_no"])
        assert int(together["merchants"]) > 1 and int(together["counted"]) >= 10


def test_what_was_counted_stays_when_payments_of_others_are_reversed(
    town: Voucher, here: Path
) -> None:
    before = exported(town, "pack")["peers.csv"]
    own = Path("pack/evidence.csv").read_text("utf-8-sig")
    other = next(
        row
        for row in csv.DictReader(Path("paid.csv").read_text("utf-8").splitlines())
        if f",{row['transaction_no']}," not in own
    )
    told = ("--note", "as told", "--evidence", "a letter", "--actor", "mei")
    asked = town(
        "redemption", "correct", other["transaction_no"], "--reverse", *told, "-o", "json"
    ).data
    town("correction", "approve", str(asked["correction"]), "--actor", "lin")
    assert exported(town, "pack")["peers.csv"] == before
    text = Path("pack/SHA256SUMS").read_text("utf-8")
    assert "peers.csv" in text and "token:" not in Path("pack/peers.csv").read_text("utf-8")
    town("check")


def test_peers_that_are_not_those_of_the_log_are_found(town: Voucher, here: Path) -> None:
    town("check")
    towns.by_hand(
        here,
        "DROP TRIGGER scan_peers_never_change",
        """UPDATE scan_peers SET merchants = replace(merchants, '["M1",', '["M9999",')
        WHERE rule = 'odd_hours'""",
    )
    found = town("check", "-o", "json", expect=5).data["checks"]
    assert "peers_as_found" in {each["check"] for each in found if each["breaches"]}


def test_a_case_without_a_finding_compares_with_nobody(town: Voucher) -> None:
    town("case", "open", "--merchant", "M3", "--reason", "other", "--note", "a complaint")
    town("case", "export", "2", "pack")
    assert not Path("pack/peers.csv").exists()


def test_the_median_of_other_prices_is_counted_again() -> None:
    steps = ((0, 1_000, 1_500), (1, 500, 520), (2, 500, 560), (3, 900, 990))
    prices = [
        Price(merchant, "tv", round_, 5, fen)
        for merchant, *both in steps
        for round_, fen in zip(("r1", "r2"), both, strict=True)
    ]
    columns = {"merchant": np.repeat(np.arange(24), 30)}
    look = risk_looks.look_at(columns, SHOPS, prices=prices, sold=lambda _: [1, 2])
    looked = scans.Looked({"price_raised": given.price_raised(look)}, [])
    (kept,) = scans._peers(look, looked)
    assert (kept.rule, kept.base, len(kept.merchants)) == ("price_raised", "tv/r1/r2", 4)
    others = [each.counted / each.of for each in kept.merchants if each.merchant_no != "M0"]
    fence = looked.found["price_raised"][0].fence
    assert f"{fence:.4f}" == f"{max(statistics.median(others), 1) * 1.15:.4f}"


def test_one_small_count_hides_behind_the_next_smallest() -> None:
    numbers = {"M0": 9, "M1": 3, "M2": 14, "M3": 30, "M4": 0}
    merchants = [
        scan_peers.Peer(name, "catering", "west", "small", again, 100)
        for name, again in numbers.items()
    ]
    lines = [*peers._lines(scan_peers.Peers("regulars", "//", merchants), "M0")]
    alone = {each["merchant_no"]: each["counted"] for each in lines if each["merchant_no"]}
    assert alone == {"M0": 9, "M3": 30}  # its own count stands in the reasons
    assert [(each["merchants"], each["counted"]) for each in lines[-1:]] == [(3, 17)]


def test_peers_of_a_base_are_kept_once() -> None:
    base = np.arange(720) % 50 * 200 + 4_100
    base[660:] = 4_000  # two of the shops take orders of exactly the threshold
    look = risk_looks.look_at({"merchant": np.repeat(np.arange(24), 30), "base": base}, SHOPS)
    looked = scans.Looked({"at_threshold": measures.at_threshold(look)}, [])
    assert [*looked.found["at_threshold"]] == [22, 23]
    (kept,) = scans._peers(look, looked)
    assert len(kept.merchants) == 24 and kept.merchants[22][-2:] == (30, 30)


# ---------------------------------------------------------------- beside others


def measured(session: towns.Session) -> scans.Measured:
    """What a scan of the file would keep."""
    row = programmes.current(session.db, None)
    with reading(session):
        return scans._measure(session, row, risk.USUAL, session.now)


def test_a_scan_measures_while_another_command_writes(town: Voucher, here: Path) -> None:
    before = town("risk", "scan", "--dry-run", "-o", "json").data
    with (
        towns.session(here / "voucher.db") as session,
        closing(sqlite3.connect(here / "voucher.db")) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE merchants SET name = 'renamed meanwhile'")
        kept = measured(session)
        other.rollback()
        with writing(session):
            made = scans._keep(session, 1, kept)
    assert (made.sha256, made.payments) == (before["sha256"], before["payments"])
    assert kept.last_line == towns.ask(here, "SELECT max(audit_id) FROM audit")[0][0]


def test_a_merchant_that_was_removed_meanwhile_makes_a_scan_busy(town: Voucher, here: Path) -> None:
    with towns.session(here / "voucher.db") as session:
        kept = measured(session)
        session.db.execute("PRAGMA foreign_keys = OFF")
        session.db.execute("DELETE FROM merchants WHERE merchant_no = ?", (OWN,))
        with pytest.raises(Busy, match="removed while it ran"), writing(session):
            scans._keep(session, 1, kept)
