"""voucher batch list | show | rejects | retry | undo."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from towns import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once

HEADER = "编号说明,商户编号,商户名称,区县\n"
GOOD = HEADER + "x,M001,老马面馆,上城区\n"
DIRTY = (
    HEADER
    + "a,M001,老马面馆,上城区\nb,M002,,西湖区\nc,,无号店,西湖区\nd,M003,=cmd(),拱墅区\ne,M001,另一家,上城区\n"
)


@pytest.fixture
def take_in(voucher: Callable[..., Any], here: Path, once: Once) -> Callable[..., Any]:
    """An empty database, and a way to import a text as a registry of that name."""
    once("nothing", lambda: voucher("init"))

    def take_in(name: str, text: str, *options: str, expect: int | None = 0) -> Any:
        (here / name).write_text(text, "utf-8")
        return voucher("merchant", "import", name, *options, "-o", "json", expect=expect)

    return take_in


def content(here: Path) -> list[tuple[Any, ...]]:
    """Every fact of the registry, as it is stored."""
    tables = ("merchants", "merchant_changes", "suspensions", "rejects", "warnings")
    return [(table, *row) for table in tables for row in ask(here, "SELECT * FROM " + table)]


# ---------------------------------------------------------------- list and show


def test_batches_are_listed_newest_first(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("good.csv", GOOD)
    take_in("dirty.csv", DIRTY, expect=4)
    data = voucher("batch", "list", "-o", "json").data["batches"]
    assert [
        (
            row["batch"],
            row["file"],
            row["read"],
            row["accepted"],
            row["duplicate"],
            row["rejected"],
            row["state"],
        )
        for row in data
    ] == [(2, "dirty.csv", 5, 1, 1, 3, "done"), (1, "good.csv", 1, 1, 0, 0, "done")]
    assert data[0]["imported_at"] == "2020-03-20T09:00:00+08:00"
    assert "dirty.csv" in voucher("batch", "list").out
    assert voucher("batch", "list", "--kind", "claims", "-o", "json").data["batches"] == []


def test_an_unknown_kind_of_batch_is_a_usage_fault(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    assert "[unknown_kind]" in voucher("batch", "list", "--kind", "shops", expect=2).err


def test_a_batch_shows_its_reasons_with_an_example(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("dirty.csv", DIRTY, expect=4)
    data = voucher("batch", "show", "1", "-o", "json").data
    assert (data["reasons"], data["warning_reasons"]) == ({"bad_row": 2, "conflicting_row": 1}, {})
    assert [
        (row["reason"], row["rows"], row["line"], row["explanation"]) for row in data["examples"]
    ] == [
        ("bad_row", 2, 3, "商户名称 is missing"),
        ("conflicting_row", 1, 6, "merchant M001 stands on line 2 with other values"),
    ]
    ran = voucher("batch", "show", "1", "--lang", "zh")
    assert "导入批次 1：商户名录，完成" in ran.out and "缺少“商户名称”" in ran.out.replace("\n", "")
    assert "voucher batch rejects 1" in ran.err
    assert "行无法读取 bad_row" in ran.out
    csv_text = voucher("batch", "rejects", "1", "--lang", "zh", "-o", "csv").out
    assert "bad_row" in csv_text and "行无法读取 bad_row" not in csv_text


def test_a_batch_that_is_not_there_is_refused(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    ran = voucher("batch", "show", "7", expect=3)
    assert (ran.out, ran.err) == (
        "",
        "error: there is no batch 7 [unknown_batch]\n  next: voucher batch list\n",
    )
    for verb in ("rejects", "retry", "undo"):
        assert (
            voucher("batch", verb, "7", "-o", "json", expect=3).json["problems"][0]["code"]
            == "unknown_batch"
        )


# ---------------------------------------------------------------- rejects


def test_rejects_come_in_the_files_own_layout_with_reason_and_explanation(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    sha = take_in("dirty.csv", DIRTY, expect=4).data["sha256"][:8]
    rows = list(csv.reader(io.StringIO(voucher("batch", "rejects", "1", "-o", "csv").out)))
    assert rows == [
        [*HEADER.strip().split(","), "reject_reason", "reject_explanation", "reject_row"],
        ["b", "M002", "", "西湖区", "bad_row", "商户名称 is missing", f"batch 1 line 3 {sha}"],
        ["c", "", "无号店", "西湖区", "bad_row", "商户编号 is missing", f"batch 1 line 4 {sha}"],
        [
            "e",
            "M001",
            "另一家",
            "上城区",
            "conflicting_row",
            "merchant M001 stands on line 2 with other values",
            f"batch 1 line 6 {sha}",
        ],
    ]


def test_rejects_can_be_mended_and_imported_again(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("dirty.csv", DIRTY, expect=4)
    ran = voucher("batch", "rejects", "1", "--to", "rejects.csv", "--lang", "zh")
    assert ran.err == "已将 3 行写入 rejects.csv：修改后请再导入该文件\n"
    text = (here / "rejects.csv").read_text("utf-8-sig")
    assert "缺少“商户名称”" in text
    mended = (
        text.replace("M002,,", "M002,新名称,")
        .replace(",,无号店", ",M009,无号店")
        .replace("M001,另一家", "M008,另一家")
    )
    data = take_in("mended.csv", mended).data
    assert (data["read"], data["accepted"], data["rejected"]) == (3, 3, 0)
    numbers = [
        row["merchant_no"] for row in voucher("merchant", "list", "-o", "json").data["merchants"]
    ]
    assert numbers == ["M001", "M002", "M003", "M008", "M009"]


def test_rejects_are_a_table_and_json_for_reading(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("dirty.csv", DIRTY, expect=4)
    assert "conflicting_row" in voucher("batch", "rejects", "1").out
    data = voucher("batch", "rejects", "1", "-o", "json").data
    assert data["rejects"][0] == {
        "line": 3,
        "reason": "bad_row",
        "explanation": "商户名称 is missing",
        "cells": ["b", "M002", "", "西湖区"],
    }


def test_a_batch_without_rejects_says_so(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("good.csv", GOOD)
    assert "batch 1 has no rejects" in voucher("batch", "rejects", "1").err


def test_rejects_that_cannot_be_written_are_refused(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("dirty.csv", DIRTY, expect=4)
    assert (
        "[unwritable_file]"
        in voucher("batch", "rejects", "1", "--to", "no-such-folder/r.csv", expect=3).err
    )


# ---------------------------------------------------------------- retry and undo


def test_a_retry_changes_nothing_while_nothing_has_come(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("dirty.csv", DIRTY, expect=4)
    before = content(here)
    data = voucher("batch", "retry", "1", "-o", "json", expect=4).data
    assert (data["read"], data["accepted"], data["rejected"], data["reasons"]) == (
        3,
        0,
        3,
        {"bad_row": 2, "conflicting_row": 1},
    )
    assert content(here) == before


def test_an_undo_puts_everything_back(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("good.csv", GOOD)
    before = content(here)
    take_in("second.csv", HEADER + "x,M001,老马面馆总店,西湖区\ny,M002,新店,西湖区\n")
    ran = voucher("batch", "undo", "2")
    assert "batch 2 is undone: 2 rows of second.csv were removed" in ran.err
    assert content(here) == before
    assert voucher("batch", "show", "2", "-o", "json").data["state"] == "undone"


def test_an_undo_takes_back_suspensions_and_reinstatements(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    two = GOOD + "y,M002,新店,西湖区\n"
    take_in("two.csv", two)
    before = content(here)
    take_in("one.csv", GOOD, "--missing", "suspend")
    suspended = content(here)
    take_in("again.csv", two + "z,M003,茶馆,西湖区\n")
    voucher("batch", "undo", "3")
    assert content(here) == suspended
    voucher("batch", "undo", "2")
    assert content(here) == before


def test_a_batch_that_later_ones_stand_on_is_not_undone(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("good.csv", GOOD)
    take_in("second.csv", HEADER + "x,M001,老马面馆总店,西湖区\n")
    before = content(here)
    ran = voucher("batch", "undo", "1", expect=3)
    assert (
        ran.err == "error: batch 1 cannot be undone: 1 later rows depend on it (batches 2)"
        " [batch_built_upon]\n  next: voucher batch undo 2\n"
    )
    assert content(here) == before


def test_a_merchant_suspended_since_is_not_undone_away(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("good.csv", GOOD)
    voucher("merchant", "suspend", "M001", "--reason", "inquiry")
    assert (
        "1 merchants that it added were suspended since (M001) [batch_built_upon]"
        in voucher("batch", "undo", "1", expect=3).err
    )


def test_an_undone_file_can_come_in_again(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    take_in("good.csv", GOOD)
    voucher("batch", "undo", "1")
    assert "[batch_undone]" in voucher("batch", "undo", "1", expect=3).err
    assert "[batch_undone]" in voucher("batch", "retry", "1", expect=3).err
    assert take_in("good.csv", GOOD).data["batch"] == 2


def test_a_dry_undo_changes_nothing(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    take_in("good.csv", GOOD)
    before = content(here)
    voucher("batch", "undo", "1", "--dry-run")
    assert content(here) == before


# ---------------------------------------------------------------- reasons

# design.md "Facts", and what registries and refund policies add.
DESIGNED = {
    "bad_row",
    "bad_amount",
    "bad_time",
    "unknown_claim",
    "unknown_coupon",
    "unknown_merchant",
    "merchant_suspended",
    "out_of_scope",
    "not_yet_valid",
    "expired",
    "below_threshold",
    "subsidy_mismatch",
    "already_redeemed",
    "over_limit",
    "transaction_reused",
    "refund_without_payment",
    "refund_too_large",
    "refund_forfeits",
    "unknown_round",
    "round_not_open",
    "before_opening",
    "after_closing",
    "over_quota",
    "resident_limit",
    "not_eligible",
    "conflicting_row",
    "claim_reused",
    "partial_refund",
}


def test_every_reason_is_explained_in_both_languages() -> None:
    from vouchercli.cli.language import catalogue
    from vouchercli.rules.reasons import EXPLANATIONS, placeholders

    assert EXPLANATIONS.keys() >= DESIGNED
    for templates in EXPLANATIONS.values():
        for template in templates:
            chinese = catalogue()[template]
            assert placeholders(chinese) == placeholders(template), template
        assert not placeholders(templates[-1]), "the last template needs nothing"


def test_an_explanation_says_all_that_is_known() -> None:
    from vouchercli.rules.reasons import explained

    def told(code: str, **detail: Any) -> str:
        template, values = explained(code, detail, "Asia/Shanghai")
        return template.format(**values)

    assert (
        told("below_threshold", base_fen=3999, threshold_fen=4000)
        == "39.99 after merchant discounts is below the threshold of 40.00"
    )
    assert told("below_threshold") == "the price after merchant discounts is below the threshold"
    late = told("expired", paid_at=1585872001, expires_at=1585872000)
    assert late == "paid at 2020-04-03 08:00:01; the voucher expired at 2020-04-03 08:00:00"
    assert (
        told("bad_row", column="kind", value="sale", problem="write pay or refund")
        == "kind: sale: write pay or refund"
    )
    assert (
        told("bad_row", text="{cells} cells, not {columns}", cells=3, columns=4) == "3 cells, not 4"
    )
    assert told("a_code_of_tomorrow") == "a_code_of_tomorrow"
