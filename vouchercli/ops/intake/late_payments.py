"""What late payments need of money that was released, and what they may spend: covered once a
chunk, or refused row by row. Where the money is found is in `ops.intake.take_backs`.

What a refund gave back on a voucher that has given up its money may be spent, or released, when its
file has ended: until then the refund may be refused, and its payment costs what it did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.intake import take_backs
from vouchercli.store import days, ledger, redemptions, reopening
from vouchercli.store import take_backs as store

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.ops.intake.take_backs import Fen
    from vouchercli.store.redemptions import Change, Split
    from vouchercli.store.take_backs import FitRow

AtHand = Counter[tuple[int, int]]  # (round_id, funder_id) -> fen


def at_hand(intake: Intake) -> AtHand:
    """What the late rows may spend of what their rounds hold: what moved back among them, and at
    the end of a file what its refunds gave back, which nobody can refuse any more.
    """
    freed = reopening.freed(intake.db)
    if intake.is_whole:
        for batch_id, round_id, funder, fen in store.under_way(intake.db, intake.programme_id):
            freed[round_id, funder] += fen if batch_id == intake.batch_id else 0
    return freed


def cover_payments(intake: Intake, parts: Callable[[int, int], Split], at_hand: AtHand) -> bool:
    """Take back the money that fit payments need on vouchers which have given it up, beyond what
    is `at_hand`, and put it there; `parts` (round_id, fen) splits a subsidy. Whether some were
    refused, the latest first: what gave way to them, or hangs on them, must be judged again.

    So too where a round lacks money for vouchers that have not, because a file was undone: whatever
    comes in, no round pays more than it holds.
    """
    late: dict[int, list[FitRow]] = defaultdict(list)
    for row in store.late_rows(intake.db):
        late[row.round_id].append(row)
    gross = store.gross(intake.db)
    lacking = {round_id for (round_id, _), fen in at_hand.items() if fen < 0}
    if not (late or lacking or gross):
        return False
    purse, held = take_backs.Purse.of_intake(intake), Held.by_rounds(intake)
    held_back: list[tuple[int, int]] = []
    for round_id in sorted({*late, *lacking, *gross}):
        account = Account(purse, held, parts, at_hand, round_id)
        if round_id in late or round_id in lacking or account.may_lack(gross[round_id]):
            held_back += _cover(account, late[round_id])
    store.hold(intake.db, held_back)
    return bool(held_back)


class Held(NamedTuple):
    """What the rounds of a programme hold, by round and funder in fen, and the part of it that
    refunds of files under way (`batches`) gave back: those may be refused yet.
    """

    fen: AtHand
    under_way: AtHand
    batches: frozenset[int]

    @classmethod
    def by_rounds(cls, intake: Intake) -> Held:
        """As they stand. A file that comes as a whole, or is at its end, is not under way."""
        own = {intake.batch_id} if intake.is_whole else set()
        under_way: AtHand = Counter()
        for batch_id, round_id, funder, fen in store.under_way(intake.db, intake.programme_id):
            under_way[round_id, funder] += 0 if batch_id in own else fen
        held = Counter(ledger.held_by_rounds(intake.db, intake.programme_id))
        held.subtract(intake.proved_fen)
        return cls(
            held,
            under_way,
            frozenset(days.importing(intake.db, intake.programme_id)) - own,
        )

    def spendable(self, round_id: int, funder: int) -> int:
        """What rows of a round may cost a funder, whatever its vouchers have given up."""
        return self.fen[round_id, funder] - self.under_way[round_id, funder]


class Account(NamedTuple):
    """The money of one round while rows of it are covered."""

    purse: take_backs.Purse
    held: Held
    parts: Callable[[int, int], Split]
    at_hand: AtHand
    round_id: int

    @property
    def funders(self) -> set[int]:
        """The programme's watched funders."""
        return {*self.purse.watched.values()}

    def may_lack(self, gross_fen: int) -> bool:
        """Whether payments of so much subsidy may be more than the round holds."""
        holds = [self.held.spendable(self.round_id, funder) for funder in self.funders]
        has_match = bool(self.parts(self.round_id, 1).matched_by)
        return bool(holds) and gross_fen > 0 and (has_match or gross_fen > min(holds))

    def change_of(self, change: Change) -> Fen:
        """What a change of a subsidy costs each watched funder."""
        split = redemptions.split_of(change, self.parts)
        return {fund: fen for fund, fen in split.by_funder.items() if fund in self.funders}

    def cost_of(self, row: FitRow) -> Fen:
        """What a late row costs. What a refund gives back counts once nobody can refuse it any
        more.
        """
        cost = self.change_of(row.change)
        is_final = row.batch_id not in self.held.batches
        return cost if is_final else {fund: max(fen, 0) for fund, fen in cost.items()}

    def needs(self, late: list[FitRow]) -> tuple[Counter[int], Counter[int]]:
        """What late rows need beyond what is at hand, and all fit rows together beyond what the
        round holds.
        """
        of_late, gives_back, of_all = Counter[int](), Counter[int](), Counter[int]()
        for row in late:
            of_late.update(self.cost_of(row))
            gives_back.subtract(self.change_of(row.change))
        for change, rows in store.changes(self.purse.db, self.round_id):
            of_all.update({fund: rows * fen for fund, fen in self.change_of(change).items()})
        of_all.update(gives_back)
        of_all.update(of_late)
        place = self.round_id
        return (
            Counter({fund: of_late[fund] - self.at_hand[place, fund] for fund in self.funders}),
            Counter(
                {fund: of_all[fund] - self.held.spendable(place, fund) for fund in self.funders}
            ),
        )


def _cover(account: Account, late: list[FitRow]) -> list[tuple[int, int]]:
    """Cover the rows of one round; gives (what it needs in fen, place) of those that cannot be
    paid: payments from the last on, then refunds that took the place of others. Never one that
    stands.
    """
    purse, round_id = account.purse, account.round_id
    of_late, of_all = needs = account.needs(late)
    most = {funder: take_backs.count_left(purse, round_id, funder) for funder in account.funders}
    held = _hold_back(late, account.cost_of, needs, most)
    if _missing(of_all, most):
        known = {row.place for row in late}
        rows = [row for row in store.rows_of(purse.db, round_id) if row.place not in known]
        held += _hold_back(rows, lambda row: account.change_of(row.change), (of_all,), most)
    missing = max(_missing(need, most) for need in needs)
    place = store.displacing(purse.db, round_id) if missing and not held else None
    for funder in most:
        wanted = max(of_late[funder], of_all[funder])
        account.at_hand[round_id, funder] += take_backs.take(purse, round_id, funder, wanted)
    return held if place is None else [(missing, place)]


def _missing(need: Counter[int], most: Fen) -> int:
    """What cannot be had of what is needed, in fen."""
    return sum(max(fen - most[funder], 0) for funder, fen in need.items())


def _hold_back(
    rows: list[FitRow],
    cost_of: Callable[[FitRow], Fen],
    needs: tuple[Counter[int], ...],
    most: Fen,
) -> list[tuple[int, int]]:
    """Hold payments, the latest first, until no more is needed than there is."""
    of_voucher: dict[tuple[int, int], list[FitRow]] = defaultdict(list)
    for row in rows:
        if not row.stands:
            of_voucher[row.voucher].append(row)
    held = []
    for row in sorted(rows, key=lambda row: (row.paid_at, row.place), reverse=True):
        if not any(_missing(need, most) for need in needs):
            break
        if row.kind == "refund" or row.voucher not in of_voucher:
            continue
        saved: Counter[int] = Counter()
        for each in of_voucher.pop(row.voucher):
            saved.update(cost_of(each))
        if any(fen > 0 for fen in saved.values()):  # else it is refunded in the same chunk
            held.append((row.after_fen - row.before_fen, row.place))
            for need in needs:
                need.subtract(saved)
    return held
