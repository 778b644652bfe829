"""Money that was released is taken back for files that come late: once a chunk, in its own
transaction, before its rows are accepted.

A late claim takes its seat and the money of one pack from where the release went. A late payment on
a voucher whose money was given up takes what it pays: from there, from what is uncommitted, then
from unclaimed packs of open rounds. What is short is refused row by row, the latest first
(`funds_released`): nobody's money is promised twice, and a retry takes it in when there is money.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import releases as law
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import audit, ledger, programmes, redemptions, templates
from vouchercli.store import take_backs as store

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.store.redemptions import Change, Split
    from vouchercli.store.take_backs import Crowded, LateRow, Spare

Fen = dict[int, int]  # funder_id -> fen
AtHand = Counter[tuple[int, int]]  # (round_id, funder_id) -> fen


class Purse(NamedTuple):
    """Where a chunk may find money: the programme's watched funders (funder_id), and the account
    to which its unused money goes.
    """

    intake: Intake
    watched: dict[str, int]
    account: str

    @classmethod
    def of(cls, intake: Intake) -> Purse:
        """The purse of the programme at hand."""
        watched = {
            row["funder"]: row["funder_id"]
            for row in programmes.funders(intake.db, intake.programme_id)
            if row["amount_fen"] is not None
        }
        return cls(intake, watched, law.ACCOUNTS[intake.rules.unused])

    def pack(self, document: str) -> Fen:
        """What one pack of a template can cost each watched funder."""
        parts = pack_parts(templates.read(document))
        return {self.watched[name]: fen for name, fen in parts if name in self.watched and fen}

    def left(self, funder_id: int, account: str, round_id: int) -> int:
        """What may be taken from an account for a round; of what was returned only its own."""
        of_round = round_id if account == "returned" else None
        return ledger.balance(self.intake.db, funder_id, account, of_round)

    def move(self, funder_id: int, round_id: int, way: tuple[str, str], fen: int) -> None:
        """Post it."""
        at = self.intake.session.now
        ledger.post(self.intake.db, funder_id, round_id, *way, fen, "round.take_back", at)


# ---------------------------------------------------------------- claims


def cover_claims(intake: Intake) -> bool:
    """Take back the seats and the money that fit claims need beyond those of their rounds, and
    refuse the last to come when there is not enough. Whether some were refused: what gave way to
    them must be judged again.
    """
    crowded = store.crowded(intake.db, intake.programme_id)
    if not crowded:
        return False
    purse = Purse.of(intake)
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
    store.take_seats(purse.intake.db, each.round_id, packs)
    short = each.needed - packs
    if short:
        store.refuse_last_claims(purse.intake.db, each.round_id, short, sum(pack.values()))
    audit.note(
        purse.intake.session,
        "round.take_back",
        each.round,
        batch=purse.intake.batch_id,
        packs=packs,
        short=short,
        moved={str(funder): packs * fen for funder, fen in pack.items()},
    )
    return short


# ---------------------------------------------------------------- payments


def cover_payments(intake: Intake, parts: Callable[[int, int], Split], at_hand: AtHand) -> bool:
    """Take back the money that fit payments need on vouchers which have given it up, beyond what
    is `at_hand`, and put it there; `parts` (round_id, fen) splits a subsidy. Whether some were
    refused, the latest first: what gave way to them, or hangs on them, must be judged again.
    """
    by_round: dict[int, list[LateRow]] = defaultdict(list)
    for row in store.late_rows(intake.db):
        by_round[row.round_id].append(row)
    for (round_id, _), fen in at_hand.items():
        if fen < 0:  # a refund was moved back, and may be refused now
            by_round.setdefault(round_id, [])
    if not by_round:
        return False
    purse = Purse.of(intake)
    held = [
        each
        for number, late in by_round.items()
        for each in _cover(purse, number, late, parts, at_hand)
    ]
    store.hold_payments(intake.db, held)
    return bool(held)


def _cover(
    purse: Purse,
    round_id: int,
    rows: list[LateRow],
    parts: Callable[[int, int], Split],
    at_hand: AtHand,
) -> list[LateRow]:
    """Cover the late rows of one round; gives the payments, from the last on, that cannot be paid:
    never one that stands.
    """

    @cache
    def change_of(change: Change) -> Fen:
        split = redemptions.split_of(change, parts)
        return {funder: fen for funder, fen in split.by_funder.items() if funder in watched}

    watched = {*purse.watched.values()}
    needed = Counter({fund: -at_hand[round_id, fund] for fund in watched})
    of_voucher: dict[tuple[int, int], list[LateRow]] = defaultdict(list)
    for row in rows:
        needed.update(change_of(row.change))
        if not row.stands:
            of_voucher[row.voucher].append(row)
    most = {funder: _count_left(purse, round_id, funder) for funder in needed}
    held = []
    for row in sorted(rows, key=lambda row: (row.paid_at, row.place), reverse=True):
        if all(fen <= most[funder] for funder, fen in needed.items()):
            break
        if row.kind == "refund" or row.voucher not in of_voucher:
            continue
        saved: Counter[int] = Counter()
        for each in of_voucher.pop(row.voucher):
            saved.update(change_of(each.change))
        if any(fen > 0 for fen in saved.values()):  # else it is refunded in the same chunk
            held.append(row)
            needed.subtract(saved)
    for funder, fen in needed.items():
        _take(purse, round_id, funder, fen)
        at_hand[round_id, funder] += max(fen, 0)
    return held


def _count_left(purse: Purse, round_id: int, funder: int) -> int:
    """All that can be taken back for a round."""
    left = sum(purse.left(funder, each, round_id) for each in {purse.account, "uncommitted"})
    spare = store.spare_packs(purse.intake.db, purse.intake.programme_id, round_id)
    return left + sum(each.packs * purse.pack(each.document).get(funder, 0) for each in spare)


def _take(purse: Purse, round_id: int, funder: int, fen: int) -> None:
    """Commit so much to the round again, from the first place that has it on."""
    if fen <= 0:
        return
    for account in dict.fromkeys((purse.account, "uncommitted")):
        part = min(fen, purse.left(funder, account, round_id))
        purse.move(funder, round_id, (account, "outstanding"), part)
        fen -= part
    if fen <= 0:
        return
    for spare in store.spare_packs(purse.intake.db, purse.intake.programme_id, round_id):
        pack = purse.pack(spare.document)
        if fen > 0 and pack.get(funder):
            packs = min(spare.packs, -(-fen // pack[funder]))
            _give_up(purse, spare, packs)
            part = min(fen, packs * pack[funder])
            purse.move(funder, round_id, ("uncommitted", "outstanding"), part)
            fen -= part


def _give_up(purse: Purse, spare: Spare, packs: int) -> None:
    """Unclaimed packs of an open round give up their seats and their money."""
    for funder, fen in purse.pack(spare.document).items():
        purse.move(funder, spare.round_id, ("committed", "uncommitted"), packs * fen)
    store.give_up_seats(purse.intake.db, spare.round_id, packs)
    audit.note(
        purse.intake.session,
        "round.give_up",
        spare.round,
        batch=purse.intake.batch_id,
        packs=packs,
    )
