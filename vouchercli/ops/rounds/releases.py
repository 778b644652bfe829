"""Release the unused money of rounds: unclaimed packs when claiming is over, vouchers when they
expire. Late files correct it.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli.ops.rounds import commitments
from vouchercli.result import Message, Outcome, Problem, say
from vouchercli.rules import money
from vouchercli.rules import releases as law
from vouchercli.rules import rounds as rounds_law
from vouchercli.store import audit, ledger, programmes, templates
from vouchercli.store import releases as store
from vouchercli.store.db import reading, writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import Found
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session


def due(db: sqlite3.Connection, programme: str | None, now: int) -> list[sqlite3.Row]:
    """Rounds to look at: something came in or changed since the last look, or vouchers have
    expired.
    """
    return [row for row in store.rounds(db, programme) if _is_due(db, row, now)]


def _is_due(db: sqlite3.Connection, row: sqlite3.Row, now: int) -> bool:
    return (
        bool(row["marker"] != _marker(db, row))
        or (row["next_at"] is not None and row["next_at"] <= now)
        or row["missing"] != "{}"
    )


def _marker(db: sqlite3.Connection, row: sqlite3.Row) -> str:
    """All that the figures are made of but time."""
    return json.dumps(
        [
            row["state"],
            row["packs"],
            row["claimed"],
            row["closes_at"],
            store.paid(db, row["round_id"]),
        ]
    )


def release_unused(session: Session, round_id: int) -> Outcome | None:
    """Post, funder by funder, the difference between what the round holds and what it must still
    hold; None when there is none.

    More than it must: to the account of the programme's policy. Less, because a file came late:
    back from there, as far as the fund has it; what it lacks is a problem `release_short`, once.
    """
    look = _looked_at(session, round_id)
    if look is None:
        return None
    with writing(session) as db:
        row = store.rounds(db, None, round_id)[0]
        if _marker(db, row) != look.marker:  # a file came in between: the next tick looks again
            return None
        moved, missing = _post(session, row, look.kept, law.ACCOUNTS[look.programme.unused])
        known = json.loads(row["missing"] or "{}")
        store.looked(
            db,
            round_id=round_id,
            marker=look.marker,
            at=session.now,
            next_at=look.next_at,
            missing=json.dumps(missing),
        )
        if moved:
            audit.note(
                session,
                "round.release",
                row["round"],
                policy=look.programme.unused,
                moved=moved,
                held=look.kept,
            )
        return _told(row, look.programme, moved, {} if missing == known else missing)


@dataclass(frozen=True)
class Look:
    """What each watched funder must still hold for a round (fen), what that was made of, and when
    to look again.
    """

    programme: Programme
    marker: str
    kept: dict[str, int]
    next_at: int | None


def _looked_at(session: Session, round_id: int) -> Look | None:
    """A look at one snapshot, without the lock: reading the facts of a large round may take
    seconds. None: nothing is due.
    """
    with nullcontext(session.db) if session.joins else reading(session) as db:
        row = next(
            (each for each in store.rounds(db, None, round_id) if _is_due(db, each, session.now)),
            None,
        )
        if row is None:
            return None
        programme = programmes.value(programmes.by_id(db, row["programme_id"]))
        return Look(programme, _marker(db, row), *_kept(session, row, programme))


def _kept(
    session: Session, row: sqlite3.Row, programme: Programme
) -> tuple[dict[str, int], int | None]:
    """What each watched funder must still hold, and when to look again."""
    db, round_id, zone, days = (
        session.db,
        row["round_id"],
        row["time_zone"],
        programme.unused_after_days,
    )
    holding = law.Holding(
        row["packs"],
        row["claimed"],
        row["state"] == "closed",
        row["closes_at"],
        store.last_expiry(db, round_id),
    )
    at = law.lagged(session.now, days, zone)
    after = law.expired_by(at, holding.last_expiry, zone)
    alive = store.alive(db, round_id, after) if row["claimed"] else 0
    paid = store.paid(db, round_id)
    by_expired = _paid_by_expired(db, round_id, paid, row["claimed"], alive, after)
    template = templates.value(row)
    watched = {each["funder"] for each in commitments.funds(db, row)}
    pack = {funder: fen for funder, fen in rounds_law.liability(1, template) if funder in watched}
    return law.kept(holding, at, alive, pack, by_expired), law.next_look(
        holding, at, alive, days, zone
    )


def _paid_by_expired(
    db: sqlite3.Connection,
    round_id: int,
    paid: dict[str, int],
    claimed: int,
    alive: int,
    after: int,
) -> dict[str, int]:
    """The part of `paid` that went to claims which have expired. All alive, or none: the totals
    know; else the facts are asked.
    """
    by_alive = (
        paid if alive == claimed else store.paid_by_alive(db, round_id, after) if alive else {}
    )
    return {funder: fen - by_alive.get(funder, 0) for funder, fen in paid.items()}


def expired_unused(db: sqlite3.Connection, it: Found, now: int) -> int:
    """What the vouchers of a round that have expired by now did not use, of all its funders
    together, in fen; as a release counts it.
    """
    row, zone = it.row, it.row["time_zone"]
    round_id, claimed = row["round_id"], row["claimed"]
    after = law.expired_by(
        law.lagged(now, it.programme.unused_after_days, zone), store.last_expiry(db, round_id), zone
    )
    alive = store.alive(db, round_id, after) if claimed else 0
    paid = _paid_by_expired(db, round_id, store.paid(db, round_id), claimed, alive, after)
    used = sum(paid.get(funder, 0) for funder, _ in rounds_law.liability(1, it.template))
    return max(int((claimed - alive) * row["pack_value_fen"]) - used, 0)


def _post(
    session: Session, row: sqlite3.Row, kept: dict[str, int], account: str
) -> tuple[dict[str, int], dict[str, int]]:
    """(funder -> fen released, negative: taken back; funder -> fen that could not be taken
    back).
    """
    db, moved, missing = session.db, {}, {}
    for each in commitments.funds(db, row):
        funder_id, funder = each["funder_id"], each["funder"]
        if funder not in kept:
            continue
        surplus = ledger.balance(db, funder_id, "committed", row["round_id"]) - kept[funder]
        amount = surplus
        if surplus > 0:
            ledger.post(
                db,
                funder_id,
                row["round_id"],
                "committed",
                account,
                surplus,
                "round.release",
                session.now,
            )
        elif surplus < 0:
            there = ledger.balance(
                db, funder_id, account, row["round_id"] if account == "returned" else None
            )
            amount = -min(-surplus, max(there, 0))
            ledger.post(
                db,
                funder_id,
                row["round_id"],
                account,
                "committed",
                -amount,
                "round.release",
                session.now,
            )
        if amount:
            moved[funder] = amount
        if amount != surplus:
            missing[funder] = amount - surplus
    return moved, missing


def _told(
    row: sqlite3.Row, programme: Programme, moved: dict[str, int], missing: dict[str, int]
) -> Outcome | None:
    if not moved and not missing:
        return None
    total = sum(moved.values())
    says: list[Message] = []
    about = {"amount": money.grouped(abs(total)), "round": row["round"]}
    if total > 0:
        says.append(
            say("returned {amount} yuan that {round} did not use to those who gave them", **about)
            if programme.unused == "treasury"
            else say("released {amount} yuan that {round} did not use", **about)
        )
    elif total < 0:
        says.append(say("took {amount} yuan back for {round}: files came late", **about))
    problems = tuple(
        Problem(
            "release_short",
            "late files of {round} need {amount} yuan more of {funder} than its fund has left",
            hint="raise the fund's amount in the programme's file and load it again",
            params={"round": row["round"], "amount": money.grouped(fen), "funder": funder},
        )
        for funder, fen in missing.items()
    )
    return Outcome(
        data={"round": row["round"], "moved": moved, "missing": missing},
        says=tuple(says),
        problems=problems,
        status="partial" if problems else "ok",
    )
