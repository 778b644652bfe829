"""The law of one voucher's life: pay, refund, pay again. One record at a time, in the order of
time.

`store.judging` applies it by set: a payment that is alone on its voucher, its number and its
visit cannot be refused here and is accepted without coming by; everything else is brought here in
the order of `in_time_order`. What a refund gives back is in `rules.refunds`.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from vouchercli.rules import refunds
from vouchercli.rules.ladders import Ladder, Rung
from vouchercli.rules.uses import Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.rules.limits import Timeline
    from vouchercli.rules.refunds import RefundPolicy
    from vouchercli.rules.uses import Uses

Voucher = tuple[int, int]  # (claim_id, coupon_no)
Visit = tuple[bytes, int, int]  # (resident, merchant_id, local day)


# What `judge` asks, in words: no condition over one row can say it.
TIMELINE = Ladder(
    "vouchers",
    "One voucher's payments and refunds in time",
    (
        Rung(
            "conflicting_row",
            "",
            "no other row with its number, voucher and second says something else",
            "the platform numbers each transaction",
        ),
        Rung(
            "already_redeemed",
            "",
            "nobody else holds the voucher at that moment",
            "each voucher is used once",
        ),
        Rung(
            "over_limit",
            "",
            "the resident has room in the day's limit at this merchant",
            "at most so many vouchers of the programme a day at one merchant (and of those that its"
            " limits count across)",
        ),
        Rung(
            "serial_used",
            "",
            "nobody has used a voucher for the piece with that serial number (where the row says"
            " it)",
            "each piece once, in all rounds",
        ),
        Rung(
            "class_used",
            "",
            "the resident has room for another piece of that class of goods (where the row says"
            " it)",
            "one piece of each class a person",
        ),
        Rung(
            "over_use_limit",
            "",
            "the resident, and the merchant, have room in the limits of use",
            "at most so many vouchers, or yuan of them, of a resident or a merchant in a span",
        ),
        Rung(
            "transaction_reused",
            "",
            "the transaction number stands for no other row",
            "the platform numbers each transaction",
        ),
        Rung(
            "refund_without_payment",
            "",
            "the refund names a payment of this voucher at this merchant, made before it",
            "refunds go back the way of the payment",
        ),
        Rung(
            "refund_too_large",
            "",
            "no more is refunded than is left of the payment",
            "refunds go back the way of the payment",
        ),
        Rung(
            "full_refund",
            "",
            "the programme takes refunds of whole orders in time",
            "once used, not refunded",
        ),
        Rung(
            "late_refund",
            "",
            "the refund comes before the voucher expired, where the programme takes only these",
            "refunded within the validity only",
        ),
        Rung(
            "partial_refund",
            "",
            "the refund is a full one, where the programme takes only these",
            "refunded as a whole only",
        ),
        Rung(
            "subsidy_mismatch",
            "",
            "the refund returns what the programme's refund policy says",
            "what becomes of the voucher and its money when an order is refunded",
        ),
        Rung(
            "funds_released",
            "",
            "the voucher's money is there: vouchers that expired unused give up theirs",
            "what is not used goes back to the funders, or into the next round",
        ),
        Rung(
            "displaces_sealed",
            "",
            "what stands in its way is booked on an open day",
            "a sealed day never changes: two people decide",
        ),
    ),
)


class Transaction(NamedTuple):
    """One payment or refund that is lawful by itself; amounts in fen, times in UTC seconds. The
    subsidy of a refund is what its file says (None: nothing); `least_base_fen` is a payment's.
    `stands`: it was accepted at another time and is judged again beside rows that come later;
    `was_accepted`: in an earlier piece of its own file.
    """

    line: int
    transaction_no: str
    kind: Literal["pay", "refund"]
    claim_no: str
    claim_id: int
    coupon_no: int
    resident: bytes
    merchant_id: int
    merchant_no: str
    paid_at: int
    day: int
    base_fen: int
    merchant_discount_fen: int
    subsidy_fen: int | None
    least_base_fen: int
    refund_of: str
    expires_at: int
    stands: bool
    batch_id: int
    round_id: int = 0
    details: str = ""  # what is kept of a payment's details, as JSON
    was_accepted: bool = False

    @property
    def voucher(self) -> Voucher:
        """The voucher that is paid with."""
        return self.claim_id, self.coupon_no


AMOUNTS = ("base_fen", "merchant_discount_fen", "subsidy_fen", "refund_of")
# What makes two rows the same row, and what two rows cannot both say differently.
USE = attrgetter("transaction_no", "kind", "voucher", "paid_at")
SAME = attrgetter("transaction_no", "kind", "voucher", "merchant_id", "paid_at", *AMOUNTS)
BUT_SUBSIDY = attrgetter(
    "transaction_no", "kind", "voucher", "merchant_id", "paid_at", *AMOUNTS[:2], "refund_of"
)


@dataclass
class Payment:
    """A payment that stands: what is left of its base, what is kept of its subsidy, whether refunds
    undid all of it, when one freed the voucher. `stood`: before the rows at hand came; `is_sealed`:
    it is booked on a sealed day.
    """

    transaction_no: str
    merchant_id: int
    paid_at: int
    base_fen: int
    subsidy_fen: int
    least_base_fen: int
    left_fen: int
    kept_fen: int
    is_undone: bool = False
    freed_at: int | None = None
    stood: bool = True
    is_sealed: bool = False
    details: str = ""


class Ruling(NamedTuple):
    """What becomes of a row: a reason (refused, or "duplicate"), or the changes that it makes: the
    subsidy kept from `before_fen` to `after_fen` (`stays`: the difference stays with the merchant),
    payments that stand (`vouchers`), vouchers spent, and of a refund the least base. `returns_fen`
    is what a refund should have said that goes back.
    """

    reason: str | None = None
    before_fen: int = 0
    after_fen: int = 0
    stays: bool = False
    vouchers: int = 0
    spent: int = 0
    floor_fen: int | None = None
    warning: str | None = None
    returns_fen: int | None = None
    met: str | None = None  # the limit of use that has no room


@dataclass
class StandingFacts:
    """What stands already, as far as the rows at hand touch it."""

    policy: RefundPolicy
    visit_limit: Timeline
    payments: dict[Voucher, list[Payment]] = field(default_factory=lambda: defaultdict(list))
    numbers: set[tuple[str, str]] = field(default_factory=set)
    visits: dict[Visit, set[Voucher]] = field(default_factory=lambda: defaultdict(set))
    uses: Uses | None = None  # None: no limit of use

    def copied(self) -> StandingFacts:
        """The same, to be tried upon."""
        copy = StandingFacts(self.policy, self.visit_limit, numbers={*self.numbers})
        for voucher, payments in self.payments.items():
            copy.payments[voucher] = [dataclasses.replace(each) for each in payments]
        for visit, used in self.visits.items():
            copy.visits[visit] = {*used}
        copy.uses = self.uses and self.uses.copied()
        return copy


def in_time_order(row: Transaction) -> tuple[object, ...]:
    """The order in which rows are judged: by time; in the same second payments first, and what
    stands before what comes; then by what the row says, so that it does not matter which file it
    came in; the line decides only between rows that are alike.
    """
    return (
        row.paid_at,
        row.kind == "refund",
        not row.stands,
        row.transaction_no,
        row.claim_no,
        row.coupon_no,
        row.merchant_no,
        row.base_fen,
        row.merchant_discount_fen,
        row.subsidy_fen or 0,
        row.refund_of,
        row.line,
    )


def judge(standing: StandingFacts, rows: list[Transaction]) -> dict[int, Ruling]:
    """The ruling on every row, by line; what is accepted becomes part of `standing`.

    Limits decide among rows that come together: what stands holds its place under them. A payment
    before a later one that stands is accepted with a refund that gives the voucher back in time, so
    it is tried whether that one is accepted too. A row that repeats another is its duplicate; but
    where that one is another file's and refused, it is refused like it, so that it is not lost when
    that file is undone.
    """
    rows = sorted(rows, key=in_time_order)
    own_refund = _own_refunds(standing, rows)
    while leaning := [*_runs_into_later(standing, rows, own_refund)]:
        tried = _judge_in_order(standing.copied(), rows, own_refund)
        refused = [line for line in leaning if _is_left(tried, line, own_refund[line].line)]
        if not refused:
            break
        for line in refused:
            del own_refund[line]
    return _judge_in_order(standing, rows, own_refund)


def _own_refunds(standing: StandingFacts, rows: list[Transaction]) -> dict[int, Transaction]:
    """The refund of each payment that has one, by its line: of several the first that gives the
    voucher back, as far as it alone can tell.
    """
    refunds_of: dict[tuple[Voucher, str], list[Transaction]] = defaultdict(list)
    for row in rows:
        if row.kind == "refund":
            refunds_of[row.voucher, row.refund_of].append(row)
    own = {}
    for row in rows:
        found = refunds_of.get((row.voucher, row.transaction_no)) if row.kind == "pay" else None
        if found:
            own[row.line] = next(
                (each for each in found if restores(standing, each, _case(each, row.base_fen))),
                found[0],
            )
    return own


def _runs_into_later(
    standing: StandingFacts, rows: list[Transaction], own_refund: dict[int, Transaction]
) -> Iterator[int]:
    """The lines of payments that only their own refund can keep out of the way of a later one."""
    for row in rows:
        if row.line in own_refund and any(
            each.paid_at > row.paid_at for each in standing.payments.get(row.voucher, ())
        ):
            yield row.line


def _is_left(rulings: dict[int, Ruling], payment: int, refund: int) -> bool:
    """Whether a payment was accepted, and its refund does not give the voucher back."""
    return rulings[payment].reason is None and rulings[refund].spent != -1


def _judge_in_order(
    standing: StandingFacts, rows: list[Transaction], own_refund: dict[int, Transaction]
) -> dict[int, Ruling]:
    """The ruling on every row, one after the other; `own_refund`: that of a payment, by its
    line.
    """
    for row in rows:
        if row.stands and row.kind == "pay":
            standing.visits[(row.resident, row.merchant_id, row.day)].add(row.voucher)
    if standing.uses:
        known = [row for row in rows if row.stands or row.was_accepted]
        _count_standing(standing, known, own_refund)
    contents = _contents(rows)
    in_conflict = _find_conflicts(rows, contents)
    first: dict[tuple[object, ...], tuple[Ruling, int]] = {}
    rulings: dict[int, Ruling] = {}
    for row in rows:
        same = contents[row.line]
        if same in first:
            of_first, batch_id = first[same]
            is_its_own = of_first.reason is None or batch_id == row.batch_id
            rulings[row.line] = Ruling("duplicate") if is_its_own else of_first
            continue
        if not row.stands and USE(row) in in_conflict:
            ruling = Ruling("conflicting_row")
        elif row.kind == "pay":
            ruling = _pay(standing, row, own_refund.get(row.line))
        else:
            ruling = _refund(standing, row)
        rulings[row.line] = ruling
        first[same] = ruling, row.batch_id
        if standing.uses:
            _count(standing.uses, standing, row, ruling)
    return rulings


def _count_standing(
    standing: StandingFacts, rows: list[Transaction], own_refund: dict[int, Transaction]
) -> None:
    """Count under the limits of use what rows that stand have used, refunds and all: later rows
    hold their place as well. Rows of the own file do so only under what many share: their
    neighbours there are not all judged again with them.
    """
    uses, alone = standing.uses, standing.copied()
    alone.uses = None
    rulings = _judge_in_order(alone, rows, own_refund)
    for row in rows:
        if uses and rulings[row.line].reason is None:
            use = _use(alone, row, rulings[row.line])
            uses.add(use, is_shared=None if row.stands else True)


def _count(uses: Uses, standing: StandingFacts, row: Transaction, ruling: Ruling) -> None:
    """Count a row that is accepted. What is counted already is taken out where it gives way."""
    is_known = row.stands or row.was_accepted
    if is_known and row.kind == "pay" and ruling.reason is not None:
        uses.forget(row.voucher, row.transaction_no)
    if not row.stands and ruling.reason is None:
        use = _use(standing, row, ruling)
        uses.add(use, is_shared=False if row.was_accepted else None)


def _use(standing: StandingFacts, row: Transaction, ruling: Ruling) -> Use:
    """What a payment uses, or a refund gives back of it."""
    number = row.transaction_no if row.kind == "pay" else row.refund_of
    payment = next(
        p
        for p in reversed(standing.payments[row.voucher])
        if p.transaction_no == number and p.merchant_id == row.merchant_id
    )
    return Use(
        row.voucher,
        number,
        row.resident,
        row.merchant_id,
        row.round_id,
        payment.paid_at,
        row.paid_at,
        ruling.vouchers,
        ruling.after_fen - ruling.before_fen,
        payment.details,
    )


def _contents(rows: list[Transaction]) -> dict[int, tuple[object, ...]]:
    """What each row says, by line. A refund of a file without subsidies says what another file says
    of the same refund.
    """
    silent = {BUT_SUBSIDY(row) for row in rows if row.subsidy_fen is None}
    said = {
        BUT_SUBSIDY(row): SAME(row)
        for row in rows
        if silent and row.subsidy_fen is not None and BUT_SUBSIDY(row) in silent
    }
    return {
        row.line: SAME(row)
        if row.subsidy_fen is not None
        else said.get(BUT_SUBSIDY(row), SAME(row))
        for row in rows
    }


def _find_conflicts(
    rows: list[Transaction], contents: dict[int, tuple[object, ...]]
) -> set[tuple[object, ...]]:
    """Uses of one number on one voucher in one second of which rows say different things: nobody
    can tell which is right.
    """
    of_use: dict[tuple[object, ...], set[tuple[object, ...]]] = defaultdict(set)
    for row in rows:
        of_use[USE(row)].add(contents[row.line])
    return {use for use, said in of_use.items() if len(said) > 1}


def _pay(standing: StandingFacts, row: Transaction, refund: Transaction | None) -> Ruling:
    """A payment needs a free voucher, room in the day's limit at this merchant and in the limits of
    use, and a number of its own.
    """
    if any(
        (p.transaction_no, p.paid_at) == (row.transaction_no, row.paid_at)
        for p in standing.payments[row.voucher]
    ):
        return Ruling("conflicting_row")  # what stands with this number and second says otherwise
    if not _is_free(standing, row):
        return Ruling("already_redeemed")
    if over := _over_limit(standing, row):
        return over
    if (row.transaction_no, "pay") in standing.numbers:
        return Ruling("transaction_reused")
    if later := _find_later(standing, row, refund):
        return Ruling("displaces_sealed" if later.is_sealed else "already_redeemed")
    assert row.subsidy_fen is not None
    standing.visits[(row.resident, row.merchant_id, row.day)].add(row.voucher)
    standing.numbers.add((row.transaction_no, "pay"))
    standing.payments[row.voucher].append(
        Payment(
            row.transaction_no,
            row.merchant_id,
            row.paid_at,
            row.base_fen,
            row.subsidy_fen,
            row.least_base_fen,
            left_fen=row.base_fen,
            kept_fen=row.subsidy_fen,
            stood=row.stands,
            details=row.details,
        )
    )
    return Ruling(after_fen=row.subsidy_fen, vouchers=1, spent=1)


def _over_limit(standing: StandingFacts, row: Transaction) -> Ruling | None:
    """The refusal of a payment for which a limit has no room; what stands keeps its place."""
    if row.stands:
        return None
    visit = standing.visits[(row.resident, row.merchant_id, row.day)]
    most = standing.visit_limit.at(row.paid_at)
    if most is not None and row.voucher not in visit and len(visit) >= most:
        return Ruling("over_limit")
    met = standing.uses and standing.uses.reached(
        Use(
            row.voucher,
            row.transaction_no,
            row.resident,
            row.merchant_id,
            row.round_id,
            row.paid_at,
            row.paid_at,
            1,
            row.subsidy_fen or 0,
            row.details,
        ),
        has_place=row.was_accepted,
    )
    return Ruling(met.reason, met=met.name) if met else None


def _is_free(standing: StandingFacts, row: Transaction) -> bool:
    """Nobody holds the voucher at `row.paid_at`."""
    return not any(
        p.paid_at <= row.paid_at and (p.freed_at is None or p.freed_at >= row.paid_at)
        for p in standing.payments[row.voucher]
    )


def _find_later(
    standing: StandingFacts, row: Transaction, refund: Transaction | None
) -> Payment | None:
    """The payment that stands already and that this one would run into; its own refund (of the same
    file) may lie in between.
    """
    later = [p for p in standing.payments[row.voucher] if p.paid_at > row.paid_at]
    if not later:
        return None
    first = min(later, key=attrgetter("paid_at"))
    if (
        refund is not None
        and row.paid_at <= refund.paid_at < first.paid_at
        and restores(standing, refund, _case(refund, row.base_fen))
    ):
        return None
    return first


def _case(refund: Transaction, payment_base_fen: int) -> refunds.Case:
    return refunds.case_of(
        is_full=refund.base_fen == payment_base_fen,
        paid_at=refund.paid_at,
        expires_at=refund.expires_at,
    )


def restores(standing: StandingFacts, refund: Transaction, case: refunds.Case) -> bool:
    """Whether this refund gives the voucher back, with its old expiry."""
    was_restored = any(p.freed_at is not None for p in standing.payments[refund.voucher])
    return refunds.restores(standing.policy, case, was_restored=was_restored)


def _refund(standing: StandingFacts, row: Transaction) -> Ruling:
    """A refund needs its payment, on the same voucher at the same merchant; the policy says what it
    returns.
    """
    payment = next(
        (
            p
            for p in standing.payments[row.voucher]
            if p.transaction_no == row.refund_of and p.merchant_id == row.merchant_id
        ),
        None,
    )
    if (row.transaction_no, "refund") in standing.numbers:
        return Ruling("transaction_reused")
    if payment is None or row.paid_at < payment.paid_at:
        return Ruling("refund_without_payment")
    if row.base_fen > payment.left_fen or payment.is_undone:
        return Ruling("refund_too_large")
    case = _case(row, payment.base_fen)
    if standing.policy.refuses(case):
        return Ruling(refunds.refusal(case))
    money = getattr(standing.policy.money, case)
    goes = refunds.taken_fen(
        money,
        payment.base_fen,
        payment.subsidy_fen,
        payment.left_fen,
        payment.kept_fen,
        row.base_fen,
    )
    returns_fen = 0 if money == "stays" else goes
    if row.stands and payment.stood:  # what it returned was right when it was accepted
        goes = goes if money == "stays" else min(row.subsidy_fen or 0, payment.kept_fen)
    elif row.subsidy_fen not in (None, returns_fen):
        return Ruling("subsidy_mismatch", returns_fen=returns_fen)
    return _give_back(standing, row, payment, goes, case)


def _give_back(
    standing: StandingFacts, row: Transaction, payment: Payment, goes_fen: int, case: refunds.Case
) -> Ruling:
    """Enter a lawful refund on its payment."""
    frees = payment.freed_at is None and restores(standing, row, case)
    stays = goes_fen > 0 and getattr(standing.policy.money, case) == "stays"
    kept_fen, floor_fen = payment.kept_fen, _least_left(payment)
    payment.kept_fen -= goes_fen
    payment.left_fen -= row.base_fen
    payment.is_undone = payment.left_fen == 0
    if frees:
        payment.freed_at = row.paid_at
    standing.numbers.add((row.transaction_no, "refund"))
    forfeits = not frees and standing.policy.voucher.full != "forfeits"
    return Ruling(
        before_fen=kept_fen,
        after_fen=payment.kept_fen,
        stays=stays,
        vouchers=-1 if payment.is_undone else 0,
        spent=-1 if frees else 0,
        floor_fen=_least_left(payment) - floor_fen,
        warning="subsidy_stays" if stays else "refund_forfeits" if forfeits else None,
    )


def _least_left(payment: Payment) -> int:
    return refunds.least_base_fen(payment.least_base_fen, payment.base_fen, payment.left_fen)
