"""The limits of use (`rules.uses`): what stands under them beside rows that come, and which of
these must be judged one by one because a limit may have no room for all.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import details as law_of_details
from vouchercli.rules import limits as law
from vouchercli.rules import times
from vouchercli.rules.uses import Group, Use, Uses, cap, of_goods, said
from vouchercli.store import claim_limits, details, limits, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from vouchercli.rules.limits import Span, Timeline
    from vouchercli.rules.scope import Scope
    from vouchercli.rules.uses import UseCap

# The fit payments at hand; what stands among them is counted as well.
AT_HAND = """
SELECT place, claim_id, coupon_no, transaction_no, resident, merchant_id, round_id, paid_at,
    paid_at, 1, ifnull(subsidy_fen, 0), ifnull(details, '')
FROM judged WHERE reason IS NULL AND kind = 'pay'
"""
USE = """
SELECT f.claim_id, f.coupon_no, p.transaction_no, c.resident, f.merchant_id, f.round_id, p.paid_at,
    f.paid_at, f.vouchers, f.subsidy_fen, ifnull(d.details, '')
"""
# All that these residents have used.
OF_RESIDENTS = f"""
{USE}
FROM (SELECT DISTINCT resident FROM judged WHERE reason IS NULL AND kind = 'pay') j
CROSS JOIN claims c ON c.resident = j.resident
CROSS JOIN redemption_facts f ON f.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
CROSS JOIN redemptions p ON p.redemption_id = ifnull(f.refund_of, f.redemption_id)
LEFT JOIN redemption_details d ON d.redemption_id = p.redemption_id
WHERE counts(c.round_id, f.day)
"""
# All payments with these serial numbers, in any round of any programme, and their refunds.
OF_SERIALS = f"""
{USE}
FROM (SELECT DISTINCT json_extract(details, '$.serial') AS serial FROM judged
    WHERE reason IS NULL AND kind = 'pay') j
CROSS JOIN redemption_details d ON json_extract(d.details, '$.serial') = j.serial
CROSS JOIN redemptions p ON p.redemption_id = d.redemption_id
CROSS JOIN redemption_facts f ON f.voucher = p.voucher
    AND ifnull(f.refund_of, f.redemption_id) = p.redemption_id
CROSS JOIN claims c ON c.claim_id = f.claim_id
"""
# What merchants got of payments in a span, and what refunds gave back of these, whenever that was.
PAID_IN_SPAN = """
FROM redemption_runs n CROSS JOIN redemptions p ON p.redemption_id BETWEEN n.first_id AND n.last_id
"""
IN_SPAN = """
WHERE n.last_paid_at >= :first AND n.first_paid_at < :end AND p.paid_at >= :first
    AND p.paid_at < :end AND p.refund_of IS NULL AND counts(f.round_id, p.day)
"""
AT_MERCHANTS = "AND p.merchant_id IN (SELECT value FROM json_each(:merchants))"
OF_SPAN, OF_SPAN_IN_ALL = (
    f"""
SELECT f.merchant_id, f.round_id, f.paid_at, f.subsidy_fen {PAID_IN_SPAN}
CROSS JOIN redemption_facts f ON f.redemption_id = p.redemption_id {IN_SPAN} {where}
UNION ALL
SELECT f.merchant_id, f.round_id, f.paid_at, f.subsidy_fen {PAID_IN_SPAN}
CROSS JOIN redemptions b ON b.refund_of = p.redemption_id
CROSS JOIN redemption_facts f ON f.redemption_id = b.redemption_id {IN_SPAN} {where}
"""
    for where in (AT_MERCHANTS, "")
)
# No less than what was paid in a span before anything was given back: the sums of its days are net
# of the refunds that were made on them.
NET = """
SELECT round_id, CAST(sum(subsidy_fen) AS BIGINT) FROM group_totals
WHERE grouping = 'round' AND day BETWEEN :first_day AND :last_day AND counts(round_id, day)
GROUP BY round_id
"""
GIVEN_BACK = """
SELECT f.round_id, CAST(sum(-f.subsidy_fen) AS BIGINT)
FROM redemption_runs n CROSS JOIN refunds z ON z.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN redemption_facts f ON f.redemption_id = z.redemption_id
WHERE n.last_paid_at >= :first AND n.first_paid_at < :end AND f.day BETWEEN :first_day AND :last_day
    AND counts(f.round_id, f.day)
GROUP BY f.round_id
"""
# Month by month, as if all was got when the month begins.
OF_MONTHS = """
SELECT merchant_id, round_id, month * 100 + 1, sum(subsidy_fen) FROM merchant_sums
WHERE merchant_id IN (SELECT value FROM json_each(:merchants))
    AND (:month IS NULL OR month = :month) AND (:before IS NULL OR month < :before)
    AND counts(round_id, month * 100 + 1)
GROUP BY merchant_id, round_id, month
"""
# A refund is in the sum of its own month, but gives back of the month of its payment: what refunds
# of other months' payments took off this sum, and what later refunds give back of its payments.
REFUNDED_LATER = """
FROM refunds z CROSS JOIN redemptions b ON b.redemption_id = z.redemption_id
    AND b.merchant_id IN (SELECT value FROM json_each(:merchants))
CROSS JOIN redemptions p ON p.redemption_id = b.refund_of AND p.day / 100 <> b.day / 100
CROSS JOIN redemption_facts f ON f.redemption_id = b.redemption_id
"""
OF_OTHER_MONTHS = f"""
SELECT f.merchant_id, f.round_id, :first, -f.subsidy_fen {REFUNDED_LATER}
WHERE b.day / 100 = :month AND counts(f.round_id, :month * 100 + 1)
UNION ALL
SELECT f.merchant_id, f.round_id, f.paid_at, f.subsidy_fen {REFUNDED_LATER}
WHERE p.day / 100 = :month AND counts(f.round_id, :month * 100 + 1)
"""
# Of these merchants those of which a payment was refunded after that moment.
REFUNDED_AFTER = """
SELECT DISTINCT b.merchant_id FROM redemption_runs n
CROSS JOIN refunds z ON z.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN redemptions b ON b.redemption_id = z.redemption_id
WHERE n.last_paid_at > :at AND b.paid_at > :at
    AND b.merchant_id IN (SELECT value FROM json_each(:merchants))
"""
# What these merchants got, and gave back, from a moment on.
ONE_BY_ONE = """
SELECT f.merchant_id, f.round_id, f.paid_at, f.subsidy_fen
FROM redemption_runs n CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id
    AND n.last_id
WHERE n.last_paid_at >= :first AND f.paid_at >= :first
    AND f.merchant_id IN (SELECT value FROM json_each(:merchants)) AND counts(f.round_id, f.day)
"""
# All that was paid since then, and what refunds gave back of it.
SINCE = f"""
{USE}
FROM redemption_runs n CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id
    AND n.last_id
CROSS JOIN redemptions p ON p.redemption_id = ifnull(f.refund_of, f.redemption_id)
CROSS JOIN claims c ON c.claim_id = f.claim_id
LEFT JOIN redemption_details d ON d.redemption_id = p.redemption_id
WHERE n.last_paid_at >= :from_at AND p.paid_at >= :from_at AND counts(f.round_id, p.day)
"""
LAST_DAY = 99_999_999
CONTEST = "UPDATE judged SET is_contested = 1 WHERE place = ?"


class UseLimits(NamedTuple):
    """The limits of using vouchers over time: those of a visit, and all others."""

    visits: Timeline
    caps: tuple[tuple[UseCap, Timeline], ...]
    words: Mapping[int, frozenset[str]]
    zone: str
    classes: Mapping[tuple[int, str], int]

    @property
    def by_resident(self) -> bool:
        """Whether what one resident uses was ever limited over several visits."""
        return any(each.counted.by_resident for each, _ in self.caps)

    @property
    def by_serial(self) -> bool:
        """Whether a serial number is used once."""
        return any(each.counted.by_word == "serial" for each, _ in self.caps)

    def said(self, name: str, paid_at: int) -> str:
        """What a refusal says of the limit that was reached at that second, as JSON."""
        return json.dumps(said(name, dict(self._steps())[name].at(paid_at)))

    def _steps(self) -> Iterator[tuple[str, Timeline]]:
        return ((each.name, steps) for each, steps in self.caps)

    def uses(self) -> Uses | None:
        """What is used, nothing yet; None: no limit of use was ever set."""
        return Uses(self.caps, self.words, self.zone, self.classes) if self.caps else None

    def goods_said(self, reason: str, round_id: int, kept: str) -> str:
        """What a refusal of `uses.OF_GOODS` says of the goods of a row, as JSON."""
        words = json.loads(kept)
        if reason == "serial_used":
            return json.dumps({"serial": words["serial"]})
        most = self.classes[round_id, words["goods"]]
        return json.dumps({"class": words["goods"], "most_of_class": most}, ensure_ascii=False)


def of_programme(db: sqlite3.Connection, programme_id: int, zone: str) -> UseLimits:
    """Those of a programme."""
    named = [(cap(name), steps) for name, steps in limits.timelines(db, programme_id).items()]
    caps = tuple((each, steps) for each, steps in named if each and steps.is_set)
    words = {}
    scopes = {round_id: each.scope for round_id, each in details.packs(db, programme_id).items()}
    if caps:
        in_time = limits.of_programme(db, programme_id)
        known = claim_limits.terms(db, programme_id, in_time, zone)
        words = {round_id: each.words for round_id, each in known.items()}
    goods = tuple(of_goods(reason) for reason in _asked_of_goods(scopes))
    classes = law_of_details.classes(scopes)
    # what many share comes last: only whether it has room may hang on where a file is cut
    caps = tuple(sorted(goods + caps, key=lambda each: each[0].counted.is_shared))
    return UseLimits(limits.visits(db, programme_id), caps, words, zone, classes)


def _asked_of_goods(scopes: Mapping[int, Scope]) -> Iterator[str]:
    """Which of `uses.OF_GOODS` the templates of some rounds ask."""
    if any(each.serial for each in scopes.values()):
        yield "serial_used"
    if law_of_details.classes(scopes):
        yield "class_used"


def contest(db: sqlite3.Connection, own: UseLimits) -> Uses | None:
    """Have the payments judged one by one for which a limit may have no room. Gives what stands
    under the limits. What refunds give back is not looked at here, so too many may come.
    """
    uses = own.uses()
    if uses is None:
        return None
    at_hand = [(place, use_of(*row)) for place, *row in typed.tuples(db, AT_HAND)]
    asked: Counter[Group] = Counter()
    since: dict[Group, int] = {}
    for _, use in at_hand:
        for each, _, group in uses.groups(use):
            asked[group] += each.amount(use)
            since[group] = min(use.paid_at, since.get(group, use.paid_at))
    _learn(db, own, uses, asked, since)
    full = [(place,) for place, use in at_hand if _may_be_full(uses, use, asked)]
    db.executemany(CONTEST, full)
    return uses


def _may_be_full(uses: Uses, use: Use, asked: Counter[Group]) -> bool:
    for _, steps, group in uses.groups(use):
        most = steps.at(use.paid_at)
        if most is not None and uses.gross(group) + asked[group] > most:
            return True
    return False


def _learn(
    db: sqlite3.Connection,
    own: UseLimits,
    uses: Uses,
    asked: Counter[Group],
    since: Mapping[Group, int],
) -> None:
    """What stands in the groups that are asked for so much, first by a payment at that second."""
    if own.by_resident:
        for row in typed.tuples(db, OF_RESIDENTS):
            uses.learn(use_of(*row))
    if own.by_serial:
        for row in typed.tuples(db, OF_SERIALS):
            uses.learn(use_of(*row), of_serial=True)
    caps = {each.name: (each, steps) for each, steps in own.caps}
    of_span: defaultdict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for group in asked:
        of_span[group.name, group.from_at][group.merchant_id] = since[group]
    for (name, from_at), merchants in of_span.items():
        each, steps = caps[name]
        if each.counted.by_resident or each.counted.by_word:
            continue
        if each.counted.by_merchant:
            learned = _of_merchants(db, own, each, from_at, merchants)
        else:
            learned = _of_all(db, own, each, steps, Group(name, b"", 0, from_at), asked)
        for row in learned:
            uses.add_sum(*row)


def _of_merchants(
    db: sqlite3.Connection, own: UseLimits, each: UseCap, from_at: int, since: Mapping[int, int]
) -> Iterator[tuple[Group, int, int]]:
    """What merchants got of the payments in a span, as (group, when, fen). `since`: the first
    payment at hand of each merchant.
    """
    for merchant_id, round_id, at, fen in _got(db, own.zone, each.span, from_at, since):
        if each.concerns(own.words[round_id]):
            yield Group(each.name, b"", merchant_id, from_at), at, fen


def _of_all(
    db: sqlite3.Connection,
    own: UseLimits,
    each: UseCap,
    steps: Timeline,
    group: Group,
    asked: Counter[Group],
) -> Iterator[tuple[Group, int, int]]:
    """What all have used together in a span, payment by payment, as (group, when, fen); nothing as
    long as there is room for all that is asked whatever came when.
    """
    first, end = law.bounds(each.span, group.from_at, own.zone)
    span = {
        "first": first,
        "end": end,
        "first_day": 0 if first == law.BEGINNING else times.day_of(first, own.zone),
        "last_day": LAST_DAY if end == law.END_OF_TIME else times.day_of(end - 1, own.zone),
    }
    sums = [*typed.tuples(db, NET, span), *typed.tuples(db, GIVEN_BACK, span)]
    most = [most for _, most in steps.steps if most is not None]
    gross = sum(fen for round_id, fen in sums if each.concerns(own.words[round_id]))
    if gross + asked[group] <= min(most):
        return
    for _, round_id, at, fen in typed.tuples(db, OF_SPAN_IN_ALL, span):
        if each.concerns(own.words[round_id]):
            yield group, at, fen


def _got(
    db: sqlite3.Connection, zone: str, span: Span, from_at: int, since: Mapping[int, int]
) -> Iterator[tuple[int, int, int, int]]:
    """(merchant_id, round_id, when, fen) of the payments of a span: within a day or a week each
    payment and refund. Of longer spans the sum of a month, as if it were got when that begins: what
    stands later holds its place too, so this is right as long as no refund lies behind a payment at
    hand; merchants with such a refund are told one by one.
    """
    first, end = law.bounds(span, from_at, zone)
    if span in ("day", "week"):
        yield from typed.tuples(db, OF_SPAN, _asked(since, first=first, end=end))
        return
    at = min(since.values())
    late = {row[0] for row in typed.tuples(db, REFUNDED_AFTER, _asked(since, at=at))}
    month = times.day_of(first, zone) // 100 if span == "month" else None
    yield from _of_months(db, zone, since.keys() - late, first, month, None)
    if late and month is not None:
        yield from typed.tuples(db, OF_SPAN, _asked(late, first=first, end=end))
    elif late:
        begins, _ = law.bounds("month", at, zone)
        yield from _of_months(db, zone, late, first, None, times.day_of(begins, zone) // 100)
        yield from typed.tuples(db, ONE_BY_ONE, _asked(late, first=begins))


def _of_months(
    db: sqlite3.Connection,
    zone: str,
    merchants: Iterable[int],
    first: int,
    month: int | None,
    before: int | None,
) -> Iterator[tuple[int, int, int, int]]:
    """The same by the sums of a month (None: of all, or all before one)."""
    asked = _asked(merchants, first=first, month=month, before=before)
    for merchant_id, round_id, day, fen in typed.tuples(db, OF_MONTHS, asked):
        yield merchant_id, round_id, times.day_bounds(day, zone)[0], fen
    if month is not None:
        yield from typed.tuples(db, OF_OTHER_MONTHS, asked)


def _asked(merchants: Iterable[int], **values: int | None) -> dict[str, Any]:
    return {"merchants": json.dumps([*merchants]), **values}


class Beyond(NamedTuple):
    """More used than a limit allows: by whom or where (a payment among them), how much."""

    transaction_no: str
    paid_at: int
    used: int


def standing_beyond(
    db: sqlite3.Connection, programme_id: int, name: str, from_at: int, zone: str
) -> list[Beyond]:
    """What was paid since the span of `from_at` began, stands, and is more than the limit of that
    name allows now.
    """
    limits.teach_visits(db, programme_id, zone)
    own = of_programme(db, programme_id, zone)
    one = own._replace(caps=tuple(each for each in own.caps if each[0].name == name))
    known, used = Uses(one.caps, one.words, zone, one.classes), Counter[Group]()
    last: dict[Group, tuple[Use, int | None]] = {}
    begin = min((law.bounds(each.span, from_at, zone)[0] for each, _ in one.caps), default=from_at)
    for row in typed.tuples(db, SINCE, {"from_at": begin}):
        use = use_of(*row)
        for each, steps, group in known.groups(use):
            used[group] += each.amount(use)
            if group not in last or use.paid_at >= last[group][0].paid_at:
                last[group] = use, steps.at(use.paid_at)
    return [
        Beyond(use.transaction_no, use.paid_at, used[group])
        for group, (use, most) in last.items()
        if most is not None and used[group] > most and use.paid_at >= from_at
    ]


FIRST_REFUNDED = """
SELECT min(p.paid_at) FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN redemptions p ON p.redemption_id = f.refund_of
WHERE n.batch_id = ? AND f.refund_of IS NOT NULL
"""


def first_refunded_at(db: sqlite3.Connection, batch_id: int) -> int | None:
    """When the first of the payments was made that a batch refunds; None: it refunds nothing."""
    found: list[int | None] = typed.column(db, FIRST_REFUNDED, (batch_id,))
    return found[0]


REFUNDED = """
SELECT p.paid_at FROM redemptions f JOIN redemptions p ON p.redemption_id = f.refund_of
WHERE f.redemption_id = ?
"""


def refunded_at(db: sqlite3.Connection, redemption_id: int) -> int | None:
    """When the payment was made that a refund gives back; None: it is no refund."""
    return next(iter(typed.column(db, REFUNDED, (redemption_id,))), None)


def all_beyond(
    db: sqlite3.Connection, programme_id: int, from_at: int, zone: str
) -> dict[str, list[Beyond]]:
    """What was paid since then and stands beyond each limit of use, by its name."""
    names = [each.name for each, _ in of_programme(db, programme_id, zone).caps]
    return {name: standing_beyond(db, programme_id, name, from_at, zone) for name in names}


def use_of(
    claim_id: int,
    coupon_no: int,
    transaction_no: str,
    resident: bytes,
    merchant_id: int,
    round_id: int,
    paid_at: int,
    at: int,
    vouchers: int,
    subsidy_fen: int,
    kept: str,
) -> Use:
    """A row of `USE`."""
    return Use(
        (claim_id, coupon_no),
        transaction_no,
        resident,
        merchant_id,
        round_id,
        paid_at,
        at,
        vouchers,
        subsidy_fen,
        kept,
    )
