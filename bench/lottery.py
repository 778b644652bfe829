"""Measure a lottery: `draw run` and `draw verify` with 1 M entrants and 200,000 packs; the winners
are compared with a plain sort.

    python bench/lottery.py [--entrants 1000000] [--folder build/bench]

The applications are written into their table: how files come in is another bench. No timing fails;
other winners do (exit 5).
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
# the first registration: 2020-04-13 08:00 in Hangzhou
REGISTERS, OPENS = (
    1_586_736_000,
    "2020-04-20 20:00",
)
PACKS_OF = 5  # a pack for every fifth entrant
DISTRICTS = (
    "上城区",
    "下城区",
    "江干区",
    "拱墅区",
    "西湖区",
    "滨江区",
    "萧山区",
    "余杭区",
    "富阳区",
    "临安区",
)
SEED = 7
ADD = """
INSERT INTO applications (round_id, application_no, resident, applied_at, district, line)
    VALUES (1, ?, ?, ?, ?, 0)
"""


def entries(count: int) -> Iterator[tuple[str, bytes, int, str]]:
    """(application_no, resident, applied_at, district), one a resident."""
    chance = random.Random(SEED)
    for number in range(count):
        yield (
            f"A{number:08d}",
            chance.randbytes(16),
            REGISTERS + number % 600_000,
            DISTRICTS[number % len(DISTRICTS)],
        )


def prepare(folder: Path, count: int) -> None:
    """A new database with one open lottery, its seed committed to, one stratum, and its
    applications.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packs = max(count // PACKS_OF, 1)
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
            str(packs),
            "--opens-at",
            OPENS,
            "--mode",
            "lottery",
            "--registration-opens",
            "2020-04-13",
            "--actor",
            "chen",
        ],
        ["round", "submit", "r", "--actor", "chen"],
        ["round", "approve", "r", "--actor", "lin"],
        ["round", "approve", "r", "--actor", "wu"],
        ["draw", "commit", "r", "--stratum", f"district=余杭区:{max(packs // 10, 1)}"],
        ["round", "open", "r", "--actor", "chen", "--now", OPENS],
    ]
    for each in words:
        now = [] if "--now" in each else ["--now", "2020-04-12 09:00"]
        rod.run([*rod.VOUCHER, *each, *now], folder, codes=(0, 3))
    db = sqlite3.connect(folder / "voucher.db")
    with db:
        db.executemany(ADD, entries(count))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def expected(count: int, certificate: dict[str, object]) -> set[str]:
    """Who must have won, by a plain sort of the tickets."""
    seed, packs = certificate["effective_seed"], max(count // PACKS_OF, 1)
    order = sorted(
        (hashlib.sha256(f"{seed}:{no}".encode()).hexdigest(), no, district)
        for no, _, _, district in entries(count)
    )
    kept = [no for _, no, district in order if district == "余杭区"][: max(packs // 10, 1)]
    won = set(kept)
    won.update([no for _, no, _ in order if no not in won][: packs - len(won)])
    return won


def measured(folder: Path, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """(what the draw took, what the proof took); ends the run when others won than the plain sort
    says.
    """
    drawn, _ = rod.run([*rod.VOUCHER, "draw", "run", "r", "--now", OPENS, "-o", "json"], folder)
    path = folder / "draws" / "hangzhou-2020-r-certificate.json"
    certificate = json.loads(path.read_text("utf-8"))
    won = {no for part in (*certificate["strata"], certificate["rest"]) for no in part["winners"]}
    db = sqlite3.connect(folder / "voucher.db")
    claims = db.execute("SELECT count(*) FROM claims").fetchone()[0]
    db.close()
    if won != expected(count, certificate) or claims != len(won):
        print(f"others won than expected: {len(won)} winners, {claims} claims", file=sys.stderr)
        raise SystemExit(5)
    proof = [
        *rod.VOUCHER,
        "draw",
        "verify",
        str(path),
        "--entrants",
        str(path.with_name("hangzhou-2020-r-entrants.csv")),
    ]
    proven, _ = rod.run(proof, folder)
    return drawn, proven


def section(count: int, taken: tuple[dict[str, float], dict[str, float]]) -> str:
    """One section of RESULTS.md."""
    day = datetime.now(UTC).date().isoformat()
    lines = [
        f"## Lottery of {count:,} entrants",
        "",
        (
            f"{day}. {os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite"
            f" {sqlite3.sqlite_version}. `draw run` publishes the list, draws"
            f" {max(count // PACKS_OF, 1):,} packs with one stratum, grants them and writes the"
            " certificate; `draw verify` proves it from the files. The winners equal a plain sort"
            " of the tickets."
        ),
        "",
        "| command | wall s | CPU s | peak RSS MiB | entrants/s of CPU |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {each['wall']:.1f} | {each['cpu']:.1f} | {each['rss'] / rod.MIB:.0f} |"
        f" {count / each['cpu']:,.0f} |"
        for name, each in zip(("draw run", "draw verify"), taken, strict=True)
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entrants", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=HERE.parent / "build" / "bench")
    parser.add_argument("--results", type=Path, default=HERE / "RESULTS.md")
    given = parser.parse_args()
    folder = given.folder.resolve() / f"lottery-{given.entrants}"
    prepare(folder, given.entrants)
    text = section(given.entrants, measured(folder, given.entrants))
    print(text)
    rod.write(given.results, text)


if __name__ == "__main__":
    main()
