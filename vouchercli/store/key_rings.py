"""The rotation of the identity key: every token of the file is wrapped by a further key, where it
stands as bytes and where it stands in a text; what was made of tokens is made anew.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import resident_tokens
from vouchercli.store import (
    added_merchants,
    fact_digests,
    key_fingerprints,
    list_changes,
    sealed_accounts,
    sql_functions,
    typed,
)

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.resident_tokens import Ring
    from vouchercli.store.breaches import Breach

DEED = "key.rotate"
# Where tokens stand as bytes; who is one person (`persons`) is told by the smallest of them.
WRAP = (
    "UPDATE claims SET resident = wrapped(resident)",
    "UPDATE applications SET resident = wrapped(resident)",
    "UPDATE application_identities SET token = wrapped(token)",
    "UPDATE eligibility SET resident = wrapped(resident)",
    "UPDATE listings SET resident = wrapped(resident)",
    "UPDATE reversed_claims SET resident = wrapped(resident)",
    "UPDATE winners SET resident = wrapped(resident)",
    "UPDATE case_residents SET resident = wrapped(resident)",
    "UPDATE findings SET resident = wrapped(resident) WHERE resident IS NOT NULL",
)
COUNT = """
SELECT (SELECT count(*) FROM claims) + (SELECT count(*) FROM applications)
    + (SELECT count(*) FROM application_identities) + (SELECT count(*) FROM eligibility)
    + (SELECT count(*) FROM listings) + (SELECT count(*) FROM reversed_claims)
    + (SELECT count(*) FROM winners) + (SELECT count(*) FROM case_residents)
    + (SELECT count(resident) FROM findings)
"""
# Where they stand in texts: rows that may come back. Notes, reasons and the log stay as they were
# written.
WRAP_TEXTS = (
    """
UPDATE rejects SET cells = wrapped_text(cells), detail = wrapped_text(detail)
WHERE instr(cells, 'token:') OR instr(detail, 'token:')
""",
    "UPDATE warnings SET detail = wrapped_text(detail) WHERE instr(detail, 'token:')",
)
# And what a registry said in a wrong column, so that it says the same when it comes again.
IN_MERCHANTS = """
SELECT EXISTS (SELECT 1 FROM merchant_accounts)
    OR EXISTS (SELECT 1 FROM merchants
        WHERE instr(name || address || account_name || bank, 'token:'))
    OR EXISTS (SELECT 1 FROM merchant_changes WHERE instr(before || after, 'token:')
            OR instr(before || after, '"account_no":"*'))
"""
WRAP_MERCHANTS = (
    """
UPDATE merchants SET name = wrapped_text(name), address = wrapped_text(address),
    account_name = wrapped_text(account_name), bank = wrapped_text(bank)
WHERE instr(name || address || account_name || bank, 'token:')
""",
    """
UPDATE merchant_changes SET before = wrapped_row(before), after = wrapped_row(after)
WHERE instr(before || after, 'token:')
""",
)
FREE = ("name", "address", "account_name", "bank")
CREATE_JOINED = """
CREATE TEMP TABLE joined AS
SELECT round_id, wrapped(resident) AS resident, person FROM persons
"""
PARTED = "DELETE FROM persons"
JOIN = """
INSERT INTO persons (round_id, resident, person)
SELECT round_id, resident, min(resident) OVER (PARTITION BY round_id, person) FROM temp.joined
"""
DROP_JOINED = "DROP TABLE temp.joined"
LISTS = """
SELECT DISTINCT programme_id, resident_group FROM rounds
WHERE mode = 'targeted' OR resident_group <> ''
"""
UNDRAWN = "SELECT count(*) FROM draws WHERE drawn_at IS NULL"
ROTATIONS = """
SELECT at, ifnull(json_extract(detail, '$.after.fingerprint'), ''),
    ifnull(json_extract(detail, '$.after.keys'), 0), ifnull(json_extract(detail, '$.lists'), '{}')
FROM audit WHERE deed = 'key.rotate' AND json_valid(detail) ORDER BY audit_id
"""
# Through how many keys tokens went: 1 where there is no 17th byte to say so.
KEPT = """
WITH kept AS (
    SELECT 'claims' AS place, resident AS token FROM claims
    UNION ALL SELECT 'applications', resident FROM applications
    UNION ALL SELECT 'application_identities', token FROM application_identities
    UNION ALL SELECT 'eligibility', resident FROM eligibility
    UNION ALL SELECT 'listings', resident FROM listings
    UNION ALL SELECT 'reversed_claims', resident FROM reversed_claims
    UNION ALL SELECT 'winners', resident FROM winners
    UNION ALL SELECT 'case_residents', resident FROM case_residents
    UNION ALL SELECT 'findings', resident FROM findings WHERE resident IS NOT NULL
    UNION ALL SELECT 'persons', resident FROM persons
    UNION ALL SELECT 'persons', person FROM persons
)
"""
KEYS = "iif(length(token) = 16, '01', hex(substr(token, 17)))"
KEYS_OF_TOKENS = f"""
{KEPT} SELECT place, {KEYS} AS keys, count(*) FROM kept GROUP BY place, keys ORDER BY place, keys
"""
# Millions of tokens are looked at in a tenth of the time that it takes to count them by their keys.
HAS_OTHERS = f"{KEPT} SELECT EXISTS (SELECT 1 FROM kept WHERE {KEYS} IS NOT ?)"


class Rotation(NamedTuple):
    """A rotation as the log has it: its moment, what the keys' fingerprint became, how many keys
    there were then, and the digests of lists before and after.
    """

    at: int
    fingerprint: str
    keys: int
    lists: dict[str, str]


def count(db: sqlite3.Connection) -> int:
    """How many tokens stand in the file as bytes."""
    return typed.number(db, COUNT)


def undrawn(db: sqlite3.Connection) -> int:
    """How many draws have a seed that is sealed and not revealed yet."""
    return typed.number(db, UNDRAWN)


def wrap_all(db: sqlite3.Connection, ring: Ring) -> dict[str, str]:
    """Wrap every token by the keys of the ring, within a transaction that writes. Gives the digests
    of the lists that rounds rest on, before -> after.
    """
    sql_functions.register(
        db,
        wrapped=lambda raw: _wrap(ring, raw),
        wrapped_text=lambda text: resident_tokens.wrap_text(ring, text),
        wrapped_row=lambda row: _wrap_row(ring, row),
    )
    lists = typed.tuples(db, LISTS)
    before = [list_changes.digest(db, *each).sha256 for each in lists]
    with fact_digests.changing_all(db, "claims", "applications", "eligibility", "rejects"):
        for statement in (*WRAP, *WRAP_TEXTS, CREATE_JOINED, PARTED, JOIN, DROP_JOINED):
            db.execute(statement)
    if typed.number(db, IN_MERCHANTS):
        with added_merchants.changing_all(db):
            for statement in WRAP_MERCHANTS:
                db.execute(statement)
            sealed_accounts.seal_anew(db, ring)
    after = [list_changes.digest(db, *each).sha256 for each in lists]
    return dict(zip(before, after, strict=True))


def _wrap(ring: Ring, raw: bytes) -> bytes:
    """A token by all keys; what somebody put in its place stays, for `check` to find."""
    try:
        return resident_tokens.wrap(ring, raw)
    except ValueError:
        return raw


def _wrap_row(ring: Ring, row: str) -> str:
    """A merchant as `merchant_changes` keeps it ('': nothing), free texts wrapped."""
    if resident_tokens.PREFIX not in row:
        return row
    texts = json.loads(row)
    wrapped = {name: resident_tokens.wrap_text(ring, texts[name]) for name in FREE if name in texts}
    return json.dumps(texts | wrapped, ensure_ascii=False, separators=(",", ":"))


def rotations(db: sqlite3.Connection) -> list[Rotation]:
    """The rotations of the file, the oldest first."""
    return [
        Rotation(at, fingerprint, keys, json.loads(lists))
        for at, fingerprint, keys, lists in db.execute(ROTATIONS)
    ]


def list_since(db: sqlite3.Connection, sha256: str, at: int) -> str | None:
    """What the digest of a list, kept at that moment, would be now; None: nobody can tell, since
    the list was another one when the key was rotated.
    """
    for each in rotations(db):
        if sha256 in each.lists:
            sha256 = each.lists[sha256]
        elif each.at > at:
            return None
    return sha256


def keys_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Keys of the file, or tokens, that are not those of the last rotation; without one, tokens
    that went through other keys than most.
    """
    last = next(reversed(rotations(db)), None)
    expected = "01" if last is None else f"{last.keys:02X}"
    has_others = typed.number(db, HAS_OTHERS, (expected,))
    found = typed.tuples(db, KEYS_OF_TOKENS) if has_others else []
    if last is None:
        expected = max(found, key=itemgetter(2), default=("", expected, 0))[1]
    breaches = [
        (place, f"tokens by {expected} keys", f"{number} by {keys}")
        for place, keys, number in found
        if keys != expected
    ]
    known = key_fingerprints.kept(db)
    if last is not None and known is not None and known.hex() != last.fingerprint:
        breaches.append(("identity_key", last.fingerprint[:12], known.hex()[:12]))
    return breaches


CHECKS = {"keys_as_logged": keys_as_logged}
