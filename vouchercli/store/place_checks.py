"""Whether payments were made where and when their voucher may be used, and whether rounds hold the
money of their packs.

The law of the day: a payment keeps the segment that its merchant had when it came in, a round its
version of the template; what cannot be known any more of that day is not held against anyone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from vouchercli.rules import details, scope, times
from vouchercli.rules.commitments import pack_parts
from vouchercli.rules.merchants import Merchant
from vouchercli.store import breaches, sql_functions, templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.rules.scope import Scope
    from vouchercli.rules.templates import Template
    from vouchercli.store.breaches import Breach

ROUNDS = """
SELECT r.round_id, t.document, p.time_zone
FROM rounds r JOIN templates t USING (template_id) JOIN programmes p USING (programme_id)
"""
# Only rounds whose scope sets a limit (`is_limited`) are looked at row by row.
OUT_OF_SCOPE = """
SELECT f.transaction_no AS subject, 'in scope of ' || r.round AS expected,
    out_of_scope(s.round_id, f.voucher % 1024, f.channel, f.paid_at, m.merchant_no, g.district,
        g.industry, g.size) AS found
FROM temp.open_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN rounds r ON r.round_id = s.round_id
    CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
    CROSS JOIN segments g ON g.segment_id = f.segment_id
WHERE f.refund_of IS NULL AND is_limited(s.round_id) AND found <> ''
"""
OTHER_GOODS = """
SELECT f.transaction_no AS subject, 'goods in scope of ' || r.round AS expected,
    wrong_details(s.round_id, f.coupon_no, d.details) AS found
FROM redemption_details d JOIN redemptions f USING (redemption_id)
    CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN rounds r ON r.round_id = s.round_id
WHERE found <> ''
"""
CHANNELS = ("", "offline", "online")
# What approvals and amendments moved since the round was last edited, without what was released or
# taken back; a fund that was not watched when the round was approved is left out.
COMMITTED = """
SELECT r.round, r.packs, t.document, f.funder, sum(CASE g.to_account WHEN 'committed'
    THEN g.amount_fen ELSE -g.amount_fen END) AS found
FROM rounds r JOIN templates t USING (template_id) JOIN postings g USING (round_id)
    JOIN funders f USING (funder_id)
WHERE r.state IN ('approved', 'open', 'paused', 'closed', 'settled', 'archived')
    AND f.amount_fen IS NOT NULL AND g.why IN
        ('round.approve', 'round.top-up', 'round.lower', 'round.reissue')
    AND g.posting_id > ifnull((SELECT max(posting_id) FROM postings e
        WHERE e.round_id = r.round_id AND e.why = 'round.edit'), 0)
GROUP BY r.round_id, f.funder_id HAVING max(g.why = 'round.approve')
"""


def scope_by_law(db: sqlite3.Connection) -> list[Breach]:
    """Payments at a merchant, over a channel or at an hour, or of goods that their voucher is not
    for.
    """
    rounds = {
        row["round_id"]: (templates.read(row["document"]), row["time_zone"])
        for row in db.execute(ROUNDS)
    }
    return [*_out_of_place(db, rounds), *_other_goods(db)]


def _out_of_place(db: sqlite3.Connection, rounds: dict[int, tuple[Template, str]]) -> list[Breach]:
    known_of = cache(lambda round_id, coupon_no: _known_of(rounds[round_id][0].scope_of(coupon_no)))

    @cache
    def broken_place(
        round_id: int, coupon_no: int, channel: int, number: str, district: str, industry: str,
        size: str,
    ) -> str:  # fmt: skip
        given = known_of(round_id, coupon_no)
        about = Merchant(
            number if given.merchants or given.exclude else "", district, industry, size
        )
        return _words(scope.find_broken(given, about, CHANNELS[channel], None))

    def out_of_scope(
        round_id: int, coupon_no: int, channel: int, paid_at: int, number: str, district: str,
        industry: str, size: str,
    ) -> str:  # fmt: skip
        given, zone = known_of(round_id, coupon_no), rounds[round_id][1]
        if given.any_of or given.also:  # place, channel and hour of one scope
            about = Merchant(number, district, industry, size)
            clock = times.clock_of(paid_at, zone)
            return _words(scope.find_broken(given, about, CHANNELS[channel], clock))
        place = broken_place(round_id, coupon_no, channel, number, district, industry, size)
        if place or not given.is_timed:
            return place
        return _words(scope.find_broken(given, None, "", times.clock_of(paid_at, zone)))

    limited = {round_id for round_id, (pack, _) in rounds.items() if _is_limited(pack)}
    if not limited:
        return []
    sql_functions.register(
        db, out_of_scope=out_of_scope, is_limited=lambda round_id: round_id in limited
    )
    return breaches.rows(db, OUT_OF_SCOPE)


def _other_goods(db: sqlite3.Connection) -> list[Breach]:
    """Payments of goods that their voucher is not for, by what is kept of them; and what is kept
    though nobody asks for it.
    """

    packs = {row["round_id"]: templates.read(row["document"]) for row in db.execute(ROUNDS)}

    @cache
    def wrong_details(round_id: int, coupon_no: int, kept: str) -> str:
        pack, said = packs[round_id], json.loads(kept)
        if idle := said.keys() - details.asked(pack.scope, pack.coupons):
            return ", ".join(sorted(idle))
        broken = details.find_broken(pack.scope, pack.coupon(coupon_no), said)
        return "" if broken is None else _words(broken[1])

    sql_functions.register(db, wrong_details=wrong_details)
    return breaches.rows(db, OTHER_GOODS)


def _known_of(given: Scope) -> Scope:
    """What of a scope can be asked later: a merchant that anybody may be (registration: open) gets
    another number when a registry lists it.
    """
    if not scope.registration_open(given):
        return given
    each = tuple(replace(one, merchants=frozenset(), exclude=frozenset()) for one in given.any_of)
    also = _known_of(given.also) if given.also else None
    return replace(given, merchants=frozenset(), exclude=frozenset(), any_of=each, also=also)


def _is_limited(pack: Template) -> bool:
    """Whether a place, a channel or an hour is asked of some of its payments."""
    return any(
        replace(_known_of(each), registration="required", **details.NOT_ASKED) != scope.Scope()
        for each in (pack.scope, *(coupon.scope for coupon in pack.coupons))
        if each
    )


def _words(broken: dict[str, str] | None) -> str:
    return ", ".join(f"{key} {value}".strip() for key, value in (broken or {}).items())


def committed_by_packs(db: sqlite3.Connection) -> list[Breach]:
    """Rounds to which another amount was committed than their packs can cost a funder."""
    return [
        (f"{row['round']} {row['funder']}", str(row["packs"] * fen), str(row["found"]))
        for row in db.execute(COMMITTED)
        for funder, fen in pack_parts(templates.read(row["document"]))
        if funder == row["funder"] and row["packs"] * fen != row["found"]
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "scope_by_law": scope_by_law,
    "committed_by_packs": committed_by_packs,
}
