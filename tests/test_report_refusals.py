"""What a report cannot be about is refused in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

NOWHERE = ("--round", "nowhere")
BACKWARDS = ("--since", "2020-04-02", "--until", "2020-04-01")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("leverage", "--by", "district,industry,size"), "too_many_groupings"),
        (("leverage", "--by", "day,week"), "same_grouping"),
        (("leverage", "--by", "district", "--cumulative"), "not_by_time"),
        (("leverage", "--by", "day,district", "--cumulative"), "not_by_time"),
        (("leverage", "--by", "district,trade"), "unknown_grouping"),
        (("brief", *NOWHERE), "unknown_round"),
        (("merchants", *NOWHERE), "unknown_round"),
        (("orders", *NOWHERE), "unknown_round"),
        (("timeline", *NOWHERE), "unknown_round"),
        (("fairness", *NOWHERE), "unknown_round"),
        (("bulletin", *NOWHERE), "unknown_round"),
        (("bulletin", "--day", "soon"), "bad_time_option"),
        (("rejects", *BACKWARDS), "empty_window"),
        (("operations", *BACKWARDS), "empty_window"),
        (("funds", "--as-of", "someday"), "bad_time_option"),
        (("list", "--as-of", "2020-04-01"), "no_as_of"),
        (("merchants", *BACKWARDS), "empty_window"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else each,
)
def test_what_no_report_can_be_about(
    voucher: Voucher, once: Any, words: tuple[str, ...], code: str
) -> None:
    once("report refusals", lambda: towns.build(voucher, towns.programme()))
    ran = voucher("report", *words, expect=None)
    assert ran.code in (2, 3)
    assert f"[{code}]" in ran.err


@pytest.mark.parametrize("words", ["leverage", "merchants", "explain leverage"])
def test_times_that_are_swapped_are_named_as_they_were_typed(
    voucher: Voucher, once: Any, words: str
) -> None:
    once("report refusals", lambda: towns.build(voucher, towns.programme()))
    ran = voucher("report", *words.split(), *BACKWARDS, expect=2)
    assert "--since is later than --until [empty_window]" in ran.err
