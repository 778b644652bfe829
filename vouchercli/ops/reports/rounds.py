"""report rounds: how each round was taken up and used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports import tables
from vouchercli.ops.reports.figures import outstanding
from vouchercli.ops.reports.scope import Scope, face_of, go_back, note_later, scope_of
from vouchercli.result import Outcome, say
from vouchercli.rules import leverage as law
from vouchercli.rules import times
from vouchercli.rules.leverage import Sums
from vouchercli.store import allocations
from vouchercli.store import reports as store
from vouchercli.store.db import reading
from vouchercli.store.known_facts import as_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.reports import Round


def report_rounds(
    session: Session,
    *,
    only: Sequence[str] = (),
    as_of: int | None = None,
    known_on: int | None = None,
) -> Outcome:
    """Each round as of `as_of`, in the state and with the packs that it had then (UTC seconds;
    None: all that is known, and what has expired by now); as it was known on a sealed day
    (yyyymmdd) where one is given.
    """
    with reading(session):
        scope = scope_of(session, only, None, as_of, known_on)
        with as_known(session.db, scope.known):
            if scope.as_of is not None:
                scope = go_back(session, scope, scope.as_of)
            rows = rows_of(session, scope)
        says = (*(() if rows else (_say_none(scope),)), *note_later(session, scope))
    return Outcome(scope.about(), tables.rounds(scope, rows), says)


def _say_none(scope: Scope) -> Message:
    if scope.as_of is None:
        return say("there is no round yet; next: voucher round create CODE")
    return say(
        "there was no round yet at {as_of}; next: voucher round list",
        as_of=times.shown(scope.as_of, scope.zone),
    )


def rows_of(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """A row for each round; the keys are a tested contract."""
    db, until = session.db, times.END_OF_TIME if scope.as_of is None else scope.as_of
    at = session.now if scope.as_of is None else scope.as_of
    claimed = store.claimed_packs(db, scope.window, scope.zone)
    redeemed = store.redemption_sums(db, "round", scope.window, scope.zone)
    sums = law.grouped("round", ((str(group.round_id), group.sums) for group in redeemed))
    users = store.users(db, scope.rounds.values(), scope.window) if claimed else {}
    is_known = scope.known is not None
    # a reject that was accepted since has left no trace: nobody can tell how many there were
    breaches = {} if is_known else store.breaches(db, scope.programme["programme_id"], until)

    def row(round_id: int, about: Round) -> dict[str, Any]:
        face = face_of(about, claimed.get(round_id, 0))
        used = sums.get(str(round_id), Sums())
        claimers = face.packs if about.per_resident == 1 else store.claimers(db, round_id, until)
        # packs that are drawn or given out by a list are not run for
        is_sold_out = face.packs == about.packs and about.mode == "fcfs"
        last_at = store.last_claim(db, round_id, until) if is_sold_out else None
        outstanding_fen = outstanding(
            db, about, face.packs, used.face_fen, (until, at), is_known=is_known
        )
        quota_fen = about.packs * about.pack_value_fen
        return {
            **about._asdict(),
            "claimed": face.packs,
            "claim_rate": law.rate(face.packs, about.packs),
            "sold_out_at": last_at,
            "sell_out_seconds": None if last_at is None else last_at - about.opens_at,
            "used_of_claimed": law.used_of_claimed(used, face),
            "paid_of_claimed": law.paid_of_claimed(used, face),
            "paid_of_quota": law.paid_of_quota(used, quota_fen),
            "users_of_claimers": law.rate(users.get(round_id, 0), claimers),
            "outstanding_fen": outstanding_fen,
            "expired_fen": face.face_fen - used.face_fen - outstanding_fen,
            "breaches": None if is_known else breaches.get(about.round, 0),
            "quota_fen": quota_fen,
            "used_vouchers": used.vouchers,
            "claimed_vouchers": face.vouchers,
            "paid_fen": used.paid_fen,
            "stays_fen": used.stays_fen,
            "claimed_face_fen": face.face_fen,
            "users": users.get(round_id, 0),
            "claimers": claimers,
            **dict(allocations.last_arrival(db, round_id, until) or {}),
        }

    return [row(round_id, about) for round_id, about in scope.rounds.items()]
