"""Claims of large files: proved rows written many at a time."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from vouchercli.rules.limits import PER_PROGRAMME, PER_WEEK, is_for_all
from vouchercli.store import bulk_insert, days, fact_digests, typed
from vouchercli.store.claims import ADD_DAY, DROP_EMPTY_DAYS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.rules.claim_limits import LimitsInTime

# What narrows the proof: rounds for residents of a list, rounds in which residents are joined,
# pauses.
BY_LIST = "SELECT round_id, mode, resident_group FROM rounds WHERE programme_id = ?"
LISTED = (
    "SELECT DISTINCT resident FROM eligibility WHERE programme_id = ? AND ifnull(resident_group ="
    " ?, 1)"
)
EXCLUDED = "SELECT DISTINCT resident FROM exclusions WHERE programme_id = ?"
JOINED = (
    "SELECT round_id FROM rounds r WHERE programme_id = ? AND EXISTS (SELECT 1 FROM persons p WHERE"
    " p.round_id = r.round_id)"
)
PAUSES = (
    "SELECT p.round_id, p.from_at, p.until_at FROM pauses p JOIN rounds r USING (round_id) WHERE"
    " r.programme_id = ?"
)
ROOM = "SELECT packs - released - claimed FROM rounds WHERE round_id = ?"
WEEK = ("week_from", "week_until")
COLUMNS = ("claim_no", "round_id", "resident", "claimed_at", "expires_at", "line")
# A resident's first pack of a round only, and no number twice: where one stands already, nothing is
# written.
ADD = """
INSERT OR IGNORE INTO claims (claim_id, batch_id, claim_no, round_id, resident, claimed_at,
    expires_at, line, pack_no)
"""
CLAIM = "(?1 + :n, ?2, ?, ?, ?, ?, ?, ?, 1)"
# The same where a resident may hold several packs of a round: the first may be gone while another
# stands.
ADD_FIRST = """
INSERT OR IGNORE INTO claims (claim_id, claim_no, round_id, resident, pack_no, claimed_at,
    expires_at, batch_id, line)
SELECT ?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM claims WHERE resident = ?4
    AND round_id = ?3)
"""
# The same where packs of other rounds count too: as long as nobody reaches a limit, those of other
# programmes counted with them.
ADD_WITHIN = """
INSERT OR IGNORE INTO claims (claim_id, claim_no, round_id, resident, pack_no, claimed_at,
    expires_at, batch_id, line)
SELECT ?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8
WHERE NOT EXISTS (SELECT 1 FROM claims WHERE resident = ?4 AND round_id = ?3)
    AND (?11 IS NULL OR (SELECT count(*) FROM claims WHERE resident = ?4 AND claimed_at >= ?9
        AND claimed_at < ?10) < ?11)
    AND (?12 IS NULL OR (SELECT count(*) FROM claims WHERE resident = ?4) < ?12)
"""
# The same where other limits look beyond the round: those who hold nothing reach none of them.
ADD_ALONE = """
INSERT OR IGNORE INTO claims (claim_id, claim_no, round_id, resident, pack_no, claimed_at,
    expires_at, batch_id, line)
SELECT ?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM claims WHERE resident = ?4)
"""
WRITTEN = "SELECT claim_id FROM claims WHERE claim_id >= ?"
COUNT = "UPDATE rounds SET claimed = claimed + ? WHERE round_id = ?"


def listed(db: sqlite3.Connection, programme_id: int) -> dict[int, list[bytes]]:
    """round_id -> the residents it is for, of every round that is not for all."""
    return {
        round_id: typed.column(db, LISTED, (programme_id, group or None))
        for round_id, mode, group in typed.tuples(db, BY_LIST, (programme_id,))
        if not is_for_all(mode, group)
    }


def excluded(db: sqlite3.Connection, programme_id: int) -> list[bytes]:
    """The residents whom a case excluded, if only for a time: their rows are judged one by one."""
    return typed.column(db, EXCLUDED, (programme_id,))


def joined(db: sqlite3.Connection, programme_id: int) -> set[int]:
    """The rounds in which some residents are one person."""
    return {*typed.column(db, JOINED, (programme_id,))}


def pauses(db: sqlite3.Connection, programme_id: int) -> list[tuple[int, int, int | None]]:
    """(round_id, from, until) of every pause: [from, until), None: until further notice."""
    return typed.tuples(db, PAUSES, (programme_id,))


def room(db: sqlite3.Connection, round_id: int) -> int:
    """How many packs of a round are left."""
    return typed.number(db, ROOM, (round_id,))


def next_id(db: sqlite3.Connection) -> int:
    """The first claim_id that is free."""
    return typed.number(db, days.NEXT_CLAIM_ID)


def add(
    db: sqlite3.Connection,
    batch_id: int,
    first_id: int,
    columns: Sequence[list[Any]],
    *,
    is_one_each: bool,
    within: tuple[LimitsInTime, Sequence[list[int]]] | None = None,
) -> list[int]:
    """Write claims, given by columns (`COLUMNS`), with ids from `first_id` on; `is_one_each`: a
    resident has one pack of each of their rounds; `within`: limits beyond the round, and where the
    week of each claim begins and ends. Returns the places of those that a standing claim kept
    out.
    """
    *most, line = columns
    ids = range(first_id, first_id + len(line))
    if is_one_each and within is None:
        is_all = not bulk_insert.put(db, ADD, CLAIM, columns, numbered=(first_id, batch_id))
    else:
        statement, values = ADD_FIRST, [ids, *most, repeat(batch_id), line]
        if within is not None and not within[0].is_plain:
            statement = ADD_ALONE
        elif within is not None:
            limits, weeks = within
            statement = ADD_WITHIN
            claimed_at = columns[COLUMNS.index("claimed_at")]
            values += [
                *weeks,
                map(limits.timeline(PER_WEEK).at, claimed_at),
                map(limits.timeline(PER_PROGRAMME).at, claimed_at),
            ]
        is_all = db.executemany(statement, zip(*values, strict=False)).rowcount == len(line)
    if is_all:
        _keep_digests(db, batch_id, first_id, columns)
        return []
    fact_digests.add_written(db, "claims", first_id)
    written = {*typed.column(db, WRITTEN, (first_id,))}
    return [place for place, claim_id in enumerate(ids) if claim_id not in written]


def _keep_digests(
    db: sqlite3.Connection, batch_id: int, first_id: int, columns: Sequence[list[Any]]
) -> None:
    by_name: dict[str, Any] = dict(zip(COLUMNS, columns, strict=True))
    ids = range(first_id, first_id + len(by_name["line"]))
    by_name |= {"claim_id": ids, "pack_no": repeat(1), "batch_id": repeat(batch_id)}
    tokens = [*map(bytes.hex, by_name["resident"])]
    numbers = [by_name[name] for name in fact_digests.NUMBERS["claims"]]
    lengths = [map(len, by_name["claim_no"]), map(len, tokens)]
    octets = fact_digests.words(chain.from_iterable(zip(*numbers, *lengths, strict=False)))
    fact_digests.add_columns(db, "claims", ids, octets, [by_name["claim_no"], tokens])


def count(db: sqlite3.Connection, days: Iterable[tuple[int, int, int]]) -> None:
    """Add claims (round_id, local day, how many; less than nothing takes them away) to their rounds
    and days: before they are written (`seats`).
    """
    for round_id, day, claims in days:
        db.execute(COUNT, (claims, round_id))
        db.execute(ADD_DAY, (round_id, day, claims))
    db.execute(DROP_EMPTY_DAYS)
