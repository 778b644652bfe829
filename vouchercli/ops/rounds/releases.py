"""Release the unused money of rounds: unclaimed packs when claiming is over, vouchers when they
expire. Late files correct it.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vouchercli.ops.rounds import commitments, reissues
from vouchercli.result import Message, Outcome, Problem, say
from vouchercli.rules import money
from vouchercli.rules import releases as law
from vouchercli.rules import rounds as rounds_law
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import audit, days, ledger, programmes, take_backs, templates
from vouchercli.store import releases as store
from vouchercli.store.db import reading, writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.releases import Held


def list_due(db: sqlite3.Connection, programme: str | None, now: int) -> list[Held]:
    """List the rounds to look at: a file came in or something changed since the last look, or
    vouchers have expired.
    """
    return [row for row in store.rounds(db, programme) if _is_due(db, row, now)]


def _is_due(db: sqlite3.Connection, row: Held, now: int) -> bool:
    return bool(row.marker != _make_marker(db, row)) or (
        row.next_at is not None and row.next_at <= now
    )


def _make_marker(db: sqlite3.Connection, row: Held) -> str:
    """Make a marker of everything the figures depend on, except time. What was paid is not enough:
    a late payment that took its money back, and a refund of as much, leave more in hand.
    """
    paid, held = store.paid(db, row.round_id), store.held(db, row.round_id)
    terms = [row.state, row.packs, row.claimed, row.released, row.closes_at]
    under_way = days.importing(db, row.programme_id)
    return json.dumps([*terms, paid, held, *([under_way] if under_way else ())])


def release_unused(session: Session, round_id: int) -> Outcome | None:
    """Post, funder by funder, the difference between what the round holds and what it must still
    hold; None when there is none.

    More than it must: to the account of the programme's policy; unclaimed packs give up their seats
    with their money, and late files take both back (`ops.intake.take_backs`). Less, because a file
    was undone: back from there, as far as the fund has it; what it lacks is a problem
    `release_short`.
    """
    look = _look(session, round_id)
    if look is None:
        return None
    with writing(session) as db:
        row = store.rounds(db, None, round_id)[0]
        if (
            _make_marker(db, row) != look.marker
        ):  # a file came in between: the next tick looks again
            return None
        before = ledger.last(db)
        moved, missing = _post(session, row, look.kept, law.ACCOUNTS[look.programme.unused])
        if look.given_up:
            take_backs.give_up_seats(db, round_id, look.given_up)
        again = reissues.put_out_again(session, row, moved)
        _keep_look(session, round_id, look)
        if ledger.last(db) != before:
            audit.note(
                session,
                "round.release",
                row.round,
                policy=look.programme.unused,
                moved=moved,
                held={funder: each._asdict() for funder, each in look.kept.items()},
            )
        return _answer(row, look.programme, moved, missing, again)


def look_away(session: Session, round_id: int) -> None:
    """Let a round hold what it holds until its next file or expiry, in the caller's transaction."""
    row = store.rounds(session.db, None, round_id)[0]
    look = _find_kept(
        session, row, programmes.value(programmes.by_id(session.db, row.programme_id))
    )
    store.looked(
        session.db,
        round_id=round_id,
        marker=look.marker,
        at=session.now,
        next_at=look.next_at,
        expired_by=look.expired_by,
    )


@dataclass(frozen=True)
class Look:
    """What each watched funder must still hold for a round (fen), what that was made of, and when
    to look again; how many more unclaimed packs give up their money, and by when vouchers have
    expired that did.
    """

    programme: Programme
    marker: str
    kept: dict[str, law.Kept]
    next_at: int | None
    given_up: int
    expired_by: int


def _look(session: Session, round_id: int) -> Look | None:
    """Look at one snapshot of the round without the lock, because reading a large round may take
    seconds. None: nothing is due.
    """
    with nullcontext(session.db) if session.joins else reading(session) as db:
        row = next(
            (each for each in store.rounds(db, None, round_id) if _is_due(db, each, session.now)),
            None,
        )
        if row is None:
            return None
        programme = programmes.value(programmes.by_id(db, row.programme_id))
        return _find_kept(session, row, programme)


def _find_kept(session: Session, row: Held, programme: Programme) -> Look:
    """Find what each watched funder must still hold, and when to look again."""
    db, zone, days = session.db, row.time_zone, programme.unused_after_days
    at = law.lagged(session.now, days, zone)
    last, expired_by, alive, by_alive = _read_alive(
        db, row.round_id, row.claimed, at, zone, row.prolonged_until
    )
    seats = row.packs - row.released
    holding = law.Holding(seats, row.claimed, row.state == "closed", row.closes_at, last)
    watched = commitments.list_funds(db, row.programme_id)
    has_expired = alive < row.claimed
    under_way = take_backs.under_way_of(db, row.round_id, expired_by) if has_expired else {}
    parts = pack_parts(templates.read(row.document))
    pack = {funder: fen for funder, fen in parts if funder in watched}
    return Look(
        programme,
        _make_marker(db, row),
        law.kept(
            holding,
            at,
            alive,
            pack,
            by_alive,
            {funder: under_way.get(fund, 0) for funder, fund in watched.items()},
        ),
        law.next_look(holding, at, alive, days, zone),
        seats - row.claimed if pack and law.is_claiming_over(holding, at) else 0,
        expired_by,
    )


def _read_alive(
    db: sqlite3.Connection, round_id: int, claimed: int, at: int, zone: str, until: int | None
) -> tuple[int | None, int, int, dict[str, int]]:
    """(When the last voucher expires, by when vouchers have expired at `at`, how many claims are
    alive after that, what each funder has paid to those.) All alive, or none: the totals know; else
    the facts are asked. `until`: the later end that was decided for them.
    """
    last = store.last_expiry(db, round_id)
    after = law.expired_by(at, last, zone, until)
    last = max(filter(None, (last, until)), default=None)
    alive = store.alive(db, round_id, after) if claimed else 0
    if alive == claimed:
        return last, after, alive, store.paid(db, round_id)
    return last, after, alive, store.paid_by_alive(db, round_id, after) if alive else {}


def find_missing(current: RoundAtHand, **otherwise: Any) -> dict[str, int]:
    """Find what each watched funder lacks to hold again, in fen, what the round would hold were it
    as `otherwise` says (fields of `Held`); funders that have enough are left out.
    """
    db = current.db
    row = store.rounds(db, None, current.round_id)[0]._replace(**otherwise)
    account = law.ACCOUNTS[current.programme.unused]
    of_round = row.round_id if account == "returned" else None
    kept = _find_kept(current.session, row, current.programme).kept
    funds = commitments.list_funds(db, row.programme_id)
    lacks = {}
    for funder, must in kept.items():
        holds = ledger.balances(db, funds[funder], row.round_id)
        elsewhere = max(ledger.balance(db, funds[funder], account, of_round), 0)
        lacks[funder] = sum(must) - holds.committed - holds.outstanding - elsewhere
    return {funder: fen for funder, fen in lacks.items() if fen > 0}


def take_back(current: RoundAtHand) -> dict[str, int]:
    """Commit again what a round gave up, now that it is open again or its vouchers are valid again;
    gives funder -> fen. Its look is kept, so that a payment on a voucher that is alive again finds
    its money; what else is due at that look goes with it. Joins the caller's transaction.
    """
    db, session = current.db, current.session
    row = store.rounds(db, None, current.round_id)[0]
    look = _find_kept(session, row, current.programme)
    moved, missing = _post(session, row, look.kept, law.ACCOUNTS[current.programme.unused])
    assert not missing, missing  # find_missing has looked
    if look.given_up:
        take_backs.give_up_seats(db, row.round_id, look.given_up)
    _keep_look(session, row.round_id, look)
    return {funder: -fen for funder, fen in moved.items()}


def _keep_look(session: Session, round_id: int, look: Look) -> None:
    store.looked(
        session.db,
        round_id=round_id,
        marker=_make_marker(session.db, store.rounds(session.db, None, round_id)[0]),
        at=session.now,
        next_at=look.next_at,
        expired_by=look.expired_by,
    )


def sum_expired_unused(current: RoundAtHand) -> int:
    """Sum what the expired vouchers of a round did not use, over all its funders, in fen; a
    release counts the same way.
    """
    row, claimed = current.row, current.row["claimed"]
    at = law.lagged(current.now, current.programme.unused_after_days, current.zone)
    *_, alive, by_alive = _read_alive(
        current.db, current.round_id, claimed, at, current.zone, row["vouchers_until_at"]
    )
    paid = store.paid(current.db, current.round_id)
    used = sum(
        paid.get(funder, 0) - by_alive.get(funder, 0)
        for funder, _ in rounds_law.liability(1, current.template)
    )
    return max(int((claimed - alive) * current.row["pack_value_fen"]) - used, 0)


def _post(
    session: Session, row: Held, kept: dict[str, law.Kept], account: str
) -> tuple[dict[str, int], dict[str, int]]:
    """(funder -> fen released, negative: taken back; funder -> fen that could not be taken
    back).
    """
    db, moved, missing = session.db, {}, {}
    for funder, fund in commitments.list_funds(db, row.programme_id).items():
        if funder not in kept:
            continue
        holds = ledger.balances(db, fund, row.round_id)
        must = kept[funder]
        surplus = law.Kept(holds.committed - must.committed, holds.outstanding - must.outstanding)
        of_round = row.round_id if account == "returned" else None
        left = max(ledger.balance(db, fund, account, of_round), 0)
        wanted = sum(surplus)
        amount = max(wanted, -left)
        for out_of, into, fen in law.ways(surplus, amount, account):
            ledger.post(db, fund, row.round_id, out_of, into, fen, "round.release", session.now)
        if amount:
            moved[funder] = amount
        if amount != wanted:
            missing[funder] = amount - wanted
    return moved, missing


def _answer(
    row: Held, programme: Programme, moved: dict[str, int], missing: dict[str, int], again: int
) -> Outcome | None:
    if not moved and not missing:
        return None
    total = sum(moved.values())
    says: list[Message] = []
    about = {"amount": money.grouped(abs(total)), "round": row.round}
    if again:
        says.append(
            say(
                "released {amount} yuan that {round} did not use: {packs:,} packs are out again",
                packs=again,
                **about,
            )
        )
    elif total > 0:
        says.append(
            say("returned {amount} yuan to the funders, unused by {round}", **about)
            if programme.unused == "treasury"
            else say("released {amount} yuan that {round} did not use", **about)
        )
    elif total < 0:
        says.append(say("committed {amount} yuan again for {round}: files came late", **about))
    problems = tuple(
        Problem(
            "release_short",
            "late files of {round} need {amount} yuan more of {funder} than its fund has left",
            hint="raise the fund's amount in the programme's file and load it again",
            params={"round": row.round, "amount": money.grouped(fen), "funder": funder},
        )
        for funder, fen in missing.items()
    )
    return Outcome(
        data={"round": row.round, "moved": moved, "missing": missing, "packs_again": again},
        says=tuple(says),
        problems=problems,
        status="partial" if problems else "ok",
    )
