"""What only some files say of payments: which of it the templates of a programme ask for, and what
could not be judged because a file does not say it.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import details
from vouchercli.store import claims, sql_functions, templates, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.rules.templates import Template
    from vouchercli.store.known_facts import Known

# Payments with vouchers of rounds that ask for details, with what their refunds gave back; of a
# batch those that it brought; as known on a sealed day also those that were reversed since.
UNVERIFIED = """
SELECT s.round_id, unverified(s.round_id, f.coupon_no, ifnull(d.details, v.details)) AS keys,
    count(*) - count(f.refund_of),
    CAST(sum(s.after_fen - s.before_fen) AS BIGINT)
FROM (
    SELECT f.redemption_id, f.refund_of, f.split_id, f.paid_at, f.coupon_no
    FROM redemption_runs n CROSS JOIN redemptions f
        ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE n.batch_id = ifnull(:batch_id, n.batch_id) AND n.first_paid_at <= :until
    UNION ALL
    SELECT v.redemption_id, v.refund_of, v.split_id, v.paid_at, v.voucher % 1024
    FROM reversed_redemptions v WHERE v.booked_on > :known_day
) f
CROSS JOIN splits s ON s.split_id = f.split_id
LEFT JOIN redemption_details d ON d.redemption_id = ifnull(f.refund_of, f.redemption_id)
LEFT JOIN reversed_redemptions v ON v.redemption_id = ifnull(f.refund_of, f.redemption_id)
WHERE f.paid_at BETWEEN :since AND :until AND f.redemption_id <= :last_id
    AND s.round_id IN (SELECT value FROM json_each(:rounds))
GROUP BY 1, 2 HAVING keys <> ''
"""
EVER = 1 << 62


class Unverified(NamedTuple):
    """Payments that were accepted though a condition (`key`, as the template writes it) could not
    be judged: the file does not say it. `paid_fen`: what their vouchers paid, refunds taken off.
    """

    key: str
    rows: int
    paid_fen: int


def packs(db: sqlite3.Connection, programme_id: int) -> dict[int, Template]:
    """The template of each round of a programme."""
    rows = claims.templates_of_rounds(db, programme_id)
    return {row["round_id"]: templates.value(row) for row in rows}


def asked(db: sqlite3.Connection, programme_id: int) -> frozenset[str]:
    """The details that the rounds of a programme ask for."""
    every = (details.asked(p.scope, p.coupons) for p in packs(db, programme_id).values())
    return frozenset().union(*every)


def unverified(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    batch_id: int | None = None,
    rounds: Iterable[int] | None = None,
    since: int | None = None,
    until: int | None = None,
    known: Known | None = None,
) -> list[Unverified]:
    """What could not be judged, by condition: of a batch, of some rounds (None: of all), of what
    was paid from `since` to `until` (UTC seconds; None: any), as `known` on a sealed day.
    """
    asking = {
        round_id: pack
        for round_id, pack in packs(db, programme_id).items()
        if details.asked(pack.scope, pack.coupons) and (rounds is None or round_id in rounds)
    }
    if not asking:
        return []

    @cache
    def find(round_id: int, coupon_no: int, said: str | None) -> str:
        pack, known = asking[round_id], json.loads(said or "{}")
        return " ".join(details.unverified(pack.scope, pack.coupon(coupon_no), known))

    sql_functions.register(db, unverified=find)
    asked = {
        "batch_id": batch_id,
        "rounds": json.dumps([*asking]),
        "since": -EVER if since is None else since,
        "until": EVER if until is None else until,
        "last_id": EVER if known is None else known.last_redemption,
        "known_day": EVER if known is None else known.day,
    }
    rows: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for _, keys, count, fen in typed.tuples(db, UNVERIFIED, asked):
        for key in keys.split():
            rows[key] += count
            paid[key] += fen
    return [Unverified(name, rows[name], paid[name]) for name in details.NAMES if name in rows]
