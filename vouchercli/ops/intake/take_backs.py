"""Money that was released is taken back for files that come late: once a chunk, in its own
transaction, before its rows are accepted.

A late claim takes its seat and the money of one pack from where the release went. A late payment on
a voucher whose money was given up takes what it pays: from there, from what is uncommitted, then
from unclaimed packs of open rounds. What is short is refused row by row, the latest first
(`funds_released`): nobody's money is promised twice, and a retry takes it in when there is money.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import releases as law
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import (
    audit,
    days,
    ledger,
    programmes,
    redemptions,
    reopening,
    templates,
)
from vouchercli.store import take_backs as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.session import Session
    from vouchercli.store.corrections import Freed
    from vouchercli.store.redemptions import Change, Split
    from vouchercli.store.take_backs import Crowded, FitRow, Spare

Fen = dict[int, int]  # funder_id -> fen
AtHand = Counter[tuple[int, int]]  # (round_id, funder_id) -> fen


class Purse(NamedTuple):
    """Where a chunk of a batch, or what is reversed, may find money: the programme's watched
    funders (funder_id), and the account to which its unused money goes.
    """

    session: Session
    programme_id: int
    batch_id: int | None
    watched: dict[str, int]
    account: str

    @classmethod
    def of(cls, session: Session, programme: sqlite3.Row, batch_id: int | None) -> Purse:
        """The purse of a programme."""
        programme_id = int(programme["programme_id"])
        watched = {
            row["funder"]: row["funder_id"]
            for row in programmes.funders(session.db, programme_id)
            if row["amount_fen"] is not None
        }
        account = law.ACCOUNTS[programmes.value(programme).unused]
        return cls(session, programme_id, batch_id, watched, account)

    @classmethod
    def of_intake(cls, intake: Intake) -> Purse:
        """The purse of the programme at hand."""
        assert intake.programme is not None
        return cls.of(intake.session, intake.programme, intake.batch_id)

    @property
    def db(self) -> sqlite3.Connection:
        """Where it writes."""
        return self.session.db

    def pack(self, document: str) -> Fen:
        """What one pack of a template can cost each watched funder."""
        parts = pack_parts(templates.read(document))
        return {self.watched[name]: fen for name, fen in parts if name in self.watched and fen}

    def left(self, funder_id: int, account: str, round_id: int) -> int:
        """What may be taken from an account for a round; of what was returned only its own."""
        of_round = round_id if account == "returned" else None
        return ledger.balance(self.db, funder_id, account, of_round)

    def move(self, funder_id: int, round_id: int, way: tuple[str, str], fen: int) -> None:
        """Post it."""
        at = self.session.now
        ledger.post(self.db, funder_id, round_id, *way, fen, "round.take_back", at)


# ---------------------------------------------------------------- claims


def cover_claims(intake: Intake) -> bool:
    """Take back the seats and the money that fit claims need beyond those of their rounds, and
    refuse the last to come when there is not enough. Whether some were refused: what gave way to
    them must be judged again.
    """
    crowded = store.crowded(intake.db, intake.programme_id)
    if not crowded:
        return False
    purse = Purse.of_intake(intake)
    short = sum(_cover_round(purse, each) for each in crowded)
    return short > 0


def _cover_round(purse: Purse, each: Crowded) -> int:
    """Cover the claims of one round; gives how many it refused."""
    pack = purse.pack(each.document)
    affordable = [
        purse.left(funder, purse.account, each.round_id) // fen for funder, fen in pack.items()
    ]
    packs = min([each.needed, *affordable])
    for funder, fen in pack.items():
        purse.move(funder, each.round_id, (purse.account, "committed"), packs * fen)
    store.take_seats(purse.db, each.round_id, packs)
    short = each.needed - packs
    if short:
        store.refuse_last_claims(purse.db, each.round_id, short, sum(pack.values()))
    audit.note(
        purse.session,
        "round.take_back",
        each.round,
        batch=purse.batch_id,
        packs=packs,
        short=short,
        moved={str(funder): packs * fen for funder, fen in pack.items()},
    )
    return short


# ---------------------------------------------------------------- payments


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
    purse, held = Purse.of_intake(intake), Held.by_rounds(intake)
    held_back: list[tuple[int, int]] = []
    for round_id in sorted({*late, *lacking, *gross}):
        account = Account(purse, held, parts, at_hand, round_id)
        if round_id in late or round_id in lacking or account.may_lack(gross[round_id]):
            held_back += _cover(account, late[round_id])
    store.hold(intake.db, held_back)
    return bool(held_back)


def cover_reversals(purse: Purse, freed: Freed) -> Freed:
    """Take back what reversed refunds had given to vouchers which have given it up since: the
    money that reversed rows leave there is negative. Gives what is left. Raises `fund_short`.
    """
    return [
        (round_id, funder, _cover_reversal(purse, round_id, funder, fen) if fen < 0 else fen)
        for round_id, funder, fen in freed
    ]


def _cover_reversal(purse: Purse, round_id: int, funder: int, fen: int) -> int:
    if funder not in purse.watched.values():
        return fen
    if _count_left(purse, round_id, funder) < -fen:
        raise ledger.short(purse.db, funder, -fen)
    return fen + _take(purse, round_id, funder, -fen)


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

    purse: Purse
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
    most = {funder: _count_left(purse, round_id, funder) for funder in account.funders}
    held = _hold_back(late, account.cost_of, needs, most)
    if _missing(of_all, most):
        known = {row.place for row in late}
        rows = [row for row in store.rows_of(purse.db, round_id) if row.place not in known]
        held += _hold_back(rows, lambda row: account.change_of(row.change), (of_all,), most)
    missing = max(_missing(need, most) for need in needs)
    place = store.displacing(purse.db, round_id) if missing and not held else None
    for funder in most:
        wanted = max(of_late[funder], of_all[funder])
        account.at_hand[round_id, funder] += _take(purse, round_id, funder, wanted)
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


def _count_left(purse: Purse, round_id: int, funder: int) -> int:
    """All that can be taken back for a round."""
    left = sum(purse.left(funder, each, round_id) for each in {purse.account, "uncommitted"})
    spare = store.spare_packs(purse.db, purse.programme_id, round_id)
    return left + sum(each.packs * purse.pack(each.document).get(funder, 0) for each in spare)


def _take(purse: Purse, round_id: int, funder: int, needed_fen: int) -> int:
    """Commit so much to the round again, from the first place that has it on; gives how much."""
    fen = max(needed_fen, 0)
    for account in dict.fromkeys((purse.account, "uncommitted")):
        part = min(fen, purse.left(funder, account, round_id))
        purse.move(funder, round_id, (account, "outstanding"), part)
        fen -= part
    for spare in store.spare_packs(purse.db, purse.programme_id, round_id) if fen else ():
        pack = purse.pack(spare.document)
        if fen > 0 and pack.get(funder):
            packs = min(spare.packs, -(-fen // pack[funder]))
            _give_up(purse, spare, packs)
            part = min(fen, packs * pack[funder])
            purse.move(funder, round_id, ("uncommitted", "outstanding"), part)
            fen -= part
    return max(needed_fen, 0) - fen


def _give_up(purse: Purse, spare: Spare, packs: int) -> None:
    """Unclaimed packs of an open round give up their seats and their money."""
    for funder, fen in purse.pack(spare.document).items():
        purse.move(funder, spare.round_id, ("committed", "uncommitted"), packs * fen)
    store.give_up_seats(purse.db, spare.round_id, packs)
    audit.note(
        purse.session,
        "round.give_up",
        spare.round,
        batch=purse.batch_id,
        packs=packs,
    )
