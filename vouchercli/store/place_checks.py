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
from vouchercli.store import breaches, sql_functions, templates, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.rules.scope import Scope
    from vouchercli.rules.templates import Template
    from vouchercli.store.breaches import Breach

ROUNDS = """
SELECT r.round_id, t.document, p.time_zone
FROM rounds r JOIN templates t USING (template_id) JOIN programmes p USING (programme_id)
"""
# Only rounds whose scope sets a limit (`_is_limited`) are looked at row by row; only of what is out
# of scope the merchant is read.
OUT_OF_SCOPE = """
SELECT f.transaction_no AS subject, 'in scope of ' || r.round AS expected,
    why_out_of_scope(s.round_id, f.voucher % 1024, f.channel, f.paid_at, m.merchant_no, g.district,
        g.industry, g.size) AS found
FROM temp.open_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN rounds r ON r.round_id = s.round_id
    CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
    CROSS JOIN segments g ON g.segment_id = f.segment_id
WHERE f.refund_of IS NULL AND s.round_id IN (SELECT value FROM json_each(:rounds))
    AND is_out_of_scope(s.round_id, f.voucher % 1024, f.channel, f.paid_at, f.merchant_id,
        f.segment_id)
"""
SEGMENTS = "SELECT segment_id, district, industry, size FROM segments"
NAMED = """
SELECT merchant_id, merchant_no FROM merchants
WHERE merchant_no IN (SELECT value FROM json_each(?))
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
    limited = [round_id for round_id, (pack, _) in rounds.items() if _is_limited(pack)]
    if not limited:
        return []

    def why_out_of_scope(
        round_id: int, coupon_no: int, channel: int, paid_at: int, number: str, district: str,
        industry: str, size: str,
    ) -> str:  # fmt: skip
        pack, zone = rounds[round_id]
        given, clock = _known_of(pack.scope_of(coupon_no)), times.clock_of(paid_at, zone)
        about = Merchant(number, district, industry, size)
        return _words(scope.find_broken(given, about, CHANNELS[channel], clock))

    sql_functions.register(
        db,
        why_out_of_scope=why_out_of_scope,
        is_out_of_scope=make_judge(db, rounds, limited),
    )
    return breaches.rows(db, OUT_OF_SCOPE, {"rounds": json.dumps(limited)})


def make_judge(
    db: sqlite3.Connection, rounds: dict[int, tuple[Template, str]], limited: list[int]
) -> Callable[[int, int, int, int, int, int], bool]:
    """What says whether a payment of these rounds is out of scope. Merchants of one segment are
    alike, but for those whose number a scope names: each kind of place, and each minute of a week,
    is judged once.
    """
    segments = {row[0]: tuple(row)[1:] for row in db.execute(SEGMENTS)}
    packs = [rounds[round_id][0] for round_id in limited]
    names = sorted({name for pack in packs for name in _names_of(pack)})
    named = dict(typed.tuples(db, NAMED, (json.dumps(names),)))

    @cache
    def scope_of(round_id: int, coupon_no: int) -> Scope:
        return _known_of(rounds[round_id][0].scope_of(coupon_no))

    @cache
    def is_apart(round_id: int, coupon_no: int) -> bool:
        """Whether place and channel are asked by themselves, and the hour by itself."""
        given = scope_of(round_id, coupon_no)
        parts = [one for group in scope.each_alone(given) for one in group]
        return len(parts) == 1 or not any(one.is_timed for one in parts)

    @cache
    def is_out_of_place(
        round_id: int, coupon_no: int, channel: int, number: str, segment_id: int
    ) -> bool:
        about = Merchant(number, *segments[segment_id])
        given = scope_of(round_id, coupon_no)
        return scope.find_broken(given, about, CHANNELS[channel], None) is not None

    @cache
    def is_out_of_time(round_id: int, coupon_no: int, clock: tuple[int, int]) -> bool:
        return scope.find_broken(scope_of(round_id, coupon_no), None, "", clock) is not None

    def is_out_of_scope(
        round_id: int, coupon_no: int, channel: int, paid_at: int, merchant_id: int, segment_id: int
    ) -> bool:
        number = named.get(merchant_id, "")
        if not is_apart(round_id, coupon_no):
            about = Merchant(number, *segments[segment_id])
            clock = times.clock_of(paid_at, rounds[round_id][1])
            given = scope_of(round_id, coupon_no)
            return scope.find_broken(given, about, CHANNELS[channel], clock) is not None
        if is_out_of_place(round_id, coupon_no, channel, number, segment_id):
            return True
        return scope_of(round_id, coupon_no).is_timed and is_out_of_time(
            round_id, coupon_no, times.clock_of(paid_at, rounds[round_id][1])
        )

    return is_out_of_scope


def _names_of(pack: Template) -> Iterator[str]:
    """The numbers of merchants that its scopes name; other names among them are no numbers."""
    for each in (pack.scope, *(coupon.scope for coupon in pack.coupons)):
        for group in scope.each_alone(each) if each else ():
            for one in group:
                yield from (*one.merchants, *one.exclude)


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
