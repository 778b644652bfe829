"""Rounds as they are kept: named, listed, added, changed; the merchants that a round would find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError, closest
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    Row = sqlite3.Row

# A round with its template and programme beside it: what every reader wants.
# `pinned` is the version that it uses, whatever has been added since; `seats` the packs that have
# their money; `quota_fen` the most that all funders together can have to pay; `vouchers_until_at`
# the later end that was decided for its vouchers.
ALL = """
SELECT r.*, r.resident_group AS "group", t.template, t.version,
    t.template || '@' || t.version AS pinned, t.pack_value_fen, t.coupons,
    r.packs - r.released AS seats, r.packs * t.pack_value_fen AS quota_fen, p.programme,
    p.time_zone, (SELECT max(e.until_at) FROM prolongations e WHERE e.round_id = r.round_id)
        AS vouchers_until_at
FROM rounds r JOIN templates t USING (template_id) JOIN programmes p USING (programme_id)
WHERE r.programme_id = ?
"""
NAMED = ALL + "AND r.round = ?"
LISTED = ALL + "ORDER BY r.opens_at, r.round_id"
CODES = "SELECT round FROM rounds WHERE programme_id = ? ORDER BY opens_at, round_id"
FAMILIES = "SELECT DISTINCT family FROM rounds WHERE programme_id = ? AND family <> ''"
PLATFORMS = """
SELECT DISTINCT platform FROM rounds WHERE programme_id = ? AND platform <> '' ORDER BY platform
"""


def named(db: sqlite3.Connection, programme_id: int, code: str) -> Row:
    """The round of that code with its template's and programme's names. Raises `unknown_round` with
    the nearest code, `family_of_rounds` where a family is called so.
    """
    row: Row | None = db.execute(NAMED, (programme_id, code)).fetchone()
    if row is not None:
        return row
    if members := of_family(db, programme_id, code):
        raise VoucherError(
            "family_of_rounds",
            "{family} is a family of rounds; this is done to one round: {rounds}",
            hint="name one of them; voucher round show {family}",
            family=code,
            rounds=", ".join(member["round"] for member in members),
        )
    raise _unknown(code, codes(db, programme_id))


def _unknown(code: str, known: list[str]) -> VoucherError:
    near = closest(code, known)
    return VoucherError(
        "unknown_round",
        "there is no round {round}; did you mean {near}?" if near else "there is no round {round}",
        hint="voucher round list",
        round=code,
        near=near,
    )


def codes(db: sqlite3.Connection, programme_id: int) -> list[str]:
    """The codes of all rounds of a programme, by opening."""
    return typed.column(db, CODES, (programme_id,))


def families(db: sqlite3.Connection, programme_id: int) -> list[str]:
    """The codes of all families of a programme."""
    return typed.column(db, FAMILIES, (programme_id,))


def of_family(db: sqlite3.Connection, programme_id: int, family: str) -> list[Row]:
    """The rounds of a family in the order in which they were made; none: no family is called so."""
    rows = [row for row in listed(db, programme_id) if family and row["family"] == family]
    return sorted(rows, key=lambda row: int(row["round_id"]))


def require(db: sqlite3.Connection, programme_id: int, code: str) -> None:
    """Raises `unknown_round` where neither a round nor a family is called so."""
    known = [*codes(db, programme_id), *families(db, programme_id)]
    if code not in known:
        raise _unknown(code, known)


def codes_by_id(db: sqlite3.Connection, programme_id: int) -> dict[int, str]:
    """The codes of the rounds of a programme, by opening."""
    return {row["round_id"]: row["round"] for row in listed(db, programme_id)}


def platforms(db: sqlite3.Connection, programme_id: int) -> list[str]:
    """The platforms that issue rounds of a programme, as the rounds name them."""
    return typed.column(db, PLATFORMS, (programme_id,))


def listed(db: sqlite3.Connection, programme_id: int) -> list[Row]:
    """All rounds of a programme, by opening, cancelled ones too."""
    return db.execute(LISTED, (programme_id,)).fetchall()


# ---------------------------------------------------------------- writing

ADD = """
INSERT INTO rounds (programme_id, round, template_id, state, mode, packs, opens_at, closes_at,
    registration_opens_at, family, one_of,
                    platform, resident_group, per_resident, hands_winners, lead_id, created_by,
    edited_by, created_at)
VALUES (:programme_id, :round, :template_id, 'draft', :mode, :packs, :opens_at, :closes_at,
    :registration_opens_at, :family, :one_of,
        :platform, :resident_group, :per_resident, :hands_winners, :lead_id, :actor,
        :actor, :now)
"""
REVISE = """
UPDATE rounds SET template_id = :template_id, state = 'draft', mode = :mode, packs = :packs,
    opens_at = :opens_at,
    closes_at = :closes_at, registration_opens_at = :registration_opens_at, platform = :platform,
    resident_group = :resident_group, per_resident = :per_resident,
    hands_winners = :hands_winners, lead_id = :lead_id, revision = revision + 1, edited_by = :actor
WHERE round_id = :round_id
"""
SET_STATE = "UPDATE rounds SET state = ? WHERE round_id = ?"
LAST_CLAIM = "SELECT max(claimed_at) FROM claims WHERE round_id = ?"
SET_CLOSING = "UPDATE rounds SET closes_at = ? WHERE round_id = ?"


def last_claimed_at(db: sqlite3.Connection, round_id: int) -> int | None:
    """When the round's last pack was claimed, or None."""
    at: int | None = db.execute(LAST_CLAIM, (round_id,)).fetchone()[0]
    return at


def add(db: sqlite3.Connection, terms: Mapping[str, Any]) -> None:
    """A new draft; `terms` are the columns of a round, with `actor` and `now`."""
    db.execute(ADD, terms)


def revise(db: sqlite3.Connection, round_id: int, terms: Mapping[str, Any], actor: str) -> None:
    """New terms: the round is a draft again, in its next revision."""
    db.execute(REVISE, {**terms, "round_id": round_id, "actor": actor})


def set_state(db: sqlite3.Connection, round_id: int, state: str) -> None:
    """Move the round to `state` (rules.rounds says when that is lawful)."""
    db.execute(SET_STATE, (state, round_id))


def close_at(db: sqlite3.Connection, round_id: int, closes_at: int) -> None:
    """Bring the end of claiming forward."""
    db.execute(SET_CLOSING, (closes_at, round_id))
