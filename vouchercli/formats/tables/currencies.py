"""The column of a file that says in which currency its amounts are. No profile has to name it:
every amount here is in yuan, and a row that says another currency is refused.
"""

from __future__ import annotations

import re
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
# Of cells as `id_text` makes them, in small letters: 人民币(CNY), RMB-人民币元, 本位币.
YUAN = re.compile(r"(?:人民币|本位币|本币|cny|rmb|yuan|元|¥|156|[^\w$€£])+")
# By ISO 4217: USD, EUR, HKD, MOP, TWD, JPY, KRW, GBP, SGD, THB, AUD, CAD, CHF, RUB. Other numbers
# are codes that each bank makes for itself (01, 001, 10: yuan), and say nothing.
OF_OTHERS = re.compile("840|978|344|446|901|392|410|826|702|764|036|124|756|643")


def place_of(kind: str, keys: Sequence[str], used: set[str]) -> int | None:
    """Where the column stands in a header of these keys; None: there is none, the files of that
    kind have no amounts, or the profile reads the column itself.
    """
    if kind not in IN_YUAN:
        return None
    return next((at for at, key in enumerate(keys) if key in NAMES and key not in used), None)


def is_yuan(cell: str) -> bool:
    """Whether a cell of that column says yuan, or nothing."""
    text = id_text(cell).casefold()
    if text.isdecimal():
        return OF_OTHERS.fullmatch(text) is None
    return not text or is_nothing(text) or YUAN.fullmatch(text) is not None


def refuse_other(column: str, cell: str) -> None:
    """Raise `RowFault` bad_amount for a row in another currency."""
    if not is_yuan(cell):
        raise RowFault(cell_fault(column, id_text(cell), OTHER_CURRENCY, "bad_amount").problem)
