"""The schema's history, applied by sqlite-utils: one numbered SQL file a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils import Database, Migrations

from vouchercli.rules import times
from vouchercli.store import (
    audit_lines,
    clear_accounts,
    earlier_facts,
    fact_digests,
    held_platforms,
    schema_files,
    sql_functions,
    used_claims,
)
from vouchercli.store.schema_files import SCHEMA_FILES, SCHEMA_VERSION

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

migrations = Migrations("voucher")
SEALED_SINCE = 1 + SCHEMA_FILES.index("027_accounts.sql")  # the version that seals accounts


# What a step does with what an older file has.
COUNTED = {
    "009_report_rounds.sql": used_claims.count_all,
    "012_days.sql": earlier_facts.post_all,
    "027_accounts.sql": clear_accounts.seal_all,
    "042_bank_numbers.sql": held_platforms.post_all,
    "041_effect_batches.sql": fact_digests.count_effects,
}


def _step(name: str) -> Callable[[Database], None]:
    def apply(db: Database) -> None:
        for statement in schema_files.statements(name):
            db.conn.execute(statement)
        if name in COUNTED:
            COUNTED[name](db.conn)

    return apply


for _name in SCHEMA_FILES:
    migrations(name=_name)(_step(_name))


def migrate(db: sqlite3.Connection) -> None:
    """Bring the schema to `SCHEMA_VERSION`; of a file that was there before, the log has a line."""
    sql_functions.register(db, local_day=times.local_day)
    before = int(db.execute("PRAGMA user_version").fetchone()[0])
    # A table that others refer to may be rebuilt: its rows are the same before and after a step.
    db.execute("PRAGMA foreign_keys = OFF")
    migrations.apply(Database(db))
    db.execute("PRAGMA foreign_keys = ON")
    if 0 < before < SEALED_SINCE:  # also when the upgrade goes on after a kill
        clear_accounts.sweep(db)
    db.execute("BEGIN IMMEDIATE")  # a kill before this ends is an upgrade that goes on
    if before:
        audit_lines.note_upgrade(db, before, SCHEMA_VERSION)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
    db.execute("COMMIT")
