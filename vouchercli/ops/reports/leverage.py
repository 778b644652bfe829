"""report leverage: what each public yuan did, by any dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.reports import engine, gathered, published
from vouchercli.ops.reports.cautions import (
    FEW_PACKS,
    FEW_PAYMENTS,
    ONE_MERCHANT,
    SAYS_LITTLE,
    percentages,
)
from vouchercli.ops.reports.dimensions import asked_for, has_claims
from vouchercli.ops.reports.gathered import NO_MERCHANTS, Gathered
from vouchercli.ops.reports.measures import BY_KEY, FORMULAS, Found, columns
from vouchercli.ops.reports.spans import Title, limits_of_sight, span_notes
from vouchercli.ops.reports.specs import EACH_FUNDER, FUNDERS, NAME, Answer, Part, Question, Spec
from vouchercli.result import CSV, DATA, SCREEN, Word, only, say
from vouchercli.rules import leverage as law
from vouchercli.rules import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message, Outcome, Table
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.merchant_counts import Merchants

MERCHANTS = ("merchants", "sized_merchants", "small_merchants", "small_share")
SO_FAR = ("redemptions_so_far", "base_so_far_fen", "subsidy_so_far_fen", "gross_so_far")


def _nothing_yet(scope: Scope) -> Message:
    if scope.since is None and scope.as_of is None:
        return say("nothing has been redeemed yet; next: voucher redemption import FILE")
    return say("nothing was redeemed in this span of time; try without --since and --as-of")


def _say_without_sale(total: Found) -> Iterator[Message]:
    if total.sums.stays_fen:
        yield say(
            "{amount} yuan of subsidy stay on orders that were refunded, in none of the ratios:"
            " voucher redemption list --without-sale",
            amount=money.grouped(total.sums.stays_fen),
        )


SPEC = Spec(
    title=Title(
        now="Leverage by {by}: {programme}, all known at {now}",
        as_of="Leverage by {by}: {programme}, as of {as_of}",
        known="Leverage by {by}: {programme}, as of {as_of}, as known on {day}",
    ),
    sorts=("redemptions", "base_fen", "subsidy_fen", "own_fen", "gross", "own_spend", "floor"),
    none=_nothing_yet,
    says=_say_without_sale,
    beside=published.beside,
    parts=(
        Part(
            (
                NAME,
                *columns("redemptions", "base_fen", "subsidy_fen"),
                *only(CSV, EACH_FUNDER),
                *columns("platform_fen", "match_fen", "own_fen"),
                *columns("stays_fen", where=SCREEN),
                *columns("gross", "own_spend", "floor"),
                BY_KEY["used_of_claimed"].column(Word("Used of claimed"), DATA),
                *columns("claimed_vouchers", where=DATA),
                BY_KEY["paid_of_claimed"].column(Word("Paid of claimed"), DATA),
                *columns("paid_fen", "claimed_face_fen", "stays_fen", where=DATA),
                *columns("all_funders", "gross_of_floor", *MERCHANTS, *SO_FAR, where=DATA),
                FUNDERS,
                SAYS_LITTLE,
            ),
            notes=(span_notes, *FORMULAS, percentages, limits_of_sight),
            cautions=(FEW_PAYMENTS, ONE_MERCHANT),
            key="rows",
            total_key="total",
            bars="gross",
        ),
        Part(
            (EACH_FUNDER, *columns("subsidy_fen")),
            say("Public funders"),
            needs="funders",
            where=SCREEN,
            is_optional=True,
        ),
        Part(
            columns(*SO_FAR),
            say("So far"),
            (say("From the first day of the report on; G so far = base so far / subsidy so far."),),
            needs="so_far",
            where=SCREEN,
            bars="base_so_far_fen",
            has_total=False,
            is_optional=True,
        ),
        Part(
            (
                *columns("merchants"),
                *columns("sized_merchants", where=DATA),
                *columns("small_merchants", "small_share"),
            ),
            say("Merchants paid"),
            (
                say(
                    "The total counts each merchant once. Small and micro: by what the registry"
                    " said when it was paid; the self-employed count with them."
                ),
            ),
            needs="merchants",
            where=SCREEN,
            is_optional=True,
            fits=lambda by: "merchant" not in by,
        ),
        Part(
            (
                BY_KEY["redemptions"].column(Word("Vouchers used")),
                *columns("claimed_vouchers", "used_of_claimed"),
                BY_KEY["paid_fen"].column(Word("Paid")),
                *columns("claimed_face_fen", "paid_of_claimed"),
            ),
            say("Redemption rates"),
            (
                say(
                    "By count = vouchers used / vouchers claimed; by amount = paid by vouchers (all"
                    " funders) / face claimed."
                ),
            ),
            cautions=(FEW_PACKS,),
            needs="all_claims",
            where=SCREEN,
            is_optional=True,
            fits=has_claims,
        ),
    ),
)


def report_leverage(
    session: Session,
    *,
    by: str = "round",
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
    with_funders: bool = False,
    limit: int = 0,
    known_on: int | None = None,
    sort: str | None = None,
    cumulative: bool = False,
) -> Outcome:
    """Sums and ratios of what was paid in `since <= paid_at <= as_of` (UTC seconds, None: open),
    net of refunds, by key; as it was known on a sealed day (yyyymmdd) where one is given.

    At most `limit` keys are told (0: all), the largest by `sort` first (None: in their own order);
    the total is of all. Raises `UsageFault` for a grouping or an order there is not, `VoucherError`
    for an unknown round, and as `scope_of`.
    """
    asked = Question(
        asked_for(by), only, since, as_of, known_on, sort, limit, with_funders, cumulative
    )
    return engine.report(session, SPEC, asked)


def table_of(
    by: str, scope: Scope, paid: Iterable[tuple[str, Sums]], merchants: Merchants = NO_MERCHANTS
) -> Table:
    """The figures of what another report has summed by key (by time: by day), with their total, and
    that many `merchants` in all; without what sums alone do not tell.
    """
    groups = law.grouped(by, paid)
    ordered = law.in_order(by, groups, gathered.opening(scope))
    total = Found(law.pooled(groups.values()), merchants=merchants)
    found = Gathered({(key,): Found(groups[key]) for key in ordered}, total)
    return engine.tables(SPEC, Answer((by,), scope, found, frozenset(("sums",))))[0]
