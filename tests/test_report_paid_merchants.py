"""Of many merchants a report shows a few: the same rows, in the same order, and the same totals as
when all of them are added up, sorted and counted one by one.
"""

from __future__ import annotations

from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.ops.answers import answer
from vouchercli.ops.reports import figures, leverage
from vouchercli.ops.reports import merchants as of_merchants
from vouchercli.ops.reports.measures import BY_KEY, Found
from vouchercli.ops.reports.scope import scope_of
from vouchercli.rules import leverage as law
from vouchercli.rules.leverage import Sums
from vouchercli.store import paid_merchants, reports, totals
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session

SIZES = ("", "small", "微型企业", "large")
SEGMENT = "INSERT INTO segments (segment_id, district, industry, size) VALUES (?, ?, ?, ?)"
MERCHANT = """
INSERT INTO merchants (merchant_id, merchant_no, name, size, district, industry, is_registered,
    segment_id, added_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
"""
TOTAL = f"INSERT INTO merchant_totals VALUES ({', '.join('?' * (4 + len(totals.SUMMED)))})"
BIG = 10**13  # fen: ratios of such sums differ beyond the last digit that counts
# vouchers, base, subsidy, public, platform, match, floor, face, stays
ODD = (
    (1, BIG + 1, BIG, BIG, 0, 0, 0, 0, 0),  # the ratio of the next, as far as it counts
    (1, BIG, BIG, BIG, 0, 0, 0, 0, 0),
    (1, BIG + 20, BIG, BIG, 0, 0, BIG + 20, 0, 0),  # a little more
    (1, 9 * 10**15, 1, 1, 0, 0, 0, 0, 0),  # a ratio that no 64 bits hold
    (2, 9 * 10**15 - 1, 1, 1, 0, 0, 0, 0, 0),
    (0, -500, -100, -100, 0, 0, -300, 0, 0),  # refunds alone
    (0, 0, 0, 0, 0, 0, 0, 0, 700),  # nothing but what stays
    (1, 100, 300, 200, 50, 50, 0, 0, 0),  # given more than it came to
    (0, 0, 0, 0, 0, 0, 0, 0, 0),  # nothing at all
)


def make(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
    for code in ("r1", "r2"):
        towns.make_round(voucher, code, packs=4, state="open")


@pytest.fixture
def session() -> Iterator[Session]:
    session = towns.in_memory("paid merchants", "2020-03-20 09:00", make)
    fill(session, Random(7))
    yield session
    session.db.close()


def fill(session: Session, rng: Random) -> None:
    """Merchants whose numbers do not follow their ids, many of them alike, with totals of two
    rounds, two months and the segments that they had.
    """
    db = session.db
    for number, size in enumerate(SIZES):
        for place in ("东", ""):
            segment_id = 100 + 2 * number + (place == "")
            db.execute(SEGMENT, (segment_id, place, "餐饮", size))
    numbers = [f"N{number:03}" for number in range(120)] + ["甲", "a", "É", "\U0001f600"]
    rng.shuffle(numbers)
    for merchant_id, number in enumerate(numbers, 1000):
        about = rng.choice(SIZES), rng.choice(("东", "")), "餐饮", rng.random() < 0.8
        db.execute(MERCHANT, (merchant_id, number, "店" + number, *about, 100))
        for sums in rng.sample(ODD, rng.choice((0, 1, 1, 2))):
            key = (rng.choice((1, 2)), rng.choice((202003, 202004)), merchant_id)
            db.execute(f"{TOTAL} ON CONFLICT DO NOTHING", (*key, rng.randrange(100, 108), *sums))
        if rng.random() < 0.5:  # few different sums: many equal ones
            sums = [rng.choice((-1, 0, 1, 2)), *(rng.choice((0, 100, 300)) for _ in ODD[0][1:])]
            db.execute(f"{TOTAL} ON CONFLICT DO NOTHING", (1, 202003, merchant_id, 100, *sums))


def one_by_one(session: Session, scope: Scope) -> list[tuple[str, Found]]:
    """Every merchant, by number, as the law adds up and counts."""
    paid = reports.by_merchant(session.db, [*scope.rounds], scope.months, scope.zone)
    counts, _ = figures.merchants_by_key(session, ("merchant",), scope)
    whole = law.pooled(sums for *_, sums in paid)
    none = leverage.NO_MERCHANTS
    return [(no, Found(sums, None, counts.get((no,), none), whole)) for no, _, sums in paid]


@pytest.mark.parametrize("only", [(), ("r2",)])
@pytest.mark.parametrize("sort", [None, *leverage.SPEC.sorts])
def test_the_first_rows_are_those_of_all(
    session: Session, sort: str | None, only: tuple[str, ...]
) -> None:
    with reading(session):
        scope = scope_of(session, only, None, None)
        every = one_by_one(session, scope)
        _, all_merchants = figures.merchants_by_key(session, ("merchant",), scope)
    if sort:
        every.sort(key=lambda each: BY_KEY[sort].size(each[1]), reverse=True)  # equal ones stay
    assert len(every) > 40
    asked: dict[str, Any] = {"by": "merchant", "only": only}
    asked["sort"] = sort and sort.removesuffix("_fen")
    for limit in (1, 40, len(every), 0):
        outcome = leverage.report_leverage(session, limit=limit, **asked)
        told = answer(outcome)
        shown = every[: limit or None]
        assert [row["key"] for row in told["rows"]] == [no for no, _ in shown]
        for row, (no, found) in zip(told["rows"], shown, strict=True):
            assert row["name"] == "店" + no
            for key in ("redemptions", "base_fen", "own_fen", "gross", "floor", "paid_fen"):
                assert row[key] == BY_KEY[key].of(found)  # type: ignore[misc]
            for key in leverage.MERCHANTS:
                assert row[key] == BY_KEY[key].of(found)  # type: ignore[misc]
        total = told["total"]
        assert (total["redemptions"], total["base_fen"], total["stays_fen"]) == (
            every[0][1].whole.vouchers,
            every[0][1].whole.base_fen,
            every[0][1].whole.stays_fen,
        )
        counted = total["merchants"], total["sized_merchants"], total["small_merchants"]
        assert counted == all_merchants
        more = f"{limit} of {len(every)} rows; --limit 0 shows all"
        assert (more in [*map(str, outcome.says)]) == (0 < limit < len(every))


@pytest.mark.parametrize("only", [(), ("r2",)])
def test_the_report_on_merchants_is_that_of_all(session: Session, only: tuple[str, ...]) -> None:
    with reading(session):
        scope = scope_of(session, only, None, None)
        taking = of_merchants.taking_part(session, scope)
    paid = taking.with_payments()
    silent = [each for no, each in sorted(taking.listed.items()) if no not in paid]
    assert len(paid) > 20 < len(silent)
    for top, inactive in ((3, 0), (0, 7)):
        outcome = of_merchants.report_merchants(session, only=only, top=top, inactive=inactive)
        first = [each._asdict() for each in silent[:inactive]]
        assert outcome.tables == of_merchants.tables_of(scope, taking, top, first)
        assert str(outcome.says[0]).startswith(f"{len(silent)} merchants have no payment")


@given(st.lists(st.tuples(st.integers(-5, 10**18), st.integers(-5, 10**18)), max_size=40))
def test_ratios_stand_in_the_order_of_the_law(pairs: list[tuple[int, int]]) -> None:
    by_law = sorted(pairs, key=lambda each: law.fine_ratio(*each))
    assert sorted(pairs, key=lambda each: paid_merchants.ratio_rank(*each)) == by_law
    texts = sorted((paid_merchants.ratio_rank(*each), at) for at, each in enumerate(pairs))
    assert [pairs[at] for _, at in texts] == by_law


def test_nothing_is_left_of_what_was_pooled(session: Session) -> None:
    leverage.report_leverage(session, by="merchant", limit=1)
    assert session.db.execute("SELECT count(*) FROM temp.sqlite_schema").fetchone()[0] == 0
    with reading(session):
        scope = scope_of(session, (), None, None)
        with paid_merchants.pooled(session.db, [], scope.months, scope.zone):
            assert paid_merchants.in_all(session.db)[:2] == (0, Sums())
            assert (paid_merchants.first(session.db), paid_merchants.amounts(session.db)) == (
                [],
                [],
            )


def test_a_merchant_counts_as_small_by_what_it_was_when_it_was_paid(session: Session) -> None:
    """Payments of a time without a size, or of a large one, count for neither."""
    db = session.db
    db.execute("DELETE FROM merchant_totals")
    nothing = (0,) * 8
    rows = (  # merchant, segment (SIZES), vouchers
        (1000, 100, 3),
        (1001, 102, 1),
        (1002, 106, 2),
        (1003, 104, 1),
        (1003, 106, -1),
        (1004, 102, -1),
        (1004, 100, 2),
        (1005, 102, 0),
    )
    for merchant_id, segment_id, vouchers in rows:
        key = (1, 202003, merchant_id, segment_id)
        db.execute(TOTAL, (*key, vouchers, 1, *nothing[1:]))
    told = answer(leverage.report_leverage(session, by="merchant"))["rows"]
    counts = itemgetter("merchants", "sized_merchants", "small_merchants")
    ids = dict(db.execute("SELECT merchant_no, merchant_id FROM merchants").fetchall())
    assert {ids[row["key"]]: counts(row) for row in told} == {
        1000: (1, 0, None),
        1001: (1, 1, 1),
        1002: (1, 1, 0),
        1003: (0, 0, None),
        1004: (1, 0, None),
        1005: (0, 0, None),
    }
