"""Account numbers of merchants: whoever looks at a merchant sees no number in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, SECOND = "1202020009900012345", "6222020009900098765"
HEADER = "merchant_no,name,district,industry,size,account_name,account_no,bank\n"
ROW = "M001,老马面馆,上城区,餐饮,小微,老马面馆有限公司,{},工商银行\n"


@pytest.mark.parametrize(
    ("account_no", "masked"),
    [
        (FIRST, "***************2345"),
        ("123456789", "*****6789"),
        ("12345678", "********"),
        ("", ""),
    ],
)
def test_the_last_four_characters_are_shown(account_no: str, masked: str) -> None:
    assert accounts.masked(account_no) == masked


@given(st.text(max_size=40))
def test_a_mask_keeps_the_length_and_masks_once(account_no: str) -> None:
    masked = accounts.masked(account_no)
    assert len(masked) == len(account_no)
    assert accounts.masked(masked) == masked
    assert set(masked[:-4]) <= {"*"}


@pytest.fixture
def changed(voucher: Callable[..., Any], here: Path) -> None:
    """A merchant whose account number a second registry file changed."""
    voucher("init")
    for name, account_no in (("first.csv", FIRST), ("second.csv", SECOND)):
        (here / name).write_text(HEADER + ROW.format(account_no), "utf-8")
        voucher("merchant", "import", name)


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("kind", ["table", "json", "csv"])
@pytest.mark.parametrize("command", [("list",), ("show", "M001")])
def test_a_merchant_is_shown_without_its_number(
    voucher: Callable[..., Any], command: tuple[str, ...], kind: str
) -> None:
    ran = voucher("merchant", *command, "-o", kind)
    assert FIRST not in ran.out + ran.err
    assert SECOND not in ran.out + ran.err
    assert "老马面馆" in ran.out


@pytest.mark.usefixtures("changed")
def test_a_change_of_account_is_told_by_the_last_four(voucher: Callable[..., Any]) -> None:
    data = voucher("merchant", "show", "M001", "-o", "json").data
    assert data["account_no"] == accounts.masked(SECOND)
    told = [(each["before"], each["after"]) for each in data["changes"][1:]]
    assert told == [(accounts.masked(FIRST), accounts.masked(SECOND))]
