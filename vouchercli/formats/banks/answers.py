"""What a bank sends back, whatever it is: its root element says which message, or it is a table
that the profile of the bank reads.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.banks import camt, elements, pain002
from vouchercli.formats.tables.archives import blob_of, unpack

if TYPE_CHECKING:
    from vouchercli.formats.banks.elements import Element
    from vouchercli.formats.configs.banks import Bank
    from vouchercli.formats.tables.archives import Blob
    from vouchercli.transfers import AnswerFile

MOST_BYTES = 4 << 30  # a statement of a million bookings has one
HEAD = 4096
STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<")


def read(path: Path | str, bank: Bank | None = None) -> AnswerFile:
    """The answers in a file of a bank: pain.002, camt.053 or camt.054 (also inside a zip), or a CSV
    or XLSX by the profile of the `bank`. It is read to its end before anything is given.

    Raises `VoucherError` for all that cannot be used, with its line: bad_bank_xml,
    unknown_bank_message, bad_bank_value, bank_value_missing, bank_currency, unknown_bank_status,
    bank_sums_differ, bank_answer_twice, bank_other_original, no_bank_answers, bank_profile_needed,
    bad_bank_rows, and what reading tables and files raises.
    """
    blob, sha256 = _open(Path(path))
    if _is_xml(blob):
        return _message(blob, sha256)
    if bank is None or bank.answers is None:
        raise VoucherError(
            "bank_profile_needed",
            "{file} is a table, and no profile of a bank says how its answers are read",
            hint="name the bank whose profile has answers: (voucher, icbc-batch, or your own in"
            " configs/banks)",
            where=blob.name,
            file=blob.name,
        )
    from vouchercli.formats.banks import answer_tables  # only where a table comes

    return answer_tables.read(path, bank.answers, blob.name, sha256)


def _open(path: Path) -> tuple[Blob, str]:
    """The file, out of its archive, and the digest of it as it was given."""
    name = identities.hide(str(path))  # it is kept and shown
    digest = hashlib.sha256()
    try:
        whole_files.require_ordinary(path)
        size = path.stat().st_size
        whole_files.refuse_large(name, size, MOST_BYTES)
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise whole_files.unreadable(path, error) from error
    return unpack(blob_of(path, name, size)), digest.hexdigest()


def _is_xml(blob: Blob) -> bool:
    with blob.open() as stream:
        head = stream.read(HEAD)
    return head.lstrip(b" \t\r\n").startswith(STARTS)


def _message(blob: Blob, sha256: str) -> AnswerFile:
    """One message, read twice: what it is, then what it says."""
    with blob.open() as stream:
        kind = _kind(elements.root_names(stream, blob.name), blob.name)
    reader = pain002.StatusReport(blob.name) if kind in pain002.ROOTS else camt.Statement(blob.name)
    records = pain002.RECORDS if kind in pain002.ROOTS else camt.RECORDS
    with blob.open() as stream:
        root = elements.read(stream, blob.name, records, reader.take)
    return reader.file(root, sha256)


def _kind(root: Element, name: str) -> str:
    """The name of the message: the element inside the document."""
    inner = root.inside[0] if root.inside else root
    if root.name == "Document" and inner.name in (*pain002.ROOTS, *camt.ROOTS):
        return inner.name
    raise VoucherError(
        "unknown_bank_message",
        "{file} is no answer of a bank that is read here: it is {message}",
        hint="pain.002, camt.053 and camt.054 are read, and tables by the profile of a bank",
        where=f"{name}:{inner.line}:{inner.column}",
        file=name,
        message=f"{root.name}/{inner.name}" if inner is not root else root.name,
    )
