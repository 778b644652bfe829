"""The law of account numbers: how much of one a person is shown."""

from __future__ import annotations

SHOWN = 4  # the last characters, by which a merchant knows its own account
SHORTEST = 9  # of a number of fewer characters, four would tell too much


def masked(account_no: str) -> str:
    """An account number for people, files and programs: its length and its last four characters
    (none of a number of fewer than nine). Masking again changes nothing.
    """
    shown = account_no[-SHOWN:] if len(account_no) >= SHORTEST else ""
    return "*" * (len(account_no) - len(shown)) + shown
