"""A payment file as a table, as the profile of a bank says it. The same order gives the same bytes;
numbers of accounts are texts, so that no spreadsheet takes their zeros.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from vouchercli.formats.banks import money, order_checks
from vouchercli.formats.banks.order_checks import NEEDED, Limit, Limits
from vouchercli.formats.written.formulas import disarm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.configs.banks import Cell, PaymentTable
    from vouchercli.transfers import PaymentOrder, Transfer, Written

CREATED = datetime(2020, 1, 1)  # the same workbook has the same bytes
AT_ONCE = 1000  # rows in one piece of a text
AMOUNTS = ("amount", "sum")


def check(order: PaymentOrder, table: PaymentTable) -> Written:
    """Count and sum of the order. Raises `VoucherError` as `order_checks.check`."""
    cells = [
        *table.columns.values(),
        *(cell for row in (*table.above, *table.below) for cell in row),
    ]
    limits = {
        cell.field: Limit(cell.most, cell.most_bytes, table.encoding)
        for cell in cells
        if cell.field and (cell.most or cell.most_bytes)
    }
    named = {cell.field for cell in cells if cell.field and not cell.is_optional}
    of_transfer = ("transfer_no", "name", "account_no", "bank", "bank_no", "purpose")
    needed = tuple(
        name for name in of_transfer if name in named or (name in NEEDED and name != "bank")
    )
    default = Limit(encoding=table.encoding)
    return order_checks.check(order, Limits(limits, table.most_rows, needed, default))


def pieces(order: PaymentOrder, table: PaymentTable) -> Iterator[bytes]:
    """The CSV file, piece by piece. Raises as `check`, before the first piece."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator="\r\n")
    if table.encoding == "utf-8":
        out.write("\ufeff")  # by it a spreadsheet knows what it is
    for number, row in enumerate(rows(order, table), 1):
        writer.writerow([disarm(str(cell)) for cell in row])
        if number % AT_ONCE == 0:
            yield out.getvalue().encode(table.encoding)
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode(table.encoding)


def write_workbook(order: PaymentOrder, table: PaymentTable, file: BinaryIO) -> None:
    """The XLSX file, made in memory: nothing of it lies in a temporary file. Raises as `check`,
    before it is begun.
    """
    import xlsxwriter  # only for those who want a workbook

    headings = [*table.columns]
    first = len(table.above) + table.has_header
    amounts = {
        at
        for at, cell in enumerate(table.columns.values())
        if cell.field in AMOUNTS and not table.is_fen
    }
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": CREATED})
        text, yuan = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0.00"})
        sheet = book.add_worksheet(table.sheet)
        for at, heading in enumerate(headings):
            sheet.set_column(at, at, 2 * len(heading) + 6, None if at in amounts else text)
        for at, row in enumerate(rows(order, table)):
            for place, cell in enumerate(row):
                if isinstance(cell, _Amount) and at >= first and place in amounts:
                    sheet.write_number(at, place, cell.fen / 100, yuan)
                elif cell:
                    sheet.write_string(at, place, str(cell), text)


class _Amount(str):
    """An amount as it is written, with its fen."""

    __slots__ = ("fen",)
    fen: int


def rows(order: PaymentOrder, table: PaymentTable) -> Iterator[list[str]]:
    """Every row of the file. Raises as `check`, before the first."""
    written = check(order, table)
    shared = _of_order(order, written, table)
    yield from ([_cell(cell, shared) for cell in row] for row in table.above)
    if table.has_header:
        yield [*table.columns]
    cells = [*table.columns.values()]
    for number, transfer in enumerate(order.transfers, 1):
        values = shared | _of_transfer(transfer, table) | {"row_no": str(number)}
        yield [_cell(cell, values) for cell in cells]
    yield from ([_cell(cell, shared) for cell in row] for row in table.below)


def _cell(cell: Cell, values: dict[str, str]) -> str:
    return values[cell.field] if cell.field else cell.value


def _of_order(order: PaymentOrder, written: Written, table: PaymentTable) -> dict[str, str]:
    payer: dict[str, Any] = order.payer._asdict()
    return {
        **{f"payer_{name}": value for name, value in payer.items()},
        "order_no": order.order_no,
        "pay_on": _day(order.pay_on, table),
        "count": str(written.transfers),
        "sum": _amount(written.sum_fen, table),
    }


def _of_transfer(transfer: Transfer, table: PaymentTable) -> dict[str, str]:
    values: dict[str, Any] = transfer._asdict()
    return {**values, "amount": _amount(values.pop("amount_fen"), table)}


def _amount(amount_fen: int, table: PaymentTable) -> str:
    text = _Amount(amount_fen if table.is_fen else money.yuan(amount_fen))
    text.fen = amount_fen
    return text


def _day(day: int, table: PaymentTable) -> str:
    return money.iso_day(day).replace("-", table.day_sign)
