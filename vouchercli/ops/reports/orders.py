"""report orders: order amounts against the threshold of their voucher, and the average order with
and without one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import average_orders, engine
from vouchercli.ops.reports.cautions import FEW_ORDERS, SAYS_LITTLE
from vouchercli.ops.reports.gathered import Gathered
from vouchercli.ops.reports.measures import Found, columns
from vouchercli.ops.reports.spans import Title, span_notes, titled
from vouchercli.ops.reports.specs import Answer, Part, Question, Spec
from vouchercli.result import CSV, SCREEN, Column, Word, say
from vouchercli.rules import money
from vouchercli.rules.distances import CODES
from vouchercli.rules.leverage import Sums
from vouchercli.store import order_amounts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.gathered import First
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Outcome, Table
    from vouchercli.session import Session

WORDS = {
    "at": Word("at the threshold"),
    "within_1_yuan": Word("up to 1 yuan above"),
    "within_5_percent": Word("up to 5 % above"),
    "within_10_percent": Word("up to 10 % above"),
    "within_20_percent": Word("up to 20 % above"),
    "within_50_percent": Word("up to 50 % above"),
    "within_100_percent": Word("up to 100 % above"),
    "more": Word("more than 100 % above"),
}
NOTES = (
    say(
        "Each order counts once, in the first line that it fits, by its base when it was paid;"
        " payments that were refunded in full do not count."
    ),
    say(
        "Many orders at the threshold or just above it are a sign that buyers filled them up until"
        " the voucher paid. How many would lie there without vouchers, this report does not say."
    ),
)
OF_ONE = Title(
    now="Orders with {coupon}, from {threshold} yuan on: {programme}, all known at {now}",
    as_of="Orders with {coupon}, from {threshold} yuan on: {programme}, as of {as_of}",
)
FIGURES = columns("orders", "share_of_orders", "share_of_orders_so_far")


class Coupon(NamedTuple):
    """A coupon by its threshold in fen and its name: so they are listed."""

    threshold_fen: int
    coupon: str


def report_orders(
    session: Session,
    *,
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
) -> Outcome:
    """How many orders paid in `since <= paid_at <= as_of` (UTC seconds, None: open) lie how far
    above the threshold, by coupon; the average order with and without a voucher. Raises as
    `scope_of`.
    """
    return engine.report(session, SPEC, Question(only=only, since=since, as_of=as_of))


def gather(
    session: Session, scope: Scope, by: By, needs: Collection[str], first: First
) -> Gathered:
    """The orders of each coupon at each distance, also where there is none."""
    counts = _by_coupon(session, scope)
    groups: dict[Key, Found] = {}
    told: dict[Key, dict[str, Any]] = {}
    for each in sorted(counts):
        found = _by_distance(counts[each])
        for code in CODES:
            groups[each.coupon, code] = found[code]
            told[each.coupon, code] = {**each._asdict(), "word": WORDS[code]}
    return Gathered(groups, about=told.__getitem__)


def _by_coupon(session: Session, scope: Scope) -> dict[Coupon, Counter[str]]:
    """Orders of the scope's rounds by coupon and distance; one without a threshold has no distance
    from it.
    """
    counts = order_amounts.counted(session.db, scope.span)
    found: defaultdict[Coupon, Counter[str]] = defaultdict(Counter)
    for each in order_amounts.coupons(session.db):
        if each.round_id in scope.rounds and each.threshold_fen:
            for place, code in enumerate(CODES):
                if count := counts[each.place, place]:
                    found[Coupon(each.threshold_fen, each.coupon)][code] += count
    return found


def _by_distance(counts: Counter[str]) -> dict[str, Found]:
    """The orders of a coupon at each distance, beside all of it and those up to there."""
    found, so_far = {}, 0
    for code in CODES:
        so_far += counts[code]
        found[code] = Found(Sums(counts[code]), whole=Sums(counts.total()), so_far=Sums(so_far))
    return found


def _beside(session: Session, answer: Answer) -> tuple[Table, ...]:
    """For people a table and a picture for each coupon; the average orders."""
    groups = answer.gathered.groups
    names = dict.fromkeys(coupon for coupon, _ in groups)
    shown = [_of_coupon(answer, name) for name in names]
    if shown:
        shown[-1] = replace(shown[-1], notes=(*shown[-1].notes, *span_notes(answer.scope), *NOTES))
    averages = average_orders.averages(session, answer.scope)
    return (*shown, *average_orders.tables(answer.scope, averages))


def _of_coupon(answer: Answer, coupon: str) -> Table:
    found = {key[1:]: each for key, each in answer.gathered.groups.items() if key[0] == coupon}
    whole = next(iter(found.values())).whole
    about = answer.gathered.about((coupon, CODES[0]))
    one = Gathered(
        found,
        Found(whole, whole=whole, so_far=whole),
        lambda key: answer.gathered.about((coupon, *key)),
    )
    (table,) = engine.tables(PICTURE, answer._replace(by=PICTURE.by, gathered=one))
    threshold = money.grouped(about["threshold_fen"])
    title = titled(answer.scope, OF_ONE, coupon=coupon, threshold=threshold)
    return replace(table, title=title, total={**(table.total or {}), "word": Word("total")})


# One table for programs and spreadsheets.
SPEC = Spec(
    by=("coupon", "distance"),
    title=Title(
        now="Order amounts: {programme}, all known at {now}",
        as_of="Order amounts: {programme}, as of {as_of}",
    ),
    none=lambda scope: say("no payment of a voucher with a threshold stands"),
    gather=gather,
    beside=_beside,
    parts=(
        Part(
            (Column("threshold_fen", "Threshold", "fen"), *FIGURES, SAYS_LITTLE),
            cautions=(FEW_ORDERS,),
            where=CSV,
            key="rows",
        ),
    ),
)
PICTURE = SPEC._replace(
    by=("distance",),
    parts=(Part(FIGURES, cautions=(FEW_ORDERS,), where=SCREEN, bars="orders"),),
)
