"""report leverage and report rounds: a small world by hand, and totals held to a scan of the facts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vouchercli.ops import reports
from vouchercli.rules import leverage as law
from vouchercli.rules import money, times
from vouchercli.rules.leverage import Sums, Window
from vouchercli.store import totals
from vouchercli.store.db import Session, open_db

ZONE = "Asia/Shanghai"
PUBLISHED = [
    {"as_of": "2020-04-02 16:00", "rounds": ["hz-1"], "subsidy": "30.00", "base": "150.00", "gross": "5.00", "source": "the paper"},
    {"as_of": "2020-04-03 16:00", "rounds": ["hz-1", "hz-2"], "subsidy": "100.00", "base": "500.00", "gross": "5.00", "source": "the paper"},
]
FUNDERS = (("treasury", "public"), ("district", "public"), ("app", "platform"))
COUPONS = {"universal": [("40-10", 1000, 4000)] * 2, "big": [("100-20", 2000, 10000), ("200-35", 3500, 20000)]}


def at(text: str) -> int:
    return times.parse(text, ZONE)


@dataclass
class World:
    """A programme of two rounds in a real file; facts go in one by one, totals follow by the import's own statements."""

    path: Path
    published: Any = ()
    funders: tuple[tuple[str, str], ...] = FUNDERS

    def __post_init__(self) -> None:
        self.db = open_db(self.path, create=True)
        document = {
            "programme": "hangzhou", "name": {"zh": "杭州", "en": "Hangzhou"}, "published": list(self.published),
            "funders": {code: {"kind": kind} for code, kind in self.funders},
        }
        self.add("programmes", programme_id=1, programme="hangzhou", digest="", document=json.dumps(document), time_zone=ZONE, loaded_at=0)
        for position, (code, kind) in enumerate(self.funders):
            self.add("funders", funder_id=position + 1, programme_id=1, funder=code, kind=kind, position=position)
        for template_id, (name, coupons) in enumerate(COUPONS.items(), 1):
            self.add("templates", template_id=template_id, template=name, version=1, digest=name, document="{}", added_at=0,
                     pack_value_fen=sum(c[1] for c in coupons), floor_spend_fen=sum(c[2] for c in coupons), coupons=len(coupons))
            for number, (coupon, face, threshold) in enumerate(coupons, 1):
                self.add("coupons", template_id=template_id, coupon_no=number, coupon=coupon, kind="amount_off",
                         denomination_fen=face, threshold_fen=threshold)
        self.round("hz-1", 1, packs=3, opens_at=at("2020-03-27 08:00"))
        self.round("hz-2", 2, packs=5, opens_at=at("2020-04-03 10:00"), platform="alipay")
        self.add("batches", batch_id=1, kind="redemptions", programme_id=1, file="x", sha256="x", profile="", profile_json="", encoding="",
                 header="[]", state="done", read=0, accepted=0, duplicate=0, rejected=0, warnings=0, actor="chen", imported_at=0)
        for number, (district, size) in enumerate([("West Lake", "micro"), ("West Lake", "large"), ("", "")], 1):
            self.add("segments", segment_id=number, district=district, industry="food", size=size)
            self.add("merchants", merchant_id=number, merchant_no=f"M{number}", name=f"店{number}", segment_id=number, added_at=0, changed_at=0)

    def add(self, table: str, **values: Any) -> int:
        marks = ",".join("?" * len(values))
        return self.db.execute(f"INSERT INTO {table} ({','.join(values)}) VALUES ({marks})", tuple(values.values())).lastrowid or 0

    def round(self, code: str, template_id: int, *, packs: int, opens_at: int, platform: str = "", per_resident: int = 9) -> None:
        self.add("rounds", programme_id=1, round=code, template_id=template_id, state="open", mode="fcfs", packs=packs, opens_at=opens_at,
                 closes_at=opens_at + 40 * 86400, platform=platform, per_resident=per_resident, created_by="chen", edited_by="chen",
                 created_at=0)

    def claim(self, number: int, round_id: int, claimed_at: int, resident: int | None = None) -> None:
        day = times.day_of(claimed_at, ZONE)
        self.add("claims", claim_id=number, claim_no=f"C{number}", round_id=round_id, resident=(resident or number).to_bytes(16), pack_no=number,
                 claimed_at=claimed_at, expires_at=claimed_at + 7 * 86400, day=day, batch_id=1, line=number)
        self.db.execute("UPDATE rounds SET claimed = claimed + 1 WHERE round_id = ?", (round_id,))
        self.db.execute("INSERT INTO claim_totals VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET claims = claims + 1", (round_id, day))

    def redeem(self, claim_id: int, coupon_no: int, merchant_id: int, paid_at: int, base_fen: int, *, kind: str = "pay", channel: str = "") -> None:
        face = self.db.execute(
            "SELECT round_id, denomination_fen FROM claims JOIN rounds USING (round_id) JOIN coupons USING (template_id) "
            "WHERE claim_id = ? AND coupon_no = ?", (claim_id, coupon_no)).fetchone()
        sign = 1 if kind == "pay" else -1
        split_id, parts = self.split(face["round_id"], face["denomination_fen"], kind)
        after = self.db.execute("SELECT coalesce(max(redemption_id), 0) FROM redemptions").fetchone()[0]
        by_kind = {k: sum(p for (_, kk), p in zip(self.funders, parts, strict=True) if kk == k) for k in ("public", "platform")}
        self.add("redemptions", transaction_no=f"T{after + 1}", kind=kind, claim_id=claim_id, coupon_no=coupon_no, merchant_id=merchant_id,
                 segment_id=merchant_id, channel=channel, paid_at=paid_at, day=times.day_of(paid_at, ZONE), base_fen=sign * base_fen,
                 merchant_discount_fen=0, subsidy_fen=sum(parts), public_fen=by_kind["public"], platform_fen=by_kind["platform"],
                 match_fen=sign * 100, split_id=split_id, vouchers=sign, batch_id=1, line=after + 1)
        totals.add(self.db, 1, after, 1)

    def split(self, round_id: int, face_fen: int, kind: str) -> tuple[int, tuple[int, ...]]:
        before, later, sign = (0, face_fen, 1) if kind == "pay" else (face_fen, 0, -1)
        shares = {1: (10_000,), 3: (5_000, 2_500, 2_500)}[len(self.funders)]
        parts = tuple(sign * part for part in money.split(face_fen, shares))
        found = self.db.execute("SELECT split_id FROM splits WHERE round_id = ? AND before_fen = ? AND after_fen = ?",
                                (round_id, before, later)).fetchone()
        if found:
            return found[0], parts
        split_id = self.add("splits", round_id=round_id, before_fen=before, after_fen=later, public_fen=sum(parts), platform_fen=0, match_fen=0)
        for funder_id, part in enumerate(parts, 1):
            self.add("split_parts", split_id=split_id, funder_id=funder_id, amount_fen=part)
        return split_id, parts

    def session(self, now: str = "2020-04-05 12:00") -> Session:
        return Session(self.db, self.path, at(now), "lin", "lin", 0)

    def leverage(self, **wanted: Any) -> dict[str, Any]:
        return reports.report_leverage(self.session(), **wanted).data


@pytest.fixture
def world(tmp_path: Path) -> World:
    """hz-1 sells out its 3 packs; hz-2 has 2 of 5; four payments, one of them refunded the next day."""
    world = World(tmp_path / "voucher.db", PUBLISHED)
    for number, when in enumerate(("2020-03-27 08:00:00", "2020-03-27 08:00:40", "2020-03-27 08:01:45"), 1):
        world.claim(number, 1, at(when))
    world.claim(4, 2, at("2020-04-03 10:00"))
    world.claim(5, 2, at("2020-04-03 10:30"), resident=4)
    world.redeem(1, 1, 1, at("2020-03-28 09:00"), 4000, channel="offline")
    world.redeem(1, 2, 2, at("2020-04-02 16:00:00"), 6000, channel="offline")
    world.redeem(2, 1, 3, at("2020-04-02 16:00:01"), 5000)
    world.redeem(2, 1, 3, at("2020-04-03 10:00"), 5000, kind="refund")
    world.redeem(4, 1, 1, at("2020-04-03 12:00"), 12000, channel="online")
    return world


KEYS = ["key", "redemptions", "base_fen", "subsidy_fen", "platform_fen", "match_fen", "own_fen", "gross", "own_spend", "floor"]


def test_by_round_every_figure_stands_beside_its_base(world: World) -> None:
    first, second = world.leverage()["rows"]
    assert [first[key] for key in KEYS] == ["hz-1", 2, 10000, 1500, 500, 200, 7800, "6.67", "5.20", "4.00"]
    assert [second[key] for key in KEYS] == ["hz-2", 1, 12000, 1500, 500, 100, 9900, "8.00", "6.60", "5.00"]
    assert (first["used_of_claimed"], first["claimed_vouchers"]) == ("0.3333", 6)
    assert (first["paid_of_claimed"], first["paid_fen"], first["claimed_face_fen"]) == ("0.3333", 2000, 6000)


def test_the_total_is_pooled_never_a_mean(world: World) -> None:
    total = world.leverage()["total"]
    assert [total[key] for key in KEYS] == ["total", 3, 22000, 3000, 1000, 300, 17700, "7.33", "5.90", "4.50"]
    assert (total["used_of_claimed"], total["paid_of_claimed"]) == ("0.3000", "0.2353")  # 3 of 10; 40 of 170 yuan


def test_as_of_is_exact_to_the_second(world: World) -> None:
    def count(text: str) -> int:
        return int(world.leverage(as_of=at(text))["total"]["redemptions"])

    assert [count(f"2020-04-02 {clock}") for clock in ("15:59:59", "16:00:00", "16:00:01")] == [1, 2, 3]


def test_since_is_exact_to_the_second_and_gives_no_rates(world: World) -> None:
    found = world.leverage(since=at("2020-04-02 16:00:01"))
    assert found["total"]["redemptions"] == 1  # a payment, its refund, and the one of hz-2
    assert found["since"] == "2020-04-02T16:00:01+08:00"
    assert found["total"]["used_of_claimed"] is None


def test_a_round_that_is_claimed_and_not_yet_used_counts_in_the_rates(world: World) -> None:
    found = world.leverage(as_of=at("2020-04-03 11:00"))
    assert [(row["key"], row["redemptions"], row["gross"]) for row in found["rows"]] == [("hz-1", 2, "6.67"), ("hz-2", 0, None)]
    assert found["total"]["claimed_vouchers"] == 10


@pytest.mark.parametrize(("by", "keys"), [
    ("round", ["hz-1", "hz-2"]), ("template", ["big", "universal"]), ("coupon", ["40-10", "100-20"]),
    ("day", ["2020-03-28", "2020-04-02", "2020-04-03"]), ("week", ["2020-W13", "2020-W14"]), ("month", ["2020-03", "2020-04"]),
    ("district", ["West Lake"]), ("industry", ["food"]), ("size", ["large", "micro"]), ("merchant", ["M1", "M2"]),
    ("platform", ["alipay", ""]), ("channel", ["offline", "online"]),
])
def test_every_grouping_has_its_keys_in_order_and_the_same_total(world: World, by: str, keys: list[str]) -> None:
    found = world.leverage(by=by)
    assert [row["key"] for row in found["rows"]] == keys
    plain = world.leverage()["total"]
    assert {key: found["total"][key] for key in KEYS} == {key: plain[key] for key in KEYS}
