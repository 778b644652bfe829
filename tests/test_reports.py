"""report leverage and report rounds: a small world by hand, and totals held to a scan of the
facts.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import example, given, settings
from hypothesis import strategies as st
from towns import ZONE, at

from vouchercli.cli import options
from vouchercli.ops.answers import answer
from vouchercli.ops.reports.leverage import report_leverage
from vouchercli.ops.reports.rounds import report_rounds
from vouchercli.rules import leverage as law
from vouchercli.rules import money, sizes, times
from vouchercli.rules.leverage import Cut, Months, Sums, Window
from vouchercli.session import Session
from vouchercli.store import (
    by_columns,
    explained,
    redemptions,
    reports,
    totals,
    transaction_numbers,
    uptake,
    used_claims,
)
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BATCH = 2  # of every fact; the merchants came in the first
PUBLISHED = [
    {
        "as_of": "2020-04-02 16:00",
        "rounds": ["hz-1"],
        "subsidy": "30.00",
        "base": "150.00",
        "gross": "5.00",
        "source": "the paper",
    },
    {
        "as_of": "2020-04-03 16:00",
        "rounds": ["hz-1", "hz-2"],
        "subsidy": "100.00",
        "base": "500.00",
        "gross": "5.00",
        "source": "the paper",
    },
]
FUNDERS = {"treasury": "public", "district": "public", "app": "platform"}
PACKS = {
    "universal": [towns.coupon("10", "40", 2)],
    "big": [towns.coupon("20", "100"), towns.coupon("35", "200")],
}
SHOPS = """\
merchant_no,name,district,industry,size,brand,designated_size
M1,店1,West Lake,food,micro,,限下
M2,店2,West Lake,food,large,世纪联华,限上
M3,店3,,food,,世纪联华,
"""


@dataclass
class World:
    """A programme of two rounds in a real file; facts go in one by one, totals follow by the
    import's own statements.
    """

    path: Path
    published: Any = ()

    def __post_init__(self) -> None:
        key = ("reports", json.dumps(self.published))
        self.db = towns.in_folder(self.path.parent, key, "2020-03-20 09:00", self.build).db
        self.add(
            "batches",
            batch_id=BATCH,
            kind="redemptions",
            programme_id=1,
            file="x",
            sha256="x",
            profile="",
            profile_json="",
            encoding="",
            header="[]",
            state="done",
            read=0,
            accepted=0,
            duplicate=0,
            rejected=0,
            warnings=0,
            actor="chen",
            imported_at=0,
        )
        towns.book(self.db)
        towns.endow(self.db)

    def build(self, voucher: Any) -> None:
        programme = towns.programme(
            "hangzhou",
            funds=FUNDERS,
            name={"zh": "杭州", "en": "Hangzhou"},
            limits={"packs_per_resident_per_round": 9},
            published=list(self.published),
        )
        packs = (towns.pack(code, *coupons) for code, coupons in PACKS.items())
        towns.build(voucher, programme, *packs, merchants=SHOPS)
        terms: dict[str, Any] = {"maker": "chen", "state": "open"}
        towns.make_round(
            voucher, "hz-1", template="universal", packs=3, closes="2020-05-06 08:00", **terms
        )
        towns.make_round(
            voucher,
            "hz-2",
            "--platform",
            "alipay",
            template="big",
            packs=5,
            opens="2020-04-03 10:00",
            closes="2020-05-13 10:00",
            **terms,
        )

    def add(self, table: str, **values: Any) -> int:
        marks = ",".join("?" * len(values))
        return (
            self.db.execute(
                f"INSERT INTO {table} ({','.join(values)}) VALUES ({marks})", tuple(values.values())
            ).lastrowid
            or 0
        )

    def claim(
        self, number: int, round_id: int, claimed_at: int, resident: int | None = None
    ) -> None:
        day = times.day_of(claimed_at, ZONE)
        self.db.execute("UPDATE rounds SET claimed = claimed + 1 WHERE round_id = ?", (round_id,))
        self.add(
            "claims",
            claim_id=number,
            claim_no=f"C{number}",
            round_id=round_id,
            resident=(resident or number).to_bytes(16),
            pack_no=number,
            claimed_at=claimed_at,
            expires_at=claimed_at + 7 * 86400,
            batch_id=BATCH,
            line=number,
        )
        self.db.execute(
            "INSERT INTO claim_totals VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET claims ="
            " claims + 1",
            (round_id, day),
        )

    def redeem(
        self,
        claim_id: int,
        coupon_no: int,
        merchant_id: int,
        paid_at: int,
        base_fen: int,
        *,
        kind: str = "pay",
        channel: str = "",
    ) -> None:
        paid = self.db.execute(
            "SELECT max(redemption_id) FROM redemptions WHERE claim_id = ? AND coupon_no = ? AND"
            " refund_of IS NULL",
            (claim_id, coupon_no),
        ).fetchone()[0]
        face = self.db.execute(
            "SELECT round_id, denomination_fen, full_base_fen FROM claims JOIN rounds USING (round_id) JOIN"
            " coupons USING (template_id) WHERE claim_id = ? AND coupon_no = ?",
            (claim_id, coupon_no),
        ).fetchone()
        sign = 1 if kind == "pay" else -1
        after = self.db.execute(
            "SELECT coalesce(max(redemption_id), 0) FROM redemptions"
        ).fetchone()[0]
        self.add(
            "redemptions",
            transaction_no=f"T{after + 1}",
            voucher=1024 * claim_id + coupon_no,
            use_no=after + 1,
            merchant_id=merchant_id,
            segment_id=merchant_id,
            channel=("", "offline", "online").index(channel),
            paid_at=paid_at,
            day=times.day_of(paid_at, ZONE),
            base_fen=sign * base_fen,
            merchant_discount_fen=0,
            split_id=self.split(face["round_id"], face["denomination_fen"], kind),
            refund_of=None if kind == "pay" else paid,
            line=after + 1,
        )
        if kind == "refund":
            floor_fen = -min(base_fen, face["full_base_fen"])
            undone = {"vouchers": -1, "spent": -1, "floor_fen": floor_fen}
            self.add("refunds", redemption_id=after + 1, **undone)
        transaction_numbers.keep_written(self.db, after, [(BATCH, 1)])
        totals.add_written(self.db, after)
        used_claims.add_written(self.db, after)

    def take_out(self, numbers: set[int]) -> None:
        """Those redemptions leave, a payment with its refunds."""
        redemptions.expect_leaving(self.db)
        for number in sorted(numbers):
            self.db.execute(
                "INSERT OR IGNORE INTO leaving SELECT redemption_id FROM redemptions"
                " WHERE redemption_id = ?1 OR refund_of = ?1",
                (number,),
            )
        redemptions.take_out(self.db)

    def split(self, round_id: int, face_fen: int, kind: str) -> int:
        before, later, sign = (0, face_fen, 1) if kind == "pay" else (face_fen, 0, -1)
        parts = tuple(sign * part for part in money.split(face_fen, (5_000, 2_500, 2_500)))
        found = self.db.execute(
            "SELECT split_id FROM splits WHERE round_id = ? AND before_fen = ? AND after_fen = ?",
            (round_id, before, later),
        ).fetchone()
        if found:
            return int(found[0])
        by_kind = {
            k: sum(p for kk, p in zip(FUNDERS.values(), parts, strict=True) if kk == k)
            for k in ("public", "platform")
        }
        split_id = self.add(
            "splits",
            round_id=round_id,
            before_fen=before,
            after_fen=later,
            public_fen=by_kind["public"],
            platform_fen=by_kind["platform"],
            match_fen=sign * 100,
            stays=0,
        )
        for funder_id, part in enumerate(parts, 1):
            self.add("split_parts", split_id=split_id, funder_id=funder_id, amount_fen=part)
        return split_id

    def session(self, now: str = "2020-04-05 12:00") -> Session:
        return Session(self.db, self.path, at(now), "lin", "lin", 0)

    def leverage(self, **wanted: Any) -> dict[str, Any]:
        return answer(report_leverage(self.session(), **wanted))


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world without facts; a property test puts its own in and takes them back."""
    return World(tmp_path_factory.mktemp("blank") / "voucher.db")


@contextmanager
def taken_back(world: World) -> Iterator[World]:
    world.db.execute("BEGIN")
    try:
        yield world
    finally:
        world.db.execute("ROLLBACK")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """hz-1 sells out its 3 packs; hz-2 has 2 of 5; four payments, one of them refunded the next
    day.
    """
    world = World(tmp_path / "voucher.db", PUBLISHED)
    for number, when in enumerate(
        ("2020-03-27 08:00:00", "2020-03-27 08:00:40", "2020-03-27 08:01:45"), 1
    ):
        world.claim(number, 1, at(when))
    world.claim(4, 2, at("2020-04-03 10:00"))
    world.claim(5, 2, at("2020-04-03 10:30"), resident=4)
    world.redeem(1, 1, 1, at("2020-03-28 09:00"), 4000, channel="offline")
    world.redeem(1, 2, 2, at("2020-04-02 16:00:00"), 6000, channel="offline")
    world.redeem(2, 1, 3, at("2020-04-02 16:00:01"), 5000)
    world.redeem(2, 1, 3, at("2020-04-03 10:00"), 5000, kind="refund")
    world.redeem(4, 1, 1, at("2020-04-03 12:00"), 12000, channel="online")
    return world


KEYS = [
    "key",
    "redemptions",
    "base_fen",
    "subsidy_fen",
    "platform_fen",
    "match_fen",
    "own_fen",
    "gross",
    "own_spend",
    "floor",
]


def test_by_round_every_figure_stands_beside_its_base(world: World) -> None:
    first, second = world.leverage()["rows"]
    assert [first[key] for key in KEYS] == [
        "hz-1",
        2,
        10000,
        1500,
        500,
        200,
        7800,
        "6.67",
        "5.20",
        "5.33",
    ]
    assert [second[key] for key in KEYS] == [
        "hz-2",
        1,
        12000,
        1500,
        500,
        100,
        9900,
        "8.00",
        "6.60",
        "6.67",
    ]
    assert (first["used_of_claimed"], first["claimed_vouchers"]) == ("0.3333", 6)
    assert (first["paid_of_claimed"], first["paid_fen"], first["claimed_face_fen"]) == (
        "0.3333",
        2000,
        6000,
    )


def test_the_total_is_pooled_never_a_mean(world: World) -> None:
    total = world.leverage()["total"]
    assert [total[key] for key in KEYS] == [
        "total",
        3,
        22000,
        3000,
        1000,
        300,
        17700,
        "7.33",
        "5.90",
        "6.00",
    ]
    # 3 of 10; 40 of 170 yuan
    assert (total["used_of_claimed"], total["paid_of_claimed"]) == (
        "0.3000",
        "0.2353",
    )


def test_as_of_is_exact_to_the_second(world: World) -> None:
    def count(text: str) -> int:
        return int(world.leverage(as_of=at(text))["total"]["redemptions"])

    assert [count(f"2020-04-02 {clock}") for clock in ("15:59:59", "16:00:00", "16:00:01")] == [
        1,
        2,
        3,
    ]


def test_since_is_exact_to_the_second_and_gives_no_rates(world: World) -> None:
    found = world.leverage(since=at("2020-04-02 16:00:01"))
    assert found["total"]["redemptions"] == 1  # a payment, its refund, and the one of hz-2
    assert found["since"] == "2020-04-02T16:00:01+08:00"
    assert found["total"]["used_of_claimed"] is None


def test_a_round_that_is_claimed_and_not_yet_used_counts_in_the_rates(world: World) -> None:
    found = world.leverage(as_of=at("2020-04-03 11:00"))
    assert [(row["key"], row["redemptions"], row["gross"]) for row in found["rows"]] == [
        ("hz-1", 2, "6.67"),
        ("hz-2", 0, None),
    ]
    assert found["total"]["claimed_vouchers"] == 10


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("round", ["hz-1", "hz-2"]),
        ("template", ["big", "universal"]),
        ("coupon", ["40-10", "100-20"]),
        ("day", ["2020-03-28", "2020-04-02", "2020-04-03"]),
        ("week", ["2020-W13", "2020-W14"]),
        ("month", ["2020-03", "2020-04"]),
        ("district", ["West Lake"]),
        ("industry", ["food"]),
        ("size", ["large", "micro"]),
        ("merchant", ["M1", "M2"]),
        ("platform", ["alipay", ""]),
        ("channel", ["offline", "online"]),
    ],
)
def test_every_grouping_has_its_keys_in_order_and_the_same_total(
    world: World, by: str, keys: list[str]
) -> None:
    found = world.leverage(by=by)
    assert [row["key"] for row in found["rows"]] == keys
    plain = world.leverage()["total"]
    assert {key: found["total"][key] for key in KEYS} == {key: plain[key] for key in KEYS}


def test_public_funders_one_by_one_add_up_to_the_subsidy(world: World) -> None:
    for by in law.GROUPINGS:
        found = world.leverage(by=by, with_funders=True)
        for row in [*found["rows"], found["total"]]:
            assert list(row["funders"]) == ["treasury", "district"]
            assert sum(row["funders"].values()) == row["subsidy_fen"], by
    assert found["total"]["funders"] == {"treasury": 2000, "district": 1000}


def test_a_funder_that_paid_nothing_of_a_group_has_nothing_there(world: World) -> None:
    world.db.execute("DELETE FROM funder_totals WHERE funder_id = 2 AND round_id = 2")
    found = world.leverage(by="round", with_funders=True)
    shares = {row["key"]: row["funders"] for row in found["rows"]}
    others = shares["hz-1"]["district"]
    assert (shares["hz-2"]["district"], others > 0) == (0, True)
    assert found["total"]["funders"]["district"] == others


def test_published_figures_of_the_same_moment_stand_beside_ours(world: World) -> None:
    found = world.leverage(as_of=at("2020-04-02 16:00"))["published"]
    assert [(figure["rounds"], figure["gross"], figure["source"]) for figure in found] == [
        (["hz-1"], "5.00", "the paper")
    ]
    assert found[0]["ours"] == {
        "subsidy_fen": 1500,
        "base_fen": 10000,
        "gross": "6.67",
        "own_spend": "5.20",
    }


def test_without_a_figure_of_that_moment_all_up_to_it_are_shown_without_ours(world: World) -> None:
    found = world.leverage(as_of=at("2020-04-09"))["published"]
    assert [(figure["as_of"][:10], figure["ours"]) for figure in found] == [
        ("2020-04-02", None),
        ("2020-04-03", None),
    ]
    assert [figure["rounds"] for figure in world.leverage(only=["hz-1"])["published"]] == [["hz-1"]]


def test_a_days_end_and_its_24_oclock_are_one_moment(tmp_path: Path) -> None:
    world = World(
        tmp_path / "voucher.db",
        [{"as_of": "2020-04-16 24:00", "rounds": ["hz-1"], "gross": "10.66"}],
    )
    world.claim(1, 1, at("2020-04-16 09:00"))
    world.redeem(1, 1, 1, at("2020-04-16 23:59:59"), 4000)
    for as_of in ("2020-04-16 24:00", "2020-04-16 23:59:59"):
        assert world.leverage(as_of=at(as_of))["published"][0]["ours"]["base_fen"] == 4000


# ---------------------------------------------------------------- merchants in every cut


def test_merchants_are_counted_under_each_key_and_once_in_all(world: World) -> None:
    found = world.leverage(by="district")
    names = ("key", "merchants", "sized_merchants", "small_merchants", "small_share")
    assert [tuple(row[name] for name in names) for row in found["rows"]] == [
        ("West Lake", 2, 2, 1, "0.5000"),  # the payment at the third shop was refunded
    ]
    by_round = world.leverage(by="round")
    assert [row["merchants"] for row in by_round["rows"]] == [2, 1]
    assert by_round["total"]["merchants"] == 2


def test_without_a_stated_size_nobody_is_counted_as_small(world: World) -> None:
    found = world.leverage(as_of=at("2020-04-02 16:00:01"), since=at("2020-04-02 16:00:01"))
    row = found["total"]
    assert (row["merchants"], row["sized_merchants"]) == (1, 0)
    assert (row["small_merchants"], row["small_share"]) == (None, None)


@pytest.mark.parametrize("size", ["small", "Micro", "小型", "微型企业", "小微", "个体工商户"])
def test_registries_say_small_in_several_ways(size: str) -> None:
    assert sizes.is_small(size)


@pytest.mark.parametrize("size", ["", "medium", "中型", "大型企业", "限上"])
def test_other_sizes_are_not_small(size: str) -> None:
    assert not sizes.is_small(size)


# ---------------------------------------------------------------- two groupings


def test_by_two_groupings_each_row_has_both_keys(world: World) -> None:
    found = world.leverage(by="round,coupon")
    keys = [(row["key"], row["second_key"], row["redemptions"]) for row in found["rows"]]
    assert keys == [("hz-1", "40-10", 2), ("hz-2", "100-20", 1)]
    assert (found["by"], found["total"]["second_key"]) == ("round,coupon", None)
    assert found["total"] | {"key": "total"} == world.leverage()["total"] | {"second_key": None}


def test_the_largest_of_two_groupings_come_first(world: World) -> None:
    found = world.leverage(by="industry,size", sort="base", limit=1)
    assert [(row["key"], row["second_key"]) for row in found["rows"]] == [("food", "micro")]


def test_two_groupings_stand_in_columns_of_their_own(world: World, voucher: Any) -> None:
    lines = voucher("report", "leverage", "--by", "district，size", "-o", "csv").out.splitlines()
    assert lines[0].startswith("key,second_key,redemptions,")
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["West Lake", "large", "1"],
        ["West Lake", "micro", "2"],
        ["total", "", "3"],
    ]
    page = voucher("report", "leverage", "--by", "district,size", "-o", "md", "--lang", "zh").out
    assert "杠杆率（按区县, 规模）" in page


# ---------------------------------------------------------------- so far


def test_what_all_came_to_so_far_ends_at_the_total(world: World) -> None:
    found = world.leverage(by="day", cumulative=True)
    names = ("key", "redemptions_so_far", "base_so_far_fen", "subsidy_so_far_fen", "gross_so_far")
    rows = [tuple(row[name] for name in names) for row in found["rows"]]
    assert rows == [
        ("2020-03-28", 1, 4000, 750, "5.33"),
        ("2020-04-02", 3, 15000, 2250, "6.67"),
        ("2020-04-03", 3, 22000, 3000, "7.33"),
    ]
    assert rows[-1][2] == found["total"]["base_fen"]
    largest = world.leverage(by="day", cumulative=True, sort="base", limit=1)["rows"][0]
    assert (largest["key"], largest["base_so_far_fen"]) == ("2020-04-02", 15000)


def test_so_far_stands_in_a_table_of_its_own_with_a_picture(world: World, voucher: Any) -> None:
    asked = ("report", "leverage", "--by", "week", "--cumulative")
    assert "\nSo far\n" in voucher(*asked).out
    names = voucher(*asked, "-o", "csv").out.splitlines()[0].split(",")[-5:-1]
    assert names == [
        "redemptions_so_far",
        "base_so_far_yuan",
        "subsidy_so_far_yuan",
        "gross_so_far",
    ]
    page = voucher(*asked, "-o", "html", "--lang", "zh").out
    assert "累计拉动消费" in page
    assert page.count("<svg") == 2


# ---------------------------------------------------------------- totals against facts

SCAN = """
SELECT x.*, c.round_id, r.round, r.platform, m.template, k.coupon, k.threshold_fen,
    k.denomination_fen,
    s.district, s.industry, s.size, s.brand, s.designated_size, h.merchant_no
FROM redemption_facts x JOIN claims c USING (claim_id) JOIN rounds r USING (round_id)
    JOIN templates m USING (template_id)
JOIN coupons k ON k.template_id = m.template_id AND k.coupon_no = x.coupon_no
JOIN segments s ON s.segment_id = x.segment_id JOIN merchants h USING (merchant_id)
"""
COLUMN = {"merchant": "merchant_no", "week": "day", "month": "day", "family": "round"}


def keys_of(row: Any, by: str) -> str:
    """The key of a fact; of two groupings both, with a comma between."""
    keys = [(each, str(row[COLUMN.get(each, each)])) for each in by.split(",")]
    return ",".join(
        law.calendar_key(each, int(key)) if each in law.CALENDAR else key for each, key in keys
    )


def told_key(row: dict[str, Any]) -> str:
    """The same of a row of the report."""
    return ",".join(row[name] for name in ("key", "second_key") if name in row)


def scanned(
    world: World, by: str, since: int | None, as_of: int | None, chosen: tuple[str, ...] = ()
) -> dict[str, Sums]:
    """The oracle: one row at a time, straight from the facts."""
    groups: dict[str, Sums] = {}
    for row in world.db.execute(SCAN):
        is_within = (since is None or row["paid_at"] >= since) and (
            as_of is None or row["paid_at"] <= as_of
        )
        if is_within and (not chosen or row["round"] in chosen):
            key = keys_of(row, by)
            count = row["vouchers"]
            groups[key] = groups.get(key, Sums()) + Sums(
                count,
                row["base_fen"],
                row["subsidy_fen"],
                row["public_fen"],
                row["platform_fen"],
                row["match_fen"],
                count * row["threshold_fen"],
                count * row["denomination_fen"],
            )
    return {key: sums for key, sums in groups.items() if not sums.is_empty}


def merchants_scanned(
    world: World, by: str, since: int | None, as_of: int | None, chosen: tuple[str, ...] = ()
) -> dict[str, tuple[int, int, int]]:
    """The oracle of counts: merchants, those of stated size and small ones, by key and in all
    ("").
    """
    net: dict[tuple[str, str], list[int]] = {}
    for row in world.db.execute(SCAN):
        is_within = (since is None or row["paid_at"] >= since) and (
            as_of is None or row["paid_at"] <= as_of
        )
        if is_within and (not chosen or row["round"] in chosen):
            key = keys_of(row, by)
            for under in ("key " + key, "total"):
                sums = net.setdefault((under, row["merchant_no"]), [0, 0, 0])
                sums[0] += row["vouchers"]
                sums[1] += row["vouchers"] * (row["size"] != "")
                sums[2] += row["vouchers"] * (row["size"] == "micro")
    counts: dict[str, tuple[int, int, int]] = {}
    for (under, _), (paid, sized, small) in net.items():
        if paid > 0:
            stand = counts.get(under, (0, 0, 0))
            counts[under] = (stand[0] + 1, stand[1] + (sized > 0), stand[2] + (small > 0))
    return counts


def merchants_told(found: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """The same as the report has it, without keys that have none."""
    rows = [("key " + told_key(row), row) for row in found["rows"]] + [("total", found["total"])]
    counts = {
        under: (row["merchants"], row["sized_merchants"], row["small_merchants"] or 0)
        for under, row in rows
    }
    return {under: count for under, count in counts.items() if count[0]}


START = at("2020-03-27 08:00")
moments = st.integers(0, 4 * 86400).map(lambda seconds: START + seconds) | st.sampled_from(
    [
        at(f"2020-03-{day} {clock}")
        for day in (28, 29)
        for clock in ("00:00:00", "23:59:59", "12:00:00")
    ]
)
payments = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 2),
        st.integers(1, 3),
        moments,
        st.booleans(),
        st.sampled_from(["", "offline"]),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None)
@given(payments=payments, since=st.none() | moments, as_of=st.none() | moments)
def test_totals_tell_what_a_scan_of_the_facts_tells(
    blank: World, payments: Any, since: int | None, as_of: int | None
) -> None:
    if since is not None and as_of is not None and since > as_of:
        since, as_of = as_of, since
    with taken_back(blank) as world:
        for number in range(1, 5):
            world.claim(number, 1 + number % 2, START + number * 40_000)
        for claim, coupon, merchant, paid_at, is_refunded, channel in payments:
            world.redeem(claim, coupon, merchant, paid_at, 20_000 + claim, channel=channel)
            if is_refunded:
                world.redeem(
                    claim,
                    coupon,
                    merchant,
                    paid_at + 50_000,
                    20_000 + claim,
                    kind="refund",
                    channel=channel,
                )
        for by in law.GROUPINGS:
            found = world.leverage(by=by, since=since, as_of=as_of, with_funders=True)
            wanted = {key: figures(sums) for key, sums in scanned(world, by, since, as_of).items()}
            got = {
                row["key"]: [row[k] for k in KEYS[1:]]
                for row in found["rows"]
                if row["floor"] or any(row[key] for key in KEYS[1:7])
            }
            assert got == wanted, by
            counted = merchants_scanned(world, by, since, as_of)
            for many in (0, by_columns.MANY):  # by columns, and by rows
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(by_columns, "MANY", many)
                    found = world.leverage(by=by, since=since, as_of=as_of, with_funders=True)
                told = {"total", *("key " + told_key(row) for row in found["rows"])}
                assert merchants_told(found) == {key: counted[key] for key in counted.keys() & told}
            assert all(sum(row["funders"].values()) == row["subsidy_fen"] for row in found["rows"])


PAIRS = [
    f"{first},{second}"
    for first, second in combinations(law.GROUPINGS, 2)
    if not {first, second} <= {*law.CALENDAR}
]


@settings(max_examples=40, deadline=None)
@given(
    payments=payments,
    since=st.none() | moments,
    as_of=st.none() | moments,
    pairs=st.lists(st.sampled_from(PAIRS), min_size=4, max_size=4, unique=True),
    chosen=st.sampled_from([(), ("hz-1",)]),
)
def test_two_groupings_tell_what_a_scan_of_the_facts_tells(
    blank: World,
    payments: Any,
    since: int | None,
    as_of: int | None,
    pairs: list[str],
    chosen: tuple[str, ...],
) -> None:
    if since is not None and as_of is not None and since > as_of:
        since, as_of = as_of, since
    with taken_back(blank) as world:
        for number in range(1, 5):
            world.claim(number, 1 + number % 2, START + number * 40_000)
        for claim, coupon, merchant, paid_at, is_refunded, channel in payments:
            terms = {"channel": channel}
            world.redeem(claim, coupon, merchant, paid_at, 20_000 + claim, **terms)
            if is_refunded:
                back = paid_at + 50_000
                world.redeem(claim, coupon, merchant, back, 20_000 + claim, kind="refund", **terms)
        for by in pairs:
            span: dict[str, Any] = {"since": since, "as_of": as_of}
            found = world.leverage(by=by, only=chosen, with_funders=True, **span)
            wanted = {
                key: figures(sums) for key, sums in scanned(world, by, since, as_of, chosen).items()
            }
            got = {told_key(row): [row[k] for k in KEYS[1:]] for row in found["rows"]}
            assert got == wanted, by
            counted = merchants_scanned(world, by, since, as_of, chosen)
            told = {"total", *("key " + key for key in got)}
            assert merchants_told(found) == {key: counted[key] for key in counted.keys() & told}
            assert all(sum(row["funders"].values()) == row["subsidy_fen"] for row in found["rows"])
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(by_columns, "MANY", 0)  # the same by columns
                assert world.leverage(by=by, only=chosen, with_funders=True, **span) == found


@settings(max_examples=15, deadline=None)
@given(
    payments=payments,
    since=st.none() | moments,
    as_of=st.none() | moments,
    is_all=st.booleans(),
)
def test_what_is_explained_by_columns_is_what_sql_adds_up(
    blank: World, payments: Any, since: int | None, as_of: int | None, is_all: bool
) -> None:
    chosen = () if is_all else ("hz-1",)
    with taken_back(blank) as world:
        for number in range(1, 5):
            # before any payment, as the law has it: runs before a round's first claim are not read
            world.claim(number, 1 + number % 2, START - number * 40_000)
        for claim, coupon, merchant, paid_at, is_refunded, _ in payments:
            world.redeem(claim, coupon, merchant, paid_at, 20_000 + claim)
            if is_refunded:
                world.redeem(claim, coupon, merchant, paid_at, 20_000 + claim, kind="refund")
        asked = explained.Asked(1, [1, 2] if is_all else [1], is_all, since, as_of)
        found = explained.parts(world.db, asked)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(by_columns, "MANY", 0)
            assert explained.parts(world.db, asked) == found
        wanted = scanned(world, "round", since, as_of, chosen)
        assert sum(each.base_fen for each in found) == sum(
            sums.base_fen for sums in wanted.values()
        )


over_months = st.integers(0, 110 * 86400).map(
    lambda seconds: at("2020-03-20") + seconds
) | st.sampled_from(
    [
        at(moment) + second
        for moment in ("2020-04-01", "2020-05-01", "2020-06-01")
        for second in (-1, 0)
    ]
)


@settings(max_examples=25, deadline=None)
@given(
    payments=st.lists(
        st.tuples(
            st.integers(1, 4), st.integers(1, 2), st.integers(1, 3), over_months, st.booleans()
        ),
        max_size=14,
    ),
    since=st.none() | over_months,
    as_of=st.none() | over_months,
    chosen=st.sampled_from([(), ("hz-1",)]),
)
def test_merchants_are_exact_over_months(
    blank: World,
    payments: Any,
    since: int | None,
    as_of: int | None,
    chosen: tuple[str, ...],
) -> None:
    if since is not None and as_of is not None and since > as_of:
        since, as_of = as_of, since
    with taken_back(blank) as world:
        for number in range(1, 5):
            world.claim(number, 1 + number % 2, START)
        for claim, coupon, merchant, paid_at, is_refunded in payments:
            world.redeem(claim, coupon, merchant, paid_at, 20_000 + claim)
            if is_refunded:
                world.redeem(
                    claim,
                    coupon,
                    1 + merchant % 3,
                    paid_at + 9 * 86400,
                    20_000 + claim,
                    kind="refund",
                )
        for by in ("round", "month", "size", "merchant"):
            found = world.leverage(by=by, since=since, as_of=as_of, only=chosen)
            counted = merchants_scanned(world, by, since, as_of, chosen)
            told = {"total", *("key " + told_key(row) for row in found["rows"])}
            assert merchants_told(found) == {key: counted[key] for key in counted.keys() & told}, by
        wanted = {
            key: figures(sums)
            for key, sums in scanned(world, "merchant", since, as_of, chosen).items()
        }
        assert {row["key"]: [row[k] for k in KEYS[1:]] for row in found["rows"]} == wanted


@pytest.mark.parametrize(
    ("since", "as_of", "months"),
    [
        (None, None, Months(0, 999_999)),
        (None, "2020-03-31 23:59:59", Months(0, 202003)),
        ("2020-04-01", "2020-04-30 23:59:59", Months(202004, 202004)),
        (
            None,
            "2020-04-10 23:59:59",
            Months(
                0,
                202003,
                (
                    Cut(
                        202004,
                        (at("2020-04-01"), at("2020-04-11")),
                        ((at("2020-04-11"), at("2020-05-01")),),
                    ),
                ),
            ),
        ),
        (
            "2020-03-28",
            None,
            Months(
                202004,
                999_999,
                (
                    Cut(
                        202003,
                        (at("2020-03-28"), at("2020-04-01")),
                        ((at("2020-03-01"), at("2020-03-28")),),
                    ),
                ),
            ),
        ),
        (
            "2020-04-02",
            "2020-04-02 23:59:59",
            Months(
                202005,
                202003,
                (
                    Cut(
                        202004,
                        (at("2020-04-02"), at("2020-04-03")),
                        (
                            (at("2020-04-01"), at("2020-04-02")),
                            (at("2020-04-03"), at("2020-05-01")),
                        ),
                    ),
                ),
            ),
        ),
        (
            "2020-04-01",
            "2020-04-02 23:59:59",
            Months(
                202004,
                202003,
                (
                    Cut(
                        202004,
                        (at("2020-04-01"), at("2020-04-03")),
                        ((at("2020-04-03"), at("2020-05-01")),),
                    ),
                ),
            ),
        ),
    ],
)
def test_a_span_is_whole_months_and_cut_ones(
    since: str | None, as_of: str | None, months: Months
) -> None:
    assert law.months(since and at(since), as_of and at(as_of), ZONE) == months


def test_a_cut_month_is_made_up_from_the_fewer_facts(world: World) -> None:
    """Few facts before the cut are added; few after it are taken off the month, which is all that
    is seen when facts vanish.
    """
    early, late = at("2020-04-02 15:00"), at("2020-04-03 23:00")
    before = [
        world.leverage(by="merchant", as_of=moment)["total"]["redemptions"]
        for moment in (early, late)
    ]
    world.db.execute("PRAGMA foreign_keys = OFF")
    world.db.execute("DELETE FROM redemptions WHERE paid_at <= ?", (late,))
    assert (before, world.leverage(by="merchant", as_of=late)["total"]["redemptions"]) == (
        [1, 3],
        3,
    )


USED = (
    "SELECT coalesce(sum(spent), 0) FROM redemption_facts WHERE claim_id = ? AND coupon_no = ? AND"
    " paid_at <= ?"
)


def left_over(world: World, code: str, as_of: int) -> tuple[int, int, int]:
    """The oracle of report rounds: outstanding and expired fen, and residents who used a voucher,
    voucher by voucher.
    """
    outstanding = expired = 0
    users = set()
    for claim in world.db.execute(
        "SELECT * FROM claims JOIN rounds USING (round_id) WHERE round = ? AND claimed_at <= ?",
        (code, as_of),
    ):
        for coupon in world.db.execute(
            "SELECT * FROM coupons WHERE template_id = ?", (claim["template_id"],)
        ):
            used = world.db.execute(
                USED, (claim["claim_id"], coupon["coupon_no"], as_of)
            ).fetchone()[0]
            users |= {claim["resident"]} if used else set()
            face = coupon["denomination_fen"] * (1 - used)
            outstanding, expired = (
                (outstanding + face, expired)
                if claim["expires_at"] > as_of
                else (outstanding, expired + face)
            )
    return outstanding, expired, len(users)


@settings(max_examples=20, deadline=None)
@given(
    used=st.dictionaries(
        st.tuples(st.integers(1, 6), st.integers(1, 2)),
        st.tuples(st.integers(0, 6 * 86400), st.booleans()),
    ),
    as_of=st.integers(0, 12 * 86400),
    leave=st.sets(st.integers(1, 24)),
)
@example({(2, 1): (230_400, False), (2, 2): (0, True)}, 0, set())  # only a later payment stands
@example({(2, 1): (0, True), (2, 2): (230_400, True)}, 86_400, set())  # two are undone
@example({(1, 1): (57_000, True), (1, 2): (50_000, False)}, 200_000, set())  # undone after midnight
def test_outstanding_expired_and_users_are_what_a_count_of_vouchers_gives(
    blank: World,
    used: dict[tuple[int, int], tuple[int, bool]],
    as_of: int,
    leave: set[int],
) -> None:
    """Also when some of the facts have left again, and at the end of a day."""
    with taken_back(blank) as world:
        for number in range(1, 7):
            world.claim(
                number, 1 + number % 2, START + (number + 1) // 2 * 86400, resident=1 + number % 4
            )
        for (claim, coupon), (after, is_refunded) in used.items():
            paid_at = START + (claim + 1) // 2 * 86400 + after
            world.redeem(claim, coupon, 1, paid_at, 20_000)
            if is_refunded:
                world.redeem(claim, coupon, 1, paid_at + 3600, 20_000, kind="refund")
        world.take_out(leave)
        for moment in (START + as_of, at("2020-03-30 23:59:59")):
            found = {
                row["round"]: (row["outstanding_fen"], row["expired_fen"], row["users"])
                for row in rounds_of(world, as_of=moment)
            }
            assert found == {code: left_over(world, code, moment) for code in ("hz-1", "hz-2")}
        assert [*used_claims.miscounted(world.db)] == []


def test_an_older_file_is_counted_when_it_is_opened(world: World) -> None:
    kept = [*map(tuple, world.db.execute("SELECT * FROM used_claims"))]
    assert kept == [  # claims 1, 2 and 4 are the bits 2, 4 and 16; the payment of 2 was undone
        (0, 1, used_claims.UNDONE, b"\x04"),
        (0, 1, 20200328, b"\x02"),
        (0, 1, 20200402, b"\x04"),
        (0, 1, 20200403, b"\x04"),
        (0, 2, 20200403, b"\x10"),
    ]
    world.db.executescript(
        "DROP TABLE used_claims; DELETE FROM _sqlite_migrations WHERE name LIKE '009%';"
        "PRAGMA user_version = 8"
    )
    with closing(store.open_db(world.path)) as db:
        assert [*map(tuple, db.execute("SELECT * FROM used_claims"))] == kept


def figures(sums: Sums) -> list[Any]:
    return [
        sums.vouchers,
        sums.base_fen,
        sums.public_fen,
        sums.platform_fen,
        sums.match_fen,
        sums.own_fen,
        sums.gross,
        sums.own_spend,
        sums.floor,
    ]


def test_sums_of_whole_days_never_touch_the_facts(world: World) -> None:
    world.db.execute("PRAGMA foreign_keys = OFF")
    world.db.execute("DELETE FROM redemptions")
    assert (
        world.leverage(since=at("2020-03-28"), as_of=at("2020-04-03 23:59:59"))["total"][
            "redemptions"
        ]
        == 3
    )


@pytest.mark.parametrize(
    ("since", "as_of", "window"),
    [
        (None, None, Window(0, 99_999_999)),
        (None, "2020-04-02 23:59:59", Window(0, 20200402)),
        (
            None,
            "2020-04-02 00:00:00",
            Window(0, 20200401, ((at("2020-04-02"), at("2020-04-02") + 1),)),
        ),
        (
            "2020-04-02",
            "2020-04-02 12:00:00",
            Window(20200402, 20200401, ((at("2020-04-02"), at("2020-04-02 12:00:01")),)),
        ),
        (
            "2020-04-02 10:00",
            "2020-04-02 12:00",
            Window(20200403, 20200401, ((at("2020-04-02 10:00"), at("2020-04-02 12:00:01")),)),
        ),
        (
            "2020-04-02 10:00",
            None,
            Window(20200403, 99_999_999, ((at("2020-04-02 10:00"), at("2020-04-03")),)),
        ),
    ],
)
def test_a_window_is_whole_days_and_cut_off_ends(
    since: str | None, as_of: str | None, window: Window
) -> None:
    assert law.window(since and at(since), as_of and at(as_of), ZONE) == window


# ---------------------------------------------------------------- rounds


def rounds_of(world: World, now: str = "2020-04-05 12:00", **wanted: Any) -> list[dict[str, Any]]:
    return list(answer(report_rounds(world.session(now), **wanted))["rows"])


def test_a_round_is_sold_out_at_its_last_pack_to_the_second(world: World) -> None:
    first, second = rounds_of(world)
    assert (
        first["claimed"],
        first["claim_rate"],
        first["sold_out_at"],
        first["sell_out_seconds"],
    ) == (3, "1.0000", "2020-03-27T08:01:45+08:00", 105)
    assert (second["claimed"], second["claim_rate"], second["sold_out_at"]) == (2, "0.4000", None)
    before = rounds_of(world, as_of=at("2020-03-27 08:01:44"))[0]
    assert (before["claimed"], before["sold_out_at"]) == (2, None)


def test_the_four_redemption_rates_have_four_bases(world: World) -> None:
    first, second = rounds_of(world)
    rates = ("used_of_claimed", "paid_of_claimed", "paid_of_quota", "users_of_claimers")
    assert [first[key] for key in rates] == ["0.3333", "0.3333", "0.3333", "0.3333"]
    # two packs, one resident
    assert [second[key] for key in rates] == [
        "0.2500",
        "0.1818",
        "0.0727",
        "1.0000",
    ]
    assert (second["claimers"], second["users"]) == (1, 1)


def test_claimers_are_counted_up_to_the_second(world: World) -> None:
    world.claim(6, 2, at("2020-04-03 10:15"), resident=9)
    moments = {
        "2020-04-03 09:59:59": (0, 0),
        "2020-04-03 10:00:00": (1, 1),
        "2020-04-03 10:14:59": (1, 1),
        "2020-04-03 10:15:00": (2, 2),
        "2020-04-03 10:30:00": (3, 2),  # the second pack of the first resident
    }

    def counted(moment: str) -> tuple[int, int]:
        row = rounds_of(world, as_of=at(moment))[1]
        return row["claimed"], row["claimers"]

    assert {moment: counted(moment) for moment in moments} == moments


def test_what_is_not_used_is_outstanding_until_it_expires(world: World) -> None:
    assert [(row["outstanding_fen"], row["expired_fen"]) for row in rounds_of(world)] == [
        (0, 4000),
        (9000, 0),
    ]
    assert [
        (row["outstanding_fen"], row["expired_fen"]) for row in rounds_of(world, "2020-04-10 10:15")
    ] == [(0, 4000), (5500, 3500)]
    # the first claim has just expired, used up
    earlier = rounds_of(world, as_of=at("2020-04-03 08:00:00"))[0]
    assert (earlier["outstanding_fen"], earlier["expired_fen"]) == (3000, 0)


def test_breaches_are_the_rejected_claims_that_broke_the_rules_of_issue(world: World) -> None:
    world.db.execute("UPDATE batches SET kind = 'claims'")
    for line, (reason, detail) in enumerate(
        [
            ("over_quota", {"round": "hz-1", "claimed_at": at("2020-03-27 08:02")}),
            ("resident_limit", {"round": "hz-1"}),
            ("bad_time", {"round": "hz-1"}),
            ("unknown_round", {"round": "hz-9"}),
            ("before_opening", {}),
        ]
    ):
        world.add(
            "rejects",
            batch_id=BATCH,
            line=line,
            reason=reason,
            detail=json.dumps(detail),
            cells="[]",
        )
    assert [row["breaches"] for row in rounds_of(world)] == [2, 0]
    assert [row["breaches"] for row in rounds_of(world, as_of=at("2020-03-27 08:01:59"))] == [1, 0]


BROKEN = ("over_quota", "resident_limit", "before_opening", "after_closing", "round_paused")
BROKEN += ("not_eligible",)


@pytest.mark.parametrize(
    ("batch", "breaches"),
    [
        ({}, {"hz-1": 6, "hz-2": 1}),
        ({"state": "importing"}, {}),
        ({"state": "undone"}, {}),
        ({"kind": "redemptions"}, {}),
        ({"programme_id": None}, {}),
    ],
)
def test_breaches_are_counted_of_claims_that_came_whole(
    world: World, batch: dict[str, Any], breaches: dict[str, int]
) -> None:
    rows = [(reason, "hz-1") for reason in (*BROKEN, "bad_time", "claim_reused", "unknown_round")]
    for line, (reason, code) in enumerate([*rows, ("over_quota", "hz-2")]):
        detail = json.dumps({"round": code, "claimed_at": 100})
        values = {"line": line, "reason": reason, "detail": detail}
        world.add("rejects", batch_id=BATCH, cells="[]", **values)
    for column, value in ({"kind": "claims"} | batch).items():
        world.db.execute(f"UPDATE batches SET {column} = ? WHERE batch_id = ?", (value, BATCH))
    assert uptake.breaches(world.db, 1, 100) == breaches
    assert (uptake.breaches(world.db, 1, 99), uptake.breaches(world.db, 2, 100)) == ({}, {})


def test_claims_are_alive_until_the_second_in_which_they_expire(world: World) -> None:
    moments = {
        # claimed by, usable at
        ("2020-03-27 07:59:59", "2020-03-28"): 0,
        ("2020-03-27 08:00:00", "2020-03-28"): 1,
        ("2020-03-27 08:01:44", "2020-03-28"): 2,
        ("2020-03-27 08:01:45", "2020-03-28"): 3,
        ("2020-04-05", "2020-04-03 07:59:59"): 3,
        ("2020-04-05", "2020-04-03 08:00:00"): 2,
        ("2020-04-05", "2020-04-03 08:01:44"): 1,
        ("2020-04-05", "2020-04-03 08:01:45"): 0,
    }
    alive = {
        asked: uptake.unexpired_claims(world.db, 1, *(at(moment) for moment in asked))
        for asked in moments
    }
    assert alive == moments
    last = [
        uptake.last_claim(world.db, round_id, at(moment))
        for round_id, moment in (
            (1, "2020-04-05"),
            (1, "2020-03-27 08:00:40"),
            (1, "2020-03-27 08:00:39"),
            (2, "2020-04-05"),
        )
    ]
    assert last == [
        at("2020-03-27 08:01:45"),
        at("2020-03-27 08:00:40"),
        at("2020-03-27 08:00:00"),
        at("2020-04-03 10:30"),
    ]


@pytest.mark.parametrize(
    ("since", "as_of", "packs"),
    [
        (None, None, {1: 3, 2: 2}),
        ("2020-03-27 08:00:00", None, {1: 3, 2: 2}),
        ("2020-03-27 08:00:01", None, {1: 2, 2: 2}),
        (None, "2020-03-27 08:01:44", {1: 2}),
        (None, "2020-03-27 08:01:45", {1: 3}),
        ("2020-03-27 08:00:40", "2020-03-27 08:00:40", {1: 1}),
        ("2020-03-27 08:01:45", "2020-04-03 10:00:00", {1: 1, 2: 1}),
        ("2020-03-27 08:01:46", "2020-04-03 09:59:59", {}),
        ("2020-03-28", "2020-04-02", {}),
        ("2020-04-03", None, {2: 2}),
    ],
)
def test_packs_are_claimed_from_the_first_to_the_last_second_of_a_window(
    world: World, since: str | None, as_of: str | None, packs: dict[int, int]
) -> None:
    window = law.window(since and at(since), as_of and at(as_of), ZONE)
    assert uptake.claimed_packs(world.db, window, ZONE) == packs


def test_what_living_claims_used_is_known_to_the_second(world: World) -> None:
    used = {
        # paid by, usable at
        (1, "2020-03-28 08:59:59", "2020-03-28"): 0,
        (1, "2020-03-28 09:00:00", "2020-03-28"): 1_000,
        (1, "2020-04-02 16:00:00", "2020-03-28"): 2_000,
        (1, "2020-04-02 16:00:01", "2020-03-28"): 3_000,
        (1, "2020-04-02 16:00:01", "2020-04-03 07:59:59"): 3_000,
        (1, "2020-04-02 16:00:01", "2020-04-03 08:00:00"): 1_000,  # the first has expired
        (1, "2020-04-02 16:00:01", "2020-04-03 08:00:40"): 0,
        (1, "2020-04-03 10:00:00", "2020-03-28"): 2_000,  # one was refunded
        (2, "2020-04-03 11:59:59", "2020-04-04"): 0,
        (2, "2020-04-03 12:00:00", "2020-04-04"): 2_000,
    }
    assert {
        asked: uptake.used_face_of_unexpired(world.db, asked[0], at(asked[1]), at(asked[2]))
        for asked in used
    } == used


def test_public_funders_come_in_the_order_of_their_programme(world: World) -> None:
    assert reports.public_funders(world.db, 1) == ["treasury", "district"]
    world.db.execute("UPDATE funders SET position = 9 WHERE funder = 'treasury'")
    assert reports.public_funders(world.db, 1) == ["district", "treasury"]
    world.db.execute("UPDATE funders SET position = 9")
    assert reports.public_funders(world.db, 1) == ["treasury", "district"]
    assert reports.public_funders(world.db, 2) == []


# ---------------------------------------------------------------- commands


def test_report_leverage_in_json_is_the_contract(world: World, voucher: Any) -> None:
    ran = voucher("report", "leverage", "--as-of", "2020-04-02 16:00", "-o", "json")
    assert ran.err == ""
    assert {key: ran.json[key] for key in ("voucher", "command", "status", "problems")} == {
        "voucher": 1,
        "command": "report leverage",
        "status": "ok",
        "problems": [],
    }
    assert (ran.data["by"], ran.data["as_of"]) == ("round", "2020-04-02T16:00:00+08:00")
    assert list(ran.data["rows"][0])[:10] == list(ran.data["total"])[:10] == KEYS


def test_a_bare_date_means_its_last_second(world: World, voucher: Any) -> None:
    world.redeem(4, 2, 1, at("2020-04-04 00:00:00"), 20000)
    for date, count in (("2020-04-03", 3), ("2020-04-04", 4)):
        assert (
            voucher("report", "leverage", "--as-of", date, "-o", "json").data["total"][
                "redemptions"
            ]
            == count
        )
    assert (
        voucher("report", "leverage", "--since", "2020-04-04", "-o", "json").data["total"][
            "redemptions"
        ]
        == 1
    )


def test_rounds_are_chosen_by_comma_and_by_repetition(world: World, voucher: Any) -> None:
    for chosen in (["--round", "hz-1,hz-2"], ["--round", "hz-2", "--round", "hz-1"]):
        assert voucher("report", "leverage", *chosen, "-o", "json").data["rounds"] == [
            "hz-1",
            "hz-2",
        ]
    assert [
        row["key"]
        for row in voucher("report", "leverage", "--round", "hz-2", "-o", "json").data["rows"]
    ] == ["hz-2"]


def test_an_unknown_round_is_refused_with_the_nearest(world: World, voucher: Any) -> None:
    ran = voucher("report", "leverage", "--round", "hz2", expect=3)
    assert (ran.out, "did you mean hz-2?" in ran.err) == ("", True)


def test_an_unknown_grouping_is_a_usage_error_with_the_nearest(world: World, voucher: Any) -> None:
    ran = voucher("report", "leverage", "--by", "districts", expect=2)
    assert ran.out == ""
    assert "did you mean district?" in ran.err
    assert "choose one of: round, family, template" in ran.err


def test_since_after_as_of_is_a_usage_error(world: World, voucher: Any) -> None:
    assert (
        "[empty_window]"
        in voucher(
            "report", "leverage", "--since", "2020-04-05", "--as-of", "2020-04-03", expect=2
        ).err
    )


def test_no_redemption_yet_is_an_empty_table_and_a_word(tmp_path: Path, voucher: Any) -> None:
    World(tmp_path / "voucher.db")
    ran = voucher("report", "leverage")
    assert "(none)" in ran.out
    assert ran.err == "nothing has been redeemed yet; next: voucher redemption import FILE\n"
    empty = voucher("report", "leverage", "-o", "json").data
    assert (empty["rows"], empty["total"]["base_fen"], empty["total"]["gross"]) == ([], 0, None)


def test_the_same_file_and_as_of_give_the_same_bytes(world: World, voucher: Any) -> None:
    asked = ("report", "leverage", "--as-of", "2020-04-03", "-o", "json")
    assert voucher(*asked).out == voucher(*asked, "--now", "2021-01-01").out


def test_csv_has_english_keys_unless_chinese_is_asked_for(
    world: World, voucher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    lines = voucher("report", "leverage", "-o", "csv").out.splitlines()
    assert lines[0].startswith("key,redemptions,base_yuan,subsidy_yuan")
    few, one = '"few_payments, few_packs"', '"few_payments, one_merchant, few_packs"'
    assert lines[1:] == [
        "hz-1,2,100.00,15.00,5.00,2.00,78.00,6.67,5.20,5.33,0.3333,6,0.3333,20.00,60.00,0.00,4.55,1.25,2,2,1,0.5000,"
        + few,
        "hz-2,1,120.00,15.00,5.00,1.00,99.00,8.00,6.60,6.67,0.2500,4,0.1818,20.00,110.00,0.00,5.71,1.20,1,1,1,1.0000,"
        + one,
        "total,3,220.00,30.00,10.00,3.00,177.00,7.33,5.90,6.00,0.3000,10,0.2353,40.00,170.00,0.00,5.12,1.22,2,2,1,0.5000,"
        + few,
    ]
    assert voucher("report", "leverage", "-o", "csv", "--lang", "zh").out.startswith(
        "期次,核销笔数,拉动消费（交易额，元）,财政补贴（元）"
    )


def test_a_table_of_merchants_shows_the_first_and_adds_up_all(
    world: World, voucher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4, 130):
        world.add(
            "merchants",
            merchant_id=number,
            merchant_no=f"N{number:03}",
            name="店",
            segment_id=1,
            added_at=0,
            changed_at=0,
        )
        world.add(
            "merchant_totals",
            round_id=1,
            month=202004,
            merchant_id=number,
            segment_id=1,
            vouchers=1,
            base_fen=1,
            subsidy_fen=0,
            public_fen=0,
            platform_fen=0,
            match_fen=0,
            floor_fen=0,
            face_fen=0,
            stays_fen=0,
        )
    ran = voucher("report", "leverage", "--by", "merchant")
    total = next(line for line in ran.out.splitlines() if line.lower().startswith("total"))
    assert ("N101" in ran.out, "N102" in ran.out, total.split()[1]) == (True, False, "129")
    assert ran.err.startswith("100 of 128 rows; --limit 0 shows all\n")
    assert "N129" in voucher("report", "leverage", "--by", "merchant", "--limit", "0").out
    monkeypatch.setitem(options.OUTPUTS, "json", 100)  # of lists
    assert len(voucher("report", "leverage", "--by", "merchant", "-o", "json").data["rows"]) == 128
    few = voucher("report", "leverage", "--by", "merchant", "-o", "json", "--limit", "2").data
    assert (len(few["rows"]), few["total"]["redemptions"]) == (2, 129)
    assert (
        len(voucher("report", "leverage", "--by", "merchant", "-o", "csv").out.splitlines()) == 130
    )


def test_report_rounds_in_table_and_json(world: World, voucher: Any) -> None:
    ran = voucher("report", "rounds", "--round", "hz-1")
    assert "08:01:45" in ran.out
    assert " 105\n" in ran.out
    assert list(voucher("report", "rounds", "-o", "json").data["rows"][0])[:15] == [
        "round",
        "state",
        "packs",
        "claimed",
        "claim_rate",
        "opens_at",
        "sold_out_at",
        "sell_out_seconds",
        "used_of_claimed",
        "paid_of_claimed",
        "paid_of_quota",
        "users_of_claimers",
        "outstanding_fen",
        "expired_fen",
        "breaches",
    ]
    assert "[unknown_round]" in voucher("report", "rounds", "--round", "nope", expect=3).err


def test_gross_is_never_called_new_consumption(world: World, voucher: Any) -> None:
    assert "not new consumption." in " ".join(voucher("report", "leverage").out.split())
    assert "不是新增消费" in voucher("report", "leverage", "--lang", "zh").out.replace("\n", "")


# ---------------------------------------------------------------- sorted, and the other ratios


@pytest.mark.parametrize(
    ("sums", "all_funders", "gross_of_floor"),
    [
        (Sums(base_fen=900, public_fen=100, platform_fen=50, match_fen=150), "3.00", None),
        (Sums(base_fen=900, public_fen=100, floor_fen=400), "9.00", "2.25"),
        (Sums(base_fen=-1, public_fen=100, floor_fen=400), None, None),
        (Sums(base_fen=900, match_fen=100, floor_fen=400), "9.00", None),
        (Sums(), None, None),
    ],
)
def test_the_other_ratios(sums: Sums, all_funders: str | None, gross_of_floor: str | None) -> None:
    assert (sums.all_funders, sums.gross_of_floor) == (all_funders, gross_of_floor)
