"""`voucher check`: each invariant is broken by hand in a small town, and its check names what broke,
with the figure that it expects and the one that stands; at the border it finds nothing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from memory import copied
from test_redemptions import take_in

from vouchercli.store import checks, transaction_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Breaches = dict[str, list[tuple[str, str, str]]]
ROWS = (
    "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,5,10,",
    "T2,pay,C2,4,M2,2020-03-28 09:00:00,4000,0,400,",
    "R1,refund,C1,1,M1,2020-03-28 10:00:00,20,0,4.44,T1",
)
OPENS, CLOSES, EXPIRES = 1_585_267_200, 1_585_353_600, 1_585_872_001  # r1, and the claim C1
IDS = {"T1": 1, "T2": 2, "R1": 3}
KEY_OF_T1, KEY_OF_R1 = (
    transaction_numbers.key(number).to_bytes(4, "little").hex().upper() for number in ("T1", "R1")
)


TOWN: list[sqlite3.Connection] = []


@pytest.fixture
def town(city: Any, here: Path) -> sqlite3.Connection:
    """A copy in memory of a town under pro_rata: r1 of 10 packs, claims C1 to C3, the three rows;
    without what keeps hands off its tables.
    """
    if not TOWN:
        take_in(city("pro_rata"), here, *ROWS, expect=0)
        with closing(sqlite3.connect(here / "voucher.db")) as file:
            TOWN.append(copied(file))
        for row in (
            TOWN[0].execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        ):
            TOWN[0].execute(f"DROP TRIGGER {row['name']}")
    db = copied(TOWN[0])
    db.execute("PRAGMA ignore_check_constraints = ON")
    db.execute("PRAGMA foreign_keys = OFF")
    return db


def breaches_of(db: sqlite3.Connection, names: Iterable[str] = checks.CHECKS) -> Breaches:
    """What each of the checks finds, the silent ones left out."""
    answers = {name: checks.CHECKS[name](db) for name in names}
    return {name: breaches for name, breaches in answers.items() if breaches}


def test_nothing_is_found_where_nothing_was_touched(town: sqlite3.Connection) -> None:
    rows = town.execute("SELECT transaction_no, redemption_id FROM redemptions")
    assert dict(map(tuple, rows)) == IDS
    assert breaches_of(town) == {}


SPOILED: dict[str, Breaches] = {
    # ---------------------------------------------------------------- batches
    "UPDATE batches SET read = 4 WHERE batch_id = 2": {"batches_add_up": [("2", "4", "3")]},
    "UPDATE batches SET read = 4, rejected = 1 WHERE batch_id = 2": {
        "batches_add_up": [("2", "1", "0")]
    },
    "UPDATE batches SET read = 4, duplicate = 1 WHERE batch_id = 2": {},
    "UPDATE batches SET read = 4, state = 'importing' WHERE batch_id = 2": {},
    "UPDATE batches SET read = 4, accepted = 4 WHERE batch_id = 2": {
        "batches_have_their_facts": [("2", "4", "3")]
    },
    "UPDATE batches SET state = 'undone' WHERE batch_id = 2": {
        "batches_have_their_facts": [("2", "3", "3")]
    },
    "INSERT INTO rejects VALUES (3, 9, 'expired', '{}', '[]')": {
        "batches_add_up": [("3", "0", "1")]
    },
    "UPDATE claims SET batch_id = 3": {"batches_have_their_facts": [("2", "3", "0")]},
    "UPDATE claims SET batch_id = 3 WHERE claim_id = 3": {
        "batches_have_their_facts": [("2", "3", "2"), ("3", "3", "1")]
    },
    "DELETE FROM redemptions": {"batches_have_their_facts": [("3", "3", "0")]},
    "DELETE FROM redemptions; UPDATE batches SET state = 'undone' WHERE batch_id = 3": {
        "batches_have_their_facts": []
    },
    # ---------------------------------------------------------------- claims
    "UPDATE rounds SET claimed = 4": {"packs_within_quota": [("r1", "4", "3")]},
    "UPDATE rounds SET packs = 3": {},
    "UPDATE rounds SET packs = 2": {"packs_within_quota": [("r1", "3", "3")]},
    "UPDATE seats SET free = 1": {"packs_within_quota": [("r1 seats", "0", "1")]},
    "UPDATE seats SET free = -1": {"packs_within_quota": [("r1 seats", "0", "-1")]},
    "DELETE FROM seats": {"packs_within_quota": [("r1 seats", "0", "None")]},
    "UPDATE claims SET resident = x'61', pack_no = claim_id WHERE claim_id < 3": {
        "packs_within_resident_limit": [("r1 token:61", "1", "2")]
    },
    "UPDATE claims SET resident = x'61', pack_no = claim_id;UPDATE rounds SET per_resident = 2": {
        "packs_within_resident_limit": [("r1 token:61", "2", "3")]
    },
    "UPDATE claims SET resident = x'61', pack_no = claim_id;UPDATE rounds SET per_resident = 3": {},
    "UPDATE rounds SET per_resident = 1 WHERE round = 'r1'": {},  # one pack each
    f"UPDATE claims SET claimed_at = {OPENS} WHERE claim_id = 3": {},
    f"UPDATE claims SET claimed_at = {OPENS - 1} WHERE claim_id = 3": {
        "claims_in_their_window": [("C3", str(OPENS), str(OPENS - 1))]
    },
    f"UPDATE claims SET claimed_at = {CLOSES - 1} WHERE claim_id = 3": {
        "claim_totals": [("r1 20200327", "3", "2"), ("r1 20200328", "0", "1")]
    },
    f"UPDATE rounds SET closes_at = {OPENS + 3}": {
        "claims_in_their_window": [("C3", str(OPENS), str(OPENS + 3))]
    },
    f"UPDATE rounds SET closes_at = {OPENS + 4}": {},
    "UPDATE claims SET expires_at = claimed_at WHERE claim_id = 3": {
        "claims_in_their_window": [("C3", str(OPENS), str(OPENS + 3))]
    },
    "UPDATE claims SET expires_at = claimed_at + 1 WHERE claim_id = 3": {},
    "UPDATE claim_totals SET claims = 2": {"claim_totals": [("r1 20200327", "2", "3")]},
    "DELETE FROM claim_totals": {"claim_totals": [("r1 20200327", "0", "3")]},
    "INSERT INTO claim_totals VALUES (1, 20200329, 1)": {
        "claim_totals": [("r1 20200329", "1", "0")]
    },
    # ---------------------------------------------------------------- payments
    "UPDATE refunds SET spent = 1 WHERE redemption_id = 3": {
        "no_voucher_redeemed_twice": [("C1/1", "1", "2")]
    },
    "UPDATE refunds SET spent = -1 WHERE redemption_id = 3": {
        "no_voucher_redeemed_twice": []  # 1 - 1 = 0
    },
    "UPDATE refunds SET spent = -2 WHERE redemption_id = 3": {
        "no_voucher_redeemed_twice": [("C1/1", "1", "-1")]
    },
    "UPDATE splits SET after_fen = 444 WHERE after_fen = 1000": {
        "no_voucher_redeemed_twice": [],
        "refunds_within_payments": [],
    },
    "UPDATE splits SET after_fen = 443 WHERE after_fen = 1000": {  # 4.43 paid, 4.44 returned
        "no_voucher_redeemed_twice": [("C1/1", "1", "1")],
        "refunds_within_payments": [("T1", "4500", "2000")],
    },
    f"UPDATE claims SET expires_at = {OPENS + 3601} WHERE claim_id = 1": {},
    f"UPDATE claims SET expires_at = {OPENS + 3600} WHERE claim_id = 1": {
        "payments_within_validity": [("T1", str(OPENS + 3600), str(OPENS + 3600))]
    },
    f"UPDATE claims SET claimed_at = {OPENS + 3600} WHERE claim_id = 1": {},
    f"UPDATE claims SET claimed_at = {OPENS + 3601} WHERE claim_id = 1": {
        "payments_within_validity": [("T1", str(EXPIRES), str(OPENS + 3600))]
    },
    # ---------------------------------------------------------------- refunds
    "UPDATE redemptions SET base_fen = -4500 WHERE redemption_id = 3": {
        "refunds_within_payments": []
    },
    "UPDATE redemptions SET base_fen = -4501 WHERE redemption_id = 3": {
        "refunds_within_payments": [("T1", "4500", "4501")]
    },
    "UPDATE redemptions SET refund_of = 2 WHERE redemption_id = 3": {
        "refunds_within_payments": [("None", "None", "2000")]
    },
    "UPDATE redemptions SET refund_of = 9 WHERE redemption_id = 3": {
        "refunds_within_payments": [("None", "None", "2000")]
    },
    "UPDATE redemptions SET refund_of = 3 WHERE redemption_id = 3": {
        "refunds_within_payments": [("None", "None", "2000")]
    },
    "UPDATE redemptions SET voucher = 1024 + 2 WHERE redemption_id = 3": {
        "refunds_within_payments": [("None", "None", "2000")],
        "no_voucher_redeemed_twice": [("C1/2", "1", "0")],
    },
    "UPDATE redemptions SET voucher = 3 * 1024 + 1 WHERE redemption_id = 3": {
        "refunds_within_payments": [("None", "None", "2000")],
        "no_voucher_redeemed_twice": [("C3/1", "1", "0")],
    },
    # ---------------------------------------------------------------- shares
    "UPDATE splits SET public_fen = public_fen + 1 WHERE after_fen = 40000": {
        "splits_add_up": [("r1 0>40000", "40001", "40000")]
    },
    "UPDATE splits SET platform_fen = 1 WHERE after_fen = 40000": {
        "splits_add_up": [("r1 0>40000", "40001", "40000")]
    },
    "UPDATE splits SET match_fen = 1 WHERE after_fen = 40000": {
        "splits_add_up": [("r1 0>40000", "40001", "40000")]
    },
    "UPDATE splits SET public_fen = 39990, platform_fen = 7, match_fen = 3"
    " WHERE after_fen = 40000": {"splits_add_up": []},
    # what stays is nobody's, but a merchant gives its own part back
    "UPDATE splits SET stays = 1 WHERE before_fen = 1000": {
        "splits_add_up": [("r1 1000>556 treasury", "0", "-444")]
    },
    "UPDATE splits SET stays = 1 WHERE before_fen = 1000;"
    " UPDATE split_parts SET amount_fen = 0 WHERE split_id = 3": {"splits_add_up": []},
    "UPDATE splits SET stays = 1 WHERE before_fen = 1000;"
    " UPDATE split_parts SET funder_id = 2 WHERE split_id = 3": {"splits_add_up": []},
    "DELETE FROM split_parts WHERE amount_fen = 40000": {
        "splits_add_up": [("r1 0>40000", "40000", "None")]
    },
    "UPDATE redemptions SET split_id = 99 WHERE redemption_id = 2": {
        "facts_follow_their_split": [("T2", "1", "None")]
    },
    "UPDATE redemptions SET refund_of = 1 WHERE redemption_id = 2": {
        "facts_follow_their_split": [("T2", "1", "1")],
        "refunds_within_payments": [("None", "None", "-398000")],
    },
    "UPDATE redemptions SET refund_of = NULL WHERE redemption_id = 3": {
        "facts_follow_their_split": [("R1", "1", "1")],
    },
    # ---------------------------------------------------------------- numbers
    "UPDATE redemptions SET transaction_no = 'T1' WHERE redemption_id = 2": {
        "numbers_once": [("T1", "1", "2")]
    },
    "UPDATE redemptions SET transaction_no = 'T1' WHERE redemption_id = 3": {
        "numbers_once": [],
        "numbers_in_runs": [("T1", KEY_OF_T1, KEY_OF_R1)],
    },
    "UPDATE redemptions SET transaction_no = 'T1' WHERE redemption_id = 2;"
    "UPDATE batches SET state = 'importing' WHERE batch_id = 3": {"numbers_once": []},
    f"UPDATE redemption_runs SET first_paid_at = {OPENS + 3601}": {
        "times_in_runs": [("T1", str(OPENS + 3600), f"{OPENS + 3601}-{CLOSES + 7200}")]
    },
    f"UPDATE redemption_runs SET last_paid_at = {CLOSES + 7199}": {
        "times_in_runs": [("R1", str(CLOSES + 7200), f"{OPENS + 3600}-{CLOSES + 7199}")]
    },
    "UPDATE redemption_runs SET first_paid_at = 0, last_paid_at = 2000000000": {},
    "UPDATE merchant_runs SET merchants = x'070000000200000001000000' WHERE first_id = 1": {
        "merchants_in_runs": [("T1", "1", "7")]
    },
    "DELETE FROM merchant_runs": {},  # it is looked for in the table then
    # ---------------------------------------------------------------- totals
    "DELETE FROM used_claims WHERE day = 20200327": {"claims_used": [("C1 20200327", "0", "1")]},
    "UPDATE used_claims SET claims = x'0C' WHERE day = 20200328": {
        "claims_used": [("C3 20200328", "1", "0")]
    },
    "INSERT INTO used_claims VALUES (0, 1, 0, x'02')": {"claims_used": [("C1 0", "1", "0")]},
    "UPDATE redemptions SET voucher = 3 * 1024 + 4 WHERE redemption_id = 2": {
        "claims_used": [("C2 20200328", "1", "0"), ("C3 20200328", "0", "1")]
    },
    "UPDATE group_totals SET base_fen = base_fen + 1 WHERE grouping = 'round' AND day = 20200327": {
        "group_totals": [("r1 20200327 round ", "4501", "4500")]
    },
    "UPDATE group_totals SET vouchers = 0 WHERE grouping = 'channel' AND day = 20200327": {
        "group_totals": [("r1 20200327 channel ", "4500", "4500")]
    },
    "DELETE FROM group_totals WHERE grouping = 'district' AND key = '上城区'": {
        "group_totals": [("r1 20200328 district 上城区", "0", "400000")]
    },
    "DELETE FROM group_totals WHERE grouping = 'coupon,district' AND key = '40-10'": {
        "group_totals": [
            ("r1 20200327 coupon,district 40-10 西湖区", "0", "4500"),
            ("r1 20200328 coupon,district 40-10 西湖区", "0", "-2000"),
        ]
    },
    "UPDATE merchant_totals SET base_fen = 7 WHERE merchant_id = 1": {
        "merchant_totals": [("r1 202003 M1", "7", "2500")]
    },
    "UPDATE merchant_totals SET face_fen = 7 WHERE merchant_id = 2": {
        "merchant_totals": [("r1 202003 M2", "400000", "400000")]
    },
    "INSERT INTO uncounted_runs VALUES (1)": {  # all three rows are counted already
        "merchant_totals": [("r1 202003 M1", "5000", "2500"), ("r1 202003 M2", "800000", "400000")]
    },
    "UPDATE funder_totals SET amount_fen = 1 WHERE day = 20200327": {
        "funder_totals": [("r1 20200327 treasury", "1", "1000")]
    },
    "DELETE FROM funder_totals WHERE day = 20200328": {
        "funder_totals": [("r1 20200328 treasury", "0", "39556")]  # 400.00 - 4.44
    },
    # ---------------------------------------------------------------- the ledger
    "UPDATE funders SET amount_fen = 1 WHERE funder = 'treasury'": {
        "funds_not_overdrawn": [("town treasury", "1", "100000000")]
    },
    # postings are never updated: their balances say so, whatever else is in order
    "UPDATE postings SET amount_fen = 40556 WHERE to_account = 'committed'": {
        "commitments_cover_payments": [],
        "balances": [
            # 430.00 a pack: 10 were committed, of which 3 are claimed
            ("treasury committed 1", "-88444", "301000"),
            ("treasury uncommitted 0", "99959444", "99570000"),
        ],
    },
    # 3 packs claimed, 405.56 paid (10.00 + 400.00 - 4.44): 884.44 are left of them
    "UPDATE balances SET committed_fen = -88444 WHERE round_id = 1 AND funder_id = 1": {
        "commitments_cover_payments": [],
    },
    "UPDATE balances SET committed_fen = -88445 WHERE round_id = 1 AND funder_id = 1": {
        "commitments_cover_payments": [("r1 treasury", "0", "-1")]
    },
    "UPDATE balances SET payable_fen = -1 WHERE round_id = 1 AND funder_id = 1": {
        "commitments_cover_payments": [("r1 treasury", "1", "389444")]
    },
    # ---------------------------------------------------------------- what facts move
    "UPDATE postings SET amount_fen = amount_fen - 1 WHERE to_account = 'outstanding' AND why = 'claims.import'": {
        "postings_follow_facts": [("r1 20200327 treasury outstanding", "129000", "128999")]
    },
    "UPDATE postings SET amount_fen = amount_fen + 1 WHERE to_account = 'payable' AND day = 20200327": {
        "postings_follow_facts": [("r1 20200327 treasury payable", "1000", "1001")]
    },
    "UPDATE postings SET day = 20200327 WHERE to_account = 'payable'": {
        "postings_follow_facts": [
            ("r1 20200327 treasury payable", "1000", "40556"),
            ("r1 20200328 treasury payable", "39556", "0"),
        ]
    },
    "DELETE FROM postings WHERE to_account = 'payable' AND day = 20200327": {
        "postings_follow_facts": [("r1 20200327 treasury payable", "1000", "0")]
    },
    "UPDATE postings SET why = 'round.release' WHERE to_account = 'outstanding'": {
        "postings_follow_facts": [("r1 20200327 treasury outstanding", "129000", "0")]
    },
    "UPDATE pack_parts SET amount_fen = amount_fen + 1": {
        "postings_follow_facts": [("r1 20200327 treasury outstanding", "129003", "129000")]
    },
    "UPDATE postings SET amount_fen = 100000000 WHERE to_account = 'committed'": {
        "funds_not_overdrawn": [],
        "balances": [
            ("treasury committed 1", "99871000", "301000"),
            ("treasury uncommitted 0", "0", "99570000"),
        ],
    },
    "UPDATE postings SET amount_fen = 100000001 WHERE to_account = 'committed'": {
        "funds_not_overdrawn": [("town treasury", "100000000", "100000000")]
    },
    # ---------------------------------------------------------------- references
    "UPDATE redemptions SET merchant_id = 99 WHERE redemption_id = 2": {
        "references": [("redemptions", "merchants", "2")]
    },
    "UPDATE redemptions SET segment_id = 99 WHERE redemption_id = 2": {
        "references": [("redemptions", "segments", "2")]
    },
    "UPDATE redemptions SET voucher = 99 * 1024 + 1 WHERE redemption_id = 2": {
        "references": [("redemptions", "claims", "2")]
    },
    "UPDATE redemption_runs SET batch_id = 99": {
        "references": [("redemption_runs", "batches", "1")]
    },
    "DELETE FROM refunds": {"references": [("redemptions", "refunds", "3")]},
    "UPDATE refunds SET redemption_id = 2": {
        "references": [("redemptions", "refunds", "3"), ("refunds", "redemptions", "2")]
    },
    "UPDATE claims SET batch_id = 99 WHERE claim_id = 3": {
        "references": [("claims", "batches", "3")]
    },
    "UPDATE claims SET round_id = 99 WHERE claim_id = 3": {
        "references": [("claims", "rounds", "3")]
    },
    "INSERT INTO seats VALUES (99, 0)": {"references": [("seats", "rounds", "99")]},
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_what_was_broken_is_named(town: sqlite3.Connection, spoil: str) -> None:
    # what hangs together with it may be named too; where nothing is expected, no check finds any
    town.executescript(spoil)
    expected = {name: breaches for name, breaches in SPOILED[spoil].items() if breaches}
    assert breaches_of(town, SPOILED[spoil] or checks.CHECKS) == expected
