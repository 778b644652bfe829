"""Measure `round allocate`: 10 M attempts against 2 M packs, in one command; what was granted is
compared with a plain loop.

    python bench/allocation.py [--attempts 1000000] [--folder build/bench]

The attempts are drawn with a seed, in the order of arrival within 105 seconds (Hangzhou's fifth
round), and written into the table of applications: how files come in is another bench. No timing
fails; a wrong list of residents does (exit 5).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import run as rod

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
SECONDS = 105
OPENS = 1_587_384_000  # 2020-04-20 20:00 in Hangzhou
ZONE_TIMES = ("2020-04-20 20:00", "2020-04-20 20:01")
PACKS_OF, RESIDENTS_OF = 5, 0.6  # a pack for every fifth attempt; 6 residents in ten attempts
SEED = 5
ADD = """
INSERT INTO applications (round_id, application_no, resident, applied_at, line) VALUES (1, ?, ?, ?,
    0)
"""


def attempts(count: int) -> Iterator[tuple[str, bytes, int]]:
    """(application_no, resident, applied_at) of every attempt, in the order of arrival: most in the
    first seconds.
    """
    chance = random.Random(SEED)
    residents = int(count * RESIDENTS_OF)
    tokens = chance.randbytes(16 * residents)
    for number in range(count):
        at = OPENS + int(SECONDS * (number / count) ** 1.5)
        place = 16 * int(chance.random() * residents)
        yield f"A{number:08d}", tokens[place : place + 16], at


def expected(count: int) -> tuple[int, str]:
    """(the last application that gets a pack, a digest of who gets one in which order), by a plain
    loop.
    """
    left, seen, digest = count // PACKS_OF, set(), hashlib.sha256()
    for number, (_, resident, _) in enumerate(attempts(count)):
        if resident not in seen:
            seen.add(resident)
            digest.update(resident)
            left -= 1
            if not left:
                return number, digest.hexdigest()
    return count, digest.hexdigest()


def prepare(folder: Path, count: int, packs: int | None = None) -> None:
    """A new database with one open round and its applications."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words = [
        ["init"],
        ["programme", "load", "hangzhou-2020"],
        ["template", "add", "universal-5x10"],
        [
            "round",
            "create",
            "r",
            "--template",
            "universal-5x10",
            "--packs",
            str(packs or count // PACKS_OF),
            "--opens-at",
            ZONE_TIMES[0],
            "--actor",
            "chen",
        ],
        ["round", "submit", "r", "--actor", "chen"],
        ["round", "approve", "r", "--actor", "lin"],
        ["round", "approve", "r", "--actor", "wu"],
        ["round", "open", "r", "--actor", "chen", "--now", ZONE_TIMES[1]],
    ]
    for each in words:
        now = [] if "--now" in each else ["--now", "2020-04-18 09:00"]
        rod.run([*rod.VOUCHER, *each, *now], folder, codes=(0, 3))
    db = sqlite3.connect(folder / "voucher.db")
    with db:
        db.executemany(ADD, attempts(count))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def measured(folder: Path, count: int) -> dict[str, float]:
    """What the one command took; ends the run when it granted to others than the plain loop did."""
    command = [*rod.VOUCHER, "round", "allocate", "r", "--now", "2020-04-20 20:05", "-o", "json"]
    taken, out = rod.run(command, folder)
    told = json.loads(out)["data"]
    last, digest = expected(count)
    db = sqlite3.connect(folder / "voucher.db")
    found = hashlib.sha256()
    for (resident,) in db.execute("SELECT resident FROM claims ORDER BY claim_no"):
        found.update(resident)
    db.close()
    if (told["last_application_no"], found.hexdigest()) != (f"A{last:08d}", digest):
        print(f"granted to others than expected: {told}", file=sys.stderr)
        raise SystemExit(5)
    return taken | {
        "granted": told["granted"],
        "sold_out": told["sold_out"],
        "seconds": told["sell_out_seconds"],
    }


def section(count: int, taken: dict[str, float]) -> str:
    """One section of RESULTS.md."""
    day = datetime.now(UTC).date().isoformat()
    return "\n".join(
        [
            f"## Allocation of {count:,} attempts",
            "",
            (
                f"{day}. {os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite"
                f" {sqlite3.sqlite_version}. One command, `round allocate`; who got a pack, and in"
                " which order, equals a plain loop over the attempts."
            ),
            "",
            (
                "| attempts | packs granted | wall s | CPU s | peak RSS MiB | packs/s | sold out"
                " after, s |"
            ),
            "|--:|--:|--:|--:|--:|--:|--:|",
            (
                f"| {count:,} | {taken['granted']:,} | {taken['wall']:.1f} | {taken['cpu']:.1f} |"
                f" {taken['rss'] / rod.MIB:.0f} | {taken['granted'] / taken['wall']:,.0f} |"
                f" {taken['seconds']} |"
            ),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=HERE.parent / "build" / "bench")
    parser.add_argument("--results", type=Path, default=HERE / "RESULTS.md")
    given = parser.parse_args()
    folder = given.folder.resolve() / f"allocation-{given.attempts}"
    prepare(folder, given.attempts)
    text = section(given.attempts, measured(folder, given.attempts))
    print(text)
    rod.write(given.results, text)


if __name__ == "__main__":
    main()
