"""What stands beside what the log says was done: rounds, verdicts, batches, money committed."""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from vouchercli import identities
from vouchercli.rules.replays import replay
from vouchercli.store import added_merchants, sealed_accounts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.store.breaches import Breach

TERMS = (
    "state",
    "mode",
    "packs",
    "opens_at",
    "closes_at",
    "registration_opens_at",
    "platform",
    "resident_group",
    "per_resident",
    "template_id",
    "hands_winners",
    "family",
    "one_of",
    "lead_id",
)
# By lines from before it could be said.
UNSAID = {"hands_winners": 0, "family": "", "one_of": 0, "lead_id": None}
# A line that names no programme was written while the file had only its first one.
OF_ROUNDS = """
SELECT ifnull(json_extract(detail, '$.programme'), (SELECT programme FROM programmes
        ORDER BY programme_id LIMIT 1)) || ' ' || subject AS round,
    'audit ' || audit_id AS line, deed, actor, at, detail
FROM audit WHERE deed GLOB 'round.*' OR deed = 'amendment.approve'
ORDER BY round, audit_id
"""
ROUNDS = """
SELECT p.programme || ' ' || r.round AS code, r.* FROM rounds r JOIN programmes p
    USING (programme_id)
"""
# A verdict and its line carry the same moment and hand. One more approval of what had enough of
# them already has a line and no verdict: of lines that count the same approvals the first is meant.
VERDICTS = """
WITH said AS (
    SELECT 'approve' AS verdict, actor, os_user, at, entered_at, min(audit_id) AS line
    FROM audit WHERE deed IN ('round.approve', 'amendment.approve', 'programme.approve')
    GROUP BY deed, subject, json_extract(detail, '$.programme', '$.revision', '$.amendment',
        '$.change', '$.approvals')
    UNION ALL
    SELECT 'reject', actor, os_user, at, entered_at, audit_id FROM audit
    WHERE deed IN ('round.reject', 'amendment.reject', 'programme.reject')
)
SELECT 'audit ' || s.line || ' ' || s.verdict AS subject, s.actor AS expected,
    'no verdict' AS found
FROM said s WHERE NOT EXISTS (SELECT 1 FROM verdicts v
    WHERE (v.verdict, v.actor, v.os_user, v.at, v.entered_at)
        = (s.verdict, s.actor, s.os_user, s.at, s.entered_at))
UNION ALL
SELECT 'verdict ' || v.verdict_id || ' ' || v.verdict, 'no line', v.actor
FROM verdicts v WHERE NOT EXISTS (SELECT 1 FROM audit a
    WHERE (a.actor, a.os_user, a.at, a.entered_at) = (v.actor, v.os_user, v.at, v.entered_at)
        AND CASE v.verdict WHEN 'reject' THEN a.deed GLOB '*.reject' OR a.deed GLOB '*.decline'
            ELSE a.deed GLOB '*.approve' OR a.deed IN ('merchant.corrected', 'eligibility.listed',
                'eligibility.delisted') END)
"""
# What was logged of each file when its import ended; merchants come from no other way.
# What a correction entered anew has a line like that of a file. Of cells and surveys that came in
# before they were batches the line names no batch.
# An import in several chunks is whose who began it and has the name that it began with, also when
# another one resumed it, from another place.
IMPORTS = """
SELECT * FROM (
    SELECT json_extract(detail, '$.batch') AS batch_id, deed, audit_id,
        first_value(subject) OVER (PARTITION BY json_extract(detail, '$.batch') ORDER BY audit_id)
            AS file,
        first_value(actor) OVER (PARTITION BY json_extract(detail, '$.batch') ORDER BY audit_id)
            AS actor,
        json_extract(detail, '$.sha256') AS sha256, json_extract(detail, '$.read') AS read
    FROM audit
    WHERE (deed GLOB '*.import' OR deed GLOB '*.begin' OR deed GLOB '*.corrected')
        AND json_type(detail, '$.sha256') = 'text'
    UNION ALL
    SELECT b.batch_id, a.deed, a.audit_id, json_extract(a.detail, '$.file'), a.actor, b.sha256,
        json_extract(a.detail, '$.lines')
    FROM audit a JOIN batches b ON a.deed = 'effect.' || b.kind
        AND b.sha256 = json_extract(a.detail, '$.sha256')
    WHERE a.deed IN ('effect.cells', 'effect.survey'))
WHERE deed NOT GLOB '*.begin' ORDER BY audit_id
"""
BATCHES = """
SELECT batch_id, file, actor, sha256, read FROM batches
WHERE state = 'done' AND kind <> 'allocation'
"""
# `committed` of the lines that move money for packs; what they moved stands in postings.
COMMITTED = """
SELECT r.round || ' ' || f.funder AS subject, sum(logged) AS expected, sum(posted) AS found
FROM (
    SELECT r.round_id, f.funder_id, j.value AS logged, 0 AS posted
    FROM audit a
    JOIN programmes p ON p.programme = ifnull(json_extract(a.detail, '$.programme'),
        (SELECT programme FROM programmes ORDER BY programme_id LIMIT 1))
    JOIN rounds r ON r.programme_id = p.programme_id AND r.round = a.subject
    JOIN json_each(a.detail, '$.after.committed') j
    JOIN funders f ON f.programme_id = p.programme_id AND f.funder = j.key
    WHERE a.deed = 'round.approve'
    UNION ALL
    SELECT round_id, funder_id, 0, amount_fen FROM postings
    WHERE why = 'round.approve' AND from_account = 'uncommitted'
) JOIN rounds r USING (round_id) JOIN funders f USING (funder_id)
GROUP BY round_id, funder_id HAVING sum(logged) <> sum(posted)
"""
WITHOUT_A_LOG = """
SELECT 'audit' AS subject, 'lines' AS expected, 0 AS found
WHERE NOT EXISTS (SELECT 1 FROM audit) AND (EXISTS (SELECT 1 FROM programmes)
    OR EXISTS (SELECT 1 FROM templates) OR EXISTS (SELECT 1 FROM batches)
    OR EXISTS (SELECT 1 FROM rounds) OR EXISTS (SELECT 1 FROM postings))
"""
MERCHANTS_AS_CHANGED = f"""
SELECT m.merchant_no || ' ' || j.key AS subject, j.value AS expected, CASE j.key
    WHEN 'name' THEN m.name WHEN 'uscc' THEN m.uscc WHEN 'address' THEN m.address
    WHEN 'phone' THEN m.phone WHEN 'platform_no' THEN m.platform_no
    WHEN 'account_name' THEN m.account_name WHEN 'account_no' THEN {sealed_accounts.WRITTEN}
    WHEN 'bank' THEN m.bank WHEN 'bank_no' THEN m.bank_no
    WHEN 'district' THEN m.district WHEN 'industry' THEN m.industry WHEN 'size' THEN m.size
    WHEN 'brand' THEN m.brand WHEN 'designated_size' THEN m.designated_size
    ELSE j.value END AS found
FROM merchant_changes c JOIN merchants m USING (merchant_id)
JOIN json_each(iif(c.after = '', '{{}}', c.after)) j
WHERE NOT EXISTS (SELECT 1 FROM merchant_changes later
    WHERE later.merchant_id = c.merchant_id AND later.batch_id > c.batch_id) AND found <> j.value
"""


def _breaches(db: sqlite3.Connection, statement: str) -> list[Breach]:
    return [(str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)]


def log_is_there(db: sqlite3.Connection) -> list[Breach]:
    """A file with programmes, templates, batches, rounds or postings, and no log."""
    return _breaches(db, WITHOUT_A_LOG)


def rounds_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Rounds whose state and terms are not what their lines add up to."""
    kept = {row["code"]: row for row in db.execute(ROUNDS)}
    logged = {code: [*lines] for code, lines in groupby(db.execute(OF_ROUNDS), itemgetter("round"))}
    return [
        breach
        for code in {**kept, **logged}
        for breach in _compare(code, kept.get(code), logged.get(code, []))
    ]


def _compare(code: str, row: Any, lines: list[Any]) -> Iterator[Breach]:
    if row is None or not lines:
        yield code, "a round and its lines", "no round" if row is None else "no lines"
        return
    changes = [(each["line"], json.loads(each["detail"])) for each in lines]
    stands, broken = replay(
        ((line, detail.get("before"), detail.get("after")) for line, detail in changes), TERMS
    )
    stands = {"family": ""} | stands  # the line of a round by itself names none
    for line, column, stood, before in broken:
        yield f"{code} {column}, {line}", str(stood), str(before)
    first = lines[0]
    stands = UNSAID | stands | {"created_by": first["actor"], "created_at": first["at"]}
    for column, value in stands.items():
        if row[column] != value:
            yield f"{code} {column}", str(value), str(row[column])


def batches_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Files that are done and are not what their line says: name, digest, rows, who imported."""
    logged = {row["batch_id"]: row for row in db.execute(IMPORTS)}
    return [
        (f"batch {row['batch_id']} {column}", str(expected), str(row[column]))
        for row in db.execute(BATCHES)
        for column in ("file", "actor", "sha256", "read")
        if (expected := _said(logged.get(row["batch_id"]), column)) != _shown(row, column)
    ]


def _said(line: Any, column: str) -> Any:
    return "no line" if line is None else line[column]


def _shown(row: Any, column: str) -> Any:
    """As the log has it, where nobody's identity stands."""
    if column != "file":
        return row[column]
    return identities.mask_numbers(row[column], lambda _: identities.HIDDEN)


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "log_is_there": log_is_there,
    "rounds_as_logged": rounds_as_logged,
    "verdicts_as_logged": lambda db: _breaches(db, VERDICTS),
    "batches_as_logged": batches_as_logged,
    "committed_as_logged": lambda db: _breaches(db, COMMITTED),
    "merchants_as_changed": lambda db: _breaches(db, MERCHANTS_AS_CHANGED),
    "merchants_as_added": added_merchants.merchants_as_added,
}
