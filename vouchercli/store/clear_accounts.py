"""Account numbers in clear, as files of earlier versions have them: an upgrade seals them, and
takes what was in clear out of the file's bytes.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.rules import accounts as law
from vouchercli.store import (
    added_merchants,
    fact_digests,
    identities,
    key_fingerprints,
    sealed_accounts,
    typed,
)

if TYPE_CHECKING:
    from vouchercli.store.sealed_accounts import Safe

FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"
HAS_ONE = """
SELECT EXISTS (SELECT 1 FROM merchants WHERE account_no <> '')
    OR EXISTS (SELECT 1 FROM merchant_changes
        WHERE ifnull(iif(before = '', '{}', before) ->> 'account_no', '') <> ''
            OR ifnull(iif(after = '', '{}', after) ->> 'account_no', '') <> '')
"""
MERCHANTS = "SELECT merchant_id, merchant_no, account_no FROM merchants WHERE account_no <> ''"
WRITE = "UPDATE merchants SET account_no = ? WHERE merchant_id = ?"
CHANGES = """
SELECT batch_id, merchant_id, before, after FROM merchant_changes
WHERE instr(before || after, '"account_no":')
"""
BATCHES = """
SELECT batch_id, profile_json, header FROM batches WHERE kind = 'merchants' AND (
    EXISTS (SELECT 1 FROM rejects AS r WHERE r.batch_id = batches.batch_id)
    OR EXISTS (SELECT 1 FROM warnings AS w WHERE w.batch_id = batches.batch_id))
"""
REJECTS = "SELECT line, cells, detail FROM rejects WHERE batch_id = ?"
MASK_REJECT = "UPDATE rejects SET cells = ?3, detail = ?4 WHERE (batch_id, line) = (?1, ?2)"
WARNINGS = "SELECT line, reason, detail FROM warnings WHERE batch_id = ?"
MASK_WARNING = "UPDATE warnings SET detail = ?4 WHERE (batch_id, line, reason) = (?1, ?2, ?3)"
HAD_SOME = """
SELECT EXISTS (SELECT 1 FROM merchant_accounts)
    OR EXISTS (SELECT 1 FROM merchant_changes WHERE instr(before || after, '"account_no":"*'))
    OR EXISTS (SELECT 1 FROM batches AS b JOIN rejects AS r USING (batch_id)
        WHERE b.kind = 'merchants')
"""


def seal_all(db: sqlite3.Connection) -> None:
    """Seal every account, and mask those in rows that were rejected, within the transaction of the
    step. Raises `VoucherError`: accounts_need_key, no_cryptography.
    """
    if typed.number(db, HAS_ONE):
        with added_merchants.changing_all(db):
            _seal(db, _safe(db))
    if batches := typed.tuples(db, BATCHES):
        with fact_digests.changing_all(db, "rejects"):
            for batch in batches:
                _mask(db, *batch)


def sweep(db: sqlite3.Connection) -> None:
    """Write the file anew after an upgrade that sealed accounts, so that nothing of what was in
    clear is left in its pages, nor in its log. It may be done again. Raises
    `sqlite3.OperationalError` while another program reads the log.
    """
    if typed.number(db, HAD_SOME):
        db.execute("VACUUM")
        if typed.number(db, "PRAGMA wal_checkpoint(TRUNCATE)"):
            raise sqlite3.OperationalError("database is locked")


def _safe(db: sqlite3.Connection) -> Safe:
    """By the key beside the file, which is made where there is none and nobody needs another."""
    path = Path(next(iter(typed.column(db, FILE)), "") or "voucher.db")
    key_path = identities.key_path(path)
    try:
        if not key_path.exists() and not key_fingerprints.has_tokens(db):
            identities.make_key(db, path)
        return sealed_accounts.Safe(identities.load_ring(path, db))
    except VoucherError as error:
        if error.code == "no_cryptography":
            raise
        raise VoucherError(
            "accounts_need_key",
            "{path} has account numbers in clear, which this version seals by its key, and the key"
            " file {key_file} is missing or is not its own",
            hint="put back the key file that was backed up with this database, then run the same"
            " command again; nothing was changed",
            path=str(path),
            key_file=str(key_path),
        ) from error


def _seal(db: sqlite3.Connection, safe: Safe) -> None:
    merchants = typed.tuples(db, MERCHANTS)
    db.executemany(WRITE, [(safe.write(no, account), each) for each, no, account in merchants])
    sealed_accounts.put_apart(db)
    for batch_id, merchant_id, before, after in typed.tuples(db, CHANGES):
        texts = [text and sealed_accounts.change_row(text, safe.write) for text in (before, after)]
        db.execute(sealed_accounts.CHANGE, (batch_id, merchant_id, *texts))


def _mask(db: sqlite3.Connection, batch_id: int, profile: str, header_json: str) -> None:
    """What was kept of a registry's rows that were rejected or are odd."""
    header = json.loads(header_json)
    field = json.loads(profile).get("fields", {}).get("account_no")
    places = law.columns_of(field, header)
    names = {"account_no", *(header[at] for at in places)}
    rejects = typed.tuples(db, REJECTS, (batch_id,))
    db.executemany(
        MASK_REJECT,
        [
            (batch_id, line, _masked_cells(cells, places, header), _masked_detail(detail, names))
            for line, cells, detail in rejects
        ],
    )
    warnings = typed.tuples(db, WARNINGS, (batch_id,))
    db.executemany(
        MASK_WARNING,
        [(batch_id, line, why, _masked_detail(detail, names)) for line, why, detail in warnings],
    )


def _masked_cells(text: str, places: set[int], header: list[str]) -> str:
    cells = json.loads(text)
    if not isinstance(cells, list):
        return text
    return _as_json(law.masked_cells(cells, places, len(header)))


def _masked_detail(text: str, names: set[str]) -> str:
    detail = json.loads(text)
    masked = law.masked_detail(detail, names)
    return text if masked == detail else _as_json(masked)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
