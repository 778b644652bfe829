"""Prove the invariants: books, facts and totals agree. Reads one snapshot, writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import SHOWN, Column, Outcome, Problem, Table, say
from vouchercli.store import checks
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from vouchercli.session import Session

NAMED = 20
COLUMNS = (
    Column("check", "Check"),
    Column("state", "State", "word"),
    Column("breaches", "Breaches", "int"),
    Column("proves", "Proves", "word", where=SHOWN),
)

# What each check proves, in words.
MEANINGS = {
    "batches_add_up": "read = accepted + duplicate + rejected, and every reject is kept",
    "batches_have_their_facts": "every batch has as many facts as rows accepted",
    "packs_within_quota": "no round granted more packs than its quota, and its counter is true",
    "packs_within_resident_limit": "no resident holds more packs of a round than it allows",
    "claims_in_their_window": "every claim lies in its round's opening hours",
    "no_voucher_redeemed_twice": "no voucher is in use twice",
    "payments_within_validity": "every payment lies in its voucher's validity",
    "refunds_within_payments": "every refund has its payment and returns no more than was paid",
    "own_not_negative": "no payment, with its refunds, has more subsidy than sale",
    "splits_add_up": "the funders' parts make the whole subsidy, to the fen",
    "facts_follow_their_split": "every redemption carries the split of its subsidy",
    "numbers_once": "no transaction number stands twice",
    "numbers_in_runs": "every transaction number can be found by its key",
    "times_in_runs": "every redemption can be found by its time",
    "merchants_in_runs": "every redemption can be found by its merchant",
    "claim_totals": "the totals of claims equal the claims",
    "claims_used": "the claims that were used are those with a payment that stands",
    "group_totals": "the totals by day and key equal the redemptions",
    "merchant_totals": "the totals by merchant equal the redemptions",
    "funder_totals": "the totals by funder equal the redemptions",
    "funds_not_overdrawn": "every fund holds what was appropriated, and none is overdrawn",
    "balances": "what stands on each account is what its postings and payments come to",
    "commitments_cover_payments": "what rounds have paid is within what was committed to them",
    "references": "every row's references are there",
    "audit_chain": "the audit log is unbroken",
}


def check_all(session: Session) -> Outcome:
    """Run every check; the outcome is failed (exit 5) when one of them finds a breach, and says
    which and where.
    """
    with reading(
        session
    ) as db:  # one snapshot: an import that commits meanwhile cannot look like a breach
        breaches_by_check = {name: check(db) for name, check in checks.CHECKS.items()}
    rows = tuple(
        {
            "check": name,
            "state": "failed" if breaches else "ok",
            "breaches": len(breaches),
            "proves": MEANINGS[name],
        }
        for name, breaches in breaches_by_check.items()
    )
    problems = tuple(
        Problem(
            "check_failed",
            "{check}: {subject}: expected {expected}, found {found}",
            params={"check": name, "subject": subject, "expected": expected, "found": value},
        )
        for name, breaches in breaches_by_check.items()
        for subject, expected, value in breaches[:NAMED]
    )
    says = () if problems else (say("all {count} checks passed", count=len(rows)),)
    return Outcome(
        tables=(Table(say("Checks"), COLUMNS, rows, key="checks"),),
        says=says,
        problems=problems,
        status="failed" if problems else "ok",
    )
