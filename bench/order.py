"""The same redemptions in another order come to the same facts and totals, once all are in and
rejects are retried.

    python bench/order.py FOLDER        # FOLDER/before.db: a city with its claims, without
    redemptions; FOLDER/redemptions.csv

One database takes the file as it is. Another takes its rows shuffled, cut into files of which each
repeats a tenth of the one before, one by one, and then retries their rejects until nothing moves.
Exit 5 when what stands differs.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

from compare import VOUCHER, asker

FACTS = """
SELECT f.transaction_no, f.kind, c.claim_no, f.coupon_no, m.merchant_no, f.channel, f.paid_at,
    f.base_fen, f.merchant_discount_fen,
    f.subsidy_fen, f.vouchers, p.transaction_no
FROM redemption_facts f JOIN claims c USING (claim_id) JOIN merchants m
    ON m.merchant_id = f.merchant_id
LEFT JOIN redemptions p ON p.redemption_id = f.refund_of ORDER BY 1, 2, 3, 4
"""
TOTALS = {  # none of their keys depends on the order in which rows were given their numbers
    "group_totals": "SELECT * FROM group_totals ORDER BY grouping, round_id, day, key",
    "merchant_totals": "SELECT * FROM merchant_totals ORDER BY merchant_id, round_id, month,"
    " segment_id",
    "funder_totals": "SELECT * FROM funder_totals ORDER BY round_id, day, funder_id",
}
ACCEPTED = "SELECT sum(accepted) FROM batches WHERE kind = 'redemptions'"
LATER = ("--now", "2020-05-01 09:00", "--actor", "mei")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    told = parser.parse_args()
    folder: Path = told.folder
    plain, mixed = prepared(folder, "plain"), prepared(folder, "mixed")
    began = time.perf_counter()
    run(plain, "redemption", "import", str(folder / "redemptions.csv"))
    print(
        f"as it is: {accepted(plain):,} accepted, {time.perf_counter() - began:.0f} s", flush=True
    )
    for file in shuffled(folder, told.files, random.Random(told.seed)):
        began = time.perf_counter()
        run(mixed, "redemption", "import", str(file))
        print(
            f"{file.name}: {accepted(mixed):,} accepted so far,"
            f" {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    turns = retried(mixed)
    differing = [what for what, digest in digests(plain).items() if digests(mixed)[what] != digest]
    verdict = f"differing: {', '.join(differing)}" if differing else "all the same"
    print(f"{accepted(mixed):,} accepted after {turns} turns of retries; {verdict}")
    return 5 if differing else 0


def prepared(folder: Path, name: str) -> Path:
    """A copy of the city without redemptions."""
    database = folder / f"order-{name}.db"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    shutil.copy(folder / "before.db", database)
    shutil.copy(folder / "before.key", database.with_suffix(".key"))
    return database


def run(database: Path, *words: str) -> None:
    """A command that may leave rejects."""
    done = subprocess.run(
        [*VOUCHER, *words, "--db", str(database), *LATER],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 4):
        raise SystemExit(f"voucher {' '.join(words)}: exit {done.returncode}\n{done.stderr}")


def shuffled(folder: Path, files: int, chance: random.Random) -> list[Path]:
    """The rows in no order, in files that overlap."""
    header, *rows = (folder / "redemptions.csv").read_text("utf-8").splitlines(keepends=True)
    chance.shuffle(rows)
    length = len(rows) // files + 1
    found = []
    for number in range(files):
        path = folder / f"order-{number}.csv"
        path.write_text(
            "".join(
                [header, *rows[max(0, number * length - length // 10) : (number + 1) * length]]
            ),
            "utf-8",
        )
        found.append(path)
    return found


def retried(database: Path) -> int:
    """Retry every batch until a whole turn accepts nothing more; returns how many turns that
    took.
    """
    ask, turns, before = asker(database), 0, -1
    while accepted(database) != before:
        before, turns = accepted(database), turns + 1
        for batch in ask("batch", "list", "--kind", "redemptions")["batches"]:
            if batch["rejected"]:
                run(database, "batch", "retry", str(batch["batch"]))
    return turns


def accepted(database: Path) -> int:
    """Rows accepted by all batches."""
    with sqlite3.connect(database) as db:
        return int(db.execute(ACCEPTED).fetchone()[0])


def digests(database: Path) -> dict[str, str]:
    """A digest of the facts and of each table of totals."""
    with sqlite3.connect(database) as db:
        return {
            what: sha256("\n".join(map(str, db.execute(statement))).encode()).hexdigest()
            for what, statement in {"facts": FACTS, **TOTALS}.items()
        }


if __name__ == "__main__":
    sys.exit(main())
