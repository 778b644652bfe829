"""Ladders as data: one text of each condition for SQL, for columns and for the oracle."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import ladders, reasons
from vouchercli.rules.applications import APPLICATIONS
from vouchercli.rules.claims import CLAIMS
from vouchercli.rules.ladders import Ladder, Rung
from vouchercli.rules.law import LADDERS
from vouchercli.rules.redemptions import PAYMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

COMPILED = (APPLICATIONS, CLAIMS, PAYMENTS)
TEXTS = {
    "kind": ["pay", "refund"],
    "state": ["draft", "submitted", "approved", "cancelled", "open", "closed"],
    "broken_detail": ["", "other_goods", "other_grade", "too_many_units", "not_beside"],
    "mode": ["fcfs", "lottery", "targeted"],
}


def cells(name: str) -> st.SearchStrategy[Any]:
    """Values of a column: close to each other, so that borders are met, and now and then NULL."""
    known = st.sampled_from(TEXTS[name]) if name in TEXTS else st.integers(0, 3)
    return st.none() | known | known


def rows(ladder: Ladder) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: cells(name) for name in ladder.columns})


def asked(ladder: Ladder, row: dict[str, Any], expression: str) -> Any:
    """What SQLite makes of an expression over one row."""
    names = ", ".join(f":{name} AS {name}" for name in row)
    with closing(sqlite3.connect(":memory:")) as db:
        return db.execute(f"SELECT {expression} FROM (SELECT {names})", row).fetchone()[0]


@pytest.mark.parametrize("ladder", COMPILED, ids=lambda each: each.name)
@given(data=st.data())
def test_sql_and_the_oracle_name_the_same_rung(ladder: Ladder, data: st.DataObject) -> None:
    row = data.draw(rows(ladder))
    reason = ladder.reason(row)
    assert asked(ladder, row, ladder.sql()) == reason
    assert bool(asked(ladder, row, ladder.lawful_sql())) == (reason is None)


@pytest.mark.parametrize("ladder", COMPILED, ids=lambda each: each.name)
@given(data=st.data())
def test_columns_prove_what_no_rung_refuses(ladder: Ladder, data: st.DataObject) -> None:
    pl = pytest.importorskip("polars")
    many = data.draw(st.lists(rows(ladder), min_size=1, max_size=20))
    types = {name: pl.String if name in TEXTS else pl.Int64 for name in ladder.columns}
    frame = pl.DataFrame(many, types).with_row_index("place")
    lawful = frame.filter(pl.sql_expr(ladder.lawful_sql()))["place"].to_list()
    assert lawful == [place for place, row in enumerate(many) if ladder.reason(row) is None]


@pytest.mark.parametrize(
    ("condition", "row", "is_true"),
    [
        ("a = 1 OR b = 1 AND c = 1", {"a": 1, "b": 0, "c": 0}, True),
        ("(a = 1 OR b = 1) AND c = 1", {"a": 1, "b": 0, "c": 0}, False),
        ("NOT a = 1 AND b = 1", {"a": 0, "b": 1}, True),
        ("NOT a = 1", {"a": None}, False),
        ("a IS NULL", {"a": None}, True),
        ("a IS NOT NULL", {"a": None}, False),
        ("a <> 1 OR b = 1", {"a": None, "b": 1}, True),
        ("a <> 1 AND b = 1", {"a": None, "b": 1}, False),
        ("a = 'AND (b'", {"a": "AND (b"}, True),
        ("a <= -1", {"a": -1}, True),
    ],
)
def test_a_condition_means_what_sql_means(
    condition: str, row: dict[str, Any], is_true: bool
) -> None:
    ladder = Ladder("x", "X", (Rung("broken", condition, "", ""),))
    assert ladders.holds(condition, row) == is_true
    assert (asked(ladder, row, ladder.sql()) == "broken") == is_true


@pytest.mark.parametrize(
    "condition",
    [
        "a + 1 = 2",
        "lower(a) = 'x'",
        "a =",
        "a = 1 b",
        "a",
        "(a = 1",
        "a = 'x",
        "= 1",
        "a IN (1)",
        "",
    ],
)
def test_anything_else_is_no_condition(condition: str) -> None:
    with pytest.raises(ValueError):
        ladders.parse(condition)


def test_a_value_of_no_column_is_refused() -> None:
    with pytest.raises(KeyError):
        CLAIMS.reason({"claimed": 1})


def test_every_rung_names_a_reason_that_is_explained() -> None:
    codes = [rung.code for ladder in LADDERS for rung in ladder.rungs]
    assert {*codes} <= reasons.REJECTS.keys()
    for ladder in LADDERS:
        assert len({rung.code for rung in ladder.rungs}) == len(ladder.rungs)


# ---------------------------------------------------------------- voucher law show


def test_the_law_is_shown_in_the_order_in_which_it_is_asked(voucher: Callable[..., Any]) -> None:
    data = voucher("law", "show", "-o", "json").data
    assert [*data] == [ladder.name for ladder in LADDERS]
    payments = data["payments"]
    assert [(row["order"], row["code"]) for row in payments] == [
        (1, "in_future"),
        (2, "unknown_claim"),
        (3, "unknown_coupon"),
        (4, "unknown_merchant"),
        (5, "merchant_suspended"),
        (6, "out_of_scope"),
        (7, "other_goods"),
        (8, "other_grade"),
        (9, "too_many_units"),
        (10, "delivered_elsewhere"),
        (11, "not_beside"),
        (12, "not_yet_valid"),
        (13, "expired"),
        (14, "below_threshold"),
        (15, "above_price_end"),
        (16, "subsidy_mismatch"),
        (17, "round_settled"),
    ]
    assert payments[12] == {
        "order": 13,
        "code": "expired",
        "rule": "it was paid before the voucher expired",
        "source": "not used in time, the voucher lapses",
        "when": "kind = 'pay' AND paid_at >= expires_at",
    }
    assert data["vouchers"][0]["when"] is None


def test_the_rules_of_one_code_are_shown_in_chinese(voucher: Callable[..., Any]) -> None:
    shown = voucher("law", "show", "subsidy_mismatch", "--lang", "zh").out
    assert "核销与退款" in shown and "一张券的支付与退款先后" in shown
    assert "券面抵扣额不符" in shown and "抵扣金额与" in shown
    assert "expired" not in shown


def test_a_code_there_is_not_names_the_nearest(voucher: Callable[..., Any]) -> None:
    refused = voucher("law", "show", "expierd", expect=2)
    assert "did you mean expired?" in refused.err and "[unknown_rule]" in refused.err
    assert "mean" not in voucher("law", "show", "zzz", expect=2).err
