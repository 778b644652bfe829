"""The law of account numbers: how one is cleaned and compared, how much of it a person is shown,
and how it is written while it is on its way into the database: `masked|token|sealed`, the latter
two as hexadecimal digits. What is masked and sealed is the cleaned number, so two spellings of one
number are written alike.
"""

from __future__ import annotations

import hmac
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SHOWN = 4  # the last characters, by which a merchant knows its own account
SHORTEST = 9  # of a number of fewer characters, four would tell too much
STAR = "*"
BORDER = "|"  # in no number: they are letters and digits
TOKEN_BYTES, NONCE_BYTES = 16, 12
WRITTEN = re.compile(r"(\**[^*|]{0,4})\|([0-9A-F]{32})\|([0-9A-F]{60,})")
# In a row whose cells have shifted nobody knows which one is the account; where no column of
# accounts is known, the shorter ones are left.
LONG_RUN = re.compile(r"\d(?:[ \-]?\d){11,}")
SHORT_RUN = re.compile(r"\d(?:[ \-]?\d){5,}")
BANK_NO = re.compile(r"[0-9]{12}")


class Keys(NamedTuple):
    """What is derived from one key of the key file, each for its own use."""

    token: bytes
    nonce: bytes
    seal: bytes


def keys_of(key: bytes) -> Keys:
    """The keys of account numbers (HKDF-SHA-256, RFC 5869, one block, no salt)."""
    pseudorandom = hmac.digest(bytes(32), key, "sha256")
    token, nonce, seal = (
        hmac.digest(pseudorandom, b"voucher account " + use + b"\x01", "sha256")
        for use in (b"token", b"nonce", b"seal")
    )
    return Keys(token, nonce, seal)


def cleaned(account_no: str) -> str:
    """An account number as it is compared and paid to: letters and digits alone, of one width."""
    even = account_no if account_no.isascii() else unicodedata.normalize("NFKC", account_no)
    return even if even.isalnum() else "".join(filter(str.isalnum, even))


def is_bank_no(text: str) -> bool:
    """Whether a text has the shape of a bank's number in the payment system (行号): 12 digits, of
    the bank, its city, its branch, and a check digit.
    """
    return BANK_NO.fullmatch(text) is not None


def bank_check_digit(bank_no: str) -> str:
    """The last digit of the bank's number that begins with these 11: GB/T 17710 (ISO/IEC 7064, MOD
    11,10). What follows them is not looked at.
    """
    product = 10
    for digit in map(int, bank_no[:11]):
        product = ((product + digit) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def is_masked(account_no: str) -> bool:
    """Whether a text is no number but what is shown of one."""
    return STAR in account_no or "＊" in account_no


def masked(account_no: str) -> str:
    """An account number for people, files and programs: its length and its last four characters
    (none of a number of fewer than nine). Masking again changes nothing.
    """
    shown = account_no[-SHOWN:] if len(account_no) >= SHORTEST else ""
    return STAR * (len(account_no) - len(shown)) + shown


def is_shown(text: str) -> bool:
    """Whether a text is a whole account number masked, as `masked` does it."""
    return text.startswith(STAR) and masked(text) == text


def shown(written: str) -> str:
    """What may be shown of an account as it is written."""
    return written.partition(BORDER)[0]


def token(keys: Keys, number: str) -> bytes:
    """By which a cleaned number is known again."""
    return hmac.digest(keys.token, number.encode(), "sha256")[:TOKEN_BYTES]


def nonce(keys: Keys, merchant_no: str, number: str) -> bytes:
    """The nonce of a merchant's cleaned number: the same again for the same, another for any other.
    So a registry that comes again is the same to the byte, and no nonce is used for two texts.
    """
    return hmac.digest(keys.nonce, f"{merchant_no}\0{number}".encode(), "sha256")[:NONCE_BYTES]


def written(number: str, token: bytes, sealed: bytes) -> str:
    """An account as it is on its way: `masked|token|sealed`."""
    return BORDER.join((masked(number), token.hex().upper(), sealed.hex().upper()))


def parts(text: str) -> tuple[str, bytes, bytes] | None:
    """(masked, token, sealed) of an account as it is written; None: it is none."""
    found = WRITTEN.fullmatch(text)
    if found is None or len(found[3]) % 2:
        return None
    return found[1], bytes.fromhex(found[2]), bytes.fromhex(found[3])


def masked_cells(cells: Sequence[str], places: Collection[int], width: int) -> list[str]:
    """The cells of a registry's row as they are kept: accounts stand at `places`. In a row of
    another width than its header every number of six or more digits may be one; where no place is
    known, every number of twelve or more.
    """
    if not places:
        return [masked_runs(cell) for cell in cells]
    if len(cells) != width:
        return [masked_runs(cell, SHORT_RUN) for cell in cells]
    return [masked(cell) if at in places else cell for at, cell in enumerate(cells)]


def masked_runs(text: str, run: re.Pattern[str] = LONG_RUN) -> str:
    """A text with every number masked that is so long."""
    return run.sub(lambda found: masked(found[0]), text)


def masked_detail(detail: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """What explains a rejected row; `names` are those of the columns of accounts."""
    value = detail.get("value")
    if detail.get("column") in names and isinstance(value, str):
        return {**detail, "value": masked(value)}
    return detail


def columns_of(field: Any, header: Sequence[str]) -> set[int]:
    """Where the columns stand in a header that a profile's document names for a field."""
    names = {_even(name) for name in re.findall(r'"((?:[^"\\]|\\.)*)"', _text(field))}
    return {at for at, name in enumerate(header) if _even(name) in names}


def _text(field: Any) -> str:
    return json.dumps(field, ensure_ascii=False)


def _even(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
