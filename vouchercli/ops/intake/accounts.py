"""Account numbers of a registry are sealed at the border: neither a staged row nor a reject has one
in clear.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from vouchercli.formats.configs import fields
from vouchercli.formats.tables.origins import parts_of, places_of
from vouchercli.ops.intake.kinds import Unfit
from vouchercli.result import Word
from vouchercli.rules import accounts as law
from vouchercli.store import identities
from vouchercli.store.sealed_accounts import Safe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from vouchercli.formats.tables.records import Reading
    from vouchercli.ops.intake.kinds import Intake

IS_MASKED = Word("the account number is masked: write it in full, or leave it as it is known")
NOT_12_DIGITS = "the number of a bank has 12 digits: write it in full, or leave it blank"
FIELDS = fields.FIELDS["merchants"]
NUMBER, ACCOUNT = FIELDS.index("merchant_no"), FIELDS.index("account_no")


class Sealer:
    """Seals the accounts of one file; the key is read when the first one comes."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @cached_property
    def _safe(self) -> Safe:
        return Safe(identities.load_ring(self._intake.session.path, self._intake.db))

    def write(self, merchant_no: str, account_no: str) -> str:
        """An account as it is written (`rules.accounts`). Raises `VoucherError`: no_key and others
        of the key file, no_cryptography.
        """
        return self._safe.write(merchant_no, account_no) if account_no else ""

    def write_all(self, merchant_nos: Sequence[str], account_nos: Sequence[str]) -> Sequence[str]:
        """The same of a column."""
        if not any(account_nos):
            return account_nos
        return [*map(self.write, merchant_nos, account_nos)]


def mask_cells(reading: Reading) -> Callable[[Sequence[str]], Sequence[str]]:
    """The function that masks the accounts in the cells of a registry's rows."""
    places, width = _places(reading, "account_no"), len(reading.header)
    banks = _places(reading, "bank_no")
    if not (reading.has("account_no") or banks):
        return lambda cells: cells if len(cells) == width else law.masked_cells(cells, (), width)
    if not banks:
        return lambda cells: law.masked_cells(cells, places, width)

    def mask(cells: Sequence[str]) -> Sequence[str]:
        # what is no bank's number is perhaps an account, in a wrong column
        if len(cells) != width:
            return law.masked_cells(cells, places, width)
        kept = [masked_bank_no(cell) if at in banks else cell for at, cell in enumerate(cells)]
        return law.masked_cells(kept, places, width) if places else kept

    return mask


def masked_bank_no(cell: str) -> str:
    """What stands in a column of banks' numbers, as it may be kept."""
    return cell if law.is_bank_no(law.cleaned(cell)) else law.masked_runs(cell)


def unfit_bank_no(reading: Reading, value: str) -> Unfit:
    """The fault of what is no bank's number."""
    about = {"column": reading.column("bank_no"), "value": masked_bank_no(value)}
    return Unfit("bad_row", {**about, "problem": NOT_12_DIGITS})


def mask_detail(reading: Reading) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The function that masks an account in what explains a reject."""
    names = {"account_no", *(reading.header[at] for at in _places(reading, "account_no"))}
    return lambda detail: law.masked_detail(detail, names)


def _places(reading: Reading, field: str) -> set[int]:
    """The columns from which a field is read."""
    origin = reading.plan.origins[field]
    return {place for part in parts_of(origin) for place in places_of(part)}
