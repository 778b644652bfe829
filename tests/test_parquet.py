"""Parquet comes in as any other file: the same facts, refusals that say what to do, and never a
need of everyday commands.
"""

from __future__ import annotations

import gzip
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from vouchercli.formats.tables import files, parquet
from vouchercli.formats.tables.sources import open_source
from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    ("T1", "C1", 1, datetime(2020, 3, 28, 12, 0, 0), Decimal("45.00")),
    ("T2", "C1", 2, datetime(2020, 3, 28, 12, 5, 9), Decimal("50.5")),
]


def table() -> pl.DataFrame:
    """Two payments as a data platform writes them: integers, decimals, times."""
    frame = pl.DataFrame(
        ROWS,
        orient="row",
        schema={
            "transaction_no": pl.String,
            "claim_no": pl.String,
            "coupon_no": pl.Int32,
            "paid_at": pl.Datetime,
            "order_amount": pl.Decimal(12, 2),
        },
    )
    return frame.with_columns(
        kind=pl.lit("pay"),
        merchant_no=pl.lit("M1"),
        merchant_discount=pl.lit("0"),
        subsidy=pl.lit("10.00"),
        refund_of=pl.lit(""),
    )


def cells(path: Path) -> list[list[str]]:
    (part,) = open_source(path).parts
    return [row for _, row in part.rows()]


def test_integers_decimals_and_times_become_the_text_that_a_csv_has(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "r.parquet")
    header, first, second = cells(tmp_path / "r.parquet")
    assert header[:5] == ["transaction_no", "claim_no", "coupon_no", "paid_at", "order_amount"]
    assert first[:5] == ["T1", "C1", "1", "2020-03-28 12:00:00", "45.00"]
    assert second[3:5] == ["2020-03-28 12:05:09", "50.50"]


def test_times_with_a_zone_become_utc_and_say_so(tmp_path: Path) -> None:
    frame = table().with_columns(
        pl.col("paid_at").dt.replace_time_zone("Asia/Shanghai"),
        kind=pl.lit("pay").cast(pl.Categorical),
    )
    frame.write_parquet(tmp_path / "r.parquet")
    assert [row[3] for row in cells(tmp_path / "r.parquet")[1:]] == [
        "2020-03-28T04:00:00Z",
        "2020-03-28T04:05:09Z",
    ]


@pytest.mark.parametrize("size", [1, by_columns.BYTES])
def test_a_parquet_file_gives_the_facts_of_the_same_csv(
    city: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", size)
    voucher = city()
    table().write_parquet("r.parquet")
    told = voucher("redemption", "import", "r.parquet", "-o", "json").json["data"]
    assert (told["read"], told["accepted"], told["rejected"]) == (2, 2, 0)
    table().write_csv("r.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    again = voucher("redemption", "import", "r.csv", "-o", "json").json["data"]
    assert (again["read"], again["duplicate"]) == (2, 2)
    assert (
        voucher("redemption", "import", "r.parquet", "-o", "json").json["data"]["repeats"]
        == told["batch"]
    )


def test_what_stands_in_other_columns_does_not_matter(tmp_path: Path) -> None:
    frame = table().with_columns(
        note=pl.lit("a;b|c;" * 50),
        lines=pl.lit('two\n"lines"'),
        tags=pl.lit([1, 2]),
        raw=pl.lit(b"\xff"),
        took=pl.duration(hours=1),
    )
    frame.write_parquet(tmp_path / "r.parquet")
    reading = files.read(tmp_path / "r.parquet", "redemptions")
    assert [(record.values[0], record.values[6], record.fault) for record in reading.records()] == [
        ("T1", "2020-03-28 12:00:00", None),
        ("T2", "2020-03-28 12:05:09", None),
    ]


def test_numbers_are_read_only_when_nothing_of_them_is_lost(tmp_path: Path) -> None:
    numbers = [11002.0, 123456789012345680.0, float("nan"), 1e15]
    amounts = [45.1, 45.125, 45.0, None]
    frame = pl.concat([table()] * 2).with_columns(
        transaction_no=pl.Series(numbers), order_amount=pl.Series(amounts)
    )
    frame.write_parquet(tmp_path / "r.parquet")
    found = [
        (record.values[0], record.values[7], record.fault and record.fault.code)
        for record in files.read(tmp_path / "r.parquet", "redemptions").records()
    ]
    assert found == [
        ("11002", "45.1", None),
        ("", "", "bad_row"),
        ("", "", "bad_row"),
        ("", "", "bad_row"),
    ]
    wide = table().with_columns(
        order_amount=pl.Series([Decimal("45.1000"), Decimal("45.1250")], dtype=pl.Decimal(12, 4))
    )
    wide.write_parquet(tmp_path / "w.parquet")
    assert [row[4] for row in cells(tmp_path / "w.parquet")[1:]] == ["45.10", "45.125"]


def test_a_packed_parquet_file_is_itself_and_not_its_namesake(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "r.parquet")
    (tmp_path / "r.parquet.gz").write_bytes(gzip.compress((tmp_path / "r.parquet").read_bytes()))
    table().clear().write_parquet(tmp_path / "r.parquet")
    assert len(cells(tmp_path / "r.parquet.gz")) == 3


def test_without_its_library_a_parquet_file_is_refused_with_the_way_out(
    city: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = city()
    table().write_parquet("r.parquet")
    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    refused = voucher("redemption", "import", "r.parquet", expect=3)
    assert "[parquet_not_installed]" in refused.err
    assert "ask for the file as CSV" in refused.err


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_without_the_libraries_a_large_file_comes_in_all_the_same_and_says_that_it_is_slow(
    city: Any, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    voucher = city()
    for name in ("r", "s"):
        file = f"{name}.{suffix}"
        frame = table().with_columns(note=pl.lit(name))
        frame.write_csv(file) if suffix == "csv" else frame.write_excel(file)
    monkeypatch.setattr(by_columns, "BYTES", 1)
    monkeypatch.setattr(by_columns, "ROWS", 1)
    with monkeypatch.context() as without:
        for library in ("polars", "numpy"):
            without.setitem(sys.modules, library, None)
        slow = voucher("redemption", "import", f"r.{suffix}")
    assert "it was read row by row, which is slow" in slow.err
    assert "2 rows read = 2 accepted" in slow.err
    quick = voucher("redemption", "import", f"s.{suffix}")
    assert "row by row" not in quick.err
    assert "2 rows read = 0 accepted + 2 duplicate" in quick.err


@pytest.mark.parametrize("noun", ["application", "eligibility"])
def test_without_the_libraries_large_lists_come_in_row_by_row(
    city: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, noun: str
) -> None:
    voucher = city()
    monkeypatch.setattr(by_columns, "BYTES", 1)
    for library in ("polars", "numpy"):
        monkeypatch.setitem(sys.modules, library, None)
    text = "application_no,round,resident,applied_at\nA,r1,ann,2020-03-27 08:00:00\n"
    (tmp_path / "l.csv").write_text(
        text if noun == "application" else "resident,group\nann,g\n", "utf-8"
    )
    done = voucher(noun, "import", str(tmp_path / "l.csv"))
    assert "1 rows read = 1 accepted" in done.err
    assert "row by row" in done.err
