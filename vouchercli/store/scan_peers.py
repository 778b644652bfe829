"""Whom a scan compared merchants with: what was counted at each merchant of a base, as it was then,
so that a fence is counted again by hand.
"""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from vouchercli.store.breaches import Breach


class Peer(NamedTuple):
    """A merchant that others are compared with: what was `counted` there, and `of` how much."""

    merchant_no: str
    industry: str
    district: str
    size: str
    counted: int
    of: int

    @property
    def segment(self) -> tuple[str, str, str]:
        """What it is like."""
        return self.industry, self.district, self.size


class Kept(NamedTuple):
    """The same as the file keeps it: the merchants as JSON, those of one segment together."""

    rule: str
    base: str
    merchants: str


class Peers(NamedTuple):
    """The merchants of a base, as a rule counted them."""

    rule: str
    base: str
    merchants: Sequence[Peer]

    @property
    def kept(self) -> Kept:
        """What the file keeps of them."""
        ordered = sorted(self.merchants, key=lambda each: (each.segment, each.merchant_no))
        told = [
            [*segment, [[each.merchant_no, each.counted, each.of] for each in own]]
            for segment, own in groupby(ordered, key=lambda each: each.segment)
        ]
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return Kept(self.rule, self.base, text)


ADD = "INSERT INTO scan_peers VALUES (?, ?, ?, ?)"
OF_FINDING = """
SELECT r.rule, r.base, m.value ->> 0, s.value ->> 0, s.value ->> 1, s.value ->> 2, m.value ->> 1,
    m.value ->> 2
FROM findings f JOIN finding_reasons r USING (finding_id)
    JOIN scan_peers p ON p.scan_id = f.scan_id AND p.rule = r.rule AND p.base = r.base,
    json_each(p.merchants) s, json_each(s.value, '$[3]') m
WHERE f.finding_id = ? ORDER BY r.rule, s.key, m.key
"""
MERCHANT_OF = """
SELECT m.merchant_no FROM findings f JOIN merchants m USING (merchant_id) WHERE f.finding_id = ?
"""
KEPT = """
SELECT scan_id, rule, base, merchants FROM scan_peers ORDER BY scan_id, rule, base
"""
LOGGED = """
SELECT CAST(subject AS INTEGER), detail ->> 'peers_sha256' FROM audit
WHERE deed = 'risk.scan' AND detail ->> 'peers_sha256' IS NOT NULL ORDER BY audit_id
"""


def add(db: sqlite3.Connection, scan: int, peers: Iterable[Kept]) -> None:
    """Keep them with their scan."""
    db.executemany(ADD, ((scan, *each) for each in peers))


def of_finding(db: sqlite3.Connection, finding: int) -> list[Peers]:
    """Whom the reasons of a finding compare its merchant with; nothing of scans that kept none."""
    rows = typed.tuples(db, OF_FINDING, (finding,))
    return [
        Peers(rule, base, [Peer(*row[2:]) for row in own])
        for (rule, base), own in groupby(rows, key=lambda row: row[:2])
    ]


def merchant_of(db: sqlite3.Connection, finding: int) -> str | None:
    """The number of the merchant of a finding; None: it is about residents."""
    return next(iter(typed.column(db, MERCHANT_OF, (finding,))), None)


def digest(kept: Iterable[Kept]) -> str:
    """SHA-256 of the peers of a scan: rule, base and merchants, each as a JSON list on a line."""
    whole = sha256()
    for each in sorted(kept):
        whole.update(json.dumps(each, ensure_ascii=False).encode() + b"\n")
    return whole.hexdigest()


def peers_as_found(db: sqlite3.Connection) -> list[Breach]:
    """Peers of scans that are not those which the log names."""
    logged = dict(typed.tuples(db, LOGGED))
    kept = {
        scan: digest(Kept(*each[1:]) for each in own)
        for scan, own in groupby(typed.tuples(db, KEPT), key=lambda row: row[0])
    }
    nothing = digest(())
    return [
        (f"scan {scan}", str(logged.get(scan))[:12], found[:12])
        for scan in sorted({*logged, *kept})
        if (found := kept.get(scan, nothing)) != logged.get(scan)
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {"peers_as_found": peers_as_found}
