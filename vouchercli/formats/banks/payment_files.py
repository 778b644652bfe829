"""Payment files for a bank, in whatever form its profile says."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats import whole_files
from vouchercli.formats.banks import pain001, payment_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    workbook. It holds accounts: nobody else may read it, and what killed writers left of others in
    its folder goes. The same order gives the same bytes. Raises `VoucherError` as `check`, and
    file_exists, unwritable_file.
    """
    written = check(order, bank)
    digest = sha256()
    whole_files.sweep_secrets(path.parent)
    with whole_files.new_file(path, is_secret=True) as draft, whole_files.create(draft) as file:
        draft.chmod(0o600)
        for piece in _pieces(order, bank):
            digest.update(piece)
            file.write(piece)
    return PaymentFile(written, digest.hexdigest())


def digest_of(order: PaymentOrder, bank: Bank) -> str:
    """The SHA-256 of the file that would be written: nothing is."""
    digest = sha256()
    for piece in _pieces(order, bank):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(order: PaymentOrder, bank: Bank) -> Iterator[bytes]:
    if bank.table is None:
        yield from pain001.pieces(order)
    elif bank.form == "xlsx":
        workbook = BytesIO()
        payment_tables.write_workbook(order, bank.table, workbook)
        yield workbook.getvalue()
    else:
        yield from payment_tables.pieces(order, bank.table)
