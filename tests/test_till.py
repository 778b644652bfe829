"""The same rows in chunks of any size, and, where no limit decides, in any files and any order: once
all are in and retried, the same facts and totals. What stands gives way to earlier rows alone.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_agreement import FACES, HOUR, START, world
from towns import PAYMENTS as HEADER
from towns import sampled

from vouchercli.ops.intake import batches, chunks
from vouchercli.ops.intake import redemptions as ops
from vouchercli.rules import times
from vouchercli.rules.subsidy import lawful_subsidy
from vouchercli.store import checks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vouchercli.session import Session

POLICIES = ("full_restores", "restores_once", "forfeits", "pro_rata")
FACTS = """
SELECT f.transaction_no, f.kind, f.claim_id, f.coupon_no, f.merchant_id, f.channel, f.paid_at,
    f.day, f.base_fen, f.subsidy_fen,
    f.public_fen, f.platform_fen, f.match_fen, f.vouchers, p.transaction_no
FROM redemption_facts f LEFT JOIN redemptions p ON p.redemption_id = f.refund_of ORDER BY 1, 2
"""
TOTALS = ("group_totals", "merchant_totals", "funder_totals")
PROVED = (
    "batches_add_up",
    "batches_have_their_facts",
    "no_voucher_redeemed_twice",
    "payments_within_validity",
    "refunds_within_payments",
    "splits_add_up",
    "facts_follow_their_split",
    "numbers_once",
    "numbers_in_runs",
    "group_totals",
    "merchant_totals",
    "funder_totals",
)

# Few vouchers, numbers and visits, so that rows meet on them.
ROW = st.fixed_dictionaries(
    {
        "transaction_no": st.sampled_from([str(number) for number in range(9)]),
        "kind": st.sampled_from(["pay", "pay", "refund"]),
        "claim_no": st.sampled_from(["a1", "a1", "a2", "b1"]),
        "coupon_no": st.sampled_from([1, 1, 2, 3]),
        "merchant_no": st.sampled_from(["m1", "m1", "m1", "m2"]),
        "hours": st.integers(2, 12),
        "base_fen": st.sampled_from([4000, 4000, 4000, 2000, 1001]),
        "told": st.sampled_from([None, None, None, 0, 501, 250]),
        "refund_of": st.sampled_from([str(number) for number in range(9)]),
    }
)
# Payments with their refunds, as they come in real files: most of them lawful when all are there.
STORY = st.fixed_dictionaries(
    {
        "number": st.integers(0, 8),
        "claim_no": st.sampled_from(["a1", "a1", "a2", "b1"]),
        "coupon_no": st.sampled_from([1, 1, 2, 3]),
        "hours": st.integers(2, 12),
        "refunds": st.lists(
            st.tuples(
                st.integers(0, 14),
                st.sampled_from([4000, 4000, 2000, 1000]),
                st.sampled_from([None, None, 0, 501, 250]),
            ),
            max_size=2,
        ),
    }
)


def told(stories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the stories."""
    rows = []
    for place, story in enumerate(stories):
        where = {
            "claim_no": story["claim_no"],
            "coupon_no": story["coupon_no"],
            "merchant_no": "m1",
        }
        rows.append(
            {
                **where,
                "transaction_no": str(story["number"]),
                "kind": "pay",
                "hours": story["hours"],
                "base_fen": 4000,
                "told": None,
                "refund_of": "",
            }
        )
        rows += [
            {
                **where,
                "transaction_no": f"r{place}{at}",
                "kind": "refund",
                "hours": story["hours"] + at,
                "base_fen": base,
                "told": fen,
                "refund_of": str(story["number"]),
            }
            for at, base, fen in story["refunds"]
        ]
    return rows


ROWS = st.one_of(
    st.lists(ROW, min_size=2, max_size=14), st.lists(STORY, min_size=1, max_size=5).map(told)
)


def line(row: dict[str, Any]) -> str:
    """A row as our own format has it."""
    face = FACES[row["coupon_no"]]
    fen = (
        row["told"]
        if row["told"] is not None
        else lawful_subsidy(row["base_fen"], face[0], face[2])
    )
    at = times.iso(START + row["hours"] * HOUR + row.get("second", 0), "Asia/Shanghai")
    cells = (
        row["transaction_no"],
        row["kind"],
        row["claim_no"],
        row["coupon_no"],
        row["merchant_no"],
        at,
        yuan(row["base_fen"]),
        "0",
        yuan(fen),
        row["refund_of"] if row["kind"] == "refund" else "",
    )
    return ",".join(map(str, cells))


def yuan(fen: int | None) -> str:
    return f"{(fen or 0) // 100}.{(fen or 0) % 100:02d}"


def come_in(session: Session, folder: Path, files: Iterable[Iterable[str]]) -> list[int]:
    """Import the files, then retry each batch until nothing changes; the batches."""
    found = import_all(session, folder, files)
    for batch in [*dict.fromkeys(found)] * 2:
        batches.retry_batch(session, batch, is_sure=True)
    return found


def import_all(session: Session, folder: Path, files: Iterable[Iterable[str]]) -> list[int]:
    found = []
    for number, rows in enumerate(files):
        path = folder / f"{number}.csv"
        path.write_text(HEADER + "\n".join([*rows, ""]), "utf-8")
        found.append(ops.import_redemptions(session, str(path), profile="voucher").data["batch"])
    return found


def stands(session: Session) -> dict[str, Any]:
    """Facts and totals, without the numbers they were given."""
    for name in PROVED:
        assert checks.CHECKS[name](session.db) == [], name
    found: dict[str, Any] = {"facts": [tuple(row) for row in session.db.execute(FACTS)]}
    for table in TOTALS:
        found[table] = sorted(tuple(row) for row in session.db.execute("SELECT * FROM " + table))
    return found


MANY = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(MANY, max_examples=6)
LINES = st.sampled_from([2, 3, 5, 1000])


@SOME
@given(policy=st.sampled_from(POLICIES), rows=ROWS, lines=LINES)
def test_a_file_in_chunks_gives_the_facts_and_totals_of_the_whole(
    policy: str, rows: list[dict[str, Any]], lines: int, tmp_path: Path
) -> None:
    assert_chunks_do_not_matter(policy, rows, lines, tmp_path)


@pytest.mark.slow
@MANY
@given(policy=st.sampled_from(POLICIES), rows=ROWS, lines=LINES)
def test_many_files_in_chunks(
    policy: str, rows: list[dict[str, Any]], lines: int, tmp_path: Path
) -> None:
    assert_chunks_do_not_matter(policy, rows, lines, tmp_path)


def assert_chunks_do_not_matter(
    policy: str, rows: list[dict[str, Any]], lines: int, tmp_path: Path
) -> None:
    one, many = world(policy, with_claims=True), world(policy, with_claims=True)
    text = [*map(line, rows)]
    come_in(one, tmp_path, [text])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", lines)
        come_in(many, tmp_path, [text])
    assert stands(many) == stands(one)


@pytest.mark.slow
@SOME
@given(policy=st.sampled_from(POLICIES), rows=ROWS, data=st.data(), lines=LINES)
def test_without_limits_the_order_of_files_does_not_matter(
    policy: str, rows: list[dict[str, Any]], data: Any, lines: int, tmp_path: Path
) -> None:
    """Each row has a second of its own, so that none is earlier by its place in a file alone."""
    rows = [row | {"second": second} for second, row in enumerate(rows)]
    shuffled, files = _shared_out(rows, data)
    one, many = (world(policy, with_claims=True, is_limited=False) for _ in "12")
    come_in(one, tmp_path, [shuffled])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", lines)
        come_in(many, tmp_path, files)
    assert stands(many) == stands(one)


@pytest.mark.slow
@SOME
@given(policy=st.sampled_from(POLICIES), rows=ROWS, data=st.data(), lines=LINES)
def test_what_stands_gives_way_only_to_an_earlier_row_of_its_voucher_or_number(
    policy: str, rows: list[dict[str, Any]], data: Any, lines: int, tmp_path: Path
) -> None:
    _, files = _shared_out(rows, data)
    session = world(policy, with_claims=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", lines)
        batches_in = import_all(session, tmp_path, files)
    for batch in dict.fromkeys(batches_in):
        before = facts_of(session)
        batches.retry_batch(session, batch, is_sure=True)
        after = facts_of(session)
        for number, kind, *voucher, at in before - after:
            if kind == "refund":
                continue  # its payment may have given way, or an earlier refund have come
            assert any(
                ((other[0] == number and other[1] == kind) or [*other[2:4]] == voucher)
                and other[4] < at
                for other in after - before
            ), (number, kind, at)
    stands(session)
    before = facts_of(session)
    for batch in dict.fromkeys(batches_in):
        batches.retry_batch(session, batch)  # nobody is asked: nothing moves any more
    assert facts_of(session) == before


def facts_of(session: Session) -> set[tuple[Any, ...]]:
    """(number, kind, claim, coupon, second) of what stands."""
    return {
        (row[0], row[1], row[2], row[3], row[6]) for row in session.db.execute(FACTS).fetchall()
    }


def _shared_out(rows: list[dict[str, Any]], data: Any) -> tuple[list[str], list[list[str]]]:
    """The rows as lines in any order, and in up to four files, some of them in two."""
    homes = data.draw(
        st.lists(
            st.sets(st.integers(0, 3), min_size=1, max_size=2),
            min_size=len(rows),
            max_size=len(rows),
        )
    )
    shuffled = data.draw(st.permutations(list(zip(map(line, rows), homes, strict=True))))
    files = [[text for text, home in shuffled if number in home] for number in range(4)]
    return [text for text, _ in shuffled], [file for file in files if file]


KNOWN = {
    "a payment, its refund, and the voucher used again": (
        "full_restores",
        [
            {"transaction_no": "T1", "hours": 3},
            {"transaction_no": "R1", "kind": "refund", "hours": 4, "refund_of": "T1"},
            {"transaction_no": "T2", "hours": 5},
        ],
    ),
    "two refunds in part, the later one first": (
        "pro_rata",
        [
            {"transaction_no": "T1", "hours": 3},
            {
                "transaction_no": "R1",
                "kind": "refund",
                "hours": 4,
                "refund_of": "T1",
                "base_fen": 1000,
                "told": 250,
            },
            {
                "transaction_no": "R2",
                "kind": "refund",
                "hours": 30,
                "refund_of": "T1",
                "base_fen": 3000,
                "told": 751,
            },
        ],
    ),
    "one number three times": (
        "forfeits",
        [
            {"transaction_no": "T1", "hours": 3},
            {"transaction_no": "T1", "hours": 4, "coupon_no": 2},
            {"transaction_no": "T1", "hours": 5, "claim_no": "b1"},
        ],
    ),
}


ORDERS = {"".join(map(str, order)): order for order in permutations(range(3))}


@pytest.mark.parametrize("story", KNOWN)
@pytest.mark.parametrize("order", sampled(ORDERS, 2))
def test_three_files_in_every_order(story: str, order: tuple[int, ...], tmp_path: Path) -> None:
    policy, changes = KNOWN[story]
    plain = {
        "kind": "pay",
        "claim_no": "a1",
        "coupon_no": 1,
        "merchant_no": "m1",
        "base_fen": 4000,
        "told": None,
        "refund_of": "",
    }
    rows = [line(plain | change) for change in changes]
    one, many = world(policy, with_claims=True), world(policy, with_claims=True)
    come_in(one, tmp_path, [rows])
    come_in(many, tmp_path, [[rows[place]] for place in order])
    assert stands(many) == stands(one)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_under_a_limit_those_stand_that_came_first(order: tuple[int, ...], tmp_path: Path) -> None:
    rows = [
        line({"kind": "pay", "merchant_no": "m1", "base_fen": 4000, "told": None} | change)
        for change in (
            {"transaction_no": "T1", "hours": 3, "claim_no": "a1", "coupon_no": 1},
            {"transaction_no": "T2", "hours": 4, "claim_no": "a1", "coupon_no": 2},
            {"transaction_no": "T3", "hours": 5, "claim_no": "a2", "coupon_no": 1},
        )
    ]
    session = world("full_restores", with_claims=True)
    come_in(session, tmp_path, [[rows[place]] for place in order])
    assert {row[0] for row in facts_of(session)} == {f"T{place + 1}" for place in order[:2]}
