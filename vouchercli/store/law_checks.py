"""What the law makes of facts, computed once more: when claims expire, what payments pay, and who
shares it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from vouchercli.rules import shares, subsidy
from vouchercli.rules import templates as rules
from vouchercli.store import breaches, open_rows, sql_functions, templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.rules.templates import Template
    from vouchercli.store.breaches import Breach

ROUNDS = """
SELECT r.round_id, r.round, r.programme_id, r.opens_at, t.document, p.time_zone
FROM rounds r JOIN templates t USING (template_id) JOIN programmes p USING (programme_id)
"""
CLAIMS = "SELECT claim_no, round_id, claimed_at, expires_at FROM temp.open_claims"
# What a voucher pays on its base; a payment's split starts at nothing.
PAYMENTS = """
SELECT transaction_no AS subject, ifnull(price_end, expected_fen) AS expected,
    CASE WHEN price_end IS NULL THEN after_fen ELSE base_fen END AS found
FROM (
    SELECT f.transaction_no, f.base_fen, s.after_fen,
        CASE WHEN f.base_fen < k.threshold_fen THEN k.threshold_fen
            WHEN f.base_fen > k.most_base_fen THEN k.most_base_fen END AS price_end,
        CASE WHEN k.percent_bp IS NULL THEN k.denomination_fen
            WHEN pays_by_word(s.round_id) THEN subsidy_by_word(s.round_id, f.coupon_no, f.base_fen,
                (SELECT d.details FROM redemption_details d
                    WHERE d.redemption_id = f.redemption_id))
            ELSE lawful_subsidy(f.base_fen, k.denomination_fen, k.percent_bp) END AS expected_fen
    FROM temp.open_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
        CROSS JOIN rounds r ON r.round_id = s.round_id
        LEFT JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no
    WHERE f.refund_of IS NULL
) WHERE price_end IS NOT NULL OR expected_fen IS NOT after_fen
"""
# Of a payment from nothing to its subsidy, of a refund from what was kept to what is kept after it.
SPLITS = "SELECT * FROM splits"
PARTS = """
SELECT f.funder, p.amount_fen FROM split_parts p JOIN funders f USING (funder_id)
WHERE p.split_id = ? AND p.amount_fen <> 0
"""
KINDS = "SELECT programme_id, funder, kind FROM funders"


def expiry_by_law(db: sqlite3.Connection) -> list[Breach]:
    """Claims that expire at another moment than their template says. Claims of one second of a
    round expire together: a sell-out of thousands is asked once.
    """
    packs = _packs(db)
    known: dict[tuple[int, int], int] = {}
    found: list[Breach] = []
    with open_rows.laid_out(db):
        for claim_no, round_id, claimed_at, expires_at in db.execute(CLAIMS):
            key = (round_id, claimed_at)
            expected = known.get(key)
            if expected is None:
                if len(known) >= SECONDS:
                    known.clear()
                expected = known[key] = rules.expires_at(
                    packs[round_id][0], claimed_at, packs[round_id][1]
                )
            if packs[round_id][0].validity.is_stated and claimed_at < expires_at < expected:
                continue  # the platform said so; its word is proved with the fact itself
            if expected != expires_at:
                found.append((claim_no, str(expected), str(expires_at)))
    return found


SECONDS = 100_000  # kept in mind at once


EARLY = """
SELECT f.transaction_no AS subject, usable_at(c.round_id, c.claimed_at) AS expected,
    f.paid_at AS found
FROM temp.open_redemptions f CROSS JOIN claims c ON c.claim_id = f.claim_id
WHERE f.refund_of IS NULL AND is_late(c.round_id) AND f.paid_at < expected
"""


def _packs(db: sqlite3.Connection) -> dict[int, tuple[Template, str]]:
    """The template and the time zone of every round."""
    return {
        row["round_id"]: (templates.of_round(row), row["time_zone"]) for row in db.execute(ROUNDS)
    }


def payments_from_their_day(db: sqlite3.Connection) -> list[Breach]:
    """Payments with vouchers that could not be used yet."""
    packs = _packs(db)
    if not any(pack.validity.not_before for pack, _ in packs.values()):
        return []
    sql_functions.register(
        db,
        is_late=lambda round_id: packs[round_id][0].validity.not_before is not None,
        usable_at=lambda round_id, claimed_at: rules.usable_at(
            packs[round_id][0], claimed_at, packs[round_id][1]
        ),
    )
    return breaches.rows(db, EARLY)


def payments_by_law(db: sqlite3.Connection) -> list[Breach]:
    """Payments below their threshold, or of another subsidy than their voucher pays."""
    packs = {round_id: pack for round_id, (pack, _) in _packs(db).items()}
    by_word = {
        round_id
        for round_id, pack in packs.items()
        if any(each.rates or each.most_diners for each in pack.coupons)
    }

    def subsidy_by_word(
        round_id: int, coupon_no: int, base_fen: int, said: str | None
    ) -> int | None:
        coupon = packs[round_id].coupon(coupon_no)
        known = json.loads(said or "{}")
        return None if coupon is None else subsidy.of_coupon(coupon, base_fen, known)

    sql_functions.register(
        db,
        lawful_subsidy=subsidy.lawful_subsidy,
        pays_by_word=lambda round_id: round_id in by_word,
        subsidy_by_word=subsidy_by_word,
    )
    return breaches.rows(db, PAYMENTS)


def splits_by_law(db: sqlite3.Connection) -> list[Breach]:
    """Subsidies that other funders share than their template says, or otherwise."""
    rounds = {row["round_id"]: row for row in db.execute(ROUNDS).fetchall()}
    kinds: dict[int, dict[str, str]] = {}
    for programme_id, funder, kind in db.execute(KINDS):
        kinds.setdefault(programme_id, {})[funder] = kind
    return [
        (
            f"{rounds[row['round_id']]['round']} {row['before_fen']}>{row['after_fen']} {what}",
            str(want),
            str(found),
        )
        for row in db.execute(SPLITS).fetchall()
        for what, want, found in _shares(db, row, rounds[row["round_id"]], kinds)
        if want != found
    ]


def _shares(
    db: sqlite3.Connection, split: Any, round_: Any, kinds: dict[int, dict[str, str]]
) -> Iterator[tuple[str, Any, Any]]:
    pack = templates.read(round_["document"])
    before, after = (
        subsidy.parts(split[end], pack.funding, kinds[round_["programme_id"]], pack.match)
        for end in ("before_fen", "after_fen")
    )
    for kind in ("public_fen", "platform_fen", "match_fen"):
        yield kind, getattr(after, kind) - getattr(before, kind), split[kind]
    expected: Counter[str] = Counter()
    if not split["stays"]:  # what stays with the merchant goes back to nobody
        expected.update(dict(after.by_funder))
        expected.subtract(dict(before.by_funder))
    if pack.match:
        given, kept = (shares.match(split[end], pack.match) for end in ("before_fen", "after_fen"))
        expected[pack.match.funder] += kept - given
    found: dict[str, int] = dict(map(tuple, db.execute(PARTS, (split["split_id"],))))
    yield (
        "shares",
        sorted((name, fen) for name, fen in expected.items() if fen),
        sorted(found.items()),
    )


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "expiry_by_law": expiry_by_law,
    "payments_from_their_day": payments_from_their_day,
    "payments_by_law": payments_by_law,
    "splits_by_law": splits_by_law,
}
