"""The program finds in random synthetic bills the breaks that a plain oracle finds, whatever is
wrong with them: late and doubled rows, amounts that are off, days cut at another hour, refunds in
one row there and two here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_reconciling import Row, breaks
from test_settlements import MEI, build

from vouchercli.ops.reconciling import runs

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = "2020-03-{:02d}"
OURS = [
    Row(f"T{claim}{coupon}", "pay", f"M{1 + coupon % 3}", 26 + claim, 1_000)
    for claim in (1, 2, 3)
    for coupon in (1, 2, 3, 4)
]
# one payment given back in two parts, on two days; one in one part; one whole
REFUNDS = [
    Row("R111", "refund", "M2", 27, 400, "T11"),
    Row("R112", "refund", "M2", 28, 400, "T11"),
    Row("R21", "refund", "M2", 28, 500, "T21"),
    Row("R31", "refund", "M2", 29, 1_000, "T31"),
]
ALL = OURS + REFUNDS


def lay_down(voucher: Any) -> None:
    """The payments and refunds of OURS and REFUNDS."""
    build(voucher)
    claims = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in (1, 2, 3)]
    towns.write("claims.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "claims.csv", *MEI)
    lines = []
    for row in ALL:
        claim, coupon = (row.of or row.number)[1:3]
        price = row.fen // 20 if row.kind == "refund" else 50
        lines.append(
            f"{row.number},{row.kind},C{claim},{coupon},{row.merchant},{DAY.format(row.day)} 12:00,"
            f"{price},0,{row.fen / 100:.2f},{row.of}\n"
        )
    towns.write("paid.csv", towns.PAYMENTS + "".join(lines))
    voucher("redemption", "import", "paid.csv", *MEI)


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    once("reconcile-worlds", lambda: lay_down(voucher))
    return voucher


@st.composite
def bills(draw: Callable[..., Any]) -> list[Row]:
    """A bill as a platform sends it: mostly right."""
    rows: list[Row] = []
    for row in ALL:
        what = draw(
            st.sampled_from(
                ["right"] * 6 + ["left out", "late", "off", "twice", "shop", "void", "unnamed"]
            )
        )
        if what == "left out":
            continue
        changed = {
            "late": {"day": row.day + 1},
            "off": {"fen": row.fen + draw(st.sampled_from([-1, 1, 100]))},
            "shop": {"merchant": "M3" if row.merchant != "M3" else "M1"},
            "void": {"status": "CLOSED"},
            "unnamed": {"merchant": ""},
        }.get(what, {})
        rows += [row._replace(**changed)] * (2 if what == "twice" else 1)
    if draw(st.booleans()):  # both parts in one row
        rows = [row for row in rows if row.of != "T11"]
        fen = draw(st.sampled_from([800, 800, 700]))
        rows.append(Row("RR", "refund", "M2", draw(st.sampled_from([27, 28])), fen, "T11"))
    rows += [
        Row(f"X{n}", draw(st.sampled_from(["pay", "refund"])), "M1", 28, 1_000)
        for n in range(draw(st.integers(0, 2)))
    ]
    rows = draw(st.permutations(rows))
    return [row for row in rows if row.day <= draw(st.sampled_from([28, 29, 30, 30]))] or [OURS[0]]


def hold(folder: Path, rows: list[Row]) -> tuple[list[tuple[Any, ...]], int]:
    """What the program finds in a bill, and forgets again."""
    text = "transaction_no,kind,merchant_no,paid_at,amount,refund_of,status\n" + "".join(
        f"{r.number},{r.kind},{r.merchant},{DAY.format(r.day)} 12:00,{r.fen / 100:.2f},{r.of},{r.status}\n"
        for r in rows
    )
    file = folder / "bill.csv"
    file.write_text(text, "utf-8")
    with towns.session(folder / "voucher.db", "mei") as session:
        runs.run(session, str(file), runs.Wanted())
        found = session.db.execute(
            "SELECT type, our_fen, their_fen FROM breaks WHERE cleared_at IS NULL"
        ).fetchall()
        whole = session.db.execute("SELECT sum(agreed_their_rows) FROM reconciled_days").fetchone()
        for table in ("break_parts", "breaks", "reconciled_days", "agreed_beyond"):
            session.db.execute(EMPTY(table))
        session.db.execute("DELETE FROM reconciliations")
        session.db.execute("DELETE FROM batches WHERE kind = 'bills'")
        session.db.commit()
    return sorted(map(tuple, found)), whole[0]


EMPTY: Callable[[str], str] = "DELETE FROM {}".format


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bills())
def test_random_bills_have_the_breaks_of_the_oracle(town: Any, rows: list[Row]) -> None:
    assert hold(Path.cwd(), rows) == breaks(rows, ALL)


@pytest.mark.slow
@settings(
    max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bills())
def test_many_random_bills_have_the_breaks_of_the_oracle(town: Any, rows: list[Row]) -> None:
    assert hold(Path.cwd(), rows) == breaks(rows, ALL)
