"""Rejects that were exported, mended and imported again are closed, row by row; the undo of the
mended file opens them again.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import towns
from test_undo import PAYMENTS, T1, T2, T3, counts, take_in
from towns import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    City = Callable[..., Callable[..., Ran]]

LATE = T3.replace("2020-03-27", "2020-03-26")  # before it was claimed: not_yet_valid
BAD = T2.replace(",45,", ",4a,")  # bad_amount
SOURCE = PAYMENTS + T1 + BAD + LATE


def export(voucher: Callable[..., Ran], batch: int, to: str = "rejects.csv") -> list[list[str]]:
    Path(to).unlink(missing_ok=True)
    voucher("batch", "rejects", str(batch), "--to", to)
    with Path(to).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def bring_back(rows: list[list[str]], name: str = "mended.csv") -> str:
    with Path(name).open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return name


def mended(rows: list[list[str]], *which: int) -> list[list[str]]:
    """The rows with their amount and time put right."""
    return [
        [cell.replace("4a", "45").replace("2020-03-26", "2020-03-27") for cell in row]
        if at in which
        else row
        for at, row in enumerate(rows)
    ]


def is_open(voucher: Callable[..., Ran], batch: int) -> tuple[int, list[int]]:
    """How many rejects are open as `batch list` and `batch rejects` say."""
    listed = voucher("batch", "list", "-o", "json").data["batches"]
    shown = voucher("batch", "show", str(batch), "-o", "json").data
    rows = voucher("batch", "rejects", str(batch), "-o", "json").data["rejects"]
    (in_list,) = [each["open"] for each in listed if each["batch"] == batch]
    assert in_list == shown["open"] == len(rows)
    return in_list, [row["line"] for row in rows]


def test_the_export_says_which_reject_each_row_is(city: City) -> None:
    voucher = city()
    batch = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    head, *rows = export(voucher, batch)
    sha = voucher("batch", "show", str(batch), "-o", "json").data["sha256"][:8]
    assert head[-3:] == ["reject_reason", "reject_explanation", "reject_row"]
    assert [row[-1] for row in rows] == [
        f"batch {batch} line 3 {sha}",
        f"batch {batch} line 4 {sha}",
    ]


def test_a_mended_row_closes_its_reject(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    assert is_open(voucher, first) == (2, [3, 4])
    file = bring_back(mended(export(voucher, first), 1, 2))
    ran = voucher("redemption", "import", file)
    assert f"2 rejects of batch {first} are closed: they came back right\n" in ran.err
    assert is_open(voucher, first) == (0, [])
    assert counts(voucher, first) == ("done", 3, 1, 0, 2)  # what became of the rows of that file
    shown = voucher("batch", "show", str(first))
    assert f"2 of 2 rejects are closed: voucher batch rejects {first} --closed\n" in shown.err
    assert "batch retry" not in shown.err
    assert "Open" in voucher("batch", "list").out
    assert export(voucher, first)[1:] == []
    voucher("check")


def test_the_closed_ones_are_listed_with_where_they_came_back(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    closed = ("batch", "rejects", str(first), "--closed")
    assert voucher(*closed).err == f"no reject of batch {first} has come back mended\n"
    file = bring_back(mended(export(voucher, first), 1, 2))
    second = voucher("redemption", "import", file, "-o", "json").data["batch"]
    rows = voucher(*closed, "-o", "json").data["rejects"]
    assert [(row["line"], row["by_batch"], row["by_line"]) for row in rows] == [
        (3, second, 2),
        (4, second, 3),
    ]
    assert "已办结的未通过行" in voucher(*closed, "--lang", "zh").out


def test_when_only_some_rows_were_mended_the_others_stay_open(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    file = bring_back(mended(export(voucher, first), 2))
    second = voucher("redemption", "import", file, "-o", "json", expect=4).data["batch"]
    assert is_open(voucher, first) == (1, [3])
    assert is_open(voucher, second) == (1, [2])
    # it is one row: only as it came last is it open among all
    every = voucher("batch", "rejects", "--all-batches", "-o", "json").data["rejects"]
    assert [(row["batch"], row["line"], row["file"]) for row in every] == [
        (second, 2, "mended.csv")
    ]
    # mended from there it closes both
    third = bring_back(mended(export(voucher, second), 1), "third.csv")
    number = voucher("redemption", "import", third, "-o", "json").data["batch"]
    assert is_open(voucher, first) == is_open(voucher, second) == (0, [])
    assert voucher("batch", "rejects", "--all-batches").err == "no reject is open\n"
    # and one that was between does not open what the last one mended
    voucher("batch", "undo", str(second), "--yes")
    assert is_open(voucher, first) == (1, [4])
    voucher("batch", "undo", str(number), "--yes")
    assert is_open(voucher, first) == (2, [3, 4])


def test_a_reject_that_comes_back_twice_is_open_until_both_are_right(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    head, bad, late = mended(export(voucher, first), 1)
    ran = voucher("redemption", "import", bring_back([head, bad, late, late]), expect=4)
    assert "1 rejects of batch" in ran.err
    assert is_open(voucher, first) == (1, [4])
    split = [cell.replace("T2", "T9") for cell in bad]  # of one row two, and one of them wrong
    second = voucher("redemption", "import", bring_back([head, bad, split], "s.csv"), expect=4)
    assert "closed" not in second.err


def test_rows_that_were_left_out_stay_open(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    head, _, late = mended(export(voucher, first), 2)
    voucher("redemption", "import", bring_back([head, late]))
    assert is_open(voucher, first) == (1, [3])


def test_the_undo_of_the_mended_file_opens_them_again(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    file = bring_back(mended(export(voucher, first), 1, 2))
    second = voucher("redemption", "import", file, "-o", "json").data["batch"]
    ran = voucher("batch", "undo", str(second), "--yes")
    assert f"2 rejects of batch {first} are open again\n" in ran.err
    assert is_open(voucher, first) == (2, [3, 4])


def test_what_another_file_brought_right_too_stays_closed(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    file = bring_back(mended(export(voucher, first), 1, 2))
    second = voucher("redemption", "import", file, "-o", "json").data["batch"]
    take_in(voucher, "redemption", "late.csv", PAYMENTS + T3)
    voucher("batch", "undo", str(second), "--yes")
    assert is_open(voucher, first) == (1, [3])


def test_a_closed_reject_is_not_judged_again(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    voucher("redemption", "import", bring_back(mended(export(voucher, first), 1, 2)))
    data = voucher("batch", "retry", str(first), "-o", "json").data
    assert (data["read"], data["rejected"]) == (0, 0)
    assert is_open(voucher, first) == (0, [])


def test_a_retry_says_nothing_of_closed_rejects_but_their_number(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    head, *rows = export(voucher, first)
    voucher("redemption", "import", bring_back([head, *mended(rows, 1)]), expect=4)
    said = voucher("batch", "retry", str(first), expect=None).err
    assert f"1 of 2 rejects are closed: voucher batch rejects {first} --closed" in said
    assert "paid.csv:3: error" in said and "paid.csv:4:" not in said


def test_an_export_of_the_old_kind_still_comes_in(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    rows = [row[:-1] for row in mended(export(voucher, first), 1, 2)]
    assert "closed" not in voucher("redemption", "import", bring_back(rows)).err
    assert is_open(voucher, first) == (2, [3, 4])


def test_the_export_of_another_city_closes_nothing(city: City) -> None:
    voucher = city()
    first = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    rows = mended(export(voucher, first), 1, 2)
    rows = [rows[0], *([*row[:-1], f"batch {first} line 3 00000000"] for row in rows[1:])]
    voucher("redemption", "import", bring_back(rows))
    assert is_open(voucher, first) == (2, [3, 4])


def test_every_kind_of_file_closes_its_rejects(city: City) -> None:
    voucher = city(with_claims=False)
    resident, when = "330102199001010011", "2020-03-27 08:00:01"
    files = {
        "claim": ("claim_no,round,resident,claimed_at\n", f"C1,r1,{resident},{when}\n", when),
        "application": (
            "application_no,round,resident,applied_at\n",
            f"A1,r1,{resident},{when}\n",
            when,
        ),
        "eligibility": ("resident,group\n", f"{resident},needy\n", resident),
        "merchant": ("merchant_no,name\n", "M7,茶馆\n", "茶馆"),
    }
    for kind, (head, row, right) in files.items():
        batch = take_in(voucher, kind, f"{kind}.csv", head + row.replace(right, ""), expect=4)
        header, reject = export(voucher, batch)
        reject[header.index(head.strip().split(",")[row.strip().split(",").index(right)])] = right
        voucher(kind, "import", bring_back([header, reject], f"{kind}2.csv"))
        assert is_open(voucher, batch) == (0, []), kind
    assert ask(".", "SELECT count(*) FROM mended_rejects") == [(4,)]


def test_rejects_of_all_batches_can_be_asked_by_kind(city: City) -> None:
    voucher = city()
    paid = take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    take_in(voucher, "merchant", "m.csv", "merchant_no,name\nM7,\n", expect=4)
    every = ("batch", "rejects", "--all-batches")
    assert len(voucher(*every, "-o", "json").data["rejects"]) == 3
    of_kind = voucher(*every, "--kind", "redemptions", "-o", "json").data["rejects"]
    assert {row["batch"] for row in of_kind} == {paid}
    assert (
        "名册" in voucher(*every, "--lang", "zh").out
        or "商户名录" in voucher(*every, "--lang", "zh").out
    )
    assert len(voucher(*every, "-o", "csv").out.splitlines()) == 4
    for words in (
        ("batch", "rejects"),
        ("batch", "rejects", "3", "--all-batches"),
        ("batch", "rejects", "--all-batches", "--closed"),
        ("batch", "rejects", "--all-batches", "--to", "x.csv"),
    ):
        assert "[which_batch]" in voucher(*words, expect=2).err


# ---------------------------------------------------------------- hints


def test_nothing_is_judged_again_where_that_cannot_help(city: City) -> None:
    voucher = city()
    conflicting = "merchant_no,name\nM7,茶馆\nM7,书店\n"
    ran = voucher("merchant", "import", towns.write("m.csv", conflicting), expect=4)
    assert "correct them: voucher batch rejects 3 --to rejects.csv\n" in ran.err
    assert "batch retry" not in ran.err
    assert "batch retry" not in voucher("batch", "show", "3").err
    waiting = T1.replace("C1", "C9")  # its claim may come
    ran = voucher("redemption", "import", towns.write("p.csv", PAYMENTS + waiting), expect=4)
    assert "or judge them again: voucher batch retry 4" in ran.err


def test_a_table_of_batches_has_no_column_of_open_rejects_before_any_came_back(
    city: City,
) -> None:
    voucher = city()
    take_in(voucher, "redemption", "paid.csv", SOURCE, expect=4)
    assert "Open" not in voucher("batch", "list").out
