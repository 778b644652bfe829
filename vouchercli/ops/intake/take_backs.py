"""Money that was released is taken back for files that come late: once a chunk, in its own
transaction, before its rows are accepted.

A late claim takes its seat and the money of one pack from where the release went. A late payment on
a voucher whose money was given up takes what it pays: from there, from what is uncommitted, then
from unclaimed packs of open rounds. What is short is refused row by row, the latest first
(`funds_released`): nobody's money is promised twice, and a retry takes it in when there is money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import releases as law
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import (
    audit,
    ledger,
    programmes,
    templates,
)
from vouchercli.store import take_backs as store

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.session import Session
    from vouchercli.store.corrections import Freed
    from vouchercli.store.take_backs import Crowded, Spare

Fen = dict[int, int]  # funder_id -> fen


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
    if count_left(purse, round_id, funder) < -fen:
        raise ledger.short(purse.db, funder, -fen)
    return fen + take(purse, round_id, funder, -fen)


def count_left(purse: Purse, round_id: int, funder: int) -> int:
    """All that can be taken back for a round."""
    left = sum(purse.left(funder, each, round_id) for each in {purse.account, "uncommitted"})
    spare = store.spare_packs(purse.db, purse.programme_id, round_id)
    return left + sum(each.packs * purse.pack(each.document).get(funder, 0) for each in spare)


def take(purse: Purse, round_id: int, funder: int, needed_fen: int) -> int:
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
