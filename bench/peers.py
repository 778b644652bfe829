"""What our import is measured against: programs that load the same CSV and judge nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
    "merchants": (
        *("merchant_no", "name", "district", "industry", "size"),
        *("brand", "designated_size"),
    ),
    "claims": ("claim_no", "round", "resident", "claimed_at"),
    "redemptions": (
        "transaction_no",
        "kind",
        "claim_no",
        "coupon_no",
        "merchant_no",
        "paid_at",
        "order_amount",
        "merchant_discount",
        "subsidy",
        "refund_of",
    ),
}
PLAIN, INDEXED, SLOW, DUCK = (
    ".import, no index",
    ".import, unique index",
    "sqlite-utils insert",
    "DuckDB",
)
SLOW_ROWS = 100_000
LOAD_DUCK = """
import sys, duckdb
source, target, table, into = sys.argv[1:]
db = duckdb.connect(target if into == "duckdb" else ":memory:")
where = table
if into == "sqlite":
    db.execute("LOAD sqlite")
    db.execute(f"ATTACH '{target}' AS s (TYPE sqlite)")
    where = "s." + table
rows = f"read_csv('{source}', header=true, all_varchar=true)"
db.execute(f"CREATE TABLE {where} AS SELECT * FROM {rows}")
db.close()
"""


@dataclass(frozen=True)
class Peer:
    """One program: the command that loads a table, and which part of the file it gets."""

    name: str
    command: tuple[str, ...]
    stdin: str = ""
    codes: tuple[int, ...] = (0,)
    is_slow: bool = False


def sqlite_import(table: str, source: Path, target: Path, *, indexed: bool) -> Peer:
    """The sqlite3 shell. With the index it leaves out rows whose number was there before, and goes
    on.
    """
    columns = ", ".join(f"{name} TEXT" for name in TABLES[table])
    if indexed:  # the constraint makes the index
        columns = columns.replace(" TEXT", " TEXT UNIQUE", 1)
    script = f"CREATE TABLE {table} ({columns});\n.import --csv --skip 1 {source.name} {table}\n"
    # 1: it left rows out
    return Peer(INDEXED if indexed else PLAIN, ("sqlite3", str(target)), script, (0, 1))


@cache
def duck_name() -> str:
    """How DuckDB takes part: into SQLite, into a file of its own, or '' when it is not installed.
    Nothing is fetched.
    """
    if not find_spec("duckdb"):
        return ""
    test = (
        "import duckdb; duckdb.connect(config={'autoinstall_known_extensions':"
        " 'false'}).execute('LOAD sqlite')"
    )
    has_sqlite = (
        subprocess.run([sys.executable, "-c", test], capture_output=True, check=False).returncode
        == 0
    )
    return f"{DUCK} into SQLite" if has_sqlite else f"{DUCK} into its own file"


def peers(table: str, source: Path, folder: Path, duck: str) -> list[Peer]:
    """The peers that are here, each with a database of its own in `folder`."""
    found = []
    if shutil.which("sqlite3"):
        found += [
            sqlite_import(table, source, folder / f"peer-{indexed}.db", indexed=bool(indexed))
            for indexed in (0, 1)
        ]
    if duck:
        into = "sqlite" if duck.endswith("SQLite") else "duckdb"
        found.append(
            Peer(
                duck,
                (
                    sys.executable,
                    "-c",
                    LOAD_DUCK,
                    str(source),
                    str(folder / "peer-duck.db"),
                    table,
                    into,
                ),
            )
        )
    words = (
        sys.executable,
        "-m",
        "sqlite_utils",
        "insert",
        str(folder / "peer-utils.db"),
        table,
        str(source),
        "--csv",
        "--silent",
    )
    found.append(Peer(SLOW, words, is_slow=True))
    return found
