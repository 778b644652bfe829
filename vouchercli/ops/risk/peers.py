"""Whom a finding's merchant was compared with, as a table from which its fence is counted again.
Merchants by number may stand in it; where residents are counted, small counts are added up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Table, say
from vouchercli.rules import risk, suppression
from vouchercli.store import scan_peers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from vouchercli.store.scan_peers import Peer, Peers

COLUMNS = (
    Column("rule", "Rule"),
    Column("base", "Compared with"),
    Column("merchants", "Merchants", "int"),
    Column("merchant_no", "Merchant"),
    Column("industry", "Industry"),
    Column("district", "District"),
    Column("size", "Size"),
    Column("counted", "What was counted", "int"),
    Column("of", "Out of", "int"),
)
LEAST = (suppression.USUAL, suppression.USUAL)


def table(db: sqlite3.Connection, finding: int) -> Table:
    """The peers behind each reason of a finding (0: of none); its own merchant's counts stand in
    the reasons, whatever they are.
    """
    own = scan_peers.merchant_of(db, finding)
    rows = [line for each in scan_peers.of_finding(db, finding) for line in _lines(each, own)]
    return Table(say("Merchants it is compared with"), COLUMNS, rows, key="peers", optional=True)


def _lines(peers: Peers, own: str | None) -> Iterator[dict[str, Any]]:
    """The peers of one reason; of rules that count residents the small ones in one line."""
    about = {"rule": peers.rule, "base": peers.base}
    small: set[str] = set()
    if risk.BY_CODE[peers.rule].counts_residents:
        small = _too_small([each for each in peers.merchants if each.merchant_no != own])
    for each in peers.merchants:
        if each.merchant_no not in small:
            yield about | each._asdict() | {"merchants": 1}
    if small:
        together = [each for each in peers.merchants if each.merchant_no in small]
        counted, of = (sum(column) for column in [*zip(*together, strict=True)][-2:])
        nameless = scan_peers.Peer("", "", "", "", counted, of)
        yield about | nameless._asdict() | {"merchants": len(together)}


def _too_small(others: Sequence[Peer]) -> set[str]:
    """Merchants that may not stand alone; the sum of all is known."""
    cells = [(each.counted or None, each.of) for each in others]
    return {others[place].merchant_no for place in suppression.hidden(cells, LEAST)}
