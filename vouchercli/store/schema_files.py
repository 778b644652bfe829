"""The schema's numbered SQL files, one a step of its history, and what they come to as one file."""

from __future__ import annotations

import sqlite3

SCHEMA_FILES = (
    "001_initial.sql",
    "002_applications.sql",
    "003_draws.sql",
    "004_schedule.sql",
    "005_proposals.sql",
    "006_identities.sql",
    "007_duplicates.sql",
    "008_lists.sql",
    "009_report_rounds.sql",
    "010_fact_digests.sql",
    "011_ledger.sql",
    "012_days.sql",
    "013_corrections.sql",
    "014_prolongations.sql",
    "015_price_ends.sql",
    "016_redemption_details.sql",
    "017_handed_draws.sql",
    "018_families.sql",
    "019_arms.sql",
    "020_serials.sql",
    "021_merchant_segments.sql",
    "022_series.sql",
    "023_brands.sql",
    "024_pairs.sql",
    "026_settlements.sql",
    "027_accounts.sql",
    "028_risk.sql",
    "029_order_marks.sql",
    "030_endings.sql",
    "031_tried_accounts.sql",
    "032_transfers_replaced.sql",
    "033_reconciliation.sql",
    "034_came_back.sql",
    "035_samples.sql",
    "036_settled_days.sql",
    "037_cases.sql",
    "038_effects.sql",
    "039_break_proposals.sql",
    "040_samples_of_merchants.sql",
    "041_effect_batches.sql",
    "042_bank_numbers.sql",
    "044_residents_in_cases.sql",
    "045_exclusions_by_decision.sql",
    "046_scan_peers.sql",
)
SCHEMA_VERSION = len(SCHEMA_FILES)
# all steps together; `pytest --bless tests/test_schema_snapshot.py` writes it
WHOLE = "whole.sql"


def schema_text(name: str) -> str:
    """The text of one schema file."""
    from importlib import resources  # takes as long as a small report: only for a new schema

    return resources.files("vouchercli.store").joinpath("schema", name).read_text("utf-8")


def statements(name: str) -> list[str]:
    """The single statements of a schema file (executescript would commit the transaction that is
    open).
    """
    found, pending = [], ""
    for line in schema_text(name).splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found
