"""report rounds: how each round was taken up and used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import tables
from vouchercli.ops.reports.scope import Scope, face_of, scope_of
from vouchercli.result import Outcome, say
from vouchercli.rules import leverage as law
from vouchercli.rules import times
from vouchercli.rules.leverage import Sums
from vouchercli.store import allocations
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.session import Session
    from vouchercli.store.reports import Row

END_OF_TIME = 2**62


class Taken(NamedTuple):
    """All that is counted of one round: packs claimed, when the last one went, what was used, by
    how many.

    `alive` are the claims that can still be used, `used_alive_fen` the face used of these.
    """

    row: Row
    packs: int
    last_at: int | None
    sums: Sums
    claimers: int
    users: int
    alive: int
    used_alive_fen: int
    breaches: int
    last_arrival: Row | None


def report_rounds(
    session: Session, *, only: Sequence[str] = (), as_of: int | None = None
) -> Outcome:
    """Each round as of `as_of` (UTC seconds; None: all that is known, and what has expired by
    now).
    """
    with reading(session):
        scope = scope_of(session, only, None, as_of)
        rows = [_row(taken) for taken in _taken(session, scope)]
    data = {
        "as_of": None if as_of is None else times.iso(as_of, scope.zone),
        "programme": scope.programme["programme"],
        "rows": [_with_iso_times(row, scope.zone) for row in rows],
    }
    says = () if rows else (say("there is no round yet; next: voucher round create CODE"),)
    return Outcome(data=data, tables=tables.rounds(scope.heading, rows), says=says)


def _taken(session: Session, scope: Scope) -> list[Taken]:
    db, until = session.db, END_OF_TIME if scope.as_of is None else scope.as_of
    at = session.now if scope.as_of is None else scope.as_of
    claimed = store.claimed(db, scope.window, scope.zone)
    redeemed = store.redeemed(db, "round", scope.window, scope.zone)
    sums = law.grouped("round", ((str(group.round_id), group.sums) for group in redeemed))
    users = store.users(db, until) if claimed else {}
    breaches = store.breaches(db, scope.programme["programme_id"], until)
    taken = []
    for round_id, row in scope.rounds.items():
        packs = claimed.get(round_id, 0)
        used = sums.get(str(round_id), Sums())
        alive = store.unexpired(db, round_id, until, at)
        # all expired, or none yet: the totals know; else the facts are asked
        whole = {
            0: 0,
            packs: used.face_fen,
        }
        used_alive_fen = (
            whole[alive] if alive in whole else store.used_unexpired(db, round_id, until, at)
        )
        taken.append(
            Taken(
                row,
                packs,
                store.last_claim(db, round_id, until) if packs else None,
                used,
                claimers=packs if row["per_resident"] == 1 else store.claimers(db, round_id, until),
                users=users.get(round_id, 0),
                alive=alive,
                used_alive_fen=used_alive_fen,
                breaches=breaches.get(row["round"], 0),
                last_arrival=allocations.last_arrival(db, round_id, until),
            )
        )
    return taken


def _row(taken: Taken) -> dict[str, Any]:
    """One row of the JSON answer, times still in UTC seconds; the keys are a tested contract."""
    row, sums = taken.row, taken.sums
    face = face_of(row, taken.packs)
    quota_fen = row["packs"] * row["pack_value_fen"]
    sold_out_at = taken.last_at if taken.packs == row["packs"] else None
    outstanding_fen = taken.alive * row["pack_value_fen"] - taken.used_alive_fen
    return {
        "round": row["round"],
        "state": row["state"],
        "packs": row["packs"],
        "claimed": taken.packs,
        "claim_rate": law.rate(taken.packs, row["packs"]),
        "opens_at": row["opens_at"],
        "sold_out_at": sold_out_at,
        "sell_out_seconds": None if sold_out_at is None else sold_out_at - row["opens_at"],
        "used_of_claimed": law.used_of_claimed(sums, face),
        "paid_of_claimed": law.paid_of_claimed(sums, face),
        "paid_of_quota": law.paid_of_quota(sums, quota_fen),
        "users_of_claimers": law.rate(taken.users, taken.claimers),
        "outstanding_fen": outstanding_fen,
        "expired_fen": face.face_fen - sums.face_fen - outstanding_fen,
        "breaches": taken.breaches,
        "template": row["template"],
        "quota_fen": quota_fen,
        "used_vouchers": sums.vouchers,
        "claimed_vouchers": face.vouchers,
        "paid_fen": sums.paid_fen,
        "claimed_face_fen": face.face_fen,
        "users": taken.users,
        "claimers": taken.claimers,
        "last_applied_at": taken.last_arrival and taken.last_arrival["last_applied_at"],
        "last_application_no": taken.last_arrival and taken.last_arrival["last_application_no"],
    }


def _with_iso_times(row: dict[str, Any], zone: str) -> dict[str, Any]:
    return row | {
        name: times.iso(row[name], zone)
        for name in ("opens_at", "sold_out_at", "last_applied_at")
        if row[name] is not None
    }
