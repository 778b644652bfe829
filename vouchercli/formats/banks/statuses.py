"""The words of banks for what became of a transfer, as ours. A word that is not known is refused:
no guess pays anybody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vouchercli.transfers import Status

# External code lists of ISO 20022: status of a payment group and of a payment transaction.
OF_PAYMENTS: dict[str, Status] = {
    "RCVD": "accepted",  # received
    "PDNG": "accepted",  # pending
    "ACTC": "accepted",  # technical validation has succeeded
    "PATC": "accepted",  # the same, further signatures are needed
    "ACCP": "accepted",  # customer profile has been checked
    "ACFC": "accepted",  # funds have been checked
    "ACSP": "accepted",  # settlement in process
    "ACWC": "accepted",  # with a change
    "ACWP": "accepted",  # not posted to the creditor's account yet
    "PRES": "accepted",  # presented
    "ACSC": "paid",  # settled on the debtor's account
    "ACCC": "paid",  # settled on the creditor's account
    "RJCT": "rejected",
    "CANC": "rejected",  # cancelled before it was executed
}
IN_PART = "PART"  # of a group: its transactions say each for itself

# Status of an entry of a statement that debits our account.
OF_ENTRIES: dict[str, Status] = {"BOOK": "paid", "PDNG": "accepted", "FUTR": "accepted"}
INFORMATION = "INFO"  # an entry that books nothing

# Bank transaction codes (sub-families) of credits that give a payment of ours back.
RETURNS = frozenset({"RRTN", "RPCR"})

LONG_NUMBER = re.compile(r"\d[\d \-]{6,}\d")


def masked(text: str) -> str:
    """A bank's words without the account numbers in them: their last four digits stay."""
    return LONG_NUMBER.sub(lambda found: "***" + re.sub(r"\D", "", found[0])[-4:], text)
