"""The rows and sums that a file announces in its preamble and footer are compared with its rows."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.tables import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.formats.configs.profiles import Check

ZERO = Decimal(0)
MAX_ROWS = 40  # a footer is a few lines; more means that rows follow it


class Tally:
    """Sums of columns over the rows as they stream by, by pay and refund; under the column None the
    rows are counted. `has_comma`: commas stand before the decimals.
    """

    def __init__(self, *, has_comma: bool = False) -> None:
        self._has_comma = has_comma
        self.sums: defaultdict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
        self.unread: list[int] = []  # lines whose amounts could not be read

    def add(self, line: int, kind: str, row: Sequence[str], watched: dict[str, int]) -> None:
        """Count one row; `watched` are the columns that are summed."""
        self.sums[None, kind] += 1
        for column, position in watched.items():
            try:
                self.sums[column, kind] += self.amount(row[position])
            except (InvalidOperation, ValueError, IndexError):
                self.unread.append(line)

    def amount(self, cell: str) -> Decimal:
        """The amount in a cell, 0 where it is blank. Raises `ValueError`, `InvalidOperation`."""
        if not self._has_comma:
            return Decimal(cells.amount_text(cell) or "0")
        text = cells.comma_amount_text(cell)
        return Decimal(cells.with_point(text) if text else "0")

    def total(self, column: str | None, kind: str) -> Decimal:
        """The sum of a column over the rows of that kind, or all."""
        sums = self.sums.items()
        return sum(
            (amount for key, amount in sums if key[0] == column and kind in ("all", key[1])), ZERO
        )


def compare(checks: Sequence[Check], tally: Tally, statement: str, name: str) -> None:
    """Raises `VoucherError` footer_mismatch when the preamble and footer (`statement`) announce
    other counts or totals.
    """
    for check in checks:
        match = re.search(check.find, statement, re.MULTILINE)
        for group, text in match.groupdict().items() if match else ():
            if match is None or text is None:
                continue
            counted = tally.total(check.sums.get(group), check.of)
            try:
                announced = tally.amount(text)
            except (InvalidOperation, ValueError):
                raise _mismatch(name, match[0], text, str(counted), tally) from None
            if announced != counted:
                raise _mismatch(name, match[0], str(announced), str(counted), tally)


def _mismatch(
    name: str, statement: str, announced: str, counted: str, tally: Tally
) -> VoucherError:
    where = f"{name}:{tally.unread[0]}" if tally.unread else name
    return VoucherError(
        "footer_mismatch",
        "{file} states {announced} ({said}), but its rows give {counted}: it is damaged or"
        " incomplete",
        where=where,
        hint="ask for the file again; nothing was imported",
        file=name,
        said=statement,
        announced=announced,
        counted=counted,
    )
