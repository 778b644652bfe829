"""Findings as they are kept: never changed, their rows frozen by digest."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.store import findings as store
from vouchercli.store.db import writing
from vouchercli.store.risk_facts import Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vouchercli.session import Session

    Voucher = Callable[..., Any]

SCAN = {
    "as_of_at": 1_590_000_000,
    "last_redemption_id": 2,
    "sealed_day": None,
    "payments": 2,
    "merchants": 1,
    "amount_fen": 2000,
    "rules_sha256": "0" * 64,
    "terms": {"least": 20},
    "looked": [{"rule": "at_threshold", "merchants": 1}],
}
REASON = store.Reason("at_threshold", "1.0000", "0.5000", "//", 40, {"payments": 2})


def build(voucher: Voucher) -> None:
    """Two vouchers of one resident, used at one shop."""
    towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
    towns.make_round(voucher, "r1", state="open")
    claims = "C1,r1,a,2020-03-27 08:00:30\n"
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
    rows = "".join(f"T{n},pay,C1,{n},M1,2020-03-28 17:00:0{n},50,0,10,\n" for n in (1, 2))
    voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return towns.in_folder(tmp_path, "findings", towns.START, build)


def add(session: Session, rows: dict[int, tuple[str, ...]] | None = None) -> int:
    """A scan with one finding."""
    rows = rows or {1: ("at_threshold",), 2: ("at_threshold", "bursts")}
    found = store.New(1, None, True, (REASON,), rows)
    frozen = store.freeze(session.db, [found], Span(1, 1_590_000_000, 2))
    with writing(session):
        return store.add_scan(session, 1, SCAN, frozen)


def test_a_finding_is_read_as_it_was_written(session: Session) -> None:
    scan = add(session)
    kept = store.scan(session.db, 1, scan)
    assert kept is not None and store.last_scan(session.db, 1) == scan
    assert (kept.findings, kept.candidates, kept.terms) == (1, 1, {"least": 20})
    assert [each.scan for each in store.scans(session.db, 1).rows(None)] == [scan]
    finding = store.find(session.db, 1, 1)
    assert finding is not None
    assert (finding.merchant_no, finding.payments, finding.amount_fen) == ("M1", 2, 2000)
    assert finding.is_candidate is True and finding.rules == ("at_threshold",)
    assert store.reasons(session.db, 1) == [REASON]
    rows = [*store.all_rows(session.db, 1)]
    assert [(each.transaction_no, each.rules) for each in rows] == [
        ("T1", "at_threshold"),
        ("T2", "at_threshold,bursts"),
    ]
    assert all(each.is_same for each in rows)
    assert store.of_rows((each.redemption_id, each.sha256) for each in rows) == finding.rows_sha256


def test_the_same_findings_have_the_same_digest(session: Session) -> None:
    first, second = add(session), add(session)
    other = add(session, {1: ("at_threshold",)})
    digests = {each.scan: each.sha256 for each in store.scans(session.db, 1).rows(None)}
    assert digests[first] == digests[second] != digests[other]


def test_a_changed_row_of_evidence_is_seen(session: Session) -> None:
    add(session)
    session.db.execute("UPDATE redemptions SET base_fen = base_fen + 1 WHERE transaction_no = 'T2'")
    assert [each.is_same for each in store.all_rows(session.db, 1)] == [True, False]


def test_a_token_made_anew_changes_nothing(session: Session) -> None:
    add(session)
    session.db.execute("UPDATE claims SET resident = zeroblob(16)")
    assert all(each.is_same for each in store.all_rows(session.db, 1))


def test_what_is_not_there_is_none(session: Session) -> None:
    assert store.last_scan(session.db, 1) is None
    assert store.scan(session.db, 1, 9) is None and store.find(session.db, 1, 9) is None


@pytest.mark.parametrize("table", ["scans", "findings", "finding_reasons", "finding_rows"])
def test_nothing_of_it_changes_or_leaves(session: Session, table: str) -> None:
    add(session)
    key = {"scans": "made_at", "findings": "payments"}.get(table, "finding_id")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {key} = 9"):
        with pytest.raises(sqlite3.IntegrityError, match="stands"):
            session.db.execute(statement)
