"""A bill is held against what stands here: what agrees is counted by day, what does not has a name.
All bills of these tests are synthetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_settlements import LATER, MEI, build, pay, spend

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = "transaction_no,kind,merchant_no,paid_at,amount,refund_of,status\n"
DAY = (
    "T1,pay,M1,2020-03-27 10:01,10,,",
    "T2,pay,M1,2020-03-27 10:02,10,,",
    "T3,pay,M1,2020-03-27 10:03,10,,",
    "T4,pay,M2,2020-03-27 10:04,10,,",
    "T5,pay,M3,2020-03-27 10:05,10,,",
)


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Five payments on 27 March."""

    def all_of_it() -> None:
        build(voucher)
        spend(voucher)

    once("reconcile", all_of_it)
    return voucher


def run(voucher: Any, rows: Iterable[str], *args: str, name: str = "bill.csv", **ran: Any) -> Any:
    towns.write(name, HEAD + "".join(f"{row}\n" for row in rows))
    return voucher("reconcile", "run", name, "-o", "json", *MEI, *LATER, *args, **ran)


def test_a_bill_that_agrees_has_no_break(town: Any) -> None:
    answer = run(town, DAY).data
    assert (answer["agreed"], answer["agreed_fen"], answer["breaks"]) == (5, 5_000, {})
    assert (answer["read"], answer["accepted"], answer["first_on"]) == (5, 5, "2020-03-27")
    town("check")


def breaks(voucher: Any, *args: str) -> list[tuple[str, str, int, int]]:
    """(type, number, ours, theirs) of what does not agree."""
    found = voucher("reconcile", "breaks", "-o", "json", *LATER, *args).data["breaks"]
    return [
        (each["type"], each["transaction_no"], each["our_fen"], each["their_fen"]) for each in found
    ]


def test_every_kind_of_break_has_its_name_and_the_days_add_up(town: Any) -> None:
    rows = (
        "T1,pay,M1,2020-03-27 10:01,10,,",
        "T1,pay,M1,2020-03-27 10:01,10,,",
        "T2,pay,M1,2020-03-27 10:02,9.50,,",
        "T3,pay,M2,2020-03-27 10:03,10,,",
        "T4,pay,M2,2020-03-27 10:04,10,,closed",
        "X9,pay,M3,2020-03-27 10:05,10,,",
    )
    answer = run(town, rows).data
    assert answer["breaks"] == {
        "missing_here": 1,
        "missing_there": 1,
        "amount": 1,
        "merchant": 1,
        "duplicate": 1,
        "status": 1,
    }
    assert breaks(town) == [
        ("amount", "T2", 1_000, 950),
        ("merchant", "T3", 1_000, 1_000),
        ("status", "T4", 1_000, 0),
        ("missing_here", "X9", 0, 1_000),
        ("missing_there", "T5", 1_000, 0),
        ("duplicate", "T1", 0, 1_000),
    ]
    town("check")


def test_what_comes_later_clears_a_break_and_the_same_file_again_says_so(town: Any) -> None:
    late = "T6,pay,M2,2020-03-27 12:00,10,,"
    assert run(town, (*DAY, late)).data["breaks"] == {"missing_here": 1}
    again = run(town, (*DAY, late))
    assert again.data["run"] is None
    pay(town, "late.csv", "T6 C2 1 M2 2020-03-27 12:00")
    cleared = run(town, (*DAY, late)).data
    assert (cleared["run"], cleared["cleared"], cleared["breaks"]) == (2, 1, {})
    assert breaks(town, "--state", "open") == []
    shown = town("reconcile", "show", "1", "-o", "json").data
    assert (shown["state"], shown["cleared_run"]) == ("cleared", 2)
    town("check")


def test_a_day_that_ends_at_another_hour_makes_no_two_breaks(town: Any) -> None:
    pay(town, "late.csv", "T6 C2 1 M2 2020-03-27 23:30", "T7 C2 2 M2 2020-03-28 09:00")
    first = run(town, DAY, "--since", "2020-03-27", "--until", "2020-03-27").data
    assert first["breaks"] == {"missing_there": 1}
    rows = ("T6,pay,M2,2020-03-27 23:30,10,,", "T7,pay,M2,2020-03-28 09:00,10,,")
    then = run(town, rows, "--since", "2020-03-28", "--until", "2020-03-28", name="next.csv").data
    assert (then["breaks"], then["cleared"], then["rejected"]) == ({}, 1, 0)
    assert breaks(town, "--state", "open") == []
    town("check")


def test_an_undone_bill_takes_its_breaks_with_it(town: Any) -> None:
    batch = run(town, DAY[:4]).data["batch"]
    town("batch", "undo", str(batch), "--yes", *MEI, *LATER)
    assert breaks(town) == []
    town("check")
