"""Every invariant of a file: what finds its breaches, and what it proves, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.setup import configs
from vouchercli.store import (
    checks,
    day_proofs,
    document_checks,
    fact_checks,
    kept_checks,
    key_rings,
    law_checks,
    log_checks,
    merchant_checks,
    place_checks,
    refund_checks,
    said_checks,
    schema_checks,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

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
    "totals_as_sealed": "the totals of sealed days are what was sealed and what came late",
    "totals_alike": "totals by different keys come to the same",
    "funds_not_overdrawn": "every fund holds what was appropriated, and none is overdrawn",
    "balances": "what stands on each account is what its postings come to",
    "postings_follow_facts": "claims and payments moved what was posted for them",
    "commitments_cover_payments": "what rounds have paid is within what was committed to them",
    "references": "every row's references are there",
    "audit_chain": "the audit log is unbroken",
    "schema_as_shipped": "every table, index, trigger and view is the shipped one",
    "documents_as_digested": "every programme and template is the document of its digest",
    "documents_as_logged": "every programme and template is what the log put in place",
    "documents_followed": "vouchers of packs and funds of programmes are those of their documents",
    "log_is_there": "a file in use has a log",
    "rounds_as_logged": "every round's state and terms are what its lines of the log come to",
    "verdicts_as_logged": "every approval and rejection stands in the log, and none is missing",
    "batches_as_logged": "every imported file is the one that the log names",
    "committed_as_logged": "what was committed by approvals is what the log says",
    "postings_in_their_moment": "money moved only when the log says that something was done",
    "proposals_as_logged": "every amendment and change says what it said when it was proposed",
    "orders_as_logged": "every order to a platform is the one that the log names",
    "draws_as_logged": "what draws have committed to, published and drawn is what the log says",
    "winners_have_packs": "every pack of a drawn round belongs to a resident who won",
    "suspensions_as_logged": "every suspension by hand stands in the log, and none is missing",
    "merchants_as_changed": "every merchant is what its last change made of it",
    "merchants_as_added": "every merchant that nobody changed is as its file added it",
    "expiry_by_law": "every claim expires when its template says",
    "payments_by_law": "every payment reaches its threshold and pays what its voucher says",
    "splits_by_law": "every subsidy is shared as its template says",
    "scope_by_law": "every payment was made where and when its voucher may be used",
    "refunds_by_law": "every refund took back the subsidy that its policy says",
    "committed_by_packs": "every round was committed what its packs can cost",
    "merchants_of_the_day": "every payment was made at a merchant that took part that day",
    "refunds_in_turn": "every refund goes on where the one before it ended",
    "readings_as_logged": "every file was read by the profile that its batch keeps",
    "limits_as_documented": "the limits that hold are those of the programme's document",
    "persons_by_identities": "residents are one person where their applications say so",
    "jobs_as_logged": "the log has a line of every job of the clock",
    "keys_as_logged": "every token was made by the keys that the log names",
    "facts_as_written": "every fact, application, reject and posting is what was written",
    "facts_as_logged": "the digest of all facts is the one that the log named last",
    "days_as_sealed": "every sealed day is what was sealed, behind the day before",
}
# In the order of the report.
CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    **checks.CHECKS,
    "schema_as_shipped": schema_checks.schema_as_shipped,
    "documents_as_digested": lambda db: document_checks.documents_as_digested(db, configs.digest),
    "documents_as_logged": document_checks.documents_as_logged,
    "documents_followed": document_checks.documents_followed,
    **log_checks.CHECKS,
    **said_checks.CHECKS,
    **law_checks.CHECKS,
    **place_checks.CHECKS,
    **merchant_checks.CHECKS,
    **refund_checks.CHECKS,
    **kept_checks.CHECKS,
    **key_rings.CHECKS,
    **fact_checks.CHECKS,
    "days_as_sealed": day_proofs.breaches,
}
