"""The column of a file that says in which currency its amounts are. No profile has to name it:
every amount here is in yuan, and a row that says another currency is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.formats.configs.fields import IN_YUAN
from vouchercli.formats.tables.cells import column_keys, id_text
from vouchercli.formats.tables.nothing import is_nothing
from vouchercli.formats.tables.readers import RowFault, cell_fault
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER_CURRENCY = Word("the amounts of this row are in another currency, and are kept in yuan alone")
NAMES = column_keys(
    [
        "currency",
        "ccy",
        "currency_code",
        "币种",
        "币别",
        "货币",
        "货币种类",
        "货币类型",
        "交易币种",
        "结算币种",
        "订单币种",
    ]
)
# as `id_text` makes them, in small letters; 156 is the number of ISO 4217, the others are of banks
YUAN = frozenset(["cny", "rmb", "yuan", "元", "¥", "人民币", "人民币元", "156", "001", "01"])


def place_of(kind: str, keys: Sequence[str], used: set[str]) -> int | None:
    """Where the column stands in a header of these keys; None: there is none, the files of that
    kind have no amounts, or the profile reads the column itself.
    """
    if kind not in IN_YUAN:
        return None
    return next((at for at, key in enumerate(keys) if key in NAMES and key not in used), None)


def is_yuan(cell: str) -> bool:
    """Whether a cell of that column says yuan, or nothing."""
    text = id_text(cell)
    return text.casefold() in YUAN or not text or is_nothing(text)


def refuse_other(column: str, cell: str) -> None:
    """Raise `RowFault` bad_amount for a row in another currency."""
    if not is_yuan(cell):
        raise RowFault(cell_fault(column, id_text(cell), OTHER_CURRENCY, "bad_amount").problem)
