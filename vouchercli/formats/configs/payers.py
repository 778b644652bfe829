"""Whose account is debited for each funder: `payers.yaml` beside the database. It stands in no
table: the number of an account of the bureau is for the bank alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.formats.configs import beside
from vouchercli.transfers import Payer

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.documents import Fault

FILE = "payers.yaml"
KEYS = ("name", "account_no", "bank", "bank_no")
Payers = dict[str, Payer]


def of_database(path: Path) -> Payers:
    """What stands beside the database at `path`: funder -> payer. Raises as `beside.settings`."""
    nobody: Payers = {}
    return beside.settings(path, FILE, read, nobody)


def read(value: Any) -> tuple[Payers, list[Fault]]:
    """The payers that a document names, and its faults."""
    node = Node(value)
    payers = {}
    for funder, entry in node.entries():
        part = entry.fields(KEYS, ("name", "account_no", "bank"))
        payers[funder] = Payer(*(part[key].text() for key in KEYS))
    return payers, node.faults
