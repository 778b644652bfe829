"""Turn packs of a round into claims, for arrivals, a list, a draw or a live claim."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.store import grants, ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vouchercli.ops.rounds.lookup import RoundAtHand


REASONS = {
    "resident_limit": "the resident has the packs allowed",
    "not_eligible": "not on the list of the round's group, or excluded by a case",
    "round_paused": "came while the round was paused",
    "sold_out": "came after the last pack",
}


@dataclass(frozen=True)
class Tally:
    """What a run of granting passed over (`REASONS`), and the last arrival that got a pack."""

    passed: Mapping[str, int] = field(default_factory=dict)
    last_applied_at: int | None = None
    last_application_no: str | None = None


@dataclass(frozen=True)
class GrantRun:
    """The packs of one run: their batch (None: nothing was granted), how many, when the round's
    last pack went, if it did, and the number behind which their own begin.
    """

    batch_id: int | None
    packs: int
    sold_out_at: int | None = None
    after: int = 0


def grant(current: RoundAtHand, rows: Iterable[tuple[bytes, int | None, int]]) -> GrantRun:
    """Grant one pack for every (resident token, application_id or None, claimed_at in UTC seconds),
    numbered in that order.

    For use inside a transaction of the caller, who writes the line in the log. Raises `sold_out`
    when the round has fewer packs left than there are rows; then nothing is granted.
    """
    grants.prepare(current.db)
    grants.stage(current.db, ((resident, number or 0, at) for resident, number, at in rows))
    return issue(current, Tally())


def issue(current: RoundAtHand, tally: Tally, *, live: bool = False) -> GrantRun:
    """Turn what is staged in `store.grants` into claims: the round's count, its totals by day, the
    batch and its record.
    """
    db, row, packs = current.db, current.row, grants.staged(current.db)
    if not packs:
        return GrantRun(None, 0)
    if not grants.take(db, current.round_id, packs):
        raise sold_out_error(current)
    grants.date(
        db,
        lambda at: (
            template_rules.expires_at(current.template, at, current.zone),
            times.day_of(at, current.zone),
        ),
    )
    batch_id, after = _choose_batch(current, packs, live=live), grants.last_number(db, current.code)
    is_one_each = row["per_resident"] == 1
    with ledger.booking(db, row["programme_id"], "claim.grant", current.now, batch_id):
        grants.write(
            db, batch_id, current.round_id, current.code, after=after, is_one_each=is_one_each
        )
    sold_out_at = grants.last_second(db) if row["claimed"] + packs == row["packs"] else None
    grants.record(
        db,
        **{reason: tally.passed.get(reason, 0) for reason in REASONS},
        last_applied_at=tally.last_applied_at,
        last_application_no=tally.last_application_no,
        batch_id=batch_id,
        round_id=current.round_id,
        at=current.now,
        packs=packs,
        sold_out_at=sold_out_at,
    )
    return GrantRun(batch_id, packs, sold_out_at, after)


def sold_out_error(current: RoundAtHand) -> VoucherError:
    """The refusal when a round has fewer packs left than are asked for."""
    return VoucherError(
        "sold_out",
        "all {packs:,} packs of round {round} are claimed: none is left",
        hint="voucher round show {round}",
        packs=current.row["packs"],
        round=current.code,
    )


def _choose_batch(current: RoundAtHand, packs: int, *, live: bool) -> int:
    """Choose the batch of the claims: a new one for each run, one for all live claims."""
    db, programme_id = current.db, current.row["programme_id"]
    number = 0 if live else grants.runs(db, current.round_id) + 1
    digest = hashlib.sha256(f"allocation {current.code} {number}".encode()).hexdigest()
    standing = grants.live_batch(db, programme_id, digest) if live else None
    if standing is not None:
        grants.grow_batch(db, standing, packs)
        return standing
    return grants.add_batch(
        db,
        programme_id=programme_id,
        file=f"{current.code} ({'live' if live else number})",
        sha256=digest,
        packs=packs,
        actor=current.session.actor,
        at=current.now,
    )
