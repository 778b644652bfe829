"""Plans of effect; the cells that platforms sent and the answers of surveys, by set."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.effects import ARM_WORDS, Key, Moments, plan_of, unplanned
from vouchercli.store import batches, fact_digests, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.rules.effects import Plan
    from vouchercli.session import Session

ADD_PLAN = f"INSERT INTO effect_plans VALUES (NULL{', ?' * 6})"
PLAN = """
SELECT terms, sha256, sealed_by, sealed_at FROM effect_plans WHERE round_id = ?
ORDER BY plan_id DESC LIMIT 1
"""
# A file with what came back of its rejects is one set, named by the file that came first.
SETS = """
WITH sets AS (
    SELECT b.batch_id, ifnull(min(m.of_batch), b.batch_id) AS set_id
    FROM batches b LEFT JOIN mended_rejects m USING (batch_id)
    WHERE b.kind IN ('cells', 'survey') AND b.state <> 'undone' GROUP BY b.batch_id)
"""
NEWEST = {
    table: f"""{SETS}
SELECT b.batch_id, b.file, b.sha256, ifnull(json_extract(b.options, '$.source'), ''), b.imported_at
FROM batches b WHERE b.batch_id = (
    SELECT max(s.set_id) FROM sets s WHERE s.batch_id IN (
        SELECT batch_id FROM {table} WHERE round_id = ?))
"""
    for table in ("effect_cells", "survey_answers")
}
MEMBERS = f"""{SETS}
SELECT batch_id FROM sets WHERE set_id IN (
    SELECT set_id FROM sets WHERE batch_id IN (SELECT value FROM json_each(?)))
"""
CELLS = f"""{SETS}
SELECT r.round, c.arm, c.arrival, c.week, c.stratum, c.n, c.y, c.yy, c.s, c.ss, c.sy, c.x, c.xx,
    c.xy, c.xs
FROM effect_cells c JOIN rounds r USING (round_id) JOIN sets s USING (batch_id)
WHERE c.round_id = ? AND s.set_id = ? ORDER BY c.cell_id
"""
ANSWERS = f"""{SETS}
SELECT a.stratum, a.weight, a.answers, a.used_fen, a.ordinary_fen, a.voucher_fen, a.own_fen
FROM survey_answers a JOIN sets s USING (batch_id)
WHERE a.round_id = ? AND s.set_id = ? ORDER BY a.answer_id
"""
WITH_ANY = """
SELECT round_id FROM effect_plans UNION SELECT round_id FROM effect_cells
UNION SELECT round_id FROM survey_answers
"""
# Who won stands in the certificate of the draw: all of them, and of two arms those of each round.
DRAWN = """
WITH drawn AS (
    SELECT r.round, d.entrants, d.certificate,
        json_array_length(d.certificate, '$.rest.winners') + (
            SELECT ifnull(sum(json_array_length(s.value, '$.winners')), 0)
            FROM json_each(d.certificate, '$.strata') s) AS winners
    FROM rounds r JOIN draws d ON d.round_id = ifnull(r.lead_id, r.round_id)
    WHERE r.round_id = ? AND d.drawn_at IS NOT NULL)
SELECT ifnull((SELECT json_array_length(m.value, '$.winners')
        FROM json_each(certificate, '$.arms.rounds') m WHERE m.value ->> 'round' = drawn.round),
    winners), entrants - winners
FROM drawn
"""
ROUND = "SELECT round, mode FROM rounds WHERE round_id = ?"
CLAIMED = "SELECT count(DISTINCT resident) FROM claims WHERE round_id = ?"
WITH_ANSWERS = """
SELECT a.round_id FROM survey_answers a JOIN rounds r USING (round_id)
WHERE r.programme_id = ? GROUP BY a.round_id ORDER BY max(a.batch_id) DESC
"""

# ---- rows on their way in

CREATE_INCOMING = {
    "cells": """
CREATE TEMP TABLE incoming_cells (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    round_id INTEGER, arm TEXT, arrival INTEGER, week INTEGER, stratum TEXT, n INTEGER,
    y TEXT, yy TEXT, s TEXT, ss TEXT, sy TEXT, x TEXT, xx TEXT, xy TEXT, xs TEXT
)
""",
    "survey": """
CREATE TEMP TABLE incoming_survey (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    round_id INTEGER, stratum TEXT, weight TEXT, answers INTEGER, used_fen INTEGER,
    ordinary_fen INTEGER, voucher_fen INTEGER, own_fen INTEGER
)
""",
}
TYPED_COLUMNS = {"cells": 15, "survey": 8}
ADD_INCOMING = {
    kind: f"INSERT INTO incoming_{kind} VALUES (?{', ?' * (5 + width)})"
    for kind, width in TYPED_COLUMNS.items()
}
SAME_CELL = "round_id, arm, arrival, week, stratum"
MARK_REPEATED = f"""
UPDATE incoming_cells AS i SET reason = 'cell_twice', detail = json_object('line', u.first_line)
FROM (
    SELECT place, row_number() OVER same AS nth, first_value(line) OVER same AS first_line
    FROM incoming_cells WHERE reason IS NULL
    WINDOW same AS (PARTITION BY {SAME_CELL} ORDER BY place)
) AS u
WHERE u.place = i.place AND u.nth > 1
"""
MARK_STANDING = """
UPDATE incoming_cells AS i SET reason = 'cell_twice', detail = json_object(
    'line', c.line, 'batch', c.batch_id)
FROM effect_cells c
WHERE i.reason IS NULL AND c.batch_id IN (SELECT value FROM json_each(?))
    AND (c.round_id, c.arm, c.week, c.stratum) = (i.round_id, i.arm, i.week, i.stratum)
    AND c.arrival IS i.arrival
"""
INCOMING_HEADS = """
SELECT round_id, arm, week, sum(n), max(place) FROM (
    SELECT round_id, arm, week, n, place FROM incoming_cells WHERE reason IS NULL
    UNION ALL
    SELECT round_id, arm, week, n, 0 FROM effect_cells
    WHERE batch_id IN (SELECT value FROM json_each(?)))
GROUP BY round_id, arm, week HAVING max(place) > 0
"""
HAS_REFUSED = "SELECT EXISTS (SELECT 1 FROM incoming_cells WHERE reason IS NOT NULL)"
REFUSE_HEADS = """
UPDATE incoming_cells SET reason = 'more_people_than_here', detail = :detail
WHERE reason IS NULL AND (round_id, arm, week) = (:round_id, :arm, :week)
"""
WARN_OF_HEADS = """
INSERT OR REPLACE INTO incoming_warnings (place, reason, detail)
VALUES (?, 'fewer_people_than_drawn', ?)
"""
FACTS = {"cells": "effect_cells", "survey": "survey_answers"}
ACCEPT = {
    "cells": f"""
INSERT INTO effect_cells ({SAME_CELL}, n, y, yy, s, ss, sy, x, xx, xy, xs, batch_id, line)
SELECT {SAME_CELL}, n, y, yy, s, ss, sy, x, xx, xy, xs, batch_id, line
FROM incoming_cells WHERE reason IS NULL ORDER BY place
""",
    "survey": """
INSERT INTO survey_answers (round_id, stratum, weight, answers, used_fen, ordinary_fen, voucher_fen,
    own_fen, batch_id, line)
SELECT round_id, stratum, weight, answers, used_fen, ordinary_fen, voucher_fen, own_fen, batch_id,
    line
FROM incoming_survey WHERE reason IS NULL ORDER BY place
""",
}
ROUNDS_OF = """
SELECT DISTINCT round_id FROM effect_cells WHERE batch_id = ?1
UNION SELECT DISTINCT round_id FROM survey_answers WHERE batch_id = ?1 ORDER BY 1
"""
BLOCKS_OF = {
    "cells": "SELECT DISTINCT cell_id >> 6 FROM effect_cells WHERE batch_id = :batch_id",
    "survey": "SELECT DISTINCT answer_id >> 6 FROM survey_answers WHERE batch_id = :batch_id",
}
DELETE = {kind: f"DELETE FROM {table} WHERE batch_id = :batch_id" for kind, table in FACTS.items()}
# Files in which rejects of a batch came back right.
LATER = {
    kind: f"""
SELECT m.batch_id, count(DISTINCT m.line) AS later
FROM mended_rejects m JOIN {table} f ON f.batch_id = m.batch_id AND f.line = m.line
WHERE m.of_batch = ? GROUP BY m.batch_id ORDER BY m.batch_id
"""
    for kind, table in FACTS.items()
}


class Sealed(NamedTuple):
    """A plan as it was sealed."""

    terms: str
    sha256: str
    sealed_by: str
    sealed_at: int


class File(NamedTuple):
    """A file that somebody sent."""

    batch: int
    file: str
    sha256: str
    source: str
    imported_at: int


class Answer(NamedTuple):
    """An answer, or sums of several; amounts in fen."""

    stratum: str
    weight: str
    answers: int
    used_fen: int
    ordinary_fen: int
    voucher_fen: int
    own_fen: int


class Known(NamedTuple):
    """How many people of a round are known here: by the draw, or (`lost` is None) those who have
    claims.
    """

    won: int
    lost: int | None

    def of(self, arm: str) -> int | None:
        """How many of that arm; None: nobody knows."""
        return self.won if arm == "won" else self.lost


def seal(session: Session, round_id: int, plan: Plan) -> None:
    """Keep a plan."""
    hand = (session.actor, session.os_user, session.now)
    session.db.execute(ADD_PLAN, (round_id, plan.text, plan.sha256, *hand))


def sealed(db: sqlite3.Connection, round_id: int) -> Sealed | None:
    """The plan that counts of a round: the last one before it opened."""
    return typed.row(db, Sealed, PLAN, (round_id,))


def standing_plan(db: sqlite3.Connection, round_id: int) -> Plan:
    """The plan that counts of a round; where none was sealed, what is usual of its issuance."""
    if (kept := sealed(db, round_id)) is not None:
        return plan_of(kept.terms)
    ((code, mode),) = typed.tuples(db, ROUND, (round_id,))
    return unplanned(code, mode)


def claimed(db: sqlite3.Connection, round_id: int) -> int:
    """How many people have claims of a round."""
    return typed.number(db, CLAIMED, (round_id,))


def with_answers(db: sqlite3.Connection, programme_id: int) -> list[int]:
    """The rounds of a programme of which there is a survey, the newest answers first."""
    return typed.column(db, WITH_ANSWERS, (programme_id,))


def known_people(db: sqlite3.Connection, round_id: int) -> Known | None:
    """How many people of a round are known here; None: it was not drawn here, and has no claims."""
    if (drawn := typed.row(db, Known, DRAWN, (round_id,))) is not None:
        return drawn
    have_claims = claimed(db, round_id)
    return Known(have_claims, None) if have_claims else None


# ---------------------------------------------------------------- rows on their way in


class Heads(NamedTuple):
    """So many people of an arm and week, as the file tells; the place of its last row."""

    round_id: int
    arm: str
    week: int
    people: int
    place: int


def mark_twice(db: sqlite3.Connection, batch_ids: Iterable[int]) -> list[int]:
    """Refuse cells that stand twice: in the file, or already in the set that these batches belong
    to. Gives the batches of that set.
    """
    members = typed.column(db, MEMBERS, (json.dumps([*batch_ids]),))
    db.execute(MARK_STANDING, (json.dumps(members),))
    db.execute(MARK_REPEATED)
    return members


def has_refused(db: sqlite3.Connection) -> bool:
    """Whether any row on its way in is refused already."""
    return bool(typed.number(db, HAS_REFUSED))


def heads(db: sqlite3.Connection, members: list[int]) -> list[Heads]:
    """How many people the fit rows tell of, with those of the same set that stand already."""
    return typed.rows(db, Heads, INCOMING_HEADS, (json.dumps(members),))


def refuse_heads(db: sqlite3.Connection, told: Heads, known: int) -> None:
    """Refuse the rows of an arm and week that tells of more people than there are."""
    detail = _detail(told, known)
    db.execute(REFUSE_HEADS, told._asdict() | {"detail": detail})


def warn_of_heads(db: sqlite3.Connection, told: Heads, known: int) -> None:
    """Warn of an arm and week that tells of fewer people than were drawn."""
    db.execute(WARN_OF_HEADS, (told.place, _detail(told, known)))


def _detail(told: Heads, known: int) -> str:
    return json.dumps(
        {"arm": ARM_WORDS[told.arm], "week": told.week, "told": told.people, "known": known}
    )


def accept(db: sqlite3.Connection, kind: str) -> None:
    """Keep the fit rows, in the order of the file."""
    facts = FACTS[kind]
    first_id = typed.number(db, fact_digests.LAST[facts]) + 1
    db.execute(ACCEPT[kind])
    fact_digests.add_written(db, facts, first_id)


def rounds_of(db: sqlite3.Connection, batch_id: int) -> list[int]:
    """The rounds that a batch tells of."""
    return typed.column(db, ROUNDS_OF, (batch_id,))


def undo(db: sqlite3.Connection, kind: str, batch_id: int) -> None:
    """Take a file's rows away. Raises `batch_built_upon` where its rejects came back in another
    file: without it that one would be a part of a whole.
    """
    batches.refuse_built_upon(db, batch_id, LATER[kind])
    with fact_digests.changing(db, FACTS[kind], of=BLOCKS_OF[kind], batch_id=batch_id):
        db.execute(DELETE[kind], {"batch_id": batch_id})


# ---------------------------------------------------------------- what counts of a round


def newest_cells(db: sqlite3.Connection, round_id: int) -> File | None:
    """The file of cells that counts of a round."""
    return typed.row(db, File, NEWEST["effect_cells"], (round_id,))


def newest_answers(db: sqlite3.Connection, round_id: int) -> File | None:
    """The survey that counts of a round."""
    return typed.row(db, File, NEWEST["survey_answers"], (round_id,))


def open_rejects(db: sqlite3.Connection, file: File) -> int:
    """How many rows of a file, and of those in which its rejects came back, are refused still."""
    members = typed.column(db, MEMBERS, (json.dumps([file.batch]),))
    return sum(batches.named(db, each).open for each in members)


def cells(db: sqlite3.Connection, round_id: int) -> dict[Key, Moments]:
    """The cells of a round, of the file that counts."""
    file = newest_cells(db, round_id)
    rows = typed.tuples(db, CELLS, (round_id, file.batch)) if file else []
    return {Key(*row[:5]): Moments(row[5], *map(Decimal, row[6:])) for row in rows}


def answers(db: sqlite3.Connection, round_id: int) -> list[Answer]:
    """The answers of the survey that counts of a round."""
    file = newest_answers(db, round_id)
    return typed.rows(db, Answer, ANSWERS, (round_id, file.batch)) if file else []


def with_any(db: sqlite3.Connection) -> set[int]:
    """The rounds of which there is a plan, or anything that was sent."""
    return {*typed.column(db, WITH_ANY)}
