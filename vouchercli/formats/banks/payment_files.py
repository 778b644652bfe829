"""Payment files for a bank, in whatever form its profile says."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats import whole_files
from vouchercli.formats.banks import pain001, payment_tables

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.configs.banks import Bank
    from vouchercli.transfers import PaymentOrder, Written


class PaymentFile(NamedTuple):
    """A file that was written: what it holds, and its SHA-256."""

    written: Written
    sha256: str


def check(order: PaymentOrder, bank: Bank) -> Written:
    """Count and sum of the order, if the bank's file can hold it: nothing is written. Raises
    `VoucherError`: bad_payment_order with its faults, too_many_transfers.
    """
    return pain001.check(order) if bank.table is None else payment_tables.check(order, bank.table)


def write(path: Path, order: PaymentOrder, bank: Bank) -> PaymentFile:
    """Write the payment file, whole or not at all; memory does not grow with it, but for a
    workbook. It holds accounts: nobody else may read it. The same order gives the same bytes.
    Raises `VoucherError` as `check`, and file_exists, unwritable_file.
    """
    written = check(order, bank)
    digest = sha256()
    with whole_files.new_file(path) as draft:
        with whole_files.create(draft) as file:
            draft.chmod(0o600)
            if bank.form == "xlsx" and bank.table:
                payment_tables.write_workbook(order, bank.table, file)
            else:
                table = bank.table
                some = payment_tables.pieces(order, table) if table else pain001.pieces(order)
                for piece in some:
                    file.write(piece)
        with draft.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return PaymentFile(written, digest.hexdigest())
