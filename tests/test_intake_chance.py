"""Chance against the intake: bytes and cells damaged anywhere, files in any order, again and again.
Nothing lost, nothing doubled.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from towns import ask

if TYPE_CHECKING:
    from pathlib import Path

City = Any
HEADER = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of"
LAWFUL = (
    "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,5,10,",
    "R1,refund,C1,1,M1,2020-03-27 10:00:00,50,5,10,T1",
    "T2,pay,C1,1,M2,2020-03-27 11:00:00,45,0,10,",
    "T3,pay,C1,4,M1,2020-03-28 09:00:00,3638,0,363.80,",
    "T4,pay,C2,1,M1,2020-03-27 09:00:00,40,0,10,",
    "T5,pay,C2,2,M1,2020-03-27 09:00:00,40,0,10,",
    "R5,refund,C2,2,M1,2020-03-29 09:00:00,20,0,5,T5",
    "T6,pay,C3,3,M2,2020-04-02 09:00:00,99.99,0,10,",
)
FILE = "\n".join((HEADER, *LAWFUL, "")).encode()
FACTS = """
SELECT r.transaction_no, r.kind, c.claim_no, r.coupon_no, m.merchant_no, r.paid_at, r.base_fen,
    r.subsidy_fen, r.vouchers,
    p.transaction_no
FROM redemption_facts r JOIN claims c USING (claim_id) JOIN merchants m USING (merchant_id)
LEFT JOIN redemptions p ON p.redemption_id = r.refund_of
ORDER BY 1, 2
"""


def fresh(here: Path) -> None:
    """The town as it was when it was built (the first call keeps it)."""
    kept = here / "kept.db"
    if not kept.exists():
        shutil.copy(here / "voucher.db", kept)
    for stray in here.glob("voucher.db-*"):
        stray.unlink()
    shutil.copy(kept, here / "voucher.db")


def facts(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, FACTS)


# ---------------------------------------------------------------- damage

BYTES = st.tuples(
    st.sampled_from(["flip", "delete", "insert", "cut", "double"]),
    st.integers(0, len(FILE) - 1),
    st.integers(0, 255),
)
CELLS = st.tuples(
    st.integers(0, len(LAWFUL)),
    st.integers(0, 9),
    st.sampled_from(
        [
            "",
            "x",
            '"',
            "1,2",
            "-1",
            "999999999999999999999",
            "=1+1",
            "150:20:00",
            "1E+20",
            "\ufffd",
            "２０",
            "\n",
            "\r",
            "'",
            "`",
            "C1",
            "M1",
            "T1",
            "refund",
            "2020-03-27 09:00:00",
            "0",
            "\u2028",
            "NaN",
            "٣",
        ]
    ),
)


def damaged(raw: bytes, how: str, at: int, byte: int) -> bytes:
    at = min(at, len(raw))
    return {
        "flip": raw[:at] + bytes((byte,)) + raw[at + 1 :],
        "delete": raw[:at] + raw[at + 1 + byte % 9 :],
        "insert": raw[:at] + bytes((byte,)) + raw[at:],
        "cut": raw[:at],
        "double": raw[:at] + raw[max(at - byte, 0) :],
    }[how]


def with_cells(changes: list[tuple[int, int, str]]) -> bytes:
    rows = [line.split(",") for line in (HEADER, *LAWFUL)]
    for line, column, cell in changes:
        rows[line][column] = cell
    return "".join(",".join(row) + "\n" for row in rows).encode()


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cells=st.lists(CELLS, max_size=3), strokes=st.lists(BYTES, max_size=3))
def test_damage_anywhere_never_breaks_the_sum_the_books_or_the_program(
    city: City, here: Path, cells: list[tuple[int, int, str]], strokes: list[tuple[str, int, int]]
) -> None:
    voucher = city()
    fresh(here)
    raw = with_cells(cells)
    for stroke in strokes:
        raw = damaged(raw, *stroke)
    (here / "f.csv").write_bytes(raw)
    before = facts(here)
    ran = voucher("redemption", "import", "f.csv", "-o", "json", expect=None)
    assert ran.code in (0, 3, 4), ran.err
    if ran.code == 3:
        assert facts(here) == before and ran.json["problems"][0]["message"]
        return
    data = ran.data
    assert data["read"] == data["accepted"] + data["duplicate"] + data["rejected"]
    assert data["rejected"] == sum(data["reasons"].values())
    assert (ran.code == 4) == (data["rejected"] > 0)
    assert len(facts(here)) == data["accepted"]
    voucher("check")
    again = voucher("batch", "retry", str(data["batch"]), "-o", "json", expect=None)
    assert again.code in (0, 4) and again.data["read"] == data["rejected"]
    voucher("check")


# ---------------------------------------------------------------- order


@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    homes=st.lists(
        st.sets(st.integers(0, 2), min_size=1), min_size=len(LAWFUL), max_size=len(LAWFUL)
    ),
    order=st.permutations(range(3)),
    shuffle=st.randoms(use_true_random=False),
)
def test_lawful_files_that_overlap_give_the_same_facts_in_any_order(
    city: City, here: Path, homes: list[set[int]], order: list[int], shuffle: Any
) -> None:
    """Each row stands in one, two or all of three files; what waits for another file is taken in by
    retries. One thing is asked of them: a payment that comes after a later one on its voucher
    brings its refund along (T1 and R1), else neither is lawful yet.
    """
    homes[1] = homes[0] | homes[1]
    voucher = city()
    fresh(here)
    (here / "whole.csv").write_bytes(FILE)
    assert voucher("redemption", "import", "whole.csv", "-o", "json").data["accepted"] == len(
        LAWFUL
    )
    wanted, report = facts(here), voucher("report", "leverage", "--by", "day", "-o", "json").data
    fresh(here)
    waiting = []
    for name in order:
        rows = [row for row, files in zip(LAWFUL, homes, strict=True) if name in files]
        shuffle.shuffle(rows)
        (here / f"{name}.csv").write_text("\n".join((HEADER, *rows, "")))
        data = voucher("redemption", "import", f"{name}.csv", "-o", "json", expect=None).data
        assert data["read"] == len(rows) == data["accepted"] + data["duplicate"] + data["rejected"]
        waiting.append(data["batch"])
    for batch in waiting * 2:
        voucher("batch", "retry", str(batch), expect=None)
    assert facts(here) == wanted
    assert voucher("report", "leverage", "--by", "day", "-o", "json").data == report
    voucher("check")
