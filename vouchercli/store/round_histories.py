"""The rounds of a programme as they stood at a moment. The log has each change of a round's state
and terms, with what stood before it.
"""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from vouchercli.rules import round_histories as law
from vouchercli.store.reports import Round

if TYPE_CHECKING:
    import sqlite3

TERMS = """
SELECT r.round_id, r.round, r.state, r.packs, r.per_resident, r.opens_at, r.closes_at, r.platform,
    r.mode, r.template_id, r.created_at,
    CASE r.family WHEN '' THEN r.round ELSE r.family END AS family,
    EXISTS (SELECT 1 FROM claims c WHERE c.round_id = r.round_id AND c.claimed_at <= :as_of)
        AS is_claimed
FROM rounds r JOIN programmes p ON p.programme_id = r.programme_id
WHERE r.programme_id = :programme_id ORDER BY r.round_id
"""
# An amendment that is only proposed changes nothing. A line that names no programme was written
# while the file had only its first one.
LATER_CHANGES = """
SELECT a.subject, a.detail FROM audit a
WHERE a.at > :as_of AND (a.deed GLOB 'round.*' OR a.deed = 'amendment.approve')
    AND ifnull(json_extract(a.detail, '$.programme'), (SELECT programme FROM programmes
        ORDER BY programme_id LIMIT 1)) = (SELECT programme FROM programmes
        WHERE programme_id = :programme_id)
ORDER BY a.subject, a.audit_id DESC
"""
PACKS = "SELECT template_id, template, coupons, pack_value_fen FROM templates"


def rounds_at(db: sqlite3.Connection, programme_id: int, as_of: int) -> list[Round]:
    """The rounds that were there at `as_of` (UTC seconds), by opening, with the state and terms
    that they had.

    A round that was entered later is there too once packs of it had been claimed, in its first
    terms.
    """
    wanted = {"programme_id": programme_id, "as_of": as_of}
    changes = {
        code: [json.loads(line["detail"]).get("before") for line in lines]
        for code, lines in groupby(db.execute(LATER_CHANGES, wanted), itemgetter("subject"))
    }
    packs = {row["template_id"]: row for row in db.execute(PACKS)}
    rounds = []
    for row in db.execute(TERMS, wanted).fetchall():
        is_late = row["created_at"] > as_of
        if is_late and not row["is_claimed"]:
            continue
        terms: dict[str, Any] = law.undo_changes(dict(row), changes.get(row["round"], ()))
        if is_late:
            terms["state"] = law.state_of_late_entry(terms["closes_at"], as_of)
        pack = dict(packs[terms["template_id"]])
        rounds.append(Round(**{name: (terms | pack)[name] for name in Round._fields}))
    return sorted(rounds, key=lambda each: (each.opens_at, each.round_id))
