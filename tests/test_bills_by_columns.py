"""A bill by columns has the breaks, ages, candidates, counts and rejects that it has row by row, on
random dirty synthetic bills.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars import lit
from test_reconcile_worlds import ALL, lay_down
from test_settlements import MEI

from vouchercli.errors import VoucherError
from vouchercli.formats.columnar import spills
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake.by_columns import bills, our_rows
from vouchercli.ops.reconciling import runs

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "transaction_no,kind,merchant_no,paid_at,amount,refund_of,status"
ROWS, COLUMNS = 1 << 40, 1
# The cells of a row of ours as another may write them; mostly as they are.
ODD = {
    0: ("T11", "T12", "R21", "X1", "X1", "", "1.38E+10", " T21", '"T22"', "T-1", "13812345678"),
    1: ("pay", "refund", "退款", "支付", "", "other"),
    2: ("M1", "M2", "M3", "", "M9", "P1", "`M1", "330102199001010012"),
    3: (
        "2020-03-27 10:00:00",
        "2020-03-28 00:00:00",
        "2020-03-29 23:59:59",
        "2020-03-27 10:00",
        "20200328100000",
        "2020/3/27 9:00",
        "2020-03-35 10:00:00",
        "2031-01-01 10:00:00",
        "soon",
        "",
    ),
    4: ("10.00", "10", "10.01", "9.99", "4.00", "-10.00", "1,000.00", "￥10.00", "ten", "", "0"),
    5: ("T11", "T21", "T31", "", "NULL"),
    6: ("", "SUCCESS", "成功", "CLOSED", "Paid", "NULL", "13812345678"),
}
TABLES = {
    "breaks": "SELECT * FROM breaks ORDER BY break_id",
    "parts": "SELECT * FROM break_parts ORDER BY 1, 2, 3",
    "days": "SELECT * FROM reconciled_days ORDER BY 1, 2",
    "beyond": "SELECT * FROM agreed_beyond ORDER BY 1, 2, 3",
    "runs": """SELECT run_id, batch_id, first_on, last_on, adds, opened, standing, cleared
        FROM reconciliations ORDER BY 1""",
    "rejects": "SELECT batch_id, line, reason, detail, cells FROM rejects ORDER BY 1, 2",
    "warnings": "SELECT batch_id, line, reason, detail FROM warnings ORDER BY 1, 2, 3",
    "batches": """SELECT batch_id, kind, state, read, accepted, duplicate, rejected, warnings
        FROM batches WHERE kind = 'bills' ORDER BY 1""",
}


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    once("reconcile-worlds", lambda: lay_down(voucher))
    return voucher


def written(row: Any) -> tuple[str, ...]:
    at = f"2020-03-{row.day:02d} 12:00:00"
    return (row.number, row.kind, row.merchant, at, f"{row.fen / 100:.2f}", row.of, "")


@st.composite
def files(draw: Callable[..., Any]) -> list[str]:
    """The lines of a bill: mostly as the rows stand here."""
    lines = []
    for row in ALL:
        cells = list(written(row))
        what = draw(st.sampled_from(["right"] * 5 + ["left out", "odd", "twice", "cut", "break"]))
        if what == "left out":
            continue
        if what == "odd":
            place = draw(st.sampled_from(sorted(ODD)))
            cells[place] = draw(st.sampled_from(ODD[place]))
        if what == "break":
            cells[6] = '"SUC\nCESS"' if draw(st.integers(0, 9)) == 0 else '"success"'
        line = ",".join(cells[:-1] if what == "cut" else cells)
        lines += [line] * (2 if what == "twice" else 1)
    return draw(st.permutations(lines)) or [",".join(written(ALL[0]))]


def hold(path: Path, lines: list[str], size: int, *wanted: runs.Wanted) -> list[Any]:
    """What there is after the bill was held against what stands here, by columns from `size`
    bytes on; all of it is taken back.
    """
    path.write_text("\n".join([HEAD, *lines]) + "\n", "utf-8")
    found: list[Any] = []
    with (
        pytest.MonkeyPatch.context() as patch,
        towns.session(path.parent / "voucher.db", "mei") as session,
    ):
        patch.setattr(by_columns, "BYTES", size)
        patch.setattr(by_columns, "is_large", lambda _: size == COLUMNS)
        patch.setattr(chunks, "LINES", 7)
        patch.setattr(spills, "AT_ONCE", 9)
        for each in wanted:
            try:
                found.append(runs.run(session, str(path), each).data)
            except VoucherError as error:
                found.append((error.code, str(error)))
        found += [[tuple(row) for row in session.db.execute(sql)] for sql in TABLES.values()]
        found.append([tuple(row) for row in session.db.execute("SELECT deed, detail FROM audit")])
    return found


DAYS = st.sampled_from([(None, None), (20200327, 20200328), (20200328, None), (None, 20200327)])


@settings(
    max_examples=int(os.environ.get("ORDERS", "8")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(first=files(), then=files(), days=DAYS, is_one_round=st.booleans())
def test_a_bill_by_columns_comes_to_the_same_as_row_by_row(
    town: Any, first: list[str], then: list[str], days: Any, is_one_round: bool
) -> None:
    here = Path("voucher.db")
    before = here.read_bytes()
    wanted = runs.Wanted(*days, round="r1" if is_one_round else None)
    outcomes = []
    for size in (ROWS, COLUMNS):
        here.write_bytes(before)
        left = [hold(Path.cwd() / "first.csv", first, size, wanted)]
        left += [hold(Path.cwd() / "then.csv", then, size, runs.Wanted(), runs.Wanted())]
        left += [hold(Path.cwd() / "first.csv", first, size, wanted)]  # and again
        outcomes.append(left)
    here.write_bytes(before)
    for by_rows, columns in zip(*outcomes, strict=True):
        assert columns == by_rows


def test_plain_rows_are_not_staged(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed = []
    match = bills.Plain.match
    monkeypatch.setattr(
        bills.Plain, "match", lambda *args: (match(*args), agreed.append(args[0].agreed))[0]
    )
    lines = [",".join(written(row)) for row in ALL]
    data = hold(Path.cwd() / "bill.csv", lines[1:], COLUMNS, runs.Wanted())[0]
    assert (agreed, data["agreed"], data["breaks"]) == ([15], 15, {"missing_there": 1})
    town("check")


def test_rows_that_come_in_while_a_bill_is_read_are_held_against_it(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ALL[0]._replace(number="T15", day=28)
    read = bills.Plain.others

    def others(plain: Any, chunk: Any) -> Any:
        yield from read(plain, chunk)
        if not Path("late.csv").exists():
            line = "T15,pay,C1,5,M2,2020-03-28 12:00,50,0,10.00,\n"
            towns.write("late.csv", towns.PAYMENTS + line)
            town("redemption", "import", "late.csv", *MEI)

    monkeypatch.setattr(bills.Plain, "others", others)
    lines = [",".join(written(row)) for row in (*ALL, late)]
    data = hold(Path.cwd() / "bill.csv", lines, COLUMNS, runs.Wanted())[0]
    assert (data["agreed"], data["breaks"]) == (len(ALL) + 1, {})


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("bill.csv", lambda text: text.rstrip("\n").encode()),
        ("bill.csv", lambda text: text.replace("\n", "\r\n").encode()),
        ("bill.csv", lambda text: text.encode("gb18030")),
        ("bill.csv.gz", lambda text: gzip.compress(text.encode())),
    ],
    ids=["no end", "returns", "gb18030", "packed"],
)
def test_lines_that_are_left_are_found_again_in_any_file(
    town: Any, monkeypatch: pytest.MonkeyPatch, name: str, pack: Callable[[str], bytes]
) -> None:
    monkeypatch.setattr(by_columns, "is_large", lambda _: True)
    monkeypatch.setattr(chunks, "LINES", 7)
    rows = [written(row) for row in ALL]
    rows[3] = (*rows[3][:4], "9.00", *rows[3][5:6], "成功")
    rows[-1] = (*rows[-1][:4], "9.99", *rows[-1][5:])
    text = "\n".join([HEAD, *map(",".join, rows)]) + "\n"
    Path(name).write_bytes(pack(text))
    with towns.session(Path("voucher.db"), "mei") as session:
        data = runs.run(session, name, runs.Wanted()).data
        lines = [*session.db.execute("SELECT line, their_fen FROM breaks ORDER BY line")]
    assert data["breaks"] == {"amount": 2}
    assert [*map(tuple, lines)] == [(5, 900), (17, -999)]


def test_the_two_keys_of_a_number_are_not_alike() -> None:
    numbers = pl.DataFrame({"transaction_no": [f"4200{n:024d}" for n in range(5_000)]})
    kinds = [numbers.with_columns(is_refund=lit(each)) for each in (False, True)]
    frame = pl.concat(kinds).select(**our_rows.keys())
    assert {each.n_unique() for each in frame} == {10_000}
    spread = (frame["key"] ^ frame["check"]).bitwise_count_ones()
    assert 31 < spread.mean() < 33 and spread.n_unique() > 20  # of 64 bits half differ
    assert our_rows.keys_of([("4200" + "0" * 24, True)]).tolist() == [frame["key"][5_000]]
