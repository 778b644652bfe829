"""Who won in a draw that was held here for a platform: only they can claim what it issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import draws, typed
from vouchercli.store.conditions import has_won

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.store.breaches import Breach

ADD = "INSERT INTO winners (round_id, resident, application_id) VALUES (?, ?, ?)"
NUMBERS = """
SELECT a.application_no FROM winners w JOIN applications a ON a.application_id = w.application_id
WHERE w.round_id = ? ORDER BY a.application_no
"""
ROUND_OF_ORDER = "SELECT round_id FROM issuance_orders WHERE order_id = ?"
# Where people apply: an arm has its applications with the round that it is drawn with.
HANDED = """
SELECT round, ifnull(lead_id, round_id) FROM rounds WHERE programme_id = ? AND hands_winners
"""
HANDED_ROUNDS = "SELECT round_id FROM rounds WHERE programme_id = ? AND hands_winners"
APPLICANT = "SELECT resident FROM applications WHERE round_id = ? AND application_no = ?"
BY_NUMBER = """
SELECT w.round_id, a.application_no, w.resident
FROM winners w JOIN rounds r ON r.round_id = w.round_id
    JOIN applications a ON a.application_id = w.application_id
WHERE r.programme_id = ?
"""
RESIDENTS = """
SELECT w.round_id, w.resident FROM winners w JOIN rounds r ON r.round_id = w.round_id
WHERE r.programme_id = ?
"""


def add(
    db: sqlite3.Connection, round_id: int, lead_id: int, application_nos: Iterable[str]
) -> None:
    """Keep who won in a round, by the numbers of their applications for the one that it is drawn
    with, or itself.
    """
    won = [*draws.applicants(db, lead_id, application_nos)]
    db.executemany(ADD, [(round_id, *each) for each in won])


def numbers(db: sqlite3.Connection, round_id: int) -> list[str]:
    """The application numbers of the winners, in the order of their bytes."""
    return typed.column(db, NUMBERS, (round_id,))


def numbers_for(db: sqlite3.Connection, order_id: int) -> list[str]:
    """The same of the round of an order."""
    return numbers(db, typed.number(db, ROUND_OF_ORDER, (order_id,)))


def handed(db: sqlite3.Connection, programme_id: int) -> dict[str, int]:
    """Code of each round whose winners are handed to a platform -> the round_id of their
    applications.
    """
    return dict(typed.tuples(db, HANDED, (programme_id,)))


def applicant(db: sqlite3.Connection, round_id: int, application_no: str) -> bytes | None:
    """The token of who made that application; None: there is none."""
    row = db.execute(APPLICANT, (round_id, application_no)).fetchone()
    return None if row is None else bytes(row[0])


def by_number(db: sqlite3.Connection, programme_id: int) -> list[tuple[int, str, bytes]]:
    """(round_id, application_no, token) of every winner that is handed on."""
    return typed.tuples(db, BY_NUMBER, (programme_id,))


def residents(db: sqlite3.Connection, programme_id: int) -> dict[int, list[bytes]]:
    """round_id -> the tokens of its winners, of every round whose winners are handed on."""
    rounds = typed.column(db, HANDED_ROUNDS, (programme_id,))
    won: dict[int, list[bytes]] = {each: [] for each in rounds}
    for round_id, resident in typed.tuples(db, RESIDENTS, (programme_id,)):
        won[round_id].append(resident)
    return won


# ---------------------------------------------------------------- proof

# Every application that won, by round: of two arms each has its own winners.
WON = """
won AS MATERIALIZED (
    SELECT r.round_id, a.application_no, a.resident
    FROM draws d CROSS JOIN rounds r ON r.round_id = d.round_id
        CROSS JOIN json_tree(d.certificate) w
        CROSS JOIN applications a ON a.round_id = d.round_id AND a.application_no = w.value
    WHERE json_type(d.certificate, '$.arms') IS NULL AND w.type = 'text'
        AND w.path GLOB '*.winners'
    UNION ALL
    SELECT r.round_id, a.application_no, a.resident
    FROM draws d CROSS JOIN json_each(d.certificate, '$.arms.rounds') m
        CROSS JOIN rounds l ON l.round_id = d.round_id
        CROSS JOIN rounds r ON r.programme_id = l.programme_id AND r.round = m.value ->> 'round'
        CROSS JOIN json_each(m.value, '$.winners') w
        CROSS JOIN applications a ON a.round_id = d.round_id AND a.application_no = w.value
)
"""
# Who has a pack of a drawn round has an application that won; of a round whose winners are handed
# on, by whichever of a person's tokens; and before its draw nobody has one.
HAVE_PACKS = f"""
WITH {WON}
SELECT c.claim_no AS subject, 'a winner of ' || r.round AS expected, lower(hex(c.resident)) AS found
FROM draws d CROSS JOIN rounds r ON ifnull(r.lead_id, r.round_id) = d.round_id
    CROSS JOIN claims c ON c.round_id = r.round_id
    LEFT JOIN won w ON w.round_id = c.round_id AND w.resident = c.resident
WHERE d.certificate IS NOT NULL AND NOT r.hands_winners AND w.resident IS NULL
UNION ALL
SELECT c.claim_no, 'a winner of ' || r.round, lower(hex(c.resident))
FROM rounds r CROSS JOIN claims c ON c.round_id = r.round_id
WHERE r.hands_winners AND NOT {has_won("r", "c.resident")}
"""
# The winners that are kept are those of the certificate: number, applicant and token.
ARE_DRAWN = f"""
WITH {WON}, drawn AS (
    SELECT w.round_id, w.application_no FROM won w JOIN rounds r USING (round_id)
    WHERE r.hands_winners
), kept AS MATERIALIZED (
    SELECT w.round_id, ifnull(a.application_no, w.application_id) AS application_no
    FROM winners w JOIN rounds r USING (round_id)
        LEFT JOIN applications a ON a.application_id = w.application_id
            AND a.round_id = ifnull(r.lead_id, r.round_id) AND a.resident = w.resident
)
SELECT r.round || ' ' || application_no, 'a winner', 'not kept' FROM (
    SELECT * FROM drawn EXCEPT SELECT * FROM kept) JOIN rounds r USING (round_id)
UNION ALL
SELECT r.round || ' ' || application_no, 'not a winner', 'kept' FROM (
    SELECT * FROM kept EXCEPT SELECT * FROM drawn) JOIN rounds r USING (round_id)
"""


def have_packs(db: sqlite3.Connection) -> list[Breach]:
    """Packs of drawn rounds whose holders did not win, and winners that the draw does not know."""
    return [
        (str(subject), str(want), str(found))
        for statement in (HAVE_PACKS, ARE_DRAWN)
        for subject, want, found in db.execute(statement)
    ]
