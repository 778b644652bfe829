"""Holding a bill against a large file: seconds and memory, beside DuckDB, which finds the same breaks.

    python bench/reconciliation.py DATABASE [--turns 3] [--program voucher]     # its key beside it

The bill is synthetic: the redemptions of DATABASE as a platform would list them, 1 % left out, 0.1 % a
fen off, 0.1 % at another shop, 0.1 % a day later, 0.1 % doubled, 0.1 % that nobody here knows. The peer
reads the same CSV and, as a second CSV, the rows of DATABASE (written beforehand, not timed). Both must
find the same breaks, by type, to the row and the fen (exit 5).
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MEASURE = (sys.executable, Path(__file__).with_name("measure.py"))
TYPES = ("amount", "date", "duplicate", "merchant", "missing_here", "missing_there")
OURS = """
SELECT f.transaction_no, iif(f.refund_of IS NULL, 'pay', 'refund'), m.merchant_no, f.day,
    s.after_fen - s.before_fen, f.paid_at
FROM redemptions f CROSS JOIN splits s USING (split_id) CROSS JOIN merchants m USING (merchant_id)
ORDER BY f.redemption_id
"""
FOUND = """
SELECT type, count(*), sum(our_fen), sum(their_fen) FROM breaks WHERE source = 'bills' GROUP BY 1
ORDER BY 1
"""
PEER = """
import sys
from pathlib import Path
import duckdb
bill, ours, out = sys.argv[1:]
db = duckdb.connect()
db.execute("SET threads = 2; SET memory_limit = '1400MB'")
db.execute("CREATE VIEW t AS SELECT *, CAST(round(amount * 100) AS BIGINT) * CASE kind WHEN 'refund'"
    " THEN -1 ELSE 1 END AS fen, CAST(strftime(paid_at, '%Y%m%d') AS INTEGER) AS day"
    " FROM read_csv('" + bill + "', types={'transaction_no': 'VARCHAR', 'merchant_no': 'VARCHAR',"
    " 'refund_of': 'VARCHAR', 'status': 'VARCHAR', 'amount': 'DECIMAL(18,2)', 'paid_at': 'TIMESTAMP'})")
db.execute("CREATE VIEW o AS SELECT * FROM read_csv('" + ours + "', types={'transaction_no': 'VARCHAR',"
    " 'merchant_no': 'VARCHAR', 'fen': 'BIGINT', 'day': 'INTEGER'})")
rows = db.execute('''
WITH g AS (SELECT transaction_no, kind, any_value(merchant_no) AS merchant_no, any_value(fen) AS fen,
        any_value(day) AS day, count(*) AS n FROM t GROUP BY 1, 2),
j AS (SELECT g.n, g.fen AS tf, o.fen AS f, CASE WHEN o.transaction_no IS NULL THEN 'missing_here'
        WHEN g.transaction_no IS NULL THEN 'missing_there' WHEN g.fen <> o.fen THEN 'amount'
        WHEN g.merchant_no <> o.merchant_no THEN 'merchant' WHEN g.day <> o.day THEN 'date' END AS type
    FROM g FULL JOIN o ON g.transaction_no = o.transaction_no AND g.kind = o.kind)
SELECT type, count(*), coalesce(sum(f), 0), coalesce(sum(tf), 0) FROM j WHERE type IS NOT NULL GROUP BY 1
UNION ALL SELECT 'duplicate', coalesce(sum(n - 1), 0), 0, coalesce(sum(tf * (n - 1)), 0) FROM j WHERE n > 1
ORDER BY 1
''').fetchall()
Path(out).write_text(repr([(a, int(b), int(c), int(d)) for a, b, c, d in rows]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--now", default="2020-08-01 10:00")
    parser.add_argument("--actor", default="mei")
    parser.add_argument("--program", default=Path(sys.executable).with_name("voucher"))
    given = parser.parse_args()
    with TemporaryDirectory(dir=given.database.resolve().parent) as place:
        bill, ours, found = (Path(place, name) for name in ("bill.csv", "ours.csv", "found.txt"))
        first, last, many = write(given.database, bill, ours)
        copy, told = Path(place, "copy.db"), Path(place, "told.json")
        days = ("--since", first, "--until", last)
        for _ in range(given.turns):
            shutil.copy(given.database, copy)
            shutil.copy(given.database.with_suffix(".key"), copy.with_suffix(".key"))
            words = ("reconcile", "run", bill, *days, "--db", copy, "--actor", given.actor)
            mine = took(told, given.program, *words, "--now", given.now)
            peer = took(told, sys.executable, "-c", PEER, bill, ours, found)
            ratio = mine["cpu"] / peer["cpu"]
            print(
                f"{many:,} rows: reconcile run {said(mine)}; DuckDB {said(peer)}; CPU {ratio:.2f}"
            )
            with closing(sqlite3.connect(copy)) as db:
                breaks = [*map(tuple, db.execute(FOUND))]
            if repr(breaks) != found.read_text("utf-8"):
                print(f"ours {breaks}\npeer {found.read_text('utf-8')}", file=sys.stderr)
                return 5
            copy.unlink()
    return 0


def write(database: Path, bill: Path, ours: Path) -> tuple[str, str, int]:
    """The synthetic bill and our rows as CSV; the days that they cover, and how many rows."""
    days: set[int] = set()
    rows = 0
    with (
        closing(sqlite3.connect(database)) as db,
        bill.open("w", encoding="utf-8", newline="") as there,
        ours.open("w", encoding="utf-8", newline="") as here,
    ):
        theirs, mine = csv.writer(there), csv.writer(here)
        theirs.writerow(
            ["transaction_no", "kind", "merchant_no", "paid_at", "amount", "refund_of", "status"]
        )
        mine.writerow(["transaction_no", "kind", "merchant_no", "day", "fen"])
        for row in db.execute(OURS):
            days.add(row[3])
            mine.writerow(row[:5])
            for line in listed(row):
                rows += 1
                theirs.writerow(line)
    texts = [
        f"{day // 10000}-{day // 100 % 100:02d}-{day % 100:02d}" for day in (min(days), max(days))
    ]
    return texts[0], texts[1], rows


CHANCE = random.Random(7)


def listed(row: tuple[str, str, str, int, int, int]) -> Iterator[tuple[str, ...]]:
    """How the platform lists one of our rows: not at all, once, or twice. Refunds are listed right."""
    number, kind, merchant, _, fen, at = row
    drawn = 0.5 if kind == "refund" else CHANCE.random()
    if drawn < 0.01:
        return
    if 0.01 <= drawn < 0.011:
        fen += 1
    if 0.011 <= drawn < 0.012:
        merchant = "NOBODY"
    when = datetime.fromtimestamp(at, UTC) + timedelta(hours=8)
    if 0.012 <= drawn < 0.013 and when.hour < 20:
        when += timedelta(days=1) if when.day < 28 else timedelta(0)
    line = (number, kind, merchant, f"{when:%Y-%m-%d %H:%M:%S}", f"{abs(fen) / 100:.2f}", "", "")
    yield line
    if 0.013 <= drawn < 0.014:
        yield line
    if 0.014 <= drawn < 0.015:
        yield (f"X{number}", *line[1:])


def took(told: Path, *command: object) -> dict[str, float]:
    """Wall time, CPU and memory of one whole process."""
    words = [*map(str, (*MEASURE, told, *command))]
    subprocess.run(words, check=True, stdout=DEVNULL)
    measured: dict[str, float] = json.loads(told.read_text("utf-8"))
    return measured


def said(measured: dict[str, float]) -> str:
    memory = measured["rss"] / 2**20
    return f"{measured['wall']:.1f} s wall, {measured['cpu']:.1f} s CPU, {memory:.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
