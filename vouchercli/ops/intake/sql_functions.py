"""Teach the database the law of one row: SQL functions that ask rules/, so that a rule is written
once.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from vouchercli.rules import details, scope, times
from vouchercli.rules import templates as template_rules
from vouchercli.rules.merchants import Merchant
from vouchercli.rules.subsidy import lawful_subsidy, of_coupon
from vouchercli.store import claims, limits, sql_functions, templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.rules.templates import Template


def teach(db: sqlite3.Connection, programme_id: int, zone: str) -> None:
    """Register lawful_subsidy, is_in_scope, broken_scope, used_channel, usable_at, is_open_to_all,
    kept_details, broken_detail, explained_detail, visit_limit and counts for the rounds of a
    programme.
    """
    limits.teach_visits(db, programme_id, zone)
    packs = {
        row["round_id"]: templates.value(row)
        for row in claims.templates_of_rounds(db, programme_id)
    }
    scope_of = cache(lambda round_id, coupon_no: packs[round_id].scope_of(coupon_no))

    @cache
    def covers(round_id: int, coupon_no: int, *merchant: Any) -> bool:
        return scope.covers(scope_of(round_id, coupon_no), Merchant(*merchant))

    def is_in_scope(
        round_id: int | None,
        coupon_no: int,
        channel: str,
        paid_at: int,
        merchant_no: str,
        district: str,
        industry: str,
        size: str,
        is_registered: int,
    ) -> bool:
        if round_id is None or not covers(
            round_id, coupon_no, merchant_no, district, industry, size, is_registered
        ):
            return False
        own = scope_of(round_id, coupon_no)
        if own.any_of or own.also:
            merchant = Merchant(merchant_no, district, industry, size, bool(is_registered))
            clock = times.clock_of(paid_at, zone)
            return scope.find_broken(own, merchant, channel, clock) is None
        return scope.has_channel(own, channel) and (
            not own.is_timed or scope.is_hour(own, *times.clock_of(paid_at, zone))
        )

    def broken_scope(
        round_id: int,
        coupon_no: int,
        channel: str,
        paid_at: int,
        merchant_no: str,
        district: str,
        industry: str,
        size: str,
        is_registered: int,
    ) -> str | None:
        """The first condition of the scope that a payment breaks, as JSON."""
        merchant = Merchant(merchant_no, district, industry, size, bool(is_registered))
        clock = times.clock_of(paid_at, zone)
        broken = scope.find_broken(scope_of(round_id, coupon_no), merchant, channel, clock)
        return None if broken is None else json.dumps(broken, ensure_ascii=False)

    def used_channel(round_id: int | None, coupon_no: int, channel: str) -> str:
        if round_id is None:
            return ""
        return scope.used_channel(scope_of(round_id, coupon_no), channel or "")

    def usable_at(round_id: int | None, claimed_at: int) -> int | None:
        pack = packs[round_id] if round_id is not None else None
        return None if pack is None else template_rules.usable_at(pack, claimed_at, zone)

    sql_functions.register(
        db,
        lawful_subsidy=_subsidies(packs),
        is_in_scope=is_in_scope,
        broken_scope=broken_scope,
        used_channel=used_channel,
        **_of_details(packs),
        usable_at=usable_at,
        is_open_to_all=lambda round_id: scope.registration_open(packs[round_id].scope),
    )


def _of_details(packs: dict[int, Template]) -> dict[str, Callable[..., Any]]:
    """The functions that read what a row says of its goods (JSON). Rows say the same few things."""
    asked = {round_id: details.asked(pack.scope, pack.coupons) for round_id, pack in packs.items()}

    @cache
    def find(round_id: int | None, coupon_no: int, said: str) -> details.Broken | None:
        if round_id is None or not asked[round_id]:
            return None
        pack = packs[round_id]
        return details.find_broken(pack.scope, pack.coupon(coupon_no), json.loads(said))

    def broken_detail(round_id: int | None, coupon_no: int, said: str) -> str:
        broken = find(round_id, coupon_no, said)
        return "" if broken is None else broken[0]

    def explained_detail(round_id: int | None, coupon_no: int, said: str) -> str | None:
        broken = find(round_id, coupon_no, said)
        return None if broken is None else json.dumps(broken[1], ensure_ascii=False)

    @cache
    def kept_details(round_id: int | None, said: str) -> str | None:
        names = asked[round_id] if round_id is not None else frozenset()
        kept = {name: text for name, text in json.loads(said).items() if name in names}
        return json.dumps(kept, ensure_ascii=False) if kept else None

    return {
        "broken_detail": broken_detail,
        "explained_detail": explained_detail,
        "kept_details": kept_details,
    }


def _subsidies(packs: dict[int, Template]) -> Callable[..., int | None]:
    """What a voucher pays on a base. Most pay the same whatever is bought."""
    by_word = {
        (round_id, each.coupon_no): each
        for round_id, pack in packs.items()
        for each in pack.coupons
        if each.rates or each.most_diners
    }

    def pays(
        round_id: int | None,
        base_fen: int,
        coupon_no: int | None,
        denomination_fen: int | None,
        percent_bp: int | None,
        said: str | None,
    ) -> int | None:
        if denomination_fen is None or round_id is None or coupon_no is None:
            return None
        if by_word and (coupon := by_word.get((round_id, coupon_no))):
            return of_coupon(coupon, base_fen, json.loads(said or "{}"))
        return lawful_subsidy(base_fen, denomination_fen, percent_bp)

    return pays
