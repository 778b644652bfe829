"""Settling all signed days of a large file: seconds and memory, in turns with the sqlite3 shell that
adds up the same facts by merchant and split.

    python bench/settlement.py DATABASE --up-to 2020-04-30 [--turns 3]     # its key beside it

The days up to that one are sealed and signed, and nothing is settled. Each turn settles a copy, which
goes again. What the settlements come to must be what the facts give for public funders and merchants
that have an account (exit 5).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

VOUCHER = Path(sys.executable).with_name("voucher")
MEASURE = (sys.executable, Path(__file__).with_name("measure.py"))
PEER = "SELECT merchant_id, split_id, count(*) FROM redemptions GROUP BY 1, 2"
OWED = """
SELECT sum(p.amount_fen) FROM redemptions f JOIN merchants m USING (merchant_id)
JOIN split_parts p USING (split_id) JOIN funders n USING (funder_id)
WHERE n.kind = 'public' AND m.account_no <> ''
"""
PLANNED = "SELECT sum(planned_fen) FROM settlements"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--up-to", required=True)
    parser.add_argument("--now", default="2020-06-01 10:00")
    parser.add_argument("--actor", default="mei")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    owed = asked(given.database, OWED)
    with TemporaryDirectory(dir=given.database.parent) as place:
        copy, told = Path(place, "copy.db"), Path(place, "told.json")
        for _ in range(given.turns):
            shutil.copy(given.database, copy)
            shutil.copy(given.database.with_suffix(".key"), copy.with_suffix(".key"))
            words = ("settlement", "run", "--up-to", given.up_to, "--db", copy)
            ours = took(told, VOUCHER, *words, "--actor", given.actor, "--now", given.now)
            peer = took(told, "sqlite3", copy, PEER)
            ratio = ours["cpu"] / peer["cpu"]
            print(f"settlement run: {said(ours)}; sqlite3 shell: {said(peer)}; CPU {ratio:.2f}")
            planned = asked(copy, PLANNED)
            if planned != owed:
                print(f"settled {planned} fen, owed are {owed}", file=sys.stderr)
                return 5
            copy.unlink()
    return 0


def took(told: Path, *command: object) -> dict[str, float]:
    """Wall time, CPU and memory of one whole process."""
    subprocess.run([*map(str, (*MEASURE, told, *command))], check=True, stdout=DEVNULL)
    measured: dict[str, float] = json.loads(told.read_text("utf-8"))
    return measured


def said(measured: dict[str, float]) -> str:
    memory = measured["rss"] / 2**20
    return f"{measured['wall']:.1f} s wall, {measured['cpu']:.1f} s CPU, {memory:.0f} MiB"


def asked(path: Path, statement: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(statement).fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
