"""Granting: packs of a round become claims, whoever decided who gets them - arrival, a list, a draw
or a live claim.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.store import grants, templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from vouchercli.session import Session


@dataclass(frozen=True)
class Tally:
    """What a run of granting passed over, and the last arrival that got a pack."""

    resident_limit: int = 0
    not_eligible: int = 0
    round_paused: int = 0
    sold_out: int = 0
    last_applied_at: int | None = None
    last_application_no: str | None = None


def tallied(reasons: Mapping[str, int]) -> Tally:
    """The tally of how often each reason was met."""
    return Tally(
        resident_limit=reasons.get("resident_limit", 0),
        not_eligible=reasons.get("not_eligible", 0),
        round_paused=reasons.get("round_paused", 0),
        sold_out=reasons.get("sold_out", 0),
    )


@dataclass(frozen=True)
class Granted:
    """The packs of one run: their batch (None: nothing was granted), how many, when the round's
    last pack went, if it did, and the number behind which their own begin.
    """

    batch_id: int | None
    packs: int
    sold_out_at: int | None = None
    after: int = 0


def grant(
    db: sqlite3.Connection,
    session: Session,
    row: sqlite3.Row,
    rows: Iterable[tuple[bytes, int | None, int]],
) -> Granted:
    """Grant one pack for every (resident token, application_id or None, claimed_at in UTC seconds),
    numbered in that order.

    For use inside a transaction of the caller, who writes the line in the log. `row` is the round
    as `store.rounds.named` gives it. Raises `sold_out` when the round has fewer packs left than
    there are rows; then nothing is granted.
    """
    grants.prepare(db)
    grants.stage(
        db,
        (
            (resident, application_id or 0, claimed_at)
            for resident, application_id, claimed_at in rows
        ),
    )
    return issue(db, session, row, Tally())


def issue(
    db: sqlite3.Connection, session: Session, row: sqlite3.Row, tally: Tally, *, live: bool = False
) -> Granted:
    """Turn what is staged in `store.grants` into claims: the round's count, its totals by day, the
    batch and its record.
    """
    packs = grants.staged(db)
    if not packs:
        return Granted(None, 0)
    if not grants.take(db, row["round_id"], packs):
        raise sold_out(row)
    _date(db, row)
    batch_id, after = (
        _batch(db, session, row, packs, live=live),
        grants.last_number(db, row["round"]),
    )
    grants.write(
        db,
        batch_id,
        row["round_id"],
        row["round"],
        after=after,
        is_one_each=row["per_resident"] == 1,
    )
    sold_out_at = grants.last_second(db) if row["claimed"] + packs == row["packs"] else None
    grants.record(
        db,
        batch_id=batch_id,
        round_id=row["round_id"],
        at=session.now,
        packs=packs,
        resident_limit=tally.resident_limit,
        not_eligible=tally.not_eligible,
        round_paused=tally.round_paused,
        sold_out=tally.sold_out,
        sold_out_at=sold_out_at,
        last_applied_at=tally.last_applied_at,
        last_application_no=tally.last_application_no,
    )
    return Granted(batch_id, packs, sold_out_at, after)


def sold_out(row: sqlite3.Row) -> VoucherError:
    """The refusal when a round has not the packs that are asked for."""
    return VoucherError(
        "sold_out",
        "all {packs:,} packs of round {round} are claimed: none is left",
        hint="voucher round show {round}",
        packs=row["packs"],
        round=row["round"],
    )


def _date(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    template, zone = (
        templates.value(templates.named(db, row["template"], row["version"])),
        row["time_zone"],
    )
    grants.date(
        db, lambda at: (template_rules.expires_at(template, at, zone), times.day_of(at, zone))
    )


def _batch(
    db: sqlite3.Connection, session: Session, row: sqlite3.Row, packs: int, *, live: bool
) -> int:
    """The batch that the claims belong to: a new one a run, one for all live claims of a round."""
    number = 0 if live else grants.runs(db, row["round_id"]) + 1
    digest = hashlib.sha256(f"allocation {row['round']} {number}".encode()).hexdigest()
    standing = grants.live_batch(db, row["programme_id"], digest) if live else None
    if standing is not None:
        grants.grow_batch(db, standing, packs)
        return standing
    return grants.add_batch(
        db,
        programme_id=row["programme_id"],
        file=f"{row['round']} ({'live' if live else number})",
        sha256=digest,
        packs=packs,
        actor=session.actor,
        at=session.now,
    )
